"""A kernel as functions of CUDA C: one for what is stored, and one for each reduction.

A thread does an element, or several that lie a whole grid apart; a block does a result of a reduction, which its
threads add up by halves. Everything is read as it was before the kernel, so reductions go first. No function does
anything once `*bad` is set, by a check that failed or an index that was out of range. Read next: `graphs.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from .fusion import Kernel, Local, Place, Product, Statement
from .loops import FINDS, REDUCTIONS, merged

TYPES = {"float32": "float", "float64": "double", "int32": "int", "int64": "long long", "bool": "bool"}
WRITTEN: dict[Any, str] = {  # what NumPy's functions are of numbers; all others are C's
    np.add: "{0} + {1}", np.subtract: "{0} - {1}", np.multiply: "{0} * {1}", np.divide: "{0} / {1}",
    np.greater: "{0} > {1}", np.greater_equal: "{0} >= {1}", np.less: "{0} < {1}", np.less_equal: "{0} <= {1}",
    np.equal: "{0} == {1}", np.not_equal: "{0} != {1}", np.logical_and: "{0} && {1}", np.logical_or: "{0} || {1}",
    np.logical_not: "!{0}", np.negative: "-{0}", np.square: "{0} * {0}", np.reciprocal: "1 / {0}",
    np.sign: "({0} != {0} ? {0} : ({0} > 0) - ({0} < 0))", np.maximum: "larger({0}, {1})",
    np.minimum: "smaller({0}, {1})", np.isnan: "{0} != {0}", np.isfinite: "{0} - {0} == 0",
    "select": "{0} ? {1} : {2}", "cast": "{0}", "sum": "{0} + {1}", "max": "larger({0}, {1})",
    "min": "smaller({0}, {1})",
}  # fmt: skip
OF_INTEGERS: dict[Any, str] = {
    np.absolute: "({0} < 0 ? -{0} : {0})", np.power: "whole_power({0}, {1})", np.floor: "{0}", np.ceil: "{0}",
    np.reciprocal: "({0} == 0 ? 0 : 1 / {0})",
}  # fmt: skip
IN_C = {"absolute": "fabs", "power": "pow"} | {"arc" + name: "a" + name for name in (
    "sin", "cos", "tan", "sinh", "cosh", "tanh", "tan2")}  # fmt: skip
THREADS = 256  # of a block
BLOCKS = 1 << 16  # at most
SMALL = 1 << 20  # so many multiplications make a product worth a call of cuBLAS, which no graph may hold
PRELUDE = """\
#define larger(a, b) ((a) > (b) || (a) != (a) ? (a) : (b))
#define smaller(a, b) ((a) < (b) || (a) != (a) ? (a) : (b))
#define every(i, n) \\
    for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < n; i += (long long)gridDim.x * blockDim.x)

