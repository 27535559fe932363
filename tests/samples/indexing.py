"""Indexing and its adjoint."""

import numpy as np

import minigrad as mg
from minigrad.engine import primitives

from .row import Case, Point, Sample, reals, t


def put(values, index, shape):
    """Return zeros with values added at an index: the slow, obvious way."""
    zeros = np.zeros(shape)
    np.add.at(zeros, index, values)
    return zeros


def host(index):
    """Return an index with NumPy's arrays in place of Tensors."""
    if isinstance(index, tuple):
        return tuple(host(i) for i in index)
    return index.numpy() if isinstance(index, mg.Tensor) else index


INDICES = [
    1, -1, slice(None, None, -1), slice(3, None, -2), Ellipsis, None, (Ellipsis, 1), (slice(1, 3), None, 2), (1, 2),
    (slice(None), slice(0, 0)), np.array([0, 2, 0, 0]), np.array([[0, -1], [3, 3]]),
    (np.array([0, 0, 3]), np.array([1, 1, 2])),
    (slice(None), np.array([2, 2, 0])), (np.array([1, 1]), None, slice(0, 2)), np.array([True, False, False, True]),
    np.arange(12).reshape(4, 3) % 2 == 0, (np.array([True, False, True, False]), 1), np.zeros(4, bool),
    np.array([], int),
    (np.array([[0], [3]]), np.array([0, 2, 2])), True, (np.array(1), slice(None)), (Ellipsis, np.array([0, 0])),
]  # fmt: skip
GETITEM = [*INDICES, [0, 2, 2], ([0, 1], slice(None)), mg.tensor([0, 2, 0]), (mg.tensor([1, 1]), mg.tensor(2)),
           mg.tensor([True, False, True, True]), np.int64(2), []]  # fmt: skip
ROWS = [
    Sample(
        "getitem",
        primitives["getitem"],
        lambda a, index: a[index],
        [Case((reals(4, 3),), {"index": i}) for i in INDICES],
        pullback=lambda w, a, index: (put(w, index, a.shape),),
        special=[Point((np.arange(3.0),), [1, 1, 2], ([0, 2, 1],), {"index": np.array([1, 1, 2])})],
        bad=[
            (lambda: t(4, 3)[4], IndexError,
             "^t\\[4\\] of float32\\[4, 3\\]: index 4 is out of bounds .*; an axis of n"),
            (lambda: t(4, 3)[:, [0, 3]], IndexError,
             "^t\\[:, int64\\[2\\]\\] of .*: index 3 is out of bounds for axis 1"),
            (lambda: t(4, 3)[0, 0, 0], IndexError,
             "^t\\[0, 0, 0\\] of .*: too many indices.*at most one index for each"),
            (lambda: t(4, 3)[0.5], IndexError, "^t\\[0.5\\] of float32\\[4, 3\\]: only integers.*; convert a float to"),
            (lambda: t(4, 3)[[0.5]], IndexError, "^t\\[float64\\[1\\]\\] of .* must be of integer.*astype\\(int\\)"),
            (lambda: t(4, 3)[1:2.5, ...], TypeError, "^t\\[1:2.5, ...\\] of .*slice indices must be integers.*convert"),
            (lambda: t(4, 3)["a"], IndexError, "^t\\['a'\\] of .*: only integers"),
            (lambda: t(4, 3)[np.ones(3, bool)], IndexError,
             "^t\\[bool\\[3\\]\\] of .*: boolean index did not .*the lengths"),
            (lambda: t(4, 3)[t(4, 2) == 0], IndexError, "^t\\[bool\\[4, 2\\]\\] of .* axis 1.*a mask must have the le"),
            (lambda: t(4, 3)[[0, 1], [0, 1, 2]], IndexError, "shape mismatch.*paired element by element.*np.ix_"),
            (lambda: t(4, 3)[..., ...], IndexError,
             "^t\\[..., ...\\] of .* can only have a single ellipsis \\('...'\\)"),
            (lambda: t()[0], IndexError, "^t\\[0\\] of float32\\[\\]: "),
        ],
        protocol=False,
    ),
    Sample(
        "add_at",
        primitives["add_at"],
        lambda values, index, shape: put(values, index, shape),
        [Case((np.array(reals(4, 3)[i]),), {"index": i, "shape": (4, 3)}) for i in INDICES],
        pullback=lambda w, values, index, shape: (w[index],),
        special=[Point((np.ones(3),), [0, 2, 1], (np.ones(3),), {"index": np.array([1, 1, 2]), "shape": (3,)})],
        protocol=False,
    ),
    Sample("brackets", lambda a, index: a[index], lambda a, index: a[index],
           [Case((reals(4, 3),), {"index": i}) for i in GETITEM]),
]  # fmt: skip
