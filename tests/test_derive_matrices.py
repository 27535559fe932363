"""Symbols of symbolic size: derivatives come out as expressions in matrices, with the shapes that belong to them."""

import numpy as np
import pytest
from helpers import some

import minigrad as mg
from minigrad import lab, nn

sympy = pytest.importorskip("sympy", reason="lab.derive writes its formulas with SymPy")
F = nn.functional

SIZES = {"N": 4, "D": 3, "K": 2, "H": 5}


# What an expression in matrices comes to


def value(expr, arrays):
    """Return what a formula comes to where its letters are these arrays: a reading of its own, for real sizes."""
    kind = type(expr).__name__
    sizes = {sympy.Symbol(name, integer=True, positive=True): n for name, n in SIZES.items()}
    if kind == "MatrixSymbol":
        found = letter(expr.name, arrays)
        return found.reshape(-1, 1) if found.ndim == 1 else found
    if kind in ("OneMatrix", "Identity"):
        lengths = [int(n.subs(sizes)) for n in expr.shape]
        return np.ones(lengths) if kind == "OneMatrix" else np.eye(lengths[0])
    if kind == "ElementwiseApplyFunction":
        (x,) = expr.function.variables
        f = sympy.lambdify(x, expr.function.expr.rewrite(sympy.exp), ["numpy"])
        return f(value(expr.expr, arrays))
    if kind == "HadamardPower":
        return value(expr.base, arrays) ** float(expr.exp)
    if kind in ("MatMul", "MatAdd", "HadamardProduct", "Transpose", "DiagMatrix"):
        parts = [value(a, arrays) for a in expr.args]
        if kind == "Transpose":
            return parts[0].T
        if kind == "DiagMatrix":
            return np.diag(parts[0].ravel())
        joined = parts[0]
        for part in parts[1:]:
            joined = (
                joined + part
                if kind == "MatAdd"
                else joined @ part
                if kind == "MatMul" and np.ndim(joined)
                else (joined * part)
            )
        return joined
    place = sizes | {s: letter(s.name, arrays).item() for s in expr.free_symbols if s not in sizes}
    return float(expr.subs(place))


def letter(name, arrays):
    """Return the array of a letter; softmax(Z), onehot(y) and var(z) are made of their argument."""
    function, bracket, argument = name.partition("(")
    if not bracket:
        return np.asarray(arrays[name])
    x = np.asarray(arrays[argument.rstrip(")")])
    if function == "onehot":
        return np.eye(SIZES["K"])[x]
    return {"softmax": lambda: mg.softmax(mg.Tensor(x)).numpy(), "var": lambda: np.asarray(x.var(axis=0))}[function]()


def run(loss, spec, **more):
    """Return the symbols of a spec, numbers for them, and what a loss is of both."""
    symbols = lab.symbols(spec, **more)
    draw = np.random.default_rng(0)
    arrays = {}
    for part in spec.split():
        name, _, shape = part.partition(":")
        shape, _, below = shape.partition("<")
        lengths = [SIZES[n] for n in shape.split("×") if n]
        arrays[name] = draw.integers(0, SIZES[below], lengths) if below else draw.uniform(0.1, 0.9, lengths)
        if more.get("distribution") or name == "P":
            arrays[name] = arrays[name] / arrays[name].sum(axis=-1, keepdims=True)
    return symbols, arrays, loss(*symbols)


def named(function, name):
    """Return a function whose result is named when it is made of symbols."""
    return lambda *args: function(*args).named(name)


