"""How large should weights be at the start?
=========================================

Ten tanh layers read handwritten digits. From weights too near 0 each layer hands on less, and activations and gradients
fade; from weights too large the nodes saturate and the gradients explode; Glorot (N13), He and LSUV (N15) keep the
spread. Expect 10 %, 10 % and 26 % of new digits read, against 95 % and more. AlexNet's 0.01 (N14) is too near 0 here,
and right for AlexNet, some of whose nodes have 9216 inputs. The control has one layer: there every start learns, so
depth is what made them fatal. Yet weights too large overfit even there. N12, F5 of the notes. Takes 7 seconds.
"""

from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np

import minigrad as mg
from minigrad import data, nn, optim, train
from minigrad.viz.style import BLUE, GREEN, GREY, ORANGE, PURPLE, VERMILION, picture

PICTURE = Path(__file__).with_suffix(".png")
WIDTH, DEPTH = 100, 10
SATURATED = 0.99  # |tanh z| beyond which 1 − tanh² z, the slope, is below 2 %

STARTS = {
    "std 0.001": (partial(nn.init.normal_, std=0.001), VERMILION),
    "std 0.01, AlexNet": (partial(nn.init.normal_, std=0.01), ORANGE),
    "std 1": (partial(nn.init.normal_, std=1.0), PURPLE),
    "Glorot": (nn.init.glorot_uniform_, BLUE),
    "He": (nn.init.he_normal_, GREY),
    "LSUV": (None, GREEN),  # looks at a batch: see below
}


def build(depth: int, start, batch) -> nn.Sequential:
    """Return a network 64 → 100 → … → 10 of `depth` tanh layers with the given start."""
    mg.manual_seed(0)
    sizes = [64] + depth * [WIDTH]
    layers = [layer for pair in pairwise(sizes) for layer in (nn.Linear(*pair), nn.Tanh())]
    model = nn.Sequential(*layers, nn.Linear(WIDTH, 10))
    if start is None:
        return nn.init.lsuv_(model, batch)
    for layer in model[::2]:
        start(layer.weight)
        nn.init.zeros_(layer.bias)
    return model


def look_inside(model: nn.Sequential, x, y) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return the activations h of every tanh layer, (N, 100) each, and their gradients ∂J/∂h."""
    outputs = []
    for layer in model:
        x = layer(x)
        if isinstance(layer, nn.Tanh):
            x.retain_grad()
            outputs.append(x)
    nn.functional.cross_entropy(x, y).backward()
    model.zero_grad()
    return [h.numpy().astype(np.float64) for h in outputs], [h.grad.numpy().astype(np.float64) for h in outputs]


def learn(model: nn.Sequential, x, y, epochs: int) -> None:
    """Train by plain descent."""
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    train.fit(model, nn.functional.cross_entropy, optimizer, (x, y), epochs=epochs, batch_size=32, seed=0)


def kept_by_one_layer(inputs: int) -> float:
    """Return the standard deviation of z from inputs of standard deviation 1, under AlexNet's weights."""
    layer = nn.Linear(inputs, 200, bias=False)
    nn.init.normal_(layer.weight, std=0.01)
    x = np.random.default_rng(0).normal(size=(200, inputs)).astype(np.float32)
    return float(layer(x).numpy().std())


# %%
# A histogram for every layer, one below the other. Gradients are drawn by their order of magnitude.


def histograms(ax, layers: list[np.ndarray], limits: tuple[float, float], color: str) -> None:
    """Draw the histogram of each layer's values on a line of its own, the first layer on top."""
    for number, values in enumerate(layers, start=1):
        height, edges = np.histogram(values, bins=80, range=limits)
        ax.stairs(number - 0.85 * height / max(1, height.max()), edges, baseline=number, fill=True, color=color)
    ax.set(xlim=limits, ylim=(DEPTH + 0.2, -0.1), yticks=range(1, DEPTH + 1))
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.grid(axis="x", visible=False)


def draw(inside: dict[str, tuple[list[np.ndarray], list[np.ndarray]]], numbers: dict[str, float], file: Path) -> None:
    """Draw the activations of every layer above, their gradients below, a column for each start."""
    with picture(file, 19, 10) as figure:
        figure.suptitle(f"Through {DEPTH} tanh layers: what starts too small fades, what starts too large saturates",
                        x=0.01, ha="left", fontsize=20)  # fmt: skip
        axes = figure.subplots(2, len(STARTS), sharey=True)
        for (above, below), (name, (activations, gradients)) in zip(axes.T, inside.items(), strict=True):
            color = STARTS[name][1]
            histograms(above, activations, (-1, 1), color)
            sizes = [np.log10(np.abs(g) + 1e-300) for g in gradients]  # a gradient of 0 is left of the picture
            histograms(below, sizes, (-30, 5), color)
            above.set_title(f"{name}\n{numbers[f'{name}: read']:.0%} of new digits read")
            above.set_xlabel("activation h")
            below.set_xlabel("log₁₀ |∂J/∂h|")
        for ax in axes[:, 0]:
            ax.set_ylabel("layer")


def main(picture: Path | None = PICTURE) -> dict[str, float]:
    """Return, for each start, what becomes of spread and gradients through the layers, and how well it learns."""
    digits = data.load_digits()
    x, x_test, y, y_test = data.train_test_split(digits.x, digits.y, test_size=0.2, seed=0, stratify=digits.y)
    scaler = data.StandardScaler()
    x, x_test = scaler.fit_transform(x), scaler.transform(x_test)
    batch, labels = x[:256], y[:256]
    numbers, inside = {}, {}
    print("                       std of h       std of ∂J/∂h    nodes       new digits read  training digits")
    print("                    layer 1     10   layer 1     10  saturated  10 layers  1 layer  1 layer")
    for name, (start, _) in STARTS.items():
        deep, shallow = build(DEPTH, start, batch), build(1, start, batch)
        h, g = inside[name] = look_inside(deep, batch, labels)
        learn(deep, x, y, epochs=3)
        learn(shallow, x, y, epochs=10)
        row = {
            "h 1": h[0].std(), "h 10": h[-1].std(), "g 1": g[0].std(), "g 10": g[-1].std(),
            "saturated": np.mean([np.abs(layer) > SATURATED for layer in h]),
            "read": train.accuracy(deep, x_test, y_test),
            "one layer, read": train.accuracy(shallow, x_test, y_test),
            "one layer, training": train.accuracy(shallow, x, y),
        }  # fmt: skip
        print("{:19} {:7.0e} {:6.0e}   {:7.0e} {:6.0e}  {:9.0%}  {:9.0%}  {:7.0%}  {:7.0%}".format(name, *row.values()))
        numbers |= {f"{name}: {what}": float(value) for what, value in row.items()}
    for inputs in (100, 9216):
        numbers[f"kept of {inputs} inputs"] = kept_by_one_layer(inputs)
        print(f"one layer of {inputs} inputs with std 0.01 keeps {numbers[f'kept of {inputs} inputs']:.2f}")
    if picture:
        draw(inside, numbers, picture)
    return numbers


if __name__ == "__main__":
    main()
