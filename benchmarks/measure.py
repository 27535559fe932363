"""How it is measured: blocks of steps in turn, processes in turn, and what is kept of the times.

A machine's mood moves the microseconds by half, so nothing is compared across time: the sides take turns
within each round, every round gives one ratio, and the median of the ratios is what is reported.
"""

import gc
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

BLOCK = 0.03  # seconds a timed block lasts, about
WARM_UP = 3  # untimed steps before each block

Samples = dict[str, list[float]]  # side → one figure a round
Step = Callable[[], Any]


@dataclass
class Row:
    """One line of the table: what each side took, round by round, and the target minigrad is held to."""

    name: str
    about: str
    unit: str
    samples: Samples
    target: float | None = None  # on the ratio, or on minigrad's own figure when `absolute`
    absolute: bool = False
    notes: dict[str, Any] = field(default_factory=dict)

    def median(self, side: str) -> float:
        """The median figure of one side, in `unit`."""
        return statistics.median(self.samples[side])

    def ratios(self, side: str = "minigrad") -> list[float]:
        """What the side took in each round over what plain NumPy took in that round."""
        return [b / a for a, b in zip(self.samples["plain"], self.samples[side], strict=True)]

    def ratio(self, side: str = "minigrad") -> tuple[float, float, float]:
        """Lower quartile, median and upper quartile of the ratios."""
        ratios = self.ratios(side)
        lower, median, upper = statistics.quantiles(ratios, n=4, method="inclusive") if ratios[1:] else ratios * 3
        return lower, median, upper

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None where there is none."""
        if self.target is None:
            return None
        return (self.median("minigrad") if self.absolute else self.ratio()[1]) <= self.target

    def as_json(self) -> dict[str, Any]:
        """Every figure of the row, for `--json`."""
        medians = {side: self.median(side) for side in self.samples}
        return asdict(self) | {"medians": medians, "ratio": self.ratio(), "met": self.met}


def take_turns(starts: Mapping[str, Callable[[], Step]], rounds: int) -> Samples:
    """Seconds a step of each side, one figure a round.

    Every block starts its side afresh (so all sides stay equally far into training), collects garbage,
    warms up and then times as many steps as fill about `BLOCK` seconds. The order is turned round every
    round, so that going first favours nobody. The garbage collector is left on.
    """
    counts = {side: max(1, round(BLOCK / best_of_a_few(start()))) for side, start in starts.items()}
    samples: Samples = {side: [] for side in starts}
    for turn in range(rounds):
        for side in list(starts)[:: 1 if turn % 2 else -1]:
            samples[side].append(time_block(starts[side](), counts[side]))
    return samples


def time_block(step: Step, count: int) -> float:
    """Seconds a step, over `count` of them."""
    gc.collect()
    for _ in range(min(WARM_UP, count)):
        step()
    begin = perf_counter()
    for _ in range(count):
        step()
    return (perf_counter() - begin) / count


def best_of_a_few(step: Step) -> float:
    """Seconds of the fastest of a few steps: a first guess, to know how many fill a block."""
    return min(time_block(step, 1) for _ in range(WARM_UP))


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


def peak_of(side: str) -> dict[str, float]:
    """What `peak.py` reports for one side, from a process of its own: its peak memory in MiB and its last loss."""
    command = [sys.executable, str(Path(__file__).with_name("peak.py")), side]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def peaks(sides: Sequence[str], rounds: int) -> Samples:
    """Peak memory of each side in MiB, the sides in turn."""
    turns = [{side: peak_of(side)["peak"] for side in sides} for _ in range(rounds)]
    return {side: [turn[side] for turn in turns] for side in sides}
