"""The function, the hand gradient and the arguments: both are run, in float64, and what they return is looked at.

Whatever is wrong with them (no scalar, a wrong count, NaN, random draws, arguments written into) becomes a sentence
of the report. Read next: `given.py`.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np

from ...engine import Tensor, annotate, enable_grad, propagate
from ...engine.convert import default_dtype
from ...errors import describe
from ..graph import Graph
from .steps import View
from .views import plain_view, views, wide

Array = Any


class Unusable(Exception):
    """What was given cannot be checked; the message says why and what to do."""


class Point:
    """What function and hand gradient say at one choice of arguments.

    Attributes
    ----------
    args : all arguments, floating arrays as float64
    views : of the graph
    loss : its value
    truth, hand : gradients by argument number
    """

    problem: Problem | None = None

    def __init__(
        self, args: list[Any], found: list[View], loss: float, truth: dict[int, Array], hand: dict[int, Any]
    ) -> None:
        self.args, self.views, self.loss, self.truth, self.hand = args, found, loss, truth, hand

    def comparable(self, numbers: Sequence[int]) -> bool:
        """Tell whether both gradients of these arguments are finite arrays of one shape."""
        return all(
            self.hand[n] is not None
            and np.shape(self.hand[n]) == np.shape(self.truth[n])
            and bool(np.isfinite(self.hand[n]).all() and np.isfinite(self.truth[n]).all())
            for n in numbers
        )

    def alike(self, other: Point) -> bool:
        """Tell whether the views have the same steps as another point's."""
        return len(self.views) == len(other.views) and all(
            a.same_structure(b) for a, b in zip(self.views, other.views, strict=True)
        )


class Problem:
    """A function and the gradient that somebody derived of it.

    Parameters
    ----------
    f, hand, args, argnums, names : as `check` takes them
    """

    def __init__(self, f: Any, hand: Any, args: Sequence[Any], argnums: Any, names: Any) -> None:
        if not callable(f) or not callable(hand):
            bad = "f" if not callable(f) else "hand"
            raise TypeError(
                f"check: {bad} must be a function, got {describe(f if bad == 'f' else hand)}; "
                "compare(loss, {w: grad_w}) takes arrays"
            )
        self.f, self.hand_function = f, hand
        self.mends: dict[int, Callable[[Array], Array]] = {}  # what makes the shape of a hand gradient right
        self.given = [_plain(a) for a in args]
        self.wide = [wide(a) for a in self.given]
        floating = [i for i, a in enumerate(self.wide) if isinstance(a, np.ndarray) and a.dtype.kind == "f"]
        if not floating:
            raise TypeError(
                f"check: none of the {len(args)} arguments is a floating array; needs one to differentiate by"
            )
        self.all_names = _names(f, hand, len(args))
        self.asked = self._choose(argnums, floating)  # the arguments that the hand gradient is of
        given = [] if names is None else [names] if isinstance(names, str) else list(names)
        for n, name in zip(range(len(args)) if len(given) != len(self.asked) else self.asked, given, strict=False):
            self.all_names[n] = str(name)
        self.numbers = list(self.asked)  # those of them whose gradients can be compared
        self.names = {n: self.all_names[n] for n in self.asked}

    def _choose(self, argnums: Any, floating: list[int]) -> list[int]:
        """Return the numbers of the arguments that the hand gradient is of."""
        if argnums is not None:
            chosen = [argnums] if isinstance(argnums, int) else list(argnums)
            for n in chosen:
                if n not in floating:
                    count = len(self.wide)
                    raise ValueError(f"check: argnums names {n!r}; of the {count} arguments {floating} are floating")
            return chosen
        answer = self.call_hand(self.given)
        if isinstance(answer, dict):
            known = {name: n for n, name in enumerate(self.all_names)}
            return [n for n in (known.get(key, key) for key in answer) if n in floating] or floating
        count = len(answer) if isinstance(answer, list | tuple) else 1
        if len(floating) <= count:
            return floating
        parts = list(answer) if isinstance(answer, list | tuple) else [answer]
        fitting = _in_order([np.shape(p) for p in parts], [(n, self.wide[n].shape) for n in floating])
        return fitting or floating[:count]

    # Running them

    def call_f(self, args: Sequence[Any], notes: bool = True) -> Tensor:
        """Return the loss at some arguments, recorded; with notes of how, if so wished."""
        tensors: list[Any] = []
        for n, a in enumerate(args):
            if isinstance(a, np.ndarray | np.generic):
                live = n in getattr(self, "asked", ())
                tensors.append(Tensor(np.array(a), requires_grad=live, name=self.all_names[n] if live else None))
            else:
                tensors.append(a)
        self.tensors = tensors
        notes_of_steps = annotate() if notes else nullcontext()
        # Numbers in f are float64 as its arguments are: the √3 of `mg.sqrt(3.0)`.
        with notes_of_steps, enable_grad(), default_dtype(np.float64), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                loss = self.f(*tensors)
            except Exception as error:
                raise Unusable(f"f raised {type(error).__name__}: {error}") from error
        if not isinstance(loss, Tensor):
            raise Unusable(
                f"f must return a Tensor that was computed from its arguments, got {describe(loss)}; "
                "use minigrad's functions (mg.exp, t.sum()) in f, and none of t.numpy() or float(t)"
            )
        if loss.size != 1:
            raise Unusable(f"f must return a scalar loss, got {describe(loss)}; reduce it with .sum() or .mean()")
        return loss

    def call_hand(self, args: Sequence[Any]) -> Any:
        """Return what the hand gradient returns, called on copies."""
        copies = [np.array(a) if isinstance(a, np.ndarray | np.generic) else a for a in args]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                answer = self.hand_function(*copies)
            except Exception as error:
                raise Unusable(f"the hand gradient raised {type(error).__name__}: {error}") from error
        self.changed = [n for n, (a, b) in enumerate(zip(copies, args, strict=True)) if _differ(a, b)]
        return answer

    def truth(self, args: Sequence[Any]) -> tuple[float, dict[int, Array], Graph | None, dict[Any, int]]:
        """Return loss, gradients, graph and the leaves' numbers."""
        loss = self.call_f(args)
        leaves = {self.tensors[n]: n for n in self.asked}
        zeros = {n: np.zeros_like(args[n]) for n in self.asked}
        if loss._node is None:
            return float(loss.item()), zeros, None, leaves
        graph = Graph(loss)
        grads = {n: np.asarray(graph.cotangents[t]) for t, n in leaves.items() if t in graph.cotangents}
        return float(loss.item()), {**zeros, **grads}, graph, leaves

    def gradients(self, args: Sequence[Any]) -> dict[int, Array]:
        """Return the gradients alone."""
        loss = self.call_f(args, notes=False)
        found = {} if loss._node is None else propagate([loss], [np.ones_like(loss.data)])
        return {n: np.asarray(found.get(self.tensors[n], np.zeros_like(args[n]))) for n in self.asked}

    def plain_view(self, args: Sequence[Any]) -> View | None:
        """Return the steps as they were recorded, None if nothing was."""
        try:
            _, _, graph, leaves = self.truth(args)
        except Unusable:
            return None
        return plain_view(graph, leaves, self.names) if graph is not None else None

    def by_hand(self, args: Sequence[Any]) -> dict[int, Any]:
        """Return the hand gradients by argument number, as arrays; what is no array stays out, with a note."""
        answer = self.call_hand(args)
        if isinstance(answer, dict):
            known = {name: n for n, name in enumerate(self.all_names)}
            parts = {known.get(key, key): value for key, value in answer.items()}
        else:
            given = list(answer) if isinstance(answer, list | tuple) else [answer]
            if len(self.asked) == 1 and len(given) != 1 and isinstance(answer, list):
                given = [answer]  # a gradient as a list of numbers
            if len(given) != len(self.asked):
                wanted = ", ".join(self.names.values())
                raise Unusable(
                    f"the hand gradient returned {len(given)} arrays for {len(self.asked)} arguments ({wanted}); "
                    "return one for each, in this order, or say with argnums= which they are of"
                )
            parts = dict(zip(self.asked, given, strict=True))
        made = {n: as_gradient(parts.get(n)) for n in self.asked}
        for n, mend in self.mends.items():
            if made[n] is not None and np.shape(made[n]) != self.wide[n].shape:
                try:
                    made[n] = mend(made[n])
                except ValueError:
                    made[n] = None  # at another point it has another shape
        return made

    def point(self, args: list[Any], by_hand: bool = True) -> Point:
        """Run both at some arguments."""
        loss, truth, graph, leaves = self.truth(args)
        found: list[View] = []
        if graph is not None:
            found = views(graph, leaves, self.names)
        hand = self.by_hand(args) if by_hand else {}
        point = Point(args, found, loss, truth, hand)
        point.problem = self
        return point

    def moved(self, seed: int, size: float) -> list[Any]:
        """Return the arguments, those to differentiate by moved at random by about that share of their size."""
        rng = np.random.default_rng(seed)
        made = list(self.wide)
        for n in self.asked:
            a = self.wide[n]
            reach = np.abs(a) + 0.3 * (np.abs(a).mean() if a.size else 0.0) + (0.1 if not np.any(a) else 0.0)
            made[n] = np.asarray(a + size * reach * rng.uniform(-1, 1, a.shape))
        return made


