"""Element-wise operations: one number in, one number out, at every position.

Each is its formula and its derivative. Broadcasting is undone by the engine. Where a function has a
kink the convention stands beside it. Read next: `shape.py`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..engine import get_default_dtype, primitive

Array = Any  # whatever the operation was handed: see "One rule, many readings" in the README

LN2, LN10 = math.log(2.0), math.log(10.0)


# Arithmetic


@primitive(numpy=np.add, broadcasts=True)
def add(x: Array, y: Array) -> Array:
    """Return x + y, element by element."""
    return x + y


add.defvjp(x=lambda g: g, y=lambda g: g)


@primitive(numpy=np.subtract, broadcasts=True)
def subtract(x: Array, y: Array) -> Array:
    """Return x − y, element by element."""
    return x - y


subtract.defvjp(x=lambda g: g, y=lambda g: -g)


@primitive(numpy=np.multiply, broadcasts=True)
def multiply(x: Array, y: Array) -> Array:
    """Return x · y, element by element."""
    return x * y


multiply.defvjp(x=lambda g, y: g * y, y=lambda g, x: g * x)


@primitive(numpy=np.divide, broadcasts=True)
def divide(x: Array, y: Array) -> Array:
    """Return x / y, element by element."""
    return x / y


divide.defvjp(x=lambda g, y: g / y, y=lambda g, out, y: -g * out / y)


@primitive(numpy=np.negative)
def negative(x: Array) -> Array:
    """Return −x."""
    return np.negative(x)


negative.defvjp(x=lambda g: -g)


@primitive(numpy=np.positive)
def positive(x: Array) -> Array:
    """Return +x."""
    return np.positive(x)


positive.defvjp(x=lambda g: g)


@primitive(numpy=np.reciprocal)
def reciprocal(x: Array) -> Array:
    """Return 1 / x."""
    return np.reciprocal(x)


reciprocal.defvjp(x=lambda g, out: -g * out * out)


@primitive(numpy=np.square)
def square(x: Array) -> Array:
    """Return x²."""
    return np.square(x)


square.defvjp(x=lambda g, x: g * (2 * x))


@primitive(numpy=np.power, broadcasts=True)
def power(x: Array, y: Array) -> Array:
    """Return x ** y; the derivative in x of x⁰ is 0 at x = 0 too, and 0 ** y has derivative 0 in y."""
    return x**y


def _power_x(g: Array, x: Array, y: Array) -> Array:
    # y·x^(y−1) is 0·∞ at x = y = 0, where x⁰ = 1 is constant: any other base gives the 0 wanted there.
    if isinstance(y, int | float):
        return g * (y * x ** (y - 1)) if y else 0 * g
    less = y - 1 if y.dtype.kind == "f" else y - 1.0  # unsigned integers would wrap around
    return g * (y * np.where((x == 0) & (y == 0), 1, x) ** less)


def _power_y(g: Array, out: Array, x: Array) -> Array:
    # x^y·ln x: its limit at x = 0 is 0; for negative x there is no real derivative.
    if isinstance(x, int | float):
        return g * (out * (math.log(x) if x > 0 else math.nan if x < 0 else 0.0))
    log = np.log(np.where(x > 0, x, 1))
    return g * (out * np.where(x < 0, np.nan, log))


power.defvjp(x=_power_x, y=_power_y)


# Exponentials and logarithms


@primitive(numpy=np.exp)
def exp(x: Array) -> Array:
    """Return eˣ."""
    return np.exp(x)


exp.defvjp(x=lambda g, out: g * out)


@primitive(numpy=np.expm1)
def expm1(x: Array) -> Array:
    """Return eˣ − 1, exact near 0."""
    return np.expm1(x)


expm1.defvjp(x=lambda g, x: g * np.exp(x))  # not out + 1, which is 0 long before eˣ is


@primitive(numpy=np.log)
def log(x: Array) -> Array:
    """Return the natural logarithm of x."""
    return np.log(x)


log.defvjp(x=lambda g, x: g / x)


@primitive(numpy=np.log1p)
def log1p(x: Array) -> Array:
    """Return ln(1 + x), exact near 0."""
    return np.log1p(x)


log1p.defvjp(x=lambda g, x: g / (1 + x))


@primitive(numpy=np.log2)
def log2(x: Array) -> Array:
    """Return the base-2 logarithm of x."""
    return np.log2(x)


log2.defvjp(x=lambda g, x: g / (x * LN2))


@primitive(numpy=np.log10)
def log10(x: Array) -> Array:
    """Return the base-10 logarithm of x."""
    return np.log10(x)


log10.defvjp(x=lambda g, x: g / (x * LN10))


@primitive(numpy=np.sqrt)
def sqrt(x: Array) -> Array:
    """Return the square root of x."""
    return np.sqrt(x)


sqrt.defvjp(x=lambda g, out: g / (2 * out))


# Trigonometric and hyperbolic functions


@primitive(numpy=np.sin)
def sin(x: Array) -> Array:
    """Return sin x, x in radians."""
    return np.sin(x)


sin.defvjp(x=lambda g, x: g * np.cos(x))


@primitive(numpy=np.cos)
def cos(x: Array) -> Array:
    """Return cos x, x in radians."""
    return np.cos(x)


cos.defvjp(x=lambda g, x: -g * np.sin(x))


@primitive(numpy=np.tan)
def tan(x: Array) -> Array:
    """Return tan x, x in radians."""
    return np.tan(x)


tan.defvjp(x=lambda g, out: g * (1 + out * out))


@primitive(numpy=np.arcsin)
def arcsin(x: Array) -> Array:
    """Return the angle in [−π/2, π/2] whose sine is x."""
    return np.arcsin(x)


arcsin.defvjp(x=lambda g, x: g / np.sqrt((1 - x) * (1 + x)))  # 1 − x² would cancel near ±1


@primitive(numpy=np.arccos)
def arccos(x: Array) -> Array:
    """Return the angle in [0, π] whose cosine is x."""
    return np.arccos(x)


arccos.defvjp(x=lambda g, x: -g / np.sqrt((1 - x) * (1 + x)))


@primitive(numpy=np.arctan)
def arctan(x: Array) -> Array:
    """Return the angle in (−π/2, π/2) whose tangent is x."""
    return np.arctan(x)


arctan.defvjp(x=lambda g, x: g / (1 + x * x))


@primitive(numpy=np.sinh)
def sinh(x: Array) -> Array:
    """Return the hyperbolic sine of x."""
    return np.sinh(x)


sinh.defvjp(x=lambda g, x: g * np.cosh(x))


@primitive(numpy=np.cosh)
def cosh(x: Array) -> Array:
    """Return the hyperbolic cosine of x."""
    return np.cosh(x)


cosh.defvjp(x=lambda g, x: g * np.sinh(x))


@primitive(numpy=np.tanh)
def tanh(x: Array) -> Array:
    """Return the hyperbolic tangent of x."""
    return np.tanh(x)


tanh.defvjp(x=lambda g, out: g * (1 - out * out))


@primitive(numpy=np.arcsinh)
def arcsinh(x: Array) -> Array:
    """Return the number whose hyperbolic sine is x."""
    return np.arcsinh(x)


arcsinh.defvjp(x=lambda g, x: g / np.sqrt(x * x + 1))


@primitive(numpy=np.arccosh)
def arccosh(x: Array) -> Array:
    """Return the number ≥ 0 whose hyperbolic cosine is x."""
    return np.arccosh(x)


arccosh.defvjp(x=lambda g, x: g / np.sqrt((x - 1) * (x + 1)))


@primitive(numpy=np.arctanh)
def arctanh(x: Array) -> Array:
    """Return the number whose hyperbolic tangent is x."""
    return np.arctanh(x)


arctanh.defvjp(x=lambda g, x: g / ((1 - x) * (1 + x)))


# Kinks and choices


@primitive(numpy=(np.absolute, np.fabs))
def absolute(x: Array) -> Array:
    """Return |x|; its derivative at 0 is taken to be 0."""
    return np.absolute(x)


absolute.defvjp(x=lambda g, x: g * np.sign(x))


@primitive(numpy=np.sign)
def sign(x: Array) -> Array:
    """Return −1, 0 or 1 by the sign of x; its derivative is 0 (at 0 too, where there is none)."""
    return np.sign(x)


sign.defvjp(x=lambda g: 0 * g)


@primitive(numpy=np.maximum, broadcasts=True)
def maximum(x: Array, y: Array) -> Array:
    """Return the larger of x and y; where they are equal each gets half of the gradient."""
    return np.maximum(x, y)


def _chosen(g: Array, chosen: Array, tied: Array) -> Array:
    return np.where(tied, g / 2, np.where(chosen, g, 0))


maximum.defvjp(x=lambda g, x, y: _chosen(g, x > y, x == y), y=lambda g, x, y: _chosen(g, y > x, x == y))


@primitive(numpy=np.minimum, broadcasts=True)
def minimum(x: Array, y: Array) -> Array:
    """Return the smaller of x and y; where they are equal each gets half of the gradient."""
    return np.minimum(x, y)


minimum.defvjp(x=lambda g, x, y: _chosen(g, x < y, x == y), y=lambda g, x, y: _chosen(g, y < x, x == y))


@primitive(numpy=np.clip, broadcasts=True)
def clip(a: Array, a_min: Array = None, a_max: Array = None) -> Array:
    """Return a, with values below a_min or above a_max replaced by the bound.

    The gradient goes to `a` where it lies within the bounds, ends included, and to the bound elsewhere.
    """
    return np.clip(a, a_min, a_max)


def _within(a: Array, a_min: Array, a_max: Array) -> Array:
    if a_max is None:
        return a == a if a_min is None else a >= a_min
    return a <= a_max if a_min is None else (a >= a_min) & (a <= a_max)


clip.defvjp(
    a=lambda g, a, a_min, a_max: np.where(_within(a, a_min, a_max), g, 0),
    # a_max has the last word where the bounds cross, as in NumPy
    a_min=lambda g, a, a_min, a_max: np.where((a < a_min) & (True if a_max is None else a_min <= a_max), g, 0),
    a_max=lambda g, a, a_min, a_max: np.where((a > a_max) | (False if a_min is None else a_min > a_max), g, 0),
)


@primitive(numpy=np.where, broadcasts=True)
def where(condition: Array, x: Array, y: Array) -> Array:
    """Return x where the condition holds and y elsewhere.

    Both branches are computed before the choice. A branch that is NaN or inf where it is not taken
    does no harm here, but its own derivative may: replace the argument of the dangerous function, not
    its result (`mg.log(mg.where(x > 0, x, 1))`).
    """
    chosen: Array = np.where(condition, x, y)
    if {type(x), type(y)} <= {int, float} and chosen.dtype.kind == "f":
        return chosen.astype(get_default_dtype())  # of two Python numbers NumPy makes float64
    return chosen


where.defvjp(
    condition=None,
    x=lambda g, condition: np.where(condition, g, 0),
    y=lambda g, condition: np.where(condition, 0, g),
)


@primitive
def stop_gradient(x: Array) -> Array:
    """Return x as a constant: no gradient flows through."""
    return x[...]


stop_gradient.defvjp(x=None)


# Comparisons and logic: not differentiable, on purpose


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
logical_not = _predicate(np.logical_not, "not x")
isnan = _predicate(np.isnan, "whether x is NaN")
isinf = _predicate(np.isinf, "whether x is infinite")
isfinite = _predicate(np.isfinite, "whether x is finite")
