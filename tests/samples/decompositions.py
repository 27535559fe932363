"""Decompositions of a matrix into several."""

import numpy as np
from numpy.linalg import LinAlgError

from minigrad import linalg
from minigrad.errors import RuleError

from .factors import symmetric, turned
from .row import Case, Sample, reals, t
from .solving import NOT_HALF, SQUARES, WIDE, half

SHAPES = [(3, 3), (4, 2), (2, 4), (2, 3, 2), (1, 1), (0, 2, 2)]


def joined(*parts):
    """Return several arrays as one: their elements in a row."""
    return np.concatenate([np.ravel(x) for x in parts])


def of_svd(function):
    """Return the parts of a singular value decomposition that do not depend on signs, nor on the basis beyond k."""

    def call(a, **options):
        u, s, vh = function(a, **options)
        k = s.shape[-1]
        u, vh = u[..., :k], vh[..., :k, :]
        return joined(s, u * u, vh * vh, (u * np.exp(-s)[..., None, :]) @ vh)

    return call


def of_eigh(function):
    def call(a, **options):
        w, v = function(a, **options)
        return joined(w, v * v, (v * np.exp(w)[..., None, :]) @ turned(v))

    return call


def of_qr(function):
    def call(a, **options):
        q, r = function(a, **options)
        return joined(q * q, r * r, q @ r)

    return call


ROWS = [
    Sample(
        "linalg.slogdet",
        lambda a: joined(*linalg.slogdet(a)),
        lambda a: joined(*np.linalg.slogdet(a)),
        dtypes=WIDE,
        cases=[Case((reals(*s),)) for s in SQUARES],
        bad=[
            (lambda: linalg.slogdet(t(2, 3)), LinAlgError, "square.*in slogdet\\(a: float32\\[2, 3\\]"),
            (lambda: linalg.slogdet(t(2, 2, requires_grad=True)).logabsdet.backward(), LinAlgError, "Singular"),
        ],
    ),
    Sample(
        "linalg.qr",
        of_qr(linalg.qr),
        of_qr(np.linalg.qr),
        dtypes=WIDE,
        cases=[*[Case((reals(*s),)) for s in SHAPES], Case((reals(2, 3),), {"mode": "complete"})],
        bad=[
            (lambda: linalg.qr(t(2, 2), "raw"), ValueError, "linalg.qr: mode must be \"reduced\", .*got 'raw'"),
            (lambda: linalg.qr(half(2, 2)), TypeError, NOT_HALF),
            (
                lambda: linalg.qr(t(3, 2, requires_grad=True), "complete").R.sum().backward(),
                RuleError,
                "mode='complete' of a matrix \\[3, 2\\] has no derivative.*use mode='reduced'",
            ),
            (lambda: linalg.qr(t(3, 2, requires_grad=True)).R.sum().backward(), LinAlgError, "Singular"),
        ],
    ),
    Sample(
        "linalg.qr, r alone",
        lambda a: linalg.qr(a, mode="r") ** 2,
        lambda a: np.linalg.qr(a, mode="r") ** 2,
        [Case((reals(*s),)) for s in ((3, 2), (2, 3))],
        dtypes=WIDE,
    ),
    Sample(
        "linalg.eigh",
        of_eigh(linalg.eigh),
        of_eigh(np.linalg.eigh),
        dtypes=WIDE,
        within=symmetric,
        cases=[
            Case((symmetric(reals(*s)),), o) for s, o in [((3, 3), {}), ((2, 2, 2), {"UPLO": "U"}), ((0, 2, 2), {})]
        ],
        bad=[
            (lambda: linalg.eigh(t(2, 2), "X"), ValueError, "eigh: got a: .*UPLO, .*must be 'L' or 'U'"),
            (lambda: linalg.eigh(half(2, 2)), TypeError, NOT_HALF),
        ],
    ),
    Sample(
        "linalg.svd",
        of_svd(linalg.svd),
        of_svd(np.linalg.svd),
        dtypes=WIDE,
        cases=[Case((reals(*s),), o) for s in SHAPES for o in ({}, {"full_matrices": False})],
        bad=[
            (lambda: linalg.svd(t(3)), LinAlgError, "two-dimensional.*in svd\\(a: float32\\[3\\]"),
            (lambda: linalg.svd(half(2, 2)), TypeError, NOT_HALF),
            (lambda: np.linalg.svd(t(2, 2), hermitian=True), TypeError, "does not take hermitian="),
        ],
    ),
    Sample(
        "linalg.svd, values alone",
        linalg.svd,
        np.linalg.svd,
        [Case((reals(3, 2),), {"compute_uv": False})],
        dtypes=WIDE,
    ),
]
