"""Constants: zeros, ones, ranges, and others of a given shape or as large as another array.

None has a derivative: a result is a new leaf. Read next: `minigrad/transforms/`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..engine import Tensor, get_default_dtype, implements
from ..engine.convert import as_dtype
from ..errors import as_integer, describe

Array = Any
Shape = int | tuple[int, ...]


def _dtype(dtype: Any, call: str) -> np.dtype[Any]:
    """Return the dtype that was asked for, the default one for None."""
    if dtype is None:
        return get_default_dtype()
    if isinstance(dtype, int):
        raise TypeError(
            f"{call}: got dtype={dtype}, which is a number; the shape is one argument, as in {call}((2, 3))"
        )
    return as_dtype(dtype, call)


def _lengths(shape: Any, call: str) -> tuple[int, ...]:
    """Return a shape, the lengths of the axes, or raise where one of them is none."""
    found = tuple([as_integer(call, "a length of the shape", n) for n in (shape if np.iterable(shape) else (shape,))])
    if min(found, default=0) < 0:
        raise ValueError(f"{call}: a length of the shape must not be negative, got {shape!r}")
    return found


def _number(value: Any, call: str, name: str, remedy: str) -> Any:
    if not isinstance(value, int | float | np.number | np.bool):
        raise TypeError(f"{call}: {name} must be a number, got {describe(value)}; {remedy}")
    return value


# Of a given shape


def zeros(shape: Shape, dtype: Any = None, *, device: str | None = None, requires_grad: bool = False) -> Tensor:
    """Return zeros.

    Parameters
    ----------
    shape : the lengths of the axes, or one number
    dtype : by default the default dtype, float32 unless `set_default_dtype` has changed it
    device : "cpu" or "cuda"
    requires_grad : whether backward should fill `.grad`

    >>> import minigrad as mg
    >>> mg.zeros((2, 3))
    tensor([[0., 0., 0.],
            [0., 0., 0.]])
    """
    return Tensor(np.zeros(_lengths(shape, "zeros"), _dtype(dtype, "zeros")), requires_grad, device=device)


def ones(shape: Shape, dtype: Any = None, *, device: str | None = None, requires_grad: bool = False) -> Tensor:
    """Return ones; the arguments are those of `zeros`."""
    return Tensor(np.ones(_lengths(shape, "ones"), _dtype(dtype, "ones")), requires_grad, device=device)


def full(
    shape: Shape, fill_value: float, dtype: Any = None, *, device: str | None = None, requires_grad: bool = False
) -> Tensor:
    """Return one number everywhere; its dtype by default is the default one for a float, and NumPy's for others."""
    _number(fill_value, "full", "fill_value", "broadcast_to(value, shape) repeats a Tensor and keeps its gradient")
    kept = dtype is None and not isinstance(fill_value, float)
    wanted = np.asarray(fill_value).dtype if kept else _dtype(dtype, "full")
    return Tensor(
        np.full(_lengths(shape, "full"), _fitting(fill_value, wanted, "full"), wanted), requires_grad, device=device
    )


