"""Reductions and scans that leave NaN out: NumPy's names that begin with nan.

Each is the operation of that name on the numbers alone. A NaN that was left out has gradient 0. Quantiles have
theirs in `quantiles.py`. Read next: `softmax.py`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..engine import implements, operand
from ..engine.tracing import holds
from ..errors import describe
from .extremes import argmax, argmin, max, min
from .kinks import where as choose
from .multiplying import cumprod, prod
from .reduce import Axes, count, mask_of, mean, only, plain, sum
from .scans import cumsum
from .statistics import std, var

Array = Any


def _numbers(a: Array, call: str, where: Any = None) -> tuple[Array, Array]:
    """Return `a`, and a mask of those of its elements that are not NaN, nor left out by `where=`."""
    a = operand(a, call)
    mask, numbers = mask_of(where, a.shape), plain(a) == plain(a)
    return a, numbers if mask is None else numbers & mask


@implements(np.nansum)
def nansum(a: Array, axis: Axes = None, *, keepdims: bool = False, initial: Any = None, where: Any = None) -> Array:
    """Return the sum of the elements along the axes that are not NaN."""
    a, numbers = _numbers(a, "nansum", where)
    return sum(a, axis, keepdims=keepdims, initial=initial, where=numbers)


@implements(np.nanprod)
def nanprod(a: Array, axis: Axes = None, *, keepdims: bool = False, initial: Any = None, where: Any = None) -> Array:
    """Return the product of the elements along the axes that are not NaN."""
    a, numbers = _numbers(a, "nanprod", where)
    return prod(a, axis, keepdims=keepdims, initial=initial, where=numbers)


@implements(np.nanmean)
def nanmean(a: Array, axis: Axes = None, *, keepdims: bool = False, where: Any = None) -> Array:
    """Return the mean of the elements along the axes that are not NaN; NaN where all are."""
    a, numbers = _numbers(a, "nanmean", where)
    return mean(a, axis, keepdims=keepdims, where=numbers)


@implements(np.nanvar)
def nanvar(
    a: Array,
    axis: Axes = None,
    *,
    ddof: float = 0,
    keepdims: bool = False,
    where: Any = None,
    mean: Any = None,
    correction: float | None = None,
) -> Array:
    """Return the variance of the elements along the axes that are not NaN; the arguments are those of `var`."""
    a, numbers = _numbers(a, "nanvar", where)
    return var(a, axis, ddof=ddof, keepdims=keepdims, where=numbers, mean=mean, correction=correction)


@implements(np.nanstd)
def nanstd(
    a: Array,
    axis: Axes = None,
    *,
    ddof: float = 0,
    keepdims: bool = False,
    where: Any = None,
    mean: Any = None,
    correction: float | None = None,
) -> Array:
    """Return the standard deviation of the elements along the axes that are not NaN, the root of `nanvar`."""
    a, numbers = _numbers(a, "nanstd", where)
    return std(a, axis, ddof=ddof, keepdims=keepdims, where=numbers, mean=mean, correction=correction)


# Extremes


def _extreme(pick: Any, a: Array, axis: Axes, keepdims: bool, initial: Any, where: Any, least: float) -> Array:
    a, numbers = _numbers(a, f"nan{pick.__name__}", where)
    if where is not None or initial is not None or a.dtype.kind != "f" or not count(a.shape, axis):
        return pick(a, axis, keepdims=keepdims, initial=initial, where=where if initial is None else numbers)
    there = numbers.any(axis=axis, keepdims=keepdims)
    return choose(there, pick(a, axis, keepdims=keepdims, initial=least, where=numbers), np.nan)


@implements(np.nanmax)
def nanmax(a: Array, axis: Axes = None, *, keepdims: bool = False, initial: Any = None, where: Any = None) -> Array:
    """Return the largest element along the axes that is not NaN, NaN where all are; ties share the gradient."""
    return _extreme(max, a, axis, keepdims, initial, where, -math.inf)


@implements(np.nanmin)
def nanmin(a: Array, axis: Axes = None, *, keepdims: bool = False, initial: Any = None, where: Any = None) -> Array:
    """Return the smallest element along the axes that is not NaN, NaN where all are; ties share the gradient."""
    return _extreme(min, a, axis, keepdims, initial, where, math.inf)


def _index(pick: Any, a: Array, axis: int | None, keepdims: bool, least: float) -> Array:
    a, numbers = _numbers(a, f"nan{pick.__name__}")
    if not holds(numbers.any(axis=axis).all()):
        raise ValueError(f"nan{pick.__name__} of {describe(a)}, axis={axis}: no index where all elements are NaN")
    return pick(a if a.dtype.kind != "f" else only(a, numbers, least), axis, keepdims=keepdims)


@implements(np.nanargmax)
def nanargmax(a: Array, axis: int | None = None, *, keepdims: bool = False) -> Array:
    """Return the index of the (first) largest of the elements that are not NaN; not differentiable."""
    return _index(argmax, a, axis, keepdims, -math.inf)


@implements(np.nanargmin)
def nanargmin(a: Array, axis: int | None = None, *, keepdims: bool = False) -> Array:
    """Return the index of the (first) smallest of the elements that are not NaN; not differentiable."""
    return _index(argmin, a, axis, keepdims, math.inf)


# Scans


@implements(np.nancumsum)
def nancumsum(a: Array, axis: int | None = None) -> Array:
    """Return running sums along an axis (of the flattened array by default) that a NaN leaves as they are."""
    return cumsum(only(*_numbers(a, "nancumsum")), axis)


@implements(np.nancumprod)
def nancumprod(a: Array, axis: int | None = None) -> Array:
    """Return running products along an axis (of the flattened array by default) that a NaN leaves as they are."""
    return cumprod(only(*_numbers(a, "nancumprod"), 1), axis)
