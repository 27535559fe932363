"""Why momentum, and why look ahead?
=================================

In a narrow valley, x² + 10y², a step that is right along it is too long across it: plain descent overshoots the
floor again and again. Momentum (N16) sums gradients that keep their sign and cancels those that change it; Nesterov's
(N17) sees the far wall before it gets there. Expect needless travel of 8, 2 and ¼ times the start's distance: claim
F6 of the notes. It holds **at equal speed**: since v ← αv − p g grows to −p g/(1−α), momentum is given the rate
(1−α)p. The controls: a round bowl, where plain descent overshoots nothing and momentum a little, and Nesterov at
plain descent's own rate, which flies out of the valley. Takes 2 seconds.
"""

from pathlib import Path

import numpy as np

import minigrad as mg
from minigrad import optim
from minigrad.viz.paths import contours, path
from minigrad.viz.style import BLACK, BLUE, GREEN, VERMILION, picture

PICTURE = Path(__file__).with_suffix(".png")
START = (-9.0, 2.0)
RATE, ALPHA = 0.09, 0.7
EQUAL = (1 - ALPHA) * RATE  # the rate at which momentum is as fast, in the long run

METHODS = {
    "plain descent": (optim.SGD, {"lr": RATE}),
    "momentum": (optim.Momentum, {"lr": EQUAL, "momentum": ALPHA}),
    "Nesterov": (optim.Nesterov, {"lr": EQUAL, "momentum": ALPHA}),
}
LOOKS = {
    "plain descent": {"color": VERMILION, "marker": "."},
    "momentum": {"color": BLUE, "marker": "s", "markersize": 4},
    "Nesterov": {"color": GREEN, "marker": "^", "markersize": 5},
}


def valley(x, y):
    """Return x² + 10y²: ten times as steep across as along."""
    return x**2 + 10 * y**2


def bowl(x, y):
    """Return x² + y², equally steep all around."""
    return x**2 + y**2


def descend(objective, method, options: dict[str, float], start, steps: int = 60) -> np.ndarray:
    """Return the parameters before the first step and after each, (steps + 1, *start.shape)."""
    theta = mg.tensor(np.asarray(start), requires_grad=True)
    optimizer = method([theta], **options)
    seen = [theta.numpy().copy()]

    def loss():
        optimizer.zero_grad()
        j = objective(theta[0], theta[1]).sum()
        j.backward()
        return j

    for _ in range(steps):
        optimizer.step(loss)  # given a closure, Nesterov takes the gradient at θ + αv, as N17 says
        seen.append(theta.numpy().copy())
    return np.array(seen)


def overshoot(y: np.ndarray) -> np.ndarray:
    """Return how much further than straight to 0 a coordinate (T + 1, …) travelled, in distances of its start."""
    way = np.abs(np.diff(y, axis=0)).sum(axis=0) / np.abs(y[0])
    return np.maximum(way - 1, 0.0)  # rounding alone can make it negative


# %%
# Coordinates of a quadratic do not meet. So one run down J = ½ Σ c y², with a row of curvatures c, is a run for each
# of them. A plain step overshoots where p·c > 1, and no longer converges from p·c = 2 on.

STEEPNESS = np.linspace(0.05, 1.95, 39)  # p·c


def overshoot_by_steepness(method, options: dict[str, float]) -> np.ndarray:
    """Return the overshoot at each p·c of STEEPNESS."""
    start = np.ones((2, len(STEEPNESS)))
    return overshoot(descend(lambda _, y: STEEPNESS / RATE / 2 * y**2, method, options, start, steps=300)[:, 1])


def draw(paths: dict[str, np.ndarray], by_steepness: dict[str, np.ndarray], file: Path) -> None:
    """Draw the paths, the coordinate across the valley against the step, and the overshoot against steepness."""
    with picture(file, 12, 10.5) as figure:
        figure.suptitle("At equal speed, momentum overshoots less than plain descent, Nesterov less than momentum",
                        x=0.01, ha="left", fontsize=17)  # fmt: skip
        plane, across, sweep = figure.subplot_mosaic([["plane", "plane"], ["across", "sweep"]]).values()
        contours(plane, valley, (-10, 2), (-2.5, 2.5))
        for name, points in paths.items():
            path(plane, points, **LOOKS[name])
            across.plot(points[:25, 1], label=name, **LOOKS[name])
            sweep.semilogy(STEEPNESS, by_steepness[name], color=LOOKS[name]["color"])
        plane.set(xlabel="along the valley, x", ylabel="across it, y", aspect="equal", title="The way down x² + 10y²")
        across.set(xlabel="step", ylabel="across the valley, y", xlim=(0, 24), title="Back and forth")
        across.legend(labelcolor="linecolor", loc="lower right")
        sweep.set(xlabel="rate × curvature, p·c", ylabel="needless travel, in start distances", title="How much, where")
        sweep.set(xlim=(0, 2), ylim=(1e-2, 1e2))
        sweep.axvline(20 * RATE, color=BLACK, linewidth=1, linestyle=":")
        sweep.text(20 * RATE - 0.02, 0.012, "this valley", rotation=90, ha="right", va="bottom")


def main(picture: Path | None = PICTURE) -> dict[str, float]:
    """Return each method's overshoot across the valley and in the round bowl, and where momentum begins to pay."""
    numbers, paths = {}, {}
    print("               needless travel, in start distances   steps until 1 % of the way")
    print("               narrow valley            round bowl   along the valley is left")
    for name, how in METHODS.items():
        paths[name] = descend(valley, *how, START)
        numbers[name] = float(overshoot(paths[name])[1])
        numbers[f"{name}, round bowl"] = float(overshoot(descend(bowl, *how, START))[1])
        numbers[f"{name}, steps"] = float((np.abs(paths[name][:, 0]) > 0.01 * abs(START[0])).nonzero()[0][-1] + 1)
        narrow, around, steps = (numbers[name + rest] for rest in ("", ", round bowl", ", steps"))
        print(f"{name:14} {narrow:13.2f} {around:21.2f} {steps:9.0f}")
    same = descend(valley, optim.Nesterov, {"lr": RATE, "momentum": ALPHA}, START, steps=20)
    numbers["Nesterov, plain rate"] = float(overshoot(same)[1])
    print(f"Nesterov at plain descent's rate: {numbers['Nesterov, plain rate']:.0f} after 20 steps, and growing")

    by_steepness = {name: overshoot_by_steepness(*how) for name, how in METHODS.items()}
    pays = STEEPNESS[by_steepness["momentum"] < by_steepness["plain descent"]].min()
    numbers["momentum pays from"] = float(pays)
    print(f"momentum overshoots less than plain descent from p·c = {pays:.2f} on")
    if picture:
        draw(paths, by_steepness, picture)
    return numbers


if __name__ == "__main__":
    main()
