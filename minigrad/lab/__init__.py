"""The laboratory: what was derived by hand beside what the machine derives.

Read `by_hand`, `by_autodiff`, `derivations`, `report`, in this order.
"""

from . import derivations
from .derivations import DERIVATIONS, Derivation, Result

__all__ = ["DERIVATIONS", "Derivation", "Result", "derivations"]
