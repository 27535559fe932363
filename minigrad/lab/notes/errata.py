"""The errata of the notes, E1–E6: what is printed, what the algebra gives, and both computed.

Read next: `compare.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from .by_hand import optimizers, slips

Array = np.ndarray


class Evaluated(NamedTuple):
    """One number in both versions.

    Parameters
    ----------
    what : what is computed
    note : its value as the notes have it; NaN where that cannot be computed
    algebra : its value as the algebra has it
    """

    what: str
    note: float
    algebra: float


@dataclass(frozen=True)
class Erratum:
    """A slip of the notes.

    Parameters
    ----------
    id : E1 …
    note, algebra : what the notes print, and what is right
    effect : what comes of the slip
    evaluate : computes both versions: one `Evaluated` for each number that shows the slip

    >>> from minigrad.lab.notes.derivations import ERRATA
    >>> print(*[f"{x.what}: {x.note:.4f}, not {x.algebra:.4f}" for x in ERRATA[0].evaluate()])
    e of y = 1, o = 0.001: 13.2877, not 9.9658
    """

    id: str
    note: str
    algebra: str
    effect: str
    evaluate: Callable[[], tuple[Evaluated, ...]] = field(repr=False)


def _e1() -> tuple[Evaluated, ...]:
    return (Evaluated("e of y = 1, o = 0.001", -np.log2(0.0001), -np.log2(0.001)),)


def _e2() -> tuple[Evaluated, ...]:
    """Beside both formulas stands the slope of e in bits, by a difference quotient: it tells which is right."""
    x, y, o, h = 2.0, 0.0, 0.98, 1e-6

    def e(w: float) -> float:
        o_of_w = 1 / (1 + np.exp(-(np.log(49) + x * w)))
        return -(y * np.log2(o_of_w) + (1 - y) * np.log2(1 - o_of_w))

    return (
        Evaluated("∂e/∂w in bits at x = 2, y = 0, o = 0.98", x * (o - y), x * (o - y) / np.log(2)),
        Evaluated("its distance from (e(w+h) − e(w−h)) / 2h", *_distances(x, y, o, (e(h) - e(-h)) / (2 * h))),
    )


def _distances(x: float, y: float, o: float, slope: float) -> tuple[float, float]:
    return abs(x * (o - y) - slope), abs(x * (o - y) / np.log(2) - slope)


def _e3() -> tuple[Evaluated, ...]:
    return (
        Evaluated("e of o₂ = 0.0508", np.log2(0.0508), -np.log2(0.0508)),
        Evaluated("e of o₃ = 0.8360", np.log2(0.8360), -np.log2(0.8360)),
    )


# Adam descends the bowl x² + 10y². The gradient of x is negative there and that of y positive: E6 takes the
# root of a negative number in the one, and only a wrong step in the other.
_START, _RATE = np.array([-1.5, 1.0]), 0.1


def _bowl(theta: Array) -> Array:
    return optimizers.bowl(theta[None])[0]


def _constant(g: float) -> Callable[[Array], Array]:
    return lambda theta: np.full_like(theta, g)


def _paths(gradient: Callable[[Array], Array], start: Array, **slip: bool) -> tuple[dict[str, Array], ...]:
    """Return ten steps of Adam with slips, and without."""
    return slips.adam(gradient, start, _RATE, 10, **slip), slips.adam(gradient, start, _RATE, 10)


def _descent(after: tuple[int, ...] = (1, 10), prefix: str = "", **slip: bool) -> list[Evaluated]:
    """Return where both stand after so many steps, and how far from the minimum at (0, 0)."""
    both = _paths(_bowl, _START, **slip)
    found = []
    for t in after:
        steps = f"{prefix}after {t} step{'s' * (t > 1)}"
        found += [Evaluated(f"{steps}, {name}", *[path["θ"][t, i] for path in both]) for i, name in enumerate("xy")]
        found.append(Evaluated(f"{steps}, distance", *[float(np.hypot(*path["θ"][t])) for path in both]))
    return found


def _e4() -> tuple[Evaluated, ...]:
    first = [path["θ"][1, 0] / _RATE for path in _paths(_constant(1), np.zeros(1), e4=True)]
    return Evaluated("Δθ / p of the first step, g = 1", *first), *_descent(e4=True)


def _e5() -> tuple[Evaluated, ...]:
    both = _paths(_constant(1), np.zeros(1), e5=True)
    means = [
        Evaluated(f"{name} at t = {t}, g = 1 throughout", *[path[name][t - 1, 0] for path in both])
        for name in ("v̂", "r̂")
        for t in (1, 2, 3)
    ]
    return *means, *_descent(e5=True)


def _e6() -> tuple[Evaluated, ...]:
    first = [
        Evaluated(f"r̂ at t = 1, g = {g}", *[path["r̂"][0, 0] for path in _paths(_constant(g), np.zeros(1), e6=True)])
        for g in (1, -1)
    ]
    return *first, *_descent(e6=True), *_descent(prefix="E4, E5 and E6 at once, ", e4=True, e5=True, e6=True)


E1 = Erratum(
    "E1", "o = 0.001 gives 13.2877", "−log₂ 0.0001 = 13.2877; −log₂ 0.001 = 9.9658",
    "A nought is missing: the number is that of o = 0.0001, as the note's next line writes it.", _e1,
)  # fmt: skip
E2 = Erratum(
    "E2", "E in log₂, yet ∂e/∂w = x(o−y)", "x(o−y) in nats; x(o−y) / ln 2 in bits",
    "The gradient of the loss in bits is larger by 1/ln 2. The difference quotient of e in bits tells which is right.",
    _e2,
)  # fmt: skip
E3 = Erratum(
    "E3", "e = log 0.0508 = 4.2990", "e = −log₂ 0.0508 = 4.2990",
    "Without the minus sign the error is negative, and the better output has the larger error.", _e3,
)  # fmt: skip
E4 = Erratum(
    "E4", "v = α₁v − (1−α₁)g, and Δθ = −p/(…) ⊙ v", "v = α₁v + (1−α₁)g: one minus sign less",
    "Two minus signs make the step go uphill: θ leaves the minimum.", _e4,
)  # fmt: skip
E5 = Erratum(
    "E5", "v = v/(1−α₁ᵗ), r likewise: overwritten", "v̂ = v/(1−α₁ᵗ), r̂ likewise: v and r are kept",
    "The correction is corrected again at every step: the means of a constant gradient are no longer that gradient, "
    "and as r outgrows v the steps die out.", _e5,
)  # fmt: skip
E6 = Erratum(
    "E6", "r = v/(1−α₂ʳ)", "r̂ = r/(1−α₂ᵗ)",
    "r̂ gets the sign of v, which may be negative: then its root, and θ for ever after, is not a number (NaN). Where it "
    "is positive it is far too large, and the step too small.", _e6,
)  # fmt: skip
