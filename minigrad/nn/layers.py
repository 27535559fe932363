"""The layers. Each docstring gives the shapes.

Read next: `normalization.py`.
"""

from __future__ import annotations

import functools
import itertools
import math
from operator import attrgetter
from typing import Any

import numpy as np

from ..device import find_device
from ..engine import Row, Tensor, can_be_in_a_row, get_default_dtype
from ..engine.primitive import definitions
from ..engine.tracing import holds
from ..errors import DtypeError, ShapeError, as_number, describe
from ..ops import nn as ops
from ..ops import random
from ..ops.elementwise import tanh
from ..ops.linalg import linear
from .module import Module, OneOperation, Parameter


def _positive(call: str, **sizes: int) -> None:
    for name, size in sizes.items():
        if not isinstance(size, int | np.integer) or size <= 0:
            raise ValueError(f"{call}: {name} must be a positive integer, got {size!r}")


class Sequential(Module):
    """Modules one after the other; keys are positions: "0.weight".

    >>> import minigrad as mg
    >>> from minigrad import nn
    >>> nn.Sequential(nn.Linear(2, 3), nn.Tanh())
    Sequential(
      (0): Linear(in_features=2, out_features=3, bias=True)
      (1): Tanh()
    )
    """

    def __init__(self, *modules: Module) -> None:
        for i, module in enumerate(modules):
            if not callable(module):
                raise TypeError(f"Sequential: entry {i} is {describe(module)}, needs a Module or a function")
        self.layers = list(modules)

    def _parts(self) -> Any:
        yield from ((str(i), layer) for i, layer in enumerate(self.layers))
        yield from ((name, value) for name, value in vars(self).items() if name != "layers")  # what a subclass adds

    def forward(self, x: Any) -> Any:
        """Return the output of the last module."""
        for part, row in _parts_of(tuple(map(type, self.layers)), definitions[0]):
            layers = self.layers[part]
            out = row(x, layers) if row is not None and _as_declared(layers) else None
            if out is None:
                out = x
                for layer in layers:
                    out = layer(out)
            x = out
        return x

    def __len__(self) -> int:
        return len(self.layers)

    def __getitem__(self, index: Any) -> Any:
        return Sequential(*self.layers[index]) if isinstance(index, slice) else self.layers[index]

    def __iter__(self) -> Any:
        return iter(self.layers)


@functools.lru_cache(256)
def _parts_of(kinds: tuple[Any, ...], definitions: int) -> list[tuple[slice, Row | None]]:
    """Divide layers of these kinds into rows of those that are one operation each, and the others."""
    parts: list[tuple[slice, Row | None]] = []
    plain = [_is_plain(kind) for kind in kinds]
    for is_plain, run in itertools.groupby(range(len(kinds)), plain.__getitem__):
        numbers = list(run)
        steps = [(kinds[i].operation, kinds[i].operands) for i in numbers] if is_plain and len(numbers) > 1 else None
        parts.append((slice(numbers[0], numbers[-1] + 1), Row(steps) if steps else None))
    return parts


_FORWARD, _forward_of = {OneOperation.forward}, attrgetter("forward.__func__")


def _as_declared(layers: list[Any]) -> bool:
    """Tell whether the forward of no layer has been replaced."""
    try:
        return _FORWARD.issuperset(map(_forward_of, layers))
    except AttributeError:  # by a function
        return False


def _is_plain(kind: Any) -> bool:
    """Tell whether calling a layer of a kind is calling its operation, and nothing beside."""
    if not issubclass(kind, OneOperation) or kind.__call__ is not Module.__call__:
        return False
    return kind.forward is OneOperation.forward and can_be_in_a_row(kind.operation)


class Linear(OneOperation):
    """A layer of nodes: z = x uᵀ + b.

    Parameters
    ----------
    in_features : n_in, edges into each node
    out_features : n_out, the number of nodes
    bias : whether there is a b; it is redundant before a batch normalisation
    dtype : of the parameters; the default dtype unless given
    generator : draws the initial weights

    Shapes
    ------
    x (…, in_features) → z (…, out_features); weight u (out_features, in_features); bias (out_features,)

    Initially weight and bias are uniform on ±1/√in_features, as in PyTorch; see `nn.init` for others.
    """

    operation = staticmethod(linear)
    operands = ("weight", "bias")

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, *, dtype: Any = None, generator: Any = None
    ) -> None:
        _positive("Linear", in_features=in_features, out_features=out_features)
        random.check_generator("Linear", generator)
        self.in_features, self.out_features = in_features, out_features
        bound = 1 / math.sqrt(in_features)
        dtype = dtype or get_default_dtype()
        self.weight = Parameter(
            random.uniform((out_features, in_features), -bound, bound, dtype=dtype, generator=generator)
        )
        self.bias = (
            Parameter(random.uniform((out_features,), -bound, bound, dtype=dtype, generator=generator))
            if bias
            else None
        )

    def _in_brief(self) -> str:
        return f"{type(self).__name__} {self.in_features}→{self.out_features}"

    def extra_repr(self) -> str:
        """Return the sizes."""
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


class Flatten(Module):
    """All axes from `start_dim` on as one: x (N, …) → (N, product of the others)."""

    def __init__(self, start_dim: int = 1) -> None:
        self.start_dim = start_dim

    def forward(self, x: Any) -> Any:
        """Return x with its last axes joined."""
        if not -len(x.shape) <= self.start_dim < max(len(x.shape), 1):
            raise ShapeError(f"Flatten: there is no axis {self.start_dim} in {describe(x)}")
        start = self.start_dim % max(len(x.shape), 1)
        return x.reshape((*x.shape[:start], math.prod(x.shape[start:])))


