"""The Tensor as a Python object: numbers, indices, copies, dtypes."""

import copy
import pickle
import re

import numpy as np
import pytest
from helpers import leaf

import minigrad as mg
from minigrad.engine import Node
from minigrad.errors import DtypeError, GraphError, ShapeError

# The Tensor as a Python object


T = mg.tensor([4.0, 8.0])


def test_default_dtype_is_for_python_numbers_and_lists():
    assert (
        mg.tensor([1.0]).dtype == mg.tensor(1.0).dtype == np.float32
        and mg.tensor([1]).dtype == np.int64
        and mg.tensor([True]).dtype == bool
    )
    assert mg.tensor(np.ones(2)).dtype == np.float64 and mg.tensor(np.float64(1)).dtype == np.float64
    assert mg.tensor(np.ones(2), dtype="float32").dtype == np.float32
    assert (mg.tensor([1.0]) * [0.5]).dtype == np.float32
    mg.set_default_dtype("float64")
    try:
        assert mg.get_default_dtype() == mg.tensor([1.0]).dtype == np.float64
        assert (mg.tensor([1.0], dtype="float32") * [0.5]).dtype == np.float32  # a list changes no dtype
    finally:
        mg.set_default_dtype("float32")
    with pytest.raises(DtypeError, match="set_default_dtype: needs a floating dtype"):
        mg.set_default_dtype("int32")


def test_tensor_copies_and_Tensor_keeps_its_data():
    a = np.ones(2)
    assert mg.Tensor(a).data is a and mg.tensor(a).data is not a
    assert mg.Tensor(mg.Tensor(a)).data is a and mg.tensor(mg.Tensor(a)).data is not a


@pytest.mark.parametrize(
    ("data", "kind", "pattern"),
    [
        ([[1.0, 2.0], [3.0]], ShapeError, "not rectangular"),
        (["a"], TypeError, "tensor: expected a Tensor, an array or numbers, got list of 1"),
        ([1j], DtypeError, "complex128; split it into real and imaginary parts"),
        (np.array([None]), DtypeError, "object"),
    ],
)
def test_what_is_no_number_is_refused(data, kind, pattern):
    with pytest.raises(kind, match=pattern):
        mg.tensor(data)


def test_one_element_is_a_number():
    one = mg.tensor([[2.5]])
    assert float(one) == 2.5 and int(one) == 2 and one.item() == 2.5 and bool(one) and not mg.tensor(0.0)
    assert f"{one:.2f}" == "2.50" and f"{mg.tensor(3)}" == "tensor(3)"
    assert [10, 20, 30][mg.tensor(1)] == 20 and range(mg.tensor(3)) == range(3)


@pytest.mark.parametrize(
    ("call", "kind", "pattern"),
    [
        (lambda: bool(T), ShapeError, r"truth value of float32\[2\] is ambiguous; use \(t > 0\).all\(\)"),
        (lambda: float(T), ShapeError, r"float\(\) of float32\[2\] is ambiguous"),
        (lambda: int(T), ShapeError, r"int\(\)"),
        (lambda: T.item(), ShapeError, "item: only a tensor of one element"),
        (lambda: [1][mg.tensor(0.0)], TypeError, "only a 0-d integer tensor can be an index"),
        (lambda: len(mg.tensor(1.0)), TypeError, r"len\(\) of a 0-d tensor"),
        (lambda: iter(mg.tensor(1.0)), TypeError, "0-d tensor cannot be iterated over"),
    ],
)
def test_several_elements_are_none(call, kind, pattern):
    with pytest.raises(kind, match=pattern):
        call()


def test_length_iteration_and_hash():
    x = leaf([[1.0, 2.0], [3.0, 4.0]])
    assert len(x) == 2 and [row.tolist() for row in x] == [[1, 2], [3, 4]]
    a, b = x
    (a * b).sum().backward()
    assert x.grad.tolist() == [[3, 4], [1, 2]]
    assert len({x: 1, mg.tensor([[1.0, 2.0], [3.0, 4.0]]): 2}) == 2 and {x: 1}[x] == 1


def test_repr_says_what_it_is():
    x = leaf(1.0, 2.0, name="w")
    assert repr(x) == "tensor([1., 2.], name='w', requires_grad=True)"
    assert repr(x * 2) == "tensor([2., 4.], op=multiply)"
    assert repr(mg.tensor([1.0], dtype="float64")) == "tensor([1.], dtype=float64)"
    assert repr(mg.tensor(np.zeros((0, 3), np.float32))) == "tensor([], shape=(0, 3))"
    assert re.fullmatch(r"<multiply #\d+: float32\[2\]>", repr((x * 2)._node)) and isinstance((x * 2)._node, Node)


@pytest.mark.parametrize("twin", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_leaves_can_be_copied_and_pickled_and_results_not(twin):
    x = leaf(1.0, 2.0, name="w")
    y = twin(x)
    assert y is not x and y.tolist() == [1, 2] and y.requires_grad and y.name == "w" and y.dtype == x.dtype
    y.copy_([5.0, 6.0])
    assert x.tolist() == [1, 2]
    with pytest.raises(GraphError, match=r"only leaves can be copied or pickled.*t.detach()"):
        twin(x * 2)


def test_deepcopy_keeps_what_is_shared_shared():
    x = leaf(1.0)
    x.grad = mg.tensor(3.0)
    a, b = copy.deepcopy([x, x])
    assert a is b and a.grad.item() == 3 and a.grad is not x.grad


def test_astype_and_to():
    x = leaf(1.5, 2.5)
    y = x.astype("float64")
    y.sum().backward()
    assert y.dtype == np.float64 and x.grad.dtype == np.float32
    assert x.astype(int).tolist() == [1, 2] and not x.astype(int).requires_grad
    assert x.to("cpu") is x and x.to(np.float64).dtype == np.float64 and x.to(dtype=np.float16).dtype == np.float16
    with pytest.raises(RuntimeError, match=r"unknown device 'gpu'; known: .*cpu.*cuda"):
        x.to("gpu")


def test_lists_of_integers_change_no_dtype():
    t = leaf(1.0, 2.0)
    for made in ([1, 2] * t, mg.add(t, [30_000, -30_000]), mg.maximum(t, [0, 3])):
        assert made.dtype == np.float32
    assert mg.add(mg.tensor([1, 2]), [1, 2]).dtype == np.int64


def test_as_integers_it_is_a_constant():
    for made in (mg.astype(leaf(1.5, 2.5), int), leaf(1.5, 2.5).astype("int32"), np.astype(leaf(1.5), bool)):
        assert not made.requires_grad and made.is_leaf
