"""Absolute values, the larger and the smaller, and choices."""

import numpy as np

import minigrad as mg
from minigrad.engine import primitives
from minigrad.errors import ShapeError

from .elementwise import ZERO
from .row import INF, MISFIT, NAN, Case, Point, Sample, binary, both, point, reals, t, unary

UNARY = [
    unary("absolute", np.sign, special=[point([-2, 0, -0.0, 3, NAN], [2, 0, 0, 3, NAN], [-1, 0, 0, 1, NAN])]),
    unary("fabs", np.sign, torch="abs"),
    unary("sign", np.zeros_like, special=[point([-2, 0, 3, NAN], [-1, 0, 1, NAN], [0, 0, 0, 0])]),
]
BINARY = [
    binary(
        "maximum",
        (lambda x, y: 1.0 * (x > y), lambda x, y: 1.0 * (y > x)),
        special=[
            both([1, 2, 3], [1, 3, 2], [1, 3, 3], [0.5, 0, 1], [0.5, 1, 0]),
            both([NAN, 1, INF, -INF], [1, NAN, INF, 0], [NAN, NAN, INF, 0], [NAN, NAN, 0.5, 0], [NAN, NAN, 0.5, 1]),
            both([-1, 0], [0, 0], [0, 0], [0, INF], [INF, INF], cotangent=INF),
        ],
    ),
    binary(
        "minimum",
        (lambda x, y: 1.0 * (x < y), lambda x, y: 1.0 * (y < x)),
        special=[
            both([1, 2, 3], [1, 3, 2], [1, 2, 2], [0.5, 1, 0], [0.5, 0, 1]),
            both([NAN, 1, INF, -INF], [1, NAN, INF, 0], [NAN, NAN, INF, -INF], [NAN, NAN, 0.5, 1], [NAN, NAN, 0.5, 0]),
        ],
    ),
    binary(
        "fmax",
        (lambda x, y: 1.0 * (x > y), lambda x, y: 1.0 * (y > x)),
        special=[both([NAN, 1, 2, NAN], [1, NAN, 2, NAN], [1, 1, 2, NAN], [0, 1, 0.5, NAN], [1, 0, 0.5, NAN])],
    ),
    binary(
        "fmin",
        (lambda x, y: 1.0 * (x < y), lambda x, y: 1.0 * (y < x)),
        special=[both([NAN, 1, 2], [1, NAN, 2], [1, 1, 2], [0, 1, 0.5], [1, 0, 0.5])],
    ),
    binary(
        "copysign",
        (lambda x, y: np.sign(x) * np.sign(y), ZERO),
        special=[both([-2, 2, 0, 3], [-0.0, -1, -1, 0.0], [-2, -2, 0, 3], [1, -1, 0, 1], [0, 0, 0, 0])],
    ),
    binary(
        "heaviside",
        (ZERO, ZERO),
        torch=None,
        special=[both([-1, 0, 2, NAN], [5, 5, 5, 5], [0, 5, 1, NAN], [0, 0, 0, 0], [0, 1, 0, 0])],
    ),
]


def clipped(a, a_min=None, a_max=None, min=None, max=None):
    return np.clip(a, a_min if min is None else min, a_max if max is None else max)


MASK = np.array([[True, False, True], [False, False, True]])
CHOICES = [
    Sample(
        "clip",
        primitives["clip"],
        clipped,
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
            Point((np.array([NAN, INF]), -1.0, np.array([1.0])), [NAN, 1], ([NAN, 0], [1])),
        ],
        bad=[(lambda: mg.clip(t(2, 3), t(4)), ShapeError, f"clip: .*{MISFIT}")],
    ),
    Sample(
        "where",
        primitives["where"],
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
        "clip, public",
        mg.clip,
        clipped,
        [Case((reals(2, 3),), o) for o in ({"min": -0.5}, {"max": 0.5}, {"min": -1, "max": 1}, {"a_min": -1, "max": 1})]
        + [Case((reals(2, 3), -0.5, 0.5)), Case((reals(2, 3),))],
        bad=[(lambda: mg.clip(t(2), 0, min=1), TypeError, "clip: got a bound twice")],
    ),
    Sample(
        "nan_to_num",
        mg.nan_to_num,
        np.nan_to_num,
        [Case((reals(*s),)) for s in ((2, 3), (), (0,))],
        pullback=lambda w, x: (w,),
        special=[
            Point((np.array([NAN, INF, -INF, 2]),), [0, 9, -9, 2], ([0, 0, 0, 1],), {"posinf": 9.0, "neginf": -9.0}),
            Point((np.array([NAN, 1]),), [5, 1], ([0, 1],), {"nan": 5.0}),
        ],
        bad=[(lambda: mg.nan_to_num(t(2), copy=False), TypeError, "nan_to_num: got copy=False.*leave it out")],
        torch="nan_to_num",
    ),
]


ROWS = [*UNARY, *BINARY, *CHOICES]
