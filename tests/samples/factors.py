"""Factors of a matrix, each decomposition as one array."""

import numpy as np
from numpy.linalg import LinAlgError

from minigrad import linalg
from minigrad.engine import primitives

from .products import torch_linalg
from .row import Case, Point, Sample, reals, t
from .solving import NOT_HALF, SQUARES, WIDE, half

NAN = np.nan


def symmetric(x):
    return (x + np.swapaxes(x, -1, -2)) / 2


def definite(*shape):
    return symmetric(reals(*shape)) + 4 * np.eye(shape[-1])


def firm(x, but=None):
    """Turn vectors, the columns of x, so that their first components are positive; a row that is no part of them stays.

    Eigenvectors and singular vectors are unique but for that sign.
    """
    sign = np.where(x[..., 0 if but != 0 else 1, :] < 0, -1.0, 1.0)[..., None, :]
    if but is None:
        return x * sign
    return np.concatenate([x[..., :but, :] * sign, x[..., but : but + 1, :], x[..., but + 1 :, :] * sign], axis=-2)


def turned(x):
    return np.swapaxes(x, -1, -2)


def packed_svd(a, full=False):
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    return np.concatenate([u, s[..., None, :], turned(vh)], axis=-2)


def packed_qr(a, complete=False):
    q, r = np.linalg.qr(a, "complete" if complete else "reduced")
    return np.concatenate([q, turned(r)], axis=-2)


def packed_eigh(a, UPLO="L"):
    w, v = np.linalg.eigh(a, UPLO)
    return np.concatenate([w[..., None, :], v], axis=-2)


EIGEN = [Case((symmetric(reals(*s)),)) for s in SQUARES if s[-1]] + [Case((symmetric(reals(3, 3)),), {"UPLO": "U"})]
TWINS = np.diag([1.0, 2, 2])  # two equal eigenvalues, or singular values

ROWS = [
    Sample(
        "slogdet",
        primitives["slogdet"],
        lambda a: np.stack(np.linalg.slogdet(a), axis=-1),
        protocol=False,
        dtypes=WIDE,
        cases=[Case((reals(*s),)) for s in SQUARES],
        pullback=lambda w, a: (w[..., 1, None, None] * turned(np.linalg.inv(a)),),
    ),
    Sample(
        "cholesky",
        linalg.cholesky,
        np.linalg.cholesky,
        dtypes=WIDE,
        within=symmetric,
        torch=torch_linalg("cholesky"),
        cases=[
            *[Case((definite(*s),)) for s in SQUARES if s[-1]],
            Case((definite(3, 3),), {"upper": True}),
            Case((reals(0, 0),)),
        ],
        special=[Point((np.diag([4.0, 9]),), np.diag([2.0, 3]), ([[1 / 4, 1 / 4], [1 / 4, 1 / 6]],))],
        bad=[
            (
                lambda: linalg.cholesky(t(2, 2)),
                LinAlgError,
                "not positive definite.*in cholesky\\(a: float32\\[2, 2\\]",
            ),
            (lambda: linalg.cholesky(t(2, 3)), LinAlgError, "square.*in cholesky\\(a: float32\\[2, 3\\]"),
            (lambda: linalg.cholesky(half(2, 2)), TypeError, NOT_HALF),
        ],
    ),
    Sample(
        "qr",
        primitives["qr"],
        packed_qr,
        dtypes=WIDE,
        protocol=False,
        settled=firm,
        cases=[
            Case((reals(*s),), o)
            for s, o in [
                ((3, 3), {}),
                ((4, 2), {}),
                ((2, 4), {}),
                ((2, 3, 2), {}),
                ((1, 1), {}),
                ((2, 2, 3), {}),
                ((0, 2, 2), {}),
                ((2, 3), {"complete": True}),
            ]
        ],
    ),
    Sample(
        "eigh",
        primitives["eigh"],
        packed_eigh,
        EIGEN,
        dtypes=WIDE,
        within=symmetric,
        protocol=False,
        settled=lambda x: firm(x, 0),
        special=[
            Point(
                (TWINS,),
                packed_eigh(TWINS),
                ([[2, 0, 0], [0, 4, 0], [0, 0, 4]],),
                cotangent=[[2, 3, 5], [0, 0, 0], [0, 0, 0], [0, 0, 0]],
            ),  # equal eigenvalues share 3 + 5
        ],
    ),
    Sample(
        "distinct",
        primitives["distinct"],
        lambda v, values, nonzero=False: v,
        [
            Case((reals(3, 2), np.array([1.0, 2]))),
            Case((reals(2, 3, 3), np.array([[1.0, 2, 3], [3, 2, 1]])), {"nonzero": True}),
        ],
        protocol=False,
        special=[
            Point((reals(2, 3), np.array([1.0, 1, 2])), reals(2, 3), ([[NAN, NAN, 0]] * 2,), cotangent=0),
            Point((reals(2, 2), np.array([1.0, 0])), reals(2, 2), ([[1, NAN]] * 2,), {"nonzero": True}),
        ],
    ),
    Sample(
        "eigvalsh",
        linalg.eigvalsh,
        np.linalg.eigvalsh,
        EIGEN,
        dtypes=WIDE,
        within=symmetric,
        torch=lambda m, a, UPLO="L": m.linalg.eigvalsh(a, UPLO=UPLO),
        special=[Point((np.eye(3),), [1, 1, 1], (2 * np.eye(3),), cotangent=[0, 0, 6])],
        bad=[
            (
                lambda: linalg.eigvalsh(t(2, 2), "X"),
                ValueError,
                "eigvalsh: got a: float32\\[2, 2\\], UPLO='X'; .*UPLO, .*must be 'L' or 'U'",
            ),
            (lambda: linalg.eigvalsh(half(2, 2)), TypeError, NOT_HALF),
        ],
    ),
    Sample(
        "svd",
        primitives["svd"],
        packed_svd,
        dtypes=WIDE,
        protocol=False,
        settled=lambda x: firm(x, 3),
        cases=[Case((reals(*s),)) for s in ((3, 3), (3, 2), (3, 4), (2, 3, 2), (3, 1), (0, 3, 3))],
    ),
    Sample(
        "svdvals",
        linalg.svdvals,
        np.linalg.svdvals,
        dtypes=WIDE,
        torch=torch_linalg("svdvals"),
        cases=[Case((reals(*s),)) for s in ((3, 3), (4, 2), (2, 4), (2, 3, 2), (1, 1), (0, 2, 2), (2, 0), (1, 3))],
        special=[
            Point((np.eye(2),), [1, 1], (np.diag([4.0, 4]),), cotangent=[3, 5]),
            Point((np.zeros((2, 3)),), [0, 0], (np.zeros((2, 3)),)),
            Point((np.diag([0.0, 2]),), [2, 0], (np.diag([0.0, 1]),)),
        ],
        bad=[
            (
                lambda: linalg.svdvals(t(3)),
                LinAlgError,
                "two-dimensional.*in svdvals\\(a: float32\\[3\\]\\); a must be a m",
            ),
            (lambda: linalg.svdvals(half(2, 2)), TypeError, NOT_HALF),
        ],
    ),
]
