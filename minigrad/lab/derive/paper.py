"""Simplification as a person does it: cancel, factor, know σ; and take the shortest of what came out.

Read next: `matrix.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from .algebra import Expr, absorbed, is_decimal, sifted, sigma, sigmoid_function, sympy, total
from .fold import Fold, recognised


def light(expr: Expr) -> Expr:
    """Return an expression tidied but not reshaped: σ(−u) as 1 − σ(u), sums without what does not belong in them."""
    return within_sums(recognised(expr), light).replace(sigmoid_function(), _upright)


def _upright(u: Expr) -> Expr:
    return 1 - sigma(-u) if u.could_extract_minus_sign() else sigma(u)


def paper(expr: Expr, fold: Fold) -> Expr:
    """Return the shortest form of an expression that a few moves on paper lead to."""
    expr = fold.of(light(expr))
    expr = within_sums(expr, lambda inside: paper(inside, fold))
    return beside_decimals(expr, lambda expr: min(_candidates(expr, fold), key=cost))


def tidy(expr: Expr, fold: Fold) -> Expr:
    """Return a step's formula as the rule gave it, unless what its terms share can stand before them."""
    if expr.has(sympy.exp):
        return paper(expr, fold)
    return beside_decimals(fold.of(light(expr)), lambda expr: min(expr, sympy.factor_terms(expr), key=cost))


def beside_decimals(expr: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """Change an expression in which decimals are letters: 10⁻⁵ stays so, and σ² + 10⁻⁵ becomes no 1 + 100000·σ²."""
    decimals = {n: sympy.Dummy(str(n), positive=True) for n in expr.atoms(sympy.Rational) if is_decimal(n)}
    return change(expr.xreplace(decimals)).xreplace({symbol: n for n, symbol in decimals.items()})


def _candidates(expr: Expr, fold: Fold) -> Iterator[Expr]:
    """Yield an expression in several forms, itself first."""
    yield expr
    with_sigma = _without_exponentials(expr, fold)
    for form in dict.fromkeys([expr, with_sigma, expr.xreplace(fold.first), expr.xreplace(fold.last)]):
        if form.has(sympy.Piecewise):
            yield form.replace(sympy.Piecewise, lambda *pairs: sympy.Piecewise(*pairs))
            continue
        yield sympy.factor_terms(form)
        yield sympy.powsimp(form)
        if _terms(form) > LONG:
            yield form.func(*[_shortest(part) for part in form.args])
            continue
        factored = sympy.factor(form)
        yield from (factored, absorbed(factored))
        if factored.is_Mul:
            yield factored.func(*[_shortest(part) for part in factored.args])
        if form.has(sympy.KroneckerDelta):
            yield sympy.factor(sifted(sympy.expand(form)))
        if any(p.exp.is_Rational and not p.exp.is_Integer for p in form.atoms(sympy.Pow)):
            yield sympy.radsimp(sympy.powsimp(form), symbolic=False)
            yield form.replace(sympy.Pow, lambda base, e: sympy.expand(base) ** e)


LONG = 300  # of more terms, were it multiplied out, nobody factors an expression


def _terms(expr: Expr) -> int:
    """Return how many terms an expression would have if all were multiplied out."""
    if expr.is_Add:
        return sum(_terms(a) for a in expr.args)
    if expr.is_Mul:
        return math.prod(_terms(a) for a in expr.args)
    if expr.is_Pow and expr.exp.is_Integer:
        return int(_terms(expr.base) ** min(abs(expr.exp), 20))
    return 1


def _shortest(expr: Expr) -> Expr:
    return min(expr, sympy.expand(expr), key=cost) if _terms(expr) <= LONG else expr


def _without_exponentials(expr: Expr, fold: Fold) -> Expr:
    """Return e⁻ᵘ in terms of o = σ(u): (1 − o)/o."""
    known = dict(fold.sigmoids) | {s.args[0]: s for s in expr.atoms(sigmoid_function())}
    powers = {sympy.exp(-u): (1 - o) / o for u, o in known.items()} | {
        sympy.exp(u): o / (1 - o) for u, o in known.items()
    }
    return expr.xreplace(powers)


def cost(expr: Expr) -> tuple[int, int]:
    """Return how long an expression is: its operations, then all its parts."""
    return int(sympy.count_ops(expr)), sum(1 for _ in sympy.preorder_traversal(expr))


def within_sums(expr: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """Return an expression with what is summed changed, the innermost first, and what can be taken out of sums out."""
    if not expr.has(sympy.Sum):
        return expr
    if isinstance(expr, sympy.Sum):
        inside = change(expr.function)
        for index, low, high in expr.limits:
            inside = total(inside, index, high - low + 1)
        return inside
    return expr.func(*[within_sums(arg, change) for arg in expr.args]) if expr.args else expr
