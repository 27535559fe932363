"""What is stopped or goes wrong leaves everything as it was: gradients, parameters, states, memory."""

import copy
import gc
import signal
import sys
import threading
import timeit
import tracemalloc
import warnings
import weakref
from typing import NamedTuple

import numpy as np
import pytest
from helpers import leaf
from standin import STANDIN, StandIn

import minigrad as mg
from minigrad import nn, optim
from minigrad.errors import CheckpointError, ShapeError

F, NAN = nn.functional, float("nan")


def test_the_index_of_a_recorded_operation_may_change_afterwards():
    where, x = np.array([0, 1]), leaf(1.0, 2.0, 3.0)
    loss = (x[where] * x[(where,)]).sum()
    where[0] = 2
    loss.backward()
    assert x.grad.tolist() == [2, 4, 0]


# Interrupted: Ctrl-C at any moment


def interrupted(call, delay):
    """Call, and raise KeyboardInterrupt after so many seconds; tell whether that came before the end."""
    try:
        try:
            signal.setitimer(signal.ITIMER_REAL, delay)
            call()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    except KeyboardInterrupt:
        return True
    return False


@pytest.fixture
def ctrl_c():
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        pytest.skip("needs a timer that signals, and the main thread")

    def stop(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, stop)
    gc.disable()  # in a callback of the collector the interrupt would end
    yield
    gc.enable()
    signal.signal(signal.SIGALRM, before)


def moments(prepare, first, count):
    """Yield moments from a part of the time that a prepared call takes to a little after its end."""
    took = min(timeit.timeit(prepare(), number=1) for _ in range(5))
    yield from np.random.default_rng(0).uniform(first, 1.3, count) * took


def test_ctrl_c_in_backward_leaves_every_gradient_old_or_every_gradient_new(ctrl_c):
    params = [leaf(float(i), 1.0) for i in range(200)]  # so many that handing over gradients takes a while

    def prepare():
        return (mg.concatenate(params) * 2).sum().backward

    old, stopped = [mg.tensor([1.0, 1.0]) for _ in params], 0
    for moment in moments(prepare, 0.5, 250):
        for p, g in zip(params, old, strict=True):
            p.grad = g
        stopped += interrupted(prepare(), moment)
        new = [p.grad is not g for p, g in zip(params, old, strict=True)]
        assert all(new) or not any(new)
        assert not new[0] or all(p.grad.tolist() == [3, 3] for p in params)
    assert stopped > 30
    prepare()()  # no lock is held


@pytest.mark.parametrize("make", [optim.SGD, optim.Adam])
def test_ctrl_c_in_a_step_leaves_every_parameter_old_or_every_parameter_new(make, ctrl_c):
    params = [leaf(float(i), 1.0) for i in range(30)]
    optimizer = make([{"params": [p], "lr": 1e-3} for p in params])
    for p in params:
        p.grad = mg.tensor([1.0, -1.0])
    grads, stopped = [p.grad for p in params], 0
    for moment in moments(lambda: optimizer.step, 0, 200):
        before, old = optimizer.state_dict()["state"], [p.tolist() for p in params]
        stopped += interrupted(optimizer.step, moment)
        assert all(p.grad is g and g.tolist() == [1, -1] for p, g in zip(params, grads, strict=True))
        new = [p.tolist() != values for p, values in zip(params, old, strict=True)]
        assert all(new) or (not any(new) and bits(optimizer.state_dict()["state"]) == bits(before))
        assert {s["step"] for s in optimizer.state_dict()["state"]} == {before[0]["step"] + new[0]}
    assert stopped > 20
    optimizer.step()
    assert all(np.isfinite(p.numpy()).all() for p in params)


class Fragile(optim.Adam):
    """Stops after the update of the parameter whose last element is negative."""

    stop = None

    def update(self, theta, g, state, group, t):
        super().update(theta, g, state, group, t)
        if theta[-1] < 0:
            self.stop()


def fragile(*sizes):
    params = [mg.tensor(np.full(n, 1 if i != 1 else -1, np.float32), requires_grad=True) for i, n in enumerate(sizes)]
    for p in params:
        p.grad = mg.ones_like(p)
    return Fragile([{"params": [p]} for p in params]), params


def test_an_update_that_raises_half_way_changes_nothing():
    optimizer, params = fragile(2, 3, 2)
    before, values = bits(optimizer.state_dict()), [p.tolist() for p in params]
    optimizer.stop = lambda: 1 / 0
    with pytest.raises(ZeroDivisionError):
        optimizer.step()
    assert bits(optimizer.state_dict()) == before and [p.tolist() for p in params] == values


