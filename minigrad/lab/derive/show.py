"""How a derivation is shown: as text, in LaTeX, in notebooks. Read next: `latex.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..explain.page import WIDTH, broken
from .algebra import Expr, sympy
from .latex import LatexWriter
from .matrix import split
from .write import Writer

if TYPE_CHECKING:
    from .derivation import Step

Path = list[tuple[str, str, Expr]]  # e, o, ∂e/∂o; o, z, ∂o/∂z; …

PATHS = 3  # a sum of more products of derivatives than this is shown step by step


class Shown:
    """Shows a derivation."""

    of: str
    by: str
    steps: list[Step]
    means: dict[str, Expr]
    order: dict[str, int]
    calls: dict[str, tuple[str, Expr]]
    indices: dict[Expr, tuple[Expr, ...]]
    result: Expr

    def __str__(self) -> str:
        writer = Writer(self.order, self.calls)
        lines = []
        for left, rights in self.lines(writer):
            first, *others = [_row_by_row(right, len(left) + 3) for right in dict.fromkeys(rights)]
            lines.append(f"{left} = {first}")
            lines += [f"{' ' * len(left)} = {other}" for other in others]
        if shapes := self.shapes():
            lines.append(shapes)
        if self.means:
            meant = [f"{writer.entry(n, self.indices.get(m, ()))} = {writer(m)}" for n, m in self.means.items()]
            lines.append("with " + ", ".join(meant))
        return "\n".join([broken(line) for text in lines for line in text.split("\n")])

    __repr__ = __str__

    def latex(self) -> str:
        """Return the derivation in LaTeX: an `aligned` environment, for between $$ and $$."""
        rows = [f"{left} &= {right}" for left, right in self._latex_rows()]
        return "\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}"

    def equations(self) -> list[str]:
        """Return the derivation in LaTeX, one line each, for those who know no `aligned`, as matplotlib."""
        return [f"{left} = {right}" for left, right in self._latex_rows()]

    def _latex_rows(self) -> list[tuple[str, str]]:
        """Return what stands left and right of the equals signs: the chain, then what its names mean."""
        writer = LatexWriter(self.order, self.calls)
        rows = [
            ("" if i else left, right)
            for left, rights in self.lines(writer)
            for i, right in enumerate(dict.fromkeys(rights))
        ]
        return rows + [(writer.entry(n, self.indices.get(m, ())), writer(m)) for n, m in self.means.items()]

    def _repr_latex_(self) -> str:
        return f"$$\n{self.latex()}\n$$"

    def lines(self, writer: Writer) -> list[tuple[str, list[str]]]:
        """Return what stands left of the equals signs, and behind each of them."""
        paths = self.paths()
        last = self.steps[-1]
        if not paths:
            return [
                (writer.partial(self.of, step.name, self.indices.get(step.result, ())), self.rights(step, writer))
                for step in self.steps
            ]
        left = writer.partial(self.of, self.by)
        if all(len(path) == 1 for path in paths):
            return [(left, [writer(last.by_next), writer(last.result)])]
        names = [[writer.partial(up, down) for up, down, _ in path] for path in paths]
        values = [writer.chain([value for *_, value in path]) for path in paths]
        return [(left, [" + ".join(map(writer.times, names)), " + ".join(values), writer(last.result)])]

    def rights(self, step: Step, writer: Writer) -> list[str]:
        """Return a step in terms of the next, and written out: on the way only where that is no longer.

        An entry is not the matrix it stands in: of the two only the latter is shown if but one of them is an entry.
        """
        if (step.by_next in self.indices) != (step.result in self.indices):
            return [writer(step.result)]
        texts = [writer(step.by_next), writer(step.result)]
        return texts if step is self.steps[-1] or len(texts[1]) < len(texts[0]) else texts[:1]

    def paths(self) -> list[Path]:
        """Return every way from e to a name, as local derivatives; none if they are many, or not of single numbers."""
        found: dict[str, list[Path]] = {self.of: [[]]}
        for step in self.steps:
            found[step.name] = [
                [*path, (up, step.name, value)] for up, value in step.factors.items() for path in found[up]
            ]
            if step.shape or len(found[step.name]) > PATHS:
                return []
        return found[self.by]

    def shapes(self) -> str:
        """Return the shapes of the factors of a product of matrices: K×D = (K×N)·(N×D)."""
        if not isinstance(self.result, sympy.MatMul):
            return ""
        factors = split(self.result)[1]
        if len(factors) < 2:
            return ""
        text = "·".join([f"({_shape(f)})" for f in factors])
        return f"      {_shape(self.result)} = {text}"


def _row_by_row(text: str, indent: int) -> str:
    """Return a matrix with its rows below each other, if they have no room in a line."""
    if indent + len(text) <= WIDTH or not text.startswith("[["):
        return text
    return text.replace("], [", f"],\n{' ' * (indent + 1)}[")


def _shape(matrix: Expr) -> str:
    return "×".join(map(str, matrix.shape))
