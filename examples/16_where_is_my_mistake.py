"""Where is the mistake in my derivation?
======================================

A gradient derived by hand is off, and all one hears is that it is off. Six mistakes are made on purpose in the
derivation of a softmax network with a tanh layer, among them the σ′ that is forgotten and the mean that became a sum.
`lab.check` runs the way back with one rule altered after another until it makes the same wrong numbers, and so names
the mistake. Expect all six named, and the right derivation left alone: that is the control. Takes three seconds.
"""

from pathlib import Path

import numpy as np

import minigrad as mg
from minigrad import lab, nn
from minigrad.viz import style

PICTURE = Path(__file__).with_suffix(".png")
N, LABELS = 5, np.array([0, 2, 1, 2, 0])

# %%
# The network, and its gradient derived by hand; each mistake replaces one factor of the derivation.


def loss(w1, b1, w2, b2, x):
    """Return the cross entropy of a network with one tanh layer."""
    return nn.functional.cross_entropy(mg.linear(mg.tanh(mg.linear(x, w1, b1)), w2, b2), LABELS)


def by_hand(error=lambda o, y: (o - y) / N, slope=lambda h, z: 1 - h * h, bias=lambda dz: dz.sum(axis=0)):
    """Return the derivation, with any of its three factors replaced."""

    def gradient(w1, b1, w2, b2, x):
        z = x @ w1.T + b1
        h = np.tanh(z)
        o = np.exp(h @ w2.T + b2)
        o /= o.sum(axis=1, keepdims=True)
        d2 = error(o, np.eye(3)[LABELS])
        d1 = (d2 @ w2) * slope(h, z)
        return d1.T @ x, bias(d1), d2.T @ h, bias(d2)

    return gradient


DERIVATIONS = {
    "right": by_hand(),
    "y − o": by_hand(error=lambda o, y: (y - o) / N),
    "no 1/N": by_hand(error=lambda o, y: o - y),
    "in bits": by_hand(error=lambda o, y: (o - y) / N / np.log(2)),
    "no tanh′": by_hand(slope=lambda h, z: 1.0),
    "tanh′ at h": by_hand(slope=lambda h, z: 1 - np.tanh(h) ** 2),
    "first row for b": by_hand(bias=lambda dz: dz[0]),
}


def main(picture: Path | None = PICTURE) -> dict[str, float]:
    """Return, for each derivation, how alike its direction is to the true gradient's, and how often it is accused."""
    rng = np.random.default_rng(0)
    args = [rng.normal(size=shape) for shape in ((4, 2), (4,), (3, 4), (3,), (N, 2))]
    truth = np.concatenate([g.numpy().ravel() for g in mg.grad(loss, (0, 1, 2, 3))(*args)])
    numbers, rows = {}, []
    for name, hand in DERIVATIONS.items():
        report = lab.check(loss, hand, *args)
        said = "ok" if report.ok else report.diagnoses[0].id
        mine = np.concatenate([np.ravel(g) for g in hand(*args)])
        alike = float(mine @ truth / np.linalg.norm(mine) / np.linalg.norm(truth))
        print(f"{name:16} direction alike to {alike:6.3f}, check says: {said}")
        numbers[f"{name}: alike"] = alike
        numbers[f"{name}: named"] = float(len(report.diagnoses))
        rows.append((name, alike, said))
    if picture:
        draw(rows, picture)
    return numbers


def draw(rows: list[tuple[str, float, str]], path: Path) -> None:
    """Draw how little the direction tells, with what the check says beside."""
    with style.picture(path, 11, 5) as figure:
        ax = figure.subplots()
        for place, (_, alike, said) in enumerate(rows[::-1]):
            color = style.BLUE if said == "ok" else style.VERMILION
            ax.plot([-1, alike], [place, place], color=style.GREY, linewidth=1)
            ax.plot(alike, place, "o", color=color, markersize=9)
            ax.text(1.08, place, said, color=color, va="center", fontsize=13)
        ax.grid(axis="y", visible=False)
        ax.set(yticks=range(len(rows)), yticklabels=[row[0] for row in rows[::-1]], xlim=(-1.05, 2.0))
        ax.set(xlabel="cosine of the angle to the true gradient", xticks=[-1, -0.5, 0, 0.5, 1])
        ax.set_title("A direction that is nearly right hides a mistake; its numbers name it")


if __name__ == "__main__":
    main()
