"""Formulas of one number, applied element by element, kinks among them. Read next: `matrices.py`."""

import math

import numpy as np

import minigrad as mg

from .entry import Problem, right, wrong

rng = np.random.default_rng(6)
X = rng.normal(size=5)
C = rng.uniform(0.5, 1.5, 5)
SQRT2 = math.sqrt(2)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def of(f, *args, wrt="x"):
    """The problem of a formula."""
    return Problem(f, args or (X,), wrt)


# Activations


SOFTPLUS = of(lambda x: mg.sum(mg.softplus(x)), np.linspace(-15, 15, 7).astype(np.float32))
SWISH = of(lambda x, c: mg.sum(c * (x * mg.sigmoid(x))), X, C)
GELU = of(lambda x: mg.sum(mg.gelu(x)))
TANH = of(lambda x, c: mg.sum(c * mg.tanh(x)), X, C)
STEEP = of(lambda x: mg.sum(mg.sigmoid(4 * x)), rng.normal(size=6))


@right(SOFTPLUS)
def softplus_as_e_over_one_plus_e(x):
    """In float32, where the naive quotient still holds."""
    return np.exp(x) / (1 + np.exp(x))


@right(SWISH)
def swish_in_terms_of_itself(x, c):
    swish = x * sigmoid(x)
    return c * (swish + sigmoid(x) * (1 - swish))


@right(GELU)
def gelu_by_the_error_function(x):
    cdf = np.array([0.5 * (1 + math.erf(v / SQRT2)) for v in x])
    return cdf + x * np.exp(-0.5 * x**2) / np.sqrt(2 * np.pi)


@right(TANH)
def tanh_by_the_quotient_of_exponentials(x, c):
    e = np.exp(2 * x)
    return c * 4 * e / (e + 1) ** 2


@wrong(SWISH, "branch-missing constant-vs-variable")
def swish_as_if_the_gate_were_fixed(x, c):
    """The product rule with one of its two terms."""
    return c * sigmoid(x)


def gelu_tanh(x):
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


@wrong(GELU, "forward-differs", hand_loss=lambda x: gelu_tanh(x).sum())
def gelu_of_the_tanh_approximation(x):
    """A thousandth away: the derivative is right, of another function."""
    u = np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)
    slope = np.sqrt(2 / np.pi) * (1 + 3 * 0.044715 * x**2)
    return 0.5 * (1 + np.tanh(u)) + 0.5 * x * (1 - np.tanh(u) ** 2) * slope


@wrong(TANH, "local-derivative-at-wrong-point")
def tanh_slope_of_the_input(x, c):
    return c * (1 - x**2)


@wrong(TANH, "forward-differs", hand_loss=lambda x, c: np.sum(c * sigmoid(x)))
def tanh_taken_for_a_sigmoid(x, c):
    return c * sigmoid(x) * (1 - sigmoid(x))


@wrong(STEEP, "factor local-derivative-missing")
def steep_sigmoid_without_its_steepness(x):
    s = sigmoid(4 * x)
    return s * (1 - s)


# Powers, exponentials, logarithms, quotients


CUBE = of(lambda x: mg.sum(x**3))
DEGREES = of(lambda x: mg.sum(mg.sin(x * (math.pi / 180))), 40 * X)
TWO_TO_THE = of(lambda x: mg.sum(2.0**x))
SELF_POWER = of(lambda x: mg.sum(x**x), C)
BELL = of(lambda x: mg.sum(mg.exp(x**2)))
WAVE = of(lambda x: mg.sum(mg.sin(x**2)))
DECADES = of(lambda x: mg.mean(mg.log10(x)), C)
COSINE = of(lambda x, c: mg.sum(c * mg.cos(x)), X, C)
INVERSE = of(lambda x: mg.sum(1 / x), C)
QUOTIENT = of(lambda a, b: mg.sum(a / b), X, C, wrt="a b")
ANGLE = of(lambda s, x: mg.sum(mg.arctan2(s, x)), X, C, wrt="s x")


@right(SELF_POWER)
def self_power_by_the_logarithm(x):
    return np.exp(x * np.log(x)) * (np.log(x) + 1)


@wrong(CUBE, "factor")
def cube_whose_exponent_did_not_come_down(x):
    return x**2


@wrong(DEGREES, "factor local-derivative-missing")
def sine_of_degrees_as_of_radians(x):
    return np.cos(np.deg2rad(x))


