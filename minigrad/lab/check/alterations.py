"""What a slip does to one answer of the way back: each function here takes the place of a rule.

An alteration returns the cotangent it would hand on, or None where it makes no sense. All are linear in the cotangent
but `Of`, which takes another one. Read next: `particular.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from ...engine import sum_to
from .steps import Alteration, Step, View

Array = Any


@dataclass(frozen=True)
class Source:
    """A value somewhere in a view: the result of a step, an argument, or an operand that is a constant."""

    kind: str
    number: int
    position: int = 0
    turned: bool = False

    def value(self, view: View) -> Array:
        """Return the value."""
        if self.kind == "arg":
            value = view.args[self.number]
        else:
            step = view.steps[self.number]
            value = step.out if self.kind == "out" else step.operands[self.position]
        return value.T if self.turned else value


def scaled(c: float) -> Alteration:
    """Multiply the answer by a number: 0 drops it."""
    return lambda view, step, i, g: c * step.answer(i, g)


def missing(view: View, step: Step, i: int, g: Array) -> Array | None:
    """Hand the cotangent on as it is, without the local derivative."""
    return to_shape(g, step.shape(i))


def twice(view: View, step: Step, i: int, g: Array) -> Array | None:
    """Apply the local derivative twice."""
    once = step.raw(i, g)
    return step.answer(i, once) if np.shape(once) == np.shape(g) else None


def by_value(view: View, step: Step, i: int, g: Array) -> Array | None:
    """Multiply by the function, not by its derivative."""
    return g * step.out if np.shape(step.out) == step.shape(i) else None


def by_argument(view: View, step: Step, i: int, g: Array) -> Array | None:
    """Multiply by the argument, not by the derivative there."""
    return g * step.operands[i]


def at_result(view: View, step: Step, i: int, g: Array) -> Array:
    """Take the local derivative at the result in place of the argument: σ'(σ(z))."""
    return step.answer(i, g, **moved_to(step, i, np.asarray(step.out)))


def at_negative(view: View, step: Step, i: int, g: Array) -> Array:
    """Take the local derivative at −z in place of z."""
    return step.answer(i, g, **moved_to(step, i, -np.asarray(step.operands[i])))


def at_inner_slope(view: View, step: Step, i: int, g: Array) -> Array | None:
    """Take the local derivative at the inner derivative in place of the inner value: f'(u'(x)) for f'(u(x))."""
    inner = step.parents[i]
    j = argument_of(inner) if isinstance(inner, Step) else None
    if j is None or not isinstance(inner, Step):
        return None
    return step.answer(i, g, **moved_to(step, i, inner.answer(j, np.ones(np.shape(inner.out)))))


def moved_to(step: Step, i: int, x: Array) -> dict[str, Array]:
    """Return what a rule asks for of an element-wise step, at another argument."""
    operands = [x if j == i else value for j, value in enumerate(step.operands)]
    return {step.names[i]: x, "out": step.op.body(*operands, **step.options)}


def _slope_of_result(step: Step) -> Callable[[Array], Array] | None:
    """Return the derivative of a step in terms of its result, as it is written by hand; None if it is not."""
    if len(step.op.arrays) != 1 or not is_element_wise(step):
        return None
    if step.op.name == "relu":  # no polynomial: 1 where the result is above 0
        return lambda values: values > 0
    return _polynomial_slope(step.op, tuple(sorted(step.options.items())))


@lru_cache(maxsize=256)
def _polynomial_slope(op: Any, options: tuple[tuple[str, Any], ...]) -> Callable[[Array], Array] | None:
    """Return the derivative of an element-wise function as a polynomial of its result: o − o² of the sigmoid's."""
    x = np.linspace(0.1, 1.7, 33)
    out = op.body(x, **dict(options))
    slope = _rule_at(op, x, out, dict(options))
    powers = np.stack([out**k for k in range(4)], axis=1)
    if not (np.isfinite(powers).all() and np.isfinite(slope).all()) or np.ptp(out) < 1e-3:
        return None
    weights: Array = np.linalg.lstsq(powers, slope, rcond=None)[0]
    if np.abs(powers @ weights - slope).max() > 1e-9 * np.abs(slope).max() or np.ptp(slope) < 1e-6:
        return None
    weights = np.round(weights, 6)
    return lambda values: sum(w * values**k for k, w in enumerate(weights))


def _rule_at(op: Any, x: Array, out: Array, options: dict[str, Any]) -> Array:
    name = op.arrays[0]
    values = {**options, name: x, "out": out, "g": np.ones_like(x), f"{name}_shape": x.shape}
    return op.rules[name](*[values[asked] for asked in op.asks[name]])


@lru_cache(maxsize=512)
def _element_wise(op: Any, options: tuple[tuple[str, Any], ...]) -> bool:
    x = np.linspace(0.1, 0.9, 6).reshape(2, 3)
    try:
        out = np.asarray(op.body(x, **dict(options)))
        turned = np.asarray(op.body(x[::-1, ::-1].copy(), **dict(options)))
        one = np.asarray(op.body(x[:1, :1].copy(), **dict(options)))
    except Exception:
        return False
    return out.shape == x.shape and np.array_equal(out[::-1, ::-1], turned) and np.array_equal(out[:1, :1], one)


def argument_of(step: Step) -> int | None:
    """Return the position of the only argument of an element-wise step, None if it is none: of x³ it is that of x."""
    if not getattr(step.op, "asks", None) or step.op.variadic or len(step.live()) != 1:
        return None
    i = step.live()[0][0]
    if len(step.op.arrays) > 1:
        others = [x for j, x in enumerate(step.operands) if j != i]
        linear = step.op.name in ("add", "subtract", "multiply") or (step.op.name == "divide" and i == 0)
        fits = step.op.broadcasts and np.shape(step.out) == step.shape(i) and step.operands[i] is not None
        return i if fits and not linear and all(x is not None and np.size(x) == 1 for x in others) else None
    try:
        return i if _element_wise(step.op, tuple(sorted(step.options.items()))) else None
    except TypeError:  # an option that cannot be a key
        return None


