"""Gradients that cancel to nothing, numbers made inside a loss, exponents that are sizes, logits for outputs.

Read next: `nameless.py`.
"""

import numpy as np

import minigrad as mg

from .entry import Problem, right, wrong

rng = np.random.default_rng(29)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def softmax(z):
    raised = np.exp(z - z.max(1, keepdims=True))
    return raised / raised.sum(1, keepdims=True)


# Gradients that are 0, but for rounding


def normalised(b, g, z, t):
    u = z + b
    return mg.mean((mg.tanh(g * (u - u.mean(axis=0)) / mg.sqrt(u.var(axis=0) + 1e-5)) - t) ** 2)


REDUNDANT = Problem(
    normalised, (rng.normal(size=3), rng.normal(size=3), rng.normal(size=(6, 3)), rng.normal(size=(6, 3))), "b g"
)


def redundant(b, g, z, t):
    """The cotangent of every u, and the gradient of g (N22)."""
    u = z + b
    s = 1 / np.sqrt(u.var(0) + 1e-5)
    h = (u - u.mean(0)) * s
    d = 2 * (np.tanh(g * h) - t) / t.size * (1 - np.tanh(g * h) ** 2)
    return g * s * (d - d.mean(0) - h * (d * h).mean(0)), (d * h).sum(0)


@right(REDUNDANT, atol=1e-12)
def bias_before_a_normalisation_whose_gradient_is_nothing(b, g, z, t):
    return np.zeros(3), redundant(b, g, z, t)[1]


@right(REDUNDANT, atol=1e-12)
def bias_before_a_normalisation_added_up(b, g, z, t):
    return redundant(b, g, z, t)[0].sum(0), redundant(b, g, z, t)[1]


LOGITS = (rng.normal(size=(4, 3)), np.eye(3)[[0, 1, 2, 0]])
SHIFTED = Problem(
    lambda c, z, t: -mg.sum(t * mg.log_softmax(z + c, axis=1)), (np.array(0.3), *LOGITS), "c"
)  # every logit alike


@right(SHIFTED, atol=1e-12)
def shift_of_all_logits(c, z, t):
    return (softmax(z + c) - t).sum()


# Numbers that the loss makes itself


def attention(q, k, v, c):
    return mg.sum(c * (mg.softmax(q @ k.T / mg.sqrt(3.0), axis=1) @ v))


ATTENTION = Problem(attention, tuple(rng.normal(size=(4, 3)) for _ in range(4)), "k")


def attended(q, k, v, c, whole=True, turned=True):
    s = softmax(q @ k.T / np.sqrt(3))
    g = c @ v.T
    d = s * (g - (g * s).sum(1, keepdims=True)) if whole else s * (1 - s) * g
    return (d.T if turned else d) @ q / np.sqrt(3)


@right(ATTENTION, rtol=1e-6)
def attention_divided_by_a_root(q, k, v, c):
    return attended(q, k, v, c)


@wrong(ATTENTION, "softmax-diagonal")
def attention_by_the_diagonal(q, k, v, c):
    return attended(q, k, v, c, whole=False)


@wrong(ATTENTION, "transpose")
def attention_with_its_weights_not_transposed(q, k, v, c):
    return attended(q, k, v, c, turned=False)


# A factor that has two readings


CUBE = Problem(lambda w, X: mg.sum((X @ w) ** 3), (rng.normal(size=3), rng.normal(size=(5, 3))), "w")
FOURTH = Problem(lambda w, X: mg.sum((X @ w) ** 4), (rng.normal(size=4), rng.normal(size=(4, 4))), "w")


@wrong(CUBE, "factor")
def cube_of_three_weights_without_its_three(w, X):
    return X.T @ (X @ w) ** 2


@wrong(FOURTH, "factor")
def fourth_power_of_four_samples_without_its_four(w, X):
    return X.T @ (X @ w) ** 3


SPREAD = Problem(lambda x: x.var(ddof=1), (rng.normal(size=5),), "x")
SQUARES = Problem(lambda x: mg.sum((x - mg.mean(x)) ** 2) / (len(x) - 1), (rng.normal(size=6),), "x")
DEVIATION = Problem(lambda x: mg.std(x), (rng.normal(size=5),), "x")


