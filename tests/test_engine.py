"""The backward pass: what it gives, under which modes, what happens when it fails, and what it keeps in memory."""

import gc
import threading
import weakref

import numpy as np
import pytest
from helpers import leaf, train_once

import minigrad as mg
from minigrad.errors import DtypeError, GraphError, ShapeError

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
