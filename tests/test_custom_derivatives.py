"""checkpoint and custom_vjp: the same derivatives, to any order, and what each of them promises beside."""

import weakref

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn
from minigrad.errors import GraphError, RuleError, ShapeError

X = np.random.default_rng(0).normal(size=(5, 4))


def equal(got, expected):
    np.testing.assert_allclose(got.numpy() if isinstance(got, mg.Tensor) else got, expected, rtol=1e-12, atol=1e-13)


def block(x, y):
    return mg.tanh(x) * y, {"more": mg.exp(y) + x.sum()}


def total(f):
    def call(x, y):
        a, b = f(x, y)
        return (a**2).sum() + b["more"].sum()

    return call


@pytest.mark.parametrize("order", [1, 2, 3])
def test_a_checkpointed_function_has_the_same_derivatives(order):
    plain, kept = total(block), total(mg.checkpoint(block))
    for _ in range(order):
        plain, kept = (lambda f: lambda x, y: (mg.grad(f)(x, y) ** 2).sum())(plain), (
            lambda f: lambda x, y: (mg.grad(f)(x, y) ** 2).sum())(kept)  # fmt: skip
    equal(kept(X, X + 1), plain(X, X + 1).numpy())


def test_parameters_it_closes_over_get_their_gradients():
    mg.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2)).to("float64")
    first = nn.Linear(4, 4, dtype="float64")
    params = [*first.parameters(), *model.parameters()]
    found = []
    for run in (model, mg.checkpoint(model)):
        h = first(mg.tensor(X))
        loss = (run(h) ** 2).sum() + h.sum()
        model.zero_grad()
        first.zero_grad()
        loss.backward()
        found.append([p.grad.numpy() for p in params])
    for a, b in zip(*found, strict=True):
        equal(a, b)


def test_checkpointed_blocks_may_nest():
    def inner(x):
        return mg.exp(x) * x

    def outer(x):
        return mg.checkpoint(inner)(mg.sin(x)) + x

    equal(mg.elementwise_grad(mg.checkpoint(outer))(X), mg.elementwise_grad(outer)(X).numpy())


def test_dropout_inside_drops_the_same():
    layer = nn.Dropout(0.5)
    mg.manual_seed(3)
    x = mg.tensor(np.ones((50, 4)), requires_grad=True)
    out = mg.checkpoint(layer)(x)
    after = mg.get_rng_state()
    out.sum().backward()
    equal(x.grad, out.numpy())  # 0 where dropped, 2 where kept
    again = layer(mg.tensor(np.ones((50, 4))))
    mg.set_rng_state(after)  # backward has left the generator where it was
    equal(layer(mg.tensor(np.ones((50, 4)))), again.numpy())


def test_draws_that_cannot_be_repeated_are_noticed():
    out = mg.checkpoint(nn.Dropout(0.5, generator=np.random.default_rng(0)))(mg.tensor(X + 3, requires_grad=True))
    with pytest.raises(GraphError, match=r"checkpoint: Dropout gave other results .* only those of the library's own"):
        out.sum().backward()


def test_it_keeps_nothing_but_the_arguments():
    made = []

    def f(x):
        h = x
        for _ in range(10):
            h = mg.sin(h)
            made.append(weakref.ref(h))
        return h

    x = mg.tensor(X, requires_grad=True)
    out = mg.checkpoint(f)(x).sum()
    assert len(made) == 10 and all(ref() is None for ref in made)
    assert out._node.parents[0].parents == (x,)
    out.backward()
    assert len(made) == 20  # it ran again
    assert x.grad is not None


def test_it_is_freed_and_checked_as_other_nodes_are():
    x = mg.tensor(X, requires_grad=True)
    out = mg.checkpoint(mg.exp)(x).sum()
    out.backward()
    with pytest.raises(GraphError, match="freed by an earlier backward"):
        out.backward()
    out = mg.checkpoint(mg.exp)(x).sum()
    x.copy_(X + 1)
    with pytest.raises(GraphError, match="checkpoint of exp saved a value"):
        out.backward()


