"""Descent with a constant step, with momentum, and with a look ahead: SGD → Momentum → Nesterov.

g is the gradient of the mini-batch mean, p the learning rate, α the momentum. The velocity holds the
learning rate, as in the notes: v = αv − p g. (PyTorch's holds it outside, v = αv + g, θ = θ − p v. With
a constant p both give the same θ.) Read next: `adaptive.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from ..engine import enable_grad
from ..engine.tracing import current
from ..errors import GraphError, TraceError
from .block import Array, Group
from .optimizer import Optimizer


class SGD(Optimizer):
    """Stochastic gradient descent: θ ← θ − p g.

    Parameters
    ----------
    params : parameters, or groups
    lr : the learning rate p
    weight_decay : λ; adds λθ to the gradient, that is ½λ‖θ‖² to the objective

    >>> import minigrad as mg
    >>> from minigrad import optim
    >>> w = mg.tensor([1.0], requires_grad=True)
    >>> optimizer = optim.SGD([w], lr=0.1)
    >>> (w * w).sum().backward(); optimizer.step(); w
    tensor([0.8], requires_grad=True)
    """

    def __init__(self, params: Iterable[Any], lr: float = 1e-3, *, weight_decay: float = 0.0) -> None:
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay})

    def update(self, theta: Array, g: Array, state: list[Array], group: Group, t: int) -> None:
        """θ ← θ − p g."""
        theta -= group["lr"] * g


class Momentum(SGD):
    """Descent of a heavy ball (N16): v ← αv − p g;  θ ← θ + v.

    Parameters
    ----------
    params : parameters, or groups
    lr : the learning rate p, inside the velocity
    momentum : α in [0, 1); the notes allow 1 too, at which the velocity never fades
    weight_decay : λ; adds λθ to the gradient
    """

    state_names: ClassVar[tuple[str, ...]] = ("velocity",)
    ranges: ClassVar[dict[str, tuple[float, float]]] = {"momentum": (0.0, 1.0)}

    def __init__(
        self, params: Iterable[Any], lr: float = 1e-3, momentum: float = 0.9, *, weight_decay: float = 0.0
    ) -> None:
        Optimizer.__init__(self, params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    def update(self, theta: Array, g: Array, state: list[Array], group: Group, t: int) -> None:
        """v ← αv − p g;  θ ← θ + v."""
        (v,) = state
        v *= group["momentum"]
        v -= group["lr"] * g
        theta += v


class Nesterov(Momentum):
    """Momentum with the gradient taken where the velocity is about to lead (N17).

    θ̃ = θ + αv;  v ← αv − p ∂J/∂θ at θ̃;  θ ← θ + v

    `step(closure)` is this to the letter: it moves the parameters to θ̃, calls the closure there, and
    leaves them at the new θ.

    Plain `step()` cannot move before the gradient is taken. So it keeps the parameters at the look-ahead
    point between steps: they hold θ̃, and the gradient just computed is the one at θ̃. From
    v′ = αv − p g and θ′ = θ + v′ follows the next look-ahead point, θ̃′ = θ′ + αv′ = θ̃ − αv + (1 + α)v′:
    that is what is added. Both see the same sequence of θ̃ and of v. The two forms hold different points
    between steps, so one optimizer keeps to one of them.

    Parameters
    ----------
    params, lr, momentum, weight_decay : as in Momentum
    """

    _form: str | None = None

    def _keep_to(self, form: str) -> None:
        if self._form not in (None, form):
            raise GraphError(
                f"Nesterov: this optimizer has been stepped with step({self._form}); its parameters hold another point "
                "than step() with and without a closure expect of each other. Keep to one form"
            )
        self._form = form

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update the parameters; with a closure in the note's own form (see the class)."""
        if closure is None:
            self._keep_to("")
            self._apply(self._update_ahead)
            return None
        self._keep_to("closure")
        if current.tracer is not None:
            raise TraceError(
                "compile: Nesterov.step(closure) moves the parameters while the closure runs, which is no straight "
                "line; use step() without a closure"
            )
        blocks = list(self._current())
        before = [block.theta.copy() for block in blocks]
        try:
            for block in blocks:
                block.theta += block.group["momentum"] * block.state[0]
                block.mark_changed()
            with enable_grad():
                loss = closure()
        finally:
            for block, theta in zip(blocks, before, strict=True):
                block.theta[...] = theta
                block.mark_changed()
        self._apply(self.update)
        return loss

    def update(self, theta: Array, g: Array, state: list[Array], group: Group, t: int) -> None:
        """v ← αv − p g;  θ ← θ + v; g was taken at θ̃ = θ + αv, so weight decay is of that point too."""
        if group["weight_decay"]:
            g = g + group["weight_decay"] * group["momentum"] * state[0]
        super().update(theta, g, state, group, t)

    def _update_ahead(self, theta: Array, g: Array, state: list[Array], group: Group, t: int) -> None:
        """v′ ← αv − p g;  θ̃ ← θ̃ − αv + (1 + α)v′."""
        (v,) = state
        alpha = group["momentum"]
        theta -= alpha * v
        v *= alpha
        v -= group["lr"] * g
        theta += (1 + alpha) * v

    def state_dict(self) -> dict[str, Any]:
        """Return the state, and which point the parameters hold."""
        return {**super().state_dict(), "form": self._form}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up a saved state."""
        super().load_state_dict(state_dict)
        self._form = state_dict.get("form")