LAYER = "X:N×D W:K×D b:K Y:N×K"
LOSSES = {
    "linear regression": ("X:N×D w:D y:N", lambda X, w, y: ((X @ w - y) ** 2).mean()),
    "half the sum of squares": ("X:N×D w:D y:N", lambda X, w, y: 0.5 * ((X @ w - y) ** 2).sum()),
    "a layer, squared error": (LAYER, lambda X, W, b, Y: F.mse_loss(F.linear(X, W, b), Y)),
    "a sigmoid layer": (LAYER, lambda X, W, b, Y: F.binary_cross_entropy(mg.sigmoid(F.linear(X, W, b)), Y)),
    "fused": (LAYER, lambda X, W, b, Y: F.binary_cross_entropy_with_logits(F.linear(X, W, b), Y)),
    "a tanh layer": (LAYER, lambda X, W, b, Y: F.mse_loss(mg.tanh(X @ W.T + b), Y, reduction="sum")),
    "softmax, labels": ("Z:N×K y:N<K", lambda Z, y: F.cross_entropy(Z, y)),
    "ridge": ("X:N×D w:D y:N l", lambda X, w, y, l: ((X @ w - y) ** 2).sum() + l * (w * w).sum()),  # noqa: E741
    "a bilinear form": ("x:N A:N×D y:D", lambda x, A, y: x @ A @ y),
    "two layers": (
        "X:N×D U:H×D V:K×H Y:N×K",
        lambda X, U, V, Y: F.mse_loss(mg.sigmoid(mg.tanh(X @ U.T) @ V.T), Y),
    ),
    "one vector through two layers": (
        "x:D U:H×D V:K×H y:K",
        lambda x, U, V, y: 0.5 * ((mg.sigmoid(V @ mg.tanh(U @ x)) - y) ** 2).sum(),
    ),
    "weighted rows": ("X:N×D r:N W:K×D", lambda X, r, W: (mg.expand_dims(r, 1) * (X @ W.T)).sum()),
    "a column of sums": ("X:N×D v:D", lambda X, v: ((X * v).sum(axis=0) ** 2).sum()),
    "an einsum": ("X:N×D W:K×D Y:N×K", lambda X, W, Y: mg.einsum("nd,kd,nk->", X, W, Y)),
    "exponentials": ("X:N×D Y:N×D", lambda X, Y: (mg.exp(-X) * Y / X).sum()),
}


@pytest.mark.parametrize("name", some(LOSSES, 2))
def test_formulas_hold_at_any_size(name):
    spec, loss = LOSSES[name]
    symbols, arrays, e = run(loss, spec)
    for i, w in enumerate(symbols):
        if not w.requires_grad or ("layers" in name and i != 1):  # of long formulas one will do
            continue
        found = lab.derive(e, w)
        wanted = mg.grad(loss, i)(*arrays.values()).numpy()
        if isinstance(found.result, sympy.MatrixExpr):
            ours = value(found.result, arrays)
            assert found.result.shape == tuple(
                sympy.Symbol(n, integer=True, positive=True) for n in spec.split()[i].partition(":")[2].split("×")
            ) + (1,) * (2 - w.ndim)
            np.testing.assert_allclose(np.reshape(ours, wanted.shape), wanted, rtol=1e-10, err_msg=str(found))


def layer(activation):
    """Return symbols of a layer, its logits and its output, both named."""
    X, W, b, Y = lab.symbols(LAYER)
    Z = F.linear(X, W, b).named("Z")
    return X, W, b, Y, Z, activation(Z).named("O")


def test_the_notes_in_matrices():
    _, W, b, Y, _, O = layer(mg.sigmoid)  # noqa: E741
    e = F.binary_cross_entropy(O, Y)
    assert str(lab.derive(e, W)).splitlines() == [
        "∂e/∂O = −(Y ⊘ O − (1 − Y) ⊘ (1 − O))/(K·N)",
        "      = (O − Y) ⊘ O ⊘ (1 − O)/(K·N)",
        "∂e/∂Z = ∂e/∂O ⊙ O ⊙ (1 − O)",
        "      = (O − Y)/(K·N)",
        "∂e/∂W = (∂e/∂Z)ᵀ·X",
        "      = (O − Y)ᵀ·X/(K·N)",
        "      K×D = (K×N)·(N×D)",
        "with Z = X·Wᵀ + 𝟏·bᵀ, O = σ(Z)",
    ]
    assert str(lab.derive(e, b)).splitlines()[5] == "      = (O − Y)ᵀ·𝟏/(K·N)"


def test_cross_entropy_of_softmax():
    _, W, _, _, Z, O = layer(mg.softmax)  # noqa: E741
    y = lab.symbols("y:N<K")
    found = lab.derive(F.cross_entropy(Z, y), W)
    assert "∂e/∂Z = (O − onehot(y))/N" in str(found) and "= (O − onehot(y))ᵀ·X/N" in str(found)
    chain = lab.derive(F.log_likelihood(O, y), W)  # softmax and likelihood apart come to the same
    assert str(chain.result) == str(found.result)
    P = lab.symbols("P:N×K", distribution=True)
    assert "= (O − P)ᵀ·X/N" in str(lab.derive(F.cross_entropy(Z, P), W))
    assert "= −(O − P)ᵀ".replace("−(", "(") in str(lab.derive(-(P * mg.log(O)).sum() / 1, W))


def test_targets_that_may_not_add_up_to_one_weigh_the_outputs():
    *_, Y, Z, _ = layer(mg.softmax)
    assert "diag(Y·𝟏)" in str(lab.derive(F.cross_entropy(Z, Y), Z)) or "Σ" in str(lab.derive(F.cross_entropy(Z, Y), Z))


