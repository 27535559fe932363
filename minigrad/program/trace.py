"""Arrays that write down what is done to them: a function is run once, and what it did is a program.

A `Traced` holds the real array too, so that the run is a real run: its results count, and shapes are at hand. What
depends on values cannot be written down as straight-line code, and raises. Read next: `source.py`.
"""

from __future__ import annotations

import functools
import operator
import sys
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from .. import device
from ..device import find_device, is_array
from ..engine import Tensor
from ..engine.debugging import called_modules, user_line
from ..engine.tracing import current
from ..errors import TraceError
from .ir import Instruction, Value, substitute

# Of numbers alone Python computes: NumPy's functions would make arrays of them, which have a dtype.
_OF_NUMBERS: dict[Any, Callable[..., Any]] = {
    np.add: operator.add, np.subtract: operator.sub, np.multiply: operator.mul, np.divide: operator.truediv,
    np.power: operator.pow, np.negative: operator.neg, np.floor_divide: operator.floordiv,
}  # fmt: skip
# Of an array these only want the shape and the dtype, so what they make is the same at every run.
_CONSTANT = {np.ones_like, np.shape, np.ndim, np.size, np.result_type, np.iscomplexobj}

# What takes an array `like` those it is to make.
_CREATION = {np.array, np.asarray, np.empty, np.zeros, np.ones, np.full, np.arange, np.eye, np.identity}


def astype(array: Any, dtype: Any) -> Any:
    """Return the array in another dtype: as a function, which instructions call."""
    return array.astype(dtype)


class Draw:
    """A method of a random generator: of the one that is in use when it is called."""

    def __init__(self, generator: Callable[[], Any], method: str) -> None:
        self.generator, self.__name__ = generator, method

    def __call__(self, **options: Any) -> Any:
        return getattr(self.generator(), self.__name__)(**options)


class Traced(np.lib.mixins.NDArrayOperatorsMixin):
    """An array of a traced run, or a number that is read anew at every run."""

    __slots__ = ("__weakref__", "data", "tracer", "value")

    def __new__(cls, tracer: Tracer, value: Value, data: Any) -> Traced:
        return object.__new__(_class_on(value.device.name))

    def __init__(self, tracer: Tracer, value: Value, data: Any) -> None:
        self.tracer, self.value, self.data = tracer, value, data

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if any(isinstance(x, Tensor) for x in inputs):
            return NotImplemented
        function = ufunc if method == "__call__" else getattr(ufunc, method)
        (out,) = kwargs.pop("out", None) or (None,)
        return _tracer(self).call(function, inputs, kwargs, out)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if any(issubclass(kind, Tensor) for kind in types):
            return NotImplemented
        if function in _CONSTANT:
            return function(*substitute(args, _data), **substitute(kwargs, _data))
        if function is np.zeros_like and self.value.device is device.CPU:  # it may be written into: each run's own
            made = function(*substitute(args, _data), **substitute(kwargs, _data))
            return _tracer(self).call(np.zeros, (made.shape, made.dtype), {})
        kwargs = {k: v for k, v in kwargs.items() if k != "like" and v is not np._NoValue}
        if function in _CREATION and self.value.device is not device.CPU:  # NumPy has taken out `like`, who is asked
            if any(isinstance(x, Traced) for x in args):
                kwargs["like"] = self
            else:
                function = _creator_on(self.value.device.name, function)
        out = kwargs.pop("out", None)
        return _tracer(self).call(function, args, kwargs, out)

    # What an array tells of itself

    shape = property(lambda self: self.data.shape)
    dtype = property(lambda self: self.data.dtype)
    ndim = property(lambda self: self.data.ndim)
    size = property(lambda self: self.data.size)
    strides = property(lambda self: self.data.strides)
    itemsize = property(lambda self: self.data.itemsize)
    base = property(lambda self: getattr(self.data, "base", None))
    T = property(np.transpose)

    def __len__(self) -> int:
        return len(self.data)

    def __repr__(self) -> str:
        return f"<traced {self.value!r}>"

    # What it can do: NumPy's functions under the names of methods

    def __getitem__(self, index: Any) -> Any:
        return _tracer(self).call(operator.getitem, (self, index), {})

    def __setitem__(self, index: Any, values: Any) -> None:
        _tracer(self).write(operator.setitem, (self, index, values), {}, self)

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __pow__(self, other: Any) -> Any:  # NumPy's operator is not np.power: x ** 2 is a square, x ** 0.5 a root
        return NotImplemented if isinstance(other, Tensor) else _tracer(self).call(operator.pow, (self, other), {})

    def __rpow__(self, other: Any) -> Any:
        return _tracer(self).call(operator.pow, (other, self), {})

    def dot(self, other: Any) -> Any:
        return np.dot(self, other)

    def reshape(self, *shape: Any) -> Any:
        return np.reshape(self, shape[0] if len(shape) == 1 else shape)

    def transpose(self, *axes: Any) -> Any:
        return np.transpose(self, axes[0] if len(axes) == 1 else axes or None)

    def astype(self, dtype: Any, copy: bool = True) -> Any:
        return _tracer(self).call(astype, (self, np.dtype(dtype)), {})

    # What only values could answer

    def __bool__(self) -> bool:
        return _refuse("the truth value of an array was asked for")

    def __float__(self) -> float:
        return _refuse("an array was made a number (float(), .item())")

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        return _refuse("an array was handed to NumPy as values (.numpy(), np.asarray)")

    __int__ = __index__ = item = tolist = __float__


