"""Element-wise operations beyond their rows: operators and methods, higher derivatives, NaN and infinity."""

import math

import numpy as np
import pytest
from helpers import leaf

import minigrad as mg
from minigrad.errors import GraphError, ShapeError

X = [-2.5, 1.5, 0.3]


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda t: t // 2, np.floor_divide(X, 2)),
        (lambda t: 7 // t, np.floor_divide(7, X)),
        (lambda t: t % 2, np.remainder(X, 2)),
        (lambda t: 7 % t, np.remainder(7, X)),
        (lambda t: np.array(X) % t, [0, 0, 0]),
        (lambda t: mg.stack(divmod(t, 2)), np.stack(np.divmod(X, 2))),
        (lambda t: mg.stack(divmod(7, t)), np.stack(np.divmod(7, X))),
        (round, np.round(X)),
        (lambda t: round(t, 1), X),
        (math.floor, np.floor(X)),
        (math.ceil, np.ceil(X)),
        (math.trunc, np.trunc(X)),
        (lambda t: t.clamp(min=0), [0, 1.5, 0.3]),
        (lambda t: t.clip(0, max=1), [0, 1, 0.3]),
        (lambda t: t.fix().conj().real, np.fix(X)),
        (lambda t: t.hypot(4).arctan2(1.0).deg2rad(), np.deg2rad(np.arctan2(np.hypot(X, 4), 1))),
        (lambda t: (t * t).pow(0.5).logaddexp(1).copysign(t), np.copysign(np.logaddexp(np.abs(X), 1), X)),
        (lambda t: (t > 0) ^ (t < 1), [True, True, False]),
        (lambda t: True ^ (t > 0), [True, False, False]),
        (lambda t: np.modf(t)[1], np.modf(X)[1]),
    ],
)
def test_operators_and_methods(call, expected):
    np.testing.assert_allclose(call(leaf(X, dtype="float64")).numpy(), expected, rtol=1e-12)


def test_a_leaf_is_not_replaced_by_its_remainder():
    t = leaf(X)
    with pytest.raises(GraphError, match=r"t %= … on a leaf"):
        t %= 2
    u = t * 1
    u //= 2
    assert u.tolist() == [-2, 0, 0]


@pytest.mark.parametrize(
    ("other", "name"),
    [(mg.acos, "arccos"), (mg.atan2, "arctan2"), (mg.pow, "power"), (mg.fix, "trunc"), (mg.mod, "remainder"),
     (mg.around, "round"), (mg.radians, "deg2rad"), (mg.conj, "positive"), (mg.true_divide, "divide")],
)  # fmt: skip
def test_other_names_are_the_same_functions(other, name):
    assert other is getattr(mg, name)


def derivatives(f, x, count):
    """Return f and its derivatives at a point, in float64."""
    values = []
    for _ in range(count):
        values.append(float(f(mg.tensor(x, dtype="float64"))))
        f = mg.grad(f)
    return values


@pytest.mark.parametrize(
    ("f", "x", "expected"),
    [
        # Taylor series at 0: I₀ = Σ (x/2)²ᵏ/k!², sinc = Σ (−1)ᵏ (πx)²ᵏ/(2k + 1)!
        (mg.i0, 0.0, [1, 0, 1 / 2, 0, 3 / 8, 0, 5 / 16]),
        (mg.sinc, 0.0, [1, 0, -(math.pi**2) / 3, 0, math.pi**4 / 5, 0, -(math.pi**6) / 7]),
        # ln Γ at 1: −γ, ζ(2), −2ζ(3), 6ζ(4)
        (mg.gammaln, 1.0, [0, -np.euler_gamma, math.pi**2 / 6, -2 * 1.2020569031595942, math.pi**4 / 15]),
        # with f = eˣ/(1 + eˣ): f(1 − f), …
        (lambda x: mg.logaddexp(x, 0.0), 0.0, [math.log(2), 1 / 2, 1 / 4, 0, -1 / 8]),
        (mg.erfinv, 0.0, [0, math.sqrt(math.pi) / 2, 0, math.pi**1.5 / 4]),
        (mg.ndtr, 0.0, [0.5, 1 / math.sqrt(2 * math.pi), 0, -1 / math.sqrt(2 * math.pi)]),
        (lambda x: mg.hypot(x, 2.0), 0.0, [2, 0, 1 / 2, 0, -3 / 8]),
        (lambda x: mg.arctan2(x, 2.0), 0.0, [0, 1 / 2, 0, -1 / 4]),
        (mg.arctan, 0.0, [0, 1, 0, -2, 0, 24]),
        (mg.arcsinh, 0.0, [0, 1, 0, -1, 0, 9]),
        (lambda x: x % 3.0 * x, 4.0, [4, 5, 2, 0]),
    ],
    ids=["i0", "sinc", "gammaln", "logaddexp", "erfinv", "ndtr", "hypot", "arctan2", "arctan", "arcsinh", "remainder"],
)
def test_derivatives_of_high_order(f, x, expected):
    np.testing.assert_allclose(derivatives(f, x, len(expected)), expected, rtol=1e-10, atol=1e-12)


