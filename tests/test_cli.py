"""The command: what it prints, what it leaves behind, and one clear line for every mistake."""

from __future__ import annotations

import csv
import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers import some

import minigrad as mg
from minigrad import data
from minigrad.cli import main
from minigrad.lab.notes import DERIVATIONS, derivations
from minigrad.train import History, TabularModel, digits

SMALLER = "a smaller network or less data needs less"
FAST = ["--epochs", "30", "--hidden", "8", "--lr", "0.02"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Work in an empty folder; the examples' files are in it."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    kinds = np.arange(60) % 3
    weights = np.array([4, 0.3, 12])[kinds] + 0.05 * rng.normal(size=60)
    names = ["cat", "새", "dog"]
    rows = [[f"{w:.3f}", [4, 2, 4][k], names[k]] for w, k in zip(weights, kinds, strict=True)]
    data.write_csv("pets.csv", ["weight", "legs", "kind"], rows)
    areas = rng.uniform(20, 150, 60)
    rows = [[f"{a:.1f}", i % 5, f"{3000.5 * a:.2f}"] for i, a in enumerate(areas)]
    data.write_csv("flats.csv", ["area", "floor", "price"], rows)
    data.write_csv("one.csv", ["a", "b"], [[1, 7], [2, 7], [3, 7]])
    data.write_csv("mixed.csv", ["a", "b"], [[1, 0.5], [2, "x"], [3, 7]])
    data.write_csv("new.csv", ["name", "legs", "weight"], [["Tom", 4, 4.1], ["Pip", 2, 0.3], ["Rex", 4, 11.9]])
    return tmp_path


def rows_of(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def fails(capsys, *words, code=2):
    """Run a command that must fail; return its one line on stderr, after seeing that it left no file."""
    before = {name: os.stat(name).st_mtime_ns for name in os.listdir()}
    assert main(list(words)) == code
    assert {name: os.stat(name).st_mtime_ns for name in os.listdir()} == before
    _, err = capsys.readouterr()
    assert err.endswith("\n") and err.count("\n") == 1, err
    return err[:-1]


# --- minigrad demo ----------------------------------------------------------------------------------


def test_demo(capsys, folder):
    assert main(["demo"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    accuracy = float(out.partition("digits, ")[2].partition("%")[0])
    assert accuracy >= 97
    assert sorted(os.listdir("minigrad-demo")) == ["learning-curves.png", "misread-digits.png"]
    for name in os.listdir("minigrad-demo"):
        picture = (folder / "minigrad-demo" / name).read_bytes()
        assert picture.startswith(b"\x89PNG") and len(picture) > 10_000
    assert out.count("agrees") == 7 and "N7" in out and "N8" not in out
    assert "Errata" in out and "E3" in out and "E4" not in out
    for number in ("0.0291", "13.2877", "9.9658", "4.2990", "0.2584"):
        assert number in out


@pytest.fixture
def quick_digits(monkeypatch):
    """Let the demo train a few steps only, or none; set the accuracy it is told."""
    def set_accuracy(accuracy):
        whole = digits.train_digits

        def train_digits(seed, progress):
            trained = whole(seed, progress)
            history = History({"loss": [1.0], "accuracy": [1.0]}, {"loss": [1.0], "accuracy": [accuracy]})
            return dataclasses.replace(trained, history=history)

        monkeypatch.setattr(digits, "EPOCHS", 1)
        monkeypatch.setattr(digits, "train_digits", train_digits)

    return set_accuracy


def test_demo_that_misses_its_accuracy_fails_and_says_so(capsys, quick_digits):
    quick_digits(0.9694)
    assert main(["demo", "--out", "a/b", "--seed", "3"]) == 1
    assert capsys.readouterr().err == "minigrad demo: the test accuracy is 96.9%, but must be 97% at least\n"
    assert sorted(os.listdir("a/b")) == ["learning-curves.png", "misread-digits.png"]


def test_demo_with_a_wrong_derivation_fails_and_names_it(capsys, monkeypatch, quick_digits):
    quick_digits(0.98)
    n4 = DERIVATIONS[3]
    wrong = dataclasses.replace(n4, hand=lambda *args: [v * 1.0001 for v in n4.hand(*args)])
    monkeypatch.setattr(derivations, "DERIVATIONS", (*DERIVATIONS[:3], wrong, *DERIVATIONS[4:]))
    assert main(["demo"]) == 1
    out, err = capsys.readouterr()
    assert err.startswith("minigrad demo: derivation N4 disagrees: ") and err.count("\n") == 1
    assert "1.0e-04" in err and out.count("DIFFERS") == 1 and out.count("agrees") == 6


def test_demo_into_a_file_is_refused(capsys):
    assert fails(capsys, "demo", "--out", "pets.csv") == "minigrad demo: --out pets.csv: is a file; give a folder"


@pytest.mark.parametrize("package, extra", [("matplotlib", "plot"), ("sklearn", "data")])
def test_demo_without_its_packages_says_what_to_install(capsys, monkeypatch, package, extra):
    monkeypatch.setitem(sys.modules, package, None)
    err = fails(capsys, "demo")
    assert err.startswith(f"minigrad demo: minigrad demo needs the package {package}")
    assert f'pip install "minigrad-lab[{extra}]"' in err


# --- minigrad derive ----------------------------------------------------------------------------------


def derive(capsys, *words, code=0):
    """Run the command; return what it printed, after seeing that it left no file."""
    assert main(["derive", *words]) == code
    out, err = capsys.readouterr()
    assert (err == "") is (code == 0)
    return out


def test_derive_prints_every_row_and_erratum(capsys):
    out = derive(capsys)
    assert out.count("agrees") == 24 and "DIFFERS" not in out
    for name in [row.id for row in DERIVATIONS] + [f"E{k}" for k in range(1, 7)]:
        assert any(line.split()[:1] == [name] for line in out.splitlines()), name
    assert out.endswith("24 of 24 rows agree. In full: minigrad derive N4\n")


@pytest.mark.parametrize("words, ids", [(["N4"], ["N4"]), (["n20", "N4", "n4"], ["N20", "N4"]), (["e5"], ["N20"])])
def test_derive_prints_rows_in_full(words, ids, capsys):
    out = derive(capsys, *words)
    assert [line.split()[0] for line in out.splitlines() if line.endswith("─") and line[0] == "N"] == ids
    assert out.count("Verdict: agrees") == len(ids)
    for id in ids:
        row = derivations.derivation(id)
        assert row.title in out and row.hand.__name__ in out
        assert all(f"Erratum {erratum.id}" in out for erratum in row.errata)
        for line in row.source.splitlines():  # the code as it is, indented
            assert f"    {line}\n" in out or not line


def test_derive_as_json(capsys):
    def refuse(name):
        raise AssertionError(f"{name} is no JSON")

    found = json.loads(derive(capsys, "--json"), parse_constant=refuse)
    assert found["agrees"] is True and [row["id"] for row in found["rows"]] == [row.id for row in DERIVATIONS]
    assert all(row["agrees"] and row["relative"] <= found["tolerance"] and row["source"] for row in found["rows"])
    n4 = json.loads(derive(capsys, "n4", "--json"))["rows"][0]
    assert [f["from_line_before"] is None for f in n4["formulas"]] == [True] + [False] * 4 + [True] * 3
    assert n4["formulas"][4]["hand"] == [pytest.approx(1.96)] == n4["formulas"][4]["minigrad"]
    (e2,) = n4["errata"]
    assert e2["evaluated"][0]["algebra"] == pytest.approx(2.8277, abs=5e-5)
    e6 = json.loads(derive(capsys, "E6", "--json"))["rows"][0]["errata"][2]
    assert e6["id"] == "E6" and {v["what"]: v["note"] for v in e6["evaluated"]}["after 1 step, distance"] is None


def test_derive_as_a_page(capsys, folder):
    assert derive(capsys, "--html", "all.html") == "24 rows written to all.html\n"
    assert derive(capsys, "N4", "--html", "one.html") == "1 row written to one.html\n"
    whole, one = (Path(name).read_text(encoding="utf-8") for name in ("all.html", "one.html"))
    assert all(f'<h3 id="N{k}">' in whole for k in range(1, 25)) and one.count("<h3 id=") == 1
    assert mg.__version__ in whole and not list(folder.glob(".*"))


def test_derive_with_a_wrong_row_fails_and_names_it(capsys, monkeypatch):
    n16 = derivations.derivation("N16")
    wrong = dataclasses.replace(n16, hand=lambda *args: [v * 1.0001 for v in n16.hand(*args)])
    monkeypatch.setattr(derivations, "DERIVATIONS", (*DERIVATIONS[:15], wrong, *DERIVATIONS[16:]))
    for words in ([], ["N16"], ["N16", "--json"], ["--html", "page.html"]):
        assert main(["derive", *words]) == 1
        out, err = capsys.readouterr()
        assert err.startswith("minigrad derive: derivation N16 disagrees: ") and err.count("\n") == 1
        assert "DIFFERS" in out or '"agrees": false' in out or "DIFFERS" in Path("page.html").read_text()


def test_a_page_that_cannot_be_written_leaves_the_old_one(capsys, monkeypatch, folder):
    Path("page.html").write_text("old")

    def fail(*args):
        raise OSError(28, "No space left on device", "page.html")

    monkeypatch.setattr(os, "replace", fail)
    assert main(["derive", "N1", "--html", "page.html"]) == 2
    assert capsys.readouterr().err == "minigrad derive: No space left on device: page.html\n"
    assert Path("page.html").read_text() == "old" and not list(folder.glob(".*"))


# --- minigrad train and predict -----------------------------------------------------------------------


@pytest.mark.parametrize("name", [n for n in data.DATASETS if n != "digits"])
def test_train_on_every_data_set(name, capsys):
    assert main(["train", name, *FAST]) == 0
    out, err = capsys.readouterr()
    assert err == "" and f"data      {name}: " in out and "accuracy" in out
    assert TabularModel.load("model.safetensors").task == "classification"


def test_train_on_a_csv_of_classes_and_predict(capsys):
    assert main(["train", "pets.csv", "--save", "pets.safetensors", "--plot", "pets.png", *FAST]) == 0
    out, _ = capsys.readouterr()
    assert "60 rows, 2 features, 3 classes (cat, dog, 새)" in out and "48 rows to train on, 12 to test on" in out
    assert "network   2 → 8 → 3, relu; features scaled: standard" in out
    assert "cross-entropy by adam, lr 0.02, 30 epochs, batches of 32" in out
    assert "minigrad predict pets.safetensors new.csv" in out
    assert Path("pets.png").read_bytes().startswith(b"\x89PNG")

    assert main(["predict", "pets.safetensors", "new.csv"]) == 0
    on_screen, err = capsys.readouterr()
    assert main(["predict", "pets.safetensors", "new.csv", "--out", "answers.csv"]) == 0
    assert capsys.readouterr() == ("3 rows written to answers.csv\n", err)
    rows = rows_of("answers.csv")
    assert rows == list(csv.reader(on_screen.splitlines()))
    assert rows[0] == ["name", "legs", "weight", "prediction", "probability"]
    assert [(row[0], row[3]) for row in rows[1:]] == [("Tom", "cat"), ("Pip", "새"), ("Rex", "dog")]
    model = TabularModel.load("pets.safetensors")
    x = np.array([[4.1, 4], [0.3, 2], [11.9, 4]], np.float32)
    assert [row[4] for row in rows[1:]] == [f"{p:.4f}" for p in model.predict(x)[1]]


def test_train_on_a_csv_of_quantities_and_predict(capsys):
    assert main(["train", "flats.csv", "--optimizer", "nesterov", "--loss", "huber", *FAST, "--epochs", "100"]) == 0
    out, _ = capsys.readouterr()
    assert "regression of 'price'" in out and "huber of the standardised target by nesterov" in out
    r2 = float(out.partition("R²")[2].split()[1])
    assert r2 > 0.95
    assert main(["predict", "model.safetensors", "flats.csv", "--out", "answers.csv"]) == 0
    rows = rows_of("answers.csv")
    assert rows[0] == ["area", "floor", "price", "prediction"]
    price, prediction = np.array(rows[1:], float)[:, 2:].T
    assert 1 - np.var(prediction - price) / np.var(price) > 0.95


def test_the_saved_model_is_the_one_in_memory(monkeypatch, capsys):
    kept = []
    save = TabularModel.save
    monkeypatch.setattr(TabularModel, "save", lambda self, *args: kept.append(self) or save(self, *args))
    assert main(["train", "wine", *FAST]) == 0
    wine = data.load("wine")
    for was, now in zip(kept[0].predict(wine.x), TabularModel.load("model.safetensors").predict(wine.x), strict=True):
        np.testing.assert_array_equal(was, now)


def test_the_same_seed_trains_the_same_model():
    for name in ("a", "b"):
        assert main(["train", "moons", "--seed", "5", "--save", name, *FAST]) == 0
    assert main(["train", "moons", "--seed", "6", "--save", "c", *FAST]) == 0
    a, b, c = (mg.load(name)["network"]["0.weight"].numpy() for name in "abc")
    assert (a == b).all() and (a != c).any()


def test_target_and_task(capsys):
    assert main(["train", "flats.csv", "--target", "floor", *FAST]) == 0
    assert "5 classes (0, 1, 2, 3, 4)" in capsys.readouterr().out
    assert main(["train", "flats.csv", "--target", "floor", "--task", "regression", *FAST]) == 0
    assert "regression of 'floor'" in capsys.readouterr().out


def test_no_hidden_layer_two_classes_and_one_logit(capsys):
    options = ["--hidden", "none", "--loss", "bce", "--scale", "minmax", "--epochs", "5"]
    assert main(["train", "breast-cancer", *options]) == 0
    assert "network   30 → 1, relu; features scaled: minmax" in capsys.readouterr().out


def test_a_column_named_prediction_is_kept(capsys):
    assert main(["train", "pets.csv", *FAST]) == 0
    data.write_csv("new.csv", ["prediction", "weight", "legs"], [["mine", 4, 4]])
    assert main(["predict", "model.safetensors", "new.csv", "--out", "answers.csv"]) == 0
    assert rows_of("answers.csv")[0] == ["prediction", "weight", "legs", "prediction 2", "probability"]


def test_on_a_terminal_the_progress_is_live():
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    words = [sys.executable, "-W", "error", "-m", "minigrad.cli", "train", "moons", *FAST]
    env = os.environ | {"TERM": "xterm", "COLUMNS": "100", "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(words, stdout=theirs, stderr=theirs, env=env) as child:
        os.close(theirs)
        text = b""
        while chunk := _read(ours):
            text += chunk
    os.close(ours)
    assert child.returncode == 0
    for part in ("30/30", "━", "loss 0.", "saved to model.safetensors"):
        assert part in text.decode()


def _read(terminal):
    try:
        return os.read(terminal, 4096)
    except OSError:  # how Linux says that the other side has closed
        return b""


# --- mistakes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words, message",
    [
        ("", "minigrad: the following arguments are required: COMMAND (see minigrad --help)"),
        ("tarin iris", "minigrad: COMMAND: invalid choice: 'tarin'"),
        ("train", "minigrad train: the following arguments are required: DATA (see minigrad train --help)"),
        ("train irsi", "minigrad train: there is no data set and no file 'irsi'; data sets: digits, iris, wine, "
                       "breast-cancer, moons, circles, spiral, xor. Did you mean 'iris'?"),
        ("train nothing.csv", "minigrad train: there is no file nothing.csv"),
        ("train .", "minigrad train: . is a folder, not a file"),
        ("train pets.csv --target knid", "pets.csv has no column 'knid'; its columns: 'weight', 'legs', "
                                         "'kind'. Did you mean 'kind'?"),
        ("train pets.csv --task regression", "pets.csv, line 2, column 'kind': 'cat' is not a finite number"),
        ("train flats.csv --task classification", "a single row, which cannot be in both the training and"),
        ("train iris --target petal", "minigrad train: --target and --task are for CSV files; iris has its own"),
        ("train iris --loss mse", "--loss: the loss 'mse' does not fit classification; use cross-entropy or bce"),
        ("train iris --loss bce", "the loss 'bce' tells two classes apart, this target has 3; use cross-entropy"),
        ("train flats.csv --loss bce", "the loss 'bce' does not fit regression; use mse or mae or huber"),
        ("train iris --loss mes", "must be one of cross-entropy, bce, mse, mae, huber, got 'mes'. Did you mean 'mse'?"),
        ("train iris --optimizer adma", "got 'adma'. Did you mean 'adam'? (see minigrad train --help)"),
        ("train iris --activation rleu", "Did you mean 'relu'?"),
        ("train iris --hidden 8,x", "--hidden: must be sizes such as 64,32 or \"none\", got '8,x'"),
        ("train iris --hidden 0", "--hidden: must be sizes such as 64,32 or \"none\", got '0'"),
        ("train iris --lr 0", "--lr: must be a number above 0, got '0'"),
        ("train iris --lr nan", "--lr: must be a number above 0, got 'nan'"),
        ("train iris --weight-decay -1", "--weight-decay: must be a number from 0 up, got '-1'"),
        ("train iris --epochs 1.5", "--epochs: must be a whole number from 1 up, got '1.5'"),
        ("train iris --batch-size 0", "--batch-size: must be a whole number from 1 up, got '0'"),
        ("train iris --test-size 1", "--test-size: must be a number between 0 and 1, got '1'"),
        ("train iris --test-size 0.999", "150 examples with test_size=0.999 leave none to train on"),
        ("train iris --seed -1", "--seed: must be a whole number from 0 up, got '-1'"),
        ("train iris --bogus", "minigrad train: unrecognized arguments: --bogus (see minigrad train --help)"),
        ("train iris --epoch 3", "unrecognized arguments: --epoch 3. Did you mean '--epochs'? (see minigrad train"),
        ("train iris --ephocs=3", "--ephocs=3. Did you mean '--epochs'? (see minigrad train --help)"),
        ("train iris --batch 3", "--batch 3. Did you mean '--batch-size'? (see minigrad train --help)"),
        ("train iris wine", "minigrad train: unrecognized arguments: wine (see minigrad train --help)"),
        ("predict a b --uot c", "--uot c. Did you mean '--out'? (see minigrad predict --help)"),
        ("--versoin train iris", "--versoin. Did you mean '--version'? (see minigrad --help)"),
        ("train one.csv", "in all 3 rows; there is nothing to tell apart: add examples of another class, or choose "
                          "another target"),
        ("train mixed.csv", "'x' is not a number, but other entries of the target are; correct it, or say --task c"),
        ("train one.csv --task regression", "one.csv: column 'b' holds the single number 7 in all 3 rows"),
        ("train iris --save no/where", "minigrad train: --save no/where: there is no folder no"),
        ("train iris --save .", "minigrad train: --save .: is a folder; give a file name"),
        ("train pets.csv --save pets.csv", "--save pets.csv would overwrite a file that is read or written here"),
        ("train iris --plot model.safetensors", "--plot model.safetensors would overwrite"),
        ("train iris --plot curves.gif", "--plot curves.gif: the ending must be .png or .svg or .pdf"),
        ("train moons --optimizer sgd --lr 1e30", "minigrad train: fit: training diverged"),
        ("derive N25", "minigrad derive: ID: there is no row 'N25'; known are N1, N2, N3, N4, N5, N6, N7, N8,"),
        ("derive N4 Q", "there is no row 'Q'; known are N1,"),
        ("derive --json --html a.html", "minigrad derive: --html: not allowed with argument --json (see"),
        ("derive --html no/where.html", "minigrad derive: --html no/where.html: there is no folder no"),
        ("derive --html .", "minigrad derive: --html .: is a folder; give a file name"),
        ("derive --jsno", "unrecognized arguments: --jsno. Did you mean '--json'? (see minigrad derive --help)"),
        ("predict nothing new.csv", "minigrad predict: there is no file nothing; check the name, and the folder it"),
        ("predict pets.csv new.csv", "'pets.csv' (", ),
        ("predict . new.csv", "minigrad predict: . is a folder, not a file; give the model in it"),
        ("train iris --hidden 99999999999999999999", "minigrad train: --hidden: Maximum allowed dimension exceeded"),
    ],
)
def test_a_mistake_is_one_line(words, message, capsys):
    err = fails(capsys, *words.split())
    speakers = ("minigrad: ", "minigrad derive: ", "minigrad train: ", "minigrad predict: ")
    assert message in err and err.startswith(speakers)


@pytest.fixture
def model(capsys):
    assert main(["train", "pets.csv", *FAST]) == 0
    capsys.readouterr()
    return "model.safetensors"


def test_a_csv_without_the_columns_is_refused(model, capsys):
    err = fails(capsys, "predict", model, "flats.csv", "--out", "answers.csv")
    assert err.startswith("minigrad predict: flats.csv lacks the columns 'weight', 'legs', which the model needs")


def test_a_csv_with_a_bad_cell_writes_nothing(model, capsys):
    data.write_csv("bad.csv", ["weight", "legs"], [[1, 2], ["many", 4]])
    err = fails(capsys, "predict", model, "bad.csv", "--out", "answers.csv")
    assert "bad.csv, line 3, column 'weight': 'many'" in err
    data.write_csv("far.csv", ["weight", "legs"], [[1, 2], ["3e38", "3e38"]])
    assert "row 2 is too far" in fails(capsys, "predict", model, "far.csv", "--out", "answers.csv")


@pytest.mark.parametrize("out", ["model.safetensors", "new.csv"])
def test_answers_never_overwrite_what_they_come_from(model, out, capsys):
    assert "would overwrite" in fails(capsys, "predict", model, "new.csv", "--out", out)


def test_a_damaged_model_is_refused(model, capsys):
    whole = Path(model).read_bytes()
    for broken in (whole[:50], whole[:-1] + bytes([whole[-1] ^ 1]), b""):
        Path(model).write_bytes(broken)
        err = fails(capsys, "predict", model, "new.csv")
        assert err.startswith("minigrad predict: load: 'model.safetensors'") and "damaged" in err


def test_weights_of_something_else_are_refused(capsys):
    from safetensors.numpy import save_file

    mg.save("weights.safetensors", {"w": np.zeros(3)})
    assert "no model of `minigrad train`" in fails(capsys, "predict", "weights.safetensors", "new.csv")
    save_file({"w": np.zeros(3)}, "foreign.safetensors")
    assert "minigrad did not write" in fails(capsys, "predict", "foreign.safetensors", "new.csv")


def test_an_interrupted_training_leaves_nothing(monkeypatch, capsys):
    def interrupt(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(TabularModel, "fit", interrupt)
    assert fails(capsys, "train", "pets.csv", code=130) == "minigrad train: stopped; nothing was saved"


def test_an_empty_name_is_no_folder(capsys):
    assert fails(capsys, "train", "").startswith("minigrad train: DATA is empty; give a CSV file or one of the data")


@pytest.mark.parametrize("text", ["Unable to allocate 44.7 GiB for an array with shape (3000000000, 4)", ""])
def test_too_little_memory_is_one_line(text, monkeypatch, capsys):
    def lack(*args, **options):
        raise MemoryError(text)

    monkeypatch.setattr(TabularModel, "__init__", lack)  # as --hidden 3000000000 does
    err = fails(capsys, "train", "iris")
    assert err == f"minigrad train: not enough memory: {text or 'the system has no more'}; {SMALLER}"


def test_r2_of_equal_test_rows_is_undefined(capsys):
    data.write_csv("step.csv", ["a", "y"], [[i, 0.5] for i in range(9)] + [[99, 2.5]])
    assert main(["train", "step.csv", "--epochs", "1", "--test-size", "0.05"]) == 0  # one row to test on
    assert capsys.readouterr().out.partition("R²")[2].split()[1] == "undefined"


def test_train_without_sklearn_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    monkeypatch.delitem(sys.modules, "sklearn.datasets", raising=False)
    assert 'pip install "minigrad-lab[data]"' in fails(capsys, "train", "iris")


@pytest.mark.parametrize("words", some(["", "--json", "N4 N20"], 2))
def test_a_reader_that_leaves_derive_is_no_error(words):
    run = f"{sys.executable} -W error -m minigrad.cli derive {words}; echo $? >code"
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(f"({run}) | true", shell=True, capture_output=True, text=True, env=env)
    assert (done.stdout, done.stderr, Path("code").read_text()) == ("", "", "0\n")


def test_a_reader_that_leaves_is_no_error(model):
    Path("many.csv").write_text("weight,legs\n" + "4,4\n" * 20000)
    run = f"{sys.executable} -W error -m minigrad.cli predict {model} many.csv | head -1"
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(run, shell=True, capture_output=True, text=True, env=env)
    assert done.stdout == "weight,legs,prediction,probability\n" and done.stderr == ""


# --- help ---------------------------------------------------------------------------------------------


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"minigrad {mg.__version__}\n"


@pytest.mark.parametrize("command", [[], ["demo"], ["derive"], ["source"], ["train"], ["predict"]])
def test_help(command, capsys):
    assert main([*command, "--help"]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"usage: {' '.join(['minigrad', *command])}") and "None" not in out


def test_the_examples_in_the_help_are_valid(capsys):
    from minigrad.cli import HELP, _parser

    lines = [line.split()[1:] for text in HELP.values() for line in text.splitlines() if line.startswith("  minigrad ")]
    assert len(lines) >= 5
    for words in lines:
        _parser().parse_args(words)
