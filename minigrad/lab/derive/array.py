"""`Formula`: an array of formulas, which speaks NumPy's protocols; a Tensor may hold it.

A function called on it is called twice: on the formulas, and on numbers that every symbol carries, drawn once from
(0.1, 0.9). The numbers decide what formulas cannot, `if low >= 0`, give shapes and dtypes, and are what every derived
formula is compared with in the end. A function that is not known of formulas gives numbers alone, and a
reason; only who asks for the formula gets an error. Read next: `forms.py`.
"""

from __future__ import annotations

import functools
import inspect
import sys
import weakref
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from ...engine import Primitive, tick
from ...engine.debugging import user_line
from ...errors import describe
from . import cells, grid
from .algebra import Expr, axis, bound, sympy
from .elements import CHOICES, of_ufunc
from .grid import Grid
from .sizes import Size, expression, named


class Unread(NamedTuple):
    """What stands in place of a formula that is not known."""

    why: str


class Letter:
    """A name that stands in formulas: of something given, or of a result that was named.

    Parameters
    ----------
    name : what it is called
    symbol : the array of its symbols
    means : the array of formulas that it stands for; None of what is given
    adds_to_one : whether its numbers do, along the last axis
    of : of a function that is written by its name, softmax(z), the function and its argument
    """

    def __init__(
        self,
        name: str,
        symbol: Formula,
        means: Formula | None,
        adds_to_one: bool = False,
        of: tuple[str, Formula] | None = None,
    ) -> None:
        self.name, self.symbol, self.means, self.adds_to_one, self.of = name, symbol, means, adds_to_one, of
        self.order = tick()  # the node of a name is the next thing that is made
        symbol.letters = frozenset([self])
        alive.add(self)

    def below(self) -> set[Letter]:
        """Return this letter and all that what it means was made of."""
        return {self} if self.means is None else {self}.union(*[x.below() for x in self.means.letters])


alive: weakref.WeakSet[Letter] = weakref.WeakSet()


def _operators(ufunc: Any) -> tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]:
    """Return an operator, and the one for when the formula stands on the right."""
    return (lambda self, other: ufunc(self, other)), (lambda self, other: ufunc(other, self))


