"""Optimizers that give every parameter a step of its own: Adagrad → RMSprop → Adam → AdamW, and relatives.

p is the learning rate, ε the small constant. In N18-N20 it stands outside the root: p / (ε + √r).
Read next: `lr_scheduler.py`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np

from ..engine.tracing import of_numbers
from .block import Array, Group
from .optimizer import Optimizer

_BETAS: dict[str, tuple[float, float]] = {"betas": (0.0, 1.0)}


class Adagrad(Optimizer):
    """A step that shrinks with all the gradients seen (N18; Duchi et al. 2011).

    r ← r + g⊙g;  θ ← θ − p/(ε + √r) ⊙ g

    r only grows, so the steps may die out before the minimum is reached.

    Parameters
    ----------
    params : parameters, or groups
    lr : p
    eps : ε, outside the root
    weight_decay : λ; adds λθ to the gradient
    """

    state_names: ClassVar[tuple[str, ...]] = ("sum",)

    def __init__(
        self, params: Iterable[Any], lr: float = 1e-2, *, eps: float = 1e-10, weight_decay: float = 0.0
    ) -> None:
        super().__init__(params, {"lr": lr, "eps": eps, "weight_decay": weight_decay})

    def update(self, theta: Array, g: Array, state: list[Array], group: Group, t: int) -> None:
        """r ← r + g⊙g;  θ ← θ − p/(ε + √r) ⊙ g."""
        (r,) = state
        r += g * g
        theta -= group["lr"] / (group["eps"] + np.sqrt(r)) * g


class RMSprop(Adagrad):
    """Adagrad that forgets (N19; Hinton 2012).

    r ← αr + (1 − α) g⊙g;  θ ← θ − p/(ε + √r) ⊙ g

    Parameters
    ----------
    params : parameters, or groups
    lr : p
    alpha : how much of r is kept: 0.9, 0.99 or 0.999 in the notes
    eps : ε, outside the root
    weight_decay : λ; adds λθ to the gradient
    """

    state_names: ClassVar[tuple[str, ...]] = ("square_avg",)
    ranges: ClassVar[dict[str, tuple[float, float]]] = {"alpha": (0.0, 1.0)}

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        alpha: float = 0.99,
        *,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        Optimizer.__init__(self, params, {"lr": lr, "alpha": alpha, "eps": eps, "weight_decay": weight_decay})

    def update(self, theta: Array, g: Array, state: list[Array], group: Group, t: int) -> None:
        """r ← αr + (1 − α) g⊙g;  θ ← θ − p/(ε + √r) ⊙ g."""
        (r,) = state
        r *= group["alpha"]
        r += (1 - group["alpha"]) * (g * g)
        theta -= group["lr"] / (group["eps"] + np.sqrt(r)) * g


class Adam(RMSprop):
    """RMSprop with momentum, both corrected for starting at zero (N20; Kingma & Ba 2015).

    v ← α₁v + (1 − α₁)g;  r ← α₂r + (1 − α₂) g⊙g;  v̂ = v/(1 − α₁ᵗ);  r̂ = r/(1 − α₂ᵗ);
    θ ← θ − p/(ε + √r̂) ⊙ v̂

    Parameters
    ----------
    params : parameters, or groups
    lr : p
    betas : (α₁, α₂)
    eps : ε, outside the root
    weight_decay : λ; adds λθ to the gradient
    """

    state_names: ClassVar[tuple[str, ...]] = ("exp_avg", "exp_avg_sq")
    ranges = _BETAS

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        *,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        Optimizer.__init__(self, params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay})

    def update(self, theta: Array, g: Array, state: list[Array], group: Group, t: int) -> None:
        """v and r; θ ← θ − p/(ε + √r̂) ⊙ v̂, with both corrections drawn into p and ε.

        With c = √(1 − α₂ᵗ) it is p/(1 − α₁ᵗ)·c / (cε + √r) ⊙ v: the same number, one pass less.
        """
        b1, b2 = group["betas"]
        v, r = self._moments(g, state, b1, b2)
        c = (1 - b2**t) ** 0.5
        size = np.sqrt(r)
        size += c * group["eps"]
        step = v / size
        step *= c * group["lr"] / (1 - b1**t)
        theta -= step

    def _moments(self, g: Array, state: list[Array], b1: float, b2: float) -> tuple[Array, Array]:
        """v ← α₁v + (1 − α₁)g;  r ← α₂r + (1 − α₂) g⊙g."""
        v, r = state
        v *= b1
        v += (1 - b1) * g
        r *= b2
        r += (1 - b2) * (g * g)
        return v, r


class AdamW(Adam):
    """Adam whose weight decay is not divided by √r̂ (Loshchilov & Hutter 2019): θ ← θ − pλθ, then Adam.

    Parameters
    ----------
    params, lr, betas, eps : as in Adam
    weight_decay : λ
    """

    decoupled_decay = True

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        *,
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
    ) -> None:
        super().__init__(params, lr, betas, eps=eps, weight_decay=weight_decay)

    def update(self, theta: Array, g: Array, state: list[Array], group: Group, t: int) -> None:
        """θ ← θ − pλθ, then as Adam."""
        if group["weight_decay"]:
            theta *= 1 - group["lr"] * group["weight_decay"]
        super().update(theta, g, state, group, t)


class NAdam(Adam):
    """Adam with Nesterov's look ahead (Dozat 2016).

    μₜ = α₁(1 − ½·0.96^(tψ));  v and r as in Adam;
    θ ← θ − p/(ε + √r̂) ⊙ (μₜ₊₁ v/(1 − Π₁ᵗ⁺¹μ) + (1 − μₜ) g/(1 − Π₁ᵗμ))

    Parameters
    ----------
    params, lr, betas, eps, weight_decay : as in Adam
    momentum_decay : ψ
    """

    ranges: ClassVar[dict[str, tuple[float, float]]] = {**_BETAS, "momentum_decay": (0.0, float("inf"))}

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        *,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum_decay: float = 4e-3,
    ) -> None:
        defaults = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        Optimizer.__init__(self, params, {**defaults, "momentum_decay": momentum_decay})

    def update(self, theta: Array, g: Array, state: list[Array], group: Group, t: int) -> None:
        """The look-ahead step of the class."""
        b1, b2 = group["betas"]
        decay = group["momentum_decay"]
        v, r = self._moments(g, state, b1, b2)
        ahead = _mu(b1, decay, t + 1) / (1 - of_numbers(_product, b1, decay, t + 1))
        look = ahead * v + (1 - _mu(b1, decay, t)) / (1 - of_numbers(_product, b1, decay, t)) * g
        theta -= group["lr"] * look / (group["eps"] + np.sqrt(r / (1 - b2**t)))


_products: dict[tuple[float, float], list[float]] = {}
_growing = threading.Lock()


def _mu(b1: float, decay: float, t: int) -> float:
    return b1 * (1 - 0.5 * 0.96 ** (decay * t))


def _product(b1: float, decay: float, t: int) -> float:
    """Return μ₁ ⋯ μₜ; from where it is too small for a float on it is 0, and no more are kept."""
    known = _products.setdefault((b1, decay), [1.0])
    if len(known) <= t and known[-1]:
        with _growing:
            while len(known) <= t and known[-1]:
                known.append(known[-1] * _mu(b1, decay, len(known)))
    return known[t] if t < len(known) else 0.0


class Adamax(Adam):
    """Adam with the largest gradient in place of their mean square (Kingma & Ba 2015, section 7).

    v ← α₁v + (1 − α₁)g;  u ← max(α₂u, |g| + ε);  θ ← θ − p/(1 − α₁ᵗ) · v/u

    Parameters
    ----------
    params, lr, betas, eps, weight_decay : as in Adam
    """

    state_names: ClassVar[tuple[str, ...]] = ("exp_avg", "exp_inf")

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        *,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, lr, betas, eps=eps, weight_decay=weight_decay)

    def update(self, theta: Array, g: Array, state: list[Array], group: Group, t: int) -> None:
        """v ← α₁v + (1 − α₁)g;  u ← max(α₂u, |g| + ε);  θ ← θ − p/(1 − α₁ᵗ) · v/u."""
        v, u = state
        b1, b2 = group["betas"]
        v *= b1
        v += (1 - b1) * g
        u[...] = np.maximum(b2 * u, np.absolute(g) + group["eps"])
        theta -= group["lr"] / (1 - b1**t) * v / u


class Adadelta(Optimizer):
    """Steps in the unit of the parameters themselves (Zeiler 2012).

    r ← ρr + (1 − ρ) g⊙g;  Δ = √(d + ε)/√(r + ε) ⊙ g;  d ← ρd + (1 − ρ) Δ⊙Δ;  θ ← θ − pΔ

    Parameters
    ----------
    params : parameters, or groups
    lr : p
    rho : ρ, how much of r and d is kept
    eps : ε, inside the roots, as in the paper
    weight_decay : λ; adds λθ to the gradient
    """

    state_names: ClassVar[tuple[str, ...]] = ("square_avg", "acc_delta")
    ranges: ClassVar[dict[str, tuple[float, float]]] = {"rho": (0.0, 1.0)}

    def __init__(
        self, params: Iterable[Any], lr: float = 1.0, rho: float = 0.9, *, eps: float = 1e-6, weight_decay: float = 0.0
    ) -> None:
        super().__init__(params, {"lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay})

    def update(self, theta: Array, g: Array, state: list[Array], group: Group, t: int) -> None:
        """r, Δ, d and θ ← θ − pΔ."""
        r, d = state
        rho, eps = group["rho"], group["eps"]
        r *= rho
        r += (1 - rho) * (g * g)
        delta = np.sqrt(d + eps) / np.sqrt(r + eps) * g
        d *= rho
        d += (1 - rho) * (delta * delta)
        theta -= group["lr"] * delta
