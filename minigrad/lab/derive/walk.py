"""The way back, with the engine's rules, from the newest node to the oldest, and every name on the way.

It is walked three times: on the numbers that symbols carry; on formulas; and on formulas with a cut at every name,
whose cotangent then stands as a symbol, so that every formula is a derivative with respect to the next names only: one
line of a derivation. Read next: `paper.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ...engine import Node, Tensor, sum_to
from ..graph import Key, collect
from .array import Formula
from .forms import RULES
from .letters import Letter, all_below, symbols_for
from .reading import constant
from .sizes import Size

Reading = Callable[[Any], Any]  # of the formulas and sizes that nodes have saved


class Record:
    """What was computed on symbols.

    Parameters
    ----------
    output : a scalar

    Attributes
    ----------
    nodes : in the order in which they were made
    letters : of every leaf and every named node, what it is called

    Raises
    ------
    GraphError
        when nothing was recorded, or the graph has been freed.
    """

    def __init__(self, output: Tensor) -> None:
        self.output: Key = output._node
        self.nodes, self.leaves = collect(output)
        known = sorted(all_below(output.data.letters), key=lambda letter: letter.order)
        self.letters: dict[Key, Letter] = {}
        for leaf in self.leaves:
            if isinstance(leaf.data, Formula):
                (self.letters[leaf],) = leaf.data.letters
        for node in self.nodes:
            if node.op.name == "named":  # its letter was made in the same call: the last before the node
                self.letters[node] = [letter for letter in known if letter.order < node.order][-1]


class Kept(NamedTuple):
    """What a node's way back is handed: its saved values as they are read."""

    op: Any
    parents: tuple[Any, ...]
    saved: tuple[Any, ...]


class Cotangents:
    """The derivatives of a scalar by everything it was computed from.

    Parameters
    ----------
    record : of the scalar
    read : how formulas are read: `Fold`, in terms of names, or `bare`, as numbers
    label : what the scalar is called, where every name hands on a symbol for its cotangent
    shorten : applied to the cotangent of every named result, so that formulas do not grow from layer to layer

    Attributes
    ----------
    found : by node or leaf, its cotangent
    symbols : by named node, the symbol that stands for its cotangent
    """

    def __init__(self, record: Record, read: Reading, label: str | None = None, shorten: Reading = lambda x: x) -> None:
        self.found: dict[Key, Any] = {}
        self.symbols: dict[Key, Formula] = {}
        pending: dict[Key, Any] = {record.output: read(constant(1.0))}
        for node in reversed(record.nodes):
            if node not in pending:
                continue
            g: Any = pending[node]
            g = g if isinstance(g, Formula) else np.asarray(g)
            g = self.found[node] = shorten(g) if node in record.letters else g
            if label and node in record.letters and node is not record.output:
                g = self.symbols[node] = symbols_for(f"∂{label}/∂{record.letters[node].name}", g.shape, g.sample)
            for parent, dx in _answers(node, g, read):
                pending[parent] = pending[parent] + dx if parent in pending else dx
                if isinstance(dx, Formula):
                    pending[parent] = read(pending[parent])
        self.found |= {leaf: pending[leaf] for leaf in record.leaves if leaf in pending}


def _answers(node: Node, g: Any, read: Reading) -> list[tuple[Key, Any]]:
    """Return the cotangents that the rules of a node give its parents."""
    op = node.op
    saved = tuple([_read(value, read) for value in node.saved or ()])
    kept: Any = Kept(op, node.parents, saved)
    answers = []
    with np.errstate(all="ignore"):
        for i, (parent, dx) in enumerate(zip(node.parents, op.pull(kept, g, False), strict=True)):
            if parent is None:
                continue
            if isinstance(dx, Formula) and not op.variadic:
                dx = _on_paper(op, op.arrays[i], {"g": g, **dict(zip(op.saves, saved, strict=True))}, dx)
            answers.append((parent, dx if dx.shape == parent.shape else sum_to(dx, parent.shape)))
    return answers


def _on_paper(op: Any, argument: str, given: dict[str, Any], dx: Formula) -> Formula:
    """Return the answer of a rule as it stands on paper, if the rule itself is written for floats."""
    rule = RULES.get((op.name, argument))
    if rule is None:
        return dx
    names = rule.__code__.co_varnames[: rule.__code__.co_argcount]
    if any(given[name] is not None for name in op.asks[argument] if name in op.options and name not in names):
        return dx  # an option that the form knows nothing of
    found = rule(*[given[name] for name in names])
    return Formula(found.content, dx.sample, found.letters)


def _read(value: Any, read: Reading) -> Any:
    """Return a saved value as it is read: arrays for Tensors."""
    if isinstance(value, tuple):
        return tuple([_read(v, read) for v in value])
    data = value.data if isinstance(value, Tensor) else value
    return read(data) if isinstance(data, Formula | Size) else data
