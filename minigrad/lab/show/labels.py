"""What stands in the boxes of a picture: titles, shapes, values and gradients, cut to their room.

Read next: `drawing.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...engine import Node, Tensor
from ..explain.page import host, number, rms, short
from .groups import Constant, Group, Parts

ROOM = 20  # letters in a box
ROWS, COLUMNS = 6, 8  # so much of an array is written out


@dataclass(frozen=True)
class Label:
    """The words for a member of a picture.

    Attributes
    ----------
    kind : "operation", "parameter" (a leaf), "constant" or "group"
    title, shape, value, gradient : cut to the box; "" for what there is none of
    name : in full
    """

    kind: str
    title: str
    shape: str
    value: str
    gradient: str
    name: str


def label_of(parts: Parts, member: Any) -> Label:
    """Return the words for a node, a leaf, a constant or a group."""
    graph = parts.graph
    if isinstance(member, Group):
        many = count(member)
        return Label("group", member.label, "", f"{many} operation{'s' * (many != 1)}", "", member.label)
    if isinstance(member, Constant):
        kind, name, value, gradient = "constant", member.name, member.value, ""
    else:
        kind = "parameter" if isinstance(member, Tensor) else "operation"
        name, value = graph.name(member), graph.value(member)
        gradient = brief(graph.cotangents.get(member))
    title = member.op.name if isinstance(member, Node) and member.op.name != "named" else name
    shape = member.shape if isinstance(member, Node) else value.shape
    size = "×".join(map(str, shape))
    return Label(kind, cut(title, ROOM - 3 - len(size)), size, brief(value), gradient, name)


def count(group: Group) -> int:
    """Return how many operations are in a group."""
    return sum(isinstance(m, Node) for inner in group.walk() for m in inner.members)


def cut(text: str, room: int) -> str:
    """Shorten a text in its middle.

    >>> cut("blocks.0.attention.weight", 14), cut("w", 14)
    ('block…n.weight', 'w')
    """
    if len(text) <= room:
        return text
    tail = max(room - 6, room // 2)
    return text[: max(room - tail - 1, 0)] + "…" + text[-tail:]


def brief(value: Any) -> str:
    """Write a value in the room of a box: a number, two or three, or the root mean square of many.

    >>> brief(np.float64(0.5)), brief(np.array([[1.0, -2.0]])), brief(np.ones(9)), brief(None)
    ('0.5', '[1, −2]', 'rms 1', '')
    """
    if value is None:
        return ""
    array = host(value)
    if array.ndim == 0:
        return number(array) if array.dtype.kind in "fiub" else str(array)
    text = f"[{', '.join(number(x, 4) for x in array.ravel()[:4])}]"
    if array.size <= 3 and len(text) <= ROOM - 1:
        return text
    return f"rms {number(rms(array), 4)}" if array.size else "empty"


def table(value: Any) -> dict[str, Any] | None:
    """Return the numbers of a value as texts in rows, cut to a few; of three axes and more, the last stands across.

    >>> table(np.arange(20.0).reshape(2, 10))["rows"][0]
    ['0', '1', '2', '3', '4', '5', '6', '7']
    """
    if value is None:
        return None
    array = host(value)
    if array.dtype.kind not in "fiub":
        return None
    flat = array.reshape(-1, array.shape[-1] if array.ndim else 1) if array.size else array.reshape(0, 0)
    top = float(np.abs(flat[np.isfinite(flat)]).max(initial=0.0)) if flat.size else 0.0
    return {
        "shape": list(array.shape),
        "rows": [[number(x) for x in row] for row in flat[:ROWS, :COLUMNS]],
        "of": list(flat.shape),
        "top": top,
    }


def line_of(member: Any) -> str:
    """Return the user's line that made a node, "" where it is not known."""
    return short(member.trace.line) if isinstance(member, Node) and member.trace else ""
