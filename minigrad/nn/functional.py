"""The losses, as functions.

Conventions: `reduction` is "mean", "sum" or "none"; `base` is the base of the logarithm, None for e (nats),
2 for bits. A loss of two arrays wants two equal shapes: (N, 1) against (N,) is an error, never a broadcast.
Targets that are no Tensors, or integers, take the dtype of the input. Read next: `losses.py`, which makes
modules of them.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..device import CPU, device_of, find_device, move, same_device, to_numpy
from ..engine import Tensor, operand
from ..engine.convert import check_dtype, numbers
from ..engine.tracing import holds
from ..errors import DtypeError, ShapeError, as_integer, as_number, describe, warn_user
from ..ops import elementwise as e
from ..ops import kinks, reduce
from ..ops import nn as ops
from ..ops.linalg import linear
from ..ops.nn import (
    elu,
    gelu,
    leaky_relu,
    log_sigmoid,
    log_softmax,
    relu,
    sigmoid,
    silu,
    softmax,
    softplus,
)

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "elu",
    "gelu",
    "huber_loss",
    "kl_div",
    "l1_loss",
    "leaky_relu",
    "linear",
    "log_likelihood",
    "log_sigmoid",
    "log_softmax",
    "mse_loss",
    "multilabel_cross_entropy",
    "nll_loss",
    "relu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
]

_REDUCTIONS = ("mean", "sum", "none")


# What every loss checks


def _tensor(input: Any, call: str) -> Tensor:
    if isinstance(input, Tensor) and input._data.dtype.kind == "f":
        return input
    if not isinstance(input, Tensor):
        input = operand(input, call)
    if input.dtype.kind != "f":
        raise DtypeError(
            f"{call}: the input must be floating, got {describe(input)}; convert it with .astype('float32')"
        )
    return input if isinstance(input, Tensor) else Tensor(input)


def _array(values: Any, call: str, beside: Tensor) -> Any:
    """Return a Tensor, an array or a list as an array; a list goes where the tensor beside it is."""
    if isinstance(values, Tensor):
        return values.data
    return values if find_device(values) is not None else move(numbers(values, call), device_of(beside.data))


def _target_like(input: Tensor, target: Any, call: str) -> Any:
    """Return the target with the input's dtype, after checking that the shapes are equal."""
    data, like = _array(target, call, input), input._data
    if data.shape != like.shape:
        mend = ""
        if data.size == input.size:
            mend = f"; they have as many elements: write target.reshape({list(input.shape)})"
        raise ShapeError(
            f"{call}: the input is {describe(input)}, the target is {describe(data)}; shapes must be equal{mend}"
        )
    if type(data) is not type(like):
        same_device(call, input=like, target=data)
    same = data.dtype == like.dtype
    if isinstance(target, Tensor) and (same or target.requires_grad):
        return target
    if same:
        return data
    check_dtype(data.dtype, call)
    return data.astype(like.dtype)


def _labels(input: Tensor, target: Any, call: str, ignore_index: int | None = None) -> tuple[Any, Any]:
    """Return class labels (N,) as an array, after checking that each names one of the C columns; and which count.

    Those to be ignored become 0; the second is None where all of them count.
    """
    data = _array(target, call, input)
    if input.ndim != 2 or data.shape != input.shape[:1]:
        raise ShapeError(
            f"{call}: needs an input (N, C) and class labels (N,), got {describe(input)} and {describe(data)}"
        )
    if data.dtype.kind not in "iu":
        raise DtypeError(f"{call}: class labels must be integers, got {describe(data)}; convert them with .astype(int)")
    if device_of(data) is not CPU:  # as an index, labels on the CPU are welcome anywhere
        same_device(call, input=input.data, labels=data)
    counted = None
    if ignore_index is not None:
        counted = data != as_integer(call, "ignore_index", ignore_index)
        data = np.where(counted, data, 0)
    low, high = _extremes(data)
    if not holds((low >= 0) & (high < input.shape[1])):
        bad = int(((data < 0) | (data >= input.shape[1])).argmax())
        raise ValueError(
            f"{call}: labels must lie in 0 … {input.shape[1] - 1} for {input.shape[1]} classes, "
            f"label {bad} is {data[bad]}; labels that count from 1 need - 1"
        )
    return data, counted


def _extremes(data: Any) -> tuple[Any, Any]:
    """Return the least and the largest element, NaN if there is one, 0 of an empty array; quicker than min and max."""
    flat = data.ravel()
    return (flat[flat.argmin()], flat[flat.argmax()]) if flat.size else (0, 0)


