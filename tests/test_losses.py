"""Every loss: its formula by hand and PyTorch's number, every reduction and base, the notes' examples, and refusals."""

from __future__ import annotations

import inspect
import itertools
import re
import warnings

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn
from minigrad.errors import DtypeError, ShapeError

F = nn.functional
RNG = np.random.default_rng(0)


def leaf(values, dtype="float64"):
    return mg.tensor(np.asarray(values, dtype), requires_grad=True)


def sigma(z):
    return 1 / (1 + np.exp(-z))


def softmax(z):
    e = np.exp(z)
    return e / e.sum(axis=-1, keepdims=True)


def bce(o, y):
    return -(y * np.log(o) + (1 - y) * np.log(1 - o))


def picked(scores, labels):
    return scores[np.arange(len(labels)), labels]


def smooth(y, eps):
    return (1 - eps) * y + eps / y.shape[-1]


O, Y = RNG.uniform(0.05, 0.95, (4, 3)), RNG.uniform(0, 1, (4, 3))  # noqa: E741
Z, T = RNG.normal(0, 2, (4, 3)), RNG.normal(0, 2, (4, 3))
Q, LABELS = softmax(Z), np.array([2, 0, 1, 2])
HOT, SOFT = np.eye(3)[LABELS], softmax(T)

# name: function, input, target, the single losses by hand, ∂(their sum)/∂input by hand, options, PyTorch's function
LOSSES = {
    "mse": (F.mse_loss, Z, T, (Z - T) ** 2, 2 * (Z - T), {}, "mse_loss"),
    "half mse": (F.mse_loss, Z, T, (Z - T) ** 2 / 2, Z - T, {"half": True}, None),
    "l1": (F.l1_loss, Z, T, np.abs(Z - T), np.sign(Z - T), {}, "l1_loss"),
    "huber": (
        F.huber_loss, Z, T, np.where(np.abs(Z - T) <= 1, (Z - T) ** 2 / 2, np.abs(Z - T) - 0.5),
        np.clip(Z - T, -1, 1), {}, "huber_loss",
    ),
    "huber 2": (
        F.huber_loss, Z, T, np.where(np.abs(Z - T) <= 2, (Z - T) ** 2 / 2, 2 * (np.abs(Z - T) - 1)),
        np.clip(Z - T, -2, 2), {"delta": 2.0}, "huber_loss",
    ),
    "bce": (F.binary_cross_entropy, O, Y, bce(O, Y), (O - Y) / (O * (1 - O)), {}, "binary_cross_entropy"),
    "multilabel": (
        F.multilabel_cross_entropy, O, Y, bce(O, Y).sum(axis=-1), (O - Y) / (O * (1 - O)), {}, None
    ),
    "bce with logits": (
        F.binary_cross_entropy_with_logits, Z, Y, bce(sigma(Z), Y), sigma(Z) - Y, {}, "binary_cross_entropy_with_logits"
    ),
    "cross entropy": (F.cross_entropy, Z, LABELS, -np.log(picked(Q, LABELS)), Q - HOT, {}, "cross_entropy"),
    "one-hot": (F.cross_entropy, Z, HOT, -np.log(picked(Q, LABELS)), Q - HOT, {}, "cross_entropy"),
    "soft": (F.cross_entropy, Z, SOFT, -(SOFT * np.log(Q)).sum(-1), Q - SOFT, {}, "cross_entropy"),
    "soft, of any sum": (
        F.cross_entropy, Z, Y, -(Y * np.log(Q)).sum(-1), Q * Y.sum(-1, keepdims=True) - Y, {}, "cross_entropy"
    ),
    "smoothed": (
        F.cross_entropy, Z, LABELS, -(smooth(HOT, 0.3) * np.log(Q)).sum(-1), Q - smooth(HOT, 0.3),
        {"label_smoothing": 0.3}, "cross_entropy",
    ),
    "smoothed soft": (
        F.cross_entropy, Z, SOFT, -(smooth(SOFT, 1.0) * np.log(Q)).sum(-1), Q - smooth(SOFT, 1.0),
        {"label_smoothing": 1.0}, "cross_entropy",
    ),
    "nll": (F.nll_loss, np.log(Q), LABELS, -np.log(picked(Q, LABELS)), -HOT, {}, "nll_loss"),
    "log likelihood": (F.log_likelihood, Q, LABELS, -np.log(picked(Q, LABELS)), -HOT / Q, {}, None),
    "kl": (F.kl_div, np.log(Q), SOFT, SOFT * (np.log(SOFT) - np.log(Q)), -SOFT, {}, "kl_div"),
    "kl of logs": (
        F.kl_div, np.log(Q), np.log(SOFT), SOFT * (np.log(SOFT) - np.log(Q)), -SOFT, {"log_target": True}, "kl_div"
    ),
}
BASED = [name for name, row in LOSSES.items() if "base" in inspect.signature(row[0]).parameters]


