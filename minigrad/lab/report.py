"""The derivations as a table in the terminal, with the errata of the notes beneath.

Read next: `minigrad/train/trainer.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from .derivations import RTOL, Result

ERRATA = (
    ("E1", "o = 0.001 gives 13.2877", "−log₂ 0.0001 = 13.2877; −log₂ 0.001 = 9.9658"),
    ("E2", "E in log₂, yet ∂e/∂w = x(o−y)", "x(o−y) in nats; x(o−y) / ln 2 in bits"),
    ("E3", "e = log 0.0508 = 4.2990", "e = −log₂ 0.0508 = 4.2990"),
)
SHOWN = 3  # elements of an array that are printed; all are compared


def derivation_table(results: Sequence[Result]) -> Any:
    """Return the results as a rich Table: for each derivation its formulas, hand beside autodiff, and the verdict."""
    from rich import box
    from rich.table import Table

    table = Table(
        title="By hand and by autodiff", title_justify="left", title_style="bold", caption_justify="left",
        caption=f"Shown are values at the point named, of an array the first {SHOWN}. All are compared, there and at "
                f"1,000 random points in float64: |hand − auto| / max(|hand|, |auto|) up to {RTOL:.0e} is rounding.",
        box=box.SIMPLE_HEAD, padding=0, pad_edge=False,
    )  # fmt: skip
    table.add_column("")
    table.add_column("formula", overflow="fold")
    for heading in ("hand", "autodiff", "largest\ndiff."):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for result in results:
        derivation = result.derivation
        verdict = "[green]agrees[/]" if result.agrees else "[bold red]DIFFERS[/]"
        table.add_row(derivation.id, f"[bold]{derivation.title}[/]", "", "", f"{result.relative:.0e}", verdict)
        for formula, hand, auto in _lines(result):
            table.add_row("", formula, hand, auto, "", "")
        table.add_section()
    return table


def _lines(result: Result) -> Iterator[tuple[str, str, str]]:
    """Yield a line for each number: its formula, or the point it belongs to, with both values."""
    where = result.derivation.where
    if len(where) == 1:
        yield f"[dim]at {where[0]}[/]", "", ""
    for formula, hand, auto in zip(result.derivation.formulas, result.hand, result.auto, strict=True):
        texts = [formula] + [""] * (SHOWN - 1)
        if len(where) > 1 and hand.shape == (len(where),):
            yield formula, "", ""
            texts = [f"[dim]at {point}[/]" for point in where]
        yield from zip(texts, _numbers(hand), _numbers(auto), strict=False)


def _numbers(values: np.ndarray) -> list[str]:
    return [f"{v + 0.0:.4f}" for v in values.ravel()[:SHOWN]]


def errata_table() -> Any:
    """Return what the notes print beside what the algebra gives, as a rich Table."""
    from rich import box
    from rich.table import Table

    table = Table("", "the notes print", "the algebra gives", title="Errata of the notes", title_justify="left",
                  title_style="bold", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)  # fmt: skip
    for row in ERRATA:
        table.add_row(*row)
    return table


def show(results: Sequence[Result]) -> None:
    """Print both tables."""
    from rich.console import Console

    console = Console(highlight=False)
    console.print(derivation_table(results))
    console.print(errata_table())


def disagreement(result: Result) -> str:
    """Return in one sentence where hand and autodiff part."""
    name = f"derivation {result.derivation.id} disagrees"
    if result.relative > RTOL:
        return f"{name}: {result.worst.strip()}: the relative difference reaches {result.relative:.1e}"
    return f"{name}: {result.derivation.formulas[0]}: the values are not those that the notes print"
