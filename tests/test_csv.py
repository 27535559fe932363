"""A user's CSV files: the rule that tells the task, and an error with file, line, column and remedy for all else."""

from __future__ import annotations

import os
import re

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from minigrad import data
from minigrad.errors import DataError


@pytest.fixture
def csv_file(tmp_path):
    def write(content):
        path = tmp_path / "in.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


PETS = "weight,legs,animal\n4.5,4,cat\n0.5,2,bird\n30,4,dog\n"
PETS_X = [[4.5, 4], [0.5, 2], [30, 4]]


# --- reading ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [
    PETS,
    PETS.replace(",", ";"),
    PETS.replace(",", "\t"),
    PETS.replace("\n", "\r\n"),
    PETS.replace("\n", "\r"),
    PETS.replace("\n", "\n\n"),
    PETS.rstrip("\n"),
    "\ufeff" + PETS,
    PETS.replace(",", " , "),
    '"weight", "legs", "animal"\n"4.5","4","cat"\n0.5,2,bird\n+3e1,4.,dog\n',
], ids=["comma", "semicolon", "tab", "crlf", "cr", "blank lines", "no last newline", "bom", "spaces", "quotes"])
def test_the_same_table_however_it_is_written(csv_file, content):
    table = data.read_csv(csv_file(content))
    assert table.x.dtype == np.float32 and table.x.tolist() == PETS_X
    assert table.y.dtype == np.int64 and table.y.tolist() == [1, 0, 2]
    assert table.feature_names == ("weight", "legs") and table.target_name == "animal"
    assert table.class_names == ("bird", "cat", "dog") and table.task == "classification"


@pytest.mark.parametrize(("cells", "task", "kind", "classes", "y"), [
    ("b a b", None, "classification", ("a", "b"), [1, 0, 1]),
    ("10 9 10", None, "classification", ("9", "10"), [1, 0, 1]),  # sorted as numbers, not as text
    ("1 -1 +1", None, "classification", ("-1", "1"), [1, 0, 1]),
    ("1.5 2 1", None, "regression", (), [1.5, 2, 1]),
    ("1.0 2.0 1.0", None, "regression", (), [1, 2, 1]),
    ("3 4 3", "regression", "regression", (), [3, 4, 3]),
    ("2.5 1.5 2.50", "classification", "classification", ("1.5", "2.5"), [1, 0, 1]),
    ("1 x 1", "classification", "classification", ("1", "x"), [0, 1, 0]),
])
def test_the_target_tells_the_task(csv_file, cells, task, kind, classes, y):
    rows = "".join(f"{i},{cell}\n" for i, cell in enumerate(cells.split()))
    table = data.read_csv(csv_file("x,y\n" + rows), task=task)
    assert (table.task, table.class_names, table.y.tolist()) == (kind, classes, y)
    assert table.y.dtype == (np.int64 if kind == "classification" else np.float32) and table.y.shape == (3,)


@pytest.mark.parametrize(("target", "name"), [
    (None, "c"), ("a", "a"), ("c", "c"), (0, "a"), (1, "b"), (-1, "c"), (-3, "a"),
])
def test_the_target_is_named_or_counted(csv_file, target, name):
    table = data.read_csv(csv_file("a,b,c\n1,2,3\n4,5,6\n"), target)
    rest = [f for f in "abc" if f != name]
    assert table.target_name == name and list(table.feature_names) == rest
    assert table.x[0].tolist() == ["abc".index(f) + 1 for f in rest]


def test_tabs_win_over_commas_in_the_names(csv_file):
    table = data.read_csv(csv_file("length, mm\twidth, mm\tkind\n1\t2\ta\n3\t4\tb\n"))
    assert table.feature_names == ("length, mm", "width, mm")


@pytest.mark.parametrize("header", ["2019,2020,kind", "0,1,label"])
def test_whole_numbers_may_be_names(csv_file, header):
    assert data.read_csv(csv_file(header + "\n1,2,a\n3,4,b\n")).feature_names == tuple(header.split(",")[:2])


