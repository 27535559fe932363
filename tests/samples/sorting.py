"""Elements in order, and where they are found in what is in order."""

import numpy as np

import minigrad as mg
from minigrad.errors import ShapeError

from .row import NAN, Case, Point, Sample, moving, point, reals, t

TIES = np.array([[2.0, 1, 2, 0], [1, 1, 0, 1]])
ALONG = [((5,), {}), ((3, 4), {}), ((3, 4), {"axis": 0}), ((2, 3), {"axis": None}),
         ((0,), {}), ((2, 0, 3), {"axis": 1}),
         ((1,), {})]  # fmt: skip
BINS = np.array([-1.0, 0, 0.5, 1])
KEYS = np.array([[1, 0, 1, 0], [2, 2, 1, 1], [0, 0, 0, 0]])

ROWS = [
    moving(
        "argsort", *ALONG, ((5,), {"kind": "heapsort"}), differentiable=False,
        bad=[(lambda: mg.argsort(t(2), kind="bogo"), ValueError, "argsort: kind must be one of .*got 'bogo'"),
             (lambda: mg.argsort(t(2), axis=1), ValueError, "out of bounds.*in argsort\\(a: ")],
    ),
    Sample("argsort, of ties", mg.argsort, lambda a: np.argsort(a, kind="stable"),
           [Case((TIES,)), Case((np.array([1, NAN, 0, NAN]),))], differentiable=False, protocol=False),
    Sample(
        "sort", mg.sort, np.sort, [Case((reals(*s),), o) for s, o in [*ALONG, ((5,), {"kind": "stable"})]],
        torch=lambda m, a, axis=-1, kind=None:
            m.sort(a.ravel() if axis is None else a, dim=-1 if axis is None else axis)[0],
        special=[Point((TIES,), np.sort(TIES), ([[3, 2, 4, 1], [2, 3, 1, 4]],), cotangent=[1, 2, 3, 4]),
                 point([NAN, 1, NAN, 0], [0, 1, NAN, NAN], [1, 1, 1, 1])],
        bad=[(lambda: mg.sort(t(2), axis=1), ValueError, "sort of float32\\[2\\]: axis 1 is out of bounds"),
             (lambda: mg.sort(t(2), kind="bogo"), ValueError, "argsort: kind must be one of"),
             (lambda: t(2).sort(), TypeError, "t.sort\\(…\\) would change t in place.*u = mg.sort\\(t"),
             (lambda: np.sort(t(2), order="x"), TypeError, "np.sort on a Tensor does not take order=")],
    ),
    Sample(
        "lexsort", lambda keys, **o: mg.lexsort(keys, **o), np.lexsort,
        [Case((KEYS.astype(float),)), Case((KEYS[::-1].astype(float),)), Case((reals(2, 3, 4),), {"axis": 0})],
        differentiable=False,
        bad=[(lambda: mg.lexsort([t(2), t(3)]), ShapeError,
              "lexsort: needs keys of one shape, got float32\\[2\\], float32"),
             (lambda: mg.lexsort([]), ShapeError, "lexsort: needs at least one array"),
             (lambda: mg.lexsort(t()), TypeError, "lexsort: needs a sequence of arrays, got float32"),
             (lambda: mg.lexsort(None), TypeError, "lexsort: needs a sequence of arrays, got None")],
    ),
    moving("argpartition", ((7,), {"kth": 3}), ((3, 4), {"kth": (0, 2), "axis": 0}), differentiable=False,
           bad=[(lambda: mg.argpartition(t(3), 3), ValueError, "out of bounds.*in argpartition\\(a: ")]),
    Sample(
        "partition", mg.partition, np.partition,
        [Case((reals(*s), k), o) for s, k, o in [
            ((7,), 3, {}), ((3, 5), (1, 3), {"axis": 1}), ((4, 2), 0, {"axis": 0}), ((2, 3), -1, {"axis": None})]],
        bad=[(lambda: mg.partition(t(2), 0, axis=1), ValueError,
              "partition of float32\\[2\\]: axis 1 is out of bounds")],
    ),
    Sample(
        "searchsorted", mg.searchsorted, np.searchsorted,
        [Case((BINS, reals(2, 3))), Case((BINS, np.array([0.0, 0.5, 2])), {"side": "right"}),
         Case((BINS, np.array(0.5))),
         Case((BINS[::-1].copy(), reals(3)), {"sorter": [3, 2, 1, 0]}), Case((BINS, 0.25))],
        differentiable=False,
        bad=[(lambda: mg.searchsorted(t(2, 2), t(2)), ValueError, "searchsorted.*a must be a vector, in order"),
             (lambda: mg.searchsorted(t(2), t(2), "middle"), ValueError, "searchsorted.*side \"left\" or \"right\"")],
    ),
    Sample(
        "digitize", mg.digitize, np.digitize,
        [Case((reals(2, 3), BINS)), Case((BINS, BINS), {"right": True}), Case((BINS, BINS)),
         Case((BINS, BINS[::-1].copy())), Case((BINS, BINS[::-1].copy()), {"right": True})],
        differentiable=False,
        bad=[(lambda: mg.digitize(t(2), [0, 2, 1]), ValueError,
              "digitize: bins must be a vector that rises, or falls")],
    ),
    Sample(
        "bincount", mg.bincount, np.bincount,
        [Case((np.array([0, 2, 2, 5]), reals(4))), Case((np.array([1, 1]), reals(2)), {"minlength": 4})],
        pullback=lambda w, x, weights, minlength=0: (w[x],),
        special=[Point((np.array([0, 2, 2]), np.array([1.0, 10, 20])), [1, 0, 30], ([1, 2, 2],), cotangent=[1, 7, 2])],
        bad=[(lambda: mg.bincount([0, -1], t(2)), ShapeError, "bincount: x must be a vector of integers ≥ 0, got list"),
             (lambda: mg.bincount([0.5], t(1)), TypeError, "bincount: x must be integers, got list of 1"),
             (lambda: mg.bincount([0, 1], t(3)), ShapeError, "bincount: x is list of 2, weights are float32\\[3\\]")],
    ),
]  # fmt: skip
