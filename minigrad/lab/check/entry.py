"""`check`: from a function and a hand gradient to the report.

Read next: `problem.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from .closeness import compare_point, scale_of, stands_at_kink
from .elsewhere import is_gradient_of_values, resized
from .given import check_steady, compare_loss, look_at, of_first_call, of_shape
from .localise import localise
from .naming import carried_forward, diagnoses_of, of_unknown
from .problem import Point, Problem, Unusable
from .report import Diagnosis, Report, Result
from .search import Search
from .slips import Explanation

SECONDS = 5.0  # of computing, for a search that finds nothing
SHAPE_ONLY = "the shape is wrong; once that is made right, the numbers agree"


def check(
    f: Any,
    hand: Any,
    *args: Any,
    argnums: int | Sequence[int] | None = None,
    names: Sequence[str] | None = None,
    hand_loss: Any = None,
) -> Report:
    """Check a gradient that was derived by hand, and name the mistake in it.

    A mistake in a derivation leaves an exact fingerprint: a wrong gradient equals, to rounding, the right one with one
    rule altered. So the way back is run with one answer altered after another, and with pairs. What is claimed makes
    the same numbers as the hand derivation, here and at two other points.

    Parameters
    ----------
    f : `f(*tensors)` is the loss in minigrad, a scalar
    hand : `hand(*arrays)` is the gradient derived by hand, in NumPy: one array, or one for each argument
    args : arrays, lists, numbers or Tensors; floating ones are given to both functions as float64
    argnums : the numbers of the arguments that `hand` has gradients of; by default as many of the floating ones as it
        returns, the first ones of the right shapes
    names : of the arguments, for the report; by default the names of the parameters
    hand_loss : the learner's own value of the loss, or a function of the arguments that returns it; compared first

    Returns
    -------
    a report: `.ok`; `.results[name]` with `.verdict` "match", "rounding", "kink" or "mistake"; `.diagnoses`, the best
    first, each with `.id`, `.message`, `.factor`, `.evidence` and `.certain`. Printed, it tells a learner what agrees,
    what differs, which mistake it is, on which line of the model, and the right formula. What cannot be checked (no
    scalar, random draws, no array) is said there too.

    Raises
    ------
    TypeError, ValueError
        when `f` or `hand` is no function, no argument is floating, or `argnums` names one that is not.

    For e = ½(y − o)², o = σ(wx), the notes have ∂e/∂w = −(y − o) σ′(wx) x (N1):

    >>> import minigrad as mg, numpy as np
    >>> from minigrad.lab import check
    >>> x, y = np.array([0.5, -1.0]), 1.0
    >>> def loss(w):
    ...     return 0.5 * (y - mg.sigmoid(w @ x)) ** 2
    >>> def by_hand(w):
    ...     o = 1 / (1 + np.exp(-(w @ x)))
    ...     return -(y - o) * x
    >>> report = check(loss, by_hand, [0.3, 0.8])
    >>> report.ok, report.results["w"].verdict, report.diagnoses[0].id
    (False, 'mistake', 'local-derivative-missing')
    """
    with np.errstate(all="ignore"):  # a mutant may divide by 0, and so may a learner
        try:
            return _Check(Problem(f, hand, args, argnums, names)).report(hand_loss)
        except Unusable as why:
            return Report(problem=str(why))


class _Check:
    """One check, step by step."""

    def __init__(self, problem: Problem) -> None:
        self.problem, self.made = problem, Report()
        self.point = problem.point(problem.wide)
        self.made.loss = self.point.loss

    def report(self, hand_loss: Any) -> Report:
        """Return what was found."""
        problem, made = self.problem, self.made
        made.notes, made.diagnoses = check_steady(problem, self.point)
        if made.diagnoses:
            made.results = of_first_call(problem, self.point, made.diagnoses[0].arguments)
            return made
        if hand_loss is not None:
            made.hand_loss, differs = compare_loss(problem, self.point, hand_loss)
            made.diagnoses += differs
        given = problem.by_hand(problem.given)
        misshapen = self._mended(given)
        wrong, loose = self._judged(given, misshapen)
        if wrong and not self._held_constant(wrong):
            self._explain(wrong, loose)
        for name, result in made.results.items():
            result.diagnoses = [d for d in made.diagnoses if name in d.arguments or not d.arguments]
        return made

    def _mended(self, given: dict[int, Any]) -> set[int]:
        """Leave out what cannot be compared, make shapes right where that is possible; return where it was needed."""
        problem, made, point = self.problem, self.made, self.point
        misshapen = set()
        for n in list(problem.numbers):
            name, shape = problem.names[n], np.shape(point.hand[n])
            reason, bad = look_at(point, n)
            if bad is not None and bad.mend is not None:
                problem.mends[n] = bad.mend
                point.hand[n], given[n] = bad.mend(point.hand[n]), bad.mend(given[n])
            if bad is not None and bad.id:
                misshapen.add(n)
                made.diagnoses.append(of_shape(name, shape, bad))
            elif bad is not None:
                made.notes.append(f"{name}: its shape is {bad.detail}; the numbers were compared.")
            if reason:
                problem.numbers.remove(n)
                made.results[name] = Result(name, "mistake", hand=point.hand[n], truth=point.truth[n], reason=reason)
                if bad is None:
                    made.diagnoses.append(
                        Diagnosis("unexplained", f"{name}: {reason}.", certain=False, arguments=(name,))
                    )
        return misshapen

    def _judged(self, given: dict[int, Any], misshapen: set[int]) -> tuple[list[int], dict[int, float]]:
        """Compare the numbers; return the arguments with a mistake, and how exactly the others agree."""
        problem, made, point = self.problem, self.made, self.point
        compared = compare_point(problem, point, given)
        for n, c in compared.items():
            name, hand, truth = problem.names[n], point.hand[n], point.truth[n]
            if n in misshapen and c.verdict != "mistake":
                made.results[name] = Result(name, "mistake", c.largest, None, c.ulp, hand, truth, SHAPE_ONLY)
            else:
                made.results[name] = Result(name, c.verdict, c.largest, c.where, c.ulp, hand, truth, c.reason)
        made.results = {name: made.results[name] for name in problem.names.values()}
        nothing = [problem.names[n] for n, c in compared.items() if c.verdict == "match" and not point.truth[n].any()]
        if nothing:
            made.notes.append(
                f"The gradient of {', '.join(nothing)} is 0 here, which shows little: try other arguments."
            )
        loose = {n: 1e-4 for n in problem.numbers if point.hand[n].dtype.itemsize < 8}
        for n, c in compared.items():
            if c.verdict in ("rounding", "kink"):
                loose[n] = max(1e-8, 20 * c.largest / (scale_of(point.truth[n]) or 1))
        return [n for n in problem.numbers if compared[n].verdict == "mistake"], loose

    # Why it differs

    def _explain(self, wrong: list[int], loose: dict[int, float]) -> None:
        others = self._others()
        points = others if len(others) > 1 and stands_at_kink(self.point) else [self.point, *others]
        for n in set(loose) - set(wrong):  # the rounding of one point may be small by chance
            worst = max(scale_of(p.hand[n] - p.truth[n]) / (scale_of(p.truth[n]) or 1) for p in points)
            loose[n] = min(max(loose[n], 20 * worst), 1e-4)
        rounded = {n for n in self.problem.numbers if self.made.results[self.problem.names[n]].verdict == "rounding"}
        apart = {n: scale_of(self.point.hand[n] - self.point.truth[n]) for n in rounded}
        nothing = {n for n in rounded if apart[n] > 1e-3 * scale_of(self.point.truth[n])}  # of these rounding is all
        told = [n for n in self.problem.numbers if n not in nothing]
        explain(self.made, points, self.problem.names, told, wrong, loose, SECONDS)

    def _held_constant(self, wrong: list[int]) -> bool:
        """See whether the gradient is that of all of f, where f holds something constant (`stop_gradient`)."""
        whole = is_gradient_of_values(self.problem, self.point, wrong)
        if whole:
            self.made.diagnoses.append(Diagnosis(
                "constant-vs-variable",
                "You differentiate through something that this loss holds constant (stop_gradient, detach).",
                None, "differences of the loss agree with your gradient, not with its graph's", True,
                tuple([self.problem.names[n] for n in wrong]),
            ))  # fmt: skip
        elif whole is not None:
            self.made.notes.append("f holds something constant (stop_gradient, detach) that its value depends on.")
        return bool(whole)

    def _others(self) -> list[Point]:
        """Return two other points with the same steps."""
        found: list[Point] = []
        for seed in (1, 2):
            for size in (0.3, 0.03, 0.003):
                try:
                    point = self.problem.point(self.problem.moved(seed, size))
                except Unusable:
                    continue
                if point.comparable(self.problem.numbers) and point.alike(self.point):
                    found.append(point)
                    break
        return found


def explain(
    made: Report,
    points: list[Point],
    names: dict[int, str],
    numbers: list[int],
    wrong: list[int],
    loose: dict[int, float],
    seconds: float,
) -> None:
    """Search for the mistakes in what differs, and add them to a report."""
    search = Search(points, numbers, loose, seconds)
    point = points[0]
    found = search.run() if point.views else []
    if not found:
        place = localise(point.views[0], point.hand, wrong, search.known.equal) if point.views else None
        made.diagnoses += of_unknown(point, names, wrong, place, search)
        return
    best = found[0]
    if len(best.slips) == 1 and best.slips[0].edge is not None and best.slips[0].forward is None:
        for n, m in carried_forward(point.views[best.grain], wrong).items():
            made.results[names[n]].reason = f"carried on from {names[m]}"
    told: dict[frozenset[str], list[Diagnosis]] = {}
    likely = [variant for e in found if e.rank < best.rank + 0.75 for variant in e.variants()]
    for e in _apart(likely, search):
        diagnoses = diagnoses_of(e, point.views[e.grain], wrong)
        told.setdefault(frozenset(d.id for d in diagnoses), diagnoses)
    enough = (best.verified > 0 or sum(np.size(point.hand[n]) for n in wrong) >= 6) and search.known.can_tell(wrong)
    differs = any(d.id == "forward-differs" for d in made.diagnoses)  # then all else may follow from that
    certain = len(told) == 1 and enough and not best.joint and not differs
    for way, diagnoses in enumerate(told.values()):
        made.diagnoses += [replace(d, certain=certain, way=way) for d in diagnoses]


def _apart(variants: list[Explanation], search: Search) -> list[Explanation]:
    """Tell explanations apart that only coinciding sizes make equal, by other sizes if f and hand take them."""
    if len({tuple((s.id, *[r.text for r in s.readings]) for s in v.slips) for v in variants}) < 2:
        return variants
    problem = search.first.problem
    point = resized(problem, search.first) if problem is not None else None
    kept = [v for v in variants if search.holds(v, point)] if point is not None else []
    return kept or variants
