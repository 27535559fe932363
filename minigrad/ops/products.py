"""Products made of matrix products: inner ones, contractions of axes, chains and powers.

None has a rule of its own: what they are composed of can be differentiated as often as one likes. Read
next: `solving.py`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ..engine import Tensor, implements, operand
from ..engine.primitive import BROADCASTING
from ..errors import ShapeError, as_integer, describe
from .linalg import matmul, misfit
from .matrices import diagonal
from .reduce import sum
from .shape import _several, axis_of, expand_dims, moveaxis, ravel, reshape, squeeze, stack, transpose

Array = Any


def check_stacks(call: str, a: Array, b: Array, of_a: tuple[int, ...], of_b: tuple[int, ...]) -> None:
    """Raise in the name of `call` when the stacks (the shapes without the axes of the product) do not fit."""
    try:
        np.broadcast_shapes(of_a, of_b)
    except ValueError:
        raise misfit(call, a, b, f"of the stacks, {BROADCASTING}") from None


# Of vectors


@implements(np.inner)
def inner(a: Array, b: Array) -> Array:
    """Return Σ a[…, i] b[…, i] over the last axes: of every vector of `a` with every vector of `b`."""
    a, b = _several((a, b), "inner")
    if not a.shape or not b.shape:
        return a * b
    if a.shape[-1] != b.shape[-1]:
        raise misfit("inner", a, b, "the last axes must be equally long")
    return tensordot(a, b, (-1, -1))


@implements(np.vdot)
def vdot(a: Array, b: Array) -> Array:
    """Return Σ a b over all elements: both are flattened first, and must have equally many."""
    a, b = _several((a, b), "vdot")
    if math.prod(a.shape) != math.prod(b.shape):
        raise misfit("vdot", a, b, "both must have equally many elements")
    return matmul(ravel(a), ravel(b))


@implements(np.vecdot, np.linalg.vecdot)
def vecdot(x1: Array, x2: Array, *, axis: int = -1) -> Array:
    """Return Σ x1 x2 along an axis: of vectors in pairs, broadcast along the other axes."""
    x1, x2 = _several((x1, x2), "vecdot")
    x1, x2 = [moveaxis(x, axis_of(len(x.shape), axis, "vecdot", x), -1) for x in (x1, x2)]
    if x1.shape[-1] != x2.shape[-1]:
        raise misfit("vecdot", x1, x2, "both must be equally long along the axis (here the last)")
    check_stacks("vecdot", x1, x2, x1.shape[:-1], x2.shape[:-1])
    return sum(x1 * x2, axis=-1)


@implements(*filter(None, [getattr(np, "matvec", None)]))  # since NumPy 2.2
def matvec(x1: Array, x2: Array) -> Array:
    """Return the products of matrices (…, m, n) and vectors (…, n), in pairs, broadcast: (…, m)."""
    x1, x2 = _several((x1, x2), "matvec")
    if len(x1.shape) < 2 or not x2.shape or x1.shape[-1] != x2.shape[-1]:
        raise misfit("matvec", x1, x2, "matrices (…, m, n) and vectors (…, n) are needed")
    check_stacks("matvec", x1, x2, x1.shape[:-2], x2.shape[:-1])
    if len(x1.shape) == 2:  # one matrix for all vectors, which are rows of one
        return matmul(x2, transpose(x1))
    return squeeze(matmul(x1, expand_dims(x2, -1)), axis=-1)


@implements(*filter(None, [getattr(np, "vecmat", None)]))
def vecmat(x1: Array, x2: Array) -> Array:
    """Return the products of vectors (…, m) and matrices (…, m, n), in pairs, broadcast: (…, n)."""
    x1, x2 = _several((x1, x2), "vecmat")
    if not x1.shape or len(x2.shape) < 2 or x1.shape[-1] != x2.shape[-2]:
        raise misfit("vecmat", x1, x2, "vectors (…, m) and matrices (…, m, n) are needed")
    check_stacks("vecmat", x1, x2, x1.shape[:-1], x2.shape[:-2])
    if len(x2.shape) == 2:
        return matmul(x1, x2)
    return squeeze(matmul(expand_dims(x1, -2), x2), axis=-2)


@implements(np.cross)
def cross(a: Array, b: Array, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Array:
    """Return the cross product a × b of vectors of three components, broadcast against each other.

    A vector of two lies in the plane, as (x, y, 0); of two such only the third component is returned.

    Parameters
    ----------
    axisa, axisb, axisc : where the components are: in `a`, in `b`, in the result
    axis : all three at once
    """
    a, b = _several((a, b), "cross")
    axisa, axisb, axisc = (axisa, axisb, axisc) if axis is None else (axis, axis, axis)
    a, b = [moveaxis(x, axis_of(len(x.shape), at, "cross", x), -1) for x, at in ((a, axisa), (b, axisb))]
    if not {a.shape[-1], b.shape[-1]} <= {2, 3}:
        raise misfit("cross", a, b, "vectors of 2 or 3 components are needed along the axis (here the last)")
    check_stacks("cross", a, b, a.shape[:-1], b.shape[:-1])
    (a0, a1, *a2), (b0, b1, *b2) = [[x[..., i] for i in range(x.shape[-1])] for x in (a, b)]
    third = a0 * b1 - a1 * b0
    if not a2 and not b2:
        return third
    if a2 and b2:
        parts = [a1 * b2[0] - a2[0] * b1, a2[0] * b0 - a0 * b2[0], third]
    else:
        parts = [a1 * b2[0], -(a0 * b2[0]), third] if b2 else [-(a2[0] * b1), a2[0] * b0, third]
    return stack(parts, axis=axis_of(len(third.shape) + 1, axisc, "cross", third))


# Of arrays


@implements(np.tensordot, np.linalg.tensordot)
def tensordot(a: Array, b: Array, axes: Any = 2) -> Array:
    """Return the sum of products over some axes of `a` and as many of `b`; the others remain, those of `a` first.

    Parameters
    ----------
    axes : the axes of `a` and the axes of `b`, a number or a sequence each; or how many, the last of `a`
        and the first of `b`

    >>> import minigrad as mg
    >>> mg.tensordot(mg.tensor([[1.0, 2.0]]), mg.tensor([[3.0, 4.0]]), axes=([0, 1], [0, 1]))
    tensor(11.)
    """
    a, b = _several((a, b), "tensordot")
    if np.iterable(axes):
        axes = tuple(axes)
        if len(axes) != 2:
            raise ValueError(f"tensordot: axes must be a number, or the axes of a and the axes of b, got {axes!r}")
        of_a, of_b = axes
    else:
        count = as_integer("tensordot", "axes", axes)
        of_a, of_b = tuple(range(-count, 0)), tuple(range(count))
    of_a = normalize_axis_tuple(of_a, len(a.shape), "tensordot: axes of a")
    of_b = normalize_axis_tuple(of_b, len(b.shape), "tensordot: axes of b")
    if [a.shape[i] for i in of_a] != [b.shape[i] for i in of_b]:
        raise misfit("tensordot", a, b, f"axes {list(of_a)} of the first and {list(of_b)} of the second must agree")
    rest_a = [i for i in range(len(a.shape)) if i not in of_a]
    rest_b = [i for i in range(len(b.shape)) if i not in of_b]
    rows, columns, summed = [a.shape[i] for i in rest_a], [b.shape[i] for i in rest_b], [a.shape[i] for i in of_a]
    left = reshape(transpose(a, (*rest_a, *of_a)), (math.prod(rows), math.prod(summed)))
    right = reshape(transpose(b, (*of_b, *rest_b)), (math.prod(summed), math.prod(columns)))
    return reshape(matmul(left, right), (*rows, *columns))


@implements(np.kron)
def kron(a: Array, b: Array) -> Array:
    """Return the Kronecker product: every element of `a` times the whole of `b`, laid out as blocks."""
    a, b = _several((a, b), "kron")
    ndim = max(len(a.shape), len(b.shape))
    of_a, of_b = [(1,) * (ndim - len(x.shape)) + x.shape for x in (a, b)]
    blocks = reshape(a, [n for length in of_a for n in (length, 1)])
    block = reshape(b, [n for length in of_b for n in (1, length)])
    return reshape(blocks * block, [n * m for n, m in zip(of_a, of_b, strict=True)])


@implements(np.trace)
def trace(a: Array, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Array:
    """Return the sum of the elements a[…, i, i + offset …] of two axes: the trace of a matrix."""
    a = operand(a, "trace")
    if len(a.shape) < 2:
        raise ShapeError(f"trace: needs at least two axes, got {describe(a)}")
    axis1, axis2 = [axis_of(len(a.shape), x, "trace", a) for x in (axis1, axis2)]
    return sum(diagonal(a, offset, axis1, axis2), axis=-1)


# Of several matrices


@implements(np.linalg.multi_dot)
def multi_dot(arrays: Sequence[Array]) -> Array:
    """Return the product of a chain of matrices, in the order that takes the fewest multiplications.

    Parameters
    ----------
    arrays : two or more matrices; the first may be a vector, taken as a row, and the last one, as a column
    """
    chain = _several(arrays, "linalg.multi_dot")
    got = ", ".join(describe(a) for a in chain)
    if len(chain) < 2:
        raise ShapeError(f"linalg.multi_dot: needs at least two arrays, got {got}")
    ends = len(chain[0].shape) == 1, len(chain[-1].shape) == 1
    chain[0] = expand_dims(chain[0], 0) if ends[0] else chain[0]
    chain[-1] = expand_dims(chain[-1], 1) if ends[1] else chain[-1]
    if any(len(a.shape) != 2 for a in chain) or any(a.shape[1] != b.shape[0] for a, b in pairwise(chain)):
        raise ShapeError(f"linalg.multi_dot: got {got}; a matrix must have as many rows as the one before has columns")
    splits = _splits([a.shape[0] for a in chain] + [chain[-1].shape[1]])
    product = _product(chain, splits, 0, len(chain) - 1)
    return squeeze(product, axis=tuple(i for i in (0, 1) if ends[i]))


def _splits(lengths: list[int]) -> dict[tuple[int, int], int]:
    """Return where to cut the chain i … j into two, for the fewest multiplications: Cormen et al., §15.2."""
    count = len(lengths) - 1
    cost, best = {(i, i): 0 for i in range(count)}, {}
    for span in range(1, count):
        for i in range(count - span):
            j = i + span
            costs = {k: cost[i, k] + cost[k + 1, j] + lengths[i] * lengths[k + 1] * lengths[j + 1] for k in range(i, j)}
            best[i, j] = min(costs, key=costs.__getitem__)
            cost[i, j] = costs[best[i, j]]
    return best


def _product(chain: list[Array], splits: dict[tuple[int, int], int], i: int, j: int) -> Array:
    if i == j:
        return chain[i]
    k = splits[i, j]
    return matmul(_product(chain, splits, i, k), _product(chain, splits, k + 1, j))


def identity_like(a: Array) -> Array:
    """Return identity matrices in place of the square matrices of `a`: a constant, on its device."""
    data = a.data if isinstance(a, Tensor) else a
    made = np.zeros_like(data) + np.eye(a.shape[-1], dtype=data.dtype, like=data)
    return Tensor(made) if isinstance(a, Tensor) else made


@implements(np.linalg.matrix_power)
def matrix_power(a: Array, n: int) -> Array:
    """Return the n-th power of a square matrix, or of every one of a stack; of its inverse for n < 0.

    By repeated squaring: about 2 log₂ n products. For n = 0 it is the identity, whose derivative is 0.
    """
    a, n = operand(a, "linalg.matrix_power"), as_integer("linalg.matrix_power", "n", n)
    if len(a.shape) < 2 or a.shape[-1] != a.shape[-2]:
        raise ShapeError(f"linalg.matrix_power: got {describe(a)}; its last two axes must be equally long")
    if n < 0:
        return matrix_power(np.linalg.inv(a), -n)
    power, square = None, a
    while n:
        if n % 2:
            power = square if power is None else matmul(power, square)
        n //= 2
        square = matmul(square, square) if n else square
    return np.where(True, identity_like(a), a) if power is None else power
