"""Drawings: everything is there, nothing overlaps, lines lead down."""

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

import minigrad as mg
from minigrad import lab, nn
from minigrad.errors import DataError
from minigrad.lab.show.groups import Group, take_apart
from minigrad.lab.show.layout import Layout
from minigrad.lab.show.scene import scene_of
from minigrad.lab.show.steps import scalar_graph


class Block(nn.Module):
    """x + W₂ tanh(W₁ norm(x))"""

    def __init__(self, size):
        self.norm, self.up, self.down = nn.BatchNorm1d(size), nn.Linear(size, 2 * size), nn.Linear(2 * size, size)

    def forward(self, x):
        return x + self.down(mg.tanh(self.up(self.norm(x))))


def network(blocks):
    """Return the loss of a residual network."""
    mg.manual_seed(0)
    model = nn.Sequential(*[Block(3) for _ in range(blocks)], nn.Linear(3, 2))
    x = np.random.default_rng(0).normal(size=(6, 3)).astype("float32")
    with lab.annotate():
        return nn.functional.cross_entropy(model(x), np.array([0, 1] * 3))


def tangle(seed):
    """Return a loss in which values are used here and there."""
    rng = np.random.default_rng(seed)
    values = [mg.tensor(rng.normal(size=2), requires_grad=True) for _ in range(3)]
    with lab.annotate():
        for _ in range(25):
            a, b = rng.integers(len(values), size=2)
            values.append(mg.tanh(values[a]) if rng.random() < 0.3 else values[a] * values[b])
        return mg.concatenate(values).sum()


def towers(count):
    """Return a loss of blocks that stand side by side."""
    mg.manual_seed(1)
    x = np.random.default_rng(0).normal(size=(6, 3)).astype("float32")
    with lab.annotate():
        found = [Block(3)(x) for _ in range(count)]
        return mg.concatenate(found).sum()


GRAPHS = {"one block": network(1), "twenty blocks": network(20), "towers": towers(3), "many towers": towers(9)}
GRAPHS |= {f"tangle {i}": tangle(i) for i in range(4)}
every_graph = pytest.mark.parametrize("loss", GRAPHS.values(), ids=GRAPHS)
every_fold = pytest.mark.parametrize("folded", [None, True, False])


def layout_of(loss, folded=None):
    layout = Layout(take_apart(scalar_graph(loss, "test")))
    for group in layout.parts.root.walk():
        if folded is not None and group is not layout.parts.root:
            group.folded = folded
    return layout


def overlap(a, b):
    return a[0] < b[0] + b[2] and b[0] < a[0] + a[2] and a[1] < b[1] + b[3] and b[1] < a[1] + a[3]


@every_graph
@every_fold
def test_boxes_do_not_overlap_and_groups_hold_their_own(loss, folded):
    layout = layout_of(loss, folded)
    scene = scene_of(layout)
    for group in layout.parts.root.walk():
        boxes = [scene.boxes[m] for m in group.members if m in scene.boxes]
        assert not any(overlap(a, b) for i, a in enumerate(boxes) for b in boxes[:i])
        if group in scene.boxes:
            x, y, w, h = scene.boxes[group]
            assert all(x <= a and y <= b and a + c <= x + w and b + d <= y + h for a, b, c, d in boxes)


@every_graph
@every_fold
def test_lines_lead_down(loss, folded):
    for _, path in scene_of(layout_of(loss, folded)).lines:
        body = path[: path.rindex("M")]
        heights = [float(y) for y in re.findall(r"(?:M\S+ |V|C\S+ \S+ \S+ \S+ \S+ )(-?[\d.]+)", body)]
        assert len(heights) >= 2 and heights == sorted(heights)


@every_graph
def test_every_operation_leaf_and_edge_is_there(loss):
    layout = layout_of(loss, folded=False)
    graph, scene = layout.parts.graph, scene_of(layout)
    assert all(key in scene.boxes for key in (*graph.nodes, *graph.leaves))
    assert {edge for edge, _ in scene.lines} == set(layout.parts.edges)
    wanted = {(id(p), id(node)) for node in graph.nodes for p in node.parents if p is not None}
    assert wanted <= {(id(a), id(b)) for a, b in layout.parts.edges}


