"""Comparisons and questions."""

import numpy as np

import minigrad as mg

from .row import INF, NAN, Case, Sample


def predicate(name, *args, **options):
    return Sample(name, getattr(mg, name), getattr(np, name), [Case(args, options)], differentiable=False)


TIES = (np.array([[1.0, 2], [3, NAN]]), np.array([2.0, 2.0]))
ODD = np.array([0.0, 1.0, NAN, INF, -INF, -0.0, -2.0])
NEAR = (np.array([1.0, 1.0 + 1e-6, 1.1, NAN, INF]), np.array([1.0, 1.0, 1.0, NAN, INF]))
ROWS = [
    *[predicate(n, *TIES) for n in ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal")],
    *[predicate(n, ODD[:2], ODD[:2, None]) for n in ("logical_and", "logical_or", "logical_xor")],
    *[predicate(n, ODD) for n in ("logical_not", "isnan", "isinf", "isfinite", "signbit", "isposinf", "isneginf")],
    predicate("isclose", *NEAR, equal_nan=True),
]