class Embedding(Module):
    """A table of vectors, looked up by number.

    Parameters
    ----------
    num_embeddings : rows of the table
    embedding_dim : length of each vector

    Shapes
    ------
    integers of any shape (…) → (…, embedding_dim); weight (num_embeddings, embedding_dim)

    Initially standard normal, as in PyTorch.
    """

    def __init__(self, num_embeddings: int, embedding_dim: int, *, dtype: Any = None, generator: Any = None) -> None:
        _positive("Embedding", num_embeddings=num_embeddings, embedding_dim=embedding_dim)
        random.check_generator("Embedding", generator)
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        dtype = dtype or get_default_dtype()
        self.weight = Parameter(random.normal((num_embeddings, embedding_dim), dtype=dtype, generator=generator))

    def forward(self, indices: Any) -> Any:
        """Return the rows of the table that the indices name."""
        index = indices.data if isinstance(indices, Tensor) else indices
        index = np.asarray(index) if find_device(index) is None else index
        if index.dtype.kind not in "iu":
            raise DtypeError(f"Embedding: indices must be integers, got {describe(index)}")
        if index.size and not holds((index.min() >= 0) & (index.max() < self.num_embeddings)):
            raise IndexError(
                f"Embedding: indices must lie in 0 … {self.num_embeddings - 1}, got {index.min()} … {index.max()}"
            )
        return self.weight[index]

    def extra_repr(self) -> str:
        """Return the sizes."""
        return f"{self.num_embeddings}, {self.embedding_dim}"


class Dropout(Module):
    """In training, drop each element with probability p and divide the others by 1 − p (Srivastava et al. 2014).

    In evaluation it does nothing: the division keeps the mean the same. Shape (…) → (…).

    Parameters
    ----------
    p : the probability of dropping, in [0, 1]
    generator : draws the masks
    """

    def __init__(self, p: float = 0.5, *, generator: Any = None) -> None:
        if not 0 <= as_number("Dropout", "p", p) <= 1:
            raise ValueError(f"Dropout: p must be in [0, 1], got {p!r}")
        random.check_generator("Dropout", generator)
        self.p, self.generator = p, generator

    def forward(self, x: Any) -> Any:
        """Return x with some elements dropped, in training."""
        if not self.training or self.p == 0:
            return x
        x = x if isinstance(x, Tensor) else Tensor(x)
        if x.dtype.kind != "f":
            raise DtypeError(f"Dropout: x must be floating, got {describe(x)}; convert it with .astype('float32')")
        if self.p == 1:
            return x * 0
        kept = random.uniform(x.shape, dtype=x.dtype, device=x.device, generator=self.generator) >= self.p
        return x * (kept.astype(x.dtype) / (1 - self.p))

    def extra_repr(self) -> str:
        """Return p."""
        return f"p={self.p}"


# Activations: element-wise, shape (…) → (…)


class Sigmoid(OneOperation):
    """σ(x) = 1 / (1 + e⁻ˣ)."""

    operation = staticmethod(ops.sigmoid)


class LogSigmoid(OneOperation):
    """ln σ(x)."""

    operation = staticmethod(ops.log_sigmoid)


class Softplus(OneOperation):
    """ln(1 + eˣ)."""

    operation = staticmethod(ops.softplus)


class Tanh(OneOperation):
    """The hyperbolic tangent."""

    operation = staticmethod(tanh)


class ReLU(OneOperation):
    """max(x, 0)."""

    operation = staticmethod(ops.relu)


class LeakyReLU(Module):
    """x where x > 0, negative_slope · x elsewhere."""

    def __init__(self, negative_slope: float = 0.01) -> None:
        self.negative_slope = negative_slope

    def forward(self, x: Any) -> Any:
        """Return the leaky ReLU of x."""
        return ops.leaky_relu(x, negative_slope=self.negative_slope)

    def extra_repr(self) -> str:
        """Return the slope."""
        return f"negative_slope={self.negative_slope}"


class ELU(Module):
    """x where x > 0, alpha · (eˣ − 1) elsewhere."""

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = alpha

    def forward(self, x: Any) -> Any:
        """Return the ELU of x."""
        return ops.elu(x, alpha=self.alpha)

    def extra_repr(self) -> str:
        """Return alpha."""
        return f"alpha={self.alpha}"


class GELU(Module):
    """x · Φ(x)."""

    def __init__(self, approximate: str = "none") -> None:
        self.approximate = approximate

    def forward(self, x: Any) -> Any:
        """Return x · Φ(x)."""
        return ops.gelu(x, approximate=self.approximate)


class SiLU(OneOperation):
    """x · σ(x)."""

    operation = staticmethod(ops.silu)


class Softmax(Module):
    """exp zᵢ / Σⱼ exp zⱼ along an axis, the last by default (N7)."""

    def __init__(self, dim: int = -1) -> None:
        self.dim = dim

    def forward(self, x: Any) -> Any:
        """Return the softmax of x."""
        return ops.softmax(x, axis=self.dim)

    def extra_repr(self) -> str:
        """Return the axis."""
        return f"dim={self.dim}"


class LogSoftmax(Softmax):
    """ln softmax along an axis, the last by default."""

    def forward(self, x: Any) -> Any:
        """Return the logarithm of the softmax of x."""
        return ops.log_softmax(x, axis=self.dim)
