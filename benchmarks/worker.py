"""One side of one workload, in a process of its own: ``python worker.py SIDE WORKLOAD [peak]``.

It takes a first step, checks itself, says so, and then times a block of steps for every line it reads (`measure.py`
writes them). With "peak" it only takes a few steps and says what memory the process needed. Answers are lines of JSON.
"""

import gc
import json
import os
import resource
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from sides import side_named
from workloads import Start, named

BLOCK = 0.03  # seconds a timed block lasts, about
WARM_UP = 3  # untimed steps before each block


def time_block(start: Start, count: int) -> float:
    """Seconds a step, over `count` of them.

    Every block starts afresh, so that all sides stay equally far into training (far into it, gradients become too
    small for full speed), after a garbage collection and a few steps to warm up. The collector is left on.
    """
    step = start().step
    gc.collect()
    for _ in range(min(WARM_UP, count)):
        step()
    begin = perf_counter()
    for _ in range(count):
        step()
    return (perf_counter() - begin) / count


def peak_rss() -> float:
    """The most memory this process has held, in MiB.

    Linux keeps `ru_maxrss` across exec, so a process started from a larger one reports its parent's peak;
    `VmHWM` is the process's own, and is read where it exists.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, kilobytes elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def main(side: str, workload_name: str, mode: str = "time") -> None:
    """Prepare, take a first step, check, and serve."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what libraries print must not come between

    def answer(**given: Any) -> None:
        print(json.dumps(given), file=answers)

    floor = peak_rss()
    workload = named(workload_name)
    start = side_named(side).prepare(workload, np.float32)
    trainer = start()
    begin = perf_counter()
    trainer.step()
    first = perf_counter() - begin
    if mode == "peak":
        for _ in range(2):
            trainer.step()
        answer(peak=peak_rss(), floor=floor)
        return
    del trainer
    from checking import Disagreement, check

    try:
        check(workload, start, np.float32)
    except Disagreement as error:
        answer(error=f"{workload_name}: {side}, {error}")
        return
    count = max(1, round(BLOCK / time_block(start, 1)))
    answer(first=first)
    for _ in sys.stdin:
        answer(seconds=time_block(start, count))


if __name__ == "__main__":
    main(*sys.argv[1:])
