"""Inverses and solutions."""

import numpy as np
from numpy.linalg import LinAlgError

import minigrad as mg
from minigrad import linalg
from minigrad.errors import ShapeError

from .products import torch_linalg
from .row import Case, Sample, reals, t

WIDE = (np.float32, np.float64)  # float16 has no linear algebra in NumPy
SQUARES = [(3, 3), (2, 2), (1, 1), (2, 3, 3), (2, 1, 2, 2), (0, 0), (0, 2, 2)]
NOT_HALF = "float16.*float16\\[2, 2\\].*a.astype\\('float32'\\)"


def half(*shape):
    return mg.Tensor(np.ones(shape, np.float16))


def regular(*shape, seed=0):
    """Return square matrices that are far from singular."""
    return reals(*shape, seed=seed) + 3 * np.eye(shape[-1]) if shape[-1] else reals(*shape)


ROWS = [
    Sample(
        "inv",
        linalg.inv,
        np.linalg.inv,
        [Case((regular(*s),)) for s in SQUARES],
        dtypes=WIDE,
        torch=torch_linalg("inv"),
        pullback=lambda w, a: (-np.swapaxes(np.linalg.inv(a) @ np.swapaxes(w, -1, -2) @ np.linalg.inv(a), -1, -2),),
        bad=[
            (lambda: linalg.inv(t(2, 2)), LinAlgError, "Singular.*in inv\\(a: float32\\[2, 2\\]\\)"),
            (lambda: linalg.inv(t(2, 3)), LinAlgError, "square.*in inv\\(a: float32\\[2, 3\\]\\); a must be a square"),
            (lambda: linalg.inv(half(2, 2)), TypeError, NOT_HALF),
        ],
    ),
    Sample(
        "solve",
        linalg.solve,
        np.linalg.solve,
        dtypes=WIDE,
        torch=torch_linalg("solve"),
        cases=[
            Case((regular(*a), reals(*b, seed=1)))
            for a, b in [
                ((3, 3), (3,)),
                ((3, 3), (3, 2)),
                ((2, 3, 3), (3, 2)),
                ((3, 3), (2, 3, 1)),
                ((0, 0), (0,)),
                ((2, 1, 2, 2), (3, 2, 2)),
                ((2, 2), (2, 0)),
                ((1, 1), (1,)),
            ]
        ],
        bad=[
            (lambda: linalg.solve(t(2, 2), t(2)), LinAlgError, "Singular.*in solve\\(a: float32\\[2, 2\\], b: float32"),
            (lambda: linalg.solve(t(2, 2), t(3)), ShapeError, "solve: got a: .*b must have as many rows"),
            (lambda: linalg.solve(half(2, 2), half(2)), TypeError, NOT_HALF),
        ],
    ),
    Sample(
        "solve, stacks of one vector",
        linalg.solve,
        lambda a, b: np.linalg.solve(a, b[:, None])[..., 0],
        [Case((regular(2, 3, 3), reals(3)))],
        dtypes=WIDE,
        protocol=False,
    ),
    Sample(
        "tensorinv",
        linalg.tensorinv,
        np.linalg.tensorinv,
        dtypes=WIDE,
        torch=torch_linalg("tensorinv"),
        cases=[
            Case((regular(6, 6).reshape(s),), {"ind": i})
            for s, i in [((2, 3, 6), 2), ((6, 3, 2), 1), ((3, 2, 2, 3), 2)]
        ],
        bad=[
            (
                lambda: linalg.tensorinv(t(2, 3)),
                ShapeError,
                "linalg.tensorinv: got float32\\[2, 3\\], ind=2; the first",
            ),
            (lambda: linalg.tensorinv(t(2, 2), 0), ShapeError, "at least one"),
        ],
    ),
    Sample(
        "tensorsolve",
        linalg.tensorsolve,
        np.linalg.tensorsolve,
        dtypes=WIDE,
        cases=[
            Case((regular(6, 6).reshape(a), reals(*b, seed=1)), o)
            for a, b, o in [
                ((2, 3, 6), (2, 3), {}),
                ((2, 3, 3, 2), (2, 3), {}),
                ((6, 2, 3), (6,), {}),
                ((3, 2, 6), (6,), {"axes": (0, 1)}),
                ((3, 6, 2), (6,), {"axes": (2, 0)}),
            ]
        ],
        bad=[
            (lambda: linalg.tensorsolve(t(2, 3), t(2)), ShapeError, "linalg.tensorsolve: got .*as many elements as b")
        ],
    ),
]
