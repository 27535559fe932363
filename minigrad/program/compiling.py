"""`compile`: run a function once on traced arrays, and from then on run the program it became.

One program for each signature: shapes and dtypes of the arrays, and everything else that was given. Read next:
`ir.py`, on what a program is.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import threading
from collections.abc import Callable, Collection, Sequence
from itertools import repeat
from operator import attrgetter, is_, is_not
from typing import Any

import numpy as np

from ..device import is_array
from ..engine import Tensor, wrap
from ..engine.tracing import current
from ..errors import TraceError, describe, nearest, require
from ..transforms.tree import flatten, map_leaves, paths, unflatten
from .ir import Program, Value
from .naming import argument_names, name_values, parameter_names, variable_names
from .passes import check_names, optimise
from .report import Memory, comparison, memory
from .source import function_text
from .trace import Traced, Tracer, array_of, tracing

Function = Callable[..., Any]
_mode, _flag, _gradient = attrgetter("training"), attrgetter("requires_grad"), attrgetter("grad")
_ARRAYS = {Tensor, np.ndarray}  # the most frequent arguments
EXECUTORS = {"numpy": ".executor", "numba": ".native", "cupy": ".graphs"}


class Recheck(Exception):
    """A condition on the input came out otherwise than when the program was made."""


class Replay:
    """What a function became for one signature: a program that runs, and on what it depends.

    Attributes
    ----------
    stages : the instructions as traced, and as each pass left them
    program : the last of these, which runs
    plan : the memory it works in
    code : what the executor runs, as text
    """

    def __init__(
        self,
        function: Function,
        tracer: Tracer,
        inputs: list[Value],
        value: Any,
        executor: str,
        without: Collection[str],
    ) -> None:
        outputs: list[Value] = []
        self._name = getattr(function, "__name__", "step")

        def place(array: Any) -> int:
            outputs.append(tracer.lift(array).value)
            return len(outputs) - 1

        returned, self._tree = flatten(value)
        arrays = [array_of(x) if isinstance(x, Tensor) else x for x in returned]
        self._results = [
            (isinstance(x, Tensor), place(a)) if isinstance(a, Traced) else (x,)
            for x, a in zip(returned, arrays, strict=True)
        ]
        self._grads: list[tuple[Tensor, int | None]] = []  # leaves, and where their gradient is among the outputs
        self._without: list[Tensor] = []  # leaves that must have no gradient: here it would be added to
        self._accumulates = tracer.accumulates
        for leaf, _, before in tracer.tensors:
            if leaf.requires_grad and leaf.is_leaf and leaf.grad is not before:
                self._grads.append((leaf, None if leaf.grad is None else place(array_of(leaf.grad))))
                if before is None and not tracer.dropped[id(leaf)][1]:
                    self._without.append(leaf)
        self._tensors = [leaf for leaf, *_ in tracer.tensors]
        self._arrays, self._flags = [array for _, array, _ in tracer.tensors], list(map(_flag, self._tensors))
        self._modules = list(tracer.modules.values())
        self._modes = list(map(_mode, self._modules))
        self._settings = tracer.settings
        self.stages = optimise(Program(inputs, tracer.instructions, outputs), without)
        self.program = list(self.stages.values())[-1]
        names = parameter_names(tracer.modules.values()) | {id(t): t.name for t, *_ in tracer.tensors if t.name}
        names = variable_names(function) | names
        for tensor, array, _ in tracer.tensors:
            value = tracer.lift(array).value
            value.name = value.name or names.get(id(tensor), "")
        for value in self.program.values():
            value.name = value.name or names.get(id(value.array), "")
        name_values(
            self.program,
            {outputs[place]: "d" + names.get(id(leaf), "leaf") for leaf, place in self._grads if place is not None},
        )
        fresh = {outputs[x[1]].root for x in self._results if len(x) == 2}
        if self._accumulates:  # what a run leaves behind is read by the next one
            fresh |= {outputs[place].root for _, place in self._grads if place is not None}
        build = importlib.import_module(EXECUTORS[executor], __package__).build
        # The gradients of the traced run are the caller's: the next run may put its own in their place.
        grads = [
            (outputs[n], array_of(leaf.grad).data) for leaf, n in self._grads if leaf.grad is not None and n is not None
        ]
        there = {v: array for v, array in grads if v.base is None and v not in fresh}
        self._run, self.plan, self.code = build(self.program, fresh, Recheck, without, there)
        # A gradient that lies in the program's own memory stays the same Tensor from run to run.
        self._kept: list[tuple[Tensor, Tensor]] = []
        self._others: list[tuple[Tensor, int | None]] = []
        for leaf, n in self._grads:
            if n is not None and outputs[n] in self.plan.buffers and outputs[n].root not in fresh:
                self._kept.append((leaf, wrap(self.plan.buffers[outputs[n]])))
            else:
                self._others.append((leaf, n))
        self._lock = threading.Lock()  # the arrays a program works in are kept between its runs

    @property
    def source(self) -> str:
        """The text of the program, as a function that stands by itself."""
        return function_text(self._name, self.program)[0]

    @property
    def arguments(self) -> dict[str, Any]:
        """The keyword arguments of that function, as they are now."""
        return function_text(self._name, self.program)[1]

    @property
    def memory(self) -> Memory:
        """The memory of its temporaries."""
        return memory(self.program, self.plan.buffers, self.plan.nbytes, self.plan.last)

    def fits(self) -> bool:
        """Tell whether all that it depends on, beside its arguments, is as it was."""
        return (
            list(map(_mode, self._modules)) == self._modes
            and all(map(is_, map(array_of, self._tensors), self._arrays))
            and list(map(_flag, self._tensors)) == self._flags
            and all([values.items() <= settings.items() for settings, values in self._settings])
            and all(map(is_, map(_gradient, self._without), repeat(None)))
            and all(map(is_not, map(_gradient, self._accumulates), repeat(None)))
        )

    def __call__(self, arrays: list[Any]) -> Any:
        with self._lock:
            outputs = self._run(*arrays)
        for leaf, grad in self._kept:
            leaf.grad = grad
        for leaf, place in self._others:
            leaf.grad = None if place is None else wrap(outputs[place])
        results = [x[0] if len(x) == 1 else wrap(outputs[x[1]]) if x[0] else outputs[x[1]] for x in self._results]
        return unflatten(self._tree, results)


class Compiled:
    """A function that runs as a program: see `compile`.

    Attributes
    ----------
    source : the text of the program of the last call, a NumPy function
    program : its instructions
    code : what the executor made of it
    stages : the instructions as traced and after each pass, by its name
    """

    def __init__(self, function: Function, executor: str, without: Collection[str]) -> None:
        functools.update_wrapper(self, function)
        self.executor, self._left_out = executor, check_names(without)
        self.__name__: str = getattr(function, "__name__", type(function).__name__)
        self.function = function
        self._replays: dict[Any, Replay] = {}
        self._last: Replay | None = None

    def __call__(self, *args: Any, **options: Any) -> Any:
        if current.tracer is not None:  # part of another trace
            return self.function(*args, **options)
        leaves: Sequence[Any] = args
        structure: Any = len(args)
        if options or not _ARRAYS.issuperset(map(type, args)):  # there is something to take apart
            leaves, tree = flatten((args, options))
            structure = tuple(paths(tree))
        key, arrays = self._signature(leaves, structure)
        replay = self._last = self._replays.get(key)
        if replay is not None and replay.fits():
            try:
                return replay(arrays)
            except Recheck:
                return self.function(*args, **options)
        return self._trace(key, args, options)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else functools.partial(self, instance)

    def __repr__(self) -> str:
        return f"<compiled {self.__name__}, {len(self._replays)} programs>"

    @property
    def source(self) -> str:
        """The text of the program of the last call: a function that needs nothing but NumPy."""
        return self._latest().source

    @property
    def arguments(self) -> dict[str, Any]:
        """The keyword arguments of that function as they are now: parameters, learning rate, state of the optimizer."""
        return self._latest().arguments

    @property
    def code(self) -> str:
        """What the executor runs, as text: the program of the last call as it was made for speed."""
        return self._latest().code

    @property
    def program(self) -> Program:
        """The instructions of the program of the last call."""
        return self._latest().program

    @property
    def stages(self) -> dict[str, Program]:
        """The program of the last call as it was traced ("trace"), and as each pass left it, by the pass's name."""
        return self._latest().stages

    @property
    def memory(self) -> Memory:
        """The bytes that the results of the last call's program take: each in an array of its own, and as planned."""
        return self._latest().memory

    @property
    def report(self) -> str:
        """What each pass has left of the program of the last call, and what memory that takes."""
        return comparison(self.stages, self.memory)

    def _latest(self) -> Replay:
        if self._last is None:
            raise TraceError(f"compile: {self.__name__} has no program yet; call it once")
        return self._last

    def _signature(self, leaves: Sequence[Any], structure: Any) -> tuple[Any, list[Any]]:
        """Return what a call is recognised by, and the arrays among its arguments."""
        key: list[Any] = [structure]
        arrays = []
        for x in leaves:
            array = x.data if isinstance(x, Tensor) else x
            if isinstance(array, np.ndarray) or is_array(array):  # the first is quick
                arrays.append(array)
                kinds = type(x), type(array), array.dtype
                key.append((kinds, array.shape, array.strides, isinstance(x, Tensor) and x.requires_grad))
                continue
            try:
                hash(array)
            except TypeError:
                raise TypeError(
                    f"compile: an argument of {self.__name__} is {describe(x)}; needs Tensors, arrays, "
                    "containers of them, or what can be hashed, as that is part of what the program depends on"
                ) from None
            key.append((type(x), array))
        return tuple(key), arrays

    def _trace(self, key: Any, args: Any, options: Any) -> Any:
        """Run the function once, keep what it became, and return what it returned."""
        leaves, tree = flatten((args, options))
        with tracing() as tracer:
            for module in _modules_of(self.function, leaves):
                tracer.watch(module)
            inputs, given = [], []
            for x, name in zip(leaves, argument_names(self.function, paths(tree)), strict=True):
                array = array_of(x) if isinstance(x, Tensor) else x
                if isinstance(x, Tensor) and isinstance(array, np.generic):
                    array = np.asarray(array)
                if not is_array(array):
                    given.append(x)
                    continue
                traced = tracer.input(array, name)
                inputs.append(traced.value)
                made: Any = traced
                if isinstance(x, Tensor):
                    if x.requires_grad:
                        raise TraceError(
                            f"compile: an argument of {self.__name__} requires gradients; let the "
                            "function close over parameters, or use mg.grad inside it"
                        )
                    made = wrap(traced)
                given.append(made)
            args, options = unflatten(tree, given)
            value = self.function(*args, **options)
            self._last = self._replays[key] = Replay(
                self.function, tracer, inputs, value, self.executor, self._left_out
            )
        return map_leaves(_constant, value)


