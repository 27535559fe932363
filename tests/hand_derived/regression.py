"""Linear regression: squared, absolute and Huber errors, penalties (N24)."""

import numpy as np

import minigrad as mg
from minigrad import nn

from .case import right, rng, wrong

F = nn.functional


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


@wrong("unexplained")
def regression_nonsense():
    def hand(w, b):
        return np.exp(w) * 0.3, b**2

    return mse, hand, regression_args()
