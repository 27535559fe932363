"""Adam as the notes print it, with each of its three slips to be switched on: E4, E5, E6.

Read next: `minigrad/lab/notes/errata.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any as Array

import numpy as np

ALPHA_1, ALPHA_2, EPSILON = 0.9, 0.999, 1e-8


def adam(
    gradient: Callable[[Array], Array], start: Array, p: float, steps: int,
    e4: bool = False, e5: bool = False, e6: bool = False,
) -> dict[str, Array]:  # fmt: skip
    """N20 with slips.

    Parameters
    ----------
    gradient : from θ (k,) to g (k,)
    start : θ (k,)
    p, steps : the learning rate, and the number of steps
    e4 : subtracts (1−α₁)g from v, and Δθ subtracts v again
    e5 : overwrites v and r by their corrected values
    e6 : divides v where r is meant, by 1 − α₂ to the power of r where t is meant

    Returns
    -------
    θ (steps + 1, k) from the start on; v̂ and r̂ (steps, k). NaN where the root of a negative r̂ is taken.
    """
    theta, v, r = start, np.zeros_like(start), np.zeros_like(start)
    path: dict[str, list[Array]] = {"θ": [theta], "v̂": [], "r̂": []}
    for t in range(1, steps + 1):
        g = gradient(theta)
        v = ALPHA_1 * v + (-1 if e4 else 1) * (1 - ALPHA_1) * g
        v_hat = v / (1 - ALPHA_1**t)
        if e5:
            v = v_hat
        r = ALPHA_2 * r + (1 - ALPHA_2) * g * g
        with np.errstate(invalid="ignore", divide="ignore"):
            r_hat = v / (1 - ALPHA_2**r) if e6 else r / (1 - ALPHA_2**t)
            if e5:
                r = r_hat
            theta = theta - p / (EPSILON + np.sqrt(r_hat)) * v_hat
        for name, value in (("θ", theta), ("v̂", v_hat), ("r̂", r_hat)):
            path[name].append(value)
    return {name: np.array(values) for name, values in path.items()}
