"""The native executor: kernels printed for Numba, run by Numba, and read as Python for every operation."""

import ctypes
import math
import os
import subprocess
import sys

import numpy as np
import pytest
from helpers import over, some
from samples import ROWS
from test_compile import LABELS, RUNS, arrays_of, runs_of, training

import minigrad as mg

pytest.importorskip("numba", reason="the native executor is an extra: numba")

from minigrad.program import fusion, machine, native

F = mg.nn.functional

# What `machine.py` gives to kernels, in plain Python: slow, and in need of no compiler.


def load(address, index, like):
    kind = np.ctypeslib.as_ctypes_type(np.dtype(type(like)))
    return type(like)(kind.from_address(int(address) + int(index) * ctypes.sizeof(kind)).value)


def store(address, index, number):
    kind = np.ctypeslib.as_ctypes_type(np.dtype(type(number)))
    kind.from_address(int(address) + int(index) * ctypes.sizeof(kind)).value = number.item()


def matrix(address, rows, columns, like, turned=False):
    numbers = [load(address, i, like) for i in range(rows * columns)]
    return np.reshape(numbers, (columns, rows)).T if turned else np.reshape(numbers, (rows, columns))


def gemm(_, like, a, turn_a, b, out, n, k, turn_b, m):
    product = matrix(a, n, k, like, turn_a) @ matrix(b, k, m, like, turn_b)
    for i, number in enumerate(product.ravel()):
        store(out, i, number)


def gemv(_, like, a, turn_a, b, out, n, k):
    gemm(_, like, a, turn_a, b, out, n, k, False, 1)


PLAIN = {name: getattr(machine, name) for name in ("OPTIONS", "b1", "f4", "f8", "i4", "i8", "np")}
PLAIN |= {name: getattr(machine, name).py_func for name in ("larger", "plus", "sign", "smaller", "wrapped")}
PLAIN |= {"load": load, "store": store, "gemm": gemm, "gemv": gemv, "exp4": np.exp, "tanh4": np.tanh}
PLAIN |= {"exp8": np.exp, "tanh8": np.tanh}
PLAIN |= {"njit": lambda **options: lambda function: function}


@pytest.fixture
def interpreted(monkeypatch):
    """Let kernels be run by Python itself, and every product with more columns than rows lie column by column."""

    class Module:
        def __init__(self, text):
            space = dict(PLAIN)
            exec(text.replace("from minigrad.program.machine import *", ""), space)
            self.run = space["run"]

    monkeypatch.setattr(native, "imported", Module)
    monkeypatch.setattr(native, "LARGE_PRODUCT", 1)


def close(a, b):
    wide = np.finfo(a.dtype).eps if a.dtype.kind == "f" else 0
    return a.dtype == b.dtype and np.allclose(a, b, rtol=64 * wide, atol=16 * wide, equal_nan=a.dtype.kind == "f")


@over("row", ROWS)
def test_every_operation_and_its_derivative_give_the_same(row, interpreted):
    for expected, compiled, arrays in runs_of(row, turn=2, executor="numba"):
        with np.errstate(all="ignore"):
            got = arrays_of(compiled(*arrays))
        assert all(close(a, b) for a, b in zip(expected, got, strict=True))


@pytest.mark.parametrize(("kind", "optimizer"), RUNS)
def test_training_ends_where_it_would_have(kind, optimizer, interpreted):
    ends = []
    for options in (None, {"executor": "numba"}):
        model, _, schedule, x, step = training(
            kind, optimizer, options is not None, lambda f, options=options: mg.compile(f, **options)
        )
        losses = np.array([step(mg.tensor(x), LABELS).item() for _ in range(12)], np.float32)
        arrays = [t.data for t in model.state_dict().values()] + [p.grad.data for p in model.parameters()]
        ends.append((losses, *arrays, np.array(schedule.get_last_lr())))
    for a, b in zip(*ends, strict=True):
        assert a.dtype == b.dtype and np.allclose(a, b, rtol=1e-3, atol=1e-5)
    assert ends[0][0][-1] < ends[0][0][0]


