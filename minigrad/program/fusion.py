"""Fusion: neighbouring instructions that work element by element become one loop, in which values stay in registers.

A `Kernel` is what such a loop does for each element: load numbers, compute, store or add up what is needed later. It
says nothing of a language; a printer writes it in one. Read next: `blocks.py`.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..device import address_of
from .ir import Instruction, Program, Value, values_in
from .plan import Plan, view_of
from .trace import astype

Array = Any
Products = dict[tuple[str, str], int]
DTYPES = {np.dtype(name) for name in ("float32", "float64", "int32", "int64", "bool")}
UFUNCS = {
    np.add, np.subtract, np.multiply, np.divide, np.negative, np.absolute, np.sqrt, np.square, np.reciprocal, np.sign,
    np.exp, np.expm1, np.log, np.log1p, np.log2, np.log10, np.sin, np.cos, np.tan, np.sinh, np.cosh, np.tanh,
    np.arcsin, np.arccos, np.arctan, np.arcsinh, np.arccosh, np.arctanh, np.arctan2, np.power, np.floor, np.ceil,
    np.maximum, np.minimum, np.greater, np.greater_equal, np.less, np.less_equal, np.equal, np.not_equal,
    np.logical_and, np.logical_or, np.logical_not, np.isnan, np.isfinite,
}  # fmt: skip
OF_BOOLEANS = {np.bitwise_and: np.logical_and, np.bitwise_or: np.logical_or}
POWERS = {2: np.square, 0.5: np.sqrt, -1: np.reciprocal}  # what NumPy's ** makes of these
REDUCTIONS = {np.sum: "sum", np.max: "max", np.min: "min"}
FINDS = {np.argmax: "argmax", np.argmin: "argmin"}
LONG = 1 << 14  # so many float32 in a row are added up in NumPy, in pairs


@dataclass(frozen=True, slots=True)
class Place:
    """Where the elements of an operand lie.

    Attributes
    ----------
    slot : of the table of addresses: where the first element is
    strides : for each axis of the loop, how many elements further the next one is
    dtype : of the elements
    """

    slot: int
    strides: tuple[int, ...]
    dtype: np.dtype[Any]


@dataclass(frozen=True, slots=True)
class Local:
    """A number that a statement made, in a register."""

    number: int


@dataclass(slots=True, eq=False)
class Statement:
    """One line of a loop's body.

    Attributes
    ----------
    what : "load", "store", "gather", "scatter", "select", "cast", a reduction, or a ufunc
    args : locals, and constants of the dtype they are wanted in; of a reduction also where it starts
    dtype : of what it makes or writes
    target : the local it makes
    place : what is loaded from or written to
    lengths : of a gather or a scatter: the lengths of the axes that are indexed
    value : of a store: what is stored, so that it can be left out where nobody reads it
    """

    what: Any
    args: tuple[Any, ...]
    dtype: np.dtype[Any]
    target: Local | None = None
    place: Place | None = None
    lengths: tuple[int, ...] = ()
    value: Value | None = None


@dataclass
class Kernel:
    """A loop over all elements of a shape."""

    shape: tuple[int, ...]
    body: list[Statement] = field(default_factory=list)
    steps: list[Instruction] = field(default_factory=list)


@dataclass(slots=True)
class Product:
    """A matrix product `out = a @ b` of operands that BLAS takes as they lie.

    Attributes
    ----------
    slots : of a, b and out
    turned : whether a, and whether b, lies column by column
    sizes : n, k, m: a is (n, k), b is (k, m)
    """

    slots: tuple[int, int, int]
    turned: tuple[bool, bool]
    sizes: tuple[int, int, int]
    dtype: np.dtype[Any]
    step: Instruction


class Memory:
    """Which array each value lies in, and the table of their addresses.

    Attributes
    ----------
    addresses : of the arrays in the table; of the inputs, filled in at every run
    products : the slots of the functions that multiply matrices, by their kind, "gemm" or "gemv", and dtype
    inputs : value → slot
    located : slot → an array whose first element is there
    device : where loops find their arrays
    offsets : slots that are part of an input: slot → (slot of the input, bytes)
    """

    def __init__(self, program: Program, plan: Plan, products: Products) -> None:
        self.plan, self.device = plan, program.device
        self.addresses = list(products.values())
        self.located: dict[int, Array] = {}
        self.products = {function: slot for slot, function in enumerate(products)}
        self.inputs: dict[Value, int] = {}
        self.offsets: dict[int, tuple[int, int]] = {}
        self.arrays: dict[Value, Array] = dict(plan.buffers)
        self._slots: dict[int, int] = {}
        self._stand_ins: list[tuple[int, int, int]] = []  # first and last byte, slot
        for value in program.inputs:
            if value.device.name != self.device.name:
                continue
            stand_in = self.arrays[value] = value.device.from_numpy(np.empty(value.shape or (), value.dtype))
            slot = self.inputs[value] = self.slot(stand_in)
            self._stand_ins.append((*bounds(stand_in), slot))

    def slot(self, array: Array) -> int:
        """Return the place of an array's first element in the table."""
        address = address_of(array)
        if address not in self._slots:
            slot = self._slots[address] = len(self.addresses)
            self.located[slot] = array
            self.addresses.append(address)
            for first, last, whole in self._stand_ins:
                if first <= address < last:
                    self.offsets[slot] = whole, address - first
        return self._slots[address]

    def has_slot(self, array: Array) -> bool:
        """Tell whether a loop or a product looks for an array."""
        return address_of(array) in self._slots

    def find(self, value: Value) -> Array | None:
        """Return the array that a value lies in, if it lies anywhere yet."""
        return value.array if value.array is not None else self.arrays.get(value)

    def make(self, value: Value) -> Array:
        """Return the array for a value, a new one if need be; None is the shape of a number of Python."""
        array = self.find(value)
        if array is None:
            array = self.device.from_numpy(np.empty(value.shape or (), value.dtype or np.float64))
            self.arrays[value] = array
        return array


