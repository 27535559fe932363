"""Does the unit in which a feature is measured change how fast it is learned?
===========================================================================

Two features matter alike, but one is a hundred times smaller, as metres are beside centimetres. Its gradient is a
hundred times smaller and its weight has a hundred times as far to go: expect of the order of 100² times as many steps
until the weight is halfway, at a learning rate that the large feature dictates. The control standardises them (N8):
both weights take the same two steps. The features are centred from the start, so that nothing but their size differs;
what the mean does, 04_why_zigzag.py shows. Claim F3 of the notes. Takes three seconds.
"""

from pathlib import Path

import numpy as np

import minigrad as mg
from minigrad import data, nn, optim
from minigrad.viz.style import BLUE, GREY, VERMILION, picture

PICTURE = Path(__file__).with_suffix(".png")
FEATURES = ("small", "large")
LOOKS = ({"color": VERMILION}, {"color": BLUE, "linestyle": "--"})
LR = 0.45  # the large feature, of variance λ = 1, allows up to 2 / λ


def learn(x, y, steps: int) -> np.ndarray:
    """Descend from w = 0 on J = ½(o−y)², o = x·w; return how much of its way each weight has gone (T + 1, 2)."""
    w = mg.tensor(np.zeros(2), requires_grad=True)
    optimizer = optim.SGD([w], lr=LR)
    weights = [np.zeros(2)]
    for _ in range(steps):
        optimizer.zero_grad()
        nn.functional.mse_loss(mg.matmul(x, w), y, half=True).backward()
        optimizer.step()
        weights.append(w.numpy().copy())
    goal, *_ = np.linalg.lstsq(x, y)
    return np.array(weights) / goal


def halfway(gone: np.ndarray) -> list[float]:
    """Return the step after which each weight first had half of its way behind it; infinity if it never had."""
    return [float(np.flatnonzero(share >= 0.5)[0]) if share.max() >= 0.5 else np.inf for share in gone.T]


def draw(runs: dict[str, np.ndarray], ratio: float, path: Path) -> None:
    """Draw how far each weight has come against the step, which is on a logarithmic axis."""
    with picture(path, 13, 5.2) as figure:
        title = f"A feature 100 times smaller takes {ratio:,.0f} times as many steps, unless it is standardised"
        figure.suptitle(title, x=0.01, ha="left", fontsize=17)
        for ax, (name, gone) in zip(figure.subplots(1, 2, sharex=True, sharey=True), runs.items(), strict=True):
            for feature, share, look in zip(FEATURES, gone.T, LOOKS, strict=True):
                ax.plot(np.arange(1, len(gone)), share[1:], label=f"weight of the {feature} feature", **look)
            ax.axhline(0.5, color=GREY, linestyle=":", linewidth=1.6)
            ax.set(xscale="log", xlabel="step", title=f"Features {name}")
            ax.yaxis.set_major_formatter(lambda value, _: f"{100 * value:g}%")
        figure.axes[0].set_ylabel("share of the way to the minimum")
        figure.axes[0].legend(labelcolor="linecolor", loc=(0.3, 0.25))


def main(picture: Path | None = PICTURE) -> dict[str, float]:
    """Return the steps after which each weight is halfway, with the features as they are and standardised."""
    grid = np.linspace(-1, 1, 11)
    z = np.stack(np.meshgrid(grid, grid), axis=-1).reshape(-1, 2) / grid.std()  # uncorrelated, of mean 0 and variance 1
    y = z.sum(axis=1)  # both matter alike
    x = z * [0.01, 1]
    runs = {"as they are": learn(x, y, 20_000), "standardised": learn(data.StandardScaler().fit_transform(x), y, 100)}
    numbers = {}
    for name, gone in runs.items():
        for feature, steps in zip(FEATURES, halfway(gone), strict=True):
            print(f"features {name}: the {feature} one's weight is halfway after {steps:,.0f} steps")
            numbers[f"{name}: {feature}"] = steps
    if picture:
        draw(runs, numbers["as they are: small"] / numbers["as they are: large"], picture)
    return numbers


if __name__ == "__main__":
    main()
