"""Letters: names in formulas, of what is given and of results that were named. Read next: `forms.py`."""

from __future__ import annotations

import weakref
import zlib
from collections.abc import Iterable
from typing import Any

import numpy as np

from ...engine import tick
from .algebra import symbol, sympy
from .array import Formula
from .grid import Grid
from .sizes import Size, expression


class Letter:
    """A name that stands in formulas: of something given, or of a result that was named.

    It lives as long as a formula that it stands in.

    Parameters
    ----------
    name : what it is called
    made : the array of its symbols, which gets to know its letter
    means : the array of formulas that it stands for; None of what is given
    adds_to_one : whether its numbers do, along the last axis
    of : of a function that is written by its name, softmax(z), the function and its argument
    """

    def __init__(
        self,
        name: str,
        made: Formula,
        means: Formula | None,
        adds_to_one: bool = False,
        of: tuple[str, Formula] | None = None,
    ) -> None:
        self.name, self.means, self.adds_to_one, self.of = name, means, adds_to_one, of
        self.content, self.sample = made.content, made.sample  # not `made`, which would be a cycle
        self.order = tick()  # by the engine's clock: the node of a name is the next thing that is made
        made.letters = frozenset([self])
        alive.add(self)

    @property
    def symbol(self) -> Formula:
        """The array of its symbols."""
        return Formula(self.content, self.sample, frozenset([self]))


alive: weakref.WeakSet[Letter] = weakref.WeakSet()


def all_below(letters: Iterable[Letter]) -> set[Letter]:
    """Return letters and all that they were made of."""
    seen: set[Letter] = set()
    stack = list(letters)
    while stack:
        letter = stack.pop()
        if letter not in seen:
            seen.add(letter)
            stack += letter.means.letters if letter.means is not None else []
    return seen


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
    lengths = tuple([n.numerator for n in shape])
    sample: Any = draw.uniform(0.1, 0.9, lengths) if below is None else draw.integers(0, below.numerator, lengths)
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
    same = next((a for a in x.letters if a.content is x.content), None)
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