@wrong(TWO_TO_THE, "constant-vs-variable operands-swapped")
def exponential_by_the_power_rule(x):
    """d 2ˣ = x 2^(x−1): the exponent taken for the constant."""
    return x * 2 ** (x - 1)


@wrong(TWO_TO_THE, "log-base factor")
def exponential_of_base_two_as_of_e(x):
    return 2**x


@wrong(SELF_POWER, "constant-vs-variable branch-missing")
def self_power_with_a_fixed_exponent(x):
    return x * x ** (x - 1)


@wrong(BELL, "local-derivative-missing")
def exponential_of_a_square_is_its_own_derivative(x):
    return np.exp(x**2)


@wrong(WAVE, "local-derivative-at-wrong-point")
def sine_whose_slope_is_taken_at_the_inner_derivative(x):
    """f'(g'(x)) g'(x)."""
    return np.cos(2 * x) * 2 * x


@wrong(WAVE, "local-derivative-twice")
def sine_with_its_inner_derivative_twice(x):
    return 2 * x * (2 * x * np.cos(x**2))


@wrong(DECADES, "log-base")
def decades_as_nats(x):
    return 1 / x / x.size


@wrong(COSINE, "sign")
def cosine_without_its_minus(x, c):
    return c * np.sin(x)


@wrong(INVERSE, "sign")
def reciprocal_without_its_minus(x):
    return x**-2.0


@wrong(QUOTIENT, "operands-swapped", "b")
def quotient_with_numerator_and_denominator_swapped(a, b):
    """−b/a² for −a/b²."""
    return 1 / b, -b / a**2


@wrong(ANGLE, "operands-swapped")
def angle_with_its_arguments_in_the_other_order(s, x):
    """As atan2(x, y) is in a spreadsheet."""
    r2 = s**2 + x**2
    return -s / r2, x / r2


# Kinks exactly hit, ties, and scales far apart


@right(of(lambda x: mg.sum(mg.relu(x) ** 2 + mg.leaky_relu(x)), np.array([-1.0, 0.0, 2.0])), kink=True)
def leaky_relu_at_zero(x):
    return 2 * np.maximum(x, 0) + np.where(x >= 0, 1, 0.01)


@right(of(lambda x: mg.max(x) * 2, np.array([1.0, 3.0, -2.0, 3.0, 3.0])), kink=True)
def maximum_of_three_equal_goes_to_the_first(x):
    g = np.zeros_like(x)
    g[np.argmax(x)] = 2
    return g


@right(
    of(lambda a, b: mg.sum(mg.maximum(a, b)), np.array([1.0, 2.0, 3.0]), np.array([2.0, 2.0, 2.0]), wrt="a b"),
    kink=True,
)
def maximum_of_two_goes_to_the_left_when_tied(a, b):
    return (a >= b) * 1.0, (a < b) * 1.0


@right(of(lambda x: mg.sum(mg.clip(x, -1, 1)), np.array([-1.0, 0.2, 1.0, 1.7])), kink=True)
def clip_that_is_flat_at_its_bounds(x):
    return ((x > -1) & (x < 1)).astype(float)


@right(of(lambda x: mg.max(x, axis=1).sum(), rng.normal(size=(3, 4))))
def maximum_without_ties(x):
    g = np.zeros(x.shape)
    g[np.arange(3), x.argmax(1)] = 1.0
    return g


SCALES = of(
    lambda a, b, x: mg.sum((a * x + b) ** 2), np.array(3e-8), np.array(2e5), 1e6 * rng.normal(size=4), wrt="a b"
)
TINY = of(lambda x: mg.sum(x**2) * 1e-30)
TINY32 = of(lambda x: mg.mean(mg.tanh(x)), (1e-3 * X).astype(np.float32))


@right(SCALES, rtol=1e-7)
def gradients_of_very_different_size(a, b, x):
    """Σ 2(ax + b)x expanded, which sums in another order."""
    return 2 * (a * (x @ x) + b * x.sum()), 2 * (a * x.sum() + b * len(x))


@right(TINY)
def gradients_of_ten_to_the_minus_thirty(x):
    return x * 2e-30


@wrong(TINY, "half")
def gradients_of_ten_to_the_minus_thirty_halved(x):
    """Far below any absolute tolerance, and still half of what it should be."""
    return 1e-30 * x


@right(TINY32)
def tanh_of_small_numbers_in_float32(x):
    return (1 - np.tanh(x) ** 2) / np.float32(5)
