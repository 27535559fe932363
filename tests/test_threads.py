"""Several threads at once: each gets what it would get alone, and none spoils what they share."""

import sys
import threading

import numpy as np
import pytest
from helpers import leaf

import minigrad as mg
from minigrad import data, nn, optim
from minigrad.engine import node
from minigrad.errors import GraphError


@pytest.fixture(autouse=True)
def hasty():
    """Let threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def at_once(*functions):
    """Run functions in threads that start together; return their results, or raise what the first of them raised."""
    results, errors, start = [None] * len(functions), [], threading.Barrier(len(functions))

    def work(i):
        start.wait(10)
        try:
            results[i] = functions[i]()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(functions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    if errors:
        raise errors[0]
    return results


def trained(seed, make=optim.Adam, epochs=6):
    """Train a network of everything that draws numbers or keeps them, and return its bits."""
    rng = np.random.default_rng(seed)
    model = nn.Sequential(
        nn.Linear(6, 16, generator=rng), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.3, generator=rng),
        nn.Linear(16, 8, generator=rng), nn.LayerNorm(8), nn.Tanh(), nn.Linear(8, 3, generator=rng),
    )  # fmt: skip
    nn.init.glorot_uniform_(model[0].weight, generator=rng)
    x, y = rng.normal(size=(48, 6)).astype(np.float32), rng.integers(0, 3, 48)
    loader = data.DataLoader((x, y), 16, shuffle=True, generator=rng)
    optimizer = make(model.parameters(), lr=0.01)
    for _ in range(epochs):
        for batch, labels in loader:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(batch), labels)
            loss.backward()
            if seed % 2:
                optim.clip_grad_norm_(model.parameters(), 0.5)
            optimizer.step()
        with mg.no_grad():
            model.eval()(x)
            model.train()
    return [t.numpy().tobytes() for t in model.state_dict().values()] + [loss.item()]


@pytest.mark.parametrize("make", [optim.Adam, optim.NAdam])
def test_eight_models_trained_at_once_have_the_bits_of_one_after_the_other(make):
    alone = [trained(seed, make) for seed in range(8)]
    assert at_once(*[lambda seed=seed: trained(seed, make) for seed in range(8)]) == alone
    assert len({bits[0] for bits in alone}) == 8


def test_the_first_call_of_an_operation_may_come_from_several_threads(scratch):
    for n in range(20):

        @mg.primitive
        def scaled(x, y, *, factor=2.0):
            return factor * x * y

        scaled.defvjp(x=lambda g, y, factor: factor * g * y, y=lambda g, x, factor: factor * g * x)

        def work(scaled=scaled, n=n):
            x, y = leaf(1.0, 2.0), leaf(3.0, float(n))
            scaled(x, y, factor=3.0).sum().backward()
            return x.grad.tolist(), y.grad.tolist()

        assert at_once(*[work] * 4) == [([9, 3 * n], [3, 6])] * 4


def test_modes_and_errors_stay_in_their_thread():
    inside, w = threading.Barrier(3), leaf(1.0, 2.0)

    def quiet():
        with mg.no_grad():
            inside.wait(10)
            return (w * 2).requires_grad

    def broken():
        with pytest.raises(RuntimeError), mg.no_grad(), mg.debug():
            inside.wait(10)
            raise RuntimeError
        return (w * 2).requires_grad

    def recording():
        inside.wait(10)
        return all((w * 2).requires_grad and mg.is_grad_enabled() for _ in range(200))

    assert at_once(quiet, broken, recording) == [False, True, True]


def test_an_update_is_noticed_though_another_thread_was_held_up_in_one(monkeypatch):
    held, go_on, real = threading.Event(), threading.Event(), node.tick

    def tick():
        now = real()
        if threading.current_thread() is slow:
            held.set()
            go_on.wait(1)
        return now

    monkeypatch.setattr(node, "tick", tick)
    slow = threading.Thread(target=leaf(0.0).mark_changed)
    w = leaf(1.0, 2.0)
    slow.start()
    assert held.wait(10)
    threading.Timer(0.05, go_on.set).start()
    loss = (w * w).sum()  # newer than the update that is held up, older than the next
    w.copy_([5.0, 6.0])
    slow.join(10)
    with pytest.raises(GraphError, match="updated in place"):
        loss.backward()
    assert w.grad is None
