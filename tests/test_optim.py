"""Optimizers: the notes' equations step by step (N16-N21), the papers', PyTorch's numbers, and the flat storage."""

from __future__ import annotations

import re

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn, optim
from minigrad.errors import CheckpointError, GraphError, ShapeError
from minigrad.optim.optimizer import STRETCH

schedules = optim.lr_scheduler


def leaf(*values, dtype="float64"):
    return mg.tensor(np.array(values, dtype), requires_grad=True)


def with_gradients(params, grads):
    for p, g in zip(params, grads, strict=True):
        p.grad = None if g is None else mg.tensor(np.asarray(g), dtype=p.dtype)


# The equations by hand: each takes the gradient as a function, and yields θ after every step


def sgd(grad, θ, lr):
    while True:
        θ = θ - lr * grad(θ)
        yield θ


def momentum(grad, θ, lr, momentum):
    v = 0
    while True:
        v = momentum * v - lr * grad(θ)
        θ = θ + v
        yield θ


def nesterov(grad, θ, lr, momentum):
    v = 0
    while True:
        ahead = θ + momentum * v
        v = momentum * v - lr * grad(ahead)
        θ = θ + v
        yield θ


def adagrad(grad, θ, lr, eps):
    r = 0
    while True:
        g = grad(θ)
        r = r + g * g
        θ = θ - lr / (eps + np.sqrt(r)) * g
        yield θ


def rmsprop(grad, θ, lr, alpha, eps):
    r = 0
    while True:
        g = grad(θ)
        r = alpha * r + (1 - alpha) * g * g
        θ = θ - lr / (eps + np.sqrt(r)) * g
        yield θ


def adam(grad, θ, lr, betas, eps, weight_decay=0.0):
    v = r = t = 0
    while True:
        g, t = grad(θ), t + 1
        v, r = betas[0] * v + (1 - betas[0]) * g, betas[1] * r + (1 - betas[1]) * g * g
        v_hat, r_hat = v / (1 - betas[0] ** t), r / (1 - betas[1] ** t)
        θ = θ - lr * weight_decay * θ - lr / (eps + np.sqrt(r_hat)) * v_hat
        yield θ


def nadam(grad, θ, lr, betas, eps, momentum_decay):
    v = r = t = 0
    product = 1

    def mu(t):
        return betas[0] * (1 - 0.5 * 0.96 ** (t * momentum_decay))

    while True:
        g, t = grad(θ), t + 1
        v, r = betas[0] * v + (1 - betas[0]) * g, betas[1] * r + (1 - betas[1]) * g * g
        product *= mu(t)
        v_hat = mu(t + 1) * v / (1 - product * mu(t + 1)) + (1 - mu(t)) * g / (1 - product)
        θ = θ - lr * v_hat / (np.sqrt(r / (1 - betas[1] ** t)) + eps)
        yield θ


def adamax(grad, θ, lr, betas, eps):
    v = u = t = 0
    while True:
        g, t = grad(θ), t + 1
        v, u = betas[0] * v + (1 - betas[0]) * g, np.maximum(betas[1] * u, np.abs(g) + eps)
        θ = θ - lr / (1 - betas[0] ** t) * v / u
        yield θ


def adadelta(grad, θ, lr, rho, eps):
    r = d = 0
    while True:
        g = grad(θ)
        r = rho * r + (1 - rho) * g * g
        delta = np.sqrt(d + eps) / np.sqrt(r + eps) * g
        d = rho * d + (1 - rho) * delta * delta
        θ = θ - lr * delta
        yield θ


