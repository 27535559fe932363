"""Calling a NumPy function on formulas: what it does to their numbers, and what it means of them.

Read next: `letters.py`.
"""

from __future__ import annotations

import inspect
import operator
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ...engine import Primitive
from ...engine.debugging import user_line
from . import cells, grid
from .algebra import Expr, axis, sympy
from .array import Formula, Unread
from .elements import CHOICES, of_ufunc
from .grid import Grid
from .sizes import Size, expression


def formulas(value: Any) -> Iterator[Formula]:
    """Yield the formulas among arguments."""
    if isinstance(value, Formula):
        yield value
    elif isinstance(value, list | tuple):
        for part in value:
            yield from formulas(part)


def _sizes(value: Any) -> Iterator[bool]:
    """Yield for every argument whether it is a size."""
    if isinstance(value, list | tuple):
        for part in value:
            yield from _sizes(part)
    else:
        yield isinstance(value, Size)


def bare(value: Any) -> Any:
    """Return arguments with numbers for formulas."""
    if isinstance(value, Formula):
        return value.sample
    if type(value) in (list, tuple):
        return type(value)(map(bare, value))
    if isinstance(value, Size):
        return value.numerator
    return {k: bare(v) for k, v in value.items()} if isinstance(value, dict) else value


def call(function: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """Call a NumPy function on arguments of which some are formulas."""
    with np.errstate(all="ignore"):
        sample = function(*bare(args), **bare(kwargs))
    operands = list(formulas((args, tuple(kwargs.values()))))
    letters = frozenset().union(*[f.letters for f in operands])
    try:
        content = _read(function, args, kwargs, operands, sample)
    except NotImplementedError:
        content = Unread(culprit(function))
    if isinstance(sample, list | tuple):
        several = content if isinstance(content, list) else [content] * len(sample)
        return [Formula(c, s, letters) for c, s in zip(several, sample, strict=True)]
    return Formula(content, sample, letters)


def assign(array: Formula, index: Any, value: Any) -> None:
    """Put formulas or numbers into an array at an index."""
    array.sample[bare(index)] = bare(value)
    array.letters |= frozenset().union(*[f.letters for f in formulas((index, value))])
    if isinstance(array.content, np.ndarray) and not any(f.is_grid for f in formulas((index, value))):
        new = value.content if isinstance(value, Formula) else cells.cells(value)
        array.content[plain(index)] = new[()] if new.ndim == 0 else new
    elif (index is Ellipsis or index == ()) and isinstance(value, Formula):
        array.content = value.content
    else:
        array.content = Unread("an assignment into a part of symbolic size")


def _read(function: Any, args: Any, kwargs: dict[str, Any], operands: list[Formula], sample: Any) -> Any:
    """Return the formulas that a function makes of formulas."""
    unread = next((f.content for f in operands if isinstance(f.content, Unread)), None)
    if unread:
        return unread
    name = function.__name__
    if name.endswith("_like") or name == "arange":
        return _made(name, args, kwargs, sample)
    if not operands and not any(_sizes(args)):  # made by `like=`, of numbers alone
        return cells.cells(sample)
    if isinstance(function, np.ufunc) and name != "matmul":
        return _of_each(of_ufunc(name), args)
    if name in CHOICES:
        return _of_each(*CHOICES[name](*args, **kwargs))
    symbolic = any(f.is_grid for f in operands) or any(_sizes((args, tuple(kwargs.values()))))
    known: Any = grid.FUNCTIONS.get(name) if symbolic else cells.function(function)
    if function is operator.getitem:
        known = grid.picked if symbolic else operator.getitem
    if known is None:
        raise NotImplementedError
    options = {k: _argument(v, symbolic) for k, v in kwargs.items() if v is not None and k not in _NO_MATTER}
    if known is not function and set(options) - set(inspect.signature(known).parameters):
        raise NotImplementedError
    made = known(*[_argument(x, symbolic) for x in args], **options)
    if isinstance(made, list | tuple) and not isinstance(made, Grid):
        return [cells.cells(part) for part in made]
    return made if symbolic else cells.cells(made)


_NO_MATTER = ("dtype", "out", "order", "copy", "optimize", "subok")  # options that say nothing of the formula


def _of_each(element: Callable[..., Expr] | None, operands: Any) -> Any:
    """Return the content of a function of every element."""
    if element is None:
        raise NotImplementedError
    symbolic = any(f.is_grid for f in formulas(operands))
    of_each: Any = grid.element_wise if symbolic else cells.element_wise
    return of_each(element, *[_content(x, symbolic) for x in operands])


def each(element: Callable[..., Expr], *operands: Any) -> Formula:
    """Apply a function of SymPy to every element of formulas; the numbers are those of the first operand."""
    ready = [x if isinstance(x, Formula) else constant(x) for x in operands]
    content = next((x.content for x in ready if isinstance(x.content, Unread)), None)
    sample = np.broadcast_arrays(*[x.sample for x in ready])[0]
    letters = frozenset().union(*[x.letters for x in ready])
    return Formula(_of_each(element, ready) if content is None else content, sample, letters)


def _content(x: Any, symbolic: bool) -> Any:
    """Return an operand as cells, or as a grid."""
    if isinstance(x, Formula):
        if not symbolic or x.is_grid:
            return x.content
        x = x.content
    if isinstance(x, Size):
        x = x.expr
    content = cells.cells(x)
    if not symbolic:
        return content
    same = set(content.ravel().tolist())
    if len(same) != 1:
        raise NotImplementedError  # numbers beside symbols of symbolic size
    return Grid(same.pop(), tuple(map(sympy.Integer, content.shape)))


def _argument(x: Any, symbolic: bool) -> Any:
    """Return an argument with contents for formulas, and for arrays of floats beside them."""
    if isinstance(x, Formula) and x.dtype.kind == "i" and not symbolic:  # an index
        if not all(i.is_Integer for i in x.content.ravel()):
            raise NotImplementedError
        return x.content.astype(int)
    if isinstance(x, Formula) or (isinstance(x, np.ndarray) and x.dtype.kind in "fb"):
        return _content(x, symbolic)
    return type(x)(_argument(part, symbolic) for part in x) if isinstance(x, list | tuple) else x


def _made(name: str, args: Any, kwargs: dict[str, Any], sample: Any) -> Any:
    """Return the content of a new array: zeros_like, ones_like, full_like, empty_like, arange."""
    if name == "arange":
        return Grid(axis(0), (args[0].expr,)) if isinstance(args[0], Size) else cells.cells(sample)
    shape = kwargs.get("shape")
    shape = args[0].shape if shape is None else shape if isinstance(shape, tuple | list) else (shape,)
    fill = {"zeros_like": 0, "ones_like": 1, "empty_like": 0}.get(name)
    value = cells.cells(fill if fill is not None else args[1])[()]
    if any(isinstance(n, Size) for n in shape) or (isinstance(args[0], Formula) and args[0].is_grid):
        return Grid(value, tuple(map(expression, shape)))
    return cells.element_wise(lambda _: value, np.empty(sample.shape, object))


def culprit(function: Any) -> str:
    """Say which operation called a function that is not known of formulas, and the user's line."""
    frame: Any = sys._getframe(2)
    name = None
    while frame is not None and name is None:
        file, owner = frame.f_code.co_filename, frame.f_locals.get("self")
        if file.startswith("<minigrad "):
            name = file[10:-1]
        elif frame.f_code.co_name == "plain" and isinstance(owner, Primitive):
            name = owner.name
        frame = frame.f_back
    own = hasattr(function, "primitive")  # not one of NumPy's
    inside = "" if own else f"np.{function.__name__}"
    what = (function.__name__ if own else inside) if name is None or own else f"{name} ({inside} in it)"
    what = f"the rule of {what.replace('_pull', '')}" if name and name.endswith("_pull") and not own else what
    return f"{what}, called in {user_line()}"


def constant(value: Any) -> Formula:
    """Return a number, a size or an array of numbers as formulas."""
    if isinstance(value, Size):
        return Formula(cells.cells(value.expr), np.float64(value.numerator))
    return Formula(cells.cells(value), np.asarray(value) if isinstance(value, np.ndarray) else np.float64(value))


def as_grid(value: Formula) -> Grid:
    """Return the content as a grid, of a single number too."""
    made: Grid = _content(value, True)
    return made


def plain(index: Any) -> Any:
    """Return an index with numbers in place of formulas that are numbers."""
    return _argument(index, False)
