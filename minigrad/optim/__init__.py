"""Optimizers: array arithmetic on flat parameters. They never record.

Read `optimizer`, `block`, `sgd`, `adaptive`, then `lr_scheduler` and `clip`.
"""

from . import lr_scheduler
from .adaptive import Adadelta, Adagrad, Adam, Adamax, AdamW, NAdam, RMSprop
from .clip import clip_grad_norm_, clip_grad_value_
from .optimizer import Optimizer, decay_weights_only
from .sgd import SGD, Momentum, Nesterov

__all__ = [
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Momentum",
    "NAdam",
    "Nesterov",
    "Optimizer",
    "RMSprop",
    "clip_grad_norm_",
    "clip_grad_value_",
    "decay_weights_only",
    "lr_scheduler",
]
