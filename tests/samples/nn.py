"""Activations, softmax and the fused losses."""

import math

import numpy as np

import minigrad as mg
from minigrad.engine import primitives
from minigrad.errors import ShapeError

from .reduce import centred, softmax
from .row import INF, PAIRS, SHAPES, Case, Point, Sample, moving, point, reals, t

# Activations, softmax, losses: exact values by Python's math, one number at a time

ROOT_PI = math.sqrt(math.pi)
Z = [-1e4, -1e3, -100.0, -88.0, -30.0, -17.0, -8.5, -3.0, -0.5, -1e-6,
     0.0, 1e-6, 0.5, 3.0, 8.5, 17.0, 30.0, 88.0, 1e3, 1e4]  # fmt: skip


def exponential(x):
    return math.exp(x) if x < 700 else INF


def logistic(x):
    return 1 / (1 + exponential(-x))


def soft(x):
    return max(x, 0) + math.log1p(math.exp(-abs(x)))


def normal(x):
    return 0.5 * math.erfc(-x / math.sqrt(2))


def bell(x):
    return math.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def hump(x):
    return math.sqrt(8 / math.pi) * (x + 0.044715 * x**3)


def hump_slope(x):
    return math.sqrt(8 / math.pi) * (1 + 3 * 0.044715 * x**2)


def each(f):
    return np.vectorize(f, otypes=[float])


def activation(name, value, slope, far=Z, options=(), **more):
    """A row whose reference and derivative are exact functions of one number (and the options)."""
    call = getattr(mg, name)
    sets = [{}, *options]
    cases = [Case((reals(*s, low=-3, high=3),)) for s in SHAPES] + [Case((reals(2, 3),), o) for o in options]

    def pullback(w, x, **o):
        return (w * each(lambda v: slope(v, **o))(x) if x.size else w,)

    def reference(x, **o):
        return each(lambda v: value(v, **o))(x) if x.size else x

    rounded = [float(np.float32(z)) for z in far]
    points = [
        Point((np.array(rounded),), [value(z, **o) for z in rounded], ([slope(z, **o) for z in rounded],), o)
        for o in sets
    ]
    return Sample(name, call, reference, cases, pullback=pullback, far=points, protocol=False, **more)


def gelu(x, approximate="none"):
    return x * normal(x) if approximate == "none" else x * logistic(hump(x))


def gelu_slope(x, approximate="none"):
    if approximate == "none":
        return normal(x) + x * bell(x)
    u = hump(x)
    return logistic(u) * (1 + x * hump_slope(x) * logistic(-u))


def functional(name):
    return lambda m, *args, **options: getattr(m.nn.functional, name)(*args, **options)


ACTIVATIONS = [
    activation("sigmoid", logistic, lambda x: logistic(x) * logistic(-x), torch="sigmoid"),
    activation("softplus", soft, logistic),  # torch's is linear above 20: not the same function
    activation("log_sigmoid", lambda x: -soft(-x), lambda x: logistic(-x), torch=functional("logsigmoid")),
    activation("relu", lambda x: max(x, 0.0), lambda x: 1.0 * (x > 0), torch="relu",
               special=[point([-1, 0, -0.0, 2], [0, 0, 0, 2], [0, 0, 0, 1])]),
    activation("leaky_relu", lambda x, negative_slope=0.01: x if x > 0 else negative_slope * x,
               lambda x, negative_slope=0.01: 1.0 if x > 0 else negative_slope,
               options=[{"negative_slope": 0.2}, {"negative_slope": 0}], torch=functional("leaky_relu"),
               special=[point([-1, 0, 2], [-0.01, 0, 2], [0.01, 0.01, 1])]),
    activation("elu", lambda x, alpha=1.0: x if x > 0 else alpha * math.expm1(x),
               lambda x, alpha=1.0: 1.0 if x > 0 else alpha * math.exp(x), options=[{"alpha": 2.0}],
               torch=functional("elu"), special=[point([0, -1e4], [0, -2], [2, 0], options={"alpha": 2.0})]),
    activation("gelu", gelu, gelu_slope, options=[{"approximate": "tanh"}], torch=functional("gelu"), far_rtol=1e-4,
               bad=[(lambda: mg.gelu(t(2), approximate="no"), ValueError, "gelu: approximate must be .*, got 'no'")]),
    activation("silu", lambda x: x * logistic(x), lambda x: logistic(x) * (1 + x * logistic(-x)),
               torch=functional("silu")),
]  # fmt: skip


def bce(z, y, reduction="mean"):
    losses = np.maximum(z, 0) - z * y + np.log1p(np.exp(-abs(z)))
    return losses if reduction == "none" else getattr(losses, reduction)()


def onehot(y, z):
    return y if y.ndim == z.ndim else np.eye(z.shape[-1])[y]


def cross_entropy(z, y, reduction="mean"):
    losses = -(onehot(y, z) * np.log(softmax(z))).sum(axis=-1)
    return losses if reduction == "none" else getattr(losses, reduction)()


def per_loss(w, count, reduction="mean"):
    return w / count if reduction == "mean" else w[..., None] if reduction == "none" else w


def torch_loss(name):
    return lambda m, *args, reduction="mean": getattr(m.nn.functional, name)(*args, reduction=reduction)


