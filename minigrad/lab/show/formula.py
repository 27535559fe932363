"""What a rule says, and what a number looks like: the words that steps, drawings and pages share.

Read next: `steps.py`.
"""

from __future__ import annotations

import ast
import functools
import inspect
import linecache
import textwrap
from collections.abc import Callable
from typing import Any

from ..explain.page import host, number, rms

FEW = 12  # so many elements are written out


@functools.lru_cache(512)
def rule_text(rule: Callable[..., Any] | None) -> str:
    """Return what a rule computes: the formula of a lambda, the text of a function, "" where there is no source.

    >>> import minigrad as mg
    >>> rule_text(mg.tanh.primitive.rules["x"])
    'g * (1 - out * out)'
    """
    if rule is None:
        return ""
    made = rule.__code__
    if made.co_name != "<lambda>":
        try:
            return textwrap.dedent(inspect.getsource(rule)).strip()
        except (OSError, SyntaxError):
            return ""
    text, bodies = _lambdas(made.co_filename)
    # Which lambda it is, of several on a line, tell the places in the file that its instructions come from.
    places = [(line, column) for line, _, column, _ in made.co_positions() if line and column]
    around = [
        body
        for body in bodies
        if all((body.lineno, body.col_offset) <= at < (body.end_lineno or 0, body.end_col_offset or 0) for at in places)
    ]
    return " ".join((ast.get_source_segment(text, around[-1]) or "").split()) if around else ""


@functools.cache
def _lambdas(file: str) -> tuple[str, list[ast.expr]]:
    """Return a file's text and the bodies of its lambdas, inner ones after those around them."""
    text = "".join(linecache.getlines(file))
    try:
        return text, [node.body for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Lambda)]
    except SyntaxError:  # a line of a console, a cell with magic in it
        return "", []


@functools.lru_cache(512)
def rule_name(rule: Callable[..., Any] | None) -> str:
    """Return a rule in one line: its formula, what a function returns in the end, or else the function's call.

    >>> import minigrad as mg
    >>> rule_name(mg.exp.primitive.rules["x"]), rule_name(mg.linear.primitive.rules["w"])
    ('g * out', 'g.T.dot(x)')
    >>> rule_name(mg.linear.primitive.rules["b"])
    '_linear_b(g)'
    """
    text = rule_text(rule)
    if rule is None or (text and rule.__code__.co_name == "<lambda>"):
        return text
    names = inspect.signature(rule).parameters
    returned = [node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Return)]
    if len(returned) == 1 and returned[0] is not None:
        used = {node.id for node in ast.walk(returned[0]) if isinstance(node, ast.Name)}
        if used <= set(names):
            return ast.unparse(returned[0])
    return f"{rule.__name__}({', '.join(names)})"


def shown(value: Any) -> str:
    """Write a value in a line: a number, a few numbers, or the size of many.

    >>> import numpy as np
    >>> shown(np.float64(-0.25)), shown(np.array([[1.0, 2.5]])), shown(np.ones((20, 30))), shown(None)
    ('−0.25', '[[1, 2.5]]', 'float64[20, 30], rms 1', 'not kept')
    """
    if value is None:
        return "not kept"
    if isinstance(value, tuple | list):
        return f"({', '.join(map(shown, value))})"
    if isinstance(value, slice | str | bool) or value is Ellipsis:
        return repr(value)
    array = host(value)
    if array.dtype.kind not in "fiub":
        return repr(value)
    if array.size > FEW:
        kind = getattr(value, "dtype", array.dtype)
        return f"{kind}{list(array.shape)}" + (f", rms {number(rms(array), 4)}" if array.dtype.kind == "f" else "")
    return _written(array.tolist())


def _written(x: Any) -> str:
    return f"[{', '.join(map(_written, x))}]" if isinstance(x, list) else str(x) if isinstance(x, bool) else number(x)
