"""Initial weights, N11–N15: the library's modules, initialisers and gradients. Read next: `optimizers.py`."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from ....engine import Tensor
from ....nn import Linear, Sequential, Tanh, init
from ....nn import functional as F
from ....optim import SGD
from ....transforms import grad

Array = Any


def symmetric(x: Array, y: Array, u: Array, b: Array, w: Array, c: Array, p: float) -> tuple[Array, ...]:
    """N11: the same network of the library's layers, and its SGD."""
    model = Sequential(Linear(2, 2, dtype=np.float64), Tanh(), Linear(2, 1, dtype=np.float64))
    for parameter, value in zip(model.parameters(), (u, b, w, c), strict=True):
        parameter.copy_(value.reshape(parameter.shape))
    optimizer = SGD(model.parameters(), lr=p)
    outputs = []
    for point, target in zip(x, y, strict=True):
        o = model(point[None])
        optimizer.zero_grad()
        F.mse_loss(o, target.reshape(1, 1), half=True).backward()
        optimizer.step()
        outputs.append(o.item())
    u, b, w, c = (parameter.numpy() for parameter in model.parameters())
    nodes = np.column_stack([u, b, w[0]])
    difference = nodes[0] - nodes[1]
    return np.array(outputs), nodes, difference, difference


def deep_tanh(x: Array, y: Array, draws: Array) -> tuple[Array, ...]:
    """N12: the gradients by autodiff."""
    found: list[Array] = []

    def forward(u: Any) -> list[Any]:
        z = [x]
        for layer in u:
            z.append(np.tanh(z[-1] @ layer.T))
        return z[1:]

    for factor in (0.01, 1.0, np.sqrt(2 / (2 * x.shape[1]))):
        u = [Tensor(factor * layer) for layer in draws]
        z = [values.numpy() for values in forward(u)]
        by_u = grad(lambda *u: F.mse_loss(forward(u)[-1], y, half=True, reduction="sum") / len(x), tuple(range(len(u))))
        found += [np.array([values.std() for values in z])]
        found += [np.array([values.numpy().std() for values in by_u(*u)])]
        found += [np.array([(1 - values**2).mean() for values in z])]
    return tuple(found)


class _Highest:
    """A generator whose every draw is 1, the end of the interval: what it draws for a weight is the bound."""

    def random(self, size: Any, dtype: Any) -> Array:
        return np.ones(size, dtype)


def _weight(n_in: int, n_out: int) -> Tensor:
    return Tensor(np.empty((n_out, n_in)))


def glorot(seed: int, n_in: int, n_out: int) -> tuple[Array, ...]:
    """N13: `init.glorot_uniform_`."""
    r = init.glorot_uniform_(_weight(n_in, n_out), generator=_Highest()).numpy()[0, 0]
    w = init.glorot_uniform_(_weight(n_in, n_out), generator=np.random.default_rng(seed)).numpy()
    return r, w, np.abs(w).max() / r, w.var() / (r**2 / 3)


def gaussian(seed: int, n_in: int, n_out: int) -> tuple[Array, ...]:
    """N14: `init.normal_` with std=0.01."""
    w = init.normal_(_weight(n_in, n_out), std=0.01, generator=np.random.default_rng(seed)).numpy()
    return w, w.mean(), w.std() / 0.01


def lsuv(seed: int, x: Array, widths: tuple[int, ...]) -> tuple[Array, ...]:
    """N15: `init.orthogonal_`, then `init.lsuv_`."""
    sizes = list(pairwise(widths))
    rng = np.random.default_rng(seed)
    start = [init.orthogonal_(_weight(*size), generator=rng).numpy() for size in sizes]
    products = [u @ u.T if len(u) <= u.shape[1] else u.T @ u for u in start]
    layers = [Linear(*size, dtype=np.float64) for size in sizes]
    model = Sequential(*[module for layer in layers for module in (layer, Tanh())][:-1])
    init.lsuv_(model, x, generator=np.random.default_rng(seed))
    product = np.concatenate([product.ravel() for product in products])
    variances, z = [], x
    for layer in layers:
        variances.append((z @ layer.weight.numpy().T).var())
        z = np.tanh(z @ layer.weight.numpy().T)
    weights = np.concatenate([layer.weight.numpy().ravel() for layer in layers])
    return product, product, weights, np.array(variances), np.array(variances)
