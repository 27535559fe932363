"""What the engine promises: recording, the backward pass, memory, safety, and the Tensor as a Python object."""

import copy
import gc
import pickle
import re
import textwrap
import threading
import weakref

import numpy as np
import pytest
from standin import STANDIN

import minigrad as mg
from minigrad.engine import Node, calls
from minigrad.errors import DtypeError, GraphError, NonFiniteError, RuleError, ShapeError


def leaf(*values, dtype="float32", **options):
    return mg.tensor(values[0] if len(values) == 1 else list(values), dtype=dtype, requires_grad=True, **options)


# Backward


def test_leaves_get_gradients_and_results_do_not():
    x, c = leaf(1.0, 2.0), mg.tensor([3.0, 4.0])
    y = x * c
    assert x.is_leaf and c.is_leaf and not y.is_leaf and y.requires_grad and not c.requires_grad
    assert y.sum().backward() is None
    assert x.grad.tolist() == [3, 4] and y.grad is None and c.grad is None
    assert isinstance(x.grad, mg.Tensor) and not x.grad.requires_grad


def test_gradients_add_up_over_passes_until_they_are_cleared():
    x = leaf(2.0)
    (x * 3).backward()
    first = x.grad
    (x * 4).backward()
    assert x.grad.item() == 7 and first.item() == 3  # the earlier tensor is not written into
    x.grad = None
    (x * 4).backward()
    assert x.grad.item() == 4


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (lambda x: x + x, 2),
        (lambda x: x - x, 0),
        (lambda x: x * x, 6),
        (lambda x: x / x, 0),
        (lambda x: (lambda a: a * a + a)(x * 2), 26),
        (lambda x: (lambda a, b: a * b + a)(x * 2, x + 1), 16),
        (lambda x: mg.stack([x, x, x * x]).sum(), 8),
        (lambda x: 8 / x, -8 / 9),
        (lambda x: 8 - x, -1),
        (lambda x: 2**x, 8 * np.log(2)),
    ],
)
def test_every_path_counts_once(f, expected):
    x = leaf(3.0, dtype="float64")
    f(x).backward()
    assert x.grad.item() == pytest.approx(expected, abs=1e-15)


def test_a_tower_of_diamonds_takes_every_node_once():
    x = y = leaf(1.0, dtype="float64")
    for _ in range(60):  # 2⁶⁰ paths
        y = y + y
    y.backward()
    assert x.grad.item() == 2.0**60


def test_retain_grad_fills_the_gradient_of_a_result():
    x = leaf(2.0)
    y = x * x
    y.retain_grad()
    (y * 5).backward()
    assert y.grad.item() == 5 and x.grad.item() == 20
    with pytest.raises(GraphError, match="retain_grad: this tensor does not require gradients"):
        mg.tensor(1.0).retain_grad()


def test_a_second_pass_needs_retain_graph_and_doubles_nothing():
    x = leaf(2.0)
    y = x * x
    y.retain_grad()
    z = y * y
    z.backward(retain_graph=True)
    z.backward()
    assert x.grad.item() == 2 * 32 and y.grad.item() == 2 * 8
    with pytest.raises(
        GraphError, match=r"backward reached multiply, whose saved values were freed.*retain_graph=True"
    ):
        z.backward()
    assert x.grad.item() == 64


def test_create_graph_gives_gradients_that_can_be_differentiated():
    x = leaf(2.0)
    (x**3).backward(create_graph=True)
    assert x.grad.requires_grad and x.grad.item() == 12
    slope, x.grad = x.grad, None
    slope.backward(create_graph=True)
    assert x.grad.item() == 12
    slope, x.grad = x.grad, None
    slope.backward()
    assert x.grad.item() == 6


def test_create_graph_records_inside_no_grad_too():
    x = leaf(3.0)
    y = x * x
    with mg.no_grad():
        y.backward(create_graph=True)
    assert x.grad.requires_grad


@pytest.mark.parametrize(
    "gradient", [[1.0, 10.0], np.array([1.0, 10.0]), mg.tensor([1.0, 10.0]), np.array([1, 10], np.float16)]
)
def test_gradient_may_be_anything_of_the_right_shape(gradient):
    x = leaf(1.0, 2.0)
    (x * 2).backward(gradient)
    assert x.grad.tolist() == [2, 20] and x.grad.dtype == np.float32


