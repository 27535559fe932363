"""The one backward pass.

A node's operands are always older than the node. So of all nodes whose cotangent is known in part, the
newest has received every contribution it will ever get: visit it, hand its cotangent to its rules, and
go on with the newest that remains. No recursion, each node once, and every value that was saved is let
go as soon as it has been used. Read next: `minigrad/ops/elementwise.py`.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np

from ..device import device_of, find_device, move
from ..errors import DeviceError, GraphError, RuleError, ShapeError, describe
from . import debugging
from .modes import enable_grad, is_debugging
from .node import Node
from .tensor import Tensor, constant, from_python, wrap

Cotangents = dict[Any, Any]  # Node or leaf Tensor → the sum of what has reached it


def sum_to(g: Any, shape: tuple[int, ...]) -> Any:
    """Undo broadcasting: sum `g` over the axes along which an argument of that shape was repeated.

    >>> sum_to(np.ones((4, 2, 3)), (2, 1)).tolist()
    [[12.0], [12.0]]
    """
    lead = g.ndim - len(shape)
    repeated = tuple(lead + i for i, n in enumerate(shape) if n == 1 and g.shape[lead + i] != 1)
    summed = g.sum(axis=(*range(lead), *repeated), keepdims=True) if lead or repeated else g
    return summed.reshape(shape)


def _saved(node: Node, create_graph: bool) -> list[Any]:
    """Return what a node saved as its rules take it: arrays, or Tensors when recording again."""
    op, order = node.op, node.order
    if node.saved is None:
        raise GraphError(
            f"backward reached {op.name}, whose saved values were freed by an earlier backward; call the "
            "first one with retain_graph=True, or run the forward computation again"
        )
    if node.trace is not None:
        debugging.check_unchanged(op.name, node.saved, node.trace)

    def take(value: Any) -> Any:
        if isinstance(value, Tensor):
            if value._changed is not None and value._changed[0] > order:
                raise _changed_since(node, describe(value))
            return value if create_graph else value.data
        return value

    values = [take(value) for value in node.saved]
    if op.variadic and op.arrays[0] in op.saves:
        where = op.saves.index(op.arrays[0])
        values[where] = tuple([take(value) for value in values[where]])
    if "out" in op.saves:
        if node.changed is not None and node.changed[0] > order:
            raise _changed_since(node, "its result")
        where = op.saves.index("out")
        if create_graph and values[where] is not None:
            out = wrap(values[where])
            out._node, out.requires_grad = node, True
            values[where] = out
    return values


def _changed_since(node: Node, what: str) -> GraphError:
    line = f"; the operation was called in {node.trace.line}" if node.trace else ""
    return GraphError(
        f"backward: {node.op.name} saved a value ({what}) that has been updated in place since, by an optimizer "
        f"step or copy_{line}. Run backward before the update, or the forward computation again after it"
    )


def _fit(dx: Any, parent: Any, node: Node, index: int) -> Any:
    """Make a rule's answer a cotangent of its argument: same shape, same dtype; or raise."""
    op = node.op
    argument = op.arrays[0] if op.variadic else op.arrays[index]
    if not hasattr(dx, "shape"):
        raise RuleError(f"{op.name}: the rule of {argument} returned {describe(dx)}, needs an array of shape {parent.shape}")
    if dx.shape != parent.shape:
        if not op.broadcasts:
            raise RuleError(
                f"{op.name}: the rule of {argument} returned {describe(dx)} for an argument of shape {list(parent.shape)}"
            )
        dx = sum_to(dx, parent.shape)
    return dx if dx.dtype == parent.dtype else dx.astype(parent.dtype)


