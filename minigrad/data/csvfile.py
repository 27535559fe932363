"""A user's own CSV files: read to train on, read to predict from, written back with the predictions.

Every cell is checked, and an error names the file, the line, the column and the remedy. Read next:
`sheet.py`, which turns the file into cells of text.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Literal

import numpy as np

from ..errors import DataError, as_integer, nearest
from ..files import file_to_write, replacing
from .checks import as_path
from .sheet import COMMA_NUMBER, INTEGER, NUMBER, Sheet, listing, read_sheet

Task = Literal["classification", "regression"]
_FLOAT32_MAX = float(np.finfo(np.float32).max)


@dataclass(frozen=True, eq=False)
class Table:
    """A CSV file read for training.

    Parameters
    ----------
    x : float32 (N, D), the feature columns
    y : int64 (N,), index into `class_names`; for regression float32 (N,), the numbers
    feature_names : D names, in the file's order
    target_name : name of the column y comes from
    task : "classification" or "regression"
    class_names : the classes as text, sorted; empty for regression
    """

    x: np.ndarray = field(repr=False)
    y: np.ndarray = field(repr=False)
    feature_names: tuple[str, ...]
    target_name: str
    task: Task
    class_names: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Features:
    """A CSV file read for prediction.

    Parameters
    ----------
    x : float32 (N, D), the columns that were asked for, in that order
    header : the names of all columns of the file
    rows : N rows of all cells as they stand in the file (but for spaces before a cell), to write back
    """

    x: np.ndarray = field(repr=False)
    header: tuple[str, ...]
    rows: list[list[str]] = field(repr=False)


def read_csv(path: str | Path, target: str | int | None = None, *, task: Task | None = None) -> Table:
    """Read a CSV file of numbers with one column to learn.

    What the target column holds decides the task: integers are classes, other numbers are quantities
    (regression), text is class names. Numbers and text mixed are an error. `task` overrides the rule: with
    "classification" each distinct entry is a class, with "regression" each must be a number.

    Parameters
    ----------
    path : the file; UTF-8, a header line, cells divided by comma, semicolon or tab
    target : name of the column to learn, or its place from 0 (negative: from the end); default the last
    task : "classification" or "regression"; default by the rule above

    Returns
    -------
    Table

    Raises
    ------
    FileNotFoundError
        when there is no such file.
    DataError
        when the file is not such a table; names the line (the header is line 1) and the column.

    >>> import pathlib, tempfile
    >>> from minigrad import data
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "pets.csv")
    ...     _ = path.write_text("weight,legs,animal\\n4.1,4,cat\\n0.3,2,bird\\n")
    ...     pets = data.read_csv(path)
    >>> pets.x.tolist()[1], pets.y.tolist(), pets.class_names
    ([0.30000001192092896, 2.0], [1, 0], ('bird', 'cat'))
    """
    if task not in (None, "classification", "regression"):
        raise ValueError(f'read_csv: task must be "classification" or "regression", got {task!r}')
    sheet = read_sheet(as_path("read_csv", path))
    if len(sheet.header) < 2:
        raise DataError(
            f"{path} has the single column {sheet.header[0]!r}; training needs features and a target: "
            "two columns at least, divided by comma, semicolon or tab"
        )
    column = _find_column(sheet, target)
    name = sheet.header[column]
    features = [j for j in range(len(sheet.header)) if j != column]
    task = task or _infer_task(sheet, column)
    x = _numbers(sheet, features)
    y, class_names = _classes(sheet, column) if task == "classification" else (_quantities(sheet, column), ())
    return Table(x, y, tuple(sheet.header[j] for j in features), name, task, class_names)


def read_features(path: str | Path, feature_names: Sequence[str]) -> Features:
    """Read from a CSV file the columns a model was trained on, by name; other columns are only kept.

    Parameters
    ----------
    path : the file, as for `read_csv`
    feature_names : D names, in the order the model expects

    Returns
    -------
    Features

    Raises
    ------
    FileNotFoundError
        when there is no such file.
    DataError
        when columns are missing (all are named), or the file is not such a table.

    >>> import pathlib, tempfile
    >>> from minigrad import data
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "new.csv")
    ...     _ = path.write_text("name;legs;weight\\nTom;4;4.5\\n")
    ...     new = data.read_features(path, ["weight", "legs"])
    >>> new.x.tolist(), new.rows
    ([[4.5, 4.0]], [['Tom', '4', '4.5']])
    """
    sheet = read_sheet(as_path("read_features", path))
    missing = [name for name in feature_names if name not in sheet.header]
    if missing:
        raise DataError(
            f"{path} lacks the columns {listing(missing)}, which the model needs; "
            f"its columns: {listing(sheet.header)}.{nearest(missing[0], sheet.header)}"
        )
    return Features(_numbers(sheet, [sheet.header.index(name) for name in feature_names]), sheet.header, sheet.rows)


def write_csv(path: str | Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV file whole or not at all: a file of that name stays as it is until the new one is complete.

    Parameters
    ----------
    path : the file; UTF-8, comma, a newline after each row
    header : names of the columns
    rows : as many cells each as the header has

    Raises
    ------
    FileNotFoundError
        when the folder does not exist.
    DataError
        when a row has more or fewer cells than the header, or `path` is a folder or a device.

    >>> import pathlib, tempfile
    >>> from minigrad import data
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "out.csv")
    ...     data.write_csv(path, ["name", "prediction"], [["Tom", "cat"]])
    ...     path.read_text()
    'name,prediction\\nTom,cat\\n'
    """
    path = file_to_write(path, "write_csv")
    with replacing(path) as unfinished, unfinished.open("w", encoding="utf-8", newline="") as file:
        plain = csv.writer(file, lineterminator="\n")
        quoted = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)
        for number, row in enumerate(chain([header], rows)):
            if len(row) != len(header):
                raise DataError(
                    f"write_csv: row {number} has {len(row)} cells, the header {len(header)}; they must be equal"
                )
            # Before Python 3.13 the writer leaves a carriage return bare, and it would end the row.
            (quoted if any("\r" in str(cell) for cell in row) else plain).writerow(row)


