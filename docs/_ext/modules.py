"""`{modules} minigrad.engine`: the files of a package, each with what it says of itself and what one learns there.

    ```{modules} minigrad.engine
    node: Why a graph without cycles frees itself.
    ```

The order is the one that the files themselves propose: each says what to read next. A file that is given a lesson here
and is not there fails the build.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

from .pieces import literal, paragraph, table

ROOT = Path(__file__).resolve().parents[2]
_NEXT = re.compile(r"[Rr]ead next: `([\w./]+)`")


def docstring(path: Path) -> str:
    """Return the docstring of a file, on one line."""
    return (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").replace("\n", " ")


def purpose(path: Path) -> str:
    """Return what a file is for: the first paragraph of its docstring, without what to read next."""
    return re.split(r"  | Read next:", docstring(path))[0].replace("``", "`")


def files(package: str) -> dict[str, Path]:
    """Return the files of a package by name, without `__init__`; of the module itself if it is one."""
    path = ROOT.joinpath(*package.split("."))
    if not path.is_dir():
        return {path.name: path.with_suffix(".py")}
    found = {str(file.relative_to(path).with_suffix("")): file for file in sorted(path.rglob("*.py"))}
    return {name: file for name, file in found.items() if file.stem != "__init__"}


def in_order(there: dict[str, Path]) -> list[str]:
    """Return the names in the order in which the files send a reader on.

    A way begins with a file that no other points to, and ends where it leaves the package or comes back. The longest
    way is the first.
    """
    after = {name: _next(path, there) for name, path in there.items()}

    def way(name: str | None) -> list[str]:
        found: list[str] = []
        while name is not None and name not in found:
            found.append(name)
            name = after[name]
        return found

    heads = [name for name in there if name not in after.values()]
    ways = sorted(map(way, heads), key=len, reverse=True)
    return list(dict.fromkeys([*(name for found in ways for name in found), *there]))


def _next(path: Path, there: dict[str, Path]) -> str | None:
    """Return the file of the package that a file names as the next to read, from its own folder or from the root."""
    found = _NEXT.search(docstring(path))
    named = {(folder / found[1]).resolve() for folder in (path.parent, ROOT)} if found else set()
    return next((name for name, other in there.items() if other in named), None)


class Modules(SphinxDirective):
    """The directive."""

    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return a table: file, lines, what it is for."""
        package = self.arguments[0]
        there = files(package)
        lessons = {name.strip(): lesson.strip() for name, _, lesson in (x.partition(":") for x in self.content)}
        absent = sorted(set(lessons) - set(there))
        if absent:
            raise ExtensionError(f"{self.get_location()}: {package} has no file {', '.join(absent)}")
        rows = []
        for name in in_order(there):
            self.env.note_dependency(str(there[name]))
            lines = there[name].read_text(encoding="utf-8").count("\n")
            said = [paragraph(purpose(there[name]))]
            if name in lessons:
                said.append(paragraph(lessons[name], classes=["lesson"]))
            rows.append([literal(name), str(lines), said])
        return [table(["file", "lines", "what it is for"], rows, ["modules"])]


def setup(app: Any) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("modules", Modules)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
