"""A progress bar in the terminal, with the numbers of the last epoch beside it.

Read next: `threads.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .trainer import History


@contextmanager
def progress_bar(epochs: int) -> Iterator[Callable[[History], None]]:
    """Give a function to call with the history after each epoch; shows nothing when the output is no terminal.

    Parameters
    ----------
    epochs : how many there will be
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console()
    columns = (
        TextColumn("epoch"), MofNCompleteColumn(), BarColumn(bar_width=24), TextColumn("{task.fields[numbers]}"),
        TimeElapsedColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("training", total=epochs, numbers="")

        def show(history: History) -> None:
            numbers = "  ".join(f"{name} {_text(name, values[-1])}" for name, values in history.train.items())
            bar.update(task, completed=history.epochs, numbers=numbers)

        yield show


def _text(name: str, value: float) -> str:
    return f"{value:.1%}" if name == "accuracy" else f"{value:.4f}"
