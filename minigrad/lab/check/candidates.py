"""The candidates: every slip that could be made after others, with the arguments it explains.

Factors are fitted, not guessed: as the way back is linear, what one place contributes times c is solved for c.
Read next: `search.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from . import specials
from .closeness import scale_of, unit_of
from .counting import branches, samples
from .factors import Reading, read
from .forward import forwards
from .mutants import Mutant, mutants_of
from .places import canonical, chain, in_penalty, is_twin, joins, names_of_dropping
from .sizes import is_square
from .slips import Grads, Slip, Trial, fit, times
from .steps import Edge, Step, View

EXACT, FINEST = 1e-8, 1e-12  # of the largest element: what counts as equal
Found = tuple[Slip, set[int]]  # a slip, and the arguments that match under it and those before


class Candidates:
    """What could have been done, judged by what was derived.

    Parameters
    ----------
    hand, truth : gradients at the user's point
    numbers : of the arguments
    loose : for arguments that agree only to rounding, how far they may be apart
    """

    def __init__(self, hand: Grads, truth: Grads, numbers: list[int], loose: dict[int, float]) -> None:
        self.hand, self.truth, self.numbers = hand, truth, numbers
        self.floors = {n: 1e-6 * scale_of(truth[n]) for n in numbers}  # what cancels to nothing is nothing
        self.loose = {}
        for n in numbers:
            small = 1e-3 * self.apart(n, hand[n], truth[n])  # a small mistake must be met the more exactly
            self.loose[n] = loose[n] if n in loose else min(EXACT, max(small, FINEST)) if small > 0 else EXACT
        self.sharp = max(1e-7, 30 * unit_of(*(hand[n] for n in numbers)))  # how exactly a factor can be known
        self.tried = 0
        self.nearest: list[tuple[float, Slip]] = []
        self.cone: set[int] | None = None  # the steps to look at, all by default
        self.within: set[int] | None = None  # the steps between these arguments and the loss

    # What counts as equal

    def equal(self, n: int, a: Any, b: Any) -> bool:
        """Tell whether two gradients of an argument are the same."""
        return self.apart(n, a, b) <= self.loose[n]

    def can_tell(self, numbers: list[int]) -> bool:
        """Tell whether what differs is large beside what counts as equal."""
        return all(self.apart(n, self.hand[n], self.truth[n]) > 50 * self.loose[n] for n in numbers)

    def apart(self, n: int, a: Any, b: Any) -> float:
        """Return how far two gradients are apart, as a share of the largest element."""
        if np.shape(a) != np.shape(b):
            return np.inf
        largest = max(scale_of(np.asarray(a), np.asarray(b)), self.floors[n])
        share = scale_of(np.asarray(a) - np.asarray(b)) / largest if largest else 0.0
        return share if share == share else np.inf

    def matched(self, grads: Grads | None) -> set[int]:
        """Return the arguments whose gradients are those of the hand derivation."""
        self.tried += 1
        return {n for n in self.numbers if self.equal(n, grads[n], self.hand[n])} if grads is not None else set()

    # All of them

    def after(self, trial: Trial, quick: bool = False) -> Iterator[Found]:
        """Yield what could have been done after the slips of a trial; `quick` leaves out other forward computations."""
        grads = trial.grads()
        if grads is None:
            return
        before = self.matched(grads)
        left = [n for n in self.numbers if n not in before]
        if not left:
            return
        yield from self._whole(trial, grads, left, before)
        if not trial.posts:
            for edge, share in self.shares(trial, grads, before):
                yield from self._factor_of(trial.view, edge, share, grads, left, before)
            for slip, parts in branches(trial, grads, self.hand, left):
                if not any(self._spoils(part, grads, before) for part in parts):
                    yield from self.done(trial, slip, left, scaled=False)
            for slip in samples(trial, grads, self.hand, left):
                yield from self.done(trial, slip, left)
        yield from self._altered(trial, grads, left, before)
        for slip in specials.quick(trial, self.hand, left):
            yield from self.done(trial, slip, left, scaled=False)
        if not quick and not trial.slips:
            for forward in forwards(trial.view):
                slip = Slip(forward.id, forward.rank, forward=forward, edge=forward.edge, detail=forward.detail)
                yield from self.done(trial, slip, left)

    def done(self, trial: Trial, slip: Slip, left: list[int], scaled: bool = True) -> Iterator[Found]:
        """Yield a slip if it explains something of what is left; if not, with a factor beside it if that does."""
        after = trial.under(slip)
        grads = after.grads() if after is not None else None
        if grads is None:
            return
        done = self.matched(grads)
        self._note(slip, grads, left)
        if done & set(left):
            yield slip, done
        elif scaled:
            yield from self._scaled(slip, trial, grads, left)

    def _note(self, slip: Slip, grads: Grads, left: list[int]) -> None:
        """Remember what comes nearest, for the report of what remains unexplained."""
        worst = max(self.apart(n, grads[n], self.hand[n]) for n in left)
        if len(self.nearest) < 3 or worst < self.nearest[-1][0]:
            others = [(w, s) for w, s in self.nearest if s.id != slip.id]
            same = [(w, s) for w, s in self.nearest if s.id == slip.id and w <= worst]
            self.nearest = sorted([*others, *(same or [(worst, slip)])], key=lambda pair: pair[0])[:3]

    # Factors

    def _scaled(self, slip: Slip, trial: Trial, grads: Grads, left: list[int]) -> Iterator[Found]:
        """Yield a slip together with a factor of all that is left, where that has a meaning."""
        c = fit(self.hand, {n: np.zeros_like(g) for n, g in grads.items()}, grads, left)
        if c is None or not c or abs(c - 1) < 1e-6:
            return
        if all(self.equal(n, c * grads[n], self.hand[n]) for n in left):
            readings = read(trial.view, c, self.sharp)
            if readings:
                made = {n: c * g if n in left else g for n, g in grads.items()}
                yield slip.times(c, readings, frozenset(left)), self.matched(made)

    def _whole(self, trial: Trial, grads: Grads, left: list[int], before: set[int]) -> Iterator[Found]:
        """Yield one factor of everything that is left, and of each argument."""
        zero = {n: np.zeros_like(g) for n, g in grads.items()}
        for numbers in [left, *([n] for n in left if len(left) > 1)]:
            c = fit(self.hand, zero, grads, numbers)
            if c is None or not c or not all(self.equal(n, c * grads[n], self.hand[n]) for n in numbers):
                continue
            which, readings = frozenset(numbers), tuple(read(trial.view, c, self.sharp))
            missed = _missed(trial.view, numbers, c)
            if missed is not None:
                yield Slip("local-derivative-missing", 2.4, post=times(which, c), edge=missed, arguments=which,
                           also=("factor",)), before | which  # fmt: skip
                continue
            everywhere = not before and numbers == left
            rank = (1.0 if everywhere else 2.5) if readings else (6.5 if everywhere else 7.0)
            again = c > 1.5 and abs(c - round(c)) < self.sharp and round(c) <= 5 and _unusual(trial.view, readings)
            ids = (readings[0].id if readings else "factor", *(["accumulated"] if again else []))
            if again and readings and not readings[0].likely:  # the length of some axis by accident
                ids = ids[::-1]
            slip = Slip(ids[0], rank, post=times(which, c), factor=c, readings=readings, arguments=which, also=ids[1:])
            yield slip, before | which

    def shares(self, trial: Trial, grads: Grads, before: set[int]) -> Iterator[tuple[Edge, Grads]]:
        """Yield every place for a factor that would not spoil what is right, with what comes through it."""
        found = trial.descend()
        cotangents = found[0] if found is not None else {}
        for step in trial.view.steps:
            if step not in cotangents or (self.cone is not None and step.number not in self.cone):
                continue
            for i, parent in step.live():
                edge = (step.number, i)
                if not trial.alterations and (canonical(trial.view, edge) != edge or is_twin(step)):
                    continue  # the same factor nearer to the loss does the same
                answer = trial.view.through(edge, trial.alterations, cotangents)
                share = trial.view.carry(parent, answer, trial.alterations, self.within)
                if not self._spoils(share, grads, before):
                    yield edge, share

    def _spoils(self, change: Grads, grads: Grads, before: set[int]) -> bool:
        return any(n in change and scale_of(change[n]) > EXACT * (scale_of(grads[n]) or 1) for n in before)

    def _factor_of(
        self, view: View, edge: Edge, share: Grads, grads: Grads, left: list[int], before: set[int]
    ) -> Iterator[Found]:
        touched = [n for n in left if n in share and scale_of(share[n]) > 0]
        rest = {n: grads[n] - share[n] for n in touched}
        c = fit(self.hand, rest, share, touched)
        self.tried += 1
        if c is None or abs(c - 1) < 1e-6:
            return
        if all(self.equal(n, rest[n] + c * share[n], self.hand[n]) for n in touched):
            beside = any(scale_of(rest[n]) > 1e-6 * scale_of(share[n]) for n in touched)
            yield self.factor_at(view, edge, c, beside), before | set(touched)

    def factor_at(self, view: View, edge: Edge, c: float, beside: bool) -> Slip:
        """Name a factor at a place; `beside` says whether there are other ways to the arguments."""
        step = view.steps[edge[0]]
        one_use = is_square(step) and len(step.live()) > 1  # of the two in xᵀAx
        if abs(c) < self.sharp:
            name, *also = names_of_dropping(view, edge)
            cancelled = any(0 < scale_of(self.hand[n]) < 1e-9 * scale_of(self.truth[n]) for n in self.numbers)
            rank = 6 if cancelled else 4.5 if one_use else 2.5
            return Slip(name, rank, scales=((edge, 0.0),), factor=0.0, edge=edge, detail="drop", also=tuple(also))
        penalty = in_penalty(view, edge)
        below, end = chain(view, edge)
        squares = any(is_square(s) for s in (*below, end) if isinstance(s, Step)) or (is_square(step) and not one_use)
        if abs(c - 2) < self.sharp and beside and joins(view, edge) and not squares and not penalty:
            halved = any(abs(k - 0.5) < 1e-9 for k in _numbers_in(view, edge))
            name, *also = ("factor", "branch-twice") if halved else ("branch-twice",)  # the ½ there is left out
            return Slip(name, 3.0, scales=((edge, 2.0),), factor=2.0, edge=edge, also=tuple(also))
        readings = [r for r in read(view, c, self.sharp) if r.id != "half" or squares or penalty or not beside]
        return Slip(readings[0].id if readings else "factor", (4.5 if readings else 7.2) + 0.3 * beside + one_use,
                    scales=((edge, c),), factor=c, readings=tuple(readings), edge=edge)  # fmt: skip

    # Altered rules

    def _altered(self, trial: Trial, grads: Grads, left: list[int], before: set[int]) -> Iterator[Found]:
        """Yield every mutant of the rules."""
        found = trial.descend()
        for m in mutants_of(trial.view) if found is not None else ():
            if any(edge in trial.alterations for edge in m.alterations):
                continue
            if m.kind == "drop" and len(m.alterations) == 1:  # a factor of 0 is among the fitted ones
                continue
            if self.cone is not None and not self.cone & {number for number, _ in m.alterations}:
                continue
            slip = Slip(m.id, m.rank, mutant=m, edge=m.edge, detail=m.detail, also=m.also)
            if len(m.alterations) > 1 or trial.posts:
                yield from self.done(trial, slip, left)
                continue
            assert found is not None
            changed = _difference(trial, m, found[0], grads, self.within)
            if changed is None:
                continue
            self._note(slip, changed, left)
            done = self.matched(changed)
            if done & set(left):
                yield slip, done
            elif not self._spoils({n: changed[n] - grads[n] for n in before}, grads, before):
                yield from self._scaled(slip, trial, changed, left)


def _difference(
    trial: Trial, m: Mutant, cotangents: dict[Any, Any], grads: Grads, within: set[int] | None
) -> Grads | None:
    """Return the gradients under a mutant of one place, by carrying on what it changes there."""
    ((edge, alter),) = m.alterations.items()
    step = trial.view.steps[edge[0]]
    g = cotangents.get(step)
    if g is None:
        return None
    try:
        trial.view.current = cotangents
        answer = alter(trial.view, step, edge[1], g)
        if answer is None or np.shape(answer) != step.shape(edge[1]):
            return None
        delta = answer - step.answer(edge[1], g)
        if not np.isfinite(delta).all() or not delta.any():
            return None
        carried = trial.view.carry(step.parents[edge[1]], delta, trial.alterations, within)
    except (ValueError, TypeError, IndexError, KeyError, AttributeError):  # it does not fit this step
        return None
    return {n: grads[n] + carried[n] if n in carried else grads[n] for n in grads}


# Numbers that a step multiplies by


def _numbers_at(step: Step) -> list[float]:
    if step.op.name not in ("multiply", "divide"):
        return []
    power = 1 if step.op.name == "multiply" else -1
    pairs = zip(step.operands, step.parents, strict=True)  # an operand that nobody kept is None
    numbers = [x for x, parent in pairs if parent is None and x is not None and np.size(x) == 1]
    return [float(np.ravel(x)[0]) ** power for x in numbers]


def _numbers_in(view: View, edge: Edge) -> list[float]:
    """Return the numbers that what comes through an edge was multiplied by."""
    return [k for s in (view.steps[edge[0]], *chain(view, edge)[0]) for k in _numbers_at(s)]


def _unusual(view: View, readings: tuple[Reading, ...]) -> bool:
    """Tell whether a whole factor stands for nothing in the loss: the same gradient may have been added again."""
    halved = any(abs(k - 0.5) < 1e-12 for step in view.steps for k in _numbers_at(step))
    if not readings or readings[0].id == "factor" or readings[0].likely < 1:
        return True
    return readings[0].id == "half" and not halved


def _missed(view: View, numbers: list[int], c: float) -> Edge | None:
    """Return where an argument is multiplied by the number that is missing, as w is by x."""
    for edge in view.users.get(numbers[0], ()) if len(numbers) == 1 else ():
        step = view.steps[edge[0]]
        if step.op.name == "multiply" and any(abs(c * k - 1) < 1e-9 for k in _numbers_at(step)):
            return edge
    return None