def _constant(x: Any) -> Any:
    """Return what the first call returned as later calls do: without what was written down, and without a graph."""
    if isinstance(x, Tensor) and x._node is not None:
        return x.detach()
    return x.data if isinstance(x, Traced) else x


def _modules_of(function: Function, leaves: list[Any]) -> list[Any]:
    """Return the modules that a function can reach: its own, and those it is given."""
    try:
        found = inspect.getclosurevars(inspect.unwrap(function))
        things = [*found.nonlocals.values(), *found.globals.values()]
    except TypeError:  # not a Python function
        things = []
    things += [*leaves, getattr(function, "__self__", None), function]
    flat = [y for x in things for y in (x if isinstance(x, list | tuple) else [x])]
    return [x for x in flat if hasattr(type(x), "named_modules") and hasattr(x, "training")]


def compile_(function: Function, *, executor: str = "numpy", without: Collection[str] = ()) -> Compiled:
    """Return a function that does the same as a program of NumPy calls, without the framework around them.

    Parameters
    ----------
    function : anything that works with Tensors: a model's forward pass, a gradient, a whole training step with its
        loss, `backward`, the optimizer's and the schedule's step and `zero_grad`
    executor : what runs the program: "numpy"; "numba", which makes loops of what works element by element, compiles
        them for this machine and lets its cores share the large ones (the extra `native`; the first run takes seconds,
        and sums may differ in the last digits); or "cupy", which makes kernels of them for arrays on "cuda" and
        captures whole stretches in CUDA graphs (the extra `cuda12`; tested without a GPU, and never measured on one)
    without : names of passes to leave out: "constants", "algebra", "repetition", "dead_code"; of the plan,
        "views", "reuse" and "fusion"

    At the first call with a new signature (shapes and dtypes of its arrays, and every other argument) the function
    runs as usual, and every NumPy call is written down. Later calls replay these. Parameters, gradients, the state
    of optimizers, running averages and random generators change as they would have; learning rates and the count
    of steps are read anew. `step.source` is the program's text, `step.program` its instructions. Gradients that a
    run leaves behind stay in the program's own memory: the next run overwrites them, so copy what you keep.

    A program is made anew when a parameter got another array, a module another mode, or an optimizer another
    setting. Other state of Python that the function reads is taken as it was at the first call, and what it prints or
    appends to a list happens then only. Results are constants: to differentiate, do so inside.

    Raises
    ------
    TraceError
        at the first call, where what is computed depends on values: a branch on one, `float(t)`, `t.item()`.
    DeviceError
        at the first call, when the executor is "cupy" and all arrays are on the CPU.

    >>> import minigrad as mg
    >>> from minigrad import nn, optim
    >>> model = nn.Linear(2, 1)
    >>> optimizer = optim.SGD(model.parameters(), lr=0.01)
    >>> @mg.compile
    ... def step(x, y):
    ...     loss = nn.functional.mse_loss(model(x), y)
    ...     optimizer.zero_grad()
    ...     loss.backward()
    ...     optimizer.step()
    ...     return loss
    >>> x, y = mg.tensor([[1.0, 2.0], [3.0, 4.0]]), mg.tensor([[1.0], [2.0]])
    >>> step(x, y).item() > step(x, y).item() > step(x, y).item()
    True
    """
    if not callable(function):
        raise TypeError(f"compile: needs a function, got {describe(function)}")
    if executor not in EXECUTORS:
        known, meant = ", ".join(map(repr, EXECUTORS)), nearest(str(executor), EXECUTORS)
        raise ValueError(f"compile: executor must be one of {known}, got {executor!r}.{meant}")
    if executor == "numba":
        require("numba", "native", "mg.compile(…, executor='numba')")
    if executor == "cupy":
        require("cupy", "cuda12", "mg.compile(…, executor='cupy')")
    return Compiled(function, executor, without)
