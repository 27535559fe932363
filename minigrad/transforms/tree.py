"""Containers of tensors, taken apart into their leaves and put together again.

Tuples (named ones too), dictionaries, and lists are containers, and may nest; None is an empty one. A list of
numbers alone is no container: it stands for an array, as everywhere in minigrad. Read next: `reverse.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from ..errors import ShapeError, describe


class Leaf(NamedTuple):
    """The place of a leaf."""

    path: str  # how one writes it: `["w"][0]`


class Branch(NamedTuple):
    """A container: its type, its keys (of a dictionary), and what it holds."""

    kind: Any
    keys: tuple[Any, ...]
    parts: tuple[Any, ...]
    path: str


Tree = Leaf | Branch


def _is_numbers(value: list[Any]) -> bool:
    """Tell whether a list, and every list in it, holds numbers alone."""
    return bool(value) and all(
        _is_numbers(v) if isinstance(v, list) else isinstance(v, bool | int | float) for v in value
    )


def _parts(value: Any) -> tuple[tuple[Any, ...], list[Any]] | None:
    """Return the keys and the parts of a container, None of a leaf."""
    if value is None:
        return (), []
    if isinstance(value, dict):
        return tuple(value), list(value.values())
    if isinstance(value, tuple) or (isinstance(value, list) and not _is_numbers(value)):
        return tuple(range(len(value))), list(value)
    return None


def flatten(value: Any, call: str = "transforms") -> tuple[list[Any], Tree]:
    """Return the leaves of nested containers, in order, and what it takes to put them together again.

    >>> leaves, tree = flatten({"w": [1.0, (2.0, None)], "b": 3.0})
    >>> leaves
    [1.0, 2.0, 3.0]
    >>> unflatten(tree, [x * 10 for x in leaves])
    {'w': [10.0, (20.0, None)], 'b': 30.0}
    """
    try:
        return _flatten(value, "")
    except RecursionError:
        raise ValueError(
            f"{call}: lists, tuples and dictionaries are taken apart, and this {type(value).__name__} has no end: "
            "it holds itself, or is nested too deep; give each container parts of its own"
        ) from None


def _flatten(value: Any, path: str) -> tuple[list[Any], Tree]:
    found = _parts(value)
    if found is None:
        return [value], Leaf(path)
    keys, parts = found
    flat = [_flatten(part, f"{path}[{key!r}]") for key, part in zip(keys, parts, strict=True)]
    return [leaf for leaves, _ in flat for leaf in leaves], Branch(
        type(value), keys, tuple([tree for _, tree in flat]), path
    )


def unflatten(tree: Tree, leaves: Any) -> Any:
    """Put leaves together in the containers of `tree`."""
    return _build(tree, iter(leaves))


def _build(tree: Tree, leaves: Iterator[Any]) -> Any:
    if isinstance(tree, Leaf):
        return next(leaves)
    parts = [_build(part, leaves) for part in tree.parts]
    if tree.kind is type(None):
        return None
    if issubclass(tree.kind, dict):
        return dict(zip(tree.keys, parts, strict=True))
    return tree.kind(*parts) if hasattr(tree.kind, "_fields") else tuple(parts) if tree.kind is tuple else parts


def paths(tree: Tree) -> list[str]:
    """Return how one writes each leaf, in order."""
    return [tree.path] if isinstance(tree, Leaf) else [path for part in tree.parts for path in paths(part)]


def flatten_like(tree: Tree, value: Any, what: str, its: str) -> list[Any]:
    """Return the leaves of a value that must have the containers of `tree`, in the order of `tree`.

    Parameters
    ----------
    tree : the containers wanted
    value : what was given
    what, its : the words for both in the message: "vjp: the output", "its cotangent"

    Raises
    ------
    ShapeError
        naming the first place where they differ.
    """
    if isinstance(tree, Leaf):
        return [value]
    found = _parts(value)
    if found is None or len(found[0]) != len(tree.keys) or set(found[0]) != set(tree.keys):
        raise ShapeError(
            f"{what} has {_wording(tree.kind, tree.keys)} at {tree.path or 'its top'}, "
            f"{its} {describe(value) if found is None else _wording(type(value), found[0])}; "
            "they must be the same containers"
        )
    by_key = dict(zip(*found, strict=True))
    return [
        leaf
        for key, part in zip(tree.keys, tree.parts, strict=True)
        for leaf in flatten_like(part, by_key[key], what, its)
    ]


def _wording(kind: Any, keys: tuple[Any, ...]) -> str:
    if kind is type(None):
        return "None"
    return f"{kind.__name__} of {', '.join(map(repr, keys)) if issubclass(kind, dict) else len(keys)}"


def map_leaves(f: Callable[[Any], Any], value: Any) -> Any:
    """Return the same containers with `f` of every leaf.

    >>> map_leaves(abs, (-1.0, {"b": -2.0}))
    (1.0, {'b': 2.0})
    """
    leaves, tree = flatten(value)
    return unflatten(tree, [f(leaf) for leaf in leaves])
