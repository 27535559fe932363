"""Variance and what is made of it; weighted means; covariance and correlation.

Elements are centred before they are squared, so that a large mean costs no digits. Read next: `sorting.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import Tensor, add_up, implements, operand, primitive
from ..engine.tracing import holds
from ..errors import ShapeError, as_number, describe
from . import reduce
from .elementwise import floating, sqrt, square
from .kinks import clip
from .linalg import matmul
from .matrices import diagonal
from .norms import two_norm
from .reduce import Axes, Shape, axes_within, centred, count, deviations, keep, only, over, plain, sum, widened
from .shape import astype, atleast_2d, broadcast_to, concatenate, expand_dims, made_beside, reshape, squeeze, transpose

Array = Any


# Variance


def _freedom(shape: Shape, axis: Axes, ddof: float, where: Any, keepdims: bool = True) -> Any:
    """Return n − ddof, or 0: a number, or with a mask an array of them."""
    freedom = count(shape, axis, where, keepdims) - ddof
    return max(freedom, 0) if isinstance(freedom, int | float) else np.maximum(freedom, 0)


def _var(a: Array, *, axis: Axes = None, ddof: float = 0, keepdims: bool = False, where: Any = None) -> Array:
    """Return the variance along the axes."""
    d = deviations(widened(a), axis, where)
    found = over(add_up(d * d, axis, keepdims), _freedom(a.shape, axis, ddof, where, keepdims))
    return found.astype(np.float16) if a.dtype.char == "e" else found


def _var_back(g: Array, a: Array, axis: Axes, ddof: float, where: Any) -> Array:
    slope = over(2 * widened(keep(g, a.shape, axis)), _freedom(a.shape, axis, ddof, where))
    return (slope * centred(widened(a), axis=axis, where=where)).astype(a.dtype)


def _std(a: Array, *, axis: Axes = None, ddof: float = 0, keepdims: bool = False, where: Any = None) -> Array:
    """Return the standard deviation along the axes."""
    d = deviations(widened(a), axis, where)
    found = over(two_norm(d, axis, keepdims), _freedom(a.shape, axis, ddof, where, keepdims) ** 0.5)
    return found.astype(np.float16) if a.dtype.char == "e" else found


def _std_back(g: Array, out: Array, a: Array, axis: Axes, ddof: float, where: Any) -> Array:
    slope = over(widened(keep(g, a.shape, axis)), _freedom(a.shape, axis, ddof, where))
    scale = keep(out, a.shape, axis)
    direction = centred(widened(a), axis=axis, where=where) / np.where(scale == 0, 1, scale)
    return np.where(scale == 0, 0, slope * direction).astype(a.dtype)


_var.__name__, _std.__name__ = "var", "std"  # what their errors say: the public functions are below
_variance, _deviation = primitive(_var), primitive(_std)
_variance.defvjp(a=_var_back)
_deviation.defvjp(a=_std_back)


def _one_ddof(call: str, ddof: float, correction: float | None) -> float:
    if correction is not None and ddof != 0:
        raise ValueError(f"{call}: got ddof={ddof} and correction={correction}, two names for one number; give one")
    ddof = as_number(call, "ddof", ddof if correction is None else correction)
    if isinstance(ddof, Tensor):
        raise TypeError(f"{call}: ddof is a constant, got the Tensor {describe(ddof)}; take its number with t.item()")
    return ddof


@implements(np.var)
def var(
    a: Array,
    axis: Axes = None,
    *,
    ddof: float = 0,
    keepdims: bool = False,
    where: Any = None,
    mean: Any = None,
    correction: float | None = None,
) -> Array:
    """Return the variance Σ(a − mean)² / (n − ddof) along the axes, all by default.

    Parameters
    ----------
    ddof, correction : what is taken from the number of elements, under two names: 0 as in NumPy, 1 as in PyTorch
    where : a mask of the elements that count
    mean : the mean, with the reduced axes kept, where it is known already

    >>> import minigrad as mg
    >>> mg.var(mg.tensor([10000.0, 10001.0, 10002.0, 10003.0]))
    tensor(1.25)
    """
    ddof = _one_ddof("var", ddof, correction)
    if mean is None:
        return _variance(a, axis, ddof, keepdims, where)
    a = floating(operand(a, "var"))
    total = sum(square(only(widened(a) - mean, where)), axis, keepdims=keepdims)
    return astype(over(total, _freedom(a.shape, axis, ddof, where, keepdims)), a.dtype)


@implements(np.std)
def std(
    a: Array,
    axis: Axes = None,
    *,
    ddof: float = 0,
    keepdims: bool = False,
    where: Any = None,
    mean: Any = None,
    correction: float | None = None,
) -> Array:
    """Return the standard deviation, the root of `var`, along the axes; its gradient at 0 is taken to be 0.

    It is the length of the vector of deviations over √(n − ddof), so that no square overflows or vanishes.
    """
    ddof = _one_ddof("std", ddof, correction)
    if mean is None:
        return _deviation(a, axis, ddof, keepdims, where)
    a = floating(operand(a, "std"))
    length = two_norm(only(widened(a) - mean, where), axis, keepdims)
    return astype(over(length, _freedom(a.shape, axis, ddof, where, keepdims) ** 0.5), a.dtype)


# Weighted means


@implements(np.average)
def average(a: Array, axis: Axes = None, weights: Any = None, returned: bool = False, *, keepdims: bool = False) -> Any:
    """Return the weighted mean Σ w a / Σ w along the axes, all by default.

    Parameters
    ----------
    weights : of the shape of `a`, or of that of the axes, differentiable; 1 each if there are none
    returned : whether to return Σ w beside it, of its shape

    Raises
    ------
    ZeroDivisionError
        where the weights sum to 0.
    """
    a = operand(a, "average")
    axes = axes_within(a, axis, "average")
    if weights is None:
        found = reduce.mean(a, axes, keepdims=keepdims)
        return (found, np.full_like(found, count(a.shape, axes))) if returned else found
    w = _laid_out(made_beside(weights, (a,), "average"), a, axis, axes)
    total = sum(w, axes, keepdims=keepdims)
    if not holds((plain(total) != 0).all()):
        raise ZeroDivisionError(f"average: the weights, {describe(weights)}, sum to 0 along the axes")
    found = sum(a * w, axes, keepdims=keepdims) / total
    return (found, broadcast_to(total, found.shape)) if returned else found


def _laid_out(w: Array, a: Array, axis: Axes, axes: tuple[int, ...]) -> Array:
    """Return weights so that they broadcast against `a`: those of some axes with the others, of length 1, put in."""
    if w.shape == a.shape:
        return w
    if axis is None or tuple(w.shape) != tuple([a.shape[i] for i in axes]):
        raise ShapeError(
            f"average: got {describe(a)}, axis={axis}, weights {describe(w)}; weights must have the shape of the "
            "array, or with axis= that of the axes"
        )
    in_order = transpose(w, [axes.index(i) for i in sorted(axes)])
    return reshape(in_order, [n if i in axes else 1 for i, n in enumerate(a.shape)])


# Covariance


def _variables(m: Array, y: Array | None, rowvar: bool, call: str) -> Array:
    """Return observations with a row for each variable, those of `y` below those of `m`."""
    if y is not None:
        return concatenate([_variables(m, None, rowvar, call), _variables(y, None, rowvar, call)])
    m = floating(operand(m, call))
    if len(m.shape) > 2:
        raise ShapeError(f"{call}: needs a vector or a matrix of observations, got {describe(m)}")
    rows = atleast_2d(m)
    return rows if rowvar or len(m.shape) < 2 else transpose(rows)


def _weights(w: Any, x: Array, name: str) -> Array:
    w, n = made_beside(w, (x,), "cov"), x.shape[1]
    if tuple(w.shape) != (n,) or not holds((plain(w) >= 0).all()):
        raise ShapeError(f"cov: {name} must be {n} weights ≥ 0, one for each observation; got {describe(w)}")
    return astype(w, x.dtype)


@implements(np.cov)
def cov(
    m: Array,
    y: Array | None = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: float | None = None,
    fweights: Any = None,
    aweights: Any = None,
) -> Array:
    """Return the matrix of covariances Σ(xᵢ − mean)(xⱼ − mean) / (n − ddof) of variables.

    Parameters
    ----------
    m : (variables, n) observations, with `rowvar=False` (n, variables); or (n,) of one variable, whose result is 0-d
    y : more variables, in the same form
    bias, ddof : n − 1 is divided by; n with `bias`; n − ddof if `ddof` is given
    fweights, aweights : (n,) how often each observation counts, and how much; differentiable
    """
    x = _variables(m, y, rowvar, "cov")
    ddof = (0 if bias else 1) if ddof is None else ddof
    d = centred(x, axis=1)
    f, w = [None if u is None else _weights(u, x, name) for u, name in ((fweights, "fweights"), (aweights, "aweights"))]
    if f is None and w is None:
        return squeeze(over(matmul(d, transpose(d)), max(x.shape[1] - ddof, 0)))
    both = f if w is None else w if f is None else f * w
    total = sum(both)
    freedom = total - ddof * (1 if w is None else sum(both * w) / total)
    d = d - expand_dims(matmul(d, both), 1) / total
    return squeeze(matmul(d * both, transpose(d)) / (total if ddof == 0 else freedom))


@implements(np.corrcoef)
def corrcoef(x: Array, y: Array | None = None, rowvar: bool = True) -> Array:
    """Return the matrix of correlations covᵢⱼ / √(covᵢᵢ covⱼⱼ) of variables, given as for `cov`; NaN beside a constant.

    >>> import minigrad as mg
    >>> mg.corrcoef(mg.tensor([1.0, 2.0, 3.0]), mg.tensor([3.0, 2.0, 1.0]))
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    d = centred(_variables(x, y, rowvar, "corrcoef"), axis=1)
    d = d / two_norm(d, axis=1, keepdims=True)  # so that no square overflows or vanishes
    c = matmul(d, transpose(d))
    scale = diagonal(c)
    return clip(squeeze(c / sqrt(expand_dims(scale, 1) * scale)), -1, 1)
