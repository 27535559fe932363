"""Modules: their parts in definition order, PyTorch's keys and numbers, and normalisation by hand (N22)."""

from __future__ import annotations

import re
from collections import OrderedDict

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn
from minigrad.errors import CheckpointError, DeviceError, DtypeError, ShapeError
from minigrad.ops import nn as nn_ops


def shake(module, seed=0):
    """Give every parameter and buffer of floats positive values without symmetry."""
    rng = np.random.default_rng(seed)
    for t in [*module.parameters(), *module.buffers()]:
        if t.dtype.kind == "f":
            t.copy_(rng.uniform(0.2, 1.5, t.shape))
    return module


def values(module):
    return {key: t.numpy().copy() for key, t in module.state_dict().items()}


def to_torch(torch, module):
    return {key: torch.from_numpy(np.array(t.numpy())) for key, t in module.state_dict().items()}


def names(module):
    return [name for name, _ in module.named_parameters()]


# Walking


class Net(nn.Module):
    """Parts of every kind, not in the order of the alphabet."""

    def __init__(self):
        self.stem = nn.Linear(3, 4)
        self.size = 4
        self.blocks = [nn.Linear(4, 4, bias=False), (nn.Tanh(), nn.Linear(4, 2))]
        self.heads = {"b": nn.Linear(2, 1), "a": nn.BatchNorm1d(2)}
        self.again = self.stem
        self.alpha = nn.Parameter([1.0, 2.0])
        self.seen = nn.Buffer(np.zeros(2))
        self.constant = mg.tensor([1.0])


def test_parts_come_in_definition_order_through_lists_tuples_and_dicts():
    net = Net()
    assert names(net) == [
        "stem.weight", "stem.bias", "blocks.0.weight", "blocks.1.1.weight", "blocks.1.1.bias",
        "heads.b.weight", "heads.b.bias", "heads.a.weight", "heads.a.bias", "alpha",
    ]
    assert [name for name, _ in net.named_buffers()] == [
        "heads.a.running_mean", "heads.a.running_var", "heads.a.num_batches_tracked", "seen"
    ]
    assert [name for name, _ in net.named_modules()] == [
        "", "stem", "blocks.0", "blocks.1.0", "blocks.1.1", "heads.b", "heads.a"
    ]
    assert [id(p) for p in net.parameters()] == [id(p) for _, p in net.named_parameters()]
    assert len(list(net.buffers())) == 4 and next(iter(net.modules())) is net


def test_a_shared_module_is_one_for_learning_and_two_entries_of_the_state_as_in_pytorch():
    net = Net()
    assert sum(p is net.stem.weight for p in net.parameters()) == 1
    state = net.state_dict()
    assert (state["again.weight"].numpy() == state["stem.weight"].numpy()).all()
    assert state["again.weight"].data is not net.stem.weight.data  # copies
    state["stem.bias"], state["again.bias"] = np.zeros(4), np.ones(4)
    net.load_state_dict(state)
    assert net.stem.bias.tolist() == [1] * 4  # the last in definition order, whatever the hash seed


def test_a_module_may_hold_the_one_it_is_in():
    net = nn.Sequential(nn.Linear(1, 1))
    net[0].parents = [net]
    net.itself = {"net": net}
    assert names(net) == ["0.weight", "0.bias"] and len(list(net.modules())) == 2
    assert repr(net).startswith("Sequential(\n  (0): Linear(")


def test_what_a_subclass_of_sequential_adds_is_found():
    class Two(nn.Sequential):
        def __init__(self):
            super().__init__(nn.Linear(2, 2), nn.Tanh())
            self.scale = nn.Parameter([1.0])

    assert names(Two()) == ["0.weight", "0.bias", "scale"]


def test_sequential_is_indexed_sliced_counted_and_takes_functions():
    net = nn.Sequential(nn.Linear(2, 3), mg.tanh, nn.Linear(3, 1), nn.Sequential(nn.Linear(1, 1)))
    assert len(net) == 4 and net[1] is mg.tanh and list(net)[2] is net[2] and net[-1][0].in_features == 1
    assert net[:2][0] is net[0] and len(net[1:]) == 3
    assert names(net) == [f"{k}.{n}" for k in ("0", "2", "3.0") for n in ("weight", "bias")]
    x = np.ones((2, 2), np.float32)
    assert np.array_equal(net(x).numpy(), net[3](net[2](np.tanh(net[0](x)))).numpy())


def test_two_thousand_levels_are_walked_without_recursion():
    net = nn.Linear(1, 1)
    for _ in range(2000):
        net = nn.Sequential(net)
    assert names(net) == ["0." * 2000 + "weight", "0." * 2000 + "bias"]


