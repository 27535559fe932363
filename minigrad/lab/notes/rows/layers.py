"""Section E of the notes: batch normalisation and after, N22–N24. Read next: `../derivations.py`."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from ..by_autodiff import layers as auto
from ..by_hand import layers as hand
from ..compare import Array, Derivation


def batches(rng: np.random.Generator, n: int) -> tuple[Array, ...]:
    """A mini-batch of three nodes, new points, three feature maps of 4 by 5, γ, β and any ∂J/∂z'."""
    shape, m = np.array([[0.3], [1.0], [4.0]]), max(n // 20, 2)
    z, new = (rng.normal(size=(n, 3)) * shape.T + rng.normal(size=3) for _ in range(2))
    maps = rng.normal(size=(m, 3, 4, 5)) * shape[:, None]
    gamma, beta = rng.uniform(0.5, 2, 3), rng.normal(size=3)
    return z, gamma, beta, rng.normal(size=z.shape), new, maps, rng.normal(size=maps.shape)


def networks(rng: np.random.Generator, n: int) -> tuple[Any, ...]:
    """24 networks of one to six layers, one to eight nodes wide, of four activations, each with its share of points."""
    return ([network(rng, kind, -(-n // 24)) for kind in range(24)],)


def network(rng: np.random.Generator, kind: int, points: int) -> tuple[Any, ...]:
    """Return one of them: the activation, the weights, inputs and targets."""
    name, depth = list(hand.ACTIVATIONS)[kind % 4], 1 + kind // 4
    widths = rng.integers(1, 9, depth + 1).tolist()
    sizes = [(n_out, 1 + n_in) for n_in, n_out in pairwise(widths)]
    weights = [rng.normal(size=size) / np.sqrt(size[1]) for size in sizes]  # sums of one size, however wide
    return name, weights, rng.normal(size=(points, widths[0])), rng.normal(size=(points, widths[-1]))


def logistic_layer(rng: np.random.Generator, n: int) -> tuple[Any, ...]:
    """Points of four features, labels and weights of three outputs, λ up to 1 and a learning rate."""
    x, y = rng.normal(size=(n, 4)), rng.integers(0, 2, (n, 3)).astype(np.float64)
    return x, y, rng.normal(size=(3, 4)), rng.normal(size=3), rng.uniform(0, 1), rng.uniform(0.01, 1)


_Z = np.array([[1.0], [2.0], [6.0]])
_MAPS = (np.arange(8.0) ** 2).reshape(2, 1, 2, 2)
_G = np.array([[1.0], [0.0], [0.0]])

ROWS = (
    Derivation(
        "N22", "batch normalisation",
        (
            "μ = Σz / m",
            "σ² = Σ(z−μ)² / m",
            "z' = γẑ + β, ẑ = (z−μ)/√(σ²+ε)",
            "∂J/∂γ = Σ g ẑ, g = ∂J/∂z'",
            "∂J/∂β = Σ g",
            "∂J/∂z = ∂J/∂ẑ/√(σ²+ε) + 2(z−μ)/m ∂J/∂σ² + ∂J/∂μ/m",
            "      = γ/√(σ²+ε) (g − Σg/m − ẑ Σgẑ/m)",
            "∂J/∂b = Σ ∂J/∂z of a bias b before",
            "  = 0: b is redundant",
            "z' with γ = √(σ²+ε), β = μ",
            "  = z",
            "running μ = 0.9·0 + 0.1 μ",
            "running σ² = 0.9·1 + 0.1 σ² m/(m−1)",
            "z' in prediction, by the running values",
            "z' of feature maps, over p·q·m values",
            "∂J/∂γ of feature maps",
            "∂J/∂β of feature maps",
            "∂J/∂z of feature maps",
        ),
        hand.batch_normalisation, auto.batch_normalisation,
        (_Z, np.array([2.0]), np.array([1.0]), _G, np.array([[3.0], [4.0]]), _MAPS, (_MAPS == 49) * 1.0),
        batches, ("z = (1, 2, 6), γ = 2, β = 1, g = (1, 0, 0), ε = 10⁻⁵; a map of 0, 1, 4 … 49",), floor=0.1,
        remark="A map is one node with p·q·m values: the library's BatchNorm2d, or BatchNorm1d on a reshape "
               "(m, maps, p·q), give the same.",
    ),
    Derivation(
        "N23", "the multi-layer perceptron, J = ½‖y−o‖²",
        (
            "δᴸⱼ = τ'(osumⱼ)(yⱼ−oⱼ)",
            "δˡⱼ = τ'(osumⱼ) Σₚ δˡ⁺¹ₚ uˡ⁺¹ₚⱼ",
            "∂J/∂uˡⱼᵢ = −δˡⱼ zᵢˡ⁻¹",
        ),
        hand.perceptron, auto.perceptron,
        ([("sigmoid", [np.array([[0.0, 1.0, -1.0], [0.5, -1.0, 1.0]]), np.array([[0.2, 1.0, 2.0]])],
           np.array([[1.0, 2.0]]), np.array([[1.0]]))],),
        networks, ("2-2-1 of sigmoids, x = (1, 2), y = 1; of u the later layer first, each with its bias first",),
        floor=1e-3,
        remark="The δ are −∂J/∂osum. z_0 = 1, so u_j0 is a bias. With several points the gradients are their sum.",
    ),
    Derivation(
        "N24", "L2 regularisation J + λ‖u‖²",
        (
            "J + λ‖u‖²",
            "∂/∂u = ∂J/∂u + 2λu",
            "∂/∂b = ∂J/∂b: biases are left out",
            "u − p(∂J/∂u + 2λu)",
            "b − p ∂J/∂b",
        ),
        hand.regularised, auto.regularised,
        (np.array([[1.0, 2.0]]), np.array([[1.0]]), np.array([[0.5, -0.25]]), np.array([0.0]), 0.1, 1.0),
        logistic_layer, ("a logistic unit, x = (1, 2), y = 1, u = (0.5, −0.25), b = 0, λ = 0.1, p = 1",),
        remark="∂‖u‖²/∂u = 2u. weight_decay adds weight_decay · u to the gradient, so J + λ‖u‖² is weight_decay = 2λ. "
               "The last two lines are, by the library, SGD(decay_weights_only(layer, 2λ)) on J alone.",
    ),
)  # fmt: skip
