"""Sums and products of numbers that are known by their logarithms, or multiply one: probabilities, mostly.

Read next: `methods.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import primitive
from .elementwise import LN2, floating
from .nn import sigmoid

Array = Any


def _lead(x: Array, y: Array) -> Array:
    """Return x − y, and 0 where both are the same infinity: then each counts for half."""
    with np.errstate(invalid="ignore"):
        return np.where((x == y) & np.isinf(x), 0, x - y)


@primitive(numpy=np.logaddexp, broadcasts=True)
def logaddexp(x: Array, y: Array) -> Array:
    """Return ln(eˣ + eʸ), without overflow: the logarithm of a sum of two numbers known by theirs.

    The gradient is shared in the proportion eˣ : eʸ, equally between two equal infinities.
    """
    return np.logaddexp(x, y)


logaddexp.defvjp(x=lambda g, x, y: g * sigmoid(_lead(x, y)), y=lambda g, x, y: g * sigmoid(_lead(y, x)))


@primitive(numpy=np.logaddexp2, broadcasts=True)
def logaddexp2(x: Array, y: Array) -> Array:
    """Return log₂(2ˣ + 2ʸ), without overflow."""
    return np.logaddexp2(x, y)


logaddexp2.defvjp(
    x=lambda g, x, y: g * sigmoid(LN2 * _lead(x, y)),
    y=lambda g, x, y: g * sigmoid(LN2 * _lead(y, x)),
)


def _array(value: Array, like: Array) -> Array:
    """Return a Python number as an array like another: of two of them NumPy's functions make float64."""
    return np.full_like(floating(like), value) if isinstance(value, int | float) else value


@primitive(broadcasts=True)
def xlogy(x: Array, y: Array) -> Array:
    """Return x·ln y, and 0 where x = 0 whatever y is (but NaN): a label times a logarithm of its probability.

    The derivative in x is ln y, at x = 0 too; the one in y is x/y, and 0 where x = 0.

    >>> import minigrad as mg
    >>> mg.xlogy(mg.tensor([0.0, 1.0]), mg.tensor([0.0, 1.0]))
    tensor([0., 0.])
    """
    return x * np.log(np.where((x == 0) & (y == y), 1, _array(y, x)))


xlogy.defvjp(x=lambda g, x, y: g * np.log(_array(y, x)), y=lambda g, x, y: g * (x / np.where(x == 0, 1, y)))
