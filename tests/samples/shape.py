"""Shape and indexing."""

import numpy as np

import minigrad as mg
from minigrad.device import CPU
from minigrad.engine import primitives
from minigrad.errors import DtypeError, ShapeError

from .row import Case, Point, Sample, moving, reals, t

# Shape and indexing


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

ROWS = [*SHAPING, *COMPOSITES]
