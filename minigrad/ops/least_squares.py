"""Pseudo-inverses and least squares.

G. Golub and V. Pereyra, "The differentiation of pseudo-inverses and nonlinear least squares problems
whose variables separate" (1973), has the formulas. Read next: `norms.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import Tensor, implements, primitive
from .decompositions import svdvals
from .linalg import matmul, misfit, turned
from .reduce import sum
from .shape import _several
from .solving import FLOATS, MATRIX

Array = Any

_UNSET: Any = object()


def _relative(shape: tuple[int, ...], dtype: Any, rcond: Any, rtol: Any) -> Any:
    """Return the relative size below which a singular value counts as 0: NumPy has two names for it."""
    if rcond is not None and rtol is not _UNSET:
        raise TypeError("rtol and rcond are two names for one thing; give one of them")
    relative: Any = 1e-15 if rcond is None and rtol is _UNSET else rcond if rtol is _UNSET else rtol
    relative = relative.data if isinstance(relative, Tensor) else relative
    if relative is None:
        return max(shape[-2:]) * float(np.finfo(dtype).eps)
    return relative[..., None] if getattr(relative, "shape", ()) else relative


@primitive(numpy=np.linalg.pinv, needs=f"{MATRIX}; {FLOATS}")
def pinv(a: Array, *, rcond: Any = None, hermitian: bool = False, rtol: Any = _UNSET) -> Array:
    """Return the Moore-Penrose inverse (…, n, m) of a matrix (…, m, n).

    Parameters
    ----------
    rcond : singular values below `rcond` times the largest count as 0; 1e-15 by default
    rtol : the same under its newer name; None stands for the machine epsilon times max(m, n)
    hermitian : only False, which is right for every matrix

    The derivative holds for changes that keep the rank: where the rank is not full, others make the
    result jump.
    """
    if hermitian:
        raise TypeError("hermitian=True is not supported; leave it out, the result is the same")
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    if not s.size:
        return turned(a) * 1.0
    large = s > _relative(a.shape, s.dtype, rcond, rtol) * np.max(s, axis=-1, keepdims=True)
    inverse = np.where(large, 1 / np.where(large, s, 1), 0)
    return turned(vh) @ (inverse[..., None] * turned(u))


def _pinv_back(g: Array, out: Array, a: Array) -> Array:
    p, gt = out, turned(g)
    left = gt @ p @ turned(p)
    right = turned(p) @ p @ gt
    return -turned(p) @ g @ turned(p) + (left - a @ (p @ left)) + (right - (right @ p) @ a)


pinv.defvjp(a=_pinv_back)


@primitive(needs=f"a must be a matrix, and b a vector or a matrix of as many rows; {FLOATS}")
def least_squares(a: Array, b: Array, *, rcond: float) -> Array:
    """Return the shortest x that makes |a x − b|² least: what `linalg.lstsq` is made of."""
    return np.linalg.lstsq(a, b, rcond)[0]


def _columns(x: Array) -> Array:
    return x[:, None] if x.ndim == 1 else x


def _least_squares_b(g: Array, a: Array, b_shape: tuple[int, ...], rcond: float) -> Array:
    return (turned(np.linalg.pinv(a, rcond)) @ _columns(g)).reshape(b_shape)


def _least_squares_a(g: Array, out: Array, a: Array, b: Array, rcond: float) -> Array:
    # as for `pinv`, with p b = x and (1 − a p) b = the residual
    p, g, x, b = np.linalg.pinv(a, rcond), _columns(g), _columns(out), _columns(b)
    pg = turned(p) @ g
    return -pg @ turned(x) + (b - a @ x) @ turned(p @ pg) + turned(p) @ x @ turned(g - p @ (a @ g))


least_squares.defvjp(a=_least_squares_a, b=_least_squares_b)


@implements(np.linalg.lstsq)
def lstsq(a: Array, b: Array, rcond: float | None = None) -> tuple[Array, Array, int, Array]:
    """Return the least-squares solution of a x = b, for a matrix of any shape and rank.

    Parameters
    ----------
    a : (m, n)
    b : (m,) or (m, k)
    rcond : singular values below `rcond` times the largest count as 0; by default the machine epsilon
        times max(m, n), and for a negative number the machine epsilon

    Returns
    -------
    x : (n,) or (n, k); the derivative holds for changes of `a` that keep its rank
    residuals : (k,), or (1,) for a vector: the sums of (a x − b)²; empty if rank < n or m ≤ n
    rank : of `a`, an int
    s : (min(m, n),), the singular values of `a`
    """
    a, b = _several((a, b), "linalg.lstsq")
    if len(a.shape) != 2 or len(b.shape) not in (1, 2) or a.shape[0] != b.shape[0]:
        raise misfit("linalg.lstsq", a, b, "a must be a matrix, and b a vector or a matrix of as many rows")
    s = svdvals(a)
    eps = float(np.finfo(s.dtype).eps)
    small = eps * max(a.shape) if rcond is None else rcond if rcond >= 0 else eps
    x = least_squares(a, b, rcond=small)
    rank = int(sum(s > small * (s[0] if s.shape[0] else 0)))
    if rank < a.shape[1] or a.shape[0] <= a.shape[1]:
        return x, s[:0], rank, s
    residual = _columns(b - matmul(a, x))
    return x, sum(residual * residual, axis=0), rank, s
