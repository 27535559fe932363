"""Small pieces of a page that several directives put together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from docutils import nodes

Cell: TypeAlias = str | nodes.Node | Sequence[nodes.Node]


def code(text: str, language: str = "python", classes: Sequence[str] = ()) -> nodes.literal_block:
    """Return a block of highlighted text."""
    text = text.rstrip("\n")
    return nodes.literal_block(text, text, language=language, classes=list(classes))


def literal(text: str) -> nodes.literal:
    """Return a word of code."""
    return nodes.literal(text, text)


def words(text: str) -> list[nodes.Node]:
    """Return a sentence whose `words in backquotes` are code."""
    parts = text.split("`")
    return [literal(part) if i % 2 else nodes.Text(part) for i, part in enumerate(parts) if part]


def paragraph(*parts: str | nodes.Node, classes: Sequence[str] = ()) -> nodes.paragraph:
    """Return a paragraph of texts and nodes."""
    made = nodes.paragraph(classes=list(classes))
    for part in parts:
        made += words(part) if isinstance(part, str) else part
    return made


def table(head: Sequence[str], rows: Iterable[Sequence[Cell | None]], classes: Sequence[str] = ()) -> nodes.table:
    """Return a table. A cell that is None goes on with the cell above it."""
    made = nodes.table(classes=list(classes))
    group = nodes.tgroup(cols=len(head))
    made += group
    group += [nodes.colspec(colwidth=1) for _ in head]
    group += nodes.thead("", _row([_entry(title) for title in head]))
    body = nodes.tbody()
    group += body
    above: list[nodes.entry] = []
    for row in rows:
        entries = [None if cell is None else _entry(cell) for cell in row]
        above = [old if new is None else new for old, new in zip(above or entries, entries, strict=True)]
        for old, new in zip(above, entries, strict=True):
            if new is None:
                old["morerows"] = old.get("morerows", 0) + 1
        body += _row([entry for entry in entries if entry is not None])
    return made


def _row(entries: Sequence[nodes.entry]) -> nodes.row:
    return nodes.row("", *entries)


def _entry(cell: Cell) -> nodes.entry:
    if isinstance(cell, str):
        return nodes.entry("", paragraph(cell))
    parts = [cell] if isinstance(cell, nodes.Node) else list(cell)
    if all(isinstance(part, nodes.Inline | nodes.Text) for part in parts):
        parts = [paragraph(*parts)]
    return nodes.entry("", *parts)
