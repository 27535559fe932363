"""The operations: tables of rules.

Read `elementwise`, `kinks`, `shape`, `indexing`, `reduce`, `linalg`, `special`, `softmax`, `nn` first: networks are
made of them, and they are what `import minigrad` loads. `methods` attaches them to Tensor, `random` draws numbers,
`creation` makes constants. The others are imported when the first of them is asked for (`minigrad/more.py`); each
file says which one to read next.
"""

from . import (
    comparisons,
    creation,
    elementwise,
    extremes,
    indexing,
    kinks,
    linalg,
    methods,
    nn,
    random,
    reduce,
    rounding,
    shape,
    softmax,
    special,
)

__all__ = [
    "comparisons",
    "creation",
    "elementwise",
    "extremes",
    "indexing",
    "kinks",
    "linalg",
    "methods",
    "nn",
    "random",
    "reduce",
    "rounding",
    "shape",
    "softmax",
    "special",
]
