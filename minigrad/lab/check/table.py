"""What can go wrong at one operand of one step: a table of slips, by the kind of the operation.

The lower the rank, the likelier the slip: it orders the names of what is the same in numbers.
Read next: `mutants.py`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from . import alterations as a
from . import particular as p
from .places import above, arguments, canonical, chain, is_twin, names_of_dropping, statistic
from .steps import Alteration, Array, Step, View

_PRODUCTS = ("matmul", "contract")  # what divides the layers of a network
NEAR = 15  # in long graphs only values so many steps away are taken for one another

# Operations that only move or add: there is no local derivative to forget.
FREE = {
    "add", "subtract", "negative", "positive", "sum", "mean", "reshape", "transpose", "swapaxes", "moveaxis", "squeeze",
    "expand_dims", "broadcast_to", "concatenate", "cast", "copy", "named", "getitem",
}  # fmt: skip


class Row(NamedTuple):
    """One slip: its ids, the best first; its kind, by which it is repeated elsewhere; and what it does."""

    ids: tuple[str, ...]
    kind: str
    rank: float
    alter: Alteration
    detail: str = ""


def row(ids: str, kind: str, rank: float, alter: Alteration, detail: str = "") -> Row:
    """Return a row; the ids are divided by spaces."""
    return Row(tuple(ids.split()), kind, rank, alter, detail)


def rows(view: View, step: Step, i: int) -> Iterator[Row]:
    """Yield what can go wrong with one operand of one step."""
    if canonical(view, (step.number, i)) == (step.number, i) and not is_twin(step):
        yield Row(names_of_dropping(view, (step.number, i)), "drop", 3, a.scaled(0))
    if not getattr(step.op, "asks", None):  # an opaque call has no rules
        return
    if step.op.name not in FREE:
        if not _is_number_times(step, i):
            yield row("local-derivative-missing", "missing", 4, a.missing)
        if a.is_element_wise(step):
            yield from _element_wise(step, i)
        if len(step.op.arrays) == 2 and not step.op.variadic and all(x is not None for x in step.operands):
            yield from _of_two(step, i)
    yield from _OWN.get(step.op.name, _nothing)(view, step, i)
    yield from _other_values(view, step, i)
    yield from _other_cotangents(view, step, i)
    if np.ndim(step.out) and np.shape(step.out)[0] > 1 and _meets_samples(view, step, i):
        yield from _SAMPLES
    if step.op.broadcasts and np.shape(step.out) != step.shape(i):
        yield row("wrong-axis", "other axis", 5, a.other_axis)
    shape = step.shape(i)
    for first, second in itertools.combinations(range(len(shape)), 2):
        if shape[first] == shape[second] > 1:
            ids = "wrong-axis" if step.op.name in ("sum", "mean") else "transpose"
            kind = "turned" if first == len(shape) - 2 else f"turned {first} {second}"
            detail = f"axes {first} and {second}" if len(shape) > 2 else ""
            yield row(ids, kind, 5, a.turned((first, second)), detail)


def _nothing(view: View, step: Step, i: int) -> Iterator[Row]:
    return iter(())


def _is_number_times(step: Step, i: int) -> bool:
    """Tell whether a step multiplies by, or divides by, a number alone: a factor, not a derivative."""
    if step.op.name not in ("multiply", "divide"):
        return False
    other = step.operands[1 - i] if step.parents[1 - i] is None else None
    return other is not None and np.size(other) == 1


def _element_wise(step: Step, i: int) -> Iterator[Row]:
    name = step.op.name
    yield row("local-derivative-twice", "twice", 4, a.twice)
    yield row("local-derivative-at-wrong-point", "at result", 4, a.at_result, "result")
    yield row("local-derivative-at-wrong-point", "at inner slope", 6.5, a.at_inner_slope, "the inner derivative")
    yield row("local-derivative-missing", "by value", 6, a.by_value, "value")
    also = " forward-differs" if name == "absolute" else ""
    yield row("local-derivative-missing" + also, "by argument", 6.5, a.by_argument, "argument alone")
    if "out" in step.op.asks[step.names[i]]:
        argument = a.Source("operand", step.number, i)
        yield row("local-derivative-at-wrong-point", "out is x", 4, a.Changed("out", argument), "argument")
    if name in p.SLOPES:
        ids = "local-derivative-at-wrong-point local-derivative-missing forward-differs"
        for other in p.SLOPES:
            if other != name:
                yield row(ids, f"slope of {other}", 6, p.slope_of(other), f"the derivative of {other}")
    if name == "softplus":  # 1/(1 + eᶻ) for eᶻ/(1 + eᶻ): the exponent has the wrong sign, or eᶻ is left out
        ids = "local-derivative-missing local-derivative-at-wrong-point"
        yield row(ids, "at the negative", 5, a.at_negative, "minus its argument")
    if name in ("sigmoid", "tanh"):
        yield row("sign", "plus", 5, p.plus, "a plus for the minus in its derivative")
        ids = "local-derivative-missing local-derivative-at-wrong-point"
        yield row(ids, "other factor", 6, p.other_factor, "the other factor")
    if name == "relu":
        yield row("wrong-node", "mask of g", 7, p.mask_of_cotangent, "the cotangent")


def _of_two(step: Step, i: int) -> Iterator[Row]:
    yield row("operands-swapped", "exchanged", 5, a.exchanged)
    if all(step.op.rules[name] for name in step.names):
        yield row("operands-swapped", "other rule", 5.2, a.rule_of_other)


# Operations with slips of their own


def _matmul(view: View, step: Step, i: int) -> Iterator[Row]:
    if step.operands[1 - i] is not None and np.ndim(step.operands[1 - i]) == 2 == np.ndim(step.out):
        yield row("operands-swapped", "other order", 5, a.other_order)
    yield row("transpose", "turned cotangent", 5.2, a.turned_cotangent)
    for other in view.cotangents:
        if other.number > step.number and _only_slope_between(step, other):
            detail = f"of {other.called}, on this way alone"
            yield row("local-derivative-missing", "before", 5.5, a.Before(other.number), detail)


def _softmax(view: View, step: Step, i: int) -> Iterator[Row]:
    yield row("softmax-diagonal", "diagonal", 4, p.diagonal, "o(1 − o)")
    yield row("softmax-diagonal", "no normaliser", 4.5, p.without_normaliser, "o")
    yield row("softmax-twice", "twice", 4, a.twice, "the whole Jacobian")
    yield row("softmax-twice", "and diagonal", 4.5, p.then_diagonal, "o(1 − o)")
    yield row("sign", "off-diagonal sign", 5, p.plus_off_diagonal, "+oᵢoⱼ off the diagonal")
    yield row("local-derivative-missing", "no factor", 5.5, p.without_factor, "the factor oᵢ")
    yield row("branch-missing", "normaliser alone", 6, p.normaliser_alone, "−oᵢoⱼ alone")
    for axis in range(np.ndim(step.out)):
        if axis != step.options.get("axis", -1) % np.ndim(step.out):
            yield row("wrong-axis", f"axis {axis}", 5, p.along(axis), f"axis {axis}")
            ids = "wrong-axis forward-differs"
            yield row(ids, f"normalised over {axis}", 5, p.normalised_over(axis), f"axis {axis} in o")
    if np.ndim(step.out) > 1:
        yield row("wrong-axis forward-differs", "normalised over all", 5, p.normalised_over(None), "all axes in o")


def _standardize(view: View, step: Step, i: int) -> Iterator[Row]:
    for axis in range(np.ndim(step.out)):
        yield row("wrong-axis", f"means over axis {axis}", 5, p.means_over(axis), f"axis {axis}")


def _where(view: View, step: Step, i: int) -> Iterator[Row]:
    yield row("operands-swapped", "other branch", 5, p.other_branch, "the two branches")
    yield row("branch-missing", "always", 5.5, a.missing, "the condition")


def _extreme(view: View, step: Step, i: int) -> Iterator[Row]:
    yield row("local-derivative-missing", "spread", 5, p.spread, "every element")


def _getitem(view: View, step: Step, i: int) -> Iterator[Row]:
    yield row("branch-missing", "assigned", 5, p.assigned, "an index that comes twice")


def _divide(view: View, step: Step, i: int) -> Iterator[Row]:
    if i == 1:
        yield row("local-derivative-missing", "not squared", 6, p.not_squared, "the square of the divisor")
        yield row("local-derivative-missing", "no numerator", 6, p.no_numerator, "the numerator")


def _power(view: View, step: Step, i: int) -> Iterator[Row]:
    if i == 0 and step.operands[1] is not None:
        yield row("local-derivative-at-wrong-point", "not lowered", 6, p.not_lowered, "the power that was not lowered")


_OWN = {
    "matmul": _matmul, "softmax": _softmax, "standardize": _standardize, "where": _where, "max": _extreme,
    "min": _extreme, "getitem": _getitem, "divide": _divide, "power": _power,
}  # fmt: skip

_SAMPLES = [
    row("branch-missing", "last row", 6, a.one_row(-1), "the last sample alone"),
    row("branch-missing", "first row", 6, a.one_row(0), "the first sample alone"),
    row("accumulated", "running sum", 6, a.running(False), "a running sum: the first samples count most"),
    row("accumulated", "running sum from the end", 6.2, a.running(True), "a running sum: the last samples count most"),
]


def _meets_samples(view: View, step: Step, i: int) -> bool:
    """Tell whether samples come in at a step, beside an argument, or are added up right behind it."""
    if isinstance(chain(view, (step.number, i))[1], int):
        return True
    return all(np.size(view.steps[number].out) < np.size(step.out) for number, _ in view.users.get(step, ()))


# Values and cotangents taken for one another


def _other_values(view: View, step: Step, i: int) -> Iterator[Row]:
    """Yield the rule with each value it asks for taken from elsewhere, or transposed."""
    name = step.op.arrays[0] if step.op.variadic else step.names[i]
    for asked in step.op.asks.get(name, ()):
        own: Any = step.environment.get(asked)
        if asked in step.options or getattr(getattr(own, "dtype", None), "kind", "") != "f":
            continue
        if np.ndim(own) == 2 and len(own) == len(own.T) and not np.array_equal(own, own.T):
            yield row("transpose", f"{asked} transposed", 5, a.Changed(asked), _called(view, step, asked))
        follow = a.argument_of(step) == i and asked == name
        for source, value, label in sources(view, step, step.op.name == "matmul"):
            if np.shape(value) != np.shape(own) or same(value, own):
                continue
            near = follow and _in_layer(view, step, source)
            ids = "local-derivative-at-wrong-point" if near else "wrong-node"
            if near and step.op.name in ("square", "power", "absolute"):
                ids = "wrong-node local-derivative-at-wrong-point"
            yield row(ids, "other value", 6.5 if near else 7, a.Changed(asked, source, follow), label)


def _called(view: View, step: Step, asked: str) -> str:
    """Return what the model calls an operand, "" for what is none or has no name."""
    parent = step.parents[step.names.index(asked)] if asked in step.names else None
    return view.names[parent] if isinstance(parent, int) else parent.called if parent is not None else ""


def _other_cotangents(view: View, step: Step, i: int) -> Iterator[Row]:
    """Yield the rule of the cotangent of another step, on the way to one argument alone."""
    if not isinstance(chain(view, (step.number, i))[1], int):
        return
    g: Any = view.cotangents.get(step)
    for other, h in view.cotangents.items():
        if other is step or np.shape(h) != np.shape(g) or _far(view, step, other.number) or same(h, g):
            continue
        if any(statistic(view, (other.number, j)) for j, _ in other.live()):
            continue  # of x − μ for that of x: the statistics are held constant, and are told as that
        ids = "local-derivative-missing" if _only_slope_between(step, other) else "wrong-node"
        yield row(ids, "other cotangent", 7.5, a.Of(other.number), f"the cotangent of {other.called}")


def sources(view: View, step: Step, turned: bool) -> Iterator[tuple[a.Source, Array, str]]:
    """Yield the values that may stand in for one of a step's: results, arguments and constants; transposed too."""
    kept: list[tuple[a.Source, Array, str]] | None = view.kept.get("sources")
    if kept is None:
        kept = [(a.Source("arg", n), x, view.names[n]) for n, x in view.args.items()]
        kept += [(a.Source("out", s.number), s.out, s.called) for s in view.steps if np.isfinite(s.out).all()]
        for s in view.steps:
            for i, x in enumerate(s.operands):
                if s.parents[i] is None and isinstance(x, np.ndarray) and x.dtype.kind == "f":
                    kept.append((a.Source("operand", s.number, i), x, "a constant"))
        view.kept["sources"] = kept
    for source, value, name in kept:
        if source.kind != "arg" and (source.number == step.number or _far(view, step, source.number)):
            continue
        yield source, value, name
        if turned and np.ndim(value) == 2:
            yield replace(source, turned=True), value.T, f"{name}ᵀ"


