"""`lab.why`: of every way in which a gradient goes missing, the cause, the line and the remedy; and sound ones pass."""

import numpy as np
import pytest
from example_runs import run
from helpers import leaf

import minigrad as mg
from minigrad import lab, nn
from minigrad.engine import debugging
from minigrad.errors import GraphError
from minigrad.nn import functional as F

X = np.random.default_rng(0).normal(size=(8, 4)).astype("float32")
LABELS = np.arange(8) % 3


def asked(make, *values, dtype="float32"):
    """Return the answer for the leaf that a loss is made of."""
    w = leaf(list(values), dtype=dtype, name="w")
    with lab.annotate(), np.errstate(all="ignore"):
        loss = make(w)
    return lab.why(w, loss)


def frozen_part(w):
    """Return w · 2, computed in no_grad."""
    with mg.no_grad():
        return w * 2


def v():
    """Return another leaf, so that the loss has a graph."""
    return leaf([3.0, 4.0], name="v")


# None

CUTS = {
    "detach of a leaf": (lambda w: (w.detach() * v()).sum(), "detached", "detach"),
    "detach of a result": (lambda w: ((w * 3).detach() * v()).sum(), "detached", "detach"),
    "the raw array": (lambda w: (v() * (w * 3).data).sum(), "detached", ".data"),
    "numpy": (lambda w: (v() * w.numpy()).sum(), "detached", "numpy"),
    "stop_gradient": (lambda w: (v() * mg.stop_gradient(w * 2)).sum(), "stop-gradient", "stop_gradient"),
    "no_grad": (lambda w: (frozen_part(w) * v()).sum(), "no-grad", "return w * 2"),
    "no_grad and on": (lambda w: (mg.tanh(frozen_part(w)) * v()).sum(), "no-grad", "return w * 2"),
    "a comparison": (lambda w: ((w > 1).astype("float32") * v()).sum(), "not-differentiable", "w > 1"),
    "argmax": (lambda w: ((w * 1).argmax().astype("float32") * v()).sum(), "not-differentiable", "argmax"),
    "astype(int)": (lambda w: (w.astype(int) * v()).sum(), "integer-cast", "astype(int)"),
    "another tensor": (lambda w: v().sum(), "not-reached", ""),
    "a copy": (lambda w: (v() * mg.tensor((w * 2).numpy())).sum(), "not-reached", ""),
}


@pytest.mark.parametrize("name", CUTS)
def test_a_cut_is_named_with_its_line(name):
    make, what, code = CUTS[name]
    answer = asked(make, 1.0, 2.0)
    assert (answer.verdict, answer.id) == ("none", what)
    assert code in answer.line and "✗" in answer.path and answer.remedy


def test_values_of_an_earlier_computation_are_not_blamed():
    w = leaf([1.0, 2.0], name="w")
    with lab.annotate():
        kept = frozen_part(w)
        loss = v().sum()
    assert lab.why(w, loss).id == "not-reached" and kept is not None


def test_what_was_noted_goes_with_its_arrays():
    before = len(debugging.origins)
    with lab.annotate():
        w = leaf([1.0, 2.0])
        h = mg.tanh(w * 2)
        assert len(debugging.origins) == before + 2
    del h, w
    assert len(debugging.origins) == before


def test_a_state_that_is_carried_on_does_not_carry_its_whole_past(monkeypatch):
    monkeypatch.setattr(debugging, "MAX_DEPTH", 5)
    w, state = leaf([1.0, 2.0]), mg.tensor([0.0, 0.0])
    with lab.annotate():
        for _ in range(20):
            state = mg.tanh(state.detach() * w)
    origin, count = debugging.origins[id(state.data)], 0
    while isinstance(origin, debugging.Origin):
        origin, count = origin.operands[0], count + 1
    assert count <= 5


