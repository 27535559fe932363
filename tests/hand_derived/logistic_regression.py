"""Logistic regression of a batch, with the fused loss; steps of descent in between; scales."""

import numpy as np

import minigrad as mg
from minigrad import nn

from .case import CASES, Case, right, rng, sigmoid, wrong

F = nn.functional


X, Y = rng(40).normal(size=(8, 3)), rng(41).integers(0, 2, size=8).astype(float)


def logistic(w, b):
    return F.binary_cross_entropy_with_logits(X @ w + b, Y)


def logistic_args():
    return rng(42).normal(size=3), np.array(0.1)


@right
def logistic_regression():
    def hand(w, b):
        d = sigmoid(X @ w + b) - Y
        return X.T @ d / 8, d.mean()

    return logistic, hand, logistic_args()


def _logistic(name, *ids, **change):
    def make():
        def hand(w, b):
            z = X @ w + b
            o = sigmoid(z)
            d = change["delta"](z, o)
            return X.T @ d / 8, d.mean()

        return logistic, hand, logistic_args()

    make.__name__ = name
    CASES.append(Case(name, make, ids))


_logistic("logistic_regression_sigmoid_twice", "local-derivative-twice", delta=lambda z, o: (o - Y) * o * (1 - o))
_logistic(
    "logistic_regression_no_sigmoid_slope", "local-derivative-missing", delta=lambda z, o: (o - Y) / (o * (1 - o))
)
_logistic("logistic_regression_sign", "sign", delta=lambda z, o: Y - o)
_logistic("logistic_regression_one_term", "branch-missing", delta=lambda z, o: -Y * (1 - o))
_logistic("logistic_regression_other_term", "branch-missing", delta=lambda z, o: (1 - Y) * o)
_logistic(
    "logistic_regression_slope_at_z",
    "local-derivative-at-wrong-point",
    delta=lambda z, o: (o - Y) / (o * (1 - o)) * z * (1 - z),
)
_logistic(
    "logistic_regression_tanh_slope",
    "local-derivative-at-wrong-point",
    "local-derivative-missing",
    "forward-differs",
    delta=lambda z, o: (o - Y) / (o * (1 - o)) * (1 - o**2),
)
_logistic(
    "logistic_regression_forgot_log",
    "local-derivative-missing",
    delta=lambda z, o: -(Y - (1 - Y)) * o * (1 - o),
)


@wrong("unreduced")
def logistic_regression_weights_for_each_sample():
    def hand(w, b):
        d = sigmoid(X @ w + b) - Y
        return d[:, None] * X / 8, d.mean()

    return logistic, hand, logistic_args()


@wrong("sum-vs-mean")
def logistic_regression_weights_summed():
    def hand(w, b):
        d = sigmoid(X @ w + b) - Y
        return X.T @ d, d.mean()

    return logistic, hand, logistic_args()


@wrong("updated-too-early")
def logistic_regression_bias_after_the_weights_moved():
    def hand(w, b):
        dw = X.T @ (sigmoid(X @ w + b) - Y) / 8
        w = w - 0.5 * dw
        return dw, (sigmoid(X @ w + b) - Y).mean()

    return logistic, hand, logistic_args()


@wrong("updated-too-early")
def logistic_regression_after_the_whole_step():
    def hand(w, b):
        for _ in range(2):
            d = sigmoid(X @ w + b) - Y
            dw, db = X.T @ d / 8, d.mean()
            w, b = w - 0.3 * dw, b - 0.3 * db
        return dw, db

    return logistic, hand, logistic_args()


@wrong("updated-too-early")
def logistic_regression_updates_its_argument():
    def hand(w, b):
        dw = X.T @ (sigmoid(X @ w + b) - Y) / 8
        w -= 0.1 * dw
        return dw, (sigmoid(X @ w + b) - Y).mean()

    return logistic, hand, logistic_args()


@wrong("accumulated")
def logistic_regression_two_steps_with_updates():
    def hand(w, b):
        gw, gb = np.zeros(3), 0.0
        for _ in range(2):
            d = sigmoid(X @ w + b) - Y
            gw = gw + X.T @ d / 8
            gb = gb + d.mean()
            w, b = w - 0.1 * gw, b - 0.1 * gb
        return gw, gb

    return logistic, hand, logistic_args()


@wrong("accumulated")
def logistic_regression_that_remembers():
    kept = {"w": 0.0, "b": 0.0}

    def hand(w, b):
        d = sigmoid(X @ w + b) - Y
        kept["w"] = kept["w"] + X.T @ d / 8
        kept["b"] = kept["b"] + d.mean()
        return kept["w"], kept["b"]

    return logistic, hand, logistic_args()


@wrong("accumulated", "factor", "branch-twice")
def logistic_regression_added_twice():
    def hand(w, b):
        d = sigmoid(X @ w + b) - Y
        return 2 * X.T @ d / 8, 2 * d.mean()

    return logistic, hand, logistic_args()


@wrong("log-base")
def logistic_regression_decimal():
    def hand(w, b):
        d = sigmoid(X @ w + b) - Y
        return X.T @ d / 8, d.mean()

    return lambda w, b: F.binary_cross_entropy_with_logits(X @ w + b, Y, base=10), hand, logistic_args()


@right
def saturated_unit_with_a_formula_that_cancels():
    def hand(w):
        o = sigmoid(w * 30.0)
        return -(0.0 / o - 1.0 / (1 - o)) * o * (1 - o) * 30.0

    return lambda w: F.binary_cross_entropy_with_logits(w * 30.0, np.array(0.0)), hand, (np.array(1.0),)


@right
def large_scales():
    def hand(w):
        return 2e12 * X.T @ (X @ w)

    return lambda w: mg.sum((1e6 * (X @ w)) ** 2), hand, (rng(1).normal(size=3),)


@right
def tiny_scales():
    def hand(w):
        return 2e-20 * X.T @ (X @ w)

    return lambda w: mg.sum((1e-10 * (X @ w)) ** 2), hand, (rng(1).normal(size=3),)


@right
def at_the_minimum():
    w = np.linalg.lstsq(X, Y, rcond=None)[0]
    return lambda w: F.mse_loss(X @ w, Y), lambda w: 2 * X.T @ (X @ w - Y) / 8, (w,)


@right
def bias_with_a_kept_axis():
    def hand(w, b):
        d = (X @ w + b - 1) * 2
        return X.T @ d, d.sum(axis=0, keepdims=True)

    return lambda w, b: mg.sum((X @ w + b - 1) ** 2), hand, (rng(1).normal(size=(3, 2)), rng(2).normal(size=2))
