"""Values used more than once: recurrence, attention, embeddings, ties, residual branches. Read next: `loops.py`."""

import numpy as np

import minigrad as mg

from .entry import Problem, right, wrong

rng = np.random.default_rng(8)


# A tanh cell over four steps; the loss looks at the last state


def recurrent(W, U, xs, y):
    h = np.zeros(3)
    for t in range(4):
        h = mg.tanh(W @ h + U @ xs[t])
    return 0.5 * mg.sum((h - y) ** 2)


CELL = Problem(
    recurrent,
    (0.7 * rng.normal(size=(3, 3)), rng.normal(size=(3, 2)), rng.normal(size=(4, 2)), rng.normal(size=3)),
    "W U",
)


def states(W, U, xs):
    hs = [np.zeros(3)]
    for x in xs:
        hs.append(np.tanh(W @ hs[-1] + U @ x))
    return hs


@right(CELL)
def cell_through_time(W, U, xs, y):
    hs = states(W, U, xs)
    dW, dU = np.zeros_like(W), np.zeros_like(U)
    dh = hs[-1] - y
    for t in reversed(range(len(xs))):
        draw = (1 - hs[t + 1] ** 2) * dh
        dW += np.outer(draw, hs[t])
        dU += np.outer(draw, xs[t])
        dh = W.T @ draw
    return dW, dU


@right(CELL)
def cell_forward_in_time(W, U, xs, y):
    """∂h/∂θ carried along, as in real-time recurrent learning."""
    h, by_W, by_U = np.zeros(3), np.zeros((3, 3, 3)), np.zeros((3, 3, 2))
    for x in xs:
        local_W = np.einsum("ik,j->ikj", np.eye(3), h)
        local_U = np.einsum("ik,j->ikj", np.eye(3), x)
        h = np.tanh(W @ h + U @ x)
        slope = (1 - h**2)[:, None, None]
        by_W = slope * (np.tensordot(W, by_W, axes=1) + local_W)
        by_U = slope * (np.tensordot(W, by_U, axes=1) + local_U)
    return np.tensordot(h - y, by_W, axes=1), np.tensordot(h - y, by_U, axes=1)


@wrong(CELL, "branch-missing constant-vs-variable")
def cell_truncated_to_one_step(W, U, xs, y):
    """The state before the last step is taken for an input."""
    hs = states(W, U, xs)
    draw = (1 - hs[4] ** 2) * (hs[4] - y)
    return np.outer(draw, hs[3]), np.outer(draw, xs[3])


@wrong(CELL, "local-derivative-missing")
def cell_whose_slope_is_used_for_the_parameters_only(W, U, xs, y):
    """dh goes back through W without 1 − h²."""
    hs = states(W, U, xs)
    dW, dU, dh = np.zeros_like(W), np.zeros_like(U), hs[-1] - y
    for t in range(3, -1, -1):
        draw = (1 - hs[t + 1] ** 2) * dh
        dW += np.outer(draw, hs[t])
        dU += np.outer(draw, xs[t])
        dh = W.T @ dh
    return dW, dU


@wrong(CELL, "transpose")
def cell_back_through_w_untransposed(W, U, xs, y):
    hs = states(W, U, xs)
    dW, dU, dh = np.zeros_like(W), np.zeros_like(U), hs[-1] - y
    for t in range(3, -1, -1):
        draw = (1 - hs[t + 1] ** 2) * dh
        dW += np.outer(draw, hs[t])
        dU += np.outer(draw, xs[t])
        dh = W @ draw
    return dW, dU


@wrong(CELL, "wrong-node", "W")
def cell_with_the_new_state_for_the_old(W, U, xs, y):
    hs = states(W, U, xs)
    dW, dU, dh = np.zeros_like(W), np.zeros_like(U), hs[-1] - y
    for t in range(3, -1, -1):
        draw = (1 - hs[t + 1] ** 2) * dh
        dW += np.outer(draw, hs[t + 1])
        dU += np.outer(draw, xs[t])
        dh = W.T @ draw
    return dW, dU


# Scaled dot-product attention


def attention(Q, K, V, c):
    scores = Q @ K.T / 3**0.5
    return mg.sum(c * (mg.softmax(scores, axis=-1) @ V))


HEAD = Problem(attention, tuple(rng.normal(size=(4, 3)) for _ in range(4)), "Q K V")

ROOT = np.sqrt(3)  # of the width of a head


