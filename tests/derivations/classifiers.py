"""Softmax classifiers of one, two and three layers (N6, N7). Read next: `perceptrons.py`."""

from itertools import pairwise

import numpy as np

import minigrad as mg
from minigrad import nn

from .entry import Problem, right, wrong

rng = np.random.default_rng(3)


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


# One layer


def softmax_regression(W, b, X, y):
    return nn.functional.cross_entropy(X @ W + b, y)


def likelihood(W, b, X, y):
    """The same, written out."""
    o = mg.softmax(X @ W + b, axis=1)
    return -mg.mean(mg.log(o[np.arange(len(X)), y]))


def likelihood_in_bits(W, b, X, y):
    o = mg.softmax(X @ W + b, axis=1)
    return -mg.mean(mg.log2(o[np.arange(len(X)), y]))


DATA = (rng.normal(size=(4, 3)), rng.normal(size=3), rng.normal(size=(5, 4)), np.array([0, 2, 1, 1, 0]))
SOFT = Problem(softmax_regression, DATA, "W b")
WRITTEN = Problem(likelihood, DATA, "W b")
BITS = Problem(likelihood_in_bits, DATA, "W b")
SINGLE = Problem(softmax_regression, tuple(v.astype(np.float32) for v in DATA[:3]) + DATA[3:], "W b")
SQUARE = Problem(
    likelihood,
    (rng.normal(size=(3, 3)), rng.normal(size=3), rng.normal(size=(3, 3)), np.array([2, 0, 0])),
    "W b",
)
STEEP = Problem(softmax_regression, (12 * DATA[0], *DATA[1:]), "W b")


@right(SINGLE)
def softmax_minus_one_at_the_label(W, b, X, y):
    """In float32, in place."""
    N = X.shape[0]
    scores = X.dot(W) + b
    dscores = softmax(scores)
    dscores[range(N), y] -= 1
    dscores /= N
    return X.T.dot(dscores), np.sum(dscores, axis=0)


@right(WRITTEN)
def softmax_through_the_whole_jacobian(W, b, X, y):
    dW, db = np.zeros(W.shape), np.zeros(b.shape)
    for x, label in zip(X, y, strict=True):
        o = softmax((x @ W + b)[None])[0]
        do = np.zeros(3)
        do[label] = -1 / o[label]
        dz = (np.diag(o) - np.outer(o, o)) @ do
        dW += np.outer(x, dz)
        db += dz
    return dW / len(X), db / len(X)


@right(STEEP)
def softmax_without_taking_out_the_largest(W, b, X, y):
    """Logits of some dozens: exp is huge but does not overflow."""
    p = np.exp(X @ W + b)
    p /= p.sum(1)[:, None]
    dz = (p - np.eye(W.shape[1])[y]) / len(y)
    return X.T @ dz, dz.sum(0)


@wrong(SOFT, "sum-vs-mean")
def softmax_summed_over_the_batch(W, b, X, y):
    dz = softmax(X @ W + b) - np.eye(3)[y]
    return X.T @ dz, dz.sum(0)


@wrong(WRITTEN, "softmax-diagonal")
def softmax_with_the_slope_of_a_sigmoid(W, b, X, y):
    """o(1 − o) element by element: what a logit does to the other outputs is forgotten."""
    o = softmax(X @ W + b)
    do = -np.eye(3)[y] / o / len(y)
    dz = do * o * (1 - o)
    return X.T @ dz, dz.sum(axis=0)


@wrong(WRITTEN, "softmax-twice")
def softmax_jacobian_applied_to_o_minus_y(W, b, X, y):
    """o − y already is ∂E/∂z; taken for ∂E/∂o it passes the Jacobian once more."""
    o = softmax(X @ W + b)
    dout = (o - np.eye(3)[y]) / len(y)
    dz = o * (dout - (dout * o).sum(axis=1, keepdims=True))
    return X.T @ dz, dz.sum(axis=0)


@wrong(SOFT, "softmax-twice")
def softmax_layer_before_a_fused_loss(W, b, X, y):
    """The class Softmax has a backward, and the class CrossEntropy gives p − y: one too many."""
    N, C = len(X), W.shape[1]
    p = softmax(X @ W + b)
    dp = p.copy()
    dp[np.arange(N), y] -= 1
    dz = np.empty_like(p)
    for n in range(N):
        jacobian = -np.outer(p[n], p[n])
        jacobian[np.diag_indices(C)] += p[n]
        dz[n] = jacobian @ dp[n]
    return X.T @ dz / N, dz.sum(axis=0) / N


