"""Words for local derivatives: what stands in the chain rule for one operation.

The numbers come from the rules themselves; these are only how a reader knows them. Read next: `story.py`.
"""

from __future__ import annotations

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
    text = formula(name, term.edge.name)
    if "x" not in text or name == "divide":
        return text
    label = way.label(term.edge.parent)
    return text.replace("x", label) if len(label) == 1 else text


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
