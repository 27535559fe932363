"""The derivations of the notes, typed in as the notes write them: plain NumPy, no autodiff, no minigrad.

Every function takes n points at once and returns one array for every formula it stands for. One file for
each section of the notes: `errors` (A), `preparing` (B), `weights` (C), `optimizers` (D), `layers` (E).
Read next: `by_autodiff/`, which computes the same by the library.
"""

from . import errors, layers, optimizers, preparing, weights

__all__ = ["errors", "layers", "optimizers", "preparing", "weights"]
