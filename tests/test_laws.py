"""The laws of operations: one function each, over every row of `samples`.

A failing test names the law and the operation; a note on the error says which case it was.
"""

import inspect
import re
from contextlib import contextmanager, nullcontext

import numpy as np
import pytest
import standin
from helpers import over, some
from samples import BINARY, ROWS, SHAPES, Case, Sample, nn, reals, special

import minigrad as mg
from minigrad.device import device_of, get_device, move, to_numpy
from minigrad.engine import primitives, propagate
from minigrad.errors import DeviceError

BY_NAME = {s.name: s for s in ROWS}
PRIMITIVE = [s for s in ROWS if s.name in primitives]
ASSERTED = {"rtol": 1e-6, "atol": 1e-9}


def rows(keep=lambda s: True, among=ROWS):
    return over("sample", [s for s in among if keep(s)])


@contextmanager
def telling(what):
    """Put a note on whatever is raised: which case, which point."""
    try:
        yield
    except Exception as error:
        error.add_note(f"in {what}")
        raise


def each_case(sample, cases=None):
    for case in sample.cases if cases is None else cases:
        shapes = ", ".join(str(a.shape) if isinstance(a, np.ndarray) else repr(a) for a in case.args)
        with telling(f"{sample.name}({shapes}, {case.options})"):
            yield case


# How a case becomes a call


def put(value, device):
    """Carry the arrays in an option (an index, say) to a device."""
    if type(value) is tuple:
        return tuple(put(v, device) for v in value)
    if isinstance(value, mg.Tensor):
        return value.to(device)
    return move(value, get_device(device)) if isinstance(value, np.ndarray) else value


def host(value):
    """Return the same with NumPy in place of Tensors."""
    return (
        tuple(host(v) for v in value)
        if type(value) is tuple
        else value.numpy()
        if isinstance(value, mg.Tensor)
        else value
    )


def is_float(arg):
    return isinstance(arg, np.ndarray) and arg.dtype.kind == "f"


def prepare(case, device="cpu", dtype=np.float64):
    """Return arguments for the call: floating arrays as leaves over read-only data, the rest as it is."""
    args = []
    for arg in case.args:
        if isinstance(arg, np.ndarray):
            arg = arg.astype(dtype) if is_float(arg) else arg.copy()
            if device == "cpu":
                arg.flags.writeable = False
            arg = mg.Tensor(arg, requires_grad=True, device=device) if is_float(arg) else put(arg, device)
        args.append(arg)
    return args, {k: put(v, device) for k, v in case.options.items()}


def leaves(args):
    return [a for a in args if isinstance(a, mg.Tensor)]


def weights(shape, seed=0):
    """Return a cotangent without symmetry, read-only."""
    w = reals(*shape, low=0.5, high=1.5, seed=100 + seed)
    w.flags.writeable = False
    return w


def reference(sample, case, dtype=np.float64):
    args = [a.astype(dtype).astype(np.float64) if is_float(a) else a for a in case.args]
    return sample.expected(*args, **{k: host(v) for k, v in case.options.items()})


def bare(array):
    """Return an array of any device, a scalar or a Tensor as NumPy's."""
    array = array.data if isinstance(array, mg.Tensor) else array
    return np.asarray(array) if isinstance(array, np.generic) else to_numpy(array)


def gradients(sample, case, device="cpu", dtype=np.float64, cotangent=None):
    """Return the value and the gradients of the leaves, zeros where none arrives."""
    args, options = prepare(case, device, dtype)
    out = sample.value(*args, **options)
    w = weights(out.shape) if cotangent is None else np.broadcast_to(np.asarray(cotangent, float), out.shape)
    if not out.requires_grad:
        return out, [np.zeros(x.shape) for x in leaves(args)]
    out.backward(move(w.astype(dtype), get_device(device)))
    return out, [np.zeros(x.shape) if x.grad is None else x.grad for x in leaves(args)]