def reduced(losses, reduction):
    return {"mean": losses.mean, "sum": losses.sum, "none": losses.copy}[reduction]()


def test_the_table_has_every_loss():
    activations = {"elu", "gelu", "leaky_relu", "linear", "log_sigmoid", "log_softmax", "relu", "sigmoid", "silu",
                   "softmax", "softplus"}
    assert {row[0].__name__ for row in LOSSES.values()} == set(F.__all__) - activations


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("name", LOSSES)
def test_value_and_gradient_by_hand_and_by_pytorch(name, reduction, request):
    function, input, target, losses, slope, options, theirs = LOSSES[name]
    x = leaf(input)
    out = function(x, target, reduction=reduction, **options)
    g = RNG.uniform(0.5, 2, out.shape)
    out.backward(mg.tensor(g))
    np.testing.assert_allclose(out.numpy(), reduced(losses, reduction), rtol=1e-12)
    wide = g.reshape(g.shape + (1,) * (input.ndim - g.ndim))
    count = losses.size if reduction == "mean" else 1
    np.testing.assert_allclose(x.grad.numpy(), slope * wide / count, rtol=1e-11, atol=1e-14)
    if theirs is not None:
        torch = request.getfixturevalue("torch")
        tx = torch.from_numpy(input.copy()).requires_grad_()
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "reduction: 'mean' divides")  # PyTorch's kl_div on its own convention
            loss = getattr(torch.nn.functional, theirs)
            expected = loss(tx, torch.from_numpy(target), reduction=reduction, **options)
        expected.backward(torch.from_numpy(np.array(g)))
        np.testing.assert_allclose(out.numpy(), expected.detach().numpy(), rtol=1e-12)
        np.testing.assert_allclose(x.grad.numpy(), tx.grad.numpy(), rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize(("name", "reduction", "base"), list(itertools.product(BASED, ["mean", "none"], [2, 10, 0.5])))
def test_bases_divide_value_and_gradient_by_their_logarithm(name, reduction, base):
    function, input, target, losses, _, options, _ = LOSSES[name]
    x, nats = leaf(input), leaf(input)
    out = function(x, target, reduction=reduction, base=base, **options)
    np.testing.assert_allclose(out.numpy(), reduced(losses, reduction) / np.log(base), rtol=1e-12)
    out.sum().backward()
    function(nats, target, reduction=reduction, **options).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), nats.grad.numpy() / np.log(base), rtol=1e-12)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("name", LOSSES)
def test_derivatives_of_first_and_second_order(name, reduction):
    function, input, target, _, _, options, _ = LOSSES[name]
    options = {**options, **({"base": 2} if name in BASED else {}), "reduction": reduction}
    assert mg.gradcheck(lambda x: function(x, target, **options), leaf(input), order=2)
    if target.dtype.kind == "f":  # and towards targets that are learned, the other output of a pair say
        inside = 0.9 * target + 0.03 if target is HOT else target
        x = mg.tensor(input)
        assert mg.gradcheck(lambda y: function(x, y, **options), leaf(inside), order=2)


