"""Runs each example once in a test run, however many tests ask for what came of it."""

from __future__ import annotations

import contextlib
import functools
import io
import runpy
import tempfile
from dataclasses import dataclass
from pathlib import Path

EXAMPLES = Path(__file__).parent.parent / "examples"


@dataclass(frozen=True)
class Run:
    """What `main(picture)` returned, what it printed, and the files it left: the picture alone, by its bytes."""

    numbers: dict[str, float]
    printed: str
    files: dict[str, bytes]


@functools.cache
def run(stem: str) -> Run:
    """Run an example, such as `run("03_why_cross_entropy")`, with its picture drawn in a folder of its own."""
    printed = io.StringIO()
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(printed):
        numbers = runpy.run_path(str(EXAMPLES / f"{stem}.py"))["main"](Path(folder) / "drawn.png")
        return Run(numbers, printed.getvalue(), {path.name: path.read_bytes() for path in Path(folder).iterdir()})
