"""Running sums, and the differences that undo them.

Differences between neighbours, areas under sampled curves and slopes of sampled functions are linear, and made of
slices. Read next: `multiplying.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..engine import implements, operand, primitive
from ..errors import ShapeError, describe
from .elementwise import floating
from .indexing import along
from .reduce import sum
from .shape import astype, atleast_1d, axis_of, broadcast_to, concatenate, made_beside, moveaxis, ravel, reshape

Array = Any


@primitive(numpy=np.cumsum)
def cumsum(a: Array, *, axis: int | None = None) -> Array:
    """Return running sums along an axis; of the flattened array by default.

    float16 and float32 are added in float64, for errors would pile up from one sum to the next.
    """
    if a.dtype.char in "ef":
        return a.cumsum(axis=axis, dtype=np.float64).astype(a.dtype)
    return a.cumsum(axis=axis)


def _sums_from_the_end(g: Array, a_shape: tuple[int, ...], axis: int | None) -> Array:
    along = 0 if axis is None or not a_shape else axis % len(a_shape)
    turned = (*(slice(None),) * along, slice(None, None, -1))
    return cumsum(g[turned], axis=along)[turned].reshape(a_shape)


cumsum.defvjp(a=_sums_from_the_end)


def running(scan: Any, x: Any, axis: int | None, start: Any, call: str) -> Array:
    """Return what `cumulative_sum` and its like do: a scan, with the value of no elements, if there is one, first."""
    x = atleast_1d(operand(x, call))
    if axis is None and len(x.shape) != 1:
        raise ShapeError(f"{call}: got {describe(x)}; axis= may be left out only for a vector")
    axis = axis_of(len(x.shape), 0 if axis is None else axis, call, x)
    values = scan(x, axis=axis)
    if start is None:
        return values
    return np.pad(values, [(int(i == axis), 0) for i in range(len(x.shape))], constant_values=start)


@implements(np.cumulative_sum)
def cumulative_sum(x: Array, *, axis: int | None = None, include_initial: bool = False) -> Array:
    """Return running sums along an axis, which must be given but for a vector; if wished, after the 0 of no elements.

    >>> import minigrad as mg
    >>> mg.cumulative_sum(mg.tensor([1.0, 2.0, 3.0]), include_initial=True)
    tensor([0., 1., 3., 6.])
    """
    return running(cumsum, x, axis, 0 if include_initial else None, "cumulative_sum")


# Differences


@implements(np.diff)
def diff(a: Array, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Array:
    """Return the differences a[i + 1] − a[i] along an axis, taken n times.

    `prepend` and `append`, numbers or arrays, are joined to `a` before.

    >>> import minigrad as mg
    >>> mg.diff(mg.tensor([1.0, 4.0, 9.0, 16.0]))
    tensor([3., 5., 7.])
    """
    a = operand(a, "diff")
    if n < 0:
        raise ValueError(f"diff: n, how often differences are taken, must not be negative, got {n}")
    if not a.shape:
        raise ShapeError(f"diff: needs at least one axis, got {describe(a)}")
    axis = axis_of(len(a.shape), axis, "diff", a)
    if n and (prepend is not None or append is not None):
        one = (*a.shape[:axis], 1, *a.shape[axis + 1 :])
        parts = [made_beside(x, (a,), "diff") for x in (prepend, a, append) if x is not None]
        a = concatenate([x if x.shape else broadcast_to(x, one) for x in parts], axis)
    before, after = along(axis, slice(-1)), along(axis, slice(1, None))
    for _ in range(n):
        a = a[after] != a[before] if a.dtype.kind == "b" else a[after] - a[before]
    return a


@implements(np.ediff1d)
def ediff1d(ary: Array, to_end: Any = None, to_begin: Any = None) -> Array:
    """Return the differences of the flattened array, with what is to come before and after them joined on."""
    flat = diff(ravel(ary))
    return concatenate([ravel(made_beside(x, (flat,), "ediff1d")) for x in (to_begin, flat, to_end) if x is not None])


@implements(np.trapezoid)
def trapezoid(y: Array, x: Any = None, dx: float = 1.0, axis: int = -1) -> Array:
    """Return the area ½ Σ (x[i + 1] − x[i])(y[i] + y[i + 1]) under the lines between sampled points.

    Parameters
    ----------
    y : the samples, along an axis
    x : where they were taken, (n,) or as many along that axis as `y`, and broadcast along the others; by default at
        distances of `dx`

    >>> import minigrad as mg
    >>> mg.trapezoid(mg.tensor([0.0, 1.0, 4.0]), dx=0.5)
    tensor(1.5)
    """
    y = operand(y, "trapezoid")
    here, steps = axis_of(len(y.shape), axis, "trapezoid", y), dx
    if x is not None:
        x = made_beside(x, (y,), "trapezoid")
        one = len(x.shape) == 1
        if x.shape[0 if one else axis_of(len(x.shape), axis, "trapezoid", x)] != y.shape[here]:
            raise ShapeError(f"trapezoid: got y {describe(y)} and x {describe(x)}, axis={axis}; each y needs its x")
        steps = diff(reshape(x, [-1 if i == here else 1 for i in range(len(y.shape))]) if one else x, axis=axis)
    both = y[along(here, slice(1, None))] + y[along(here, slice(-1))]
    return sum(made_beside(steps, (y,), "trapezoid") * both, axis) / 2


# Slopes


@implements(np.gradient)
def gradient(f: Array, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """Return the slopes of a function that is known by samples on a grid (for derivatives of code see `grad`).

    Within it is the difference of the two neighbours over their distance, weighted where the distances are not
    equal so that a parabola's slope is exact; at the ends that of the nearest two samples, or with `edge_order=2`
    of the parabola through three.

    Parameters
    ----------
    f : the samples
    varargs : nothing for distances of 1; one distance for all axes; or for each axis a distance or the coordinates (n,)
    axis : the axis, or axes, along which slopes are taken: all by default

    Returns
    -------
    an array for one axis, a tuple of arrays for several.

    >>> import minigrad as mg
    >>> mg.gradient(mg.tensor([0.0, 1.0, 4.0, 9.0]), edge_order=2)
    tensor([0., 2., 4., 6.])
    """
    if callable(f):
        raise TypeError("gradient: needs samples of a function; the derivative of a Python function is mg.grad(f)")
    f = floating(operand(f, "gradient"))
    if edge_order not in (1, 2):
        raise ValueError(f"gradient: edge_order must be 1 or 2, got {edge_order!r}")
    ndim = len(f.shape)
    wanted = range(ndim) if axis is None else axis if isinstance(axis, Sequence) else (axis,)
    axes = [axis_of(ndim, i, "gradient", f) for i in wanted]
    if len(varargs) not in (0, 1, len(axes)):
        raise TypeError(f"gradient: got {len(varargs)} spacings for {len(axes)} axes; needs none, one, or one for each")
    spacings = varargs or (1.0,)
    spacings = spacings * len(axes) if len(spacings) == 1 else spacings
    slopes = tuple([_slope(f, i, h, edge_order) for i, h in zip(axes, spacings, strict=True)])
    return slopes[0] if len(slopes) == 1 else slopes


def _slope(f: Array, axis: int, spacing: Any, edge_order: int) -> Array:
    """Return the slopes along one axis: those of the lines between neighbours, and their weighted means."""
    n = f.shape[axis]
    if n < edge_order + 1:
        raise ShapeError(f"gradient: axis {axis} of {describe(f)} must have {edge_order + 1} samples or more")
    h = made_beside(spacing, (f,), "gradient")
    uneven = len(h.shape) > 0
    if uneven:
        if h.shape != (n,):
            raise ShapeError(f"gradient of {describe(f)}: axis {axis} has {n} samples, and coordinates {describe(h)}")
        h = diff(h)
    f, h = moveaxis(f, axis, -1), astype(h, f.dtype)
    lines = diff(f) / h  # the slope in every interval
    first, last, ends = 0.5, 0.5, (lines[..., :1], lines[..., -1:])
    if uneven:
        left = h[:-1] / (h[:-1] + h[1:])
        first, last = left[:1], 1 - left[-1:]
        within = lines[..., :-1] * (1 - left) + lines[..., 1:] * left
    else:
        within = (f[..., 2:] - f[..., :-2]) / (2 * h)
    if edge_order == 2:  # of the slope in the last interval, how much it goes on to change to the end
        ends = ends[0] - (lines[..., 1:2] - ends[0]) * first, ends[1] + (ends[1] - lines[..., -2:-1]) * last
    return moveaxis(concatenate([ends[0], within, ends[1]], -1), -1, axis)