B = {"betas": (0.8, 0.95)}
HAND = {  # name: class, equations, hyper-parameters
    "SGD": (optim.SGD, sgd, {"lr": 7e-4}),
    "Momentum (N16)": (optim.Momentum, momentum, {"lr": 5e-4, "momentum": 0.8}),
    "Nesterov (N17)": (optim.Nesterov, nesterov, {"lr": 5e-4, "momentum": 0.8}),
    "Adagrad (N18)": (optim.Adagrad, adagrad, {"lr": 0.1, "eps": 1e-2}),
    "RMSprop (N19)": (optim.RMSprop, rmsprop, {"lr": 0.02, "alpha": 0.9, "eps": 1e-2}),
    "Adam (N20)": (optim.Adam, adam, {"lr": 0.05, "eps": 1e-2, **B}),
    "AdamW": (optim.AdamW, adam, {"lr": 0.05, "eps": 1e-2, "weight_decay": 0.1, **B}),
    "NAdam": (optim.NAdam, nadam, {"lr": 0.05, "eps": 1e-2, "momentum_decay": 0.01, **B}),
    "Adamax": (optim.Adamax, adamax, {"lr": 0.05, "eps": 1e-2, **B}),
    "Adadelta": (optim.Adadelta, adadelta, {"lr": 0.7, "rho": 0.8, "eps": 1e-3}),
}
SURFACES = {  # name: J(θ) for Tensors, ∂J/∂θ by hand, the start
    "valley": (lambda t: t[0] ** 2 + 10 * t[1] ** 2, lambda t: np.array([2, 20]) * t, (3.0, -1.0)),
    "Rosenbrock": (
        lambda t: (1 - t[0]) ** 2 + 100 * (t[1] - t[0] ** 2) ** 2,
        lambda t: np.array([-2 * (1 - t[0]) - 400 * t[0] * (t[1] - t[0] ** 2), 200 * (t[1] - t[0] ** 2)]), (-1.2, 1.0),
    ),
}


def descend(optimizer, θ, J, steps):
    """Yield θ after every step(closure)."""

    def closure():
        optimizer.zero_grad()
        loss = J(θ)
        loss.backward()
        return loss

    for _ in range(steps):
        optimizer.step(closure)
        yield θ.numpy().copy()


