"""The workloads in PyTensor: one compiled function a step, whose updates are those of its shared variables."""

from typing import Any

import formulas
import numpy as np
import pytensor
import pytensor.tensor as pt
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
    """How to start the workload; what is compiled is kept from start to start."""
    pytensor.config.floatX = np.dtype(dtype).name  # what a number of Python is beside an array
    if isinstance(workload, Network):
        return network(workload, dtype)
    if isinstance(workload, Elementwise):
        arrays = [pytensor.shared(a, borrow=True) for a in operands(workload, dtype)]
        value = formulas.elementwise(pt, *arrays)
        gradients = pytensor.function([], [value, *pt.grad(value, arrays)])

        def once() -> tuple[Any, list[np.ndarray]]:
            value, *grads = gradients()
            return value, grads

        return lambda: function_of(once)
    raise NotImplementedError(f"{workload.name}: it would be unrolled")


def network(workload: Network, dtype: type) -> Start:
    """The network; every start takes its first weights."""
    x, labels = batch_of(workload, dtype)
    y = pytensor.shared(targets_as_rows(workload, labels, dtype))
    x = pytensor.shared(x)
    firsts = [*first_weights(workload, dtype)], first_running(workload, dtype)
    params, running = [[pytensor.shared(a) for a in arrays] for arrays in firsts]
    vs, rs = [[pytensor.shared(np.zeros_like(a)) for a in firsts[0]] for _ in range(2)]
    t = pytensor.shared(np.zeros((), dtype))
    loss, stats = formulas.loss_of(pt, workload, params, x, y)
    update = formulas.OPTIMIZERS[workload.optimizer](pt, **workload.options)
    new_params, ((new_vs, new_rs), new_t) = update(params, pt.grad(loss, params), ((vs, rs), t))
    before = [*params, *running, *vs, *rs, t]
    after = [*new_params, *formulas.track(running, stats, workload.batch), *new_vs, *new_rs, new_t]
    changes = [(old, new.astype(old.dtype)) for old, new in zip(before, after, strict=True) if new is not old]
    once = pytensor.function([], loss, updates=changes)

    def start() -> Trainer:
        for variable, first in zip(before, [*firsts[0], *firsts[1]], strict=False):
            variable.set_value(first)
        for variable in [*vs, *rs, t]:
            variable.set_value(np.zeros_like(variable.get_value()))
        return Trainer(once, lambda: [v.get_value() for v in [*params, *running]])

    return start
