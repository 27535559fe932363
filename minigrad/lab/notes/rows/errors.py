"""Section A of the notes: error functions and their gradients, N1–N7. Read next: `preparing.py`."""

from __future__ import annotations

import numpy as np

from ..by_autodiff import errors as auto
from ..by_hand import errors as hand
from ..compare import Array, Derivation
from ..errata import E1, E2, E3


def unit(rng: np.random.Generator, n: int) -> tuple[Array, ...]:
    """x, y, w, b of a logistic unit with |wx + b| ≤ 6: beyond, 1 − o has too few digits left to compare."""
    x, w, b = rng.uniform(-2, 2, (3, n))
    return x, rng.integers(0, 2, n).astype(np.float64), w, b


def label_and_output(rng: np.random.Generator, n: int) -> tuple[Array, ...]:
    """A label y and an output o from 0.001 to 0.999."""
    return rng.integers(0, 2, n).astype(np.float64), rng.uniform(0.001, 0.999, n)


def two_distributions(rng: np.random.Generator, n: int) -> tuple[Array, ...]:
    """Two distributions with P(1) from 0 to 1 and Q(1) from 0.001 to 0.999."""
    return rng.uniform(0, 1, n), rng.uniform(0.001, 0.999, n)


def labels_and_logits(rng: np.random.Generator, n: int) -> tuple[Array, ...]:
    """Four labels y and logits z from −6 to 6."""
    return rng.integers(0, 2, (n, 4)).astype(np.float64), rng.uniform(-6, 6, (n, 4))


def logits_and_label(rng: np.random.Generator, n: int) -> tuple[Array, ...]:
    """Five logits z from −4 to 4 and a label."""
    return rng.uniform(-4, 4, (n, 5)), rng.integers(0, 5, n)


def outputs_and_label(rng: np.random.Generator, n: int) -> tuple[Array, ...]:
    """Five outputs o that sum to 1, and a label."""
    return rng.dirichlet(np.full(5, 2.0), n), rng.integers(0, 5, n)


# The notes work out no point for N1 and N4. This one is the point of their argument: o = σ(ln 49) = 0.98 where the
# label is 0, and the gradient of the squared error is 51 times smaller than that of the cross entropy.
SATURATED = (np.array([2.0]), np.array([0.0]), np.array([1.0]), np.array([np.log(49) - 2]))
AT_SATURATED = ("x = 2, y = 0, o = 0.98",)

ROWS = (
    Derivation(
        "N1", "e = ½(y−o)² of a logistic unit",
        ("∂e/∂w = −(y−o) x σ'(z)", "∂e/∂b = −(y−o) σ'(z)"),
        hand.half_squared_error, auto.half_squared_error, SATURATED, unit, AT_SATURATED,
        remark="The notes do not write e; their gradients are those of half the squared error. σ'(z) = o(1−o) is at "
               "most ¼, and almost 0 where the unit is saturated, right or wrong.",
    ),
    Derivation(
        "N2", "cross entropy of label and output in bits",
        ("H(P,Q) = −Σ P(y) log₂ Q(y)", "∂H/∂o = −(y/o − (1−y)/(1−o)) / ln 2"),
        hand.entropy_of_two, auto.entropy_of_two,
        (np.array([1.0]), np.array([0.98])), two_distributions, ("y = 1, o = 0.98",), (0.0291,),
    ),
    Derivation(
        "N3", "the same in one line",
        ("e = −(y log₂ o + (1−y) log₂(1−o))",),
        hand.cross_entropy, auto.cross_entropy,
        (np.array([1.0, 1.0, 1.0]), np.array([0.98, 0.0001, 0.001])), label_and_output,
        ("y = 1, o = 0.98", "y = 1, o = 0.0001", "y = 1, o = 0.001 (E1)"), (0.0291, 13.2877, 9.9658), (E1,),
        against="library",
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
        hand.cross_entropy_chain, auto.cross_entropy_chain, SATURATED, unit, AT_SATURATED, errata=(E2,),
        remark="The σ' of N1 has cancelled: that is why cross entropy learns where the squared error crawls. By hand "
               "∂o/∂w, σ'(z) and o(1−o) are computed each in its own way, so that equal lines show something.",
    ),
    Derivation(
        "N5", "cross entropy of c outputs in bits",
        ("E = −Σᵢ (yᵢ log₂ oᵢ + (1−yᵢ) log₂(1−oᵢ))", "∂E/∂z = (o−y) / ln 2"),
        hand.cross_entropy_of_outputs, auto.cross_entropy_of_outputs,
        (np.array([[1.0, 0.0, 1.0]]), np.log([[49, 1 / 49, 1 / 9999]])), labels_and_logits,
        ("y = (1,0,1), o = (0.98, 0.02, 0.0001)",),
        remark="Independent sigmoid outputs, summed: not the cross entropy of a softmax.",
    ),
    Derivation(
        "N6", "log likelihood in bits",
        ("E = −log₂ o_y (E3)", "∂E/∂o = −onehot(y) / (o_y ln 2)"),
        hand.log_likelihood, auto.log_likelihood,
        (np.array([[0.1132, 0.0508, 0.8360], [0.1132, 0.0508, 0.8360]]), np.array([1, 2])), outputs_and_label,
        ("label 2, o₂ = 0.0508", "label 3, o₃ = 0.8360"), (4.2990, 0.2584), (E3,),
        remark="The labels of the notes count from 1, those of the code from 0.",
    ),
    Derivation(
        "N7", "softmax, and N6 of it in nats",
        ("o = exp z / Σⱼ exp zⱼ", "Σᵢ oᵢ = 1", "∂o/∂z = diag(o) − o oᵀ", "∂E/∂z = o − onehot(y)"),
        hand.softmax, auto.softmax,
        # the logits behind the outputs 0.0508 and 0.8360 of N6
        (np.array([[2.0, 1.2, 4.0]]), np.array([1])), logits_and_label, ("z = (2, 1.2, 4), label 2",),
    ),
)  # fmt: skip
