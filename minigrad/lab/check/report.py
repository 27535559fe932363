"""What a check found, and how it is told: as a teacher would, what agrees first.

Read next: `live.py`.
"""

from __future__ import annotations

import html
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

IDS = (
    "sign", "factor", "sum-vs-mean", "half", "log-base", "transpose", "operands-swapped", "unreduced", "wrong-axis",
    "local-derivative-missing", "local-derivative-at-wrong-point", "local-derivative-twice", "softmax-diagonal",
    "softmax-twice", "wrong-node", "branch-missing", "branch-twice", "accumulated", "updated-too-early",
    "constant-vs-variable", "regularizer-missing", "regularizer-extra", "batchnorm-mean-constant",
    "batchnorm-variance-constant", "ddof", "forward-differs", "error-carried-forward", "unexplained",
)  # fmt: skip


@dataclass(frozen=True)
class Diagnosis:
    """One mistake by its name.

    Attributes
    ----------
    id : one of `IDS`
    way : the number of the explanation it belongs to, where several would do
    message : the mistake in words, with the line of the model and the correct formula
    factor : what the hand gradient, or the part of it that is meant, is of the right one; None where that is no number
    evidence : why this is claimed
    certain : whether nothing else explains the gradients as well
    arguments : whose gradients it explains
    line : of the model, "" where it is at no one line
    formula : the correct one, "" where there is none to show
    """

    id: str
    message: str
    factor: float | None = None
    evidence: str = ""
    certain: bool = True
    arguments: tuple[str, ...] = ()
    line: str = ""
    formula: str = ""
    way: int = 0


@dataclass
class Result:
    """What was found of the gradient of one argument.

    Attributes
    ----------
    name : of the argument
    verdict : "match", "rounding", "kink" or "mistake"
    difference, where, ulp : the largest difference, its index, and its size in units in the last place; None where
        there is nothing to compare
    hand, truth : both gradients, in float64
    reason : what told rounding or a kink from a mistake; or what is wrong with the array
    diagnoses : of this argument, the best first
    """

    name: str
    verdict: str
    difference: float | None = None
    where: tuple[int, ...] | None = None
    ulp: float | None = None
    hand: Any = None
    truth: Any = None
    reason: str = ""
    diagnoses: list[Diagnosis] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether the gradient is right."""
        return self.verdict != "mistake"


@dataclass
class Report:
    """What a check found.

    Attributes
    ----------
    results : by the name of the argument
    diagnoses : of all of them, the best first
    notes : what else was noticed
    problem : why nothing could be compared, or ""
    loss, hand_loss : the values of the loss, None where not given
    """

    results: dict[str, Result] = field(default_factory=dict)
    diagnoses: list[Diagnosis] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problem: str = ""
    loss: float | None = None
    hand_loss: float | None = None

    @property
    def ok(self) -> bool:
        """Whether the derivation is right: every gradient, and the loss where it was given."""
        return not self.problem and not self.diagnoses and all(r.ok for r in self.results.values())

    def __bool__(self) -> bool:
        return self.ok

    def lines(self) -> list[tuple[str, str]]:
        """Return the report line by line, each with its kind: "good", "bad", "mistake", "text", "code" or "note"."""
        return list(_lines(self))

    def __str__(self) -> str:
        return "\n".join(text for _, text in self.lines())

    def __repr__(self) -> str:
        state = "ok" if self.ok else self.problem or ", ".join(d.id for d in self.diagnoses)
        return f"<Report: {state}>"

    def __rich__(self) -> Any:
        from rich.text import Text

        styles = {"good": "green", "bad": "red", "mistake": "bold", "code": "cyan", "note": "dim", "text": ""}
        whole = Text()
        for kind, text in self.lines():
            whole.append(text + "\n", style=styles[kind])
        whole.rstrip()
        return whole

    def _repr_html_(self) -> str:
        colours = {"good": "#00735a", "bad": "#b34a00", "note": "#666"}
        rows = []
        for kind, text in self.lines():
            weight = "font-weight:bold;" if kind == "mistake" else ""
            colour = f"color:{colours[kind]};" if kind in colours else ""
            family = "font-family:monospace;" if kind == "code" else ""
            rows.append(
                f'<div style="white-space:pre-wrap;{weight}{colour}{family}">{html.escape(text) or "&nbsp;"}</div>'
            )
        return "".join(rows)

    def _repr_markdown_(self) -> str:
        marks = {"mistake": "**{}**  ", "code": "    {}", "note": "*{}*  "}
        return "\n".join(marks.get(kind, "{}  ").format(text.strip()) if text else "" for kind, text in self.lines())


def _lines(report: Report) -> Iterator[tuple[str, str]]:
    if report.problem:
        yield "bad", f"It could not be checked: {report.problem}."
        yield from (("note", note) for note in report.notes)
        return
    if report.hand_loss is not None:
        differs = any(d.id == "forward-differs" and not d.arguments for d in report.diagnoses)
        mark = ("bad", "✗ loss") if differs else ("good", "✓ loss")
        yield mark[0], f"{mark[1]}: yours {report.hand_loss:.10g}, the model's {report.loss:.10g}"
    for r in report.results.values():
        yield from _of_result(r)
    if report.ok:
        yield "good", "The derivation is right."
    yield from _of_diagnoses(report.diagnoses)
    for note in report.notes:
        yield "note", note


def _of_diagnoses(diagnoses: list[Diagnosis]) -> Iterator[tuple[str, str]]:
    ways = {d.way for d in diagnoses}
    numbered = len(ways) == 1 and sum(d.id != "error-carried-forward" for d in diagnoses) > 1
    if len(ways) > 1:
        yield "text", ""
        yield "mistake", "Each of these would make exactly your gradient:"
    for number, d in enumerate(diagnoses, 1):
        if d.id == "error-carried-forward":
            yield "text", f"   {d.message}"
            continue
        if len(ways) == 1:
            yield "text", ""
        first = number == 1 or diagnoses[number - 2].way != d.way
        head = f"{number}. " if numbered else "" if len(ways) == 1 else "– " if first else "  and: "
        yield "mistake", f"{head}{d.message}"
        for text in filter(None, (d.line, d.formula)):
            yield "code", f"   {text}"
        last = number == len(diagnoses)
        if d.evidence and (last or d.evidence != diagnoses[number].evidence):
            yield "note", f"   {d.evidence}"


def _of_result(r: Result) -> Iterator[tuple[str, str]]:
    if r.verdict == "match":
        yield "good", f"✓ {r.name}: agrees" + (f" to {math.ceil(r.ulp)} ulp" if r.ulp else " to the last bit")
    elif r.verdict in ("rounding", "kink"):
        word = "right, but for rounding" if r.verdict == "rounding" else "right, at a kink"
        yield "good", f"✓ {r.name}: {word}: {r.reason}"
    elif r.difference is None or r.where is None:
        yield "bad", f"✗ {r.name}: {r.reason}"
    else:
        place = f", most at {list(r.where)}" if r.where else ""
        pair = f": yours {float(r.hand[r.where]):.6g}, right {float(r.truth[r.where]):.6g}"
        yield "bad", f"✗ {r.name}: differs{place}{pair}" + (f"; {r.reason}" if r.reason else "")
