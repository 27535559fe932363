"""Operations that move elements about without changing them.

Their rules move the cotangent back. Read next: `indexing.py`.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..engine import Tensor, implements, operand, primitive
from ..engine.convert import check_dtype
from ..errors import ShapeError, describe
from .elementwise import stop_gradient

Array = Any
Axes = int | tuple[int, ...]


@primitive(numpy=np.reshape, needs="the new shape must have as many elements as the old")
def reshape(a: Array, *, shape: Axes) -> Array:
    """Return the elements of `a` in C order, in another shape; one length may be −1."""
    return a.reshape(shape)


reshape.defvjp(a=lambda g, a_shape: g.reshape(a_shape))


@implements(np.ravel)
def ravel(a: Array) -> Array:
    """Return the elements of `a` in C order as one axis."""
    return reshape(operand(a, "ravel"), (-1,))


@primitive(numpy=np.transpose, needs="axes must be a permutation of all axes")
def transpose(a: Array, *, axes: Axes | None = None) -> Array:
    """Return `a` with its axes in another order: reversed by default."""
    return a.transpose(axes)


def _transpose_back(g: Array, axes: Sequence[int] | None) -> Array:
    return g.transpose(None if axes is None else [int(i) for i in np.argsort([a % g.ndim for a in axes])])


transpose.defvjp(a=_transpose_back)


@primitive(numpy=np.swapaxes)
def swapaxes(a: Array, *, axis1: int, axis2: int) -> Array:
    """Return `a` with two axes exchanged."""
    return np.swapaxes(a, axis1, axis2)


swapaxes.defvjp(a=lambda g, axis1, axis2: np.swapaxes(g, axis1, axis2))


@primitive(numpy=np.moveaxis)
def moveaxis(a: Array, *, source: Axes, destination: Axes) -> Array:
    """Return `a` with some axes moved to new places, the others in their old order."""
    return np.moveaxis(a, source, destination)


moveaxis.defvjp(a=lambda g, source, destination: np.moveaxis(g, destination, source))


@primitive(numpy=np.squeeze)
def squeeze(a: Array, *, axis: Axes | None = None) -> Array:
    """Return `a` without its axes of length 1, or without the given ones."""
    return np.squeeze(a, axis=axis)


squeeze.defvjp(a=lambda g, a_shape: g.reshape(a_shape))


@primitive(numpy=np.expand_dims)
def expand_dims(a: Array, *, axis: Axes) -> Array:
    """Return `a` with new axes of length 1 at the given places."""
    return np.expand_dims(a, axis)


expand_dims.defvjp(a=lambda g, a_shape: g.reshape(a_shape))


@primitive(
    numpy=np.broadcast_to,
    broadcasts=True,
    needs="from the last axis backwards each length must equal the new one or be 1",
)
def broadcast_to(array: Array, *, shape: Axes) -> Array:
    """Return `array` repeated along new axes and axes of length 1 until it has that shape."""
    return np.broadcast_to(array, shape)


broadcast_to.defvjp(array=lambda g: g)  # the engine sums it back, as for every broadcast


@primitive(needs="the arrays must agree in every axis but the one they are joined along")
def join(*arrays: Array, axis: int = 0) -> Array:
    """Return arrays joined along an existing axis: what `concatenate` and `stack` are made of."""
    return np.concatenate(arrays, axis=axis)


def _split_back(g: Array, arrays_shape: Sequence[tuple[int, ...]], axis: int) -> list[Array]:
    ends = np.cumsum([shape[axis] for shape in arrays_shape])
    index: list[Any] = [slice(None)] * g.ndim
    pieces = []
    for shape, end in zip(arrays_shape, ends.tolist(), strict=True):
        index[axis] = slice(end - shape[axis], end)
        pieces.append(g[tuple(index)])
    return pieces


join.defvjp(arrays=_split_back)


def _several(arrays: Any, call: str) -> list[Array]:
    if isinstance(arrays, Tensor):
        return list(arrays)
    try:
        arrays = list(arrays)
    except TypeError:
        raise TypeError(f"{call}: needs a sequence of arrays, got {describe(arrays)}") from None
    if not arrays:
        raise ShapeError(f"{call}: needs at least one array, got an empty sequence")
    floats = [a.dtype for a in arrays if isinstance(a, Tensor) and a.dtype.kind == "f"]
    ready = [operand(a, call) for a in arrays]
    for i, a in enumerate(arrays):
        if floats and ready[i] is not a and ready[i].dtype.kind in "if":  # numbers and lists change no dtype
            ready[i] = ready[i].astype(floats[0])
    return ready


@implements(np.concatenate)
def concatenate(arrays: Sequence[Array], axis: int | None = 0) -> Array:
    """Return arrays joined along an existing axis; with `axis=None` all are flattened first."""
    arrays = _several(arrays, "concatenate")
    if axis is None:
        return join(*[ravel(a) for a in arrays], axis=0)
    return join(*arrays, axis=axis)


@implements(np.stack)
def stack(arrays: Sequence[Array], axis: int = 0) -> Array:
    """Return arrays of one shape joined along a new axis."""
    arrays = _several(arrays, "stack")
    shapes = {a.shape for a in arrays}
    if len(shapes) > 1:
        got = ", ".join(describe(a) for a in arrays)
        raise ShapeError(f"stack: all arrays must have the same shape, got {got}")
    return join(*[expand_dims(a, axis) for a in arrays], axis=axis)


@implements(np.split)
def split(ary: Array, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Array]:
    """Return the pieces of an array along an axis: so many equal ones, or cut before the given indices."""
    ary = operand(ary, "split")
    if not -len(ary.shape) <= axis < len(ary.shape):
        raise np.exceptions.AxisError(axis, len(ary.shape), f"split of {describe(ary)}")
    length = ary.shape[axis]
    if isinstance(indices_or_sections, Sequence | np.ndarray):
        cuts = [operator.index(i) for i in indices_or_sections]
    else:
        sections = operator.index(indices_or_sections)
        if sections <= 0 or length % sections:
            raise ShapeError(f"split: an axis of length {length} does not divide into {sections} equal pieces")
        cuts = list(range(length // sections, length, length // sections))
    index: list[Any] = [slice(None)] * len(ary.shape)
    pieces = []
    for start, stop in zip([None, *cuts], [*cuts, None], strict=True):
        index[axis] = slice(start, stop)
        pieces.append(ary[tuple(index)])
    return pieces


@primitive(numpy=np.pad)
def pad(array: Array, *, pad_width: Any, mode: str = "constant", constant_values: float = 0) -> Array:
    """Return `array` with a constant border; `pad_width` as in NumPy, `mode` only "constant"."""
    if mode != "constant":
        raise ValueError(f'pad: mode={mode!r} is not supported, only "constant"')
    return np.pad(array, pad_width, mode="constant", constant_values=constant_values)


def _unpad(g: Array, array_shape: tuple[int, ...], pad_width: Any) -> Array:
    before = np.broadcast_to(np.asarray(pad_width), (len(array_shape), 2))[:, 0].tolist()
    return g[tuple(slice(start, start + n) for start, n in zip(before, array_shape, strict=True))]


pad.defvjp(array=_unpad)


@primitive(numpy=np.flip)
def flip(m: Array, *, axis: Axes | None = None) -> Array:
    """Return `m` with the order of elements reversed along the axes, all by default."""
    return np.flip(m, axis)


flip.defvjp(m=lambda g, axis: np.flip(g, axis))


@primitive(numpy=np.roll)
def roll(a: Array, *, shift: Axes, axis: Axes | None = None) -> Array:
    """Return `a` with elements moved along an axis, those that fall off coming in at the other end."""
    return np.roll(a, shift, axis)


def _roll_back(g: Array, shift: Axes, axis: Axes | None) -> Array:
    back = [-s for s in shift] if isinstance(shift, Sequence) else -shift
    return np.roll(g, back, axis)


roll.defvjp(a=_roll_back)


@primitive(numpy=np.tril)
def tril(m: Array, *, k: int = 0) -> Array:
    """Return the lower triangle of `m`: zeros above the k-th diagonal of its last two axes."""
    return np.tril(m, k)


tril.defvjp(m=lambda g, k: np.tril(g, k))


@primitive(numpy=np.triu)
def triu(m: Array, *, k: int = 0) -> Array:
    """Return the upper triangle of `m`: zeros below the k-th diagonal of its last two axes."""
    return np.triu(m, k)


triu.defvjp(m=lambda g, k: np.triu(g, k))


@primitive
def cast(x: Array, *, dtype: Any) -> Array:
    """Return `x` in another floating dtype; gradients come back in the old one."""
    return x.astype(dtype)


cast.defvjp(x=lambda g: g)  # the engine casts a cotangent to its argument's dtype


@implements(np.astype)
def astype(x: Array, dtype: Any) -> Array:
    """Return `x` in another dtype; to integers or booleans it is a constant, for they have no gradients."""
    check_dtype(np.dtype(dtype), "astype")
    return cast(x if np.dtype(dtype).kind == "f" else stop_gradient(x), dtype)


@primitive
def to_device(x: Array, *, source: Any, target: Any) -> Array:
    """Return `x` on another device; gradients come back to the old one."""
    return target.from_numpy(source.to_numpy(x))


to_device.defvjp(x=lambda g, source, target: to_device(g, source=target, target=source))
