"""Compiling: a function becomes a program of NumPy calls, and the program a function.

Read `compiling`, `ir`, `trace`, `passes`, `source`, in this order.
"""

from .compiling import compile_

__all__ = ["compile_"]
