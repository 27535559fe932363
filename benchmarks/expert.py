"""The benchmark's steps as fast as NumPy goes: straight-line calls on arrays that are made once.

- Arrays are features x batch, with a row of ones under every activation; the bias is the last column of the weight
  and rides in the product, forwards and backwards. Every operand of an element-wise call lies in one piece.
- Parameters, gradients and optimizer state are one flat array each; so are all activations, and all slopes.
- Every call has its `out`; products are `a.dot(b, out)`, sums products with ones, constants arrays without axes.
- SGD and Momentum have the learning rate folded into the gradient of the loss; Adam is rescaled to few passes.

Each function makes its arrays and returns the function that runs on them; losses, optimizers and activations are in
`expert_parts.py`. The names are those of `plain.py`.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
from expert_parts import ACTIVATIONS, BLOCK, LOSSES, OPTIMIZERS, Run, constant, relu, split
from numpy import add, copyto, divide, greater, multiply, sqrt, square, subtract, tanh
from numpy import ndarray as Array
from workloads import (
    BN_EPS,
    BN_MOMENTUM,
    Elementwise,
    Network,
    Start,
    Trainer,
    Workload,
    batch_of,
    first_weights,
    operands,
)


def prepare(workload: Workload, dtype: type = np.float32) -> Start:
    """How to start the workload."""
    if isinstance(workload, Network):
        return lambda: train(workload, dtype)
    if isinstance(workload, Elementwise):
        return lambda: elementwise(workload, dtype)
    raise NotImplementedError(f"{workload.name} has no expert side")


# Networks


class Passes(NamedTuple):
    """A network on its arrays: `forward` makes the logits z, `backward` takes dz to the gradients of the parameters."""

    forward: Run
    z: Array
    dz: Array
    backward: Run
    running: list[Array]  # mean and variance of each batch normalisation


Layers = list[list[Array]]  # of each layer: weight with the bias as its last column; or weight, γ, β


def train(workload: Network, dtype: type) -> Trainer:
    """The network from its first weights."""
    x, y = batch_of(workload, dtype)
    size = sum(first.size for first in first_weights(workload, dtype))
    theta, gradients = np.empty(size, dtype), np.empty((1 + (workload.optimizer == "Adam"), size), dtype)
    layers, grads = layout(workload, theta), layout(workload, gradients[0])
    params = [p for w, *more in layers for p in ([w, *more] if more else [w[:, :-1], w[:, -1]])]
    for p, first in zip(params, first_weights(workload, dtype), strict=True):
        copyto(p, first)
    network = normalised_mlp(x, layers, grads) if workload.batch_norm else mlp(workload, x, layers, grads)
    forward, z, dz, backward, running = network
    scale = 1.0 if workload.optimizer == "Adam" else workload.options["lr"]
    loss_of = LOSSES[workload.loss](z, np.ascontiguousarray(y.T), dz, scale)
    update = OPTIMIZERS[workload.optimizer](theta, gradients, **workload.options)

    def step() -> Any:
        forward()
        loss = loss_of()
        backward()
        update()
        return loss

    return Trainer(step, lambda: params + running)


def layout(workload: Network, flat: Array) -> Layers:
    """Each layer's part of a flat array."""
    shapes = [[(n, m), (n,), (n,)] if norm else [(n, m + 1)] for m, n, norm, _ in workload.layers]
    views = iter(split(flat, [shape for layer in shapes for shape in layer]))
    return [[next(views) for _ in layer] for layer in shapes]


def with_ones(x: Array) -> Array:
    """x (features, batch) above a row of ones."""
    return np.vstack([x, np.ones_like(x[:1])])


def mlp(workload: Network, x: Array, layers: Layers, grads: Layers) -> Passes:
    """Layers with an activation each, the last with or without."""
    shapes = [(n + 1, len(x)) for _, n, _, active in workload.layers if active]
    activate, slopes_of = ACTIVATIONS[workload.activation]
    acts = np.ones(sum(n for n, _ in shapes) * len(x), x.dtype)
    flat_slopes, find_slopes = slopes_of(acts)
    h, slopes = [with_ones(x.T), *split(acts, shapes)], split(flat_slopes, shapes)
    d = split(np.empty_like(acts), shapes)
    z, dz = [a[:-1] for a in h[1:]], [a[:-1] for a in d]
    if not workload.activation_after_last:
        for last in (z, dz):
            last.append(np.empty((workload.sizes[-1], len(x)), x.dtype))
    forth = [(w.dot, below, above) for (w,), below, above in zip(layers, h, z, strict=False)]
    active, bare = forth[: len(shapes)], forth[len(shapes) :]
    back = [
        (dz[k].dot, h[k].T, grads[k][0], layers[k][0].T.dot, dz[k], d[k - 1], slopes[k - 1])
        for k in range(len(layers) - 1, 0, -1)
    ]
    top = list(zip(d, slopes, strict=True))[len(layers) - 1 :]

    def forward() -> None:
        for times, h, z in active:
            times(h, z)
            activate(z, z)
        for times, h, z in bare:
            times(h, z)

    def backward() -> None:
        find_slopes()
        for d, slope in top:
            multiply(d, slope, d)
        for dz_times, h_t, g, w_t_times, dz_k, d, slope in back:
            dz_times(h_t, g)
            w_t_times(dz_k, d)
            multiply(d, slope, d)
        dz[0].dot(h[0].T, grads[0][0])

    return Passes(forward, z[-1], dz[-1], backward, [])


