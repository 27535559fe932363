"""Element-wise operations: one number in, one number out, at every position.

Each is its formula and its derivative, of any order, and broadcasting is undone by the engine. These are
the smooth ones, the functions of school. Read next: `angles.py`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..engine import primitive

Array = Any  # whatever the operation was handed: see "One rule, many readings" in the README

LN2, LN10 = math.log(2.0), math.log(10.0)


def floating(x: Array) -> Array:
    """Return integers and booleans as float64: uint8 would wrap around, or give float16."""
    return x if x.dtype.kind == "f" else x.astype(np.float64)


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


@primitive(numpy=(np.positive, np.conjugate, np.real))
def positive(x: Array) -> Array:
    """Return +x; of real numbers, which all are here, also the conjugate and the real part."""
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
        return g * (y * x ** (y - 1)) if y else np.zeros_like(g)
    less = y - 1 if y.dtype.kind == "f" else y - 1.0  # unsigned integers would wrap around
    return g * (y * np.where((x == 0) & (y == 0), 1, x) ** less)


def _power_y(g: Array, out: Array, x: Array) -> Array:
    # x^y·ln x: its limit at x = 0 is 0; for negative x there is no real derivative.
    if isinstance(x, int | float):
        return g * (out * (math.log(x) if x > 0 else math.nan if x < 0 else 0.0))
    log = np.log(np.where(x > 0, x, 1))
    return g * (out * np.where(x < 0, np.nan, log))


power.defvjp(x=_power_x, y=_power_y)


@primitive(numpy=np.float_power, broadcasts=True)
def float_power(x: Array, y: Array) -> Array:
    """Return x ** y as floats: of integers as float64, while float32 stays float32."""
    return (float(x) if isinstance(x, int | float) else floating(x)) ** y


float_power.defvjp(x=_power_x, y=_power_y)


@primitive(numpy=np.sqrt)
def sqrt(x: Array) -> Array:
    """Return the square root of x."""
    return np.sqrt(x)


sqrt.defvjp(x=lambda g, out: g / (2 * out + 0))  # + 0: the slope at −0 is +∞ as at 0


@primitive(numpy=np.cbrt)
def cbrt(x: Array) -> Array:
    """Return the cube root of x, of negative numbers too."""
    return np.cbrt(x)


cbrt.defvjp(x=lambda g, out: g / (3 * out) / out)


# Exponentials and logarithms


@primitive(numpy=np.exp)
def exp(x: Array) -> Array:
    """Return eˣ."""
    return np.exp(x)


exp.defvjp(x=lambda g, out: g * out)


@primitive(numpy=np.exp2)
def exp2(x: Array) -> Array:
    """Return 2ˣ."""
    return np.exp2(x)


exp2.defvjp(x=lambda g, out: g * (out * LN2))


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


log2.defvjp(x=lambda g, x: g / LN2 / x)


@primitive(numpy=np.log10)
def log10(x: Array) -> Array:
    """Return the base-10 logarithm of x."""
    return np.log10(x)


log10.defvjp(x=lambda g, x: g / LN10 / x)


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


def _arctan_back(g: Array, x: Array) -> Array:
    length = np.hypot(1, x)  # its square 1 + x² would overflow
    return g / length / length


arctan.defvjp(x=_arctan_back)


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
    """Return the hyperbolic tangent of x.

    Its derivative 1 − tanh² is made of the result: exact to the rounding of 1, and 0 where tanh x rounds to ±1.
    """
    return np.tanh(x)


tanh.defvjp(x=lambda g, out: g * (1 - out * out))


@primitive(numpy=np.arcsinh)
def arcsinh(x: Array) -> Array:
    """Return the number whose hyperbolic sine is x."""
    return np.arcsinh(x)


arcsinh.defvjp(x=lambda g, x: g / np.hypot(1, x))


@primitive(numpy=np.arccosh)
def arccosh(x: Array) -> Array:
    """Return the number ≥ 0 whose hyperbolic cosine is x."""
    return np.arccosh(x)


arccosh.defvjp(x=lambda g, x: g / (np.sqrt(x - 1) * np.sqrt(x + 1)))  # the product of both would overflow


@primitive(numpy=np.arctanh)
def arctanh(x: Array) -> Array:
    """Return the number whose hyperbolic tangent is x."""
    return np.arctanh(x)


arctanh.defvjp(x=lambda g, x: g / ((1 - x) * (1 + x)))


# The same number, in other roles


@primitive
def stop_gradient(x: Array) -> Array:
    """Return x as a constant: no gradient flows through."""
    return x[...]


stop_gradient.defvjp(x=None)


@primitive
def named(x: Array, *, name: str) -> Array:
    """Return x itself, as a node that has a name: explanations and formulas call it so."""
    return x[...]


named.defvjp(x=lambda g: g)
