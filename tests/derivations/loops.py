"""Mistakes of the training loop: gradients never zeroed, parameters moved too early. Read next: `uncommon.py`."""

import numpy as np

import minigrad as mg

from .entry import Problem, right, wrong

rng = np.random.default_rng(9)


def two_layers(W1, W2, X, Y):
    return 0.5 * mg.mean(mg.sum((mg.tanh(X @ W1) @ W2 - Y) ** 2, axis=1))


def line(w, b, X, y):
    return 0.5 * mg.mean((X @ w + b - y) ** 2)


DATA = rng.normal(size=(3, 4)), rng.normal(size=(4, 2)), rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
NET = Problem(two_layers, DATA, "W1 W2")
NET32 = Problem(two_layers, tuple(v.astype(np.float32) for v in DATA), "W1 W2")
LINE = Problem(line, (rng.normal(size=3), np.array(0.4), rng.normal(size=(6, 3)), rng.normal(size=6)), "w b")


# Gradients that are not zeroed


class Linear:
    """A layer in the style of a framework: backward adds to what is there."""

    def __init__(self, w, b):
        self.w, self.b = w, b
        self.zero_grad()

    def zero_grad(self):
        self.dw, self.db = np.zeros_like(self.w), 0.0

    def forward(self, X):
        self.X = X
        return X @ self.w + self.b

    def backward(self, grad):
        self.dw += self.X.T @ grad
        self.db += grad.sum()


@right(LINE)
def loop_that_zeroes_its_gradients(w, b, X, y):
    layer = Linear(w, b)
    for _ in range(3):
        layer.zero_grad()
        layer.backward((layer.forward(X) - y) / len(y))
    return layer.dw, layer.db


@wrong(LINE, "accumulated factor")
def loop_of_three_without_zero_grad(w, b, X, y):
    layer = Linear(w, b)
    for _ in range(3):
        layer.backward((layer.forward(X) - y) / len(y))
    return layer.dw, layer.db


@wrong(LINE, "accumulated factor half")
def backward_called_once_to_look_and_once_in_earnest(w, b, X, y):
    layer = Linear(w, b)
    layer.backward((layer.forward(X) - y) / len(y))
    assert np.isfinite(layer.dw).all()
    layer.backward((layer.forward(X) - y) / len(y))
    return layer.dw, layer.db


@wrong(LINE, "accumulated")
def running_sum_added_to_the_total(w, b, X, y):
    """The gradient of a sample is not set to 0 before the next: early samples count many times."""
    total_w, total_b = np.zeros(3), 0.0
    dw, db = np.zeros(3), 0.0
    for i in range(len(y)):
        err = X[i] @ w + b - y[i]
        dw += err * X[i]
        db += err
        total_w += dw
        total_b += db
    return total_w / len(y), total_b / len(y)


@wrong(NET, "accumulated", "W2")
def running_sum_of_the_last_layer(W1, W2, X, Y):
    """Reset for the first layer, forgotten for the second."""
    g1, g2, dW2 = np.zeros_like(W1), np.zeros_like(W2), np.zeros_like(W2)
    for x, y in zip(X, Y, strict=True):
        h = np.tanh(x @ W1)
        r = h @ W2 - y
        dW1 = np.outer(x, (W2 @ r) * (1 - h**2))
        dW2 += np.outer(h, r)
        g1 += dW1
        g2 += dW2
    return g1 / len(X), g2 / len(X)


MODEL = Linear(LINE.args[0], LINE.args[1])
MODEL.backward((MODEL.forward(LINE.args[2][:3]) - LINE.args[3][:3]) / 3)


@wrong(LINE, "accumulated unexplained")
def model_that_still_holds_the_last_batch(w, b, X, y):
    """One object for the whole script: every call adds to the gradients of all calls before."""
    MODEL.w, MODEL.b = w, b
    MODEL.backward((MODEL.forward(X) - y) / len(y))
    return MODEL.dw.copy(), MODEL.db


# Parameters that move before everybody has been derived


@right(NET)
def layers_updated_after_all_gradients(W1, W2, X, Y):
    h = np.tanh(X @ W1)
    r = (h @ W2 - Y) / len(X)
    dW2 = h.T @ r
    dW1 = X.T @ (r @ W2.T * (1 - h**2))
    W2 = W2 - 0.1 * dW2
    W1 = W1 - 0.1 * dW1
    return dW1, dW2


@wrong(NET, "updated-too-early", "W1")
def last_layer_updated_before_the_first_is_derived(W1, W2, X, Y):
    lr = 0.5
    h = np.tanh(X @ W1)
    r = (h @ W2 - Y) / len(X)
    dW2 = h.T @ r
    W2 = W2 - lr * dW2
    dW1 = X.T @ (r @ W2.T * (1 - h**2))
    return dW1, dW2


@wrong(NET32, "updated-too-early", "W1")
def last_layer_updated_in_place_in_float32(W1, W2, X, Y):
    """The same with -=, which also changes the caller's array."""
    h = np.tanh(X @ W1)
    r = (h @ W2 - Y) / len(X)
    dW2 = h.T @ r
    W2 -= np.float32(0.1) * dW2
    dW1 = X.T @ (r @ W2.T * (1 - h**2))
    return dW1, dW2


@wrong(LINE, "updated-too-early", "w")
def weights_derived_with_the_new_bias(w, b, X, y, lr=0.3):
    db = np.mean(X @ w + b - y)
    b = b - lr * db
    dw = X.T @ (X @ w + b - y) / len(y)
    return dw, db


@wrong(LINE, "updated-too-early")
def weights_that_move_within_the_batch(w, b, X, y):
    """Steps of single samples inside what should be one gradient of the batch."""
    w_now, b_now = w.copy(), float(b)
    dw, db = np.zeros_like(w), 0.0
    for xi, yi in zip(X, y, strict=True):
        err = xi @ w_now + b_now - yi
        dw += err * xi / len(y)
        db += err / len(y)
        w_now -= 0.05 * err * xi
        b_now -= 0.05 * err
    return dw, db


# A target that moves with the parameters


def bellman_residual(w, now, later, reward):
    return 0.5 * mg.mean((reward + 0.9 * (later @ w) - now @ w) ** 2)


TD = Problem(
    bellman_residual, (rng.normal(size=3), rng.normal(size=(4, 3)), rng.normal(size=(4, 3)), rng.normal(size=4)), "w"
)


@right(TD)
def residual_gradient_of_both_values(w, now, later, reward):
    delta = reward + 0.9 * later @ w - now @ w
    return np.mean(delta[:, None] * (0.9 * later - now), axis=0)


@wrong(TD, "constant-vs-variable branch-missing")
def semi_gradient_that_holds_the_target_fixed(w, now, later, reward):
    delta = reward + 0.9 * later @ w - now @ w
    return -now.T @ delta / len(delta)
