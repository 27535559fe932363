"""Broadcasting, over shapes that hypothesis invents: the engine sums every gradient back to its argument's shape."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import mutually_broadcastable_shapes
from samples import reals

import minigrad as mg
from minigrad.engine import primitives, sum_to

OTHERS = ("matmul", "solve", "ldexp")  # of matrices, and of whole numbers
TWO = [n for n, f in primitives.items() if f.primitive.broadcasts and len(f.primitive.arrays) == 2 and n not in OTHERS]
DIFFERENTIABLE = [n for n in TWO if any(primitives[n].primitive.rules.values())]
OPTIONS = {"bce_with_logits": {"reduction": "none"}}
quick = settings(max_examples=25, derandomize=True, deadline=None, database=None)


def pairs(**options):
    return mutually_broadcastable_shapes(max_dims=4, max_side=3, min_side=0, **options)


def operands(shapes):
    return [
        mg.tensor(reals(*s, low=0.5, high=2.0, seed=i), requires_grad=True) for i, s in enumerate(shapes.input_shapes)
    ]


def summed(g, shape):
    """Sum a gradient over the axes an argument was repeated along, in the obvious way."""
    while g.ndim > len(shape):
        g = g.sum(axis=0)
    for axis, n in enumerate(shape):
        if n == 1:
            g = g.sum(axis=axis, keepdims=True)
    return g


def compare(call, shapes, spread):
    """Compare with the same call on operands that have been repeated beforehand."""
    small = operands(shapes)
    large = [mg.tensor(spread(x.numpy(), i), requires_grad=True) for i, x in enumerate(small)]
    out, plain = call(*small), call(*large)
    assert out.shape == plain.shape == shapes.result_shape
    np.testing.assert_allclose(out.numpy(), plain.numpy(), rtol=1e-12)
    w = reals(*out.shape, seed=9)
    out.backward(w)
    plain.backward(w)
    for x, y in zip(small, large, strict=True):
        assert x.grad.shape == x.shape
        np.testing.assert_allclose(x.grad.numpy(), summed(y.grad.numpy(), x.shape), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", DIFFERENTIABLE)
@quick
@given(shapes=pairs(num_shapes=2))
def test_two_operands(name, shapes):
    def call(x, y):
        return primitives[name](x, y, **OPTIONS.get(name, {}))

    compare(call, shapes, lambda a, i: np.broadcast_to(a, shapes.result_shape))


@quick
@given(shapes=pairs(num_shapes=3))
def test_where_and_clip(shapes):
    mask = reals(*shapes.input_shapes[0]) > 0
    compare(lambda c, x, y: mg.where(mask, x, y) + 0 * c, shapes, lambda a, i: np.broadcast_to(a, shapes.result_shape))
    compare(
        lambda a, lo, hi: mg.clip(a * 3 - 2, lo - 1, hi), shapes, lambda a, i: np.broadcast_to(a, shapes.result_shape)
    )


@quick
@given(shapes=pairs(signature="(n?,k),(k,m?)->(n?,m?)"))
def test_matmul(shapes):
    lead = np.broadcast_shapes(*[s[:-2] if len(s) > 1 else () for s in shapes.input_shapes])
    compare(mg.matmul, shapes, lambda a, i: a if a.ndim == 1 else np.broadcast_to(a, lead + a.shape[-2:]))


@quick
@given(shapes=pairs(signature="(n,n),(n,k)->(n,k)"))
def test_solve(shapes):
    def call(a, b):
        return mg.linalg.solve(a + 4 * np.eye(a.shape[-1]), b)

    compare(call, shapes, lambda a, i: np.broadcast_to(a, shapes.result_shape[:-2] + a.shape[-2:]))


@pytest.mark.parametrize("name", [n for n in TWO if n not in DIFFERENTIABLE])
@quick
@given(shapes=pairs(num_shapes=2))
def test_predicates(name, shapes):
    x, y = operands(shapes)
    out = primitives[name](x, y)
    assert out.dtype == bool and not out.requires_grad
    np.testing.assert_array_equal(out.numpy(), getattr(np, name)(x.numpy(), y.numpy()))


@quick
@given(shapes=pairs(num_shapes=2), data=st.data())
def test_shapes_that_do_not_fit_are_refused(shapes, data):
    shape = data.draw(st.sampled_from(shapes.input_shapes))
    if not shape or shape[-1] < 2:
        return
    with pytest.raises(ValueError, match=r"add: got x: .*matched from the last axis"):
        mg.add(mg.Tensor(np.zeros(shape)), mg.Tensor(np.zeros((*shape[:-1], shape[-1] + 1))))


@quick
@given(shapes=pairs(num_shapes=1))
def test_broadcast_to_and_sum_to_undo_each_other(shapes):
    (shape,), big = shapes.input_shapes, shapes.result_shape
    np.testing.assert_array_equal(sum_to(np.ones(big), shape), summed(np.ones(big), shape))
