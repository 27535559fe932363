"""A derivation, and what comes of comparing its two sides. Read next: `rows/`, then `derivations.py`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from ...errors import ShapeError, describe
from .errata import Erratum
from .source import source_of

Array = np.ndarray
Side = Callable[..., tuple[Array, ...]]

RTOL = 1e-9  # room for float64 rounding, grown by cancellation in y/o − (1−y)/(1−o); a wrong term is far beyond
PRINTED = 5e-5  # the notes print four decimals


@dataclass(frozen=True, eq=False)  # arrays have no one answer to ==
class Derivation:
    """A derivation of the notes.

    Parameters
    ----------
    id, title : the row of the notes, and what it derives
    formulas : as printed; one for each array that `hand` returns. One that begins with "=" goes on from the line
        before, and both must be equal
    hand : from the arguments at n points to one float64 array for each formula; never calls minigrad
    auto : the same, with every derivative left to autodiff, or computed by the library
    note : arguments at the points the notes work out, or at a telling one where they work out none
    draw : makes arguments at n random points; its docstring says what they are
    where : says what `note` is: one text in all, or one for each element of a result
    printed : the first formula's values at `note` as the notes print them, to four decimals
    errata : the slips of the notes in this row
    against : what `auto` is, in a word
    remark : what else there is to know
    floor : the least size that a difference is measured against: above 0 where something cancels on paper
    """

    id: str
    title: str
    formulas: tuple[str, ...]
    hand: Side = field(repr=False)
    auto: Side = field(repr=False)
    note: tuple[Any, ...] = field(repr=False)
    draw: Callable[[np.random.Generator, int], tuple[Any, ...]] = field(repr=False)
    where: tuple[str, ...]
    printed: tuple[float, ...] = ()
    errata: tuple[Erratum, ...] = field(default=(), repr=False)
    against: str = "autodiff"
    remark: str = field(default="", repr=False)
    floor: float = 0.0

    @property
    def source(self) -> str:
        """The plain NumPy of `hand`, after the helpers and constants that it uses."""
        return source_of(self.hand)


class Difference(NamedTuple):
    """The largest differences found for one formula.

    Parameters
    ----------
    relative, absolute : between hand and autodiff
    step : relative, by hand, from the line before; None where the formula goes on from none
    """

    relative: float
    absolute: float
    step: float | None = None


@dataclass(frozen=True, eq=False)
class Result:
    """What came of a comparison.

    Parameters
    ----------
    derivation : the row that was checked
    points : how many random points were drawn
    hand, auto : the values at the notes' points, one array for each formula
    differences : for each formula the largest, over the notes' points and the random ones
    """

    derivation: Derivation
    points: int
    hand: tuple[Array, ...]
    auto: tuple[Array, ...]
    differences: tuple[Difference, ...]

    @property
    def absolute(self) -> float:
        """The largest absolute difference of all formulas."""
        return max(d.absolute for d in self.differences)

    @property
    def relative(self) -> float:
        """The largest relative difference of all formulas."""
        return max(d.relative for d in self.differences)

    @property
    def worst(self) -> str:
        """The formula with the largest relative difference."""
        return max(zip(self.differences, self.derivation.formulas, strict=True), key=lambda pair: pair[0][:2])[1]

    @property
    def broken(self) -> str | None:
        """The first formula that differs from the line it goes on from, or None."""
        pairs = zip(self.differences, self.derivation.formulas, strict=True)
        return next((formula for d, formula in pairs if d.step is not None and not d.step <= RTOL), None)

    @property
    def as_printed(self) -> bool:
        """Whether `hand` rounds to what the notes print."""
        printed = self.derivation.printed
        return not printed or np.allclose(self.hand[0], printed, rtol=0, atol=PRINTED)

    @property
    def agrees(self) -> bool:
        """Whether all is equal that must be: `relative` within `RTOL`, each line to the one before, and as printed."""
        return self.relative <= RTOL and self.broken is None and self.as_printed


def check(derivation: Derivation, points: int = 1000, seed: int = 0) -> Result:
    """Compare a derivation's two sides in float64, at the notes' points and at random ones.

    The relative difference of two numbers is |hand − auto| / max(|hand|, |auto|, `floor`), or 0 where they are equal.

    Parameters
    ----------
    derivation : a row of `DERIVATIONS`, or your own
    points : how many random points
    seed : of the random points

    Raises
    ------
    ShapeError
        when the sides do not return float64 arrays of one shape for each formula: broadcasting would hide a mistake.

    >>> from minigrad.lab.notes.derivations import DERIVATIONS, check
    >>> check(DERIVATIONS[0]).agrees
    True
    """
    hand, auto = _both(derivation, derivation.note)
    at_random = _both(derivation, derivation.draw(np.random.default_rng(seed), points))
    found = [_differences(derivation, *sides) for sides in ((hand, auto), at_random)]
    return Result(derivation, points, hand, auto, tuple([_larger(*pair) for pair in zip(*found, strict=True)]))


def _differences(derivation: Derivation, hand: tuple[Array, ...], auto: tuple[Array, ...]) -> list[Difference]:
    """Return the differences of each formula in one set of points."""
    found = []
    for k, formula in enumerate(derivation.formulas):
        relative, absolute = _difference(hand[k], auto[k], derivation.floor)
        goes_on = formula.lstrip().startswith("=")
        step = _difference(hand[k], hand[k - 1], derivation.floor)[0] if goes_on else None
        found.append(Difference(relative, absolute, step))
    return found


def _larger(a: Difference, b: Difference) -> Difference:
    step = None if a.step is None or b.step is None else max(a.step, b.step)
    return Difference(max(a.relative, b.relative), max(a.absolute, b.absolute), step)


def _difference(a: Array, b: Array, floor: float) -> tuple[float, float]:
    """Return the largest relative and absolute difference; infinity where there is NaN."""
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return np.inf, np.inf
    absolute = np.abs(a - b)
    scale = np.maximum(np.maximum(np.abs(a), np.abs(b)), floor)
    return float((absolute / np.where(scale == 0, 1, scale)).max()), float(absolute.max())


def _both(derivation: Derivation, args: tuple[Any, ...]) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
    """Return what both sides give, after seeing that it can be compared."""
    hand, auto = tuple(derivation.hand(*args)), tuple(derivation.auto(*args))
    if not len(hand) == len(auto) == len(derivation.formulas):
        raise ShapeError(
            f"derivation {derivation.id} has {len(derivation.formulas)} formulas, but gives {len(hand)} results "
            f"by hand and {len(auto)} by autodiff; needs as many"
        )
    for formula, h, a in zip(derivation.formulas, hand, auto, strict=True):
        if h.shape != a.shape or h.dtype != np.float64 or a.dtype != np.float64:
            raise ShapeError(
                f"derivation {derivation.id}, {formula}: got {describe(h)} by hand and {describe(a)} by autodiff; "
                "both must be float64 of one shape"
            )
    return hand, auto
