"""Values that change between forward and backward, and debug mode, which finds what nothing else does."""

import re

import numpy as np
import pytest
from helpers import leaf, train_once
from standin import STANDIN

import minigrad as mg
from minigrad import optim
from minigrad.errors import GraphError, NonFiniteError, ShapeError

# Saved values that change


def test_overwriting_a_saved_leaf_is_noticed():
    x, w = leaf(1.0, 2.0), leaf(3.0, 4.0)
    loss = (x * w).sum()
    w.copy_([0.0, 0.0])
    with pytest.raises(GraphError, match=r"multiply saved a value \(float32\[2\]\) that has been updated in place"):
        loss.backward()
    assert x.grad is None and w.grad is None and w.tolist() == [0, 0]
    (x * w).sum().backward()
    assert w.grad.tolist() == [1, 2]


def test_overwriting_through_an_alias_is_noticed():
    x = leaf(1.0, 2.0)
    for make in (lambda: x, lambda: mg.exp(x)):
        saved = make()
        loss = (mg.exp(saved) * saved).sum()
        saved.detach().copy_([0.0, 0.0])
        with pytest.raises(GraphError, match="updated in place"):
            loss.backward()


@pytest.mark.parametrize(
    "view",
    [lambda x: x.T, lambda x: x.reshape(4), lambda x: x[0], lambda x: x.swapaxes(0, 1), lambda x: mg.flip(x),
     lambda x: mg.expand_dims(x, 0), lambda x: mg.broadcast_to(x, (2, 2, 2)), lambda x: x.T.detach(), mg.stop_gradient],
)  # fmt: skip
@pytest.mark.parametrize("device", ["cpu", STANDIN.name])
def test_overwriting_what_a_saved_view_shows_is_noticed(view, device):
    x = leaf([[1.0, 2.0], [3.0, 4.0]], device=device)
    seen = view(x)
    loss = (mg.exp(x).sum() * seen * seen).sum()  # multiply saves `seen`, which shares memory with x
    x.copy_(np.zeros((2, 2), np.float32))
    with pytest.raises(GraphError, match=r"multiply saved a value .* updated in place"):
        loss.backward()


def test_overwriting_a_result_through_its_alias_is_noticed():
    y = mg.exp(leaf(1.0, 2.0))  # exp saves its own result
    loss = y.sum()
    y.detach().copy_([0.0, 0.0])
    with pytest.raises(GraphError, match=r"exp saved a value \(its result\)"):
        loss.backward()


def test_overwriting_one_of_many_operands_is_noticed(scratch):
    @mg.primitive
    def product(*xs):
        return xs[0] * xs[1]

    product.defvjp(xs=lambda g, out, xs: [g * out / x for x in xs])
    x, y = leaf(1.0, 2.0), leaf(3.0, 4.0)
    for f in (product, lambda x, y: mg.einsum("i,i->", x, y)):
        loss = f(x, y).sum()
        y.copy_([1.0, 1.0])
        with pytest.raises(GraphError, match=r"(product|einsum) saved a value"):
            loss.backward()


def test_overwriting_what_was_not_saved_is_fine():
    x, w = leaf(1.0, 2.0), leaf(3.0, 4.0)
    loss = (x + w).sum() + (x * 2).sum()
    w.copy_([0.0, 0.0])
    x.mark_changed()
    loss.backward()
    assert x.grad.tolist() == [3, 3] and w.grad.tolist() == [1, 1]


def test_an_update_before_the_operation_is_fine():
    x = leaf(1.0, 2.0)
    x.copy_([5.0, 6.0])
    (x * x).sum().backward()
    assert x.grad.tolist() == [10, 12]


@pytest.mark.parametrize(
    ("call", "kind", "pattern"),
    [
        (lambda x: x.copy_([1.0]), ShapeError, r"copy_: the tensor is float32\[2\], the values are float32\[1\]"),
        (lambda x: (x * 2).copy_([1.0, 2.0]), GraphError, "copy_: only leaves can be overwritten"),
        (lambda x: x.__setitem__(0, 1.0), TypeError, r"mg.where\(mask, value, t\)"),
        (lambda x: exec("x += 1", {"x": x}), GraphError, r"t \+= … on a leaf .*u = t \+ …"),
        (lambda x: exec("x @= x", {"x": x}), GraphError, "t @= … on a leaf"),
        (lambda x: np.add(x, 1, out=np.zeros(2)), TypeError, "does not take out=.*never written in place"),
        (lambda x: np.sum(x, out=np.zeros(())), TypeError, "does not take out="),
        (lambda x: np.add(x, 1, where=np.array([True, False])), TypeError, "does not take where="),
        (lambda x: np.add.at(x, [0], 1), TypeError, "np.add.at is not supported"),
    ],
)
def test_writing_in_place_is_refused_with_the_way_out(call, kind, pattern):
    x = leaf(1.0, 2.0)
    with pytest.raises(kind, match=pattern):
        call(x)
    assert x.tolist() == [1, 2]


def test_in_place_operators_on_what_is_no_leaf_make_new_tensors():
    x, c = leaf(1.0, 2.0), mg.tensor([1.0, 2.0])
    y = before = x * 1
    y += 1
    y *= x
    y -= 1
    y /= 2
    y **= 2
    assert y is not before and before.tolist() == [1, 2]
    y.sum().backward()  # ((x+1)x − 1)²/4: (x² + x − 1)(2x + 1)/2
    assert x.grad.tolist() == [1.5, 12.5]
    data = c.data
    c += 1
    assert c.tolist() == [2, 3] and data.tolist() == [1, 2]


