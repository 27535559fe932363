"""Softmax and its logarithm: the largest of several numbers, with a slope.

The largest is taken out before `exp` sees any, so nothing overflows. Read next: `linalg.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import add_up, primitive
from .elementwise import floating, stop_gradient
from .reduce import Axes, axes_of, count, keep, widened

Array = Any


@primitive
def softmax(z: Array, *, axis: int = -1) -> Array:
    """Return exp zᵢ / Σⱼ exp zⱼ along an axis (N7): positive, of sum 1, the largest sharpened.

    Where z is −∞ it is 0. NaN where all of z are −∞, or one is +∞: there is no telling what it tends to.

    >>> import minigrad as mg
    >>> mg.softmax(mg.tensor([10000.0, 10000.0]))
    tensor([0.5, 0.5])
    """
    z = floating(z)
    if not (z.size or count(z.shape, axis)):
        return z  # of nothing it is nothing
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return e / add_up(e, axis, keepdims=True)


softmax.defvjp(z=lambda g, out, axis: out * (g - add_up(g * out, axis, keepdims=True)))


@primitive
def log_softmax(z: Array, *, axis: int = -1) -> Array:
    """Return ln softmax z, without overflow or loss of small probabilities; NaN where softmax is."""
    z = floating(z)
    if not (z.size or count(z.shape, axis)):
        return z  # of nothing it is nothing
    shifted = z - z.max(axis=axis, keepdims=True)
    return shifted - np.log(add_up(np.exp(shifted), axis, keepdims=True))


log_softmax.defvjp(z=lambda g, out, axis: g - np.exp(out) * add_up(g, axis, keepdims=True))


@primitive
def logsumexp(a: Array, *, axis: Axes = None, keepdims: bool = False) -> Array:
    """Return ln Σ exp a along the axes, all by default, without overflow.

    The gradient is softmax: all of it goes to +∞, in equal shares if several are; none to elements that are all −∞.

    >>> import minigrad as mg
    >>> print(f"{mg.logsumexp(mg.tensor([1000.0, 1000.0])):.3f}")
    1000.693
    """
    x, top = widened(a), _top(a, axis)
    at_top = x == top
    n = np.maximum(at_top.sum(axis=axis, keepdims=True), 1).astype(x.dtype)
    with np.errstate(invalid="ignore"):  # ∞ − ∞, which is not used
        rest = add_up(np.where(at_top, 0, np.exp(x - top)), axis, keepdims=True)
    # Σ exp(a − top) = n + rest, and ln n + ln(1 + rest/n) is exact even where rest is tiny.
    result = np.log1p(rest / n) + np.log(n) + top
    result = result if keepdims else np.squeeze(result, axis=axes_of(axis, a.ndim))
    return result.astype(np.float16) if a.dtype.char == "e" else result


def _top(a: Array, axis: Axes) -> Array:
    """Return the largest element along the axes, as a constant: whatever is taken out is put back."""
    a = stop_gradient(a)
    return a.max(axis=axis, keepdims=True) if count(a.shape, axis) else add_up(a, axis, keepdims=True) - np.inf


def _softmax_over(g: Array, a: Array, axis: Axes) -> Array:
    # exp(a − out) would be short, but out is rounded: at 1000 in float32 that costs 3e-5.
    x, top = widened(a), _top(a, axis)
    with np.errstate(invalid="ignore"):
        shifted = np.where((x == top) & np.isinf(top), np.where(top > 0, x.dtype.type(0), -np.inf), x - top)
    e = np.exp(shifted)
    total = add_up(e, axis, keepdims=True)
    return (keep(g, a.shape, axis) * (e / np.where(total == 0, 1, total))).astype(g.dtype)


logsumexp.defvjp(a=_softmax_over)
