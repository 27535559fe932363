"""The pictures of a training run: how it learned, and what it still gets wrong.

Read next: `minigrad/cli.py`.
"""

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
    with picture(path, 6.4 * len(names), 5.0) as figure:
        figure.suptitle(f"{history.epochs} epochs of training", x=0.01, ha="left", fontsize=17)
        for ax, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
            curves = [("training", history.train[name], {"color": BLUE})]
            if history.validation:
                curves.append((held_out, history.validation[name], {"color": VERMILION, "linestyle": "--"}))
            _curves(ax, name, curves)


def _curves(ax: Any, name: str, curves: Sequence[tuple[str, Sequence[float], dict[str, str]]]) -> None:
    """Draw the curves of one number, with the value each ends at in the legend; an accuracy in percent."""
    share = name == "accuracy"
    for label, values, look in curves:
        last = f"{values[-1]:.1%}" if share else f"{values[-1]:.3g}"
        ax.plot(range(1, len(values) + 1), values, label=f"{label}: {last} in the end", **look)
    everything = [value for _, values, _ in curves for value in values]
    if 0 < 20 * min(everything) < max(everything):
        ax.set_yscale("log")
    if share:
        ax.yaxis.set_major_formatter(lambda value, _: f"{100 * value:g}%")
    ax.set(xlabel="epoch", ylabel=name, xlim=(1, max(2, len(curves[0][1]))))
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.legend(labelcolor="linecolor")


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
    columns = min(COLUMNS, max(3, len(shown)))  # three at least, for the title's sake
    rows = max(1, math.ceil(len(shown) / columns))
    with picture(path, 2.0 * columns, 2.7 * rows + 0.6) as figure:
        title = f"{len(wrong)} of {len(truth)} digits misread"
        if len(shown) < len(wrong):
            title += f"; the {len(shown)} it was surest of"
        figure.suptitle(title, x=0.01, ha="left", fontsize=17)
        axes = figure.subplots(rows, columns, squeeze=False).ravel()
        for ax, i in zip(axes, shown, strict=False):
            ax.imshow(images[i].reshape(8, 8), cmap="gray_r", interpolation="nearest")
            ax.set(xticks=[], yticks=[])
            ax.spines[:].set_visible(True)
            answer = f"said {said[i]} ({confidences[i]:.0%})"
            ax.set_title(answer, color=VERMILION, fontsize=14, loc="center", pad=24)
            ax.text(0.5, 1.03, f"is {truth[i]}", transform=ax.transAxes, ha="center", va="bottom", fontsize=14)
        for ax in axes[len(shown) :]:
            ax.set_axis_off()
