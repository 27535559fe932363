"""What is measured: the networks and functions, their data, first weights and targets.

Nothing is computed here. A side is a module (`plain.py`, `expert.py`, `with_torch.py` …) whose `prepare(workload,
dtype)` returns a function that starts a `Trainer`: all of them from the same weights, on the same batch. Which sides
there are stands in `sides.py`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

BN_EPS, BN_MOMENTUM = 1e-5, 0.1  # of batch normalisation: the usual ones


class Trainer(NamedTuple):
    """A workload under way: `step()` does it once and returns its loss, `state()` reads all that the step leaves."""

    step: Callable[[], Any]
    state: Callable[[], list[np.ndarray]]


Start = Callable[[], Trainer]


@dataclass(frozen=True)
class Network:
    """A network, the batch it sees and the step it takes: forward, loss, backward and update."""

    name: str
    sizes: tuple[int, ...]  # features in, hidden …, out
    activation: str  # "Tanh" or "ReLU"
    loss: str  # its name in nn.functional
    batch: int
    optimizer: str  # its name in optim
    options: dict[str, float]
    activation_after_last: bool = False
    batch_norm: bool = False  # between each hidden layer, which then has no bias, and its activation
    threads: int = 1  # of BLAS
    targets: dict[tuple[str, str], float] = field(default_factory=dict)  # (kind of side, over which) → at most

    @property
    def about(self) -> str:
        """The network in a few words, for the table."""
        layers = "-".join(map(str, self.sizes)) if len(self.sizes) < 6 else f"{len(self.sizes) - 1} x {self.sizes[0]}"
        norm = "batch norm + " if self.batch_norm else ""
        return f"{layers} {norm}{self.activation.lower()}, {self.loss}, batch {self.batch}, {self.optimizer}"

    @property
    def layers(self) -> list[tuple[int, int, bool, bool]]:
        """Features in, features out, whether normalised, whether activated: of each layer."""
        pairs = list(pairwise(self.sizes))
        hidden = [True] * (len(pairs) - 1)
        norms, active = [h and self.batch_norm for h in [*hidden, False]], [*hidden, self.activation_after_last]
        return [(m, n, norm, a) for (m, n), norm, a in zip(pairs, norms, active, strict=True)]


@dataclass(frozen=True)
class Elementwise:
    """sum(tanh(x·w + b)·sigmoid(x)) of three arrays, and its gradients."""

    name: str = "elementwise"
    size: int = 4 * 2**20
    threads: int = 2
    targets: dict[tuple[str, str], float] = field(default_factory=dict)

    @property
    def about(self) -> str:
        """The function in a few words, for the table."""
        return f"sum(tanh(x*w + b) * sigmoid(x)) on {self.size:,} elements, and its three gradients"


@dataclass(frozen=True)
class Chain:
    """x ← x · scale + shift on one scalar, `length` times over: 2 x length nodes, so what is left is a node's cost."""

    length: int
    threads: int = 1
    targets: dict[tuple[str, str], float] = field(default_factory=dict)
    scale: float = 1 - 2**-13  # exact in float32, so that all precisions compute the same chain
    shift: float = 2**-13
    start: float = 0.5

    @property
    def name(self) -> str:
        """With the number of scalar operations."""
        return f"chain {2 * self.length // 1000}k"

    @property
    def about(self) -> str:
        """The chain in a few words, for the table."""
        return f"{self.length:,} x (multiply by a number, add a number) on one scalar; the time of one of the two"


Workload = Network | Elementwise | Chain

