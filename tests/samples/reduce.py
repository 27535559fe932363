"""Sums and means along axes, and what truths say as a whole."""

import numpy as np

import minigrad as mg
from minigrad.errors import DtypeError, ShapeError

from .row import Case, moving, t

REDUCED = [
    ((2, 3), {}),
    ((2, 3), {"axis": 0}),
    ((2, 3), {"axis": -1, "keepdims": True}),
    ((2, 3, 2), {"axis": (0, -1)}),
    ((2, 3, 2), {"axis": (-1, 1), "keepdims": True}),
    ((2, 3), {"axis": ()}),
    ((), {}),
    ((2, 0), {"axis": 0}),
]
EMPTY = [((0,), {}), ((0, 3), {"axis": 0}), ((2, 0), {"axis": -1, "keepdims": True})]
MASK = np.array([[True, False, True], [False, True, True]])
MASKED = [
    ((2, 3), {"where": MASK}),
    ((2, 3), {"where": MASK, "axis": 0}),
    ((2, 3), {"where": mg.tensor(MASK[0]), "axis": 1, "keepdims": True}),
    ((2, 3), {"where": True, "axis": 0}),
]


def spread(w, a, axis=None, keepdims=False, where=True, initial=None, **rest):
    """Return the cotangent of a sum, at every element that was summed."""
    kept = w if keepdims or axis is None or a.ndim == 0 else np.expand_dims(w, axis)
    return np.where(where, np.broadcast_to(kept, a.shape), 0)


def count(a, axis=None, where=True, **rest):
    return np.sum(np.broadcast_to(where, a.shape), axis=axis, keepdims=True)


def torch_axes(name):
    def call(m, a, axis=None, keepdims=False, ddof=None):
        axis = tuple(range(a.ndim)) if axis is None else axis
        return getattr(m, name)(a, dim=axis, keepdim=keepdims, **({} if ddof is None else {"correction": ddof}))

    return call


def softmax(z, axis=-1):
    e = np.exp(z - np.max(z, axis=axis, keepdims=True, initial=-1e300))
    return e / e.sum(axis=axis, keepdims=True)


def centred(a, axis=None, **rest):
    return a - a.mean(axis=axis, keepdims=True)


def wrong_axis(*names):
    return [
        ((lambda f: lambda: f(t(2, 3), axis=2))(getattr(mg, n)), ValueError, f"out of bounds.*in {n}\\(a: ")
        for n in names
    ]


def wrong_mask(call):
    return [
        (lambda: call(t(2, 3), where=np.ones((2, 3))), TypeError, "where= must be a mask of booleans.*got float64"),
        (lambda: call(t(3), where=np.ones((2, 3), bool)), ShapeError,
         "broadcasts to shape \\[3\\]; got bool\\[2, 3\\]"),
    ]


ROWS = [
    moving(
        "sum", *REDUCED, *EMPTY, ((), {"axis": -1}), *MASKED,
        ((2, 3), {"initial": 5, "axis": 0}), ((0,), {"initial": np.float64(0.5)}),
        pullback=lambda w, a, **o: (spread(w, a, **o),),
        bad=[*wrong_axis("sum"), *wrong_mask(mg.sum),
             (lambda: mg.sum(t(2), initial=t()), TypeError, "sum: initial must be a number, got float32\\[\\]"),
             (lambda: mg.sum(t(2), dtype=float), TypeError, "unexpected keyword argument 'dtype'"),
             (lambda: np.sum(t(2), dtype=float), TypeError, "np.sum on a Tensor does not take dtype="),
             (lambda: np.sum(t(2), 0, float), TypeError, "np.sum on a Tensor does not take dtype="),
             (lambda: mg.sum(t(2) + np.zeros(2, complex)), DtypeError, "complex128")],
    ),
    moving(
        "mean", *REDUCED, *MASKED,
        pullback=lambda w, a, **o: (spread(w / count(a, **o).reshape(np.shape(w)), a, **o),),
        torch=torch_axes("mean"), bad=[*wrong_axis("mean"), *wrong_mask(mg.mean)],
    ),
    moving("all", *REDUCED, *MASKED, Case((np.array([[0.0, 2], [1, 2]]),), {"axis": 1}), differentiable=False,
           bad=wrong_mask(mg.all)),
    moving("any", *REDUCED, *MASKED, Case((np.array([[0.0, 0], [1, 2]]),), {"axis": 1}), differentiable=False,
           bad=wrong_mask(mg.any)),
    moving("count_nonzero", *REDUCED[:5], Case((np.array([[0.0, 0], [1, 2]]),), {"axis": 1}), differentiable=False),
]  # fmt: skip
