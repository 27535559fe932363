"""Steps that together are a known function, made one step: a sigmoid, a softmax, a normalisation that was written out.

They are told by their values, whatever the style. Read next: `views.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...ops import elementwise as e
from ...ops import nn
from .steps import Array, Step, View

Known = tuple[Any, dict[str, Any], tuple[str, ...]]  # the operation, its options, the operations it may end in

_QUOTIENTS = ("divide", "reciprocal", "multiply", "power")
ACTIVATIONS: list[Known] = [
    (nn.sigmoid.primitive, {}, _QUOTIENTS),
    (e.tanh.primitive, {}, (*_QUOTIENTS, "subtract", "add")),
    (nn.relu.primitive, {}, ("maximum", "where", "multiply")),
    (nn.softplus.primitive, {}, ("log", "logaddexp")),
    *[(nn.softmax.primitive, {"axis": axis}, _QUOTIENTS) for axis in (-1, 0, 1)],
]


def activations(view: View) -> list[Known]:
    """Return the activations, the leaky ReLU with each factor of the model for its slope."""
    slopes = [k for k in _numbers(view, "multiply") if 0 < k < 1]
    leaky = [(nn.leaky_relu.primitive, {"negative_slope": k}, ("maximum", "where")) for k in slopes]
    return [*ACTIVATIONS, *leaky]


def normalisations(view: View) -> list[Known]:
    """Return what a normalisation may be (N22): with each small constant of the model for ε, along each axis."""
    small = [0.0, *(k for k in _numbers(view, "add") if 0 < k < 0.1)]
    return [(nn.standardize.primitive, {"axis": axis, "eps": eps}, _QUOTIENTS) for eps in small for axis in (0, 1, -1)]


def _numbers(view: View, name: str) -> list[float]:
    """Return the single numbers among the operands of an operation, each once."""
    operands = [x for s in view.steps if s.op.name == name for x in s.operands]
    return sorted({float(np.ravel(x)[0]) for x in operands if x is not None and np.size(x) == 1})


def closed(view: View, known: list[Known]) -> View:
    """Return the view with every sub-expression that is a known function of one thing made one step."""
    twins: dict[Step, Step] = {}
    for step in view.steps:
        found = _known(view, step, known)
        if found is None:
            parents = [twins[p] if isinstance(p, Step) else p for p in step.parents]
            twin = step.copied(parents=parents)
        else:
            op, options, key = found
            twin = Step(op, list(op.arrays), [view.value(key)], [twins.get(key, key)], options, step.out)
            twin.told_as(step)
            twin.inside = ""
        twins[step] = twin
    return View(reachable(_regrouped(list(twins.values()))), view.args, view.names)


def near(a: Array, b: Array, share: float = 1e-9) -> bool:
    """Tell whether two arrays are equal, to a share of their largest element."""
    a, b = np.asarray(a), np.asarray(b)
    largest = max(float(np.max(np.abs(b), initial=0)), float(np.max(np.abs(a), initial=0)))
    return a.shape == b.shape and bool(np.all(np.abs(a - b) <= share * largest))


def reachable(steps: list[Step]) -> list[Step]:
    """Return the steps that lead to the last one."""
    wanted = {steps[-1]} if steps else set()
    for step in reversed(steps):
        if step in wanted:
            wanted |= {p for p in step.parents if isinstance(p, Step)}
    return [step for step in steps if step in wanted]


def _known(view: View, step: Step, known: list[Known]) -> tuple[Any, dict[str, Any], Any] | None:
    """Return the operation, its options and the only key that a step is that operation of, or None."""
    candidates = [(op, options) for op, options, heads in known if step.op.name in heads]
    found = None
    for key in _gates(step) if candidates else []:
        x = np.asarray(view.value(key))
        if x.shape != np.shape(step.out) or not x.size or (found and found[0].name != "softmax"):
            continue  # softmax z is that of z less its largest too: the last found is z itself
        for op, options in candidates:
            fits = "axis" not in options or -x.ndim <= options["axis"] < x.ndim
            if fits and near(op.body(x, **options), step.out):
                found = op, options, key
                break
    return found


def _gates(step: Step, most: int = 24) -> list[Any]:
    """Return the keys that everything a step depends on passes through, the nearest first."""
    found: set[Any] = set()
    stack: list[Any] = [step]
    while stack and len(found) < most:
        key = stack.pop()
        if isinstance(key, Step):
            fresh = {p for p in key.parents if p is not None} - found
            found |= fresh
            stack += fresh
    ordered = sorted(found, key=lambda k: k.number if isinstance(k, Step) else -1, reverse=True)
    return [key for key in ordered if _only_through(step, key)]


def _only_through(step: Step, gate: Any) -> bool:
    """Tell whether every way from an argument to a step passes through the gate."""
    stack: list[Any] = [step]
    seen: set[Any] = {gate}
    while stack:
        key = stack.pop()
        if not isinstance(key, Step):
            return False
        fresh = {p for p in key.parents if p is not None} - seen
        seen |= fresh
        stack += fresh
    return True


def _regrouped(steps: list[Step]) -> list[Step]:
    """Return the steps with γ·(x − μ)/σ read as γ·((x − μ)/σ), as the hand derivation does."""
    users: dict[Any, int] = {}
    for p in (p for step in steps for p in step.parents):
        users[p] = users.get(p, 0) + 1
    made: list[Step] = []
    for step in steps:
        inner = step.parents[0] if step.op.name in ("divide", "multiply") else None
        factor = None
        if isinstance(inner, Step) and inner.op.name == "multiply" and users[inner] == 1 and len(step.live()) == 2:
            factor = next((i for i in (0, 1) if _scales(inner, i)), None)
        if factor is not None and isinstance(inner, Step):
            operands = [inner.operands[1 - factor], step.operands[1]]
            parents = [inner.parents[1 - factor], step.parents[1]]
            quotient = Step(step.op, step.names, operands, parents, {}, step.op.body(*operands))
            quotient.told_as(step)
            made.append(quotient)
            step.become(
                inner.op, inner.names, [inner.operands[factor], quotient.out], [inner.parents[factor], quotient]
            )
        made.append(step)
    return made


def _scales(step: Step, i: int) -> bool:
    """Tell whether an operand of a product is constant, or a parameter that is repeated over the other operand."""
    if step.parents[i] is None:
        return np.size(step.operands[i]) > 1
    return isinstance(step.parents[i], int) and np.size(step.operands[i]) < np.size(step.out)
