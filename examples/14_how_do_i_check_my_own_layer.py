"""How do I check the gradient of a layer of my own?
=================================================

A layer divides each example by the root of its mean square (Zhang & Sennrich, "Root mean square layer normalization",
2019). The derivative on paper forgot that the divisor depends on x as well. ``mg.gradcheck`` compares rules with
differences, and finds it; the control, the whole rule, passes in first and second order. A network with the mistake
in it learns all the same, so that its accuracy gives nothing away. The picture shows why the check uses float64:
(f(x+h) − f(x−h))/2h errs by h² where h is large, and by rounding, ε/h, where it is small. Takes 2 seconds.
"""

import inspect
from pathlib import Path

import numpy as np

import minigrad as mg
from minigrad import data, nn, optim, train
from minigrad.errors import GradcheckError
from minigrad.viz.style import BLACK, BLUE, GREEN, ORANGE, VERMILION, picture

PICTURE = Path(__file__).with_suffix(".png")
H = 10.0 ** np.arange(-12, 0.01, 0.25)
GRADCHECK_H = inspect.signature(mg.gradcheck).parameters["eps"].default


def size(x):
    """Return r = √(mean x²) of each row, (N, 1)."""
    return np.sqrt((x * x).mean(axis=-1, keepdims=True))


# %%
# Two rules for o = x/r, from the cotangent g of o to that of x. The first treats r as a constant. The second adds what
# x does through r: ∂rᵢ/∂xᵢⱼ = xᵢⱼ/(D rᵢ), so g/r − x·mean(g⊙x)/r³ = (g − o·mean(g⊙o))/r.


def forgetful(g, x):
    """Return g/r."""
    return g / size(x)


def whole(g, out, x):
    """Return (g − o·mean(g⊙o))/r."""
    return (g - out * (g * out).mean(axis=-1, keepdims=True)) / size(x)


class RMSNorm(nn.Module):
    """Each example over the root of its mean square, times a gain to be learned: (N, D) → (N, D)."""

    def __init__(self, features: int, rule) -> None:
        @mg.primitive
        def normalise(x):
            return x / size(x)

        normalise.defvjp(x=rule)
        self.normalise = normalise
        self.gain = nn.Parameter(np.linspace(0.5, 1.5, features))

    def forward(self, x):
        return self.normalise(x) * self.gain


def verdict(rule) -> str:
    """Return what gradcheck says of the layer with this rule, in first and second order."""
    x = mg.tensor(np.random.default_rng(1).normal(size=(4, 6)), requires_grad=True)
    try:
        mg.gradcheck(RMSNorm(6, rule), x, order=2)
    except GradcheckError as error:
        return str(error)
    return "passes"


def accuracy(rule) -> float:
    """Train a network with the layer in it to tell two moons apart; return its accuracy on new points."""
    mg.manual_seed(0)
    moons = data.make_moons(600, noise=0.15, seed=0)
    x, x_test, y, y_test = data.train_test_split(moons.x, moons.y, seed=0)
    model = nn.Sequential(nn.Linear(2, 24), RMSNorm(24, rule), nn.Tanh(), nn.Linear(24, 2)).to(dtype="float32")
    optimizer = optim.Adam(model.parameters(), lr=0.02)
    train.fit(model, nn.functional.cross_entropy, optimizer, (x, y), epochs=20, batch_size=32, seed=0)
    return train.accuracy(model, x_test, y_test)


# %%
# The check by hand: the sum f(x) of the layer's outputs for one example, differentiated in 200 directions by
# differences, against the rule.

DRAW = np.random.default_rng(0)
POINT, DIRECTIONS = DRAW.normal(size=6), DRAW.normal(size=(200, 6))


def slopes(rule) -> np.ndarray:
    """Return the derivative of f in every direction, (200,), as the rule has it."""
    layer = RMSNorm(6, rule)
    return DIRECTIONS @ mg.grad(lambda x: layer(x).sum())(POINT).numpy()


def errors(rule, dtype: str, one_sided: bool = False) -> np.ndarray:
    """Return, for every h, the root mean square of difference − rule, as a share of that of the derivative."""
    layer = RMSNorm(6, rule).to(dtype=dtype)

    def f(h: float) -> np.ndarray:
        return layer((POINT + h * DIRECTIONS).astype(dtype)).numpy().sum(axis=-1)

    found = [(f(h) - f(0.0)) / h if one_sided else (f(h) - f(-h)) / (2 * h) for h in H]
    return np.sqrt(np.mean((found - slopes(rule)) ** 2, axis=1) / np.mean(slopes(whole) ** 2))


CURVES = {
    "the forgetful rule, float64": ((forgetful, "float64"), VERMILION),
    "central differences, float32": ((whole, "float32"), GREEN),
    "one-sided differences, float64": ((whole, "float64", True), ORANGE),
    "central differences, float64": ((whole, "float64"), BLUE),
}


def draw(curves: dict[str, np.ndarray], file: Path) -> None:
    """Draw the error against h."""
    with picture(file, 11, 7) as figure:
        ax = figure.subplots()
        for name, values in curves.items():
            ax.loglog(H, values, color=CURVES[name][1], label=name)
        ax.axvline(GRADCHECK_H, color=BLACK, linewidth=1, linestyle=":")
        ax.text(GRADCHECK_H, 2e-12, " gradcheck's h", va="bottom")
        ax.set(xlabel="step h", ylabel="difference − rule, as a share of the derivative", ylim=(1e-12, 30))
        ax.set(xlim=(H[0], 1), title="A mistake stays, however small h is; the right rule makes a V")
        ax.legend(labelcolor="linecolor", loc="lower left")


def main(picture: Path | None = PICTURE) -> dict[str, float]:
    """Return what gradcheck and training make of both rules, and the least error of every kind of difference."""
    numbers = {}
    for rule in (forgetful, whole):
        said, share = verdict(rule), accuracy(rule)
        numbers[f"{rule.__name__} rule passes"] = float(said == "passes")
        numbers[f"{rule.__name__} rule, accuracy"] = share
        print(f"the {rule.__name__} rule: {said}\na network with it: {share:.1%} of new points right\n")

    curves = {name: errors(*how) for name, (how, _) in CURVES.items()}
    for name, values in curves.items():
        numbers[f"{name}: least"], numbers[f"{name}: at h"] = float(values.min()), float(H[values.argmin()])
        print(f"{name:31} err by {values.min():.0e} at best, at h = {H[values.argmin()]:.0e}")
    if picture:
        draw(curves, picture)
    return numbers


if __name__ == "__main__":
    main()
