"""Linear algebra under the names of `numpy.linalg`: `mg.linalg.inv(a)`, or `np.linalg.inv(a)` of a Tensor.

The operations live in `minigrad/ops`: products of matrices in `linalg.py` and `products.py`, the rest in
`solving.py`, `determinants.py`, `decompositions.py`, `least_squares.py` and `norms.py`. Here are those that
NumPy makes stricter than the ones of `mg`. Read next: `minigrad/ops/solving.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.linalg import LinAlgError

from .engine import implements, operand
from .errors import ShapeError, describe, nearest
from .ops import linalg as _linalg
from .ops import products as _products
from .ops import shape as _shape
from .ops.decompositions import cholesky, eigh, eigvalsh, qr, slogdet, svd, svdvals
from .ops.determinants import det
from .ops.least_squares import lstsq, pinv
from .ops.linalg import matmul
from .ops.norms import cond, matrix_norm, matrix_rank, norm, vector_norm
from .ops.products import matrix_power, multi_dot, tensordot, vecdot
from .ops.shape import matrix_transpose
from .ops.solving import inv, solve, tensorinv, tensorsolve

__all__ = [
    "LinAlgError",
    "cholesky",
    "cond",
    "cross",
    "det",
    "diagonal",
    "eigh",
    "eigvalsh",
    "inv",
    "lstsq",
    "matmul",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "matrix_transpose",
    "multi_dot",
    "norm",
    "outer",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "svd",
    "svdvals",
    "tensordot",
    "tensorinv",
    "tensorsolve",
    "trace",
    "vecdot",
    "vector_norm",
]

implements(np.linalg.matmul)(matmul)
implements(np.linalg.matrix_transpose)(matrix_transpose)


@implements(np.linalg.outer)
def outer(x1: Any, x2: Any) -> Any:
    """Return the matrix of all products x1[i] · x2[j] of two vectors; `mg.outer` flattens others first."""
    x1, x2 = _shape._several((x1, x2), "linalg.outer")
    if len(x1.shape) != 1 or len(x2.shape) != 1:
        raise _linalg.misfit("linalg.outer", x1, x2, "vectors are needed; mg.outer flattens what it is given")
    return _linalg.outer(x1, x2)


@implements(np.linalg.cross)
def cross(x1: Any, x2: Any, *, axis: int = -1) -> Any:
    """Return the cross product of vectors of three components along an axis; `mg.cross` takes two as well."""
    x1, x2 = _shape._several((x1, x2), "linalg.cross")
    if any(x.shape[_shape.axis_of(len(x.shape), axis, "linalg.cross", x)] != 3 for x in (x1, x2)):
        raise _linalg.misfit("linalg.cross", x1, x2, "three components are needed; mg.cross takes two as well")
    return _products.cross(x1, x2, axis=axis)


def _matrix(x: Any, call: str) -> Any:
    x = operand(x, call)
    if len(x.shape) < 2:
        raise ShapeError(f"{call}: needs a matrix, or a stack of them, got {describe(x)}")
    return x


@implements(np.linalg.diagonal)
def diagonal(x: Any, *, offset: int = 0) -> Any:
    """Return the diagonal of a matrix, or of every one of a stack; `mg.diagonal` takes the first two axes."""
    return np.diagonal(_matrix(x, "linalg.diagonal"), offset, -2, -1)


@implements(np.linalg.trace)
def trace(x: Any, *, offset: int = 0) -> Any:
    """Return the sum of the diagonal of a matrix, or of every one of a stack; `mg.trace` takes the first two axes."""
    return _products.trace(_matrix(x, "linalg.trace"), offset, -2, -1)


def __getattr__(name: str) -> Any:
    if name in ("eig", "eigvals"):
        raise AttributeError(
            f"linalg.{name}: the eigenvalues of a general matrix are complex numbers, which minigrad has not; use "
            f"{'eigh' if name == 'eig' else 'eigvalsh'} for a symmetric matrix, or np.linalg.{name}(t.numpy())"
        )
    raise AttributeError(f"module 'minigrad.linalg' has no attribute {name!r}.{nearest(name, __all__)}")
