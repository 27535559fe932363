"""`lab.lint`: every known mistake is found, and its sound neighbour is not reported."""

import warnings

import numpy as np
import pytest
from helpers import leaf

import minigrad as mg
from minigrad import lab, nn
from minigrad.nn import functional as F

X = np.random.default_rng(0).normal(size=(8, 4)).astype("float32")
LABELS = np.arange(8) % 3


def model(*middle, bias=None):
    """Return Linear(4, 5), what is given, Linear(5, 3)."""
    mg.manual_seed(0)
    made = nn.Sequential(nn.Linear(4, 5), *middle, nn.Linear(5, 3))
    if bias is not None:
        made[0].bias.copy_(np.full(5, bias))
    return made


def entropy(net):
    """Return the cross entropy of a network on the eight examples."""
    return F.cross_entropy(net(X), LABELS)


def equal():
    """Return a network whose hidden nodes start equal."""
    net = model(nn.Tanh())
    for layer in (net[0], net[2]):
        layer.weight.copy_(np.full(layer.weight.shape, 0.1))
        layer.bias.copy_(np.zeros(layer.bias.shape))
    return net


def zero_regression():
    """Return a softmax regression that starts at 0, as it may."""
    made = nn.Linear(4, 3)
    made.weight.copy_(np.zeros((3, 4)))
    return made


def moded(change):
    """Return a network with batch normalisation and dropout after something was done to it."""
    net = model(nn.BatchNorm1d(5), nn.Dropout(0.5))
    change(net)
    return net


def column():
    """Return predictions (8, 1)."""
    mg.manual_seed(0)
    return nn.Linear(4, 1)(X)


def half_evaluated(net):
    """Put a network into evaluation but for its dropout."""
    net.eval()
    net[2].train()


P = [0.0, 1.0]
MISTAKES = {
    "softmax-into-cross-entropy": lambda: F.cross_entropy(mg.softmax(model(nn.Tanh())(X)), LABELS),
    "sigmoid-into-bce-with-logits": lambda: F.binary_cross_entropy_with_logits(
        mg.sigmoid(column()).reshape(8), np.ones(8)
    ),
    "log-of-softmax": lambda: mg.log(mg.softmax(column(), axis=0)).sum(),
    "log-of-sigmoid": lambda: -mg.log(mg.sigmoid(column())).mean(),
    "outer-broadcast": lambda: ((column() - X[:, 0]) ** 2).mean(),
    "nonfinite-under-where": lambda: mg.where(np.array(P) > 0, mg.log(leaf(P)), 0.0).sum(),
    "dead-relu-layer": lambda: entropy(model(nn.ReLU(), bias=-100.0)),
    "saturated-layer": lambda: entropy(model(nn.Sigmoid(), bias=100.0)),
    "symmetric-weights": lambda: entropy(equal()),
    "batchnorm-in-eval": lambda: entropy(moded(lambda net: net[1].eval())),
    "dropout-in-training": lambda: entropy(moded(half_evaluated)),
}
SOUND = {
    "a network": lambda: entropy(model(nn.Tanh())),
    "probabilities and their likelihood": lambda: F.log_likelihood(mg.softmax(model(nn.Tanh())(X)), LABELS),
    "binary cross entropy": lambda: F.binary_cross_entropy(mg.sigmoid(column()), np.ones((8, 1))),
    "pairwise differences": lambda: mg.square((lambda p: p - p.reshape(-1))(column())).mean(),
    "equal shapes": lambda: ((column() - X[:, :1]) ** 2).mean(),
    "a where that chooses the argument": lambda: mg.log(mg.where(np.array(P) > 0, leaf(P), 1.0)).sum(),
    "a mask": lambda: mg.softmax(mg.where(np.array([True, False]), leaf(P), -np.inf))[0],
    "a hinge": lambda: mg.relu(leaf([-1.0, -2.0])).sum(),
    "some dead units": lambda: entropy(model(nn.ReLU())),
    "a saturated output": lambda: mg.sigmoid(leaf([100.0, 50.0])).sum(),
    "regression from 0": lambda: entropy(zero_regression()),
    "evaluation": lambda: entropy(moded(lambda net: net.eval())),
    "training": lambda: entropy(moded(lambda net: net.train())),
    "a frozen normalisation": lambda: entropy(moded(lambda net: net[1].eval().requires_grad_(False))),
}


def recorded(make):
    """Return a loss recorded inside `annotate`."""
    with lab.annotate(), np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make()


def test_a_cross_entropy_by_hand_is_an_outer_product_too_and_said_once():
    y = np.arange(8.0) % 2
    by_hand = lambda o: -(y * mg.log(o) + (1 - y) * mg.log(1 - o)).mean()
    (found,) = lab.lint(recorded(lambda: by_hand(mg.sigmoid(column()) * 0.98 + 0.01)))
    assert found.id == "outer-broadcast" and "(8,) · (8, 1) is broadcast to (8, 8)" in found.message
    assert not lab.lint(recorded(lambda: by_hand(mg.sigmoid(column()).reshape(8) * 0.98 + 0.01)))


def test_what_was_picked_out_of_a_softmax_is_still_of_a_softmax():
    z = leaf(np.ones((4, 3)))
    (found,) = lab.lint(recorded(lambda: -mg.log(mg.softmax(z)[np.arange(4), [0, 1, 2, 0]]).mean()))
    assert found.id == "log-of-softmax"


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_found_with_its_line_and_its_remedy(name):
    (found,) = lab.lint(recorded(MISTAKES[name]))
    assert found.id == name and "test_lint.py:" in found.line and found.remedy
    assert str(found).startswith(f"{name}: ") and found.__rich__().plain.split() == str(found).split()
    assert "remedy" in found._repr_html_()


@pytest.mark.parametrize("name", SOUND)
def test_what_is_sound_is_not_reported(name):
    assert lab.lint(recorded(SOUND[name])) == []


def test_parameters_that_the_loss_does_not_reach_are_named():
    net = model(nn.Tanh())
    loss = F.cross_entropy(net[2](np.ones((8, 5), "float32")), LABELS)
    (found,) = lab.lint(loss, net)
    assert found.id == "unreachable-parameters" and "0.weight, 0.bias" in found.message
    net[0].requires_grad_(False)
    assert lab.lint(loss, net) == []
    with pytest.raises(TypeError, match="must be a Module"):
        lab.lint(loss, 3)


def test_backward_in_debug_mode_warns_once_and_only_there():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(3):
            with mg.debug():
                ((column() - X[:, 0]) ** 2).mean().backward()
        ((column() - X[:, 0]) ** 2).mean().backward()
    assert [str(w.message).partition(":")[0] for w in caught] == ["outer-broadcast"]
    assert caught[0].filename == __file__


def test_it_leaves_the_graph_and_the_gradients_alone():
    net = model(nn.Tanh())
    loss = entropy(net)
    lab.lint(loss, net)
    assert all(p.grad is None for p in net.parameters())
    loss.backward()