# PyTorch: keys, values, gradients

LAYERS = {
    "Linear": (lambda: nn.Linear(3, 4), lambda t: t.nn.Linear(3, 4), (5, 3)),
    "Linear 3-D": (lambda: nn.Linear(3, 4), lambda t: t.nn.Linear(3, 4), (2, 5, 3)),
    "Linear 1-D": (lambda: nn.Linear(3, 4), lambda t: t.nn.Linear(3, 4), (3,)),
    "Linear without bias": (lambda: nn.Linear(3, 4, bias=False), lambda t: t.nn.Linear(3, 4, bias=False), (5, 3)),
    "BatchNorm1d": (lambda: nn.BatchNorm1d(3), lambda t: t.nn.BatchNorm1d(3), (5, 3)),
    "BatchNorm1d 3-D": (lambda: nn.BatchNorm1d(3), lambda t: t.nn.BatchNorm1d(3), (4, 3, 5)),
    "BatchNorm1d options": (
        lambda: nn.BatchNorm1d(3, 1e-2, 0.4, False), lambda t: t.nn.BatchNorm1d(3, 1e-2, 0.4, False), (5, 3)
    ),
    "BatchNorm2d": (lambda: nn.BatchNorm2d(3), lambda t: t.nn.BatchNorm2d(3), (2, 3, 4, 5)),
    "LayerNorm": (lambda: nn.LayerNorm(3), lambda t: t.nn.LayerNorm(3), (5, 3)),
    "LayerNorm 2 axes": (lambda: nn.LayerNorm((4, 3), 1e-2), lambda t: t.nn.LayerNorm((4, 3), 1e-2), (5, 4, 3)),
    "LayerNorm plain": (
        lambda: nn.LayerNorm(3, elementwise_affine=False), lambda t: t.nn.LayerNorm(3, elementwise_affine=False), (5, 3)
    ),
    "Flatten": (nn.Flatten, lambda t: t.nn.Flatten(), (4, 2, 3)),
    "Flatten from 2": (lambda: nn.Flatten(-2), lambda t: t.nn.Flatten(-2), (4, 2, 3)),
    "Dropout 0": (lambda: nn.Dropout(0), lambda t: t.nn.Dropout(0), (4, 3)),
    "Dropout 1": (lambda: nn.Dropout(1), lambda t: t.nn.Dropout(1), (4, 3)),
    **{name: (getattr(nn, name), lambda t, name=name: getattr(t.nn, name)(), (4, 5)) for name in (
        "Sigmoid", "LogSigmoid", "Softplus", "Tanh", "ReLU", "LeakyReLU", "ELU", "GELU", "SiLU")},
    "LeakyReLU 0.3": (lambda: nn.LeakyReLU(0.3), lambda t: t.nn.LeakyReLU(0.3), (4, 5)),
    "ELU 2": (lambda: nn.ELU(2.0), lambda t: t.nn.ELU(2.0), (4, 5)),
    "GELU tanh": (lambda: nn.GELU("tanh"), lambda t: t.nn.GELU("tanh"), (4, 5)),
    "Softmax": (nn.Softmax, lambda t: t.nn.Softmax(-1), (4, 5)),
    "LogSoftmax 0": (lambda: nn.LogSoftmax(0), lambda t: t.nn.LogSoftmax(0), (4, 5)),
    "Embedding": (lambda: nn.Embedding(6, 3), lambda t: t.nn.Embedding(6, 3), None),
    "a network": (
        lambda: nn.Sequential(
            nn.Linear(3, 4, bias=False), nn.BatchNorm1d(4), nn.Sequential(nn.ReLU(), nn.Linear(4, 2))
        ),
        lambda t: t.nn.Sequential(
            t.nn.Linear(3, 4, bias=False), t.nn.BatchNorm1d(4), t.nn.Sequential(t.nn.ReLU(), t.nn.Linear(4, 2))
        ),
        (6, 3),
    ),
}


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_is_pytorchs_to_and_fro(torch, name):
    make, make_theirs, shape = LAYERS[name]
    ours, theirs = shake(make().to(np.float64)), make_theirs(torch).double()
    assert list(ours.state_dict()) == list(theirs.state_dict())
    theirs.load_state_dict(to_torch(torch, ours))
    rng = np.random.default_rng(1)
    for training in (True, True, False):
        ours.train(training)
        theirs.train(training)
        if shape is None:
            data = rng.integers(0, 6, (4, 2))
            x, tx = mg.tensor(data), torch.from_numpy(data)
        else:
            data = rng.normal(size=shape) * 3
            x, tx = mg.tensor(data, requires_grad=True), torch.from_numpy(data).requires_grad_()
        out, expected = ours(x), theirs(tx)
        g = rng.normal(size=out.shape)
        np.testing.assert_allclose(out.numpy(), expected.detach().numpy(), rtol=1e-10, atol=1e-12)
        out.backward(mg.tensor(g))
        expected.backward(torch.from_numpy(g))
        pairs = [*zip(ours.parameters(), theirs.parameters(), strict=True), *([(x, tx)] if shape else [])]
        for p, q in pairs:
            np.testing.assert_allclose(p.grad.numpy(), q.grad.numpy(), rtol=1e-9, atol=1e-11)
        ours.zero_grad()
        theirs.zero_grad()
    for key, t in theirs.state_dict().items():  # running statistics moved alike
        np.testing.assert_allclose(ours.state_dict()[key].numpy(), t.numpy(), rtol=1e-12)
    back = make().to(np.float64).eval()
    back.load_state_dict(theirs.state_dict())
    np.testing.assert_allclose(back(x).numpy(), theirs.eval()(tx).detach().numpy(), rtol=1e-10, atol=1e-12)


