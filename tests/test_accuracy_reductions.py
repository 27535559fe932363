"""How exact reductions and scans are, in units of the last place, against 60 digits.

A row gives an operation on a vector, what it is exactly, and its gradient for a cotangent w. The vectors are what
careless code stumbles over: a large mean, sizes from 10⁻⁴ to 10⁴, ties, many equal numbers. The last sections are about
length, which makes sums inexact, and about numbers that are too large or too small for their product or square.
"""

import numpy as np
import pytest

import minigrad as mg
from minigrad.engine import add_up, sum_to
from minigrad.ops.nn import standardize

mp = pytest.importorskip("mpmath")
N = 24
DTYPES = (np.float64, np.float32, np.float16)
RNG = np.random.default_rng(0)
VECTORS = {
    "normal": RNG.normal(size=N),
    "far": 1000 + np.arange(N) % 4,
    "wide": RNG.choice([-1, 1], N) * 10.0 ** RNG.uniform(-4, 4, N),
    "ties": RNG.integers(-2, 3, N),
    "equal": np.full(N, 0.7),
}
W = RNG.integers(1, 9, N) / 8  # a cotangent that is exact in every dtype


# What is exact: functions of lists of numbers of 60 digits


def mean(x):
    return mp.fsum(x) / len(x)


def centred(x):
    middle = mean(x)
    return [v - middle for v in x]


def var(x):
    return mean([v * v for v in centred(x)])


def softmax(x):
    top = max(x)
    e = [mp.exp(v - top) for v in x]
    return [v / mp.fsum(e) for v in e]


def logsumexp(x):
    return max(x) + mp.log(mp.fsum([mp.exp(v - max(x)) for v in x]))


def dot(x, y):
    return mp.fsum([a * b for a, b in zip(x, y, strict=True)])


def scaled(x, c):
    return [v * c for v in x]


def softmax_back(x, w):
    s = softmax(x)
    return [a * (b - dot(s, w)) for a, b in zip(s, w, strict=True)]


EPS = mp.mpf(1e-5)


def unit(x):
    return scaled(centred(x), 1 / mp.sqrt(var(x) + EPS))


def unit_back(x, w):
    out = unit(x)
    c = dot(out, w) / len(x)
    return scaled([a - b * c for a, b in zip(centred(w), out, strict=True)], 1 / mp.sqrt(var(x) + EPS))


def products(x):
    done, found = mp.mpf(1), []
    for v in x:
        done *= v
        found.append(done)
    return found


def cumprod_back(x, w):
    return [
        mp.fsum([w[k] * mp.fprod([v for j, v in enumerate(x[: k + 1]) if j != i]) for k in range(i, len(x))])
        for i in range(len(x))
    ]


def others(x):
    return [mp.fprod([v for j, v in enumerate(x) if j != i]) for i in range(len(x))]


def running(x):
    return [mp.fsum(x[: i + 1]) for i in range(len(x))]


Q = 0.3125  # in binary exact


def at_quantile(x, w):
    """Return the weight of every element in the quantile Q, times w."""
    order, at = sorted(range(len(x)), key=lambda i: x[i]), mp.mpf(Q) * (len(x) - 1)
    weights = [mp.mpf(0)] * len(x)
    weights[order[int(at)]] = w[0] * (1 - (at - int(at)))
    weights[order[int(at) + 1]] = w[0] * (at - int(at))
    return weights


def std_back(x, w):
    return scaled(centred(x), w[0] / (len(x) * mp.sqrt(var(x))) if var(x) else 0)


# The call, its exact value and gradient; and how many units of the last place of the largest element both may be off
# in float64, float32 and float16: what was measured on the vectors above, rounded up to halves.
TABLE = {
    "sum": (mg.sum, lambda x: [mp.fsum(x)], lambda x, w: [w[0]] * len(x), (2, 0), (1, 0), (0.5, 0)),
    "mean": (mg.mean, lambda x: [mean(x)], lambda x, w: [w[0] / len(x)] * len(x), (2.5, 0.5), (1.5, 0.5), (0.5, 0.5)),
    "var": (mg.var, lambda x: [var(x)], lambda x, w: scaled(centred(x), 2 * w[0] / len(x)),
            (1.5, 1), (1, 1), (0.5, 0.5)),
    "std": (mg.std, lambda x: [mp.sqrt(var(x))], std_back, (1.5, 1.5), (1.5, 2), (0.5, 1)),
    "standardize": (lambda x: standardize(x, axis=0), unit, unit_back, (1, 2), (1, 1.5), (0.5, 0.5)),
    "logsumexp": (mg.logsumexp, lambda x: [logsumexp(x)], lambda x, w: scaled(softmax(x), w[0]),
                  (1, 2), (0.5, 1), (0.5, 0.5)),
    "softmax": (mg.softmax, softmax, softmax_back, (2, 3), (1, 2), (1, 2.5)),
    "log_softmax": (
        mg.log_softmax, lambda x: [v - logsumexp(x) for v in x],
        lambda x, w: [a - b * mp.fsum(w) for a, b in zip(w, softmax(x), strict=True)], (1, 2), (1, 3.5), (1, 1.5)),
    "prod": (mg.prod, lambda x: [mp.fprod(x)], lambda x, w: scaled(others(x), w[0]),
             (1.5, 2.5), (0.5, 0.5), (0.5, 0.5)),
    "cumprod": (mg.cumprod, products, cumprod_back, (0.5, 2), (0.5, 0.5), (0.5, 0.5)),
    "cumsum": (mg.cumsum, running, lambda x, w: running(w[::-1])[::-1], (2.5, 0), (0.5, 0), (0.5, 0)),
    "quantile": (lambda x: mg.quantile(x, Q),
                 lambda x: [dot(at_quantile(x, [1]), x)], at_quantile, (1, 1), (1, 1), (1, 1)),
}  # fmt: skip


