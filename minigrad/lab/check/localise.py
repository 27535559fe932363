"""Where an unknown mistake must be: between the loss and the last step whose cotangent would make the rest right.

Each step is tried from the learner's own value: if one cotangent of it makes the gradients of everything below, the
steps below are right, and an error made above was only carried on. Read next: `naming.py`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .closeness import scale_of
from .slips import Grads
from .steps import Array, Step, View

MOST = 96  # elements of a cotangent that are solved for


def localise(view: View, hand: Grads, wrong: list[int], equal: Callable[[int, Array, Array], bool]) -> Step | None:
    """Return the nearest step to the loss whose cotangent would explain all wrong gradients, None if there is none."""
    for step in reversed(view.steps[:-1]):
        if np.size(step.out) > MOST or not _gates(view, step, wrong):
            continue
        made = _from_own_cotangent(view, step, hand, wrong)
        if made is not None and all(equal(n, made[n], hand[n]) for n in wrong):
            return step
    return None


def _gates(view: View, step: Step, wrong: list[int]) -> bool:
    """Tell whether everything that reaches these arguments comes through a step."""
    g = view.cotangents.get(step)
    if g is None:
        return False
    through = view.carry(step, g, {})
    return all(n in through and scale_of(through[n] - view.truth[n]) <= 1e-9 * scale_of(view.truth[n]) for n in wrong)


def _from_own_cotangent(view: View, step: Step, hand: Grads, wrong: list[int]) -> Grads | None:
    """Return the gradients that come nearest to the hand derivation, for any cotangent of a step.

    None where any gradient could be made so: then it would say nothing.
    """
    shape, size = np.shape(step.out), int(np.size(step.out))
    columns = []
    for k in range(size):
        unit = np.zeros(size)
        unit[k] = 1.0
        carried = view.carry(step, unit.reshape(shape), {})
        columns.append(np.concatenate([carried[n].ravel() if n in carried else np.zeros(hand[n].size) for n in wrong]))
    matrix = np.stack(columns, axis=1)
    wanted = np.concatenate([hand[n].ravel() for n in wrong])
    if not np.isfinite(matrix).all():
        return None
    own, _, rank, _ = np.linalg.lstsq(matrix, wanted, rcond=1e-10)
    if len(wanted) <= rank:
        return None
    made, start, found = matrix @ own, 0, {}
    for n in wrong:
        found[n] = made[start : start + hand[n].size].reshape(hand[n].shape)
        start += hand[n].size
    return found
