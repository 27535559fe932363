"""The losses, as modules: each holds the options of its function in `functional.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from . import functional as F
from .module import Module


class Loss(Module):
    """Base of the losses: `loss(input, target)` calls the function with the options given at first."""

    function: ClassVar[Callable[..., Any]]

    def __init__(self, **options: Any) -> None:
        known = self.function.__kwdefaults__ or {}
        unknown = sorted(set(options) - set(known))
        if unknown:
            raise TypeError(f"{type(self).__name__}: unknown option {', '.join(unknown)}; it takes {', '.join(known)}")
        self.options = options

    def forward(self, input: Any, target: Any) -> Any:
        """Return the loss."""
        return type(self).function(input, target, **self.options)

    def extra_repr(self) -> str:
        """Return the options that were given."""
        return ", ".join(f"{key}={value!r}" for key, value in self.options.items())


class MSELoss(Loss):
    """Squared error; options `reduction`, `half`. See `functional.mse_loss`."""

    function = staticmethod(F.mse_loss)


class L1Loss(Loss):
    """Absolute error; option `reduction`. See `functional.l1_loss`."""

    function = staticmethod(F.l1_loss)


class HuberLoss(Loss):
    """Squared error near 0, absolute error beyond; options `reduction`, `delta`. See `functional.huber_loss`."""

    function = staticmethod(F.huber_loss)


class BCELoss(Loss):
    """Cross entropy of labels and probabilities; options `reduction`, `base`. See `functional.binary_cross_entropy`."""

    function = staticmethod(F.binary_cross_entropy)


class BCEWithLogitsLoss(Loss):
    """Cross entropy of labels and logits; see `functional.binary_cross_entropy_with_logits`."""

    function = staticmethod(F.binary_cross_entropy_with_logits)


class CrossEntropyLoss(Loss):
    """Cross entropy of classes and logits; see `functional.cross_entropy`."""

    function = staticmethod(F.cross_entropy)


class NLLLoss(Loss):
    """Minus the log-probability of the class; options `reduction`, `base`. See `functional.nll_loss`."""

    function = staticmethod(F.nll_loss)


class KLDivLoss(Loss):
    """Divergence of log-probabilities from probabilities; see `functional.kl_div`."""

    function = staticmethod(F.kl_div)