def _probabilities(values: Any, call: str, what: str) -> None:
    """Raise unless every value lies in [0, 1]; NaN does not."""
    data = values.data if isinstance(values, Tensor) else values
    low, high = _extremes(data)
    if not holds((low >= 0) & (high <= 1)):
        host = to_numpy(data)
        bad = np.argwhere(~((host >= 0) & (host <= 1)))[0].tolist()
        raise ValueError(f"{call}: {what} must lie in [0, 1], the one at {bad} is {host[tuple(bad)]}")


def _reduce(losses: Any, reduction: str, base: float | None = None) -> Any:
    if base is not None:
        losses = losses * _per_nat(base)
    if reduction == "mean":
        return reduce.sum(losses) / max(losses.size, 1)  # 0 of no losses, as for the fused ones
    return reduce.sum(losses) if reduction == "sum" else losses


def _reduce_counted(losses: Any, counted: Any, reduction: str, base: float | None) -> Any:
    """Reduce the losses of labels of which some are ignored: these are 0, and the mean is that of the others."""
    if counted is None:
        return _reduce(losses, reduction, base)
    losses = _reduce(kinks.where(counted, losses, 0.0), "sum" if reduction == "mean" else reduction, base)
    return losses / np.maximum(counted.sum(), 1).astype(losses.dtype) if reduction == "mean" else losses


def _per_nat(base: float) -> float:
    """Return 1 / ln base: how many units of that base are in one nat (1.4427 bits)."""
    return 1 / math.log(base)


def _check(call: str, reduction: str, base: float | None = None) -> None:
    """Refuse options that no loss takes, before anything is computed."""
    if reduction not in _REDUCTIONS:
        raise ValueError(f'{call}: reduction must be "mean", "sum" or "none", got {reduction!r}')
    if base is not None and not (isinstance(base, int | float) and 0 < base < math.inf and base != 1):
        raise ValueError(f"{call}: base must be positive and not 1 (None for e, 2 for bits, 10), got {base!r}")


def _warn_if(input: Tensor, op: Any, call: str, why: str) -> None:
    """Warn when the input is the output of an operation that does not belong there."""
    if input._node is not None and input._node.op is op.primitive:
        warn_user(f"{call} was given the output of {op.__name__}, but it wants {why}")


def _twice(name: str, instead: str) -> str:
    return (
        f"logits and applies {name} itself: applied twice the loss is wrong and learns slowly. "
        f"Leave out the {name}, or use {instead}"
    )


_SIGMOID_TWICE = _twice("sigmoid", "binary_cross_entropy")
_SOFTMAX_TWICE = _twice("softmax", "log_likelihood")


# Regression


def mse_loss(input: Any, target: Any, *, reduction: str = "mean", half: bool = False) -> Any:
    """Return (o − y)², the squared error; with `half`, the notes' ½(o − y)² (N1).

    Parameters
    ----------
    input, target : o and y, any shape, equal
    reduction : "mean" over all elements (as PyTorch and Keras), "sum", or "none"
    half : whether to multiply by ½, so that the gradient is o − y and not 2(o − y)

    >>> import minigrad as mg
    >>> from minigrad import nn
    >>> nn.functional.mse_loss(mg.tensor([1.0, 3.0]), [0.0, 0.0])
    tensor(5.)
    """
    _check("mse_loss", reduction)
    input = _tensor(input, "mse_loss")
    losses = e.square(input - _target_like(input, target, "mse_loss"))
    return _reduce(0.5 * losses if half else losses, reduction)


def l1_loss(input: Any, target: Any, *, reduction: str = "mean") -> Any:
    """Return |o − y|, the absolute error (MAE); shapes equal, mean over all elements."""
    _check("l1_loss", reduction)
    input = _tensor(input, "l1_loss")
    return _reduce(kinks.absolute(input - _target_like(input, target, "l1_loss")), reduction)


def huber_loss(input: Any, target: Any, *, reduction: str = "mean", delta: float = 1.0) -> Any:
    """Return ½d² where |d| ≤ δ and δ(|d| − ½δ) beyond, d = o − y (Huber 1964); mean over all elements."""
    _check("huber_loss", reduction)
    if not 0 < as_number("huber_loss", "delta", delta) < math.inf:
        raise ValueError(f"huber_loss: delta must be positive and finite, got {delta!r}")
    input = _tensor(input, "huber_loss")
    size = kinks.absolute(input - _target_like(input, target, "huber_loss"))
    near = kinks.minimum(size, delta)
    return _reduce(0.5 * near * near + delta * (size - near), reduction)


