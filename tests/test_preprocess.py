"""Scalers, one-hot labels and the split: hand formulas, scikit-learn as the reference, and every refusal."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from minigrad import data
from minigrad.errors import CheckpointError, DataError, DtypeError, ShapeError

# --- scalers: laws over every row -------------------------------------------------------------------

SCALERS = {
    "standard (N8)": (data.StandardScaler, {}),
    "standard, scale (N9)": (data.StandardScaler, {"scale": 2.5}),
    "min-max (N10)": (data.MinMaxScaler, {}),
    "min-max, range": (data.MinMaxScaler, {"feature_range": (-2, 3)}),
}
every_scaler = pytest.mark.parametrize(("make", "options"), SCALERS.values(), ids=SCALERS)


def sample(dtype=np.float32, n=40, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(n, 3)) * [1, 100, 1e-3] + [5, -300, 1e-2]).astype(dtype)


@every_scaler
def test_scaler_fitted_on_training_data_agrees_with_scikit_learn_on_new(make, options):
    sklearn = pytest.importorskip("sklearn.preprocessing")
    x, new = sample(np.float64), sample(np.float64, n=7, seed=1)
    if make is data.MinMaxScaler:
        expected = sklearn.MinMaxScaler(**options).fit(x).transform(new)
    else:
        expected = sklearn.StandardScaler().fit(x).transform(new) * options.get("scale", 1)
    scaler = make(**options).fit(x)
    np.testing.assert_allclose(scaler.transform(new), expected, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(scaler.inverse_transform(expected), new, rtol=1e-10)
    assert (make(**options).fit_transform(x) == scaler.transform(x)).all()
    assert scaler.transform(new[:0]).shape == (0, 3)


@every_scaler
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@settings(deadline=None, max_examples=60)
@given(draw=st.data())
def test_inverse_undoes_transform(make, options, dtype, draw):
    numbers = st.floats(-1e6, 1e6, width=32)
    shape = hnp.array_shapes(min_dims=2, max_dims=2, max_side=6)
    x = draw.draw(hnp.arrays(dtype, shape, elements=numbers))
    scaler = make(**options).fit(x)
    there = scaler.transform(x)
    assert np.isfinite(there).all()
    back = scaler.inverse_transform(there)
    tolerance = 16 * np.finfo(dtype).eps * np.abs(x).max(axis=0)
    assert (np.abs(back.astype(np.float64) - x) <= tolerance + np.finfo(dtype).tiny).all()


@every_scaler
@pytest.mark.parametrize(("dtype", "result"), [
    (np.float16, np.float16), (np.float32, np.float32), (np.float64, np.float64), (np.int64, np.float32),
    (np.uint8, np.float32), (np.bool_, np.float32),
])
def test_scaler_keeps_floating_dtypes_and_its_input(make, options, dtype, result):
    x = (np.arange(12).reshape(6, 2) % 5).astype(dtype)
    before = x.copy()
    scaler = make(**options)
    there = scaler.fit_transform(x)
    assert there.dtype == scaler.inverse_transform(there).dtype == result
    assert (x == before).all() and not np.shares_memory(x, there)


@every_scaler
def test_a_constant_feature_is_only_moved(make, options):
    x = np.full((10, 2), 0.1)  # ten times 0.1 has the mean 0.09999999999999999
    x[:, 1] = np.arange(10)
    scaler = make(**options).fit(x)
    low = options.get("feature_range", (0, 1))[0] if make is data.MinMaxScaler else 0
    assert (scaler.transform(x)[:, 0] == low).all()
    new = np.array([[0.5, 3.0]])
    np.testing.assert_allclose(scaler.inverse_transform(scaler.transform(new)), new)


@every_scaler
def test_one_example_is_enough_to_fit(make, options):
    assert np.isfinite(make(**options).fit_transform(np.array([[3.0, -7.0]]))).all()


@every_scaler
def test_state_goes_to_and_fro(make, options):
    x = sample()
    scaler, other = make(**options).fit(x), make()
    state = scaler.state_dict()
    assert all(a.dtype == np.float64 and a.shape == (3,) for a in state.values())
    other.load_state_dict(state)
    assert (other.transform(x) == scaler.transform(x)).all()
    for array in state.values():
        array[...] = 99  # neither scaler holds on to the caller's arrays
    assert (other.transform(x) == scaler.transform(x)).all() and not (other.state_dict()[next(iter(state))] == 99).any()


@every_scaler
def test_a_failed_fit_or_load_leaves_the_scaler_as_it_was(make, options):
    x = sample()
    scaler = make(**options).fit(x)
    before = scaler.transform(x)
    with pytest.raises(DataError):
        scaler.fit(np.array([[1.0, np.nan]]))
    with pytest.raises(CheckpointError):
        scaler.load_state_dict({**scaler.state_dict(), next(iter(scaler.state_dict())): np.zeros(9)})
    assert (scaler.transform(x) == before).all()


# --- scalers: the formulas --------------------------------------------------------------------------


def test_standardisation_is_the_notes_formula():
    x = np.array([[1.0, 8.0], [2.0, 8.5], [6.0, 9.0]])
    mean, std = x.sum(0) / 3, (((x - x.sum(0) / 3) ** 2).sum(0) / 3) ** 0.5  # biased: divided by N
    scaler = data.StandardScaler(scale=[1, 4]).fit(x)
    np.testing.assert_allclose(scaler.mean_, mean)
    np.testing.assert_allclose(scaler.std_, std)
    z = scaler.transform(x)
    np.testing.assert_allclose(z, [1, 4] * (x - mean) / std)
    np.testing.assert_allclose(z.std(axis=0), [1, 4])  # N9: the second feature weighs four times as much
    np.testing.assert_allclose(z.mean(axis=0), 0, atol=1e-15)


def test_normalisation_is_the_notes_formula():
    x = np.array([[1.0, 8.0], [2.0, 8.5], [6.0, 9.0]])
    scaler = data.MinMaxScaler().fit(x)
    assert scaler.min_.tolist() == [1, 8] and scaler.max_.tolist() == [6, 9]
    np.testing.assert_allclose(scaler.transform(x), [[0, 0], [0.2, 0.5], [1, 1]])
    wide = data.MinMaxScaler((0.2, 0.9)).fit_transform(x)
    assert wide.min() == 0.2 and wide.max() == 0.9  # the ends are exact, though 0.2 + (0.9 - 0.2) is not 0.9


@pytest.mark.parametrize("offset", [1e6, 1e7])
def test_a_large_mean_does_not_cancel_the_digits(offset):
    x = (offset + np.arange(8)[:, None]).astype(np.float32)
    exact = (np.arange(8) - 3.5) / np.sqrt(5.25)
    np.testing.assert_allclose(data.StandardScaler().fit_transform(x)[:, 0], exact, rtol=1e-7)
    near = 1e8 + np.array([[0.0], [2.0**-26]])  # neighbours in float64: no digit to spare
    assert np.isfinite(data.StandardScaler().fit_transform(near)).all()


# --- scalers: what they refuse ----------------------------------------------------------------------

good = np.array([[1.0, 2.0], [3.0, 5.0]], np.float32)
holed = np.array([[1.0, 2.0], [3.0, np.nan]], np.float32)
BAD_CALLS = {
    "transform before fit": (lambda s: s.transform(good), RuntimeError, ".transform: the scaler is not fitted; call"),
    "inverse before fit": (lambda s: s.inverse_transform(good), RuntimeError, ".inverse_transform: the scaler is not"),
    "state before fit": (lambda s: s.state_dict(), RuntimeError, ".state_dict: the scaler is not fitted"),
    "NaN in fit": (lambda s: s.fit(holed), DataError, "fit: x[1, 1] is nan in float32[2, 2]; every number must"),
    "inf in fit": (lambda s: s.fit(-np.inf * good), DataError, "fit: x[0, 0] is -inf"),
    "NaN in transform": (lambda s: s.fit(good).transform(holed), DataError, "transform: x[1, 1] is nan"),
    "squares overflow": (lambda s: s.fit([[1e200], [1.0]]), DataError, "x[0, 0] is 1e+200 in float64[2, 1]; every"),
    "other features": (lambda s: s.fit(good).transform(np.zeros((4, 3))), ShapeError,
                       "x is float64[4, 3], but the scaler was fitted on 2 features; x.shape[1] must equal 2"),
    "inverse, other features": (lambda s: s.fit(good).inverse_transform(good[:, :1]), ShapeError, "fitted on 2"),
    "one dimension": (lambda s: s.fit(good[0]), ShapeError, "fit: x must be 2-D, (examples, features), got float32[2]; "
                      "one feature is x[:, None]"),
    "no examples": (lambda s: s.fit(good[:0]), ShapeError, "fit: x is empty, float32[0, 2]; fitting needs one example"),
    "no features": (lambda s: s.fit(good[:, :0]), ShapeError, "fit: x is empty, float32[2, 0]"),
    "text": (lambda s: s.fit([["a"], ["b"]]), DtypeError, "fit: x must hold real numbers, got <U1[2, 1]; encode text"),
    "complex": (lambda s: s.fit(good * 1j), DtypeError, "real numbers, got complex64[2, 2]"),
    "uneven rows": (lambda s: s.fit([[1, 2], [3]]), ShapeError, "fit: x is a list of uneven rows; give every row"),
    "no array": (lambda s: s.fit("abc"), TypeError, "x must be a NumPy array or a list, got str (str 'abc'); hand"),
    "state: names": (lambda s: s.load_state_dict({"weight": good}), CheckpointError, "expected the arrays m"),
    "state: lengths": (lambda s: s.load_state_dict(dict.fromkeys(s.fit(good).state_dict(), good)), CheckpointError,
                       "all arrays must have one shape (D,), got m"),
    "state: NaN": (lambda s: s.load_state_dict(dict.fromkeys(s.fit(good).state_dict(), holed[1])), CheckpointError,
                   "the state holds NaN or inf"),
}


@pytest.mark.parametrize("make", [data.StandardScaler, data.MinMaxScaler])
@pytest.mark.parametrize(("call", "error", "message"), BAD_CALLS.values(), ids=BAD_CALLS)
def test_scaler_refuses(make, call, error, message):
    with pytest.raises(error, match=re.escape(message)) as caught:
        call(make())
    assert str(caught.value).startswith(make.__name__ + ".")


@pytest.mark.parametrize("scale", [0, -1, np.inf, np.nan, [1, 0], "2", [[1, 2]], True])
def test_scale_must_be_positive(scale):
    with pytest.raises(ValueError, match="StandardScaler: scale must be a positive number or one for each feature"):
        data.StandardScaler(scale)


def test_scale_must_have_an_entry_for_each_feature():
    message = "scale has 3 entries, but x is float32[2, 2]; give one number for each of the 2 features"
    with pytest.raises(ShapeError, match=re.escape(message)):
        data.StandardScaler(scale=[1, 2, 3]).fit(good)


@pytest.mark.parametrize("limits", [(1, 0), (1, 1), (0, np.inf), (0, np.nan), 3, (0, 1, 2), "ab"])
def test_feature_range_must_be_an_interval(limits):
    with pytest.raises(ValueError, match=r"feature_range must be \(low, high\) with low < high, got"):
        data.MinMaxScaler(limits)


def test_inverse_lets_a_models_nan_pass():
    out = data.StandardScaler().fit(good).inverse_transform(holed)
    assert np.isnan(out).tolist() == np.isnan(holed).tolist()


# --- one_hot ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("labels", "options", "expected"), [
    ([2, 0], {}, [[0, 0, 1], [1, 0, 0]]),
    (np.array([1], np.uint8), {"num_classes": 3}, [[0, 1, 0]]),
    (np.array([[0], [1]]), {}, [[[1, 0]], [[0, 1]]]),
    (np.array(1), {"num_classes": 2}, [0, 1]),
    (np.zeros(0, np.int64), {"num_classes": 2}, np.zeros((0, 2))),
    ([], {"num_classes": 2, "dtype": np.float64}, np.zeros((0, 2))),
])
def test_one_hot(labels, options, expected):
    out = data.one_hot(labels, **options)
    assert out.dtype == options.get("dtype", np.float32)
    np.testing.assert_array_equal(out, expected, strict=False)
    assert out.shape == np.shape(expected)


@pytest.mark.parametrize(("labels", "num_classes", "error", "message"), [
    ([0, 1, 5], 3, DataError, "one_hot: labels[2] is 5 in int64[3]; labels must be from 0 to num_classes - 1 = 2"),
    ([[0], [-1]], None, DataError, "labels[1, 0] is -1 in int64[2, 1]; labels must be from 0"),
    (np.array(7), 3, DataError, "the label is 7"),
    ([0.0, 1.0], None, DtypeError, "labels must be integers, got float64[2]; use labels.astype(np.int64)"),
    (["a", "b"], None, DtypeError, "np.unique(labels, return_inverse=True)"),
    (np.array([True]), None, DtypeError, "labels must be integers, got bool[1]"),
    (np.zeros(0), 3, DtypeError, "got float64[0]"),
    ([0], 2.0, TypeError, "one_hot: num_classes must be an integer, got float 2.0"),
    ([], None, ValueError, "labels are empty, int64[0]; pass num_classes="),
])
def test_one_hot_refuses(labels, num_classes, error, message):
    with pytest.raises(error, match=re.escape(message)):
        data.one_hot(labels, num_classes)


# --- train_test_split -------------------------------------------------------------------------------


@settings(deadline=None, max_examples=60)
@given(n=st.integers(4, 60), percent=st.integers(1, 60), seed=st.integers(0, 5), classes=st.integers(1, 4))
@pytest.mark.parametrize("stratified", [False, True])
def test_split_divides_all_arrays_alike(stratified, n, percent, seed, classes):
    y = np.arange(n) % min(classes, n // 2)
    x = np.stack([np.arange(n), y], axis=1).astype(np.float32)
    n_test = int(np.ceil(n * (percent / 100)))
    parts = data.train_test_split(x, y, test_size=percent / 100, seed=seed, stratify=y if stratified else None)
    x_train, x_test, y_train, y_test = parts
    assert len(x_test) == len(y_test) == n_test and len(x_train) == n - n_test
    assert sorted(np.concatenate([x_train, x_test])[:, 0].tolist()) == list(range(n))  # each example once
    assert (x_train[:, 1] == y_train).all() and (x_test[:, 1] == y_test).all()
    assert x_train.dtype == np.float32 and y_test.dtype == y.dtype
    if stratified:
        share = np.bincount(y) * n_test / n
        assert (np.abs(np.bincount(y_test, minlength=len(share)) - share) < 1).all()


def test_split_has_scikit_learns_sizes():
    sklearn = pytest.importorskip("sklearn.model_selection")
    for n, size in [(10, 0.25), (7, 0.5), (150, 0.2), (3, 0.1)]:
        theirs = sklearn.train_test_split(np.arange(n), test_size=size, shuffle=False)
        ours = data.train_test_split(np.arange(n), test_size=size, shuffle=False)
        assert [a.tolist() for a in ours] == [list(a) for a in theirs]


@pytest.mark.parametrize("stratify", [None, np.arange(40) % 4])
def test_split_follows_its_seed_or_the_librarys(stratify):
    from minigrad.ops.random import manual_seed

    def split(**options):
        return data.train_test_split(np.arange(40), stratify=stratify, **options)[0].tolist()

    assert split(seed=1) == split(seed=1) != split(seed=2)
    assert split(seed=1) != sorted(split(seed=1))  # the training part is shuffled as well
    manual_seed(3)
    first, second = split(), split()
    manual_seed(3)
    assert [first, second] == [split(), split()] and first != second


def test_split_returns_copies_and_takes_lists():
    x = np.arange(8)
    train, test, names, _ = data.train_test_split(x, list("abcdefgh"), shuffle=False)
    train[:], test[:] = -1, -1
    assert x.tolist() == list(range(8)) and names.tolist() == list("abcdef")


@pytest.mark.parametrize(("arrays", "options", "error", "message"), [
    ((np.zeros((5, 2)), np.zeros(4)), {}, ShapeError, "train_test_split: the arrays differ in length: "
     "got float64[5, 2], float64[4]; the first dimension counts the examples and must be equal"),
    ((), {}, TypeError, "train_test_split: needs at least one array"),
    ((np.array(3.0),), {}, ShapeError, "a single number holds no examples: got float64[]"),
    (("ab",), {}, TypeError, "array 0 must be a NumPy array or a list, got str"),
    ((np.zeros(5),), {"test_size": 1.0}, ValueError, "test_size must be a fraction between 0 and 1, got 1.0; for k"),
    ((np.zeros(5),), {"test_size": 0}, ValueError, "test_size must be a fraction between 0 and 1, got 0"),
    ((np.zeros(5),), {"test_size": np.nan}, ValueError, "test_size must be a fraction"),
    ((np.zeros(5),), {"test_size": "0.2"}, ValueError, "test_size must be a fraction between 0 and 1, got '0.2'"),
    ((np.zeros(1),), {}, DataError, "1 examples with test_size=0.25 leave none to train on"),
    ((np.zeros(0),), {}, DataError, "0 examples with test_size=0.25 leave none to train on; two are needed"),
    ((np.zeros(5),), {"seed": 1.5}, TypeError, "seed must be an integer, got float 1.5"),
    ((np.zeros(5),), {"seed": -1}, ValueError, "seed must not be negative, got -1"),
    ((np.zeros(3),), {"stratify": ["a", "b", "a"]}, DataError, "stratify: class b has a single example"),
    ((np.zeros(3),), {"stratify": [0, 1]}, ShapeError, "one label for each of the 3 examples, got int64[2]"),
    ((np.zeros(4),), {"stratify": [0, 1, 0, 1], "shuffle": False}, ValueError, "stratify needs shuffle=True"),
])
def test_split_refuses(arrays, options, error, message):
    with pytest.raises(error, match=re.escape(message)):
        data.train_test_split(*arrays, **options)
