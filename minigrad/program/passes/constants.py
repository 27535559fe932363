"""Constant folding: what depends on numbers alone is computed once, and not at every run. Read next: `algebra.py`."""

from __future__ import annotations

from ...device import is_array
from ..ir import Program, Value, with_others


def with_constants_folded(program: Program) -> Program:
    """Compute at once what depends on numbers alone, such as `np.arange(64)`."""
    known: dict[Value, Value] = {}
    kept = []
    written = program.written()
    for step in program.instructions:
        step = with_others(step, known)
        target = step.target
        if step.kind == "call" and target is not None and not step.reads and target not in written:
            array = step.function(*step.args, **step.kwargs)
            if is_array(array):
                known[target] = Value("array", target.shape, target.dtype, target.name, array, device=target.device)
                continue
        kept.append(step)
    return Program(program.inputs, kept, [known.get(x, x) for x in program.outputs])
