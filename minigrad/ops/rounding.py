"""Rounding, and division with a remainder.

A rounded number is a step function: its derivative is 0, at the steps too, where there is none. What is
left over moves with the number. Read next: `comparisons.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import implements, operand, primitive
from ..errors import describe
from .kinks import flat

Array = Any


@primitive(numpy=np.floor)
def floor(x: Array) -> Array:
    """Return the largest whole number ≤ x; its derivative is 0."""
    return np.floor(x)


floor.defvjp(x=lambda g: flat(g))


@primitive(numpy=np.ceil)
def ceil(x: Array) -> Array:
    """Return the smallest whole number ≥ x; its derivative is 0."""
    return np.ceil(x)


ceil.defvjp(x=lambda g: flat(g))


@primitive(numpy=(np.trunc, np.fix))
def trunc(x: Array) -> Array:
    """Return the nearest whole number on the way from x to 0, also called `fix`; its derivative is 0."""
    return np.trunc(x)


trunc.defvjp(x=lambda g: flat(g))


@primitive(numpy=np.rint)
def rint(x: Array) -> Array:
    """Return the whole number nearest to x, the even one of two; its derivative is 0."""
    return np.rint(x)


rint.defvjp(x=lambda g: flat(g))


@primitive(numpy=(np.round, np.around))
def round(a: Array, *, decimals: int = 0) -> Array:
    """Return a with so many decimals, the even one of two that are equally near; its derivative is 0.

    >>> import minigrad as mg
    >>> mg.round(mg.tensor([0.5, 1.5, 2.126]), 2)
    tensor([0.5 , 1.5 , 2.13])
    """
    return np.around(a, decimals)


round.defvjp(a=lambda g: flat(g))


# Division with a remainder


@primitive(numpy=np.floor_divide, broadcasts=True)
def floor_divide(x: Array, y: Array) -> Array:
    """Return x // y, the largest whole number ≤ x / y; its derivatives are 0."""
    return x // y


floor_divide.defvjp(x=lambda g: flat(g), y=lambda g: flat(g))


@primitive(numpy=np.remainder, broadcasts=True)
def remainder(x: Array, y: Array) -> Array:
    """Return x % y = x − y·(x // y), which has the sign of y; the derivatives are 1 and −(x // y)."""
    return x % y


remainder.defvjp(x=lambda g: g, y=lambda g, x, y: -g * (x // y))


@implements(np.divmod)
def divmod(x: Array, y: Array) -> tuple[Array, Array]:
    """Return (x // y, x % y)."""
    return floor_divide(x, y), remainder(x, y)


@primitive(numpy=np.fmod, broadcasts=True)
def fmod(x: Array, y: Array) -> Array:
    """Return the remainder of C, x − y·trunc(x / y), which has the sign of x."""
    return np.fmod(x, y)


fmod.defvjp(x=lambda g: g, y=lambda g, out, x, y: -g * np.rint((x - out) / y))  # trunc(x / y), but x / y is rounded


# A number and its parts


@primitive
def frac(x: Array) -> Array:
    """Return x − trunc(x), with the sign of x; its derivative is 1."""
    return np.modf(x)[0]


frac.defvjp(x=lambda g: g)


@implements(np.modf)
def modf(x: Array) -> tuple[Array, Array]:
    """Return the fractional part, whose derivative is 1, and the whole part, whose derivative is 0."""
    x = operand(x, "modf")
    return frac(x), trunc(x)


@primitive(numpy=np.ldexp, broadcasts=True)
def ldexp(x: Array, n: Array) -> Array:
    """Return x·2ⁿ for whole numbers n, exactly; differentiable in x."""
    if getattr(n, "dtype", np.dtype(type(n))).kind == "f":
        raise TypeError(f"ldexp: n must be whole numbers, got {describe(n)}; write x * 2.0**n")
    return np.ldexp(x, n)


ldexp.defvjp(x=lambda g, n: np.ldexp(g, n), n=None)


@primitive
def exponent(x: Array) -> Array:
    """Return the whole number n for which ½ ≤ |x|·2⁻ⁿ < 1; not differentiable."""
    return np.frexp(x)[1]


exponent.defvjp(x=None)


@implements(np.frexp)
def frexp(x: Array) -> tuple[Array, Array]:
    """Return m and n with x = m·2ⁿ, ½ ≤ |m| < 1 and n whole; the derivative of m is 2⁻ⁿ."""
    x = operand(x, "frexp")
    n = exponent(x)
    return ldexp(x, -n), n
