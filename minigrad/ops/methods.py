"""The operators and methods of a Tensor: one table from Python's names to the operations.

Read next: `minigrad/transforms.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..device import as_device, device_of
from ..engine import Tensor, implements
from ..errors import GraphError, describe
from . import elementwise as e
from . import indexing, linalg, reduce, shape
from . import nn as activations


def _reflected(operation: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, other: operation(other, self)


def _in_place(operation: Callable[..., Any], symbol: str) -> Callable[..., Any]:
    """`t += u` makes a new tensor, which is right for a result; a leaf would silently stop being one."""

    def apply(self: Tensor, other: Any) -> Any:
        if self.requires_grad and self._node is None:
            raise GraphError(
                f"t {symbol}= … on a leaf that requires gradients would replace the leaf by a result; write "
                f"u = t {symbol} … for a new tensor, or t.copy_(values) under mg.no_grad() to update the leaf"
            )
        return operation(self, other)

    return apply


def _reshape(self: Tensor, *shape_: Any) -> Any:
    """Return the elements in another shape: `t.reshape(2, 3)` or `t.reshape((2, 3))`."""
    return shape.reshape(self, shape_[0] if len(shape_) == 1 else shape_)


def _transpose(self: Tensor, *axes: Any) -> Any:
    """Return the tensor with its axes in another order: `t.transpose()`, `t.transpose(1, 0)` or one tuple."""
    if not axes or axes == (None,):
        return shape.transpose(self)
    return shape.transpose(self, axes[0] if len(axes) == 1 else axes)


def _to(self: Tensor, device: Any = None, dtype: Any = None) -> Any:
    """Return the tensor on another device ("cpu", "cuda") or in another dtype, with its graph."""
    target, dtype = as_device(device, dtype)
    moved = self
    if target is not None:
        source = device_of(self.data)
        if source is not target:
            moved = shape.to_device(self, source=source, target=target)
    return moved if dtype is None or moved.dtype == dtype else shape.astype(moved, dtype)


def _of_booleans(operation: Callable[..., Any], symbol: str) -> Callable[..., Any]:
    """`&`, `|` and `~` are for masks; of numbers NumPy takes the bits, which is seldom meant."""

    def apply(*operands: Any) -> Any:
        for x in operands:
            if (x.dtype if hasattr(x, "dtype") else np.asarray(x).dtype).kind != "b":
                raise TypeError(
                    f"{symbol}: only for booleans, got {', '.join(map(describe, operands))}; "
                    f"compare first, as in (t > 0) {symbol} (u > 0)"
                )
        return operation(*operands)

    return apply


_and, _or, _not = _of_booleans(e.logical_and, "&"), _of_booleans(e.logical_or, "|"), _of_booleans(e.logical_not, "~")
implements(np.bitwise_and)(_and)
implements(np.bitwise_or)(_or)
implements(np.invert)(_not)

OPERATORS: dict[str, tuple[Callable[..., Any], str]] = {
    "add": (e.add, "+"),
    "sub": (e.subtract, "-"),
    "mul": (e.multiply, "*"),
    "truediv": (e.divide, "/"),
    "pow": (e.power, "**"),
    "matmul": (linalg.matmul, "@"),
}

METHODS: dict[str, Callable[..., Any]] = {
    "__neg__": e.negative, "__pos__": e.positive, "__abs__": e.absolute, "__invert__": _not,
    "__eq__": e.equal, "__ne__": e.not_equal, "__lt__": e.less, "__le__": e.less_equal,
    "__gt__": e.greater, "__ge__": e.greater_equal, "__and__": _and, "__or__": _or, "__rand__": _and, "__ror__": _or,
    "__getitem__": indexing.getitem,
    "abs": e.absolute, "exp": e.exp, "log": e.log, "sqrt": e.sqrt, "square": e.square, "sin": e.sin, "cos": e.cos,
    "tanh": e.tanh, "clip": e.clip,
    "sigmoid": activations.sigmoid, "relu": activations.relu, "softmax": activations.softmax,
    "sum": reduce.sum, "mean": reduce.mean, "var": reduce.var, "std": reduce.std, "prod": reduce.prod,
    "max": reduce.max, "min": reduce.min, "argmax": reduce.argmax, "argmin": reduce.argmin,
    "all": reduce.all, "any": reduce.any, "cumsum": reduce.cumsum,
    "dot": linalg.dot, "matmul": linalg.matmul,
    "reshape": _reshape, "transpose": _transpose, "ravel": shape.ravel, "flatten": shape.ravel,
    "swapaxes": shape.swapaxes, "squeeze": shape.squeeze, "diagonal": indexing.diagonal,
    "astype": shape.astype, "to": _to,
}  # fmt: skip

for name, (operation, symbol) in OPERATORS.items():
    setattr(Tensor, f"__{name}__", operation)
    setattr(Tensor, f"__r{name}__", _reflected(operation))
    setattr(Tensor, f"__i{name}__", _in_place(operation, symbol))
for name, operation in METHODS.items():
    setattr(Tensor, name, operation)
Tensor.T = property(shape.transpose)  # type: ignore[assignment]
