"""Why a gradient is zero: the operations that got something to hand on and handed on nothing.

Read next: `nonfinite.py`.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ...engine import Node
from .page import host, number
from .report import Answer
from .way import Edge, Way

_STEPS = {"sign", "floor", "ceil", "trunc", "rint", "round", "heaviside", "floor_divide"}
_CHOICES = {"maximum", "minimum", "max", "min", "clip", "where", "fmax", "fmin", "getitem", "tril", "triu"}
_INVARIANT = {"softmax": "sum to 1", "log_softmax": "are 0 after logsumexp", "standardize": "have mean 0"}


_ROUNDING = 8.0  # units in the last place that terms may be off by; their sum, as a random walk, √n times that


class Stop(NamedTuple):
    """An operation that was handed a cotangent and handed none to an operand on the way."""

    node: Node
    edge: Edge


def zero(way: Way, name: str) -> Answer:
    """Say why ∂loss/∂t is zero everywhere."""
    stops = find_stops(way)
    if not stops:
        return _cancels(way, name)
    found = [_explain(way, stop) for stop in stops]
    what, cause, remedy = found[-1]  # the first one met on the way back
    stop = stops[-1]
    others = [f"Another path is cut at {way.label(s.node)}: {f[1]}." for s, f in zip(stops[:-1], found, strict=False)]
    path = way.path(stop.node)
    label = way.label(stop.node)
    if label in path:
        path.insert(path.index(label), "✗")
    line = stop.node.trace.line if stop.node.trace else ""
    return Answer(name, "zero", what, cause, path, line, remedy, notes=others[:3])


def find_stops(way: Way) -> list[Stop]:
    """Return the operations where the derivative is lost, in the order in which they were called."""
    stops = []
    for node in way.nodes:
        if np.any(host(way.cotangent(node))):
            stops += [Stop(node, e) for e in way.edges(node) if not np.any(host(way.handed(node, e)))]
    return stops


def where(way: Way, node: Node) -> str:
    """Return an operation's name with its module's."""
    path = way.graph.module(node)
    return f"{way.label(node)} (layer {path})" if path else way.label(node)


def _explain(way: Way, stop: Stop) -> tuple[str, str, str]:
    """Return the id, the cause and the remedy of one stop."""
    node, edge = stop
    op, here, value = node.op.name, where(way, node), edge.value
    if 0 in edge.parent.shape:
        return "empty", f"{way.label(edge.parent)} has no elements: there is nothing to hand on", "check the index"
    if value is None and op == "relu":
        value = way.graph.value(node)  # it is ≤ 0 where the input is
    largest = float(np.max(np.abs(host(way.cotangent(node)))))
    if np.any(host(way.handed(node, edge, scale=min(1e30, 1 / max(largest, 1e-300))))):
        return (
            "underflow", f"{here} multiplied a cotangent of at most {number(largest, 3)} with something small, and the "
            f"product is below the least number of {edge.parent.dtype}",
            "compute in float32 or float64, or scale the loss up and the gradients down again",
        )  # fmt: skip
    if op in ("relu", "leaky_relu", "elu") and value is not None:
        share = float(np.mean(host(value) <= 0))
        what = f"all {np.size(value)}" if share == 1 else f"{share:.0%} of the {np.size(value)}"
        return (
            "dead-relu", f"{op} is off where it matters: {what} inputs of {here} are ≤ 0, and its slope is 0 there",
            "smaller learning rate, He initialisation, biases that are not negative, or leaky_relu",
        )  # fmt: skip
    if op in ("sigmoid", "tanh", "softplus", "log_sigmoid", "erf") and value is not None:
        low, high = float(np.min(value)), float(np.max(value))
        return (
            "saturated", f"{here} is saturated: its inputs lie in {number(low, 3)} … {number(high, 3)}, where its "
            f"slope is 0 in {edge.parent.dtype}", "smaller initial weights, standardised inputs, or a loss on logits",
        )  # fmt: skip
    if op in _STEPS:
        return "step", f"{here} is a step function, whose slope is 0", "leave it out in training, or use a smooth one"
    if op in _CHOICES:
        known = {"clip": "its value lies outside the limits", "getitem": "the elements were not taken"}
        which = known.get(op, f"the other choice was taken everywhere instead of {edge.name}")
        return "not-chosen", f"{here} did not pass it on: {which}", "check the condition, the limits or the index"
    if op in _INVARIANT and way.graph.value(node) is not None and np.ptp(host(way.graph.value(node))) == 0:
        return (
            "constant", f"the result of {here} is the same everywhere, whatever its input is: it normalises over a "
            "single number, or over equal ones", "normalise over more than one number: another axis, a larger batch",
        )  # fmt: skip
    if op in _INVARIANT:
        return (
            "invariant", f"every element of the result of {here} is weighted alike, and they {_INVARIANT[op]} whatever "
            "the input is", "use a loss that looks at single elements",
        )  # fmt: skip
    return _product(way, stop, here)


def _product(way: Way, stop: Stop, here: str) -> tuple[str, str, str]:
    """Explain a product whose other factor is 0, or name the operation at least."""
    node, edge = stop
    others = [o for i, o in enumerate(way.graph.operands(node)) if i != edge.position]
    others = [o for o in others if o[1] is not edge.parent]  # of w·w at 0 no factor is to blame
    nothing = [o for o in others if o[2] is not None and np.size(o[2]) and not np.any(host(o[2]))]
    if node.op.name in ("multiply", "linear", "matmul", "einsum") and nothing:
        factor, origin, _ = nothing[0]
        called = way.label(origin) if origin is not None else f"the constant {factor}"
        if origin is not None and not isinstance(origin, Node):
            return (
                "zero-weights", f"{here} multiplies with {called}, which is all zeros",
                "initialise it at random (nn.init): zeros let nothing through to what lies below",
            )  # fmt: skip
        return "times-zero", f"{here} multiplies with {called}, which is 0", "look where that 0 comes from"
    if node.op.name in ("std", "var"):
        return "equal-values", f"all numbers {here} was given are equal: its slope is taken to be 0 there", ""
    if node.op.name == "two_norm":
        return "norm-of-zeros", f"{here} was given zeros, where a norm has no slope: it is taken to be 0", ""
    if node.op.name in ("power", "float_power", "square", "absolute", "multiply"):
        return "flat", f"the slope of {here} is 0 at this value", "it may be a minimum: then nothing is wrong"
    return "flat", f"{here} hands on nothing: its derivative by {edge.name} is 0 here", ""


def _cancels(way: Way, name: str) -> Answer:
    """Say which contributions cancel, when every operation handed something on; or that the loss itself is flat."""
    for node in [*way.nodes[::-1], way.end]:
        if np.any(host(way.cotangent(node))):
            continue
        sums = [(u, way.handed(u, e)) for u in way.users(node) for e in way.edges(u) if e.parent is node]
        if len(sums) > 1 and any(np.any(host(dx)) for _, dx in sums):
            at = np.unravel_index(int(np.abs(host(sums[0][1])).argmax()), node.shape)
            parts = ", ".join(f"{number(host(dx)[at])} from {way.label(u)}" for u, dx in sums)
            line = next((u.trace.line for u, _ in sums if u.trace), "")
            label = way.label(node)
            return Answer(
                name, "zero", "cancels", f"the contributions to {label} cancel: {parts}", way.path(), line,
                "the loss does not depend on it: is it subtracted from, or divided by, itself?",
            )  # fmt: skip
    line = next((u.trace.line for u in way.users(way.end) if u.trace), "")
    return Answer(name, "zero", "flat", "the loss is flat there", way.path(), line)


def rounded_away(way: Way, name: str, size: str) -> Answer | None:
    """Return the answer for a derivative that is nothing but rounding: its contributions cancel; else None."""
    for key in way.gates()[-2::-1]:
        g = host(way.cotangent(key))
        at = np.unravel_index(int(np.abs(g).argmax()), g.shape)
        terms = way.terms(key, tuple(map(int, at))) or []
        whole, total = sum(abs(t.product) for t in terms), abs(sum(t.product for t in terms))
        if len(terms) > 1 and total <= _ROUNDING * math.sqrt(len(terms)) * np.finfo(way.graph.output.dtype).eps * whole:
            users = way.users(key)
            line = next((u.trace.line for u in users if u.trace), "")
            normal = [u for user in users for u in [user, *way.users(user)] if u.op.name == "standardize"]
            return Answer(
                name, "tiny", "cancels", f"at most {size}, which is rounding: the {len(terms)} contributions to "
                f"{way.label(key)} cancel, whose absolute values add up to {number(whole, 3)}", way.path(), line,
                "leave it out (bias=False): the normalisation that follows takes the mean away, and the bias with it"
                if normal else "the loss does not depend on it: is it subtracted from itself, or added to all that a "
                "softmax is given?",
            )  # fmt: skip
    return None


def rows_not_used(way: Way, gradient: Any) -> str:
    """Return a note on rows of a table that no index named, or ""."""
    g = host(gradient)
    if g.ndim < 2 or not g.size or any(u.op.name != "getitem" for u in way.users(way.end)):
        return ""
    idle = np.flatnonzero(~g.reshape(len(g), -1).any(axis=1))
    if not len(idle):
        return ""
    shown = ", ".join(map(str, idle[:8])) + (", …" if len(idle) > 8 else "")
    return f"{len(idle)} of {len(g)} rows have no gradient, as no index named them in this batch: {shown}."
