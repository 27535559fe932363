"""Multi-layer perceptrons and the recursion of deltas (N23). Read next: `normalization.py`."""

import numpy as np

import minigrad as mg

from .entry import Problem, right, wrong

rng = np.random.default_rng(4)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


# The notes' perceptron: one sample, u of shape (to, from), J = ½‖y − o‖²


def perceptron(u1, u2, x, y):
    z1 = mg.tanh(u1 @ x)
    o = mg.tanh(u2 @ z1)
    return 0.5 * mg.sum((y - o) ** 2)


NOTES = Problem(
    perceptron,
    (rng.normal(size=(5, 3)), 0.5 * rng.normal(size=(2, 5)), rng.normal(size=3), rng.normal(size=2)),
    "u1 u2",
)
SQUARE = Problem(
    perceptron,
    (0.6 * rng.normal(size=(4, 4)), 0.6 * rng.normal(size=(4, 4)), rng.normal(size=4), rng.normal(size=4)),
    "u1 u2",
)


@right(NOTES)
def perceptron_index_by_index(u1, u2, x, y):
    z = np.array([np.tanh(sum(u1[j, i] * x[i] for i in range(3))) for j in range(5)])
    o = np.array([np.tanh(sum(u2[k, j] * z[j] for j in range(5))) for k in range(2)])
    d2 = [(1 - o[k] ** 2) * (y[k] - o[k]) for k in range(2)]
    d1 = [(1 - z[j] ** 2) * sum(d2[p] * u2[p, j] for p in range(2)) for j in range(5)]
    return (
        np.array([[-d1[j] * x[i] for i in range(3)] for j in range(5)]),
        np.array([[-d2[k] * z[j] for j in range(5)] for k in range(2)]),
    )


@right(SQUARE)
def perceptron_by_hyperbolic_cosines(u1, u2, x, y):
    """τ' = 1/cosh²."""
    s1 = u1 @ x
    s2 = u2 @ np.tanh(s1)
    d2 = (np.tanh(s2) - y) / np.cosh(s2) ** 2
    d1 = u2.T @ d2 / np.cosh(s1) ** 2
    return d1[:, None] @ x[None, :], d2[:, None] @ np.tanh(s1)[None, :]


@wrong(SQUARE, "transpose", "u1")
def perceptron_back_through_u_untransposed(u1, u2, x, y):
    z = np.tanh(u1 @ x)
    o = np.tanh(u2 @ z)
    d2 = (1 - o**2) * (y - o)
    d1 = (1 - z**2) * (u2 @ d2)
    return -np.outer(d1, x), -np.outer(d2, z)


@wrong(SQUARE, "transpose")
def perceptron_outer_products_turned(u1, u2, x, y):
    z = np.tanh(u1 @ x)
    o = np.tanh(u2 @ z)
    d2 = (1 - o**2) * (o - y)
    d1 = (1 - z**2) * (u2.T @ d2)
    return np.outer(x, d1), np.outer(z, d2)


@wrong(NOTES, "local-derivative-at-wrong-point")
def perceptron_with_one_minus_the_sum_squared(u1, u2, x, y):
    """1 − s² of the weighted sum s, where 1 − z² of the output z was meant; in both layers."""
    s1 = u1 @ x
    s2 = u2 @ np.tanh(s1)
    d2 = (np.tanh(s2) - y) * (1 - s2**2)
    d1 = (u2.T @ d2) * (1 - s1**2)
    return np.outer(d1, x), np.outer(d2, np.tanh(s1))


@wrong(NOTES, "local-derivative-twice", "u1")
def perceptron_with_the_hidden_slope_twice(u1, u2, x, y):
    """Once in the recursion, and again in the update."""
    z = np.tanh(u1 @ x)
    o = np.tanh(u2 @ z)
    e2 = (o - y) * (1 - o * o)
    e1 = np.dot(e2, u2) * (1 - z * z)
    return np.outer(e1 * (1 - z * z), x), np.outer(e2, z)


@wrong(SQUARE, "wrong-node", "u2")
def perceptron_with_the_layer_s_own_output(u1, u2, x, y):
    """∂J/∂u^l = −δ^l z^l, where z^(l−1) was meant."""
    z = np.tanh(u1 @ x)
    o = np.tanh(u2 @ z)
    d2 = (1 - o**2) * (y - o)
    d1 = (1 - z**2) * (u2.T @ d2)
    return -np.outer(d1, x), -np.outer(d2, o)


@wrong(NOTES, "sign", "u1")
def perceptron_with_the_minus_at_the_last_layer_only(u1, u2, x, y):
    z = np.tanh(u1 @ x)
    o = np.tanh(u2 @ z)
    d2 = (1 - o**2) * (y - o)
    d1 = (1 - z**2) * (u2.T @ d2)
    return np.outer(d1, x), -np.outer(d2, z)


@wrong(NOTES, "half error-carried-forward")
def perceptron_without_the_half(u1, u2, x, y):
    z = np.tanh(u1 @ x)
    o = np.tanh(u2 @ z)
    d2 = 2 * (o - y) * (1 - o**2)
    d1 = (1 - z**2) * (u2.T @ d2)
    return np.outer(d1, x), np.outer(d2, z)


