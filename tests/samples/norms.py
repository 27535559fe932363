"""Norms, condition and rank."""

import numpy as np
from numpy.linalg import LinAlgError

from minigrad import linalg

from .reduce import EMPTY, REDUCED
from .row import INF, NAN, Case, Point, Sample, moving, point, reals, t
from .solving import NOT_HALF, WIDE, half, regular

VECTOR = [
    ((2, 3), {"axis": a, "ord": p})
    for a, p in [
        (0, 1),
        (1, INF),
        (-1, -INF),
        (None, 3),
        (1, 2.5),
        (0, 0.5),
        (1, -1),
        (0, -2.5),
        ((0, 1), 3),
        (None, 2),
        ((), 3),
    ]
]
KEPT = [((2, 3, 2), {"axis": (0, -1), "ord": 4, "keepdims": True}), ((2, 3), {"ord": INF, "keepdims": True})]
MATRIX = [{"ord": p} for p in ("fro", "nuc", 1, -1, 2, -2, INF, -INF, None)]


def rooted(a, axis=None, keepdims=False):
    return np.sqrt(np.sum(a * a, axis=axis, keepdims=keepdims))


def counted(a, **options):
    return np.linalg.vector_norm(a, ord=0, **options)


ROWS = [
    moving(
        "two_norm",
        *[c for c in REDUCED + EMPTY],
        reference=rooted,
        protocol=False,
        special=[
            point([3, 4], 5, [0.6, 0.8]),
            point([0, 0], 0, [0, 0]),
            point([-2], 2, [-1]),
            point([3e-30, 4e-30], 5e-30, [0.6, 0.8]),
            point([3e30, 4e30], 5e30, [0.6, 0.8]),
        ],
    ),
    Sample(
        "vector_norm",
        linalg.vector_norm,
        np.linalg.vector_norm,
        [
            Case((reals(*s),), o)
            for s, o in [
                *VECTOR,
                *KEPT,
                *REDUCED[:2],
                ((0,), {"ord": INF}),
                ((0, 3), {"ord": 3, "axis": 0}),
                ((), {"ord": 3}),
            ]
        ],
        special=[point([0, 0], 0, [0, 0], options={"ord": p}) for p in (1, 3, 1.5, 0.5, INF, -INF, -1)]
        + [
            point([3, 3, -3, 1], 3, [1 / 3, 1 / 3, -1 / 3, 0], options={"ord": INF}),
            point([3, 0, -4], 7, [1, 0, -1], options={"ord": 1}),
            point([0, 2], 2, [0, 1], options={"ord": 0.5}),
            point([0, 2], 2, [0, 1], options={"ord": 3}),
            point([0, 2], 0, [0, 0], options={"ord": -1}),
            point([1e25, 1e25], 2 ** (1 / 3) * 1e25, [2 ** (-2 / 3)] * 2, options={"ord": 3}),
            point([0.5e-25, 1e-25], (0.125 + 1) ** (1 / 3) * 1e-25, None, options={"ord": 3}),
            point([1e-25, 1e-25], 0.5e-25, [0.25, 0.25], options={"ord": -1}),
        ],
        bad=[
            (
                lambda: linalg.vector_norm(t(2), ord="fro"),
                ValueError,
                "linalg.vector_norm: ord='fro' is a norm of matrices",
            ),
            (lambda: linalg.vector_norm(t(2), axis=1), ValueError, "linalg.vector_norm of float32.*axis 1 is out of"),
        ],
    ),
    Sample(
        "vector_norm, of order 0",
        lambda a, **o: linalg.vector_norm(a, ord=0, **o),
        counted,
        [Case((reals(2, 3),), {"axis": 1}), Case((reals(2, 3),), {"keepdims": True})],
        special=[point([0, 1, 0], 1, [0, 0, 0]), point([0, NAN], 1, [0, 0])],
    ),
    Sample(
        "matrix_norm",
        linalg.matrix_norm,
        np.linalg.matrix_norm,
        dtypes=WIDE,
        cases=[Case((reals(2, 3, 4),), o) for o in MATRIX] + [Case((reals(2, 3),), {"ord": "nuc", "keepdims": True})],
        bad=[(lambda: linalg.matrix_norm(t(2, 2), ord=3), ValueError, "linalg.matrix_norm: ord must be .*got 3")],
    ),
    Sample(
        "norm",
        linalg.norm,
        np.linalg.norm,
        dtypes=WIDE,
        torch=lambda m, a, axis=None, keepdims=False, **o: m.linalg.norm(a, dim=axis, keepdim=keepdims, **o),
        cases=[
            Case((reals(*s),), o)
            for s, o in [
                ((3,), {}),
                ((2, 3), {}),
                ((2, 3, 2), {}),
                ((2, 3), {"axis": 1}),
                ((2, 3), {"axis": 0, "keepdims": True}),
                ((3,), {"ord": 1}),
                ((3,), {"ord": 3}),
                ((2, 3), {"ord": "nuc"}),
                ((3, 4, 2), {"ord": 2, "axis": (2, 0)}),
                ((2, 3, 4), {"ord": 1, "axis": (0, 2)}),
                ((2, 3, 4), {"ord": INF, "axis": (-1, 0), "keepdims": True}),
                ((2, 3), {"ord": "fro"}),
                ((2, 3, 2), {"axis": (0, 2)}),
                ((2, 3, 2), {"ord": -2, "axis": (1, 2), "keepdims": True}),
                ((2, 3), {"keepdims": True}),
                ((), {}),
            ]
        ],
        bad=[
            (
                lambda: linalg.norm(t(2, 2, 2), 2),
                ValueError,
                "linalg.norm: got float32\\[2, 2, 2\\], ord=2.*the two of mat",
            ),
            (lambda: linalg.norm(t(2, 2), 3), ValueError, "ord must be 1, -1, 2"),
            (lambda: linalg.norm(t(2, 2), axis=2), ValueError, "linalg.norm of float32\\[2, 2\\]: axis 2 is out of"),
            (lambda: linalg.norm(t(2, 2), axis=(1, 1)), ValueError, "linalg.norm of float32.*names an axis twice"),
            (lambda: linalg.norm(t(2, 2), axis="rows"), TypeError, "linalg.norm: axis must be an integer, got str"),
            (lambda: linalg.norm(half(2, 2), "nuc"), TypeError, NOT_HALF),
        ],
    ),
    Sample(
        "cond",
        linalg.cond,
        np.linalg.cond,
        dtypes=WIDE,
        cases=[
            Case((regular(2, 3, 3),), o)
            for o in ({}, {"p": 2}, {"p": -2}, {"p": 1}, {"p": "fro"}, {"p": INF}, {"p": "nuc"})
        ]
        + [Case((reals(4, 2),))],
        special=[
            Point((np.stack([np.eye(2), np.ones((2, 2))]),), [2, INF], (None,), {"p": "fro"}, quiet=True),
            Point((np.zeros((2, 2)),), INF, (None,), quiet=True),
        ],
        bad=[(lambda: linalg.cond(t(0, 0)), LinAlgError, "linalg.cond: got float32\\[0, 0\\]; an empty matrix")],
    ),
    Sample(
        "matrix_rank",
        linalg.matrix_rank,
        np.linalg.matrix_rank,
        dtypes=WIDE,
        differentiable=False,
        cases=[
            Case((a,), o)
            for a, o in [
                (reals(3, 3), {}),
                (np.ones((2, 3)), {}),
                (np.stack([np.eye(3), np.ones((3, 3))]), {}),
                (reals(4, 2), {"tol": 1.0}),
                (reals(3, 3), {"rtol": 0.5}),
                (np.zeros((2, 2)), {}),
                (np.zeros((0, 2)), {}),
                (reals(3), {}),
                (np.zeros(2), {}),
                (reals(2, 3, 3), {"tol": np.array([0.1, 10.0])}),
            ]
        ],
        bad=[
            (lambda: linalg.matrix_rank(t(2, 2), hermitian=True), TypeError, "hermitian=True is not supported"),
            (lambda: linalg.matrix_rank(t(2, 2), 1.0, rtol=1.0), TypeError, "tol and rtol cannot be both given"),
        ],
    ),
]
