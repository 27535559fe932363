"""Batch normalisation, the perceptron and regularisation, N22–N24: the library's layers. Read next: `compare.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ....engine import Tensor
from ....nn import BatchNorm1d, BatchNorm2d, Linear
from ....nn import functional as F
from ....ops import nn as ops
from ....optim import SGD, decay_weights_only
from ....transforms import grad, value_and_grad

Array = Any


def _normalisation(kind: type[BatchNorm1d], gamma: Any, beta: Any, momentum: float = 0.1) -> BatchNorm1d:
    layer = kind(gamma.size, momentum=momentum, dtype=np.float64)
    layer.weight, layer.bias = gamma, beta
    return layer


def _through(kind: type[BatchNorm1d], z: Array, gamma: Array, beta: Array, g: Array) -> tuple[Array, ...]:
    """Return z' and, for the objective Σ g z', its gradients by γ, β and z."""

    def objective(z: Any, gamma: Any, beta: Any) -> Any:
        return (g * _normalisation(kind, gamma, beta)(z)).sum()

    by_z, by_gamma, by_beta = (found.numpy() for found in grad(objective, (0, 1, 2))(z, gamma, beta))
    out = _normalisation(kind, Tensor(gamma), Tensor(beta))(z).numpy()
    return out, by_gamma, by_beta, by_z


def batch_normalisation(
    z: Array, gamma: Array, beta: Array, g: Array, new: Array, maps: Array, g_maps: Array
) -> tuple[Array, ...]:
    """N22: `BatchNorm1d` in training and in evaluation, and `BatchNorm2d`."""
    batch = _normalisation(BatchNorm1d, Tensor(gamma), Tensor(beta), momentum=1.0)
    batch(z)
    mu = batch.running_mean.numpy()  # all of the new batch, as momentum is 1
    var = batch.running_var.numpy() * (len(z) - 1) / len(z)
    sigma = np.sqrt(var + batch.eps)
    restored = _normalisation(BatchNorm1d, Tensor(sigma), Tensor(mu))(z).numpy()
    layer = _normalisation(BatchNorm1d, Tensor(gamma), Tensor(beta))
    by_b = grad(lambda b: (g * layer(z + b)).sum())(np.zeros_like(beta)).numpy()
    kept = layer.running_mean.numpy(), layer.running_var.numpy(), layer.eval()(new).numpy()
    learned = *_, by_z = mu, var, *_through(BatchNorm1d, z, gamma, beta, g)
    return *learned, by_z, by_b, by_b, restored, restored, *kept, *_through(BatchNorm2d, maps, gamma, beta, g_maps)


ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "sigmoid": ops.sigmoid,
    "tanh": np.tanh,
    "relu": ops.relu,
    "softplus": ops.softplus,
}


def perceptron(networks: list[tuple[str, list[Array], Array, Array]]) -> tuple[Array, ...]:
    """N23: the gradients by the weights, and by something that is added to each osum: −δ is the latter."""
    of_outputs, of_hidden, by_u = [], [], []
    for name, weights, x, y in networks:
        depth = len(weights)

        def objective(*args: Any, name: str = name, depth: int = depth, x: Array = x, y: Array = y) -> Any:
            z = x
            for u, added in zip(args[:depth], args[depth:], strict=True):
                ones = np.ones((len(x), 1))
                z = ACTIVATIONS[name](np.concatenate([ones, z], axis=1) @ u.T + added)
            return F.mse_loss(z, y, half=True, reduction="sum")

        nothing = [np.zeros((len(x), len(u))) for u in weights]
        found = [g.numpy() for g in grad(objective, tuple(range(2 * depth)))(*weights, *nothing)]
        by_u += found[:depth][::-1]
        of_outputs.append(-found[-1])
        of_hidden += [-g for g in found[depth:-1][::-1]]
    return _joined(of_outputs), _joined(of_hidden), _joined(by_u)


def _joined(arrays: list[Array]) -> Array:
    return np.concatenate([array.ravel() for array in arrays])


def regularised(x: Array, y: Array, u: Array, b: Array, lam: float, p: float) -> tuple[Array, ...]:
    """N24: the gradients of J + λ‖u‖²; and SGD on J alone, with weight_decay 2λ for weights and not for biases."""

    def error(u: Any, b: Any) -> Any:
        return F.multilabel_cross_entropy(ops.sigmoid(x @ u.T + b), y)

    value, (by_u, by_b) = value_and_grad(lambda u, b: error(u, b) + lam * (u * u).sum(), (0, 1))(u, b)
    layer = Linear(u.shape[1], len(u), dtype=np.float64)
    weight, bias = layer.parameters()
    weight.copy_(u)
    bias.copy_(b)
    optimizer = SGD(decay_weights_only(layer, weight_decay=2 * lam), lr=p)
    F.multilabel_cross_entropy(ops.sigmoid(layer(x)), y).backward()
    optimizer.step()
    return value.numpy(), by_u.numpy(), by_b.numpy(), weight.numpy(), bias.numpy()