def softmax(s):
    e = np.exp(s - s.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


@right(HEAD)
def attention_by_matrices(Q, K, V, c):
    P = softmax(Q @ K.T / np.sqrt(Q.shape[1]))
    dP = c @ V.T
    dS = P * (dP - (dP * P).sum(-1, keepdims=True)) / np.sqrt(Q.shape[1])
    return dS @ K, dS.T @ Q, P.T @ c


@wrong(HEAD, "factor local-derivative-missing", "Q K")
def attention_unscaled_on_the_way_back(Q, K, V, c):
    P = softmax(Q @ K.T / ROOT)
    dP = c @ V.T
    dS = P * (dP - (dP * P).sum(-1, keepdims=True))
    return dS @ K, dS.T @ Q, P.T @ c


@wrong(HEAD, "softmax-diagonal", "Q K")
def attention_with_the_slope_of_a_sigmoid(Q, K, V, c):
    P = softmax(Q @ K.T / ROOT)
    dS = (c @ V.T) * P * (1 - P) / ROOT
    return dS @ K, dS.T @ Q, P.T @ c


@wrong(HEAD, "wrong-axis", "Q K")
def attention_softmax_backward_over_the_queries(Q, K, V, c):
    P = softmax(Q @ K.T / ROOT)
    dP = c @ V.T
    dS = P * (dP - np.sum(dP * P, axis=0)) / ROOT
    return dS @ K, dS.T @ Q, P.T @ c


@wrong(HEAD, "softmax-twice", "Q K")
def attention_through_the_softmax_twice(Q, K, V, c):
    P = softmax(Q @ K.T / ROOT)
    dS = c @ V.T
    for _ in range(2):
        dS = P * (dS - (dS * P).sum(axis=1, keepdims=True))
    return dS @ K / ROOT, dS.T @ Q / ROOT, P.T @ c


@wrong(HEAD, "transpose", "K")
def attention_keys_with_the_scores_untransposed(Q, K, V, c):
    P = softmax(Q @ K.T / ROOT)
    dP = c @ V.T
    dS = P * (dP - (dP * P).sum(-1, keepdims=True)) / ROOT
    return dS @ K, dS @ Q, P.T @ c


@wrong(HEAD, "operands-swapped", "Q K")
def attention_queries_and_keys_swapped(Q, K, V, c):
    P = softmax(Q @ K.T / ROOT)
    dP = c @ V.T
    dS = P * (dP - (dP * P).sum(-1, keepdims=True)) / ROOT
    dQ, dK = np.einsum("ij,id->jd", dS, Q), np.einsum("ij,jd->id", dS, K)
    return dQ, dK, P.T @ c


# Embeddings: a row that is looked up twice


def bag_of_words(E, w, tokens):
    return mg.sum(mg.tanh(E[tokens] @ w))


WORDS = Problem(bag_of_words, (rng.normal(size=(5, 3)), rng.normal(size=3), np.array([1, 3, 1, 0, 1])), "E w")


@right(WORDS)
def embedding_added_at_every_place(E, w, tokens):
    X = E[tokens]
    g = 1 - np.tanh(X @ w) ** 2
    dE = np.zeros_like(E)
    np.add.at(dE, tokens, g[:, None] * w)
    return dE, X.T @ g


@right(WORDS)
def embedding_as_a_product_with_one_hot_rows(E, w, tokens):
    hot = np.eye(len(E))[tokens]
    g = 1 - np.tanh(hot @ E @ w) ** 2
    return hot.T @ np.outer(g, w), E.T @ hot.T @ g


@wrong(WORDS, "branch-missing", "E")
def embedding_whose_repeated_rows_count_once(E, w, tokens):
    """dE[tokens] += g writes a repeated row once: the last wins."""
    X = E[tokens]
    g = 1 - np.tanh(X @ w) ** 2
    dE = np.zeros_like(E)
    dE[tokens] += g[:, None] * w
    return dE, X.T @ g


# Tied weights and residual branches


def tied(W, x):
    return 0.5 * mg.sum((W.T @ mg.tanh(W @ x) - x) ** 2)


def residual(W, x, y):
    h = x + mg.tanh(W @ x)
    return 0.5 * mg.sum((h - y) ** 2)


def two_blocks(W1, W2, x, y):
    h = x + mg.tanh(W1 @ x)
    o = h + mg.tanh(W2 @ h)
    return 0.5 * mg.sum((o - y) ** 2)


TIED = Problem(tied, (rng.normal(size=(2, 3)), rng.normal(size=3)), "W")
BLOCK = Problem(residual, (rng.normal(size=(3, 3)), rng.normal(size=3), rng.normal(size=3)), "W x")
BLOCKS = Problem(two_blocks, (rng.normal(size=(3, 3)), *BLOCK.args), "W1 W2")


@right(TIED)
def tied_autoencoder_both_ways(W, x):
    h = np.tanh(W @ x)
    r = W.T @ h - x
    encoder = np.outer((W @ r) * (1 - h**2), x)
    decoder = np.outer(r, h).T
    return encoder + decoder


@wrong(TIED, "branch-missing constant-vs-variable")
def tied_autoencoder_by_the_decoder_alone(W, x):
    h = np.tanh(W @ x)
    return np.outer(h, W.T @ h - x)


@wrong(TIED, "branch-twice")
def tied_autoencoder_with_the_encoder_twice(W, x):
    h = np.tanh(W @ x)
    r = W.T @ h - x
    g = np.outer(h, r)
    g += np.outer((W @ r) * (1 - h**2), x)
    g += np.outer((W @ r) * (1 - h**2), x)
    return g


@right(BLOCK)
def residual_block_both_branches(W, x, y):
    t = np.tanh(W @ x)
    dh = x + t - y
    dz = dh * (1 - t * t)
    return dz[:, None] * x, dh + dz @ W


@wrong(BLOCK, "branch-missing", "x")
def residual_block_without_the_skip(W, x, y):
    t = np.tanh(W @ x)
    dz = (x + t - y) * (1 - t**2)
    return np.outer(dz, x), W.T @ dz


@wrong(BLOCK, "branch-twice", "x")
def residual_block_with_the_skip_added_again(W, x, y):
    """dx starts as dh, and the skip is added to it after all."""
    t = np.tanh(W @ x)
    dh = x + t - y
    dx = dh.copy()
    dz = dh * (1 - t**2)
    dx += W.T @ dz
    dx += dh
    return np.outer(dz, x), dx


@wrong(BLOCKS, "branch-missing", "W1")
def two_blocks_without_the_second_skip(W1, W2, x, y):
    t1 = np.tanh(W1 @ x)
    h = x + t1
    t2 = np.tanh(W2 @ h)
    do = h + t2 - y
    dz2 = do * (1 - t2**2)
    dh = W2.T @ dz2
    return np.outer(dh * (1 - t1**2), x), np.outer(dz2, h)
