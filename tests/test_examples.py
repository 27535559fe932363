"""The examples keep to one form, and show what they say they show."""

import ast
import inspect
import io
import math
import runpy
import sys

import matplotlib.image
import numpy as np
import pytest
from example_runs import DRAWN, EXAMPLES, PATHS, run

import minigrad as mg
from minigrad.nn import init

pytestmark = pytest.mark.usefixtures("scratch")  # some examples declare operations
every_example = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


# Laws of every example


def test_examples_are_numbered_once_each():
    assert [path.name[:2] for path in PATHS] == [f"{number:02}" for number in range(1, len(PATHS) + 1)]


@every_example
def test_it_begins_with_a_question_as_its_title(path):
    title, underline, blank, text, *_ = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))).splitlines()
    assert title.endswith("?") and underline == "=" * len(title) and not blank and text


@every_example
def test_its_docstring_is_restructured_text(path):
    core = pytest.importorskip("docutils.core", reason="docutils reads reStructuredText; it comes with Sphinx")
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    core.publish_doctree(text, settings_overrides={"halt_level": 2, "report_level": 2})


@every_example
def test_its_main_takes_a_picture_and_gives_numbers(path):
    module = runpy.run_path(str(path))
    signature = inspect.signature(module["main"], eval_str=True)
    assert list(signature.parameters) == ["picture"] and signature.return_annotation == dict[str, float]
    assert signature.parameters["picture"].default == module["PICTURE"] == path.with_suffix(".png")
    assert inspect.getdoc(module["main"])
    assert path.read_text(encoding="utf-8").endswith('\n\n\nif __name__ == "__main__":\n    main()\n')


@every_example
def test_it_needs_minigrad_and_numpy_alone(path):
    loaded = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            loaded |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            loaded.add(node.module.partition(".")[0])
    assert loaded <= {"minigrad", "numpy"} | sys.stdlib_module_names