TOY = ((2, 16, 16, 1), "Tanh", "binary_cross_entropy_with_logits", 32)
WORKLOADS: tuple[Workload, ...] = (
    Network("toy", *TOY, "SGD", {"lr": 0.1}, targets={("eager", "plain"): 1.2, ("compiled", "expert"): 1.2}),
    Network("toy-adam", *TOY, "Adam", {"lr": 1e-3}, targets={("eager", "plain"): 0.9, ("compiled", "expert"): 1.2}),
    Network(
        "digits", (64, 128, 64, 10), "ReLU", "cross_entropy", 64, "Adam", {"lr": 1e-3},
        targets={("eager", "plain"): 1.0, ("compiled", "expert"): 1.05},
    ),
    Network(
        "mnist", (784, 512, 256, 10), "ReLU", "cross_entropy", 128, "Momentum", {"lr": 0.01, "momentum": 0.9},
        threads=2, targets={("eager", "plain"): 1.1, ("compiled", "expert"): 1.05},
    ),
    Network(
        "wide", (1024, 2048, 2048, 1024), "ReLU", "mse_loss", 512, "SGD", {"lr": 0.01},
        threads=2, targets={("compiled", "expert"): 1.05},
    ),
    Network(
        "deep", (32,) * 51, "Tanh", "mse_loss", 16, "SGD", {"lr": 0.01}, activation_after_last=True,
        targets={("eager", "plain"): 1.0, ("compiled", "expert"): 1.2},
    ),
    Network(
        "bn", (64, 128, 128, 128, 10), "ReLU", "cross_entropy", 128, "Adam", {"lr": 1e-3}, batch_norm=True,
        targets={("compiled", "expert"): 1.2},
    ),
    Elementwise(targets={("compiled", "expert"): 1.1}),
    Chain(2_500),
    Chain(10_000, targets={("eager", ""): 4.0}),
    Chain(40_000),
)  # fmt: skip


def named(name: str) -> Workload:
    """The workload of that name."""
    return next(w for w in WORKLOADS if w.name == name)


def batch_of(workload: Network, dtype: type) -> tuple[np.ndarray, np.ndarray]:
    """One batch of random inputs (batch, features) and targets of the kind the loss wants."""
    rng = np.random.default_rng(1)
    n, out = workload.batch, workload.sizes[-1]
    x: np.ndarray = rng.standard_normal((n, workload.sizes[0]), dtype=np.float32).astype(dtype)
    if workload.loss == "cross_entropy":
        return x, rng.integers(out, size=n)
    if workload.loss == "mse_loss":
        return x, rng.uniform(-1, 1, (n, out)).astype(np.float32).astype(dtype)
    return x, rng.integers(2, size=(n, out)).astype(dtype)


def first_weights(workload: Network, dtype: type) -> Iterator[np.ndarray]:
    """Of each layer in turn: weight (out, in) and bias (out,), uniform in ±√(6 / (in + out)); or weight, γ and β."""
    rng = np.random.default_rng(2)
    for fan_in, fan_out, norm, _ in workload.layers:
        bound = np.float32((6 / (fan_in + fan_out)) ** 0.5)
        weight, bias = (bound * (2 * rng.random(shape, dtype=np.float32) - 1) for shape in ((fan_out, fan_in), fan_out))
        yield weight.astype(dtype)
        if norm:
            yield np.ones(fan_out, dtype)
        yield (0 * bias if norm else bias).astype(dtype)


def first_running(workload: Network, dtype: type) -> list[np.ndarray]:
    """The running mean and variance of each batch normalisation, before the first step."""
    widths = [fan_out for _, fan_out, norm, _ in workload.layers if norm]
    return [np.full(width, value, dtype) for width in widths for value in (0, 1)]


def targets_as_rows(workload: Network, y: np.ndarray, dtype: type) -> np.ndarray:
    """The targets, with labels as rows of zeros and a one."""
    return np.eye(workload.sizes[-1], dtype=dtype)[y] if workload.loss == "cross_entropy" else y


def layers_of(workload: Network, nn: Any) -> list[Any]:
    """Linear, batch norm, activation … from minigrad's nn or from torch's, which share their names."""
    layers = []
    for fan_in, fan_out, norm, active in workload.layers:
        layers.append(nn.Linear(fan_in, fan_out, bias=not norm))
        layers += [nn.BatchNorm1d(fan_out)] if norm else []
        layers += [getattr(nn, workload.activation)()] if active else []
    return layers


def operands(workload: Elementwise, dtype: type) -> list[np.ndarray]:
    """The x, w and b of the function."""
    rng = np.random.default_rng(3)
    return [rng.standard_normal(workload.size, dtype=np.float32).astype(dtype) for _ in range(3)]


def function_of(run: Callable[[], tuple[Any, list[np.ndarray]]]) -> Trainer:
    """A function whose step is its value and its gradients, which are what it leaves."""
    grads: list[np.ndarray] = []

    def step() -> Any:
        value, grads[:] = run()
        return value

    return Trainer(step, lambda: grads)
