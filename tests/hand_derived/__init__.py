"""Over two hundred derivations as learners write them, right and wrong, and what each mistake should be called.

`case` says what a case is; the other files hold them, by kind of model. They are for `lab.check` to judge.
"""

from . import (
    deep_networks,
    formulas,
    logistic_regression,
    long,
    normalisation,
    perceptrons,
    products,
    regression,
    sharing,
    softmax_networks,
    styles,
    units,
)
from .case import CASES, Case

__all__ = [
    "CASES", "Case", "deep_networks", "formulas", "logistic_regression", "long", "normalisation", "perceptrons",
    "products", "regression", "sharing", "softmax_networks", "styles", "units",
]  # fmt: skip
