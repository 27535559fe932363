"""Words for local derivatives: what stands in the chain rule for one operation.

The numbers come from the rules themselves; these are only how a reader knows them. Read next: `story.py`.
"""

from __future__ import annotations

import re
from typing import Any

from .way import Term, Way, spot

# ∂out/∂operand, with the operands' names as the primitive has them
_FORMULAS: dict[tuple[str, str], str] = {
    ("sigmoid", "x"): "σ(x)(1 − σ(x))",
    ("tanh", "x"): "1 − tanh²x",
    ("relu", "x"): "1 if x > 0 else 0",
    ("exp", "x"): "eˣ",
    ("log", "x"): "1/x",
    ("log2", "x"): "1/(x ln 2)",
    ("log_probability", "p"): "1/p",
    ("sqrt", "x"): "1/(2√x)",
    ("square", "x"): "2x",
    ("divide", "x"): "1/y",
    ("divide", "y"): "−x/y²",
    ("power", "x"): "yxʸ⁻¹",
    ("sin", "x"): "cos x",
    ("cos", "x"): "−sin x",
    ("softplus", "x"): "σ(x)",
    ("log_sigmoid", "x"): "σ(−x)",
    ("absolute", "x"): "sign x",
    ("softmax", "z"): "oᵢ(δᵢⱼ − oⱼ)",
    ("log_softmax", "z"): "δᵢⱼ − oⱼ",
    ("softmax_cross_entropy", "z"): "o − y",
    ("bce_with_logits", "z"): "o − y",
    ("mean", "a"): "1/N",
    ("logsumexp", "a"): "softmax",
}

LATEX = {"σ": r"\sigma ", "_": r"\_", "α": r"\alpha ", "β": r"\beta ", "θ": r"\theta ", "%": r"\%", "#": r"\#"}


def formula(op: str, operand: str) -> str:
    """Return the local derivative of an operation in symbols, "" where there is no short one.

    >>> formula("sigmoid", "x")
    'σ(x)(1 − σ(x))'
    """
    return _FORMULAS.get((op, operand), "")


def operand_text(way: Way, term: Term) -> str:
    """Return the local derivative of a term in symbols: of a product it is the other factor, by its name."""
    name = term.node.op.name
    if name in ("multiply", "linear", "matmul"):
        return _factor(way, term)
    assert term.node.saved is not None
    saved = dict(zip(term.node.op.saves, term.node.saved, strict=True))
    text = _of_power(term, saved["y"]) if name == "power" else formula(name, term.edge.name)
    if text and saved.get("reduction") == "mean":
        text = f"({text})/N"
    label = way.label(term.edge.parent)
    if len(label) > 1 or name == "divide" or label in text:  # y·yʸ⁻¹ would say something else
        return text
    return re.sub("(?<![a-w])x", label, text)  # a letter, and not the end of softmax


def _of_power(term: Term, exponent: Any) -> str:
    """Return the local derivative of xʸ by x, with the number in it if the exponent is one."""
    if term.edge.name == "x" and isinstance(exponent, int | float) and exponent in range(2, 10):
        return f"{int(exponent)}x{'' if exponent == 2 else '⁰¹²³⁴⁵⁶⁷⁸'[int(exponent) - 1]}"
    return formula("power", term.edge.name)


def _factor(way: Way, term: Term) -> str:
    """Return the name of what an element is multiplied with, where it has one."""
    operands = way.graph.operands(term.node)
    others: list[tuple[str, Any, Any]] = [o for i, o in enumerate(operands[:2]) if i != term.edge.position]
    if term.edge.position > 1 or not others:
        return ""
    name, parent, _ = others[0]
    if parent is None:
        return name if term.node.op.name != "multiply" else ""
    return spot(way.label(parent), ())
