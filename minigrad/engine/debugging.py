"""What debug mode adds: how every node was made, copies of saved values, and a look at every number.

None of this runs outside `mg.debug()`, or `annotate()`, which takes the notes and checks nothing. Read next:
`minigrad/ops/elementwise.py`.
"""

from __future__ import annotations

import linecache
import sys
import weakref
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..device import find_device, to_numpy
from ..errors import GraphError, NonFiniteError, describe, users_frame
from .modes import DEBUGGING


class Trace(NamedTuple):
    """How a node was made.

    Attributes
    ----------
    line : the user's: `file:line: code`
    operands, options, result : of the call: arrays and numbers; the options by name
    modules : the modules whose forward it was called in, the outermost first
    copies : in debug mode, of every array that was saved; else None
    """

    line: str
    operands: tuple[Any, ...]
    options: dict[str, Any]
    result: Any
    modules: tuple[Any, ...]
    copies: tuple[Any, ...] | None


class Origin(NamedTuple):
    """Which operation an array is the result of, though no graph may say so: `no_grad` and `argmax` leave none.

    Attributes
    ----------
    array : a weak reference to the result; the entry goes with it
    name, line : of the operation, and the user's
    operands : what a gradient was wanted for: the Origin of an operand, or a weak reference to an array that has none
    recorded : whether a node was made
    depth : how many operations back this is known
    """

    array: weakref.ref[Any]
    name: str
    line: str
    operands: tuple[Any, ...]
    recorded: bool
    depth: int


MAX_DEPTH = 1000  # a state that is carried on for ever must not carry its whole past
origins: dict[int, Origin] = {}  # by the `id` of the array; filled inside `annotate()`
before_backward: list[Callable[[Any], None]] = []  # called in debug mode with the tensor that backward starts from


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
    first = next(iter(operands))
    raise NonFiniteError(
        f"{name}: the result has {value} at {index}, from finite operands {got}; in {user_line()}. If a where is to "
        f"choose against it, choose the argument and not the result: {name}(where(ok, {first}, 1))"
    )


def look_at(name: str, result: Any, operands: dict[str, Any], state: int) -> None:
    """Note where a result came from; in debug mode, check it too."""
    if state & DEBUGGING:
        check_result(name, result.data, operands)
    tensors = [x for x in operands.values() if hasattr(x, "requires_grad")]
    array = result.data
    wanted = [x.data for x in tensors if x.requires_grad or id(x.data) in origins]
    if wanted and all(x.data is not array for x in tensors):  # an operation may return its operand
        key = id(array)
        gone = weakref.ref(array, lambda _: origins.pop(key, None))
        known = [origins.get(id(x)) for x in wanted]
        depth = max([o.depth + 1 for o in known if o is not None], default=0) % MAX_DEPTH
        past = tuple([o if o is not None and depth else weakref.ref(x) for o, x in zip(known, wanted, strict=True)])
        line = result._node.trace.line if result.requires_grad else user_line()
        origins[key] = Origin(gone, name, line, past, result.requires_grad, depth)


def check_cotangent(node: Any, argument: str, parent: Any, g: Any, dx: Any, branches: dict[Any, str]) -> None:
    """Raise when a rule made NaN or inf out of a finite cotangent.

    `branches` remembers which nodes only a branch of a `where` leads to: where that is not taken its cotangent is 0,
    and 0 · inf is how it can still do harm.
    """
    line = f"called in {node.trace.line}" if node.trace else "called outside debug mode"
    if node.op.name == "where":
        branches[parent] = f"the branch {argument} of where ({line})"
    elif node in branches:
        branches.setdefault(parent, branches[node])
    bad = _first_bad(_unwrap(dx))
    if bad is None or _first_bad(_unwrap(g)) is not None:
        return
    value, index = bad
    message = (
        f"{node.op.name}: the gradient of {argument} has {value} at {index}, the one of the result is finite; "
        f"the operation was {line}"
    )
    same_shape = getattr(g, "shape", None) == getattr(dx, "shape", None)
    if node in branches and same_shape and not float(_unwrap(g)[tuple(index)]):
        message += (
            f". It is in {branches[node]}, which is not taken there: choose the argument and not the result: "
            f"{node.op.name}(where(ok, {argument}, 1))"
        )
    raise NonFiniteError(message)


def _arrays(saved: tuple[Any, ...]) -> list[Any]:
    flat = [item for value in saved for item in (value if isinstance(value, tuple) else (value,))]
    return [array for array in map(_unwrap, flat) if find_device(array) is not None]


def called_modules(outside: Any = None) -> tuple[Any, ...]:
    """Return the modules that are being called, the outermost first: each is the first argument of its forward.

    A frame that is `outside` is not looked at, nor are those that called it.
    """
    found: list[Any] = []
    frame: Any = sys._getframe(2)
    while frame is not outside:
        code = frame.f_code
        module = frame.f_locals.get(code.co_varnames[0]) if code.co_name == "forward" and code.co_argcount else None
        if hasattr(module, "named_modules") and (not found or found[-1] is not module):
            found.append(module)
        frame = frame.f_back
    return tuple(found[::-1])


def make_trace(
    saved: tuple[Any, ...], operands: tuple[Any, ...], options: dict[str, Any], result: Any, state: int
) -> Trace:
    """Take notes of a call that is being recorded."""
    copies = tuple([array.copy() for array in _arrays(saved)]) if state & DEBUGGING else None
    return Trace(user_line(), operands, options, result, called_modules(), copies)


def check_unchanged(name: str, saved: tuple[Any, ...], trace: Trace) -> None:
    """Raise when a saved array no longer equals the copy kept of it."""
    for now, then in zip(_arrays(saved), trace.copies or (), strict=trace.copies is not None):
        same = now.shape == then.shape and bool(((now == then) | ((now != now) & (then != then))).all())
        if not same:
            raise GraphError(
                f"{name}: a value it saved for backward ({describe(now)}) has changed since, behind minigrad's "
                f"back (through .data or .numpy()); the operation was called in {trace.line}. "
                "Run backward first, or change a copy"
            )
