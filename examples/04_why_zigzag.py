"""Why does descent zigzag when every feature is positive?
=======================================================

The gradient of one example is x(o−y): where all x are positive its components share one sign, that of o−y, and the
weights rise and fall together. If one must rise and the other fall, the way there is a zigzag. Expect every step to
move both weights alike, on a path ten times as long as the distance; once the features are standardised (N8) the path
is nearly straight. The control only divides them by their standard deviation: they stay positive, the zigzag stays.
Claim F2 of the notes; LeCun et al., "Efficient BackProp", 1998. Takes two seconds.
"""

from pathlib import Path

import numpy as np

import minigrad as mg
from minigrad import data, nn, optim
from minigrad.viz.paths import contours, path
from minigrad.viz.style import BLUE, GREY, VERMILION, picture

PICTURE = Path(__file__).with_suffix(".png")
GOAL = np.array([1.5, -0.5])  # one weight must rise, the other fall
STEPS = 60
NEAR = 0.01  # of the distance at the start: close enough to call it there


def objective(x, y, reduction: str = "mean"):
    """Return e = ½(o−y)² of the linear unit o = x·w as a function of w (2,): its mean J, or one e for each example."""
    return lambda w: nn.functional.mse_loss(mg.matmul(x, w), y, half=True, reduction=reduction)


# %%
# The learning rate is no excuse: each run gets the best one for its own objective. Along an eigenvector of the Hessian
# a step multiplies the distance by 1 − pλ, and p = 2 / (λ₁ + λ₂) makes the worse of the two factors smallest.


def descend(x, y) -> dict[str, np.ndarray]:
    """Descend from w = 0; return the weights before the first step and after each, the gradients, and the minimum."""
    w = mg.tensor(np.zeros(2), requires_grad=True)
    curvatures = np.linalg.eigvalsh(mg.hessian(objective(x, y))(w).numpy())
    optimizer = optim.SGD([w], lr=2 / curvatures.sum())
    weights, gradients = [np.zeros(2)], []
    for _ in range(STEPS):
        optimizer.zero_grad()
        objective(x, y)(w).backward()
        optimizer.step()
        gradients.append(w.grad.numpy().copy())
        weights.append(w.numpy().copy())
    best, *_ = np.linalg.lstsq(x, y)
    return {"weights": np.array(weights), "gradients": np.array(gradients), "minimum": best}


def alike(gradients: np.ndarray) -> float:
    """Return the share of gradients (T, 2) whose two components have one sign."""
    return float(np.mean(gradients.prod(axis=1) > 0))


def measure(x, y, run: dict[str, np.ndarray]) -> dict[str, float]:
    """Return what the picture shows, in numbers; of the run, its steps until it is near the minimum."""
    distance = np.linalg.norm(run["weights"] - run["minimum"], axis=1)
    steps = int((distance > NEAR * distance[0]).sum())
    length = np.linalg.norm(np.diff(run["weights"][: steps + 1], axis=0), axis=1).sum()
    by_example = mg.jacobian(objective(x, y, "none"))(np.zeros(2)).numpy()  # a gradient for each example
    return {
        "examples that pull alike": alike(by_example),
        "steps that move alike": alike(run["gradients"][:steps]),
        "path / distance": float(length / distance[0]),
        "steps": float(steps),
    }


def draw(problems, runs, numbers: dict[str, float], path_to: Path) -> None:
    """Draw two of the paths over the contours of their objectives, and the weights of the first against the step."""
    with picture(path_to, 15, 5.8) as figure:
        title = "Positive features tie the weights together, and descent zigzags"
        figure.suptitle(title, x=0.01, ha="left", fontsize=17)
        *planes, last = figure.subplots(1, 3)
        for ax, name, color in zip(planes, ("positive", "standardised"), (VERMILION, BLUE), strict=True):
            x, y = problems[name]

            def surface(w1, w2, x=x, y=y):
                return ((np.stack([w1, w2], axis=-1) @ x.T - y) ** 2).mean(axis=-1) / 2

            contours(ax, surface, (-0.5, 2.3), (-1.4, 1.4))
            path(ax, runs[name]["weights"], color)
            steps, ratio = numbers[f"{name}: steps"], numbers[f"{name}: path / distance"]
            ax.set_title(f"{name.capitalize()}: {steps:.0f} steps,\na path {ratio:.1f} × the distance")
            ax.set(xlabel="w₁", ylabel="w₂", aspect="equal")
        for i, color in enumerate((VERMILION, GREY)):
            last.plot(runs["positive"]["weights"][:31, i], marker=".", color=color, label=f"w{'₁₂'[i]}")
            last.axhline(GOAL[i], color=color, linestyle=":", linewidth=1.6)
        last.set(xlabel="step", ylabel="weight (dotted: its goal)", xlim=(0, 30))
        last.set_title("Positive: the weights\nrise and fall together")
        last.legend(labelcolor="linecolor", loc="center right")


def main(picture: Path | None = PICTURE) -> dict[str, float]:
    """Return, for positive, rescaled and standardised features, how alike the weights move and how long the path is."""
    x = np.random.default_rng(0).uniform(1, 3, (200, 2))
    y = x @ GOAL
    problems = {
        "positive": (x, y),
        "rescaled": (x / x.std(axis=0), y),
        "standardised": (data.StandardScaler().fit_transform(x), y - y.mean()),  # the mean is what a bias would learn
    }
    runs = {name: descend(*problem) for name, problem in problems.items()}
    numbers = {}
    for name, problem in problems.items():
        print(f"{name} features:")
        for what, value in measure(*problem, runs[name]).items():
            print(f"    {what:24} {value:6.3g}")
            numbers[f"{name}: {what}"] = value
    if picture:
        draw(problems, runs, numbers, picture)
    return numbers


if __name__ == "__main__":
    main()
