"""The benchmark's training steps derived by hand: what one writes in NumPy without a framework.

Each function here is a forward pass followed by its own derivation backwards, and the formula is the
code. Nothing is tuned: every result is a fresh array, and the optimizers loop over the parameters.
A layer is ``z = x @ w.T + b`` with ``w`` of shape (out, in), and ``dz`` stands for ∂loss/∂z throughout.
In float64 this is also the reference that every side is checked against.
"""

import sys
from collections.abc import Callable, Sequence

import numpy as np
from numpy import ndarray as Array
from workloads import (
    BN_EPS,
    BN_MOMENTUM,
    Chain,
    Elementwise,
    Network,
    Start,
    Trainer,
    Workload,
    batch_of,
    first_running,
    first_weights,
    function_of,
    operands,
)

Loss = Callable[[Array, Array], tuple[np.floating, Array]]


# Losses: each returns the loss and its gradient with respect to what it was given.


def mse(out: Array, y: Array) -> tuple[np.floating, Array]:
    """Mean of (out - y)² over all N elements; its gradient is 2 (out - y) / N."""
    error = out - y
    return (error * error).mean(), (2 / error.size) * error


def bce_with_logits(z: Array, y: Array) -> tuple[np.floating, Array]:
    """Mean binary cross-entropy of logits z and targets y in [0, 1]; its gradient is (sigmoid(z) - y) / N.

    -y log sigmoid(z) - (1 - y) log(1 - sigmoid(z)) = max(z, 0) - z y + log(1 + exp(-|z|)), which cannot overflow.
    """
    loss = np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z)))
    sigmoid = 1 / (1 + np.exp(-z))
    return loss.mean(), (sigmoid - y) / z.size


def cross_entropy(z: Array, labels: Array) -> tuple[np.floating, Array]:
    """Mean cross-entropy of logits z (N, classes) and integer labels (N,); gradient (softmax(z) - onehot) / N."""
    rows = np.arange(len(labels))
    z = z - z.max(axis=1, keepdims=True)
    exp = np.exp(z)
    total = exp.sum(axis=1, keepdims=True)
    loss = np.log(total[:, 0]) - z[rows, labels]
    dz = exp / total
    dz[rows, labels] -= 1
    return loss.mean(), dz / len(labels)


# Gradients: the loss of a network and its derivative with respect to every parameter, in their order.


def tanh_mlp(params: Sequence[Array], x: Array, y: Array) -> tuple[np.floating, list[Array]]:
    """Two hidden tanh layers, then binary cross-entropy on the logits; the derivative of tanh is 1 - tanh²."""
    w1, b1, w2, b2, w3, b3 = params
    h1 = np.tanh(x @ w1.T + b1)
    h2 = np.tanh(h1 @ w2.T + b2)
    loss, dz3 = bce_with_logits(h2 @ w3.T + b3, y)
    dz2 = (dz3 @ w3) * (1 - h2 * h2)
    dz1 = (dz2 @ w2) * (1 - h1 * h1)
    return loss, [dz1.T @ x, dz1.sum(0), dz2.T @ h1, dz2.sum(0), dz3.T @ h2, dz3.sum(0)]


def relu_mlp(params: Sequence[Array], x: Array, y: Array, loss_of: Loss) -> tuple[np.floating, list[Array]]:
    """Two hidden relu layers, then a loss on the third; the derivative of relu is 1 where z > 0, else 0."""
    w1, b1, w2, b2, w3, b3 = params
    z1 = x @ w1.T + b1
    h1 = np.maximum(z1, 0)
    z2 = h1 @ w2.T + b2
    h2 = np.maximum(z2, 0)
    loss, dz3 = loss_of(h2 @ w3.T + b3, y)
    dz2 = (dz3 @ w3) * (z2 > 0)
    dz1 = (dz2 @ w2) * (z1 > 0)
    return loss, [dz1.T @ x, dz1.sum(0), dz2.T @ h1, dz2.sum(0), dz3.T @ h2, dz3.sum(0)]


def relu_classifier(params: Sequence[Array], x: Array, labels: Array) -> tuple[np.floating, list[Array]]:
    """`relu_mlp` under cross-entropy."""
    return relu_mlp(params, x, labels, cross_entropy)


def relu_regressor(params: Sequence[Array], x: Array, y: Array) -> tuple[np.floating, list[Array]]:
    """`relu_mlp` under the mean squared error."""
    return relu_mlp(params, x, y, mse)


def deep_tanh(params: Sequence[Array], x: Array, y: Array) -> tuple[np.floating, list[Array]]:
    """Any number of tanh layers, then the mean squared error of the last one's output."""
    weights, biases = params[::2], params[1::2]
    h = [x]
    for w, b in zip(weights, biases, strict=True):
        h.append(np.tanh(h[-1] @ w.T + b))
    loss, dh = mse(h[-1], y)
    dz = dh * (1 - h[-1] * h[-1])
    grads = [dz.sum(0), dz.T @ h[-2]]
    for k in range(len(weights) - 1, 0, -1):  # from layer k back into layer k - 1, whose output is h[k]
        dz = (dz @ weights[k]) * (1 - h[k] * h[k])
        grads += [dz.sum(0), dz.T @ h[k - 1]]
    return loss, grads[::-1]


