"""The median and quantiles."""

import numpy as np

import minigrad as mg
from minigrad.errors import ShapeError
from minigrad.ops.quantiles import METHODS

from .reduce import REDUCED
from .row import INF, NAN, Case, Point, Sample, point, reals, t

HOLES = np.zeros((3, 4), bool)
HOLES[[0, 2, 2], [1, 1, 3]] = True


def at(q, *cases):
    return [Case((reals(*s), q), o) for s, o in cases]


def with_holes(call):
    """Put NaN where the option `holes` says so: the law of differences cannot step over them itself."""
    return lambda a, *args, holes, **o: call(np.where(holes, NAN, a), *args, **o)


def torch_quantile(m, a, q, axis=None, keepdims=False):
    q = np.asarray(q.numpy() if isinstance(q, mg.Tensor) else q, float)
    if isinstance(axis, tuple):  # PyTorch takes one axis
        shape = np.median(a.detach().numpy(), axis=axis, keepdims=keepdims).shape
        a, axis = m.movedim(a, axis, tuple(range(len(axis)))).flatten(0, len(axis) - 1), 0
        return m.quantile(a, m.tensor(q), dim=0).reshape(shape)
    found = m.quantile(a, m.tensor(q.ravel()), dim=axis, keepdim=keepdims)
    return found.reshape((*q.shape, *found.shape[1:]))


BAD = [
    (lambda: mg.quantile(t(3), 1.5), ValueError, "quantile: q must lie between 0 and 1, got float 1.5"),
    (lambda: mg.percentile(t(3), [50, 101]), ValueError, "percentile: q must lie between 0 and 100, got list of 2"),
    (lambda: mg.quantile(t(3), 0.5, method="best"), ValueError,
     "quantile: method must be one of inverted_cdf, .*'best'"),
    (lambda: mg.quantile(t(2, 0), 0.5, axis=1), ShapeError,
     "quantile: there must be an element along the axes, got fl"),
    (lambda: mg.quantile(t(3), 0.5, axis=1), ValueError, "quantile of float32\\[3\\]: axis 1 is out of bounds"),
    (lambda: np.quantile(t(3), 0.5, weights=t(3)), TypeError, "np.quantile on a Tensor does not take weights="),
    (lambda: np.quantile(t(3), 0.5, 0, None, True, "lower"), TypeError,
     "np.quantile on a Tensor does not take overwrite_input="),
    (lambda: mg.quantile(t(3), 0.5, 0, "lower"), TypeError, "quantile.. takes from 2 to 3 positional arguments"),
]  # fmt: skip
LISTED = [0.0, 0.3, 0.5, 1.0]
ROWS = [
    Sample("median", mg.median, np.median, [Case((reals(*s),), o) for s, o in [*REDUCED[:7], ((2, 4), {"axis": 1})]],
           special=[point([7, 1, 3, 2], 2.5, [0, 0, 0.5, 0.5]), point([1, 3, 2], 2, [0, 0, 1]),
                    point([[1, NAN, 2], [INF, 1, INF]], [NAN, INF], None, options={"axis": 1}),
                    point([INF, INF], INF, [0.5, 0.5]), point([1, NAN], NAN, [NAN, NAN])],
           bad=[(lambda: mg.median(t(3), axis=1), ValueError, "median of float32\\[3\\]: axis 1 is out of bounds")]),
    Sample(
        "quantile", mg.quantile, np.quantile,
        [*at(0.3, *REDUCED[:7]), *at(LISTED, ((5,), {}), ((2, 5), {"axis": 1}),
         ((3, 4), {"axis": 0, "keepdims": True})),
         *at([[0.1, 0.7], [0.2, 0.9]], ((5,), {}), ((3, 2), {"axis": 0})), Case((reals(5),), {"q": mg.tensor(0.25)})],
        torch=torch_quantile,
        special=[point([1, INF, 0], [0, 0.5, 1, INF], None, options={"q": [0, 0.25, 0.5, 1]})], bad=BAD,
    ),
    Sample(
        "quantile, by method", mg.quantile, np.quantile,
        [Case((reals(n), LISTED), {"method": method}) for method in METHODS for n in (5, 8)],
    ),
    Sample(
        "quantile, with the slope by q", mg.quantile, np.quantile,
        [Case((reals(7), np.array(q)), {"method": method}) for q in (0.3, [0.05, 0.72]) for method in METHODS],
        special=[Point((np.array([1.0, 2, 4]), np.array([0.5, 0.75])), [2, 3], ([0, 1.5, 0.5], [0, 4]))],
    ),
    Sample("percentile", mg.percentile, np.percentile, [*at(30, ((5,), {})), *at([5, 95.5], ((2, 5), {"axis": -1}))]),
    *[
        Sample(name, with_holes(getattr(mg, name)), with_holes(getattr(np, name)),
               [Case((reals(3, 4), *q), {"holes": HOLES, **o})
                for o in ({}, {"axis": 0}, {"axis": 1, "keepdims": True})])
        for name, q in (("nanmedian", ()), ("nanquantile", (0.3,)), ("nanpercentile", ([20, 80],)))
    ],
]  # fmt: skip
