"""Transforms over containers: derivatives of dictionaries, lists and tuples, against those written by hand."""

from typing import NamedTuple

import numpy as np
import pytest

import minigrad as mg
from minigrad.errors import DtypeError, ShapeError
from minigrad.transforms.tree import flatten, map_leaves, paths, unflatten

RNG = np.random.default_rng(0)
X, W, B = RNG.normal(size=(4, 3)), RNG.normal(size=(2, 3)), RNG.normal(size=2)


class Layer(NamedTuple):
    w: object
    b: object


def model(params, x=X):
    return mg.tanh(mg.linear(x, params["w"], params["b"]))


def loss(params):
    return (model(params) ** 2).sum()


def by_hand(w, b):
    o = np.tanh(X @ w.T + b)
    dz = 2 * o * (1 - o * o)
    return dz.T @ X, dz.sum(0)


def equal(got, expected):
    np.testing.assert_allclose(got.numpy() if isinstance(got, mg.Tensor) else got, expected, rtol=1e-12, atol=1e-13)


def test_containers_are_taken_apart_and_put_together():
    value = {"a": [1.0, np.ones(2)], "b": (2.0, None, {"c": 3.0}), "d": Layer(4.0, [])}
    leaves, tree = flatten(value)
    assert [np.ndim(x) for x in leaves] == [0, 1, 0, 0, 0]
    assert paths(tree) == ["['a'][0]", "['a'][1]", "['b'][0]", "['b'][2]['c']", "['d'][0]"]
    again = unflatten(tree, leaves)
    assert list(again) == ["a", "b", "d"] and isinstance(again["d"], Layer) and again["b"][1] is None
    assert map_leaves(lambda x: x * 2, (1.0, [np.ones(1), 3.0])) == (2.0, [2.0, 6.0])


def test_a_list_of_numbers_is_an_array_and_a_tuple_is_not():
    assert flatten([1.0, 2.0])[0] == [[1.0, 2.0]]
    assert flatten([[1.0], [2.0]])[0] == [[[1.0], [2.0]]]
    assert flatten((1.0, 2.0))[0] == [1.0, 2.0]
    assert mg.grad(lambda p: p[0] * p[1])((2.0, 3.0)) == (mg.tensor(3.0), mg.tensor(2.0))


@pytest.mark.parametrize("kind", [dict, Layer, list, tuple])
def test_gradients_have_the_containers_of_the_argument(kind):
    make = {dict: lambda w, b: {"w": w, "b": b}, Layer: Layer, list: lambda w, b: [w, b], tuple: lambda w, b: (w, b)}
    read = {dict: lambda p: p, Layer: lambda p: p._asdict()}.get(kind, lambda p: {"w": p[0], "b": p[1]})
    found = mg.grad(lambda p: loss(read(p)))(make[kind](W, mg.tensor(B)))
    assert type(found) is kind
    for got, expected in zip(read(found).values(), by_hand(W, B), strict=True):
        equal(got, expected)


def test_value_and_grad_with_aux():
    def f(params, scale):
        o = model(params)
        return (o**2).sum() * scale, {"outputs": o, "name": "tanh"}

    (value, aux), (grads, by_scale) = mg.value_and_grad(f, (0, 1), has_aux=True)({"w": W, "b": B}, 2.0)
    o = np.tanh(X @ W.T + B)
    equal(value, 2 * (o**2).sum())
    equal(aux["outputs"], o)
    assert aux["name"] == "tanh" and not aux["outputs"].requires_grad
    equal(grads["b"], 2 * by_hand(W, B)[1])
    np.testing.assert_allclose(by_scale.item(), (o**2).sum(), rtol=1e-6)
    slope, aux = mg.grad(f, has_aux=True)({"w": W, "b": B}, 2.0)
    equal(slope["w"], 2 * by_hand(W, B)[0])
    with pytest.raises(TypeError, match="with has_aux the function must return a pair"):
        mg.grad(loss, has_aux=True)({"w": W, "b": B})