def _find_column(sheet: Sheet, target: str | int | None) -> int:
    """Return the place of the target column from 0."""
    known = f"its columns: {listing(sheet.header)}"
    if isinstance(target, str):
        if target not in sheet.header:
            raise DataError(f"{sheet.path} has no column {target!r}; {known}.{nearest(target, sheet.header)}")
        return sheet.header.index(target)
    place = -1 if target is None else as_integer("read_csv", "target, if it is no name,", target)
    count = len(sheet.header)
    if not -count <= place < count:
        raise DataError(
            f"{sheet.path} has no column at place {place}; places go from 0 to {count - 1}, "
            f"or from -{count} to -1; {known}"
        )
    return place % count


def _number(cell: str) -> float:
    """Return the number a cell holds, or say why it holds none."""
    if not cell:
        raise ValueError("the cell is empty; fill it in, or remove the row")
    if not NUMBER.fullmatch(cell):
        shown = cell if len(cell) <= 40 else cell[:40] + "…"
        if COMMA_NUMBER.fullmatch(cell):
            raise ValueError(f"{shown!r} has a comma; write a point before decimals (0.597), nothing between thousands")
        raise ValueError(
            f"{shown!r} is not a finite number such as -1.5 or 2e-3; correct it, write text as numbers, "
            "or remove the row or the column"
        )
    value = float(cell)
    if abs(value) > _FLOAT32_MAX:
        raise ValueError(f"{value} is beyond float32 (3.4e38); rescale the column")
    return value


def _numbers(sheet: Sheet, columns: list[int]) -> np.ndarray:
    """Return columns of the sheet as float32 (N, D)."""
    values = np.empty((len(sheet.rows), len(columns)), np.float32)
    for i, row in enumerate(sheet.rows):
        for k, j in enumerate(columns):
            try:
                values[i, k] = _number(row[j].strip())
            except ValueError as error:
                raise DataError(f"{sheet.place(i, j)}: {error}") from None
    return values


def _infer_task(sheet: Sheet, column: int) -> Task:
    """Tell the task from the target column: see the rule in `read_csv`."""
    cells = [cell for cell in sheet.column(column) if cell]
    with_comma = [COMMA_NUMBER.fullmatch(cell) is not None for cell in cells]
    if any(with_comma) and all(c or NUMBER.fullmatch(cell) for c, cell in zip(with_comma, cells, strict=True)):
        _numbers(sheet, [column])  # refuses the first comma: the column is meant as a quantity, not as text
    numeric = [NUMBER.fullmatch(cell) is not None for cell in cells]
    if any(numeric) and not all(numeric):
        row = next(i for i, cell in enumerate(sheet.column(column)) if cell and not NUMBER.fullmatch(cell))
        raise DataError(
            f"{sheet.place(row, column)}: {sheet.rows[row][column].strip()!r} is not a number, but other "
            'entries of the target are; correct it, or say task="classification" to make every '
            "distinct entry a class"
        )
    quantities = any(numeric) and not all(INTEGER.fullmatch(cell) for cell in cells)
    return "regression" if quantities else "classification"


def _quantities(sheet: Sheet, column: int) -> np.ndarray:
    """Return the numbers of a column, float32 (N,), which must not all be the same."""
    y = _numbers(sheet, [column])[:, 0]
    if y.min() == y.max():
        raise DataError(
            f"{sheet.path}: column {sheet.header[column]!r} holds the single number {y[0]:g} in all {len(y)} rows; "
            "there is nothing to learn: add rows with other numbers, or choose another target"
        )
    return y


def _classes(sheet: Sheet, column: int) -> tuple[np.ndarray, tuple[str, ...]]:
    """Number the distinct entries of a column, numbers in their order and text in its own."""
    cells = sheet.column(column)
    if "" in cells:
        raise DataError(f"{sheet.place(cells.index(''), column)}: the class is missing; fill it in, or remove the row")
    values: Sequence[int | float | str] = cells
    if all(INTEGER.fullmatch(cell) for cell in cells):
        values = [int(cell) for cell in cells]
    elif all(NUMBER.fullmatch(cell) for cell in cells):
        values = [float(cell) for cell in cells]
    classes = sorted(set(values))
    if len(classes) < 2:
        raise DataError(
            f"{sheet.path}: column {sheet.header[column]!r} holds the single class {str(classes[0])!r} "
            f"in all {len(cells)} rows; there is nothing to tell apart: add examples of another class, "
            "or choose another target"
        )
    label = {value: i for i, value in enumerate(classes)}
    return np.array([label[value] for value in values], np.int64), tuple(map(str, classes))
