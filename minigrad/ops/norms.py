"""Norms of vectors and matrices, and what they tell of a matrix: its condition and its rank.

Only the 2-norm has a rule of its own; the others are composed. At a vector of zeros the gradient of a
norm is taken to be 0, as that of the absolute value is at 0. Read next: `windows.py`.
"""

from __future__ import annotations

import builtins
import math
from typing import Any

import numpy as np

from ..engine import implements, operand, primitive
from ..errors import describe
from . import factors
from .elementwise import stop_gradient
from .extremes import max, min
from .factors import svdvals
from .kinks import absolute
from .products import identity_like
from .reduce import axes_within, keep, sum
from .shape import astype, moveaxis, reshape
from .solving import inv

Array = Any
Axes = int | tuple[int, ...] | None


@primitive
def two_norm(x: Array, *, axis: Axes = None, keepdims: bool = False) -> Array:
    """Return √Σx² along the axes, all by default, without overflow or underflow of a square."""
    dtype = x.dtype if x.dtype.kind == "f" else np.dtype(np.float64)
    wide: Array = x.astype(np.float64)
    top: Array = 1.0
    if dtype == np.float64 and x.size:  # else every square is in the range of float64
        top = np.max(np.absolute(wide), axis=axis, keepdims=True)
        top = np.where((top == 0) | ~np.isfinite(top), 1, top)
        wide = wide / top
    length = (top * np.sqrt(np.sum(wide * wide, axis=axis, keepdims=True))).astype(dtype)
    return length if keepdims else np.squeeze(length, axis=axis)


def _direction(g: Array, out: Array, x: Array, axis: Axes) -> Array:
    length = keep(out, x.shape, axis)
    return np.where(length == 0, 0, keep(g, x.shape, axis) * (x / np.where(length == 0, 1, length)))


two_norm.defvjp(x=_direction)


def _floats(x: Array, call: str) -> Array:
    x = operand(x, call)
    return x if x.dtype.kind == "f" else astype(x, np.float64)


@implements(np.linalg.vector_norm)
def vector_norm(x: Array, *, axis: Axes = None, keepdims: bool = False, ord: float | None = 2) -> Array:
    """Return (Σ|x|ᵖ)^(1/p) along the axes, all by default.

    Parameters
    ----------
    ord : p; inf and −inf for the largest and the smallest |x| (ties share the gradient equally), 0 for how many
        are not 0 (its derivative is 0)

    No power overflows or underflows unless the norm does.
    """
    x = _floats(x, "linalg.vector_norm")
    axis = None if axis is None else axes_within(x, axis, "linalg.vector_norm")
    if isinstance(ord, str):
        raise ValueError(f"linalg.vector_norm: ord={ord!r} is a norm of matrices; for vectors give a number")
    if ord is None or ord == 2:
        return two_norm(x, axis=axis, keepdims=keepdims)
    if ord == 0:
        return sum(np.where(True, astype(x != 0, x.dtype), x), axis=axis, keepdims=keepdims)
    size = absolute(x)
    if ord == -math.inf:
        return min(size, axis=axis, keepdims=keepdims)
    none = not all(x.shape[i] for i in (range(len(x.shape)) if axis is None else axis))
    if ord == 1 or (none and ord > 0):
        return sum(size, axis=axis, keepdims=keepdims)  # of no elements it is 0
    if ord == math.inf:
        return max(size, axis=axis, keepdims=keepdims)
    return _power_norm(size, float(ord), axis, keepdims)


def _power_norm(size: Array, p: float, axis: Axes, keepdims: bool) -> Array:
    constant = stop_gradient(size)
    top = (max if p > 0 else min)(constant, axis=axis, keepdims=True)
    top = np.where((top == 0) | ~np.isfinite(top), 1, top)  # taken out and put back: no part of the derivative
    terms = size / top
    if p < 1:  # where |x|ᵖ is not differentiable at 0
        terms = np.where(constant == 0, 0.0 if p > 0 else math.inf, np.where(constant == 0, 1, terms) ** p)
    else:
        terms = terms**p
    total = sum(terms, axis=axis, keepdims=keepdims)
    root = np.where(total == 0, 0, np.where(total == 0, 1, total) ** (1 / p))
    return root * (top if keepdims else reshape(top, total.shape))


