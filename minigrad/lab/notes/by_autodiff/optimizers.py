"""The optimizers, N16–N21: the library's, with gradients by autodiff. Read next: `layers.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ....engine import Tensor
from ....optim import SGD, Adagrad, Adam, Momentum, Nesterov, Optimizer, RMSprop, lr_scheduler

Array = Any
STEPS = 10
ALPHAS = (0.9, 0.99, 0.999)


def bowl(theta: Any) -> Any:
    """x² + 10y² at every point."""
    x, y = theta[:, 0], theta[:, 1]
    return x**2 + 10 * y**2


def valley(theta: Any) -> Any:
    """Rosenbrock's (1−x)² + 100(y−x²)² at every point."""
    x, y = theta[:, 0], theta[:, 1]
    return (1 - x) ** 2 + 100 * (y - x**2) ** 2


def _descend(make: Callable[..., Optimizer], f: Any, start: Array, p: float, closure: bool = False) -> list[Array]:
    """Take ten steps; return the optimizer's state and θ. The points are one parameter: none depends on another."""
    theta = Tensor(start.copy(), requires_grad=True)
    optimizer = make([theta], lr=p)

    def backward() -> Any:
        optimizer.zero_grad()
        total = f(theta).sum()
        total.backward()
        return total

    for _ in range(STEPS):
        if closure:
            optimizer.step(backward)
        else:
            backward()
            optimizer.step()
    state = optimizer.state_dict()["state"][0]
    return [*(state[name].numpy() for name in optimizer.state_names), theta.numpy()]


def _on_both(make: Callable[..., Optimizer], start: Array, rates: Array) -> tuple[Array, ...]:
    return *_descend(make, bowl, start, rates[0]), *_descend(make, valley, start, rates[1])


def momentum(start: Array, rates: Array) -> tuple[Array, ...]:
    """N16: `optim.Momentum`."""
    return _on_both(Momentum, start, rates)


def nesterov(start: Array, rates: Array) -> tuple[Array, ...]:
    """N17: `optim.Nesterov` in both forms: θ is what step(closure) leaves, θ̃ what the plain step() does."""
    found: list[Array] = []
    for f, p in ((bowl, rates[0]), (valley, rates[1])):
        found += [*_descend(Nesterov, f, start, p, closure=True), _descend(Nesterov, f, start, p)[1]]
    return tuple(found)


def adagrad(start: Array, rates: Array) -> tuple[Array, ...]:
    """N18: `optim.Adagrad`, with the ε of the hand side."""
    return _on_both(lambda params, lr: Adagrad(params, lr, eps=1e-8), start, rates)


def rmsprop(start: Array, rates: Array) -> tuple[Array, ...]:
    """N19: `optim.RMSprop` for each α of the notes."""

    def run(f: Any, p: float, alpha: float) -> list[Array]:
        return _descend(lambda params, lr: RMSprop(params, lr, alpha), f, start, p)

    found: list[Array] = []
    for f, p in ((bowl, rates[0]), (valley, rates[1])):
        found += map(np.stack, zip(*[run(f, p, alpha) for alpha in ALPHAS], strict=True))
    return tuple(found)


def adam(start: Array, rates: Array) -> tuple[Array, ...]:
    """N20: `optim.Adam`."""
    return _on_both(Adam, start, rates)


def annealing(p: float, gamma: float, every: int, measures: Array) -> tuple[Array, ...]:
    """N21: the schedules of `optim.lr_scheduler`, asked at every epoch."""
    epochs = len(measures)

    def rates(kind: Any, *args: Any, told: bool = False, **options: Any) -> Array:
        optimizer = SGD([Tensor(np.zeros(1), requires_grad=True)], lr=p)
        schedule = kind(optimizer, *args, **options)
        found = []
        for t in range(epochs):
            found += schedule.get_last_lr()
            if t < epochs - 1:  # beyond its last epoch a cycle is over
                schedule.step(*[measures[t]][: int(told)])
        return np.array(found)

    return (
        rates(lr_scheduler.StepLR, every, gamma),
        rates(lr_scheduler.MultiStepLR, [every, 3 * every, 4 * every], gamma),
        rates(lr_scheduler.ExponentialLR, gamma),
        rates(lr_scheduler.CosineAnnealingLR, epochs, p / 100),
        rates(lr_scheduler.LinearWarmup, every),
        rates(lr_scheduler.OneCycleLR, p, epochs),
        rates(lr_scheduler.ReduceLROnPlateau, factor=gamma, patience=every, told=True),
    )
