"""Element-wise operations."""

import math

import numpy as np

import minigrad as mg
from minigrad.errors import ShapeError

from .row import INF, MISFIT, NAN, Case, Point, Sample, binary, both, point, reals, t, unary

# Element-wise functions of one number


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
    unary("sqrt", lambda x: 0.5 / np.sqrt(x), 0.2, 3.0, special=[point([0, 4], [0, 2], [INF, 0.25], quiet=True)]),
    unary("sin", np.cos),
    unary("cos", lambda x: -np.sin(x)),
    unary("tan", lambda x: 1 / np.cos(x) ** 2, -1.2, 1.2),
    unary("arcsin", lambda x: 1 / np.sqrt(1 - x**2), -0.9, 0.9),
    unary("arccos", lambda x: -1 / np.sqrt(1 - x**2), -0.9, 0.9),
    unary("arctan", lambda x: 1 / (1 + x**2), special=[point([INF, 0], [math.pi / 2, 0], [0, 1])]),
    unary("sinh", np.cosh),
    unary("cosh", np.sinh),
    unary("tanh", lambda x: 1 / np.cosh(x) ** 2, special=[point([-1e4, 0, 1e4], [-1, 0, 1], [0, 1, 0])]),
    unary("arcsinh", lambda x: 1 / np.sqrt(x**2 + 1)),
    unary("arccosh", lambda x: 1 / np.sqrt(x**2 - 1), 1.2, 4.0),
    unary("arctanh", lambda x: 1 / (1 - x**2), -0.9, 0.9),
    unary("absolute", np.sign, special=[point([-2, 0, -0.0, 3], [2, 0, 0, 3], [-1, 0, 0, 1])]),
    unary("sign", np.zeros_like, special=[point([-2, 0, 3], [-1, 0, 1], [0, 0, 0])]),
]


# Element-wise functions of two numbers, and choices


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
        "maximum",
        (lambda x, y: 1.0 * (x > y), lambda x, y: 1.0 * (y > x)),
        special=[both([1, 2, 3], [1, 3, 2], [1, 3, 3], [0.5, 0, 1], [0.5, 1, 0])],
    ),
    binary(
        "minimum",
        (lambda x, y: 1.0 * (x < y), lambda x, y: 1.0 * (y < x)),
        special=[both([1, 2, 3], [1, 3, 2], [1, 2, 2], [0.5, 1, 0], [0.5, 0, 1])],
    ),
]
MASK = np.array([[True, False, True], [False, False, True]])
CHOICES = [
    Sample(
        "clip",
        mg.clip,
        lambda a, a_min=None, a_max=None: np.clip(a, a_min, a_max),
        [
            Case((reals(2, 3), -1.0, 1)),
            Case((reals(2, 3), None, 0.5)),
            Case((reals(2, 3), -0.5)),
            Case((reals(2, 3), reals(3, low=-1, high=0, seed=1), reals(2, 1, low=0, high=1, seed=2))),
            Case((reals(4), reals(4, seed=1), reals(4, seed=2))),  # bounds that cross
            Case((reals(), 0, 1)),
            Case((reals(2, 0), 0, 1)),
            Case((reals(2, 2), None, None)),
        ],
        special=[
            Point(
                (np.array([-1.0, 0, 1, 2]), np.array(-1.0), np.array(1.0)), [-1, 0, 1, 1], ([1, 1, 1, 0], 0, 1)
            ),  # at the bounds the gradient is a's
            Point((np.array([0.0]), np.array([2.0]), np.array([1.0])), [1], ([0], [0], [1])),
        ],
        bad=[(lambda: mg.clip(t(2, 3), t(4)), ShapeError, f"clip: .*{MISFIT}")],
    ),
    Sample(
        "where",
        mg.where,
        np.where,
        [
            Case((MASK, reals(2, 3), reals(2, 3, seed=1))),
            Case((MASK, reals(3), reals(2, 1, seed=1))),
            Case((MASK, reals(2, 3), 0)),
            Case((MASK[0], 1.5, reals())),
            Case((MASK[:, :0], reals(2, 0), reals(2, 1))),
        ],
        (None, lambda c, x, y: 1.0 * c, lambda c, x, y: 1.0 * ~c),
        special=[Point((MASK[0], np.array([1.0, NAN, 2]), np.zeros(3)), [1, 0, 2], ([1, 0, 1], [0, 1, 0]))],
        bad=[(lambda: mg.where(MASK, t(2), t(3)), ShapeError, "where: got condition: bool\\[2, 3\\], x: float32")],
        torch="where",
    ),
    Sample(
        "stop_gradient", mg.stop_gradient, lambda x: x, [Case((reals(2, 3),))], differentiable=False, protocol=False
    ),
]


def predicate(name, *args):
    return Sample(name, getattr(mg, name), getattr(np, name), [Case(args)], differentiable=False)


TIES = (np.array([[1.0, 2], [3, NAN]]), np.array([2.0, 2.0]))
ODD = np.array([0.0, 1.0, NAN, INF, -INF])
PREDICATES = [
    *[predicate(n, *TIES) for n in ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal")],
    *[predicate(n, ODD[:2], ODD[:2, None]) for n in ("logical_and", "logical_or")],
    *[predicate(n, ODD) for n in ("logical_not", "isnan", "isinf", "isfinite")],
]


ROWS = [*UNARY, *BINARY, *CHOICES, *PREDICATES]
