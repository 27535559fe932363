"""Constants: NumPy's values and shapes, our dtypes, on the device that was asked for."""

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
    (lambda x: np.zeros_like(x, order="F"), TypeError, "^np.zeros_like on a .* not take order=; it takes a, dtype, sh"),
    (lambda x: mg.zeros(2, 3), TypeError, r"^zeros: got dtype=3, which is a number; .* as in zeros\(\(2, 3\)\)"),
    (lambda x: mg.ones(2, complex), DtypeError, "ones: .*complex128"),
    (lambda x: mg.ones(2, int, requires_grad=True), DtypeError, "only floating tensors can require gradients"),
    (lambda x: mg.full(2, x), TypeError, r"^full: fill_value must be a number, got float32\[2\]; broadcast_to"),
    (lambda x: mg.full(2, 0.5, int), ValueError, "^full: int64 cannot hold 0.5"),
    (lambda x: mg.arange(0, 1, 0), ValueError, "^arange: step must not be 0"),
    (lambda x: mg.arange(x[0]), TypeError, r"^arange: stop must be a number, got float32\[\]; .* keeps the gradient"),
    (lambda x: mg.linspace(0, x[0]), TypeError, r"^linspace: stop must be a number, got float32\[\]; start \+ \(stop"),
    (lambda x: mg.logspace(x, 1), TypeError, "^logspace: start must be a number"),
    (lambda x: mg.geomspace(-1, 1), ValueError, "^geomspace: start and stop must have one sign"),
])
def test_refusals(call, error, message):
    with pytest.raises(error, match=message):
        call(mg.tensor([1.0, 2.0], requires_grad=True))


@pytest.mark.parametrize("shape", [(), (0,), (2, 3), (4, 1, 5)])
def test_numpys_questions_about_the_shape(shape):
    x = mg.tensor(np.ones(shape), requires_grad=True)
    assert (np.shape(x), np.ndim(x), np.size(x)) == (shape, len(shape), int(np.prod(shape)))
    assert all(np.size(x, axis) == np.size(x.data, axis) for axis in range(-len(shape), len(shape)))


CALLS = [
    *[(name, (shape,)) for name in ("zeros", "ones") for shape in (3, (2, 3), (), (0, 2), [1, 2])],
    ("full", ((2, 2), 1.5)), ("full", (3, np.float32(0.5))), ("eye", (3,)), ("eye", (2, 3, 1)), ("eye", (3, 2, -1)),
    ("identity", (2,)), ("tri", (3,)), ("tri", (2, 3, 1)), ("arange", (0.0, 1.0, 0.3)), ("arange", (2.5,)),
    ("arange", (5, 0, -1.5)), ("linspace", (0, 1)), ("linspace", (0, 1, 5, False)), ("linspace", (-1, 1, 1)),
    ("linspace", (0, 1, 0)), ("logspace", (-2, 2, 5)), ("logspace", (0, 3, 4, True, 2.0)), ("geomspace", (1, 1000, 4)),
    ("geomspace", (-1, -8, 4)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "args"), CALLS, ids=lambda x: str(x))
def test_given_shapes_and_ranges_are_numpys_rounded_to_the_dtype(name, args):
    make, expected = getattr(mg, name), getattr(np, name)(*args)
    for dtype in (None, "float16", "float64"):
        made = make(*args, dtype=dtype)
        assert made.is_leaf and made.dtype == (dtype or np.float32) and made.shape == expected.shape
        np.testing.assert_array_equal(made.numpy(), expected.astype(made.dtype))
    assert make(*args, requires_grad=True).requires_grad
    assert type(make(*args, device="standin").data) is standin.StandIn


def test_integers_stay_integers():
    for made, expected in ((mg.arange(4), [0, 1, 2, 3]), (mg.arange(1, 6, 2), [1, 3, 5]), (mg.full(2, 7), [7, 7])):
        assert made.dtype == np.int64 and made.tolist() == expected
    assert mg.full(2, True).dtype == bool and mg.ones(2, int).dtype == np.int64
    assert mg.arange(3, dtype="float32").dtype == np.float32
    assert mg.linspace(0, 9, 4, dtype=int).tolist() == [0, 3, 6, 9]


@pytest.mark.parametrize("name", MAKERS)
def test_another_shape_device_or_requirement(name):
    ours, numpys, args = MAKERS[name]
    x = mg.tensor([1.0, 2.0])
    assert ours(x, *args, shape=(2, 3)).shape == numpys(x, *args, shape=(2, 3)).shape == (2, 3)
    assert ours(x, *args, requires_grad=True).requires_grad
    assert ours(x, *args, device="standin").device == ours(x.to("standin"), *args, shape=3).device == "standin"
