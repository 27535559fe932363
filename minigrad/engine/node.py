"""A node: one recorded application of a primitive.

Nodes point to the nodes their operands came from, never the other way, so a graph has no cycles and
goes when its last tensor goes. Every node takes the next tick of one clock: a node's operands are
always older than it, and the backward pass only needs to visit the newest first. An in-place update
takes a tick too: a saved tensor whose update is newer than the node has changed since it was saved.
Read next: `convert.py`.
"""

from __future__ import annotations

import itertools
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import weakref

    from .debugging import Trace
    from .primitive import Primitive
    from .tensor import Tensor

tick = itertools.count(1).__next__
last_update = [0]  # the tick of the latest in-place update of any tensor


_updating = threading.Lock()  # a thread that was held up must not put an older tick in place of a newer one


def tick_update() -> int:
    """Return the tick of an in-place update that is about to be noted."""
    with _updating:
        last_update[0] = now = tick()
    return now


class Node:
    """What the backward pass needs to know of one operation.

    Attributes
    ----------
    op : the primitive that was applied
    order : the tick at which it was
    parents : for each array operand, the Node that made it, the leaf Tensor it is, or None when no
        gradient goes there
    saved : the values the rules name, in the order of `op.saves`; None once the graph is freed.
        Operands are kept as the Tensors they were, `out` as a bare array (a node never holds its
        own result: that would be a cycle)
    shape, dtype : of the result, which its cotangent must match
    changed : a one-item list with the tick of the last in-place update of the result, or None
    retained : a weak reference to the result, when the user asked for its gradient
    trace : in debug mode, or inside `annotate()`, how it was made
    """

    __slots__ = ("changed", "dtype", "op", "order", "parents", "retained", "saved", "shape", "trace")

    op: Primitive
    order: float
    parents: tuple[Node | Tensor | None, ...]
    saved: tuple[Any, ...] | None
    shape: tuple[int, ...]
    dtype: Any
    changed: list[int] | None
    retained: weakref.ref[Tensor] | None
    trace: Trace | None

    def __repr__(self) -> str:
        return f"<{self.op.name} #{self.order}: {self.dtype}{list(self.shape)}>"
