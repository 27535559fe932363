"""Why does AdaGrad stop, and what do RMSProp and Adam do about it?
================================================================

AdaGrad divides its step by √r, where r = Σ g⊙g of all gradients so far (N18). On a long even slope g stays the same, r
grows like t, and the step dies like 1/√t before the minimum is near. RMSProp lets r forget (N19), and its step stays.
Adam (N20) is RMSProp with momentum: with α₁ = 0 it takes the very steps of a bias-corrected RMSProp, to rounding.
Expect AdaGrad to stall with almost three quarters of the way left. The control starts in the minimum, with noisy
gradients: there AdaGrad is the right one, as its dying step settles while the others stagger on. Claim F7 of the
notes. Takes 2 seconds.
"""

from pathlib import Path

import numpy as np

import minigrad as mg
from minigrad import optim
from minigrad.viz.paths import contours, path
from minigrad.viz.style import BLACK, BLUE, GREEN, VERMILION, picture

PICTURE = Path(__file__).with_suffix(".png")
START = (-20.0, 3.0)
RATE, ALPHA, EPS = 0.2, 0.9, 1e-8
STEPS = 200

METHODS = {
    "AdaGrad": lambda theta: optim.Adagrad([theta], lr=RATE),
    "RMSProp": lambda theta: optim.RMSprop([theta], lr=RATE, alpha=ALPHA, eps=EPS),
    "Adam": lambda theta: optim.Adam([theta], lr=RATE, betas=(0.9, ALPHA), eps=EPS),
}
LOOKS = {
    "AdaGrad": {"color": VERMILION, "marker": "."},
    "RMSProp": {"color": BLUE, "marker": "s", "markersize": 4},
    "Adam": {"color": GREEN, "marker": "^", "markersize": 5},
}


def slope(x, y):
    """Return √(1 + x²) + ½y²: from far away a slope as even as |x|, a bowl at its foot."""
    return (1 + x**2) ** 0.5 + y**2 / 2


def descend(objective, make, start, before=None) -> np.ndarray:
    """Return θ before the first step and after each, (STEPS + 1, *start.shape); the objective is of θ and the step."""
    theta = mg.tensor(np.asarray(start), requires_grad=True)
    optimizer = make(theta)
    seen = [theta.numpy().copy()]
    for t in range(1, STEPS + 1):
        if before:
            before(optimizer, t)
        optimizer.zero_grad()
        objective(theta, t).backward()
        optimizer.step()
        seen.append(theta.numpy().copy())
    return np.array(seen)


def on_the_slope(theta, _):
    """Return the objective of the claim."""
    return slope(theta[0], theta[1])


# %%
# The control. Mini-batches differ, so their gradients are noisy: n θ adds the noise n to the gradient of ½θ².
# A hundred independent coordinates, all started at their minimum, give the distance as a root mean square.

NOISE = np.random.default_rng(0).normal(size=(STEPS + 1, 100))


def noisy_bowl(theta, t):
    """Return ½‖θ‖² as mini-batch t sees it."""
    return (theta**2 / 2 + NOISE[t] * theta).sum()


# %%
# Adam with α₁ = 0 corrects r̂ = r/(1−α₂ᵗ) and is RMSProp otherwise: p/(ε+√r̂) = cp/(cε+√r) with c = √(1−α₂ᵗ).


def adam_against_rmsprop() -> float:
    """Return the largest difference between the paths of Adam without momentum and of RMSProp with p and ε times c."""

    def correct(optimizer, t: int) -> None:
        c = np.sqrt(1 - ALPHA**t)
        optimizer.param_groups[0].update(lr=c * RATE, eps=c * EPS)

    adam = descend(on_the_slope, lambda theta: optim.Adam([theta], lr=RATE, betas=(0.0, ALPHA), eps=EPS), START)
    rmsprop = descend(on_the_slope, METHODS["RMSProp"], START, before=correct)
    return float(np.abs(adam - rmsprop).max())


def draw(paths: dict[str, np.ndarray], wander: dict[str, np.ndarray], file: Path) -> None:
    """Draw the paths, the length of each step along the slope, and the distances of the control."""
    with picture(file, 12, 9.5) as figure:
        figure.suptitle("On a long slope AdaGrad's step dies out; RMSProp's and Adam's do not",
                        x=0.01, ha="left", fontsize=17)  # fmt: skip
        rows = [["plane", "plane"], ["steps", "wander"]]
        plane, steps, control = figure.subplot_mosaic(rows, height_ratios=(1, 1.5)).values()
        contours(plane, slope, (-21, 3), (-1.2, 3.6))
        for name, points in paths.items():
            path(plane, points, **LOOKS[name], zorder=5 if name == "AdaGrad" else 3)  # or it would be hidden
            color = LOOKS[name]["color"]
            steps.loglog(range(1, 81), np.abs(np.diff(points[:81, 0])), color=color, label=name)
            control.plot(wander[name], color=color, label=name)
        steps.loglog((1, 80), RATE / np.sqrt((1, 80)), ":", color=BLACK, linewidth=1.4, label="p/√t")
        plane.annotate("AdaGrad's last step", paths["AdaGrad"][-1], (-14.5, 1.6), color=VERMILION,
                       arrowprops={"arrowstyle": "-", "color": VERMILION, "shrinkB": 5})  # fmt: skip
        plane.set(xlabel="along the slope, x", ylabel="across it, y", aspect="equal", title=f"{STEPS} steps each")
        steps.set(xlabel="step", ylabel="length of a step along x", title="On the slope", xlim=(1, 80))
        steps.set_xticks(ticks := (1, 2, 5, 10, 20, 50), map(str, ticks))
        steps.set_yticks(ticks := (0.02, 0.05, 0.1, 0.2, 0.5), map(str, ticks))
        steps.minorticks_off()
        control.set(xlabel="step", ylabel="root mean square of θ", title="Control: noise about the minimum")
        control.set(xlim=(0, STEPS), ylim=(0, None))
        steps.legend(labelcolor="linecolor", loc="lower left")


def main(picture: Path | None = PICTURE) -> dict[str, float]:
    """Return the way left on the slope and the lengths of steps, the distance from noise, and Adam against RMSProp."""
    paths = {name: descend(on_the_slope, make, START) for name, make in METHODS.items()}
    wander = {
        name: np.sqrt(np.mean(descend(noisy_bowl, make, np.zeros(100)) ** 2, axis=1)) for name, make in METHODS.items()
    }
    numbers = {}
    print(f"         way left after {STEPS} steps   step 80 / step 20   distance from noise")
    for name, points in paths.items():
        step = np.abs(np.diff(points[:, 0]))
        numbers[f"{name}, way left"] = float(np.linalg.norm(points[-1]) / np.linalg.norm(START))
        numbers[f"{name}, step 80 / step 20"] = float(step[79] / step[19])
        numbers[f"{name}, distance from noise"] = float(wander[name][-STEPS // 2 :].mean())
        left, ratio, distance = (
            numbers[f"{name}, {what}"] for what in ("way left", "step 80 / step 20", "distance from noise")
        )
        print(f"{name:8} {left:19.1%} {ratio:21.2f} {distance:21.2f}")
    numbers["Adam without momentum − RMSProp"] = adam_against_rmsprop()
    print(f"Adam with α₁ = 0 differs from RMSProp, bias-corrected, by {numbers['Adam without momentum − RMSProp']:.0e}")
    if picture:
        draw(paths, wander, picture)
    return numbers


if __name__ == "__main__":
    main()
