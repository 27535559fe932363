"""What a formula comes to at the numbers that its symbols carry: the proof by trial of every derivation.

Read next: `derivation.py`.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from .algebra import Expr, sigmoid_function, sympy
from .array import Formula
from .grid import Grid
from .letters import Letter
from .sizes import Size

Values = dict[Expr, Any]


def numbers_of(letters: Iterable[Letter]) -> Values:
    """Return the numbers of all letters: by symbol, of grids by the symbol of the whole array; and of their sizes."""
    values: Values = {}
    for letter in letters:
        content, sample = letter.symbol.content, letter.symbol.sample
        if isinstance(content, Grid):
            values[content.entry.base.label] = sample
            values |= {n.expr: n.numerator for n in letter.symbol.shape if isinstance(n, Size)}
        else:
            values |= dict(zip(content.ravel(), sample.ravel(), strict=True))
    return values


def values_of(x: Formula, values: Values) -> np.ndarray:
    """Return what the formulas of an array come to."""
    with np.errstate(all="ignore"):
        if not isinstance(x.content, Grid):
            flat = [value(expr, dict(values)) for expr in x.content.ravel()]
            return np.reshape(np.asarray(flat, float), x.content.shape)
        places = np.ogrid[tuple([slice(n) for n in x.sample.shape])] if x.sample.ndim else []
        here = values | dict(zip(x.content.indices, places, strict=True))
        return np.broadcast_to(value(x.content.entry, here), x.sample.shape)


def value(expr: Expr, values: Values) -> Any:
    """Return what an expression comes to; indices are arrays, each along an axis of its own.

    What is found is noted in `values`, as the same parts come again and again.
    """
    if expr not in values:
        values[expr] = _value(expr, values)
    return values[expr]


def _value(expr: Expr, values: Values) -> Any:
    if expr.is_number:
        return float(expr)
    if isinstance(expr, sympy.Indexed):
        return values[expr.base.label][tuple([np.asarray(value(i, values), int) for i in expr.indices])]
    if isinstance(expr, sympy.Sum):
        return _summed(expr, values)
    if isinstance(expr, sympy.Piecewise):
        (first, when), *rest = expr.args
        others = value(sympy.Piecewise(*[pair.args for pair in rest]), values) if rest else math.nan
        return np.where(holds(when, values), value(first, values), others)
    if isinstance(expr, sympy.KroneckerDelta):
        return np.equal(*[value(a, values) for a in expr.args]).astype(float)
    args = [value(a, values) for a in expr.args]
    if expr.is_Add or expr.is_Mul:
        return sum(args[1:], args[0]) if expr.is_Add else math.prod(args[1:], start=args[0])
    if expr.is_Pow:
        return np.power(args[0], args[1], dtype=float)
    name = expr.func.__name__
    if name in _OF_NUMPY:
        ufunc = getattr(np, _OF_NUMPY[name])
        return ufunc(*args) if len(args) == 1 else functools.reduce(ufunc, args)
    if expr.func is sigmoid_function():
        return 1 / (1 + np.exp(-args[0]))
    return np.asarray(np.frompyfunc(lambda *xs: _number(expr.func, xs), len(args), 1)(*args), float)


_OF_NUMPY = {name: name for name in ("exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "sign", "floor")} | {
    "Abs": "absolute", "Max": "maximum", "Min": "minimum", "asin": "arcsin", "acos": "arccos", "atan": "arctan",
}  # fmt: skip


def _summed(expr: Expr, values: Values) -> Any:
    """Return a sum, over an axis in front of all others."""
    *inner, (index, _, high) = expr.limits
    inside = sympy.Sum(expr.function, *inner) if inner else expr.function
    ndim = max([np.ndim(v) for symbol, v in values.items() if symbol.is_integer], default=0)
    along = np.arange(int(value(high, values)) + 1).reshape((-1,) + (1,) * ndim)
    known = {s: v for s, v in values.items() if s.is_Atom and s != index}
    return np.sum(value(inside, known | {index: along}), axis=0)


def holds(condition: Expr, values: Values) -> Any:
    """Return where a condition holds."""
    if condition in (sympy.true, sympy.false):
        return condition == sympy.true
    if isinstance(condition, sympy.And | sympy.Or | sympy.Not):
        parts = [holds(c, values) for c in condition.args]
        return ~parts[0] if len(parts) == 1 else _JOINS[type(condition).__name__].reduce(parts)
    return _COMPARES[condition.rel_op](*[value(side, values) for side in condition.args])


_JOINS = {"And": np.logical_and, "Or": np.logical_or}
_COMPARES = {">": np.greater, ">=": np.greater, "<": np.less, "<=": np.less, "==": np.equal, "!=": np.not_equal}


def _number(function: Any, arguments: tuple[Any, ...]) -> float:
    found = complex(function(*[sympy.Float(x) for x in arguments]))
    return found.real if abs(found.imag) < 1e-12 else math.nan