@every_example
def test_it_can_be_read_in_one_sitting(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 160


@every_example
def test_it_prints_and_returns_finite_numbers(path):
    numbers = run(path.stem).numbers
    assert numbers and all(type(key) is str and type(value) is float for key, value in numbers.items())
    assert all(map(math.isfinite, numbers.values()))
    assert len(run(path.stem).printed.splitlines()) >= 2


@pytest.mark.parametrize("path", [p for p in PATHS if p.name[:2] in ("01", "02", "08", "12")], ids=lambda p: p.stem)
def test_it_gives_the_same_numbers_again_and_without_a_picture_draws_nothing(path):
    main = runpy.run_path(str(path))["main"]
    main.__globals__["picture"] = None  # so that drawing would fail
    mg.manual_seed(1)  # whatever was drawn before
    assert main(None) == run(path.stem).numbers


@pytest.mark.parametrize("path", DRAWN, ids=lambda path: path.stem)
def test_it_leaves_its_picture_and_nothing_else(path):
    files = run(path.stem).files
    assert list(files) == ["drawn.png"]
    pixels = matplotlib.image.imread(io.BytesIO(files["drawn.png"]), format="png")
    height, width, _ = pixels.shape
    assert width >= 900 and height >= 600
    assert len(np.unique(pixels[::4, ::4].sum(axis=2))) >= 8  # it is not blank


# What each of them claims, with the control that shows it is no accident of the set-up


def test_a_network_learns_what_a_line_cannot():
    found = run("01_does_it_learn").numbers
    assert found["network"] >= 0.95 > 0.92 >= found["straight line"] >= 0.8


def test_a_derivation_is_right_in_nats_and_off_by_a_constant_in_bits():
    found = run("02_is_my_gradient_right").numbers
    assert found["difference in nats"] <= 1e-11  # the probability 1 − o has lost some digits where o is nearly 1
    for end in ("least", "most"):
        assert abs(found[f"ratio in bits, at {end}"] * math.log(2) - 1) <= 1e-10
    assert found["difference with the slip"] >= 1


def test_squared_error_crawls_where_the_unit_is_saturated_and_only_there():
    found = run("03_why_cross_entropy").numbers

    def more(name, start, what):
        """Return how many times as much the first of two losses takes as the other."""
        return found[f"{name} from {start}: {what}"] / found[f"cross entropy from {start}: {what}"]

    assert more("squared error", 0.98, "first gradient") == pytest.approx(0.98 * 0.02)  # σ'
    assert more("squared error", 0.98, "steps") >= 10
    assert more("squared error, 4 × the rate", 0.98, "steps") >= 3
    assert more("squared error", 0.5, "first gradient") == pytest.approx(0.25)
    assert 0.8 <= more("squared error, 4 × the rate", 0.5, "steps") <= 1.3


def test_positive_features_make_descent_zigzag_and_standardised_ones_do_not():
    found = run("04_why_zigzag").numbers
    for name in ("positive", "rescaled"):  # dividing by the standard deviation alone changes nothing
        assert found[f"{name}: examples that pull alike"] == found[f"{name}: steps that move alike"] == 1
        assert found[f"{name}: path / distance"] >= 7 and found[f"{name}: steps"] >= 30
    assert 0.3 <= found["standardised: examples that pull alike"] <= 0.7
    assert found["standardised: steps that move alike"] == 0
    assert found["standardised: path / distance"] <= 1.5 and found["standardised: steps"] <= 5


def test_a_small_feature_learns_slowly_until_it_is_standardised():
    found = run("05_why_standardise").numbers
    assert found["as they are: small"] >= 5000 * found["as they are: large"]
    assert found["standardised: small"] == found["standardised: large"] == found["as they are: large"] <= 3


STARTS = runpy.run_path(str(EXAMPLES / "06_why_random_weights.py"))


@pytest.mark.parametrize("name", STARTS["EQUAL"])
def test_nodes_that_start_equal_stay_equal_to_the_last_bit(name):
    found = run("06_why_random_weights").numbers
    assert found[f"{name}: apart at most"] == 0 and found[f"{name}: accuracy"] <= 0.85


@pytest.mark.parametrize("name", STARTS["DRAWN"])
def test_nodes_that_start_different_part_and_learn(name):
    found = run("06_why_random_weights").numbers
    assert found[f"{name}: apart at least"] > 0 and found[f"{name}: apart at most"] >= 1
    assert found[f"{name}: accuracy"] >= 0.97


def test_the_starts_are_all_there_are():
    known = {name for name, value in vars(init).items() if name.endswith("_") and inspect.isfunction(value)}
    shown = {name.partition(",")[0] for name in (*STARTS["EQUAL"], *STARTS["DRAWN"])}
    assert shown == known - {"lsuv_"}  # which needs a batch, and starts orthogonal


def test_a_boundary_bends_round_both_spirals_and_a_line_does_not():
    found = run("11_how_does_a_boundary_form").numbers
    assert found["network: epoch 1"] <= 0.8 and found["network: end"] >= 0.97
    assert found["straight line: end"] <= 0.75


def test_many_points_average_the_noise_away_and_few_do_not():
    found = run("12_does_it_find_the_sine").numbers
    noise = 0.3
    assert found["Network, 200 points: off the sine"] <= noise / 2
    assert found["Network, 200 points: off the points"] >= 0.8 * noise
    assert found["Line, 200 points: off the sine"] >= 0.4
    assert found["Network, 12 points: off the points"] <= noise / 2 < found["Network, 12 points: off the sine"]
    for name in ("Network, 200 points", "Line, 200 points", "Network, 12 points"):
        assert found[f"{name}: off the sine outside"] >= 2 * found[f"{name}: off the sine"]


# On starting, descending, normalising and checking


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


# On the laboratory

MISTAKES = ["y − o", "no 1/N", "in bits", "no tanh′", "tanh′ at h", "first row for b"]


def test_mistakes_are_named_that_the_direction_hides():
    numbers = run("16_where_is_my_mistake").numbers
    assert all(numbers[f"{name}: named"] >= 1 for name in MISTAKES)
    assert numbers["right: named"] == 0  # the control
    assert numbers["in bits: alike"] == pytest.approx(1) and numbers["tanh′ at h: alike"] > 0.99
