"""Reductions."""

import math

import numpy as np

import minigrad as mg

from .row import INF, Case, Point, Sample, moving, point, reals, t

# Reductions

REDUCED = [
    ((2, 3), {}),
    ((2, 3), {"axis": 0}),
    ((2, 3), {"axis": -1, "keepdims": True}),
    ((2, 3, 2), {"axis": (0, -1)}),
    ((2, 3, 2), {"axis": (-1, 1), "keepdims": True}),
    ((2, 3), {"axis": ()}),
    ((), {}),
    ((2, 0), {"axis": 0}),
]
EMPTY = [((0,), {}), ((0, 3), {"axis": 0}), ((2, 0), {"axis": -1, "keepdims": True})]


def spread(w, a, axis=None, keepdims=False, **rest):
    """Return the cotangent of a sum, at every element that was summed."""
    return np.broadcast_to(w if keepdims or axis is None else np.expand_dims(w, axis), a.shape)


def count(a, axis=None, **rest):
    return a.size if axis is None else math.prod(np.take(a.shape, axis).ravel().tolist())


def torch_axes(name):
    def call(m, a, axis=None, keepdims=False, ddof=None):
        axis = tuple(range(a.ndim)) if axis is None else axis
        return getattr(m, name)(a, dim=axis, keepdim=keepdims, **({} if ddof is None else {"correction": ddof}))

    return call


def logsumexp(a, axis=None, keepdims=False):
    top = np.max(a, axis=axis, keepdims=True, initial=-1e300)
    total = np.log(np.sum(np.exp(a - top), axis=axis, keepdims=True)) + top
    return total if keepdims else np.squeeze(total, axis=axis)


def softmax(z, axis=-1):
    e = np.exp(z - np.max(z, axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


WRONG_AXIS = [((lambda f: lambda: f(t(2, 3), axis=2))(getattr(mg, n)), ValueError, f"out of bounds.*in {n}\\(a: ")
              for n in ("sum", "mean", "max", "argmax")]  # fmt: skip
SPREADS = [REDUCED[0], REDUCED[1], REDUCED[2], REDUCED[3]]
VAR = [*SPREADS, ((2, 3), {"ddof": 1}), ((4, 2), {"axis": 0, "ddof": 1, "keepdims": True}), ((3,), {"ddof": 0.5})]


def centred(a, axis=None, **rest):
    return a - a.mean(axis=axis, keepdims=True)


REDUCING = [
    moving("sum", *REDUCED, *EMPTY, pullback=lambda w, a, **o: (spread(w, a, **o),), bad=[WRONG_AXIS[0]]),
    moving(
        "mean", *REDUCED, pullback=lambda w, a, **o: (spread(w, a, **o) / count(a, **o),), torch=torch_axes("mean"),
        bad=[WRONG_AXIS[1]],
    ),
    moving(
        "var", *VAR, torch=lambda m, a, ddof=0, **o: torch_axes("var")(m, a, ddof=ddof, **o),
        pullback=lambda w, a, ddof=0, **o: (spread(w, a, **o) * 2 * centred(a, **o) / (count(a, **o) - ddof),),
        special=[point([3, 3, 3], 0, [0, 0, 0])],
    ),
    moving(
        "std", *VAR, torch=lambda m, a, ddof=0, **o: torch_axes("std")(m, a, ddof=ddof, **o),
        special=[point([3, 3, 3], 0, [0, 0, 0]),
                 point([[1, 3], [2, 2]], [1, 0], [[-0.5, 0.5], [0, 0]], options={"axis": 1})],
    ),
    moving(
        "max", *REDUCED, torch=torch_axes("amax"), bad=[WRONG_AXIS[2]],
        special=[point([1, 3, 3], 3, [0, 0.5, 0.5]),
                 point([[2, 2, 2], [0, 5, 5]], [2, 5], [[1 / 3] * 3, [0, 0.5, 0.5]], options={"axis": 1})],
    ),
    moving(
        "min", *REDUCED, torch=torch_axes("amin"), special=[point([3, 1, 1], 1, [0, 0.5, 0.5])],
        bad=[(lambda: mg.min(t(0)), ValueError, "zero-size.*in min\\(a: float32\\[0\\]")],
    ),
    moving("argmax", ((2, 3), {}), ((2, 3), {"axis": 1, "keepdims": True}), differentiable=False, bad=[WRONG_AXIS[3]]),
    moving("argmin", ((2, 3), {}), ((2, 3), {"axis": 0}), differentiable=False),
    moving("all", *REDUCED, differentiable=False),
    moving("any", *REDUCED, differentiable=False),
    moving(
        "cumsum", ((4,), {}), ((2, 3), {}), ((2, 3), {"axis": 1}), ((2, 3), {"axis": -2}), ((0,), {}), ((), {}),
        special=[point([1, 2, 3], [1, 3, 6], [3, 2, 1])],
    ),
    moving(
        "logsumexp", *REDUCED[:5], *REDUCED[6:], reference=logsumexp, protocol=False, torch=torch_axes("logsumexp"),
        pullback=lambda w, a, **o: (spread(w, a, **o) * np.exp(a - logsumexp(a, **{**o, "keepdims": True})),),
        special=[point([-INF, -INF], -INF, [0, 0]), point([0, -INF], 0, [1, 0]), point([], -INF, [])],
        far=[Point((np.array([1e4, 0, -1e4]),), 1e4, ([1, 0, 0],)),
             Point((np.array([1e4, 1e4]),), 1e4 + math.log(2), ([0.5, 0.5],)),
             Point((np.array([-1e4, -1e4 - 1]),), -1e4 + math.log1p(math.exp(-1)),
                   ([1 / (1 + math.exp(-1)), 1 / (1 + math.e)],))],
    ),
]  # fmt: skip


# Public functions made of primitives

COMPOSITES = [
    Sample(
        "prod", mg.prod, np.prod,
        [Case((reals(*s),), o) for s, o in [*REDUCED, *EMPTY, ((7,), {}), ((5, 2), {"axis": 0})]],
        special=[point([0, 2, 3], 0, [6, 0, 0]), point([0, 0, 3], 0, [0, 0, 0])],
    ),
]  # fmt: skip

ROWS = [*REDUCING, *COMPOSITES]
