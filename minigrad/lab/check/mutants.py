"""Every slip that can be made at one step, read off the table of rules: the way back with exactly one answer altered.

Also the same slip made at every step of a kind, as one who forgets tanh′ forgets it in all layers. Read next:
`forward.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from . import alterations as a
from .places import above, canonical, chain, is_twin, names_of_dropping
from .steps import Alteration, Alterations, Edge, Step, View

Array = Any


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


NEAR = 15  # in long graphs only values so many steps away are taken for one another
Found = tuple[str, str, float, Alteration, str]  # id, kind, rank, alteration, detail


def singles(view: View) -> list[Mutant]:
    """Return every slip at one place."""
    found = []
    for step in view.steps:
        for i, parent in step.live():
            for id, kind, rank, alter, detail in _at(view, step, i, parent):
                name, *also = id.split()
                found.append(Mutant(name, {(step.number, i): alter}, kind, rank, detail, tuple(also)))
    return found


def shifted(view: View) -> list[Mutant]:
    """Return the use of the next state for the last one, at all times: of one line that runs again and again."""
    lines: dict[Any, list[Step]] = {}
    for step in view.steps:
        arguments = tuple([p for p in step.parents if isinstance(p, int)])
        lines.setdefault((step.line, step.op.name, np.shape(step.out), arguments), []).append(step)
    made = []
    for steps in lines.values():
        if len(steps) < 2 or not steps[0].line or not getattr(steps[0].op, "asks", None):
            continue
        for i in range(len(steps[0].parents)):
            for later in lines.values():
                changed = {}
                for step in steps if len(later) == len(steps) and later is not steps else ():
                    alter = _next_state(step, i, later)
                    if alter is not None:
                        changed[step.number, i] = alter
                if len(changed) == len(steps):
                    made.append(Mutant("wrong-node", changed, "next state", 6, "the state of another time"))
    return made


def _next_state(step: Step, i: int, later: list[Step]) -> Alteration | None:
    """Return the rule of one operand with the other one taken from the first of the later steps behind it."""
    if step.parents[i] is None or step.op.variadic or len(step.names) != 2:
        return None
    asked = step.names[1 - i]
    behind = next((s for s in later if s.number > step.number), None)
    if behind is None or asked not in step.op.asks.get(step.names[i], ()):
        return None
    if np.shape(behind.out) != np.shape(step.operands[1 - i]):
        return None
    return a.Changed(asked, a.Source("out", behind.number))


def undivided(view: View) -> list[Mutant]:
    """Return the quotient whose divisor is forgotten on the way back, in both of its derivatives."""
    made = []
    for step in view.steps:
        if step.op.name == "divide" and len(step.live()) == 2 and step.operands[1] is not None:
            places = {(step.number, i): _undivided for i, _ in step.live()}
            made.append(Mutant("local-derivative-missing", places, "undivided", 5, "the divisor"))
    return made


def _undivided(view: View, step: Step, i: int, g: Array) -> Array:
    return step.answer(i, g * step.operands[1])


def repeated(view: View, mutants: list[Mutant]) -> list[Mutant]:
    """Return the same slip at every step of one operation, and at every step of one line."""
    groups: dict[Any, list[Mutant]] = {}
    for m in mutants:
        if m.kind in ("other value", "other cotangent") or m.id in ("sign",):
            continue
        step = view.steps[m.edge[0]]
        kinds = tuple([p.op.name if isinstance(p, Step) else p for p in step.parents])
        for where in ("", step.line, (step.line, kinds)):
            groups.setdefault((where, step.op.name, m.edge[1], m.kind), []).append(m)
    made: dict[Any, Mutant] = {}
    for (_, name, _, kind), group in groups.items():
        if len(group) < 2:
            continue
        places = {edge: alter for m in group for edge, alter in m.alterations.items()}
        best = min(group, key=lambda m: m.rank)
        made.setdefault((tuple(sorted(places)), kind), Mutant(best.id, places, kind, best.rank + 0.5, best.detail or f"{name}, all", best.also))
    return list(made.values())


def _at(view: View, step: Step, i: int, parent: Any) -> Iterator[Found]:
    """Yield what can go wrong with one operand of one step."""
    if canonical(view, (step.number, i)) == (step.number, i) and not is_twin(step):
        yield " ".join(names_of_dropping(view, (step.number, i))), "drop", 3, a.scaled(0), ""
    if not getattr(step.op, "asks", None):
        return
    if a.is_element_wise(step):
        yield from _element_wise(view, step)
    elif step.op.name in _OWN:
        yield from _OWN[step.op.name](view, step, i)
    if not _is_number_times(step, i) and step.op.name not in _FREE:
        yield "local-derivative-missing", "missing", 4, a.missing, ""
    if len(step.op.arrays) == 2 and not step.op.variadic and step.op.name not in _FREE:
        yield from _of_two(step, i)
    yield from _other_values(view, step, i)
    if np.ndim(step.out) and np.shape(step.out)[0] > 1:
        yield "branch-missing", "last row", 6, a.one_row(-1), "the last sample alone"
        yield "branch-missing", "first row", 6, a.one_row(0), "the first sample alone"
    if step.op.broadcasts and np.shape(step.out) != step.shape(i):
        yield "wrong-axis", "other axis", 5, a.other_axis, ""
    yield "transpose", "turned", 5, a.turned, ""


# Operations that only move or add: there is no local derivative to forget.
_FREE = {"add", "subtract", "negative", "positive", "sum", "mean", "reshape", "transpose", "swapaxes", "moveaxis",
         "squeeze", "expand_dims", "broadcast_to", "concatenate", "cast", "copy", "named", "getitem"}  # fmt: skip


def _is_number_times(step: Step, i: int) -> bool:
    """Tell whether a step multiplies by, or divides by, a number alone: a factor, not a derivative."""
    if step.op.name not in ("multiply", "divide"):
        return False
    other = step.operands[1 - i] if step.parents[1 - i] is None else None
    return other is not None and np.size(other) == 1


def _element_wise(view: View, step: Step) -> Iterator[Found]:
    if step.op.name in _FREE:
        return
    yield "local-derivative-twice", "twice", 4, a.twice, ""
    yield "local-derivative-at-wrong-point", "at result", 4, a.at_result, "result"
    yield "local-derivative-at-wrong-point", "in terms of argument", 4, a.in_terms_of_argument, "argument"
    yield "local-derivative-missing", "by value", 6, a.by_value, "value"
    yield "local-derivative-missing", "by argument", 6.5, lambda v, s, i, g: g * s.operands[0], "argument alone"
    if step.op.name in ("sigmoid", "tanh"):
        names = "local-derivative-missing local-derivative-at-wrong-point"
        yield names, "one less", 6, lambda v, s, i, g: g * (1 - s.out), "the other factor"
    if "out" in step.op.asks[step.names[0]]:
        argument = a.Source("operand", step.number, 0)
        yield "local-derivative-at-wrong-point", "out is x", 4, a.Changed("out", argument), "argument"
    for other in _SLOPES:
        if step.op.name in _SLOPES and other != step.op.name:
            names = "local-derivative-at-wrong-point local-derivative-missing forward-differs"
            yield names, f"slope of {other}", 6, _slope_of(other), f"the derivative of {other}"
    if step.op.name == "relu":
        yield "wrong-node", "mask of g", 7, lambda v, s, i, g: g * (g > 0), "the cotangent"


_SLOPES = {"sigmoid": lambda o: o * (1 - o), "tanh": lambda o: 1 - o * o, "relu": lambda o: o > 0}


def _slope_of(name: str) -> Alteration:
    return lambda view, step, i, g: g * _SLOPES[name](np.asarray(step.out))


def _of_two(step: Step, i: int) -> Iterator[Found]:
    known = all(x is not None for x in step.operands)
    if known:
        yield "operands-swapped", "exchanged", 5, a.exchanged, ""
    if known and all(step.op.rules[name] for name in step.names):
        yield "operands-swapped", "other rule", 5.2, a.rule_of_other, ""
    if step.op.name == "matmul" and known and np.ndim(step.operands[1 - i]) == 2 and np.ndim(step.out) == 2:
        yield "operands-swapped", "other order", 5, a.other_order, ""


def _other_values(view: View, step: Step, i: int) -> Iterator[Found]:
    """Yield the rule with each value it asks for taken from elsewhere, or transposed."""
    name = step.op.arrays[0] if step.op.variadic else step.names[i]
    environment = step.environment
    crowded = len(view.steps) > 4 * NEAR
    for asked in step.op.asks.get(name, ()):
        own = environment.get(asked)
        if not isinstance(own, np.ndarray | np.generic) or asked in step.options or np.asarray(own).dtype.kind != "f":
            continue
        if own.ndim == 2 and own.shape[0] == own.shape[1] and not np.array_equal(own, own.T):
            yield "transpose", f"{asked} transposed", 5, a.Changed(asked), asked
        if own.ndim == 0 and step.op.name not in ("multiply", "divide"):
            continue
        follow = a.is_element_wise(step) and asked == step.names[0]
        for source, value, label in sources(view, step.op.name == "matmul"):
            if crowded and source.kind != "arg" and abs(source.number - step.number) > NEAR:
                continue
            own_place = source.number == step.number and source.kind in ("operand", "out")
            if np.shape(value) == own.shape and not own_place and not _same(value, own):
                near = follow and _in_layer(view, step, source)
                names = "local-derivative-at-wrong-point" if near else "wrong-node"
                if near and step.op.name in ("square", "power", "absolute"):
                    names = "wrong-node local-derivative-at-wrong-point"
                yield names, "other value", 6.5 if near else 7, a.Changed(asked, source, follow), label
    if isinstance(step.parents[i], int) or isinstance(chain(view, (step.number, i))[1], int):
        g = view.cotangents.get(step)
        for other, h in view.cotangents.items():
            if crowded and abs(other.number - step.number) > NEAR:
                continue
            if other is not step and np.shape(h) == np.shape(g) and not _same(h, g):
                yield _other_cotangent(step, other), "other cotangent", 7.5, a.Of(other.number), f"the cotangent of {other.called}"


def _in_layer(view: View, step: Step, source: a.Source) -> bool:
    """Tell whether a value is on the way to a step or from it, with no product of matrices in between."""
    if source.kind != "out" or source.turned:
        return False
    other = view.steps[source.number]
    first, last = (other, step) if other.number < step.number else (step, other)
    between = [s for s in above(last) if first in above(s)]
    return bool(between) and all(s.op.name not in ("matmul", "einsum") or s is first for s in between)


def _other_cotangent(step: Step, other: Step) -> str:
    """Name the use of another step's cotangent: one step too early is a local derivative forgotten."""
    below, stack = set(), [p for p in other.parents if isinstance(p, Step)]
    while stack:
        here = stack.pop()
        below.add(here)
        stack += [p for p in here.parents if isinstance(p, Step)] if here.op.name in _FREE else []
    return "local-derivative-missing" if step in below and a.is_element_wise(other) else "wrong-node"