@pytest.mark.parametrize(
    ("start", "kind", "pattern"),
    [
        (lambda y: y.backward(), ShapeError, r"backward: the output is float32\[2\], not a scalar; .*gradient="),
        (lambda y: y.backward([1.0]), ShapeError, r"gradient is float32\[1\], the output is float32\[2\]"),
        (lambda y: y.backward(1.0), ShapeError, r"gradient is float32\[\]"),
        (lambda y: y.backward(np.ones(2, int)), TypeError, r"gradient is int64\[2\], needs a floating dtype"),
        (lambda y: y.detach().backward(), GraphError, "does not require gradients"),
    ],
)
def test_backward_refuses(start, kind, pattern):
    x = leaf(1.0, 2.0)
    with pytest.raises(kind, match=pattern):
        start(x * 2)
    assert x.grad is None


def test_a_leaf_is_its_own_graph():
    x = leaf(3.0)
    x.backward()
    assert x.grad.item() == 1


def test_gradients_share_no_memory():
    x, y, mine = leaf(1.0, 2.0), leaf(3.0, 4.0), np.ones(2, np.float32)
    (x + y).backward(mine)
    for a, b in ((x.grad, y.grad), (x.grad, mine), (y.grad, mine)):
        assert not np.shares_memory(getattr(a, "data", a), getattr(b, "data", b))
    x.grad.data[...] = 9
    assert y.grad.tolist() == [1, 1] and mine.tolist() == [1, 1]


def test_gradients_share_no_memory_when_they_are_recorded_either():
    x, y, mine = leaf(1.0, 2.0), leaf(3.0, 4.0), mg.tensor([1.0, 1.0])
    (x + y).backward(mine, create_graph=True)
    assert x.grad is not y.grad and x.grad is not mine
    assert not np.shares_memory(x.grad.data, y.grad.data) and not np.shares_memory(x.grad.data, mine.data)


@pytest.mark.parametrize(
    "f",
    [lambda x: x.reshape(2, 2).T.sum(), lambda x: x.sum(), lambda x: mg.broadcast_to(x, (3, 4)).sum(),
     lambda x: x[::-1].sum(), lambda x: mg.concatenate([x, x]).sum(), lambda x: mg.stop_gradient(x).sum() + x.mean()],
)  # fmt: skip
def test_gradients_own_writable_memory(f):
    x = mg.tensor(np.arange(4.0), requires_grad=True)
    f(x).backward()
    x.grad.data += 1
    assert x.grad.data.base is None


def test_a_gradient_has_the_dtype_of_its_primal():
    a, b = leaf(1.0, 2.0), leaf(3.0, 4.0, dtype="float64")
    y = a * b
    assert y.dtype == np.float64
    y.sum().backward()
    assert a.grad.dtype == np.float32 and b.grad.dtype == np.float64


# Modes


def test_no_grad_as_context_decorator_and_nested():
    x = leaf(1.0)
    with mg.no_grad():
        assert not mg.is_grad_enabled() and not (x * 2).requires_grad
        with mg.enable_grad():
            assert (x * 2).requires_grad
        assert not (x * 2).requires_grad
    assert mg.is_grad_enabled() and (x * 2).requires_grad

    @mg.no_grad()
    def quiet(a):
        return a * 2

    assert not quiet(x).requires_grad and not quiet(x).requires_grad and mg.is_grad_enabled()
    with pytest.raises(KeyError), mg.no_grad():
        raise KeyError
    assert mg.is_grad_enabled()


def test_each_thread_has_its_own_modes():
    inside, leave, seen = threading.Event(), threading.Event(), []

    def other():
        with mg.no_grad():
            inside.set()
            leave.wait(10)
            seen.append(mg.is_grad_enabled())

    thread = threading.Thread(target=other)
    thread.start()
    assert inside.wait(10) and mg.is_grad_enabled() and (leaf(1.0) * 2).requires_grad
    leave.set()
    thread.join()
    assert seen == [False]


def test_detach_shares_the_data_and_drops_the_history():
    x = leaf(1.0, 2.0)
    y = x * 2
    assert y.detach().data is y.data and y.detach().is_leaf and not y.detach().requires_grad
    (y.detach() * x).sum().backward()
    assert x.grad.tolist() == [2, 4]


