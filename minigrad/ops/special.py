"""The error function, which NumPy lacks.

Rational Chebyshev approximations on three intervals: W. J. Cody, "Rational Chebyshev approximations
for the error function", Mathematics of Computation 23 (1969) 631-637. Plain NumPy, so the same code
runs on every device. Read next: `nn.py`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..engine import primitive

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

_SPLIT, _FAR, _ZERO_BEYOND = 0.46875, 4.0, 28.0  # exp(−28²) is below the least float64


def _polynomial(x: Array, coefficients: tuple[float, ...]) -> Array:
    value = coefficients[0] * x
    for c in coefficients[1:-1]:
        value = (value + c) * x
    return value + coefficients[-1]


def _ratio(x: Array, p: tuple[float, ...], q: tuple[float, ...]) -> Array:
    return _polynomial(x, p) / _polynomial(x, q)


def _erf_small(x: Array) -> Array:
    return x * _ratio(x * x, _SMALL_P, _SMALL_Q)


def _erfc_positive(x: Array) -> Array:
    """Return erfc of x ≥ 0.46875."""
    # x² is split so that exp sees it without rounding error: x² = r² + (x − r)(x + r), r short
    short = np.trunc(x * 16) / 16
    bell = np.exp(-short * short) * np.exp(-(x - short) * (x + short))
    near, far = np.minimum(x, _FAR), np.maximum(x, _FAR)
    tail = 1 / (far * far)
    middle = _ratio(near, _MIDDLE_P, _MIDDLE_Q)
    large = (1 / math.sqrt(math.pi) - tail * _ratio(tail, _LARGE_P, _LARGE_Q)) / far
    return bell * np.where(x <= _FAR, middle, large)


def floating(x: Array) -> Array:
    """Return integers and booleans as float64: uint8 would wrap around, or give float16."""
    return x if x.dtype.kind == "f" else x.astype(np.float64)


def _widen(x: Array) -> Array:
    return x if x.dtype == np.float64 else x.astype(np.float64)


@primitive
def erf(x: Array) -> Array:
    """Return the error function 2/√π ∫₀ˣ exp(−t²) dt.

    >>> import minigrad as mg
    >>> print(f"{mg.erf(mg.tensor(0.5)):.6f}")
    0.520500
    """
    dtype, x = floating(x).dtype, _widen(x)
    size = np.minimum(np.absolute(x), _ZERO_BEYOND)
    large = np.sign(x) * (1 - _erfc_positive(np.maximum(size, _SPLIT)))
    return np.where(size <= _SPLIT, _erf_small(np.clip(x, -_SPLIT, _SPLIT)), large).astype(dtype)


erf.defvjp(x=lambda g, x: g * (2 / math.sqrt(math.pi) * np.exp(-x * x)))


@primitive
def erfc(x: Array) -> Array:
    """Return 1 − erf x, accurate where erf x is nearly 1."""
    dtype, x = floating(x).dtype, _widen(x)
    size = np.minimum(np.absolute(x), _ZERO_BEYOND)
    positive = _erfc_positive(np.maximum(size, _SPLIT))
    large = np.where(x > 0, positive, 2 - positive)
    return np.where(size <= _SPLIT, 1 - _erf_small(np.clip(x, -_SPLIT, _SPLIT)), large).astype(dtype)


erfc.defvjp(x=lambda g, x: g * (-2 / math.sqrt(math.pi) * np.exp(-x * x)))
