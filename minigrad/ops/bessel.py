"""Two functions of NumPy that are Bessel functions of order 0, and so have all derivatives: i0 and sinc.

i0(x) is I₀(x), sinc(x) is j₀(πx). The derivative of one order is made of the next: I₀′ = I₁,
2Iₙ′ = Iₙ₋₁ + Iₙ₊₁; j₀′ = −j₁, (2n + 1)jₙ′ = n·jₙ₋₁ − (n + 1)·jₙ₊₁. Formulas: Abramowitz & Stegun, "Handbook
of Mathematical Functions" (1964), sections 9.6, 9.7 and 10.1. Read next: `nn.py`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..engine import primitive
from .elementwise import floating
from .special import double

Array = Any


def _bessel(n: int, x: Array) -> Array:
    """Return Iₙ(x): by its power series, and by the asymptotic one for large x."""
    dtype, x = floating(x).dtype, double(x)
    end = 20.0 + n * n
    size = np.absolute(x)
    near, far = np.minimum(size, end), np.clip(size, end, 1500.0)  # where I₀ is infinite in float64
    quarter, series = near * near / 4, np.ones_like(near)
    for k in range(50 + n * n, 0, -1):
        series = 1 + series * quarter / (k * (k + n))
    small = (near / 2) ** n / math.factorial(n) * series
    series = np.ones_like(far)
    for k in range(30, 0, -1):
        series = 1 - series * (4 * n * n - (2 * k - 1) ** 2) / (8 * k * far)
    growth = np.exp(far / 2)  # eˣ = growth² may overflow before the quotient does
    value = np.where(size <= end, small, growth / np.sqrt(2 * math.pi * far) * series * growth)
    return (np.where(x < 0, -value, value) if n % 2 else value).astype(dtype)


@primitive
def modified_bessel(x: Array, *, order: int) -> Array:
    """Return the modified Bessel function of the first kind Iₙ(x), of a small order n ≥ 0."""
    return _bessel(order, x)


def _modified_bessel_back(g: Array, x: Array, order: int) -> Array:
    above = modified_bessel(x, order=order + 1)
    return g * ((modified_bessel(x, order=order - 1) + above) / 2 if order else above)


modified_bessel.defvjp(x=_modified_bessel_back)


@primitive(numpy=np.i0)
def i0(x: Array) -> Array:
    """Return the modified Bessel function of the first kind I₀(x) = Σ (x/2)²ᵏ / k!²."""
    return _bessel(0, x)


i0.defvjp(x=lambda g, x: g * modified_bessel(x, order=1))


def _spherical(n: int, x: Array) -> Array:
    """Return jₙ(πx): by recurrence from sine and cosine, and by its power series for small x."""
    dtype, x = floating(x).dtype, double(x)
    whole = np.rint(x)
    rest, sign = x - whole, 1 - 2 * (whole % 2)
    end = (n + 1.0) / math.pi
    near, z = math.pi * np.clip(x, -end, end), math.pi * np.where(np.absolute(x) > end, x, 1)
    series = np.ones_like(near)
    for k in range(15 + n, 0, -1):
        series = 1 - series * near * near / (2 * k * (2 * n + 2 * k + 1))
    small = near**n / math.prod(range(1, 2 * n + 2, 2)) * series
    last, value = sign * np.sin(math.pi * (0.5 - np.absolute(rest))) / z, sign * np.sin(math.pi * rest) / z
    for k in range(n):  # from j₋₁ = cos z / z and j₀ = sin z / z
        last, value = value, (2 * k + 1) / z * value - last
    return np.where(np.absolute(x) > end, value, small).astype(dtype)


@primitive
def spherical_bessel(x: Array, *, order: int) -> Array:
    """Return the spherical Bessel function of the first kind jₙ(πx), of a small order n ≥ 0."""
    return _spherical(order, x)


def _spherical_bessel_back(g: Array, x: Array, order: int) -> Array:
    change = -(order + 1) * spherical_bessel(x, order=order + 1)
    if order:
        change = change + order * spherical_bessel(x, order=order - 1)
    return g * (math.pi / (2 * order + 1) * change)


spherical_bessel.defvjp(x=_spherical_bessel_back)


@primitive(numpy=np.sinc)
def sinc(x: Array) -> Array:
    """Return sin(πx) / (πx), 1 at x = 0; NumPy's, which has the factor π."""
    return _spherical(0, x)


sinc.defvjp(x=lambda g, x: g * (-math.pi * spherical_bessel(x, order=1)))
