"""Initial weights: bounds and moments (N13, N14), orthogonality, LSUV (N15), and why not symmetric ones (N11)."""

from __future__ import annotations

import math

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn, optim
from minigrad.errors import GraphError, ShapeError

init = nn.init


def blank(*shape, dtype="float64"):
    return nn.Parameter(np.full(shape, np.nan, dtype))


def both(r):
    return -r, r


# How they are spread: the fans of (out, in, *kernel), and the standard deviation each formula promises

SHAPES = {(200, 300): (300, 200), (40, 30, 5, 4): (600, 800), (60, 500, 2): (1000, 120)}
UNIFORM = {
    "uniform_": (lambda t, **k: init.uniform_(t, -0.3, 0.7, **k), lambda i, o: (-0.3, 0.7)),
    "glorot_uniform_": (init.glorot_uniform_, lambda i, o: both(math.sqrt(6) / math.sqrt(i + o))),  # N13
    "glorot_uniform_ gain": (
        lambda t, **k: init.glorot_uniform_(t, 2.0, **k), lambda i, o: both(2 * math.sqrt(6) / math.sqrt(i + o))
    ),
    "he_uniform_": (init.he_uniform_, lambda i, o: both(math.sqrt(6 / i))),
}
NORMAL = {
    "normal_": (init.normal_, lambda i, o: 1.0),
    "AlexNet's (N14)": (lambda t, **k: init.normal_(t, std=0.01, **k), lambda i, o: 0.01),
    "glorot_normal_": (init.glorot_normal_, lambda i, o: math.sqrt(2 / (i + o))),
    "glorot_normal_ gain": (lambda t, **k: init.glorot_normal_(t, 3.0, **k), lambda i, o: 3 * math.sqrt(2 / (i + o))),
    "he_normal_": (init.he_normal_, lambda i, o: math.sqrt(2 / i)),
    "he_normal_ gain": (lambda t, **k: init.he_normal_(t, 1.5, **k), lambda i, o: 1.5 / math.sqrt(i)),
    "lecun_normal_": (init.lecun_normal_, lambda i, o: 1 / math.sqrt(i)),
}
RANDOM = {**UNIFORM, **NORMAL, "orthogonal_": (init.orthogonal_, None)}


@pytest.mark.parametrize("shape", SHAPES)
def test_fans(shape):
    assert init.fans(blank(*shape)) == SHAPES[shape]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", UNIFORM)
def test_uniform_bounds_and_moments(name, shape):
    fill, bounds = UNIFORM[name]
    t = blank(*shape)
    assert fill(t, generator=np.random.default_rng(0)) is t
    low, high = bounds(*SHAPES[shape])
    w, width = t.numpy(), high - low
    assert low <= w.min() < low + width / 1000 and high - width / 1000 < w.max() <= high
    assert abs(w.mean() - (low + high) / 2) < 5 * width / math.sqrt(12 * w.size)
    assert w.std() == pytest.approx(width / math.sqrt(12), rel=0.01)
    assert np.histogram(w, 10, (low, high))[0].max() < w.size / 10 * 1.1


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", NORMAL)
def test_normal_moments(name, shape):
    fill, deviation = NORMAL[name]
    t = blank(*shape)
    assert fill(t, generator=np.random.default_rng(0)) is t
    w, std = t.numpy(), deviation(*SHAPES[shape])
    assert abs(w.mean()) < 5 * std / math.sqrt(w.size)
    assert w.std() == pytest.approx(std, rel=0.015)  # 5 of its own standard deviations
    assert (w**4).mean() / std**4 == pytest.approx(3, rel=0.1)
    assert np.mean(np.abs(w) < std) == pytest.approx(0.6827, abs=0.01)


def test_normal_mean_and_constants():
    assert init.normal_(blank(200, 200), mean=3.0, std=0.1).numpy().mean() == pytest.approx(3, abs=0.01)
    assert init.zeros_(blank(2)).tolist() == [0, 0] and init.constant_(blank(2, 1), 0.5).tolist() == [[0.5], [0.5]]
    assert init.normal_(blank(3), std=0).tolist() == [0, 0, 0] and init.uniform_(blank(2), 4, 4).tolist() == [4, 4]


@pytest.mark.parametrize("shape", [(5, 8), (8, 5), (6, 6), (1, 4), (8, 2, 3, 2), (20, 2, 3)])
@pytest.mark.parametrize("gain", [1.0, 0.3])
def test_orthogonal_in_rows_or_in_columns(shape, gain):
    w = init.orthogonal_(blank(*shape), gain).numpy().reshape(shape[0], -1)
    product = w @ w.T if w.shape[0] <= w.shape[1] else w.T @ w
    np.testing.assert_allclose(product, gain**2 * np.eye(len(product)), atol=1e-13)


