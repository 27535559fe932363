"""`lab.check` on the derivations of `hand_derived`: none that is right is blamed, every mistake is seen and named."""

import functools
from collections import Counter

import numpy as np
import pytest
from check_cases import CASES

import minigrad as mg
from minigrad import lab
from minigrad.lab.check.report import IDS

RIGHT = [case for case in CASES if not case.ids]
WRONG = [case for case in CASES if case.ids]


@functools.cache
def told(name):
    """Return the report on a case."""
    case = next(case for case in CASES if case.name == name)
    f, hand, args = case.make()
    return lab.check(f, hand, *args, **case.options)


def by_name(cases):
    return pytest.mark.parametrize("case", cases, ids=lambda case: case.name)


def test_there_are_many_and_every_name_comes_up():
    assert len(RIGHT) >= 40 and len(WRONG) >= 150 and len({case.name for case in CASES}) == len(CASES)
    counts = Counter(id for case in WRONG for id in case.ids)
    assert set(counts) | {"error-carried-forward"} == set(IDS)
    assert min(counts.values()) >= 2


@by_name([case for case in CASES if case.name != "logistic_regression_that_remembers"])  # it is right, once
def test_the_cases_are_what_they_say(case):
    f, hand, args = case.make()
    report = told(case.name)
    numbers = case.options.get("argnums", range(len(report.results)))
    numbers = [numbers] if isinstance(numbers, int) else list(numbers)
    with np.errstate(all="ignore"):
        found = hand(*[np.array(a, float) if np.ndim(a) or isinstance(a, float) else a for a in args])
        truth = mg.grad(f, tuple(numbers))(*args)
    found = found if isinstance(found, list | tuple) else [found]
    alike = [np.shape(h) == t.shape and np.allclose(h, t.numpy(), rtol=1e-6, atol=1e-9 * np.abs(t.numpy()).max())
             for h, t in zip(found, truth, strict=True)]  # fmt: skip
    if case.ids:
        assert not all(alike) or "hand_loss" in case.options or case.name == "through_what_is_held_constant"
    elif case.name not in EXCEPT:
        assert all(alike)


# Right, though the numbers or shapes are not those of autodiff: at a kink, after cancellation, with an axis kept.
EXCEPT = {
    "relu_at_exactly_zero", "tied_maximum", "saturated_unit_with_a_formula_that_cancels", "bias_with_a_kept_axis",
    "at_the_minimum",
}  # fmt: skip


@by_name(RIGHT)
def test_a_right_derivation_is_not_blamed(case):
    report = told(case.name)
    assert report.ok and not report.diagnoses, str(report)
    assert {r.verdict for r in report.results.values()} <= {"match", "rounding", "kink"}


@by_name(WRONG)
def test_a_mistake_is_seen_and_named(case):
    report = told(case.name)
    assert not report.ok and report.diagnoses, str(report)
    assert report.diagnoses[0].id in case.ids, str(report)


@by_name(WRONG)
def test_no_other_name_is_claimed(case):
    claimed = {d.id for d in told(case.name).diagnoses if d.certain}
    assert claimed <= set(case.ids), str(told(case.name))


@by_name(WRONG)
def test_what_is_right_beside_a_mistake_is_said_to_be_right(case):
    report = told(case.name)
    if case.name == "logistic_regression_that_remembers":
        return
    for result in report.results.values():
        if np.shape(result.hand) == np.shape(result.truth) and result.verdict == "mistake":
            assert not np.allclose(result.hand, result.truth, rtol=1e-9, atol=0) or "shape" in result.reason
    blamed = {name for d in report.diagnoses for name in d.arguments}
    assert blamed <= set(report.results)


def test_most_mistakes_are_certain():
    certain = [told(case.name).diagnoses[0].certain for case in WRONG if case.ids != ("unexplained",)]
    assert np.mean(certain) >= 0.75
