"""Diagonals, triangles, and matrices made of a vector.

Read next: `updating.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import Tensor, implements, operand, primitive
from ..errors import ShapeError, as_integer, describe
from .indexing import add_at
from .shape import axis_of, moveaxis, ravel, reshape, stack

Array = Any


@implements(np.diagonal)
def diagonal(a: Array, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Array:
    """Return the elements a[…, i, i + offset …] of two axes, as a new last axis."""
    a = operand(a, "diagonal")
    ndim = len(a.shape)
    if ndim < 2:
        raise ShapeError(f"diagonal: needs at least two axes, got shape {list(a.shape)}")
    axis1, axis2 = axis_of(ndim, axis1, "diagonal", a), axis_of(ndim, axis2, "diagonal", a)
    if axis1 == axis2:
        raise ShapeError(f"diagonal: axis1 and axis2 must differ, both are {axis1}")
    offset = as_integer("diagonal", "offset", offset)
    first, second = max(0, -offset), max(0, offset)
    length = max(0, min(a.shape[axis1] - first, a.shape[axis2] - second))
    steps = np.arange(length, like=a.data if isinstance(a, Tensor) else a)
    return moveaxis(a, (axis1, axis2), (-2, -1))[..., first + steps, second + steps]


@implements(np.diag)
def diag(v: Array, k: int = 0) -> Array:
    """Return the square matrix that has a vector on its k-th diagonal; of a matrix, its k-th diagonal.

    >>> import minigrad as mg
    >>> mg.diag(mg.tensor([1.0, 2.0]))
    tensor([[1., 0.],
            [0., 2.]])
    """
    v, k = operand(v, "diag"), as_integer("diag", "k", k)
    if len(v.shape) == 2:
        return diagonal(v, k)
    if len(v.shape) != 1:
        raise ShapeError(
            f"diag: needs a vector or a matrix, got {describe(v)}; diagflat flattens, diagonal takes stacks"
        )
    length = v.shape[0]
    n = length + abs(k)
    start = k if k >= 0 else -k * n
    places = slice(start, start + length * (n + 1), n + 1)  # in the flattened matrix a diagonal has equal steps
    return reshape(add_at(v, index=places, shape=(n * n,)), (n, n))


@implements(np.diagflat)
def diagflat(v: Array, k: int = 0) -> Array:
    """Return the square matrix that has all elements of an array on its k-th diagonal."""
    return diag(ravel(operand(v, "diagflat")), k)


@primitive(numpy=np.tril, broadcasts=True)
def tril(m: Array, *, k: int = 0) -> Array:
    """Return the lower triangle of `m`: zeros above the k-th diagonal of its last two axes."""
    return np.tril(m, k)


tril.defvjp(m=lambda g, k: np.tril(g, k))  # a vector is repeated as the rows of a square, and the engine undoes it


@primitive(numpy=np.triu, broadcasts=True)
def triu(m: Array, *, k: int = 0) -> Array:
    """Return the upper triangle of `m`: zeros below the k-th diagonal of its last two axes."""
    return np.triu(m, k)


triu.defvjp(m=lambda g, k: np.triu(g, k))


@implements(np.vander)
def vander(x: Array, N: int | None = None, increasing: bool = False) -> Array:
    """Return the matrix of powers of a vector, xᵢʲ in row i: N columns (as many as rows by default).

    The first column is the highest power, unless `increasing`. The dtype is that of `x`.
    """
    x = operand(x, "vander")
    if len(x.shape) != 1:
        raise ShapeError(f"vander: needs a vector, got {describe(x)}; ravel(x) makes one")
    columns = x.shape[0] if N is None else as_integer("vander", "N", N)
    if columns < 0:
        raise ValueError(f"vander: the number of columns must not be negative, got N={N}")
    powers = [np.ones_like(x), x]
    while len(powers) < columns:
        powers.append(powers[-1] * x)
    made = stack(powers, axis=1)[:, :columns]
    return made if increasing else made[:, ::-1]
