"""The NumPy executor: a program printed once more, for speed and not for reading.

Every result goes into an array that is kept from run to run (`out=`), see `plan.py`; a constant beside an array is an
array too, which NumPy takes quicker than a Python number; large arrays are done block by block. Read next:
`fusion.py`, on how instructions are grouped.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from math import prod
from typing import Any

import numpy as np

from ..device import CPU
from .blocks import Chain, chains
from .cores import CORES, LARGE, in_parts
from .ir import Instruction, Program, Value
from .plan import Array, Plan
from .source import Printer
from .trace import astype

POISON = False  # for tests: an array is overwritten with NaN as soon as nobody should need it
# Where a number may stand as an array without axes: the result is the same.
_ARITHMETIC = {np.add, np.subtract, np.multiply, np.divide, np.maximum, np.minimum}


class Fast(Printer):
    """Prints statements that work on the arrays of a plan.

    Attributes
    ----------
    made : values that the caller gets, and whose array is there before they are computed
    here : whether all arrays lie on the CPU; elsewhere no host array may stand beside them, and blocks gain nothing
    """

    reserved: tuple[str, ...] = ("np", "Recheck", "first", "last", "own", "i", "j")

    def __init__(self, program: Program, plan: Plan) -> None:
        super().__init__(program)
        self.plan = plan
        self.made: set[Value] = set()
        self.here = program.device is CPU

    def lines(self) -> list[str]:
        for value, array in self.plan.buffers.items():
            self.names[value] = self.refer(array, "b")
        written: list[str] = []
        found = [] if POISON or not self.here or not self.plan.fuses else chains(self.program, self.plan)
        starts, others = {c.steps[0]: c for c in found}, {step for c in found for step in c.steps[1:]}
        for i, step in enumerate(self.program.instructions):
            if step in starts:
                written += self._chain(starts[step])
            elif step not in self.plan.skipped and step not in others:
                written.append(self.statement(step))
            if POISON:
                written += [
                    f"{self.refer(a, 'b')}.fill({'np.nan' if a.dtype.kind == 'f' else '0'})"
                    for a in self.plan.freed.get(i, ())
                ]
        return written

    def statement(self, step: Instruction) -> str:
        kept = step.target in self.plan.buffers or step.target in self.made
        out = step.target if kept else step.kwargs.get("out")
        if step.kind == "call" and isinstance(out, Value):
            into = self.text(out)
            if step.function is astype or step.function is np.copy:
                return f"np.copyto({into}, {self.text(step.args[0])}, casting='unsafe')"
            if step.function is np.zeros:
                return f"{into}.fill(0)"
            if isinstance(step.function, np.ufunc) or step.function is np.dot:
                operands = [self._operand(x, step) for x in step.args]
                if step.function is np.dot:
                    array, product = self.plan.buffers.get(out), f"{self.text(step.args[0])}.dot({operands[1]}"
                    if array is not None and not array.flags.c_contiguous:  # `dot` writes row by row alone
                        return f"{into}[...] = {product})"
                    return f"{product}, {into})"
                into = f"out={into}" if step.function in (np.maximum, np.minimum) else into  # as NumPy wishes
                return f"{self.refer(step.function, step.function.__name__)}({', '.join([*operands, into])})"
        if step.kind == "check":
            return f"if not {self.expression(step)[0]}: raise Recheck"
        text = self.expression(step)[0]
        if step.target is None:
            return text
        if step.target not in self.names:
            self.names[step.target] = self._free(step.target.name or "t")
        return f"{self.names[step.target]} = {text}"

    def _chain(self, chain: Chain) -> list[str]:
        """Return a function that does a chain block by block, and its call on all cores."""
        n, rows, row = chain.shape[0], chain.rows, chain.shape[1:]
        before, inside, after = [], [], []
        for value in [s.target for s in chain.steps if s.target is not None and s.target in self.plan.fresh]:
            if value.shape == chain.shape:
                self.made.add(value)
                self.names[value] = self._free(value.name or "v")
                before.append(f"{self.names[value]} = np.empty({value.shape}, np.{value.dtype.name})")
        whole = {v: self.text(v) for v in chain.values() if v in self.names or v.array is not None}
        self.names |= {v: f"{text}[i:j]" for v, text in whole.items() if chain.sliced(v)}
        self.names |= {v: f"own[{k}][: j - i]" for v, k in chain.scratch.items()}
        for step in chain.steps:
            if step.function is np.sum and step.target is not None:
                sums = self.refer(np.empty(-(-n // rows), step.target.dtype), "sums")
                inside.append(f"{sums}[i // {rows}] = {self.text(step.args[0])}.sum()")
                self.names[step.target] = self._free(step.target.name or "v")
                after.append(f"{self.names[step.target]} = {sums}.sum()")
            else:
                inside.append(self.statement(step))
        self.names |= whole
        parts = CORES if prod(chain.shape) >= LARGE else 1
        own = self.refer([[np.empty((rows, *row), d) for d in chain.dtypes] for _ in range(parts)], "own")
        name = self._free("chain")
        return [
            *before,
            f"def {name}(first, last, own):",
            f"    for i in range(first, last, {rows}):",
            f"        j = min(i + {rows}, last)",
            *[f"        {line}" for line in inside],
            f"{self.refer(in_parts, 'in_parts')}({name}, {n}, {rows}, {own})",
            *after,
        ]

    def _operand(self, x: Any, step: Instruction) -> str:
        """Return an operand of a ufunc; a number as an array without axes, where that gives the same result."""
        dtypes = {a.dtype for a in step.args if isinstance(a, Value) and a.shape is not None}
        dtype = next(iter(dtypes)) if len(dtypes) == 1 else None
        if dtype is None or dtype.kind != "f" or step.function not in _ARITHMETIC or not self.here:
            return self.text(x)
        if isinstance(x, int | float) and not isinstance(x, bool):
            return self.refer(np.array(x, dtype), "c")
        if isinstance(x, np.generic) and x.dtype == dtype:
            return self.refer(np.array(x), "c")
        return self.text(x)


def runnable(text: str, names: dict[str, Any], outside: dict[str, Any]) -> Callable[..., Any]:
    """Return the function `run` of a text, which finds `names` around it and is given what lives outside."""
    namespace = {"np": np, **names}
    exec(compile(text, "<minigrad program>", "exec"), namespace)
    run: Any = namespace["run"]
    run.__kwdefaults__ = outside
    return run


def build(
    program: Program,
    fresh: set[Value],
    failed: type[Exception],
    without: Collection[str],
    there: Mapping[Value, Array],
) -> tuple[Callable[..., Any], Plan, str]:
    """Return the function that runs a program, the plan of its memory, and its text.

    Parameters
    ----------
    fresh : the outputs that belong to the caller
    failed : what to raise when a check comes out otherwise
    without : what the plan is to leave out: "reuse", "views", "fusion"
    there : arrays that are there already, for some of the values
    """
    plan = Plan(program, fresh, without, there)
    printer = Fast(program, plan)
    text = printer.function("run")
    return runnable(text, {"Recheck": failed}, printer.outside), plan, text