def test_what_needs_no_gradient_is_passed_through():
    assert not mg.checkpoint(mg.exp)(mg.tensor(X)).requires_grad
    with mg.no_grad():
        assert not mg.checkpoint(mg.exp)(mg.tensor(X, requires_grad=True)).requires_grad
    x = mg.tensor(X, requires_grad=True)
    a, b, c = mg.checkpoint(lambda x: (x, x.detach() * 2, x * 3))(x)
    assert a is x and not b.requires_grad and c.requires_grad


# custom_vjp


def swish(beta=1.0):
    """x σ(βx), with its derivative stated by hand."""

    @mg.custom_vjp
    def f(x):
        return x * mg.sigmoid(beta * x)

    def fwd(x):
        s = mg.sigmoid(beta * x)
        return x * s, (x, s)

    f.defvjp(fwd, lambda kept, g: (g * (kept[1] + beta * kept[0] * kept[1] * (1 - kept[1])),))
    return f


@pytest.mark.parametrize("order", [1, 2, 3])
def test_a_stated_derivative_is_differentiated_again(order):
    stated, plain = swish(1.5), lambda x: x * mg.sigmoid(1.5 * x)
    for _ in range(order):
        stated, plain = mg.elementwise_grad(stated), mg.elementwise_grad(plain)
    equal(stated(X), plain(X).numpy())


def test_what_is_stated_is_what_counts():
    f = mg.custom_vjp(lambda x: x * 1)
    f.defvjp(lambda x: (x * 1, None), lambda _, g: (7 * g,))
    equal(mg.elementwise_grad(f)(X), np.full_like(X, 7))
    x = mg.tensor(X, requires_grad=True)
    f(x).sum().backward()
    equal(x.grad, np.full_like(X, 7))


def test_containers_constants_and_zeros():
    @mg.custom_vjp
    def f(p, x):
        return {"o": p["w"] * x, "n": p["b"] + 0.0}

    f.defvjp(
        lambda p, x: (f.f(p, x), (p["w"], x)),
        lambda kept, g: ({"b": g["n"], "w": g["o"] * kept[1]}, None),  # the gradient by x is declared zero
    )
    _, pull = mg.vjp(f, {"w": X, "b": X[0]}, X + 1)
    dp, dx = pull({"o": np.ones_like(X), "n": X[1]})
    equal(dp["w"], X + 1)
    equal(dp["b"], X[1])
    equal(dx, np.zeros_like(X))
    equal(f({"w": mg.tensor(X), "b": mg.tensor(X[0])}, X)["o"], X * X)


def test_arguments_that_are_not_differentiated():
    f = mg.custom_vjp(lambda n, x: x**n, nondiff_argnums=(0,))
    f.defvjp(lambda n, x: (x**n, x), lambda n, x, g: (g * n * x ** (n - 1),))
    equal(mg.grad(lambda x: f(3, x).sum())(X), 3 * X**2)


def test_what_is_stated_wrongly_is_told():
    f = mg.custom_vjp(lambda x: x * 1)
    with pytest.raises(RuleError, match=r"has no derivative yet; call .*defvjp\(fwd, bwd\)"):
        f(mg.tensor(X, requires_grad=True))
    f.defvjp(lambda x: x * 1, lambda _, g: (g,))
    with pytest.raises(TypeError, match=r"fwd of .* must return a pair"):
        mg.elementwise_grad(f)(X)
    f.defvjp(lambda x: (x * 1, None), lambda _, g: g)
    with pytest.raises(RuleError, match="bwd must return a tuple of 1 cotangents, got float64"):
        mg.elementwise_grad(f)(X)
    f.defvjp(lambda x: (x * 1, None), lambda _, g: (g.sum(),))
    with pytest.raises(ShapeError, match=r"bwd returned float64\[\] for an argument that is float64\[5, 4\]"):
        mg.elementwise_grad(f)(X)
    with pytest.raises(TypeError, match="custom_vjp: needs a function, got int 3"):
        mg.custom_vjp(3)
