"""Batch normalisation, the multi-layer perceptron and regularisation by hand, N22–N24.

Mini-batches are (m, c), m points of c nodes; feature maps (m, maps, p, q). Read next: `slips.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any as Array

import numpy as np

EPSILON = 1e-5


def over_batch(z: Array, gamma: Array, beta: Array, g: Array) -> tuple[Array, ...]:
    """Batch normalisation of (m, c) forward, and backward from g = ∂J/∂z'.

    z reaches J by three ways: through ẑ, σ² and μ.
    """
    m = len(z)
    mu = z.sum(axis=0) / m
    var = ((z - mu) ** 2).sum(axis=0) / m  # biased
    scale = 1 / np.sqrt(var + EPSILON)
    z_hat = scale * (z - mu)
    out = gamma * z_hat + beta
    by_gamma, by_beta = (g * z_hat).sum(axis=0), g.sum(axis=0)
    by_hat = gamma * g
    by_var = -(by_hat * (z - mu)).sum(axis=0) * scale**3 / 2
    by_mu = -(by_hat * scale).sum(axis=0)  # σ² does not change with μ: Σ(z−μ) = 0
    by_z = by_hat * scale + by_var * 2 * (z - mu) / m + by_mu / m
    short = gamma * scale * (g - by_beta / m - z_hat * by_gamma / m)
    return mu, var, out, by_gamma, by_beta, by_z, short


def batch_normalisation(
    z: Array, gamma: Array, beta: Array, g: Array, new: Array, maps: Array, g_maps: Array
) -> tuple[Array, ...]:
    """N22: training on the mini-batch z, prediction for new points, feature maps."""
    learned = mu, var, *_, by_z = over_batch(z, gamma, beta, g)
    by_b = by_z.sum(axis=0)  # b is added to every z of its node
    restored = over_batch(z, np.sqrt(var + EPSILON), mu, g)[2]
    m = len(z)
    running_mu = 0.9 * 0 + 0.1 * mu  # they start at 0 and 1
    running_var = 0.9 * 1 + 0.1 * var * m / (m - 1)  # unbiased
    z_hat = (new - running_mu) / np.sqrt(running_var + EPSILON)
    redundant = by_b, np.zeros_like(by_b), restored, z
    kept = running_mu, running_var, gamma * z_hat + beta
    return *learned, *redundant, *kept, *over_maps(maps, gamma, beta, g_maps)


def over_maps(z: Array, gamma: Array, beta: Array, g: Array) -> tuple[Array, ...]:
    """The same for maps (m, maps, p, q): a map is one node with p·q·m values."""

    def as_nodes(values: Array) -> Array:
        return np.moveaxis(values, 1, -1).reshape(-1, z.shape[1])

    def as_maps(values: Array) -> Array:
        m, maps, p, q = z.shape
        return np.moveaxis(values.reshape(m, p, q, maps), -1, 1)

    nodes = over_batch(as_nodes(z), gamma, beta, as_nodes(g))
    _, _, out, by_gamma, by_beta, by_z, _ = nodes
    return as_maps(out), by_gamma, by_beta, as_maps(by_z)


ACTIVATIONS: dict[str, tuple[Callable[[Array], Array], ...]] = {  # τ and τ'
    "sigmoid": (
        lambda s: 1 / (1 + np.exp(-s)),
        lambda s: np.exp(-s) / (1 + np.exp(-s)) ** 2,
    ),
    "tanh": (np.tanh, lambda s: 1 - np.tanh(s) ** 2),
    "relu": (lambda s: np.where(s > 0, s, 0), lambda s: np.where(s > 0, 1.0, 0.0)),
    "softplus": (lambda s: np.log(1 + np.exp(s)), lambda s: 1 / (1 + np.exp(-s))),
}


def with_one(z: Array) -> Array:
    """Put z_0 = 1 before the others: u_j0 is the bias of node j."""
    return np.column_stack([np.ones(len(z)), z])


def perceptron(networks: list[tuple[str, list[Array], Array, Array]]) -> tuple[Array, ...]:
    """N23: every δ and every gradient of networks (τ, u¹ … uᴸ, x, y).

    J = ½‖y−o‖² summed over the points of x and y; uˡ is (nodes, 1 + nodes before).
    """
    of_outputs, of_hidden, by_u = [], [], []
    for name, weights, x, y in networks:
        tau, slope = ACTIVATIONS[name]
        L = len(weights)
        u: Array = [None, *weights]  # so that u[1] is of the first layer
        z, osum = [x], [None]
        for k in range(1, L + 1):
            osum.append(with_one(z[k - 1]) @ u[k].T)
            z.append(tau(osum[k]))
        delta = slope(osum[L]) * (y - z[L])
        of_outputs.append(delta)
        by_u.append(-delta.T @ with_one(z[L - 1]))
        for k in range(L - 1, 0, -1):  # the notes' l
            delta = slope(osum[k]) * (delta @ u[k + 1][:, 1:])
            of_hidden.append(delta)
            by_u.append(-delta.T @ with_one(z[k - 1]))
    return joined(of_outputs), joined(of_hidden), joined(by_u)


def joined(arrays: list[Array]) -> Array:
    return np.concatenate([array.ravel() for array in arrays])


def regularised(
    x: Array, y: Array, u: Array, b: Array, lam: float, p: float
) -> tuple[Array, ...]:
    """N24: J + λ‖u‖² of a logistic layer, its gradients, and a step of descent.

    J is the cross entropy in nats, summed over the outputs, averaged over m points.
    """
    m = len(x)
    o = 1 / (1 + np.exp(-(x @ u.T + b)))
    J = -(y * np.log(o) + (1 - y) * np.log(1 - o)).sum() / m
    by_u = (o - y).T @ x / m + 2 * lam * u
    by_b = (o - y).sum(axis=0) / m
    return J + lam * (u**2).sum(), by_u, by_b, u - p * by_u, b - p * by_b
