"""The layout of a whole picture: levels within levels, and the way of every line through them.

Each group is laid out by itself and is one box of the level around it. Lines cross its border at points of its first
and last layer. Order and x
are found once; what depends on which groups are folded is found by adding up: see `Layout.x` and `rows`, and the
same few lines in the page's script. Read next: `scene.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ...engine import Tensor
from .groups import Constant, Group, Parts, chains
from .layers import Line, Vertex, arrange

WIDTH, HEIGHT = 164.0, 62.0  # of a node
FOLDED = 40.0  # height of a folded group
PAD, HEAD, SPACE = 14.0, 30.0, 30.0  # of a group: at its sides, for its label; between layers


@dataclass(eq=False)
class Level:
    """A group laid out.

    Attributes
    ----------
    group, parent : the group and the level around it
    width : of its inside and borders
    layers : from the top; of each the vertices
    boxes : of each member its vertex
    entries, exits : of each value that comes in or goes out, the point where it does
    """

    group: Group
    parent: Level | None
    width: float = 0.0
    layers: list[list[Vertex]] = field(default_factory=list)
    boxes: dict[Any, Vertex] = field(default_factory=dict)
    entries: dict[Any, Vertex] = field(default_factory=dict)
    exits: dict[Any, Vertex] = field(default_factory=dict)
    lines: dict[tuple[Any, Any], Line] = field(default_factory=dict)


def _label_width(group: Group) -> float:
    return 7.0 * len(group.label[:40]) + 40


class Layout:
    """Where everything stands.

    Attributes
    ----------
    parts : what is drawn
    levels : by the group; the root first
    ways : for every edge the points it passes, each a level and a vertex, from the source to its user
    """

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.levels: dict[Group, Level] = {}
        self._chains = chains(parts.root)
        self._spreads: dict[Group, tuple[float, float]] = {}
        for group in parts.root.walk():
            around = self._chains[group]
            self.levels[group] = Level(group, self.levels[around[-1]] if around else None)
        self._lines: dict[Group, list[tuple[Any, Any, Any]]] = {group: [] for group in self.levels}
        for source, user in parts.edges:
            self._divide(source, user)
        for level in reversed(self.levels.values()):
            self._arrange(level)
        self.ways = {edge: self._way(*edge) for edge in parts.edges}

    def _divide(self, source: Any, user: Any) -> None:
        """Tell every level what of an edge it has to draw: from a member or its border, to a member or its border."""
        mine, theirs = [*self._chains[source], source], [*self._chains[user], user]
        common = sum(a is b for a, b in zip(mine, theirs, strict=False))
        self._lines[mine[common - 1]].append((mine[common], theirs[common], source))
        for i in range(common, len(mine) - 1):
            self._lines[mine[i]].append((mine[i + 1], None, source))
        for i in range(common, len(theirs) - 1):
            self._lines[theirs[i]].append((None, theirs[i + 1], source))

    def _arrange(self, level: Level) -> None:
        wanted = list(dict.fromkeys(self._lines[level.group]))
        for member in level.group.members:
            inner = self.levels.get(member) if isinstance(member, Group) else None
            level.boxes[member] = Vertex(inner.width if inner else WIDTH, isinstance(member, Tensor | Constant))
        level.entries = {value: Vertex(0.0) for start, _, value in wanted if start is None}
        level.exits = {value: Vertex(0.0) for _, end, value in wanted if end is None}
        for start, end, value in wanted:
            level.lines[value, end] = Line(
                level.entries[value] if start is None else level.boxes[start],
                level.exits[value] if end is None else level.boxes[end],
                value,
            )  # fmt: skip
        level.layers = arrange(
            list(level.boxes.values()), list(level.lines.values()), list(level.entries.values()),
            list(level.exits.values()),
        )  # fmt: skip
        right = max((v.x + v.width / 2 for layer in level.layers for v in layer), default=0.0)
        least = _label_width(level.group)
        shift = PAD + max(0.0, (least - right - 2 * PAD) / 2)
        for layer in level.layers:
            for v in layer:
                v.x += shift
        level.width = max(right + 2 * PAD, least)

    def _way(self, source: Any, user: Any) -> list[tuple[Level, Vertex]]:
        mine, theirs = [*self._chains[source], source], [*self._chains[user], user]
        common = sum(a is b for a, b in zip(mine, theirs, strict=False))
        found: list[tuple[Level, Vertex]] = []
        for i in range(len(mine) - 2, common - 1, -1):
            level = self.levels[mine[i]]
            found += [(level, v) for v in (*level.lines[source, None].points, level.exits[source])]
        level = self.levels[mine[common - 1]]
        found += [(level, v) for v in level.lines[source, theirs[common]].points]
        for i in range(common, len(theirs) - 1):
            level = self.levels[theirs[i]]
            points = level.lines[source, theirs[i + 1]].points
            found += [(level, v) for v in (level.entries[source], *points)]
        return found

    def height(self, member: Any) -> float:
        """Return the height of a node, a leaf, a constant or a group."""
        if not isinstance(member, Group):
            return HEIGHT
        return FOLDED if member.folded else self.rows(member)[1]

    def x(self, group: Group, vertex: Vertex) -> float:
        """Return the middle of a vertex, from its level's left: neighbours that are folded leave room beside them."""
        x = vertex.x
        for member, box in self.levels[group].boxes.items():
            if isinstance(member, Group) and box.layer == vertex.layer and box is not vertex:
                left, right = self.spread(member)
                x += left + box.width / 2 if vertex.x < box.x else right - box.width / 2
        return x

    def spread(self, member: Any) -> tuple[float, float]:
        """Return how far a member reaches to the left (below 0) and to the right of its middle."""
        if not isinstance(member, Group) or member.folded:
            return -WIDTH / 2, WIDTH / 2
        if member not in self._spreads:
            level = self.levels[member]
            sides = [(self.x(member, v) - level.width / 2, self.spread(m)) for m, v in level.boxes.items()]
            least = min(level.width / 2, _label_width(member) / 2)
            left = min(-least, *[x + left - PAD for x, (left, _) in sides])
            self._spreads[member] = left, max(least, *[x + right + PAD for x, (_, right) in sides])
        return self._spreads[member]

    def refold(self) -> None:
        """Forget what was found for other folds."""
        self._spreads.clear()

    def rows(self, group: Group) -> tuple[list[tuple[float, float]], float]:
        """Return the top and the height of every layer of an open group, from its own top, and its height."""
        level = self.levels[group]
        tall: dict[int, float] = {}
        for member, vertex in level.boxes.items():
            tall[vertex.layer] = max(tall.get(vertex.layer, 0.0), self.height(member))
        rows, y = [], HEAD if level.parent else 0.0
        for i in range(len(level.layers)):
            rows.append((y, tall.get(i, 0.0)))
            beside_border = not (i in tall and i + 1 in tall)
            y += tall.get(i, 0.0) + (0.0 if i + 1 == len(level.layers) else SPACE / 2 if beside_border else SPACE)
        return rows, y + (PAD if level.parent else 0.0)
