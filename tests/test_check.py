"""`lab.check` and `lab.compare`: what they take, what they say, and what they say of what cannot be checked."""

import re
import time

import numpy as np
import pytest

import minigrad as mg
from minigrad import lab, nn
from minigrad.errors import GraphError


def unit(w, x):
    return nn.functional.mse_loss(mg.sigmoid(x @ w), np.zeros(4))


ARGS = np.array([0.3, -0.2]), np.random.default_rng(0).normal(size=(4, 2))


def right(w, x):
    o = 1 / (1 + np.exp(-(x @ w)))
    return x.T @ (2 * o * o * (1 - o)) / 4


def without_slope(w, x):
    return x.T @ (2 / (1 + np.exp(-(x @ w)))) / 4


def unit_report(hand=without_slope, **options):
    return lab.check(unit, hand, *ARGS, argnums=0, **options)


# What cannot be checked

calls = iter(range(10**6))
BAD = [
    (unit, lambda w, x: None, "no array of numbers"),
    (unit, lambda w, x: right(w, x)[:1], r"its shape is \[1\], the argument's is \[2\]"),
    (unit, lambda w, x: np.full(2, np.nan), r"it has nan at \[0\]"),
    (unit, lambda w, x: "abc", "no array of numbers"),
    (unit, lambda w, x: right(w, x) + 1j, "no array of numbers"),
    (unit, lambda w, x: (right(w, x), x), r"returned 2 arrays for 1 arguments \(w\)"),
    (unit, lambda w, x: 1 / 0, "hand gradient raised ZeroDivisionError: division by zero"),
    (unit, lambda w: w, "hand gradient raised TypeError"),
    (unit, lambda w, x: right(w, x) * (2 + next(calls)) ** 2, "another at each call"),
    (lambda w, x: x @ w, right, r"f must return a scalar loss, got float64\[4\]; reduce it"),
    (lambda w, x: 3.0, right, "f must return a Tensor"),
    (lambda w, x: mg.tensor(float("nan")) * w.sum(), right, "not finite"),
    (lambda w, x: w.nonsense(), right, "f raised AttributeError"),
    (lambda w, x: unit(w, x) * float(np.random.default_rng().normal()), right, "draws random numbers"),
]


@pytest.mark.parametrize(("f", "hand", "text"), BAD, ids=range(len(BAD)))
def test_what_cannot_be_checked_is_said_in_the_report(f, hand, text):
    report = lab.check(f, hand, *ARGS, argnums=0)
    assert not report.ok and not any(d.certain for d in report.diagnoses)
    assert re.search(text, str(report)), str(report)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: lab.check(3, right, *ARGS), "check: f must be a function, got int 3"),
        (lambda: lab.check(unit, ARGS[0], *ARGS), r"check: hand must be a function, got float64\[2\]; compare"),
        (lambda: lab.check(unit, right, 1, 2), "none of the 2 arguments is a floating array"),
        (lambda: lab.check(unit, right, *ARGS, argnums=5), "argnums names 5; of the 2 arguments"),
    ],
)
def test_a_call_that_makes_no_sense_is_refused(call, text):
    with pytest.raises((TypeError, ValueError), match=text):
        call()


def test_arguments_are_copies_and_it_is_said_when_they_are_written_into():
    def hand(w, x):
        w -= 1
        return right(w + 1, x)

    w = ARGS[0].copy()
    report = lab.check(unit, hand, w, ARGS[1], argnums=0)
    assert report.ok and np.array_equal(w, ARGS[0])
    assert "writes into its arguments (w)" in str(report)


def test_one_bad_gradient_does_not_hide_the_others():
    def f(a, b):
        return mg.sum(a * a) + mg.sum(b * b)

    report = lab.check(f, lambda a, b: (None, -2 * b), np.ones(2), np.array([1.0, 2.0]))
    assert report.results["a"].verdict == "mistake" and "no array" in report.results["a"].reason
    assert {d.id for d in report.results["b"].diagnoses} == {"sign"}


# What it takes


def test_arguments_may_be_lists_numbers_and_tensors():
    def f(w, b, y):
        return mg.sum((w * b - y) ** 2)

    def hand(w, b, y):
        return 2 * (w * b - y) * b, np.sum(2 * (w * b - y) * w)

    for w in ([1.0, 2.0], mg.tensor([1.0, 2.0]), np.array([1.0, 2.0], np.float32)):
        assert lab.check(f, hand, w, 0.5, [3, 1]).ok


def test_the_arguments_are_those_that_the_gradient_has_the_shapes_of():
    def f(x, w):
        return mg.sum((x @ w) ** 2)

    report = lab.check(f, lambda x, w: 2 * x.T @ (x @ w), np.ones((4, 3)) * 0.3, np.array([1.0, 2.0, 3.0]))
    assert report.ok and list(report.results) == ["w"]


