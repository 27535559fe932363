"""Files: what is saved comes back, damage is never silent, a crash leaves the old file, training goes on to the bit."""

from __future__ import annotations

import io
import json
import os
import pickle
import stat
import struct
import zipfile

import numpy as np
import pytest
import safetensors.numpy

import minigrad as mg
from minigrad import nn, optim
from minigrad.errors import CheckpointError
from minigrad.nn.state import read_metadata, write_atomically

schedules = optim.lr_scheduler
DTYPES = ["float16", "float32", "float64", "int8", "uint8", "int32", "uint32", "int64", "bool"]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state.safetensors"


def same(a, b):
    """Tell whether two nests are equal, arrays to the bit."""
    if isinstance(a, mg.Tensor) or isinstance(b, mg.Tensor):
        return type(a) is type(b) and (a.dtype, a.shape) == (b.dtype, b.shape) and a.data.tobytes() == b.data.tobytes()
    if isinstance(a, dict):
        return isinstance(b, dict) and list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        return isinstance(b, list) and len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and (a == b or (a != a and b != b))


def round_trip(path, state):
    mg.save(path, state)
    return mg.load(path)


# To and fro


@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2), (1,), (2, 3), (2, 1, 4)])
@pytest.mark.parametrize("dtype", DTYPES)
def test_arrays_of_every_dtype_and_shape(path, dtype, shape):
    array = np.random.default_rng(0).integers(0, 2, shape).astype(dtype)
    back = round_trip(path, {"a": array})["a"]
    assert back.dtype == dtype and back.shape == shape and np.array_equal(back.numpy(), array)
    assert back.is_leaf and not back.requires_grad and back.copy_(back.numpy() * 0) is back


@pytest.mark.parametrize("array", [
    np.array([np.nan, np.inf, -np.inf, -0.0, np.finfo(float).tiny / 4]), np.arange(6.0).reshape(2, 3).T,
    np.arange(10)[::-3], np.broadcast_to(np.float32(2), (2, 2)), np.arange(3, dtype=">f4"),
], ids=["special", "transposed", "reversed", "broadcast", "big-endian"])
def test_arrays_of_every_layout(path, array):
    back = round_trip(path, [array])[0].numpy()
    assert np.array_equal(back, array, equal_nan=True) and np.array_equal(np.signbit(back), np.signbit(array))
    assert back.dtype == array.dtype.newbyteorder("=")


NESTS = [
    {}, [], None, 3.5, "text", mg.tensor([1.0, 2.0]), {"w": mg.tensor(1.0)}, {"": mg.tensor(1.0)},
    {"a": {"b": [mg.tensor([1.0]), {"c": mg.tensor([True])}], "n": 3, "x": 0.1}, "t": True, "no": None, "s": "é\n\"{}"},
    {"numbers": [float("inf"), float("nan"), -0.0, 1e-320, 10**30, -(2**63)]},
    {"a.b": mg.tensor([1.0]), "a": {"b": mg.tensor([2.0, 3.0])}, "": {"a.b": mg.tensor([4])}},  # one path, three arrays
    {"__metadata__": mg.tensor([1.0]), "format": mg.tensor([2.0]), "k 한": mg.tensor([3.0])},
    ["<array>", {"sha256": "0"}],
]


@pytest.mark.parametrize("nest", NESTS, ids=range(len(NESTS)))
def test_nests_of_every_kind(path, nest):
    assert same(nest, round_trip(path, nest))


def test_numpy_numbers_become_pythons_and_tuples_lists(path):
    state = {"betas": (0.9, np.float32(0.5)), "n": np.int64(3), "b": np.bool_(True)}
    assert same(round_trip(path, state), {"betas": [0.9, 0.5], "n": 3, "b": True})


def test_a_model_an_optimizer_and_numbers(path):
    model, optimizer, _ = learners("Adam")
    train(model, optimizer, None, 0, 2)
    state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3, "best": 0.25}
    back = round_trip(path, state)
    assert same(back["model"], state["model"]) and same(back, json_lists(state))
    other = nn.Sequential(*[nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Linear(8, 3)])
    other.load_state_dict(back["model"])
    assert same(other.state_dict(), model.state_dict())


