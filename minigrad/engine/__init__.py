"""The engine: what a Tensor is, how an operation is declared, and the one backward pass.

Read `modes`, `node`, `convert`, `tensor`, `dispatch`, `primitive`, `calls`, `sums`, `chain`, `backward`, `opaque`, in
this order.
"""

from .backward import propagate, set_gradients, sum_to
from .chain import Chain, Row, can_be_in_a_row
from .convert import get_default_dtype, operand, set_default_dtype
from .dispatch import implements
from .modes import annotate, debug, enable_grad, is_debugging, is_grad_enabled, no_grad
from .node import Node, tick
from .opaque import record_call
from .primitive import Primitive, primitive, primitives
from .sums import add_up
from .tensor import Tensor, tensor, wrap

__all__ = [
    "Chain",
    "Node",
    "Primitive",
    "Row",
    "Tensor",
    "add_up",
    "annotate",
    "can_be_in_a_row",
    "debug",
    "enable_grad",
    "get_default_dtype",
    "implements",
    "is_debugging",
    "is_grad_enabled",
    "no_grad",
    "operand",
    "primitive",
    "primitives",
    "propagate",
    "record_call",
    "set_default_dtype",
    "set_gradients",
    "sum_to",
    "tensor",
    "tick",
    "wrap",
]
