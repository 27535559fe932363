"""Where other libraries slip: one row for each known slip, with what is right.

Most of these cases are rows of a table elsewhere too; here they are side by side, so that none is lost.
"""

import threading

import numpy as np
import pytest
from helpers import leaf
from standin import STANDIN

import minigrad as mg
from minigrad import nn, optim
from minigrad.errors import CheckpointError, DeviceError, DtypeError, RuleError, ShapeError

F = nn.functional
NAN, INF = float("nan"), float("inf")


def slope(f, *x, dtype="float32"):
    """Return the gradient of f by its one argument, summed over the result."""
    a = leaf(*x, dtype=dtype)
    f(a).sum().backward()
    return a.grad.numpy().astype(np.float64)


# Numbers: name → (what minigrad gives, what is right, relative error allowed)
NUMBERS = {
    "float16 logsumexp of equal large values": (
        lambda: slope(mg.logsumexp, 6e4, 6e4, dtype="float16"), [0.5, 0.5], 0),
    "float32 logsumexp at 1000": (lambda: slope(mg.logsumexp, 1000.0, 1000.0), [0.5, 0.5], 1e-7),
    "logsumexp at inf": (lambda: slope(mg.logsumexp, INF, 1.0), [1, 0], 0),
    "logsumexp at -inf": (lambda: slope(mg.logsumexp, -INF, 1.0), [0, 1], 0),
    "softplus above 20": (lambda: (mg.softplus(mg.tensor(21.0, dtype="float64")) - 21).numpy(), np.log1p(np.exp(-21)),
                          1e-5),
    "its gradient": (lambda: 1 - slope(mg.softplus, 21.0, dtype="float64"), [1 / (1 + np.exp(21.0))], 1e-6),
    "batch norm of 10000 + {0 … 3}": (lambda: nn.BatchNorm1d(1, eps=1e-12)(levels()).numpy()[:4, 0],
                                      (np.arange(4) - 1.5) / np.sqrt(1.25), 1e-5),
    "prod that underflows": (lambda: slope(mg.prod, 1e-30, 1e-30, 1e30), [1, 1, 0], 1e-6),
    "prod with a zero": (lambda: slope(mg.prod, 0.0, 2.0, 3.0), [6, 0, 0], 0),
    "x ** 0.0 at 0": (lambda: slope(lambda x: x**0.0, 0.0), [0], 0),
    "hypot of large legs": (lambda: slope(lambda x: mg.hypot(x, x * 0 + 2e38), 2e38), [np.sqrt(0.5)], 1e-6),
    "hypot of small legs": (lambda: slope(lambda x: mg.hypot(x, x * 0 + 1e-30), 1e-30), [np.sqrt(0.5)], 1e-6),
    "ties of maximum": (lambda: slope(lambda x: mg.maximum(x, mg.tensor([1.0])), 1.0), [0.5], 0),
    "sort": (lambda: slope(lambda x: mg.sort(x) * mg.tensor([1.0, 2.0, 3.0]), 3.0, 1.0, 2.0), [3, 1, 2], 0),
    "elu at large z": (lambda: slope(mg.elu, 1e4, -1e4), [1, 0], 0),
    "relu keeps NaN": (lambda: mg.relu(mg.tensor([NAN, -1.0])).numpy(), [NAN, 0], 0),
    "sigmoid in the tail": (lambda: slope(mg.sigmoid, 40.0, dtype="float64"), [np.exp(-40.0)], 1e-14),
    "BCE with logits in the tail": (
        lambda: slope(lambda z: F.binary_cross_entropy_with_logits(z, 1.0), 40.0, dtype="float64"),
        [-np.exp(-40.0)], 1e-14),
    "every label ignored": (
        lambda: slope(lambda z: F.cross_entropy(z.reshape(1, 2), [-1], ignore_index=-1), 1.0, 2.0), [0, 0], 0),
    "a float32 sum along axis 0": (lambda: mg.sum(tenths(), axis=0).numpy(), [1e5, 1e5], 1e-6),
    "cumsum of a million": (lambda: mg.cumsum(tenths()[:, 0]).numpy()[-1:], [1e5], 1e-6),
    "a bias gradient over a million rows": (lambda: slope(
        lambda b: mg.linear(tenths(), mg.tensor([[0.0, 0.0]]), b.reshape(1)) * 0.1, 0.0), [1e5], 1e-6),
}  # fmt: skip


def levels():
    return mg.tensor(np.tile(1e4 + np.arange(4, dtype=np.float32), 250).reshape(-1, 1))


