"""The rows of the table: one file for each section of the notes, as in `by_hand` and `by_autodiff`.

To add a row, write its formulas in `by_hand`, its forward computation in `by_autodiff`, and append a `Derivation`
here; `check` does the rest. Read next: `derivations.py`, which puts the rows together.
"""

from . import errors, layers, optimizers, preparing, weights

__all__ = ["errors", "layers", "optimizers", "preparing", "weights"]
