"""The exceptions minigrad raises, and the words its messages share.

An error names the call, what it got (shapes, dtypes), the rule it broke and the way out. Every type
here is a subclass of the built-in a NumPy user would have caught. Read next: `files.py`.
"""

from __future__ import annotations

import importlib
import operator
import os
import sys
import warnings
from collections.abc import Iterable
from types import FrameType, ModuleType
from typing import Any


class ShapeError(ValueError):
    """The shapes of the operands do not fit the operation."""


class DtypeError(TypeError):
    """A dtype the operation cannot work with: an integer asked for a gradient, say."""


class DeviceError(RuntimeError):
    """The device is missing, or operands live on different ones."""


class GraphError(RuntimeError):
    """The graph cannot be walked: freed, changed since, or not recorded at all."""


class RuleError(RuntimeError):
    """A derivative rule is missing or returned something that is no cotangent of its argument."""


class NonFiniteError(FloatingPointError):
    """In debug mode: the first operation or rule that produced NaN or inf from finite input."""


class GradcheckError(AssertionError):
    """`mg.gradcheck` found a derivative that differs from finite differences."""


class DataError(ValueError):
    """The user's data cannot be used as asked: the message names the file, line and column."""


class CheckpointError(ValueError):
    """A weights file or a state dictionary does not fit, is damaged, or is not ours."""


class TraceError(RuntimeError):
    """`mg.compile` met something that cannot be part of a program."""


class MissingPackageError(ImportError):
    """An optional package is not installed; the message says which extra brings it."""


def describe(value: Any) -> str:
    """Say what a value is in one word: dtype and shape of an array, the type and value of anything else.

    >>> import numpy as np
    >>> describe(np.zeros((2, 3), np.float32)), describe(1.5), describe("abc")
    ('float32[2, 3]', 'float 1.5', "str 'abc'")
    """
    dtype, shape = getattr(value, "dtype", None), getattr(value, "shape", None)
    if dtype is not None and shape is not None:
        return f"{dtype}{list(shape)}"
    if value is None:
        return "None"
    if isinstance(value, list | tuple):
        return f"{type(value).__name__} of {len(value)}"
    text = repr(value)
    return f"{type(value).__name__} {text if len(text) <= 40 else text[:37] + '...'}"


def as_integer(call: str, name: str, value: Any) -> int:
    """Return an integer as it is; refuse what would have to be rounded."""
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(f"{call}: {name} must be an integer, got {describe(value)}") from None


def as_number(call: str, name: str, value: Any) -> Any:
    """Return a real number as it is; refuse anything else, which could not be compared with its limits."""
    if not isinstance(value, int | float) and not (getattr(value, "shape", None) == () and value.dtype.kind in "iuf"):
        raise TypeError(f"{call}: {name} must be a number, got {describe(value)}")
    return value


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ``" Did you mean 'x'?"`` for the known name that `name` was meant to be, or an empty string.

    A slip swaps, adds or drops a letter: a name of quite another length is another word, however alike.

    >>> nearest("sigmiod", ["sigmoid", "softmax"])
    " Did you mean 'sigmoid'?"
    >>> nearest("median", ["mean"])
    ''
    """
    import difflib  # only when something has gone wrong

    slip = max(1, len(name) // 4)
    found = difflib.get_close_matches(name, [k for k in known if abs(len(k) - len(name)) <= slip], n=1, cutoff=0.66)
    return f" Did you mean '{found[0]}'?" if found else ""


def require(package: str, extra: str, purpose: str) -> ModuleType:
    """Import an optional package, or say which extra installs it.

    Parameters
    ----------
    package : name to import, `"matplotlib.pyplot"` say
    extra : the extra of `minigrad-lab` that brings it
    purpose : what needs it, as the subject of a sentence: `"minigrad demo"`

    Raises
    ------
    MissingPackageError
        with the command that mends it.
    """
    try:
        return importlib.import_module(package)
    except ImportError as error:
        raise MissingPackageError(
            f"{purpose} needs the package {package.partition('.')[0]}, which is not installed; "
            f'install it with: pip install "minigrad-lab[{extra}]"'
        ) from error


_PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep
_NUMPY = f"{os.sep}numpy{os.sep}"  # whose operators call back


def users_frame() -> tuple[FrameType, int]:
    """Return the innermost frame outside minigrad and NumPy, and how many frames up from the caller it is."""
    frame, level = sys._getframe(1), 1
    while frame.f_back is not None:
        file = frame.f_code.co_filename
        if not file.startswith((_PACKAGE, "<minigrad")) and _NUMPY not in file:
            break
        frame, level = frame.f_back, level + 1
    return frame, level


def warn_user(message: str) -> None:
    """Warn at the user's line, so that Python shows it once for each place and not once in all."""
    warnings.warn(message, UserWarning, stacklevel=users_frame()[1])
