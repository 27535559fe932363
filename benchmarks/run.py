"""How minigrad compares with plain NumPy: ``python benchmarks/run.py`` (``--help`` for what it takes).

First every workload is checked (the sides must compute the same thing), then timed, then the table is
printed. A missed target is a figure to read, not a failure; only a failed check ends with a non-zero exit.
"""

import argparse
import importlib.util
import json
import os
import platform
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import workloads
from measure import Row, peak_of, peaks, take_turns, time_imports
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from workloads import CHAIN_LENGTHS, CHAIN_TARGET, MEMORY, TRAINING, Workload

NAMES = [*(w.name for w in TRAINING), "chain", "memory", "import"]
CHECKED_STEPS = 3
TOLERANCE = {np.float32: 1e-5, np.float64: 1e-9}
MEMORY_ROUNDS = 5  # peaks hardly vary
IMPORT_TARGET = 1.25


# The check


class Disagreement(Exception):
    """Two sides of a workload do not compute the same thing."""


def agree(what: str, ours: Any, plain: Any, tolerance: float) -> None:
    """Raise unless ‖ours - plain‖ ≤ tolerance · ‖plain‖."""
    ours, plain = np.asarray(ours, np.float64), np.asarray(plain, np.float64)
    if ours.shape != plain.shape:
        raise Disagreement(f"{what}: shape {ours.shape}, plain {plain.shape}")
    distance, size = np.linalg.norm(ours - plain), np.linalg.norm(plain)
    if not distance <= tolerance * size:
        raise Disagreement(f"{what}: relative distance from plain {distance / size:.2e}, allowed {tolerance:.0e}")


def check_training(workload: Workload, side: str) -> None:
    """A few steps from the same weights: the same losses, the same parameters, the same dtype."""
    for dtype, tolerance in TOLERANCE.items():
        plain = workloads.with_plain(workload, dtype)
        ours = getattr(workloads, f"with_{side}")(workload, dtype)
        for n in range(1, CHECKED_STEPS + 1):
            where = f"{workload.name}: {side} in {dtype.__name__}, step {n}"
            agree(f"{where}, loss", ours.step().item(), plain.step(), tolerance)
            for i, (p, q) in enumerate(zip(ours.params(), plain.params(), strict=True)):
                agree(f"{where}, parameter {i}", p, q, tolerance)
                if p.dtype != dtype:
                    raise Disagreement(f"{where}, parameter {i}: dtype {p.dtype}")


def check_chain(side: str) -> None:
    """The last value of the chain and its derivative."""
    ours = getattr(workloads, f"chain_with_{side}")(CHAIN_LENGTHS[0])
    for what, a, b in zip(("value", "derivative"), ours, workloads.chain_with_plain(CHAIN_LENGTHS[0]), strict=True):
        agree(f"chain: {side}, {what}", a, b, TOLERANCE[np.float32])


def check(name: str, sides: list[str]) -> None:
    """Raise `Disagreement` unless all sides of the named workload agree with plain NumPy."""
    for side in of(name, sides)[1:]:
        if name == "chain":
            check_chain(side)
        elif name != "import":
            check_training(next(w for w in (*TRAINING, MEMORY) if w.name == name), side)


# The measurements: each gives rows of the table


def measure_training(workload: Workload, sides: list[str], rounds: int) -> Iterator[Row]:
    """Microseconds of one full training step."""

    def start(side: str) -> Callable[[], Any]:
        return getattr(workloads, f"with_{side}")(workload).step

    samples = take_turns({side: partial(start, side) for side in sides}, rounds)
    yield Row(workload.name, workload.about, "µs", scaled(samples, 1e6), workload.target)


def measure_chain(sides: list[str], rounds: int) -> Iterator[Row]:
    """Microseconds a node of a long chain of scalars, at three lengths."""

    def start(side: str, length: int) -> Callable[[], Any]:
        return partial(getattr(workloads, f"chain_with_{side}"), length)

    for length in CHAIN_LENGTHS:
        samples = take_turns({side: partial(start, side, length) for side in sides}, rounds)
        target = CHAIN_TARGET if length == CHAIN_LENGTHS[1] else None
        about = f"{length:,} x (multiply by a number, add a number) on one scalar"
        a_node = scaled(samples, 1e6 / (2 * length))
        yield Row(f"chain {length // 1000}k", about, "µs/node", a_node, target, absolute=True)


def measure_memory(sides: list[str], rounds: int) -> Iterator[Row]:
    """Peak memory of a whole process that takes a few steps."""
    floor = peak_of("numpy")["peak"]
    samples = peaks(sides, min(rounds, MEMORY_ROUNDS))
    about = f"{MEMORY.about}; importing NumPy alone: {floor:.0f} MiB"
    yield Row("memory", about, "MiB", samples, MEMORY.target, notes={"numpy_alone": floor})


def measure_import(sides: list[str], rounds: int) -> Iterator[Row]:
    """Milliseconds of a whole process that imports minigrad, or only NumPy, and ends."""
    samples = time_imports({side: "numpy" if side == "plain" else side for side in sides}, rounds)
    about = "a process that imports minigrad, or only NumPy, and ends"
    yield Row("import", about, "ms", scaled(samples, 1e3), IMPORT_TARGET)


