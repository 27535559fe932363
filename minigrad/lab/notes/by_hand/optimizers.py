"""The optimizers by hand, N16–N21: ten steps from n starting points at once.

Each descends two functions, the bowl x² + 10y² and Rosenbrock's valley (1−x)² + 100(y−x²)². Starting points
are (n, 2); `rates` are the learning rates p of the bowl and of the valley. Read next: `layers.py`.
"""

from __future__ import annotations

from typing import Any as Array

import numpy as np

STEPS = 10
ALPHA = 0.9  # momentum
ALPHAS = (0.9, 0.99, 0.999)  # how much RMSProp keeps
ALPHA_1, ALPHA_2 = 0.9, 0.999  # Adam
EPSILON = 1e-8


def bowl(theta: Array) -> Array:
    """∂J/∂θ of J = x² + 10y²."""
    x, y = theta.T
    return np.stack([2 * x, 20 * y], axis=1)


def valley(theta: Array) -> Array:
    """∂J/∂θ of J = (1−x)² + 100(y−x²)²."""
    x, y = theta.T
    return np.stack([-2 * (1 - x) - 400 * x * (y - x**2), 200 * (y - x**2)], axis=1)


def momentum(start: Array, rates: Array) -> tuple[Array, ...]:
    """N16: v and θ after ten steps on the bowl, then in the valley."""

    def descend(gradient: Array, p: float) -> tuple[Array, ...]:
        theta, v = start, np.zeros_like(start)
        for _ in range(STEPS):
            v = ALPHA * v - p * gradient(theta)
            theta = theta + v
        return v, theta

    return *descend(bowl, rates[0]), *descend(valley, rates[1])


def nesterov(start: Array, rates: Array) -> tuple[Array, ...]:
    """N17: v, θ and the next look-ahead point θ̃."""

    def descend(gradient: Array, p: float) -> tuple[Array, ...]:
        theta, v = start, np.zeros_like(start)
        for _ in range(STEPS):
            ahead = theta + ALPHA * v
            v = ALPHA * v - p * gradient(ahead)
            theta = theta + v
        return v, theta, theta + ALPHA * v

    return *descend(bowl, rates[0]), *descend(valley, rates[1])


def adagrad(start: Array, rates: Array) -> tuple[Array, ...]:
    """N18: r, which only grows, and θ."""

    def descend(gradient: Array, p: float) -> tuple[Array, ...]:
        theta, r = start, np.zeros_like(start)
        for _ in range(STEPS):
            g = gradient(theta)
            r = r + g * g
            theta = theta - p / (EPSILON + np.sqrt(r)) * g
        return r, theta

    return *descend(bowl, rates[0]), *descend(valley, rates[1])


def rmsprop(start: Array, rates: Array) -> tuple[Array, ...]:
    """N19: r and θ for each α of the notes, one after the other."""

    def descend(gradient: Array, p: float, alpha: float) -> tuple[Array, ...]:
        theta, r = start, np.zeros_like(start)
        for _ in range(STEPS):
            g = gradient(theta)
            r = alpha * r + (1 - alpha) * g * g
            theta = theta - p / (EPSILON + np.sqrt(r)) * g
        return r, theta

    found = []
    for gradient, p in ((bowl, rates[0]), (valley, rates[1])):
        ends = [descend(gradient, p, alpha) for alpha in ALPHAS]
        found += [np.stack(arrays) for arrays in zip(*ends, strict=True)]
    return tuple(found)


def adam(start: Array, rates: Array) -> tuple[Array, ...]:
    """N20: v, r and θ, in the corrected form (errata E4, E5, E6)."""

    def descend(gradient: Array, p: float) -> tuple[Array, ...]:
        theta, v, r = start, np.zeros_like(start), np.zeros_like(start)
        for t in range(1, STEPS + 1):
            g = gradient(theta)
            v = ALPHA_1 * v + (1 - ALPHA_1) * g
            r = ALPHA_2 * r + (1 - ALPHA_2) * g * g
            v_hat = v / (1 - ALPHA_1**t)
            r_hat = r / (1 - ALPHA_2**t)
            theta = theta - p / (EPSILON + np.sqrt(r_hat)) * v_hat
        return v, r, theta

    return *descend(bowl, rates[0]), *descend(valley, rates[1])


def annealing(p: float, gamma: float, every: int, measures: Array) -> tuple[Array, ...]:
    """N21: seven schedules of the rate p, over as many epochs as measures."""
    T = len(measures)
    t = np.arange(T)
    low = p / 100
    passed = sum(t >= milestone for milestone in (every, 3 * every, 4 * every))
    return (
        p * gamma ** (t // every),
        p * gamma**passed,
        p * gamma**t,
        low + (p - low) * (1 + np.cos(np.pi * t / T)) / 2,
        np.where(t < every, p * (t + 1) / (every + 1), p),
        one_cycle(p, t, T),
        p * gamma ** reductions(measures, patience=every),
    )


def one_cycle(p: float, t: Array, T: int) -> Array:
    """Half a cosine up to p in 0.3 T epochs, half a cosine down to almost 0."""
    first, last = p / 25, p / 25 / 1e4
    top = 0.3 * T - 1
    rise = (1 - np.cos(np.pi * t / top)) / 2
    fall = (1 + np.cos(np.pi * (t - top) / (T - 1 - top))) / 2
    return np.where(t <= top, first + (p - first) * rise, last + (p - last) * fall)


def reductions(measures: Array, patience: int) -> Array:
    """How often the rate has been reduced before each epoch.

    It is when more than `patience` epochs have passed without a new least measure.
    """
    count, waited, best, counts = 0, 0, np.inf, [0]
    for measure in measures[:-1]:
        better = measure < best * (1 - 1e-4)
        best, waited = (measure, 0) if better else (best, waited + 1)
        if waited > patience:
            count, waited = count + 1, 0
        counts.append(count)
    return np.array(counts)
