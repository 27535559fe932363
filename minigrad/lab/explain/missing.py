"""Why there is no gradient at all: nothing asked for one, nothing was recorded, or the way was cut.

Inside `annotate()` the engine notes where every array came from, so that a cut can be named. Read next: `zero.py`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ...engine import Node, Tensor, primitives
from ...engine.debugging import Origin, origins
from ...errors import describe
from ..graph import Graph
from .report import Answer

_STEPS = {"argmax", "argmin", "sign", "floor", "ceil", "round"}


class Cut(NamedTuple):
    """Where values left the graph: the operations they went through, and the node that used them as a constant."""

    through: list[Origin]
    user: Node


def without_loss(t: Tensor, name: str) -> Answer:
    """Say why `t.grad` is None, as far as the tensor itself tells."""
    if t._node is not None:
        line = t._node.trace.line if t._node.trace else ""
        return Answer(
            name, "none", "not-a-leaf",
            f"it is the result of {t._node.op.name}, no leaf, and backward keeps the gradients of leaves only",
            [], line,
            "call t.retain_grad() before backward; if it is meant to be learned, make the leaf of the finished value: "
            "mg.tensor((w * 0.1).numpy(), requires_grad=True), or nn.Parameter(…)",
        )  # fmt: skip
    if not t.requires_grad:
        return no_wish(t, name)
    return Answer(
        name, "none", "backward-not-called",
        "no backward has reached it: either loss.backward() has not been called (or zero_grad() has, since), or the "
        "loss does not depend on it", [], "", "call loss.backward(); lab.why(t, loss), before backward, tells which",
    )  # fmt: skip


def no_wish(t: Tensor, name: str) -> Answer:
    """Say why a leaf does not require gradients."""
    origin = origins.get(id(t.data))
    if origin is not None:
        what, how = _describe_cut([origin], origin.name)
        return Answer(name, "none", what, f"it was made by {origin.name}, {how}", [], origin.line, _remedy(what))
    if t.dtype.kind != "f":
        return Answer(
            name, "none", "integer", f"it is {describe(t)}, and only floating tensors have gradients", [], "",
            "make it floating: mg.tensor(values, dtype='float32', requires_grad=True)",
        )  # fmt: skip
    frozen = type(t).__name__ == "Parameter"
    return Answer(
        name, "none", "frozen" if frozen else "not-required",
        "it is a frozen parameter (requires_grad is False)" if frozen else "it does not require gradients: it was made "
        "without requires_grad=True, or comes from .detach(), .numpy() or no_grad", [], "",
        "call t.requires_grad_() before the forward computation",
    )  # fmt: skip


def without_graph(loss: Any, name: str) -> Answer:
    """Say why a loss has no graph."""
    if not isinstance(loss, Tensor):
        return Answer(
            name, "none", "loss-is-no-tensor", f"the loss is {describe(loss)}, which remembers nothing of its making",
            [], "", "keep the loss a Tensor up to backward: no .item(), float() or .numpy() on the way",
        )  # fmt: skip
    origin = origins.get(id(loss.data))
    cause = (
        "the loss does not require gradients: none of what it was computed from does, it was computed in no_grad, or "
        "a compiled function returned it, which remembers nothing"
    )
    if origin is not None:
        what, how = _describe_cut([origin], origin.name)
        return Answer(name, "none", what, f"the loss is made by {origin.name}, {how}", [], origin.line, _remedy(what))
    return Answer(
        name, "none", "loss-not-recorded", cause, [], "",
        "make the leaves with requires_grad=True and compute the loss outside no_grad",
    )  # fmt: skip


def not_reached(graph: Graph, t: Tensor, name: str) -> Answer:
    """Say why a loss does not depend on a tensor."""
    if not t.requires_grad:
        return no_wish(t, name)
    cut = _cut(graph, t)
    loss = graph.output.name or "loss"
    if cut is not None:
        user = cut.user.trace.line if cut.user.trace else ""
        lost = [o for o in cut.through if not o.recorded]
        broken = lost[0] if lost else None
        if [o.name for o in lost[:2]] == ["stop_gradient", "cast"]:
            broken = lost[1]  # astype(int) is both
        path = [name, *[o.name for o in cut.through], graph.name(cut.user), "…", loss]
        before = next((i for i, o in enumerate(cut.through) if o is broken), len(cut.through))
        path.insert(1 + before, "✗")
        what, how = _describe_cut([broken] if broken else [], graph.name(cut.user), user)
        line = broken.line if broken else user
        culprit = f"{broken.name}, {how}" if broken else how
        return Answer(name, "none", what, f"the way from it to the loss is cut by {culprit}", path, line, _remedy(what))
    annotated = all(node.trace is not None for node in graph.nodes)
    return Answer(
        name, "none", "not-reached", "the loss was computed without it: no operation of its graph uses it",
        [name, "✗", loss], "",
        "is it the tensor the model really uses? Was it used outside no_grad, and no result of it copied by .numpy(), "
        ".item(), int() or mg.tensor(…)?",
        notes=[] if annotated else ["Recorded inside `with lab.annotate():` the place of a cut would be known."],
    )  # fmt: skip


def _cut(graph: Graph, t: Tensor) -> Cut | None:
    """Find a constant of the graph that came of a tensor's values; the operations in between, the tensor's first."""
    constants = [
        (node, value) for node in reversed(graph.nodes) for _, parent, value in graph.operands(node)
        if parent is None and isinstance(value, np.ndarray)
    ]  # fmt: skip
    own = origins.get(id(t.data))
    for node, value in constants:
        for array in (value, value.base):
            if array is None or not isinstance(array, np.ndarray):
                continue
            if array is t.data:
                return Cut([], node)
            through = _descent(origins.get(id(array)), t.data, own)
            if through is not None:
                return Cut(through, node)
    return None


def _descent(last: Origin | None, array: Any, own: Origin | None) -> list[Origin] | None:
    """Return the operations from an array, or from its own origin, to the last one; None if it does not descend."""
    stack: list[tuple[Any, list[Origin]]] = [(last, [])]
    seen: set[int] = set()
    while stack:
        origin, after = stack.pop()
        if origin is None or id(origin) in seen:
            continue
        seen.add(id(origin))
        if own is not None and origin is own:
            return after
        for operand in origin.operands:
            if isinstance(operand, Origin):
                stack.append((operand, [origin, *after]))
            elif operand() is array:
                return [origin, *after]
    return None


def _describe_cut(origin: list[Origin], user: str, line: str = "") -> tuple[str, str]:
    """Return the id of a cut, and what is wrong with the operation."""
    if not origin:
        ways = [w for w in (".detach()", "stop_gradient", ".numpy()", ".data") if w.rstrip("()") in line]
        return "detached", f"{ways[0] if len(ways) == 1 else '.detach(), .numpy() or .data'}: {user} got a constant"
    name = origin[0].name
    if name == "stop_gradient":
        return "stop-gradient", "which stops gradients on purpose"
    if name == "cast":
        return "integer-cast", "to a dtype that has no gradients"
    known = primitives.get(name)
    if known is not None and not any(known.primitive.rules.values()):
        what = "a choice of indices" if name in _STEPS else "a comparison or a step"
        return "not-differentiable", f"{what}, which has no derivative"
    return "no-grad", "called under no_grad, or on values cut off before"


def _remedy(what: str) -> str:
    return {
        "detached": "use the Tensor itself, and minigrad operations (or np.… on Tensors) throughout",
        "stop-gradient": "leave out stop_gradient, if a gradient is wanted",
        "integer-cast": "stay with floating dtypes on the way to the loss; use the integers beside it",
        "not-differentiable": "put something smooth in its place: softmax for argmax, sigmoid for a comparison",
        "no-grad": "compute it outside no_grad",
    }[what]
