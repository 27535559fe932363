"""I derived ∂e/∂w = x(o − y) for a logistic unit under cross entropy. Is it right, and what if I had used bits?

Expect agreement to rounding in nats (N4 of the notes), and a constant ratio of 1/ln 2 in bits (erratum E2).
Takes a moment.
"""

import numpy as np

import minigrad as mg
from minigrad import nn


def by_hand(x: np.ndarray, w: np.ndarray, b: float, y: float) -> np.ndarray:
    """Return ∂e/∂w = x(o − y), as derived on paper: plain NumPy."""
    o = 1 / (1 + np.exp(-(x @ w + b)))
    return x * (o - y)


def by_autodiff(x: np.ndarray, w: np.ndarray, b: float, y: float, base: float | None) -> np.ndarray:
    """Return the same gradient from the loss alone."""

    def e(w: mg.Tensor) -> mg.Tensor:
        return nn.functional.binary_cross_entropy(mg.sigmoid(w @ x + b), y, base=base)

    return mg.grad(e)(w).numpy()


def main() -> dict[str, float]:
    """Compare the two at a thousand random points, and return the largest difference and the ratio in bits."""
    rng = np.random.default_rng(0)
    differences, ratios = [], []
    for _ in range(1000):
        x, w, b, y = rng.normal(size=3), rng.normal(size=3), rng.normal(), float(rng.integers(2))
        hand = by_hand(x, w, b, y)
        differences.append(np.abs(by_autodiff(x, w, b, y, base=None) - hand).max())
        ratios.append(by_autodiff(x, w, b, y, base=2) / hand)
    found = {"difference in nats": max(differences), "ratio in bits": float(np.mean(ratios))}
    print(f"in nats: the largest difference is {found['difference in nats']:.1e}")
    print(f"in bits: the gradient is {found['ratio in bits']:.6f} times yours; 1 / ln 2 is {1 / np.log(2):.6f}")
    return found


if __name__ == "__main__":
    main()
