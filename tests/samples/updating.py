"""New tensors with some elements replaced, put in or left out."""

import numpy as np

import minigrad as mg
from minigrad.engine import primitives
from minigrad.errors import DtypeError, ShapeError

from .indexing import GETITEM, host
from .row import Case, Sample, reals, t


def assign(a, index, values):
    a[index] = values


def written(write):
    """Return what a function that writes into an array makes of a copy."""

    def reference(a, values, index):
        a = a.copy()
        write(a, index, values)
        return a

    return reference


def updates(method, write, low=-2.0, **more):
    """A row for a method of `t.at[index]`: `write` does in place, with NumPy, what it does."""

    def case(shape, values, index):
        return Case((reals(*shape, low=low), values), {"index": index})

    return Sample(
        f"at, {method}", lambda a, values, index: getattr(a.at[index], method)(values), written(write),
        [
            *[case((4, 3), reals(*np.zeros((4, 3))[host(i)].shape, low=low, seed=1), i) for i in GETITEM],
            case((4, 3), 1.5, [1, 1, 3]), case((4, 3), reals(3, low=low, seed=1), (slice(1, 3),)),
            case((4, 3), reals(2, 1, low=low, seed=1), [3, 3]), case((4, 3), reals(4, 2, low=low, seed=1),
            (..., [0, 0])),
            case((5,), reals(7, low=low, seed=1), np.array([4, 0, 4, -1, 2, 4, 0])),
            case((), reals(low=low, seed=1), ()), case((), 0.5, ...), case((0, 2), 1.5, np.ones(0, bool)),
        ],
        protocol=False, **more,
    )  # fmt: skip


def along(a, values, indices, axis):
    a = a.copy()
    np.put_along_axis(a, indices, values, axis)
    return a


MISFIT = "^t.at\\[…\\].set: the values are float32\\[3\\], and the index selects shape \\[2\\] of float32\\[4\\]; "
ROWS = [
    Sample("set_at", primitives["set_at"], written(assign),
           [Case((reals(4, 3), np.array(reals(4, 3, seed=1)[i])), {"index": i})
            for i in (1, (slice(None), 2), ..., np.array([2, 0]), np.array([True, False, True, False]),
            ([0, 1], [2, 2]))],
           protocol=False),
    updates("set", assign, bad=[
        (lambda: t(4).at[:2].set(t(3)), ShapeError, MISFIT),
        (lambda: t(4).at[4].set(0), IndexError, "^t.at\\[4\\] of float32\\[4\\]: index 4 is out of bounds"),
        (lambda: t(4).at[[0, 5]].set(0), IndexError,
         "^t.at\\[int64\\[2\\]\\] of float32\\[4\\]: index 5 is out of bounds"),
        (lambda: mg.tensor([1, 2]).at[0].set(0.5), DtypeError,
         "^t.at\\[…\\].set: float32\\[\\] does not fit into int64\\[2"),
        (lambda: mg.tensor([1], dtype="uint8").at[0].set(300), DtypeError,
         "int64\\[\\] does not fit into uint8\\[1\\]"),
        (lambda: mg.tensor([1, 2]).at[0].divide(2), DtypeError, "t.at\\[…\\].divide: of int64\\[2\\] it gives float64"),
        (lambda: t(4).at[0].set("a"), TypeError,
         "^t.at\\[…\\].set: expected a Tensor, an array or numbers, got str 'a'"),
        (lambda: t(4).__setitem__(0, 1.0), TypeError, "u = t.at\\[index\\].set\\(values\\) is a new tensor")]),
    updates("add", np.add.at),
    updates("subtract", np.subtract.at),
    updates("multiply", np.multiply.at),
    updates("divide", np.divide.at, low=0.5),
    updates("power", np.power.at, low=0.5),
    updates("min", np.minimum.at),
    updates("max", np.maximum.at),
    Sample("at, get", lambda a, index: a.at[index].get(), lambda a, index: a[index],
           [Case((reals(4, 3),), {"index": i}) for i in GETITEM], protocol=False),
    Sample("put_along_axis", lambda a, values, indices, axis: mg.put_along_axis(a, indices, values, axis), along,
           [Case((reals(2, 3), reals(2, 2, seed=1)), {"indices": np.array([[0, 2], [1, 1]]), "axis": 1}),
            Case((reals(2, 3), 2.0), {"indices": np.array([[0, 1, 0]]), "axis": 0})],
           bad=[(lambda: mg.put_along_axis(t(2, 3), [[3]], 0, 1), IndexError,
                 "^put_along_axis: index 3 is out of bounds"),
                (lambda: mg.put_along_axis(t(2, 3), [[1]], t(3), 1), ShapeError,
                 "^put_along_axis: the values are float32\\[3")],
           protocol=False),
    Sample("delete", mg.delete, np.delete,
           [Case((reals(4, 3),), o) for o in (
               {"obj": 1}, {"obj": -2, "axis": 0}, {"obj": [0, 0, 2], "axis": -1},
               {"obj": slice(None, None, 2), "axis": 0},
               {"obj": np.array([True, False, False, True]), "axis": 0}, {"obj": [], "axis": 1},
               {"obj": mg.tensor([1, 2]), "axis": 1}, {"obj": slice(3, 0, -1), "axis": 0})],
           protocol=False,
           bad=[(lambda: mg.delete(t(4, 3), 3, axis=1), IndexError,
                 "^delete of float32\\[4, 3\\]: index 3 is out of bounds"),
                (lambda: mg.delete(t(4), [True, False]), ValueError, "^delete of float32\\[4\\]: boolean array"),
                (lambda: mg.delete(t(4), 0, axis=1), ValueError,
                 "^delete of float32\\[4\\]: axis 1 is out of bounds")]),
    Sample("insert", lambda a, v, obj, axis=None: mg.insert(a, obj, v, axis),
           lambda a, v, obj, axis=None: np.insert(a, obj, v, axis),
           [Case((reals(*s), v), o) for s, v, o in [
               ((4, 3), 1.5, {"obj": 1}), ((4, 3), reals(3, seed=1), {"obj": 1, "axis": 0}),
               ((4, 3), reals(4, seed=1), {"obj": -1, "axis": 1}),
               ((4, 3), reals(4, 2, seed=1), {"obj": [1, 3], "axis": 1}),
               ((4, 3), reals(2, 1, seed=1), {"obj": [2, 2], "axis": 0}), ((4,), reals(3, seed=1), {"obj": [3, 0, 0]}),
               ((4,), reals(2, seed=1), {"obj": slice(0, 4, 3)}),
               ((4,), 0.5, {"obj": np.array([True, False, True, False])}),
               ((4,), reals(2, seed=1), {"obj": 2}), ((0,), reals(2, seed=1), {"obj": 0})]],
           bad=[(lambda: mg.insert(t(4), 5, 0), IndexError, "^insert of float32\\[4\\]: index 5 is out of bounds"),
                (lambda: mg.insert(mg.tensor([1, 2]), 0, 0.5), DtypeError,
                 "^insert: float32\\[\\] does not fit into int64"),
                (lambda: mg.insert(t(4, 3), [0, 1], t(5), 0), ValueError,
                 "^insert of float32\\[4, 3\\]: shape mismatch")]),
]  # fmt: skip
