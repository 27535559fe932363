"""Passes: each takes a program and returns one that does the same with less.

Read next: `source.py`, which writes a program for readers, and `executor.py`, which runs it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .ir import Instruction, Program, Value, substitute, values_in


def optimise(program: Program) -> Program:
    """Return the program after every pass."""
    for improve in PASSES:
        program = improve(program)
    return program


def without_dead_code(program: Program) -> Program:
    """Leave out what nobody uses: calls whose result is neither read nor handed back."""
    needed: set[Value] = {value.root for value in values_in(program.outputs)} | set(values_in(program.outputs))
    kept = []
    for step in reversed(program.instructions):
        changes = step.kind in ("effect", "draw", "check") or (
            step.writes is not None and (step.writes.root.kind != "temporary" or step.writes.root in needed)
        )
        if changes or (step.target is not None and step.target in needed):
            kept.append(step)
            for value in step.reads():
                needed |= {value, value.root}
    return Program(program.inputs, kept[::-1], program.outputs)


def with_constants_folded(program: Program) -> Program:
    """Compute at once what depends on numbers alone, such as `np.arange(64)`."""
    known: dict[Value, Value] = {}
    kept = []
    written = {step.writes.root for step in program.instructions if step.writes is not None}
    for step in program.instructions:
        step = _with(step, known)
        target = step.target
        if step.kind == "call" and target is not None and not list(step.reads()) and target not in written:
            array = step.function(*step.args, **step.kwargs)
            if isinstance(array, np.ndarray):
                known[target] = Value("array", target.shape, target.dtype, target.name, array)
                continue
        kept.append(step)
    return Program(program.inputs, kept, [known.get(x, x) for x in program.outputs])


def without_repetition(program: Program) -> Program:
    """Compute the same thing of the same values once (common subexpressions), as long as nothing has changed."""
    same: dict[Value, Value] = {}
    found: dict[Any, Value] = {}
    kept = []
    written = {step.writes.root for step in program.instructions if step.writes is not None}
    for step in program.instructions:
        step = _with(step, same)
        if step.writes is not None:  # whatever was computed of that memory is no longer known
            root = step.writes.root
            found = {key: v for key, v in found.items() if v.root is not root and root not in {x.root for x in key[3]}}
        target = step.target
        if step.kind == "call" and target is not None and target.root not in written:
            key = (step.function, _frozen(step.args), _frozen(step.kwargs), tuple(step.reads()))
            if key in found:
                same[target] = found[key]
                continue
            found[key] = target
        kept.append(step)
    return Program(program.inputs, kept, [same.get(x, x) for x in program.outputs])


PASSES = [with_constants_folded, without_repetition, without_dead_code]


def _with(step: Instruction, others: dict[Value, Value]) -> Instruction:
    """Return a step with values replaced by others; a view is then one of the other."""
    if step.target is not None and step.target.base in others:
        step.target.base = others[step.target.base]
    if not others or not any(value in others for value in step.reads()):
        return step

    def replace(x: Any) -> Any:
        return others.get(x, x) if isinstance(x, Value) else x

    args, kwargs = substitute(step.args, replace), substitute(step.kwargs, replace)
    return Instruction(step.function, args, kwargs, step.target, step.writes, step.kind, step.line, step.origin)


def _frozen(nested: Any) -> Any:
    """Return nested arguments as something that can be compared: equal numbers of different types are not the same."""
    if isinstance(nested, tuple | list):
        return type(nested), tuple([_frozen(x) for x in nested])
    if isinstance(nested, dict):
        return tuple([(key, _frozen(x)) for key, x in nested.items()])
    if isinstance(nested, slice):
        return "slice", _frozen((nested.start, nested.stop, nested.step))
    if isinstance(nested, Value):
        return id(nested)
    return type(nested), repr(nested)
