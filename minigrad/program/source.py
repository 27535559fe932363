"""A program as the text of a NumPy function, as one would have written it by hand.

What is used once is written where it is used, a transpose always; everything else gets a name. Read next:
`compile.py`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ..device import address_of, is_array, to_numpy
from .ir import Instruction, Program, Value, values_in
from .trace import astype

_INFIX: dict[Any, tuple[str, int]] = {  # function → symbol, and how tightly it binds
    np.add: ("+", 4), operator.add: ("+", 4), np.subtract: ("-", 4), operator.sub: ("-", 4),
    np.multiply: ("*", 5), operator.mul: ("*", 5), np.divide: ("/", 5), operator.truediv: ("/", 5),
    np.matmul: ("@", 5), np.power: ("**", 7), operator.pow: ("**", 7), operator.floordiv: ("//", 5),
    np.greater: (">", 1), np.less: ("<", 1), np.greater_equal: (">=", 1), np.less_equal: ("<=", 1),
    np.equal: ("==", 1), np.not_equal: ("!=", 1), np.bitwise_and: ("&", 3), np.bitwise_or: ("|", 2),
}  # fmt: skip
_METHODS = {np.sum: "sum", np.mean: "mean", np.var: "var", np.max: "max", np.min: "min", np.reshape: "reshape",
            np.ravel: "ravel", np.argmax: "argmax", np.argmin: "argmin", np.any: "any", np.all: "all",
            np.swapaxes: "swapaxes"}  # fmt: skip
WIDTH = 96  # an expression longer than that is cut: its parts get names
ATOM = 9


class Printer:
    """Writes the lines of a program.

    Parameters
    ----------
    program : whose instructions are written
    names : the name of every value that is not written where it is used

    Attributes
    ----------
    outside : what the text refers to and does not make: arrays, and functions of Python, by name
    reserved : names that the text has a use of its own for
    """

    reserved: tuple[str, ...] = ("np",)

    def __init__(self, program: Program, inline: bool = True) -> None:
        self.program, self.inline = program, inline
        self.outside: dict[str, Any] = {}
        self.inlined: dict[Value, tuple[str, int]] = {}
        self.taken = set(self.reserved)
        self._referred: dict[int, str] = {}  # by the id of a thing that lives outside, its name
        self._counts: dict[str, int] = {}  # of a name that was taken, the number that came last
        self.names = {value: self._free(value.name) for value in program.inputs}

    def function(self, name: str) -> str:
        """Return the text of a function of the program's inputs; what lives outside are its keyword arguments."""
        body = self.lines()
        results = ", ".join(map(self.result, self.program.outputs)) + ("," if len(self.program.outputs) == 1 else "")
        parameters = [self.names[value] for value in self.program.inputs]
        head = ", ".join([*parameters, *(["*", *self.outside] if self.outside else [])])
        lines = [*body, f"return {results or '()'}"]
        return f"def {name}({head}):\n" + "".join(f"    {line}\n" for line in lines)

    def result(self, x: Any) -> str:
        """Return what is handed back."""
        return self.text(x)

    def lines(self) -> list[str]:
        """Return the statements, one for each instruction that is not written inside another."""
        written = self.beginning()
        safe = _safe_to_inline(self.program, _count_uses(self.program)) if self.inline else set()
        line = ""
        for step in self.program.instructions:
            text, binding = self.expression(step)
            inline = step.target in safe and len(text) <= WIDTH
            code = step.line.partition(": ")[2]
            if self.inline and step.line != line and code and not inline:
                line = step.line
                written.append(f"# {code}")
            if step.kind == "effect":
                written.append(text)
            elif step.kind == "check":
                written.append(self.check(text))
            elif step.writes is not None:
                written.append(text)
            elif inline and step.target is not None:
                self.inlined[step.target] = text, binding
            elif step.target is not None:
                name = self.names[step.target] = self._free(step.target.name or "v")
                written.append(f"{name} = {text}")
        return written

    def check(self, condition: str) -> str:
        """Return a statement that a condition must hold."""
        return f"if not {condition}: raise Recheck"

    def beginning(self) -> list[str]:
        """Return statements that come before all others."""
        return []

    def expression(self, step: Instruction) -> tuple[str, int]:
        """Return an instruction as an expression, and how tightly its outermost operator binds."""
        function, args = step.function, step.args
        if step.kind in ("effect", "number", "draw"):
            reads = step.kind == "number" and step.target is not None
            name = self.refer(
                function, f"read_{step.target.name}" if reads and step.target else function.__name__.strip("_")
            )
            return f"{name}({self._arguments(args, step.kwargs)})", ATOM
        if step.kind == "check":
            return (self.text(args[0]) if function is bool else f"not {self.text(args[0], ATOM)}"), 0
        out = step.kwargs.get("out")
        if function in _INFIX and len(args) == 2 and set(step.kwargs) <= {"out"}:
            symbol, binding = _INFIX[function]
            if out is not None and out is args[0] and binding in (4, 5):
                return f"{self.text(out)} {symbol}= {self.text(args[1])}", 0
            if out is None:
                left = binding + (binding == 1)  # a < b < c means something else
                return f"{self.text(args[0], left)} {symbol} {self.text(args[1], binding + 1)}", binding
        if (
            function is np.dot
            and out is None
            and all(isinstance(a, Value) and 1 <= len(a.shape or ()) <= 2 for a in args)
        ):
            return f"{self.text(args[0], 5)} @ {self.text(args[1], 6)}", 5
        if function in (np.negative, operator.neg) and out is None:
            return f"-{self.text(args[0], 6)}", 6
        if function is operator.getitem:
            return f"{self.text(args[0], ATOM)}[{self._index(args[1])}]", ATOM
        if function is operator.setitem:
            return f"{self.text(args[0], ATOM)}[{self._index(args[1])}] = {self.text(args[2])}", 0
        if function is np.transpose and len(args) == 1 and not step.kwargs:
            return f"{self.text(args[0], ATOM)}.T", ATOM
        if function is astype:
            return f"{self.text(args[0], ATOM)}.astype({self.text(args[1])})", ATOM
        if function in _METHODS and out is None and isinstance(args[0], Value):
            return f"{self.text(args[0], ATOM)}.{_METHODS[function]}({self._arguments(args[1:], step.kwargs)})", ATOM
        return f"{self._function(function)}({self._arguments(args, step.kwargs)})", ATOM

    def text(self, x: Any, binding: int = 0) -> str:
        """Return an operand, in parentheses where an operator that binds as tightly as `binding` stands beside it."""
        if isinstance(x, Value):
            if x in self.inlined:
                text, own = self.inlined[x]
                return f"({text})" if own < binding else text
            if x not in self.names:
                self.names[x] = self.refer(x.array, x.name or "constant")
            return self.names[x]
        if isinstance(x, tuple):
            return f"({', '.join(map(self.text, x))}{',' if len(x) == 1 else ''})"
        if isinstance(x, list):
            return f"[{', '.join(map(self.text, x))}]"
        if isinstance(x, np.dtype):
            return f"np.{x.name}"
        if isinstance(x, type) and issubclass(x, np.generic):
            return f"np.{x.__name__}"
        if isinstance(x, np.generic):
            return f"np.{x.dtype.name}({x.item()!r})"
        if isinstance(x, bool | int | float | str) or x is None or x is Ellipsis:
            text = "..." if x is Ellipsis else repr(x)
            special = isinstance(x, float) and text in ("inf", "-inf", "nan")
            text = f"float('{text}')" if special else text
            return f"({text})" if text.startswith("-") and binding > 4 else text
        if isinstance(x, slice):
            return f"slice({self.text(x.start)}, {self.text(x.stop)}, {self.text(x.step)})"
        return self.refer(x, "constant")

    def refer(self, thing: Any, name: str) -> str:
        """Return a name for something that lives outside."""
        known = self._referred.get(id(thing))
        if known is None:
            known = self._referred[id(thing)] = self._free(name)
            self.outside[known] = thing
        return known

    def _arguments(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
        return ", ".join([*map(self.text, args), *[f"{key}={self.text(x)}" for key, x in kwargs.items()]])

    def _index(self, index: Any) -> str:
        parts = index if isinstance(index, tuple) else (index,)
        return ", ".join(map(self._index_part, parts)) or "()"

    def _index_part(self, part: Any) -> str:
        if not isinstance(part, slice):
            return self.text(part)
        ends = ["" if x is None else self.text(x) for x in (part.start, part.stop)]
        return ":".join(ends) + ("" if part.step is None else f":{self.text(part.step)}")

    def _function(self, function: Any) -> str:
        name = getattr(function, "__name__", "")
        if getattr(np, name, None) is function:
            return f"np.{name}"
        owner = getattr(function, "__self__", None)
        if isinstance(owner, np.ufunc):
            return f"np.{owner.__name__}.{name}"
        for folder, inside in (("linalg", np.linalg), ("lib.stride_tricks", np.lib.stride_tricks)):
            if getattr(inside, name, None) is function:
                return f"np.{folder}.{name}"
        return self.refer(function, name or "function")

    def _free(self, name: str) -> str:
        name = "".join(c if c.isalnum() else "_" for c in name) or "t"
        free = name
        while free in self.taken:
            self._counts[name] = self._counts.get(name, 1) + 1
            free = f"{name}_{self._counts[name]}"
        self.taken.add(free)
        return free


def _count_uses(program: Program) -> dict[Value, int]:
    uses: dict[Value, int] = {}
    for step in program.instructions:
        for value in step.reads:
            uses[value] = uses.get(value, 0) + 1
    for value in values_in(program.outputs):
        uses[value] = uses.get(value, 0) + 2  # handed back, so it has a name
    for step in program.instructions[::-1]:  # a transpose is written wherever it is used
        if is_transpose(step) and step.target is not None:
            uses[step.args[0]] += uses.get(step.target, 0) - 1
    return uses


def is_transpose(step: Instruction) -> bool:
    """Tell whether a step is `x.T`."""
    return step.function is np.transpose and len(step.args) == 1 and not step.kwargs and isinstance(step.args[0], Value)


def _safe_to_inline(program: Program, uses: dict[Value, int]) -> set[Value]:
    """Return the temporaries that may be computed where they are used: once, and with nothing changed in between."""
    safe: set[Value] = set()
    waiting: set[Value] = set()  # made since the last change, and not used yet
    transposed = {s.target: s.args[0] for s in program.instructions if is_transpose(s) and s.target is not None}
    for step in program.instructions:
        used = set(step.reads)
        if is_transpose(step) and step.target is not None:
            safe.add(step.target)
            continue  # what it shows is used where it is used
        used |= {transposed[v] for v in used if v in transposed}
        safe |= waiting & used
        waiting -= used
        if step.writes is not None or step.kind in ("effect", "draw"):
            waiting.clear()
        elif step.kind == "call" and step.target is not None and uses.get(step.target) == 1:
            waiting.add(step.target)
    return safe


class Standing(Printer):
    """Writes a program that stands by itself, in a file that imports NumPy alone.

    Arrays, numbers that are read anew and random generators are keyword arguments; constants are written out; a
    parameter that lies in one array with the others is a view of that. What changes Python's own state alone, such as
    the count of an optimizer or the step of a schedule, has no place in it.
    """

    def __init__(self, program: Program) -> None:
        effects = [step for step in program.instructions if step.kind in ("effect", "number")]
        steps = [step for step in program.instructions if step not in set(effects)]
        super().__init__(Program(program.inputs, steps, program.outputs))
        self._numbers = {step.target: step.function for step in effects if step.target is not None}
        self._read: dict[str, Callable[[], Any]] = {}
        self._whole, written = _gathered(program), program.written()
        self._constants = {
            value: text
            for value in program.values()
            if value.kind == "array" and value.name == "constant" and value not in written
            if (text := _literal(to_numpy(value.array)))
        }

    def function(self, name: str) -> str:
        """Return the text of a function of the program's inputs; what lives outside are its keyword arguments."""
        return "import numpy as np\n\n\n" + super().function(name)

    def arguments(self) -> dict[str, Any]:
        """Return the keyword arguments as they are now."""
        now = {name: self._read[name]() if name in self._read else thing for name, thing in self.outside.items()}
        return {name: to_numpy(thing) if is_array(thing) else thing for name, thing in now.items()}

    def beginning(self) -> list[str]:
        """Return the statements that cut parameters out of the array they lie in."""
        cut = []
        for value, (whole, start) in self._whole.items():
            shape = "" if len(value.shape or ()) == 1 else f".reshape({self.text(value.shape)})"
            self.names[value] = self._free(value.name)
            cut.append(f"{self.names[value]} = {self.text(whole)}[{start}:{start + value.size}]{shape}")
        return cut

    def expression(self, step: Instruction) -> tuple[str, int]:
        """Return an instruction as an expression, and how tightly its outermost operator binds."""
        if step.kind == "draw":
            function: Any = step.function
            arguments = self._arguments(step.args, step.kwargs)
            return f"{self.refer(function.generator(), 'rng')}.{function.__name__}({arguments})", ATOM
        into = step.kwargs.get("out")
        if step.function is np.concatenate and step.writes is into is not None and into not in self.names:
            self.names[into] = self._free(into.name)  # gathered anew at every run: nobody needs to give it
            rest = {key: x for key, x in step.kwargs.items() if key != "out"}
            return f"{self.names[into]} = np.concatenate({self._arguments(step.args, rest)})", 0
        return super().expression(step)

    def check(self, condition: str) -> str:
        """Return a statement that a condition must hold."""
        return f"assert {condition}"

    def text(self, x: Any, binding: int = 0) -> str:
        """Return an operand, in parentheses where an operator that binds as tightly as `binding` stands beside it."""
        if isinstance(x, Value) and x in self._constants:
            return self._constants[x]
        if isinstance(x, Value) and x in self._numbers and x not in self.names:
            self.names[x] = self._free(x.name)
            self.outside[self.names[x]] = self._read[self.names[x]] = self._numbers[x]
        return super().text(x, binding)


def _gathered(program: Program) -> dict[Value, tuple[Value, int]]:
    """Return the arrays that are parts of another one, each with that and where it begins."""
    arrays = [value for value in program.values() if value.kind == "array" and value.array.size]
    owners = {id(value.array): value for value in arrays if value.array.ndim == 1}
    found = {}
    for value in arrays:
        whole = owners.get(id(value.array.base))
        if whole is not None and value.array.flags.c_contiguous and value.dtype == whole.dtype:
            start = address_of(value.array) - address_of(whole.array)
            found[value] = whole, start // whole.dtype.itemsize
    return found


def _literal(array: Any) -> str:
    """Return the text of a constant array, "" of one that is long and without a rule."""
    dtype = f"np.{array.dtype.name}"
    flat = array.ravel()
    if array.dtype.kind not in "fiub" or not array.size:
        return ""
    if flat.tobytes() == np.full(flat.shape, flat[0]).tobytes() and array.ndim:
        name = {0: "zeros", 1: "ones"}.get(flat[0].item(), "full")
        if name == "full" or np.signbit(flat[0]):
            return f"np.full({array.shape}, {_number(flat[0])}, {dtype})"
        return f"np.{name}({array.shape[0] if array.ndim == 1 else array.shape}, {dtype})"
    if array.ndim == 1 and np.array_equal(flat, np.arange(flat.size)):
        return f"np.arange({flat.size}{'' if array.dtype == np.arange(1).dtype else f', dtype={dtype}'})"
    finite = array.size <= 16 and np.isfinite(flat).all()
    return f"np.array({array.tolist()}, {dtype})" if finite else ""


def _number(x: np.generic) -> str:
    return repr(x.item()) if np.isfinite(x) else f"float('{x.item()}')"


def function_text(name: str, program: Program) -> tuple[str, dict[str, Any]]:
    """Return the text of a program that stands by itself, and its keyword arguments as they are now."""
    printer = Standing(program)
    return printer.function(name), printer.arguments()