def json_lists(value):
    if isinstance(value, dict):
        return {k: json_lists(v) for k, v in value.items()}
    return [json_lists(v) for v in value] if isinstance(value, list | tuple) else value


def test_paths_may_be_strings_and_files_are_plain_safetensors(path):
    mg.save(str(path), {"model": {"w": mg.tensor([1.0, 2.0])}, "epoch": 3}, metadata={"by": "me"})
    assert mg.load(str(path))["epoch"] == 3
    others = safetensors.numpy.load_file(path)
    assert list(others) == ["model.w"] and others["model.w"].tolist() == [1, 2]


def test_metadata(path):
    mg.save(path, {}, metadata={"author": "Ä", "format": "mine", "sha256": "mine"})
    assert read_metadata(path) == {"author": "Ä", "format": "mine", "sha256": "mine"}
    mg.save(path, {})
    assert read_metadata(path) == {}
    with pytest.raises(TypeError, match="save: metadata must be strings, 'epoch' is int 3"):
        mg.save(path, {}, metadata={"epoch": 3})


@pytest.mark.parametrize(("state", "text"), [
    ({"a": [1, {"b": object}]}, r"save: a\.1\.b is type <class 'object'>; arrays, numbers, strings and containers"),
    ({"f": print}, "save: f is builtin_function_or_method"),
    ({"z": [1j]}, r"save: z\.0 is complex 1j"), ({"z": np.complex64(1)}, "save: z is complex"),
    ({"z": {"c": np.zeros(2, complex)}}, r"save: z\.c is complex128\[2\]; only numbers"),
    ({"o": np.array([None])}, r"save: o is object\[1\]"), ({"s": np.array(["x"])}, r"save: s is <U1\[1\]"),
    pytest.param(
        {"l": np.zeros(2, np.longdouble)}, r"save: l is float\d+\[2\]; only numbers of up to 64 bits",
        marks=pytest.mark.skipif(np.dtype(np.longdouble).itemsize == 8, reason="long double is double here"),
    ),
    ({"d": np.datetime64("2020-01-01")}, "save: d is date"), ({"b": b"x"}, "save: b is bytes"),
    ({"s": {1, 2}}, "save: s is set"), (object(), "save: the state is object"),
    ({"a": {1: 2}}, "save: keys must be strings other than '<array>', got int 1 in a$"),
    ({None: 2}, "got None in the state"), ({"a": {"<array>": "b"}}, "got str '<array>' in a$"),
    (nn.Linear(1, 1), "save: the state is Linear"),
])
def test_what_cannot_be_saved_is_named_and_leaves_the_old_file(path, state, text):
    mg.save(path, {"old": 1})
    with pytest.raises(TypeError, match=text):
        mg.save(path, state)
    assert mg.load(path) == {"old": 1} and os.listdir(path.parent) == [path.name]


# Damage


@pytest.fixture
def small(path):
    mg.save(path, {"w": mg.tensor([1.5, -2.0]), "n": mg.tensor(7), "epoch": 3}, metadata={"by": "me"})
    return path.read_bytes()


def refused(path, data):
    path.write_bytes(data)
    with pytest.raises(CheckpointError, match=r"^load: '.*state\.safetensors'"):
        mg.load(path)


def test_every_flipped_bit_is_found(path, small):
    assert len(small) < 700
    for i in range(len(small)):
        for bit in range(8):
            damaged = bytearray(small)
            damaged[i] ^= 1 << bit
            refused(path, bytes(damaged))


def test_every_truncation_and_anything_appended_is_found(path, small):
    for length in range(len(small)):
        refused(path, small[:length])
    for extra in (b"\0", b"\n", small):
        refused(path, small + extra)


def zipped():
    with zipfile.ZipFile(memory := io.BytesIO(), "w") as file:
        file.writestr("weights", b"\0" * 100)
    return memory.getvalue()


def image():
    plt = pytest.importorskip("matplotlib.image")
    plt.imsave(memory := io.BytesIO(), np.zeros((4, 4)), format="png")
    return memory.getvalue()


FOREIGN = {
    "text": lambda: b"epoch,loss\n1,0.5\n" * 20, "json": lambda: b'{"w": [1.0, 2.0]}', "empty": lambda: b"",
    "pickle": lambda: pickle.dumps({"w": np.zeros(3)}), "zip": zipped, "png": image, "zeros": lambda: bytes(64),
    "ones": lambda: b"\xff" * 64, "header is a list": lambda: struct.pack("<Q", 2) + b"[]",
}


