"""What a derivation of the set is: a loss, the gradient somebody wrote for it, and what is wrong with it, if anything.

`@right(problem)` and `@wrong(problem, "sign", differs="w")` enter a gradient in `ENTRIES`; its name is the
function's. Hand sides are plain NumPy, losses are minigrad's. Read next: `units.py`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

NAMES = """
sign factor sum-vs-mean half log-base transpose operands-swapped unreduced wrong-axis local-derivative-missing
local-derivative-at-wrong-point local-derivative-twice softmax-diagonal softmax-twice wrong-node branch-missing
branch-twice accumulated updated-too-early constant-vs-variable regularizer-missing regularizer-extra
batchnorm-mean-constant batchnorm-variance-constant ddof forward-differs error-carried-forward unexplained
"""
IDS = frozenset(NAMES.split())
ENTRIES: list[Entry] = []


class Problem:
    """A scalar loss at a point.

    Parameters
    ----------
    f : the loss, on tensors
    args : its arguments, as arrays
    wrt : names of the parameters of `f` that it is differentiated by
    names : what the report should call those, where not as `f` does
    """

    def __init__(self, f: Callable[..., Any], args: tuple[Any, ...], wrt: str, names: tuple[str, ...] | None = None):
        parameters = list(inspect.signature(f).parameters)
        assert len(parameters) == len(args), f.__name__
        self.f, self.args, self.names = f, args, names
        self.wrt = tuple(wrt.split())
        self.argnums = tuple(parameters.index(name) for name in self.wrt)


@dataclass(frozen=True)
class Entry:
    """A gradient by hand.

    Attributes
    ----------
    ids : acceptable names of its mistake, the learner's own first; empty when it is right. More than one where
        they say the same of these arrays: on a square one, a sum over the other axis is one of the transpose
    differs : the arguments whose gradient is wrong
    kink : the loss has a kink exactly at the point, so that several values are right
    rtol, atol : how near a right one comes in float64, relative to the largest element, and beside it
    """

    problem: Problem
    hand: Callable[..., Any]
    ids: tuple[str, ...] = ()
    differs: tuple[str, ...] = ()
    hand_loss: Callable[..., Any] | None = None
    kink: bool = False
    rtol: float = 1e-9
    atol: float = 0.0

    @property
    def name(self) -> str:
        return self.hand.__name__


def _enter(hand: Callable[..., Any], **fields: Any) -> Callable[..., Any]:
    ENTRIES.append(Entry(hand=hand, **fields))
    return hand


def right(problem: Problem, **fields: Any) -> Callable[..., Any]:
    """Enter a gradient that is right."""
    return lambda hand: _enter(hand, problem=problem, **fields)


def wrong(problem: Problem, ids: str, differs: str = "", **fields: Any) -> Callable[..., Any]:
    """Enter a gradient that is wrong, in `differs` or else in every argument."""
    chosen = tuple(differs.split()) or problem.wrt
    return lambda hand: _enter(hand, problem=problem, ids=tuple(ids.split()), differs=chosen, **fields)
