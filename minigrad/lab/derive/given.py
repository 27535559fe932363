"""`lab.symbols`: Tensors of symbols. Read next: `array.py`."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from ...device import Device, register_device
from ...engine import Tensor
from .array import Formula
from .forms import install
from .letters import given
from .reading import constant
from .sizes import Size, size

_SYMBOL = re.compile(r"([^\W\d]\w*)(?::([^<]*))?(?:<(\w+))?")


def symbols(spec: str, *, shape: Any = None, distribution: bool = False, **assumptions: bool) -> Any:
    """Return Tensors of symbols, on which any minigrad code writes its formula.

    Parameters
    ----------
    spec : names, each with its shape behind a colon if it has one: `"w x b y"`, `"X:N×D W:K×D b:K"`, `"x:3"`.
        A length is a letter, which stays a symbol, or a number. `"y:N<K"` are N class labels, whole numbers below K
    shape : of all that have none in `spec`: `"N×D"`, `3`, `(2, "N")`
    distribution : whether their numbers add up to 1 along the last axis, as probabilities and one-hot labels do
    assumptions : of SymPy: `positive=True` say. All symbols are real

    Returns
    -------
    a Tensor that requires gradients, or a tuple of them, one for each name. Class labels require none.

    Raises
    ------
    ValueError
        when the names are not understood.
    MissingPackageError
        without SymPy.

    >>> from minigrad import lab
    >>> w, x, b = lab.symbols("w x b")
    >>> w * x + b
    tensor(b + w*x, dtype=float64, device='symbols', op=add)
    """
    if not isinstance(spec, str) or not spec.split():
        raise ValueError(f'symbols: needs names, such as "w x b" or "X:N×D W:K×D y:N<K", got {spec!r}')
    _register()
    made = [_symbol(part, shape, distribution, assumptions) for part in spec.replace(",", " ").split()]
    names = [t.name for t in made]
    if len(set(names)) < len(names):
        raise ValueError(f"symbols: a name stands twice in {spec!r}; every symbol needs a name of its own")
    return made[0] if len(made) == 1 else tuple(made)


def _symbol(part: str, shape: Any, distribution: bool, assumptions: dict[str, bool]) -> Tensor:
    found = _SYMBOL.fullmatch(part)
    if not found:
        raise ValueError(
            f'symbols: {part!r} is not understood; write a name, or a name with its shape: "X:N×D", and "y:N<K" for '
            "N class labels below K"
        )
    name, own, classes = found.groups()
    lengths = _lengths(shape if own is None and classes is None else own or "", part)
    if classes:
        return Tensor(given(name, lengths, below=_lengths(classes, part)[0]), name=name)
    if distribution:
        assumptions = {**assumptions, "positive": True}
    return Tensor(given(name, lengths, adds_to_one=distribution, **assumptions), requires_grad=True, name=name)


def _lengths(shape: Any, part: str) -> tuple[int, ...]:
    """Return a shape, given as text, a number, or a tuple of either."""
    if shape is None:
        return ()
    parts = re.split("[×*]", shape) if isinstance(shape, str) else shape if isinstance(shape, tuple | list) else [shape]
    lengths: list[int] = []
    for text in [str(p).strip() for p in parts] if parts != [""] else []:
        if not re.fullmatch(r"\d+|[^\W\d]\w*", text):
            raise ValueError(f"symbols: {text!r} in {part!r} is no length; give a letter or a number, as in N×D or 2*3")
        lengths.append(int(text) if text.isdigit() else size(text))
    return tuple(lengths)


def _to_numpy(array: Any) -> np.ndarray:
    made: np.ndarray = array.expressions() if isinstance(array, Formula) else array
    return made


def _register() -> None:
    """Let Tensors hold formulas, and operations take sizes and read formulas."""
    register_device(Device("symbols", Size, constant, lambda n: np.asarray(n.numerator)))  # as a number beside a Tensor
    register_device(Device("symbols", Formula, constant, _to_numpy))
    install()
