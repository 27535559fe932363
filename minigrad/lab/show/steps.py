"""`steps`: the backward pass, one rule at a time.

The engine visits the newest node, hands its cotangent to its rules, and adds each answer to what has reached the
operand so far. This does the same, in the same order, and stops after every rule. Read next: `groups.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...engine import Node, Tensor, sum_to
from ...errors import ShapeError, describe
from ..explain.page import broken, short
from ..explain.way import unwatched
from ..graph import Graph, graph_of
from .formula import rule_name, rule_text, shown

Key = Any  # a Node, or the leaf Tensor it is


@dataclass(frozen=True, eq=False)
class Step:
    """One rule applied: what a node hands to one of its operands.

    Attributes
    ----------
    number, count : which step it is, of how many
    node, operand : the node, and the Node or leaf Tensor that the contribution goes to
    result, target : their names
    operation : of the node
    argument : what the operation calls the operand
    operands : the values of all operands by the operation's names; None where nobody kept one: record the graph
        inside `lab.annotate()`
    cotangent : ∂loss/∂result, of the result's shape
    local : ∂result/∂operand where every element depends on one alone, else None
    formula, rule : the rule in a line, and its whole text, from the source
    contribution : what the rule makes of the cotangent, of the operand's shape
    total : the sum of the contributions so far; ∂loss/∂operand once `complete`
    arrived, expected : how many contributions have come, of how many
    line : the user's, "" outside `lab.annotate()`
    """

    number: int
    count: int
    node: Node
    operand: Key
    result: str
    target: str
    operation: str
    argument: str
    operands: dict[str, Any]
    cotangent: Any
    local: Any
    formula: str
    rule: str
    contribution: Any
    total: Any
    arrived: int
    expected: int
    line: str

    @property
    def complete(self) -> bool:
        """Whether no more will be added to the sum."""
        return self.arrived == self.expected

    def __str__(self) -> str:
        state = "complete" if self.complete else f"{self.arrived} of {self.expected}"
        rows = [
            f"step {self.number} of {self.count}: {self.result} → {self.target}",
            f"  operation      {self.operation}({', '.join(f'{n}={shown(x)}' for n, x in self.operands.items())})",
            f"  rule           ∂loss/∂{self.argument} = {self.formula or 'a function of its own'}",
            f"  g = ∂loss/∂out {shown(self.cotangent)}",
        ]
        if self.local is not None:
            rows.append(f"  {f'∂out/∂{self.argument}':14} {shown(self.local)}")
        rows += [f"  contribution   {shown(self.contribution)}", f"  sum so far     {shown(self.total)} ({state})"]
        rows += [f"  line           {self.line}"] if self.line else []
        return "\n".join([broken(row, hang=17) for row in rows])


def steps(loss: Tensor) -> Iterator[Step]:
    """Yield the backward pass one rule at a time, in the order in which `loss.backward()` applies them.

    Parameters
    ----------
    loss : a scalar whose graph has not been freed. Recorded inside `lab.annotate()`, a step also knows the values
        of all operands and your line of code. No `.grad` is touched and the graph is kept.

    Returns
    -------
    an iterator of `Step`, whose contribution is g · ∂result/∂operand and whose total is the sum of those so far:

        ∂e/∂x = Σ over the uses of x of ∂e/∂result · ∂result/∂x      (the chain rule)

    Raises
    ------
    GraphError
        when nothing was recorded, or the graph has been freed.
    ShapeError
        when the loss is not a scalar.

    >>> import minigrad as mg
    >>> x = mg.tensor(3.0, requires_grad=True, name="x")
    >>> for step in steps(x * x):
    ...     print(step.result, "hands", step.contribution, "to", step.target, "which has", step.total)
    multiply0 hands 3.0 to x which has 3.0
    multiply0 hands 3.0 to x which has 6.0
    """
    graph = scalar_graph(loss, "steps")
    return walk(graph)


def scalar_graph(loss: Any, call: str) -> Graph:
    """Return the graph of a scalar, or say what is wrong with what was given."""
    if isinstance(loss, Tensor) and loss.size != 1:
        raise ShapeError(f"{call}: the loss is {describe(loss)}, not a scalar; reduce it (.sum(), .mean())")
    with unwatched():
        return graph_of(loss, call)


def walk(graph: Graph) -> Iterator[Step]:
    """Yield the steps of a graph; see `steps`."""
    expected: dict[Key, int] = {}
    for node in graph.nodes:
        for parent in node.parents:
            if parent is not None:
                expected[parent] = expected.get(parent, 0) + 1
    names = {key: graph.name(key) for key in (*graph.nodes, *graph.leaves)}
    last = graph.nodes[-1]
    totals: dict[Key, Any] = {last: graph.cotangents[last]}
    arrived: dict[Key, int] = {}
    number, count = 0, sum(expected.values())
    for node in reversed(graph.nodes):
        g = totals[node]
        operands = graph.operands(node)
        answers, ones, probes = _pulled(node, g)
        for position, (argument, parent, _) in enumerate(operands):
            if parent is None:
                continue
            rule = node.op.rules.get(argument.partition("[")[0])
            dx = _fitted(answers[position], parent)
            totals[parent] = totals[parent] + dx if parent in totals else dx
            arrived[parent] = arrived.get(parent, 0) + 1
            number += 1
            yield Step(
                number, count, node, parent, names[node], names[parent], node.op.name, argument,
                {name: value for name, _, value in operands}, g, _local(ones, probes, position),
                rule_name(rule), rule_text(rule), dx, totals[parent],
                arrived[parent], expected[parent], short(node.trace.line) if node.trace else "",
            )  # fmt: skip


def _pulled(node: Node, g: Any) -> tuple[Any, Any, Any]:
    """Return a node's answers to its cotangent, to ones, and to numbers of which no two are equal."""
    with unwatched():
        answers = node.op.pull(node, g, False)
        if not hasattr(node.op, "asks"):  # a call whose way back is a function: it is not called for curiosity
            return answers, None, None
        one = np.ones_like(g)
        probe = 0.5 + (np.cumsum(one).reshape(one.shape) / max(one.size, 1)) ** 2
        probe = probe.astype(one.dtype)
        return answers, node.op.pull(node, one, False), (probe, node.op.pull(node, probe, False))


def _local(ones: Any, probes: Any, position: int) -> Any:
    """Return the local derivative where the rule is g times an array: that array is what it answers to ones."""
    if ones is None:
        return None
    d, (probe, dx) = ones[position], probes
    try:
        if np.broadcast_shapes(np.shape(d), np.shape(probe)) != np.shape(d):
            return None
    except ValueError:
        return None
    with unwatched():
        size = abs(d).max() if np.size(d) else 0
        same = np.allclose(dx[position], d * probe, rtol=1e-3, atol=1e-6 * size, equal_nan=True)
    return d if same else None


def _fitted(dx: Any, parent: Key) -> Any:
    """Undo broadcasting, and give the operand its dtype, as the engine does."""
    dx = dx if dx.shape == parent.shape else sum_to(dx, parent.shape)
    return dx if dx.dtype == parent.dtype else dx.astype(parent.dtype)
