"""Logistic units: squared error, cross entropy in nats and in bits, likelihood (N1–N6). Read next: `regression.py`."""

import numpy as np

import minigrad as mg
from minigrad import nn

from .entry import Problem, right, wrong

rng = np.random.default_rng(1)
LN2 = np.log(2)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


# One unit, one sample, half the squared error (N1)


def half_squared_error(w, b, x, y):
    o = mg.sigmoid(mg.sum(w * x) + b)
    return 0.5 * (y - o) ** 2


UNIT = Problem(half_squared_error, (rng.normal(size=3), np.array(0.3), rng.normal(size=3), np.array(1.0)), "w b")


@right(UNIT)
def unit_as_in_the_notes(w, b, x, y):
    z = w @ x + b
    o = sigmoid(z)
    return -(y - o) * x * o * (1 - o), -(y - o) * o * (1 - o)


@right(UNIT)
def unit_by_the_quotient_rule(w, b, x, y):
    """σ' = e⁻ᶻ/(1 + e⁻ᶻ)², never simplified."""
    e = np.exp(-(np.dot(w, x) + b))
    d = 2 * (1 / (1 + e) - y) / 2 * e / (1 + e) ** 2
    return np.array([d * xi for xi in x]), d


@wrong(UNIT, "half")
def unit_with_the_two_of_a_loss_without_half(w, b, x, y):
    o = sigmoid(w @ x + b)
    delta = 2 * (o - y) * o * (1 - o)
    return delta * x, delta


@wrong(UNIT, "local-derivative-missing forward-differs")
def unit_with_the_delta_of_cross_entropy(w, b, x, y):
    """o − y remembered from another lesson: σ' never multiplied in."""
    o = sigmoid(w @ x + b)
    delta = o - y
    return delta * x, delta


@wrong(UNIT, "local-derivative-at-wrong-point")
def unit_with_sigma_prime_of_o(w, b, x, y):
    """A helper that expects z is given o."""

    def sigmoid_prime(z):
        return sigmoid(z) * (1 - sigmoid(z))

    o = sigmoid(w @ x + b)
    delta = (o - y) * sigmoid_prime(o)
    return delta * x, delta


@wrong(UNIT, "local-derivative-at-wrong-point")
def unit_with_z_times_one_minus_z(w, b, x, y):
    """A helper that expects o is given z."""
    deriv = lambda o: o * (1 - o)
    z = w @ x + b
    error = y - sigmoid(z)
    return -error * deriv(z) * x, -error * deriv(z)


@wrong(UNIT, "local-derivative-twice")
def unit_with_sigma_prime_in_the_error_and_in_the_update(w, b, x, y):
    o = sigmoid(w @ x + b)
    error = (o - y) * o * (1 - o)
    return error * o * (1 - o) * x, error * o * (1 - o)


@wrong(UNIT, "sign")
def unit_whose_residual_lost_the_inner_minus(w, b, x, y):
    """d(y − o) taken for do."""
    o = sigmoid(w @ x + b)
    return (y - o) * o * (1 - o) * x, (y - o) * o * (1 - o)


# A batch under cross entropy in nats


def cross_entropy(w, b, x, y):
    o = mg.sigmoid(x @ w + b)
    return -mg.mean(y * mg.log(o) + (1 - y) * mg.log(1 - o))


LABELS = np.array([1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0])
BATCH = Problem(cross_entropy, (rng.normal(size=3), np.array(-0.2), rng.normal(size=(7, 3)), LABELS), "w b")


@right(BATCH)
def logistic_in_one_line(w, b, x, y):
    r = (sigmoid(x @ w + b) - y) / len(y)
    return x.T @ r, r.sum()


@right(BATCH)
def logistic_sample_by_sample(w, b, x, y):
    dw, db = np.zeros_like(w), 0.0
    for i in range(x.shape[0]):
        o = sigmoid(sum(w[j] * x[i, j] for j in range(len(w))) + b)
        for j in range(len(w)):
            dw[j] += (o - y[i]) * x[i, j]
        db += o - y[i]
    return dw / x.shape[0], db / x.shape[0]


@right(BATCH)
def logistic_with_labels_plus_and_minus_one(w, b, x, y):
    """−t σ(−tz) for t = ±1, of ln(1 + e^(−tz))."""
    z = x @ w + b
    g = -y * sigmoid(-z) + (1 - y) * sigmoid(z)
    return np.einsum("n,nd->d", g, x) / y.size, np.mean(g)


