"""Gradient clipping: hold back a step before it is taken, element by element or as a whole.

Read next: `minigrad/lab/`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..engine import Tensor, set_gradients, wrap
from ..errors import as_number


def _with_gradient(parameters: Any) -> list[Any]:
    given: Iterable[Any] = [parameters] if isinstance(parameters, Tensor) else parameters
    return [p for p in given if p.grad is not None]


def clip_grad_norm_(
    parameters: Any, max_norm: float, norm_type: float = 2.0, *, error_if_nonfinite: bool = False
) -> float:
    """Scale all gradients by one factor so that their common norm is at most `max_norm` (Pascanu et al. 2013).

    Parameters
    ----------
    parameters : a Tensor or several; those without a gradient are left out
    max_norm : the largest norm allowed, > 0
    norm_type : p of the p-norm over all elements together; inf for the largest absolute value
    error_if_nonfinite : raise when the norm is NaN or inf, and touch nothing

    Returns
    -------
    the norm before clipping, computed in float64; when it is NaN or inf no factor helps, and nothing is scaled

    >>> import minigrad as mg
    >>> from minigrad import optim
    >>> w = mg.tensor([0.0, 0.0], requires_grad=True)
    >>> w.grad = mg.tensor([3.0, 4.0])
    >>> optim.clip_grad_norm_([w], max_norm=1.0), w.grad
    (5.0, tensor([0.6, 0.8]))
    """
    if not as_number("clip_grad_norm_", "max_norm", max_norm) > 0:
        raise ValueError(f"clip_grad_norm_: max_norm must be positive, got {max_norm!r}")
    if not as_number("clip_grad_norm_", "norm_type", norm_type) > 0:
        raise ValueError(f"clip_grad_norm_: norm_type must be positive, got {norm_type!r}")
    params = _with_gradient(parameters)
    sizes = [np.absolute(p.grad.data.astype(np.float64)) for p in params]
    largest = float(np.max([a.max() for a in sizes if a.size], initial=0.0))  # NaN if any is, unlike max()
    norm = largest
    if math.isfinite(largest) and largest > 0 and norm_type != math.inf:
        norm = largest * sum(float(((a / largest) ** norm_type).sum()) for a in sizes) ** (1 / norm_type)
    if error_if_nonfinite and not math.isfinite(norm):
        raise FloatingPointError(
            f"clip_grad_norm_: the norm of the gradients is {norm}; look for the cause with mg.debug()"
        )
    if max_norm < norm < math.inf:
        set_gradients(params, [wrap(p.grad.data * (max_norm / norm)) for p in params])
    return norm


def clip_grad_value_(parameters: Any, clip_value: float) -> None:
    """Limit every element of every gradient to [−clip_value, clip_value].

    >>> import minigrad as mg
    >>> from minigrad import optim
    >>> w = mg.tensor([0.0, 0.0], requires_grad=True)
    >>> w.grad = mg.tensor([3.0, -0.5])
    >>> optim.clip_grad_value_([w], 1.0); w.grad
    tensor([ 1. , -0.5])
    """
    if not as_number("clip_grad_value_", "clip_value", clip_value) > 0:
        raise ValueError(f"clip_grad_value_: clip_value must be positive, got {clip_value!r}")
    params = _with_gradient(parameters)
    set_gradients(params, [wrap(np.clip(p.grad.data, -clip_value, clip_value)) for p in params])
