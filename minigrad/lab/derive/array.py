"""`Formula`: an array of formulas, which speaks NumPy's protocols; a Tensor may hold it.

A function called on it is called twice: on the formulas, and on numbers that every symbol carries, drawn once from
(0.1, 0.9). The numbers decide what formulas cannot, `if low >= 0`, give shapes and dtypes, and are what every derived
formula is compared with in the end. A function that is not known of formulas gives numbers alone, and a
reason; only who asks for the formula gets an error. Read next:
`reading.py`.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...errors import describe
from . import cells
from .algebra import bound, sympy
from .grid import Grid
from .sizes import named

if TYPE_CHECKING:
    from .letters import Letter


class Unread(NamedTuple):
    """What stands in place of a formula that is not known."""

    why: str


def _call(function: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    from .reading import call

    return call(function, args, kwargs)


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
        if isinstance(self.content, Grid) and not self.content.sizes[0].is_Integer:
            raise TypeError(
                f"the length {self.content.sizes[0]} is a symbol, and len() or a loop would make a number of it: use "
                "x.shape[0] and operations on whole arrays, or give the axis a number for a length"
            )
        return len(self.sample)

    def __bool__(self) -> bool:
        return bool(self.sample)

    def __index__(self) -> int:
        if isinstance(self.content, np.ndarray) and self.size == 1 and self.content.item().is_Integer:
            return int(self.content.item())
        why = self.content.why if isinstance(self.content, Unread) else f"it is {self.expressions().tolist()}"
        raise TypeError(
            f"the number of a formula is asked for, which symbols do not have: {why}; compute with it, or give numbers "
            "where numbers are needed"
        )

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
        return _call(ufunc, inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return _call(function, args, kwargs)

    def __getitem__(self, index: Any) -> Any:
        return _call(operator.getitem, (self, index), {})

    def __setitem__(self, index: Any, value: Any) -> None:
        from .reading import assign

        assign(self, index, value)

    def astype(self, dtype: Any, **_: Any) -> Formula:
        """Return the same formulas, called by another dtype; truth values become 1 and 0."""
        number = self.dtype.kind == "b" and np.dtype(dtype).kind != "b"
        return Formula((self + 0 if number else self).content, self.sample.astype(dtype), self.letters)

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