@pytest.mark.parametrize("dtype", ["int64", "bool", "uint8"])
def test_only_floating_tensors_require_gradients(dtype):
    for make in (
        lambda: mg.tensor([1], dtype=dtype, requires_grad=True),
        lambda: mg.tensor([1], dtype=dtype).requires_grad_(),
    ):
        with pytest.raises(
            DtypeError, match=f"only floating tensors can require gradients, this one is {dtype}.*astype"
        ):
            make()


def test_requires_grad_underscore_is_for_leaves():
    x = mg.tensor(1.0).requires_grad_()
    assert x.requires_grad and not x.requires_grad_(False).requires_grad
    with pytest.raises(GraphError, match="only for leaves"):
        (leaf(1.0) * 2).requires_grad_(False)


# When something fails


@pytest.mark.parametrize("error", [ValueError("broken"), KeyboardInterrupt()])
def test_a_rule_that_fails_leaves_every_grad_untouched(scratch, error):
    @mg.primitive
    def fragile(x):
        return x * 1

    def rule(g):
        raise error

    fragile.defvjp(x=rule)
    x, y = leaf(1.0), leaf(2.0)
    y.grad = kept = mg.tensor(5.0)
    middle = y * 1
    middle.retain_grad()
    with pytest.raises(type(error)):
        (fragile(x * 2) + middle * 3).backward()
    assert x.grad is None and y.grad is kept and kept.item() == 5 and middle.grad is None


def test_a_sum_of_gradients_that_fails_leaves_every_grad_untouched():
    x, y, z = leaf(1.0, 2.0), leaf(3.0, 4.0), leaf(5.0, 6.0)
    y.grad = mg.tensor([1.0, 2.0, 3.0])  # put there by hand, of the wrong shape
    with pytest.raises(ValueError):
        (x * y * z).sum().backward()
    assert x.grad is None and z.grad is None and y.grad.tolist() == [1, 2, 3]


def test_a_graph_two_hundred_thousand_nodes_deep():
    x = y = leaf(1.0)
    for _ in range(200_000):
        y = y + 1.0
    y.backward()
    assert y.item() == 200_001 and x.grad.item() == 1
    for _ in range(200_000):
        y = y * 1.0
    del y


# Memory


@pytest.fixture
def without_gc():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def train_once(x):
    y = mg.tanh(x @ x)
    z = mg.softmax(y) + y.sum()
    z.retain_grad()
    return (z * z).mean()


def test_a_step_leaves_no_garbage(without_gc):
    x = leaf([[1.0, 2.0], [3.0, 4.0]])
    for _ in range(3):
        gc.collect()  # what the first use of an operation leaves behind is not a step's
        train_once(x).backward()
        train_once(x)  # a graph that is never walked
        mg.grad(train_once)(x)
        mg.hessian(train_once)(x)
        x.grad = None
    assert gc.collect() == 0


def test_dropping_the_loss_frees_the_graph(without_gc):
    x = leaf([[1.0, 2.0], [3.0, 4.0]])
    middle = mg.exp(x)
    gone = weakref.ref(middle), weakref.ref(middle.data)
    loss = (middle * middle).sum()
    del middle
    assert gone[1]() is not None
    del loss
    assert gone[0]() is None and gone[1]() is None


def test_saved_values_go_as_the_pass_moves_on(scratch, without_gc):
    alive = []

    @mg.primitive
    def watch(x):
        return x * 1

    def rule(g, x):
        alive.append(late() is not None)
        return g

    watch.defvjp(x=rule)
    x = leaf(1.0, 2.0)
    saved = mg.exp(watch(x))
    loss = (saved * saved).sum()
    late = weakref.ref(saved.data)
    del saved
    loss.backward()
    assert alive == [False]  # what exp and multiply had saved was let go before watch's turn


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
        with pytest.raises(GraphError, match=r"(product|contract) saved a value"):
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
    with pytest.raises(
        GraphError, match=r"multiply: a value .* has changed since, behind minigrad's back.*test_engine.py:\d+: loss = "
    ):
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
    assert re.search(r"float32\[3\].*test_engine\.py:\d+: mg\.exp\(mg\.log\(x\)", str(caught.value))


