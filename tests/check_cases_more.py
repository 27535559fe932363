"""More derivations for `lab.check`: other models, other styles, other sizes."""

import numpy as np
from check_cases import CASES, Case, one_hot, right, rng, sigmoid, softmax, wrong

import minigrad as mg
from minigrad import nn

F = nn.functional
X, Y = rng(40).normal(size=(8, 3)), rng(41).integers(0, 2, size=8).astype(float)


# Logistic regression of a batch, with the library's fused loss


def logistic(w, b):
    return F.binary_cross_entropy_with_logits(X @ w + b, Y)


def logistic_args():
    return rng(42).normal(size=3), np.array(0.1)


@right
def logistic_regression():
    def hand(w, b):
        d = sigmoid(X @ w + b) - Y
        return X.T @ d / 8, d.mean()

    return logistic, hand, logistic_args()


def _logistic(name, *ids, **change):
    def make():
        def hand(w, b):
            z = X @ w + b
            o = sigmoid(z)
            d = change["delta"](z, o)
            return X.T @ d / 8, d.mean()

        return logistic, hand, logistic_args()

    make.__name__ = name
    CASES.append(Case(name, make, ids))


_logistic("logistic_regression_sigmoid_twice", "local-derivative-twice", delta=lambda z, o: (o - Y) * o * (1 - o))
_logistic("logistic_regression_no_sigmoid_slope", "local-derivative-missing", delta=lambda z, o: (o - Y) / (o * (1 - o)))
_logistic("logistic_regression_sign", "sign", delta=lambda z, o: Y - o)
_logistic("logistic_regression_one_term", "branch-missing", delta=lambda z, o: -Y * (1 - o))
_logistic("logistic_regression_other_term", "branch-missing", delta=lambda z, o: (1 - Y) * o)
_logistic("logistic_regression_slope_at_z", "local-derivative-at-wrong-point", delta=lambda z, o: (o - Y) / (o * (1 - o)) * z * (1 - z))
_logistic("logistic_regression_tanh_slope", "local-derivative-at-wrong-point", "local-derivative-missing", "forward-differs", delta=lambda z, o: (o - Y) / (o * (1 - o)) * (1 - o**2))
_logistic("logistic_regression_forgot_log", "local-derivative-missing", delta=lambda z, o: -(Y * o - (1 - Y) * (1 - o)) * o * (1 - o) if False else -(Y - (1 - Y)) * o * (1 - o))


@wrong("unreduced")
def logistic_regression_weights_for_each_sample():
    def hand(w, b):
        d = sigmoid(X @ w + b) - Y
        return d[:, None] * X / 8, d.mean()

    return logistic, hand, logistic_args()


@wrong("sum-vs-mean")
def logistic_regression_weights_summed():
    def hand(w, b):
        d = sigmoid(X @ w + b) - Y
        return X.T @ d, d.mean()

    return logistic, hand, logistic_args()


@wrong("updated-too-early")
def logistic_regression_bias_after_the_weights_moved():
    def hand(w, b):
        dw = X.T @ (sigmoid(X @ w + b) - Y) / 8
        w = w - 0.5 * dw
        return dw, (sigmoid(X @ w + b) - Y).mean()

    return logistic, hand, logistic_args()


@wrong("updated-too-early")
def logistic_regression_after_the_whole_step():
    def hand(w, b):
        for _ in range(2):
            d = sigmoid(X @ w + b) - Y
            dw, db = X.T @ d / 8, d.mean()
            w, b = w - 0.3 * dw, b - 0.3 * db
        return dw, db

    return logistic, hand, logistic_args()


@wrong("updated-too-early")
def logistic_regression_updates_its_argument():
    def hand(w, b):
        dw = X.T @ (sigmoid(X @ w + b) - Y) / 8
        w -= 0.1 * dw
        return dw, (sigmoid(X @ w + b) - Y).mean()

    return logistic, hand, logistic_args()


