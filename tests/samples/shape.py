"""The axes of an array: another shape, another order, another length; joined and split."""

import numpy as np

import minigrad as mg
from minigrad.device import CPU
from minigrad.engine import primitives
from minigrad.errors import DtypeError, ShapeError

from .row import Case, Sample, moving, parts, reals, t

SHAPING = [
    moving(
        "reshape",
        ((2, 3), {"shape": (3, 2)}),
        ((2, 3), {"shape": -1}),
        ((6,), {"shape": [2, -1]}),
        ((), {"shape": (1, 1)}),
        ((0, 3), {"shape": (3, 0)}),
        pullback=lambda w, a, shape: (w.reshape(a.shape),),
        bad=[
            (lambda: mg.reshape(t(2, 3), (4, 2)), ShapeError, "reshape: got a: float32\\[2, 3\\].*as many elements"),
            (lambda: np.reshape(t(2, 3), (3, 2), order="F"), TypeError, "np.reshape on a Tensor does not take order="),
        ],
    ),
    moving(
        "transpose",
        ((2, 3), {}),
        ((2, 3), {"axes": (1, 0)}),
        ((2, 3, 4), {"axes": (2, 0, 1)}),
        ((2, 3, 4), {"axes": [-1, 0, -2]}),
        ((3,), {"axes": 0}),
        ((2, 0, 1), {}),
        ((), {}),
        bad=[(lambda: mg.transpose(t(2, 3), (0, 0)), ShapeError, "transpose: .*permutation of all axes")],
    ),
    moving("swapaxes", ((2, 3, 4), {"axis1": 0, "axis2": -1}), ((2, 0), {"axis1": 1, "axis2": 0})),
    moving(
        "moveaxis",
        ((2, 3, 4), {"source": 0, "destination": -1}),
        ((2, 3, 4), {"source": (0, 2), "destination": (1, 0)}),
        ((2, 3, 4), {"source": [-1], "destination": [0]}),
        bad=[(lambda: mg.moveaxis(t(2, 3), 2, 0), ValueError, "source: axis 2 is out of bounds.*in moveaxis\\(a: f")],
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
        ((1,), {"shape": 4}),
        bad=[(lambda: mg.broadcast_to(t(3), (2, 4)), ShapeError, "broadcast_to: .*float32\\[3\\].*\\(2, 4\\)")],
    ),
    Sample(
        "concatenate",
        primitives["concatenate"],
        lambda *a, axis=0: np.concatenate(a, axis=axis),
        [
            Case((reals(2, 3), reals(1, 3), reals(0, 3))),
            Case((reals(2, 1), reals(2, 2)), {"axis": -1}),
            Case((reals(3),)),
        ],
        pullback=lambda w, *a, axis=0: tuple(np.split(w, np.cumsum([x.shape[axis] for x in a])[:-1], axis)),
        protocol=False,
    ),
    moving("cast", ((2, 3), {"dtype": np.float64}), reference=lambda a, dtype: a.astype(dtype), protocol=False),
    moving("copy", ((2, 3), {}), ((), {}), ((0, 2), {})),
    moving(
        "to_device",
        ((2, 3), {"source": CPU, "target": CPU}),
        reference=lambda a, source, target: a,
        protocol=False,
    ),
]


# Public functions made of primitives


def given(name, *cases, **more):
    """A row for a function of several arrays."""
    cases = [c if isinstance(c, Case) else Case(tuple(reals(*s, seed=i) for i, s in enumerate(c))) for c in cases]
    return Sample(name, parts(getattr(mg, name)), parts(getattr(np, name)), cases, **more)


