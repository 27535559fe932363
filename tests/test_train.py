"""The training loop, what it records, and the table model that is saved and loaded."""

from __future__ import annotations

import io
import json
import struct
import sys

import numpy as np
import pytest

import minigrad as mg
from minigrad import data, nn, optim, train
from minigrad.errors import CheckpointError, DataError, NonFiniteError
from minigrad.nn import functional as F
from minigrad.train import History, TabularModel, tabular
from minigrad.train.threads import threads_for
from minigrad.train.trainer import evaluating


def perceptron(seed=0, *extra):
    mg.manual_seed(seed)
    return nn.Sequential(nn.Linear(2, 16), nn.Tanh(), *extra, nn.Linear(16, 2))


def train_moons(model, epochs=5, **options):
    moons = data.make_moons(200, seed=0)
    optimizer = optim.Adam(model.parameters(), lr=0.02)
    return train.fit(model, F.cross_entropy, optimizer, (moons.x, moons.y), epochs=epochs, batch_size=32, **options)


# --- fit --------------------------------------------------------------------------------------------


def test_fit_learns_and_records_an_entry_an_epoch():
    model = perceptron()
    held_out = data.make_moons(100, seed=1)
    history = train_moons(
        model, 40, validation=(held_out.x, held_out.y), metrics={"accuracy": train.share_correct}, seed=0
    )
    assert history.epochs == 40
    assert {name: len(v) for name, v in history.train.items()} == {"loss": 40, "accuracy": 40}
    assert {name: len(v) for name, v in history.validation.items()} == {"loss": 40, "accuracy": 40}
    assert history.train["loss"][-1] < history.train["loss"][0] / 2
    assert train.accuracy(model, held_out.x, held_out.y) == history.validation["accuracy"][-1] > 0.95


def test_fit_is_the_loop_written_out():
    moons = data.make_moons(50, seed=0)
    by_fit, by_hand = perceptron(1), perceptron(1)
    optimizer = optim.SGD(by_fit.parameters(), lr=0.1)
    train.fit(by_fit, F.cross_entropy, optimizer, (moons.x, moons.y), epochs=3, batch_size=16, seed=7)
    optimizer = optim.SGD(by_hand.parameters(), lr=0.1)
    loader = data.DataLoader((moons.x, moons.y), 16, shuffle=True, seed=7)
    for _ in range(3):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(by_hand(x), y).backward()
            optimizer.step()
    for p, q in zip(by_fit.parameters(), by_hand.parameters(), strict=True):
        np.testing.assert_array_equal(p.numpy(), q.numpy())


def test_the_recorded_loss_is_that_of_the_model_as_it_stands_without_dropout():
    model = perceptron(0, nn.Dropout(0.5))
    history = train_moons(model, 2, seed=0)
    moons = data.make_moons(200, seed=0)
    model.eval()
    assert history.train["loss"][-1] == F.cross_entropy(model(mg.tensor(moons.x)), moons.y).item()


def test_the_same_seed_gives_the_same_history():
    runs = [train_moons(perceptron(3, nn.Dropout(0.2)), 3, seed=5).train for _ in range(2)]
    assert runs[0] == runs[1]
    assert runs[0] != train_moons(perceptron(3, nn.Dropout(0.2)), 3, seed=6).train


def test_progress_is_called_after_each_epoch():
    seen = []
    train_moons(perceptron(), 3, progress=lambda history: seen.append((history.epochs, len(history.train["loss"]))))
    assert seen == [(1, 1), (2, 2), (3, 3)]


def test_divergence_is_an_error_and_no_warning():
    model = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 2))
    optimizer = optim.SGD(model.parameters(), lr=1e30)
    moons = data.make_moons(50, seed=0)
    with pytest.raises(NonFiniteError, match=r"the loss after epoch 1 is (nan|inf); use a smaller learning rate"):
        train.fit(model, F.cross_entropy, optimizer, (moons.x, moons.y), epochs=3, batch_size=10)


# --- predict and accuracy ---------------------------------------------------------------------------


def test_predict_in_batches_is_predict_at_once():
    model, x = perceptron(), np.random.default_rng(0).normal(size=(37, 2)).astype(np.float32)
    np.testing.assert_allclose(train.predict(model, x, batch_size=8), model(mg.tensor(x)).numpy(), rtol=1e-5)
    assert isinstance(train.predict(model, mg.tensor(x)), np.ndarray)


def test_evaluating_records_nothing_and_gives_every_part_its_mode_back():
    model = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5), nn.BatchNorm1d(2))
    model.layers[1].eval()  # one part stays in evaluation mode, as when it is frozen
    with pytest.raises(RuntimeError, match="inside"), evaluating(model):
        assert not any(module.training for module in model.modules())
        assert not model(mg.tensor([[1.0, 2.0]])).requires_grad
        raise RuntimeError("inside")
    assert [module.training for module in model.modules()] == [True, True, False, True]


