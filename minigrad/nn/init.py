"""Initial weights. Each function overwrites a parameter in place and returns it.

fan_in (n_in) is the number of edges into a node, fan_out (n_out) the number out of it: for a weight
(out, in) its second and its first length; `fans` tells. Read next: `state.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..device import get_device, move
from ..engine import Tensor, no_grad
from ..errors import ShapeError, as_number, describe
from ..ops import random
from .layers import Linear
from .module import Module


class Fans(NamedTuple):
    """Edges into and out of a node."""

    fan_in: int
    fan_out: int


def _weight(tensor: Any, call: str) -> Tensor:
    """Return the tensor that is to be filled, or raise for what is none."""
    if not isinstance(tensor, Tensor):
        raise TypeError(f"{call}: needs the Tensor to fill, such as layer.weight, got {describe(tensor)}")
    return tensor


def fans(tensor: Tensor) -> Fans:
    """Return fan_in and fan_out of a weight (out, in), or (out, in, *kernel).

    >>> from minigrad import nn
    >>> nn.init.fans(nn.Linear(784, 128).weight)
    Fans(fan_in=784, fan_out=128)
    """
    if _weight(tensor, "fans").ndim < 2:
        raise ShapeError(f"fans: needs a weight of two or more axes, (out, in, …), got {describe(tensor)}")
    field = math.prod(tensor.shape[2:])
    return Fans(tensor.shape[1] * field, tensor.shape[0] * field)


def zeros_(tensor: Tensor) -> Tensor:
    """Fill with 0."""
    return constant_(tensor, 0.0)


def constant_(tensor: Tensor, value: float) -> Tensor:
    """Fill with one value. Equal weights of two nodes stay equal for ever (N11): for biases only."""
    return _weight(tensor, "constant_").copy_(np.full_like(tensor.data, as_number("constant_", "value", value)))


def uniform_(tensor: Tensor, low: float = 0.0, high: float = 1.0, *, generator: Any = None) -> Tensor:
    """Draw from the uniform distribution on [low, high)."""
    _weight(tensor, "uniform_")
    if not as_number("uniform_", "low", low) <= as_number("uniform_", "high", high):
        raise ValueError(f"uniform_: low must not exceed high, got {low!r}, {high!r}")
    return tensor.copy_(
        random.uniform(tensor.shape, low, high, dtype=tensor.dtype, device=tensor.device, generator=generator)
    )


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: Any = None) -> Tensor:
    """Draw from the normal distribution; AlexNet's is std=0.01 (N14: 0.01 is the standard deviation)."""
    _weight(tensor, "normal_")
    if not as_number("normal_", "std", std) >= 0:
        raise ValueError(f"normal_: std must not be negative, got {std!r}")
    return tensor.copy_(
        random.normal(tensor.shape, mean, std, dtype=tensor.dtype, device=tensor.device, generator=generator)
    )


def glorot_uniform_(tensor: Tensor, gain: float = 1.0, *, generator: Any = None) -> Tensor:
    """Draw uniformly from ±r, r = gain·√6 / √(n_in + n_out) (N13; Glorot & Bengio 2010).

    >>> import minigrad as mg, numpy as np
    >>> from minigrad import nn
    >>> w = nn.init.glorot_uniform_(nn.Linear(30, 20).weight)
    >>> bool(np.abs(w.numpy()).max() <= np.sqrt(6 / 50))
    True
    """
    bound = gain * math.sqrt(6 / sum(fans(tensor)))
    return uniform_(tensor, -bound, bound, generator=generator)


def glorot_normal_(tensor: Tensor, gain: float = 1.0, *, generator: Any = None) -> Tensor:
    """Draw from the normal distribution of standard deviation gain·√2 / √(n_in + n_out) (Glorot & Bengio 2010)."""
    return normal_(tensor, 0.0, gain * math.sqrt(2 / sum(fans(tensor))), generator=generator)


def he_uniform_(tensor: Tensor, gain: float = math.sqrt(2), *, generator: Any = None) -> Tensor:
    """Draw uniformly from ±gain·√3 / √n_in: for relu, gain √2 (He et al. 2015)."""
    bound = gain * math.sqrt(3 / fans(tensor).fan_in)
    return uniform_(tensor, -bound, bound, generator=generator)


