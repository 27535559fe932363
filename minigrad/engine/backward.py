"""The one backward pass.

A node's operands are always older than the node. So of all nodes whose cotangent is known in part, the
newest has received every contribution it will ever get: visit it, hand its cotangent to its rules, and
go on with the newest that remains. No recursion, each node once, and every value that was saved is let
go as soon as it has been used. Read next: `opaque.py`.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Collection, Sequence
from heapq import heappop, heappush, heappushpop
from typing import Any

import numpy as np

from ..device import device_of, find_device
from ..errors import DeviceError, GraphError, RuleError, ShapeError, describe
from . import debugging
from .chain import Chain
from .convert import from_python
from .modes import enable_grad, is_debugging, is_grad_enabled
from .node import Node, last_update
from .sums import add_up
from .tensor import Tensor, wrap

_writing = threading.Lock()  # of `.grad`: threads may share leaves
_set_grad = vars(Tensor)["grad"].__set__
Cotangents = dict[Any, Any]  # Node or leaf Tensor → the sum of what has reached it


def sum_to(g: Any, shape: tuple[int, ...]) -> Any:
    """Undo broadcasting: sum `g` over the axes along which an argument of that shape was repeated.

    >>> sum_to(np.ones((4, 2, 3)), (2, 1)).tolist()
    [[12.0], [12.0]]
    """
    lead = g.ndim - len(shape)
    repeated = tuple(lead + i for i, n in enumerate(shape) if n == 1 and g.shape[lead + i] != 1)
    if not lead and not repeated:
        return g.reshape(shape)
    axes = (*range(lead), *repeated)
    summed = g.sum(axis=axes, keepdims=True) if isinstance(g, Tensor) else add_up(g, axes, keepdims=True)
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


def _check_saved(node: Node) -> None:
    """Raise when a value that the node saved has changed since."""
    saved: Any = node.saved
    if node.trace is not None:
        debugging.check_unchanged(node.op.name, saved, node.trace)
    if "out" in node.op.saves and node.changed is not None and node.changed[0] > node.order:
        raise _changed_since(node, "its result")
    for value in saved:
        for x in value if isinstance(value, tuple) else (value,):
            if isinstance(x, Tensor) and x._changed is not None and x._changed[0] > node.order:
                raise _changed_since(node, describe(x))


def _argument(node: Node, parent: Any) -> str:
    """Return the name of the argument that a parent was."""
    return node.op.arrays[0 if node.op.variadic else [p is parent for p in node.parents].index(True)]


def _stretches(shape: tuple[int, ...], to: tuple[int, ...]) -> bool:
    """Tell whether an array of that shape can be broadcast to another."""
    lead = len(to) - len(shape)
    return lead >= 0 and all(n in (1, m) for n, m in zip(shape, to[lead:], strict=True))


def _fit(dx: Any, shape: tuple[int, ...], dtype: Any, node: Node, parent: Any) -> Any:
    """Make a rule's answer a cotangent of its argument: same shape, same dtype; or raise."""
    op = node.op
    if not hasattr(dx, "shape") or (dx.shape != shape and not (op.broadcasts and _stretches(shape, dx.shape))):
        raise RuleError(
            f"{op.name}: the rule of {_argument(node, parent)} returned {describe(dx)} "
            f"for an argument of shape {list(shape)}"
        )
    if dx.shape != shape:
        dx = sum_to(dx, shape)
    return dx if dx.dtype == dtype else dx.astype(dtype)