def bounds(array: Array) -> tuple[int, int]:
    """Return where the memory that an array shows begins, and where it ends."""
    steps = [(length - 1) * stride for length, stride in zip(array.shape, array.strides, strict=True)]
    first = address_of(array)
    return first + sum(s for s in steps if s < 0), first + sum(s for s in steps if s > 0) + array.itemsize


class Fusion:
    """A program as kernels, matrix products, and what is left for NumPy.

    Attributes
    ----------
    units : in order: a `Kernel`, a `Product`, or an `Instruction` as it was
    memory : where everything lies
    views : of inputs, and how they are made: loops know where they lie, but what NumPy is to do needs the view itself

    Parameters
    ----------
    products : where the functions are that multiply matrices, by their kind and dtype
    """

    def __init__(self, program: Program, plan: Plan, products: Products) -> None:
        self.program, self.plan, self.memory = program, plan, Memory(program, plan, products)
        self.units: list[Kernel | Product | Instruction] = []
        self.views: dict[Value, Instruction] = {}
        self._loop: _Loop | None = None  # the last unit, while more may join it
        for step in program.instructions:
            if step not in plan.skipped and not self._show(step) and not self._fuse(step):
                self._loop = None
                self.units.append(self._product(step) or step)
        self._leave_out_stores()

    # Views, and matrix products

    def _show(self, step: Instruction) -> bool:
        """Take a view of what lies at a known place: nothing is left to do at a run."""
        value = step.target
        base = None if value is None or value.base is None else self.memory.find(value.base)
        if value is None or value.base is None or base is None or step.kind != "call":
            return False
        view = view_of(step, value.base, base)
        if view is None:
            return False
        self.memory.arrays[value] = view
        if value.root.kind == "input":
            self.views[value] = step
        return True

    def _product(self, step: Instruction) -> Product | None:
        out = step.target
        if step.function not in (np.dot, np.matmul) or step.kwargs or out is None or len(out.shape or ()) not in (1, 2):
            return None
        a, b = [self.memory.find(x) if isinstance(x, Value) else None for x in step.args]
        if a is None or b is None or a.ndim != 2 or b.ndim != len(out.shape or ()) or 0 in a.shape + b.shape:
            return None
        into = self.memory.make(out)
        if not into.flags.c_contiguous:  # (AB)ᵀ = BᵀAᵀ lies row by row
            a, b, into = b.T, a.T, into.T
        if (
            not (a.flags.forc and b.flags.forc and into.flags.c_contiguous)
            or not a.dtype == b.dtype == into.dtype
            or ("gemm", a.dtype.name) not in self.memory.products
            or a.dtype not in DTYPES
        ):
            return None
        slots = self.memory.slot(a), self.memory.slot(b), self.memory.slot(into)
        turned = not a.flags.c_contiguous, not b.flags.c_contiguous
        return Product(slots, turned, (*a.shape, b.shape[1] if b.ndim == 2 else 1), a.dtype, step)

    # Loops

    def _fuse(self, step: Instruction) -> bool:
        """Put an instruction into the loop before it, or into a new one; tell whether it can be part of a loop."""
        try:
            if self.plan.fuses and self._loop is not None and self._loop.add(step):
                return True
            loop = _Loop(self.memory)
            if not loop.add(step):
                return False
        except _Refused:
            return False
        self._loop = loop
        self.units.append(loop.kernel)
        return True

    def _leave_out_stores(self) -> None:
        """Leave out the stores of what is read in the loop that makes it, and nowhere else."""
        readers: dict[Value, set[int]] = {}
        for i, unit in enumerate(self.units):
            steps = unit.steps if isinstance(unit, Kernel) else [unit.step if isinstance(unit, Product) else unit]
            for value in [v for step in steps for v in step.reads]:
                readers.setdefault(value.root, set()).add(i)
        kept = {value.root for value in values_in(self.program.outputs)}
        kept |= {v.root for step in self.plan.skipped if step.writes is not None for v in step.reads}  # gathered
        for i, unit in enumerate(self.units):
            if isinstance(unit, Kernel):
                last = {s.place: s for s in unit.body if s.what == "store"}
                unit.body = [
                    s
                    for s in unit.body
                    if s.value is None
                    or s.value.root.kind != "temporary"
                    or s.value.root in kept
                    or readers.get(s.value.root, set()) - {i}
                    if s.what != "store" or s is last[s.place]
                ]


