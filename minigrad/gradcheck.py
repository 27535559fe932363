"""Compare the gradients that rules give with central differences of the function itself.

A smooth function's central difference at h and at h/2 agree to h². Where they do not, or the slopes to
the left and right differ, the function has a kink, and no derivative to compare with. Read next: `nn/`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .engine import Tensor, tensor
from .errors import DtypeError, GradcheckError, describe
from .transforms import grad

Scalar = Callable[..., Tensor]


def gradcheck(
    f: Callable[..., Tensor], inputs: Any, order: int = 1, *, eps: float = 1e-6, rtol: float = 1e-5, atol: float = 1e-7
) -> bool:
    """Check the derivatives of `f` at `inputs` against central differences in float64.

    The output is multiplied by a fixed cotangent and summed, and every element of every checked input
    is moved by ±eps. At order 2 the same is then done to the gradient itself.

    Parameters
    ----------
    f : takes the inputs, returns a Tensor; must not draw random numbers
    inputs : a float64 Tensor, or several; those that require gradients are checked
    order : 1, or 2 to check second derivatives as well
    eps : the step, times max(1, |x|)
    rtol, atol : the largest accepted difference, relative to the largest derivative in an input, and absolute

    Returns
    -------
    True

    Raises
    ------
    GradcheckError
        naming the order, the input, the element and both values. At a kink a value between the slopes
        on either side is no mistake: it is accepted, with a warning that says so.

    >>> import minigrad as mg
    >>> x = mg.tensor([0.5, 2.0], dtype="float64", requires_grad=True)
    >>> mg.gradcheck(lambda x: mg.log(x) * x, x, order=2)
    True
    """
    inputs = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    if order not in (1, 2):
        raise ValueError(f"gradcheck: order must be 1 or 2, got {order!r}")
    checked = [i for i, x in enumerate(inputs) if isinstance(x, Tensor) and x.requires_grad]
    if not checked:
        raise ValueError("gradcheck: none of the inputs is a Tensor that requires gradients; nothing to check")
    for i in checked:
        if inputs[i].dtype != np.float64:
            raise DtypeError(
                f"gradcheck: input {i} is {describe(inputs[i])}; differences need float64: make it with dtype='float64'"
            )

    def value(*leaves: Tensor) -> Tensor:
        args = list(inputs)
        for i, leaf in zip(checked, leaves, strict=True):
            args[i] = leaf
        out = f(*args)
        if not isinstance(out, Tensor):
            raise TypeError(f"gradcheck: f must return a Tensor, got {describe(out)}")
        return (out * _weights(out.shape, seed=0)).sum()

    def slope(*leaves: Tensor) -> Tensor:
        grads = grad(value, range(len(checked)))(*leaves)
        return sum(
            ((g * _weights(g.shape, seed=1 + k)).sum() for k, g in enumerate(grads)), tensor(0.0, dtype="float64")
        )

    points = [inputs[i].numpy() for i in checked]
    _compare(value, points, checked, 1, eps, rtol, atol)
    if order == 2:
        _compare(slope, points, checked, 2, eps, rtol, atol)
    return True


def _weights(shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Return a fixed cotangent without symmetry, so that errors cannot cancel."""
    return np.random.default_rng(seed).uniform(0.5, 1.5, shape)


def _compare(
    f: Scalar, points: Sequence[np.ndarray], numbers: Sequence[int], order: int, eps: float, rtol: float, atol: float
) -> None:
    """Compare the gradient of the scalar `f` with differences, element by element."""

    def at(k: int, index: tuple[int, ...], step: float) -> float:
        moved = [p.copy() if i == k else p for i, p in enumerate(points)]
        moved[k][index] += step
        return f(*[tensor(p) for p in moved]).item()

    grads = grad(f, range(len(points)))(*[tensor(p) for p in points])
    for k, (point, g) in enumerate(zip(points, grads, strict=True)):
        rules = g.numpy()
        scale = float(np.abs(rules[np.isfinite(rules)]).max(initial=0.0))
        for index in np.ndindex(point.shape):
            h = eps * max(1.0, abs(float(point[index])))
            ahead, behind = at(k, index, h), at(k, index, -h)
            central = (ahead - behind) / (2 * h)
            rounding = 8 * np.finfo(float).eps * max(abs(ahead), abs(behind)) / h
            allowed = atol + rtol * max(scale, abs(central)) + rounding
            if abs(rules[index] - central) <= allowed:
                continue
            here = at(k, index, 0.0)
            right, left = (ahead - here) / h, (here - behind) / h
            text = (
                f"gradcheck: order {order}, input {numbers[k]}, element {list(index)}: "
                f"the rules give {rules[index]:.9g}, central differences give {central:.9g}"
            )
            slopes = f"the slope is {left:.6g} on the left and {right:.6g} on the right"
            kink = abs(right - left) > 100 * allowed
            if kink and min(left, right) - allowed <= rules[index] <= max(left, right) + allowed:
                warnings.warn(f"{text}; a kink, not a mistake: {slopes}, and any value between will do", stacklevel=3)
            else:
                raise GradcheckError(f"{text}; at a kink, {slopes}, the rule must lie between" if kink else text)
