"""Gradient clipping, and the schedules of the learning rate (N21)."""

from __future__ import annotations

import math

import numpy as np
import pytest

import minigrad as mg
from minigrad import optim
from minigrad.errors import CheckpointError

schedules = optim.lr_scheduler
NAN, INF = float("nan"), float("inf")


def leaf(*values, dtype="float64"):
    return mg.tensor(np.array(values, dtype), requires_grad=True)


def with_gradients(params, grads):
    for p, g in zip(params, grads, strict=True):
        p.grad = None if g is None else mg.tensor(np.asarray(g), dtype=p.dtype)


# Clipping


@pytest.mark.parametrize("max_norm", [0.5, 3.0, 1e3])
@pytest.mark.parametrize("norm_type", [1, 2.0, 3.5, 0.5, INF])
def test_clipping_the_norm_is_pytorchs(torch, norm_type, max_norm):
    rng = np.random.default_rng(0)
    grads = [rng.normal(size=s) for s in [(3, 4), (), (0,), (5,)]]
    ours, theirs = [leaf(*np.zeros(3)) for _ in range(5)], [torch.zeros(3, requires_grad=True) for _ in range(5)]
    for p, q, g in zip(ours, theirs, grads, strict=False):
        p.data, q.data = np.zeros(g.shape), torch.zeros(g.shape, dtype=torch.float64)
        p.grad, q.grad = mg.tensor(g), torch.from_numpy(np.array(g))
    norm = optim.clip_grad_norm_(iter(ours), max_norm, norm_type)
    expected = torch.nn.utils.clip_grad_norm_([q for q in theirs if q.numel()], max_norm, norm_type)
    assert type(norm) is float and norm == pytest.approx(expected.item(), rel=1e-12)
    for p, q in zip(ours, theirs, strict=True):
        assert (p.grad is None) == (q.grad is None)
        if p.grad is not None:
            np.testing.assert_allclose(p.grad.numpy(), q.grad.numpy(), rtol=3e-6)  # PyTorch adds 1e-6 to the norm
    assert optim.clip_grad_norm_(ours, max_norm, norm_type) == pytest.approx(min(norm, max_norm), rel=1e-12)


def test_clipping_values_is_pytorchs_and_keeps_dtypes(torch):
    g = np.array([3.0, -0.2, -7.0, NAN, INF], np.float32)
    p, q, without = leaf(*g, dtype="float32"), torch.zeros(5, requires_grad=True), leaf(1.0)
    p.grad, q.grad = mg.tensor(g), torch.from_numpy(g.copy())
    given = p.grad
    optim.clip_grad_value_([without, p], 0.5)
    torch.nn.utils.clip_grad_value_(q, 0.5)
    assert np.array_equal(p.grad.numpy(), q.grad.numpy(), equal_nan=True) and p.grad.dtype == np.float32
    assert without.grad is None and np.array_equal(given.numpy(), g, equal_nan=True)


@pytest.mark.parametrize("norm_type", [1, 2, INF])
@pytest.mark.parametrize("bad", [NAN, INF, -INF])
@pytest.mark.parametrize("where", [0, 1, 2])
def test_a_norm_that_is_not_finite_is_told_and_nothing_is_half_done(norm_type, bad, where):
    params = [leaf(0.0), leaf(0.0), leaf(0.0)]
    with_gradients(params, [[bad if i == where else 1e3] for i in range(3)])
    before = [p.grad for p in params]
    norm = optim.clip_grad_norm_(params, 1.0, norm_type)
    assert math.isnan(norm) if math.isnan(bad) else norm == INF
    with pytest.raises(FloatingPointError, match=rf"clip_grad_norm_: the norm of the gradients is {norm}; .*mg\.debug"):
        optim.clip_grad_norm_(params, 1.0, norm_type, error_if_nonfinite=True)
    assert [p.grad for p in params] == before or all(p.grad is g for p, g in zip(params, before, strict=True))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_norms_neither_overflow_nor_lose_small_gradients(dtype):
    for size in (np.finfo(dtype).max / 2, np.finfo(dtype).tiny * 8):
        p = leaf(0.0, 0.0, dtype=dtype)
        p.grad = mg.tensor(np.array([3, 4]) / 4 * float(size), dtype=dtype)
        assert optim.clip_grad_norm_(p, size / 2) == pytest.approx(1.25 * size, rel=1e-3)
        assert p.grad.dtype == dtype
        np.testing.assert_allclose(p.grad.numpy().astype(float), np.array([0.3, 0.4]) * float(size), rtol=0.1)
    assert optim.clip_grad_norm_([leaf(1.0)], 1.0) == 0.0 == optim.clip_grad_norm_([], 1.0)


