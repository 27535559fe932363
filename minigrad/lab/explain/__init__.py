"""Explanations on the live numbers of a recorded graph.

`telling` tells how a derivative comes about (`explain`), `why` what is the matter with a gradient, `lint` which known
mistakes a graph contains. Read `page` and `way` first: how it is shown, and the part of a graph below a loss.
"""

from .lint import lint
from .telling import explain
from .why import why

__all__ = ["explain", "lint", "why"]
