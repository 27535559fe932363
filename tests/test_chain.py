"""A row of layers is recorded as one node, and nobody can tell: values, gradients, errors and graphs are the same."""

import gc
import itertools
import weakref

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn
from minigrad.engine import Chain, Node
from minigrad.engine.chain import SMALL
from minigrad.errors import GraphError, RuleError
from minigrad.lab.graph import collect


@pytest.fixture(autouse=True)
def seeded():
    mg.manual_seed(0)


ACTIVATIONS = (nn.Tanh, nn.ReLU, nn.Sigmoid, nn.LogSigmoid, nn.Softplus, nn.SiLU)


def batch(n=5, features=3, dtype="float32", requires_grad=True, seed=0):
    values = np.random.default_rng(seed).normal(size=(n, features)).astype(dtype)
    return mg.tensor(values, requires_grad=requires_grad)


def mlp(activation=nn.Tanh, dtype="float32"):
    return nn.Sequential(
        nn.Linear(3, 4, dtype=dtype), activation(), nn.Linear(4, 4, dtype=dtype), activation(),
        nn.Linear(4, 2, dtype=dtype),
    )  # fmt: skip


def one_by_one(model, x):
    for layer in model:
        x = layer(x)
    return x


def is_chain(y):
    return type(y._node) is Chain


def gradients(y, leaves, **options):
    for leaf in leaves:
        leaf.grad = None
    (y * y).sum().backward(**options)
    return [None if leaf.grad is None else leaf.grad for leaf in leaves]


def assert_same(got, expected):
    for a, b in zip(got, expected, strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            assert a.dtype == b.dtype
            np.testing.assert_array_equal(a.numpy(), b.numpy())


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_values_and_gradients_are_those_of_the_layers_one_by_one_to_the_last_bit(activation, dtype):
    model = mlp(activation, dtype)
    for n, requires_grad in itertools.product((0, 1, 5, 600), (True, False)):
        x = batch(n, dtype=dtype, requires_grad=requires_grad)
        leaves = [*model.parameters(), x]
        chained, plain = model(x), one_by_one(model, x)
        assert is_chain(chained)
        assert not is_chain(plain)
        assert_same([chained], [plain])
        assert_same(gradients(chained, leaves), gradients(plain, leaves))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_second_derivatives_are_those_of_the_layers_one_by_one(activation):
    model, x = mlp(activation, "float64"), batch(dtype="float64")
    leaves = [*model.parameters(), x]

    def second(y):
        first = gradients(y, leaves, create_graph=True)
        return first, gradients(sum((g * g).sum() for g in first), leaves)

    for got, expected in zip(second(model(x)), second(one_by_one(model, x)), strict=True):
        assert_same(got, expected)


def test_gradients_agree_with_differences():
    model = mlp(dtype="float64")
    mg.gradcheck(model, (batch(dtype="float64"),), order=1)
    mg.gradcheck(model, (batch(dtype="float64"),), order=2)


def test_what_the_row_starts_from_may_be_a_result_and_the_chain_may_go_on():
    model, x = mlp(), batch()
    leaves = [*model.parameters(), x]
    got = gradients(mg.tanh(model(mg.exp(x))) * x[:, :2], leaves)
    assert_same(got, gradients(mg.tanh(one_by_one(model, mg.exp(x))) * x[:, :2], leaves))


def test_a_layer_twice_in_a_row_gets_the_sum_of_both_gradients():
    layer = nn.Linear(3, 3)
    model, x = nn.Sequential(layer, nn.Tanh(), layer), batch()
    leaves = [*model.parameters(), x]
    assert is_chain(model(x))
    assert_same(gradients(model(x), leaves), gradients(one_by_one(model, x), leaves))


def test_gradients_add_up_over_two_passes_and_nothing_is_shared():
    model, x = mlp(), batch()
    for _ in range(2):
        model(x).sum().backward()
    once = gradients(model(x), [*model.parameters(), x])
    model.zero_grad()
    x.grad = None
    loss = (model(x) ** 2).sum()
    loss.backward(retain_graph=True)
    loss.backward()
    for p, g in zip([*model.parameters(), x], once, strict=True):
        np.testing.assert_allclose(p.grad.numpy(), 2 * g.numpy(), rtol=1e-6)
        assert p.grad.data.base is None


class Shifted(nn.Linear):
    def forward(self, x):
        return super().forward(x) + 1


class Doubled(nn.Tanh):
    def __call__(self, x):
        return 2 * super().__call__(x)


class Halved(nn.OneOperation):
    operation = staticmethod(lambda x: x / 2)  # no primitive


def not_a_row():
    frozen = mlp()
    frozen[2].weight.requires_grad_(False)
    computed = mlp()
    computed[0].weight = mg.tensor(np.ones((4, 3), "float32"), requires_grad=True) * 2
    replaced = mlp()
    replaced[1].forward = lambda x: x + 1
    return {
        "no bias": nn.Sequential(nn.Linear(3, 2, bias=False), nn.Tanh()),
        "a frozen parameter": frozen,
        "a parameter that was computed": computed,
        "a forward that was replaced": replaced,
        "a forward of its own": nn.Sequential(nn.Tanh(), Shifted(3, 2)),
        "a call of its own": nn.Sequential(Doubled(), nn.Linear(3, 2)),
        "a function": nn.Sequential(nn.Linear(3, 2), mg.tanh),
        "a function that is no primitive": nn.Sequential(Halved(), nn.Linear(3, 2)),
        "an option": nn.Sequential(nn.LeakyReLU(0.3), nn.Linear(3, 2)),
        "a single layer": nn.Sequential(nn.Linear(3, 2)),
        "no layer": nn.Sequential(),
    }


@pytest.mark.parametrize("name", not_a_row())
def test_what_is_more_than_operations_in_a_row_is_done_layer_by_layer(name):
    model, x = not_a_row()[name], batch()
    chained, plain = model(x), one_by_one(model, x)
    assert not is_chain(chained)
    assert_same([chained], [plain])
    leaves = [*model.parameters(), x]
    assert_same(gradients(chained, leaves, retain_graph=True), gradients(plain, leaves))


def test_rows_go_on_around_other_layers():
    model, x = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.BatchNorm1d(4), nn.Linear(4, 4), nn.ReLU()), batch()
    leaves = [*model.parameters(), x]
    got = gradients(model(x), leaves)
    assert is_chain(model(x))
    assert_same(got, gradients(one_by_one(model, x), leaves))