@wrong("accumulated")
def logistic_regression_two_steps_with_updates():
    def hand(w, b):
        gw, gb = np.zeros(3), 0.0
        for _ in range(2):
            d = sigmoid(X @ w + b) - Y
            gw = gw + X.T @ d / 8
            gb = gb + d.mean()
            w, b = w - 0.1 * gw, b - 0.1 * gb
        return gw, gb

    return logistic, hand, logistic_args()


@wrong("accumulated")
def logistic_regression_that_remembers():
    kept = {"w": 0.0, "b": 0.0}

    def hand(w, b):
        d = sigmoid(X @ w + b) - Y
        kept["w"] = kept["w"] + X.T @ d / 8
        kept["b"] = kept["b"] + d.mean()
        return kept["w"], kept["b"]

    return logistic, hand, logistic_args()


@wrong("accumulated", "factor", "branch-twice")
def logistic_regression_added_twice():
    def hand(w, b):
        d = sigmoid(X @ w + b) - Y
        return 2 * X.T @ d / 8, 2 * d.mean()

    return logistic, hand, logistic_args()


@wrong("log-base")
def logistic_regression_decimal():
    def hand(w, b):
        d = sigmoid(X @ w + b) - Y
        return X.T @ d / 8, d.mean()

    return lambda w, b: F.binary_cross_entropy_with_logits(X @ w + b, Y, base=10), hand, logistic_args()


@right
def saturated_unit_with_a_formula_that_cancels():
    def hand(w):
        o = sigmoid(w * 30.0)
        return -(0.0 / o - 1.0 / (1 - o)) * o * (1 - o) * 30.0

    return lambda w: F.binary_cross_entropy_with_logits(w * 30.0, np.array(0.0)), hand, (np.array(1.0),)


@right
def large_scales():
    def hand(w):
        return 2e12 * X.T @ (X @ w)

    return lambda w: mg.sum((1e6 * (X @ w)) ** 2), hand, (rng(1).normal(size=3),)


@right
def tiny_scales():
    def hand(w):
        return 2e-20 * X.T @ (X @ w)

    return lambda w: mg.sum((1e-10 * (X @ w)) ** 2), hand, (rng(1).normal(size=3),)


@right
def at_the_minimum():
    w = np.linalg.lstsq(X, Y, rcond=None)[0]
    return lambda w: F.mse_loss(X @ w, Y), lambda w: 2 * X.T @ (X @ w - Y) / 8, (w,)


@right
def bias_with_a_kept_axis():
    def hand(w, b):
        d = (X @ w + b - 1) * 2
        return X.T @ d, d.sum(axis=0, keepdims=True)

    return lambda w, b: mg.sum((X @ w + b - 1) ** 2), hand, (rng(1).normal(size=(3, 2)), rng(2).normal(size=2))


# Weights (out, in) with `nn.functional.linear`, one-hot targets, three layers

T3 = one_hot(rng(43).integers(0, 4, size=8), 4)


def deep(w1, b1, w2, b2, w3, b3):
    h = mg.relu(F.linear(X, w1, b1))
    h = mg.tanh(F.linear(h, w2, b2))
    return F.cross_entropy(F.linear(h, w3, b3), T3)


def deep_args():
    r = rng(44)
    return tuple(r.normal(size=s) for s in ((5, 3), (5,), (6, 5), (6,), (4, 6), (4,)))


def deep_hand(w1, b1, w2, b2, w3, b3, *, slopes=(None, None), use=(None, None), delta=None):
    z1 = X @ w1.T + b1
    h1 = np.maximum(0, z1)
    z2 = h1 @ w2.T + b2
    h2 = np.tanh(z2)
    o = softmax(h2 @ w3.T + b3)
    d3 = (o - T3) / len(X) if delta is None else delta(o, T3)
    d2 = np.dot(d3, w3 if use[0] is None else use[0](w3, d3, h2)) * (1 - h2**2 if slopes[1] is None else slopes[1](z2, h2))
    d1 = np.dot(d2, w2) * ((z1 > 0) if slopes[0] is None else slopes[0](z1, h1))
    return d1.T @ X, d1.sum(0), d2.T @ h1, d2.sum(0), d3.T @ h2, d3.sum(0)


