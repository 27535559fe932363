"""Elements moved about and repeated."""

import numpy as np

import minigrad as mg
from minigrad.engine import primitives
from minigrad.errors import ShapeError

from .row import Case, Sample, moving, reals, t

ROWS = [
    moving("flip", ((2, 3), {}), ((2, 3), {"axis": 1}), ((2, 3, 2), {"axis": (0, -1)}), ((), {}),
           bad=[(lambda: mg.flip(t(2), 1), ValueError, "axis 1 is out of bounds.*in flip\\(m: float32\\[2\\]")]),
    moving("flipud", ((3, 2), {}), ((3,), {}), ((0, 2), {}),
           bad=[(lambda: mg.flipud(t()), ValueError, "flipud of float32\\[\\]: axis 0 is out of bounds")]),
    moving("fliplr", ((2, 3), {}), ((2, 3, 2), {}),
           bad=[(lambda: mg.fliplr(t(3)), ValueError, "fliplr of float32\\[3\\]: axis 1 is out of bounds")]),
    moving("rot90", *[((2, 3), {"k": k}) for k in (0, 1, 2, 3, -1, 6)],
           *[((2, 3, 4), {"k": k, "axes": axes}) for k in (1, 2, 3) for axes in ((0, 2), (-1, 1))],
           torch=lambda m, a, k, axes=(0, 1): m.rot90(a, k, axes),
           bad=[(lambda: mg.rot90(t(3)), ValueError, "rot90 of float32\\[3\\]: axis 1 is out of bounds"),
                (lambda: mg.rot90(t(3, 3), axes=(1, -1)), ShapeError,
                 "rot90 of float32\\[3, 3\\]: the two axes must d")]),
    moving("roll", ((5,), {"shift": 2}), ((2, 3), {"shift": -1}), ((2, 3), {"shift": 1, "axis": 1}),
           ((2, 3), {"shift": (1, -2), "axis": (0, 1)}), ((2, 3), {"shift": [1, 2], "axis": [0, 0]}),
           ((2, 3), {"shift": 1, "axis": (0, 1)}), ((0, 2), {"shift": 1})),
    moving("repeat", ((2, 3), {"repeats": 2}), ((2, 3), {"repeats": 3, "axis": 0}),
        ((2, 3), {"repeats": 2, "axis": -1}),
           ((3,), {"repeats": [1, 0, 2]}), ((2, 3), {"repeats": np.array([2, 0, 1]), "axis": 1}),
           ((2, 3), {"repeats": mg.tensor([2, 1]), "axis": 0}), ((), {"repeats": 2}), ((2, 3), {"repeats": 0}),
           ((2, 3), {"repeats": [2], "axis": 1}), ((0, 2), {"repeats": 2, "axis": 0}), ((0,), {"repeats": []}),
           bad=[(lambda: mg.repeat(t(3), [1, 2]), ShapeError, "repeat: axis 0 of float32\\[3\\] needs one number"),
                (lambda: mg.repeat(t(3), -1), ShapeError,
                 "repeat: .* needs one number ≥ 0, or 3 of them, got repeats=-1"),
                (lambda: mg.repeat(t(3), 1.5), TypeError, "repeat: repeats must be integers, got float 1.5"),
                (lambda: t(3).repeat(2, 3), ValueError, "repeat of float32\\[3\\]: axis 3 is out of bounds")]),
    moving("tile", ((3,), {"reps": 2}), ((2, 3), {"reps": (2, 1)}), ((3,), {"reps": (2, 2)}), ((2, 3), {"reps": 2}),
           ((), {"reps": (2, 2)}), ((2, 3), {"reps": ()}), ((2, 1, 2), {"reps": [1, 3]}), ((2, 3), {"reps": (0, 2)}),
           ((0, 2), {"reps": (2, 2)}),
           torch=lambda m, a, reps: m.tile(a, (reps,) if isinstance(reps, int) else tuple(reps)),
           bad=[(lambda: mg.tile(t(3), (2, -1)), ValueError, "tile: the numbers of copies must not be negative"),
                (lambda: mg.tile(t(3), 0.5), TypeError, "tile: reps must be integers, got float 0.5")]),
    moving("resize", ((2, 3), {"new_shape": (2, 2)}), ((3,), {"new_shape": (2, 4)}), ((2, 3), {"new_shape": 7}),
           ((2, 3), {"new_shape": (0, 2)}), ((), {"new_shape": (2,)}), ((0,), {"new_shape": (0, 3)}),
           bad=[(lambda: mg.resize(t(3), (2, -1)), ShapeError, "resize: the lengths .* must not be negative")]),
    Sample("pad", primitives["pad"],
           lambda a, pairs, mode="constant", filled=0:
               np.pad(a, pairs, mode, **({} if mode != "constant" else {"constant_values": filled})),
           [Case((reals(2, 3),), {"pairs": ((1, 2), (0, 1)), **o}) for o in ({}, {"filled": 7.0}, {"mode": "wrap"})],
           protocol=False),
    moving(
        "pad, public",
        ((2, 3), {"pad_width": 1}),
        ((2, 3), {"pad_width": ((1, 2), (0, 1)), "constant_values": 7.0}),
        ((2, 3), {"pad_width": (1, 2), "constant_values": ((1, 2), (3, 4))}),
        ((3,), {"pad_width": (2, 0)}),
        ((2, 0), {"pad_width": ((0, 0), (1, 1))}),
        ((2, 3), {"pad_width": [[1], [0]]}),
        ((), {"pad_width": 1}),
        *[((2, 3), {"pad_width": ((1, 2), (0, 4)), "mode": m}) for m in ("edge", "symmetric", "wrap")],
        *[((2, 3), {"pad_width": p, "mode": "reflect"}) for p in (1, ((0, 3), (5, 1)))],
        *[((3,), {"pad_width": (4, 5), "mode": m}) for m in ("edge", "reflect", "symmetric", "wrap")],
        ((1,), {"pad_width": 2, "mode": "reflect"}),
        ((2, 0), {"pad_width": ((1, 1), (0, 0)), "mode": "edge"}),
        bad=[(lambda: mg.pad(t(3), 1, mode="mean"), ValueError, "mode='mean' is not supported, only constant, edge"),
             (lambda: mg.pad(t(0), 1, mode="edge"), ValueError, "can't extend empty axis.*in pad\\(array: float32\\[0"),
             (lambda: mg.pad(t(2, 3), [(1, 1)] * 3), ShapeError, "pad: pad_width .* a pair for each of the 2 axes"),
             (lambda: mg.pad(t(3), -1), ValueError, "pad: pad_width must not be negative, got -1; t\\[1:-1\\]"),
             (lambda: np.pad(t(3), 1, mode="reflect", reflect_type="odd"), TypeError, "does not take reflect_type=")],
    ),
]  # fmt: skip