def exactly(array):
    return [mp.mpf(float(v)) for v in np.ravel(array)]


def off(got, exact, dtype):
    """Return the largest error in units of the last place of the largest exact element; what overflows must do so."""
    got, info, size = np.ravel(got), np.finfo(dtype), max([abs(v) for v in exact])
    if size > float(info.max):
        return 0.0 if np.isinf(got).any() else np.inf
    exponent = max(int(mp.floor(mp.log(size, 2))), info.minexp) if size else info.minexp
    error = max([abs(mp.mpf(float(g)) - e) for g, e in zip(got, exact, strict=True)])
    return float(error / mp.mpf(2) ** (exponent - info.nmant))


def measure(call, value, slopes, vector, dtype):
    """Return by how many units the value and the gradient at a vector are off."""
    x = mg.Tensor(vector.astype(dtype), requires_grad=True)
    out = call(x)
    w = W[: out.size].astype(dtype).reshape(out.shape)
    out.backward(w)
    assert out.dtype == x.grad.dtype == dtype
    with mp.workdps(60), np.errstate(all="ignore"):
        exact = exactly(x.numpy())
        return off(out.numpy(), value(exact), dtype), off(x.grad.numpy(), slopes(exact, exactly(w)), dtype)


@pytest.mark.filterwarnings("ignore:overflow")  # a square of 10⁴ is infinite in float16
@pytest.mark.parametrize("name", TABLE)
def test_values_and_gradients_are_exact_to_a_few_units(name):
    call, value, slopes, *allowed = TABLE[name]
    for dtype, units in zip(DTYPES, allowed, strict=True):
        for kind, vector in VECTORS.items():
            if "prod" in name and np.abs(np.log10(np.abs(vector) + 1e-99)).max() > 1 and dtype != np.float64:
                continue  # the product of 24 such numbers is no number of the dtype
            found = measure(call, value, slopes, vector, dtype)
            assert all(f <= u for f, u in zip(found, units, strict=True)), f"{kind} {np.dtype(dtype)}: {found} units"


# A large mean, and no spread at all


def test_a_large_mean_costs_no_digits():
    for mu in (1e4, 1e6, -3e6):
        x = mg.tensor(mu + np.tile(np.arange(4.0), 100), dtype="float32", requires_grad=True)
        expected = (np.arange(4) - 1.5) / np.sqrt(1.25 + 1e-5)
        np.testing.assert_allclose(standardize(x, axis=0).numpy()[:4], expected, rtol=3e-7)
        assert mg.var(x).item() == 1.25 and mg.mean(x).item() == pytest.approx(mu + 1.5, rel=1e-7)
        mg.std(x).backward()
        np.testing.assert_allclose(x.grad.numpy()[:4], (np.arange(4) - 1.5) / 400 / 1.25**0.5, rtol=3e-7)


def test_equal_numbers_have_no_variance():
    for value in (0.1, 0.7, 1e4 + 1 / 3, -1e-30):
        for n in (1, 2, 3, 100, 1001, 100_003):
            x = mg.Tensor(np.full((n, 2), value, np.float32), requires_grad=True)
            out = mg.var(x, axis=0) + mg.std(x, axis=0)
            out.sum().backward()
            assert not out.numpy().any() and not x.grad.numpy().any(), (value, n)


# Length


