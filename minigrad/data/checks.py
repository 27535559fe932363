"""The questions every function of this package asks of its arguments.

Each takes the name of the call it speaks for, so that an error names what the user wrote. Read next:
`minigrad/train/`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ShapeError, as_integer, describe


def as_array(call: str, name: str, value: Any) -> np.ndarray:
    """Return a NumPy array as it is, a list or tuple as an array; refuse to convert anything else.

    Raises
    ------
    TypeError
        for a Tensor, a data frame or an array of another device: the user says how it becomes NumPy's.
    ShapeError
        for a list whose rows differ in length.
    """
    if isinstance(value, np.ndarray):
        return value
    if not isinstance(value, list | tuple):
        raise TypeError(
            f"{call}: {name} must be a NumPy array or a list, got {type(value).__name__} ({describe(value)}); "
            "hand over a Tensor's .numpy() or a data frame's .to_numpy()"
        )
    try:
        return np.asarray(value)
    except ValueError as error:
        raise ShapeError(f"{call}: {name} is a list of uneven rows; give every row the same length") from error


def same_length(call: str, arrays: Sequence[Any]) -> int:
    """Return the first dimension that all arrays share.

    Raises
    ------
    TypeError
        when there is no array at all.
    ShapeError
        when an array has no first dimension, or they differ.
    """
    if not arrays:
        raise TypeError(f"{call}: needs at least one array, got none")
    got = ", ".join(describe(a) for a in arrays)
    if any(a.ndim == 0 for a in arrays):
        raise ShapeError(f"{call}: a single number holds no examples: got {got}; the first dimension counts them")
    if len({a.shape[0] for a in arrays}) > 1:
        raise ShapeError(
            f"{call}: the arrays differ in length: got {got}; the first dimension counts the examples and must be equal"
        )
    return arrays[0].shape[0]


def as_path(call: str, path: Any) -> Path:
    """Return a path; refuse what is none."""
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f'{call}: needs the path of a file, such as "pets.csv", got {describe(path)}')
    return Path(path)


def existing_file(path: Path, what: str) -> None:
    """Raise FileNotFoundError unless the path leads to a file; `what` it should be, "CSV file" say."""
    if not path.exists():
        raise FileNotFoundError(f"there is no file {path}; check the name, and the folder it is relative to")
    if path.is_dir():
        raise FileNotFoundError(f"{path} is a folder, not a file; give the {what} in it")


def seeded(call: str, seed: int | None) -> np.random.Generator | None:
    """Return a stream of random numbers of one's own for a seed; None, the library's, without one."""
    if seed is None:
        return None
    seed = as_integer(call, "seed", seed)
    if seed < 0:
        raise ValueError(f"{call}: seed must not be negative, got {seed}")
    return np.random.default_rng(seed)
