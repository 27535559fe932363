"""The largest and the smallest elements along axes, and where they are.

The gradient goes to the elements that are chosen, in equal shares where several tie. A NaN is larger and smaller
than any number: the result is NaN then, and the gradients of all it might depend on. Read next: `scans.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine import implements, operand, primitive
from .reduce import Axes, count, keep, number, only, over

Array = Any
NEEDS = "there must be an element along the axes (or initial=), and no axis twice"


def _from(
    pick: Callable[..., Array], compare: Any, a: Array, axis: Axes, keepdims: bool, initial: Any, where: Any
) -> Array:
    """Return the extreme of the elements that count and of a number to start from."""
    if initial is None:
        raise TypeError("where= may leave no element at all, so initial=, a number to start from, must be given too")
    initial = number(initial, compare.__name__[:3])
    if count(a.shape, axis) == 0:
        return np.sum(a, axis=axis, keepdims=keepdims) + initial
    return compare(pick(only(a, where, initial), axis=axis, keepdims=keepdims), initial)


@primitive(numpy=(np.max, np.amax), needs=NEEDS)
def max(a: Array, *, axis: Axes = None, keepdims: bool = False, initial: Any = None, where: Any = None) -> Array:
    """Return the largest element along the axes (of the whole by default), `initial` if that is larger.

    Ties share the gradient equally; beside a NaN every gradient is NaN.
    """
    if initial is None and where is None:
        return a.max(axis=axis, keepdims=keepdims)
    return _from(np.max, np.maximum, a, axis, keepdims, initial, where)


def _share(g: Array, out: Array, a: Array, axis: Axes, where: Any) -> Array:
    top = keep(out, a.shape, axis)
    chosen = a == top if where is None else only(a == top, where, False)
    ties = np.maximum(chosen.sum(axis=axis, keepdims=True), 1)  # none are chosen beside NaN, or if `initial` is
    others = np.where(top == top, g.dtype.type(0), np.nan)
    return only(np.where(chosen, over(keep(g, a.shape, axis), ties), others), where)


max.defvjp(a=_share)


@primitive(numpy=(np.min, np.amin), needs=NEEDS)
def min(a: Array, *, axis: Axes = None, keepdims: bool = False, initial: Any = None, where: Any = None) -> Array:
    """Return the smallest element along the axes (of the whole by default), `initial` if that is smaller.

    Ties share the gradient equally; beside a NaN every gradient is NaN.
    """
    if initial is None and where is None:
        return a.min(axis=axis, keepdims=keepdims)
    return _from(np.min, np.minimum, a, axis, keepdims, initial, where)


min.defvjp(a=_share)


@implements(np.ptp)
def ptp(a: Array, axis: Axes = None, *, keepdims: bool = False) -> Array:
    """Return the range along the axes, from the smallest element to the largest ("peak to peak")."""
    a = operand(a, "ptp")
    return max(a, axis, keepdims=keepdims) - min(a, axis, keepdims=keepdims)


# Where they are: not differentiable, on purpose


@primitive(numpy=np.argmax)
def argmax(a: Array, *, axis: int | None = None, keepdims: bool = False) -> Array:
    """Return the index of the (first) largest element along an axis, or of a NaN; not differentiable."""
    return np.argmax(a, axis=axis, keepdims=keepdims)


@primitive(numpy=np.argmin)
def argmin(a: Array, *, axis: int | None = None, keepdims: bool = False) -> Array:
    """Return the index of the (first) smallest element along an axis, or of a NaN; not differentiable."""
    return np.argmin(a, axis=axis, keepdims=keepdims)


argmax.defvjp(a=None)
argmin.defvjp(a=None)
