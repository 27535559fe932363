"""The workloads in JAX: one jitted function a step, which waits for its results."""

from typing import Any

import formulas
import jax
import jax.numpy as jnp
import numpy as np
from formulas import Arrays
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
    if isinstance(workload, Network):
        return network(workload, dtype)
    if isinstance(workload, Elementwise):
        arrays = [jnp.asarray(a) for a in operands(workload, dtype)]
        gradients = jax.jit(jax.value_and_grad(lambda arrays: formulas.elementwise(jnp, *arrays)))
        return lambda: function_of(lambda: jax.block_until_ready(gradients(arrays)))
    raise NotImplementedError(f"{workload.name}: jit would unroll it")


def network(workload: Network, dtype: type) -> Start:
    """The network; every start takes its first weights."""
    x, labels = batch_of(workload, dtype)
    y = jnp.asarray(targets_as_rows(workload, labels, dtype))
    x = jnp.asarray(x)
    update = formulas.OPTIMIZERS[workload.optimizer](jnp, **workload.options)
    gradients = jax.value_and_grad(lambda params: formulas.loss_of(jnp, workload, params, x, y), has_aux=True)

    @jax.jit
    def once(params: Arrays, running: Arrays, state: Any) -> tuple[Any, Arrays, Arrays, Any]:
        (loss, stats), grads = gradients(params)
        params, state = update(params, grads, state)
        return loss, params, formulas.track(running, stats, workload.batch), state

    def start() -> Trainer:
        params = [jnp.asarray(p) for p in first_weights(workload, dtype)]
        running = [jnp.asarray(r) for r in first_running(workload, dtype)]
        state = [[jnp.zeros_like(p) for p in params] for _ in range(2)], jnp.zeros((), dtype)

        def step() -> Any:
            nonlocal params, running, state
            loss, params, running, state = jax.block_until_ready(once(params, running, state))
            return loss

        return Trainer(step, lambda: [np.asarray(a) for a in params + running])

    return start
