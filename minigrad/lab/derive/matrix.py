"""From entries to matrices: Σₙ (o[n, k] − y[n, k])·x[n, d] is the entry of (O − Y)ᵀX.

A vector is a column. What has no such form, of three indices say, stays as entries. Read next: `write.py`.
"""

from __future__ import annotations

from typing import Any

from .algebra import Expr, sympy
from .grid import Grid

Sizes = dict[Any, Any]  # of indices; and, by entry, row and column, the matrices that were found already


def matrix(grid: Grid) -> Expr:
    """Return a grid as an expression in matrices.

    Raises
    ------
    NotImplementedError
        when it has no such form.
    """
    if len(grid.sizes) > 2 or not grid.sizes:
        raise NotImplementedError
    sizes = dict(zip(grid.indices, grid.sizes, strict=True))
    row, column = (*grid.indices, None)[:2]
    return times(*_parts(grid.entry, row, column, sizes))


def _length(index: Expr | None, sizes: Sizes) -> Expr:
    return sympy.S.One if index is None else sizes[index]


def _ones(row: Expr | None, column: Expr | None, sizes: Sizes) -> Expr:
    return sympy.OneMatrix(_length(row, sizes), _length(column, sizes))


def _parts(expr: Expr, row: Expr | None, column: Expr | None, sizes: Sizes) -> tuple[Expr, Expr]:
    """Return a number and a matrix whose product has these entries; the matrix is the shorter of it and (its ᵀ)ᵀ."""
    key = expr, row, column
    if key not in sizes:
        found = [_as_it_is(expr, row, column, sizes)]
        if row is not None and column is not None:
            scale, made = _as_it_is(expr, column, row, sizes)
            found.append((scale, turned(made)))
        sizes[key] = min(found, key=lambda pair: _turns(pair[1]))
    return sizes[key]


def _turns(made: Expr) -> tuple[int, bool, int]:
    """Return how awkwardly a matrix is written: how many terms are transposed each, whether all is, how much in all."""
    parts = [t for s in made.atoms(sympy.MatAdd, sympy.HadamardProduct) for t in s.args]
    alone = [t for t in parts if isinstance(split(t)[1][0], sympy.Transpose)]
    return len(alone), isinstance(made, sympy.Transpose), len(made.atoms(sympy.Transpose))


def split(made: Expr) -> tuple[Expr, list[Expr]]:
    """Return the number before a product of matrices, and the matrices."""
    return made.as_coeff_matrices() if isinstance(made, sympy.MatMul) else (sympy.S.One, [made])


def times(*factors: Expr) -> Expr:
    """Return a product of numbers and matrices as it stands, without SymPy's rearrangements."""
    scale, matrices = sympy.S.One, []
    for f in factors:
        number, parts = split(f) if isinstance(f, sympy.MatrixExpr) else (f, [])
        scale *= number
        matrices += parts
    matrices = [m for m in matrices if not isinstance(m, sympy.Identity)] or matrices[:1]
    return matrices[0] if scale == 1 and len(matrices) == 1 else sympy.MatMul(*[scale] * (scale != 1), *matrices)


def turned(made: Expr) -> Expr:
    """Return the transpose of a matrix; of a sum as a whole, (O − Y)ᵀ."""
    if isinstance(made, sympy.Transpose):
        return made.arg
    if isinstance(made, sympy.MatMul):
        scale, factors = split(made)
        return times(scale, *[turned(f) for f in reversed(factors)])
    return made.T if isinstance(made, sympy.OneMatrix | sympy.Identity) else sympy.Transpose(made)


def _as_it_is(expr: Expr, row: Expr | None, column: Expr | None, sizes: Sizes) -> tuple[Expr, Expr]:
    wanted = {row, column} - {None}
    used = wanted & expr.free_symbols
    if not used:
        if column is None and expr.has(sympy.Sum):
            scale, sums = expr.as_independent(sympy.Sum, as_Add=False)
            return _number(scale), _beside_single(_ones(row, None, sizes), sums, sizes)
        return _number(expr), _ones(row, column, sizes)
    if row is None:
        scale, made = _as_it_is(expr, column, None, sizes)
        return scale, turned(made)
    if expr.is_Add:
        return sympy.S.One, sympy.MatAdd(*[_scaled(term, row, column, sizes) for term in expr.args])
    numbers = [f for f in sympy.Mul.make_args(expr) if not wanted & f.free_symbols]
    factors = [f for f in sympy.Mul.make_args(expr) if wanted & f.free_symbols]
    made = _product(factors, row, column, sizes)
    scale = sympy.S.One
    for f in numbers:
        if f.has(sympy.Sum, sympy.Indexed) and column is None:
            made = _beside_single(made, f, sizes)
        else:
            scale *= _number(f)
    return scale, made


