"""Embeddings, elements, vectors and matrices."""

import numpy as np

import minigrad as mg
from minigrad import nn

from .case import right, rng, sigmoid, wrong

F = nn.functional


IDS = np.array([0, 2, 2, 1, 0])


@wrong("branch-missing", "accumulated")
def embedding_assigned_for_added():
    def hand(table):
        g = np.zeros_like(table)
        g[IDS] = 2 * table[IDS]
        return g

    return lambda table: mg.sum(table[IDS] ** 2), hand, (rng(27).normal(size=(4, 3)),)


@right
def embedding():
    def hand(table):
        g = np.zeros_like(table)
        np.add.at(g, IDS, 2 * table[IDS])
        return g

    return lambda table: mg.sum(table[IDS] ** 2), hand, (rng(27).normal(size=(4, 3)),)


def _of_x(f, hand, seed=28, n=6):
    return lambda x: mg.sum(f(x)), hand, (rng(seed).normal(size=n),)


@wrong("branch-missing", "constant-vs-variable")
def swish_without_the_product_rule():
    return _of_x(mg.silu, lambda x: sigmoid(x))


@right
def swish():
    return _of_x(mg.silu, lambda x: sigmoid(x) + x * sigmoid(x) * (1 - sigmoid(x)))


@wrong("local-derivative-missing")
def softplus_without_the_inner_derivative():
    return _of_x(lambda x: mg.log(1 + mg.exp(x)), lambda x: 1 / (1 + np.exp(x)))


@wrong("sign")
def cosine():
    return _of_x(mg.cos, np.sin)


@wrong("local-derivative-at-wrong-point", "factor")
def cube_with_the_exponent_not_lowered():
    return _of_x(lambda x: x**3, lambda x: 3 * x**3)


@wrong("factor")
def cube_without_the_three():
    return _of_x(lambda x: x**3, lambda x: x**2)


M0 = rng(29).normal(size=(3, 3))


@wrong("transpose")
def quadratic_form_as_if_symmetric():
    return lambda x: x @ M0 @ x, lambda x: 2 * M0 @ x, (rng(30).normal(size=3),)


@wrong("branch-missing", "constant-vs-variable")
def quadratic_form_one_term():
    return lambda x: x @ M0 @ x, lambda x: M0 @ x, (rng(30).normal(size=3),)


@wrong("transpose")
def log_determinant_without_the_transpose():
    return lambda a: mg.log(mg.linalg.det(a)), lambda a: np.linalg.inv(a), (M0 + 4 * np.eye(3),)


@wrong("transpose")
def trace_of_a_product():
    return lambda a: mg.sum(mg.diagonal(a @ M0)), lambda a: M0, (rng(31).normal(size=(3, 3)),)
