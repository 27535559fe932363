"""Losses, optimizers and activations of the expert side; what is common to all of it stands in `expert.py`."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy import add, divide, exp, greater, log, logaddexp, maximum, multiply, sqrt, square, subtract, tanh
from numpy import ndarray as Array

clip = np._core.umath.clip  # type: ignore[attr-defined]  # the ufunc; np.clip is four times as slow
BLOCK = 128 * 1024  # elements: what a core's cache holds of a few arrays

Run = Callable[[], Any]


# Arrays


def split(flat: Array, shapes: Sequence[tuple[int, ...]]) -> list[Array]:
    """Views of a flat array, one after the other."""
    ends = np.cumsum([0, *[int(np.prod(shape)) for shape in shapes]])
    return [flat[a:b].reshape(shape) for (a, b), shape in zip(pairwise(ends), shapes, strict=True)]


def constant(value: float, dtype: type) -> Array:
    """An array without axes, which NumPy takes quicker than a number."""
    return np.array(value, dtype)


# Losses: on z (features, batch), they write scale · ∂loss/∂z to `dz` and return the loss.


def mse_loss(z: Array, y: Array, dz: Array, scale: float) -> Run:
    """Mean of (z - y)²."""
    size = z.size
    error, factor = dz.reshape(-1), constant(2 * scale / size, z.dtype)

    def run() -> Any:
        subtract(z, y, dz)
        total = error.dot(error)
        multiply(dz, factor, dz)
        return total / size

    return run


def binary_cross_entropy_with_logits(z: Array, y: Array, dz: Array, scale: float) -> Run:
    """Mean of log(1 + eᶻ) - z y; its gradient is sigmoid(z) - y, and sigmoid(z) = ½ + ½ tanh(z / 2)."""
    dtype, factor = z.dtype, scale / (2 * z.size)
    half, zero, factor_ = constant(0.5, dtype), constant(0, dtype), constant(factor, dtype)
    offset = (factor - 2 * factor * y).astype(dtype)
    each, y_each = np.full(z.size, 1 / z.size, dtype), (y / z.size).reshape(-1).astype(dtype)
    flat, softplus = z.reshape(-1), np.empty(z.size, dtype)

    def run() -> Any:
        logaddexp(flat, zero, softplus)
        multiply(z, half, dz)
        tanh(dz, dz)
        multiply(dz, factor_, dz)
        add(dz, offset, dz)
        return softplus.dot(each) - flat.dot(y_each)

    return run


def cross_entropy(z: Array, labels: Array, dz: Array, scale: float) -> Run:
    """Mean of log Σ eᶻ - z[label]; its gradient is softmax(z) - onehot."""
    classes, batch = z.shape
    dtype, factor = z.dtype, scale / batch
    onehot = np.equal.outer(np.arange(classes), labels).astype(dtype)
    wanted, mean = (factor * onehot).astype(dtype), np.full(batch, 1 / batch, dtype)
    onehot_mean = (onehot / batch).reshape(-1).astype(dtype)
    ones, shift = np.full(classes, 1 / factor, dtype), float(np.log(factor))  # so eᶻ / (ones · eᶻ) = factor · softmax
    largest, total, log_total = (np.empty(batch, dtype) for _ in range(3))
    flat = z.reshape(-1)

    def run() -> Any:
        maximum.reduce(z, 0, None, largest)
        subtract(z, largest, z)
        exp(z, dz)
        ones.dot(dz, total)
        divide(dz, total, dz)
        subtract(dz, wanted, dz)
        log(total, log_total)
        return log_total.dot(mean) - flat.dot(onehot_mean) + shift

    return run


LOSSES = {
    "mse_loss": mse_loss,
    "binary_cross_entropy_with_logits": binary_cross_entropy_with_logits,
    "cross_entropy": cross_entropy,
}


# Optimizers: on all parameters θ and their gradients g at once. For SGD and Momentum g is already lr · ∂loss/∂θ.


def sgd(theta: Array, gradients: Array, lr: float) -> Run:
    """θ ← θ - g."""
    g = gradients[0]
    return lambda: subtract(theta, g, theta)


def momentum(theta: Array, gradients: Array, lr: float, momentum: float) -> Run:
    """v ← momentum · v - g;  θ ← θ + v; block by block, so that v is still in the cache when it is added."""
    v, keep = np.zeros_like(theta), constant(momentum, theta.dtype)
    starts = range(0, theta.size, BLOCK)
    blocks = [tuple(a[i : i + BLOCK] for a in (theta, gradients[0], v)) for i in starts]

    def run() -> None:
        for theta, g, v in blocks:
            multiply(v, keep, v)
            subtract(v, g, v)
            add(theta, v, theta)

    return run


def adam(
    theta: Array, gradients: Array, lr: float, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8
) -> Run:
    """V ← β₁ V + g;  R ← β₂ R + g²;  θ ← θ - rate · V / (√R + ε′).

    With v = (1 - β₁) V and r = (1 - β₂) R that is Adam, when s = √((1 - β₂) / (1 - β₂ᵗ)), ε′ = ε / s and
    rate = lr (1 - β₁) / ((1 - β₁ᵗ) s). V and R lie together, as g and g² do: two rows of one array.
    """
    g, g_squared = gradients
    state, work = np.zeros_like(gradients), np.empty_like(theta)
    v, r = state
    beta1, beta2 = betas
    decay = np.array([[beta1], [beta2]], theta.dtype)
    rate, eps_ = constant(0, theta.dtype), constant(0, theta.dtype)
    power1 = power2 = 1.0

    def run() -> None:
        nonlocal power1, power2
        power1, power2 = power1 * beta1, power2 * beta2
        s = ((1 - beta2) / (1 - power2)) ** 0.5
        rate[()], eps_[()] = lr * (1 - beta1) / ((1 - power1) * s), eps / s
        square(g, g_squared)
        multiply(state, decay, state)
        add(state, gradients, state)
        sqrt(r, work)
        add(work, eps_, work)
        divide(v, work, work)
        multiply(work, rate, work)
        subtract(theta, work, theta)

    return run


OPTIMIZERS = {"SGD": sgd, "Momentum": momentum, "Adam": adam}


# Activations: on all of them at once, ones included; `find` writes the slopes, which the gradient is multiplied by.


def relu(z: Array, out: Array) -> None:
    """max(z, 0)."""
    bounds = BOUNDS[z.dtype]
    clip(z, *bounds, out)


def slopes_of_tanh(h: Array) -> tuple[Array, Run]:
    """1 - h²."""
    slopes, one = np.empty_like(h), constant(1, h.dtype)

    def find() -> None:
        square(h, slopes)
        subtract(one, slopes, slopes)

    return slopes, find


def slopes_of_relu(h: Array) -> tuple[Array, Run]:
    """1 where h > 0, else 0."""
    slopes, zero = np.empty(h.size, bool), constant(0, h.dtype)
    return slopes, lambda: greater(h, zero, slopes)


BOUNDS = {np.dtype(t): (constant(0, t), constant(np.inf, t)) for t in (np.float32, np.float64)}
ACTIVATIONS = {"Tanh": (tanh, slopes_of_tanh), "ReLU": (relu, slopes_of_relu)}
