"""How often was each branch, each sample counted? Solved for, as the way back is linear: 0 is forgotten, 2 is twice.

Read next: `specials.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from . import alterations as a
from .closeness import scale_of
from .mutants import Mutant
from .places import canonical, names_of_dropping
from .slips import Grads, Slip, Trial
from .steps import Array, Edge, View

MOST_BRANCHES, MOST_SAMPLES = 8, 32


def branches(trial: Trial, grads: Grads, hand: Grads, left: list[int]) -> Iterator[tuple[Slip, list[Grads]]]:
    """Yield whole numbers for the branches into one step or argument, with what comes through each."""
    found = trial.descend()
    assert found is not None
    view, cotangents = trial.view, found[0]
    for parent, users in view.users.items():
        users = [u for u in users if view.steps[u[0]] in cotangents]
        if not 2 <= len(users) <= MOST_BRANCHES or len({number for number, _ in users}) < len(users):
            continue
        answers = [view.through(u, trial.alterations, cotangents) for u in users]
        shares = [view.carry(parent, answer, trial.alterations) for answer in answers]
        counts = _solved(shares, grads, hand, left)
        if counts is None or np.abs(counts - np.round(counts)).max() > 1e-6 or np.abs(counts).max() > 3:
            continue
        whole = [float(np.round(c)) for c in counts]
        changed = [(u, c) for u, c in zip(users, whole, strict=True) if c != 1]
        ids = _names_of_counts(view, changed)
        if len(changed) > 1 and ids:
            detail = f"{len(changed)} of its {len(users)} uses" if ids[0] == "branch-missing" else ""
            yield Slip(ids[0], 3.5, scales=tuple(changed), edge=changed[0][0], also=ids[1:], detail=detail), shares


def _names_of_counts(view: View, changed: list[tuple[Edge, float]]) -> tuple[str, ...]:
    counts = [c for _, c in changed]
    if not any(counts):
        names = sorted({names_of_dropping(view, canonical(view, u))[0] for u, _ in changed})
        # the mean and the variance of a normalisation are two mistakes: they are found as two
        return () if len(names) > 1 and names[0].startswith("batchnorm") else tuple(names)
    if sorted(counts) == [0, 2]:  # A·x twice, in the place of A·x and Aᵀ·x
        return "transpose", "branch-twice", "branch-missing"
    return ("branch-twice",) if set(counts) == {2.0} else ("sign",)


def samples(trial: Trial, grads: Grads, hand: Grads, left: list[int]) -> Iterator[Slip]:
    """Yield how often each sample was counted: all but some, or the first ones more, as a running sum does."""
    found = trial.descend()
    assert found is not None
    view, cotangents = trial.view, found[0]
    for edge in _where_samples_are(view, left):
        step = view.steps[edge[0]]
        g = cotangents.get(step)
        if g is None or not np.ndim(g) or not 2 <= len(g) <= MOST_SAMPLES or edge in trial.alterations:
            continue
        shares = []
        for number in range(len(g)):
            alone = np.zeros_like(g)
            alone[number] = g[number]
            shares.append(view.carry(step.parents[edge[1]], step.answer(edge[1], alone), trial.alterations))
        counts = _solved(shares, grads, hand, left)
        id, detail = _name_of_samples(counts) if counts is not None else ("", "")
        if id and counts is not None:
            m = Mutant(id, {edge: a.weighted(tuple(counts))}, "samples", 3.3, detail)
            yield Slip(id, 3.3, mutant=m, edge=edge, detail=detail)


def _where_samples_are(view: View, left: list[int]) -> list[Edge]:
    """Return the places where each row is a sample: the last one before they are added up, and beside the arguments."""
    batch = gate(view, left)
    edges = [(batch, i) for i, _ in view.steps[batch].live()] if batch is not None else []
    return list(dict.fromkeys([*edges, *(canonical(view, edge) for n in left for edge in view.users.get(n, ()))]))


def gate(view: View, numbers: Sequence[int]) -> int | None:
    """Return the last step with more than one row through which all comes that reaches some arguments."""
    for step in reversed(view.steps):
        g = view.cotangents.get(step)
        if g is None or not np.ndim(g) or len(g) < 2:
            continue
        through = view.carry(step, g, {})
        zero = {n: np.zeros_like(view.truth[n]) for n in numbers}
        apart = [scale_of(through.get(n, zero[n]) - view.truth[n]) for n in numbers]
        if all(d <= 1e-9 * (scale_of(view.truth[n]) or 1) for d, n in zip(apart, numbers, strict=True)):
            return step.number
        return None
    return None


def _name_of_samples(counts: Array) -> tuple[str, str]:
    """Name how often samples are counted, "" if there is no rule in it."""
    n = len(counts)
    for unit in (1.0, float(n), 1.0 / n):
        whole = np.round(counts / unit)
        if np.abs(counts / unit - whole).max() > 1e-5:
            continue
        if set(whole) == {0.0, 1.0}:
            kept = np.flatnonzero(whole)
            alone = len(kept) == 1
            return (
                "branch-missing",
                f"of {n} samples number {kept[0]} alone" if alone else f"{n - len(kept)} of {n} samples",
            )
        if n > 2 and abs(whole[1] - whole[0]) == 1 and len(set(np.diff(whole))) == 1:
            end = "first" if whole[0] > whole[1] else "last"
            return "accumulated", f"a running sum: the {end} samples count most"
    return "", ""


def _solved(shares: list[Grads], grads: Grads, hand: Grads, left: list[int]) -> Array | None:
    """Return how often each share is counted in what was derived; None if that has no answer, or several."""
    touched = [n for n in left if any(n in s for s in shares)]
    if not touched:
        return None
    nothing = {n: np.zeros_like(grads[n]) for n in touched}
    columns = np.stack([np.concatenate([s.get(n, nothing[n]).ravel() for n in touched]) for s in shares], axis=1)
    wanted = np.concatenate([(hand[n] - grads[n]).ravel() for n in touched])
    if columns.shape[0] <= columns.shape[1] or not (np.isfinite(columns).all() and np.isfinite(wanted).all()):
        return None
    extra, _, rank, _ = np.linalg.lstsq(columns, wanted, rcond=1e-9)
    if rank < len(shares) or scale_of(columns @ extra - wanted) > 1e-7 * scale_of(wanted):
        return None
    return 1 + extra
