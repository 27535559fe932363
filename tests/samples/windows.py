"""Windows that slide over an array."""

import numpy as np

import minigrad as mg
from minigrad.engine import primitives
from minigrad.errors import ShapeError

from .row import Case, Sample, reals, t

view = np.lib.stride_tricks.sliding_window_view


def added(windows, axis):
    """Return windows added up where they overlap: the slow, obvious way."""
    windows = np.moveaxis(windows, axis, 0)
    total = np.zeros((windows.shape[0] + windows.shape[-1] - 1, *windows.shape[1:-1]))
    for start, window in enumerate(windows):
        for i in range(windows.shape[-1]):
            total[start + i] += window[..., i]
    return np.moveaxis(total, 0, axis)


ROWS = [
    Sample(
        "slide",
        primitives["slide"],
        lambda x, length, axis: view(x, length, axis),
        [
            Case((reals(*s),), {"length": n, "axis": a})
            for s, n, a in [((5,), 2, 0), ((2, 4), 3, 1), ((4, 3), 4, 0), ((3,), 1, 0), ((6, 2), 5, 0), ((0, 3), 2, 1)]
        ],
        protocol=False,
    ),
    Sample(
        "overlap_add",
        primitives["overlap_add"],
        added,
        protocol=False,
        cases=[
            Case((reals(*s),), {"axis": a})
            for s, a in [
                ((4, 2), 0),
                ((2, 4, 3), 1),
                ((2, 3, 5), 1),
                ((1, 3), 0),
                ((3, 2, 4), 0),
                ((3, 1), 0),
                ((0, 2, 2), 1),
            ]
        ],
    ),
    Sample(
        "sliding_window_view",
        mg.sliding_window_view,
        view,
        [
            Case((reals(*s),), o)
            for s, o in [
                ((5,), {"window_shape": 3}),
                ((3, 4), {"window_shape": (2, 3)}),
                ((3, 4), {"window_shape": 2, "axis": 0}),
                ((3, 4), {"window_shape": (2, 2), "axis": (1, -2)}),
                ((6,), {"window_shape": (2, 3), "axis": (0, 0)}),
                ((2, 5), {"window_shape": 5, "axis": -1}),
                ((), {"window_shape": ()}),
            ]
        ],
        bad=[
            (
                lambda: mg.sliding_window_view(t(3), 4),
                ShapeError,
                "sliding_window_view: got float32\\[3\\], window_shape=\\(4,\\), axis=None; one length is needed",
            ),
            (lambda: mg.sliding_window_view(t(3, 3), 2), ShapeError, "one length is needed for each axis"),
            (lambda: mg.sliding_window_view(t(3), -1), ShapeError, "not negative"),
            (
                lambda: mg.sliding_window_view(t(3), 2, 1),
                ValueError,
                "sliding_window_view of float32\\[3\\]: axis 1 is out of bounds",
            ),
            (lambda: mg.sliding_window_view(t(3), 1.5), TypeError, "window_shape must be an integer, got float 1.5"),
            (lambda: mg.sliding_window_view(t(3), 2, "x"), TypeError, "sliding_window_view: axis must be an integer"),
            (
                lambda: mg.sliding_window_view(t(3), 2, writeable=True),
                TypeError,
                "subok= and writeable= are not supported",
            ),
        ],
    ),
]
