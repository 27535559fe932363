"""Slips of the way forward: the gradient is right, but of another function than the model's.

The steps are computed again with one of them changed, and the way back is taken through what came out.
Read next: `slips.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...ops import elementwise as e
from ...ops import nn
from ...ops import shape as shapes
from .alterations import is_element_wise
from .places import above
from .sizes import is_square, step_count
from .steps import Step, View

Array = Any
Change = Callable[[Step, list[Any], list[Any]], list[Step]]  # a step, its operands and parents → what replaces it


@dataclass(frozen=True)
class Forward:
    """Another forward computation: its id, the steps it changes, and how likely it is."""

    id: str
    changes: dict[int, Change]
    rank: float
    detail: str

    @property
    def edge(self) -> tuple[int, int]:
        """The first changed step."""
        return max(self.changes), 0

    def view(self, view: View) -> View | None:
        """Return the view computed again, None where the change does not fit."""
        twins: dict[Step, Step] = {}
        made: list[Step] = []
        try:
            for step in view.steps:
                parents = [twins[p] if isinstance(p, Step) else p for p in step.parents]
                operands = [p.out if isinstance(p, Step) else x for p, x in zip(parents, step.operands, strict=True)]
                change = self.changes.get(step.number)
                new = change(step, operands, parents) if change else [again(step, operands, parents)]
                made += new
                twins[step] = new[-1]
            if np.shape(made[-1].out) != np.shape(view.steps[-1].out) or not np.isfinite(made[-1].out).all():
                return None
            other = View(made, view.args, view.names)
        except Exception:  # the change does not fit: shapes, axes
            return None
        return other if all(other.truth[n].shape == g.shape for n, g in view.truth.items()) else None


def again(step: Step, operands: list[Any], parents: list[Any], op: Any = None, options: Any = None) -> Step:
    """Return a step computed from these operands, by its own operation or another."""
    op, options = op or step.op, step.options if options is None else options
    twin = Step(op, step.names if op is step.op else list(op.arrays), operands, parents, options,
                step.scale * np.asarray(op.body(*operands, **options)))  # fmt: skip
    twin.scale = step.scale
    twin.told_as(step)
    return twin


def forwards(view: View) -> Iterator[Forward]:
    """Yield every slip of the way forward."""
    for step in view.steps:
        if not getattr(step.op, "asks", None) or any(step.operands[i] is None for i, _ in step.live()):
            continue
        for id, rank, change, detail in _at(step):
            yield Forward(id, {step.number: change}, rank, detail)
    yield from _everywhere(view)


Found = tuple[str, float, Change, str]  # id, rank, change, detail


def _at(step: Step) -> Iterator[Found]:
    name = step.op.name
    yield from _of_axes(step)
    if name == "softmax":
        yield "softmax-twice", 5, _of_itself(True), "softmax of softmax"
        yield "softmax-twice", 6, _of_itself(False), "softmax of softmax"
    if is_element_wise(step) and name in _ACTIVATIONS:
        for other in _ACTIVATIONS.values():
            if other is not step.op:
                yield "forward-differs", 8, _by(other), f"{other.name} in place of {name}"
        yield "forward-differs", 8, _skipped, f"without {name}"
    if name in ("maximum", "minimum", "clip") and len(step.live()) == 1:
        yield "forward-differs", 8, _skipped, "without the bound"
    if name == "where":
        for i, _ in step.live():
            yield "forward-differs", 8, _only(i), "one branch everywhere"
    if len(step.parents) == 2:
        yield from _of_two(step)


def _of_axes(step: Step) -> Iterator[Found]:
    name = step.op.name
    if name in ("mean", "sum") and (n := step_count(step)) > 1:
        if any(is_square(s) for s in above(step)[:6]):
            yield "ddof", 4.5, _times(n / (n - 1)), "divided by n − 1"
            yield "ddof", 4.5, _times((n - 1) / n), "divided by n"
        yield "sum-vs-mean", 7, _times(n if name == "mean" else 1 / n), "a sum" if name == "mean" else "a mean"
    if "axis" in step.options and _axis(step) is not None:
        for axis in range(np.ndim(step.operands[0])):
            if axis != _axis(step):
                yield "wrong-axis", 6, _with(axis=axis), f"axis {axis}"


def _of_two(step: Step) -> Iterator[Found]:
    name = step.op.name
    number = None
    if None in step.parents and np.size(step.operands[step.parents.index(None)]) == 1:
        number = step.operands[step.parents.index(None)]
    if number is not None and name in ("add", "subtract") and 0 < abs(float(np.ravel(number)[0])) < 0.1:
        yield "forward-differs", 8, _skipped, "without ε"
    if number is not None and name in ("multiply", "divide"):
        yield "forward-differs", 8, _skipped, "without the factor"
    if name == "add":
        for i in (0, 1):
            if isinstance(step.parents[i], int) and np.shape(step.operands[1 - i]) == np.shape(step.out):
                yield "forward-differs", 9, _only(1 - i), "without the bias"
                yield "forward-differs", 9, _as_nothing(i), "without the bias"
    if name in ("divide", "power") and np.shape(step.operands[0]) == np.shape(step.operands[1]):
        yield "operands-swapped", 8, _exchanged, "exchanged"
    if name in ("add", "subtract"):
        other = e.subtract.primitive if name == "add" else e.add.primitive
        yield "forward-differs", 9, _by(other), f"{other.name} in place of {name}"
    if name == "matmul":
        for i in (0, 1):
            if np.ndim(step.operands[i]) == 2 and step.operands[i].shape[0] == step.operands[i].shape[1]:
                yield "transpose", 7, _transposed(i), "the other matrix"


_ACTIVATIONS = {op.name: op for op in (nn.sigmoid.primitive, e.tanh.primitive, nn.relu.primitive,
                                       nn.leaky_relu.primitive, nn.softplus.primitive)}  # fmt: skip


def _everywhere(view: View) -> Iterator[Forward]:
    """Yield what is changed in all steps of a kind: every activation, every statistic's axis."""
    for name, op in _ACTIVATIONS.items():
        here = [s.number for s in view.steps if s.op.name == name]
        for other in _ACTIVATIONS.values():
            if len(here) > 1 and other is not op:
                detail = f"{other.name} in place of {name}"
                yield Forward("forward-differs", dict.fromkeys(here, _by(other)), 8.5, detail)
    means = [s for s in view.steps if s.op.name in ("mean", "var", "std") and np.ndim(s.operands[0]) == 2]
    for axis in (0, 1):
        changes = {s.number: _with(axis=axis, keepdims=True) for s in means if _axis(s) == 1 - axis}
        if changes:
            yield Forward("wrong-axis", changes, 6.5, f"axis {axis}")


