"""The operations: tables of rules.

Read `elementwise`, `shape`, `indexing`, `reduce`, `linalg`, `special`, `nn`, in this order; `methods`
attaches them to Tensor, `random` draws numbers.
"""

from . import elementwise, indexing, linalg, methods, nn, random, reduce, shape, special

__all__ = ["elementwise", "indexing", "linalg", "methods", "nn", "random", "reduce", "shape", "special"]
