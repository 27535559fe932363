"""Passes: each takes a program and returns one that does the same with less, to the last bit.

Read `constants`, `algebra`, `repetition`, `dead_code`, in this order. Then `source.py`, which writes a program for
readers, and `executor.py`, which runs it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from ...errors import nearest
from ..ir import Program
from .algebra import with_less_algebra
from .constants import with_constants_folded
from .dead_code import without_dead_code
from .repetition import without_repetition

PASSES: dict[str, Callable[[Program], Program]] = {
    "constants": with_constants_folded,
    "algebra": with_less_algebra,
    "repetition": without_repetition,
    "dead_code": without_dead_code,
}
PLANNING = ("views", "reuse", "fusion")  # what is done to a program when its memory is planned, and it is printed


def optimise(program: Program, without: Collection[str] = ()) -> dict[str, Program]:
    """Return the program as traced and as every pass left it, by the pass's name; the last is the one to run.

    Parameters
    ----------
    without : names of passes to leave out
    """
    stages = {"trace": program}
    for name, improve in PASSES.items():
        if name not in without:
            program = stages[name] = improve(program)
    return stages


def check_names(without: Collection[str]) -> frozenset[str]:
    """Return the names of passes to leave out, after seeing that there are such passes."""
    known = [*PASSES, *PLANNING]
    names = (without,) if isinstance(without, str) else tuple(without)
    for name in names:
        if name not in known:
            raise ValueError(
                f"compile: there is no pass {name!r} to leave out; the passes are {', '.join(known)}."
                f"{nearest(str(name), known)}"
            )
    return frozenset(names)
