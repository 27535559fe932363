"""A kernel as a function of Python with loops in it, written so that Numba makes vector instructions of it.

A sum over everything goes row by row; a large loop can be done in parts. Read next: `native.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np

from .cores import LARGE
from .fusion import Kernel, Local, Place, Statement

SHORT = {"float32": "f4", "float64": "f8", "int32": "i4", "int64": "i8", "bool": "b1"}
WRITTEN: dict[Any, str] = {  # what NumPy's functions are of numbers; all others are Numba's, under NumPy's names
    np.add: "{0} + {1}", np.subtract: "{0} - {1}", np.multiply: "{0} * {1}", np.divide: "{0} / {1}",
    np.greater: "{0} > {1}", np.greater_equal: "{0} >= {1}", np.less: "{0} < {1}", np.less_equal: "{0} <= {1}",
    np.equal: "{0} == {1}", np.not_equal: "{0} != {1}", np.logical_and: "{0} and {1}", np.logical_or: "{0} or {1}",
    np.logical_not: "not {0}", np.power: "{0} ** {1}", np.negative: "-{0}", np.absolute: "abs({0})",
    np.square: "{0} * {0}", np.reciprocal: "1 / {0}", np.sign: "sign({0})", np.maximum: "larger({0}, {1})",
    np.minimum: "smaller({0}, {1})", "select": "{1} if {0} else {2}", "cast": "{0}",
}  # fmt: skip
OWN = {
    (np.exp, "float32"): "exp4({0})", (np.tanh, "float32"): "tanh4({0})",
    (np.exp, "float64"): "exp8({0})", (np.tanh, "float64"): "tanh8({0})",
}  # fmt: skip
COMBINED = {"sum": "plus({0}, {1})", "max": "larger({0}, {1})", "min": "smaller({0}, {1})"}
FINDS = ("argmax", "argmin")
REDUCTIONS = (*COMBINED, *FINDS)
CHUNK = 1024  # elements of a row that are done before others: they are added up by themselves


class Loop:
    """The text of a kernel as a function of Python.

    Attributes
    ----------
    slots : of the table of addresses: the function's arguments after the table itself
    turns : of the outermost loop, when the cores share a large one: then arguments `first` and `last` say which turns
        are to be done, and sums over everything go into a table of their own, in row `part`
    sums : these sums
    lines : of the function's body
    """

    def __init__(self, kernel: Kernel) -> None:
        self.body = kernel.body
        self.slots = list(dict.fromkeys(s.place.slot for s in kernel.body if s.place is not None))
        lengths, self.groups = merged(kernel)
        self.loops = [(axis, length, f"range({length})") for axis, length in enumerate(lengths)]  # along which axis
        chunks = -(-lengths[-1] // CHUNK) if lengths else 0
        if chunks > 1:
            axis, length, _ = self.loops.pop()
            start = f"i{axis}_ * {CHUNK}"
            self.loops.append((axis, chunks, f"range({chunks})"))
            self.loops.append((axis, CHUNK, f"range({start}, min({start} + {CHUNK}, {length}))"))
        self.depth = len(self.loops)
        self.level = {id(s): self._level(s) for s in self.body if s.what in REDUCTIONS}
        # BLAS's threads stay on the other cores for a while: a short loop is over sooner on one.
        self.turns = self.loops[0][1] if prod(lengths) >= 4 * LARGE and self._can_be_shared() else 0
        self.sums = [s for s in self.body if self.turns and self.level.get(id(s)) == 0]
        self.lines = list(self._lines())

    def _can_be_shared(self) -> bool:
        """Tell whether parts of the outermost loop may run at once: no element is written by two of them."""
        return all(
            s.what == "sum" and s.args[1].dtype == np.float64 if level == 0 else self._strides(s.place)[0]
            for s in self.body
            if (level := self.level.get(id(s))) is not None
        ) and not any(s.what == "scatter" for s in self.body)

    def _lines(self) -> Iterator[str]:
        yield from [f"p{k} = t[s{k}]" for k in range(len(self.slots))]
        same = [s for s in self.body if s.what == "load" and self.depth and not any(self._strides(s.place))]
        for s in same:  # for every element
            yield from self._statement(s, 0)
        for level, (axis, _, turns) in enumerate(self.loops):
            tab = "    " * level
            for k, s in enumerate(self.body):
                if self.level.get(id(s)) == level:
                    yield tab + f"a{k} = {_text(s.args[1])}"
                    if s.what in FINDS:
                        yield tab + f"n{k} = 0"
                if level == self.depth - 1 and self._in_two_steps(s):
                    yield tab + f"c{k} = {SHORT[s.dtype.name]}(0)"
            outer = "_" if [other for other, *_ in self.loops[level + 1 :]] == [axis] else ""
            yield f"{tab}for i{axis}{outer} in {'range(first, last)' if self.turns and not level else turns}:"
        tab = "    " * self.depth
        for k, s in enumerate(self.body):
            if s not in same:
                yield from [tab + line for line in self._statement(s, k)]
        for level in reversed(range(self.depth)):
            tab = "    " * level
            for k, s in enumerate(self.body):
                if level == self.depth - 1 and self._in_two_steps(s):
                    yield tab + f"a{k} += f8(c{k})"
                if s in self.sums and not level:
                    yield f"store(sums, part * {len(self.sums)} + {self.sums.index(s)}, a{k})"
                elif self.level.get(id(s)) == level:
                    yield from [tab + line for line in self._combine(s, k, f"n{k}" if s.what in FINDS else f"a{k}")]
        yield "return True"

    def _in_two_steps(self, s: Statement) -> bool:
        """Tell whether the innermost loop is added up by itself, and all of these in float64: that is more accurate."""
        return s.what == "sum" and s.dtype.kind == "f" and self.level[id(s)] < self.depth

    def _statement(self, s: Statement, k: int) -> Iterator[str]:
        in_register = self.level.get(id(s), self.depth) < self.depth
        args = [_text(a) for a in s.args]
        target = f"v{s.target.number} = " if s.target is not None else ""
        dtype = SHORT[s.dtype.name]
        if s.what == "load":
            yield f"{target}load({self._at(s.place)}, {dtype}(0))"
        elif s.what == "store":
            yield self._put(s, args[0])
        elif s.what in ("gather", "scatter"):
            yield from self._indexed(s, k, args, target)
        elif s.what in FINDS and in_register:
            better = ">" if s.what == "argmax" else "<"
            yield f"if {args[0]} {better} a{k} or ({args[0]} != {args[0]} and a{k} == a{k}):"
            yield f"    a{k} = {args[0]}"
            yield f"    n{k} = i0"
        elif s.what in FINDS:  # of one element
            yield self._put(s, "0")
        elif self._in_two_steps(s):
            yield f"c{k} = plus(c{k}, {args[0]})"
        elif s.what in COMBINED and in_register:
            yield f"a{k} = {COMBINED[s.what].format(f'a{k}', f'{SHORT[s.args[1].dtype.name]}({args[0]})')}"
        elif s.what in COMBINED:
            yield from self._combine(s, k, args[0])
        else:
            form = OWN.get((s.what, s.dtype.name)) or WRITTEN.get(s.what)
            text = form.format(*args) if form else f"np.{s.what.__name__}({', '.join(args)})"
            yield f"{target}{dtype}({text})"

    def _combine(self, s: Statement, k: int, text: str) -> Iterator[str]:
        """Store what was added up in here; together with what earlier turns of outer loops stored, if any did."""
        outer = [axis for axis, *_ in self.loops[: self.level[id(s)]]]
        first = " and ".join(f"i{axis} == 0" for axis in outer if self._strides(s.place)[axis] == 0)
        dtype = SHORT[s.dtype.name]
        yield f"r{k} = {dtype}({text})"
        if first:
            yield f"if not ({first}):"
            yield f"    r{k} = {COMBINED[s.what].format(f'load({self._at(s.place)}, {dtype}(0))', f'r{k}')}"
        yield self._put(s, f"r{k}")

    def _indexed(self, s: Statement, k: int, args: list[str], target: str) -> Iterator[str]:
        """Read or write at an index, if it is in range."""
        assert s.place is not None
        indices, name = args[: len(s.lengths)], f"p{self.slots.index(s.place.slot)}"
        for d, (index, length) in enumerate(zip(indices, s.lengths, strict=True)):
            yield f"j{k}_{d} = wrapped({index}, {length})"
            yield f"if j{k}_{d} < 0 or j{k}_{d} >= {length}:"
            yield "    return False"
        place = " + ".join(f"j{k}_{d} * {stride}" for d, stride in enumerate(s.place.strides)) or "0"
        if s.what == "gather":
            yield f"{target}load({name}, {place}, {SHORT[s.dtype.name]}(0))"
        else:
            yield f"store({name}, {place}, {args[-1]})"

    def _level(self, s: Statement) -> int:
        """Return how deep in the loops a reduction starts and ends: inside, it adds up along all axes."""
        level = self.depth
        while level and self._strides(s.place)[self.loops[level - 1][0]] == 0:
            level -= 1
        return level

    def _strides(self, place: Place | None) -> list[int]:
        """Return how far apart elements are along the axes of the loop, of which some are several of the kernel's."""
        assert place is not None
        return [place.strides[group[-1]] for group in self.groups]

    def _at(self, place: Place | None) -> str:
        """Return the address and the index of the present element."""
        assert place is not None
        terms = [
            f"i{d}" if stride == 1 else f"i{d} * {stride}" for d, stride in enumerate(self._strides(place)) if stride
        ]
        return f"p{self.slots.index(place.slot)}, {' + '.join(terms) or '0'}"

    def _put(self, s: Statement, text: str) -> str:
        return f"store({self._at(s.place)}, {SHORT[s.dtype.name]}({text}))"


def _text(x: Any) -> str:
    if isinstance(x, Local):
        return f"v{x.number}"
    number = x.item()
    text = repr(number) if np.isfinite(number) else f"np.{number}" if number == number else "np.nan"
    return f"{SHORT[x.dtype.name]}({text.replace('np.-', '-np.')})"


def merged(kernel: Kernel) -> tuple[list[int], list[list[int]]]:
    """Return the lengths of the loops, and which axes of the kernel each goes along: several that lie as one."""
    places = [s.place for s in kernel.body if s.place is not None and not s.lengths]
    stored = [s.place for s in kernel.body if s.place is not None and s.what == "store"]
    axes = [axis for axis, length in enumerate(kernel.shape) if length > 1]
    whole = next((p.strides for p in stored if all(p.strides[axis] for axis in axes)), None)
    if whole is not None:  # in the order in which the result lies
        axes.sort(key=lambda axis: -whole[axis])
    groups: list[list[int]] = []
    for axis in axes:
        if groups and all(p.strides[groups[-1][-1]] == p.strides[axis] * kernel.shape[axis] for p in places):
            groups[-1].append(axis)
        else:
            groups.append([axis])
    return [prod(kernel.shape[axis] for axis in group) for group in groups], groups
