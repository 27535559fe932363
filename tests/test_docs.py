"""The pages say what is so: every row, rule and link is there, and the Korean README has the code of the English one.

These are quick checks. That all pages build without a warning is for `python -m sphinx -W --keep-going docs …` to see.
"""

import ast
import dis
import doctest
import importlib
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

import minigrad as mg
from minigrad import lab
from minigrad.engine import primitives

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = {path: path.read_text(encoding="utf-8") for path in sorted(DOCS.rglob("*")) if path.suffix in (".md", ".rst")}
PAGES = {path: text for path, text in PAGES.items() if not {"_build", "gallery"} & set(path.relative_to(DOCS).parts)}
EXTENSIONS = sorted(path.stem for path in (DOCS / "_ext").glob("*.py") if path.stem != "__init__")
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


@pytest.fixture
def extension(monkeypatch):
    """Import one of the extensions; the test is skipped where Sphinx and its companions are not installed."""
    for package in ("sphinx", "myst_parser", "sphinx_gallery", "latex2mathml"):
        pytest.importorskip(package, reason="the pages need the extra `docs`")
    monkeypatch.syspath_prepend(str(DOCS))
    yield lambda name: importlib.import_module(f"_ext.{name}")
    for name in [name for name in sys.modules if name.partition(".")[0] == "_ext"]:
        del sys.modules[name]


def named(pattern: str) -> list[str]:
    """Return what a pattern finds in all pages."""
    return [found for text in PAGES.values() for found in re.findall(pattern, text)]


# The extensions


@pytest.mark.parametrize("name", EXTENSIONS)
def test_the_doctests_of_an_extension_run(name, extension):
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    assert not doctest.testmod(extension(name), optionflags=flags).failed


@pytest.mark.parametrize("latex", [r"\nonsense{x}", r"\begin{aligned} a &= b \end{aligned}", "a & b"])
def test_a_formula_that_is_not_understood_is_refused(latex, extension):
    mathml = extension("mathml")
    with pytest.raises(mathml.ExtensionError, match="latex2mathml"):
        mathml.to_mathml(latex)


def test_every_formula_of_the_pages_becomes_mathml(extension):
    to_mathml = extension("mathml").to_mathml
    formulas = named(r"(?s)\$\$(.+?)\$\$") + named(r"(?<!\$)\$([^$\n]+)\$(?!\$)")
    assert len(formulas) > 100
    for formula in formulas:
        assert to_mathml(formula).startswith("<math")


def test_a_block_that_raises_stops_the_build(extension):
    run = extension("run")
    with pytest.raises(run.ExtensionError, match=r"page\.md:3: the block raised ZeroDivisionError"):
        run.run("1 / 0", {}, "page.md:3")


def test_a_derivation_that_disagrees_stops_the_build(extension):
    derivation = extension("derivation")
    row = lab.DERIVATIONS[2]
    wrong = type(row)(**{**vars(row), "hand": lambda *args: tuple(1.001 * a for a in row.hand(*args)), "printed": ()})
    with pytest.raises(derivation.ExtensionError, match=rf"derivation {row.id} disagrees"):
        derivation.evaluate(wrong)


def test_pages_that_load_from_elsewhere_are_refused(extension):
    found = extension("offline").remote_sources
    assert found('<link rel="stylesheet" href="https://a.org/b.css"><img srcset="c.png, http://a.org/d.png 2x">') == [
        "https://a.org/b.css",
        "http://a.org/d.png 2x",
    ]
    assert found('<p style="background: url(\'//a.org/e.png\')"><a href="https://a.org">a</a><script src="f.js">') == [
        "//a.org/e.png"
    ]


def test_what_is_ours_loads_nothing_from_elsewhere(extension):
    found = extension("offline").remote_sources
    for path in [*PAGES, *(DOCS / "_static").iterdir()]:
        assert not found(path.read_text(encoding="utf-8")), path


def test_sections_of_the_readme_are_there(extension):
    section = extension("readme").section
    for title in named(r"```\{readme\} (.+)"):
        text = section(title)
        assert "```" in text
        assert "](" not in text  # links to files of the repository lead nowhere in the pages


# The rules


def test_the_table_is_of_all_modules():
    assert named(r"```\{rules\}(.*)") == [""]


def instructions(code):
    """Return what a function does, without what depends on where it was compiled: lookups of names, and jumps."""
    return [
        (i.opname.replace("METHOD", "ATTR"), "" if "JUMP" in i.opname else getattr(i.argval, "co_name", i.argval))
        for i in dis.get_instructions(code)
    ]


def test_a_rule_shown_is_the_rule_that_runs(extension):
    rule_text = extension("rules").rule_text
    rules = [rule for f in primitives.values() for rule in f.primitive.rules.values() if rule]
    assert len(rules) > 80
    for rule in rules:
        text = rule_text(rule)
        if rule.__code__.co_name == "<lambda>":
            head = ", ".join(rule.__code__.co_varnames[: rule.__code__.co_argcount])
            assert instructions(eval(f"lambda {head}: ({text}\n)").__code__) == instructions(rule.__code__), text
        else:
            assert text.startswith(f"def {rule.__code__.co_name}(")