def test_without_a_loss_the_tensor_itself_tells_what_it_can():
    w = leaf([1.0, 2.0])
    assert lab.why(w).id == "backward-not-called"
    assert lab.why(w * 2).id == "not-a-leaf" and "retain_grad" in lab.why(w * 2).remedy
    assert lab.why(mg.tensor([1.0])).id == "not-required"
    assert lab.why(mg.tensor([1, 2])).id == "integer"
    assert lab.why(nn.Parameter([1.0], requires_grad=False)).id == "frozen"
    w.grad = mg.tensor([0.0, 0.0])
    assert lab.why(w).verdict == "zero"
    w.grad = mg.tensor([np.nan, 0.0])
    assert lab.why(w).verdict == "nan"
    w.grad = mg.tensor([1.0, 0.0])
    assert lab.why(w).verdict == "fine"


def test_a_frozen_parameter_is_frozen_beside_a_loss_too():
    model = nn.Sequential(nn.Linear(4, 5), nn.Linear(5, 3))
    model[0].requires_grad_(False)
    with lab.annotate():
        loss = F.cross_entropy(model(X), LABELS)
    assert lab.why(model[0].weight, loss).id == lab.why("0.weight", loss).id == "frozen"


def test_a_leaf_made_in_no_grad_names_the_line():
    w = leaf([1.0, 2.0])
    with lab.annotate():
        made = frozen_part(w)
    answer = lab.why(made)
    assert answer.id == "no-grad" and "return w * 2" in answer.line


def test_backward_that_was_not_called_or_has_run():
    w = leaf([1.0, 2.0])
    loss = (w * w).sum()
    assert (lab.why(w, loss).verdict, lab.why(w, loss).id) == ("none", "backward-not-called")
    loss.backward(retain_graph=True)
    assert lab.why(w, loss).verdict == "fine"
    loss.backward()
    answer = lab.why(w, loss)
    assert answer.verdict == "fine" and "freed" in str(answer)
    assert lab.why(leaf(1.0), loss).id == "not-reached"


def test_a_loss_without_a_graph():
    w = leaf([1.0, 2.0])
    assert lab.why(w, 3.0).id == "loss-is-no-tensor"
    assert lab.why(w, (w * w).sum().item()).id == "loss-is-no-tensor"
    assert lab.why(w, mg.tensor(1.0)).id == "loss-not-recorded"
    with lab.annotate(), mg.no_grad():
        loss = (w * w).sum()
    assert lab.why(w, loss).id == "no-grad"


def test_a_value_that_was_updated_since():
    w = leaf([1.0, 2.0])
    loss = (w * w).sum()
    w.copy_([3.0, 4.0])
    assert lab.why(w, loss).id == "changed"


def test_a_result_whose_gradient_was_not_kept():
    w = leaf([1.0, 2.0])
    h = w * 2
    loss = (h * h).sum()
    assert lab.why(h, loss).id == "not-a-leaf"
    h.retain_grad()
    loss.backward(retain_graph=True)
    assert lab.why(h, loss).verdict == "fine"
    assert lab.why(loss, loss).id == "loss"


# Zero

ZEROS = {
    "dead-relu": (lambda w: mg.relu(w - 9).sum(), "all 2"),
    "saturated": (lambda w: mg.sigmoid(w * -900).sum(), "−"),
    "not-chosen": (lambda w: mg.where(w > 5, w, 0.0).sum(), "where"),
    "times-zero": (lambda w: (w * 0.0).sum(), "which is 0"),
    "cancels": (lambda w: (w - w).sum(), "1 from"),
    "invariant": (lambda w: mg.softmax(w).sum(), "sum to 1"),
    "step": (lambda w: mg.round(w).sum(), "step"),
    "flat": (lambda w: mg.square(w - w.detach()).sum(), "slope"),
}


@pytest.mark.parametrize("name", ZEROS)
def test_a_zero_has_its_cause(name):
    make, words = ZEROS[name]
    answer = asked(make, 1.0, 2.0)
    assert (answer.verdict, answer.id) == ("zero", name)
    assert words in str(answer) and "test_why.py:" in answer.line


