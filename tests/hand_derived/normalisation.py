"""Batch and layer normalisation (N22)."""

import numpy as np

import minigrad as mg
from minigrad import nn
from minigrad.ops.nn import standardize

from .case import right, rng, wrong

F = nn.functional


XB = rng(15).normal(size=(6, 3))


def batchnorm(x, gamma, beta):
    mu, var = x.mean(axis=0), x.var(axis=0)
    z = gamma * (x - mu) / mg.sqrt(var + 1e-5) + beta
    return mg.sum(mg.sin(z) * XB)


def batchnorm_hand(x, gamma, beta, dx=None):
    mu, s = x.mean(0), np.sqrt(x.var(0) + 1e-5)
    h = (x - mu) / s
    g = np.cos(gamma * h + beta) * XB
    gh = g * gamma
    inner = gh - gh.mean(0) - h * (gh * h).mean(0) if dx is None else dx(gh, h)
    return inner / s, (g * h).sum(0), g.sum(0)


def norm_args():
    return rng(16).normal(size=(6, 3)), rng(17).normal(size=3), rng(18).normal(size=3)


@right
def batch_normalisation():
    return batchnorm, batchnorm_hand, norm_args()


@right
def batch_normalisation_of_the_library():
    def f(x, gamma, beta):
        return mg.sum(mg.sin(gamma * standardize(x, axis=0) + beta) * XB)

    return f, batchnorm_hand, norm_args()


@wrong("batchnorm-mean-constant")
def batch_normalisation_mean_constant():
    return batchnorm, lambda *a: batchnorm_hand(*a, dx=lambda g, h: g - h * (g * h).mean(0)), norm_args()


@wrong("batchnorm-variance-constant")
def batch_normalisation_variance_constant():
    return batchnorm, lambda *a: batchnorm_hand(*a, dx=lambda g, h: g - g.mean(0)), norm_args()


@wrong("batchnorm-mean-constant", "batchnorm-variance-constant")
def batch_normalisation_both_constant():
    return batchnorm, lambda *a: batchnorm_hand(*a, dx=lambda g, h: g), norm_args()


@wrong("batchnorm-variance-constant")
def batch_normalisation_of_the_library_variance_constant():
    f = batch_normalisation_of_the_library()[0]
    return f, lambda *a: batchnorm_hand(*a, dx=lambda g, h: g - g.mean(0)), norm_args()


@wrong("ddof")
def batch_normalisation_unbiased():
    def hand(x, gamma, beta):
        mu, s = x.mean(0), np.sqrt(x.var(0, ddof=1) + 1e-5)
        h = (x - mu) / s
        g = np.cos(gamma * h + beta) * XB
        gh = g * gamma
        return (gh - gh.mean(0) - h * (gh * h).sum(0) / 5) / s, (g * h).sum(0), g.sum(0)

    return batchnorm, hand, norm_args()


@wrong("ddof")
def batch_normalisation_unbiased_on_the_way_back():
    return batchnorm, lambda *a: batchnorm_hand(*a, dx=lambda g, h: g - g.mean(0) - h * (g * h).sum(0) / 5), norm_args()


@wrong("local-derivative-missing")
def batch_normalisation_without_gamma():
    def hand(x, gamma, beta):
        _, dgamma, dbeta = batchnorm_hand(x, gamma, beta)
        s = np.sqrt(x.var(0) + 1e-5)
        h = (x - x.mean(0)) / s
        g = np.cos(gamma * h + beta) * XB
        return (g - g.mean(0) - h * (g * h).mean(0)) / s, dgamma, dbeta

    return batchnorm, hand, norm_args()


@wrong("wrong-node")
def batch_normalisation_gamma_from_x():
    def hand(x, gamma, beta):
        dx, _, dbeta = batchnorm_hand(x, gamma, beta)
        h = (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-5)
        g = np.cos(gamma * h + beta) * XB
        return dx, (g * x).sum(0), dbeta

    return batchnorm, hand, norm_args()


