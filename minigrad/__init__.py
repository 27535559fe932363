"""minigrad: a small deep-learning framework whose source is its textbook.

Operations carry NumPy's names, modules and optimizers PyTorch's, transforms JAX's. Read the source in
this order: `engine`, `ops`, `transforms`, `nn`, `optim`, `train`.
"""

import importlib
from types import ModuleType

from . import errors, nn, ops, optim
from .engine import (
    Tensor,
    debug,
    enable_grad,
    get_default_dtype,
    is_grad_enabled,
    no_grad,
    primitive,
    set_default_dtype,
    tensor,
)
from .gradcheck import gradcheck
from .nn.state import load, save
from .ops.elementwise import (
    absolute,
    add,
    arccos,
    arccosh,
    arcsin,
    arcsinh,
    arctan,
    arctanh,
    clip,
    cos,
    cosh,
    divide,
    equal,
    exp,
    expm1,
    greater,
    greater_equal,
    isfinite,
    isinf,
    isnan,
    less,
    less_equal,
    log,
    log1p,
    log2,
    log10,
    logical_and,
    logical_not,
    logical_or,
    maximum,
    minimum,
    multiply,
    negative,
    not_equal,
    positive,
    power,
    reciprocal,
    sign,
    sin,
    sinh,
    sqrt,
    square,
    stop_gradient,
    subtract,
    tan,
    tanh,
    where,
)
from .ops.indexing import diagonal
from .ops.linalg import dot, einsum, linear, matmul, outer
from .ops.nn import (
    elu,
    gelu,
    leaky_relu,
    log_sigmoid,
    log_softmax,
    relu,
    sigmoid,
    silu,
    softmax,
    softplus,
)
from .ops.random import manual_seed
from .ops.reduce import all, any, argmax, argmin, cumsum, logsumexp, max, mean, min, prod, std, sum, var
from .ops.shape import (
    astype,
    broadcast_to,
    concatenate,
    expand_dims,
    flip,
    moveaxis,
    pad,
    ravel,
    reshape,
    roll,
    split,
    squeeze,
    stack,
    swapaxes,
    transpose,
    tril,
    triu,
)
from .ops.special import erf, erfc
from .transforms import grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp

abs = absolute
__version__ = "0.1.0"

_LATER = ("data", "lab", "train", "viz")  # packages that are imported when first used


def __getattr__(name: str) -> ModuleType:
    if name in _LATER:
        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module 'minigrad' has no attribute {name!r}.{errors.nearest(name, [*globals(), *_LATER])}")
