"""Is it rounding, a kink, or a mistake?

Rounding shrinks with the precision: both gradients are computed again in the next wider one. A kink is there only
where it is hit exactly: both gradients agree a hair's breadth away, on every side. What remains is a mistake.
Read next: `shapes.py`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .problem import Point, Problem, Unusable
from .views import wide

Array = Any
SLACK = 64.0  # units of rounding that a sum of a few numbers may be off; the error of long ones grows as a root


@dataclass
class Comparison:
    """How two gradients of one argument differ.

    Attributes
    ----------
    verdict : "match", "rounding", "kink" or "mistake"
    largest : the largest difference
    where : its index
    ulp : the same in units in the last place of the largest element, in the precision the user computes in
    reason : what told rounding or a kink from a mistake
    """

    verdict: str
    largest: float
    where: tuple[int, ...]
    ulp: float
    reason: str = ""


def scale_of(*arrays: Array) -> float:
    """Return the largest magnitude in some arrays."""
    return max((float(np.max(np.abs(a), initial=0)) for a in arrays if a is not None), default=0.0)


def unit_of(*arrays: Array) -> float:
    """Return the unit of rounding of the narrowest of some arrays."""
    return max((float(np.finfo(a.dtype).eps) for a in arrays if a is not None), default=0.0)


def tolerance(a: Array, b: Array, length: int, dtype: Any) -> float:
    """Return how far two ways to compute the same may be apart: rounding of sums that long, relative to the largest."""
    return float(np.finfo(dtype).eps) * (SLACK + 8 * math.sqrt(length)) * scale_of(a, b)


def difference(hand: Array, truth: Array, dtype: Any) -> Comparison:
    """Measure the largest difference of two arrays of one shape."""
    apart = np.abs(np.asarray(hand, np.float64) - truth)
    apart = np.where(np.isfinite(apart), apart, np.inf)
    if not apart.size:
        return Comparison("match", 0.0, (), 0.0)
    where = tuple(int(i) for i in np.unravel_index(int(np.argmax(apart)), apart.shape))
    largest = float(apart[where])
    unit = float(np.finfo(dtype).eps) * max(scale_of(truth), float(np.finfo(dtype).tiny) / float(np.finfo(dtype).eps))
    return Comparison("match", largest, where, largest / unit)


def compare_point(problem: Problem, point: Point, given: dict[int, Any]) -> dict[int, Comparison]:
    """Compare the gradients at the user's arguments, and judge what differs.

    `given` holds the hand gradients in the user's own precision.
    """
    results: dict[int, Comparison] = {}
    doubtful = []
    length = _longest(point)
    for n in problem.numbers:
        hand, truth = point.hand[n], point.truth[n]
        own = problem.given[n].dtype
        result = difference(given[n], truth, own)
        results[n] = result
        dtype = np.result_type(np.float32, min(hand.dtype, np.dtype(np.float64), key=lambda d: d.itemsize))
        apart = scale_of(hand - truth) if np.isfinite(hand).all() and np.isfinite(truth).all() else math.inf
        if apart > tolerance(hand, truth, length, dtype):
            doubtful.append(n)
        elif result.largest > tolerance(given[n], truth, length, own):
            said = f"in {own}; in float64 they agree" if own.itemsize < 8 else f"the derivation is computed in {dtype}"
            result.verdict, result.reason = "rounding", said
    if doubtful:
        _judge(problem, point, results, doubtful)
    return results


def _longest(point: Point) -> int:
    return max((int(np.size(s.out)) for s in (point.views[0].steps if point.views else ())), default=1)


def _judge(problem: Problem, point: Point, results: dict[int, Comparison], doubtful: list[int]) -> None:
    """Tell rounding and kinks from mistakes."""
    for n in doubtful:
        results[n].verdict = "mistake"
    apart = {n: _apart(point.hand[n], point.truth[n]) for n in doubtful}
    for n, reason in _shrinking(problem, point, apart).items():
        results[n].verdict, results[n].reason = "rounding", reason
    left = [n for n in doubtful if results[n].verdict == "mistake"]
    for n, reason in (_vanishing(problem, point, left) if left else {}).items():
        results[n].verdict, results[n].reason = "rounding", reason
    left = [n for n in left if results[n].verdict == "mistake"]
    for n, reason in (at_kinks(problem, point, left) if left else {}).items():
        results[n].verdict, results[n].reason = "kink", reason


def _apart(hand: Array, truth: Array) -> float:
    """Return the largest difference relative to the largest element."""
    share = scale_of(np.asarray(hand) - truth) / (scale_of(truth, hand) or 1.0)
    return share if math.isfinite(share) else math.inf


def _shrinking(problem: Problem, point: Point, apart: dict[int, float]) -> dict[int, str]:
    """Return, for arguments whose difference shrinks with the precision, why it is rounding."""
    found: dict[int, str] = {}
    wider = bool(np.finfo(np.longdouble).eps < np.finfo(np.float64).eps / 100)
    # where there is no wider precision, see whether the difference grows in a narrower one
    other: Any = np.longdouble if wider else np.float32
    args = [a.astype(other) if isinstance(a, np.ndarray) and a.dtype.kind == "f" else a for a in problem.wide]
    try:
        there = problem.gradients(args)
        truth = there if wider else problem.gradients([wide(a) for a in args])
        hand = problem.by_hand(args)
    except (Unusable, TypeError, ValueError):
        return found
    for n, before in apart.items():
        if hand[n] is None or np.shape(hand[n]) != np.shape(truth[n]) or not math.isfinite(before):
            continue
        # beside the gradient as it was: one that is 0 but for rounding, of a bias before a normalisation, shrinks too
        size = scale_of(point.truth[n], point.hand[n]) or 1.0
        after = scale_of(hand[n] - truth[n]) / size
        nothing = 1e5 * size <= scale_of(there[n]) < np.inf  # in a narrower precision
        if after <= before / 30 if wider else (after >= 1e3 * before and before < 1e-2) or nothing:
            found[n] = "the difference shrinks with the precision"
        elif before < 1e-8:
            found[n] = f"the difference is {before:.0e} of the gradient: a small constant such as ε makes one"
        elif before < 1e-4 and _jumps(problem, n, before):
            found[n] = "the derivation is computed in float32 somewhere inside"
    return found


def _vanishing(problem: Problem, point: Point, numbers: list[int]) -> dict[int, str]:
    """Return, for arguments whose gradients are nothing beside those nearer to 0, and agree there, that they are.

    Of a saturated unit 1 − o is 0, or some 1e-300, as it is written. Nearer to 0 nothing is saturated.
    """
    apart = {n: scale_of(point.hand[n] - point.truth[n]) for n in numbers}
    here = {n: scale_of(point.hand[n], point.truth[n]) for n in numbers}
    largest = dict.fromkeys(numbers, 0.0)
    for share in (0.1, 0.01, 0.001):
        args = [share * a if n in problem.asked else a for n, a in enumerate(problem.wide)]
        try:
            truth, hand = problem.gradients(args), problem.by_hand(args)
        except Unusable:
            return {}
        if any(np.shape(hand[n]) != np.shape(truth[n]) for n in numbers):
            return {}
        for n in numbers:
            apart[n] = max(apart[n], scale_of(hand[n] - truth[n]))
            largest[n] = max(largest[n], scale_of(truth[n]))
    reason = "both are nothing beside the gradient where nothing is saturated, and there they agree"
    return {n: reason for n in numbers if max(apart[n], here[n]) <= 1e-12 * largest[n] < np.inf}


def _jumps(problem: Problem, n: int, before: float) -> bool:
    """Tell whether the hand gradient moves in steps as large as the difference: it holds fewer digits than float64."""
    middle = problem.by_hand(problem.wide)[n]
    bends = []
    for seed in (1, 2, 3):
        one, other = (problem.by_hand(args)[n] for args in both_sides(problem, seed, 1e-6))
        bends.append(scale_of(one - 2 * middle + other))
    return max(bends) > 0.2 * before * scale_of(middle)


def both_sides(problem: Problem, seed: int, step: float) -> tuple[list[Any], list[Any]]:
    """Return two choices of arguments on either side of the user's."""
    there = problem.moved(seed, step)
    mirrored = [
        2 * w - a if n in problem.asked else a for n, (a, w) in enumerate(zip(there, problem.wide, strict=True))
    ]
    return there, mirrored