def test_keys_of_lists_and_dicts_are_pytorchs_module_list_and_dict(torch):
    class Ours(nn.Module):
        def __init__(self):
            self.blocks = [nn.Linear(2, 2), nn.Sequential(nn.BatchNorm1d(2), nn.Embedding(3, 2))]
            self.heads = {"z": nn.LayerNorm(2), "a": nn.Linear(2, 1)}

    class Theirs(torch.nn.Module):
        def __init__(self):
            super().__init__()
            t = torch.nn
            self.blocks = t.ModuleList([t.Linear(2, 2), t.Sequential(t.BatchNorm1d(2), t.Embedding(3, 2))])
            self.heads = t.ModuleDict(OrderedDict(z=t.LayerNorm(2), a=t.Linear(2, 1)))

    ours, theirs = Ours(), Theirs()
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert {k: (v.shape, str(v.dtype)) for k, v in ours.state_dict().items()} == {
        k: (tuple(v.shape), str(v.dtype).removeprefix("torch.")) for k, v in theirs.state_dict().items()
    }


@pytest.mark.parametrize(("ours", "theirs"), [
    (nn.Linear(1000, 300), lambda t: t.nn.Linear(1000, 300)),
    (nn.Embedding(1000, 300), lambda t: t.nn.Embedding(1000, 300)),
], ids=["Linear", "Embedding"])
def test_initial_weights_are_spread_as_pytorchs(torch, ours, theirs):
    torch.manual_seed(0)
    for p, q in zip(ours.parameters(), theirs(torch).parameters(), strict=True):
        assert p.numpy().std() == pytest.approx(q.std().item(), rel=0.15) and abs(p.numpy().mean()) < 0.01


# Batch normalisation (N22)

AXES = {2: (0,), 3: (0, 2), 4: (0, 2, 3)}


def by_hand(x, gamma, beta, g, eps, axes):
    """Ioffe & Szegedy's forward and backward, the chain through μ and σ² written out."""
    m = np.prod([x.shape[a] for a in axes])
    shape = [1, -1] + [1] * (x.ndim - 2)
    mean = x.sum(axes, keepdims=True) / m
    var = ((x - mean) ** 2).sum(axes, keepdims=True) / m
    root = np.sqrt(var + eps)
    z = (x - mean) / root
    dz = g * gamma.reshape(shape)
    dvar = (dz * (x - mean)).sum(axes, keepdims=True) * -0.5 * (var + eps) ** -1.5
    dmean = -(dz / root).sum(axes, keepdims=True) + dvar * (-2 * (x - mean)).sum(axes, keepdims=True) / m
    dx = dz / root + dvar * 2 * (x - mean) / m + dmean / m
    return gamma.reshape(shape) * z + beta.reshape(shape), dx, (g * z).sum(axes), g.sum(axes), mean.ravel(), var.ravel()


@pytest.mark.parametrize(("rows", "level", "dtype"), [(2_000, 1e4, "float32"), (300_000, 1e4, "float32"),
                                                      (2_000, 1e3, "float16")])  # fmt: skip
