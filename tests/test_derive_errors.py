"""What cannot be derived is refused with its reason, and symbols leave the library as it was."""

import subprocess
import sys
import threading

import numpy as np
import pytest

import minigrad as mg
from minigrad import lab, nn
from minigrad.engine import primitives
from minigrad.errors import GraphError, MissingPackageError, ShapeError

pytest.importorskip("sympy", reason="lab.derive writes its formulas with SymPy")


def product():
    w, x = lab.symbols("w x")
    return w, x, w * x


def by_nobody():
    with mg.no_grad():
        return product()


REFUSED = {
    "numbers": (lambda: lab.derive(mg.tensor(1.0), product()[0]), TypeError, "computed from symbols, got float32"),
    "no tensor": (lambda: lab.derive(3, product()[0]), TypeError, "computed from symbols, got int 3"),
    "a vector": (
        lambda: lab.derive(lab.symbols("v:3") * 2, product()[0]),
        ShapeError,
        r"e is float64\[3\], not a scalar; reduce it \(.sum\(\), .mean\(\)\), or weigh it",
    ),
    "a matrix": (lambda: lab.derive(lab.symbols("X:N×D") * 2, product()[0]), ShapeError, r"float64\[N, D\], not a sc"),
    "a symbol": (lambda: lab.derive(product()[0], product()[0]), GraphError, "e is the symbol w itself"),
    "another of that name": (
        lambda: lab.derive(product()[2], lab.symbols("w")),
        ValueError,
        "computed from another w than this one",
    ),
    "a number of a symbol": (lambda: float(product()[0]), TypeError, "symbols do not have: it is w"),
    "one by one": (lambda: sum(row.sum() for row in lab.symbols("X:N×D")), TypeError, "the length N is a symbol"),
    "no_grad": (lambda: lab.derive(by_nobody()[2], by_nobody()[0]), GraphError, "was it made under no_grad"),
    "a name": (lambda: lab.derive(product()[2], "w"), TypeError, r"one of the symbols .* \(w, x\), got str 'w'"),
    "numbers for w": (lambda: lab.derive(product()[2], mg.tensor(2.0)), TypeError, r"\(w, x\), got float32"),
    "a stranger": (
        lambda: lab.derive(product()[2], lab.symbols("xx")),
        ValueError,
        "e was not computed from xx; it was from w, x. Did you mean 'x'",
    ),
    "no name": (
        lambda: (lambda z: lab.derive(z * z, z))(product()[2]),
        ValueError,
        r'w is a result without a name, .*; name it where it is computed: z = \(…\).named\("z"\)',
    ),
    "labels": (
        lambda: (lambda Z, y: lab.derive(nn.functional.cross_entropy(Z, y), y))(*lab.symbols("Z:N×K y:N<K")),
        ValueError,
        "not computed from y; it was from Z. Class labels have no derivative",
    ),
    "an order": (
        lambda: (lambda v: lab.derive(mg.sort(v)[0], v))(lab.symbols("v:3")),
        NotImplementedError,
        "no symbolic reading of argsort",
    ),
    "no formula": (
        lambda: (lambda A: lab.derive(mg.linalg.cholesky(A).sum(), A))(lab.symbols("A:2×2")),
        NotImplementedError,
        r"no symbolic reading of .*cholesky.*test_derive_errors.py.*say how it stands on paper",
    ),
    "letters with symbols": (lambda: lab.symbols(3), ValueError, "needs names, such as"),
    "nothing": (lambda: lab.symbols(" "), ValueError, "needs names, such as"),
    "twice": (lambda: lab.symbols("a b a"), ValueError, "a name stands twice in 'a b a'"),
    "a number": (
        lambda: lab.symbols("1x"),
        ValueError,
        "'1x' is not understood; write a name, or a name with its shape",
    ),
    "half a shape": (lambda: lab.symbols("X:N×"), ValueError, "'' in 'X:N×' is no length; give a letter"),
    "less than nothing": (lambda: lab.symbols("X:-3"), ValueError, "'-3' in 'X:-3' is no length"),
    "sizes": (lambda: nn.Linear(lab.symbols("X:N×D").shape[1], 2), TypeError, "size D is a symbol, and float"),
}


def test_what_code_asks_of_a_symbol_its_number_answers():
    w, x = lab.symbols("w x")
    e = w * x if w > 0 else w  # all numbers are positive
    assert str(lab.derive(e, w)) == "∂e/∂w = x"


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_with_the_reason(name):
    call, kind, message = REFUSED[name]
    with pytest.raises(kind, match=message):
        call()


def test_a_freed_graph_is_refused():
    w, _, e = product()
    e.backward()
    with pytest.raises(GraphError, match="the graph has been freed"):
        lab.derive(e, w)


def test_it_leaves_the_graph_and_the_gradients_alone():
    w, _, e = product()
    first = str(lab.derive(e, w))
    assert w.grad is None and str(lab.derive(e, w)) == first
    e.backward()
    assert str(w.grad).startswith("tensor(x")


def test_steps_have_the_derivative_zero():
    w, x = lab.symbols("w x")
    assert lab.derive(mg.floor(w) * x, w).result == 0


