"""Pictures: real files with something on them, written whole or not at all."""

from __future__ import annotations

import subprocess
import sys

import matplotlib.image
import numpy as np
import pytest

from minigrad import viz
from minigrad.errors import MissingPackageError, ShapeError
from minigrad.train import History
from minigrad.viz import style

HISTORY = History(
    {"loss": [2.0, 1.0, 0.01], "accuracy": [0.3, 0.8, 0.99]}, {"loss": [2.1, 1.2, 0.5], "accuracy": [0.3, 0.7, 0.9]}
)


def colours(path):
    """Return the set of colours of a PNG, as hexadecimal text."""
    pixels = np.round(matplotlib.image.imread(path)[..., :3] * 255).astype(int)
    return {f"#{number:06X}" for number in np.unique(pixels @ [0x10000, 0x100, 1])}


def digits(n, wrong):
    rng = np.random.default_rng(0)
    truth = np.arange(n) % 10
    said = np.where(np.arange(n) < wrong, (truth + 1) % 10, truth)
    return rng.uniform(size=(n, 64)).astype(np.float32), said, truth, rng.uniform(0.3, 1, n)


@pytest.mark.parametrize(
    "history",
    [
        HISTORY,
        History({"loss": [1.0, 0.5]}),
        History({"loss": [1.0]}, {"loss": [2.0]}),
        History({"loss": [0.0, 0.0], "accuracy": [1.0, 1.0]}),
        History({"loss": [1e6, 1.0, 1e-6]}),
    ],
    ids=["all", "loss alone", "one epoch", "zero loss", "wide range"],
)
def test_learning_curves(history, tmp_path):
    path = tmp_path / "curves.png"
    viz.learning_curves(history, path)
    assert path.read_bytes().startswith(b"\x89PNG")
    seen = colours(path)
    assert style.BLUE in seen and (style.VERMILION in seen) == bool(history.validation)
    assert [p.name for p in tmp_path.iterdir()] == ["curves.png"]


@pytest.mark.parametrize("wrong", [0, 1, 7, 30])
def test_misread_digits(wrong, tmp_path):
    path = tmp_path / "misread.png"
    viz.misread_digits(*digits(40, wrong), path)
    assert path.read_bytes().startswith(b"\x89PNG")
    assert (style.VERMILION in colours(path)) == bool(wrong)


def test_the_surest_mistakes_are_drawn_and_the_others_counted(tmp_path):
    images, said, truth, confidences = digits(40, 30)
    viz.misread_digits(images.reshape(-1, 8, 8), said, truth, confidences, tmp_path / "misread.svg")
    text = (tmp_path / "misread.svg").read_text()
    assert "30 of 40 digits misread; the 24 it was surest of" in text  # matplotlib keeps texts as comments in SVG
    assert text.count("<!-- said ") == 24
    surest = np.sort(confidences[:30])[-24:]
    assert f"({surest[0]:.0%})" in text and f"({surest[-1]:.0%})" in text


def regions(path, probability, y=None):
    """Draw what a classifier says of the plane; return the examples and the limits of the axes."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 2)) * [1, 9]
    with style.picture(path, 4, 3) as figure:
        ax = figure.subplots()
        viz.decision_regions(ax, probability, x, rng.integers(0, 2, len(x)) if y is None else y)
        return x, ax.get_xlim(), ax.get_ylim()


@pytest.mark.parametrize("axis", [0, 1])
def test_decision_regions_show_both_classes_the_boundary_and_the_examples(axis, tmp_path):
    asked = []

    def probability(points):
        asked.append(points)
        return 1 / (1 + np.exp(-3 * points[:, axis]))

    x, (left, right), (bottom, top) = regions(tmp_path / "regions.png", probability)
    (points,) = asked
    assert points.dtype == np.float32 and points.ndim == 2
    assert left < x[:, 0].min() and x[:, 0].max() < right and bottom < x[:, 1].min() and x[:, 1].max() < top
    assert np.allclose([points.min(axis=0), points.max(axis=0)], [[left, bottom], [right, top]])
    assert {style.BLUE, style.VERMILION, style.BLACK} <= colours(tmp_path / "regions.png")
    pixels = matplotlib.image.imread(tmp_path / "regions.png")
    reddish = pixels[..., 0] - pixels[..., 2]
    reddish = reddish if axis == 0 else reddish[::-1].T  # rows of a picture count from its top
    assert reddish[:, :150].mean() < 0 < reddish[:, -150:].mean()  # class 1 is where the feature is positive


@pytest.mark.parametrize("p", [0.0, 0.5, 1.0])
def test_decision_regions_without_a_boundary(p, tmp_path):
    regions(tmp_path / "regions.png", lambda points: np.full(len(points), p))
    assert style.BLUE in colours(tmp_path / "regions.png")


def test_decision_regions_of_one_class(tmp_path):
    regions(tmp_path / "regions.png", lambda points: points[:, 0] > 0, y=np.ones(40, int))
    assert style.BLUE not in colours(tmp_path / "regions.png")


def test_decision_regions_want_one_probability_a_point(tmp_path):
    with pytest.raises(ShapeError, match=r"probability gave float64\[\d+, 2\] for points float32\[\d+, 2\]"):
        regions(tmp_path / "regions.png", lambda points: np.ones((len(points), 2)))
    assert not list(tmp_path.iterdir())


def test_labels_say_what_is_drawn(tmp_path):
    viz.learning_curves(HISTORY, tmp_path / "c.svg", held_out="test")
    text = (tmp_path / "c.svg").read_text()
    ends = ("training: 0.01 in the end", "test: 90.0% in the end")
    for label in ("3 epochs of training", "epoch", "loss", "accuracy", *ends):
        assert f"<!-- {label} -->" in text


def test_an_unknown_ending_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"c\.gif: its ending must be \.png or \.svg or \.pdf"):
        viz.learning_curves(HISTORY, tmp_path / "c.gif")


def test_a_picture_that_fails_leaves_the_old_one_and_no_other_file(tmp_path):
    path = tmp_path / "c.png"
    path.write_bytes(b"old")
    with pytest.raises(RuntimeError, match="half way"), style.picture(path, 3, 2):
        raise RuntimeError("half way")
    assert path.read_bytes() == b"old" and len(list(tmp_path.iterdir())) == 1


def test_the_style_does_not_leak(tmp_path):
    before = dict(matplotlib.rcParams)
    viz.learning_curves(HISTORY, tmp_path / "c.png")
    assert dict(matplotlib.rcParams) == before


def test_without_matplotlib_the_message_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingPackageError, match=r'pip install "minigrad-lab\[plot\]"'):
        viz.learning_curves(HISTORY, tmp_path / "c.png")


def test_importing_loads_no_heavy_package():
    code = (
        "import sys, minigrad, minigrad.viz, minigrad.train, minigrad.lab, minigrad.cli; "
        "print([m for m in ('matplotlib', 'rich', 'sklearn', 'sympy', 'cupy', 'safetensors') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_no_window_and_no_pyplot(tmp_path):
    code = f"import sys; from minigrad import viz; from minigrad.train import History; " \
           f"viz.learning_curves(History({{'loss': [1.0]}}), {str(tmp_path / 'c.png')!r}); " \
           f"print('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
