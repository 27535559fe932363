"""Losses of other courses: counts, margins, mixtures, pooling, heads; other constants. Read next: `edges.py`."""

import numpy as np

import minigrad as mg
from minigrad import nn

from .entry import Problem, right, wrong

rng = np.random.default_rng(11)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


# Counts, margins, rankings, mixtures


POISSON = Problem(
    lambda w, X, y: mg.mean(mg.exp(X @ w) - y * (X @ w)),
    (rng.normal(size=2), rng.normal(size=(6, 2)), np.array([0.0, 1, 3, 2, 0, 5])),
    "w",
)


ROWS, LABELS = np.arange(6), np.array([0, 1, 2, 2, 1, 0])


def margins(W, X):
    s = X @ W
    return (mg.sum(mg.maximum(s - s[ROWS, LABELS][:, None] + 1, 0)) - 6) / 6


HINGE = Problem(margins, (rng.normal(size=(3, 3)), rng.normal(size=(6, 3))), "W")


def triplet(a, p, n):
    return mg.mean(mg.maximum(mg.sum((a - p) ** 2, axis=1) - mg.sum((a - n) ** 2, axis=1) + 0.5, 0))


TRIPLET = Problem(triplet, tuple(rng.normal(size=(5, 3)) for _ in range(3)), "a p n")


def mixture(mu, a, x):
    return -mg.sum(mg.logsumexp(a - mg.logsumexp(a) - 0.5 * (x[:, None] - mu) ** 2, axis=1))


MIXTURE = Problem(mixture, (np.array([-1.0, 0.5, 1.0]), np.array([0.1, 0.2, 0.3]), rng.normal(size=8)), "mu a")
PLUS_MINUS = Problem(
    lambda w, X, y: mg.mean(mg.log1p(mg.exp(-y * (X @ w)))),
    (rng.normal(size=4), rng.normal(size=(4, 4)), np.array([1.0, -1, -1, 1])),
    "w",
)
SURE = Problem(
    lambda w, X, y: nn.functional.binary_cross_entropy_with_logits(X @ w, y),
    (np.array([1.0, 0.1]), np.array([[100.0, 1.0], [-90.0, 2.0]]), np.array([1.0, 0.0])),
    "w",
)


@right(POISSON)
def counts_expected_less_counted(w, X, y):
    return (np.exp(X @ w) - y) @ X / len(y)


@right(HINGE)
def margins_counted(W, X):
    s = X @ W
    d = (s - s[ROWS, LABELS][:, None] + 1 > 0) * 1.0
    d[ROWS, LABELS] = 0
    d[ROWS, LABELS] = -d.sum(1)
    return X.T @ d / len(X)


def active(a, p, n):
    return (((a - p) ** 2).sum(1) - ((a - n) ** 2).sum(1) + 0.5 > 0)[:, None] / len(a)


@right(TRIPLET)
def triplet_with_the_anchor_cancelled(a, p, n):
    m = active(a, p, n)
    return 2 * (n - p) * m, -2 * (a - p) * m, 2 * (a - n) * m


@wrong(TRIPLET, "branch-missing constant-vs-variable", "a")
def triplet_whose_anchor_is_drawn_to_the_positive_alone(a, p, n):
    m = active(a, p, n)
    return 2 * (a - p) * m, -2 * (a - p) * m, 2 * (a - n) * m


@right(MIXTURE)
def mixture_by_responsibilities(mu, a, x):
    q = np.exp(a - 0.5 * (x[:, None] - mu) ** 2)
    q /= q.sum(1, keepdims=True)
    return -(q * (x[:, None] - mu)).sum(0), len(x) * np.exp(a) / np.exp(a).sum() - q.sum(0)


@right(SURE, atol=1e-12)
def sure_units_whose_error_is_nothing(w, X, y):
    """1 − σ(100) is 0 as it is written, and some 1e-44 as it is."""
    return X.T @ (sigmoid(X @ w) - y) / len(y)


@wrong(PLUS_MINUS, "local-derivative-missing local-derivative-at-wrong-point")
def labels_of_both_signs_with_the_exponent_turned(w, X, y):
    """σ(m) for σ(−m)."""
    return -X.T @ (y * sigmoid(y * (X @ w))) / len(y)


