"""An operation whose way back is a function, not rules: one call of it, recorded as one node.

What is inside is nobody's business but the function's. `checkpoint` and `custom_vjp` are made of it.
Read next: `minigrad/ops/elementwise.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .node import Node, tick
from .tensor import Tensor, wrap


class Opaque:
    """What a node of such a call has for a primitive.

    Parameters
    ----------
    name : for messages
    back : takes the cotangent of the result, an array, to one for each parent; or, when the way back is recorded
        again, a Tensor to Tensors. It is called with the cotangent and whether that is so
    """

    arrays, variadic, broadcasts, saves, rules = ("args",), True, False, ("args",), {"args": None}

    def __init__(self, name: str, back: Callable[[Any, bool], Sequence[Any]]) -> None:
        self.name, self.back = name, back

    def pull(self, node: Node, g: Any, again: bool) -> Sequence[Any]:
        """Hand the cotangent to the function."""
        return self.back(g, again)


def record_call(
    name: str, result: Any, parents: Sequence[Any], saved: Sequence[Tensor], back: Callable[[Any, bool], Sequence[Any]]
) -> Tensor:
    """Return an array as the result of a recorded call.

    Parameters
    ----------
    name, back : see `Opaque`
    result : the array
    parents : the Nodes and leaf Tensors that `back` has a cotangent for
    saved : the Tensors that must not change before backward
    """
    out = wrap(result)
    node = Node()
    node.op = Opaque(name, back)  # type: ignore[assignment]
    node.order, node.shape, node.dtype = tick(), result.shape, result.dtype
    node.changed = node.retained = node.trace = None
    node.parents, node.saved = tuple(parents), (tuple(saved),)
    out._node, out.requires_grad = node, True
    return out
