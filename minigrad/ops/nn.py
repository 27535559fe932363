"""What networks are made of: activations, normalisation, and the losses that are one operation.

A loss that is fused with its activation has the derivative of the notes, o − y, and none of the
overflow of either part. Read next: `logarithms.py`.
"""

from __future__ import annotations

import contextlib
import math
import weakref
from typing import Any

import numpy as np

from ..engine import add_up, primitive
from .elementwise import floating
from .reduce import centred, count, mean_and_deviations, widened
from .softmax import log_softmax as log_softmax
from .softmax import softmax as softmax
from .special import bell, ndtr

Array = Any


# Activations


@primitive
def sigmoid(x: Array) -> Array:
    """Return the logistic function 1 / (1 + e⁻ˣ).

    >>> import minigrad as mg
    >>> mg.sigmoid(mg.tensor([-10000.0, 0.0, 10000.0]))
    tensor([0. , 0.5, 1. ])
    """
    x = floating(x)
    if x.dtype == np.float16:  # whose e⁻ˣ is infinite from x = −11 on, where the result is not 0 yet
        return sigmoid(x.astype(np.float32)).astype(np.float16)
    with np.errstate(over="ignore"):  # e⁻ˣ = inf, far to the left, makes the 0 wanted there
        return 1 / (1 + np.exp(-x))


# σ'(x) = σ(x)(1 − σ(x)); written σ(x)σ(−x), it is accurate where σ(x) is nearly 1 too.
sigmoid.defvjp(x=lambda g, out, x: g * (out * sigmoid(-x)))


@primitive
def softplus(x: Array) -> Array:
    """Return ln(1 + eˣ), without overflow."""
    x = floating(x)
    return np.maximum(x, 0) + np.log1p(np.exp(-np.absolute(x)))


softplus.defvjp(x=lambda g, x: g * sigmoid(x))


@primitive
def log_sigmoid(x: Array) -> Array:
    """Return ln σ(x) = −softplus(−x), without overflow."""
    x = floating(x)
    return np.minimum(x, 0) - np.log1p(np.exp(-np.absolute(x)))


log_sigmoid.defvjp(x=lambda g, x: g * sigmoid(-x))


@primitive
def relu(x: Array) -> Array:
    """Return max(x, 0); its derivative at 0 is taken to be 0."""
    return np.maximum(x, 0)


relu.defvjp(x=lambda g, out: g * np.sign(out))  # out ≥ 0: its sign is 0 or 1, and NaN where it is NaN


@primitive
def leaky_relu(x: Array, *, negative_slope: float = 0.01) -> Array:
    """Return x where x > 0 and negative_slope · x elsewhere, also for the derivative at 0."""
    return np.where(x > 0, x, negative_slope * x)


leaky_relu.defvjp(  # and where x is neither, NaN
    x=lambda g, x, negative_slope: np.where(x > 0, g, np.where(x <= 0, negative_slope * g, np.full_like(g, np.nan)))
)


@primitive
def elu(x: Array, *, alpha: float = 1.0) -> Array:
    """Return x where x > 0 and alpha · (eˣ − 1) elsewhere (Clevert et al. 2016)."""
    x = floating(x)
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


elu.defvjp(x=lambda g, x, alpha: g * np.where(x > 0, 1, alpha * np.exp(np.where(x > 0, 0, x))))


# Left of these gelu and silu are 0 in float64: there the number itself stands in for −∞, as −∞·0 would be NaN.
_GELU_ZERO, _SILU_ZERO = -40.0, -800.0


@primitive
def gelu(x: Array, *, approximate: str = "none") -> Array:
    """Return x · Φ(x), Φ the normal distribution function (Hendrycks & Gimpel 2016).

    `approximate="tanh"` is their formula ½x(1 + tanh(√(2/π)(x + 0.044715x³))).
    """
    x = np.maximum(floating(x), _GELU_ZERO)
    if approximate == "tanh":
        wide = widened(x)
        return (wide * sigmoid(_tanh_argument(np.minimum(wide, -_GELU_ZERO)))).astype(x.dtype)
    if approximate != "none":
        raise ValueError(f'gelu: approximate must be "none" or "tanh", got {approximate!r}')
    return x * ndtr(x)


