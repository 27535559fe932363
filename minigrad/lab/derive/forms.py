"""The operations whose code is written for floats, as they stand on paper.

Most operations are plain NumPy mathematics, and formulas go through them as numbers do. Some take care of overflow,
or sum a series: for these the formula is written here, beside them. What they compute is not changed: the numbers that
symbols carry still come from the operation itself, and every derived formula is compared with them. Read next:
`walk.py`.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from typing import Any

import numpy as np

from ... import ops
from ...engine import Primitive, primitives
from . import grid
from .algebra import Expr, exact, sigma, sympy
from .array import Formula, Unread
from .elements import greater, where
from .letters import called, name_of
from .reading import as_grid, bare, constant, culprit, each, formulas, plain
from .sizes import Size, expression

Form = Callable[..., Any]


def normal(x: Expr) -> Expr:
    """Return Φ(x)."""
    return (1 + sympy.erf(x / sympy.sqrt(2))) / 2


def _spherical(x: Expr, order: int) -> Expr:
    return sympy.expand_func(sympy.jn(order, sympy.pi * x))


def _gelu(x: Expr, approximate: str = "none") -> Expr:
    if approximate == "none":
        return x * normal(x)
    return x * sigma(sympy.sqrt(8 / sympy.pi) * (x + exact(0.044715) * x**3))


# Of one number, or of several beside each other: functions of SymPy expressions, and of options
ELEMENTS: dict[str, Callable[..., Expr]] = {
    "sigmoid": sigma,
    "log_sigmoid": lambda x: sympy.log(sigma(x)),
    "softplus": lambda x: sympy.log(1 + sympy.exp(x)),
    "elu": lambda x, alpha: where(greater(x, sympy.S.Zero), x, exact(alpha) * (sympy.exp(x) - 1)),
    "gelu": _gelu,
    "silu": lambda x: x * sigma(x),
    "bell": lambda x, half: sympy.exp(-(x**2) / (2 if half else 1)),
    "erf": lambda x: sympy.erf(x),
    "erfc": lambda x: sympy.erfc(x),
    "erfinv": lambda x: sympy.erfinv(x),
    "ndtr": normal,
    "i0": lambda x: sympy.besseli(0, x),
    "modified_bessel": lambda x, order: sympy.besseli(order, x),
    "sinc": lambda x: sympy.sin(sympy.pi * x) / (sympy.pi * x),
    "spherical_bessel": _spherical,
    "gammaln": lambda x: sympy.loggamma(x),
    "polygamma": lambda n, x: sympy.polygamma(n, x),
    "log_probability": lambda p: sympy.log(p),
    "sigmoid_error": lambda z, y: sigma(z) - y,
    "xlogy": lambda x, y: x * sympy.log(y),
}


# Of whole arrays: NumPy mathematics again, but for formulas


def softmax(z: Any, axis: int = -1) -> Any:
    """Return exp zᵢ / Σⱼ exp zⱼ, under a name of its own: softmax(z)."""
    e = np.exp(z)
    means = e / e.sum(axis=axis, keepdims=True)
    last = axis in (-1, z.ndim - 1)
    return called("softmax", z, means, adds_to_one=last)


def _logsumexp(a: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return np.log(np.sum(np.exp(a), axis=axis, keepdims=keepdims))


def _root_of_variance(x: Any, axis: Any, eps: float) -> Any:
    """Return √(σ² + eps), σ² under a name of its own: var(x)."""
    variance: Any = called("var", x, x.var(axis=axis, keepdims=True))
    return np.sqrt(variance + eps)


def _standardize(x: Any, axis: Any, eps: float) -> Any:
    return (x - x.mean(axis=axis, keepdims=True)) / _root_of_variance(x, axis, eps)


def _standardize_x(g: Any, out: Any, x: Any, axis: Any, eps: float) -> Any:
    inner = g - g.mean(axis=axis, keepdims=True) - out * (g * out).mean(axis=axis, keepdims=True)
    return inner / _root_of_variance(x, axis, eps)


def _two_norm(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return np.sqrt(np.sum(x * x, axis=axis, keepdims=keepdims))


def _linear(x: Any, w: Any, b: Any = None) -> Any:
    z = np.matmul(x, w.T)
    return z if b is None else z + b


def _reduced(losses: Any, reduction: str) -> Any:
    return losses.mean() if reduction == "mean" else losses.sum() if reduction == "sum" else losses


def _bce_with_logits(z: Any, y: Any, reduction: str) -> Any:
    o: Any = each(sigma, z)
    return _reduced(-(y * np.log(o) + (1 - y) * np.log(1 - o)), reduction)


def _is_labels(z: Any, y: Any) -> bool:
    return len(y.shape) < len(z.shape)


def _softmax_cross_entropy(z: Any, y: Any, reduction: str) -> Any:
    logs = np.log(softmax(z))
    if _is_labels(z, y):
        return _reduced(-logs[np.arange(z.shape[0], like=z), y], reduction)
    return _reduced(-(y * logs).sum(axis=-1), reduction)


def _softmax_error(z: Any, y: Any) -> Any:
    o = softmax(z)
    if _is_labels(z, y):
        return o - _add_at(np.ones_like(z, shape=z.shape[:1]), (np.arange(z.shape[0], like=z), y), z.shape)
    return o * y.sum(axis=-1, keepdims=True) - y


def _add_at(values: Any, index: Any, shape: Any) -> Any:
    parts = index if isinstance(index, tuple) else (index,)
    if not any(isinstance(n, Size) for n in shape):
        made = np.zeros_like(values, shape=shape)
        np.add.at(made.content, plain(index), values.content)
        return made
    ready = tuple([as_grid(i) if isinstance(i, Formula) else i for i in parts])
    content = grid.scattered(as_grid(values), ready, tuple(map(expression, shape)))
    return Formula(content, np.zeros(shape), values.letters.union(*[i.letters for i in formulas(parts)]))


def _stay(x: Any, source: Any, target: Any) -> Any:
    raise TypeError("symbols have no numbers that could be moved; make the tensor on the other device")


ARRAYS: dict[str, Form] = {
    "named": lambda x, name: name_of(x, name),
    "to_device": _stay,
    "softmax": softmax,
    "log_softmax": lambda z, axis: np.log(softmax(z, axis)),
    "logsumexp": _logsumexp,
    "standardize": _standardize,
    "two_norm": _two_norm,
    "linear": _linear,
    "bce_with_logits": _bce_with_logits,
    "softmax_cross_entropy": _softmax_cross_entropy,
    "softmax_error": _softmax_error,
    "add_at": _add_at,
}


# Rules that are written for floats: by operation and argument, the cotangent as it stands on paper. Each asks for what
# the rule itself may ask for.


def _chosen(g: Any, out: Any, a: Any, axis: Any) -> Any:
    return np.where(a == _kept(out, a, axis), _kept(g, a, axis), 0)


def _kept(x: Any, a: Any, axis: Any) -> Any:
    """Return a reduced array with its reduced axes back, of length 1."""
    axes = [i % a.ndim for i in (range(a.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,))]
    return x.reshape(tuple([1 if i in axes else n for i, n in enumerate(a.shape)]))


def _shares(g: Any, a: Any, axis: Any) -> Any:
    e = np.exp(a)
    along = axis if isinstance(axis, int) else 0
    one = isinstance(axis, int) or a.ndim == 1
    return _kept(g, a, axis) * (softmax(a, along) if one else e / np.sum(e, axis=axis, keepdims=True))


def _gelu_x(g: Any, x: Any, approximate: str) -> Any:
    y = sympy.Symbol("y", real=True)
    return g * each(lambda x: sympy.diff(_gelu(y, approximate), y).subs(y, x), x)


RULES: dict[tuple[str, str], Form] = {
    ("hypot", "x"): lambda g, x, y: g * x / np.hypot(x, y),
    ("hypot", "y"): lambda g, x, y: g * y / np.hypot(x, y),
    ("arctan2", "y"): lambda g, y, x: g * x / (x * x + y * y),
    ("arctan2", "x"): lambda g, y, x: -g * y / (x * x + y * y),
    ("power", "y"): lambda g, out, x: g * (out * np.log(x)),
    ("log_probability", "p"): lambda g, p: g / p,
    ("silu", "x"): lambda g, x: g * each(lambda x: sigma(x) * (1 + x * (1 - sigma(x))), x),
    ("gelu", "x"): _gelu_x,
    ("logsumexp", "a"): _shares,
    ("standardize", "x"): _standardize_x,
    ("prod", "a"): lambda g, a, axis: _kept(g, a, axis) * np.prod(a, axis=axis, keepdims=True) / a,
    ("det", "a"): lambda g, a: g * np.linalg.det(a) * np.linalg.inv(a).T,
    ("max", "a"): _chosen,
    ("min", "a"): _chosen,
}


# Reading them


def install() -> None:
    """Let these operations be read on formulas; on any other array they do what they did."""
    if not _installed:
        for module in pkgutil.iter_modules(ops.__path__, f"{ops.__name__}."):
            importlib.import_module(module.name)  # some are imported only when an operation is asked for
        for name, element in ELEMENTS.items():
            form(primitives[name], element)
        for name, made in ARRAYS.items():
            _beside(primitives[name], made)


_installed: dict[Any, Form] = {}


def form(operation: Any, element: Callable[..., Expr]) -> None:
    """Say how an element-wise operation of your own stands on paper, where its code is written for floats.

    Parameters
    ----------
    operation : what `mg.primitive` made
    element : a function of SymPy expressions, one for each argument, and of the options by name
    """
    options = operation.primitive.options

    def of_arrays(*arrays: Any, **given: Any) -> Any:
        return each(lambda *xs: element(*xs, **given) if options else element(*xs), *arrays)

    _beside(operation, of_arrays)


def _beside(operation: Any, made: Form) -> None:
    """Let an operation use another body for formulas: when it is called on Tensors, and on arrays, as rules do."""
    op = operation.primitive
    body = op.body

    def read(*arrays: Any, **options: Any) -> Any:
        if not _symbolic(arrays):
            return body(*arrays, **options)
        operands = [*formulas((arrays, tuple(options.values())))]
        with np.errstate(all="ignore"):
            sample = body(*bare(arrays), **bare(options))
        unread = next((f.content for f in operands if isinstance(f.content, Unread)), None)
        if unread:
            return Formula(unread, sample)
        try:
            found = made(*_as_formulas(arrays), **_known(made, op, options))
        except NotImplementedError:
            found = Formula(Unread(culprit(operation)), sample)
        return Formula(found.content, sample, found.letters)

    def plain(arrays: Any, options: dict[str, Any]) -> Any:
        return read(*arrays, **options) if _symbolic(arrays) else Primitive.plain(op, arrays, options)

    closed_over = dict(zip(operation.__code__.co_freevars, operation.__closure__, strict=True))
    closed_over["body"].cell_contents = read
    op.plain = plain
    _installed[op] = made


def _symbolic(arrays: Any) -> bool:
    """Tell whether there are formulas among operands; quickly, for numbers come here too."""
    for x in arrays:  # noqa: SIM110  any() takes twice as long
        if x.__class__ is Formula:
            return True
    return False


def _known(made: Form, op: Primitive, options: dict[str, Any]) -> dict[str, Any]:
    """Return the options that a form asks for; others must be what they are by default."""
    asked = inspect.signature(made).parameters
    if any(p.kind is p.VAR_KEYWORD for p in asked.values()):
        return options
    usual = op.body.__kwdefaults__ or {}
    if any(value is not usual.get(name) for name, value in options.items() if name not in asked):
        raise NotImplementedError
    return {name: value for name, value in options.items() if name in asked}


def _as_formulas(arrays: Any) -> list[Any]:
    return [x if isinstance(x, Formula) or x is None else constant(x) for x in arrays]