def test_running_statistics_are_as_exact_as_those_of_the_batch(rows, level, dtype):
    x = (level + np.random.default_rng(0).integers(0, 4, (rows, 2))).astype(dtype)
    layer = nn.BatchNorm1d(2, momentum=1.0, dtype=dtype)
    layer(mg.tensor(x))
    exact = x.astype(np.float64)
    few = 4 * np.finfo(dtype).eps
    np.testing.assert_allclose(layer.running_mean.numpy(), exact.mean(axis=0), rtol=few)
    np.testing.assert_allclose(layer.running_var.numpy(), exact.var(axis=0, ddof=1), rtol=few)


def test_moments_are_those_of_the_result_and_go_with_it():
    x = np.random.default_rng(0).normal(size=(6, 3))
    out, other = nn_ops.standardize(x, axis=0), nn_ops.standardize(5 * x, axis=0)
    for result, given in ((out, x), (other, 5 * x), (out.copy(), x)):  # of a copy nothing is known: it is computed
        mean, var = nn_ops.moments_of(result, given, 0)
        np.testing.assert_allclose(mean, given.mean(axis=0, keepdims=True), atol=1e-15)
        np.testing.assert_allclose(var, given.var(axis=0, keepdims=True), rtol=1e-14)
    kept = {id(out), id(other)}
    assert kept <= set(nn_ops._moments)
    del out, other, result
    assert not kept & set(nn_ops._moments)


@pytest.mark.parametrize("shape", [(7, 3), (4, 3, 5), (2, 3, 4, 5), (2, 3)])
def test_n22_forward_backward_and_running_statistics(shape):
    rng, eps, momentum, axes = np.random.default_rng(3), 1e-3, 0.25, AXES[len(shape)]
    layer = shake((nn.BatchNorm2d if len(shape) == 4 else nn.BatchNorm1d)(3, eps, momentum, dtype="float64"))
    mean, var = layer.running_mean.numpy().copy(), layer.running_var.numpy().copy()
    count = np.prod([shape[a] for a in axes])
    for step in (1, 2, 3):
        x, g = mg.tensor(rng.normal(2, 3, shape), requires_grad=True), rng.normal(size=shape)
        out = layer(x)
        out.backward(mg.tensor(g))
        expected = by_hand(x.numpy(), layer.weight.numpy(), layer.bias.numpy(), g, eps, axes)
        for got, wanted in zip((out, x.grad, layer.weight.grad, layer.bias.grad), expected[:4], strict=True):
            np.testing.assert_allclose(got.numpy(), wanted, rtol=1e-10, atol=1e-11)
        mean = (1 - momentum) * mean + momentum * expected[4]
        var = (1 - momentum) * var + momentum * expected[5] * count / (count - 1)
        np.testing.assert_allclose(layer.running_mean.numpy(), mean, rtol=1e-12)
        np.testing.assert_allclose(layer.running_var.numpy(), var, rtol=1e-12)
        assert layer.num_batches_tracked.item() == step
        layer.zero_grad()
    layer.eval()
    x = rng.normal(size=shape)
    part = (1, 3) + (1,) * (len(shape) - 2)
    wanted = (x - mean.reshape(part)) / np.sqrt(var.reshape(part) + eps) * layer.weight.numpy().reshape(part)
    np.testing.assert_allclose(layer(mg.tensor(x)).numpy(), wanted + layer.bias.numpy().reshape(part), rtol=1e-12)
    assert layer.num_batches_tracked.item() == 3  # evaluation tracks nothing
    assert layer.eval()(mg.tensor(x[:1])).shape == (1, *shape[1:])  # and one sample will do


@pytest.mark.parametrize("layer", [
    nn.BatchNorm1d(3, dtype="float64"),
    shake(nn.BatchNorm1d(3, dtype="float64")).eval(),
    nn.LayerNorm(3, dtype="float64"),
], ids=["training", "evaluation", "layer norm"])
def test_normalisation_is_differentiable_twice(layer):
    x = mg.tensor(np.random.default_rng(0).normal(size=(4, 3)), requires_grad=True)
    assert mg.gradcheck(layer, x, order=2)


def test_gamma_and_beta_can_restore_what_was_normalised():
    z = np.random.default_rng(0).normal(5, 3, (20, 4))
    layer = nn.BatchNorm1d(4, dtype="float64")
    layer.weight.copy_(np.sqrt(z.var(axis=0) + layer.eps))
    layer.bias.copy_(z.mean(axis=0))
    np.testing.assert_allclose(layer(mg.tensor(z)).numpy(), z, rtol=1e-12)
    unit = nn.BatchNorm1d(4, eps=1e-12, dtype="float64")(mg.tensor(z)).numpy()
    np.testing.assert_allclose([unit.mean(axis=0), unit.var(axis=0)], [[0] * 4, [1] * 4], atol=1e-9)