@pytest.mark.parametrize("name", ["table", "rows", "run_kernels", "at_once", "memory", "np", "Recheck"])
def test_an_argument_may_be_called_what_the_text_has_a_use_for(name, interpreted):
    space = {"mg": mg}
    exec(f"def f({name}): return (mg.tensor({name}) * 2).sum()", space)
    compiled, x = mg.compile(space["f"], executor="numba"), np.ones(6)
    assert [compiled(x).item() for _ in range(3)] == [12] * 3


def test_without_fusion_every_instruction_is_a_loop_of_its_own(interpreted):
    x = np.linspace(-1, 1, 12).reshape(3, 4)
    code = []
    for without in ((), ("fusion",)):
        compiled = mg.compile(lambda x: mg.exp(mg.tensor(x) * 2 + 1).sum(), executor="numba", without=without)
        assert np.allclose([compiled(x).item() for _ in range(2)], np.exp(2 * x + 1).sum())
        code.append(compiled.code)
    assert [text.count("def loop_") for text in code] == [1, 4]


def test_products_lie_as_their_threads_divide_them_best_and_what_is_made_of_them_too(interpreted):
    rng = np.random.default_rng(0)
    x, w, b = rng.normal(size=(3, 4)), rng.normal(size=(5, 4)), rng.normal(size=5)

    def step(x, w, b):
        return mg.value_and_grad(lambda w, b: (mg.tanh(F.linear(x, w, b)) ** 2).sum(), argnums=(0, 1))(w, b)

    compiled = mg.compile(step, executor="numba")
    value, grads = compiled(x, w, b)
    again, grads_again = compiled(x, w, b)
    assert np.isclose(again.item(), value.item())
    assert all(np.allclose(a.numpy(), c.numpy()) for a, c in zip(grads, grads_again, strict=True))
    assert "i0 * 3 + i1" in compiled.code and "i0 * 5" not in compiled.code  # what is 3 × 5 lies as 5 × 3


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("part", [np.s_[:, ::2], np.s_[::-1, :4], np.s_[:, :4]])
def test_a_product_that_is_left_to_numpy_may_lie_otherwise_too(part, dtype, interpreted):
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(4, 8)).astype(dtype), rng.normal(size=(6, 4)).astype(dtype)
    compiled = mg.compile(lambda x, w: mg.tanh(F.linear(mg.tensor(x)[part], mg.tensor(w))), executor="numba")
    for _ in range(3):
        got = compiled(x, w).numpy()
        np.testing.assert_allclose(got, compiled.function(x, w).numpy(), rtol=1e-2 if dtype == "float16" else 1e-5)


def test_a_number_times_a_matrix_is_no_product_that_could_lie_otherwise(interpreted):
    x = np.arange(12.0).reshape(3, 4)
    for number in (2.0, np.array(2.0)):
        compiled = mg.compile(lambda x, number=number: mg.dot(number, mg.tensor(x)) + 1, executor="numba")
        assert [np.array_equal(compiled(x).numpy(), 2 * x + 1) for _ in range(2)] == [True] * 2


@pytest.mark.parametrize("f", [
    lambda h: h.reshape(-1) * 2, lambda h: h.reshape((4, 2, 3)).sum(axis=1), lambda h: h.T @ h,
    lambda h: h[1:, ::2] * 3, lambda h: h[np.array([3, 0, 0])] * 2, lambda h: mg.concatenate([h, h * 2], axis=1) + 1,
    lambda h: (h * h).sum(axis=0), lambda h: (h * h).sum(axis=1), lambda h: h.max(axis=1) + 1, mg.argmax,
    lambda h: mg.cumsum(h, axis=1) * 2, lambda h: mg.softmax(h, axis=1), lambda h: h.at[:, 1].set(0.0) * 2,
    lambda h: (h * 2, h.reshape((2, 12)) + 1, h.T),
])  # fmt: skip
def test_whatever_is_made_of_what_lies_otherwise_is_the_same(f, interpreted):
    rng = np.random.default_rng(0)
    x, w, b = rng.normal(size=(4, 3)), rng.normal(size=(6, 3)), rng.normal(size=6)

    def step(x, w, b):
        h = F.linear(mg.tensor(x), mg.tensor(w), mg.tensor(b))
        return f(mg.tanh(h))

    compiled, wanted = mg.compile(step, executor="numba"), arrays_of(step(x, w, b))
    for _ in range(3):
        got = arrays_of(compiled(x, w, b))
        assert all(close(a, b) for a, b in zip(wanted, got, strict=True))


