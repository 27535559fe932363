"""Training: the loop, and what `minigrad train` builds on it.

Read `trainer`, `progress`, `threads`, `digits`, `tabular`, in this order.
"""

from .digits import train_digits
from .progress import progress_bar
from .tabular import TabularModel, mlp
from .trainer import History, accuracy, classes, fit, predict, share_correct

__all__ = [
    "History",
    "TabularModel",
    "accuracy",
    "classes",
    "fit",
    "mlp",
    "predict",
    "progress_bar",
    "share_correct",
    "train_digits",
]
