"""Error functions and their gradients by hand, N1–N7.

Arguments are (n,), or (n, c) for c outputs; labels are integers from 0. Read next: `preparing.py`.
"""

from __future__ import annotations

from typing import Any as Array

import numpy as np

LN2 = np.log(2)


def sigmoid(z: Array) -> Array:
    return 1 / (1 + np.exp(-z))


def half_squared_error(x: Array, y: Array, w: Array, b: Array) -> tuple[Array, ...]:
    """N1: the gradients of e = ½(y−o)², o = σ(z), z = wx + b."""
    z = w * x + b
    o = sigmoid(z)
    slope = o * (1 - o)  # σ'(z), at most ¼: why a saturated unit learns slowly
    return -(y - o) * x * slope, -(y - o) * slope


def entropy_of_two(y: Array, o: Array) -> tuple[Array, ...]:
    """N2: H(P,Q) in bits for P(1) = y, Q(1) = o, and its gradient by o."""
    total = np.zeros_like(o)
    for p, q in [(1 - y, 1 - o), (y, o)]:
        total = total - p * np.log2(q)
    return total, -(y / o - (1 - y) / (1 - o)) / LN2


def cross_entropy(y: Array, o: Array) -> tuple[Array, ...]:
    """N3: e in bits, for a label that is 0 or 1."""
    return (-(y * np.log2(o) + (1 - y) * np.log2(1 - o)),)


def cross_entropy_chain(x: Array, y: Array, w: Array, b: Array) -> tuple[Array, ...]:
    """N4: each line of the chain in nats, ∂e/∂b, and both in bits (erratum E2)."""
    z = w * x + b
    o = sigmoid(z)
    do_dw = x * np.exp(-z) / (1 + np.exp(-z)) ** 2  # of 1 / (1 + e⁻ʷˣ⁻ᵇ)
    slope = 1 / (2 + np.exp(z) + np.exp(-z))  # σ'(z), that fraction reduced
    by_o = y / o - (1 - y) / (1 - o)
    by_w = (
        -by_o * do_dw,
        -by_o * x * slope,
        -by_o * x * sigmoid(z) * (1 - sigmoid(z)),
        -by_o * x * o * (1 - o),
        x * (o - y),
    )
    return *by_w, o - y, x * (o - y) / LN2, (o - y) / LN2


def cross_entropy_of_outputs(y: Array, z: Array) -> tuple[Array, ...]:
    """N5: E in bits over c independent sigmoid outputs, and its gradient by z."""
    o = sigmoid(z)
    total = -(y * np.log2(o) + (1 - y) * np.log2(1 - o)).sum(axis=1)
    return total, (o - y) / LN2


def log_likelihood(o: Array, label: Array) -> tuple[Array, ...]:
    """N6: E = −log₂ o_y in bits (erratum E3: with the minus), and its gradient."""
    point = np.arange(len(o))
    chosen = o[point, label]
    gradient = np.zeros_like(o)
    gradient[point, label] = -1 / (chosen * LN2)  # the labelled output's alone
    return -np.log2(chosen), gradient


def softmax(z: Array, label: Array) -> tuple[Array, ...]:
    """N7: o, its sum, its Jacobian, and the gradient of −ln o_y by z."""
    o = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    jacobian = np.stack([np.diag(row) - np.outer(row, row) for row in o])
    onehot = np.eye(z.shape[1])[label]
    return o, o.sum(axis=1), jacobian, o - onehot
