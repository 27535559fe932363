"""Why a gradient is NaN or infinite: the first operation that made it of finite numbers, forward or backward.

Read next: `sizes.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine import Node
from .page import host, number, place
from .report import Answer
from .way import Way
from .zero import where

_AT = {
    "log": ("log-of-zero", "the logarithm of {x}", "keep x > 0: log(x + eps), a loss on logits, or clip"),
    "log2": ("log-of-zero", "the logarithm of {x}", "keep x > 0: log2(x + eps), a loss on logits, or clip"),
    "log10": ("log-of-zero", "the logarithm of {x}", "keep x > 0: log10(x + eps), or clip"),
    "sqrt": ("sqrt-of-zero", "the root of {x}, whose slope 1/(2√x) is infinite at 0", "√(x + eps), or maximum(x, eps)"),
    "power": ("power-of-zero", "a power of {x}", "keep the base positive: maximum(x, eps)"),
    "exp": ("overflow", "exp of {x}, more than {dtype} can hold", "subtract the largest first: logsumexp, softmax"),
    "two_norm": ("sqrt-of-zero", "the norm of zeros, which has no derivative", "√(Σx² + eps)"),
    "std": ("zero-variance", "the standard deviation of equal numbers: its slope is infinite", "√(var + eps)"),
    "arccos": ("edge", "arccos of {x}, whose slope is infinite at ±1", "clip into (−1, 1)"),
    "arcsin": ("edge", "arcsin of {x}, whose slope is infinite at ±1", "clip into (−1, 1)"),
}  # fmt: skip


def bad(x: Any) -> Any:
    """Return where an array is not finite, as a mask; None where nothing is known or it holds no floats."""
    if x is None:
        return None
    x = host(x)
    return ~np.isfinite(x) if x.dtype.kind == "f" else np.zeros(x.shape, bool)


def nonfinite(way: Way, name: str) -> Answer:
    """Say why ∂loss/∂t has NaN or inf.

    An infinite constant may be meant (a mask), and is blamed last.
    """
    for node in way.graph.nodes:
        operands = way.graph.operands(node)
        given = _given(way, node, np.isnan)
        if given:
            return _input(name, *given, way.path(node), node)
        values = [value for _, _, value in operands if value is not None]
        result = way.graph.value(node)
        new_nan = _has_nan(result) and not any(map(_has_nan, values))
        if new_nan or (np.any(bad(result)) and not any(np.any(bad(v)) for v in values)):
            return _made(way, name, node)
    found = _backward(way, name)
    if found.id == "unknown":
        for node in way.graph.nodes:
            given = _given(way, node, np.isinf)
            if given:
                return _input(name, *given, way.path(node), node)
    return found


def _given(way: Way, node: Node, what: Any) -> tuple[str, Any] | None:
    """Return the name and the value of a leaf or constant among a node's operands that holds NaN, or inf."""
    for label, parent, value in way.graph.operands(node):
        array = host(value) if value is not None and not isinstance(parent, Node) else np.zeros(0)
        if array.dtype.kind == "f" and what(array).any():
            constant = f"the constant {label} of {where(way, node)}"
            return way.graph.name(parent) if parent is not None else constant, value
    return None


def _has_nan(x: Any) -> bool:
    return x is not None and host(x).dtype.kind == "f" and bool(np.isnan(host(x)).any())


def _input(name: str, what: str, value: Any, path: list[str], node: Node) -> Answer:
    at = np.argwhere(bad(value))
    return Answer(
        name, "nan", "bad-input",
        f"{what} holds {number(host(value)[tuple(at[0])])} at {place(at[0]) or 'its only place'} ({len(at)} in all)",
        path, node.trace.line if node.trace else "",
        "clean the data (np.isfinite, nan_to_num), or look at the update that made the parameter so",
    )  # fmt: skip


def _made(way: Way, name: str, node: Node) -> Answer:
    """Tell of an operation whose result is not finite though its operands are."""
    at = tuple(np.argwhere(bad(way.graph.value(node)))[0])
    operands = way.graph.operands(node)
    what, cause, remedy = _at(node, operands, at, bool(np.isnan(host(way.graph.value(node))[at])))
    return _told(way, name, node, what, cause, remedy, at)


