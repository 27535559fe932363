"""One look for all pictures: colours everyone can tell apart, labelled axes, letters legible from the last row.

Pictures are matplotlib's `Figure` objects; pyplot and its window are never touched. Read next: `pictures.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..errors import require
from ..files import replacing

# Okabe & Ito, "Color Universal Design", 2008
BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILION, PURPLE = (
    "#000000", "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7",
)  # fmt: skip
GREY = "#767676"

FORMATS = (".png", ".svg", ".pdf")  # endings of file names

RC = {
    "font.size": 13,
    "axes.titlesize": 15,
    "axes.titlelocation": "left",
    "axes.titlepad": 12,
    "axes.labelsize": 13,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.grid": True,
    "grid.color": "#E6E6E6",
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": BLACK,
    "ytick.labelcolor": BLACK,
    "lines.linewidth": 2.2,
    "legend.frameon": False,
    "savefig.dpi": 150,
}


@contextmanager
def picture(path: str | Path, width: float, height: float) -> Iterator[Any]:
    """Give a Figure to draw on, and write it to `path` at the end: whole, or not at all.

    Parameters
    ----------
    path : its ending chooses the format: .png, .svg or .pdf
    width, height : in inches

    Raises
    ------
    MissingPackageError
        without matplotlib.
    ValueError
        when the ending is not one of these.
    """
    path = Path(path)
    if path.suffix.lower() not in FORMATS:
        raise ValueError(f"cannot draw {path}: its ending must be {' or '.join(FORMATS)}")
    matplotlib = require("matplotlib", "plot", "drawing a picture")
    figures = require("matplotlib.figure", "plot", "drawing a picture")
    with matplotlib.rc_context(RC):
        figure = figures.Figure(figsize=(width, height), layout="constrained")
        figure.get_layout_engine().set(h_pad=0.12)
        yield figure
        with replacing(path) as unfinished:
            figure.savefig(unfinished)
