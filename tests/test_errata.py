"""The errata E1–E6: what the notes print and what is right, both computed."""

import numpy as np
import pytest

from minigrad.lab.notes.by_hand import optimizers, slips
from minigrad.lab.notes.derivations import ERRATA

BY_ID = {erratum.id: erratum for erratum in ERRATA}


def evaluated(id):
    return {what: (note, algebra) for what, note, algebra in BY_ID[id].evaluate()}


def test_e1_is_a_missing_nought():
    ((note, algebra),) = evaluated("E1").values()
    assert f"{note:.4f}" == "13.2877" and f"{algebra:.4f}" == "9.9658"
    assert note == -np.log2(0.0001) and algebra == -np.log2(0.001)


def test_e2_is_a_factor_of_1_over_ln_2():
    (note, algebra), (off_note, off_algebra) = evaluated("E2").values()
    assert note == pytest.approx(1.96) and algebra / note == pytest.approx(1.4426950408889634)
    assert off_note > 0.8 and off_algebra < 1e-7


def test_e3_is_a_lost_minus():
    for (note, algebra), printed in zip(evaluated("E3").values(), (4.2990, 0.2584), strict=True):
        assert round(algebra, 4) == printed and note == -algebra


def distance(id, steps, prefix=""):
    return evaluated(id)[f"{prefix}after {steps} step{'s' * (steps > 1)}, distance"]


START = np.hypot(-1.5, 1.0)


def test_e4_ascends():
    assert evaluated("E4")["Δθ / p of the first step, g = 1"] == pytest.approx((1, -1))
    for steps in (1, 10):
        note, algebra = distance("E4", steps)
        assert algebra < START < note
    assert distance("E4", 10)[0] > 1.5 * START


def test_e5_compounds():
    found = evaluated("E5")
    for name, growth in (("v̂", [1, 1 / 0.19]), ("r̂", [1, 1 / 0.001999])):
        values = [found[f"{name} at t = {t}, g = 1 throughout"] for t in (1, 2, 3)]
        assert [algebra for _, algebra in values] == pytest.approx([1, 1, 1])  # the mean of a constant is that constant
        assert [note for note, _ in values[:2]] == pytest.approx(growth)
        assert values[2][0] > 3 * values[1][0]
    assert distance("E5", 1)[0] == distance("E5", 1)[1]  # at t = 1 there is nothing to correct twice
    note, algebra = distance("E5", 10)
    assert algebra < 0.6 < 1.6 < note < START  # the steps have died out


def test_e6_takes_the_root_of_a_negative_number():
    found = evaluated("E6")
    assert found["r̂ at t = 1, g = 1"][0] > 1e4 and found["r̂ at t = 1, g = -1"][0] < -1e4
    assert found["r̂ at t = 1, g = 1"][1] == pytest.approx(1) == found["r̂ at t = 1, g = -1"][1]
    for steps in ("after 1 step", "after 10 steps"):
        assert np.isnan(found[f"{steps}, x"][0]) and np.isnan(found[f"{steps}, distance"][0])
        assert np.isfinite(found[f"{steps}, y"][0]) and np.isfinite(found[f"{steps}, x"][1])


def test_all_three_slips_at_once_are_not_a_number_either():
    found = evaluated("E6")
    assert sum(what.startswith("E4, E5 and E6 at once") for what in found) == 6
    assert np.isnan(distance("E6", 10, "E4, E5 and E6 at once, ")[0])
    assert abs(found["E4, E5 and E6 at once, after 10 steps, x"][0]) > 20  # and what is one is far away


def test_without_slips_it_is_the_hand_side_of_n20():
    start = np.array([-1.2, 1.0])
    path = slips.adam(lambda theta: optimizers.bowl(theta[None])[0], start, 0.1, 10)
    _, _, theta, *_ = optimizers.adam(start[None], np.array([0.1, 0.05]))
    np.testing.assert_array_equal(path["θ"][-1], theta[0])
    assert [values.shape for values in path.values()] == [(11, 2), (10, 2), (10, 2)]


@pytest.mark.parametrize("erratum", ERRATA, ids=lambda e: e.id)
def test_every_erratum_says_what_comes_of_it(erratum):
    assert erratum.note and erratum.algebra and erratum.effect.endswith(".")
    assert any(note != algebra for _, note, algebra in erratum.evaluate())
    assert np.isfinite([algebra for _, _, algebra in erratum.evaluate()]).all()