# The pages


def test_every_row_and_every_erratum_has_its_place():
    assert sorted(named(r"```\{derivation\} (\w+)")) == sorted(row.id for row in lab.DERIVATIONS)
    assert named(r"```\{erratum\} (\w+)") == [erratum.id for erratum in lab.derivations.ERRATA]


def test_every_public_module_is_in_the_reference():
    modules = {f"minigrad.{name}" for name in mg.__all__ if isinstance(getattr(mg, name), ModuleType)}
    assert modules - {"minigrad.ops"} <= set(named(r"\.\. public:: (\S+)"))  # whose operations are all in minigrad


def test_every_file_has_its_place_in_the_reading_order(extension):
    modules = extension("modules")
    blocks = re.findall(r"```\{modules\} (\S+)\n(.*?)```", PAGES[DOCS / "source.md"], re.DOTALL)
    packages = {path.parent.name for path in (ROOT / "minigrad").glob("*/__init__.py")}
    assert {package.partition(".")[2] for package, _ in blocks} >= packages
    for package, lessons in blocks:
        there = modules.files(package)
        assert sorted(modules.in_order(there)) == sorted(there)
        assert {line.partition(":")[0] for line in lessons.splitlines()} <= set(there), package


def test_every_example_is_pointed_at():
    numbers = {path.name[:2] for path in EXAMPLES}
    assert set(named(r"\{example\}`(\d+)`")) == numbers


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_examples_docstring_is_a_page(path):
    publish = pytest.importorskip("docutils.core", reason="the pages need the extra `docs`").publish_doctree
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    page = publish(text, settings_overrides={"report_level": 1, "halt_level": 2, "warning_stream": ""})
    assert page["title"] == text.partition("\n")[0]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(DOCS)))
def test_tables_have_as_many_cells_in_every_row(path):
    """A bar in a formula would end its cell."""
    for table in re.findall(r"(?:^\|.*\|\n)+", PAGES[path], re.MULTILINE):
        assert len({row.count("|") for row in table.splitlines()}) == 1, table


def anchors(text: str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub and MyST make them."""
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(DOCS)))
def test_links_lead_somewhere(path):
    text = PAGES[path]
    for target in re.findall(r"(?:\{doc\}|:doc:)`([^`<]+)`", text):
        place = DOCS / target[1:] if target[0] == "/" else path.parent / target
        made_by_the_build = place.relative_to(DOCS).parts[0] == "gallery"
        assert made_by_the_build or any(place.with_suffix(s).resolve() in PAGES for s in (".md", ".rst")), target
    for target, anchor in re.findall(r"\]\(([\w./-]+\.md)(?:#([\w-]+))?\)", text):
        assert (path.parent / target).resolve() in PAGES
        assert not anchor or anchor in anchors(PAGES[(path.parent / target).resolve()]), anchor
    for name in re.findall(r"\{py:\w+\}`([\w.]+)`", text):
        module, _, attribute = name.rpartition(".")
        assert hasattr(importlib.import_module(module), attribute), name


@pytest.mark.parametrize("package", named(r"\.\. public:: (\S+)"))
def test_docstrings_are_pages(package, extension):
    publish = pytest.importorskip("docutils.core", reason="the pages need the extra `docs`").publish_doctree
    to_rst, public = extension("docstrings").to_rst, extension("public").public
    for names in public(package).values():
        for name, value in names:
            text = "\n".join(to_rst((value.__doc__ or "").expandtabs().splitlines()))
            publish(text, settings_overrides={"report_level": 2, "halt_level": 2, "warning_stream": ""}), name


# The Korean README


def code(readme: str) -> list[str]:
    """Return the blocks of code without their comments."""
    blocks = re.findall(r"```(?:python|sh)\n(.*?)```", (ROOT / readme).read_text(encoding="utf-8"), re.DOTALL)
    return [re.sub(r" *#.*", "", block) for block in blocks]


def words(text: str) -> set[str]:
    """Return the words of code in the prose."""
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    return {" ".join(word.split()) for word in re.findall(r"`([^`]+)`", prose)}


def test_both_readmes_have_the_same_code_numbers_and_links():
    assert code("README.ko.md") == code("README.md")
    english, korean = [(ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.ko.md")]
    assert re.findall(r"\| ([\d.]+) \|", korean) == re.findall(r"\| ([\d.]+) \|", english)
    assert words(english) <= words(korean)
    assert len(re.findall("^## ", korean, re.MULTILINE)) == len(re.findall("^## ", english, re.MULTILINE))
    for name in re.findall(r"\]\(([^)#:]+)\)", korean):
        assert (ROOT / name).exists(), name


@pytest.mark.parametrize("number", range(3))
def test_a_block_of_the_korean_readme_runs(number, scratch, capsys):
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.ko.md").read_text(encoding="utf-8"), re.DOTALL)
    exec(compile(blocks[number], "README.ko.md", "exec"), {})
    assert capsys.readouterr().out