__device__ static inline long long whole_power(long long x, long long n) {
    long long power = 1;
    for (; n > 0; n /= 2, x *= x)
        if (n % 2) power *= x;
    return power;
}
"""


@dataclass(frozen=True, slots=True)
class Function:
    """The text of a function of CUDA C, and how it is called.

    Attributes
    ----------
    parameters : slot and dtype of each array it takes, beside `bad`
    lines : of its body
    grid, threads : how many blocks, and threads in each
    checks : whether it may set `*bad`
    """

    parameters: tuple[tuple[int, str], ...]
    lines: tuple[str, ...]
    grid: int
    threads: int
    checks: bool

    @property
    def text(self) -> str:
        """The text after the name: the same for layers of one shape."""
        arrays = [f"{TYPES[dtype]} *p{k}" for k, (_, dtype) in enumerate(self.parameters)]
        return f"({', '.join(['int *bad', *arrays])}) {{\n" + "".join(f"    {line}\n" for line in self.lines) + "}\n"


def functions(kernel: Kernel) -> list[Function]:
    """Return the functions that do what a kernel does, in this order."""
    results = [s for s in kernel.body if s.what in REDUCTIONS]
    stores = [s for s in kernel.body if s.what in ("store", "scatter")]
    return [*[_Text(kernel, [s]).reduction() for s in results], *([_Text(kernel, stores).loop()] if stores else [])]


def product(unit: Product) -> Function:
    """Return the function of a matrix product: a thread for each element of the result."""
    (n, k, m), (turned_a, turned_b) = unit.sizes, unit.turned
    a = f"p0[{f'i / {m} + j * {n}' if turned_a else f'i / {m} * {k} + j'}]"
    b = f"p1[{f'i % {m} * {k} + j' if turned_b else f'j * {m} + i % {m}'}]"
    dtype = unit.dtype.name
    lines = [
        "if (*bad) return;",
        f"every(i, {n * m}) {{",
        f"    {TYPES[dtype]} total = 0;",
        f"    for (long long j = 0; j < {k}; j++) total = {'fmaf' if dtype == 'float32' else 'fma'}({a}, {b}, total);",
        "    p2[i] = total;",
        "}",
    ]
    return Function(tuple((slot, dtype) for slot in unit.slots), tuple(lines), *_sizes(n * m), False)


def check(slot: int, wanted: bool) -> Function:
    """Return the function that looks whether a condition came out as it must."""
    return Function(((slot, "bool"),), (f"if (*p0 != {int(wanted)}) *bad = 1;",), 1, 1, True)


class _Text:
    """Writes the function of some statements of a kernel, and of those whose results they need."""

    def __init__(self, kernel: Kernel, wanted: list[Statement]) -> None:
        needed = {a for s in wanted for a in s.args if isinstance(a, Local)}
        self.body: list[Statement] = []
        for s in reversed(kernel.body):
            if s in wanted or s.target in needed:
                self.body.insert(0, s)
                needed |= {a for a in s.args if isinstance(a, Local)}
        self.lengths, self.groups = merged(kernel)
        places = [s.place for s in self.body if s.place is not None]
        self.parameters = tuple(dict.fromkeys((place.slot, place.dtype.name) for place in places))

    def loop(self) -> Function:
        n = prod(self.lengths)
        lines = [
            "if (*bad) return;",
            f"every(i, {n}) {{",
            *self._indented(self._positions("i", range(len(self.lengths)))),
        ]
        lines += [line for k, s in enumerate(self.body) for line in self._indented(self._statement(s, k))]
        return self._function([*lines, "}"], *_sizes(n))

    def reduction(self) -> Function:
        """Return the function of a reduction, which is the last statement."""
        s = self.body.pop()
        strides = self._strides(s.place)
        kept, gone = ([d for d, stride in enumerate(strides) if bool(stride) == keeps] for keeps in (True, False))
        results, length = (prod(self.lengths[d] for d in axes) for axes in (kept, gone))
        find, kind = s.what in FINDS, TYPES[s.args[1].dtype.name]
        x, start = map(_text, s.args)
        each = [line for k, other in enumerate(self.body) for line in self._statement(other, k)]
        if find:
            each.append(f"if ({_better(s.what, x, 'a')}) {{ a = {x}; n = j; }}")
        else:
            each.append(f"a = {WRITTEN[s.what].format('a', f'({kind}){x}')};")
        inside = [
            *self._positions("i", kept),
            *[f"{kind} a = {start};", "long long n = 0;"][: 1 + find],
            f"for (long long j = threadIdx.x; j < {length}; j += blockDim.x) {{",
            *self._indented([*self._positions("j", gone), *each]),
            "}",
            *["part[threadIdx.x] = a;", "place[threadIdx.x] = n;"][: 1 + find],
            "__syncthreads();",
            *_by_halves(s.what),
            f"if (threadIdx.x == 0) {self._at(s.place)} = ({TYPES[s.dtype.name]}){'place' if find else 'part'}[0];",
            "__syncthreads();",
        ]
        lines = [
            *[f"__shared__ {kind} part[{THREADS}];", f"__shared__ long long place[{THREADS}];"][: 1 + find],
            "if (__syncthreads_or(*bad)) return;",
            f"for (long long i = blockIdx.x; i < {results}; i += gridDim.x) {{",
            *self._indented(inside),
            "}",
        ]
        return self._function(lines, min(results, BLOCKS), min(THREADS, 1 << (length - 1).bit_length()))

    def _function(self, lines: list[str], grid: int, threads: int) -> Function:
        checks = any(s.lengths for s in self.body)
        return Function(self.parameters, tuple(lines), grid, threads, checks)

    def _statement(self, s: Statement, k: int) -> Iterator[str]:
        args = [_text(a) for a in s.args]
        target = f"const {TYPES[s.dtype.name]} v{s.target.number} = " if s.target is not None else ""
        if s.what == "load":
            yield f"{target}{self._at(s.place)};"
        elif s.what == "store":
            yield f"{self._at(s.place)} = {args[0]};"
        elif s.what in ("gather", "scatter"):
            yield from self._indexed(s, k, args, target)
        else:
            yield f"{target}({TYPES[s.dtype.name]})({self._form(s).format(*args)});"

    def _form(self, s: Statement) -> str:
        if s.dtype.kind != "f" and s.what in OF_INTEGERS:
            return OF_INTEGERS[s.what]
        if s.what in WRITTEN:
            return WRITTEN[s.what]
        name = IN_C.get(s.what.__name__, s.what.__name__) + ("f" if s.dtype == np.float32 else "")
        return f"{name}({', '.join(f'{{{k}}}' for k in range(s.what.nin))})"

    def _indexed(self, s: Statement, k: int, args: list[str], target: str) -> Iterator[str]:
        """Read or write at an index; at one that is out of range read another element, and write none."""
        assert s.place is not None
        indices = range(len(s.lengths))
        for d, length in enumerate(s.lengths):
            yield f"long long j{k}_{d} = {args[d]} < 0 ? {args[d]} + {length} : {args[d]};"
        outside = " || ".join(f"j{k}_{d} < 0 || j{k}_{d} >= {length}" for d, length in enumerate(s.lengths)) or "0"
        element = f"{self._pointer(s.place)}[{' + '.join(f'j{k}_{d} * {s.place.strides[d]}' for d in indices) or '0'}]"
        if s.what == "gather":
            yield f"if ({outside}) {{ *bad = 1; {' '.join(f'j{k}_{d} = 0;' for d in indices)} }}"
            yield f"{target}{element};"
        else:
            yield f"if ({outside}) *bad = 1; else {element} = {args[-1]};"

    # Where things lie

    def _positions(self, i: str, axes: Any) -> Iterator[str]:
        """Yield the positions along some of the loop's axes of the i-th element."""
        for n, d in enumerate(axes):
            below = prod(self.lengths[e] for e in axes[n + 1 :])
            above = "" if n == 0 else f" % {self.lengths[d]}"
            yield f"const long long i{d} = {i}{f' / {below}' if below > 1 else ''}{above};"

    def _strides(self, place: Place | None) -> list[int]:
        assert place is not None
        return [place.strides[group[-1]] for group in self.groups]

    def _pointer(self, place: Place) -> str:
        return f"p{self.parameters.index((place.slot, place.dtype.name))}"

    def _at(self, place: Place | None) -> str:
        assert place is not None
        strides = enumerate(self._strides(place))
        terms = [f"i{d}" if stride == 1 else f"i{d} * {stride}" for d, stride in strides if stride]
        return f"{self._pointer(place)}[{' + '.join(terms) or '0'}]"

    def _indented(self, lines: Any) -> list[str]:
        return [f"    {line}" for line in lines]


