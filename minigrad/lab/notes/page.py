"""The derivations as one page of HTML that needs nothing else: no network, no script. Read next: `minigrad/train/`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

import numpy as np

from ...files import write_text
from .compare import RTOL, Result
from .derivations import SECTIONS
from .errata import Erratum
from .facts import Entry, code_name, compared, entries, precise, where

STYLE = """
:root { color-scheme: light dark; --paper: #ffffff; --ink: #1b1b1b; --faint: #5a5a5a; --line: #d4d4d4;
  --code: #f5f5f2; --link: #0059a8; --good: #0b6b3a; --bad: #b3261e; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #16181b; --ink: #e8e6e3; --faint: #a8a8a8; --line: #3d4045;
    --code: #202327; --link: #8ab8f0; --good: #7ccf9b; --bad: #ff9a90; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 1rem 1.25rem 4rem; background: var(--paper); color: var(--ink);
  font: 1.0625rem/1.55 system-ui, "Segoe UI", "Noto Sans", "DejaVu Sans", sans-serif; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 1.5rem 0 .5rem; }
h2 { font-size: 1.45rem; margin: 3rem 0 0; padding-top: 1rem; border-top: 2px solid var(--line); }
h3 { font-size: 1.2rem; margin: 2.5rem 0 .5rem; }
h4 { font-size: 1.0625rem; margin: 1.5rem 0 .25rem; }
a { color: var(--link); }
nav h2 { margin-top: 1.5rem; }
nav h3 { font-size: 1.0625rem; margin: 1rem 0 0; }
nav ul { columns: 20rem; padding-left: 1.2rem; margin-top: .25rem; }
nav li { break-inside: avoid; }
p { margin: .5rem 0; max-width: 46rem; }
.wide { overflow-x: auto; margin: .5rem 0; }
table { border-collapse: collapse; }
caption { text-align: left; color: var(--faint); padding: .25rem 0; }
th, td { padding: .2rem 1.25rem .2rem 0; text-align: left; vertical-align: top; font-weight: normal; }
thead th { border-bottom: 1px solid var(--line); color: var(--faint); }
tbody tr.first > * { border-top: 1px solid var(--line); }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.formula { white-space: pre-wrap; min-width: 13rem; }
pre { overflow-x: auto; background: var(--code); padding: .75rem 1rem; border-radius: .4rem; line-height: 1.45; }
code { font: .9rem ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; line-height: inherit; }
.agrees { color: var(--good); font-weight: 600; }
.differs { color: var(--bad); font-weight: 600; }
.faint { color: var(--faint); }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
"""


def write_page(results: Sequence[Result], path: str | Path, version: str) -> None:
    """Write the results as a page, whole or not at all.

    Parameters
    ----------
    results : in the order of the table
    path : of the file
    version : of minigrad, for the foot of the page

    Raises
    ------
    DataError
        when `path` is a folder or a device.
    FileNotFoundError
        when its folder does not exist.
    """
    write_text(path, page(results, version), "write_page")


def page(results: Sequence[Result], version: str) -> str:
    """Return the page as text."""
    by_id = {result.derivation.id: result for result in results}
    sections = {title: [by_id[row.id] for row in rows if row.id in by_id] for title, rows in SECTIONS.items()}
    sections = {title: found for title, found in sections.items() if found}
    agree = sum(result.agrees for result in results)
    body = [
        "<header><h1>The derivations, by hand and by minigrad</h1>",
        "<p>Each row of the notes is computed twice in float64: in plain NumPy, as derived by hand and shown here, and "
        f"by minigrad, whose gradients are autodiff's. <strong>{agree} of {len(results)} agree</strong>, with relative "
        f"differences up to {RTOL:.0e} taken for rounding.</p></header>",
        _contents(sections),
        "<main>",
        *[part for title, found in sections.items() for part in _section(title, found)],
        "</main>",
        f'<footer><p class="faint">Written by minigrad {escape(version)} with NumPy {np.__version__}: '
        "<code>minigrad derive --html FILE</code></p></footer>",
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>minigrad: the derivations</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(body)
        + "\n</body>\n</html>\n"
    )


def _contents(sections: dict[str, list[Result]]) -> str:
    parts = ['<nav aria-labelledby="contents"><h2 id="contents">Contents</h2>']
    for title, results in sections.items():
        parts += [f"<h3>{escape(title)}</h3>", "<ul>"]
        for result in results:
            row = result.derivation
            slips = "".join(f' <a href="#{erratum.id}">{erratum.id}</a>' for erratum in row.errata)
            verdict = "" if result.agrees else f" {_verdict(result)}"
            parts.append(f'<li><a href="#{row.id}">{row.id}</a> {escape(row.title)}{slips}{verdict}</li>')
        parts.append("</ul>")
    return "\n".join([*parts, "</nav>"])


def _section(title: str, results: Sequence[Result]) -> list[str]:
    return [f"<section><h2>{escape(title)}</h2>", *[_article(result) for result in results], "</section>"]


def _verdict(result: Result) -> str:
    return '<span class="agrees">agrees</span>' if result.agrees else '<span class="differs">DIFFERS</span>'


def _article(result: Result) -> str:
    row = result.derivation
    parts = [
        f'<article><h3 id="{row.id}">{row.id}: {escape(row.title)}</h3>',
        _values(result),
        f"<p>{escape(row.remark)}</p>" if row.remark else "",
        f"<h4>{row.id} by hand</h4>",
        f'<p class="faint"><code>{escape(code_name(row))}</code></p>',
        f'<pre tabindex="0"><code>{escape(row.source)}</code></pre>',
        *[_erratum(erratum) for erratum in row.errata],
        f"<h4>{row.id} compared</h4>",
        f"<p>{escape(compared(result))} Verdict: {_verdict(result)}.</p></article>",
    ]
    return "\n".join(filter(None, parts))


def _table(caption: str, headings: Iterable[str], rows: Iterable[str]) -> str:
    """Return a table that scrolls by itself where the window is narrow; the first heading is of text."""
    first, *others = headings
    head = f'<th scope="col">{escape(first)}</th>'
    head += "".join(f'<th scope="col" class="number">{escape(heading)}</th>' for heading in others)
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{escape(caption)}"><table>\n'
        f"<caption>{escape(caption)}</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n"
        + "\n".join(rows)
        + "\n</tbody></table></div>"
    )


def _values(result: Result) -> str:
    """Return the formulas with their values, and how far both sides and, in a chain, both lines are apart."""
    points = ["point"] if len(result.derivation.where) > 1 else []
    chain = ["from the line before"] if any(d.step is not None for d in result.differences) else []
    headings = ["formula", *points, "hand", result.derivation.against, "largest relative difference", *chain]
    rows = [row for entry in entries(result) for row in _entry(entry, bool(points), bool(chain))]
    return _table(where(result.derivation), headings, rows)


def _entry(entry: Entry, points: bool, chain: bool) -> list[str]:
    """Return the lines of a formula; its name and its differences span them all."""
    formula, values, left_out, (relative, _, step) = entry
    lines = []
    for point, *numbers in values:
        label = f'<td class="number faint">{escape(point)}</td>' if points else ""
        lines.append(label + "".join(f'<td class="number">{precise(number)}</td>' for number in numbers))
    if left_out:
        lines.append(f'<td class="number faint" colspan="{2 + points}">and {left_out:,} more</td>')
    span = f' rowspan="{len(lines)}"' if len(lines) > 1 else ""
    head = f'<th scope="row" class="formula"{span}>{escape(formula)}</th>'
    ends = [f"{relative:.0e}"] + ["" if step is None else f"{step:.0e}"] * chain
    tail = "".join(f'<td class="number"{span}>{end}</td>' for end in ends)
    first, *others = lines
    return [f'<tr class="first">{head}{first}{tail}</tr>', *[f"<tr>{line}</tr>" for line in others]]


def _erratum(erratum: Erratum) -> str:
    rows = [
        f'<tr class="first"><th scope="row">{escape(what)}</th>'
        f'<td class="number">{precise(note)}</td><td class="number">{precise(algebra)}</td></tr>'
        for what, note, algebra in erratum.evaluate()
    ]
    return (
        f'<h4 id="{erratum.id}">Erratum {erratum.id}</h4>\n'
        f"<p>The notes print: {escape(erratum.note)}<br>The algebra gives: {escape(erratum.algebra)}</p>\n"
        f"<p>{escape(erratum.effect)}</p>\n"
        + _table(f"{erratum.id}, both versions computed", ["computed", "as printed", "by the algebra"], rows)
    )
