"""A number by which a gradient is off, read as what it stands for: 2, ln 2, the N samples a mean is taken over.

The candidates are made of the graph's own sizes and constants, the simplest first; two of equal value are a tie.
Read next: `evidence.py`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .steps import Step, View

LN2, LN10 = math.log(2), math.log(10)


@dataclass(frozen=True)
class Term:
    """One thing a factor may be made of, to some power: `value` finds it again in another view."""

    text: str
    kind: str  # "number", "size", "log", "constant", "ddof"
    meaning: str
    value: Callable[[View], float] = field(compare=False, repr=False)


@dataclass(frozen=True)
class Reading:
    """A factor understood: its text such as 2/N, the id of the mistake, and what its letters mean."""

    text: str
    id: str
    meaning: str
    cost: float
    value: Callable[[View], float] = field(compare=False, repr=False)


def read(view: View, c: float, tolerance: float = 1e-7) -> list[Reading]:
    """Return what a factor may stand for, the simplest first, ties beside each other; empty if nothing fits."""
    if c == 0 or not math.isfinite(c):
        return []
    if c < 0:
        return [_negated(r) for r in read(view, -c, tolerance)]
    found = [r for r in _readings(view) if abs(r.value(view) / c - 1) <= tolerance]
    if not found:
        return []
    least = min(r.cost for r in found)
    kept: dict[str, Reading] = {}
    for r in sorted(found, key=lambda r: r.cost):
        if r.cost <= least + 1:
            kept.setdefault((r.id, r.meaning) if r.id == "sum-vs-mean" else r.id, r)  # type: ignore[arg-type]
    return list(kept.values())


def _negated(r: Reading) -> Reading:
    if r.text == "1":
        return Reading("−1", "sign", "", 0, lambda view: -r.value(view))
    return Reading("−" + r.text, r.id, r.meaning, r.cost + 1, lambda view: -r.value(view))


def _readings(view: View) -> list[Reading]:
    kept: list[Reading] | None = view.kept.get("readings")
    if kept is None:
        kept = view.kept["readings"] = list(_all_readings(view))
    return kept


def _all_readings(view: View) -> Any:
    squares = has_square(view)
    half = "half" if squares else "factor"
    beside = 0.5 if squares else 2.0  # a ½ beside a size belongs to a squared error
    yield Reading("1", "none", "", 0, lambda v: 1.0)
    for text, value in (("½", 0.5), ("2", 2.0)):
        yield Reading(text, half, "", 1 if squares else 2.6, _constant(value))
    for text, value in (("ln 2", LN2), ("1/ln 2", 1 / LN2), ("ln 10", LN10), ("1/ln 10", 1 / LN10)):
        yield Reading(text, "log-base", "", 1, _constant(value))
    sizes = list(_sizes(view))
    constants = list(_constants(view, {term.value(view) for term in sizes}))
    for up, down in [*((s, None) for s in sizes), *((None, s) for s in sizes), *itertools.permutations(sizes, 2)]:
        for text, number in (("", 1.0), ("2", 2.0), ("½", 0.5)):
            yield _quotient(up, down, text, number, beside)
        for text, value in (("ln 2", LN2), ("1/ln 2", 1 / LN2)):
            if up is None or down is None:
                yield _quotient(up, down, text, value, 0.5)
    for first, second in itertools.combinations(sizes, 2):
        for text, number in (("", 1.0), ("2", 2.0), ("½", 0.5)):
            for inverse in (False, True):
                yield _product(first, second, text, number, inverse)
    for term in constants:
        for text, power in ((term.text, 1), (f"1/{term.text}", -1)):
            yield Reading(text, "factor", term.meaning, 2, _powered(term, power))
    for s in sizes:
        for text, function in _OF_SIZE:
            yield Reading(text.format(s.text), "ddof" if "1)" in text else "factor", s.meaning, 2.5, _of(s, function))
    for p, q in itertools.product(range(1, 13), repeat=2):
        if math.gcd(p, q) == 1 and (p > 2 or q > 2):
            yield Reading(f"{p}" if q == 1 else f"{p}/{q}", "factor", "", 5 + (p + q) / 10, _constant(p / q))
    for p in (0.1, 0.01, 0.001, 0.0001, 10, 100, 1000):
        yield Reading(f"{p:g}", "factor", "", 6.5, _constant(p))


_OF_SIZE: list[tuple[str, Callable[[float], float]]] = [
    ("{0}/({0} − 1)", lambda n: n / (n - 1) if n > 1 else math.nan),
    ("({0} − 1)/{0}", lambda n: (n - 1) / n),
    ("√{0}", math.sqrt),
    ("1/√{0}", lambda n: 1 / math.sqrt(n)),
]


def _constant(value: float) -> Callable[[View], float]:
    return lambda view: value


def _of(s: Term, function: Callable[[float], float]) -> Callable[[View], float]:
    return lambda view: function(s.value(view))


def _powered(term: Term, power: int) -> Callable[[View], float]:
    return lambda view: term.value(view) ** power


def _quotient(up: Term | None, down: Term | None, text: str, number: float, beside: float) -> Reading:
    over = f"{text}{up.text}" if up else text or "1"
    full = f"{over}/{down.text}" if down else over
    meaning = "; ".join(term.meaning for term in (up, down) if term)
    cost = 1 + beside * bool(text) + 1.5 * (up is not None and down is not None)
    kind = "log-base" if text.startswith(("ln", "1/ln")) else "sum-vs-mean"

    def value(view: View) -> float:
        return number * (up.value(view) if up else 1) / (down.value(view) if down else 1)

    return Reading(full, kind, meaning, cost + (0.5 if kind == "log-base" else 0), value)


def _product(first: Term, second: Term, text: str, number: float, inverse: bool) -> Reading:
    both = f"{first.text}·{second.text}"
    full = f"{text or 1}/({both})" if inverse else f"{text}{both}"

    def value(view: View) -> float:
        product = first.value(view) * second.value(view)
        return number / product if inverse else number * product

    return Reading(full, "sum-vs-mean", f"{first.meaning}; {second.meaning}", 2.5 + 0.5 * bool(text), value)


def has_square(view: View) -> bool:
    """Tell whether something is squared on the way to the loss."""
    return any(is_square(step) for step in view.steps)


def is_square(step: Step) -> bool:
    """Tell whether a step squares its operand."""
    if step.op.name == "square":
        return True
    if step.op.name == "power":
        return step.operands[1] is not None and np.size(step.operands[1]) == 1 and float(np.ravel(step.operands[1])[0]) == 2
    if step.op.name in ("multiply", "matmul") and step.parents[0] is not None:
        return step.parents[0] is step.parents[1] or (isinstance(step.parents[0], int) and step.parents[0] == step.parents[1])
    return False


def _sizes(view: View) -> Any:
    """Yield the lengths of axes, and the numbers of elements that sums and means are taken over."""
    seen: set[int] = {1}
    letters = iter("NKMLPQRST")
    for step in reversed(view.steps):
        if step.op.name in ("mean", "sum") and np.size(step.out):
            n = step_count(step)
            if n not in seen and n > 1:
                seen.add(n)
                letter = next(letters, "n")
                verb = "averages" if step.op.name == "mean" else "adds up"
                meaning = f"{letter} = {n}, the elements that {where(step)} {verb}"
                yield Term(letter, "size", meaning, _count_of(step.number))
    for step in reversed(view.steps):
        if step.op.name == "divide" and np.size(step.out) == 1 and step.parents[1] is None and step.operands[1] is not None:
            n = float(np.ravel(step.operands[1])[0])
            if n == int(n) and n > 1 and n not in seen:
                seen.add(int(n))
                letter = next(letters, "n")
                yield Term(letter, "size", f"{letter} = {n:.0f}, which {where(step)} divides by", _constant_of(step.number, 1))
    places = [(("arg", n, axis), length, f"axis {axis} of {view.names[n]}")
              for n, x in view.args.items() for axis, length in enumerate(x.shape)]  # fmt: skip
    places += [(("step", s.number, axis), length, f"axis {axis} of the result of {where(s)}")
               for s in view.steps for axis, length in enumerate(np.shape(s.out))]  # fmt: skip
    for place, length, text in places:
        if length not in seen:
            seen.add(length)
            letter = next(letters, "n")
            yield Term(letter, "size", f"{letter} = {length}, the length of {text}", _length_of(place))


def step_count(step: Step) -> int:
    """Return how many elements go into each of a reduction's results."""
    return int(np.prod(step.shape(0), dtype=int)) // max(int(np.size(step.out)), 1)


