"""What becomes an array, and of which dtype: results, constants beside Tensors, lists and numbers.

Python numbers never change a dtype, and lists no more than they do. This stands below `tensor.py`, and
knows a Tensor by its `requires_grad`. Read next: `tensor.py`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..device import device_of, find_device, move
from ..errors import DtypeError, ShapeError, describe

_default_dtype = np.dtype(np.float32)


def set_default_dtype(dtype: Any) -> None:
    """Set the dtype that Python numbers and lists of them become: float32 unless changed.

    >>> import minigrad as mg
    >>> mg.set_default_dtype("float64"); mg.tensor([1.0]).dtype
    dtype('float64')
    >>> mg.set_default_dtype("float32")
    """
    global _default_dtype
    dtype = as_dtype(dtype, "set_default_dtype")
    if dtype.kind != "f":
        raise DtypeError(f"set_default_dtype: needs a floating dtype (float16, float32, float64), got {dtype}")
    _default_dtype = dtype


def get_default_dtype() -> np.dtype[Any]:
    """Return the dtype that Python numbers and lists of them become."""
    return _default_dtype if _own.default_dtype is None else _own.default_dtype


class _Own(threading.local):
    default_dtype: np.dtype[Any] | None = None


_own = _Own()


@contextmanager
def default_dtype(dtype: Any) -> Iterator[None]:
    """Let Python numbers become another dtype inside, in this thread alone."""
    before, _own.default_dtype = _own.default_dtype, np.dtype(dtype)
    try:
        yield
    finally:
        _own.default_dtype = before


# What NumPy's operations return: arrays, and scalars in place of 0-d ones.
USUAL = frozenset({np.ndarray, np.float16, np.float32, np.float64, np.bool_, np.int64})


def as_array(value: Any) -> Any:
    """Return a result as a Tensor may hold it: a device's array, or NumPy's scalar in place of a 0-d one."""
    if isinstance(value, np.generic):
        return value
    if isinstance(value, float | int):
        return np.asarray(value)
    if find_device(value) is not None:
        return value
    raise TypeError(f"a primitive must return an array, got {describe(value)}")


def constant(value: Any, op: Any, operands: tuple[Any, ...]) -> Any:
    """Return an operand that is no Tensor as the operation's body may see it.

    Numbers stay Python numbers and NumPy scalars become them, so they never change a dtype. Nor do
    lists: they become arrays of the dtype of a floating Tensor beside them.
    """
    kind = value.__class__
    if kind is float or value is None or kind is int or kind is bool:
        return value
    if kind is np.ndarray:
        check_dtype(value.dtype, op.name)
        return value
    if isinstance(value, np.generic):
        check_dtype(value.dtype, op.name)
        return value.item()
    if isinstance(value, list | tuple):
        array = from_python(value, op.name)
        tensors = [x for x in operands if hasattr(x, "requires_grad")]
        beside = next((x.dtype for x in tensors if x.dtype.kind == "f"), array.dtype)
        made = from_python(value, op.name, beside) if array.dtype.kind in "if" else array
        return move(made, device_of(tensors[0].data))
    if find_device(value) is not None:
        return value
    raise no_array(value, op.name)


def no_array(value: Any, call: str, why: object = "") -> TypeError:
    """Return the error of an argument that is no array, and cannot become one."""
    why = why or ("a function without return gives None" if value is None else "")
    return TypeError(f"{call}: expected a Tensor, an array or numbers, got {describe(value)}{why and f'; {why}'}")


def check_dtype(dtype: np.dtype[Any], call: str) -> None:
    """Raise for dtypes that are no numbers, or complex ones."""
    if dtype.kind not in "fiub":
        hint = "split it into real and imaginary parts" if dtype.kind == "c" else "convert it to numbers first"
        raise DtypeError(f"{call}: works on floating, integer and boolean arrays, got {dtype}; {hint}")


def as_dtype(dtype: Any, call: str) -> np.dtype[Any]:
    """Return the dtype that was asked for; raise for what is none, or of no numbers, or complex ones."""
    try:
        found = np.dtype(dtype)
    except TypeError:
        raise DtypeError(f'{call}: dtype must be one such as "float32", got {describe(dtype)}') from None
    check_dtype(found, call)
    return found


def operand(value: Any, call: str) -> Any:
    """Return what a function made of operations was given as a Tensor or an array: lists and numbers become arrays."""
    if hasattr(value, "requires_grad") or find_device(value) is not None:
        return value
    if isinstance(value, list | tuple | int | float | np.generic):
        return from_python(value, call)
    raise no_array(value, call)


def numbers(data: Any, call: str, dtype: Any = None) -> np.ndarray:
    """Return Python numbers, or nested lists of them, as NumPy does; refuse what holds anything else."""
    try:
        array = np.array(data, dtype=dtype)
    except (ValueError, TypeError) as error:
        if "inhomogeneous" not in str(error):
            raise no_array(data, call, error) from error
        raise ShapeError(f"{call}: the nested lists are not rectangular ({error}); give rows of equal length") from None
    if array.dtype.kind in "fiubc":
        check_dtype(array.dtype, call)
        return array
    raise no_array(data, call, f"its elements are no numbers ({array.dtype})" if array.ndim else "")


def from_python(data: Any, call: str = "tensor", dtype: Any = None) -> np.ndarray:
    """Return Python numbers, or nested lists of them, as an array: floats take the default dtype."""
    array = numbers(data, call, dtype)
    if dtype is None and array.dtype.kind == "f":
        array = array.astype(get_default_dtype())
    return array


def check_differentiable(dtype: np.dtype[Any]) -> None:
    """Raise when tensors of that dtype cannot require gradients."""
    if dtype.kind != "f":
        raise DtypeError(
            f"only floating tensors can require gradients, this one is {dtype}; "
            "make it with dtype=mg.get_default_dtype(), or convert it with t.astype('float32')"
        )