def normalised_mlp(
    params: Sequence[Array], running: Sequence[Array], x: Array, labels: Array
) -> tuple[np.floating, list[Array]]:
    """Hidden layers of batch normalisation and relu, then cross-entropy; the running averages are updated in place."""
    h, kept = x, []
    for i in range(0, len(params) - 2, 3):
        w, gamma, beta = params[i : i + 3]
        z_hat, inverse = normalise(h @ w.T, *running[2 * i // 3 : 2 * i // 3 + 2])
        out = np.maximum(gamma * z_hat + beta, 0)
        kept.append((h, z_hat, inverse, out, w, gamma))
        h = out
    w, b = params[-2:]
    loss, dz = cross_entropy(h @ w.T + b, labels)
    grads = [dz.sum(0), dz.T @ h]
    dh = dz @ w
    for h, z_hat, inverse, out, w, gamma in reversed(kept):
        dy = dh * (out > 0)
        dbeta, dgamma = dy.sum(0), (dy * z_hat).sum(0)
        dz = (gamma * inverse) * (dy - (dbeta + z_hat * dgamma) / len(x))
        grads += [dbeta, dgamma, dz.T @ h]
        dh = dz @ w
    return loss, grads[::-1]


def normalise(z: Array, running_mean: Array, running_var: Array) -> tuple[Array, Array]:
    """(z - mean) / √(variance + ε) over the batch, and that 1 / √…; the running variance is the unbiased one."""
    mean = z.mean(0)
    centred = z - mean
    variance = (centred * centred).mean(0)
    running_mean += BN_MOMENTUM * (mean - running_mean)
    running_var += BN_MOMENTUM * (variance * (len(z) / (len(z) - 1)) - running_var)
    inverse = 1 / np.sqrt(variance + BN_EPS)
    return centred * inverse, inverse


def elementwise(x: Array, w: Array, b: Array) -> tuple[np.floating, list[Array]]:
    """sum(tanh(x w + b) sigmoid(x)) and its gradients."""
    tanh = np.tanh(x * w + b)
    sigmoid = 1 / (1 + np.exp(-x))
    du = sigmoid * (1 - tanh * tanh)
    return (tanh * sigmoid).sum(), [du * w + tanh * sigmoid * (1 - sigmoid), du * x, du]


def chain(x: Array, scale: float, shift: float, length: int) -> tuple[Array, Array]:
    """x ← x · scale + shift, `length` times over, and the derivative of the last x with respect to the first."""
    for _ in range(length):
        x = x * scale + shift
    g = np.ones_like(x)
    for _ in range(length):
        g = g * scale
    return x, g


GRADIENTS = {
    "toy": tanh_mlp, "toy-adam": tanh_mlp, "digits": relu_classifier, "mnist": relu_classifier, "wide": relu_regressor,
    "deep": deep_tanh, "bn": normalised_mlp,
}  # fmt: skip


# Optimizers: `step` moves the parameters in place; θ parameter, g gradient.


class SGD:
    """θ ← θ - lr g."""

    def __init__(self, params: Sequence[Array], lr: float) -> None:
        self.params, self.lr = params, lr

    def step(self, grads: Sequence[Array]) -> None:
        for p, g in zip(self.params, grads, strict=True):
            p -= self.lr * g


class Momentum:
    """v ← momentum · v - lr g;  θ ← θ + v."""

    def __init__(self, params: Sequence[Array], lr: float, momentum: float = 0.9) -> None:
        self.params, self.lr, self.momentum = params, lr, momentum
        self.v = [np.zeros_like(p) for p in params]

    def step(self, grads: Sequence[Array]) -> None:
        for i, (p, g) in enumerate(zip(self.params, grads, strict=True)):
            self.v[i] = self.momentum * self.v[i] - self.lr * g
            p += self.v[i]


class Adam:
    """v ← β₁ v + (1 - β₁) g;  r ← β₂ r + (1 - β₂) g²;  θ ← θ - lr v̂ / (ε + √r̂), with v̂ = v / (1 - β₁ᵗ), r̂ likewise."""

    def __init__(
        self, params: Sequence[Array], lr: float, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8
    ) -> None:
        self.params, self.lr, self.betas, self.eps = params, lr, betas, eps
        self.v = [np.zeros_like(p) for p in params]
        self.r = [np.zeros_like(p) for p in params]
        self.t = 0

    def step(self, grads: Sequence[Array]) -> None:
        beta1, beta2 = self.betas
        self.t += 1
        for i, (p, g) in enumerate(zip(self.params, grads, strict=True)):
            self.v[i] = beta1 * self.v[i] + (1 - beta1) * g
            self.r[i] = beta2 * self.r[i] + (1 - beta2) * (g * g)
            v_hat = self.v[i] / (1 - beta1**self.t)
            r_hat = self.r[i] / (1 - beta2**self.t)
            p -= self.lr * v_hat / (self.eps + np.sqrt(r_hat))


# The workloads, as `sides.py` wants them.


def prepare(workload: Workload, dtype: type = np.float32) -> Start:
    """How to start the workload."""
    if isinstance(workload, Network):
        return lambda: train(workload, dtype)
    if isinstance(workload, Elementwise):
        arrays = operands(workload, dtype)
        return lambda: function_of(lambda: elementwise(*arrays))
    return lambda: function_of(lambda: chain_once(workload, dtype))


def train(workload: Network, dtype: type) -> Trainer:
    """The network from its first weights."""
    x, y = batch_of(workload, dtype)
    params = list(first_weights(workload, dtype))
    running = first_running(workload, dtype)
    optimizer = getattr(sys.modules[__name__], workload.optimizer)(params, **workload.options)
    gradient, given = GRADIENTS[workload.name], [running] if running else []

    def step() -> np.floating:
        loss, grads = gradient(params, *given, x, y)
        optimizer.step(grads)
        return loss

    return Trainer(step, lambda: params + running)


def chain_once(workload: Chain, dtype: type) -> tuple[Array, list[Array]]:
    """The chain's last value and derivative."""
    x, g = chain(np.array(workload.start, dtype), workload.scale, workload.shift, workload.length)
    return x, [g]
