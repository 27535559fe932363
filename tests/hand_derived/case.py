"""What a case is: a derivation for `lab.check`, and what is wrong with it.

A case is a function that returns the loss in minigrad, the hand gradient in NumPy, and the arguments. Its name says
what is derived; the decorator says that it is right, or which ids name the mistake.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Case:
    """One derivation: `ids` is empty where it is right."""

    name: str
    make: Callable[[], tuple]
    ids: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)


CASES: list[Case] = []


def right(make):
    """Register a derivation that is right."""
    CASES.append(Case(make.__name__, make))
    return make


def wrong(*ids, **options):
    """Register a derivation with a mistake of one of these names."""

    def register(make):
        CASES.append(Case(make.__name__, make, ids, options))
        return make

    return register


def rng(seed=0):
    return np.random.default_rng(seed)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def softmax(z, axis=-1):
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def one_hot(labels, classes):
    return np.eye(classes)[labels]
