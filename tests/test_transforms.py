"""grad, value_and_grad, vjp, jvp, jacobian, hessian and hvp against derivatives written by hand."""

import sys

import numpy as np
import pytest

import minigrad as mg
from minigrad.errors import DtypeError, ShapeError

X = np.array([0.5, -1.0, 2.0])
A = np.array([[2.0, 1.0, 0.0], [1.0, 3.0, -1.0], [0.0, -1.0, 1.0]])
V = np.array([1.0, 10.0, 100.0])


def x64(values=X):
    return mg.tensor(np.array(values))


def equal(got, expected):
    np.testing.assert_allclose(got.numpy() if isinstance(got, mg.Tensor) else got, expected, rtol=1e-12, atol=1e-14)


def quadratic(x):
    return (x * mg.matmul(A, x)).sum() / 2  # ∇ = Ax, Hessian A


def cubic(x):
    return (x**3).sum()  # ∇ = 3x², Hessian diag 6x


SCALARS = [  # a function of one number, and its first three derivatives at z
    (lambda x: x**3, 0.7, (3 * 0.7**2, 6 * 0.7, 6)),
    (lambda x: x**2, 0.0, (0, 2, 0)),
    (mg.exp, 0.3, (np.exp(0.3),) * 3),
    (mg.sin, 0.3, (np.cos(0.3), -np.sin(0.3), -np.cos(0.3))),
    (mg.log, 0.5, (2, -4, 16)),
    (lambda x: 1 / x, 2.0, (-0.25, 0.25, -0.375)),
    (mg.tanh, 0.0, (1, 0, -2)),
    (mg.sigmoid, 0.0, (0.25, 0, -0.125)),
    (lambda x: mg.logsumexp(mg.stack([x, x * 0])), 0.0, (0.5, 0.25, 0)),
    (lambda x: mg.prod(mg.stack([x, x, x])), 0.0, (0, 0, 6)),
    (lambda x: (x * mg.tensor([1.0, 2.0], dtype="float64"))[1] ** 3, 0.5, (8 * 3 * 0.25, 8 * 6 * 0.5, 48)),
]


@pytest.mark.parametrize(("f", "z", "derivatives"), SCALARS)
def test_grad_nests_to_third_order(f, z, derivatives):
    z, d = mg.tensor(z, dtype="float64"), f
    for expected in derivatives:
        d = mg.grad(d)
        equal(d(z), expected)


def test_grad_of_several_arguments():
    def f(x, y, n):
        return (x * y**n).sum()

    a, b = x64(), x64([1.0, 2.0, 3.0])
    equal(mg.grad(f)(a, b, 2), b.numpy() ** 2)
    equal(mg.grad(f, 1)(a, b, 2), 2 * X * b.numpy())
    equal(mg.grad(f, argnums=-2)(a, b, 2), 2 * X * b.numpy())
    both = mg.grad(f, (1, 0))(a, b, 2)
    assert isinstance(both, tuple)
    equal(both[0], 2 * X * b.numpy())
    equal(both[1], b.numpy() ** 2)
    assert isinstance(mg.grad(f, (0,))(a, b, 2), tuple)


def test_value_and_grad():
    value, slope = mg.value_and_grad(quadratic)(x64())
    equal(value, X @ A @ X / 2)
    equal(slope, A @ X)
    assert not value.requires_grad and not slope.requires_grad


def test_the_wrapped_function_keeps_its_name():
    assert mg.grad(quadratic).__name__ == "quadratic"


def test_numbers_and_arrays_are_taken_as_tensors_are():
    assert mg.grad(lambda x: x**3)(2.0).dtype == np.float32
    assert mg.grad(cubic)(X).dtype == np.float64
    assert mg.grad(lambda x: x.sum())([1.0, 2.0]).tolist() == [1, 1]


def test_arguments_are_left_alone():
    x = mg.tensor(X, requires_grad=True)
    mg.grad(cubic)(x)
    mg.hessian(cubic)(x)
    assert x.grad is None and x.requires_grad


