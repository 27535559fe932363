"""Reductions: sums and means along axes, and what truths say as a whole.

Their rules spread the cotangent of a result over the elements it was made from. `where=` is a mask of the elements
that count, `initial=` a number that counts beside them. Read next: `extremes.py`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..engine import Tensor, add_up, primitive
from ..errors import ShapeError, as_integer, describe
from .elementwise import floating
from .shape import axis_of

Array = Any
Axes = int | tuple[int, ...] | None
Shape = tuple[int, ...]


# Axes, masks and counts


def axes_of(axis: Axes, ndim: int) -> tuple[int, ...]:
    """Return the reduced axes as a tuple of non-negative numbers."""
    if axis is None or ndim == 0:
        return tuple(range(ndim))
    axes = axis if isinstance(axis, Sequence) else (axis,)
    return tuple([as_integer("a reduction", "axis", a) % ndim for a in axes])


def axes_within(a: Array, axis: Axes, call: str) -> tuple[int, ...]:
    """Return the axes as `axes_of` does, or raise in the name of `call` for one that is not there, or there twice."""
    if axis is None:
        return tuple(range(len(a.shape)))
    axes = [axis_of(len(a.shape), i, call, a) for i in (axis if isinstance(axis, Sequence) else (axis,))]
    if len(set(axes)) < len(axes):
        raise ShapeError(f"{call} of {describe(a)}: axis={axis} names an axis twice")
    return tuple(axes)


def keep(x: Array, shape: Shape, axis: Axes) -> Array:
    """Return an array that was reduced from `shape` with its reduced axes back, of length 1."""
    axes = axes_of(axis, len(shape))
    return x.reshape(tuple([1 if i in axes else n for i, n in enumerate(shape)]))


def plain(x: Array) -> Array:
    """Return the array that a Tensor holds, or an array as it is: for what has no derivative."""
    return x._data if isinstance(x, Tensor) else x


def mask_of(where: Any, shape: Shape) -> Array:
    """Return as an array what was given as `where=` for an array of that shape; None for the default, True."""
    if where is None or where is True:
        return None
    mask = plain(where) if hasattr(where, "dtype") else np.asarray(where)
    if mask.dtype.kind != "b":
        raise TypeError(f"where= must be a mask of booleans, such as x > 0; got {describe(mask)}")
    if np.broadcast_shapes(mask.shape, shape) != tuple(shape):
        raise ShapeError(f"where= must be a mask that broadcasts to shape {list(shape)}; got {describe(mask)}")
    return mask


def only(x: Array, where: Any, otherwise: float = 0) -> Array:
    """Return x where the mask holds and a number elsewhere; x if there is no mask."""
    mask = None if where is None else mask_of(where, x.shape)
    return x if mask is None else np.where(mask, x, otherwise)


def count(shape: Shape, axis: Axes, where: Any = None, keepdims: bool = True) -> Any:
    """Return how many elements a reduction makes one of: a number, or with a mask an array of them."""
    mask = None if where is None else mask_of(where, shape)
    if mask is not None:
        return np.broadcast_to(mask, shape).sum(axis=axis, keepdims=keepdims)
    return math.prod(shape if axis is None else [shape[i] for i in axes_of(axis, len(shape))])


def at_least_one(n: Any) -> Any:
    """Return a count, with 1 in place of 0: then there is nothing that a quotient by it could reach."""
    return max(n, 1) if isinstance(n, int) else np.maximum(n, 1)


def over(g: Array, n: Any) -> Array:
    """Return g / n in the dtype of g, for a count n: a number, too large for float16 perhaps, or an array of them."""
    if (n.__class__ is int or n.__class__ is float) and g.dtype.char != "e":
        return g / n
    return (g / (n if hasattr(n, "shape") else np.float64(n))).astype(g.dtype)


def widened(x: Array) -> Array:
    """Return float16 as float32, whose sums and squares do not overflow, and integers as float64."""
    x = floating(x)
    return x.astype(np.float32) if x.dtype.char == "e" else x


def number(value: Any, call: str) -> Any:
    """Return what was given as `initial=` as a Python number, which changes no dtype."""
    if not isinstance(value, int | float | np.generic):
        raise TypeError(f"{call}: initial must be a number, got {describe(value)}; combine a Tensor with the result")
    return value.item() if isinstance(value, np.generic) else value


# Sums and means


@primitive(numpy=np.sum)
def sum(a: Array, *, axis: Axes = None, keepdims: bool = False, initial: Any = None, where: Any = None) -> Array:
    """Return the sum of elements along the axes, all by default; `initial` is added to it.

    Along any axis the rounding error is that of a pairwise sum; float16 is added in float32.
    """
    total = add_up(a if where is None else only(a, where), axis, keepdims)
    return total if initial is None else total + number(initial, "sum")


def _spread(g: Array, shape: Shape, axis: Axes, where: Any) -> Array:
    """Give every element that was summed the cotangent of its sum."""
    return only(np.broadcast_to(keep(g, shape, axis), shape), where)


sum.defvjp(a=lambda g, a_shape, axis, where: _spread(g, a_shape, axis, where))


@primitive(numpy=np.mean)
def mean(a: Array, *, axis: Axes = None, keepdims: bool = False, where: Any = None) -> Array:
    """Return the arithmetic mean of elements along the axes, all by default; they are added as in `sum`."""
    if a.dtype.char == "e":  # the sum may be beyond float16 where the mean is not
        return mean(a.astype(np.float32), axis, keepdims=keepdims, where=where).astype(np.float16)
    if where is None:
        return add_up(a, axis, keepdims) / count(a.shape, axis)
    total, n = add_up(only(a, where), axis, keepdims), count(a.shape, axis, where, keepdims)
    return over(total, n) if a.dtype.kind == "f" else total / n


def _mean_back(g: Array, a_shape: Shape, axis: Axes, where: Any) -> Array:
    return _spread(over(keep(g, a_shape, axis), at_least_one(count(a_shape, axis, where))), a_shape, axis, where)


mean.defvjp(a=_mean_back)


def mean_and_deviations(a: Array, axis: Axes, where: Any = None) -> tuple[Array, Array]:
    """Return mean(a), axes kept, and a − mean(a) of a plain array of float32 or more; 0 where a mask is false."""
    n = count(a.shape, axis, where)
    mean = over(add_up(only(a, where), axis, True), n)
    d = only(a - mean, where)
    d -= over(add_up(d, axis, True), n)  # the mean was rounded: what that left in the deviations is their own mean
    return mean, only(d, where)


def deviations(a: Array, axis: Axes, where: Any = None) -> Array:
    """Return a − mean(a) of a plain array of float32 or more; 0 where a mask is false."""
    return mean_and_deviations(a, axis, where)[1]


@primitive
def centred(a: Array, *, axis: Axes = None, where: Any = None) -> Array:
    """Return a − mean(a) along the axes, with all its digits however large the mean; 0 where a mask is false."""
    d = deviations(widened(a), axis, where)
    return d.astype(np.float16) if a.dtype.char == "e" else d


# a ↦ a − mean(a) is a projection, and its own adjoint.
centred.defvjp(a=lambda g, axis, where: centred(g, axis=axis, where=where))


# Truths: not differentiable, on purpose


@primitive(numpy=np.all)
def all(a: Array, *, axis: Axes = None, keepdims: bool = False, where: Any = None) -> Array:
    """Return whether all elements along the axes are true (not 0); not differentiable."""
    return np.all(only(a, where, True), axis=axis, keepdims=keepdims)


@primitive(numpy=np.any)
def any(a: Array, *, axis: Axes = None, keepdims: bool = False, where: Any = None) -> Array:
    """Return whether some element along the axes is true (not 0); not differentiable."""
    return np.any(only(a, where, False), axis=axis, keepdims=keepdims)


@primitive(numpy=np.count_nonzero)
def count_nonzero(a: Array, *, axis: Axes = None, keepdims: bool = False) -> Array:
    """Return how many elements along the axes are true (not 0); not differentiable."""
    return np.sum(a != 0, axis=axis, keepdims=keepdims)


all.defvjp(a=None)
any.defvjp(a=None)
count_nonzero.defvjp(a=None)