def sources(view: View, turned: bool = False) -> list[tuple[a.Source, Array, str]]:
    """Return all values of a view, results, arguments and constant operands; matrices transposed too, if so wished."""
    kept: list[tuple[a.Source, Array, str]] | None = view.kept.get("sources")
    if kept is None:
        kept = [(a.Source("arg", n), x, view.names[n]) for n, x in view.args.items()]
        kept += [(a.Source("out", s.number), s.out, s.called) for s in view.steps if np.isfinite(s.out).all()]
        for s in view.steps:
            for i, x in enumerate(s.operands):
                if s.parents[i] is None and isinstance(x, np.ndarray) and x.dtype.kind == "f":
                    kept.append((a.Source("operand", s.number, i), x, "a constant"))
        view.kept["sources"] = kept
    if not turned:
        return kept
    return kept + [(replace(s, turned=True), x.T, f"{name}ᵀ") for s, x, name in kept if np.ndim(x) == 2]


def _same(x: Array, y: Array) -> bool:
    return bool(np.allclose(x, y, rtol=1e-12, atol=0))


# Operations with mistakes of their own


def _softmax(view: View, step: Step, i: int) -> Iterator[Found]:
    o, axis = np.asarray(step.out), step.options.get("axis", -1)
    yield "softmax-diagonal", "diagonal", 4, lambda v, s, i, g: g * (s.out * (1 - s.out)), "o(1 − o)"
    yield "softmax-diagonal", "no normaliser", 4.5, lambda v, s, i, g: g * s.out, "o"
    yield "softmax-twice", "twice", 4, a.twice, "the whole Jacobian"
    yield "softmax-twice", "and diagonal", 4.5, _then_diagonal, "o(1 − o)"
    yield "sign", "off-diagonal sign", 5, lambda v, s, i, g: 2 * g * s.out - s.answer(i, g), "+oᵢoⱼ off the diagonal"
    yield "local-derivative-missing", "no factor", 5.5, lambda v, s, i, g: s.answer(i, g) / s.out, "the factor oᵢ"
    yield "branch-missing", "normaliser alone", 6, lambda v, s, i, g: s.answer(i, g) - g * s.out, "−oᵢoⱼ alone"
    for other in range(o.ndim):
        if other != axis % max(o.ndim, 1):
            yield "wrong-axis", f"axis {other}", 5, _along(other), f"axis {other}"