def propagate(
    outputs: Sequence[Tensor],
    cotangents: Sequence[Any],
    *,
    wanted: Collection[Any] = (),
    retain_graph: bool = False,
    create_graph: bool = False,
    since: int = 0,
) -> Cotangents:
    """Carry cotangents of outputs back to the leaves.

    Parameters
    ----------
    outputs, cotangents : tensors of one graph, and for each an array (a Tensor when `create_graph`)
    wanted : nodes, other than leaves, whose cotangent is asked for
    retain_graph, create_graph : as in `Tensor.backward`
    since : nodes made before this tick are not entered: they count as leaves

    Returns
    -------
    the cotangent of every leaf reached and every result that retains its gradient, by the tensor, and of every wanted
    node, by the node
    """
    if create_graph and not is_grad_enabled():
        with enable_grad():
            return propagate(
                outputs, cotangents, wanted=wanted, retain_graph=retain_graph, create_graph=True, since=since
            )
    pending: Cotangents = {}
    found: Cotangents = {}
    owned: set[Any] = set()  # sums that were allocated here, and may be added to in place
    heap: list[tuple[float, Any]] = []  # nodes with a cotangent, the newest first
    watch = is_debugging()
    branches: dict[Any, str] = {}  # see `debugging.check_cotangent`
    for tensor, g in zip(outputs, cotangents, strict=True):
        target = tensor._node or tensor
        if target in pending:
            pending[target] = pending[target] + g
            continue
        pending[target] = g
        if tensor._node is not None:
            heappush(heap, (-tensor._node.order, target))

    newest: Any = None  # the node that went in last; in a chain it is the next one out, and skips the heap
    while newest is not None or heap:
        if newest is None:
            node = heappop(heap)[1]
        else:
            node = heappushpop(heap, (-newest.order, newest))[1] if heap else newest
            newest = None
        if node.order < since:
            break  # and so are all that remain
        g = pending.pop(node)
        if node in wanted:
            found[node] = g
        if node.retained is not None and (result := node.retained()) is not None:
            found[result] = g
        if node.saved is None:
            raise _freed(node)
        answers: Any = None
        if node.__class__ is Chain:
            answers = None if create_graph or watch else node.carry(g)
            if answers is None:  # each operation must be asked itself
                node.unfold()
        carried = answers is not None
        if not carried:
            if last_update[0] > node.order or node.trace is not None:
                _check_saved(node)
            try:
                answers = node.op.pull(node, g, create_graph)
            except Exception as error:
                error.add_note(
                    f"minigrad: in a derivative rule of {node.op.name}, whose result was {node.dtype}{list(node.shape)}"
                )
                raise
        for parent, dx in zip(node.parents, answers):  # noqa: B905  strict= costs as much as a rule
            if parent is None:
                continue
            is_node = isinstance(parent, Node)
            if not carried:
                like = parent if is_node else parent._data
                try:
                    fits = dx.shape == like.shape and dx.dtype is like.dtype
                except AttributeError:
                    fits = False
                if not fits:
                    dx = _fit(dx, like.shape, like.dtype, node, parent)
                if watch:
                    debugging.check_cotangent(node, _argument(node, parent), parent, g, dx, branches)
            if parent not in pending:
                pending[parent] = dx
                if is_node:
                    if newest is not None:
                        heappush(heap, (-newest.order, newest))
                    newest = parent
            elif parent in owned:
                pending[parent] += dx
            else:
                pending[parent] = pending[parent] + dx
                owned.add(parent)
        if not retain_graph:
            node.saved, node.parents = None, ()
    return pending | found if found else pending


def set_gradients(leaves: Sequence[Tensor], grads: Sequence[Tensor]) -> None:
    """Give every leaf its gradient, in one call, which Ctrl-C does not cut in two."""
    deque(map(_set_grad, leaves, grads), 0)


def _seed(output: Tensor, gradient: Any, create_graph: bool) -> Any:
    """Return the cotangent backward starts from, of the output's shape and dtype: a Tensor when `create_graph`."""
    if not output.requires_grad:
        raise GraphError(
            "backward: this tensor does not require gradients: none of what it was computed from does, or it was "
            "computed under no_grad; make the leaves with requires_grad=True"
        )
    like = output._data
    if gradient is None:
        if like.size != 1:
            raise ShapeError(
                f"backward: the output is {describe(output)}, not a scalar; reduce it (.sum(), .mean()), "
                "or pass gradient=, the cotangent of that shape"
            )
        one = type(like)(1) if isinstance(like, np.generic) else np.ones_like(like)
        return wrap(one) if create_graph else one
    like = output.data
    data = gradient.data if isinstance(gradient, Tensor) else gradient
    if find_device(data) is None:
        data = from_python(data, "backward", output.dtype)
    if data.shape != like.shape:
        raise ShapeError(
            f"backward: gradient is {describe(data)}, the output is {describe(output)}; shapes must be equal"
        )
    if data.dtype.kind != "f":
        raise TypeError(
            f"backward: gradient is {describe(data)}, needs a floating dtype like the output's, {output.dtype}"
        )
    if device_of(data).name != device_of(like).name:
        raise DeviceError(f"backward: gradient is on {device_of(data).name}, the output on {output.device}")
    if create_graph:
        made = gradient if isinstance(gradient, Tensor) else wrap(data)
        return made if made.dtype == like.dtype else made.astype(like.dtype)
    return data if data.dtype == like.dtype else data.astype(like.dtype)


def backward(self: Tensor, gradient: Any = None, retain_graph: bool | None = None, create_graph: bool = False) -> None:
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
    seed = _seed(self, gradient, create_graph)
    if is_debugging():
        for look in debugging.before_backward:
            look(self)
    retain = create_graph if retain_graph is None else retain_graph
    found = propagate([self], [seed], retain_graph=retain, create_graph=create_graph)
    with _writing:
        set_gradients(list(found), _gradients(found, seed))


def _gradients(found: Cotangents, seed: Any) -> list[Tensor]:
    """Return the new gradients of tensors, of which each has an array of its own.

    None is a view, the data of a tensor, what backward started from, or that of another: a gradient may be updated
    in place.
    """
    recorded = isinstance(seed, Tensor)
    held = {id(t._data) for t in found}
    held.add(id(seed._data if recorded else seed))
    grads: list[Tensor] = []
    for tensor, g in found.items():
        before, array = tensor.grad, g._data if recorded else g
        if before is not None:
            g = before + g if recorded else before._data + g
        elif array.base is not None or id(array) in held:
            g = +g if recorded else array.copy()  # a Tensor's copy is recorded
        else:
            held.add(id(array))
        grads.append(g if recorded else wrap(g))
    return grads


Tensor.backward = backward  # type: ignore[method-assign]
