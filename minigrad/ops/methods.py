"""The operators and methods of a Tensor: one table from Python's names to the operations.

Read next: `more_methods.py`, which has those that are attached when the first of them is asked for.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ..device import as_device, device_of
from ..engine import Tensor, implements
from ..engine.dispatch import load_missing
from ..errors import GraphError, describe
from . import comparisons, extremes, indexing, kinks, linalg, reduce, rounding, shape, softmax, special
from . import elementwise as e
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


def reduction(operation: Callable[..., Any]) -> Callable[..., Any]:
    """Return a reduction as PyTorch has it for a method: `t.sum(0, True)` keeps the axis."""

    @functools.wraps(operation)
    def apply(self: Tensor, axis: Any = None, keepdims: bool = False, **options: Any) -> Any:
        return operation(self, axis=axis, keepdims=keepdims, **options)

    return apply


def _named(self: Tensor, name: str) -> Tensor:
    """Return the tensor under a name, `t.named("o")`: what explains or derives calls it so, and stops at it."""
    if not isinstance(name, str) or not name:
        raise TypeError(f"named: needs a name, got {describe(name)}")
    result: Tensor = e.named(self, name=name)
    result.name = name
    return result


def _not_in_place(name: str) -> Callable[..., Any]:
    """NumPy's method changes the array and returns None: whoever relies on that must not go on with the old order."""

    def refuse(self: Tensor, *args: Any, **options: Any) -> Any:
        raise TypeError(f"t.{name}(…) would change t in place, which a Tensor never does; write u = mg.{name}(t, …)")

    return refuse


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


_and, _or = _of_booleans(comparisons.logical_and, "&"), _of_booleans(comparisons.logical_or, "|")
_xor, _not = _of_booleans(comparisons.logical_xor, "^"), _of_booleans(comparisons.logical_not, "~")
implements(np.bitwise_and)(_and)
implements(np.bitwise_or)(_or)
implements(np.bitwise_xor)(_xor)
implements(np.invert)(_not)

OPERATORS: dict[str, tuple[Callable[..., Any], str]] = {
    "add": (e.add, "+"),
    "sub": (e.subtract, "-"),
    "mul": (e.multiply, "*"),
    "truediv": (e.divide, "/"),
    "pow": (e.power, "**"),
    "floordiv": (rounding.floor_divide, "//"),
    "mod": (rounding.remainder, "%"),
    "matmul": (linalg.matmul, "@"),
}

METHODS: dict[str, Callable[..., Any]] = {
    "__neg__": e.negative, "__pos__": e.positive, "__abs__": kinks.absolute, "__invert__": _not,
    "__eq__": comparisons.equal, "__ne__": comparisons.not_equal, "__lt__": comparisons.less,
    "__le__": comparisons.less_equal, "__gt__": comparisons.greater, "__ge__": comparisons.greater_equal,
    "__and__": _and, "__or__": _or, "__xor__": _xor, "__rand__": _and, "__ror__": _or, "__rxor__": _xor,
    "__divmod__": rounding.divmod, "__rdivmod__": _reflected(rounding.divmod), "__round__": rounding.round,
    "__floor__": rounding.floor, "__ceil__": rounding.ceil, "__trunc__": rounding.trunc,
    "__getitem__": indexing.subscript, "abs": kinks.absolute, "clamp": kinks.clip, "pow": e.power, "conj": e.positive,
    "conjugate": e.positive, "fix": rounding.trunc, "true_divide": e.divide, "sigmoid": activations.sigmoid,
    "relu": activations.relu, "softmax": softmax.softmax, "sum": reduction(reduce.sum), "mean": reduction(reduce.mean),
    "max": reduction(extremes.max), "min": reduction(extremes.min), "amax": reduction(extremes.max),
    "amin": reduction(extremes.min), "argmax": reduction(extremes.argmax), "argmin": reduction(extremes.argmin),
    "all": reduction(reduce.all), "any": reduction(reduce.any), "count_nonzero": reduce.count_nonzero,
    "logsumexp": softmax.logsumexp, "sort": _not_in_place("sort"), "partition": _not_in_place("partition"),
    "dot": linalg.dot, "matmul": linalg.matmul, "outer": linalg.outer, "reshape": _reshape, "transpose": _transpose,
    "permute": _transpose, "ravel": shape.ravel, "flatten": shape.flatten, "swapaxes": shape.swapaxes,
    "moveaxis": shape.moveaxis, "squeeze": shape.squeeze, "unsqueeze": shape.expand_dims,
    "broadcast_to": shape.broadcast_to, "copy": shape.copy, "clone": shape.copy, "astype": shape.astype, "to": _to,
    "named": _named,
}  # fmt: skip

# Functions of a number at every position, which NumPy or PyTorch has as methods, under the names they have here
FUNCTIONS: dict[Any, str] = {
    e: "add subtract multiply divide negative positive reciprocal square power float_power sqrt cbrt exp exp2 expm1 "
    "log log1p log2 log10 sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh arccosh arctanh",
    kinks: "absolute sign copysign heaviside maximum minimum fmax fmin clip nan_to_num",
    rounding: "floor ceil trunc round floor_divide remainder fmod frac ldexp frexp",
    comparisons: "isnan isinf isfinite isposinf isneginf signbit isclose allclose logical_and logical_or logical_xor "
    "logical_not",
    special: "erf erfc erfinv",
}

for name, (operation, symbol) in OPERATORS.items():
    setattr(Tensor, f"__{name}__", operation)
    setattr(Tensor, f"__r{name}__", _reflected(operation))
    setattr(Tensor, f"__i{name}__", _in_place(operation, symbol))
for module, names in FUNCTIONS.items():
    METHODS.update({name: getattr(module, name) for name in names.split()})
for name, operation in METHODS.items():
    setattr(Tensor, name, operation)
Tensor.real = property(e.positive)  # type: ignore[attr-defined]
Tensor.T = property(shape.transpose)  # type: ignore[assignment]
Tensor.mT = property(shape.matrix_transpose)  # type: ignore[assignment]

# Methods that need operations which are not loaded yet: the first call of one attaches all (`more_methods.py`).
LATER = [
    "arctan2", "argpartition", "argsort", "choose", "compress", "cumprod", "cumsum", "deg2rad", "det", "diag",
    "diagonal", "diff", "digamma", "flip", "hypot", "i0", "inner", "inverse", "kron", "lgamma", "logaddexp",
    "logaddexp2", "matrix_power", "nanmean", "nansum", "nonzero", "norm", "prod", "quantile", "rad2deg", "repeat",
    "roll", "rot90", "searchsorted", "sinc", "slogdet", "std", "take", "tile", "trace", "tril", "triu", "var",
    "vdot", "xlogy",
]  # fmt: skip


def _later(name: str) -> Callable[..., Any]:
    def call(self: Tensor, *args: Any, **options: Any) -> Any:
        load_missing()
        return getattr(self, name)(*args, **options)

    return call


def _at(self: Tensor) -> Any:
    load_missing()
    return self.at


for name in LATER:
    setattr(Tensor, name, _later(name))
Tensor.at = property(_at)