@wrong(SOFT, "sign")
def softmax_target_minus_prediction(W, b, X, y):
    delta = (np.eye(3)[y] - softmax(X @ W + b)) / X.shape[0]
    return X.T @ delta, delta.sum(axis=0)


@wrong(SQUARE, "wrong-axis")
def softmax_backward_sums_over_the_samples(W, b, X, y):
    o = softmax(X @ W + b)
    do = -np.eye(3)[y] / o / len(y)
    dz = o * (do - np.sum(do * o, axis=0, keepdims=True))
    return X.T @ dz, dz.sum(axis=0)


@wrong(SQUARE, "transpose", "W")
def softmax_weights_transposed(W, b, X, y):
    dz = (softmax(X @ W + b) - np.eye(3)[y]) / len(y)
    return np.einsum("nk,nd->kd", dz, X), np.einsum("nk->k", dz)


@wrong(SOFT, "unreduced", "b")
def softmax_bias_of_every_sample(W, b, X, y):
    dz = (softmax(X @ W + b) - np.eye(3)[y]) / len(y)
    return X.T @ dz, dz


@wrong(BITS, "log-base")
def softmax_bits_without_ln_2(W, b, X, y):
    dz = (softmax(X @ W + b) - np.eye(3)[y]) / len(y)
    return X.T @ dz, dz.sum(0)


def counts_from_one(W, b, X, y):
    p = softmax(X @ W + b)
    return -np.mean(np.log(p[np.arange(len(y)), y - 1]))


@wrong(SOFT, "forward-differs", hand_loss=counts_from_one)
def softmax_labels_counted_from_one(W, b, X, y):
    """As the notes count; label 0 lands on the last class without an error."""
    p = softmax(X @ W + b)
    p[np.arange(len(y)), y - 1] -= 1
    return X.T @ p / len(y), p.mean(axis=0)


def with_temperature(W, X, y):
    return nn.functional.cross_entropy(X @ W / 2.5, y)


WARM = Problem(with_temperature, (DATA[0], *DATA[2:]), "W")


@wrong(WARM, "factor local-derivative-missing")
def softmax_temperature_forgotten_on_the_way_back(W, X, y):
    p = softmax(X @ W / 2.5)
    return X.T @ (p - np.eye(3)[y]) / len(y)


def log_sum_exp_loss(z, y):
    return mg.mean(mg.logsumexp(z, axis=1) - z[np.arange(5), y])


LOGITS = Problem(log_sum_exp_loss, (rng.normal(size=(5, 3)), DATA[3]), "z")


@wrong(LOGITS, "branch-missing constant-vs-variable")
def softmax_without_the_one_hot(z, y):
    """ln Σ eᶻ is derived, −z_y is taken for a constant."""
    return softmax(z) / len(z)


# Two and three layers with relu


def two_layers(W1, b1, W2, b2, X, y):
    hidden = mg.relu(X @ W1 + b1)
    return nn.functional.cross_entropy(hidden @ W2 + b2, y)


def parameters(*sizes, bias=0.3):
    pairs = [(rng.normal(size=s), bias * rng.normal(size=s[1])) for s in pairwise(sizes)]
    return tuple(v for pair in pairs for v in pair)


NET = Problem(two_layers, (*parameters(4, 4, 3), rng.normal(size=(6, 4)), np.array([0, 1, 2, 2, 1, 0])), "W1 b1 W2 b2")
DEAD = Problem(
    two_layers,
    (np.eye(4)[:, :3], np.zeros(3), *parameters(3, 3), np.array([[1.0, 0, 2, 0], [0, -1, 0.5, 1]]), np.array([0, 2])),
    "W1 b1 W2 b2",
)


@right(NET)
def two_layers_as_in_a_course(W1, b1, W2, b2, X, y):
    a1 = np.maximum(0, X @ W1 + b1)
    probs = softmax(a1 @ W2 + b2)
    probs[np.arange(len(y)), y] -= 1
    probs /= len(y)
    grads = {"W2": a1.T @ probs, "b2": probs.sum(axis=0)}
    hidden = probs @ W2.T
    hidden[a1 <= 0] = 0
    grads["W1"], grads["b1"] = X.T @ hidden, hidden.sum(axis=0)
    return grads["W1"], grads["b1"], grads["W2"], grads["b2"]


@right(DEAD, kink=True)
def two_layers_with_units_exactly_at_zero(W1, b1, W2, b2, X, y):
    """relu'(0) is taken to be 1."""
    z1 = X @ W1 + b1
    a1 = z1 * (z1 > 0)
    dz2 = (softmax(a1 @ W2 + b2) - np.eye(3)[y]) / len(y)
    dz1 = (dz2 @ W2.T) * (z1 >= 0)
    return X.T @ dz1, dz1.sum(0), a1.T @ dz2, dz2.sum(0)