def test_features_come_by_name_and_rows_stay_text(csv_file):
    path = csv_file('note,legs,weight\n"two\nlines",04,4.50\nx,2,0.5\n')
    new = data.read_features(path, ["weight", "legs"])
    assert new.x.dtype == np.float32 and new.x.tolist() == [[4.5, 4], [0.5, 2]]
    assert new.header == ("note", "legs", "weight")
    assert new.rows == [["two\nlines", "04", "4.50"], ["x", "2", "0.5"]]
    assert data.read_features(csv_file("a\n1\n2\n"), ["a"]).x.tolist() == [[1], [2]]


# --- what is refused, and where ---------------------------------------------------------------------

REFUSED = {  # content, what the message must hold
    "missing cell": ("a,b\n1,0\n,1\n", ["in.csv, line 3, column 'a': the cell is empty; fill it in, or remove"]),
    "spaces only": ("a,b\n1,0\n  ,1\n", ["line 3, column 'a': the cell is empty"]),
    "text": ("a,b\n1,0\nred,1\n", ["line 3, column 'a': 'red' is not a finite number", "write text as numbers"]),
    "decimal comma": ("a;b\n1;0\n-0,597;1\n", ["line 3, column 'a': '-0,597' has a comma; write a point before dec"]),
    "decimal commas in the target": ("a;b\n1;2.5\n2;3,5\n", ["line 3, column 'b': '3,5' has a comma; write a point"]),
    "thousands": ('a,b\n"1,200,000",0\n2,1\n', ["line 2, column 'a': '1,200,000' has a comma", "nothing between"]),
    "constant quantity": ("a,b\n1,5.0\n2,5.00\n", ["in.csv: column 'b' holds the single number 5 in all 2 rows; there",
                                                  "is nothing to learn: add rows with other numbers, or choose"]),
    "underscore": ("a,b\n1_0,0\n2,1\n", ["line 2, column 'a': '1_0' is not"]),
    "long text": ("a,b\n" + "1" * 9999 + "x,0\n2,1\n", ["'" + "1" * 40 + "…' is not"]),
    "NaN": ("a,b\n1,0\nnan,1\n", ["line 3, column 'a': 'nan' is not a finite number", "remove the row"]),
    "inf": ("a,b\n-Infinity,0\n2,1\n", ["line 2, column 'a': '-Infinity' is not a finite number"]),
    "beyond float32": ("a,b\n1,0\n-1e39,1\n", ["line 3, column 'a': -1e+39 is beyond float32", "rescale"]),
    "ragged row, short": ("a,b,c\n1,2,0\n3,1\n", ["in.csv, line 3: 2 cells, but the header names 3 columns; add or"]),
    "ragged row, long": ("a,b\n1,0\n3,1,4\n", ["line 3: 3 cells, but the header names 2 columns"]),
    "after a long cell": ('a,b\n1,"x\ny"\n2,"x\nz"\nbad,c\n', ["line 6, column 'a': 'bad'"]),
    "in a long cell": ('a,b\n1,0\n"2\n3\n4",1\n', ["line 3, column 'a': '2\\n3\\n4' is not"]),
    "after blank lines": ("\na,b\n\n1,0\n\nbad,1\n", ["line 6, column 'a': 'bad'"]),
    "after cr": ("a,b\r1,0\rbad,1\r", ["line 3, column 'a': 'bad'"]),
    "duplicate names": ("a,b,a\n1,2,3\n", ["in.csv, line 1: columns 1 and 3 are both named 'a'; rename one"]),
    "nameless column": (",a,b\n0,1,2\n", ["line 1: column 1 of 3 has no name", "index=False"]),
    "no header": ("5.1,3.5,setosa\n4.9,3.0,setosa\n", ["line 1: holds data (5.1) where the column names should be",
                                                        "put a header line above it"]),
    "no header, whole numbers": ("5,3,0\n4,3,1\n", ["line 1: holds data (5) where"]),
    "empty": ("", ["in.csv is empty; it needs a header line"]),
    "blank": ("\n \n", ["in.csv is empty"]),
    "header only": ("a,b\n", ["in.csv has a header but no rows of data; add a line"]),
    "not UTF-8": (b"a,b\n1,0\n\xe9,1\n", ["in.csv, line 3: not UTF-8 text (byte 0xe9)", '"CSV UTF-8"']),
    "UTF-16": ("a,b\n1,0\n".encode("utf-16"), ["line 1: not UTF-8 text (byte 0xff)"]),
    "archive": (b"PK\3\4\0\0\0\0", ["in.csv is not a text file, but a picture, an archive", "export the table as CSV"]),
    "picture": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", ["in.csv is not a text file, but a picture"]),
    "open quotation": ('a,b\n1,0\n"2,1\n', ["in.csv, line 3: unexpected end of data; check the quotation marks"]),
    "stray quotation": ('a,b\n1,0\n"2"3,1\n', ["line 3: ',' expected after '\"'; check the quotation marks"]),
    "one column": ("a\n1\n2\n", ["in.csv has the single column 'a'; training needs features and a target"]),
    "single class": ("a,b\n1,x\n2,x\n", ["column 'b' holds the single class 'x' in all 2 rows", "another class"]),
    "class missing": ("a,b\n1,x\n2,\n3,y\n", ["line 3, column 'b': the class is missing; fill it in"]),
    "all classes missing": ("a,b\n1,\n2,\n", ["line 2, column 'b': the class is missing"]),
    "quantity missing": ("a,b\n1,1.5\n2,\n", ["line 3, column 'b': the cell is empty"]),
    "numbers and text": ("a,b\n1,1.5\n2,2\n3,nan\n", ["line 4, column 'b': 'nan' is not a number, but other entries",
                                                      'say task="classification"']),
}