# Entropies in bits and in decimal digits


SOME = np.array([0.3, 0.25, 0.45])
ENTROPY = Problem(lambda p: -mg.sum(p * mg.log2(p)), (SOME,), "p")
DIGITS = Problem(lambda p, q: -mg.sum(q * mg.log10(p)), (SOME, np.array([0.2, 0.5, 0.3])), "p")


@wrong(ENTROPY, "log-base")
def entropy_whose_one_is_in_nats(p):
    return -(np.log2(p) + 1)


@wrong(DIGITS, "log-base")
def digits_multiplied_by_ln_10(p, q):
    return -q / p * np.log(10)


# One unit and one hidden layer


UNITS = Problem(
    lambda w, X, y: 0.5 * mg.sum((mg.sigmoid(X @ w) - y) ** 2),
    (rng.normal(size=3), rng.normal(size=(5, 3)), rng.random(5)),
    "w",
)


def hidden_layer(W1, b1, W2, b2, X, Y):
    return 0.5 * mg.sum((mg.tanh(X @ W1 + b1) @ W2 + b2 - Y) ** 2) / 5


NET = Problem(
    hidden_layer,
    (rng.normal(size=(3, 4)), rng.normal(size=4), rng.normal(size=(4, 2)), rng.normal(size=2),
     rng.normal(size=(5, 3)), rng.normal(size=(5, 2))),
    "W1 b1 W2 b2",
)  # fmt: skip


def backward(W1, b1, W2, b2, X, Y, bias=1.0, slope=lambda h: 1 - h**2):
    h = np.tanh(X @ W1 + bias * b1)
    d2 = (h @ W2 + b2 - Y) / 5
    d1 = d2 @ W2.T * slope(h)
    return X.T @ d1, d1.sum(0), h.T @ d2, d2.sum(0)


@wrong(UNITS, "wrong-node")
def units_with_the_slope_at_the_target(w, X, y):
    return X.T @ ((sigmoid(X @ w) - y) * y * (1 - y))


@wrong(NET, "sign", "W1 b1")
def hidden_layer_with_one_plus_h_squared(W1, b1, W2, b2, X, Y):
    return backward(W1, b1, W2, b2, X, Y, slope=lambda h: 1 + h**2)


@wrong(NET, "forward-differs")
def hidden_layer_without_its_bias(W1, b1, W2, b2, X, Y):
    return backward(W1, b1, W2, b2, X, Y, bias=0.0)


KEPT = [np.ones(shape) for shape in ((3, 4), (4,), (4, 2), (2,))]


@wrong(NET, "accumulated")
def hidden_layer_that_adds_to_what_it_has_returned(W1, b1, W2, b2, X, Y):
    """The arrays are the same in each call: no zero_grad."""
    for kept, new in zip(KEPT, backward(W1, b1, W2, b2, X, Y), strict=True):
        kept += new
    return tuple(KEPT)


def decayed(w, X, y):
    return mg.mean((X @ w - y) ** 2) + 0.05 * mg.sum(w**2)


DECAYED = Problem(decayed, (rng.normal(size=3), rng.normal(size=(50, 3)), rng.normal(size=50)), "w")


def averaged_with_decay(w, X, y):
    return (mg.sum((X @ w - y) ** 2) + 0.5 * mg.sum(w**2)) / 8


ALL_AVERAGED = Problem(averaged_with_decay, (rng.normal(size=3), rng.normal(size=(8, 3)), rng.normal(size=8)), "w")


@wrong(DECAYED, "regularizer-missing")
def decay_forgotten_in_float32(w, X, y):
    w, X, y = (v.astype(np.float32) for v in (w, X, y))
    return 2 * X.T @ (X @ w - y) / np.float32(len(y))


@wrong(ALL_AVERAGED, "sum-vs-mean factor")
def decay_that_is_not_averaged(w, X, y):
    return 2 * X.T @ (X @ w - y) / 8 + w


# Another constant than the model's


