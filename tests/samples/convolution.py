"""Convolution, correlation, polynomials."""

import numpy as np

import minigrad as mg
from minigrad.engine import primitives
from minigrad.errors import ShapeError

from .linalg import products
from .row import Case, Sample, reals, t

LENGTHS = [
    ((5,), (3,)),
    ((4,), (4,)),
    ((2,), (5,)),
    ((1,), (3,)),
    ((6,), (2,)),
    ((1,), (1,)),
    ((7,), (4,)),
    ((4,), (6,)),
]
MODES = [{}, {"mode": "full"}, {"mode": "same"}, {"mode": "valid"}]
CALLS = [Case(case.args, o) for case in products(*LENGTHS) for o in MODES]


def refusals(name):
    call = getattr(mg, name)
    return [
        (lambda: call(t(2, 2), t(2)), ShapeError, f"{name}: got float32\\[2, 2\\] and float32\\[2\\]; two vectors"),
        (lambda: call(t(0), t(2)), ShapeError, f"{name}: got .*not empty"),
        (lambda: call(t(2), t(2), mode="all"), ValueError, f'{name}: mode must be "full", "same" or "valid", got'),
    ]


ROWS = [
    Sample("full_convolution", primitives["full_convolution"], np.convolve, products(*LENGTHS), protocol=False),
    Sample(
        "valid_correlation",
        primitives["valid_correlation"],
        np.correlate,
        protocol=False,
        cases=products(((5,), (3,)), ((4,), (4,)), ((3,), (1,)), ((6,), (2,))),
    ),
    Sample("convolve", mg.convolve, np.convolve, CALLS, bad=refusals("convolve")),
    Sample("correlate", mg.correlate, np.correlate, CALLS, bad=refusals("correlate")),
    Sample(
        "polyval",
        mg.polyval,
        np.polyval,
        [
            *products(((3,), ()), ((1,), (2, 3)), ((4,), (2,)), ((2,), (0,)), ((3, 2), (2,)), ((2, 1, 3), (2, 1))),
            Case((reals(3), 0.5)),
        ],
        bad=[
            (
                lambda: mg.polyval(t(), t(2)),
                ShapeError,
                "polyval: got coefficients float32\\[\\]; a vector of at least one",
            )
        ],
    ),
]