for _name in ("sum", "mean", "var", "std", "max", "min", "prod", "argmax", "argmin", "any", "all", "cumsum", "ravel",
              "swapaxes", "squeeze", "clip", "take", "repeat", "round", "argsort", "copy"):  # fmt: skip
    setattr(Traced, _name, functools.partialmethod(lambda self, f, *a, **k: f(self, *a, **k), getattr(np, _name)))


def _refuse(what: str) -> Any:
    raise TraceError(
        f"compile: {what}, in {user_line()}: it depends on the values, which differ from call to call. Choose with "
        "mg.where, return the array and look at it outside, or leave this part out of the compiled function"
    )


@functools.cache
def _class_on(name: str) -> type[Traced]:
    """Return the class of the traced arrays of a device: a type says where its arrays live."""
    if name == device.CPU.name:
        return Traced
    made = type("Traced", (Traced,), {"__slots__": ()})
    device._by_type[made] = device.get_device(name)._replace(to_numpy=Traced.__array__)
    return made


@functools.cache
def _creator_on(name: str, function: Any) -> Callable[..., Any]:
    """Return a function that makes arrays of nothing but numbers, such as `np.arange`, on a device."""
    like = device.get_device(name).from_numpy(np.empty(0))

    def create(*args: Any, **kwargs: Any) -> Any:
        return function(*args, like=like, **kwargs)

    create.__name__ = function.__name__
    return create


def place_of(x: Any) -> device.Device:
    """Return where an array lies; of what is none, the CPU."""
    return find_device(x) or device.CPU


def _data(x: Any) -> Any:
    return x.data if isinstance(x, Traced) else x


def _tracer(traced: Traced) -> Tracer:
    """Return who writes down now: not who wrote down an array that was kept since an earlier run."""
    if current.tracer is None:
        raise TraceError(
            "compile: an array of a traced run was kept, and used after it; return it from the compiled function"
        )
    return current.tracer


