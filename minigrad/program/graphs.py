"""The executor for a GPU: kernels of CUDA C, and stretches of them that CuPy captures in graphs, a launch each.

Every array keeps its place from run to run, the inputs' too: what the caller gives is copied there. Between the
graphs stands what they may not hold: large products (cuBLAS), random draws, and what CuPy does by itself. Numbers of
Python are read before a launch, Python's state is changed after it, when no check has failed. Read next: `models.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from ..device import CPU
from ..errors import DeviceError, require
from . import cuda
from .executor import runnable
from .fusion import Fusion, Kernel, Product
from .ir import Instruction, Program, Value
from .native import Host
from .plan import Array, Plan

Launch = tuple[str, cuda.Function]  # the name of a function, and what it takes


class Stretches(Host):
    """Prints what is left for Python, with a launch in place of each stretch of kernels.

    Attributes
    ----------
    texts : what stands after the name of a function → its name: layers of one shape share one
    stretches : the launches that make up each graph
    numbers : where those of Python's numbers that kernels read are put on their way to the device
    """

    reserved: tuple[str, ...] = ("np", "Recheck", "failed", "numbers", "staged", "launch")

    def __init__(self, program: Program, fusion: Fusion, fresh: set[Value], numbers: dict[Value, int]) -> None:
        super().__init__(program, fusion, fresh)
        self.texts: dict[str, str] = {}
        self.stretches: list[list[Launch]] = [[]]
        self.numbers = numbers
        self._after: list[str] = []  # what is to be done after the launch
        self._stale = False  # whether numbers wait to be carried over

    @property
    def source(self) -> str:
        """The text of all functions."""
        return "\n".join([cuda.PRELUDE, *[f'extern "C" __global__ void {n}{text}' for text, n in self.texts.items()]])

    def lines(self) -> list[str]:
        written = []
        for value, array in self.memory.arrays.items():
            if value in self.memory.inputs:
                name, kept = self.names[value], self.refer(array, "b")
                written += [f"{kept}[...] = {name}", f"{name} = {kept}"]
            elif value.shape is not None:
                self.names[value] = self.refer(array, "b")
        for unit in self.fusion.units:
            functions = self._functions(unit)
            if functions:
                self.stretches[-1] += [(self._name(unit, f), f) for f in functions]
            elif isinstance(unit, Product):
                written += [*self._launch(), *self._host(unit.step)]
            elif isinstance(unit, Instruction) and unit.kind == "effect":
                self._after.append(self.statement(unit))
            elif isinstance(unit, Instruction):
                waits = self._after if unit.kind == "number" else not _is_number(unit)
                written += [*(self._launch() if waits else []), *self._host(unit)]
        return written + self._launch()

    def result(self, x: Any) -> str:
        if not isinstance(x, Value) or x not in self.memory.arrays:
            return self.text(x)
        return f"{self.text(x)}.copy()" if x.root in self.fresh or x.root.kind == "input" else self.text(x)

    def _functions(self, unit: Kernel | Product | Instruction) -> list[cuda.Function]:
        """Return the functions that do a unit; none if it is for the host."""
        if isinstance(unit, Kernel):
            return cuda.functions(unit)
        if isinstance(unit, Product):
            return [cuda.product(unit)] if prod(unit.sizes) <= cuda.SMALL else []
        if self._is_native(unit) and unit.args[0].device.name == self.memory.device.name:
            return [cuda.check(self.memory.slot(self.memory.find(unit.args[0])), unit.function is bool)]
        return []

    def _name(self, unit: Kernel | Product | Instruction, function: cuda.Function) -> str:
        kind = "loop" if isinstance(unit, Kernel) else "product" if isinstance(unit, Product) else "check"
        return self.texts.setdefault(function.text, f"{kind}_{len(self.texts)}")

    def _launch(self) -> list[str]:
        """Return the statements that launch what has been added since, and do what waits for it."""
        written, stretch = [], self.stretches[-1]
        if stretch:
            written += ["numbers.set(staged)"] if self._stale else []
            written.append(f"launch[{len(self.stretches) - 1}]()")
            if any(function.checks for _, function in stretch):
                written.append("if failed(): raise Recheck")
            self.stretches.append([])
            self._stale = False
        written += self._after
        self._after = []
        return written

    def _put(self, number: Value, name: str, array: Array) -> list[str]:
        if not self.memory.has_slot(array):
            return []
        self._stale = True
        return [f"staged[{self.numbers[number]}] = {name}"]


def _is_number(step: Instruction) -> bool:
    """Tell whether a step reads Python's state, or computes with its numbers alone."""
    computes = step.kind == "call" and all(x.shape is None for x in step.reads)
    return step.kind == "number" or (computes and step.target is not None and step.target.shape is None)


def captured(cupy: Any, stretch: Sequence[tuple[Any, tuple[Any, ...], cuda.Function]], bad: Array) -> Any:
    """Return the graph of a stretch: functions as they were loaded, and the arrays they take.

    All are called once before, with `bad` set so that they do nothing: what they need is then loaded.
    """

    def call() -> None:
        for function, arrays, about in stretch:
            function((about.grid,), (about.threads,), (bad, *arrays))

    bad.fill(1)
    call()
    bad.fill(0)
    cupy.cuda.get_current_stream().synchronize()
    stream = cupy.cuda.Stream(non_blocking=True)
    with stream:
        stream.begin_capture()
        call()
        return stream.end_capture()


def build(
    program: Program,
    fresh: set[Value],
    failed: type[Exception],
    without: Collection[str],
    there: Mapping[Value, Array],
) -> tuple[Callable[..., Any], Plan, str]:
    """Return what `executor.build` returns, of the same: `failed` is also raised where an index is out of range.

    Raises
    ------
    DeviceError
        when no array of the program lies on a GPU.
    """
    cupy = require("cupy", "cuda12", "mg.compile(…, executor='cupy')")
    if program.device is CPU:
        raise DeviceError(
            "mg.compile(…, executor='cupy'): all arrays are on cpu; "
            'move the model and what it is given with .to("cuda"), or leave executor= out'
        )
    plan = Plan(program, set(), without, there)
    numbers = {value: k for k, value in enumerate(v for v in program.values() if v.shape is None)}
    on_device = program.device.from_numpy(np.zeros(len(numbers) + 1))
    plan.buffers.update({value: on_device[k : k + 1].reshape(()) for value, k in numbers.items()})
    fusion = Fusion(program, plan, {("gemm", dtype): 0 for dtype in ("float32", "float64")})
    host = Stretches(program, fusion, fresh, numbers)
    text = host.function("run")
    bad = program.device.from_numpy(np.zeros(1, np.int32))

    def has_failed() -> bool:
        found = bool(bad.item())
        if found:
            bad.fill(0)
        return found

    launch = []
    if host.texts:
        module = cupy.RawModule(code=host.source, backend="nvrtc", options=("--fmad=false",))
        loaded = {name: module.get_function(name) for name in host.texts.values()}
        for stretch in host.stretches[:-1]:
            taken = [[fusion.memory.located[slot] for slot, _ in f.parameters] for _, f in stretch]
            calls = [(loaded[name], tuple(arrays), f) for (name, f), arrays in zip(stretch, taken, strict=True)]
            launch.append(captured(cupy, calls, bad).launch)
    names = {"Recheck": failed, "failed": has_failed, "launch": launch}
    names |= {"numbers": on_device, "staged": np.zeros(len(numbers) + 1)}
    return runnable(text, names, host.outside), plan, f"{host.source}\n\n{text}"
