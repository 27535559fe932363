"""The one backward pass.

A node's operands are always older than the node. So of all nodes whose cotangent is known in part, the
newest has received every contribution it will ever get: visit it, hand its cotangent to its rules, and
go on with the newest that remains. No recursion, each node once, and every value that was saved is let
go as soon as it has been used. Read next: `minigrad/ops/elementwise.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from heapq import heappop, heappush
from typing import Any

import numpy as np

from ..device import device_of, find_device, move
from ..errors import DeviceError, GraphError, RuleError, ShapeError, describe
from . import debugging
from .modes import enable_grad, is_debugging, is_grad_enabled
from .node import Node
from .tensor import Tensor, from_python, wrap

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


def _changed_since(node: Node, what: str) -> GraphError:
    line = f"; the operation was called in {node.trace.line}" if node.trace else ""
    return GraphError(
        f"backward: {node.op.name} saved a value ({what}) that has been updated in place since, by an optimizer "
        f"step or copy_{line}. Run backward before the update, or the forward computation again after it"
    )


def _freed(node: Node) -> GraphError:
    return GraphError(
        f"backward reached {node.op.name}, whose saved values were freed by an earlier backward; call the "
        "first one with retain_graph=True, or run the forward computation again"
    )


def _rarely(node: Node, values: list[Any], create_graph: bool) -> None:
    """Finish the list `[g, *saved]` for a rule, in what most nodes do not need."""
    op = node.op
    if node.trace is not None:
        debugging.check_unchanged(op.name, node.saved or (), node.trace)
    for where, name in enumerate(op.saves, start=1):
        if name == "out":
            if node.changed is not None and node.changed[0] > node.order:
                raise _changed_since(node, "its result")
            if create_graph and values[where] is not None:
                values[where] = out = wrap(values[where])
                out._node, out.requires_grad = node, True
        elif op.variadic and name == op.arrays[0]:
            for x in values[where]:
                if isinstance(x, Tensor) and x._changed is not None and x._changed[0] > node.order:
                    raise _changed_since(node, describe(x))
            if not create_graph:
                values[where] = tuple([x.data if isinstance(x, Tensor) else x for x in values[where]])


def _fit(dx: Any, shape: tuple[int, ...], dtype: Any, op: Any, argument: str) -> Any:
    """Make a rule's answer a cotangent of its argument: same shape, same dtype; or raise."""
    if not hasattr(dx, "shape") or (dx.shape != shape and not op.broadcasts):
        raise RuleError(f"{op.name}: the rule of {argument} returned {describe(dx)} for an argument of shape {list(shape)}")
    if dx.shape != shape:
        dx = sum_to(dx, shape)
    return dx if dx.dtype == dtype else dx.astype(dtype)


def propagate(
    outputs: Sequence[Tensor], cotangents: Sequence[Any], *, wanted: Collection[Any] = (), retain_graph: bool = False,
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
    if create_graph and not is_grad_enabled():
        with enable_grad():
            return propagate(outputs, cotangents, wanted=wanted, retain_graph=retain_graph, create_graph=True)
    pending: Cotangents = {}
    found: Cotangents = {}
    owned: set[Any] = set()  # sums that were allocated here, and may be added to in place
    heap: list[tuple[int, Node]] = []
    watch = is_debugging()
    for tensor, g in zip(outputs, cotangents, strict=True):
        target = tensor._node or tensor
        if target in pending:
            pending[target] = pending[target] + g
            continue
        pending[target] = g
        if tensor._node is not None:
            heappush(heap, (-tensor._node.order, tensor._node))

    while heap:
        node = heappop(heap)[1]
        op, order, g = node.op, node.order, pending.pop(node)
        if node.retained is not None or node in wanted:
            found[node] = g
        if node.saved is None:
            raise _freed(node)
        values = [g]  # … and what the node saved, as its rules take it: arrays, or Tensors to record again
        for value in node.saved:
            if isinstance(value, Tensor):
                if value._changed is not None and value._changed[0] > order:
                    raise _changed_since(node, describe(value))
                if not create_graph:
                    value = value.data
            values.append(value)
        if create_graph or op.variadic or node.changed is not None or node.trace is not None:
            _rarely(node, values, create_graph)
        answers = op.pulls[0](*op.picks[0](values)) if op.variadic else None
        for i, parent in enumerate(node.parents):
            if parent is None:
                continue
            dx = op.pulls[i](*op.picks[i](values)) if answers is None else answers[i]
            is_node = parent.__class__ is Node
            like = parent if is_node else parent.data
            try:
                fits = dx.shape == like.shape and dx.dtype is like.dtype
            except AttributeError:
                fits = False
            if not fits or watch:
                argument = op.arrays[0 if op.variadic else i]
                dx = _fit(dx, like.shape, like.dtype, op, argument)
                if watch:
                    debugging.check_cotangent(op.name, argument, g, dx, node.trace)
            if parent not in pending:
                pending[parent] = dx
                if is_node:
                    heappush(heap, (-parent.order, parent))
            elif parent in owned:
                pending[parent] += dx
            else:
                pending[parent] = pending[parent] + dx
                owned.add(parent)
        if not retain_graph:
            node.saved, node.parents = None, ()
    return pending | found if found else pending


def _own(g: Any, taken: set[int]) -> Any:
    """Return a cotangent that nobody else holds: a view, or an array given away already, is copied."""
    if g.__class__ is not np.ndarray:
        if isinstance(g, Tensor):
            return g
        if isinstance(g, np.generic):
            return np.asarray(g)
    if g.base is not None or id(g) in taken:
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


def backward(
    self: Tensor, gradient: Any = None, retain_graph: bool | None = None, create_graph: bool = False
) -> None:
    """Add d self / d leaf to the `.grad` of every leaf this tensor was computed from.

    Parameters
    ----------
    gradient : the cotangent of this tensor, of its shape; 1 by default, for a scalar only
    retain_graph : keep what was saved, so that backward can run again; by default as `create_graph`
    create_graph : record the backward pass, so that the gradients can be differentiated again

    Raises
    ------
    GraphError
        when nothing was recorded, the graph was freed, or a saved value has changed since.
    ShapeError
        when `gradient` is missing for a non-scalar, or has another shape.

    If it raises, no `.grad` has been touched: every gradient is computed first.
    """
    seed = _seed(self, gradient)
    if create_graph and not isinstance(seed, Tensor):
        seed = wrap(seed)
    if not create_graph and isinstance(seed, Tensor):
        seed = seed.data
    if seed.dtype != self.data.dtype:
        seed = seed.astype(self.dtype)
    taken = {id(seed)}
    writes: list[tuple[Tensor, Tensor]] = []
    retain = create_graph if retain_graph is None else retain_graph
    for target, g in propagate([self], [seed], retain_graph=retain, create_graph=create_graph).items():
        leaf = target.retained() if target.__class__ is Node else target
        if leaf is None:
            continue
        if leaf.grad is not None:
            g = leaf.grad + g if create_graph else leaf.grad.data + g
        writes.append((leaf, g if create_graph else wrap(_own(g, taken))))
    for leaf, total in writes:
        leaf.grad = total


Tensor.backward = backward  # type: ignore[method-assign]