def at_kinks(problem: Problem, point: Point, numbers: list[int], step: float = 1e-6) -> dict[int, str]:
    """Return, for arguments whose gradients agree on all sides of a point but not at it, what makes it a kink."""
    lows: dict[int, Any] = {}
    highs: dict[int, Any] = {}
    for seed in range(4):
        for near in both_sides(problem, seed, step):
            try:
                truth, hand = problem.gradients(near), problem.by_hand(near)
            except Unusable:
                return {}
            numbers = [n for n in numbers if _apart(hand[n], truth[n]) <= 1e-9]
            for n in numbers:
                lows[n] = np.minimum(lows[n], truth[n]) if n in lows else truth[n]
                highs[n] = np.maximum(highs[n], truth[n]) if n in highs else truth[n]
            if not numbers:
                return {}
    found = {}
    for n in numbers:
        slack = 1e-4 * scale_of(lows[n], highs[n], point.hand[n])
        if np.all((point.hand[n] >= lows[n] - slack) & (point.hand[n] <= highs[n] + slack)):
            found[n] = kink_of(point)
    return found


def kink_of(point: Point) -> str:
    """Say which operations stand exactly at a kink."""
    said = ", ".join(dict.fromkeys(_hits(point))) or "a kink of the function"
    return f"at {said}; the one-sided derivatives differ, and any value between them is a choice"


def stands_at_kink(point: Point) -> bool:
    """Tell whether an operation stands exactly at a kink."""
    return any(True for _ in _hits(point))


def _hits(point: Point) -> Iterator[str]:
    for step in point.views[-1].steps if point.views else ():
        x: list[Any] = [v for v in step.operands if v is not None]
        name = step.op.name
        if name in ("relu", "leaky_relu", "elu", "absolute", "sign") and np.any(np.asarray(x[0]) == 0):
            yield f"{name} of 0"
        elif name in ("maximum", "minimum", "fmax", "fmin") and len(x) == 2 and np.any(x[0] == x[1]):
            yield f"{name} of two equal numbers"
        elif name in ("max", "min") and x and _tied(x[0], step.options.get("axis")):
            yield f"{name}, tied"
        elif name == "clip" and any(np.any(x[0] == bound) for bound in x[1:]):
            yield "clip at a bound"


def _tied(x: Array, axis: Any) -> bool:
    return any(
        bool(np.any(np.sum(x == extreme(x, axis=axis, keepdims=True), axis=axis) > 1)) for extreme in (np.max, np.min)
    )