REDUCTIONS = [{}, {"reduction": "sum"}, {"reduction": "none"}]
LABELS = np.array([2, 0, 2, 1])
FARZ = np.array([float(np.float32(z)) for z in Z])
ROW = np.array([[1e4, 0, -1e4]])
TINY = float(np.finfo(np.float32).tiny)
LOSSES = [
    moving(
        "standardize", ((4, 3), {"axis": 0}), ((2, 3, 2), {"axis": (0, 2)}), ((4, 3), {"axis": -1, "eps": 0.1}),
        ((5,), {"axis": 0}),
        reference=lambda x, axis, eps=1e-5: centred(x, axis) / np.sqrt(x.var(axis, keepdims=True) + eps),
        special=[point([2.0, 2.0], [0, 0], [0, 0], options={"axis": 0}),
                 point([1e4, 1e4 + 1, 1e4 + 2, 1e4 + 3], np.array([-1.5, -0.5, 0.5, 1.5]) / 1.25**0.5, None,
                       options={"axis": 0, "eps": 1e-30})],
        protocol=False,
    ),
    Sample(
        "log_probability", primitives["log_probability"], lambda p: np.log(np.maximum(p, TINY)),
        [Case((reals(*s, low=0.1, high=1),)) for s in SHAPES], (lambda p: 1 / p,), protocol=False,
        far=[Point((np.array([0, 1e-30, 1]),), [math.log(TINY), math.log(1e-30), 0], ([1 / TINY, 1e30, 1],))],
    ),
    Sample(
        "sigmoid_error", primitives["sigmoid_error"], lambda z, y: 1 / (1 + np.exp(-z)) - y,
        [Case((reals(*a), reals(*b, low=0, high=1, seed=1))) for a, b in PAIRS] + [Case((reals(3), 1))],
        (lambda z, y: 0.25 / np.cosh(z / 2) ** 2 + 0 * y, lambda z, y: -1 + 0 * (z + y)), protocol=False,
        far=[Point((FARZ, np.full_like(FARZ, y)), [(1 - y) * logistic(z) - y * logistic(-z) for z in FARZ],
                   ([logistic(z) * logistic(-z) for z in FARZ],)) for y in (0.0, 1.0, 0.25)],
    ),
    Sample(
        "bce_with_logits", primitives["bce_with_logits"], bce,
        [Case((reals(2, 3), reals(2, 3, low=0, high=1, seed=1)), o) for o in REDUCTIONS]
        + [Case((reals(), reals(low=0, high=1, seed=1))), Case((reals(0), reals(0)), {"reduction": "sum"})],
        torch=torch_loss("binary_cross_entropy_with_logits"),
        pullback=lambda w, z, y, reduction="mean": (
            (w / z.size if reduction == "mean" else w) * (each(logistic)(z) - y),
            (w / z.size if reduction == "mean" else w) * -z),
        far=[Point((FARZ, np.full_like(FARZ, y)), [max(z, 0) - z * y + math.log1p(math.exp(-abs(z))) for z in FARZ],
                   ([(1 - y) * logistic(z) - y * logistic(-z) for z in FARZ],), {"reduction": "none"})
             for y in (0.0, 1.0, 0.25)],
        bad=[(lambda: primitives["bce_with_logits"](t(2, 3), t(4)), ShapeError,
              r"bce_with_logits: .*float32\[2, 3\].*float32\[4\].*must have the same shape")],
        protocol=False,
    ),
    Sample(
        "softmax_error", primitives["softmax_error"],
        lambda z, y: softmax(z) * onehot(y, z).sum(-1, keepdims=True) - onehot(y, z),
        [Case((reals(4, 3), LABELS)), Case((reals(2, 3), reals(2, 3, low=0, high=1, seed=1))),
         Case((reals(0, 3), LABELS[:0]))],
        far=[Point((ROW, np.array([k])), [[1 - (k == 0), -1 * (k == 1), -1 * (k == 2)]], ([[0, 0, 0]],))
             for k in range(3)],
        bad=[(lambda: primitives["softmax_error"](t(2, 3), np.array([0, 3])), IndexError, "in softmax_error")],
        protocol=False,
    ),
    Sample(
        "softmax_cross_entropy", primitives["softmax_cross_entropy"], cross_entropy,
        [Case((reals(4, 3), LABELS), o) for o in REDUCTIONS]
        + [Case((reals(2, 3), reals(2, 3, low=0, high=1, seed=1)), o) for o in REDUCTIONS]
        + [Case((reals(0, 3), LABELS[:0]), o) for o in REDUCTIONS[1:]],
        torch=torch_loss("cross_entropy"),
        pullback=lambda w, z, y, reduction="mean": (
            per_loss(w, len(z), reduction) * (softmax(z) * onehot(y, z).sum(-1, keepdims=True) - onehot(y, z)),
            per_loss(w, len(z), reduction) * -np.log(softmax(z)))[: 1 + (y.dtype.kind == "f")],
        far=[Point((ROW, np.array([k])), loss, ([[1 - (k == 0), -1 * (k == 1), -1 * (k == 2)]],))
             for k, loss in enumerate((0, 1e4, 2e4))]
        + [Point((ROW, np.array([[0, 0.5, 0.5]])), 1.5e4, ([[1, -0.5, -0.5]], [[0, 1e4, 2e4]]))],
        bad=[(lambda: primitives["softmax_cross_entropy"](t(2, 3), np.array([0, 3])), IndexError,
              "out of bounds.*softmax_cross_entropy"),
             (lambda: primitives["softmax_cross_entropy"](t(2, 3), np.array([0, 1, 2])), Exception,
              "softmax_cross_entropy\\(z: float32\\[2, 3\\], y: int64\\[3\\]")],
        protocol=False,
    ),
]  # fmt: skip


ROWS = [*ACTIVATIONS, *LOSSES]
