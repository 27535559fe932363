"""The workloads as a user of minigrad writes them: eager, and the same step compiled to a program."""

from collections.abc import Callable
from typing import Any

import numpy as np
from workloads import (
    Chain,
    Elementwise,
    Network,
    Start,
    Trainer,
    Workload,
    batch_of,
    first_weights,
    function_of,
    layers_of,
    operands,
)

import minigrad as mg
from minigrad import nn, optim

Wrap = Callable[[Callable[[], Any]], Callable[[], Any]]


def prepare(workload: Workload, dtype: type = np.float32) -> Start:
    """How to start the workload, eager."""
    return start_of(workload, dtype, lambda step: step)


def compiled(workload: Workload, dtype: type = np.float32, **options: Any) -> Start:
    """How to start the workload with its step compiled; the options are those of `mg.compile`."""
    return start_of(workload, dtype, lambda step: mg.compile(step, **options))


def start_of(workload: Workload, dtype: type, wrap: Wrap) -> Start:
    """How to start the workload with its step wrapped."""
    if isinstance(workload, Network):
        return lambda: train(workload, dtype, wrap)
    if isinstance(workload, Elementwise):
        return lambda: elementwise(workload, dtype, wrap)
    return lambda: function_of(lambda: chain(workload, dtype))


def train(workload: Network, dtype: type, wrap: Wrap) -> Trainer:
    """The network from its first weights."""
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

    norms = [layer for layer in model if isinstance(layer, nn.BatchNorm1d)]
    left = [*model.parameters(), *(b for norm in norms for b in (norm.running_mean, norm.running_var))]
    return Trainer(wrap(step), lambda: [p.data for p in left])


def elementwise(workload: Elementwise, dtype: type, wrap: Wrap) -> Trainer:
    """The function and its gradients."""
    leaves = [mg.tensor(a, requires_grad=True) for a in operands(workload, dtype)]
    x, w, b = leaves

    def step() -> Any:
        value = mg.sum(mg.tanh(x * w + b) * mg.sigmoid(x))
        for leaf in leaves:
            leaf.grad = None
        value.backward()
        return value

    return Trainer(wrap(step), lambda: [leaf.grad.data for leaf in leaves])


def chain(workload: Chain, dtype: type) -> tuple[Any, list[np.ndarray]]:
    """The last value and its derivative, recorded node by node."""
    start = x = mg.tensor(np.array(workload.start, dtype), requires_grad=True)
    for _ in range(workload.length):
        x = x * workload.scale + workload.shift
    x.backward()
    return x, [start.grad.data]