@pytest.mark.parametrize(("content", "parts"), REFUSED.values(), ids=REFUSED)
def test_refused_with_place_and_remedy(csv_file, content, parts):
    with pytest.raises(DataError) as caught:
        data.read_csv(csv_file(content))
    for part in parts:
        assert part in str(caught.value)


@pytest.mark.parametrize(("target", "message"), [
    ("speces", "in.csv has no column 'speces'; its columns: 'width', 'species'. Did you mean 'species'?"),
    (2, "in.csv has no column at place 2; places go from 0 to 1, or from -2 to -1; its columns: 'width', 'species'"),
    (-3, "no column at place -3"),
])
def test_an_unknown_target_gets_the_list(csv_file, target, message):
    with pytest.raises(DataError, match=re.escape(message)):
        data.read_csv(csv_file("width,species\n1,a\n2,b\n"), target)


def test_a_target_is_not_rounded(csv_file):
    with pytest.raises(TypeError, match=r"target, if it is no name, must be an integer, got float 1\.5"):
        data.read_csv(csv_file(PETS), 1.5)


def test_a_long_list_of_columns_is_cut(csv_file):
    header = ",".join(f"c{i}" for i in range(30))
    with pytest.raises(DataError, match=re.escape("'c19', … (30 in all)")):
        data.read_csv(csv_file(f"{header}\n{header.replace('c', '')}\n"), "label")


def test_text_is_no_quantity(csv_file):
    with pytest.raises(DataError, match="line 2, column 'b': 'x' is not a finite number"):
        data.read_csv(csv_file("a,b\n1,x\n2,y\n"), task="regression")


def test_classes_may_hold_commas_when_asked_for(csv_file):
    assert data.read_csv(csv_file("a;b\n1;2,5\n2;3,5\n"), task="classification").class_names == ("2,5", "3,5")


