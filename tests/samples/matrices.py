"""Diagonals, triangles, and matrices made of a vector."""


import minigrad as mg
from minigrad.errors import ShapeError

from .row import moving, t

ROWS = [
    moving("diagonal", ((3, 3), {}), ((2, 4), {"offset": 1}), ((4, 2), {"offset": -2}),
           ((2, 3, 4), {"axis1": 0, "axis2": -1}), ((2, 3, 4), {"axis1": 2, "axis2": 1, "offset": 1}),
           ((2, 3), {"offset": 9}), ((0, 3), {}),
           bad=[(lambda: mg.diagonal(t(3)), ShapeError, "diagonal: needs at least two axes"),
                (lambda: mg.diagonal(t(3, 3), axis1=1, axis2=-1), ShapeError, "diagonal: axis1 and axis2 must differ"),
                (lambda: mg.diagonal(t(3, 3), axis2=2), ValueError, "diagonal of float32\\[3, 3\\]: axis 2 is out")]),
    moving("diag", ((3,), {}), ((3,), {"k": 1}), ((2,), {"k": -2}), ((3, 4), {}), ((3, 4), {"k": -1}), ((0,), {"k": 1}),
           ((1,), {}),
           torch=lambda m, v, k=0: m.diag(v, k),
           bad=[(lambda: mg.diag(t(2, 2, 2)), ShapeError,
                 "diag: needs a vector or a matrix, got float32\\[2, 2, 2\\]")]),
    moving("diagflat", ((2, 2), {}), ((3,), {"k": 1}), ((), {}), ((1, 2), {"k": -1})),
    moving("tril", ((3, 3), {}), ((2, 3, 4), {"k": 1}), ((3, 2), {"k": -1}), ((0, 2), {}),
           torch=lambda m, a, k=0: m.tril(a, k)),
    moving("triu", ((3, 3), {}), ((2, 3, 4), {"k": 1}), ((3, 2), {"k": -1}), ((3,), {}),
           torch=lambda m, a, k=0: m.triu(a if a.ndim > 1 else a.expand(3, 3), k)),
    moving("vander", ((3,), {}), ((3,), {"N": 2}), ((2,), {"N": 4, "increasing": True}), ((2,), {"N": 1}),
           ((3,), {"N": 0}), ((0,), {"N": 2}),
           bad=[(lambda: mg.vander(t(2), -1), ValueError,
                 "vander: the number of columns must not be negative, got N=-1"),
                (lambda: mg.vander(t(2, 2)), ShapeError, "vander: needs a vector, got float32\\[2, 2\\]")]),
]  # fmt: skip
