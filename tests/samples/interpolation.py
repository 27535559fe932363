"""Interpolation between given points."""

import numpy as np

import minigrad as mg
from minigrad.errors import ShapeError

from .row import INF, NAN, Case, Point, Sample, reals, t

XP, FP = np.sort(reals(5, seed=1)), reals(5, seed=2)
ENDS = {"left": -3.0, "right": 5}
ROWS = [
    Sample(
        "interp",
        mg.interp,
        np.interp,
        [
            Case((reals(2, 3), XP, FP)),
            Case((reals(7), XP, FP), ENDS),
            Case((reals(), XP, FP)),
            Case((reals(0), XP, FP)),
            Case((reals(3), XP[:1], FP[:1])),
            Case((reals(6), np.array([-1, 0, 1]), FP[:3])),
            Case((0.25, XP, FP)),
        ],
        special=[
            Point(
                (np.array([0.0, 1, 2, -1, 9]), np.array([0.0, 1, 2]), np.array([0.0, 10, 40])),
                [0, 10, 40, 0, 40],
                ([10, 30, 30, 0, 0], None, [2, 1, 2]),
            ),
            Point((np.array([NAN, INF, -INF]), np.array([0.0, 1]), np.array([3.0, 5])), [NAN, 5, 3], ([NAN, 0, 0],)),
            Point((np.array([1.0]), np.array([0.0, 1, 1]), np.array([0.0, 2, 3])), [3], ([0],)),
        ],
        bad=[
            (lambda: mg.interp(t(2), t(3), t(4)), ShapeError, r"interp: .*float32\[3\].*float32\[4\].*one length"),
            (lambda: mg.interp(t(2), t(0), t(0)), ShapeError, "vectors of one length ≥ 1"),
            (lambda: mg.interp(t(2), [2.0, 1.0], [0.0, 1.0]), ValueError, "decrease; sort the points by xp first"),
            (lambda: np.interp(t(2), t(2), t(2), period=3), TypeError, "np.interp on a Tensor does not take period="),
        ],
    )
]
