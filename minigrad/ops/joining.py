"""Arrays put together and taken apart, by NumPy's many names: all of them concatenate or split along an axis.

Read next: `indexing.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..engine import Tensor, implements, operand, tensor
from ..errors import ShapeError, describe
from .shape import (
    _several,
    atleast_1d,
    atleast_2d,
    atleast_3d,
    axis_of,
    copy,
    joined,
    moveaxis,
    pieces_of,
    ravel,
    reshape,
    stack,
)

Array = Any
Cuts = int | Sequence[int]


# Joining


def array(object: Any, dtype: Any = None, *, device: str | None = None) -> Tensor:
    """Return a new Tensor of numbers, an array, a Tensor, or nested lists of them; gradients flow to these Tensors.

    A leaf, which requires gradients itself, is made by `tensor`.

    >>> import minigrad as mg
    >>> x = mg.tensor(3.0, requires_grad=True)
    >>> mg.array([[1.0, x], [x * x, 0.0]])
    tensor([[1., 3.],
            [9., 0.]], op=concatenate)
    """
    if not _holds_tensors(object):
        return tensor(object, dtype=dtype, device=device)
    try:
        made: Tensor = copy(object) if isinstance(object, Tensor) else _stacked(object)
    except ShapeError as error:
        raise ShapeError(f"array: the parts of the nested lists differ in shape ({error}); see block") from None
    return made if dtype is None and device is None else made.to(device, dtype)


def _holds_tensors(part: Any) -> bool:
    return isinstance(part, Tensor) or (isinstance(part, list | tuple) and any(_holds_tensors(p) for p in part))


def _stacked(part: Any) -> Array:
    return stack([_stacked(p) for p in part]) if isinstance(part, list | tuple) and _holds_tensors(part) else part


@implements(np.hstack)
def hstack(tup: Sequence[Array]) -> Array:
    """Return arrays side by side: joined along axis 1, vectors along axis 0."""
    arrays = [atleast_1d(a) for a in _several(tup, "hstack")]
    return joined(arrays, 0 if len(arrays[0].shape) == 1 else 1, "hstack")


@implements(np.vstack)
def vstack(tup: Sequence[Array]) -> Array:
    """Return arrays on top of each other: joined along axis 0, vectors being rows."""
    return joined([atleast_2d(a) for a in _several(tup, "vstack")], 0, "vstack")


@implements(np.dstack)
def dstack(tup: Sequence[Array]) -> Array:
    """Return arrays behind each other: joined along axis 2, after `atleast_3d`."""
    return joined([atleast_3d(a) for a in _several(tup, "dstack")], 2, "dstack")


@implements(np.column_stack)
def column_stack(tup: Sequence[Array]) -> Array:
    """Return arrays joined along axis 1, vectors being columns."""
    arrays = _several(tup, "column_stack")
    return joined([reshape(a, (-1, 1)) if len(a.shape) < 2 else a for a in arrays], 1, "column_stack")


@implements(np.append)
def append(arr: Array, values: Array, axis: int | None = None) -> Array:
    """Return a new array, `arr` followed by `values`; without an axis both are flattened first."""
    arrays = _several((arr, values), "append")
    if axis is None:
        arrays, axis = [ravel(a) for a in arrays], 0
    return joined(arrays, axis, "append")


@implements(np.block)
def block(arrays: Any) -> Array:
    """Return the array that nested lists of blocks describe: the innermost lists are joined along the last axis,
    those around them along the axis before it, and so on.

    >>> import minigrad as mg
    >>> a, b = mg.ones((2, 2)), mg.zeros((2, 1))
    >>> mg.block([[a, b], [1.0, 2.0, 3.0]])
    tensor([[1., 1., 0.],
            [1., 1., 0.],
            [1., 2., 3.]])
    """
    leaves, depth = _leaves(arrays, ())
    blocks = _several(leaves, "block")
    ndim = max(depth, *[len(a.shape) for a in blocks])
    ready = iter([reshape(a, (1,) * (ndim - len(a.shape)) + tuple(a.shape)) for a in blocks])

    def build(part: Any, level: int) -> Array:
        return joined([build(p, level - 1) for p in part], ndim - level, "block") if level else next(ready)

    return build(arrays, depth)


def _leaves(part: Any, place: tuple[int, ...]) -> tuple[list[Array], int]:
    """Return the blocks of nested lists in their order, and how deep the lists are nested."""
    where = "".join([f"[{i}]" for i in place])
    if isinstance(part, tuple):
        raise TypeError(f"block: arrays{where} is a tuple; blocks are arranged in lists, as in [[a, b], [c, d]]")
    if not isinstance(part, list):
        return [part], 0
    if not part:
        raise ShapeError(f"block: arrays{where} is an empty list; every list needs at least one block")
    inner = [_leaves(p, (*place, i)) for i, p in enumerate(part)]
    if len({depth for _, depth in inner}) > 1:
        raise ShapeError(f"block: the parts of arrays{where} are nested lists of different depths; make them equal")
    return [leaf for leaves, _ in inner for leaf in leaves], inner[0][1] + 1


# Splitting


@implements(np.array_split)
def array_split(ary: Array, indices_or_sections: Cuts, axis: int = 0) -> list[Array]:
    """Return the pieces of an array as `split` does; where they cannot be equal the first ones are longer by one."""
    return pieces_of(operand(ary, "array_split"), indices_or_sections, axis, "array_split", equal=False)


@implements(np.hsplit)
def hsplit(ary: Array, indices_or_sections: Cuts) -> list[Array]:
    """Return the pieces of an array along axis 1, of a vector along axis 0: what `hstack` undoes."""
    ary = operand(ary, "hsplit")
    return pieces_of(ary, indices_or_sections, int(len(ary.shape) > 1), "hsplit", equal=True)


@implements(np.vsplit)
def vsplit(ary: Array, indices_or_sections: Cuts) -> list[Array]:
    """Return the pieces of an array of two or more axes along axis 0: what `vstack` undoes."""
    return _split_of(2, ary, indices_or_sections, 0, "vsplit")


@implements(np.dsplit)
def dsplit(ary: Array, indices_or_sections: Cuts) -> list[Array]:
    """Return the pieces of an array of three or more axes along axis 2: what `dstack` undoes."""
    return _split_of(3, ary, indices_or_sections, 2, "dsplit")


def _split_of(ndim: int, ary: Array, cuts: Cuts, axis: int, call: str) -> list[Array]:
    ary = operand(ary, call)
    if len(ary.shape) < ndim:
        raise ShapeError(f"{call}: needs at least {ndim} axes, got {describe(ary)}; split takes any axis")
    return pieces_of(ary, cuts, axis, call, equal=True)


def unstack(x: Array, *, axis: int = 0) -> tuple[Array, ...]:
    """Return the entries along an axis, each without that axis: what `stack` undoes."""
    x = operand(x, "unstack")
    axis = axis_of(len(x.shape), axis, "unstack", x)
    return tuple(moveaxis(x, axis, 0))


if hasattr(np, "unstack"):  # NumPy has it since 2.1
    implements(np.unstack)(unstack)
