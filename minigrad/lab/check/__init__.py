"""Check a gradient derived by hand, and name the mistake in it.

A wrong derivation is the right one with one rule altered: `mutants` lists what can be altered, `search` finds which
alteration makes the same numbers. Start with `entry`; each file says which to read next.
"""

from .entry import check
from .live import compare
from .report import Diagnosis, Report, Result

__all__ = ["Diagnosis", "Report", "Result", "check", "compare"]
