"""Perceptrons of the notes (N23), weights (out, in); rectifiers; column vectors."""

import numpy as np

import minigrad as mg
from minigrad import nn

from .case import CASES, Case, right, rng, sigmoid, wrong

F = nn.functional


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
_mlp("local-derivative-at-wrong-point", out=lambda z, o: z * (1 - z), hidden=lambda z, h: z * (1 - z))(
    "deltas_of_z_everywhere"
)
_mlp("local-derivative-at-wrong-point", hidden=lambda z, h: sigmoid(h) * (1 - sigmoid(h)))(
    "deltas_of_the_sigmoid_of_the_sigmoid"
)


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


# One sample, column vectors

X, Y = rng(40).normal(size=(8, 3)), rng(41).integers(0, 2, size=8).astype(float)


def column(w1, b1, w2, b2):
    x, y = X[0].reshape(3, 1), np.array([[0.2], [0.7]])
    a = mg.sigmoid(w1 @ x + b1)
    o = mg.sigmoid(w2 @ a + b2)
    return 0.5 * mg.sum((o - y) ** 2)


def column_args():
    r = rng(45)
    return r.normal(size=(4, 3)), r.normal(size=(4, 1)), r.normal(size=(2, 4)), r.normal(size=(2, 1))


def column_hand(w1, b1, w2, b2, out=None, hidden=None, back=None):
    x, y = X[0].reshape(3, 1), np.array([[0.2], [0.7]])
    z1 = w1 @ x + b1
    a = sigmoid(z1)
    z2 = w2 @ a + b2
    o = sigmoid(z2)
    d2 = (o - y) * (o * (1 - o) if out is None else out(z2, o))
    d1 = (w2.T @ d2 if back is None else back(w2, d2)) * (a * (1 - a) if hidden is None else hidden(z1, a))
    return d1 @ x.T, d1, d2 @ a.T, d2


@right
def column_vectors():
    return column, column_hand, column_args()


def _column(name, *ids, **changes):
    def make():
        return column, lambda *args: column_hand(*args, **changes), column_args()

    make.__name__ = name
    CASES.append(Case(name, make, ids))


_column("column_vectors_no_output_slope", "local-derivative-missing", out=lambda z, o: 1.0)
_column("column_vectors_twice", "local-derivative-twice", out=lambda z, o: (o * (1 - o)) ** 2)
_column("column_vectors_hidden_z", "local-derivative-at-wrong-point", hidden=lambda z, a: z * (1 - z))
_column("column_vectors_only_o", "local-derivative-missing", "local-derivative-at-wrong-point", hidden=lambda z, a: a)
_column(
    "column_vectors_added_errors",
    "transpose",
    "wrong-node",
    "operands-swapped",
    "local-derivative-missing",
    "unexplained",
    back=lambda w, d: w.T @ np.ones_like(d) * d.sum(),
)
