"""A number by which a gradient is off, read as what it stands for: 2, ln 2, the N samples a mean is taken over.

The candidates are made of the graph's own sizes and constants, the simplest first; two of equal value are a tie.
Read next: `alterations.py`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from .places import statistic
from .sizes import Term, constants, has_square, sizes
from .steps import View

LN2, LN10 = math.log(2), math.log(10)


@dataclass(frozen=True)
class Reading:
    """A factor understood: its text such as 2/N, the id of the mistake, and what its letters mean."""

    text: str
    id: str
    meaning: str
    cost: float
    value: Callable[[View], float] = field(compare=False, repr=False)
    likely: float = 1.0  # less where a length has nothing to do with what is summed, and may be chance


def read(view: View, c: float, tolerance: float = 1e-7) -> list[Reading]:
    """Return what a factor may stand for, the simplest first, ties beside each other; empty if nothing fits."""
    if c == 0 or not math.isfinite(c):
        return []
    if c < 0:
        return [_negated(r) for r in read(view, -c, tolerance)]
    found = [r for r in _readings(view) if abs(r.value(view) / c - 1) <= tolerance]
    if not found:
        return []
    sure = [r.cost for r in found if r.likely == 1]
    found = [r for r in found if r.likely or not sure or r.cost < min(sure)]  # a ½ is no length that is 2 by accident
    least = min(r.cost for r in found)
    kept: dict[tuple[str, str], Reading] = {}
    for r in sorted(found, key=lambda r: r.cost):
        if r.cost <= least + 1:
            kept.setdefault((r.id, r.meaning if r.id == "sum-vs-mean" else ""), r)
    return list(kept.values())


def _negated(r: Reading) -> Reading:
    if r.text == "1":
        return Reading("−1", "sign", "", 0, lambda view: -r.value(view))
    return Reading("−" + r.text, r.id, r.meaning, r.cost + 1, lambda view: -r.value(view), r.likely)


def _readings(view: View) -> list[Reading]:
    kept: list[Reading] | None = view.kept.get("readings")
    if kept is None:
        kept = view.kept["readings"] = list(_all_readings(view))
    return kept


def _all_readings(view: View) -> Iterator[Reading]:
    squares = has_square(view)
    half = "half" if squares else "factor"
    beside = 0.5 if squares else 2.0  # a ½ beside a size belongs to a squared error
    yield Reading("1", "none", "", 0, lambda v: 1.0)
    for text, value in (("½", 0.5), ("2", 2.0)):
        yield Reading(text, half, "", 1 if squares else 2.6, _constant(value))
    for text, value, cost in (("ln 2", LN2, 1.0), ("ln 10", LN10, 1.0), ("log₂ 10", LN10 / LN2, 2.0)):
        yield Reading(text, "log-base", "", cost, _constant(value))
        yield Reading(f"1/{text}", "log-base", "", cost, _constant(1 / value))
        for power, belongs in ((2, f"{text} where 1/{text} belongs"), (-2, f"1/{text} where {text} belongs")):
            squared = f"({text})²" if power > 0 else f"1/({text})²"
            yield Reading(squared, "log-base", belongs, cost + 1, _constant(value**power))
    lengths = list(sizes(view))
    for up, down in [*((s, None) for s in lengths), *((None, s) for s in lengths), *itertools.permutations(lengths, 2)]:
        for text, number in (("", 1.0), ("2", 2.0), ("½", 0.5)):
            yield _quotient(up, down, text, number, beside)
        for text, value in (("ln 2", LN2), ("1/ln 2", 1 / LN2)):
            if up is None or down is None:
                yield _quotient(up, down, text, value, 0.5)
    for first, second in itertools.combinations(lengths, 2):
        for text, number in (("", 1.0), ("2", 2.0), ("½", 0.5)):
            for inverse in (False, True):
                yield _product(first, second, text, number, inverse)
    for term in constants(view, {s.value(view) for s in lengths}):
        for text, power in ((term.text, 1), (f"1/{term.text}", -1)):
            yield Reading(text, "factor", term.meaning, 1 if term.kind == "exponent" else 2, _powered(term, power))
    centred = any(statistic(view, (step.number, i)) == "mean" for step in view.steps for i, _ in step.live())
    for s in lengths:
        for text, function in _OF_SIZE:
            id = "ddof" if "1)" in text else "factor"
            cost = 2.5 if id == "factor" else (1.5 if centred else 2.5) + (s.kind == "axis")
            yield Reading(text.format(s.text), id, s.meaning, cost, _of(s, function))
    for p, q in itertools.product(range(1, 13), repeat=2):
        if math.gcd(p, q) == 1 and (p > 2 or q > 2):
            yield Reading(f"{p}" if q == 1 else f"{p}/{q}", "factor", "", 5 + (p + q) / 10, _constant(p / q))
    for power in (-4, -3, -2, -1, 1, 2, 3):
        yield Reading(f"{10.0**power:g}", "factor", "", 6.5, _constant(10.0**power))


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

    if up is None or down is not None:
        likely = 0.5 if up is None and down is not None and down.kind == "axis" else 1.0
    else:
        likely = {"size": 1.0, "part": 0.5, "axis": 0.0}[up.kind]
    return Reading(full, kind, meaning, cost + (0.5 if kind == "log-base" else 0) + 0.1 * (1 - likely), value, likely)


def _product(first: Term, second: Term, text: str, number: float, inverse: bool) -> Reading:
    both = f"{first.text}·{second.text}"
    full = f"{text or 1}/({both})" if inverse else f"{text}{both}"

    def value(view: View) -> float:
        product = first.value(view) * second.value(view)
        return number / product if inverse else number * product

    return Reading(full, "sum-vs-mean", f"{first.meaning}; {second.meaning}", 2.5 + 0.5 * bool(text), value)
