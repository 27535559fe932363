"""Models whose training step `minigrad source` prints: the smallest network of its kind each.

Read next: `minigrad/train/`.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .. import nn, optim
from ..engine import Tensor
from ..nn import functional as F
from .compiling import Compiled, compile_

BATCH = 32


class Model(NamedTuple):
    """A network with its loss and its optimizer.

    Attributes
    ----------
    about : what it is
    network : makes its layers
    loss : of outputs and targets
    optimizer : makes it, of parameters
    """

    about: str
    network: Callable[[], nn.Sequential]
    loss: Callable[..., Any]
    optimizer: Callable[[Any], optim.Optimizer]


def _sgd(parameters: Any) -> optim.Optimizer:
    return optim.SGD(parameters, lr=0.1)


def _mlp(*between: Callable[[], nn.Module]) -> Callable[[], nn.Sequential]:
    return lambda: nn.Sequential(nn.Linear(4, 16), *[make() for make in between], nn.Linear(16, 3))


MODELS = {
    "sigmoid": Model(
        "one layer, sigmoid and cross entropy", lambda: nn.Sequential(nn.Linear(2, 1)),
        F.binary_cross_entropy_with_logits, _sgd,
    ),
    "softmax": Model(
        "one layer, softmax and cross entropy", lambda: nn.Sequential(nn.Linear(4, 3)), F.cross_entropy, _sgd
    ),
    "regression": Model(
        "two layers, tanh and squared error", lambda: nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 1)),
        F.mse_loss, _sgd,
    ),
    "mlp": Model("two layers, tanh, softmax and cross entropy", _mlp(nn.Tanh), F.cross_entropy, _sgd),
    "relu": Model("two layers, ReLU, softmax and cross entropy", _mlp(nn.ReLU), F.cross_entropy, _sgd),
    "batchnorm": Model("the same with batch normalisation", _mlp(lambda: nn.BatchNorm1d(16), nn.ReLU),
                       F.cross_entropy, _sgd),
    "dropout": Model("the same with dropout", _mlp(nn.ReLU, lambda: nn.Dropout(0.5)), F.cross_entropy, _sgd),
    "momentum": Model("the mlp with momentum", _mlp(nn.Tanh), F.cross_entropy, lambda p: optim.Momentum(p, lr=0.1)),
    "adam": Model("the mlp with Adam", _mlp(nn.Tanh), F.cross_entropy, optim.Adam),
}  # fmt: skip


STEP = """def step(x, y):
    loss = loss_function(model(x), y)
    model.zero_grad()
    loss.backward()
    optimizer.step()
    return loss
"""
GRADIENT = STEP.replace("    optimizer.step()\n", "")


def example(name: str) -> Compiled:
    """Return the compiled training step of one of the models, by its name."""
    _, make, loss, make_optimizer = MODELS[name]
    network = make()
    first: Any = network.layers[0]
    last: Any = network.layers[-1]
    rng = np.random.default_rng(0)
    x = rng.random((BATCH, first.in_features), np.float32)
    classes = last.out_features
    y = rng.integers(classes, size=BATCH) if classes > 1 else Tensor(rng.random((BATCH, 1), np.float32))
    names = {"model": network, "loss_function": loss, "optimizer": make_optimizer(network.parameters())}
    return traced(STEP, names, Tensor(x), y)


def traced(text: str, names: dict[str, Any], *batch: Any) -> Compiled:
    """Return the step that a text defines, compiled and called once; its lines are comments of the program's text."""
    linecache.cache["<step>"] = len(text), None, text.splitlines(keepends=True), "<step>"
    exec(compile(text, "<step>", "exec"), names)
    made = compile_(names["step"])
    made(*batch)
    return made
