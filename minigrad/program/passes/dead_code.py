"""Dead code: what nobody uses is left out. Read next: `minigrad/program/source.py`."""

from __future__ import annotations

from ..ir import Program


def without_dead_code(program: Program) -> Program:
    """Leave out calls whose result is neither read nor handed back, and writes into memory that nobody reads."""
    needed = program.handed_back()
    kept = []
    for step in reversed(program.instructions):
        changes = step.kind in ("effect", "draw", "check") or (
            step.writes is not None and (step.writes.root.kind != "temporary" or step.writes.root in needed)
        )
        if changes or (step.target is not None and step.target in needed):
            kept.append(step)
            for value in step.reads:
                needed |= {value, value.root}
    return Program(program.inputs, kept[::-1], program.outputs)
