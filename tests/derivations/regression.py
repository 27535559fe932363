"""Linear regression: squared, absolute and Huber's error, with L2 and L1 (N24). Read next: `classifiers.py`."""

import numpy as np

import minigrad as mg
from minigrad import nn

from .entry import Problem, right, wrong

rng = np.random.default_rng(2)


# Mean squared error


def mean_squared_error(w, b, X, y):
    return mg.mean((X @ w + b - y) ** 2)


LINE = Problem(
    mean_squared_error, (rng.normal(size=3), np.array(0.5), rng.normal(size=(6, 3)), rng.normal(size=6)), "w b"
)


@right(LINE)
def line_by_matrices(w, b, X, y):
    error = X @ w + b - y
    return 2 / len(y) * X.T @ error, 2 / len(y) * error.sum()


@right(LINE)
def line_with_explicit_loops(w, b, X, y):
    m = X.shape[0]
    w_grad = np.zeros(w.shape)
    b_grad = 0
    for i in reversed(range(m)):
        f_wb = np.dot(X[i], w) + b
        b_grad = b_grad + 2 * (f_wb - y[i]) / m
        w_grad = w_grad + 2 * (f_wb - y[i]) * X[i] / m
    return w_grad, b_grad


@right(LINE)
def line_by_the_normal_equations(w, b, X, y):
    """With the column of ones: 2/N (AᵀA θ − Aᵀy), which never forms a residual."""
    A = np.column_stack([X, np.ones(len(X))])
    theta = np.append(w, b)
    g = 2 * (A.T @ A @ theta - A.T @ y) / len(X)
    return g[:-1], g[-1]


@wrong(LINE, "half")
def line_without_the_two(w, b, X, y):
    error = X @ w + b - y
    return X.T @ error / len(y), error.mean()


@wrong(LINE, "sum-vs-mean")
def line_summed(w, b, X, y):
    error = X @ w + b - y
    return 2 * X.T @ error, 2 * error.sum()


@wrong(LINE, "sign", "w")
def line_with_the_minus_of_the_bias_only(w, b, X, y):
    residual = y - (X @ w + b)
    return 2 * X.T @ residual / len(y), -2 * np.mean(residual)


@wrong(LINE, "forward-differs", hand_loss=lambda w, b, X, y: np.mean((X @ w - b - y) ** 2))
def line_whose_bias_is_a_threshold(w, b, X, y):
    """wx − b, as older books have it."""
    error = X @ w - b - y
    return 2 * X.T @ error / len(y), -2 * error.mean()


# Columns: w is (d, 1), b is (1, 1), and several outputs


COLUMN = Problem(
    mean_squared_error,
    (rng.normal(size=(3, 1)), rng.normal(size=(1, 1)), rng.normal(size=(5, 3)), rng.normal(size=(5, 1))),
    "w b",
)


@right(COLUMN)
def column_by_einsum(w, b, X, y):
    r = np.einsum("nd,dk->nk", X, w) + b - y
    return 2 * np.einsum("nd,nk->dk", X, r) / r.size, 2 * np.einsum("nk->k", r)[None] / r.size


@wrong(COLUMN, "transpose", "w")
def column_that_comes_back_as_a_row(w, b, X, y):
    r = X @ w + b - y
    return 2 * r.T @ X / len(X), 2 * r.mean(keepdims=True)


@wrong(COLUMN, "unreduced", "b")
def column_whose_bias_keeps_the_batch(w, b, X, y):
    grad_out = 2 * (X @ w + b - y) / y.shape[0]
    return X.T.dot(grad_out), grad_out


def several_outputs(W, b, X, Y):
    return nn.functional.mse_loss(X @ W + b, Y)


SEVERAL = Problem(
    several_outputs,
    (rng.normal(size=(4, 3)), rng.normal(size=3), rng.normal(size=(5, 4)), rng.normal(size=(5, 3))),
    "W b",
)
SQUARE = Problem(
    several_outputs,
    (rng.normal(size=(4, 4)), rng.normal(size=4), rng.normal(size=(4, 4)), rng.normal(size=(4, 4))),
    "W b",
)


@wrong(SEVERAL, "sum-vs-mean")
def outputs_divided_by_the_samples_alone(W, b, X, Y):
    """The loss is the mean over all N·K elements, the gradient was divided by N."""
    dY = 2 * (X @ W + b - Y) / X.shape[0]
    return X.T @ dY, dY.sum(axis=0)


@wrong(SQUARE, "wrong-axis transpose", "b")
def outputs_summed_over_the_other_axis(W, b, X, Y):
    """N = K, so the shape does not tell."""
    dY = 2 * (X @ W + b - Y) / Y.size
    return X.T @ dY, dY.sum(axis=1)


@wrong(SQUARE, "transpose", "W")
def outputs_with_weights_as_pytorch_lays_them_out(W, b, X, Y):
    """(out, in) where the loss has (in, out), and the two are equal."""
    dY = 2 * (X @ W + b - Y) / Y.size
    return dY.T @ X, dY.sum(0)