def second_order(sample, case, device="cpu"):
    """Return Σ vₖ·gradₖ differentiated by every leaf and by the cotangent of the first pass."""
    args, options = prepare(case, device)
    out = sample.value(*args, **options)
    if not out.requires_grad:
        return []
    seed = mg.Tensor(weights(out.shape), requires_grad=True, device=device)
    first = propagate([out], [seed], retain_graph=True, create_graph=True)
    total = 0.0
    for k, leaf in enumerate(leaves(args)):
        if leaf in first:
            total = total + (first[leaf] * mg.Tensor(weights(leaf.shape, 1 + k), device=device)).sum()
    targets = [*leaves(args), seed]
    if not total.requires_grad:
        return [np.zeros(x.shape) for x in targets]
    found = propagate([total], [device_of(out.data).from_numpy(np.ones(()))])
    return [bare(found[x]) if x in found else np.zeros(x.shape) for x in targets]


def along(f, arrays, k, way, step=1e-5):
    """Return the central difference of a scalar function, its k-th array moved along a way."""
    ends = [f(*arrays[:k], np.asarray(arrays[k] + move * way), *arrays[k + 1 :]) for move in (step, -step)]
    return (ends[0] - ends[1]) / (2 * step)


def differences(f, arrays):
    """Return the central differences of a scalar function by every element of every array."""
    answers = [np.zeros(a.shape) for a in arrays]
    for k, answer in enumerate(answers):
        for i in np.ndindex(answer.shape):
            way = np.zeros(answer.shape)
            way[i] = 1
            answer[i] = along(f, arrays, k, way)
    return answers


def replaced(case, arrays):
    """Return the case with its floating arrays replaced."""
    fresh = iter(arrays)
    return Case(tuple(next(fresh) if is_float(a) else a for a in case.args), case.options)


def moved(sample, case, arrays):
    """Return the case with its floating arrays replaced by others that the operation is for."""
    return replaced(case, [sample.within(a) for a in arrays])


def floats(case):
    return [a for a in case.args if is_float(a)]


def close(got, expected, rtol=1e-6, atol=1e-9):
    for g, e in zip(got, expected, strict=True):
        g, e = bare(g), bare(e)
        assert g.shape == e.shape, f"shape {g.shape}, expected {e.shape}"
        scale = np.abs(e).max(initial=1.0)
        np.testing.assert_allclose(g, e, rtol=rtol, atol=max(atol, rtol * scale))


# The laws


@rows()
def test_value_equals_the_reference(sample):
    for case in each_case(sample):
        for dtype, rtol in ((np.float64, 1e-12), (np.float32, 2e-5)):
            args, options = prepare(case, dtype=dtype)
            out, expected = sample.value(*args, **options), np.asarray(reference(sample, case, dtype))
            assert isinstance(out, mg.Tensor) and isinstance(out.data, np.ndarray)
            assert out.shape == expected.shape
            np.testing.assert_allclose(out.numpy(), expected, rtol=rtol, atol=rtol)
            if expected.dtype.kind != "f":
                assert out.dtype == expected.dtype


@rows(among=PRIMITIVE)
def test_on_plain_arrays_a_primitive_is_numpy(sample):
    for case in each_case(sample):
        out = sample.value(*case.args, **case.options)
        assert not isinstance(out, mg.Tensor)
        np.testing.assert_allclose(out, reference(sample, case), rtol=1e-12, atol=1e-12)


@rows()
def test_the_dtype_of_the_inputs_is_kept(sample):
    for case in each_case(sample):
        for dtype in sample.dtypes:
            if "dtype" in case.options:
                continue
            out, grads = gradients(sample, case, dtype=dtype)
            assert out.dtype == (dtype if np.asarray(reference(sample, case)).dtype.kind == "f" else out.dtype)
            assert all(g.dtype == dtype for g in grads if isinstance(g, mg.Tensor))