# Two classes, or several independent outputs


def _bce(output: Any, target: Any, call: str) -> Any:
    o = _tensor(output, call)
    y = _target_like(o, target, call)
    _probabilities(o, call, "outputs")
    _probabilities(y, call, "targets")
    return -(y * ops.log_probability(o) + (1 - y) * ops.log_probability(1 - o))


def binary_cross_entropy(input: Any, target: Any, *, reduction: str = "mean", base: float | None = None) -> Any:
    """Return −(y log o + (1 − y) log(1 − o)), the cross entropy of label and output (N2, N3).

    Parameters
    ----------
    input : o, probabilities in [0, 1]; 0 counts as the least normal number, so the loss is finite
        (at most 87.3 nats in float32; PyTorch stops at 100)
    target : y in [0, 1], same shape
    reduction : "mean" over all elements, "sum", or "none"
    base : of the logarithm: None for nats, 2 for the bits of the notes

    >>> import minigrad as mg
    >>> from minigrad import nn
    >>> print(f"{nn.functional.binary_cross_entropy(mg.tensor([0.98]), [1.0], base=2):.4f}")
    0.0291
    """
    _check("binary_cross_entropy", reduction, base)
    return _reduce(_bce(input, target, "binary_cross_entropy"), reduction, base)


def multilabel_cross_entropy(input: Any, target: Any, *, reduction: str = "mean", base: float | None = None) -> Any:
    """Return −Σᵢ (yᵢ log oᵢ + (1 − yᵢ) log(1 − oᵢ)) over the outputs of each sample (N5).

    Independent sigmoid outputs, summed: not the cross entropy of a softmax.

    Parameters
    ----------
    input : o (…, c), probabilities
    target : y (…, c), in [0, 1]
    reduction : over the samples: "mean", "sum" or "none"
    base : of the logarithm
    """
    _check("multilabel_cross_entropy", reduction, base)
    losses = _bce(input, target, "multilabel_cross_entropy")
    return _reduce(reduce.sum(losses, axis=-1), reduction, base)


def binary_cross_entropy_with_logits(
    input: Any, target: Any, *, reduction: str = "mean", base: float | None = None
) -> Any:
    """Return the binary cross entropy of σ(z), computed from z without overflow; ∂/∂z = o − y (N4).

    Parameters
    ----------
    input : z, logits, any shape
    target : y in [0, 1], same shape
    reduction : "mean" over all elements, "sum", or "none"
    base : of the logarithm
    """
    call = "binary_cross_entropy_with_logits"
    _check(call, reduction, base)
    input = _tensor(input, call)
    y = _target_like(input, target, call)
    _probabilities(y, call, "targets")
    _warn_if(input, ops.sigmoid, call, _SIGMOID_TWICE)
    loss = ops.bce_with_logits(input, y, reduction=reduction)
    return loss if base is None else loss * _per_nat(base)


# One class of several


