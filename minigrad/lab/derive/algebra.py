"""What we need of SymPy, and what we add to it: σ, sums over an axis, exact numbers for floats.

SymPy is imported when it is first touched, so that `minigrad.lab` stays light. Read next: `elements.py`.
"""

from __future__ import annotations

import functools
import math
from fractions import Fraction
from typing import Any

from ...errors import require

Expr = Any  # a SymPy expression


class _Sympy:
    """The package SymPy, imported when something of it is asked for."""

    def __getattr__(self, name: str) -> Any:
        value = getattr(require("sympy", "symbolic", "lab.derive"), name)
        setattr(self, name, value)
        return value


sympy: Any = _Sympy()


# Functions that a paper writes with one letter


@functools.cache
def sigmoid_function() -> Any:
    """Return σ as a function of SymPy, with σ' = σ(1 − σ)."""

    class sigma(sympy.Function):  # type: ignore[misc]
        """The logistic function 1 / (1 + e⁻ˣ)."""

        is_positive = True

        def fdiff(self, argindex: int = 1) -> Expr:
            """Return σ(1 − σ)."""
            return self * (1 - self)

        def _eval_rewrite_as_exp(self, x: Expr, **_: Any) -> Expr:
            return 1 / (1 + sympy.exp(-x))

        def _eval_evalf(self, prec: int) -> Expr:
            return self.rewrite(sympy.exp)._eval_evalf(prec)

    return sigma


def sigma(x: Expr) -> Expr:
    """Return σ(x)."""
    return sigmoid_function()(x)


def step(x: Expr) -> Expr:
    """Return 1 where x > 0, else 0."""
    return sympy.Heaviside(x)


@functools.cache
def _symbol() -> type:
    class Symbol(sympy.Dummy):  # type: ignore[misc]
        """A symbol that is the same as no other, whatever it is called."""

        adds_to_one = False  # along the last axis, as probabilities do

    return Symbol


def symbol(name: str, adds_to_one: bool = False, **assumptions: Any) -> Expr:
    """Return a new symbol; real, and whatever else is assumed of it."""
    made = _symbol()(name, **{"real": True, **assumptions})
    made.adds_to_one = adds_to_one
    return made


# Numbers


@functools.cache
def _constants() -> list[tuple[float, Expr]]:
    """Return the irrational numbers that stand in formulas, as floats and as what they are."""
    pi, root, log = sympy.pi, sympy.sqrt, sympy.log
    known = [*[log(n) for n in (2, 3, 5, 6, 7, 10)], pi, pi**2, pi**3, root(pi), root(2), root(2 * pi), root(3)]
    return [(float(c), c) for k in known for c in (k, 1 / k)]


def exact(value: Any) -> Expr:
    """Return a number as SymPy should know it: 0.5 as ½, math.log(2) as ln 2, 0.1 as 1/10.

    Floats would spread through a formula, and hide what cancels.

    >>> exact(0.5), exact(1 / math.log(2)), exact(0.044715)
    (1/2, 1/log(2), 8943/200000)
    """
    if isinstance(value, bool):
        return sympy.true if value else sympy.false
    if isinstance(value, int):
        return sympy.Integer(value)
    if not math.isfinite(value):
        return sympy.nan if math.isnan(value) else math.copysign(1, value) * sympy.oo
    if (simple := _simple(value)) is not None:
        return simple
    for number, constant in _constants():
        if (share := _simple(value / number)) is not None:
            return share * constant
    return sympy.Rational(repr(float(value)))


def _simple(value: float) -> Expr | None:
    """Return a fraction of small numbers if that is what a float rounds, or a short decimal."""
    found = Fraction(value).limit_denominator(1000)
    if found and math.isclose(float(found), value, rel_tol=4e-16):
        return sympy.Rational(found.numerator, found.denominator)
    return sympy.S.Zero if value == 0 else None


def is_decimal(number: Expr) -> bool:
    """Tell whether a fraction was a decimal: 0.044715, 10⁻⁵."""
    return bool(number.is_Rational and number.q > 1000 and not set(sympy.factorint(number.q)) - {2, 5})


# Indices and sums. The entry of an array of symbolic size is a formula in the indices of its axes. They are counted
# from the last axis, as broadcasting does, so that arrays that are broadcast against each other share them.


@functools.cache
def axis(i: int) -> Expr:
    """Return the index along the axis that is i-th from the end."""
    return sympy.Dummy(f"axis{i}", integer=True, nonnegative=True)


@functools.cache
def bound(level: int) -> Expr:
    """Return the index of a sum that has so many sums inside."""
    index = sympy.Dummy(f"sum{level}", integer=True, nonnegative=True)
    _levels[index] = level
    return index


_levels: dict[Expr, int] = {}


def total(expr: Expr, index: Expr, size: Expr) -> Expr:
    """Return Σ expr over an index, with what does not depend on it taken out.

    The sum's own index tells how many sums are inside: so equal sums are equal expressions.
    """
    if index not in expr.free_symbols:
        return expr * size
    if expr.is_Add:
        apart = [t for t in expr.args if index not in t.free_symbols or _delta(t, index)]
        if apart:
            rest = expr.func(*[t for t in expr.args if t not in apart])
            return sympy.Add(*[total(t, index, size) for t in (*apart, rest)])
    if delta := _delta(expr, index):
        (other,) = [i for i in delta.args if i != index]
        return (expr / delta).xreplace({index: other})
    outside, inside = expr.as_independent(index, as_Add=False)
    if _adds_to_one(inside, index):
        return outside
    if outside.as_coeff_Mul()[0].is_negative and absorbed(-inside) != -inside:
        outside, inside = -outside, absorbed(-inside)
    inner = [_levels[b] for s in inside.atoms(sympy.Sum) for b in s.bound_symbols]
    own = bound(1 + max(inner, default=-1))
    return outside * sympy.Sum(inside.xreplace({index: own}), (own, 0, size - 1))


def absorbed(expr: Expr) -> Expr:
    """Return −x·(y − o) as x·(o − y)."""
    scale, factors = expr.as_coeff_mul()
    sums = [f for f in factors if f.is_Add]
    if not scale.is_negative or not sums:
        return expr
    return sympy.Mul(-scale, -sums[0], *[f for f in factors if f is not sums[0]])


def _delta(expr: Expr, index: Expr) -> Expr | None:
    """Return the factor [index = m] of a product, if there is one."""
    factors = sympy.Mul.make_args(expr)
    return next((f for f in factors if isinstance(f, sympy.KroneckerDelta) and index in f.args), None)


def sifted(expr: Expr) -> Expr:
    """Return a sum of products with f(m)·[k = m] in place of f(k)·[k = m]."""
    terms = []
    for term in sympy.Add.make_args(expr):
        delta = next((f for f in sympy.Mul.make_args(term) if isinstance(f, sympy.KroneckerDelta)), None)
        if delta is not None:
            index, other = sorted(delta.args, key=lambda i: not isinstance(i, sympy.Dummy))
            term = delta * (term / delta).xreplace({index: other})
        terms.append(term)
    return sympy.Add(*terms)


def _adds_to_one(entry: Expr, index: Expr) -> bool:
    """Tell whether an entry is one of numbers that add up to 1 along the index."""
    if not isinstance(entry, sympy.Indexed):
        return False
    label = entry.base.label
    return bool(entry.indices[-1] == index and index not in entry.indices[:-1] and getattr(label, "adds_to_one", False))
