"""Reductions and scans that leave NaN out."""

import numpy as np

import minigrad as mg

from .quantiles import HOLES, with_holes
from .row import INF, NAN, Case, Sample, point, reals

COLUMNS = [{}, {"axis": 0}, {"axis": 1, "keepdims": True}]
SOME = np.array([[True, True, False, True]] * 3)


def leaving_out(name, *options, whole=COLUMNS, **more):
    """A row of the call on arrays with holes."""
    cases = [Case((reals(3, 4),), {"holes": HOLES, **o}) for o in [*whole, *options]]
    return Sample(name, with_holes(getattr(mg, name)), with_holes(getattr(np, name)), cases, **more)


ROWS = [
    leaving_out("nansum", {"where": SOME}, {"initial": 2.0}),
    leaving_out("nanprod", {"where": SOME, "axis": 0}, {"initial": 2.0}),
    leaving_out("nanmean", {"where": SOME, "axis": 1}),
    leaving_out("nanvar", {"ddof": 1}, {"correction": 1, "axis": 1}, {"where": SOME, "axis": 1}),
    leaving_out("nanstd", {"ddof": 1}),
    leaving_out("nanmax", {"where": SOME, "initial": -9, "axis": 0}, {"initial": 0.5}),
    leaving_out("nanmin", {"where": SOME, "initial": 9}),
    leaving_out("nanargmax", differentiable=False),
    leaving_out("nanargmin", differentiable=False),
    leaving_out("nancumsum", {"axis": 1}, whole=COLUMNS[:2]),
    leaving_out("nancumprod", {"axis": 1}, whole=COLUMNS[:2]),
]


def beside(name, x, value, grad, **more):
    """A row of known points only: what comes of NaN themselves."""
    return Sample(f"{name}, at points", getattr(mg, name),
                      getattr(np, name), [], special=[point(x, value, grad, **more)])


ROWS += [
    beside("nansum", [1, NAN], 1, [1, 0]),
    beside("nanmax", [[1, NAN, 1], [NAN] * 3, [-INF, NAN, -INF]], [1, NAN, -INF],
           [[0.5, 0, 0.5], [0] * 3, [0.5, 0, 0.5]],
           options={"axis": 1}),
    beside("nanmin", [[NAN, 2]], 2, [[0, 1]]),
    beside("nanmedian", [3, NAN, 1], 2, [0.5, 0, 0.5]),
]  # fmt: skip
