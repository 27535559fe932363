"""Arrays of symbolic size: the entry at (n, k) as a formula in n and k, and what NumPy's functions make of it.

    X·Wᵀ has the entry Σ_d X[n, d]·W[k, d]

Element by element nothing is to be done: the entry of σ(Z) is σ of the entry of Z. Sums become Σ, products of
matrices too; broadcasting is free, as axes are counted from the end. Read next: `cells.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...errors import ShapeError
from .algebra import Expr, axis, sympy, total
from .elements import number
from .sizes import Size, expression, stand_in


class Grid(NamedTuple):
    """The entry of an array, a formula in `axis(0)`, the index along the last axis, `axis(1)` …; and its lengths."""

    entry: Expr
    sizes: tuple[Expr, ...]

    @property
    def indices(self) -> tuple[Expr, ...]:
        """The indices of the axes, in the order of the sizes."""
        return tuple([axis(i) for i in reversed(range(len(self.sizes)))])

    def at(self, *indices: Expr) -> Expr:
        """Return the entry at other indices."""
        return self.entry.xreplace(dict(zip(self.indices, indices, strict=True)))


def element_wise(function: Callable[..., Expr], *operands: Grid) -> Grid:
    """Apply a function to the entries of operands that are broadcast against each other."""
    return Grid(function(*[x.entry for x in operands]), broadcast_sizes([x.sizes for x in operands]))


def broadcast_sizes(shapes: Sequence[tuple[Expr, ...]]) -> tuple[Expr, ...]:
    """Return the lengths of broadcast arrays: as for numbers, and N fits N alone."""
    ndim = max(map(len, shapes))
    result = []
    for i in range(ndim):
        lengths = {shape[i - ndim + len(shape)] for shape in shapes if i - ndim + len(shape) >= 0} - {sympy.S.One}
        if len(lengths) > 1:
            raise ShapeError(f"the sizes {', '.join(map(str, lengths))} differ; broadcasting needs equal ones, or 1")
        result.append(lengths.pop() if lengths else sympy.S.One)
    return tuple(result)


def _count(ndim: int, axes: Any) -> list[int]:
    chosen = range(ndim) if axes is None else axes if isinstance(axes, tuple | list) else (axes,)
    return sorted(a % ndim for a in chosen)


def placed(x: Grid, order: Sequence[int | None]) -> Grid:
    """Return x with its axes in another order; None stands for a new axis of length 1, left-out ones have length 1."""
    ndim = len(order)
    moved = {x.indices[old]: axis(ndim - 1 - new) for new, old in enumerate(order) if old is not None}
    return Grid(x.entry.xreplace(moved), tuple([sympy.S.One if i is None else x.sizes[i] for i in order]))


def sum_over(a: Grid, axis: Any = None, keepdims: bool = False) -> Grid:
    """Return Σ along axes."""
    axes = _count(len(a.sizes), axis)
    entry = number(a.entry)
    for i in axes:
        entry = total(entry, a.indices[i], a.sizes[i])
    order = [None if i in axes else i for i in range(len(a.sizes)) if keepdims or i not in axes]
    return placed(Grid(entry, a.sizes), order)


def _lengths(a: Grid, axis: Any) -> Expr:
    return sympy.Mul(*[a.sizes[i] for i in _count(len(a.sizes), axis)])


def mean_over(a: Grid, axis: Any = None, keepdims: bool = False) -> Grid:
    """Return the mean along axes."""
    summed = sum_over(a, axis, keepdims)
    return Grid(summed.entry / _lengths(a, axis), summed.sizes)


def var_over(a: Grid, axis: Any = None, ddof: Any = 0, keepdims: bool = False) -> Grid:
    """Return the variance along axes."""
    centred = element_wise(lambda x, m: (x - m) ** 2, a, mean_over(a, axis, True))
    summed = sum_over(centred, axis, keepdims)
    return Grid(summed.entry / (_lengths(a, axis) - ddof), summed.sizes)


def std_over(a: Grid, axis: Any = None, ddof: Any = 0, keepdims: bool = False) -> Grid:
    """Return the standard deviation along axes."""
    return element_wise(sympy.sqrt, var_over(a, axis, ddof, keepdims))


def _permuted(function: Callable[..., Any]) -> Callable[..., Grid]:
    """Return a function that moves axes: which goes where is seen on an array with no elements."""

    def move(a: Grid, *args: Any, **options: Any) -> Grid:
        probe = np.broadcast_to(0, tuple(range(2, 2 + len(a.sizes))))
        return placed(a, [n - 2 if n > 1 else None for n in function(probe, *args, **options).shape])

    return move


def reshaped(a: Grid, shape: Any) -> Grid:
    """Return a with axes of length 1 added or left out: more cannot be told of symbols."""
    wanted = [expression(n) for n in (shape if isinstance(shape, tuple | list) else (shape,))]
    kept = [i for i, n in enumerate(a.sizes) if n != 1]
    order: list[int | None] = []
    for n in wanted:
        if not kept and n not in (1, -1):
            raise NotImplementedError
        order.append(kept.pop(0) if n != 1 and kept else None)
    if kept or any(i is not None and n not in (-1, a.sizes[i]) for n, i in zip(wanted, order, strict=True)):
        raise NotImplementedError
    return placed(a, order)


def squeezed(a: Grid, axis: Any = None) -> Grid:
    """Return a without its axes of length 1, or without the given ones."""
    gone = [i for i, n in enumerate(a.sizes) if n == 1] if axis is None else _count(len(a.sizes), axis)
    return placed(a, [i for i in range(len(a.sizes)) if i not in gone])


def spread(array: Grid, shape: Any) -> Grid:
    """Return a broadcast to a shape."""
    return Grid(array.entry, broadcast_sizes([array.sizes, tuple([expression(n) for n in shape])]))


def contracted(subscripts: str, *operands: Grid) -> Grid:
    """Return the sum of products that explicit subscripts describe."""
    inputs, _arrow, output = subscripts.partition("->")
    letters = {letter: sympy.Dummy(letter, integer=True) for letter in inputs.replace(",", "")}
    sizes: dict[str, Expr] = {}
    product = sympy.S.One
    for term, x in zip(inputs.split(","), operands, strict=True):
        sizes |= {letter: n for letter, n in zip(term, x.sizes, strict=True) if sizes.get(letter, 1) == 1}
        product *= x.at(*[letters[letter] for letter in term])
    for letter, index in letters.items():
        if letter not in output:
            product = total(product, index, sizes[letter])
    own = {letters[letter]: axis(len(output) - 1 - i) for i, letter in enumerate(output)}
    return Grid(product.xreplace(own), tuple([sizes[letter] for letter in output]))


def multiplied(a: Grid, b: Grid) -> Grid:
    """Return a @ b of vectors and matrices."""
    if max(len(a.sizes), len(b.sizes)) > 2:
        raise NotImplementedError
    left, right = "ij"[-len(a.sizes) :], "jk"[: len(b.sizes)]
    return contracted(f"{left},{right}->{left[:-1]}{right[1:]}", a, b)


def dotted(a: Grid, b: Grid) -> Grid:
    """Return Σ a[…, i]·b[…, i, …]."""
    return multiplied(a, b) if a.sizes and b.sizes else element_wise(lambda x, y: x * y, a, b)


def picked(a: Grid, index: Any) -> Grid:
    """Return a[index], for an index of whole slices, new axes and integers, or of arrays of integers alone."""
    parts = _in_full(index if type(index) is tuple else (index,), len(a.sizes))
    if any(isinstance(p, Grid) and p.sizes for p in parts):
        if not all(isinstance(p, Grid) for p in parts):
            raise NotImplementedError  # an array beside a slice: where its axis goes is another matter
        return Grid(a.at(*[p.entry for p in parts]), broadcast_sizes([p.sizes for p in parts]))
    entry, sizes = a.entry, list(a.sizes)
    order: list[int | None] = []
    at = 0
    for part in parts:
        if part is None:
            order.append(None)
            continue
        if isinstance(part, slice):
            stop = sizes[at] if part.stop is None else expression(part.stop)
            if part.start or part.step not in (None, 1) or (stop != sizes[at] and a.indices[at] in entry.free_symbols):
                raise NotImplementedError
            sizes[at] = stop
            order.append(at)
        else:
            entry = entry.xreplace({a.indices[at]: _position(part, sizes[at])})
        at += 1
    return placed(Grid(entry, tuple(sizes)), order)


def _position(part: Any, length: Expr) -> Expr:
    """Return an index as a formula, counted from the front.

    Of a symbolic length nobody knows how far it goes. Code that was given a number for it, to count in a loop, shows
    itself at the last.
    """
    if isinstance(part, Grid):
        return part.entry
    seen = stand_in(length)
    if seen is not None and not isinstance(part, Size) and not -seen < part < seen - 1:
        raise NotImplementedError
    return expression(part) if part >= 0 else length + expression(part)


def _in_full(parts: tuple[Any, ...], ndim: int) -> tuple[Any, ...]:
    """Write the ellipsis of an index, or what is missing at its end, as whole slices."""
    missing = (slice(None),) * (ndim - sum(p is not None and p is not Ellipsis for p in parts))
    at = next((i for i, p in enumerate(parts) if p is Ellipsis), len(parts))
    return (*parts[:at], *missing, *parts[at + 1 :])


def scattered(values: Grid, index: tuple[Any, ...], sizes: tuple[Expr, ...]) -> Grid:
    """Return zeros of some lengths with values added at an index as `picked` has it: v·[k = index]."""
    parts = _in_full(index, len(sizes))
    ndim = len(sizes)
    if any(isinstance(p, Grid) and p.sizes for p in parts):  # one for each row: v[n]·[k = index[n]]
        if parts[0].entry != axis(0) or values.sizes != sizes[:1] or not all(isinstance(p, Grid) for p in parts):
            raise NotImplementedError
        row = {axis(0): axis(ndim - 1)}
        entry, others = values.entry.xreplace(row), [(i, p.entry.xreplace(row)) for i, p in enumerate(parts) if i]
    else:
        whole = [i for i, p in enumerate(parts) if isinstance(p, slice)]
        if None in parts or any(parts[i] != slice(None) for i in whole):
            raise NotImplementedError
        entry = placed(values, [whole.index(i) if i in whole else None for i in range(ndim)]).entry
        at = [(i, p) for i, p in enumerate(parts) if i not in whole]
        others = [(i, _position(p, sizes[i])) for i, p in at]
    for i, other in others:
        entry *= sympy.KroneckerDelta(axis(ndim - 1 - i), other)
    return Grid(entry, sizes)


FUNCTIONS: dict[str, Callable[..., Grid]] = {
    "sum": sum_over, "mean": mean_over, "var": var_over, "std": std_over,
    "transpose": _permuted(np.transpose), "swapaxes": _permuted(np.swapaxes), "moveaxis": _permuted(np.moveaxis),
    "expand_dims": _permuted(np.expand_dims), "matrix_transpose": _permuted(np.matrix_transpose),
    "reshape": reshaped, "squeeze": squeezed, "broadcast_to": spread,
    "matmul": multiplied, "dot": dotted, "einsum": contracted,
    "copy": lambda a: a,
}  # fmt: skip