def test_an_argument_that_is_not_used_has_gradient_zero():
    equal(mg.grad(lambda x, y: (x * x).sum(), 1)(x64(), x64([1.0, 2.0])), [0, 0])
    equal(mg.grad(lambda x: mg.tensor(3.0))(x64()), [0, 0, 0])
    equal(mg.grad(lambda x: mg.stop_gradient(x).sum())(x64()), [0, 0, 0])
    equal(mg.hessian(lambda x: x.sum())(x64()), np.zeros((3, 3)))


def test_what_comes_out_belongs_to_the_caller():
    a, b = mg.grad(lambda x, y: (x + y).sum(), (0, 1))(x64(), x64())
    assert not np.shares_memory(a.numpy(), b.numpy())
    a.numpy()[...] = 7
    equal(b, [1, 1, 1])


def test_grad_inside_no_grad_and_inside_another_grad():
    with mg.no_grad():
        equal(mg.grad(cubic)(x64()), 3 * X**2)
    equal(mg.grad(lambda w: mg.grad(lambda x: (w * x**2).sum())(x64()).sum())(2.0), 2 * X.sum())


def test_closures_over_an_outer_variable():
    """d/dx [x · d/dy (x·y)²] with y = x: x·2x²y = 2x⁴ there, 8x³; perturbations must not be confused."""

    def outer(x):
        return x * mg.grad(lambda y: (mg.stop_gradient(x) * y) ** 2 + (x * y) ** 2)(x)

    x = mg.tensor(1.5, dtype="float64")
    # inner: 2·c²y + 2x²y at y = x, c = x constant: out = 2c²x² + 2x⁴
    equal(outer(x), 4 * 1.5**4)
    equal(mg.grad(outer)(x), 4 * 1.5**3 + 8 * 1.5**3)
    equal(mg.grad(lambda x: x * mg.grad(lambda y: x + y)(1.0))(2.0), 1)  # Siskind and Pearlmutter's trap


def test_vjp():
    out, pull = mg.vjp(lambda x, y: x * y, x64(), x64([1.0, 2.0, 3.0]))
    equal(out, X * [1, 2, 3])
    for _ in range(2):  # the graph is kept
        dx, dy = pull(mg.tensor(V))
        equal(dx, V * [1, 2, 3])
        equal(dy, V * X)
    assert pull([1.0, 0.0, 0.0])[0].tolist() == [1, 0, 0]
    assert not out.requires_grad and not dx.requires_grad


def test_jvp():
    out, tangent = mg.jvp(lambda x: mg.matmul(A, x) * x, (x64(),), (mg.tensor(V),))
    equal(out, A @ X * X)
    equal(tangent, A @ V * X + A @ X * V)
    out, tangent = mg.jvp(
        lambda x, y: mg.sum(x) * y, (x64(), x64([2.0])), (mg.tensor(V), mg.tensor([5.0], dtype="float64"))
    )
    equal(tangent, [V.sum() * 2 + X.sum() * 5])
    equal(mg.jvp(lambda x: mg.tensor([3.0]) + 0 * x.sum(), (x64(),), (mg.tensor(V),))[1], [0])
    assert not out.requires_grad and not tangent.requires_grad


def test_jvp_of_grad_is_the_hessian_product():
    equal(mg.jvp(mg.grad(cubic), (x64(),), (mg.tensor(V),))[1], 6 * X * V)
    equal(mg.grad(lambda x: mg.jvp(cubic, (x,), (mg.tensor(V),))[1])(x64()), 6 * X * V)


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (lambda x: mg.matmul(A, x), A),
        (lambda x: x * x, np.diag(2 * X)),
        (lambda x: x.sum(), np.ones(3)),
        (lambda x: mg.reshape(x, (1, 3)) * 2, 2 * np.eye(3).reshape(1, 3, 3)),
        (lambda x: x[:0], np.zeros((0, 3))),
    ],
)
def test_jacobian(f, expected):
    equal(mg.jacobian(f)(x64()), expected)


def test_jacobian_by_several_arguments_and_shapes():
    m = mg.tensor(A[:2])
    by_m, by_x = mg.jacobian(mg.matmul, (0, 1))(m, x64())
    assert by_m.shape == (2, 2, 3) and by_x.shape == (2, 3)
    equal(by_x, A[:2])
    equal(by_m, np.einsum("ij,k->ijk", np.eye(2), X))
    assert mg.jacobian(lambda x: x * 2)(mg.tensor(np.zeros((0, 2)))).shape == (0, 2, 0, 2)


