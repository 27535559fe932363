"""The table of hand derivations, each beside what autodiff says: one entry for each row of the notes.

To add a row, write its formulas in `by_hand.py`, its forward computation in `by_autodiff.py`, and append
a `Derivation` here; `check` does the rest. Read next: `report.py`, which prints the table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ..errors import ShapeError, describe
from . import by_autodiff, by_hand

Array = np.ndarray
Side = Callable[..., tuple[Array, ...]]

RTOL = 1e-9  # room for float64 rounding, grown by cancellation in y/o − (1−y)/(1−o); a wrong term is far beyond
PRINTED = 5e-5  # the notes print four decimals


@dataclass(frozen=True)
class Derivation:
    """A derivation of the notes.

    Parameters
    ----------
    id, title : the row of the notes, and what it derives
    formulas : as printed; one for each array that `hand` returns
    hand : from the arguments at n points to one float64 array (n, …) for each formula; never calls minigrad
    auto : the same, with every derivative left to autodiff
    note : arguments at the points the notes work out, or at a telling one where they work out none
    draw : makes arguments at n random points
    where : says what `note` is: one text in all, or one for each element of a result
    printed : the first formula's values at `note` as the notes print them, to four decimals
    """

    id: str
    title: str
    formulas: tuple[str, ...]
    hand: Side = field(repr=False)
    auto: Side = field(repr=False)
    note: tuple[Array, ...] = field(repr=False)
    draw: Callable[[np.random.Generator, int], tuple[Array, ...]] = field(repr=False)
    where: tuple[str, ...]
    printed: tuple[float, ...] = ()


@dataclass(frozen=True)
class Result:
    """What came of a comparison.

    Parameters
    ----------
    derivation : the row that was checked
    hand, auto : the values at the notes' points, one array for each formula
    absolute, relative : the largest differences, over the notes' points and the random ones, and all formulas
    worst : the formula with the largest relative difference
    agrees : whether `relative` is within `RTOL`, and `hand` rounds to what the notes print
    """

    derivation: Derivation
    hand: tuple[Array, ...]
    auto: tuple[Array, ...]
    absolute: float
    relative: float
    worst: str
    agrees: bool


def check(derivation: Derivation, points: int = 1000, seed: int = 0) -> Result:
    """Compare a derivation's two sides in float64, at the notes' points and at random ones.

    The relative difference of two numbers is |hand − auto| / max(|hand|, |auto|), or 0 where they are equal.

    Parameters
    ----------
    derivation : a row of `DERIVATIONS`, or your own
    points : how many random points
    seed : of the random points

    Raises
    ------
    ShapeError
        when the sides do not return float64 arrays of one shape for each formula: broadcasting would hide a mistake.

    >>> from minigrad.lab.derivations import DERIVATIONS, check
    >>> check(DERIVATIONS[0]).agrees
    True
    """
    hand, auto = _both(derivation, derivation.note)
    at_random = _both(derivation, derivation.draw(np.random.default_rng(seed), points))
    differences = [
        (*_difference(h, a), formula)
        for sides in ((hand, auto), at_random)
        for formula, h, a in zip(derivation.formulas, *sides, strict=True)
    ]
    relative, _, worst = max(differences)
    absolute = max(difference for _, difference, _ in differences)
    as_printed = not derivation.printed or np.allclose(hand[0], derivation.printed, rtol=0, atol=PRINTED)
    return Result(derivation, hand, auto, absolute, relative, worst, bool(relative <= RTOL and as_printed))


def _difference(hand: Array, auto: Array) -> tuple[float, float]:
    """Return the largest relative and absolute difference; infinity where there is NaN."""
    if not (np.isfinite(hand).all() and np.isfinite(auto).all()):
        return np.inf, np.inf
    absolute = np.abs(hand - auto)
    scale = np.maximum(np.abs(hand), np.abs(auto))
    return float((absolute / np.where(scale == 0, 1, scale)).max()), float(absolute.max())


def _both(derivation: Derivation, args: tuple[Array, ...]) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
    """Return what both sides give, after seeing that it can be compared."""
    hand, auto = derivation.hand(*args), derivation.auto(*args)
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


# The points


def _unit(rng: np.random.Generator, n: int) -> tuple[Array, ...]:
    """Draw x, y, w, b of a logistic unit, with |z| ≤ 6: beyond, 1 − o has too few digits left to compare."""
    x, w, b = rng.uniform(-2, 2, (3, n))
    return x, rng.integers(0, 2, n).astype(np.float64), w, b


def _label_and_output(rng: np.random.Generator, n: int) -> tuple[Array, ...]:
    return rng.integers(0, 2, n).astype(np.float64), rng.uniform(0.001, 0.999, n)


def _two_distributions(rng: np.random.Generator, n: int) -> tuple[Array, ...]:
    return rng.uniform(0, 1, n), rng.uniform(0.001, 0.999, n)


def _labels_and_logits(rng: np.random.Generator, n: int) -> tuple[Array, ...]:
    return rng.integers(0, 2, (n, 4)).astype(np.float64), rng.uniform(-6, 6, (n, 4))


def _logits_and_label(rng: np.random.Generator, n: int) -> tuple[Array, ...]:
    return rng.uniform(-4, 4, (n, 5)), rng.integers(0, 5, n)


def _outputs_and_label(rng: np.random.Generator, n: int) -> tuple[Array, ...]:
    return rng.dirichlet(np.full(5, 2.0), n), rng.integers(0, 5, n)


# The notes work out no point for N1 and N4. This one is the point of their argument: o = σ(ln 49) = 0.98 where the
# label is 0, and the gradient of the squared error is 51 times smaller than that of the cross entropy.
_SATURATED = (np.array([2.0]), np.array([0.0]), np.array([1.0]), np.array([np.log(49) - 2]))
_AT_SATURATED = ("x = 2, y = 0, o = 0.98",)

DERIVATIONS = (
    Derivation(
        "N1", "e = ½(y−o)² of a logistic unit",
        ("∂e/∂w = −(y−o) x σ'(z)", "∂e/∂b = −(y−o) σ'(z)"),
        by_hand.half_squared_error, by_autodiff.half_squared_error, _SATURATED, _unit, _AT_SATURATED,
    ),
    Derivation(
        "N2", "cross entropy of label and output in bits",
        ("H(P,Q) = −Σ P(y) log₂ Q(y)", "∂H/∂o = −(y/o − (1−y)/(1−o)) / ln 2"),
        by_hand.entropy_of_two, by_autodiff.entropy_of_two,
        (np.array([1.0]), np.array([0.98])), _two_distributions, ("y = 1, o = 0.98",), (0.0291,),
    ),
    Derivation(
        "N3", "the same in one line",
        ("e = −(y log₂ o + (1−y) log₂(1−o))",),
        by_hand.cross_entropy, by_autodiff.cross_entropy,
        (np.array([1.0, 1.0, 1.0]), np.array([0.98, 0.0001, 0.001])), _label_and_output,
        ("y = 1, o = 0.98", "y = 1, o = 0.0001", "y = 1, o = 0.001 (E1)"), (0.0291, 13.2877, 9.9658),
    ),
    Derivation(
        "N4", "the gradients of N3 in nats, line by line",
        (
            "∂e/∂w = −(y/o − (1−y)/(1−o)) ∂o/∂w",
            "      = −(y/o − (1−y)/(1−o)) x σ'(z)",
            "      = −(y/o − …) x σ(z)(1−σ(z))",
            "      = −(y/o − …) x o(1−o)",
            "      = x(o−y)",
            "∂e/∂b = o−y",
            "∂e/∂w = x(o−y) / ln 2 in bits (E2)",
            "∂e/∂b = (o−y) / ln 2 in bits",
        ),
        by_hand.cross_entropy_chain, by_autodiff.cross_entropy_chain, _SATURATED, _unit, _AT_SATURATED,
    ),
    Derivation(
        "N5", "cross entropy of c outputs in bits",
        ("E = −Σᵢ (yᵢ log₂ oᵢ + (1−yᵢ) log₂(1−oᵢ))", "∂E/∂z = (o−y) / ln 2"),
        by_hand.cross_entropy_of_outputs, by_autodiff.cross_entropy_of_outputs,
        (np.array([[1.0, 0.0, 1.0]]), np.log([[49, 1 / 49, 1 / 9999]])), _labels_and_logits,
        ("y = (1,0,1), o = (0.98, 0.02, 0.0001)",),
    ),
    Derivation(
        "N6", "log likelihood in bits",
        ("E = −log₂ o_y (E3)", "∂E/∂o = −onehot(y) / (o_y ln 2)"),
        by_hand.log_likelihood, by_autodiff.log_likelihood,
        (np.array([[0.1132, 0.0508, 0.8360], [0.1132, 0.0508, 0.8360]]), np.array([1, 2])), _outputs_and_label,
        ("label 2, o₂ = 0.0508", "label 3, o₃ = 0.8360"), (4.2990, 0.2584),
    ),
    Derivation(
        "N7", "softmax, and N6 of it in nats",
        ("o = exp z / Σⱼ exp zⱼ", "Σᵢ oᵢ = 1", "∂o/∂z = diag(o) − o oᵀ", "∂E/∂z = o − onehot(y)"),
        by_hand.softmax, by_autodiff.softmax,
        # the logits behind the outputs 0.0508 and 0.8360 of N6
        (np.array([[2.0, 1.2, 4.0]]), np.array([1])), _logits_and_label, ("z = (2, 1.2, 4), label 2",),
    ),
)  # fmt: skip
