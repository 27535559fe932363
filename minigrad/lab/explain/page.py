"""How an explanation is shown: lines, each of a kind, as plain text, in colour, and in notebooks.

Read next: `way.py`.
"""

from __future__ import annotations

import html
import math
import re
import textwrap
from collections.abc import Iterator
from typing import Any

import numpy as np

from ...device import find_device, to_numpy

STYLES = {"head": "bold", "good": "green", "bad": "bold red", "code": "cyan", "note": "dim", "text": ""}
WIDTH = 100  # of a line of plain text; terminals and notebooks break lines themselves
_SIGNS = "=+−·⊙⊘"
_COLOURS = {"good": "#00735a", "bad": "#b34a00", "note": "#767676"}


class Page:
    """Something that is told in lines: define `lines`, which returns pairs of a kind (of `STYLES`) and a text."""

    def lines(self) -> list[tuple[str, str]]:
        """Return the lines, each with its kind."""
        raise NotImplementedError

    def __str__(self) -> str:
        return "\n".join(broken(text) for _, text in self.lines())

    def __rich__(self) -> Any:
        from rich.text import Text

        return Text("\n").join(Text(text, style=STYLES[kind]) for kind, text in self.lines())

    def _repr_html_(self) -> str:
        rows = []
        for kind, text in self.lines():
            weight = "font-weight:bold;" if kind in ("head", "bad") else ""
            colour = f"color:{_COLOURS[kind]};" if kind in _COLOURS else ""
            rows.append(f'<div style="{weight}{colour}">{html.escape(text) or "&nbsp;"}</div>')
        return f'<div style="font-family:monospace;white-space:pre-wrap">{"".join(rows)}</div>'


def broken(text: str, hang: int | None = None) -> str:
    """Break a line that is too long: words at spaces, a formula before its signs, the outer ones rather than the inner.

    What follows is indented as far as the words behind a label, or by `hang`.

    >>> print(broken("  remedy: " + "word " * 19 + "end"))
      remedy: word word word word word word word word word word word word word word word word word word
              word end
    """
    if len(text) <= WIDTH:
        return text
    left = re.match(r"\s*∂.*? (?== )|\s+(?=[=+] |\[)", text)
    if left and hang is None:
        return "\n".join(_formula(text, " " * len(left[0])))
    label = re.match(r"\s*(?:line|path|remedy): +", text)
    indent = " " * (hang or (len(label[0]) if label else len(text) - len(text.lstrip()) + 4))
    return textwrap.fill(text, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def _formula(text: str, indent: str) -> Iterator[str]:
    """Yield a formula in lines."""
    while len(text) > WIDTH:
        depth, places = 0, []
        for i, c in enumerate(text[:WIDTH]):
            depth += (c in "([") - (c in ")]")
            if c == " " and i > len(indent) and text[i + 1] in _SIGNS and text[i - 1] not in _SIGNS:  # no −x's own
                places.append((i < WIDTH // 2, depth, text[i + 1] not in "=+−", -i))
        if not places:
            break
        at = -min(places)[-1]
        yield text[:at].rstrip()
        text = indent + text[at + 1 :]
    yield text


def number(x: Any, digits: int = 5) -> str:
    """Write a number for a formula.

    >>> number(-1.02041), number(0.0196), number(2.0), number(-1e-9)
    ('−1.0204', '0.0196', '2', '−1e-09')
    """
    x = float(x)
    return "0" if x == 0 else f"{x:.{digits}g}".replace("-", "−", 1) if x < 0 else f"{x:.{digits}g}"


def host(x: Any) -> Any:
    """Return an array of any device, or a number, as a NumPy array of float64 (or of what is no float)."""
    if isinstance(x, np.generic) or find_device(x) is None:
        x = np.asarray(x)
    x = to_numpy(x)
    return x.astype(np.float64) if x.dtype.kind == "f" else x


def rms(x: Any) -> float:
    """Return the root mean square of the elements, without overflow; 0 of none.

    >>> rms(np.array([3.0, -3.0])), rms(np.array([1e-300, 1e-300]))
    (3.0, 1e-300)
    """
    x = np.abs(host(x))
    top = float(x.max()) if x.size else 0.0
    if not 0 < top < math.inf:
        return top
    return top * math.sqrt(float(np.mean((x / top) ** 2)))


def place(index: Any) -> str:
    """Return an index as it is written behind a name: "[0, 1]", or "" for a scalar's."""
    return str([int(i) for i in index]) if len(index) else ""


def short(line: str) -> str:
    """Return a line of the user's with the file's name alone.

    >>> short("/home/me/train.py:3: loss = f(x)"), short("C:\\\\me\\\\train.py:3")
    ('train.py:3: loss = f(x)', 'train.py:3')
    """
    found = re.match(r"(?:.*?[/\\])?([^/\\]*?:\d+.*)", line)
    return found[1] if found else line
