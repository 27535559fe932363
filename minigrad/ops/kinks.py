"""Kinks: where the slope of a function jumps, and the choices that make it jump.

What is done at the kink stands in the docstring. Beside NaN there is no choice to speak of, so a gradient
is NaN where the result is. Step functions have derivative 0 everywhere. Read next: `rounding.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import get_default_dtype, implements, operand, primitive
from .elementwise import floating

Array = Any


def flat(g: Array) -> Array:
    """Return the gradient of a step: 0, even where the cotangent is infinite."""
    return np.zeros_like(g)


@primitive(numpy=np.absolute)
def absolute(x: Array) -> Array:
    """Return |x|; its derivative at 0 is taken to be 0."""
    return np.absolute(x)


absolute.defvjp(x=lambda g, x: g * np.sign(x))


@implements(np.fabs)
def fabs(x: Array) -> Array:
    """Return |x| as floats, of integers too; its derivative at 0 is taken to be 0."""
    return absolute(floating(operand(x, "fabs")))


@primitive(numpy=np.sign)
def sign(x: Array) -> Array:
    """Return −1, 0 or 1 by the sign of x; its derivative is 0 (at 0 too, where there is none)."""
    return np.sign(x)


sign.defvjp(x=lambda g: flat(g))


@primitive(numpy=np.copysign, broadcasts=True)
def copysign(x: Array, y: Array) -> Array:
    """Return |x| with the sign of y; the derivative in x is 0 at x = 0, the one in y is 0 everywhere."""
    return np.copysign(x, y)


copysign.defvjp(x=lambda g, out, x: g * (np.sign(x) * np.sign(out)), y=lambda g: flat(g))


@primitive(numpy=np.heaviside, broadcasts=True)
def heaviside(x: Array, y: Array) -> Array:
    """Return the unit step: 0 where x < 0, 1 where x > 0 and y where x = 0; the derivative in x is 0."""
    return np.heaviside(x, y)


heaviside.defvjp(x=lambda g: flat(g), y=lambda g, x: np.where(x == 0, g, 0))


# The larger and the smaller


def _chosen(g: Array, mine: Array, theirs: Array) -> Array:
    """Return g where only `mine` holds, 0 where only `theirs`, half where both do, NaN where neither does."""
    return np.where(mine, np.where(theirs, g / 2, g), np.where(theirs, 0, np.full_like(g, np.nan)))


@primitive(numpy=np.maximum, broadcasts=True)
def maximum(x: Array, y: Array) -> Array:
    """Return the larger of x and y, NaN if either is; where they are equal each gets half of the gradient."""
    return np.maximum(x, y)


maximum.defvjp(x=lambda g, x, y: _chosen(g, x >= y, y >= x), y=lambda g, x, y: _chosen(g, y >= x, x >= y))


@primitive(numpy=np.minimum, broadcasts=True)
def minimum(x: Array, y: Array) -> Array:
    """Return the smaller of x and y, NaN if either is; where they are equal each gets half of the gradient."""
    return np.minimum(x, y)


minimum.defvjp(x=lambda g, x, y: _chosen(g, x <= y, y <= x), y=lambda g, x, y: _chosen(g, y <= x, x <= y))


def _alone(x: Array, y: Array) -> Array:
    """Tell where x is NaN and y is not; of Python numbers too."""
    return (x != x) & (y == y)


@primitive(numpy=np.fmax, broadcasts=True)
def fmax(x: Array, y: Array) -> Array:
    """Return the larger of x and y, or the one that is not NaN; where they are equal each gets half the gradient."""
    return np.fmax(x, y)


fmax.defvjp(
    x=lambda g, x, y: _chosen(g, (x >= y) | _alone(y, x), (y >= x) | _alone(x, y)),
    y=lambda g, x, y: _chosen(g, (y >= x) | _alone(x, y), (x >= y) | _alone(y, x)),
)


@primitive(numpy=np.fmin, broadcasts=True)
def fmin(x: Array, y: Array) -> Array:
    """Return the smaller of x and y, or the one that is not NaN; where they are equal each gets half the gradient."""
    return np.fmin(x, y)


fmin.defvjp(
    x=lambda g, x, y: _chosen(g, (x <= y) | _alone(y, x), (y <= x) | _alone(x, y)),
    y=lambda g, x, y: _chosen(g, (y <= x) | _alone(x, y), (x <= y) | _alone(y, x)),
)


# Replacing some values by others


def _clip(a: Array, a_min: Array = None, a_max: Array = None) -> Array:
    return np.clip(a, a_min, a_max)


_clip.__name__ = "clip"  # what its errors say: the public function is below
_between = primitive(_clip, numpy=np.clip, broadcasts=True)


def _within(a: Array, a_min: Array, a_max: Array) -> Array:
    if a_max is None:
        return a == a if a_min is None else a >= a_min
    return a <= a_max if a_min is None else (a >= a_min) & (a <= a_max)


_between.defvjp(
    # beyond the bounds 0, and where out is NaN, NaN
    a=lambda g, out, a, a_min, a_max: np.where(_within(a, a_min, a_max), g, np.where(out == out, 0, out)),
    # a_max has the last word where the bounds cross, as in NumPy
    a_min=lambda g, a, a_min, a_max: np.where((a < a_min) & (True if a_max is None else a_min <= a_max), g, 0),
    a_max=lambda g, a, a_min, a_max: np.where((a > a_max) | (False if a_min is None else a_min > a_max), g, 0),
)


@implements(np.clip)
def clip(a: Array, a_min: Array = None, a_max: Array = None, *, min: Array = None, max: Array = None) -> Array:
    """Return a, with values below a_min or above a_max replaced by the bound; `min` and `max` are other names for them.

    The gradient goes to `a` where it lies within the bounds, ends included, and to the bound elsewhere.

    >>> import minigrad as mg
    >>> mg.clip(mg.tensor([-1.0, 0.5, 2.0]), min=0)
    tensor([0. , 0.5, 2. ])
    """
    if (a_min is not None and min is not None) or (a_max is not None and max is not None):
        raise TypeError("clip: got a bound twice, as a_min and min, or a_max and max; they are two names of one bound")
    return _between(a, a_min if min is None else min, a_max if max is None else max)


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


@primitive(numpy=np.nan_to_num)
def nan_to_num(
    x: Array, *, copy: bool = True, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Array:
    """Return x with NaN and the infinities replaced, by 0 and the largest numbers; no gradient reaches what was."""
    if copy is not True:
        raise TypeError(f"nan_to_num: got copy={copy!r}, but no Tensor is changed in place; leave it out")
    return np.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)


nan_to_num.defvjp(x=lambda g, x: np.where(np.isfinite(x), g, 0))
