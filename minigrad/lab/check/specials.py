"""Slips that are no altered rule: a penalty nobody asked for, gradients exchanged or added up, z − y for o − y.

Read next: `updates.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from .closeness import scale_of
from .factors import read
from .mutants import Mutant
from .places import in_penalty
from .slips import Grads, Post, Slip, Trial, fit
from .steps import Alteration, Array, Step, View


def quick(trial: Trial, hand: Grads, left: list[int]) -> Iterator[Slip]:
    """Yield penalties, and gradients given for one another."""
    grads = trial.grads()
    if grads is not None:
        yield from _penalties(trial, grads, hand, left)
        yield from _exchanged(trial, grads, hand, left)
        if not trial.alterations and not trial.posts:
            yield from _unactivated(trial, grads, hand, left)


def _penalties(trial: Trial, grads: Grads, hand: Grads, left: list[int]) -> Iterator[Slip]:
    """Yield λθ, or λ sign θ, added to a gradient; not where the loss has it: then it is a factor of the penalty."""
    penalised = [n for n in left if any(in_penalty(trial.view, edge) for edge in trial.view.users.get(n, ()))]
    for text, function in (("θ", _itself), ("sign θ", np.sign)):
        for numbers in [left, *([n] for n in left if len(left) > 1)]:
            direction = {n: function(trial.point.args[n]) for n in numbers}
            if set(numbers) & set(penalised) or any(_parallel(direction[n], grads[n]) for n in numbers):
                continue
            c = fit(hand, grads, direction, numbers)
            if c is not None and c:
                which = frozenset(numbers)
                post = _added(which, c, function)
                constant = all(np.ptp(direction[n]) == 0 for n in numbers)  # of one sign, sign θ is any constant
                rank = 6 if c < 0 or constant else 3
                yield Slip("regularizer-extra", rank, post=post, factor=c, detail=text, arguments=which)


def _itself(x: Array) -> Array:
    return x


def _parallel(a: Array, b: Array) -> bool:
    """Tell whether one array is the other times a number; of two numbers that is nothing to go by."""
    if np.size(a) == 1:
        return False
    a, b = (x / (scale_of(x) or 1.0) for x in (a, b))  # a slip may make numbers whose squares are too large
    products = float(np.sum(a * b)) ** 2, float(np.sum(a * a)) * float(np.sum(b * b))
    return products[0] >= (1 - 1e-9) * products[1]


def _added(numbers: frozenset[int], c: float, function: Callable[[Array], Array]) -> Post:
    return lambda point, grads: {n: g + c * function(point.args[n]) if n in numbers else g for n, g in grads.items()}


def _unactivated(trial: Trial, grads: Grads, hand: Grads, left: list[int]) -> Iterator[Slip]:
    """Yield an activation's argument in the place of its result, where that is one side of a difference: z − y.

    That adds c(z − o) to the cotangent of z, where o − y is what reaches it, or to that of o; c is solved for.
    """
    if sum(np.size(hand[n]) for n in left) < 3:
        return
    for step in trial.view.steps:
        if step.op.name not in _ACTIVATIONS or len(step.live()) != 1:
            continue
        ((i, parent),) = step.live()
        for key, also in ((parent, ("forward-differs",)), (step, ())):
            c = fit(hand, grads, trial.view.carry(key, step.operands[i] - step.out, {}), left)
            if c and read(trial.view, c):
                edge = (step.number, i)
                detail = "its argument for its result, z − y for o − y"
                m = Mutant("wrong-node", {edge: _with_argument(c, key is step)}, "unactivated", 6.5, detail, also)
                yield Slip(m.id, m.rank, mutant=m, edge=edge, detail=detail, also=also)


_ACTIVATIONS = ("sigmoid", "tanh", "relu", "leaky_relu", "softplus", "softmax")


def _with_argument(c: float, before: bool) -> Alteration:
    """Add c(z − o) to the cotangent of the result, before the local derivative, or to that of the argument."""

    def alteration(view: View, step: Step, i: int, g: Array) -> Array:
        more = c * (step.operands[i] - step.out)
        return step.answer(i, g + more) if before else step.answer(i, g) + more

    return alteration


def _exchanged(trial: Trial, grads: Grads, hand: Grads, left: list[int]) -> Iterator[Slip]:
    """Yield the gradients of two arguments, each given for the other."""
    names, shapes = trial.view.names, {n: np.shape(g) for n, g in grads.items()}
    for i in left:
        for j in grads:
            if i == j or shapes[i] != shapes[j]:
                continue
            if i < j and j in left:
                yield Slip("operands-swapped", 3, post=_swap(i, j), arguments=frozenset({i, j}))
            alone = frozenset({i})
            yield Slip("wrong-node", 6, post=_instead(i, j), detail=f"the gradient of {names[j]}", arguments=alone)
            yield Slip("accumulated", 3.4, post=_onto(i, j), detail=f"added to that of {names[j]}", arguments=alone)


def _swap(i: int, j: int) -> Post:
    return lambda point, grads: {**grads, i: grads[j], j: grads[i]}


def _instead(i: int, j: int) -> Post:
    return lambda point, grads: {**grads, i: grads[j]}


def _onto(i: int, j: int) -> Post:
    return lambda point, grads: {**grads, i: grads[i] + grads[j]}
