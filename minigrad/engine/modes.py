"""The switches a computation runs under: is it recorded, is it checked, is it annotated.

Each thread has its own. They live in one integer so that an operation reads them with a single look.
Read next: `node.py`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

RECORDING = 1  # operations on tensors that require gradients become nodes
DEBUGGING = 2  # every value is checked
ANNOTATING = 4  # every node remembers how it was made: the user's line, the operands, the result


class _Modes(threading.local):
    state = RECORDING


modes = _Modes()


@contextmanager
def _switched(on: int = 0, off: int = 0) -> Iterator[None]:
    before = modes.state
    modes.state = (before | on) & ~off
    try:
        yield
    finally:
        modes.state = before


@contextmanager
def no_grad() -> Iterator[None]:
    """Record nothing inside: results do not require gradients. A context manager and a decorator.

    >>> import minigrad as mg
    >>> w = mg.tensor(2.0, requires_grad=True)
    >>> with mg.no_grad():
    ...     y = w * 3
    >>> y.requires_grad
    False
    """
    with _switched(off=RECORDING):
        yield


@contextmanager
def enable_grad() -> Iterator[None]:
    """Record again, inside a `no_grad` block."""
    with _switched(on=RECORDING):
        yield


@contextmanager
def debug() -> Iterator[None]:
    """Watch every operation inside, and the backward pass of everything recorded inside.

    The first operation or rule that makes NaN or inf out of finite numbers raises `NonFiniteError`
    with the operation and the line of your code that called it. A copy of every saved value is kept,
    so that a change made behind minigrad's back (through `.data`) is found at backward. Costs time
    and memory; changes no result.

    >>> import minigrad as mg, numpy as np
    >>> with mg.debug(), np.errstate(divide="ignore"):
    ...     mg.log(mg.tensor([1.0, 0.0]))
    Traceback (most recent call last):
    ...
    minigrad.errors.NonFiniteError: log: the result has -inf at [1], from finite operands x: float32[2]; in ...
    """
    with _switched(on=DEBUGGING | ANNOTATING):
        yield


@contextmanager
def annotate() -> Iterator[None]:
    """Let every operation recorded inside keep what an explanation of it needs: see `node.Trace`.

    The user's line, the operands, the options, the result, the modules it was called in. Costs time, and the
    memory of every value until the graph is freed; changes no result.
    """
    with _switched(on=ANNOTATING):
        yield


def is_grad_enabled() -> bool:
    """Tell whether operations are being recorded in this thread."""
    return bool(modes.state & RECORDING)


def is_debugging() -> bool:
    """Tell whether this thread is inside `debug()`."""
    return bool(modes.state & DEBUGGING)
