"""The networks and the function in NumPy's words, for libraries that speak them: JAX, PyTensor, autograd, MyGrad.

`np` is the library's own module. What `plain.py` derives by hand, these leave to the library.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy
from workloads import BN_EPS, BN_MOMENTUM, Network

Array = Any
Arrays = list[Array]
Update = Callable[[Arrays, Arrays, Any], tuple[Arrays, Any]]  # parameters, gradients, state → parameters, state


def like(x: Array, number: float) -> Any:
    """The number in the precision of x; some of these libraries take a bare one for float64."""
    return numpy.dtype(x.dtype).type(number)


def loss_of(np: Any, workload: Network, params: Sequence[Array], x: Array, y: Array) -> tuple[Array, list[Array]]:
    """The loss of a network, and what `logits` says of its normalisations.

    y : the targets; of a label, a row of zeros and a one
    """
    z, stats = logits(np, workload, params, x)
    return LOSSES[workload.loss](np, z, y), stats


def logits(np: Any, workload: Network, params: Sequence[Array], x: Array) -> tuple[Array, list[Array]]:
    """The last layer of a network, and mean and variance of the batch in each of its normalisations."""
    given, stats = iter(params), []
    for _, _, norm, active in workload.layers:
        z = np.matmul(x, next(given).T)
        if norm:
            mean = np.mean(z, axis=0)
            centred = z - mean
            variance = np.mean(centred * centred, axis=0)
            z = centred / np.sqrt(variance + like(z, BN_EPS)) * next(given)
            stats += [mean, variance]
        z = z + next(given)
        x = activation(np, workload.activation, z) if active else z
    return x, stats


def activation(np: Any, name: str, z: Array) -> Array:
    """tanh(z) or max(z, 0)."""
    return np.tanh(z) if name == "Tanh" else np.maximum(z, like(z, 0))


def mse_loss(np: Any, z: Array, y: Array) -> Array:
    """Mean of (z - y)²."""
    error = z - y
    return np.mean(error * error)


def binary_cross_entropy_with_logits(np: Any, z: Array, y: Array) -> Array:
    """Mean of log(1 + eᶻ) - z y."""
    return np.mean(np.logaddexp(like(z, 0), z) - z * y)


def cross_entropy(np: Any, z: Array, y: Array) -> Array:
    """Mean of log Σ eᶻ - z[label]."""
    z = z - np.max(z, axis=1, keepdims=True)
    return np.mean(np.log(np.sum(np.exp(z), axis=1)) - np.sum(z * y, axis=1))


LOSSES = {
    "mse_loss": mse_loss,
    "binary_cross_entropy_with_logits": binary_cross_entropy_with_logits,
    "cross_entropy": cross_entropy,
}


def track(running: Sequence[Array], stats: Sequence[Array], batch: int) -> list[Array]:
    """The running means and variances after a batch with these; the running variance is the unbiased one."""
    unbiased = [s * (batch / (batch - 1)) if i % 2 else s for i, s in enumerate(stats)]
    return [(1 - BN_MOMENTUM) * r + BN_MOMENTUM * s for r, s in zip(running, unbiased, strict=True)]


def elementwise(np: Any, x: Array, w: Array, b: Array) -> Array:
    """sum(tanh(x w + b) sigmoid(x))."""
    return np.sum(np.tanh(x * w + b) / (like(x, 1) + np.exp(-x)))


def chain(x: Array, scale: float, shift: float, length: int) -> Array:
    """x ← x · scale + shift, `length` times over."""
    scale, shift = like(x, scale), like(x, shift)
    for _ in range(length):
        x = x * scale + shift
    return x


# Optimizers of libraries without assignment


def sgd(np: Any, lr: float) -> Update:
    """θ ← θ - lr g."""
    return lambda params, grads, state: ([p - lr * g for p, g in zip(params, grads, strict=True)], state)


def momentum(np: Any, lr: float, momentum: float) -> Update:
    """v ← momentum · v - lr g;  θ ← θ + v."""

    def update(params: Arrays, grads: Arrays, state: Any) -> tuple[Arrays, Any]:
        (velocities, unused), t = state
        velocities = [momentum * v - lr * g for v, g in zip(velocities, grads, strict=True)]
        return [p + v for p, v in zip(params, velocities, strict=True)], ([velocities, unused], t)

    return update


def adam(np: Any, lr: float, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8) -> Update:
    """v ← β₁ v + (1 - β₁) g;  r ← β₂ r + (1 - β₂) g²;  θ ← θ - lr v̂ / (ε + √r̂)."""
    beta1, beta2 = betas

    def update(params: Arrays, grads: Arrays, state: Any) -> tuple[Arrays, Any]:
        (vs, rs), t = state
        t = t + 1
        vs = [beta1 * v + (1 - beta1) * g for v, g in zip(vs, grads, strict=True)]
        rs = [beta2 * r + (1 - beta2) * (g * g) for r, g in zip(rs, grads, strict=True)]
        rate, shrink = lr / (1 - beta1**t), 1 - beta2**t
        params = [p - rate * v / (eps + np.sqrt(r / shrink)) for p, v, r in zip(params, vs, rs, strict=True)]
        return params, ([vs, rs], t)

    return update


OPTIMIZERS = {"SGD": sgd, "Momentum": momentum, "Adam": adam}
