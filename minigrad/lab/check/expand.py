"""What fused operations are made of.

Whoever derives by hand goes through the parts: the sigmoid, then the logarithm, then the sum.
Read next: `closing.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ...ops import elementwise as e
from ...ops import nn, reduce
from ...ops import special as s

Array = Any


def _linear(x: Array, w: Array, b: Array) -> Array:
    z = x @ w.T
    return z if b is None else z + b


def _reduced(losses: Array, reduction: str) -> Array:
    return {"mean": reduce.mean, "sum": reduce.sum}[reduction](losses) if reduction != "none" else losses


def _bce(z: Array, y: Array, reduction: str) -> Array:
    o = nn.sigmoid(z)
    return _reduced(-(y * e.log(o) + (1 - y) * e.log(1 - o)), reduction)


def _cross_entropy(z: Array, y: Array, reduction: str) -> Array:
    o = nn.softmax(z)
    if len(y.shape) == len(z.shape):
        return _reduced(-reduce.sum(y * e.log(o), axis=-1), reduction)
    return _reduced(-e.log(o[np.arange(o.shape[0]), y]), reduction)


def _standardize(x: Array, axis: Any, eps: float) -> Array:
    centred = x - reduce.mean(x, axis=axis, keepdims=True)
    return centred / e.sqrt(reduce.mean(centred * centred, axis=axis, keepdims=True) + eps)


def _var(a: Array, axis: Any, ddof: float, keepdims: bool) -> Array:
    centred = a - reduce.mean(a, axis=axis, keepdims=True)
    spread = reduce.mean(centred * centred, axis=axis, keepdims=keepdims)
    if not ddof:
        return spread
    n = a.size / max(spread.size, 1)
    return spread * (n / (n - ddof))


def _logsumexp(a: Array, axis: Any, keepdims: bool) -> Array:
    return e.log(reduce.sum(e.exp(a), axis=axis, keepdims=keepdims))


def _softmax(z: Array, axis: int) -> Array:
    raised = e.exp(z)
    return raised / reduce.sum(raised, axis=axis, keepdims=True)


def _mean(a: Array, axis: Any, keepdims: bool) -> Array:
    total = reduce.sum(a, axis=axis, keepdims=keepdims)
    return total / (a.size / max(total.size, 1))


def _gelu(x: Array, approximate: str) -> Array:
    if approximate == "tanh":
        return 0.5 * x * (1 + e.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * e.power(x, 3))))
    return x * (0.5 * (1 + s.erf(x / math.sqrt(2))))


# In coarse grain an operation that has a name in the hand derivation stays one step, in fine grain it is opened too.
COARSE: dict[str, Callable[..., Array]] = {
    "linear": _linear,
    "bce_with_logits": _bce,
    "softmax_cross_entropy": _cross_entropy,
    "standardize": _standardize,
    "var": _var,
    "std": lambda a, axis, ddof, keepdims: e.sqrt(_var(a, axis, ddof, keepdims)),
    "log_softmax": lambda z, axis: e.log(nn.softmax(z, axis=axis)),
    "silu": lambda x: x * nn.sigmoid(x),
    "gelu": _gelu,
    "log_sigmoid": lambda x: e.log(nn.sigmoid(x)),
    "expm1": lambda x: e.exp(x) - 1,
    "log1p": lambda x: e.log(1 + x),
    "log2": lambda x: e.log(x) / math.log(2),
    "log10": lambda x: e.log(x) / math.log(10),
    "two_norm": lambda x, axis, keepdims: e.sqrt(reduce.sum(e.square(x), axis=axis, keepdims=keepdims)),
}
FINE: dict[str, Callable[..., Array]] = {
    **COARSE,
    "log_softmax": lambda z, axis: z - _logsumexp(z, axis, True),
    "softmax": _softmax,
    "sigmoid": lambda x: 1 / (1 + e.exp(-x)),
    "softplus": lambda x: e.log(1 + e.exp(x)),
    "logsumexp": _logsumexp,
    "mean": _mean,
    "square": lambda x: x * x,
    "reciprocal": lambda x: 1 / x,
}