@pytest.mark.parametrize(("call", "text"), [
    *[(lambda v=v: optim.clip_grad_norm_([], v), f"clip_grad_norm_: max_norm must be positive, got {v}")
      for v in (0, -1, NAN)],
    (lambda: optim.clip_grad_norm_([], 1, 0), "norm_type must be positive, got 0"),
    *[(lambda v=v: optim.clip_grad_value_([], v), f"clip_grad_value_: clip_value must be positive, got {v}")
      for v in (0, NAN)],
])
def test_clipping_refuses(call, text):
    with pytest.raises(ValueError, match=text):
        call()


# Schedules (N21)


def cosine(start, stop, part):
    return stop + (start - stop) * (1 + math.cos(math.pi * part)) / 2


def one_cycle(t, n=40, top=0.3 * 40 - 1):
    return cosine(0.8 / 25, 0.8, t / top) if t <= top else cosine(0.8, 0.8 / 25 / 1e4, (t - top) / (n - 1 - top))


SCHEDULES = {  # name: ours, PyTorch's, the rate at step t of a group that began with b
    "StepLR": (
        lambda o: schedules.StepLR(o, 4, 0.5), lambda s, o: s.StepLR(o, 4, 0.5), lambda t, b: b * 0.5 ** (t // 4)
    ),
    "MultiStepLR": (
        lambda o: schedules.MultiStepLR(o, [20, 3, 10, 10]), lambda s, o: s.MultiStepLR(o, [20, 3, 10, 10]),
        lambda t, b: b * 0.1 ** ((t >= 3) + 2 * (t >= 10) + (t >= 20)),
    ),
    "ExponentialLR": (
        lambda o: schedules.ExponentialLR(o, 0.9), lambda s, o: s.ExponentialLR(o, 0.9), lambda t, b: b * 0.9**t
    ),
    "CosineAnnealingLR": (
        lambda o: schedules.CosineAnnealingLR(o, 30, 0.01), lambda s, o: s.CosineAnnealingLR(o, 30, 0.01),
        lambda t, b: cosine(b, 0.01, t / 30),
    ),
    "OneCycleLR": (
        lambda o: schedules.OneCycleLR(o, 0.8, 40),
        lambda s, o: s.OneCycleLR(o, 0.8, total_steps=40, cycle_momentum=False), lambda t, b: one_cycle(t),
    ),
    "LinearWarmup": (
        lambda o: schedules.LinearWarmup(o, 5, schedules.CosineAnnealingLR(o, 30)), None,
        lambda t, b: b * (t + 1) / 6 if t < 5 else cosine(b, 0, (t - 5) / 30),
    ),
    "LinearWarmup alone": (lambda o: schedules.LinearWarmup(o, 3), None, lambda t, b: b * min((t + 1) / 4, 1)),
}


def two_groups(make=optim.SGD):
    return make([{"params": [leaf(1.0)], "lr": 0.3}, {"params": [leaf(1.0)], "lr": 0.05}])


@pytest.mark.parametrize("name", SCHEDULES)
def test_thirty_steps_are_the_formulas_and_pytorchs(name, request):
    make, make_theirs, formula = SCHEDULES[name]
    optimizer = two_groups()
    schedule = make(optimizer)
    if make_theirs:
        torch = request.getfixturevalue("torch")
        other = torch.optim.SGD([{"params": [torch.zeros(1)], "lr": 0.3}, {"params": [torch.zeros(1)], "lr": 0.05}])
        theirs = make_theirs(torch.optim.lr_scheduler, other)
    for t in range(31):
        rates = [g["lr"] for g in optimizer.param_groups]
        assert rates == schedule.get_last_lr()
        assert rates == pytest.approx([formula(t, 0.3), formula(t, 0.05)], rel=1e-12, abs=1e-17)
        if make_theirs:
            assert rates == pytest.approx([g["lr"] for g in other.param_groups], rel=1e-9, abs=1e-15)
            other.step()
            theirs.step()
        schedule.step()
    assert schedule.last_epoch == 31


@pytest.mark.parametrize("options", [
    {}, {"patience": 0}, {"mode": "max", "patience": 1, "factor": 0.5},
    {"patience": 2, "min_lr": 0.02, "threshold": 0.2},
])
def test_reduce_on_plateau_is_pytorchs(torch, options):
    optimizer = two_groups()
    other = torch.optim.SGD([{"params": [torch.zeros(1)], "lr": 0.3}, {"params": [torch.zeros(1)], "lr": 0.05}])
    ours = schedules.ReduceLROnPlateau(optimizer, **{"patience": 3, **options})
    theirs = torch.optim.lr_scheduler.ReduceLROnPlateau(other, **{"patience": 3, "eps": 0, **options})
    rng = np.random.default_rng(0)
    for t in range(30):
        value = NAN if t in (0, 5) else 3 / (1 + t % 13) + rng.uniform(0, 1)
        ours.step(mg.tensor(value, dtype="float64"))
        other.step()
        theirs.step(value)
        assert ours.get_last_lr() == pytest.approx([g["lr"] for g in other.param_groups], rel=1e-12)
    assert ours.get_last_lr()[0] < 0.3


def test_improvement_is_relative_also_below_zero():
    schedule = schedules.ReduceLROnPlateau(two_groups(), patience=0, threshold=0.1)
    for value, reductions in [(-1, 0), (-1.05, 1), (-1.2, 1), (-1.25, 2), (-2, 2)]:
        schedule.step(value)
        assert schedule.reductions == reductions


def test_a_schedule_drives_the_updates():
    w = leaf(0.0)
    optimizer = optim.SGD([w], lr=1.0)
    schedule = schedules.StepLR(optimizer, 2, 0.1)
    for _ in range(5):
        w.grad = mg.tensor([-1.0])
        optimizer.step()
        schedule.step()
    assert w.item() == pytest.approx(2.21)


ALL_SCHEDULES = {**{name: row[0] for name, row in SCHEDULES.items()},
                 "ReduceLROnPlateau": lambda o: schedules.ReduceLROnPlateau(o, patience=0)}


@pytest.mark.parametrize("name", ALL_SCHEDULES)
def test_a_loaded_schedule_goes_on_and_sets_the_rates(name):
    def step(schedule):
        schedule.step(*([1.0] if name == "ReduceLROnPlateau" else []))

    make, one, two = ALL_SCHEDULES[name], two_groups(), two_groups()
    a = make(one)
    for _ in range(7):
        step(a)
    two.param_groups[0]["lr"] = 99.0
    b = make(two)
    b.load_state_dict(a.state_dict())
    for _ in range(5):
        assert a.get_last_lr() == b.get_last_lr() == [g["lr"] for g in two.param_groups]
        step(a)
        step(b)


def loading(make, state):
    make(two_groups()).load_state_dict(state)


@pytest.mark.parametrize(("call", "kind", "text"), [
    (lambda: schedules.StepLR("adam", 3), TypeError, "StepLR: the first argument must be an optimizer, got str"),
    (lambda: schedules.StepLR(two_groups(), 0), ValueError, "StepLR: step_size must be positive, got 0"),
    (lambda: schedules.StepLR(two_groups(), 1, NAN), ValueError, "gamma must be positive, got nan"),
    (lambda: schedules.MultiStepLR(two_groups(), [1], -1), ValueError, "MultiStepLR: gamma"),
    (lambda: schedules.ExponentialLR(two_groups(), 0), ValueError, "ExponentialLR: gamma"),
    (lambda: schedules.CosineAnnealingLR(two_groups(), 0), ValueError, "CosineAnnealingLR: T_max must be positive"),
    (lambda: schedules.LinearWarmup(two_groups(), 0), ValueError, "LinearWarmup: warmup_steps must be positive"),
    (lambda: schedules.OneCycleLR(two_groups(), 0, 10), ValueError, "OneCycleLR: max_lr must be positive"),
    (lambda: schedules.OneCycleLR(two_groups(), 1, 10, pct_start=1.5), ValueError, r"pct_start must be in \[0, 1\]"),
    (lambda: [s.step() for s in [schedules.OneCycleLR(two_groups(), 1, 3)] for _ in range(3)], ValueError,
     "OneCycleLR: step 3 is beyond the cycle of 3 steps; make total_steps larger"),
    (lambda: schedules.ReduceLROnPlateau(two_groups(), "low"), ValueError, "mode must be .*, got 'low'"),
    (lambda: schedules.ReduceLROnPlateau(two_groups(), factor=1), ValueError, r"factor must be in \(0, 1\), got 1"),
    (lambda: schedules.ReduceLROnPlateau(two_groups()).step(), TypeError, r"the measure to watch: schedule\.step\("),
    (lambda: schedules.LRScheduler(two_groups()), TypeError, r"LRScheduler is no schedule by itself: define lr\("),
    (lambda: loading(ALL_SCHEDULES["StepLR"], {"gamma": 1}), CheckpointError, r"StepLR\.load.*: needs .*got gamma$"),
    (lambda: loading(ALL_SCHEDULES["StepLR"], schedules.StepLR(optim.SGD([leaf(1.0)]), 3).state_dict()),
     CheckpointError, "the state is of 1 groups, this optimizer has 2"),
])
def test_schedules_refuse(call, kind, text):
    with pytest.raises(kind, match=text):
        call()


def test_a_plateau_cannot_follow_a_warm_up():
    optimizer = optim.SGD([leaf(1.0)], lr=1.0)
    with pytest.raises(TypeError, match="a ReduceLROnPlateau cannot follow"):
        schedules.LinearWarmup(optimizer, 2, after=schedules.ReduceLROnPlateau(optimizer))