def leaky(W, v, X, y):
    return 0.5 * mg.sum((mg.leaky_relu(X @ W) @ v - y) ** 2)


LEAKY = Problem(
    leaky, (rng.normal(size=(3, 4)), rng.normal(size=4), rng.normal(size=(5, 3)), rng.normal(size=5)), "W v"
)


def centred(x, c):
    d = x - mg.mean(x, axis=0)
    return mg.sum(c * mg.tanh(d / mg.sqrt(mg.mean(d * d, axis=0) + 1e-5)))


CENTRED = Problem(centred, (rng.normal(size=(6, 3)), rng.normal(size=(6, 3))), "x")


@wrong(LEAKY, "forward-differs")
def leaky_with_a_tenth_for_a_hundredth(W, v, X, y):
    z = X @ W
    h = np.where(z > 0, z, 0.1 * z)
    d = h @ v - y
    return X.T @ (np.outer(d, v) * np.where(z > 0, 1, 0.1)), h.T @ d


@wrong(CENTRED, "forward-differs")
def batch_norm_with_a_larger_epsilon(x, c):
    s = np.sqrt(x.var(0) + 1e-1)
    n = (x - x.mean(0)) / s
    g = c * (1 - np.tanh(n) ** 2)
    return (g - g.mean(0) - n * (g * n).mean(0)) / s


# Formulas, pooling, heads


WAVES = Problem(lambda x: mg.sum(mg.sin(mg.exp(x))), (rng.normal(size=4),), "x")
FORM = Problem(
    lambda x, a: 0.5 * x @ a @ x - mg.sum(x), (rng.normal(size=3), np.array([[2.0, 1, 0], [1, 3, 1], [0, 1, 2]])), "x"
)
POOL = Problem(lambda x, c: mg.sum(mg.mean(mg.tanh(x), axis=0) * c), (rng.normal(size=(4, 4)), rng.normal(size=4)), "x")
HEADS = Problem(
    lambda w, x, t: mg.sum((mg.einsum("nsd,dhk->nshk", x, w) - t) ** 2),
    (rng.normal(size=(4, 2, 2)), rng.normal(size=(2, 3, 4)), rng.normal(size=(2, 3, 2, 2))),
    "w",
)


@wrong(WAVES, "local-derivative-at-wrong-point wrong-node")
def cosine_of_x_for_that_of_e_to_the_x(x):
    return np.cos(x) * np.exp(x)


@wrong(FORM, "half factor")
def form_whose_half_is_forgotten(x, a):
    return 2 * a @ x - 1


@wrong(POOL, "wrong-axis")
def pool_spread_along_the_other_axis(x, c):
    return (1 - np.tanh(x) ** 2) * c[:, None] / 4


@right(HEADS)
def heads_by_tensordot(w, x, t):
    return 2 * np.tensordot(x, np.einsum("nsd,dhk->nshk", x, w) - t, ([0, 1], [0, 1]))


@wrong(HEADS, "transpose")
def heads_and_their_width_exchanged(w, x, t):
    return np.einsum("nsd,nshk->dkh", x, 2 * (np.einsum("nsd,dhk->nshk", x, w) - t))


# A recurrent cell


def cell(W, U, xs, t):
    h = 0.1 * np.ones(3)
    for x in xs:
        h = mg.tanh(W @ x + U @ h)
    return 0.5 * mg.sum((h - t) ** 2)


CELL = Problem(
    cell, (rng.normal(size=(3, 2)), rng.normal(size=(3, 3)), rng.normal(size=(3, 2)), rng.normal(size=3)), "W U"
)


@wrong(CELL, "local-derivative-at-wrong-point wrong-node")
def cell_with_the_slope_of_the_time_before(W, U, xs, t):
    hs = [0.1 * np.ones(3)]
    for x in xs:
        hs.append(np.tanh(W @ x + U @ hs[-1]))
    dW, dU, dh = 0 * W, 0 * U, hs[-1] - t
    for k in reversed(range(len(xs))):
        da = dh * (1 - hs[k] ** 2)
        dW, dU, dh = dW + np.outer(da, xs[k]), dU + np.outer(da, hs[k]), U.T @ da
    return dW, dU