def eye(
    N: int, M: int | None = None, k: int = 0, dtype: Any = None, *, device: str | None = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Return ones on the k-th diagonal of N rows and M columns (N by default), and zeros elsewhere."""
    rows, columns = _lengths((N, N if M is None else M), "eye")
    k = as_integer("eye", "k", k)
    return Tensor(np.eye(rows, columns, k, _dtype(dtype, "eye")), requires_grad, device=device)


def identity(n: int, dtype: Any = None, *, device: str | None = None, requires_grad: bool = False) -> Tensor:
    """Return the identity matrix of n rows."""
    return Tensor(np.eye(*_lengths(n, "identity"), dtype=_dtype(dtype, "identity")), requires_grad, device=device)


def tri(
    N: int, M: int | None = None, k: int = 0, dtype: Any = None, *, device: str | None = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Return ones on and below the k-th diagonal of N rows and M columns (N by default), and zeros above."""
    rows, columns = _lengths((N, N if M is None else M), "tri")
    k = as_integer("tri", "k", k)
    return Tensor(np.tri(rows, columns, k, _dtype(dtype, "tri")), requires_grad, device=device)


# Ranges: computed in float64, then rounded to the dtype

_RANGE = "start + (stop - start) * mg.linspace(0, 1, num) keeps the gradient of Tensors"


def arange(
    start: float, stop: float | None = None, step: float = 1, *, dtype: Any = None, device: str | None = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Return the numbers start, start + step, … before stop; with one argument, 0, 1, … before it.

    Integers give integers; floats the default dtype.

    >>> import minigrad as mg
    >>> mg.arange(3), mg.arange(0.0, 1.0, 0.25)
    (tensor([0, 1, 2]), tensor([0.  , 0.25, 0.5 , 0.75]))
    """
    first, last = (0, start) if stop is None else (start, stop)
    for name, value in (("start", first), ("stop", last), ("step", step)):
        _number(value, "arange", name, _RANGE)
    if step == 0:
        raise ValueError("arange: step must not be 0")
    values = np.arange(first, last, step)
    wanted = values.dtype if dtype is None and values.dtype.kind != "f" else _dtype(dtype, "arange")
    return Tensor(values, requires_grad, dtype=wanted, device=device)


def linspace(
    start: float, stop: float, num: int = 50, endpoint: bool = True, dtype: Any = None, *, device: str | None = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Return `num` numbers in equal steps from start to stop, which is the last one unless `endpoint` is false."""
    _number(start, "linspace", "start", _RANGE), _number(stop, "linspace", "stop", _RANGE)
    values = np.linspace(start, stop, num, endpoint, dtype=_dtype(dtype, "linspace"))
    return Tensor(values, requires_grad, device=device)


def logspace(
    start: float, stop: float, num: int = 50, endpoint: bool = True, base: float = 10.0, dtype: Any = None, *,
    device: str | None = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Return `num` numbers in equal ratios from base ** start to base ** stop."""
    for name, value in (("start", start), ("stop", stop), ("base", base)):
        _number(value, "logspace", name, "base ** mg.linspace(…) keeps the gradient of Tensors")
    values = np.logspace(start, stop, num, endpoint, base, dtype=_dtype(dtype, "logspace"))
    return Tensor(values, requires_grad, device=device)


def geomspace(
    start: float, stop: float, num: int = 50, endpoint: bool = True, dtype: Any = None, *, device: str | None = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Return `num` numbers in equal ratios from start to stop, which have one sign and are not 0."""
    for name, value in (("start", start), ("stop", stop)):
        _number(value, "geomspace", name, "mg.exp of a range of logarithms keeps the gradient of Tensors")
    if not start * stop > 0:
        raise ValueError(f"geomspace: start and stop must have one sign and not be 0, got {start} and {stop}")
    values = np.geomspace(start, stop, num, endpoint, _dtype(dtype, "geomspace"))
    return Tensor(values, requires_grad, device=device)


# As another array


def _like(make: Any, call: str, a: Array, dtype: Any, shape: Any, device: str | None, requires_grad: bool) -> Tensor:
    data = a._data if isinstance(a, Tensor) else Tensor(a)._data
    wanted = None if dtype is None else _dtype(dtype, call)
    return Tensor(make(data, dtype=wanted, shape=shape), requires_grad, device=device)


@implements(np.zeros_like)
def zeros_like(
    a: Array, dtype: Any = None, *, shape: Shape | None = None, device: str | None = None, requires_grad: bool = False
) -> Tensor:
    """Return zeros of the shape, the dtype and the device of `a`, where no others are given.

    >>> import minigrad as mg
    >>> mg.zeros_like(mg.tensor([[1.0, 2.0]], requires_grad=True))
    tensor([[0., 0.]])
    """
    return _like(np.zeros_like, "zeros_like", a, dtype, shape, device, requires_grad)


@implements(np.ones_like)
def ones_like(
    a: Array, dtype: Any = None, *, shape: Shape | None = None, device: str | None = None, requires_grad: bool = False
) -> Tensor:
    """Return ones of the shape, the dtype and the device of `a`, where no others are given."""
    return _like(np.ones_like, "ones_like", a, dtype, shape, device, requires_grad)


@implements(np.full_like)
def full_like(
    a: Array, fill_value: float, dtype: Any = None, *, shape: Shape | None = None, device: str | None = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Return one number everywhere, in the shape, the dtype and on the device of `a`, where no others are given.

    Raises
    ------
    TypeError
        when `fill_value` is an array or a Tensor, whose gradient would be lost.
    ValueError
        when the dtype cannot hold it: 0.5 among integers.
    """
    _number(
        fill_value, "full_like", "fill_value", "broadcast_to(value, a.shape) repeats a Tensor and keeps its gradient"
    )
    made = _like(np.zeros_like, "full_like", a, dtype, shape, device, requires_grad)
    made._data = np.full_like(made.data, _fitting(fill_value, made.dtype, "full_like"))
    return made


def _fitting(value: Any, dtype: np.dtype[Any], call: str) -> Any:
    """Return a number that a dtype can hold."""
    if dtype.kind != "f":
        try:
            held = np.array(value, dtype).item()
        except (OverflowError, ValueError):
            held = None
        if value != held:
            raise ValueError(f"{call}: {dtype} cannot hold {value!r}; pass dtype='float32' for a floating result")
    return value


# Conversion, and questions about the shape


def asarray(a: Any, dtype: Any = None, *, device: str | None = None) -> Tensor:
    """Return `a` as a Tensor: itself, with its graph, if it is one already; an array is not copied.

    Parameters
    ----------
    dtype, device : what to convert to, by default what `a` has; lists of floats become the default dtype
    """
    if not isinstance(a, Tensor):
        return Tensor(a, dtype=dtype, device=device)
    moved: Tensor = a if device is None else a.to(device)
    return moved if dtype is None else moved.astype(dtype)


@implements(np.shape)
def shape(a: Tensor) -> tuple[int, ...]:
    """Return the lengths of the axes."""
    return a.shape


@implements(np.ndim)
def ndim(a: Tensor) -> int:
    """Return the number of axes."""
    return len(a.shape)


@implements(np.size)
def size(a: Tensor, axis: int | tuple[int, ...] | None = None) -> int:
    """Return the number of elements, or of those along some axes."""
    if axis is None:
        return a.size
    return math.prod(a.shape[i] for i in (axis if isinstance(axis, tuple) else (axis,)))