def test_n7_the_jacobian_of_softmax():
    z, p = lab.symbols("z:K"), lab.symbols("p:K", distribution=True)
    o = mg.softmax(z).named("o")
    assert str(lab.derive(-(p * mg.log(o)).sum(), z)).splitlines() == [
        "∂e/∂o = −p ⊘ o",
        "∂e/∂z = (diag(o) − o·oᵀ)·∂e/∂o",
        "      = o − p",
        "with o = softmax(z)",
    ]
    label = lab.symbols("y<K")
    assert str(lab.derive(-mg.log(o)[label], z).result) == "o - onehot(y)"


def test_n22_the_way_back_through_batch_normalisation():
    z, g = lab.symbols("z:N g:N")
    found = lab.derive((g * mg.ops.nn.standardize(z, axis=0).named("ẑ")).sum(), z)
    assert str(found).splitlines() == [
        "∂e/∂ẑ = g",
        "∂e/∂z = (I − ẑ·ẑᵀ/N − 𝟏·𝟏ᵀ/N)·∂e/∂ẑ/√(var(z) + 10⁻⁵)",
        "      = (N·g − 𝟏·𝟏ᵀ·g − ẑ·ẑᵀ·g)/(N·√(var(z) + 10⁻⁵))",
        "with ẑ = (z − 𝟏·𝟏ᵀ·z/N)/√(var(z) + 10⁻⁵)",
    ]


def test_n22_composed_of_mean_and_variance_comes_to_the_same():
    z, g, eps = lab.symbols("z:N g:N epsilon")
    mu = z.mean().named("mu")
    s = ((z - mu) ** 2).mean().named("s")
    normal = ((z - mu) / mg.sqrt(s + eps)).named("ẑ")
    found = lab.derive((g * normal).sum(), z)
    assert [step.name for step in found.steps] == ["ẑ", "s", "mu", "z"]
    draw = np.random.default_rng(0)
    z0, g0 = draw.normal(size=6), draw.normal(size=6)
    n = (z0 - z0.mean()) / np.sqrt(z0.var() + 1e-5)
    by_hand = (g0 - g0.mean() - n * (g0 * n).mean()) / np.sqrt(z0.var() + 1e-5)

    def loss(z):
        mu = z.mean()
        return (g0 * ((z - mu) / mg.sqrt(((z - mu) ** 2).mean() + 1e-5))).sum()

    np.testing.assert_allclose(mg.grad(loss)(z0).numpy(), by_hand, rtol=1e-9)


def test_n22_the_module():
    z, g = lab.symbols("z:N×D g:N×D")
    norm = nn.BatchNorm1d(z.shape[1], dtype="float64")
    norm.weight, norm.bias = lab.symbols("gamma:D beta:D")
    norm.running_mean, norm.running_var = lab.symbols("m:D v:D")
    e = (g * norm(z)).sum()
    assert str(lab.derive(e, norm.bias)).startswith("∂e/∂β = gᵀ·𝟏")
    assert "⊘ √(var(z)ᵀ + 10⁻⁵)" in str(lab.derive(e, norm.weight))
    assert str(lab.derive(e, z)).startswith("∂e/∂z[n, d] = γ[d]·(g[n, d] − ")


def test_an_entry_is_the_derivative_by_an_entry():
    v, u = lab.symbols("v:N u:N")
    found = lab.derive((v * u).sum() / mg.sqrt((v**2).sum()), v)
    assert str(found).startswith("∂e/∂v[n] = ") and r"\frac{\partial e}{\partial v_{n}} &= " in found.latex()
    assert str(lab.derive((v * u).sum(), v)) == "∂e/∂v = u"  # a vector is not


def test_no_number_that_stands_for_a_size_gets_into_a_formula():
    X, w, y = lab.symbols("X:N×D w:D y:N")
    loss = lambda n: lab.derive(((X @ w - y) ** 2).sum() / n, w)
    for n in (X.shape[0], y.size, np.size(y), abs(y.shape[0]), 0 - (-y.shape[0])):
        assert str(loss(n)).startswith("∂e/∂w = 2·Xᵀ·(X·w − y)/N\n")
    assert str(loss(np.sqrt(X.shape[0]))).startswith("∂e/∂w = 2·Xᵀ·(X·w − y)/√N\n")
    assert str(lab.derive(y[-1] ** 2, y)) == str(lab.derive(y[y.shape[0] - 1] ** 2, y))
    assert str(lab.derive(y[-1] ** 2, y)) == "∂e/∂y[n] = 2·[n = N − 1]·y[N − 1]"
    numbers = {
        "len": lambda: len(X),
        "int": lambda: int(X.shape[0]),
        "float": lambda: float(X.shape[0]),
        "//": lambda: X.shape[0] // 2,
        "%": lambda: 10 % X.shape[0],
        "product": lambda: np.prod(X.shape),
        "zip": lambda: list(zip(X, y, strict=True)),
    }
    for number in numbers.values():
        with pytest.raises(TypeError, match=r"is a symbol, and .* would make a number of it"):
            number()
    with pytest.raises(NotImplementedError, match="give the axes numbers for lengths"):
        lab.derive(sum((X[i] @ w - y[i]) ** 2 for i in range(X.shape[0])), w)


