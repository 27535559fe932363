"""Pictures, drawn with matplotlib.

Read `style`, then `pictures`.
"""

from .pictures import learning_curves, misread_digits

__all__ = ["learning_curves", "misread_digits"]
