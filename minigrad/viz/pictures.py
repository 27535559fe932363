"""The pictures of a training run: how it learned, and what it still gets wrong."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ShapeError, describe
from ..train import History
from .style import BLUE, GREY, VERMILION, picture


def learning_curves(history: History, path: str | Path) -> None:
    """Draw every number of a training run against the epoch, training and validation together.

    Parameters
    ----------
    history : what `train.fit` returned; its loss is drawn first, on a logarithmic axis
    path : the picture's file
    """
    names = list(history.train)
    with picture(path, 6.4 * len(names), 4.6) as figure:
        axes = figure.subplots(1, len(names), squeeze=False)[0]
        for ax, name in zip(axes, names, strict=True):
            _curve(ax, history.train[name], "training", BLUE)
            if name in history.validation:
                _curve(ax, history.validation[name], "validation", VERMILION)
            ax.set(title=name, xlabel="epoch", ylabel=name)
            _scale(ax, name)


def _curve(ax: Any, values: Sequence[float], label: str, colour: str) -> None:
    epochs = np.arange(1, len(values) + 1)
    ax.plot(epochs, values, color=colour, label=label)
