"""`lab.explain`: its numbers are the derivatives, its sums add up, and it reads like the notes (N4)."""

import numpy as np
import pytest
from helpers import leaf

import minigrad as mg
from minigrad import lab, nn
from minigrad.errors import GraphError, ShapeError
from minigrad.lab.graph import Graph


def unit(y=1.0):
    """Return the loss of a logistic unit with o = 0.98 and x = 2, and its weight and bias."""
    w = leaf(1.0, dtype="float64", name="w")
    b = leaf(np.log(0.98 / 0.02) - 2.0, dtype="float64", name="b")
    with lab.annotate():
        z = (w * 2.0 + b).named("z")
        o = mg.sigmoid(z).named("o")
        e = (-(y * mg.log(o) + (1 - y) * mg.log(1 - o))).named("e")
    return e, w, b


def network(depth=2, seed=0):
    """Return the loss of a tanh network on 6 examples, and the network, in float64."""
    mg.manual_seed(seed)
    hidden = [layer for _ in range(depth) for layer in (nn.Linear(4, 4), nn.Tanh())]
    model = nn.Sequential(*hidden, nn.Linear(4, 3)).to(dtype="float64")
    x = np.random.default_rng(seed).normal(size=(6, 4))
    with lab.annotate():
        loss = nn.functional.cross_entropy(model(x), np.arange(6) % 3)
    return loss, model, x


# The logistic unit


def test_a_logistic_unit_reads_like_the_notes():
    e, w, _ = unit()
    story = lab.explain(e, wrt=w)
    assert story.chain == ["e", "o", "z", "w"]
    np.testing.assert_allclose(story.factors, [-1 / 0.98, 0.98 * 0.02, 2.0], rtol=1e-12)
    text = str(story)
    assert "∂e/∂w = ∂e/∂o · ∂o/∂z · ∂z/∂w\n      = (−1.0204) · (0.0196) · (2)\n      = −0.04" in text
    assert "used by 2 operations" in text and "test_explain.py:" in text and "σ(z)(1 − σ(z))" in text


@pytest.mark.parametrize("y", [0.0, 0.3, 1.0])
def test_the_product_of_the_factors_is_the_derivative(y):
    for name, right in (("w", 2 * (0.98 - y)), ("b", 0.98 - y)):
        story = lab.explain(unit(y)[0], name)
        assert np.prod(story.factors) == pytest.approx(right) and story.value == pytest.approx(right)


def test_contributions_of_a_value_used_twice_add_up():
    e, _, _ = unit(0.3)
    step = next(s for s in lab.explain(e, "w").steps if s.name == "o")
    assert len(step.terms) == 2
    assert sorted(t.product for t in step.terms) == pytest.approx([-0.3 / 0.98, 0.7 / 0.02])
    assert sum(t.product for t in step.terms) == pytest.approx(step.value)


def test_only_what_every_path_passes_is_a_factor():
    w = leaf(2.0, dtype="float64", name="w")
    with lab.annotate():
        joined = (mg.square(w) + w * 3).named("joined")  # two paths from w, one on to the loss
        loss = mg.square(joined)
    story = lab.explain(loss, w)
    assert story.chain == ["loss", "joined", "w"] and story.factors == [20.0, 7.0] and story.value == 140.0
    with lab.annotate():
        loss = mg.square(w) + w * 3
    assert lab.explain(loss, w).chain == ["loss", "w"]


def test_it_is_shown_as_text_in_colour_in_latex_and_in_notebooks():
    story = lab.explain(unit()[0], "w")
    assert story.latex().startswith(r"\begin{aligned}\frac{\partial e}{\partial w} &= \frac{\partial e}{\partial o}")
    assert r"(-1.0204) \cdot (0.0196) \cdot (2)" in story.latex()
    assert story.__rich__().plain == str(story)
    assert story._repr_markdown_().startswith("$$") and str(story) in story._repr_markdown_()
    assert repr(story) == "<Story: ∂e/∂w, 7 steps>"


def test_powers_of_ten_and_letters_in_latex():
    w = leaf(1e-12, dtype="float64", name="w_α")
    with lab.annotate():
        loss = (w * w).named("e")
    text = lab.explain(loss, w).latex()
    assert r"2 \times 10^{-12}" in text and r"\mathrm{w\_\alpha }" in text


# Networks


@pytest.mark.parametrize("element", [(0, 0), (3, 2), (-1, 1)])
def test_every_step_of_a_network_is_the_sum_of_its_terms_and_the_end_agrees_with_differences(element):
    loss, model, x = network()
    story = lab.explain(loss, model[0].weight, element=element)
    for step in story.steps:
        assert sum(t.product for t in step.terms) == pytest.approx(step.value, rel=1e-10)

    start = model[0].weight.numpy().copy()

    def at(h):
        step = np.zeros_like(start)
        step[element] = h
        model[0].weight.copy_(start + step)
        return nn.functional.cross_entropy(model(x), np.arange(6) % 3).item()

    assert story.value == pytest.approx((at(1e-6) - at(-1e-6)) / 2e-6, rel=1e-5, abs=1e-9)


def test_the_largest_element_is_followed_unless_told_otherwise():
    loss, model, _ = network()
    story = lab.explain(loss, model[0].weight)
    assert abs(story.value) == np.abs(story.gradient).max()
    assert any("element=(0, 0)" in note for note in story.notes)


