"""Arithmetic, powers, exponentials and logarithms, trigonometric and hyperbolic functions."""

import math

import numpy as np

import minigrad as mg
from minigrad.engine import primitives

from .row import INF, NAN, SHAPES, Case, Point, Sample, binary, both, point, reals, unary

# Element-wise functions of one number


LN2 = math.log(2)
UNARY = [
    unary("negative", lambda x: -np.ones_like(x)),
    unary("positive", np.ones_like),
    unary("reciprocal", lambda x: -1 / x**2, 0.5, 2.0),
    unary("square", lambda x: 2 * x, special=[point([0, -3], [0, 9], [0, -6])]),
    unary("exp", np.exp, special=[point([-INF, 0], [0, 1], [0, 1])]),
    unary("expm1", np.exp, special=[point([1e-12, -100], [1e-12, -1], [1 + 1e-12, math.exp(-100)])]),
    unary("log", lambda x: 1 / x, 0.2, 3.0, special=[point([0, INF], [-INF, INF], [INF, 0], quiet=True)]),
    unary("log1p", lambda x: 1 / (1 + x), -0.7, 3.0, special=[point([0, 1e-12], [0, 1e-12], [1, 1 - 1e-12])]),
    unary("log2", lambda x: 1 / (x * math.log(2)), 0.2, 3.0, special=[point([1, 8], [0, 3], None)]),
    unary("log10", lambda x: 1 / (x * math.log(10)), 0.2, 3.0, special=[point([1, 1000], [0, 3], None)]),
    unary("sqrt", lambda x: 0.5 / np.sqrt(x), 0.2, 3.0,
          special=[point([0, -0.0, 4], [0, 0, 2], [INF, INF, 0.25], quiet=True)]),
    unary("cbrt", lambda x: 1 / (3 * np.cbrt(x) ** 2), 0.2, 3.0, torch=None,
          special=[point([0, -8], [0, -2], [INF, 1 / 12], quiet=True)]),
    unary("exp2", lambda x: 2**x * LN2, special=[point([-INF, 0, 3], [0, 1, 8], [0, LN2, 8 * LN2])]),
    unary("sin", np.cos),
    unary("cos", lambda x: -np.sin(x)),
    unary("tan", lambda x: 1 / np.cos(x) ** 2, -1.2, 1.2),
    unary("arcsin", lambda x: 1 / np.sqrt(1 - x**2), -0.9, 0.9,
          special=[point([1, -1, 2], [math.pi / 2, -math.pi / 2, NAN], [INF, INF, NAN], quiet=True)]),
    unary("arccos", lambda x: -1 / np.sqrt(1 - x**2), -0.9, 0.9,
          special=[point([1, -1, 2], [0, math.pi, NAN], [-INF, -INF, NAN], quiet=True)]),
    unary("arctan", lambda x: 1 / (1 + x**2), special=[point([INF, 0], [math.pi / 2, 0], [0, 1])],
          far=[point([1e15, 1e30], math.pi / 2, [1e-30, 0])]),
    unary("sinh", np.cosh),
    unary("cosh", np.sinh),
    unary("tanh", lambda x: 1 / np.cosh(x) ** 2, special=[point([-1e4, 0, 1e4], [-1, 0, 1], [0, 1, 0])]),
    unary("arcsinh", lambda x: 1 / np.sqrt(x**2 + 1), far=[point([1e30], math.asinh(1e30), [1e-30])]),
    unary("arccosh", lambda x: 1 / np.sqrt(x**2 - 1), 1.2, 4.0,
          far=[point([1e30], math.acosh(1e30), [1e-30])], special=[point([1, 0], [0, NAN], [INF, NAN], quiet=True)]),
    unary("arctanh", lambda x: 1 / (1 - x**2), -0.9, 0.9,
          special=[point([1, -1], [INF, -INF], [INF, INF], quiet=True)]),
]  # fmt: skip


# Element-wise functions of two numbers


ONE, ZERO = (lambda *xs: 1 + 0 * sum(xs)), (lambda *xs: 0 * sum(xs))
BINARY = [
    binary("add", (ONE, ONE)),
    binary("subtract", (ONE, lambda x, y: -ONE(x, y))),
    binary("multiply", (lambda x, y: y + 0 * x, lambda x, y: x + 0 * y)),
    binary("divide", (lambda x, y: 1 / y + 0 * x, lambda x, y: -x / y**2), 0.5, 2.0),
    binary(
        "power",
        (lambda x, y: y * x ** (y - 1), lambda x, y: x**y * np.log(x)),
        0.5,
        2.0,
        numbers=(2, 3.0, -1, 0, 1, 0.5),
        torch="pow",
        special=[
            both([0, 0, 0, 2], [0, 1, 2, 0], [1, 0, 0, 1], [0, 1, 0, 0], [0, 0, 0, math.log(2)]),
            both([-2.0], [3.0], [-8.0], [12.0], [NAN]),
            Point((np.array([0.0, -3]), 2), [0, 9], ([0, -6],)),
            Point((np.array([0.0, -3]), 0), [1, 1], ([0, 0],)),
            Point((np.array([0.0, -3]), 1), [0, -3], ([1, 1],)),
            Point((0, np.array([0.0, 2])), [1, 0], ([0, 0],)),
        ],
    ),
    binary(
        "float_power",
        (lambda x, y: y * x ** (y - 1), lambda x, y: x**y * np.log(x)),
        0.5,
        2.0,
        torch="float_power",
    ),
]


# The same number, in other roles


ROLES = [
    Sample(
        "stop_gradient", mg.stop_gradient, lambda x: x, [Case((reals(2, 3),))], differentiable=False, protocol=False
    ),
    Sample(
        "named", primitives["named"], lambda x, name: x, [Case((reals(*s),), {"name": "o"}) for s in SHAPES],
        (lambda x, name="o": np.ones_like(x),), protocol=False,
    ),
]  # fmt: skip


ROWS = [*UNARY, *BINARY, *ROLES]
