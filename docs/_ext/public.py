"""`.. public:: minigrad.nn`: the reference of every public name of a package, grouped by the file it lives in.

Names come from `__all__`, or are what the file itself defines; texts come from docstrings. Of a class are shown the
members that it does not take from a base.
"""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective

from minigrad.errors import describe


def public(package: str) -> dict[str, list[tuple[str, Any]]]:
    """Return the public names of a package and what they stand for, by the module that defines them."""
    module = importlib.import_module(package)
    own = [
        name for name, value in vars(module).items() if getattr(value, "__module__", "") == package and name[0] != "_"
    ]
    groups: dict[str, list[tuple[str, Any]]] = {}
    for name in getattr(module, "__all__", own):
        value = getattr(module, name)
        if not isinstance(value, ModuleType) and name != "__version__":
            home = getattr(value, "__module__", package)
            groups.setdefault(home if home.startswith("minigrad") else package, []).append((name, value))
    return dict(sorted(groups.items(), key=lambda group: list(sys.modules).index(group[0])))


def _members(cls: type) -> list[str]:
    """Return what a class defines and its bases do not: those who override keep to what the base promises."""
    inherited = {name for base in cls.__mro__[1:] for name in vars(base)}
    return [
        name
        for name, value in vars(cls).items()
        if not name.startswith("_") and name not in inherited and inspect.getdoc(value) and not isinstance(value, type)
        and (callable(value) or isinstance(value, property | classmethod | staticmethod))
    ]  # fmt: skip


def _entry(package: str, name: str, value: Any, extra: list[str]) -> Iterator[str]:
    if inspect.isclass(value):
        yield f".. autoclass:: {package}.{name}"
        members = [*_members(value), *[m for m in extra if m in vars(value)]]
        if members:
            yield f"   :members: {', '.join(members)}"
    elif callable(value):
        yield f".. autofunction:: {package}.{name}"
    else:
        yield from (
            f".. py:data:: {name}",
            f"   :module: {package}",
            "",
            f"   ``{describe(value)}``",
        )
    yield ""


def title(module: str) -> str:
    """Return what a module is, in the words before the first stop of its docstring."""
    first = (inspect.getdoc(sys.modules[module]) or module).partition("\n")[0]
    for stop in (":", ".", ","):
        first = first.partition(stop)[0]
    return first.replace("`", "")


class Public(SphinxDirective):
    """The directive. `:show:` names members that are shown although a base has them."""

    required_arguments = 1
    option_spec = {"show": directives.unchanged}  # noqa: RUF012

    def run(self) -> list[nodes.Node]:
        """Return a section for each module."""
        package, extra = self.arguments[0], self.options.get("show", "").split()
        lines: list[str] = []
        groups = public(package)
        for module, names in groups.items():
            if len(groups) > 1:
                lines += [title(module), "-" * len(title(module)), ""]
            for name, value in names:
                lines += _entry(package, name, value, extra)
        return self.parse_text_to_nodes("\n".join(lines), allow_section_headings=True)


def setup(app: Any) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("public", Public)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
