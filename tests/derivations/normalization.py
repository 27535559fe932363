"""Batch, layer and RMS normalisation, standardisation and variance (N8, N22). Read next: `elementwise.py`."""

import numpy as np

import minigrad as mg

from .entry import Problem, right, wrong

rng = np.random.default_rng(5)
EPS = 1e-5


# Batch normalisation over the rows; the loss is linear in y so that its cotangent is c


def batch_norm(x, gamma, beta, c):
    mu = mg.mean(x, axis=0)
    var = mg.mean((x - mu) ** 2, axis=0)
    return mg.sum(c * (gamma * (x - mu) / mg.sqrt(var + EPS) + beta))


def problem(n, d):
    x = 2 * rng.normal(size=(n, d)) + 1
    return Problem(batch_norm, (x, rng.uniform(0.5, 2, d), rng.normal(size=d), rng.normal(size=(n, d))), "x gamma beta")


BN, SQUARE, ONE = problem(6, 3), problem(4, 4), problem(1, 3)


def forward(x):
    mu, var = x.mean(axis=0), x.var(axis=0)
    ivar = 1 / np.sqrt(var + EPS)
    return (x - mu) * ivar, ivar


@right(BN)
def batch_norm_in_stages(x, gamma, beta, c):
    """Node by node of the graph, as a well-known post draws it."""
    N = x.shape[0]
    xmu = x - 1.0 / N * np.sum(x, axis=0)
    var = 1.0 / N * np.sum(xmu**2, axis=0)
    sqrtvar = np.sqrt(var + EPS)
    ivar = 1.0 / sqrtvar
    xhat = xmu * ivar
    dbeta = np.sum(c, axis=0)
    dgamma = np.sum(c * xhat, axis=0)
    dxhat = c * gamma
    divar = np.sum(dxhat * xmu, axis=0)
    dvar = 0.5 / np.sqrt(var + EPS) * -1.0 / sqrtvar**2 * divar
    dxmu = dxhat * ivar + 2 * xmu * dvar / N * np.ones_like(x)
    dmu = -np.sum(dxmu, axis=0)
    return dxmu + dmu / N, dgamma, dbeta


@right(BN)
def batch_norm_in_one_formula(x, gamma, beta, c):
    N, _ = x.shape
    xhat, ivar = forward(x)
    dx = gamma * ivar / N * (N * c - c.sum(axis=0) - xhat * np.sum(c * xhat, axis=0))
    return dx, (c * xhat).sum(axis=0), c.sum(axis=0)


@right(BN, rtol=1e-7)
def batch_norm_by_the_moments(x, gamma, beta, c):
    """E[x²] − E[x]² cancels: rounding, no mistake."""
    mean, square = x.mean(0), (x**2).mean(0)
    s = np.sqrt(square - mean**2 + EPS)
    xhat = (x - mean) / s
    g = gamma * c
    return (g - g.mean(0) - xhat * (g * xhat).mean(0)) / s, (c * xhat).sum(0), c.sum(0)


@right(ONE, atol=1e-12)
def batch_norm_of_one_sample(x, gamma, beta, c):
    """x̂ is 0, so the gradient by x and by γ is 0."""
    xhat, ivar = forward(x)
    g = gamma * c
    return ivar * (g - g.mean(0) - xhat * (g * xhat).mean(0)), (c * xhat).sum(0), c.sum(0)


@wrong(BN, "batchnorm-mean-constant", "x")
def batch_norm_whose_mean_is_a_number(x, gamma, beta, c):
    xhat, ivar = forward(x)
    g = gamma * c
    return ivar * (g - xhat * np.mean(g * xhat, axis=0)), np.sum(c * xhat, 0), np.sum(c, 0)


@wrong(BN, "batchnorm-variance-constant", "x")
def batch_norm_whose_variance_is_a_number(x, gamma, beta, c):
    xhat, ivar = forward(x)
    g = gamma * c
    return ivar * (g - g.mean(axis=0)), np.sum(c * xhat, 0), np.sum(c, 0)


@wrong(BN, "ddof forward-differs", "x gamma")
def batch_norm_with_the_unbiased_variance(x, gamma, beta, c):
    """N − 1 in σ², where batch normalisation divides by N."""
    N = len(x)
    mu, s = x.mean(axis=0), np.sqrt(x.var(axis=0, ddof=1) + EPS)
    xhat = (x - mu) / s
    g = gamma * c
    dx = (g - g.mean(0) - xhat * (g * xhat).sum(0) / (N - 1)) / s
    return dx, (c * xhat).sum(0), c.sum(0)


@wrong(BN, "unreduced", "gamma beta")
def batch_norm_parameters_for_every_sample(x, gamma, beta, c):
    xhat, ivar = forward(x)
    g = gamma * c
    return ivar * (g - g.mean(0) - xhat * (g * xhat).mean(0)), c * xhat, c


@wrong(SQUARE, "wrong-axis transpose", "beta")
def batch_norm_shift_summed_over_the_features(x, gamma, beta, c):
    xhat, ivar = forward(x)
    g = gamma * c
    return ivar * (g - g.mean(0) - xhat * (g * xhat).mean(0)), np.sum(c * xhat, axis=0), np.sum(c, axis=1)


@wrong(BN, "wrong-node", "gamma")
def batch_norm_scale_with_x_in_place_of_x_hat(x, gamma, beta, c):
    xhat, ivar = forward(x)
    g = gamma * c
    return ivar * (g - g.mean(0) - xhat * (g * xhat).mean(0)), np.sum(c * x, axis=0), np.sum(c, axis=0)