class Tracer:
    """Writes down what a function does.

    Attributes
    ----------
    instructions : so far
    tensors : every Tensor that lives outside and was looked at, with its array and its gradient at that time
    modules : every module that was called, or is part of one that was
    settings : every dictionary of settings that was read, with what it held, but for what may vary
    dropped : whether the first that was done with a leaf's gradient was to drop it, by the id of the leaf
    outside : while the function runs, the frame that runs it
    """

    def __init__(self) -> None:
        self.instructions: list[Instruction] = []
        self.tensors: list[tuple[Tensor, Any, Tensor | None]] = []
        self.modules: dict[int, Any] = {}
        self.settings: list[tuple[dict[str, Any], dict[str, Any]]] = []
        self.dropped: dict[int, tuple[Tensor, bool]] = {}
        self.accumulates: list[Tensor] = []  # leaves whose earlier gradient is read
        self._arrays: dict[int, Traced] = {}
        self._seen: set[int] = set()
        self._gradients: dict[int, Tensor] = {}  # by the id of a gradient: whose it is
        self._made: list[weakref.ref[Tensor]] = []
        self.outside: Any = None

    # Arrays

    def input(self, array: Any, name: str) -> Traced:
        """Return an array that the caller gives at every run: another one, though it may be one we know this time."""
        order = tuple(range(array.ndim)) if array.flags.c_contiguous else None
        value = Value("input", array.shape, array.dtype, name, order=order, device=place_of(array))
        return Traced(self, value, array)

    def lift(self, array: Any) -> Any:
        """Return an array that lives outside as one whose reads and writes are written down."""
        if isinstance(array, Traced):
            if array.tracer is self:
                return array
            array = array.data
        if not is_array(array):
            return array
        found = self._arrays.get(id(array))
        if found is None:
            value = Value("array", array.shape, array.dtype, array=array, device=place_of(array))
            self._arrays[id(array)] = found = Traced(self, value, array)
        return found

    def read(self, tensor: Tensor, array: Any) -> Any:
        """Return the array of a Tensor that lives outside, and remember the Tensor."""
        if id(tensor) in self._gradients:  # another one at every run: it is read from its leaf
            leaf = self._gradients.pop(id(tensor))
            self.accumulates.append(leaf)
            traced = self._number(lambda: leaf.grad.data, array, "grad")  # type: ignore[union-attr]
            self._arrays[id(array)] = traced
            self._seen.add(id(tensor))
            return traced
        if id(tensor) not in self._seen:
            self._seen.add(id(tensor))
            grad = _grad.__get__(tensor)
            self.tensors.append((tensor, array, grad))
            if grad is not None:
                self._gradients[id(grad)] = tensor
        return self.lift(array)

    def made(self, tensor: Tensor) -> None:
        """Remember a Tensor that holds a traced array."""
        self._made.append(weakref.ref(tensor))

    def settle(self) -> None:
        """Give every Tensor that holds a traced array, and is still there, the real one."""
        for reference in self._made:
            tensor = reference()
            if tensor is not None:
                array = _slot.__get__(tensor)
                if isinstance(array, Traced):
                    _slot.__set__(tensor, array.data)

    def _value(self, x: Any) -> Any:
        """Return an operand as an instruction holds it."""
        return self.lift(x).value if is_array(x) else x

    # Instructions

    def call(self, function: Any, args: Sequence[Any], kwargs: dict[str, Any], out: Any = None) -> Any:
        """Call a function of arrays, and write it down."""
        args = tuple(args)
        if function in _OF_NUMBERS and not any(isinstance(_data(x), np.generic) or is_array(_data(x)) for x in args):
            function = _OF_NUMBERS[function]
        if out is not None and is_array(_data(out)):  # `t += 1` on a number makes another number
            return self.write(function, args, {**kwargs, "out": out}, out)
        if any(self._varies(mask.value) for mask in _masks(function, args)):
            _refuse("as many elements as are true were taken (t[mask], nonzero)")
        result = function(*substitute(args, _data), **substitute(kwargs, _data))
        if isinstance(result, tuple | list):
            whole = Traced(self, Value("temporary", None, None), result)
            self._write_down(function, args, kwargs, whole.value)
            parts = [self.call(operator.getitem, (whole, i), {}) for i in range(len(result))]
            return type(result)(*parts) if hasattr(result, "_fields") else type(result)(parts)
        target = Value("temporary", getattr(result, "shape", None), getattr(result, "dtype", None))
        if is_array(result):
            target.device = place_of(result)
            may_view = function in (np.reshape, np.ravel)  # a view or a copy, as the memory lies
            target.base = next(
                (x.value for x in args if isinstance(x, Traced) and (may_view or _shows(result, x.data))), None
            )
            target.order = tuple(sorted(range(result.ndim), key=lambda axis: -abs(result.strides[axis])))
        self._write_down(function, args, kwargs, target)
        return Traced(self, target, result)

    def _varies(self, value: Value) -> bool:
        """Tell whether a value may be another in the next run: unless it is made of integers and booleans outside."""
        makers = {step.target: step for step in self.instructions}
        stack = [value]
        while stack:
            found = stack.pop()
            if found in makers and makers[found].kind == "call":
                stack += makers[found].reads
            elif found.kind != "array" or found.dtype.kind == "f":  # what floats, an optimizer may update
                return True
        return False

    def write(self, function: Any, args: Sequence[Any], kwargs: dict[str, Any], into: Any) -> Any:
        """Call a function that writes into one of its arguments, and write it down."""
        into = self.lift(into)
        function(*substitute(tuple(args), _data), **substitute(kwargs, _data))
        self._write_down(function, tuple(args), kwargs, writes=into.value)
        return into

    def _write_down(self, function: Any, args: Any, kwargs: Any, target: Any = None, writes: Any = None) -> None:
        self._look_around()
        args, kwargs = substitute(args, self._value), substitute(kwargs, self._value)
        step = Instruction(function, args, kwargs, target, writes, line=user_line(), origin=_origin(self.outside))
        self.instructions.append(step)

    def _look_around(self) -> None:
        """Remember the modules that are being called, with all that belong to them."""
        for module in called_modules(self.outside):
            if id(module) not in self.modules:
                self.watch(module)

    def watch(self, module: Any) -> None:
        """Remember a module, and all below it: their modes are part of what the program depends on."""
        self.modules.update({id(m): m for m in module.modules()})

    # What is no call on arrays: see `engine/tracing.py`

    def _number(self, read: Callable[[], Any], now: Any, name: str) -> Traced:
        value = Value("number", getattr(now, "shape", None), getattr(now, "dtype", None), name, device=place_of(now))
        self.instructions.append(Instruction(read, target=value, kind="number"))
        return Traced(self, value, now)

    def update_of(self, block: Any) -> tuple[dict[str, Any], Traced]:
        """Return the settings of a block of parameters that is about to be updated, and which update it is."""
        group = block.group
        self.settings.append((group, {key: group[key] for key in group if key not in ("lr", "params")}))
        for array, name in [
            (block.theta, "theta"),
            (block.gathered, "grads"),
            *zip(block.state, block.names, strict=True),
        ]:
            if array is not None:
                self.lift(array).value.name = name
        rate = self._number(lambda: group["lr"], group["lr"], "lr")
        return {**group, "lr": rate}, self._number(lambda: block.t + 1, block.t + 1, "t")

    def effect(self, change: Callable[[], Any]) -> None:
        """Write down a change of Python's state; the caller makes it."""
        self.instructions.append(Instruction(change, kind="effect"))

    def draw(self, generator: Callable[[], Any], name: str, options: dict[str, Any]) -> Traced:
        """Draw random numbers, now and at every run."""
        method = Draw(generator, name)
        result = method(**options)
        target = Value("temporary", result.shape, result.dtype, "drawn", device=place_of(result))
        self.instructions.append(Instruction(method, (), options, target, kind="draw", line=user_line()))
        return Traced(self, target, result)

    def holds(self, condition: Any) -> bool:
        """Write down a condition that must come out as it did now."""
        if not isinstance(condition, Traced):
            return bool(condition)
        found = bool(condition.data)
        test = bool if found else operator.not_
        self.instructions.append(Instruction(test, (condition.value,), kind="check", line=user_line()))
        return found


