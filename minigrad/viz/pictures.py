"""The pictures of a training run: how it learned, and what it still gets wrong."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..train import History
from .style import BLUE, VERMILION, picture

COLUMNS = 6
MOST = 24  # misread digits on one picture


def learning_curves(history: History, path: str | Path, held_out: str = "validation") -> None:
    """Draw each number of a training run against the epoch, on the training data and on what was held out.

    Parameters
    ----------
    history : what `train.fit` returned
    path : the picture's file, .png, .svg or .pdf
    held_out : what to call the data it did not train on
    """
    names = list(history.train)
    with picture(path, 6.4 * len(names), 4.8) as figure:
        for ax, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
            _curve(ax, name, history.train[name], "training", color=BLUE)
            if history.validation:
                _curve(ax, name, history.validation[name], held_out, color=VERMILION, linestyle="--")
            values = [*history.train[name], *history.validation.get(name, ())]
            if name == "loss" and min(values) > 0:
                ax.set_yscale("log")
            ax.set(title=name, xlabel="epoch", xlim=(1, max(2, history.epochs)))
            ax.xaxis.get_major_locator().set_params(integer=True)
            ax.legend(labelcolor="linecolor")


def _curve(ax: Any, name: str, values: Sequence[float], label: str, **look: Any) -> None:
    """Draw one curve, with its last value in the legend; accuracies in percent."""
    share = name == "accuracy"
    last = f"{values[-1]:.1%}" if share else f"{values[-1]:.3g}"
    ax.plot(range(1, len(values) + 1), values, label=f"{label}, in the end {last}", **look)
    if share:
        ax.yaxis.set_major_formatter(lambda value, _: f"{100 * value:g} %")


def misread_digits(
    images: np.ndarray, said: np.ndarray, truth: np.ndarray, confidences: np.ndarray, path: str | Path
) -> None:
    """Draw the digits that a model got wrong, with what it said; its surest mistakes first.

    Parameters
    ----------
    images : (N, 64) or (N, 8, 8), larger where there is more ink
    said, truth : (N,), the model's answers and the right ones; only where they differ is drawn
    confidences : (N,), the probabilities the model gave its answers
    path : the picture's file, .png, .svg or .pdf
    """
    wrong = np.flatnonzero(said != truth)
    shown = wrong[np.argsort(-confidences[wrong], kind="stable")][:MOST]
    rows = max(1, math.ceil(len(shown) / COLUMNS))
    with picture(path, 1.9 * COLUMNS, 2.5 * rows + 0.9) as figure:
        title = f"{len(wrong)} of {len(truth)} digits misread"
        if len(shown) < len(wrong):
            title += f"; the {len(shown)} it was surest of"
        figure.suptitle(title, x=0.01, ha="left", fontsize=17)
        for ax in (axes := figure.subplots(rows, COLUMNS, squeeze=False).ravel()):
            ax.set_axis_off()
        for ax, i in zip(axes, shown, strict=False):
            ax.imshow(images[i].reshape(8, 8), cmap="gray_r", interpolation="nearest")
            ax.set_title(f"said {said[i]} ({confidences[i]:.0%})", color=VERMILION, fontsize=14, loc="center", pad=22)
            ax.text(0.5, 1.03, f"is {truth[i]}", transform=ax.transAxes, ha="center", va="bottom", fontsize=14)