# Compiled for this machine


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """A folder of its own for what is compiled."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


def test_a_training_step_in_machine_code(cache):
    ends = []
    for executor in (None, "numba"):
        model, opt, _, x, step = training("mlp", "Adam", executor, lambda f: mg.compile(f, executor="numba"))
        losses = [step(mg.tensor(x), LABELS).item() for _ in range(50)]
        opt.param_groups[0]["lr"] = 0.5  # read anew
        losses += [step(mg.tensor(x), LABELS).item() for _ in range(3)]
        ends.append((losses, *[p.numpy().copy() for p in model.parameters()]))
    for a, b in zip(*ends, strict=True):
        assert np.allclose(a, b, rtol=1e-3, atol=1e-5)
    with pytest.raises(ValueError, match="labels must lie in 0 … 2"):
        step(mg.tensor(x), LABELS + 1)


def test_a_batch_need_not_lie_row_by_row(interpreted):
    ends = []
    for lying in (np.ascontiguousarray, np.asfortranarray):
        model, _, _, x, step = training("mlp", "Adam", True, lambda f: mg.compile(f, executor="numba"))
        ends.append([step(mg.tensor(lying(x)), LABELS).item() for _ in range(4)])
        ends[-1] += [p.numpy().copy() for p in model.parameters()]
    for a, b in zip(*ends, strict=True):
        assert np.allclose(a, b, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("n", some([(1 << 20) + 777, 1 << 20], 2))
def test_the_cores_share_a_large_loop(n, cache):
    rng = np.random.default_rng(0)
    x, w, b = (rng.normal(size=n).astype(np.float32) for _ in range(3))

    def slope(x, w, b):
        return mg.value_and_grad(lambda w, b: (mg.tanh(x * w + b) * mg.sigmoid(x)).sum(), argnums=(0, 1))(w, b)

    compiled = mg.compile(slope, executor="numba")
    for _ in range(2):
        value, (dw, db) = compiled(x, w, b)
    exact, (dw_exact, db_exact) = slope(*[a.astype(np.float64) for a in (x, w, b)])
    assert abs(value.item() - exact.item()) < 1e-6 * np.abs(np.tanh(x * w + b)).sum()
    for got, true in ((dw, dw_exact), (db, db_exact)):
        assert np.abs(got.numpy() - true.numpy()).max() < 1e-6


@pytest.mark.parametrize("dtype", some([np.float32, np.float64, np.int64, bool], 4))
def test_every_function_of_numbers_in_machine_code(dtype, cache):
    """All of them in one loop."""
    x = np.array([0.25, 0.5, 0.75, 0.5, 1.0, 0.125]).astype(dtype)
    y = np.array([0.5, 0.5, 0.25, 1.0, 0.75, 0.5]).astype(dtype)

    def everything(x, y):
        made = []
        for ufunc in sorted(fusion.UFUNCS, key=lambda ufunc: ufunc.__name__):
            try:
                made.append(ufunc(*[x, y][: ufunc.nin]))
            except TypeError:  # it has no meaning for this dtype
                made.append(x)
        return [*made, np.where(x > y, x, y), x.sum(), x.max(), x.argmin()]

    hard = np.array([np.inf, -np.inf, np.nan, -0.0, 0.0, 1e30]) if x.dtype.kind == "f" else x
    with np.errstate(all="ignore"):
        compiled = mg.compile(everything, executor="numba")
        compiled(x, y)
        for a in (x, hard.astype(dtype)):
            for expected, got in zip(everything(a, y), compiled(a, y), strict=True):
                assert close(np.asarray(expected), np.asarray(got)) or np.asarray(expected).dtype.kind == "i"


def test_sums_are_accurate(cache):
    x = np.random.default_rng(0).uniform(size=1 << 20)
    total = mg.compile(lambda x: mg.tensor(x).sum(), executor="numba")
    total(x)
    for dtype in (np.float32, np.float64):
        numbers = x.astype(dtype)
        total(numbers)
        exact = math.fsum(numbers.tolist())
        assert abs(float(total(numbers).item()) - exact) <= 4 * np.finfo(dtype).eps * exact


def test_an_index_out_of_range_gets_the_eager_message(cache):
    table = np.arange(12.0).reshape(4, 3)
    pick = mg.compile(lambda rows, columns: mg.tensor(table)[rows, columns] * 2, executor="numba")
    rows, columns = np.array([0, 3, -1]), np.array([2, -3, 1])
    for _ in range(2):
        assert pick(rows, columns).numpy().tolist() == (table[rows, columns] * 2).tolist()
    with pytest.raises(IndexError):
        pick(rows + 1, columns)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("function", "ulps"), [(np.exp, 1.5), (np.tanh, 2.5)])
def test_functions_of_one_number(dtype, function, ulps, cache):
    """As accurate as stated, at every magnitude, and the same where there is no number."""
    mpmath = pytest.importorskip("mpmath", reason="the exact values are mpmath's")
    rng = np.random.default_rng(0)
    special = [0.0, -0.0, np.inf, -np.inf, np.nan, 1e-40, 0.625, -0.625, 9.0, -20.0, 5e-324]
    special += [88.7, 89.0, -87.4, -103.0, -104.0, 709.7, 710.0, -708.5, -745.0, -746.0, 1e30, -1e30]
    low, high = np.log(np.finfo(dtype).tiny) - 17, np.log(np.finfo(dtype).max)
    anywhere = rng.normal(size=2000) * 10.0 ** rng.integers(-30, 2, 2000)
    with np.errstate(all="ignore"):
        x = np.concatenate([special, rng.uniform(low, high, 2000), rng.normal(size=2000), anywhere]).astype(dtype)
        compiled = mg.compile(lambda x: function(mg.tensor(x)), executor="numba")
        compiled(x)
        got, near = compiled(x).numpy(), function(x)
    assert np.array_equal(np.isnan(got), np.isnan(near)) and np.array_equal(np.isinf(got), np.isinf(near))
    assert np.array_equal(np.signbit(got[got == got]), np.signbit(near[got == got]))
    with mpmath.workprec(200):
        for a, b, c in zip(*[v[np.isfinite(near)].astype(np.float64) for v in (x, got, near)], strict=True):
            true = getattr(mpmath, function.__name__)(mpmath.mpf(float(a)))
            assert abs(b - true) <= ulps * float(np.spacing(np.abs(dtype(c))))


def test_it_is_compiled_once_for_all_processes(tmp_path, monkeypatch):
    code = (
        "import numpy as np, minigrad as mg\n"
        "f = mg.compile(lambda x: mg.exp(mg.tensor(x)) * 2, executor='numba')\n"
        "print([f(np.arange(3.0)).numpy().tolist() for _ in range(2)][1])\n"
        "import sys; m = next(m for n, m in sys.modules.items() if n.startswith('minigrad_program'))\n"
        "print(sum(m.run.stats.cache_hits.values()))\n"
    )
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    out = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment).stdout
        for _ in range(2)
    ]
    numbers, first = out[0].splitlines()
    assert np.allclose(eval(numbers), 2 * np.exp([0, 1, 2])) and first == "0"
    assert out[1].splitlines() == [numbers, "1"]


def test_an_unknown_executor_is_refused():
    known = "'numpy', 'numba', 'cupy'"
    with pytest.raises(ValueError, match=rf"executor must be one of {known}, got 'nmuba'\. Did you mean 'numba'"):
        mg.compile(lambda x: x, executor="nmuba")