def _far(view: View, step: Step, number: int) -> bool:
    return len(view.steps) > 4 * NEAR and abs(number - step.number) > NEAR


def same(x: Array, y: Array) -> bool:
    """Tell whether two arrays have the same values, but for the last bits."""
    return bool(np.allclose(x, y, rtol=1e-12, atol=0))


def _in_layer(view: View, step: Step, source: a.Source) -> bool:
    """Tell whether a value is on the way to a step or from it, with no product of matrices in between."""
    if source.kind == "operand" or source.turned:
        return False
    if source.kind == "arg":
        between = [s for s in above(step) if s is not step and source.number in arguments(s)]
        return bool(between) and all(s.op.name not in _PRODUCTS for s in between)
    other = view.steps[source.number]
    first, last = (other, step) if other.number < step.number else (step, other)
    between = [s for s in above(last) if first in above(s)]
    return bool(between) and all(s.op.name not in _PRODUCTS or s is first for s in between)


def _only_slope_between(step: Step, other: Step) -> bool:
    """Tell whether from one step to another there is only the derivative of an element-wise function."""
    if not a.is_element_wise(other):
        return False
    stack = [p for p in other.parents if isinstance(p, Step)]
    while stack:
        here = stack.pop()
        if here is step:
            return True
        stack += [p for p in here.parents if isinstance(p, Step)] if here.op.name in FREE else []
    return False
