"""The laboratory: it derives, checks, explains and shows derivatives.

`notes/` holds the derivations of the study notes, by hand and by machine; `graph` lays out a recorded graph, on
which the others stand.
"""

from ..engine import annotate
from .notes import DERIVATIONS, Derivation, Result, derivations

__all__ = ["DERIVATIONS", "Derivation", "Result", "annotate", "derivations"]
