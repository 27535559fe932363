"""Batch and layer normalisation (N22). Read next: `functional.py`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..engine import Tensor, get_default_dtype
from ..errors import ShapeError, as_integer, as_number, describe
from ..ops.nn import moments_of, standardize
from .module import Buffer, Module, Parameter


class BatchNorm1d(Module):
    """Normalise each feature over the mini-batch (N22; Ioffe & Szegedy 2015).

    ẑ = (z − μ_B) / √(σ²_B + ε);  z′ = γẑ + β

    μ_B and σ²_B (biased) are taken over the batch in training; running values in evaluation. γ and β
    are learned: γ = √(σ² + ε), β = μ would restore z. Put it before the activation, and leave out the bias
    of the layer before, `nn.Linear(…, bias=False)`: μ_B takes any constant away again and β replaces it.

    Parameters
    ----------
    num_features : C
    eps : ε
    momentum : the part of a new batch in the running values: running ← (1 − momentum)·running + momentum·batch;
        the running variance is unbiased, as in PyTorch
    affine : whether there are γ (weight) and β (bias)

    Shapes
    ------
    (N, C) or (N, C, L) → the same; a feature map (N, C, L) has one γ, β a map, with statistics over N·L values
    """

    dims: tuple[int, ...] = (2, 3)

    def __init__(
        self, num_features: int, eps: float = 1e-5, momentum: float = 0.1, affine: bool = True, *, dtype: Any = None
    ) -> None:
        name = type(self).__name__
        as_number(name, "eps", eps), as_number(name, "momentum", momentum)
        if not isinstance(num_features, int | np.integer) or num_features <= 0 or not eps > 0 or not 0 <= momentum <= 1:
            raise ValueError(
                f"{name}: needs num_features > 0, eps > 0 and momentum in [0, 1], "
                f"got {num_features!r}, {eps!r}, {momentum!r}"
            )
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        dtype = dtype or get_default_dtype()
        self.weight = Parameter(np.ones(num_features, dtype)) if affine else None
        self.bias = Parameter(np.zeros(num_features, dtype)) if affine else None
        self.running_mean = Buffer(np.zeros(num_features, dtype))
        self.running_var = Buffer(np.ones(num_features, dtype))
        self.num_batches_tracked = Buffer(np.asarray(0))

    def forward(self, x: Any) -> Any:
        """Return the normalised x; in training, update the running values."""
        name, c = type(self).__name__, self.num_features
        if len(x.shape) not in self.dims or x.shape[1] != c:
            wanted = " or ".join("(" + ", ".join(["N", str(c), "L", "M"][:d]) + ")" for d in self.dims)
            raise ShapeError(f"{name}: needs shape {wanted}, got {describe(x)}")
        axes = (0, *range(2, len(x.shape)))
        shape = (1, c, *[1] * (len(x.shape) - 2))
        if self.training:
            count = math.prod([x.shape[a] for a in axes])
            if count < 2:
                raise ShapeError(
                    f"{name}: in training each feature needs more than one value, got {describe(x)}; use eval()"
                )
            z = standardize(x, axis=axes, eps=self.eps)
            out, data = (a.data if isinstance(a, Tensor) else a for a in (z, x))
            self._track(*moments_of(out, data, axes), count)
        else:
            scale = 1 / np.sqrt(self.running_var.data + self.eps)
            z = (x - self.running_mean.data.reshape(shape)) * scale.reshape(shape)
        if self.weight is None or self.bias is None:
            return z
        return (
            z * self.weight.reshape(shape) + self.bias.reshape(shape) if len(shape) > 2 else z * self.weight + self.bias
        )

    def _track(self, mean: Any, var: Any, count: int) -> None:
        keep, new, shape = 1 - self.momentum, self.momentum, (self.num_features,)
        unbiased = var * (count / (count - 1))
        self.running_mean.copy_(keep * self.running_mean.data + new * mean.reshape(shape))
        self.running_var.copy_(keep * self.running_var.data + new * unbiased.reshape(shape))
        self.num_batches_tracked.copy_(self.num_batches_tracked.data + 1)

    def extra_repr(self) -> str:
        """Return the sizes and constants."""
        return f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.weight is not None}"


class BatchNorm2d(BatchNorm1d):
    """Batch normalisation of feature maps (N, C, H, W): one γ and β a map, statistics over N·H·W values (N22)."""

    dims = (4,)


class LayerNorm(Module):
    """Normalise each sample over its own features (Ba et al. 2016): the same in training and evaluation.

    Parameters
    ----------
    normalized_shape : the last axes, over which mean and biased variance are taken
    eps : added to the variance
    elementwise_affine : whether there are a weight and a bias of that shape

    Shapes
    ------
    (…, *normalized_shape) → the same
    """

    def __init__(
        self,
        normalized_shape: int | tuple[int, ...],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        *,
        dtype: Any = None,
    ) -> None:
        given = normalized_shape if isinstance(normalized_shape, Sequence) else (normalized_shape,)
        shape = tuple([as_integer("LayerNorm", "normalized_shape", n) for n in given])
        as_number("LayerNorm", "eps", eps)
        if not shape or min(shape) <= 0 or not eps > 0:
            raise ValueError(f"LayerNorm: needs positive lengths and eps > 0, got {normalized_shape!r}, {eps!r}")
        self.normalized_shape, self.eps = shape, eps
        dtype = dtype or get_default_dtype()
        self.weight = Parameter(np.ones(shape, dtype)) if elementwise_affine else None
        self.bias = Parameter(np.zeros(shape, dtype)) if elementwise_affine else None

    def forward(self, x: Any) -> Any:
        """Return the normalised x."""
        count = len(self.normalized_shape)
        if x.shape[-count:] != self.normalized_shape:
            raise ShapeError(f"LayerNorm: the last axes must be {list(self.normalized_shape)}, got {describe(x)}")
        z = standardize(x, axis=tuple(range(-count, 0)), eps=self.eps)
        return z if self.weight is None or self.bias is None else z * self.weight + self.bias

    def extra_repr(self) -> str:
        """Return the shape and ε."""
        return f"{self.normalized_shape}, eps={self.eps}"