def test_every_rotation_is_equally_likely():
    rng = np.random.default_rng(0)
    draws = np.array([init.orthogonal_(blank(2, 2), generator=rng).numpy() for _ in range(2000)])
    turned = np.arctan2(draws[:, 1, 0], draws[:, 0, 0])
    assert np.histogram(turned, 8, (-math.pi, math.pi))[0].min() > 2000 / 8 * 0.75
    assert np.mean(np.linalg.det(draws) > 0) == pytest.approx(0.5, abs=0.06)  # reflections too


@pytest.mark.parametrize("name", RANDOM)
def test_seeds_reproduce_and_generators_are_independent(name):
    fill = RANDOM[name][0]

    def drawn(seed, own=None):
        mg.manual_seed(seed)
        return fill(blank(4, 3), generator=None if own is None else np.random.default_rng(own)).tolist()

    assert drawn(1) == drawn(1) != drawn(2)
    assert drawn(1, own=5) == drawn(2, own=5) != drawn(1, own=6)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("name", RANDOM)
def test_filling_keeps_dtype_array_and_gradients(name, dtype):
    t = blank(4, 3, dtype=dtype)
    array = t.data
    RANDOM[name][0](t)
    assert t.data is array and t.dtype == dtype and t.requires_grad and t.is_leaf and np.isfinite(array).all()


# LSUV (N15)


class Nested(nn.Module):
    """Linear layers in a list, a dictionary and a Sequential, with other layers between."""

    def __init__(self):
        self.stem = nn.Linear(8, 30)
        first = nn.Sequential(nn.Tanh(), nn.Linear(30, 12, bias=False))
        self.blocks = [first, nn.Sequential(nn.ReLU(), nn.Linear(12, 25))]
        self.norm = nn.LayerNorm(25)
        self.heads = {"a": nn.Linear(25, 6), "b": nn.Linear(25, 7)}

    def forward(self, x):
        x = self.stem(x)
        for block in self.blocks:
            x = block(x)
        x = self.norm(x)
        return [head(x) for head in self.heads.values()]


def deep():
    layers = [layer for _ in range(8) for layer in (nn.Linear(20, 20), nn.ReLU())]
    return nn.Sequential(nn.Linear(8, 20), nn.Sigmoid(), *layers)


def outputs(model, x):
    """The output of every Linear layer, caught by standing in for their forward."""
    seen, layers = {}, [m for m in model.modules() if isinstance(m, nn.Linear)]
    for i, layer in enumerate(layers):
        def watched(x, i=i, layer=layer):
            seen[i] = nn.Linear.forward(layer, x)
            return seen[i]

        layer.forward = watched
    model(x)
    for layer in layers:
        del layer.forward
    return [seen[i].numpy() for i in range(len(layers))]


@pytest.mark.parametrize("make", [Nested, deep, lambda: nn.Linear(8, 5)], ids=["nested", "deep", "one layer"])
@pytest.mark.parametrize("shape", [(200, 8), (20, 10, 8)])
def test_n15_every_layer_has_variance_one(make, shape):
    model, x = make().to(np.float64), mg.tensor(np.random.default_rng(0).normal(2, 5, shape))
    assert init.lsuv_(model, x, tol=1e-6, generator=np.random.default_rng(1)) is model
    assert [z.var() for z in outputs(model, x)] == pytest.approx([1] * len(outputs(model, x)), abs=1e-6)
    for layer in (m for m in model.modules() if isinstance(m, nn.Linear)):
        w = layer.weight.numpy() if layer.out_features <= layer.in_features else layer.weight.numpy().T
        product = w @ w.T
        np.testing.assert_allclose(product, product[0, 0] * np.eye(len(w)), atol=1e-12)  # orthogonal, up to scale
        assert layer.bias is None or not layer.bias.numpy().any()
        assert layer.weight.grad is None and "forward" not in vars(layer)


def test_lsuv_takes_arrays_and_follows_the_seed():
    x = np.random.default_rng(0).normal(size=(50, 8)).astype(np.float32)

    def weights(seed):
        mg.manual_seed(seed)
        return [p.tolist() for p in init.lsuv_(deep(), x).parameters()]

    assert weights(1) == weights(1) != weights(2)


@pytest.mark.parametrize(("model", "text"), [
    (nn.Sequential(nn.Tanh()), "lsuv_: Sequential has no Linear layer"),
    (nn.Sequential(nn.Linear(8, 4), lambda x: x * 0, nn.Linear(4, 2)), r"the output of layer '2' has variance 0\.0"),
    (nn.Sequential(nn.Linear(8, 4), lambda x: x / mg.tensor(0.0), nn.Linear(4, 2)), r"layer '2' has variance nan"),
])
def test_lsuv_refuses_what_it_cannot_scale(model, text):
    with pytest.raises(ValueError, match=text), np.errstate(all="ignore"):
        init.lsuv_(model, np.ones((4, 8), np.float32))
    assert not any("forward" in vars(m) for m in model.modules())


