"""Linear algebra where a table of samples does not reach: singular and degenerate matrices, views, names."""

import numpy as np
import pytest
from helpers import leaf

import minigrad as mg
from minigrad import linalg
from minigrad.errors import GraphError

RNG = np.random.default_rng(0)
ROTATION = np.linalg.qr(RNG.normal(size=(3, 3)))[0]


def by_leibniz(a):
    """Return the determinant of a 3×3 matrix as the polynomial it is."""
    return (
        a[0, 0] * (a[1, 1] * a[2, 2] - a[1, 2] * a[2, 1])
        - a[0, 1] * (a[1, 0] * a[2, 2] - a[1, 2] * a[2, 0])
        + a[0, 2] * (a[1, 0] * a[2, 1] - a[1, 1] * a[2, 0])
    )


@pytest.mark.parametrize(
    "a",
    [
        np.arange(1.0, 10).reshape(3, 3),  # rank 2, though elimination does not end in an exact 0
        np.diag([1.0, 2, 0]),
        np.ones((3, 3)),
        np.zeros((3, 3)),
        np.eye(3),
        RNG.normal(size=(3, 3)),
    ],
    ids=["rank 2", "rank 2, exactly", "rank 1", "rank 0", "identity", "random"],
)
def test_determinants_of_singular_matrices_have_all_their_derivatives(a):
    x = mg.tensor(a)
    for order in (mg.grad, mg.hessian):
        np.testing.assert_allclose(order(linalg.det)(x).numpy(), order(by_leibniz)(x).numpy(), atol=1e-13)


def test_the_third_derivative_of_a_determinant_is_right_or_nan():
    for a, known in (
        (RNG.normal(size=(3, 3)), True),
        (np.diag([3.0, 2, 0]), True),
        (np.diag([3.0, 0, 0]), False),
    ):
        third = mg.jacobian(mg.hessian(linalg.det))(mg.tensor(a)).numpy()
        expected = mg.jacobian(mg.hessian(by_leibniz))(mg.tensor(a)).numpy()
        if known:
            np.testing.assert_allclose(third, expected, atol=1e-12)
        else:  # equal singular values
            assert np.isnan(third).all()


def twice(values):
    return (ROTATION * values) @ ROTATION.T


@pytest.mark.parametrize("rotated", [False, True])
def test_equal_eigenvalues_give_nan_or_the_truth(rotated):
    a = twice(np.array([1.0, 2, 2])) if rotated else np.diag([1.0, 2, 2])
    x = leaf((a + a.T) / 2, dtype="float64")
    w, v = linalg.eigh(x)
    (w**3).sum().backward(retain_graph=True)  # symmetric in the eigenvalues: 3 x²
    np.testing.assert_allclose(x.grad.numpy(), 3 * a @ a, atol=1e-13)
    for f in (lambda w: w**3, np.zeros_like):  # through the vectors there is no telling, not even where f is 0
        x.grad = None
        ((v * f(w)) @ v.T)[0, 1].backward(retain_graph=True)
        assert np.isnan(x.grad.numpy()).all()


@pytest.mark.parametrize("rotated", [False, True])
def test_equal_singular_values_give_nan_or_the_truth(rotated):
    x = leaf(twice(np.array([3.0, 3, 1])) if rotated else np.diag([3.0, 3, 1]), dtype="float64")
    u, s, vh = linalg.svd(x)
    (s**2).sum().backward(retain_graph=True)
    np.testing.assert_allclose(x.grad.numpy(), 2 * x.numpy(), atol=1e-13)
    x.grad = None
    ((u * s) @ vh)[0, 1].backward()
    assert np.isnan(x.grad.numpy()).all()


def test_singular_values_of_zero():
    square, tall = leaf(np.diag([3.0, 2, 0]), dtype="float64"), leaf(np.zeros((3, 1)), dtype="float64")
    for x in (square, tall):
        u, s, vh = linalg.svd(x, full_matrices=False)
        ((u * s) @ vh).sum().backward()
    np.testing.assert_allclose(square.grad.numpy(), np.ones((3, 3)), atol=1e-15)  # of x itself
    assert np.isnan(tall.grad.numpy()).all()  # u is any unit vector


def test_of_a_full_basis_only_what_is_determined_has_a_gradient():
    a = RNG.normal(size=(4, 2))
    for tall in (True, False):
        x = leaf(a if tall else a.T, dtype="float64")
        found = []
        for full in (True, False):
            u, _, vh = linalg.svd(x, full)
            basis = u if tall else vh.T
            assert basis.shape == (4, 4 if full else 2)
            x.grad = None
            (basis[:, :2] ** 2 * np.arange(8.0).reshape(4, 2)).sum().backward()
            found.append(x.grad.numpy())
        np.testing.assert_allclose(*found, atol=1e-14)
        u, _, vh = linalg.svd(x)
        (u[:, 3] if tall else vh[3]).sum().backward()
        assert np.isnan(x.grad.numpy()).all()


