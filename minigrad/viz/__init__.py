"""Pictures, drawn with matplotlib.

Read `style`, then `pictures`.
"""

from .pictures import learning_curves, misread_digits
from .style import FORMATS

__all__ = ["FORMATS", "learning_curves", "misread_digits"]
