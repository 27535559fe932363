"""Large arrays block by block: a chain of element-wise calls does all it does to one block while that is in the cache.

What only the chain uses needs no more memory than a block, and every core takes a part of the blocks. Read next:
`cores.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np

from .fusion import Fusion, Kernel
from .ir import Instruction, Program, Value, values_in
from .plan import Plan

BLOCK = 1 << 16  # elements
SMALL = 1 << 17  # arrays with fewer elements are done in one piece


@dataclass(eq=False)
class Chain:
    """Neighbouring instructions over one shape.

    Attributes
    ----------
    shape : of what they make
    steps : the instructions, ufuncs and sums over everything
    scratch : values that nobody else uses → the number of the array, as large as a block, that holds them
    dtypes : of these arrays
    """

    shape: tuple[int, ...]
    steps: list[Instruction]
    scratch: dict[Value, int] = field(default_factory=dict)
    dtypes: list[Any] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """The rows of a block: elements along the first axis."""
        return max(1, BLOCK // prod(self.shape[1:]))

    def values(self) -> list[Value]:
        """Return what the chain reads and makes."""
        made = [s.target for s in self.steps if s.target is not None]
        return list(dict.fromkeys([*made, *[v for s in self.steps for v in s.reads]]))

    def sliced(self, value: Value) -> bool:
        """Tell whether a block needs only its rows of a value."""
        return value.shape is not None and len(value.shape) == len(self.shape) and value.shape[0] == self.shape[0]


def chains(program: Program, plan: Plan) -> list[Chain]:
    """Return the chains of a program that are worth being done block by block."""
    if not any(prod(value.shape or (0,)) >= SMALL for value in program.values()):
        return []
    place = {step: i for i, step in enumerate(step for step in program.instructions if step not in plan.skipped)}
    found: list[Chain] = []
    for unit in Fusion(program, plan, {}).units:
        if not isinstance(unit, Kernel) or not unit.shape or prod(unit.shape) < SMALL or unit.shape[0] == 1:
            continue
        last = -2
        for step in unit.steps:
            if _is_blockwise(step, plan):
                if place[step] != last + 1:
                    found.append(Chain(unit.shape, []))
                found[-1].steps.append(step)
                last = place[step]
    for chain in found:
        _assign_scratch(chain, program, plan)
    return found


def _is_blockwise(step: Instruction, plan: Plan) -> bool:
    if step.function is np.sum:
        options = dict(zip(("axis",), step.args[1:], strict=False)) | step.kwargs
        return not any(options.values()) and options.get("axis") is None
    out = step.target if step.target in plan.buffers or step.target in plan.fresh else step.kwargs.get("out")
    return isinstance(step.function, np.ufunc) and isinstance(out, Value)


def _assign_scratch(chain: Chain, program: Program, plan: Plan) -> None:
    """Give what only the chain uses a place as large as a block; one that is free again is taken again."""
    inside = set(chain.steps)
    used = {v.root for s in program.instructions if s not in inside for v in s.reads}
    used |= {v.root for v in values_in(program.outputs)}
    used |= {v.root for s in chain.steps for v in s.reads if v is not v.root}
    own = {s.target for s in chain.steps if s.target is not None and s.target.shape == chain.shape} - used
    last = {v: i for i, s in enumerate(chain.steps) for v in s.reads if v in own}
    free: dict[Any, list[int]] = {}
    for i, step in enumerate(chain.steps):
        for value in chain.scratch:
            if last.get(value) == i:  # it may be written over while it is read
                free.setdefault(value.dtype, []).append(chain.scratch[value])
        if step.target in own and step.target is not None:
            spare = free.get(step.target.dtype)
            if spare:
                chain.scratch[step.target] = spare.pop()
            else:
                chain.scratch[step.target] = len(chain.dtypes)
                chain.dtypes.append(step.target.dtype)
