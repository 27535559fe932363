"""Runs each example once in a test run, however many tests ask for what came of it."""

from __future__ import annotations

import contextlib
import functools
import io
import runpy
import tempfile
from dataclasses import dataclass
from pathlib import Path

from helpers import some

EXAMPLES = Path(__file__).parent.parent / "examples"


@dataclass(frozen=True)
class Run:
    """What `main(picture)` returned, what it printed, and the files it left: the picture alone, by its bytes."""

    numbers: dict[str, float]
    printed: str
    files: dict[str, bytes]


PATHS = sorted(EXAMPLES.glob("*.py"))
DRAWN = some(PATHS, 3, 1)  # the others leave their pictures out: drawing takes most of their time


@functools.cache
def run(stem: str) -> Run:
    """Run an example, such as `run("03_why_cross_entropy")`; its picture, if it draws one, in a folder of its own."""
    printed, path = io.StringIO(), EXAMPLES / f"{stem}.py"
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(printed):
        numbers = runpy.run_path(str(path))["main"](Path(folder) / "drawn.png" if path in DRAWN else None)
        return Run(numbers, printed.getvalue(), {path.name: path.read_bytes() for path in Path(folder).iterdir()})