def test_an_unknown_task_is_refused(csv_file):
    with pytest.raises(ValueError, match=r'task must be "classification" or "regression", got \'ranking\''):
        data.read_csv(csv_file(PETS), task="ranking")


@pytest.mark.parametrize("read", [data.read_csv, lambda path: data.read_features(path, ["a"])])
def test_a_file_that_is_none(tmp_path, read):
    with pytest.raises(FileNotFoundError, match=r"there is no file .*nowhere\.csv; check the name"):
        read(tmp_path / "nowhere.csv")
    with pytest.raises(FileNotFoundError, match="is a folder, not a file"):
        read(str(tmp_path))


def test_missing_features_are_all_named(csv_file):
    message = ("lacks the columns 'heigth', 'age', which the model needs; its columns: 'height', 'legs'. "
               "Did you mean 'height'?")
    with pytest.raises(DataError, match=re.escape(message)):
        data.read_features(csv_file("height,legs\n1,2\n"), ["heigth", "legs", "age"])


def test_a_bad_cell_matters_only_in_a_feature(csv_file):
    path = csv_file("a,note\n1,x\n2,\n")
    assert data.read_features(path, ["a"]).x.tolist() == [[1], [2]]
    with pytest.raises(DataError, match="line 2, column 'note': 'x' is not"):
        data.read_features(path, ["note", "a"])


# --- writing ----------------------------------------------------------------------------------------

cell = st.text(st.characters(codec="utf-8", exclude_characters="\0") | st.sampled_from(',;\t"\r\n '), max_size=8)


@settings(deadline=None, max_examples=100)
@given(rows=st.lists(st.tuples(cell, cell), max_size=4))
@example(rows=[("a\rb", "a\r\nb"), ("\ufeff", '"')])
def test_what_is_written_reads_the_same(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("csv") / "out.csv"
    table = [["1", a.lstrip(" "), b.lstrip(" ")] for a, b in [*rows, ("x", "y")]]
    data.write_csv(path, ["n", "a", "b"], table)
    assert data.read_features(path, ["n"]).rows == table


def test_predictions_are_added_to_the_users_rows(csv_file, tmp_path):
    new = data.read_features(csv_file(PETS), ["legs"])
    out = tmp_path / "out.csv"
    data.write_csv(out, [*new.header, "prediction"], [[*row, p] for row, p in zip(new.rows, "xyz", strict=True)])
    assert out.read_text() == "weight,legs,animal,prediction\n4.5,4,cat,x\n0.5,2,bird,y\n30,4,dog,z\n"


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "out.csv"
    path.write_text("old")
    with pytest.raises(DataError, match="row 2 has 1 cells, the header 2; they must be equal"):
        data.write_csv(path, ["a", "b"], [[1, 2], [3]])

    def rows():
        yield [1, 2]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        data.write_csv(path, ["a", "b"], rows())
    assert [p.name for p in tmp_path.iterdir()] == ["out.csv"] and path.read_text() == "old"


def test_write_follows_a_link_and_keeps_the_usual_permissions(tmp_path):
    target, link, plain = tmp_path / "real.csv", tmp_path / "link.csv", tmp_path / "plain"
    target.write_text("old")
    link.symlink_to(target)
    data.write_csv(link, ["a"], [["1"]])
    plain.write_text("")
    assert link.is_symlink() and target.read_text() == "a\n1\n"
    assert target.stat().st_mode == plain.stat().st_mode


def test_write_refuses_what_is_no_file(tmp_path):
    with pytest.raises(DataError, match="is a folder or a device, not a file; give a file name"):
        data.write_csv(tmp_path, ["a"], [])
    os.mkfifo(tmp_path / "pipe")  # stands for /dev/null, which a rename would destroy
    with pytest.raises(DataError, match="is a folder or a device"):
        data.write_csv(tmp_path / "pipe", ["a"], [])
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*nowhere; create it"):
        data.write_csv(tmp_path / "nowhere" / "out.csv", ["a"], [])
