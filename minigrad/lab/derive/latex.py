"""Formulas in LaTeX, of the kind that matplotlib understands too."""

from __future__ import annotations

from collections.abc import Sequence

from .algebra import Expr, sympy
from .write import ATOM, GREEK, POWER, PRODUCT, Writer

_LETTERS = {letter: f"\\{name}" for name, letter in GREEK.items() if name != "omicron"}
_KNOWN = ("ln", "exp", "sin", "cos", "tan", "sinh", "cosh", "tanh", "arcsin", "arccos", "arctan", "max", "min")


class LatexWriter(Writer):
    """Writes formulas in LaTeX."""

    dot, minus, had, over = r" \, ", "-", r" \odot ", r" \oslash "
    transposed, infinite = r"^{\mathsf{T}}", r"\infty"

    def parentheses(self, text: str) -> str:
        """Return text in parentheses."""
        return rf"\left({text}\right)"

    def fraction(self, above: list[Expr], below: list[Expr]) -> str:
        """Return a quotient of products; a number that divides matrices, before them."""
        numbers = [f for f in above if not isinstance(f, sympy.MatrixExpr)]
        matrices = [f for f in above if f not in numbers]
        text = rf"\frac{{{self.alone(numbers)}}}{{{self.alone(below)}}}"
        return f"{text} {self.product(matrices)}" if matrices else text

    def alone(self, factors: list[Expr]) -> str:
        """Return a product that needs no parentheses around it."""
        return self(factors[0]) if len(factors) == 1 else self.product(factors)

    def power(self, base: str, exponent: Expr) -> str:
        """Return a power."""
        return f"{base}^{{{self(exponent)}}}"

    def root(self, expr: Expr) -> str:
        """Return a square root."""
        return rf"\sqrt{{{self(expr)}}}"

    def of_exp(self, expr: Expr) -> tuple[str, int]:
        """Return eᶻ."""
        return f"e^{{{self(expr.args[0])}}}", POWER

    def letter(self, name: str) -> str:
        """Return a name."""
        if name.startswith("∂"):
            return super().letter(name)
        head, index = self.parts(name)
        if head.strip("′").isidentifier():
            primes = len(head) - len(head.rstrip("′"))
            head = head.rstrip("′")
            head = _LETTERS.get(head, rf"\mathrm{{{head}}}" if len(head) > 1 else head) + "'" * primes
        return f"{head}_{{{index}}}" if index else head

    def indexed(self, name: str, indices: list[str]) -> str:
        """Return an entry."""
        return f"{name}_{{{' '.join(indices)}}}"

    def sigma(self, index: str, body: str) -> str:
        """Return a sum over an index."""
        return rf"\sum_{{{index}}} {body}"

    def condition(self, text: str) -> str:
        """Return 1 where something holds, else 0."""
        return rf"\left[{text}\right]"

    def word(self, text: str) -> str:
        """Return a word between two conditions."""
        return rf" \ \mathrm{{{text}}}\  "

    def cases(self, pairs: list[tuple[str, str]]) -> str:
        """Return an expression by cases."""
        rows = [f"{value} & {when or chr(92) + 'text{else}'}" for value, when in pairs]
        return r"\begin{cases}" + r" \\ ".join(rows) + r"\end{cases}"

    def ones(self) -> str:
        """Return the vector of ones."""
        return r"\mathbf{1}"

    def partial(self, up: str, down: str, indices: Sequence[Expr] = ()) -> str:
        """Return a derivative."""
        return rf"\frac{{\partial {self.letter(up)}}}{{\partial {self.entry(down, indices)}}}"

    def times(self, texts: list[str]) -> str:
        """Return the factors of a chain behind each other."""
        return r" \cdot ".join(texts)

    def function(self, name: str, arguments: str, alone: bool) -> str:
        """Return a function of something."""
        head, _, tail = name.partition(" ")
        name = rf"\{head}" if head in _KNOWN else _LETTERS.get(head, rf"\operatorname{{{head}}}")
        name += rf" \, {_LETTERS.get(tail, chr(92) + tail)}" if tail else ""
        return f"{name} {arguments}" if alone and head == "ln" and not tail else name + self.parentheses(arguments)

    def of_Abs(self, expr: Expr) -> tuple[str, int]:
        """Return |x|."""
        return rf"\left|{self(expr.args[0])}\right|", ATOM

    def of_Symbol(self, expr: Expr) -> tuple[str, int]:
        """Return a symbol; a derivative is a fraction, and needs no parentheses in a product."""
        return self.letter(expr.name), PRODUCT if expr.name.startswith("∂") else ATOM
