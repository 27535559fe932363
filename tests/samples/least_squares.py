"""Pseudo-inverses and least squares."""

import numpy as np
from numpy.linalg import LinAlgError

from minigrad import linalg
from minigrad.engine import primitives
from minigrad.errors import ShapeError

from .decompositions import joined
from .products import torch_linalg
from .row import Case, Point, Sample, reals, t
from .solving import NOT_HALF, WIDE, half

SYSTEMS = [((4, 2), (4,)), ((2, 4), (2,)), ((4, 2), (4, 3)), ((2, 3), (2, 2)), ((3, 3), (3, 2)), ((1, 1), (1,))]


def solution(a, b, rcond=None):
    return np.linalg.lstsq(a, b, rcond)[0]


def of_lstsq(function):
    def call(a, b, rcond=None):
        x, residuals, rank, s = function(a, b, rcond)
        return joined(x, residuals, s) * rank

    return call


ROWS = [
    Sample(
        "pinv",
        linalg.pinv,
        np.linalg.pinv,
        dtypes=WIDE,
        torch=torch_linalg("pinv"),
        cases=[Case((reals(*s),)) for s in ((3, 3), (4, 2), (2, 4), (2, 3, 2), (1, 1), (0, 2, 3), (0, 3), (3, 0))]
        + [
            Case((reals(3, 2),), {"rcond": 1e-10}),
            Case((reals(3, 2),), {"rtol": 1e-10}),
            Case((reals(3, 2),), {"rtol": None}),
        ],
        special=[Point((np.diag([2.0, 0]),), np.diag([0.5, 0]), ([[-0.25, 0.25], [0.25, 0]],))],
        bad=[
            (
                lambda: linalg.pinv(t(2, 2), hermitian=True),
                TypeError,
                "hermitian=True is not supported; leave it out.*in pinv",
            ),
            (lambda: linalg.pinv(t(2, 2), 1e-9, rtol=1e-9), TypeError, "rtol and rcond are two names"),
            (lambda: linalg.pinv(t(3)), LinAlgError, "two-dimensional.*in pinv"),
            (lambda: linalg.pinv(half(2, 2)), TypeError, NOT_HALF),
        ],
    ),
    Sample(
        "least_squares",
        primitives["least_squares"],
        solution,
        dtypes=WIDE,
        protocol=False,
        cases=[Case((reals(*a), reals(*b, seed=1)), {"rcond": 1e-15}) for a, b in SYSTEMS],
    ),
    Sample(
        "lstsq",
        of_lstsq(linalg.lstsq),
        of_lstsq(np.linalg.lstsq),
        dtypes=WIDE,
        cases=[
            *[Case((reals(*a), reals(*b, seed=1))) for a, b in SYSTEMS],
            Case((reals(3, 2), reals(3)), {"rcond": 1e-12}),
            Case((reals(3, 2), reals(3)), {"rcond": -1}),
        ],
        bad=[
            (
                lambda: linalg.lstsq(t(2, 2), t(3)),
                ShapeError,
                "linalg.lstsq: got float32\\[2, 2\\] and float32\\[3\\]; a must",
            ),
            (lambda: linalg.lstsq(half(2, 2), half(2)), TypeError, "float16"),
        ],
    ),
]