@rows(among=BINARY)
def test_scalars_never_change_a_dtype(sample):
    x = mg.tensor([0.5, 1.5], requires_grad=True)
    for number in (2, 0.5, np.float64(0.5), np.int64(2), np.float32(2), True):
        for out in (sample.call(x, number), sample.call(number, x)):
            assert out.dtype == np.float32, number
            x.grad = None
            out.sum().backward()
            assert x.grad.dtype == np.float32, number


@rows(lambda s: s.differentiable, among=PRIMITIVE)
def test_rules_keep_float32_on_raw_arrays(sample):
    op = sample.call.primitive
    for case in each_case(sample):
        if "dtype" in case.options:
            continue
        arrays = [a.astype(np.float32) if is_float(a) else a for a in case.args]
        arrays += [None] * (0 if op.variadic else len(op.arrays) - len(arrays))
        out = op.body(*arrays, **case.options)
        options = {n: case.options.get(n, inspect.signature(op.body).parameters[n].default) for n in op.options}
        known = {"g": weights(out.shape).astype(np.float32), "out": out, **options}
        operands = {op.arrays[0]: arrays} if op.variadic else dict(zip(op.arrays, arrays, strict=True))
        for name, value in operands.items():
            known[name] = value
            known[f"{name}_shape"] = [a.shape for a in value] if op.variadic else np.shape(value)
        for name, rule in op.rules.items():
            if rule is None or not (op.variadic or is_float(known[name])):
                continue
            answer = rule(*[known[p] for p in inspect.signature(rule).parameters])
            for one in answer if op.variadic else [answer]:
                assert one.dtype == np.float32, f"the rule of {name} gives {one.dtype}"


@rows(among=[*nn.ACTIVATIONS, *special.AREAS])
def test_integers_are_computed_as_the_numbers_they_are(sample):
    for numbers in (np.arange(-3, 4), np.array([False, True])):
        expected = sample.reference(numbers.astype(float))
        np.testing.assert_allclose(sample.call(mg.tensor(numbers * 1)).numpy(), expected, rtol=1e-12)


def check_first_order(sample, cases=None):
    for case in each_case(sample, cases):
        out, grads = gradients(sample, case)
        assert out.requires_grad
        w = weights(out.shape)

        def value(*arrays, case=case, w=w):
            return (
                w * sample.expected(*moved(sample, case, arrays).args, **{k: host(v) for k, v in case.options.items()})
            ).sum()

        close(grads, differences(value, floats(case)))


@rows(lambda s: s.differentiable)
def test_gradient_equals_central_differences(sample):
    check_first_order(sample)


@rows(lambda s: not s.differentiable)
def test_what_is_not_differentiable_records_nothing(sample):
    for case in each_case(sample):
        args, options = prepare(case)
        out = sample.call(*args, **options)
        assert leaves(args) and not out.requires_grad and out._node is None


@rows(lambda s: s.differentiable)
def test_second_order_equals_differences_of_the_gradient(sample):
    for case in each_case(sample):
        shape = np.shape(reference(sample, case))

        def slope(*arrays, case=case):
            *points, w = arrays
            grads = gradients(sample, moved(sample, case, points), cotangent=w)[1]
            return sum(
                (g.numpy() * weights(g.shape, 1 + k)).sum() for k, g in enumerate(grads) if isinstance(g, mg.Tensor)
            )

        arrays = [*floats(case), weights(shape)]
        ways = [reals(*a.shape, low=-1.0, high=1.0, seed=200 + k) for k, a in enumerate(arrays)]  # of all elements
        found = [(bare(g) * way).sum() for g, way in zip(second_order(sample, case), ways, strict=True)]
        close(found, [along(slope, arrays, k, way) for k, way in enumerate(ways)], rtol=1e-5, atol=1e-8)


def unbroadcast(g, shape):
    lead = g.ndim - len(shape)
    summed = g.sum(axis=tuple(range(lead)))
    return summed.sum(axis=tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True).reshape(shape)


