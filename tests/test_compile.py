"""Compiled functions: the same numbers and effects as eager ones, and a clear refusal where there is no program."""

import threading
from itertools import product

import numpy as np
import pytest
from helpers import over, some
from samples import ROWS
from standin import STANDIN

import minigrad as mg
from minigrad import nn, optim
from minigrad.device import get_device, is_array, to_numpy
from minigrad.errors import DeviceError, GraphError, TraceError
from minigrad.program import executor
from minigrad.transforms.tree import flatten

F = nn.functional
RNG = np.random.default_rng(0)
X = RNG.normal(size=(12, 4)).astype(np.float32)
Y = RNG.normal(size=(12, 3)).astype(np.float32)
LABELS = RNG.integers(0, 3, 12)
WORDS = RNG.integers(0, 5, 12)


def mlp():
    return nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3)), X


def normalised():
    return nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3)), X


def dropped():
    return nn.Sequential(nn.Linear(4, 8), nn.GELU(), nn.Dropout(0.3), nn.LayerNorm(8), nn.Linear(8, 3)), X


def embedded():
    return nn.Sequential(nn.Embedding(5, 4), nn.Linear(4, 3)), WORDS


OPTIMIZERS = {
    "SGD": {"lr": 0.1}, "Momentum": {"lr": 0.05}, "Nesterov": {"lr": 0.05}, "Adagrad": {}, "RMSprop": {}, "Adam": {},
    "AdamW": {}, "NAdam": {}, "Adamax": {}, "Adadelta": {},
}  # fmt: skip
KINDS = {"mlp": mlp, "batch norm": normalised, "dropout": dropped, "embedding": embedded}
# Every optimizer, and every kind of network; in a run of the whole set all pairs.
RUNS = list(dict.fromkeys([("mlp", optimizer) for optimizer in OPTIMIZERS] + some(product(KINDS, OPTIMIZERS), 5)))


