"""From a recorded graph to views of it: fused operations opened, written-out ones closed, constants left out.

A view must have the gradients of the graph: an operation whose parts overflow or cancel stays closed.
Read next: `places.py`.
"""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from ...engine import Node, Tensor, annotate, enable_grad
from ..graph import Graph
from . import expand
from .closing import activations, closed, near, normalisations, reachable
from .steps import Step, View


def views(graph: Graph, numbers: dict[Any, int], names: dict[int, str]) -> list[View]:
    """Return up to four views of a graph: with known functions closed, coarse, fine, and with normalisations closed.

    Parameters
    ----------
    graph : that ends in the loss
    numbers : of the arguments, by leaf
    names : of the arguments, by number
    """
    plain = plain_view(graph, numbers, names)
    share = _share(graph.output.dtype)

    def with_parts(table: dict[str, Any]) -> View:
        return View(_Layout(graph, numbers, table).steps, plain.args, names)

    found: list[View] = []
    for table in (expand.COARSE, expand.FINE):
        view = with_parts(table)
        if not _agree(view, plain, share):
            used = {step.inside for step in view.steps} - {""}
            sound = {n: table[n] for n in used if _agree(with_parts({n: table[n]}), plain, share)}
            view = with_parts(sound)
        found.append(view)
    found.insert(0, closed(found[0], activations(found[0])))
    if (known := normalisations(found[0])) and any(s.op.name == "sqrt" for s in found[0].steps):
        found.append(closed(found[0], known))
    kept: list[View] = []
    for view in found:
        if _agree(view, plain, share) and not any(view.same_structure(other) for other in kept):
            kept.append(view)
    return kept or [plain]


def plain_view(graph: Graph, numbers: dict[Any, int], names: dict[int, str]) -> View:
    """Return the steps of a graph as they were recorded."""
    args = {number: np.asarray(wide(leaf.data)) for leaf, number in numbers.items()}
    return View(_Layout(graph, numbers, {}).steps, args, names)


def wide(x: Any) -> Any:
    """Return floats as float64 at least; whatever else as it is."""
    return x.astype(np.float64) if isinstance(x, np.ndarray | np.generic) and x.dtype.char in "ef" else x


def _share(dtype: Any) -> float:
    """Return how far the parts of an operation may be from the whole."""
    return 1e-9 if dtype.itemsize >= 8 else 1e-4


def _agree(view: View, other: View, share: float) -> bool:
    """Tell whether two views have the same gradients; what cancels to nothing is the same nothing."""

    def nothing(n: int) -> float:
        users = [other.steps[number] for number, _ in other.users.get(n, ())]
        arriving = [np.max(np.abs(other.cotangents[s]), initial=0) for s in users if s in other.cotangents]
        return 1e-3 * share * float(max(arriving, default=0.0))

    return all(
        near(view.truth[n], g, share) or bool(np.all(np.abs(view.truth[n] - g) <= nothing(n)))
        for n, g in other.truth.items()
    )


class _Layout:
    """The steps of a graph, in order, without those that no argument leads to."""

    def __init__(self, graph: Graph, numbers: dict[Any, int], table: dict[str, Any]) -> None:
        self.table = table
        self.steps: list[Step] = []
        self.add_all(graph, dict(numbers), "", "")
        self.steps = reachable(self.steps)

    def add_all(self, graph: Graph, keys: dict[Any, Any], line: str, inside: str) -> Step | None:
        """Add the nodes of a graph whose leaves are these keys; return the last step."""
        last = None
        for node in graph.nodes:
            parents = [keys.get(p) for p in node.parents]
            if any(p is not None for p in parents):
                here = line if inside else node.trace.line if node.trace else ""
                last = self.opened(node, parents, here) or self.plain(graph, node, parents, here, inside)
                keys[node] = last
        return last

    def plain(self, graph: Graph, node: Node, parents: list[Any], line: str, inside: str) -> Step:
        """Add one step for a node."""
        operands = graph.operands(node)
        out = graph.value(node)
        out = np.full(node.shape, np.nan) if out is None else wide(out)
        options = dict(node.trace.options) if node.trace else {}
        names, values = [name for name, _, _ in operands], [wide(x) for _, _, x in operands]
        step = Step(node.op, names, values, parents, options, out)
        step.line, step.inside, step.node, step.called = line, inside, node, graph.name(node)
        step.saved = {k: wide(_bare(v)) for k, v in zip(node.op.saves, node.saved or (), strict=False)}
        self.steps.append(step)
        return step

    def opened(self, node: Node, parents: list[Any], line: str) -> Step | None:
        """Add the parts of a fused node, if the table opens it and the parts have its value."""
        parts, trace = self.table.get(node.op.name), node.trace
        taken = inspect.signature(parts).parameters if parts else {}
        if parts is None or trace is None or not _usual(node, set(taken)):
            return None
        operands = [Tensor(wide(x), requires_grad=True) if p is not None else wide(x)
                    for x, p in zip(trace.operands, parents, strict=True)]  # fmt: skip
        with annotate(), enable_grad():
            out = parts(*operands, **{name: value for name, value in trace.options.items() if name in taken})
        if not isinstance(out, Tensor) or out._node is None or not near(out.data, trace.result, _share(node.dtype)):
            return None
        keys: dict[Any, Any] = {x: p for x, p in zip(operands, parents, strict=True) if p is not None}
        return self.add_all(Graph(out), keys, line, node.op.name)


def _usual(node: Node, taken: set[str]) -> bool:
    """Tell whether the options of a call that its parts do not take are left at their defaults."""
    assert node.trace is not None
    defaults = getattr(getattr(node.op, "body", None), "__kwdefaults__", None) or {}
    return all(name in taken or value is defaults.get(name, value) for name, value in node.trace.options.items())


def _bare(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple([_bare(v) for v in value])
    return value.data if isinstance(value, Tensor) else value