@right
def three_layers():
    return deep, deep_hand, deep_args()


@right
def three_layers_in_float32():
    return deep, deep_hand, tuple(a.astype(np.float32) for a in deep_args())


def _deep(name, *ids, **changes):
    def make():
        return deep, lambda *args: deep_hand(*args, **changes), deep_args()

    make.__name__ = name
    CASES.append(Case(name, make, ids))


_deep("three_layers_no_relu", "local-derivative-missing", slopes=(lambda z, h: 1.0, None))
_deep("three_layers_relu_as_tanh", "local-derivative-at-wrong-point", "local-derivative-missing", "forward-differs", slopes=(lambda z, h: 1 - h**2, None))
_deep("three_layers_no_tanh", "local-derivative-missing", slopes=(None, lambda z, h: 1.0))
_deep("three_layers_relu_of_value", "local-derivative-missing", slopes=(lambda z, h: h, None))
_deep("three_layers_cosh", "local-derivative-at-wrong-point", slopes=(None, lambda z, h: 1 - np.tanh(h) ** 2))
_deep("three_layers_updated_early", "updated-too-early", use=(lambda w, d, h: w - 0.05 * d.T @ h, None))
_deep("three_layers_summed", "sum-vs-mean", delta=lambda o, t: o - t)
_deep("three_layers_over_classes", "sum-vs-mean", delta=lambda o, t: (o - t) / 4)
_deep("three_layers_over_everything", "sum-vs-mean", delta=lambda o, t: (o - t) / 32)
_deep("three_layers_sign_and_tanh", "sign", "local-derivative-missing", delta=lambda o, t: (t - o) / 8, slopes=(None, lambda z, h: 1.0))
_deep("three_layers_relu_and_tanh", "local-derivative-missing", slopes=(lambda z, h: 1.0, lambda z, h: 1.0))
_deep("three_layers_labels_shifted", "unexplained", "wrong-node", "forward-differs", delta=lambda o, t: (o - np.roll(t, 1, axis=1)) / 8)


@wrong("wrong-node")
def three_layers_input_of_the_first_for_the_second():
    def hand(w1, b1, w2, b2, w3, b3):
        g = list(deep_hand(w1, b1, w2, b2, w3, b3))
        z1 = X @ w1.T + b1
        h1 = np.maximum(0, z1)
        h2 = np.tanh(h1 @ w2.T + b2)
        d3 = (softmax(h2 @ w3.T + b3) - T3) / 8
        d2 = d3 @ w3 * (1 - h2**2)
        g[2] = d2.T @ z1
        return g

    return deep, hand, deep_args()


@wrong("local-derivative-missing")
def three_layers_delta_for_one_weight_only():
    def hand(w1, b1, w2, b2, w3, b3):
        g = list(deep_hand(w1, b1, w2, b2, w3, b3))
        h1 = np.maximum(0, X @ w1.T + b1)
        h2 = np.tanh(h1 @ w2.T + b2)
        d3 = (softmax(h2 @ w3.T + b3) - T3) / 8
        g[2] = (d3 @ w3).T @ h1
        return g

    return deep, hand, deep_args()


@wrong("unreduced")
def three_layers_bias_of_the_second():
    def hand(w1, b1, w2, b2, w3, b3):
        g = list(deep_hand(w1, b1, w2, b2, w3, b3))
        h1 = np.maximum(0, X @ w1.T + b1)
        h2 = np.tanh(h1 @ w2.T + b2)
        d3 = (softmax(h2 @ w3.T + b3) - T3) / 8
        g[3] = d3 @ w3 * (1 - h2**2)
        return g

    return deep, hand, deep_args()


@wrong("transpose")
def three_layers_both_layouts():
    return deep, lambda *a: [g.T for g in deep_hand(*a)], deep_args()