def test_hessian_and_hvp():
    equal(mg.hessian(quadratic)(x64()), A)
    equal(mg.hessian(cubic)(x64()), np.diag(6 * X))
    equal(mg.hessian(lambda y, x: y * quadratic(x), 1)(2.0, x64()), 2 * A)
    equal(mg.hvp(quadratic, (x64(),), (mg.tensor(V),))[0], A @ V)
    a, b = mg.hvp(lambda x, y: (x**2 * y).sum(), (x64(), x64(V)), (mg.tensor(V), mg.tensor(X)))
    equal(a, 2 * V * V + 2 * X * X)  # H = [[2y, 2x], [2x, 0]]
    equal(b, 2 * X * V)


def test_hessian_of_softmax_cross_entropy_is_the_covariance():
    """∇²(logsumexp) = diag p − ppᵀ."""
    p = np.exp(X) / np.exp(X).sum()
    equal(mg.hessian(mg.logsumexp)(x64()), np.diag(p) - np.outer(p, p))


def test_third_derivative_of_a_vector_function():
    third = mg.jacobian(mg.hessian(lambda x: (x**4).sum()))(x64())
    expected = np.zeros((3, 3, 3))
    expected[range(3), range(3), range(3)] = 24 * X
    equal(third, expected)


def test_a_python_branch_and_loop_are_differentiated_as_taken():
    def f(x):
        for _ in range(3):
            x = x * x if x > 1 else x / 2
        return x

    equal(mg.grad(f)(mg.tensor(2.0, dtype="float64")), 8 * 2.0**7)
    equal(mg.grad(f)(mg.tensor(0.5, dtype="float64")), 1 / 8)


two = mg.tensor([1.0, 2.0])
REFUSED = [
    (
        lambda: mg.grad(lambda x: x)(two),
        ShapeError,
        r"grad: .*must return a scalar, got float32\[2\].*mg.jacobian or mg.vjp",
    ),
    (lambda: mg.hessian(lambda x: x)(two), ShapeError, "must return a scalar"),
    (lambda: mg.grad(lambda x: 3.0)(two), TypeError, r"grad: the function must return a Tensor, got float 3\.0"),
    (
        lambda: mg.jacobian(lambda x: (x, 3))(two),
        TypeError,
        "jacobian: the function must return a Tensor, got int 3",
    ),
    (lambda: mg.grad(lambda x: x, 1)(two), ValueError, "argnums=1 names argument 1, the function was called with 1"),
    (lambda: mg.grad(lambda x: x, (0, -2))(two), ValueError, "names argument -2"),
    (lambda: mg.grad(lambda x: x.sum())(mg.tensor([1, 2])), DtypeError, r"grad: cannot differentiate .*int64\[2\]"),
    (lambda: mg.grad(lambda x: x)("abc"), TypeError, "grad: cannot differentiate with respect to str 'abc'"),
    (
        lambda: mg.vjp(lambda x: x, two)[1](mg.tensor([1.0])),
        ShapeError,
        r"vjp: the output is float32\[2\], its cotangent is float32\[1\]",
    ),
    (lambda: mg.jvp(lambda x: x, (two,), ()), ValueError, "jvp: got 1 primals and 0 tangents"),
    (lambda: mg.jvp(lambda x: x, (two,), (mg.tensor([1.0]),)), ShapeError, r"jvp: .*float32\[1\]"),
    (lambda: mg.hvp(lambda x: x.sum(), (two,), (two, two)), ValueError, "hvp: got 1 primals and 2 tangents"),
    (lambda: mg.hvp(lambda x: (x * x).sum(), (two,), (mg.tensor([1.0]),)), ShapeError, r"hvp: .*float32\[1\]"),
]


@pytest.mark.parametrize(("call", "kind", "pattern"), REFUSED)
def test_errors_name_the_call_and_what_it_got(call, kind, pattern):
    with pytest.raises(kind, match=pattern):
        call()


def test_an_exception_of_the_function_leaves_the_transforms_usable():
    def broken(x):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        mg.grad(broken)(two)
    value, slope = mg.value_and_grad(lambda x: x.sum())(two)
    assert not value.requires_grad and not slope.requires_grad


