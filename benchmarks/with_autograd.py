"""The workloads in autograd; the optimizers are those of `plain.py`."""

from typing import Any

import autograd.numpy as anp
import formulas
import numpy as np
import plain
from autograd import value_and_grad
from autograd.tracer import getval
from workloads import (
    Elementwise,
    Network,
    Start,
    Trainer,
    Workload,
    batch_of,
    first_running,
    first_weights,
    function_of,
    operands,
    targets_as_rows,
)


def prepare(workload: Workload, dtype: type = np.float32) -> Start:
    """How to start the workload."""
    if isinstance(workload, Network):
        return lambda: train(workload, dtype)
    if isinstance(workload, Elementwise):
        arrays = operands(workload, dtype)
        gradients = value_and_grad(lambda arrays: formulas.elementwise(anp, *arrays))
        return lambda: function_of(lambda: gradients(arrays))
    chain = value_and_grad(lambda x: formulas.chain(x, workload.scale, workload.shift, workload.length))
    first = np.array(workload.start, dtype)

    def once() -> tuple[Any, list[np.ndarray]]:
        value, derivative = chain(first)
        return value, [derivative]

    return lambda: function_of(once)


def train(workload: Network, dtype: type) -> Trainer:
    """The network from its first weights."""
    x, labels = batch_of(workload, dtype)
    y = targets_as_rows(workload, labels, dtype)
    params, running = list(first_weights(workload, dtype)), first_running(workload, dtype)
    optimizer = getattr(plain, workload.optimizer)(params, **workload.options)

    def loss_of(params: list[Any]) -> Any:
        loss, stats = formulas.loss_of(anp, workload, params, x, y)
        running[:] = formulas.track(running, [getval(s) for s in stats], workload.batch)
        return loss

    gradients = value_and_grad(loss_of)

    def step() -> Any:
        loss, grads = gradients(params)
        optimizer.step(grads)
        return loss

    return Trainer(step, lambda: params + running)
