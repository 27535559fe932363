"""Slips of particular operations: half a Jacobian, a square forgotten, an index written over.

Read next: `table.py`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .alterations import to_shape
from .steps import Alteration, Array, Step, View


def diagonal(view: View, step: Step, i: int, g: Array) -> Array:
    """Take the diagonal of the softmax's Jacobian alone, o(1 − o)."""
    return g * (step.out * (1 - step.out))


def without_normaliser(view: View, step: Step, i: int, g: Array) -> Array:
    """Hold the sum in the softmax constant: o."""
    return g * step.out


def normaliser_alone(view: View, step: Step, i: int, g: Array) -> Array:
    """Leave out the diagonal of the softmax's Jacobian: −oᵢoⱼ everywhere."""
    return step.answer(i, g) - g * step.out


def plus_off_diagonal(view: View, step: Step, i: int, g: Array) -> Array:
    """Turn the sign of −oᵢoⱼ."""
    return 2 * g * step.out - step.answer(i, g)


def without_factor(view: View, step: Step, i: int, g: Array) -> Array:
    """Leave out the factor oᵢ of oᵢ(gᵢ − Σⱼ gⱼoⱼ)."""
    return step.answer(i, g) / step.out


def then_diagonal(view: View, step: Step, i: int, g: Array) -> Array:
    """Multiply by o(1 − o) what has the Jacobian in it already."""
    return step.answer(i, g) * (step.out * (1 - step.out))


def along(axis: int) -> Alteration:
    """Take the rule along another axis."""
    return lambda view, step, i, g: step.answer(i, g, axis=axis)


def normalised_over(axis: int | None) -> Alteration:
    """Take the softmax in oᵢ(gᵢ − Σ gⱼoⱼ) over another axis, or over all elements, where it is subtracted."""

    def alteration(view: View, step: Step, i: int, g: Array) -> Array:
        raised = np.exp(step.operands[0] - np.max(step.operands[0]))
        inner = g * step.out
        total = inner.sum(axis=step.options.get("axis", -1), keepdims=True)
        return inner - raised / raised.sum(axis=axis, keepdims=True) * total

    return alteration


def means_over(axis: int) -> Alteration:
    """Take the means in the derivative of a normalisation (N22) over another axis."""

    def alteration(view: View, step: Step, i: int, g: Array) -> Array:
        out, x = step.out, step.operands[0]
        inner = g - g.mean(axis=axis, keepdims=True) - out * (g * out).mean(axis=axis, keepdims=True)
        return inner / np.sqrt(np.var(x, axis=step.options["axis"], keepdims=True) + step.options["eps"])

    return alteration


def other_branch(view: View, step: Step, i: int, g: Array) -> Array:
    """Give each branch of a `where` the gradient of the other."""
    return g - step.raw(i, g)


def spread(view: View, step: Step, i: int, g: Array) -> Array:
    """Give every element the gradient of the largest."""
    axis = step.options.get("axis")
    kept = g if step.options.get("keepdims") or axis is None else np.expand_dims(g, axis)
    return np.broadcast_to(kept, step.shape(i)).copy()


def assigned(view: View, step: Step, i: int, g: Array) -> Array:
    """Write the gradient at an index, over what another sample has written there."""
    answer = np.zeros(step.shape(i))
    answer[step.options["index"]] = g
    return answer


def not_squared(view: View, step: Step, i: int, g: Array) -> Array | None:
    """Divide by y in the place of y²."""
    return to_shape(-g * step.out, step.shape(i))


def no_numerator(view: View, step: Step, i: int, g: Array) -> Array | None:
    """Leave out the x of −x/y²."""
    return to_shape(-g / np.square(step.operands[1]), step.shape(i))


def undivided(view: View, step: Step, i: int, g: Array) -> Array:
    """Leave out the divisor in both derivatives of a quotient."""
    return step.answer(i, g * step.operands[1])


def not_lowered(view: View, step: Step, i: int, g: Array) -> Array | None:
    """Leave the exponent as it is: n xⁿ."""
    return to_shape(g * step.operands[1] * step.out, step.shape(i))


def mask_of_cotangent(view: View, step: Step, i: int, g: Array) -> Array:
    """Let the cotangent pass where it is positive itself."""
    return g * (g > 0)


def other_factor(view: View, step: Step, i: int, g: Array) -> Array:
    """Keep the 1 − o of o(1 − o) alone; or forget the square in 1 − o²."""
    return g * (1 - step.out)


def plus(view: View, step: Step, i: int, g: Array) -> Array:
    """Turn the minus of o(1 − o), or of 1 − o²."""
    return g * (step.out * (1 + step.out) if step.op.name == "sigmoid" else 1 + step.out**2)


SLOPES: dict[str, Callable[[Array], Array]] = {
    "sigmoid": lambda o: o * (1 - o),
    "tanh": lambda o: 1 - o * o,
    "relu": lambda o: o > 0,
}


def slope_of(name: str) -> Alteration:
    """Take the derivative of another activation."""
    return lambda view, step, i, g: g * SLOPES[name](np.asarray(step.out))
