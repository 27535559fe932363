"""Derivations as students, lecturers and bloggers write them, right and wrong: a judge of `lab.check`.

`entry` says what an entry is; the other files hold them by subject, each a loss and the gradients people wrote
for it. They are data: what is asked of them stands in `test_derivation_set.py`.
"""

from . import (
    classifiers,
    edges,
    elementwise,
    loops,
    matrices,
    nameless,
    normalization,
    perceptrons,
    regression,
    sequences,
    uncommon,
    units,
)
from .entry import ENTRIES, IDS, Entry, Problem

__all__ = [
    "ENTRIES",
    "IDS",
    "Entry",
    "Problem",
    "classifiers",
    "edges",
    "elementwise",
    "loops",
    "matrices",
    "nameless",
    "normalization",
    "perceptrons",
    "regression",
    "sequences",
    "uncommon",
    "units",
]
