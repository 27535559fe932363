"""Interpolation between given points.

Read next: `reduce.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import Tensor, get_default_dtype, implements, operand
from ..engine.convert import from_python
from ..errors import ShapeError, describe
from .kinks import clip, where
from .shape import astype

Array = Any


def _plain(a: Array) -> Array:
    return a.data if isinstance(a, Tensor) else a


def _operands(*values: Any) -> list[Array]:
    """Return floating arrays: what else there is takes the dtype, and a number the device, of an array beside it."""
    dtypes = [v.dtype for v in values if hasattr(v, "dtype") and v.dtype.kind == "f"]
    dtype = np.result_type(*dtypes) if dtypes else get_default_dtype()
    beside = _plain(next((v for v in values if getattr(v, "shape", ())), 0.0))
    ready = []
    for v in values:
        if isinstance(v, list | tuple):
            v = from_python(v, "interp", dtype)
        elif isinstance(v, int | float):
            v = np.full_like(beside, v, dtype, shape=())
        v = operand(v, "interp")
        ready.append(v if v.dtype.kind == "f" else astype(v, dtype))
    return ready


@implements(np.interp)
def interp(x: Array, xp: Array, fp: Array, left: Array | None = None, right: Array | None = None) -> Array:
    """Return the values at x of the broken line through the points (xp, fp), differentiable in all three.

    Parameters
    ----------
    x : where to evaluate, of any shape
    xp, fp : (n,) the points' coordinates; xp must not decrease
    left, right : what to return for x < xp[0] and x > xp[-1]: fp[0] and fp[-1] if not given

    At a point of xp the slope is that of the line to its right, at the last one that of the line to its left.

    >>> import minigrad as mg
    >>> mg.interp(mg.tensor([0.5, 1.0, 9.0]), [0.0, 1.0, 2.0], [0.0, 10.0, 40.0])
    tensor([ 5., 10., 40.])
    """
    x, xp, fp = _operands(x, xp, fp)
    n = xp.shape[0] if len(xp.shape) == 1 else 0
    if n == 0 or fp.shape != (n,):
        raise ShapeError(f"interp: got xp: {describe(xp)}, fp: {describe(fp)}; both must be vectors of one length ≥ 1")
    points = _plain(xp)
    if bool((points[1:] < points[:-1]).any()):
        raise ValueError(f"interp: got xp: {describe(xp)} with values that decrease; sort the points by xp first")
    inside = clip(x, xp[0], xp[-1])
    start = np.clip(np.searchsorted(points, _plain(inside), side="right") - 1, 0, max(n - 2, 0))
    end = np.minimum(start + 1, n - 1)
    width = xp[end] - xp[start]
    part = where(width == 0, 1, (inside - xp[start]) / where(width == 0, 1, width))
    rise = fp[end] - fp[start]
    line = where(part < 0.5, fp[start] + rise * part, fp[end] - rise * (1 - part))  # exact at both ends
    line = line if left is None else where(x < xp[0], left, line)
    return line if right is None else where(x > xp[-1], right, line)
