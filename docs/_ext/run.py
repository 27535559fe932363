"""`{run}`: a block of Python that is run while the pages are built, with what it printed beneath.

    ```{run}
    print(1 + 1)
    ```

The blocks of a page share their names, like the cells of a notebook. A block that raises fails the build.
`:silent:` shows the code alone, `:only-output:` the output alone.
"""

from __future__ import annotations

import contextlib
import io
from typing import Any

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

from .pieces import code


def run(text: str, names: dict[str, Any], where: str) -> str:
    """Run a text among `names`, and return what it printed.

    >>> run("print(1 + 1)", {}, "here")
    '2\\n'
    """
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            exec(compile(text, where, "exec"), names)
    except Exception as error:
        raise ExtensionError(f"{where}: the block raised {type(error).__name__}: {error}\n{text}") from error
    return printed.getvalue()


class Run(SphinxDirective):
    """The directive."""

    has_content = True
    option_spec = {"silent": directives.flag, "only-output": directives.flag}  # noqa: RUF012

    def run(self) -> list[nodes.Node]:
        """Return the code and its output."""
        names: Any = self.env.temp_data.setdefault("run_names", {"__name__": "__main__"})
        text = "\n".join(self.content) + "\n"
        printed = run(text, names, self.get_location())
        made = [] if "only-output" in self.options else [code(text)]
        if printed and "silent" not in self.options:
            made.append(code(printed, "none", ["output"]))
        return made


def setup(app: Any) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("run", Run)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
