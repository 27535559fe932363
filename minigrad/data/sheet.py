"""From a CSV file to rows of text: encoding, delimiter, quotation marks, header.

What the cells mean is `csvfile.py`'s business. Read next: `checks.py`.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from ..errors import DataError
from .checks import existing_file

NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")  # float() takes "1_0" and "nan" too
INTEGER = re.compile(r"[+-]?[0-9]{1,18}")  # what an int64 holds
COMMA_NUMBER = re.compile(r"[+-]?[0-9.]*(,[0-9.]+)+([eE][+-]?[0-9]+)?")  # "-0,597", "1,200", "1.200,5"
NO_TEXT = frozenset(range(32)) - frozenset(b"\t\n\v\f\r\x1a\x1b")  # bytes that no encoding of text but UTF-16 uses


@dataclass(frozen=True)
class Sheet:
    """The cells of a file as text, each row with the line of the file it starts on."""

    path: Path
    header: tuple[str, ...]
    rows: list[list[str]]
    lines: list[int]

    def place(self, row: int, column: int) -> str:
        return f"{self.path}, line {self.lines[row]}, column {self.header[column]!r}"

    def column(self, column: int) -> list[str]:
        return [row[column].strip() for row in self.rows]


def _read_text(path: Path) -> str:
    """Return the text of a file, or say why it is none."""
    existing_file(path, "CSV file")
    raw = path.read_bytes()
    other = (
        f"{path} is not a text file, but a picture, an archive or a spreadsheet's own format; export the table as CSV"
    )
    try:
        text = raw.decode("utf-8-sig")  # spreadsheets write a byte order mark
    except UnicodeDecodeError as error:
        if not raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and not NO_TEXT.isdisjoint(raw):
            raise DataError(other) from error
        line = raw.count(b"\n", 0, error.start) + 1
        raise DataError(
            f'{path}, line {line}: not UTF-8 text (byte {raw[error.start]:#04x}); save it again as "CSV UTF-8"'
        ) from error
    if "\0" in text:
        raise DataError(other)
    if not text.strip():
        raise DataError(f"{path} is empty; it needs a header line with the column names, and rows of data")
    return text


def _records(path: Path, text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each record with the line it starts on: a quoted cell may go over several. Blank lines are skipped."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader, None)
        except csv.Error as error:
            raise DataError(
                f'{path}, line {line}: {error}; check the quotation marks: a cell is "like this", '
                'a mark inside it is doubled ("")'
            ) from error
        if row is None:
            return
        if row:
            yield line, row


def _find_delimiter(path: Path, text: str) -> str:
    """Return the delimiter that divides the header and the first row into the most cells.

    The header alone could mislead: names such as "length, mm" hold commas in a file of tabs.
    """

    def cells(delimiter: str) -> int:
        try:
            return min(len(row) for _, row in islice(_records(path, text, delimiter), 2))
        except DataError:  # quotation marks make no sense with this one
            return 0

    return max(",;\t", key=cells)


def read_sheet(path: Path) -> Sheet:
    """Read a file into rows of text, all as long as the header."""
    text = _read_text(path)
    records = _records(path, text, _find_delimiter(path, text))
    line, first = next(records)
    header = tuple(name.strip() for name in first)
    _check_header(path, line, header)
    lines, rows = [], []
    for line, row in records:
        if len(row) != len(header):
            raise DataError(
                f"{path}, line {line}: {len(row)} cells, but the header names {len(header)} columns; "
                "add or remove cells, and put a cell that holds the delimiter in quotation marks"
            )
        lines.append(line)
        rows.append(row)
    if not rows:
        raise DataError(f"{path} has a header but no rows of data; add a line for each example")
    return Sheet(path, header, rows, lines)


def _check_header(path: Path, line: int, header: tuple[str, ...]) -> None:
    """See that the first record names columns.

    Whole numbers may be names (years; a data frame's 0, 1, 2 …) beside a name in letters.
    """
    numbers = [name for name in header if NUMBER.fullmatch(name)]
    fractions = [name for name in numbers if not INTEGER.fullmatch(name)]
    if fractions or len(numbers) == len(header):
        raise DataError(
            f"{path}, line {line}: holds data ({(fractions or numbers)[0]}) where the column names should "
            "be; put a header line above it, such as width,height,label"
        )
    for j, name in enumerate(header):
        if not name:
            raise DataError(
                f"{path}, line {line}: column {j + 1} of {len(header)} has no name; name it, or remove it "
                "(pandas: to_csv(path, index=False))"
            )
        if name in header[:j]:
            raise DataError(
                f"{path}, line {line}: columns {header.index(name) + 1} and {j + 1} are both named {name!r}; rename one"
            )


def listing(names: Sequence[str]) -> str:
    """Return names in quotes, the first twenty of a long list."""
    more = f", … ({len(names)} in all)" if len(names) > 20 else ""
    return ", ".join(map(repr, names[:20])) + more