def test_folded_groups_hide_what_is_in_them():
    layout = layout_of(GRAPHS["twenty blocks"], folded=True)
    scene = scene_of(layout)
    assert sum(isinstance(m, Group) for m in scene.boxes) == 1 and len(scene.boxes) <= 4


def test_a_large_graph_is_folded_to_what_can_be_read_and_a_small_one_is_open():
    many, few = (scene_of(layout_of(GRAPHS[name])) for name in ("twenty blocks", "one block"))
    assert len(many.boxes) <= 60 and any(isinstance(m, Group) and m.folded for m in many.boxes)
    assert not any(isinstance(m, Group) and m.folded for m in few.boxes)


def test_a_chain_stands_in_a_line():
    x = mg.tensor(0.5, requires_grad=True)
    loss = x
    for _ in range(9):
        loss = mg.sin(loss)
    scene = scene_of(layout_of(loss))
    middles = [x + w / 2 for x, _, w, _ in scene.boxes.values()]
    assert max(middles) - min(middles) <= 1


def deep(layers):
    """Return the loss of a deep perceptron, in one Sequential."""
    mg.manual_seed(0)
    model = nn.Sequential(*[part for _ in range(layers) for part in (nn.Linear(3, 3), nn.Tanh())])
    with lab.annotate():
        return (model(np.ones((2, 3), "float32")) ** 2).mean()


def test_layers_stand_in_a_line_whatever_parameters_stand_beside_them():
    scene = scene_of(layout_of(deep(12)))
    ops = {m: x + w / 2 for m, (x, _, w, _) in scene.boxes.items() if getattr(m, "op", None)}
    middles = [x for m, x in ops.items() if m.op.name in ("linear", "tanh")]
    assert max(middles) - min(middles) <= 8 and scene.width < 800


def test_what_is_in_one_group_alone_is_shown():
    assert len(scene_of(layout_of(deep(40))).boxes) > 160  # one box would tell nothing


@every_graph
def test_the_svg_is_xml_and_always_the_same(loss):
    svg = lab.draw(loss).svg
    tree = ElementTree.fromstring(svg)
    assert tree.tag.endswith("svg") and tree.get("role") == "img" and tree.get("aria-label")
    assert svg == lab.draw(loss).svg == lab.draw(loss)._repr_svg_()
    assert "http" not in svg.replace("http://www.w3.org/2000/svg", "")


def test_the_svg_shows_values_and_gradients():
    w = mg.tensor(3.0, requires_grad=True, name="w")
    texts = [text for text in ElementTree.fromstring(lab.draw(w * w).svg).itertext() if text.strip()]
    assert {"w", "3", "∂ 6", "multiply", "9", "∂ 1"} <= set(texts)


def test_names_cannot_break_out():
    w = mg.tensor(3.0, requires_grad=True, name='<w> & "q" \\')
    drawing = lab.draw(w * w)
    assert "<w>" not in drawing.svg and ElementTree.fromstring(drawing.svg) is not None
    assert r'label="<w> & \"q\" \\\n3' in drawing.dot


def test_dot_has_every_edge_and_clusters():
    drawing = lab.draw(GRAPHS["one block"])
    parts = take_apart(scalar_graph(GRAPHS["one block"], "test"))
    assert drawing.dot.count(" -> ") == len(parts.edges) and "subgraph cluster_g1" in drawing.dot
    assert drawing.dot.count("{") == drawing.dot.count("}")


def test_it_is_saved_whole_or_not_at_all(tmp_path):
    drawing = lab.draw(GRAPHS["one block"])
    for name, text in (("g.svg", drawing.svg), ("g.dot", drawing.dot), ("g.GV", drawing.dot)):
        assert drawing.save(tmp_path / name).read_text(encoding="utf-8") == text
    (tmp_path / "folder.svg").mkdir()
    refused = {"g.png": "must be .svg, .dot or .gv", "folder.svg": "is a folder", "no/g.svg": "no folder"}
    for bad, words in refused.items():
        with pytest.raises((DataError, FileNotFoundError), match=words):
            drawing.save(tmp_path / bad)
    assert len(list(tmp_path.iterdir())) == 4


def test_a_graph_without_annotations_is_drawn_too():
    x = mg.tensor([[1.0, 2.0]], requires_grad=True)
    svg = lab.draw(mg.exp(x).sum()).svg
    assert "exp" in svg and "leaf0" in svg
