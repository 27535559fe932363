"""`lab.derive`: the formula of a derivative, written by the rules that compute it.

Read `algebra`, `elements`, `grid`, `cells`, `array`, `forms` (what formulas are), `walk`, `fold`, `paper` (how they are
derived), `matrix`, `write`, `derivation` (how they are shown), in this order.
"""

from .derivation import Derived, Step, derive
from .forms import form
from .given import symbols

__all__ = ["Derived", "Step", "derive", "form", "symbols"]
