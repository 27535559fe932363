"""Arrays put together and taken apart, by NumPy's many names."""

import numpy as np

import minigrad as mg
from minigrad.errors import ShapeError

from .row import Case, Sample, parts, reals, t


def joins(name, *shapes, **more):
    """A row for a function of a sequence of arrays."""
    ours, numpys = getattr(mg, name), getattr(np, name)
    cases = [Case(tuple(reals(*s, seed=i) for i, s in enumerate(each))) for each in shapes]
    return Sample(name, lambda *a: ours(a), lambda *a: numpys(a), cases, **more)


def cuts(name, *cases, **more):
    return Sample(name, parts(getattr(mg, name)), parts(getattr(np, name)),
                  [Case((reals(*shape), *args)) for shape, *args in cases], **more)


def blocks(of):
    return lambda a, b, c, d: of([[a, b], [c, d]])


ROWS = [
    Sample("array", lambda a, b: mg.array([[a, b], [b, 2.0 if a.ndim == 0 else [2.0, 1.0]]]),
           lambda a, b: np.array([[a, b], [b, 2.0 if a.ndim == 0 else [2.0, 1.0]]]),
           [Case((reals(), reals(seed=1))), Case((reals(2), reals(2, seed=1)))], protocol=False,
           bad=[(lambda: mg.array([t(2), t(3)]), ShapeError, "^array: the parts of the nested lists differ in shape"),
                (lambda: mg.array([[t()], 1.0]), ShapeError, "^array: the parts of the nested lists differ in shape")]),
    joins("hstack", [(2, 3), (2, 1)], [(3,), (2,)], [(), ()], [(2, 1, 2), (2, 2, 2)], [(0, 2), (0, 1)], [(2,)],
          bad=[(lambda: mg.hstack([t(2, 3), t(3, 3)]), ShapeError,
                "^hstack: got float32\\[2, 3\\], float32\\[3, 3\\]; "),
               (lambda: mg.hstack([]), ShapeError, "hstack: needs at least one array"),
               (lambda: np.hstack([t(2), t(2)], dtype="float64"), TypeError, "np.hstack .* does not take dtype=")]),
    joins("vstack", [(2, 3), (1, 3)], [(3,), (3,)], [(), ()], [(3,), (2, 3)], [(2, 1, 2), (1, 1, 2)], [(0, 2), (1, 2)],
          bad=[(lambda: mg.vstack([t(2, 3), t(2)]), ShapeError,
                "^vstack: got float32\\[2, 3\\], float32\\[1, 2\\]; ")]),
    joins("dstack", [(2, 3), (2, 3)], [(3,), (3,)], [(), ()], [(2, 1, 2), (2, 1)], [(0, 2), (0, 2)],
          bad=[(lambda: mg.dstack([t(2), t(3)]), ShapeError, "^dstack: got float32\\[1, 2, 1\\], ")]),
    joins("column_stack", [(2,), (2,)], [(2, 3), (2,)], [(), ()], [(0,), (0, 2)],
          bad=[(lambda: mg.column_stack([t(2), t(3)]), ShapeError, "^column_stack: got float32\\[2, 1\\], ")]),
    Sample("append", mg.append, np.append,
           [Case((reals(2, 3), reals(2))), Case((reals(2, 3), reals(1, 3)), {"axis": 0}),
            Case((reals(3), 2.0)), Case((reals(2, 0), reals(2, 1)), {"axis": -1})],
           bad=[(lambda: mg.append(t(2, 3), t(3), axis=0), ShapeError,
                 "^append: got float32\\[2, 3\\], float32\\[3\\]")]),
    Sample("block", blocks(mg.block), blocks(np.block),
           [Case(tuple(reals(*s, seed=i) for i, s in enumerate(each))) for each in [
               ((2, 2), (2, 1), (1, 2), (1, 1)), ((2,), (1,), (1,), (2,)), ((), (), (), ()),
               ((2, 2, 1), (2, 2, 2), (2, 1, 1), (2, 1, 2)), ((0, 2), (0, 1), (1, 2), (1,))]],
           bad=[(lambda: mg.block([[t(2), t(2)], [t(3)]]), ShapeError, "^block: got float32\\[1, 4\\], float32\\[1, 3"),
                (lambda: mg.block([[t(2)], t(2)]), ShapeError, "^block: the parts of arrays are nested lists of diff"),
                (lambda: mg.block([[t(2)], (t(2),)]), TypeError, "^block: arrays\\[1\\] is a tuple; .*in lists"),
                (lambda: mg.block([[t(2)], []]), ShapeError, "^block: arrays\\[1\\] is an empty list")]),
    cuts("array_split", ((5, 2), 3), ((2, 5), 2, 1), ((2,), 4), ((5,), [1, 3]), ((0,), 2), ((5,), np.array([2])),
         bad=[(lambda: mg.array_split(t(5), 0), ShapeError,
               "array_split: an axis of length 5 does not divide into 0")]),
    cuts("hsplit", ((2, 4), 2), ((4,), 2), ((2, 3, 2), [1]),
         bad=[(lambda: mg.hsplit(t(), 2), ValueError, "hsplit of float32\\[\\]: axis 0 is out of bounds")]),
    cuts("vsplit", ((4, 2), 2), ((4, 1), [1, 2]),
         bad=[(lambda: mg.vsplit(t(4), 2), ShapeError, "vsplit: needs at least 2 axes, got float32\\[4\\]")]),
    cuts("dsplit", ((1, 2, 4), 2), ((1, 1, 3), [1]),
         bad=[(lambda: mg.dsplit(t(4, 2), 2), ShapeError, "dsplit: needs at least 3 axes, got float32\\[4, 2\\]")]),
    Sample("unstack", parts(mg.unstack), parts(lambda x, axis=0: tuple(np.moveaxis(x, axis, 0))),
           [Case((reals(2, 3),)), Case((reals(2, 3),), {"axis": -1}), Case((reals(3),))],
           bad=[(lambda: mg.unstack(t()), ValueError, "unstack of float32\\[\\]: axis 0 is out of bounds")]),
]  # fmt: skip