def _by_halves(what: str) -> list[str]:
    """Return the lines in which the first half of a block's threads takes up the second half's results, and so on."""
    mine, other = "part[threadIdx.x]", "part[threadIdx.x + half]"
    if what in FINDS:
        earlier = f"place[threadIdx.x + half] < place[threadIdx.x] && !({_better(what, mine, other)})"
        step = f"if ({_better(what, other, mine)} || ({earlier})) {{ {mine} = {other};"
        step += " place[threadIdx.x] = place[threadIdx.x + half]; }"
    else:
        step = f"{mine} = {WRITTEN[what].format(mine, other)};"
    return [
        "for (unsigned half = blockDim.x / 2; half; half /= 2) {",
        f"    if (threadIdx.x < half) {{ {step} }}",
        "    __syncthreads();",
        "}",
    ]


def _better(what: str, x: str, than: str) -> str:
    """Return the condition that a number takes the place of another as the largest, or the smallest, so far."""
    return f"{x} {'>' if what == 'argmax' else '<'} {than} || ({x} != {x} && {than} == {than})"


def _sizes(n: int) -> tuple[int, int]:
    """Return how many blocks, and how many threads in each, do n elements."""
    return min(-(-n // THREADS), BLOCKS), THREADS


def _text(x: Any) -> str:
    if isinstance(x, Local):
        return f"v{x.number}"
    number, end = x.item(), "f" if x.dtype == np.float32 else ""
    if x.dtype.kind == "f":
        text = repr(number) if np.isfinite(number) else "(0.0 / 0.0)" if number != number else "(1.0 / 0.0)"
        text = f"-{text}" if number == -np.inf else text
        return f"({text}{end})" if np.isfinite(number) else f"({TYPES[x.dtype.name]}){text}"
    if x.dtype == np.int64:
        return f"({number}LL)" if number > np.iinfo(np.int64).min else f"({number + 1}LL - 1)"
    return f"({int(number)})" if number > np.iinfo(np.int32).min else f"({number + 1} - 1)"