def test_debug_mode_names_the_rule_that_makes_a_nan():
    x = leaf(1.0, 0.0)
    with mg.debug(), np.errstate(all="ignore"):
        loss = mg.sqrt(x).sum()
        with pytest.raises(
            NonFiniteError, match=r"sqrt: the gradient of x has inf at \[1\].*test_engine\.py:\d+: loss = mg\.sqrt"
        ):
            loss.backward()
    assert x.grad is None


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


# Declaring primitives


def declared(options=""):
    scope = {}
    exec(f"def twice(x, y{', *, ' + options if options else ''}):\n    return x + y", scope)
    return mg.primitive(scope["twice"])


@pytest.mark.parametrize(
    ("rules", "pattern"),
    [
        (
            {"x": lambda g, z: g, "y": None},
            "twice.defvjp: the rule of x asks for 'z'; it may ask for g, out, x, y, x_shape, y_shape, axis",
        ),
        ({"x": lambda g, axes: g, "y": None}, r"asks for 'axes'.*Did you mean 'axis'\?"),
        ({"x": lambda g: g}, "needs one rule for each of x, y .*got x"),
        ({}, "needs one rule for each of x, y .*got none"),
        ({"x": None, "y": None, "z": None}, "got x, y, z"),
    ],
)
def test_rules_are_checked_when_they_are_declared(scratch, rules, pattern):
    with pytest.raises(RuleError, match=pattern):
        declared("axis=0").defvjp(**rules)


def test_a_primitive_without_rules_is_refused_only_where_a_gradient_is_wanted(scratch):
    twice = declared()
    assert twice(mg.tensor([1.0]), 2.0).tolist() == [3]
    with mg.no_grad():
        twice(leaf(1.0), 2.0)
    with pytest.raises(RuleError, match=r"twice has no derivative rules.*twice.defvjp\(x=…, y=…\)"):
        twice(leaf(1.0), 2.0)


def test_a_primitive_needs_arrays_and_not_two_kinds(scratch):
    def none(*, axis=0): ...
    def mixed(x, *rest): ...

    for body in (none, mixed):
        with pytest.raises(RuleError, match="one or more array parameters"):
            mg.primitive(body)


def test_a_rule_of_the_wrong_shape_or_type_is_refused(scratch):
    twice = declared()
    for rule, pattern in ((lambda g: g.sum(), r"the rule of x returned float32\[\] for an argument of shape \[2\]"),
                          (lambda g: 1.0, "twice: the rule of x returned float 1.0")):  # fmt: skip
        twice.defvjp(x=rule, y=None)
        with pytest.raises(RuleError, match=pattern):
            twice(leaf(1.0, 2.0), 0).sum().backward()


def test_a_users_primitive_does_what_ours_do(scratch):
    @mg.primitive(numpy=np.hypot, broadcasts=True)
    def hypot(x, y, *, scale=1.0):
        """Return scale·√(x² + y²)."""
        return scale * np.hypot(x, y)

    hypot.defvjp(x=lambda g, out, x, scale: g * x / out * scale**2, y=lambda g, out, y, scale: g * y / out * scale**2)
    x, y = leaf(3.0, dtype="float64"), leaf([4.0, 4.0], dtype="float64")
    assert hypot(3.0, 4.0) == 5 and hypot.__doc__ == "Return scale·√(x² + y²)."
    assert mg.gradcheck(hypot, [x, y], order=2) and mg.gradcheck(lambda x, y: hypot(x, y, 3.0), [x, y])
    np.hypot(x, y).sum().backward()
    assert x.grad.item() == pytest.approx(1.2)


def test_a_failing_body_names_the_operation(scratch):
    @mg.primitive
    def odd(x):
        raise KeyError("inside")

    with pytest.raises(KeyError) as caught:
        odd(mg.tensor([1.0]))
    assert "minigrad: in odd(x: float32[1])" in caught.value.__notes__


# NumPy's protocols


def test_reductions_of_ufuncs_reach_their_operation():
    x = leaf([[1.0, 2.0], [3.0, 4.0]])
    for f, expected in ((np.add, [4, 6]), (np.multiply, [3, 8]), (np.maximum, [3, 4]), (np.minimum, [1, 2])):
        assert f.reduce(x).tolist() == expected and f.reduce(x).requires_grad
    assert np.add.reduce(x, axis=None).item() == 10
    with pytest.raises(TypeError, match=r"np.subtract.reduce is not supported on Tensors"):
        np.subtract.reduce(x)


