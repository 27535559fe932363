"""The axes of an array: another shape, another order, another length; joined and split.

The elements stay what they are, and the rules bring the cotangent back into the old shape. Read next: `joining.py`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..device import device_of, is_array, move
from ..engine import Tensor, implements, operand, primitive
from ..engine.convert import as_dtype, from_python
from ..engine.primitive import BROADCASTING
from ..errors import ShapeError, as_integer, describe
from .elementwise import stop_gradient

Array = Any
Axes = int | tuple[int, ...]


def axis_of(ndim: int, axis: Any, call: str, *arrays: Array) -> int:
    """Return an axis counted from the front, or raise NumPy's AxisError in the name of `call`."""
    axis = as_integer(call, "axis", axis)
    if not -ndim <= axis < ndim:
        raise np.exceptions.AxisError(axis, ndim, f"{call} of {', '.join(map(describe, arrays))}")
    return axis % ndim


def common_shape(arrays: Sequence[Array], call: str) -> tuple[int, ...]:
    """Return the shape that arrays are broadcast to, or raise in the name of `call`."""
    try:
        return np.broadcast_shapes(*[a.shape for a in arrays])
    except ValueError:
        got = ", ".join(map(describe, arrays))
        raise ShapeError(f"{call}: got {got}; {BROADCASTING}") from None


@primitive(numpy=np.reshape, needs="the new shape must have as many elements as the old")
def reshape(a: Array, *, shape: Axes) -> Array:
    """Return the elements of `a` in C order, in another shape; one length may be −1."""
    return a.reshape(shape)


reshape.defvjp(a=lambda g, a_shape: g.reshape(a_shape))


@implements(np.ravel)
def ravel(a: Array) -> Array:
    """Return the elements of `a` in C order as one axis."""
    return reshape(operand(a, "ravel"), (-1,))


def flatten(a: Array, start_dim: int = 0, end_dim: int = -1) -> Array:
    """Return `a` with the axes from `start_dim` to `end_dim`, both included, as one: all by default."""
    if start_dim == 0 and end_dim == -1:
        return ravel(a)
    shape = tuple(a.shape) or (1,)
    first, last = axis_of(len(shape), start_dim, "flatten", a), axis_of(len(shape), end_dim, "flatten", a)
    if first > last:
        raise ValueError(f"flatten of {describe(a)}: start_dim={start_dim} lies behind end_dim={end_dim}")
    return reshape(a, (*shape[:first], math.prod(shape[first : last + 1]), *shape[last + 1 :]))


@primitive(numpy=np.transpose, needs="axes must be a permutation of all axes")
def transpose(a: Array, *, axes: Axes | None = None) -> Array:
    """Return `a` with its axes in another order: reversed by default."""
    return a.transpose(axes)


def _transpose_back(g: Array, axes: Axes | None) -> Array:
    return g.transpose(None if axes is None else np.argsort(np.atleast_1d(axes) % g.ndim).tolist())


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


@implements(np.rollaxis)
def rollaxis(a: Array, axis: int, start: int = 0) -> Array:
    """Return `a` with one axis moved to before the axis `start`: the older way to write `moveaxis`."""
    a = operand(a, "rollaxis")
    ndim = len(a.shape)
    axis, start = axis_of(ndim, axis, "rollaxis", a), axis_of(ndim + (start >= 0), start, "rollaxis", a)
    return moveaxis(a, axis, start - (axis < start))


@implements(np.matrix_transpose)
def matrix_transpose(x: Array) -> Array:
    """Return a stack of matrices with each transposed, (…, m, n) to (…, n, m): also `t.mT`."""
    x = operand(x, "matrix_transpose")
    if len(x.shape) < 2:
        raise ShapeError(f"matrix_transpose: needs a matrix or a stack of them, got {describe(x)}")
    return swapaxes(x, -1, -2)


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


@implements(np.broadcast_arrays)
def broadcast_arrays(*args: Array) -> tuple[Array, ...]:
    """Return the arrays broadcast against each other, all of one shape."""
    arrays = [operand(a, "broadcast_arrays") for a in args]
    shape = common_shape(arrays, "broadcast_arrays")
    return tuple([broadcast_to(a, shape) for a in arrays])


