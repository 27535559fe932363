"""The table of hand derivations, each beside what autodiff says: one entry for each row of the notes.

To add a row, see `rows/`. Read next: `report.py`, which prints the table.
"""

from __future__ import annotations

from ...errors import nearest
from .compare import RTOL, Derivation, Difference, Result, Side, check
from .errata import E1, E2, E3, E4, E5, E6, Erratum, Evaluated
from .rows import errors, layers, optimizers, preparing, weights

__all__ = [
    "DERIVATIONS", "ERRATA", "RTOL", "SECTIONS", "Derivation", "Difference", "Erratum", "Evaluated", "Result", "Side",
    "check", "derivation",
]  # fmt: skip

SECTIONS = {
    "Error functions and their gradients": errors.ROWS,
    "Preparing the data": preparing.ROWS,
    "Initial weights": weights.ROWS,
    "Optimizers": optimizers.ROWS,
    "Batch normalisation and after": layers.ROWS,
}
DERIVATIONS: tuple[Derivation, ...] = tuple([row for rows in SECTIONS.values() for row in rows])
ERRATA = (E1, E2, E3, E4, E5, E6)


def derivation(id: str) -> Derivation:
    """Return a row by its id, or by the id of one of its errata; small letters will do.

    Raises
    ------
    ValueError
        for an unknown id; the message lists the known ones.

    >>> derivation("n20").title
    'Adam'
    >>> derivation("E6").id
    'N20'
    """
    for row in DERIVATIONS:
        if id.upper() in (row.id, *[erratum.id for erratum in row.errata]):
            return row
    known = [row.id for row in DERIVATIONS] + [erratum.id for erratum in ERRATA]
    raise ValueError(f"there is no row {id!r}; known are {', '.join(known)}.{nearest(id.upper(), known)}")