def test_lsuv_names_a_layer_that_is_never_used():
    model = Nested()
    model.blocks.append(lambda x: x)
    model.spare = nn.Linear(2, 2)
    with pytest.raises(ValueError, match="lsuv_: the model did not use its layer 'spare' on this batch"):
        init.lsuv_(model, np.random.default_rng(0).normal(size=(9, 8)).astype(np.float32))


# Symmetric weights (N11)


def train(fill, steps, optimizer=optim.SGD, nodes=3):
    """Train some hidden nodes from the weights `fill` gives; return incoming weights, biases and outgoing weights."""
    rng = np.random.default_rng(0)
    x = mg.tensor(rng.normal(size=(16, 4)))
    y = mg.tensor((rng.normal(size=(16, 1)) > 0).astype(float))
    hidden, out = nn.Linear(4, nodes, dtype="float64"), nn.Linear(nodes, 1, dtype="float64")
    for layer in (hidden, out):
        init.constant_(layer.bias, 0.1)
        fill(layer.weight)
    model = nn.Sequential(hidden, nn.Tanh(), out)
    learner = optimizer(model.parameters(), lr=0.05)
    for _ in range(steps):
        learner.zero_grad()
        nn.functional.binary_cross_entropy_with_logits(model(x), y).backward()
        learner.step()
    return np.column_stack([hidden.weight.numpy(), hidden.bias.numpy(), out.weight.numpy().ravel()])


@pytest.mark.parametrize("optimizer", [optim.SGD, optim.Adam])
@pytest.mark.parametrize("nodes", [2, 4, 8])  # of 3 or 5, BLAS sums the odd one out in another order: see the next test
def test_n11_equal_nodes_stay_equal_to_the_bit_for_a_thousand_steps(optimizer, nodes):
    start, end = (train(lambda t: init.constant_(t, 0.3), steps, optimizer, nodes) for steps in (0, 1000))
    assert (end == end[0]).all()
    assert np.abs(end - start).max() > 0.1  # they did learn, as one node


def test_n11_equal_nodes_of_any_number_stay_equal_up_to_rounding():
    end = train(lambda t: init.constant_(t, 0.3), 100, nodes=5)
    np.testing.assert_allclose(end, end[[0] * 5], rtol=1e-10)


def test_n11_two_equal_nodes_stay_equal_beside_two_others():
    def fill(t):
        own = np.array([0.3, 0.3, 0.4, -0.5])
        return t.copy_(np.broadcast_to(own if t.shape[0] == 1 else own[:, None], t.shape))

    end = train(fill, 1000, nodes=4)
    assert (end[0] == end[1]).all() and min(np.abs(end[0] - end[i]).max() for i in (2, 3)) > 1e-3


@pytest.mark.parametrize("name", RANDOM)
def test_n11_any_asymmetric_initialiser_breaks_the_symmetry(name):
    nodes = train(lambda t: RANDOM[name][0](t, generator=np.random.default_rng(3)), 100)
    assert min(np.abs(nodes[i] - nodes[j]).max() for i, j in [(0, 1), (0, 2), (1, 2)]) > 1e-3


# Refusals


@pytest.mark.parametrize(("call", "kind", "text"), [
    *[(lambda f=f: f(blank(3)), ShapeError, r"fans: needs a weight of two or more axes, .*float64\[3\]")
      for f in (init.fans, init.glorot_uniform_, init.glorot_normal_, init.he_uniform_, init.he_normal_,
                init.lecun_normal_, init.orthogonal_)],
    (lambda: init.uniform_(blank(3), 1, 0), ValueError, "uniform_: low must not exceed high, got 1, 0"),
    (lambda: init.uniform_(blank(3), float("nan"), 0), ValueError, "got nan, 0"),
    (lambda: init.normal_(blank(3), 0, -1), ValueError, "normal_: std must not be negative, got -1"),
    (lambda: init.normal_(blank(3), 0, float("nan")), ValueError, "got nan"),
    (lambda: init.zeros_(blank(3) * 2), GraphError, "only leaves can be overwritten"),
])
def test_bad_arguments(call, kind, text):
    with pytest.raises(kind, match=text):
        call()


def test_lsuv_follows_the_order_of_use_and_leaves_modes_and_buffers_alone():
    class Backwards(nn.Module):
        def __init__(self):
            self.last = nn.Linear(16, 4)
            self.norm = nn.BatchNorm1d(16)
            self.first = nn.Linear(8, 16)

        def forward(self, x):
            return self.last(mg.relu(self.norm(self.first(x))))

    model = Backwards()
    model.norm.eval()
    batch = np.random.default_rng(0).normal(size=(64, 8)).astype("float32")
    nn.init.lsuv_(model, batch)
    first = model.first(batch)
    assert first.numpy().var() == pytest.approx(1, abs=2e-3)
    assert model.last(mg.relu(model.norm(first))).numpy().var() == pytest.approx(1, abs=2e-3)
    assert model.training and not model.norm.training and model.norm.num_batches_tracked.item() == 0
