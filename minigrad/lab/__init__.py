"""The laboratory: it derives, checks, explains and shows derivatives.

`notes/` holds the derivations of the study notes, by hand and by machine; `graph` lays out a recorded graph, on
which the others stand.
"""

from ..engine import annotate
from .check import check, compare
from .derive import derive, symbols
from .exercises import exercise, grade
from .explain import explain, lint, why
from .notes import DERIVATIONS, Derivation, Result, derivations
from .show import draw, steps, to_html

__all__ = [
    "DERIVATIONS",
    "Derivation",
    "Result",
    "annotate",
    "check",
    "compare",
    "derivations",
    "derive",
    "draw",
    "exercise",
    "explain",
    "grade",
    "lint",
    "steps",
    "symbols",
    "to_html",
    "why",
]
