"""One row for every primitive, and for every public function made of primitives: what the laws run over.

`row` says what a row is; the other files hold the rows of the file of `minigrad/ops` they are named after. The laws
are in `test_laws.py`; a new operation needs a row here and no test.
"""

from . import elementwise, linalg, nn, reduce, shape
from .row import PAIRS, SHAPES, Case, Point, Sample, reals

ROWS = [*elementwise.ROWS, *shape.ROWS, *reduce.ROWS, *linalg.ROWS, *nn.ROWS]

__all__ = ["PAIRS", "ROWS", "SHAPES", "Case", "Point", "Sample", "elementwise", "nn", "reals"]
