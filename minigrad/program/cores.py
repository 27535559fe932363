"""The cores of this machine, and how a large loop is divided among them. Read next: `loops.py`.

NumPy and compiled loops let go of Python's lock while they compute, so that threads are enough.
"""

from __future__ import annotations

import contextvars
import functools
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
LARGE = 1 << 18  # elements from which on the cores share a loop
Array = Any


def in_parts(chain: Callable[[int, int, Sequence[Array]], None], n: int, rows: int, scratch: Sequence[Any]) -> None:
    """Let a chain do n rows, some of them at a time; each core with arrays of its own does some of the blocks.

    >>> in_parts(lambda first, last, arrays: print(first, last, arrays), 10, 4, [["a"]])
    0 10 ['a']
    """
    blocks = -(-n // rows)
    ends = [min(n, blocks * k // len(scratch) * rows) for k in range(len(scratch) + 1)]
    at_once([functools.partial(chain, ends[k], ends[k + 1], arrays) for k, arrays in enumerate(scratch)])


@functools.cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(CORES, "minigrad")


# A child process has none of its parent's threads.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_threads.cache_clear)


def at_once(calls: Sequence[Callable[[], Any]]) -> list[Any]:
    """Make all calls at once, each on a core of its own; return what they return.

    >>> at_once([lambda: 1, lambda: 2])
    [1, 2]
    """
    others = [_threads().submit(contextvars.copy_context().run, call) for call in calls[1:]]  # NumPy's errstate, too
    return [call() for call in calls[:1]] + [other.result() for other in others]
