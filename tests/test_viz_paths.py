"""Contours and paths: drawn where they belong, with the minimum marked."""

import numpy as np
import pytest

from minigrad.viz.paths import contours, path
from minigrad.viz.style import BLACK, BLUE, picture


def bowl(x, y):
    return (x - 1) ** 2 + 10 * (y + 0.5) ** 2


@pytest.fixture
def ax(tmp_path):
    with picture(tmp_path / "drawn.svg", 4, 3) as figure:
        yield figure.subplots()
    assert (tmp_path / "drawn.svg").stat().st_size > 5000


def test_the_minimum_is_marked(ax):
    contours(ax, bowl, (-3, 3), (-2, 2))
    (cross,) = ax.get_lines()
    assert cross.get_marker() == "+"
    assert abs(cross.get_xdata()[0] - 1) <= 6 / 240 and abs(cross.get_ydata()[0] + 0.5) <= 4 / 240
    assert ax.get_xlim() == (-3, 3) and ax.get_ylim() == (-2, 2)


def test_every_contour_is_a_line_of_equal_objective(ax):
    contours(ax, lambda x, y: bowl(x, y) - 7, (-3, 3), (-2, 2), levels=5)
    (drawn,) = ax.collections
    steps = np.diff(drawn.levels)
    assert len(drawn.levels) >= 4 and np.allclose(steps, steps[0])  # in √(J − least J)
    for level, line in zip(drawn.levels, drawn.get_paths(), strict=True):
        if len(line.vertices):
            assert np.allclose(np.sqrt(bowl(*line.vertices.T)), level, atol=0.05)


def test_a_path_has_a_dot_for_every_point_and_a_ring_at_its_start(ax):
    points = np.array([[0.0, 1.0], [0.5, 0.5], [0.9, -0.2]])
    path(ax, points, BLUE, label="plain descent", linestyle="--")
    line, ring = ax.get_lines()
    assert np.array_equal(line.get_xydata(), points) and np.array_equal(ring.get_xydata(), points[:1])
    assert line.get_color() == BLUE and line.get_label() == "plain descent" and line.get_linestyle() == "--"
    assert ring.get_color() == BLACK and ring.get_markerfacecolor() == "none"
