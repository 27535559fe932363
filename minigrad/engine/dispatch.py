"""NumPy functions called on Tensors: `np.tanh(t)` finds the primitive that was registered for it.

`numpy_functions` maps a NumPy function to ours. What is not in the table raises, and says why: never a silent object
array, never a silent conversion. Read next: `primitive.py`.
"""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

numpy_functions: dict[Any, Callable[..., Any]] = {}
refused: dict[Any, str] = {}  # NumPy function → why minigrad has no counterpart, and what to do instead
_loaders: list[Callable[[], Any]] = []
_loading = threading.RLock()
# What the methods of a ufunc are: np.add.reduce(t) is np.sum(t, axis=0)
ufunc_methods: dict[tuple[str, str], Any] = {
    ("add", "reduce"): np.sum, ("multiply", "reduce"): np.prod,
    ("maximum", "reduce"): np.max, ("minimum", "reduce"): np.min,
    ("logical_and", "reduce"): np.all, ("logical_or", "reduce"): np.any,
    ("add", "accumulate"): np.cumsum, ("multiply", "accumulate"): np.cumprod,
}  # fmt: skip


def when_missing(load: Callable[[], Any]) -> None:
    """Say what to run once when a function, or an attribute of a Tensor, is asked for that is not there yet."""
    _loaders.append(load)


def load_missing() -> None:
    """Run what is left to run; other threads wait for it."""
    with _loading:
        while _loaders:
            _loaders.pop()()


def implements(*functions: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a function made of primitives as what these NumPy functions do on Tensors."""

    def register(ours: Callable[..., Any]) -> Callable[..., Any]:
        for function in functions:
            numpy_functions[function] = ours
        return ours

    return register


def _name(function: Any) -> str:
    """Return what the user wrote to call a function: `np.sum`, `np.linalg.norm`, or a stranger's own name."""
    name = getattr(function, "__name__", str(function))
    if getattr(np, name, None) is function:
        return f"np.{name}"
    module, _, rest = (getattr(function, "__module__", None) or "").partition(".")
    return ".".join(filter(None, ["np" if module == "numpy" else module, rest, name]))


@functools.cache
def _parameters(function: Any) -> dict[str, inspect.Parameter]:
    return dict(inspect.signature(function).parameters)


@functools.cache
def positions(function: Any) -> list[str] | None:
    """Return what a function calls the arguments it takes by position; None where it takes any, or does not say."""
    try:
        parameters = _parameters(function).values()
    except ValueError:  # of NumPy's own in C, in some versions
        return None
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return None
    return [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]


def call(function: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """Call what is registered for a NumPy function, or raise: what `Tensor.__array_function__` must do."""
    name = _name(function)
    ours = numpy_functions.get(function)
    if ours is None:
        load_missing()
        ours = numpy_functions.get(function)
    if ours is None:
        why = refused.get(function, "write it with operations minigrad has, or use t.numpy() for its values alone")
        raise TypeError(f"{name} has no minigrad counterpart for Tensors: {why}")
    theirs, own = positions(function), positions(ours)
    if theirs is not None and own is not None and len(args) > len(own):  # those that follow are meant by NumPy's names
        defaults, known = _parameters(function), _parameters(ours)
        later = zip(theirs[len(own) :], args[len(own) :], strict=False)
        kwargs = {k: v for k, v in later if k in known or v is not defaults[k].default} | kwargs
        args = args[: len(own)]
    if kwargs:
        # NumPy spells "not given" in several ways; only what was really asked for is passed on.
        known = _parameters(ours)
        kwargs = {k: v for k, v in kwargs.items() if v is not np._NoValue and (v is not None or k in known)}
        extra = [k for k in kwargs if k not in known]
        if extra:
            why = ". Values of Tensors are never written in place" if {"out", "where"} & set(extra) else ""
            names = ", ".join(f"{k}=" for k in extra)
            raise TypeError(f"{name} on a Tensor does not take {names}; it takes {', '.join(known)}{why}")
    return ours(*args, **kwargs)


def array_ufunc(ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
    """Do what `Tensor.__array_ufunc__` must: a call, or the reduction or scan a ufunc is known for."""
    if method == "__call__":
        return call(ufunc, inputs, kwargs)
    if (ufunc.__name__, method) in ufunc_methods:
        kwargs.setdefault("axis", 0)
        return call(ufunc_methods[ufunc.__name__, method], inputs, kwargs)
    mend = f"t.at[index].{ufunc.__name__}(values)" if method == "at" else "minigrad operations"
    raise TypeError(f"np.{ufunc.__name__}.{method} is not supported on Tensors; write it with {mend}")
