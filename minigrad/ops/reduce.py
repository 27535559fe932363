"""Reductions: sums, means, extremes along axes.

Their rules spread the cotangent of a result over the elements it was made from. Read next: `linalg.py`.
"""

from __future__ import annotations

import builtins
import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ..engine import implements, operand, primitive
from .elementwise import stop_gradient
from .shape import astype

Array = Any
Axes = int | tuple[int, ...] | None


def _axes(axis: Axes, ndim: int) -> tuple[int, ...]:
    """Return the reduced axes as a tuple of non-negative numbers."""
    if axis is None:
        return tuple(range(ndim))
    axes = axis if isinstance(axis, Sequence) else (axis,)
    return tuple([operator.index(a) % ndim for a in axes])


def _keep(x: Array, shape: tuple[int, ...], axis: Axes) -> Array:
    """Return a reduced array with its reduced axes back, of length 1."""
    axes = _axes(axis, len(shape))
    return x.reshape(tuple([1 if i in axes else n for i, n in enumerate(shape)]))


def _count(shape: tuple[int, ...], axis: Axes) -> int:
    return math.prod([shape[i] for i in _axes(axis, len(shape))])


def _spread(g: Array, shape: tuple[int, ...], axis: Axes) -> Array:
    """Give every element of an axis that was summed the cotangent of its sum."""
    return np.broadcast_to(_keep(g, shape, axis), shape)


@primitive(numpy=np.sum)
def sum(a: Array, *, axis: Axes = None, keepdims: bool = False) -> Array:
    """Return the sum of elements along the axes, all by default."""
    return np.sum(a, axis=axis, keepdims=keepdims)


sum.defvjp(a=lambda g, a_shape, axis: _spread(g, a_shape, axis))


@primitive(numpy=np.mean)
def mean(a: Array, *, axis: Axes = None, keepdims: bool = False) -> Array:
    """Return the arithmetic mean of elements along the axes, all by default."""
    return np.mean(a, axis=axis, keepdims=keepdims)


mean.defvjp(a=lambda g, a_shape, axis: _spread(g / _divisor(a_shape, axis), a_shape, axis))


def _divisor(shape: tuple[int, ...], axis: Axes, ddof: float = 0) -> float:
    """Return n − ddof, or 1 where that is 0: then there is nothing the quotient could reach."""
    return (_count(shape, axis) - ddof) or 1


@primitive(numpy=np.var)
def var(a: Array, *, axis: Axes = None, ddof: float = 0, keepdims: bool = False) -> Array:
    """Return the variance Σ(a − mean)² / (n − ddof) along the axes."""
    return np.var(a, axis=axis, ddof=ddof, keepdims=keepdims)


def _centred(a: Array, axis: Axes) -> Array:
    return a - np.mean(a, axis=axis, keepdims=True)


def _var_back(g: Array, a: Array, axis: Axes, ddof: float) -> Array:
    return _keep(g, a.shape, axis) * (2 / _divisor(a.shape, axis, ddof)) * _centred(a, axis)


var.defvjp(a=_var_back)


@primitive(numpy=np.std)
def std(a: Array, *, axis: Axes = None, ddof: float = 0, keepdims: bool = False) -> Array:
    """Return the standard deviation, the root of `var`; its gradient at 0 is taken to be 0."""
    return np.std(a, axis=axis, ddof=ddof, keepdims=keepdims)


def _std_back(g: Array, out: Array, a: Array, axis: Axes, ddof: float) -> Array:
    scale = np.where(out == 0, 0, g / np.where(out == 0, 1, out)) / _divisor(a.shape, axis, ddof)
    return _keep(scale, a.shape, axis) * _centred(a, axis)


std.defvjp(a=_std_back)


@primitive(numpy=(np.max, np.amax))
def max(a: Array, *, axis: Axes = None, keepdims: bool = False) -> Array:
    """Return the largest element along the axes; ties share the gradient equally."""
    return np.max(a, axis=axis, keepdims=keepdims)


def _share(g: Array, out: Array, a: Array, axis: Axes) -> Array:
    chosen = a == _keep(out, a.shape, axis)
    ties = np.maximum(np.sum(chosen, axis=axis, keepdims=True), 1).astype(g.dtype)  # none are chosen beside a NaN
    return np.where(chosen, _keep(g, a.shape, axis) / ties, 0)


max.defvjp(a=_share)


@primitive(numpy=(np.min, np.amin))
def min(a: Array, *, axis: Axes = None, keepdims: bool = False) -> Array:
    """Return the smallest element along the axes; ties share the gradient equally."""
    return np.min(a, axis=axis, keepdims=keepdims)


