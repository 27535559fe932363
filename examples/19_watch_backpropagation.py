"""Where does a gradient come from?
================================

``lab.steps`` walks the backward pass one rule at a time. In a deep network of tanh layers it shows why residual
branches help: hᵢ₊₁ = hᵢ + tanh(hᵢW) hands ∂e/∂hᵢ back in two contributions, one straight and one through the layer,
and the straight one arrives whole. The control is the same network, with the same weights, without the branch: all has
to pass every layer. ``lab.to_html`` writes the pass as a page to play: give a folder to keep it. Takes 2 seconds.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np

import minigrad as mg
from minigrad import lab
from minigrad.viz.style import BLUE, GREEN, ORANGE, VERMILION, picture

PICTURE = Path(__file__).with_suffix(".png")
FOLDER = Path(sys.argv[1]) if __name__ == "__main__" and sys.argv[1:] else None
DEPTH, WIDTH = 12, 8


def loss_of(residual: bool):
    """Return the loss of a network, recorded; its layers' values are named h0, h1, …"""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(16, WIDTH)), rng.normal(size=(16, WIDTH))
    first = mg.tensor(rng.normal(size=(WIDTH, WIDTH)) / WIDTH**0.5, requires_grad=True, name="W")
    with lab.annotate():
        h = (x @ first).named("h0")
        for i in range(DEPTH):
            w = mg.tensor(0.5 * rng.normal(size=(WIDTH, WIDTH)) / WIDTH**0.5, requires_grad=True, name=f"W{i}")
            t = mg.tanh(h @ w)
            h = (h + t if residual else t).named(f"h{i + 1}")
        return ((h - y) ** 2).mean()


def size(x) -> float:
    """Return the root mean square."""
    return float(np.sqrt(np.mean(x**2)))


def arrivals(residual: bool) -> dict[str, list[tuple[str, float, float]]]:
    """Return what arrives at h0, h1, …: for each contribution the operation, its size, and that of the sum so far."""
    found: dict[str, list[tuple[str, float, float]]] = {}
    for step in lab.steps(loss_of(residual)):
        if step.target.startswith("h"):
            found.setdefault(step.target, []).append((step.operation, size(step.contribution), size(step.total)))
    return found


def draw(plain, residual, file: Path) -> None:
    """Draw the size of the gradient by layer, and of the two contributions."""
    layers = range(DEPTH)

    def of(found, operation):
        return [next(rms for name, rms, _ in found[f"h{i}"] if name == operation) for i in layers]

    with picture(file, 11, 7) as figure:
        ax = figure.subplots()
        ax.semilogy(layers, [residual[f"h{i}"][-1][2] for i in layers], color=BLUE, label="with branches: the sum")
        ax.semilogy(layers, of(residual, "add"), "--", color=GREEN, label="of it straight")
        ax.semilogy(layers, of(residual, "matmul"), ":", color=ORANGE, label="of it through the layer")
        ax.semilogy(layers, [plain[f"h{i}"][-1][2] for i in layers], color=VERMILION, label="without branches")
        ax.set(xlabel="layer", ylabel="∂e/∂h, root mean square", title="What comes straight arrives whole")
        ax.legend(labelcolor="linecolor", loc="lower right")


def write_page(folder: Path) -> Path:
    """Write the residual network's graph as a page; return its path."""
    path = lab.to_html(loss_of(residual=True), folder / "graph.html", title="A residual network").path
    print(f"{path}: {path.stat().st_size / 1e3:.0f} kB, open it in a browser")
    return path


def main(picture: Path | None = PICTURE) -> dict[str, float]:
    """Return how the gradient of the first layer compares with that of the last, with branches and without."""
    plain, residual = arrivals(residual=False), arrivals(residual=True)
    numbers = {}
    for name, found in (("without branches", plain), ("with branches", residual)):
        numbers[f"{name}: first / last"] = found["h0"][-1][2] / found[f"h{DEPTH - 1}"][-1][2]
        print(f"{name}: the gradient of the first layer is {numbers[f'{name}: first / last']:.2g} of the last one's")
    straight = [next(rms for operation, rms, _ in residual[f"h{i}"] if operation == "add") for i in range(DEPTH)]
    above = [residual[f"h{i + 1}"][-1][2] for i in range(DEPTH)]
    numbers["straight: lost on the way"] = max(abs(s / a - 1) for s, a in zip(straight, above, strict=True))
    print(f"of what arrives above, the straight contribution loses {numbers['straight: lost on the way']:.0%}")
    if FOLDER:
        write_page(FOLDER)
    else:
        with tempfile.TemporaryDirectory() as folder:
            write_page(Path(folder))
    if picture:
        draw(plain, residual, picture)
    return numbers


if __name__ == "__main__":
    main()
