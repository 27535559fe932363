"""The losses, as modules: each holds the options of its function in `functional.py`.

Read next: `init.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from ..errors import describe
from . import functional as F
from .module import Module


class Loss(Module):
    """Base of the losses: `loss(input, target)` calls the function with the options given at first.

    Raises
    ------
    TypeError
        when options are not given by name, or the function does not take them.
    ValueError
        for a `reduction` or a `base` that makes no sense.

    >>> from minigrad import nn
    >>> nn.BCELoss(base=2)([0.25, 0.5], [1.0, 1.0])
    tensor(1.5)
    """

    function: ClassVar[Callable[..., Any]]
    more_reductions: ClassVar[tuple[str, ...]] = ()

    def __init__(self, *misplaced: Any, **options: Any) -> None:
        name, known = type(self).__name__, self.function.__kwdefaults__ or {}
        if misplaced:
            example = ", ".join(f"{key}={value!r}" for key, value in known.items())
            raise TypeError(
                f"{name}: options are given by name, got {describe(misplaced[0])}; write {name}({example}). "
                f"Input and target go to the loss that this makes: {name}()(input, target)"
            )
        unknown = sorted(set(options) - set(known))
        if unknown:
            raise TypeError(f"{name}: unknown option {', '.join(unknown)}; it takes {', '.join(known)}")
        reduction = options.get("reduction", "mean")
        F._check(name, "sum" if reduction in self.more_reductions else reduction, options.get("base"))
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


class MultilabelCrossEntropyLoss(Loss):
    """The same, summed over the outputs of each sample; see `functional.multilabel_cross_entropy`."""

    function = staticmethod(F.multilabel_cross_entropy)


class BCEWithLogitsLoss(Loss):
    """Cross entropy of labels and logits; see `functional.binary_cross_entropy_with_logits`."""

    function = staticmethod(F.binary_cross_entropy_with_logits)


class CrossEntropyLoss(Loss):
    """Cross entropy of classes and logits; see `functional.cross_entropy`."""

    function = staticmethod(F.cross_entropy)


class NLLLoss(Loss):
    """Minus the log-probability of the class; options `reduction`, `base`. See `functional.nll_loss`."""

    function = staticmethod(F.nll_loss)


class LogLikelihoodLoss(Loss):
    """Minus the logarithm of the class's probability; see `functional.log_likelihood`."""

    function = staticmethod(F.log_likelihood)


class KLDivLoss(Loss):
    """Divergence of log-probabilities from probabilities; see `functional.kl_div`."""

    function = staticmethod(F.kl_div)
    more_reductions = ("batchmean",)