def _tanh_argument(x: Array) -> Array:
    # ½(1 + tanh u) = σ(2u)
    return math.sqrt(8 / math.pi) * (x + 0.044715 * x * x * x)


def _gelu_back(g: Array, x: Array, approximate: str) -> Array:
    x = np.clip(widened(x), _GELU_ZERO, -_GELU_ZERO)
    if approximate == "tanh":
        u = _tanh_argument(x)
        slope = math.sqrt(8 / math.pi) * (1 + 3 * 0.044715 * x * x)
        return g * (sigmoid(u) * (1 + x * slope * sigmoid(-u)))
    return g * (ndtr(x) + x * (math.sqrt(0.5 / math.pi) * bell(x, half=True)))


gelu.defvjp(x=_gelu_back)


@primitive
def silu(x: Array) -> Array:
    """Return x · σ(x), also called swish."""
    x = np.maximum(floating(x), _SILU_ZERO)
    return x * sigmoid(x)


def _silu_back(g: Array, x: Array) -> Array:
    x = np.clip(widened(x), _SILU_ZERO, -_SILU_ZERO)
    return g * (sigmoid(x) * (1 + x * sigmoid(-x)))


silu.defvjp(x=_silu_back)


# Normalisation


@primitive
def standardize(x: Array, *, axis: int | tuple[int, ...], eps: float = 1e-5) -> Array:
    """Return (x − μ) / √(σ² + eps), μ and biased σ² taken along the axes: the heart of batch and layer norm (N22).

    x is centred as in `var`, so a large μ costs no digits.
    """
    mean, d = mean_and_deviations(widened(x), axis)
    var = add_up(d * d, axis, True) / count(x.shape, axis)
    d /= np.sqrt(var + eps)
    out = d.astype(np.float16) if x.dtype.char == "e" else d
    key, forget = id(out), _moments.pop  # which the end of the interpreter does not take away
    with contextlib.suppress(TypeError):  # an array of a kind that nothing can refer to weakly
        _moments[key] = weakref.ref(out, lambda _: forget(key, None)), mean, var
    return out


# What was found on the way to a result, by its `id`, as long as it is there: running averages and the way back need it.
_moments: dict[int, tuple[weakref.ref[Any], Array, Array]] = {}


def moments_of(out: Array, x: Array, axis: Any) -> tuple[Array, Array]:
    """Return the mean and the biased variance of x, axes kept, of which `standardize` made `out`."""
    known = _moments.get(id(out))
    if known is not None and known[0]() is out:
        return known[1:]
    x, n = widened(x), count(x.shape, axis)  # of Tensors, which record how they come from x
    d = centred(x, axis)
    return add_up(x, axis, True) / n, add_up(d * d, axis, True) / n


def _standardize_back(g: Array, out: Array, x: Array, axis: Any, eps: float) -> Array:
    # μ and σ² depend on every element: that is what the two means take away.
    _, var = moments_of(out, x, axis)
    g, out, n = widened(g), widened(out), count(x.shape, axis)
    inner = g - add_up(g, axis, True) / n
    inner -= out * (add_up(g * out, axis, True) / n)
    inner /= np.sqrt(var + eps)
    return inner  # the engine casts it back


standardize.defvjp(x=_standardize_back)


# Losses


@primitive
def log_probability(p: Array) -> Array:
    """Return ln p of a probability; a p below the least normal number counts as that number.

    So a loss stays finite where a sigmoid or softmax has been rounded to 0: at most 87.3 nats in
    float32, 708.4 in float64.
    """
    return np.log(np.maximum(p, float(np.finfo(p.dtype).tiny)))


log_probability.defvjp(p=lambda g, p: g / np.maximum(p, float(np.finfo(p.dtype).tiny)))


def _reduce(losses: Array, reduction: str) -> Array:
    if losses.dtype.char == "e":  # the sum may be beyond float16 where the mean is not
        return _reduce(losses.astype(np.float32), reduction).astype(np.float16)
    if reduction == "mean":
        return losses.sum() / max(losses.size, 1)
    return losses.sum() if reduction == "sum" else losses


def _each(g: Array, count: int, reduction: str) -> Array:
    """Return the cotangent of every single loss."""
    return g / max(count, 1) if reduction == "mean" else g