@rows(lambda s: s.slopes or s.pullback)
def test_gradient_equals_the_formula_written_by_hand(sample):
    for case in each_case(sample):
        out, grads = gradients(sample, case)
        w, options = weights(out.shape), {k: host(v) for k, v in case.options.items()}
        with np.errstate(divide="ignore", invalid="ignore"):  # a slope by an argument that is no leaf
            if sample.slopes:
                wanted = [s for s, a in zip(sample.slopes, case.args, strict=True) if is_float(a)]
                expected = [unbroadcast(w * f(*case.args), a.shape) for f, a in zip(wanted, floats(case), strict=True)]
            else:
                expected = sample.pullback(w, *case.args, **options)
        close(grads, expected, rtol=1e-11, atol=1e-12)


LAYOUTS = {
    "fortran": lambda a: np.asfortranarray(a),
    "strided": lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
    "negative strides": lambda a: np.flip(np.flip(a).copy()),
    "swapped": lambda a: a.swapaxes(0, -1).copy().swapaxes(0, -1),
}


@rows()
def test_memory_layout_does_not_matter(sample):
    for case in each_case(sample, some(sample.cases, 2)):
        out, grads = gradients(sample, case)
        for relaid in LAYOUTS.values():
            arrays = [relaid(a) if a.ndim else a for a in floats(case)]
            args = [mg.Tensor(a, requires_grad=True) if is_float(a) else a for a in replaced(case, arrays).args]
            again = sample.value(*args, **case.options)
            close([again], [out], rtol=1e-12)
            if again.requires_grad:
                again.backward(np.asarray(weights(out.shape), order="F"))
                close(
                    [x.grad for x in leaves(args) if x.grad is not None], [g for g in grads if isinstance(g, mg.Tensor)]
                )


@rows(lambda s: s.special)
def test_special_points(sample):
    for point in sample.special:
        for dtype in (np.float64, np.float32):
            check_point(sample, point, dtype, 1e-6 if dtype == np.float32 else 1e-12, 1e-37)


@rows(lambda s: s.far)
def test_far_points_in_float32(sample):
    for point in sample.far:
        check_point(sample, point, np.float32, sample.far_rtol, sample.far_atol)


def check_point(sample, point, dtype, rtol, atol):
    cotangent = 1.0 if point.cotangent is None else point.cotangent
    with telling(f"{sample.name}{point.args}"), np.errstate(all="ignore") if point.quiet else nullcontext():
        out, grads = gradients(sample, Case(point.args, point.options), dtype=dtype, cotangent=cotangent)
        np.testing.assert_allclose(out.numpy(), np.broadcast_to(point.value, out.shape), rtol=rtol, atol=atol)
        for got, expected in zip(grads, point.grads, strict=False):
            if expected is not None:
                got = bare(got)
                np.testing.assert_allclose(got, np.broadcast_to(expected, got.shape), rtol=rtol, atol=atol)


@rows(lambda s: s.name not in ("equal", "not_equal", "isnan", "isinf", "isfinite"))
def test_finite_inputs_give_no_nan(sample):
    for case in each_case(sample):
        out, grads = gradients(sample, case)
        assert np.isfinite(out.numpy()).all()
        assert all(np.isfinite(g.numpy()).all() for g in grads if isinstance(g, mg.Tensor))


@rows()
def test_inputs_are_never_modified(sample):
    for case in each_case(sample):
        args, options = prepare(case)  # read-only: a write would raise
        before = [a.copy() for a in floats(case)]
        out = sample.call(*args, **options)
        if out.requires_grad:
            kept, w = out.numpy().copy(), weights(out.shape)
            untouched = w.copy()
            out.backward(w, retain_graph=True)
            out.backward(mg.Tensor(w), create_graph=True)
            assert np.array_equal(out.numpy(), kept) and np.array_equal(w, untouched)
        assert all(np.array_equal(x.numpy(), b, equal_nan=True) for x, b in zip(leaves(args), before, strict=True))