@wrong("half")
def deep_penalty_half():
    def f(*args):
        return deep(*args) + 0.01 * (mg.sum(args[0] ** 2) + mg.sum(args[2] ** 2) + mg.sum(args[4] ** 2))

    def hand(*args):
        g = list(deep_hand(*args))
        return [a + 0.01 * p if a.ndim == 2 else a for a, p in zip(g, args, strict=True)]

    return (lambda w1, b1, w2, b2, w3, b3: f(w1, b1, w2, b2, w3, b3)), hand, deep_args()


@wrong("regularizer-missing")
def deep_penalty_missing():
    f = deep_penalty_half()[0]
    return f, deep_hand, deep_args()


@wrong("regularizer-missing")
def deep_penalty_missing_in_the_last_layer():
    def hand(*args):
        g = list(deep_hand(*args))
        g[0], g[2] = g[0] + 0.02 * args[0], g[2] + 0.02 * args[2]
        return g

    return deep_penalty_half()[0], hand, deep_args()


@wrong("regularizer-extra")
def deep_penalty_on_biases():
    def hand(*args):
        return [a + 0.02 * p for a, p in zip(deep_hand(*args), args, strict=True)]

    return deep_penalty_half()[0], hand, deep_args()


@wrong("regularizer-extra")
def deep_decay_that_the_loss_has_not():
    def hand(*args):
        return [a + 0.001 * p if p.ndim == 2 else a for a, p in zip(deep_hand(*args), args, strict=True)]

    return deep, hand, deep_args()


# One sample, column vectors


def column(w1, b1, w2, b2):
    x, y = X[0].reshape(3, 1), np.array([[0.2], [0.7]])
    a = mg.sigmoid(w1 @ x + b1)
    o = mg.sigmoid(w2 @ a + b2)
    return 0.5 * mg.sum((o - y) ** 2)


def column_args():
    r = rng(45)
    return r.normal(size=(4, 3)), r.normal(size=(4, 1)), r.normal(size=(2, 4)), r.normal(size=(2, 1))


def column_hand(w1, b1, w2, b2, out=None, hidden=None, back=None):
    x, y = X[0].reshape(3, 1), np.array([[0.2], [0.7]])
    z1 = w1 @ x + b1
    a = sigmoid(z1)
    z2 = w2 @ a + b2
    o = sigmoid(z2)
    d2 = (o - y) * (o * (1 - o) if out is None else out(z2, o))
    d1 = (w2.T @ d2 if back is None else back(w2, d2)) * (a * (1 - a) if hidden is None else hidden(z1, a))
    return d1 @ x.T, d1, d2 @ a.T, d2


@right
def column_vectors():
    return column, column_hand, column_args()


def _column(name, *ids, **changes):
    def make():
        return column, lambda *args: column_hand(*args, **changes), column_args()

    make.__name__ = name
    CASES.append(Case(name, make, ids))


_column("column_vectors_no_output_slope", "local-derivative-missing", out=lambda z, o: 1.0)
_column("column_vectors_twice", "local-derivative-twice", out=lambda z, o: (o * (1 - o)) ** 2)
_column("column_vectors_hidden_z", "local-derivative-at-wrong-point", hidden=lambda z, a: z * (1 - z))
_column("column_vectors_only_o", "local-derivative-missing", "local-derivative-at-wrong-point", hidden=lambda z, a: a)
_column("column_vectors_added_errors", "transpose", "wrong-node", "operands-swapped", "local-derivative-missing", "unexplained", back=lambda w, d: w.T @ np.ones_like(d) * d.sum())


# Normalising


def layer(x, gain, bias):
    mean = x.mean(axis=1, keepdims=True)
    var = ((x - mean) ** 2).mean(axis=1, keepdims=True)
    return mg.sum(((x - mean) / (var + 1e-5) ** 0.5 * gain + bias) ** 3)


