"""How the story of a derivative reads: the chain with its numbers, then every step with its contributions.

For a logistic unit it is the chain of the notes (N4) with numbers in it. Read next: `telling.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from ...errors import describe
from .local import LATEX, operand_text
from .page import Page, number
from .way import Term, Way, spot

_SHOWN = 4  # terms of a sum, and groups at either end of a folded story


@dataclass(eq=False)
class Step:
    """The derivative of the loss by one element of one value, as the sum of its contributions.

    Attributes
    ----------
    name : of the element
    value : the derivative
    terms : what adds up to it, the largest first; empty where the rule could not be taken apart
    node : that made the value; None for the tensor that was asked about
    module : its path, "" outside modules
    title : of the module
    line : the user's, that used the value
    """

    name: str
    value: float
    terms: list[Term]
    node: Any
    module: str = ""
    title: str = ""
    line: str = ""


@dataclass(eq=False)
class Story(Page):
    """How ∂loss/∂wrt comes about.

    Attributes
    ----------
    loss, wrt : their names
    element : the index whose derivative is followed
    value : ∂loss/∂wrt[element]
    gradient : ∂loss/∂wrt, an array of the shape of wrt
    chain : names of the values every path passes, from the loss to wrt
    factors : the derivative of each by the next, where all of them are single numbers; else empty
    steps : see `Step`, from the loss to wrt
    users : names of the results that are computed from wrt itself
    """

    loss: str
    wrt: str
    element: tuple[int, ...]
    value: float
    gradient: Any
    chain: list[str]
    factors: list[float]
    steps: list[Step]
    users: list[str] = field(default_factory=list)
    sizes: list[tuple[str, str, float]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    way: Any = field(default=None, repr=False)
    fold: bool = True

    def lines(self) -> list[tuple[str, str]]:
        """Return the story line by line, each with its kind."""
        left = f"∂{self.loss}/∂{self.wrt}"
        lines = [("head", f"{left}, {describe(self.gradient)}")]
        rights = self._chain(lambda a, b: f"∂{a}/∂{b}", " · ", "…", number)
        lines += [("text", "")] * bool(rights)
        lines += [("code", f"{' ' * len(left) if i else left} = {right}") for i, right in enumerate(rights)]
        if not self.factors and self.sizes:
            lines += self._sizes()
        lines += [("text", ""), ("head", f"From {self.loss} back to {spot(self.wrt, self.element)}")]
        lines += self._steps()
        return lines + ([("text", "")] if self.notes else []) + [("note", note) for note in self.notes]

    def _chain(self, d: Callable[[str, str], str], times: str, dots: str, write: Callable[[float], str]) -> list[str]:
        """Return the right sides of ∂loss/∂wrt: products of derivatives, then their numbers if they are single ones.

        Where paths meet nowhere in between, it is the sum over all that use wrt.
        """
        pairs = list(pairwise(self.chain))
        folded = self.fold and len(pairs) > 8
        if len(pairs) > 1:
            rights = [times.join(_ends([d(a, b) for a, b in pairs], folded, dots))]
            if self.factors:
                rights.append(times.join(_ends([f"({write(f)})" for f in self.factors], folded, dots)))
        else:
            terms = [d(self.loss, name) + times + d(name, self.wrt) for name in self.users if name != self.loss]
            terms += [d(self.loss, self.wrt)] if len(terms) < len(self.users) else []
            rights = [" + ".join(_ends(terms, len(terms) > 8, dots))] if len(terms) > 1 else []
        return [*rights, *([write(self.value)] if self.factors else [])]

    def _sizes(self) -> list[tuple[str, str]]:
        width = max(len(name) for name, _, _ in self.sizes) + len(self.loss) + 3
        rows = [("text", ""), ("note", f"{'':{width}}  {'shape':18} root mean square")]
        table = self.sizes if len(self.sizes) <= 12 or not self.fold else [*self.sizes[:5], None, *self.sizes[-5:]]
        for row in table:
            if row is None:
                rows.append(("note", f"… {len(self.sizes) - 10} more"))
            else:
                rows.append(("text", f"{f'∂{self.loss}/∂{row[0]}':{width}}  {row[1]:18} {number(row[2], 3)}"))
        return rows

    def _groups(self) -> list[list[Step]]:
        groups: list[list[Step]] = []
        for step in self.steps:
            if groups and groups[-1][0].module == step.module:
                groups[-1].append(step)
            else:
                groups.append([step])
        return groups

    def _steps(self) -> list[tuple[str, str]]:
        groups, lines = self._groups(), []
        last = ""
        if len(groups) == 1 and len(self.steps) > 4 * _SHOWN:
            groups = [[step] for step in self.steps]
        middle = range(_SHOWN, len(groups) - _SHOWN) if self.fold and len(groups) > 2 * _SHOWN + 1 else range(0)
        for i, group in enumerate(groups):
            if i in middle:
                if i == middle[0]:
                    lines.append(("note", "  " + self._folded([groups[k] for k in middle])))
                continue
            if group[0].module:
                lines.append(("head", f"  {group[0].title}"))
            for step in group:
                lines += [(kind, "  " * (1 + bool(step.module)) + text) for kind, text in self._step(step, last)]
                last = step.line
        return lines

    def _folded(self, groups: list[list[Step]]) -> str:
        first, last = groups[0][0], groups[-1][-1]
        count = sum(map(len, groups))
        places = f"{first.module} … {last.module}: " if first.module and last.module else ""
        return (
            f"… {places}{count} operations, through which the derivative goes from {number(first.value, 3)} to "
            f"{number(last.value, 3)}; explain(…, fold=False) shows them"
        )

    def _step(self, step: Step, last: str) -> list[tuple[str, str]]:
        left = f"∂{self.loss}/∂{step.name}"
        lines = []
        if len(step.terms) == 1:
            lines.append(("code", f"{left} = {self._term(step.terms[0])} = {number(step.value)}"))
        elif step.terms:
            used = len({t.node for t in step.terms})
            what = f"used by {used} operations" if used > 1 else f"a sum of {len(step.terms)} terms"
            lines.append(("code", f"{left} = {number(step.value)}, {what}"))
            top = step.terms[: _SHOWN + 1] if len(step.terms) == _SHOWN + 1 else step.terms[:_SHOWN]
            texts = [(self._term(t), t.product) for t in top]
            if len(top) < len(step.terms):
                rest = sum(t.product for t in step.terms[len(top) :])
                texts.append((f"{len(step.terms) - len(top)} more terms", rest))
            width = max(len(text) for text, _ in texts)
            lines += [("text", f"    + {text:{width}} = {number(product)}") for text, product in texts]
        else:
            lines.append(("code", f"{left} = {number(step.value)}"))
        return lines + ([("note", f"    {step.line}")] if step.line not in ("", last) else [])

    def _term(self, term: Term) -> str:
        way: Way = self.way
        name = self.loss if term.node is way.graph.output._node else way.label(term.node)
        upper = spot(name, term.at)
        words = operand_text(way, term)
        local = f"{words} = {number(term.local)}" if words and words != number(term.local) else number(term.local)
        return f"∂{self.loss}/∂{upper} · [{local}] = ({number(term.cotangent)})({number(term.local)})"

    def latex(self) -> str:
        r"""Return the chain in LaTeX, as an `aligned` block without dollars: names, then numbers."""

        def d(a: str, b: str) -> str:
            return rf"\frac{{\partial {_tex(a)}}}{{\partial {_tex(b)}}}"

        rights = self._chain(d, r" \cdot ", r"\cdots", _number)
        rows = [f"{'' if i else d(self.loss, self.wrt)} &= {right}".lstrip() for i, right in enumerate(rights)]
        if not self.factors:
            rows.append(f"{d(self.loss, spot(self.wrt, self.element))} &= {_number(self.value)}")
        return r"\begin{aligned}" + r" \\ ".join(rows) + r"\end{aligned}"

    def _repr_markdown_(self) -> str:
        return f"$${self.latex()}$$\n\n```text\n{self}\n```"

    _repr_html_ = None  # type: ignore[assignment]  # notebooks prefer HTML, and the formula is wanted

    def __repr__(self) -> str:
        return f"<Story: ∂{self.loss}/∂{self.wrt}, {len(self.steps)} steps>"


def _ends(texts: list[str], folded: bool, dots: str) -> list[str]:
    return [*texts[:3], dots, *texts[-3:]] if folded else texts


def _tex(name: str) -> str:
    if len(name) == 1:
        return name
    return r"\mathrm{" + "".join(LATEX.get(c, c) for c in name) + "}"


def _number(x: float) -> str:
    text = number(x).replace("−", "-")
    mantissa, e, power = text.partition("e")
    return mantissa + (rf" \times 10^{{{int(power)}}}" if e else "")
