"""A recorded graph, laid out to be read: every node with its value, its cotangent and its place in the model.

Whoever explains, checks or draws a graph starts here. Recorded inside `annotate()` (or `mg.debug()`) a node also
knows its operands, its result, the user's line and the modules it was called in; without it, what its rules saved.
Read next: `explain/`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..engine import Chain, Node, Tensor, propagate
from ..errors import GraphError, describe

Key = Any  # a Node, or the leaf Tensor it is


class Graph:
    """The graph that ends in a tensor.

    Parameters
    ----------
    output : the tensor; a loss, as a rule
    cotangent : what its own cotangent is; ones by default

    Attributes
    ----------
    nodes : every node, in the order in which they were made, so that operands stand before results
    leaves : every leaf that requires gradients, in the order in which the nodes use them
    cotangents : ∂output/∂key, as a NumPy array, by node or leaf; the graph is kept, no `.grad` is touched

    Raises
    ------
    GraphError
        when nothing was recorded, or the graph has been freed.
    """

    def __init__(self, output: Tensor, cotangent: Any = None) -> None:
        self.output = output
        self.nodes, self.leaves = collect(output)
        seed = np.ones_like(output.data) if cotangent is None else cotangent
        self.cotangents: dict[Key, Any] = propagate([output], [seed], wanted=frozenset(self.nodes), retain_graph=True)
        self._numbers = {node: number for number, node in enumerate(self.nodes)}
        self._values = self._known_values()
        self._parameters: dict[Any, str] | None = None

    def operands(self, node: Node) -> list[tuple[str, Key | None, Any]]:
        """Return the name, the origin (a node, a leaf, or None for a constant) and the value of every operand.

        A value that nobody kept is None.
        """
        names = node.op.arrays
        parents = list(node.parents)
        if node.op.variadic:
            names = [f"{names[0]}[{i}]" for i in range(len(parents))]
        given: Iterable[Any] = node.trace.operands if node.trace else [None] * len(parents)
        return [
            (name, parent, value if value is not None else self.value(parent) if parent is not None else None)
            for name, parent, value in zip(names, parents, given, strict=True)
        ]

    def value(self, key: Key) -> Any:
        """Return the value of a node's result or of a leaf, None if nobody kept it."""
        return key.data if isinstance(key, Tensor) else self._values.get(key)

    def name(self, key: Key) -> str:
        """Return what to call a node or a leaf: its name, its place among a module's parameters, or op and number."""
        if isinstance(key, Tensor):
            number = next((i for i, leaf in enumerate(self.leaves) if leaf is key), "")  # `==` would compare elements
            return key.name or self._parameter_names().get(key) or f"leaf{number}"
        if key.op.name == "named":
            options = key.trace.options if key.trace else {}
            return str(options.get("name", f"named{self._numbers[key]}"))
        return f"{key.op.name}{self._numbers[key]}"

    def module(self, key: Key) -> str:
        """Return the path of the module whose forward made a node (`layers.2`), "" where there is none."""
        modules = key.trace.modules if isinstance(key, Node) and key.trace else ()
        if len(modules) < 2:
            return ""
        return next((path for path, module in modules[0].named_modules() if module is modules[-1]), "")

    def users(self, key: Key) -> list[Node]:
        """Return the nodes that have a node or a leaf as operand, in order; twice where it is so twice."""
        return [node for node in self.nodes for parent in node.parents if parent is key]

    def _parameter_names(self) -> dict[Any, str]:
        if self._parameters is None:  # once: it asks every model for all it has
            self._parameters = {}
            traces = [node.trace for node in self.nodes if node.trace and node.trace.modules]
            for model in dict.fromkeys(trace.modules[0] for trace in traces):
                for path, parameter in model.named_parameters():
                    self._parameters.setdefault(parameter, path)
        return self._parameters

    def _known_values(self) -> dict[Node, Any]:
        """Collect results from wherever they were kept: the trace, the node itself, an operand somebody saved."""
        values: dict[Node, Any] = {}
        for node in self.nodes:
            if node.trace is not None:
                values[node] = node.trace.result
            assert node.saved is not None
            for name, kept in zip(node.op.saves, node.saved, strict=True):
                if name == "out" and kept is not None:
                    values.setdefault(node, kept)
                for x in kept if isinstance(kept, tuple) else (kept,):
                    if isinstance(x, Tensor) and x._node is not None:
                        values.setdefault(x._node, x.data)
        if self.output._node is not None:
            values.setdefault(self.output._node, self.output.data)
        return values


def graph_of(loss: Any, call: str) -> Graph:
    """Return the graph of a loss; an error names who was asked."""
    if not isinstance(loss, Tensor):
        raise GraphError(f"{call}: needs the loss, a Tensor, got {describe(loss)}")
    try:
        return Graph(loss)
    except GraphError as error:
        raise GraphError(f"{call}: {error}") from None


def collect(output: Any) -> tuple[list[Node], list[Tensor]]:
    """Return all nodes below a tensor, in creation order, and the leaves in order of use; raise as `Graph` does."""
    if not isinstance(output, Tensor) or output._node is None:
        raise GraphError(
            f"a graph ends in a tensor that was computed from one that requires gradients, got {describe(output)}"
        )
    seen: set[Any] = set()
    stack: list[Any] = [output._node]
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            if isinstance(node, Chain) and node.saved is not None:
                node.unfold()
            stack += [p for p in node.parents if isinstance(p, Node)]
    nodes = sorted(seen, key=lambda node: node.order)
    for node in nodes:
        if node.saved is None:
            raise GraphError(
                f"the graph has been freed ({node.op.name}): look at it before loss.backward(), or call "
                "loss.backward(retain_graph=True)"
            )
    leaves = dict.fromkeys(p for node in nodes for p in node.parents if isinstance(p, Tensor))
    return nodes, list(leaves)
