"""Section B of the notes: preparing the data, N8–N10. Read next: `weights.py`."""

from __future__ import annotations

import numpy as np

from ..by_autodiff import preparing as auto
from ..by_hand import preparing as hand
from ..compare import Array, Derivation


def examples(rng: np.random.Generator, n: int) -> tuple[Array, ...]:
    """Training data of four features, of sizes 1, 100 and 0.01 and a constant one; and as many new examples."""
    size, centre = np.array([1.0, 100.0, 0.01, 0.0]), np.array([0.0, 50.0, 1.0, 7.0])
    return centre + size * rng.normal(size=(n, 4)), centre + (size + 0.5) * rng.normal(size=(n, 4))


def examples_and_scale(rng: np.random.Generator, n: int) -> tuple[Array, ...]:
    """Three features of training data and of new data, and for each the standard deviation it shall get."""
    train, new = examples(rng, n)
    return train[:, :3], new[:, :3], rng.uniform(0.5, 4, 3)


TRAIN = np.array([[1.0, 100.0, 7.0], [2.0, 300.0, 7.0], [3.0, 500.0, 7.0]])
NEW = np.array([[4.0, 300.0, 9.0]])
AT = ("training data (1, 100, 7), (2, 300, 7), (3, 500, 7); new (4, 300, 9)",)

ROWS = (
    Derivation(
        "N8", "standardisation, fitted on training data",
        ("μ = Σx / n", "σ = √(Σ(x−μ)² / n)", "x' = (x−μ)/σ of new data", "μ + σx'", "  = x"),
        hand.standardise, auto.standardise, (TRAIN, NEW), examples, AT, against="library", floor=1e-3,
        remark="σ is the biased standard deviation. A constant feature has σ = 0 and is divided by 1.",
    ),
    Derivation(
        "N9", "a feature that matters more",
        ("x' = s(x−μ)/σ of new data", "standard deviation of the training data's x'", "  = s"),
        hand.standardise_to, auto.standardise_to, (TRAIN[:, :2], NEW[:, :2], np.array([1.0, 2.0])),
        examples_and_scale, ("the first two features, s = (1, 2)",), against="library", floor=1e-3,
    ),
    Derivation(
        "N10", "normalisation is min–max, to [0, 1]",
        ("min", "max", "x' = (x−min)/(max−min) of new data", "min + (max−min)x'", "  = x"),
        hand.normalise, auto.normalise, (TRAIN, NEW), examples, AT, against="library", floor=1e-3,
        remark="The notes keep standardisation and normalisation apart. New data may fall outside [0, 1].",
    ),
)  # fmt: skip
