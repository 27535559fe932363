"""Layers, losses and initial weights.

Read `module`, `layers`, `normalization`, `functional`, `losses`, `init`, `state`, in this order.
"""

from . import functional, init, state
from .layers import (
    ELU,
    GELU,
    Dropout,
    Embedding,
    Flatten,
    LeakyReLU,
    Linear,
    LogSigmoid,
    LogSoftmax,
    ReLU,
    Sequential,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
)
from .losses import (
    BCELoss,
    BCEWithLogitsLoss,
    CrossEntropyLoss,
    HuberLoss,
    KLDivLoss,
    L1Loss,
    LogLikelihoodLoss,
    Loss,
    MSELoss,
    MultilabelCrossEntropyLoss,
    NLLLoss,
)
from .module import Buffer, Module, OneOperation, Parameter
from .normalization import BatchNorm1d, BatchNorm2d, LayerNorm

__all__ = [
    "ELU",
    "GELU",
    "BCELoss",
    "BCEWithLogitsLoss",
    "BatchNorm1d",
    "BatchNorm2d",
    "Buffer",
    "CrossEntropyLoss",
    "Dropout",
    "Embedding",
    "Flatten",
    "HuberLoss",
    "KLDivLoss",
    "L1Loss",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "LogLikelihoodLoss",
    "LogSigmoid",
    "LogSoftmax",
    "Loss",
    "MSELoss",
    "Module",
    "MultilabelCrossEntropyLoss",
    "NLLLoss",
    "OneOperation",
    "Parameter",
    "ReLU",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Tanh",
    "functional",
    "init",
    "state",
]
