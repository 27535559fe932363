"""Every smooth element-wise operation: the formula of its rule is proved equal to what `sympy.diff` makes of it.

The operations come from the table of primitives, so that a new one is among them: it is element-wise if the last of
three answers is the answer to the last of three numbers.
"""

import numpy as np
import pytest

import minigrad as mg
from minigrad import lab
from minigrad.engine import primitives
from minigrad.errors import RuleError

sympy = pytest.importorskip("sympy", reason="lab.derive writes its formulas with SymPy")

lab.symbols("x")  # loads every operation
OPTIONS = {  # what has no default, or has two formulas
    "modified_bessel": [{"order": 2}],
    "spherical_bessel": [{"order": 1}],
    "cast": [{"dtype": np.float64}],
    "gelu": [{}, {"approximate": "tanh"}],
    "bell": [{}, {"half": True}],
    "leaky_relu": [{"negative_slope": 0.2}],
    "elu": [{"alpha": 1.5}],
}
FIXED = {"polygamma": {"n": 1}, "ldexp": {"n": 3}, "where": {"condition": True}}  # arguments that are no real numbers
KINKS = ("Abs", "sign", "Max", "Min", "floor", "ceiling", "Piecewise", "Heaviside")
APART = {
    "frac": "np.modf in it has no formula",
    "named": "its formula is the name",
    "unwrap": "it compares neighbours",
    "distinct": "it compares neighbours",
}
POINT = {"arccosh": 1.5}


def numbers(name, part=slice(None)):
    """Return arguments at which an operation is at home: another array for every parameter."""
    op, start = primitives[name].primitive, POINT.get(name, 0.31)
    return [
        FIXED.get(name, {}).get(argument, start + 0.13 * i + np.linspace(0, 0.2, 3)[part])
        for i, argument in enumerate(op.arrays)
    ]


def is_element_wise(name):
    """Tell whether an operation treats every element alone."""
    op = primitives[name].primitive
    if op.variadic or not any(op.rules.values()) or not primitives[name].__module__.startswith("minigrad"):
        return False
    options = OPTIONS.get(name, [{}])[0]
    try:
        whole, last = [primitives[name](*numbers(name, part), **options) for part in (slice(None), slice(2, None))]
        return np.shape(whole) == (3,) and np.shape(last) == (1,) and np.allclose(whole[2:], last)
    except (TypeError, ValueError, IndexError, AttributeError):
        return False


CASES = [
    pytest.param(name, options, argument, id=" ".join([name, *map(str, options.values()), argument]))
    for name in sorted(primitives)
    if is_element_wise(name) and name not in APART
    for options in OPTIONS.get(name, [{}])
    for argument, rule in primitives[name].primitive.rules.items()
    if rule is not None
]


def symbolic(name, options, **assumptions):
    """Return an operation's result on symbols, and the symbols by argument."""
    op = primitives[name].primitive
    given = {a: FIXED.get(name, {}).get(a) or lab.symbols(a, **assumptions) for a in op.arrays}
    return primitives[name](*given.values(), **options), given


def has_kinks(name, options):
    """Tell whether an operation has jumps, kinks or whole numbers in it, which sympy.diff leaves standing."""
    whole = symbolic(name, options, positive=True)[0].data.expressions()[()]
    return whole.has(*[getattr(sympy, kink) for kink in KINKS])


def test_the_table_is_covered():
    names = {case.values[0] for case in CASES}
    assert len(names) >= 60
    known = "add divide power exp2 expm1 log10 tan arccosh arctanh erf erfinv sigmoid softplus gelu silu gammaln sinc"
    assert {*known.split()} <= {case.values[0] for case in SMOOTH}


SMOOTH = [case for case in CASES if not has_kinks(*case.values[:2])]