def _number(expr: Expr) -> Expr:
    if expr.has(sympy.Sum, sympy.Indexed):
        raise NotImplementedError
    return expr


def _beside_single(made: Expr, expr: Expr, sizes: Sizes) -> Expr:
    """Return a column times Σ u·v, which is the 1×1 matrix uᵀv behind it: ẑ·ẑᵀ·g."""
    if not isinstance(expr, sympy.Sum) or len(expr.limits) > 1:
        raise NotImplementedError
    ((index, low, high),) = expr.limits
    inside = {**sizes, index: high - low + 1}
    *first, last = sympy.Mul.make_args(expr.function)
    left, u = _parts(sympy.Mul(*first), index, None, inside)
    right, v = _parts(last, index, None, inside)
    u, v = (v, u) if v == made else (u, v)
    return times(left, right, made, turned(u), v)


def _product(factors: list[Expr], row: Expr, column: Expr | None, sizes: Sizes) -> Expr:
    """Return the matrix of a product of entries: ⊙ of matrices, diag of what depends on one index alone."""
    rows = [f for f in factors if column is not None and column not in f.free_symbols]
    columns = [f for f in factors if column is not None and row not in f.free_symbols]
    whole = [f for f in factors if f not in rows and f not in columns]
    if not whole:
        left = _scaled(sympy.Mul(*rows), row, None, sizes)
        return times(left, turned(_scaled(sympy.Mul(*columns), column, None, sizes)))
    made = [_factor(f, row, column, sizes) for f in whole]
    result = made[0] if len(made) == 1 else sympy.HadamardProduct(*made)
    if rows:
        result = times(sympy.DiagMatrix(_scaled(sympy.Mul(*rows), row, None, sizes)), result)
    if columns:
        result = times(result, sympy.DiagMatrix(_scaled(sympy.Mul(*columns), column, None, sizes)))
    return result


def _scaled(expr: Expr, row: Expr | None, column: Expr | None, sizes: Sizes) -> Expr:
    return times(*_parts(expr, row, column, sizes))


def _factor(expr: Expr, row: Expr, column: Expr | None, sizes: Sizes) -> Expr:
    """Return the matrix of one entry: a letter, a sum, a power, a function."""
    if expr.is_Add:
        return _scaled(expr, row, column, sizes)
    if isinstance(expr, sympy.Indexed):
        return _letter(expr, row, column, sizes)
    if isinstance(expr, sympy.Sum):
        return _summed(expr, row, column, sizes)
    if isinstance(expr, sympy.KroneckerDelta):
        return _one_hot(expr, row, column, sizes)
    if isinstance(expr, sympy.Pow) and not {row, column} & expr.exp.free_symbols:
        return sympy.HadamardPower(_scaled(expr.base, row, column, sizes), _number(expr.exp))
    inside = [a for a in expr.args if {row, column} & a.free_symbols]
    if isinstance(expr, sympy.Function | sympy.Max | sympy.Min) and len(inside) == 1:
        x = sympy.Dummy("x", real=True)
        whole = expr.func(*[x if a in inside else a for a in expr.args])
        return _scaled(inside[0], row, column, sizes).applyfunc(sympy.Lambda(x, whole))
    raise NotImplementedError


def _letter(expr: Expr, row: Expr, column: Expr | None, sizes: Sizes) -> Expr:
    """Return X for x[row, column], Xᵀ for x[column, row]."""
    places = [i for i in expr.indices if i != 0] if len(expr.indices) == 2 else list(expr.indices)
    if len(expr.indices) > 2 or places not in ([row, column], [column, row], [row]):
        raise NotImplementedError
    lengths = [_length(i if i != 0 else None, sizes) for i in expr.indices]
    symbol = sympy.MatrixSymbol(expr.base.label.name, lengths[0], lengths[1] if len(lengths) == 2 else 1)
    upright = places == [row, column] or expr.indices[0] == row
    return symbol if upright else turned(symbol)


