"""Comparisons and questions, whose answers are booleans: not differentiable, on purpose.

Read next: `shape.py`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..engine import implements, operand, primitive

Array = Any


def _predicate(function: np.ufunc, text: str) -> Any:
    """Declare an element-wise question with a boolean answer."""
    if function.nin == 1:

        def body(x: Array) -> Array:
            return function(x)
    else:

        def body(x: Array, y: Array) -> Array:  # type: ignore[misc]
            return function(x, y)

    body.__name__ = body.__qualname__ = function.__name__
    body.__doc__ = f"Return {text}, element by element; not differentiable."
    made = primitive(body, numpy=function, broadcasts=function.nin == 2)
    made.defvjp(**dict.fromkeys(made.primitive.arrays))
    return made


equal = _predicate(np.equal, "x == y")
not_equal = _predicate(np.not_equal, "x != y")
less = _predicate(np.less, "x < y")
less_equal = _predicate(np.less_equal, "x <= y")
greater = _predicate(np.greater, "x > y")
greater_equal = _predicate(np.greater_equal, "x >= y")
logical_and = _predicate(np.logical_and, "x and y")
logical_or = _predicate(np.logical_or, "x or y")
logical_xor = _predicate(np.logical_xor, "whether just one of x and y is true")
logical_not = _predicate(np.logical_not, "not x")
isnan = _predicate(np.isnan, "whether x is NaN")
isinf = _predicate(np.isinf, "whether x is infinite")
isfinite = _predicate(np.isfinite, "whether x is finite")
signbit = _predicate(np.signbit, "whether x has a minus sign, −0 too")


@implements(np.isposinf)
def isposinf(x: Array) -> Array:
    """Return whether x is +∞, element by element; not differentiable."""
    return equal(operand(x, "isposinf"), math.inf)


@implements(np.isneginf)
def isneginf(x: Array) -> Array:
    """Return whether x is −∞, element by element; not differentiable."""
    return equal(operand(x, "isneginf"), -math.inf)


@primitive(numpy=np.isclose, broadcasts=True)
def isclose(a: Array, b: Array, *, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Array:
    """Return whether |a − b| ≤ atol + rtol·|b|, element by element; not differentiable."""
    return np.isclose(a, b, rtol=rtol, atol=atol, equal_nan=equal_nan)


isclose.defvjp(a=None, b=None)


@implements(np.allclose)
def allclose(a: Array, b: Array, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> bool:
    """Tell whether all elements are close, in the sense of `isclose`.

    >>> import minigrad as mg
    >>> mg.allclose(mg.tensor([0.1, 0.2]), [0.1, 0.2])
    True
    """
    return bool(isclose(a, b, rtol=rtol, atol=atol, equal_nan=equal_nan).all())


@implements(np.array_equal)
def array_equal(a1: Array, a2: Array, equal_nan: bool = False) -> bool:
    """Tell whether two arrays have the same shape and the same elements; NaN equals NaN only if `equal_nan`."""
    if np.shape(a1) != np.shape(a2):
        return False
    same = equal(a1, a2)
    return bool((same | (isnan(a1) & isnan(a2)) if equal_nan else same).all())