def test_a_deep_network_is_grouped_by_module_and_folded():
    loss, model, _ = network(depth=10)
    folded, whole = lab.explain(loss, model[0].weight), lab.explain(loss, model[0].weight, fold=False)
    assert "20: Linear 4→3" in str(folded) and "explain(…, fold=False) shows them" in " ".join(str(folded).split())
    assert len(str(folded).splitlines()) < 90 < len(str(whole).splitlines())
    assert "11: Tanh" in str(whole) and "11: Tanh" not in str(folded)


def test_the_words_for_a_local_derivative_come_to_its_number():
    z = leaf([[0.5, -1.0, 2.0], [1.0, 0.0, 0.3]], dtype="float64", name="z")
    o = np.exp(z.numpy()) / np.exp(z.numpy()).sum(axis=1, keepdims=True)
    error = float(o[0, 2] - 1)
    losses = {
        f"[(o − y)/N = −{-error / 2:.5g}]": lambda: nn.functional.cross_entropy(z, [2, 0]),
        f"[o − y = −{-error:.5g}]": lambda: nn.functional.cross_entropy(z, [2, 0], reduction="sum"),
        "[3z² = 12]": lambda: (z**3).sum(),
        "[2z = 4]": lambda: (z**2).sum(),
        "[softmax = ": lambda: mg.logsumexp(z),
    }
    for words, loss in losses.items():
        assert words in str(lab.explain(loss(), z, element=(0, 2))), words


def test_where_paths_meet_nowhere_the_chain_is_a_sum():
    w = leaf(2.0, dtype="float64", name="w")
    story = lab.explain(mg.exp(w) + w * 3.0, w)
    assert "∂loss/∂w = ∂loss/∂exp0 · ∂exp0/∂w + ∂loss/∂multiply1 · ∂multiply1/∂w\n         = 10.389" in str(story)
    assert r"\frac{\partial \mathrm{loss}}{\partial \mathrm{exp0}} \cdot" in story.latex()
    direct = lab.explain(mg.exp(w), w)  # one operation: there is no chain, and none is made up
    assert "∂loss/∂w = 7.3891" in str(direct) and "∂loss/∂w = ∂loss/∂w" not in str(direct)


def test_the_loss_has_one_name():
    w = leaf([1.0, 2.0], name="w")
    assert "∂loss/∂loss · " in str(lab.explain((w * 2.0).sum(), w))


def test_a_module_is_known_whatever_its_forward_calls_it():
    class Net(nn.Module):
        def __init__(me):
            me.layer = nn.Linear(2, 2)

        def forward(me, x):
            return me.layer(x)

    with lab.annotate():
        loss = Net()(np.ones((3, 2), "float32")).sum()
    assert "  layer: Linear 2→2" in str(lab.explain(loss, "layer.weight"))


def test_a_parameter_is_found_by_its_path():
    loss, model, _ = network()
    np.testing.assert_array_equal(lab.explain(loss, "2.bias").gradient, lab.explain(loss, model[2].bias).gradient)


def test_without_annotation_it_says_less_and_how_to_learn_more():
    w = leaf([1.0, 2.0])
    story = lab.explain((w * w).sum(), w)
    assert story.value == 4 and any("lab.annotate" in note for note in story.notes)


def test_the_graph_is_left_as_it_was():
    loss, model, _ = network()
    lab.explain(loss, model[0].weight)
    assert model[0].weight.grad is None
    before = Graph(loss).cotangents[model[0].weight].copy()
    loss.backward()
    np.testing.assert_array_equal(model[0].weight.grad.numpy(), before)


def test_a_loss_of_several_elements_is_summed_and_says_so():
    w = leaf([1.0, 2.0])
    assert any("2 elements" in note for note in lab.explain(w * w, w).notes)


def test_a_checkpoint_is_one_operation():
    w = leaf([1.0, 2.0])
    story = lab.explain(mg.checkpoint(lambda x: x * x)(w).sum(), w)
    assert story.value == 4 and "checkpoint" in str(story)


# What cannot be explained


def test_what_cannot_be_explained_is_refused_with_the_reason():
    e, w, _ = unit()
    with pytest.raises(GraphError, match="knows w, b, z, o, e"):
        lab.explain(e, "q")
    with pytest.raises(TypeError, match="a Tensor or a name"):
        lab.explain(e, 3)
    with pytest.raises(GraphError, match=r"lab\.why"):
        lab.explain(e, leaf(1.0))
    for element in (1, True, "a", (0.0,)):
        with pytest.raises(ShapeError, match="one integer for each axis"):
            lab.explain(e, w, element=element)
    with pytest.raises(GraphError, match="wrt is the loss itself"):
        lab.explain(e, e)
    with pytest.raises(GraphError, match="explain: needs the loss, a Tensor, got int 3"):
        lab.explain(3, w)
    empty = leaf(np.zeros((0, 2)), name="empty")
    with pytest.raises(ShapeError, match="no elements to explain"):
        lab.explain(empty.sum(), empty)
    with pytest.raises(GraphError, match="requires gradients"):
        lab.explain(mg.tensor(1.0), w)
    loss, model, _ = network()
    with pytest.raises(IndexError, match="outside the shape"):
        lab.explain(loss, model[0].weight, element=(9, 0))
    loss.backward()
    with pytest.raises(GraphError, match="freed"):
        lab.explain(loss, model[0].weight)
