"""The way back with exactly one answer altered; or the same slip at every step of a kind.

One who forgets tanh′ forgets it in all layers, and at all times of a recurrent network. Read next: `forward.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from . import alterations as a
from .particular import undivided
from .places import is_twin
from .steps import Alteration, Alterations, Edge, Step, View
from .table import FREE, rows


@dataclass(frozen=True)
class Mutant:
    """A slip: its id, the answers it alters, and how likely it is (the lower the likelier)."""

    id: str
    alterations: Alterations = field(hash=False)
    kind: str
    rank: float
    detail: str = ""
    also: tuple[str, ...] = ()  # other names that fit as well

    @property
    def edge(self) -> Edge:
        """The first place, the nearest to the loss."""
        return max(self.alterations)


def mutants_of(view: View) -> list[Mutant]:
    """Return all mutants of a view's rules, worked out once."""
    kept: list[Mutant] | None = view.kept.get("mutants")
    if kept is None:
        alone = [
            Mutant(r.ids[0], {(step.number, i): r.alter}, r.kind, r.rank, r.detail, r.ids[1:])
            for step in view.steps
            for i, _ in step.live()
            for r in rows(view, step, i)
        ]
        kept = view.kept["mutants"] = alone + _repeated(view, alone) + _shifted(view) + _of_both(view)
    return kept


def _repeated(view: View, alone: list[Mutant]) -> list[Mutant]:
    """Return the same slip at every step of an operation; of an operation in one line; and of like operands there."""
    groups: dict[Any, list[Mutant]] = {}
    for m in alone:
        if m.kind in ("other value", "other cotangent") or m.id == "sign":
            continue
        step = view.steps[m.edge[0]]
        operands = tuple([p.op.name if isinstance(p, Step) else p for p in step.parents])
        for where in ("", step.line, (step.line, operands)):
            groups.setdefault((where, step.op.name, m.edge[1], m.kind), []).append(m)
    made: dict[Any, Mutant] = {}
    for (_, name, _, kind), group in groups.items():
        if len(group) < 2:
            continue
        places = {edge: alter for m in group for edge, alter in m.alterations.items()}
        best = min(group, key=lambda m: m.rank)
        detail = best.detail or f"every {name}"
        made.setdefault((*sorted(places), kind), Mutant(best.id, places, kind, best.rank + 0.5, detail, best.also))
    return list(made.values())


def _shifted(view: View) -> list[Mutant]:
    """Return the use of a state of another time, at all times: of one line that runs again and again."""
    lines: dict[Any, list[Step]] = {}
    for step in view.steps:
        arguments = tuple([p for p in step.parents if isinstance(p, int)])
        lines.setdefault((step.line, step.op.name, np.shape(step.out), arguments), []).append(step)
    runs = [steps for steps in lines.values() if len(steps) > 1 and steps[0].line]
    made = []
    for steps in runs:
        made += _at_last_state(view, steps, runs)
        for later in runs:
            for i in range(len(steps[0].parents)) if len(later) == len(steps) and later is not steps else ():
                changed = {(s.number, i): alter for s in steps if (alter := _next_state(s, i, later)) is not None}
                if len(changed) == len(steps):
                    made.append(Mutant("wrong-node", changed, "next state", 6, "the state of another time"))
    return made


def _at_last_state(view: View, steps: list[Step], runs: list[list[Step]]) -> list[Mutant]:
    """Return the slope at the last state for that at the new one, at all times: 1 − hₜ₋₁² for 1 − hₜ²."""
    i, first = a.argument_of(steps[0]), _initial_state(view, steps[0], runs)
    if i is None or first is None or "out" not in steps[0].op.asks[steps[0].names[i]]:
        return []
    last = [first, *[a.Source("out", s.number) for s in steps[:-1]]]
    changed: Alterations = {(s.number, i): a.Changed("out", source) for s, source in zip(steps, last, strict=True)}
    id, also = "local-derivative-at-wrong-point", ("wrong-node",)
    return [Mutant(id, changed, "last state", 6, "the state of the time before", also)]


def _initial_state(view: View, state: Step, runs: list[list[Step]]) -> a.Source | None:
    """Return what stands in the first run of a line where the second has the first state."""
    for number, i in view.users.get(state, ()):
        for run in runs:
            if view.steps[number] is run[1] and not isinstance(run[0].parents[i], Step):
                parent = run[0].parents[i]
                return a.Source("operand", run[0].number, i) if parent is None else a.Source("arg", parent)
    return None


def _next_state(step: Step, i: int, later: list[Step]) -> Alteration | None:
    """Return the rule of one operand with the other one taken from the first of the later steps behind it."""
    if not getattr(step.op, "asks", None) or step.parents[i] is None or step.op.variadic or len(step.names) != 2:
        return None
    asked = step.names[1 - i]
    behind = next((s for s in later if s.number > step.number), None)
    if behind is None or asked not in step.op.asks.get(step.names[i], ()):
        return None
    fits = step.operands[1 - i] is not None and np.shape(behind.out) == np.shape(step.operands[1 - i])
    return a.Changed(asked, a.Source("out", behind.number)) if fits else None


def _of_both(view: View) -> list[Mutant]:
    """Return what is done to both operands of a step: they are exchanged, or the divisor of a quotient is forgotten."""
    made = []
    for step in view.steps:
        if len(step.live()) != 2 or step.op.variadic or len(step.names) != 2 or step.op.name in FREE or is_twin(step):
            continue
        exchanged: Alterations = {(step.number, i): a.exchanged for i, _ in step.live()}
        made.append(Mutant("operands-swapped", exchanged, "both exchanged", 5.3))
        if step.op.name == "divide":
            forgotten: Alterations = {(step.number, i): undivided for i, _ in step.live()}
            made.append(Mutant("local-derivative-missing", forgotten, "undivided", 5, "the divisor"))
    return made
