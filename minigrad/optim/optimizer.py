"""`Optimizer`: what all optimizers share: parameter groups, flat storage, state that can be saved.

An optimizer is its `update`: array arithmetic on one stretch of parameters, written as in the notes.
Small parameters are moved into one flat array, so that an update is a few NumPy calls in all and not a
few for each of them; a large one stays alone. Both are updated a stretch at a time, short enough that
the temporaries of the formula stay in cache. Read next: `sgd.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

import numpy as np

from ..engine import Tensor, enable_grad
from ..engine.node import tick_update
from ..errors import CheckpointError, GraphError, ShapeError, describe

Array = Any
Group = dict[str, Any]

STRETCH = 32 * 1024  # elements updated at a time; parameters up to this size share a block


class Block:
    """Parameters of one group, dtype and device whose values lie in one flat array.

    Attributes
    ----------
    params : the parameters; their `.data` are views of `theta`
    theta : (n,) their values, one after the other
    state : for each state name of the optimizer an array like `theta`, zeros at first
    t : the number of updates so far
    """

    def __init__(self, params: Sequence[Tensor], group: Group, names: Sequence[str]) -> None:
        self.params, self.group, self.t = list(params), group, 0
        self.checked: list[Any] = []  # the hyper-parameters that were last found to be in range
        self.shapes = [p.shape for p in params]
        self._adopt()
        self.state = [np.zeros_like(self.theta) for _ in names]
        self.gathered = np.empty_like(self.theta) if len(params) > 1 else None

    def _adopt(self) -> None:
        """Lay the values out flat, and make each parameter's data a view of its stretch."""
        arrays = [p.data for p in self.params]
        if len(arrays) == 1 and arrays[0].flags.c_contiguous and getattr(arrays[0].flags, "writeable", True):
            self.theta = arrays[0].reshape(-1)
            self.views = arrays
        else:
            self.theta = np.concatenate([a.reshape(-1) for a in arrays])
            self.views = [
                self.theta[part].reshape(shape) for part, shape in zip(self._parts(), self.shapes, strict=True)
            ]
        for p, view in zip(self.params, self.views, strict=True):
            p.data = view
            p.mark_changed()
        self.cells = [p._changed for p in self.params]

    def _parts(self) -> list[slice]:
        ends = np.cumsum([math.prod(shape) for shape in self.shapes]).tolist()
        return [slice(start, end) for start, end in zip([0, *ends], ends, strict=False)]

    def gradient(self) -> Array:
        """Return the gradients of all parameters as one flat array."""
        grads = [p.grad._data for p in self.params]  # type: ignore[union-attr]
        if [g.shape for g in grads] != self.shapes:
            wrong = next(p for p in self.params if p.grad is not None and p.grad.shape != p.shape)
            raise ShapeError(
                f"step: a parameter is {describe(wrong)}, its .grad is {describe(wrong.grad)}; shapes must be equal"
            )
        for p, view in zip(self.params, self.views, strict=True):
            if p._data is not view:  # moved to another device, or replaced by the user
                self._adopt()
                break
        if self.gathered is None:
            return grads[0].reshape(-1)
        return np.concatenate([g.ravel() for g in grads], out=self.gathered)

    def stretches(self, g: Array) -> Iterable[tuple[Array, Array, list[Array]]]:
        """Return parameters, gradient and state cut into stretches."""
        n = self.theta.size
        if n <= STRETCH:
            return [(self.theta, g, self.state)]
        parts = [slice(start, start + STRETCH) for start in range(0, n, STRETCH)]
        return ((self.theta[part], g[part], [s[part] for s in self.state]) for part in parts)

    def mark_changed(self) -> None:
        """Note for every parameter that it was updated in place."""
        now = tick_update()
        for cell in self.cells:
            cell[0] = now  # type: ignore[index]

    def split(self, names: Sequence[str]) -> list[Block]:
        """Return two blocks with this one's state: the parameters with a gradient, and those without."""
        blocks = []
        for chosen in (True, False):
            picked = [i for i, p in enumerate(self.params) if (p.grad is not None) is chosen]
            if not picked:
                continue
            values = [self.per_parameter(i) for i in picked]
            block = Block([self.params[i] for i in picked], self.group, names)
            block.t = self.t
            for k in range(len(names)):
                block.state[k][...] = np.concatenate([v[k].reshape(-1) for v in values])
            blocks.append(block)
        return blocks

    def per_parameter(self, i: int) -> list[Array]:
        """Return the state of the i-th parameter, in its shape (views)."""
        part = self._parts()[i]
        return [s[part].reshape(self.shapes[i]) for s in self.state]


