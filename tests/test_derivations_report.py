"""How derivations are shown: in the terminal at any width, as a page of well-formed HTML, as JSON."""

import dataclasses
import functools
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from rich.cells import cell_len

from minigrad.errors import DataError
from minigrad.lab.notes import DERIVATIONS, facts, page, report
from minigrad.lab.notes.derivations import check, derivation

VOID = {"meta", "br"}
checked = functools.cache(check)  # the same comparison serves several tests


def results():
    return [checked(row) for row in DERIVATIONS]


def wrong(id):
    row = derivation(id)
    return check(dataclasses.replace(row, hand=lambda *args: [-v for v in row.hand(*args)]))


# --- the terminal -------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [80, 100, 140])
def test_the_table_names_every_formula_and_value(width, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))
    report.show(results())
    text = capsys.readouterr().out
    lines = text.splitlines()
    assert max(map(cell_len, lines)) <= width  # in columns: v̂ takes one
    together = re.sub(r"\s+", "", text)
    for row in DERIVATIONS:
        assert re.search(rf"^ *{row.id} +{re.escape(row.title[:20])}", text, re.MULTILINE)
    if width >= 100:  # where none is folded
        for row in DERIVATIONS:
            assert all(re.sub(r"\s+", "", formula) in together for formula in row.formulas)
    assert text.count("agrees") == 24 and "DIFFERS" not in text
    for number in ("0.0291", "13.2877", "9.9658", "4.2990", "0.2584"):
        assert number in text
    assert all(f"E{k}" in text for k in range(1, 7)) and "-0.0000" not in text


@pytest.mark.parametrize("width", [80, 140])
@pytest.mark.parametrize("row", DERIVATIONS, ids=lambda d: d.id)
def test_a_row_in_full_fits_the_width(row, width, capsys, monkeypatch):
    result = checked(row)
    monkeypatch.setenv("COLUMNS", str(width))
    report.show_in_full(result)
    text = capsys.readouterr().out
    code = {f"    {line}" for line in row.source.splitlines()}  # is never folded
    assert max(cell_len(line) for line in text.splitlines() if line not in code) <= width
    assert "Verdict: agrees" in text and f"{row.hand.__module__}.{row.hand.__name__}" in text.replace("\n", "")
    assert ("line before" in text) is any(d.step is not None for d in result.differences)
    for erratum in row.errata:
        assert f"Erratum {erratum.id}" in text and "as printed" in text


def test_a_row_that_differs_is_marked(capsys):
    report.show([wrong("N1")])
    report.show_in_full(wrong("N1"))
    out = capsys.readouterr().out
    assert out.count("DIFFERS") == 2 and "agrees" not in out


def test_brackets_are_no_markup(capsys):
    row = dataclasses.replace(derivation("N2"), title="x[i]", formulas=("a[b]", "c[d]"), remark="e[f]", where=("g[h]",))
    report.show([check(row)])
    report.show_in_full(check(row))
    out = capsys.readouterr().out
    assert [out.count(text) for text in ("x[i]", "a[b]", "c[d]", "e[f]", "g[h]")] == [2, 2, 2, 1, 2]


def test_numbers():
    assert facts.short(9.96578) == "9.9658" and facts.short(-1e-17) == "-1.00e-17" and facts.short(-0.0) == "0.0000"
    assert facts.precise(float("nan")) == "not a number" and facts.precise(-0.0) == "0"


def test_what_is_left_out_is_said():
    outputs, *_ = facts.entries(checked(derivation("N11")))
    assert len(outputs.values) == facts.MOST and outputs.left_out == 1000 - facts.MOST


# --- the page -----------------------------------------------------------------------------------------


