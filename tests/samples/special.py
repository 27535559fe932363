"""The error function and its kin, the gamma function and its derivatives, Bessel functions."""

import math
from statistics import NormalDist

import numpy as np

import minigrad as mg

from .nn import ROOT_PI, activation, each, normal
from .row import INF, NAN, SHAPES, Case, Sample, moving, point, reals, t, unary

# Areas under the bell curve


def inverse_erf(x):
    return NormalDist().inv_cdf((1 + x) / 2) / math.sqrt(2)


def density(x):
    return math.exp(-x * x / 2) / math.sqrt(2 * math.pi)


AREAS = [
    activation("erf", math.erf, lambda x: 2 / ROOT_PI * math.exp(-x * x), torch="erf",
               special=[point([-INF, 0, INF, NAN], [-1, 0, 1, NAN], [0, 2 / ROOT_PI, 0, NAN])]),
    activation("erfc", math.erfc, lambda x: -2 / ROOT_PI * math.exp(-x * x), torch="erfc",
               special=[point([-INF, 0, INF], [2, 1, 0], [0, -2 / ROOT_PI, 0]),
                        point([10.0, 26.0], [math.erfc(10), math.erfc(26)], None)]),
    activation("ndtr", normal, density, torch=lambda m, x: m.special.ndtr(x),
               special=[point([-INF, 0, INF, NAN], [0, 0.5, 1, NAN], [0, density(0), 0, NAN])]),
]  # fmt: skip
INVERSE = [
    unary("erfinv", lambda x: ROOT_PI / 2 * np.exp(each(inverse_erf)(x) ** 2), -0.95, 0.95,
          reference=lambda x: each(inverse_erf)(x), protocol=False,
          special=[point([-1, 1], [-INF, INF], [INF, INF], quiet=True),
                   point([1.5, NAN, 0], [NAN, NAN, 0], [NAN, NAN, ROOT_PI / 2])]),
    moving("bell", *[(s, {}) for s in SHAPES], ((2, 3), {"half": True}),
           reference=lambda x, half=False: np.exp(-x * x / (1 + half)), protocol=False,
           pullback=lambda w, x, half=False: (w * -2 * x / (1 + half) * np.exp(-x * x / (1 + half)),)),
]  # fmt: skip


# The gamma function: sums of a thousand terms and their rest


def psi(n, x):
    """Return the n-th derivative of digamma at x > 0, or by one step to the right at x > −1."""
    x = np.asarray(x, float)
    y, k = x[..., None] + 1000, x[..., None] + np.arange(1000)
    if n == 0:
        return (np.log(y) - 1 / (2 * y) - 1 / (12 * y**2))[..., 0] - (1 / k).sum(-1)
    rest = y**-n / n + y ** -(n + 1) / 2 + (n + 1) * y ** -(n + 2) / 12
    return (-1) ** (n + 1) * math.factorial(n) * (rest[..., 0] + (k ** -(n + 1.0)).sum(-1))


POLES = {"quiet": True}  # NumPy warns that it divides by 0
GAMMA = [
    unary("gammaln", lambda x: psi(0, x), 0.1, 6, reference=each(math.lgamma), torch="lgamma", protocol=False,
          special=[point([1, 2, 3, INF, NAN], [0, 0, math.log(2), INF, NAN],
                         [-np.euler_gamma, 1 - np.euler_gamma, 1.5 - np.euler_gamma, INF, NAN]),
                   point([-0.5, -1.5], [math.lgamma(-0.5), math.lgamma(-1.5)], psi(0, [-0.5, -1.5])),
                   point([0, -2, -INF], INF, [-INF, NAN, NAN], **POLES)]),
    unary("digamma", lambda x: psi(1, x), 0.1, 6, reference=lambda x: psi(0, x), protocol=False,
          special=[point([1, INF, NAN, -0.5], [-np.euler_gamma, INF, NAN, psi(0, -0.5)], None),
                   point([0, -2], [-INF, NAN], [INF, INF], **POLES)]),
    Sample("polygamma", mg.polygamma, psi,
           [Case((n, reals(*s, low=0.1, high=6))) for n, s in enumerate((*SHAPES, (2, 0)))],
           (None, lambda n, x: psi(n + 1, x)), torch="polygamma", protocol=False,
           bad=[(lambda: mg.polygamma(-1, t(2)), ValueError, "polygamma: n must be from 0 to 100, got -1"),
                (lambda: mg.polygamma(t(2), 1), TypeError, "polygamma: n must be one whole number, got float32")]),
]  # fmt: skip


# Bessel functions: power series


def modified(n, x):
    return sum((x / 2) ** (2 * k + n) / math.factorial(k) / math.factorial(k + n) for k in range(25))


def spherical(n, x):
    """Return jₙ(πx) by its power series."""
    z, odd = math.pi * np.asarray(x), math.prod(range(1, 2 * n + 2, 2))
    total, term = 0 * z, z**n / odd
    for k in range(1, 40):
        total, term = total + term, -term * z * z / (2 * k * (2 * n + 2 * k + 1))
    return total


def by_order(shape_order_pairs):
    return [(shape, {"order": order}) for shape, order in shape_order_pairs]


ORDERS = by_order([((2, 3), 0), ((2, 3), 1), ((2, 3), 2), ((2, 3), 4), ((), 1), ((0,), 1)])
BESSEL = [
    unary("i0", lambda x: modified(1, x),
          special=[point([0, INF, -INF, NAN], [1, INF, INF, NAN], [0, INF, -INF, NAN], quiet=True)]),
    unary("sinc", lambda x: -math.pi * spherical(1, x), special=[point([0, 1, -2], [1, 0, 0], [0, -1, -0.5])]),
    moving("modified_bessel", *ORDERS, reference=lambda x, order: modified(order, x), protocol=False,
           pullback=lambda w, x, order: (w * (modified(abs(order - 1), x) + modified(order + 1, x)) / 2,),
           special=[point([0], [0], [0.5], options={"order": 1})]),
    moving("spherical_bessel", *ORDERS, reference=lambda x, order: spherical(order, x), protocol=False,
           pullback=lambda w, x, order: (
               w * math.pi * ((order * spherical(order - 1, x) if order else 0) - (order + 1) * spherical(order + 1, x))
               / (2 * order + 1),),
           special=[point([0], [0], [math.pi / 3], options={"order": 1})]),
]  # fmt: skip


ROWS = [*AREAS, *INVERSE, *GAMMA, *BESSEL]
