"""`explain`: follow a derivative from a parameter up to the loss, and tell it from the loss down.

Read next: `why.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from ...engine import Node, Tensor
from ...errors import GraphError, ShapeError, describe, nearest
from ..graph import Graph, graph_of
from .page import host, rms, short
from .story import Step, Story
from .way import Way, find, names, spot, unwatched


def explain(loss: Any, wrt: Any, *, element: Any = None, fold: bool = True) -> Story:
    """Return the story of ∂loss/∂wrt: every factor of the chain rule, with its number.

    Parameters
    ----------
    loss : a recorded tensor; of several elements, their sum is differentiated
    wrt : a parameter, any tensor the loss was computed from, or the name of one
    element : the index, into wrt, of the derivative that is followed; by default of the largest
    fold : whether the middle of a long chain is told in one line

    Returns
    -------
    a Story: print it, show it in a notebook, or take `.latex()`, `.steps`, `.factors`, `.value`

    Raises
    ------
    GraphError
        when nothing was recorded, the graph has been freed, or the loss does not depend on wrt (`lab.why` tells
        the reason).
    IndexError
        when wrt has no such element.

    Formula: ∂e/∂w = ∂e/∂o · ∂o/∂z · ∂z/∂w (N4); where a value is used several times the contributions add up.

    >>> import minigrad as mg
    >>> from minigrad import lab
    >>> w = mg.tensor(2.0, requires_grad=True, name="w")
    >>> with lab.annotate():
    ...     z = (w * 3.0).named("z")
    ...     e = (z * z).named("e")
    >>> lab.explain(e, wrt=w).factors
    [12.0, 3.0]
    """
    with unwatched():
        graph = graph_of(loss, "explain")
    end = _end(graph, wrt)
    way = Way(graph, end)
    if end is loss._node:
        raise GraphError("explain: wrt is the loss itself, and ∂loss/∂loss is 1; name what the loss was computed from")
    if graph.cotangents.get(end) is None or not way.nodes:
        raise GraphError(f"explain: the loss was not computed from {_called(graph, wrt)}; lab.why(t, loss) tells why")
    gradient = way.cotangent(end)
    g = host(gradient)
    if not g.size:
        raise ShapeError(f"explain: {way.label(end)} is {describe(gradient)}, and has no elements to explain")
    at = _element(g, element)
    chain = _chain(way)
    single = all(int(np.prod(key.shape)) == 1 for key in chain)
    title = _loss_name(way, graph)
    name: Callable[[Any], str] = lambda key: title if key is chain[0] else way.label(key)
    story = Story(
        title, way.label(end), at, float(g[at]), gradient, [name(key) for key in chain],
        [way.factor(a, b) for a, b in pairwise(chain)] if single else [],
        _follow(way, at), [name(user) for user in way.users(end)], way=way, fold=fold,
    )  # fmt: skip
    story.sizes = [(name(key), str(list(key.shape)), rms(way.cotangent(key))) for key in chain]
    if loss.size > 1:
        story.notes.append(f"The loss has {loss.size} elements: this is the derivative of their sum.")
    if any(node.trace is None for node in way.nodes):
        story.notes.append("Recorded inside `with lab.annotate():` it would also tell lines, modules and operands.")
    if not single and element is None and g.size > 1:
        story.notes.append(f"The largest element is followed; explain(…, element={_some(g.shape)}) follows another.")
    return story


def _called(graph: Graph, wrt: Any) -> str:
    return repr(wrt) if isinstance(wrt, str) else wrt.name or describe(wrt)


def _end(graph: Graph, wrt: Any) -> Any:
    if isinstance(wrt, str):
        end = find(graph, wrt)
        if end is None:
            known = names(graph)
            raise GraphError(
                f"explain: nothing in this graph is called {wrt!r}; it knows {', '.join(known)}.{nearest(wrt, known)}"
            )
        return end
    if not isinstance(wrt, Tensor):
        raise TypeError(f"explain: wrt must be a Tensor or a name, got {describe(wrt)}")
    return wrt._node or wrt


def _element(g: Any, element: Any) -> tuple[int, ...]:
    if element is None:
        return tuple(map(int, np.unravel_index(int(np.argmax(np.abs(g))), g.shape)))
    index = tuple(element) if isinstance(element, tuple | list) else (element,)
    fits = len(index) == g.ndim and all(isinstance(i, int | np.integer) and not isinstance(i, bool) for i in index)
    if not fits:
        raise ShapeError(
            f"explain: element={element!r} must be one integer for each axis of the shape {list(g.shape)}, "
            f"as in element={_some(g.shape)}"
        )
    if any(not -n <= i < n for i, n in zip(index, g.shape, strict=True)):
        raise IndexError(f"explain: element={element!r} lies outside the shape {list(g.shape)}")
    return tuple(int(i) % n for i, n in zip(index, g.shape, strict=True))


def _some(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple([0] * len(shape))


def _loss_name(way: Way, graph: Graph) -> str:
    name = graph.output.name or way.label(graph.output._node)
    node = graph.output._node
    assert node is not None
    return name if node.op.name == "named" or graph.output.name else "loss"


def _chain(way: Way) -> list[Any]:
    """Return the gates that are worth a factor each, from the loss to the end: named ones if there are any."""
    first, *inner, last = way.gates()[::-1]
    named = [key for key in inner if key.op.name == "named"]
    if not named:
        named = [key for key in inner if way.alias(key) is key]
        if len(named) > 6 and any(way.graph.module(key) for key in named):
            ends = {way.graph.module(key): key for key in reversed(named)}  # what each module returns
            named = [key for key in named if ends.get(way.graph.module(key)) is key]
    return [first, *named, last]


def _follow(way: Way, index: tuple[int, ...]) -> list[Step]:
    """Follow the largest contribution from an element of the end up to the output; return the steps downwards."""
    steps: list[Step] = []
    key, at = way.end, index
    while True:
        terms = way.terms(key, at) if way.users(key) else None
        if terms and len(way.users(key)) == 1 and terms[0].node.op.name == "named":
            key = terms[0].node  # a name is not a step
            continue
        terms = sorted(terms or [], key=lambda t: -abs(t.product))
        value = float(host(way.cotangent(key))[at])
        module, title = _module(way, terms[0].node) if terms else ("", "")
        if terms:
            line = next((short(t.node.trace.line) for t in terms if t.node.trace), "")
            steps.append(Step(spot(way.label(key), at), value, terms, key, module, title, line))
        if not terms:
            break
        key, at = terms[0].node, terms[0].at
    return steps[::-1]


def _module(way: Way, node: Node) -> tuple[str, str]:
    path = way.graph.module(node)
    if not path or node.trace is None:
        return "", ""
    return path, f"{path}: {node.trace.modules[-1]._in_brief()}"
