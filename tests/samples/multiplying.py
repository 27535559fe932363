"""Products of elements."""

import numpy as np

import minigrad as mg

from .reduce import EMPTY, MASKED, REDUCED, wrong_axis, wrong_mask
from .row import INF, NAN, Case, Sample, moving, point, reals, t


def others(w, a, axis=None, keepdims=False, where=True, initial=1):
    """Return the cotangent times the product of all elements but one, by leaving one out after the other."""
    w = w if keepdims or axis is None or a.ndim == 0 else np.expand_dims(w, axis)
    answer = np.zeros(a.shape)
    for i in np.ndindex(a.shape):
        rest = np.where(where, a, 1.0)
        rest[i] = 1
        answer[i] = np.broadcast_to(w * np.prod(rest, axis=axis, keepdims=True) * initial, a.shape)[i]
    return np.where(where, answer, 0)


def torch_prod(m, a, axis=None, keepdims=False):
    axes = range(a.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    for i in sorted([i % max(a.ndim, 1) for i in axes], reverse=True):
        a = m.prod(a, dim=i, keepdim=keepdims)
    return a


PRODUCTS = [*REDUCED, *EMPTY, ((7,), {}), ((5, 2), {"axis": 0}), ((2, 9), {"axis": 1})]
ROWS = [
    moving(
        "prod", *PRODUCTS, *MASKED, ((2, 3), {"initial": 0.5, "axis": 0}),
        pullback=lambda w, a, **o: (others(w, a, **o),), torch=torch_prod,
        special=[point([0, 2, 3], 0, [6, 0, 0]), point([0, 0, 3], 0, [0, 0, 0]), point([5], 5, [1]),
                 point([-INF, 2], -INF, [2, -INF]), point([1, NAN, 2], NAN, [NAN, 2, NAN])],
        far=[point([1e30, 1e30, 1e-30], 1e30, [1, 1, INF], quiet=True),
             point([1e-30, 1e-30], 0, [1e-30, 1e-30], quiet=True),
             point([1e30, 1e-30] * 4, 1, [1e-30, 1e30] * 4), point([2.0**-140, 0, 1e30], 0, [0, 2.0**-140 * 1e30, 0]),
             point([1e30, 1e30, 0], 0, [0, 0, INF], quiet=True)],
        bad=[*wrong_axis("prod"), *wrong_mask(mg.prod),
             (lambda: mg.prod(t(2), initial=t()), TypeError, "prod: initial must be a number")],
    ),
    moving(
        "cumprod", ((4,), {}), ((), {"axis": 0}), ((2, 3), {}), ((2, 3), {"axis": 1}), ((7, 2), {"axis": -2}),
        ((0,), {}), ((), {}), ((1,), {}),
        torch=lambda m, a, axis=None: m.cumprod(a if axis is not None and a.ndim else a.ravel(), axis or 0),
        special=[point([2, 0, 3, 4], [2, 0, 0, 0], [1, 2 * (1 + 3 + 12), 0, 0]),
                 point([0, 0, 3], [0, 0, 0], [1, 0, 0]), point([2, 3, 5], [2, 6, 30], [19, 12, 6])],
        bad=[(lambda: mg.cumprod(t(2, 3), axis=2), ValueError, "out of bounds.*in cumprod\\(a: ")],
    ),
    Sample(
        "cumulative_prod", mg.cumulative_prod, np.cumulative_prod,
        [Case((reals(*s),), o) for s, o in [
            ((4,), {}), ((2, 3), {"axis": 1}), ((2, 3), {"axis": 0, "include_initial": True}),
            ((0,), {"include_initial": True})]],
    ),
]  # fmt: skip
