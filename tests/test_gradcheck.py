"""gradcheck must pass what is right, name what is wrong, and tell a kink from a mistake."""

import re

import numpy as np
import pytest

import minigrad as mg
from minigrad.engine import primitives
from minigrad.errors import DtypeError, GradcheckError


def x64(*values):
    return mg.tensor(list(values), dtype="float64", requires_grad=True)


@pytest.fixture
def declare():
    """Return a function that declares a primitive for one test."""
    before = set(primitives)

    def make(body, rule):
        body.__name__ = "declared"
        op = mg.primitive(body)
        op.defvjp(x=rule)
        return op

    yield make
    for name in set(primitives) - before:
        del primitives[name]


def cube(x):
    return x**3


@pytest.mark.parametrize(
    "f",
    [
        lambda x: mg.exp(x) * x,
        lambda x: mg.softmax(x),
        lambda x: x[np.array([0, 0, 1])] ** 2,
        lambda x: mg.where(x > 0, x * x, -x),
        lambda x: mg.stop_gradient(x) * 0 + 1,
        lambda x: x.sum() * mg.tensor([[1.0], [2.0]], dtype="float64"),
    ],
)
def test_right_rules_pass_at_both_orders(f):
    assert mg.gradcheck(f, x64(0.5, -1.0, 2.0)) is True
    assert mg.gradcheck(f, x64(0.5, -1.0, 2.0), order=2) is True


def test_several_inputs_of_which_some_are_constants():
    weight, label = x64(1.0, 2.0), mg.tensor([3, 4])
    assert mg.gradcheck(lambda w, y, n: (w * y) ** n, [weight, label, 2])
    assert mg.gradcheck(mg.power, (x64(1.0, 2.0), x64(2.0, 0.5)), order=2)


def test_empty_and_scalar_inputs():
    assert mg.gradcheck(lambda x: x * x, mg.tensor(np.zeros((0, 2)), requires_grad=True))
    assert mg.gradcheck(mg.sin, mg.tensor(0.3, dtype="float64", requires_grad=True), order=2)


def test_a_wrong_rule_is_named_with_input_element_and_both_values(declare):
    wrong = declare(cube, lambda g, x: g * 3 * x**2 * np.where(x == 2.0, 1.001, 1.0))

    def f(a, b):
        return a + wrong(b)

    with pytest.raises(GradcheckError) as caught:
        mg.gradcheck(f, [x64(0.0, 0.0), x64(1.0, 2.0)])
    text = str(caught.value)
    assert "order 1, input 1, element [1]" in text
    given, difference = (float(number.rstrip(",")) for number in re.findall(r"give (\S+)", text))
    assert given == pytest.approx(difference * 1.001, rel=1e-6)


def test_a_missing_term_is_found_in_a_broadcast_argument(declare):
    wrong = declare(lambda x: x.sum(axis=0), lambda g, x_shape: np.broadcast_to(g, x_shape) * 0.5)
    with pytest.raises(GradcheckError, match=r"input 0, element \[0, 0\]"):
        mg.gradcheck(wrong, mg.tensor(np.ones((2, 3)), requires_grad=True))


def test_order_2_catches_a_rule_that_is_right_only_once(declare):
    def numbers_only(g, x):
        return g * (3 * mg.stop_gradient(x) ** 2)  # right as a number, a constant to whoever differentiates it

    right_once = declare(cube, numbers_only)
    assert mg.gradcheck(right_once, x64(0.5, 2.0))
    with pytest.raises(GradcheckError, match=r"order 2, input 0, element \[0\]: the rules give 0"):
        mg.gradcheck(right_once, x64(0.5, 2.0), order=2)


@pytest.mark.parametrize(
    "f", [mg.relu, mg.leaky_relu, lambda x: mg.clip(x, 0.0, 3.0), lambda x: mg.where(x > 0, x, 2 * x)]
)
def test_a_kink_is_accepted_with_a_warning(f):
    with pytest.warns(UserWarning, match=r"element \[1\]: .*a kink, not a mistake: the slope is .* on the left"):
        assert mg.gradcheck(f, x64(2.5, 0.0))


@pytest.mark.parametrize("f", [mg.absolute, lambda x: mg.maximum(x, 0.0)])
def test_half_way_between_the_slopes_is_what_differences_say_too(f):
    assert mg.gradcheck(f, x64(2.5, 0.0))


def test_a_value_outside_the_slopes_of_a_kink_is_a_mistake(declare):
    wrong = declare(lambda x: np.maximum(x, 0), lambda g, x: g * np.where(x == 0, 2.0, x > 0))
    with pytest.raises(GradcheckError, match=r"at a kink, .*the rule must lie between"):
        mg.gradcheck(wrong, x64(2.5, 0.0))


def test_small_steps_at_large_numbers_are_no_mistake():
    assert mg.gradcheck(lambda x: x * x, x64(1e6, -1e6, 1e-6))
    assert mg.gradcheck(lambda x: mg.sum(x) * 1e8, x64(1.0, 2.0))


def test_the_inputs_are_left_as_they_were():
    x = x64(1.0, 2.0)
    mg.gradcheck(mg.exp, x, order=2)
    assert x.grad is None and x.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("call", "kind", "pattern"),
    [
        (
            lambda: mg.gradcheck(mg.exp, mg.tensor([1.0], requires_grad=True)),
            DtypeError,
            r"input 0 is float32\[1\].*float64",
        ),
        (lambda: mg.gradcheck(mg.exp, x64(1.0), order=3), ValueError, "order must be 1 or 2, got 3"),
        (
            lambda: mg.gradcheck(mg.exp, mg.tensor([1.0], dtype="float64")),
            ValueError,
            "none of the inputs .* requires gradients",
        ),
        (lambda: mg.gradcheck(mg.exp, []), ValueError, "none of the inputs"),
        (lambda: mg.gradcheck(lambda x: 1.0, x64(1.0)), TypeError, "must return a Tensor, got float 1.0"),
    ],
)
def test_bad_arguments(call, kind, pattern):
    with pytest.raises(kind, match=pattern):
        call()
