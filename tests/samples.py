"""One row for every primitive, and for every public function made of primitives: what the laws run over.

A row says how to call the operation, what NumPy or an independent formula answers, its derivative as one
writes it by hand, the points where a convention decides, the far points where a careless formula overflows,
and calls that must be refused. The laws are in `test_laws.py`; a new operation needs a row here and no test.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import minigrad as mg
from minigrad.device import CPU
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


def reals(*shape, low=-2.0, high=2.0, seed=0):
    """Return fixed random numbers; two calls of one shape need two seeds to differ."""
    return np.asarray(np.random.default_rng([seed, *shape]).uniform(low, high, shape))


def t(*values, **options):
    """Return a float32 tensor, for the calls that must be refused."""
    return mg.Tensor(np.zeros(values, np.float32), **options)


# Element-wise functions of one number

SHAPES = [(2, 3), (), (1,), (0,), (2, 0, 3), (3, 1, 2)]


def unary(name, slope=None, low=-2.0, high=2.0, reference=None, **more):
    call = getattr(mg, name)
    cases = [Case((reals(*shape, low=low, high=high),)) for shape in SHAPES]
    more = {"torch": name, **more}
    return Sample(name, call, reference or getattr(np, name), cases, (slope,) if slope else (), **more)


def point(x, value, grad, **more):
    return Point((np.array(x, float),), value, (grad,), **more)


ROOT_PI = math.sqrt(math.pi)
UNARY = [
    unary("negative", lambda x: -np.ones_like(x)),
    unary("positive", np.ones_like),
    unary("reciprocal", lambda x: -1 / x**2, 0.5, 2.0),
    unary("square", lambda x: 2 * x, special=[point([0, -3], [0, 9], [0, -6])]),
    unary("exp", np.exp, special=[point([-INF, 0], [0, 1], [0, 1])]),
    unary("expm1", np.exp, special=[point([1e-12, -100], [1e-12, -1], [1 + 1e-12, math.exp(-100)])]),
    unary("log", lambda x: 1 / x, 0.2, 3.0, special=[point([0, INF], [-INF, INF], [INF, 0], quiet=True)]),
    unary("log1p", lambda x: 1 / (1 + x), -0.7, 3.0, special=[point([0, 1e-12], [0, 1e-12], [1, 1 - 1e-12])]),
    unary("log2", lambda x: 1 / (x * math.log(2)), 0.2, 3.0, special=[point([1, 8], [0, 3], None)]),
    unary("log10", lambda x: 1 / (x * math.log(10)), 0.2, 3.0, special=[point([1, 1000], [0, 3], None)]),
    unary("sqrt", lambda x: 0.5 / np.sqrt(x), 0.2, 3.0, special=[point([0, 4], [0, 2], [INF, 0.25], quiet=True)]),
    unary("sin", np.cos),
    unary("cos", lambda x: -np.sin(x)),
    unary("tan", lambda x: 1 / np.cos(x) ** 2, -1.2, 1.2),
    unary("arcsin", lambda x: 1 / np.sqrt(1 - x**2), -0.9, 0.9),
    unary("arccos", lambda x: -1 / np.sqrt(1 - x**2), -0.9, 0.9),
    unary("arctan", lambda x: 1 / (1 + x**2), special=[point([INF, 0], [math.pi / 2, 0], [0, 1])]),
    unary("sinh", np.cosh),
    unary("cosh", np.sinh),
    unary("tanh", lambda x: 1 / np.cosh(x) ** 2, special=[point([-1e4, 0, 1e4], [-1, 0, 1], [0, 1, 0])]),
    unary("arcsinh", lambda x: 1 / np.sqrt(x**2 + 1)),
    unary("arccosh", lambda x: 1 / np.sqrt(x**2 - 1), 1.2, 4.0),
    unary("arctanh", lambda x: 1 / (1 - x**2), -0.9, 0.9),
    unary("absolute", np.sign, special=[point([-2, 0, -0.0, 3], [2, 0, 0, 3], [-1, 0, 0, 1])]),
    unary("sign", np.zeros_like, special=[point([-2, 0, 3], [-1, 0, 1], [0, 0, 0])]),
]


# Element-wise functions of two numbers, and choices

PAIRS = [((2, 3), (2, 3)), ((2, 3), (3,)), ((2, 1), (1, 3)), ((), (2, 2)), ((3,), ()), ((0,), (1,)), ((2, 0), (1, 1))]
MISFIT = "float32\\[2, 3\\].*float32\\[4\\].*matched from the last axis"


def binary(name, slopes, low=-2.0, high=2.0, numbers=(2, 0.5), **more):
    call = getattr(mg, name)
    pairs = [Case((reals(*a, low=low, high=high), reals(*b, low=low, high=high, seed=1))) for a, b in PAIRS]
    scalars = [Case((reals(2, 2, low=low, high=high), n)) for n in numbers] + [Case((numbers[-1], pairs[0].args[1]))]
    bad = [
        (lambda: call(t(2, 3), t(4)), ShapeError, f"{name}: .*{MISFIT}"),
        (lambda: call(t(2), "abc"), TypeError, f"{name}: expected a Tensor, an array or a number, got str 'abc'"),
        (lambda: call(t(2), np.zeros(2, complex)), DtypeError, f"{name}: .*complex128.*real and imaginary"),
    ]
    return Sample(name, call, getattr(np, name), pairs + scalars, slopes, bad=bad, **{"torch": name, **more})


def both(x, y, value, dx, dy, **more):
    return Point((np.array(x, float), np.array(y, float)), value, (dx, dy), **more)


ONE, ZERO = (lambda *xs: 1 + 0 * sum(xs)), (lambda *xs: 0 * sum(xs))
BINARY = [
    binary("add", (ONE, ONE)),
    binary("subtract", (ONE, lambda x, y: -ONE(x, y))),
    binary("multiply", (lambda x, y: y + 0 * x, lambda x, y: x + 0 * y)),
    binary("divide", (lambda x, y: 1 / y + 0 * x, lambda x, y: -x / y**2), 0.5, 2.0),
    binary(
        "power",
        (lambda x, y: y * x ** (y - 1), lambda x, y: x**y * np.log(x)),
        0.5,
        2.0,
        numbers=(2, 3.0, -1, 0, 1, 0.5),
        torch="pow",
        special=[
            both([0, 0, 0, 2], [0, 1, 2, 0], [1, 0, 0, 1], [0, 1, 0, 0], [0, 0, 0, math.log(2)]),
            both([-2.0], [3.0], [-8.0], [12.0], [NAN]),
            Point((np.array([0.0, -3]), 2), [0, 9], ([0, -6],)),
            Point((np.array([0.0, -3]), 0), [1, 1], ([0, 0],)),
            Point((np.array([0.0, -3]), 1), [0, -3], ([1, 1],)),
            Point((0, np.array([0.0, 2])), [1, 0], ([0, 0],)),
        ],
    ),
    binary(
        "maximum",
        (lambda x, y: 1.0 * (x > y), lambda x, y: 1.0 * (y > x)),
        special=[both([1, 2, 3], [1, 3, 2], [1, 3, 3], [0.5, 0, 1], [0.5, 1, 0])],
    ),
    binary(
        "minimum",
        (lambda x, y: 1.0 * (x < y), lambda x, y: 1.0 * (y < x)),
        special=[both([1, 2, 3], [1, 3, 2], [1, 2, 2], [0.5, 1, 0], [0.5, 0, 1])],
    ),
]
MASK = np.array([[True, False, True], [False, False, True]])
CHOICES = [
    Sample(
        "clip",
        mg.clip,
        lambda a, a_min=None, a_max=None: np.clip(a, a_min, a_max),
        [
            Case((reals(2, 3), -1.0, 1)),
            Case((reals(2, 3), None, 0.5)),
            Case((reals(2, 3), -0.5)),
            Case((reals(2, 3), reals(3, low=-1, high=0, seed=1), reals(2, 1, low=0, high=1, seed=2))),
            Case((reals(4), reals(4, seed=1), reals(4, seed=2))),  # bounds that cross
            Case((reals(), 0, 1)),
            Case((reals(2, 0), 0, 1)),
            Case((reals(2, 2), None, None)),
        ],
        special=[
            Point(
                (np.array([-1.0, 0, 1, 2]), np.array(-1.0), np.array(1.0)), [-1, 0, 1, 1], ([1, 1, 1, 0], 0, 1)
            ),  # at the bounds the gradient is a's
            Point((np.array([0.0]), np.array([2.0]), np.array([1.0])), [1], ([0], [0], [1])),
        ],
        bad=[(lambda: mg.clip(t(2, 3), t(4)), ShapeError, f"clip: .*{MISFIT}")],
    ),
    Sample(
        "where",
        mg.where,
        np.where,
        [
            Case((MASK, reals(2, 3), reals(2, 3, seed=1))),
            Case((MASK, reals(3), reals(2, 1, seed=1))),
            Case((MASK, reals(2, 3), 0)),
            Case((MASK[0], 1.5, reals())),
            Case((MASK[:, :0], reals(2, 0), reals(2, 1))),
        ],
        (None, lambda c, x, y: 1.0 * c, lambda c, x, y: 1.0 * ~c),
        special=[Point((MASK[0], np.array([1.0, NAN, 2]), np.zeros(3)), [1, 0, 2], ([1, 0, 1], [0, 1, 0]))],
        bad=[(lambda: mg.where(MASK, t(2), t(3)), ShapeError, "where: got condition: bool\\[2, 3\\], x: float32")],
        torch="where",
    ),
    Sample(
        "stop_gradient", mg.stop_gradient, lambda x: x, [Case((reals(2, 3),))], differentiable=False, protocol=False
    ),
]


def predicate(name, *args):
    return Sample(name, getattr(mg, name), getattr(np, name), [Case(args)], differentiable=False)


TIES = (np.array([[1.0, 2], [3, NAN]]), np.array([2.0, 2.0]))
ODD = np.array([0.0, 1.0, NAN, INF, -INF])
PREDICATES = [
    *[predicate(n, *TIES) for n in ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal")],
    *[predicate(n, ODD[:2], ODD[:2, None]) for n in ("logical_and", "logical_or")],
    *[predicate(n, ODD) for n in ("logical_not", "isnan", "isinf", "isfinite")],
]


# Shape and indexing


def moving(name, *cases, reference=None, **more):
    """A row of cases written as (shape, options)."""
    cases = [c if isinstance(c, Case) else Case((reals(*c[0]),), c[1]) for c in cases]
    return Sample(name, getattr(mg, name, None) or primitives[name], reference or getattr(np, name), cases, **more)


def put(values, index, shape):
    """Return zeros with values added at an index: the slow, obvious way."""
    zeros = np.zeros(shape)
    np.add.at(zeros, index, values)
    return zeros


INDICES = [
    1, -1, slice(None, None, -1), slice(3, None, -2), Ellipsis, None, (Ellipsis, 1), (slice(1, 3), None, 2), (1, 2),
    (slice(None), slice(0, 0)), np.array([0, 2, 0, 0]), np.array([[0, -1], [3, 3]]),
    (np.array([0, 0, 3]), np.array([1, 1, 2])),
    (slice(None), np.array([2, 2, 0])), (np.array([1, 1]), None, slice(0, 2)), np.array([True, False, False, True]),
    np.arange(12).reshape(4, 3) % 2 == 0, (np.array([True, False, True, False]), 1), np.zeros(4, bool),
    np.array([], int),
    (np.array([[0], [3]]), np.array([0, 2, 2])), True, (np.array(1), slice(None)), (Ellipsis, np.array([0, 0])),
]  # fmt: skip
SHAPING = [
    moving(
        "reshape",
        ((2, 3), {"shape": (3, 2)}),
        ((2, 3), {"shape": -1}),
        ((6,), {"shape": (2, -1)}),
        ((), {"shape": (1, 1)}),
        ((0, 3), {"shape": (3, 0)}),
        pullback=lambda w, a, shape: (w.reshape(a.shape),),
        bad=[(lambda: mg.reshape(t(2, 3), (4, 2)), ShapeError, "reshape: got a: float32\\[2, 3\\].*as many elements")],
    ),
    moving(
        "transpose",
        ((2, 3), {}),
        ((2, 3), {"axes": (1, 0)}),
        ((2, 3, 4), {"axes": (2, 0, 1)}),
        ((2, 3, 4), {"axes": [-1, 0, -2]}),
        ((2, 0, 1), {}),
        ((), {}),
        bad=[(lambda: mg.transpose(t(2, 3), (0, 0)), ShapeError, "transpose: .*permutation of all axes")],
    ),
    moving("swapaxes", ((2, 3, 4), {"axis1": 0, "axis2": -1}), ((2, 0), {"axis1": 1, "axis2": 0})),
    moving(
        "moveaxis",
        ((2, 3, 4), {"source": 0, "destination": -1}),
        ((2, 3, 4), {"source": (0, 2), "destination": (1, 0)}),
    ),
    moving(
        "squeeze",
        ((1, 3, 1), {}),
        ((1, 3, 1), {"axis": -1}),
        ((1, 0, 1), {"axis": (0, 2)}),
        ((1,), {}),
        bad=[(lambda: mg.squeeze(t(2, 3), axis=0), ValueError, "not equal to one.*in squeeze\\(a: float32\\[2")],
    ),
    moving("expand_dims", ((2, 3), {"axis": 1}), ((2, 3), {"axis": (0, -1)}), ((), {"axis": 0}), ((0,), {"axis": -1})),
    moving(
        "broadcast_to",
        ((3,), {"shape": (2, 3)}),
        ((2, 1), {"shape": (4, 2, 3)}),
        ((), {"shape": (2, 2)}),
        ((1,), {"shape": (0,)}),
        ((2, 3), {"shape": (2, 3)}),
        bad=[(lambda: mg.broadcast_to(t(3), (2, 4)), ShapeError, "broadcast_to: .*float32\\[3\\].*\\(2, 4\\)")],
    ),
    Sample(
        "join",
        primitives["join"],
        lambda *a, axis=0: np.concatenate(a, axis=axis),
        [
            Case((reals(2, 3), reals(1, 3), reals(0, 3))),
            Case((reals(2, 1), reals(2, 2)), {"axis": -1}),
            Case((reals(3),)),
        ],
        pullback=lambda w, *a, axis=0: tuple(np.split(w, np.cumsum([x.shape[axis] for x in a])[:-1], axis)),
        bad=[(lambda: mg.concatenate([t(2, 3), t(2, 4)]), ShapeError, "float32\\[2, 4\\].*every axis but the one")],
        protocol=False,
    ),
    moving(
        "pad",
        ((2, 3), {"pad_width": 1}),
        ((2, 3), {"pad_width": ((1, 2), (0, 1)), "constant_values": 7.0}),
        ((3,), {"pad_width": (2, 0)}),
        ((2, 0), {"pad_width": ((0, 0), (1, 1))}),
        bad=[(lambda: mg.pad(t(3), 1, mode="edge"), ValueError, "mode='edge' is not supported")],
    ),
    moving("flip", ((2, 3), {}), ((2, 3), {"axis": 1}), ((2, 3, 2), {"axis": (0, -1)}), ((), {})),
    moving(
        "roll",
        ((5,), {"shift": 2}),
        ((2, 3), {"shift": -1}),
        ((2, 3), {"shift": 1, "axis": 1}),
        ((2, 3), {"shift": (1, -2), "axis": (0, 1)}),
    ),
    moving("tril", ((3, 3), {}), ((2, 3, 4), {"k": 1}), ((3, 2), {"k": -1}), torch=lambda m, a, k=0: m.tril(a, k)),
    moving("triu", ((3, 3), {}), ((2, 3, 4), {"k": 1}), ((3, 2), {"k": -1}), torch=lambda m, a, k=0: m.triu(a, k)),
    moving("cast", ((2, 3), {"dtype": np.float64}), reference=lambda a, dtype: a.astype(dtype), protocol=False),
    moving(
        "to_device",
        ((2, 3), {"source": CPU, "target": CPU}),
        reference=lambda a, source, target: a,
        protocol=False,
    ),
    Sample(
        "take_at",
        primitives["take_at"],
        lambda a, index: a[index],
        [Case((reals(4, 3),), {"index": i}) for i in INDICES],
        pullback=lambda w, a, index: (put(w, index, a.shape),),
        special=[Point((np.arange(3.0),), [1, 1, 2], ([0, 2, 1],), {"index": np.array([1, 1, 2])})],
        bad=[
            (lambda: t(4, 3)[4], IndexError, "index 4 is out of bounds.*in take_at\\(a: float32\\[4, 3\\], index=4\\)"),
            (lambda: t(4, 3)[0, 0, 0], IndexError, "too many indices.*take_at"),
            (lambda: t(4, 3)[0.5], IndexError, "integer.*take_at"),
        ],
        protocol=False,
    ),
    Sample(
        "add_at",
        primitives["add_at"],
        lambda values, index, shape: put(values, index, shape),
        [Case((np.array(reals(4, 3)[i]),), {"index": i, "shape": (4, 3)}) for i in INDICES],
        pullback=lambda w, values, index, shape: (w[index],),
        special=[Point((np.ones(3),), [0, 2, 1], (np.ones(3),), {"index": np.array([1, 1, 2]), "shape": (3,)})],
        protocol=False,
    ),
]


# Reductions

REDUCED = [
    ((2, 3), {}),
    ((2, 3), {"axis": 0}),
    ((2, 3), {"axis": -1, "keepdims": True}),
    ((2, 3, 2), {"axis": (0, -1)}),
    ((2, 3, 2), {"axis": (-1, 1), "keepdims": True}),
    ((2, 3), {"axis": ()}),
    ((), {}),
    ((2, 0), {"axis": 0}),
]
EMPTY = [((0,), {}), ((0, 3), {"axis": 0}), ((2, 0), {"axis": -1, "keepdims": True})]


def spread(w, a, axis=None, keepdims=False, **rest):
    """Return the cotangent of a sum, at every element that was summed."""
    return np.broadcast_to(w if keepdims or axis is None else np.expand_dims(w, axis), a.shape)


def count(a, axis=None, **rest):
    return a.size if axis is None else math.prod(np.take(a.shape, axis).ravel().tolist())


def torch_axes(name):
    def call(m, a, axis=None, keepdims=False, ddof=None):
        axis = tuple(range(a.ndim)) if axis is None else axis
        return getattr(m, name)(a, dim=axis, keepdim=keepdims, **({} if ddof is None else {"correction": ddof}))

    return call


def logsumexp(a, axis=None, keepdims=False):
    top = np.max(a, axis=axis, keepdims=True, initial=-1e300)
    total = np.log(np.sum(np.exp(a - top), axis=axis, keepdims=True)) + top
    return total if keepdims else np.squeeze(total, axis=axis)


def softmax(z, axis=-1):
    e = np.exp(z - np.max(z, axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


WRONG_AXIS = [((lambda f: lambda: f(t(2, 3), axis=2))(getattr(mg, n)), ValueError, f"out of bounds.*in {n}\\(a: ")
              for n in ("sum", "mean", "max", "argmax")]  # fmt: skip
SPREADS = [REDUCED[0], REDUCED[1], REDUCED[2], REDUCED[3]]
VAR = [*SPREADS, ((2, 3), {"ddof": 1}), ((4, 2), {"axis": 0, "ddof": 1, "keepdims": True}), ((3,), {"ddof": 0.5})]


def centred(a, axis=None, **rest):
    return a - a.mean(axis=axis, keepdims=True)


REDUCING = [
    moving("sum", *REDUCED, *EMPTY, pullback=lambda w, a, **o: (spread(w, a, **o),), bad=[WRONG_AXIS[0]]),
    moving(
        "mean", *REDUCED, pullback=lambda w, a, **o: (spread(w, a, **o) / count(a, **o),), torch=torch_axes("mean"),
        bad=[WRONG_AXIS[1]],
    ),
    moving(
        "var", *VAR, torch=lambda m, a, ddof=0, **o: torch_axes("var")(m, a, ddof=ddof, **o),
        pullback=lambda w, a, ddof=0, **o: (spread(w, a, **o) * 2 * centred(a, **o) / (count(a, **o) - ddof),),
        special=[point([3, 3, 3], 0, [0, 0, 0])],
    ),
    moving(
        "std", *VAR, torch=lambda m, a, ddof=0, **o: torch_axes("std")(m, a, ddof=ddof, **o),
        special=[point([3, 3, 3], 0, [0, 0, 0]),
                 point([[1, 3], [2, 2]], [1, 0], [[-0.5, 0.5], [0, 0]], options={"axis": 1})],
    ),
    moving(
        "max", *REDUCED, torch=torch_axes("amax"), bad=[WRONG_AXIS[2]],
        special=[point([1, 3, 3], 3, [0, 0.5, 0.5]),
                 point([[2, 2, 2], [0, 5, 5]], [2, 5], [[1 / 3] * 3, [0, 0.5, 0.5]], options={"axis": 1})],
    ),
    moving(
        "min", *REDUCED, torch=torch_axes("amin"), special=[point([3, 1, 1], 1, [0, 0.5, 0.5])],
        bad=[(lambda: mg.min(t(0)), ValueError, "zero-size.*in min\\(a: float32\\[0\\]")],
    ),
    moving("argmax", ((2, 3), {}), ((2, 3), {"axis": 1, "keepdims": True}), differentiable=False, bad=[WRONG_AXIS[3]]),
    moving("argmin", ((2, 3), {}), ((2, 3), {"axis": 0}), differentiable=False),
    moving("all", *REDUCED, differentiable=False),
    moving("any", *REDUCED, differentiable=False),
    moving(
        "cumsum", ((4,), {}), ((2, 3), {}), ((2, 3), {"axis": 1}), ((2, 3), {"axis": -2}), ((0,), {}), ((), {}),
        special=[point([1, 2, 3], [1, 3, 6], [3, 2, 1])],
    ),
    moving(
        "logsumexp", *REDUCED[:5], *REDUCED[6:], reference=logsumexp, protocol=False, torch=torch_axes("logsumexp"),
        pullback=lambda w, a, **o: (spread(w, a, **o) * np.exp(a - logsumexp(a, **{**o, "keepdims": True})),),
        special=[point([-INF, -INF], -INF, [0, 0]), point([0, -INF], 0, [1, 0]), point([], -INF, [])],
        far=[Point((np.array([1e4, 0, -1e4]),), 1e4, ([1, 0, 0],)),
             Point((np.array([1e4, 1e4]),), 1e4 + math.log(2), ([0.5, 0.5],)),
             Point((np.array([-1e4, -1e4 - 1]),), -1e4 + math.log1p(math.exp(-1)),
                   ([1 / (1 + math.exp(-1)), 1 / (1 + math.e)],))],
    ),
]  # fmt: skip


# Linear algebra


def products(*shapes):
    return [Case(tuple(reals(*s, seed=i) for i, s in enumerate(pair))) for pair in shapes]


def contraction(subscripts, *shapes):
    return Case(tuple(reals(*s, seed=i) for i, s in enumerate(shapes)), {"subscripts": subscripts})


def einsum(*operands, subscripts):
    return np.einsum(subscripts, *operands)


MATRICES = products(
    ((2, 3), (3, 4)), ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 2, 3), (3, 2)), ((2, 3), (4, 3, 2)),
    ((2, 1, 2, 3), (3, 3, 2)), ((3,), (2, 3, 2)), ((2, 2, 3), (3,)), ((2, 0), (0, 3)), ((0, 2), (2, 3)),
    ((1, 1), (1, 1)),
)  # fmt: skip
LINEAR = [
    Sample(
        "matmul", mg.matmul, np.matmul, MATRICES, torch="matmul",
        bad=[
            (lambda: t(2, 3) @ t(4, 5), ShapeError,
             "matmul: got a: float32\\[2, 3\\], b: float32\\[4, 5\\]; a.shape\\[-1\\] must equal b.shape\\[-2\\]"),
            (lambda: t(2, 3) @ 2.0, Exception, "matmul"),
        ],
    ),
    Sample(
        "linear", mg.linear, lambda x, w, b=None: x @ w.T + (0 if b is None else b),
        products(((4, 3), (2, 3), (2,)), ((4, 3), (2, 3)), ((2, 2, 3), (4, 3), (4,)), ((3,), (2, 3), (2,)),
                 ((0, 3), (2, 3), (2,))),
        torch=lambda m, *a: m.nn.functional.linear(*a), protocol=False,
        pullback=lambda g, x, w, b=None: (
            g @ w, g.reshape(-1, w.shape[0]).T @ x.reshape(-1, w.shape[1]), g.reshape(-1, w.shape[0]).sum(axis=0)
        )[: 2 + (b is not None)],
        bad=[
            (lambda: mg.linear(t(4, 3), t(3, 2), t(3)), ShapeError, "linear: .*x.shape\\[-1\\] must equal w.shape"),
            (lambda: mg.linear(t(4, 3), t(2, 3), t(3)), ShapeError, "linear: .*b.shape must be \\(w.shape\\[0\\],\\)"),
            (lambda: mg.linear(t(4, 3), t(2, 3), t(2, 1)), ShapeError, "linear"),
        ],
    ),
    Sample(
        "contract", primitives["contract"], einsum,
        [
            contraction("ij,jk->ik", (2, 3), (3, 2)), contraction("ij->ji", (2, 3)), contraction("ijk->k", (2, 3, 2)),
            contraction("ij,j->i", (2, 3), (3,)), contraction("i,i->", (3,), (3,)), contraction("i,j->", (2,), (3,)),
            contraction("ij,kj,k->i", (2, 3), (2, 3), (2,)), contraction("i,j,k->jki", (2,), (3,), (2,)),
            contraction("ij,jk->ik", (2, 0), (0, 3)),
            contraction("ij,ij->ij", (2, 1), (2, 3)), contraction("ij,jk->k", (2, 1), (3, 2)),  # broadcasting
        ],
        protocol=False,
        bad=[(lambda: mg.einsum("ij,jk->ik", t(2, 3), t(4, 2)), ShapeError, "each letter must stand for one")],
    ),
]  # fmt: skip


# Activations, softmax, losses: exact values by Python's math, one number at a time

Z = [-1e4, -1e3, -100.0, -88.0, -30.0, -17.0, -8.5, -3.0, -0.5, -1e-6,
     0.0, 1e-6, 0.5, 3.0, 8.5, 17.0, 30.0, 88.0, 1e3, 1e4]  # fmt: skip


def exponential(x):
    return math.exp(x) if x < 700 else INF


def logistic(x):
    return 1 / (1 + exponential(-x))


def soft(x):
    return max(x, 0) + math.log1p(math.exp(-abs(x)))


def normal(x):
    return 0.5 * math.erfc(-x / math.sqrt(2))


def bell(x):
    return math.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def hump(x):
    return math.sqrt(8 / math.pi) * (x + 0.044715 * x**3)


def hump_slope(x):
    return math.sqrt(8 / math.pi) * (1 + 3 * 0.044715 * x**2)


def each(f):
    return np.vectorize(f, otypes=[float])


def activation(name, value, slope, far=Z, options=(), **more):
    """A row whose reference and derivative are exact functions of one number (and the options)."""
    call = getattr(mg, name)
    sets = [{}, *options]
    cases = [Case((reals(*s, low=-3, high=3),)) for s in SHAPES] + [Case((reals(2, 3),), o) for o in options]

    def pullback(w, x, **o):
        return (w * each(lambda v: slope(v, **o))(x) if x.size else w,)

    def reference(x, **o):
        return each(lambda v: value(v, **o))(x) if x.size else x

    rounded = [float(np.float32(z)) for z in far]
    points = [
        Point((np.array(rounded),), [value(z, **o) for z in rounded], ([slope(z, **o) for z in rounded],), o)
        for o in sets
    ]
    return Sample(name, call, reference, cases, pullback=pullback, far=points, protocol=False, **more)


def gelu(x, approximate="none"):
    return x * normal(x) if approximate == "none" else x * logistic(hump(x))


def gelu_slope(x, approximate="none"):
    if approximate == "none":
        return normal(x) + x * bell(x)
    u = hump(x)
    return logistic(u) * (1 + x * hump_slope(x) * logistic(-u))


def functional(name):
    return lambda m, *args, **options: getattr(m.nn.functional, name)(*args, **options)


ACTIVATIONS = [
    activation("sigmoid", logistic, lambda x: logistic(x) * logistic(-x), torch="sigmoid"),
    activation("softplus", soft, logistic),  # torch's is linear above 20: not the same function
    activation("log_sigmoid", lambda x: -soft(-x), lambda x: logistic(-x), torch=functional("logsigmoid")),
    activation("relu", lambda x: max(x, 0.0), lambda x: 1.0 * (x > 0), torch="relu",
               special=[point([-1, 0, -0.0, 2], [0, 0, 0, 2], [0, 0, 0, 1])]),
    activation("leaky_relu", lambda x, negative_slope=0.01: x if x > 0 else negative_slope * x,
               lambda x, negative_slope=0.01: 1.0 if x > 0 else negative_slope,
               options=[{"negative_slope": 0.2}, {"negative_slope": 0}], torch=functional("leaky_relu"),
               special=[point([-1, 0, 2], [-0.01, 0, 2], [0.01, 0.01, 1])]),
    activation("elu", lambda x, alpha=1.0: x if x > 0 else alpha * math.expm1(x),
               lambda x, alpha=1.0: 1.0 if x > 0 else alpha * math.exp(x), options=[{"alpha": 2.0}],
               torch=functional("elu"), special=[point([0, -1e4], [0, -2], [2, 0], options={"alpha": 2.0})]),
    activation("gelu", gelu, gelu_slope, options=[{"approximate": "tanh"}], torch=functional("gelu"), far_rtol=1e-4,
               bad=[(lambda: mg.gelu(t(2), approximate="no"), ValueError, "gelu: approximate must be .*, got 'no'")]),
    activation("silu", lambda x: x * logistic(x), lambda x: logistic(x) * (1 + x * logistic(-x)),
               torch=functional("silu")),
    activation("erf", math.erf, lambda x: 2 / ROOT_PI * math.exp(-x * x), torch="erf",
               special=[point([-INF, 0, INF], [-1, 0, 1], [0, 2 / ROOT_PI, 0])]),
    activation("erfc", math.erfc, lambda x: -2 / ROOT_PI * math.exp(-x * x), torch="erfc",
               special=[point([-INF, 0, INF], [2, 1, 0], [0, -2 / ROOT_PI, 0]),
                        point([10.0, 26.0], [math.erfc(10), math.erfc(26)], None)]),
]  # fmt: skip
SOFT = [((2, 3), {}), ((2, 3), {"axis": 0}), ((3,), {}), ((2, 3, 2), {"axis": 1}), ((0, 3), {})]


def bce(z, y, reduction="mean"):
    losses = np.maximum(z, 0) - z * y + np.log1p(np.exp(-abs(z)))
    return losses if reduction == "none" else getattr(losses, reduction)()


def onehot(y, z):
    return y if y.ndim == z.ndim else np.eye(z.shape[-1])[y]


def cross_entropy(z, y, reduction="mean"):
    losses = -(onehot(y, z) * np.log(softmax(z))).sum(axis=-1)
    return losses if reduction == "none" else getattr(losses, reduction)()


def per_loss(w, count, reduction="mean"):
    return w / count if reduction == "mean" else w[..., None] if reduction == "none" else w


def torch_loss(name):
    return lambda m, *args, reduction="mean": getattr(m.nn.functional, name)(*args, reduction=reduction)


REDUCTIONS = [{}, {"reduction": "sum"}, {"reduction": "none"}]
LABELS = np.array([2, 0, 2, 1])
FARZ = np.array([float(np.float32(z)) for z in Z])
ROW = np.array([[1e4, 0, -1e4]])
TINY = float(np.finfo(np.float32).tiny)
LOSSES = [
    moving(
        "softmax", *SOFT, reference=softmax, protocol=False, torch=lambda m, z, axis=-1: m.softmax(z, axis),
        pullback=lambda w, z, axis=-1: ((lambda s: s * (w - (w * s).sum(axis=axis, keepdims=True)))(softmax(z, axis)),),
        special=[point([0, -INF], [1, 0], [0, 0])],
        far=[Point((np.array([1e4, 0, -1e4]),), [1, 0, 0], ([0, 0, 0],), cotangent=[1, 2, 3]),
             Point((np.array([1e4, 1e4]),), [0.5, 0.5], ([-0.25, 0.25],), cotangent=[1, 2]),
             Point((np.array([0.0, -88]),), [1, math.exp(-88)], ([-math.exp(-88), math.exp(-88)],), cotangent=[1, 2])],
    ),
    moving(
        "log_softmax", *SOFT, reference=lambda z, axis=-1: np.log(softmax(z, axis)), protocol=False,
        torch=lambda m, z, axis=-1: m.log_softmax(z, axis),
        pullback=lambda w, z, axis=-1: (w - softmax(z, axis) * w.sum(axis=axis, keepdims=True),),
        far=[Point((np.array([1e4, 0, -1e4]),), [0, -1e4, -2e4], ([-2, 1, 1],)),
             Point((np.array([1e4, 1e4]),), [-math.log(2)] * 2, ([-0.5, 0.5],), cotangent=[1, 2])],
    ),
    moving(
        "standardize", ((4, 3), {"axis": 0}), ((2, 3, 2), {"axis": (0, 2)}), ((4, 3), {"axis": -1, "eps": 0.1}),
        ((5,), {"axis": 0}),
        reference=lambda x, axis, eps=1e-5: centred(x, axis) / np.sqrt(x.var(axis, keepdims=True) + eps),
        special=[point([2.0, 2.0], [0, 0], [0, 0], options={"axis": 0})], protocol=False,
    ),
    Sample(
        "log_probability", primitives["log_probability"], lambda p: np.log(np.maximum(p, TINY)),
        [Case((reals(*s, low=0.1, high=1),)) for s in SHAPES], (lambda p: 1 / p,), protocol=False,
        far=[Point((np.array([0, 1e-30, 1]),), [math.log(TINY), math.log(1e-30), 0], ([1 / TINY, 1e30, 1],))],
    ),
    Sample(
        "sigmoid_error", primitives["sigmoid_error"], lambda z, y: 1 / (1 + np.exp(-z)) - y,
        [Case((reals(*a), reals(*b, low=0, high=1, seed=1))) for a, b in PAIRS] + [Case((reals(3), 1))],
        (lambda z, y: 0.25 / np.cosh(z / 2) ** 2 + 0 * y, lambda z, y: -1 + 0 * (z + y)), protocol=False,
        far=[Point((FARZ, np.full_like(FARZ, y)), [(1 - y) * logistic(z) - y * logistic(-z) for z in FARZ],
                   ([logistic(z) * logistic(-z) for z in FARZ],)) for y in (0.0, 1.0, 0.25)],
    ),
    Sample(
        "bce_with_logits", primitives["bce_with_logits"], bce,
        [Case((reals(2, 3), reals(2, 3, low=0, high=1, seed=1)), o) for o in REDUCTIONS]
        + [Case((reals(), reals(low=0, high=1, seed=1))), Case((reals(0), reals(0)), {"reduction": "sum"})],
        torch=torch_loss("binary_cross_entropy_with_logits"),
        pullback=lambda w, z, y, reduction="mean": (
            (w / z.size if reduction == "mean" else w) * (each(logistic)(z) - y),
            (w / z.size if reduction == "mean" else w) * -z),
        far=[Point((FARZ, np.full_like(FARZ, y)), [max(z, 0) - z * y + math.log1p(math.exp(-abs(z))) for z in FARZ],
                   ([(1 - y) * logistic(z) - y * logistic(-z) for z in FARZ],), {"reduction": "none"})
             for y in (0.0, 1.0, 0.25)],
        bad=[(lambda: primitives["bce_with_logits"](t(2, 3), t(4)), ShapeError,
              r"bce_with_logits: .*float32\[2, 3\].*float32\[4\].*must have the same shape")],
        protocol=False,
    ),
    Sample(
        "softmax_error", primitives["softmax_error"],
        lambda z, y: softmax(z) * onehot(y, z).sum(-1, keepdims=True) - onehot(y, z),
        [Case((reals(4, 3), LABELS)), Case((reals(2, 3), reals(2, 3, low=0, high=1, seed=1))),
         Case((reals(0, 3), LABELS[:0]))],
        far=[Point((ROW, np.array([k])), [[1 - (k == 0), -1 * (k == 1), -1 * (k == 2)]], ([[0, 0, 0]],))
             for k in range(3)],
        bad=[(lambda: primitives["softmax_error"](t(2, 3), np.array([0, 3])), IndexError, "in softmax_error")],
        protocol=False,
    ),
    Sample(
        "softmax_cross_entropy", primitives["softmax_cross_entropy"], cross_entropy,
        [Case((reals(4, 3), LABELS), o) for o in REDUCTIONS]
        + [Case((reals(2, 3), reals(2, 3, low=0, high=1, seed=1)), o) for o in REDUCTIONS]
        + [Case((reals(0, 3), LABELS[:0]), o) for o in REDUCTIONS[1:]],
        torch=torch_loss("cross_entropy"),
        pullback=lambda w, z, y, reduction="mean": (
            per_loss(w, len(z), reduction) * (softmax(z) * onehot(y, z).sum(-1, keepdims=True) - onehot(y, z)),
            per_loss(w, len(z), reduction) * -np.log(softmax(z)))[: 1 + (y.dtype.kind == "f")],
        far=[Point((ROW, np.array([k])), loss, ([[1 - (k == 0), -1 * (k == 1), -1 * (k == 2)]],))
             for k, loss in enumerate((0, 1e4, 2e4))]
        + [Point((ROW, np.array([[0, 0.5, 0.5]])), 1.5e4, ([[1, -0.5, -0.5]], [[0, 1e4, 2e4]]))],
        bad=[(lambda: primitives["softmax_cross_entropy"](t(2, 3), np.array([0, 3])), IndexError,
              "out of bounds.*softmax_cross_entropy"),
             (lambda: primitives["softmax_cross_entropy"](t(2, 3), np.array([0, 1, 2])), Exception,
              "softmax_cross_entropy\\(z: float32\\[2, 3\\], y: int64\\[3\\]")],
        protocol=False,
    ),
]  # fmt: skip


# Public functions made of primitives

GETITEM = [*INDICES, [0, 2, 2], ([0, 1], slice(None)), mg.tensor([0, 2, 0]), (mg.tensor([1, 1]), mg.tensor(2)),
           mg.tensor([True, False, True, True]), np.int64(2)]  # fmt: skip
COMPOSITES = [
    Sample(
        "astype",
        mg.astype,
        lambda a, dtype: a.astype(dtype),
        [Case((reals(2, 3),), {"dtype": np.float64})],
        bad=[(lambda: t(2, requires_grad=True).astype("complex64"), DtypeError, "complex64")],
    ),
    Sample(
        "prod", mg.prod, np.prod,
        [Case((reals(*s),), o) for s, o in [*REDUCED, *EMPTY, ((7,), {}), ((5, 2), {"axis": 0})]],
        special=[point([0, 2, 3], 0, [6, 0, 0]), point([0, 0, 3], 0, [0, 0, 0])],
    ),
    Sample(
        "einsum", lambda *a, subscripts: mg.einsum(subscripts, *a), einsum,
        [
            contraction("ij,jk", (2, 3), (3, 2)), contraction("ii", (3, 3)), contraction("ii->i", (3, 3)),
            contraction("...i,i", (2, 2, 3), (3,)), contraction("iij->j", (2, 2, 3)), contraction("iii->i", (2, 2, 2)),
            contraction("ij->", (2, 3)), contraction("ba", (2, 3)), contraction("...ij->...ji", (2, 2, 3)),
            contraction("b i, i o -> b o", (2, 3), (3, 2)), contraction("...,...", (2, 3), (3,)),
            contraction("i,->i", (3,), ()),
            contraction("ij,jk,kl->il", (2, 3), (3, 2), (2, 2)), contraction("ii,jj->ij", (2, 2), (3, 3)),
        ],
        bad=[
            (lambda: mg.einsum("ij,jk->ik", t(2, 3)), ShapeError, "einsum: 'ij,jk->ik' describes 2 operands, got 1"),
            (lambda: mg.einsum("ijk->k", t(2, 3)), ShapeError, "'ijk' in 'ijk->k' names 3 axes, the operand has 2"),
            (lambda: mg.einsum("ii->i", t(2, 3)), ShapeError, "einsum: 'i' stands for 2 and 3"),
            (lambda: mg.einsum(t(2), t(2)), TypeError, "einsum: the subscripts must be a string"),
        ],
    ),
    Sample(
        "dot", mg.dot, np.dot,
        [*products(((3,), (3,)), ((2, 3), (3, 2)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 2, 3), (3,)), ((), (2, 3)),
                   ((2,), ()), ((2, 3), (2, 3, 2)), ((2, 2, 3), (3, 3, 2)), ((3,), (2, 3, 2))),
         Case((reals(2, 3), 2.0))],
    ),
    Sample("outer", mg.outer, np.outer, products(((3,), (2,)), ((2, 2), (3,)), ((), (2,)), ((0,), (2,)))),
    Sample(
        "stack", lambda *a, axis=0: mg.stack(a, axis=axis), lambda *a, axis=0: np.stack(a, axis=axis),
        [*[Case((reals(2, 3), reals(2, 3, seed=1)), o) for o in ({}, {"axis": 1}, {"axis": -1})],
         Case((reals(), reals(seed=1)))],
        bad=[(lambda: mg.stack([t(2), t(3)]), ShapeError, "stack: all arrays must have the same shape, got"),
             (lambda: mg.stack([]), ShapeError, "stack: needs at least one array"),
             (lambda: mg.stack(3), TypeError, "stack: needs a sequence of arrays, got int 3")],
    ),
    Sample(
        "concatenate", lambda *a, axis=0: mg.concatenate(a, axis=axis), lambda *a, axis=0: np.concatenate(a, axis=axis),
        [Case((reals(2, 3), reals(2, 3, seed=1)), {"axis": 1}), Case((reals(2, 3), reals(1, 2)), {"axis": None})],
        bad=[(lambda: mg.concatenate([]), ShapeError, "concatenate: needs at least one array")],
    ),
    Sample(
        "split",
        lambda a, cut, axis=0: mg.concatenate([(i + 1) * p for i, p in enumerate(mg.split(a, cut, axis))], axis),
        lambda a, cut, axis=0: np.concatenate([(i + 1) * p for i, p in enumerate(np.split(a, cut, axis))], axis),
        [Case((reals(*s),), o) for s, o in [
            ((4, 3), {"cut": 2}), ((2, 6), {"cut": [1, 4], "axis": 1}), ((6,), {"cut": (2, 2)}),
            ((2, 3), {"cut": 3, "axis": -1}), ((4,), {"cut": [6]})]],
        bad=[(lambda: mg.split(t(5), 2), ShapeError, "split: an axis of length 5 does not divide into 2 equal")],
    ),
    Sample(
        "diagonal", mg.diagonal, np.diagonal,
        [Case((reals(*s),), o) for s, o in [
            ((3, 3), {}), ((2, 4), {"offset": 1}), ((4, 2), {"offset": -2}), ((2, 3, 4), {"axis1": 0, "axis2": -1}),
            ((2, 3, 4), {"axis1": 2, "axis2": 1, "offset": 1}), ((2, 3), {"offset": 9}), ((0, 3), {})]],
        bad=[(lambda: mg.diagonal(t(3)), ShapeError, "diagonal: needs at least two axes"),
             (lambda: mg.diagonal(t(3, 3), axis1=1, axis2=-1), ShapeError, "diagonal: axis1 and axis2 must differ")],
    ),
    Sample("ravel", mg.ravel, np.ravel, [Case((reals(*s),)) for s in ((2, 3), (), (2, 0), (3,))]),
    Sample("getitem", lambda a, index: a[index], lambda a, index: a[index],
           [Case((reals(4, 3),), {"index": i}) for i in GETITEM]),
]  # fmt: skip

SAMPLES = [*UNARY, *BINARY, *CHOICES, *PREDICATES, *SHAPING, *REDUCING, *LINEAR, *ACTIVATIONS, *LOSSES, *COMPOSITES]
