"""What is measured: the networks, their data and first weights, and one training step of each, written several ways.

A `Workload` describes a network once; `with_plain`, `with_minigrad` and `with_torch` each turn it into a
`Trainer` that starts from the same weights, sees the same batch and takes the same steps. The formulas
of the plain side are in `plain.py`; how the steps are timed is in `measure.py`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import plain


@dataclass(frozen=True)
class Workload:
    """A network, the batch it sees and the step it takes; `gradient` is the one derived by hand."""

    name: str
    sizes: tuple[int, ...]  # features in, hidden …, out
    activation: str  # "Tanh" or "ReLU"
    loss: str  # its name in nn.functional
    batch: int
    optimizer: str  # its name in optim
    options: dict[str, float]
    gradient: Callable[..., tuple[np.floating, list[np.ndarray]]]
    target: float  # minigrad is to take at most this many times what plain NumPy takes
    activation_after_last: bool = False

    @property
    def about(self) -> str:
        """The network in a few words, for the table."""
        layers = "-".join(map(str, self.sizes)) if len(self.sizes) < 6 else f"{len(self.sizes) - 1} x {self.sizes[0]}"
        return f"{layers} {self.activation.lower()}, batch {self.batch}, {self.optimizer}"


TOY = ((2, 16, 16, 1), "Tanh", "binary_cross_entropy_with_logits", 32)
TRAINING = (
    Workload("toy", *TOY, "SGD", {"lr": 0.1}, plain.tanh_mlp, target=1.2),
    Workload("toy-adam", *TOY, "Adam", {"lr": 1e-3}, plain.tanh_mlp, target=0.9),
    Workload(
        "digits", (64, 128, 64, 10), "ReLU", "cross_entropy", 64, "Adam", {"lr": 1e-3},
        plain.relu_classifier, target=1.0,
    ),
    Workload(
        "deep", (32,) * 51, "Tanh", "mse_loss", 16, "SGD", {"lr": 0.01}, plain.deep_tanh, target=1.0,
        activation_after_last=True,
    ),
    Workload(
        "mnist", (784, 512, 256, 10), "ReLU", "cross_entropy", 128, "Momentum", {"lr": 0.01, "momentum": 0.9},
        plain.relu_classifier, target=1.1,
    ),
)  # fmt: skip
MEMORY = Workload(
    "memory", (1024, 2048, 2048, 1024), "ReLU", "mse_loss", 512, "SGD", {"lr": 0.01}, plain.relu_regressor, target=1.2
)


def batch_of(workload: Workload, dtype: type) -> tuple[np.ndarray, np.ndarray]:
    """One batch of random inputs (batch, features) and targets of the kind the loss wants."""
    rng = np.random.default_rng(1)
    n, out = workload.batch, workload.sizes[-1]
    x: np.ndarray = rng.standard_normal((n, workload.sizes[0]), dtype=np.float32).astype(dtype)
    if workload.loss == "cross_entropy":
        return x, rng.integers(out, size=n)
    if workload.loss == "mse_loss":
        return x, rng.uniform(-1, 1, (n, out)).astype(dtype)
    return x, rng.integers(2, size=(n, out)).astype(dtype)


def first_weights(workload: Workload, dtype: type) -> Iterator[np.ndarray]:
    """Weight (out, in) and bias (out,) of each layer in turn, uniform in ±√(6 / (in + out))."""
    rng = np.random.default_rng(2)
    for fan_in, fan_out in pairwise(workload.sizes):
        bound = np.float32((6 / (fan_in + fan_out)) ** 0.5)
        for shape in ((fan_out, fan_in), (fan_out,)):
            yield (bound * (2 * rng.random(shape, dtype=np.float32) - 1)).astype(dtype)


class Trainer(NamedTuple):
    """A network in training: `step()` takes one full step and returns its loss, `params()` reads the weights."""

    step: Callable[[], Any]
    params: Callable[[], list[np.ndarray]]


def with_plain(workload: Workload, dtype: type = np.float32) -> Trainer:
    """The workload by hand: forward, loss, backward, update."""
    x, y = batch_of(workload, dtype)
    params = list(first_weights(workload, dtype))
    optimizer = getattr(plain, workload.optimizer)(params, **workload.options)
    gradient = workload.gradient

    def step() -> np.floating:
        loss, grads = gradient(params, x, y)
        optimizer.step(grads)
        return loss

    return Trainer(step, lambda: params)


def with_minigrad(workload: Workload, dtype: type = np.float32) -> Trainer:
    """The workload as a user of minigrad writes it."""
    import minigrad as mg
    from minigrad import nn, optim

    usual = mg.get_default_dtype()
    mg.set_default_dtype(dtype)
    try:
        model = nn.Sequential(*layers_of(workload, nn))
    finally:
        mg.set_default_dtype(usual)
    for p, first in zip(model.parameters(), first_weights(workload, dtype), strict=True):
        p.data[...] = first
    optimizer = getattr(optim, workload.optimizer)(model.parameters(), **workload.options)
    loss_function = getattr(nn.functional, workload.loss)
    x, y = map(mg.tensor, batch_of(workload, dtype))

    def step() -> Any:
        loss = loss_function(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return Trainer(step, lambda: [p.data for p in model.parameters()])


def with_compiled(workload: Workload, dtype: type = np.float32) -> Trainer:
    """The same step, compiled to a program of NumPy calls."""
    import minigrad as mg

    eager = with_minigrad(workload, dtype)
    return Trainer(mg.compile(eager.step), eager.params)


def with_torch(workload: Workload, dtype: type = np.float32) -> Trainer:
    """The same in PyTorch, eager. Its SGD with momentum is minigrad's Momentum while lr stays as it is."""
    import torch

    model = torch.nn.Sequential(*layers_of(workload, torch.nn)).to(torch.from_numpy(np.empty(0, dtype)).dtype)
    with torch.no_grad():
        for p, first in zip(model.parameters(), first_weights(workload, dtype), strict=True):
            p.copy_(torch.from_numpy(first))
    torch_optimizer = getattr(torch.optim, workload.optimizer.replace("Momentum", "SGD"))
    optimizer = torch_optimizer(model.parameters(), **workload.options)
    loss_function = getattr(torch.nn.functional, workload.loss)
    x, y = map(torch.from_numpy, batch_of(workload, dtype))

    def step() -> Any:
        loss = loss_function(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return Trainer(step, lambda: [p.detach().numpy() for p in model.parameters()])


def layers_of(workload: Workload, nn: Any) -> list[Any]:
    """Linear, activation, Linear, activation … from minigrad's nn or from torch's, which share their names."""
    layers = []
    for fan_in, fan_out in pairwise(workload.sizes):
        layers += [nn.Linear(fan_in, fan_out), getattr(nn, workload.activation)()]
    return layers if workload.activation_after_last else layers[:-1]


# A chain of scalars: 2 x length nodes, so that what is left is what a node costs.

CHAIN_LENGTHS = (5_000, 20_000, 80_000)  # multiply-adds; the target is held at the middle one
CHAIN_TARGET = 4.0  # µs a node, forward and backward
SCALE, SHIFT, START = 0.9999, 0.0001, 0.5


def chain_with_plain(length: int) -> tuple[float, float]:
    """The last value and its derivative, by hand."""
    x, g = plain.chain(np.array(START, np.float32), SCALE, SHIFT, length)
    return float(x), float(g)


def chain_with_minigrad(length: int) -> tuple[float, float]:
    """The last value and its derivative, recorded node by node."""
    import minigrad as mg

    start = x = mg.tensor(START, requires_grad=True)
    for _ in range(length):
        x = x * SCALE + SHIFT
    x.backward()
    return x.item(), start.grad.item()


def chain_with_torch(length: int) -> tuple[float, float]:
    """The same in PyTorch."""
    import torch

    start = x = torch.tensor(START, requires_grad=True)
    for _ in range(length):
        x = x * SCALE + SHIFT
    x.backward()
    return x.item(), start.grad.item()