@pytest.mark.parametrize(
    ("call", "pattern"),
    [
        (lambda x: np.cumprod(x), r"np\.cumprod has no minigrad counterpart for Tensors\. There is np\.prod\. Write"),
        (lambda x: np.hstack([x, x]), r"np\.hstack has no .* There is np\.stack\. Write"),
        (lambda x: np.arctan2(x, x), r"np\.arctan2 has no .* There is np\.arctan\. Write"),
        (lambda x: np.linalg.norm(x), r"^np\.linalg\.norm has no minigrad counterpart for Tensors\. Write"),
        (lambda x: np.fft.fft(x), r"^np\.fft\.fft has no minigrad counterpart for Tensors\. Write"),
        *[(f, r"^np\.\w+ has no minigrad counterpart for Tensors\. Write")  # and none that is only spelt alike
          for f in (np.median, np.trace, np.sort, lambda x: np.isclose(x, x), lambda x: np.cross(x, x))],
        (lambda x: np.asarray(x), r"never converted to a NumPy array silently.*t.numpy\(\)"),
        (lambda x: np.array([x, x]), "never converted"),
        (lambda x: np.sum(x, where=[True, False]), "np.sum on a Tensor does not take where="),
        (lambda x: np.sum(x, dtype="float64"), "^np.sum on a Tensor does not take dtype=; it takes a, axis, keepdims$"),
    ],
)
def test_what_numpy_function_has_no_counterpart_is_refused(call, pattern):
    with pytest.raises(TypeError, match=pattern):
        call(leaf(1.0, 2.0))


A, T = np.array([1.0, 2.0], np.float32), mg.tensor([4.0, 8.0])


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (lambda: A + T, [5, 10]),
        (lambda: A - T, [-3, -6]),
        (lambda: A * T, [4, 16]),
        (lambda: A / T, [0.25, 0.25]),
        (lambda: A**T, [1, 256]),
        (lambda: A @ T, 20),
        (lambda: np.float64(2) - T, [-2, -6]),
        (lambda: np.int64(2) / T, [0.5, 0.25]),
        (lambda: np.float32(2) * T, [8, 16]),
        (lambda: 2 - T, [-2, -6]),
        (lambda: 2 / T, [0.5, 0.25]),
        (lambda: 2**T, [16, 256]),
        (lambda: [1.0, 2.0] * T, [4, 16]),
        (lambda: [1.0, 2.0] @ T, 20),
        (lambda: True + T, [5, 9]),
        (lambda: -T, [-4, -8]),
        (lambda: +T, [4, 8]),
        (lambda: abs(-T), [4, 8]),
    ],
)
def test_operators_with_anything_on_the_left(f, expected):
    out = f()
    assert isinstance(out, mg.Tensor) and out.tolist() == expected
    assert out.dtype == np.float32


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (lambda: T > 4, [False, True]),
        (lambda: mg.less(4, T), [False, True]),
        (lambda: A < T, [True, True]),
        (lambda: T == 4, [True, False]),
        (lambda: A != T, [True, True]),
        (lambda: (T > 4) & (T < 9), [False, True]),
        (lambda: ~(T > 4) | (T >= 9), [True, False]),
    ],
)
def test_comparisons_are_element_wise(f, expected):
    assert isinstance(f(), mg.Tensor) and f().dtype == bool and f().tolist() == expected


# The Tensor as a Python object


def test_default_dtype_is_for_python_numbers_and_lists():
    assert (
        mg.tensor([1.0]).dtype == mg.tensor(1.0).dtype == np.float32
        and mg.tensor([1]).dtype == np.int64
        and mg.tensor([True]).dtype == bool
    )
    assert mg.tensor(np.ones(2)).dtype == np.float64 and mg.tensor(np.float64(1)).dtype == np.float64
    assert mg.tensor(np.ones(2), dtype="float32").dtype == np.float32
    assert (mg.tensor([1.0]) * [0.5]).dtype == np.float32
    mg.set_default_dtype("float64")
    try:
        assert mg.get_default_dtype() == mg.tensor([1.0]).dtype == np.float64
        assert (mg.tensor([1.0], dtype="float32") * [0.5]).dtype == np.float32  # a list changes no dtype
    finally:
        mg.set_default_dtype("float32")
    with pytest.raises(DtypeError, match="set_default_dtype: needs a floating dtype"):
        mg.set_default_dtype("int32")


