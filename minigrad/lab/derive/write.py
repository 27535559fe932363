"""Formulas as one writes them on paper, in a line: x·(o − y), (O − Y)ᵀ·X/N, −(y/o − (1 − y)/(1 − o)).

Read next: `latex.py`, which writes the same in LaTeX.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .algebra import Expr, is_decimal, sympy
from .order import Order, coefficient, is_cotangent

SUM, PRODUCT, POWER, ATOM = 1, 2, 3, 4  # how tightly something holds together

_SUBSCRIPTS = str.maketrans("0123456789aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ")
_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_GREEK = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau upsilon phi "
    "chi psi omega"
)
GREEK = dict(zip(_GREEK.split(), "αβγδεζηθικλμνξοπρστυφχψω", strict=True))


class Writer(Order):
    """Writes formulas as text.

    Parameters
    ----------
    order : for a letter, its place among all; letters that are not in it, as sizes, come last
    calls : for the name of a result of a function, the function and its argument
    """

    dot, minus, had, over, transposed, infinite = "·", "−", " ⊙ ", " ⊘ ", "ᵀ", "∞"
    names: Mapping[str, str] = {
        "log": "ln", "asin": "arcsin", "acos": "arccos", "atan": "arctan", "asinh": "arsinh", "acosh": "arcosh",
        "atanh": "artanh", "Max": "max", "Min": "min", "sigma": "σ", "loggamma": "ln Γ", "polygamma": "ψ",
        "besseli": "I", "erfinv": "erf⁻¹",
    }  # fmt: skip

    def __init__(self, order: Mapping[str, int], calls: Mapping[str, tuple[str, Expr]]) -> None:
        super().__init__(order)
        self.calls = calls
        self.written: dict[Expr, tuple[str, int]] = {}  # symbols that stand for what was written before

    def __call__(self, expr: Expr) -> str:
        """Return an expression as text."""
        return self.write(expr)[0]

    def inside(self, expr: Expr, tightness: int) -> str:
        """Return an expression as a part of something that holds it so tightly: in parentheses, if need be."""
        text, own = self.write(expr)
        return text if own >= tightness else self.parentheses(text)

    def write(self, expr: Expr) -> tuple[str, int]:
        """Return an expression as text, and how tightly it holds together."""
        if expr in self.written:
            return self.written[expr]
        for kind in type(expr).__mro__:
            method: Callable[[Any], tuple[str, int]] | None = getattr(self, f"of_{kind.__name__}", None)
            if method is not None:
                return method(expr)
        return str(expr), ATOM

    # Pieces that the two languages write in different ways

    def parentheses(self, text: str) -> str:
        """Return text in parentheses."""
        return f"({text})"

    def fraction(self, above: list[Expr], below: list[Expr]) -> str:
        """Return a quotient of products; nothing above is a 1."""
        bottom = self.product(below) if len(below) > 1 else self.inside(below[0], POWER)
        bottom = self.parentheses(bottom) if len(below) > 1 else bottom
        return f"{self.product(above, closed=True) if above else '1'}/{bottom}"

    def power(self, base: str, exponent: Expr) -> str:
        """Return a power."""
        if exponent.is_Integer:
            return base + str(exponent).translate(_SUPERSCRIPTS)
        return f"{base}^{self.inside(exponent, ATOM)}"

    def root(self, expr: Expr) -> str:
        """Return a square root."""
        return f"√{self.inside(expr, ATOM)}"

    def letter(self, name: str) -> str:
        """Return a name: x_0 and x0 as x₀, sigma as σ."""
        if name.startswith("∂"):
            up, _, down = name[1:].partition("/∂")
            return self.partial(up, down)
        head, index = self.parts(name)
        low = index.translate(_SUBSCRIPTS)
        return head + (low if not set(low) & set(index) - {","} else f"_{index}")

    def parts(self, name: str) -> tuple[str, str]:
        """Return a name without its index, and the index."""
        head, _, index = name.rpartition("_") if "_" in name[1:] else (name, "", "")
        if head in self.calls:
            function, argument = self.calls[head]
            return self.function(self.names.get(function, function), self(argument), False), index
        function, bracket, inside = head.partition("(")
        if bracket:  # onehot(y)
            return self.function(function, self.letter(inside[:-1]), False), index
        letters = head.rstrip("0123456789")
        if letters and not index:
            head, index = letters, head.removeprefix(letters)
        return GREEK.get(head, head), index

    def indexed(self, name: str, indices: list[str]) -> str:
        """Return an entry."""
        return f"{name}[{', '.join(indices)}]"

    def sigma(self, index: str, body: str) -> str:
        """Return a sum over an index."""
        low = index.translate(_SUBSCRIPTS)
        return f"Σ{low if low != index else '_' + index} {body}"

    def condition(self, text: str) -> str:
        """Return 1 where something holds, else 0."""
        return f"[{text}]"

    def word(self, text: str) -> str:
        """Return a word between two conditions."""
        return f" {text} "

    def cases(self, pairs: list[tuple[str, str]]) -> str:
        """Return an expression by cases."""
        return "(" + ", ".join([f"{value} if {when}" if when else f"else {value}" for value, when in pairs]) + ")"

    def ones(self) -> str:
        """Return the vector of ones."""
        return "𝟏"

    def partial(self, up: str, down: str, indices: Sequence[Expr] = ()) -> str:
        """Return a derivative; by an entry, if there are indices."""
        return f"∂{self.letter(up)}/∂{self.entry(down, indices)}"

    def entry(self, name: str, indices: Sequence[Expr]) -> str:
        """Return a name, and its indices if there are any."""
        return self.indexed(self.letter(name), list(map(self, indices))) if indices else self.letter(name)

    def times(self, texts: list[str]) -> str:
        """Return the factors of a chain behind each other."""
        return " · ".join(texts)

    def chain(self, values: list[Expr]) -> str:
        """Return the values of a chain: only the first may begin with a minus that stands before all of it."""
        values = [value for value in values if value != 1] or values[:1]
        texts = [self.inside(value, PRODUCT) for value in values]
        if not values[0].is_Add or self.terms(values[0].args)[0]:
            texts[0] = self(values[0])
        return self.times(texts)

    # Numbers and letters

    def of_Symbol(self, expr: Expr) -> tuple[str, int]:
        """Return a symbol."""
        return self.letter(expr.name), PRODUCT if expr.name.startswith("∂") else ATOM

    def of_MatrixSymbol(self, expr: Expr) -> tuple[str, int]:
        """Return a matrix."""
        return self.letter(expr.name), POWER if expr.name.startswith("∂") else ATOM

    def of_Integer(self, expr: Expr) -> tuple[str, int]:
        """Return a whole number."""
        return (str(expr), ATOM) if expr >= 0 else (f"{self.minus}{-expr}", SUM)

    def of_Rational(self, expr: Expr) -> tuple[str, int]:
        """Return a fraction; one that was a decimal, as a decimal again."""
        sign = self.minus if expr < 0 else ""
        number = abs(expr)
        if is_decimal(number):
            return sign + self.decimal(number), SUM if sign else POWER
        return sign + self.fraction([sympy.Integer(number.p)], [sympy.Integer(number.q)]), SUM if sign else PRODUCT

    def decimal(self, number: Expr) -> str:
        """Return a decimal, of a power of ten the power."""
        tens = len(str(number.q)) - 1
        if number.p == 1 and number.q == 10**tens:
            return self.power("10", sympy.Integer(-tens))
        return f"{float(number):.12g}"

    def of_Pi(self, expr: Expr) -> tuple[str, int]:
        """Return π."""
        return self.letter("pi"), ATOM

    def of_Exp1(self, expr: Expr) -> tuple[str, int]:
        """Return e, which is also what losses are called."""
        return self.function("exp", "1", False), ATOM

    def of_Infinity(self, expr: Expr) -> tuple[str, int]:
        """Return ∞."""
        return self.infinite, ATOM

    def of_NegativeInfinity(self, expr: Expr) -> tuple[str, int]:
        """Return −∞."""
        return self.minus + self.infinite, SUM

    def of_Indexed(self, expr: Expr) -> tuple[str, int]:
        """Return an entry of an array."""
        return self.indexed(self.letter(expr.base.label.name), [self(i) for i in expr.indices]), ATOM

    # Sums and products

    def of_Add(self, expr: Expr) -> tuple[str, int]:
        """Return a sum: see `terms`."""
        flipped, terms = self.terms(expr.args)
        text = ""
        for sign, above, below in terms:
            part = self.quotient(above, below)
            text += f" {self.minus if sign < 0 else '+'} {part}" if text else (self.minus if sign < 0 else "") + part
        return (self.minus + self.parentheses(text), SUM) if flipped else (text, SUM)

    def of_Mul(self, expr: Expr) -> tuple[str, int]:
        """Return a product, with one fraction bar."""
        sign, above, below = self.signed(expr)
        text = self.quotient(above, below)
        return (self.minus + text, SUM) if sign < 0 else (text, PRODUCT)

    def quotient(self, above: list[Expr], below: list[Expr]) -> str:
        """Return a product over a product."""
        if below:
            return self.fraction(above, below)
        return self.product(above) if above else "1"

    def product(self, factors: list[Expr], closed: bool = False) -> str:
        """Return factors behind each other; ln x in parentheses if more follows: w·ln x, but (ln x)·w, (ln x)/w."""
        matrices = [f for f in factors if isinstance(f, sympy.MatrixExpr)]
        if len(matrices) == 1 and isinstance(matrices[0], sympy.OneMatrix):  # all of whose entries are the same number
            factors = [f for f in factors if f not in matrices]
        texts = [self.inside(f, POWER if f in matrices and len(factors) > 1 else PRODUCT) for f in factors]
        for i, f in enumerate(factors if closed else factors[:-1]):
            if isinstance(f, sympy.log | sympy.loggamma) and self.write(f)[1] < ATOM:
                texts[i] = self.parentheses(texts[i])
        return self.dot.join(texts) or "1"

    def of_Pow(self, expr: Expr) -> tuple[str, int]:
        """Return a power, a root or a quotient."""
        if coefficient(expr.exp) < 0:
            return self.of_Mul(expr)
        if expr.exp == sympy.Rational(1, 2):
            return self.root(expr.base), ATOM
        turned = expr.exp.is_even and expr.base.is_Add and self.turns(expr.base.args)
        return self.power(self.inside(-expr.base if turned else expr.base, ATOM), expr.exp), POWER

    # Functions

    def function(self, name: str, arguments: str, alone: bool) -> str:
        """Return a function of something: ln o, ln(1 − o)."""
        return f"{name} {arguments}" if alone and name == "ln" else f"{name}({arguments})"

    def of_Function(self, expr: Expr) -> tuple[str, int]:
        """Return a function by its name."""
        name = expr.func.__name__
        alone = len(expr.args) == 1 and self.write(expr.args[0])[1] == ATOM
        text = self.function(self.names.get(name, name), ", ".join(map(self, expr.args)), alone)
        return text, POWER if " " in text.partition("(")[0] else ATOM

    of_Application = of_Function

    def of_Abs(self, expr: Expr) -> tuple[str, int]:
        """Return |x|."""
        return f"|{self(expr.args[0])}|", ATOM

    def of_Heaviside(self, expr: Expr) -> tuple[str, int]:
        """Return [x > y] for a step at x − y."""
        terms = sympy.Add.make_args(expr.args[0])
        minus = [t for t in terms if coefficient(t) < 0]
        plus = sympy.Add(*[t for t in terms if t not in minus])
        return self.condition(f"{self(plus)} > {self(-sympy.Add(*minus))}"), ATOM

    def of_KroneckerDelta(self, expr: Expr) -> tuple[str, int]:
        """Return [k = m]."""
        i, j = sorted(expr.args, key=lambda a: not a.is_Symbol)
        return self.condition(f"{self(i)} = {self(j)}"), ATOM

    def of_Relational(self, expr: Expr) -> tuple[str, int]:
        """Return a comparison."""
        sign = {"==": "=", "!=": "≠", ">=": ">", "<=": "<"}.get(expr.rel_op, expr.rel_op)
        return f"{self(expr.lhs)} {sign} {self(expr.rhs)}", SUM

    def of_Or(self, expr: Expr) -> tuple[str, int]:
        """Return a > b or a > c."""
        return self.word("or").join(map(self, expr.args)), SUM

    def of_And(self, expr: Expr) -> tuple[str, int]:
        """Return a > b and a > c."""
        return self.word("and").join(map(self, expr.args)), SUM

    def of_Piecewise(self, expr: Expr) -> tuple[str, int]:
        """Return an expression by cases; one that is 0 otherwise, as a product with [condition]."""
        (value, when), *others = expr.args
        if [pair.args for pair in others] == [(0, sympy.true)]:
            condition = self.condition(self(when))
            return (condition, ATOM) if value == 1 else (self.inside(value, PRODUCT) + self.dot + condition, PRODUCT)
        return self.cases([(self(v), "" if c == sympy.true else self(c)) for v, c in expr.args]), ATOM

    def of_Sum(self, expr: Expr) -> tuple[str, int]:
        """Return Σ."""
        text = self.inside(expr.function, PRODUCT)
        for index, *_ in expr.limits:
            text = self.sigma(self(index), text)
        return text, PRODUCT

    # Matrices

    def of_MatrixBase(self, expr: Expr) -> tuple[str, int]:
        """Return a matrix of numbers for lengths, row by row; a column as a list."""
        rows = [", ".join(map(self, expr.row(i))) for i in range(expr.rows)]
        return "[" + ", ".join(rows if expr.cols == 1 else [f"[{row}]" for row in rows]) + "]", ATOM

    def of_NDimArray(self, expr: Expr) -> tuple[str, int]:
        """Return an array of more axes."""
        return "[" + ", ".join([self(part) for part in expr]) + "]", ATOM

    def of_MatAdd(self, expr: Expr) -> tuple[str, int]:
        """Return a sum of matrices."""
        return self.of_Add(expr)

    def of_MatMul(self, expr: Expr) -> tuple[str, int]:
        """Return a product of matrices, with numbers before and below it."""
        return self.of_Mul(expr)

    def of_HadamardProduct(self, expr: Expr) -> tuple[str, int]:
        """Return products and quotients element by element."""
        inverse = [f for f in expr.args if isinstance(f, sympy.HadamardPower) and coefficient(f.exp) < 0]
        rest = [f for f in expr.args if f not in inverse]
        place: Callable[[Expr], Any] = lambda f: (not is_cotangent(f), isinstance(f, sympy.MatAdd), *self.rank(f))
        text = self.had.join([self.inside(f, POWER) for f in sorted(rest, key=place)]) or self.ones()
        for f in sorted(inverse, key=place):
            text += self.over + self.inside(sympy.HadamardPower(f.base, -f.exp), POWER)
        return text, PRODUCT

    def of_HadamardPower(self, expr: Expr) -> tuple[str, int]:
        """Return a power of every element."""
        if coefficient(expr.exp) < 0:
            return self.of_HadamardProduct(sympy.HadamardProduct(expr, evaluate=False))
        if expr.exp == 1:
            return self.write(expr.base)
        if expr.exp == sympy.Rational(1, 2):
            return self.root(expr.base), ATOM
        if expr.exp == 2:
            return self.had.join([self.inside(expr.base, POWER)] * 2), PRODUCT
        return self.power(self.inside(expr.base, ATOM) + "∘", expr.exp), POWER

    def of_Transpose(self, expr: Expr) -> tuple[str, int]:
        """Return Xᵀ."""
        return self.transpose(expr.arg), ATOM

    def transpose(self, expr: Expr) -> str:
        """Return a matrix with a sign that it is transposed."""
        text, tightness = self.write(expr)
        return (text if tightness == ATOM else self.parentheses(text)) + self.transposed

    def of_OneMatrix(self, expr: Expr) -> tuple[str, int]:
        """Return ones: the number 1 in place of a matrix of them, a vector 𝟏."""
        rows, columns = expr.shape
        if 1 not in (rows, columns):
            return "1", ATOM
        return self.ones() + (self.transposed if rows == 1 and columns != 1 else ""), ATOM

    def of_Identity(self, expr: Expr) -> tuple[str, int]:
        """Return I."""
        return "I", ATOM

    def of_DiagMatrix(self, expr: Expr) -> tuple[str, int]:
        """Return the diagonal matrix of a vector."""
        return self.function("diag", self(expr.args[0]), False), ATOM

    def of_ElementwiseApplyFunction(self, expr: Expr) -> tuple[str, int]:
        """Return a function of every element."""
        (x,) = expr.function.variables
        self.written[x] = self.write(expr.expr)
        return self.write(expr.function.expr)
