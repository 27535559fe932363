"""What operations take beside Tensors: lists, numbers, integers, masks. None of them may change a result silently."""

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn


def leaf(*values, dtype="float32"):
    return mg.tensor(list(values), dtype=dtype, requires_grad=True)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda: mg.add([1.0, 2], [3, 4]), [4, 6]),
        (lambda: mg.multiply([1, 2], 3), [3, 6]),
        (lambda: mg.sigmoid([0.0, 0.0]), [0.5, 0.5]),
        (lambda: mg.softmax([1.0, 1.0]), [0.5, 0.5]),
        (lambda: mg.logsumexp([0.0, 0.0]), np.log(2)),
        (lambda: mg.erf(0.0), 0),
        (lambda: mg.matmul([[1.0, 2.0]], [[3.0], [4.0]]), [[11]]),
        (lambda: mg.reshape([1, 2, 3, 4], (2, 2)), [[1, 2], [3, 4]]),
        (lambda: mg.prod([2.0, 3.0]), 6),
        (lambda: mg.dot([1.0, 2.0], [3.0, 4.0]), 11),
        (lambda: mg.outer(leaf(1, 2), [3.0, 4.0]), [[3, 4], [6, 8]]),
        (lambda: mg.dot(2.0, leaf(1, 2)), [2, 4]),
        (lambda: mg.diagonal([[1.0, 2.0], [3.0, 4.0]]), [1, 4]),
        (lambda: mg.split([1.0, 2.0], 2)[1], [2]),
        (lambda: mg.ravel([[1.0], [2.0]]), [1, 2]),
        (lambda: mg.einsum("i,i->", [1.0, 2.0], leaf(3, 4)), 11),
    ],
)
def test_lists_and_numbers_are_arrays(call, expected):
    made = call()
    np.testing.assert_allclose(made.numpy() if isinstance(made, mg.Tensor) else made, expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(
    "call",
    [
        lambda t: mg.stack([t[0], 2.0]),
        lambda t: mg.concatenate([t, [2.0, 3]]),
        lambda t: mg.where(t > 1, 1.0, 0.0),
        lambda t: mg.where(t > 1, t, 0),
        lambda t: t * [100_000, 2],
        lambda t: np.float64(2) * t,
        lambda t: nn.Linear(2, 3)(mg.tensor([1, 2])),
        lambda t: nn.Linear(2, 3)(np.array([[1, 2]], "uint8")),
    ],
)
def test_float32_stays_float32(call):
    assert call(leaf(1, 2)).dtype == np.float32


@pytest.mark.parametrize("f", [mg.sigmoid, mg.log_sigmoid, mg.softplus, mg.silu, mg.elu, mg.gelu, mg.softmax, mg.erf])
@pytest.mark.parametrize("dtype", ["uint8", "int8", "int64", "bool"])
def test_small_integers_do_not_wrap_around(f, dtype):
    values = np.array([0, 1, 100, 3]).astype(dtype)
    np.testing.assert_allclose(f(mg.tensor(values)).numpy(), f(mg.tensor(values.astype("float64"))).numpy(), rtol=1e-12)


def test_unsigned_exponents_do_not_wrap_around():
    x = leaf(2, 2, 3)
    (x ** np.array([0, 1, 2], "uint8")).sum().backward()
    assert x.grad.tolist() == [0, 1, 6]


def test_the_product_of_integers_is_numpys():
    for array in (np.full(40, 2, "int32"), np.array([3, 5], "uint8"), np.array([True, True])):
        ours = mg.tensor(array).prod()
        assert ours.item() == np.prod(array) and ours.dtype == np.prod(array).dtype


@pytest.mark.parametrize("axis", [5, -3, (0, 0)])
def test_a_product_over_an_axis_that_is_not_there_is_refused(axis):
    with pytest.raises(ValueError, match="axis"):
        mg.tensor([[2.0, 3.0]]).prod(axis=axis)


def test_masks_are_combined_and_numbers_refused():
    t = mg.tensor([1.0, 2.0, 3.0])
    assert ((t > 1) & (t < 3)).tolist() == (np.array([False, True, True]) & (t < 3)).tolist() == [False, True, False]
    assert (~(t > 1) | (t > 2)).tolist() == [True, False, True] and (True & (t > 1)).tolist() == [False, True, True]
    for call in (lambda: mg.tensor([6]) & mg.tensor([3]), lambda: ~mg.tensor([1]), lambda: t | 0):
        with pytest.raises(TypeError, match=r"only for booleans.*compare first"):
            call()


def test_layer_norm_in_float16_does_not_overflow():
    x = mg.tensor([[1000, -1000, 500, 0]], dtype="float16", requires_grad=True)
    out = nn.LayerNorm(4, dtype="float16")(x)
    wide = x.numpy().astype("float64")
    np.testing.assert_allclose(out.numpy(), (wide - wide.mean()) / wide.std(), rtol=2e-3)
    (out * [1.0, 2, 3, 4]).sum().backward()
    assert out.dtype == x.grad.dtype == np.float16 and np.isfinite(x.grad.numpy()).all() and x.grad.numpy().any()


def test_a_0d_input_of_a_layer_is_refused():
    for x in (mg.tensor(2.0), 2.0):
        with pytest.raises((ValueError, TypeError), match="linear: got x"):
            nn.Linear(1, 3)(x)


def test_a_loss_over_no_examples_is_0_and_so_is_its_gradient():
    z = mg.tensor(np.zeros((0, 3), "float32"), requires_grad=True)
    loss = nn.functional.cross_entropy(z, np.zeros(0, int))
    loss.backward()
    assert loss.item() == 0 and z.grad.shape == (0, 3)