def is_element_wise(step: Step) -> bool:
    """Tell whether a step is a function of one number, applied to each."""
    return argument_of(step) is not None


@dataclass(frozen=True)
class Changed:
    """The rule with another value in the place of one it asks for: of another step, or transposed."""

    name: str
    source: Source | None = None  # None: its own, transposed
    follow: bool = False  # whether the result is that of the new value too
    label: str = field(default="", compare=False)

    def __call__(self, view: View, step: Step, i: int, g: Array) -> Array | None:
        """Return the altered answer."""
        own: Any = step.environment.get(self.name)
        value: Any = np.swapaxes(own, -1, -2) if self.source is None else self.source.value(view)
        if value is None or np.shape(value) != np.shape(own):
            return None
        formula = _slope_of_result(step) if self.name == "out" else None
        if formula is not None:  # as it is written by hand: o(1 − o), whatever the rule makes of it
            return g * formula(value)
        changed = {self.name: value}
        if self.follow:
            changed = moved_to(step, i, value)
        return step.answer(i, g, **changed)


@dataclass(frozen=True)
class Of:
    """The rule of another step's cotangent."""

    number: int
    fixed: bool = True

    def __call__(self, view: View, step: Step, i: int, g: Array) -> Array | None:
        """Return the altered answer."""
        other = view.cotangents.get(view.steps[self.number])
        return step.answer(i, other) if other is not None and np.shape(other) == np.shape(g) else None


@dataclass(frozen=True)
class Before:
    """The rule of the cotangent before another step's derivative: that derivative is left out on this way alone."""

    number: int

    def __call__(self, view: View, step: Step, i: int, g: Array) -> Array | None:
        """Return the altered answer."""
        other = view.current.get(view.steps[self.number])
        return step.answer(i, np.zeros_like(g) if other is None else other)


def exchanged(view: View, step: Step, i: int, g: Array) -> Array | None:
    """Exchange the two operands in the rule."""
    a, b = step.names
    values = step.environment
    if np.shape(values[a]) != np.shape(values[b]):
        return None
    out = step.op.body(values[b], values[a], **step.options)
    return to_shape(step.raw(i, g, **{a: values[b], b: values[a], "out": out}), step.shape(i))


def turned_cotangent(view: View, step: Step, i: int, g: Array) -> Array | None:
    """Take the transposed cotangent."""
    return step.answer(i, g.T) if g.ndim == 2 and g.shape[0] == g.shape[1] else None


def weighted(weights: tuple[float, ...]) -> Alteration:
    """Count every row of the cotangent, a sample, so often."""

    def alteration(view: View, step: Step, i: int, g: Array) -> Array | None:
        if np.ndim(g) == 0 or len(g) != len(weights):
            return None
        return step.answer(i, g * np.reshape(weights, (-1,) + (1,) * (g.ndim - 1)))

    return alteration


def rule_of_other(view: View, step: Step, i: int, g: Array) -> Array | None:
    """Use the rule of the other operand."""
    rule, asked = step.op.rules[step.names[1 - i]], step.op.asks[step.names[1 - i]]
    values = {**step.environment, "g": g}
    return to_shape(rule(*[values[name] for name in asked]), step.shape(i))


def other_order(view: View, step: Step, i: int, g: Array) -> Array | None:
    """Multiply two matrices in the other order."""
    other = np.swapaxes(step.operands[1 - i], -1, -2)
    try:
        return to_shape(other @ g if i == 0 else g @ other, step.shape(i))
    except ValueError:
        return None


def turned(axes: tuple[int, int]) -> Alteration:
    """Hand on the answer with two axes exchanged."""
    return lambda view, step, i, g: np.swapaxes(step.answer(i, g), *axes)


def one_row(row: int) -> Alteration:
    """Let one row of the cotangent count alone: a loop that overwrites in place of adding up."""

    def alteration(view: View, step: Step, i: int, g: Array) -> Array:
        kept = np.zeros_like(g)
        kept[row] = g[row]
        return step.answer(i, kept)

    return alteration


def running(backwards: bool) -> Alteration:
    """Count the first sample as often as there are samples, the next once less: a running sum that is added up."""

    def alteration(view: View, step: Step, i: int, g: Array) -> Array:
        counts = np.arange(len(g), 0, -1.0)
        return step.answer(i, g * np.reshape(counts[::-1] if backwards else counts, (-1,) + (1,) * (np.ndim(g) - 1)))

    return alteration


def other_axis(view: View, step: Step, i: int, g: Array) -> Array | None:
    """Undo broadcasting along another axis."""
    answer, shape = np.asarray(step.raw(i, g)), step.shape(i)
    n = max(shape, default=0)
    if answer.shape != (n, n) or shape not in ((n,), (1, n), (n, 1)) or n == 1:
        return None
    return answer.sum(axis=0 if shape == (n, 1) else 1).reshape(shape)  # of a column axis 1 is the right one


def to_shape(g: Array, shape: tuple[int, ...]) -> Array | None:
    """Return a cotangent summed or repeated to a shape, None where it does not fit."""
    g = np.asarray(g)
    if g.shape == shape:
        return g
    lead = g.ndim - len(shape)
    if lead >= 0 and all(n in (1, m) for n, m in zip(shape, g.shape[lead:], strict=True)):
        return sum_to(g, shape)
    return None