def as_gradient(value: Any) -> Any:
    """Return what somebody gave for a gradient as an array, None if it is none."""
    if isinstance(value, Tensor):
        value = value.numpy()
    try:
        array = np.array(value)  # a copy: a learner may add to the same array in the next call
    except (ValueError, TypeError):
        return None
    if array.dtype.kind in "iub":
        array = array.astype(np.float64)
    return array if array.dtype.kind == "f" else None


def _plain(value: Any) -> Any:
    """Return an argument as the array that both functions get: Tensors and lists become arrays."""
    if isinstance(value, Tensor):
        return value.numpy().copy()
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, float | np.floating) or (isinstance(value, list) and value):
        array = np.asarray(value)
        if array.dtype.kind in "fiub":
            return array
    return value


def _names(f: Any, hand: Any, count: int) -> list[str]:
    """Return a name for every argument: that of the parameter of either function."""
    found: list[str] = []
    for function in (hand, f):
        try:
            parameters = inspect.signature(function).parameters.values()
        except (TypeError, ValueError):
            continue
        plain = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
        if len(plain) > len(found):
            found = plain
    return (found + [f"argument {n}" for n in range(len(found), count)])[:count]


def _in_order(shapes: list[tuple[int, ...]], known: list[tuple[int, tuple[int, ...]]]) -> list[int]:
    """Return the first arguments, in order, of these shapes; none if there are not such."""
    chosen: list[int] = []
    for shape in shapes:
        start = 0 if not chosen else next(i for i, (n, _) in enumerate(known) if n == chosen[-1]) + 1
        match = next((n for n, s in known[start:] if s == shape), None)
        if match is None:
            return []
        chosen.append(match)
    return chosen


def _differ(a: Any, b: Any) -> bool:
    return isinstance(a, np.ndarray) and not np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