@rows(lambda s: s.protocol)
def test_numpy_functions_reach_it(sample):
    functions = [sample.reference]
    if sample.name in primitives:
        registered = sample.call.primitive.numpy
        functions = registered if isinstance(registered, tuple) else (registered,)
    for case in each_case(sample):
        args, options = prepare(case)
        if not leaves(args):
            continue
        expected = sample.call(*args, **options)
        for function in functions:
            out = function(*args, *options.values()) if function is np.astype else function(*args, **options)
            assert isinstance(out, mg.Tensor) and out.requires_grad == expected.requires_grad
            np.testing.assert_array_equal(out.numpy(), expected.numpy())


@rows(lambda s: s.differentiable, among=PRIMITIVE)
def test_only_what_is_named_is_saved(sample):
    op = sample.call.primitive
    for case in each_case(sample):
        args, options = prepare(case)
        out = sample.call(*args, **options)
        assert len(out._node.saved) == len(op.saves)
        for live in range(len(args)) if not op.variadic else ():
            if not isinstance(args[live], mg.Tensor) or op.rules[op.arrays[live]] is None:
                continue
            alone = [a.detach() if isinstance(a, mg.Tensor) and k != live else a for k, a in enumerate(args)]
            out = sample.call(*alone, **options)
            named = inspect.signature(op.rules[op.arrays[live]]).parameters
            expected = {**dict.fromkeys(op.arrays), **dict(zip(op.arrays, alone, strict=False)), "out": out._data}
            for name, kept in zip(op.saves, out._node.saved, strict=True):
                if name == "out" in named:  # a 0-d result may be kept as NumPy's scalar
                    np.testing.assert_array_equal(bare(kept), out.numpy())
                elif name in expected:
                    assert kept is (expected[name] if name in named else None), name
                elif name in op.options:
                    assert repr(kept) == repr(options.get(name, inspect.signature(op.body).parameters[name].default)), (
                        name
                    )
                else:
                    assert kept == np.shape(host(expected.get(op.shapes[name]))), name


@rows(lambda s: s.bad)
def test_bad_calls_are_refused_in_words(sample):
    for call, kind, pattern in sample.bad:
        with pytest.raises(kind) as caught:
            call()
        text = "\n".join([str(caught.value), *getattr(caught.value, "__notes__", ())])
        assert re.search(pattern, text, re.DOTALL), f"{pattern!r} is not in {text!r}"


# On other devices


@pytest.fixture(params=["standin", pytest.param("cuda", marks=pytest.mark.gpu)])
def device(request):
    try:
        return get_device(request.param).name
    except DeviceError as error:
        pytest.skip(str(error))


@rows()
def test_a_device_gives_what_numpy_gives(sample, device):
    for case in each_case(sample, some(sample.cases, 2, 1) if device == "standin" else None):
        out, grads = gradients(sample, case)
        there, moved = gradients(sample, case, device)
        assert there.device == device and all(g.device == device for g in moved if isinstance(g, mg.Tensor))
        close([there, *moved], [out, *grads], rtol=1e-9)
        if sample.differentiable:
            close(second_order(sample, case, device), second_order(sample, case), rtol=1e-9)


def test_to_device_carries_gradients_back(device):
    x = mg.tensor([1.0, 2.0], requires_grad=True)
    y = x.to(device)
    assert y.device == device and y.to(device) is y
    (y * y).sum().backward()
    assert x.grad.device == "cpu" and x.grad.tolist() == [2, 4]
    with pytest.raises(Exception, match=r"add|host array|Unsupported type"):
        x + y


def test_the_stand_in_refuses_what_cupy_refuses():
    a, b = standin.StandIn(np.ones(2)), np.ones(2)
    for refused in (lambda: np.asarray(a), lambda: a + b, lambda: b + a, lambda: np.add.reduce(a),
                    lambda: np.add.at(a, [0], 1), lambda: np.select([a > 0], [a]), lambda: np.where(b > 0, a, a),
                    lambda: a.__setitem__(0, b), lambda: a.dot(b), lambda: hash(a),
                    lambda: a.flags.writeable):  # fmt: skip
        with pytest.raises((TypeError, AttributeError)):
            refused()
    assert type(a.sum()) is type(np.float64(2) * a) is type(a[0]) is type(np.arange(3, like=a)) is standin.StandIn