_LARGEST_EXPONENT = {"e": 11.0, "f": 88.0, "d": 709.0}  # exp of it is finite, by the dtype's character


@primitive(broadcasts=True)
def sigmoid_error(z: Array, y: Array) -> Array:
    """Return σ(z) − y, o − y of the notes, to the last digits also where o = σ(z) is nearly y = 1.

    Near 1 the digits of o end sooner than those of 1 − o = σ(−z) = e⁻ᶻo: what o was rounded by, (1 − o) − e⁻ᶻo, is
    added. The factor o beside it, there nearly 1, keeps it away from small o, which need no help.
    """
    e = np.exp(np.minimum(-z, _LARGEST_EXPONENT.get(z.dtype.char, 709.0)))
    o = 1 / (1 + e)
    return o * (1 - o - e * o) + (o - y)


sigmoid_error.defvjp(z=lambda g, z: g * (sigmoid(z) * sigmoid(-z)), y=lambda g: -g)


@primitive(needs="z and y must have the same shape")
def bce_with_logits(z: Array, y: Array, *, reduction: str = "mean") -> Array:
    """Return −(y ln σ(z) + (1 − y) ln(1 − σ(z))), the cross entropy of label and sigmoid output (N3)."""
    if y.shape != z.shape:
        raise ValueError("shapes differ")
    losses = np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.absolute(z)))
    return _reduce(losses, reduction)


bce_with_logits.defvjp(
    z=lambda g, z, y, reduction: _each(g, z.size, reduction) * sigmoid_error(z, y),  # o − y, the end of the chain N4
    y=lambda g, z, reduction: _each(g, z.size, reduction) * -z,
)


@primitive
def softmax_error(z: Array, y: Array) -> Array:
    """Return softmax(z) − y for every row, y as labels (N,) or probabilities (N, C)."""
    o = softmax(z)
    if y.ndim == z.ndim:
        return o * y.sum(axis=-1, keepdims=True) - y  # targets that do not sum to 1 weigh o by their sum
    o[np.arange(y.shape[0], like=y), y] -= 1
    return o


def _softmax_error_z(g: Array, z: Array, y: Array) -> Array:
    o = softmax(z)
    if y.ndim == z.ndim:
        g = g * y.sum(axis=-1, keepdims=True)
    return o * (g - (g * o).sum(axis=-1, keepdims=True))


softmax_error.defvjp(
    z=_softmax_error_z,
    y=lambda g, z: (g * softmax(z)).sum(axis=-1, keepdims=True) - g,
)


@primitive
def softmax_cross_entropy(z: Array, y: Array, *, reduction: str = "mean") -> Array:
    """Return −Σᵢ yᵢ ln softmax(z)ᵢ for every row (N6 of N7).

    Parameters
    ----------
    z : (N, C) logits
    y : (N,) integer labels, or (N, C) probabilities
    reduction : "mean", "sum" or "none", over the N rows

    A logit of −∞ is a class that cannot be: its loss is ∞, unless its y is 0.
    """
    if z.dtype.char == "e":
        return softmax_cross_entropy(z.astype(np.float32), y, reduction=reduction).astype(np.float16)
    shifted = z - z.max(axis=-1, keepdims=True)
    totals = np.log(np.exp(shifted).sum(axis=-1))
    if y.ndim == z.ndim:
        return _reduce(y.sum(axis=-1) * totals - (y * np.where(y == 0, 0, shifted)).sum(axis=-1), reduction)
    return _reduce(totals - shifted[np.arange(y.shape[0], like=y), y], reduction)


def _cross_entropy_z(g: Array, z: Array, y: Array, reduction: str) -> Array:
    g = _each(g, z.shape[0], reduction)
    return (np.expand_dims(g, -1) if reduction == "none" else g) * softmax_error(z, y)  # o − y


def _cross_entropy_y(g: Array, z: Array, reduction: str) -> Array:
    g = _each(g, z.shape[0], reduction)
    if reduction == "none":
        g = np.expand_dims(g, -1)
    return g * -log_softmax(z)


softmax_cross_entropy.defvjp(z=_cross_entropy_z, y=_cross_entropy_y)
