"""Descent on a surface of two parameters: its contours, and the way an optimizer took over them.

Read next: `examples/08_why_momentum.py`, which uses both.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .style import BLACK, GREY

GRID = 241  # points along each axis at which the surface is evaluated


def contours(
    ax: Any,
    objective: Callable[[Any, Any], Any],
    xlim: tuple[float, float],
    ylim: tuple[float, float],
    levels: int = 12,
) -> None:
    """Draw lines of equal objective, closer where it is steeper, and a cross at the least of it.

    The levels are spaced evenly in √(J − least J), so that a quadratic bowl gives evenly spaced ellipses.

    Parameters
    ----------
    ax : the matplotlib axes to draw on
    objective : J(x, y), element by element, of two arrays of one shape
    xlim, ylim : the part of the plane that is drawn
    levels : how many lines
    """
    x, y = np.meshgrid(np.linspace(*xlim, GRID), np.linspace(*ylim, GRID))
    j = np.asarray(objective(x, y))
    least = np.unravel_index(np.argmin(j), j.shape)
    ax.contour(x, y, np.sqrt(j - j[least]), levels=levels, colors=GREY, linewidths=0.8, alpha=0.5, zorder=1)
    ax.plot(x[least], y[least], "+", color=BLACK, markersize=13, markeredgewidth=1.8, zorder=4)
    ax.set(xlim=xlim, ylim=ylim)
    ax.grid(False)


def path(ax: Any, points: np.ndarray, color: str, label: str | None = None, **look: Any) -> None:
    """Draw the way an optimizer took: a dot for every step, a ring where it began.

    Parameters
    ----------
    ax : the matplotlib axes to draw on
    points : (T + 1, 2), the parameters before the first step and after each
    color, label : of the line, for the legend
    **look : further settings of the line, as in matplotlib's `plot`
    """
    x, y = np.asarray(points).T
    ax.plot(x, y, **{"marker": ".", "markersize": 6, "linewidth": 1.6, "zorder": 3, **look}, color=color, label=label)
    ax.plot(x[:1], y[:1], "o", color=BLACK, markersize=9, markerfacecolor="none", markeredgewidth=1.5, zorder=4)
