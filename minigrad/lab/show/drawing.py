"""`draw`: a recorded graph as a picture, in SVG and in Graphviz's language DOT.

Read next: `page.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from ...engine import Node, Tensor
from ...errors import DataError
from ...files import write_text
from .groups import Constant, Group, Parts, take_apart
from .labels import Label, label_of
from .layout import HEIGHT, WIDTH, Layout
from .scene import Scene, scene_of
from .steps import scalar_graph
from .style import PICTURE


@dataclass(frozen=True)
class Drawing:
    """A graph drawn.

    Attributes
    ----------
    svg : the picture, dark or light as the reader's system is
    dot : the same graph for Graphviz: `dot -Tpdf graph.dot -o graph.pdf`
    """

    svg: str = field(repr=False)
    dot: str = field(repr=False)

    def _repr_svg_(self) -> str:
        return self.svg

    def save(self, path: str | Path) -> Path:
        """Write the picture, whole or not at all; return its path.

        Parameters
        ----------
        path : its ending chooses what: .svg, .dot or .gv

        Raises
        ------
        DataError
            when the ending is another, or `path` is a folder or a device.
        FileNotFoundError
            when its folder does not exist.
        """
        ending = Path(path).suffix.lower()
        if ending not in (".svg", ".dot", ".gv"):
            raise DataError(f"draw: cannot write {path}: its ending must be .svg, .dot or .gv")
        return write_text(path, self.svg if ending == ".svg" else self.dot, "draw")


def draw(loss: Tensor) -> Drawing:
    """Draw the graph that ends in a loss: operations from top to bottom, with their values and gradients.

    Parameters
    ----------
    loss : a scalar whose graph has not been freed. Recorded inside `lab.annotate()`, operations stand in boxes by the
        module or the line they belong to, and all values are known; of a large graph some boxes are folded.

    Returns
    -------
    a `Drawing` with `.svg`, `.dot` and `.save(path)`; notebooks show it.

    Raises
    ------
    GraphError
        when nothing was recorded, or the graph has been freed.
    ShapeError
        when the loss is not a scalar.

    >>> import minigrad as mg
    >>> w = mg.tensor(2.0, requires_grad=True, name="w")
    >>> print(draw(mg.exp(w)).dot)
    digraph {
      node [shape=box, style=rounded, fontname="sans-serif"];
      n0 [label="w\\n2\\n∂ 7.3891", style="rounded,bold"];
      n1 [label="exp\\n7.3891\\n∂ 1"];
      n0 -> n1;
    }
    """
    parts = take_apart(scalar_graph(loss, "draw"))
    layout = Layout(parts)
    return Drawing(svg_of(layout), dot_of(parts))


def ids_of(parts: Parts) -> dict[Any, str]:
    """Return a short name for every member: n0, n1, … and g0, g1, … for groups, the root first."""
    ids: dict[Any, str] = {member: f"n{i}" for i, member in enumerate(parts.drawn)}
    return ids | {group: f"g{i}" for i, group in enumerate(parts.root.walk())}


def svg_of(layout: Layout, interactive: bool = False) -> str:
    """Return the picture; an interactive one has a place for everything that may be unfolded."""
    parts = layout.parts
    ids = ids_of(parts)
    folded = {group: group.folded for group in parts.root.walk()}
    if interactive:
        for group in folded:
            group.folded = False
    scene = scene_of(layout)
    for group, was in folded.items():
        group.folded = was
    groups = [_box(ids, parts, m, scene) for m in scene.boxes if isinstance(m, Group)]
    lines = [
        f'<path class="line" data-from="{ids[a]}" data-to="{ids[b]}" d="{path}"/>' for (a, b), path in scene.lines
    ]
    nodes = [_box(ids, parts, m, scene) for m in scene.boxes if not isinstance(m, Group)]
    w, h, margin = scene.width, scene.height, 12
    many = len(parts.graph.nodes)
    title = f"Graph of {many} operation{'s' * (many != 1)}"
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" class="mg-graph" role="img" aria-label="{title}" '
        f'viewBox="{scene.left - margin:g} {-margin} {w + 2 * margin:g} {h + 2 * margin:g}" width="{w + 2 * margin:g}" '
        f'height="{h + 2 * margin:g}">',
        "" if interactive else f"<title>{title}</title>\n<style>{PICTURE}</style>",
        f'<g class="groups">{"".join(groups)}</g>',
        f'<g class="lines">{"".join(lines)}</g>',
        f'<g class="nodes">{"".join(nodes)}</g>',
        "</svg>",
    ])  # fmt: skip


def _box(ids: dict[Any, str], parts: Parts, member: Any, scene: Scene) -> str:
    x, y, w, h = scene.boxes[member]
    label = label_of(parts, member)
    classes = f"{label.kind} folded" if isinstance(member, Group) and member.folded else label.kind
    texts = _group_texts(label, w, "folded" in classes) if isinstance(member, Group) else _node_texts(label)
    return (
        f'<g class="box {classes}" data-id="{ids[member]}" transform="translate({x:g} {y:g})">'
        f'<rect width="{w:g}" height="{h:g}" rx="8"/>{texts}</g>'
    )


def _group_texts(label: Label, width: float, folded: bool) -> str:
    room = int(width / 7.6) - 3
    title = label.name if len(label.name) <= room else label.name[: room - 1] + "…"
    return (
        f'<text class="title" x="12" y="{17 if folded else 19}">{escape(title)}</text>'
        f'<text class="count" x="12" y="32">{escape(label.value)}</text>'
    )


def _node_texts(label: Label) -> str:
    return (
        f'<text class="title" x="12" y="20">{escape(label.title)}</text>'
        f'<text class="shape" x="{WIDTH - 12:g}" y="20">{label.shape}</text>'
        f'<text class="value" x="12" y="37">{escape(label.value)}</text>'
        f'<text class="gradient" x="12" y="{HEIGHT - 9:g}">{"∂ " * bool(label.gradient)}{escape(label.gradient)}</text>'
    )


def dot_of(parts: Parts) -> str:
    """Return the graph in DOT, groups as clusters."""
    ids = ids_of(parts)
    rows = ["digraph {", '  node [shape=box, style=rounded, fontname="sans-serif"];']
    rows += _cluster(parts, ids, parts.root, "  ")
    rows += [f"  {ids[source]} -> {ids[user]};" for source, user in parts.edges]
    return "\n".join([*rows, "}"])


def _cluster(parts: Parts, ids: dict[Any, str], group: Group, indent: str) -> list[str]:
    rows = []
    for member in group.members:
        if isinstance(member, Group):
            inside = _cluster(parts, ids, member, indent + "  ")
            head = f"{indent}subgraph cluster_{ids[member]} {{ label={_quoted(member.label)}; color=gray;"
            rows += [head, *inside, f"{indent}}}"]
            continue
        label = label_of(parts, member)
        gradient = f"∂ {label.gradient}" if label.gradient else ""
        title = label.name if not isinstance(member, Node) or member.op.name == "named" else member.op.name
        text = "\\n".join(part for part in (_escaped(title), label.value, gradient) if part)
        styles = {Tensor: ', style="rounded,bold"', Constant: ', style="rounded,dashed"'}
        style = next((style for kind, style in styles.items() if isinstance(member, kind)), "")
        rows.append(f'{indent}{ids[member]} [label="{text}"{style}];')
    return rows


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _quoted(text: str) -> str:
    return f'"{_escaped(text)}"'
