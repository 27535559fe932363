"""Declaring operations, and how NumPy's functions find them."""

import inspect
import textwrap

import numpy as np
import pytest
from helpers import leaf

import minigrad as mg
from minigrad.engine import calls, dispatch
from minigrad.errors import RuleError
from minigrad.ops.refused import numpy_surface

# Declaring primitives


def declared(options=""):
    scope = {}
    exec(f"def twice(x, y{', *, ' + options if options else ''}):\n    return x + y", scope)
    return mg.primitive(scope["twice"])


@pytest.mark.parametrize(
    ("rules", "pattern"),
    [
        (
            {"x": lambda g, z: g, "y": None},
            "twice.defvjp: the rule of x asks for 'z'; it may ask for g, out, x, y, x_shape, y_shape, axis",
        ),
        ({"x": lambda g, axes: g, "y": None}, r"asks for 'axes'.*Did you mean 'axis'\?"),
        ({"x": lambda g: g}, "needs one rule for each of x, y .*got x"),
        ({}, "needs one rule for each of x, y .*got none"),
        ({"x": None, "y": None, "z": None}, "got x, y, z"),
    ],
)
def test_rules_are_checked_when_they_are_declared(scratch, rules, pattern):
    with pytest.raises(RuleError, match=pattern):
        declared("axis=0").defvjp(**rules)


def test_a_primitive_without_rules_is_refused_only_where_a_gradient_is_wanted(scratch):
    twice = declared()
    assert twice(mg.tensor([1.0]), 2.0).tolist() == [3]
    with mg.no_grad():
        twice(leaf(1.0), 2.0)
    with pytest.raises(RuleError, match=r"twice has no derivative rules.*twice.defvjp\(x=…, y=…\)"):
        twice(leaf(1.0), 2.0)


def test_a_primitive_needs_arrays_and_not_two_kinds(scratch):
    def none(*, axis=0): ...
    def mixed(x, *rest): ...

    for body in (none, mixed):
        with pytest.raises(RuleError, match="one or more array parameters"):
            mg.primitive(body)


def test_a_rule_of_the_wrong_shape_or_type_is_refused(scratch):
    twice = declared()
    for rule, pattern in ((lambda g: g.sum(), r"the rule of x returned float32\[\] for an argument of shape \[2\]"),
                          (lambda g: 1.0, "twice: the rule of x returned float 1.0")):  # fmt: skip
        twice.defvjp(x=rule, y=None)
        with pytest.raises(RuleError, match=pattern):
            twice(leaf(1.0, 2.0), 0).sum().backward()


def test_a_users_primitive_does_what_ours_do(scratch):
    @mg.primitive(numpy=np.hypot, broadcasts=True)
    def hypot(x, y, *, scale=1.0):
        """Return scale·√(x² + y²)."""
        return scale * np.hypot(x, y)

    hypot.defvjp(x=lambda g, out, x, scale: g * x / out * scale**2, y=lambda g, out, y, scale: g * y / out * scale**2)
    x, y = leaf(3.0, dtype="float64"), leaf([4.0, 4.0], dtype="float64")
    assert hypot(3.0, 4.0) == 5 and hypot.__doc__ == "Return scale·√(x² + y²)."
    assert mg.gradcheck(hypot, [x, y], order=2) and mg.gradcheck(lambda x, y: hypot(x, y, 3.0), [x, y])
    np.hypot(x, y).sum().backward()
    assert x.grad.item() == pytest.approx(1.2)


def test_a_failing_body_names_the_operation(scratch):
    @mg.primitive
    def odd(x):
        raise KeyError("inside")

    with pytest.raises(KeyError) as caught:
        odd(mg.tensor([1.0]))
    assert "minigrad: in odd(x: float32[1])" in caught.value.__notes__


# NumPy's protocols


def test_reductions_of_ufuncs_reach_their_operation():
    x = leaf([[1.0, 2.0], [3.0, 4.0]])
    for f, expected in ((np.add, [4, 6]), (np.multiply, [3, 8]), (np.maximum, [3, 4]), (np.minimum, [1, 2])):
        assert f.reduce(x).tolist() == expected and f.reduce(x).requires_grad
    assert np.add.reduce(x, axis=None).item() == 10
    assert np.add.accumulate(x).tolist() == [[1, 2], [4, 6]]
    assert np.multiply.accumulate(x, 1).tolist() == [[1, 2], [3, 12]]
    assert np.logical_and.reduce(x > 1).tolist() == [False, True]
    assert np.logical_or.reduce(x > 1).tolist() == [True, True]
    with pytest.raises(TypeError, match=r"np.subtract.reduce is not supported on Tensors"):
        np.subtract.reduce(x)


