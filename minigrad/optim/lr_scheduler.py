"""Annealing (N21): learning rates that change with time. Names and arguments are PyTorch's.

A schedule is a formula for the factor at a step, times the rate each group began with. `step()` is
called after the optimizer's, once for each epoch or update, and writes `group["lr"]`. Read next: `clip.py`.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from ..engine.tracing import effect
from ..errors import CheckpointError, as_number
from .optimizer import Optimizer


class LRScheduler:
    """Base of the schedules: `lr(t, base)` is the rate at step t of a group that began with `base`."""

    def __init__(self, optimizer: Optimizer) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(
                f"{type(self).__name__}: the first argument must be an optimizer, got {type(optimizer).__name__}"
            )
        self.optimizer, self.last_epoch = optimizer, 0
        self.base_lrs = [group["lr"] for group in optimizer.param_groups]
        self._write()

    def lr(self, t: int, base: float) -> float:
        """Return the learning rate at step t = 0, 1, …"""
        raise TypeError(f"{type(self).__name__} is no schedule by itself: define lr(t, base)")

    def step(self) -> None:
        """Go on to the next step."""
        effect(self._go_on)

    def _go_on(self) -> None:
        self.last_epoch += 1
        self._write()

    def _write(self) -> None:
        for group, base in zip(self.optimizer.param_groups, self.base_lrs, strict=True):
            group["lr"] = self.lr(self.last_epoch, base)

    def get_last_lr(self) -> list[float]:
        """Return the present learning rate of every group."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """Return where the schedule stands."""
        return {key: value for key, value in vars(self).items() if key != "optimizer"}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on where a schedule of the same kind stood."""
        if set(state_dict) != set(self.state_dict()):
            raise CheckpointError(
                f"{type(self).__name__}.load_state_dict: needs {', '.join(sorted(self.state_dict()))}, "
                f"got {', '.join(sorted(state_dict))}"
            )
        if len(state_dict["base_lrs"]) != len(self.base_lrs):
            raise CheckpointError(
                f"{type(self).__name__}.load_state_dict: the state is of {len(state_dict['base_lrs'])} groups, "
                f"this optimizer has {len(self.base_lrs)}"
            )
        vars(self).update(state_dict)
        self._write()


def _positive(call: str, **values: float) -> None:
    for name, value in values.items():
        if not as_number(call, name, value) > 0:
            raise ValueError(f"{call}: {name} must be positive, got {value!r}")


