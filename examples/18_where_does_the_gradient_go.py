"""Where does the gradient go?
===========================

Four networks of ten hidden layers, alike but for what stands between the layers and how the weights start. In two of
them the first layer learns nothing: sigmoids divide the gradient by four or more in every layer, and a bias that was
pushed far down switches a layer of relus off. ``lab.why`` is asked about the first layer's weight, and names the cause,
the layer and the remedy; ``lab.lint`` finds the dead layer without being asked about it. The controls, tanh after
Glorot's initialisation and relu after He's, are found sound. The picture shows the gradient of what every hidden layer
returns, from the loss on the right to the input on the left. Takes 1 second.
"""

from pathlib import Path

import numpy as np

import minigrad as mg
from minigrad import lab, nn
from minigrad.lab.explain.page import rms
from minigrad.lab.graph import Graph
from minigrad.viz.style import BLUE, GREEN, ORANGE, VERMILION, picture

PICTURE = Path(__file__).with_suffix(".png")
DEPTH, WIDTH = 10, 16
X = np.random.default_rng(0).normal(size=(64, WIDTH)).astype(np.float32)
LABELS = np.arange(64) % 3


# %%
# The networks. Each hidden layer's result gets a name, so that it can be asked about.


class Deep(nn.Module):
    """Ten hidden layers and three logits: (N, 16) → (N, 3)."""

    def __init__(self, activation, initialise=None, dead=None) -> None:
        mg.manual_seed(0)
        self.hidden = [nn.Linear(WIDTH, WIDTH) for _ in range(DEPTH)]
        self.last = nn.Linear(WIDTH, 3)
        self.activation = activation
        for layer in self.hidden if initialise else []:
            initialise(layer.weight)
        if dead is not None:
            self.hidden[dead].bias.copy_(np.full(WIDTH, -50.0))

    def forward(self, x):
        for i, layer in enumerate(self.hidden):
            x = self.activation(layer(x)).named(f"layer {i}")
        return self.last(x)


NETWORKS = {
    "sigmoid": (lambda: Deep(mg.sigmoid), VERMILION),
    "relu, layer 5 switched off": (lambda: Deep(mg.relu, nn.init.he_normal_, dead=5), ORANGE),
    "tanh, Glorot": (lambda: Deep(mg.tanh, nn.init.glorot_uniform_), BLUE),
    "relu, He": (lambda: Deep(mg.relu, nn.init.he_normal_), GREEN),
}


# %%
# ``annotate`` lets every operation remember its line and its operands. After a backward that retains the graph, the
# only thing that can be wrong with a gradient is its value.


def losses(model):
    """Return the annotated loss of a network, backward done."""
    with lab.annotate():
        loss = nn.functional.cross_entropy(model(X), LABELS)
    loss.backward(retain_graph=True)
    return loss


def sizes(loss) -> list[float]:
    """Return the root mean square of the gradient of each hidden layer's result, the first layer's first."""
    graph = Graph(loss)
    return [rms(graph.cotangents[node]) for node in graph.nodes if graph.name(node).startswith("layer")]


def draw(curves: dict[str, list[float]], file: Path) -> None:
    """Draw the gradients layer by layer; what is 0 stands at the foot."""
    foot = 1e-12
    with picture(file, 11, 7) as figure:
        ax = figure.subplots()
        for name, values in curves.items():
            ax.semilogy(np.maximum(values, foot), color=NETWORKS[name][1], marker="o", label=name)
        ax.axhline(foot, color="black", linewidth=1, linestyle=":")
        ax.text(DEPTH - 1, foot * 1.4, "0", ha="right", va="bottom")
        ax.set(xlabel="hidden layer", ylabel="gradient of its result, root mean square", xticks=range(DEPTH))
        ax.set(title="Sigmoids wear the gradient away, a dead layer stops it")
        ax.legend(labelcolor="linecolor", loc="center right")


def main(picture: Path | None = PICTURE) -> dict[str, float]:
    """Return the gradients of the first and the last hidden layer, and what is said of the first layer's weight."""
    numbers, curves = {}, {}
    for name, (make, _) in NETWORKS.items():
        model = make()
        loss = losses(model)
        curves[name] = sizes(loss)
        answer = lab.why(model.hidden[0].weight, loss)
        found = lab.lint(loss, model)
        numbers[f"{name}: first layer"], numbers[f"{name}: last layer"] = curves[name][0], curves[name][-1]
        numbers[f"{name}: sound"] = float(answer.verdict == "fine")
        numbers[f"{name}: dead layers found"] = float(sum(f.id == "dead-relu-layer" for f in found))
        print(f"{name}\n  {answer.verdict}, {answer.id}: {answer.cause}\n  {answer.remedy or 'nothing to mend'}\n")
    if picture:
        draw(curves, picture)
    return numbers


if __name__ == "__main__":
    main()
