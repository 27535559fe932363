"""Factors of a matrix, each decomposition as one array: what `decompositions.py` takes apart.

A primitive has one result, so the factors stand in it one above the other. Every rule is made of matrix
products, and asks only for the factors, never for the matrix. J. Townsend, "Differentiating the
singular value decomposition" (2016), and M. Giles (2008) have the formulas.

Vectors that belong to equal values (or to values that differ by no more than rounding) are an arbitrary
basis, and have no derivative: a gradient through the vectors becomes NaN there, never a wrong number.
Read next: `decompositions.py`.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from ..engine import primitive
from ..errors import RuleError
from .linalg import turned
from .solving import FLOATS, MATRIX, SQUARE

Array = Any
Triangle = Literal["L", "U"]

SYMMETRIC = f"{SQUARE}; UPLO, the triangle that is read, must be 'L' or 'U'; {FLOATS}"


@primitive(needs=f"{SQUARE}; {FLOATS}")
def slogdet(a: Array) -> Array:
    """Return the sign of the determinant and ln |det a| as one last axis (…, 2)."""
    return np.stack(np.linalg.slogdet(a), axis=-1)


slogdet.defvjp(a=lambda g, a: g[..., 1, None, None] * turned(np.linalg.inv(a)))


@primitive(numpy=np.linalg.cholesky, needs=f"{SQUARE}, symmetric and positive definite; {FLOATS}")
def cholesky(a: Array, *, upper: bool = False) -> Array:
    """Return the lower triangular l with l lᵀ = a, of a symmetric positive definite matrix (…, n, n).

    Parameters
    ----------
    upper : return lᵀ instead, from the upper triangle of `a`; else the lower one is read

    The gradient is symmetric, as `a` is. I. Murray, "Differentiation of the Cholesky decomposition" (2016).

    Raises
    ------
    numpy.linalg.LinAlgError
        when a matrix is not positive definite.
    """
    return turned(np.linalg.cholesky(turned(a))) if upper else np.linalg.cholesky(a)


def _cholesky_back(g: Array, out: Array, upper: bool) -> Array:
    g, lower = (turned(g), turned(out)) if upper else (g, out)
    p = turned(lower) @ g
    p = np.tril(p) + turned(np.tril(p, -1))
    return np.linalg.solve(turned(lower), turned(np.linalg.solve(turned(lower), p))) / 2


cholesky.defvjp(a=_cholesky_back)


# Orthogonal times triangular


@primitive(needs=f"{MATRIX}; {FLOATS}")
def qr(a: Array, *, complete: bool = False) -> Array:
    """Return q (…, m, k) above rᵀ (…, n, k): with a = q r, q orthogonal and r upper triangular."""
    q, r = np.linalg.qr(a, mode="complete" if complete else "reduced")
    return np.concatenate([q, turned(r)], axis=-2)


def _qr_back(g: Array, out: Array, a_shape: tuple[int, ...], complete: bool) -> Array:
    # D. Roberts and L. Roberts, "QR and LQ decomposition matrix backpropagation algorithms for square, wide,
    # and deep matrices" (2020). The columns of a wide matrix beyond the m-th are q r there.
    m, n = a_shape[-2:]
    if complete and m > n:
        raise RuleError(
            f"linalg.qr: mode='complete' of a matrix [{m}, {n}] has no derivative, for the last {m - n} columns of q "
            "are an arbitrary basis; use mode='reduced'"
        )
    q, r, gq, gr = out[..., :m, :], turned(out[..., m:, :]), g[..., :m, :], turned(g[..., m:, :])
    rest, grest = r[..., m:], gr[..., m:]
    r, gr = r[..., :m], gr[..., :m]
    gq = gq + (q @ rest) @ turned(grest)
    p = r @ turned(gr) - turned(gq) @ q
    p = np.tril(p) + turned(np.tril(p, -1))
    first = turned(np.linalg.solve(r, turned(gq + q @ p)))
    return np.concatenate([first, q @ grest], axis=-1)


qr.defvjp(a=_qr_back)


# Eigenvalues and singular values


def _shared(g: Array, values: Array) -> Array:
    """Share a cotangent equally among equal values."""
    tied = values[..., None, :] == values[..., :, None]
    return np.sum(np.where(tied, g[..., None, :], 0), axis=-1) / np.sum(tied, axis=-1).astype(g.dtype)


def _rounding(values: Array) -> Array:
    """Return the size of differences that are nothing but rounding."""
    return 4 * float(np.finfo(values.dtype).eps) * np.sum(np.absolute(values), axis=-1, keepdims=True)


def _close(values: Array) -> Array:
    """Tell which pairs of values differ by no more than rounding, each and itself among them."""
    return np.absolute(values[..., None, :] - values[..., :, None]) <= _rounding(values)[..., None]


def _inverse(gaps: Array, closed: Array) -> Array:
    """Return 1 / gaps, and 0 where they are closed."""
    return np.where(closed, 0, 1 / np.where(closed, 1, gaps))


@primitive
def distinct(v: Array, values: Array, *, nonzero: bool = False) -> Array:
    """Return the vectors (the columns of `v`) that belong to values: with a gradient only of distinct values.

    It becomes NaN even where the cotangent is 0, for 0 may be the product of a gap that has closed and a derivative
    that has grown out of bounds. With `nonzero` the vectors of a value 0 have no gradient either.
    """
    return v[...]


def _distinct_back(g: Array, values: Array, nonzero: bool) -> Array:
    arbitrary = np.sum(_close(values), axis=-1) > 1
    if nonzero:
        arbitrary = arbitrary | (values <= _rounding(values))
    return np.where(arbitrary[..., None, :], np.nan, g)


distinct.defvjp(v=_distinct_back, values=None)


@primitive(needs=SYMMETRIC)
def eigh(a: Array, *, UPLO: Triangle = "L") -> Array:
    """Return the eigenvalues, in ascending order, above the eigenvectors (the columns): (…, 1 + n, n)."""
    w, v = np.linalg.eigh(a, UPLO)
    return np.concatenate([w[..., None, :], v], axis=-2)


def _eigh_back(g: Array, out: Array) -> Array:
    w, v, gw, gv = out[..., 0, :], out[..., 1:, :], g[..., 0, :], g[..., 1:, :]
    inner = (turned(v) @ gv) * _inverse(w[..., None, :] - w[..., :, None], _close(w))
    ga = (v * _shared(gw, w)[..., None, :] + v @ inner) @ turned(v)
    return (ga + turned(ga)) / 2


eigh.defvjp(a=_eigh_back)


@primitive(numpy=np.linalg.eigvalsh, needs=SYMMETRIC)
def eigvalsh(a: Array, *, UPLO: Triangle = "L") -> Array:
    """Return the eigenvalues (…, n) of a symmetric matrix (…, n, n), in ascending order.

    Parameters
    ----------
    UPLO : the triangle that is read, "L" or "U"

    The gradient is symmetric, as `a` is; equal eigenvalues share theirs equally, and have no second derivative (NaN).
    """
    return np.linalg.eigvalsh(a, UPLO)


def _eigvalsh_back(g: Array, out: Array, a: Array, UPLO: Triangle) -> Array:
    _, v = np.linalg.eigh(a, UPLO)
    return (v * _shared(g, out)[..., None, :]) @ turned(v)


eigvalsh.defvjp(a=_eigvalsh_back)


def _widened(x: Array, columns: int) -> Array:
    """Return a matrix with zero columns added, up to that many."""
    extra = columns - x.shape[-1]
    return np.concatenate([x, np.zeros_like(x, shape=(*x.shape[:-1], extra))], axis=-1) if extra else x


@primitive(needs=f"{MATRIX}; {FLOATS}")
def svd(a: Array, *, full: bool = False) -> Array:
    """Return u (…, m, k) above the singular values (…, 1, k) above v (…, n, k): with a = u diag(s) vᵀ.

    k is min(m, n); or max(m, n) where `full`, with zeros in what that leaves empty.
    """
    u, s, vh = np.linalg.svd(a, full_matrices=full)
    k = max(u.shape[-1], vh.shape[-2])
    return np.concatenate([_widened(x, k) for x in (u, s[..., None, :], turned(vh))], axis=-2)


def _svd_back(g: Array, out: Array, a_shape: tuple[int, ...], full: bool) -> Array:
    m, n = a_shape[-2:]
    k = min(m, n)
    u, s, v = out[..., :m, :k], out[..., m, :k], out[..., m + 1 :, :k]
    gu, gs, gv = g[..., :m, :k], g[..., m, :k], g[..., m + 1 :, :k]
    if full and m != n:  # the columns beyond k are an arbitrary basis
        beyond = np.any(g[..., k:] != 0, axis=(-2, -1))
        gs = np.where(beyond[..., None], np.nan, gs)
    gaps = _inverse((s[..., None, :] - s[..., :, None]) * (s[..., None, :] + s[..., :, None]), _close(s))
    ug, vg = turned(u) @ gu, turned(v) @ gv
    inner = (ug - turned(ug)) * gaps * s[..., None, :] + s[..., :, None] * (gaps * (vg - turned(vg)))
    ga = (u * _shared(gs, s)[..., None, :] + u @ inner) @ turned(v)
    small = _inverse(s, s == 0)[..., None, :]
    if m > n:
        ga = ga + ((gu - u @ ug) * small) @ turned(v)
    return ga + u @ turned((gv - v @ vg) * small) if n > m else ga


svd.defvjp(a=_svd_back)


@primitive(numpy=np.linalg.svdvals, needs=f"{MATRIX}; {FLOATS}")
def svdvals(a: Array) -> Array:
    """Return the singular values (…, min(m, n)) of a matrix (…, m, n), in descending order.

    Equal ones share the gradient equally, and have no second derivative (NaN). At 0 the gradient is taken to be 0, as
    that of the absolute value is.
    """
    return np.linalg.svd(a, compute_uv=False)


def _svdvals_back(g: Array, out: Array, a: Array) -> Array:
    u, _, vh = np.linalg.svd(a, full_matrices=False)
    return (u * np.where(out == 0, 0, _shared(g, out))[..., None, :]) @ vh


svdvals.defvjp(a=_svdvals_back)
