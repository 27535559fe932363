"""The text of a function together with what it needs from its own file. Read next: `errata.py`."""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from collections.abc import Callable
from typing import Any


def source_of(function: Callable[..., Any]) -> str:
    """Return the text of a function after the helpers and constants of its module that it uses, in file order.

    Imports are left out. Of a function within another the text is its own alone; one that was typed in without a
    file has none, and gives "".

    >>> from minigrad.lab.notes.by_hand import errors
    >>> print(source_of(errors.half_squared_error).split(":")[0])
    def sigmoid(z
    """
    try:
        module = inspect.getsource(sys.modules[function.__module__])
        own = textwrap.dedent(inspect.getsource(function))
    except (OSError, TypeError, KeyError):
        return ""
    statements = {name: node for node in ast.parse(module).body for name in _defines(node)}
    if function.__qualname__ not in statements:
        return own
    wanted = [function.__name__]
    for name in wanted:  # grows as helpers of helpers are found
        used = [node.id for node in ast.walk(statements[name]) if isinstance(node, ast.Name)]
        wanted += [n for n in dict.fromkeys(used) if n in statements and n not in wanted]
    nodes = dict.fromkeys(node for name, node in statements.items() if name in wanted)
    return _together(list(nodes), module.splitlines())


def _defines(node: ast.stmt) -> list[str]:
    """Return the names that a statement of a module defines."""
    if isinstance(node, ast.FunctionDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [t.id for target in targets for t in ast.walk(target) if isinstance(t, ast.Name)]


def _together(nodes: list[ast.stmt], lines: list[str]) -> str:
    """Return the texts of statements one after the other, with two empty lines around functions."""
    text = ""
    for before, node in zip([None, *nodes], nodes, strict=False):
        if before is not None:
            apart = isinstance(before, ast.FunctionDef) or isinstance(node, ast.FunctionDef)
            text += "\n\n" if apart else ""
        text += "\n".join(lines[node.lineno - 1 : node.end_lineno]) + "\n"
    return text
