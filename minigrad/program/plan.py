"""Where each value of a program lives: arrays are kept from run to run, and used again for another value when free.

Views are made once; gradients that an optimizer gathers are computed where it wants them. Read next: `executor.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from ..device import is_array
from .ir import Instruction, Program, Value
from .trace import astype

Array = Any


class Plan:
    """Where each value of a program lives.

    Parameters
    ----------
    program : the instructions
    fresh : the outputs that belong to the caller, and so must be new at every run
    without : "reuse", so that no array is used again; "views", so that views are made at every run; "fusion"
    there : arrays that are there already, for some of the values

    Attributes
    ----------
    buffers : the array each value is kept in, of those that are kept
    pool : all arrays that were made
    fuses : whether neighbouring instructions may become one loop, or be done block by block
    last : of each piece of memory the last step that needs it
    """

    def __init__(
        self,
        program: Program,
        fresh: set[Value],
        without: Collection[str],
        there: Mapping[Value, Array],
    ) -> None:
        self._reuse, self._views = "reuse" not in without, "views" not in without
        self.fuses = "fusion" not in without
        self._there = there
        self.program, self.fresh = program, fresh
        self.buffers: dict[Value, Array] = {}
        self.pool: list[Array] = []
        self.skipped: set[Instruction] = set()
        self.freed: dict[int, list[Array]] = {}  # after which step which arrays are free, for tests
        self.last = self._last_uses()
        self._gather()
        self._assign()

    @property
    def nbytes(self) -> int:
        """The memory of all arrays that are kept."""
        return sum(array.nbytes for array in self.pool)

    def _last_uses(self) -> dict[Value, int]:
        """Return for each piece of memory the last step that reads or writes it."""
        last: dict[Value, int] = {}
        for i, step in enumerate(self.program.instructions):
            for value in [*step.reads, *[v for v in (step.writes, step.target) if v is not None]]:
                last[value.root] = i
        for value in self.program.outputs:
            last[value.root] = len(self.program.instructions)
        return last

    def _gather(self) -> None:
        """Let gradients be computed where an optimizer gathers them: its `concatenate` has nothing left to do."""
        made = {step.target: step for step in self.program.instructions if step.target is not None}
        for step in self.program.instructions:
            if step.function is not np.concatenate or step.kwargs.get("axis", 0) is not None or step.writes is None:
                continue
            parts, whole = step.args[0], step.writes.array
            if whole is None or not all(
                isinstance(p, Value) and p in made and p not in self.buffers and p not in self.fresh
                and keeps_result(made[p]) and p.dtype == whole.dtype for p in parts
            ) or len(set(parts)) < len(parts):  # fmt: skip
                continue
            start = 0
            for part in parts:
                self.buffers[part] = whole[start : start + part.size].reshape(part.shape)
                start += part.size
            self.skipped.add(step)

    def _assign(self) -> None:
        free: list[Array] = []
        dying: dict[int, list[Value]] = {}
        for root, i in self.last.items():
            dying.setdefault(i, []).append(root)
        owned: dict[Value, Array] = {}
        for i, step in enumerate(self.program.instructions):
            value = step.target
            if value is not None and value.base is not None:  # a view, made once where its memory is kept
                base = self.buffers.get(value.base, value.base.array)
                if base is not None and step.kind == "call" and self._views:
                    view = view_of(step, value.base, base)
                    if view is not None:
                        self.buffers[value] = view
                        self.skipped.add(step)
            elif value is not None and value not in self.buffers and value not in self.fresh and keeps_result(step):
                array = self._there.get(value)
                if array is None:
                    array = self._reused(step, value, owned, i)
                if array is None:
                    array = _take(free, value)
                if array is None:
                    array = _empty(value)
                if not any(array is other for other in self.pool):
                    self.pool.append(array)
                self.buffers[value] = owned[value] = array
            for gone in dying.get(i, ()):
                if gone in owned and self._reuse:
                    array = owned.pop(gone)
                    if not any(array is other for other in owned.values()):
                        free.append(array)
                        self.freed.setdefault(i, []).append(array)

    def _reused(self, step: Instruction, value: Value, owned: dict[Value, Array], i: int) -> Array | None:
        """Return the array of an operand that is needed for the last time, and may be written over."""
        if not self._reuse or not isinstance(step.function, np.ufunc) or step.function is np.matmul:
            return None
        for x in step.args:
            if not (isinstance(x, Value) and x in owned and self.last[x] == i):
                continue
            alone = sum(isinstance(a, Value) and a.root is x for a in step.args) == 1  # no transpose of it beside it
            if alone and owned[x].shape == value.shape and owned[x].dtype == value.dtype:
                return owned[x]
        return None


def _empty(value: Value) -> Array:
    """Return an array whose axes lie in memory as they did: sums add up in that order."""
    order = value.order or tuple(range(len(value.shape or ())))
    lengths = [value.shape[axis] for axis in order]  # type: ignore[index]
    made = value.device.from_numpy(np.empty(lengths, value.dtype))
    return made.transpose([order.index(axis) for axis in range(len(order))])


def _take(free: list[Array], value: Value) -> Array | None:
    for k, array in enumerate(free):
        if array.shape == value.shape and array.dtype == value.dtype and array.strides == _empty(value).strides:
            return free.pop(k)
    return None


def keeps_result(step: Instruction) -> bool:
    """Tell whether a call can put its result into an array that is given."""
    value = step.target
    if step.kind != "call" or value is None or value.base is not None or not value.shape:
        return False
    if step.function in (astype, np.copy, np.zeros):
        return True
    if isinstance(step.function, np.ufunc):
        return step.function is not np.matmul and step.function.nout == 1
    operands = [a for a in step.args if isinstance(a, Value)]
    return step.function is np.dot and all(len(a.shape or ()) in (1, 2) and a.dtype == value.dtype for a in operands)


def view_of(step: Instruction, value: Value, array: Array) -> Array | None:
    """Return the view that a step makes of an array, if it needs nothing else."""
    if set(step.reads) != {value}:
        return None
    args = tuple([array if x is value else x for x in step.args])
    view = step.function(*args, **step.kwargs)
    return view if is_array(view) and np.may_share_memory(view, array) else None
