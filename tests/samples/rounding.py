"""Rounding, and division with a remainder."""

import numpy as np

import minigrad as mg
from minigrad.engine import primitives

from .elementwise import ONE, ZERO
from .row import INF, NAN, SHAPES, Case, Sample, binary, both, moving, parts, point, reals, t, unary


def step(name, values, **more):
    """A row of a step function, with its values at −1.5, −0.5 and 0.5."""
    known = point([-1.5, -0.5, 0.5, 2, INF, NAN], [*values, 2, INF, NAN], [0, 0, 0, 0, 0, 0], cotangent=INF)
    return unary(name, np.zeros_like, special=[known], **more)


STEPS = [
    step("floor", [-2, -1, 0]),
    step("ceil", [-1, 0, 1]),
    step("trunc", [-1, 0, 0]),
    step("rint", [-2, 0, 0], torch="round"),
    moving(
        "round",
        *[(s, {}) for s in SHAPES],
        ((2, 3), {"decimals": 1}),
        ((2, 3), {"decimals": -1}),
        pullback=lambda w, a, **options: (0 * w,),
        torch=lambda m, a, decimals=0: m.round(a, decimals=decimals),
        special=[point([0.5, 1.5, -2.5], [0, 2, -2], [0, 0, 0])],
    ),
]
BINARY = [
    binary(
        "floor_divide",
        (ZERO, ZERO),
        torch=None,
        special=[both([5, -5, 5, -5], [3, 3, -3, -3], [1, -2, -2, 1], [0, 0, 0, 0], [0, 0, 0, 0])],
    ),
    binary(
        "remainder",
        (ONE, lambda x, y: -np.floor(x / y)),
        special=[
            both([5, -5, 5, -5], [3, 3, -3, -3], [2, 1, -1, -2], [1, 1, 1, 1], [-1, 2, 2, -1]),
            both([1, NAN], [INF, 1], [1, NAN], [1, 1], [0, NAN]),
        ],
    ),
    binary(
        "fmod",
        (ONE, lambda x, y: -np.trunc(x / y)),
        special=[
            both([5, -5, 5, -5], [3, 3, -3, -3], [2, -2, 2, -2], [1, 1, 1, 1], [-1, 1, 1, -1]),
            both([1, NAN], [INF, 1], [1, NAN], [1, 1], [0, NAN]),
        ],
    ),
]
NUMBERS = [Case((reals(*s),)) for s in SHAPES]
PARTS = [
    Sample("divmod", parts(mg.divmod), parts(np.divmod), BINARY[1].cases[:4]),
    Sample("modf", parts(mg.modf), parts(np.modf), NUMBERS),
    Sample(
        "frac",
        primitives["frac"],
        lambda x: np.modf(x)[0],
        NUMBERS,
        (np.ones_like,),
        special=[point([-1.25, 3, -INF, NAN], [-0.25, 0, 0, NAN], [1, 1, 1, 1])],
        protocol=False,
        torch="frac",
    ),
    Sample(
        "ldexp",
        mg.ldexp,
        np.ldexp,
        [Case((reals(*s), 3)) for s in (*SHAPES, (2, 0))] + [Case((reals(2, 1), np.array([[-2, 0, 5]])))],
        (lambda x, n: 2.0**n + 0 * x, None),
        bad=[(lambda: mg.ldexp(t(2), 0.5), TypeError, r"ldexp: n must be whole numbers, got float 0.5; write x")],
    ),
    Sample(
        "exponent",
        primitives["exponent"],
        lambda x: np.frexp(x)[1],
        [Case((reals(2, 3),))],
        differentiable=False,
        protocol=False,
    ),
    Sample(
        "frexp",
        lambda x: mg.frexp(x)[0],
        lambda x: np.frexp(x)[0],
        NUMBERS,
        (lambda x: 2.0 ** -np.frexp(x)[1],),
        special=[point([0, 3, -INF, NAN], [0, 0.75, -INF, NAN], [1, 0.25, 1, 1])],
    ),
]


ROWS = [*STEPS, *BINARY, *PARTS]
