"""`vmap`: call a function for each entry along an axis, and stack what it returns.

Read next: `minigrad/gradcheck.py`.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from ..engine import Tensor
from ..errors import ShapeError, describe
from ..ops import shape
from .reverse import Function
from .tree import flatten, paths, unflatten


def _entry(value: Any, axis: int, i: int) -> Any:
    index = (slice(None),) * (axis % len(value.shape))
    return value[(*index, i)]


def vmap(f: Function, in_axes: int | Sequence[int | None] | None = 0, out_axes: int = 0) -> Function:
    """Return a function that applies `f` to every entry of its arguments along an axis.

    It is the loop one would write, `stack([f(x) for x in xs])`, and costs as much: where speed matters write `f`
    for a whole batch. It is differentiable as `f` is.

    Parameters
    ----------
    f : of single entries; returns a Tensor, or containers of Tensors
    in_axes : the axis of every argument, or of each; None passes an argument whole. An argument may be containers
    out_axes : where the new axis of the results goes

    Raises
    ------
    ShapeError
        when the arguments have different lengths along their axes.

    >>> import minigrad as mg
    >>> mg.vmap(mg.dot)(mg.tensor([[1.0, 2.0], [3.0, 4.0]]), mg.tensor([[1.0, 1.0], [2.0, 2.0]]))
    tensor([ 3., 14.])
    """

    @functools.wraps(f)
    def evaluate(*args: Any) -> Any:
        axes = tuple(in_axes) if isinstance(in_axes, Sequence) else (in_axes,) * len(args)
        if len(axes) != len(args):
            raise ValueError(f"vmap: in_axes={in_axes} has {len(axes)} entries, the function got {len(args)} arguments")
        flat = [flatten(a, "vmap") for a in args]
        flat = [
            ([x if isinstance(x, Tensor) else Tensor(x) for x in leaves] if axis is not None else leaves, tree)
            for (leaves, tree), axis in zip(flat, axes, strict=True)
        ]
        lengths = {
            f"argument {n}{path}": _length(x, axis, n)
            for n, ((leaves, tree), axis) in enumerate(zip(flat, axes, strict=True))
            if axis is not None
            for x, path in zip(leaves, paths(tree), strict=True)
        }
        if len(set(lengths.values())) != 1:
            got = ", ".join(f"{name} {n}" for name, n in lengths.items()) or "none"
            raise ShapeError(f"vmap: the mapped axes must have one length, got {got}")
        results = []
        for i in range(next(iter(lengths.values()))):
            entries = [
                unflatten(tree, leaves if axis is None else [_entry(x, axis, i) for x in leaves])
                for (leaves, tree), axis in zip(flat, axes, strict=True)
            ]
            results.append(flatten(f(*entries)))
        if not results:
            raise ShapeError("vmap: the mapped axes have length 0, so there is nothing to call the function with")
        columns = zip(*[leaves for leaves, _ in results], strict=True)
        return unflatten(results[0][1], [shape.stack(list(column), axis=out_axes) for column in columns])

    return evaluate


def _length(value: Any, axis: int, n: int) -> int:
    if not -len(value.shape) <= axis < len(value.shape):
        raise ShapeError(f"vmap: argument {n} is {describe(value)}, which has no axis {axis}")
    return int(value.shape[axis])
