"""In which order, and with which signs, the terms and factors of a formula stand on paper.

SymPy orders them for its own ends. Here letters stand in the order in which they were made, short terms before long
ones, and a difference with its plus first: w·x + b, x·(o − y), 1 − o, −(y/o − (1 − y)/(1 − o)). Read next: `write.py`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from .algebra import Expr, is_decimal, sympy
from .matrix import split, times

Term = tuple[int, list[Expr], list[Expr]]  # a sign, and factors above and below the fraction bar


class Order:
    """Knows the place of every term and factor.

    Parameters
    ----------
    order : for a letter, its place among all; letters that are not in it, as sizes, come last
    """

    def __init__(self, order: Mapping[str, int]) -> None:
        self.order = order

    def rank(self, expr: Expr) -> tuple[int, int]:
        """Return where a term or factor stands among others: how long it is, and which letter it has first."""
        names = [s.name for s in expr.free_symbols if hasattr(s, "name")]
        own = [name.rpartition("(")[2].removesuffix(")") for name in names]  # onehot(y) stands where y does
        first = min([self.order.get(name, len(self.order)) for name in own], default=-1)
        positive = times(-1, expr) if isinstance(expr, sympy.MatrixExpr) else -expr
        whole = positive if coefficient(expr) < 0 else expr
        return sum(1 for _ in sympy.preorder_traversal(whole)), first

    def place(self, f: Expr) -> tuple[Any, ...]:
        """Return where a factor stands: numbers, cotangents, sizes, letters, sums with a number as 1 − o, others."""
        numbers = bool(f.is_Add) and any(map(is_number, f.args))
        size = bool(f.is_Symbol) and f.name not in self.order
        kinds = f.is_Rational, f.is_number, is_cotangent(f), size, not f.is_Add, numbers
        return *[not kind for kind in kinds], *self.rank(f)

    def signed(self, expr: Expr) -> Term:
        """Return a term as its sign, and its factors above and below the fraction bar.

        A difference that reads better the other way round, 1 − o for o − 1, is turned, and so changes the sign.
        """
        scale, rest = split(expr) if isinstance(expr, sympy.MatMul) else (expr, [])
        number = scale.as_coeff_Mul()[0]
        sign = -1 if number.is_number and number.is_negative else 1
        above: list[Expr] = []
        below: list[Expr] = []
        for f in sympy.Mul.make_args(-scale if sign < 0 else scale):
            if f.is_Rational and not f.is_Integer and not is_decimal(f):
                above += [sympy.Integer(f.p)] * (f.p != 1)
                below.append(sympy.Integer(f.q))
            elif f.is_Pow and coefficient(f.exp) < 0:
                below.append(f.base ** (-f.exp))
            elif f != 1:
                above.append(f)
        for factors in (above, below):
            for i, f in enumerate(factors):
                if f.is_Add and self.turns(f.args):
                    factors[i], sign = -f, -sign
        above, below = sorted(above, key=self.place), sorted(below, key=self.place)
        lone = [i for i, f in enumerate(above) if f.is_Add and len(f.args) == 2 and not any(map(is_number, f.args))]
        if sign < 0 and lone and not self.terms((-above[lone[0]]).args)[0]:
            above[lone[0]], sign = -above[lone[0]], 1
        signs, matrices = zip(*map(self.turned, rest), strict=True) if rest else ((), ())
        sign *= math.prod(signs)
        flipped = self.flipped(matrices) if sign < 0 else []
        return (1, above + flipped, below) if flipped else (sign, above + list(matrices), below)

    def flipped(self, matrices: Sequence[Expr]) -> list[Expr]:
        """Return the factors of a product with a difference among them turned round; nothing if there is none."""
        for i, m in enumerate(matrices):
            inner = m.arg if isinstance(m, sympy.Transpose) else m
            if isinstance(inner, sympy.MatAdd) and len(inner.args) == 2 and not any(map(is_number, inner.args)):
                turned = sympy.MatAdd(*[times(-1, term) for term in inner.args])
                if not self.terms(turned.args)[0]:
                    return [*matrices[:i], turned if inner is m else sympy.Transpose(turned), *matrices[i + 1 :]]
        return []

    def turned(self, made: Expr) -> tuple[int, Expr]:
        """Return a matrix that reads better with its sign changed, and the sign that is left over."""
        if isinstance(made, sympy.MatAdd) and self.turns(made.args):
            return -1, sympy.MatAdd(*[times(-1, term) for term in made.args])
        if isinstance(made, sympy.Transpose):
            sign, inner = self.turned(made.arg)
            return sign, sympy.Transpose(inner)
        if isinstance(made, sympy.HadamardPower) and made.exp == -1:
            sign, inner = self.turned(made.base)
            return sign, sympy.HadamardPower(inner, -1)
        if isinstance(made, sympy.HadamardProduct):
            signs, factors = zip(*map(self.turned, made.args), strict=True)
            return math.prod(signs), sympy.HadamardProduct(*factors)
        return 1, made

    def terms(self, args: Any) -> tuple[bool, list[Term]]:
        """Return terms in order, and whether all their signs were changed, to put a minus before the sum."""
        ordered = sorted(args, key=lambda term: (_place(term), *reversed(self.rank(term))))
        terms = [self.signed(term) for term in ordered]
        flip = all(sign < 0 for sign, *_ in terms)
        if terms[0][0] < 0 and not flip:
            shortest = min(self.rank(t)[0] for t, (sign, *_) in zip(ordered, terms, strict=True) if sign > 0)
            flip = len(terms) == 2 and shortest > self.rank(ordered[0])[0] and not is_number(ordered[0])
            if not flip:
                terms.sort(key=lambda term: -term[0])
        return flip, [(-sign, above, below) if flip else (sign, above, below) for sign, above, below in terms]

    def turns(self, args: Any) -> bool:
        """Tell whether a sum reads better with its sign changed: y/o − …  for −(y/o − …), o − y for y − o."""
        if self.terms(args)[0]:
            return True
        minus = [term for term in args if self.signed(term)[0] < 0]
        plus = [term for term in args if term not in minus]
        if len(minus) != 1 or len(plus) != 1:
            return False
        if is_number(plus[0]) or is_number(minus[0]):
            return is_number(minus[0])
        (long, order), (other_long, other) = self.rank(plus[0]), self.rank(minus[0])
        return long == other_long and order < other


def is_number(expr: Expr) -> bool:
    scale, matrices = split(expr) if isinstance(expr, sympy.MatrixExpr) else (expr, [])
    return bool(scale.is_number) and (not matrices or (len(matrices) == 1 and isinstance(matrices[0], sympy.OneMatrix)))


def _place(term: Expr) -> int:
    """Return where a term of a sum stands: 1 − o, but σ² + 10⁻⁵."""
    if not is_number(term):
        return 1
    return 2 if is_decimal(split(term)[0] if isinstance(term, sympy.MatrixExpr) else term) else 0


def is_cotangent(expr: Expr) -> bool:
    return getattr(expr, "name", "").startswith("∂")


def coefficient(expr: Expr) -> int:
    """Return −1 for an expression that begins with a minus, else 1."""
    scale = split(expr)[0] if isinstance(expr, sympy.MatMul) else expr
    number = scale.as_coeff_Mul()[0]
    return -1 if number.is_number and number.is_negative else 1
