"""Derivations as learners write them, right and wrong, for `lab.check`: what each should be called.

A case is a function that returns the loss in minigrad, the hand gradient in NumPy, and the arguments. Its name says
what is derived; the decorator, what is wrong with it: "ok", or the ids that name it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import minigrad as mg
from minigrad import nn

F = nn.functional


@dataclass(frozen=True)
class Case:
    """One derivation: `ids` is empty where it is right."""

    name: str
    make: Callable[[], tuple]
    ids: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)


CASES: list[Case] = []


def right(make):
    """Register a derivation that is right."""
    CASES.append(Case(make.__name__, make))
    return make


def wrong(*ids, **options):
    """Register a derivation with a mistake of one of these names."""

    def register(make):
        CASES.append(Case(make.__name__, make, ids, options))
        return make

    return register


def rng(seed=0):
    return np.random.default_rng(seed)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def softmax(z, axis=-1):
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def one_hot(labels, classes):
    return np.eye(classes)[labels]


# One logistic unit

X1, Y1 = rng(1).normal(size=4), 1.0


def unit_mse(w, b):
    o = mg.sigmoid(w @ X1 + b)
    return 0.5 * (Y1 - o) ** 2


def unit_bce(w, b, base=None):
    return F.binary_cross_entropy(mg.sigmoid(w @ X1 + b), Y1, base=base)


def unit_args(seed=2):
    return rng(seed).normal(size=4), 0.3


@right
def logistic_unit_half_squared_error():
    def hand(w, b):
        o = sigmoid(np.dot(w, X1) + b)
        return -(Y1 - o) * o * (1 - o) * X1, -(Y1 - o) * o * (1 - o)

    return unit_mse, hand, unit_args()


@right
def logistic_unit_cross_entropy():
    def hand(w, b):
        o = sigmoid(w @ X1 + b)
        return X1 * (o - Y1), o - Y1

    return unit_bce, hand, unit_args()


@right
def logistic_unit_cross_entropy_the_long_way():
    def hand(w, b):
        o = sigmoid(w @ X1 + b)
        chain = -(Y1 / o - (1 - Y1) / (1 - o)) * o * (1 - o)
        return chain * X1, chain

    return unit_bce, hand, unit_args()


@right
def logistic_unit_in_bits():
    def hand(w, b):
        o = sigmoid(w @ X1 + b)
        return X1 * (o - Y1) / np.log(2), (o - Y1) / np.log(2)

    return lambda w, b: unit_bce(w, b, 2), hand, unit_args()


@wrong("local-derivative-missing")
def logistic_unit_without_the_sigmoids_derivative():
    def hand(w, b):
        o = sigmoid(w @ X1 + b)
        return -(Y1 - o) * X1, -(Y1 - o)

    return unit_mse, hand, unit_args()


@wrong("sign")
def logistic_unit_with_the_wrong_sign():
    def hand(w, b):
        o = sigmoid(w @ X1 + b)
        return (Y1 - o) * o * (1 - o) * X1, (Y1 - o) * o * (1 - o)

    return unit_mse, hand, unit_args()


@wrong("half")
def logistic_unit_with_a_two_too_many():
    def hand(w, b):
        o = sigmoid(w @ X1 + b)
        d = 2 * (o - Y1) * o * (1 - o)
        return d * X1, d

    return unit_mse, hand, unit_args()


@wrong("local-derivative-at-wrong-point")
def logistic_unit_with_z_for_o():
    def hand(w, b):
        z = w @ X1 + b
        d = (sigmoid(z) - Y1) * z * (1 - z)
        return d * X1, d

    return unit_mse, hand, unit_args()


@wrong("local-derivative-at-wrong-point")
def logistic_unit_with_the_derivative_at_o():
    def hand(w, b):
        o = sigmoid(w @ X1 + b)
        d = (o - Y1) * sigmoid(o) * (1 - sigmoid(o))
        return d * X1, d

    return unit_mse, hand, unit_args()


@wrong("local-derivative-twice")
def logistic_unit_cross_entropy_with_a_derivative_that_cancels():
    def hand(w, b):
        o = sigmoid(w @ X1 + b)
        return X1 * (o - Y1) * o * (1 - o), (o - Y1) * o * (1 - o)

    return unit_bce, hand, unit_args()


@wrong("log-base")
def logistic_unit_in_bits_without_the_logarithm_of_two():
    def hand(w, b):
        o = sigmoid(w @ X1 + b)
        return X1 * (o - Y1), o - Y1

    return lambda w, b: unit_bce(w, b, 2), hand, unit_args()


@wrong("log-base")
def logistic_unit_in_nats_with_the_logarithm_of_two():
    def hand(w, b):
        o = sigmoid(w @ X1 + b)
        return X1 * (o - Y1) / np.log(2), (o - Y1) / np.log(2)

    return unit_bce, hand, unit_args()


@wrong("sign")
def logistic_unit_written_out_with_plus_between_the_terms():
    def f(w, b):
        o = 1 / (1 + mg.exp(-(w @ X1 + b)))
        return -(0.7 * mg.log(o) + 0.3 * mg.log(1 - o))

    def hand(w, b):
        o = sigmoid(w @ X1 + b)
        d = -(0.7 / o + 0.3 / (1 - o)) * o * (1 - o)
        return d * X1, d

    return f, hand, unit_args()


@wrong("local-derivative-missing")
def logistic_unit_of_numbers_without_x():
    def f(w, b):
        return -mg.log(mg.sigmoid(w * 1.7 + b))

    def hand(w, b):
        o = sigmoid(1.7 * w + b)
        return o - 1, o - 1

    return f, hand, (0.4, -0.2)


# Linear regression

XR, YR = rng(3).normal(size=(7, 3)), rng(4).normal(size=7)


def mse(w, b):
    return F.mse_loss(XR @ w + b, YR)


def sse(w, b):
    return 0.5 * mg.sum((XR @ w + b - YR) ** 2)


def regression_args():
    return rng(5).normal(size=3), np.array(0.2)


@right
def regression_mean():
    def hand(w, b):
        r = XR @ w + b - YR
        return 2 * XR.T @ r / len(YR), 2 * r.mean()

    return mse, hand, regression_args()


@right
def regression_by_loop():
    def hand(w, b):
        dw, db = np.zeros_like(w), 0.0
        for x, y in zip(XR, YR, strict=True):
            d = x.dot(w) + b - y
            dw += 2 * d * x / len(YR)
            db += 2 * d / len(YR)
        return dw, db

    return mse, hand, regression_args()


@wrong("sum-vs-mean")
def regression_sum_for_mean():
    def hand(w, b):
        r = XR @ w + b - YR
        return XR.T @ r, r.sum()

    return mse, hand, regression_args()


@wrong("sum-vs-mean")
def regression_mean_for_sum():
    def hand(w, b):
        r = XR @ w + b - YR
        return XR.T @ r / 7, r.mean()

    return sse, hand, regression_args()


@wrong("half")
def regression_without_the_two():
    def hand(w, b):
        r = XR @ w + b - YR
        return XR.T @ r / 7, r.mean()

    return mse, hand, regression_args()


@wrong("sum-vs-mean")
def regression_bias_not_averaged():
    def hand(w, b):
        r = XR @ w + b - YR
        return 2 * XR.T @ r / 7, 2 * r.sum()

    return mse, hand, regression_args()


@wrong("sign")
def regression_bias_sign():
    def hand(w, b):
        r = XR @ w + b - YR
        return 2 * XR.T @ r / 7, -2 * r.mean()

    return mse, hand, regression_args()


@wrong("unreduced")
def regression_bias_not_added_up():
    def hand(w, b):
        r = XR @ w + b - YR
        return 2 * XR.T @ r / 7, 2 * r / 7

    return mse, hand, regression_args()


@wrong("branch-missing", "accumulated")
def regression_loop_that_overwrites():
    def hand(w, b):
        for x, y in zip(XR, YR, strict=True):
            d = x @ w + b - y
            dw, db = 2 * d * x / 7, 2 * d / 7
        return dw, db

    return mse, hand, regression_args()


@wrong("regularizer-missing")
def ridge_without_the_penalty():
    def hand(w, b):
        r = XR @ w + b - YR
        return 2 * XR.T @ r / 7, 2 * r.mean()

    return lambda w, b: mse(w, b) + 0.1 * mg.sum(w * w), hand, regression_args()


@wrong("regularizer-extra")
def ridge_on_the_bias_too():
    def hand(w, b):
        r = XR @ w + b - YR
        return 2 * XR.T @ r / 7 + 0.2 * w, 2 * r.mean() + 0.2 * b

    return lambda w, b: mse(w, b) + 0.1 * mg.sum(w * w), hand, regression_args()


@wrong("half")
def ridge_penalty_without_the_two():
    def hand(w, b):
        r = XR @ w + b - YR
        return 2 * XR.T @ r / 7 + 0.1 * w, 2 * r.mean()

    return lambda w, b: mse(w, b) + 0.1 * mg.sum(w**2), hand, regression_args()


@wrong("sign")
def ridge_penalty_subtracted():
    def hand(w, b):
        r = XR @ w + b - YR
        return 2 * XR.T @ r / 7 - 0.2 * w, 2 * r.mean()

    return lambda w, b: mse(w, b) + 0.1 * mg.sum(w**2), hand, regression_args()


@wrong("sum-vs-mean")
def ridge_penalty_averaged_with_the_loss():
    def hand(w, b):
        r = XR @ w + b - YR
        return (2 * XR.T @ r + 0.2 * w) / 7, 2 * r.mean()

    return lambda w, b: mse(w, b) + 0.1 * mg.sum(w**2), hand, regression_args()


@right
def regression_in_float32():
    def hand(w, b):
        r = (XR.astype(np.float32) @ w + b - YR.astype(np.float32)).astype(np.float32)
        return (2 * XR.astype(np.float32).T @ r / 7).astype(np.float32), np.float32(2 * r.mean())

    w, b = regression_args()
    return mse, hand, (w.astype(np.float32), b.astype(np.float32))


@right
def absolute_error():
    def hand(w, b):
        s = np.sign(XR @ w + b - YR) / 7
        return XR.T @ s, s.sum()

    return lambda w, b: F.l1_loss(XR @ w + b, YR), hand, regression_args()


@right
def huber():
    def hand(w, b):
        r = np.clip(XR @ w + b - YR, -0.5, 0.5) / 7
        return XR.T @ r, r.sum()

    return lambda w, b: F.huber_loss(XR @ w + b, YR, delta=0.5), hand, regression_args()


@wrong("factor", "local-derivative-missing", "branch-missing")
def huber_without_delta_in_the_linear_part():
    def hand(w, b):
        r = XR @ w + b - YR
        r = np.where(np.abs(r) <= 0.7, r, np.sign(r)) / 7
        return XR.T @ r, r.sum()

    return lambda w, b: F.huber_loss(XR @ w + b, YR, delta=0.7), hand, regression_args()


@wrong("local-derivative-missing", "branch-missing")
def absolute_error_with_the_residual_for_its_sign():
    def hand(w, b):
        r = (XR @ w + b - YR) / 7
        return XR.T @ np.abs(r * 7) / 7, np.abs(r).sum()

    return lambda w, b: F.l1_loss(XR @ w + b, YR), hand, regression_args()


# Two layers and a softmax

XN, YN = rng(6).normal(size=(9, 4)), rng(7).integers(0, 3, size=9)


def softmax_net(w1, b1, w2, b2):
    h = mg.tanh(XN @ w1 + b1)
    return F.cross_entropy(h @ w2 + b2, YN)


def net_args(hidden=5, classes=3, seed=8):
    r = rng(seed)
    return r.normal(size=(4, hidden)), r.normal(size=hidden), r.normal(size=(hidden, classes)), r.normal(size=classes)


def backprop(w1, b1, w2, b2, *, delta=None, slope=None, flow=None, scale=None):
    """Return the gradients of `softmax_net`, with one of its lines replaced."""
    n = len(XN)
    z1 = XN @ w1 + b1
    h = np.tanh(z1)
    o = softmax(h @ w2 + b2)
    d2 = (o - one_hot(YN, 3)) / n if delta is None else delta(o, one_hot(YN, 3), n)
    d1 = (d2 @ w2.T if flow is None else flow(d2, w2)) * ((1 - h**2) if slope is None else slope(z1, h))
    return XN.T @ d1, d1.sum(0), h.T @ d2, d2.sum(0)


@right
def softmax_network():
    return softmax_net, backprop, net_args()


@right
def softmax_network_sample_by_sample():
    def hand(w1, b1, w2, b2):
        g = [np.zeros_like(a) for a in (w1, b1, w2, b2)]
        for x, y in zip(XN, YN, strict=True):
            h = np.tanh(x @ w1 + b1)
            d2 = softmax(h @ w2 + b2) - one_hot(y, 3)
            d1 = (w2 @ d2) * (1 - h * h)
            for total, part in zip(g, (np.outer(x, d1), d1, np.outer(h, d2), d2), strict=True):
                total += part / len(XN)
        return g

    return softmax_net, hand, net_args()


def _net(*ids, **changes):
    def register(name):
        def make():
            return softmax_net, lambda *args: backprop(*args, **changes), net_args()

        make.__name__ = name
        CASES.append(Case(name, make, ids))

    return register


_net("sum-vs-mean", delta=lambda o, y, n: o - y)("softmax_network_not_averaged")
_net("sign", delta=lambda o, y, n: (y - o) / n)("softmax_network_sign")
_net("softmax-diagonal", delta=lambda o, y, n: -(y / o) * o * (1 - o) / n)("softmax_network_diagonal")
_net("softmax-twice", "local-derivative-twice", delta=lambda o, y, n: (o - y) * o * (1 - o) / n)("softmax_network_twice")
_net("softmax-twice", delta=lambda o, y, n: (softmax(o) - y) / n)("softmax_network_of_softmax")
_net("softmax-diagonal", "branch-missing", "constant-vs-variable", delta=lambda o, y, n: -y / n)("softmax_network_no_normaliser")
_net("branch-missing", delta=lambda o, y, n: o / n)("softmax_network_without_the_label")
_net("local-derivative-missing", slope=lambda z, h: 1.0)("softmax_network_without_tanh")
_net("local-derivative-at-wrong-point", slope=lambda z, h: 1 - z**2)("softmax_network_tanh_of_z")
_net("local-derivative-at-wrong-point", slope=lambda z, h: 1 - np.tanh(h) ** 2)("softmax_network_tanh_of_h")
_net("local-derivative-twice", slope=lambda z, h: (1 - h**2) ** 2)("softmax_network_tanh_twice")
_net("local-derivative-missing", "local-derivative-at-wrong-point", slope=lambda z, h: h * (1 - h))("softmax_network_sigmoid_for_tanh")
_net("sum-vs-mean", delta=lambda o, y, n: (o - y) / 3)("softmax_network_divided_by_the_classes")


@wrong("sum-vs-mean")
def softmax_network_one_layer_not_averaged():
    def hand(*args):
        g = backprop(*args)
        return g[0], g[1], 9 * g[2], 9 * g[3]

    return softmax_net, hand, net_args()


@wrong("updated-too-early")
def softmax_network_second_layer_updated_first():
    def hand(w1, b1, w2, b2):
        g = backprop(w1, b1, w2, b2)
        new = w2 - 0.1 * g[2]
        h = np.tanh(XN @ w1 + b1)
        d1 = ((softmax(h @ w2 + b2) - one_hot(YN, 3)) / 9 @ new.T) * (1 - h**2)
        return XN.T @ d1, d1.sum(0), g[2], g[3]

    return softmax_net, hand, net_args()


@wrong("wrong-node")
def softmax_network_input_of_the_activation_for_its_output():
    def hand(w1, b1, w2, b2):
        g = backprop(w1, b1, w2, b2)
        z = XN @ w1 + b1
        d2 = (softmax(np.tanh(z) @ w2 + b2) - one_hot(YN, 3)) / 9
        return g[0], g[1], z.T @ d2, g[3]

    return softmax_net, hand, net_args()


@wrong("transpose")
def softmax_network_square_weights_not_transposed():
    def hand(w1, b1, w2, b2):
        return backprop(w1, b1, w2, b2, flow=lambda d, w: d @ w)

    return softmax_net, hand, net_args(hidden=3)


@wrong("unreduced")
def softmax_network_bias_not_added_up():
    def hand(w1, b1, w2, b2):
        g = backprop(w1, b1, w2, b2)
        h = np.tanh(XN @ w1 + b1)
        return g[0], g[1], g[2], (softmax(h @ w2 + b2) - one_hot(YN, 3)) / 9

    return softmax_net, hand, net_args()


@wrong("wrong-axis")
def softmax_network_bias_added_up_along_the_wrong_axis():
    def hand(w1, b1, w2, b2):
        g = backprop(w1, b1, w2, b2)
        h = np.tanh(XN @ w1 + b1)
        o = softmax(h @ w2 + b2)
        d1 = ((o - one_hot(YN, 3)) / 9 @ w2.T) * (1 - h**2)
        return g[0], d1.sum(axis=1), g[2], g[3]

    return softmax_net, hand, net_args()


@wrong("transpose")
def softmax_network_gradient_transposed():
    def hand(*args):
        g = backprop(*args)
        return g[0], g[1], g[2].T, g[3]

    return softmax_net, hand, net_args()


@wrong("accumulated")
def softmax_network_gradients_of_two_steps():
    def hand(*args):
        total, here = [np.zeros_like(a) for a in args], list(args)
        for _ in range(2):
            g = backprop(*here)
            total = [t + a for t, a in zip(total, g, strict=True)]
            here = [a - 0.05 * b for a, b in zip(here, g, strict=True)]
        return total

    return softmax_net, hand, net_args()


# A network of the notes: sigmoids and squared error, weights (out, in) as in N23

XS, TS = rng(9).normal(size=(6, 3)), rng(10).uniform(size=(6, 2))


def mlp(u1, u2):
    h = mg.sigmoid(XS @ u1.T)
    return 0.5 * mg.sum((TS - mg.sigmoid(h @ u2.T)) ** 2)


def mlp_args():
    return rng(11).normal(size=(4, 3)), rng(12).normal(size=(2, 4))


def mlp_hand(u1, u2, out=None, hidden=None):
    h = sigmoid(XS @ u1.T)
    o = sigmoid(h @ u2.T)
    d2 = (TS - o) * (o * (1 - o) if out is None else out(h @ u2.T, o))
    d1 = d2 @ u2 * (h * (1 - h) if hidden is None else hidden(XS @ u1.T, h))
    return -d1.T @ XS, -d2.T @ h


@right
def deltas_of_the_notes():
    return mlp, mlp_hand, mlp_args()


def _mlp(*ids, **changes):
    def register(name):
        def make():
            return mlp, lambda *args: mlp_hand(*args, **changes), mlp_args()

        make.__name__ = name
        CASES.append(Case(name, make, ids))

    return register


_mlp("local-derivative-missing", out=lambda z, o: 1.0)("deltas_without_the_outputs_derivative")
_mlp("local-derivative-missing", hidden=lambda z, h: 1.0)("deltas_without_the_hidden_derivative")
_mlp("local-derivative-missing", out=lambda z, o: 1.0, hidden=lambda z, h: 1.0)("deltas_without_any_derivative")
_mlp("local-derivative-at-wrong-point", out=lambda z, o: z * (1 - z), hidden=lambda z, h: z * (1 - z))("deltas_of_z_everywhere")
_mlp("local-derivative-at-wrong-point", hidden=lambda z, h: sigmoid(h) * (1 - sigmoid(h)))("deltas_of_the_sigmoid_of_the_sigmoid")


@wrong("sign")
def deltas_with_a_sign_lost_in_the_first_layer():
    def hand(u1, u2):
        g1, g2 = mlp_hand(u1, u2)
        return -g1, g2

    return mlp, hand, mlp_args()


@wrong("wrong-node")
def deltas_with_the_input_for_the_hidden_values():
    def f(u1, u2):
        return 0.5 * mg.sum((TS[:, :1] - mg.sigmoid(mg.sigmoid(XS @ u1.T) @ u2.T)) ** 2)

    def hand(u1, u2):
        h = sigmoid(XS @ u1.T)
        o = sigmoid(h @ u2.T)
        d2 = (o - TS[:, :1]) * o * (1 - o)
        return (d2 @ u2 * h * (1 - h)).T @ XS, d2.T @ XS

    return f, hand, (rng(1).normal(size=(3, 3)), rng(2).normal(size=(1, 3)))


# Rectifiers

def relu_net(w1, w2):
    return mg.mean((mg.relu(XS @ w1) @ w2 - TS) ** 2)


def relu_args():
    return rng(13).normal(size=(3, 5)), rng(14).normal(size=(5, 2))


def relu_hand(w1, w2, mask=None):
    z = XS @ w1
    a = np.maximum(z, 0)
    d = 2 * (a @ w2 - TS) / TS.size
    return XS.T @ (d @ w2.T * ((z > 0) if mask is None else mask(z, d @ w2.T))), a.T @ d


@right
def relu_network():
    return relu_net, relu_hand, relu_args()


@wrong("local-derivative-missing")
def relu_network_without_the_mask():
    return relu_net, lambda *a: relu_hand(*a, mask=lambda z, g: 1.0), relu_args()


@wrong("wrong-node")
def relu_network_mask_of_the_cotangent():
    return relu_net, lambda *a: relu_hand(*a, mask=lambda z, g: g > 0), relu_args()


@wrong("sum-vs-mean", "half")
def relu_network_averaged_over_the_samples_only():
    def hand(w1, w2):
        return tuple(2 * g for g in relu_hand(w1, w2))

    return relu_net, hand, relu_args()


@right
def relu_at_exactly_zero():
    def hand(w):
        z = w * np.array([1.0, 0.0, -2.0]) 
        return np.sum(np.array([1.0, 0.0, -2.0]) * (z >= 0)) * 1.0

    return lambda w: mg.sum(mg.relu(w * np.array([1.0, 0.0, -2.0]))), hand, (np.array(0.0),)


@right
def tied_maximum():
    def hand(x):
        g = np.zeros_like(x)
        g[np.argmax(x)] = 1
        return g

    return lambda x: mg.max(x), hand, (np.array([1.0, 3.0, 3.0]),)


@wrong("sign")
def tied_maximum_and_a_sign():
    def hand(x):
        g = np.zeros_like(x)
        g[np.argmax(x)] = -2 * x.max()
        return g

    return lambda x: mg.max(x) ** 2, hand, (np.array([1.0, 3.0, 3.0]),)


# Normalisation

XB = rng(15).normal(size=(6, 3))


def batchnorm(x, gamma, beta):
    mu, var = x.mean(axis=0), x.var(axis=0)
    z = gamma * (x - mu) / mg.sqrt(var + 1e-5) + beta
    return mg.sum(mg.sin(z) * XB)


def batchnorm_hand(x, gamma, beta, dx=None):
    mu, s = x.mean(0), np.sqrt(x.var(0) + 1e-5)
    h = (x - mu) / s
    g = np.cos(gamma * h + beta) * XB
    gh = g * gamma
    inner = gh - gh.mean(0) - h * (gh * h).mean(0) if dx is None else dx(gh, h)
    return inner / s, (g * h).sum(0), g.sum(0)


def norm_args():
    return rng(16).normal(size=(6, 3)), rng(17).normal(size=3), rng(18).normal(size=3)


@right
def batch_normalisation():
    return batchnorm, batchnorm_hand, norm_args()


@right
def batch_normalisation_of_the_library():
    def f(x, gamma, beta):
        return mg.sum(mg.sin(gamma * mg.primitives_standardize(x) + beta) * XB)

    def f2(x, gamma, beta):
        from minigrad.ops.nn import standardize

        return mg.sum(mg.sin(gamma * standardize(x, axis=0) + beta) * XB)

    return f2, batchnorm_hand, norm_args()


@wrong("batchnorm-mean-constant")
def batch_normalisation_mean_constant():
    return batchnorm, lambda *a: batchnorm_hand(*a, dx=lambda g, h: g - h * (g * h).mean(0)), norm_args()


@wrong("batchnorm-variance-constant")
def batch_normalisation_variance_constant():
    return batchnorm, lambda *a: batchnorm_hand(*a, dx=lambda g, h: g - g.mean(0)), norm_args()


@wrong("batchnorm-mean-constant", "batchnorm-variance-constant")
def batch_normalisation_both_constant():
    return batchnorm, lambda *a: batchnorm_hand(*a, dx=lambda g, h: g), norm_args()


@wrong("batchnorm-variance-constant")
def batch_normalisation_of_the_library_variance_constant():
    f = batch_normalisation_of_the_library()[0]
    return f, lambda *a: batchnorm_hand(*a, dx=lambda g, h: g - g.mean(0)), norm_args()


@wrong("ddof")
def batch_normalisation_unbiased():
    def hand(x, gamma, beta):
        mu, s = x.mean(0), np.sqrt(x.var(0, ddof=1) + 1e-5)
        h = (x - mu) / s
        g = np.cos(gamma * h + beta) * XB
        gh = g * gamma
        return (gh - gh.mean(0) - h * (gh * h).sum(0) / 5) / s, (g * h).sum(0), g.sum(0)

    return batchnorm, hand, norm_args()


@wrong("ddof")
def batch_normalisation_unbiased_on_the_way_back():
    return batchnorm, lambda *a: batchnorm_hand(*a, dx=lambda g, h: g - g.mean(0) - h * (g * h).sum(0) / 5), norm_args()


@wrong("local-derivative-missing")
def batch_normalisation_without_gamma():
    def hand(x, gamma, beta):
        _, dgamma, dbeta = batchnorm_hand(x, gamma, beta)
        s = np.sqrt(x.var(0) + 1e-5)
        h = (x - x.mean(0)) / s
        g = np.cos(gamma * h + beta) * XB
        return (g - g.mean(0) - h * (g * h).mean(0)) / s, dgamma, dbeta

    return batchnorm, hand, norm_args()


@wrong("wrong-node")
def batch_normalisation_gamma_from_x():
    def hand(x, gamma, beta):
        dx, _, dbeta = batchnorm_hand(x, gamma, beta)
        h = (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-5)
        g = np.cos(gamma * h + beta) * XB
        return dx, (g * x).sum(0), dbeta

    return batchnorm, hand, norm_args()


@wrong("wrong-axis")
def layer_norm_for_batch_norm():
    def hand(x):
        s = np.sqrt(x.var(1, keepdims=True) + 1e-5)
        h = (x - x.mean(1, keepdims=True)) / s
        return (XB - XB.mean(1, keepdims=True) - h * (XB * h).mean(1, keepdims=True)) / s

    def f(x):
        return mg.sum((x - x.mean(axis=0, keepdims=True)) / mg.sqrt(x.var(axis=0, keepdims=True) + 1e-5) * XB)

    return f, hand, norm_args()[:1]


# Attention, sharing, branches, time

Q0, K0, V0 = rng(19).normal(size=(4, 3)), rng(20).normal(size=(5, 3)), rng(21).normal(size=(5, 2))
A0 = rng(22).normal(size=(4, 2))


def attention(q, k, v):
    return mg.sum(mg.softmax(q @ k.T / 3**0.5) @ v * A0)


def attention_hand(q, k, v, jacobian=None, scale=3**0.5):
    p = softmax(q @ k.T / 3**0.5)
    dp = A0 @ v.T
    ds = p * (dp - (dp * p).sum(1, keepdims=True)) if jacobian is None else jacobian(p, dp)
    ds = ds / scale
    return ds @ k, ds.T @ q, p.T @ A0


@right
def attention_by_hand():
    return attention, attention_hand, (Q0, K0, V0)


@wrong("factor", "local-derivative-missing")
def attention_without_the_scale_on_the_way_back():
    return attention, lambda *a: attention_hand(*a, scale=1.0), (Q0, K0, V0)


@wrong("softmax-diagonal")
def attention_with_the_diagonal_alone():
    return attention, lambda *a: attention_hand(*a, jacobian=lambda p, g: g * p * (1 - p)), (Q0, K0, V0)


@wrong("wrong-axis")
def attention_summed_over_the_wrong_axis():
    return attention, lambda *a: attention_hand(*a, jacobian=lambda p, g: p * (g - (g * p).sum(0))), (Q0, K0, V0)


@wrong("operands-swapped")
def attention_keys_for_queries():
    def hand(q, k, v):
        dq, dk, dv = attention_hand(q, k, v)
        return dk, dq, dv

    return attention, hand, (Q0, K0[:4], V0[:4])


@wrong("wrong-node", "operands-swapped")
def attention_queries_where_keys_belong():
    def hand(q, k, v):
        p = softmax(q @ k.T / 3**0.5)
        dp = A0 @ v.T
        ds = p * (dp - (dp * p).sum(1, keepdims=True)) / 3**0.5
        return ds @ q, ds.T @ q, p.T @ A0

    return attention, hand, (Q0, K0[:4], V0[:4])


def tied(w):
    return mg.sum(mg.tanh(XS @ w @ w.T) * XS)


@right
def tied_weights():
    def hand(w):
        g = (1 - np.tanh(XS @ w @ w.T) ** 2) * XS
        return XS.T @ g @ w + g.T @ XS @ w

    return tied, hand, (rng(23).normal(size=(3, 2)),)


@wrong("branch-missing")
def tied_weights_one_use():
    def hand(w):
        g = (1 - np.tanh(XS @ w @ w.T) ** 2) * XS
        return XS.T @ g @ w

    return tied, hand, (rng(23).normal(size=(3, 2)),)


@wrong("branch-twice")
def tied_weights_one_use_twice():
    def hand(w):
        g = (1 - np.tanh(XS @ w @ w.T) ** 2) * XS
        return 2 * XS.T @ g @ w + g.T @ XS @ w

    return tied, hand, (rng(23).normal(size=(3, 2)),)


def residual(w, b):
    h = XS * 1.0 + mg.tanh(XS @ w + b)
    return mg.sum((h + mg.tanh(h @ w + b)) * XS)


@wrong("branch-missing")
def residual_without_the_shortcut():
    def hand(w, b):
        t1 = np.tanh(XS @ w + b)
        h = XS + t1
        t2 = np.tanh(h @ w + b)
        d2 = XS * (1 - t2**2)
        dh = d2 @ w.T
        d1 = dh * (1 - t1**2)
        return h.T @ d2 + XS.T @ d1, d2.sum(0) + d1.sum(0)

    return residual, hand, (rng(24).normal(size=(3, 3)), rng(25).normal(size=3))


def rnn(w, u, v):
    h = np.zeros(3)
    loss = 0.0
    for x, y in zip(XS, TS, strict=True):
        h = mg.tanh(w @ h + u @ x)
        loss = loss + mg.sum((v @ h - y) ** 2)
    return loss


def rnn_hand(w, u, v, through_time=True, slope=True, previous=True):
    hs = [np.zeros(3)]
    for x in XS:
        hs.append(np.tanh(w @ hs[-1] + u @ x))
    gw, gu, gv, dh = np.zeros_like(w), np.zeros_like(u), np.zeros_like(v), np.zeros(3)
    for t in reversed(range(len(XS))):
        d = 2 * (v @ hs[t + 1] - TS[t])
        gv += np.outer(d, hs[t + 1])
        dh = v.T @ d + dh
        dz = dh * (1 - hs[t + 1] ** 2) if slope else dh
        gw += np.outer(dz, hs[t] if previous else hs[t + 1])
        gu += np.outer(dz, XS[t])
        dh = w.T @ dz if through_time else np.zeros(3)
    return gw, gu, gv


def rnn_args():
    r = rng(26)
    return 0.5 * r.normal(size=(3, 3)), r.normal(size=(3, 3)), r.normal(size=(2, 3))


@right
def recurrent_network():
    return rnn, rnn_hand, rnn_args()


@wrong("branch-missing", "constant-vs-variable")
def recurrent_network_not_through_time():
    return rnn, lambda *a: rnn_hand(*a, through_time=False), rnn_args()


@wrong("local-derivative-missing")
def recurrent_network_without_tanh():
    return rnn, lambda *a: rnn_hand(*a, slope=False), rnn_args()


@wrong("wrong-node")
def recurrent_network_state_of_the_wrong_time():
    return rnn, lambda *a: rnn_hand(*a, previous=False), rnn_args()


# Embeddings, elements, matrices

IDS = np.array([0, 2, 2, 1, 0])


@wrong("branch-missing", "accumulated")
def embedding_assigned_for_added():
    def hand(table):
        g = np.zeros_like(table)
        g[IDS] = 2 * table[IDS]
        return g

    return lambda table: mg.sum(table[IDS] ** 2), hand, (rng(27).normal(size=(4, 3)),)


@right
def embedding():
    def hand(table):
        g = np.zeros_like(table)
        np.add.at(g, IDS, 2 * table[IDS])
        return g

    return lambda table: mg.sum(table[IDS] ** 2), hand, (rng(27).normal(size=(4, 3)),)


def _of_x(f, hand, seed=28, n=6):
    return lambda x: mg.sum(f(x)), hand, (rng(seed).normal(size=n),)


@wrong("branch-missing", "constant-vs-variable")
def swish_without_the_product_rule():
    return _of_x(mg.silu, lambda x: sigmoid(x))


@right
def swish():
    return _of_x(mg.silu, lambda x: sigmoid(x) + x * sigmoid(x) * (1 - sigmoid(x)))


@wrong("local-derivative-missing")
def softplus_without_the_inner_derivative():
    return _of_x(lambda x: mg.log(1 + mg.exp(x)), lambda x: 1 / (1 + np.exp(x)))


@wrong("sign")
def cosine():
    return _of_x(mg.cos, np.sin)


@wrong("local-derivative-at-wrong-point", "factor")
def cube_with_the_exponent_not_lowered():
    return _of_x(lambda x: x**3, lambda x: 3 * x**3)


@wrong("factor")
def cube_without_the_three():
    return _of_x(lambda x: x**3, lambda x: x**2)


M0 = rng(29).normal(size=(3, 3))


@wrong("transpose")
def quadratic_form_as_if_symmetric():
    return lambda x: x @ M0 @ x, lambda x: 2 * M0 @ x, (rng(30).normal(size=3),)


@wrong("branch-missing", "constant-vs-variable")
def quadratic_form_one_term():
    return lambda x: x @ M0 @ x, lambda x: M0 @ x, (rng(30).normal(size=3),)


@wrong("transpose")
def log_determinant_without_the_transpose():
    return lambda a: mg.log(mg.linalg.det(a)), lambda a: np.linalg.inv(a), (M0 + 4 * np.eye(3),)


@wrong("transpose")
def trace_of_a_product():
    return lambda a: mg.sum(mg.diagonal(a @ M0)), lambda a: M0, (rng(31).normal(size=(3, 3)),)


# Two mistakes, and none that has a name

_net("sign", "sum-vs-mean", delta=lambda o, y, n: y - o)("softmax_network_sign_and_sum")
_net("local-derivative-missing", "sum-vs-mean", delta=lambda o, y, n: o - y, slope=lambda z, h: 1.0)("softmax_network_no_tanh_and_sum")
_net("softmax-diagonal", "local-derivative-missing", delta=lambda o, y, n: -(y / o) * o * (1 - o) / n, slope=lambda z, h: 1.0)("softmax_network_diagonal_and_no_tanh")
_net("unexplained", delta=lambda o, y, n: np.sin(o) * y / n)("softmax_network_nonsense")


@wrong("unexplained")
def regression_nonsense():
    def hand(w, b):
        return np.exp(w) * 0.3, b**2

    return mse, hand, regression_args()