@pytest.mark.parametrize("make", [lambda w: mg.clip(w, 5, 9).sum(), lambda w: mg.maximum(w, 5).sum()])
def test_what_was_not_chosen(make):
    assert asked(make, 1.0, 2.0).id == "not-chosen"


def test_underflow_is_told_from_zero():
    tiny = np.float16(1e-4)
    answer = asked(lambda w: (w * tiny * tiny * tiny).sum(), 1.0, 2.0, dtype="float16")
    assert (answer.verdict, answer.id) == ("zero", "underflow")


def test_a_layer_of_zeros_stops_what_lies_below_and_not_itself():
    mg.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3))
    nn.init.zeros_(model[2].weight)
    with lab.annotate():
        loss = F.cross_entropy(model(X), LABELS)
    answer = lab.why(model[0].weight, loss)
    assert (answer.verdict, answer.id, answer.name) == ("zero", "zero-weights", "0.weight")
    assert "2.weight" in answer.cause and answer.path[-3] == "✗" and lab.why("2.weight", loss).verdict == "none"


def test_a_dead_layer_is_named_by_its_path():
    model = nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3))
    model[0].bias.copy_(np.full(5, -99.0))
    with lab.annotate():
        loss = F.cross_entropy(model(X), LABELS)
    answer = lab.why("0.weight", loss)
    assert answer.id == "dead-relu" and "layer 1" in answer.cause and "all 40" in answer.cause


def test_rows_of_a_table_that_no_index_named():
    table = nn.Embedding(5, 3)
    with lab.annotate():
        loss = (table([1, 2, 2]) ** 2).sum()
    loss.backward(retain_graph=True)
    answer = lab.why(table.weight, loss)
    assert answer.verdict == "fine" and "3 of 5 rows" in str(answer) and "0, 3, 4" in str(answer)


# NaN

SICK = {
    "log-of-zero": (lambda w: mg.log(w).sum(), (0.0, 1.0)),
    "where-branch": (lambda w: mg.where(w > 0, mg.log(w), 0.0).sum(), (0.0, 1.0)),
    "sqrt-of-zero": (lambda w: mg.sqrt(w * w).sum(), (0.0, 1.0)),
    "overflow": (lambda w: mg.exp(w * 100).sum(), (1.0, 2.0)),
    "division-by-zero": (lambda w: (w / w).sum(), (0.0, 1.0)),
    "undefined": (lambda w: (w * np.array([np.inf, 1.0], "float32")).sum(), (0.0, 1.0)),
    "bad-input": (lambda w: (w * np.array([np.nan, 1.0], "float32")).sum(), (0.0, 1.0)),
}


@pytest.mark.parametrize("name", SICK)
def test_what_is_not_finite_has_its_cause(name):
    make, values = SICK[name]
    answer = asked(make, *values)
    assert (answer.verdict, answer.id) == ("nan", name)
    assert "test_why.py:" in answer.line and answer.remedy


def test_a_root_under_where():
    answer = asked(lambda w: mg.where(w > 0, mg.sqrt(w), 0.0).sum(), 0.0, 1.0)
    assert answer.id == "where-branch" and "sqrt(where(ok, w, 1))" in answer.remedy


def test_an_infinite_mask_is_not_blamed_for_another_nan():
    mask = np.array([0.0, -np.inf], "float32")
    answer = asked(lambda w: mg.softmax(w + mask)[0] + mg.sqrt(w * w).sum(), 0.0, 1.0)
    assert answer.id == "sqrt-of-zero"


def test_it_can_be_asked_inside_debug_mode():
    w = leaf([0.0, 1.0])
    with lab.annotate(), np.errstate(all="ignore"):
        loss = mg.sqrt(w * w).sum()
    with mg.debug():
        assert lab.why(w, loss).id == "sqrt-of-zero"


# Tiny and large


