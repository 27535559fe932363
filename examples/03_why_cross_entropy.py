"""Why cross entropy, and not the squared error?
=============================================

A logistic unit that is sure and wrong, o = 0.98 where y = 0, learns from e = ½(y−o)² at a crawl: its gradient
(o−y) x σ'(z) holds σ' = o(1−o), which is nearly 0 there (N1). In the gradient of the cross entropy, x(o−y), σ' has
cancelled (N4). Expect the error to halve in about 25 steps against 320; a fourfold learning rate does not save the
squared error. The control starts at o = ½, where σ' = ¼ is at its largest: there the fourfold rate makes up for it.
Claim F1 of the notes. Takes two seconds.
"""

from pathlib import Path

import numpy as np

import minigrad as mg
from minigrad import nn, optim
from minigrad.viz.style import BLUE, VERMILION, picture

PICTURE = Path(__file__).with_suffix(".png")
X, Y = 1.0, 0.0
STEPS = 400

# %%
# Three ways to learn the same example. The losses are in nats, so that their gradients are those of the notes.


def half_squared_error(o: mg.Tensor, y: float) -> mg.Tensor:
    """Return ½(o−y)²."""
    return nn.functional.mse_loss(o, y, half=True)


LOSSES = {
    "cross entropy": (nn.functional.binary_cross_entropy, 0.1),
    "squared error": (half_squared_error, 0.1),
    "squared error, 4 × the rate": (half_squared_error, 0.4),
}
LOOKS = {
    "cross entropy": {"color": BLUE},
    "squared error": {"color": VERMILION},
    "squared error, 4 × the rate": {"color": VERMILION, "linestyle": "--"},
}


def learn(loss, lr: float, start: float) -> dict[str, np.ndarray]:
    """Descend with weight and bias from o = start; return the output, the loss and |∂e/∂w| before every step."""
    z = np.log(start / (1 - start))
    w, b = (mg.tensor(z / 2, dtype="float64", requires_grad=True) for _ in range(2))
    optimizer = optim.SGD([w, b], lr=lr)
    seen = []
    for _ in range(STEPS):
        o = mg.sigmoid(w * X + b)
        e = loss(o, Y)
        optimizer.zero_grad()
        e.backward()
        seen.append((o.item(), e.item(), abs(w.grad.item())))
        optimizer.step()
    return dict(zip(("output", "loss", "gradient"), np.array(seen).T, strict=True))


def draw(runs: dict[float, dict[str, dict[str, np.ndarray]]], path: Path) -> None:
    """Draw the loss and the gradient's size against the step: the claim on the left, the control on the right."""
    with picture(path, 12, 8) as figure:
        axes = figure.subplots(2, 2, sharex=True, sharey="row")
        for column, by_loss in zip(axes.T, runs.values(), strict=True):
            for name, run in by_loss.items():
                column[0].plot(run["loss"] / run["loss"][0], label=name, **LOOKS[name])
                column[1].semilogy(run["gradient"], label=name, **LOOKS[name])
            column[1].set(xlabel="step", xlim=(0, STEPS))
        axes[0, 0].set_title("Started at o = 0.98 where y = 0: saturated")
        axes[0, 1].set_title("The control, started at o = 0.5")
        axes[0, 0].set_ylabel("loss, as a share of the first")
        axes[1, 0].set_ylabel("size of ∂e/∂w")
        axes[0, 1].legend(labelcolor="linecolor")
        title = "Sure and wrong, a unit learns from cross entropy at once; from the squared error it crawls"
        figure.suptitle(title, x=0.01, ha="left", fontsize=17)


def main(picture: Path | None = PICTURE) -> dict[str, float]:
    """Return, for each start and loss, the size of the first gradient and the steps in which the error halved."""
    runs = {start: {name: learn(*how, start) for name, how in LOSSES.items()} for start in (0.98, 0.5)}
    numbers = {}
    print("start  loss                         first gradient  steps until the error has halved")
    for start, by_loss in runs.items():
        for name, run in by_loss.items():
            halved = int((run["output"] > start / 2).sum())  # o only falls
            print(f"{start:<5}  {name:27}  {run['gradient'][0]:14.4f}  {halved:5}")
            numbers[f"{name} from {start}: first gradient"] = float(run["gradient"][0])
            numbers[f"{name} from {start}: steps"] = float(halved)
    if picture:
        draw(runs, picture)
    return numbers


if __name__ == "__main__":
    main()