def test_a_step_passes_no_gradient_on_even_from_an_infinite_slope():
    x = leaf(0.25, 0.5)
    with np.errstate(divide="ignore"):
        mg.sqrt(mg.floor(x)).sum().backward()
    assert x.grad.tolist() == [0, 0]
    x = leaf(-1.0)
    with np.errstate(divide="ignore"):
        mg.sqrt(mg.maximum(x, 0)).backward()
    assert x.grad.item() == 0


@pytest.mark.parametrize("f", [mg.relu, mg.leaky_relu, mg.elu, mg.silu, mg.gelu, mg.softplus, mg.absolute,
                               lambda x: mg.clip(x, 0, 1), lambda x: mg.maximum(x, 0)])  # fmt: skip
def test_nan_has_no_finite_gradient(f):
    x = leaf(math.nan, 1.0)
    f(x).sum().backward()
    assert np.isnan(x.grad.numpy()).tolist() == [True, False]


@pytest.mark.parametrize(("f", "right"), [(mg.silu, 1), (mg.gelu, 1), (lambda x: mg.gelu(x, approximate="tanh"), 1),
                                          (mg.elu, 1), (mg.softplus, 1), (mg.sigmoid, 0)])  # fmt: skip
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_activations_have_their_limits_at_infinity(f, right, dtype):
    x = leaf(-math.inf, math.inf, dtype=dtype)
    y = f(x)
    y.sum().backward()
    assert y.tolist()[1] == (math.inf if right else 1) and y.tolist()[0] in (0, -1)
    assert x.grad.tolist() == [0, right]


def test_questions_about_whole_arrays_are_answered_with_a_bool():
    t, other = leaf(1.0, 2.0), [1.0, 2.0 + 1e-7]
    assert mg.allclose(t, other) is np.allclose(t, mg.tensor(other)) is t.allclose(other) is True
    assert mg.allclose(t, [1.0, 3.0]) is mg.allclose(t, [1.0, 2.001], rtol=1e-6) is False
    assert mg.array_equal(t, t) is np.array_equal(t, t) is True
    assert mg.array_equal(t, [1.0, 2.0, 3.0]) is mg.array_equal(t, [1.0, 3.0]) is False
    nan = mg.tensor([math.nan])
    assert mg.array_equal(nan, nan) is False and mg.array_equal(nan, nan, equal_nan=True) is True
    assert mg.allclose(nan, nan, equal_nan=True) is True and mg.allclose(nan, nan) is False
    with pytest.raises(ShapeError, match=r"isclose: got a: float32\[2\], b: .*\[3\]"):
        mg.allclose(t, [1.0, 2.0, 3.0])


@pytest.mark.parametrize("f", [mg.exp, mg.floor, mg.hypot, mg.logaddexp, mg.round, mg.gammaln, mg.interp])
@pytest.mark.parametrize("argument", ["out", "where", "dtype", "casting", "order"])
def test_numpys_arguments_for_arrays_in_place_are_refused(f, argument):
    operands = [leaf(1.0)] * (2 if f in (mg.hypot, mg.logaddexp) else 3 if f is mg.interp else 1)
    with pytest.raises(TypeError, match=f"unexpected keyword argument '{argument}'"):
        f(*operands, **{argument: None})


@pytest.mark.parametrize("dtype", ["uint8", "int64"])
def test_integers_are_computed_as_numpy_computes_them(dtype):
    n = np.array([1, 2, 100], dtype)
    for f in (np.floor_divide, np.remainder, np.fmod):
        assert f(mg.tensor(n), mg.tensor(n[::-1].copy())).dtype == f(n, n).dtype
        assert mg.array_equal(f(mg.tensor(n), 3), f(n, 3))
    for f in (np.hypot, np.arctan2, np.logaddexp, np.float_power):
        assert mg.allclose(f(mg.tensor(n), mg.tensor(n)), f(n.astype(float), n.astype(float)), rtol=1e-3)
    for f in (np.deg2rad, np.sinc, np.fabs, np.i0):
        out = f(mg.tensor(n // 2))
        assert out.dtype == np.float64 and mg.allclose(out, f((n // 2).astype(float)))


def test_interpolation_takes_the_dtype_of_what_floats():
    xp, fp = [0, 1, 2], np.array([0, 10, 40])
    assert mg.interp(leaf(0.5), xp, fp).dtype == np.float32
    assert mg.interp(0.1, xp, mg.tensor(fp, dtype="float64")).item() == 1
    assert mg.interp(mg.tensor([1, 2]), xp, fp).tolist() == [10, 40]
