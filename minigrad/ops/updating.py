"""What assignment into an array is elsewhere: a new tensor, with some elements replaced, put in or left out.

`t.at[index].set(values)` for `t[index] = values`, and its kin. Read next: `positions.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine import Tensor, implements, operand, primitive
from ..errors import DtypeError, ShapeError, describe
from . import elementwise as e
from . import kinks
from .indexing import add_at, along, along_axis, explained, getitem, host_index, is_basic, plain_index
from .shape import astype, axis_of, broadcast_to, join, made_beside, ravel, reshape

Array = Any


@primitive
def set_at(a: Array, values: Array, *, index: Any) -> Array:
    """Return a copy of `a` with `values` at `index`, which must not name an element twice."""
    new = np.copy(a)
    new[index] = values
    return new


set_at.defvjp(a=lambda g, index: set_at(g, 0, index=index), values=lambda g, index: getitem(g, index=index))

_RANKS = {"b": 0, "u": 1, "i": 1, "f": 2}  # a kind of dtype holds itself and those before it


def fitted(values: Any, into: Array, call: str) -> Array:
    """Return values in the dtype of the array they go into, or raise where that would change them for good."""
    values, dtype = made_beside(values, [into], call), into.dtype
    if values.dtype == dtype:
        return values
    fits = _RANKS[values.dtype.kind] <= _RANKS[dtype.kind]
    cast = astype(values, dtype) if fits else values
    if not fits or (dtype.kind != "f" and bool((cast != values).any())):  # 300 is no uint8
        raise DtypeError(f"{call}: {describe(values)} does not fit into {describe(into)}; convert either with astype")
    return cast


class At:
    """What `t.at` is: index it, and say what to do there."""

    __slots__ = ("_tensor",)

    def __init__(self, tensor: Tensor) -> None:
        self._tensor = tensor

    def __getitem__(self, index: Any) -> Updates:
        return Updates(self._tensor, index)


class Updates:
    """The updates of a tensor at an index, any index that `t[index]` takes. Each returns a new tensor.

    Values are broadcast to the selected shape and take the dtype of the tensor; gradients flow to the tensor and to
    the values. Where an index names an element several times, all its values are applied, one after the other; of
    `set` that leaves the last one, and the others have gradient 0.

    >>> import minigrad as mg
    >>> t = mg.tensor([1.0, 2.0, 3.0])
    >>> t.at[1:].set(0.0)
    tensor([1., 0., 0.])
    >>> t.at[[0, 0, 2]].add([10.0, 20.0, 30.0])
    tensor([31.,  2., 33.])
    """

    __slots__ = ("_index", "_name", "_positions", "_shape", "_tensor")

    def __init__(self, tensor: Array, index: Any, name: str = "t.at") -> None:
        self._tensor, self._index, self._name = tensor, plain_index(index, copy=True), name
        self._positions: Any = None  # of an advanced index: in the flattened tensor, on the CPU
        here, shape = host_index(self._index), tuple(tensor.shape)
        try:
            if is_basic(here):
                self._shape = np.broadcast_to(np.False_, shape)[here].shape
            else:
                self._positions = np.arange(math.prod(shape)).reshape(shape)[here]
                self._shape = self._positions.shape
        except (IndexError, TypeError) as error:
            raise explained(error, tensor, self._index, name) from error

    def get(self) -> Array:
        """Return the elements: t[index]."""
        return self._tensor[self._index]

    def set(self, values: Any) -> Array:
        """Return the tensor with these elements replaced: t[index] = values."""
        values = self._values(values, "set")
        last = self._last()
        if last is None:
            return set_at(self._tensor, values, index=self._index)
        flat = set_at(ravel(self._tensor), ravel(values)[last], index=self._positions.ravel()[last])
        return reshape(flat, self._tensor.shape)

    def add(self, values: Any) -> Array:
        """Return the tensor with values added to these elements: t[index] += values."""
        values = self._values(values, "add")
        if values.dtype.kind != "f":  # add_at counts in float64
            return self._apply(e.add, values, "add")
        return e.add(self._tensor, add_at(values, index=self._index, shape=tuple(self._tensor.shape)))

    def subtract(self, values: Any) -> Array:
        """Return the tensor with values subtracted from these elements: t[index] -= values."""
        return self._apply(e.subtract, values, "subtract")

    def multiply(self, values: Any) -> Array:
        """Return the tensor with these elements multiplied: t[index] *= values."""
        return self._apply(e.multiply, values, "multiply")

    def divide(self, values: Any) -> Array:
        """Return the tensor with these elements divided: t[index] /= values."""
        return self._apply(e.divide, values, "divide")

    def power(self, values: Any) -> Array:
        """Return the tensor with these elements raised to powers: t[index] **= values."""
        return self._apply(e.power, values, "power")

    def min(self, values: Any) -> Array:
        """Return the tensor with the smaller of these elements and the values in their place, as `minimum` does."""
        return self._apply(kinks.minimum, values, "min")

    def max(self, values: Any) -> Array:
        """Return the tensor with the larger of these elements and the values in their place, as `maximum` does."""
        return self._apply(kinks.maximum, values, "max")

    def _values(self, values: Any, method: str) -> Array:
        """Return the values in the dtype of the tensor, broadcast to the selected shape."""
        call = f"{self._name}[…].{method}" if self._name == "t.at" else self._name
        values = fitted(values, self._tensor, call)
        if values.shape == self._shape:
            return values
        try:
            return broadcast_to(values, self._shape)
        except ShapeError:
            raise ShapeError(
                f"{call}: the values are {describe(values)}, and the index selects shape {list(self._shape)} of "
                f"{describe(self._tensor)}; the values must be broadcastable to that shape"
            ) from None

    def _last(self) -> Array | None:
        """Return which updates no later one overwrites; None if no element is named more than once."""
        if self._positions is None:
            return None
        positions = self._positions.ravel()
        turns, writer = np.arange(positions.size), np.empty(math.prod(self._tensor.shape), np.intp)
        writer[positions] = turns  # one after the other: of several at one place the last one stays
        last = writer[positions] == turns
        return None if last.all() else np.flatnonzero(last)

    def _apply(self, operation: Callable[..., Array], values: Any, method: str) -> Array:
        """Return the tensor with an operation applied to its elements and the values: in rounds where they repeat."""
        values = self._values(values, method)
        if self._last() is None:
            return set_at(self._tensor, self._same_dtype(operation(self.get(), values), method), index=self._index)
        named, places = np.unique(self._positions, return_inverse=True)
        places, values, flat = places.ravel(), ravel(values), ravel(self._tensor)
        part = flat[named]
        for chosen in _rounds(places):
            here = places[chosen]
            part = set_at(part, self._same_dtype(operation(part[here], values[chosen]), method), index=here)
        return reshape(set_at(flat, part, index=named), self._tensor.shape)

    def _same_dtype(self, elements: Array, method: str) -> Array:
        if elements.dtype != self._tensor.dtype:
            raise DtypeError(
                f"t.at[…].{method}: of {describe(self._tensor)} it gives {elements.dtype}, which the tensor cannot "
                f'hold; convert it first with t.astype("{elements.dtype}")'
            )
        return elements


def _rounds(places: Array) -> list[Array]:
    """Split updates into rounds in which no place occurs twice: the n-th update of a place is in the n-th round.

    >>> _rounds(np.array([5, 7, 5, 5]))
    [array([0, 1]), array([2]), array([3])]
    """
    order = np.argsort(places, kind="stable")
    _, first, counts = np.unique(places[order], return_index=True, return_counts=True)
    turn = np.arange(len(places)) - np.repeat(first, counts)
    by_turn = order[np.lexsort((order, turn))]
    return np.split(by_turn, np.cumsum(np.bincount(turn))[:-1])


def put_along_axis(arr: Array, indices: Any, values: Any, axis: int) -> Array:
    """Return a new array, `arr` with values in place of what `take_along_axis` takes: NumPy's writes into `arr`.

    Parameters
    ----------
    arr : (…, n, …)
    indices : (…, m, …), integers; the other axes are broadcast against those of `arr`
    values : broadcast to the shape of the indices
    """
    arr = operand(arr, "put_along_axis")
    return Updates(arr, along_axis(arr, indices, axis, "put_along_axis"), "put_along_axis").set(values)


# Entries left out and put in


@implements(np.delete)
def delete(arr: Array, obj: Any, axis: int | None = None) -> Array:
    """Return `arr` without some entries along an axis; without an axis it is flattened first.

    Parameters
    ----------
    obj : an index, a slice, integers, or as many booleans as the axis is long
    """
    arr, axis = _with_axis(arr, axis, "delete")
    obj = host_index(plain_index(obj, copy=False))
    return arr[along(axis, _by_numpy(np.delete, arr, np.arange(arr.shape[axis]), obj))]


@implements(np.insert)
def insert(arr: Array, obj: Any, values: Array, axis: int | None = None) -> Array:
    """Return `arr` with values put in before some indices along an axis; without an axis it is flattened first.

    Parameters
    ----------
    obj : an index, a slice, integers or booleans, which count in `arr` as it was
    values : broadcast to the places; their dtype becomes that of `arr`
    """
    arr, axis = _with_axis(arr, axis, "insert")
    values, obj = fitted(values, arr, "insert"), host_index(plain_index(obj, copy=False))
    obj = np.flatnonzero(obj) if getattr(obj, "dtype", np.dtype(int)).kind == "b" else obj
    # NumPy inserts the positions of the values among those of the array: they tell where each element came from.
    size = math.prod(arr.shape)
    old, new = np.arange(size), np.arange(size, size + math.prod(values.shape))
    sources = _by_numpy(np.insert, arr, old.reshape(arr.shape), obj, new.reshape(values.shape), axis)
    return join(ravel(arr), ravel(values))[sources]


def _with_axis(arr: Array, axis: int | None, call: str) -> tuple[Array, int]:
    arr = operand(arr, call)
    return (ravel(arr), 0) if axis is None else (arr, axis_of(len(arr.shape), axis, call, arr))


def _by_numpy(function: Callable[..., Array], arr: Array, positions: Array, obj: Any, *rest: Any) -> Array:
    """Let NumPy's function rearrange positions; what it raises shall name what they are the positions of."""
    try:
        return function(positions, obj, *rest)
    except (IndexError, ValueError, TypeError) as error:
        raise type(error)(f"{function.__name__} of {describe(arr)}: {error}") from error