@wrong(NOTES, "error-carried-forward local-derivative-missing")
def perceptron_with_a_linear_output_on_the_way_back(u1, u2, x, y):
    """δ^L without τ'; the hidden layer is derived rightly from it."""
    z = np.tanh(u1 @ x)
    d2 = np.tanh(u2 @ z) - y
    d1 = (1 - z**2) * (u2.T @ d2)
    return np.outer(d1, x), np.outer(d2, z)


# A batch of sigmoids with biases, as objects and as columns


def sigmoid_network(W1, b1, W2, b2, X, Y):
    h = mg.sigmoid(X @ W1 + b1)
    o = mg.sigmoid(h @ W2 + b2)
    return mg.mean(mg.sum((o - Y) ** 2, axis=1)) / 2


ARGS = (
    rng.normal(size=(3, 4)),
    0.2 * rng.normal(size=4),
    rng.normal(size=(4, 2)),
    0.2 * rng.normal(size=2),
    rng.normal(size=(5, 3)),
    rng.uniform(size=(5, 2)),
)
NETWORK = Problem(sigmoid_network, ARGS, "W1 b1 W2 b2")
FLOAT32 = Problem(sigmoid_network, tuple(v.astype(np.float32) for v in ARGS), "W1 b1 W2 b2")


class Layer:
    """What a tutorial has: forward keeps, backward uses."""

    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, x):
        self.x = x
        self.out = 1 / (1 + np.exp(-(x @ self.W + self.b)))
        return self.out

    def backward(self, grad):
        grad = grad * self.slope()
        self.dW, self.db = self.x.T @ grad, grad.sum(axis=0)
        return grad @ self.W.T

    def slope(self):
        return self.out * (1 - self.out)


class SlopeOfInput(Layer):
    """Takes the weighted sum z for the output: z(1 − z)."""

    def slope(self):
        z = self.x @ self.W + self.b
        return z * (1 - z)


def run(first, second, W1, b1, W2, b2, X, Y):
    layers = [first(W1, b1), second(W2, b2)]
    out = X
    for layer in layers:
        out = layer.forward(out)
    grad = (out - Y) / len(X)
    for layer in reversed(layers):
        grad = layer.backward(grad)
    return layers[0].dW, layers[0].db, layers[1].dW, layers[1].db


@right(NETWORK)
def network_of_objects(*args):
    return run(Layer, Layer, *args)


@right(FLOAT32)
def network_in_columns_and_float32(W1, b1, W2, b2, X, Y):
    """Samples as columns, A = σ(WX + b); the results are turned back."""
    X, Y, W1, W2 = X.T, Y.T, W1.T, W2.T
    m = X.shape[1]
    A1 = sigmoid(W1 @ X + b1[:, None])
    A2 = sigmoid(W2 @ A1 + b2[:, None])
    dZ2 = (A2 - Y) * A2 * (1 - A2)
    dW2, db2 = dZ2 @ A1.T / m, np.sum(dZ2, axis=1) / m
    dZ1 = W2.T @ dZ2 * A1 * (1 - A1)
    return (dZ1 @ X.T / m).T, np.sum(dZ1, axis=1) / m, dW2.T, db2


@wrong(NETWORK, "local-derivative-at-wrong-point", "W1 b1")
def network_whose_first_object_keeps_z(*args):
    return run(SlopeOfInput, Layer, *args)


@wrong(FLOAT32, "sum-vs-mean", "b1 b2")
def network_with_biases_summed_in_float32(W1, b1, W2, b2, X, Y):
    """The weights are divided by m, the biases are not."""
    m = len(X)
    h = sigmoid(X @ W1 + b1)
    o = sigmoid(h @ W2 + b2)
    d2 = (o - Y) * o * (1 - o)
    d1 = d2.dot(W2.T) * h * (1 - h)
    return X.T.dot(d1) / m, d1.sum(0), h.T.dot(d2) / m, d2.sum(0)


@wrong(NETWORK, "local-derivative-missing", "W1 b1")
def network_without_the_hidden_slope(W1, b1, W2, b2, X, Y):
    h = sigmoid(X @ W1 + b1)
    o = sigmoid(h @ W2 + b2)
    d2 = (o - Y) * o * (1 - o) / len(X)
    d1 = np.einsum("nk,hk->nh", d2, W2)
    return np.einsum("nd,nh->dh", X, d1), d1.sum(0), np.einsum("nh,nk->hk", h, d2), d2.sum(0)


def relu_network_with_decay(W1, W2, X, Y):
    h = mg.maximum(X @ W1, 0)
    return 0.5 * mg.mean(mg.sum((h @ W2 - Y) ** 2, axis=1)) + 0.05 * (mg.sum(W1**2) + mg.sum(W2**2))


DECAY = Problem(relu_network_with_decay, (ARGS[0], ARGS[2], ARGS[4], ARGS[5]), "W1 W2")


@wrong(DECAY, "regularizer-missing", "W1")
def decay_on_the_last_layer_only(W1, W2, X, Y):
    h = np.maximum(X @ W1, 0)
    d2 = (h @ W2 - Y) / len(X)
    dW2 = h.T @ d2 + 2 * 0.05 * W2
    dW1 = X.T @ (d2 @ W2.T * (h > 0))
    return dW1, dW2