def _masks(function: Any, args: Sequence[Any]) -> list[Traced]:
    """Return the arrays that say by their values how many elements a function takes."""
    if function is operator.getitem:
        parts = args[1] if isinstance(args[1], tuple) else args[1:]
        return [x for x in parts if isinstance(x, Traced) and x.dtype == bool]
    return [x for x in args if isinstance(x, Traced)] if function is np.nonzero else []


def _origin(outside: Any) -> str:
    """Return the operation that is being computed, with an apostrophe if it is its derivative; "" outside of any."""
    frame: Any = sys._getframe(3)
    found = ""
    while frame is not outside:
        file = frame.f_code.co_filename
        if file.startswith("<minigrad "):
            found = file[len("<minigrad ") : -1].replace("_pull", "'")
        frame = frame.f_back
    return found


def _shows(view: Any, array: Any) -> bool:
    """Tell whether an array shows the memory of another."""
    if view is array or not is_array(array) or (isinstance(view, np.ndarray) and view.base is None):
        return view is array
    return bool(np.may_share_memory(view, array))


_slot: Any = vars(Tensor)["_data"]
_grad: Any = vars(Tensor)["grad"]
array_of: Callable[[Tensor], Any] = _slot.__get__  # the array itself, also while a trace runs
_one_at_a_time = threading.RLock()


def _read(tensor: Tensor) -> Any:
    array = _slot.__get__(tensor)
    tracer = current.tracer
    if tracer is None or (isinstance(array, Traced) and array.tracer is tracer):
        return array
    if isinstance(array, np.generic):
        array = np.asarray(array)
        _slot.__set__(tensor, array)
    return tracer.read(tensor, array)


def _read_grad(tensor: Tensor) -> Any:
    _note_grad(tensor, False)
    return _grad.__get__(tensor)


def _write_grad(tensor: Tensor, grad: Any) -> None:
    _note_grad(tensor, grad is None)
    _grad.__set__(tensor, grad)


def _note_grad(tensor: Tensor, drops: bool) -> None:
    """Remember the first that is done with the gradient of a Tensor that lives outside.

    If that was to drop it, it does not matter what it was at the start of a run.
    """
    if current.tracer is not None and not isinstance(_slot.__get__(tensor), Traced):
        current.tracer.dropped.setdefault(id(tensor), (tensor, drops))


def _write(tensor: Tensor, array: Any) -> None:
    _slot.__set__(tensor, array)
    if isinstance(array, Traced) and current.tracer is not None:
        current.tracer.made(tensor)


@contextmanager
def tracing() -> Iterator[Tracer]:
    """Let every look at a Tensor's array, in this thread, be a look at a traced one, and note what befalls gradients.

    The class's slots give way to properties for as long as a trace runs, so that at other times nobody pays for it.
    One trace runs at a time.
    """
    with _one_at_a_time:
        tracer = Tracer()
        tracer.outside = sys._getframe(2)  # that of the `with`
        device._by_type[Traced] = device.CPU
        current.tracer = tracer
        setattr(Tensor, "_data", property(_read, _write))  # noqa: B010  mypy knows it as a slot
        setattr(Tensor, "grad", property(_read_grad, _write_grad))  # noqa: B010
        try:
            yield tracer
        finally:
            current.tracer = tracer.outside = None
            setattr(Tensor, "_data", _slot)  # noqa: B010
            setattr(Tensor, "grad", _grad)  # noqa: B010
            tracer.settle()
