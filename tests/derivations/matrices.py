"""Matrix formulas: traces, quadratic forms, determinants, inverses, norms, broadcasting. Read next: `sequences.py`."""

import numpy as np

import minigrad as mg

from .entry import Problem, right, wrong

rng = np.random.default_rng(7)
A, B = rng.normal(size=(3, 3)), rng.normal(size=(3, 3))
NEAR_I = np.eye(3) * 2 + 0.4 * rng.normal(size=(3, 3))
U, V = rng.normal(size=3), rng.normal(size=3)


# Traces and products


TRACE = Problem(lambda x, a, b: mg.trace(a @ x @ b), (rng.normal(size=(3, 3)), A, B), "x")
RESIDUAL = Problem(lambda x, a, b: mg.sum((a @ x - b) ** 2), (rng.normal(size=(3, 3)), A, B), "x")
PRODUCT = Problem(
    lambda a, b, c: mg.sum(c * (a @ b)),
    (A, B, rng.normal(size=(3, 3))),
    "a b",
)
OBLONG = Problem(
    lambda a, b: mg.sum(mg.sin(a @ b)), (rng.normal(size=(2, 3)), rng.normal(size=(3, 4))), "a b", ("left", "right")
)


@right(TRACE)
def trace_element_by_element(x, a, b):
    g = np.zeros((3, 3))
    for i in range(3):
        for j in range(3):
            g[i, j] = sum(b[j, k] * a[k, i] for k in range(3))
    return g


@right(OBLONG)
def product_of_oblongs(a, b):
    g = np.cos(a @ b)
    return np.tensordot(g, b, axes=(1, 1)), np.tensordot(a, g, axes=(0, 0))


@right(RESIDUAL)
def residual_expanded(x, a, b):
    return 2 * (a.T @ a) @ x - 2 * a.T @ b


@wrong(TRACE, "transpose")
def trace_in_the_other_layout(x, a, b):
    """BA, where the layout of x asks for (BA)ᵀ."""
    return b @ a


@wrong(TRACE, "operands-swapped")
def trace_with_the_factors_in_the_wrong_order(x, a, b):
    return b.T @ a.T


@wrong(RESIDUAL, "operands-swapped")
def residual_multiplied_from_the_wrong_side(x, a, b):
    """(AX − B)Aᵀ for Aᵀ(AX − B)."""
    return 2 * (a @ x - b) @ a.T


@wrong(RESIDUAL, "transpose")
def residual_without_the_transpose_of_a(x, a, b):
    return 2 * a @ (a @ x - b)


@wrong(OBLONG, "transpose", "b")
def product_whose_second_gradient_is_turned(a, b):
    g = np.cos(a @ b)
    return g @ b.T, g.T @ a


@wrong(PRODUCT, "operands-swapped")
def product_with_each_operand_s_own_rule_swapped(a, b, c):
    """The two results are returned in the other order."""
    da = c @ b.T
    db = a.T @ c
    return db, da


# Quadratic forms, determinants, inverses


FORM = Problem(lambda x, a: x @ a @ x, (U, A), "x")
LOGDET = Problem(lambda x: mg.log(mg.linalg.det(x)), (NEAR_I,), "x")
INVERSE = Problem(lambda x, u, v: u @ mg.linalg.inv(x) @ v, (NEAR_I, U, V), "x")


@right(FORM)
def quadratic_form_of_any_matrix(x, a):
    return np.einsum("ij,j->i", a, x) + np.einsum("ji,j->i", a, x)


@right(LOGDET)
def log_determinant_by_cofactors(x):
    """The adjugate over the determinant, as on paper."""
    g = np.empty_like(x)
    for i in range(3):
        for j in range(3):
            minor = np.delete(np.delete(x, i, axis=0), j, axis=1)
            g[i, j] = (-1) ** (i + j) * (minor[0, 0] * minor[1, 1] - minor[0, 1] * minor[1, 0])
    return g / (x[0] @ g[0])


@right(INVERSE)
def inverse_by_two_solves(x, u, v):
    return -np.outer(np.linalg.solve(x.T, u), np.linalg.solve(x, v))


@wrong(FORM, "branch-missing constant-vs-variable")
def quadratic_form_with_one_x_held_fixed(x, a):
    return a @ x


@wrong(FORM, "transpose branch-twice")
def quadratic_form_as_if_symmetric(x, a):
    """2Ax: the way through the first x counted for the second, too."""
    return 2 * a @ x


@wrong(LOGDET, "transpose")
def log_determinant_without_the_transpose(x):
    return np.linalg.inv(x)


@wrong(INVERSE, "sign")
def inverse_without_its_minus(x, u, v):
    y = np.linalg.inv(x).T
    return y @ np.outer(u, v) @ y


@wrong(INVERSE, "operands-swapped transpose")
def inverse_with_u_and_v_swapped(x, u, v):
    y = np.linalg.inv(x).T
    return -y @ np.outer(v, u) @ y


# Norms


COSINE = Problem(lambda a, b: mg.sum(a * b) / (mg.sqrt(mg.sum(a * a)) * mg.sqrt(mg.sum(b * b))), (U, V), "a")
NORM = Problem(lambda x: mg.sqrt(mg.sum(x * x)), (A,), "x")


@right(COSINE)
def cosine_as_a_projection(a, b):
    """b/‖b‖ without its part along a, over ‖a‖."""
    n = a / np.linalg.norm(a)
    m = b / np.linalg.norm(b)
    return (m - (m @ n) * n) / np.linalg.norm(a)


@wrong(COSINE, "constant-vs-variable branch-missing")
def cosine_with_the_norm_held_fixed(a, b):
    return b / (np.linalg.norm(a) * np.linalg.norm(b))


@wrong(NORM, "half factor")
def norm_with_the_two_of_the_square_left_over(x):
    """½ of the root's derivative forgotten."""
    return 2 * x / np.linalg.norm(x)


# Broadcasting


SCALE = Problem(
    lambda s, t, x: mg.sum(mg.tanh(s * x + t)),
    (rng.normal(size=(3, 1)), rng.normal(size=3), rng.normal(size=(3, 3))),
    "s t",
)
TABLE = Problem(lambda u, v, c: mg.sum(c * u[:, None] * v[None, :] ** 2), (U, V, rng.normal(size=(3, 3))), "u v")


@right(SCALE)
def broadcast_undone_axis_by_axis(s, t, x):
    g = 1 - np.tanh(s * x + t) ** 2
    return np.sum(g * x, axis=1, keepdims=True), np.sum(g, axis=0)


@wrong(SCALE, "unreduced", "s")
def broadcast_scale_not_summed(s, t, x):
    g = 1 - np.tanh(s * x + t) ** 2
    return g * x, g.sum(0)


@wrong(SCALE, "wrong-axis transpose", "t")
def broadcast_shift_summed_along_its_own_axis(s, t, x):
    g = 1 - np.tanh(s * x + t) ** 2
    return (g * x).sum(1, keepdims=True), g.sum(1)


@right(TABLE)
def table_by_einsum(u, v, c):
    return np.einsum("ij,j->i", c, v**2), 2 * v * np.einsum("ij,i->j", c, u)


@wrong(TABLE, "wrong-axis transpose", "u")
def table_summed_over_the_rows(u, v, c):
    return (c * v**2).sum(axis=0), 2 * v * (u @ c)


@wrong(TABLE, "local-derivative-missing", "v")
def table_as_if_v_were_not_squared(u, v, c):
    return c @ v**2, u @ c
