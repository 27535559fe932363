"""The logarithm of the gamma function, and all its derivatives.

gammaln′ = digamma = polygamma(0), and polygamma(n)′ = polygamma(n + 1). Each is computed in float64 from
a sum that does not cancel: relative to its zero, digamma on the right is (x − x₀) times positive terms.
Left of 0 the reflection formula holds. Formulas: Abramowitz & Stegun, "Handbook of Mathematical Functions"
(1964), sections 6.1, 6.3, 6.4 and 23.2. Read next: `bessel.py`.
"""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from ..engine import operand, primitive
from ..errors import describe
from .elementwise import floating
from .special import double, polynomial, ratio

Array = Any

# B₂ₖ/2k for k = 8 … 1, B the Bernoulli numbers
_BERNOULLI = (-3617 / 8160, 1 / 12, -691 / 32760, 1 / 132, -1 / 240, 1 / 252, -1 / 120, 1 / 12)

# ln Γ(1 + u) = u(u − 1)·P(u)/Q(u) for 0 ≤ u ≤ 1: equal at the 13 Chebyshev points, relative error 5e-17
_P = (0.0131972477265772299, 3.44574128860797224, 67.247674422792374, 414.484281479463013, 1067.31291114256427,
      1203.12688160571793, 490.14829026165745)  # fmt: skip
_Q = (1.0, 33.6942749885060966, 329.870389429732561, 1358.94302624732403, 2659.32344260629782,
      2445.15966899049408, 849.159716317248259)  # fmt: skip
_STIRLING_FROM = 8

# Digamma's zero on the right, as a sum of two numbers
_ZERO, _ZERO_REST = 1.4616321449683622, 9.549995429965697e-17


def _gammaln_right(x: Array) -> Array:
    """Return ln Γ(x) for x > 0."""
    near, far = np.clip(x, 0, _STIRLING_FROM), np.maximum(x, _STIRLING_FROM)
    whole = np.floor(near)
    u = near - whole
    grown = np.zeros_like(u)  # (1 + u)(2 + u)…(x − 1) − 1, exact where only u is left
    for j in range(1, _STIRLING_FROM):
        grown = np.where(j < whole, grown * (u + j) + (u + j - 1), grown)
    least = np.log1p(grown) + u * (u - 1) * ratio(u, _P, _Q)
    small = np.where(x < 1, least - np.log(np.where(x < 1, x, 1)), least)
    inverse = 1 / far
    terms = tuple([c / (2 * k - 1) for c, k in zip(_BERNOULLI, range(8, 0, -1), strict=True)])
    series = inverse * polynomial(inverse * inverse, terms)
    large = (far - 0.5) * (np.log(far) - 1) + (0.5 * math.log(2 * math.pi) - 0.5 + series)
    return np.where(x < _STIRLING_FROM, small, large)


def _offset(x: Array) -> Array:
    """Return how far x is from a whole number; ¼ on the right, where nobody asks."""
    left = np.where(x > 0, 0, x)
    return np.where(x > 0, 0.25, left - np.rint(left))


@primitive
def gammaln(x: Array) -> Array:
    """Return ln |Γ(x)|: of whole numbers ln (x − 1)!, and +∞ at 0, −1, −2 …

    >>> import minigrad as mg
    >>> print(f"{mg.gammaln(mg.tensor(5.0)):.4f} {math.log(24):.4f}")
    3.1781 3.1781
    """
    dtype, x = floating(x).dtype, np.maximum(double(x), -(2.0**53))  # further out all numbers are whole
    right = _gammaln_right(np.where(x > 0, x, 1 - x))
    left = math.log(math.pi) - np.log(np.sin(math.pi * np.absolute(_offset(x)))) - right  # Γ(x)·Γ(1 − x) = π/sin πx
    return np.where(x > 0, right, left).astype(dtype)


