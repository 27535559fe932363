"""How it is measured: a process for each side, blocks of steps in turn, and what is kept of the times.

A machine's mood moves the microseconds by half, so nothing is compared across time: the sides take turns
within each round, every round gives one ratio, and the median of the ratios is what is reported.
"""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

from checking import Disagreement
from sides import EXPERT, PLAIN, Side
from workloads import Workload

WORKER = Path(__file__).with_name("worker.py")

SPIN = 0.25  # seconds after which the threads of a BLAS that has nothing to do any more have left the cores
Samples = dict[str, list[float]]  # side → one figure a round


class Worker:
    """A process that has a side of a workload ready; it sleeps while it is not asked.

    Raises
    ------
    Disagreement
        when the side does not compute what it should.
    """

    def __init__(self, side: Side, workload: Workload, mode: str = "time") -> None:
        command = [sys.executable, str(WORKER), side.name, workload.name, mode]
        given = environment(workload.threads)
        self.side = side
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, env=given
        )
        self.ready = self.answer()

    def answer(self) -> dict[str, Any]:
        """What the process says next."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        answer = json.loads(line) if line else {"error": f"{self.side.name}: its process ended, see above"}
        if "error" in answer:
            raise Disagreement(answer["error"])
        return answer

    def block(self) -> float:
        """Seconds a step, over a block of them."""
        assert self.process.stdin is not None
        print(file=self.process.stdin)
        return self.answer()["seconds"]

    def end(self) -> None:
        """Let the process end."""
        self.process.communicate()


def environment(threads: int) -> dict[str, str]:
    """The environment of a process with so many threads for BLAS and its like, and the workers' modules."""
    count = {f"{name}_NUM_THREADS": str(threads) for name in ("OPENBLAS", "MKL", "OMP", "VECLIB_MAXIMUM", "NUMBA")}
    single = {} if threads > 1 else {"XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false"}
    return os.environ | count | single


def take_turns(workload: Workload, sides: Sequence[Side], rounds: int) -> tuple[Samples, dict[str, float]]:
    """Seconds a step of each side, one figure a round, and what its first step took.

    The order is turned round every round, so that going first favours nobody.
    """
    workers = [Worker(side, workload) for side in sides]
    samples: Samples = {side.name: [] for side in sides}
    for turn in range(rounds):
        for worker in workers[:: 1 if turn % 2 else -1]:
            if workload.threads > 1:
                sleep(SPIN)
            samples[worker.side.name].append(worker.block())
    for worker in workers:
        worker.end()
    return samples, {worker.side.name: worker.ready["first"] for worker in workers}


def peaks(workload: Workload, sides: Sequence[Side], rounds: int) -> tuple[Samples, float]:
    """Peak memory in MiB of whole processes that take a few steps, the sides in turn; and with NumPy alone."""
    samples: Samples = {side.name: [] for side in sides}
    floor = float("inf")
    for _ in range(rounds):
        for side in sides:
            worker = Worker(side, workload, "peak")
            worker.end()
            samples[side.name].append(worker.ready["peak"])
            floor = min(floor, worker.ready["floor"])
    return samples, floor


def time_imports(modules: Mapping[str, str], rounds: int) -> Samples:
    """Seconds of a whole process that imports a module and ends, the modules in turn."""
    samples: Samples = {side: [] for side in modules}
    compiled = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}  # as an installed package is
    for turn in range(-1, rounds):  # round -1 fills the disk's cache and the interpreter's
        for side, module in modules.items():
            begin = perf_counter()
            subprocess.run([sys.executable, "-c", f"import {module}"], check=True, env=compiled)
            if turn >= 0:
                samples[side].append(perf_counter() - begin)
    return samples


@dataclass
class Row:
    """One line of the table: what each side took, round by round, and what minigrad is held to."""

    name: str
    about: str
    unit: str
    samples: Samples
    targets: Mapping[tuple[str, str], float] = field(default_factory=dict)  # (kind, over whom; "": absolute) → at most

    @property
    def base(self) -> str | None:
        """The side that the others are compared with: the expert's where there is one, else plain NumPy."""
        return next((side for side in (EXPERT, PLAIN) if side in self.samples), None)

    def median(self, side: str) -> float:
        """The median figure of one side, in `unit`."""
        return statistics.median(self.samples[side])

    def ratio(self, side: str, over: str) -> tuple[float, float, float]:
        """Lower quartile, median and upper quartile of what one side took over what another took in the same round."""
        ratios = [a / b for a, b in zip(self.samples[side], self.samples[over], strict=True)]
        lower, median, upper = statistics.quantiles(ratios, n=4, method="inclusive") if ratios[1:] else ratios * 3
        return lower, median, upper

    def verdicts(self, sides: Sequence[Side]) -> list[tuple[str, str, tuple[float, float, float], float]]:
        """For each side that is held to a target: its name, over whom, quartiles of the figure, and the target."""
        return [
            (side.name, over, self.ratio(side.name, over) if over else (self.median(side.name),) * 3, target)
            for (kind, over), target in self.targets.items()
            for side in sides
            if side.kind == kind and side.name in self.samples and (not over or over in self.samples)
        ]
