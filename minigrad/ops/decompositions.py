"""Decompositions of a matrix into several: the factors that `factors.py` computes as one array.

Each returns a tuple with NumPy's names for its parts. Read next: `determinants.py`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..engine import implements, operand
from . import factors
from .elementwise import stop_gradient
from .factors import cholesky, eigvalsh, svdvals
from .linalg import turned
from .shape import concatenate

__all__ = ["cholesky", "eigh", "eigvalsh", "qr", "slogdet", "svd", "svdvals"]

Array = Any


class QRResult(NamedTuple):
    """What `qr` returns."""

    Q: Array
    R: Array


class EighResult(NamedTuple):
    """What `eigh` returns."""

    eigenvalues: Array
    eigenvectors: Array


class SVDResult(NamedTuple):
    """What `svd` returns."""

    U: Array
    S: Array
    Vh: Array


class SlogdetResult(NamedTuple):
    """What `slogdet` returns."""

    sign: Array
    logabsdet: Array


@implements(np.linalg.slogdet)
def slogdet(a: Array) -> SlogdetResult:
    """Return the sign of the determinant, a constant, and ln |det a|, which neither overflows nor underflows.

    Of a singular matrix they are 0 and −inf; the gradient of −inf is refused (LinAlgError).
    """
    both = factors.slogdet(operand(a, "linalg.slogdet"))
    return SlogdetResult(stop_gradient(both[..., 0]), both[..., 1])


@implements(np.linalg.qr)
def qr(a: Array, mode: str = "reduced") -> Any:
    """Return q and r with a = q r, q having orthonormal columns and r being upper triangular.

    Parameters
    ----------
    a : (…, m, n); for a derivative its first min(m, n) columns must be linearly independent
    mode : "reduced" for q (…, m, k) and r (…, k, n), k = min(m, n); "complete" for k = m, which has no
        derivative where m > n; "r" for r alone, of the reduced ones
    """
    if mode not in ("reduced", "complete", "r"):
        raise ValueError(f'linalg.qr: mode must be "reduced", "complete" or "r", got {mode!r}')
    a = operand(a, "linalg.qr")
    both = factors.qr(a, complete=mode == "complete")
    m = a.shape[-2]
    r = turned(both[..., m:, :])
    return r if mode == "r" else QRResult(both[..., :m, :], r)


@implements(np.linalg.eigh)
def eigh(a: Array, UPLO: factors.Triangle = "L") -> EighResult:
    """Return eigenvalues and eigenvectors of a symmetric matrix: a v[:, i] = w[i] v[:, i].

    Parameters
    ----------
    a : (…, n, n)
    UPLO : the triangle that is read, "L" or "U"

    Returns
    -------
    eigenvalues : (…, n), in ascending order; equal ones share their gradient equally
    eigenvectors : (…, n, n), the columns

    The gradient is symmetric, as `a` is. Through the eigenvectors it is NaN where eigenvalues are equal.
    """
    both = factors.eigh(operand(a, "linalg.eigh"), UPLO=UPLO)
    w = both[..., 0, :]
    return EighResult(w, factors.distinct(both[..., 1:, :], w))


@implements(np.linalg.svd)
def svd(a: Array, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """Return the singular value decomposition a = u diag(s) vh.

    Parameters
    ----------
    a : (…, m, n)
    full_matrices : whether u and vh are square; their columns and rows beyond k = min(m, n) are an
        arbitrary basis, and a gradient that reaches them is NaN
    compute_uv : whether u and vh are wanted; s alone is returned else

    Returns
    -------
    U : (…, m, m), or (…, m, k)
    S : (…, k), in descending order; equal ones share their gradient equally
    Vh : (…, n, n), or (…, k, n)

    Through the singular vectors the gradient is NaN where singular values are equal, or 0 in a matrix that is
    not square.
    """
    a = operand(a, "linalg.svd")
    if not compute_uv:
        return svdvals(a)
    packed = factors.svd(a, full=bool(full_matrices))
    (m, n), k = a.shape[-2:], min(a.shape[-2:])
    s, known = packed[..., m, :k], [packed[..., :m, :k], packed[..., m + 1 :, :k]]
    u, v = [factors.distinct(x, s, nonzero=x.shape[-2] > k) for x in known]
    if full_matrices and m > n:
        u = concatenate([u, packed[..., :m, k:]], axis=-1)
    if full_matrices and n > m:
        v = concatenate([v, packed[..., m + 1 :, k:]], axis=-1)
    return SVDResult(u, s, turned(v))
