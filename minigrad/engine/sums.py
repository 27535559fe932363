"""Sums whose rounding error does not grow with their length.

NumPy adds the neighbours in memory pairwise, but the rows of a matrix one after the other: of 10⁷ rows in
float32 the last ones hardly count. The backward pass adds rows wherever it undoes broadcasting, and the
operations wherever they reduce. Read next: `backward.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

LONG, PARTS = 128, 32  # an axis longer than LONG is first added up as so many PARTS beside each other


def add_up(a: Any, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Any:
    """Return `a.sum(axis, keepdims=keepdims)` of an array, with the error of a pairwise sum along any axis.

    >>> tenths = np.full((1_000_000, 2), 0.1, np.float32)
    >>> tenths.sum(axis=0).tolist(), add_up(tenths, axis=0).tolist()
    ([100958.34375, 100958.34375], [100000.0, 100000.0])
    """
    if a.dtype.char == "e":  # float16 holds 11 bits: far too few to add in
        return a.sum(axis=axis, keepdims=keepdims, dtype=np.float32).astype(np.float16)
    if a.size > 8 * LONG and a.ndim > 1 and max(a.shape) > LONG:
        axes = range(a.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
        for i in axes:
            while -a.ndim <= i < a.ndim and a.shape[i] > LONG and a.strides[i] != a.itemsize:
                a = _folded(a, i % a.ndim)
    return a.sum(axis=axis, keepdims=keepdims)


def _folded(a: Any, axis: int) -> Any:
    """Return an axis as many times shorter as there are PARTS, which are laid over each other and added."""
    before = (slice(None),) * axis
    length = a.shape[axis] // PARTS
    parts = a[(*before, slice(PARTS * length))].reshape((*a.shape[:axis], PARTS, length, *a.shape[axis + 1 :]))
    folded = parts.sum(axis=axis)
    rest = a[(*before, slice(PARTS * length, None))]
    if rest.size:
        folded[(*before, 0)] += rest.sum(axis=axis)
    return folded
