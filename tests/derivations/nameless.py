"""Two mistakes at once, gradients that no mistake explains, right ones that look wrong. The last file of the set."""

import numpy as np

import minigrad as mg
from minigrad import nn

from .classifiers import BITS, NET, SQUARE, softmax
from .entry import Problem, right, wrong
from .normalization import BN, forward
from .regression import LINE
from .units import BATCH, UNIT, sigmoid

rng = np.random.default_rng(10)


# Two at once


@wrong(UNIT, "sign half factor")
def unit_with_the_sign_and_the_half_wrong(w, b, x, y):
    o = sigmoid(w @ x + b)
    delta = 2 * (y - o) * o * (1 - o)
    return delta * x, delta


@wrong(BITS, "sum-vs-mean log-base factor")
def bits_summed_and_in_nats(W, b, X, y):
    dz = softmax(X @ W + b) - np.eye(3)[y]
    return X.T @ dz, dz.sum(0)


@wrong(SQUARE, "transpose unreduced")
def square_weights_turned_and_bias_per_sample(W, b, X, y):
    dz = (softmax(X @ W + b) - np.eye(3)[y]) / len(y)
    return dz.T @ X, dz


def two_layers_with_decay(W1, b1, W2, b2, X, y):
    hidden = mg.relu(X @ W1 + b1)
    return nn.functional.cross_entropy(hidden @ W2 + b2, y) + 0.05 * (mg.sum(W1**2) + mg.sum(W2**2))


DECAY = Problem(two_layers_with_decay, NET.args, "W1 b1 W2 b2")


@wrong(DECAY, "local-derivative-missing regularizer-missing", "W1 b1 W2")
def network_without_relu_s_slope_and_half_its_decay(W1, b1, W2, b2, X, y):
    h = np.maximum(X @ W1 + b1, 0)
    dz2 = (softmax(h @ W2 + b2) - np.eye(3)[y]) / len(y)
    dh = dz2 @ W2.T
    return X.T @ dh + 0.1 * W1, dh.sum(0), h.T @ dz2, dz2.sum(0)


@wrong(BN, "batchnorm-mean-constant batchnorm-variance-constant branch-missing constant-vs-variable", "x")
def batch_norm_with_fixed_statistics(x, gamma, beta, c):
    """As at prediction time."""
    xhat, ivar = forward(x)
    return c * gamma * ivar, (c * xhat).sum(0), c.sum(0)


# No name


@wrong(LINE, "unexplained", "w")
def weights_from_a_sine(w, b, X, y):
    r = X @ w + b - y
    return np.sin(3 * w) + 0.7, 2 * r.mean()


@wrong(LINE, "unexplained")
def residuals_squashed_by_a_logarithm(w, b, X, y):
    r = X @ w + b - y
    g = np.log1p(np.abs(r)) ** 1.5
    return X.T @ g / len(y), g.mean()


@wrong(BATCH, "unexplained", "w")
def numbers_typed_in(w, b, x, y):
    return np.array([0.31, -1.7, 0.052]), np.mean(sigmoid(x @ w + b) - y)


@wrong(NET, "unexplained", "W1 b1")
def hidden_layer_by_a_homemade_rule(W1, b1, W2, b2, X, y):
    h = np.maximum(X @ W1 + b1, 0)
    dz2 = (softmax(h @ W2 + b2) - np.eye(3)[y]) / len(y)
    dh = np.sqrt(h) - 0.2 * np.abs(dz2).sum(axis=1, keepdims=True) ** 3
    return X.T @ dh, dh.sum(0), h.T @ dz2, dz2.sum(0)


@wrong(BN, "unexplained", "x")
def batch_norm_by_a_running_total(x, gamma, beta, c):
    xhat, _ = forward(x)
    return np.cumsum(xhat * c, axis=0) * np.sort(gamma), (c * xhat).sum(0), c.sum(0)


# Right again, though it looks like a mistake: a missing term that is 0, a factor that is 1


def softmax_total(W, X, c):
    return mg.sum(mg.softmax(X @ W, axis=1)) + mg.sum(c * W)


CONSTANT = Problem(softmax_total, (rng.normal(size=(3, 2)), rng.normal(size=(4, 3)), rng.normal(size=(3, 2))), "W")


@right(CONSTANT)
def softmax_whose_sum_is_constant(W, X, c):
    """Σ o = N whatever W is: that branch has no gradient."""
    return c + np.zeros_like(W)


@right(BN)
def batch_norm_without_the_variance_s_own_mean(x, gamma, beta, c):
    """∂σ²/∂μ is 0, so leaving that branch out is no mistake."""
    N = len(x)
    xhat, ivar = forward(x)
    dxhat = c * gamma
    dvar = np.sum(dxhat * (x - x.mean(0)), axis=0) * -0.5 * ivar**3
    dmu = -np.sum(dxhat * ivar, axis=0)
    return dxhat * ivar + dvar * 2 * (x - x.mean(0)) / N + dmu / N, np.sum(c * xhat, 0), np.sum(c, 0)
