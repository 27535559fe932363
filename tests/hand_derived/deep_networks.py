"""Three layers with `nn.functional.linear`, weights (out, in), one-hot targets."""

import numpy as np

import minigrad as mg
from minigrad import nn

from .case import CASES, Case, one_hot, right, rng, softmax, wrong

F = nn.functional


X, Y = rng(40).normal(size=(8, 3)), rng(41).integers(0, 2, size=8).astype(float)


T3 = one_hot(rng(43).integers(0, 4, size=8), 4)


def deep(w1, b1, w2, b2, w3, b3):
    h = mg.relu(F.linear(X, w1, b1))
    h = mg.tanh(F.linear(h, w2, b2))
    return F.cross_entropy(F.linear(h, w3, b3), T3)


def deep_args():
    r = rng(44)
    return tuple(r.normal(size=s) for s in ((5, 3), (5,), (6, 5), (6,), (4, 6), (4,)))


def deep_hand(w1, b1, w2, b2, w3, b3, *, slopes=(None, None), use=(None, None), delta=None):
    z1 = X @ w1.T + b1
    h1 = np.maximum(0, z1)
    z2 = h1 @ w2.T + b2
    h2 = np.tanh(z2)
    o = softmax(h2 @ w3.T + b3)
    d3 = (o - T3) / len(X) if delta is None else delta(o, T3)
    d2 = np.dot(d3, w3 if use[0] is None else use[0](w3, d3, h2)) * (
        1 - h2**2 if slopes[1] is None else slopes[1](z2, h2)
    )
    d1 = np.dot(d2, w2) * ((z1 > 0) if slopes[0] is None else slopes[0](z1, h1))
    return d1.T @ X, d1.sum(0), d2.T @ h1, d2.sum(0), d3.T @ h2, d3.sum(0)


@right
def three_layers():
    return deep, deep_hand, deep_args()


@right
def three_layers_in_float32():
    return deep, deep_hand, tuple(a.astype(np.float32) for a in deep_args())


def _deep(name, *ids, **changes):
    def make():
        return deep, lambda *args: deep_hand(*args, **changes), deep_args()

    make.__name__ = name
    CASES.append(Case(name, make, ids))


_deep("three_layers_no_relu", "local-derivative-missing", slopes=(lambda z, h: 1.0, None))
_deep(
    "three_layers_relu_as_tanh",
    "local-derivative-at-wrong-point",
    "local-derivative-missing",
    "forward-differs",
    slopes=(lambda z, h: 1 - h**2, None),
)
_deep("three_layers_no_tanh", "local-derivative-missing", slopes=(None, lambda z, h: 1.0))
_deep("three_layers_relu_of_value", "local-derivative-missing", slopes=(lambda z, h: h, None))
_deep("three_layers_cosh", "local-derivative-at-wrong-point", slopes=(None, lambda z, h: 1 - np.tanh(h) ** 2))
_deep("three_layers_updated_early", "updated-too-early", use=(lambda w, d, h: w - 0.05 * d.T @ h, None))
_deep("three_layers_summed", "sum-vs-mean", delta=lambda o, t: o - t)
_deep("three_layers_over_classes", "sum-vs-mean", delta=lambda o, t: (o - t) / 4)
_deep("three_layers_over_everything", "sum-vs-mean", delta=lambda o, t: (o - t) / 32)
_deep(
    "three_layers_sign_and_tanh",
    "sign",
    "local-derivative-missing",
    delta=lambda o, t: (t - o) / 8,
    slopes=(None, lambda z, h: 1.0),
)
_deep("three_layers_relu_and_tanh", "local-derivative-missing", slopes=(lambda z, h: 1.0, lambda z, h: 1.0))
_deep(
    "three_layers_labels_shifted",
    "unexplained",
    "wrong-node",
    "forward-differs",
    delta=lambda o, t: (o - np.roll(t, 1, axis=1)) / 8,
)


@wrong("wrong-node")
def three_layers_input_of_the_first_for_the_second():
    def hand(w1, b1, w2, b2, w3, b3):
        g = list(deep_hand(w1, b1, w2, b2, w3, b3))
        z1 = X @ w1.T + b1
        h1 = np.maximum(0, z1)
        h2 = np.tanh(h1 @ w2.T + b2)
        d3 = (softmax(h2 @ w3.T + b3) - T3) / 8
        d2 = d3 @ w3 * (1 - h2**2)
        g[2] = d2.T @ z1
        return g

    return deep, hand, deep_args()


@wrong("local-derivative-missing")
def three_layers_delta_for_one_weight_only():
    def hand(w1, b1, w2, b2, w3, b3):
        g = list(deep_hand(w1, b1, w2, b2, w3, b3))
        h1 = np.maximum(0, X @ w1.T + b1)
        h2 = np.tanh(h1 @ w2.T + b2)
        d3 = (softmax(h2 @ w3.T + b3) - T3) / 8
        g[2] = (d3 @ w3).T @ h1
        return g

    return deep, hand, deep_args()


@wrong("unreduced")
def three_layers_bias_of_the_second():
    def hand(w1, b1, w2, b2, w3, b3):
        g = list(deep_hand(w1, b1, w2, b2, w3, b3))
        h1 = np.maximum(0, X @ w1.T + b1)
        h2 = np.tanh(h1 @ w2.T + b2)
        d3 = (softmax(h2 @ w3.T + b3) - T3) / 8
        g[3] = d3 @ w3 * (1 - h2**2)
        return g

    return deep, hand, deep_args()


@wrong("transpose")
def three_layers_both_layouts():
    return deep, lambda *a: [g.T for g in deep_hand(*a)], deep_args()


@wrong("half")
def deep_penalty_half():
    def f(*args):
        return deep(*args) + 0.01 * (mg.sum(args[0] ** 2) + mg.sum(args[2] ** 2) + mg.sum(args[4] ** 2))

    def hand(*args):
        g = list(deep_hand(*args))
        return [a + 0.01 * p if a.ndim == 2 else a for a, p in zip(g, args, strict=True)]

    return (lambda w1, b1, w2, b2, w3, b3: f(w1, b1, w2, b2, w3, b3)), hand, deep_args()


@wrong("regularizer-missing")
def deep_penalty_missing():
    f = deep_penalty_half()[0]
    return f, deep_hand, deep_args()


@wrong("regularizer-missing")
def deep_penalty_missing_in_the_last_layer():
    def hand(*args):
        g = list(deep_hand(*args))
        g[0], g[2] = g[0] + 0.02 * args[0], g[2] + 0.02 * args[2]
        return g

    return deep_penalty_half()[0], hand, deep_args()


@wrong("regularizer-extra")
def deep_penalty_on_biases():
    def hand(*args):
        return [a + 0.02 * p for a, p in zip(deep_hand(*args), args, strict=True)]

    return deep_penalty_half()[0], hand, deep_args()


@wrong("regularizer-extra")
def deep_decay_that_the_loss_has_not():
    def hand(*args):
        return [a + 0.001 * p if p.ndim == 2 else a for a, p in zip(deep_hand(*args), args, strict=True)]

    return deep, hand, deep_args()
