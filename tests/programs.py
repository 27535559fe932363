"""Random programs: drawn line by line, run in three ways, and printed as Python when they fail.

A program is its text: lines such as `t3 = mg.sum(t1, axis=0)`. What differs between the runs is what `mg` and `row`
stand for: minigrad's operations, the references of the table in `samples`, or PyTorch's functions. `drawing` draws
the lines, `test_fuzz` has the laws that they must keep.
"""

import functools
import math
import types
from collections import Counter
from typing import Any, NamedTuple

import numpy as np
from samples import ROWS

import minigrad as mg

LARGEST, MOST = 1e3, 48  # values grow no further, and arrays neither
REFUSALS = (ValueError, TypeError, IndexError, ArithmeticError, RuntimeError, RuntimeWarning, np.linalg.LinAlgError)
ORDINARY, CHECKPOINT, NO_GRAD = "{}", "checkpoint", "no_grad"
refused: Counter[str] = Counter()  # what minigrad said to what NumPy takes
CUTS = ("mg.stop_gradient({})", "({}).detach()", NO_GRAD)


# What the names in a program stand for


class Space(NamedTuple):
    """One meaning of `mg`, `row`, `within` and `np`."""

    names: dict[str, Any]
    variable: Any  # makes a variable of an array


def our_space():
    rows = {row.name: row.value for row in ROWS}
    within = {row.name: row.within for row in ROWS}
    return Space({"mg": mg, "np": np, "row": rows, "within": within}, lambda a: mg.Tensor(a, requires_grad=True))


# There is no derivative where this is 0: rounding errors (of the deviation of equal numbers), or NaN
KINKS = {"std": lambda out, *args: out, "arctan2": lambda out, y, x: np.hypot(y, x)}


def numpy_space():
    rows = {row.name: row.expected for row in ROWS}
    rows.update({name: away_from_zero(rows[name], size) for name, size in KINKS.items() if name in rows})
    names = types.SimpleNamespace(**rows, tensor=np.asarray)
    return Space({**OURS.names, "mg": names, "row": rows}, np.asarray)


def away_from_zero(function, size):
    """Return a function that refuses what is at a kink."""

    def call(*args, **options):
        out = function(*args, **options)
        if np.min(size(out, *args), initial=1) < 1e-6:
            raise ValueError("a kink")
        return out

    return call


def torch_space(torch):
    """Return PyTorch's; without index arrays, of which it has other rules beside integers and None."""

    def call(function):
        if isinstance(function, str):
            return getattr(torch, function)
        return lambda *args, **options: function(torch, *args, **options)

    rows = {row.name: call(row.torch) for row in ROWS if row.torch}
    shaping = {"reshape": torch.reshape, "ravel": torch.ravel, "transpose": torch.permute, "stack": torch.stack,
               "broadcast_to": torch.broadcast_to, "concatenate": torch.concatenate, "expand_dims": torch.unsqueeze,
               "einsum": torch.einsum}  # fmt: skip
    names = types.SimpleNamespace(**{**shaping, **rows}, tensor=torch.tensor)
    numpy = types.SimpleNamespace(cos=np.cos, arange=np.arange)
    return Space({"mg": names, "np": numpy, "row": rows, "within": {}}, lambda a: torch.tensor(a, requires_grad=True))


OURS = our_space()
NUMPY = numpy_space()


# A program


class Line(NamedTuple):
    """`name = expression`; `text` is the expression with what its mode puts around it."""

    name: str
    expression: str
    mode: str
    text: str
    codes: dict[str, Any]  # both, compiled

    @property
    def is_constant(self):
        return self.mode in CUTS

    def __str__(self):
        return f"{'with mg.no_grad(): ' * (self.mode == NO_GRAD)}{self.name} = {self.text}"


@functools.lru_cache(1024)
def compiled(text):
    return compile(text, "<program>", "eval")


def used(expression):
    """Return the names of the values an expression is made of, in order."""
    return [name for name in compiled(expression).co_names if name[0] in "cxt" and name[1:].isdigit()]