def test_a_layer_of_ones_own_can_be_in_a_row():
    @mg.primitive
    def cube(x):
        return x**3

    cube.defvjp(x=lambda g, x: 3 * x**2 * g)

    class Cube(nn.OneOperation):
        operation = staticmethod(cube)

    model, x = nn.Sequential(nn.Linear(3, 2), Cube()), batch()
    leaves = [*model.parameters(), x]
    assert is_chain(model(x))
    assert_same(gradients(model(x), leaves), gradients(one_by_one(model, x), leaves))
    before = gradients(model(x), leaves)
    cube.defvjp(x=lambda g, x: 6 * x**2 * g)
    assert_same(gradients(model(x), leaves), [2 * g for g in before])


def test_large_arrays_are_recorded_layer_by_layer():
    model = nn.Sequential(nn.Linear(4, 2), nn.Tanh())
    assert is_chain(model(batch(SMALL // 4, 4)))
    assert not is_chain(model(batch(SMALL // 4 + 1, 4)))


def test_nothing_is_recorded_where_nothing_is_wanted():
    with mg.no_grad():
        assert not mlp()(batch()).requires_grad
    assert not nn.Sequential(nn.Tanh(), nn.ReLU())(batch(requires_grad=False)).requires_grad
    assert isinstance(nn.Sequential(nn.Tanh(), nn.ReLU())(np.ones(3)), np.ndarray)


# What looks inside


def test_a_graph_shows_every_operation_with_what_it_saved():
    model, x = mlp(), batch()
    chained, plain = model(x), one_by_one(model, x)
    assert chained._node.op is plain._node.op
    got, expected = collect(chained), collect(plain)
    assert [n.op.name for n in got[0]] == ["linear", "tanh", "linear", "tanh", "linear"]
    assert [(n.op, n.shape, n.dtype) for n in got[0]] == [(n.op, n.shape, n.dtype) for n in expected[0]]
    assert [n.order for n in got[0]] == sorted(n.order for n in got[0])
    assert got[1] == expected[1]
    assert all(type(n) is Node for n in got[0])
    leaves = [*model.parameters(), x]
    assert_same(gradients(chained, leaves), gradients(plain, leaves))


def test_a_graph_that_has_been_looked_at_still_differentiates_between_older_and_newer_nodes():
    model, x = mlp(), batch()
    older = mg.exp(x)
    y = model(older)
    newer = mg.sin(older)[:, :2]
    collect(y)
    leaves = [*model.parameters(), x]
    got = gradients(y * newer, leaves)
    older = mg.exp(x)
    y = one_by_one(model, older)
    assert_same(got, gradients(y * mg.sin(older)[:, :2], leaves))


def test_debug_mode_watches_every_layer():
    model = nn.Sequential(nn.Linear(3, 2), nn.Softplus())
    model[0].bias.data[...] = 3e38
    x = mg.tensor(np.full((2, 3), 3e38, "float32"))
    model[0].weight.data[...] = 1
    with np.errstate(over="ignore"), mg.debug(), pytest.raises(mg.errors.NonFiniteError, match="linear"):
        model(x)
    y = mlp()(batch())
    with mg.debug():
        y.sum().backward()
    assert not is_chain(y)


def test_the_gradient_of_the_result_can_be_retained():
    model, x = mlp(), batch()
    y = model(x)
    y.retain_grad()
    (y * y).sum().backward()
    np.testing.assert_array_equal(y.grad.numpy(), 2 * y.numpy())


# What is refused


def test_an_update_between_forward_and_backward_is_refused_naming_the_operation():
    for place in (lambda model, x: model[2].weight, lambda model, x: x):
        model, x = mlp(), batch()
        y = model(x)
        value = place(model, x)
        value.copy_(value + 1)
        with pytest.raises(GraphError, match="linear saved a value"):
            y.sum().backward()
        assert all(p.grad is None for p in [*model.parameters(), x])


def test_an_update_of_what_no_rule_needs_is_welcome():
    model, x = mlp(), batch()
    expected = gradients(model(x), [x])
    y = model(x)
    model[2].bias.copy_(model[2].bias + 1)
    assert_same(gradients(y, [x]), expected)


def test_an_update_of_the_result_is_refused_when_a_rule_needs_the_result():
    x = batch()
    y = nn.Sequential(nn.Linear(3, 2), nn.Tanh())(x)
    y.data = y.data * 0
    with pytest.raises(GraphError, match="tanh saved a value"):
        y.sum().backward()
    y = nn.Sequential(nn.Tanh(), nn.Linear(3, 2))(x)
    y.data = y.data * 0
    y.sum().backward()


def test_an_update_of_something_else_does_no_harm():
    model, x = mlp(), batch()
    y = model(x)
    batch().copy_(batch() * 2)
    y.sum().backward()
    assert is_chain(y)


def test_a_second_backward_over_a_freed_graph_is_refused():
    y = mlp()(batch()).sum()
    y.backward()
    with pytest.raises(GraphError, match="retain_graph=True"):
        y.backward()


def test_an_error_names_the_layer():
    with pytest.raises(ValueError, match=r"linear: got x: float32\[5, 7\](.|\n)*in 0 \(Linear 3→4\) of Sequential"):
        mlp()(batch(features=7))


@pytest.mark.parametrize("wrong", [lambda g, out: g[:1], lambda g, out: None, lambda g, out: g * undefined])  # noqa: F821
def test_a_wrong_rule_is_refused_naming_the_operation(monkeypatch, wrong):
    monkeypatch.setitem(mg.tanh.primitive.rules, "x", wrong)
    y = nn.Sequential(nn.Tanh(), nn.Tanh())(batch())
    with pytest.raises((RuleError, NameError)) as caught:
        y.sum().backward()
    assert "tanh" in str(caught.value) + "".join(getattr(caught.value, "__notes__", ()))


def test_a_rule_of_another_dtype_is_cast(monkeypatch):
    monkeypatch.setitem(mg.tanh.primitive.rules, "x", lambda g, out: (g * (1 - out * out)).astype("float64"))
    model, x = mlp(), batch()
    leaves = [*model.parameters(), x]
    assert_same(gradients(model(x), leaves), gradients(one_by_one(model, x), leaves))


def test_a_rule_that_is_slightly_wrong_gives_slightly_wrong_gradients(monkeypatch):
    model, x = mlp(dtype="float64"), batch(dtype="float64")
    right = gradients(model(x), [x])[0].numpy()
    monkeypatch.setitem(mg.tanh.primitive.rules, "x", lambda g, out: 1.001 * g * (1 - out * out))
    np.testing.assert_allclose(gradients(model(x), [x])[0].numpy(), 1.001**2 * right, rtol=1e-9)


def test_a_chain_leaves_nothing_for_the_collector():
    model, x = mlp(), batch()
    model(x)
    gc.collect()
    gc.disable()
    try:
        y = model(x)
        node = y._node
        array = weakref.ref(node.saved[3][2])  # what the first tanh made
        y.sum().backward()
        assert node.saved is None
        assert array() is None
    finally:
        gc.enable()
