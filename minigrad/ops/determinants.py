"""Determinants and cofactors.

The gradient of a determinant is the matrix of cofactors, which exists for singular matrices too. Read
next: `least_squares.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import primitive
from .elementwise import stop_gradient
from .linalg import turned
from .solving import FLOATS, SQUARE

Array = Any


@primitive(numpy=np.linalg.det, needs=f"{SQUARE}; {FLOATS}")
def det(a: Array) -> Array:
    """Return the determinant of a square matrix (…, n, n); its gradient is the matrix of cofactors."""
    return np.linalg.det(a)


@primitive(needs=f"{SQUARE}; {FLOATS}")
def cofactors(a: Array) -> Array:
    """Return the cofactors of a square matrix: C[i, j] = (−1)^(i+j) det(a without row i and column j).

    That is det(a) a⁻ᵀ where `a` has an inverse, has rank 1 where the rank of `a` is n − 1, and is 0
    where it is less. The derivative is right for singular matrices too, and so is the derivative of
    that, but where singular values are equal: there it is NaN.
    """
    determinant = np.linalg.det(a)
    odd = (determinant == 0) | np.isinf(determinant)  # singular, or out of range: by singular values
    if not odd.any():
        return determinant[..., None, None] * turned(np.linalg.inv(a))
    regular = np.where(odd[..., None, None], np.eye(a.shape[-1], dtype=a.dtype, like=a), a)
    usual = determinant[..., None, None] * turned(np.linalg.inv(regular))
    return np.where(odd[..., None, None], _by_singular_values(a), usual)


det.defvjp(a=lambda g, a: g[..., None, None] * cofactors(a))


def _by_singular_values(a: Array) -> Array:
    """Return the cofactors as det(u v) · u diag(∏ s_k, k ≠ i) vᵀ: a product is never divided by what may be 0."""
    u, s, vh = np.linalg.svd(a)
    others, k = np.ones_like(s), np.cumsum(np.ones_like(s), axis=-1)
    for i in range(s.shape[-1]):
        others = others * np.where(k == i + 1, 1, s[..., i, None])
    return _turn(u, vh) * ((u * others[..., None, :]) @ vh)


def _turn(u: Array, vh: Array) -> Array:
    """Return the determinant of the rotation u vᵀ, 1 or −1, a constant."""
    return np.sign(np.linalg.det(stop_gradient(u @ vh)))[..., None, None]


def _cofactors_back(g: Array, a: Array) -> Array:
    # In the axes of the singular vectors a is diag(s), and to first order in a change of m[i, j] the cofactor
    # i, i gains ∏ s_k (k ≠ i, j) of m[j, j], and the cofactor i, j loses as much of m[j, i].
    u, s, vh = np.linalg.svd(a)
    h = turned(u) @ g @ turned(vh)
    k = np.cumsum(np.ones_like(h), axis=-1)
    both, same = np.ones_like(h), k == turned(k)
    for i in range(s.shape[-1]):
        both = both * np.where((k == i + 1) | (turned(k) == i + 1), 1, s[..., i, None, None])
    both = np.where(same, 0, both)
    own = np.sum(np.where(same, h, 0), axis=-1, keepdims=True)  # the diagonal of h
    m = np.where(same, both @ own, -turned(both * h))
    return _turn(u, vh) * (u @ m @ vh)


cofactors.defvjp(a=_cofactors_back)
