"""Names in formulas: what is given, and results that were named. Read next: `forms.py`."""

from __future__ import annotations

import weakref
import zlib
from collections.abc import Iterable
from typing import Any

import numpy as np

from .algebra import symbol, sympy
from .array import Formula, Letter
from .grid import Grid
from .sizes import Size, expression


def given(name: str, shape: tuple[int, ...], below: int | None = None, **assumptions: Any) -> Formula:
    """Return an array of symbols of its own.

    Parameters
    ----------
    name : what it is called
    shape : its lengths, of which some may be symbols
    below : for class labels, how many classes there are
    assumptions : of SymPy, `positive=True` say; and `adds_to_one`
    """
    draw = np.random.default_rng(zlib.crc32(name.encode()))
    lengths = tuple(map(int, shape))
    sample: Any = draw.uniform(0.1, 0.9, lengths) if below is None else draw.integers(0, int(below), lengths)
    if assumptions.get("adds_to_one"):
        sample = sample / sample.sum(axis=-1, keepdims=True)
    if below is not None:
        assumptions |= {"integer": True, "nonnegative": True}
    made = symbols_for(name, shape, sample, **assumptions)
    Letter(name, made, None, bool(assumptions.get("adds_to_one")))
    return made


def symbols_for(name: str, shape: tuple[int, ...], sample: Any, **assumptions: Any) -> Formula:
    """Return an array of new symbols: a letter with indices, or one symbol for every element."""
    if any(isinstance(n, Size) for n in shape):
        base = sympy.IndexedBase(symbol(name, **assumptions))
        sizes = tuple(map(expression, shape))
        indices = [i if n != 1 else 0 for i, n in zip(Grid(base, sizes).indices, sizes, strict=True)]
        return Formula(Grid(base[tuple(indices)], sizes), sample)
    assumptions.pop("adds_to_one", None)
    mark = "" if max(shape, default=0) <= 10 else ","
    made = np.empty(shape, object)
    for index in np.ndindex(*shape):
        made[index] = symbol(name + ("_" + mark.join(map(str, index)) if made.size > 1 else ""), **assumptions)
    return Formula(made, sample)


def name_of(x: Formula, name: str, adds_to_one: bool = False, of: tuple[str, Formula] | None = None) -> Formula:
    """Return new symbols that stand for the formulas of x."""
    same = next((a for a in x.letters if a.symbol.content is x.content), None)
    adds_to_one = adds_to_one or (same is not None and same.adds_to_one)
    made = symbols_for(name, x.shape, x.sample, adds_to_one=adds_to_one)
    Letter(name, made, x, adds_to_one, of)
    return made


_known: weakref.WeakValueDictionary[Any, Letter] = weakref.WeakValueDictionary()


def called(name: str, x: Formula, means: Formula, adds_to_one: bool = False) -> Formula:
    """Return symbols that stand for a function of x, the same ones whenever the same is asked for: softmax(Z)."""
    if not means.is_grid and all(entry.is_number for entry in means.content.ravel()):
        return means
    key = (name, means.content if means.is_grid else (means.shape, tuple(means.content.ravel().tolist())))
    if key not in _known:
        made = name_of(means, name, adds_to_one, (name, x))
        (_known[key],) = made.letters
    return _known[key].symbol


def all_below(letters: Iterable[Letter]) -> set[Letter]:
    """Return letters and all that they were made of."""
    return set().union(*[letter.below() for letter in letters])
