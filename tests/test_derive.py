"""`lab.derive` writes what one derives on paper: the notes' lines, the chain rule, names, LaTeX."""

import math

import numpy as np
import pytest
from example_runs import run

import minigrad as mg
from minigrad import lab, nn

sympy = pytest.importorskip("sympy", reason="lab.derive writes its formulas with SymPy")
F = nn.functional


def unit():
    """Return the symbols and results of a logistic unit."""
    w, x, b, y = lab.symbols("w x b y")
    z = (w * x + b).named("z")
    return w, x, b, y, z, mg.sigmoid(z).named("o")


def same(ours, text):
    """Tell whether an expression is what a text says."""
    return sympy.cancel(ours - sympy.sympify(text)) == 0


# The notes, line by line


def test_n1_squared_error_keeps_the_slope_of_the_sigmoid():
    w, _, b, y, _, o = unit()
    e = F.mse_loss(o, y, half=True)
    assert same(lab.derive(e, w).result, "-(y - o)*x*o*(1 - o)")
    assert same(lab.derive(e, b).result, "-(y - o)*o*(1 - o)")
    assert str(lab.derive(e, w)).splitlines() == [
        "∂e/∂w = ∂e/∂o · ∂o/∂z · ∂z/∂w",
        "      = (o − y) · o·(1 − o) · x",
        "      = x·o·(1 − o)·(o − y)",
        "with z = w·x + b, o = σ(z)",
    ]


def test_n4_the_chain_of_cross_entropy():
    w, _, b, y, _, o = unit()
    e = -(y * mg.log(o) + (1 - y) * mg.log(1 - o))
    assert str(lab.derive(e, w)).splitlines() == [
        "∂e/∂w = ∂e/∂o · ∂o/∂z · ∂z/∂w",
        "      = −(y/o − (1 − y)/(1 − o)) · o·(1 − o) · x",
        "      = x·(o − y)",
        "with z = w·x + b, o = σ(z)",
    ]
    assert same(lab.derive(e, w).result, "x*(o - y)") and same(lab.derive(e, b).result, "o - y")


def test_n4_in_bits_every_line_carries_one_over_ln_2():
    w, _, b, y, _, o = unit()
    e = F.binary_cross_entropy(o, y, base=2)
    assert same(lab.derive(e, w).result, "x*(o - y)/log(2)") and same(lab.derive(e, b).result, "(o - y)/log(2)")
    assert str(lab.derive(e, w)).splitlines()[1:3] == [
        "      = −(y/o − (1 − y)/(1 − o))/ln 2 · o·(1 − o) · x",
        "      = x·(o − y)/ln 2",
    ]
    by_logarithms = -(y * mg.log2(o) + (1 - y) * mg.log2(1 - o))
    assert same(lab.derive(by_logarithms, w).result, "x*(o - y)/log(2)")


@pytest.mark.parametrize("base", [3, 10])
def test_other_bases_are_exact_too(base):
    w, _, _, y, _, o = unit()
    assert same(lab.derive(F.binary_cross_entropy(o, y, base=base), w).result, f"x*(o - y)/log({base})")


def test_a_fused_loss_ends_where_the_chain_does():
    w, _, _, y, z, o = unit()
    assert o is not None  # the name stands for σ(z) as long as somebody holds it
    found = lab.derive(F.binary_cross_entropy_with_logits(z, y), w)
    assert same(found.result, "x*(o - y)")


def test_without_a_name_the_sigmoid_stands_as_itself():
    w, x, y = lab.symbols("w x y")
    found = lab.derive(F.binary_cross_entropy(mg.sigmoid(w * x), y), w)
    assert str(found).endswith("= x·(σ(w·x) − y)")


@pytest.mark.parametrize("sigmoid", [lambda z: 1 / (1 + mg.exp(-z)), lambda z: 1 / (mg.exp(-z) + 1), mg.sigmoid])
def test_a_sigmoid_written_out_is_recognised(sigmoid):
    w, x = lab.symbols("w x")
    o = sigmoid(w * x).named("o")
    assert same(lab.derive(o * 1, w).result, "x*o*(1 - o)")


def test_n7_softmax_of_numbers_for_lengths():
    z = lab.symbols("z:3")
    o = mg.softmax(z).named("o")
    assert lab.derive(-mg.log(o)[1], z).result == sympy.Matrix(sympy.sympify("[o_0, o_1 - 1, o_2]"))
    assert lab.derive(F.log_likelihood(o.reshape(1, 3), [1]), z).result == sympy.Matrix(
        sympy.sympify("[o_0, o_1 - 1, o_2]")
    )
    p = lab.symbols("p:3", distribution=True)
    assert lab.derive(-(p * mg.log(o)).sum(), z).result == sympy.Matrix(
        sympy.sympify("[o_0 - p_0, o_1 - p_1, o_2 - p_2]")
    )
    jacobian = sympy.Matrix([list(lab.derive(o[i] * 1, z).result) for i in range(3)])
    letters = sympy.Matrix(sympy.symbols("o_0 o_1 o_2"))
    assert (jacobian - (sympy.diag(*letters) - letters * letters.T)).applyfunc(sympy.expand) == sympy.zeros(3)


