"""Variance and what is made of it; weighted means; covariance and correlation."""

import numpy as np

import minigrad as mg
from minigrad.engine import primitives
from minigrad.errors import ShapeError

from .reduce import MASK, REDUCED, torch_axes, wrong_axis
from .row import Case, Point, Sample, point, reals, t

SPREADS = [
    *REDUCED[:4], ((2, 3), {"ddof": 1}), ((4, 2), {"axis": 0, "ddof": 1, "keepdims": True}), ((3,), {"ddof": 0.5}),
    ((2, 3), {"where": MASK}), ((2, 3), {"where": MASK, "axis": 1, "ddof": 0.5}),
]  # fmt: skip


def torch_spread(name):
    return lambda m, a, ddof=0, **o: torch_axes(name)(m, a, ddof=ddof, **o)


def covariances(call):
    """Call `cov` with the weights as arguments, which are differentiated too."""
    return lambda m, f, a, **o: call(m, fweights=f, aweights=a, **o)


def weighted(m, f, a, ddof=1):
    w = f * a
    d = m - (m * w).sum(axis=1, keepdims=True) / w.sum()
    return (d * w) @ d.T / (w.sum() - ddof * (w * a).sum() / w.sum())


def weighing(call):
    return lambda a, w, **o: call(a, weights=w, **o)


def both(call):
    """Return the mean and the sum of the weights as one array."""
    return lambda a, w=None, **o: np.stack(call(a, weights=w, returned=True, **o))


FREQUENCIES, WEIGHTS = np.array([1, 2, 1, 3, 0]), reals(5, low=0.5, high=2)
ROWS = [
    Sample(
        "centred", primitives["centred"],
        lambda a, axis=None, where=True: np.where(where, a - np.mean(a, axis=axis, keepdims=True, where=where), 0),
        [Case((reals(*s),), o) for s, o in [
            ((2, 3), {}), ((2, 3), {"axis": 0}), ((2, 3, 2), {"axis": (0, -1)}), ((2, 3), {"where": MASK, "axis": 1})]],
        special=[point([3, 3, 3], [0, 0, 0], [0, 0, 0]), point([1e8, 1e8 + 8], [-4, 4], [0, 0])], protocol=False,
    ),
    *[Sample(
        name, primitives[name], getattr(np, name), [Case((reals(*s),), o) for s, o in SPREADS], protocol=False,
        torch=torch_spread(name), special=[point([3, 3, 3], 0, [0, 0, 0]), *special], far=far,
        bad=wrong_axis(name),
    ) for name, special, far in (
        ("var", [point([1e4, 1e4 + 1, 1e4 + 2, 1e4 + 3], 1.25, [-0.75, -0.25, 0.25, 0.75])], []),
        ("std", [point([[1, 3], [2, 2]], [1, 0], [[-0.5, 0.5], [0, 0]], options={"axis": 1})],
         [point([1e30, 3e30], 1e30, [-0.5, 0.5]), point([1e-30, 3e-30], 1e-30, [-0.5, 0.5])]),
    )],
    *[Sample(
        f"{name}, public", getattr(mg, name), getattr(np, name), [Case((reals(*s),), o) for s, o in [
            ((2, 3), {"axis": 1}), ((2, 3), {"correction": 1}), ((2, 3), {"correction": 1, "where": MASK}),
            ((3, 2), {"mean": np.array([[0.25, -0.5]]), "axis": 0}),
            ((2, 3), {"mean": np.array(0.25), "where": MASK, "ddof": 1, "axis": 1, "keepdims": True})]],
        bad=[(bad, ValueError, f"{name}: got ddof=1 and correction=1, two names")],
    ) for name, bad in (
        ("var", lambda: mg.var(t(2), ddof=1, correction=1)), ("std", lambda: mg.std(t(2), ddof=1, correction=1)),
    )],
    Sample(
        "average", weighing(mg.average), weighing(np.average),
        [Case((reals(*s), None if w is None else reals(*w, low=0.5, high=2, seed=1)), o) for s, w, o in [
            ((4,), None, {}), ((2, 3), (2, 3), {}), ((2, 3), (2, 3), {"axis": 1}), ((2, 3), (3,), {"axis": 1}),
            ((2, 3, 4), (4, 2), {"axis": (2, 0)}), ((2, 3), (2,), {"axis": 0, "keepdims": True}),
            ((2, 3), None, {"axis": 0})]],
        special=[Point((np.array([1.0, 3]), np.array([3.0, 1])), 1.5, ([0.75, 0.25], [-0.125, 0.375]))],
        bad=[(lambda: mg.average(t(2, 3), weights=t(3)), ShapeError,
              "average: got float32\\[2, 3\\], axis=None, weights fl"),
             (lambda: mg.average(t(2, 3), axis=0, weights=t(3)), ShapeError,
              "average: .*axis=0, weights float32\\[3\\]"),
             (lambda: mg.average(t(2), weights=[1, -1]), ZeroDivisionError,
              "average: the weights, list of 2, sum to 0")],
    ),
    Sample(
        "average, with the sum", both(mg.average), both(np.average),
        [Case((reals(2, 3),), {"axis": 0}), Case((reals(2, 3), reals(3, low=0.5, high=2, seed=1)), {"axis": 1})],
    ),
    Sample(
        "cov", mg.cov, np.cov,
        [Case((reals(3, 5),)), Case((reals(5),)), Case((reals(5, 2),), {"rowvar": False}),
         Case((reals(2, 4),), {"bias": True}),
         Case((reals(2, 4),), {"ddof": 0}), Case((reals(4), reals(4, seed=1))),
         Case((reals(2, 4), reals(1, 4, seed=1))),
         Case((reals(4, 2), reals(4, 1)), {"rowvar": False}), Case((reals(2, 5),), {"fweights": FREQUENCIES}),
         Case((reals(2, 5),), {"aweights": WEIGHTS, "ddof": 0}),
         Case((reals(2, 5),), {"fweights": FREQUENCIES, "aweights": WEIGHTS})],
        bad=[(lambda: mg.cov(t(2, 3, 4)), ShapeError,
              "cov: needs a vector or a matrix of observations, got float32\\[2, 3"),
             (lambda: mg.cov(t(2, 3), aweights=[1, 2]), ShapeError,
              "cov: aweights must be 3 weights ≥ 0, one for each"),
             (lambda: mg.cov(t(2, 3), fweights=[1, -1, 2]), ShapeError, "cov: fweights must be 3 weights ≥ 0")],
    ),
    Sample("cov, weighted", covariances(mg.cov), weighted,
           [Case((reals(2, 5), WEIGHTS, WEIGHTS[::-1] + 1), {"ddof": 1})],
           protocol=False),
    Sample(
        "corrcoef", mg.corrcoef, np.corrcoef,
        [Case((reals(3, 5),)), Case((reals(5), reals(5, seed=1))), Case((reals(5, 2),), {"rowvar": False})],
    ),
]  # fmt: skip
