"""Sums and products of numbers known by their logarithms."""

import math

import numpy as np

from .row import INF, NAN, binary, both


def share(x, y):
    return 1 / (1 + np.exp(y - x))


def share2(x, y):
    return 1 / (1 + 2.0 ** (y - x))


BINARY = [
    binary(
        "logaddexp",
        (share, lambda x, y: share(y, x)),
        special=[
            both([1e4, -1e4], [1e4, 0], [1e4 + math.log(2), 0], [0.5, 0], [0.5, 1]),
            both([0], [-80], [math.exp(-80)], [1], [math.exp(-80)]),
            both([-INF, INF, -INF, INF], [-INF, 1, 2, INF], [-INF, INF, 2, INF], [0.5, 1, 0, 0.5], [0.5, 0, 1, 0.5]),
            both([NAN, 1], [1, NAN], NAN, NAN, NAN, quiet=True),
        ],
    ),
    binary(
        "logaddexp2",
        (share2, lambda x, y: share2(y, x)),
        special=[
            both([3, -INF], [3, -INF], [4, -INF], [0.5, 0.5], [0.5, 0.5]),
            both([0], [-80], [2.0**-80 / math.log(2)], [1], [2.0**-80]),
        ],
    ),
    binary(
        "xlogy",
        (lambda x, y: np.log(y) + 0 * x, lambda x, y: x / y),
        0.2,
        3.0,
        reference=lambda x, y: x * np.log(y),
        protocol=False,
        special=[
            both([0, 0, 1, 2], [2, INF, 1, math.e], [0, 0, 0, 2], [math.log(2), INF, 0, 1], [0, 0, 1, 2 / math.e]),
            both([0, 1, NAN], [0, 0, 1], [0, -INF, NAN], [-INF, -INF, 0], [0, INF, NAN], quiet=True),
        ],
    ),
]


ROWS = BINARY
