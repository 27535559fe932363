"""`{readme} Train a network`: a section of the README, its Python run and its output shown.

So the README need not be copied, and what it promises is seen to hold. Its links to files of the repository become
links to the pages that are made of them, or mere words; its pictures are left out.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

README = Path(__file__).parents[2] / "README.md"
PAGES = {"examples": "/gallery/index", "CONTRIBUTING.md": "/add"}
_PICTURE = re.compile(r"^!\[.*\n", re.MULTILINE)
_LINK = re.compile(r"\[([^\]]+)\]\((?!http)([^)]+)\)")


def section(title: str) -> str:
    """Return what stands under a heading of the README, as a page may have it."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", README.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    if not found:
        raise ExtensionError(f"{{readme}} {title}: the README has no such heading")
    text = _LINK.sub(_page, _PICTURE.sub("", found[1]))
    return text.strip().replace("```python\n", "```{run}\n") + "\n"


def _page(link: re.Match[str]) -> str:
    text, file = link.groups()
    return f"{{doc}}`{text} <{PAGES[file]}>`" if file in PAGES else text


class Readme(SphinxDirective):
    """The directive."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        """Return the section, parsed, with its blocks of Python run."""
        self.env.note_dependency(str(README))
        return self.parse_text_to_nodes(section(self.arguments[0]))


def setup(app: Any) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("readme", Readme)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
