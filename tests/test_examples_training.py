"""The examples on starting, descending, normalising and checking show what they say they show.

The laws that every example keeps are in `test_examples.py`.
"""

import pytest
from example_runs import run

pytestmark = pytest.mark.usefixtures("scratch")  # examples 14 and 15 declare operations


def test_small_weights_fade_and_large_ones_saturate_in_deep_networks():
    found = run("07_how_large_should_weights_start").numbers
    for name in ("std 0.001", "std 0.01, AlexNet"):
        assert found[f"{name}: h 10"] <= 1e-8 * found[f"{name}: h 1"]
        assert found[f"{name}: g 1"] <= 1e-8 * found[f"{name}: g 10"]
        assert found[f"{name}: saturated"] == 0
        assert found[f"{name}: read"] <= 0.2
    assert found["std 1: saturated"] >= 0.5
    assert found["std 1: g 1"] >= 100 * found["std 1: g 10"]
    assert found["std 1: read"] <= 0.6
    for name in ("Glorot", "He", "LSUV"):
        assert 0.2 <= found[f"{name}: h 10"] / found[f"{name}: h 1"] <= 2
        assert 0.1 <= found[f"{name}: g 1"] / found[f"{name}: g 10"] <= 10
        assert found[f"{name}: saturated"] <= 0.05
        assert found[f"{name}: read"] >= 0.9
    assert found["LSUV: h 10"] == pytest.approx(found["LSUV: h 1"], rel=0.1)


def test_one_layer_learns_from_every_start_and_overfits_from_large_weights():
    found = run("07_how_large_should_weights_start").numbers
    starts = [key.removesuffix(": read") for key in found if key.endswith(": read")]
    assert len(starts) == 6
    for name in starts:
        assert found[f"{name}: one layer, training"] >= 0.95
        assert (found[f"{name}: one layer, read"] >= 0.93) == (name != "std 1")
    assert found["std 1: one layer, read"] <= 0.9


def test_what_alexnet_drew_suits_its_many_inputs():
    found = run("07_how_large_should_weights_start").numbers
    for inputs in (100, 9216):
        assert found[f"kept of {inputs} inputs"] == pytest.approx(0.01 * inputs**0.5, rel=0.05)


def test_momentum_damps_the_overshoot_in_a_narrow_valley_and_nesterov_more():
    found = run("08_why_momentum").numbers
    assert found["plain descent"] == pytest.approx(2 * 0.8 / (1 - 0.8), rel=1e-3)  # |1 − p·c| = 0.8 at every step
    assert found["momentum"] <= 0.5 * found["plain descent"]
    assert found["Nesterov"] <= 0.5 * found["momentum"]
    steps = [found[f"{name}, steps"] for name in ("plain descent", "momentum", "Nesterov")]
    assert max(steps) <= 1.2 * min(steps)  # at equal speed


def test_plain_descent_needs_no_damping_in_a_round_bowl():
    found = run("08_why_momentum").numbers
    assert found["plain descent, round bowl"] <= 1e-12
    assert 0.3 >= found["momentum, round bowl"] >= 2 * found["Nesterov, round bowl"] > 0
    assert 1 < found["momentum pays from"] < 1.8


def test_nesterov_at_plain_descents_rate_leaves_the_valley():
    assert run("08_why_momentum").numbers["Nesterov, plain rate"] >= 1000


def test_adagrad_stalls_on_a_slope_and_the_others_arrive():
    found = run("09_why_forget_old_gradients").numbers
    assert found["AdaGrad, way left"] >= 0.6
    assert found["AdaGrad, step 80 / step 20"] == pytest.approx((20 / 80) ** 0.5, rel=0.02)
    for name in ("RMSProp", "Adam"):
        assert found[f"{name}, way left"] <= 0.05
        assert found[f"{name}, step 80 / step 20"] >= 0.8


def test_adagrad_settles_where_gradients_are_noise():
    found = run("09_why_forget_old_gradients").numbers
    for name in ("RMSProp", "Adam"):
        assert found["AdaGrad, distance from noise"] <= 0.5 * found[f"{name}, distance from noise"]


def test_adam_without_momentum_is_rmsprop_with_its_bias_corrected():
    assert run("09_why_forget_old_gradients").numbers["Adam without momentum − RMSProp"] <= 1e-11


@pytest.mark.parametrize("start", ["good start", "bad start"])
@pytest.mark.parametrize("rate", ["small rate", "large rate"])
def test_batch_normalisation_forgives_a_bad_start_and_a_large_rate(start, rate):
    found = run("10_why_batch_normalisation").numbers
    assert found[f"{start}, {rate}, with batch normalisation"] >= 0.85
    if (start, rate) == ("good start", "small rate"):  # the control: it makes no difference
        assert found[f"{start}, {rate}, without"] >= 0.88
    else:
        assert found[f"{start}, {rate}, without"] <= 0.4


def test_digits_are_read_by_what_learned_them_and_not_from_shuffled_labels():
    found = run("13_which_digits_does_it_misread").numbers
    assert found["accuracy"] >= 0.96
    assert 0.02 <= found["accuracy from shuffled labels"] <= 0.25
    assert found["confidence where wrong"] + 0.05 <= found["confidence where right"]


def test_gradcheck_finds_the_mistake_that_training_hides():
    found = run("14_how_do_i_check_my_own_layer").numbers
    assert found["forgetful rule passes"] == 0 and found["whole rule passes"] == 1
    assert found["forgetful rule, accuracy"] >= 0.95 and found["whole rule, accuracy"] >= 0.95


def test_differences_are_best_in_between_and_never_make_up_for_a_mistake():
    found = run("14_how_do_i_check_my_own_layer").numbers
    assert found["the forgetful rule, float64: least"] >= 0.05
    central, one_sided = "central differences, float64", "one-sided differences, float64"
    single = "central differences, float32"
    assert found[f"{central}: least"] <= 1e-9
    assert 10 * found[f"{central}: least"] <= found[f"{one_sided}: least"] <= 1e-6
    assert 10 * found[f"{one_sided}: least"] <= found[f"{single}: least"] <= 1e-3
    assert 1e-7 <= found[f"{central}: at h"] <= 1e-4  # about ε^⅓, and ε^½ for one side
    assert 1e-10 <= found[f"{one_sided}: at h"] <= 1e-7
    assert 1e-4 <= found[f"{single}: at h"] <= 1e-1


def test_an_operation_of_ones_own_is_differentiated_twice_by_one_rule():
    found = run("15_how_do_i_add_an_operation").numbers
    assert found["f′, difference from paper"] <= 1e-14 and found["f″, difference from paper"] <= 1e-14
    assert found["passes the check"] == 1 and found["off by a thousandth, passes"] == 0


def test_an_operation_of_ones_own_bends_the_boundary():
    found = run("15_how_do_i_add_an_operation").numbers
    assert found["accuracy with it"] >= 0.95 > 0.92 >= found["accuracy without"]