COMPOSITES = [
    Sample(
        "astype",
        mg.astype,
        lambda a, dtype: a.astype(dtype),
        [Case((reals(2, 3),), {"dtype": np.float64})],
        bad=[(lambda: t(2, requires_grad=True).astype("complex64"), DtypeError, "complex64")],
    ),
    moving("ravel", ((2, 3), {}), ((), {}), ((2, 0), {}), ((3,), {})),
    Sample(
        "flatten",
        mg.Tensor.flatten,
        lambda a, start_dim=0, end_dim=-1: a.reshape(
            (*a.shape[:start_dim], int(np.prod(a.shape[start_dim : end_dim % max(a.ndim, 1) + 1])),
             *a.shape[end_dim % max(a.ndim, 1) + 1 :])
        ),
        [*[Case((reals(2, 3, 4),), o) for o in ({}, {"start_dim": 1}, {"end_dim": -2}, {"start_dim": 1, "end_dim": 1})],
         Case((reals(),)), Case((reals(2, 0, 3),), {"start_dim": 1})],
        bad=[(lambda: t(2, 3).flatten(2), ValueError, "flatten of float32\\[2, 3\\]: axis 2 is out of bounds"),
             (lambda: t(2, 3).flatten(1, 0), ValueError, "start_dim=1 lies behind end_dim=0")],
        torch="flatten", protocol=False,
    ),
    moving(
        "rollaxis",
        *[((2, 3, 4), {"axis": a, "start": s}) for a, s in ((2, 0), (0, 3), (-1, 1), (0, 2), (1, 1), (0, -1))],
        bad=[(lambda: mg.rollaxis(t(2, 3), 0, 3), ValueError, "rollaxis of float32\\[2, 3\\]: axis 3 is out")],
    ),
    moving("matrix_transpose", ((2, 3), {}), ((4, 2, 3), {}), ((0, 2), {}),
           bad=[(lambda: t(3).mT, ShapeError, "matrix_transpose: needs a matrix or a stack of them, got float32\\[3")]),
    given("broadcast_arrays", [(2, 1), (3,)], [(3,)], [(), (0, 2)],
          bad=[(lambda: mg.broadcast_arrays(t(2), t(3)), ShapeError,
                "broadcast_arrays: got float32\\[2\\], float32\\[3")]),
    given("meshgrid", [(2,), (3,)], [(2,)], [(), (3,), (2,)], [(0,), (2,)],
          *[Case((reals(2), reals(3, seed=1), reals(2, seed=2)), o)
            for o in ({"indexing": "ij"}, {"sparse": True}, {"indexing": "ij", "sparse": True})],
          bad=[(lambda: mg.meshgrid(t(2), indexing="yx"), ValueError, 'meshgrid: indexing must be "xy" or "ij"')]),
    *[given(f"atleast_{n}d", [()], [(3,)], [(2, 3)], [(2, 3, 2, 1)], [(2,), ()], [(0,)]) for n in (1, 2, 3)],
    Sample(
        "stack", lambda *a, axis=0: mg.stack(a, axis=axis), lambda *a, axis=0: np.stack(a, axis=axis),
        [*[Case((reals(2, 3), reals(2, 3, seed=1)), o) for o in ({}, {"axis": 1}, {"axis": -1}, {"axis": -2})],
         Case((reals(), reals(seed=1)))],
        bad=[(lambda: mg.stack([t(2), t(3)]), ShapeError, "stack: all arrays must have the same shape, got"),
             (lambda: mg.stack([]), ShapeError, "stack: needs at least one array"),
             (lambda: mg.stack([t(2), t(2)], axis=2), ValueError, "stack of float32\\[2\\]: axis 2 is out of bounds"),
             (lambda: mg.stack(3), TypeError, "stack: needs a sequence of arrays, got int 3"),
             (lambda: np.stack([t(2)], dtype="float64"), TypeError, "np.stack on a Tensor does not take dtype="),
             (lambda: mg.stack([t(2)], out=t(1, 2)), TypeError,
              "stack\\(\\) got an unexpected keyword argument 'out'")],
    ),
    Sample(
        "concatenate, public", lambda *a, axis=0: mg.concatenate(a, axis=axis),
        lambda *a, axis=0: np.concatenate(a, axis=axis),
        [Case((reals(2, 3), reals(2, 3, seed=1)), {"axis": 1}), Case((reals(2, 3), reals(1, 2)), {"axis": None})],
        bad=[(lambda: mg.concatenate([]), ShapeError, "concatenate: needs at least one array"),
             (lambda: mg.concatenate([t(2, 3), t(2, 4)]), ShapeError,
              "^concatenate: got float32\\[2, 3\\], float32\\[2, 4\\]; the arrays must agree in every axis but axis 0"),
             (lambda: mg.concatenate([t(2, 3), t(3)]), ShapeError,
              "^concatenate: got float32\\[2, 3\\], float32\\[3\\]"),
             (lambda: mg.concatenate([t(2), t(2)], 1), ValueError, "^concatenate of float32\\[2\\], .*: axis 1 is out"),
             (lambda: mg.concatenate([t(), t()]), ValueError, "^concatenate of float32\\[\\], .*: axis 0 is out of")],
    ),
    Sample(
        "split", parts(mg.split), parts(np.split),
        [Case((reals(*s), *a), o) for s, a, o in [
            ((4, 3), (2,), {}), ((2, 6), ([1, 4],), {"axis": 1}), ((6,), ((2, 2),), {}), ((2, 3), (3,), {"axis": -1}),
            ((4,), ([6],), {}), ((4,), ([-3, 2],), {}), ((4,), ([],), {}), ((0, 2), (3,), {})]],
        bad=[(lambda: mg.split(t(5), 2), ShapeError,
              "split: an axis of length 5 does not divide into 2 equal.*array_s"),
             (lambda: mg.split(t(5), 0), ShapeError, "split: an axis of length 5 does not divide into 0 equal pieces$"),
             (lambda: mg.split(t(4), 2, axis=1), ValueError, "split of float32\\[4\\]: axis 1 is out of bounds")],
    ),
]  # fmt: skip

ROWS = [*SHAPING, *COMPOSITES]
