"""`Optimizer`: what all optimizers share: parameter groups, the step, and state that can be saved.

An optimizer is its `update`: array arithmetic on one stretch of parameters, written as in the notes.
Read next: `block.py`, on how the parameters are stored.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import numpy as np

from ..device import device_of, move
from ..engine import Tensor, enable_grad
from ..engine.tracing import effect
from ..errors import CheckpointError, GraphError, describe
from .block import STRETCH, Array, Block, Group
from .whole import Whole


class Optimizer:
    """Base of all optimizers.

    Parameters
    ----------
    params : parameters; or groups, dictionaries with "params" and hyper-parameters of their own
    defaults : the hyper-parameters of groups that do not give them

    Attributes
    ----------
    param_groups : the groups, with every hyper-parameter; change `group["lr"]` between steps as you like

    Small parameters are moved into one array, of which their data become views: an array that was taken
    from them before (by `.data`, `.numpy()` or `.detach()`) is no longer theirs.

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
        self._whole: Whole | None = None  # the context of updates, as long as the blocks are the same

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

        Ctrl-C leaves all of them updated or none, and so does an exception, unless it comes from the middle of the
        arithmetic on parameters that have, with their state, more than 131072 elements: those parts that were updated
        before it stay so. Ctrl-C in a step that `mg.compile` runs may leave some parameters updated.

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
                arrays = zip(self.state_names, block.state_of(i), strict=True)
                state[id(p)] = {"step": block.t, **{name: Tensor(array.copy()) for name, array in arrays}}
        groups = [
            {**{k: v for k, v in group.items() if k != "params"}, "params": len(group["params"])}
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
        try:
            groups, state = self._check_state(state_dict)
        except CheckpointError:
            raise
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise CheckpointError(
                f"load_state_dict: needs what state_dict() returned, and in {describe(state_dict)} "
                f"something is not as it is there: {error}"
            ) from error
        by_id = {id(p): values for p, values in zip(self._params, state, strict=True)}
        blocks = [b for block in self._blocks for b in block.divide(lambda p: by_id[id(p)]["step"])]
        for group, values in zip(self.param_groups, groups, strict=True):
            group.update(values)
        self._blocks = blocks
        for block in blocks:
            block.t = by_id[id(block.params[0])]["step"]
            for i, p in enumerate(block.params):
                for name, array in zip(self.state_names, block.state_of(i), strict=True):
                    array[...] = move(Tensor(by_id[id(p)][name]).data, device_of(array))

    def _check_state(self, state_dict: dict[str, Any]) -> tuple[list[Group], list[dict[str, Any]]]:
        """Return the hyper-parameters of the groups and the state of the parameters, or raise if they do not fit."""
        if state_dict.get("optimizer") != self._name:
            raise CheckpointError(
                f"load_state_dict: this is {self._name}, the state is of {state_dict.get('optimizer')}"
            )
        groups, state = state_dict.get("param_groups", []), state_dict.get("state", [])
        sizes, own = [g.get("params") for g in groups], [len(g["params"]) for g in self.param_groups]
        if sizes != own:
            raise CheckpointError(
                f"load_state_dict: the state is of groups of {sizes} parameters, this optimizer has {own}"
            )
        if len(state) != len(self._params):
            raise CheckpointError(
                f"load_state_dict: there is state of {len(state)} parameters, this optimizer has {len(self._params)}"
            )
        settings = [{k: v for k, v in g.items() if k != "params"} for g in groups]
        for mine, values in zip(self.param_groups, settings, strict=True):
            if set(values) != set(mine) - {"params"}:
                raise CheckpointError(
                    f"load_state_dict: a group of {self._name} has {', '.join(sorted(set(mine) - {'params'}))}; "
                    f"the state's has {', '.join(sorted(values))}"
                )
            try:
                self._check_group(values)
            except ValueError as error:
                raise CheckpointError(f"load_state_dict: {error}") from None
        for i, (p, values) in enumerate(zip(self._params, state, strict=True)):
            step = values.get("step")
            if not isinstance(step, int) or step < 0:
                raise CheckpointError(
                    f"load_state_dict: parameter {i} has no 'step', the number of its updates, got {step!r}"
                )
            for name in self.state_names:
                got = values.get(name)
                if getattr(got, "shape", None) != p.shape or got.dtype.kind not in "fiub":
                    raise CheckpointError(
                        f"load_state_dict: parameter {i} is {describe(p)}, its state {name!r} is "
                        f"{'missing' if got is None else describe(got)}"
                    )
        return settings, state

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
        gradients = [block.gradient() for block in blocks]
        if self._whole is None or self._whole.blocks != blocks:
            self._whole = Whole(blocks)
        with self._whole:
            for block, g in zip(blocks, gradients, strict=True):
                group, t = block.begin_update()
                decay = 0.0 if self.decoupled_decay else group["weight_decay"]
                for theta, slope, state in block.stretches(g):
                    if decay:
                        slope = slope + decay * theta
                    update(theta, slope, state, group, t)
                effect(block.end_update)

    def _current(self) -> list[Block]:
        """Return the blocks, after taking up parameters whose data were replaced or moved."""
        if not all([block.is_current() for block in self._blocks]):
            divided = [[b] if b.is_current() else b.divide(lambda p: (p.dtype, p.device)) for b in self._blocks]
            self._blocks = [block for blocks in divided for block in blocks]
        return self._blocks

    def _ready(self) -> list[Block]:
        """Return the blocks to update, after dividing those of which only some parameters have gradients."""
        ready = [block for block in self._blocks if block.is_ready()]
        if len(ready) < len(self._blocks):
            divided = [b.divide(_misses) if len({*map(_misses, b.params)}) > 1 else [b] for b in self._current()]
            self._blocks = [block for blocks in divided for block in blocks]
            ready = [block for block in self._blocks if block.is_ready()]
        if not ready:
            raise GraphError(f"{self._name}.step: no parameter has a gradient; call loss.backward() before step()")
        return ready

    def _make_groups(self, params: Iterable[Any], defaults: dict[str, Any]) -> list[Group]:
        if isinstance(params, Tensor):
            raise TypeError(f"{self._name}: params must be several parameters, got one Tensor; write [tensor]")
        if hasattr(params, "parameters"):
            raise TypeError(f"{self._name}: got a module, needs its parameters: pass model.parameters()")
        if isinstance(params, set | frozenset):
            raise TypeError(f"{self._name}: params must be in order, and a set has none; pass a list")
        if not isinstance(params, Iterable):
            raise TypeError(f"{self._name}: params must be several parameters, got {describe(params)}; pass a list")
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
            given = group.get(name, low)
            if name == "betas" and not (isinstance(given, tuple | list) and len(given) == 2):
                raise ValueError(f"{self._name}: betas must be two numbers, (α₁, α₂), got {given!r}")
            if name == "eps" and name in group and given == 0:
                raise ValueError(f"{self._name}: eps=0 would divide 0 by 0 where a gradient is 0; needs 0 < eps")
            for value in given if name == "betas" else (given,):
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


def _misses(p: Tensor) -> bool:
    return p.grad is None


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
    if not hasattr(model, "parameters"):
        raise TypeError(f"decay_weights_only: needs a module, got {describe(model)}; pass the model itself")
    params = list(model.parameters())
    return [
        {"params": [p for p in params if p.ndim >= 2], "weight_decay": weight_decay},
        {"params": [p for p in params if p.ndim < 2], "weight_decay": 0.0},
    ]