@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("name", HAND)
def test_fifteen_steps_are_those_of_the_equations(name, surface):
    make, equations, hyper = HAND[name]
    J, slope, start = SURFACES[surface]
    θ = leaf(*start)
    expected = equations(slope, np.array(start), **hyper)
    for got, wanted in zip(descend(make([θ], **hyper), θ, J, 15), expected, strict=False):
        np.testing.assert_allclose(got, wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("weight_decay", [0.0, 0.3])
@pytest.mark.parametrize("name", HAND)
def test_weight_decay_is_half_a_square_added_to_the_objective(name, weight_decay):
    make, equations, hyper = HAND[name]
    J, slope, start = SURFACES["valley"]
    if make is optim.AdamW:
        hyper, λ = {**hyper, "weight_decay": weight_decay}, 0
        expected = equations(slope, np.array(start), **hyper)  # decoupled: beside the gradient, not in it
    else:
        λ = weight_decay
        expected = equations(lambda t: slope(t) + λ * t, np.array(start), **hyper)
    θ = leaf(*start)
    optimizer = make([θ], **{**hyper, "weight_decay": weight_decay})
    for got, wanted in zip(descend(optimizer, θ, J, 12), expected, strict=False):
        np.testing.assert_allclose(got, wanted, rtol=1e-12, atol=1e-12)


def test_the_table_has_every_optimizer():
    kinds = {k for k in vars(optim).values() if isinstance(k, type) and issubclass(k, optim.Optimizer)}
    assert {row[0] for row in HAND.values()} == kinds - {optim.Optimizer}


# PyTorch

THEIRS = {
    "SGD": (lambda p, **k: optim.SGD(p, 0.03, **k), lambda t, p, **k: t.SGD(p, 0.03, **k)),
    "Momentum": (lambda p, **k: optim.Momentum(p, 0.03, 0.8, **k), lambda t, p, **k: t.SGD(p, 0.03, 0.8, **k)),
    "Adagrad": (lambda p, **k: optim.Adagrad(p, 0.03, **k), lambda t, p, **k: t.Adagrad(p, 0.03, **k)),
    "RMSprop": (lambda p, **k: optim.RMSprop(p, 0.03, **k), lambda t, p, **k: t.RMSprop(p, 0.03, **k)),
    "RMSprop 0.9": (lambda p, **k: optim.RMSprop(p, 0.03, 0.9, eps=0.1, **k),
                    lambda t, p, **k: t.RMSprop(p, 0.03, 0.9, eps=0.1, **k)),
    **{n: (lambda p, n=n, **k: getattr(optim, n)(p, **k), lambda t, p, n=n, **k: getattr(t, n)(p, **k))
       for n in ("Adam", "AdamW", "NAdam", "Adamax", "Adadelta")},
    "Adam betas": (lambda p, **k: optim.Adam(p, 0.03, (0.5, 0.9), eps=0.1, **k),
                   lambda t, p, **k: t.Adam(p, 0.03, (0.5, 0.9), eps=0.1, **k)),
}


@pytest.mark.parametrize("options", [{}, {"weight_decay": 0.1}], ids=["plain", "decay"])
@pytest.mark.parametrize("name", THEIRS)
def test_pytorch_takes_the_same_steps_also_where_gradients_are_missing(torch, name, options):
    make, make_theirs = THEIRS[name]
    rng = np.random.default_rng(0)
    start = [rng.normal(size=shape) for shape in [(4, 3), (3,), (), (2, 0)]]
    ours = [mg.tensor(a, requires_grad=True) for a in start]
    theirs = [torch.from_numpy(a.copy()).requires_grad_() for a in start]
    optimizer, other = make(ours, **options), make_theirs(torch.optim, theirs, **options)
    for step in range(15):
        grads = [None if (step + i) % 4 == 0 else rng.normal(size=a.shape) for i, a in enumerate(start)]
        with_gradients(ours, grads)
        for q, g in zip(theirs, grads, strict=True):
            q.grad = None if g is None else torch.from_numpy(np.array(g))
        optimizer.step()
        other.step()
        for p, q in zip(ours, theirs, strict=True):
            rtol = 1e-7 if name == "NAdam" else 1e-11  # PyTorch keeps the product of NAdam's μ in float32
            np.testing.assert_allclose(p.numpy(), q.detach().numpy(), rtol=rtol, atol=1e-13)


# Nesterov's two forms


@pytest.mark.parametrize("surface", SURFACES)
def test_plain_nesterov_sees_the_same_look_ahead_points(surface):
    J, slope, start = SURFACES[surface]
    lr, α, v, θ = 5e-4, 0.8, np.zeros(2), np.array(start)
    plain = leaf(*start)
    optimizer = optim.Nesterov([plain], lr, α)
    for _ in range(15):
        np.testing.assert_allclose(plain.numpy(), θ + α * v, rtol=1e-12)  # between steps it holds θ̃ = θ + αv
        optimizer.zero_grad()
        J(plain).backward()
        optimizer.step()
        v = α * v - lr * slope(θ + α * v)
        θ = θ + v


def test_the_closure_of_nesterov_is_called_at_the_look_ahead_point():
    θ, seen = leaf(1.0), []
    optimizer = optim.Nesterov([θ], 0.1, 0.5)

    def closure():
        seen.append(θ.item())
        θ.grad = mg.tensor([1.0], dtype="float64")
        return len(seen)

    assert [optimizer.step(closure) for _ in range(3)] == [1, 2, 3]
    assert seen == pytest.approx([1, 0.9 - 0.05, 0.75 - 0.075]) and θ.item() == pytest.approx(0.75 - 0.175)


@pytest.mark.parametrize("first", [True, False])
def test_mixing_the_forms_is_refused_also_after_loading(first):
    def step(optimizer, θ, with_closure):
        θ.grad = mg.tensor([1.0], dtype="float64")
        optimizer.step((lambda: 0.0) if with_closure else None)

    θ, η = leaf(1.0), leaf(1.0)
    optimizer, loaded = optim.Nesterov([θ]), optim.Nesterov([η])
    step(optimizer, θ, first)
    loaded.load_state_dict(optimizer.state_dict())
    for o, p in ((optimizer, θ), (loaded, η)):
        before = p.item()
        with pytest.raises(GraphError, match=r"Nesterov: .* stepped with step\((closure)?\).*Keep to one form"):
            step(o, p, not first)
        assert p.item() == before
        step(o, p, first)


@pytest.mark.parametrize("make", [row[0] for row in HAND.values()])
def test_a_closure_that_raises_leaves_parameters_and_state(make):
    θ, small = leaf(1.0, 2.0), leaf(3.0)
    optimizer = make([θ, small])

    def good():
        with_gradients([θ, small], [[1, 2], [3]])
        return 5

    def bad():
        good()
        raise KeyboardInterrupt

    assert optimizer.step(good) == 5
    before, state = (θ.tolist(), small.tolist()), optimizer.state_dict()
    with pytest.raises(KeyboardInterrupt):
        optimizer.step(bad)
    assert (θ.tolist(), small.tolist()) == before and same_state(optimizer.state_dict(), state)


def test_the_look_ahead_moves_a_parameter_that_was_replaced():
    θ, twin = leaf(1.0), leaf(1.0)
    one, two = optim.Nesterov([θ], 0.1, 0.5), optim.Nesterov([twin], 0.1, 0.5)
    for (a, _), (b, _) in zip(watch(one, θ), watch(two, twin), strict=True):
        assert a == b
        θ.data = θ.data.copy()


def watch(optimizer, θ):
    """Yield the point at which each gradient was taken, and θ after the step."""
    for _ in range(4):
        seen = []

        def closure(seen=seen):
            seen.append(θ.item())
            θ.grad = mg.tensor(2 * θ.numpy())

        optimizer.step(closure)
        yield seen, θ.item()


def same_state(a, b):
    if isinstance(a, mg.Tensor):
        return np.array_equal(a.numpy(), b.numpy()) and a.dtype == b.dtype
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same_state(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same_state, a, b))
    return a == b