@implements(np.meshgrid)
def meshgrid(*xi: Array, sparse: bool = False, indexing: str = "xy") -> tuple[Array, ...]:
    """Return the coordinates of a grid, one array for each axis.

    Parameters
    ----------
    xi : the coordinates along each axis, vectors or numbers
    sparse : leave length 1 along the other axes, for broadcasting
    indexing : "xy", the first coordinate runs along the columns; or "ij", along the rows, as an index does
    """
    if indexing not in ("xy", "ij"):
        raise ValueError(f'meshgrid: indexing must be "xy" or "ij", got {indexing!r}')
    n = len(xi)
    grids = [reshape(operand(x, "meshgrid"), tuple([-1 if j == i else 1 for j in range(n)])) for i, x in enumerate(xi)]
    if indexing == "xy" and n > 1:
        grids = [swapaxes(x, 0, 1) for x in grids]
    return tuple(grids) if sparse else broadcast_arrays(*grids)


def _at_least(call: str, arys: Sequence[Array], new_shape: Any) -> Any:
    arrays = [operand(a, call) for a in arys]
    made = [reshape(a, new_shape(tuple(a.shape))) for a in arrays]
    return made[0] if len(made) == 1 else tuple(made)


@implements(np.atleast_1d)
def atleast_1d(*arys: Array) -> Any:
    """Return each array with at least one axis; a tuple of them where several are given."""
    return _at_least("atleast_1d", arys, lambda shape: shape or (1,))


@implements(np.atleast_2d)
def atleast_2d(*arys: Array) -> Any:
    """Return each array with at least two axes, new ones in front."""
    return _at_least("atleast_2d", arys, lambda shape: (1,) * (2 - len(shape)) + shape)


@implements(np.atleast_3d)
def atleast_3d(*arys: Array) -> Any:
    """Return each array with at least three axes: (n,) becomes (1, n, 1), and (m, n) becomes (m, n, 1)."""
    return _at_least("atleast_3d", arys, lambda shape: (1,) * (2 - len(shape)) + shape + (1,) * (len(shape) < 3))


def _concatenate(*arrays: Array, axis: int = 0) -> Array:
    """Return arrays joined along an existing axis."""
    return np.concatenate(arrays, axis=axis)


_concatenate.__name__ = "concatenate"  # what messages call it is what the user called
join = primitive(_concatenate)


def _split_back(g: Array, arrays_shape: Sequence[tuple[int, ...]], axis: int) -> list[Array]:
    index: list[Any] = [slice(None)] * g.ndim
    pieces, end = [], 0
    for shape in arrays_shape:
        start, end = end, end + shape[axis]
        index[axis] = slice(start, end)
        pieces.append(g[tuple(index)])
    return pieces


join.defvjp(arrays=_split_back)


def joined(arrays: list[Array], axis: int, call: str) -> Array:
    """Join arrays along an axis, or say in the name of `call` that they do not fit together."""
    try:
        return join(*arrays, axis=axis)
    except ValueError:
        axis = axis_of(len(arrays[0].shape), axis, call, *arrays)
        raise ShapeError(
            f"{call}: got {', '.join(map(describe, arrays))}; the arrays must agree in every axis but axis {axis}, "
            "along which they are joined"
        ) from None


def _several(arrays: Any, call: str) -> list[Array]:
    """Return a sequence of arrays as a list of Tensors and arrays; numbers and lists among them change no dtype."""
    if isinstance(arrays, Tensor) and arrays.shape:
        return list(arrays)
    try:
        arrays = list(arrays)
    except TypeError:
        raise TypeError(f"{call}: needs a sequence of arrays, got {describe(arrays)}") from None
    if not arrays:
        raise ShapeError(f"{call}: needs at least one array, got an empty sequence")
    return [made_beside(a, arrays, call) for a in arrays]


