"""What the examples on the laboratory claim, with their controls."""

import pytest
from example_runs import run

MISTAKES = ["y − o", "no 1/N", "in bits", "no tanh′", "tanh′ at h", "first row for b"]


def test_mistakes_are_named_that_the_direction_hides():
    numbers = run("16_where_is_my_mistake").numbers
    assert all(numbers[f"{name}: named"] >= 1 for name in MISTAKES)
    assert numbers["right: named"] == 0  # the control
    assert numbers["in bits: alike"] == pytest.approx(1) and numbers["tanh′ at h: alike"] > 0.99
