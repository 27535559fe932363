"""Constants as large as another array, and what NumPy asks about an array's shape.

None has a derivative: a result is a new leaf that requires no gradient. Read next: `indexing.py`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..engine import Tensor, implements
from ..engine.convert import check_dtype
from ..errors import describe

Array = Any


def _data(a: Any, dtype: Any, call: str) -> Array:
    """Return an array of the shape and dtype that are wanted, on the device of `a`; its values do not matter."""
    if dtype is not None:
        check_dtype(np.dtype(dtype), call)
    return a._data if isinstance(a, Tensor) else Tensor(a)._data


@implements(np.zeros_like)
def zeros_like(a: Array, dtype: Any = None) -> Tensor:
    """Return zeros of the shape, the dtype (if no other is given) and the device of `a`.

    >>> import minigrad as mg
    >>> mg.zeros_like(mg.tensor([[1.0, 2.0]], requires_grad=True))
    tensor([[0., 0.]])
    """
    return Tensor(np.zeros_like(_data(a, dtype, "zeros_like"), dtype))


@implements(np.ones_like)
def ones_like(a: Array, dtype: Any = None) -> Tensor:
    """Return ones of the shape, the dtype (if no other is given) and the device of `a`."""
    return Tensor(np.ones_like(_data(a, dtype, "ones_like"), dtype))


@implements(np.full_like)
def full_like(a: Array, fill_value: float, dtype: Any = None) -> Tensor:
    """Return an array of one number, of the shape, the dtype (if no other is given) and the device of `a`.

    Raises
    ------
    TypeError
        when `fill_value` is an array or a Tensor, whose gradient would be lost.
    ValueError
        when the dtype cannot hold it: 0.5 among integers.
    """
    data = _data(a, dtype, "full_like")
    dtype = data.dtype if dtype is None else np.dtype(dtype)
    if not isinstance(fill_value, int | float | np.number | np.bool):
        raise TypeError(
            f"full_like: fill_value must be a number, got {describe(fill_value)}; "
            "broadcast_to(value, a.shape) repeats a Tensor and keeps its gradient"
        )
    if dtype.kind != "f" and fill_value != _cast(fill_value, dtype):
        raise ValueError(f"full_like: {dtype} cannot hold {fill_value!r}; pass dtype='float32' for a floating result")
    return Tensor(np.full_like(data, fill_value, dtype))


def _cast(value: Any, dtype: np.dtype[Any]) -> Any:
    """Return a number as the dtype holds it, None if it cannot."""
    try:
        return np.array(value, dtype).item()
    except (OverflowError, ValueError):
        return None


@implements(np.shape)
def shape(a: Tensor) -> tuple[int, ...]:
    """Return the lengths of the axes."""
    return a.shape


@implements(np.ndim)
def ndim(a: Tensor) -> int:
    """Return the number of axes."""
    return len(a.shape)


@implements(np.size)
def size(a: Tensor, axis: int | tuple[int, ...] | None = None) -> int:
    """Return the number of elements, or of those along some axes."""
    if axis is None:
        return a.size
    return math.prod(a.shape[i] for i in (axis if isinstance(axis, tuple) else (axis,)))