def made_beside(value: Any, arrays: Sequence[Any], call: str) -> Array:
    """Return numbers or lists as an array such as those beside them: of a floating one's dtype, on their device."""
    if not isinstance(value, list | tuple | int | float | np.generic):
        return operand(value, call)
    given = [a.data if isinstance(a, Tensor) else a for a in arrays if isinstance(a, Tensor) or is_array(a)]
    floats = [a.dtype for a in given if a.dtype.kind == "f"]
    made = from_python(value, call)
    if floats and made.dtype.kind in "if":
        made = from_python(value, call, np.result_type(*floats))
    return move(made, device_of(given[0])) if given else made


@implements(np.concatenate)
def concatenate(arrays: Sequence[Array], axis: int | None = 0) -> Array:
    """Return arrays joined along an existing axis; with `axis=None` all are flattened first."""
    arrays = _several(arrays, "concatenate")
    if axis is None:
        arrays, axis = [ravel(a) for a in arrays], 0
    return joined(arrays, axis, "concatenate")


@implements(np.stack)
def stack(arrays: Sequence[Array], axis: int = 0) -> Array:
    """Return arrays of one shape joined along a new axis."""
    arrays = _several(arrays, "stack")
    shapes = {a.shape for a in arrays}
    if len(shapes) > 1:
        got = ", ".join(describe(a) for a in arrays)
        raise ShapeError(f"stack: all arrays must have the same shape, got {got}")
    axis = axis_of(len(arrays[0].shape) + 1, axis, "stack", arrays[0])
    return join(*[expand_dims(a, axis) for a in arrays], axis=axis)


@implements(np.split)
def split(ary: Array, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Array]:
    """Return the pieces of an array along an axis: so many equal ones, or cut before the given indices."""
    ary = operand(ary, "split")
    return pieces_of(ary, indices_or_sections, axis, "split", equal=True)


def pieces_of(ary: Array, indices_or_sections: Any, axis: int, call: str, *, equal: bool) -> list[Array]:
    """Cut an array as `split` does, or (with `equal=False`) as `array_split` does, in the name of `call`."""
    axis = axis_of(len(ary.shape), axis, call, ary)
    length = ary.shape[axis]
    if hasattr(indices_or_sections, "__len__") and getattr(indices_or_sections, "shape", True) != ():
        cuts = [as_integer("split", "an index", i) for i in indices_or_sections]
    else:
        sections = as_integer("split", "sections", indices_or_sections)
        if sections <= 0 or (equal and length % sections):
            raise ShapeError(
                f"{call}: an axis of length {length} does not divide into {sections} equal pieces"
                + ("; array_split makes the first ones longer" if sections > 0 else "")
            )
        size, longer = divmod(length, sections)
        cuts = [i * size + min(i, longer) for i in range(1, sections)]
    index: list[Any] = [slice(None)] * len(ary.shape)
    pieces = []
    for start, stop in zip([None, *cuts], [*cuts, None], strict=True):
        index[axis] = slice(start, stop)
        pieces.append(ary[tuple(index)])
    return pieces


@primitive
def cast(x: Array, *, dtype: Any) -> Array:
    """Return `x` in another floating dtype; gradients come back in the old one."""
    return x.astype(dtype)


cast.defvjp(x=lambda g: g)  # the engine casts a cotangent to its argument's dtype


@implements(np.astype)
def astype(x: Array, dtype: Any) -> Array:
    """Return `x` in another dtype; to integers or booleans it is a constant, for they have no gradients."""
    dtype = as_dtype(dtype, "astype")
    return cast(x if dtype.kind == "f" else stop_gradient(x), dtype)


@primitive(numpy=np.copy)
def copy(a: Array) -> Array:
    """Return a copy of `a`, with its graph: gradients pass through unchanged."""
    return np.copy(a)


copy.defvjp(a=lambda g: g)


@primitive
def to_device(x: Array, *, source: Any, target: Any) -> Array:
    """Return `x` on another device; gradients come back to the old one."""
    return target.from_numpy(source.to_numpy(x))


to_device.defvjp(x=lambda g, source, target: to_device(g, source=target, target=source))