def test_ctrl_c_waits_until_large_parameters_are_updated():
    optimizer, params = fragile(2, 100_000, 3)
    handler = signal.getsignal(signal.SIGINT)
    optimizer.stop = lambda: signal.raise_signal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        optimizer.step()
    assert signal.getsignal(signal.SIGINT) is handler
    assert [p.tolist()[-1] for p in params] == pytest.approx([0.999, -1.001, 0.999])
    assert [s["step"] for s in optimizer.state_dict()["state"]] == [1, 1, 1]


@pytest.mark.parametrize("again", [False, True])
def test_ctrl_c_inside_a_rule_of_a_checkpoint_leaves_gradients_and_random_numbers(scratch, again):
    @mg.primitive
    def fragile(x):
        return x * 1

    def stop(g):
        raise KeyboardInterrupt

    fragile.defvjp(x=stop)
    x, y = leaf(1.0, 2.0), leaf(3.0, 4.0)
    y.grad = kept = mg.tensor([5.0, 6.0])
    loss = (mg.checkpoint(lambda v: nn.Dropout(0.5)(fragile(v)))(x) * y).sum()
    state = mg.get_rng_state()
    with pytest.raises(KeyboardInterrupt):
        loss.backward(create_graph=again)
    assert x.grad is None and y.grad is kept and kept.tolist() == [5, 6] and mg.get_rng_state() == state


# Containers


def test_tensors_in_lists_keep_their_graph_only_by_stack():
    x = leaf(1.0, 2.0)
    several = [x[0], x[1]]
    for refused in (lambda: mg.tensor(several), lambda: x + several, lambda: mg.exp([x, [x]]), lambda: np.array([x])):
        with pytest.raises(TypeError, match="never converted to a NumPy array silently"):
            refused()
    mg.stack([x, [3.0, 4.0], x * x]).sum().backward()
    assert x.grad.tolist() == [3, 5]


def test_a_list_that_holds_itself_is_refused():
    inside = [1.0]
    inside.append(inside)
    with pytest.raises(ShapeError, match="tensor: the nested lists are not rectangular"):
        mg.tensor(inside)


# Memory


def train(optimizer, model, x, y, steps):
    for _ in range(steps):
        optimizer.zero_grad()
        F.mse_loss(model(x), y).backward()
        optimizer.step()


def test_ten_thousand_steps_leave_memory_flat():
    rng = np.random.default_rng(0)
    model = nn.Sequential(nn.Linear(2, 3, generator=rng), nn.Tanh())
    x, y = rng.normal(size=(8, 2)).astype(np.float32), rng.normal(size=(8, 3)).astype(np.float32)
    optimizer = optim.Momentum(model.parameters(), lr=1e-3)
    train(optimizer, model, x, y, 300)
    gc.collect()
    before = sys.getallocatedblocks()
    train(optimizer, model, x, y, 10_000)
    gc.collect()
    assert sys.getallocatedblocks() - before < 200  # Python's own lists of spare objects come and go
    tracemalloc.start()
    try:
        train(optimizer, model, x, y, 100)
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        train(optimizer, model, x, y, 1_000)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 1_000 * 16  # the least that an object a step takes


OPTIMIZERS = [k for k in vars(optim).values()
              if isinstance(k, type) and issubclass(k, optim.Optimizer) and k is not optim.Optimizer]  # fmt: skip


@pytest.mark.parametrize("make", OPTIMIZERS)
def test_every_optimizer_runs_in_place(make):
    w = mg.tensor(np.ones(4, np.float32), requires_grad=True)
    w.grad = mg.tensor(np.ones(4, np.float32))
    optimizer = make([w], **({"betas": (0.5, 0.9)} if make is optim.NAdam else {}))

    def run(steps):
        for _ in range(steps):
            optimizer.step()
        gc.collect()
        return sys.getallocatedblocks()

    before = run(1_200 if make is optim.NAdam else 20)  # NAdam's products have come to 0 then, and are kept no more
    assert run(300) - before < 100


def test_the_graph_goes_with_backward_though_the_loss_stays():
    gc.disable()
    try:
        x = leaf([[1.0, 2.0], [3.0, 4.0]])
        middle = mg.exp(x @ x)
        loss = (middle * middle).sum()
        gone = [weakref.ref(middle), weakref.ref(middle.data)]
        del middle
        loss.backward()
        assert [r() for r in gone] == [None, None] and loss._node.parents == () and x.grad.shape == (2, 2)
        loss = mg.tanh(x).sum()
        loss.backward(create_graph=True)
        gone = [weakref.ref(x.grad), weakref.ref(x.grad.data)]
        x.grad = None  # it leads to x, and x to it: so it must be dropped
        del loss
        assert [r() for r in gone] == [None, None]
    finally:
        gc.enable()


