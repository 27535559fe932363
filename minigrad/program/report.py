"""A program as a list: every instruction with the shape, dtype, arithmetic and memory of its result.

Read next: `plan.py`.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any, NamedTuple

import numpy as np

from .ir import Instruction, Program, Value


def flops(step: Instruction) -> int:
    """Return how many additions, multiplications and calls of functions a step takes, one for each element."""
    shapes = [v.shape for v in step.reads if v.shape is not None]
    result = step.target or step.writes
    if step.kind != "call" or result is None or result.shape is None or (step.target and step.target.base is not None):
        return 0
    if step.function in (np.dot, np.matmul) and len(shapes) > 1:
        inner = shapes[0][-1] if shapes[0] else 1
        return 2 * inner * math.prod(result.shape)
    if isinstance(step.function, np.ufunc):
        return math.prod(result.shape)
    return max([math.prod(s) for s in [*shapes, result.shape]])


def listing(program: Program) -> str:
    """Return the instructions in a table, with sums beneath."""
    from .source import Printer

    printer = Printer(program, inline=False)
    lines = printer.lines()
    rows = []
    for step, text in zip(program.instructions, lines, strict=True):
        result = step.target or step.writes
        kind = f"{result.dtype}{list(result.shape)}" if result is not None and result.shape is not None else ""
        rows.append((text, kind, f"{flops(step):,}" if flops(step) else "", _bytes(step.target)))
    widths = [max([len(row[i]) for row in rows], default=0) for i in range(4)]
    table = [
        f"{text:{widths[0]}}  {kind:{widths[1]}}  {work:>{widths[2]}}  {memory:>{widths[3]}}".rstrip()
        for text, kind, work, memory in rows
    ]
    count, work, made = sums(program)
    return "\n".join([*table, f"{count} instructions, {work:,} operations, {made:,} bytes made"])


def sums(program: Program) -> tuple[int, int, int]:
    """Return how many instructions a program has, the operations these take, and the bytes of what they make."""
    steps = program.instructions
    return len(steps), sum(map(flops, steps)), sum(step.target.nbytes for step in steps if step.target is not None)


class Memory(NamedTuple):
    """The bytes that the results of a program take.

    Attributes
    ----------
    before : when each has an array of its own
    after : at most at one time, when arrays are used again
    """

    before: int
    after: int


def memory(program: Program, kept: Collection[Value], nbytes: int, last: dict[Value, int]) -> Memory:
    """Return the memory of a program.

    Parameters
    ----------
    kept : the values that live in arrays which stay from run to run
    nbytes : of these arrays
    last : of each value the last step that needs it
    """
    live = peak = 0
    ends: dict[int, int] = {}
    for i, step in enumerate(program.instructions):
        if step.target is not None and step.target not in kept:
            live += step.target.nbytes
            ends[last[step.target.root]] = ends.get(last[step.target.root], 0) + step.target.nbytes
        peak = max(peak, live)
        live -= ends.get(i, 0)
    return Memory(sums(program)[2], nbytes + peak)


def comparison(stages: dict[str, Program], memory: Memory) -> str:
    """Return a table of what each pass has left of a program, with its memory beneath."""
    table = [f"{'after':10}  {'instructions':>12}  {'operations':>12}  {'bytes made':>12}"]
    for name, program in stages.items():
        count, work, made = sums(program)
        table.append(f"{name:10}  {count:12,}  {work:12,}  {made:12,}")
    return "\n".join([*table, f"memory: {memory.before:,} bytes, {memory.after:,} when arrays are used again"])


def _bytes(value: Value | None) -> Any:
    return f"{value.nbytes:,} B" if value is not None and value.nbytes else ""