@pytest.mark.parametrize(
    ("call", "pattern"),
    [
        (lambda x: np.histogram(x), r"^np\.histogram has no minigrad counterpart for Tensors: it counts.*use t\.numpy"),
        (lambda x: np.linalg.eig(x), r"^np\.linalg\.eig has no minigrad counterpart for Tensors: its results are"),
        (lambda x: np.fft.fft(x), r"^np\.fft\.fft has no minigrad counterpart for Tensors: its results are complex"),
        *[(f, r"^np\.\w+ has no minigrad counterpart for Tensors: .*use t\.numpy\(\)$")  # and none only spelt alike
          for f in (np.unique, np.spacing, lambda x: np.nextafter(x, x))],
        (lambda x: np.asarray(x), r"never converted to a NumPy array silently.*t.numpy\(\)"),
        (lambda x: np.array([x, x]), "never converted"),
        (lambda x: np.cumsum(x, out=x), "np.cumsum on a Tensor does not take out="),
        (
            lambda x: np.sum(x, dtype="float64"),
            "^np.sum on a Tensor does not take dtype=; it takes a, axis, keepdims, initial, where$",
        ),
    ],
)
def test_what_numpy_function_has_no_counterpart_is_refused(call, pattern):
    with pytest.raises(TypeError, match=pattern):
        call(leaf(1.0, 2.0))


OWN_PARAMETERS = {  # which NumPy's function does not have → why ours does
    "requires_grad": "of tensors that are made",
    "constant_values": "is one of the **kwargs of np.pad",
    "subscripts": "is the first of the *operands of np.einsum",
}


def signatures():
    """Yield our functions that stand for NumPy's, with the parameters of both: ours as they are, options included."""
    assert mg.linalg and mg.hypot  # the rest of the operations is there
    for name, theirs in numpy_surface():
        ours = dispatch.numpy_functions.get(theirs)
        if ours is not None and not isinstance(theirs, np.ufunc) and dispatch.positions(theirs) is not None:
            if hasattr(ours, "primitive"):
                calls.compile_call(ours.primitive, ours)
            own = inspect.signature(ours, follow_wrapped=False).parameters
            yield name, list(own.values()), list(inspect.signature(theirs).parameters.values())


def test_arguments_go_by_numpys_positions_and_names():
    wrong = []
    for name, ours, theirs in signatures():
        allowed = {p.name for p in theirs} | set(OWN_PARAMETERS)
        for i, p in enumerate(ours):
            named = i >= len(theirs) or theirs[i].kind is not theirs[i].POSITIONAL_ONLY  # of others the name is free
            if p.kind is p.KEYWORD_ONLY:
                right = p.name in allowed
            elif named:
                right = i < len(theirs) and (p.name, theirs[i].kind) == (theirs[i].name, p.POSITIONAL_OR_KEYWORD)
            else:
                right = True
            if not right:
                wrong.append(f"{name}: {p}")
    # np.real hands nothing on by name; the other is mg.tensordot, which takes axes by position as np.tensordot does
    assert wrong == ["np.real: x: 'Array'", "np.linalg.tensordot: axes: 'Any' = 2"]
    assert sum(1 for _ in signatures()) > 150


def test_what_numpy_takes_by_position_and_minigrad_does_not_is_refused_by_name():
    x = leaf([[1.0, 2.0], [3.0, 4.0]])
    assert np.sum(x, 0, None, None, True).tolist() == [[4, 6]]
    assert np.median(x, 0, None, False, True).tolist() == [[2, 3]]
    for call, name in ((lambda: np.sum(x, 0, float), "dtype"), (lambda: np.argsort(x, 0, None, ["a"]), "order"),
                       (lambda: np.var(x, 0, None, np.zeros(2)), "out")):  # fmt: skip
        with pytest.raises(TypeError, match=f"on a Tensor does not take {name}=; it takes a, axis"):
            call()
    with pytest.raises(TypeError, match=r"sum\(\) takes from 1 to 2 positional arguments but 3 were given"):
        mg.sum(x, 0, True)
    assert x.sum(0, True).tolist() == [[4, 6]]  # a method goes by PyTorch's


def test_every_function_of_numpy_is_there_or_refused_with_a_reason():
    assert mg.linalg and mg.hypot  # the rest of the operations is there
    neither = [n for n, f in numpy_surface() if f not in dispatch.numpy_functions and f not in dispatch.refused]
    both = [n for n, f in numpy_surface() if f in dispatch.numpy_functions and f in dispatch.refused]
    assert not neither and not both


