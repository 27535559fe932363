"""Linear algebra against 40 digits: values and gradients of well and of ill conditioned matrices.

An error is measured in units of eps · cond(a) · the largest element of what is exact: what a backward stable
algorithm may lose.
"""

import numpy as np
import pytest

import minigrad as mg
from minigrad import linalg

mpmath = pytest.importorskip("mpmath")
mp = mpmath.mp.clone()
mp.dps = 40

N = 3
B = np.random.default_rng(1).uniform(-1, 1, N).astype(np.float32)
ROWS = 5  # of the tall matrices
OF_VALUE, OF_GRADIENT = 3, 10  # units allowed; the largest of six seeds were 1.6 and 6.7


def elements(x):
    return [x[i, j] for i in range(x.rows) for j in range(x.cols)]


def squares(x):
    return [v * v for v in elements(x)]


def largest_first(values, *vectors):
    """Return values in descending order, and the squares of the vectors (columns) that belong to them."""
    order = sorted(range(len(values)), key=lambda i: -values[i])
    return [values[i] for i in order] + [v[i, j] ** 2 for v in vectors for i in range(v.rows) for j in order]


def exact_eigh(a):
    values, vectors = mp.eigsy((a + a.T) / 2)
    return largest_first(list(values), vectors)


def exact_svd(a):
    u, s, v = mp.svd_r(a)
    return largest_first(list(s), u, v.T)


def exact_qr(a):
    q, r = mp.qr(a, mode="skinny")
    return squares(q) + squares(r)


def exact_pinv(a):
    return elements((a.T * a) ** -1 * a.T)


def flat(*arrays):
    return mg.concatenate([mg.ravel(x) for x in arrays])


def ours_eigh(a):
    w, v = linalg.eigh(a)
    return flat(w[::-1], v[:, ::-1] ** 2)


def ours_svd(a):
    u, s, vh = linalg.svd(a, full_matrices=False)
    return flat(s, u**2, vh.T**2)


# name: ours, exact, kind of matrix
TABLE = {
    "inv": (linalg.inv, lambda a: elements(a**-1), "square"),
    "solve": (lambda a: linalg.solve(a, B), lambda a: elements(mp.lu_solve(a, mp.matrix(B.tolist()))), "square"),
    "det": (linalg.det, lambda a: [mp.det(a)], "square"),
    "slogdet": (lambda a: linalg.slogdet(a)[1], lambda a: [mp.log(abs(mp.det(a)))], "square"),
    "cholesky": (linalg.cholesky, lambda a: elements(mp.cholesky((a + a.T) / 2)), "definite"),
    "qr": (lambda a: flat(*[x**2 for x in linalg.qr(a)]), exact_qr, "tall"),
    "eigh": (ours_eigh, exact_eigh, "definite"),
    "eigvalsh": (linalg.eigvalsh, lambda a: sorted(mp.eigsy((a + a.T) / 2, eigvals_only=True)), "definite"),
    "svd": (ours_svd, exact_svd, "tall"),
    "svdvals": (linalg.svdvals, lambda a: largest_first(list(mp.svd_r(a, compute_uv=False))), "tall"),
    "pinv": (linalg.pinv, exact_pinv, "tall"),
    "lstsq": (lambda a: linalg.lstsq(a, np.arange(1, ROWS + 1, dtype=np.float32))[0],
              lambda a: elements((a.T * a) ** -1 * a.T * mp.matrix(list(range(1, ROWS + 1)))), "tall"),
    "norm": (linalg.norm, lambda a: [mp.sqrt(sum(squares(a)))], "tall"),
    "norm, 2": (lambda a: linalg.norm(a, 2), lambda a: [max(mp.svd_r(a, compute_uv=False))], "tall"),
    "norm, nuc": (lambda a: linalg.norm(a, "nuc"), lambda a: [sum(mp.svd_r(a, compute_uv=False))], "tall"),
    "norm, 3": (lambda a: linalg.vector_norm(a, ord=3), lambda a: [mp.cbrt(sum(abs(x) ** 3 for x in a))], "tall"),
    "cond": (linalg.cond, lambda a: (lambda s: [max(s) / min(s)])(list(mp.svd_r(a, compute_uv=False))), "square"),
    "matrix_power": (lambda a: linalg.matrix_power(a, -2), lambda a: elements(a**-2), "square"),
}  # fmt: skip


def matrix(kind, cond, seed):
    """Return a float32 matrix whose condition number is about `cond`."""
    rng = np.random.default_rng(seed)
    u, v = [np.linalg.qr(rng.normal(size=(n, N)))[0] for n in (ROWS if kind == "tall" else N, N)]
    spread = np.geomspace(1, 1 / cond, N)
    made = ((v if kind == "definite" else u) * spread @ v.T).astype(np.float32)
    return (made + made.T) / 2 if kind == "definite" else made


def exactly(f, a, w):
    """Return the value of f and the gradient of Σ w f, by central differences far below the digits asked for."""
    step, point = mp.mpf(10) ** -14, mp.matrix(a.tolist())
    value = f(point)
    slope = np.zeros(a.shape)
    for i, j in np.ndindex(a.shape):
        ends = []
        for sign in (1, -1):
            moved = point.copy()
            moved[i, j] += sign * step
            ends.append(mp.fdot(w.tolist(), f(moved)))
        slope[i, j] = float((ends[0] - ends[1]) / (2 * step))
    return np.array([float(x) for x in value]), slope


def units(got, expected, dtype, cond):
    return np.abs(got - expected).max() / (np.finfo(dtype).eps * cond * np.abs(expected).max())


@pytest.mark.parametrize("cond", [3.0, 1e6])
@pytest.mark.parametrize("name", TABLE)
def test_errors_are_those_of_a_stable_algorithm(name, cond):
    ours, exact, kind = TABLE[name]
    a = matrix(kind, cond, seed=0)
    w = np.random.default_rng(2).uniform(0.5, 1.5, np.size(ours(a)))
    value, slope = exactly(exact, a, w)
    actual = np.linalg.cond(a.astype(float))
    for dtype in (np.float64, np.float32):
        x = mg.tensor(a, dtype=dtype, requires_grad=True)
        out = ours(x)
        out.backward(w.reshape(out.shape))
        assert units(out.numpy().ravel(), value, dtype, actual) <= OF_VALUE
        assert units(x.grad.numpy(), slope, dtype, actual) <= OF_GRADIENT
