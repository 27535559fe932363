"""Indexing, basic and advanced, and its adjoint: adding into zeros at an index.

Each is the other's derivative, so either can be differentiated as often as one likes. Read next:
`reduce.py`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..engine import Tensor, implements, operand, primitive
from ..errors import ShapeError

Array = Any


@primitive(needs="an index must fit the shape")
def take_at(a: Array, *, index: Any) -> Array:
    """Return `a[index]`: slices, integers, None, Ellipsis, integer and boolean arrays, as in NumPy.

    Index arrays are kept for backward as they are, not copied: do not change them before it.
    """
    return a[index]


@primitive
def add_at(values: Array, *, index: Any, shape: tuple[int, ...]) -> Array:
    """Return zeros of `shape` with `values` added at `index`; what an index names twice is added twice."""
    zeros = np.zeros_like(values, shape=shape)
    if _is_basic(index):
        zeros[index] = values
        return zeros
    # The position of each selected element in the flattened array; bincount adds up, in float64,
    # the values that share one.
    size = math.prod(shape)
    positions = np.arange(size, like=values).reshape(shape)[index]
    sums = np.bincount(positions.ravel(), weights=values.ravel(), minlength=size)
    return sums.astype(values.dtype).reshape(shape)


take_at.defvjp(a=lambda g, a_shape, index: add_at(g, index=index, shape=a_shape))
add_at.defvjp(values=lambda g, index: take_at(g, index=index))


def _is_basic(index: Any) -> bool:
    """Tell whether an index names every element at most once, by its form: integers and slices only."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(
        i is None or i is Ellipsis or (isinstance(i, slice | int | np.integer) and not isinstance(i, bool))
        for i in parts
    )


def _plain(index: Any) -> Any:
    """Return an index with its Tensors replaced by their arrays, and lists by arrays."""
    if isinstance(index, tuple):
        return tuple([_plain(i) for i in index])
    if isinstance(index, Tensor):
        return index.data
    if isinstance(index, list):
        return np.asarray(index, dtype=None if index else np.intp)
    return index


def getitem(a: Tensor, index: Any) -> Array:
    """Return `a[index]`, differentiable in `a`."""
    return take_at(a, index=_plain(index))


@implements(np.diagonal)
def diagonal(a: Array, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Array:
    """Return the elements a[…, i, i + offset …] of two axes, as a new last axis."""
    a = operand(a, "diagonal")
    ndim = len(a.shape)
    if ndim < 2:
        raise ShapeError(f"diagonal: needs at least two axes, got shape {list(a.shape)}")
    axis1, axis2 = axis1 % ndim, axis2 % ndim
    if axis1 == axis2:
        raise ShapeError(f"diagonal: axis1 and axis2 must differ, both are {axis1}")
    first, second = max(0, -offset), max(0, offset)
    length = max(0, min(a.shape[axis1] - first, a.shape[axis2] - second))
    moved = np.moveaxis(a, (axis1, axis2), (-2, -1))
    steps = np.arange(length)
    return moved[..., first + steps, second + steps]