@pytest.mark.parametrize(
    "outputs, expected",
    [([[0.1, 0.3, 0.2], [3, 1, 2]], [1, 0]), ([[0.5], [-0.5]], [1, 0]), ([-1.0, 2.0], [0, 1]), ([[0.0]], [0])],
)
def test_classes_of_logits(outputs, expected):
    assert train.classes(np.array(outputs)).tolist() == expected
    assert train.share_correct(np.array(outputs), np.array(expected)) == 1


def test_accuracy_takes_arrays_and_tensors():
    model, moons = perceptron(), data.make_moons(20, seed=0)
    assert train.accuracy(model, moons.x, moons.y) == train.accuracy(model, mg.tensor(moons.x), mg.tensor(moons.y))


# --- the progress bar -------------------------------------------------------------------------------


def test_progress_bar_is_silent_without_a_terminal(capsys):
    with train.progress_bar(2) as progress:
        progress(History({"loss": [0.5], "accuracy": [0.75]}))
    assert capsys.readouterr() == ("", "")


def test_progress_bar_shows_epoch_loss_and_accuracy_on_a_terminal(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    with train.progress_bar(2) as progress:
        progress(History({"loss": [0.5, 0.25], "accuracy": [0.5, 0.75]}))
    assert "2/2" in terminal.getvalue() and "loss 0.2500  accuracy 75.0%" in terminal.getvalue()


# --- the digits of the demo ---------------------------------------------------------------------------


def test_the_split_of_the_digits_is_the_one_that_is_stated(monkeypatch):
    seen = {}

    def look(model, loss, optimizer, train_data, *, validation, **options):
        seen.update(train=train_data, test=validation)
        return History()

    monkeypatch.setattr("minigrad.train.digits.fit", look)
    train.train_digits(seed=4)
    assert [a.shape for a in (*seen["train"], *seen["test"])] == [(1437, 64), (1437,), (360, 64), (360,)]
    assert seen["train"][0].min() == 0 and seen["train"][0].max() == 1
    assert set(np.bincount(seen["test"][1])) <= {34, 35, 36, 37}  # stratified
    first = seen["test"][0]
    train.train_digits(seed=5)
    np.testing.assert_array_equal(first, seen["test"][0])


# --- the table model ----------------------------------------------------------------------------------


def flats(n=120, seed=0):
    rng = np.random.default_rng(seed)
    x = np.stack([rng.uniform(20, 150, n), rng.integers(1, 6, n)], axis=1).astype(np.float32)
    return x, (3000 * x[:, 0] + 20000 * x[:, 1]).astype(np.float32)


def fitted(task, **options):
    mg.manual_seed(0)
    if task == "classification":
        moons = data.make_moons(120, seed=0)
        model, x, y = TabularModel(task, ["a", "b"], "kind", ["cat", "새"], hidden=[8], **options), moons.x, moons.y
    else:
        model, (x, y) = TabularModel(task, ["area", "rooms"], "price", hidden=[8], **options), flats()
    model.fit(x, y, (x[:20], y[:20]), epochs=30, lr=0.02, seed=0)
    return model, x, y


CONFIGURATIONS = [
    ("classification", {}),
    ("classification", {"loss": "bce", "scale": "minmax", "activation": "tanh"}),
    ("classification", {"scale": "none", "activation": "leaky-relu"}),
    ("regression", {}),
    ("regression", {"loss": "mae", "scale": "minmax"}),
    ("regression", {"loss": "huber", "activation": "gelu"}),
]


@pytest.mark.parametrize("task, options", CONFIGURATIONS)
def test_a_saved_model_predicts_the_same(task, options, tmp_path):
    model, x, y = fitted(task, **options)
    model.save(tmp_path / "m.safetensors", "1.2.3")
    mg.manual_seed(99)
    again = TabularModel.load(tmp_path / "m.safetensors")
    for was, now in zip(model.predict(x), again.predict(x), strict=True):
        np.testing.assert_array_equal(was, now)
    assert again.settings == model.settings and again.class_names == model.class_names
    assert again.scores(x, y) == model.scores(x, y)


def test_the_file_says_what_it_is(tmp_path):
    fitted("classification")[0].save(tmp_path / "m.safetensors", "1.2.3")
    raw = (tmp_path / "m.safetensors").read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    metadata = {k.removeprefix("user."): v for k, v in json.loads(raw[8 : 8 + length])["__metadata__"].items()}
    assert metadata["minigrad"] == "1.2.3" and json.loads(metadata["class_names"]) == ["cat", "새"]
    assert json.loads(metadata["feature_names"]) == ["a", "b"] and json.loads(metadata["scale"]) == "standard"


def test_classification_learns_and_its_probabilities_are_the_answers_own():
    for loss in ("cross-entropy", "bce"):
        model, x, y = fitted("classification", loss=loss)
        labels, p = model.predict(x)
        assert model.scores(x, y) == {"accuracy": np.mean(labels == y)} and np.mean(labels == y) > 0.85
        assert labels.dtype == np.int64 and p.shape == y.shape and p.min() >= 0.5 and p.max() <= 1


def test_regression_scores_are_in_the_unit_of_the_target():
    model, x, y = fitted("regression")
    answers, p = model.predict(x)
    scores = model.scores(x, y)
    assert p is None and scores["R²"] > 0.98
    assert scores["RMSE"] == pytest.approx(float(np.sqrt(np.mean((answers - y.astype(float)) ** 2))))


def test_r_squared_of_a_constant_target_is_not_a_number():
    model, x, _ = fitted("regression")
    assert np.isnan(model.scores(x, np.full(len(x), 7.0, np.float32))["R²"])


def test_weight_decay_leaves_the_biases_alone(monkeypatch):
    seen = []

    def look(groups, lr):
        seen.append(groups)
        return optim.SGD(groups, lr)

    monkeypatch.setitem(tabular.OPTIMIZERS, "adam", (look, 0.1))
    model = TabularModel("classification", ["a", "b"], "kind", ["x", "y"])
    moons = data.make_moons(20, seed=0)
    model.fit(moons.x, moons.y, (moons.x, moons.y), epochs=1, weight_decay=0.5)
    assert [({p.ndim for p in g["params"]}, g["weight_decay"]) for g in seen[0]] == [({2}, 0.5), ({1}, 0.0)]


@pytest.mark.parametrize(
    "task, classes, loss, message",
    [
        ("classification", "ab", "mse", "'mse' does not fit classification; use cross-entropy or bce"),
        ("regression", "", "bce", "'bce' does not fit regression; use mse or mae or huber"),
        ("classification", "abc", "bce", "'bce' tells two classes apart, this target has 3; use cross-entropy"),
    ],
)
def test_a_loss_that_does_not_fit_is_refused(task, classes, loss, message):
    with pytest.raises(ValueError, match=message):
        TabularModel(task, ["a"], "t", list(classes), loss=loss)


def test_an_answer_that_is_not_finite_is_refused():
    model, _, _ = fitted("regression")
    with pytest.raises(DataError, match="row 2 is too far from the training data"):
        model.predict(np.array([[50, 2], [1e38, 3e38]], np.float32))


def test_weights_of_another_kind_are_refused(tmp_path):
    mg.save(tmp_path / "w.safetensors", perceptron().state_dict())
    with pytest.raises(CheckpointError, match="holds weights, but no model of `minigrad train`"):
        TabularModel.load(tmp_path / "w.safetensors")


def test_a_damaged_model_is_refused(tmp_path):
    path = tmp_path / "m.safetensors"
    fitted("regression")[0].save(path, "1")
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(CheckpointError, match="damaged"):
        TabularModel.load(path)
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CheckpointError, match="truncated"):
        TabularModel.load(path)


