"""What debug mode adds: the user's line, copies of saved values, and a look at every number.

None of this runs outside `mg.debug()`. Read next: `minigrad/ops/elementwise.py`.
"""

from __future__ import annotations

import linecache
from typing import Any, NamedTuple

import numpy as np

from ..device import find_device, to_numpy
from ..errors import GraphError, NonFiniteError, describe, users_frame


class Trace(NamedTuple):
    """Where a node was made, and what it saved."""

    line: str
    copies: tuple[Any, ...]


def user_line() -> str:
    """Return `file:line: code` of the innermost frame outside minigrad.

    >>> user_line().startswith("<doctest")
    True
    """
    frame, _ = users_frame()
    file, number = frame.f_code.co_filename, frame.f_lineno
    code = linecache.getline(file, number).strip()
    return f"{file}:{number}: {code}" if code else f"{file}:{number}"


def _first_bad(array: Any) -> tuple[Any, list[int]] | None:
    """Return the first NaN or inf of a float array and its index, or None."""
    if isinstance(array, np.generic):
        array = np.asarray(array)
    if find_device(array) is None or array.dtype.kind != "f" or bool(np.isfinite(array).all()):
        return None
    host = to_numpy(array)
    index = np.argwhere(~np.isfinite(host))[0]
    return host[tuple(index)], index.tolist()


def _unwrap(value: Any) -> Any:
    return value.data if hasattr(value, "requires_grad") else value


def check_result(name: str, out: Any, operands: dict[str, Any]) -> None:
    """Raise when `out` has NaN or inf though every operand is finite."""
    bad = _first_bad(out)
    if bad is None or any(_first_bad(_unwrap(value)) for value in operands.values()):
        return
    got = ", ".join(f"{key}: {describe(_unwrap(value))}" for key, value in operands.items())
    value, index = bad
    raise NonFiniteError(f"{name}: the result has {value} at {index}, from finite operands {got}; in {user_line()}")


def check_cotangent(name: str, argument: str, g: Any, dx: Any, trace: Trace | None) -> None:
    """Raise when a rule made NaN or inf out of a finite cotangent."""
    bad = _first_bad(_unwrap(dx))
    if bad is None or _first_bad(_unwrap(g)) is not None:
        return
    value, index = bad
    where = f"; the operation was called in {trace.line}" if trace else ""
    raise NonFiniteError(
        f"{name}: the gradient of {argument} has {value} at {index}, the one of the result is finite{where}"
    )


def _arrays(saved: tuple[Any, ...]) -> list[Any]:
    flat = [item for value in saved for item in (value if isinstance(value, tuple) else (value,))]
    return [array for array in map(_unwrap, flat) if find_device(array) is not None]


def make_trace(saved: tuple[Any, ...]) -> Trace:
    """Remember the user's line and a copy of every saved array."""
    return Trace(user_line(), tuple(array.copy() for array in _arrays(saved)))


def check_unchanged(name: str, saved: tuple[Any, ...], trace: Trace) -> None:
    """Raise when a saved array no longer equals the copy kept of it."""
    for now, then in zip(_arrays(saved), trace.copies, strict=True):
        same = now.shape == then.shape and bool(((now == then) | ((now != now) & (then != then))).all())
        if not same:
            raise GraphError(
                f"{name}: a value it saved for backward ({describe(now)}) has changed since, behind minigrad's "
                f"back (through .data or .numpy()); the operation was called in {trace.line}. "
                "Run backward first, or change a copy"
            )