@implements(np.linalg.matrix_norm)
def matrix_norm(x: Array, *, keepdims: bool = False, ord: float | str | None = "fro") -> Array:
    """Return a norm of every matrix (…, m, n) of a stack.

    Parameters
    ----------
    ord : "fro" for √Σx²; "nuc" for the sum of the singular values, 2 and −2 for the largest and the smallest;
        1 and −1 for the largest and the smallest sum of a column of |x|, inf and −inf for those of a row
    """
    x = _floats(x, "linalg.matrix_norm")
    if ord is None or ord in ("fro", "f"):
        return two_norm(x, axis=(-2, -1), keepdims=keepdims)
    if ord == "nuc":
        norm = sum(svdvals(x), axis=-1)
    elif ord in (2, -2, 1, -1, math.inf, -math.inf):
        parts = svdvals(x) if ord in (2, -2) else sum(absolute(x), axis=-2 if ord in (1, -1) else -1)
        norm = min(parts, axis=-1) if ord < 0 else max(parts, axis=-1) if parts.shape[-1] else sum(parts, axis=-1)
    else:
        raise ValueError(f"linalg.matrix_norm: ord must be 1, -1, 2, -2, inf, -inf, 'fro' or 'nuc', got {ord!r}")
    return reshape(norm, (*norm.shape, 1, 1)) if keepdims else norm


@implements(np.linalg.norm)
def norm(x: Array, ord: float | str | None = None, axis: Axes = None, keepdims: bool = False) -> Array:
    """Return a norm of vectors or of matrices.

    Parameters
    ----------
    ord : as in `vector_norm` along one axis, as in `matrix_norm` over two; by default √Σx² over any number
    axis : one axis, or those of the rows and of the columns; by default all, of which an `ord` allows two

    >>> import minigrad as mg
    >>> x = mg.tensor([3.0, 4.0], requires_grad=True)
    >>> mg.linalg.norm(x).backward(); x.grad
    tensor([0.6, 0.8])
    """
    x = _floats(x, "linalg.norm")
    axes = axes_within(x, axis, "linalg.norm")
    if ord is None and (axis is None or len(axes) in (1, 2)):
        return two_norm(x, axis=axes, keepdims=keepdims)
    if len(axes) == 1:
        return vector_norm(x, axis=axes, keepdims=keepdims, ord=ord)
    if len(axes) != 2:
        raise ValueError(
            f"linalg.norm: got {describe(x)}, ord={ord!r}, axis={axis}; give the axis of vectors or the two of matrices"
        )
    found = matrix_norm(moveaxis(x, axes, (-2, -1)), ord=ord)
    return reshape(found, [1 if i in axes else n for i, n in enumerate(x.shape)]) if keepdims else found


# Condition and rank


@implements(np.linalg.cond)
def cond(x: Array, p: float | str | None = None) -> Array:
    """Return the condition number of a matrix, ‖x‖ ‖x⁻¹‖, or of every one of a stack; inf of a singular one.

    Parameters
    ----------
    p : the norm, as `ord` in `matrix_norm`; by default 2, for which x need not be square
    """
    x = _floats(x, "linalg.cond")
    if not math.prod(x.shape):
        raise np.linalg.LinAlgError(f"linalg.cond: got {describe(x)}; an empty matrix has no condition number")
    if p in (None, 2, -2):
        s = svdvals(x)
        ends = (s[..., -1], s[..., 0]) if p == -2 else (s[..., 0], s[..., -1])
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = ends[0] / ends[1]
    else:
        singular = factors.slogdet(stop_gradient(x))[..., 0] == 0
        inverse = inv(np.where(singular[..., None, None], identity_like(x), x))
        ratio = np.where(singular, math.nan, matrix_norm(x, ord=p) * matrix_norm(inverse, ord=p))
    known = np.all(~np.isnan(x), axis=(-2, -1))
    return np.where(np.isnan(ratio) & known, math.inf, ratio)


@implements(np.linalg.matrix_rank)
def matrix_rank(A: Array, tol: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Array:
    """Return how many singular values of a matrix, or of every one of a stack, are above `tol`; no derivative.

    Parameters
    ----------
    tol : one number, or one for each matrix; by default `rtol` times the largest singular value
    hermitian : only False, which is right for every matrix
    rtol : by default the machine epsilon times max(m, n)
    """
    if hermitian or (tol is not None and rtol is not None):
        raise TypeError(
            "linalg.matrix_rank: hermitian=True is not supported; leave it out, the result is the same"
            if hermitian
            else "linalg.matrix_rank: tol and rtol cannot be both given"
        )
    A = stop_gradient(operand(A, "linalg.matrix_rank"))
    if len(A.shape) < 2:
        return sum(np.any(A != 0))
    s = svdvals(A)
    if tol is None and s.shape[-1]:
        relative = builtins.max(A.shape[-2:]) * float(np.finfo(s.dtype).eps)
        tol = s[..., 0] * (relative if rtol is None else rtol)
    return sum(s > (tol[..., None] if getattr(tol, "shape", ()) else tol or 0), axis=-1)
