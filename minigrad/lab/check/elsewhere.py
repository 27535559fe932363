"""Other evidence: the same at other sizes, where 2 is not N; and differences of the loss itself.

Read next: `localise.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .problem import Point, Problem, Unusable

Array = Any
PRIMES = (3, 5, 7, 11, 13, 17, 19, 23)


def resized(problem: Problem, point: Point) -> Point | None:
    """Return a point with another number of samples, a prime that no axis has; None where f or hand refuses it."""
    arrays = {n: a for n, a in enumerate(problem.wide) if isinstance(a, np.ndarray) and a.ndim}
    taken = {length for view in point.views for s in view.steps for length in np.shape(s.out)}
    taken |= {length for a in arrays.values() for length in a.shape}
    new = next((p for p in PRIMES if p not in taken), None)
    if new is None:
        return None
    for length in dict.fromkeys(a.shape[0] for a in arrays.values() if a.shape[0] > 1):
        leading = [n for n, a in arrays.items() if a.shape[0] == length]
        for group in ([n for n in leading if n not in problem.asked], leading):
            made = _with_rows(problem, point, group, new) if group else None
            if made is not None:
                return made
    return None


def _with_rows(problem: Problem, point: Point, group: list[int], count: int) -> Point | None:
    rng = np.random.default_rng(0)
    args = list(problem.wide)
    rows = rng.integers(0, args[group[0]].shape[0], size=count)
    for n in group:
        args[n] = args[n][rows]
        if n in problem.asked:
            args[n] = args[n] * (1 + 0.2 * rng.uniform(-1, 1, args[n].shape))
    try:
        made = problem.point(args)
    except (Unusable, ValueError, IndexError):
        return None
    return made if made.alike(point) and made.comparable(problem.numbers) else None


def is_gradient_of_values(problem: Problem, point: Point, wrong: list[int]) -> bool | None:
    """Tell whether the hand gradients are those of the values of f, as differences along random directions say.

    None where the differences agree with the gradient of the graph: then f holds nothing constant.
    """
    rng = np.random.default_rng(0)
    agree = []
    for _ in range(4):
        direction = {
            n: rng.normal(size=np.shape(point.truth[n])) * (np.abs(point.args[n]).mean() or 1.0) for n in wrong
        }
        slope = _slope(problem, point, direction)
        size = sum(float(np.sum(np.abs(point.truth[n] * d) + np.abs(point.hand[n] * d))) for n, d in direction.items())
        rounding = 1e-12 * abs(point.loss)
        by_graph, by_hand = (
            abs(slope - sum(float(np.sum(g[n] * d)) for n, d in direction.items())) <= 1e-6 * size + rounding
            for g in (point.truth, point.hand)
        )
        if by_graph or not np.isfinite(slope):
            return None
        agree.append(by_hand)
    return all(agree)


def _slope(problem: Problem, point: Point, direction: dict[int, Array]) -> float:
    """Return the derivative of f along a direction, by differences of fourth order."""

    def f(t: float) -> float:
        args = list(point.args)
        for n, d in direction.items():
            args[n] = args[n] + t * d
        return float(problem.call_f(args, notes=False).item())

    h = 1e-3
    return (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h)