class Formula:
    """An array of formulas with a number for each.

    Parameters
    ----------
    content : an object array of expressions, a `Grid`, or the reason why there is none
    sample : the numbers, an array of NumPy
    letters : those that the formulas were made of
    """

    __slots__ = ("content", "letters", "sample")
    __hash__ = None  # type: ignore[assignment]
    base = None

    def __init__(self, content: Any, sample: Any, letters: frozenset[Letter] = frozenset()) -> None:
        self.content, self.sample, self.letters = content, np.asarray(sample), letters

    # What it is

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of the axes; those with a name remember it."""
        if isinstance(self.content, Grid):
            return tuple([named(n, expr) for n, expr in zip(self.sample.shape, self.content.sizes, strict=True)])
        return self.sample.shape

    @property
    def size(self) -> int:
        """The number of elements."""
        count = 1
        for n in self.shape:
            count = n * count
        return count

    dtype = property(lambda self: self.sample.dtype)
    ndim = property(lambda self: self.sample.ndim)
    strides = property(lambda self: self.sample.strides)
    itemsize = property(lambda self: self.sample.itemsize)
    T = property(lambda self: np.transpose(self))
    is_grid = property(lambda self: isinstance(self.content, Grid))

    def __repr__(self) -> str:
        if isinstance(self.content, Unread):
            return f"Formula(of {describe(self.sample)}, not known: {self.content.why})"
        return f"Formula({self.expressions().tolist()})"

    def expressions(self) -> Any:
        """Return the formulas as an object array; of symbolic sizes it is one entry, in place of all."""
        if not isinstance(self.content, Grid):
            return self.sample if isinstance(self.content, Unread) else self.content
        letters = dict(zip(self.content.indices, sympy.symbols("i j k l"), strict=False))
        return cells.cells(
            self.content.entry.xreplace(
                letters | dict(zip(map(bound, range(4)), sympy.symbols("p q r s"), strict=True))
            )
        )

    def __len__(self) -> int:
        return len(self.sample)

    def __bool__(self) -> bool:
        return bool(self.sample)

    def __index__(self) -> int:
        if isinstance(self.content, np.ndarray) and self.size == 1 and self.content.item().is_Integer:
            return int(self.content.item())
        why = self.content.why if isinstance(self.content, Unread) else f"it is {self.expressions().tolist()}"
        raise TypeError(f"the number of a formula is asked for, which symbols do not have: {why}")

    __int__ = __float__ = __index__

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        raise TypeError("formulas are never converted to numbers silently; t.numpy() gives them as objects")

    # Python's operators and NumPy's protocols

    __add__, __radd__ = _operators(np.add)
    __sub__, __rsub__ = _operators(np.subtract)
    __mul__, __rmul__ = _operators(np.multiply)
    __truediv__, __rtruediv__ = _operators(np.divide)
    __floordiv__, __rfloordiv__ = _operators(np.floor_divide)
    __mod__, __rmod__ = _operators(np.remainder)
    __pow__, __rpow__ = _operators(np.power)
    __matmul__, __rmatmul__ = _operators(np.matmul)
    __and__, __rand__ = _operators(np.bitwise_and)
    __or__, __ror__ = _operators(np.bitwise_or)
    __xor__, __rxor__ = _operators(np.bitwise_xor)
    __lt__, __gt__ = _operators(np.less)
    __le__, __ge__ = _operators(np.less_equal)

    def __eq__(self, other: Any) -> Any:
        return np.equal(self, other)

    def __ne__(self, other: Any) -> Any:
        return np.not_equal(self, other)

    def __neg__(self) -> Any:
        return np.negative(self)

    def __pos__(self) -> Any:
        return np.positive(self)

    def __abs__(self) -> Any:
        return np.absolute(self)

    def __invert__(self) -> Any:
        return np.invert(self)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method != "__call__" or "out" in kwargs:
            return NotImplemented
        return call(ufunc, inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return call(function, args, kwargs)

    def __getitem__(self, index: Any) -> Any:
        return call(_getitem, (self, index), {})

    def __setitem__(self, index: Any, value: Any) -> None:
        self.sample[bare(index)] = bare(value)
        self.letters |= frozenset().union(*[f.letters for f in formulas((index, value))])
        if isinstance(self.content, np.ndarray) and not any(f.is_grid for f in formulas((index, value))):
            self.content[plain(index)] = value.content if isinstance(value, Formula) else cells.cells(value)
        elif (index is Ellipsis or index == ()) and isinstance(value, Formula):
            self.content = value.content
        else:
            self.content = Unread("an assignment into a part of symbolic size")

    def astype(self, dtype: Any, **_: Any) -> Formula:
        """Return the same formulas, called by another dtype."""
        return Formula(self.content, self.sample.astype(dtype), self.letters)

    def copy(self) -> Formula:
        """Return a copy."""
        content = self.content.copy() if isinstance(self.content, np.ndarray) else self.content
        return Formula(content, self.sample.copy(), self.letters)

    def ravel(self) -> Any:
        """Return the elements as one axis."""
        return np.reshape(self, (-1,))

    def reshape(self, *shape: Any) -> Any:
        """Return the elements in another shape."""
        return np.reshape(self, shape[0] if len(shape) == 1 else shape)

    def transpose(self, *axes: Any) -> Any:
        """Return the axes in another order."""
        return np.transpose(self, axes[0] if len(axes) == 1 else axes or None)

    def argmin(self, **options: Any) -> Any:
        """Return where the smallest number stands: of formulas nobody knows."""
        return self.sample.argmin(**options)

    def argmax(self, **options: Any) -> Any:
        """Return where the largest number stands."""
        return self.sample.argmax(**options)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Return NumPy's function of that name as a method: `a.sum(axis=0)` is `np.sum(a, axis=0)`."""
        function = None if name.startswith("_") else getattr(np, name, None)
        if not callable(function):
            raise AttributeError(f"formulas have no attribute {name!r}")
        return functools.partial(function, self)


def _getitem(a: Any, index: Any) -> Any:
    return a[index]


# Calling a function on formulas


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
    if isinstance(value, list | tuple):
        return type(value)(map(bare, value))
    if isinstance(value, Size):
        return int(value)
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
    if function is _getitem:
        known = grid.picked if symbolic else _getitem
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
    while frame is not None:
        file, owner = frame.f_code.co_filename, frame.f_locals.get("self")
        if file.startswith("<minigrad "):
            return f"{file[10:-1]} (np.{function.__name__} in it), called in {user_line()}"
        if frame.f_code.co_name == "plain" and isinstance(owner, Primitive):
            return f"{owner.name} (np.{function.__name__} in it), called in {user_line()}"
        frame = frame.f_back
    return f"np.{function.__name__}, called in {user_line()}"


def constant(value: Any) -> Formula:
    """Return a number, a size or an array of numbers as formulas."""
    if isinstance(value, Size):
        return Formula(cells.cells(value.expr), np.float64(int(value)))
    return Formula(cells.cells(value), np.asarray(value) if isinstance(value, np.ndarray) else np.float64(value))


def as_grid(value: Formula) -> Grid:
    """Return the content as a grid, of a single number too."""
    made: Grid = _content(value, True)
    return made


def plain(index: Any) -> Any:
    """Return an index with numbers in place of formulas that are numbers."""
    return _argument(index, False)