@pytest.mark.parametrize("kind", FOREIGN)
@pytest.mark.parametrize("verify", [True, False])
def test_foreign_files_are_refused(path, kind, verify):
    data = FOREIGN[kind]()
    path.write_bytes(data)
    text = rf"\({len(data)} bytes\) is no safetensors file, or is truncated or damaged"
    with pytest.raises(CheckpointError, match=text):
        mg.load(path, verify=verify)


def test_a_directory_and_a_missing_file_are_the_systems_errors(tmp_path):
    with pytest.raises(IsADirectoryError):
        mg.load(tmp_path)
    with pytest.raises(FileNotFoundError):
        mg.load(tmp_path / "nothing")


def test_a_path_that_cannot_be_written_is_named_as_the_user_wrote_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.mkdir("folder")
    for path, kind, text in (
        ("nodir/x.st", FileNotFoundError, r"save: 'nodir/x.st': there is no folder '.*nodir'; create it, or save else"),
        ("folder", IsADirectoryError, "save: 'folder' is a folder; give the name of a file in it"),
        (tmp_path / "folder", IsADirectoryError, "/folder' is a folder"),
        ("", IsADirectoryError, "save: '' is a folder"),
        ({"w": 1.0}, TypeError, r"save: the file comes first, .*got dict {'w': 1.0} .*mg\.save\(.*, state\)$"),
        (3, TypeError, "got int 3 as the file"), (b"x", TypeError, "got bytes b'x' as the file"),
    ):
        with pytest.raises(kind, match=text):
            mg.save(path, "w.safetensors")
    assert os.listdir(tmp_path) == ["folder"]


@pytest.mark.parametrize("metadata", [None, {"format": "pt"}, {"format": "minigrad"}, {"sha256": "0" * 64}])
def test_safetensors_of_others_are_read_when_asked(path, metadata):
    path.write_bytes(safetensors.numpy.save({"0.weight": np.ones((2, 3), np.float16)}, metadata=metadata))
    for read in (mg.load, read_metadata):
        with pytest.raises(CheckpointError, match=r"that minigrad did not write: .*mg\.load\(path, verify=False\)$"):
            read(path)
    back = mg.load(path, verify=False)
    assert list(back) == ["0.weight"] and back["0.weight"].dtype == np.float16 and back["0.weight"].sum().item() == 6


def test_unverified_reading_of_ones_own_file_is_the_same(path, small):
    assert same(mg.load(path, verify=False), mg.load(path))


def test_a_digest_that_was_recomputed_for_other_values_is_the_only_way_through(path, small):
    length = struct.unpack("<Q", small[:8])[0]
    header = json.loads(small[8 : 8 + length])
    header["__metadata__"]["structure"] = header["__metadata__"]["structure"].replace("3", "4")
    text = json.dumps(header).encode()
    refused(path, struct.pack("<Q", len(text)) + text + small[8 + length :])


# Crashes


@pytest.mark.parametrize("function", ["fsync", "replace", "fdopen", "chmod"])
@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_a_crash_while_writing_leaves_the_old_file_and_nothing_else(path, monkeypatch, function, error):
    mg.save(path, {"epoch": 1})

    def crash(*args, **kwargs):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(os, function, crash)
        with pytest.raises(type(error)):
            mg.save(path, {"epoch": 2})
        with pytest.raises(type(error)):
            mg.save(path.parent / "new", {})
    assert os.listdir(path.parent) == [path.name] and mg.load(path) == {"epoch": 1}
    mg.save(path, {"epoch": 2})
    assert mg.load(path) == {"epoch": 2}


def test_the_data_is_on_the_disk_before_the_name_is(path, monkeypatch):
    calls = []
    for name in ("fsync", "replace"):
        real = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *a, name=name, real=real: (calls.append(name), real(*a))[1])
    mg.save(path, {})
    assert calls == ["fsync", "replace"]


