"""Windows that slide over an array, and their adjoint: adding the windows up where they overlap.

Each is the other's derivative, so either can be differentiated as often as one likes. Read next:
`convolution.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import implements, operand, primitive
from ..errors import ShapeError, as_integer, describe
from .shape import axis_of

Array = Any


@primitive
def slide(x: Array, *, length: int, axis: int) -> Array:
    """Return all windows of a length along one axis, a view of `x`: the places of a window are a new last axis."""
    return np.lib.stride_tricks.sliding_window_view(x, length, axis)


@primitive
def overlap_add(windows: Array, *, axis: int) -> Array:
    """Return the sum of windows (their places on the last axis) that begin one after another along an axis."""
    length, count = windows.shape[-1], windows.shape[axis]
    shape = list(windows.shape[:-1])
    shape[axis] = count + length - 1
    total = np.zeros_like(windows, shape=tuple(shape))
    # whole windows, or the same place of all windows: whichever are fewer
    here: list[Any] = [slice(None)] * len(shape)
    for i in range(min(count, length)):
        here[axis] = slice(i, i + max(count, length))
        part = windows[..., i] if length <= count else np.moveaxis(windows[(*here[:axis], i)], -1, axis)
        total[tuple(here)] += part
    return total


slide.defvjp(x=lambda g, axis: overlap_add(g, axis=axis))
overlap_add.defvjp(windows=lambda g, windows_shape, axis: slide(g, length=windows_shape[-1], axis=axis))


@implements(np.lib.stride_tricks.sliding_window_view)
def sliding_window_view(
    x: Array,
    window_shape: int | tuple[int, ...],
    axis: int | tuple[int, ...] | None = None,
    *,
    subok: bool = False,
    writeable: bool = False,
) -> Array:
    """Return all windows of a shape: a view that is read only, and takes no memory of its own.

    Parameters
    ----------
    x : of any shape
    window_shape : the lengths of a window
    axis : the axes along which it slides, one for each length, all by default

    Returns
    -------
    of the shape of x, shorter by length − 1 along each axis, and with the window's axes after them

    >>> import minigrad as mg
    >>> mg.sliding_window_view(mg.tensor([1.0, 2.0, 3.0, 4.0]), 3)
    tensor([[1., 2., 3.],
            [2., 3., 4.]])
    """
    if subok or writeable:
        raise TypeError("sliding_window_view: subok= and writeable= are not supported: the view is read only")
    x = operand(x, "sliding_window_view")
    call, ndim = "sliding_window_view", len(x.shape)
    lengths = window_shape if np.iterable(window_shape) else (window_shape,)
    lengths = tuple([as_integer(call, "window_shape", n) for n in lengths])
    axes = range(ndim) if axis is None else axis if np.iterable(axis) else (axis,)
    axes = tuple([axis_of(ndim, i, call, x) for i in axes])  # one of them twice: windows of windows
    left = list(x.shape)
    for at, length in zip(axes, lengths, strict=False):
        left[at] -= length - 1
    if len(lengths) != len(axes) or min(lengths, default=0) < 0 or min(left, default=1) < 1:
        raise ShapeError(
            f"sliding_window_view: got {describe(x)}, window_shape={lengths}, axis={axis}; one length is needed for "
            "each axis, not negative and not longer than the axis"
        )
    for at, length in zip(axes, lengths, strict=True):
        x = slide(x, length=length, axis=at)
    return x