def test_the_bias_before_batch_norm_is_redundant():
    rng = np.random.default_rng(0)
    linear, norm = nn.Linear(3, 4, dtype="float64"), shake(nn.BatchNorm1d(4, dtype="float64"))
    x, g = mg.tensor(rng.normal(size=(8, 3))), mg.tensor(rng.normal(size=(8, 4)))
    out = norm(linear(x))
    out.backward(g)
    assert np.abs(linear.bias.grad.numpy()).max() < 1e-14 < 1e-3 < np.abs(linear.weight.grad.numpy()).max()
    linear.bias.copy_(linear.bias.numpy() + 7)
    np.testing.assert_allclose(norm(linear(x)).numpy(), out.numpy(), rtol=1e-10)


@pytest.mark.parametrize(("layer", "shape"), [
    (nn.BatchNorm1d(3), (1, 3)), (nn.BatchNorm1d(3), (0, 3)),
    (nn.BatchNorm1d(3), (1, 3, 1)), (nn.BatchNorm2d(3), (1, 3, 1, 1)),
])
def test_one_value_in_training_is_refused_and_moves_nothing(layer, shape):
    before = values(layer)
    text = re.escape(f"float32{list(shape)}; use eval()")
    with pytest.raises(ShapeError, match=rf"^{type(layer).__name__}: in training .*more than one value, got {text}"):
        layer(mg.tensor(np.ones(shape, np.float32)))
    assert all((before[k] == v).all() for k, v in values(layer).items())
    layer.eval()(mg.tensor(np.ones(shape, np.float32)))


# Dropout


@pytest.mark.parametrize("p", [0.1, 0.5, 0.8])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dropout_keeps_the_mean_and_its_gradient_is_its_mask(p, dtype):
    mg.manual_seed(7)
    layer, n = nn.Dropout(p), 100_000
    x = mg.tensor(np.ones(n, dtype), requires_grad=True)
    out = layer(x)
    kept = out.numpy() != 0
    assert out.dtype == dtype and abs(kept.mean() - (1 - p)) < 5 * np.sqrt(p * (1 - p) / n)
    np.testing.assert_allclose(out.numpy()[kept], 1 / (1 - p), rtol=1e-6)
    out.sum().backward()
    assert np.array_equal(x.grad.numpy(), out.numpy())
    again = layer(x).numpy() != 0
    assert abs((kept & again).mean() - (1 - p) ** 2) < 0.01  # masks are drawn anew, independently
    assert abs(np.corrcoef(kept[:-1], kept[1:])[0, 1]) < 0.02


def test_dropout_in_evaluation_is_the_identity_and_p_0_and_1_are_exact():
    x = mg.tensor([1.0, -2.0, 3.0], requires_grad=True)
    assert nn.Dropout(0.5).eval()(x) is x and nn.Dropout(0)(x) is x
    assert nn.Dropout(1)(x).tolist() == [0, 0, 0] and nn.Dropout(1).eval()(x) is x
    assert nn.Dropout(1)([1.0, 2.0]).tolist() == [0, 0]


def test_masks_follow_manual_seed_or_the_generator():
    def mask(seed, own=None):
        mg.manual_seed(seed)
        generator = None if own is None else np.random.default_rng(own)
        return (nn.Dropout(0.5, generator=generator)(mg.tensor(np.ones(64, np.float32))).numpy() != 0).tolist()

    assert mask(1) == mask(1) != mask(2)
    assert mask(1, own=5) == mask(2, own=5) != mask(1, own=6)


@pytest.mark.parametrize("make", [lambda: nn.Linear(4, 3), lambda: nn.Embedding(4, 3)])
def test_initial_weights_follow_manual_seed(make):
    def drawn(seed):
        mg.manual_seed(seed)
        return values(make())["weight"].tolist()

    assert drawn(1) == drawn(1) != drawn(2)


# Loading


def small():
    return shake(nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3)))


def changed(state, **entries):
    return {key: value for key, value in {**state, **{k.replace("_", "."): v for k, v in entries.items()}}.items()
            if value is not None}


BAD_STATES = [
    ({"0_weight": None}, ["missing: 0.weight (float32[3, 2])"]),
    ({"0_wieght": np.zeros(2), "0_weight": None}, [
        "unexpected: 0.wieght. Did you mean '0.weight'?", "missing: 0.weight"
    ]),
    ({"2_weight": np.zeros(2)}, ["unexpected: 2.weight."]),
    ({"0_bias": np.zeros((3, 1))}, ["mis-shaped: 0.bias is float32[3] here and float64[3, 1] in the state"]),
    ({"0_bias": np.zeros(3, complex)}, ["not numbers: 0.bias is complex128[3]"]),
    ({"1_bias": np.zeros(4), "1_weight": None, "x": 1}, ["missing: 1.weight", "mis-shaped: 1.bias", "unexpected: x."]),
]