def test_vjp_and_jvp_over_containers():
    def f(p, s):
        return {"sum": p["w"].sum() * s, "scaled": [p["b"] * s]}

    params, v = {"w": W, "b": B}, {"b": np.array([1.0, 10]), "w": np.ones_like(W)}  # the order of keys is free
    out, pull = mg.vjp(f, params, 3.0)
    equal(out["sum"], 3 * W.sum())
    dp, ds = pull({"sum": 1.0, "scaled": [np.array([1.0, 2])]})
    equal(dp["w"], np.full_like(W, 3))
    equal(dp["b"], [3, 6])
    np.testing.assert_allclose(ds.item(), W.sum() + B @ [1, 2], rtol=1e-6)
    out, moved = mg.jvp(f, (params, 3.0), (v, 2.0))
    equal(moved["sum"], 3 * W.size + 2 * W.sum())
    equal(moved["scaled"][0], 3 * v["b"] + 2 * B)
    _, moved, aux = mg.jvp(lambda x: (x * x, "aux"), (X,), (np.ones_like(X),), has_aux=True)
    equal(moved, 2 * X)
    assert aux == "aux"
    assert mg.vjp(lambda x: (x * x, "aux"), X, has_aux=True)[2] == "aux"


@pytest.mark.parametrize("jacobian", [mg.jacrev, mg.jacfwd])
def test_jacobians_of_containers_by_containers(jacobian):
    def f(p):
        return p["a"] * p["b"].sum(), {"square": p["b"] ** 2}

    a, b = np.array([1.0, 2.0, 3.0]), np.array([4.0, 5.0])
    scaled, rest = jacobian(f)({"a": a, "b": b})
    equal(scaled["a"], np.eye(3) * 9)
    equal(scaled["b"], np.outer(a, [1, 1]))
    equal(rest["square"]["a"], np.zeros((2, 3)))
    equal(rest["square"]["b"], np.diag(2 * b))
    by_a, by_b = jacobian(lambda a, b: mg.outer(a, b), (0, 1))(a, b)
    equal(by_a, np.einsum("ik,j->ijk", np.eye(3), b))
    equal(by_b, np.einsum("i,jk->ijk", a, np.eye(2)))
    whole, aux = jacobian(lambda x: (x**2, 7), has_aux=True)(a)
    equal(whole, np.diag(2 * a))
    assert aux == 7
    assert jacobian(lambda x: x * 1)(np.zeros((0, 2))).shape == (0, 2, 0, 2)


def test_hessians_in_blocks():
    def f(x, y):
        return (x**2 * y).sum()

    x, y = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    (xx, xy), (yx, yy) = mg.hessian(f, (0, 1))(x, y)
    equal(xx, np.diag(2 * y))
    equal(xy, np.diag(2 * x))
    equal(yx, np.diag(2 * x))
    equal(yy, np.zeros((2, 2)))
    blocks = mg.hessian(lambda p: f(p["x"], p["y"]))({"x": x, "y": y})
    equal(blocks["x"]["y"], np.diag(2 * x))
    equal(mg.hessian(lambda x: ((x**3).sum(), "aux"), has_aux=True)(x)[0], np.diag(6 * x))


def test_hvp_and_ggnvp_over_containers():
    params, v = {"w": W, "b": B}, {"w": RNG.normal(size=W.shape), "b": RNG.normal(size=B.shape)}
    (product,) = mg.hvp(loss, (params,), (v,))
    blocks = mg.hessian(loss)(params)
    for name in params:
        expected = sum(np.tensordot(blocks[name][k].numpy(), v[k], axes=v[k].ndim) for k in params)
        equal(product[name], expected)

    def outer(o):
        return (o**4).sum() / 12  # H = diag(o²)

    jac = mg.jacobian(model)(params)
    o = np.tanh(X @ W.T + B)
    moved = sum(np.tensordot(jac[k].numpy(), v[k], axes=v[k].ndim) for k in params)
    (product,) = mg.ggnvp(model, outer, (params,), (v,))
    for name in params:
        equal(product[name], np.tensordot(o**2 * moved, jac[name].numpy(), axes=2))


