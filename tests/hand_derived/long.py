"""Losses written as loops, gated cells, convolutions; running sums and other slips of loops."""

import numpy as np

import minigrad as mg
from minigrad import nn

from .case import one_hot, right, rng, sigmoid, softmax, wrong

F = nn.functional


X, Y = rng(50).normal(size=(8, 3)), rng(51).integers(0, 2, size=8).astype(float)


def looped(w, b):
    total = 0.0
    for x, y in zip(X, Y, strict=True):
        o = 1 / (1 + mg.exp(-(mg.sum(w * x) + b)))
        total = total - (y * mg.log(o) + (1 - y) * mg.log(1 - o))
    return total / len(X)


def looped_args():
    return rng(52).normal(size=3), np.array(0.3)


@right
def looped_loss():
    def hand(w, b):
        d = sigmoid(X @ w + b) - Y
        return X.T @ d / 8, d.mean()

    return looped, hand, looped_args()


@wrong("local-derivative-twice")
def looped_loss_slope_twice():
    def hand(w, b):
        o = sigmoid(X @ w + b)
        d = (o - Y) * o * (1 - o)
        return X.T @ d / 8, d.mean()

    return looped, hand, looped_args()


@wrong("local-derivative-at-wrong-point")
def looped_loss_z_for_o():
    def hand(w, b):
        z = X @ w + b
        o = sigmoid(z)
        d = (o - Y) / (o * (1 - o)) * z * (1 - z)
        return X.T @ d / 8, d.mean()

    return looped, hand, looped_args()


@wrong("branch-missing", "accumulated")
def looped_loss_last_sample():
    def hand(w, b):
        d = sigmoid(X[-1] @ w + b) - Y[-1]
        return X[-1] * d / 8, d / 8

    return looped, hand, looped_args()


@wrong("sum-vs-mean")
def looped_loss_summed():
    def hand(w, b):
        d = sigmoid(X @ w + b) - Y
        return X.T @ d, d.sum()

    return looped, hand, looped_args()


def lstm(w, u, b):
    h, c = np.zeros(2), np.zeros(2)
    for x in X[:3]:
        z = w @ x + u @ h + b
        i, f, o, g = mg.sigmoid(z[:2]), mg.sigmoid(z[2:4]), mg.sigmoid(z[4:6]), mg.tanh(z[6:])
        c = f * c + i * g
        h = o * mg.tanh(c)
    return mg.sum(h * h)


def lstm_hand(w, u, b, *, cell=True, gate=None):
    h, c, kept = np.zeros(2), np.zeros(2), []
    for x in X[:3]:
        z = w @ x + u @ h + b
        i, f, o, g = sigmoid(z[:2]), sigmoid(z[2:4]), sigmoid(z[4:6]), np.tanh(z[6:])
        new = f * c + i * g
        kept.append((x, h, c, i, f, o, g, new))
        h, c = o * np.tanh(new), new
    gw, gu, gb, dh, dc = np.zeros_like(w), np.zeros_like(u), np.zeros_like(b), 2 * h, np.zeros(2)
    for x, h, c, i, f, o, g, new in reversed(kept):
        t = np.tanh(new)
        dc = dc + dh * o * (1 - t**2 if gate is None else gate(t, new))
        dz = np.concatenate([dc * g * i * (1 - i), dc * c * f * (1 - f), dh * t * o * (1 - o), dc * i * (1 - g**2)])
        gw, gu, gb = gw + np.outer(dz, x), gu + np.outer(dz, h), gb + dz
        dh, dc = u.T @ dz, dc * f if cell else np.zeros(2)
    return gw, gu, gb


def lstm_args():
    r = rng(53)
    return r.normal(size=(8, 3)), r.normal(size=(8, 2)), r.normal(size=8)


@right
def lstm_cell():
    return lstm, lstm_hand, lstm_args()


@wrong("branch-missing", "constant-vs-variable")
def lstm_cell_state_cut():
    return lstm, lambda *a: lstm_hand(*a, cell=False), lstm_args()


@wrong("local-derivative-missing")
def lstm_cell_without_tanh_of_the_state():
    return lstm, lambda *a: lstm_hand(*a, gate=lambda t, c: 1.0), lstm_args()


def convolution(k, v):
    x = X.ravel()
    h = mg.tanh(sum(k[j] * x[j : j + 20] for j in range(4)))
    return mg.sum((h * v - 1) ** 2) / 20


@right
def convolution_by_slices():
    def hand(k, v):
        x = X.ravel()
        h = np.tanh(sum(k[j] * x[j : j + 20] for j in range(4)))
        d = 2 * (h * v - 1) / 20
        dz = d * v * (1 - h**2)
        return np.array([dz @ x[j : j + 20] for j in range(4)]), d * h

    return convolution, hand, (rng(54).normal(size=4), rng(55).normal(size=20))


@wrong("local-derivative-missing")
def convolution_without_v():
    def hand(k, v):
        x = X.ravel()
        h = np.tanh(sum(k[j] * x[j : j + 20] for j in range(4)))
        d = 2 * (h * v - 1) / 20
        return np.array([(d * (1 - h**2)) @ x[j : j + 20] for j in range(4)]), d * h

    return convolution, hand, (rng(54).normal(size=4), rng(55).normal(size=20))


@wrong("local-derivative-missing")
def batch_norm_without_dividing():
    c = rng(56).normal(size=(8, 3))

    def hand(x):
        s = np.sqrt(x.var(0) + 1e-5)
        h = (x - x.mean(0)) / s
        return c - c.mean(0) - h * (c * h).mean(0)

    return lambda x: mg.sum((x - x.mean(0)) / mg.sqrt(x.var(0) + 1e-5) * c), hand, (X,)


