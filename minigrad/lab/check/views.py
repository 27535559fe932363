"""From a recorded graph to a view of it: fused operations opened, written-out ones closed, the rest pruned.

A view must have the gradients of the graph: one that has not, because its parts overflow or cancel, is not used.
Read next: `mutants.py`.
"""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from ...engine import Node, Tensor, annotate, enable_grad
from ..graph import Graph
from . import expand
from .steps import Step, View

Array = Any


def views(graph: Graph, numbers: dict[Any, int], names: dict[int, str]) -> list[View]:
    """Return up to three views of a graph: coarse with known functions closed, coarse, and fine.

    Parameters
    ----------
    graph : that ends in the loss
    numbers : of the arguments, by leaf
    names : of the arguments, by number
    """
    args = {number: np.asarray(wide(leaf.data)) for leaf, number in numbers.items()}
    plain = View(_Layout(graph, numbers, {}).steps, args, names)
    share = 1e-9 if graph.output.dtype.itemsize >= 8 else 1e-4
    found: list[View] = []
    for table in (expand.COARSE, expand.FINE):
        view = View(_Layout(graph, numbers, table).steps, args, names)
        if not _agree(view, plain, share):
            view = plain
        if table is expand.COARSE:
            closed = View(_closed(view), args, names)
            if _agree(closed, plain, share):
                found.append(closed)
        if all(not view.same_structure(other) for other in found):
            found.append(view)
    return found


def wide(x: Any) -> Any:
    """Return floats as float64 at least; whatever else as it is."""
    return x.astype(np.float64) if isinstance(x, np.ndarray | np.generic) and x.dtype.char in "ef" else x


def _agree(view: View, other: View, share: float) -> bool:
    return all(_near(view.truth[n], g, share) for n, g in other.truth.items())


def _near(a: Array, b: Array, share: float = 1e-9) -> bool:
    scale = max(float(np.max(np.abs(b), initial=0)), float(np.max(np.abs(a), initial=0)))
    return a.shape == b.shape and bool(np.all(np.abs(a - b) <= share * scale))


class _Layout:
    """The steps of a graph, in order, without those that no argument leads to."""

    def __init__(self, graph: Graph, numbers: dict[Any, int], table: dict[str, Any]) -> None:
        self.table = table
        self.steps: list[Step] = []
        self.add_all(graph, dict(numbers), "", "", "")
        self.steps = _reachable(self.steps)

    def add_all(self, graph: Graph, keys: dict[Any, Any], line: str, inside: str, module: str) -> Any:
        """Add the nodes of a graph whose leaves are these keys; return the last step."""
        last = None
        for node in graph.nodes:
            parents = [keys.get(p) for p in node.parents]
            if all(p is None for p in parents):
                continue
            here = line or (node.trace.line if node.trace else "")
            where = module or graph.module(node)
            last = self.opened(node, parents, here, where) or self.plain(graph, node, parents, here, inside, where)
            keys[node] = last
        return last

    def plain(self, graph: Graph, node: Node, parents: list[Any], line: str, inside: str, module: str) -> Step:
        """Add one step for a node."""
        operands = graph.operands(node)
        out = graph.value(node)
        out = np.full(node.shape, np.nan) if out is None else wide(out)
        options = dict(node.trace.options) if node.trace else {}
        step = Step(node.op, [name for name, _, _ in operands], [wide(x) for _, _, x in operands], parents, options, out)
        step.line, step.inside, step.node, step.module = line, inside, node, module
        step.called = graph.name(node)
        step.saved = {k: wide(_bare(v)) for k, v in zip(node.op.saves, node.saved or (), strict=False)}
        self.steps.append(step)
        return step

    def opened(self, node: Node, parents: list[Any], line: str, module: str) -> Step | None:
        """Add the parts of a fused node, if the table opens it and the parts have its value."""
        parts = self.table.get(node.op.name)
        if parts is None or node.trace is None:
            return None
        options = _understood(parts, node)
        if options is None:
            return None
        tensors: list[Any] = []
        keys: dict[Any, Any] = {}
        for operand, parent in zip(node.trace.operands, parents, strict=True):
            live = parent is not None
            tensors.append(Tensor(wide(operand), requires_grad=live) if live else wide(operand))
            if live:
                keys[tensors[-1]] = parent
        with annotate(), enable_grad():
            out = parts(*tensors, **options)
        if not isinstance(out, Tensor) or out._node is None or out.shape != node.shape:
            return None
        if not _near(np.asarray(out.data), np.asarray(node.trace.result), 1e-9 if node.dtype.itemsize >= 8 else 1e-4):
            return None
        count = len(self.steps)
        last: Step | None = self.add_all(Graph(out), keys, line or " ", node.op.name, module)
        for step in self.steps[count:]:
            step.line = step.line.strip()
        return last


