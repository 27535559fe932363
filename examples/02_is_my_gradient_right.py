"""Is the gradient that I derived right?
=====================================

For a logistic unit under cross entropy the chain rule on paper ends in ∂e/∂w = x(o−y). Expect autodiff to agree to
rounding in nats (N4 of the notes), and to be 1/ln 2 times larger in bits (erratum E2). The control is a slip that is
easily made, a σ' that has not cancelled, x(o−y) o(1−o): it differs at once. Takes two seconds.
"""

from pathlib import Path

import numpy as np

import minigrad as mg
from minigrad import nn
from minigrad.viz.style import BLACK, BLUE, GREY, VERMILION, picture

PICTURE = Path(__file__).with_suffix(".png")


def by_hand(x, w, b: float, y: float) -> np.ndarray:
    """Return ∂e/∂w = x(o−y), as derived on paper: plain NumPy."""
    o = 1 / (1 + np.exp(-(x @ w + b)))
    return x * (o - y)


def with_a_slip(x, w, b: float, y: float) -> np.ndarray:
    """Return x(o−y) o(1−o), which is right for the squared error (N1)."""
    o = 1 / (1 + np.exp(-(x @ w + b)))
    return x * (o - y) * o * (1 - o)


def by_autodiff(x, w, b: float, y: float, base: float | None = None) -> np.ndarray:
    """Return the gradient from the loss alone, in nats or in another base."""

    def e(w: mg.Tensor) -> mg.Tensor:
        return nn.functional.binary_cross_entropy(mg.sigmoid(w @ x + b), y, base=base)

    return mg.grad(e)(w).numpy()


def draw(hand, slip, nats, bits, path: Path) -> None:
    """Draw what autodiff says against what was derived, each component of each gradient a point."""
    with picture(path, 8.5, 7) as figure:
        figure.suptitle("Right in nats, a factor short in bits; a slip shows", x=0.01, ha="left", fontsize=17)
        ax = figure.subplots()
        ax.axline((0, 0), slope=1, color=GREY, linewidth=1.6, label="equal")
        for derived, found, marker, color, label in [
            (hand, nats, "o", BLUE, "x(o−y), in nats"),
            (hand, bits, "s", BLACK, "x(o−y), in bits"),
            (slip, nats, "^", VERMILION, "x(o−y) o(1−o), in nats: a slip"),
        ]:
            ax.plot(derived.ravel(), found.ravel(), marker, color=color, markersize=4, label=label)
        ax.set(xlabel="∂e/∂w by hand", ylabel="∂e/∂w by autodiff, in nats or bits")
        ax.legend(labelcolor="linecolor", loc="upper left", markerscale=2)


def main(picture: Path | None = PICTURE) -> dict[str, float]:
    """Compare them at a thousand random points: return the largest differences, and the ratio in bits."""
    rng = np.random.default_rng(0)
    where = [(rng.normal(size=3), rng.normal(size=3), rng.normal(), float(rng.integers(2))) for _ in range(1000)]
    hand, slip, nats = (np.array([f(*point) for point in where]) for f in (by_hand, with_a_slip, by_autodiff))
    bits = np.array([by_autodiff(*point, base=2) for point in where])
    numbers = {
        "difference in nats": float(np.abs(nats - hand).max()),
        "ratio in bits, at least": float((bits / hand).min()),
        "ratio in bits, at most": float((bits / hand).max()),
        "difference with the slip": float(np.abs(nats - slip).max()),
    }
    print(f"in nats: the largest difference is {numbers['difference in nats']:.1e}")
    low, high = numbers["ratio in bits, at least"], numbers["ratio in bits, at most"]
    print(f"in bits: the gradient is {low:.6f} to {high:.6f} times yours; 1 / ln 2 is {1 / np.log(2):.6f}")
    print(f"with a slip: the largest difference is {numbers['difference with the slip']:.2f}")
    if picture:
        draw(hand, slip, nats, bits, picture)
    return numbers


if __name__ == "__main__":
    main()