@pytest.mark.parametrize("log_target", [False, True])
def test_kl_batchmean_is_the_divergence(torch, log_target):
    target, q = (np.log(SOFT) if log_target else SOFT), leaf(np.log(Q))
    out = F.kl_div(q, target, reduction="batchmean", log_target=log_target)
    expected = torch.nn.functional.kl_div(
        torch.from_numpy(np.log(Q)), torch.from_numpy(target), reduction="batchmean", log_target=log_target
    )
    assert out.item() == pytest.approx(expected.item(), rel=1e-12)
    assert out.item() == pytest.approx((SOFT * np.log(SOFT / Q)).sum() / 4, rel=1e-12)
    assert F.kl_div(q, target, reduction="batchmean", log_target=log_target, base=2).item() == pytest.approx(
        out.item() / np.log(2))
    out.backward()
    np.testing.assert_allclose(q.grad.numpy(), -SOFT / 4)


def test_kl_of_equal_distributions_and_of_certain_ones_is_exact():
    assert F.kl_div(mg.log(mg.tensor(SOFT)), SOFT).item() == pytest.approx(0, abs=1e-16)
    assert F.kl_div(mg.tensor([[-1.0, -2.0]]), [[0, 1]], reduction="sum").item() == 2  # 0 ln 0 = 0


# The notes


@pytest.mark.parametrize(("call", "value"), [
    (lambda: F.binary_cross_entropy(leaf([0.98]), [1], base=2), "0.0291"),
    (lambda: F.binary_cross_entropy(leaf([0.0001]), [1], base=2), "13.2877"),  # printed as o = 0.001 (E1)
    (lambda: F.binary_cross_entropy(leaf([0.001]), [1], base=2), "9.9658"),
    (lambda: F.log_likelihood(leaf([[0.1132, 0.0508, 0.8360]]), [2 - 1], base=2), "4.2990"),
    (lambda: F.log_likelihood(leaf([[0.1132, 0.0508, 0.8360]]), [3 - 1], base=2), "0.2584"),
])
def test_the_numbers_of_the_notes(call, value):
    assert f"{call():.4f}" == value


UNIT = list(itertools.product([-3.0, 0.4, 2.5], [0.0, 0.3, 1.0]))


def unit(x, y, loss):
    """∂e/∂w, ∂e/∂b of one logistic unit z = wx + b, and its output."""
    w, b = leaf(0.7), leaf(-0.2)
    z = w * x + b
    loss(z, y).backward()
    return w.grad.item(), b.grad.item(), sigma(z.item())


@pytest.mark.parametrize(("x", "y"), UNIT)
def test_n1_half_squared_error_carries_the_slope_of_sigma(x, y):
    dw, db, o = unit(x, y, lambda z, y: F.mse_loss(mg.sigmoid(z), y, half=True))
    assert dw == pytest.approx(-(y - o) * x * o * (1 - o), rel=1e-12)
    assert db == pytest.approx(-(y - o) * o * (1 - o), rel=1e-12)


@pytest.mark.parametrize("base", [None, 2])
@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize(("x", "y"), UNIT)
def test_n4_the_chain_ends_in_x_times_o_minus_y(x, y, fused, base):
    def loss(z, y):
        if fused:
            return F.binary_cross_entropy_with_logits(z, y, base=base)
        return F.binary_cross_entropy(mg.sigmoid(z), y, base=base)

    dw, db, o = unit(x, y, loss)
    per_nat = 1 if base is None else 1 / np.log(2)  # E2
    assert dw == pytest.approx(x * (o - y) * per_nat, rel=1e-12)
    assert db == pytest.approx((o - y) * per_nat, rel=1e-12)


def test_n5_outputs_are_independent_and_summed():
    z = leaf(Z)
    F.multilabel_cross_entropy(mg.sigmoid(z), Y, reduction="sum").backward()
    np.testing.assert_allclose(z.grad.numpy(), sigma(Z) - Y, rtol=1e-12)
    both = F.multilabel_cross_entropy(mg.tensor(O), Y, reduction="none", base=2).numpy()
    np.testing.assert_allclose(both, F.binary_cross_entropy(mg.tensor(O), Y, reduction="none", base=2).numpy().sum(1))
    assert F.multilabel_cross_entropy(mg.tensor([0.5, 0.5]), [0, 1], base=2).item() == 2


