"""Indexing, basic and advanced, and its adjoint: adding into zeros at an index.

Each is the other's derivative, so either can be differentiated as often as one likes. Read next:
`arranging.py`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..device import find_device, to_numpy
from ..engine import Tensor, primitive
from ..engine.tracing import holds
from ..errors import ShapeError, describe
from .shape import axis_of

Array = Any


@primitive
def getitem(a: Array, *, index: Any) -> Array:
    """Return `a[index]`: slices, integers, None, Ellipsis, integer and boolean arrays, as in NumPy."""
    try:
        return a[index]
    except (IndexError, TypeError) as error:
        raise explained(error, a, index, "t") from error


@primitive
def add_at(values: Array, *, index: Any, shape: tuple[int, ...]) -> Array:
    """Return zeros of `shape` with `values` added at `index`; what an index names twice is added twice."""
    zeros = np.zeros_like(values, shape=shape)
    if is_basic(index):
        zeros[index] = values
        return zeros
    # The position of each selected element in the flattened array; bincount adds up, in float64,
    # the values that share one.
    size = math.prod(shape)
    positions = np.arange(size, like=zeros).reshape(shape)[index]
    sums = np.bincount(positions.ravel(), weights=values.ravel(), minlength=size)
    return sums.astype(values.dtype).reshape(shape)


getitem.defvjp(a=lambda g, a_shape, index: add_at(g, index=index, shape=a_shape))
add_at.defvjp(values=lambda g, index: getitem(g, index=index))


def subscript(a: Tensor, index: Any) -> Array:
    """Return `a[index]`: what the brackets call. Arrays in the index are copied where backward will need them."""
    return getitem(a, index=plain_index(index, a.requires_grad))


# Indices


def is_basic(index: Any) -> bool:
    """Tell whether an index names every element at most once, by its form: integers and slices only."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(
        i is None or i is Ellipsis or (isinstance(i, slice | int | np.integer) and not isinstance(i, bool))
        for i in parts
    )


def plain_index(index: Any, copy: bool) -> Any:
    """Return an index with its Tensors and lists replaced by arrays; of its arrays copies, if so wished."""
    kind = index.__class__
    if kind is int or kind is slice:
        return index
    if kind is np.ndarray:
        return index.copy() if copy else index
    if isinstance(index, tuple):
        return tuple([plain_index(i, copy) for i in index])
    if isinstance(index, list):
        return np.asarray(index, dtype=None if index else np.intp)
    if isinstance(index, Tensor):
        index = index.data
    return index.copy() if copy and hasattr(index, "copy") else index


def along(axis: int, index: Any) -> tuple[Any, ...]:
    """Return what indexes one axis, and takes the whole of those before and after it."""
    return (*(slice(None),) * axis, index)


def host_index(index: Any) -> Any:
    """Return an index with its device's arrays carried to NumPy."""
    if isinstance(index, tuple):
        return tuple([host_index(i) for i in index])
    return index if find_device(index) is None else to_numpy(index)


_RULES = {  # what NumPy's message contains, and what it leaves to the reader
    "out of bounds": "an axis of n elements has the indices −n … n−1",
    "too many indices": "there is at most one index for each axis",
    "invalid index to scalar": "a 0-d tensor has no axis to index; t.item() is its number",
    "boolean index did not match": "a mask must have the lengths of the axes it stands for",
    "could not be broadcast": "index arrays are paired element by element, so their shapes must be broadcastable; "
    "np.ix_(rows, columns) takes every row with every column",
    "integer": "convert a float to an index with int(i), an array of them with .astype(int)",
}


def explained(error: Exception, a: Array, index: Any, name: str) -> Exception:
    """Return NumPy's objection to an index with what was indexed, how, and the rule."""
    shown = ", ".join([_shown(i) for i in index]) if isinstance(index, tuple) else _shown(index)
    text = str(error).rstrip(".")
    rules = [rule for part, rule in _RULES.items() if part in text]
    return type(error)("; ".join([f"{name}[{shown}] of {describe(a)}: {text}", *rules[:1]]))


def _shown(part: Any) -> str:
    if isinstance(part, slice):
        ends = [part.start, part.stop] if part.step is None else [part.start, part.stop, part.step]
        return ":".join(["" if end is None else str(end) for end in ends])
    return "..." if part is Ellipsis else describe(part) if hasattr(part, "shape") else repr(part)


# Integers along an axis


def index_array(value: Any, call: str, what: str) -> Array:
    """Return integers that `call` was given, in whatever form, as an array of its own."""
    array = value.data if isinstance(value, Tensor) else value
    if find_device(array) is None:
        array = np.asarray(array)
        array = array if array.size else array.astype(np.intp)
    if array.dtype.kind not in "iub":
        raise TypeError(f"{call}: {what} must be integers, got {describe(value)}; convert them with .astype(int)")
    return array.astype(np.intp)


def within(indices: Array, axis: int, a: Array, call: str, mode: str = "raise") -> Array:
    """Return indices that lie within an axis, by the means of a mode."""
    n = a.shape[axis]
    if mode not in ("raise", "wrap", "clip"):
        raise ValueError(f'{call}: mode must be "raise", "wrap" or "clip", got {mode!r}')
    if indices.size and n == 0:
        raise IndexError(f"{call}: axis {axis} of {describe(a)} has no elements to take")
    if not indices.size:
        return indices
    if mode != "raise":
        return indices % n if mode == "wrap" else np.clip(indices, 0, n - 1)
    low, high = indices.min(), indices.max()
    if not holds((low >= -n) & (high < n)):
        other = '; mode="wrap" or "clip" allows any' if call == "take" else ""
        raise IndexError(
            f"{call}: index {low if low < -n else high} is out of bounds for axis {axis} of {describe(a)}; "
            f"{_RULES['out of bounds']}{other}"
        )
    return indices


def along_axis(arr: Array, indices: Any, axis: int, call: str) -> tuple[Any, ...]:
    """Return the index of `take_along_axis`: the indices beside the numbers of their lines."""
    ndim = len(arr.shape)
    axis = axis_of(ndim, axis, call, arr)
    found = index_array(indices, call, "indices")
    lengths = zip(arr.shape, found.shape, strict=False)
    if found.ndim != ndim or any(1 not in (n, m) and n != m for i, (n, m) in enumerate(lengths) if i != axis):
        raise ShapeError(
            f"{call}: got indices {describe(found)} for {describe(arr)}; they must have as many axes, and lengths that "
            f"are equal or 1 in all but axis {axis}"
        )
    lines = [np.arange(n).reshape(tuple([-1 if j == i else 1 for j in range(ndim)])) for i, n in enumerate(arr.shape)]
    lines[axis] = within(found, axis, arr, call)
    return tuple(lines)
