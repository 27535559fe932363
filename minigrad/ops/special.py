"""The error function and its kin, which NumPy lacks: the bell curve and the areas under it.

Rational Chebyshev approximations on three intervals: W. J. Cody, "Rational Chebyshev approximations
for the error function", Mathematics of Computation 23 (1969) 631-637. Plain NumPy, so the same code
runs on every device; all of it computes in float64. Read next: `gamma.py`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..engine import primitive
from .elementwise import floating

Array = Any

# |x| ≤ 0.46875: erf x = x·P(x²)/Q(x²)
_SMALL_P = (1.85777706184603153e-1, 3.16112374387056560e0, 1.13864154151050156e2, 3.77485237685302021e2,
            3.20937758913846947e3)  # fmt: skip
_SMALL_Q = (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3)
# 0.46875 < x ≤ 4: erfc x = exp(−x²)·P(x)/Q(x)
_MIDDLE_P = (2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594e0, 6.61191906371416295e1,
             2.98635138197400131e2, 8.81952221241769090e2, 1.71204761263407058e3, 2.05107837782607147e3,
             1.23033935479799725e3)  # fmt: skip
_MIDDLE_Q = (1.0, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2, 1.62138957456669019e3,
             3.29079923573345963e3, 4.36261909014324716e3, 3.43936767414372164e3,
             1.23033935480374942e3)  # fmt: skip
# x > 4: erfc x = exp(−x²)/x·(1/√π − P(1/x²)/(x²·Q(1/x²)))
_LARGE_P = (1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1, 1.25781726111229246e-1,
            1.60837851487422766e-2, 6.58749161529837803e-4)  # fmt: skip
_LARGE_Q = (1.0, 2.56852019228982242e0, 1.87295284992346725e0, 5.27905102951428412e-1, 6.05183413124413191e-2,
            2.33520497626869185e-3)  # fmt: skip

_SPLIT, _FAR, _ZERO_BEYOND = 0.46875, 4.0, 40.0  # exp(−40²/2) is below the least float64


def polynomial(x: Array, coefficients: tuple[float, ...]) -> Array:
    """Return the polynomial with these coefficients, the highest power first."""
    value = coefficients[0] * x
    for c in coefficients[1:-1]:
        value = (value + c) * x
    return value + coefficients[-1]


def ratio(x: Array, p: tuple[float, ...], q: tuple[float, ...]) -> Array:
    """Return the quotient of two polynomials."""
    return polynomial(x, p) / polynomial(x, q)


def double(x: Array) -> Array:
    """Return x in float64."""
    return x if x.dtype == np.float64 else x.astype(np.float64)


# The bell curve


@primitive
def bell(x: Array, *, half: bool = False) -> Array:
    """Return exp(−x²), or exp(−x²/2) if `half`, to the last digits: the rounding of x² would cost x² units of them."""
    dtype, x = floating(x).dtype, np.minimum(np.absolute(double(x)), _ZERO_BEYOND)
    scale = -0.5 if half else -1.0
    short = np.trunc(x * 2.0**20) / 2.0**20  # x² = short² + (x − short)(x + short), and short² is exact
    return (np.exp(scale * short * short) * np.exp(scale * (x - short) * (x + short))).astype(dtype)


bell.defvjp(x=lambda g, out, x, half: g * (out * ((-1 if half else -2) * x)))


def _erf_small(x: Array) -> Array:
    x = np.clip(x, -_SPLIT, _SPLIT)
    return x * ratio(x * x, _SMALL_P, _SMALL_Q)


def _tail(x: Array) -> Array:
    """Return erfc x / exp(−x²) for x ≥ 0.46875."""
    near, far = np.clip(x, _SPLIT, _FAR), np.maximum(x, _FAR)
    inverse = 1 / (far * far)
    large = (1 / math.sqrt(math.pi) - inverse * ratio(inverse, _LARGE_P, _LARGE_Q)) / far
    return np.where(x <= _FAR, ratio(near, _MIDDLE_P, _MIDDLE_Q), large)


# The areas under it


@primitive
def erf(x: Array) -> Array:
    """Return the error function 2/√π ∫₀ˣ exp(−t²) dt.

    >>> import minigrad as mg
    >>> print(f"{mg.erf(mg.tensor(0.5)):.6f}")
    0.520500
    """
    dtype, x = floating(x).dtype, double(x)
    size = np.minimum(np.absolute(x), _ZERO_BEYOND)
    large = np.sign(x) * (1 - bell(x) * _tail(size))
    return np.where(size <= _SPLIT, _erf_small(x), large).astype(dtype)


erf.defvjp(x=lambda g, x: g * (2 / math.sqrt(math.pi) * bell(x)))


@primitive
def erfc(x: Array) -> Array:
    """Return 1 − erf x, accurate where erf x is nearly 1."""
    dtype, x = floating(x).dtype, double(x)
    size = np.minimum(np.absolute(x), _ZERO_BEYOND)
    positive = bell(x) * _tail(size)
    large = np.where(x > 0, positive, 2 - positive)
    return np.where(size <= _SPLIT, 1 - _erf_small(x), large).astype(dtype)


erfc.defvjp(x=lambda g, x: g * (-2 / math.sqrt(math.pi) * bell(x)))


@primitive
def ndtr(x: Array) -> Array:
    """Return Φ(x), the probability that a standard normal number is at most x: ½ erfc(−x/√2), also far to the left."""
    dtype, x = floating(x).dtype, double(x)
    z = math.sqrt(0.5) * x
    size = np.minimum(np.absolute(z), _ZERO_BEYOND)
    beyond = 0.5 * bell(x, half=True) * _tail(size)
    large = np.where(x > 0, 1 - beyond, beyond)
    return np.where(size <= _SPLIT, 0.5 + 0.5 * _erf_small(z), large).astype(dtype)


ndtr.defvjp(x=lambda g, x: g * (math.sqrt(0.5 / math.pi) * bell(x, half=True)))


@primitive
def erfinv(x: Array) -> Array:
    """Return the y with erf y = x: ±∞ at x = ±1, NaN beyond.

    Three of Halley's steps from S. Winitzki's approximation, "A handy approximation for the error function and
    its inverse" (2008). They solve erfc y = 1 − x where x > ½, for there 1 − x is exact.
    """
    dtype, x = floating(x).dtype, double(x)
    size = np.absolute(x)
    inside = np.minimum(size, 1 - 2.0**-53)
    log = np.log1p(-inside * inside)
    middle = 2 / (math.pi * 0.147) + 0.5 * log
    y = np.sqrt(np.sqrt(middle * middle - log / 0.147) - middle)
    for _ in range(3):
        miss = np.where(inside > 0.5, (1 - inside) - erfc(y), erf(y) - inside)
        step = miss / (2 / math.sqrt(math.pi) * bell(y))
        y = y - step / (1 + y * step)
    beyond = np.where(size == 1, np.inf, np.nan)
    return (np.sign(x) * np.where(size < 1, y, beyond)).astype(dtype)


erfinv.defvjp(x=lambda g, out: g * (0.5 * math.sqrt(math.pi) / bell(out)))
