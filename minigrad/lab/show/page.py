"""`to_html`: a recorded graph as one page that plays the forward and the backward pass, and needs nothing else.

Read next: `style.py`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from ...engine import Node, Tensor
from ...files import write_text
from ..graph import Graph
from .drawing import ids_of, svg_of
from .formula import shown
from .groups import Constant, Group, Parts, take_apart
from .labels import brief, label_of, line_of, table
from .layout import FOLDED, HEAD, HEIGHT, PAD, SPACE, WIDTH, Layout
from .script import SCRIPT
from .steps import Step, scalar_graph, walk
from .style import PAGE

POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"  # no network, whatever happens


@dataclass(frozen=True)
class Page:
    """A page that steps through a graph; notebooks show it in a frame.

    Attributes
    ----------
    html : the whole page
    path : of the file that was written, None where none was asked for
    """

    html: str = field(repr=False)
    path: Path | None = None

    def _repr_html_(self) -> str:
        return (
            '<iframe title="Backpropagation, step by step" sandbox="allow-scripts" '
            f'style="width:100%;height:46rem;border:1px solid #8884;border-radius:8px" srcdoc="{escape(self.html)}">'
            "</iframe>"
        )


def to_html(loss: Tensor, path: str | Path | None = None, *, title: str = "Backpropagation, step by step") -> Page:
    """Make a page that plays how a loss was computed, and how its gradients come about.

    Parameters
    ----------
    loss : a scalar whose graph has not been freed. Record it inside `lab.annotate()`: the page then knows all values,
        your lines of code, and which module an operation belongs to.
    path : of the file to write, whole or not at all; None writes none. The file needs no network and no server.
        `graph.html#step=12` and `graph.html#end` open it at a step.
    title : of the page

    Returns
    -------
    a `Page`, which shows itself in a notebook.

    Raises
    ------
    GraphError
        when nothing was recorded, or the graph has been freed.
    ShapeError
        when the loss is not a scalar.
    DataError
        when `path` is a folder or a device.
    FileNotFoundError
        when its folder does not exist.

    >>> import minigrad as mg
    >>> w = mg.tensor(2.0, requires_grad=True, name="w")
    >>> page = to_html(mg.exp(w))
    >>> "<!DOCTYPE html>" in page.html, "http://" in page.html.replace("http://www.w3.org/2000/svg", "")
    (True, False)
    """
    graph = scalar_graph(loss, "to_html")
    parts = take_apart(graph)
    layout = Layout(parts)
    text = _page(layout, str(title), _facts(graph), svg_of(layout))
    return Page(text, write_text(path, text, "to_html") if path is not None else None)


def _facts(graph: Graph) -> str:
    operations, leaves = len(graph.nodes), len(graph.leaves)
    return (
        f"loss {brief(graph.output.data)} · {operations} operation{'s' * (operations != 1)} · "
        f"{leaves} lea{'f' if leaves == 1 else 'ves'}"
    )


def _page(layout: Layout, title: str, facts: str, picture: str) -> str:
    data = json.dumps(_data(layout), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<title>{escape(title)}</title>
<style>{PAGE}</style>
</head>
<body>
<header><h1>{escape(title)}</h1><span class="faint">{escape(facts)}</span>
<span><span class="key value">value</span><span class="key gradient">gradient ∂</span><span class="key">parameter</span>
<span class="key constant">constant</span></span>
<span class="zoom"><button id="folds" type="button" hidden>Fold all</button>
<button id="out" type="button" aria-label="Smaller">−</button>
<button id="in" type="button" aria-label="Larger">+</button>
<button id="fit" type="button">Fit</button></span></header>
<main id="stage" tabindex="-1" aria-label="The graph">
{svg_of(layout, interactive=True)}
<noscript><p>Playing needs JavaScript. The graph with its values and gradients:</p>{picture}</noscript></main>
<aside aria-label="Details"><div id="details"></div>
<details><summary>Gradients of the leaves so far</summary><div class="wide"><table id="leaves"></table></div></details>
<details><summary>Keys</summary><p class="faint">← and → step, space plays and pauses, Home and End go to the ends.
In the graph, ↑ and ↓ go from box to box and Enter folds or unfolds a group.</p></details></aside>
<footer><p id="say" role="status" aria-live="polite"></p>
<div class="player" role="group" aria-label="Player"><button id="back" type="button">Back</button>
<button id="play" type="button" class="main">Play</button><button id="step" type="button">Step</button>
<input id="slider" type="range" min="0" value="0" aria-label="Step">
<label class="faint">Speed <select id="speed"><option value="0.5">½</option><option value="1" selected>1</option>
<option value="3">3</option><option value="10">10</option></select></label></div></footer>
<script type="application/json" id="data">{data.replace("<", chr(92) + "u003c")}</script>
<script>{SCRIPT}</script>
</body>
</html>
"""


