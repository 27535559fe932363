"""The formulas of `by_hand` with every derivative left to autodiff, or the whole to the library.

Only forward computations are written here. Arguments and results are NumPy arrays, as there, and so are the
files. Read next: `compare.py`.
"""

from . import errors, layers, optimizers, preparing, weights

__all__ = ["errors", "layers", "optimizers", "preparing", "weights"]