@pytest.mark.parametrize(("entries", "parts"), BAD_STATES, ids=[p[0] for _, p in BAD_STATES])
def test_a_state_that_does_not_fit_is_described_and_changes_nothing(entries, parts):
    net = small()
    state, before = {k: t.numpy() * 0 for k, t in net.state_dict().items()}, values(net)
    with pytest.raises(CheckpointError, match=r"^load_state_dict: the state does not fit this Sequential:") as caught:
        net.load_state_dict(changed(state, **entries))
    assert all(part in str(caught.value) for part in parts), str(caught.value)
    assert all((before[k] == v).all() for k, v in values(net).items())


def test_not_strict_takes_what_fits_and_tells_the_rest():
    net = small()
    state = changed({k: t.numpy() * 0 for k, t in net.state_dict().items()}, **{"0_bias": None, "extra": np.zeros(1)})
    assert net.load_state_dict(state, strict=False) == (["0.bias"], ["extra"])
    assert not net[0].weight.numpy().any() and net[0].bias.numpy().all()
    with pytest.raises(CheckpointError, match=r"mis-shaped: 0\.bias"):
        net.load_state_dict({"0.bias": np.zeros(2)}, strict=False)


def test_loading_keeps_dtype_and_identity_and_takes_tensors_arrays_and_lists():
    layer = nn.Linear(2, 1)
    weight, array = layer.weight, layer.weight.data
    assert layer.load_state_dict({"weight": mg.tensor([[1, 2]]), "bias": [0.5]}) == ([], [])
    assert layer.weight is weight and weight.data is array and weight.dtype == np.float32
    assert weight.tolist() == [[1, 2]] and layer.bias.tolist() == [0.5] and weight.requires_grad
    state = layer.state_dict()
    array[:] = 9
    assert state["weight"].tolist() == [[1, 2]]


# Modes, dtypes, gradients


def test_train_and_eval_reach_every_module():
    net = Net()
    assert net.eval() is net and not any(m.training for m in net.modules())
    assert net.train() is net and all(m.training for m in net.modules())
    net.blocks[1][0].eval()
    assert [m.training for m in net.modules()].count(False) == 1


@pytest.mark.parametrize("spelling", [(np.float64,), ("cpu", "float64"), (None, np.float64)])
def test_to_a_dtype_converts_floats_in_place(spelling):
    net = small()
    net(mg.tensor(np.eye(4, 2, dtype=np.float32))).sum().backward()
    params, before = list(net.parameters()), values(net)
    assert net.to(*spelling) is net and all(p is q for p, q in zip(params, net.parameters(), strict=True))
    assert {str(t.dtype) for t in [*params, *(p.grad for p in params)]} == {"float64"}
    assert net[1].running_var.dtype == np.float64 and net[1].num_batches_tracked.dtype == np.int64
    assert all((before[k] == v).all() for k, v in values(net).items())


def test_float32_stays_float32_and_float64_is_asked_for():
    x = np.ones((4, 2), np.float32)
    assert small()(x).dtype == small().eval()(x).dtype == np.float32
    assert {p.dtype.name for p in nn.Sequential(nn.Linear(1, 2, dtype="float64"), nn.LayerNorm(2, dtype="float64"),
                                                nn.Embedding(2, 2, dtype="float64")).parameters()} == {"float64"}


def test_freezing_and_dropping_gradients():
    net = small()
    assert net[0].requires_grad_(False) is net[0]
    net(mg.tensor(np.eye(4, 2, dtype=np.float32))).sum().backward()
    assert [p.grad is None for p in net.parameters()] == [True, True, False, False]
    net.zero_grad()
    assert all(p.grad is None for p in net.parameters()) and net.requires_grad_()[0].weight.requires_grad
    assert not nn.Parameter([1.0], requires_grad=False).requires_grad and not nn.Buffer([1.0]).requires_grad


def test_apply_visits_those_below_first():
    seen, net = [], nn.Sequential(nn.Sequential(nn.Tanh()), nn.ReLU())
    assert net.apply(seen.append) is net
    assert seen[-1] is net and seen.index(net[0][0]) < seen.index(net[0])


def test_a_graph_notices_that_its_weights_were_loaded_over():
    layer = nn.Linear(2, 1)
    out = layer(mg.tensor([[1.0, 2.0]], requires_grad=True))
    layer.load_state_dict({"weight": np.zeros((1, 2)), "bias": np.zeros(1)})
    with pytest.raises(mg.errors.GraphError, match="linear"):
        out.backward()


