"""What NumPy's element-wise functions mean of formulas: one line each.

A formula holds in general position: an equality that is no identity is taken to fail, so that `x >= y` is `x > y`,
and what a rule says of a single point (`np.where(x == 0, …)`) does not clutter it. A branch that says NaN says that
there is no value, and is left out. Read next: `array.py`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from .algebra import Expr, step, sympy

Element = Callable[..., Expr]


def where(condition: Expr, x: Expr, y: Expr) -> Expr:
    """Return x where the condition holds, else y; each knows whether it does."""
    if isinstance(condition, sympy.Expr):  # a number used as a truth
        raise NotImplementedError
    if condition in (sympy.true, sympy.false) or x == y:
        return x if condition == sympy.true else y
    x, y = _given(x, condition, True), _given(y, condition, False)
    if sympy.nan in (x, y):
        return y if x is sympy.nan else x
    if isinstance(condition, sympy.Gt) and y == 0:
        return x * step(condition.lhs - condition.rhs)
    if isinstance(condition, sympy.Gt) and x == 0:
        return y * step(condition.rhs - condition.lhs)
    return sympy.Piecewise((x, condition), (y, True))


def _given(expr: Expr, condition: Expr, holds: bool) -> Expr:
    """Return what an expression is if a condition holds, or does not."""
    known = {condition: holds}
    if isinstance(condition, sympy.Gt):
        x, y = condition.args
        known |= {x > y: holds, y < x: holds, y > x: not holds, x < y: not holds}
        known |= {step(x - y): holds, step(y - x): not holds}
    return expr.xreplace({c: sympy.sympify(bool(v) if isinstance(c, sympy.Rel) else int(v)) for c, v in known.items()})


def greater(x: Expr, y: Expr) -> Expr:
    """Return x > y, which may be known."""
    difference = x - y
    if difference.is_positive is not None or difference.is_nonpositive is not None:
        return sympy.true if difference.is_positive else sympy.false
    return sympy.Gt(x, y, evaluate=False)


def equal(x: Expr, y: Expr) -> Expr:
    """Return whether two expressions are the same; whether x is max(x, y, …), if x is larger than the others."""
    if sympy.expand(x - y) == 0:
        return sympy.true
    for one, among in ((x, y), (y, x)):
        if isinstance(among, sympy.Max | sympy.Min) and one in among.args:
            others = [other for other in among.args if other != one]
            is_max = isinstance(among, sympy.Max)
            return sympy.And(*[greater(one, other) if is_max else greater(other, one) for other in others])
    return sympy.false


def number(x: Expr) -> Expr:
    """Return a truth value as 1 or 0, and a number as it is."""
    return x if isinstance(x, sympy.Expr) else where(x, sympy.S.One, sympy.S.Zero)


def largest(x: Expr, y: Expr) -> Expr:
    """Return the larger of two."""
    return sympy.Max(x, y)


@functools.cache
def elements() -> dict[str, Element]:
    """Return what each ufunc of NumPy does to the elements of its operands, by its name."""
    s = sympy
    log, exp, root = s.log, s.exp, s.sqrt
    return {
        "add": lambda x, y: number(x) + number(y),
        "subtract": lambda x, y: x - y,
        "multiply": lambda x, y: number(x) * number(y),
        "divide": lambda x, y: x / y,
        "power": lambda x, y: x**y,
        "negative": lambda x: -x,
        "positive": lambda x: x,
        "conjugate": lambda x: x,
        "reciprocal": lambda x: 1 / x,
        "square": lambda x: x**2,
        "sqrt": root,
        "cbrt": lambda x: s.sign(x) * s.Abs(x) ** s.Rational(1, 3),
        "exp": exp,
        "exp2": lambda x: 2**x,
        "expm1": lambda x: exp(x) - 1,
        "log": log,
        "log1p": lambda x: log(1 + x),
        "log2": lambda x: log(x) / log(2),
        "log10": lambda x: log(x) / log(10),
        "logaddexp": lambda x, y: log(exp(x) + exp(y)),
        "logaddexp2": lambda x, y: log(2**x + 2**y) / log(2),
        "sin": s.sin, "cos": s.cos, "tan": s.tan, "arcsin": s.asin, "arccos": s.acos, "arctan": s.atan,
        "sinh": s.sinh, "cosh": s.cosh, "tanh": s.tanh, "arcsinh": s.asinh, "arccosh": s.acosh, "arctanh": s.atanh,
        "arctan2": s.atan2,
        "hypot": lambda x, y: root(x**2 + y**2),
        "absolute": s.Abs, "fabs": s.Abs, "sign": sign,
        "maximum": largest, "fmax": largest,
        "minimum": lambda x, y: s.Min(x, y), "fmin": lambda x, y: s.Min(x, y),
        "copysign": lambda x, y: s.Abs(x) * s.sign(y),
        "heaviside": lambda x, y: where(greater(x, s.S.Zero), s.S.One, s.S.Zero),
        "floor": s.floor, "ceil": s.ceiling, "trunc": truncated, "rint": rounded,
        "floor_divide": lambda x, y: s.floor(x / y),
        "remainder": lambda x, y: x - y * s.floor(x / y),
        "fmod": lambda x, y: x - y * truncated(x / y),
        "ldexp": lambda x, n: x * 2**n,
        "greater": greater, "greater_equal": greater,
        "less": lambda x, y: greater(y, x), "less_equal": lambda x, y: greater(y, x),
        "equal": equal, "not_equal": lambda x, y: s.Not(equal(x, y)),
        "logical_and": s.And, "logical_or": s.Or, "logical_xor": s.Xor, "logical_not": s.Not,
        "bitwise_and": s.And, "bitwise_or": s.Or, "bitwise_xor": s.Xor, "invert": s.Not,
        "isnan": lambda x: s.false, "isinf": lambda x: s.false, "isfinite": lambda x: s.true,
        "signbit": lambda x: greater(s.S.Zero, x),
    }  # fmt: skip


def sign(x: Expr) -> Expr:
    """Return −1, 0 or 1; of max(x, 0) it is [x > 0]."""
    if isinstance(x, sympy.Max) and len(x.args) == 2 and 0 in x.args:
        return step(next(a for a in x.args if a != 0))
    return sympy.sign(x)


def truncated(x: Expr) -> Expr:
    """Return the whole number on the way to 0."""
    return sympy.sign(x) * sympy.floor(sympy.Abs(x))


def rounded(x: Expr) -> Expr:
    """Return the nearest whole number."""
    return sympy.floor(x + sympy.Rational(1, 2))


def clipped(a: Any, a_min: Any = None, a_max: Any = None) -> tuple[Element, list[Any]]:
    """Return what `np.clip` does to each element, and to which operands."""
    if a_max is None:
        return sympy.Max, [a, a_min]
    if a_min is None:
        return sympy.Min, [a, a_max]
    return (lambda x, low, high: sympy.Min(sympy.Max(x, low), high)), [a, a_min, a_max]


# Functions that are no ufuncs, and yet element-wise: from their arguments, what is done, and to which operands
CHOICES: dict[str, Callable[..., tuple[Element, list[Any]]]] = {
    "where": lambda condition, x, y: (where, [condition, x, y]),
    "clip": clipped,
    "nan_to_num": lambda x, **_: ((lambda x: x), [x]),
    "round": lambda a, decimals=0, **_: ((lambda x: rounded(x * 10**decimals) / 10**decimals), [a]),
    "around": lambda a, decimals=0, **_: ((lambda x: rounded(x * 10**decimals) / 10**decimals), [a]),
}


def of_ufunc(name: str) -> Element | None:
    """Return what a ufunc does to elements, None where nothing is known: SymPy may have it under the same name."""
    return elements().get(name) or getattr(sympy, name, None)
