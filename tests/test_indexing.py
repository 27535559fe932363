"""Indices, updates and positions: what the rows of `samples` do not say."""

import numpy as np
import pytest
from helpers import leaf

import minigrad as mg
from minigrad.errors import GraphError

USES = {  # of the index [0, 2], and the gradient of the sum
    "brackets": (lambda x, i: x[i], [1, 0, 1]),
    "brackets with more": (lambda x, i: x[..., i], [1, 0, 1]),
    "take": (lambda x, i: mg.take(x, i), [1, 0, 1]),
    "take_along_axis": (lambda x, i: mg.take_along_axis(x, i, 0), [1, 0, 1]),
    "at": (lambda x, i: x.at[i].set(5.0), [0, 1, 0]),
    "put_along_axis": (lambda x, i: mg.put_along_axis(x, i, 5.0, 0), [0, 1, 0]),
    "delete": (lambda x, i: mg.delete(x, i), [0, 1, 0]),
    "repeat": (lambda x, i: mg.repeat(x[:2], i), [0, 2, 0]),
    "pad": (lambda x, i: mg.pad(x, i, mode="edge"), [1, 1, 3]),
}


@pytest.mark.parametrize("kind", [np.array, mg.tensor])
@pytest.mark.parametrize("use", USES)
def test_an_index_that_changes_later_changes_no_gradient(use, kind):
    call, expected = USES[use]
    x, i = leaf(1.0, 2.0, 3.0), kind([0, 2])
    total = call(x, i).sum()
    if isinstance(i, mg.Tensor):
        i.copy_([1, 1])
    else:
        i[:] = 1
    total.backward()
    assert x.grad.tolist() == expected


def test_a_mask_that_changes_later_changes_no_gradient():
    x, mask = leaf(1.0, 2.0, 3.0), np.array([True, False, True])
    total = x[mask].sum() + x.at[mask].multiply(3.0).sum()
    mask[:] = True
    total.backward()
    assert x.grad.tolist() == [4, 1, 4]


# Updates


def test_the_last_of_several_values_wins_and_gets_the_gradient():
    x, v = leaf(1.0, 2.0, 3.0), leaf(10.0, 20.0, 30.0)
    out = x.at[[0, 0, 2]].set(v)
    assert out.tolist() == [20, 2, 30] and x.tolist() == [1, 2, 3]
    out.sum().backward()
    assert x.grad.tolist() == [0, 1, 0] and v.grad.tolist() == [0, 1, 1]


def test_what_is_overwritten_does_no_harm():
    x = leaf(-1.0, 4.0)
    with np.errstate(all="ignore"):
        y = mg.sqrt(mg.tensor([-1.0, 4.0])) + 0 * x  # NaN at 0
    z = y.at[0].set(0.0)
    z.sum().backward()
    assert z.tolist() == [0, 2] and x.grad.tolist() == [0, 0]
    assert np.signbit(x.at[0].set(-0.0).numpy()[0])


def test_many_values_at_one_place_are_applied_in_turn():
    x, v = leaf(-2.0), leaf(2.0, 0.5)
    out = x.reshape(1).at[[0, 0]].power(v)  # ((−2)²)^½ = 2, not (−2)¹
    assert out.tolist() == [2]
    out.sum().backward()
    assert x.grad.item() == -1
    numbers = np.random.default_rng(0).integers(0, 5, 1000)
    out = mg.ones(5, "float64").at[numbers].multiply(1.01)
    np.testing.assert_allclose(out.numpy(), 1.01 ** np.bincount(numbers), rtol=1e-12)


def test_integers_and_booleans_are_updated_exactly():
    big = 2**62 + 1
    assert mg.tensor([0, 0]).at[[0, 1, 1]].add([big, 1, 2]).tolist() == [big, 3]
    assert mg.tensor([1, 2, 3]).at[1:].max(3).tolist() == [1, 3, 3]
    assert mg.insert(mg.tensor([True, False]), 1, True).tolist() == [True, True, False]
    made = mg.tensor([True, False]).at[1].set(True)
    assert made.dtype == bool and made.tolist() == [True, True]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_values_take_the_dtype_of_the_tensor(dtype):
    x = mg.zeros(3, dtype)
    for v in (0.1, [0.1], np.float64(0.1), np.array([0.1]), mg.tensor([0.1], dtype="float64"), np.array(0.1)):
        for made in (x.at[1:].set(v), x.at[1:].add(v), mg.insert(x, 0, v), mg.put_along_axis(x, [0], v, 0)):
            assert made.dtype == dtype and made.numpy().max() == np.dtype(dtype).type(0.1)


def test_gradients_of_values_keep_their_dtype_and_shape():
    x, v = leaf(1.0, 2.0, 3.0), mg.tensor([[2.0]], dtype="float64", requires_grad=True)
    with pytest.raises(ValueError, match="the values must be broadcastable"):
        x.at[1:].set(v)
    x.at[1:].set(v[0]).sum().backward()
    assert v.grad.dtype == np.float64 and v.grad.tolist() == [[2]] and x.grad.tolist() == [1, 0, 0]