@wrong(BATCH, "sum-vs-mean")
def logistic_not_divided_by_n(w, b, x, y):
    dz = sigmoid(x @ w + b) - y
    return np.dot(x.T, dz), np.sum(dz)


@wrong(BATCH, "unreduced", "b")
def logistic_bias_left_one_per_sample(w, b, x, y):
    dz = (sigmoid(x @ w + b) - y) / x.shape[0]
    return x.T @ dz, dz


@wrong(BATCH, "local-derivative-twice forward-differs")
def logistic_with_sigma_prime_after_it_cancelled(w, b, x, y):
    o = sigmoid(x @ w + b)
    dz = (o - y) * o * (1 - o)
    return x.T @ dz / len(y), dz.mean()


@wrong(BATCH, "sign")
def logistic_y_minus_o(w, b, x, y):
    o = sigmoid(x @ w + b)
    return np.mean((y - o)[:, None] * x, axis=0), np.mean(y - o)


# Far out, in float32


def with_logits(w, b, x, y):
    return nn.functional.binary_cross_entropy_with_logits(x @ w + b, y)


FAR = Problem(
    with_logits,
    (
        np.array([6.0, -5.0], np.float32),
        np.array(1.0, np.float32),
        rng.uniform(-1, 1, (6, 2)).astype(np.float32),
        LABELS[:6].astype(np.float32),
    ),
    "w b",
)


@right(FAR)
def logistic_by_an_unstable_formula(w, b, x, y):
    """1 − 1/(1 + eᶻ) loses digits where it is near 0: rounding, no mistake."""
    z = x @ w + b
    dz = 1 - 1 / (1 + np.exp(z)) - y
    return x.T @ dz / len(y), dz.sum() / len(y)


# Bits (N3, E2), independent outputs (N5), likelihood (N6)


def cross_entropy_in_bits(w, b, x, y):
    o = mg.sigmoid(x @ w + b)
    return mg.mean(-(y * mg.log2(o) + (1 - y) * mg.log2(1 - o)))


BITS = Problem(cross_entropy_in_bits, BATCH.args, "w b")


@right(BITS)
def bits_with_the_factor(w, b, x, y):
    o = sigmoid(x @ w + b)
    by_o = -(y / o - (1 - y) / (1 - o)) / LN2
    dz = by_o * o * (1 - o) / len(y)
    return (dz[:, np.newaxis] * x).sum(0), dz.sum()


@wrong(BITS, "log-base")
def bits_as_if_they_were_nats(w, b, x, y):
    """Erratum E2: log₂ in the loss, x(o − y) in the gradient."""
    o = sigmoid(x @ w + b)
    return x.T @ (o - y) / len(y), np.mean(o - y)


def independent_outputs(w, x, y):
    return nn.functional.multilabel_cross_entropy(mg.sigmoid(w @ x), y, base=2)


OUTPUTS = Problem(
    independent_outputs, (rng.normal(size=(4, 3)), rng.normal(size=3), np.array([1.0, 0.0, 1.0, 1.0])), "w"
)


@right(OUTPUTS)
def independent_outputs_row_by_row(w, x, y):
    rows = []
    for wi, yi in zip(w, y, strict=True):
        rows.append((sigmoid(wi @ x) - yi) * x / np.log(2))
    return np.stack(rows)


@wrong(OUTPUTS, "log-base factor")
def independent_outputs_times_ln_2(w, x, y):
    """The factor turned upside down."""
    return np.outer(sigmoid(w.dot(x)) - y, x) * np.log(2)


def likelihood_in_bits(o):
    return nn.functional.log_likelihood(o, np.array([1, 2]), base=2)


PRINTED = Problem(likelihood_in_bits, (np.array([[0.1132, 0.0508, 0.8360], [0.1132, 0.0508, 0.8360]]),), "o")


@right(PRINTED)
def likelihood_of_the_labelled_output(o):
    grad = np.zeros(o.shape)
    grad[[0, 1], [1, 2]] = -1 / (o[[0, 1], [1, 2]] * LN2)
    return grad / len(o)


@wrong(PRINTED, "sign")
def likelihood_without_its_minus(o):
    """Erratum E3: the minus dropped from the formula."""
    hot = np.eye(3)[[1, 2]]
    return hot / o / LN2 / 2
