"""Functions that take a function and return its derivatives, under JAX's names.

Arguments and results are Tensors, arrays or numbers, or containers of them: tuples, lists and dictionaries.
Read `tree`, `reverse`, `forward`, `matrices`, `custom`, in this order; then `minigrad/gradcheck.py`.
"""

from .custom import checkpoint, custom_vjp
from .forward import jvp
from .matrices import ggnvp, hessian, hvp, jacfwd, jacobian, jacrev
from .reverse import elementwise_grad, grad, value_and_grad, vjp
from .vmap import vmap

__all__ = [
    "checkpoint",
    "custom_vjp",
    "elementwise_grad",
    "ggnvp",
    "grad",
    "hessian",
    "hvp",
    "jacfwd",
    "jacobian",
    "jacrev",
    "jvp",
    "value_and_grad",
    "vjp",
    "vmap",
]
