"""Where elements are: integers, which have no derivative, as plain arrays to index with.

Read next: `choosing.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import implements, operand
from .indexing import plain_index

Array = Any


def _data(a: Any, call: str) -> Array:
    return plain_index(operand(a, call), copy=False)


@implements(np.nonzero)
def nonzero(a: Array) -> tuple[Array, ...]:
    """Return the indices of the elements that are not 0 (or are true): an array for each axis.

    >>> import minigrad as mg
    >>> mg.nonzero(mg.tensor([0.0, 3.0, 5.0]))
    (array([1, 2]),)
    """
    return np.nonzero(_data(a, "nonzero"))


@implements(np.flatnonzero)
def flatnonzero(a: Array) -> Array:
    """Return the indices, in the flattened array, of the elements that are not 0."""
    return np.nonzero(_data(a, "flatnonzero").ravel())[0]


@implements(np.argwhere)
def argwhere(a: Array) -> Array:
    """Return the indices of the elements that are not 0, a row for each."""
    data = _data(a, "argwhere")
    return np.stack(np.nonzero(data), axis=1) if data.ndim else np.zeros((int(data != 0), 0), int)


@implements(np.ix_)
def ix_(*args: Array) -> tuple[Array, ...]:
    """Return index arrays that take every index of the first with every one of the second, and so on: t[ix_(i, j)]."""
    return np.ix_(*[_data(a, "ix_") for a in args])


@implements(np.unravel_index)
def unravel_index(indices: Array, shape: Any) -> tuple[Array, ...]:
    """Return, for each axis of a shape, the indices that positions in the flattened array have there.

    >>> import minigrad as mg
    >>> t = mg.tensor([[1.0, 7.0], [3.0, 5.0]])
    >>> t[mg.unravel_index(t.argmax(), t.shape)]
    tensor(7.)
    """
    return np.unravel_index(_data(indices, "unravel_index"), shape)


@implements(np.ravel_multi_index)
def ravel_multi_index(multi_index: Any, dims: Any, mode: Any = "raise") -> Array:
    """Return positions in the flattened array, from an index array for each axis: `unravel_index` undone."""
    return np.ravel_multi_index(tuple([_data(i, "ravel_multi_index") for i in multi_index]), dims, mode)
