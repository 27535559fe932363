"""Docstrings as reStructuredText.

Ours are plain text: |x| is an absolute value there, `zeros_` a name and x ** y a power. So nothing in them is markup
but `words in backquotes`, paragraphs, doctests, and sections: a title underlined with dashes, then entries
`name : text`, whose text may go on indented.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Any

_MARKUP = re.compile(r"`+(?P<code>[^`]+)`+(?=(?P<after>\w?))|(?P<sign>[\\*_|])")
_ENTRY = re.compile(r"(?P<name>[\w.*]+(?:, [\w.*]+)*)(?: : (?P<text>.+))?$")


def inline(text: str) -> str:
    r"""Return a text with its code as literals, and everything that would be markup escaped.

    >>> print(inline("|x| of `x_`, or of two `x`s"))
    \|x\| of ``x_``, or of two ``x``\ s
    """

    def mark(found: re.Match[str]) -> str:
        if found["sign"]:
            return "\\" + found["sign"]
        return f"``{found['code']}``" + ("\\ " if found["after"] else "")  # a literal must not touch a letter

    return _MARKUP.sub(mark, text)


def _blocks(lines: list[str]) -> Iterator[list[str]]:
    """Yield the paragraphs: runs of lines that are not empty."""
    block: list[str] = []
    for line in [*lines, ""]:
        if line.strip():
            block.append(line)
        elif block:
            yield block
            block = []


def _entries(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the entries of a section, name and text; a line that is no entry is a text without a name."""
    found: list[tuple[str, str]] = []
    for line in lines:
        entry = _ENTRY.match(line)
        if line.startswith(" ") and found:
            name, text = found.pop()
            found.append((name, f"{text} {line.strip()}".strip()))
        elif entry and (entry["text"] or " " not in line):
            found.append((entry["name"], entry["text"] or ""))
        else:
            found.append(("", line))
    yield from found


def _section(title: str, lines: list[str]) -> list[str]:
    made = [f":{title}:"]
    for name, text in _entries([line for line in lines if line.strip()]):
        entry = [f"``{name}``"] if name else []
        made += ["    " + " : ".join([*entry, inline(text)] if text else entry), ""]
    return made


def _paragraph(block: list[str]) -> list[str]:
    if block[0].lstrip().startswith(">>>"):
        return [*block, ""]
    if block[0].startswith("    "):
        return ["::", "", *[f"    {line}" for line in block], ""]
    return [inline(" ".join(line.strip() for line in block)), ""]


def to_rst(lines: list[str]) -> list[str]:
    """Return the lines of a docstring as reStructuredText."""
    titles = [i for i, line in enumerate(lines[1:]) if line and set(line) == {"-"} and lines[i].strip()]
    starts = [*titles, len(lines)]
    made = [line for block in _blocks(lines[: starts[0]]) for line in _paragraph(block)]
    for start, end in itertools.pairwise(starts):
        # What follows an empty line and is no entry has left the section: doctests, formulas.
        blocks = list(_blocks(lines[start + 2 : end]))
        inside = next((i for i, b in enumerate(blocks) if i and not _continues(b)), len(blocks))
        made += _section(lines[start].strip(), [line for block in blocks[:inside] for line in block])
        made += [line for block in blocks[inside:] for line in _paragraph(block)]
    return made


def _continues(block: list[str]) -> bool:
    return bool(_ENTRY.match(block[0])) and " : " in block[0]


def _process(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    lines[:] = to_rst(lines)


def setup(app: Any) -> dict[str, bool]:
    """Rewrite every docstring that autodoc reads."""
    app.connect("autodoc-process-docstring", _process)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
