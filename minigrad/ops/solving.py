"""Linear equations: inverses and solutions.

Every rule is made of matrix products and of the same solutions, so that it can be differentiated again.
M. Giles, "Collected matrix derivative results for forward and reverse mode algorithmic differentiation"
(2008), has the formulas. Read next: `factors.py`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..engine import implements, primitive
from ..errors import ShapeError, describe
from .linalg import misfit, turned
from .shape import _several, moveaxis, ravel, reshape

Array = Any

SQUARE = "a must be a square matrix, or a stack of them"
MATRIX = "a must be a matrix, or a stack of them"
FLOATS = "convert float16 with a.astype('float32')"


@primitive(numpy=np.linalg.inv, needs=f"{SQUARE}, not singular (linalg.pinv takes any); {FLOATS}")
def inv(a: Array) -> Array:
    """Return the inverse of a square matrix (…, n, n).

    Raises
    ------
    numpy.linalg.LinAlgError
        when a matrix is singular.
    """
    return np.linalg.inv(a)


inv.defvjp(a=lambda g, out: -turned(out) @ g @ turned(out))


@primitive(
    numpy=np.linalg.solve,
    broadcasts=True,
    needs=f"{SQUARE}, not singular (linalg.lstsq takes any), and b must have as many rows; {FLOATS}",
)
def solve(a: Array, b: Array) -> Array:
    """Return x with a x = b.

    Parameters
    ----------
    a : (…, n, n)
    b : (n,), one right-hand side; or (…, n, k), k of them

    Raises
    ------
    numpy.linalg.LinAlgError
        when a matrix is singular.
    """
    return np.linalg.solve(a, b[:, None])[..., 0] if b.ndim == 1 else np.linalg.solve(a, b)


def _solve_b(g: Array, a: Array, b_shape: tuple[int, ...]) -> Array:
    return np.linalg.solve(turned(a), g[..., None])[..., 0] if len(b_shape) == 1 else np.linalg.solve(turned(a), g)


def _solve_a(g: Array, out: Array, a: Array, b_shape: tuple[int, ...]) -> Array:
    g = -_solve_b(g, a, b_shape)
    return g[..., None] * out[..., None, :] if len(b_shape) == 1 else g @ turned(out)


solve.defvjp(a=_solve_a, b=_solve_b)


@implements(np.linalg.tensorinv)
def tensorinv(a: Array, ind: int = 2) -> Array:
    """Return the inverse of the map that `tensordot(a, x, x.ndim)` is; the first `ind` axes are its result's."""
    (a,) = _several((a,), "linalg.tensorinv")
    first, rest = a.shape[:ind], a.shape[ind:]
    if ind <= 0 or math.prod(first) != math.prod(rest):
        raise ShapeError(
            f"linalg.tensorinv: got {describe(a)}, ind={ind}; the first ind axes (at least one) must hold as many "
            "elements as the others"
        )
    return reshape(inv(reshape(a, (math.prod(first), math.prod(rest)))), (*rest, *first))


@implements(np.linalg.tensorsolve)
def tensorsolve(a: Array, b: Array, axes: Sequence[int] | None = None) -> Array:
    """Return x with tensordot(a, x, x.ndim) = b; `axes` of `a` are moved to its end first."""
    a, b = _several((a, b), "linalg.tensorsolve")
    if axes is not None:
        a = moveaxis(a, tuple(axes), tuple(range(-len(axes), 0)))
    shape = a.shape[len(b.shape) :]
    if math.prod(a.shape[: len(b.shape)]) != math.prod(b.shape) or math.prod(shape) != math.prod(b.shape):
        raise misfit(
            "linalg.tensorsolve", a, b, "the first axes of a, as many as b has, and the others must each hold as "
            "many elements as b"
        )  # fmt: skip
    return reshape(solve(reshape(a, (math.prod(b.shape), math.prod(shape))), ravel(b)), shape)
