"""Two ways to have a say in the way back of a whole function: forget what it computed, or state its derivative.

Both record a call as one node. Read next: `vmap.py`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..engine import Node, Tensor, enable_grad, is_grad_enabled, no_grad, propagate, record_call, tick, wrap
from ..errors import GraphError, RuleError, ShapeError, describe
from ..ops import random
from .reverse import Function
from .tree import flatten, flatten_like, unflatten


def _as_one_node(
    name: str,
    outs: Sequence[Tensor],
    parents: Sequence[Any],
    saved: Sequence[Tensor],
    back: Callable[[list[Any], bool], Sequence[Any]],
) -> list[Tensor]:
    """Return tensors as results of one node; `back` takes their cotangents to those of the parents.

    A node has one result. Several tensors are laid one after the other, and cut out of that again.
    """
    if len(outs) == 1:
        return [record_call(name, outs[0]._data, parents, saved, lambda g, again: back([g], again))]
    ends = np.cumsum([out.size for out in outs]).tolist()
    places = list(zip([0, *ends], ends, outs, strict=False))

    def cut(packed: Any) -> list[Any]:
        return [packed[start:end].reshape(out.shape).astype(out.dtype) for start, end, out in places]

    packed = np.concatenate([out.data.reshape(-1) for out in outs])
    return cut(record_call(name, packed, parents, saved, lambda g, again: back(cut(g), again)))


def _edges(outs: Sequence[Tensor], since: int) -> list[Any]:
    """Return where a graph that was recorded since a tick goes on: leaves, and nodes that are older."""
    edges: dict[Any, None] = {}
    seen: set[Any] = set()
    stack: list[Any] = [out._node for out in outs]
    while stack:
        found = stack.pop()
        if found in seen:
            continue
        seen.add(found)
        if isinstance(found, Node) and found.order >= since:
            stack += [parent for parent in found.parents if parent is not None]
        else:
            edges[found] = None
    return list(edges)


def checkpoint(f: Function) -> Function:
    """Return a function like `f` that keeps nothing for backward but its arguments: there it runs `f` again.

    It trades time for memory: of a deep network cut into √n checkpointed blocks, only the blocks' results and one
    block's inside are ever held (Chen et al. 2016). Draws from the library's own generator, such as dropout's, are
    the same in both runs. Whatever else `f` does happens twice: the running averages of a batch normalisation
    inside are updated twice for each step.

    Parameters
    ----------
    f : a function of Tensors, or containers of them, that returns such; it may close over parameters

    >>> import minigrad as mg
    >>> x = mg.tensor(2.0, requires_grad=True)
    >>> mg.checkpoint(lambda x: mg.exp(x) * x)(x).backward()
    >>> print(f"{x.grad:.4f}")  # 3e²
    22.1672
    """

    @functools.wraps(f)
    def call(*args: Any, **options: Any) -> Any:
        if not is_grad_enabled():
            return f(*args, **options)
        before, start = random.get_rng_state(), tick()
        leaves, tree = flatten(f(*args, **options))
        inside = [
            i for i, x in enumerate(leaves)
            if isinstance(x, Tensor) and x._node is not None and x._node.order >= start
        ]  # fmt: skip
        if not inside:
            return unflatten(tree, leaves)
        parents = _edges([leaves[i] for i in inside], start)
        sums = [leaves[i].data.sum() for i in inside]

        def back(cotangents: list[Any], again: bool) -> list[Any]:
            after, restart = random.get_rng_state(), tick()
            random.set_rng_state(before)
            try:
                with enable_grad():
                    repeated, _ = flatten(f(*args, **options))
            finally:
                random.set_rng_state(after)
            outs = [repeated[i] for i in inside]
            if not all(np.array_equal(x.data.sum(), s, equal_nan=True) for x, s in zip(outs, sums, strict=True)):
                raise GraphError(
                    f"checkpoint: {_name(f)} gave other results when it was run again in backward; it must be "
                    "repeatable. Of random draws only those of the library's own generator are (mg.manual_seed)"
                )
            found = propagate(outs, cotangents, retain_graph=again, create_graph=again, since=restart)
            zeros = [None if p in found else np.zeros_like(_like(p)) for p in parents]
            return [found[p] if z is None else wrap(z) if again else z for p, z in zip(parents, zeros, strict=True)]

        saved = [x for x in flatten([args, options])[0] if isinstance(x, Tensor)]
        results = _as_one_node(f"checkpoint of {_name(f)}", [leaves[i] for i in inside], parents, saved, back)
        for i, result in zip(inside, results, strict=True):
            leaves[i] = result
        return unflatten(tree, leaves)

    return call


def _like(parent: Any) -> Any:
    return np.empty(parent.shape, parent.dtype) if isinstance(parent, Node) else parent.data


def _name(f: Function) -> str:
    return getattr(f, "__name__", type(f).__name__)


class custom_vjp:
    """A function whose derivative you state yourself.

    Parameters
    ----------
    f : of Tensors, or containers of them; returns such
    nondiff_argnums : positions of arguments that are not differentiated by; `bwd` gets them first

    `f.defvjp(fwd, bwd)` gives the derivative. `fwd` takes the arguments of `f` and returns what `f` returns and
    whatever `bwd` will need, the residuals. `bwd(residuals, g)` takes the cotangent of the result to a tuple of
    one cotangent for each argument, None standing for zero. To be differentiated a second time, both must be
    written with minigrad's operations.

    >>> import minigrad as mg
    >>> @mg.custom_vjp
    ... def clip_gradient(x):
    ...     return x * 1
    >>> clip_gradient.defvjp(lambda x: (x * 1, None), lambda _, g: (mg.clip(g, -1, 1),))
    >>> mg.grad(lambda x: 5 * clip_gradient(x))(2.0)
    tensor(1.)
    """

    def __init__(self, f: Function, nondiff_argnums: Sequence[int] = ()) -> None:
        if not callable(f):
            raise TypeError(f"custom_vjp: needs a function, got {describe(f)}")
        functools.update_wrapper(self, f)
        self.f, self.nondiff_argnums = f, tuple(nondiff_argnums)
        self.fwd: Function | None = None
        self.bwd: Function | None = None

    def defvjp(self, fwd: Function, bwd: Function) -> None:
        """State the derivative: see the class."""
        self.fwd, self.bwd = fwd, bwd

    def __call__(self, *args: Any) -> Any:
        name = _name(self.f)
        if self.fwd is None or self.bwd is None:
            raise RuleError(f"custom_vjp: {name} has no derivative yet; call {name}.defvjp(fwd, bwd)")
        chosen = [n for n in range(len(args)) if n not in self.nondiff_argnums]
        flat = [flatten(args[n]) for n in chosen]
        tensors = [x for leaves, _ in flat for x in leaves]
        live = [i for i, x in enumerate(tensors) if isinstance(x, Tensor) and x.requires_grad]
        if not live or not is_grad_enabled():
            return self.f(*args)
        bwd = self.bwd
        with no_grad():
            out, kept = self._forward(args)
        leaves, tree = flatten(out)
        if not all(isinstance(x, Tensor) for x in leaves):
            raise TypeError(f"custom_vjp: fwd of {name} must return Tensors, got {', '.join(map(describe, leaves))}")

        def back(cotangents: list[Any], again: bool) -> list[Any]:
            # To be recorded, the residuals are computed again: those that were kept have no history.
            given = cotangents if again else [wrap(g) for g in cotangents]
            with enable_grad() if again else no_grad():
                _, residuals = self._forward(args) if again else (None, kept)
                answer = bwd(*[args[n] for n in self.nondiff_argnums], residuals, unflatten(tree, given))
            if not isinstance(answer, tuple | list) or len(answer) != len(chosen):
                got = f"{len(answer)} values" if isinstance(answer, tuple | list) else describe(answer)
                raise RuleError(f"{name}: bwd must return a tuple of {len(chosen)} cotangents, got {got}")
            found: list[Any] = []
            for (own, own_tree), cotangent in zip(flat, answer, strict=True):
                parts = [None] * len(own)
                if cotangent is not None:
                    parts = flatten_like(own_tree, cotangent, f"{name}: the argument", "its cotangent")
                found += parts
            return [self._cotangent(found[i], tensors[i], again) for i in live]

        saved = [x for x in tensors if isinstance(x, Tensor)]
        return unflatten(tree, _as_one_node(name, leaves, [x._node or x for x in _at(tensors, live)], saved, back))

    def _forward(self, args: Sequence[Any]) -> tuple[Any, Any]:
        assert self.fwd is not None
        pair = self.fwd(*args)
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise TypeError(f"custom_vjp: fwd of {_name(self.f)} must return a pair (result, residuals)")
        return pair

    def _cotangent(self, value: Any, like: Tensor, again: bool) -> Any:
        """Return one answer of `bwd` as the engine wants it."""
        if value is None:
            value = wrap(np.zeros_like(like.data))
        made = value if isinstance(value, Tensor) else Tensor(value, dtype=like.dtype)
        if made.shape != like.shape:
            raise ShapeError(
                f"{_name(self.f)}: bwd returned {describe(made)} for an argument that is {describe(like)}; "
                "shapes must be equal"
            )
        return made if again else made._data


def _at(values: Sequence[Any], places: Sequence[int]) -> list[Any]:
    return [values[i] for i in places]