def test_names_are_the_parameters_or_those_given():
    assert list(unit_report().results) == ["w"]
    assert list(unit_report(names=["weights", "x"]).results) == ["weights"]
    assert list(unit_report(names="u").results) == ["u"]
    assert list(unit_report(right_by_name := lambda w, x: {"w": right(w, x)}).results) == ["w"]
    assert unit_report(right_by_name).ok


def test_the_loss_is_compared_first():
    assert unit_report(right, hand_loss=unit(*map(mg.tensor, ARGS)).item()).ok
    report = unit_report(right, hand_loss=lambda w, x: 2 * unit(mg.tensor(w), mg.tensor(x)))
    assert not report.ok and report.diagnoses[0].id == "forward-differs" and report.diagnoses[0].factor == 2
    assert report.results["w"].verdict == "match"
    assert "✗ loss" in str(report)
    assert "hand_loss must be a number" in str(unit_report(right, hand_loss="abc"))
    assert "hand_loss raised" in str(unit_report(right, hand_loss=lambda: 3))


# What it says


def test_a_report_reads_like_a_teacher_and_shows_itself():
    report = unit_report()
    text = str(report)
    assert "✗ w: differs, most at" in text and "local derivative of sigmoid" in text and "is missing" in text
    assert "test_check.py:" in text and "return nn.functional.mse_loss(mg.sigmoid(x @ w), np.zeros(4))" in text
    assert "σ(z)(1 − σ(z))" in text and "here and at 2 other points" in text
    assert repr(report) == "<Report: local-derivative-missing>" and not report
    from rich.console import Console

    with (console := Console(width=200, color_system=None)).capture() as shown:
        console.print(report)
    assert [line.rstrip() for line in shown.get().splitlines()] == text.splitlines()
    assert "local derivative of sigmoid" in report._repr_html_() and "<div" in report._repr_html_()
    assert "**The local derivative" in report._repr_markdown_()
    assert str(unit_report(right)).endswith("The derivation is right.")


def test_a_factor_is_told_by_its_meaning():
    diagnosis = unit_report(lambda w, x: 4 * right(w, x)).diagnoses[0]
    assert diagnosis.id == "sum-vs-mean" and diagnosis.factor == pytest.approx(4) and diagnosis.certain
    assert "N = 4" in diagnosis.message and "PyTorch" in diagnosis.message


def test_ties_are_told_as_ties_and_other_sizes_resolve_them():
    def loss(w, x, y):
        return nn.functional.mse_loss(x @ w, y)

    def hand(w, x, y):
        return 2 * x.T @ (x @ w - y)

    x, y, w = np.array([[1.0, 2.0], [0.5, -1.0]]), np.array([1.0, 0.0]), np.array([0.3, 0.1])
    assert [d.id for d in lab.check(loss, hand, w, x, y, argnums=0).diagnoses] == ["sum-vs-mean"]
    tied = lab.check(lambda w: loss(w, x, y), lambda w: hand(w, x, y), w)
    assert {d.id for d in tied.diagnoses} >= {"sum-vs-mean", "half"} and not any(d.certain for d in tied.diagnoses)
    assert "Each of these" in str(tied)


def two_layers(w, v):
    return mg.mean((mg.tanh(X @ w) @ v - 1) ** 2)


X = np.random.default_rng(1).normal(size=(5, 3))
TWO = np.random.default_rng(2).normal(size=(3, 4)), np.random.default_rng(3).normal(size=(4, 2))


def test_an_error_made_once_is_blamed_once_and_carried_forward():
    def hand(w, v):
        h = np.tanh(X @ w)
        d = np.exp(h @ v) * 0.1  # no known mistake
        return X.T @ (d @ v.T * (1 - h**2)), h.T @ d

    report = lab.check(two_layers, hand, *TWO)
    first, second = report.diagnoses
    assert first.id == "unexplained" and first.arguments == ("v",) and not first.certain
    assert second.id == "error-carried-forward" and second.arguments == ("w",)
    assert "every element differs" in first.message and "the loss" in first.message


def test_a_gradient_without_a_name_says_which_elements_differ():
    report = unit_report(lambda w, x: right(w, x) + np.array([0.0, 0.123 * np.sin(w[0])]))
    assert report.diagnoses[0].id == "unexplained" and "1 of 2 elements differ, at [1]" in str(report)


def test_it_is_quick():
    def hand(w, v):
        h = np.tanh(X @ w)
        d = 2 * (h @ v - 1) / 10
        return X.T @ (d @ v.T), h.T @ d

    start = time.process_time()
    report = lab.check(two_layers, hand, *TWO)
    assert report.diagnoses[0].id == "local-derivative-missing"
    assert time.process_time() - start < 2


# A live graph


def test_arrays_alone_are_compared_on_a_live_graph():
    w = mg.tensor(ARGS[0], requires_grad=True)
    loss = unit(w, ARGS[1])
    assert lab.compare(loss, {w: right(*ARGS)}).ok
    report = lab.compare(loss, {w: -right(*ARGS)})
    assert report.diagnoses[0].id == "sign" and not report.diagnoses[0].certain  # of two elements
    assert w.grad is None
    loss.backward()
    with pytest.raises(GraphError, match="freed"):
        lab.compare(loss, {w: right(*ARGS)})


