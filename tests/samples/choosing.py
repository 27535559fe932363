"""Elements chosen by indices, by conditions, or among several arrays."""

import numpy as np

import minigrad as mg
from minigrad.errors import ShapeError

from .row import Case, Point, Sample, moving, reals, t

MASK = np.array([[True, False, True], [False, False, True]])
NUMBERS = np.array([[0, 2, 1], [1, 1, 0]])
THREE = tuple(reals(2, 3, seed=i) for i in range(3))


def selecting(of, **more):
    return lambda c, x, y, **options: of([c, ~c if c.ndim > 1 else c], [x, y], **options, **more)


def among(of):
    return lambda a, x, y, z, **options: of(a, [x, y, z], **options)


def halves(of):
    """Call `piecewise` with conditions on the first argument, functions of it, and numbers."""
    return lambda x, case: of(x, *case(x))


PIECES = [
    lambda x: ([x < 0, x >= 0], [lambda v: -v, lambda v: v * v]),
    lambda x: ([x < 0], [lambda v: v * v, lambda v: 3 * v]),  # and otherwise
    lambda x: ([x < 1, x < 0], [lambda v: v, 2.0]),  # the last one counts, and 0 elsewhere
    lambda x: (x < 0, [lambda v: -v]),
    lambda x: ([x > 9], [lambda v: v, lambda v: v + 1]),
]