SINGLE = Problem(
    several_outputs, (rng.normal(size=(2, 1)), rng.normal(size=1), np.ones((1, 2)), np.zeros((1, 1))), "W b"
)


@right(SINGLE)
def batch_of_one_that_need_not_be_averaged(W, b, X, Y):
    r = X @ W + b - Y
    return 2 * X.T @ r, 2 * r[0]


# Absolute and Huber's error


def mean_absolute_error(w, b, X, y):
    return nn.functional.l1_loss(X @ w + b, y)


MAE = Problem(mean_absolute_error, LINE.args, "w b")
HIT = Problem(
    mean_absolute_error,
    (
        np.array([1.0, 2.0]),
        np.array(0.0),
        np.array([[1.0, 1.0], [2.0, 0.0], [0.0, 1.0]]),
        np.array([3.0, 1.0, 2.5]),
    ),
    "w b",
)


@right(MAE)
def absolute_by_sign(w, b, X, y):
    s = np.sign(X @ w + b - y)
    return (s[:, None] * X).mean(0), s.mean()


@right(HIT, kink=True)
def absolute_with_a_residual_of_zero(w, b, X, y):
    """The first residual is exactly 0; a comparison calls it negative."""
    s = np.where(X @ w + b - y > 0, 1.0, -1.0)
    return X.T @ s / len(y), np.mean(s)


@wrong(MAE, "forward-differs", hand_loss=lambda w, b, X, y: 0.5 * np.mean((X @ w + b - y) ** 2))
def absolute_error_derived_as_half_the_square(w, b, X, y):
    r = X @ w + b - y
    return X.T @ r / len(y), r.mean()


def huber(w, b, X, y):
    return nn.functional.huber_loss(X @ w + b, y, delta=0.7)


HUBER = Problem(huber, LINE.args, "w b")


@right(HUBER)
def huber_by_clipping(w, b, X, y):
    r = np.clip(X @ w + b - y, -0.7, 0.7)
    return X.T @ r / len(y), r.mean()


@wrong(HUBER, "sum-vs-mean")
def huber_case_by_case_and_summed(w, b, X, y):
    dw, db = np.zeros(3), 0.0
    for xi, yi in zip(X, y, strict=True):
        r = xi @ w + b - yi
        slope = r if abs(r) <= 0.7 else 0.7 * np.sign(r)
        dw += slope * xi
        db += slope
    return dw, db


# Regularisation


def ridge(w, b, X, y):
    return mg.mean((X @ w + b - y) ** 2) + 0.1 * mg.sum(w * w)


def ridge_on_all(w, b, X, y):
    return mg.mean((X @ w + b - y) ** 2) + 0.1 * (mg.sum(w * w) + b * b)


RIDGE = Problem(ridge, LINE.args, "w b")
RIDGE_ON_ALL = Problem(ridge_on_all, LINE.args, "w b")


@right(RIDGE)
def ridge_on_the_weights_alone(w, b, X, y):
    r = X @ w + b - y
    return 2 * (X.T @ r / len(y) + 0.1 * w), 2 * r.mean()


@wrong(RIDGE, "regularizer-missing", "w")
def ridge_forgotten(w, b, X, y):
    r = X @ w + b - y
    return 2 * X.T @ r / len(y), 2 * r.mean()


@wrong(RIDGE, "regularizer-extra", "b")
def ridge_on_the_bias_too(w, b, X, y):
    r = X @ w + b - y
    return 2 * X.T @ r / len(y) + 0.2 * w, 2 * r.mean() + 0.2 * b


@wrong(RIDGE, "half factor", "w")
def ridge_with_lambda_w_as_if_it_had_a_half(w, b, X, y):
    r = X @ w + b - y
    return 2 * X.T @ r / len(y) + 0.1 * w, 2 * r.mean()


@wrong(RIDGE_ON_ALL, "regularizer-missing", "b")
def ridge_spared_the_bias(w, b, X, y):
    r = X @ w + b - y
    return 2 * X.T @ r / len(y) + 0.2 * w, 2 * r.mean()


@wrong(LINE, "regularizer-extra", "w")
def weight_decay_that_belongs_to_the_optimizer(w, b, X, y, weight_decay=0.05):
    r = X @ w + b - y
    grad = 2 * X.T @ r / len(y)
    grad += weight_decay * w
    return grad, 2 * r.mean()


def lasso(w, b, X, y):
    return 0.5 * mg.mean((X @ w + b - y) ** 2) + 0.3 * mg.sum(mg.absolute(w))


LASSO = Problem(lasso, (np.array([0.8, 0.0, -1.2]), *LINE.args[1:]), "w b")


@right(LASSO, kink=True)
def lasso_with_a_weight_of_zero(w, b, X, y):
    """|w|' at 0 is called 1 by the comparison, 0 by np.sign: both lie in the subgradient."""
    r = X @ w + b - y
    return X.T @ r / len(y) + 0.3 * np.where(w >= 0, 1.0, -1.0), np.mean(r)