def test_tensor_copies_and_Tensor_keeps_its_data():
    a = np.ones(2)
    assert mg.Tensor(a).data is a and mg.tensor(a).data is not a
    assert mg.Tensor(mg.Tensor(a)).data is a and mg.tensor(mg.Tensor(a)).data is not a


@pytest.mark.parametrize(
    ("data", "kind", "pattern"),
    [
        ([[1.0, 2.0], [3.0]], ShapeError, "not rectangular"),
        (["a"], DtypeError, "tensor: works on floating, integer and boolean arrays"),
        ([1j], DtypeError, "complex128; split it into real and imaginary parts"),
        (np.array([None]), DtypeError, "object"),
    ],
)
def test_what_is_no_number_is_refused(data, kind, pattern):
    with pytest.raises(kind, match=pattern):
        mg.tensor(data)


def test_one_element_is_a_number():
    one = mg.tensor([[2.5]])
    assert float(one) == 2.5 and int(one) == 2 and one.item() == 2.5 and bool(one) and not mg.tensor(0.0)
    assert f"{one:.2f}" == "2.50" and f"{mg.tensor(3)}" == "tensor(3)"
    assert [10, 20, 30][mg.tensor(1)] == 20 and range(mg.tensor(3)) == range(3)


@pytest.mark.parametrize(
    ("call", "kind", "pattern"),
    [
        (lambda: bool(T), ShapeError, r"truth value of float32\[2\] is ambiguous; use \(t > 0\).all\(\)"),
        (lambda: float(T), ShapeError, r"float\(\) of float32\[2\] is ambiguous"),
        (lambda: int(T), ShapeError, r"int\(\)"),
        (lambda: T.item(), ShapeError, "item: only a tensor of one element"),
        (lambda: [1][mg.tensor(0.0)], TypeError, "only a 0-d integer tensor can be an index"),
        (lambda: len(mg.tensor(1.0)), TypeError, r"len\(\) of a 0-d tensor"),
        (lambda: iter(mg.tensor(1.0)), TypeError, "0-d tensor cannot be iterated over"),
    ],
)
def test_several_elements_are_none(call, kind, pattern):
    with pytest.raises(kind, match=pattern):
        call()


def test_length_iteration_and_hash():
    x = leaf([[1.0, 2.0], [3.0, 4.0]])
    assert len(x) == 2 and [row.tolist() for row in x] == [[1, 2], [3, 4]]
    a, b = x
    (a * b).sum().backward()
    assert x.grad.tolist() == [[3, 4], [1, 2]]
    assert len({x: 1, mg.tensor([[1.0, 2.0], [3.0, 4.0]]): 2}) == 2 and {x: 1}[x] == 1


def test_repr_says_what_it_is():
    x = leaf(1.0, 2.0, name="w")
    assert repr(x) == "tensor([1., 2.], name='w', requires_grad=True)"
    assert repr(x * 2) == "tensor([2., 4.], op=multiply)"
    assert repr(mg.tensor([1.0], dtype="float64")) == "tensor([1.], dtype=float64)"
    assert repr(mg.tensor(np.zeros((0, 3), np.float32))) == "tensor([], shape=(0, 3))"
    assert re.fullmatch(r"<multiply #\d+: float32\[2\]>", repr((x * 2)._node)) and isinstance((x * 2)._node, Node)