# Showing and refusing

REPRS = [
    (nn.Linear(2, 3, bias=False), "Linear(in_features=2, out_features=3, bias=False)"),
    (nn.BatchNorm1d(3), "BatchNorm1d(3, eps=1e-05, momentum=0.1, affine=True)"),
    (nn.LayerNorm(3), "LayerNorm((3,), eps=1e-05)"),
    (nn.Embedding(5, 2), "Embedding(5, 2)"),
    (nn.Dropout(0.2), "Dropout(p=0.2)"),
    (nn.LeakyReLU(0.3), "LeakyReLU(negative_slope=0.3)"),
    (nn.ELU(2.0), "ELU(alpha=2.0)"),
    (nn.LogSoftmax(0), "LogSoftmax(dim=0)"),
    (nn.MSELoss(half=True), "MSELoss(half=True)"),
    (nn.Sequential(nn.Sequential(nn.Tanh()), nn.ReLU()),
     "Sequential(\n  (0): Sequential(\n    (0): Tanh()\n  )\n  (1): ReLU()\n)"),
]


@pytest.mark.parametrize(("module", "text"), REPRS, ids=[text[:12] for _, text in REPRS])
def test_repr(module, text):
    assert repr(module) == text


def x32(*shape):
    return mg.tensor(np.ones(shape, np.float32))


BAD = [
    (lambda: nn.Linear(0, 3), ValueError, "Linear: in_features must be a positive integer, got 0"),
    (lambda: nn.Linear(3, 2.0), ValueError, r"Linear: out_features must be a positive integer, got 2\.0"),
    (lambda: nn.Embedding(-1, 2), ValueError, "Embedding: num_embeddings must be a positive integer, got -1"),
    (lambda: nn.BatchNorm1d(0), ValueError, "BatchNorm1d: needs num_features > 0"),
    (lambda: nn.BatchNorm2d(2.5), ValueError, r"BatchNorm2d: needs num_features > 0.*got 2\.5"),
    (lambda: nn.BatchNorm1d(3, eps=0), ValueError, "eps > 0"),
    (lambda: nn.BatchNorm1d(3, momentum=float("nan")), ValueError, r"momentum in \[0, 1\], got 3, 1e-05, nan"),
    (lambda: nn.LayerNorm(()), ValueError, r"LayerNorm: needs positive lengths and eps > 0, got \(\)"),
    (lambda: nn.LayerNorm((3, 0)), ValueError, r"got \(3, 0\)"),
    (lambda: nn.LayerNorm(3, eps=-1), ValueError, "eps > 0"),
    (lambda: nn.Dropout(1.1), ValueError, r"Dropout: p must be in \[0, 1\], got 1\.1"),
    (lambda: nn.Dropout(float("nan")), ValueError, "p must be in"),
    (lambda: nn.Sequential(nn.Tanh(), 3), TypeError, "Sequential: entry 1 is int 3, needs a Module or a function"),
    (lambda: nn.Parameter([1, 2]), DtypeError, "only floating tensors can require gradients, this one is int64"),
    (lambda: nn.GELU("fast")(x32(2)), ValueError, 'gelu: approximate must be "none" or "tanh", got \'fast\''),
    (lambda: nn.Module()(x32(2)), TypeError, r"Module has no forward method; define forward\(self, x\)"),
    (lambda: nn.Linear(1, 1).to(np.int32), TypeError, "to: parameters need a floating dtype, got int32"),
    (lambda: nn.Linear(1, 1).to("tpu"), DeviceError, "unknown device 'tpu'"),
    (lambda: nn.Linear(3, 2)(x32(4, 5)), ShapeError, r"linear: .*x: float32\[4, 5\], w: float32\[2, 3\]"),
    (lambda: nn.BatchNorm1d(3)(x32(4, 2)), ShapeError,
     r"BatchNorm1d: needs shape \(N, 3\) or \(N, 3, L\), got float32\[4, 2\]"),
    (lambda: nn.BatchNorm1d(3)(x32(3)), ShapeError, r"got float32\[3\]"),
    (lambda: nn.BatchNorm2d(3)(x32(4, 3)), ShapeError, r"BatchNorm2d: needs shape \(N, 3, L, M\), got float32\[4, 3\]"),
    (lambda: nn.LayerNorm((2, 3))(x32(4, 3, 2)), ShapeError,
     r"LayerNorm: the last axes must be \[2, 3\], got float32\[4, 3, 2\]"),
    (lambda: nn.LayerNorm((2, 3))(x32(3)), ShapeError, r"got float32\[3\]"),
    (lambda: nn.Flatten(2)(x32(4, 3)), ShapeError, r"Flatten: there is no axis 2 in float32\[4, 3\]"),
    (lambda: nn.Flatten(-3)(x32(4, 3)), ShapeError, "no axis -3"),
    (lambda: nn.Dropout(0.5)(mg.tensor([1, 2])), DtypeError, r"Dropout: x must be floating, got int64\[2\]"),
    (lambda: nn.Embedding(3, 2)(x32(2)), DtypeError, r"Embedding: indices must be integers, got float32\[2\]"),
    (lambda: nn.Embedding(3, 2)(mg.tensor([True])), DtypeError, r"got bool\[1\]"),
    (lambda: nn.Embedding(3, 2)([0, 3]), IndexError, "Embedding: indices must lie in 0 … 2, got 0 … 3"),
    (lambda: nn.Embedding(3, 2)(mg.tensor([[-1]])), IndexError, "got -1 … -1"),
]


