"""Gradients between which a step of descent was taken: of parameters updated too early, or of several steps added up.

The size p of the step is not known. It is solved for, and must be the same at every other point.
Read next: `numbers.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from .closeness import scale_of, unit_of
from .counting import MOST_SAMPLES, gate
from .problem import Point, Unusable
from .slips import Grads, Post, Slip, Trial, fit
from .steps import Alteration, Alterations, Array, Step

Predict = Callable[[Point, float], "Grads | None"]  # the gradients after steps of that size

# Operations that only show a parameter in another way.
_MOVES = {"transpose", "swapaxes", "reshape", "moveaxis", "named", "copy", "expand_dims", "squeeze", "broadcast_to"}


def updates(trial: Trial, hand: Grads, left: list[int]) -> Iterator[Slip]:
    """Yield gradients between which a step of descent was taken."""
    yield from _too_early(trial, hand, left)
    yield from _accumulated(trial, hand, left)
    yield from _within_a_batch(trial, hand, left)


def _too_early(trial: Trial, hand: Grads, left: list[int]) -> Iterator[Slip]:
    """Yield gradients that were computed with some parameters already updated."""
    numbers = [n for n in trial.view.args if hand[n] is not None and np.shape(hand[n]) == np.shape(trial.view.args[n])]
    right = [n for n in numbers if n not in left]
    groups = [[n] for n in numbers if len(numbers) > 1]
    groups += [right] if 1 < len(right) < len(numbers) else []
    groups += [numbers]
    for group in groups:
        names = ", ".join(trial.view.names[n] for n in group)
        ways = [("backward", _back_with(group)), ("all", _all_with(group, True))]
        if set(group) & set(left):
            ways.append(("all", _all_with(group, False)))  # the step was along the right gradient
        for kind, predict in ways:
            p = solve(predict, trial.point, hand, left)
            if p is not None:
                detail = f"{kind}: {names}"
                yield Slip("updated-too-early", 3.5, post=_put(predict, p, left), factor=p, detail=detail,
                           arguments=frozenset(group))  # fmt: skip


def _within_a_batch(trial: Trial, hand: Grads, left: list[int]) -> Iterator[Slip]:
    """Yield gradients whose samples each saw parameters that the samples before had moved."""
    p = solve(_within, trial.point, hand, left)
    if p is not None:
        yield Slip("updated-too-early", 3.6, post=_put(_within, p, left), factor=p, detail="samples: ")


def _accumulated(trial: Trial, hand: Grads, left: list[int]) -> Iterator[Slip]:
    """Yield the sum of the gradients of a few steps of descent."""
    for count in (2, 3, 4):
        for summed in (False, True):
            if summed and count == 2:
                continue
            predict = _sum_of(count, summed)
            p = solve(predict, trial.point, hand, left)
            if p is not None:
                yield Slip("accumulated", 3.2, post=_put(predict, p, left), factor=p, detail=f"{count} steps")


def solve(predict: Predict, point: Point, hand: Grads, left: list[int]) -> float | None:
    """Return the step size with which a prediction is the hand gradient, by Gauss and Newton, None if there is none."""
    p, found = 0.0, None
    share = max(1e-9, 100 * unit_of(*(hand[n] for n in left)))
    for _ in range(8):
        here = predict(point, p)
        h = 1e-5 * max(abs(p), 1e-2)
        there = predict(point, p + h)
        if here is None or there is None or not all(np.isfinite(here[n]).all() for n in left):
            return None
        if p and all(scale_of(here[n] - hand[n]) <= share * (scale_of(hand[n]) or 1) for n in left):
            found = p
            break
        slope = {n: (there[n] - here[n]) / h for n in left}
        move = fit(hand, here, slope, left)
        if move is None or not np.isfinite(move) or abs(p + move) > 100:
            return None
        if abs(move) <= 1e-13 * abs(p):
            break
        p += move
    return found if found is not None and found > 1e-9 else None


def _put(predict: Predict, p: float, left: list[int]) -> Post:
    def post(point: Point, grads: Grads) -> Grads | None:
        found = predict(point, p)
        return None if found is None else {n: found[n] if n in left else g for n, g in grads.items()}

    return post


def _all_with(group: list[int], own: bool) -> Predict:
    """Return the gradient at parameters some of which were updated, along the learner's `own` gradient or the right."""

    def predict(point: Point, p: float) -> Grads | None:
        args = list(point.args)
        for n in group:
            args[n] = args[n] - p * (point.hand if own else point.truth)[n]
        return _gradient(point, args)

    return predict


def _within(point: Point, p: float) -> Grads | None:
    """Return the sum of the samples' gradients, each at the parameters that the samples before it have moved."""
    if point.problem is None:
        return None
    args, total = list(point.args), dict.fromkeys(point.truth, 0.0)
    row, count = 0, 1
    while row < count:
        view = point.problem.plain_view(args)
        number = gate(view, list(view.args)) if view is not None else None
        if view is None or number is None:
            return None
        step = view.steps[number]
        g = view.cotangents[step]
        count = len(g)
        if count > MOST_SAMPLES:
            return None
        alone = np.zeros_like(g)
        alone[row] = g[row]
        one = view.carry(step, alone, {})
        for n, share in one.items():
            total[n] = total[n] + share
            args[n] = args[n] - p * share
        row += 1
    return {n: np.broadcast_to(g, np.shape(point.truth[n])) for n, g in total.items()}


def _sum_of(count: int, summed: bool) -> Predict:
    """Return the sum of the gradients of some steps, each taken along the last gradient or along the sum so far."""

    def predict(point: Point, p: float) -> Grads | None:
        args = list(point.args)
        total = one = point.truth
        for _ in range(count - 1):
            for n in total:
                args[n] = args[n] - p * (total if summed else one)[n]
            found = _gradient(point, args)
            if found is None:
                return None
            one = found
            total = {n: total[n] + one[n] for n in total}
        return total

    return predict


def _gradient(point: Point, args: list[Array]) -> Grads | None:
    try:
        return point.problem.gradients(args) if point.problem is not None else None
    except Unusable:
        return None


def _back_with(group: list[int]) -> Predict:
    """Return the way back, with some parameters updated wherever a rule asks for them."""

    def predict(point: Point, p: float) -> Grads | None:
        view = point.views[0]
        updated = {n: view.args[n] - p * point.hand[n] for n in group}
        changed: Alterations = {}
        for step in view.steps:
            for i, _ in step.live():
                values = _asked_of(step, i, updated)
                if values:
                    changed[step.number, i] = _with(values)
        return view.back(changed)[1] if changed else None

    return predict


def _with(values: dict[str, Array]) -> Alteration:
    return lambda view, step, i, g: step.answer(i, g, **values)


def _asked_of(step: Step, i: int, updated: Grads) -> dict[str, Array]:
    """Return what a rule asks for that is an updated parameter, or one turned or reshaped."""
    found: dict[str, Array] = {}
    if not getattr(step.op, "asks", None) or step.op.variadic:
        return found
    for asked in step.op.asks.get(step.names[i], ()):
        if asked in step.names:
            value = _moved(step.parents[step.names.index(asked)], updated)
            if value is not None:
                found[asked] = value
    return found


def _moved(key: Step | int | None, updated: Grads) -> Array | None:
    if isinstance(key, int):
        return updated.get(key)
    if isinstance(key, Step) and key.op.name in _MOVES:
        inner = _moved(key.parents[0], updated)
        return None if inner is None else key.op.body(inner, **key.options)
    return None
