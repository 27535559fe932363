"""`{derivation} N4`: a row of the notes, evaluated by hand and by the library while the pages are built.

The page shows the hand's own code, the values of both at the notes' points, the largest difference over those and
the random ones, and the verdict. A row that disagrees fails the build. `{erratum} E1` shows both versions of a slip:
as the notes print it, and as the algebra has it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from docutils import nodes
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

from minigrad.lab.notes import DERIVATIONS, derivations, facts

from .pieces import Cell, code, literal, paragraph, table

SHOWN = 4  # elements of an array that are shown; all are compared


def _find(rows: Iterable[Any], wanted: str, where: str) -> Any:
    known = {row.id: row for row in rows}
    if wanted not in known:
        raise ExtensionError(f"{where}: there is no {wanted!r}, but {', '.join(known)}")
    return known[wanted]


def evaluate(row: Any) -> Any:
    """Return what came of a row, or raise where its two sides part."""
    result = derivations.check(row)
    if not result.agrees:
        raise ExtensionError(facts.disagreement(result))
    return result


def _lines(texts: Iterable[str]) -> list[nodes.Node]:
    return [paragraph(literal(text)) for text in texts]


def _row(entry: Any) -> list[Cell]:
    """Return a formula, the points its values belong to where they are several, both values, and their difference."""
    labels = [label for label, _, _ in entry.values if label]
    sides = [[facts.short(value[side]) for value in entry.values] + ["…"] * (entry.left_out > 0) for side in (1, 2)]
    blank = [" "] * bool(labels)  # beside the formula, above the points
    formula = _lines([entry.formula, *labels])
    largest = f"{entry.difference.relative:.0e}" if entry.difference.relative else "0"
    return [formula, *(_lines(blank + side) for side in sides), _lines([largest])]


class Derivation(SphinxDirective):
    """The directive for rows."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the row's title, code, values and verdict."""
        row = _find(DERIVATIONS, self.arguments[0], self.get_location())
        result = evaluate(row)
        box = nodes.container(classes=["derivation"])
        box += paragraph(nodes.strong("", row.id), f"  {row.title}")
        box += code(row.source)
        box += paragraph(f"{facts.where(row)}:")
        heads = ["formula", "by hand", row.against, "difference"]
        box += table(heads, [_row(entry) for entry in facts.entries(result, SHOWN)])
        box += paragraph(nodes.strong("", "Agrees."), f" {facts.compared(result)}", classes=["verdict"])
        if row.remark:
            box += paragraph(row.remark, classes=["verdict"])
        return [nodes.target("", "", ids=[row.id.lower()]), box]


class Erratum(SphinxDirective):
    """The directive for slips of the notes."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return both versions, evaluated."""
        slip = _find(derivations.ERRATA, self.arguments[0], self.get_location())
        rows: list[list[Cell]] = [
            [paragraph(nodes.emphasis("", "as written")), literal(slip.note), literal(slip.algebra)]
        ]
        rows += [[value.what, facts.precise(value.note), facts.precise(value.algebra)] for value in slip.evaluate()]
        return [table(["", "the note", "the algebra"], rows, ["erratum"])]


def setup(app: Any) -> dict[str, bool]:
    """Register both directives."""
    app.add_directive("derivation", Derivation)
    app.add_directive("erratum", Erratum)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
