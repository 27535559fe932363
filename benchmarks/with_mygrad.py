"""The workloads in MyGrad, with its own cross-entropy; its batch normalisation makes float64 of float32.

The optimizers are those of `plain.py`.
"""

from functools import partial
from typing import Any

import formulas
import mygrad as my
import numpy as np
import plain
from mygrad.nnet.losses import softmax_crossentropy
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
)


def prepare(workload: Workload, dtype: type = np.float32) -> Start:
    """How to start the workload."""
    if isinstance(workload, Network):
        return lambda: train(workload, dtype)
    if isinstance(workload, Elementwise):
        leaves = [my.tensor(a) for a in operands(workload, dtype)]
        return lambda: function_of(lambda: differentiated(formulas.elementwise(my, *leaves), leaves))

    def chain() -> tuple[Any, list[np.ndarray]]:
        start = my.tensor(np.array(workload.start, dtype))
        return differentiated(formulas.chain(start, workload.scale, workload.shift, workload.length), [start])

    return lambda: function_of(chain)


def differentiated(value: Any, leaves: list[Any]) -> tuple[Any, list[np.ndarray]]:
    """The value and its gradients."""
    value.backward()
    return value, [leaf.grad for leaf in leaves]


def train(workload: Network, dtype: type) -> Trainer:
    """The network from its first weights."""
    x, y = batch_of(workload, dtype)
    params, running = [my.tensor(first) for first in first_weights(workload, dtype)], first_running(workload, dtype)
    optimizer = getattr(plain, workload.optimizer)([p.data for p in params], **workload.options)

    loss_of = partial(formulas.LOSSES[workload.loss], my) if workload.loss != "cross_entropy" else softmax_crossentropy

    def step() -> Any:
        z, stats = formulas.logits(my, workload, params, x)
        loss = loss_of(z, y)
        loss.backward()
        optimizer.step([p.grad for p in params])
        running[:] = formulas.track(running, [s.data for s in stats], workload.batch)
        return loss

    return Trainer(step, lambda: [p.data for p in params] + running)
