"""What is the formula?
====================

A check of a gradient says whether it is right; it does not say what it is. ``lab.derive`` runs your code on symbols,
and the rules that backward uses write the derivative as one writes it on paper: for a logistic unit under cross entropy
x·(o − y), in bits over ln 2; for a layer and N examples (O − onehot y)ᵀ·X/N. The control is squared error, in whose
formula the slope o·(1 − o) of the sigmoid stays, which is next to nothing where the unit is wrong and sure of it. Every
formula is evaluated with numbers and held against backward. Takes 3 seconds.
"""

from pathlib import Path

import numpy as np

import minigrad as mg
from minigrad import lab, nn
from minigrad.viz.style import BLACK, BLUE, GREY, picture

PICTURE = Path(__file__).with_suffix(".png")
F = nn.functional

# %%
# One unit. A name marks a result that stays a letter in the formulas, and is a step of the chain rule.

LOSSES = {
    "cross entropy": lambda o, y: F.binary_cross_entropy(o, y),
    "cross entropy in bits": lambda o, y: F.binary_cross_entropy(o, y, base=2),
    "squared error": lambda o, y: F.mse_loss(o, y, half=True),
}
WRONG_AND_SURE = {"w": 2.0, "x": 2.0, "b": -0.1, "y": 0.0}


def unit(w, x, b):
    """Return o = σ(z) of z = wx + b, both named."""
    return mg.sigmoid((w * x + b).named("z")).named("o")


def formula(loss):
    """Return the derivation of ∂e/∂w on symbols."""
    w, x, b, y = lab.symbols("w x b y")
    return lab.derive(loss(unit(w, x, b), y), w)


def both_ways(name: str) -> tuple[float, float]:
    """Return ∂e/∂w at one point, from the formula and from backward."""
    w, x, b, y = [mg.tensor(v, dtype="float64", requires_grad=True) for v in WRONG_AND_SURE.values()]
    o = unit(w, x, b)
    LOSSES[name](o, y).backward()
    return float(formula(LOSSES[name]).result.subs({**WRONG_AND_SURE, "o": o.item()})), w.grad.item()


# %%
# A layer and N examples. The lengths of the axes are letters too; ``y:N<K`` are N labels below K.


def layer(X, W, b):
    """Return the logits Z = X·Wᵀ + b and their softmax O, both named."""
    Z = F.linear(X, W, b).named("Z")
    return Z, mg.softmax(Z).named("O")


def in_matrices():
    """Return the derivation of ∂e/∂W for the cross entropy of a softmax."""
    X, W, b, y = lab.symbols("X:N×D W:K×D b:K y:N<K")
    Z, _O = layer(X, W, b)
    return lab.derive(F.cross_entropy(Z, y), W)


def through_batch_normalisation():
    """Return the derivation of ∂e/∂z for the normalised z of N examples, whose cotangent is g."""
    z, g = lab.symbols("z:N g:N")
    return lab.derive((g * mg.ops.nn.standardize(z, axis=0).named("n")).sum(), z)


def distance_of_matrices() -> float:
    """Return how far the last line of `in_matrices`, written in NumPy, is from backward."""
    draw = np.random.default_rng(0)
    X, W, b, y = draw.normal(size=(8, 3)), draw.normal(size=(4, 3)), draw.normal(size=4), draw.integers(0, 4, 8)
    O = layer(mg.tensor(X), W, b)[1].numpy()  # noqa: E741
    by_formula = (O - np.eye(4)[y]).T @ X / 8
    by_backward = mg.grad(lambda W: F.cross_entropy(layer(X, W, b)[0], y))(W).numpy()
    return float(np.abs(by_formula - by_backward).max())


def draw(derivations: dict, file: Path) -> None:
    """Write the derivations as a notebook shows them, two beside each other."""
    with picture(file, 13, 8.6) as figure:
        for place, (title, derivation) in enumerate(derivations.items()):
            left, top = 0.03 + 0.46 * (place % 2), 0.97 - 0.49 * (place // 2)
            figure.text(left, top, title, fontsize=16, color=BLACK, va="top")
            chain, means = len(derivation.equations()) - len(derivation.means), len(derivation.equations())
            for line, equation in enumerate(derivation.equations()):
                color = BLUE if line == chain - 1 else BLACK if line < chain else GREY
                height = top - 0.075 - 0.41 * line / max(means, 5)
                figure.text(left + 0.01, height, f"${equation}$", fontsize=17, color=color, va="top")


def main(picture: Path | None = PICTURE) -> dict[str, float]:
    """Return every derivative from its formula and from backward, and how they differ."""
    numbers = {}
    for name in LOSSES:
        ours, theirs = both_ways(name)
        numbers[f"{name}: gradient"], numbers[f"{name}: formula − backward"] = theirs, abs(ours - theirs)
        print(f"{name}, {theirs:.4f} where the unit is wrong and sure:\n{formula(LOSSES[name])}\n")
    numbers["matrices: formula − backward"] = distance_of_matrices()
    print(f"softmax of a layer, off backward by {numbers['matrices: formula − backward']:.0e}:\n{in_matrices()}")
    if picture:
        derivations = {
            "A logistic unit, cross entropy in bits": formula(LOSSES["cross entropy in bits"]),
            "The same unit, squared error": formula(LOSSES["squared error"]),
            "A layer, N examples, cross entropy of softmax": in_matrices(),
            "Through batch normalisation": through_batch_normalisation(),
        }
        draw(derivations, picture)
    return numbers


if __name__ == "__main__":
    main()
