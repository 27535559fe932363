"""The native executor: kernels that Numba compiles, and lists of them that are done in one call.

The text of the kernels is kept in a file, beside which Numba keeps what it compiled for the next process. Read next:
`machine.py`, on what the kernels are made of.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.util
import os
import sys
import tempfile
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..files import write_text
from .cores import CORES, at_once
from .executor import Fast, runnable
from .fusion import Fusion, Kernel, Memory, Product
from .ir import Instruction, Program, Value
from .loops import SHORT, Loop
from .plan import Array, Plan

LARGE_PRODUCT = 1 << 18  # multiplications from which on BLAS's threads share a product


class Module:
    """The text of a program's kernels, and of the function that runs through lists of them.

    Attributes
    ----------
    kernels : text from the parameters on → name, in order of their numbers: layers of one shape share a kernel
    lists : of rows: the number of a kernel, and its arguments
    """

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.kernels: dict[str, str] = {}
        self.lists: list[list[tuple[int, ...]]] = [[]]
        self.shared: set[int] = set()

    def add(self, unit: Kernel | Product | Instruction) -> None:
        """Add a unit to the last list; of a loop that the cores share each core gets a part, in a list of its own."""
        if not isinstance(unit, Kernel):
            self.lists[-1].append(self._row(unit))
            return
        loop = Loop(unit)
        parameters = [f"s{k}" for k in range(len(loop.slots))]
        if not loop.turns or CORES == 1:
            self.lists[-1].append((self._number("loop", parameters, loop.lines), *loop.slots))
            return
        sums = np.empty((CORES, len(loop.sums)))
        self.memory.arrays[Value("temporary", sums.shape, sums.dtype)] = sums
        slot, ends = self.memory.slot(sums), [loop.turns * part // CORES for part in range(CORES + 1)]
        lines = ["sums = t[sums]", *loop.lines]
        number = self._number("loop", [*parameters, "sums", "first", "last", "part"], lines)
        self.shared.add(len(self.lists))
        self.lists.append([(number, *loop.slots, slot, *ends[part : part + 2], part) for part in range(CORES)])
        self.lists.append([])
        for k, s in enumerate(loop.sums):
            assert s.place is not None
            dtype, width = SHORT[s.dtype.name], len(loop.sums)
            lines = ["total = f8(0)", f"for part in range({CORES}):"]
            lines += [f"    total += load(t[sums], part * {width} + k, f8(0))", f"store(t[s0], 0, {dtype}(total))"]
            number = self._number("total", ["sums", "k", "s0"], [*lines, "return True"])
            self.lists[-1].append((number, slot, k, s.place.slot))

    def _row(self, unit: Product | Instruction) -> tuple[int, ...]:
        if isinstance(unit, Product):
            (a, b, out), (turn_a, turn_b), (n, k, m) = unit.slots, map(int, unit.turned), unit.sizes
            kind, given = "gemv", {"a": a, "turn_a": turn_a, "b": b, "out": out, "n": n, "k": k}
            if m > 1:
                kind, given = "gemm", given | {"turn_b": turn_b, "m": m}
            address = f"t[{self.memory.products[kind, unit.dtype.name]}]"
            arguments = [f"t[{x}]" if x in ("a", "b", "out") else x for x in given]
            call = f"{kind}({address}, {SHORT[unit.dtype.name]}(0), {', '.join(arguments)})"
            return self._number("product", list(given), [call, "return True"]), *given.values()
        slot, wanted = self.memory.slot(self.memory.find(unit.args[0])), unit.function is bool
        return self._number("check", ["s0"], [f"return load(t[s0], 0, b1(0)) == {wanted}"]), slot

    def _number(self, kind: str, parameters: list[str], lines: list[str]) -> int:
        text = f"({', '.join(['t', *parameters])}):\n" + "".join(f"    {line}\n" for line in lines)
        self.kernels.setdefault(text, f"{kind}_{len(self.kernels)}")
        return list(self.kernels).index(text)

    def rows(self, n: int) -> Any:
        """Return a list as an array, a row for each unit."""
        width = max(map(len, self.lists[n]), default=0)
        return np.array([row + (0,) * (width - len(row)) for row in self.lists[n]], np.int64)

    def __str__(self) -> str:
        given = list(self.memory.inputs.values())
        lines = [f"    t[{slot}] = x{slot}.ctypes.data" for slot in given]
        lines += [f"    t[{slot}] = t[{whole}] + {n}" for slot, (whole, n) in self.memory.offsets.items()]
        lines += ["    for row in rows:", "        good = True"]
        for number, (text, name) in enumerate(self.kernels.items()):
            arguments = ["t", *[f"row[{k}]" for k in range(1, text[: text.index(")")].count(",") + 1)]]
            lines.append(f"        {'elif' if number else 'if'} row[0] == {number}:")
            lines.append(f"            good = {name}({', '.join(arguments)})")
        lines += ["        if not good:", "            return False", "    return True"]
        run = f"def run({', '.join(['t', 'rows', *[f'x{slot}' for slot in given]])}):"
        kernels = [f"@njit(**OPTIONS)\ndef {name}{text}" for text, name in self.kernels.items()]
        return "\n\n".join([
            "from minigrad.program.machine import *\n", *kernels,
            "\n".join(["@njit(cache=True, **OPTIONS)", run, *lines]) + "\n",
        ])  # fmt: skip


class Host(Fast):
    """Prints what is left for Python: calls of the stretches, what NumPy does, and Python's own state."""

    reserved: tuple[str, ...] = ("np", "Recheck", "table", "rows", "run_kernels", "at_once")

    def __init__(self, program: Program, fusion: Fusion, fresh: set[Value]) -> None:
        super().__init__(program, fusion.plan)
        self.fusion, self.memory, self.fresh = fusion, fusion.memory, fresh
        self.module = Module(fusion.memory)
        self.called = 0

    def lines(self) -> list[str]:
        for value, array in self.memory.arrays.items():
            if value.root.kind != "input" and value.shape is not None:
                self.names[value] = self.refer(array, "b")
        written = [f"{self.names[v]} = np.asarray({self.names[v]}, order='C')" for v in self.memory.inputs]
        for unit in self.fusion.units:
            if not isinstance(unit, Instruction) or self._is_native(unit):
                self.module.add(unit)
            else:
                written += [*self._calls(), *self._host(unit)]
        return written + self._calls()

    def text(self, x: Any, binding: int = 0) -> str:
        if not isinstance(x, Value) or x in self.names or x not in self.fusion.views:
            return super().text(x, binding)
        text, own = self.expression(self.fusion.views[x])
        return f"({text})" if own < binding else text

    def result(self, x: Any) -> str:
        text = self.text(x)
        if not isinstance(x, Value) or x not in self.memory.arrays or x.root.kind == "input":
            return text
        return f"{text}[()]" if not x.shape else f"{text}.copy()" if x.root in self.fresh else text

    def _is_native(self, unit: Instruction) -> bool:
        """Tell whether a check looks at what lies in memory."""
        return unit.kind == "check" and self.memory.find(unit.args[0]) is not None and unit.args[0].dtype == bool

    def _calls(self) -> list[str]:
        """Return the calls that do what has been added to the module since."""
        inputs = [self.names[v] for v in self.memory.inputs]
        calls = []
        for n in range(self.called, len(self.module.lists)):
            if self.module.lists[n]:
                run = "at_once" if n in self.module.shared else "run_kernels"
                calls.append(f"if not {run}({', '.join(['table', f'rows[{n}]', *inputs])}): raise Recheck")
        self.called = len(self.module.lists)
        self.module.lists.append([])
        return calls

    def _host(self, step: Instruction) -> list[str]:
        """Return the statement of an instruction, and another that puts what it makes where loops look for it."""
        made = step.target
        array = self.memory.arrays.get(made) if made is not None else None
        if made is None or array is None or (made.shape is not None and array is self.plan.buffers.get(made)):
            return [self.statement(step)]
        text = self.expression(step)[0]
        if made.shape is not None:
            return [f"{self.names[made]}[...] = {text}"]
        name = self.names[made] = self._free(made.name or "t")
        return [f"{name} = {text}", *self._put(made, name, array)]

    def _put(self, number: Value, name: str, array: Array) -> list[str]:
        """Return the statement that puts a number of Python into its array, for the loops that read it."""
        return [f"{self.refer(array, 'b')}[()] = {name}"]


