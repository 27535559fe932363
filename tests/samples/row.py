"""What a row of the table is, and the short ways to write one.

A row says how to call the operation, what NumPy or an independent formula answers, its derivative as one
writes it by hand, the points where a convention decides, the far points where a careless formula overflows,
and calls that must be refused.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import minigrad as mg
from minigrad.engine import primitives
from minigrad.errors import DtypeError, ShapeError

INF, NAN = math.inf, math.nan


@dataclass(frozen=True)
class Case:
    """One call: float64 arrays are differentiated; other arrays, numbers and None are constants."""

    args: tuple
    options: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Point:
    """A call whose value and gradients (for a cotangent of ones, or the one given) are known; None is not checked."""

    args: tuple
    value: Any
    grads: tuple = ()
    options: dict = field(default_factory=dict)
    cotangent: Any = None
    quiet: bool = False  # NumPy itself warns here: 1/0


@dataclass(frozen=True)
class Sample:
    """A row: see the module's docstring."""

    name: str
    call: Callable
    reference: Callable
    cases: list[Case]
    slopes: tuple = ()  # element-wise: ∂out/∂argument of each array argument, functions of the arguments
    pullback: Callable | None = None  # otherwise: (cotangent, *args, **options) → the gradients
    special: list[Point] = field(default_factory=list)
    far: list[Point] = field(default_factory=list)  # run in float32
    far_rtol: float = 2e-5
    far_atol: float = 1e-37
    bad: list[tuple[Callable, type, str]] = field(default_factory=list)  # call, exception, regex of the message
    torch: Any = None  # (torch, *args, **options), or the name of a function of torch
    differentiable: bool = True
    protocol: bool = True  # the reference, or the primitive's NumPy functions, called on Tensors reach it
    dtypes: tuple = (np.float16, np.float32, np.float64)  # the floating dtypes it takes
    settled: Callable = lambda out: out  # a function of the result without what is arbitrary in it: signs of vectors
    within: Callable = lambda x: x  # takes an array to one the operation is for, a symmetric one; smoothly

    def value(self, *args, **options):
        """Return what the operation answers, settled."""
        return self.settled(self.call(*args, **options))

    def expected(self, *args, **options):
        """Return what the reference answers, settled."""
        return self.settled(self.reference(*args, **options))


def reals(*shape, low=-2.0, high=2.0, seed=0):
    """Return fixed random numbers; two calls of one shape need two seeds to differ."""
    return np.asarray(np.random.default_rng([seed, *shape]).uniform(low, high, shape))


def t(*values, **options):
    """Return a float32 tensor, for the calls that must be refused."""
    return mg.Tensor(np.zeros(values, np.float32), **options)


# Short ways to write a row

SHAPES = [(2, 3), (), (1,), (0,), (2, 0, 3), (3, 1, 2)]
PAIRS = [((2, 3), (2, 3)), ((2, 3), (3,)), ((2, 1), (1, 3)), ((), (2, 2)), ((3,), ()), ((0,), (1,)), ((2, 0), (1, 1))]
MISFIT = "float32\\[2, 3\\].*float32\\[4\\].*matched from the last axis"


def unary(name, slope=None, low=-2.0, high=2.0, reference=None, **more):
    call = getattr(mg, name)
    cases = [Case((reals(*shape, low=low, high=high),)) for shape in SHAPES]
    more = {"torch": name, **more}
    return Sample(name, call, reference or getattr(np, name), cases, (slope,) if slope else (), **more)


def point(x, value, grad, **more):
    return Point((np.array(x, float),), value, (grad,), **more)


def binary(name, slopes, low=-2.0, high=2.0, numbers=(2, 0.5), reference=None, **more):
    call = getattr(mg, name)
    pairs = [Case((reals(*a, low=low, high=high), reals(*b, low=low, high=high, seed=1))) for a, b in PAIRS]
    scalars = [Case((reals(2, 2, low=low, high=high), n)) for n in numbers] + [Case((numbers[-1], pairs[0].args[1]))]
    bad = [
        (lambda: call(t(2, 3), t(4)), ShapeError, f"{name}: .*{MISFIT}"),
        (lambda: call(t(2), "abc"), TypeError, f"{name}: expected a Tensor, an array or numbers, got str 'abc'"),
        (lambda: call(t(2), np.zeros(2, complex)), DtypeError, f"{name}: .*complex128.*real and imaginary"),
    ]
    more = {"torch": name, **more}
    return Sample(name, call, reference or getattr(np, name), pairs + scalars, slopes, bad=bad, **more)


def both(x, y, value, dx, dy, **more):
    return Point((np.array(x, float), np.array(y, float)), value, (dx, dy), **more)


def parts(function):
    """Return a function whose several results, each with a weight of its own, are joined into one vector."""

    def call(*args, **options):
        made = function(*args, **options)
        made = made if isinstance(made, list | tuple) else [made]
        return np.concatenate([(i + 1) * np.ravel(part) for i, part in enumerate(made)])

    return call


def moving(name, *cases, reference=None, **more):
    """A row of cases written as (shape, options)."""
    cases = [c if isinstance(c, Case) else Case((reals(*c[0]),), c[1]) for c in cases]
    known = name.removesuffix(", public")  # beside a primitive of the same name
    return Sample(name, getattr(mg, known, None) or primitives[known], reference or getattr(np, known), cases, **more)
