"""Another number than the model's: ε, the slope of a leaky rectifier, an exponent. The gradient is right for that.

The number is not known. It is solved for, and must be the same at every other point. Read next: `candidates.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .forward import Change, Forward, again
from .problem import Point
from .slips import Grads, Slip, Trial
from .steps import Step, View
from .updates import Predict, solve

Place = int | str  # the position of an operand, or the name of an option


def other_numbers(trial: Trial, hand: Grads, left: list[int]) -> Iterator[Slip]:
    """Yield the model with another number in it: at every place of a kind that has it, or at one."""
    for steps, place, value in _numbers(trial.view):
        for sign in (1.0, -1.0):
            p = solve(_with_number(steps, place, value, sign), trial.point, hand, left)
            if p is not None:
                detail = f"with {value + sign * p:.6g} in place of {value:.6g}"
                forward = _forward(steps, place, value + sign * p, detail)
                yield Slip(forward.id, forward.rank, forward=forward, edge=forward.edge, detail=detail)


def _numbers(view: View) -> Iterator[tuple[list[int], Place, float]]:
    """Yield the steps that have a number of the model at the same place."""
    found: dict[tuple[str, Place, float], list[int]] = {}
    for step in view.steps:
        for place, value in _numbers_of(step):
            found.setdefault((step.op.name, place, value), []).append(step.number)
    for (_, place, value), steps in found.items():
        yield steps, place, value
        if len(steps) > 1:
            yield from (([number], place, value) for number in steps)


def _numbers_of(step: Step) -> Iterator[tuple[Place, float]]:
    for i, x in enumerate(step.operands):
        if step.parents[i] is None and x is not None and np.ndim(x) == 0 and np.isfinite(x):
            yield i, float(x)
    yield from ((name, value) for name, value in step.options.items() if isinstance(value, float))


def _with_number(steps: list[int], place: Place, value: float, sign: float) -> Predict:
    """Return the gradients of the model whose number is off by so much."""

    def predict(point: Point, p: float) -> Grads | None:
        view = _forward(steps, place, value + sign * p, "").view(point.views[0])
        return None if view is None else view.truth

    return predict


def _forward(steps: list[int], place: Place, value: float, detail: str) -> Forward:
    return Forward("forward-differs", dict.fromkeys(steps, _put(place, value)), 8, detail)


def _put(place: Place, value: float) -> Change:
    def change(step: Step, operands: list[Any], parents: list[Any]) -> list[Step]:
        if isinstance(place, str):
            return [again(step, operands, parents, options={**step.options, place: value})]
        return [again(step, [value if i == place else x for i, x in enumerate(operands)], parents)]

    return change
