"""The methods of a Tensor that need the rest of the operations: attached when the first of them is asked for.

Read next: `minigrad/transforms/`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..engine import Tensor
from . import (
    angles,
    arranging,
    bessel,
    choosing,
    decompositions,
    determinants,
    gamma,
    logarithms,
    matrices,
    multiplying,
    nans,
    norms,
    positions,
    products,
    quantiles,
    scans,
    solving,
    sorting,
    statistics,
    updating,
)
from .methods import reduction


def _norm(self: Tensor, ord: float | None = 2, axis: Any = None, keepdims: bool = False) -> Any:
    """Return a norm of the elements as a vector, along the axes, as PyTorch's `t.norm`; `mg.linalg.norm` has others."""
    return norms.vector_norm(self, ord=ord, axis=axis, keepdims=keepdims)


def _compress(self: Tensor, condition: Any, axis: int | None = None) -> Any:
    """Return the entries along an axis for which a vector of booleans is true."""
    return choosing.compress(condition, self, axis)


METHODS: dict[str, Callable[..., Any]] = {
    "lgamma": gamma.gammaln, "var": statistics.var, "std": statistics.std, "prod": reduction(multiplying.prod),
    "nansum": reduction(nans.nansum), "nanmean": reduction(nans.nanmean),
    "cumsum": scans.cumsum, "cumprod": multiplying.cumprod,
    "diff": scans.diff, "argsort": sorting.argsort, "argpartition": sorting.argpartition,
    "searchsorted": sorting.searchsorted, "quantile": quantiles.quantile, "inner": products.inner,
    "vdot": products.vdot, "kron": products.kron, "trace": products.trace, "matrix_power": products.matrix_power,
    "norm": _norm, "det": determinants.det, "slogdet": decompositions.slogdet, "inverse": solving.inv,
    "flip": arranging.flip, "roll": arranging.roll, "rot90": arranging.rot90, "repeat": arranging.repeat,
    "tile": arranging.tile, "diagonal": matrices.diagonal, "diag": matrices.diag, "tril": matrices.tril,
    "triu": matrices.triu, "take": choosing.take, "choose": choosing.choose, "compress": _compress,
    "nonzero": positions.nonzero,
}  # fmt: skip

# Functions of a number at every position, under the names they have here
FUNCTIONS: dict[Any, str] = {
    angles: "hypot arctan2 deg2rad rad2deg",
    gamma: "digamma",
    bessel: "i0 sinc",
    logarithms: "logaddexp logaddexp2 xlogy",
}

for module, names in FUNCTIONS.items():
    METHODS.update({name: getattr(module, name) for name in names.split()})
for name, operation in METHODS.items():
    setattr(Tensor, name, operation)
Tensor.at = property(updating.At)