def training(kind, optimizer, compiled, wrapper=mg.compile, device="cpu", **options):
    mg.manual_seed(1)
    model, x = KINDS[kind]()
    model.to(device)
    opt = getattr(optim, optimizer)(model.parameters(), **{**OPTIMIZERS[optimizer], **options})
    schedule = optim.lr_scheduler.StepLR(opt, step_size=7, gamma=0.9)

    def step(x, y):
        loss = F.cross_entropy(model(x), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        schedule.step()
        return loss

    return model, opt, schedule, x, wrapper(step) if compiled else step


@pytest.fixture
def poison(monkeypatch):
    """Overwrite all memory that nobody should need any more: whoever reads it all the same, reads NaN."""
    monkeypatch.setattr(executor, "POISON", True)


@pytest.mark.parametrize(("kind", "optimizer"), RUNS)
def test_two_hundred_steps_are_the_same(kind, optimizer, poison):
    ends = []
    for compiled in (False, True):
        model, opt, schedule, x, step = training(kind, optimizer, compiled)
        losses = [step(mg.tensor(x), LABELS).item() for _ in range(200)]
        state = [t.data for block in opt._blocks for t in map(mg.Tensor, block.state)]
        everything = [t.data for t in model.state_dict().values()] + [p.grad.data for p in model.parameters()] + state
        ends.append((losses, everything, schedule.get_last_lr(), opt._blocks[0].t, mg.get_rng_state()))
    (losses, arrays, *rest), (losses_2, arrays_2, *rest_2) = ends
    assert losses == losses_2 and losses[-1] < losses[0]
    assert all(np.array_equal(a, b) for a, b in zip(arrays, arrays_2, strict=True))
    assert str(rest) == str(rest_2)


def test_a_forward_pass_and_a_gradient():
    model, x = mlp()
    forward = mg.compile(model)
    for scale in (1, 2):
        assert np.array_equal(forward(mg.tensor(scale * x)).numpy(), model(mg.tensor(scale * x)).numpy())
    slope = mg.compile(mg.grad(lambda p, x: (mg.tanh(x @ p["w"]) ** 2).sum() + (p["b"] ** 2).sum()))
    for k in range(3):
        p = {"w": X[0] + k, "b": X[1] - k}
        eager = mg.grad(lambda p, x: (mg.tanh(x @ p["w"]) ** 2).sum() + (p["b"] ** 2).sum())(p, X)
        for name, found in slope(p, X).items():
            assert np.array_equal(found.numpy(), eager[name].numpy())


def test_results_are_constants_from_the_first_call_on():
    layer = nn.Linear(4, 2)
    forward = mg.compile(lambda x: [(layer(x) ** 2).mean(), layer.weight])
    for _ in range(2):
        loss, weight = forward(mg.tensor(X))
        assert weight is layer.weight and not loss.requires_grad
        with pytest.raises(GraphError, match="does not require gradients"):
            loss.backward()


def test_shapes_types_and_static_arguments_have_programs_of_their_own():
    @mg.compile
    def f(x, n, scale="a"):
        return x * n + (1 if scale == "a" else 2)

    for x in (X, X[:3], X.astype(np.float64)):
        for n in (2, 2.0, 3):
            for scale in ("a", "b"):
                for _ in range(2):
                    expected = x * n + (1 if scale == "a" else 2)
                    got = f(mg.tensor(x), n, scale=scale)
                    assert got.dtype == expected.dtype and np.array_equal(got.numpy(), expected)
    assert repr(f).endswith("18 programs>")


def test_arguments_that_were_one_array_may_be_two():
    data = X[0].copy()
    for f in (lambda a, b: a - b, lambda a, b: a * mg.tensor(b) + data):
        compiled = mg.compile(f)
        for a, b in ((data, data), (data, X[1]), (X[1], data), (X[1], X[1])):
            assert np.array_equal(compiled(mg.tensor(a), mg.tensor(b)).numpy(), f(mg.tensor(a), mg.tensor(b)).numpy())
            assert np.array_equal(compiled(mg.Tensor(a), mg.Tensor(b)).numpy(), f(mg.Tensor(a), mg.Tensor(b)).numpy())
        same = mg.tensor(data)
        again = mg.compile(f)
        again(same, same)
        assert np.array_equal(again(same, mg.tensor(X[1])).numpy(), f(same, mg.tensor(X[1])).numpy())


def test_modes_settings_and_new_arrays_are_noticed():
    model, x = dropped()
    forward = mg.compile(model)
    x = mg.tensor(x)
    model.eval()
    for _ in range(2):
        assert np.array_equal(forward(x).numpy(), model(x).numpy())
    model.train()
    assert not np.array_equal(forward(x).numpy(), forward(x).numpy())
    model.eval()
    model.to("float64")
    assert forward(x.to("float64")).dtype == np.float64
    for p in model.parameters():
        p.data = p.data * 2
    assert np.array_equal(forward(x.to("float64")).numpy(), model(x.to("float64")).numpy())


def test_seeding_is_noticed():
    drop = nn.Dropout(0.5)
    compiled = mg.compile(lambda x: drop(x))
    for seed in (1, 2, 1):
        drawn = []
        for f in (drop, compiled):
            mg.manual_seed(seed)
            drawn.append(f(mg.tensor(X)).numpy())
        assert np.array_equal(*drawn)


@pytest.mark.parametrize("change", ["lr", "weight_decay", "momentum"])
def test_settings_that_change_between_steps(change):
    ends = []
    for compiled in (False, True):
        model, opt, _, x, step = training("mlp", "Momentum", compiled)
        for k in range(6):
            step(mg.tensor(x), LABELS)
            opt.param_groups[0][change] = 0.01 * (k + 1)
        ends.append([p.numpy().copy() for p in model.parameters()])
    assert all(np.array_equal(a, b) for a, b in zip(*ends, strict=True))


def test_gradients_add_up_where_they_are_not_dropped():
    ends = []
    for wrap in (lambda f: f, mg.compile):
        mg.manual_seed(0)
        model, x = mlp()
        x = mg.tensor(x)

        @wrap
        def step(model=model, x=x):
            loss = (model(x) ** 2).sum()
            loss.backward()
            return loss

        seen = []
        for k in range(6):
            step()
            seen.append([p.grad.numpy().copy() for p in model.parameters()])
            if k == 3:
                model.zero_grad()
        ends.append(seen)
    for a, b in zip(*ends, strict=True):
        assert all(np.array_equal(u, v) for u, v in zip(a, b, strict=True))


def test_compiled_and_eager_steps_mix():
    ends = []
    for pattern in ("eeeeee", "cececc"):
        mg.manual_seed(0)
        model, x = mlp()
        opt = optim.Adam(model.parameters())

        def step(x, y, model=model, opt=opt):
            loss = F.mse_loss(model(x), y)
            opt.zero_grad()
            loss.backward()
            opt.step()
            return loss

        steps = {"e": step, "c": mg.compile(step)}
        for k, kind in enumerate(pattern):
            steps[kind](mg.tensor(x), mg.tensor(Y))
            if k == 2:
                saved = model.state_dict(), opt.state_dict()
                model.load_state_dict(saved[0])
                opt.load_state_dict(saved[1])
        ends.append([p.numpy().copy() for p in model.parameters()])
    assert all(np.array_equal(a, b) for a, b in zip(*ends, strict=True))


def test_frozen_parameters_and_clipping_by_value():
    ends = []
    for wrap in (lambda f: f, mg.compile):
        mg.manual_seed(0)
        model, x = mlp()
        opt = optim.SGD(model.parameters(), lr=0.1)

        @wrap
        def step(x, y, model=model, opt=opt):
            loss = F.mse_loss(model(x), y)
            opt.zero_grad()
            loss.backward()
            optim.clip_grad_value_(model.parameters(), 0.05)
            opt.step()
            return loss

        for k in range(5):
            step(mg.tensor(x), mg.tensor(Y))
            if k == 2:
                model.layers[0].requires_grad_(False)
        ends.append([p.numpy().copy() for p in model.parameters()])
    assert all(np.array_equal(a, b) for a, b in zip(*ends, strict=True))


# Operations that look at values, or at positions found from values, and so have no program.
BY_VALUE = {"cofactors", "det", "interp", "lstsq", "matrix_rank", "piecewise", "quantile", "repeat"}
BY_VALUE |= {"quantile, with the slope by q"}


def arrays_of(x):
    arrays = [y.data if isinstance(y, mg.Tensor) else y for y in flatten(x)[0]]
    return [to_numpy(a) if is_array(a) else np.asarray(a) for a in arrays]


def put(x, place):
    """Carry what is an array, or has arrays in it, to a device."""
    if type(x) is tuple:
        return tuple(put(y, place) for y in x)
    if isinstance(x, mg.Tensor):
        return x.to(place.name)
    return place.from_numpy(x) if isinstance(x, np.ndarray) else x


def runs_of(row, device="cpu", turn=None, **options):
    """For each case of a row: what the operation and its derivative give, the program of both, and what it takes.

    They take turns: in an everyday run the NumPy executor takes every third case, each of the others every sixth.
    """
    place = get_device(device)
    for case in some(row.cases, 3) if turn is None else some(row.cases, 6, turn) or row.cases[:1]:
        floats = [place.from_numpy(a) for a in case.args if isinstance(a, np.ndarray) and a.dtype.kind == "f"]
        others = [put(a, place) for a in case.args], {key: put(x, place) for key, x in case.options.items()}

        def operation(*tensors, others=others):
            rest, (args, options) = iter(tensors), others
            args = [next(rest) if is_array(a) and a.dtype.kind == "f" else a for a in args]
            return row.call(*args, **options)

        def both(*arrays, operation=operation):
            if not row.differentiable or not arrays:
                return operation(*map(mg.Tensor, arrays))
            out, pull = mg.vjp(operation, *arrays)
            return out, pull(mg.ones_like(out))

        with np.errstate(all="ignore"):
            expected = arrays_of(both(*floats))
            compiled = mg.compile(both, **options)
            try:
                compiled(*[2 * a for a in floats])
            except TraceError:
                assert row.name in BY_VALUE or row.name.startswith("at,")
                return
            yield expected, compiled, [a.copy() for a in floats]


@over("row", ROWS)
def test_every_operation_and_its_derivative_give_the_same(row, poison):
    for expected, compiled, arrays in runs_of(row):
        names = {}
        with np.errstate(all="ignore"):
            got = arrays_of(compiled(*arrays))
            exec(compile(compiled.source, "both.py", "exec"), names)  # which needs NumPy alone
            assert all(isinstance(a, np.ndarray) for a in compiled.arguments.values())
            alone = arrays_of(names["both"](*arrays, **compiled.arguments))
        for a, b, c in zip(expected, got, alone, strict=True):
            assert a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
            assert a.dtype == c.dtype and np.array_equal(a, c, equal_nan=a.dtype.kind == "f")


@over("row", ROWS)
def test_on_a_device_every_operation_gives_the_same(row):
    """Where indices lie on the device, too: `delete`, which needs their values, has no program there."""
    for expected, compiled, arrays in [] if row.name == "delete" else runs_of(row, STANDIN.name, turn=0):
        names = {}
        with np.errstate(all="ignore"):
            got = arrays_of(compiled(*arrays))
            exec(compile(compiled.source, "both.py", "exec"), names)  # of NumPy's arrays
            alone = arrays_of(names["both"](*map(to_numpy, arrays), **compiled.arguments))
        for a, b, c in zip(expected, got, alone, strict=True):
            assert a.dtype == b.dtype == c.dtype
            assert np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
            assert np.array_equal(a, c, equal_nan=a.dtype.kind == "f")


def test_devices_do_not_mix_in_a_program_either():
    there = mg.tensor(X).to(STANDIN.name)
    for f in (lambda x: x + mg.tensor(X), lambda x: mg.tensor(X) * x, lambda x: mg.where(x > 0, mg.tensor(X), x)):
        with pytest.raises(DeviceError, match="all must be on one device"):
            mg.compile(f)(there)
    with pytest.raises(TraceError, match="handed to NumPy as values"):
        mg.compile(lambda x: x.to("cpu") + 1)(there)
    double = mg.compile(lambda x: x * 2)
    for x in (there, mg.tensor(X), there):  # each has a program of its own
        assert double(x).device == x.device and np.array_equal(double(x).numpy(), 2 * X)
    assert repr(double).endswith("2 programs>")


REFUSED = [
    (lambda x: x if x.sum() > 0 else -x, "truth value"),
    (lambda x: x if x.numpy().sum() > 0 else -x, "truth value"),
    (lambda x: x * float(x.sum()), "made a number"),
    (lambda x: x * x.sum().item(), "made a number|handed to NumPy"),
    (lambda x: mg.tensor(np.asarray(x.numpy()) * 2), "handed to NumPy"),
    (lambda x: x * x[x > 0].mean(), "as many elements as are true"),
    (lambda x: x[:, x[0] > -9], "as many elements as are true"),
    (lambda x: x * len(mg.nonzero(x > 0)[0]), "as many elements as are true"),
    (lambda x: x * mg.compress(x[0] > 0, x, 1).size, "as many elements as are true"),
    (lambda x: x * mg.bincount(mg.argmax(x, 1)).size, "made a number"),
]


MASK = np.arange(X.shape[0]) % 3 > 0


@pytest.mark.parametrize("mask", [MASK, mg.tensor(MASK), MASK.tolist(), mg.tensor(True), np.array(False), True])
def test_a_mask_from_outside_may_be_an_index(mask):
    loss = mg.value_and_grad(lambda x: (x[mask] ** 2).sum())
    compiled = mg.compile(loss)
    for x in (X, 2 * X):
        for a, b in zip(compiled(mg.tensor(x)), loss(mg.tensor(x)), strict=True):
            assert np.array_equal(a.numpy(), b.numpy())


@pytest.mark.parametrize(("f", "text"), REFUSED)
def test_what_depends_on_values_is_refused_with_the_users_line(f, text):
    with pytest.raises(TraceError, match=f"compile: .*({text}).*test_compile.py:\\d+: .*mg.where"):
        mg.compile(f)(mg.tensor(X))
    assert f(mg.tensor(X)).shape == X.shape  # and nothing is left behind
    assert isinstance(mg.tensor(X)._data, np.ndarray)


def test_bad_input_gets_the_eager_message():
    model, _, _, x, step = training("mlp", "SGD", True)
    step(mg.tensor(x), LABELS)
    before = [p.numpy().copy() for p in model.parameters()]
    with pytest.raises(ValueError, match="labels must lie in 0 … 2"):
        step(mg.tensor(x), LABELS + 1)
    assert all(np.array_equal(p.numpy(), b) for p, b in zip(model.parameters(), before, strict=True))
    with pytest.raises(ValueError, match=r"linear: got x: float32\[12, 3\]"):
        step(mg.tensor(x[:, :3]), LABELS)
    with pytest.raises(TypeError, match="compile: needs a function, got int 3"):
        mg.compile(3)
    with pytest.raises(TypeError, match="an argument of step is set"):
        step({1}, LABELS)
    with pytest.raises(TraceError, match="has no program yet; call it once"):
        _ = mg.compile(model).source


def test_the_text_is_what_one_would_have_written():
    w, b = (mg.tensor(v, requires_grad=True) for v in ([0.5, -0.5], 0.1))
    x, y = X[:, :2], (LABELS > 0).astype(np.float32)

    @mg.compile
    def step(x, y):
        z = x @ w + b
        loss = F.binary_cross_entropy_with_logits(z, y)
        loss.backward()
        return loss

    step(mg.tensor(x), mg.tensor(y))
    compile(step.source, "step", "exec")
    assert " @ " in step.source and "minigrad" not in step.source
    assert len(step.program.instructions) < 45


def test_a_new_shape_gets_a_program_and_the_old_one_stays():
    model, x = mlp()
    forward = mg.compile(model)
    for n in (12, 5, 12, 1, 5):
        assert np.array_equal(forward(mg.tensor(x[:n])).numpy(), model(mg.tensor(x[:n])).numpy())
    assert repr(forward).endswith("3 programs>")


def test_an_error_in_the_function_is_the_functions_own():
    model, x = mlp()
    wrong = mg.compile(lambda x: model(x) @ model(x))
    for call in (wrong, wrong.function, wrong):
        with pytest.raises(ValueError, match=r"matmul: got a: float32\[12, 3\]"):
            call(mg.tensor(x))
    assert isinstance(model.layers[0].weight._data, np.ndarray)  # nothing of the trace is left


def test_a_loss_that_a_check_refuses_gets_the_eager_message_from_every_thread():
    probabilities = mg.compile(lambda o, y: F.binary_cross_entropy(o, y))
    good, bad = np.full((2, 1), 0.5, np.float32), np.full((2, 1), 1.5, np.float32)
    probabilities(mg.tensor(good), mg.tensor(good))
    said = []

    def work():
        for _ in range(5):
            try:
                probabilities(mg.tensor(bad), mg.tensor(good))
            except ValueError as error:
                said.append(str(error))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert said == ["binary_cross_entropy: outputs must lie in [0, 1], the one at [0, 0] is 1.5"] * 20


def test_eight_threads_may_trace_at_once():
    model, x = mlp()
    forward = mg.compile(model)
    expected = {n: model(mg.tensor(x[:n])).numpy() for n in range(1, 9)}
    found = []

    def work(n):
        for k in range(8):
            m = (n + k) % 8 + 1
            found.append(np.array_equal(forward(mg.tensor(x[:m])).numpy(), expected[m]))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(found) == 64 and all(found)


def test_eight_threads_share_one_program():
    model, x = normalised()
    model.eval()
    forward = mg.compile(model)
    expected = model(mg.tensor(x)).numpy()
    found = []

    def work():
        for _ in range(20):
            found.append(np.array_equal(forward(mg.tensor(x)).numpy(), expected))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(found) == 160 and all(found)


def test_nesterovs_own_form_is_refused():
    model, x = mlp()
    opt = optim.Nesterov(model.parameters(), lr=0.1)

    @mg.compile
    def step(x):
        def closure():
            opt.zero_grad()
            loss = (model(x) ** 2).sum()
            loss.backward()
            return loss

        return opt.step(closure)

    with pytest.raises(TraceError, match=r"Nesterov.step\(closure\) .*use step\(\) without"):
        step(mg.tensor(x))


STANDING = [
    ("mlp", "SGD"),
    ("mlp", "Adam"),
    ("mlp", "NAdam"),
    ("batch norm", "SGD"),
    ("batch norm", "Momentum"),
    ("dropout", "AdamW"),
    ("embedding", "Adagrad"),
]


@pytest.mark.parametrize(("kind", "optimizer"), STANDING)
def test_the_text_stands_by_itself(kind, optimizer):
    """Ten steps of the text alone, in NumPy, end where ten of the program end, to the last bit."""
    _, _, _, x, step = training(kind, optimizer, True)
    step(mg.tensor(x), LABELS)
    names = {}
    exec(compile(step.source, "step.py", "exec"), names)
    assert {key for key in names if not key.startswith("__")} == {"np", "step"}
    arrays = {id(a): a.copy() for a in step.arguments.values() if isinstance(a, np.ndarray)}
    rng = np.random.default_rng()
    rng.bit_generator.state = mg.get_rng_state()["cpu"]
    losses = []
    for _ in range(10):
        now = step.arguments
        given = {key: arrays[id(a)] if isinstance(a, np.ndarray) else a for key, a in now.items()}
        given |= {"rng": rng} if "rng" in now else {}
        losses.append((names["step"](x, LABELS, **given)[0], step(mg.tensor(x), LABELS).item()))
    assert all(a == b for a, b in losses) and losses[-1] < losses[0]
    for a in step.arguments.values():
        assert not isinstance(a, np.ndarray) or np.array_equal(a, arrays[id(a)])


@pytest.mark.parametrize("index", [(), ..., None, True])
def test_a_0d_result_can_be_updated_again_and_again(index):
    doubled = mg.compile(lambda t: mg.exp((t * 2).sum()).at[index].set(t.sum()))
    assert [doubled(mg.tensor([x, 1.0])).item() for x in (1.0, 2.0, 3.0)] == [2, 3, 4]