# Debug mode


def test_debug_mode_finds_data_changed_behind_its_back():
    x = leaf(1.0, 2.0)
    with mg.debug():
        loss = (x * x).sum()
    x.data[0] = 5
    with pytest.raises(GraphError, match=r"multiply: a value .* behind minigrad's back.*test_changes.py:\d+: loss = "):
        loss.backward()
    x.copy_([1.0, 2.0])
    with mg.debug():
        loss = (x * x).sum()
    x.copy_([3.0, 4.0])
    with pytest.raises(GraphError, match="multiply"):
        loss.backward()


def test_debug_mode_names_the_first_operation_that_makes_a_nan():
    x = leaf(1.0, 0.0, 4.0)
    with (
        mg.debug(),
        np.errstate(all="ignore"),
        pytest.raises(NonFiniteError, match=r"log: the result has -inf at \[1\]") as caught,
    ):
        mg.exp(mg.log(x) * 0.0)
    assert re.search(r"float32\[3\].*test_changes\.py:\d+: mg\.exp\(mg\.log\(x\)", str(caught.value))


def test_debug_mode_names_the_rule_that_makes_a_nan():
    x = leaf(1.0, 0.0)
    with mg.debug(), np.errstate(all="ignore"):
        loss = mg.sqrt(x).sum()
        with pytest.raises(
            NonFiniteError, match=r"sqrt: the gradient of x has inf at \[1\].*test_changes\.py:\d+: loss = mg\.sqrt"
        ):
            loss.backward()
    assert x.grad is None


def test_debug_mode_names_the_branch_of_a_where_that_does_harm_though_it_is_not_taken():
    x = leaf(0.0, 1.0, 4.0)
    with mg.debug(), np.errstate(all="ignore"):
        loss = mg.where(x > 0.5, 2 * mg.sqrt(x), 0.0).sum()  # at 0: g = 0, and 0 · √'(0) = 0 · inf
        with pytest.raises(
            NonFiniteError,
            match=r"sqrt: .*nan at \[0\].*in the branch x of where \(called in .*test_changes\.py:\d+: loss = mg\.where"
            r".*not taken there: choose the argument and not the result: sqrt\(where\(ok, x, 1\)\)",
        ):
            loss.backward()
        with pytest.raises(NonFiniteError, match=r"log: the result has nan at \[0\].*log\(where\(ok, x, 1\)\)"):
            mg.where(x > 1, mg.log(x - 1), 0.0)
        mg.where(x > 0.5, mg.sqrt(mg.where(x > 0.5, x, 1)), 0.0).sum().backward()
        with pytest.raises(NonFiniteError) as caught:
            mg.where(x < 0.5, mg.sqrt(x), 0.0).sum().backward()  # taken: then it is the function's own
    assert x.grad.tolist() == [0, 0.5, 0.25]
    assert "branch" not in str(caught.value)


def test_debug_mode_blames_nobody_for_a_nan_that_came_in():
    with mg.debug():
        y = mg.exp(mg.tensor([np.nan, 1.0])) + 1
        mg.tensor([np.inf]) * 2
    assert np.isnan(y.numpy()[0])


def test_debug_mode_changes_no_result():
    x = leaf([[1.0, 2.0], [3.0, 4.0]])
    train_once(x).backward()
    plain, x.grad = x.grad, None
    with mg.debug():
        train_once(x).backward()
    assert np.array_equal(plain.numpy(), x.grad.numpy())


def test_replaced_data_are_noticed():
    def multiply(w):
        w.data = w.data * 10

    def subtract(w):
        w.data -= 1

    for change in (multiply, subtract):
        w = leaf(2.0, 3.0)
        y = (w * w).sum()
        change(w)
        with pytest.raises(GraphError, match="updated in place"):
            y.backward()
        (w * w).sum().backward()
        np.testing.assert_allclose(w.grad.numpy(), 2 * w.numpy())


@pytest.mark.parametrize("value", [[1.0, 2.0], leaf(1.0), "a", None, np.array(["a"]), np.array([1j])])
def test_data_are_arrays_of_numbers(value):
    w = leaf(2.0)
    with pytest.raises(TypeError, match=r"t\.data = …"):
        w.data = value
    assert w.item() == 2


def test_debug_mode_sees_numbers_as_it_sees_arrays():
    x = leaf(1.0)
    with mg.debug(), np.errstate(all="ignore"):
        text = r"log: the result has -inf at \[\], from finite operands x: float32\[\]"
        with pytest.raises(NonFiniteError, match=text):
            mg.log(x * 0.0)
        zero = leaf(0.0)
        with pytest.raises(NonFiniteError, match=r"sqrt: the gradient of x has inf at \[\]"):
            mg.sqrt(zero).backward()


def test_making_an_optimizer_changes_no_value():
    for params in ([leaf(2.0, 3.0)], [leaf(2.0, 3.0), leaf(1.0)]):
        w = params[0]
        loss = (w * w).sum()
        optim.SGD(params)
        loss.backward()
        assert w.grad.tolist() == [4, 6]