@pytest.mark.parametrize("function", [linalg.eigvalsh, lambda a, uplo: linalg.cholesky(a, upper=uplo == "U")])
@pytest.mark.parametrize("uplo", ["L", "U"])
def test_one_triangle_is_read_and_the_gradient_is_symmetric(function, uplo):
    a = np.array([[4.0, 1, 2], [1, 5, 3], [2, 3, 6]])
    x = leaf(np.tril(a) if uplo == "L" else np.triu(a), dtype="float64")
    whole = leaf(a, dtype="float64")
    for t in (x, whole):
        (function(t, uplo) ** 2 * np.arange(1.0, 4)).sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), whole.grad.numpy())
    np.testing.assert_allclose(whole.grad.numpy(), whole.grad.numpy().T, atol=1e-14)


def test_gradients_at_zero_are_zero():
    for order in (None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf):
        x = leaf(np.zeros((2, 3)), dtype="float64")
        linalg.norm(x, order).backward()
        assert not x.grad.numpy().any(), order


def test_norms_neither_overflow_nor_underflow():
    for size in (1e300, 1e-300, 5e-324):
        x = leaf([3 * size, 4 * size], dtype="float64")
        for order, expected in ((2, 5), (3, 91 ** (1 / 3)), (-1, 12 / 7)):
            found = linalg.vector_norm(x, ord=order)
            assert found.item() == pytest.approx(expected * size, rel=1e-14 if size > 1e-320 else 0.3)
        x.grad = None
        linalg.norm(x).backward()
        np.testing.assert_allclose(x.grad.numpy(), [0.6, 0.8], rtol=1e-15)


def test_nan_goes_through():
    x = mg.tensor([[np.nan, 1.0], [0.0, 2.0]], requires_grad=True)
    for f in (linalg.norm, lambda a: linalg.norm(a, 1), lambda a: linalg.vector_norm(a, ord=3), linalg.trace):
        assert np.isnan(f(x).item())
    with np.errstate(invalid="ignore"):  # NumPy itself warns here
        assert np.isnan(linalg.det(x).item()) and np.isnan(linalg.inv(x).numpy()).any()
    linalg.norm(x).backward()
    assert np.isnan(x.grad.numpy()).all()


def test_windows_are_views_that_notice_an_update():
    x = leaf(np.arange(1e6), dtype="float64")
    assert mg.sliding_window_view(x, 1000).data.strides == (8, 8)
    for part in (lambda w: w, lambda w: w[..., ::2]):
        y = leaf(np.arange(6.0), dtype="float64")
        windows = part(mg.sliding_window_view(y, 3))
        total = (windows * windows).sum()
        with mg.no_grad():
            y.copy_(np.zeros(6))
        with pytest.raises(GraphError, match="updated in place since"):
            total.backward()


def test_results_have_numpys_names_and_reach_it():
    x = leaf([[2.0, 1.0], [1.0, 3.0]])
    for f in (np.linalg.qr, np.linalg.eigh, np.linalg.svd, np.linalg.slogdet):
        ours, theirs = f(x), f(x.numpy())
        assert ours._fields == theirs._fields and type(ours).__name__ == type(theirs).__name__
        for name in ours._fields:
            assert getattr(ours, name).dtype == np.float32
            np.testing.assert_allclose(getattr(ours, name).numpy(), getattr(theirs, name), rtol=1e-6, atol=1e-7)
    assert not np.linalg.slogdet(x).sign.requires_grad


def test_integers_are_computed_in_float64():
    a = [[2, 1], [1, 3]]
    for f in (np.linalg.inv, np.linalg.det, np.linalg.norm, np.linalg.cholesky, np.linalg.svdvals, np.linalg.pinv):
        ours = f(mg.tensor(a))
        assert ours.dtype == np.float64
        np.testing.assert_allclose(ours.numpy(), f(np.array(a)), rtol=1e-15)


def test_methods_do_what_the_functions_do():
    x, y = leaf([[2.0, 1.0], [0.0, 3.0]]), leaf([[1.0, -1.0], [1.0, 1.0]])
    assert (x.det().item(), x.trace().item(), x.norm(1).item(), x.inner(y).shape) == (6, 5, 6, (2, 2))
    assert x.norm(axis=0).tolist() == pytest.approx([2, 10**0.5]) and x.slogdet().sign.item() == 1
    np.testing.assert_allclose((x.inverse() @ x).numpy(), np.eye(2), atol=1e-6)
    assert x.kron(y).shape == (4, 4) and x.outer(y).shape == (4, 4) and x.vdot(y).item() == 4
    assert x.matrix_power(2).tolist() == (x @ x).tolist() and x.matrix_power(0).tolist() == [[1, 0], [0, 1]]


def test_what_is_complex_or_unknown_is_refused_in_words():
    with pytest.raises(AttributeError, match=r"linalg.eigvals: the eigenvalues of a general matrix.*eigvalsh"):
        linalg.eigvals  # noqa: B018
    with pytest.raises(AttributeError, match=r"no attribute 'solv'. Did you mean 'solve'\?"):
        linalg.solv  # noqa: B018
    assert set(linalg.__all__) == set(np.linalg.__all__) - {"eig", "eigvals"}
