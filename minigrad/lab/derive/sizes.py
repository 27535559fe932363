"""Sizes with a name: whole numbers that remember that they stand for N.

Code that looks at shapes needs numbers, and gets small primes, one for each name; what it computes with them, N·K or
2/N, stays a formula. Read next: `grid.py`.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from .algebra import Expr, sympy

_PRIMES = (5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97)
_numbers: dict[str, int] = {}


class Size(int):
    """The length of an axis: a number to compute shapes with, and the formula it stands for."""

    expr: Expr  # and `numerator` is the bare number, as of all of Python's numbers
    shape = ()  # beside arrays it is one of them: `g / n` must not make a float of it
    dtype = np.dtype(np.int64)

    def __new__(cls, value: int, expr: Expr) -> Size:
        """Pair a number with its formula."""
        made = super().__new__(cls, value)
        made.expr = expr
        return made

    def __repr__(self) -> str:
        return str(self.expr)

    __str__ = __repr__

    def __float__(self) -> float:
        raise self._no_number("float()")

    def __int__(self) -> int:
        raise self._no_number("int()")

    def __floordiv__(self, other: Any) -> Any:
        raise self._no_number("//")

    def __mod__(self, other: Any) -> Any:
        raise self._no_number("%")

    __rfloordiv__, __rmod__, __divmod__, __rdivmod__ = __floordiv__, __mod__, __floordiv__, __floordiv__

    def _no_number(self, what: str) -> TypeError:
        return TypeError(
            f"the size {self.expr} is a symbol, and {what} would make a number of it; "
            "compute with NumPy's functions, or give the axis a number for a length"
        )

    def __neg__(self) -> Size:
        return Size(-self.numerator, -self.expr)

    def __abs__(self) -> Size:
        return self

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        """Let NumPy's functions make formulas of sizes: np.sqrt(N)."""
        from .reading import constant

        return getattr(ufunc, method)(*[constant(x) if isinstance(x, Size) else x for x in inputs], **options)


def size(name: str) -> Size:
    """Return the size of that name, the same whenever it is asked for.

    >>> n = size("N"); n * 2, n == size("N"), 2 / n
    (2*N, True, Formula(2/N))
    """
    if name not in _numbers:
        count = len(_numbers)
        _numbers[name] = _PRIMES[count % len(_PRIMES)] + 100 * (count // len(_PRIMES))
    return Size(_numbers[name], symbol(name))


@functools.cache
def symbol(name: str) -> Expr:
    """Return the symbol of a size."""
    return sympy.Symbol(name, integer=True, positive=True)


def stand_in(expr: Expr) -> int | None:
    """Return the number that code sees for a size that is a letter; None for any other."""
    return _numbers.get(expr.name) if expr.is_Symbol else None


def expression(length: int) -> Expr:
    """Return a length as a formula."""
    return length.expr if isinstance(length, Size) else sympy.Integer(length)


def named(value: int, expr: Expr) -> int:
    """Return a length as code may use it: with its name, unless it is just a number."""
    return value if expr.is_Integer else Size(value, expr)


def _whole(operation: Callable[..., Any], reflected: bool = False) -> Callable[..., Any]:
    """Of whole numbers this operation makes a whole number."""

    def apply(self: Size, other: Any) -> Any:
        if not isinstance(other, int):
            return NotImplemented
        x, y = (other, self) if reflected else (self, other)
        return named(operation(x.numerator, y.numerator), operation(expression(x), expression(y)))

    return apply


def _broken(operation: Callable[..., Any], reflected: bool = False) -> Callable[..., Any]:
    """Of whole numbers this operation makes another kind of number, which must stay a formula."""

    def apply(self: Size, other: Any) -> Any:
        from .reading import constant

        if not isinstance(other, int | float):
            return NotImplemented
        return operation(other, constant(self)) if reflected else operation(constant(self), other)

    return apply


for _name, _make in {"add": _whole, "sub": _whole, "mul": _whole, "truediv": _broken, "pow": _broken}.items():
    _operation = getattr(operator, _name)
    setattr(Size, f"__{_name}__", _make(_operation))
    setattr(Size, f"__r{_name}__", _make(_operation, True))