def _told(way: Way, name: str, node: Node, what: str, cause: str, remedy: str, at: tuple[Any, ...]) -> Answer:
    """Return the answer; of what a `where` chose against it is another one."""
    path = way.path(node)
    branch = branch_of(way, node)
    g = host(way.cotangent(node))
    if branch is not None and g.shape == node.shape and g[at] == 0:
        argument, parent, _ = way.graph.operands(node)[0]
        argument = argument if parent is None else way.label(parent)
        return Answer(
            name, "nan", "where-branch",
            f"{where(way, node)} is {cause}; {way.label(branch)} does not choose it there, but backward multiplies "
            "its 0 with the infinite slope, and 0 · ∞ is NaN", path, _line(node),
            f"choose the argument and not the result: {node.op.name}(where(ok, {argument}, 1))",
        )  # fmt: skip
    return Answer(name, "nan", what, f"{where(way, node)} is {cause}", path, _line(node), remedy)


def _at(node: Node, operands: list[tuple[str, Any, Any]], at: tuple[Any, ...], nan: bool) -> tuple[str, str, str]:
    """Return the id, the cause and the remedy of an operation that made what is not finite, at an index."""
    op = node.op.name
    x = operands[0][2] if operands else None
    text = _element(x, node.shape, at)
    if op in ("divide", "reciprocal", "remainder"):
        y = _element(operands[-1][2], node.shape, at)
        if y in ("0", ""):
            return "division-by-zero", f"{text or 'a number'} divided by 0", "divide by y + eps, or by maximum(y, eps)"
        return "overflow", f"{text} divided by {y}, more than {node.dtype} can hold", "divide by maximum(y, eps)"
    if op in _AT:
        what, cause, remedy = _AT[op]
        return what, cause.format(x=text or "a number", dtype=node.dtype), remedy
    if nan:
        return "undefined", "undefined: ∞ − ∞, 0 · ∞ or ∞/∞", "look where the infinite operand comes from"
    top = number(np.finfo(node.dtype).max, 3)
    return "overflow", f"larger than the largest {node.dtype}, {top}", "smaller weights, or a wider dtype"


def _element(x: Any, shape: tuple[int, ...], at: tuple[Any, ...]) -> str:
    if x is None:
        return ""
    x = host(x)
    try:
        return number(np.broadcast_to(x, shape)[at])
    except ValueError:  # a reduction: no single element is to blame
        return ""


def branch_of(way: Way, node: Node) -> Node | None:
    """Return the `where` that every way from a node leads into as a branch, the first one; or None."""
    below = Way(way.graph, node)
    return next((g for g in below.gates()[1:] if g.op.name == "where"), None)


def _backward(way: Way, name: str) -> Answer:
    """Find the rule that made NaN or inf of a finite cotangent: at a bad point, or of an infinite operand."""
    for node in reversed(way.graph.nodes):
        if node not in way.graph.cotangents or np.any(bad(way.graph.cotangents[node])) or node not in way.nodes:
            continue
        for edge in way.edges(node):
            mask = bad(way.handed(node, edge))
            given = _given(way, node, lambda x: ~np.isfinite(x)) if np.any(mask) else None
            if given:
                return _input(name, *given, way.path(node), node)
            if np.any(mask):
                at = tuple(np.argwhere(mask)[0])
                what, cause, remedy = _slope(node, edge.value, at)
                return _told(way, name, node, what, cause, remedy, at)
    return Answer(
        name, "nan", "unknown", "it arises on the way back", way.path(), "",
        "record inside `with lab.annotate():` and ask again",
    )  # fmt: skip


def _slope(node: Node, value: Any, at: tuple[Any, ...]) -> tuple[str, str, str]:
    text = number(host(value)[at]) if value is not None else "a number"
    if node.op.name in _AT:
        what, cause, remedy = _AT[node.op.name]
        return what, cause.format(x=text, dtype=node.dtype), remedy
    return "infinite-slope", f"finite, but its slope at {text} is not", "keep the operand away from that point"


def _line(node: Node) -> str:
    return node.trace.line if node.trace else ""
