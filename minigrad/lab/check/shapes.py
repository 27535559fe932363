"""A gradient of the wrong shape: what was not summed, summed along the wrong axis, or transposed.

Where the shape can be mended the mended gradient is checked on, for there may be another mistake in it.
Read next: `steps.py`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .closeness import scale_of
from .factors import Reading, read
from .problem import Point
from .steps import View

Array = Any
Mend = Callable[[Array], Array]


@dataclass(frozen=True)
class Misfit:
    """What is wrong with a shape.

    Attributes
    ----------
    id : of the mistake, "" where only axes of length 1 are too many or too few
    mend : makes the shape right, None where that is impossible
    detail : for the message
    factor, readings : of what the mended gradient is still off by, if that is one number
    """

    id: str
    mend: Mend | None
    detail: str
    factor: float | None = None
    readings: tuple[Reading, ...] = ()


def misfit(point: Point, n: int, hand: Array) -> Misfit | None:
    """Say what is wrong with the shape of a hand gradient, None if no more can be said."""
    truth = point.truth[n]
    if _without_ones(hand.shape) == _without_ones(truth.shape):
        together = np.broadcast_shapes(hand.shape, truth.shape)
        if int(np.prod(together)) > truth.size:  # a column less a row is a matrix
            return Misfit("transpose", lambda h: np.asarray(h).reshape(truth.shape), "")
        return Misfit("", lambda h: np.asarray(h).reshape(truth.shape), f"{list(hand.shape)} for {list(truth.shape)}")
    mends = list(_mends(hand.shape, truth.shape))
    view = point.views[0] if point.views else None
    for id, mend, detail in mends:
        c = _ratio(mend(hand), truth)
        if c is not None and (abs(c - 1) < 1e-8 or (view is not None and read(view, c))):
            return Misfit(id, mend, detail)
    if view is not None:
        found = _reduced_otherwise(view, n, hand, truth)
        if found is not None:
            return found
    return Misfit(*mends[0]) if mends else None


def _without_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple([n for n in shape if n != 1])


def _mends(shape: tuple[int, ...], wanted: tuple[int, ...]) -> Any:
    """Yield the id, the function and the words of everything that makes the shape right."""
    if len(shape) == 2 and shape[::-1] == wanted:
        yield "transpose", np.transpose, ""
    for count in range(1, len(shape) + 1):
        for axes in itertools.combinations(range(len(shape)), count):
            kept = tuple([m for i, m in enumerate(shape) if i not in axes])
            if _without_ones(kept) == _without_ones(wanted):
                yield "unreduced", _summing(axes, wanted), "axis " + ", ".join(map(str, axes))


def _summing(axes: tuple[int, ...], shape: tuple[int, ...]) -> Mend:
    return lambda h: np.asarray(h).sum(axis=axes).reshape(shape)


def _ratio(a: Array, b: Array) -> float | None:
    """Return c if a is c · b."""
    a, b = np.asarray(a), np.asarray(b)
    square = float(np.sum(b * b))
    if a.shape != b.shape or not square or not np.isfinite(a).all():
        return None
    c = float(np.sum(a * b)) / square
    return c if c and scale_of(a - c * b) <= 1e-8 * scale_of(a) else None


def _reduced_otherwise(view: View, n: int, hand: Array, truth: Array) -> Misfit | None:
    """Compare with other sums of what reaches an argument, and with what reaches the step it goes into."""
    for edge in view.users.get(n, ()):
        step = view.steps[edge[0]]
        raw = np.asarray(step.raw(edge[1], view.cotangents[step]))
        for found in _sums(view, raw, hand):
            return Misfit("wrong-axis", None, found[0], *found[1:])
    for found in _sums(view, truth, hand):
        return Misfit("wrong-axis", None, f"{found[0]}, of the gradient itself", *found[1:])
    for step, g in view.cotangents.items():
        for text, array in (("", np.asarray(g)), ("added up over axis 0", np.sum(g, axis=0) if np.ndim(g) else None)):
            if array is not None and array.shape == hand.shape and (c := _ratio(hand, array)) is not None:
                readings = read(view, c)
                if abs(c - 1) < 1e-8 or readings:
                    return Misfit(
                        "local-derivative-missing", None, f"∂/∂{step.called} {text}".strip(), c, tuple(readings)
                    )
    return None


def _sums(view: View, array: Array, hand: Array) -> Any:
    for count in range(1, array.ndim + 1):
        for axes in itertools.combinations(range(array.ndim), count):
            total = array.sum(axis=axes)
            flat = hand.reshape(total.shape) if _without_ones(hand.shape) == _without_ones(total.shape) else None
            c = _ratio(flat, total) if flat is not None else None
            if c is not None and (abs(c - 1) < 1e-8 or read(view, c)):
                yield "axis " + ", ".join(map(str, axes)), c, tuple(read(view, c))
