"""The largest and the smallest elements, and where they are."""

import numpy as np

import minigrad as mg
from minigrad.errors import ShapeError

from .reduce import MASK, REDUCED, torch_axes, wrong_axis, wrong_mask
from .row import INF, NAN, Case, Sample, moving, point, reals, t

MASKED = [
    ((2, 3), {"where": MASK, "initial": -3.0}),
    ((2, 3), {"where": MASK, "axis": 0, "initial": -3, "keepdims": True}),
    ((2, 3), {"initial": 0.1, "axis": 0}),
    ((2, 0), {"initial": 1, "axis": -1}),
]
BESIDE = point([[1, NAN, 3], [1, 0, 0.5]], [NAN, 1], [[NAN] * 3, [1, 0, 0]], options={"axis": 1})
FLOOR = [((2, 3), {**o, "initial": -o["initial"]}) if s == (2, 3) else (s, o) for s, o in MASKED]

ROWS = [
    moving(
        "max", *REDUCED, *MASKED, torch=torch_axes("amax"),
        special=[point([1, 3, 3], 3, [0, 0.5, 0.5]), BESIDE,
                 point([[2, 2, 2], [0, 5, 5]], [2, 5], [[1 / 3] * 3, [0, 0.5, 0.5]], options={"axis": 1}),
                 point([[2, 5], [5, 4]], 5, [[0, 0.5], [0.5, 0]], options={"axis": (0, 1)}),
                 point([-INF, INF, 1], INF, [0, 1, 0]), point([-INF, -INF], -INF, [0.5, 0.5]),
                 point([1, 3, 3], 3, [0, 0.5, 0.5], options={"initial": 3}),
                 point([1, 3], 4, [0, 0], options={"initial": 4}),
                 point([1, NAN, 3], 3, [0, 0, 1], options={"initial": 0, "where": [True, False, True]})],
        bad=[*wrong_axis("max"), *wrong_mask(lambda a, where: mg.max(a, where=where, initial=0)),
             (lambda: mg.max(t(2), where=[True, False]), TypeError, "initial=, a number to start from, must be given"),
             (lambda: mg.max(t(0)), ShapeError,
              "max: got a: float32\\[0\\], keepdims=False; there must be an element along the axes"),
             (lambda: mg.max(t(2, 3), axis=(0, 0)), ShapeError, "max: got .*axis=\\(0, 0\\), .*no axis twice"),
             (lambda: np.max(t(2), 0, np.ones(2)), TypeError, "does not take out=.*never written in place"),
             (lambda: mg.max(t(2), initial="a"), TypeError, "max: initial must be a number, got str")],
    ),
    moving(
        "min", *REDUCED, *FLOOR, torch=torch_axes("amin"),
        special=[point([3, 1, 1], 1, [0, 0.5, 0.5]), point([[1, NAN, 3]], NAN, [[NAN] * 3])],
        bad=[(lambda: mg.min(t(0)), ShapeError,
              "min: got a: float32\\[0\\], keepdims=False; there must be an element")],
    ),
    moving("argmax", ((2, 3), {}), ((2, 3), {"axis": 1, "keepdims": True}), Case((np.array([1.0, NAN, 3, NAN]),)),
           differentiable=False,
           bad=[*wrong_axis("argmax"),
                (lambda: mg.argmax(t(0)), ValueError, "argmax of an empty.*argmax\\(a: float32")]),
    moving("argmin", ((2, 3), {}), ((2, 3), {"axis": 0}), differentiable=False),
    Sample("ptp", mg.ptp, np.ptp, [Case((reals(*s),), o) for s, o in REDUCED],
           special=[point([2, 2], 0, [0, 0]), point([1, 4, 4], 3, [-1, 0.5, 0.5])]),
]  # fmt: skip
