"""From slips to diagnoses: the name, the words, the line and the formula of each.

Read next: `words.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from . import words
from .alterations import is_element_wise
from .closeness import scale_of
from .places import above, in_penalty
from .problem import Point
from .report import Diagnosis
from .search import Search
from .sizes import where
from .slips import Explanation, Slip
from .steps import Step, View

_FACTORS = {"sign", "factor", "sum-vs-mean", "half", "log-base", "ddof"}
Made = tuple[str, str, str, float | None]  # id, message, formula, factor


def diagnoses_of(explanation: Explanation, view: View, wrong: list[int]) -> list[Diagnosis]:
    """Return a diagnosis for every mistake of an explanation."""
    also = f", here and at {explanation.verified} other points" if explanation.verified else ""
    evidence = f"with this mistake the gradient is exactly yours{also}"
    if len(explanation.slips) > 1:
        evidence = f"with all these mistakes the gradient is exactly yours{also}"
    if explanation.joint:
        evidence = f"with both mistakes the gradient is exactly yours{also}; another two might do as well"
    merged: dict[tuple[str, Any], Diagnosis] = {}
    for slip in explanation.slips:
        names = tuple(view.names[n] for n in sorted(slip.arguments) or wrong)
        step = view.steps[slip.edge[0]] if slip.edge is not None and slip.edge[0] < len(view.steps) else None
        for id, message, formula, factor in _of(slip, step, view):
            line = "" if slip.scaled and id in _FACTORS else words.line_of(step)
            d = Diagnosis(id, message, factor, evidence, True, names, line, formula)
            merged.setdefault((d.id, d.factor) if d.id in _FACTORS else (d.id, d.message), d)
    return list(merged.values())


def _of(slip: Slip, step: Step | None, view: View) -> Iterator[Made]:
    """Yield the mistakes of one slip: a factor beside something else is one of its own."""
    only_factor = slip.factor is not None and not slip.scaled and (slip.readings or slip.id in _FACTORS)
    if not only_factor:
        names = words.listed([view.names[n] for n in sorted(slip.arguments)])
        factor = None if slip.scaled else slip.factor
        yield slip.id, words.of_slip(slip.id, slip, step, names), words.formula_for(slip.id, step), factor
    if slip.factor is not None and (only_factor or slip.scaled):
        yield from _of_factor(slip, step if only_factor else None, view, slip.factor)


def _of_factor(slip: Slip, step: Step | None, view: View, c: float) -> Iterator[Made]:
    """Yield what a factor stands for; its sign is a mistake of its own."""
    if step is not None:
        penalty = slip.edge is not None and in_penalty(view, slip.edge)
        what = f"the derivative of the penalty in {where(step)}" if penalty else f"what {words.at(step)} hands on"
    elif 0 < len(slip.arguments) < len(view.args):
        what = f"the gradient of {words.listed([view.names[n] for n in sorted(slip.arguments)])}"
    else:
        what = "the gradient"
    if c < 0:
        yield "sign", words.of_factor("sign", None, c, what), "", -1.0
    reading = slip.readings[0] if slip.readings else None
    if abs(c + 1) > 1e-9:
        id = reading.id if reading is not None and (slip.scaled or slip.id == "sign") else slip.id
        yield id, words.of_factor(id, reading, abs(c), what), words.formula_for(id, None), c


# What comes after a mistake


def carried_forward(view: View, wrong: list[int]) -> dict[int, int]:
    """Return, for each argument behind another one that is wrong too, which one: an activation lies between them."""
    found = {}
    for n in wrong:
        for m in wrong:
            uses = [view.steps[number] for number, _ in view.users.get(m, ())]
            again = any(_lies_behind(view, m, step) for step in uses)  # in a loop each lies behind the other
            if m != n and not again and any(_lies_behind(view, n, step) for step in uses):
                found[n] = m
    return found


def _lies_behind(view: View, n: int, step: Step) -> bool:
    between = [s for s in above(step) if s is not step and s in _way(view, n)]
    return any(is_element_wise(s) and s.op.name not in ("named", "negative", "cast", "copy") for s in between)


def _way(view: View, n: int) -> set[Step]:
    """Return the steps between an argument and the loss."""
    kept: dict[int, set[Step]] = view.kept.setdefault("ways", {})
    if n not in kept:
        found: set[Any] = {n}
        for s in view.steps:
            if any(p in found for p in s.parents if p is not None):
                found.add(s)
        kept[n] = found - {n}
    return kept[n]


def of_unknown(
    point: Point, names: dict[int, str], wrong: list[int], place: Step | None, search: Search
) -> list[Diagnosis]:
    """Say what can be said of a mistake that has no name: where it is, which elements differ, what comes nearest."""
    behind = carried_forward(point.views[0], wrong) if place is not None else {}
    first = [n for n in wrong if n not in behind]
    message = (
        "No mistake that is known makes this gradient. " + "; ".join(_elements(point, names, n) for n in first) + "."
    )
    if place is not None:
        message += f" It lies between {words.at(place)} and the loss: one cotangent of it makes all the rest."
    close = "; ".join(f"{slip.id} ({share:.0%} off)" for share, slip in search.known.nearest if share < 0.5)
    evidence = f"{search.known.tried} alterations were tried" + (", not all: time was up" if search.stopped else "")
    evidence += f"; the nearest are {close}" if close else ""
    line = words.line_of(place) if place is not None else ""
    found = [Diagnosis("unexplained", message, None, evidence, False, tuple(names[n] for n in first), line)]
    if behind:
        later = [names[n] for n in wrong if n in behind]
        text = f"The way from there to {words.listed(later)} is right: the error is carried on, not made again."
        found.append(
            Diagnosis("error-carried-forward", text, None, "they follow from the same cotangent", False, tuple(later))
        )
    return found


def _elements(point: Point, names: dict[int, str], n: int) -> str:
    """Say which elements of a gradient differ."""
    apart = np.abs(point.hand[n] - point.truth[n]) > 1e-8 * scale_of(point.hand[n], point.truth[n])
    count, size = int(apart.sum()), int(apart.size)
    if count == size:
        return f"{names[n]}: every element differs" if size > 1 else f"{names[n]} differs"
    where = ", ".join(str(list(map(int, i))) for i in np.argwhere(apart)[:4])
    return f"{names[n]}: {count} of {size} elements differ, at {where}{', …' if count > 4 else ''}"