@wrong("local-derivative-missing", "softmax-diagonal")
def squared_error_of_a_softmax():
    t = one_hot(np.array([0, 1, 2, 2]), 3)

    def hand(z):
        return 2 * (softmax(z) - t)

    return lambda z: mg.sum((mg.softmax(z) - t) ** 2), hand, (rng(57).normal(size=(4, 3)),)


@wrong("accumulated")
def a_buffer_used_twice():
    def hand(a, b):
        r = X @ a - X[:, ::-1] @ b
        g = 2 * X.T @ r
        return g, g - 2 * X[:, ::-1].T @ r

    return lambda a, b: mg.sum((X @ a - X[:, ::-1] @ b) ** 2), hand, (rng(1).normal(size=3), rng(2).normal(size=3))


@wrong("local-derivative-missing")
def norm_without_the_root():
    return lambda w: mg.sqrt(mg.sum(w**2)), lambda w: 2 * w, (rng(3).normal(size=4),)


@wrong("updated-too-early")
def samples_that_move_the_weights():
    def hand(w):
        total = np.zeros(3)
        for x, y in zip(X, Y, strict=True):
            g = 2 * (x @ w - y) * x / 8
            total += g
            w = w - 0.1 * g
        return total

    return lambda w: mg.mean((X @ w - Y) ** 2), hand, (rng(4).normal(size=3),)


@wrong("accumulated")
def running_sum_within_the_batch():
    def hand(w):
        g = total = np.zeros(3)
        for x, y in zip(X, Y, strict=True):
            g = g + 2 * (x @ w - y) * x / 8
            total = total + g
        return total

    return lambda w: mg.mean((X @ w - Y) ** 2), hand, (rng(4).normal(size=3),)


@wrong("accumulated")
def running_sum_of_a_wider_layer():
    def hand(w):
        running = total = np.zeros_like(w)
        for x, y in zip(X, Y, strict=True):
            h = np.tanh(x @ w)
            running = running + np.outer(x, 2 * (h.sum() - y) * (1 - h**2)) / 8
            total = total + running
        return total

    return lambda w: mg.mean((mg.tanh(X @ w) @ np.ones(6) - Y) ** 2), hand, (rng(4).normal(size=(3, 6)),)


@wrong("constant-vs-variable", "branch-missing")
def self_power_with_the_exponent_fixed():
    return lambda x: mg.sum(x**x), lambda x: x * x ** (x - 1), (rng(5).uniform(0.5, 2, size=4),)


@wrong("local-derivative-at-wrong-point")
def sine_at_the_inner_derivative():
    return lambda x: mg.sum(mg.sin(x**2)), lambda x: np.cos(2 * x) * 2 * x, (rng(6).normal(size=4),)


@wrong("local-derivative-twice")
def sine_inner_twice():
    return lambda x: mg.sum(mg.sin(x**2)), lambda x: np.cos(x**2) * (2 * x) ** 2, (rng(6).normal(size=4),)


@wrong("operands-swapped")
def quotient_swapped():
    return (
        lambda x, y: mg.sum(x / y),
        lambda x, y: (1 / x, -y / x**2),
        (rng(1).uniform(1, 2, size=4), rng(2).uniform(1, 2, size=4)),
    )


@wrong("wrong-axis")
def layer_norm_means_over_the_batch():
    c = rng(7).normal(size=(5, 4))

    def hand(x):
        s = np.sqrt(x.var(1, keepdims=True) + 1e-5)
        h = (x - x.mean(1, keepdims=True)) / s
        return (c - c.mean(0) - h * (c * h).mean(0)) / s

    def f(x):
        m = x.mean(axis=1, keepdims=True)
        return mg.sum((x - m) / mg.sqrt(((x - m) ** 2).mean(axis=1, keepdims=True) + 1e-5) * c)

    return f, hand, (rng(8).normal(size=(5, 4)),)


@wrong("transpose")
def column_given_as_a_row():
    return lambda w: mg.sum((X @ w) ** 2), lambda w: (2 * X.T @ (X @ w)).T, (rng(9).normal(size=(3, 1)),)


@wrong("local-derivative-missing")
def recurrent_slope_for_the_parameters_only():
    def f(w, u):
        h = np.zeros(3)
        for x in X[:4]:
            h = mg.tanh(w @ h + u @ x)
        return mg.sum(h**2)

    def hand(w, u):
        hs = [np.zeros(3)]
        for x in X[:4]:
            hs.append(np.tanh(w @ hs[-1] + u @ x))
        gw, gu, dh = np.zeros_like(w), np.zeros_like(u), 2 * hs[-1]
        for t in reversed(range(4)):
            dz = dh * (1 - hs[t + 1] ** 2)
            gw, gu = gw + np.outer(dz, hs[t]), gu + np.outer(dz, X[t])
            dh = w.T @ dh
        return gw, gu

    return f, hand, (rng(10).normal(size=(3, 3)), rng(11).normal(size=(3, 3)))


@wrong("transpose")
def attention_scores_untransposed():
    q, k, v, c = (rng(i).normal(size=(4, 3)) for i in (12, 13, 14, 15))

    def hand(q, k):
        p = softmax(q @ k.T)
        dp = c @ v.T
        ds = p * (dp - (dp * p).sum(1, keepdims=True))
        return ds @ k, ds @ q

    return lambda q, k: mg.sum(mg.softmax(q @ k.T) @ v * c), hand, (q, k)
