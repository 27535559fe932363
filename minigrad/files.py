"""Files written whole or not at all: what stands under a name stays until all of the new file is there.

Weights are written with more care still, by `nn/state.py`. Read next: `device.py`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import DataError


def file_to_write(path: str | Path, call: str) -> Path:
    """Return where a path leads, links followed.

    Raises
    ------
    DataError
        when it is a folder or a device.
    FileNotFoundError
        when its folder does not exist.
    """
    path = Path(path).resolve()
    if path.exists() and not path.is_file():
        raise DataError(f"{call}: {path} is a folder or a device, not a file; give a file name")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{call}: there is no folder {path.parent}; create it, or write elsewhere")
    return path


def write_text(path: str | Path, text: str, call: str) -> Path:
    """Write a text file; return its path, links followed. It raises what `file_to_write` raises."""
    path = file_to_write(path, call)
    with replacing(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8")
    return path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a name beside `path` to write to; in the end that file takes its place, or after an error is gone.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "greeting.txt")
    ...     with replacing(path) as unfinished:
    ...         _ = unfinished.write_text("hello")
    ...     path.read_text(), len(os.listdir(folder))
    ('hello', 1)
    """
    unfinished = path.with_name(f".{path.stem}.{os.getpid()}.tmp{path.suffix}")
    try:
        yield unfinished
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