def normalised_mlp(x: Array, layers: Layers, grads: Layers) -> Passes:
    """Hidden layers of batch normalisation and relu, then a bare one."""
    batch, dtype, (w,), (g,) = len(x), x.dtype, layers[-1], grads[-1]
    h, dh, hidden = np.ascontiguousarray(x.T), None, []
    top, dtop = np.empty((2, w.shape[1], batch), dtype)  # the last activation above a row of ones, and its gradient
    top[-1] = 1
    for k, (params, gradients) in enumerate(zip(layers[:-1], grads[:-1], strict=True)):
        last = k == len(layers) - 2
        out, dout = (top[:-1], dtop[:-1]) if last else np.empty((2, len(params[0]), batch), dtype)
        hidden.append(normalised_layer(params, gradients, h, dh, out, dout))
        h, dh = out, dout
    z, dz = np.empty((2, len(w), batch), dtype)

    def forward() -> None:
        for layer in hidden:
            layer.forward()
        w.dot(top, z)

    def backward() -> None:
        dz.dot(top.T, g)
        w.T.dot(dz, dtop)
        for layer in reversed(hidden):
            layer.backward()

    return Passes(forward, z, dz, backward, [part for layer in hidden for part in layer.running])


class Layer(NamedTuple):
    """The two passes of a normalised layer, and its running mean and variance."""

    forward: Run
    backward: Run
    running: Array


def normalised_layer(
    params: list[Array], grads: list[Array], h: Array, dh: Array | None, out: Array, dout: Array
) -> Layer:
    """out = relu(γ (z - mean) / √(variance + ε) + β), with z = w h; `dout` is written over, `dh` receives ∂loss/∂h."""
    (w, gamma, beta), (dw, dgamma, dbeta), batch, dtype = params, grads, h.shape[1], h.dtype
    z, work = np.empty((2, *out.shape), dtype)
    mask = np.empty(out.shape, bool)
    stats, running, fresh, (inverse, scale, shift) = (np.zeros((n, len(w)), dtype) for n in (2, 2, 2, 3))
    mean, variance = stats
    running[1] = 1
    ones, each = np.ones(batch, dtype), np.full(batch, 1 / batch, dtype)
    zero, one, eps, size = (constant(value, dtype) for value in (0, 1, BN_EPS, batch))
    keep, part = constant(1 - BN_MOMENTUM, dtype), np.array([[1], [batch / (batch - 1)]], dtype)  # unbiased
    part *= BN_MOMENTUM
    mean_, scale_, beta_, shift_ = (a[:, None] for a in (mean, scale, beta, shift))

    def forward() -> None:
        w.dot(h, z)
        z.dot(each, mean)
        subtract(z, mean_, z)
        square(z, work)
        work.dot(each, variance)
        add(variance, eps, inverse)
        sqrt(inverse, inverse)
        divide(one, inverse, inverse)
        multiply(gamma, inverse, scale)
        multiply(z, scale_, out)
        add(out, beta_, out)
        greater(out, zero, mask)
        relu(out, out)
        multiply(running, keep, running)
        multiply(stats, part, fresh)
        add(running, fresh, running)

    def backward() -> None:  # dz = scale · (dy - mean(dy) - ẑ mean(dy ẑ)), with ẑ = z · inverse
        multiply(dout, mask, dout)
        dout.dot(ones, dbeta)
        multiply(dout, z, work)
        work.dot(ones, dgamma)
        multiply(dgamma, inverse, dgamma)
        multiply(dgamma, inverse, shift)
        divide(shift, size, shift)
        multiply(z, shift_, z)
        subtract(dout, z, dout)
        divide(dbeta, size, shift)
        subtract(dout, shift_, dout)
        multiply(dout, scale_, dout)
        dout.dot(h.T, dw)
        if dh is not None:
            w.T.dot(dout, dh)

    return Layer(forward, backward, running)


# The element-wise function


def elementwise(workload: Elementwise, dtype: type) -> Trainer:
    """sum(tanh(x w + b) sigmoid(x)) and its gradients: blocks that stay in the cache, shared by the threads."""
    x, w, b = operands(workload, dtype)
    grads = [np.empty_like(x) for _ in range(3)]
    arrays, threads = (x, w, b, *grads), workload.threads
    starts = range(0, workload.size, BLOCK)
    blocks = [[a[i : i + BLOCK] for a in arrays] for i in starts]
    pool = ThreadPoolExecutor(threads - 1) if threads > 1 else None
    shares = [share(blocks[k::threads], dtype) for k in range(threads)]

    def step() -> Any:
        others = [pool.submit(run) for run in shares[1:]] if pool else []
        return shares[0]() + sum(other.result() for other in others)

    return Trainer(step, lambda: grads)


def share(blocks: Sequence[Sequence[Array]], dtype: type) -> Run:
    """One thread's blocks, in scratch memory of its own; the slope of the sigmoid is sigmoid · (1 - sigmoid)."""
    half, one = constant(0.5, dtype), constant(1, dtype)
    scratch = np.empty((2, BLOCK), dtype)

    def run() -> float:
        total = 0.0
        for x, w, b, dx, dw, db in blocks:
            t, s = scratch[:, : x.size]
            multiply(x, w, t)
            add(t, b, t)
            tanh(t, t)
            multiply(x, half, s)
            tanh(s, s)
            multiply(s, half, s)
            add(s, half, s)  # sigmoid(x)
            total += float(t.dot(s))
            square(t, db)
            subtract(one, db, db)
            multiply(db, s, db)
            multiply(db, x, dw)
            subtract(one, s, dx)
            multiply(dx, s, dx)
            multiply(dx, t, dx)
            multiply(db, w, t)
            add(dx, t, dx)
        return total

    return run