@pytest.mark.parametrize(("name", "options", "argument"), SMOOTH)
def test_the_derivative_is_that_of_sympy(name, options, argument):
    e, given = symbolic(name, options, positive=True)
    whole, x = e.data.expressions()[()], given[argument].data.expressions()[()]
    outside = {s: sympy.Symbol(s.name, positive=True) for s in whole.free_symbols}
    wanted = sympy.diff(whole, x).xreplace(outside)
    found = lab.derive(e, given[argument]).result.xreplace({sympy.Symbol(s.name): s for s in outside.values()})
    assert sympy.simplify((found - wanted).rewrite(sympy.exp)) == 0, f"{found} is not {wanted}"


def point(name):
    """Return one number for every argument, at which an operation is at home."""
    return [np.asarray(np.ravel(x)[-1]) if np.ndim(x) else x for x in numbers(name)]


@pytest.mark.parametrize(("name", "options", "argument"), CASES)
def test_the_formula_comes_to_what_the_rule_computes_elsewhere(name, options, argument):
    e, given = symbolic(name, options)
    found = lab.derive(e, given[argument]).result
    names = primitives[name].primitive.arrays
    place = {sympy.Symbol(a): float(x) for a, x in zip(names, point(name), strict=True)}
    by_rule = mg.grad(lambda *args: primitives[name](*args, **options), names.index(argument))(*point(name))
    assert complex(found.subs(place)) == pytest.approx(by_rule.item(), rel=1e-6, abs=1e-12)


@pytest.mark.parametrize(
    ("name", "options"), sorted({(c.values[0], str(c.values[1])): c.values[:2] for c in CASES}.values(), key=str)
)
def test_the_formula_of_the_operation_itself_comes_to_its_value(name, options):
    e, given = symbolic(name, options)
    pairs = zip(given.values(), point(name), strict=True)
    place = {x.data.expressions()[()]: float(v) for x, v in pairs if isinstance(x, mg.Tensor)}
    value = primitives[name](*point(name), **options)
    assert complex(e.data.expressions()[()].subs(place)) == pytest.approx(float(value), rel=1e-9)


def test_the_rule_is_what_is_read_right_or_wrong(scratch):
    @mg.primitive
    def cube(x):
        return x**3

    cube.defvjp(x=lambda g, x: g * (2 * x**2))
    x = lab.symbols("x")
    assert lab.derive(cube(x), x).result == 2 * sympy.Symbol("x") ** 2 != sympy.diff(sympy.Symbol("x") ** 3)


def test_a_wrong_formula_is_never_given_out(monkeypatch):
    from minigrad.lab.derive import forms

    x = lab.symbols("x")
    monkeypatch.setitem(forms.RULES, ("silu", "x"), lambda g, x: g * x)
    with pytest.raises(RuleError, match="derive: the formula of ∂e/∂x and the rules disagree: it comes to 0"):
        lab.derive(mg.silu(x), x)


def test_an_operation_of_your_own_needs_nothing(scratch):
    @mg.primitive
    def swish(x, y):
        return x / (1 + np.exp(-x * y))

    def both(x, y):
        return 1 / (1 + np.exp(-x * y))

    swish.defvjp(
        x=lambda g, x, y: g * both(x, y) * (1 + x * y * (1 - both(x, y))),
        y=lambda g, x, y: g * x * x * both(x, y) * (1 - both(x, y)),
    )
    x, y = lab.symbols("x y")
    assert str(lab.derive(swish(x, y), y)) == "∂e/∂y = x²·σ(x·y)·(1 − σ(x·y))"


def test_or_its_formula_where_its_code_is_written_for_floats(scratch):
    from minigrad.lab.derive import form

    @mg.primitive
    def spence(x):
        return np.frompyfunc(lambda v: float(sympy.polylog(2, 1 - v).evalf()), 1, 1)(x) + 0.0

    spence.defvjp(x=lambda g, x: g * np.log(x) / (1 - x))
    x = lab.symbols("x")
    with pytest.raises((NotImplementedError, TypeError)):
        lab.derive(spence(x) * spence(x), x)
    form(spence, lambda x: sympy.polylog(2, 1 - x))
    assert str(lab.derive(spence(x), x)) == "∂e/∂x = (ln x)/(1 − x)"
    assert spence(np.asarray(0.5)) == pytest.approx(0.5822405264650125)