def test_a_network_is_compared_by_names_and_lines():
    mg.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    with lab.annotate():
        loss = nn.functional.cross_entropy(model(mg.tensor(X.astype(np.float32))), [0, 1, 1, 0, 1])
    w, b, v, c = (p.numpy() for p in model.parameters())
    h = np.tanh(X @ w.T + b)
    e = np.exp(h @ v.T + c)
    d = (e / e.sum(1, keepdims=True) - np.eye(2)[[0, 1, 1, 0, 1]]) / 5
    grads = {"0.weight": (d @ v).T @ X, "2.weight": d.T @ h, "2.bias": d.sum(0)}
    report = lab.compare(loss, grads)
    assert {name: r.verdict for name, r in report.results.items()} == {
        "0.weight": "mistake", "2.weight": "match", "2.bias": "match",
    }  # fmt: skip
    assert report.diagnoses[0].id == "local-derivative-missing" and report.diagnoses[0].certain


def test_compare_refuses_what_is_no_leaf():
    w = mg.tensor(ARGS[0], requires_grad=True, name="w")
    with pytest.raises(KeyError, match="'v' is no leaf of this graph; its leaves are w"):
        lab.compare(unit(w, ARGS[1]), {"v": ARGS[0]})
    with pytest.raises(ValueError, match=r"the loss must be a scalar, got float64\[2\]"):
        lab.compare(w * 2, {w: ARGS[0]})
    with pytest.raises(GraphError, match="computed from one that requires gradients"):
        lab.compare(mg.tensor(1.0), {w: ARGS[0]})


def test_a_gradient_of_nothing_but_zeros_is_said_to_show_little():
    x = np.array([[-3.0, -1.0]])
    report = lab.check(lambda w: mg.sum(mg.relu(x @ w)), lambda w: 5 * x.T @ (x @ w > 0), np.array([1.0, 2.0]))
    assert report.ok and "shows little" in str(report)
    report = lab.check(lambda w: mg.sum(mg.relu(x @ w)), lambda w: x.T @ (x @ w > 0), np.array([-1.0, -2.0]))
    assert report.ok and not report.notes


def test_what_vanishes_is_right_only_where_it_agrees_when_it_does_not_vanish():
    x, y = np.array([[100.0, 1.0]]), np.array([1.0])
    loss, w = (lambda w: nn.functional.binary_cross_entropy_with_logits(x @ w, y)), np.array([1.0, 0.1])
    error = lambda w: 1 / (1 + np.exp(-(x @ w))) - y
    assert lab.check(loss, lambda w: x.T @ error(w), w).results["w"].verdict == "rounding"
    assert not lab.check(loss, lambda w: 2 * x.T @ error(w) + 1e-40 * w, w).ok


def test_a_gradient_that_is_nothing_but_rounding_hides_no_mistake_in_another():
    """A number added to every logit changes nothing: of its gradient rounding is all, in both."""
    rng = np.random.default_rng(3)
    w, x, t = rng.normal(size=(3, 4)), rng.normal(size=(5, 3)), np.eye(4)[[0, 3, 1, 2, 0]]

    def loss(c, w):
        return -mg.sum(t * mg.log_softmax(x @ w + c, axis=1))

    def by_hand(c, w, sign=-1.0):
        raised = np.exp(x @ w + c)
        d = raised / raised.sum(1, keepdims=True) - t
        return d.sum(), sign * x.T @ d

    report = lab.check(loss, by_hand, np.array(0.3), w)
    assert [r.verdict for r in report.results.values()] == ["rounding", "mistake"]
    assert [(d.id, d.arguments, d.certain) for d in report.diagnoses] == [("sign", ("w",), True)]
    assert lab.check(loss, lambda c, w: by_hand(c, w, 1.0), np.array(0.3), w).ok


def test_numbers_that_f_makes_are_of_the_precision_of_the_check():
    before = mg.get_default_dtype()
    report = lab.check(lambda w: mg.sum(w**2) / mg.sqrt(3.0), lambda w: 2 * w / np.sqrt(3), ARGS[0])
    assert report.results["w"].verdict == "match" and mg.get_default_dtype() is before
    assert lab.check(lambda w: w.nonsense(), lambda w: w, ARGS[0]).problem and mg.get_default_dtype() is before


def test_gradients_too_large_to_be_squared_are_compared_with_a_penalty_all_the_same():
    rng = np.random.default_rng(0)
    w, x = rng.normal(size=3), 1e170 * rng.normal(size=(4, 3))
    report = lab.check(lambda w: mg.sum(x @ w), lambda w: x.sum(0) * np.array([1.0, 2, 3]), w)
    assert not report.ok and not report.problem
