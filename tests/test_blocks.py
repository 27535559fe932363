"""Large arrays block by block: every operation in tiny blocks, and chains as long as they come."""

import numpy as np
import pytest
from helpers import over
from samples import ROWS
from test_compile import KINDS, LABELS, arrays_of, runs_of, training

import minigrad as mg
from minigrad.program import blocks, executor


@pytest.fixture
def tiny(monkeypatch):
    """Let blocks be of four elements, and three cores share whatever has two."""
    monkeypatch.setattr(blocks, "SMALL", 2)
    monkeypatch.setattr(blocks, "BLOCK", 4)
    monkeypatch.setattr(executor, "LARGE", 2)
    monkeypatch.setattr(executor, "CORES", 3)


def close(a, b):  # a sum of sums is not the sum to the last bit
    wide = 8 * np.finfo(a.dtype).eps if a.dtype.kind == "f" else 0
    return a.dtype == b.dtype and np.allclose(a, b, rtol=wide, atol=wide, equal_nan=a.dtype.kind == "f")


@over("row", ROWS)
def test_every_operation_and_its_derivative_give_the_same(row, tiny):
    for expected, compiled, arrays in runs_of(row, turn=1):
        with np.errstate(all="ignore"):
            got = arrays_of(compiled(*arrays))
        assert all(close(a, b) for a, b in zip(expected, got, strict=True))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("optimizer", ["SGD", "Nesterov", "Adam", "Adadelta"])
def test_training_ends_where_it_would_have(kind, optimizer, tiny):
    ends = []
    for compiled in (False, True):
        model, _, _, x, step = training(kind, optimizer, compiled)
        losses = [step(mg.tensor(x), LABELS).item() for _ in range(8)]
        ends.append((losses, *[t.data for t in model.state_dict().values()]))
    assert all(np.allclose(a, b, rtol=1e-4, atol=1e-6) for a, b in zip(*ends, strict=True))


@pytest.mark.parametrize("shape", [(1 << 18,), ((1 << 18) + 5,), (700, 400), (3, 1 << 17)])
def test_a_long_chain(shape):
    rng = np.random.default_rng(0)
    x, w = (rng.normal(size=shape).astype(np.float32) for _ in range(2))
    b = rng.normal(size=shape[1:]).astype(np.float32)  # a row, or a number

    def chain(x, w, b):
        y = mg.tanh(x * w + b)
        return y * mg.sigmoid(x), (y * y).sum()

    compiled = mg.compile(chain)
    for scale in (1, 2, 3):
        args = [mg.tensor(scale * a) for a in (x, w, b)]
        (got, total), (expected, exact) = compiled(*args), chain(*args)
        assert np.array_equal(got.numpy(), expected.numpy())
        assert abs(total.item() - exact.item()) <= 1e-6 * exact.item()
    assert "in_parts" in compiled.code


@pytest.mark.parametrize("name", ["i", "j", "own", "first", "last", "np", "in_parts", "sums", "Recheck"])
def test_an_argument_may_be_called_what_the_text_has_a_use_for(name):
    space = {"mg": mg}
    exec(f"def f({name}): return (mg.tensor({name}) * 2).sum()", space)
    compiled, x = mg.compile(space["f"]), np.ones(1 << 18, np.float32)
    assert [compiled(x).item() for _ in range(3)] == [2 * x.size] * 3


def test_what_only_a_chain_uses_takes_a_block():
    x = np.ones(1 << 20, np.float32)
    compiled = mg.compile(lambda x: mg.exp(mg.sin(mg.exp(mg.tensor(x) * 2) + 1)).sum())
    compiled(x)
    own = [a for a in compiled._last._run.__kwdefaults__.values() if isinstance(a, list)]
    assert own and all(a.size <= blocks.BLOCK for core in own[0] for a in core) and len(own[0][0]) == 1