def propagate(
    outputs: Sequence[Tensor], cotangents: Sequence[Any], *, wanted: Iterable[Any] = (), retain_graph: bool = False,
    create_graph: bool = False,
) -> Cotangents:
    """Carry cotangents of outputs back to the leaves.

    Parameters
    ----------
    outputs, cotangents : tensors of one graph, and for each an array (a Tensor when `create_graph`)
    wanted : nodes, other than leaves, whose cotangent is asked for
    retain_graph, create_graph : as in `Tensor.backward`

    Returns
    -------
    the cotangent of every leaf reached, and of every wanted node, by the leaf or the node.
    """
    pending: Cotangents = {}
    found: Cotangents = {}
    owned: set[Any] = set()  # sums that were allocated here, and may be added to in place
    heap: list[tuple[int, Node]] = []
    wanted = set(wanted)
    watch = is_debugging()

    def add(target: Any, g: Any) -> None:
        if target not in pending:
            pending[target] = g
            if target.__class__ is Node:
                heapq.heappush(heap, (-target.order, target))
        elif target in owned:
            pending[target] += g
        else:
            pending[target] = pending[target] + g
            owned.add(target)

    for tensor, g in zip(outputs, cotangents, strict=True):
        add(tensor._node or tensor, g)
    with enable_grad() if create_graph else nullcontext():
        while heap:
            node = heapq.heappop(heap)[1]
            g = pending.pop(node)
            if node.retained is not None or node in wanted:
                found[node] = g
            op, parents, values = node.op, node.parents, [g]
            values += _saved(node, create_graph)
            answers = op.pulls[0](values) if op.variadic else None  # type: ignore[misc]
            for index, parent in enumerate(parents):
                if parent is None:
                    continue
                dx = op.pulls[index](values) if answers is None else answers[index]  # type: ignore[misc]
                try:
                    fits = dx.shape == parent.shape and dx.dtype is parent.dtype
                except AttributeError:
                    fits = False
                if not fits:
                    dx = _fit(dx, parent, node, index)
                if watch:
                    debugging.check_cotangent(op.name, op.arrays[0 if op.variadic else index], g, dx, node.trace)
                add(parent, dx)
            if not retain_graph:
                node.saved, node.parents = None, ()
    return pending | found


def _own(g: Any, taken: set[int]) -> Any:
    """Return a cotangent that nobody else holds: a view, or an array given away already, is copied."""
    if isinstance(g, Tensor):
        return g
    if isinstance(g, np.generic):
        return np.asarray(g)
    if getattr(g, "base", None) is not None or id(g) in taken:
        return g.copy()
    taken.add(id(g))
    return g


def _seed(output: Tensor, gradient: Any) -> Any:
    """Return the cotangent backward starts from, as an array of the output's shape and dtype."""
    if not output.requires_grad:
        raise GraphError(
            "backward: this tensor does not require gradients: none of what it was computed from does, or it was "
            "computed under no_grad; make the leaves with requires_grad=True"
        )
    if gradient is None:
        if output.size != 1:
            raise ShapeError(
                f"backward: the output is {describe(output)}, not a scalar; reduce it (.sum(), .mean()), "
                "or pass gradient=, the cotangent of that shape"
            )
        return np.ones_like(output.data)
    data = gradient.data if isinstance(gradient, Tensor) else gradient
    if find_device(data) is None:
        data = from_python(data, "backward", output.dtype)
    if data.shape != output.shape:
        raise ShapeError(f"backward: gradient is {describe(data)}, the output is {describe(output)}; shapes must be equal")
    if data.dtype.kind != "f":
        raise TypeError(f"backward: gradient is {describe(data)}, needs a floating dtype like the output's, {output.dtype}")
    if device_of(data) is not device_of(output.data):
        raise DeviceError(f"backward: gradient is on {device_of(data).name}, the output on {output.device}")
    return gradient if isinstance(gradient, Tensor) else data


def backward(output: Tensor, gradient: Any, retain_graph: bool, create_graph: bool) -> None:
    """Run `Tensor.backward`: compute every gradient first, and write `.grad` only then."""
    seed = _seed(output, gradient)
    if create_graph and not isinstance(seed, Tensor):
        seed = wrap(seed)
    if not create_graph and isinstance(seed, Tensor):
        seed = seed.data
    if seed.dtype != output.dtype:
        seed = seed.astype(output.dtype)
    taken = {id(seed)}
    writes: list[tuple[Tensor, Tensor]] = []
    for target, g in propagate([output], [seed], retain_graph=retain_graph, create_graph=create_graph).items():
        leaf = target.retained() if target.__class__ is Node else target
        if leaf is None:
            continue
        if leaf.grad is not None:
            total = leaf.grad + g if create_graph else wrap(leaf.grad.data + g)
        else:
            total = g if create_graph else wrap(_own(g, taken))
        writes.append((leaf, total))
    for leaf, total in writes:
        leaf.grad = total
