"""A chain: operations in a row, each of what the one before made, recorded as one node.

What passes between the layers of an `nn.Sequential` nobody else sees. So it needs no Tensor and no node: a row of
operations is written out as one function forward and one backward, as by hand. Whoever wants more than the way back
through plain arrays (a second derivative, a picture, an explanation) unfolds the chain, and finds the nodes that the
operations would have left by themselves. Read next: `backward.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from operator import attrgetter
from typing import Any

import numpy as np

from .calls import run_text
from .modes import RECORDING, modes
from .node import Node, last_update, tick
from .primitive import Operation, Primitive
from .tensor import Tensor, rewrap, wrap
from .tracing import current

SMALL = 64 * 1024  # elements; of larger arrays the arithmetic takes the time, and a chain would keep them longer

_form = attrgetter("shape", "dtype")


class Row:
    """Operations in a row.

    Parameters
    ----------
    steps : for each, the operation, and the names of the attributes that hold what it takes beside the result before

    Attributes
    ----------
    primitives, counts : the operations, and how many parameters each has
    source : the text of `forward` and `backward`

    >>> import minigrad as mg
    >>> print(Row([(mg.linear, ("weight", "bias")), (mg.tanh, ())]).source, end="")
    def forward(a0, holders):
        h0, h1, = holders
        p0 = h0.weight
        p1 = h0.bias
        if not (p0.requires_grad and p0._node is None and p1.requires_grad and p1._node is None):
            return None
        a1 = linear0(a0, p0._data, p1._data)
        a2 = tanh1(a1)
        return a2, (p0, p1, ), (a0, (a1.shape, a1.dtype), a2, )
    <BLANKLINE>
    def backward(g, parameters, arrays, onward):
        p0, p1, = parameters
        a0, _, a2, = arrays
        g = rules1['x'](g, a2)
        d0 = rules0['w'](g, a0)
        d1 = rules0['b'](g)
        g = rules0['x'](g, p0._data) if onward else None
        return d0, d1, g
    """

    def __init__(self, steps: Sequence[tuple[Operation, Sequence[str]]]) -> None:
        self.primitives = [operation.primitive for operation, _ in steps]
        self.counts = [len(names) for _, names in steps]
        self.source = _write(self.primitives, [names for _, names in steps])
        names: dict[str, Any] = {}
        for i, op in enumerate(self.primitives):
            names |= {f"{op.name}{i}": op.body, f"rules{i}": op.rules}
        made = run_text(self.source, f"<minigrad {'-'.join(op.name for op in self.primitives)}>", names)
        self.forward, self.backward = made["forward"], made["backward"]

    def __call__(self, x: Any, holders: Sequence[Any]) -> Tensor | None:
        """Apply the operations one after the other, and record them as one node.

        Returns
        -------
        the result; None, and nothing has happened, where they had better be called one by one: for large arrays, on a
        device, when somebody listens, for constants, and when anything goes wrong, about which a call can say more
        """
        if modes.state != RECORDING or current.tracer is not None or not isinstance(x, Tensor):
            return None
        data = x._data
        if data.__class__ is not np.ndarray or data.size > SMALL:
            return None
        try:
            out, parameters, arrays = self.forward(data, holders)
        except Exception:
            return None
        if out.__class__ is not np.ndarray or out.base is not None or not (parameters or x.requires_grad):
            return None  # a number, the memory of an operand, a constant
        result = wrap(out)
        result.requires_grad = True
        result._node = node = Chain()
        node.op = self.primitives[-1]
        node.order = tick()
        node.shape = out.shape
        node.dtype = out.dtype
        node.changed = node.retained = node.trace = None
        node.parents = (*parameters, x._node or x if x.requires_grad else None)
        node.saved = (self, x, parameters, arrays)
        return result


class Chain(Node):
    """The node of a row: that of its last operation, which it becomes when it is unfolded, in the place of all.

    Its parents are the parameters and what the row started from; it saves the row, x, the parameters and the arrays.
    """

    __slots__ = ()

    def carry(self, g: Any) -> Sequence[Any] | None:
        """Return the cotangents of the parents; None where a single operation has something to say about it."""
        row, x, parameters, arrays = self.saved  # type: ignore[misc]
        if last_update[0] > self.order and not self._is_intact(x, parameters):
            return None
        try:
            found = row.backward(g, parameters, arrays, self.parents[-1] is not None)
            for operand, dx in zip((*parameters, x), found, strict=True):
                like = operand._data
                if dx is not None and (dx.shape != like.shape or dx.dtype is not like.dtype):
                    return None
        except Exception:
            return None
        return found

    def _is_intact(self, x: Tensor, parameters: Sequence[Tensor]) -> bool:
        """Tell whether nothing has been updated since: neither what was saved nor the result."""
        changes = [self.changed, *[t._changed for t in (x, *parameters)]]
        return all([changed is None or changed[0] < self.order for changed in changes])

    def unfold(self) -> None:
        """Become the node of the last operation, and put those of the others before it."""
        row, operand, parameters, arrays = self.saved  # type: ignore[misc]
        rest, before = iter(parameters), self.parents[-1]
        for i, (op, count) in enumerate(zip(row.primitives, row.counts, strict=True), 1):
            last, out = i == len(row.primitives), arrays[i]
            own = tuple(islice(rest, count))
            parents = (before, *own, *[None] * (len(op.arrays) - 1 - count))
            node: Node | None = None
            if any([parent is not None for parent in parents]):
                node = self if last else Node()
                node.op, node.parents = op, parents
                node.saved = _saved(op, parents, {**dict(zip(op.arrays, (operand, *own), strict=False)), "out": out})
                if not last:
                    node.order = self.order - 1 + i / len(row.primitives)  # after all operands, before what came later
                    node.shape, node.dtype = _form(out) if isinstance(out, np.ndarray) else out
                    node.changed = node.retained = node.trace = None
            operand, before = wrap(out) if node is None else rewrap(out, node), node
        self.__class__ = Node  # type: ignore[assignment]


def _saved(op: Primitive, parents: Sequence[Any], values: dict[str, Any]) -> tuple[Any, ...]:
    """Return what a node of `op` saves, whose operands and result are known by name."""
    values |= {shape: getattr(values.get(a), "shape", ()) for shape, a in op.shapes.items()}
    live = {a for a, parent in zip(op.arrays, parents, strict=True) if parent is not None}
    return tuple([values.get(name) if live.intersection(op.users[name]) else None for name in op.saves])


def can_be_in_a_row(operation: Any) -> bool:
    """Tell whether a function is an operation that a row can hold."""
    op = getattr(operation, "primitive", None)
    if op is None or op.variadic or op.options or op.broadcasts:
        return False
    return bool(op.rules) and all(op.rules.values())


def _write(primitives: Sequence[Primitive], attributes: Sequence[Sequence[str]]) -> str:
    """Return the text of a row's functions: a0 is what the row is given, a1 what the first operation makes of it."""
    fetched: list[str] = []  # the parameters, and where each is found
    forward: list[str] = []
    backward: list[str] = []
    kept: set[str] = set()
    for i, (op, names) in enumerate(zip(primitives, attributes, strict=True)):
        first, *others = op.arrays
        own = {a: f"p{len(fetched) + k}" for k, a in enumerate(others[: len(names)])}
        fetched += [f"h{i}.{name}" for name in names]
        value = {"g": "g", "out": f"a{i + 1}", first: f"a{i}", **{a: f"{p}._data" for a, p in own.items()}}
        value |= {f"{a}_shape": f"{x}.shape" for a, x in value.items()}
        forward.append(f"a{i + 1} = {op.name}{i}({', '.join(value[a] for a in (first, *own))})")
        back = []
        for argument, target in [*((a, f"d{p[1:]}") for a, p in own.items()), (first, "g")]:
            asked = [value.get(name, "None") for name in op.asks[argument]]
            kept |= {a.removesuffix(".shape") for a in asked if a.startswith("a")}
            onward = " if onward else None" if i == 0 and argument == first else ""
            back.append(f"{target} = rules{i}[{argument!r}]({', '.join(asked)}){onward}")
        backward = back + backward
    n, end = len(fetched), len(primitives)
    parameters = _listed("p", range(n))
    live = [f"p{k}.requires_grad and p{k}._node is None" for k in range(n)]
    left = [f"a{i}" if f"a{i}" in kept else f"(a{i}.shape, a{i}.dtype)" for i in range(end + 1)]
    text = [
        "def forward(a0, holders):",
        f"    {_listed('h', range(end))}= holders",
        *[f"    p{k} = {place}" for k, place in enumerate(fetched)],
        *([f"    if not ({' and '.join(live)}):", "        return None"] if live else []),
        *[f"    {line}" for line in forward],
        f"    return a{end}, ({parameters}), ({', '.join(left)}, )",
        "",
        "def backward(g, parameters, arrays, onward):",
        *([f"    {parameters}= parameters"] if n else []),
        f"    {', '.join(a if a in kept else '_' for a in map('a{}'.format, range(end + 1)))}, = arrays",
        *[f"    {line}" for line in backward],
        f"    return {_listed('d', range(n))}g",
    ]
    return "\n".join(text) + "\n"


def _listed(letter: str, numbers: Iterable[int]) -> str:
    return "".join(f"{letter}{i}, " for i in numbers)