def measure(name: str, sides: list[str], rounds: int) -> Iterator[Row]:
    """The rows of the named workload."""
    sides = of(name, sides)
    special = {"chain": measure_chain, "memory": measure_memory, "import": measure_import}
    if name in special:
        return special[name](sides, rounds)
    return measure_training(next(w for w in TRAINING if w.name == name), sides, rounds)


def of(name: str, sides: list[str]) -> list[str]:
    """The sides that a workload has: a chain of its length is not compiled, and importing is not done twice."""
    return [side for side in sides if side != "compiled" or name not in ("chain", "import")]


def scaled(samples: dict[str, list[float]], factor: float) -> dict[str, list[float]]:
    """The samples in another unit."""
    return {side: [factor * s for s in figures] for side, figures in samples.items()}


# The report


def machine() -> dict[str, str]:
    """What the figures were measured on."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "CPU": f"{cpu_model()}, {os.cpu_count()} cores ({usable} usable)",
        "Python": f"{platform.python_version()} ({platform.python_implementation()}, {platform.system()})",
        "NumPy": np.__version__,
        "BLAS": f"{blas()}; threads: {blas_threads()}",
    }


def cpu_model() -> str:
    """The processor's name as the system gives it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def blas() -> str:
    """Name and version of the BLAS that NumPy was built with."""
    found = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return f"{found.get('name', 'unknown')} {found.get('version', '')}".strip()


def blas_threads() -> str:
    """How many threads BLAS uses: asked of it where threadpoolctl is installed, else as the environment has it."""
    if importlib.util.find_spec("threadpoolctl"):
        from threadpoolctl import threadpool_info

        return ", ".join(str(pool["num_threads"]) for pool in threadpool_info() if pool["user_api"] == "blas")
    variables = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")
    return next((f"{os.environ[v]} ({v})" for v in variables if v in os.environ), "its default")


def table_of(rows: list[Row], sides: list[str]) -> Table:
    """The table that is printed."""
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("workload", no_wrap=True)
    for heading in ("plain", "minigrad", "unit", "ratio", "quartiles", "target", "met"):
        table.add_column(heading, justify="left" if heading in ("unit", "met") else "right", no_wrap=True)
    for side in sides[2:]:
        table.add_column(side, justify="right", no_wrap=True)
    for row in rows:
        lower, ratio, upper = row.ratio()
        own = [figure(row.median(side)) for side in sides[:2]]
        others = [multiple(row.ratio(side)[1]) if side in row.samples else "" for side in sides[2:]]
        target = "" if row.target is None else f"≤ {row.target:g}" + (" µs" if row.absolute else "")
        met = {None: "", True: "[green]yes[/green]", False: "[red]no[/red]"}[row.met]
        spread = f"{multiple(lower)} … {multiple(upper)}"
        table.add_row(row.name, *own, row.unit, multiple(ratio), spread, target, met, *others)
    return table


def figure(value: float) -> str:
    """A time or a size, with three digits that mean something."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def multiple(ratio: float) -> str:
    """A ratio, to the hundredth while that can matter."""
    return f"{ratio:.2f}" if ratio < 10 else f"{ratio:,.0f}"


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="minigrad against plain NumPy, one training step at a time")
    parser.add_argument("--only", metavar="NAMES", default=",".join(NAMES), help=f"of {', '.join(NAMES)}; by commas")
    parser.add_argument("--rounds", type=int, default=25, help="rounds of every measurement (default 25)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure there as well")
    parser.add_argument("--peers", action="store_true", help="measure PyTorch (eager) too, when it is installed")
    args = parser.parse_args()
    args.only = args.only.split(",")
    if unknown := set(args.only) - set(NAMES):
        parser.error(f"no workload named {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    if args.rounds < 1:
        parser.error("--rounds must be at least 1")
    return args


def main() -> int:
    """Check, measure, print; 1 when a check fails, else 0."""
    args = arguments()
    console, progress = Console(), Console(stderr=True)
    sides = ["plain", "minigrad", "compiled"]
    if args.peers and importlib.util.find_spec("torch"):
        sides.append("torch")
    elif args.peers:
        progress.print("PyTorch is not installed and is left out")
    for key, value in machine().items():
        console.print(f"{key:<7} {value}", highlight=False)
    try:
        for name in args.only:
            with progress.status(f"{name}: do all sides compute the same?"):
                check(name, sides)
    except Disagreement as error:
        console.print(f"check failed: {error}", style="red", highlight=False, soft_wrap=True)
        return 1
    rows: list[Row] = []
    for name in args.only:
        with progress.status(f"{name}: measuring"):
            rows += measure(name, sides, args.rounds)
    console.print(table_of(rows, sides))
    console.print("ratio: what minigrad took over what plain NumPy took, the median over the rounds", highlight=False)
    for side in sides[2:]:
        console.print(f"{side}: its ratio to plain NumPy, likewise", highlight=False)
    for row in rows:
        console.print(f"{row.name:<9} {row.about}", highlight=False, soft_wrap=True)
    if args.json:
        report = {"machine": machine(), "rounds": args.rounds, "rows": [row.as_json() for row in rows]}
        args.json.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
