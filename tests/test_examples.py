"""The examples show what they say they show."""

import math
import runpy
from pathlib import Path

EXAMPLES = Path(__file__).parent.parent / "examples"


def run(name: str) -> dict[str, float]:
    return runpy.run_path(str(EXAMPLES / name))["main"]()


def test_a_network_learns_what_a_line_cannot():
    found = run("01_does_it_learn.py")
    assert found["network"] >= 0.95 > 0.92 >= found["straight line"] >= 0.8


def test_a_derivation_is_right_in_nats_and_off_by_a_constant_in_bits():
    found = run("02_is_my_gradient_right.py")
    assert found["difference in nats"] <= 1e-11  # the probability 1 − o has lost some digits where o is nearly 1
    assert abs(found["ratio in bits"] * math.log(2) - 1) <= 1e-12
