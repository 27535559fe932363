"""What the rows N8–N24 claim beyond that both sides agree: each claim on numbers of the hand side."""

import numpy as np
import pytest

from minigrad import nn, optim
from minigrad.lab.notes.by_hand import layers, optimizers, weights
from minigrad.lab.notes.derivations import check, derivation
from minigrad.lab.notes.rows.optimizers import ADAPTIVE_RATES, RATES
from minigrad.lab.notes.rows.weights import XOR, equal_nodes


def drawn(id, seed=0, n=1000):
    return derivation(id).draw(np.random.default_rng(seed), n)


def hand(id, *args):
    """Return a row's hand side by formula, at the given arguments or at the notes' own."""
    row = derivation(id)
    return dict(zip([f.strip() for f in row.formulas], row.hand(*(args or row.note)), strict=True))


# --- preparing ----------------------------------------------------------------------------------------


def test_n8_is_fitted_on_training_data_and_leaves_a_constant_feature():
    train, new = drawn("N8")
    _, sigma, z, *_ = derivation("N8").hand(train, new)
    assert sigma[3] == 0 and np.isfinite(z).all() and (z[:, 3] == new[:, 3] - 7).all()
    z_train = derivation("N8").hand(train, train)[2]
    np.testing.assert_allclose(z_train.mean(axis=0), 0, atol=1e-13)
    np.testing.assert_allclose(z_train.std(axis=0), [1, 1, 1, 0], atol=1e-13)
    assert abs(z[:, 2].std() - 1) > 1  # new data keep their own spread
    assert hand("N8")["x' = (x−μ)/σ of new data"][0].tolist() == pytest.approx([6**0.5, 0, 2])


def test_n9_a_feature_may_matter_more():
    assert derivation("N9").hand(*derivation("N9").note)[1].tolist() == pytest.approx([1, 2])


def test_n10_maps_training_data_to_the_unit_interval_and_new_data_beyond():
    train, new = drawn("N10")
    t = derivation("N10").hand(train, train)[2]
    assert t.min(axis=0).tolist() == [0, 0, 0, 0] and t.max(axis=0).tolist() == [1, 1, 1, 0]
    assert derivation("N10").hand(train, new)[2].max() > 1


# --- initial weights ----------------------------------------------------------------------------------


@pytest.mark.parametrize("side", ["hand", "auto"])
@pytest.mark.parametrize("seed", [None, 0, 1, 2, 3])
def test_n11_equal_nodes_are_bit_equal_after_a_thousand_steps(side, seed):
    args = derivation("N11").note if seed is None else drawn("N11", seed)
    outputs, nodes, *_ = getattr(derivation("N11"), side)(*args)
    assert len(outputs) == 1000
    assert nodes[0].tobytes() == nodes[1].tobytes()
    assert np.abs(nodes[0] - [*args[2][0], 0, args[4][0]]).max() > 1e-3  # they have learned, together


def test_n11_nodes_that_differ_part():
    x, y, u, b, w, c, p = equal_nodes(np.tile(XOR, (250, 1)), np.tile([0.0, 1, 1, 0], 250), np.array([0.5, -0.3]), 0.7)
    u[1, 0] += 1e-6
    assert np.abs(weights.symmetric(x, y, u, b, w, c, p)[2]).max() > 1e-6


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_n12_gradients_vanish_or_saturate_and_glorot_keeps_them(seed):
    small, by_small, _, large, _, slope_large, kept, by_kept, slope_kept = derivation("N12").hand(*drawn("N12", seed))
    assert len(small) == 6 and (small[1:] < 0.1 * small[:-1]).all() and by_small.max() < 1e-7
    assert large.min() > 0.85 and slope_large.max() < 0.25  # most of z is near −1 or 1, where τ' is nearly 0
    assert kept.min() > 0.1 and slope_kept.min() > 0.5
    assert by_kept.max() / by_kept.min() < 4


def test_n13_support_and_variance():
    r, u, largest, variance = weights.glorot(0, 300, 200)
    assert r == pytest.approx(np.sqrt(6 / 500)) and 0.999 < largest <= 1 and abs(variance - 1) < 0.01
    assert abs(u.mean()) < 0.01 * r


