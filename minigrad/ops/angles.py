"""Angles and distances in the plane.

The derivatives of √(x² + y²) and of its angle are made of the direction of (x, y), which is found without
squaring x or y: they may be as large or small as numbers can be. Read next: `kinks.py`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..engine import implements, operand, primitive
from .elementwise import multiply, stop_gradient

Array = Any


def _polar(x: Array, y: Array) -> tuple[Array, Array, Array]:
    """Return x/s, √(x² + y²)/s and s, the larger of |x| and |y|: whatever is made of them does not depend on s."""
    s = stop_gradient(np.maximum(abs(x), abs(y)))
    u, v = _share(x, s), _share(y, s)
    return u, np.where(s == 0, 1, np.hypot(u, v)), s


def _share(x: Array, s: Array) -> Array:
    """Return x/s: 0 where s is 0, and ±1 for an infinite x."""
    share = np.clip(x / np.where((s == 0) | np.isinf(x), 1, s), -1, 1)
    return np.where(s == 0, 0, share)


def _cosine(x: Array, y: Array) -> Array:
    """Return x / √(x² + y²), and 0 at the origin."""
    u, length, _ = _polar(x, y)
    return u / length


def _turn(x: Array, y: Array) -> Array:
    """Return x / (x² + y²)."""
    u, length, s = _polar(x, y)
    return u / length / length / s


@primitive(numpy=np.hypot, broadcasts=True)
def hypot(x: Array, y: Array) -> Array:
    """Return √(x² + y²), without overflow; its gradient at the origin is taken to be 0."""
    return np.hypot(x, y)


hypot.defvjp(x=lambda g, x, y: g * _cosine(x, y), y=lambda g, x, y: g * _cosine(y, x))


@primitive(numpy=np.arctan2, broadcasts=True)
def arctan2(y: Array, x: Array) -> Array:
    """Return the angle of the point (x, y), in [−π, π]; at the origin it has no gradient (NaN).

    >>> import minigrad as mg
    >>> print(f"{mg.arctan2(mg.tensor(1.0), -1.0).item():.4f}")
    2.3562
    """
    return np.arctan2(y, x)


arctan2.defvjp(y=lambda g, y, x: g * _turn(x, y), x=lambda g, y, x: -g * _turn(y, x))


@implements(np.deg2rad, np.radians)
def deg2rad(x: Array) -> Array:
    """Return degrees as radians, x·π/180."""
    return multiply(operand(x, "deg2rad"), math.pi / 180)


@implements(np.rad2deg, np.degrees)
def rad2deg(x: Array) -> Array:
    """Return radians as degrees, x·180/π."""
    return multiply(operand(x, "rad2deg"), 180 / math.pi)


@primitive(numpy=np.unwrap)
def unwrap(p: Array, *, discont: float | None = None, axis: int = -1, period: float = 2 * math.pi) -> Array:
    """Return angles with whole periods added along an axis, so that neighbours differ by at most half of one.

    What is added is constant but for jumps, so the derivative is 1.
    """
    return np.unwrap(p, discont=discont, axis=axis, period=period)


unwrap.defvjp(p=lambda g: g)
