"""Refuse built pages that would ask the network for anything: a script, a style, a font, a picture, a frame.

Links that a reader may follow (`<a href=…>`) are let stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from sphinx.errors import ExtensionError

_LOADING = {"script": "src", "link": "href", "img": "src", "iframe": "src", "source": "src", "object": "data"}
_REMOTE = re.compile(r"(https?:)?//", re.IGNORECASE)
_STYLE = re.compile(r"(?:url\(|@import)\s*['\"]?((?:https?:)?//[^'\")\s]+)", re.IGNORECASE)


class _Page(HTMLParser):
    """Collects the addresses that a browser would load with a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take note of what the tag loads, and of what its style does."""
        values = dict(attrs)
        loaded = [values.get(_LOADING.get(tag, "")), *(values.get("srcset") or "").split(",")]
        self.found += [a.strip() for a in loaded if a and _REMOTE.match(a.strip())]
        self.found += _STYLE.findall(values.get("style") or "")


def remote_sources(text: str) -> list[str]:
    """Return the addresses on other machines that a page or a style sheet loads.

    >>> remote_sources('<script src="//cdn.org/a.js"></script> <a href="http://a.org">a</a> <img src="b.png">')
    ['//cdn.org/a.js']
    >>> remote_sources("@import url(https://fonts.org/c.css);")
    ['https://fonts.org/c.css']
    """
    page = _Page()
    page.feed(text)
    return page.found + [a for a in _STYLE.findall(text) if a not in page.found]


def _pages(folder: Path) -> Iterator[Path]:
    yield from (path for path in sorted(folder.rglob("*")) if path.suffix in (".html", ".css"))


def _check(app: Any, exception: Exception | None) -> None:
    if exception is not None or app.builder.format != "html":
        return
    for path in _pages(Path(app.outdir)):
        found = remote_sources(path.read_text(encoding="utf-8"))
        if found:
            raise ExtensionError(f"{path}: loads {found[0]}; the pages must be legible without a network")


def setup(app: Any) -> dict[str, bool]:
    """Look through the pages when all are written."""
    app.connect("build-finished", _check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