class StepLR(LRScheduler):
    """Multiply by `gamma` every `step_size` steps.

    >>> import minigrad as mg
    >>> from minigrad import optim
    >>> optimizer = optim.SGD([mg.tensor(1.0, requires_grad=True)], lr=1.0)
    >>> schedule = optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.5)
    >>> rates = []
    >>> for _ in range(5):
    ...     rates += schedule.get_last_lr()
    ...     schedule.step()
    >>> rates
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1) -> None:
        _positive("StepLR", step_size=step_size, gamma=gamma)
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer)

    def lr(self, t: int, base: float) -> float:
        """base · gamma^⌊t / step_size⌋."""
        return base * self.gamma ** (t // self.step_size)


class MultiStepLR(LRScheduler):
    """Multiply by `gamma` at each of the `milestones`."""

    def __init__(self, optimizer: Optimizer, milestones: Sequence[int], gamma: float = 0.1) -> None:
        _positive("MultiStepLR", gamma=gamma)
        self.milestones, self.gamma = sorted(milestones), gamma
        super().__init__(optimizer)

    def lr(self, t: int, base: float) -> float:
        """base · gamma^(milestones passed)."""
        return base * self.gamma ** bisect_right(self.milestones, t)


class ExponentialLR(LRScheduler):
    """Multiply by `gamma` at every step."""

    def __init__(self, optimizer: Optimizer, gamma: float) -> None:
        _positive("ExponentialLR", gamma=gamma)
        self.gamma = gamma
        super().__init__(optimizer)

    def lr(self, t: int, base: float) -> float:
        """base · gammaᵗ."""
        return base * self.gamma**t


class CosineAnnealingLR(LRScheduler):
    """Fall from the initial rate to `eta_min` along half a cosine, in `T_max` steps (Loshchilov & Hutter 2017)."""

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0) -> None:
        _positive("CosineAnnealingLR", T_max=T_max)
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer)

    def lr(self, t: int, base: float) -> float:
        """eta_min + ½(base − eta_min)(1 + cos(πt / T_max))."""
        return self.eta_min + (base - self.eta_min) * (1 + math.cos(math.pi * t / self.T_max)) / 2


class LinearWarmup(LRScheduler):
    """Rise in a straight line to the initial rate in `warmup_steps`, then follow another schedule, or stay.

    Parameters
    ----------
    optimizer : the optimizer
    warmup_steps : the rate at step t < warmup_steps is base · (t + 1) / (warmup_steps + 1)
    after : a schedule of the same optimizer, whose step 0 is the first after the warm-up
    """

    def __init__(self, optimizer: Optimizer, warmup_steps: int, after: LRScheduler | None = None) -> None:
        _positive("LinearWarmup", warmup_steps=warmup_steps)
        if isinstance(after, ReduceLROnPlateau):
            raise TypeError(
                "LinearWarmup: a ReduceLROnPlateau cannot follow, as it must be told the measure; step it yourself"
            )
        if after is not None:
            for group, base in zip(optimizer.param_groups, after.base_lrs, strict=True):
                group["lr"] = base
        self.warmup_steps, self._after = warmup_steps, after
        super().__init__(optimizer)

    def lr(self, t: int, base: float) -> float:
        """base · (t + 1) / (warmup_steps + 1) while warming up."""
        if t < self.warmup_steps:
            return base * (t + 1) / (self.warmup_steps + 1)
        return base if self._after is None else self._after.lr(t - self.warmup_steps, base)

    def state_dict(self) -> dict[str, Any]:
        """Return where the schedule stands; the schedule after it is a formula and is not part of it."""
        return {key: value for key, value in super().state_dict().items() if key != "_after"}


class OneCycleLR(LRScheduler):
    """One rise to `max_lr` and one long fall, both along half a cosine (Smith & Topin 2018).

    Parameters
    ----------
    optimizer : the optimizer
    max_lr : the highest rate
    total_steps : steps of the whole cycle
    pct_start : the part of the cycle spent rising
    div_factor : the first rate is max_lr / div_factor
    final_div_factor : the last rate is the first / final_div_factor
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float,
        total_steps: int,
        pct_start: float = 0.3,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
    ) -> None:
        _positive(
            "OneCycleLR",
            max_lr=max_lr,
            total_steps=total_steps,
            div_factor=div_factor,
            final_div_factor=final_div_factor,
        )
        if not 0 <= pct_start <= 1:
            raise ValueError(f"OneCycleLR: pct_start must be in [0, 1], got {pct_start!r}")
        self.max_lr, self.total_steps, self.pct_start = max_lr, total_steps, pct_start
        self.div_factor, self.final_div_factor = div_factor, final_div_factor
        super().__init__(optimizer)

    def lr(self, t: int, base: float) -> float:
        """Half a cosine up to max_lr at step pct_start · total_steps − 1, half a cosine down from there."""
        if t >= self.total_steps:
            raise ValueError(
                f"OneCycleLR: step {t} is beyond the cycle of {self.total_steps} steps; make total_steps larger"
            )
        first = self.max_lr / self.div_factor
        last = first / self.final_div_factor
        top = self.pct_start * self.total_steps - 1
        if t <= top:
            return _half_cosine(first, self.max_lr, t / top if top else 1.0)
        return _half_cosine(self.max_lr, last, (t - top) / (self.total_steps - 1 - top))


def _half_cosine(start: float, stop: float, part: float) -> float:
    return stop + (start - stop) * (1 + math.cos(math.pi * part)) / 2


class ReduceLROnPlateau(LRScheduler):
    """Multiply by `factor` when a measure has not improved for more than `patience` steps.

    Parameters
    ----------
    optimizer : the optimizer
    mode : "min" when smaller is better, "max" when larger is
    factor : what the rate is multiplied by
    patience : how many steps without improvement are let pass
    threshold : the relative improvement that counts
    min_lr : the rate is never made smaller than this
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        min_lr: float = 0.0,
    ) -> None:
        if mode not in ("min", "max"):
            raise ValueError(f'ReduceLROnPlateau: mode must be "min" or "max", got {mode!r}')
        if not 0 < factor < 1:
            raise ValueError(f"ReduceLROnPlateau: factor must be in (0, 1), got {factor!r}")
        self.mode, self.factor, self.patience, self.threshold, self.min_lr = mode, factor, patience, threshold, min_lr
        self.best: float | None = None
        self.num_bad_epochs = self.reductions = 0
        super().__init__(optimizer)

    def lr(self, t: int, base: float) -> float:
        """base · factor^reductions, at least min_lr."""
        return max(base * self.factor**self.reductions, min(self.min_lr, base))

    def step(self, metrics: Any = None) -> None:
        """Take note of the measure, and reduce the rate if it has stopped improving."""
        if metrics is None:
            raise TypeError("ReduceLROnPlateau.step: needs the measure to watch: schedule.step(validation_loss)")
        value = float(metrics)
        if not math.isnan(value) and (self.best is None or self._better(value, self.best)):
            self.best, self.num_bad_epochs = value, 0
        else:
            self.num_bad_epochs += 1
        if self.num_bad_epochs > self.patience:
            self.reductions, self.num_bad_epochs = self.reductions + 1, 0
        super().step()

    def _better(self, value: float, best: float) -> bool:
        if self.mode == "min":
            return value < best - abs(best) * self.threshold
        return value > best + abs(best) * self.threshold
