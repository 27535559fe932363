"""Determinants and cofactors."""

import math

import numpy as np
from numpy.linalg import LinAlgError

from minigrad import linalg
from minigrad.engine import primitives

from .products import torch_linalg
from .row import Case, Point, Sample, reals, t
from .solving import NOT_HALF, SQUARES, WIDE, half


def minors(a):
    """Return the cofactors by their definition, one minor after another."""
    n = a.shape[-1]
    found = np.zeros_like(a)
    for i in range(n):
        for j in range(n):
            minor = np.delete(np.delete(a, i, -2), j, -1)
            found[..., i, j] = (-1) ** (i + j) * np.linalg.det(minor)
    return found


RANK_2 = np.array([[1.0, 2, 3], [4, 5, 6], [7, 8, 9]])
RANK_1 = np.outer([1.0, -2, 3], [2.0, 1, 1])
BOTH = np.stack([RANK_2, RANK_1])
# adding t to an element changes a determinant by t times the cofactor: these are exact
COFACTORS = np.array([[-3.0, 6, -3], [6, -12, 6], [-3, 6, -3]])
ROWS = [
    Sample(
        "det",
        linalg.det,
        np.linalg.det,
        [Case((reals(*s),)) for s in SQUARES],
        dtypes=WIDE,
        torch=torch_linalg("det"),
        pullback=lambda w, a: (w[..., None, None] * minors(a),),
        special=[
            Point((np.array([[1.0, 2], [2, 4]]),), 0, ([[4, -2], [-2, 1]],)),
            Point((np.zeros((3, 3)),), 0, (np.zeros((3, 3)),)),
            Point((np.zeros((1, 1)),), 0, ([[1]],)),
            Point((np.stack([np.eye(2), np.ones((2, 2))]),), [1, 0], ([[[1, 0], [0, 1]], [[1, -1], [-1, 1]]],)),
        ],
        far=[Point((np.diag([1e30, 1e30]),), math.inf, (np.diag([1e30, 1e30]),), quiet=True)],
        bad=[
            (lambda: linalg.det(t(2, 3)), LinAlgError, "square.*in det\\(a: float32\\[2, 3\\]\\); a must be a square"),
            (lambda: linalg.det(half(2, 2)), TypeError, NOT_HALF),
        ],
    ),
    Sample(
        "cofactors",
        primitives["cofactors"],
        minors,
        [Case((reals(*s),)) for s in SQUARES],
        dtypes=WIDE,
        protocol=False,
        special=[
            Point((np.zeros((2, 2)),), 0, ([[1, -1], [-1, 1]],)),
            Point((np.eye(2),), np.eye(2), ([[1, -1], [-1, 1]],)),
        ],
    ),
]
