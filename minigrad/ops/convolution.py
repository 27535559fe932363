"""Convolution and correlation of vectors, and polynomials: the product of two is a convolution.

A full convolution and a correlation of what overlaps wholly are each other's adjoints; the other modes
are made of them. Read next: `special.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import implements, primitive
from ..errors import ShapeError, describe
from .shape import _several, broadcast_to

Array = Any


@primitive
def full_convolution(a: Array, v: Array) -> Array:
    """Return Σ a[i] v[k − i] for every k at which the two overlap at all."""
    return np.convolve(a, v)


@primitive
def valid_correlation(a: Array, v: Array) -> Array:
    """Return Σ a[k + i] v[i] for every k at which v, the shorter, lies within a."""
    return np.correlate(a, v)


full_convolution.defvjp(a=lambda g, v: valid_correlation(g, v), v=lambda g, a: valid_correlation(g, a))
valid_correlation.defvjp(a=lambda g, v: full_convolution(g, v), v=lambda g, a: valid_correlation(a, g))


def _vectors(a: Array, v: Array, mode: str, call: str) -> list[Array]:
    a, v = _several((a, v), call)
    if len(a.shape) != 1 or len(v.shape) != 1 or not a.shape[0] or not v.shape[0]:
        raise ShapeError(f"{call}: got {describe(a)} and {describe(v)}; two vectors that are not empty are needed")
    if mode not in ("full", "same", "valid"):
        raise ValueError(f'{call}: mode must be "full", "same" or "valid", got {mode!r}')
    return [a, v]


def _same(full: Array, longer: int, shorter: int) -> Array:
    """Return as much of a full convolution as the longer operand is long, from its middle."""
    start = shorter - 1 - shorter // 2
    return full[start : start + longer]


@implements(np.convolve)
def convolve(a: Array, v: Array, mode: str = "full") -> Array:
    """Return the convolution Σ a[i] v[k − i] of two vectors, of lengths n ≥ m (either may be the longer).

    Parameters
    ----------
    mode : "full", all n + m − 1 of them; "same", the n in the middle; "valid", the n − m + 1 where the
        shorter lies within the longer

    >>> import minigrad as mg
    >>> mg.convolve(mg.tensor([1.0, 2.0]), mg.tensor([1.0, 0.0, -1.0]))  # (x + 2)(x² − 1)
    tensor([ 1.,  2., -1., -2.])
    """
    a, v = _vectors(a, v, mode, "convolve")
    if v.shape[0] > a.shape[0]:
        a, v = v, a
    if mode == "valid":
        return valid_correlation(a, v[::-1])
    full = full_convolution(a, v)
    return full if mode == "full" else _same(full, a.shape[0], v.shape[0])


@implements(np.correlate)
def correlate(a: Array, v: Array, mode: str = "valid") -> Array:
    """Return the correlation Σ a[k + i] v[i] of two vectors, for the k of `mode`, as in `convolve`."""
    a, v = _vectors(a, v, mode, "correlate")
    if v.shape[0] > a.shape[0]:
        return correlate(v, a, mode)[::-1]
    if mode == "valid":
        return valid_correlation(a, v)
    full = full_convolution(a, v[::-1])
    return full if mode == "full" else _same(full, a.shape[0], v.shape[0])


@implements(np.polyval)
def polyval(p: Array, x: Array) -> Array:
    """Return the polynomial p[0] xⁿ⁻¹ + … + p[n − 1] at every x, by Horner's rule; differentiable in p and x."""
    p, x = _several((p, x), "polyval")
    if not p.shape or not p.shape[0]:
        raise ShapeError(f"polyval: got coefficients {describe(p)}; a vector of at least one is needed")
    value = broadcast_to(p[0], np.broadcast_shapes(p.shape[1:], x.shape))
    for i in range(1, p.shape[0]):
        value = value * x + p[i]
    return value