def test_files_have_the_usual_rights_and_links_stay_links(path, tmp_path):
    mask = os.umask(0o027)
    try:
        mg.save(path, {"epoch": 1})
    finally:
        os.umask(mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    link = tmp_path / "latest"
    link.symlink_to(path)
    mg.save(link, {"epoch": 2})
    assert link.is_symlink() and mg.load(path) == {"epoch": 2}
    write_atomically(path, b"plain bytes")
    assert path.read_bytes() == b"plain bytes"


# Going on

OPTIMIZERS = [name for name, kind in vars(optim).items()
              if isinstance(kind, type) and issubclass(kind, optim.Optimizer) and kind is not optim.Optimizer]
SCHEDULES = {
    "StepLR": lambda o: schedules.StepLR(o, 2, 0.5), "MultiStepLR": lambda o: schedules.MultiStepLR(o, [2, 5]),
    "ExponentialLR": lambda o: schedules.ExponentialLR(o, 0.8),
    "CosineAnnealingLR": lambda o: schedules.CosineAnnealingLR(o, 10),
    "LinearWarmup": lambda o: schedules.LinearWarmup(o, 3, schedules.ExponentialLR(o, 0.5)),
    "OneCycleLR": lambda o: schedules.OneCycleLR(o, 0.1, 20),
    "ReduceLROnPlateau": lambda o: schedules.ReduceLROnPlateau(o, patience=0, factor=0.5, threshold=0.5),
}


def learners(optimizer, schedule=None, seed=0, dtype="float32"):
    mg.manual_seed(seed)
    model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Linear(8, 3)).to(np.dtype(dtype))
    groups = optim.decay_weights_only(model, 1e-2) if seed % 2 == 0 else optim.decay_weights_only(model, 0.5)
    made = getattr(optim, optimizer)(groups, lr=0.05 if seed % 2 == 0 else 0.5)
    return model, made, SCHEDULES[schedule](made) if schedule else None


def train(model, optimizer, schedule, start, stop, closure=False):
    """Train on batches start … stop − 1; some parameters have no gradient in every third step."""
    for step in range(start, stop):
        rng = np.random.default_rng(step)
        x, y = rng.normal(size=(16, 4)).astype(model[0].weight.dtype), rng.integers(0, 3, 16)

        def loss(x=x, y=y, step=step):
            optimizer.zero_grad()
            value = nn.functional.cross_entropy(model(x), y)
            value.backward()
            if step % 3 == 1:
                model[0].bias.grad = model[3].weight.grad = None
            return value

        value = optimizer.step(loss) if closure else (loss(), optimizer.step())[0]
        if schedule is not None:
            schedule.step(*([value] if isinstance(schedule, schedules.ReduceLROnPlateau) else []))


CASES = [(name, "StepLR", False) for name in OPTIMIZERS] + [("Adam", name, True) for name in SCHEDULES]


@pytest.mark.parametrize("schedule_last", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("optimizer", "schedule", "closure"), [*CASES, ("Nesterov", "StepLR", True)])
def test_training_resumed_from_a_file_gives_the_bits_of_training_straight_through(
    path, optimizer, schedule, closure, dtype, schedule_last
):
    straight = learners(optimizer, schedule, dtype=dtype)
    train(*straight, 0, 8, closure)

    first = learners(optimizer, schedule, dtype=dtype)
    train(*first, 0, 4, closure)
    mg.save(path, dict(zip(["model", "optimizer", "schedule"], [part.state_dict() for part in first], strict=True)))
    second, state = learners(optimizer, schedule, seed=1, dtype=dtype), mg.load(path)  # other weights, other rates
    for part, name in list(zip(second, ["model", "optimizer", "schedule"], strict=True))[:: 1 if schedule_last else -1]:
        part.load_state_dict(state[name])
    train(*second, 4, 8, closure)

    for a, b in zip(straight, second, strict=True):
        assert same(json_lists(a.state_dict()), json_lists(b.state_dict()))
    untrained = learners(optimizer, schedule, dtype=dtype)[0]
    assert not same(straight[0].state_dict(), untrained.state_dict())


def test_all_optimizers_and_schedules_are_in_the_table():
    known = {k for k, v in vars(schedules).items() if isinstance(v, type) and issubclass(v, schedules.LRScheduler)}
    assert set(SCHEDULES) == known - {"LRScheduler"} and len(OPTIMIZERS) == 10
