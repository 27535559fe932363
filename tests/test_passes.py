"""Passes of the compiler: each alone and each left out, every program gives what it gives without a compiler."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from test_fuzz import Programs

import minigrad as mg
from minigrad import nn
from minigrad.errors import TraceError
from minigrad.program.passes import PASSES, PLANNING
from minigrad.transforms.tree import flatten

NAMES = (*PASSES, *PLANNING)
CHOICES = [
    *[(name,) for name in NAMES],
    *[tuple(other for other in NAMES if other != name) for name in NAMES],
    (),
    NAMES,
]
X = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
HARD = np.array([-0.0, 0.0, np.nan, -np.nan, np.inf, -np.inf, 1e-45, -1e-45, 1e38, 1.0], np.float32)


def compared(f, *arrays):
    """Compare a function with its programs, bit by bit; tell whether it has any."""
    with np.errstate(all="ignore"):
        wanted = [np.asarray(x.data) for x in flatten(f(*map(mg.Tensor, arrays)))[0]]
        for without in CHOICES:
            program = mg.compile(f, without=without)
            try:
                program(*map(mg.Tensor, arrays))
            except TraceError:  # as `checkpoint`, which looks at values
                return False
            found = [np.asarray(x.data) for x in flatten(program(*map(mg.Tensor, arrays)))[0]]
            for a, b in zip(found, wanted, strict=True):
                assert a.dtype == b.dtype and a.shape == b.shape, without
                assert a.tobytes() == b.tobytes(), f"without {without}: {a} is not {b}\n{program.program}"
    return True


seen = {"programs": 0}


class Compiled(Programs):
    """A random program, with the gradient of its loss."""

    def teardown(self):
        program = self.program
        if not program.lines:
            return

        def both(*leaves):
            values, loss = program.run(leaves)
            grads = mg.grad(lambda *x: program.run(x)[1], range(len(leaves)))(*leaves) if loss.size else ()
            return [values[line.name] for line in program.lines], loss, grads

        try:
            seen["programs"] += compared(both, *program.leaves.values())
        except Exception as error:
            error.add_note(f"in the program\n\n{program}\n")
            raise


def test_random_programs_are_the_same_to_the_last_bit():
    run_state_machine_as_test(Compiled, settings=settings(
        max_examples=12, stateful_step_count=8, database=None, deadline=None, print_blob=False, derandomize=True,
        suppress_health_check=list(HealthCheck),
    ))  # fmt: skip
    assert seen["programs"] > 8


EXACT = [
    lambda x: (x + x) * 1,
    lambda x: 1.0 * (x + x) / 1,
    lambda x: (x + x) ** 1 - 0,
    lambda x: mg.negative(mg.negative(x + x)),
    lambda x: (x + x).T.T + 0.0,
    lambda x: mg.swapaxes(mg.swapaxes(x + x, 0, 1), 0, 1) - 0,
    lambda x: (x + x).astype(np.float32).copy() * np.float32(1),
]


@pytest.mark.parametrize("f", EXACT)
def test_what_is_left_out_leaves_every_bit(f):
    x = HARD.reshape(2, 5)
    program = mg.compile(lambda x: mg.arctan(f(x)))  # what is handed back itself has memory of its own
    assert compared(program.function, x)
    program(mg.tensor(x))
    stages = {name: len(stage.instructions) for name, stage in program.stages.items()}
    assert stages["algebra"] < stages["constants"]


KEPT = [
    lambda x: (x + x) + 0.0,  # of −0 it makes +0
    lambda x: (x + x) - -0.0,
    lambda x: (x + x).astype(np.float64),  # another type
    lambda x: (x + x)[0] * mg.tensor(np.ones((2, 1), np.float32)),  # another shape
    lambda x: (x.T + x.T).T * 1,  # laid out otherwise: what sums it up, adds in another order
]


@pytest.mark.parametrize("f", KEPT)
def test_what_changes_a_bit_is_kept(f):
    x = HARD.reshape(2, 5)
    program = mg.compile(lambda x: mg.arctan(f(x)))
    assert compared(program.function, x)
    program(mg.tensor(x))
    assert len(program.stages["algebra"].instructions) == len(program.stages["constants"].instructions)


def test_what_is_written_into_is_not_what_was_copied():
    def f(x):
        a = x + x
        b = a * 1
        running = nn.Buffer(b.data)
        running.copy_(b + 1)
        return a, b, running.detach()

    assert compared(f, X)


def test_what_has_changed_since_is_computed_again():
    running = nn.Buffer(np.zeros((3, 4), np.float32))

    def f(x):
        running.copy_(x)
        before = mg.exp(running.detach()) * 2
        running.copy_(x + 1)
        return before * 3, (mg.exp(running.detach()) * 2) * 3

    assert compared(f, X)


def test_what_is_handed_back_has_memory_of_its_own():
    f = mg.compile(lambda x: (x + 1, x + 1, (x + 1) * 1, x * 1))
    x = mg.tensor(X)
    for _ in range(2):
        results = [x, *f(x)]
        for i, a in enumerate(results):
            assert not any(np.may_share_memory(a.data, b.data) for b in results[:i])


def test_a_pass_that_does_not_exist():
    with pytest.raises(ValueError, match=r"there is no pass 'algebr' to leave out; .* Did you mean 'algebra'"):
        mg.compile(abs, without=["algebr"])
    assert set(mg.compile(lambda x: x, without="algebra")._left_out) == {"algebra"}


def test_every_pass_leaves_less():
    model = nn.Sequential(nn.Linear(4, 8), nn.GELU(), nn.Linear(8, 3))

    @mg.compile
    def step(x, y):
        mg.sin(x)  # of no use
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        return loss

    step(mg.tensor(X), np.array([0, 1, 2]))
    counts = [len(stage.instructions) for stage in step.stages.values()]
    assert list(step.stages) == ["trace", *PASSES] and step.stages["dead_code"] is step.program
    assert all(after < before for before, after in pairwise(counts)), counts


def test_the_memory_is_told():
    def f(x):
        for _ in range(10):
            x = mg.tanh(x)
        return x.sum()

    x = mg.tensor(np.ones(1000, np.float32))
    told = {}
    for without in ((), ("reuse",), NAMES):
        program = mg.compile(f, without=without)
        assert program(x).item() == program(x).item()
        told[without] = program.memory
    assert told[()].before == told["reuse",].after == told[NAMES].after == 10 * 4000 + 4
    assert told[()].after == 4000 + 4
    first, *passes, last = program.report.splitlines()
    assert first.split() == ["after", "instructions", "operations", "bytes", "made"]
    assert passes == ["trace                 11        11,000        40,004"]
    assert last == "memory: 40,004 bytes, 40,004 when arrays are used again"