def _count_of(number: int) -> Callable[[View], float]:
    return lambda view: step_count(view.steps[number])


def _length_of(place: tuple[str, int, int]) -> Callable[[View], float]:
    kind, number, axis = place
    return lambda view: (view.args[number] if kind == "arg" else np.asarray(view.steps[number].out)).shape[axis]


def _constants(view: View, sizes: set[float]) -> Any:
    """Yield the numbers that the model multiplies and divides by, and its exponents."""
    seen: set[float] = {0.0, 1.0, 2.0, 0.5} | sizes | {1 / n for n in sizes}
    for step in view.steps:
        if step.op.name not in ("multiply", "divide", "power"):
            continue
        for i, x in enumerate(step.operands):
            if step.parents[i] is None and x is not None and np.size(x) == 1:
                value = abs(float(np.ravel(x)[0]))
                if value not in seen and math.isfinite(value):
                    seen.add(value)
                    yield Term(f"{value:.6g}", "constant", f"the {value:.6g} of {where(step)}", _constant_of(step.number, i))


def _constant_of(number: int, i: int) -> Callable[[View], float]:
    return lambda view: abs(float(np.ravel(view.steps[number].operands[i])[0]))


def where(step: Step) -> str:
    """Return the user's line, or the operation."""
    code = step.line.partition(": ")[2] if ": " in step.line else ""
    return f"`{code}`" if code else step.called or step.op.name
