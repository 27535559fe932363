"""What `docs/conventions.md` says of PyTorch, held against PyTorch."""

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn, optim

F = nn.functional


def ours(f, *x):
    leaves = [mg.tensor(v, dtype="float64", requires_grad=True) for v in x]
    f(mg)(*leaves).sum().backward()
    return [leaf.grad.tolist() for leaf in leaves]


def theirs(torch, f, *x):
    leaves = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in x]
    f(torch)(*leaves).sum().backward()
    return [leaf.grad.tolist() for leaf in leaves]


KINKS = {
    "relu": (lambda m: m.relu, [0.0]),
    "leaky": (lambda m: (m if m is mg else m.nn.functional).leaky_relu, [0.0]),
    "elu": (lambda m: (m if m is mg else m.nn.functional).elu, [0.0]),
    "abs": (lambda m: m.abs, [0.0]),
    "clip": (lambda m: lambda x: m.clip(x, -1, 1), [-1.0, 1.0, 3.0]),
    "maximum": (lambda m: m.maximum, [1.0], [1.0]),
    "minimum": (lambda m: m.minimum, [1.0], [1.0]),
    "max of all": (lambda m: m.max, [1.0, 1.0, 0.0]),
    "x to the 0": (lambda m: lambda x: x**0, [0.0]),
    "0 to the y": (lambda m: lambda x, y: x**y, [0.0], [2.0]),
}


@pytest.mark.parametrize("name", KINKS)
def test_kinks_are_pytorchs(name, torch):
    assert ours(*KINKS[name]) == theirs(torch, *KINKS[name])


def test_kinks_that_differ(torch):
    assert theirs(torch, lambda m: lambda x: m.max(x, 0)[0], [1.0, 1.0]) == [[1.0, 0.0]]
    assert theirs(torch, lambda m: lambda x: m.amax(x, 0), [1.0, 1.0]) == [[0.5, 0.5]]
    assert ours(lambda m: lambda x: m.max(x, axis=0), [1.0, 1.0]) == [[0.5, 0.5]]
    assert torch.var(torch.tensor([1.0, 2.0, 4.0])).item() == pytest.approx(7 / 3)
    assert mg.var(mg.tensor([1.0, 2.0, 4.0])).item() == pytest.approx(14 / 9)


def test_losses(torch):
    theirs, rng = torch.nn.functional, np.random.default_rng(0)
    z, p, y = rng.normal(size=(4, 3)), rng.uniform(0.1, 0.9, (4, 3)), rng.uniform(0, 1, (4, 3))
    labels, t = rng.integers(0, 3, 4), torch.from_numpy
    pairs = [
        (F.mse_loss(z, y), theirs.mse_loss(t(z), t(y))),
        (F.binary_cross_entropy(p, y), theirs.binary_cross_entropy(t(p), t(y))),
        (F.multilabel_cross_entropy(p, y) / 3, theirs.binary_cross_entropy(t(p), t(y))),
        (F.huber_loss(z, y), theirs.huber_loss(t(z), t(y))),
        (F.kl_div(np.log(p), y), theirs.kl_div(t(np.log(p)), t(y), reduction="none").mean()),
        (F.cross_entropy(z, labels), theirs.cross_entropy(t(z), t(labels))),
        (F.cross_entropy(z, labels, label_smoothing=0.1), theirs.cross_entropy(t(z), t(labels), label_smoothing=0.1)),
    ]
    for mine, other in pairs:
        assert mine.item() == pytest.approx(other.item(), rel=1e-12)
    assert theirs.binary_cross_entropy(torch.tensor([0.0]), torch.tensor([1.0])).item() == 100
    assert F.binary_cross_entropy(mg.tensor([0.0]), [1.0]).item() == pytest.approx(87.3, abs=0.05)


def path_of(optimizer, theta, gradient, rates):
    """Return θ after steps down ½θ² at these rates."""
    found = []
    for rate in rates:
        optimizer.param_groups[0]["lr"] = rate
        theta.grad = gradient(theta)
        optimizer.step()
        found.append(theta.item())
    return found


