"""Two layers and a softmax (N6, N7)."""

import numpy as np

import minigrad as mg
from minigrad import nn

from .case import CASES, Case, one_hot, right, rng, softmax, wrong

F = nn.functional


XN, YN = rng(6).normal(size=(9, 4)), rng(7).integers(0, 3, size=9)


def softmax_net(w1, b1, w2, b2):
    h = mg.tanh(XN @ w1 + b1)
    return F.cross_entropy(h @ w2 + b2, YN)


def net_args(hidden=5, classes=3, seed=8):
    r = rng(seed)
    return r.normal(size=(4, hidden)), r.normal(size=hidden), r.normal(size=(hidden, classes)), r.normal(size=classes)


def backprop(w1, b1, w2, b2, *, delta=None, slope=None, flow=None, scale=None):
    """Return the gradients of `softmax_net`, with one of its lines replaced."""
    n = len(XN)
    z1 = XN @ w1 + b1
    h = np.tanh(z1)
    o = softmax(h @ w2 + b2)
    d2 = (o - one_hot(YN, 3)) / n if delta is None else delta(o, one_hot(YN, 3), n)
    d1 = (d2 @ w2.T if flow is None else flow(d2, w2)) * ((1 - h**2) if slope is None else slope(z1, h))
    return XN.T @ d1, d1.sum(0), h.T @ d2, d2.sum(0)


@right
def softmax_network():
    return softmax_net, backprop, net_args()


@right
def softmax_network_sample_by_sample():
    def hand(w1, b1, w2, b2):
        g = [np.zeros_like(a) for a in (w1, b1, w2, b2)]
        for x, y in zip(XN, YN, strict=True):
            h = np.tanh(x @ w1 + b1)
            d2 = softmax(h @ w2 + b2) - one_hot(y, 3)
            d1 = (w2 @ d2) * (1 - h * h)
            for total, part in zip(g, (np.outer(x, d1), d1, np.outer(h, d2), d2), strict=True):
                total += part / len(XN)
        return g

    return softmax_net, hand, net_args()


def _net(*ids, **changes):
    def register(name):
        def make():
            return softmax_net, lambda *args: backprop(*args, **changes), net_args()

        make.__name__ = name
        CASES.append(Case(name, make, ids))

    return register


_net("sum-vs-mean", delta=lambda o, y, n: o - y)("softmax_network_not_averaged")
_net("sign", delta=lambda o, y, n: (y - o) / n)("softmax_network_sign")
_net("softmax-diagonal", delta=lambda o, y, n: -(y / o) * o * (1 - o) / n)("softmax_network_diagonal")
_net("softmax-twice", "local-derivative-twice", delta=lambda o, y, n: (o - y) * o * (1 - o) / n)(
    "softmax_network_twice"
)
_net("softmax-twice", delta=lambda o, y, n: (softmax(o) - y) / n)("softmax_network_of_softmax")
_net("softmax-diagonal", "branch-missing", "constant-vs-variable", delta=lambda o, y, n: -y / n)(
    "softmax_network_no_normaliser"
)
_net("branch-missing", delta=lambda o, y, n: o / n)("softmax_network_without_the_label")
_net("local-derivative-missing", slope=lambda z, h: 1.0)("softmax_network_without_tanh")
_net("local-derivative-at-wrong-point", slope=lambda z, h: 1 - z**2)("softmax_network_tanh_of_z")
_net("local-derivative-at-wrong-point", slope=lambda z, h: 1 - np.tanh(h) ** 2)("softmax_network_tanh_of_h")
_net("local-derivative-twice", slope=lambda z, h: (1 - h**2) ** 2)("softmax_network_tanh_twice")
_net("local-derivative-missing", "local-derivative-at-wrong-point", slope=lambda z, h: h * (1 - h))(
    "softmax_network_sigmoid_for_tanh"
)
# of 9 samples, so three times the gradient: the same numbers as of a gradient added up three times
_net("sum-vs-mean", "accumulated", delta=lambda o, y, n: (o - y) / 3)("softmax_network_divided_by_the_classes")


@wrong("sum-vs-mean")
def softmax_network_one_layer_not_averaged():
    def hand(*args):
        g = backprop(*args)
        return g[0], g[1], 9 * g[2], 9 * g[3]

    return softmax_net, hand, net_args()


@wrong("updated-too-early")
def softmax_network_second_layer_updated_first():
    def hand(w1, b1, w2, b2):
        g = backprop(w1, b1, w2, b2)
        new = w2 - 0.1 * g[2]
        h = np.tanh(XN @ w1 + b1)
        d1 = ((softmax(h @ w2 + b2) - one_hot(YN, 3)) / 9 @ new.T) * (1 - h**2)
        return XN.T @ d1, d1.sum(0), g[2], g[3]

    return softmax_net, hand, net_args()


@wrong("wrong-node")
def softmax_network_input_of_the_activation_for_its_output():
    def hand(w1, b1, w2, b2):
        g = backprop(w1, b1, w2, b2)
        z = XN @ w1 + b1
        d2 = (softmax(np.tanh(z) @ w2 + b2) - one_hot(YN, 3)) / 9
        return g[0], g[1], z.T @ d2, g[3]

    return softmax_net, hand, net_args()


@wrong("transpose")
def softmax_network_square_weights_not_transposed():
    def hand(w1, b1, w2, b2):
        return backprop(w1, b1, w2, b2, flow=lambda d, w: d @ w)

    return softmax_net, hand, net_args(hidden=3)


@wrong("unreduced")
def softmax_network_bias_not_added_up():
    def hand(w1, b1, w2, b2):
        g = backprop(w1, b1, w2, b2)
        h = np.tanh(XN @ w1 + b1)
        return g[0], g[1], g[2], (softmax(h @ w2 + b2) - one_hot(YN, 3)) / 9

    return softmax_net, hand, net_args()


@wrong("wrong-axis")
def softmax_network_bias_added_up_along_the_wrong_axis():
    def hand(w1, b1, w2, b2):
        g = backprop(w1, b1, w2, b2)
        h = np.tanh(XN @ w1 + b1)
        o = softmax(h @ w2 + b2)
        d1 = ((o - one_hot(YN, 3)) / 9 @ w2.T) * (1 - h**2)
        return g[0], d1.sum(axis=1), g[2], g[3]

    return softmax_net, hand, net_args()


@wrong("transpose")
def softmax_network_gradient_transposed():
    def hand(*args):
        g = backprop(*args)
        return g[0], g[1], g[2].T, g[3]

    return softmax_net, hand, net_args()


@wrong("accumulated")
def softmax_network_gradients_of_two_steps():
    def hand(*args):
        total, here = [np.zeros_like(a) for a in args], list(args)
        for _ in range(2):
            g = backprop(*here)
            total = [t + a for t, a in zip(total, g, strict=True)]
            here = [a - 0.05 * b for a, b in zip(here, g, strict=True)]
        return total

    return softmax_net, hand, net_args()


# Two mistakes, and one that has no name

_net("sign", "sum-vs-mean", delta=lambda o, y, n: y - o)("softmax_network_sign_and_sum")
_net("local-derivative-missing", "sum-vs-mean", delta=lambda o, y, n: o - y, slope=lambda z, h: 1.0)(
    "softmax_network_no_tanh_and_sum"
)
_net(
    "softmax-diagonal",
    "local-derivative-missing",
    delta=lambda o, y, n: -(y / o) * o * (1 - o) / n,
    slope=lambda z, h: 1.0,
)("softmax_network_diagonal_and_no_tanh")
_net("unexplained", delta=lambda o, y, n: np.sin(o) * y / n)("softmax_network_nonsense")