def test_sums_of_many_rows_keep_their_digits():
    for n in (1000, 1_000_003):
        for value in (0.1, 0.7, 1 / 3):
            rows = np.full((n, 2), value, np.float32)
            exact = float(rows[0, 0]) * n
            x = mg.Tensor(rows, requires_grad=True)
            w, b = mg.tensor(np.zeros((2, 2), np.float32)), mg.tensor(np.zeros(2, np.float32), requires_grad=True)
            mg.linear(x, w, b).backward(rows)  # the gradient of the bias is a sum of rows
            twice = np.stack([rows, rows])
            for sums in (
                mg.sum(x, axis=0), mg.mean(x, axis=0) * n, mg.cumsum(x, axis=0)[-1], mg.sum(x[:, ::-1]) / 2, b.grad,
                add_up(rows.T, 1), add_up(twice, (1, 2)) / 2, add_up(twice[:, ::-1, 1:]) / 2, sum_to(rows, (2,)),
            ):  # fmt: skip
                sums = sums.numpy() if isinstance(sums, mg.Tensor) else sums
                np.testing.assert_allclose(sums, exact, rtol=4e-7)
    x = mg.tensor(np.full(1_000_003, 0.1, np.float32), requires_grad=True)
    mg.cumsum(x).backward(x.numpy())
    assert x.grad.numpy()[0] == pytest.approx(100_000.3, rel=1e-7)


def test_float16_is_added_in_float32():
    x = mg.tensor(np.ones(100_000), dtype="float16", requires_grad=True)
    assert mg.mean(x).item() == 1 and mg.sum(x[:60_001]).item() == 60_000  # the nearest float16
    assert mg.var(x).item() == 0 and mg.cumsum(x[:60_001])[-1].item() == 60_000 and mg.prod(x).item() == 1
    mg.mean(x).backward()
    assert x.grad.numpy()[0] == np.float16(1e-5)  # 10⁵ itself is beyond float16
    loss = mg.nn.functional.cross_entropy(mg.tensor(np.zeros((40_000, 8)), dtype="float16"), np.zeros(40_000, int))
    assert loss.item() == np.float16(np.log(8))


# Size


def test_products_are_right_though_their_parts_are_no_numbers():
    for x in (
        [1e200, 1e200, 1e-200], [1e-200] * 2, [1e200, 1e-200] * 9, [1e-300] * 3 + [0] + [1e300] * 3, [1e300, 1e300, 0],
        [5e-324, 1e308, 2.0], [0.5] * 1100 + [2.0] * 1100, [0.0] + [0.75] * 2000, list(1 + np.arange(1500) / 1e3),
    ):  # fmt: skip
        leaf = mg.tensor(np.array(x), requires_grad=True)
        with np.errstate(all="ignore"):
            mg.prod(leaf).backward()
        with mp.workdps(60):
            zeros, whole = [v for v in x if v == 0], mp.fprod([mp.mpf(v) for v in x if v])
            exact = [float(whole / v if v and not zeros else whole if not v and len(zeros) == 1 else 0) for v in x]
        np.testing.assert_allclose(leaf.grad.numpy(), exact, rtol=3e-13 if len(x) > 20 else 1e-15)


def test_squares_that_are_no_numbers_do_not_spoil_a_standard_deviation():
    for dtype, sizes in (("float32", (1e30, 1e-30)), ("float64", (1e200, 1e-200)), ("float16", (1e4, 1e-4))):
        for size in sizes:
            x = mg.tensor(np.array([-1.0, 1, 1, -1]) * size, dtype=dtype, requires_grad=True)
            mg.std(x).backward()
            assert mg.std(x).item() == abs(x[0].item())
            np.testing.assert_allclose(x.grad.numpy(), [-0.25, 0.25, 0.25, -0.25], rtol=4 * np.finfo(dtype).eps)


def test_large_equal_logits_share_the_gradient_exactly():
    for dtype, top in (("float16", 6e4), ("float32", 1e30), ("float64", 1e300)):
        x = mg.tensor([top, top, -top], dtype=dtype, requires_grad=True)
        mg.logsumexp(x).backward()
        assert x.grad.tolist() == [0.5, 0.5, 0]
        loss = mg.nn.functional.cross_entropy(x.reshape(1, 3), np.array([1]))
        assert loss.item() == pytest.approx(np.log(2), rel=1e-3)


def test_impossible_classes_cost_nothing_unless_they_are_the_target():
    z = mg.tensor([[0.0, -np.inf, 0.0]], requires_grad=True)
    for target in (np.array([0]), np.array([[0.5, 0, 0.5]], np.float32)):
        z.grad = None
        loss = mg.nn.functional.cross_entropy(z, target)
        loss.backward()
        assert loss.item() == pytest.approx(np.log(2))
        assert z.grad.tolist() == ([[-0.5, 0, 0.5]] if target.ndim == 1 else [[0, 0, 0]])
    assert mg.nn.functional.cross_entropy(z, np.array([1])).item() == np.inf
