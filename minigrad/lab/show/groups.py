"""What a picture of a graph is made of: operations, parameters and constants, in groups that can be folded.

A group is a stretch of operations in the order in which they were made: those of one call of a module, or of one line
of code. A stretch of a topological order can be folded into one box without making a cycle. Read next: `layers.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from ...engine import Node, Tensor
from ..explain.page import short
from ..graph import Graph

LINE = 3  # so many operations of one line make a group
MANY = 60  # so many boxes are shown at first; what is more is folded
FEW, CROWD = 8, 400  # but so few tell nothing, and are opened unless there is a crowd inside


@dataclass(eq=False)
class Constant:
    """An array that no gradient goes to: an input, a target."""

    name: str
    value: Any


@dataclass(eq=False)
class Group:
    """A box round some of the graph.

    Attributes
    ----------
    label : what it says
    members : nodes, leaf Tensors, Constants and Groups
    folded : whether it is drawn as one box at first
    """

    label: str
    members: list[Any] = field(default_factory=list)
    folded: bool = False

    def walk(self) -> Iterator[Group]:
        """Yield the group and all inside, those around others first."""
        yield self
        for member in self.members:
            if isinstance(member, Group):
                yield from member.walk()


@dataclass(eq=False)
class Parts:
    """A graph taken apart to be drawn.

    Attributes
    ----------
    graph : the graph
    root : the group of everything
    edges : pairs of a source (a node, a leaf or a Constant) and the node that uses it, each pair once
    constants : the Constants by the id of their arrays
    """

    graph: Graph
    root: Group
    edges: list[tuple[Any, Node]]
    constants: dict[int, Constant]

    @property
    def drawn(self) -> list[Any]:
        """All nodes, leaves and constants, group by group."""
        return [m for group in self.root.walk() for m in group.members if not isinstance(m, Group)]


def take_apart(graph: Graph) -> Parts:
    """Return what a picture of a graph is made of."""
    root = Group("")
    root.members = _grouped(graph.nodes, 0)
    constants: dict[int, Constant] = {}
    edges: dict[tuple[Any, Node], None] = {}
    for node in graph.nodes:
        for name, parent, value in graph.operands(node):
            if parent is not None:
                edges[parent, node] = None
            elif hasattr(value, "shape") and hasattr(value, "dtype"):
                known = constants.setdefault(id(value), Constant(_name_of(node, value) or name, value))
                edges[known, node] = None
    _shelter(root, list(edges))
    _fold(root)
    return Parts(graph, root, list(edges), constants)


def _fold(root: Group) -> None:
    """Open groups, outer ones first, while there is room for what is in them."""
    shown, level = len(root.members), [root]
    while level:
        below: list[Group] = []
        for around in level:
            inner = [m for m in around.members if isinstance(m, Group)]
            more = sum(len(group.members) for group in inner)
            crowded = shown + more > MANY and (shown > FEW or more > CROWD)
            for group in inner:  # alike: all open or all folded
                group.folded = around.folded or crowded
            shown += more if inner and not inner[0].folded else 0
            below += inner
        level = below


def _grouped(nodes: list[Node], depth: int) -> list[Any]:
    """Return nodes and groups: stretches of one module's call, then of one line."""
    members: list[Any] = []
    for module, run in groupby(nodes, key=lambda node: _module(node, depth)):
        stretch = list(run)
        if module is None:
            members += _by_line(stretch)
            continue
        inside = _grouped(stretch, depth + 1)
        members += inside if len(stretch) == 1 else [Group(_module_label(stretch[0], depth), inside)]
    return _opened(members)


def _module(node: Node, depth: int) -> Any:
    modules = node.trace.modules if node.trace else ()
    return modules[depth] if depth < len(modules) else None


def _module_label(node: Node, depth: int) -> str:
    assert node.trace is not None
    modules = node.trace.modules
    path = next((path for path, module in modules[0].named_modules() if module is modules[depth]), "")
    return " ".join(filter(None, [path, type(modules[depth]).__name__]))


def _by_line(nodes: list[Node]) -> list[Any]:
    line: Callable[[Node], str] = lambda node: short(node.trace.line) if node.trace else ""
    members: list[Any] = []
    for text, run in groupby(nodes, key=line):
        stretch = list(run)
        members += [Group(text, list(stretch))] if text and len(stretch) >= LINE else stretch
    return members


def _opened(members: list[Any]) -> list[Any]:
    """Drop a group that is all there is."""
    while len(members) == 1 and isinstance(members[0], Group):
        members = members[0].members
    return members


def _name_of(node: Node, value: Any) -> str:
    """Return the name of the Tensor that a constant was, where the node kept it."""
    for kept in node.saved or ():
        for x in kept if isinstance(kept, tuple) else (kept,):
            if isinstance(x, Tensor) and x.data is value and x.name:
                return x.name
    return ""


def _shelter(root: Group, edges: list[tuple[Any, Node]]) -> None:
    """Put every leaf and constant into the smallest group that holds all its users, before the first of them."""
    homes = chains(root)
    users: dict[Any, list[Node]] = {}
    for source, node in edges:
        if not isinstance(source, Node):
            users.setdefault(source, []).append(node)
    for source, nodes in users.items():
        common = [g for g in homes[nodes[0]] if all(g in homes[node] for node in nodes)][-1]
        around = [nodes[0], *homes[nodes[0]]]
        first = next(i for i, m in enumerate(common.members) if any(m is one for one in around))
        common.members.insert(first, source)


def chains(root: Group) -> dict[Any, list[Group]]:
    """Return the groups around every member, the outermost first."""
    found: dict[Any, list[Group]] = {root: []}
    for group in root.walk():
        for member in group.members:
            found[member] = [*found[group], group]
    return found