def test_split_keeps_the_classes_shares_and_refuses_a_lone_one():
    x = np.arange(10, dtype=np.float32)[:, None]
    table = data.Table(x, np.repeat([0, 1], 5), ("a",), "kind", "classification", ("cat", "dog"))
    _, _, y, y_test = tabular.split(table, 0.2, seed=0)
    assert np.bincount(y).tolist() == [4, 4] and np.bincount(y_test).tolist() == [1, 1]
    lone = data.Table(x, np.repeat([0, 1], [9, 1]), ("a",), "kind", "classification", ("cat", "dog"))
    with pytest.raises(DataError, match=r"class dog of column 'kind' has a single row.*--task regression"):
        tabular.split(lone, 0.2, seed=0)


# --- threads ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width, one", [(64, True), (4096, False)])
def test_small_products_take_one_thread(width, one):
    control = pytest.importorskip("threadpoolctl")

    def threads():
        pools = [pool for pool in control.threadpool_info() if pool["user_api"] == "blas"]
        return {pool["filepath"]: pool["num_threads"] for pool in pools}

    model = nn.Sequential(nn.Linear(width, 100))
    before = threads()
    with threads_for(model, batch_size=32):
        assert threads() == (dict.fromkeys(before, 1) if one else before)
    assert threads() == before


def test_without_threadpoolctl_nothing_changes(monkeypatch):
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)
    with threads_for(nn.Linear(2, 2), batch_size=32) as limits:
        assert limits is None