# States


def adam():
    params = [mg.tensor(np.ones(shape), requires_grad=True) for shape in ((2,), ())]
    optimizer = optim.Adam(params, lr=0.1)
    for p in params:
        p.grad = mg.tensor(np.ones(p.shape))
    optimizer.step()
    return optimizer


def bits(value):
    """Return a nest of states in a form that can be compared."""
    if isinstance(value, dict):
        return {key: bits(v) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [bits(v) for v in value]
    return (str(value.dtype), value.tolist()) if isinstance(value, mg.Tensor) else value


def places(state):
    """Return every place in a nest of dictionaries and lists, as the containers and the key."""
    found = []
    for key, value in list(state.items()) if isinstance(state, dict) else list(enumerate(state)):
        found.append((state, key))
        if isinstance(value, dict | list):
            found += places(value)
    return found


WRONG = [None, -1, 1.5, NAN, "a", [], {}, [1.0], (0.9,), (0.9, 0.9, 0.9), ("a", "b"), np.array(["a", "b"]),
         np.array([1j, 2]), np.array([None] * 2), np.zeros(7), np.float64(1), mg.tensor([[1.0]]), object()]  # fmt: skip


MISSING = object()


def test_a_damaged_state_of_an_optimizer_changes_nothing():
    for i in range(len(places(adam().state_dict()))):
        for wrong in (MISSING, *WRONG):
            optimizer = adam()
            state = copy.deepcopy(optimizer.state_dict())
            state["param_groups"][0]["lr"] = 0.7
            before, (place, key) = bits(optimizer.state_dict()), places(state)[i]
            if wrong is MISSING:
                del place[key]
            else:
                place[key] = wrong
            try:
                optimizer.load_state_dict(state)
            except CheckpointError as error:
                assert str(error).startswith("load_state_dict: ")
                assert bits(optimizer.state_dict()) == before
            else:  # what was put there was good
                optimizer.step()


def test_a_state_for_a_parameter_that_was_reshaped_since_changes_no_setting():
    optimizer, other = adam(), adam()
    w, v = optimizer.param_groups[0]["params"][0], other.param_groups[0]["params"][0]
    w.data = np.ones(5)
    v.data = np.ones(5)
    state = optim.Adam(other.param_groups[0]["params"], lr=0.7).state_dict()
    with pytest.raises(ShapeError, match="make a new optimizer"):
        optimizer.load_state_dict(state)
    assert optimizer.param_groups[0]["lr"] == 0.1 and optimizer.param_groups[0]["params"][0] is w


def test_a_state_is_carried_to_the_device_of_the_parameters(monkeypatch):
    class Flags(NamedTuple):  # of what optimizers ask an array of a GPU, the stand-in lacks these
        c_contiguous: bool

    monkeypatch.setattr(StandIn, "flags", property(lambda a: Flags(a._array.flags.c_contiguous)), raising=False)
    here, there = leaf(1.0, 1.0, 1.0), leaf(1.0, 1.0, 1.0, device=STANDIN.name)
    for w in (here, there):
        w.grad = mg.tensor([1.0, 1.0, 1.0], device=w.device)
    one, two = optim.Adam([here]), optim.Adam([there])
    one.step()
    two.load_state_dict(one.state_dict())
    assert bits(two.state_dict()) == bits(one.state_dict())
    two.step()


@pytest.mark.parametrize(
    ("key", "value", "kind"),
    [("1.num_batches_tracked", np.array(NAN), RuntimeWarning), ("0.weight", np.full((3, 2), 1e300), RuntimeWarning),
     ("1.weight", np.zeros(3), CheckpointError)],
    ids=["no integer", "too large", "read-only"],
)  # fmt: skip
def test_a_state_that_fails_half_way_changes_nothing(key, value, kind):
    net = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    net[1].weight = nn.Parameter(np.broadcast_to(np.float32(1), (3,))) if kind is CheckpointError else net[1].weight
    before = bits(net.state_dict())
    with pytest.raises(kind), warnings.catch_warnings():
        warnings.simplefilter("error")
        net.load_state_dict({**{k: t.numpy() * 0 for k, t in net.state_dict().items()}, key: value})
    assert bits(net.state_dict()) == before


@pytest.mark.parametrize("state", [None, [1], 3, "state"])
def test_what_is_no_state_is_refused_in_words(state):
    for owner in (nn.Linear(2, 2), adam()):
        with pytest.raises(CheckpointError, match=r"^load_state_dict: needs .* state_dict\(\) return"):
            owner.load_state_dict(state)
