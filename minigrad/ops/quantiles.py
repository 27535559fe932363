"""The median, and quantiles by all of NumPy's definitions.

A quantile lies at a position among the sorted elements, and between two of them it is their weighted mean. So its
gradient goes to these two, by their weights, and to q, which moves the position. Read next: `nans.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine import Tensor, implements, operand
from ..errors import ShapeError, describe
from .choosing import take_along_axis
from .elementwise import floating
from .reduce import Axes, axes_within, count, mean, plain
from .shape import astype, reshape, transpose
from .sorting import sort

Array = Any


def _between(alpha: float, beta: float) -> Callable[[Any, Array], Array]:
    return lambda n, q: n * q + alpha + q * (1 - alpha - beta) - 1


# The position of the quantile q among n sorted elements, counted from 0: Hyndman & Fan, "Sample Quantiles in
# Statistical Packages", The American Statistician 50 (1996) 361-365, their nine in their order, then four of NumPy's.
METHODS: dict[str, Callable[[Any, Array], Array]] = {
    "inverted_cdf": lambda n, q: np.ceil(n * q - 1),
    "averaged_inverted_cdf": lambda n, q: (np.floor(n * q - 1) + 1 + np.ceil(n * q - 1)) / 2,
    "closest_observation": lambda n, q: np.rint(n * q) - 1,
    "interpolated_inverted_cdf": _between(0, 1),
    "hazen": _between(0.5, 0.5),
    "weibull": _between(0, 0),
    "linear": lambda n, q: (n - 1) * q,
    "median_unbiased": _between(1 / 3, 1 / 3),
    "normal_unbiased": _between(3 / 8, 3 / 8),
    "lower": lambda n, q: np.floor((n - 1) * q),
    "higher": lambda n, q: np.ceil((n - 1) * q),
    "midpoint": lambda n, q: (np.floor((n - 1) * q) + np.ceil((n - 1) * q)) / 2,
    "nearest": lambda n, q: np.rint((n - 1) * q),
}


def _probabilities(q: Any, call: str, whole: float) -> Array:
    """Return q, given as parts of a whole of 1 or 100, as numbers from 0 to 1: an array, or a Tensor if it is live."""
    p = np.asarray(q.numpy() if isinstance(q, Tensor) else q, np.float64) / whole
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError(f"{call}: q must lie between 0 and {whole:g}, got {describe(q)}")
    return astype(q, np.float64) / whole if isinstance(q, Tensor) and q.requires_grad else p


def _quantile(
    a: Array, q: Any, axis: Axes, method: str, keepdims: bool, call: str, whole: float = 1, skip_nan: bool = False
) -> Array:
    """Return quantiles along the axes: of the numbers, or of all elements, and then NaN where there is a NaN."""
    a, p = floating(operand(a, call)), _probabilities(q, call, whole)
    if method not in METHODS:
        raise ValueError(f"{call}: method must be one of {', '.join(METHODS)}; got {method!r}")
    axes = axes_within(a, axis, call)
    rest = [i for i in range(len(a.shape)) if i not in axes]
    lengths, length = [a.shape[i] for i in rest], math.prod([a.shape[i] for i in axes])
    if not length:
        raise ShapeError(f"{call}: there must be an element along the axes, got {describe(a)}, axis={axis}")
    x = sort(reshape(transpose(a, (*axes, *rest)), (length, *lengths)), 0)

    data = plain(x)
    numbers = (data == data).sum(axis=0) if skip_nan else length
    column = p if isinstance(p, Tensor) else np.asarray(p.tolist(), like=data)
    column = column.reshape((p.size, *[1] * len(rest)))
    position = np.clip(METHODS[method](numbers, column), 0, np.maximum(numbers - 1, 0))
    below, above = np.floor(plain(position)), np.ceil(plain(position))
    part = np.where(above == below, 0.5, position - below)  # two halves of one element where it is met exactly
    lower, upper = [take_along_axis(x, i.astype(np.intp), 0) for i in (below, above)]
    value = lower * (1 - part) + upper * part
    if not skip_nan:
        value = value * np.where(data[-1:] == data[-1:], 1, np.nan)  # a NaN is sorted last
    shape = [1 if i in axes else n for i, n in enumerate(a.shape)] if keepdims else lengths
    return reshape(astype(value, a.dtype), (*p.shape, *shape))


@implements(np.quantile)
def quantile(a: Array, q: Any, axis: Axes = None, *, method: str = "linear", keepdims: bool = False) -> Array:
    """Return the quantiles q of the elements along the axes, all by default; NaN where there is a NaN.

    Parameters
    ----------
    q : a number from 0 to 1, or an array of them, whose axes come first in the result; its gradient is how steeply
        the quantile rises between two elements, and 0 where it is one of them
    method : "linear" between elements, or one of NumPy's twelve others

    >>> import minigrad as mg
    >>> mg.quantile(mg.tensor([4.0, 1.0, 2.0]), [0.5, 0.75])
    tensor([2., 3.])
    """
    return _quantile(a, q, axis, method, keepdims, "quantile")


@implements(np.percentile)
def percentile(a: Array, q: Any, axis: Axes = None, *, method: str = "linear", keepdims: bool = False) -> Array:
    """Return the quantiles q / 100 of the elements along the axes; see `quantile`."""
    return _quantile(a, q, axis, method, keepdims, "percentile", 100)


@implements(np.median)
def median(a: Array, axis: Axes = None, *, keepdims: bool = False) -> Array:
    """Return the middle element along the axes, the mean of the middle two of an even number; NaN where there is one.

    The gradient goes to the middle one, or in halves to the middle two.

    >>> import minigrad as mg
    >>> mg.grad(mg.median)(mg.tensor([7.0, 1.0, 3.0, 2.0]))
    tensor([0. , 0. , 0.5, 0.5])
    """
    return _median(a, axis, keepdims, "median")


@implements(np.nanquantile)
def nanquantile(a: Array, q: Any, axis: Axes = None, *, method: str = "linear", keepdims: bool = False) -> Array:
    """Return the quantiles q of the elements along the axes that are not NaN; NaN where all are. See `quantile`."""
    return _quantile(a, q, axis, method, keepdims, "nanquantile", skip_nan=True)


@implements(np.nanpercentile)
def nanpercentile(a: Array, q: Any, axis: Axes = None, *, method: str = "linear", keepdims: bool = False) -> Array:
    """Return the quantiles q / 100 of the elements along the axes that are not NaN; NaN where all are."""
    return _quantile(a, q, axis, method, keepdims, "nanpercentile", 100, skip_nan=True)


@implements(np.nanmedian)
def nanmedian(a: Array, axis: Axes = None, *, keepdims: bool = False) -> Array:
    """Return the median of the elements along the axes that are not NaN; NaN where all are."""
    return _median(a, axis, keepdims, "nanmedian", skip_nan=True)


def _median(a: Array, axis: Axes, keepdims: bool, call: str, skip_nan: bool = False) -> Array:
    a = operand(a, call)
    if not count(a.shape, axes_within(a, axis, call)):
        return mean(a, axis, keepdims=keepdims)  # NaN, and NumPy's warning
    return _quantile(a, 0.5, axis, "linear", keepdims, call, skip_nan=skip_nan)