def test_updates_go_on_with_the_graph_of_the_tensor_only():
    x = leaf(1.0, 2.0)
    with mg.no_grad():
        assert not x.at[0].set(3.0).requires_grad
    out = x.at[0].set(3.0)
    x.copy_([0.0, 0.0])  # nothing of x was saved
    out.sum().backward()
    assert x.grad.tolist() == [0, 1]
    out = x.at[:1].multiply(x[1:])
    x.copy_([1.0, 1.0])
    with pytest.raises(GraphError, match="updated in place"):
        out.sum().backward()


# Positions


X = np.array([[0.0, 3.0, 0.0], [5.0, 0.0, 7.0]])
POSITIONS = {
    "nonzero": (np.nonzero, (X,)),
    "flatnonzero": (np.flatnonzero, (X,)),
    "argwhere": (np.argwhere, (X,)),
    "argwhere, 0-d": (np.argwhere, (X[0, 1],)),
    "where": (np.where, (X > 1,)),
    "ix_": (np.ix_, (np.array([0, 1]), np.array([True, False, True]))),
    "unravel_index": (np.unravel_index, (np.array([0, 5, 2]), (2, 3))),
    "ravel_multi_index": (lambda i, j: np.ravel_multi_index((i, j), (2, 3)), (np.array([0, 1]), np.array([2, 0]))),
}


@pytest.mark.parametrize("name", POSITIONS)
def test_positions_are_numpys_and_plain_arrays(name):
    function, args = POSITIONS[name]
    expected = function(*args)
    ours = getattr(mg, name.partition(",")[0]) if name != "ravel_multi_index" else function
    tensors = [mg.tensor(a, requires_grad=a.dtype.kind == "f") if hasattr(a, "dtype") else a for a in args]
    for found in (function(*tensors), ours(*tensors), ours(*args)):
        for one, other in zip(found, expected, strict=True):
            assert not isinstance(one, mg.Tensor) and one.dtype.kind == "i"
            np.testing.assert_array_equal(one, other)


def test_positions_index_what_they_were_found_in():
    x = mg.tensor(X, requires_grad=True)
    assert x[mg.nonzero(x > 1)].tolist() == [3, 5, 7] == x[mg.where(x > 1)].tolist()
    assert x[mg.unravel_index(x.argmax(), x.shape)].item() == 7
    assert x[mg.ix_([1], [0, 2])].tolist() == [[5, 7]] and len(x.nonzero()) == 2


# Methods and names


def test_methods_are_the_functions():
    x = leaf([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    a = x.numpy()
    pairs = [
        (x.permute(1, 0), a.T), (x.permute((1, 0)), a.T), (x.mT, a.mT), (x.unsqueeze(0), a[None]), (x.flatten(),
            a.ravel()),
        (x.repeat(2), a.repeat(2)), (x.repeat(2, axis=1), a.repeat(2, axis=1)), (x.take([0, 5]), a.take([0, 5])),
        (x.take(1, axis=1), a.take(1, axis=1)), (x.compress([True, False], 0), a.compress([True, False], 0)),
        (x.copy(), a), (x.clone(), a), (x.tile((2, 1)), np.tile(a, (2, 1))), (x.flip(0), a[::-1]), (x.diagonal(),
            a.diagonal()),
        (mg.tensor([0, 1, 0]).choose(x), np.array([0, 1, 0]).choose(a)), (mg.permute_dims(x, (1, 0)), a.T),
        (mg.concat([x, x]), np.concat([a, a])),
    ]  # fmt: skip
    for ours, numpys in pairs:
        np.testing.assert_array_equal(ours.numpy(), numpys)
        assert ours.requires_grad
    assert "op=getitem" in repr(x[0]) and "op=concatenate" in repr(mg.stack([x]))


def test_a_copy_is_a_copy_with_its_graph():
    x = leaf(1.0, 2.0)
    for copied in (x.copy(), mg.array(x), np.copy(x)):
        assert not np.shares_memory(copied.data, x.data) and not copied.is_leaf
    assert mg.asarray(x) is x and mg.asarray(x, "float64").dtype == np.float64
    a = np.ones(2)
    assert mg.asarray(a).data is a and mg.array(a).data is not a and mg.array([1.0]).is_leaf


def test_lists_beside_wide_tensors_are_not_rounded_on_their_way():
    wide = mg.tensor([1.0], dtype="float64", requires_grad=True)
    for made in (mg.concatenate([wide, [0.1]]), mg.append(np.ones(1), [0.1]), mg.hstack([wide, 0.1])):
        assert made.dtype == np.float64 and float(made[1]) == 0.1
    assert float(mg.select([np.array([False])], [wide], 0.1)[0]) == 0.1