class Optimizer:
    """Base of all optimizers.

    Parameters
    ----------
    params : parameters; or groups, dictionaries with "params" and hyper-parameters of their own
    defaults : the hyper-parameters of groups that do not give them

    Attributes
    ----------
    param_groups : the groups, with every hyper-parameter; change `group["lr"]` between steps as you like

    Raises
    ------
    ValueError
        for no parameters, the same parameter twice, or a hyper-parameter out of range.
    TypeError
        for parameters that are no leaf Tensors requiring gradients.
    """

    state_names: ClassVar[tuple[str, ...]] = ()
    ranges: ClassVar[dict[str, tuple[float, float]]] = {}  # name → half-open interval, beside the common ones
    decoupled_decay = False

    def __init__(self, params: Iterable[Any], defaults: dict[str, Any]) -> None:
        self._name = type(self).__name__
        self.param_groups = self._make_groups(params, defaults)
        self._params: list[Tensor] = [p for group in self.param_groups for p in group["params"]]
        self._blocks = [block for group in self.param_groups for block in self._make_blocks(group)]

    def update(self, theta: Array, g: Array, state: list[Array], group: Group, t: int) -> None:
        """Update a stretch of parameters in place.

        Parameters
        ----------
        theta, g : (n,) parameters and their gradient; `g` must not be written to
        state : one array (n,) for each of `state_names`, to be updated in place
        group : the hyper-parameters
        t : the number of this step, from 1
        """
        raise TypeError(f"{self._name} is no optimizer by itself: define update(theta, g, state, group, t)")

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient.

        Parameters
        ----------
        closure : runs forward and backward, and returns the loss

        Returns
        -------
        what the closure returned, or None

        Raises
        ------
        GraphError
            when no parameter has a gradient.
        """
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        self._apply(self.update)
        return loss

    def zero_grad(self) -> None:
        """Drop the gradients: the next backward starts from None."""
        for p in self._params:
            p.grad = None

    def state_dict(self) -> dict[str, Any]:
        """Return copies of the state of every parameter, in definition order, and the groups' settings."""
        state: dict[int, dict[str, Any]] = {}
        for block in self._blocks:
            for i, p in enumerate(block.params):
                arrays = dict(zip(self.state_names, block.per_parameter(i), strict=True))
                state[id(p)] = {"step": block.t, **{k: Tensor(a.copy()) for k, a in arrays.items()}}
        groups = [
            {k: v for k, v in group.items() if k != "params"} | {"params": len(group["params"])}
            for group in self.param_groups
        ]
        return {"optimizer": self._name, "state": [state[id(p)] for p in self._params], "param_groups": groups}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up the state of an optimizer of the same kind over parameters of the same shapes.

        Raises
        ------
        CheckpointError
            when it does not fit; nothing has been changed then.
        """
        if state_dict.get("optimizer") != self._name:
            raise CheckpointError(
                f"load_state_dict: this is {self._name}, the state is of {state_dict.get('optimizer')}"
            )
        groups, state = state_dict["param_groups"], state_dict["state"]
        if [g["params"] for g in groups] != [len(g["params"]) for g in self.param_groups]:
            raise CheckpointError(
                f"load_state_dict: the state is of groups of {[g['params'] for g in groups]} parameters, "
                f"this optimizer has {[len(g['params']) for g in self.param_groups]}"
            )
        for i, (p, values) in enumerate(zip(self._params, state, strict=True)):
            for name in self.state_names:
                got = values.get(name)
                if got is None or got.shape != p.shape:
                    raise CheckpointError(
                        f"load_state_dict: parameter {i} is {describe(p)}, its state {name!r} is "
                        f"{'missing' if got is None else describe(got)}"
                    )
        for group, values in zip(self.param_groups, groups, strict=True):
            group.update({k: v for k, v in values.items() if k != "params"})
        by_id = {id(p): values for p, values in zip(self._params, state, strict=True)}
        self._blocks = [b for block in self._blocks for b in self._split_by_step(block, by_id)]
        for block in self._blocks:
            for i, p in enumerate(block.params):
                block.t = by_id[id(p)]["step"]
                for name, array in zip(self.state_names, block.per_parameter(i), strict=True):
                    value = by_id[id(p)][name]
                    array[...] = value.data if isinstance(value, Tensor) else value

    def __repr__(self) -> str:
        lines = []
        for i, group in enumerate(self.param_groups):
            values = ", ".join(f"{k}={v}" for k, v in group.items() if k != "params")
            lines.append(f"  group {i}: {len(group['params'])} parameters, {values}")
        return f"{self._name}(\n" + "\n".join(lines) + "\n)"

    # How it is done

    def _apply(self, update: Callable[..., None]) -> None:
        """Call `update` on every stretch of every block whose parameters have gradients."""
        # Whatever can be refused is refused here, before the first parameter changes.
        for block in (blocks := self._ready()):
            if (values := list(block.group.values())) != block.checked:
                self._check_group(block.group)
                block.checked = values
        for block, g in [(block, block.gradient()) for block in blocks]:
            group = block.group
            block.t += 1
            decay = 0.0 if self.decoupled_decay else group["weight_decay"]
            for theta, slope, state in block.stretches(g):
                if decay:
                    slope = slope + decay * theta
                update(theta, slope, state, group, block.t)
            block.mark_changed()

    def _ready(self) -> list[Block]:
        """Return the blocks to update, after splitting those of which only some parameters have gradients."""
        ready = []
        for block in self._blocks:
            missing = [p.grad is None for p in block.params].count(True)
            if missing == 0:
                ready.append(block)
            elif missing < len(block.params):
                parts = block.split(self.state_names)
                where = self._blocks.index(block)
                self._blocks[where : where + 1] = parts
                return self._ready()
        if not ready:
            raise GraphError(f"{self._name}.step: no parameter has a gradient; call loss.backward() before step()")
        return ready

    def _split_by_step(self, block: Block, by_id: dict[int, Any]) -> list[Block]:
        """Return blocks in which all parameters have been updated equally often."""
        steps = sorted({by_id[id(p)]["step"] for p in block.params})
        if len(steps) == 1:
            return [block]
        return [
            Block([p for p in block.params if by_id[id(p)]["step"] == t], block.group, self.state_names) for t in steps
        ]

    def _make_groups(self, params: Iterable[Any], defaults: dict[str, Any]) -> list[Group]:
        if isinstance(params, Tensor):
            raise TypeError(f"{self._name}: params must be several parameters, got one Tensor; write [tensor]")
        given = list(params)
        if not given:
            raise ValueError(f"{self._name}: got no parameters; pass model.parameters()")
        groups = [dict(g) if isinstance(g, dict) else g for g in given]
        if not all(isinstance(g, dict) for g in groups):
            groups = [{"params": groups}]
        seen: set[int] = set()
        for number, group in enumerate(groups):
            unknown = set(group) - set(defaults) - {"params"}
            if "params" not in group or unknown:
                raise ValueError(
                    f"{self._name}: group {number} has {', '.join(map(repr, group))}; it needs 'params' and may have "
                    f"{', '.join(map(repr, defaults))}"
                )
            own = group["params"]
            group["params"] = [own] if isinstance(own, Tensor) else list(own)
            for key, value in defaults.items():
                group.setdefault(key, value)
            self._check_group(group)
            for i, p in enumerate(group["params"]):
                self._check_parameter(p, f"parameter {i} of group {number}", seen)
        if not seen:
            raise ValueError(f"{self._name}: the groups hold no parameters; pass model.parameters()")
        return groups

    def _check_parameter(self, p: Any, what: str, seen: set[int]) -> None:
        if not isinstance(p, Tensor) or not p.is_leaf or not p.requires_grad:
            hint = "a result of an operation" if isinstance(p, Tensor) and not p.is_leaf else describe(p)
            raise TypeError(f"{self._name}: {what} is {hint}; needs a leaf Tensor that requires gradients")
        if id(p) in seen:
            raise ValueError(f"{self._name}: {what} was given twice ({describe(p)}); it would be updated twice a step")
        seen.add(id(p))

    def _check_group(self, group: Group) -> None:
        limits = {"lr": (0.0, math.inf), "weight_decay": (0.0, math.inf), "eps": (0.0, math.inf), **self.ranges}
        for name, (low, high) in limits.items():
            values = group.get(name, low)
            for value in values if isinstance(values, tuple | list) else (values,):
                if not (isinstance(value, int | float | np.number) and low <= value < high):
                    raise ValueError(
                        f"{self._name}: {name}={group[name]!r} is out of range; needs {low:g} ≤ {name} < {high:g}"
                    )

    def _make_blocks(self, group: Group) -> list[Block]:
        small: dict[Any, list[Tensor]] = {}
        alone = []
        for p in group["params"]:
            if p.size > STRETCH:
                alone.append([p])
            else:
                small.setdefault((p.dtype, p.device), []).append(p)
        return [Block(params, group, self.state_names) for params in [*small.values(), *alone]]


def decay_weights_only(model: Any, weight_decay: float) -> list[Group]:
    """Return two groups: the weights, which decay, and biases and normalisation, which do not (N24).

    A parameter with two or more axes is a weight; biases and the γ and β of a normalisation have one.

    >>> import minigrad as mg
    >>> from minigrad import nn, optim
    >>> model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    >>> optimizer = optim.Adam(optim.decay_weights_only(model, 1e-2), lr=1e-3)
    >>> [(len(g["params"]), g["weight_decay"]) for g in optimizer.param_groups]
    [(1, 0.01), (3, 0.0)]
    """
    params = list(model.parameters())
    return [
        {"params": [p for p in params if p.ndim >= 2], "weight_decay": weight_decay},
        {"params": [p for p in params if p.ndim < 2], "weight_decay": 0.0},
    ]
