"""Formulas as MathML, which browsers set by themselves: no script, no font, no network.

latex2mathml turns LaTeX into MathML and passes over what it does not know. So what comes out is read again here: it
must be well-formed, and hold no command that was left standing.
"""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.errors import ExtensionError

_PRIME = re.compile(r"<msup>(<mi>[^<]*</mi>)<mi>&#x02032;</mi></msup>")  # the sign is raised by itself


def to_mathml(latex: str, display: str = "inline") -> str:
    """Return LaTeX as MathML.

    Raises
    ------
    ExtensionError
        for a command or an environment that latex2mathml does not know.

    >>> to_mathml("x^2")
    '<math xmlns="http://www.w3.org/1998/Math/MathML" display="inline"><mrow>...</math>'
    """
    made = _PRIME.sub(r"\1<mo>&#x02032;</mo>", convert(latex, display=display))
    try:
        left = [text for text in ElementTree.fromstring(made).itertext() if "\\" in text or text == "&"]
    except ElementTree.ParseError:
        left = ["&"]
    if left:
        raise ExtensionError(f"formula {latex!r}: {left[0]!r} is no LaTeX that latex2mathml knows; write it otherwise")
    return made


def _inline(self: Any, node: nodes.math) -> None:
    self.body.append(to_mathml(node.astext()))
    raise nodes.SkipNode


def _block(self: Any, node: nodes.math_block) -> None:
    # What stands side by side, set apart by \qquad, may go on a line of its own where the page is narrow.
    made = [to_mathml(part.strip(), "block") for part in node.astext().split(r"\qquad")]
    # One can move to it with the keyboard, and scroll to what still does not fit.
    self.body.append(f'<div class="formula" tabindex="0">{"".join(made)}</div>\n')
    raise nodes.SkipNode


def setup(app: Any) -> dict[str, bool]:
    """Register the renderer under the name "mathml"."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
