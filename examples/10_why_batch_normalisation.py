"""What does batch normalisation forgive?
======================================

Four ReLU layers learn handwritten digits from a good start (He) and from a bad one (standard deviation 0.01), at a
small learning rate and at one twenty times larger, each time with and without batch normalisation (N22), which gives
every node's z the mean 0 and the variance 1 over the mini-batch, before γ and β. Expect all four to learn with it, and
one without: the control, a good start and a small rate, where it makes no difference. The others without it do not
move, or diverge. Claim F8 of the notes; Ioffe & Szegedy, "Batch normalization", 2015. Takes 4 seconds.
"""

from functools import partial
from itertools import product
from pathlib import Path

import numpy as np

import minigrad as mg
from minigrad import data, nn, optim, train
from minigrad.viz.style import BLUE, VERMILION, picture

PICTURE = Path(__file__).with_suffix(".png")
WIDTH, BATCH = 64, 64
EPOCHS = 4
STEPS = EPOCHS * 22  # whole batches in an epoch

STARTS = {"good start": nn.init.he_normal_, "bad start": partial(nn.init.normal_, std=0.01)}
RATES = {"small rate": 0.1, "large rate": 2.0}
METHODS = {True: "with batch normalisation", False: "without"}


def build(start, normalise: bool) -> nn.Sequential:
    """Return a network 64 → 64 → 64 → 64 → 64 → 10; normalisation stands before the ReLU, and replaces the bias."""
    mg.manual_seed(0)
    layers = []
    for _ in range(4):
        layers += [nn.Linear(WIDTH, WIDTH, bias=not normalise)]
        layers += [nn.BatchNorm1d(WIDTH), nn.ReLU()] if normalise else [nn.ReLU()]
    model = nn.Sequential(*layers, nn.Linear(WIDTH, 10))
    for layer in model:
        if isinstance(layer, nn.Linear):
            start(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    return model


def learn(model: nn.Sequential, x, y, rate: float) -> list[float]:
    """Train by plain descent for four epochs, or until it diverges; return the loss of every mini-batch."""
    optimizer = optim.SGD(model.parameters(), lr=rate)
    losses = []
    for epoch in range(EPOCHS):
        for batch, labels in data.DataLoader((x, y), batch_size=BATCH, shuffle=True, seed=epoch, drop_last=True):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(batch), labels)
            if not np.isfinite(loss.item()):
                return losses
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return losses


def draw(losses: dict[tuple[str, str, bool], list[float]], numbers: dict[str, float], file: Path) -> None:
    """Draw the loss against the step: a row for each rate, a column for each start, a curve with and one without."""
    with picture(file, 12, 8.5) as figure:
        title = "Batch normalisation forgives a bad start and a large learning rate"
        figure.suptitle(title, x=0.01, ha="left", fontsize=17)
        axes = figure.subplots(2, 2, sharex=True, sharey=True)
        for (start, rate, normalise), curve in losses.items():
            ax = axes[list(RATES).index(rate), list(STARTS).index(start)]
            read = numbers[f"{start}, {rate}, {METHODS[normalise]}"]
            look = {"color": BLUE} if normalise else {"color": VERMILION, "linestyle": "--"}
            ax.plot(range(1, len(curve) + 1), curve, label=f"{METHODS[normalise]}: reads {read:.0%}", **look)
            ax.set(title=f"{start}, {rate} {RATES[rate]:g}", xlim=(0, STEPS), ylim=(0, 4))
            ax.legend(labelcolor="linecolor", loc="upper right")
            if len(curve) < STEPS:
                ax.text(3, 3.7, "diverges", color=VERMILION)
        for ax in axes[1]:
            ax.set_xlabel("step")
        for ax in axes[:, 0]:
            ax.set_ylabel("loss of the mini-batch")


def main(picture: Path | None = PICTURE) -> dict[str, float]:
    """Return the share of held-out digits that each of the eight networks reads."""
    digits = data.load_digits()
    x, x_test, y, y_test = data.train_test_split(digits.x, digits.y, test_size=0.2, seed=0, stratify=digits.y)
    scaler = data.StandardScaler()
    x, x_test = scaler.fit_transform(x), scaler.transform(x_test)

    numbers, losses = {}, {}
    print("new digits read         with batch normalisation   without")
    for (start, init), (rate, lr) in product(STARTS.items(), RATES.items()):
        for normalise, name in METHODS.items():
            with np.errstate(over="ignore", invalid="ignore"):  # diverging is one of the things to see
                model = build(init, normalise)
                losses[start, rate, normalise] = learn(model, x, y, lr)
                numbers[f"{start}, {rate}, {name}"] = train.accuracy(model, x_test, y_test)
        shares = (numbers[f"{start}, {rate}, {name}"] for name in METHODS.values())
        print("{}, {}{:21.0%}{:19.0%}".format(start, rate, *shares))
    if picture:
        draw(losses, numbers, picture)
    return numbers


if __name__ == "__main__":
    main()
