"""Names in place of what they mean: σ(z) becomes o where o = σ(z) was named. Read next: `walk.py`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .algebra import Expr, sigma, sigmoid_function, step, sympy
from .array import Formula, Unread
from .cells import element_wise
from .grid import Grid
from .letters import Letter


class Fold:
    """Puts letters in place of what they mean.

    Parameters
    ----------
    letters : those that may stand in a formula; of two that mean the same the later one stands
    """

    def __init__(self, letters: Iterable[Letter]) -> None:
        self.names: dict[Expr, Expr] = {}
        self.sigmoids: dict[Expr, Expr] = {}  # u → o, where o = σ(u)
        self.first: dict[Expr, Expr] = {}  # p₀ → 1 − p₁ − p₂, where these add up to 1
        self.last: dict[Expr, Expr] = {}  # p₂ → 1 − p₀ − p₁
        for letter in letters:
            content = letter.symbol.content
            if letter.adds_to_one and not isinstance(content, Grid):
                for row in content.reshape(-1, content.shape[-1]):
                    self.first[row[0]], self.last[row[-1]] = 1 - sympy.Add(*row[1:]), 1 - sympy.Add(*row[:-1])
            if letter.means is not None and not isinstance(letter.means.content, Unread):
                for name, means in _pairs(letter):
                    self._learn(name, means)

    def _learn(self, name: Expr, means: Expr) -> None:
        if means.is_number:
            return
        self.names[means] = name
        if isinstance(means, sympy.Max) and len(means.args) == 2 and 0 in means.args:
            (u,) = [x for x in means.args if x != 0]
            self.names[sympy.sign(name)] = step(u)  # what the rule of relu asks for
        means = recognised(means)
        if isinstance(means, sigmoid_function()):
            (u,) = means.args
            self.names |= {means: name, sigma(-u): 1 - name}
            self.sigmoids[u] = name

    def __call__(self, x: Any) -> Any:
        """Return an array in terms of names; a size is what it is."""
        if not isinstance(x, Formula) or isinstance(x.content, Unread):
            return x
        content: Any = x.content
        content = (
            Grid(self.of(content.entry), content.sizes) if isinstance(content, Grid) else element_wise(self.of, content)
        )
        return Formula(content, x.sample, x.letters)

    def of(self, expr: Expr) -> Expr:
        """Return an expression in terms of names."""
        before = None
        while expr != before:  # a name may be part of what another means
            before, expr = expr, expr.xreplace(self.names)
        return expr


def _pairs(letter: Letter) -> list[tuple[Expr, Expr]]:
    """Return the symbols of a letter, each with what it means."""
    assert letter.means is not None
    symbol, means = letter.symbol.content, letter.means.content
    if isinstance(means, Grid):
        return [(symbol.entry if isinstance(symbol, Grid) else symbol.item(), means.entry)]
    return list(zip(symbol.ravel(), means.ravel(), strict=True))


def recognised(expr: Expr) -> Expr:
    """Return an expression with σ(u) for 1 / (1 + e⁻ᵘ)."""

    def of_power(base: Expr, exponent: Expr) -> Expr:
        if base.is_Add and len(base.args) == 2 and sympy.S.One in base.args:
            other = next(a for a in base.args if a != 1)
            if isinstance(other, sympy.exp):
                return sigma(-other.args[0]) ** -exponent
        return base**exponent

    return expr.replace(sympy.Pow, of_power)