@pytest.mark.parametrize("loss", [
    lambda z: F.cross_entropy(z, LABELS, reduction="sum"),
    lambda z: F.nll_loss(mg.log_softmax(z), LABELS, reduction="sum"),
    lambda z: F.log_likelihood(mg.softmax(z), LABELS, reduction="sum"),
], ids=["cross_entropy", "nll of log_softmax", "log likelihood of softmax"])
def test_n7_softmax_and_log_likelihood_give_o_minus_onehot(loss):
    z = leaf(Z)
    loss(z).backward()
    np.testing.assert_allclose(z.grad.numpy(), Q - HOT, rtol=1e-11, atol=1e-15)


# Extremes


@pytest.mark.parametrize(("z", "y", "value", "slope"), [
    (1e4, 1, 0, 0), (1e4, 0, 1e4, 1), (-1e4, 0, 0, 0), (-1e4, 1, 1e4, -1), (-1e4, 0.5, 5e3, -0.5),
    (0, 1, np.log(2), -0.5),
])
def test_huge_logits_give_finite_right_float32(z, y, value, slope):
    x = leaf([z], "float32")
    loss = F.binary_cross_entropy_with_logits(x, [y])
    loss.backward()
    assert loss.dtype == x.grad.dtype == np.float32
    assert (loss.item(), x.grad.item()) == pytest.approx((value, slope), rel=1e-6)
    two = leaf([[0, z]], "float32")  # the same as a softmax of two classes
    for target in ([[1 - y, y]], *([[int(y)]] if y in (0, 1) else [])):
        two.grad = None
        loss = F.cross_entropy(two, target)
        loss.backward()
        assert loss.item() == pytest.approx(value, rel=1e-6)
        assert two.grad.tolist()[0] == pytest.approx([-slope, slope], rel=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("y", [0.0, 0.25, 1.0])
@pytest.mark.parametrize("o", [0.0, 1e-50, 1.0])
def test_saturated_probabilities_are_finite_and_push_the_right_way(o, y, dtype):
    most = -np.log(np.finfo(dtype).tiny)
    for loss in (F.binary_cross_entropy, F.multilabel_cross_entropy):
        x = leaf([[o]], dtype)
        out = loss(x, [[y]])
        out.backward()
        assert 0 <= out.item() <= most * 1.0001 and np.isfinite(x.grad.numpy()).all()
        assert np.sign(x.grad.item()) == np.sign(round(o) - y) or y == round(o)
    x = leaf([[o, 1 - o]], dtype)
    out = F.log_likelihood(x, [0])
    out.backward()
    assert out.item() == pytest.approx(-np.log(max(x.data[0, 0], np.finfo(dtype).tiny))) and x.grad.data[0, 0] < 0


# Dtypes and targets

KINDS = {
    "float64": lambda a: a.astype(np.float64), "int": lambda a: a.astype(int), "bool": lambda a: a.astype(bool),
    "list": lambda a: a.tolist(), "Tensor": lambda a: mg.tensor(a.astype(np.float64)),
    "list of ints": lambda a: a.astype(int).tolist(), "Tensor of ints": lambda a: mg.tensor(a.astype(int)),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", [n for n, row in LOSSES.items() if row[2].dtype.kind == "f"])
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_the_dtype_is_the_inputs_whatever_the_target_is(name, kind, dtype):
    function, input, target, _, _, options, _ = LOSSES[name]
    target = np.round(np.abs(target) % 1)
    x = leaf(input, dtype)
    out = function(x, KINDS[kind](target), **options)
    out.backward()
    assert out.dtype == x.grad.dtype == dtype and np.isfinite(x.grad.numpy()).all()
    wanted = function(leaf(input), target, **options).item()
    assert out.item() == pytest.approx(wanted, rel=1e-5 if dtype == "float32" else 2e-2, abs=1e-3)


@pytest.mark.parametrize(
    "target", [LABELS.tolist(), LABELS.astype(np.uint8), mg.tensor(LABELS), LABELS.astype(np.int32)]
)
def test_labels_of_every_integer_kind(target):
    x = leaf(Z, "float32")
    for loss in (F.cross_entropy, F.nll_loss):
        out = loss(x, target, base=2)
        assert out.dtype == np.float32 and out.item() == pytest.approx(loss(x, LABELS, base=2).item())


def test_arrays_and_lists_of_floats_are_inputs_too():
    assert F.mse_loss([1.0, 3.0], [0, 0]).item() == F.mse_loss(np.array([1.0, 3.0]), [0, 0]).item() == 5


# Modules

MODULES = {
    nn.MSELoss: ("mse", {"half": True, "reduction": "sum"}), nn.L1Loss: ("l1", {"reduction": "sum"}),
    nn.HuberLoss: ("huber", {"delta": 0.3}), nn.BCELoss: ("bce", {"base": 2}),
    nn.BCEWithLogitsLoss: ("bce with logits", {"base": 10, "reduction": "none"}),
    nn.CrossEntropyLoss: ("cross entropy", {"label_smoothing": 0.1, "base": 2}),
    nn.NLLLoss: ("nll", {"reduction": "none"}), nn.KLDivLoss: ("kl", {"reduction": "batchmean", "base": 2}),
    nn.MultilabelCrossEntropyLoss: ("multilabel", {"base": 2, "reduction": "sum"}),
    nn.LogLikelihoodLoss: ("log likelihood", {"base": 2}),
}


def test_every_loss_module_is_in_the_table():
    assert set(MODULES) == {m for m in vars(nn).values() if isinstance(m, type) and issubclass(m, nn.Loss)} - {nn.Loss}


@pytest.mark.parametrize("module", MODULES)
def test_a_loss_module_is_its_function(module):
    name, options = MODULES[module]
    function, input, target, *_ = LOSSES[name]
    for given in ({}, options):
        made = module(**given)
        assert np.array_equal(made(leaf(input), target).numpy(), function(leaf(input), target, **given).numpy())
        assert repr(made) == f"{module.__name__}({', '.join(f'{k}={v!r}' for k, v in given.items())})"
        assert not made.state_dict() and not list(made.parameters())
    with pytest.raises(TypeError, match=rf"^{module.__name__}: unknown option redution, weight; it takes reduction"):
        module(weight=None, redution="sum")


@pytest.mark.parametrize("module", MODULES)
def test_a_loss_module_refuses_bad_options_when_it_is_built(module):
    name = module.__name__
    for misplaced, got in (("mean", "str 'mean'"), (np.ones(2), r"float64\[2\]")):
        form = rf"write {name}\(reduction='mean'.*: {name}\(\)\(input, target\)$"
        with pytest.raises(TypeError, match=f"^{name}: options are given by name, got {got}; {form}"):
            module(misplaced, misplaced)
    with pytest.raises(ValueError, match=f'^{name}: reduction must be "mean", "sum" or "none", got \'avg\''):
        module(reduction="avg")
    if MODULES[module][0] in BASED:
        with pytest.raises(ValueError, match=f"^{name}: base must be positive and not 1 .*got 1$"):
            module(base=1)
    if module is not nn.KLDivLoss:
        with pytest.raises(ValueError, match="got 'batchmean'"):
            module(reduction="batchmean")


# Warnings: activations applied twice


@pytest.mark.parametrize(("loss", "activation", "target", "instead"), [
    (F.cross_entropy, mg.softmax, LABELS, "log_likelihood"),
    (nn.CrossEntropyLoss(), nn.Softmax(), HOT, "log_likelihood"),
    (F.binary_cross_entropy_with_logits, mg.sigmoid, Y, "binary_cross_entropy"),
    (nn.BCEWithLogitsLoss(base=2), nn.Sigmoid(), Y, "binary_cross_entropy"),
])
def test_an_activation_applied_twice_is_told_at_the_users_line(loss, activation, target, instead):
    out = activation(leaf(Z))
    name = "softmax" if instead == "log_likelihood" else "sigmoid"
    text = rf"was given the output of {name}, but it wants logits .*Leave out the {name}, or use {instead}$"
    with pytest.warns(UserWarning, match=text) as caught:
        line = inspect.currentframe().f_lineno + 1
        loss(out, target)
    assert [(w.filename, w.lineno) for w in caught] == [(__file__, line)]


def test_logits_and_logarithms_do_not_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        F.cross_entropy(mg.log_softmax(leaf(Z)), LABELS)
        F.cross_entropy(mg.softmax(leaf(Z)) * 1, LABELS)
        F.binary_cross_entropy(mg.sigmoid(leaf(Z)), Y)
        F.binary_cross_entropy_with_logits(mg.softmax(leaf(Z)), Y)


# Refusals

PAIRS = [row for name, row in LOSSES.items() if name not in ("cross entropy", "smoothed", "nll", "log likelihood")]
PAIRED = {row[0] for row in PAIRS}
CLASSED = {F.cross_entropy, F.nll_loss, F.log_likelihood}
BCE = {F.binary_cross_entropy, F.binary_cross_entropy_with_logits, F.multilabel_cross_entropy}
CHANCES = {F.binary_cross_entropy, F.multilabel_cross_entropy, F.log_likelihood}  # inputs are probabilities
by_name = {"key": lambda f: f.__name__}


@pytest.mark.parametrize("function", sorted(PAIRED - {F.cross_entropy}, **by_name))
@pytest.mark.parametrize("shape", [(4,), (1, 4), (4, 2), ()])
def test_shapes_must_be_equal_and_are_never_broadcast(function, shape):
    column = mg.tensor(np.full((4, 1), 0.5, np.float32))
    mend = "; they have as many elements: write target.reshape([4, 1])" if np.prod(shape) == 4 else ""
    given = f"the input is float32[4, 1], the target is float64{list(shape)}; shapes must be equal{mend}"
    with pytest.raises(ShapeError, match=f"^{re.escape(f'{function.__name__}: {given}')}$"):
        function(column, np.full(shape, 0.5))


@pytest.mark.parametrize("function", sorted(CLASSED, **by_name))
@pytest.mark.parametrize(("labels", "kind", "text"), [
    ([0, 3, 1, 0], ValueError, "must lie in 0 … 2 for 3 classes, label 1 is 3; labels that count from 1 need - 1$"),
    ([0, 1, -1, 0], ValueError, "label 2 is -1"),
    ([0.0, 1.0, 2.0, 0.0], DtypeError, r"labels must be integers, got float64\[4\]; convert them with \.astype\(int\)"),
    ([0, 1, float("nan"), 0], DtypeError, "class labels must be integers"),
    ([True, False, True, True], DtypeError, r"got bool\[4\]"),
    ([0, 1, 2], ShapeError, r"needs an input \(N, C\) and class labels \(N,\), got float32\[4, 3\] and int64\[3\]"),
    ([[[0]], [[1]], [[2]], [[0]]], ShapeError, r"int64\[4, 1, 1\]"),
    (1, ShapeError, r"int64\[\]"),
])
def test_bad_labels(function, labels, kind, text):
    for target in (labels, mg.tensor(np.array(labels))):
        with pytest.raises(kind, match=rf"^{function.__name__}: .*{text}"):
            function(mg.tensor(Q.astype(np.float32)), target)


@pytest.mark.parametrize("function", sorted(CLASSED, **by_name))
def test_classes_want_a_matrix(function):
    with pytest.raises(ShapeError, match=rf"^{function.__name__}: .*got float32\[3\] and int64\[3\]"):
        function(mg.tensor([0.1, 0.2, 0.7]), [0, 1, 2])


@pytest.mark.parametrize("function", sorted(CHANCES | BCE | {F.kl_div, F.cross_entropy}, **by_name))
@pytest.mark.parametrize("bad", [-0.01, 1.01, float("nan"), float("inf")])
def test_probabilities_outside_the_unit_interval(function, bad):
    good, wrong = np.full((2, 2), 0.5), np.array([[0.5, 0.5], [bad, 0.5]])
    cases = [(wrong, [0, 1] if function in CLASSED else good, "outputs")] if function in CHANCES else []
    cases += [(good, wrong, "targets")] if function is not F.log_likelihood else []
    for input, target, what in cases:
        text = rf"^{function.__name__}: {what} must lie in \[0, 1\], the one at \[1, 0\] is {bad}"
        with pytest.raises(ValueError, match=text):
            function(mg.tensor(input), target)


@pytest.mark.parametrize("name", LOSSES)
def test_options_and_inputs_that_are_refused_by_every_loss(name):
    function, input, target, _, _, given, _ = LOSSES[name]
    call = function.__name__
    for reduction in ("avg", None, "Mean"):
        with pytest.raises(ValueError, match=f'^{call}: reduction must be "mean", "sum" or "none", got {reduction!r}'):
            function(leaf(input), target, reduction=reduction)
    text = rf"^{call}: the input must be floating, got int64\[4, 3\]; convert it with \.astype\('float32'\)$"
    with pytest.raises(DtypeError, match=text):
        function(mg.tensor(input.astype(int)), target)
    for base in (1, 0, -2, float("nan")) if name in BASED else ():
        with pytest.raises(ValueError, match=rf"base must be positive and not 1 .*got {base!r}"):
            function(leaf(input), target, base=base, **given)


@pytest.mark.parametrize(("call", "text"), [
    (lambda: F.huber_loss(leaf([1]), [0], delta=0), "huber_loss: delta must be positive and finite, got 0"),
    (lambda: F.huber_loss(leaf([1]), [0], delta=float("nan")), "delta must be positive and finite, got nan"),
    (lambda: F.cross_entropy(leaf(Z), LABELS, label_smoothing=1.1), r"label_smoothing must be in \[0, 1\], got 1\.1"),
    (lambda: F.cross_entropy(leaf(Z), LABELS, label_smoothing=float("nan")), "got nan"),
    (lambda: F.cross_entropy(leaf(Z), HOT[:, :2]), r"the input is float64\[4, 3\], the target is float64\[4, 2\]"),
    (lambda: F.mse_loss(leaf([1]), [0], reduction="batchmean"), "mse_loss: reduction must be"),
])
def test_other_options(call, text):
    with pytest.raises(ValueError, match=text):
        call()


def test_probabilities_where_logarithms_belong_are_told():
    with pytest.warns(UserWarning, match="nll_loss was given the output of softmax.*log_softmax"):
        F.nll_loss(mg.softmax(mg.tensor([[1.0, 2.0]], requires_grad=True)), [0])


def test_one_class_is_no_choice():
    with pytest.raises(ShapeError, match=r"of one class the loss is always 0.*binary_cross_entropy_with_logits"):
        F.cross_entropy(mg.tensor([[1.0], [2.0]]), [0, 0])


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize(("name", "options"), [("cross_entropy", {}), ("cross_entropy", {"label_smoothing": 0.1}),
                                               ("nll_loss", {})])  # fmt: skip
def test_an_ignored_label_has_no_part_in_the_loss(torch, name, options, reduction):
    z = np.log(np.random.default_rng(0).dirichlet(np.ones(3), size=5))
    labels = np.array([2, -100, 0, -100, 1])
    x, tx = mg.tensor(z, requires_grad=True), torch.from_numpy(z).requires_grad_()
    loss = getattr(F, name)(x, labels, reduction=reduction, ignore_index=-100, **options)
    expected = getattr(torch.nn.functional, name)(tx, torch.from_numpy(labels), reduction=reduction, **options)
    np.testing.assert_allclose(loss.numpy(), expected.detach().numpy(), rtol=1e-12)
    loss.sum().backward()
    expected.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), tx.grad.numpy(), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("loss", [F.cross_entropy, F.nll_loss])
def test_where_every_label_is_ignored_loss_and_gradient_are_0(loss, dtype):
    z = mg.tensor([[np.nan, 1.0], [np.inf, -np.inf]], dtype=dtype, requires_grad=True)
    for reduction in ("mean", "sum", "none"):
        z.grad = None
        value = loss(z, [7, 7], ignore_index=7, reduction=reduction)
        value.sum().backward()
        assert value.dtype == dtype and not value.numpy().any() and z.grad.tolist() == [[0, 0], [0, 0]]


def test_ignored_labels_in_bits_and_as_a_module():
    z, labels = mg.tensor([[0.0, 0.0], [5.0, 1.0]]), mg.tensor([1, 9])
    assert nn.CrossEntropyLoss(ignore_index=9, base=2)(z, labels).item() == 1
    with pytest.raises(ValueError, match=r"cross_entropy: ignore_index is for labels .*float32\[2, 2\]"):
        F.cross_entropy(z, z * 0 + 0.5, ignore_index=0)
    with pytest.raises(ValueError, match="label 1 is 9"):
        F.cross_entropy(z, labels, ignore_index=-100)
    with pytest.raises(TypeError, match="nll_loss: ignore_index must be an integer, got str 'a'"):
        F.nll_loss(z, labels, ignore_index="a")
