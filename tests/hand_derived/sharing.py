"""Attention, shared weights, branches, recurrent networks."""

import numpy as np

import minigrad as mg
from minigrad import nn

from .case import right, rng, softmax, wrong

F = nn.functional


XS, TS = rng(9).normal(size=(6, 3)), rng(10).uniform(size=(6, 2))
Q0, K0, V0 = rng(19).normal(size=(4, 3)), rng(20).normal(size=(5, 3)), rng(21).normal(size=(5, 2))
A0 = rng(22).normal(size=(4, 2))


def attention(q, k, v):
    return mg.sum(mg.softmax(q @ k.T / 3**0.5) @ v * A0)


def attention_hand(q, k, v, jacobian=None, scale=3**0.5):
    p = softmax(q @ k.T / 3**0.5)
    dp = A0 @ v.T
    ds = p * (dp - (dp * p).sum(1, keepdims=True)) if jacobian is None else jacobian(p, dp)
    ds = ds / scale
    return ds @ k, ds.T @ q, p.T @ A0


@right
def attention_by_hand():
    return attention, attention_hand, (Q0, K0, V0)


@wrong("factor", "local-derivative-missing")
def attention_without_the_scale_on_the_way_back():
    return attention, lambda *a: attention_hand(*a, scale=1.0), (Q0, K0, V0)


@wrong("softmax-diagonal")
def attention_with_the_diagonal_alone():
    return attention, lambda *a: attention_hand(*a, jacobian=lambda p, g: g * p * (1 - p)), (Q0, K0, V0)


@wrong("wrong-axis")
def attention_summed_over_the_wrong_axis():
    return attention, lambda *a: attention_hand(*a, jacobian=lambda p, g: p * (g - (g * p).sum(0))), (Q0, K0, V0)


@wrong("operands-swapped")
def attention_keys_for_queries():
    def hand(q, k, v):
        dq, dk, dv = attention_hand(q, k, v)
        return dk, dq, dv

    return attention, hand, (Q0, K0[:4], V0[:4])


@wrong("wrong-node", "operands-swapped")
def attention_queries_where_keys_belong():
    def hand(q, k, v):
        p = softmax(q @ k.T / 3**0.5)
        dp = A0 @ v.T
        ds = p * (dp - (dp * p).sum(1, keepdims=True)) / 3**0.5
        return ds @ q, ds.T @ q, p.T @ A0

    return attention, hand, (Q0, K0[:4], V0[:4])


def tied(w):
    return mg.sum(mg.tanh(XS @ w @ w.T) * XS)


@right
def tied_weights():
    def hand(w):
        g = (1 - np.tanh(XS @ w @ w.T) ** 2) * XS
        return XS.T @ g @ w + g.T @ XS @ w

    return tied, hand, (rng(23).normal(size=(3, 2)),)


@wrong("branch-missing")
def tied_weights_one_use():
    def hand(w):
        g = (1 - np.tanh(XS @ w @ w.T) ** 2) * XS
        return XS.T @ g @ w

    return tied, hand, (rng(23).normal(size=(3, 2)),)


@wrong("branch-twice")
def tied_weights_one_use_twice():
    def hand(w):
        g = (1 - np.tanh(XS @ w @ w.T) ** 2) * XS
        return 2 * XS.T @ g @ w + g.T @ XS @ w

    return tied, hand, (rng(23).normal(size=(3, 2)),)


def residual(w, b):
    h = XS + mg.tanh(XS @ w + b)
    return mg.sum((h + mg.tanh(h @ w + b)) * XS)


@wrong("branch-missing")
def residual_without_the_shortcut():
    def hand(w, b):
        t1 = np.tanh(XS @ w + b)
        h = XS + t1
        t2 = np.tanh(h @ w + b)
        d2 = XS * (1 - t2**2)
        dh = d2 @ w.T
        d1 = dh * (1 - t1**2)
        return h.T @ d2 + XS.T @ d1, d2.sum(0) + d1.sum(0)

    return residual, hand, (rng(24).normal(size=(3, 3)), rng(25).normal(size=3))


def rnn(w, u, v):
    h = np.zeros(3)
    loss = 0.0
    for x, y in zip(XS, TS, strict=True):
        h = mg.tanh(w @ h + u @ x)
        loss = loss + mg.sum((v @ h - y) ** 2)
    return loss


def rnn_hand(w, u, v, through_time=True, slope=True, previous=True):
    hs = [np.zeros(3)]
    for x in XS:
        hs.append(np.tanh(w @ hs[-1] + u @ x))
    gw, gu, gv, dh = np.zeros_like(w), np.zeros_like(u), np.zeros_like(v), np.zeros(3)
    for t in reversed(range(len(XS))):
        d = 2 * (v @ hs[t + 1] - TS[t])
        gv += np.outer(d, hs[t + 1])
        dh = v.T @ d + dh
        dz = dh * (1 - hs[t + 1] ** 2) if slope else dh
        gw += np.outer(dz, hs[t] if previous else hs[t + 1])
        gu += np.outer(dz, XS[t])
        dh = w.T @ dz if through_time else np.zeros(3)
    return gw, gu, gv


def rnn_args():
    r = rng(26)
    return 0.5 * r.normal(size=(3, 3)), r.normal(size=(3, 3)), r.normal(size=(2, 3))


@right
def recurrent_network():
    return rnn, rnn_hand, rnn_args()


@wrong("branch-missing", "constant-vs-variable")
def recurrent_network_not_through_time():
    return rnn, lambda *a: rnn_hand(*a, through_time=False), rnn_args()


@wrong("local-derivative-missing")
def recurrent_network_without_tanh():
    return rnn, lambda *a: rnn_hand(*a, slope=False), rnn_args()


@wrong("wrong-node")
def recurrent_network_state_of_the_wrong_time():
    return rnn, lambda *a: rnn_hand(*a, previous=False), rnn_args()
