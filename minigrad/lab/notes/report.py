"""The derivations in the terminal: all as a table, with the errata of the notes beneath, or one in full.

Read next: `page.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from .compare import RTOL, Result
from .errata import Erratum
from .facts import code_name, compared, entries, precise, short, where


def _table(*headings: str, **options: Any) -> Any:
    """Return an empty rich Table: a column of text, which may fold, and others to its right."""
    from rich import box
    from rich.table import Table

    table = Table(title_justify="left", title_style="bold", caption_justify="left", box=box.SIMPLE_HEAD,
                  padding=0, pad_edge=False, **options)  # fmt: skip
    for heading in headings:
        table.add_column(heading)
    return table


def _plain(text: str) -> str:
    """Return a text so that rich takes none of it for markup: x[i] is not a style."""
    from rich.markup import escape

    return escape(text)


def _numbers(table: Any, *headings: str) -> None:
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)


def derivation_table(results: Sequence[Result], shown: int = 3) -> Any:
    """Return the results as a rich Table: for each derivation its formulas, hand beside minigrad, and the verdict.

    Parameters
    ----------
    results : of one row or several
    shown : how many elements of an array are printed; all have been compared
    """
    points = max(result.points for result in results)
    table = _table(
        "", "formula", title="By hand and by minigrad",
        caption=f"Shown are values at the point named, of an array the first {shown}. All are compared, there and at "
                f"{points:,} random points in float64: |hand − minigrad| / max(|hand|, |minigrad|) up to {RTOL:.0e} is "
                "rounding. Gradients by minigrad are autodiff's.",
    )  # fmt: skip
    _numbers(table, "hand", "minigrad", "largest\ndiff.")
    table.add_column("verdict", no_wrap=True)
    for result in results:
        row = result.derivation
        table.add_row(row.id, f"[bold]{_plain(row.title)}[/]", "", "", f"{result.relative:.0e}", _verdict(result))
        for text, *numbers in _lines(result, shown):
            table.add_row("", text, *numbers, "", "")
        table.add_section()
    return table


def _verdict(result: Result) -> str:
    return "[green]agrees[/]" if result.agrees else "[bold red]DIFFERS[/]"


def _lines(result: Result, shown: int) -> Iterator[tuple[str, str, str]]:
    """Yield a line for each number: its formula, or the point it belongs to, with both values."""
    at = result.derivation.where
    if len(at) == 1:
        yield f"[dim]for {_plain(at[0])}[/]", "", ""
    for entry in entries(result, shown):
        label = entry.values[0][0]
        if label:
            yield _plain(entry.formula), "", ""
        for k, (point, hand, auto) in enumerate(entry.values):
            text = f"[dim]{_plain(point)}[/]" if label else _plain(entry.formula) if k == 0 else ""
            yield text, short(hand), short(auto)


def errata_table(errata: Sequence[Erratum]) -> Any:
    """Return what the notes print beside what the algebra gives, as a rich Table."""
    table = _table("", "the notes print", "the algebra gives", title="Errata of the notes")
    for erratum in errata:
        table.add_row(erratum.id, _plain(erratum.note), _plain(erratum.algebra))
    return table


@contextmanager
def _console() -> Iterator[Any]:
    """Give a console, and print at the end: a reader that has left is then for the caller, where rich would exit."""
    from rich.console import Console

    console = Console(highlight=False)
    with console.capture() as captured:
        yield console
    print(captured.get(), end="", flush=True)


def show(results: Sequence[Result], shown: int = 3) -> None:
    """Print the table, with so many elements of an array, and the errata of its rows."""
    errata = [erratum for result in results for erratum in result.derivation.errata]
    with _console() as console:
        console.print(derivation_table(results, shown))
        if errata:
            console.print(errata_table(errata))


# One row in full


def show_in_full(result: Result) -> None:
    """Print all there is to a row: formulas, values, code, errata computed, differences, verdict."""
    from rich.rule import Rule

    row = result.derivation
    code = "".join(f"    {line}" if line.strip() else line for line in row.source.splitlines(keepends=True))
    with _console() as console:
        console.print(Rule(f"[bold]{row.id}  {_plain(row.title)}[/]", align="left", style="dim"))
        console.print(f"\n{where(row)}", markup=False)
        console.print(_values(result))
        if row.remark:
            console.print(f"{row.remark}\n", markup=False)
        console.print(f"[bold]By hand[/], {code_name(row)}\n")
        console.print(code, markup=False, soft_wrap=True)
        for erratum in row.errata:
            console.print(f"[bold]Erratum {erratum.id}[/]")
            lines = f"The notes print:   {erratum.note}", f"The algebra gives: {erratum.algebra}", erratum.effect
            console.print(*lines, sep="\n", markup=False)
            console.print(_evaluated(erratum))
        console.print("[bold]Compared[/]")
        console.print(compared(result), markup=False)
        console.print(f"\nVerdict: {_verdict(result)}\n")


def _values(result: Result) -> Any:
    """Return each formula with its values, and how far both sides and, in a chain, both lines are apart."""
    table = _table("formula")
    _numbers(table, "hand", result.derivation.against, "largest\nrel. diff.")
    chain = any(d.step is not None for d in result.differences)
    if chain:
        _numbers(table, "from the\nline before")
    for formula, values, left_out, (relative, _, step) in entries(result):
        ends = [f"{relative:.0e}", "" if step is None else f"{step:.0e}"]
        if values[0][0]:
            table.add_row(_plain(formula), "", "", *ends[: 1 + chain])
        for k, (point, hand, auto) in enumerate(values):
            first = k == 0 and not point
            table.add_row(
                f"[dim]{_plain(point)}[/]" if point else _plain(formula) if first else "", precise(hand), precise(auto),
                *[end if first else "" for end in ends[: 1 + chain]],
            )  # fmt: skip
        if left_out:
            table.add_row(f"[dim]and {left_out} more[/]")
    return table


def _evaluated(erratum: Erratum) -> Any:
    """Return an erratum with both versions computed."""
    table = _table("computed")
    _numbers(table, "as printed", "by the algebra")
    for what, note, algebra in erratum.evaluate():
        table.add_row(_plain(what), precise(note), precise(algebra))
    return table
