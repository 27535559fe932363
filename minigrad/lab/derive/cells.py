"""Arrays of formulas, of numbers for lengths: NumPy's object arrays do most of the work.

What only moves elements, or adds and multiplies them, works on any objects. Read next: `array.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .algebra import Expr, exact, sympy
from .elements import Element, number

Cells = Any  # a NumPy array of SymPy expressions


def cells(value: Any) -> Cells:
    """Return an expression, a number, or an array of either, as an array of expressions."""
    given = value if isinstance(value, np.ndarray) else _alone(value)
    if given.dtype.kind == "f" and given.dtype != np.float64:
        given = given.astype(str).astype(np.float64)  # the shortest decimal: 0.1, and not what float32 makes of it
    made = np.empty(given.shape, object)
    made[...] = np.frompyfunc(_formula, 1, 1)(given)
    return made


def _alone(value: Any) -> Cells:
    alone = np.empty((), object)
    alone[()] = value
    return alone


def _formula(value: Any) -> Expr:
    if isinstance(value, sympy.Basic):
        return value
    return exact(value.item() if isinstance(value, np.generic) else value)


def element_wise(function: Element, *operands: Cells) -> Cells:
    """Apply a function to the elements of operands that are broadcast against each other."""
    return cells(np.frompyfunc(function, len(operands), 1)(*operands))


def _count(a: Cells, axis: Any) -> int:
    axes = range(a.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return math.prod([a.shape[i] for i in axes])


def sum_over(a: Cells, axis: Any = None, keepdims: bool = False) -> Cells:
    """Return sums along axes; of truth values, how many are true."""
    return np.sum(element_wise(number, a), axis=axis, keepdims=keepdims)


def mean_over(a: Cells, axis: Any = None, keepdims: bool = False) -> Cells:
    """Return means along axes."""
    return sum_over(a, axis, keepdims) / sympy.Integer(_count(a, axis))


def var_over(a: Cells, axis: Any = None, ddof: Any = 0, keepdims: bool = False) -> Cells:
    """Return variances along axes."""
    centred = a - mean_over(a, axis, True)
    return sum_over(centred * centred, axis, keepdims) / exact(_count(a, axis) - ddof)


def std_over(a: Cells, axis: Any = None, ddof: Any = 0, keepdims: bool = False) -> Cells:
    """Return standard deviations along axes."""
    return element_wise(sympy.sqrt, cells(var_over(a, axis, ddof, keepdims)))


def _extreme(which: str) -> Callable[..., Cells]:
    def over(a: Cells, axis: Any = None, keepdims: bool = False) -> Cells:
        """Return the largest, or smallest, along axes: `max(a, b, c)`."""
        return np.frompyfunc(getattr(sympy, which), 2, 1).reduce(a, axis=axis, keepdims=keepdims)

    return over


def counted(x: Any, weights: Cells, minlength: int = 0) -> Cells:
    """Return for each whole number the sum of the weights that stand at it."""
    sums = cells(np.zeros(minlength))
    for position, weight in zip(x, weights, strict=True):
        sums[position] += weight
    return sums


def inverse(a: Cells) -> Cells:
    """Return the inverse of a matrix."""
    return np.array(sympy.Matrix(a).inv().tolist(), object)


def solution(a: Cells, b: Cells) -> Cells:
    """Return the x with a·x = b."""
    return (inverse(a) @ b.reshape(len(b), -1)).reshape(b.shape)


# What NumPy itself does to objects as it does to numbers
_AS_IT_IS = (
    "reshape transpose swapaxes moveaxis squeeze expand_dims broadcast_to matrix_transpose ravel concatenate stack "
    "split flip roll rot90 repeat tile take take_along_axis compress choose diagonal diag tril triu trace delete "
    "matmul dot outer inner einsum tensordot kron cumsum cumprod diff copy sliding_window_view pad vdot cross "
    "convolve correlate"
)
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sum": sum_over, "mean": mean_over, "var": var_over, "std": std_over,
    "max": _extreme("Max"), "amax": _extreme("Max"), "min": _extreme("Min"), "amin": _extreme("Min"),
    "prod": lambda a, axis=None, keepdims=False: np.prod(a, axis=axis, keepdims=keepdims),
    "det": lambda a: sympy.Matrix(a).det(),
    "bincount": counted, "inv": inverse, "solve": solution,
}  # fmt: skip


def function(ours: Any) -> Callable[..., Any] | None:
    """Return what a NumPy function does to arrays of formulas, None where it is not known."""
    return FUNCTIONS.get(ours.__name__) or (ours if ours.__name__ in _AS_IT_IS.split() else None)