def _data(layout: Layout) -> dict[str, Any]:
    parts = layout.parts
    ids = ids_of(parts)
    return {
        "sizes": {"width": WIDTH, "height": HEIGHT, "folded": FOLDED, "head": HEAD, "pad": PAD, "space": SPACE},
        "members": {ids[m]: _member(parts, ids, m) for m in parts.drawn},
        "levels": [_level(layout, ids, group) for group in parts.root.walk()],
        "lines": [
            {"from": ids[a], "to": ids[b], "way": [[ids[level.group], v.layer, round(v.x, 1)] for level, v in way]}
            for (a, b), way in layout.ways.items()
        ],
        "steps": [*_forward(parts, ids), *_backward(parts, ids)],
    }


def _level(layout: Layout, ids: dict[Any, str], group: Group) -> dict[str, Any]:
    level = layout.levels[group]
    boxes = [[ids[member], v.layer, round(v.x, 1)] for member, v in level.boxes.items()]
    return {
        "id": ids[group], "label": group.label, "folded": group.folded, "width": round(level.width, 1),
        "layers": len(level.layers), "boxes": boxes, "operations": label_of(layout.parts, group).value,
    }  # fmt: skip


def _member(parts: Parts, ids: dict[Any, str], member: Any) -> dict[str, Any]:
    """Return what the page knows of a box at every step."""
    graph, label = parts.graph, label_of(parts, member)
    value = member.value if isinstance(member, Constant) else graph.value(member)
    found: dict[str, Any] = {
        "kind": label.kind, "name": label.name, "value": table(value), "line": line_of(member),
        "dtype": str(getattr(member, "dtype", None) or value.dtype), "brief": label.value,
        "shape": list(member.shape if isinstance(member, Node) else value.shape),
    }  # fmt: skip
    if isinstance(member, Node):
        found["op"], found["module"] = member.op.name, graph.module(member)
        found["operands"] = [
            [name, ids.get(parts.constants.get(id(x)) if parent is None else parent, ""), shown(x)]
            for name, parent, x in graph.operands(member)
        ]
        options = member.trace.options.items() if member.trace and member.op.name != "named" else ()
        found["options"] = [f"{name}={shown(x)}" for name, x in options if x is not None and x is not False]
    return found


def _forward(parts: Parts, ids: dict[Any, str]) -> list[dict[str, Any]]:
    return [{"kind": "forward", "node": ids[node]} for node in parts.graph.nodes]


def _backward(parts: Parts, ids: dict[Any, str]) -> list[dict[str, Any]]:
    graph = parts.graph
    seed = graph.cotangents[graph.nodes[-1]]
    start = {"kind": "seed", "target": ids[graph.nodes[-1]], "total": table(seed), "brief": brief(seed)}
    return [start, *[_rule(step, ids) for step in walk(graph)]]


def _rule(step: Step, ids: dict[Any, str]) -> dict[str, Any]:
    found = {
        "kind": "rule", "node": ids[step.node], "target": ids[step.operand], "argument": step.argument,
        "formula": step.formula, "local": table(step.local), "contribution": table(step.contribution),
        "gives": brief(step.contribution), "brief": brief(step.total), "arrived": step.arrived,
        "expected": step.expected,
    }  # fmt: skip
    if step.rule != step.formula:
        found["rule"] = step.rule
    if step.arrived > 1:  # else the sum is the contribution
        found["total"] = table(step.total)
    return found
