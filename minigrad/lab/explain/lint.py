"""`lint`: known mistakes that a recorded graph shows for certain. What might be meant is not reported.

In debug mode backward runs them too, and warns of each finding once. Read next: `../notes/`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...engine import Node, Tensor
from ...engine.debugging import before_backward
from ...errors import describe, warn_user
from ..graph import Graph, graph_of
from .nonfinite import bad
from .page import Page, host, short
from .way import Way, unwatched

_PASSING = {"named", "reshape", "transpose", "copy", "squeeze", "expand_dims", "positive", "swapaxes", "getitem"}
_LOGARITHMS = {"log", "log2", "log10", "log1p", "log_probability", "log_sigmoid"}
_LAYERS = {"linear", "matmul"}  # what a hidden layer is followed by
_SATURATED = {"sigmoid": 8.0, "tanh": 5.0}  # from here on the slope is below 4e-4


@dataclass(frozen=True)
class Finding(Page):
    """A known mistake.

    Attributes
    ----------
    id : of the lint
    message : what is wrong, and what it does
    line : the user's, "" where it is not known
    remedy : what to write instead
    """

    id: str
    message: str
    line: str
    remedy: str

    def lines(self) -> list[tuple[str, str]]:
        """Return the finding line by line, each with its kind."""
        lines = [("bad", f"{self.id}: {self.message}.")]
        if self.line:
            lines.append(("code", f"  line:   {short(self.line)}"))
        return [*lines, ("text", f"  remedy: {self.remedy}")]


def lint(loss: Any, model: Any = None) -> list[Finding]:
    """Return the known mistakes in the graph of a loss; an empty list where there are none.

    Parameters
    ----------
    loss : a recorded tensor, before backward; inside `lab.annotate()` the findings know lines, and more is looked at
    model : the Module whose parameters it should depend on; without it that is not looked at

    Raises
    ------
    GraphError
        when nothing was recorded, or the graph has been freed.
    TypeError
        when the model has no named_parameters.

    >>> import minigrad as mg
    >>> from minigrad import lab
    >>> z = mg.tensor([[1.0, 2.0]], requires_grad=True)
    >>> [finding.id for finding in lab.lint(mg.log(mg.softmax(z)).sum())]
    ['log-of-softmax']
    """
    if model is not None and not hasattr(model, "named_parameters"):
        raise TypeError(f"lint: model must be a Module, got {describe(model)}")
    with unwatched():
        graph = graph_of(loss, "lint")
        found = [finding for rule in RULES for finding in rule(graph)]
        if model is not None:
            found += _unreachable(graph, model)
    return list(dict.fromkeys(found))  # one line may make the same mistake twice


def _source(graph: Graph, parent: Any) -> Any:
    """Return the node an operand came from, behind what only names or reshapes it."""
    while isinstance(parent, Node) and parent.op.name in _PASSING:
        parent = parent.parents[0]
    return parent


def _line(node: Any) -> str:
    return node.trace.line if isinstance(node, Node) and node.trace else ""


def _place(graph: Graph, node: Node) -> str:
    path = graph.module(node)
    return f"{node.op.name} (layer {path})" if path else node.op.name


# (operation, what it is given, id, what that does, remedy)
_PAIRS = [
    ("softmax_cross_entropy", "softmax", "softmax-into-cross-entropy",
     "cross_entropy wants logits and applies softmax itself: applied twice the loss is wrong and learns slowly",
     "leave out the softmax, or use log_likelihood"),
    ("bce_with_logits", "sigmoid", "sigmoid-into-bce-with-logits",
     "binary_cross_entropy_with_logits wants logits and applies sigmoid itself: applied twice the loss is wrong",
     "leave out the sigmoid, or use binary_cross_entropy"),
    ("log", "softmax", "log-of-softmax",
     "a probability that is rounded to 0 has the logarithm −∞, and gradients that are NaN", "use log_softmax"),
    ("log", "sigmoid", "log-of-sigmoid",
     "where the sigmoid is rounded to 0 the logarithm is −∞, and gradients are NaN", "use log_sigmoid"),
]  # fmt: skip


def _pairs(graph: Graph) -> Iterator[Finding]:
    """Two operations that must not follow each other."""
    for node in graph.nodes:
        for op, given, name, message, remedy in _PAIRS:
            source = _source(graph, node.parents[0]) if node.op.name == op else None
            if isinstance(source, Node) and source.op.name == given:
                yield Finding(name, message, _line(node), remedy)


def _outer(graph: Graph) -> Iterator[Finding]:
    """A prediction (N, 1) less a target (N,), or its logarithm times one, in a loss: N² terms, and not N."""
    for node in graph.nodes:
        if len(node.shape) != 2 or node.shape[0] != node.shape[1] or node.shape[0] < 2:
            continue
        sources = [_source(graph, parent) for parent in node.parents]
        logarithm = any(isinstance(s, Node) and s.op.name in _LOGARITHMS for s in sources)
        sign = {"subtract": "−", "multiply": "·" if logarithm else ""}.get(node.op.name)
        operands = graph.operands(node)
        shapes = [np.shape(v) if v is not None else getattr(p, "shape", None) for _, p, v in operands]
        n = node.shape[0]
        live = [parent for _, parent, _ in operands if parent is not None]
        outer = sorted(map(str, shapes)) == sorted([str((n, 1)), str((n,))]) and len(live) == 1
        if sign and outer and _into_loss(graph, node):
            yield Finding(
                "outer-broadcast", f"{shapes[0]} {sign} {shapes[1]} is broadcast to {node.shape}: the loss compares "
                "every prediction with every target", _line(node),
                f"give both the same shape: target.reshape({n}, 1)",
            )  # fmt: skip


def _into_loss(graph: Graph, node: Node) -> bool:
    """Tell whether terms are only squared, or their absolute values taken, added, and reduced to one number."""
    for names in ({"square", "absolute", "multiply", "power", "add", "negative", "named"}, {"mean", "sum", "named"}):
        users = list(dict.fromkeys(graph.users(node)))
        while len(users) == 1 and users[0].op.name in names:
            node = users[0]
            users = list(dict.fromkeys(graph.users(node)))
    reduced = {"mean", "sum", "named", "negative"}
    return math.prod(node.shape) == 1 and node.op.name in reduced


def _hidden_nonfinite(graph: Graph) -> Iterator[Finding]:
    """NaN or inf in a branch of a `where`, at a place that is not chosen, and a gradient that is NaN for it."""
    if not any(np.any(bad(graph.cotangents.get(leaf))) for leaf in graph.leaves):
        return  # an infinite constant, added, does no harm
    for node in graph.nodes:
        if node.op.name != "where":
            continue
        (_, _, condition), *branches = graph.operands(node)
        for (name, parent, value), chosen in zip(branches, (True, False), strict=True):
            mask = bad(value) if parent is not None else None
            if mask is None or condition is None or not np.any(mask):
                continue
            taken = host(condition).astype(bool) == chosen
            if np.any(np.broadcast_to(mask, node.shape) & ~np.broadcast_to(taken, node.shape)):
                yield Finding(
                    "nonfinite-under-where", f"the branch {name} of where is not finite where it is not chosen: "
                    "backward multiplies its 0 with an infinite slope, which gives NaN", _line(parent) or _line(node),
                    "choose the argument and not the result: log(where(x > 0, x, 1))",
                )  # fmt: skip


def _hidden_layer(graph: Graph, node: Node) -> bool:
    """Tell whether a result goes on into a further layer."""
    return any(u.op.name in _LAYERS for u in Way(graph, node).nodes)


def _dead(graph: Graph) -> Iterator[Finding]:
    """A hidden relu layer all of whose outputs are 0 for all examples."""
    for node in graph.nodes:
        out = graph.value(node) if node.op.name == "relu" else None
        if out is not None and np.size(out) > 1 and not np.any(host(out)) and _hidden_layer(graph, node):
            yield Finding(
                "dead-relu-layer", f"all {np.size(out)} outputs of {_place(graph, node)} are 0: nothing below "
                "it learns", _line(node), "a smaller learning rate, He initialisation, or leaky_relu",
            )  # fmt: skip


def _saturated(graph: Graph) -> Iterator[Finding]:
    """A hidden sigmoid or tanh layer that is flat at every one of its inputs."""
    for node in graph.nodes:
        limit = _SATURATED.get(node.op.name)
        x = graph.operands(node)[0][2] if limit else None
        if x is not None and limit and np.size(x) > 1 and float(np.min(np.abs(host(x)))) > limit:
            hidden = _hidden_layer(graph, node)
            if hidden:
                yield Finding(
                    "saturated-layer", f"all {np.size(x)} inputs of {_place(graph, node)} lie beyond ±{limit:g}, where "
                    "it is flat: nothing below it learns", _line(node), "smaller initial weights, standardised inputs",
                )  # fmt: skip


def _symmetric(graph: Graph) -> Iterator[Finding]:
    """Hidden nodes with equal weights and equal gradients: they stay one node for ever (N11)."""
    for node in graph.nodes:
        weight = node.parents[1] if node.op.name == "linear" else None
        if not isinstance(weight, Tensor) or weight.ndim != 2 or len(weight) < 2 or not _hidden_layer(graph, node):
            continue
        w, g = host(weight.data), host(graph.cotangents.get(weight, np.zeros(weight.shape)))
        if (w == w[0]).all() and (g == g[0]).all():
            yield Finding(
                "symmetric-weights", f"all {len(w)} nodes of {graph.name(weight)} have equal weights and equal "
                "gradients: they stay equal, and count as one", _line(node),
                "initialise at random: nn.init.glorot_uniform_",
            )  # fmt: skip


def _modes(graph: Graph) -> Iterator[Finding]:
    """A layer that is in another mode than its model."""
    seen: set[int] = set()
    for node in graph.nodes:
        modules = node.trace.modules if node.trace else ()
        for module in modules[1:]:
            if id(module) in seen:
                continue
            seen.add(id(module))
            kind, root = type(module).__name__, modules[0]
            learns = any(p.requires_grad for p in module.parameters())
            if kind.startswith("BatchNorm") and root.training and not module.training and learns:
                yield Finding(
                    "batchnorm-in-eval", f"{kind} {graph.module(node)} is in evaluation mode and its parameters learn, "
                    "while the model is in training mode", _line(node), "call model.train(), or freeze its parameters",
                )  # fmt: skip
            if kind == "Dropout" and not root.training and module.training and module.p > 0:
                yield Finding(
                    "dropout-in-training", f"Dropout {graph.module(node)} drops while the model is in evaluation mode",
                    _line(node), "call model.eval()",
                )  # fmt: skip


RULES: tuple[Callable[[Graph], Iterator[Finding]], ...] = (
    _pairs, _outer, _hidden_nonfinite, _dead, _saturated, _symmetric, _modes,
)  # fmt: skip


def _unreachable(graph: Graph, model: Any) -> Iterator[Finding]:
    """Parameters of the model that the loss does not depend on."""
    reached = set(graph.leaves)
    lost = [name for name, p in model.named_parameters() if p.requires_grad and p not in reached]
    if lost:
        shown = ", ".join(lost[:6]) + (", …" if len(lost) > 6 else "")
        yield Finding(
            "unreachable-parameters", f"the loss does not depend on {shown}", "",
            "lab.why(parameter, loss) tells where the way is cut; freeze them if it is meant",
        )  # fmt: skip


_warned: set[tuple[str, str]] = set()


def _warn(loss: Any) -> None:
    """Warn of what `lint` finds, each finding once."""
    try:
        found = lint(loss)
    except Exception:
        return  # backward will meet it too, and say it better
    for finding in found:
        if (finding.id, finding.line) not in _warned:
            _warned.add((finding.id, finding.line))
            warn_user(f"{finding.id}: {finding.message}. {finding.remedy[0].upper()}{finding.remedy[1:]}")


before_backward.append(_warn)