def _then_diagonal(view: View, step: Step, i: int, g: Array) -> Array:
    return step.answer(i, g) * (step.out * (1 - step.out))


def _along(axis: int) -> Alteration:
    return lambda view, step, i, g: step.answer(i, g, axis=axis)


def _where(view: View, step: Step, i: int) -> Iterator[Found]:
    yield "operands-swapped", "swapped", 5, lambda v, s, i, g: g - s.raw(i, g), "the two branches"
    yield "branch-missing", "always", 5.5, a.missing, "the condition"


def _extreme(view: View, step: Step, i: int) -> Iterator[Found]:
    yield "local-derivative-missing", "spread", 5, _spread, "every element"


def _spread(view: View, step: Step, i: int, g: Array) -> Array | None:
    axis = step.options.get("axis")
    x = step.operands[0]
    kept = g if step.options.get("keepdims") or axis is None else np.expand_dims(g, axis)
    return np.broadcast_to(kept, np.shape(x)).copy()


def _getitem(view: View, step: Step, i: int) -> Iterator[Found]:
    yield "branch-missing", "assigned", 5, _assigned, "an index that comes twice"


def _assigned(view: View, step: Step, i: int, g: Array) -> Array:
    answer = np.zeros(step.shape(i))
    answer[step.options["index"]] = g
    return answer


def _divide(view: View, step: Step, i: int) -> Iterator[Found]:
    if i == 1:
        yield "local-derivative-missing", "not squared", 6, _not_squared, "the square of the divisor"
        yield "local-derivative-missing", "no numerator", 6, _no_numerator, "the numerator"


def _not_squared(view: View, step: Step, i: int, g: Array) -> Array | None:
    return to if (to := a.to_shape(-g * step.out, step.shape(i))) is not None else None


def _no_numerator(view: View, step: Step, i: int, g: Array) -> Array | None:
    return a.to_shape(-g / np.square(step.operands[1]), step.shape(i))


def _power(view: View, step: Step, i: int) -> Iterator[Found]:
    if i == 0 and step.operands[1] is not None:
        yield "local-derivative-at-wrong-point", "not lowered", 6, _not_lowered, "the exponent"


def _not_lowered(view: View, step: Step, i: int, g: Array) -> Array | None:
    return a.to_shape(g * step.operands[1] * step.out, step.shape(i))


_OWN = {
    "softmax": _softmax, "where": _where, "max": _extreme, "min": _extreme, "getitem": _getitem, "divide": _divide,
    "power": _power,
}  # fmt: skip