@wrong("wrong-axis")
def layer_norm_for_batch_norm():
    def hand(x):
        s = np.sqrt(x.var(1, keepdims=True) + 1e-5)
        h = (x - x.mean(1, keepdims=True)) / s
        return (XB - XB.mean(1, keepdims=True) - h * (XB * h).mean(1, keepdims=True)) / s

    def f(x):
        return mg.sum((x - x.mean(axis=0, keepdims=True)) / mg.sqrt(x.var(axis=0, keepdims=True) + 1e-5) * XB)

    return f, hand, norm_args()[:1]


# Layer normalisation, and lengths


def layer(x, gain, bias):
    mean = x.mean(axis=1, keepdims=True)
    var = ((x - mean) ** 2).mean(axis=1, keepdims=True)
    return mg.sum(((x - mean) / (var + 1e-5) ** 0.5 * gain + bias) ** 3)


def layer_hand(x, gain, bias, dx=None):
    s = np.sqrt(x.var(1, keepdims=True) + 1e-5)
    h = (x - x.mean(1, keepdims=True)) / s
    g = 3 * (h * gain + bias) ** 2
    gh = g * gain
    inner = gh - gh.mean(1, keepdims=True) - h * (gh * h).mean(1, keepdims=True) if dx is None else dx(gh, h)
    return inner / s, (g * h).sum(0), g.sum(0)


def layer_args():
    r = rng(46)
    return r.normal(size=(5, 4)), r.normal(size=4), r.normal(size=4)


@right
def layer_normalisation():
    return layer, layer_hand, layer_args()


@wrong("batchnorm-mean-constant")
def layer_normalisation_mean_constant():
    return layer, lambda *a: layer_hand(*a, dx=lambda g, h: g - h * (g * h).mean(1, keepdims=True)), layer_args()


@wrong("batchnorm-variance-constant")
def layer_normalisation_variance_constant():
    return layer, lambda *a: layer_hand(*a, dx=lambda g, h: g - g.mean(1, keepdims=True)), layer_args()


@wrong("wrong-axis")
def layer_normalisation_gain_over_the_wrong_axis():
    def hand(x, gain, bias):
        dx, _, dbias = layer_hand(x, gain, bias)
        h = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-5)
        return dx, (3 * (h * gain + bias) ** 2 * h).sum(axis=1), dbias

    return layer, hand, layer_args()


@wrong("sum-vs-mean")
def layer_normalisation_means_as_sums():
    return (
        layer,
        lambda *a: layer_hand(*a, dx=lambda g, h: g - g.sum(1, keepdims=True) - h * (g * h).sum(1, keepdims=True)),
        layer_args(),
    )


@wrong("sign")
def layer_normalisation_plus():
    return (
        layer,
        lambda *a: layer_hand(*a, dx=lambda g, h: g - g.mean(1, keepdims=True) + h * (g * h).mean(1, keepdims=True)),
        layer_args(),
    )


@wrong("constant-vs-variable", "branch-missing")
def unit_length_with_the_norm_constant():
    c = rng(3).normal(size=5)
    return (
        lambda x: mg.sum(x / mg.sqrt(mg.sum(x**2)) * c),
        lambda x: c / np.sqrt((x**2).sum()),
        (rng(4).normal(size=5),),
    )


@right
def unit_length():
    c = rng(3).normal(size=5)

    def hand(x):
        n = np.linalg.norm(x)
        return c / n - x * (x @ c) / n**3

    return lambda x: mg.sum(x / mg.linalg.norm(x) * c), hand, (rng(4).normal(size=5),)


X = rng(40).normal(size=(8, 3))


@wrong("constant-vs-variable")
def through_what_is_held_constant():
    def f(w):
        v = X @ w
        return mg.mean((v - mg.stop_gradient(0.9 * v[::-1])) ** 2)

    def hand(w):
        v = X @ w
        d = 2 * (v - 0.9 * v[::-1]) / 8
        return X.T @ d - 0.9 * X[::-1].T @ d

    return f, hand, (rng(5).normal(size=3),)
