"""`{surface}`: every function of `numpy`, `numpy.linalg` and `numpy.fft`, and whether it works on Tensors.

Made of the registry of NumPy's functions and of the table of those that are refused.
"""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

import minigrad as mg
from minigrad.engine import dispatch
from minigrad.ops.refused import numpy_surface

from .pieces import literal, paragraph, table


class Surface(SphinxDirective):
    """Put the two tables."""

    def run(self) -> list[nodes.Node]:
        """Return a count, the functions that work, and the others with the reason."""
        assert mg.linalg and mg.grad  # imports the rest of the operations
        works = [name for name, f in numpy_surface() if f in dispatch.numpy_functions]
        why: dict[str, list[str]] = {}
        for name, f in numpy_surface():
            if f not in dispatch.numpy_functions:
                why.setdefault(dispatch.refused[f], []).append(name)
        listed = nodes.paragraph()
        for name in works:
            listed += [literal(name), nodes.Text(" ")]
        rows = [[_names(names), paragraph(reason)] for reason, names in why.items()]
        count = sum(map(len, why.values()))
        return [
            paragraph(f"{len(works)} of NumPy's functions work on Tensors:"),
            listed,
            paragraph(f"{count} raise a TypeError that says why:"),
            table(["functions", "why, and what to do"], rows),
        ]


def _names(names: list[str]) -> nodes.paragraph:
    listed = nodes.paragraph()
    for name in names:
        listed += [literal(name), nodes.Text(" ")]
    return listed


def setup(app: Any) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("surface", Surface)
    return {"parallel_read_safe": True}
