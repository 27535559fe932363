"""The gallery of examples: what sphinx-gallery needs to run them, and to find the pictures that they save.

The examples run from a copy, so that their pictures do not end up in the repository.
`` {example}`03` `` links to the page of examples/03_….py.
"""

from __future__ import annotations

import ast
import builtins
import os
import shutil
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.util import logging
from sphinx.util.docutils import SphinxRole
from sphinx_gallery.scrapers import figure_rst

logger = logging.getLogger(__name__)
EXAMPLES = Path(__file__).parents[2] / "examples"
COPY = Path(__file__).parents[1] / "_build" / "examples"
HEADER = """\
Examples
========

Small programs, each of which answers a question. They ran while these pages were built; pictures and numbers are
theirs.
"""


def title(example: Path) -> str:
    """Return the question that an example answers: the first line of its docstring."""
    return (ast.get_docstring(ast.parse(example.read_text(encoding="utf-8"))) or "").partition("\n")[0]


def copy_examples() -> None:
    """Copy the examples to where they run."""
    shutil.rmtree(COPY, ignore_errors=True)
    COPY.mkdir(parents=True)
    for example in sorted(EXAMPLES.glob("*.py")):
        shutil.copy2(example, COPY)
    (COPY / "GALLERY_HEADER.rst").write_text(HEADER, encoding="utf-8")


def tell_where(gallery_conf: dict[str, Any], name: str | None) -> None:
    """Give the example that runs next its `__file__`, which sphinx-gallery keeps from it: pictures go beside it."""
    if name is not None:
        builtins.__file__ = str(COPY / name)


def saved_pictures(block: Any, block_vars: dict[str, Any], gallery_conf: dict[str, Any]) -> str:
    """Move the pictures that an example has saved beside itself into its page."""
    source = Path(block_vars["src_file"])
    found = []
    for picture in sorted(source.parent.glob(f"{source.stem}*.png")):
        place = str(next(block_vars["image_path_iterator"]))
        os.replace(picture, place)
        found.append(place)
    text: str = figure_rst(found, gallery_conf["src_dir"], title(source))
    return text


class Example(SphinxRole):
    """The role: a link to the page of an example, by its number."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Return the link, its text the question."""
        found = sorted(EXAMPLES.glob(f"{self.text}_*.py"))
        if len(found) != 1:
            logger.warning(
                "{example}`%s`: %d examples have that number", self.text, len(found), location=self.get_location()
            )
            return [nodes.Text(self.text)], []
        link = addnodes.pending_xref(
            "", nodes.inline("", title(found[0])), refdomain="std", reftype="doc", refexplicit=True, refwarn=True,
            refdoc=self.env.docname, reftarget=f"/gallery/{found[0].stem}",
        )  # fmt: skip
        return [link], []


def settings() -> dict[str, Any]:
    """Return the settings of sphinx-gallery."""
    return {
        "examples_dirs": str(COPY),
        "gallery_dirs": "gallery",
        "filename_pattern": r"/\d\d_",
        "within_subsection_order": "FileNameSortKey",
        "image_scrapers": ("_ext.gallery.saved_pictures",),
        "reset_modules": ("_ext.gallery.tell_where",),
        "download_all_examples": False,
        "show_signature": False,
        "min_reported_time": 3600,  # times differ from build to build, and would say little
        "write_computation_times": False,
    }


def setup(app: Any) -> dict[str, bool]:
    """Register the role."""
    app.add_role("example", Example())
    return {"parallel_read_safe": True, "parallel_write_safe": True}
