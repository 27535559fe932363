"""Softmax, its logarithm, and the logarithm of the sum it is divided by."""

import math

import numpy as np

from .reduce import REDUCED, softmax, spread, torch_axes
from .row import INF, NAN, Point, moving, point

SOFT = [((2, 3), {}), ((2, 3), {"axis": 0}), ((3,), {}), ((2, 3, 2), {"axis": 1}), ((0, 3), {}), ((2, 0), {})]


def logsumexp(a, axis=None, keepdims=False):
    top = np.max(a, axis=axis, keepdims=True, initial=-1e300)
    total = np.log(np.sum(np.exp(a - top), axis=axis, keepdims=True)) + top
    return total if keepdims or a.ndim == 0 else np.squeeze(total, axis=axis)


E = math.exp
ROWS = [
    moving(
        "softmax", *SOFT, reference=softmax, protocol=False, torch=lambda m, z, axis=-1: m.softmax(z, axis),
        pullback=lambda w, z, axis=-1: ((lambda s: s * (w - (w * s).sum(axis=axis, keepdims=True)))(softmax(z, axis)),),
        special=[point([0, -INF], [1, 0], [0, 0]), point([-INF, -INF], [NAN, NAN], [NAN, NAN], quiet=True),
                 point([0, INF], [NAN, NAN], [NAN, NAN], quiet=True), point([1, NAN], [NAN, NAN], [NAN, NAN])],
        far=[Point((np.array([1e4, 0, -1e4]),), [1, 0, 0], ([0, 0, 0],), cotangent=[1, 2, 3]),
             Point((np.array([1e4, 1e4]),), [0.5, 0.5], ([-0.25, 0.25],), cotangent=[1, 2]),
             Point((np.array([0.0, -88]),), [1, E(-88)], ([-E(-88), E(-88)],), cotangent=[1, 2])],
    ),
    moving(
        "log_softmax", *SOFT, reference=lambda z, axis=-1: np.log(softmax(z, axis)), protocol=False,
        torch=lambda m, z, axis=-1: m.log_softmax(z, axis),
        pullback=lambda w, z, axis=-1: (w - softmax(z, axis) * w.sum(axis=axis, keepdims=True),),
        special=[point([0, -INF], [0, -INF], [-1, 1])],
        far=[Point((np.array([1e4, 0, -1e4]),), [0, -1e4, -2e4], ([-2, 1, 1],)),
             Point((np.array([1e4, 1e4]),), [-math.log(2)] * 2, ([-0.5, 0.5],), cotangent=[1, 2])],
    ),
    moving(
        "logsumexp", *REDUCED, reference=logsumexp, protocol=False, torch=torch_axes("logsumexp"),
        pullback=lambda w, a, **o: (spread(w, a, **o) * np.exp(a - logsumexp(a, **{**o, "keepdims": True})),),
        special=[point([-INF, -INF], -INF, [0, 0]), point([0, -INF], 0, [1, 0]), point([], -INF, []),
                 point([INF, 0, -INF], INF, [1, 0, 0]), point([INF, 1e4, INF], INF, [0.5, 0, 0.5]),
                 point([0, -40], math.log1p(E(-40)), [1 / (1 + E(-40)), E(-40) / (1 + E(-40))]),
                 point([1, NAN], NAN, [NAN, NAN]),
                 point([[INF, 1], [-INF, -INF], [0, 0]], [INF, -INF, math.log(2)], [[1, 0], [0, 0], [0.5, 0.5]],
                       options={"axis": 1})],
        far=[Point((np.array([1e4, 0, -1e4]),), 1e4, ([1, 0, 0],)),
             Point((np.array([1e4, 1e4]),), 1e4 + math.log(2), ([0.5, 0.5],)),
             Point((np.array([-1e4, -1e4 - 1]),), -1e4 + math.log1p(E(-1)), ([1 / (1 + E(-1)), 1 / (1 + math.e)],))],
    ),
]  # fmt: skip
