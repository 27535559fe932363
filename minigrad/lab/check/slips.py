"""A slip: one mistake as a change of the way back that can be made again at any point, alone or after others.

A trial is the way back under some slips: its gradients are what a learner who made them would have got.
Read next: `counting.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from .factors import Reading
from .forward import Forward
from .mutants import Mutant
from .problem import Point
from .steps import Alterations, Edge, View

Array = Any
Grads = dict[int, Array]
Post = Callable[[Point, Grads], "Grads | None"]


@dataclass(frozen=True)
class Slip:
    """One mistake.

    Attributes
    ----------
    id, rank : its name, and how likely it is: the lower the likelier
    mutant, forward, scales, post : what it does: altered answers, another forward computation, answers scaled by
        numbers, or something done to the gradients at the end
    factor, readings : a number that was fitted, and what it may stand for
    edge : where it is, if it is at one place
    detail : for the message
    """

    id: str
    rank: float
    mutant: Mutant | None = None
    forward: Forward | None = None
    scales: tuple[tuple[Edge, float], ...] = ()
    post: Post | None = None
    factor: float | None = None
    readings: tuple[Reading, ...] = ()
    edge: Edge | None = None
    detail: str = ""
    arguments: frozenset[int] = frozenset()
    also: tuple[str, ...] = ()  # other names that fit as well
    scaled: bool = False  # whether there is a factor beside something else

    def times(self, c: float, readings: Sequence[Reading], numbers: frozenset[int]) -> Slip:
        """Return it together with a factor of some arguments."""
        own, factor = self.post, times(numbers, c)

        def post(point: Point, grads: Grads) -> Grads | None:
            found = own(point, grads) if own is not None else grads
            return None if found is None else factor(point, found)

        return replace(
            self, rank=self.rank + 2, post=post, factor=c, readings=tuple(readings), arguments=numbers, scaled=True
        )

    def variants(self) -> list[Slip]:
        """Return it under each of its names, and with each reading of its factor."""
        named = [replace(self, id=id, also=()) for id in (self.id, *self.also)]
        if len(self.readings) < 2:
            return named
        return [replace(s, readings=(r,), id=r.id if s.id == self.readings[0].id else s.id)
                for s in named for r in self.readings]  # fmt: skip

    def elsewhere(self, view: View) -> Slip:
        """Return it with its factor read again, of another view's sizes."""
        if self.mutant is not None or self.forward is not None or len(self.readings) != 1:
            return self
        c = self.readings[0].value(view)
        if self.scales:
            return replace(self, factor=c, scales=tuple([(edge, c) for edge, _ in self.scales]))
        return replace(self, factor=c, post=times(self.arguments, c))


def times(numbers: frozenset[int], c: float) -> Post:
    """Return what multiplies some gradients by a number."""
    return lambda point, grads: {n: c * g if n in numbers else g for n, g in grads.items()}


@dataclass
class Trial:
    """The way back at a point, under some slips."""

    point: Point
    view: View
    alterations: Alterations = field(default_factory=dict)
    posts: list[Post] = field(default_factory=list)
    slips: list[Slip] = field(default_factory=list)
    known: tuple[dict[Any, Array], Grads] | None = None

    def under(self, slip: Slip) -> Trial | None:
        """Return the trial with one more slip, None where it does not fit."""
        view, alterations, posts = self.view, dict(self.alterations), list(self.posts)
        if slip.forward is not None:
            changed = slip.forward.view(view)
            if changed is None:
                return None
            view = changed
        if slip.mutant is not None:
            alterations.update(slip.mutant.alterations)
        for edge, c in slip.scales:
            alterations[edge] = _rescaled(alterations.get(edge), c)
        if slip.post is not None:
            posts.append(slip.post)
        return Trial(self.point, view, alterations, posts, [*self.slips, slip])

    def descend(self) -> tuple[dict[Any, Array], Grads] | None:
        """Return cotangents and gradients before `posts`, None where an alteration does not fit."""
        if self.known is None:
            if not self.alterations:
                self.known = self.view.cotangents, self.view.truth
            else:
                try:
                    self.known = self.view.back(self.alterations)
                except (ValueError, TypeError, IndexError, KeyError, AttributeError):
                    return None
        return self.known

    def grads(self) -> Grads | None:
        """Return the gradients."""
        found = self.descend()
        if found is None:
            return None
        grads: Grads | None = found[1]
        for post in self.posts:
            grads = post(self.point, grads) if grads is not None else None
        return grads


def _rescaled(alter: Any, c: float) -> Any:
    if alter is None:
        return lambda view, step, i, g: c * step.answer(i, g)
    return lambda view, step, i, g: c * alter(view, step, i, g)


@dataclass(frozen=True)
class Explanation:
    """Slips that together make the gradients of the hand derivation.

    Attributes
    ----------
    slips : in the order in which they were found, the nearest to the loss first
    grain : which of the point's views they are of
    verified : at how many further points they were right too
    pair : whether they were found two at a time
    """

    slips: tuple[Slip, ...]
    grain: int
    verified: int = 0
    pair: bool = False

    @property
    def joint(self) -> bool:
        """Whether two mistakes were needed at once for one argument: another two might do as well."""
        return self.pair or any(slip.scaled for slip in self.slips)

    @property
    def rank(self) -> float:
        """How likely it is: the lower the likelier; every further slip counts more than any rank."""
        return sum(slip.rank for slip in self.slips) + 20 * (len(self.slips) - 1)

    def at(self, point: Point) -> Trial | None:
        """Return the trial at a point."""
        trial: Trial | None = Trial(point, point.views[self.grain])
        for slip in self.slips:
            trial = trial.under(slip.elsewhere(trial.view)) if trial is not None else None
        return trial

    def variants(self) -> list[Explanation]:
        """Return it under each name and each reading of a factor: they make the same gradients here, not elsewhere."""
        ways = [self]
        for i, slip in enumerate(self.slips):
            ways = [replace(w, slips=(*w.slips[:i], v, *w.slips[i + 1 :])) for w in ways for v in slip.variants()]
        return ways

    def with_count(self, verified: int) -> Explanation:
        """Return it with the number of points it was right at."""
        return replace(self, verified=verified)


def fit(wanted: Grads, base: Grads, direction: Grads, numbers: Sequence[int]) -> float | None:
    """Return the c for which base + c · direction comes nearest to what is wanted, None if direction is nothing."""
    above = below = 0.0
    for n in numbers:
        d = direction.get(n)
        if d is None:
            continue
        weight = 1 / (float(np.sum(np.square(wanted[n]))) or 1.0)
        above += weight * float(np.sum((wanted[n] - base[n]) * d))
        below += weight * float(np.sum(d * d))
    return above / below if below > 0 else None


def fit_two(wanted: Grads, base: Grads, first: Grads, second: Grads, numbers: Sequence[int]) -> Array | None:
    """Return the two numbers for which base + c · first + d · second comes nearest to what is wanted."""
    columns = [
        np.concatenate([np.broadcast_to(d.get(n, 0.0), base[n].shape).ravel() for n in numbers])
        for d in (first, second)
    ]
    target = np.concatenate([(wanted[n] - base[n]).ravel() for n in numbers])
    matrix = np.stack(columns, axis=1)
    if len(target) < 3 or not np.isfinite(matrix).all():
        return None
    return np.linalg.lstsq(matrix, target, rcond=None)[0]


def live_parent(view: View, edge: Edge) -> Any:
    """Return the step or argument that an edge leads to."""
    return view.steps[edge[0]].parents[edge[1]]
