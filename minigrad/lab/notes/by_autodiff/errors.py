"""Error functions, N1–N7: the library's losses, and their gradients by autodiff. Read next: `preparing.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ....engine import Tensor
from ....nn import functional as F
from ....ops import nn as ops
from ....transforms import grad

Array = Any


def slope(f: Callable[..., Any], *args: Array, by: int | tuple[int, ...] = 0) -> Any:
    """Return the derivative at every point at once: no point depends on another, so it is the gradient of the sum."""
    found = grad(lambda *tensors: f(*tensors).sum(), by)(*args)
    return found.numpy() if isinstance(by, int) else tuple([g.numpy() for g in found])


def half_squared_error(x: Array, y: Array, w: Array, b: Array) -> tuple[Array, ...]:
    """N1: both gradients of the logistic unit's halved squared error."""

    def error(w: Any, b: Any) -> Any:
        return F.mse_loss(ops.sigmoid(w * x + b), y, half=True, reduction="none")

    by_w, by_b = slope(error, w, b, by=(0, 1))
    return by_w, by_b


def entropy_of_two(y: Array, o: Array) -> tuple[Array, ...]:
    """N2: the sum over both values of the label, and its gradient by o."""

    def entropy(o: Any) -> Any:
        p, q = np.stack([1 - y, y]), np.stack([1 - o, o])
        return -(p * np.log2(q)).sum(axis=0)

    return entropy(Tensor(o)).numpy(), slope(entropy, o)


def cross_entropy(y: Array, o: Array) -> tuple[Array, ...]:
    """N3: the library's loss on probabilities."""
    return (F.binary_cross_entropy(Tensor(o), y, base=2, reduction="none").numpy(),)


def cross_entropy_chain(x: Array, y: Array, w: Array, b: Array) -> tuple[Array, ...]:
    """N4: the first two lines factor by factor, the others as the whole that they must equal."""

    def unit(w: Any, b: Any) -> Any:
        return ops.sigmoid(w * x + b)

    def error(o: Any, base: int | None = None) -> Any:
        return F.binary_cross_entropy(o, y, base=base, reduction="none")

    z = w * x + b
    by_o = slope(error, ops.sigmoid(z))
    by_w, by_b = slope(lambda w, b: error(unit(w, b)), w, b, by=(0, 1))
    bits = slope(lambda w, b: error(unit(w, b), base=2), w, b, by=(0, 1))
    return by_o * slope(unit, w, b), by_o * x * slope(ops.sigmoid, z), by_w, by_w, by_w, by_b, *bits


def cross_entropy_of_outputs(y: Array, z: Array) -> tuple[Array, ...]:
    """N5: the library's loss on independent sigmoid outputs."""

    def error(z: Any) -> Any:
        return F.multilabel_cross_entropy(ops.sigmoid(z), y, base=2, reduction="none")

    return error(Tensor(z)).numpy(), slope(error, z)


def log_likelihood(o: Array, label: Array) -> tuple[Array, ...]:
    """N6: the library's loss on probabilities, and its gradient by all of them."""

    def error(o: Any) -> Any:
        return F.log_likelihood(o, label, base=2, reduction="none")

    return error(Tensor(o)).numpy(), slope(error, o)


def softmax(z: Array, label: Array) -> tuple[Array, ...]:
    """N7: softmax, its sum, its Jacobian row by row, and the gradient of the loss that the notes combine it with."""
    o = ops.softmax(Tensor(z))
    rows = [slope(lambda z, i=i: ops.softmax(z)[:, i], z) for i in range(z.shape[1])]
    by_z = slope(lambda z: F.cross_entropy(z, label, reduction="none"), z)
    return o.numpy(), o.sum(axis=1).numpy(), np.stack(rows, axis=1), by_z