class Checker(HTMLParser):
    """Keeps what the page is made of, and complains of tags that do not match."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.headings, self.text = [], [], [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        names = [name for name, _ in attrs]
        assert len(set(names)) == len(names)
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)

    def all(self, tag, attribute):
        return [attrs[attribute] for name, attrs in self.tags if name == tag and attribute in attrs]


@pytest.fixture(scope="module")
def whole():
    return Checker(page.page(results(), "0.0"))


def test_the_page_is_well_formed_and_stands_alone(whole):
    text = page.page(results(), "0.0")
    assert text.startswith("<!DOCTYPE html>")
    assert not {tag for tag, _ in whole.tags} & {"script", "link", "img", "iframe", "object"}
    assert "http" not in text and "url(" not in text and "@import" not in text
    assert "prefers-color-scheme: dark" in text and whole.all("meta", "charset") == ["utf-8"]


def test_the_page_is_accessible(whole):
    assert whole.all("html", "lang") == ["en"] and whole.all("meta", "name") == ["viewport"]
    assert whole.headings[0] == 1 and whole.headings.count(1) == 1
    assert all(after <= before + 1 for before, after in zip(whole.headings, whole.headings[1:], strict=False))
    tables = [attrs for tag, attrs in whole.tags if tag == "table"]
    assert len(tables) == 24 + 6 == sum(tag == "caption" for tag, _ in whole.tags)
    assert all(attrs.get("scope") in ("col", "row") for tag, attrs in whole.tags if tag == "th")
    assert {tag for tag, _ in whole.tags} >= {"main", "nav", "header", "footer", "section", "article"}


def test_every_link_of_the_page_leads_somewhere(whole):
    ids = [attrs["id"] for _, attrs in whole.tags if "id" in attrs]
    links = [href.removeprefix("#") for href in whole.all("a", "href")]
    assert len(set(ids)) == len(ids) and set(links) <= set(ids)
    assert set(links) >= {row.id for row in DERIVATIONS} | {f"E{k}" for k in range(1, 7)}


def test_the_page_holds_code_numbers_and_verdicts(whole):
    text = "".join(whole.text)
    for row in DERIVATIONS:
        assert row.source in text and row.title in text
        assert all(formula in text for formula in row.formulas)
    assert text.count("Verdict: agrees") == 24 and "24 of 24 agree" in text
    for value in ("0.029146346", "13.287712", "9.9657843", "4.2990277", "0.25842515", "not a number"):
        assert value in text


def test_every_row_of_a_table_has_its_cells():
    """Spans counted, all rows of a table are equally long."""
    for table in re.findall(r"<table>.*?</table>", page.page(results(), "0.0"), re.DOTALL):
        pending, lengths = [], set()
        for row in re.findall(r"<tr.*?</tr>", table, re.DOTALL):
            cells = re.findall(r"<t[hd]([^>]*)>", row)
            spans = [
                [int((re.search(rf'{kind}="(\d+)"', cell) or [0, 1])[1]) for kind in ("colspan", "rowspan")]
                for cell in cells
            ]
            lengths.add(sum(columns for columns, _ in spans) + len(pending))
            pending = [n - 1 for n in pending if n > 1] + [rows - 1 for _, rows in spans if rows > 1]
        assert len(lengths) == 1 and not pending


def test_a_page_with_a_row_that_differs_says_so_at_the_top():
    text = page.page([wrong("N1"), check(derivation("N2"))], "0.0")
    assert "1 of 2 agree" in text and text.count("DIFFERS") == 2


def test_text_is_escaped():
    row = dataclasses.replace(derivation("N2"), title="a < b & c", remark="<script>")
    text = page.page([check(row)], "<0>")
    assert "a &lt; b &amp; c" in text and "<script>" not in text and "&lt;0&gt;" in text
    Checker(text)


def test_a_page_never_replaces_a_device():
    with pytest.raises(DataError, match="write_page: /dev/null is a folder or a device"):
        page.write_page([], "/dev/null", "0.0")


# --- for machines -------------------------------------------------------------------------------------


def test_what_is_no_number_is_none():
    row = derivation("N6")
    result = check(dataclasses.replace(row, hand=lambda *args: [v * np.nan for v in row.hand(*args)]))
    found = facts.as_dict([result])
    assert found["agrees"] is False and found["rows"][0]["relative"] is None
    assert found["rows"][0]["formulas"][1]["hand"] == [[None] * 3] * 2
    assert "the relative difference reaches inf" in facts.disagreement(result)