def layer_hand(x, gain, bias, dx=None):
    s = np.sqrt(x.var(1, keepdims=True) + 1e-5)
    h = (x - x.mean(1, keepdims=True)) / s
    g = 3 * (h * gain + bias) ** 2
    gh = g * gain
    inner = gh - gh.mean(1, keepdims=True) - h * (gh * h).mean(1, keepdims=True) if dx is None else dx(gh, h)
    return inner / s, (g * h).sum(0), g.sum(0)


def layer_args():
    r = rng(46)
    return r.normal(size=(5, 4)), r.normal(size=4), r.normal(size=4)


@right
def layer_normalisation():
    return layer, layer_hand, layer_args()


@wrong("batchnorm-mean-constant")
def layer_normalisation_mean_constant():
    return layer, lambda *a: layer_hand(*a, dx=lambda g, h: g - h * (g * h).mean(1, keepdims=True)), layer_args()


@wrong("batchnorm-variance-constant")
def layer_normalisation_variance_constant():
    return layer, lambda *a: layer_hand(*a, dx=lambda g, h: g - g.mean(1, keepdims=True)), layer_args()


@wrong("wrong-axis")
def layer_normalisation_gain_over_the_wrong_axis():
    def hand(x, gain, bias):
        dx, _, dbias = layer_hand(x, gain, bias)
        h = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-5)
        return dx, (3 * (h * gain + bias) ** 2 * h).sum(axis=1), dbias

    return layer, hand, layer_args()


@wrong("sum-vs-mean")
def layer_normalisation_means_as_sums():
    return layer, lambda *a: layer_hand(*a, dx=lambda g, h: g - g.sum(1, keepdims=True) - h * (g * h).sum(1, keepdims=True)), layer_args()


@wrong("sign")
def layer_normalisation_plus():
    return layer, lambda *a: layer_hand(*a, dx=lambda g, h: g - g.mean(1, keepdims=True) + h * (g * h).mean(1, keepdims=True)), layer_args()


@wrong("constant-vs-variable", "branch-missing")
def unit_length_with_the_norm_constant():
    c = rng(3).normal(size=5)
    return lambda x: mg.sum(x / mg.sqrt(mg.sum(x**2)) * c), lambda x: c / np.sqrt((x**2).sum()), (rng(4).normal(size=5),)


@right
def unit_length():
    c = rng(3).normal(size=5)

    def hand(x):
        n = np.linalg.norm(x)
        return c / n - x * (x @ c) / n**3

    return lambda x: mg.sum(x / mg.linalg.norm(x) * c), hand, (rng(4).normal(size=5),)


@wrong("constant-vs-variable")
def through_what_is_held_constant():
    def f(w):
        v = X @ w
        return mg.mean((v - mg.stop_gradient(0.9 * v[::-1])) ** 2)

    def hand(w):
        v = X @ w
        d = 2 * (v - 0.9 * v[::-1]) / 8
        return X.T @ d - 0.9 * X[::-1].T @ d

    return f, hand, (rng(5).normal(size=3),)


# Weights shared, products, matrices


@wrong("branch-missing")
def siamese_one_side():
    a, b = rng(6).normal(size=(5, 3)), rng(7).normal(size=(5, 3))

    def hand(w):
        return 2 * a.T @ (a @ w - b @ w)

    return lambda w: mg.sum((a @ w - b @ w) ** 2), hand, (rng(8).normal(size=(3, 2)),)


@wrong("sign")
def siamese_sign():
    a, b = rng(6).normal(size=(5, 3)), rng(7).normal(size=(5, 3))

    def hand(w):
        d = 2 * (a @ w - b @ w)
        return a.T @ d + b.T @ d

    return lambda w: mg.sum((a @ w - b @ w) ** 2), hand, (rng(8).normal(size=(3, 2)),)


@wrong("sign")
def inverse_without_its_minus():
    c = rng(9).normal(size=(3, 3))

    def hand(a):
        i = np.linalg.inv(a).T
        return i @ c @ i

    return lambda a: mg.sum(mg.linalg.inv(a) * c), hand, (rng(10).normal(size=(3, 3)) + 3 * np.eye(3),)


