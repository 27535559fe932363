"""Does a network find the curve under the noise, or does it learn the noise?
==========================================================================

A sine is measured with noise of standard deviation 0.3. Expect a network of 16 hidden nodes, trained on 200 such
points, to come four times closer to the sine than the points are. Two controls: a straight line, which cannot bend, and
the same network trained as long on 12 points, which learns their noise. Where there were no data, expect luck at best.
Takes two seconds.
"""

from pathlib import Path

import numpy as np

import minigrad as mg
from minigrad import nn, optim, train
from minigrad.viz.style import BLACK, BLUE, GREY, VERMILION, picture

PICTURE = Path(__file__).with_suffix(".png")
NOISE = 0.3
STEPS = 2000
INSIDE = np.linspace(-np.pi, np.pi, 201, dtype=np.float32)[:, None]  # where points are measured
OUTSIDE = np.linspace(np.pi, 2 * np.pi, 201, dtype=np.float32)[:, None]


def points(n: int):
    """Draw x (n, 1) from [−π, π], and measure its sine."""
    rng = np.random.default_rng(0)
    x = rng.uniform(-np.pi, np.pi, (n, 1))
    return x.astype(np.float32), (np.sin(x) + NOISE * rng.normal(size=x.shape)).astype(np.float32)


def learn(model: nn.Module, x, y) -> nn.Module:
    """Train on all points at once with the mean squared error."""
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    for _ in range(STEPS):
        loss = nn.functional.mse_loss(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model


def line() -> nn.Module:
    """Return a model that cannot bend."""
    return nn.Linear(1, 1)


def network() -> nn.Module:
    """Return a model that can bend about as often as it has hidden nodes."""
    return nn.Sequential(nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 1))


def rms(model: nn.Module, x, y) -> float:
    """Return the root mean square of what the model is off by at x, if the truth is y."""
    return float(np.sqrt(np.mean((train.predict(model, x) - y) ** 2)))


def draw(models: dict[str, nn.Module], seen: dict, numbers: dict[str, float], path: Path) -> None:
    """Draw for each model the points it saw, the sine, and what it says inside and outside of them."""
    with picture(path, 15, 5.4) as figure:
        title = "With enough points a network finds the sine under the noise, but not beyond the data"
        figure.suptitle(title, x=0.01, ha="left", fontsize=17)
        everywhere = np.concatenate([INSIDE, OUTSIDE])
        for ax, (name, model) in zip(figure.subplots(1, 3, sharex=True, sharey=True), models.items(), strict=True):
            ax.plot(*seen[name], "o", color=GREY, markersize=4, zorder=3, label="points measured")
            ax.plot(everywhere, np.sin(everywhere), "--", color=BLACK, linewidth=1.6, label="the sine")
            ax.plot(everywhere, train.predict(model, everywhere), color=BLUE, label="what the model says")
            ax.axvspan(np.pi, 2 * np.pi, color=VERMILION, alpha=0.1, linewidth=0)
            ax.text(1.5 * np.pi, -2.1, "no data", ha="center", color=VERMILION)
            ax.set(xlabel="x", xlim=(-np.pi, 2 * np.pi), ylim=(-2.3, 3.4))
            ax.set_xticks([-np.pi, 0, np.pi, 2 * np.pi], ["−π", "0", "π", "2π"])
            ax.set_title(f"{name}:\n{numbers[f'{name}: off the sine']:.2f} (rms) off the sine")
        figure.axes[0].set_ylabel("y")
        figure.axes[0].legend(labelcolor="linecolor", loc="upper left")


def main(picture: Path | None = PICTURE) -> dict[str, float]:
    """Return how far each model is off the points it saw and off the sine, inside the data and outside."""
    mg.manual_seed(0)
    models, seen, numbers = {}, {}, {}
    print("model                 off the points  off the sine  and outside the data")
    for name, make, n in [
        ("Network, 200 points", network, 200),
        ("Line, 200 points", line, 200),
        ("Network, 12 points", network, 12),
    ]:
        x, y = seen[name] = points(n)
        model = models[name] = learn(make(), x, y)
        points_off, sine_off = rms(model, x, y), rms(model, INSIDE, np.sin(INSIDE))
        outside_off = rms(model, OUTSIDE, np.sin(OUTSIDE))
        print(f"{name:20}  {points_off:14.3f}  {sine_off:12.3f}  {outside_off:20.3f}")
        numbers[f"{name}: off the points"], numbers[f"{name}: off the sine"] = points_off, sine_off
        numbers[f"{name}: off the sine outside"] = outside_off
    if picture:
        draw(models, seen, numbers, picture)
    return numbers


if __name__ == "__main__":
    main()