@wrong(NET, "local-derivative-missing", "W1 b1")
def two_layers_with_relu_forgotten_on_the_way_back(W1, b1, W2, b2, X, y):
    h = np.maximum(X @ W1 + b1, 0)
    dz2 = (softmax(h @ W2 + b2) - np.eye(3)[y]) / len(y)
    dh = dz2 @ W2.T
    return X.T @ dh, dh.sum(0), h.T @ dz2, dz2.sum(0)


@wrong(NET, "local-derivative-at-wrong-point wrong-node", "W1 b1")
def two_layers_masked_by_the_gradient(W1, b1, W2, b2, X, y):
    """dh[dh < 0] = 0 where dh[h <= 0] = 0 was meant."""
    h = np.maximum(X @ W1 + b1, 0)
    dz2 = (softmax(h @ W2 + b2) - np.eye(3)[y]) / len(y)
    dh = dz2 @ W2.T
    dh[dh < 0] = 0
    return X.T @ dh, dh.sum(0), h.T @ dz2, dz2.sum(0)


@wrong(NET, "wrong-node", "W2")
def two_layers_with_z_in_place_of_h(W1, b1, W2, b2, X, y):
    z1 = X @ W1 + b1
    h = np.maximum(z1, 0)
    dz2 = (softmax(h @ W2 + b2) - np.eye(3)[y]) / len(y)
    dz1 = dz2 @ W2.T * (z1 > 0)
    return X.T @ dz1, dz1.sum(0), z1.T @ dz2, dz2.sum(0)


@wrong(NET, "wrong-node", "W1")
def two_layers_with_h_in_place_of_the_input(W1, b1, W2, b2, X, y):
    """As many inputs as hidden units, so both fit."""
    h = np.maximum(X @ W1 + b1, 0)
    dz2 = (softmax(h @ W2 + b2) - np.eye(3)[y]) / len(y)
    dz1 = dz2 @ W2.T * (h > 0)
    return h.T @ dz1, dz1.sum(0), h.T @ dz2, dz2.sum(0)


def three_layers(W1, b1, W2, b2, W3, b3, X, y):
    a1 = mg.tanh(X @ W1 + b1)
    a2 = mg.tanh(a1 @ W2 + b2)
    o = mg.softmax(a2 @ W3 + b3)
    return -mg.mean(mg.sum(y * mg.log(o), axis=1))


DEEP = Problem(
    three_layers, (*parameters(3, 5, 4, 3), rng.normal(size=(6, 3)), np.eye(3)[[0, 1, 2, 2, 1, 0]]), "W1 b1 W2 b2 W3 b3"
)


def three_layers_back(slopes, output, W1, b1, W2, b2, W3, b3, X, y):
    """The right recursion but for τ' of each hidden layer and the delta of the output, which are handed in."""
    a1 = np.tanh(X @ W1 + b1)
    a2 = np.tanh(a1 @ W2 + b2)
    d3 = output(softmax(a2 @ W3 + b3), y)
    d2 = d3 @ W3.T * slopes[1](a2)
    d1 = d2 @ W2.T * slopes[0](a1)
    return X.T @ d1, d1.sum(0), a1.T @ d2, d2.sum(0), a2.T @ d3, d3.sum(0)


def tanh_slope(a):
    return 1 - a**2


def mean_delta(o, y):
    return (o - y) / len(y)


@right(DEEP)
def three_layers_right(*args):
    return three_layers_back((tanh_slope, tanh_slope), mean_delta, *args)


@wrong(DEEP, "error-carried-forward local-derivative-missing", "W1 b1 W2 b2")
def three_layers_without_the_second_slope(*args):
    """The first layer is derived rightly, from a wrong delta."""
    return three_layers_back((tanh_slope, lambda a: 1), mean_delta, *args)


@wrong(DEEP, "error-carried-forward local-derivative-at-wrong-point", "W1 b1 W2 b2")
def three_layers_with_the_second_slope_elsewhere(*args):
    """1 − tanh² of what is a tanh already."""
    return three_layers_back((tanh_slope, lambda a: 1 - np.tanh(a) ** 2), mean_delta, *args)


@wrong(DEEP, "error-carried-forward softmax-diagonal")
def three_layers_with_half_a_softmax(*args):
    """−y/o · o(1 − o) at the output, and all else follows from it."""
    return three_layers_back((tanh_slope, tanh_slope), lambda o, y: -y * (1 - o) / len(y), *args)