A, T = np.array([1.0, 2.0], np.float32), mg.tensor([4.0, 8.0])


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (lambda: A + T, [5, 10]),
        (lambda: A - T, [-3, -6]),
        (lambda: A * T, [4, 16]),
        (lambda: A / T, [0.25, 0.25]),
        (lambda: A**T, [1, 256]),
        (lambda: A @ T, 20),
        (lambda: np.float64(2) - T, [-2, -6]),
        (lambda: np.int64(2) / T, [0.5, 0.25]),
        (lambda: np.float32(2) * T, [8, 16]),
        (lambda: 2 - T, [-2, -6]),
        (lambda: 2 / T, [0.5, 0.25]),
        (lambda: 2**T, [16, 256]),
        (lambda: [1.0, 2.0] * T, [4, 16]),
        (lambda: [1.0, 2.0] @ T, 20),
        (lambda: True + T, [5, 9]),
        (lambda: -T, [-4, -8]),
        (lambda: +T, [4, 8]),
        (lambda: abs(-T), [4, 8]),
    ],
)
def test_operators_with_anything_on_the_left(f, expected):
    out = f()
    assert isinstance(out, mg.Tensor) and out.tolist() == expected
    assert out.dtype == np.float32


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (lambda: T > 4, [False, True]),
        (lambda: mg.less(4, T), [False, True]),
        (lambda: A < T, [True, True]),
        (lambda: T == 4, [True, False]),
        (lambda: A != T, [True, True]),
        (lambda: (T > 4) & (T < 9), [False, True]),
        (lambda: ~(T > 4) | (T >= 9), [True, False]),
    ],
)
def test_comparisons_are_element_wise(f, expected):
    assert isinstance(f(), mg.Tensor) and f().dtype == bool and f().tolist() == expected


@pytest.mark.parametrize("name", ["out", "g", "node", "op", "Tensor", "again"])
def test_parameters_may_not_take_the_engines_names(name):
    namespace = {}
    exec(f"def f({name}): return {name}", namespace)
    with pytest.raises(RuleError, match=rf"f: a parameter must not be called '{name}'.*rename it"):
        mg.primitive(namespace["f"])


def test_what_is_no_function_with_a_name_is_refused(scratch):
    with pytest.raises(RuleError, match="needs a function with a name"):
        mg.primitive(lambda x: x)

    @mg.primitive
    def opposite(x):
        return -x

    with pytest.raises(RuleError, match=r"the rule of x must be a Python function.*write lambda g"):
        opposite.defvjp(x=np.negative)


def test_the_call_that_calls_py_shows_is_the_one_that_runs():
    op = mg.multiply.primitive
    for text in (calls.write_call(op), calls.write_pull(op)):
        assert textwrap.indent(text, "    ").rstrip() in calls.__doc__
        assert text in op.source


def test_a_rule_must_answer_every_operand(scratch):
    @mg.primitive
    def total(*xs):
        return sum(xs)

    total.defvjp(xs=lambda g: [g, g])
    with pytest.raises(RuleError, match="total: its rule returned 2 cotangents for 3 operands"):
        total(leaf(1.0), leaf(2.0), leaf(3.0)).backward()


def test_errors_inside_a_rule_name_the_operation(scratch):
    @mg.primitive(broadcasts=True)
    def odd(x):
        return x * 1

    odd.defvjp(x=lambda g: g.reshape(7))
    with pytest.raises(ValueError) as caught:
        odd(leaf(1.0, 2.0)).sum().backward()
    assert caught.value.__notes__ == ["minigrad: in a derivative rule of odd, whose result was float32[2]"]
    odd.defvjp(x=lambda g: g.sum())
    with pytest.raises(RuleError, match=r"the rule of x returned float32\[\] for an argument of shape \[2\]"):
        odd(leaf(1.0, 2.0)).sum().backward()


def test_defaults_may_be_anything(scratch):
    @mg.primitive
    def capped(x, y=None, *, limit=float("inf"), kind=np.float32):
        return np.minimum(x, limit).astype(kind)

    capped.defvjp(x=lambda g: g, y=None)
    assert capped(leaf(1.0, 9.0)).tolist() == [1, 9] and capped(leaf(1.0, 9.0), None, 5.0).tolist() == [1, 5]
    for bad in ("def f(x, x_data): return x", "def f(p0): return p0", "def f(x, y=1, *, axis): return x"):
        namespace = {}
        exec(bad, namespace)
        with pytest.raises(RuleError, match=r"rename it|needs a default"):
            mg.primitive(namespace["f"])
