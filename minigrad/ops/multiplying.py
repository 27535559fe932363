"""Products of elements along axes, whole and running.

The derivative by a factor is the product of the others, never a quotient: that would be wrong where a factor is 0,
and lost where the whole product is too large or too small for a number. Read next: `statistics.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import implements, primitive
from .reduce import Axes, axes_of, count, keep, number, only
from .scans import running

Array = Any


@primitive(numpy=np.prod)
def prod(a: Array, *, axis: Axes = None, keepdims: bool = False, initial: Any = None, where: Any = None) -> Array:
    """Return the product of elements along the axes, all by default; `initial` is one more factor.

    float16 and float32 are multiplied in float64.

    >>> import minigrad as mg
    >>> mg.grad(mg.prod)(mg.tensor([0.0, 2.0, 3.0]))
    tensor([6., 0., 0.])
    """
    factors = a if where is None else only(a, where, 1)
    if a.dtype.char in "ef":
        product = factors.prod(axis=axis, keepdims=keepdims, dtype=np.float64).astype(a.dtype)
    else:
        product = factors.prod(axis=axis, keepdims=keepdims)
    return product if initial is None else product * number(initial, "prod")


def _prod_back(g: Array, a: Array, axis: Axes, initial: Any, where: Any) -> Array:
    factors = only(a, where, 1).astype(np.float64)
    axes = axes_of(axis, a.ndim)
    order = (*axes, *[i for i in range(a.ndim) if i not in axes])
    shape = tuple([a.shape[i] for i in order])
    m, n = np.frexp(np.transpose(factors, order).reshape((count(a.shape, axis), *shape[len(axes) :])))
    others = np.ldexp(*_others(m, n)).reshape(shape)
    each = keep(g, a.shape, axis) * np.transpose(others, [order.index(i) for i in range(a.ndim)])
    return only(each if initial is None else each * number(initial, "prod"), where).astype(a.dtype)


prod.defvjp(a=_prod_back)

BLOCK = 512  # the product of so many numbers from ½ to 1 is far from the least number


def _others(m: Array, n: Array) -> tuple[Array, Array]:
    """Return for each of the numbers m · 2ⁿ along the first axis, ½ ≤ |m| < 1, the product of all others in that form.

    It is the product of those before it times that of those behind it. As the powers of two are kept apart, and long
    arrays taken in blocks, nothing overflows or vanishes on the way.
    """
    length, rest = m.shape[0], m.shape[1:]
    if length <= BLOCK:
        one = np.ones_like(m[:1])
        before = np.cumprod(np.concatenate([one, m[:-1]]), axis=0)
        behind = np.cumprod(np.concatenate([one, m[:0:-1]]), axis=0)[::-1]
        return before * behind, n.sum(axis=0) - n
    blocks = -(-length // BLOCK)
    border = [(0, blocks * BLOCK - length), *[(0, 0)] * len(rest)]
    m, n = np.pad(m, border, constant_values=0.5), np.pad(n, border, constant_values=1)  # ½ · 2¹
    m, n = [np.swapaxes(x.reshape((blocks, BLOCK, *rest)), 0, 1) for x in (m, n)]
    within, n_within = _others(m, n)
    block, n_block = np.frexp(m.prod(axis=0))
    without, n_without = _others(block, n_block + n.sum(axis=0))
    without, more = np.frexp(without)
    both = within * without, n_within + n_without + more
    m, n = [np.swapaxes(x, 0, 1).reshape((blocks * BLOCK, *rest))[:length] for x in both]
    return m, n


@primitive(numpy=np.cumprod)
def cumprod(a: Array, *, axis: int | None = None) -> Array:
    """Return running products along an axis; of the flattened array by default.

    float16 and float32 are multiplied in float64.
    """
    if a.dtype.char in "ef":
        return np.cumprod(a, axis=axis, dtype=np.float64).astype(a.dtype)
    return np.cumprod(a, axis=axis)


def _cumprod_back(g: Array, a: Array, axis: int | None) -> Array:
    # The cotangent of aᵢ is (Πⱼ﹤ᵢ aⱼ) · tᵢ with tᵢ = gᵢ + aᵢ₊₁ tᵢ₊₁. After each round t holds twice as many terms,
    # and `window` the products of twice as many neighbours.
    if axis is None or not a.shape:
        return _cumprod_back(g, a.reshape((-1,)), 0).reshape(a.shape)
    factors, t = [np.moveaxis(x, axis, 0).astype(np.float64) for x in (a, g)]
    before = np.cumprod(np.concatenate([np.ones_like(factors[:1]), factors[:-1]]), axis=0)
    window, step = factors[1:], 1
    while step < t.shape[0]:
        t = np.concatenate([t[:-step] + window * t[step:], t[-step:]])
        window = window[:-step] * window[step:]
        step *= 2
    return np.moveaxis(before * t, 0, axis).astype(a.dtype)


cumprod.defvjp(a=_cumprod_back)


@implements(np.cumulative_prod)
def cumulative_prod(x: Array, *, axis: int | None = None, include_initial: bool = False) -> Array:
    """Return running products along an axis, which must be given but for a vector; if wished, after a 1."""
    return running(cumprod, x, axis, 1 if include_initial else None, "cumulative_prod")