# Names


def test_a_name_stops_the_formula_and_is_a_step():
    w, x = lab.symbols("w x")
    h = mg.tanh(w * x).named("h")
    found = lab.derive(h * h, w)
    assert same(found.result, "2*h*x*(1 - h**2)")
    assert [step.name for step in found.steps] == ["h", "w"]
    assert same(found.steps[0].result, "2*h") and same(found.steps[1].factors["h"], "x*(1 - h**2)")
    assert same(found.means["h"], "tanh(w*x)")


def test_several_paths_are_a_sum_of_chains():
    w, v, x, y = lab.symbols("w v x y")
    h = mg.tanh(w * x).named("h")
    o = (v * h + w * h).named("o")
    assert str(lab.derive(0.5 * (o - y) ** 2, w)).splitlines() == [
        "∂e/∂w = ∂e/∂o · ∂o/∂w + ∂e/∂o · ∂o/∂h · ∂h/∂w",
        "      = (o − y) · h + (o − y) · (w + v) · x·(1 − h²)",
        "      = (o − y)·(x·(1 − h²)·(w + v) + h)",
        "with h = tanh(w·x), o = w·h + v·h",
    ]


def test_many_paths_are_shown_step_by_step():
    w, x = lab.symbols("w x")
    a = (w * x).named("a")
    for name in "bcd":
        a = (mg.sin(a) + mg.cos(a) * w).named(name)
    text = str(lab.derive(a * 1, w))
    assert [line.partition(" =")[0] for line in text.splitlines() if line.startswith("∂")] == [
        f"∂e/∂{name}" for name in "dcbaw"
    ]


def test_a_named_result_can_be_what_is_differentiated_by():
    *_, y, z, o = unit()
    e = F.binary_cross_entropy(o, y)
    assert same(lab.derive(e, z).result, "o - y")
    assert str(lab.derive(e.named("J"), o)).startswith("∂J/∂o = ")


def test_two_letters_of_one_name_stay_two():
    first, second = lab.symbols("x"), lab.symbols("x")
    assert str(lab.derive(first * second**2, second)) == "∂e/∂x′ = 2·x·x′"
    h = mg.tanh(first).named("h")
    again = mg.tanh(h).named("h")
    assert str(lab.derive(again * 1, first)).splitlines()[1] == "      = (1 − h′²) · (1 − h²)"


def test_symbols_are_plain_outside():
    w, x = lab.symbols("w x")
    assert lab.derive(w * x**2, x).result == 2 * sympy.Symbol("w") * sympy.Symbol("x")


# Numbers


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.5, "1/2"),
        (0.1, "1/10"),
        (1 / 3, "1/3"),
        (math.pi, "pi"),
        (math.log(2), "log(2)"),
        (1 / math.log(10), "1/log(10)"),
        (math.sqrt(2 / math.pi), "sqrt(2/pi)"),
        (0.044715, "0.044715"),
        (1e-5, "10**-5"),
        (0.0, "0"),
        (-2.5, "-5/2"),
    ],
)
def test_floats_are_what_they_stand_for(number, text):
    w = lab.symbols("w")
    found = lab.derive(w * number + w, w).result
    assert found - 1 == sympy.nsimplify(text)


def test_float32_numbers_are_short_decimals():
    x = lab.symbols("x:2")
    weights = np.array([0.1, 0.25], np.float32)
    assert lab.derive((x * weights).sum(), x).result == sympy.Matrix([sympy.Rational(1, 10), sympy.Rational(1, 4)])


# Showing


def test_latex():
    w, *_, y, _, o = unit()
    latex = lab.derive(-(y * mg.log(o) + (1 - y) * mg.log(1 - o)), w)
    assert latex.latex().splitlines() == [
        r"\begin{aligned}",
        r"\frac{\partial e}{\partial w} &= \frac{\partial e}{\partial o} \cdot \frac{\partial o}{\partial z} "
        r"\cdot \frac{\partial z}{\partial w} \\",
        r" &= -\left(\frac{y}{o} - \frac{1 - y}{1 - o}\right) \cdot o \, \left(1 - o\right) \cdot x \\",
        r" &= x \, \left(o - y\right) \\",
        r"z &= w \, x + b \\",
        r"o &= \sigma\left(z\right)",
        r"\end{aligned}",
    ]
    assert latex._repr_latex_() == f"$$\n{latex.latex()}\n$$"


