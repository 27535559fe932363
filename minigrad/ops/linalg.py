"""Products of vectors and matrices.

Read next: `products.py`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..engine import add_up, implements, primitive
from ..errors import ShapeError, describe
from .shape import _several, expand_dims, ravel

Array = Any

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def misfit(call: str, a: Array, b: Array, rule: str) -> ShapeError:
    """Return the error for two operands whose shapes break a rule."""
    return ShapeError(f"{call}: got {describe(a)} and {describe(b)}; {rule}")


@primitive(numpy=np.matmul, broadcasts=True, needs="a.shape[-1] must equal b.shape[-2] (the only axis of a vector)")
def matmul(a: Array, b: Array) -> Array:
    """Return the matrix product a @ b, of vectors, matrices and stacks of matrices as in NumPy."""
    return a @ b


def turned(a: Array) -> Array:
    """Return a matrix, or every matrix of a stack, with rows and columns exchanged."""
    return a.T if a.ndim == 2 else np.swapaxes(a, -1, -2)


def _matmul_a(g: Array, a_shape: tuple[int, ...], b: Array) -> Array:
    if b.ndim == 1:
        return np.expand_dims(g, -1) * b
    if len(a_shape) == 1:
        return (b @ np.expand_dims(g, -1)).reshape(b.shape[:-1])
    if len(a_shape) == 2 and b.ndim > 2:  # one matrix for a whole stack: one product, no stack to sum
        return _rows(turned(g)).T @ _rows(turned(b))
    return g @ turned(b)


def _matmul_b(g: Array, a: Array, b_shape: tuple[int, ...]) -> Array:
    if a.ndim == 1:
        return a * g if len(b_shape) == 1 else np.expand_dims(a, -1) * np.expand_dims(g, -2)
    if len(b_shape) == 1:
        return (turned(a) @ np.expand_dims(g, -1)).reshape((*a.shape[:-2], a.shape[-1]))
    if len(b_shape) == 2 and a.ndim > 2:
        return _rows(a).T @ _rows(g)
    return turned(a) @ g


def _rows(a: Array) -> Array:
    """Return a stack of matrices as one tall matrix."""
    return a.reshape((math.prod(a.shape[:-1]), a.shape[-1]))


matmul.defvjp(a=_matmul_a, b=_matmul_b)


@primitive(needs="x.shape[-1] must equal w.shape[1], and b.shape must be (w.shape[0],); w is (out, in)")
def linear(x: Array, w: Array, b: Array = None) -> Array:
    """Return x wᵀ + b: a layer of nodes, w[j, i] being the weight from input i to node j.

    Parameters
    ----------
    x : (…, in)
    w : (out, in)
    b : (out,), or None

    Returns
    -------
    (…, out)
    """
    if not x.ndim or w.ndim != 2 or (b is not None and b.shape != w.shape[:1]):
        raise ValueError("x must have an axis, w must be a matrix, and b a vector as long as w has rows")
    if x.dtype is not w.dtype and x.dtype.kind != "f":
        x = x.astype(w.dtype)
    z = x.dot(w.T)
    if b is not None:
        z += b
    return z


def _linear_w(g: Array, x: Array) -> Array:
    if x.ndim != 2:
        g, x = _rows(g), _rows(x)
    return g.T.dot(x)


_FEW = 512  # rows: of more, BLAS would add the last ones to a sum too large for them
_ones: dict[Any, Array] = {}  # vectors of ones, by number and dtype


def _linear_b(g: Array) -> Array:
    # gᵀ1 is g.sum(axis=0) at a third of the time for small layers: BLAS adds the rows.
    if g.ndim != 2:
        g = _rows(g)
    n = g.shape[0]
    if n > _FEW:
        return add_up(g, axis=0)
    if g.__class__ is not np.ndarray:
        return g.T.dot(np.ones_like(g, shape=(n,)))
    ones = _ones.get((n, g.dtype))
    if ones is None:
        ones = _ones[n, g.dtype] = np.ones(n, g.dtype)
    return g.T.dot(ones)


linear.defvjp(x=lambda g, w: g.dot(w), w=_linear_w, b=_linear_b)


@implements(np.dot)
def dot(a: Array, b: Array) -> Array:
    """Return Σ a[…, i] b[…, i, …]: the last axis of a against the last but one of b (the only one of a vector)."""
    a, b = _several((a, b), "dot")
    if not a.shape or not b.shape:
        return a * b
    if a.shape[-1] != b.shape[-2:][0]:
        raise misfit("dot", a, b, "a.shape[-1] must equal b.shape[-2] (the only axis of a vector)")
    if (len(a.shape) <= 2 and len(b.shape) <= 2) or len(b.shape) == 1:
        return matmul(a, b)
    # every stack of a against every stack of b: one matrix product in between
    inner = b.shape[-2]
    columns = np.moveaxis(b, -2, 0).reshape((inner, math.prod(b.shape[:-2]) * b.shape[-1]))
    return matmul(a, columns).reshape((*a.shape[:-1], *b.shape[:-2], b.shape[-1]))


@implements(np.outer)
def outer(a: Array, b: Array) -> Array:
    """Return the matrix of all products a[i] · b[j] of two (flattened) vectors."""
    a, b = _several((a, b), "outer")
    return expand_dims(ravel(a), 1) * ravel(b)


def _einsum(*operands: Array, subscripts: str) -> Array:
    """Return the sum of products that explicit subscripts describe, no letter twice in one operand."""
    lengths: dict[str, int] = {}
    for term, x in zip(subscripts.split("->")[0].split(","), operands, strict=True):
        lengths |= {letter: n for letter, n in zip(term, x.shape, strict=True) if n != 1}
    # pairwise, by matrix products, where that pays: planning costs as much as 30,000 multiplications in a plain loop
    return np.einsum(subscripts, *operands, optimize=len(operands) > 2 or math.prod(lengths.values()) > 30_000)


_einsum.__name__ = "einsum"  # what messages call it is what the user called
contract = primitive(broadcasts=True, needs="each letter must stand for one length")(_einsum)


def _contract_back(g: Array, operands: tuple[Array, ...], operands_shape: Any, subscripts: str) -> list[Array]:
    inputs, output = subscripts.split("->")
    terms = inputs.split(",")
    answers = []
    for i, (term, shape) in enumerate(zip(terms, operands_shape, strict=True)):
        others = [t for j, t in enumerate(terms) if j != i]
        known = set(output).union(*others)
        kept = "".join(letter for letter in term if letter in known)
        rest = [x for j, x in enumerate(operands) if j != i]
        answer = contract(g, *rest, subscripts=",".join([output, *others]) + "->" + kept)
        if kept != term:  # a letter summed away in this operand alone: its elements share the cotangent
            lengths = iter(answer.shape)  # not the operand's own: it may have been broadcast along a letter
            answer = answer.reshape(tuple([next(lengths) if letter in known else 1 for letter in term]))
        full = tuple([max(n, m) if m != 1 else n for n, m in zip(shape, answer.shape, strict=True)])
        answers.append(answer if answer.shape == full else np.broadcast_to(answer, full))
    return answers


contract.defvjp(operands=_contract_back)


@implements(np.einsum)
def einsum(subscripts: Any, *operands: Array, optimize: Any = True) -> Array:
    """Return the sum of products that `subscripts` describes, as in NumPy: "ij,jk->ik", "ii", "...i,i".

    Parameters
    ----------
    subscripts : letters; or none, and each operand is followed by the list of its axes' numbers: `a, [0, 1], b, [1]`
    optimize : NumPy's, and without effect: the order of the products is always chosen

    >>> import minigrad as mg
    >>> mg.einsum("ij,j->i", mg.tensor([[1.0, 2.0], [3.0, 4.0]]), mg.tensor([1.0, 1.0]))
    tensor([3., 7.])
    """
    if not isinstance(subscripts, str):
        subscripts, operands = _lettered(subscripts, *operands)
    operands = tuple(_several(operands, "einsum"))
    terms, output = _explicit(subscripts.replace(" ", ""), [len(x.shape) for x in operands])
    ready = []
    for i, x in enumerate(operands):
        for letter in terms[i]:
            while terms[i].count(letter) > 1:  # "ii": only the diagonal counts
                first = terms[i].index(letter)
                second = terms[i].index(letter, first + 1)
                if x.shape[first] != x.shape[second]:
                    raise ShapeError(
                        f"einsum: {letter!r} stands for {x.shape[first]} and {x.shape[second]} in {subscripts!r}"
                    )
                x = np.diagonal(x, axis1=first, axis2=second)
                terms[i] = (
                    terms[i].replace(letter, "") + letter
                    if terms[i].count(letter) == 2
                    else (terms[i][:first] + terms[i][first + 1 : second] + terms[i][second + 1 :] + letter)
                )
        ready.append(x)
    return contract(*ready, subscripts=",".join(terms) + "->" + output)


def _lettered(*given: Any) -> tuple[str, tuple[Array, ...]]:
    """Return the subscripts and the operands of einsum(a, [0, 1], b, [1, 2], [0, 2]): "AB,BC->AC", (a, b)."""
    letters = dict(enumerate(sorted(LETTERS)))  # in order, as the axes of an implicit output are
    operands, lists = given[: len(given) // 2 * 2 : 2], [*given[1::2], *given[len(given) // 2 * 2 :]]
    try:
        terms = ["".join(["..." if n is Ellipsis else letters[n] for n in axes]) for axes in lists]
    except (TypeError, KeyError):
        raise TypeError(
            'einsum: the subscripts must be a string such as "ij,jk->ik", or lists of numbers from 0 to 51 that follow '
            f"the operands, got {', '.join(map(describe, given))}"
        ) from None
    return ",".join(terms[: len(operands)]) + "".join(["->" + term for term in terms[len(operands) :]]), operands


def _explicit(subscripts: str, ndims: list[int]) -> tuple[list[str], str]:
    """Write every ellipsis as letters and the output in full."""
    inputs, arrow, output = subscripts.partition("->")
    terms = inputs.split(",")
    if len(terms) != len(ndims):
        raise ShapeError(f"einsum: {subscripts!r} describes {len(terms)} operands, got {len(ndims)}")
    for part in (*terms, output):
        letters = part.replace("...", "", 1)
        if letters and not (letters.isascii() and letters.isalpha()):
            raise ValueError(f"einsum: {part!r} in {subscripts!r} is not made of letters and at most one '...'")
    kept = output.replace("...", "")
    if not set(kept) <= set(inputs) or len(set(kept)) < len(kept):
        raise ValueError(f"einsum: each letter after '->' must stand before it too, and only once, got {subscripts!r}")
    spare = [letter for letter in LETTERS if letter not in subscripts]
    extra = max([n - len(t.replace("...", "")) for t, n in zip(terms, ndims, strict=True) if "..." in t], default=0)
    dots = "".join(spare[: max(extra, 0)])
    full = []
    for term, n in zip(terms, ndims, strict=True):
        letters = term.replace("...", "")
        here = n - len(letters)
        if here < 0 or (here and "..." not in term):
            raise ShapeError(f"einsum: {term!r} in {subscripts!r} names {len(letters)} axes, the operand has {n}")
        full.append(term.replace("...", dots[len(dots) - here :]))
    if arrow:
        if dots and "..." not in output:
            raise ValueError(f"einsum: the axes of '...' remain: write '->...{output}' in {subscripts!r}")
        return full, output.replace("...", dots)
    letters = "".join(full)
    return full, dots + "".join(sorted({x for x in letters if letters.count(x) == 1 and x not in dots}))