@wrong("transpose")
def inverse_without_transposes():
    c = rng(9).normal(size=(3, 3))

    def hand(a):
        i = np.linalg.inv(a)
        return -i @ c @ i

    return lambda a: mg.sum(mg.linalg.inv(a) * c), hand, (rng(10).normal(size=(3, 3)) + 3 * np.eye(3),)


@wrong("operands-swapped")
def matrix_product_in_the_other_order():
    c = rng(9).normal(size=(3, 3))
    return lambda a, b: mg.sum((a @ b) * c), lambda a, b: (b.T @ c, a.T @ c), (rng(1).normal(size=(3, 3)), rng(2).normal(size=(3, 3)))


@wrong("sign", "local-derivative-missing")
def quotient_denominator():
    return lambda x, y: mg.sum(x / y), lambda x, y: (1 / y, x / y**2), (rng(1).normal(size=4), rng(2).uniform(1, 2, size=4))


@wrong("local-derivative-missing")
def quotient_not_squared():
    return lambda x, y: mg.sum(x / y), lambda x, y: (1 / y, -x / y), (rng(1).normal(size=4), rng(2).uniform(1, 2, size=4))


@wrong("unreduced")
def outer_sum_rows():
    def hand(a, b):
        g = 2 * (a + b)
        return g, g.sum(0)

    return lambda a, b: mg.sum((a + b) ** 2), hand, (rng(1).normal(size=(4, 1)), rng(2).normal(size=3))


@wrong("wrong-axis")
def outer_sum_axis():
    def hand(a, b):
        g = 2 * (a + b)
        return g.sum(1, keepdims=True), g.sum(1)

    return lambda a, b: mg.sum((a + b) ** 2), hand, (rng(1).normal(size=(4, 1)), rng(2).normal(size=4))


@right
def einsum_bilinear():
    u, v = rng(1).normal(size=(6, 3)), rng(2).normal(size=(6, 4))

    def hand(w):
        s = np.einsum("ni,ij,nj->n", u, w, v)
        return np.einsum("n,ni,nj->ij", 2 * s, u, v)

    return lambda w: mg.sum(mg.einsum("ni,ij,nj->n", u, w, v) ** 2), hand, (rng(3).normal(size=(3, 4)),)


@wrong("half")
def einsum_bilinear_half():
    u, v = rng(1).normal(size=(6, 3)), rng(2).normal(size=(6, 4))

    def hand(w):
        s = np.einsum("ni,ij,nj->n", u, w, v)
        return np.einsum("n,ni,nj->ij", s, u, v)

    return lambda w: mg.sum(mg.einsum("ni,ij,nj->n", u, w, v) ** 2), hand, (rng(3).normal(size=(3, 4)),)


@wrong("local-derivative-missing")
def maximum_pooled_gradient_everywhere():
    c = rng(11).normal(size=4)
    return lambda x: mg.sum(mg.max(x, axis=1) * c), lambda x: np.repeat(c[:, None], 3, 1), (rng(12).normal(size=(4, 3)),)


@wrong("sum-vs-mean")
def mean_pooled_without_its_count():
    c = rng(11).normal(size=4)
    return lambda x: mg.sum(mg.mean(x, axis=1) * c), lambda x: np.repeat(c[:, None], 3, 1), (rng(12).normal(size=(4, 3)),)


@wrong("local-derivative-missing")
def dropout_mask_forgotten():
    mask = (rng(13).uniform(size=(8, 4)) > 0.5) * 2.0

    def hand(w):
        h = np.tanh(X @ w)
        return X.T @ (np.cos(h * mask) * (1 - h**2))

    return lambda w: mg.sum(mg.sin(mg.tanh(X @ w) * mask)), hand, (rng(14).normal(size=(3, 4)),)


@wrong("factor", "local-derivative-missing")
def temperature_forgotten():
    def hand(z):
        return (softmax(z / 5) - one_hot(np.array([1, 0, 2]), 3)) / 3

    return lambda z: F.cross_entropy(z / 5.0, [1, 0, 2]), hand, (rng(15).normal(size=(3, 3)),)


