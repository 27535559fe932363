"""What a classifier of two features says of every point of the plane, with the examples it learned from.

Read next: `examples/11_how_does_a_boundary_form.py`, which draws it as it forms.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import ShapeError, describe, require
from .style import BLACK, BLUE, VERMILION

GRID = 161  # points along each axis at which the classifier is asked
MARGIN = 0.1  # around the examples, as a share of their range


def decision_regions(ax: Any, probability: Callable[[Any], Any], x: np.ndarray, y: np.ndarray) -> None:
    """Colour the plane by the probability of class 1, pale where it is near ½, and draw the boundary where it is ½.

    Examples of class 0 are blue circles, those of class 1 vermilion triangles.

    Parameters
    ----------
    ax : the matplotlib axes to draw on
    probability : from points float32 (M, 2) to the probability of class 1 at each (M,), an array in [0, 1]
    x : (N, 2), the examples
    y : (N,), their labels, 0 or 1

    Raises
    ------
    ShapeError
        when `probability` does not give one number for each point.
    """
    low, high = x.min(axis=0), x.max(axis=0)
    (left, bottom), (right, top) = low - MARGIN * (high - low), high + MARGIN * (high - low)
    across, up = np.meshgrid(np.linspace(left, right, GRID), np.linspace(bottom, top, GRID))
    points = np.stack([across.ravel(), up.ravel()], axis=1).astype(np.float32)
    p = np.asarray(probability(points))
    if p.shape != points.shape[:1]:
        raise ShapeError(
            f"decision_regions: probability gave {describe(p)} for points {describe(points)}; "
            "it must give the probability of class 1 for each point, (M,)"
        )
    p = p.reshape(across.shape)
    colours = require("matplotlib.colors", "plot", "drawing a picture")
    shades = colours.LinearSegmentedColormap.from_list("classes", [BLUE, "#FFFFFF", VERMILION])
    ax.imshow(
        p, extent=(left, right, bottom, top), origin="lower", cmap=shades, vmin=0, vmax=1, alpha=0.4,
        aspect="auto", interpolation="bilinear", zorder=0,
    )  # fmt: skip
    if p.min() < 0.5 < p.max():  # older versions of matplotlib warn of a line that is nowhere
        ax.contour(across, up, p, levels=[0.5], colors=BLACK, linewidths=1.6, zorder=2)
    for label, marker, color in [(0, "o", BLUE), (1, "^", VERMILION)]:
        ax.scatter(*x[y == label].T, s=22, marker=marker, color=color, edgecolors="white", linewidths=0.4, zorder=3)
    ax.set(xlim=(left, right), ylim=(bottom, top))
    ax.grid(False)
