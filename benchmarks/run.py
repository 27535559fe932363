"""How fast minigrad is, and the others: ``python benchmarks/run.py`` (``--help`` for what it takes).

Every side of a workload has a process of its own, where it is first checked and then timed, in turn with the others.
A missed target is a figure to read, not a failure; only a failed check ends with a non-zero exit.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from time import perf_counter

from checking import Disagreement
from measure import Row, Samples, peaks, take_turns, time_imports
from report import as_json, draw, machine, stem, table_of, targets_of
from rich.console import Console
from sides import PLAIN, SIDES, Side
from workloads import WORKLOADS, Chain, Workload, named

RESULTS = Path(__file__).with_name("results")
MEMORY, IMPORT = "memory", "import"
NAMES = list(dict.fromkeys([*(w.name.split()[0] for w in WORKLOADS), MEMORY, IMPORT]))
MEMORY_ROUNDS = 5  # peaks hardly vary
MEMORY_TARGETS = {("eager", "plain"): 1.2}
IMPORT_TARGETS = {("eager", "plain"): 1.25}
PROGRAMS = ("toy", "deep", "wide")  # whose first steps are shown


def measure(workload: Workload, sides: list[Side], rounds: int) -> Iterator[Row]:
    """Microseconds of a step, or of a node of a chain; and milliseconds of the step that makes a program."""
    sides = [side for side in sides if side.does(workload)]
    samples, first = take_turns(workload, sides, rounds)
    nodes, unit = (2 * workload.length, "µs/node") if isinstance(workload, Chain) else (1, "µs")
    yield Row(workload.name, workload.about, unit, scaled(samples, 1e6 / nodes), workload.targets)
    compiling = {side.name: [first[side.name]] for side in sides if side.compiles}
    if workload.name in PROGRAMS and compiling:
        about = f"the first step of {workload.name}, in which a program is made; once a run"
        yield Row(f"{workload.name}, first", about, "ms", scaled(compiling, 1e3))


def measure_memory(sides: list[Side], rounds: int) -> Iterator[Row]:
    """Peak memory of a whole process that takes a few steps."""
    workload = named("wide")
    samples, floor = peaks(workload, sides, min(rounds, MEMORY_ROUNDS))
    about = f"peak memory of a process that takes three steps of wide; with NumPy alone: {floor:.0f} MiB"
    yield Row(MEMORY, about, "MiB", samples, MEMORY_TARGETS)


def measure_import(sides: list[Side], rounds: int) -> Iterator[Row]:
    """Milliseconds of a whole process that imports a package, or only NumPy, and ends."""
    modules = {PLAIN: "numpy"}
    for side in sides:
        if side.packages and side.packages[0] not in modules.values():
            modules[side.name] = side.packages[0]
    about = "a process that imports the package, or only NumPy, and ends"
    yield Row(IMPORT, about, "ms", scaled(time_imports(modules, rounds), 1e3), IMPORT_TARGETS)


def scaled(samples: Samples, factor: float) -> Samples:
    """The samples in another unit."""
    return {side: [factor * s for s in figures] for side, figures in samples.items()}


def measurements(names: list[str]) -> Iterator[tuple[str, Callable[[list[Side], int], Iterator[Row]]]]:
    """What is to be measured under these names, in the table's order."""
    for workload in WORKLOADS:
        if workload.name.split()[0] in names:
            yield workload.name, partial(measure, workload)
    for name, special in ((MEMORY, measure_memory), (IMPORT, measure_import)):
        if name in names:
            yield name, special


def arguments() -> argparse.Namespace:
    """The command line."""
    available = [side for side in SIDES if side.available]
    parser = argparse.ArgumentParser(description="minigrad against NumPy by hand, and others: one step at a time")
    parser.add_argument("--only", metavar="NAMES", default=",".join(NAMES), help=f"of {', '.join(NAMES)}; by commas")
    sides = ", ".join(side.name for side in SIDES)
    parser.add_argument("--sides", metavar="NAMES", help=f"of {sides}; by commas (default: what is installed)")
    parser.add_argument("--rounds", type=int, default=25, help="rounds of every measurement (default 25)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure there as well")
    parser.add_argument("--save", action="store_true", help=f"keep figures, table and picture in {RESULTS.name}/")
    args = parser.parse_args()
    args.only = args.only.split(",")
    if unknown := set(args.only) - set(NAMES):
        parser.error(f"no workload named {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    if args.rounds < 1:
        parser.error("--rounds must be at least 1")
    wanted = args.sides.split(",") if args.sides else [side.name for side in available]
    if unknown := set(wanted) - {side.name for side in available}:
        parser.error(f"{', '.join(sorted(unknown))}: not installed, or no side; there are {sides}")
    args.sides = [side for side in available if side.name in wanted]
    return args


def main() -> int:
    """Check, measure, print; 1 when a check fails, else 0."""
    args = arguments()
    progress = Console(stderr=True)
    about = machine(args.sides)
    rows: list[Row] = []
    try:
        for name, rows_of in measurements(args.only):
            begin = perf_counter()
            with progress.status(f"{name}: checking and measuring"):
                rows += rows_of(args.sides, args.rounds)
            progress.print(f"{name}: {perf_counter() - begin:.0f} s", highlight=False)
    except Disagreement as error:
        progress.print(f"check failed: {error}", style="red", highlight=False, soft_wrap=True)
        return 1
    report = {"machine": about, "rounds": args.rounds, "rows": [as_json(row, args.sides) for row in rows]}
    numbers = json.dumps(report, indent=1, ensure_ascii=False) + "\n"
    console = Console(record=True, width=max(100, 24 + 12 * len(args.sides)))
    for key, value in about.items():
        console.print(f"{key:<9}{value}", highlight=False, soft_wrap=True)
    console.print(table_of(rows, args.sides))
    for row in rows:
        console.print(f"{row.name:<13} {row.about}", highlight=False, soft_wrap=True)
    console.print(targets_of(rows, args.sides))
    if args.json:
        args.json.write_text(numbers)
    if args.save:
        RESULTS.mkdir(exist_ok=True)
        path = RESULTS / stem(about["date"])
        path.with_suffix(".json").write_text(numbers)
        path.with_suffix(".txt").write_text(console.export_text())
        draw(rows, args.sides, path.with_suffix(".png"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
