"""Constants like another array: NumPy's values, dtypes and shapes, on the same device, with no gradient."""

from __future__ import annotations

import numpy as np
import pytest
import standin

import minigrad as mg
from minigrad.errors import DtypeError

MAKERS = {  # what makes them, with and without NumPy's dispatch
    "zeros_like": (mg.zeros_like, np.zeros_like, ()),
    "ones_like": (mg.ones_like, np.ones_like, ()),
    "full_like": (mg.full_like, np.full_like, (3,)),
}
ARRAYS = [np.ones((2, 3), np.float32), np.ones((), np.float64), np.ones((0, 2), np.float16), np.arange(3),
          np.array([True, False]), np.ones((2, 3)).T]


@pytest.mark.parametrize("dtype", [None, "float32", "float64", "int32", bool])
@pytest.mark.parametrize("array", ARRAYS, ids=lambda a: f"{a.dtype}{list(a.shape)}")
@pytest.mark.parametrize("name", MAKERS)
def test_values_dtypes_and_shapes_are_numpys(name, array, dtype):
    ours, numpys, args = MAKERS[name]
    if name == "full_like" and "bool" in (np.dtype(dtype or array.dtype).name,):
        args = (True,)
    expected = numpys(array, *args, dtype=dtype)
    for made in (ours(mg.tensor(array), *args, dtype=dtype), numpys(mg.tensor(array), *args, dtype=dtype),
                 ours(array, *args, dtype=dtype)):
        assert isinstance(made, mg.Tensor) and made.dtype == expected.dtype and made.shape == expected.shape
        assert np.array_equal(made.numpy(), expected)


@pytest.mark.parametrize("name", MAKERS)
def test_results_are_constant_leaves_of_their_own_on_the_same_device(name):
    ours, numpys, args = MAKERS[name]
    x = mg.tensor([1.0, 2.0], requires_grad=True)
    for make in (ours, numpys):
        made = make(x * 2, *args)
        assert made.is_leaf and not made.requires_grad and not np.shares_memory(made.data, x.data)
        (x * make(x, *args)).sum().backward()
        assert type(make(x.to("standin"), *args).data) is standin.StandIn
    assert x.grad.tolist() == (2 * made).tolist()


def test_lists_become_float32():
    assert mg.ones_like([[1.0, 2.0]]).dtype == np.float32 and mg.zeros_like(2.5).shape == ()


@pytest.mark.parametrize(("call", "error", "message"), [
    (lambda x: mg.full_like(x, x), TypeError, r"full_like: fill_value must be a number, got float32\[2\]; broadc"),
    (lambda x: np.full_like(x, [1, 2]), TypeError, "fill_value must be a number, got list of 2"),
    (lambda x: mg.full_like(x, "1"), TypeError, "fill_value must be a number, got str '1'"),
    (lambda x: mg.full_like(x.astype(int), 0.5), ValueError, "full_like: int64 cannot hold 0.5; pass dtype='float32'"),
    (lambda x: mg.full_like(x, float("nan"), dtype="int8"), ValueError, "int8 cannot hold nan"),
    (lambda x: mg.full_like(x, 300, dtype="uint8"), ValueError, "uint8 cannot hold 300"),
    (lambda x: np.zeros_like(x, dtype=complex), DtypeError, "zeros_like: .*complex128"),
    (lambda x: np.zeros_like(x, shape=(3,)), TypeError, "^np.zeros_like on a .* not take shape=; it takes a, dtype$"),
])
def test_refusals(call, error, message):
    with pytest.raises(error, match=message):
        call(mg.tensor([1.0, 2.0], requires_grad=True))


@pytest.mark.parametrize("shape", [(), (0,), (2, 3), (4, 1, 5)])
def test_numpys_questions_about_the_shape(shape):
    x = mg.tensor(np.ones(shape), requires_grad=True)
    assert (np.shape(x), np.ndim(x), np.size(x)) == (shape, len(shape), int(np.prod(shape)))
    assert all(np.size(x, axis) == np.size(x.data, axis) for axis in range(-len(shape), len(shape)))
