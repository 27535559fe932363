"""How large a gradient is, layer by layer: what vanishes, what explodes, and through which operations.

Read next: `lint.py`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...engine import Node
from .page import host, number, rms
from .report import Answer
from .way import Way
from .zero import rounded_away, where

TINY = 1e-7  # of a parameter: about half a unit in float32's last place, so that w − g is w
LARGE = 1e4
_SQUASHING = {"sigmoid": 0.25, "tanh": 1.0}  # the largest slope


def verdict(gradient: Any, value: Any) -> str:
    """Return the verdict on a gradient, beside the tensor's own size.

    >>> verdict(np.array([0.0]), np.array([1.0])), verdict(np.array([1e-9]), np.array([0.1]))
    ('zero', 'tiny')
    """
    g = np.abs(host(gradient))
    if not np.all(np.isfinite(g)):
        return "nan"
    if not np.any(g):
        return "zero"
    size = max(1.0, rms(value)) if value is not None and np.all(np.isfinite(host(value))) else 1.0
    top = float(g.max())
    return "tiny" if top <= TINY * size else "large" if top >= LARGE * size else "fine"


def layers(way: Way) -> list[tuple[str, float, float]]:
    """Return, from the loss downwards, the gradient of each gate's or layer's result and its ratio to the last."""
    gates = [key for key in way.gates()[::-1] if way.alias(key) is key]
    places = {way.graph.module(key): key for key in reversed(gates) if isinstance(key, Node)}
    places.pop("", None)
    if len(places) >= 2:
        kept = {gates[0], way.end, *places.values()}
        gates = [key for key in gates if key in kept]
    rows: list[tuple[str, float, float]] = []
    for key in gates:
        size = rms(way.cotangent(key))
        before = rows[-1][1] if rows else size
        name = where(way, key) if isinstance(key, Node) else way.label(key)
        rows.append((name, size, size / before if before else math.nan))
    return rows if len(rows) <= 40 else [*rows[:20], (f"… {len(rows) - 40} more …", math.nan, math.nan), *rows[-20:]]


def shrinkage(way: Way) -> dict[str, float]:
    """Return ln(handed on / got) of every kind of operation along the way, summed."""
    found: dict[str, float] = {}
    for node in way.nodes:
        got = rms(way.cotangent(node))
        for edge in way.edges(node)[:1]:
            given = rms(way.handed(node, edge))
            if got > 0 and given > 0:
                found[node.op.name] = found.get(node.op.name, 0.0) + math.log(given / got)
    return found


def out_of_scale(way: Way, name: str, what: str) -> Answer:
    """Say where a gradient that is tiny, or large, became so."""
    size = number(float(np.max(np.abs(host(way.cotangent(way.end))))), 3)
    rounding = rounded_away(way, name, size) if what == "tiny" else None
    if rounding is not None:
        return rounding
    changes = shrinkage(way)
    sign = -1 if what == "tiny" else 1
    name_of = max(changes, key=lambda op: sign * changes[op]) if changes else ""
    table = layers(way)
    total = number(math.exp(min(sum(changes.values()), 700)), 3)
    nodes = [node for node in way.nodes if node.op.name == name_of]
    factor = number(math.exp(min(changes.get(name_of, 0.0), 700)), 3)
    cause = (
        f"at most {size}; on the way from the loss it is multiplied by {total} in all, by {factor} in "
        f"{len(nodes)} × {name_of}"
    )
    key, remedy = _judge(nodes, way, what)
    line = nodes[0].trace.line if nodes and nodes[0].trace else ""
    return Answer(name, what, key, cause, way.path(), line, remedy, table)


def _judge(nodes: list[Node], way: Way, what: str) -> tuple[str, str]:
    op = nodes[0].op.name if nodes else ""
    if what == "large":
        return "exploding", "smaller initial weights, optim.clip_grad_norm_, normalisation, or standardised data"
    if op in _SQUASHING:
        values = [e.value for node in nodes for e in way.edges(node) if e.value is not None]
        share = float(np.mean([np.mean(np.abs(host(v)) > 4) for v in values])) if values else 0.0
        if share > 0.5:
            return "saturated", (
                f"{share:.0%} of the inputs of {op} lie beyond ±4, where it is flat: smaller weights, standardised "
                "inputs, or a loss on logits"
            )
        return "vanishing", (
            f"{op} has a slope of at most {number(_SQUASHING[op])}: use relu or tanh, Glorot or He initialisation, "
            "normalisation, or fewer layers"
        )
    return "vanishing", "larger initial weights (Glorot, He), normalisation, or a loss that is not scaled down"