# Against PyTorch


@rows(lambda s: s.torch)
def test_values_and_gradients_equal_pytorchs(sample):
    torch = pytest.importorskip("torch")
    function = sample.torch
    if isinstance(function, str):
        function = lambda m, *args, **options: getattr(m, sample.torch)(*args, **options)
    for case in each_case(sample):
        args = [torch.tensor(a, requires_grad=is_float(a)) if isinstance(a, np.ndarray) else a for a in case.args]
        if any(isinstance(a, int | float) for a in args) or case.options.get("axis") == ():
            continue  # torch's functions take tensors; no axis means all axes there
        if {"where", "initial"} & set(case.options):
            continue  # it has no masks
        theirs = function(torch, *args, **case.options)
        out, grads = gradients(sample, case)
        theirs.backward(torch.tensor(weights(out.shape)))
        slopes = [a.grad.numpy() for a in args if getattr(a, "requires_grad", False)]
        close([out, *grads], [theirs.detach().numpy(), *slopes], rtol=1e-9)


def test_erf_is_exact_to_the_last_digits():
    mpmath = pytest.importorskip("mpmath")
    x = np.concatenate([np.linspace(-6, 6, 241), np.linspace(6, 26, 41), [1e-300, 1e-10, 0.46875, 4.0, 27.0]])
    for ours, theirs in ((mg.erf, mpmath.erf), (mg.erfc, mpmath.erfc)):
        np.testing.assert_allclose(ours(x), [float(theirs(v)) for v in x], rtol=1e-14)


# The tests themselves


def test_every_primitive_has_a_row_and_every_row_an_operation():
    assert set(primitives) == {s.name for s in PRIMITIVE}
    assert len(BY_NAME) == len(ROWS), "two rows of one name"
    assert all(primitives[s.name] is s.call for s in PRIMITIVE)


def test_every_public_operation_has_a_row():
    # nothing to differentiate
    elsewhere = {f"minigrad.ops.{name}" for name in ("comparisons", "creation", "positions", "random")}
    public = {
        value.__name__
        for value in [*vars(mg).values(), *vars(getattr(mg, 'linalg', mg)).values()]
        if callable(value) and (home := getattr(value, "__module__", "")).startswith("minigrad.ops.")
        and home not in elsewhere
    }  # fmt: skip
    assert public <= set(BY_NAME)


@over("name", primitives, name=str)
def test_every_argument_has_a_rule_or_is_declared_not_differentiable(name):
    op = primitives[name].primitive
    assert list(op.rules) == op.arrays
    assert any(op.rules.values()) == BY_NAME[name].differentiable


@rows(lambda s: s.slopes and len(s.slopes) < 3)
def test_element_wise_rows_cover_every_kind_of_shape(sample):
    shapes = {a.shape for case in sample.cases for a in floats(case)}
    assert shapes >= (set(SHAPES) if len(sample.slopes) == 1 else {(), (0,), (2, 3), (2, 0)})


def scaled(pull, variadic):
    """Return a rule that is wrong by a thousandth (or, where it always answers 0, that answers 0.001)."""

    def wrong(dx):
        return dx * 1.001 if np.any(dx) else dx + 0.001

    return lambda *values: [wrong(dx) for dx in pull(*values)] if variadic else wrong(pull(*values))


RULES = [(name, a) for name, f in primitives.items() for a, rule in f.primitive.rules.items() if rule]


@over("rule", RULES, name="-".join)
def test_a_rule_that_is_wrong_by_a_thousandth_is_caught(rule, monkeypatch):
    name, argument = rule
    op = primitives[name].primitive
    sample: Sample = BY_NAME[name]
    check_first_order(sample)
    with monkeypatch.context() as patched:
        patched.setitem(op.rules, argument, scaled(op.rules[argument], op.variadic))
        with pytest.raises(AssertionError):
            check_first_order(sample)