def _one_hot(expr: Expr, row: Expr, column: Expr | None, sizes: Sizes) -> Expr:
    """Return onehot(y) for [k = y[n]], I for [i = j]."""
    if set(expr.args) == {row, column}:
        return sympy.Identity(sizes[row])
    (labels,) = [i for i in expr.args if i not in (row, column)] or [None]
    if isinstance(labels, sympy.Indexed) and column is not None:
        by_rows = labels.indices == (row,)
        n, k = (row, column) if by_rows else (column, row)
        made = sympy.MatrixSymbol(f"onehot({labels.base.label.name})", sizes[n], sizes[k])
        return made if by_rows else turned(made)
    if isinstance(labels, sympy.Symbol) and column is None:
        return sympy.MatrixSymbol(f"onehot({labels.name})", sizes[row], 1)
    raise NotImplementedError


def _summed(expr: Expr, row: Expr, column: Expr | None, sizes: Sizes) -> Expr:
    """Return the product of a sum over an index; of a sum of several products, their sum."""
    *inner, (index, low, high) = expr.limits
    inside = sympy.Sum(expr.function, *inner) if inner else expr.function
    sizes[index] = high - low + 1
    try:
        return _multiplied(inside, index, row, column, sizes)
    except NotImplementedError:
        if not inside.is_Add:
            raise
        return sympy.MatAdd(*[_multiplied(t, index, row, column, sizes) for t in inside.args])


def _multiplied(inside: Expr, index: Expr, row: Expr, column: Expr | None, sizes: Sizes) -> Expr:
    """Return the product A·B of Σ a[row, i]·b[i, column], with diag(d) between for what depends on i alone."""
    factors = sympy.Mul.make_args(inside)
    left = [f for f in factors if row in f.free_symbols and column not in f.free_symbols]
    right = [f for f in factors if column in f.free_symbols and row not in f.free_symbols]
    between = [f for f in factors if not {row, column} & f.free_symbols]
    if len(left) + len(right) + len(between) < len(factors) or not left:
        raise NotImplementedError
    a = _scaled(sympy.Mul(*left), row, index, sizes)
    d = _scaled(sympy.Mul(*between), index, None, sizes) if between else None
    if not right:
        return times(a, d if d is not None else sympy.OneMatrix(sizes[index], 1))
    b = _scaled(sympy.Mul(*right), index, column, sizes)
    return times(a, b) if d is None else times(a, sympy.DiagMatrix(d), b)


def jacobian(grid: Grid, base: Expr) -> Expr:
    """Return the matrix J of an entry that is Σⱼ J[i, j]·g[j], g the letter `base`: of softmax, diag(o) − ooᵀ.

    Raises
    ------
    NotImplementedError
        unless it is a vector made both of g[i] and of a sum over g: others are written without a matrix of their own.
    """
    if len(grid.sizes) != 1:
        raise NotImplementedError
    (row,), column = grid.indices, sympy.Dummy("column", integer=True)
    alone, summed = sympy.S.Zero, sympy.S.Zero
    for term in sympy.Add.make_args(sympy.expand(grid.entry)):
        sums = [f for f in sympy.Mul.make_args(term) if isinstance(f, sympy.Sum) and f.has(base)]
        if sums:
            (index, *_), *more = sums[0].limits
            inside = sums[0].function.xreplace({index: column})
            summed += term / sums[0] * inside / base[column]
            if more:
                raise NotImplementedError
        else:
            alone += term / base[row]
    found = alone * sympy.KroneckerDelta(row, column) + summed
    if 0 in (alone, summed) or found.has(base):
        raise NotImplementedError
    scale, rest = sympy.factor_terms(found).as_independent(row, column, as_Add=False)
    size = grid.sizes[0]
    made = times(scale, _scaled(sympy.expand(rest), row, column, {row: size, column: size}))
    ones = sympy.OneMatrix(size, 1)
    return made.xreplace({sympy.OneMatrix(size, size): times(ones, ones.T)})