def stack(layer, depth):
    """Return the annotated loss of a deep stack, and the stack."""
    mg.manual_seed(0)
    model = nn.Sequential(*[part for _ in range(depth) for part in layer()], nn.Linear(4, 3))
    with lab.annotate():
        return F.cross_entropy(model(X), LABELS), model


def test_a_gradient_vanishes_through_sigmoids_layer_by_layer():
    loss, model = stack(lambda: (nn.Linear(4, 4), nn.Sigmoid()), 12)
    answer = lab.why(model[0].weight, loss)
    assert (answer.verdict, answer.id) == ("tiny", "vanishing")
    assert "12 × sigmoid" in answer.cause and "0.25" in answer.remedy
    sizes = [size for name, size, _ in answer.table if name.startswith("sigmoid")]
    assert len(sizes) == 12 and sizes == sorted(sizes, reverse=True)
    assert lab.why("24.weight", loss).verdict == "none"  # only backward is missing


def test_a_saturated_unit_is_told_from_a_deep_network():
    answer = asked(lambda w: mg.sigmoid(w * 20).sum(), 1.0, 1.0)
    assert (answer.verdict, answer.id) == ("tiny", "saturated")


def test_a_gradient_explodes():
    mg.manual_seed(0)
    model = nn.Sequential(*[nn.Linear(4, 4, bias=False) for _ in range(10)])
    model.apply(lambda m: nn.init.normal_(m.weight, 0, 8.0) if hasattr(m, "weight") else None)
    with lab.annotate():
        loss = model(X).mean()
    answer = lab.why(model[0].weight, loss)
    assert (answer.verdict, answer.id) == ("large", "exploding") and "10 × linear" in answer.cause


def test_a_sound_network_is_fine():
    loss, model = stack(lambda: (nn.Linear(4, 4), nn.Tanh()), 2)
    loss.backward(retain_graph=True)
    for name, parameter in model.named_parameters():
        assert lab.why(parameter, loss).verdict == lab.why(name, loss).verdict == "fine"


# How it is told, and what is refused


def test_it_is_shown_as_text_in_colour_and_in_notebooks():
    answer = asked(lambda w: mg.relu(w).sum(), -1.0, -2.0)
    assert str(answer).startswith("The gradient of w is zero: relu is off")
    assert answer.__rich__().plain.split() == str(answer).split()
    assert "remedy" in answer._repr_html_() and repr(answer) == "<Answer: w: zero, dead-relu>"


def test_a_bias_before_a_normalisation_has_a_gradient_of_rounding_alone():
    for dtype in ("float32", "float64"):
        mg.manual_seed(0)
        net = nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Linear(5, 3)).to(dtype=dtype)
        with lab.annotate():
            loss = F.cross_entropy(net(X.astype(dtype)), LABELS)
        answer = lab.why(net[0].bias, loss)
        assert (answer.verdict, answer.id) == ("tiny", "cancels") and "bias=False" in answer.remedy
        assert lab.why(net[1].bias, loss).id == "backward-not-called"  # behind it a bias does something


def test_what_is_added_to_all_logits_cancels_however_it_got_there():
    w = leaf(0.3, dtype="float64", name="w")
    with lab.annotate():
        loss = F.cross_entropy(w * 3.0 + X.astype("float64"), np.arange(8) % 4)
    answer = lab.why(w, loss)
    assert answer.verdict in ("tiny", "zero") and answer.id == "cancels"
    assert "contributions to multiply0" in answer.cause


def test_a_gradient_that_is_merely_small_is_not_called_rounding():
    w = leaf([1.0, -1.0], name="w")
    with lab.annotate():
        loss = (w * np.array([1e-9, 2e-9], "float32")).sum()
    assert lab.why(w, loss).id == "vanishing"
    signs = np.random.default_rng(0).normal(size=10_000).astype("float32")
    w = leaf(1.0, name="w")
    with lab.annotate():
        loss = (w * signs * 1e-9).mean()  # a hundredth is left of what was added up, by chance
    assert lab.why(w, loss).id == "vanishing"


