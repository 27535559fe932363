"""`compare`: gradients derived by hand against a loss that was just computed.

There is the graph, and no function to run at other points: so less can be told, and with less certainty. Recorded
inside `lab.annotate()` the graph knows its lines, and fused operations can be opened.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...engine import Tensor
from ...errors import describe
from ..graph import Graph
from .closeness import difference, scale_of, tolerance
from .entry import SECONDS, explain
from .given import look_at, of_shape
from .problem import Point, as_gradient
from .report import Diagnosis, Report, Result
from .views import views, wide


def compare(loss: Tensor, grads: Mapping[Any, Any]) -> Report:
    """Compare gradients derived by hand with those of a loss that was just computed, and name the mistake.

    Parameters
    ----------
    loss : a scalar whose graph is alive: before `backward`, or after `backward(retain_graph=True)`
    grads : for each leaf tensor, or for its name, the gradient derived by hand: an array of its shape

    Returns
    -------
    a report as of `check`. What needs the functions to be run again is left out: kinks, several steps of descent, other
    sizes, and the other points that make a claim certain. A claim counts as certain from six elements on.

    Raises
    ------
    GraphError
        when nothing was recorded, or the graph has been freed.
    KeyError
        when a name or a tensor is no leaf of the graph.

    >>> import minigrad as mg
    >>> from minigrad import lab
    >>> w = mg.tensor([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], requires_grad=True, name="w")
    >>> with lab.annotate():
    ...     loss = (w * w).mean()
    >>> report = lab.compare(loss, {w: w.numpy() * 2})
    >>> report.diagnoses[0].id, report.diagnoses[0].factor
    ('sum-vs-mean', 6.0)
    """
    graph = Graph(loss)
    if loss.size != 1:
        raise ValueError(f"compare: the loss must be a scalar, got {describe(loss)}; reduce it with .sum() or .mean()")
    leaves = [_leaf(graph, key) for key in grads]
    names = {n: graph.name(leaf) for n, leaf in enumerate(leaves)}
    numbers: dict[Any, int] = {leaf: n for n, leaf in enumerate(leaves)}
    with np.errstate(all="ignore"):
        found = views(graph, numbers, names)
        truth = {
            n: wide(np.asarray(graph.cotangents.get(leaf, np.zeros_like(leaf.data)))) for leaf, n in numbers.items()
        }
        hand: dict[int, Any] = {n: as_gradient(value) for n, value in enumerate(grads.values())}
        args = [np.asarray(wide(leaf.data)) for leaf in leaves]
        hand = {n: None if h is None else wide(h) for n, h in hand.items()}
        point = Point(args, found, float(loss.item()), truth, hand)
        return _report(point, names, [leaf.dtype for leaf in leaves])


def _leaf(graph: Graph, key: Any) -> Tensor:
    for leaf in graph.leaves:
        if leaf is key or (isinstance(key, str) and graph.name(leaf) == key):
            return leaf
    known = ", ".join(graph.name(leaf) for leaf in graph.leaves)
    said = repr(key) if isinstance(key, str) else describe(key)
    raise KeyError(f"compare: {said} is no leaf of this graph; its leaves are {known}")


def _report(point: Point, names: dict[int, str], dtypes: list[Any]) -> Report:
    made = Report(loss=point.loss)
    numbers, wrong, loose, shapes = [], [], {}, []
    length = max((int(np.size(s.out)) for s in point.views[0].steps), default=1)
    for n, name in names.items():
        shape = np.shape(point.hand[n])
        reason, bad = look_at(point, n)
        if bad is not None and bad.mend is not None:
            point.hand[n] = bad.mend(point.hand[n])
        if bad is not None and bad.id:
            shapes.append(of_shape(name, shape, bad))
        if reason:
            made.results[name] = Result(name, "mistake", hand=point.hand[n], truth=point.truth[n], reason=reason)
            if bad is None:
                made.diagnoses.append(Diagnosis("unexplained", f"{name}: {reason}.", certain=False, arguments=(name,)))
            continue
        apart = difference(point.hand[n], point.truth[n], dtypes[n])
        allowed = tolerance(point.hand[n], point.truth[n], length, dtypes[n])
        differs = apart.largest > 4 * allowed
        verdict = "mistake" if differs or (bad is not None and bad.id) else "match"
        made.results[name] = Result(name, verdict, apart.largest, apart.where, apart.ulp, point.hand[n], point.truth[n])
        numbers.append(n)
        loose[n] = max(1e-8, 16 * allowed / (scale_of(point.truth[n]) or 1.0))
        if differs:
            wrong.append(n)
    made.diagnoses += shapes
    if wrong:
        explain(made, [point], names, numbers, wrong, loose, SECONDS)
    return made
