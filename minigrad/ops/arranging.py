"""Elements moved about and repeated: turned round, rolled, tiled, padded.

Their rules move the cotangent back, and add up what was repeated. Read next: `matrices.py`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..device import to_numpy
from ..engine import implements, operand, primitive
from ..errors import ShapeError, as_integer, describe
from .indexing import add_at, along, index_array
from .shape import Axes, axis_of, broadcast_to, expand_dims, ravel, reshape, swapaxes

Array = Any


@primitive(numpy=np.flip)
def flip(m: Array, *, axis: Axes | None = None) -> Array:
    """Return `m` with the order of elements reversed along the axes, all by default."""
    return np.flip(m, axis)


flip.defvjp(m=lambda g, axis: np.flip(g, axis))


@implements(np.flipud)
def flipud(m: Array) -> Array:
    """Return `m` with its rows in reverse order: flipped along axis 0."""
    return _flipped(m, 0, "flipud")


@implements(np.fliplr)
def fliplr(m: Array) -> Array:
    """Return `m` with its columns in reverse order: flipped along axis 1."""
    return _flipped(m, 1, "fliplr")


def _flipped(m: Array, axis: int, call: str) -> Array:
    m = operand(m, call)
    return flip(m, axis_of(len(m.shape), axis, call, m))


@implements(np.rot90)
def rot90(m: Array, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Array:
    """Return `m` turned by k right angles in the plane of two axes, from the first towards the second."""
    m = operand(m, "rot90")
    first, second = [axis_of(len(m.shape), axis, "rot90", m) for axis in axes]
    if first == second:
        raise ShapeError(f"rot90 of {describe(m)}: the two axes must differ, got {tuple(axes)}")
    turned = m if k % 2 == 0 else swapaxes(m, first, second)
    backwards = [axis for axis, back in ((first, k % 4 in (1, 2)), (second, k % 4 in (2, 3))) if back]
    return flip(turned, tuple(backwards))


@primitive(numpy=np.roll)
def roll(a: Array, *, shift: Axes, axis: Axes | None = None) -> Array:
    """Return `a` with elements moved along an axis, those that fall off coming in at the other end."""
    return np.roll(a, shift, axis)


def _roll_back(g: Array, shift: Axes, axis: Axes | None) -> Array:
    back = [-s for s in shift] if isinstance(shift, Sequence) else -shift
    return np.roll(g, back, axis)


roll.defvjp(a=_roll_back)


# Repeated


@implements(np.repeat)
def repeat(a: Array, repeats: Any, axis: int | None = None) -> Array:
    """Return `a` with each element repeated, along an axis or (by default) of the flattened array.

    This is NumPy's `repeat`, and so is the method; PyTorch's, which repeats the whole, is `tile`.

    Parameters
    ----------
    repeats : how often each element is repeated: one number, or a number for each

    >>> import minigrad as mg
    >>> mg.repeat(mg.tensor([1.0, 2.0]), [1, 3])
    tensor([1., 2., 2., 2.])
    """
    a = operand(a, "repeat")
    if axis is None:
        a, axis = ravel(a), 0
    axis = axis_of(len(a.shape), axis, "repeat", a)
    before, n, after = a.shape[:axis], a.shape[axis], a.shape[axis + 1 :]
    counts = to_numpy(index_array(repeats, "repeat", "repeats"))
    if counts.shape not in ((), (1,), (n,)) or (counts < 0).any():
        raise ShapeError(
            f"repeat: axis {axis} of {describe(a)} needs one number ≥ 0, or {n} of them, got repeats={repeats!r}"
        )
    if counts.size != 1:
        return a[along(axis, np.repeat(np.arange(n), counts))]
    count = int(counts.item())
    wide = broadcast_to(expand_dims(a, axis + 1), (*before, n, count, *after))
    return reshape(wide, (*before, n * count, *after))


@implements(np.tile)
def tile(A: Array, reps: Any) -> Array:
    """Return copies of `A` laid side by side, so many along each axis; as in NumPy missing axes are put in front.

    >>> import minigrad as mg
    >>> mg.tile(mg.tensor([1.0, 2.0]), 2)
    tensor([1., 2., 1., 2.])
    """
    A = operand(A, "tile")
    counts = tuple(to_numpy(index_array(reps, "tile", "reps")).ravel().tolist())
    if any(n < 0 for n in counts):
        raise ValueError(f"tile: the numbers of copies must not be negative, got reps={reps!r}")
    ndim = max(len(counts), len(A.shape))
    shape = (1,) * (ndim - len(A.shape)) + tuple(A.shape)
    counts = (1,) * (ndim - len(counts)) + counts
    pairs = list(zip(counts, shape, strict=True))
    wide = broadcast_to(
        reshape(A, tuple([x for n in shape for x in (1, n)])), tuple([x for pair in pairs for x in pair])
    )
    return reshape(wide, tuple([count * n for count, n in pairs]))


@implements(np.resize)
def resize(a: Array, new_shape: Axes) -> Array:
    """Return the elements of `a` in C order, from the start again as often as the new shape needs them."""
    flat = ravel(operand(a, "resize"))
    lengths = new_shape if isinstance(new_shape, Sequence) else (new_shape,)
    lengths = tuple([as_integer("resize", "a length of the shape", n) for n in lengths])
    if any(n < 0 for n in lengths):
        raise ShapeError(f"resize: the lengths of the new shape must not be negative, got {new_shape}")
    size, n = math.prod(lengths), flat.shape[0]
    if n == 0 and size > 0:  # nothing to repeat: NumPy fills with zeros
        return np.zeros_like(flat, shape=lengths)
    return reshape(tile(flat, -(-size // max(n, 1)))[:size], lengths)


# Padded

MODES = ("constant", "edge", "reflect", "symmetric", "wrap")


def _pad(array: Array, *, pairs: tuple[tuple[int, int], ...], mode: str = "constant", filled: Any = 0) -> Array:
    """Return `array` with a border: for each axis so much before it and after it."""
    extra = {"constant_values": filled} if mode == "constant" else {}
    return np.pad(array, pairs or 0, mode, **extra)  # type: ignore[call-overload]


def _unpad(g: Array, array_shape: tuple[int, ...], pairs: tuple[tuple[int, int], ...], mode: str) -> Array:
    if mode == "constant":
        return g[tuple([slice(before, before + n) for (before, _), n in zip(pairs, array_shape, strict=True)])]
    for axis, (pair, n) in enumerate(zip(pairs, array_shape, strict=True)):
        if any(pair):  # NumPy pads the positions as it pads the elements: so they tell where each one came from
            sources = np.pad(np.arange(n), pair, mode)  # type: ignore[call-overload]
            g = add_at(g, index=along(axis, sources), shape=(*g.shape[:axis], n, *g.shape[axis + 1 :]))
    return g


_pad.__name__ = "pad"  # what messages call it is what the user called
padded = primitive(_pad)
padded.defvjp(array=_unpad)


@implements(np.pad)
def pad(array: Array, pad_width: Any, mode: str = "constant", *, constant_values: Any = 0) -> Array:
    """Return `array` with a border.

    Parameters
    ----------
    pad_width : how much before and after: one number, (before, after), one such pair for each axis, or a
        dictionary from axes to either
    mode : "constant"; "edge" repeats the outermost element; "reflect" mirrors at it, "symmetric" mirrors beside
        it; "wrap" goes on at the other end. A border made of elements hands its gradient on to them
    constant_values : numbers, in the forms of `pad_width`

    Raises
    ------
    ValueError
        for NumPy's other modes, and when an axis has no element to make a border of.
    """
    array = operand(array, "pad")
    if mode not in MODES:
        raise ValueError(f"pad: mode={mode!r} is not supported, only {', '.join(MODES)}; use concatenate")
    return padded(array, pairs=_pairs(pad_width, len(array.shape)), mode=mode, filled=constant_values)


def _pairs(pad_width: Any, ndim: int) -> tuple[tuple[int, int], ...]:
    """Return how much is put before and after each axis."""
    if isinstance(pad_width, int) and pad_width >= 0:
        return ((pad_width, pad_width),) * ndim
    if isinstance(pad_width, dict):
        chosen = {axis_of(ndim, axis, "pad"): width for axis, width in pad_width.items()}
        pad_width = [np.broadcast_to(chosen.get(i, 0), 2) for i in range(ndim)] or 0
    widths = to_numpy(index_array(pad_width, "pad", "pad_width"))
    if (widths < 0).any():
        raise ValueError(f"pad: pad_width must not be negative, got {pad_width}; t[1:-1] takes a border away")
    try:
        widths = widths if widths.shape == (ndim, 2) else np.broadcast_to(widths, (ndim, 2))
    except ValueError:
        raise ShapeError(
            f"pad: pad_width has the shape {list(widths.shape)}; needs one number, (before, after), or a pair for each "
            f"of the {ndim} axes"
        ) from None
    return tuple([(before, after) for before, after in widths.tolist()])
