"""What is made of the figures: one table, one file of numbers, one picture. What was measured stands in `run.py`."""

import importlib.metadata
import importlib.util
import os
import platform
import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from measure import Row
from rich.box import SIMPLE_HEAD
from rich.table import Table
from sides import Side


def machine(sides: Sequence[Side]) -> dict[str, str]:
    """What the figures were measured on, and with."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    packages = dict.fromkeys(["numpy", *(p for side in sides for p in side.packages if p != "minigrad")])
    return {
        "date": date.today().isoformat(),
        "CPU": f"{cpu_model()}, {os.cpu_count()} cores ({usable} usable)",
        "load": f"{os.getloadavg()[0]:.1f} processes at work before it" if hasattr(os, "getloadavg") else "unknown",
        "Python": f"{platform.python_version()} ({platform.python_implementation()}, {platform.system()})",
        "BLAS": blas(),
        "packages": ", ".join(f"{package} {importlib.metadata.version(package)}" for package in packages),
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


def stem(when: str) -> str:
    """The name of the files of a run: machine and date."""
    return f"{re.sub(r'[^a-z0-9]+', '-', cpu_model().lower()).strip('-')}-{os.cpu_count()}-cores-{when}"


def as_json(row: Row, sides: Sequence[Side]) -> dict[str, Any]:
    """Every figure of a row."""
    names = ("lower quartile", "median", "upper quartile")
    return {
        "name": row.name,
        "about": row.about,
        "unit": row.unit,
        "medians": {side: row.median(side) for side in row.samples},
        "base": row.base,
        "ratios": {s: dict(zip(names, row.ratio(s, row.base), strict=True)) for s in row.samples if row.base},
        "targets": [
            {"side": side, "over": over, "figure": figure[1], "target": target, "met": figure[1] <= target}
            for side, over, figure, target in row.verdicts(sides)
        ],
        "samples": row.samples,
    }


def table_of(rows: Sequence[Row], sides: Sequence[Side]) -> Table:
    """The table that is printed: medians, and the quartiles below them."""
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), show_lines=False)
    table.add_column("", no_wrap=True)
    table.add_column("= 1", justify="right", no_wrap=True)
    for side in sides:
        table.add_column(side.name.replace(" ", "\n"), justify="right", no_wrap=True)
    for row in rows:
        base = f"{figure(row.median(row.base))} {row.unit}\n[dim]{row.base}[/dim]" if row.base else f"in {row.unit}"
        table.add_row(row.name, base, *(cell(row, side.name) for side in sides))
    return table


def cell(row: Row, side: str) -> str:
    """The median of a side over the base, and its quartiles; its own figure where there is no base."""
    if side not in row.samples:
        return ""
    if row.base is None:
        return figure(row.median(side))
    if side == row.base:
        return "1"
    lower, median, upper = (multiple(r) for r in row.ratio(side, row.base))
    return f"{median}\n[dim]{lower}–{upper}[/dim]"


def targets_of(rows: Sequence[Row], sides: Sequence[Side]) -> Table:
    """What minigrad is held to, and whether it is met."""
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading in ("", "side", "figure", "quartiles", "target", "met"):
        table.add_column(heading, justify="right" if heading in ("figure", "quartiles") else "left", no_wrap=True)
    for row in rows:
        for side, over, (lower, median, upper), target in row.verdicts(sides):
            met = "[green]yes[/green]" if median <= target else "[red]no[/red]"
            what = f"≤ {target:g} × {over}" if over else f"≤ {target:g} {row.unit}"
            table.add_row(row.name, side, multiple(median), f"{multiple(lower)}–{multiple(upper)}", what, met)
    return table


def figure(value: float) -> str:
    """A time or a size, with three digits that mean something."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def multiple(ratio: float) -> str:
    """A ratio, to the hundredth while that can matter."""
    return f"{ratio:.2f}" if ratio < 10 else f"{ratio:,.0f}"


def draw(rows: Sequence[Row], sides: Sequence[Side], path: Path) -> None:
    """Draw each training step's time over the expert's: a dot for a side, a bar for its quartiles."""
    from matplotlib.ticker import NullLocator

    from minigrad.viz import style

    shown = [row for row in rows if row.base == "expert" and row.unit == "µs"][::-1]
    colours = (
        style.BLACK, style.VERMILION, style.BLUE, style.SKY, style.ORANGE, style.YELLOW, style.GREEN, style.GREY,
        style.PURPLE, "#8C510A",
    )  # fmt: skip
    others = [side.name for side in sides if side.name != "expert"]
    with style.picture(path, 12, 1.2 + 0.8 * len(shown)) as drawn:
        ax = drawn.subplots()
        for k, side in enumerate(others):
            places = [i for i, row in enumerate(shown) if side in row.samples]
            lower, median, upper = np.array([shown[i].ratio(side, "expert") for i in places]).T
            y = np.array(places) + 0.3 - 0.6 * k / max(1, len(others) - 1)
            ax.errorbar(
                median, y, xerr=(median - lower, upper - median), label=side, fmt="osD^v<>phX"[k % 10], markersize=8,
                color=colours[k % len(colours)], elinewidth=2, markeredgecolor=style.BLACK, markeredgewidth=0.5,
            )  # fmt: skip
        ax.axvline(1, color=style.BLACK, linewidth=1.5)
        for edge in range(1, len(shown)):
            ax.axhline(edge - 0.5, color="#E6E6E6", linewidth=1)
        ax.set(xscale="log", xlabel="time of a step ÷ time of hand-tuned NumPy: quartiles and median; less is better")
        ax.set_yticks(range(len(shown)), [f"{row.name}\n{figure(row.median('expert'))} µs" for row in shown])
        ax.grid(axis="y", visible=False)
        ax.xaxis.get_major_locator().set_params(subs=(1, 2, 5))
        ax.xaxis.set_minor_locator(NullLocator())
        ax.xaxis.set_major_formatter(lambda x, _: f"{x:g}")
        ax.set_title("A training step against hand-tuned NumPy (= 1)")
        ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