class Program:
    """Leaves that are differentiated, constants, and the lines computed from both; `values` are NumPy's."""

    def __init__(self):
        self.leaves, self.constants, self.lines, self.values = {}, {}, [], {}

    def leaf(self, array, constant=False):
        kind, letter = (self.constants, "c") if constant else (self.leaves, "x")
        name = f"{letter}{len(kind)}"
        kind[name] = self.values[name] = array

    def names(self, keep=lambda a: True):
        return [name for name, a in self.values.items() if keep(a)]

    def add(self, expression, mode=ORDINARY):
        """Append a line; or not, and return False, when NumPy or minigrad refuses it, or it grows too large."""
        code = compiled(expression)
        try:
            with np.errstate(all="raise", under="ignore"):
                value = np.asarray(eval(code, NUMPY.names, self.values))
        except REFUSALS:
            return False
        if value.dtype != np.float64 or value.size > MOST or not np.all(np.abs(value) < LARGEST):
            return False
        if not self._is_taken(code):
            return False
        if mode == NO_GRAD and any(value is a for a in self.values.values()):
            mode = ORDINARY  # it returned what it was given, and that no mode changes
        name = f"t{len(self.lines)}"
        text = self._checkpoint(expression) if mode == CHECKPOINT else expression
        text = mode.format(text) if mode in CUTS[:2] else text
        self.lines.append(Line(name, expression, mode, text, {"expression": code, "text": compiled(text)}))
        self.values[name] = value
        return True

    def _is_taken(self, code):
        try:
            eval(code, OURS.names, {name: mg.Tensor(a) for name, a in self.values.items()})
        except REFUSALS as error:
            refused[f"{type(error).__name__}: {error}".partition(" got ")[0]] += 1
            return False
        return True

    def without(self, line):
        """Return the program without a line that nothing is made of, None if something is."""
        if any(line.name in used(other.expression) for other in self.lines):
            return None
        smaller = Program()
        smaller.leaves, smaller.constants = self.leaves, self.constants
        smaller.lines = [other for other in self.lines if other is not line]
        smaller.values = {name: a for name, a in self.values.items() if name != line.name}
        return smaller

    def _checkpoint(self, expression):
        """Write an expression inside `mg.checkpoint`, with the line before in it when it is made of that."""
        inside = used(expression)
        last = self.lines[-1] if self.lines else None
        if last is not None and last.name in inside and last.mode == ORDINARY:
            expression = f"(lambda {last.name}: {expression})({last.expression})"
            inside = list(dict.fromkeys([*used(last.expression), *[name for name in inside if name != last.name]]))
        names = ", ".join(inside)
        return f"mg.checkpoint(lambda {names}: {expression})({names})"

    def loss(self):
        """Write the scalar to differentiate: what no line uses, times a cotangent without symmetry, summed."""
        needed = {name for line in self.lines for name in used(line.expression)}
        shapes = {line.name: self.values[line.name].shape for line in self.lines if line.name not in needed}
        return " + ".join(
            f"({name} * mg.tensor(np.cos(np.arange({math.prod(shape)}.0)).reshape({shape}))).sum()"
            for name, shape in shapes.items()
        )

    def run(self, leaves, space=OURS, frozen=None):
        """Return every value and the loss, of given leaves; constants are taken from `frozen` where that is given."""
        tensor = space.names["mg"].tensor
        values = {name: tensor(a) for name, a in self.constants.items()} | dict(zip(self.leaves, leaves, strict=True))
        for line in self.lines:
            code = line.codes["text" if space is OURS else "expression"]
            if line.is_constant and frozen is not None:
                values[line.name] = tensor(frozen[line.name])
            elif line.mode == NO_GRAD and space is OURS:
                with mg.no_grad():
                    values[line.name] = eval(code, space.names, values)
            else:
                value = eval(code, space.names, values)
                values[line.name] = np.asarray(value) if space is NUMPY else value
        return values, eval(compiled(self.loss()), space.names, values)

    def __str__(self):
        names = ", ".join(self.leaves)
        constants = [f"{name} = mg.tensor({literal(a)})" for name, a in self.constants.items()]
        made = [f"{name} = mg.tensor({literal(a)}, requires_grad=True)" for name, a in self.leaves.items()]
        return "\n".join([
            "import numpy as np", "import minigrad as mg", "from samples import ROWS  # in tests/", "",
            "row = {r.name: r.value for r in ROWS}", "within = {r.name: r.within for r in ROWS}", *constants, "",
            f"def program({names}):", *[f"    {line}" for line in self.lines], f"    return {self.loss()}", "",
            *made, f"mg.gradcheck(program, [{names}], order=2)",
        ])  # fmt: skip


def literal(value):
    """Write a value as Python, or raise TypeError for what cannot be written."""
    if isinstance(value, mg.Tensor):
        return f"mg.tensor({literal(value.numpy())})"
    if isinstance(value, np.ndarray):
        dtype = "bool" if value.dtype.kind == "b" else f"np.{value.dtype}"
        return f"np.array({value.tolist()}, {dtype})" if value.size else f"np.zeros({value.shape}, {dtype})"
    if isinstance(value, float) and not math.isfinite(value):
        return f"float('{value}')"
    if isinstance(value, tuple):
        return f"({''.join(f'{literal(v)}, ' for v in value)})"
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, type) and issubclass(value, np.generic):
        return f"np.{value.__name__}"
    if value is None or value is Ellipsis or isinstance(value, bool | int | float | str | slice | np.generic):
        return repr(value)
    raise TypeError(f"cannot write {value!r}")