def test_what_a_function_closes_over_can_be_differentiated_too():
    w = mg.tensor([1.0, 2.0], requires_grad=True)
    slope = mg.grad(lambda x: (w * x**3).sum())(mg.tensor([3.0, 1.0]))  # 3wx²
    (slope**2).sum().backward()  # a gradient penalty: Σ(3wx²)², whose derivative in w is 2·9wx⁴
    np.testing.assert_allclose(w.grad.numpy(), [2 * 9 * 1 * 81, 2 * 9 * 2 * 1])
    with mg.no_grad():
        assert not mg.grad(lambda x: (w * x).sum())(mg.tensor([3.0, 1.0])).requires_grad
    assert not mg.grad(lambda x: (x * x).sum())(mg.tensor([3.0, 1.0])).requires_grad


def test_a_graph_that_is_not_its_own_is_left_alone():
    w = mg.tensor([2.0], requires_grad=True)
    h = w * w
    for mode in (mg.no_grad(), mg.enable_grad()):
        with mode:
            assert mg.grad(lambda x: (x * h).sum())(mg.tensor([3.0])).tolist() == [4]
    h.sum().backward()
    assert w.grad.tolist() == [4]


def test_keywords_go_to_the_function():
    def f(x, k=1):
        return (k * x * x).sum()

    x = mg.tensor([1.0, 2.0])
    assert mg.grad(f)(x, k=3).tolist() == [6, 12] and mg.value_and_grad(f)(x, k=3)[0].item() == 15
    assert mg.jacobian(lambda x, k: k * x)(x, k=2).tolist() == [[2, 0], [0, 2]]
    assert mg.grad(f, argnums=np.int64(0))(x).tolist() == [2, 4]


@pytest.mark.parametrize(
    ("call", "kind", "text"),
    [
        (lambda x: mg.hvp(lambda x: (x**3).sum(), x, x), TypeError, r"hvp: primals and tangents must be tuples"),
        (lambda x: mg.jvp(lambda x: x, (), ()), TypeError, r"jvp: primals and tangents must be tuples"),
        (lambda x: mg.jvp(lambda x: x, (x,), (mg.tensor([1.0]),)), ValueError, "jvp: the primal is .* its tangent is"),
    ],
)
def test_what_is_asked_wrongly_is_told_in_its_own_words(call, kind, text):
    with pytest.raises(kind, match=text):
        call(mg.tensor([1.0, 2.0]))


# What they cost, in operations and rules that run


def applications(call):
    """Return how many operations and ways back ran."""
    count = 0

    def watch(frame, event, arg):
        nonlocal count
        count += event == "call" and frame.f_code.co_filename.startswith("<minigrad ")

    call()  # the first call of an operation writes it
    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        call()
    finally:
        sys.setprofile(before)
    return count


def network(layers):
    rng = np.random.default_rng(0)
    weights = tuple(mg.tensor(rng.normal(size=(4, 4))) for _ in range(layers))

    def out(x, *weights):
        for w in weights:
            x = mg.tanh(mg.linear(x, w))
        return x

    return out, mg.tensor(rng.normal(size=(8, 4))), weights


def of_gradient_and_hvp(layers):
    out, x, weights = network(layers)

    def loss(*ws):
        return (out(x, *ws) ** 2).sum()

    gradient = mg.grad(loss, tuple(range(layers)))
    return applications(lambda: gradient(*weights)), applications(lambda: mg.hvp(loss, weights, weights))


def test_a_hessian_times_a_vector_costs_a_few_gradients():
    (few, of_few), (many, of_many) = of_gradient_and_hvp(10), of_gradient_and_hvp(20)
    assert many - few == 10 * 4  # linear and tanh, there and back
    # The recorded way back is 6 operations a layer; from it one goes back through them, and through linear and tanh.
    assert of_many - of_few <= 10 * 18


def test_a_jacobian_costs_one_way_back_for_each_output():
    out, x, weights = network(10)
    costs = [applications(lambda m=m: mg.jacobian(lambda v: out(v, *weights)[:m])(x[0])) for m in (1, 2, 3)]
    assert costs[2] - costs[1] == costs[1] - costs[0] <= 10 * 2 + 3  # the layers, the slice, and the row put in