@wrong(SPREAD, "ddof")
def variance_divided_by_all(x):
    return 2 * (x - x.mean()) / len(x)


@wrong(SQUARES, "ddof")
def squares_divided_by_all(x):
    return 2 * (x - x.mean()) / len(x)


@wrong(DEVIATION, "ddof")
def deviation_divided_by_one_less(x):
    return (x - x.mean()) / x.std(ddof=1) / (len(x) - 1)


def reconstructed(m, v, e, W, x):
    z = m + mg.exp(0.5 * v) * e
    penalty = -0.5 * mg.sum(1 + v - m**2 - mg.exp(v))
    return (mg.sum((z @ W - x) ** 2) + penalty) / len(x)


SAMPLED = Problem(
    reconstructed,
    (*[rng.normal(size=(4, 2)) for _ in range(3)], rng.normal(size=(2, 3)), rng.normal(size=(4, 3))),
    "m v",
)


@wrong(SAMPLED, "factor half local-derivative-missing", "v")
def sample_without_the_half_of_its_exponent(m, v, e, W, x):
    d = 2 * ((m + np.exp(0.5 * v) * e) @ W - x) @ W.T
    return (d + m) / 4, (d * e * np.exp(0.5 * v) + 0.5 * (np.exp(v) - 1)) / 4


ONE = Problem(
    lambda w, b, X, y: mg.mean((X @ w + b - y) ** 2),
    (np.array([0.4]), np.array(-0.3), np.array([[1.3]]), np.array([0.8])),
    "w b",
)


@wrong(ONE, "regularizer-extra", "w")
def one_sample_of_one_feature_with_a_decay(w, b, X, y):
    e = X @ w + b - y
    return 2 * X.T @ e + 0.4 * w, 2 * e.mean()


# Logits for outputs


def answers(W, b, X, t):
    return -mg.mean(mg.sum(t * mg.log(mg.softmax(X @ W + b, axis=1)), axis=1))


ANSWERS = Problem(
    answers,
    (rng.normal(size=(4, 3)), rng.normal(size=3), rng.normal(size=(6, 4)), np.eye(3)[[0, 1, 2, 2, 1, 0]]),
    "W b",
)
YES = Problem(
    lambda w, X, y: 0.5 * mg.sum((mg.sigmoid(X @ w) - y) ** 2),
    (rng.normal(size=3), rng.normal(size=(6, 3)), np.array([1.0, 0, 0, 1, 1, 0])),
    "w",
)


@wrong(ANSWERS, "wrong-node forward-differs local-derivative-missing")
def classes_by_logits_less_labels(W, b, X, t):
    d = (X @ W + b - t) / len(X)
    return X.T @ d, d.sum(0)


@wrong(YES, "wrong-node")
def unit_by_its_logit_less_the_label(w, X, y):
    o = sigmoid(X @ w)
    return X.T @ ((X @ w - y) * o * (1 - o))


def leaking(w, X, y):
    z = X @ w
    return mg.mean((mg.where(z > 0, z, 0.1 * z) - y) ** 2)


LEAKING = Problem(leaking, (rng.normal(size=3), rng.normal(size=(8, 3)), rng.normal(size=8)), "w")


@wrong(LEAKING, "local-derivative-missing")
def leaking_units_without_their_slope(w, X, y):
    z = X @ w
    return X.T @ (2 * (np.where(z > 0, z, 0.1 * z) - y)) / len(y)


# Samples in columns


COLUMNS = Problem(
    lambda W, b, X, T: 0.5 * mg.sum((mg.sigmoid(W @ X + b) - T) ** 2),
    (rng.normal(size=(4, 3)), rng.normal(size=(4, 1)), rng.normal(size=(3, 4)), rng.random((4, 4))),
    "W b",
)


def of_columns(W, b, X, T, axis=1):
    o = sigmoid(W @ X + b)
    d = (o - T) * o * (1 - o)
    return d @ X.T, d.sum(axis).reshape(4, 1)


@right(COLUMNS)
def columns_added_up(W, b, X, T):
    return of_columns(W, b, X, T)


@wrong(COLUMNS, "wrong-axis", "b")
def columns_whose_rows_are_added_up(W, b, X, T):
    return of_columns(W, b, X, T, axis=0)
