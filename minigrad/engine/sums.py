"""Sums whose rounding error does not grow with their length.

NumPy adds the neighbours in memory pairwise, but the rows of a matrix one after the other: of 10⁷ rows in
float32 the last ones hardly count. The backward pass adds rows wherever it undoes broadcasting, and the
operations wherever they reduce. Read next: `chain.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .tensor import Tensor

LONG = 128  # so many rows can be added as they come: a few units in the last place
SHORT, PARTS = 32, 8  # more are laid over each other in so many parts, again and again until they are few


def add_up(a: Any, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Any:
    """Return the sum along the axes of an array, with the error of a pairwise sum; or of a Tensor, recorded.

    >>> tenths = np.full((1_000_000, 2), 0.1, np.float32)
    >>> tenths.sum(axis=0).round().tolist(), add_up(tenths, axis=0).round().tolist()
    ([100958.0, 100958.0], [100000.0, 100000.0])
    """
    if isinstance(a, Tensor):
        return a.sum(axis=axis, keepdims=keepdims)
    if a.dtype.char == "e":  # float16 holds 11 bits: far too few to add in
        return a.sum(axis=axis, keepdims=keepdims, dtype=np.float32).astype(np.float16)
    if a.size > 8 * LONG and a.ndim > 1 and max(a.shape) > LONG:
        for i in _axes_to_fold(a, axis):
            while a.shape[i] > SHORT:
                a = _folded(a, i % a.ndim)
    return a.sum(axis=axis, keepdims=keepdims)


def _axes_to_fold(a: Any, axis: int | tuple[int, ...] | None) -> list[int]:
    """Return the long axes along which elements are no neighbours in memory."""
    if axis is None:
        ends = a.shape[0] * a.strides[0], a.shape[-1] * a.strides[-1]
        whole = a.size * a.itemsize in ends and min(a.strides) > 0  # one block of memory, which NumPy adds as a vector
        axis = () if whole else tuple(range(a.ndim))
    axes = axis if isinstance(axis, tuple) else (axis,)
    return [i for i in axes if -a.ndim <= i < a.ndim and a.shape[i] > LONG and a.strides[i] != a.itemsize]


def _folded(a: Any, axis: int) -> Any:
    """Return an array whose elements along an axis are sums of PARTS of them each."""
    before = (slice(None),) * axis
    length = a.shape[axis] // PARTS
    parts = a[(*before, slice(PARTS * length))].reshape((*a.shape[:axis], PARTS, length, *a.shape[axis + 1 :]))
    folded = parts.sum(axis=axis)
    if PARTS * length < a.shape[axis]:
        folded[(*before, 0)] += a[(*before, slice(PARTS * length, None))].sum(axis=axis)
    return folded
