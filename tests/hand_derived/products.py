"""Products, quotients, sums that broadcast, pooling, masks; sizes that collide."""

import numpy as np

import minigrad as mg
from minigrad import nn

from .case import one_hot, right, rng, softmax, wrong

F = nn.functional


X, Y = rng(40).normal(size=(8, 3)), rng(41).integers(0, 2, size=8).astype(float)


@wrong("branch-missing")
def siamese_one_side():
    a, b = rng(6).normal(size=(5, 3)), rng(7).normal(size=(5, 3))

    def hand(w):
        return 2 * a.T @ (a @ w - b @ w)

    return lambda w: mg.sum((a @ w - b @ w) ** 2), hand, (rng(8).normal(size=(3, 2)),)


@wrong("sign")
def siamese_sign():
    a, b = rng(6).normal(size=(5, 3)), rng(7).normal(size=(5, 3))

    def hand(w):
        d = 2 * (a @ w - b @ w)
        return a.T @ d + b.T @ d

    return lambda w: mg.sum((a @ w - b @ w) ** 2), hand, (rng(8).normal(size=(3, 2)),)


@wrong("sign")
def inverse_without_its_minus():
    c = rng(9).normal(size=(3, 3))

    def hand(a):
        i = np.linalg.inv(a).T
        return i @ c @ i

    return lambda a: mg.sum(mg.linalg.inv(a) * c), hand, (rng(10).normal(size=(3, 3)) + 3 * np.eye(3),)


@wrong("transpose")
def inverse_without_transposes():
    c = rng(9).normal(size=(3, 3))

    def hand(a):
        i = np.linalg.inv(a)
        return -i @ c @ i

    return lambda a: mg.sum(mg.linalg.inv(a) * c), hand, (rng(10).normal(size=(3, 3)) + 3 * np.eye(3),)


@wrong("operands-swapped")
def matrix_product_in_the_other_order():
    c = rng(9).normal(size=(3, 3))
    return (
        lambda a, b: mg.sum((a @ b) * c),
        lambda a, b: (b.T @ c, a.T @ c),
        (rng(1).normal(size=(3, 3)), rng(2).normal(size=(3, 3))),
    )


@wrong("sign", "local-derivative-missing")
def quotient_denominator():
    return (
        lambda x, y: mg.sum(x / y),
        lambda x, y: (1 / y, x / y**2),
        (rng(1).normal(size=4), rng(2).uniform(1, 2, size=4)),
    )


@wrong("local-derivative-missing")
def quotient_not_squared():
    return (
        lambda x, y: mg.sum(x / y),
        lambda x, y: (1 / y, -x / y),
        (rng(1).normal(size=4), rng(2).uniform(1, 2, size=4)),
    )


@wrong("unreduced")
def outer_sum_rows():
    def hand(a, b):
        g = 2 * (a + b)
        return g, g.sum(0)

    return lambda a, b: mg.sum((a + b) ** 2), hand, (rng(1).normal(size=(4, 1)), rng(2).normal(size=3))


@wrong("wrong-axis")
def outer_sum_axis():
    def hand(a, b):
        g = 2 * (a + b)
        return g.sum(1, keepdims=True), g.sum(1)

    return lambda a, b: mg.sum((a + b) ** 2), hand, (rng(1).normal(size=(4, 1)), rng(2).normal(size=4))


@right
def einsum_bilinear():
    u, v = rng(1).normal(size=(6, 3)), rng(2).normal(size=(6, 4))

    def hand(w):
        s = np.einsum("ni,ij,nj->n", u, w, v)
        return np.einsum("n,ni,nj->ij", 2 * s, u, v)

    return lambda w: mg.sum(mg.einsum("ni,ij,nj->n", u, w, v) ** 2), hand, (rng(3).normal(size=(3, 4)),)


@wrong("half")
def einsum_bilinear_half():
    u, v = rng(1).normal(size=(6, 3)), rng(2).normal(size=(6, 4))

    def hand(w):
        s = np.einsum("ni,ij,nj->n", u, w, v)
        return np.einsum("n,ni,nj->ij", s, u, v)

    return lambda w: mg.sum(mg.einsum("ni,ij,nj->n", u, w, v) ** 2), hand, (rng(3).normal(size=(3, 4)),)


@wrong("local-derivative-missing")
def maximum_pooled_gradient_everywhere():
    c = rng(11).normal(size=4)
    return (
        lambda x: mg.sum(mg.max(x, axis=1) * c),
        lambda x: np.repeat(c[:, None], 3, 1),
        (rng(12).normal(size=(4, 3)),),
    )