@pytest.mark.parametrize(
    ("loss", "text"),
    [
        (lambda w, x: mg.exp(-w * x), "∂e/∂w = −x·exp(−w·x)"),
        (lambda w, x: mg.sqrt(w), "∂e/∂w = 1/(2·√w)"),
        (lambda w, x: mg.log(w) / x, "∂e/∂w = 1/(w·x)"),
        (lambda w, x: w**3 - 2 * w, "∂e/∂w = 3·w² − 2"),
        (lambda w, x: mg.maximum(w, x), "∂e/∂w = [w > x]"),
        (lambda w, x: mg.where(w > x, w, 3 * w), "∂e/∂w = [w > x] + 3·[x > w]"),
        (lambda w, x: abs(w - x), "∂e/∂w = sign(w − x)"),
        (lambda w, x: mg.relu(w), "∂e/∂w = [w > 0]"),
        (lambda w, x: w * abs(x), "∂e/∂w = |x|"),
        (lambda w, x: mg.logaddexp(w, x), "∂e/∂w = σ(w − x)"),
        (lambda w, x: mg.gammaln(w), "∂e/∂w = ψ(0, w)"),
    ],
)
def test_it_prints_as_on_paper(loss, text):
    w, x = lab.symbols("w x")
    assert str(lab.derive(loss(w, x), w)).splitlines()[0] == text


def test_a_logarithm_that_more_follows_stands_in_parentheses():
    w, x = lab.symbols("w x")
    assert str(lab.derive(w**x, x)) == "∂e/∂x = (ln w)·w^x"  # and not the logarithm of a product
    assert str(lab.derive(mg.log(w) ** 2 / 2, w)) == "∂e/∂w = (ln w)/w"
    assert str(lab.derive(mg.log(w) * x * x / 2, x)) == "∂e/∂x = x·ln w"


def test_conditions_that_hold_together_are_joined_by_a_word():
    v, w = lab.symbols("v:3 w")
    assert str(lab.derive(mg.max(v), v)).startswith("∂e/∂v = [[v₀ > v₁ and v₀ > v₂], ")
    found = lab.derive(mg.clip(w, 0, 1), w)
    assert str(found) == "∂e/∂w = [w > 0 and w < 1]" and r"\mathrm{and}" in found.latex()


def test_constants_that_sympy_has_words_of_its_own_for():
    w = lab.symbols("w")
    assert str(lab.derive(w * mg.exp(w * 0 + 1), w)) == "∂e/∂w = exp(1)"
    found = lab.derive(w * float("-inf"), w)
    assert str(found) == "∂e/∂w = −∞" and r"-\infty" in found.latex()


def test_long_formulas_keep_to_a_hundred_columns_and_matrices_to_their_rows():
    A, v = lab.symbols("A:2×3 v:3")
    lines = str(lab.derive(((A @ v) ** 2).sum(), A)).splitlines()
    assert max(map(len, lines)) <= 100 and lines[0].startswith("∂e/∂A = [[2·v₀·(A₀₀·v₀")
    assert sum(line.startswith("         [2·v₀·(A₁₀·v₀") for line in lines) == 1
    w, h, y = lab.symbols("w x y")
    for i in range(3):
        h = mg.tanh(w * h).named(f"h{i}")
    text = str(lab.derive((h - y) ** 2, w))
    assert max(map(len, text.splitlines())) <= 100
    assert "\n      + (2·h₂ − 2·y) · w·(1 − h₂²) · w·(1 − h₁²) · x·(1 − h₀²)\n" in text


def test_tensors_of_symbols_print_their_formula():
    w, x, v = *lab.symbols("w x"), lab.symbols("v:2")
    assert str(w * x).startswith("tensor(w*x") and str(v * x).startswith("tensor([v_0*x, v_1*x]")
    assert "W[j, l]*X[i, l]" not in str(lab.symbols("X:N×D")) and str(lab.symbols("X:N×D")).startswith("tensor(X[i, j]")


def test_greek_and_indexed_names():
    mu, w_1, w2 = lab.symbols("mu w_1 w2")
    found = lab.derive(mu * w_1 * w2, mu)
    assert str(found) == "∂e/∂μ = w₁·w₂"
    assert found.latex().splitlines()[1] == r"\frac{\partial e}{\partial \mu} &= w_{1} \, w_{2}"


# The example


def test_the_formulas_of_the_example_come_to_what_backward_computes():
    found = run("17_what_is_the_formula").numbers
    for name in ("cross entropy", "cross entropy in bits", "squared error", "matrices"):
        assert found[f"{name}: formula − backward"] <= 1e-12
    assert found["cross entropy in bits: gradient"] * math.log(2) == pytest.approx(found["cross entropy: gradient"])
    assert found["squared error: gradient"] <= 0.02 * found["cross entropy: gradient"]  # o(1 − o), where o is 0.98