class _Clash(Exception):
    """It belongs into a loop of its own."""


class _Refused(Exception):
    """It is no part of any loop."""


class _Loop:
    """A kernel that is being written.

    Attributes
    ----------
    kernel : so far
    dtypes : of the locals
    held : what is in a local, of memory
    touched : bounds in memory, place, and whether it is written, of everything loaded or written so far
    """

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.kernel = Kernel(())
        self.dtypes: list[np.dtype[Any]] = []
        self.held: dict[Place, Local] = {}
        self.touched: list[tuple[int, int, Place | None, bool]] = []

    def add(self, step: Instruction) -> bool:
        """Add an instruction to the loop; tell whether it fits, and if it does not, leave the loop as it was."""
        before = len(self.kernel.body), len(self.dtypes), dict(self.held), len(self.touched)
        try:
            if step.kind != "call":
                raise _Refused
            self._write(step)
        except (_Clash, _Refused) as error:
            statements, locals_, self.held, touched = before
            del self.kernel.body[statements:], self.dtypes[locals_:], self.touched[touched:]
            if isinstance(error, _Refused):
                raise
            return False
        self.kernel.steps.append(step)
        return True

    def _write(self, step: Instruction) -> None:
        function, args, result = step.function, step.args, step.target or step.writes
        if function in FINDS or function in REDUCTIONS:
            self._reduce(step)
        elif function is operator.setitem:
            self._set(*args)
        elif result is None or result.shape is None or result.dtype not in DTYPES or not self._is_here(result):
            raise _Refused
        elif function is operator.getitem:
            self._get(result, *args)
        elif function is np.where and len(args) == 3:
            self._over(result.shape)
            wanted = (np.dtype(bool), result.dtype, result.dtype)
            self._store(result, self._emit("select", map(self._operand, args, wanted), result.dtype))
        elif function in (astype, np.copy):
            self._over(result.shape)
            self._store(result, self._operand(args[0], result.dtype))
        elif function is operator.pow and args[1] in POWERS:
            self._ufunc(result, POWERS[args[1]], args[:1])
        elif function is operator.pow:
            self._ufunc(result, np.power, args)
        elif function in OF_BOOLEANS and all(isinstance(x, Value) and x.dtype == bool for x in args):
            self._ufunc(result, OF_BOOLEANS[function], args)
        elif function in UFUNCS and set(step.kwargs) <= {"out"}:
            self._ufunc(result, function, args)
        else:
            raise _Refused

    # Kinds of instructions

    def _ufunc(self, result: Value, ufunc: Any, args: tuple[Any, ...]) -> None:
        kinds = [_kind(x) for x in args]
        try:
            *takes, gives = ufunc.resolve_dtypes((*kinds, None))
        except TypeError:
            raise _Refused from None
        if {*takes, gives} - DTYPES:
            raise _Refused
        self._over(result.shape or ())
        self._store(result, self._emit(ufunc, map(self._operand, args, takes), gives))

    def _reduce(self, step: Instruction) -> None:
        x, result, options = step.args[0], step.target, dict(zip(("axis",), step.args[1:], strict=False)) | step.kwargs
        axis, keepdims = options.pop("axis", None), options.pop("keepdims", False)
        if not isinstance(x, Value) or not x.shape or result is None or options:
            raise _Refused
        axes = tuple(range(len(x.shape))) if axis is None else axis if isinstance(axis, tuple) else (axis,)
        axes = tuple([a % len(x.shape) for a in axes])
        length = np.prod([x.shape[a] for a in axes])
        find = step.function in FINDS
        many = result.dtype == np.float32 and length > LONG and len(axes) < len(x.shape)
        if {result.dtype, x.dtype} - DTYPES or (many and not find) or (find and len(x.shape) > 1):
            raise _Refused
        what = FINDS[step.function] if find else REDUCTIONS[step.function]
        self._over(x.shape)
        local = self._operand(x, x.dtype if find else result.dtype)
        array = self.memory.make(result)
        wide = np.broadcast_to(array if keepdims else np.expand_dims(array, axes), x.shape)
        start = _start(what, result.dtype if what == "sum" else x.dtype)
        self._access(Statement(what, (local, start), result.dtype, None, self._place(wide), value=result), array)

    def _get(self, result: Value, x: Any, index: Any) -> None:
        indices = index if isinstance(index, tuple) else (index,)
        if not isinstance(x, Value) or x.shape is None:  # one of several results
            raise _Refused
        array = self._indexed(x, indices)
        self._over(result.shape or ())
        locals_ = tuple([self._operand(i, np.dtype(np.int64)) for i in indices])
        made = Statement("gather", locals_, array.dtype, self._new(array.dtype), self._place(array), array.shape)
        self._access(made, array)
        self._store(result, made.target)

    def _set(self, x: Any, index: Any, values: Any) -> None:
        if index is Ellipsis or (isinstance(index, slice) and not values_in(index)):
            view = self._array(x)[index]
            self._over(view.shape)
            self._store(x, self._operand(values, view.dtype), view)
            return
        indices = index if isinstance(index, tuple) else (index,)
        array = self._indexed(x, indices)
        self._over(np.broadcast_shapes(*[i.shape for i in indices]))
        locals_ = [self._operand(i, np.dtype(np.int64)) for i in indices]
        locals_.append(self._operand(values, array.dtype))
        made = Statement("scatter", tuple(locals_), array.dtype, None, self._place(array), array.shape)
        self._access(made, array)

    def _indexed(self, x: Any, indices: tuple[Any, ...]) -> Array:
        """Return an array whose every axis is indexed by integers."""
        array = self._array(x)
        if array.ndim != len(indices) or not all(isinstance(i, Value) and _kind(i) == np.int64 for i in indices):
            raise _Refused
        return array

    # What it works on

    def _over(self, shape: tuple[int, ...]) -> None:
        """Make it a loop over a shape, which it may be already."""
        if 0 in shape:
            raise _Refused
        if not self.kernel.body:
            self.kernel.shape = shape
        elif shape != self.kernel.shape:
            raise _Clash

    def _is_here(self, x: Value) -> bool:
        return x.device.name == self.memory.device.name

    def _array(self, x: Any) -> Array:
        if isinstance(x, Value) and not self._is_here(x) and (x.shape or x.array is not None):
            raise _Refused
        array = self.memory.find(x) if isinstance(x, Value) else None
        if array is None and isinstance(x, Value) and x.kind in ("number", "temporary") and x.base is None:
            array = self.memory.make(x)  # what is not made in a loop: who makes it puts it there
        if array is None or array.dtype not in DTYPES or not all(
            stride >= 0 and stride % array.itemsize == 0 for stride in array.strides
        ):  # fmt: skip
            raise _Refused
        return array

    def _operand(self, x: Any, dtype: np.dtype[Any]) -> Any:
        """Return the local, or the constant, that is an operand in a dtype."""
        if isinstance(x, bool | int | float | np.generic):
            return dtype.type(x)
        array = self._array(x)
        if array.ndim > len(self.kernel.shape):
            raise _Refused
        place = self._place(np.broadcast_to(array, self.kernel.shape))
        if place not in self.held:
            self._access(Statement("load", (), array.dtype, self._new(array.dtype), place), array)
        return self._as(self.held[place], dtype)

    def _as(self, local: Local, dtype: np.dtype[Any]) -> Local:
        return local if self.dtypes[local.number] == dtype else self._emit("cast", (local,), dtype)

    def _emit(self, what: Any, args: Iterable[Any], dtype: np.dtype[Any]) -> Local:
        target = self._new(dtype)
        self.kernel.body.append(Statement(what, tuple(args), dtype, target))
        return target

    def _new(self, dtype: np.dtype[Any]) -> Local:
        self.dtypes.append(dtype)
        return Local(len(self.dtypes) - 1)

    def _store(self, value: Value, made: Any, view: Array | None = None) -> None:
        """Store what was made where a value lies, or in a view of it."""
        array = self.memory.make(value) if view is None else view
        local = self._as(made, array.dtype) if isinstance(made, Local) else self._emit("cast", (made,), array.dtype)
        self._access(Statement("store", (local,), array.dtype, None, self._place(array), value=value), array)

    def _place(self, array: Array) -> Place:
        strides = tuple([s // array.itemsize if n > 1 else 0 for s, n in zip(array.strides, array.shape, strict=True)])
        return Place(self.memory.slot(array), strides, array.dtype)

    def _access(self, made: Statement, array: Array) -> None:
        """Add a statement that reads or writes memory, unless another turn of the loop has a part in that memory."""
        first, last = bounds(array)
        writes = made.what not in ("load", "gather")
        place = made.place if made.what in ("load", "store") else None
        for from_, to, other, written in self.touched:
            if (writes or written) and first < to and from_ < last and (place is None or place != other):
                raise _Clash
        self.touched.append((first, last, place, writes))
        self.kernel.body.append(made)
        if made.what == "load" and made.target is not None and made.place is not None:
            self.held[made.place] = made.target
        elif made.what == "store" and made.place is not None:
            self.held[made.place] = made.args[0]


def _kind(x: Any) -> Any:
    """Return what decides the dtype of a result: a dtype, or a type of Python's numbers, which gives way."""
    if isinstance(x, Value):
        return float if x.shape is None else x.dtype
    if isinstance(x, np.generic):
        return x.dtype
    return type(x) if isinstance(x, bool | int | float) else _refuse()


def _start(what: str, dtype: np.dtype[Any]) -> Any:
    """Return where a reduction starts, in the dtype it goes on in: sums of float32 are taken in float64."""
    if what == "sum":
        return np.float64(0) if dtype.kind == "f" else dtype.type(0)
    if dtype.kind == "b":
        return _refuse()
    ends = (-np.inf, np.inf) if dtype.kind == "f" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    return dtype.type(ends[what.endswith("min")])


def _refuse() -> Any:
    raise _Refused
