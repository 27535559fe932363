"""Products of vectors and matrices."""

import numpy as np

import minigrad as mg
from minigrad.engine import primitives
from minigrad.errors import ShapeError

from .row import Case, Sample, reals, t

# Linear algebra


def products(*shapes):
    return [Case(tuple(reals(*s, seed=i) for i, s in enumerate(pair))) for pair in shapes]


def contraction(subscripts, *shapes):
    return Case(tuple(reals(*s, seed=i) for i, s in enumerate(shapes)), {"subscripts": subscripts})


def einsum(*operands, subscripts):
    return np.einsum(subscripts, *operands)


MATRICES = products(
    ((2, 3), (3, 4)), ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 2, 3), (3, 2)), ((2, 3), (4, 3, 2)),
    ((2, 1, 2, 3), (3, 3, 2)), ((3,), (2, 3, 2)), ((2, 2, 3), (3,)), ((2, 0), (0, 3)), ((0, 2), (2, 3)),
    ((1, 1), (1, 1)),
)  # fmt: skip
LINEAR = [
    Sample(
        "matmul", mg.matmul, np.matmul, MATRICES, torch="matmul",
        bad=[
            (lambda: t(2, 3) @ t(4, 5), ShapeError,
             "matmul: got a: float32\\[2, 3\\], b: float32\\[4, 5\\]; a.shape\\[-1\\] must equal b.shape\\[-2\\]"),
            (lambda: t(2, 3) @ 2.0, Exception, "matmul"),
        ],
    ),
    Sample(
        "linear", mg.linear, lambda x, w, b=None: x @ w.T + (0 if b is None else b),
        products(((4, 3), (2, 3), (2,)), ((4, 3), (2, 3)), ((2, 2, 3), (4, 3), (4,)), ((3,), (2, 3), (2,)),
                 ((0, 3), (2, 3), (2,))),
        torch=lambda m, *a: m.nn.functional.linear(*a), protocol=False,
        pullback=lambda g, x, w, b=None: (
            g @ w, g.reshape(-1, w.shape[0]).T @ x.reshape(-1, w.shape[1]), g.reshape(-1, w.shape[0]).sum(axis=0)
        )[: 2 + (b is not None)],
        bad=[
            (lambda: mg.linear(t(4, 3), t(3, 2), t(3)), ShapeError, "linear: .*x.shape\\[-1\\] must equal w.shape"),
            (lambda: mg.linear(t(4, 3), t(2, 3), t(3)), ShapeError, "linear: .*b.shape must be \\(w.shape\\[0\\],\\)"),
            (lambda: mg.linear(t(4, 3), t(2, 3), t(2, 1)), ShapeError, "linear"),
        ],
    ),
    Sample(
        "einsum", primitives["einsum"], einsum,
        [
            contraction("ij,jk->ik", (2, 3), (3, 2)), contraction("ij->ji", (2, 3)), contraction("ijk->k", (2, 3, 2)),
            contraction("ij,j->i", (2, 3), (3,)), contraction("i,i->", (3,), (3,)), contraction("i,j->", (2,), (3,)),
            contraction("ij,kj,k->i", (2, 3), (2, 3), (2,)), contraction("i,j,k->jki", (2,), (3,), (2,)),
            contraction("ij,jk->ik", (2, 0), (0, 3)),
            contraction("ij,ij->ij", (2, 1), (2, 3)), contraction("ij,jk->k", (2, 1), (3, 2)),  # broadcasting
        ],
        protocol=False,
        bad=[(lambda: mg.einsum("ij,jk->ik", t(2, 3), t(4, 2)), ShapeError, "^einsum: got .*each letter must")],
    ),
]  # fmt: skip


# Public functions made of primitives


def listed(m, lists):
    """Return the sum of products that lists of numbers describe, in NumPy's order of arguments."""

    def call(*operands):
        pairs = [part for pair in zip(operands, lists, strict=False) for part in pair]
        return m.einsum(*pairs, *lists[len(operands) :], optimize=True)

    return call


COMPOSITES = [
    Sample(
        "einsum, public", lambda *a, subscripts: mg.einsum(subscripts, *a), einsum,
        [
            contraction("ij,jk", (2, 3), (3, 2)), contraction("ii", (3, 3)), contraction("ii->i", (3, 3)),
            contraction("...i,i", (2, 2, 3), (3,)), contraction("iij->j", (2, 2, 3)), contraction("iii->i", (2, 2, 2)),
            contraction("ij->", (2, 3)), contraction("ba", (2, 3)), contraction("...ij->...ji", (2, 2, 3)),
            contraction("b i, i o -> b o", (2, 3), (3, 2)), contraction("...,...", (2, 3), (3,)),
            contraction("i,->i", (3,), ()),
            contraction("ij,jk,kl->il", (2, 3), (3, 2), (2, 2)), contraction("ii,jj->ij", (2, 2), (3, 3)),
        ],
        bad=[
            (lambda: mg.einsum("ij,jk->ik", t(2, 3)), ShapeError, "einsum: 'ij,jk->ik' describes 2 operands, got 1"),
            (lambda: mg.einsum("ijk->k", t(2, 3)), ShapeError, "'ijk' in 'ijk->k' names 3 axes, the operand has 2"),
            (lambda: mg.einsum("ii->i", t(2, 3)), ShapeError, "einsum: 'i' stands for 2 and 3"),
            (lambda: mg.einsum("ij->ijj", t(2, 3)), ValueError, "each letter after '->' must stand before it too"),
            (lambda: mg.einsum("ij->k", t(2, 3)), ValueError, "each letter after '->' must stand before it"),
            (lambda: mg.einsum("i1->i", t(2, 3)), ValueError, "einsum: 'i1' in 'i1->i' is not made of letters and at"),
            (lambda: mg.einsum("...i->i", t(2, 3)), ValueError, "einsum: the axes of '...' remain: write '->...i'"),
            (lambda: mg.einsum("ij->i->", t(2, 3)), ValueError, "einsum: 'i->' in 'ij->i->' is not made of letters"),
            (lambda: mg.einsum(t(2), t(2)), TypeError, "einsum: the subscripts must be a string"),
            (lambda: mg.einsum(t(2), [-1]), TypeError, "or lists of numbers from 0 to 51 .*got float32.*list of 1"),
        ],
    ),
    *[
        Sample(
            f"einsum, of lists {lists}",
            listed(mg, lists),
            listed(np, lists),
            [Case(tuple([reals(*shape) for shape in shapes]))],
        )
        for lists, shapes in [
            (([0, 1], [1, 2], [0, 2]), [(2, 3), (3, 2)]),
            (([30, 1], [1, 2]), [(2, 3), (3, 2)]),
            (([..., 4], [4, ...], [...]), [(2, 3), (3, 2)]),
            (([1, 0],), [(2, 3)]),
        ]
    ],
    Sample(
        "dot", mg.dot, np.dot,
        [*products(((3,), (3,)), ((2, 3), (3, 2)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 2, 3), (3,)), ((), (2, 3)),
                   ((2,), ()), ((2, 3), (2, 3, 2)), ((2, 2, 3), (3, 3, 2)), ((3,), (2, 3, 2))),
         Case((reals(2, 3), 2.0))],
        bad=[(lambda: mg.dot(t(2, 3), t(2, 3)), ShapeError, "dot: got float32\\[2, 3\\] and float32\\[2, 3\\]; a")],
    ),
    Sample("outer", mg.outer, np.outer, products(((3,), (2,)), ((2, 2), (3,)), ((), (2,)), ((0,), (2,)))),
]  # fmt: skip

ROWS = [*LINEAR, *COMPOSITES]
