"""A program as a list: every instruction with the shape, dtype, arithmetic and memory of its result.

Read next: `executor.py`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .ir import Instruction, Program, Value


def flops(step: Instruction) -> int:
    """Return how many additions, multiplications and calls of functions a step takes, one for each element."""
    shapes = [v.shape for v in step.reads() if v.shape is not None]
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
    work = sum(map(flops, program.instructions))
    made = sum(step.target.nbytes for step in program.instructions if step.target is not None)
    return "\n".join([*table, f"{len(rows)} instructions, {work:,} operations, {made:,} bytes made"])


def _bytes(value: Value | None) -> Any:
    return f"{value.nbytes:,} B" if value is not None and value.nbytes else ""
