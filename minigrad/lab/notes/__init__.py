"""The derivations of the study notes, N1–N24 and E1–E6: by hand beside what the machine derives.

Read `by_hand/`, `by_autodiff/`, `errata`, `compare`, `rows/`, `derivations`, then `report` and `page`, in this order.
"""

from . import by_hand, derivations, facts, page, report
from .derivations import DERIVATIONS, Derivation, Result

__all__ = ["DERIVATIONS", "Derivation", "Result", "by_hand", "derivations", "facts", "page", "report"]