def test_an_infinite_constant_is_blamed_itself_and_not_called_finite():
    answer = asked(lambda w: (w * np.array([np.inf, 1.0], "float32")).sum(), 0.3, 0.7)
    assert answer.id == "bad-input" and "the constant y of multiply0 holds inf at [0]" in answer.cause


def test_what_has_no_elements_is_said_to_have_none():
    assert "getitem0 has no elements" in asked(lambda w: w[:0].sum() + v().sum(), 1.0).cause
    w = leaf(np.zeros((0, 3)), name="w")
    answer = lab.why(w, w.sum())
    assert answer.verdict == "fine" and "no elements" in answer.cause


def test_a_gradient_that_is_there_is_not_called_none_for_a_loss_without_a_graph():
    net = nn.Linear(4, 3)

    @mg.compile
    def step(x):
        net.zero_grad()
        loss = F.cross_entropy(net(x), LABELS)
        loss.backward()
        return loss

    for _ in range(2):
        loss = step(mg.tensor(X))
        answer = lab.why(net.weight, loss)
        assert answer.verdict == "fine" and "a compiled function returned it" in answer.notes[0]
    net.zero_grad()
    assert lab.why(net.weight, loss).verdict == "none"


def test_a_square_at_its_minimum_blames_nobody():
    answer = asked(lambda w: w * w, 0.0)
    assert (answer.verdict, answer.id) == ("zero", "flat") and "minimum" in answer.remedy


def test_the_norm_of_zeros_has_a_slope_by_convention_only():
    assert asked(lambda w: mg.linalg.norm(w * 0), 1.0, 2.0).id == "norm-of-zeros"


def test_text_keeps_to_a_hundred_columns():
    mg.manual_seed(0)
    net = nn.Sequential(*[part for _ in range(6) for part in (nn.Linear(4, 4), nn.Sigmoid())], nn.Linear(4, 3))
    with lab.annotate():
        loss = F.cross_entropy(net(X), LABELS)
    lines = str(lab.why(net[0].weight, loss)).splitlines() + str(lab.explain(loss, "0.weight")).splitlines()
    lines += [line for step in lab.steps(loss) for line in str(step).splitlines()]
    assert max(map(len, lines)) <= 100 and not any(line.endswith((" =", " ·", " +")) for line in lines)


def test_what_cannot_be_asked():
    w = leaf([1.0, 2.0], name="weights")
    with pytest.raises(TypeError, match="needs a Tensor or the name"):
        lab.why(3)
    with pytest.raises(TypeError, match="the loss is needed"):
        lab.why("weights")
    with pytest.raises(GraphError, match="Did you mean 'weights'"):
        lab.why("weigths", (w * w).sum())


def test_without_annotation_it_still_finds_the_cause():
    w = leaf([-1.0, -2.0])
    assert lab.why(w, mg.relu(w * 1).sum()).id == "dead-relu"
    answer = lab.why(w, v().sum())
    assert answer.id == "not-reached" and "lab.annotate" in str(answer)


# The example


def test_the_example_finds_both_sick_networks_and_neither_sound_one():
    found = run("18_where_does_the_gradient_go").numbers
    assert found["sigmoid: sound"] == found["relu, layer 5 switched off: sound"] == 0
    assert found["tanh, Glorot: sound"] == found["relu, He: sound"] == 1
    assert found["sigmoid: first layer"] <= 1e-5 * found["sigmoid: last layer"]
    assert found["relu, layer 5 switched off: first layer"] == 0 < found["relu, layer 5 switched off: last layer"]
    for name in ("tanh, Glorot", "relu, He"):
        assert found[f"{name}: first layer"] >= 0.1 * found[f"{name}: last layer"]
    assert found["relu, layer 5 switched off: dead layers found"] >= 1 > found["relu, He: dead layers found"]
