"""One logistic unit: the notes N1 to N4."""

import numpy as np

import minigrad as mg
from minigrad import nn

from .case import right, rng, sigmoid, wrong

F = nn.functional


X1, Y1 = rng(1).normal(size=4), 1.0


def unit_mse(w, b):
    o = mg.sigmoid(w @ X1 + b)
    return 0.5 * (Y1 - o) ** 2


def unit_bce(w, b, base=None):
    return F.binary_cross_entropy(mg.sigmoid(w @ X1 + b), Y1, base=base)


def unit_args(seed=2):
    return rng(seed).normal(size=4), 0.3


@right
def logistic_unit_half_squared_error():
    def hand(w, b):
        o = sigmoid(np.dot(w, X1) + b)
        return -(Y1 - o) * o * (1 - o) * X1, -(Y1 - o) * o * (1 - o)

    return unit_mse, hand, unit_args()


@right
def logistic_unit_cross_entropy():
    def hand(w, b):
        o = sigmoid(w @ X1 + b)
        return X1 * (o - Y1), o - Y1

    return unit_bce, hand, unit_args()


@right
def logistic_unit_cross_entropy_the_long_way():
    def hand(w, b):
        o = sigmoid(w @ X1 + b)
        chain = -(Y1 / o - (1 - Y1) / (1 - o)) * o * (1 - o)
        return chain * X1, chain

    return unit_bce, hand, unit_args()


@right
def logistic_unit_in_bits():
    def hand(w, b):
        o = sigmoid(w @ X1 + b)
        return X1 * (o - Y1) / np.log(2), (o - Y1) / np.log(2)

    return lambda w, b: unit_bce(w, b, 2), hand, unit_args()


@wrong("local-derivative-missing")
def logistic_unit_without_the_sigmoids_derivative():
    def hand(w, b):
        o = sigmoid(w @ X1 + b)
        return -(Y1 - o) * X1, -(Y1 - o)

    return unit_mse, hand, unit_args()


@wrong("sign")
def logistic_unit_with_the_wrong_sign():
    def hand(w, b):
        o = sigmoid(w @ X1 + b)
        return (Y1 - o) * o * (1 - o) * X1, (Y1 - o) * o * (1 - o)

    return unit_mse, hand, unit_args()


@wrong("half")
def logistic_unit_with_a_two_too_many():
    def hand(w, b):
        o = sigmoid(w @ X1 + b)
        d = 2 * (o - Y1) * o * (1 - o)
        return d * X1, d

    return unit_mse, hand, unit_args()


@wrong("local-derivative-at-wrong-point")
def logistic_unit_with_z_for_o():
    def hand(w, b):
        z = w @ X1 + b
        d = (sigmoid(z) - Y1) * z * (1 - z)
        return d * X1, d

    return unit_mse, hand, unit_args()


@wrong("local-derivative-at-wrong-point")
def logistic_unit_with_the_derivative_at_o():
    def hand(w, b):
        o = sigmoid(w @ X1 + b)
        d = (o - Y1) * sigmoid(o) * (1 - sigmoid(o))
        return d * X1, d

    return unit_mse, hand, unit_args()


@wrong("local-derivative-twice")
def logistic_unit_cross_entropy_with_a_derivative_that_cancels():
    def hand(w, b):
        o = sigmoid(w @ X1 + b)
        return X1 * (o - Y1) * o * (1 - o), (o - Y1) * o * (1 - o)

    return unit_bce, hand, unit_args()


@wrong("log-base")
def logistic_unit_in_bits_without_the_logarithm_of_two():
    def hand(w, b):
        o = sigmoid(w @ X1 + b)
        return X1 * (o - Y1), o - Y1

    return lambda w, b: unit_bce(w, b, 2), hand, unit_args()


@wrong("log-base")
def logistic_unit_in_nats_with_the_logarithm_of_two():
    def hand(w, b):
        o = sigmoid(w @ X1 + b)
        return X1 * (o - Y1) / np.log(2), (o - Y1) / np.log(2)

    return unit_bce, hand, unit_args()


@wrong("sign")
def logistic_unit_written_out_with_plus_between_the_terms():
    def f(w, b):
        o = 1 / (1 + mg.exp(-(w @ X1 + b)))
        return -(0.7 * mg.log(o) + 0.3 * mg.log(1 - o))

    def hand(w, b):
        o = sigmoid(w @ X1 + b)
        d = -(0.7 / o + 0.3 / (1 - o)) * o * (1 - o)
        return d * X1, d

    return f, hand, unit_args()


@wrong("local-derivative-missing")
def logistic_unit_of_numbers_without_x():
    def f(w, b):
        return -mg.log(mg.sigmoid(w * 1.7 + b))

    def hand(w, b):
        o = sigmoid(1.7 * w + b)
        return o - 1, o - 1

    return f, hand, (0.4, -0.2)