def test_n14_is_a_standard_deviation_of_a_hundredth():
    u, mean, std = weights.gaussian(0, 300, 200)
    assert abs(std - 1) < 0.01 and abs(mean) < 1e-4 and 0.03 < np.abs(u).max() < 0.06


def test_n15_gives_every_layer_variance_one():
    for seed in range(3):
        products, identity, _, variances, _ = weights.lsuv(*drawn("N15", seed))
        np.testing.assert_allclose(products, identity, atol=1e-14)
        np.testing.assert_allclose(variances, 1, rtol=1e-13)


# --- optimizers ---------------------------------------------------------------------------------------

J = {"bowl": lambda x, y: x**2 + 10 * y**2, "valley": lambda x, y: (1 - x) ** 2 + 100 * (y - x**2) ** 2}


@pytest.mark.parametrize("id", ["N16", "N17", "N18", "N19", "N20"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_ten_steps_are_equal_to_1e_12_and_do_not_diverge(id, seed):
    row, args = derivation(id), drawn(id, seed)
    assert len(args[0]) == 1000
    for formula, by_hand, auto in zip(row.formulas, row.hand(*args), row.auto(*args), strict=True):
        if formula.startswith("θ"):
            np.testing.assert_allclose(by_hand, auto, rtol=0, atol=1e-12)
            assert np.abs(by_hand).max() < 3
            f = J[formula.rpartition(" ")[2]]
            assert f(*np.moveaxis(by_hand, -1, 0)).mean() < 0.9 * f(*args[0].T).mean()


@pytest.mark.parametrize("f, slope", [("bowl", optimizers.bowl), ("valley", optimizers.valley)])
def test_the_hand_written_gradients_are_those_of_the_functions(f, slope):
    theta, h = drawn("N16")[0], 1e-6
    for i in (0, 1):
        step = h * np.eye(2)[i]
        quotient = (J[f](*(theta + step).T) - J[f](*(theta - step).T)) / (2 * h)
        np.testing.assert_allclose(slope(theta)[:, i], quotient, rtol=1e-5, atol=1e-5)


def test_n17_looks_ahead_and_is_not_n16():
    start = drawn("N16")[0]
    v, theta, ahead, *_ = optimizers.nesterov(start, RATES)
    np.testing.assert_allclose(ahead, theta + 0.9 * v)
    assert np.abs(theta - optimizers.momentum(start, RATES)[1]).max() > 0.01


def test_n18_never_forgets_and_n19_does():
    far, near = np.array([[1.5, 1.5]]), np.array([[1e-3, 1e-3]])
    r_adagrad, *_ = optimizers.adagrad(far, ADAPTIVE_RATES)
    assert (r_adagrad >= optimizers.bowl(far) ** 2).all()  # the first gradient is still in it
    r_rmsprop = optimizers.rmsprop(far, ADAPTIVE_RATES)[0]
    assert r_rmsprop.shape == (3, 1, 2) and (r_rmsprop < 0.7 * r_adagrad).all()
    assert (np.diff(r_rmsprop[1:], axis=0) < 0).all()  # 0.999 lets in less of each gradient than 0.99
    assert (optimizers.adagrad(near, ADAPTIVE_RATES)[0] < r_adagrad).all()


def test_n21_at_a_glance():
    rates = [values.tolist() for values in derivation("N21").hand(0.1, 0.5, 2, np.ones(10))]
    assert rates[0] == pytest.approx([0.1, 0.1, 0.05, 0.05, 0.025, 0.025, 0.0125, 0.0125, 0.00625, 0.00625])
    assert rates[1] == pytest.approx([0.1] * 2 + [0.05] * 4 + [0.025] * 2 + [0.0125] * 2)
    assert rates[2] == pytest.approx([0.1 / 2**t for t in range(10)])
    assert rates[3][0] == 0.1 and rates[3][5] == pytest.approx((0.1 + 0.001) / 2)
    assert rates[4] == pytest.approx([0.1 / 3, 0.2 / 3] + [0.1] * 8)
    assert rates[5][2] == pytest.approx(0.1) and rates[5][0] == pytest.approx(0.004)
    assert rates[6] == pytest.approx([0.1] * 4 + [0.05] * 3 + [0.025] * 3)  # nothing improves on the first measure


# --- batch normalisation and after --------------------------------------------------------------------


def test_n22_by_differences():
    """The gradient by hand is that of Σ g z', by a quotient which knows nothing of the three ways."""
    z, gamma, beta, g, *_ = drawn("N22", n=6)
    by_z = layers.over_batch(z, gamma, beta, g)[5]
    h = 1e-6
    for i, j in np.ndindex(z.shape):
        step = np.zeros_like(z)
        step[i, j] = h
        ends = [(g * layers.over_batch(z + sign * step, gamma, beta, g)[2]).sum() for sign in (1, -1)]
        assert (ends[0] - ends[1]) / (2 * h) == pytest.approx(by_z[i, j], rel=1e-5, abs=1e-7)


def test_n22_restores_and_needs_no_bias():
    found = hand("N22", *drawn("N22"))
    np.testing.assert_allclose(found["z' with γ = √(σ²+ε), β = μ"], found["= z"], rtol=1e-10)
    by_z = found["= γ/√(σ²+ε) (g − Σg/m − ẑ Σgẑ/m)"]
    np.testing.assert_allclose(found["∂J/∂b = Σ ∂J/∂z of a bias b before"], 0, atol=1e-12 * np.abs(by_z).sum())


def test_n22_of_feature_maps_is_batchnorm1d_of_a_reshape():
    _, gamma, beta, _, _, maps, g_maps = drawn("N22")
    layer = nn.BatchNorm1d(3, dtype=np.float64)
    layer.weight.copy_(gamma)
    layer.bias.copy_(beta)
    m, c, p, q = maps.shape
    out = layer(maps.reshape(m, c, p * q)).numpy().reshape(maps.shape)
    np.testing.assert_allclose(out, layers.over_maps(maps, gamma, beta, g_maps)[0], rtol=1e-10, atol=1e-12)
    assert p * q * m >= 1000


def test_n23_draws_every_depth_width_and_activation():
    seen = [drawn("N23", seed)[0] for seed in range(3)]
    for networks in seen:
        assert sum(len(x) for *_, x, _ in networks) >= 1000
        assert {len(u) for _, u, *_ in networks} == {1, 2, 3, 4, 5, 6}
        assert {name for name, *_ in networks} == set(layers.ACTIVATIONS)
    widths = {len(u) for networks in seen for _, weights, *_ in networks for u in weights}
    assert widths == set(range(1, 9))


def test_n23_of_one_node_is_n1():
    """One logistic unit, J = ½(y−o)²: δ = σ'(z)(y−o), and −δx is N1's gradient."""
    x, y, w, b = drawn("N1", n=5)
    by_w, by_b = derivation("N1").hand(x, y, w, b)
    for k in range(5):
        network = ("sigmoid", [np.array([[b[k], w[k]]])], x[k].reshape(1, 1), y[k].reshape(1, 1))
        hidden = ("sigmoid", [*network[1], np.array([[0.0, 1.0]])], *network[2:])  # so that there are hidden δ too
        delta, _, by_u = layers.perceptron([network, hidden])
        assert delta[0] == pytest.approx(-by_b[k], rel=1e-12)
        assert by_u[:2].tolist() == pytest.approx([by_b[k], by_w[k]], rel=1e-12)


def test_n24_weight_decay_is_twice_lambda():
    x, y, u, b, lam, p = drawn("N24")
    after = derivation("N24").hand(x, y, u, b, lam, p)[3]
    layer = nn.Linear(4, 3, dtype=np.float64)
    for factor, equal in ((2, True), (1, False)):
        layer.weight.copy_(u)
        layer.bias.copy_(b)
        optimizer = optim.SGD(optim.decay_weights_only(layer, factor * lam), lr=p)
        optimizer.zero_grad()
        nn.functional.binary_cross_entropy_with_logits(layer(x), y, reduction="sum").backward(1 / len(x))
        optimizer.step()
        assert np.allclose(layer.weight.numpy(), after, rtol=1e-10) is equal


def test_points_may_be_fewer_or_more():
    for row in ("N5", "N12", "N13", "N21", "N23"):
        assert check(derivation(row), points=150).agrees