OPTIMIZERS = {
    "momentum": (lambda o, p: o.Momentum(p, momentum=0.9), lambda o, p: o.SGD(p, momentum=0.9)),
    "Nesterov": (lambda o, p: o.Nesterov(p, momentum=0.9), lambda o, p: o.SGD(p, momentum=0.9, nesterov=True)),
    "Adagrad": (lambda o, p: o.Adagrad(p, eps=1.0), None),
    "RMSprop": (lambda o, p: o.RMSprop(p, eps=1.0), None),
    "Adam": (lambda o, p: o.Adam(p, eps=1.0), None),
    "AdamW": (lambda o, p: o.AdamW(p, eps=1.0, weight_decay=0.5), None),
    "weight decay": (lambda o, p: o.SGD(p, weight_decay=1.0), None),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers(name, torch):
    make, other = OPTIMIZERS[name]

    def paths(rates):
        mine, t = mg.tensor(1.0, dtype="float64", requires_grad=True), torch.tensor(1.0, dtype=torch.float64)
        t.requires_grad_()
        return (
            path_of(make(optim, [mine]), mine, lambda theta: mg.tensor(theta.item(), dtype="float64"), rates),
            path_of((other or make)(torch.optim, [t]), t, lambda theta: theta.detach().clone(), rates),
        )

    mine, others = paths([0.1] * 5)
    assert mine == pytest.approx(others, rel=1e-9)
    mine, others = paths([0.1] * 2 + [0.01] * 3)
    same = np.allclose(mine, others, rtol=1e-9, atol=0)
    assert same == (name not in ("momentum", "Nesterov"))  # where the learning rate stands


def test_defaults(torch):
    for name in ("Adagrad", "RMSprop", "Adam", "AdamW", "Adadelta", "NAdam", "Adamax"):
        groups = [o.param_groups[0] for o in (
            getattr(optim, name)([mg.tensor(1.0, requires_grad=True)]),
            getattr(torch.optim, name)([torch.tensor(1.0, requires_grad=True)]),
        )]  # fmt: skip
        mine, others = [{key: value for key, value in g.items() if key != "params"} for g in groups]
        assert mine == {key: others[key] for key in mine}
    for mine, other in [(nn.BatchNorm1d(2), torch.nn.BatchNorm1d(2)), (nn.LayerNorm(2), torch.nn.LayerNorm(2))]:
        assert mine.eps == other.eps
        assert getattr(mine, "momentum", 0) == getattr(other, "momentum", 0)
    assert nn.LeakyReLU().negative_slope == torch.nn.LeakyReLU().negative_slope


def test_dtypes(torch):
    x, n = torch.tensor([1.0]), torch.tensor([1])
    assert (x + n).dtype == (n / n).dtype == torch.exp(n).dtype == torch.float32
    x, n = mg.tensor([1.0]), mg.tensor([1])
    assert (x + n).dtype == (n / n).dtype == mg.exp(n).dtype == np.float64


def test_layers(torch):
    x = np.random.default_rng(0).normal(size=(8, 3)).astype(np.float32)
    mine, other = nn.BatchNorm1d(3), torch.nn.BatchNorm1d(3)
    np.testing.assert_allclose(mine(mg.tensor(x)).numpy(), other(torch.from_numpy(x)).detach().numpy(), atol=1e-6)
    for name in ("running_mean", "running_var"):
        np.testing.assert_allclose(getattr(mine, name).numpy(), getattr(other, name).numpy(), rtol=1e-6)
    for linear in (nn.Linear(400, 300), torch.nn.Linear(400, 300)):
        assert tuple(linear.weight.shape) == (300, 400)
        for values in (linear.weight.detach().numpy(), linear.bias.detach().numpy()):
            assert 0.9 / 20 < np.abs(values).max() <= 1 / 20


@pytest.mark.parametrize("name", ["uniform", "normal"])
def test_initial_weights(name, torch):
    weight = torch.empty(400, 300)
    for mine, theirs, variance in [("glorot", "xavier", 2 / 700), ("he", "kaiming", 2 / 300)]:
        getattr(torch.nn.init, f"{theirs}_{name}_")(weight)
        ours = getattr(nn.init, f"{mine}_{name}_")(nn.Linear(300, 400).weight)
        assert ours.numpy().var() == pytest.approx(variance, rel=0.02)
        assert weight.var().item() == pytest.approx(variance, rel=0.02)


def test_clipping_to_a_norm(torch):
    mine, other = mg.tensor(0.0, dtype="float64", requires_grad=True), torch.zeros(1, dtype=torch.float64)
    mine.grad, other.grad = mg.tensor(2.0, dtype="float64"), torch.full((1,), 2.0, dtype=torch.float64)
    optim.clip_grad_norm_([mine], 1.0)
    torch.nn.utils.clip_grad_norm_([other], 1.0)
    assert mine.grad.item() == 1.0
    assert other.grad.item() == pytest.approx(2 / (2 + 1e-6), rel=1e-12)
