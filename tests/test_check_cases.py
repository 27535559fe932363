"""`lab.check` on the derivations of `hand_derived`: none that is right is blamed, every mistake is seen and named.

An everyday run takes every sixth case; `WHOLE_SET=1 pytest -n0 tests/test_check_cases.py` takes all.
"""

import functools
from collections import Counter

import numpy as np
import pytest
from hand_derived import CASES as ALL
from helpers import some

import minigrad as mg
from minigrad import lab
from minigrad.lab.check.report import IDS

CASES = some(ALL, 6)
RIGHT = [case for case in CASES if not case.ids]
WRONG = [case for case in CASES if case.ids]


@functools.cache
def told(name):
    """Return the report on a case."""
    case = next(case for case in ALL if case.name == name)
    f, hand, args = case.make()
    return lab.check(f, hand, *args, **case.options)


def by_name(cases):
    return pytest.mark.parametrize("case", cases, ids=lambda case: case.name)


def test_there_are_many_and_every_name_comes_up():
    assert len(ALL) >= 200 and sum(not case.ids for case in ALL) >= 50 and len({c.name for c in ALL}) == len(ALL)
    counts = Counter(id for case in ALL for id in case.ids)
    assert set(counts) | {"error-carried-forward"} == set(IDS)
    assert min(counts.values()) >= 2


# What autodiff does not give: a choice at a kink, an axis that is kept, the gradient of what f holds constant.
OTHERWISE = {
    "relu_at_exactly_zero", "tied_maximum", "absolute_value_of_zero", "clipped_at_a_bound", "bias_with_a_kept_axis",
    "scalar_gradients_of_length_one", "saturated_and_written_out", "at_the_minimum", "cast_to_float32_inside",
    "by_a_dictionary", "logistic_regression_that_remembers", "loss_differs",
}  # fmt: skip


@by_name([case for case in CASES if case.name not in OTHERWISE])
def test_a_case_is_what_it_says(case):
    f, hand, args = case.make()
    numbers = case.options.get("argnums")
    numbers = tuple(range(len(told(case.name).results))) if numbers is None else numbers
    numbers = (numbers,) if isinstance(numbers, int) else numbers
    arrays = [np.array(a, float) if getattr(a, "dtype", np.dtype(float)).kind == "f" else a for a in args]
    with np.errstate(all="ignore"):
        found, truth = hand(*map(np.copy, arrays)), mg.grad(f, numbers)(*arrays)
    found = found if isinstance(found, list | tuple) else [found]
    alike = all(
        np.shape(mine) == right.shape and np.allclose(mine, right.numpy(), rtol=1e-6, atol=1e-9)
        for mine, right in zip(found, truth, strict=True)
    )
    assert alike is not bool(case.ids)


@by_name(RIGHT)
def test_a_right_derivation_is_left_alone(case):
    report = told(case.name)
    assert report.ok and not report.diagnoses, str(report)
    assert {r.verdict for r in report.results.values()} <= {"match", "rounding", "kink"}


@by_name(WRONG)
def test_a_mistake_is_seen_and_named_and_no_other_name_is_claimed(case):
    report = told(case.name)
    assert not report.ok and report.diagnoses[0].id in case.ids, str(report)
    assert {d.id for d in report.diagnoses if d.certain} <= set(case.ids), str(report)
    assert {name for d in report.diagnoses for name in d.arguments} <= set(report.results)


def test_most_mistakes_are_certain():
    certain = [told(case.name).diagnoses[0].certain for case in WRONG if "unexplained" not in case.ids]
    assert np.mean(certain) >= 0.75
