"""From the symbols that formulas are made of inside to those a reader knows. Read next: `derivation.py`.

Inside every symbol is the same as no other. Outside there is `Symbol("x")`; of two letters of one name the
second is called x′.
"""

from __future__ import annotations

import string
from collections.abc import Iterable
from typing import Any

from .algebra import Expr, sympy
from .array import Formula
from .grid import Grid
from .letters import Letter
from .matrix import matrix
from .write import Writer


class Public:
    """Renames what is inside.

    Parameters
    ----------
    letters : all that may occur

    Attributes
    ----------
    order : for every name its place: what is given first, then what was named, in the order in which they were made
    calls : for a name such as softmax(Z) the function, and the formula of its argument
    indices : for a formula that is an entry of an array, the letters of its place
    """

    def __init__(self, letters: Iterable[Letter]) -> None:
        self.symbols: dict[Expr, Expr] = {}
        self.names: dict[Letter, str] = {}
        self.order: dict[str, int] = {}
        self.calls: dict[str, tuple[str, Expr]] = {}
        self.indices: dict[Expr, tuple[Expr, ...]] = {}
        for letter in sorted(letters, key=lambda letter: (letter.means is not None, letter.order)):
            name = letter.name
            if letter.of:
                function, argument = letter.of
                formula = self.title(argument)
                name = f"{function}({Writer(self.order, self.calls)(formula)})"
                self.calls[name] = function, formula
            while name in self.names.values():
                name += "′"
            self.names[letter] = name
            self.add(letter.symbol, letter.name, name)

    def title(self, array: Formula) -> Expr:
        """Return the name of an array that has the elements of one letter, else its formula."""
        if len(array.letters) == 1 and not isinstance(array.content, Grid):
            (letter,) = array.letters
            own = letter.symbol.content
            if not isinstance(own, Grid) and array.content.ravel().tolist() == own.ravel().tolist():
                return sympy.Symbol(self.names[letter])
        return self.content(array.content)

    def add(self, array: Formula, old: str, new: str) -> None:
        """Learn the symbols of an array, and what they are called outside."""
        self.order.setdefault(new, len(self.order))
        if isinstance(array.content, Grid):
            base = array.content.entry.base
            self.symbols[base] = sympy.IndexedBase(sympy.Symbol(new))
            return
        for symbol in array.content.ravel():
            name = new + symbol.name.removeprefix(old)
            self.symbols[symbol] = sympy.Symbol(name)
            self.order.setdefault(name, self.order[new])

    def __call__(self, expr: Expr) -> Expr:
        """Return an expression in outside symbols."""
        return expr.xreplace(self.symbols)

    def content(self, content: Any) -> Any:
        """Return the formula of an array: an expression, a matrix, or an array of expressions.

        Of symbolic size it is an expression in matrices; where there is none that can be read, its entry in indices.
        """
        if not isinstance(content, Grid):
            made = [self(expr) for expr in content.ravel()]
            if content.ndim == 0:
                return made[0]
            if content.ndim > 2:
                return sympy.ImmutableDenseNDimArray(made, content.shape)
            return sympy.ImmutableMatrix(*(content.shape if content.ndim == 2 else (len(made), 1)), made)
        grid = Grid(self(content.entry), content.sizes)
        try:
            found = matrix(grid)
        except NotImplementedError:
            return self.lettered(grid)
        scales = [d.args[0] for d in found.atoms(sympy.DiagMatrix)]
        return found if all(isinstance(d, sympy.MatrixSymbol) for d in scales) else self.lettered(grid)

    def lettered(self, grid: Grid) -> Expr:
        """Return an entry with letters for its indices: n for an axis of length N, else i, j …"""
        taken = set(self.order)
        letters: dict[Expr, Expr] = {}
        sums = [limit for s in sympy.preorder_traversal(grid.entry) if isinstance(s, sympy.Sum) for limit in s.limits]
        lengths = [*zip(grid.indices, grid.sizes, strict=True), *[(b, high + 1) for b, _, high in sums]]
        for index, length in lengths:
            if index not in letters:
                wishes = [str(length).lower()] * (str(length) in string.ascii_letters) + list("ijklmnpqrst")
                name = next(w for w in wishes if w not in taken)
                taken.add(name)
                letters[index] = sympy.Symbol(name, integer=True)
        entry = grid.entry.xreplace(letters)
        self.indices[entry] = tuple([letters[index] for index in grid.indices])
        return entry
