"""What `why` answers: a verdict, the cause, the path, the line, the remedy. Read next: `why.py`."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from .page import Page, short


@dataclass
class Answer(Page):
    """Why a gradient is what it is.

    Attributes
    ----------
    name : of the tensor
    verdict : "none", "zero", "nan", "tiny", "large" or "fine"
    id : of the cause, one or a few words with hyphens
    cause : what is behind it, in words
    path : the names from the tensor to the loss, as far as they go
    line : the user's, where it happens; "" where it is not known
    remedy : what to do about it; "" where nothing needs to be done
    table : for each layer its name, the root mean square of the gradient of its result, and the factor by which it
        grew from the layer above
    notes : what else was noticed
    """

    name: str
    verdict: str
    id: str
    cause: str
    path: list[str] = field(default_factory=list)
    line: str = ""
    remedy: str = ""
    table: list[tuple[str, float, float]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def lines(self) -> list[tuple[str, str]]:
        """Return the answer line by line, each with its kind."""
        words = {"none": "None", "zero": "zero", "nan": "not finite", "tiny": "tiny", "large": "large", "fine": "fine"}
        kind = "good" if self.verdict == "fine" else "bad"
        lines = [(kind, f"The gradient of {self.name} is {words[self.verdict]}: {self.cause}.")]
        if self.line:
            lines.append(("code", f"  line:   {short(self.line)}"))
        if self.path:
            lines.append(("text", f"  path:   {folded(self.path)}"))
        if self.remedy:
            lines.append(("text", f"  remedy: {self.remedy}"))
        if self.table:
            width = max(len(name) for name, _, _ in self.table)
            lines.append(("note", f"  {'gradient of':{width}}  root mean square  × the one above"))
            for name, size, ratio in self.table:
                row = name if math.isnan(size) else f"{name:{width}}  {size:16.3g}  {ratio:15.3g}"
                lines.append(("text", "  " + row))
        return lines + [("note", f"  {note}") for note in self.notes]

    def __repr__(self) -> str:
        return f"<Answer: {self.name}: {self.verdict}, {self.id}>"


def folded(path: list[str]) -> str:
    """Write a path with arrows, its middle left out when it is long.

    >>> folded(["w", "z", "loss"])
    'w → z → loss'
    """
    if len(path) > 10:
        path = [*path[:5], f"… {len(path) - 9} more …", *path[-4:]]
    return " → ".join(path)
