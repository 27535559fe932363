"""Why must initial weights be random?
===================================

Two hidden nodes with equal weights give equal outputs and get equal gradients, so they stay one node for ever (N11).
The task is a stripe: it has two edges, and one node can draw only one. Expect each constant start to keep the nodes
equal to the last bit through 1,000 steps and to miss an edge; and each initialiser that draws its weights, the control,
to part them and to find the stripe. Claim F4 of the notes. Takes three seconds.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

import minigrad as mg
from minigrad import nn, optim, train
from minigrad.nn import init
from minigrad.viz.regions import decision_regions
from minigrad.viz.style import BLUE, VERMILION, picture

PICTURE = Path(__file__).with_suffix(".png")
STEPS = 1000

EQUAL: dict[str, Callable] = {
    "zeros_": init.zeros_,
    "constant_, ½": lambda w: init.constant_(w, 0.5),
}
DRAWN: dict[str, Callable] = {
    "uniform_, ±½": lambda w: init.uniform_(w, -0.5, 0.5),
    "normal_, std 1": init.normal_,
    "normal_, std 0.01": lambda w: init.normal_(w, std=0.01),  # AlexNet's (N14)
    "glorot_uniform_": init.glorot_uniform_,
    "glorot_normal_": init.glorot_normal_,
    "he_uniform_": init.he_uniform_,
    "he_normal_": init.he_normal_,
    "lecun_normal_": init.lecun_normal_,
    "orthogonal_": init.orthogonal_,
}


def stripe(n: int = 300):
    """Draw points (n, 2) of a square, with class 1 where −0.5 ≤ x₁ + x₂ ≤ 1.2."""
    x = np.random.default_rng(0).uniform(-1.7, 1.7, (n, 2)).astype(np.float32)
    return x, (np.abs(x.sum(axis=1) - 0.35) <= 0.85).astype(np.int64)


def learn(initialise: Callable, x, y) -> tuple[nn.Module, np.ndarray]:
    """Train two hidden nodes and one output; return the model and, after each step, how far apart the nodes are.

    That is the largest difference in any of a node's weights: those into it, its bias, and the one out of it.
    """
    mg.manual_seed(0)
    hidden, out = nn.Linear(2, 2), nn.Linear(2, 1)
    for layer in (hidden, out):
        initialise(layer.weight)
        init.zeros_(layer.bias)
    model = nn.Sequential(hidden, nn.Tanh(), out)
    optimizer = optim.Adam(model.parameters(), lr=0.05)
    apart = []
    for _ in range(STEPS):
        loss = nn.functional.binary_cross_entropy_with_logits(model(x), y[:, None])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        one, other = np.column_stack([hidden.weight.data, hidden.bias.data, out.weight.data.T])
        apart.append(np.abs(one - other).max())
    return model, np.array(apart)


def draw(models: dict[str, nn.Module], accuracies: dict[str, float], x, y, path: Path) -> None:
    """Draw what an equal and a drawn start end in, and the accuracy that each start reaches."""
    with picture(path, 15, 5.6) as figure:
        title = "Nodes that start equal stay one node, and one node cannot draw both edges of a stripe"
        figure.suptitle(title, x=0.01, ha="left", fontsize=17)
        *planes, last = figure.subplots(1, 3)
        for ax, name in zip(planes, ("constant_, ½", "glorot_uniform_"), strict=True):

            def probability(points, model=models[name]):
                return mg.sigmoid(model(points)[:, 0]).numpy()

            decision_regions(ax, probability, x, y)
            ax.set(xlabel="x₁", ylabel="x₂", aspect="equal", title=f"{name}: {accuracies[name]:.0%} right")
        for place, (name, accuracy) in enumerate(accuracies.items()):
            last.plot(accuracy, place, "o", markersize=9, color=VERMILION if name in EQUAL else BLUE)
        last.set_yticks(range(len(accuracies)), accuracies)
        last.xaxis.set_major_formatter(lambda value, _: f"{100 * value:g}%")
        last.set(xlabel=f"accuracy after {STEPS:,} steps", xlim=(0.5, 1.02), title="Each start")
        last.invert_yaxis()


def main(picture: Path | None = PICTURE) -> dict[str, float]:
    """Return the accuracy each start ends in, and the most and the least that its nodes were apart after any step."""
    x, y = stripe()
    models, accuracies, numbers = {}, {}, {}
    print("start              accuracy  apart, at most  at least")
    for name, initialise in {**EQUAL, **DRAWN}.items():
        models[name], apart = learn(initialise, x, y)
        accuracies[name] = train.accuracy(models[name], x, y)
        print(f"{name:17}  {accuracies[name]:8.1%}  {apart.max():14.3g}  {apart.min():8.3g}")
        numbers[f"{name}: accuracy"] = accuracies[name]
        numbers[f"{name}: apart at most"], numbers[f"{name}: apart at least"] = float(apart.max()), float(apart.min())
    if picture:
        draw(models, accuracies, x, y, picture)
    return numbers


if __name__ == "__main__":
    main()