def _digamma_right(x: Array) -> Array:
    """Return ψ(x) = ψ(x) − ψ(x₀) for x > 0, as ten terms of Σ 1/(x₀ + k) − 1/(x + k) and the asymptotic rest."""
    near = np.minimum(x, 1e300)
    beyond = (near - _ZERO) - _ZERO_REST
    total = np.zeros_like(x)
    for k in reversed(range(10)):
        total = total + beyond / (near + k) / (_ZERO + k)
    y, y0 = near + 10, _ZERO + 10
    u, u0 = (1 / y) * (1 / y), 1 / (y0 * y0)
    # The series differ by (u₀ − u) times a polynomial: divide by it term by term.
    divided, c = 0.0 * u, 0.0
    for b in _BERNOULLI:
        c = b + u0 * c
        divided = divided * u + c
    rest = beyond / y / y0 * (0.5 + (1 / y + 1 / y0) * divided)
    return np.log1p(((x - _ZERO) - _ZERO_REST) / y0) + (total + rest)


def _polygamma_right(n: int, x: Array) -> Array:
    """Return ψ⁽ⁿ⁾(x) = (−1)ⁿ⁺¹ n! Σ (x + k)⁻ⁿ⁻¹ for x > 0 and n > 0, by the Euler-Maclaurin formula."""
    s, count = n + 1, 10 + 2 * n
    near = x < count
    y = np.where(near, x + count, x)
    terms, rising = [], float(s)  # s(s + 1)…(s + 2j − 2) / (2j − 1)!
    for j in range(1, 9):
        terms.append(rising)
        rising *= (s + 2 * j - 1) * (s + 2 * j) / (2 * j * (2 * j + 1))
    inverse = 1 / y
    series = polynomial(inverse * inverse, tuple([b * c for b, c in zip(_BERNOULLI, reversed(terms), strict=True)]))
    total = y**-n * (1 / n + inverse * (0.5 + inverse * series))
    for k in reversed(range(count)):
        total = total + np.where(near, (x + k) ** -s, 0)
    return (-1) ** s * math.gamma(s) * total


def _cotangent(n: int, offset: Array) -> Array:
    """Return the n-th derivative of π cot πx, a polynomial of the cotangent: P₀ = c, Pₙ₊₁ = −(1 + c²)·Pₙ′."""
    powers = [0.0, 1.0]  # the coefficients of 1, c, c² …
    for _ in range(n):
        slope = [-i * a for i, a in enumerate(powers)][1:]
        powers = [a + b for a, b in zip([*slope, 0, 0], [0, 0, *slope], strict=True)]
    c = 1 / np.tan(math.pi * offset)
    return math.pi ** (n + 1) * polynomial(c, tuple(reversed(powers)))


@primitive
def polygamma(n: int, x: Array) -> Array:
    """Return the (n + 1)-th derivative of ln Γ(x), for a whole number n ≥ 0; at the poles ±∞, or NaN for two signs.

    Relative accuracy is lost near its zeros at negative x, absolute accuracy is not.
    """
    try:
        n = operator.index(n)
    except TypeError:
        raise TypeError(f"polygamma: n must be one whole number, got {describe(n)}; it comes before x") from None
    if not 0 <= n <= 100:
        raise ValueError(f"polygamma: n must be from 0 to 100, got {n}")
    dtype, x = floating(x).dtype, np.maximum(double(x), -(2.0**53))
    right = _polygamma_right(n, np.where(x > 0, x, 1 - x)) if n else _digamma_right(np.where(x > 0, x, 1 - x))
    offset = _offset(x)
    left = (-1) ** n * right - _cotangent(n, offset)
    if n % 2 == 0:
        left = np.where((offset == 0) & (x < 0), np.nan, left)
    return np.where(x > 0, right, left).astype(dtype)


gammaln.defvjp(x=lambda g, x: g * polygamma(0, x))
polygamma.defvjp(n=None, x=lambda g, n, x: g * polygamma(n + 1, x))


def digamma(x: Array) -> Array:
    """Return ψ(x), the derivative of ln Γ(x): `polygamma(0, x)`."""
    return polygamma(0, operand(x, "digamma"))
