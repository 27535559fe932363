"""Elements chosen by indices along an axis, by conditions, or among several arrays.

All are made of indexing and `where`. Read next: `interpolation.py`.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..engine import implements, operand
from ..errors import ShapeError, describe
from . import kinks
from .indexing import along, along_axis, index_array, plain_index, within
from .positions import flatnonzero, nonzero
from .shape import _several, axis_of, broadcast_to, common_shape, ravel, stack
from .updating import Updates

Array = Any


@implements(np.where)
def where(condition: Array, x: Array = None, y: Array = None) -> Any:
    """Return x where the condition holds and y elsewhere; without x and y the places where it holds (`nonzero`).

    Both branches are computed before the choice. A branch that is NaN or inf where it is not taken
    does no harm here, but its own derivative may: replace the argument of the dangerous function, not
    its result (`mg.log(mg.where(x > 0, x, 1))`).
    """
    if x is None and y is None:
        return nonzero(condition)
    if x is None or y is None:
        raise TypeError(
            "where: got only one of x and y; needs both, or neither for the places where the condition holds"
        )
    return kinks.where(condition, x, y)


# Along an axis


@implements(np.take)
def take(a: Array, indices: Any, axis: int | None = None, *, mode: str = "raise") -> Array:
    """Return the elements at some indices along an axis; of the flattened array by default.

    Parameters
    ----------
    indices : integers, of any shape, which takes the place of the axis in the result
    mode : what an index beyond the ends does: "raise" an IndexError, "wrap" around, or "clip" to the ends
        (where negative ones become 0)
    """
    a = operand(a, "take")
    if axis is None:
        a, axis = ravel(a), 0
    axis = axis_of(len(a.shape), axis, "take", a)
    return a[along(axis, within(index_array(indices, "take", "indices"), axis, a, "take", mode))]


@implements(np.take_along_axis)
def take_along_axis(arr: Array, indices: Any, axis: int | None = -1) -> Array:
    """Return, for every line along an axis, its elements at the indices of that line: what `argsort` gives.

    Parameters
    ----------
    arr : (…, n, …)
    indices : (…, m, …), integers; the other axes are broadcast against those of `arr`
    """
    arr = operand(arr, "take_along_axis")
    if axis is None:
        arr, axis = ravel(arr), 0
    return arr[along_axis(arr, indices, axis, "take_along_axis")]


# By conditions


def _mask(condition: Any, call: str) -> Array:
    """Return a condition as an array without a graph."""
    return plain_index(operand(condition, call), copy=False)


@implements(np.compress)
def compress(condition: Any, a: Array, axis: int | None = None) -> Array:
    """Return the entries along an axis (of the flattened array by default) for which a vector of booleans is true."""
    mask = _mask(condition, "compress")
    if mask.ndim != 1:
        raise ShapeError(
            f"compress: the condition must be a vector, got {describe(mask)}; t[mask] takes masks of any shape"
        )
    a = operand(a, "compress")
    if axis is None:
        a, axis = ravel(a), 0
    axis = axis_of(len(a.shape), axis, "compress", a)
    return a[along(axis, within(flatnonzero(mask), axis, a, "compress"))]


@implements(np.extract)
def extract(condition: Any, arr: Array) -> Array:
    """Return, as a vector, the elements for which the condition is true."""
    mask, arr = _mask(condition, "extract"), operand(arr, "extract")
    if mask.size != arr.size:
        raise ShapeError(
            f"extract: got a condition {describe(mask)} for {describe(arr)}; they must have as many elements"
        )
    return ravel(arr)[flatnonzero(mask)]


@implements(np.select)
def select(condlist: Sequence[Array], choicelist: Sequence[Array], default: Array = 0) -> Array:
    """Return the elements of the choice whose condition is the first that holds, and the default where none does.

    All choices are computed before; see `where` for what that means where one of them is NaN or inf.

    Parameters
    ----------
    condlist, choicelist : as many boolean arrays as arrays or numbers; all are broadcast
    """
    conditions, choices = list(condlist), list(choicelist)
    if len(conditions) != len(choices) or not conditions:
        raise ValueError(
            f"select: got {len(conditions)} conditions and {len(choices)} choices; needs as many of each, at least one"
        )
    conditions = [operand(c, "select") for c in conditions]
    for i, c in enumerate(conditions):
        if c.dtype.kind != "b":
            raise TypeError(f"select: condition {i} is {describe(c)}; conditions must be boolean, as x > 0 is")
    *choices, chosen = _several([*choices, default], "select")
    common_shape([*conditions, *choices, chosen], "select")
    for condition, choice in zip(conditions[::-1], choices[::-1], strict=True):
        chosen = kinks.where(condition, choice, chosen)
    return chosen


@implements(np.choose)
def choose(a: Any, choices: Sequence[Array], *, mode: str = "raise") -> Array:
    """Return the elements of choices[a], with `a` an array of integers: at each place the choice it names there.

    Parameters
    ----------
    a : integers from 0 to the number of choices less 1, broadcast against the choices
    choices : a sequence of arrays, or one array whose first axis counts them
    mode : what another integer does: "raise" a ValueError, "wrap" around, or "clip" to the ends
    """
    numbers, arrays = index_array(a, "choose", "a"), _several(choices, "choose")
    if mode == "raise" and numbers.size and not 0 <= numbers.min() <= numbers.max() < len(arrays):
        raise ValueError(
            f"choose: a has numbers from {numbers.min()} to {numbers.max()}, and there are {len(arrays)} choices, "
            'counted from 0; mode="wrap" or "clip" allows any'
        )
    shape = common_shape([numbers, *arrays], "choose")
    table = stack([broadcast_to(c, shape) for c in arrays])
    numbers = within(np.broadcast_to(numbers, (1, *shape)), 0, table, "choose", mode)
    return take_along_axis(table, numbers, 0)[0]


@implements(np.piecewise)
def piecewise(x: Array, condlist: Any, funclist: Sequence[Any], *args: Any, **kw: Any) -> Array:
    """Return the values of several functions, each on the elements of `x` for which its condition holds.

    No function sees an element that is not its own, so what it would do there cannot spoil a gradient. Where several
    conditions hold the last one counts; where none does the value is 0, or that of one more function.

    Parameters
    ----------
    x : the argument; the result has its shape and dtype
    condlist : boolean arrays of the shape of `x`, or one of them
    funclist : for each a function of a vector, called with `args` and `kw` after it, or a number

    >>> import minigrad as mg
    >>> x = mg.tensor([-1.0, 4.0])
    >>> mg.piecewise(x, [x >= 0], [mg.sqrt, 0.0])
    tensor([0., 2.])
    """
    x = operand(x, "piecewise")
    masks = [_mask(c, "piecewise") for c in ([condlist] if _is_one(condlist, x) else condlist)]
    if len(funclist) - len(masks) not in (0, 1):
        n = len(masks)
        raise ValueError(f"piecewise: got {n} conditions and {len(funclist)} functions; needs {n}, or {n + 1}")
    for mask in masks:
        if mask.dtype.kind != "b" or mask.shape != x.shape:
            raise ShapeError(
                f"piecewise: x is {describe(x)}, a condition is {describe(mask)}; needs booleans of its shape"
            )
    if len(funclist) > len(masks):
        masks.append(functools.reduce(operator.and_, [~mask for mask in masks]))
    result = np.zeros_like(x)
    for mask, function in zip(masks, funclist, strict=True):
        if mask.any():
            values = function(x[mask], *args, **kw) if callable(function) else function
            result = Updates(result, mask, "piecewise").set(values)
    return result


def _is_one(condlist: Any, x: Array) -> bool:
    """Tell whether `piecewise` was given a single condition and no list of them."""
    if hasattr(condlist, "shape"):
        return len(condlist.shape) == len(x.shape)
    return len(x.shape) > 0 and all(isinstance(c, bool | np.bool) for c in condlist)
