"""Where everything is drawn, given which groups are folded. The page's script does the same when one is opened.

Read next: `labels.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ...engine import Node
from .groups import Group, chains
from .layout import Layout


@dataclass
class Scene:
    """A picture's boxes and lines in pixels.

    Attributes
    ----------
    left, width, height : of all
    boxes : of every member that is seen its left, top, width and height; open groups too, outer ones first
    lines : pairs of an edge and its path in SVG's language; edges inside a folded group are not there
    """

    left: float
    width: float
    height: float
    boxes: dict[Any, tuple[float, float, float, float]] = field(default_factory=dict)
    lines: list[tuple[tuple[Any, Any], str]] = field(default_factory=list)


def scene_of(layout: Layout) -> Scene:
    """Return where everything is drawn."""
    root = layout.parts.root
    rows, height = layout.rows(root)
    layout.refold()
    scene = Scene(0.0, 0.0, height)
    origins: dict[Group, tuple[float, float, list[tuple[float, float]]]] = {}
    _place(layout, scene, origins, root, 0.0, 0.0, rows)
    scene.left = min(x for x, *_ in scene.boxes.values())
    scene.width = max(x + w for x, _, w, _ in scene.boxes.values()) - scene.left
    seen: set[str] = set()
    around = chains(root)
    for edge, way in layout.ways.items():
        source, user = (_seen(member, around[member]) for member in edge)
        if source is user:
            continue
        x, y, w, h = scene.boxes[source]
        points = [(x + w / 2, y + h)]
        for level, vertex in way:
            if level.group in origins:
                left, top, level_rows = origins[level.group]
                row, tall = level_rows[vertex.layer]
                x = left + layout.x(level.group, vertex)
                points += [(x, top + row), (x, top + row + tall)]
        x, y, w, h = scene.boxes[user]
        path = curve([*points, (x + w / 2, y)])
        if path not in seen:
            seen.add(path)
            scene.lines.append((edge, path))
    return scene


def _place(layout: Layout, scene: Scene, origins: Any, group: Group, x: float, y: float, rows: Any) -> None:
    origins[group] = (x, y, rows)
    inner: list[tuple[Group, float, float]] = []
    for member, vertex in layout.levels[group].boxes.items():
        tall = layout.height(member)
        top, height = rows[vertex.layer]
        left, right = layout.spread(member)
        middle = x + layout.x(group, vertex)
        beside = not isinstance(member, Node | Group)  # a source stands low, near its user
        above = y + top + (height - tall) / (1 if beside else 2)
        scene.boxes[member] = (middle + left, above, right - left, tall)
        if isinstance(member, Group) and not member.folded:
            inner.append((member, middle - vertex.width / 2, above))
    for member, start, above in inner:
        _place(layout, scene, origins, member, start, above, layout.rows(member)[0])


def _seen(member: Any, around: list[Group]) -> Any:
    """Return the outermost folded group round a member, or itself."""
    return next((group for group in around if group.folded), member)


def curve(points: list[tuple[float, float]]) -> str:
    """Return a smooth path down through points, with an arrow's head at its end.

    >>> curve([(0, 0), (0, 40)])
    'M0 0V40M-4 33L0 40L4 33'
    """
    (x, y), *others = points
    text = f"M{x:g} {y:g}"
    for a, b in others:
        if (a, b) != (x, y):
            middle = (y + b) / 2
            text += f"V{b:g}" if a == x else f"C{x:g} {middle:g} {a:g} {middle:g} {a:g} {b:g}"
        x, y = a, b
    return f"{text}M{x - 4:g} {y - 7:g}L{x:g} {y:g}L{x + 4:g} {y - 7:g}"

