"""`lab.check` on derivations as learners write them: right ones are left alone, mistakes are detected and named.

An everyday run takes every fourth case; `WHOLE_SET=1 pytest -n0 tests/test_check.py` takes all.
"""

import os
import re

import numpy as np
import pytest
from hand_derived import CASES as ALL

import minigrad as mg
from minigrad import lab, nn

CASES = ALL if "WHOLE_SET" in os.environ else ALL[::4]


def checked(case):
    f, hand, args = case.make()
    return lab.check(f, hand, *args, **case.options)


def test_the_set_is_large():
    assert len(ALL) >= 60
    assert sum(not c.ids for c in ALL) >= 15


@pytest.mark.parametrize("case", [c for c in CASES if not c.ids], ids=lambda c: c.name)
def test_a_right_derivation_is_left_alone(case):
    report = checked(case)
    assert report.ok and not any(r.verdict == "mistake" for r in report.results.values()), str(report)


@pytest.mark.parametrize("case", [c for c in CASES if c.ids], ids=lambda c: c.name)
def test_a_mistake_is_detected_and_named(case):
    report = checked(case)
    assert not report.ok
    assert report.diagnoses[0].id in case.ids, str(report)
    assert all(d.id in case.ids for d in report.diagnoses if d.certain and case.ids != ("unexplained",)), str(report)


def unit(w, x):
    return nn.functional.mse_loss(mg.sigmoid(x @ w), np.zeros(4))


ARGS = np.array([0.3, -0.2]), np.random.default_rng(0).normal(size=(4, 2))


def right(w, x):
    o = 1 / (1 + np.exp(-(x @ w)))
    return x.T @ (2 * o * o * (1 - o)) / 4


BAD = [
    (unit, lambda w, x: None, "no array of numbers"),
    (unit, lambda w, x: right(w, x)[:1], r"shape|\[1\]|\(1,\)"),
    (unit, lambda w, x: np.full(2, np.nan), "(?i)nan"),
    (unit, lambda w, x: "abc", "no array of numbers"),
    (lambda w, x: x @ w, right, "scalar"),
    (lambda w, x: 3.0, right, "(?i)tensor"),
    (lambda w, x: unit(w, x) * float(np.random.default_rng().normal()), right, "random|same|twice|repeat"),
]


@pytest.mark.parametrize(("f", "hand", "text"), BAD, ids=range(len(BAD)))
def test_what_cannot_be_checked_is_said_in_the_report(f, hand, text):
    report = lab.check(f, hand, *ARGS, argnums=0)
    assert not report.ok
    assert re.search(text, str(report)), str(report)


def test_a_report_reads_like_a_teacher_and_shows_itself():
    report = lab.check(unit, lambda w, x: -right(w, x), *ARGS, argnums=0, names=["w"])
    assert report.results["w"].verdict == "mistake" and report.diagnoses[0].id == "sign"
    assert report.diagnoses[0].certain and report.diagnoses[0].message
    assert "w" in str(report) and "sign" in str(report)


def test_arrays_alone_are_compared_on_a_live_graph():
    w = mg.tensor(ARGS[0], requires_grad=True)
    loss = unit(w, ARGS[1])
    assert lab.compare(loss, {w: right(*ARGS)}).ok
    report = lab.compare(loss, {w: 2 * right(*ARGS)})
    assert not report.ok and report.diagnoses
    assert w.grad is None