def test_the_trace_of_a_product():
    P, Q = lab.symbols("P:N×N Q:N×N")
    assert str(lab.derive(mg.trace(Q @ P), Q)) == "∂e/∂Q = Pᵀ"
    assert str(lab.derive(mg.trace(Q @ Q), Q)) == "∂e/∂Q = 2·Qᵀ"


def test_n23_the_recursion_of_two_layers():
    x, U, V, y = lab.symbols("x:D U:H×D V:K×H y:K")
    s = (U @ x).named("s")
    h = mg.tanh(s).named("h")
    t = (V @ h).named("t")
    o = mg.sigmoid(t).named("o")
    found = lab.derive(F.mse_loss(o, y, half=True, reduction="sum"), U)
    assert str(found).splitlines() == [
        "∂e/∂o = o − y",
        "∂e/∂t = ∂e/∂o ⊙ o ⊙ (1 − o)",
        "∂e/∂h = Vᵀ·∂e/∂t",
        "∂e/∂s = ∂e/∂h ⊙ (1 − h ⊙ h)",
        "∂e/∂U = ∂e/∂s·xᵀ",
        "      = ((Vᵀ·(o ⊙ (1 − o) ⊙ (o − y))) ⊙ (1 − h ⊙ h))·xᵀ",
        "      H×D = (H×1)·(1×D)",
        "with s = U·x, h = tanh(s), t = V·h, o = σ(t)",
    ]


def test_relu_lets_through_where_its_input_is_positive():
    X, W, T = lab.symbols("X:N×D W:K×D T:N×K")
    A = (X @ W.T).named("A")
    found = str(lab.derive(F.mse_loss(mg.relu(A).named("H"), T), W))
    assert "∂e/∂A = ∂e/∂H ⊙ [A > 0]" in found and "with A = X·Wᵀ, H = max(0, A)" in found


def test_attention():
    Q, K, V, G = lab.symbols("Q:N×D K:N×D V:N×D G:N×D")
    A = mg.softmax(Q @ K.T).named("A")
    e = (G * (A @ V)).sum()
    assert str(lab.derive(e, V)).splitlines()[0] == "∂e/∂V = Aᵀ·G"
    assert str(lab.derive(e, Q)).splitlines()[-1] == "with A = softmax(Q·Kᵀ)"


def test_a_layer_of_the_library_takes_symbols_for_its_weights():
    X, W, b = lab.symbols("X:N×D W:K×D b:K")
    model = nn.Sequential(nn.Linear(1, 1), nn.Sigmoid())
    model[0].weight, model[0].bias = W, b
    assert str(lab.derive(model(X).sum(), b)).splitlines()[0].startswith("∂e/∂b = ")
    numbers = nn.Linear(2, 1, dtype="float64")
    x = lab.symbols("x:2")
    found = lab.derive(numbers(x).sum(), x).result
    np.testing.assert_allclose(np.asarray(found.tolist(), float).ravel(), numbers.weight.numpy().ravel(), rtol=1e-12)


def test_what_has_no_matrix_form_stays_as_entries():
    T, v = lab.symbols("T:N×D×K v:K")
    found = lab.derive((T * v).sum(), v)
    assert str(found) == "∂e/∂v = Σ_d Σₙ T[n, d, k]" or "T[" in str(found)


def test_sizes_stay_symbols_in_arithmetic():
    X = lab.symbols("X:N×D")
    N, D = X.shape
    e = X.sum() / (N * D - 1) * N**0.5 + X.sum() * (2 / D)
    n, d = sympy.symbols("N D", integer=True, positive=True)
    found = lab.derive(e, X).result
    assert sympy.simplify(found.as_coeff_matrices()[0] - (sympy.sqrt(n) / (n * d - 1) + 2 / d)) == 0


def test_sizes_that_differ_are_refused_with_their_names():
    X, Y = lab.symbols("X:N×D Y:M×D")
    with pytest.raises(mg.errors.ShapeError, match=r"add: got x: float64\[N, D\], y: float64\[M, D\]"):
        X + Y
