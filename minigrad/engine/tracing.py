"""Where a tracer listens, in the few places where a computation is more than calls on arrays.

`minigrad.program` runs a function once on arrays that write down every call. What is no call on an array asks
here: the arrays that an optimizer updates, a learning rate, a random draw, a change of Python's own state, a check
of values. Without a tracer each of them does at once what it was asked. Read next: `minigrad/ops/elementwise.py`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any


class _Current(threading.local):
    tracer: Any = None  # of this thread: see `minigrad/program/trace.py`


current = _Current()


def effect(change: Callable[[], Any]) -> None:
    """Change Python's own state, now and at every later run."""
    if current.tracer is not None:
        current.tracer.effect(change)
    change()


def draw(in_use: Callable[[], Any], method: str, **options: Any) -> Any:
    """Return fresh random numbers, now and at every later run, from the generator that `in_use` returns then."""
    if current.tracer is not None:
        return current.tracer.draw(in_use, method, options)
    return getattr(in_use(), method)(**options)


def holds(condition: Any) -> bool:
    """Return whether a condition on values holds: what a check of the input asks.

    A later run for which it comes out otherwise is not replayed but run by itself, so that it raises as it should.
    """
    return bool(condition) if current.tracer is None else current.tracer.holds(condition)


def of_numbers(function: Callable[..., float], *numbers: Any) -> Any:
    """Return a Python function of numbers, some of which may differ at a later run."""
    return function(*numbers) if current.tracer is None else current.tracer.call(function, numbers, {})
