"""How do I add an operation of my own?
====================================

Squareplus, (x + √(x² + b)) / 2, is a smooth relu without exponentials (Barron, "Squareplus", 2021). One line of NumPy
and one rule make it an operation, to be used in networks and differentiated again and again. Expect the first and the
second derivative to agree with those on paper to rounding, and a network with it to tell two moons apart. The
controls: the same network without it is a straight line, and a rule that is wrong by a thousandth does not pass
``mg.gradcheck``. Takes 2 seconds.
"""

from pathlib import Path

import numpy as np

import minigrad as mg
from minigrad import data, nn, optim, train
from minigrad.errors import GradcheckError
from minigrad.viz.style import BLACK, BLUE, GREY, ORANGE, picture

PICTURE = Path(__file__).with_suffix(".png")
POINTS = np.array([-30.0, -2.0, 0.0, 0.5, 4.0])  # where the rule is checked

# %%
# Positional parameters are arrays, keyword-only ones are options. The rule takes the cotangent g of the result to that
# of x, and its parameter names say what it needs kept. It is NumPy mathematics again, so it can be recorded as well:
# the second derivative needs no second rule.


@mg.primitive
def squareplus(x, *, b=0.25):
    """Return (x + √(x² + b)) / 2."""
    return (x + np.sqrt(x * x + b)) / 2


squareplus.defvjp(x=lambda g, x, b: g * (1 + x / np.sqrt(x * x + b)) / 2)

# %%
# The control: the same operation with a rule that is off by a thousandth.


@mg.primitive
def hasty(x, *, b=0.25):
    """Return (x + √(x² + b)) / 2."""
    return (x + np.sqrt(x * x + b)) / 2


hasty.defvjp(x=lambda g, x, b: 1.001 * g * (1 + x / np.sqrt(x * x + b)) / 2)


def passes(operation) -> bool:
    """Tell whether first and second derivatives agree with differences."""
    try:
        return mg.gradcheck(operation, mg.tensor(POINTS, requires_grad=True), order=2)
    except GradcheckError as error:
        print(error)
        return False


def by_minigrad(x: np.ndarray, b: float) -> list[np.ndarray]:
    """Return f, f′ and f″ at every x (N,), the derivatives by the rule alone."""
    first = mg.grad(lambda x: squareplus(x, b=b).sum())
    second = mg.grad(lambda x: first(x).sum())
    return [squareplus(x, b=b), first(x).numpy(), second(x).numpy()]


def on_paper(x: np.ndarray, b: float) -> list[np.ndarray]:
    """Return f, f′ and f″ as derived by hand, with s = √(x² + b): (x + s)/2, (x + s)/2s, b/2s³."""
    s = np.sqrt(x**2 + b)
    return [(x + s) / 2, (x + s) / (2 * s), b / (2 * s**3)]


def accuracy(activation) -> float:
    """Train a network 2 → 24 → 2 with this activation to tell two moons apart; return its accuracy on new points."""
    mg.manual_seed(0)
    moons = data.make_moons(600, noise=0.15, seed=0)
    x, x_test, y, y_test = data.train_test_split(moons.x, moons.y, seed=0)
    scaler = data.StandardScaler()
    x, x_test = scaler.fit_transform(x), scaler.transform(x_test)
    model = nn.Sequential(nn.Linear(2, 24), activation, nn.Linear(24, 2))
    optimizer = optim.Adam(model.parameters(), lr=0.03)
    train.fit(model, nn.functional.cross_entropy, optimizer, (x, y), epochs=30, batch_size=32, seed=0)
    return train.accuracy(model, x_test, y_test)


def draw(file: Path) -> None:
    """Draw f, f′ and f″ by minigrad for two b, beside relu; dots are the derivatives on paper."""
    x = np.linspace(-4, 4, 321)
    with picture(file, 15, 5.2) as figure:
        title = "One rule gives the first and the second derivative; dots: derived by hand"
        figure.suptitle(title, x=0.01, ha="left", fontsize=17)
        axes = figure.subplots(1, 3)
        for b, color in ((4.0, ORANGE), (0.25, BLUE)):
            for ax, line, dots in zip(axes, by_minigrad(x, b), on_paper(x[::20], b), strict=True):
                ax.plot(x, line, color=color, label=f"squareplus, b = {b:g}")
                ax.plot(x[::20], dots, "o", color=BLACK, markersize=4)
        axes[0].plot(x, np.maximum(x, 0), "--", color=GREY, label="relu")
        axes[0].legend(labelcolor="linecolor")
        for ax, name in zip(axes, ("f(x)", "f′(x)", "f″(x)"), strict=True):
            ax.set(xlabel="x", ylabel=name, xlim=(-4, 4))


def main(picture: Path | None = PICTURE) -> dict[str, float]:
    """Return the differences from the derivatives on paper, the verdicts of the check, and the accuracies."""
    x = np.linspace(-4, 4, 321)
    _, first, second = (
        float(np.abs(a - b).max()) for a, b in zip(by_minigrad(x, 0.25), on_paper(x, 0.25), strict=True)
    )
    numbers = {
        "f′, difference from paper": first,
        "f″, difference from paper": second,
        "passes the check": float(passes(squareplus)),
        "off by a thousandth, passes": float(passes(hasty)),
        "accuracy with it": accuracy(squareplus),
        "accuracy without": accuracy(lambda x: x),
    }
    for name, value in numbers.items():
        print(f"{name:28} {value:.3g}")
    if picture:
        draw(picture)
    return numbers


if __name__ == "__main__":
    main()
