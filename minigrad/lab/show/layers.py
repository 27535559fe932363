"""The layout of one level of a picture: its boxes in layers, in an order with few crossings, each below what it uses.

After Sugiyama, Tagawa & Toda, "Methods for visual understanding of hierarchical system structures", 1981: layers by
longest path, order by barycentres, places by least squares. Read next: `layout.py`.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

SWEEPS = 10  # down and up again, for the order
SETTLING = 40  # for the places; the first SWEEPS of them look one way, the others both
GAP = 18.0  # between neighbours in a layer


@dataclass(eq=False)
class Vertex:
    """A box, or a point through which a line passes.

    Attributes
    ----------
    width : in pixels; 0 of a point
    source : whether it is used and uses nothing: it stands just above its first user
    layer, x : what the layout found; x is the middle
    """

    width: float
    source: bool = False
    layer: int = 0
    x: float = 0.0


@dataclass(eq=False)
class Line:
    """A line from a vertex down to another.

    Attributes
    ----------
    start, end : the vertices
    value : lines of one value and one start share their points
    points : the points it passes, one in every layer between
    """

    start: Vertex
    end: Vertex
    value: Hashable
    points: list[Vertex] = field(default_factory=list)


def arrange(vertices: Sequence[Vertex], lines: Sequence[Line], top: Sequence[Vertex], bottom: Sequence[Vertex]) -> (
    list[list[Vertex]]
):  # fmt: skip
    """Give every vertex a layer and a place, and every line its points; return the layers from the top.

    Parameters
    ----------
    vertices : in an order in which lines go forward
    lines : between vertices, or from `top` and to `bottom`
    top, bottom : points where lines come in and go out: each, if there are any, a layer of its own
    """
    height = _layer(vertices, lines, bool(top))
    for point in bottom:
        point.layer = height
    layers: list[list[Vertex]] = [[] for _ in range(height + bool(bottom))]
    for vertex in (*top, *vertices, *bottom):
        layers[vertex.layer].append(vertex)
    links = _points(lines, layers)
    _order(layers, links)
    _place(layers, links)
    return layers


def _layer(vertices: Sequence[Vertex], lines: Sequence[Line], below_top: bool) -> int:
    """Set layers by the longest path; return how many there are."""
    into: dict[Vertex, list[Vertex]] = {}
    out: dict[Vertex, list[Vertex]] = {}
    for line in lines:
        into.setdefault(line.end, []).append(line.start)
        out.setdefault(line.start, []).append(line.end)
    for vertex in vertices:
        vertex.layer = max([start.layer + 1 for start in into.get(vertex, ())], default=int(below_top))
    last = max((vertex.layer for vertex in vertices), default=0)
    for vertex in vertices:
        if vertex.source and vertex in out:
            first = min(last + 1 if end not in into or end.width == 0 else end.layer for end in out[vertex])
            vertex.layer = max(vertex.layer, first - 1)
    return last + 1


Links = dict[Vertex, list[tuple[Vertex, float]]]  # of each vertex its neighbours, with weights


def _points(lines: Sequence[Line], layers: list[list[Vertex]]) -> tuple[Links, Links]:
    """Put a point into every layer that a line crosses; return the links to the layer above and to that below."""
    shared: dict[tuple[Vertex, Hashable, int], Vertex] = {}
    above: Links = {}
    below: Links = {}
    for line in lines:
        before = line.start
        for layer in range(line.start.layer + 1, line.end.layer):
            key = (line.start, line.value, layer)
            point = shared.get(key)
            if point is None:
                point = shared[key] = Vertex(0.0, layer=layer)
                layers[layer].append(point)
                _link(above, below, before, point, 2.0 if before.width else 8.0)
            line.points.append(point)
            before = point
        weight = 0.001 if line.start.source else 4.0  # a chain stays straight, whatever stands beside it
        _link(above, below, before, line.end, weight)
    return above, below


def _link(above: Links, below: Links, up: Vertex, down: Vertex, weight: float) -> None:
    above.setdefault(down, []).append((up, weight))
    below.setdefault(up, []).append((down, weight))


def _order(layers: list[list[Vertex]], links: tuple[Links, Links]) -> None:
    """Order every layer by the mean place of its neighbours, down and up; keep that with the fewest crossings."""
    above, below = links
    place = {v: float(i) for layer in layers for i, v in enumerate(layer)}
    best, fewest = [list(layer) for layer in layers], _crossings(layers, below, place)
    for sweep in range(SWEEPS):
        if not fewest:
            break
        near = above if sweep % 2 == 0 else below
        for layer in layers if sweep % 2 == 0 else layers[::-1]:
            layer.sort(key=lambda v: _mean([place[u] for u, _ in near.get(v, ())], place[v]))
            place.update((v, float(i)) for i, v in enumerate(layer))
        crossings = _crossings(layers, below, place)
        if crossings < fewest:
            best, fewest = [list(layer) for layer in layers], crossings
    layers[:] = best


def _mean(numbers: Sequence[float], default: float) -> float:
    return sum(numbers) / len(numbers) if numbers else default


def _crossings(layers: list[list[Vertex]], below: Links, place: dict[Vertex, float]) -> int:
    count = 0
    for layer in layers:
        ends = [sorted(place[u] for u, _ in below.get(v, ())) for v in layer]
        for i, mine in enumerate(ends):
            count += sum(a > b for other in ends[i + 1 :] for b in other for a in mine)
    return count


def _place(layers: list[list[Vertex]], links: tuple[Links, Links]) -> None:
    """Stand every vertex near its neighbours: least squares in each layer, order and gaps kept; from 0 rightwards."""
    for layer in layers:
        x = 0.0
        for v in layer:
            v.x = x + v.width / 2
            x += v.width + GAP
    for sweep in range(SETTLING):
        for layer in layers if sweep % 2 == 0 else layers[::-1]:
            _settle(layer, links if sweep >= SWEEPS else (links[sweep % 2],))
    left = min((v.x - v.width / 2 for layer in layers for v in layer), default=0.0)
    for layer in layers:
        for v in layer:
            v.x -= left


def _settle(layer: list[Vertex], links: Sequence[Links]) -> None:
    """Minimise Σ weight·(x − wish)² with every vertex right of the one before: pool those that would overlap."""
    blocks: list[list[float]] = []  # weight, weighted sum of wishes, number of vertices; wishes less the room before
    room, rooms, right = 0.0, [], 0.0
    for i, v in enumerate(layer):
        room += (right + v.width / 2 + GAP) if i else 0.0
        right = v.width / 2
        rooms.append(room)
        near = [(u.x, weight) for side in links for u, weight in side.get(v, ())]
        weight = sum(w for _, w in near) or 0.01
        wish = sum(x * w for x, w in near) / weight if near else v.x
        blocks.append([weight, weight * (wish - room), 1])
        while len(blocks) > 1 and blocks[-2][1] / blocks[-2][0] > blocks[-1][1] / blocks[-1][0]:
            last = blocks.pop()
            blocks[-1] = [a + b for a, b in zip(blocks[-1], last, strict=True)]
    starts = [total / weight for weight, total, number in blocks for _ in range(int(number))]
    for v, start, before in zip(layer, starts, rooms, strict=True):
        v.x = start + before
