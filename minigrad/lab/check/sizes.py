"""The numbers in a model that a factor may be made of: sizes of sums and means, lengths of axes, constants.

Read next: `factors.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from .steps import Step, View


@dataclass(frozen=True)
class Term:
    """One number: its letter or digits, what it is, and how to find it again in another view."""

    text: str
    kind: str  # "size" of a sum or mean; "part" of one; the length of any other "axis"; a "constant", an "exponent"
    meaning: str
    value: Callable[[View], float] = field(compare=False, repr=False)


def has_square(view: View) -> bool:
    """Tell whether something is squared on the way to the loss."""
    return any(is_square(step) for step in view.steps)


def is_square(step: Step) -> bool:
    """Tell whether a step squares its operand, or is a quadratic form of it: x·x, xᵀAx."""
    if step.op.name == "square":
        return True
    if step.op.name == "power":
        exponent = step.operands[1]
        return exponent is not None and np.size(exponent) == 1 and float(np.ravel(exponent)[0]) == 2
    if step.op.name not in ("multiply", "matmul") or len(step.live()) != 2:
        return False
    first, second = (_linear_in(p) for _, p in step.live())
    return first is second if isinstance(first, Step) else first == second


# Operations that are linear in their only operand, or in each.
_LINEAR = {"multiply", "matmul", "divide", "negative", "transpose", "reshape", "sum", "mean", "named", "copy"}


def _linear_in(key: Step | int) -> Step | int:
    """Return what a step is linear in: of Ax it is x."""
    while isinstance(key, Step) and key.op.name in _LINEAR and len(key.live()) == 1:
        ((i, parent),) = key.live()
        if key.op.name == "divide" and i == 1:
            break
        key = parent
    return key


def sizes(view: View) -> Iterator[Term]:
    """Yield the numbers of elements that sums and means are taken over, then the lengths of axes, each number once."""
    letters = iter("NKMLPQRST")
    seen = {1.0}
    parts = {length for step in view.steps if step.op.name in ("mean", "sum") for length in step.shape(0)}
    for kind, value, text, again in (*_counts(view), *_lengths(view)):
        if value in seen:
            continue
        seen.add(value)
        letter = next(letters, "n")
        if kind == "axis" and value in parts:
            kind = "part"
        yield Term(letter, kind, f"{letter} = {value:.0f}, {text}", again)


Place = tuple[str, float, str, Callable[[View], float]]


def _counts(view: View) -> Iterator[Place]:
    for step in reversed(view.steps):
        if step.op.name in ("mean", "sum") and np.size(step.out):
            verb = "averages" if step.op.name == "mean" else "adds up"
            yield "size", step_count(step), f"the elements that {where(step)} {verb}", _count_of(step.number)
    for step in reversed(view.steps):
        divisor = step.operands[1] if step.op.name == "divide" and step.parents[1] is None else None
        if divisor is not None and np.size(step.out) == 1 == np.size(divisor):
            k = float(np.ravel(divisor)[0])
            if k == int(k) and k > 1:
                yield "size", k, f"which {where(step)} divides by", _constant_of(step.number, 1)


def _lengths(view: View) -> Iterator[Place]:
    for n, x in view.args.items():
        for axis, length in enumerate(x.shape):
            yield "axis", length, f"the length of axis {axis} of {view.names[n]}", _length_of(n, axis)
    for step in view.steps:
        for axis, length in enumerate(np.shape(step.out)):
            text = f"the length of axis {axis} of the result of {where(step)}"
            yield "axis", length, text, _length_of_result(step.number, axis)


def step_count(step: Step) -> int:
    """Return how many elements go into each of a reduction's results."""
    return int(np.prod(step.shape(0), dtype=int)) // max(int(np.size(step.out)), 1)


def _count_of(number: int) -> Callable[[View], float]:
    return lambda view: step_count(view.steps[number])


def _length_of(n: int, axis: int) -> Callable[[View], float]:
    return lambda view: view.args[n].shape[axis]


def _length_of_result(number: int, axis: int) -> Callable[[View], float]:
    return lambda view: np.shape(view.steps[number].out)[axis]


def constants(view: View, lengths: set[float]) -> Iterator[Term]:
    """Yield the numbers that the model multiplies and divides by, and its exponents."""
    seen: set[float] = {0.0, 1.0, 2.0, 0.5, math.log(2), math.log(10)}
    of_lengths = lengths | {1 / n for n in lengths}  # in a product such a number is that length
    for step in view.steps:
        if step.op.name not in ("multiply", "divide", "power") or step.inside in ("var", "std"):  # of these it is ddof
            continue
        for i, x in enumerate(step.operands):
            if step.parents[i] is None and x is not None and np.size(x) == 1:
                value = abs(float(np.ravel(x)[0]))
                kind = "exponent" if step.op.name == "power" else "constant"
                if value in seen or (kind == "constant" and value in of_lengths) or not math.isfinite(value):
                    continue
                seen.add(value)
                yield Term(f"{value:.6g}", kind, f"the {value:.6g} of {where(step)}", _constant_of(step.number, i))


def _constant_of(number: int, i: int) -> Callable[[View], float]:
    return lambda view: abs(float(np.ravel(view.steps[number].operands[i])[0]))


def code_of(step: Step) -> str:
    """Return the code of the user's line, "" where it is not known."""
    return step.line.partition(": ")[2]


def where(step: Step) -> str:
    """Return the user's line, or what the step is called."""
    return f"`{code_of(step)}`" if code_of(step) else step.called or step.op.name
