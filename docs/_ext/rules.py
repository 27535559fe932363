"""`{rules}`: every derivative rule of the library in tables, read from the rules themselves.

A rule's text is found through its code object: the lambda, or the function, that the engine will call.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from docutils import nodes
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

import minigrad  # noqa: F401  importing it registers the operations
from minigrad.engine import primitives
from minigrad.lab.show import formula

from .pieces import code, literal, paragraph, table
from .public import title


def rule_text(rule: Callable[..., Any]) -> str:
    """Return what a rule computes: the formula of a lambda, or the text of a function.

    >>> from minigrad.engine import primitives
    >>> rule_text(primitives["tanh"].primitive.rules["x"])
    'g * (1 - out * out)'
    """
    text = formula.rule_text(rule)
    if not text:
        raise ExtensionError(f"{rule.__code__.co_filename}:{rule.__code__.co_firstlineno}: this rule has no text")
    return text


def operations(module: str) -> list[Any]:
    """Return the primitives that a module declares, in its order."""
    return [f.primitive for f in primitives.values() if f.__module__ == module]


def _signature(op: Any) -> str:
    arrays = [f"*{a}" if op.variadic else a for a in op.arrays]
    return f"{op.name}({', '.join([*arrays, *(['*', *op.options] if op.options and not op.variadic else op.options)])})"


def _formula(rule: Any) -> Any:
    """Return a rule's formula; of a rule that is a function its call, as its text stands beneath the table."""
    if rule is None:
        return "not differentiable, on purpose"
    if rule.__code__.co_name == "<lambda>":
        return code(rule_text(rule))
    return code(f"{rule.__code__.co_name}({', '.join(inspect.signature(rule).parameters)})")


def _rows(op: Any) -> list[list[Any]]:
    """Return a row for each argument; the operation and what it keeps stand beside the first and go on below."""
    summary = (inspect.getdoc(op.body) or "").partition("\n")[0]
    name = [paragraph(literal(_signature(op))), paragraph(summary, classes=["lesson"])]
    kept = [literal(", ".join(op.saves))] if op.saves else "nothing"
    (first, rule), *others = op.rules.items()
    rows: list[list[Any]] = [[name, [literal(first)], _formula(rule), kept]]
    return rows + [[None, [literal(argument)], _formula(rule), None] for argument, rule in others]


def _functions(found: list[Any]) -> list[nodes.Node]:
    """Return the text of the rules that are longer than a line."""
    rules = dict.fromkeys(rule for op in found for rule in op.rules.values() if rule)
    texts = [rule_text(rule) for rule in rules if rule.__code__.co_name != "<lambda>"]
    return [paragraph("Rules longer than a line:"), code("\n\n".join(texts))] if texts else []


class Rules(SphinxDirective):
    """The directive: of one module, or without an argument a section for every module of minigrad that has rules."""

    optional_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the tables, which depend on the files."""
        if not self.arguments:
            modules = dict.fromkeys(f.__module__ for f in primitives.values() if f.__module__.startswith("minigrad."))
            text = "".join(f"## {title(module)}\n\n```{{rules}} {module}\n```\n\n" for module in modules)
            return self.parse_text_to_nodes(text, allow_section_headings=True)
        found = operations(self.arguments[0])
        self.env.note_dependency(found[0].body.__code__.co_filename)
        rows = [row for op in found for row in _rows(op)]
        return [table(["operation", "of", "cotangent", "kept"], rows, ["rules"]), *_functions(found)]


def setup(app: Any) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("rules", Rules)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
