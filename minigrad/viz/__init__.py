"""Pictures, drawn with matplotlib.

Read `style`, then `pictures` of a training run, `paths` of descent and `regions` of a classifier.
"""

from .pictures import learning_curves, misread_digits
from .regions import decision_regions
from .style import FORMATS

__all__ = ["FORMATS", "decision_regions", "learning_curves", "misread_digits"]
