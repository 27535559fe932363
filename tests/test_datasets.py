"""Data sets: what was promised about shapes, dtypes, labels and origin, over every name."""

from __future__ import annotations

import re
import sys

import numpy as np
import pytest

from minigrad import data
from minigrad.errors import MissingPackageError
from minigrad.ops.random import manual_seed

BUNDLED = {  # name: examples, features, classes, one number known from the source
    "digits": (1797, 64, 10, 16.0),
    "iris": (150, 4, 3, 7.9),
    "wine": (178, 13, 3, 1680.0),
    "breast-cancer": (569, 30, 2, 4254.0),
}
GENERATED = ["moons", "circles", "spiral", "xor"]


def test_the_registry_is_complete():
    assert set(data.DATASETS) == {*BUNDLED, *GENERATED} and list(data.GENERATED) == GENERATED


@pytest.mark.parametrize("name", data.DATASETS)
def test_promises(name):
    if name in BUNDLED:
        pytest.importorskip("sklearn")
    d = data.load(name)
    n, features = d.x.shape
    assert (d.name, d.x.dtype, d.y.dtype, d.y.shape) == (name, np.float32, np.int64, (n,))
    assert len(d.feature_names) == features and all(isinstance(f, str) for f in d.feature_names)
    assert sorted(set(d.y.tolist())) == list(range(len(d.class_names)))
    assert np.isfinite(d.x).all() and d.x.flags.c_contiguous
    assert d.licence == ("CC BY 4.0" if name in BUNDLED else "none") and d.source
    assert "Licence: " + d.licence in data.DATASETS[name].__doc__
    assert len(repr(d)) < 400  # the numbers are not in it


@pytest.mark.parametrize("name", BUNDLED)
def test_bundled_is_scikit_learns_copy(name):
    sklearn = pytest.importorskip("sklearn.datasets")
    n, features, classes, largest = BUNDLED[name]
    d = data.load(name)
    assert d.x.shape == (n, features) and len(d.class_names) == classes and d.x.max() == np.float32(largest)
    theirs = getattr(sklearn, f"load_{name.replace('-', '_')}")()
    assert (d.x == theirs.data.astype(np.float32)).all() and (d.y == theirs.target).all()


@pytest.mark.parametrize("name", GENERATED)
@pytest.mark.parametrize("n", [2, 7, 200])
def test_generated_is_balanced_seeded_and_shuffled(name, n):
    d = data.load(name, n=n, seed=1)
    assert d.x.shape == (n, 2) and np.bincount(d.y).tolist() == [n - n // 2, n // 2]
    again, other = data.load(name, n=n, seed=1), data.load(name, n=n, seed=2)
    assert (again.x == d.x).all() and (again.y == d.y).all() and not (other.x == d.x).all()
    if n > 10:
        assert (np.diff(d.y) != 0).sum() > 10
    manual_seed(4)
    first, second = data.load(name, n=n), data.load(name, n=n)
    manual_seed(4)
    assert (data.load(name, n=n).x == first.x).all() and not (first.x == second.x).all()


def noiseless(name):
    d = data.load(name, n=101, noise=0.0, seed=0)
    return (*d.x.astype(np.float64).T, d.y)


def test_moons_are_two_half_circles():
    a, b, y = noiseless("moons")
    radius = np.hypot(a - y, b - 0.5 * y)
    np.testing.assert_allclose(radius, 1, atol=1e-6)
    assert (b[y == 0] >= -1e-6).all() and (b[y == 1] <= 0.5 + 1e-6).all()


def test_circles_have_their_radii():
    a, b, y = noiseless("circles")
    np.testing.assert_allclose(np.hypot(a, b), np.where(y == 0, 1, 0.5), atol=1e-6)


def test_spiral_arms_have_their_angles():
    a, b, y = noiseless("spiral")
    r = np.hypot(a, b)
    assert r.min() == pytest.approx(0.1) and r.max() == pytest.approx(1)
    np.testing.assert_allclose(r * np.exp(1j * (3 * np.pi * r + np.pi * y)), a + 1j * b, atol=1e-5)


def test_xor_is_exclusive_or():
    a, b, y = noiseless("xor")
    assert (np.logical_xor(a, b) == y).all() and len({*zip(a, b, strict=True)}) == 4


@pytest.mark.parametrize("name", GENERATED)
def test_noise_is_a_standard_deviation(name):
    clean, noisy = (data.load(name, n=4000, noise=s, seed=3) for s in (0.0, 0.3))
    assert (clean.y == noisy.y).all()
    assert (noisy.x - clean.x).std() == pytest.approx(0.3, rel=0.03)


@pytest.mark.parametrize(("options", "error", "message"), [
    ({"n": 1}, ValueError, "make_moons: n must be 2 or more, one example for each class, got 1"),
    ({"n": 9.5}, TypeError, "make_moons: n must be an integer, got float 9.5"),
    ({"noise": -1}, ValueError, "make_moons: noise is a standard deviation, 0 or more and finite, got -1"),
    ({"noise": float("nan")}, ValueError, "noise is a standard deviation"),
    ({"noise": "much"}, ValueError, "noise is a standard deviation, 0 or more and finite, got 'much'"),
    ({"seed": -1}, ValueError, "make_moons: seed must not be negative, got -1"),
])
def test_generators_refuse(options, error, message):
    with pytest.raises(error, match=re.escape(message)):
        data.make_moons(**options)


def test_an_unknown_name_gets_the_nearest():
    with pytest.raises(ValueError, match=r"unknown data set 'moon'; known: digits, .*xor\. Did you mean 'moons'\?"):
        data.load("moon")


def test_without_scikit_learn_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(MissingPackageError, match=r"load_iris needs .*minigrad-lab\[data\]"):
        data.load_iris()
    assert data.make_xor().x.shape == (200, 2)  # needs nothing