def _each_at_once(run: Callable[..., bool], table: Any, rows: Any, *inputs: Any) -> bool:
    """Do every row on a core of its own; tell whether all went well."""
    return all(at_once([functools.partial(run, table, row, *inputs) for row in rows[:, None]]))


def build(
    program: Program,
    fresh: set[Value],
    failed: type[Exception],
    without: Collection[str],
    there: Mapping[Value, Array],
) -> tuple[Callable[..., Any], Plan, str]:
    """Return what `executor.build` returns, of the same: `failed` is also raised where an index is out of range."""
    from .machine import BITS, PRODUCTS

    lay_out(program)
    fusion = Fusion(program, Plan(program, set(), without, there), PRODUCTS)
    host = Host(program, fusion, fresh)
    text = host.function("run")
    module = imported(f"{host.module}\n# lengths of matrices: {BITS} bits\n")
    names = {
        "Recheck": failed,
        "memory": fusion.memory,  # the arrays whose addresses are in the table
        "table": np.array(fusion.memory.addresses, np.int64),
        "rows": [host.module.rows(n) for n in range(len(host.module.lists))],
        "run_kernels": module.run,
        "at_once": functools.partial(_each_at_once, module.run),
    }
    return runnable(text, names, host.outside), fusion.plan, f"{host.module}\n\n{text}"


def lay_out(program: Program) -> None:
    """Let large products with more columns than rows lie column by column, and what is computed of their elements.

    So they are BᵀAᵀ to BLAS, with more rows than columns, which OpenBLAS's threads divide better: on two cores a
    product of 128 samples and 784 inputs to 512 nodes takes 0.84 ms so, and 1.02 otherwise.
    """
    kept, turned = program.handed_back(), set()
    for step in program.instructions:
        value = step.target
        if step.kind != "call" or value is None or value.base is not None or value in kept:
            continue
        shapes = [x.shape for x in step.reads if x.shape is not None and len(x.shape) == 2]
        if step.function in (np.dot, np.matmul) and len(shapes) == 2:
            (n, k), (_, m) = shapes
            if m > n and n * k * m >= LARGE_PRODUCT:
                turned.add(value)
        elif isinstance(step.function, np.ufunc) and any(x in turned and x.shape == value.shape for x in step.reads):
            turned.add(value)
    for value in turned:
        value.order = (1, 0)


def imported(text: str) -> Any:
    """Return a text as a module: from a file, so that Numba finds again what it compiled."""
    machine = Path(__file__).with_name("machine.py").read_text(encoding="utf-8")
    name = "minigrad_program_" + hashlib.sha256((machine + text).encode()).hexdigest()[:24]
    if name in sys.modules:
        return sys.modules[name]
    path = _folder() / f"{name}.py"
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        write_text(path, text, "compile")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _folder() -> Path:
    """Return where programs are kept; where that cannot be written to, a folder for this process."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "minigrad"
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    return folder if os.access(folder, os.W_OK) else _own_folder()


@functools.cache
def _own_folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="minigrad-"))