min.defvjp(a=_share)


@implements(np.prod)
def prod(a: Array, axis: Axes = None, keepdims: bool = False) -> Array:
    """Return the product of elements along the axes, all by default.

    Halves are multiplied until one factor is left. So the derivative is the product of the other
    factors, never a quotient, and right where a factor is 0.
    """
    a = operand(a, "prod")
    if a.dtype.kind != "f":
        a = astype(a, np.uint64 if a.dtype.kind == "u" else np.int64)  # as NumPy widens them
    shape = a.shape
    axes = tuple(range(len(shape))) if axis is None else normalize_axis_tuple(axis, len(shape), "prod: axis")
    rest = [i for i in range(len(shape)) if i not in axes]
    factors = np.transpose(a, (*axes, *rest)).reshape((_count(shape, axes), *(shape[i] for i in rest)))
    while (n := factors.shape[0]) > 1:
        half = n // 2
        paired = factors[:half] * factors[half : 2 * half]
        factors = np.concatenate([paired, factors[2 * half :]]) if n % 2 else paired
    product = factors[0] if factors.shape[0] else np.sum(factors, axis=0) + 1
    return _keep(product, shape, axes) if keepdims else product


@primitive(numpy=np.argmax)
def argmax(a: Array, *, axis: int | None = None, keepdims: bool = False) -> Array:
    """Return the index of the (first) largest element along an axis; not differentiable."""
    return np.argmax(a, axis=axis, keepdims=keepdims)


argmax.defvjp(a=None)


@primitive(numpy=np.argmin)
def argmin(a: Array, *, axis: int | None = None, keepdims: bool = False) -> Array:
    """Return the index of the (first) smallest element along an axis; not differentiable."""
    return np.argmin(a, axis=axis, keepdims=keepdims)


argmin.defvjp(a=None)


@primitive(numpy=np.all)
def all(a: Array, *, axis: Axes = None, keepdims: bool = False) -> Array:
    """Return whether all elements along the axes are true; not differentiable."""
    return np.all(a, axis=axis, keepdims=keepdims)


all.defvjp(a=None)


@primitive(numpy=np.any)
def any(a: Array, *, axis: Axes = None, keepdims: bool = False) -> Array:
    """Return whether some element along the axes is true; not differentiable."""
    return np.any(a, axis=axis, keepdims=keepdims)


any.defvjp(a=None)


@primitive(numpy=np.cumsum)
def cumsum(a: Array, *, axis: int | None = None) -> Array:
    """Return running sums along an axis; of the flattened array by default."""
    return np.cumsum(a, axis=axis)


def _sums_from_the_end(g: Array, a_shape: tuple[int, ...], axis: int | None) -> Array:
    along = 0 if axis is None else axis
    return np.flip(np.cumsum(np.flip(g, along), axis=along), along).reshape(a_shape)


cumsum.defvjp(a=_sums_from_the_end)


@primitive
def logsumexp(a: Array, *, axis: Axes = None, keepdims: bool = False) -> Array:
    """Return ln Σ exp a along the axes, without overflow: the largest element is taken out first.

    >>> import minigrad as mg
    >>> print(f"{mg.logsumexp(mg.tensor([1000.0, 1000.0])):.3f}")
    1000.693
    """
    top = _top(a, axis)
    total = np.sum(np.exp(a - top), axis=axis, keepdims=True)
    with np.errstate(divide="ignore"):  # every element −inf: the logarithm of 0 is the right answer
        result = np.log(total) + top
    return result if keepdims else np.squeeze(result, axis=_axes(axis, a.ndim))


def _top(a: Array, axis: Axes) -> Array:
    """Return the largest element along the axes, as a constant: whatever is taken out is put back.

    It is 0 where the largest is infinite and must not be subtracted, or there is none.
    """
    a = stop_gradient(a)
    if builtins.any(a.shape[i] == 0 for i in _axes(axis, a.ndim)):
        return np.sum(a, axis=axis, keepdims=True)
    top = np.max(a, axis=axis, keepdims=True)
    return np.where(np.isfinite(top), top, 0)


def _softmax_over(g: Array, a: Array, axis: Axes) -> Array:
    # exp(a − out) would be short, but out is rounded: at 1000 in float32 that costs 3e-5.
    e = np.exp(a - _top(a, axis))
    total = np.sum(e, axis=axis, keepdims=True)
    return _keep(g, a.shape, axis) * (e / np.where(total == 0, 1, total))


logsumexp.defvjp(a=_softmax_over)
