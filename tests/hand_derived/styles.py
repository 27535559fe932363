"""Right derivations in many styles: classes with caches, einsum, index by index, float32, large numbers, kinks."""

from math import erf, exp, pi, sqrt

import numpy as np

import minigrad as mg
from minigrad import nn

from .case import one_hot, right, rng, sigmoid, softmax

F = nn.functional
X, T = rng(60).normal(size=(6, 4)), one_hot(rng(61).integers(0, 3, size=6), 3)


def network(w, b, v):
    return F.cross_entropy(mg.sigmoid(X @ w + b) @ v, T, reduction="sum")


def network_args(dtype=np.float64):
    return [a.astype(dtype) for a in (rng(62).normal(size=(4, 5)), rng(63).normal(size=5), rng(64).normal(size=(5, 3)))]


@right
def layers_with_caches():
    class Layer:
        def forward(self, x, w, b=0.0):
            self.x, self.w = x, w
            return np.dot(x, w) + b

        def backward(self, g):
            self.dw, self.db = np.dot(self.x.T, g), np.sum(g, axis=0)
            return np.dot(g, self.w.T)

    def hand(w, b, v):
        first, second = Layer(), Layer()
        h = sigmoid(first.forward(X, w, b))
        o = softmax(second.forward(h, v))
        first.backward(np.multiply(second.backward(o - T), h * (1 - h)))
        return first.dw, first.db, second.dw

    return network, hand, network_args()


@right
def einsum_everywhere():
    def hand(w, b, v):
        h = sigmoid(np.einsum("ni,ij->nj", X, w) + b)
        d = softmax(np.einsum("nj,jk->nk", h, v)) - T
        e = np.einsum("nk,jk,nj->nj", d, v, h - h * h)
        return np.einsum("ni,nj->ij", X, e), np.einsum("nj->j", e), np.einsum("nj,nk->jk", h, d)

    return network, hand, network_args()


@right
def index_by_index():
    def hand(w, b, v):
        gw, gb, gv = np.zeros_like(w), np.zeros_like(b), np.zeros_like(v)
        for x, t in zip(X, T, strict=True):
            h = [1 / (1 + exp(-(sum(x[i] * w[i, j] for i in range(4)) + b[j]))) for j in range(5)]
            e = [exp(sum(h[j] * v[j, k] for j in range(5))) for k in range(3)]
            for k in range(3):
                d = e[k] / sum(e) - t[k]
                for j in range(5):
                    gv[j, k] += h[j] * d
                    gb[j] += d * v[j, k] * h[j] * (1 - h[j])
                    for i in range(4):
                        gw[i, j] += d * v[j, k] * h[j] * (1 - h[j]) * x[i]
        return gw, gb, gv

    return network, hand, network_args()


@right
def in_float32_throughout():
    def hand(w, b, v):
        x, t = X.astype(w.dtype), T.astype(w.dtype)
        h = sigmoid(x @ w + b)
        d = softmax(h @ v) - t
        e = d @ v.T * h * (1 - h)
        return x.T @ e, e.sum(0), h.T @ d

    return network, hand, network_args(np.float32)


@right
def cast_to_float32_inside():
    def hand(w, b, v):
        h = sigmoid(X @ w + b).astype(np.float32)
        d = (softmax(h @ v.astype(np.float32)) - T).astype(np.float32)
        e = d @ v.astype(np.float32).T * h * (1 - h)
        return X.T.astype(np.float32) @ e, e.sum(0), h.T @ d

    return network, hand, network_args(np.float32)


@right
def the_whole_jacobian_of_each_sample():
    def hand(w, b, v):
        h = sigmoid(X @ w + b)
        o = softmax(h @ v)
        d = np.stack([(np.diag(p) - np.outer(p, p)) @ (-t / p) for p, t in zip(o, T, strict=True)])
        e = d @ v.T * h * (1 - h)
        return X.T @ e, e.sum(0), h.T @ d

    return network, hand, network_args()


@right
def by_a_dictionary():
    def hand(w, b, v):
        h = sigmoid(X @ w + b)
        d = softmax(h @ v) - T
        return {"v": h.T @ d, "w": X.T @ (d @ v.T * h * (1 - h)), "b": (d @ v.T * h * (1 - h)).sum(0)}

    return network, hand, network_args()


@right
def logits_of_hundreds():
    z = 300 * rng(65).normal(size=(6, 3))
    return lambda z: F.cross_entropy(z, T), lambda z: (softmax(z) - T) / 6, (z,)


@right
def a_small_constant_in_the_quotient():
    def hand(w):
        o = sigmoid(X @ w)
        return X.T @ (-(T / (o + 1e-12) - (1 - T) / (1 - o + 1e-12)) * o * (1 - o)) / 18

    return lambda w: F.binary_cross_entropy(mg.sigmoid(X @ w), T), hand, (rng(66).normal(size=(4, 3)),)


@right
def saturated_and_written_out():
    def f(w):
        o = 1 / (1 + mg.exp(-w * 25.0))
        return -mg.log(1 - o)

    return f, lambda w: sigmoid(25.0 * w) * 25.0, (np.array(1.0),)


@right
def huber_exactly_at_its_delta():
    r = np.array([1.0, -1.0, 0.25, 3.0])
    return lambda w: F.huber_loss(w, np.zeros(4)), lambda w: np.clip(w, -1, 1) / 4, (r,)


@right
def clipped_at_a_bound():
    return (
        lambda w: mg.sum(mg.clip(w, -1, 1) ** 2),
        lambda w: 2 * w * (np.abs(w) < 1),
        (np.array([1.0, 0.5, -2.0, -1.0]),),
    )


@right
def absolute_value_of_zero():
    return lambda w: mg.sum(mg.absolute(w)), lambda w: np.where(w >= 0, 1.0, -1.0), (np.array([0.0, 2.0, -3.0]),)


@right
def gelu_exactly():
    def hand(x):
        cdf = np.array([0.5 * (1 + erf(v / sqrt(2))) for v in x])
        return cdf + x * np.exp(-x * x / 2) / sqrt(2 * pi)

    return lambda x: mg.sum(mg.gelu(x)), hand, (rng(67).normal(size=7),)


@right
def one_class_as_many_as_samples():
    t = one_hot(np.array([2, 0, 1]), 3)

    def hand(x, w):
        d = (softmax(x @ w) - t) / 3
        return d @ w.T, x.T @ d

    return lambda x, w: F.cross_entropy(x @ w, t), hand, (rng(68).normal(size=(3, 3)), rng(69).normal(size=(3, 3)))


@right
def numbers_alone():
    return (
        lambda w, b: (mg.tanh(w * 0.5 + b) - 1.0) ** 2,
        lambda w, b: (
            2 * (np.tanh(0.5 * w + b) - 1) * (1 - np.tanh(0.5 * w + b) ** 2) * 0.5,
            2 * (np.tanh(0.5 * w + b) - 1) * (1 - np.tanh(0.5 * w + b) ** 2),
        ),
        (0.3, -0.2),
    )


@right
def a_loss_that_forgets_an_argument():
    return (
        lambda w, b: mg.sum(w * w),
        lambda w, b: (2 * w, np.zeros_like(b)),
        (rng(70).normal(size=3), rng(71).normal(size=2)),
    )


@right
def scalar_gradients_of_length_one():
    return lambda b: mg.sum((X + b) ** 2), lambda b: np.array([2 * (X + b).sum()]), (np.array(0.7),)
