"""The network that `minigrad demo` trains: handwritten digits, 8×8 pixels, read by one hidden layer.

Read next: `tabular.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import nn, optim
from ..data import load_digits, train_test_split
from ..nn.functional import cross_entropy
from ..ops.random import manual_seed
from .threads import threads_for
from .trainer import History, fit, share_correct

EPOCHS = 30
WHAT = """1,437 handwritten digits of 8×8 pixels to train on, 360 to test on (stratified, from seed 0).
Network 64 → 256 → 10 with ReLU and dropout 0.3, trained by AdamW for 30 epochs of batches of 32.
The labels are smoothed to 0.91 for the right digit and 0.01 for each other: the least possible loss is 0.50."""


@dataclass(frozen=True, eq=False)
class Trained:
    """The network and what it was tested on: x_test float32 (360, 64), from 0 to 1, and y_test int64 (360,)."""

    model: nn.Sequential
    history: History
    x_test: np.ndarray
    y_test: np.ndarray


def train_digits(seed: int = 0, progress: Callable[[History], None] | None = None) -> Trained:
    """Train on 80 % of the digits, stratified from seed 0, and look at the other 20 % after each epoch.

    Parameters
    ----------
    seed : of the initial weights, the dropout and the order; the split is the same for all
    progress : as in `fit`
    """
    digits = load_digits()
    x, x_test, y, y_test = train_test_split(digits.x / 16, digits.y, test_size=0.2, seed=0, stratify=digits.y)
    manual_seed(seed)
    model = nn.Sequential(nn.Linear(64, 256), nn.ReLU(), nn.Dropout(0.3), nn.Linear(256, 10))

    def loss(z: Any, y: Any) -> Any:
        return cross_entropy(z, y, label_smoothing=0.1)

    optimizer = optim.AdamW(optim.decay_weights_only(model, 0.01), lr=0.003)
    with threads_for(model, batch_size=32):
        history = fit(
            model, loss, optimizer, (x, y), epochs=EPOCHS, batch_size=32, validation=(x_test, y_test),
            metrics={"accuracy": share_correct}, seed=seed, progress=progress,
        )  # fmt: skip
    return Trained(model, history, x_test, y_test)