@pytest.mark.parametrize("twin", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_leaves_can_be_copied_and_pickled_and_results_not(twin):
    x = leaf(1.0, 2.0, name="w")
    y = twin(x)
    assert y is not x and y.tolist() == [1, 2] and y.requires_grad and y.name == "w" and y.dtype == x.dtype
    y.copy_([5.0, 6.0])
    assert x.tolist() == [1, 2]
    with pytest.raises(GraphError, match=r"only leaves can be copied or pickled.*t.detach()"):
        twin(x * 2)


def test_deepcopy_keeps_what_is_shared_shared():
    x = leaf(1.0)
    x.grad = mg.tensor(3.0)
    a, b = copy.deepcopy([x, x])
    assert a is b and a.grad.item() == 3 and a.grad is not x.grad


def test_astype_and_to():
    x = leaf(1.5, 2.5)
    y = x.astype("float64")
    y.sum().backward()
    assert y.dtype == np.float64 and x.grad.dtype == np.float32
    assert x.astype(int).tolist() == [1, 2] and not x.astype(int).requires_grad
    assert x.to("cpu") is x and x.to(np.float64).dtype == np.float64 and x.to(dtype=np.float16).dtype == np.float16
    with pytest.raises(RuntimeError, match=r"unknown device 'gpu'; known: .*cpu.*cuda"):
        x.to("gpu")


@pytest.mark.parametrize("name", ["out", "g", "node", "op", "Tensor", "again"])
def test_parameters_may_not_take_the_engines_names(name):
    namespace = {}
    exec(f"def f({name}): return {name}", namespace)
    with pytest.raises(RuleError, match=rf"f: a parameter must not be called '{name}'.*rename it"):
        mg.primitive(namespace["f"])


def test_what_is_no_function_with_a_name_is_refused(scratch):
    with pytest.raises(RuleError, match="needs a function with a name"):
        mg.primitive(lambda x: x)

    @mg.primitive
    def opposite(x):
        return -x

    with pytest.raises(RuleError, match=r"the rule of x must be a Python function.*write lambda g"):
        opposite.defvjp(x=np.negative)


def test_lists_of_integers_change_no_dtype():
    t = leaf(1.0, 2.0)
    for made in ([1, 2] * t, mg.add(t, [30_000, -30_000]), mg.maximum(t, [0, 3])):
        assert made.dtype == np.float32
    assert mg.add(mg.tensor([1, 2]), [1, 2]).dtype == np.int64


def test_as_integers_it_is_a_constant():
    for made in (mg.astype(leaf(1.5, 2.5), int), leaf(1.5, 2.5).astype("int32"), np.astype(leaf(1.5), bool)):
        assert not made.requires_grad and made.is_leaf


def test_the_call_that_calls_py_shows_is_the_one_that_runs():
    op = mg.multiply.primitive
    for text in (calls.write_call(op), calls.write_pull(op)):
        assert textwrap.indent(text, "    ").rstrip() in calls.__doc__
        assert text in op.source


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


def test_a_rule_must_answer_every_operand(scratch):
    @mg.primitive
    def total(*xs):
        return sum(xs)

    total.defvjp(xs=lambda g: [g, g])
    with pytest.raises(RuleError, match="total: its rule returned 2 cotangents for 3 operands"):
        total(leaf(1.0), leaf(2.0), leaf(3.0)).backward()


def test_errors_inside_a_rule_name_the_operation(scratch):
    @mg.primitive(broadcasts=True)
    def odd(x):
        return x * 1

    odd.defvjp(x=lambda g: g.reshape(7))
    with pytest.raises(ValueError) as caught:
        odd(leaf(1.0, 2.0)).sum().backward()
    assert caught.value.__notes__ == ["minigrad: in a derivative rule of odd, whose result was float32[2]"]
    odd.defvjp(x=lambda g: g.sum())
    with pytest.raises(RuleError, match=r"the rule of x returned float32\[\] for an argument of shape \[2\]"):
        odd(leaf(1.0, 2.0)).sum().backward()


def test_defaults_may_be_anything(scratch):
    @mg.primitive
    def capped(x, y=None, *, limit=float("inf"), kind=np.float32):
        return np.minimum(x, limit).astype(kind)

    capped.defvjp(x=lambda g: g, y=None)
    assert capped(leaf(1.0, 9.0)).tolist() == [1, 9] and capped(leaf(1.0, 9.0), None, 5.0).tolist() == [1, 5]
    for bad in ("def f(x, x_data): return x", "def f(p0): return p0", "def f(x, y=1, *, axis): return x"):
        namespace = {}
        exec(bad, namespace)
        with pytest.raises(RuleError, match=r"rename it|needs a default"):
            mg.primitive(namespace["f"])


def test_a_gradient_is_never_the_parameters_own_memory(scratch):
    @mg.primitive
    def half_square(x):
        return (0.5 * x * x).sum()

    half_square.defvjp(x=lambda x: x)
    w = leaf(1.0, 2.0)
    half_square(w).backward()
    assert w.grad.tolist() == [1, 2] and not np.shares_memory(w.grad.data, w.data)


def test_threads_that_share_a_leaf_lose_no_gradient():
    w = leaf(1.0)

    def work():
        for _ in range(200):
            (w * 1.0).sum().backward()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert w.grad.item() == 800
