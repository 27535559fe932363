"""Section C of the notes: initial weights, N11–N15. Read next: `optimizers.py`."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..by_autodiff import weights as auto
from ..by_hand import weights as hand
from ..compare import Array, Derivation

XOR = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])


def equal_nodes(x: Array, y: Array, u: Array, w: float) -> tuple[Any, ...]:
    """Return the points with a network of two equal hidden nodes."""
    return x, y, np.array([u, u]), np.zeros(2), np.array([w, w]), np.array(0.2), 0.1


def points_and_nodes(rng: np.random.Generator, n: int) -> tuple[Any, ...]:
    """Points x with targets y, one for each step, and the weights of two equal hidden nodes."""
    x = rng.normal(size=(n, 2))
    return equal_nodes(x, np.sin(x[:, 0] - x[:, 1]), rng.normal(size=2), rng.normal())


def batch_and_draws(rng: np.random.Generator, n: int) -> tuple[Array, ...]:
    """Points of 20 features with targets, and the draws for six layers of 20 nodes."""
    return rng.normal(size=(n, 20)), rng.uniform(-1, 1, (n, 20)), rng.normal(size=(6, 20, 20))


def seed_and_fans(rng: np.random.Generator, n: int) -> tuple[int, ...]:
    """A seed and n_in, n_out with as many weights as points, or a few more."""
    n_in = int(rng.integers(10, 50))
    return int(rng.integers(2**31)), n_in, -(-n // n_in)


def seed_and_batch(rng: np.random.Generator, n: int) -> tuple[Any, ...]:
    """A seed, points of 8 features of standard deviation 3, and layers of 6, 12 and 5 nodes."""
    return int(rng.integers(2**31)), 3 * rng.normal(size=(n, 8)), (8, 6, 12, 5)


_DEEP = tuple([
    f"{what}, {which}"
    for which in ("std of u 0.01", "std of u 1", "Glorot's")
    for what in ("std of zˡ", "std of ∂J/∂uˡ", "mean of 1−(zˡ)²")
])  # fmt: skip

ROWS = (
    Derivation(
        "N11", "two equal hidden nodes stay one",
        ("o at each step of SGD", "the weights of both nodes in the end", "their difference", "  = 0, to the last bit"),
        hand.symmetric, auto.symmetric,
        equal_nodes(np.tile(XOR, (250, 1)), np.tile([0.0, 1.0, 1.0, 0.0], 250), np.array([0.5, -0.3]), 0.7),
        points_and_nodes, ("XOR, its four points 250 times: 1,000 steps",),
        remark="Equal weights get equal outputs, so equal gradients, so equal weights. The differences are exactly 0 "
               "on both sides: no rounding parts the nodes either.",
    ),
    Derivation(
        "N12", "weights too near 0, and too large",
        _DEEP, hand.deep_tanh, auto.deep_tanh,
        batch_and_draws(np.random.default_rng(12), 100), batch_and_draws,
        ("six tanh layers of 20 nodes, 100 points; numbers are layers 1, 2, 3 …",),
        remark="With u of standard deviation 0.01 activations fade from layer to layer, and every gradient with them. "
               "With 1 most nodes are saturated: z is near ±1 and τ' = 1 − z² near 0. Glorot's keeps both in between.",
    ),
    Derivation(
        "N13", "Glorot & Bengio's uniform weights",
        ("r = √6 / √(n_in + n_out)", "u uniform on [−r, r]", "the largest |u| / r", "variance of u / (r²/3)"),
        hand.glorot, auto.glorot, (13, 30, 20), seed_and_fans, ("n_in = 30, n_out = 20",), against="library",
        remark="Both sides draw from generators of one seed. r²/3 = 2/(n_in + n_out) is the variance of the uniform "
               "distribution; that of a finite draw is near it.",
    ),
    Derivation(
        "N14", "AlexNet's Gaussian weights",
        ("u from N(0, 0.01²)", "mean of u", "standard deviation of u / 0.01"),
        hand.gaussian, auto.gaussian, (14, 30, 20), seed_and_fans, ("n_in = 30, n_out = 20",), against="library",
        remark="0.01 is the standard deviation, not the variance.",
    ),
    Derivation(
        "N15", "LSUV: outputs of variance 1 (Mishkin & Matas)",
        ("u uᵀ of the start, or uᵀu", "  = I", "u in the end", "variance of each layer's output", "  = 1"),
        hand.lsuv, auto.lsuv, seed_and_batch(np.random.default_rng(15), 100), seed_and_batch,
        ("layers of 8, 6, 12, 5 nodes, 100 points",), against="library", floor=1e-3,
        remark="Orthonormal start, then each layer is divided by the standard deviation of its output on a batch.",
    ),
)  # fmt: skip
