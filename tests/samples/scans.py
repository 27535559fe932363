"""Running sums, differences, areas and slopes."""

import numpy as np

import minigrad as mg
from minigrad.errors import ShapeError

from .row import Case, Sample, moving, parts, point, reals, t

X = np.array([0.0, 0.5, 2.0, 2.25])


def rows_of(name, *cases, **more):
    return Sample(name, getattr(mg, name), getattr(np, name), [c if isinstance(c, Case) else Case((reals(*c[0]),), c[1])
                                                               for c in cases], **more)  # fmt: skip


def joined(call):
    """Call `diff` with the ends to be joined on as arguments of their own."""
    return lambda a, prepend, append, **o: call(a, prepend=prepend, append=append, **o)


ROWS = [
    moving(
        "cumsum", ((4,), {}), ((2, 3), {}), ((), {"axis": -1}), ((2, 3), {"axis": 1}), ((2, 3), {"axis": -2}),
        ((0,), {}), ((), {}),
        special=[point([1, 2, 3], [1, 3, 6], [3, 2, 1])],
        torch=lambda m, a, axis=None: m.cumsum(a if axis is not None and a.ndim else a.ravel(), axis or 0),
        bad=[(lambda: mg.cumsum(t(2, 3), axis=2), ValueError, "out of bounds.*in cumsum\\(a: "),
             (lambda: np.cumsum(t(2), 0, np.float64), TypeError, "np.cumsum on a Tensor does not take dtype=")],
    ),
    rows_of(
        "cumulative_sum", ((4,), {}), ((2, 3), {"axis": 1}), ((2, 3), {"axis": 0, "include_initial": True}),
        ((0,), {"include_initial": True}), ((2, 0), {"axis": -1, "include_initial": True}),
        bad=[(lambda: mg.cumulative_sum(t(2, 3)), ShapeError,
              "cumulative_sum: got float32\\[2, 3\\]; axis= may be left"),
             (lambda: mg.cumulative_sum(t(2, 3), axis=2), ValueError, "cumulative_sum of .*axis 2 is out of bounds")],
    ),
    rows_of(
        "diff", ((4,), {}), ((2, 3), {}), ((4, 2), {"axis": 0, "n": 2}), ((3,), {"n": 0}), ((3,), {"n": 5}), ((0,), {}),
        ((1,), {}), ((2, 3), {"prepend": 1.5, "append": 0}), ((0,), {"prepend": 2, "append": 0.5}),
        ((2, 3), {"axis": 0, "prepend": [[1, 2, 0.5]], "n": 2}),
        bad=[(lambda: mg.diff(t(2), n=-1), ValueError, "diff: n, .*must not be negative, got -1"),
             (lambda: mg.diff(t()), ShapeError, "diff: needs at least one axis, got float32\\[\\]"),
             (lambda: mg.diff(t(2), axis=1), ValueError, "diff of float32\\[2\\]: axis 1 is out of bounds")],
    ),
    Sample("diff, with ends", joined(mg.diff), joined(np.diff),
           [Case((reals(2, 3), reals(2, 2), reals(2, 1))), Case((reals(3, 2), reals(), reals(1, 2)), {"axis": 0})]),
    rows_of("ediff1d", ((4,), {}), ((2, 3), {}), ((3,), {"to_begin": 9.0}),
            ((3,), {"to_end": [1.0, 2], "to_begin": 0.5}),
            ((1,), {})),
    rows_of(
        "trapezoid", ((4,), {}), ((2, 4), {"dx": 0.5}), ((4, 2), {"axis": 0}), ((1,), {}), ((2, 0), {}),
        Case((reals(4, 2), X), {"axis": 0}), Case((reals(2, 4), X)), Case((reals(2, 4), reals(2, 4, seed=1))),
        Case((reals(3, 2), reals(3, 1)), {"axis": 0}), Case((reals(2, 1, 3), reals(1, 1, 3))),
        Case((reals(3, 2),), {"dx": [0.5, 2.0], "axis": 0}), Case((reals(2, 4), reals(3, 1, 4))),
        bad=[(lambda: mg.trapezoid(t(3), x=np.ones(2)), ShapeError,
              "trapezoid: got y float32\\[3\\] and x float64\\[2\\], axis=-1; each y needs its x"),
             (lambda: mg.trapezoid(t(3), axis=1), ValueError, "trapezoid of float32\\[3\\]: axis 1 is out of bounds")],
    ),
    Sample(
        "gradient", parts(mg.gradient), parts(np.gradient),
        [Case((reals(*s), *h), o) for s, h, o in [
            ((5,), (), {}), ((5,), (), {"edge_order": 2}), ((5,), (0.5,), {}), ((4, 3), (), {}), ((4, 3), (0.5, 2), {}),
            ((4, 3), (0.5,), {"edge_order": 2}), ((4, 3), (), {"axis": 1}), ((4, 3), (3.0,), {"axis": (1, 0)}),
            ((4,), (X,), {}), ((4,), (X,), {"edge_order": 2}), ((3, 4), (X,), {"axis": -1}), ((4, 4), (X, X[::-1]), {}),
            ((2,), (), {}), ((3,), (), {"edge_order": 2})]],
        bad=[(lambda: mg.gradient(lambda x: x), TypeError, "gradient: needs samples .*mg.grad\\(f\\)"),
             (lambda: mg.gradient(t(1)), ShapeError, "gradient: axis 0 of float32\\[1\\] must have 2 samples or more"),
             (lambda: mg.gradient(t(2), edge_order=2), ShapeError, "must have 3 samples"),
             (lambda: mg.gradient(t(4), X[:3]), ShapeError, "axis 0 has 4 samples, and coordinates float64\\[3\\]"),
             (lambda: mg.gradient(t(4, 3), 1, 2, 3), TypeError, "gradient: got 3 spacings for 2 axes"),
             (lambda: mg.gradient(t(4), edge_order=3), ValueError, "gradient: edge_order must be 1 or 2, got 3")],
    ),
]  # fmt: skip
