"""`Block`: parameters of one group whose values lie in one flat array.

Small parameters share a block, so that an update is a few NumPy calls in all and not a few for each of
them; a large one stays alone, so that its gradient need not be copied. Read next: `whole.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from ..device import device_of, move
from ..engine import Tensor
from ..engine.node import tick_update
from ..engine.tracing import current
from ..errors import ShapeError, describe

Array = Any
Group = dict[str, Any]

_stored = vars(Tensor)["_data"].__get__  # a parameter's array also where a trace shows another in its place

STRETCH = 32 * 1024  # elements updated at a time: the temporaries of a formula stay in cache
KEPT = 128 * 1024  # elements of parameters and state that are copied before an update, to be put back if it fails
TRACED_STRETCH = 1024 * 1024  # where a program is written, which divides the work itself


class Block:
    """Parameters of one group, dtype and device, that have been updated equally often.

    Attributes
    ----------
    params : the parameters; their data are views of `theta`
    theta : (n,) their values, one after the other
    held : of each parameter, itself and its view
    names, state : the state arrays of the optimizer: for each name one like `theta`, zeros at first
    t : the number of updates so far
    kept, kept_t : of a small one, room for what `theta`, `state` and `t` were before an update; see `whole.py`
    checked : the hyper-parameters that were last found to be in range
    """

    def __init__(self, params: Sequence[Tensor], group: Group, names: Sequence[str]) -> None:
        self.params, self.group, self.names, self.t = list(params), group, names, 0
        self.checked: list[Any] = []
        self.shapes = [p.shape for p in params]
        ends = np.cumsum([math.prod(shape) for shape in self.shapes]).tolist()
        self.parts = [slice(start, end) for start, end in zip([0, *ends], ends, strict=False)]
        arrays = [np.asarray(a) if isinstance(a := _stored(p), np.generic) else a for p in params]
        flags = arrays[0].flags
        if len(arrays) == 1 and flags.c_contiguous and getattr(flags, "writeable", True):
            self.theta, views = arrays[0].reshape(-1), arrays
        else:
            self.theta = np.concatenate([a.reshape(-1) for a in arrays])
            views = self._shaped(self.theta)
        self.held = list(zip(params, views, strict=True))
        for p, view in self.held:
            p._data = view  # not p.data, which would tell graphs that the values changed
        self.changes = [p._changes() for p in params]
        self.state = [np.zeros_like(self.theta) for _ in names]
        arrays = [self.theta, *self.state]
        self.kept = [np.empty_like(a) for a in arrays] if self.theta.size * len(arrays) <= KEPT else []
        self.kept_t = 0
        self.gathered = np.empty_like(self.theta) if len(self.params) > 1 else None
        self.rooms = self._shaped(self.gathered) if len(self.params) > 1 else []

    def _shaped(self, flat: Array) -> list[Array]:
        """Return a flat array as one view for each parameter, in its shape."""
        return [flat[part].reshape(shape) for part, shape in zip(self.parts, self.shapes, strict=True)]

    def state_of(self, i: int) -> list[Array]:
        """Return the state of the i-th parameter, in its shape: views."""
        return [s[self.parts[i]].reshape(self.shapes[i]) for s in self.state]

    def is_current(self) -> bool:
        """Tell whether the parameters' data are still the views of `theta`, and not replaced or moved since."""
        return all([_stored(p) is view for p, view in self.held])

    def is_ready(self) -> bool:
        """Tell whether it is current and all parameters have a gradient."""
        return all([p.grad is not None and (p._data is view or _stored(p) is view) for p, view in self.held])

    def gradient(self) -> Array:
        """Return the gradients of all parameters, one after the other: (n,)."""
        try:
            grads = [p.grad._data for p in self.params]  # type: ignore[union-attr]
        except AttributeError:
            wrong = next(p.grad for p in self.params if not isinstance(p.grad, Tensor))
            raise TypeError(
                f"step: a parameter's .grad is {type(wrong).__name__}, needs a Tensor: mg.tensor(…)"
            ) from None
        if [g.shape for g in grads] != self.shapes:
            wrong = next(p for p, shape in zip(self.params, self.shapes, strict=True) if p.grad.shape != shape)  # type: ignore[union-attr]
            raise ShapeError(
                f"step: a parameter is {describe(wrong)}, its .grad is {describe(wrong.grad)}; shapes must be equal"
            )
        if self.gathered is None:
            return grads[0].reshape(-1)
        if self.gathered.__class__ is not np.ndarray or current.tracer is not None:
            return np.concatenate(grads, axis=None, out=self.gathered)
        for room, g in zip(self.rooms, grads, strict=True):  # takes two thirds of the time
            room[...] = g
        return self.gathered

    def stretches(self, g: Array) -> Iterable[tuple[Array, Array, list[Array]]]:
        """Return parameters, gradient and state cut into stretches."""
        theta, state, n, length = self.theta, self.state, self.theta.size, STRETCH
        if current.tracer is not None:
            theta, state, length = current.tracer.lift(theta), [current.tracer.lift(s) for s in state], TRACED_STRETCH
        if n <= length:
            return [(theta, g, state)]
        parts = [slice(start, start + length) for start in range(0, n, length)]
        return ((theta[part], g[part], [s[part] for s in state]) for part in parts)

    def begin_update(self) -> tuple[Group, int]:
        """Return the hyper-parameters of the update that begins, and its number."""
        return (self.group, self.t + 1) if current.tracer is None else current.tracer.update_of(self)

    def end_update(self) -> None:
        """Count an update, and mark the parameters as changed."""
        self.t += 1
        self.mark_changed()

    def mark_changed(self) -> None:
        """Note for every parameter that it was updated in place."""
        now = tick_update()
        for changes in self.changes:
            changes[0] = now

    def divide(self, key: Callable[[Tensor], Any]) -> list[Block]:
        """Return blocks of the parameters with equal keys, with their present data and this block's state."""
        kinds: dict[Any, list[int]] = {}
        for i, p in enumerate(self.params):
            if p.shape != self.shapes[i]:
                raise ShapeError(
                    f"step: a parameter had shape {list(self.shapes[i])} when the optimizer was made and is "
                    f"{describe(p)} now; make a new optimizer"
                )
            kinds.setdefault(key(p), []).append(i)
        blocks = []
        for chosen in kinds.values():
            block = Block([self.params[i] for i in chosen], self.group, self.names)
            block.t = self.t
            for j, i in enumerate(chosen):
                for new, old in zip(block.state_of(j), self.state_of(i), strict=True):
                    new[...] = move(old, device_of(new))
            blocks.append(block)
        return blocks
