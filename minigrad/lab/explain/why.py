"""`why`: what is the matter with this gradient. It measures, and hands on to whoever knows the reason.

Read next: `missing.py`, `zero.py`, `nonfinite.py`, `sizes.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine import Tensor
from ...errors import GraphError, describe, nearest
from ..graph import Graph
from . import missing
from .nonfinite import nonfinite
from .page import host, number, rms
from .report import Answer
from .sizes import layers, out_of_scale, verdict
from .way import Way, find, names, unwatched
from .zero import rows_not_used, zero


def why(t: Any, loss: Any = None) -> Answer:
    """Return why the gradient of a tensor is None, zero, NaN, tiny, large, or that it is fine.

    Parameters
    ----------
    t : a parameter, any other tensor, or the name of one in the loss's graph
    loss : what is differentiated, before its backward (or after one with retain_graph=True); without it only
        `t.grad` is looked at

    Returns
    -------
    an Answer: print it, or take `.verdict`, `.cause`, `.path`, `.line`, `.remedy`. Recorded inside
    `lab.annotate()` a graph knows lines, and where it was cut.

    Raises
    ------
    TypeError
        when t is neither a Tensor nor a name.
    GraphError
        when the loss's graph has nothing of that name.

    A gradient counts as tiny where no element exceeds 10⁻⁷ · max(1, rms of t): a step of that size is lost in
    float32. As large from 10⁴ times that size on.

    >>> import minigrad as mg
    >>> from minigrad import lab
    >>> w = mg.tensor([-1.0, -2.0], requires_grad=True, name="w")
    >>> with lab.annotate():
    ...     loss = mg.relu(w).sum()
    >>> lab.why(w, loss).id
    'dead-relu'
    """
    if not isinstance(t, Tensor | str):
        raise TypeError(f"why: needs a Tensor or the name of one, got {describe(t)}")
    if isinstance(t, str) and loss is None:
        raise TypeError(f"why: to find {t!r} by its name the loss is needed: lab.why({t!r}, loss)")
    name = t if isinstance(t, str) else t.name or "this tensor"
    if loss is None:
        assert isinstance(t, Tensor)
        return missing.without_loss(t, name) if t.grad is None else _of_grad(t, name, "pass the loss")
    if not isinstance(loss, Tensor) or (loss._node is None and loss is not t):
        answer = missing.without_graph(loss, name)
        if not isinstance(t, Tensor) or t.grad is None:
            return answer
        judged = _of_grad(t, name, answer.remedy)  # of another loss, or of this one inside a compiled function
        judged.notes.append(answer.cause[0].upper() + answer.cause[1:] + ".")
        return judged
    if loss is t:
        return Answer(name, "fine", "loss", "it is the loss itself, whose derivative is 1")
    try:
        with unwatched():
            graph = Graph(loss)
    except GraphError as error:
        return _of_lost_graph(t, name, error)
    with unwatched():
        return _of_graph(graph, t, name)


def _of_graph(graph: Graph, t: Tensor | str, name: str) -> Answer:
    known = {*graph.nodes, *graph.leaves}
    if isinstance(t, str):
        key = find(graph, t)
        if key is None:
            given = names(graph)
            raise GraphError(
                f"why: nothing in this graph is called {t!r}; it knows {', '.join(given)}.{nearest(t, given)}"
            )
    else:
        key = t._node or t
        name = t.name or (graph.name(key) if key in known else graph._parameter_names().get(t, name))
    if key not in known:
        tensor: Any = t if isinstance(t, Tensor) else key
        return missing.not_reached(graph, tensor, name)
    way = Way(graph, key)
    g = way.cotangent(key)
    if not np.size(g):
        return Answer(name, "fine", "empty", "it has no elements, and so has its gradient", way.path())
    found = verdict(g, graph.value(key))
    if found == "zero":
        return zero(way, name)
    if found == "nan":
        return nonfinite(way, name)
    if found != "fine":
        return out_of_scale(way, name, found)
    return _healthy(way, t, name, g)


def _healthy(way: Way, t: Any, name: str, g: Any) -> Answer:
    """Tell of a derivative with nothing wrong, and of a `.grad` that is missing all the same."""
    share = float(np.mean(host(g) == 0))
    note = rows_not_used(way, g) or (f"{share:.0%} of its elements are 0." if share > 0.5 else "")
    notes = [note] if note else []
    size = f"the root mean square of ∂loss/∂{name} is {number(rms(g), 3)}"
    tensor = t if isinstance(t, Tensor) else way.end
    if isinstance(tensor, Tensor) and tensor.grad is None:
        node = tensor._node
        if node is None:
            return Answer(
                name, "none", "backward-not-called", f"backward has not been called yet; {size}", way.path(), "",
                "call loss.backward()", notes=notes,
            )  # fmt: skip
        if node.retained is None:
            answer = missing.without_loss(tensor, name)
            answer.path, answer.notes = way.path(), [*notes, size[0].upper() + size[1:] + "."]
            return answer
    if isinstance(tensor, Tensor) and tensor.grad is not None and verdict(tensor.grad.data, tensor.data) != "fine":
        return _of_grad(tensor, name, "it is of an earlier loss: this one's is sound; call zero_grad() and backward")
    return Answer(name, "fine", "fine", size, way.path(), table=layers(way), notes=notes)


def _of_grad(t: Tensor, name: str, remedy: str) -> Answer:
    """Judge what stands in `.grad`, without a graph."""
    assert t.grad is not None
    found = verdict(t.grad.data, t.data)
    size = f"the root mean square of .grad is {number(rms(t.grad.data), 3)}"
    if found == "fine":
        return Answer(name, "fine", "fine", size)
    known = "pass the loss" in remedy
    mend = remedy
    if known:
        mend = "lab.why(t, loss), before backward or after backward(retain_graph=True), tells the reason"
    if found == "nan":
        size = f".grad holds {int(np.sum(~np.isfinite(host(t.grad.data))))} values that are not finite"
    return Answer(name, found, "grad", size, [], "", mend)


def _of_lost_graph(t: Tensor | str, name: str, error: GraphError) -> Answer:
    """Answer when the graph can no longer be walked: from `.grad`, with the reason."""
    freed = "freed" in str(error)
    what, remedy = (
        ("freed", "ask before loss.backward(), or call loss.backward(retain_graph=True)")
        if freed
        else ("changed", "ask before the optimizer's step, or compute the loss again")
    )
    note = "the graph has been freed by backward" if freed else "values the graph saved have changed since"
    if isinstance(t, Tensor) and t.grad is not None:
        answer = _of_grad(t, name, remedy)
        answer.notes.append(note[0].upper() + note[1:] + ".")
        return answer
    if isinstance(t, Tensor) and (t._node is not None or not t.requires_grad):
        return missing.without_loss(t, name)
    if isinstance(t, Tensor) and freed:
        return Answer(
            name, "none", "not-reached", "backward has run, and did not reach it: the loss does not depend on it",
            [], "", remedy + ": then the place where the way is cut can be found",
        )  # fmt: skip
    return Answer(name, "none", what, note, [], "", remedy)