def cross_entropy(
    input: Any,
    target: Any,
    *,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
    base: float | None = None,
    ignore_index: int | None = None,
) -> Any:
    """Return −Σᵢ yᵢ log softmax(z)ᵢ, computed from the logits without overflow; ∂/∂z = o − y (N6 of N7).

    Parameters
    ----------
    input : z (N, C), logits
    target : (N,) integer labels, or y (N, C): one-hot or any probabilities
    reduction : over the N samples: "mean", "sum" or "none"
    label_smoothing : ε in [0, 1]: the targets become (1 − ε)y + ε/C
    base : of the logarithm
    ignore_index : samples with this label do not count: their loss and gradient are 0, and "mean" is over the others;
        over no others it is 0 (PyTorch: nan)

    >>> import minigrad as mg
    >>> from minigrad import nn
    >>> z = mg.tensor([[0.0, 0.0]], requires_grad=True)
    >>> nn.functional.cross_entropy(z, [1]).backward(); z.grad
    tensor([[ 0.5, -0.5]])
    """
    _check("cross_entropy", reduction, base)
    if not 0 <= as_number("cross_entropy", "label_smoothing", label_smoothing) <= 1:
        raise ValueError(f"cross_entropy: label_smoothing must be in [0, 1], got {label_smoothing!r}")
    z = _tensor(input, "cross_entropy")
    _warn_if(z, ops.softmax, "cross_entropy", _SOFTMAX_TWICE)
    if z.ndim == 2 and z.shape[1] == 1:
        raise ShapeError(
            f"cross_entropy: the input is {describe(z)}: of one class the loss is always 0; "
            "for one output use binary_cross_entropy_with_logits"
        )
    y, counted = target if isinstance(target, Tensor) else _array(target, "cross_entropy", z), None
    if len(y.shape) == z.ndim == 2:
        if ignore_index is not None:
            raise ValueError(
                f"cross_entropy: ignore_index is for labels (N,), got probabilities {describe(y)}; leave it out, and "
                "leave samples out by an index: input[rows], target[rows]"
            )
        y = _target_like(z, y, "cross_entropy")
        _probabilities(y, "cross_entropy", "targets")
    else:
        y, counted = _labels(z, y, "cross_entropy", ignore_index)
        if label_smoothing:
            y = (np.expand_dims(y, -1) == np.arange(z.shape[1], like=y)).astype(z.dtype)
    if label_smoothing:
        y = (1 - label_smoothing) * y + label_smoothing / z.shape[1]
    if counted is not None:  # what an ignored logit is, NaN even, must not matter
        z = kinks.where(np.expand_dims(counted, -1), z, 0.0)
        return _reduce_counted(ops.softmax_cross_entropy(z, y, reduction="none"), counted, reduction, base)
    loss = ops.softmax_cross_entropy(z, y, reduction=reduction)
    return loss if base is None else loss * _per_nat(base)


def nll_loss(
    input: Any, target: Any, *, reduction: str = "mean", base: float | None = None, ignore_index: int | None = None
) -> Any:
    """Return −(log-probability of the labelled class); `log_softmax` then this is `cross_entropy`.

    Parameters
    ----------
    input : (N, C), natural log-probabilities
    target : (N,) integer labels
    reduction, base, ignore_index : as in `cross_entropy`
    """
    _check("nll_loss", reduction, base)
    scores = _tensor(input, "nll_loss")
    _warn_if(scores, ops.softmax, "nll_loss", "log-probabilities: use log_softmax, or log_likelihood")
    y, counted = _labels(scores, target, "nll_loss", ignore_index)
    return _reduce_counted(-_at(scores, y), counted, reduction, base)


def _at(scores: Tensor, labels: Any) -> Tensor:
    """Return each row's entry at its label."""
    return scores[np.arange(scores.shape[0], like=labels), labels]


def log_likelihood(input: Any, target: Any, *, reduction: str = "mean", base: float | None = None) -> Any:
    """Return −log o_y, the output of the labelled class alone (N6).

    Parameters
    ----------
    input : o (N, C), probabilities, of a softmax say
    target : (N,) integer labels, counted from 0 (the notes count from 1)
    reduction, base : as in `cross_entropy`; base=2 for the bits of the notes

    >>> import minigrad as mg
    >>> from minigrad import nn
    >>> print(f"{nn.functional.log_likelihood(mg.tensor([[0.1132, 0.0508, 0.8360]]), [1], base=2):.4f}")
    4.2990
    """
    _check("log_likelihood", reduction, base)
    o = _tensor(input, "log_likelihood")
    _probabilities(o, "log_likelihood", "outputs")
    y, _ = _labels(o, target, "log_likelihood")
    return _reduce(-ops.log_probability(_at(o, y)), reduction, base)


def kl_div(
    input: Any, target: Any, *, reduction: str = "mean", log_target: bool = False, base: float | None = None
) -> Any:
    """Return Σ-terms y (ln y − q) of the divergence of log-probabilities q from probabilities y.

    Parameters
    ----------
    input : q, natural log-probabilities of the model, any shape
    target : y, probabilities of the same shape, or their logarithms with `log_target`
    reduction : "mean" is over all elements, as in PyTorch; "batchmean", the
        sum divided by the number of rows, is the divergence
    log_target : whether the target is given as logarithms
    base : of the logarithm
    """
    _check("kl_div", "sum" if reduction == "batchmean" else reduction, base)
    q = _tensor(input, "kl_div")
    y = _target_like(q, target, "kl_div")
    if log_target:
        losses = e.exp(y) * (y - q)
    else:
        _probabilities(y, "kl_div", "targets")
        losses = y * (ops.log_probability(y) - q)
    if reduction == "batchmean":
        return _reduce(losses, "sum", base) / (q.shape[0] if q.ndim else 1)
    return _reduce(losses, reduction, base)
