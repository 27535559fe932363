"""Elements in order: sorted, partitioned, and where they are found in what is sorted.

A sorted array is the array at other indices, so its gradient goes back to where each element came from; equal
elements keep their order, and so do their gradients. Read next: `quantiles.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..engine import Tensor, implements, operand, primitive
from ..engine.tracing import holds
from ..errors import ShapeError, as_integer, describe
from .choosing import take_along_axis
from .elementwise import floating
from .indexing import add_at, index_array
from .reduce import plain
from .shape import _several, axis_of, made_beside, ravel

Array = Any


KINDS = (None, "quicksort", "heapsort", "mergesort", "stable")  # NumPy's names: each is content with a stable sort


# In order


@primitive(numpy=np.argsort)
def argsort(a: Array, *, axis: int | None = -1, kind: str | None = None, stable: bool = True) -> Array:
    """Return the indices that sort `a` along an axis (None: the flattened array); not differentiable.

    Equal elements keep their order, whatever `kind` and `stable` ask for; NaN come last.
    """
    if kind not in KINDS:
        raise ValueError(f"argsort: kind must be one of {', '.join(map(repr, KINDS[1:]))}, got {kind!r}")
    return np.argsort(a, axis=axis, kind="stable")


argsort.defvjp(a=None)


def _taken(a: Array, axis: int | None, call: str, order: Callable[[Array, int], Array]) -> Array:
    """Return the elements along an axis (None: of the flattened array) at the indices that `order` finds."""
    a = operand(a, call)
    if axis is None:
        a, axis = ravel(a), 0
    axis = axis_of(len(a.shape), axis, call, a)
    return take_along_axis(a, order(a, axis), axis)


@implements(np.sort)
def sort(a: Array, axis: int | None = -1, kind: str | None = None, *, stable: bool = True) -> Array:
    """Return `a` sorted along an axis (None: flattened): the smallest first, NaN last.

    The gradient of an element goes to where it came from. Equal ones keep their order, so the first gradient among
    theirs goes to the first of them.

    >>> import minigrad as mg
    >>> x = mg.tensor([3.0, 1.0, 2.0], requires_grad=True)
    >>> mg.sort(x)[0].backward(); x.grad
    tensor([0., 1., 0.])
    """
    return _taken(a, axis, "sort", lambda a, axis: argsort(a, axis, kind))


@implements(np.lexsort)
def lexsort(keys: Sequence[Array], axis: int = -1) -> Array:
    """Return the indices that sort by several keys, the last one first and the others where it ties.

    Parameters
    ----------
    keys : arrays of one shape, or one array whose first axis counts them
    """
    keys = _several(keys, "lexsort")
    if any(key.shape != keys[0].shape for key in keys):
        raise ShapeError(f"lexsort: needs keys of one shape, got {', '.join(map(describe, keys))}")
    order = argsort(keys[0], axis)
    for key in keys[1:]:  # a stable sort by a key leaves those sorted before in order where it ties
        order = take_along_axis(order, argsort(take_along_axis(key, order, axis), axis), axis)
    return order


@primitive(numpy=np.argpartition)
def argpartition(a: Array, *, kth: int | Sequence[int], axis: int | None = -1) -> Array:
    """Return the indices of the elements as `partition` puts them; not differentiable."""
    return np.argpartition(a, kth, axis=axis)


argpartition.defvjp(a=None)


@implements(np.partition)
def partition(a: Array, kth: int | Sequence[int], axis: int | None = -1) -> Array:
    """Return `a` with the k-th element along an axis (None: flattened) where sorting would put it; or several of them.

    No element before it is larger, none behind it smaller; their order among themselves is not said, nor is it of
    equal elements. The gradient of each goes to where it came from.
    """
    return _taken(a, axis, "partition", lambda a, axis: argpartition(a, kth, axis))


# Among what is in order: not differentiable


@primitive(numpy=np.searchsorted, needs='a must be a vector, in order; side "left" or "right"')
def searchsorted(a: Array, v: Array, *, side: Any = "left", sorter: Array = None) -> Array:
    """Return the index at which each element of `v` would go into `a`, a sorted vector; not differentiable.

    Parameters
    ----------
    side : whether before ("left") or behind ("right") the elements it is equal to
    sorter : the indices that sort `a`, if it is not in order
    """
    a = a if sorter is None else a[index_array(sorter, "searchsorted", "sorter")]
    return np.searchsorted(a, v, side=side)


searchsorted.defvjp(a=None, v=None)


@implements(np.digitize)
def digitize(x: Array, bins: Array, right: bool = False) -> Array:
    """Return the number i of the bin in which each element is; not differentiable.

    That is bins[i − 1] ≤ x < bins[i], or bins[i − 1] > x ≥ bins[i] if the bins fall; with `right` the other end of a
    bin belongs to it.
    """
    edges, side = plain(made_beside(bins, (x,), "digitize")), "left" if right else "right"
    if edges.ndim == 1 and holds((edges[1:] >= edges[:-1]).all()):
        return searchsorted(edges, x, side)
    if edges.ndim == 1 and holds((edges[1:] <= edges[:-1]).all()):
        return len(edges) - searchsorted(edges[::-1], x, side)
    raise ValueError(f"digitize: bins must be a vector that rises, or falls, throughout; got {describe(edges)}")


@implements(np.bincount)
def bincount(x: Any, weights: Any = None, minlength: int = 0) -> Array:
    """Return how often each of 0, 1, … occurs in `x`, or the sum of the `weights` that stand beside it.

    Parameters
    ----------
    x : (n,) integers ≥ 0
    weights : (n,), differentiable
    minlength : the least length of the result; it is as long as the largest of x needs it

    >>> import minigrad as mg
    >>> mg.bincount([0, 2, 2], mg.tensor([1.0, 10.0, 20.0]))
    tensor([ 1.,  0., 30.])
    """
    index = index_array(x, "bincount", "x")
    if index.ndim != 1 or not holds((index >= 0).all()):
        raise ShapeError(f"bincount: x must be a vector of integers ≥ 0, got {describe(x)}")
    length = max(int(index.max()) + 1 if index.size else 0, as_integer("bincount", "minlength", minlength))
    if weights is None:
        counts = np.bincount(index, minlength=length)
        return Tensor(counts) if isinstance(x, Tensor) else counts
    w = floating(operand(weights, "bincount"))
    if tuple(w.shape) != index.shape:
        raise ShapeError(f"bincount: x is {describe(x)}, weights are {describe(w)}; each of x needs its weight")
    return add_at(w, index=index, shape=(length,))
