"""One row for every primitive, and for every public function made of primitives: what the laws run over.

`row` says what a row is; the other files hold the rows of the file of `minigrad/ops` they are named after. The laws
are in `test_laws.py`; a new operation needs a row here and no test.
"""

from . import (
    angles,
    arranging,
    choosing,
    comparisons,
    convolution,
    decompositions,
    determinants,
    elementwise,
    extremes,
    factors,
    indexing,
    interpolation,
    joining,
    kinks,
    least_squares,
    linalg,
    logarithms,
    matrices,
    multiplying,
    nans,
    nn,
    norms,
    products,
    quantiles,
    reduce,
    rounding,
    scans,
    shape,
    softmax,
    solving,
    sorting,
    special,
    statistics,
    updating,
    windows,
)
from .row import PAIRS, SHAPES, Case, Point, Sample, reals

ROWS = [
    *elementwise.ROWS,
    *angles.ROWS,
    *kinks.ROWS,
    *rounding.ROWS,
    *comparisons.ROWS,
    *shape.ROWS,
    *joining.ROWS,
    *indexing.ROWS,
    *arranging.ROWS,
    *matrices.ROWS,
    *updating.ROWS,
    *choosing.ROWS,
    *reduce.ROWS,
    *extremes.ROWS,
    *scans.ROWS,
    *multiplying.ROWS,
    *statistics.ROWS,
    *sorting.ROWS,
    *quantiles.ROWS,
    *nans.ROWS,
    *softmax.ROWS,
    *linalg.ROWS,
    *products.ROWS,
    *solving.ROWS,
    *determinants.ROWS,
    *factors.ROWS,
    *decompositions.ROWS,
    *least_squares.ROWS,
    *norms.ROWS,
    *windows.ROWS,
    *convolution.ROWS,
    *interpolation.ROWS,
    *special.ROWS,
    *nn.ROWS,
    *logarithms.ROWS,
]

# Functions of two numbers, in which a Python number must not change a dtype.
BINARY = [*elementwise.BINARY, *angles.BINARY, *kinks.BINARY, *rounding.BINARY, *logarithms.BINARY]

__all__ = ["BINARY", "PAIRS", "ROWS", "SHAPES", "Case", "Point", "Sample", "nn", "reals", "special"]
