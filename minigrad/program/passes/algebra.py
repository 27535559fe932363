"""Algebra: what leaves every bit as it was is not computed. Read next: `repetition.py`.

x·1, x/1, x¹, x − 0, −(−x), a copy or a cast that changes nothing, and axes that are put back. Not x + 0, which makes
+0 of −0; nor (AᵀBᵀ)ᵀ = BA, which adds up in another order. A transposed operand of a product needs no pass: the
transpose is a view, and BLAS reads it as it lies.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ..ir import Instruction, Program, Value, with_others
from ..trace import astype


def with_less_algebra(program: Program) -> Program:
    """Put x in the place of what equals x to the last bit."""
    same: dict[Value, Value] = {}
    made: dict[Value, Instruction] = {}
    kept = []
    own = program.written() | program.handed_back()
    for step in program.instructions:
        step = with_others(step, same)
        target = step.target
        if step.kind == "call" and target is not None and target.shape is not None:
            x = next((x for rule in RULES if (x := rule(step, made)) is not None), None)
            if x is not None and _may_stand_for(x, target, own):
                same[target] = x
                continue
            made[target] = step
        kept.append(step)
    return Program(program.inputs, kept, [same.get(x, x) for x in program.outputs])


def _may_stand_for(x: Value, target: Value, own: set[Value]) -> bool:
    """Tell whether a value has the type and the layout of another, and whether nobody can tell their memory apart."""
    if x.shape != target.shape or x.dtype != target.dtype:
        return False
    if target.root is x.root:  # two views of one array
        return True
    apart = target.root in own or x.root in own
    return not apart and x.kind in ("temporary", "input") and x.base is None and x.order == target.order


# Each rule returns the operand that a step gives back as it is, if it does


def _neutral_number(step: Instruction, made: dict[Value, Instruction]) -> Value | None:
    """x·1, 1·x, x/1, x¹, x − 0."""
    if len(step.args) != 2 or step.kwargs:
        return None
    a, b = step.args
    if step.function in (np.multiply, operator.mul) and _is(a, 1):
        a, b = b, a
    neutral = _NEUTRAL.get(step.function)
    return a if isinstance(a, Value) and neutral is not None and _is(b, neutral) else None


_NEUTRAL = {
    np.multiply: 1, operator.mul: 1, np.divide: 1, operator.truediv: 1, np.power: 1, operator.pow: 1,
    np.subtract: 0, operator.sub: 0,
}  # fmt: skip


def _is(x: Any, number: int) -> bool:
    """Tell whether an operand is this number, and not −0."""
    return isinstance(x, int | float | np.number) and x == number and not np.signbit(x)


def _twice_negative(step: Instruction, made: dict[Value, Instruction]) -> Value | None:
    """−(−x)."""
    before = _before(step, made)
    negative = step.function is np.negative and before is not None and before.function is np.negative
    return before.args[0] if before is not None and negative and not step.kwargs and not before.kwargs else None


def _same_type(step: Instruction, made: dict[Value, Instruction]) -> Value | None:
    """A copy, or a cast to the type it has: nobody writes into either."""
    return step.args[0] if step.function in (astype, np.copy) and isinstance(step.args[0], Value) else None


def _axes_put_back(step: Instruction, made: dict[Value, Instruction]) -> Value | None:
    """A transpose of a transpose, or one that moves no axis."""
    order, x = _permutation(step), step.args[0] if step.args else None
    if order is None:
        return None
    before = _before(step, made)
    first = _permutation(before) if before is not None else None
    if before is not None and first is not None:
        order, x = [first[axis] for axis in order], before.args[0]
    return x if order == sorted(order) else None


def _permutation(step: Instruction) -> list[int] | None:
    """Return which axis of its operand each axis of a transpose is, None of any other step."""
    x = step.args[0] if step.args else None
    if not isinstance(x, Value) or x.shape is None or step.kwargs:
        return None
    n = len(x.shape)
    if step.function is np.transpose:
        axes = step.args[1] if len(step.args) > 1 and step.args[1] is not None else range(n)[::-1]
        return [int(axis) % n for axis in np.atleast_1d(axes)]
    if step.function is np.swapaxes:
        order = list(range(n))
        i, j = step.args[1:]
        order[i], order[j] = order[j], order[i]
        return order
    return None


def _before(step: Instruction, made: dict[Value, Instruction]) -> Instruction | None:
    """Return the step that made the only operand."""
    return made.get(step.args[0]) if step.args and isinstance(step.args[0], Value) else None


RULES: list[Callable[[Instruction, dict[Value, Instruction]], Value | None]] = [
    _neutral_number,
    _twice_negative,
    _same_type,
    _axes_put_back,
]
