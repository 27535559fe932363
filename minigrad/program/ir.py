"""The program a function became: values, and instructions that make or change them, in the order they ran.

Straight-line code: no branches, no calls of Python but the effects the function had on its surroundings. Passes
rewrite it; printers turn it into something that runs. Read next: `trace.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..device import CPU, Device


@dataclass(eq=False, slots=True)
class Value:
    """Something a program works on.

    Attributes
    ----------
    kind : "input", given by the caller; "array", one that lives outside and keeps its place; "number", read anew
        at every run; "temporary", what an instruction makes
    shape, dtype : of an array; None of a number
    name : what the printers call it
    array : of kind "array", the array itself
    base : the value whose memory this one shows, if it is a view
    order : its axes, from the one with the longest stride to the one with the shortest
    device : where it lies
    """

    kind: str
    shape: tuple[int, ...] | None
    dtype: Any
    name: str = ""
    array: Any = None
    base: Value | None = None
    order: tuple[int, ...] | None = None
    device: Device = CPU

    @property
    def size(self) -> int:
        """The number of elements."""
        n = 1
        for length in self.shape or ():
            n *= length
        return n

    @property
    def nbytes(self) -> int:
        """The bytes of memory of its own: none for a view."""
        return 0 if self.base is not None or self.shape is None else self.size * self.dtype.itemsize

    @property
    def root(self) -> Value:
        """The value whose memory it is."""
        value = self
        while value.base is not None:
            value = value.base
        return value

    def __repr__(self) -> str:
        return f"{self.name or self.kind}: {self.dtype}{list(self.shape)}" if self.shape is not None else self.name


@dataclass(eq=False, slots=True)
class Instruction:
    """One step: `target = function(*args, **kwargs)`.

    Attributes
    ----------
    function : of NumPy; or of Python, when `kind` says so
    args, kwargs : numbers, tuples … and Values, nested
    target : what it makes; None for an effect
    writes : the value it writes into, when it works in place
    kind : "call"; "draw" of random numbers; "check", which must come out true; "effect" on Python's state
    line : the user's, `file:line: code`
    origin : the operation it is part of, with an apostrophe if it is part of its derivative
    reads : every value among the arguments
    """

    function: Callable[..., Any]
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)
    target: Value | None = None
    writes: Value | None = None
    kind: str = "call"
    line: str = ""
    origin: str = ""
    reads: list[Value] = field(init=False)

    def __post_init__(self) -> None:
        self.reads = values_in(self.args) + values_in(self.kwargs)


def values_in(nested: Any) -> list[Value]:
    """Return the Values in nested tuples, lists and dictionaries."""
    if isinstance(nested, Value):
        return [nested]
    if isinstance(nested, slice):
        nested = (nested.start, nested.stop, nested.step)
    elif isinstance(nested, dict):
        nested = nested.values()
    elif not isinstance(nested, tuple | list):
        return []
    return [value for item in nested for value in values_in(item)]


def substitute(nested: Any, replace: Callable[[Any], Any]) -> Any:
    """Return nested containers with `replace` of everything in them that is no container."""
    if isinstance(nested, tuple):
        made = [substitute(item, replace) for item in nested]
        return type(nested)(*made) if hasattr(nested, "_fields") else tuple(made)
    if isinstance(nested, list):
        return [substitute(item, replace) for item in nested]
    if isinstance(nested, dict):
        return {key: substitute(item, replace) for key, item in nested.items()}
    if isinstance(nested, slice):
        return slice(*[substitute(part, replace) for part in (nested.start, nested.stop, nested.step)])
    return replace(nested)


def with_others(step: Instruction, others: dict[Value, Value]) -> Instruction:
    """Return a step with values replaced by others; a view is then one of the other."""
    if step.target is not None and step.target.base in others:
        step.target.base = others[step.target.base]
    if not others or not any(value in others for value in step.reads):
        return step

    def replace(x: Any) -> Any:
        return others.get(x, x) if isinstance(x, Value) else x

    args, kwargs = substitute(step.args, replace), substitute(step.kwargs, replace)
    return Instruction(step.function, args, kwargs, step.target, step.writes, step.kind, step.line, step.origin)


@dataclass(eq=False)
class Program:
    """Instructions, what goes in and what comes out.

    Attributes
    ----------
    inputs : the caller's arrays
    instructions : in the order in which they ran
    outputs : the values to be handed back, and those that the effects at the end need
    """

    inputs: list[Value]
    instructions: list[Instruction]
    outputs: list[Any]

    def __str__(self) -> str:
        from .report import listing

        return listing(self)

    @property
    def device(self) -> Device:
        """Where it computes: on the CPU only if all of its arrays lie there."""
        return next((value.device for value in self.values() if value.device.name != CPU.name), CPU)

    def written(self) -> set[Value]:
        """Return all memory that is written into after it was made."""
        return {step.writes.root for step in self.instructions if step.writes is not None}

    def handed_back(self) -> set[Value]:
        """Return what the caller gets, and the memory that it shows."""
        return {value for output in values_in(self.outputs) for value in (output, output.root)}

    def values(self) -> list[Value]:
        """Return every value once, in order of first appearance."""
        seen: dict[Value, None] = dict.fromkeys(self.inputs)
        for step in self.instructions:
            seen.update(dict.fromkeys(step.reads))
            for made in (step.writes, step.target):
                if made is not None:
                    seen[made] = None
        return list(seen)