def _understood(parts: Any, node: Node) -> dict[str, Any] | None:
    """Return the options of a call that its parts take, None if it has others that are not left at their defaults."""
    assert node.trace is not None
    taken = inspect.signature(parts).parameters
    usual = getattr(node.op, "body", None)
    defaults = (getattr(usual, "__kwdefaults__", None) or {}) if usual else {}
    for name, value in node.trace.options.items():
        if name not in taken and value is not defaults.get(name, value):
            return None
    return {name: value for name, value in node.trace.options.items() if name in taken}


def _bare(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple([_bare(v) for v in value])
    return value.data if isinstance(value, Tensor) else value


def _reachable(steps: list[Step]) -> list[Step]:
    """Return the steps that lead to the last one."""
    wanted = {steps[-1]} if steps else set()
    for step in reversed(steps):
        if step in wanted:
            wanted |= {p for p in step.parents if isinstance(p, Step)}
    return [step for step in steps if step in wanted]


def _closed(view: View) -> list[Step]:
    """Return the steps with every sub-expression that is a known function of one thing made one step."""
    twins: dict[Step, Step] = {}
    made: list[Step] = []
    for step in view.steps:
        known = _known(view, step)
        if known is None:
            twin = Step(step.op, step.names, step.operands, [], step.options, step.out)
            twin.parents = [twins[p] if isinstance(p, Step) else p for p in step.parents]
            twin.saved = step.saved
        else:
            op, options, key = known
            x = view.value(key)
            parent = twins[key] if isinstance(key, Step) else key
            twin = Step(op, list(op.arrays), [x], [parent], options, step.out)
        twin.line, twin.inside, twin.called, twin.node = step.line, step.inside, step.called, step.node
        twin.module = step.module
        twins[step] = twin
        made.append(twin)
    return _reachable(_regrouped(made))


def _known(view: View, step: Step) -> tuple[Any, dict[str, Any], Any] | None:
    """Return the operation, its options and the only key that a step is that operation of, or None."""
    candidates = [(op, options) for op, options, heads in expand.KNOWN if step.op.name in heads]
    found = None
    for key in _gates(step) if candidates else []:
        x = np.asarray(view.value(key))
        if x.shape != np.shape(step.out) or not x.size or (found and found[0].name != "softmax"):
            continue  # softmax z is that of z less its largest too: the last found is z itself
        for op, options in candidates:
            axis = options.get("axis")
            if axis is not None and axis >= x.ndim - 1:
                continue  # the last axis is −1
            if _near(np.asarray(op.body(x, **options)), np.asarray(step.out)):
                found = op, options, key
                break
    return found


def _gates(step: Step) -> list[Any]:
    """Return the keys that everything a step depends on passes through, the nearest first."""
    above: set[Any] = set()
    stack: list[Any] = [step]
    while stack and len(above) < 24:
        key = stack.pop()
        if isinstance(key, Step):
            fresh = [p for p in key.parents if p is not None and p not in above]
            above |= set(fresh)
            stack += fresh
    ordered = sorted(above, key=lambda k: k.number if isinstance(k, Step) else -1, reverse=True)
    return [key for key in ordered if _only_through(step, key)]


def _only_through(step: Step, gate: Any) -> bool:
    """Tell whether every way from an argument to a step passes through the gate."""
    stack: list[Any] = [step]
    seen: set[Any] = set()
    while stack:
        key = stack.pop()
        if key is gate or (isinstance(key, int) and key == gate):
            continue
        if not isinstance(key, Step):
            return False
        for p in key.parents:
            if p is not None and p not in seen:
                seen.add(p)
                stack.append(p)
    return True


def _regrouped(steps: list[Step]) -> list[Step]:
    """Return the steps with γ·(x − μ)/σ read as γ·((x − μ)/σ), as the hand derivation does."""
    users: dict[Step, int] = {}
    for step in steps:
        for p in step.parents:
            if isinstance(p, Step):
                users[p] = users.get(p, 0) + 1
    made = list(steps)
    for step in steps:
        inner = step.parents[0] if step.op.name in ("divide", "multiply") else None
        if not isinstance(inner, Step) or inner.op.name != "multiply" or users[inner] > 1 or len(step.live()) < 2:
            continue
        factor = next((i for i in (0, 1) if _is_parameter(inner, i)), None)
        if factor is None:
            continue
        first = Step(step.op, step.names, [inner.operands[1 - factor], step.operands[1]],
                     [inner.parents[1 - factor], step.parents[1]], {}, None)  # fmt: skip
        first.out = step.op.body(*first.operands)
        first.line, first.called, first.module = step.line, step.called, step.module
        step.op, step.names = inner.op, inner.names
        step.operands, step.parents = [inner.operands[factor], first.out], [inner.parents[factor], first]
        step.saved = {}
        made[made.index(inner)] = first
        made.remove(first)
        made.insert(made.index(step), first)
    return made


def _is_parameter(step: Step, i: int) -> bool:
    """Tell whether an operand of a product is a parameter that is repeated over the other operand."""
    return isinstance(step.parents[i], int) and np.size(step.operands[i]) < np.size(step.out)
