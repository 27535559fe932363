"""Common subexpressions: what is asked for twice is computed once. Read next: `dead_code.py`."""

from __future__ import annotations

from typing import Any

from ..ir import Program, Value, with_others


def without_repetition(program: Program) -> Program:
    """Compute the same thing of the same values once, as long as nothing has changed.

    What is handed back keeps memory of its own: two gradients that are equal must not become one array.
    """
    same: dict[Value, Value] = {}
    found: dict[Any, Value] = {}
    kept = []
    written, handed_back = program.written(), program.handed_back()
    for step in program.instructions:
        step = with_others(step, same)
        if step.writes is not None:  # whatever was computed of that memory is no longer known
            root = step.writes.root
            found = {key: v for key, v in found.items() if v.root is not root and root not in {x.root for x in key[3]}}
        target = step.target
        if step.kind == "call" and target is not None and target.root not in written:
            key = (step.function, _frozen(step.args), _frozen(step.kwargs), tuple(step.reads))
            if key in found and target not in handed_back:
                same[target] = found[key]
                continue
            found.setdefault(key, target)
        kept.append(step)
    return Program(program.inputs, kept, [same.get(x, x) for x in program.outputs])


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
