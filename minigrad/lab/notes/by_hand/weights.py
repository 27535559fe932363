"""Initial weights by hand, N11–N15.

Weights u are (n_out, n_in), as in the notes. Where weights are drawn, the argument is a seed, and both sides
draw the same numbers. Read next: `optimizers.py`.
"""

from __future__ import annotations

from typing import Any as Array

import numpy as np


def symmetric(
    x: Array, y: Array, u: Array, b: Array, w: Array, c: Array, p: float
) -> tuple[Array, ...]:
    """N11: a step of SGD on e = ½(y−o)² for each point, o = w tanh(ux + b) + c.

    The two hidden nodes start equal: u has two equal rows, b and w two equal
    entries. Returned are the outputs on the way, both nodes' weights in the end,
    and their difference.
    """
    outputs = []
    for point, target in zip(x, y, strict=True):
        z = np.tanh(u @ point + b)
        o = w @ z + c
        by_o = o - target
        by_s = by_o * w * (1 - z**2)
        w, c = w - p * by_o * z, c - p * by_o
        u, b = u - p * np.outer(by_s, point), b - p * by_s
        outputs.append(o)
    nodes = np.column_stack([u, b, w])
    difference = nodes[0] - nodes[1]
    return np.array(outputs), nodes, difference, np.zeros_like(difference)


def deep_tanh(x: Array, y: Array, draws: Array) -> tuple[Array, ...]:
    """N12: forward and backward through layers zˡ = tanh(uˡ zˡ⁻¹).

    The weights uˡ are the draws of N(0, 1), times 0.01, times 1, and times
    Glorot's standard deviation. The objective is half the squared error,
    averaged over the points. Returned are layer by layer, for each of the three,
    the standard deviations of z and of ∂J/∂u, and the mean of τ'(s) = 1 − z².
    """
    found: list[Array] = []
    for factor in (0.01, 1.0, np.sqrt(2 / (2 * x.shape[1]))):
        u = factor * draws
        z = [x]
        for layer in u:
            z.append(np.tanh(z[-1] @ layer.T))
        delta = (z[-1] - y) * (1 - z[-1] ** 2) / len(x)
        by_u = [delta.T @ z[-2]]
        for layer in range(len(u) - 1, 0, -1):
            delta = (delta @ u[layer]) * (1 - z[layer] ** 2)
            by_u.insert(0, delta.T @ z[layer - 1])
        found += [np.array([values.std() for values in z[1:]])]
        found += [np.array([values.std() for values in by_u])]
        found += [np.array([(1 - values**2).mean() for values in z[1:]])]
    return tuple(found)


def glorot(seed: int, n_in: int, n_out: int) -> tuple[Array, ...]:
    """N13: r, the weights, the largest as a part of r, their variance of r²/3."""
    r = np.sqrt(6) / np.sqrt(n_in + n_out)
    draws = np.random.default_rng(seed).random((n_out, n_in))  # on [0, 1)
    w = -r + 2 * r * draws
    return r, w, np.abs(w).max() / r, w.var() / (r**2 / 3)


def gaussian(seed: int, n_in: int, n_out: int) -> tuple[Array, ...]:
    """N14: the weights, their mean, and their standard deviation of 0.01."""
    w = 0.01 * np.random.default_rng(seed).standard_normal((n_out, n_in))
    return w, w.mean(), w.std() / 0.01


def lsuv(seed: int, x: Array, widths: tuple[int, ...]) -> tuple[Array, ...]:
    """N15: an orthonormal start, then each layer divided by its output's deviation.

    Layers are z = u tanh(z of the layer before), the first z = ux. Returned are the
    products of the start's rows, or columns if there are fewer, which make the
    identity; the weights in the end; and the variance of each layer's output.
    """
    rng = np.random.default_rng(seed)
    start = [orthonormal(rng, *shape) for shape in zip(widths[1:], widths, strict=False)]
    products = [u @ u.T if len(u) <= u.shape[1] else u.T @ u for u in start]
    identities = [np.eye(len(product)) for product in products]
    weights, variances = [], []
    for u in start:
        u = u / (x @ u.T).std()  # z is linear in u: once is enough
        z = x @ u.T
        weights.append(u)
        variances.append(z.var())
        x = np.tanh(z)
    return (
        np.concatenate([product.ravel() for product in products]),
        np.concatenate([identity.ravel() for identity in identities]),
        np.concatenate([u.ravel() for u in weights]),
        np.array(variances),
        np.ones(len(variances)),
    )


def orthonormal(rng: np.random.Generator, n_out: int, n_in: int) -> Array:
    """Make orthonormal rows, or columns if there are fewer, of Gaussian draws."""
    draws = rng.standard_normal((max(n_out, n_in), min(n_out, n_in)))
    q, r = np.linalg.qr(draws)
    q = q * np.sign(np.diag(r))  # QR leaves the signs open
    return q if n_out >= n_in else q.T
