"""The search: which slip, or which few, make exactly the gradients that were derived by hand.

Single slips first; then slip after slip, from the loss down, each explaining some of the arguments; then pairs. What
explains the user's point must explain the other points too. Read next: `elsewhere.py`.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from .candidates import Candidates, Found
from .mutants import mutants_of
from .numbers import other_numbers
from .places import above
from .problem import Point
from .slips import Explanation, Grads, Slip, Trial, fit_two, live_parent
from .steps import View
from .updates import updates


class Search:
    """Looks for explanations.

    Parameters
    ----------
    points : the user's, then others; all with the same steps
    numbers : of the arguments
    loose : for arguments that agree only to rounding, how far they may be apart
    seconds : when to stop
    """

    def __init__(self, points: list[Point], numbers: list[int], loose: dict[int, float], seconds: float) -> None:
        self.points, self.numbers = points, numbers
        self.first = points[0]
        self.known = Candidates(self.first.hand, self.first.truth, numbers, loose)
        self.until = time.thread_time() + seconds
        self.stopped = False
        self.roots: dict[int, list[Found]] = {}  # by grain, what could have been done alone

    def run(self) -> list[Explanation]:
        """Return the explanations of everything, the likeliest first; empty if there is none."""
        for way in (
            self._singly, self._two_factors, self._in_other_grains, self._by_updates, self._by_numbers,
            self._one_after_another, self._in_pairs,
        ):  # fmt: skip
            found = self._verified(way())
            if found:
                return found
        return []

    def holds(self, explanation: Explanation, point: Point, numbers: list[int] | None = None) -> bool:
        """Tell whether an explanation is right at a point."""
        trial = explanation.at(point)
        grads = trial.grads() if trial is not None else None
        return grads is not None and all(self.known.equal(n, grads[n], point.hand[n]) for n in numbers or self.numbers)

    def _verified(self, explanations: list[Explanation]) -> list[Explanation]:
        others = self.points[1:]
        kept = [e for e in sorted(explanations, key=lambda e: e.rank) if all(self.holds(e, point) for point in others)]
        return [e.with_count(len(others)) for e in kept if not any(self._nearer(other, e) for other in kept)]

    def _nearer(self, a: Explanation, b: Explanation) -> bool:
        """Tell whether one explanation is another one, but for a factor at a place nearer to the loss."""
        one = [s for s in a.slips if all((s.edge, s.factor) != (t.edge, t.factor) for t in b.slips)]
        other = [t for t in b.slips if all((s.edge, s.factor) != (t.edge, t.factor) for s in a.slips)]
        if len(one) != 1 or len(other) != 1 or a.grain != b.grain:
            return False
        s, t = one[0], other[0]
        if s.id == t.id or s.edge is None or t.edge is None or s.factor is None or t.factor is None:
            return False
        view = self.first.views[a.grain]
        same = bool(s.scales and t.scales) and abs(s.factor - t.factor) < 1e-9
        return same and view.steps[t.edge[0]] in above(live_parent(view, s.edge))

    def _late(self) -> bool:
        self.stopped = self.stopped or time.thread_time() > self.until
        return self.stopped

    # The ways to look

    def _singly(self, grain: int = 0) -> list[Explanation]:
        start = Trial(self.first, self.first.views[grain])
        self.roots[grain] = list(self.known.after(start))
        return [Explanation((slip,), grain) for slip, done in self.roots[grain] if done == set(self.numbers)]

    def _in_other_grains(self) -> list[Explanation]:
        for grain in range(1, len(self.first.views)):
            found = self._verified(self._singly(grain)) if not self._late() else []
            if found:
                return found
        return []

    def _by_updates(self) -> list[Explanation]:
        return self._solved(updates)

    def _by_numbers(self) -> list[Explanation]:
        return self._solved(other_numbers)

    def _solved(self, way: Callable[[Trial, Grads, list[int]], Iterator[Slip]]) -> list[Explanation]:
        trial = Trial(self.first, self.first.views[0])
        left = [n for n in self.numbers if n not in self.known.matched(trial.grads())]
        everything = set(self.numbers)
        made = way(trial, self.first.hand, left)
        found = (pair for slip in made for pair in self.known.done(trial, slip, left, False))
        return [Explanation((slip,), 0) for slip, done in found if done == everything]

    def _one_after_another(self) -> list[Explanation]:
        for grain, view in enumerate(self.first.views):
            found = self._continued(Trial(self.first, view), grain, 3)
            if found:
                return found
        return []

    def _continued(self, trial: Trial, grain: int, depth: int) -> list[Explanation]:
        """Adopt slips that explain some arguments and spoil none, until all are explained."""
        before = self.known.matched(trial.grads())
        if len(before) == len(self.numbers):
            return [Explanation(tuple(trial.slips), grain)]
        if not depth or self._late():
            return []
        partial: dict[frozenset[int], list[Slip]] = {}
        for slip, done in self.known.after(trial) if trial.slips else self.roots.get(grain, ()):
            if done > before:
                partial.setdefault(frozenset(done), []).append(slip)
        for which in sorted(partial, key=len, reverse=True)[:6]:
            found: list[Explanation] = []
            for slip in sorted(partial[which], key=lambda s: s.rank)[:3]:
                after = trial.under(slip)
                if after is not None:
                    found += self._continued(after, grain, depth - 1)
            if found:
                return found
        return []

    def _two_factors(self) -> list[Explanation]:
        """Fit factors at two places at once, neither of which is behind the other."""
        view = self.first.views[0]
        grads, hand, known = view.truth, self.first.hand, self.known
        before = known.matched(grads)
        left = [n for n in self.numbers if n not in before]
        found = []
        for (e1, d1), (e2, d2) in itertools.combinations(known.shares(Trial(self.first, view), grads, before), 2):
            behind = any(view.steps[a[0]] in above(live_parent(view, b)) for a, b in ((e1, e2), (e2, e1)))
            if behind or not set(d1) & set(d2) & set(left):
                continue
            both = fit_two(hand, grads, d1, d2, left)
            if both is None or min(abs(both)) < 1e-7:
                continue
            if all(known.equal(n, grads[n] + both[0] * d1.get(n, 0) + both[1] * d2.get(n, 0), hand[n]) for n in left):
                slips = [known.factor_at(view, e, 1 + float(c), True) for e, c in ((e1, both[0]), (e2, both[1]))]
                if all(s.readings or s.factor in (0.0, 2.0) for s in slips):
                    found.append(Explanation(tuple(slips), 0))
        return found

    def _in_pairs(self) -> list[Explanation]:
        """Look under each likely slip for a second one: first at the argument nearest to the loss, then at the rest."""
        for grain, view in enumerate(self.first.views[:2]):
            start = Trial(self.first, view)
            right = self.known.matched(start.grads())
            left = [n for n in self.numbers if n not in right]
            cones = {n: {step.number for step in view.steps if n in _arguments(view, step)} for n in left}
            nearest = min(left, key=lambda n: len(cones[n]))
            pairs = self._pairs_for(start, nearest, sorted(right), cones[nearest])
            found: list[Explanation] = []
            for pair in sorted(pairs, key=lambda slips: sum(s.rank for s in slips))[:12]:
                trial: Trial | None = start
                for slip in pair:
                    trial = trial.under(slip) if trial is not None else None
                if trial is not None:
                    found += [replace(e, pair=True) for e in self._continued(trial, grain, 2)]
            if found:
                return found
        return []

    def _pairs_for(self, start: Trial, nearest: int, right: list[int], cone: set[int]) -> list[tuple[Slip, Slip]]:
        numbers, points = [*right, nearest], self.points[1:]
        small = Candidates(self.first.hand, self.first.truth, numbers, self.known.loose)
        small.cone = cone
        small.within = {s.number for s in start.view.steps if _arguments(start.view, s) & set(numbers)}
        likely = [m for m in mutants_of(start.view) if m.rank <= 6 and cone & {number for number, _ in m.alterations}]
        found = []
        for m in sorted(likely, key=lambda m: m.rank):
            if self._late():
                break
            first = Slip(m.id, m.rank, mutant=m, edge=m.edge, detail=m.detail, also=m.also)
            trial = start.under(first)
            grads = trial.grads() if trial is not None else None
            if trial is None or grads is None or small.equal(nearest, grads[nearest], self.first.truth[nearest]):
                continue
            for slip, done in small.after(trial, quick=True):
                pair = Explanation((first, slip), self.first.views.index(start.view))
                if len(done) == len(numbers) and all(self.holds(pair, p, numbers) for p in points):
                    found.append((first, slip))
        return found


def _arguments(view: View, step: object) -> set[int]:
    """Return the arguments that a step depends on, kept by step."""
    kept: dict[object, set[int]] = view.kept.setdefault("arguments", {})
    if not kept:
        for s in view.steps:
            kept[s] = {n for p in s.parents if p is not None for n in ({p} if isinstance(p, int) else kept[p])}
    return kept[step]