ROWS = [
    Sample(
        "where, public", mg.where, np.where,
        [Case((MASK, reals(2, 3), reals(3, seed=1))), Case((MASK, reals(2, 1), 0.5))],
        (None, lambda c, x, y: 1.0 * c, lambda c, x, y: 1.0 * ~c),
        bad=[(lambda: mg.where(MASK, t(3)), TypeError, "^where: got only one of x and y"),
             (lambda: mg.where(MASK, t(2), 0), ShapeError, "^where: got condition: bool\\[2, 3\\], x: float32\\[2\\]")],
    ),
    moving("take", ((4, 3), {"indices": 2}), ((4, 3), {"indices": [0, 0, -1]}), ((4, 3), {"indices": 1, "axis": 1}),
           ((4, 3), {"indices": np.array([[0, 3], [1, 1]]), "axis": 0}),
           ((4, 3), {"indices": mg.tensor([2, 0]), "axis": -1}),
           ((4, 3), {"indices": [5, -7, 1], "axis": 1, "mode": "wrap"}), ((4, 3), {"indices": [], "axis": 0}),
           ((4, 3), {"indices": [5, -7, 1], "axis": 0, "mode": "clip"}), ((4,), {"indices": np.array([True, False])}),
           ((), {"indices": [0, 0]}), ((0, 3), {"indices": [], "axis": 0}),
           bad=[(lambda: mg.take(t(4, 3), [0, 3], axis=1), IndexError,
                 "^take: index 3 is out of bounds for axis 1 of float32\\[4, 3\\]; .*mode="),
                (lambda: t(4).take(-5), IndexError, "^take: index -5 is out of bounds"),
                (lambda: mg.take(t(4), 1.5), TypeError,
                 "^take: indices must be integers, got float 1.5; .*astype\\(int"),
                (lambda: mg.take(t(0), [0]), IndexError, "^take: axis 0 of float32\\[0\\] has no elements"),
                (lambda: mg.take(t(4), 0, mode="fill"), ValueError, "^take: mode must be"),
                (lambda: np.take(t(4), 0, out=np.zeros(())), TypeError, "np.take on a Tensor does not take out=")]),
    moving("take_along_axis", ((4, 3), {"indices": np.array([[0, 2, 2], [3, 0, -1]]), "axis": 0}),
           ((2, 3), {"indices": np.array([[1], [0]]), "axis": 1}),
           ((2, 3), {"indices": np.array([[1, 1]]), "axis": -1}),
           ((1, 3), {"indices": np.array([[1, 1], [0, 2]]), "axis": 1}),
           ((2, 3), {"indices": np.array([5, 0]), "axis": None}),
           ((2, 0), {"indices": np.zeros((2, 0), int), "axis": 1}),
           torch=lambda m, a, indices, axis: m.take_along_dim(a, m.tensor(indices) % a.shape[0], axis)
           if axis == 0 else m.take_along_dim(a, m.tensor(indices), axis),
           bad=[(lambda: mg.take_along_axis(t(2, 3), [0, 1], 1), ShapeError,
                 "^take_along_axis: got indices int64\\[2\\] f"),
                (lambda: mg.take_along_axis(t(2, 3), [[0], [1], [0]], 1), ShapeError, "equal or 1 in all but axis 1"),
                (lambda: mg.take_along_axis(t(2, 3), [[3]], 1), IndexError,
                 "^take_along_axis: index 3 is out of bounds"),
                (lambda: mg.take_along_axis(t(2, 3), t(2, 1), 1), TypeError, "indices must be integers, got float32")]),
    Sample("compress", lambda a, condition, axis=None: mg.compress(condition, a, axis),
           lambda a, condition, axis=None: np.compress(condition, a, axis),
           [Case((reals(2, 3),), o) for o in (
               {"condition": np.array([True, False, True, False, False, True])}, {"condition": [0, 1], "axis": 0},
               {"condition": np.array([False, True]), "axis": 1}, {"condition": np.zeros(3, bool), "axis": -1})],
           bad=[(lambda: mg.compress([True] * 4, t(3)), IndexError, "^compress: index 3 is out of bounds for axis 0"),
                (lambda: mg.compress(MASK, t(2, 3)), ShapeError,
                 "^compress: the condition must be a vector, got bool")]),
    Sample("extract", lambda arr, condition: mg.extract(condition, arr),
        lambda arr, condition: np.extract(condition, arr),
           [Case((reals(2, 3),), {"condition": MASK}), Case((reals(3),), {"condition": [True, False, True]})],
           bad=[(lambda: mg.extract([True], t(2)), ShapeError,
                 "^extract: got a condition bool\\[1\\] for float32\\[2\\]")]),
    Sample("select", selecting(mg.select), selecting(np.select),
           [Case((MASK, reals(2, 3), reals(3, seed=1))), Case((MASK[0], reals(2, 3), 2.0), {"default": -1.0}),
            Case((MASK[0], reals(3), reals(3, seed=1)), {"default": 0.5}), Case((MASK, reals(), 1))],
           bad=[(lambda: mg.select([t(2)], [t(2)]), TypeError, "^select: condition 0 is float32\\[2\\]; .*boolean"),
                (lambda: mg.select([MASK], [t(2, 3), t(2, 3)]), ValueError, "^select: got 1 conditions and 2 choices"),
                (lambda: mg.select([], []), ValueError, "^select: got 0 conditions"),
                (lambda: mg.select([MASK], [t(2)]), ShapeError, "^select: got bool\\[2, 3\\], float32\\[2\\]")]),
    Sample("choose", among(mg.choose), among(np.choose),
           [Case((NUMBERS, *THREE)), Case((NUMBERS[0], reals(3), 1.5, reals(seed=1))),
            Case((NUMBERS + 4, *THREE), {"mode": "clip"}), Case((NUMBERS - 4, *THREE), {"mode": "wrap"}),
            Case((np.array(1), reals(2), reals(2, seed=1), reals(2, seed=2)))],
           bad=[(lambda: mg.choose([0, 3], [t(2), t(2)]), ValueError,
                 "^choose: a has numbers from 0 to 3, and there are 2"),
                (lambda: mg.choose([-1], [t(1)]), ValueError, "^choose: a has numbers from -1 to -1"),
                (lambda: mg.choose([0, 1], [t(2), t(3)]), ShapeError,
                 "^choose: got int64\\[2\\], float32\\[2\\], float32\\[3"),
                (lambda: mg.choose(t(2), [t(2)]), TypeError, "^choose: a must be integers, got float32\\[2\\]")]),
    Sample("piecewise", halves(mg.piecewise), halves(np.piecewise),
           [*[Case((reals(6), case)) for case in PIECES], *[Case((reals(2, 3), case)) for case in PIECES[:3]]],
           special=[Point((np.array([-1.0, 4.0]), lambda x: ([x >= 0], [np.sqrt, 0.0])), [0, 2], ([0, 0.25],))],
           bad=[(lambda: mg.piecewise(t(2), [t(2) > 0], []), ValueError,
                 "^piecewise: got 1 conditions and 0 functions"),
                (lambda: mg.piecewise(t(2), [t(3) > 0], [1.0]), ShapeError,
                 "^piecewise: x is float32\\[2\\], a condition is"),
                (lambda: mg.piecewise(t(2), [t(2) == 0], [lambda v: t(3)]), ShapeError,
                 "^piecewise: the values are float")]),
]  # fmt: skip
