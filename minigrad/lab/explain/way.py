"""The way from a loss back to a tensor: the nodes in between, what each hands on, and where all paths meet.

Read next: `story.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from ...engine import Node, Tensor, enable_grad, propagate, sum_to, tick
from ...engine.modes import DEBUGGING, modes
from ...engine.tensor import rewrap
from ..graph import Graph
from .page import host, place

Key = Any  # a Node, or the leaf Tensor it is


class Edge(NamedTuple):
    """An operand of a node: where it stands, its name, its origin, its value (None if nobody kept it)."""

    position: int
    name: str
    parent: Key
    value: Any


class Term(NamedTuple):
    """One contribution to a derivative: cotangent[at] of a node's result × local derivative."""

    node: Node
    edge: Edge
    at: tuple[int, ...]
    cotangent: float
    local: float

    @property
    def product(self) -> float:
        """What is added."""
        return self.cotangent * self.local


@contextmanager
def unwatched() -> Iterator[None]:
    """Leave debug mode, and NumPy's warnings: whoever looks at a sick graph computes its NaNs again."""
    before = modes.state
    modes.state = before & ~DEBUGGING
    try:
        with np.errstate(all="ignore"):
            yield
    finally:
        modes.state = before


class Way:
    """The part of a graph that lies between its output and a node or leaf.

    Attributes
    ----------
    graph, end : the graph and the node or leaf
    nodes : those that depend on it, in order; empty when nothing does
    """

    def __init__(self, graph: Graph, end: Key) -> None:
        self.graph, self.end = graph, end
        below = {end}
        for node in graph.nodes:
            if any(p is not None and p in below for p in node.parents):
                below.add(node)
        self._on = below
        self.nodes = [node for node in graph.nodes if node in below and node is not end]
        self._users: dict[Key, list[Node]] = {}
        for node in self.nodes:
            for parent in dict.fromkeys(node.parents):
                if parent is not None:
                    self._users.setdefault(parent, []).append(node)

    def users(self, key: Key) -> list[Node]:
        """Return the nodes that use a node or leaf, each once."""
        return self._users.get(key, [])

    def edges(self, node: Node) -> list[Edge]:
        """Return the operands of a node that lie on the way."""
        return [
            Edge(i, name, parent, value)
            for i, (name, parent, value) in enumerate(self.graph.operands(node))
            if parent is not None and parent in self._on
        ]

    def cotangent(self, key: Key) -> Any:
        """Return ∂output/∂key; zeros where nothing arrived."""
        g = self.graph.cotangents.get(key)
        return np.zeros(key.shape) if g is None else g

    def handed(self, node: Node, edge: Edge, scale: float = 1.0) -> Any:
        """Return what a node hands to one operand: its rule on the node's cotangent (times a factor)."""
        g = self.cotangent(node)
        with unwatched():
            dx = node.op.pull(node, g * np.asarray(scale, g.dtype) if scale != 1 else g, False)[edge.position]
            return dx if dx.shape == edge.parent.shape else sum_to(dx, edge.parent.shape)

    def column(self, node: Node, edge: Edge, index: tuple[int, ...]) -> Any:
        """Return ∂result/∂operand[index], of the result's shape; None where the rule cannot be recorded.

        A rule is linear in the cotangent g: with r(g) the element [index] of its answer, ∂r/∂g is that column.
        """
        g, since = Tensor(np.ones(node.shape, node.dtype), requires_grad=True), tick()
        try:
            with unwatched(), enable_grad():
                dx = node.op.pull(node, g, True)[edge.position]
                dx = dx if dx.shape == edge.parent.shape else sum_to(dx, edge.parent.shape)
                one = dx[index] if index else dx
                if not one.requires_grad:
                    return None
                return host(propagate([one], [np.ones_like(one.data)], since=since).get(g, np.zeros(node.shape)))
        except Exception:
            return None  # a rule of the user's that was never meant to be differentiated

    def terms(self, key: Key, index: tuple[int, ...]) -> list[Term] | None:
        """Return the contributions to ∂output/∂key[index]: those that are not 0, or one 0 a user; None if unknown."""
        found = []
        for node in self.users(key):
            for edge in self.edges(node):
                if edge.parent is not key:
                    continue
                column = self.column(node, edge, index)
                if column is None:
                    return None
                g = host(self.cotangent(node))
                where = np.argwhere((column != 0) & (g != 0))
                if not len(where):  # one term of 0 stands for them all
                    where = np.argwhere(column == column)[:1]
                at = [tuple(map(int, k)) for k in where]
                found += [Term(node, edge, k, float(g[k]), float(column[k])) for k in at]
        return found

    def gates(self) -> list[Key]:
        """Return the nodes that every path passes, from the end to the output, both included."""
        left = {key: len(users) for key, users in self._users.items()}
        open_: set[Key] = {self.end}
        gates = [self.end]
        for node in self.nodes:
            for parent in dict.fromkeys(node.parents):
                if parent in open_:
                    left[parent] -= 1
                    if not left[parent]:
                        open_.discard(parent)
            open_.add(node)
            if len(open_) == 1:
                gates.append(node)
        return gates

    def factor(self, upper: Node, lower: Key) -> float:
        """Return ∂upper/∂lower of two gates of one element each."""
        with unwatched():
            value = np.ones(upper.shape, upper.dtype)
            wanted = frozenset([lower]) if isinstance(lower, Node) else ()
            found = propagate([rewrap(value, upper)], [value], wanted=wanted, retain_graph=True)
        g = found.get(lower)
        return 0.0 if g is None else float(host(g).reshape(()))

    def alias(self, key: Key) -> Key:
        """Return the node that gives a node its name, if `t.named` was all that was done with it; else the node."""
        users = self.users(key)
        return users[0] if len(users) == 1 and users[0].op.name == "named" else key

    def label(self, key: Key) -> str:
        """Return what to call a node or a leaf."""
        return self.graph.name(self.alias(key))

    def path(self, through: Node | None = None) -> list[str]:
        """Return the names along a shortest path from the end to the output, through a node if it is on the way."""
        if through is None or through not in self._on:
            through = self.graph.output._node
        keys = [*self._route(self.end, through), *self._route(through, self.graph.output._node)]
        return list(dict.fromkeys(self.label(key) for key in keys))

    def _route(self, start: Key, goal: Key) -> list[Key]:
        before: dict[Key, Key] = {start: None}
        queue = [start]
        for key in queue:
            for node in self.users(key):
                if node not in before:
                    before[node] = key
                    queue.append(node)
        keys, key = [], goal
        while key is not None:
            keys.append(key)
            key = before.get(key)
        return keys[::-1]


def spot(name: str, index: Any) -> str:
    """Return a name with an index behind it.

    >>> spot("w", (0, 1)), spot("b", ())
    ('w[0, 1]', 'b')
    """
    return name + place(index)


def find(graph: Graph, what: str) -> Key | None:
    """Return the node, the leaf or the parameter of that name: a reached one first, the latest of several."""
    for key in [*reversed(graph.nodes), *graph.leaves]:
        if graph.name(key) == what:
            return key
    return next((p for p, name in graph._parameter_names().items() if name == what), None)


def names(graph: Graph) -> list[str]:
    """Return the names a graph knows."""
    given = [graph.name(key) for key in graph.nodes if key.op.name == "named"]
    return list(dict.fromkeys([*map(graph.name, graph.leaves), *given, *graph._parameter_names().values()]))