def he_normal_(tensor: Tensor, gain: float = math.sqrt(2), *, generator: Any = None) -> Tensor:
    """Draw from the normal distribution of standard deviation gain / √n_in: for relu, gain √2 (He et al. 2015)."""
    return normal_(tensor, 0.0, gain / math.sqrt(fans(tensor).fan_in), generator=generator)


def lecun_normal_(tensor: Tensor, *, generator: Any = None) -> Tensor:
    """Draw from the normal distribution of standard deviation 1 / √n_in (LeCun et al. 1998)."""
    return he_normal_(tensor, 1.0, generator=generator)


def orthogonal_(tensor: Tensor, gain: float = 1.0, *, generator: Any = None) -> Tensor:
    """Draw a matrix whose rows, or columns if there are fewer, are orthonormal, times `gain` (Saxe et al. 2014)."""
    fans(tensor)  # which refuses vectors
    rows = tensor.shape[0]
    columns = tensor.size // max(rows, 1)
    draw = random.normal((max(rows, columns), min(rows, columns)), dtype=np.float64, generator=generator)
    q, r = np.linalg.qr(draw)
    q = q * np.where(np.diagonal(r) < 0, -1.0, 1.0)  # signs made unique: every rotation is equally likely
    q = q if rows >= columns else q.T
    values = (gain * q).reshape(tensor.shape).astype(tensor.dtype)
    return tensor.copy_(move(values, get_device(tensor.device)))


def lsuv_(model: Module, batch: Any, *, tol: float = 1e-3, max_iterations: int = 10, generator: Any = None) -> Module:
    """Give every linear layer outputs of variance 1 on a batch (N15; Mishkin & Matas 2016).

    Weights start orthonormal and biases at 0. Then, layer by layer from the input on, the batch is run
    through the model and the layer's weight divided by the standard deviation of its output, until its
    variance is within `tol` of 1. The model runs in evaluation mode: nothing is dropped and no running
    values change.

    Parameters
    ----------
    model : any module; its Linear layers are initialised, in the order in which it uses them
    batch : an input of the model
    tol : the accepted distance of each variance from 1
    max_iterations : how often a layer is rescaled at most
    generator : draws the orthonormal start

    Returns
    -------
    the model

    Raises
    ------
    ValueError
        when a layer's output does not depend on the batch, or is never reached.
    """
    if not isinstance(model, Module):
        raise TypeError(f"lsuv_: needs a module, got {describe(model)}")
    layers = {key: layer for key, layer in model.named_modules() if isinstance(layer, Linear)}
    if not layers:
        raise ValueError(f"lsuv_: {type(model).__name__} has no Linear layer")
    for layer in layers.values():
        orthogonal_(layer.weight, generator=generator)
        if layer.bias is not None:
            zeros_(layer.bias)
    used = _output_variances(model, layers, batch)
    for key in layers:
        if key not in used:
            raise ValueError(f"lsuv_: the model did not use its layer {key!r} on this batch")
    for key in used:
        for _ in range(max_iterations):
            variance = _output_variances(model, layers, batch)[key]
            if abs(variance - 1) <= tol:
                break
            if not variance > 0 or not math.isfinite(variance):
                raise ValueError(
                    f"lsuv_: the output of layer {key!r} has variance {variance} on this batch; use another batch"
                )
            layers[key].weight.copy_(layers[key].weight.data / math.sqrt(variance))
    return model


def _output_variances(model: Module, layers: dict[str, Linear], batch: Any) -> dict[str, float]:
    """Run the batch through the model, and return the variance of each layer's output, in order of use."""
    variances: dict[str, float] = {}

    def watch(key: str, layer: Linear) -> Callable[[Any], Any]:
        def forward(x: Any) -> Any:
            z = Linear.forward(layer, x)
            variances.setdefault(key, float(z.data.astype(np.float64).var()))
            return z

        return forward

    modes = [(module, module.training) for module in model.modules()]
    for key, layer in layers.items():
        layer.forward = watch(key, layer)  # type: ignore
    try:
        with no_grad():
            model.eval()(batch if isinstance(batch, Tensor) else Tensor(batch))
    finally:
        for layer in layers.values():
            del layer.forward
        for module, training in modes:
            module.training = training
    return variances
