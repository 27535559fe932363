"""Slips that are no altered rule: a gradient of too late parameters, one added to another, a penalty nobody asked for.

Where a step p of descent was taken in between, p is not known: it is solved for, and must be the same at every other
point. Read next: `search.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from .alterations import Alteration
from .closeness import scale_of
from .problem import Point, Unusable
from .slips import Grads, Post, Slip, Trial, fit, times
from .steps import Alterations, Array, Step

_MOVES = {"transpose", "swapaxes", "reshape", "moveaxis", "named", "copy", "expand_dims", "squeeze", "broadcast_to"}


def quick(trial: Trial, hand: Grads, left: list[int]) -> Iterator[Slip]:
    """Yield penalties, and gradients given for one another."""
    grads = trial.grads()
    if grads is not None:
        yield from _penalties(trial, grads, hand, left)
        yield from _exchanged(trial, grads, hand, left)


def updates(trial: Trial, hand: Grads, left: list[int]) -> Iterator[Slip]:
    """Yield gradients between which a step of descent was taken."""
    yield from _too_early(trial, hand, left)
    yield from _accumulated(trial, hand, left)


def _penalties(trial: Trial, grads: Grads, hand: Grads, left: list[int]) -> Iterator[Slip]:
    """Yield λθ, or λ sign θ, added to a gradient."""
    for text, function in (("θ", _itself), ("sign θ", np.sign)):
        for numbers in [left, *([n] for n in left if len(left) > 1)]:
            direction = {n: function(trial.point.args[n]) for n in numbers}
            if any(_parallel(direction[n], grads[n]) for n in numbers):
                continue
            c = fit(hand, grads, direction, numbers)
            if c is not None and c:
                yield Slip("regularizer-extra", 3 if c > 0 else 6, post=_added(frozenset(numbers), c, function), factor=c, detail=text,
                           arguments=frozenset(numbers))  # fmt: skip


__all__ = ["quick", "solve", "times", "updates"]


def _itself(x: Array) -> Array:
    return x


def _parallel(a: Array, b: Array) -> bool:
    """Tell whether one array is the other times a number; of two numbers that is nothing to go by."""
    if np.size(a) == 1:
        return False
    products = float(np.sum(a * b)) ** 2, float(np.sum(a * a)) * float(np.sum(b * b))
    return products[0] >= (1 - 1e-9) * products[1]


def _added(numbers: frozenset[int], c: float, function: Callable[[Array], Array]) -> Post:
    return lambda point, grads: {n: g + c * function(point.args[n]) if n in numbers else g for n, g in grads.items()}


def _exchanged(trial: Trial, grads: Grads, hand: Grads, left: list[int]) -> Iterator[Slip]:
    """Yield the gradients of two arguments, each given for the other."""
    for i in left:
        for j in left:
            if i < j and np.shape(grads[i]) == np.shape(grads[j]):
                yield Slip("operands-swapped", 3, post=_swap(i, j), detail="each given for the other",
                           arguments=frozenset({i, j}))  # fmt: skip
    for i in left:
        for j in grads:
            if i != j and np.shape(grads[i]) == np.shape(grads[j]):
                name = trial.view.names[j]
                yield Slip("wrong-node", 6, post=_instead(i, j), detail=f"the gradient of {name}", arguments=frozenset({i}))
                yield Slip("accumulated", 3.4, post=_onto(i, j), detail=f"added to that of {name}", arguments=frozenset({i}))


def _swap(i: int, j: int) -> Post:
    return lambda point, grads: {**grads, i: grads[j], j: grads[i]}


def _instead(i: int, j: int) -> Post:
    return lambda point, grads: {**grads, i: grads[j]}


def _onto(i: int, j: int) -> Post:
    return lambda point, grads: {**grads, i: grads[i] + grads[j]}


# A step of descent taken in between


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


def _accumulated(trial: Trial, hand: Grads, left: list[int]) -> Iterator[Slip]:
    """Yield the sum of the gradients of two or three steps of descent."""
    for count in (2, 3):
        for summed in (False, True):
            if summed and count == 2:
                continue
            predict = _sum_of(count, summed)
            p = solve(predict, trial.point, hand, left)
            if p is not None:
                yield Slip("accumulated", 3.2, post=_put(predict, p, left), factor=p, detail=f"{count} steps")


Predict = Callable[[Point, float], "Grads | None"]


def solve(predict: Predict, point: Point, hand: Grads, left: list[int]) -> float | None:
    """Return the step size with which a prediction is the hand gradient, by Gauss and Newton, None if there is none."""
    p, found = 0.0, None
    for _ in range(8):
        here = predict(point, p)
        h = 1e-5 * max(abs(p), 1e-2)
        there = predict(point, p + h)
        if here is None or there is None or not all(np.isfinite(here[n]).all() for n in left):
            return None
        if p and all(scale_of(here[n] - hand[n]) <= 1e-9 * (scale_of(hand[n]) or 1) for n in left):
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
    """Return the gradient at parameters some of which were updated, along the learner's own gradient or the right one."""

    def predict(point: Point, p: float) -> Grads | None:
        args = list(point.args)
        for n in group:
            args[n] = args[n] - p * (point.hand if own else point.truth)[n]
        return _gradient(point, args)

    return predict


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