def test_shapes_can_be_given_apart():
    a, b = lab.symbols("a b", shape="N×D")
    assert str(a.shape) == str(b.shape) == "(N, D)"
    assert lab.symbols("c", shape=3).shape == (3,) and lab.symbols("c", shape=(2, 3)).shape == (2, 3)
    assert lab.symbols("d:2*3").shape == (2, 3)


def test_without_sympy_it_says_what_to_install(monkeypatch):
    w, _, e = product()
    monkeypatch.setitem(sys.modules, "sympy", None)
    with pytest.raises(MissingPackageError, match=r"lab.derive needs the package sympy.*minigrad-lab\[symbolic\]"):
        lab.derive(e, w)


def test_importing_the_laboratory_does_not_import_sympy():
    code = "import sys; from minigrad import lab; lab.derive, lab.symbols; print('sympy' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


def test_operations_that_were_given_a_formula_compute_what_they_did():
    code = """
import numpy as np, minigrad as mg
from minigrad import lab
from minigrad.engine import primitives

def run():
    x = mg.tensor(np.linspace(-2, 2, 7), requires_grad=True)
    z = mg.tensor(np.arange(6.0).reshape(2, 3), requires_grad=True)
    loss = (mg.sigmoid(x) + mg.gelu(x) + mg.erf(x) + mg.softplus(x).named("q")).sum()
    loss = loss + mg.nn.functional.cross_entropy(z, [0, 2]) + mg.softmax(z, axis=0)[0].sum() + mg.elu(x, 0.5).sum()
    loss.backward()
    plain = mg.sigmoid(np.ones(2, np.float32)), mg.ops.nn.silu(np.ones(2))
    return [loss.numpy(), x.grad.numpy(), z.grad.numpy(), *plain]

before = run()
lab.symbols("x")
for a, b in zip(before, run()):
    assert a.dtype == b.dtype and np.array_equal(a, b)
mg.tensor(1.0, requires_grad=True).sigmoid().backward()
"""
    subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)


def test_several_threads_derive_at_once():
    found = {}

    def derive(i):
        w, x = lab.symbols(f"w{i} x")
        o = mg.sigmoid(w * x).named("o")
        found[i] = str(lab.derive(nn.functional.binary_cross_entropy(o, 1.0 * x), w).steps[0].name)

    threads = [threading.Thread(target=derive, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == dict.fromkeys(range(4), "o")


def test_every_form_belongs_to_an_operation():
    from minigrad.lab.derive import forms

    assert {*forms.ELEMENTS, *forms.ARRAYS} <= set(primitives)
    for operation, argument in forms.RULES:
        assert primitives[operation].primitive.rules[argument] is not None, (operation, argument)
        asked = primitives[operation].primitive.asks[argument]
        rule = forms.RULES[operation, argument]
        assert set(rule.__code__.co_varnames[: rule.__code__.co_argcount]) <= set(asked), (operation, argument)


def test_formulas_are_never_turned_into_numbers():
    w = lab.symbols("w")
    with pytest.raises(TypeError, match="never converted to numbers silently"):
        np.asarray(w.data)
    assert str(w.numpy()) == "w"


def test_what_knows_no_symbolic_sizes_says_so_and_gives_no_numbers_instead():
    X = lab.symbols("X:N×D")
    for loss in (
        lambda: mg.concatenate([X, X]).sum(),
        lambda: X[:2].sum(),
        lambda: X.reshape(-1).sum(),
        lambda: X.max(),
    ):
        with pytest.raises(NotImplementedError, match=r"no symbolic reading of .*give the axes numbers"):
            lab.derive(loss(), X)
    assert str(lab.derive(X[0].sum(), X)) == "∂e/∂X[n, d] = [n = 0]"


def test_symbols_stay_on_their_device():
    with pytest.raises(TypeError, match="symbols have no numbers that could be moved"):
        lab.symbols("v:3").to("cpu")
    assert str(mg.tensor(2.0).to("symbols")).startswith("tensor(2")


def test_a_symbol_may_be_called_like_the_result():
    e, f = lab.symbols("e f")
    assert str(lab.derive(e * f, e)) == "∂e′/∂e = f"
    assert str(lab.derive((e * f).named("e"), f)) == "∂e′/∂f = e\nwith e′ = e·f"


def test_other_transforms_take_symbols_too():
    v = lab.symbols("v:2")
    assert str(mg.hessian(lambda a: (a**3).sum())(v)).startswith("tensor([[6*v_0, 0]")
    w = lab.symbols("w")
    assert str(lab.derive(mg.grad(lambda a: a**3)(w), w)) == "∂e/∂w = 6·w"


def test_dead_names_do_not_come_back():
    w, x = lab.symbols("w x")
    o = mg.sigmoid(w * x).named("o")
    assert str(lab.derive(mg.sigmoid(w * x) * 1, w)).startswith("∂e/∂w = x·o·(1 − o)")
    del o
    assert str(lab.derive(mg.sigmoid(w * x) * 1, w)) == "∂e/∂w = x·σ(w·x)·(1 − σ(w·x))"