def test_elementwise_grad():
    equal(mg.elementwise_grad(mg.tanh)(X), 1 - np.tanh(X) ** 2)
    equal(mg.elementwise_grad(mg.elementwise_grad(mg.sin))(X), -np.sin(X))
    equal(mg.elementwise_grad(lambda x, y: x * y, 1)(X, X + 1), X)


def test_vmap_is_the_loop_one_would_write():
    equal(mg.vmap(mg.dot)(X, X), (X * X).sum(1))
    equal(mg.vmap(lambda x, w: mg.matmul(w, x), in_axes=(0, None))(X, W), X @ W.T)
    equal(mg.vmap(lambda c: c.sum(), in_axes=1)(X), X.sum(0))
    equal(mg.vmap(lambda x: x * 2, out_axes=-1)(X), 2 * X.T)
    out = mg.vmap(lambda p: {"s": p["a"] + p["b"]})({"a": X, "b": X[:, 0]})
    equal(out["s"], X + X[:, :1])
    equal(mg.vmap(mg.grad(lambda x: (x**3).sum()))(X), 3 * X**2)
    equal(mg.grad(lambda x: mg.vmap(mg.sum)(x)[1])(X), np.outer([0, 1, 0, 0], [1, 1, 1]))
    with pytest.raises(ShapeError, match=r"vmap: the mapped axes must have one length, got argument 0 4, argument 1 2"):
        mg.vmap(mg.dot)(X, W)
    with pytest.raises(ShapeError, match=r"vmap: argument 0 is float64\[4, 3\], which has no axis 2"):
        mg.vmap(mg.sum, in_axes=2)(X)
    with pytest.raises(ValueError, match=r"vmap: in_axes=.0, 0. has 2 entries, the function got 1"):
        mg.vmap(mg.sum, in_axes=(0, 0))(X)


def test_a_parameter_closed_over_is_reached_through_transforms():
    w = mg.tensor(W, requires_grad=True)
    slope = mg.grad(lambda p: (mg.linear(p["x"], w) ** 2).sum())({"x": X})
    (slope["x"] ** 2).sum().backward()
    m = W.T @ W  # slope = 2X WᵀW, so the sum of squares is 4‖XM‖², and its derivative by W is 8W(MXᵀX + XᵀXM)
    equal(w.grad, 8 * W @ (m @ X.T @ X + X.T @ X @ m))


def test_mistakes_are_told_with_the_place():
    with pytest.raises(DtypeError, match=r"grad: cannot differentiate .* int64\[2\] \(the argument's \['b'\]\)"):
        mg.grad(loss)({"w": W, "b": np.arange(2)})
    with pytest.raises(TypeError, match=r"cannot differentiate with respect to str 'tanh' \(the argument's \[1\]\)"):
        mg.grad(lambda p: p[0].sum())((X, "tanh"))
    _, pull = mg.vjp(lambda p: {"o": (p["w"].sum(), p["b"])}, {"w": W, "b": B})
    with pytest.raises(ShapeError, match=r"vjp: the output has dict of 'o' at its top, its cotangent dict of 'q'"):
        pull({"q": 1.0})
    with pytest.raises(ShapeError, match=r"the output has tuple of 2 at \['o'\], its cotangent tuple of 1"):
        pull({"o": (1.0,)})
    with pytest.raises(ShapeError, match=r"vjp: the output is float64\[2\], its cotangent is float64\[3\]"):
        pull({"o": (1.0, np.ones(3))})
    with pytest.raises(ShapeError, match="grad: the function must return a scalar, got dict; reduce it"):
        mg.grad(lambda p: p)({"w": W})