@pytest.mark.parametrize(("call", "kind", "pattern"), BAD)
def test_bad_arguments_and_inputs(call, kind, pattern):
    with pytest.raises(kind, match=pattern):
        call()


@pytest.mark.parametrize(
    "indices", [1, (1, 2), [[0, 2], [2, 2]], np.int64(2), np.zeros((0, 2), int), mg.tensor([2, 0])]
)
def test_embedding_looks_up_indices_of_any_shape(indices):
    layer = nn.Embedding(3, 2)
    plain = indices.numpy() if isinstance(indices, mg.Tensor) else np.asarray(indices)
    out = layer(indices)
    assert np.array_equal(out.numpy(), layer.weight.numpy()[plain]) and out.shape == (*plain.shape, 2)
    out.sum().backward()
    counts = np.bincount(plain.ravel(), minlength=3)
    assert np.array_equal(layer.weight.grad.numpy(), np.stack([counts, counts], axis=1))


def test_a_tensor_that_looks_like_a_parameter_is_told():
    class Model(nn.Module):
        def __init__(self):
            self.inner = nn.Linear(1, 1)
            self.w = mg.tensor([1.0], requires_grad=True)

    with pytest.warns(UserWarning, match=r"Model\.w is a Tensor that requires gradients.*nn\.Parameter"):
        assert len(list(Model().parameters())) == 2


def test_a_dtype_may_be_named():
    model = nn.Linear(2, 1).to("float64")
    assert model.weight.dtype == np.float64 and mg.tensor([1.0]).to("float16").dtype == np.float16
    with pytest.raises(Exception, match="unknown device 'gpu'"):
        model.to("gpu")


class Deep(nn.Module):
    def __init__(self):
        self.layers = [nn.Linear(4, 8), nn.ReLU(), nn.Linear(10, 3)]
        self.norm = nn.BatchNorm1d(3)

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return self.norm(x)


@pytest.mark.parametrize(
    ("run", "kind", "text"),
    [
        (lambda x: Deep()(x), ShapeError, r"linear: got x: float32\[5, 8\], w: float32\[3, 10\].*\n\(in layers\.2 "
         r"\(Linear 10→3\) of Deep, which got float32\[5, 8\]\)$"),
        (lambda x: nn.Sequential(nn.Flatten(), Deep())(x), ShapeError, r"\(in 1\.layers\.2 \(Linear 10→3\) of Seq"),
        (lambda x: nn.Sequential(nn.Linear(4, 2), nn.BatchNorm1d(3))(x), ShapeError,
         r"\(in 1 \(BatchNorm1d\) of Sequential, which got float32\[5, 2\]\)"),
        (lambda x: nn.Linear(3, 2)(x), ShapeError, r"\(in Linear 3→2, which got float32\[5, 4\]\)"),
        (lambda x: nn.Sequential(nn.Linear(4, 2))("x"), TypeError, r"\(in 0 \(Linear 4→2\) of Sequential, which got s"),
    ],
)  # fmt: skip
def test_an_error_inside_a_model_names_the_module_and_its_path(run, kind, text):
    with pytest.raises(kind, match=text) as caught:
        run(mg.tensor(np.zeros((5, 4), np.float32)))
    assert str(caught.value).count("(in ") == 1


def test_what_is_no_message_is_left_alone():
    class Stops(nn.Module):
        def forward(self, x):
            raise KeyError("missing", x)

    with pytest.raises(KeyError) as caught:
        nn.Sequential(Stops())(3)
    assert caught.value.args == ("missing", 3)