@wrong("sum-vs-mean")
def mean_pooled_without_its_count():
    c = rng(11).normal(size=4)
    return (
        lambda x: mg.sum(mg.mean(x, axis=1) * c),
        lambda x: np.repeat(c[:, None], 3, 1),
        (rng(12).normal(size=(4, 3)),),
    )


@wrong("local-derivative-missing")
def dropout_mask_forgotten():
    mask = (rng(13).uniform(size=(8, 4)) > 0.5) * 2.0

    def hand(w):
        h = np.tanh(X @ w)
        return X.T @ (np.cos(h * mask) * (1 - h**2))

    return lambda w: mg.sum(mg.sin(mg.tanh(X @ w) * mask)), hand, (rng(14).normal(size=(3, 4)),)


@wrong("factor", "local-derivative-missing")
def temperature_forgotten():
    def hand(z):
        return (softmax(z / 5) - one_hot(np.array([1, 0, 2]), 3)) / 3

    return lambda z: F.cross_entropy(z / 5.0, [1, 0, 2]), hand, (rng(15).normal(size=(3, 3)),)


@wrong("forward-differs")
def tanh_for_sigmoid():
    def hand(w):
        o = np.tanh(X @ w)
        return X.T @ (2 * (o - Y) * (1 - o**2)) / 8

    return lambda w: mg.mean((mg.sigmoid(X @ w) - Y) ** 2), hand, (rng(16).normal(size=3),)


@wrong("forward-differs", hand_loss=lambda w: float(np.sum((X @ w - Y) ** 2)))
def loss_differs():
    return lambda w: F.mse_loss(X @ w, Y), lambda w: 2 * X.T @ (X @ w - Y), (rng(17).normal(size=3),)


@right
def hinge():
    s = 2 * Y - 1

    def hand(w):
        active = (1 - s * (X @ w) > 0).astype(float)
        return -X.T @ (active * s) / 8

    return lambda w: mg.mean(mg.relu(1 - s * (X @ w))), hand, (rng(18).normal(size=3),)


@wrong("local-derivative-missing")
def hinge_always_active():
    s = 2 * Y - 1
    return lambda w: mg.mean(mg.maximum(1 - s * (X @ w), 0)), lambda w: -X.T @ s / 8, (rng(18).normal(size=3),)


@wrong("branch-missing", "constant-vs-variable")
def gelu_without_the_density():
    from math import erf

    def hand(x):
        return np.array([0.5 * (1 + erf(v / 2**0.5)) for v in x])

    return lambda x: mg.sum(mg.gelu(x)), hand, (rng(19).normal(size=6),)


@wrong("softmax-twice", "local-derivative-twice")
def log_softmax_then_the_jacobian():
    t = one_hot(np.array([0, 2, 1, 1]), 3)

    def hand(z):
        p = softmax(z)
        d = p - t
        return p * (d - (d * p).sum(1, keepdims=True))

    return lambda z: -mg.sum(mg.log_softmax(z) * t), hand, (rng(20).normal(size=(4, 3)),)


# Sizes that collide


@wrong("sum-vs-mean", argnums=0)
def two_samples_half():
    x, y = X[:2], Y[:2]
    return lambda w, x, y: F.mse_loss(x @ w, y), lambda w, x, y: 2 * x.T @ (x @ w - y), (rng(1).normal(size=3), x, y)


@wrong("half", argnums=0)
def two_samples_no_two():
    x, y = X[:2], Y[:2]
    return (
        lambda w, x, y: F.mse_loss(x @ w, y),
        lambda w, x, y: x.T @ (x @ w - y) / len(y),
        (rng(1).normal(size=3), x, y),
    )


@wrong("sum-vs-mean", argnums=(1, 2))
def as_many_classes_as_samples():
    def f(x, w, b, t):
        return F.cross_entropy(x @ w + b, t)

    def hand(x, w, b, t):
        d = softmax(x @ w + b) - t
        return x.T @ d, d.sum(0)

    return f, hand, (X[:4], rng(2).normal(size=(3, 4)), rng(3).normal(size=4), one_hot(np.array([0, 1, 1, 3]), 4))


@wrong("wrong-axis", argnums=(1, 2))
def as_many_classes_as_samples_wrong_axis():
    def f(x, w, b, t):
        return F.cross_entropy(x @ w + b, t)

    def hand(x, w, b, t):
        d = (softmax(x @ w + b) - t) / len(x)
        return x.T @ d, d.sum(1)

    return f, hand, (X[:4], rng(2).normal(size=(3, 4)), rng(3).normal(size=4), one_hot(np.array([0, 1, 1, 3]), 4))


@right
def one_sample():
    return lambda w: F.mse_loss(X[:1] @ w, Y[:1]), lambda w: 2 * X[:1].T @ (X[:1] @ w - Y[:1]), (rng(1).normal(size=3),)