@wrong("forward-differs")
def tanh_for_sigmoid():
    def hand(w):
        o = np.tanh(X @ w)
        return X.T @ (2 * (o - Y) * (1 - o**2)) / 8

    return lambda w: mg.mean((mg.sigmoid(X @ w) - Y) ** 2), hand, (rng(16).normal(size=3),)


@wrong("forward-differs", hand_loss=lambda w: float(np.sum((X @ w - Y) ** 2)))
def loss_differs():
    return lambda w: F.mse_loss(X @ w, Y), lambda w: 2 * X.T @ (X @ w - Y), (rng(17).normal(size=3),)


@right
def hinge():
    s = 2 * Y - 1

    def hand(w):
        active = (1 - s * (X @ w) > 0).astype(float)
        return -X.T @ (active * s) / 8

    return lambda w: mg.mean(mg.relu(1 - s * (X @ w))), hand, (rng(18).normal(size=3),)


@wrong("local-derivative-missing")
def hinge_always_active():
    s = 2 * Y - 1
    return lambda w: mg.mean(mg.maximum(1 - s * (X @ w), 0)), lambda w: -X.T @ s / 8, (rng(18).normal(size=3),)


@wrong("branch-missing", "constant-vs-variable")
def gelu_without_the_density():
    from math import erf

    def hand(x):
        return np.array([0.5 * (1 + erf(v / 2**0.5)) for v in x])

    return lambda x: mg.sum(mg.gelu(x)), hand, (rng(19).normal(size=6),)


@wrong("local-derivative-twice")
def log_softmax_then_the_jacobian():
    t = one_hot(np.array([0, 2, 1, 1]), 3)

    def hand(z):
        p = softmax(z)
        d = p - t
        return p * (d - (d * p).sum(1, keepdims=True))

    return lambda z: -mg.sum(mg.log_softmax(z) * t), hand, (rng(20).normal(size=(4, 3)),)


CASES[-1] = Case(CASES[-1].name, CASES[-1].make, ("softmax-twice", "local-derivative-twice"))


# Sizes that collide


@wrong("sum-vs-mean", "half")
def two_samples_half():
    x, y = X[:2], Y[:2]
    return lambda w, x, y: F.mse_loss(x @ w, y), lambda w, x, y: 2 * x.T @ (x @ w - y), (rng(1).normal(size=3), x, y)


CASES[-1] = Case(CASES[-1].name, CASES[-1].make, ("sum-vs-mean",), {"argnums": 0})


@wrong("half", argnums=0)
def two_samples_no_two():
    x, y = X[:2], Y[:2]
    return lambda w, x, y: F.mse_loss(x @ w, y), lambda w, x, y: x.T @ (x @ w - y) / len(y), (rng(1).normal(size=3), x, y)


@wrong("sum-vs-mean", argnums=(1, 2))
def as_many_classes_as_samples():
    def f(x, w, b, t):
        return F.cross_entropy(x @ w + b, t)

    def hand(x, w, b, t):
        d = softmax(x @ w + b) - t
        return x.T @ d, d.sum(0)

    return f, hand, (X[:4], rng(2).normal(size=(3, 4)), rng(3).normal(size=4), one_hot(np.array([0, 1, 1, 3]), 4))


@wrong("wrong-axis", argnums=(1, 2))
def as_many_classes_as_samples_wrong_axis():
    def f(x, w, b, t):
        return F.cross_entropy(x @ w + b, t)

    def hand(x, w, b, t):
        d = (softmax(x @ w + b) - t) / len(x)
        return x.T @ d, d.sum(1)

    return f, hand, (X[:4], rng(2).normal(size=(3, 4)), rng(3).normal(size=4), one_hot(np.array([0, 1, 1, 3]), 4))


@right
def one_sample():
    return lambda w: F.mse_loss(X[:1] @ w, Y[:1]), lambda w: 2 * X[:1].T @ (X[:1] @ w - Y[:1]), (rng(1).normal(size=3),)
