"""The executor for a GPU, without one: kernels made by the C compiler and by NVRTC, graphs by a CuPy that records."""

import ctypes
import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
from emulated import COMPILER, Cupy, errors
from helpers import over
from samples import ROWS
from standin import STANDIN, StandIn
from test_compile import KINDS, LABELS, OPTIMIZERS, RUNS, X, arrays_of, runs_of, training

import minigrad as mg
from minigrad.device import get_device
from minigrad.errors import DeviceError, MissingPackageError

needs_a_compiler = pytest.mark.skipif(COMPILER is None, reason="there is no C compiler")


@pytest.fixture
def cupy(monkeypatch, tmp_path):
    module = Cupy(tmp_path)
    monkeypatch.setitem(sys.modules, "cupy", module)
    return module


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    """The programs of every row, whose functions all become one library."""
    module = Cupy(tmp_path_factory.mktemp("kernels"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "cupy", module)
        rows = [row for row in ROWS if row.name != "delete"]
        made = {row.name: list(runs_of(row, STANDIN.name, turn=1, executor="cupy")) for row in rows}
    return module, made


def compiled(f):
    return mg.compile(f, executor="cupy")


def there(x, device=STANDIN):
    return mg.tensor(x).to(device.name)


def state_of(model, kind):
    """Return parameters and running averages, but for a bias that batch normalisation takes away again.

    Its gradient is 0 but for what was rounded, and Adam makes full steps of that.
    """
    left_out = ("0.bias", "1.running_mean") if kind == "batch norm" else ()
    return [t.numpy() for name, t in model.state_dict().items() if name not in left_out]


def close(a, b):
    wide = np.finfo(a.dtype).eps if a.dtype.kind == "f" else 0
    return a.dtype == b.dtype and np.allclose(a, b, rtol=64 * wide, atol=16 * wide, equal_nan=a.dtype.kind == "f")


@needs_a_compiler
@over("row", ROWS)
def test_every_operation_and_its_derivative_give_the_same(row, rows, monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", rows[0])  # for a signature that is new
    for expected, compiled, arrays in rows[1].get(row.name, []):
        with np.errstate(all="ignore"):
            got = arrays_of(compiled(*arrays))
        assert all(close(a, b) for a, b in zip(expected, got, strict=True))


def nvrtc():
    """NVRTC, where it is installed: with CUDA, or by `pip install nvidia-cuda-nvrtc-cu12`."""
    found = importlib.util.find_spec("nvidia")
    folders = [Path(folder) for folder in found.submodule_search_locations or ()] if found is not None else []
    names = ["libnvrtc.so", *[str(p) for f in folders for p in f.glob("*/lib/libnvrtc.so*")]]
    for name in names:
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    return pytest.skip("NVRTC is not installed: pip install nvidia-cuda-nvrtc-cu12")


def test_nvrtc_compiles_every_function(rows):
    library = nvrtc()
    assert len(rows[0].kernels) > 1000
    assert errors(rows[0].source(), library) == ""
    assert "expected" in errors(rows[0].source() + "}", library)


@needs_a_compiler
@pytest.mark.parametrize(("kind", "optimizer"), [run for run in RUNS if run[0] != "dropout"])  # no generator here
def test_training_is_a_few_graphs_and_ends_where_it_would_have(kind, optimizer, cupy):
    ends = []
    for executor in (None, "cupy"):
        place = STANDIN if executor else get_device("cpu")
        model, opt, schedule, x, step = training(kind, optimizer, executor, compiled, place.name)
        losses = [step(there(x, place), there(LABELS, place)).item() for _ in range(12)]
        arrays = state_of(model, kind) + [p.grad.numpy() for p in model.parameters()]
        ends.append((np.array(losses), *arrays, np.array(schedule.get_last_lr()), np.array(opt._blocks[0].t)))
    for a, b in zip(*ends, strict=True):
        assert a.dtype == b.dtype and np.allclose(a, b, rtol=1e-3, atol=1e-5)
    assert ends[0][0][-1] < ends[0][0][0]
    graphs = [tuple(name for name, _ in graph.calls) for graph in cupy.graphs]
    assert cupy.log == ["synchronize", "begin", "end"] * len(graphs) + graphs * 11  # captured once, replayed
    assert len(graphs) == {"mlp": 1, "batch norm": 2, "embedding": 4}[kind]


@needs_a_compiler
def test_labels_on_the_host_stay_there(cupy):
    _, _, _, x, step = training("mlp", "SGD", True, compiled, STANDIN.name)
    losses = [step(there(x), LABELS).item() for _ in range(5)]
    _, _, _, x, step = training("mlp", "SGD", False)
    assert np.allclose(losses, [step(mg.tensor(x), LABELS).item() for _ in range(5)], rtol=1e-5)


@needs_a_compiler
def test_a_failed_check_stops_everything_after_it(cupy):
    model, opt, schedule, x, step = training("mlp", "SGD", True, compiled, STANDIN.name)
    step(there(x), there(LABELS))
    before = [p.numpy().copy() for p in model.parameters()]
    for _ in range(2):
        with pytest.raises(ValueError, match="labels must lie in 0 … 2"):
            step(there(x), there(LABELS + 1))
    assert all(np.array_equal(p.numpy(), b) for p, b in zip(model.parameters(), before, strict=True))
    assert opt._blocks[0].t == schedule.last_epoch == 1
    step(there(x), there(LABELS))
    assert not np.array_equal(next(model.parameters()).numpy(), before[0])


@needs_a_compiler
def test_no_function_does_anything_once_bad_is_set(cupy):
    table = there(X)
    f = mg.compile(lambda x, i: [mg.tanh(x), x.sum(), x.sum(axis=0), x @ x.T, table[i, i], x.ravel().argmax()],
                   executor="cupy")  # fmt: skip
    x, i = there(X[:4]), there(np.arange(4))
    f(x, i)
    expected = [a.numpy() for a in f(x, i)]
    for graph in cupy.graphs:
        for _, (number, blocks, threads, (bad, *arrays)) in graph.calls:
            whole = [a if a._array.flags.writeable else a.base for a in arrays]  # of one shown larger than it is
            before = [a.copy() for a in whole]
            for a in [bad, *whole]:
                a.fill(1)
            cupy.do(number, blocks, threads, (bad, *arrays))
            assert all(np.all(a._array == 1) for a in whole)
            for a, b in zip(whole, before, strict=True):
                a[...] = b
            bad.fill(0)
    assert all(np.array_equal(a, b.numpy()) for a, b in zip(expected, f(x, i), strict=True))


@needs_a_compiler
def test_what_is_handed_back_belongs_to_the_caller(cupy):
    table = there(X)
    f = mg.compile(lambda x: [x, x.T, x + 1, (x * 2).T, x.sum(), table], executor="cupy")
    given = [there(k * X) for k in (1, 2, 3)]
    results = [f(x) for x in given]
    for k, found in enumerate(results, 1):
        expected = [k * X, k * X.T, k * X + 1, 2 * k * X.T, (k * X).sum(), X]
        assert all(np.allclose(a.numpy(), b, rtol=1e-5) for a, b in zip(found, expected, strict=True))
    assert all(np.array_equal(x.numpy(), k * X) for k, x in enumerate(given, 1))


@needs_a_compiler
def test_an_index_out_of_range_gets_the_eager_message(cupy):
    table = np.arange(12.0).reshape(4, 3)
    device = there(table)
    eager = []

    def pick(rows, columns):
        eager.append(rows)
        return device[rows, columns] * 2

    pick = compiled(pick)
    rows, columns = np.array([0, 3, -1]), np.array([2, -3, 1])
    for _ in range(2):
        assert pick(there(rows), there(columns)).tolist() == (table[rows, columns] * 2).tolist()
    assert len(eager) == 1
    with pytest.raises(IndexError):
        pick(there(rows + 1), there(columns))


@needs_a_compiler
@pytest.mark.parametrize("special", [[np.nan, 1], [-np.inf, -np.inf], [3, np.nan, np.nan], [2, 7, 7, 1, 7], [-0.0, 0]])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extremes_of_special_numbers(special, dtype, cupy):
    x = np.resize(np.array(special, dtype), 11)
    x[: len(special)] = special

    def f(x):
        return [x.max(), x.min(), x.argmax(), x.argmin(), mg.maximum(x, 1), mg.minimum(1, x), mg.sign(x)]

    compiled = mg.compile(f, executor="cupy")
    compiled(there(x))
    for a, b in zip(compiled(there(x)), f(mg.tensor(x)), strict=True):
        assert a.dtype == b.dtype and np.array_equal(a.numpy(), b.numpy(), equal_nan=a.dtype.kind == "f")


@needs_a_compiler
def test_what_no_graph_may_hold_stands_between_two(cupy, monkeypatch):
    class Draws:  # on the device
        def random(self, size, dtype):
            cupy.log.append("draw")
            return StandIn(np.full(size, 0.5, dtype))

    generator = Draws()

    def f(x):
        noise = mg.Tensor(mg.ops.random.uniform(x.shape, 0, 2, device=STANDIN.name, generator=generator))
        y = mg.exp(x) * noise
        return mg.tanh(y @ y.T)

    monkeypatch.setattr("minigrad.program.cuda.SMALL", 12 * 4 * 12 - 1)
    compiled = mg.compile(f, executor="cupy")
    for _ in range(3):
        got = compiled(there(X)).numpy()
    assert np.allclose(got, np.tanh(np.exp(X) @ np.exp(X).T))
    kinds = ["launch" if isinstance(entry, tuple) else entry for entry in cupy.log[-3:]]
    assert kinds == ["launch", "draw", "launch"] or kinds == ["draw", "launch", "launch"]
    assert not any("product" in name for entry in cupy.log if isinstance(entry, tuple) for name in entry)


def test_what_is_missing_is_named(monkeypatch, cupy):
    f = mg.compile(lambda x: x * 2, executor="cupy")
    with pytest.raises(DeviceError, match=r"all arrays are on cpu; move .* with .to\(\"cuda\"\)"):
        f(mg.tensor(X))
    monkeypatch.setitem(sys.modules, "cupy", None)
    with pytest.raises(MissingPackageError, match=r"pip install \"minigrad-lab\[cuda12\]\""):
        mg.compile(lambda x: x, executor="cupy")


# On a GPU


@pytest.fixture
def cuda():
    try:
        return get_device("cuda")
    except DeviceError as error:
        pytest.skip(str(error))


@pytest.mark.gpu
@over("row", ROWS)
def test_on_a_gpu_every_operation_gives_the_same(row, cuda):
    for expected, compiled, arrays in [] if row.name == "delete" else runs_of(row, cuda.name, executor="cupy"):
        for a, b in zip(expected, arrays_of(compiled(*arrays)), strict=True):
            assert a.dtype == b.dtype and np.allclose(a, b, rtol=1e-9, equal_nan=a.dtype.kind == "f")


@pytest.mark.gpu
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_on_a_gpu_training_ends_where_it_would_have(kind, optimizer, cuda):
    ends = []
    for fast in (False, True):
        model, _, _, x, step = training(kind, optimizer, fast, compiled, cuda.name)
        losses = [step(there(x, cuda), there(LABELS, cuda)).item() for _ in range(12)]
        ends.append((np.array(losses), *state_of(model, kind)))
    for a, b in zip(*ends, strict=True):
        assert np.allclose(a, b, rtol=1e-3, atol=1e-5)
