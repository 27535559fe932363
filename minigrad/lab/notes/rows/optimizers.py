"""Section D of the notes: optimizers, N16–N21. Read next: `layers.py`."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..by_autodiff import optimizers as auto
from ..by_hand import optimizers as hand
from ..compare import Array, Derivation
from ..errata import E4, E5, E6

# Learning rates of the bowl and of the valley at which no starting point below diverges.
RATES, ADAPTIVE_RATES = np.array([0.02, 2e-4]), np.array([0.1, 0.01])


def starts(rng: np.random.Generator, n: int) -> tuple[Array, ...]:
    """Starting points in the square from −1.5 to 1.5."""
    return rng.uniform(-1.5, 1.5, (n, 2)), RATES


def adaptive_starts(rng: np.random.Generator, n: int) -> tuple[Array, ...]:
    """Starting points in the square from −1.5 to 1.5."""
    return rng.uniform(-1.5, 1.5, (n, 2)), ADAPTIVE_RATES


def epochs(rng: np.random.Generator, n: int) -> tuple[Any, ...]:
    """A rate, a factor and a period, and a measure for each epoch."""
    period = int(rng.integers(n // 50, n // 8))
    return rng.uniform(0.01, 1), rng.uniform(0.9, 0.99), period, 10 / (1 + np.arange(n)) + rng.uniform(0, 1, n)


START = np.array([[-1.2, 1.0]])  # Rosenbrock's own
WHERE = "ten steps from (−1.2, 1), p = {} on the bowl, {} in the valley"
AT, ADAPTIVE_AT = (WHERE.format(*RATES),), (WHERE.format(*ADAPTIVE_RATES),)


def on_both(*formulas: str) -> tuple[str, ...]:
    """Name each formula once for the bowl x² + 10y² and once for Rosenbrock's valley."""
    return tuple([f"{formula}, {where}" for where in ("bowl", "valley") for formula in formulas])


ROWS = (
    Derivation(
        "N16", "momentum",
        on_both("v = αv − p g", "θ = θ + v"),
        hand.momentum, auto.momentum, (START, RATES), starts, AT, floor=1e-3,
        remark="The bowl is x² + 10y², the valley Rosenbrock's (1−x)² + 100(y−x²)². α = 0.9.",
    ),
    Derivation(
        "N17", "Nesterov's momentum",
        on_both("v = αv − p ∂J/∂θ at θ̃", "θ = θ + v", "θ̃ = θ + αv"),
        hand.nesterov, auto.nesterov, (START, RATES), starts, AT, floor=1e-3,
        remark="The library's step(closure) leaves θ, its plain step() the look-ahead point θ̃. Both are compared.",
    ),
    Derivation(
        "N18", "AdaGrad",
        on_both("r = r + g⊙g", "θ = θ − p/(ε+√r) ⊙ g"),
        hand.adagrad, auto.adagrad, (START, ADAPTIVE_RATES), adaptive_starts, ADAPTIVE_AT, floor=1e-3,
        remark="r only grows, so the steps may die out before the minimum is reached.",
    ),
    Derivation(
        "N19", "RMSProp",
        on_both("r = αr + (1−α) g⊙g", "θ = θ − p/(ε+√r) ⊙ g"),
        hand.rmsprop, auto.rmsprop, (START, ADAPTIVE_RATES), adaptive_starts, ADAPTIVE_AT, floor=1e-3,
        remark="Each for α = 0.9, 0.99 and 0.999, in this order.",
    ),
    Derivation(
        "N20", "Adam",
        on_both("v = α₁v + (1−α₁)g (E4)", "r = α₂r + (1−α₂) g⊙g (E5)", "θ = θ − p/(ε+√r̂) ⊙ v̂ (E6)"),
        hand.adam, auto.adam, (START, ADAPTIVE_RATES), adaptive_starts, ADAPTIVE_AT, errata=(E4, E5, E6),
        floor=1e-3,
        remark="v̂ = v/(1−α₁ᵗ) and r̂ = r/(1−α₂ᵗ) correct for the start at 0; v and r themselves are kept as they are.",
    ),
    Derivation(
        "N21", "annealing: schedules of the learning rate",
        (
            "StepLR: p γ^⌊t/s⌋",
            "MultiStepLR: p γ^(milestones ≤ t)",
            "ExponentialLR: p γᵗ",
            "CosineAnnealingLR: η + ½(p−η)(1 + cos πt/T)",
            "LinearWarmup: p (t+1)/(s+1)",
            "OneCycleLR: half cosines up to p and down",
            "ReduceLROnPlateau: p γ^(reductions so far)",
        ),
        hand.annealing, auto.annealing,
        (0.1, 0.5, 2, np.array([9.0, 5, 4, 4, 4, 4, 4, 4, 3, 3, 3, 3])), epochs,
        ("p = 0.1, γ = 0.5, s = 2; the first of 12 epochs",), against="library",
        remark="s is the period, the warm-up, and the patience in turn; η = p/100.",
    ),
)  # fmt: skip