# Groups and decay


def test_groups_have_hyper_parameters_of_their_own():
    a, b, c = leaf(1.0), leaf(1.0), leaf(1.0)
    groups = [{"params": [a], "lr": 0.5}, {"params": b, "momentum": 0.5}, {"params": iter([c])}]
    optimizer = optim.Momentum(groups, lr=0.1)
    assert groups[0] == {"params": [a], "lr": 0.5}  # the caller's own are not written to
    assert [(g["lr"], g["momentum"], g["weight_decay"]) for g in optimizer.param_groups] == [
        (0.5, 0.9, 0.0), (0.1, 0.5, 0.0), (0.1, 0.9, 0.0)
    ]
    for _ in range(2):
        with_gradients([a, b, c], [[1], [1], [1]])
        optimizer.step()
    assert (a.item(), b.item(), c.item()) == pytest.approx((1 - 0.5 - 0.95, 1 - 0.1 - 0.15, 1 - 0.1 - 0.19))
    optimizer.param_groups[0]["lr"] = 0.0
    optimizer.param_groups[2]["lr"] = np.float64(1.0)
    before = a.item()
    optimizer.step()
    assert a.item() == pytest.approx(before - 0.95 * 0.9) and c.item() == pytest.approx(0.71 - 0.19 * 0.9 - 1)


def test_n24_decay_of_weights_only():
    model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Embedding(4, 2))
    groups = optim.decay_weights_only(model, 0.5)
    assert [[p.ndim for p in g["params"]] for g in groups] == [[2, 2], [1, 1, 1]]
    optimizer = optim.SGD(groups, lr=0.1)
    before = {k: v.numpy() for k, v in model.state_dict().items()}
    with_gradients(model.parameters(), [np.zeros(p.shape) for p in model.parameters()])
    optimizer.step()
    for key, p in model.named_parameters():
        np.testing.assert_allclose(p.numpy(), before[key] * (0.95 if p.ndim == 2 else 1), rtol=1e-6)


def test_repr_names_the_groups():
    text = repr(optim.Adam([{"params": [leaf(1.0)]}, {"params": [leaf(1.0)], "lr": 0.5}]))
    assert text.startswith("Adam(\n  group 0: 1 parameters, lr=0.001, betas=(0.9, 0.999), eps=1e-08")
    assert "\n  group 1: 1 parameters, lr=0.5, " in text


# Storage: flat blocks and stretches must not be seen

MAKES = [row[0] for row in HAND.values()]