def _axis(step: Step) -> int | None:
    axis = step.options.get("axis")
    axis = axis[0] if isinstance(axis, tuple) and len(axis) == 1 else axis
    return axis % max(np.ndim(step.operands[0]), 1) if isinstance(axis, int) else None


def _times(k: float) -> Change:
    def change(step: Step, operands: list[Any], parents: list[Any]) -> list[Step]:
        twin = again(step, operands, parents)
        twin.scale, twin.out = k * step.scale, k * twin.out
        return [twin]

    return change


def _with(**options: Any) -> Change:
    def change(step: Step, operands: list[Any], parents: list[Any]) -> list[Step]:
        kept = {k: v for k, v in options.items() if k in step.op.options}
        return [again(step, operands, parents, options={**step.options, **kept})]

    return change


def _by(op: Any) -> Change:
    defaults = op.body.__kwdefaults__ or {}
    return lambda step, operands, parents: [again(step, operands, parents, op=op, options=dict(defaults))]


def _skipped(step: Step, operands: list[Any], parents: list[Any]) -> list[Step]:
    return _only(next(i for i, p in enumerate(parents) if p is not None))(step, operands, parents)


def _only(i: int) -> Change:
    """Hand on one operand as it is."""
    return lambda step, operands, parents: [
        again(step, [operands[i]], [parents[i]], op=e.named.primitive, options={"name": "skipped"})
    ]


def _as_nothing(i: int) -> Change:
    """Take one operand for 0, and differentiate by it all the same."""
    return lambda step, operands, parents: [
        again(step, [np.zeros_like(x) if j == i else x for j, x in enumerate(operands)], parents)
    ]


def _exchanged(step: Step, operands: list[Any], parents: list[Any]) -> list[Step]:
    return [again(step, operands[::-1], parents[::-1])]


def _of_itself(once: bool) -> Change:
    """Return softmax ∘ softmax, with the derivative of one of them or of both."""

    def change(step: Step, operands: list[Any], parents: list[Any]) -> list[Step]:
        first = again(step, operands, parents)
        second = again(step, [first.out], [first])
        if not once:
            return [first, second]
        return [step.copied(operands=operands, parents=parents, out=second.out)]

    return change


def _transposed(i: int) -> Change:
    def change(step: Step, operands: list[Any], parents: list[Any]) -> list[Step]:
        if parents[i] is None:
            return [again(step, [x.T if j == i else x for j, x in enumerate(operands)], parents)]
        turned = again(step, [operands[i]], [parents[i]], op=shapes.transpose.primitive, options={"axes": None})
        return [turned, again(step, [turned.out if j == i else x for j, x in enumerate(operands)],
                              [turned if j == i else p for j, p in enumerate(parents)])]  # fmt: skip

    return change
