"""The workloads in PyTorch: eager, and with the network and its loss under `torch.compile`.

Its SGD with momentum is minigrad's Momentum while the learning rate stays as it is. The optimizer's step is eager
in both.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from workloads import (
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

Wrap = Callable[[Callable[..., Any]], Callable[..., Any]]


def prepare(workload: Workload, dtype: type = np.float32) -> Start:
    """How to start the workload, eager."""
    return start_of(workload, dtype, lambda function: function)


def compiled(workload: Workload, dtype: type = np.float32) -> Start:
    """How to start the workload with the forward pass, and so its backward pass, compiled."""
    return start_of(workload, dtype, torch.compile)


def start_of(workload: Workload, dtype: type, wrap: Wrap) -> Start:
    """How to start the workload; what is compiled is kept from start to start."""
    torch.set_num_threads(workload.threads)
    if isinstance(workload, Network):
        return network(workload, dtype, wrap)
    if isinstance(workload, Elementwise):
        return elementwise(workload, dtype, wrap)
    return lambda: function_of(lambda: chain(workload.length, workload.scale, workload.shift, workload.start, dtype))


def network(workload: Network, dtype: type, wrap: Wrap) -> Start:
    """The network; each start gives it its first weights again."""
    model = torch.nn.Sequential(*layers_of(workload, torch.nn)).to(torch.from_numpy(np.empty(0, dtype)).dtype)
    norms = [layer for layer in model if isinstance(layer, torch.nn.BatchNorm1d)]
    left = [*model.parameters(), *(b for norm in norms for b in (norm.running_mean, norm.running_var))]
    loss_function = getattr(torch.nn.functional, workload.loss)
    x, y = map(torch.from_numpy, batch_of(workload, dtype))
    loss_of = wrap(lambda: loss_function(model(x), y))
    torch_optimizer = getattr(torch.optim, workload.optimizer.replace("Momentum", "SGD"))

    def start() -> Trainer:
        with torch.no_grad():
            for p, first in zip(model.parameters(), first_weights(workload, dtype), strict=True):
                p.copy_(torch.from_numpy(first))
        for norm in norms:
            norm.reset_running_stats()
        optimizer = torch_optimizer(model.parameters(), **workload.options)

        def step() -> Any:
            loss = loss_of()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            return loss

        return Trainer(step, lambda: [p.detach().numpy() for p in left])

    return start


def elementwise(workload: Elementwise, dtype: type, wrap: Wrap) -> Start:
    """The function and its gradients."""
    leaves = [torch.from_numpy(a).requires_grad_() for a in operands(workload, dtype)]
    value_of = wrap(lambda x, w, b: torch.sum(torch.tanh(x * w + b) * torch.sigmoid(x)))

    def step() -> Any:
        value = value_of(*leaves)
        for leaf in leaves:
            leaf.grad = None
        value.backward()
        return value

    return lambda: Trainer(step, lambda: [leaf.grad.numpy() for leaf in leaves])


def chain(length: int, scale: float, shift: float, first: float, dtype: type) -> tuple[Any, list[np.ndarray]]:
    """The last value and its derivative, recorded node by node."""
    start = x = torch.from_numpy(np.array(first, dtype)).requires_grad_()
    for _ in range(length):
        x = x * scale + shift
    x.backward()
    return x, [start.grad.numpy()]
