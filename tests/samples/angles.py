"""Angles and distances in the plane."""

import math

import numpy as np

from .elementwise import ONE
from .row import INF, NAN, Case, binary, both, moving, reals, unary

RIGHT = math.pi / 2
BINARY = [
    binary(
        "hypot",
        (lambda x, y: x / np.hypot(x, y), lambda x, y: y / np.hypot(x, y)),
        special=[
            both([3, 0, 0, -2], [4, 0, -1, 0], [5, 0, 1, 2], [0.6, 0, 0, -1], [0.8, 0, -1, 0]),
            both([INF, 1, -INF], [1, -INF, INF], INF, [1, 0, -math.sqrt(0.5)], [0, -1, math.sqrt(0.5)]),
            both([NAN, 1], [1, NAN], NAN, NAN, NAN),
            both([3e30, 1e-42], [4e30, 0], [5e30, 1e-42], [0.6, 1], [0.8, 0]),
        ],
    ),
    binary(
        "arctan2",
        (lambda y, x: x / (x * x + y * y), lambda y, x: -y / (x * x + y * y)),
        special=[
            both([0, 1, 0, -0.0], [2, 0, -2, -2], [0, RIGHT, math.pi, -math.pi], [0.5, 0, -0.5, -0.5], [0, -1, 0, 0]),
            both([INF, 1, INF], [1, INF, -INF], [RIGHT, 0, 3 * math.pi / 4], [0, 0, 0], [0, 0, 0]),
            both([0.0], [0.0], [0.0], NAN, NAN, quiet=True),
            both([3e30, 3e-30], [4e30, 4e-30], math.atan2(3, 4), [0.16e-30, 0.16e30], [-0.12e-30, -0.12e30]),
        ],
    ),
]
TURNING = [
    (reals(12, low=-9, high=9), {}),
    (reals(4, 3, low=-9, high=9), {"axis": 0}),
    (reals(2, 3), {"period": 1.5}),
    (reals(5, low=-9, high=9), {"discont": 4.0}),
    (reals(0), {}),
]
ROWS = [
    *BINARY,
    unary("deg2rad", lambda x: math.pi / 180 * ONE(x), -400, 400),
    unary("rad2deg", lambda x: 180 / math.pi * ONE(x)),
    moving("unwrap", *[Case((p,), options) for p, options in TURNING], pullback=lambda w, p, **options: (w,)),
]
