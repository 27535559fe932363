"""The page: one file that needs nothing, and shows the library's gradients; run in Chromium where there is one."""

import json
import re
import shutil
import subprocess
from html import unescape

import numpy as np
import pytest
from helpers import some
from test_draw import GRAPHS
from test_steps import mlp, unrolled

import minigrad as mg
from minigrad import lab
from minigrad.errors import DataError
from minigrad.lab.show.labels import brief

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
in_browser = pytest.mark.skipif(BROWSER is None, reason="Chromium is not installed: the page's script cannot be run")


def loaded(path, tmp_path, tag="end"):
    """Return the page's elements as text after its script has run."""
    command = [
        BROWSER, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path.parent / 'profile'}",
        "--host-resolver-rules=MAP * ~NOTFOUND", "--virtual-time-budget=3000", "--window-size=1280,800", "--dump-dom",
        f"{path.as_uri()}#{tag}",
    ]  # fmt: skip
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=120, check=True).stdout


def said(dom):
    return unescape(re.search(r'<p id="say"[^>]*>(.*?)</p>', dom).group(1))


def data_of(html):
    return json.loads(re.search(r'(?s)<script type="application/json" id="data">(.*?)</script>', html).group(1))


def transforms(svg):
    """Return where every box of a picture that is seen stands."""
    boxes = re.findall(r'<g class="box[^>]*>', svg)
    shown = [box for box in boxes if "display: none" not in box]
    return {
        re.search(r'data-id="(\w+)"', box).group(1): [
            round(float(x), 1) for x in re.search(r'translate\(([^)]*)\)', box).group(1).split()
        ]
        for box in shown
    }


# The file


def test_it_needs_no_network(tmp_path):
    html = lab.to_html(mlp()[0]).html
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", html)
    assert not re.search(r"<link|@import|url\(|<img|<script src|fetch\(|XMLHttpRequest|WebSocket", html)
    assert "default-src 'none'" in html
    assert "<title>3</title>" in lab.to_html(mlp()[0], title=3).html


def test_it_is_written_whole_or_not_at_all(tmp_path):
    loss = mlp()[0]
    page = lab.to_html(loss, tmp_path / "graph.html")
    assert page.path.read_text(encoding="utf-8") == page.html and [p.name for p in tmp_path.iterdir()] == ["graph.html"]
    with pytest.raises(DataError, match="is a folder"):
        lab.to_html(loss, tmp_path)
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        lab.to_html(loss, tmp_path / "none" / "graph.html")
    assert lab.to_html(loss).path is None


def test_a_notebook_shows_it_in_a_frame():
    page = lab.to_html(mlp()[0])
    frame = page._repr_html_()
    assert unescape(re.search(r'(?s)srcdoc="(.*?)"', frame).group(1)) == page.html
    assert 'title="Backpropagation' in frame and 'sandbox="allow-scripts"' in frame


def test_names_and_titles_cannot_break_out():
    w = mg.tensor(2.0, requires_grad=True, name="</script><script>alert(1)</script>")
    html = lab.to_html(w * w, title="<b>").html
    assert html.count("</script>") == 2 and "<title>&lt;b&gt;</title>" in html
    assert data_of(html)["members"]["n0"]["name"] == w.name


def test_its_steps_are_those_of_lab_steps():
    loss = mlp()[0]
    steps = [step for step in data_of(lab.to_html(loss).html)["steps"] if step["kind"] == "rule"]
    for told, step in zip(steps, lab.steps(loss), strict=True):
        assert told["brief"] == brief(step.total) and told["gives"] == brief(step.contribution)
        assert told["formula"] == step.formula and told["arrived"] == step.arrived


def test_nan_and_large_arrays_are_told():
    x = mg.tensor(np.array([[0.0, np.inf], [np.nan, 1.0]]), requires_grad=True)
    big = mg.tensor(np.ones((40, 50)), requires_grad=True)
    members = data_of(lab.to_html(x.sum() * big.sum()).html)["members"]
    tables = [m["value"] for m in members.values() if m["kind"] == "parameter"]
    assert ["0", "inf"] in tables[0]["rows"] and tables[1]["of"] == [40, 50] and len(tables[1]["rows"]) <= 8


# The page at work


@in_browser
@pytest.mark.parametrize("make", [mlp, unrolled])
def test_at_the_end_it_shows_the_librarys_gradients(make, tmp_path):
    loss, leaves = make()
    path = lab.to_html(loss, tmp_path / "graph.html").path
    dom = loaded(path, tmp_path)
    count = len(data_of(path.read_text(encoding="utf-8"))["steps"])
    assert said(dom).startswith(f"{count} of {count}, backward")
    shown = [unescape(text) for text in re.findall(r'<td data-leaf="[^"]*">(.*?)</td>', dom)]
    loss.backward()
    assert sorted(shown) == sorted(brief(leaf.grad.data) for leaf in leaves)
    for text in shown:
        assert f">∂ {text}<" in unescape(dom)  # in the picture too


@in_browser
def test_it_begins_at_the_beginning_and_at_the_step_asked_for(tmp_path):
    path = lab.to_html(mlp()[0], tmp_path / "graph.html").path
    dom = loaded(path, tmp_path, "")
    assert said(dom).startswith("Before the first step") and "nothing yet" in dom
    dom = loaded(path, tmp_path, "step=2")
    assert said(dom).startswith("2 of ") and "forward: tanh gives tanh1, an array of rms " in said(dom)
    operations = re.findall(r'class="box operation[^"]*"', dom[: dom.index("<noscript>")])
    assert len(operations) == 8 and sum("waiting" in box for box in operations) == 6


@in_browser
@pytest.mark.parametrize("name", some(["twenty blocks", "one block", "many towers", "towers"], 2))
def test_it_stands_as_the_drawing_does(name, tmp_path):
    loss = GRAPHS[name]
    page = lab.to_html(loss, tmp_path / "graph.html")
    dom = loaded(page.path, tmp_path)
    svg = dom[dom.index("<svg") : dom.index("<noscript>")]
    there, drawn = transforms(svg), transforms(lab.draw(loss).svg)
    assert set(there) == set(drawn)
    assert all(there[box] == pytest.approx(drawn[box], abs=0.5) for box in drawn)  # the page's numbers are rounded


@in_browser
def test_everything_has_a_name_for_those_who_listen(tmp_path):
    dom = loaded(lab.to_html(mlp()[0], tmp_path / "graph.html").path, tmp_path)
    boxes = re.findall(r'<g class="box[^>]*>', dom[: dom.index("<noscript>")])
    assert boxes and all('role="option"' in box and re.search(r'aria-label="[^"]+"', box) for box in boxes)
    assert sum('tabindex="0"' in box for box in boxes) == 1  # one stop; arrows lead on
    assert 'aria-live="polite"' in dom and "aria-valuetext=" in dom and 'lang="en"' in dom