def many(dtype=None):
    """Many small parameters, one longer than two stretches, 0-d and empty ones, mixed dtypes and layouts."""
    rng = np.random.default_rng(0)
    shapes = [(3, 4), (), (0,), (STRETCH * 2 + 7,), (5,), (2, 0, 3), (1, 1), (STRETCH // 2,), (STRETCH - 1,), (1,)]
    arrays = [rng.normal(size=s).astype(dtype or ("float64", "float32")[i % 2]) for i, s in enumerate(shapes)]
    arrays += [rng.normal(size=(4, 3)).astype(dtype or "float32").T, np.broadcast_to(arrays[0].ravel()[0], (2, 2))]
    return [nn.Parameter(a) for a in arrays]


@pytest.mark.parametrize("make", MAKES)
def test_flat_storage_gives_each_parameter_the_bits_it_would_have_alone(make):
    ours, alone = many(), many()
    optimizer = make(ours, lr=0.01, weight_decay=0.1)
    others = [make([p], lr=0.01, weight_decay=0.1) for p in alone]
    dtypes, shapes = [p.dtype for p in ours], [p.shape for p in ours]
    for step in range(6):
        rng = np.random.default_rng(step)
        grads = [None if step % 3 == 1 and i % 4 == 0 else rng.normal(size=p.shape) for i, p in enumerate(ours)]
        with_gradients(ours, grads)
        with_gradients(alone, grads)
        optimizer.step()
        for other, g in zip(others, grads, strict=True):
            if g is not None:
                other.step()
        assert all(np.array_equal(p.numpy(), q.numpy()) for p, q in zip(ours, alone, strict=True))
    assert [p.dtype for p in ours] == dtypes and [p.shape for p in ours] == shapes
    state = optimizer.state_dict()["state"]
    assert all(same_state(s, o.state_dict()["state"][0]) for s, o in zip(state, others, strict=True))
    assert {s["step"] for s in state} == {4, 6}


def quadratic(*params):
    for p in params:
        p.grad = None
    sum(((p - 1) ** 2).sum() for p in params).backward()


@pytest.mark.parametrize("make", MAKES)
@pytest.mark.parametrize("change", ["replaced", "loaded", "copied over"])
def test_parameters_changed_from_outside_are_stepped_from_where_they_are(make, change):
    (a, b), (c, d) = [(leaf(3.0, 4.0), leaf(5.0)) for _ in range(2)]
    ours, other = make([a, b], lr=0.1), [make([c], lr=0.1), make([d], lr=0.1)]
    for step in range(4):
        if step == 2:
            for p in (a, c):
                if change == "replaced":
                    p.data = np.array([7.0, -7.0])
                elif change == "loaded":
                    holder = nn.Module()
                    holder.p = nn.Parameter(np.zeros(2))
                    holder.p.data, holder.p.requires_grad = p.data, True
                    holder.load_state_dict({"p": [7.0, -7.0]})
                else:
                    p.copy_([7.0, -7.0])
        quadratic(a, b)
        quadratic(c, d)
        ours.step()
        for o in other:
            o.step()
        assert a.tolist() == c.tolist() and b.tolist() == d.tolist()
        assert (a.numpy()[1] < -3) == (step == 2) or step == 3


def test_a_model_converted_afterwards_goes_on_in_its_new_dtype():
    for make in MAKES:
        model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
        optimizer = make(model.parameters())
        x = np.random.default_rng(0).normal(size=(4, 2))
        for dtype in (np.float32, np.float64, np.float32):
            model.to(dtype)
            before = model[0].weight.tolist()
            optimizer.zero_grad()
            (model(mg.tensor(x.astype(dtype))) ** 2).sum().backward()
            optimizer.step()
            assert {p.dtype.name for p in model.parameters()} == {np.dtype(dtype).name}
            assert model[0].weight.tolist() != before


def test_two_optimizers_share_one_model():
    def run(*split):
        params = [leaf(3.0, 4.0), leaf(5.0), leaf(6.0)]
        optimizers = [optim.SGD([params[i] for i in part], lr=0.1) for part in split]
        for _ in range(3):
            for o in optimizers:
                quadratic(*params)
                o.step()
        return np.concatenate([p.numpy() for p in params])

    np.testing.assert_allclose(run((0, 1, 2), (2, 1, 0)), (np.array([3, 4, 5, 6]) - 1) * 0.8**6 + 1, rtol=1e-12)
    np.testing.assert_allclose(run((0, 1), (1, 2)), (np.array([3, 4, 5, 6]) - 1) * 0.8 ** np.array([3, 3, 6, 3]) + 1)


def test_values_that_a_graph_saved_are_missed_after_a_step():
    w, big = leaf(2.0), mg.tensor(np.ones(STRETCH + 1), requires_grad=True)
    optimizer = optim.SGD([w, big, leaf(1.0)])
    loss, large = (w * w).sum(), (big * big).sum()
    with_gradients([w, big], [[1.0], np.ones(STRETCH + 1)])
    optimizer.step()
    for stale in (loss, large):
        with pytest.raises(GraphError, match="multiply"):
            stale.backward()


def test_replacing_one_parameter_by_another_dtype_leaves_the_others_theirs():
    a, b = leaf(1.0, dtype="float32"), leaf(1.0, dtype="float32")
    optimizer = optim.SGD([a, b])
    a.data = a.data.astype(np.float64)
    with_gradients([a, b], [[1], [1]])
    optimizer.step()
    assert b.dtype == np.float32


def test_replacing_a_parameter_by_another_shape_is_told():
    a, b = leaf(1.0), leaf(1.0)
    optimizer = optim.SGD([a, b])
    a.data = np.ones(2)
    with_gradients([a, b], [[1, 1], [1]])
    with pytest.raises(ShapeError, match=r"float64\[2\]"):
        optimizer.step()


def test_state_and_gradient_of_a_converted_model_have_its_new_dtype():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    optimizer = optim.Adam(model.parameters())
    model.to(np.float64)
    with_gradients(model.parameters(), [np.ones(p.shape) for p in model.parameters()])
    optimizer.step()
    assert {s["exp_avg"].dtype.name for s in optimizer.state_dict()["state"]} == {"float64"}


@pytest.mark.parametrize("make", MAKES)
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_nothing_is_recorded_and_the_dtype_stays(make, dtype):
    params = [nn.Parameter(np.ones(s, dtype)) for s in [(2, 2), (), (3,)]]
    eps = {} if make in (optim.SGD, optim.Momentum, optim.Nesterov) else {"eps": 1e-3}
    optimizer = make(params, lr=np.float64(0.1), **eps)
    for _ in range(3):
        for p in params:
            p.grad = mg.tensor(np.full(p.shape, 0.5), requires_grad=True) * 2  # float64, and with a graph
        optimizer.step()
    assert all(p.dtype == dtype and p.is_leaf and p.requires_grad and np.isfinite(p.numpy()).all() for p in params)
    arrays = [v for s in optimizer.state_dict()["state"] for v in s.values() if isinstance(v, mg.Tensor)]
    assert all(v.dtype == dtype and v.is_leaf for v in arrays)
    optimizer.zero_grad()
    assert all(p.grad is None for p in params)


def test_a_step_inside_no_grad_records_its_closure_only():
    w = leaf(1.0)
    with mg.no_grad():
        loss = optim.SGD([w], lr=0.5).step(lambda: (lambda loss: (loss.backward(), loss)[1])((w * w).sum()))
        assert not (w * w).requires_grad
    assert loss.item() == 1 and w.item() == 0


# Refusals

NAN, INF = float("nan"), float("inf")


def one(make=optim.SGD, **options):
    return make([leaf(1.0)], **options)


@pytest.mark.parametrize(("call", "kind", "text"), [
    (lambda: optim.SGD([]), ValueError, r"SGD: got no parameters; pass model\.parameters\(\)"),
    (lambda: optim.SGD([{"params": []}]), ValueError, "SGD: the groups hold no parameters"),
    (lambda: optim.SGD(leaf(1.0)), TypeError, r"SGD: params must be several .*, got one Tensor; write \[tensor\]"),
    (lambda: optim.SGD((lambda p: [p, leaf(1.0), p])(leaf(1.0))), ValueError,
     r"SGD: parameter 2 of group 0 was given twice \(float64\[1\]\)"),
    (lambda: optim.SGD((lambda p: [{"params": [p]}, {"params": [p]}])(leaf(1.0))), ValueError,
     "parameter 0 of group 1 was given twice"),
    (lambda: optim.SGD([leaf(1.0), leaf(1.0) * 2]), TypeError,
     "SGD: parameter 1 of group 0 is a result of an operation; needs a leaf Tensor that requires gradients"),
    (lambda: optim.SGD([mg.tensor([1.0])]), TypeError, r"parameter 0 of group 0 is float32\[1\]; needs a leaf"),
    (lambda: optim.SGD([np.ones(2)]), TypeError, r"is float64\[2\]; needs a leaf"),
    (lambda: optim.SGD([leaf(1.0), {"params": []}]), TypeError, "parameter 1 of group 0 is dict"),
    (lambda: optim.SGD({"params": [leaf(1.0)]}), TypeError, "is str 'params'; needs a leaf"),
    (lambda: optim.SGD([{"param": [leaf(1.0)]}]), ValueError,
     "SGD: group 0 has 'param'; it needs 'params' and may have 'lr', 'weight_decay'"),
    (lambda: optim.SGD([{"params": [leaf(1.0)], "momentum": 0.9}]), ValueError,
     "SGD: group 0 has 'params', 'momentum'; it needs"),
    (lambda: optim.Optimizer([leaf(1.0)], {"lr": 1}).update(0, 0, 0, 0, 0), TypeError,
     "Optimizer is no optimizer by itself"),
    *[(lambda v=v, make=make: one(make, lr=v), ValueError,
       rf"^{make.__name__}: lr={v!r} is out of range; needs 0 ≤ lr < inf")
      for v in (-0.1, NAN, INF, "0.1", None) for make in (optim.SGD, optim.Adam)],
    (lambda: one(weight_decay=-1), ValueError, "SGD: weight_decay=-1 is out of range"),
    (lambda: one(optim.Momentum, momentum=1.0), ValueError,
     r"Momentum: momentum=1\.0 is out of range; needs 0 ≤ momentum < 1"),
    (lambda: one(optim.Nesterov, momentum=-0.1), ValueError, r"Nesterov: momentum=-0\.1"),
    (lambda: one(optim.RMSprop, alpha=1), ValueError, "RMSprop: alpha=1 is out of range"),
    (lambda: one(optim.Adadelta, rho=NAN), ValueError, "Adadelta: rho=nan"),
    (lambda: one(optim.Adam, betas=(0.9, 1.0)), ValueError,
     r"Adam: betas=\(0\.9, 1\.0\) is out of range; needs 0 ≤ betas < 1"),
    (lambda: one(optim.AdamW, betas=0.9), ValueError, "betas must be two numbers, .* got 0.9"),
    (lambda: one(optim.Adamax, betas=(0.9,)), ValueError, "betas must be two numbers"),
    (lambda: one(optim.Adagrad, eps=-1e-8), ValueError, "Adagrad: eps=-1e-08"),
    (lambda: one(optim.NAdam, momentum_decay=-1), ValueError, "NAdam: momentum_decay=-1"),
    (lambda: one().step(), GraphError, r"SGD\.step: no parameter has a gradient; call loss\.backward\(\) before step"),
    (lambda: one(optim.Nesterov).step(lambda: 0), GraphError, r"Nesterov\.step: no parameter has a gradient"),
    (lambda: optim.SGD([{"params": [leaf(1.0)], "lr": NAN}]), ValueError, "lr=nan"),
])
def test_bad_arguments(call, kind, text):
    with pytest.raises(kind, match=text):
        call()


@pytest.mark.parametrize("make", MAKES)
def test_a_step_that_is_refused_updates_nothing(make):
    a, b, big = leaf(1.0, 2.0), leaf(3.0), mg.tensor(np.ones(STRETCH + 1), requires_grad=True)
    optimizer = make([{"params": [a, big]}, {"params": [b]}])
    with_gradients([a, b, big], [[1, 1], [1], np.ones(big.shape)])
    optimizer.step()
    before, state = [p.tolist() for p in (a, b, big)], optimizer.state_dict()

    def untouched():
        return [p.tolist() for p in (a, b, big)] == before and same_state(optimizer.state_dict(), state)

    b.grad = mg.tensor([[1.0]])
    text = r"step: a parameter is float64\[1\], its \.grad is float32\[1, 1\]; shapes must be equal"
    with pytest.raises(ShapeError, match=text):
        optimizer.step()
    assert untouched()
    b.grad = mg.tensor([1.0])
    group = optimizer.param_groups[1]
    for key, value in {"lr": NAN, "weight_decay": -1, **({"betas": (0.9, 2)} if "betas" in group else {})}.items():
        good, group[key] = group[key], value
        for _ in range(2):  # it goes on being refused
            with pytest.raises(ValueError, match=rf"{make.__name__}: {key}={re.escape(repr(value))} is out of range"):
                optimizer.step()
        group[key] = good
        assert untouched()
    optimizer.zero_grad()
    with pytest.raises(GraphError, match="no parameter has a gradient"):
        optimizer.step()
    assert untouched()


# State


@pytest.mark.parametrize("make", MAKES)
def test_a_loaded_state_goes_on_to_the_bit(make):
    def setting():
        params = many("float32")
        return params, make([{"params": params[:4], "lr": 0.02}, {"params": params[4:]}], lr=0.01)

    def steps(params, optimizer, some, start, stop):
        for step in range(start, stop):
            rng = np.random.default_rng(step)
            with_gradients(params, [rng.normal(size=p.shape) if some(step, i) else None for i, p in enumerate(params)])
            optimizer.step()

    def some(step, i):
        return step % 2 == 0 or i % 3 != 0

    (p, one), (q, two) = setting(), setting()
    steps(p, one, some, 0, 5)
    state = one.state_dict()
    steps(q, two, lambda step, i: (step + i) % 2, 0, 3)  # another history, other blocks
    for a, b in zip(p, q, strict=True):
        b.copy_(a)
    two.load_state_dict(state)
    assert same_state(two.state_dict(), state)
    steps(p, one, some, 5, 8)
    steps(q, two, some, 5, 8)
    assert all(np.array_equal(a.numpy(), b.numpy()) for a, b in zip(p, q, strict=True))
    assert same_state(one.state_dict(), two.state_dict()) and not same_state(state, two.state_dict())


def test_states_are_copies_in_definition_order():
    a, b = leaf(1.0), leaf(1.0, 2.0)
    optimizer = optim.Adam([a, b])
    with_gradients([a, b], [None, [1, 1]])
    optimizer.step()
    state = optimizer.state_dict()
    assert [(s["step"], s["exp_avg"].shape) for s in state["state"]] == [(0, (1,)), (1, (2,))]
    hyper = {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.0}
    assert state["param_groups"] == [{**hyper, "params": 2}]
    kept = state["state"][1]["exp_avg"].tolist()
    optimizer.step()
    assert state["state"][1]["exp_avg"].tolist() == kept


def without(key, of=None):
    state = adam_of(2, 3).state_dict()
    del (state if of is None else state["state"][1] if of == "state" else state["param_groups"][0])[key]
    return state


def edited(**hyper):
    state = adam_of(2, 3).state_dict()
    state["param_groups"][0].update(hyper)
    return state


def shorter():
    state = adam_of(2, 3).state_dict()
    return {**state, "state": state["state"][:1]}


def adam_of(*shapes):
    return optim.Adam([mg.tensor(np.ones(s), requires_grad=True) for s in shapes])


@pytest.mark.parametrize(("state", "text"), [
    (lambda: optim.SGD([leaf(1.0), leaf(1.0)]).state_dict(), "load_state_dict: this is Adam, the state is of SGD"),
    (dict, "this is Adam, the state is of None"),
    (lambda: adam_of(2).state_dict(), r"the state is of groups of \[1\] parameters, this optimizer has \[2\]"),
    (lambda: adam_of((2,), (3, 1)).state_dict(), r"parameter 1 is float64\[3\], its state 'exp_avg' is .*\[3, 1\]"),
    (lambda: (lambda s: (s["state"][0].pop("exp_avg_sq"), s)[1])(adam_of(2, 3).state_dict()),
     "parameter 0 is .* its state 'exp_avg_sq' is missing"),
    (lambda: without("step", "state"), "step"),
    (lambda: without("state"), "state"),
    (lambda: without("betas", "group"), "betas"),
    (lambda: edited(lr=NAN), "lr"), (lambda: edited(nu=1), "nu"),
    (shorter, "1"),
])
def test_a_state_that_does_not_fit_changes_nothing(state, text):
    optimizer = adam_of(2, 3)
    before = optimizer.state_dict()
    with pytest.raises(CheckpointError, match=text):
        optimizer.load_state_dict(state())
    assert same_state(optimizer.state_dict(), before)


def test_a_module_or_a_set_is_no_list_of_parameters():
    model = nn.Linear(1, 1)
    with pytest.raises(TypeError, match=r"SGD: got a module.*model\.parameters\(\)"):
        optim.SGD(model)
    with pytest.raises(TypeError, match="must be in order"):
        optim.SGD(set(model.parameters()))
