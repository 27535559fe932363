"""Batches: every example once, in an order that the seed repeats, on the device of its array."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigrad import data, device
from minigrad.engine import Tensor
from minigrad.errors import DtypeError, ShapeError
from minigrad.ops.random import manual_seed


def epoch(loader):
    """The examples of one epoch in order, from the first array."""
    return [value for batch in loader for value in batch[0].data.tolist()]


@settings(deadline=None, max_examples=80)
@given(n=st.integers(1, 30), size=st.integers(1, 35), shuffle=st.booleans(), drop_last=st.booleans())
def test_an_epoch_holds_every_example_once(n, size, shuffle, drop_last):
    x, y = np.arange(2 * n, dtype=np.float32).reshape(n, 2), np.arange(n)
    if drop_last and size > n:
        return
    loader = data.DataLoader((x, y), size, shuffle, drop_last, seed=0)
    batches = list(loader)
    sizes = [len(b.data) for _, b in batches]
    assert len(loader) == len(batches)
    assert sizes == [size] * (n // size) + [n % size] * (n % size > 0 and not drop_last)
    seen = np.concatenate([b.data for _, b in batches])
    assert len(set(seen.tolist())) == len(seen) and (shuffle or (seen == y[: len(seen)]).all())
    for bx, by in batches:
        assert isinstance(bx, Tensor) and bx.data.dtype == np.float32 and by.data.dtype == np.int64
        assert (bx.data == x[by.data]).all()  # the arrays stay in step


def test_batches_in_order_are_not_copied():
    x = np.zeros((6, 2), np.float32)
    assert all(np.shares_memory(batch.data, x) for batch, in data.DataLoader((x,), 4))


@pytest.mark.parametrize("options", [{"seed": 5}, {"generator": 5}, {}], ids=["seed", "generator", "manual_seed"])
def test_epochs_differ_and_the_run_repeats(options):
    def run():
        manual_seed(5)
        own = {"generator": np.random.default_rng(5)} if "generator" in options else options
        loader = data.DataLoader((np.arange(50),), 8, shuffle=True, **own)
        return [epoch(loader) for _ in range(3)]

    first = run()
    assert first == run()
    assert len({tuple(e) for e in first}) == 3 and all(sorted(e) == list(range(50)) for e in first)


def test_without_a_seed_the_order_follows_manual_seed_and_with_one_it_does_not():
    def order(library_seed, **options):
        manual_seed(library_seed)
        return epoch(data.DataLoader((np.arange(50),), shuffle=True, **options))

    assert order(1) != order(2)
    assert order(1, seed=0) == order(2, seed=0) != order(2, seed=1)


def test_dataset_keeps_the_data_of_tensors():
    x, y = np.ones((3, 2), np.float64), np.arange(3)
    examples = data.TensorDataset(Tensor(x), y)
    assert examples.arrays[0] is x and examples.arrays[1] is y and len(examples) == 3
    assert [len(b) for b in data.DataLoader(examples, 2)] == [2, 2]


@pytest.mark.parametrize(("index", "expected"), [
    (1, 1), (-1, 3), (np.int64(2), 2), (slice(1, None), [1, 2, 3]), (np.array([3, 0]), [3, 0]), ([3, 0], [3, 0]),
    (np.array([True, False, True, False]), [0, 2]), (np.array(2), 2), (slice(0, 0), []), (np.zeros(0, int), []),
])
def test_dataset_is_indexed_like_an_array(index, expected):
    x, y = data.TensorDataset(np.arange(8).reshape(4, 2), np.arange(4))[index]
    assert y.data.tolist() == expected and isinstance(y.data, np.ndarray)
    assert x.data.shape == (*np.shape(expected), 2)


@pytest.mark.parametrize("index", [4, -5, np.array([0, 9]), "a", 1.5])
def test_dataset_names_an_index_it_cannot_use(index):
    with pytest.raises(IndexError, match=r"TensorDataset: .* picks no examples of 4; use an integer from 0 to 3"):
        data.TensorDataset(np.arange(4))[index]


def test_dataset_ends_like_a_sequence():
    assert [int(y.data) for y, in data.TensorDataset(np.arange(3))] == [0, 1, 2]


class Elsewhere(np.ndarray):
    """A stand-in for a GPU array: it refuses to be indexed by an array of the CPU."""

    def __getitem__(self, index):
        for part in index if isinstance(index, tuple) else (index,):
            assert type(part) is not np.ndarray, "an index of another device"
        return super().__getitem__(index)

    def take(self, index, axis=None):
        assert type(index) is Elsewhere, "an index of another device"
        return super().take(index, axis)


@pytest.fixture
def elsewhere(monkeypatch):
    place = device.Device(
        "elsewhere", Elsewhere, lambda a: a.copy().view(Elsewhere), lambda a: np.array(a.view(np.ndarray)))
    monkeypatch.setattr(device, "_devices", dict(device._devices))
    monkeypatch.setattr(device, "_by_type", dict(device._by_type))
    device.register_device(place)
    return place


@pytest.mark.parametrize("shuffle", [False, True])
def test_batches_stay_on_the_device_of_their_array(elsewhere, shuffle):
    x, y = elsewhere.from_numpy(np.arange(10.0)), np.arange(10)
    for bx, by in data.DataLoader((x, y), 4, shuffle, seed=0):
        assert type(bx.data) is Elsewhere and type(by.data) is np.ndarray
        assert (bx.data.view(np.ndarray) == by.data).all()


@pytest.mark.parametrize(("index", "expected"), [(3, 3), (np.array(3), 3), (np.arange(10) > 7, [8, 9])])
def test_an_example_stays_on_its_device(elsewhere, index, expected):
    x, = data.TensorDataset(elsewhere.from_numpy(np.arange(10.0)))[index]
    assert type(x.data) is Elsewhere and x.data.tolist() == expected


pair = (np.zeros((10, 2)), np.zeros(10))


@pytest.mark.parametrize(("call", "error", "message"), [
    (lambda: data.TensorDataset(np.zeros((5, 2)), np.zeros(4)), ShapeError,
     "TensorDataset: the arrays differ in length: got float64[5, 2], float64[4]; the first dimension counts"),
    (lambda: data.TensorDataset(), TypeError, "TensorDataset: needs at least one array, got none"),
    (lambda: data.TensorDataset(np.array(1.0)), ShapeError, "a single number holds no examples: got float64[]"),
    (lambda: data.TensorDataset(np.zeros(2), [1, 2]), TypeError,
     "argument 1 must be an array or a Tensor, got list of 2; make it one with np.asarray"),
    (lambda: data.TensorDataset(np.array(["a"])), DtypeError, "argument 0 must hold numbers, got <U1[1]; number class"),
    (lambda: data.DataLoader(pair[0]), TypeError,
     "dataset must be a TensorDataset or a tuple of arrays, got ndarray (float64[10, 2]); for one array write (x,)"),
    (lambda: data.DataLoader(pair, 0), ValueError, "batch_size must be 1 or more, got 0; 10 takes all examples"),
    (lambda: data.DataLoader(pair, -3), ValueError, "batch_size must be 1 or more, got -3"),
    (lambda: data.DataLoader(pair, 2.0), TypeError, "batch_size must be an integer, got float 2.0"),
    (lambda: data.DataLoader(pair, 11, drop_last=True), ValueError, "10 examples make no batch of 11 with drop_last"),
    (lambda: data.DataLoader((np.zeros(0),)), ValueError, "0 examples make no batch of 1"),
    (lambda: data.DataLoader(pair, seed=1, generator=np.random.default_rng(1)), ValueError, "both seed and generator"),
    (lambda: data.DataLoader(pair, seed=-1), ValueError, "DataLoader: seed must not be negative, got -1"),
    (lambda: data.DataLoader(pair, seed="1"), TypeError, "DataLoader: seed must be an integer, got str '1'"),
    (lambda: data.DataLoader(pair, generator=3), TypeError, "generator must be a numpy.random.Generator, got int 3"),
])
def test_refusals(call, error, message):
    with pytest.raises(error, match=re.escape(message)):
        call()