def tenths():
    return mg.tensor(np.full((1_000_000, 2), 0.1, np.float32))


@pytest.mark.parametrize("name", NUMBERS)
def test_the_number_is_right(name):
    got, right, error = NUMBERS[name]
    np.testing.assert_allclose(got(), right, rtol=error, atol=0)


# What is refused: name → (call, exception, words)
REFUSED = {
    "lr=NaN": (lambda: optim.SGD([leaf(1.0)], lr=NAN), ValueError, "SGD: lr=nan is out of range"),
    "momentum=1.5": (lambda: optim.Momentum([leaf(1.0)], momentum=1.5), ValueError, "momentum=1.5 is out of range"),
    "eps=0": (lambda: optim.Adam([leaf(1.0)], eps=0), ValueError, "Adam: eps=0"),
    "a misspelt keyword": (lambda: optim.Adam([leaf(1.0)], learning_rate=1), TypeError, "'learning_rate'"),
    "the same parameter twice": (lambda: optim.SGD([p := leaf(1.0), p]), ValueError, "was given twice"),
    "(4, 1) against (4,)": (lambda: F.mse_loss(mg.ones((4, 1)), np.ones(4)), ShapeError, "mse_loss: .*must be equal"),
    "an index out of range": (lambda: leaf(1.0, 2.0)[2], IndexError, "out of bounds"),
    "one to take": (lambda: mg.take(leaf(1.0, 2.0), [5]), IndexError, "take: index 5 is out of bounds"),
    "a label out of range": (lambda: F.cross_entropy(mg.ones((1, 2)), [2]), ValueError, "label 0 is 2"),
    "a negative label": (lambda: F.cross_entropy(mg.ones((1, 2)), [-1]), ValueError, "label 0 is -1.* need - 1"),
    "a float label": (lambda: F.cross_entropy(mg.ones((1, 2)), [1.0]), DtypeError, "must be integers.*astype"),
    "no probability": (lambda: F.binary_cross_entropy(mg.tensor([-0.1]), [1.0]), ValueError, r"must lie in \[0, 1\]"),
    "an unknown reduction": (lambda: F.mse_loss(leaf(1.0), [1.0], reduction="avg"), ValueError, "got 'avg'"),
    "two devices": (lambda: leaf(1.0) + leaf(1.0, device=STANDIN.name), DeviceError, "x: .* on cpu, y: .* on"),
    "bool() of a vector": (lambda: bool(leaf(1.0, 2.0) > 0), ShapeError, "truth value .* ambiguous"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_in_words(name):
    call, kind, words = REFUSED[name]
    with pytest.raises(kind, match=words):
        call()


# What must leave everything as it was


def test_a_backward_that_fails_writes_no_gradient(scratch):
    @mg.primitive
    def broken(x):
        return x * 1

    broken.defvjp(x=lambda g: g[:1])
    x, y = leaf(1.0, 2.0), leaf(1.0, 2.0)
    with pytest.raises(RuleError):
        (y * 2 + broken(x)).sum().backward()
    assert x.grad is None and y.grad is None


def test_a_load_that_fails_changes_nothing():
    net = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    before = {key: t.tolist() for key, t in net.state_dict().items()}
    state = {key: mg.zeros_like(t) for key, t in net.state_dict().items()}
    with pytest.raises(CheckpointError):
        net.load_state_dict({**state, "1.bias": mg.zeros((7,))})
    assert {key: t.tolist() for key, t in net.state_dict().items()} == before


def test_a_flipped_byte_is_noticed_and_a_save_that_is_stopped_leaves_the_old_file(tmp_path):
    file = tmp_path / "weights.safetensors"
    mg.save(file, {"w": mg.tensor([1.0, 2.0])})
    good = file.read_bytes()
    with pytest.raises(TypeError):
        mg.save(file, {"w": object()})
    assert file.read_bytes() == good and [p.name for p in tmp_path.iterdir()] == [file.name]
    file.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    with pytest.raises(CheckpointError):
        mg.load(file)


def test_no_grad_is_of_its_own_thread():
    entered, leave, seen = threading.Event(), threading.Event(), []

    def elsewhere():
        with mg.no_grad():
            entered.set()
            leave.wait()
            seen.append(mg.is_grad_enabled())

    thread = threading.Thread(target=elsewhere)
    thread.start()
    entered.wait()
    assert (leaf(1.0) * 2).requires_grad
    leave.set()
    thread.join()
    assert seen == [False]
