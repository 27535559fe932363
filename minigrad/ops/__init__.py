"""The operations: tables of rules.

Read `elementwise`, `shape`, `indexing`, `reduce`, `linalg`, `special`, `nn`, in this order; `methods`
attaches them to Tensor, `random` draws numbers, `creation` makes constants.
"""

from . import creation, elementwise, indexing, linalg, methods, nn, random, reduce, shape, special

__all__ = ["creation", "elementwise", "indexing", "linalg", "methods", "nn", "random", "reduce", "shape", "special"]
