"""`lab.steps` does what the engine does, and stops after every rule."""

import numpy as np
import pytest
from example_runs import run

import minigrad as mg
from minigrad import lab, nn
from minigrad.errors import GraphError, ShapeError
from minigrad.lab.show.formula import rule_name, rule_text, shown


def mlp():
    """Return a network's loss, annotated, and its parameters."""
    mg.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    x = np.random.default_rng(0).normal(size=(5, 3)).astype("float32")
    with lab.annotate():
        loss = nn.functional.cross_entropy(model(x), np.array([0, 1, 1, 0, 1]))
        loss = loss + 0.1 * (model[0].weight ** 2).sum()
    return loss, list(model.parameters())


def unrolled():
    """Return the loss of a recurrent cell, whose weights are used again and again."""
    rng = np.random.default_rng(1)
    u, v = (mg.tensor(rng.normal(size=(3, 3)), requires_grad=True) for _ in range(2))
    h = mg.zeros((2, 3), dtype="float64")
    for _ in range(6):
        h = mg.tanh(mg.tensor(rng.normal(size=(2, 3))) @ u + h @ v)
    return (h * h).mean(), [u, v]


def joined():
    """Return a loss in which values are joined, repeated, chosen and broadcast, and its leaves."""
    a, b = (mg.tensor(np.arange(3.0) + i, requires_grad=True) for i in range(2))
    c = mg.concatenate([a, b, a]).reshape(3, 3)
    return (mg.where(c > 1, c * b, a).max(axis=0) / mg.stack([a + 1, b]).sum()).sum(), [a, b]


@pytest.mark.parametrize("make", [mlp, unrolled, joined])
def test_the_sums_at_the_end_are_those_of_backward_to_the_last_bit(make):
    loss, leaves = make()
    totals = {id(step.operand): step for step in lab.steps(loss)}
    assert all(leaf.grad is None for leaf in leaves)
    loss.backward()
    for leaf in leaves:
        assert np.array_equal(totals[id(leaf)].total, leaf.grad.data) and totals[id(leaf)].complete


@pytest.mark.parametrize("make", [mlp, unrolled, joined])
def test_contributions_add_up(make):
    sums, counts = {}, {}
    for number, step in enumerate(lab.steps(make()[0]), 1):
        key = id(step.operand)
        sums[key] = sums.get(key, 0) + step.contribution
        counts[key] = counts.get(key, 0) + 1
        assert step.number == number and step.arrived == counts[key] <= step.expected
        np.testing.assert_allclose(step.total, sums[key], rtol=1e-5, atol=1e-7)
    assert step.number == step.count


def test_a_local_derivative_times_the_cotangent_is_the_contribution():
    found = 0
    for step in lab.steps(mlp()[0]):
        if step.local is not None and np.shape(step.local) == np.shape(step.contribution):
            np.testing.assert_allclose(step.contribution, step.cotangent * step.local, rtol=1e-5, atol=1e-8)
            found += 1
    assert found >= 5


def test_where_every_result_depends_on_all_there_is_no_local_derivative_in_one_array():
    x = mg.tensor(np.array([[1.0, 2.0, 4.0]]), requires_grad=True)
    loss = (mg.softmax(x) * np.array([[1.0, 2.0, 3.0]])).sum()
    local = {step.operation: step.local for step in lab.steps(loss)}
    assert local["softmax"] is None and np.array_equal(local["multiply"], [[1, 2, 3]])


def test_a_step_of_the_logistic_unit_reads_as_in_the_notes():
    w = mg.tensor(0.5, requires_grad=True, name="w", dtype="float64")
    with lab.annotate():
        o = mg.sigmoid((w * 2.0).named("z")).named("o")
        e = -mg.log(o)
    by_target = {step.target: step for step in lab.steps(e)}
    z, o = by_target["z"], 1 / (1 + np.exp(-1.0))
    assert z.operation == "sigmoid" and z.operands == {"x": 1.0} and z.complete
    assert float(z.local) == pytest.approx(o * (1 - o)) and float(z.cotangent) == pytest.approx(-1 / o)
    assert float(by_target["w"].total) == pytest.approx(2 * (o - 1))
    assert "test_steps.py" in z.line and "mg.sigmoid" in z.line
    text = str(z)
    assert "sigmoid(x=1)" in text and "(complete)" in text and z.formula in text and "line " in text


def test_without_annotations_values_that_nobody_kept_are_said_to_be_missing():
    x = mg.tensor([1.0, 2.0], requires_grad=True)
    steps = list(lab.steps((x + 1.0).sum()))
    assert steps[-1].line == "" and "not kept" in str(steps[0])


def test_the_graph_can_be_stepped_through_again_and_then_differentiated():
    loss, leaves = unrolled()
    assert len(list(lab.steps(loss))) == len(list(lab.steps(loss)))
    loss.backward()
    assert all(leaf.grad is not None for leaf in leaves)


def test_a_call_without_rules_is_a_step_too():
    x = mg.tensor([1.0, 2.0], requires_grad=True)
    loss = mg.checkpoint(lambda x: mg.exp(x) * x)(x).sum()
    step = list(lab.steps(loss))[-1]
    np.testing.assert_allclose(step.total, np.exp([1, 2]) * [2, 3], rtol=1e-6)
    assert step.local is None and step.formula == "" and "a function of its own" in str(step)


def test_nan_and_inf_are_shown_and_not_raised():
    x = mg.tensor([0.0, 1.0], requires_grad=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        loss = (mg.log(x) * 0.0).sum()
        step = list(lab.steps(loss))[-1]
    assert not np.isfinite(step.total).all() and "nan" in str(step).lower()


@pytest.mark.parametrize("call", [lab.steps, lab.draw, lab.to_html])
def test_what_is_no_recorded_scalar_is_refused(call):
    x = mg.tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(ShapeError, match=r"not a scalar; reduce it"):
        call(x * 2)
    with pytest.raises(GraphError, match=r"needs the loss, a Tensor, got float 3\.0"):
        call(3.0)
    with pytest.raises(GraphError, match="requires gradients"):
        call(mg.tensor(3.0))
    loss = x.sum()
    loss.backward()
    with pytest.raises(GraphError, match="retain_graph=True"):
        call(loss)


def test_every_rule_of_the_library_has_a_text():
    for operation in mg.engine.primitives.values():
        for rule in operation.primitive.rules.values():
            if rule is not None and operation.__module__.startswith("minigrad."):
                assert rule_text(rule) and "\n" not in rule_name(rule), operation.__name__


def test_a_rule_without_source_has_a_name():
    names = {}
    exec("def rule(g, x): return g * x", names)
    assert rule_text(names["rule"]) == "" and rule_name(names["rule"]) == "rule(g, x)"


@pytest.mark.parametrize("value, text", [
    (np.float32(0.5), "0.5"), (np.array([True, False]), "[True, False]"), (slice(1, 2), "slice(1, 2, None)"),
    ((np.array([1, 2]), None), "([1, 2], not kept)"), (np.zeros((0, 3)), "[]"), (np.array(["a"]), "array(['a']"),
])  # fmt: skip
def test_values_are_written_in_a_line(value, text):
    assert shown(value).startswith(text)


def test_the_example_shows_what_it_says():
    found = run("19_watch_backpropagation").numbers
    assert found["without branches: first / last"] <= 1e-3 and found["with branches: first / last"] >= 0.5
    assert found["straight: lost on the way"] == 0
