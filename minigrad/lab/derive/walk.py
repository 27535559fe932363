"""The way back, on formulas: the engine's rules, from the newest node to the oldest, and every name on the way.

With `cut`, a named result hands on a symbol for its own cotangent, so that every formula is a derivative with
respect to the next names only: one line of a derivation. Read next: `paper.py`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ...engine import Node, Tensor, sum_to
from ..graph import Graph, Key
from .array import Formula, Letter, constant
from .fold import Fold
from .forms import RULES
from .names import all_below, symbols_for


class Kept(NamedTuple):
    """What a node's rules are handed: its saved values, in terms of names."""

    op: Any
    parents: tuple[Any, ...]
    saved: tuple[Any, ...]
    dtype: Any = None
    shape: Any = None


def letters_of(graph: Graph) -> dict[Key, Letter]:
    """Return the letter of every leaf and every named node.

    A letter is made in the call that makes its node, so its order is the last before the node's.
    """
    known = sorted(all_below(graph.output.data.letters), key=lambda letter: letter.order)
    found: dict[Key, Letter] = {}
    for leaf in graph.leaves:
        if isinstance(leaf.data, Formula):
            (found[leaf],) = leaf.data.letters
    for node in graph.nodes:
        if node.op.name == "named":
            found[node] = [letter for letter in known if letter.order < node.order][-1]
    return found


class Cotangents:
    """The derivatives of a scalar by everything it was computed from.

    Parameters
    ----------
    graph : whose output is the scalar
    fold : puts names in place of what they mean
    cut : whether a named result hands on a symbol for its cotangent

    Attributes
    ----------
    found : by node or leaf, its cotangent
    symbols : with `cut`, by named node, the symbol that stands for its cotangent
    """

    def __init__(self, graph: Graph, letters: dict[Key, Letter], fold: Fold, label: str, cut: bool) -> None:
        self.found: dict[Key, Formula] = {}
        self.symbols: dict[Key, Formula] = {}
        output: Key = graph.output._node
        pending: dict[Key, Formula] = {output: constant(1.0)}
        if cut:
            self.symbols[output] = pending[output]
        for node in reversed(graph.nodes):
            if node not in pending:
                continue
            g = self.found[node] = fold(pending[node])
            if cut and node in letters and node is not output:
                g = self.symbols[node] = symbols_for(f"∂{label}/∂{letters[node].name}", g.shape, g.sample)
            for parent, dx in _answers(node, g, fold):
                pending[parent] = pending[parent] + dx if parent in pending else dx
        self.found |= {leaf: fold(pending[leaf]) for leaf in graph.leaves if leaf in pending}


def _answers(node: Node, g: Formula, fold: Fold) -> list[tuple[Key, Formula]]:
    """Return the cotangents that the rules of a node give its parents."""
    op = node.op
    saved = tuple([_folded(value, fold) for value in node.saved or ()])
    kept: Any = Kept(op, node.parents, saved)
    given = {"g": g, **dict(zip(op.saves, saved, strict=True))}
    answers = []
    with np.errstate(all="ignore"):
        for i, (parent, dx) in enumerate(zip(node.parents, op.pull(kept, g, False), strict=True)):
            if parent is None:
                continue
            rule = None if op.variadic else RULES.get((op.name, op.arrays[i]))
            if rule is not None:
                names = rule.__code__.co_varnames[: rule.__code__.co_argcount]
                others = [given[name] for name in op.asks[op.arrays[i]] if name in op.options and name not in names]
                if all(value is None for value in others):
                    on_paper = rule(*[given[name] for name in names])
                    dx = Formula(on_paper.content, dx.sample, on_paper.letters)
            shape = parent.shape
            answers.append((parent, dx if dx.shape == shape else sum_to(dx, shape)))
    return answers


def _folded(value: Any, fold: Fold) -> Any:
    """Return a saved value in terms of names: arrays for Tensors."""
    if isinstance(value, tuple):
        return tuple([_folded(v, fold) for v in value])
    data = value.data if isinstance(value, Tensor) else value
    return fold(data) if isinstance(data, Formula) else data
