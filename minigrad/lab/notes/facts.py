"""What there is to say of a row, in words and numbers: the terminal, the page and the JSON all take it from here.

Read next: `report.py`.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from .compare import RTOL, Array, Derivation, Difference, Result

MOST = 8  # elements of an array that are shown in full; all are compared


class Entry(NamedTuple):
    """A formula with its values.

    Parameters
    ----------
    formula : as printed
    values : for each element that is shown the point it belongs to, or "", and its value by hand and by minigrad
    left_out : how many more elements there are
    difference : the largest ones
    """

    formula: str
    values: list[tuple[str, float, float]]
    left_out: int
    difference: Difference


def entries(result: Result, most: int = MOST) -> list[Entry]:
    """Return every formula of a row with its values at the notes' points: of an array the first `most`."""
    where = result.derivation.where
    found = []
    for formula, *sides, difference in zip(
        result.derivation.formulas, result.hand, result.auto, result.differences, strict=True
    ):
        hand, auto = [np.ravel(side).tolist() for side in sides]
        of_points = len(where) > 1 and np.shape(sides[0]) == (len(where),)
        labels = [f"for {point}" for point in where] if of_points else [""] * len(hand)
        values = list(zip(labels, hand, auto, strict=True))[: None if of_points else most]
        found.append(Entry(formula, values, len(hand) - len(values), difference))
    return found


def short(value: float) -> str:
    """Return a number with four decimals, or with three digits where these would hide or swell it.

    >>> short(13.28771), short(-0.0), short(1.25e-7), short(93651.4)
    ('13.2877', '0.0000', '1.25e-07', '9.37e+04')
    """
    plain = value == 0 or 1e-3 <= abs(value) < 1e4
    return f"{value + 0.0:.4f}" if plain else f"{value:.2e}"


def precise(value: float) -> str:
    """Return a number with eight digits; where there is none, say so.

    >>> precise(2 / 3), precise(float("nan"))
    ('0.66666667', 'not a number')
    """
    return "not a number" if math.isnan(value) else f"{value + 0.0:.8g}"


def where(derivation: Derivation) -> str:
    """Return what the shown values belong to: the one point, or that there are several."""
    return f"For {derivation.where[0]}" if len(derivation.where) == 1 else "For the points of the notes"


def drawn(derivation: Derivation) -> str:
    """Return what the random points are: the first line of `draw`'s docstring, to go on a sentence."""
    text = (inspect.getdoc(derivation.draw) or "").partition("\n")[0]
    return text[:1].lower() + text[1:].rstrip(".")


def code_name(derivation: Derivation) -> str:
    """Return where the hand side is to be found."""
    return f"{derivation.hand.__module__}.{derivation.hand.__qualname__}"


def compared(result: Result) -> str:
    """Return in sentences what was compared, and with what result."""
    row = result.derivation
    printed = ", ".join(f"{value:.4f}" for value in row.printed)
    points = f" ({drawn(row)})" if drawn(row) else ""
    parts = [
        f"In float64, at {result.points:,} random points{points} and at the values above.",
        f"The largest difference is {result.absolute:.1e} absolute, {result.relative:.1e} relative; "
        f"up to {RTOL:.0e} relative is rounding.",
        f"What is smaller than {row.floor:g} is measured against {row.floor:g}, as cancelling leaves only rounding."
        if row.floor
        else "",
        f"To four decimals it must be {printed}, and {'is' if result.as_printed else 'is not'}." if printed else "",
    ]
    return " ".join(filter(None, parts))


def disagreement(result: Result) -> str:
    """Return in one sentence where hand and minigrad part."""
    name = f"derivation {result.derivation.id} disagrees"
    if not result.relative <= RTOL:
        return f"{name}: {result.worst.strip()}: the relative difference reaches {result.relative:.1e}"
    if result.broken is not None:
        return f"{name}: {result.broken.strip()}: differs from the line before"
    return f"{name}: {result.derivation.formulas[0]}: the values are not those that the notes print"


# For machines


def as_dict(results: Sequence[Result]) -> dict[str, Any]:
    """Return the results as nested dictionaries and lists that JSON can hold: what is no number is None."""
    return {"agrees": all(r.agrees for r in results), "tolerance": RTOL, "rows": [_row(r) for r in results]}


def _row(result: Result) -> dict[str, Any]:
    row = result.derivation
    return {
        "id": row.id,
        "title": row.title,
        "where": list(row.where),
        "formulas": [_formula(*parts) for parts in zip(entries(result), result.hand, result.auto, strict=True)],
        "against": row.against,
        "printed": list(row.printed),
        "remark": row.remark,
        "points": result.points,
        "drawn": drawn(row),
        "absolute": _number(result.absolute),
        "relative": _number(result.relative),
        "agrees": result.agrees,
        "code": code_name(row),
        "source": row.source,
        "errata": [
            {
                "id": erratum.id,
                "note": erratum.note,
                "algebra": erratum.algebra,
                "effect": erratum.effect,
                "evaluated": [
                    {"what": v.what, "note": _number(v.note), "algebra": _number(v.algebra)} for v in erratum.evaluate()
                ],
            }
            for erratum in row.errata
        ],
    }


def _formula(entry: Entry, hand: Array, auto: Array) -> dict[str, Any]:
    relative, absolute, step = entry.difference
    return {
        "formula": entry.formula.strip(),
        "hand": _numbers(hand),
        "minigrad": _numbers(auto),
        "absolute": _number(absolute),
        "relative": _number(relative),
        "from_line_before": None if step is None else _number(step),
    }


def _numbers(values: Array) -> Any:
    """Return an array as nested lists, with None for NaN and infinity."""
    if np.ndim(values):
        return [_numbers(part) for part in values]
    return _number(float(values))


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