@wrong(BN, "local-derivative-missing", "x")
def batch_norm_that_forgot_gamma_on_the_way_back(x, gamma, beta, c):
    xhat, ivar = forward(x)
    return ivar * (c - c.mean(0) - xhat * (c * xhat).mean(0)), (c * xhat).sum(0), c.sum(0)


# Feature maps (n, channels, height, width), one γ and β per map


def batch_norm_maps(x, gamma, c):
    mu = mg.mean(x, axis=(0, 2, 3), keepdims=True)
    var = mg.var(x, axis=(0, 2, 3), keepdims=True)
    y = gamma.reshape(1, 3, 1, 1) * (x - mu) / mg.sqrt(var + EPS)
    return mg.sum(c * y)


MAPS = Problem(
    batch_norm_maps,
    (rng.normal(size=(2, 3, 2, 2)) - 0.5, rng.uniform(0.5, 2, 3), rng.normal(size=(2, 3, 2, 2))),
    "x gamma",
)
OVER = {"axis": (0, 2, 3), "keepdims": True}


@right(MAPS)
def maps_by_keepdims(x, gamma, c):
    s = np.sqrt(x.var(**OVER) + EPS)
    xhat = (x - x.mean(**OVER)) / s
    g = gamma[None, :, None, None] * c
    return (g - g.mean(**OVER) - xhat * (g * xhat).mean(**OVER)) / s, np.einsum("nchw,nchw->c", c, xhat)


@wrong(MAPS, "batchnorm-mean-constant", "x")
def maps_with_a_constant_mean(x, gamma, c):
    s = np.sqrt(x.var(**OVER) + EPS)
    xhat = (x - x.mean(**OVER)) / s
    g = gamma[None, :, None, None] * c
    return (g - xhat * (g * xhat).mean(**OVER)) / s, np.einsum("nchw,nchw->c", c, xhat)


@wrong(MAPS, "batchnorm-variance-constant", "x")
def maps_with_a_constant_variance(x, gamma, c):
    s = np.sqrt(x.var(**OVER) + EPS)
    xhat = (x - x.mean(**OVER)) / s
    g = gamma.reshape(1, -1, 1, 1) * c
    return (g - g.mean(**OVER)) / s, (c * xhat).sum(axis=(0, 2, 3))


# Layer and RMS normalisation, over the last axis


def layer_norm(x, c):
    mu = mg.mean(x, axis=-1, keepdims=True)
    var = mg.var(x, axis=-1, keepdims=True)
    return mg.sum(c * (x - mu) / mg.sqrt(var + EPS))


LAYER = Problem(layer_norm, (rng.normal(size=(4, 4)), rng.normal(size=(4, 4))), "x")


@right(LAYER)
def layer_norm_row_by_row(x, c):
    """The Jacobian (I − 11ᵀ/d − x̂x̂ᵀ/d)/s of each row."""
    out = []
    for row, g in zip(x, c, strict=True):
        d = row.size
        s = np.sqrt(row.var() + EPS)
        h = (row - row.mean()) / s
        out.append((np.eye(d) - np.ones((d, d)) / d - np.outer(h, h) / d) @ g / s)
    return np.array(out)


@wrong(LAYER, "wrong-axis")
def layer_norm_averaged_over_the_batch(x, c):
    """x̂ is right; the two means on the way back run over the other axis."""
    s = np.sqrt(x.var(axis=1, keepdims=True) + EPS)
    xhat = (x - x.mean(axis=1, keepdims=True)) / s
    return (c - c.mean(axis=0) - xhat * (c * xhat).mean(axis=0)) / s


def rms_norm(x, c):
    return mg.sum(c * x / mg.sqrt(mg.mean(x * x, axis=1, keepdims=True) + EPS))


RMS = Problem(rms_norm, (rng.normal(size=(3, 5)), rng.normal(size=(3, 5))), "x")


@wrong(RMS, "constant-vs-variable branch-missing batchnorm-variance-constant")
def rms_norm_divided_by_a_number(x, c):
    return c / np.sqrt(np.mean(x**2, axis=1, keepdims=True) + EPS)


# Variance and standardisation


def weighted_variance(x, c):
    return mg.sum(c * mg.var(x, axis=0))


def standardised(x, c):
    return mg.sum(c * (x - mg.mean(x)) / mg.std(x, ddof=1))


VARIANCE = Problem(weighted_variance, (rng.normal(size=(6, 3)), rng.uniform(1, 2, 3)), "x")
STANDARD = Problem(standardised, (rng.normal(size=5), rng.normal(size=5)), "x")


@right(VARIANCE)
def variance_with_the_mean_s_own_part(x, c):
    """2(x − x̄)/N, and minus its mean, which is 0."""
    d = 2 * (x - x.mean(0)) / len(x)
    return c * (d - d.mean(0))


@wrong(VARIANCE, "ddof")
def variance_divided_by_n_minus_one(x, c):
    return c * 2 * (x - x.mean(0)) / (len(x) - 1)


@wrong(STANDARD, "ddof forward-differs", hand_loss=lambda x, c: np.sum(c * (x - x.mean()) / x.std()))
def standardised_with_numpy_s_std(x, c):
    """np.std divides by N, the loss by N − 1."""
    n, s = x.size, x.std()
    z = (x - x.mean()) / s
    return (c - c.mean() - z * np.sum(c * z) / n) / s
