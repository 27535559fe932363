"""Products made of matrix products: inner ones, contractions of axes, chains and powers."""

import warnings

import numpy as np

import minigrad as mg
from minigrad import linalg
from minigrad.errors import ShapeError

from .linalg import products
from .row import Case, Sample, reals, t


def with_options(shapes, *options):
    return [Case(products(shapes)[0].args, o) for o in options]


def plane_cross(a, b, **options):
    """Return NumPy's cross product, which warns of vectors of two components."""
    if isinstance(a, mg.Tensor):
        return np.cross(a, b, **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return np.cross(a, b, **options)


def chain(function):
    return lambda *arrays: function(list(arrays))


def torch_linalg(name):
    return lambda m, *args, **options: getattr(m.linalg, name)(*args, **options)


AXES = [2, 1, 0, ([1], [0]), ([0, 2], [1, 2]), (0, -1), ((-1, 1), (-1, -2))]
MATVEC = products(
    ((2, 3), (3,)), ((4, 2, 3), (3,)), ((2, 3), (4, 3)), ((2, 1, 2, 3), (3, 3)), ((0, 3), (3,)), ((2, 0), (0,))
)

ROWS = [
    Sample(
        "inner",
        mg.inner,
        np.inner,
        torch="inner",
        cases=[
            *products(
                ((3,), (3,)), ((2, 3), (4, 3)), ((2, 2, 3), (3,)), ((), (2, 3)), ((2, 3), (2, 1, 3)), ((2, 0), (3, 0))
            ),
            Case((reals(2), 3.0)),
        ],
        bad=[
            (
                lambda: mg.inner(t(2, 3), t(3, 2)),
                ShapeError,
                "inner: got float32\\[2, 3\\] and float32\\[3, 2\\]; the last axes must be equally long",
            )
        ],
    ),
    Sample(
        "vdot",
        mg.vdot,
        np.vdot,
        products(((3,), (3,)), ((2, 3), (3, 2)), ((), ()), ((0,), (0,)), ((2, 2), (4,))),
        bad=[(lambda: mg.vdot(t(2), t(3)), ShapeError, "vdot: got .*equally many elements")],
    ),
    Sample(
        "vecdot",
        mg.vecdot,
        np.vecdot,
        torch=lambda m, a, b, axis=-1: m.linalg.vecdot(a, b, dim=axis),
        cases=[
            *products(((3,), (3,)), ((2, 3), (3,)), ((2, 1, 3), (4, 3)), ((2, 0), (0,))),
            *with_options(((2, 3), (2, 3)), {"axis": 0}, {"axis": -2}),
        ],
        bad=[
            (lambda: mg.vecdot(t(2, 3), t(1)), ShapeError, "vecdot: got .*equally long"),
            (lambda: mg.vecdot(t(2), t()), ValueError, "vecdot of float32\\[\\]: axis -1 is out of bounds"),
        ],
    ),
    Sample(
        "matvec",
        mg.matvec,
        lambda a, b: np.matmul(a, b[..., None])[..., 0],
        MATVEC,
        protocol=False,
        bad=[
            (lambda: mg.matvec(t(2, 3), t(2)), ShapeError, "matvec: got .*vectors \\(…, n\\) are needed"),
            (lambda: mg.matvec(t(3), t(3)), ShapeError, "matvec: got"),
            (lambda: mg.matvec(t(2, 3, 3), t(4, 3)), ShapeError, "matvec: got .*of the stacks, shapes are matched"),
        ],
    ),
    Sample(
        "vecmat",
        mg.vecmat,
        lambda a, b: np.matmul(a[..., None, :], b)[..., 0, :],
        protocol=False,
        cases=products(((2,), (2, 3)), ((4, 2), (2, 3)), ((2,), (4, 2, 3)), ((3, 2), (2, 1, 2, 3)), ((0,), (0, 3))),
        bad=[(lambda: mg.vecmat(t(2), t(3, 2)), ShapeError, "vecmat: got .*matrices \\(…, m, n\\) are needed")],
    ),
    Sample(
        "cross",
        mg.cross,
        plane_cross,
        [
            *products(
                ((3,), (3,)),
                ((2, 3), (3,)),
                ((4, 1, 3), (2, 3)),
                ((2,), (2,)),
                ((2,), (3,)),
                ((4, 3), (2,)),
                ((0, 3), (3,)),
            ),
            *with_options(((3, 2), (2, 3)), {"axisa": 0}, {"axisa": 0, "axisc": 0}),
            *with_options(((3, 4), (3, 4)), {"axis": 0}),
            *with_options(((2, 3), (3, 2)), {"axisb": 0, "axisc": -2}),
        ],
        bad=[
            (lambda: mg.cross(t(4), t(4)), ShapeError, "cross: got float32\\[4\\] .*2 or 3 components"),
            (lambda: mg.cross(t(3), t()), ValueError, "cross of float32\\[\\]: axis -1 is out of bounds"),
            (lambda: mg.cross(t(3), t(3), axisc=1), ValueError, "cross of float32\\[\\]: axis 1 is out of bounds"),
            (lambda: linalg.cross(t(2), t(3)), ShapeError, "linalg.cross: got .*mg.cross takes two as well"),
        ],
    ),
    Sample(
        "linalg.cross",
        linalg.cross,
        np.linalg.cross,
        torch=lambda m, a, b, axis=-1: m.linalg.cross(a, b, dim=axis),
        cases=[*products(((2, 3), (2, 3))), *with_options(((3, 2), (3, 2)), {"axis": 0})],
    ),
    Sample(
        "tensordot",
        mg.tensordot,
        np.tensordot,
        [
            *with_options(((2, 3, 2), (3, 2, 4)), {}, {"axes": 2}),
            *with_options(((2, 3), (3, 2)), {"axes": 1}),
            *with_options(((2,), (3,)), {"axes": 0}),
            *with_options(((2, 3), (4, 2)), {"axes": (0, -1)}),
            *with_options(((2, 3, 4), (3, 2, 4)), {"axes": ([0, 2], [1, 2])}, {"axes": ((-1, 1), (-1, -3))}),
            *with_options(((2, 3), (3, 2)), {"axes": ([1, 0], [0, 1])}),
            *with_options(((), (2,)), {"axes": 0}),
            *with_options(((2, 0), (0, 3)), {"axes": 1}),
        ],
        bad=[
            (
                lambda: mg.tensordot(t(2, 3), t(2, 3), 1),
                ShapeError,
                "tensordot: got float32\\[2, 3\\] and float32\\[2, 3\\]; axes \\[1\\] of the first and \\[0\\]",
            ),
            (lambda: mg.tensordot(t(2), t(2), 2), ValueError, "tensordot: axes of a"),
            (lambda: mg.tensordot(t(2, 2), t(2, 2), ([0, 0], [0, 1])), ValueError, "axes of a.*repeated|repeated axis"),
        ],
    ),
    Sample(
        "kron",
        mg.kron,
        np.kron,
        torch="kron",
        cases=products(((2,), (3,)), ((2, 3), (3, 2)), ((2,), (2, 3)), ((2, 1, 2), (2, 2)), ((), (2,)), ((0,), (2,))),
    ),
    Sample(
        "trace",
        mg.trace,
        np.trace,
        [
            Case((reals(*s),), o)
            for s, o in [
                ((3, 3), {}),
                ((2, 4), {"offset": 1}),
                ((3, 2), {"offset": -1}),
                ((2, 3, 4), {}),
                ((3, 2), {"offset": 5}),
                ((2, 3, 4), {"axis1": 1, "axis2": -1}),
                ((0, 0), {}),
            ]
        ],
        bad=[(lambda: mg.trace(t(3)), ShapeError, "trace: needs at least two axes, got float32\\[3\\]")],
    ),
    Sample(
        "linalg.trace",
        linalg.trace,
        np.linalg.trace,
        [Case((reals(2, 3, 4),), o) for o in ({}, {"offset": 1})],
        bad=[(lambda: linalg.trace(t(3)), ShapeError, "linalg.trace: needs a matrix, .*got float32\\[3\\]")],
    ),
    Sample(
        "linalg.diagonal",
        linalg.diagonal,
        np.linalg.diagonal,
        [Case((reals(2, 3, 4),), o) for o in ({}, {"offset": -1})],
        bad=[(lambda: linalg.diagonal(t(3)), ShapeError, "linalg.diagonal: needs a matrix")],
    ),
    Sample(
        "linalg.outer",
        linalg.outer,
        np.linalg.outer,
        products(((3,), (2,)), ((0,), (2,))),
        bad=[(lambda: linalg.outer(t(2, 2), t(2)), ShapeError, "linalg.outer: got .*mg.outer flattens")],
    ),
    Sample("linalg.matmul", linalg.matmul, np.linalg.matmul, products(((2, 3), (3, 2)))),
    Sample("linalg.tensordot", linalg.tensordot, np.linalg.tensordot, with_options(((2, 3), (3, 2)), {"axes": 1})),
    Sample("linalg.vecdot", linalg.vecdot, np.linalg.vecdot, products(((2, 3), (3,)))),
    Sample("linalg.matrix_transpose", linalg.matrix_transpose, np.linalg.matrix_transpose, [Case((reals(2, 3, 4),))]),
    Sample(
        "multi_dot",
        chain(linalg.multi_dot),
        chain(np.linalg.multi_dot),
        products(
            ((2, 3), (3, 4)),
            ((2, 3), (3, 4), (4, 2)),
            ((3,), (3, 4), (4,)),
            ((3,), (3, 4), (4, 1), (1, 2)),
            ((2, 5), (5, 1), (1, 4), (4, 3), (3,)),
            ((2, 0), (0, 3), (3, 2)),
        ),
        torch=lambda m, *a: m.linalg.multi_dot(a),
        bad=[
            (
                lambda: linalg.multi_dot([t(2, 3), t(2, 3)]),
                ShapeError,
                "linalg.multi_dot: got float32\\[2, 3\\], float32\\[2, 3\\]; a matrix must have as many rows",
            ),
            (lambda: linalg.multi_dot([t(2, 3)]), ShapeError, "linalg.multi_dot: needs at least two"),
            (lambda: linalg.multi_dot([t(2, 3, 4), t(4, 2)]), ShapeError, "linalg.multi_dot: got"),
        ],
    ),
    Sample(
        "matrix_power",
        linalg.matrix_power,
        np.linalg.matrix_power,
        torch=torch_linalg("matrix_power"),
        cases=[
            Case((reals(*s),), {"n": n})
            for s, n in [((2, 2), 1), ((3, 3), 2), ((2, 3, 3), 3), ((3, 3), 7), ((3, 3), 0), ((0, 0), 2), ((1, 1), 6)]
        ],
        bad=[
            (lambda: linalg.matrix_power(t(2, 3), 2), ShapeError, "linalg.matrix_power: got float32\\[2, 3\\]; its"),
            (lambda: linalg.matrix_power(t(2, 2), 0.5), TypeError, "integer"),
        ],
    ),
    Sample(
        "matrix_power, of the inverse",
        linalg.matrix_power,
        np.linalg.matrix_power,
        [Case((reals(2, 3, 3) + 3 * np.eye(3),), {"n": n}) for n in (-1, -2, -3)],
        dtypes=(np.float32, np.float64),
    ),
]
