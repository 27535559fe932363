"""The mutants of the rules: each is another derivative, so every rule would be missed if one took its place."""

import functools

import numpy as np
from helpers import over
from samples import ROWS

import minigrad as mg
from minigrad.engine import Node, annotate, primitives
from minigrad.lab.check import expand
from minigrad.lab.check.alterations import scaled
from minigrad.lab.check.closing import near
from minigrad.lab.check.mutants import mutants_of
from minigrad.lab.check.views import plain_view, views
from minigrad.lab.graph import Graph

DRAW = np.random.default_rng(0)
TRACED = {row.name: row for row in ROWS if row.name in primitives and row.differentiable}
# Steps, whose derivative is 0.
FLAT = {"sign", "heaviside", "floor", "ceil", "trunc", "rint", "round", "floor_divide"}


def recorded(row, case):
    """Return a graph of a row's call, ended in a scalar, and its leaves; None where it records nothing of itself."""
    args = [mg.tensor(a, requires_grad=True) if getattr(a, "dtype", None) == np.float64 else a for a in case.args]
    with annotate():
        out = row.call(*args, **case.options)
        if not isinstance(out, mg.Tensor) or out._node is None:
            return None
        loss = mg.sum(out * (1.5 + np.sin(np.arange(out.size)).reshape(out.shape)))
    graph = Graph(loss)
    return graph, {leaf: n for n, leaf in enumerate(graph.leaves)}


@functools.cache
def plain_views(name):
    """Return the views of all cases of a row, as recorded."""
    with np.errstate(all="ignore"):
        found = [recorded(TRACED[name], case) for case in TRACED[name].cases]
        return [plain_view(g, leaves, {n: f"a{n}" for n in leaves.values()}) for g, leaves in filter(None, found)]


def steps_of(view, name):
    return [step for step in view.steps if step.op is primitives[name].primitive]


def changed(view, alterations):
    """Tell whether the gradients are others under alterations; False too where they do not fit."""
    try:
        found = view.back(alterations)[1]
    except (ValueError, TypeError, IndexError, KeyError, AttributeError):
        return None
    return any(not near(found[n], g) for n, g in view.truth.items())


@over("name", TRACED, name=str)
def test_a_view_has_the_gradients_of_the_engine(name):
    for case in TRACED[name].cases:
        with np.errstate(all="ignore"):
            if (found := recorded(TRACED[name], case)) is None:
                continue
            graph, leaves = found
            for view in views(graph, leaves, {n: f"a{n}" for n in leaves.values()}):
                for leaf, n in leaves.items():
                    assert near(view.truth[n], graph.cotangents[leaf], 1e-8), (case, view.steps)


@over("name", sorted(set(TRACED) - FLAT), name=str)
def test_every_rule_notices_when_it_is_scaled_turned_or_left_out(name):
    places = {}
    for view in plain_views(name):
        for step in steps_of(view, name):
            for i, _ in step.live():
                g = step.answer(i, view.cotangents[step])
                if np.isfinite(g).all() and np.any(g):
                    for c in (-1.0, 0.0, 2.0, 1.001):
                        places.setdefault((0 if step.op.variadic else i, c), []).append(
                            changed(view, {(step.number, i): scaled(c)})
                        )
    assert all(any(seen) for seen in places.values()), places


def chooses_or_moves(view, name):
    """Tell whether all that a rule does to a cotangent is to move its elements, turn their sign, or drop them."""
    for step in steps_of(view, name):
        for i, _ in step.live():
            g = view.cotangents[step]
            known = set(np.round(np.abs(np.append(g, 0.0)), 9).ravel())
            if not set(np.round(np.abs(np.asarray(step.raw(i, g))), 9).ravel()) <= known:
                return False
    return True


# Slips that change nothing: eˣ is its own derivative; the gradient of a bias is the cotangent added up; matrices that
# are symmetric or commute; slopes that the rows do not tell from others.
SAME = {
    "exp": {"by value"}, "linear": {"missing"}, "copysign": {"exchanged", "both exchanged", "x transposed"},
    "cholesky": {"turned"}, "eigh": {"turned"}, "eigvalsh": {"turned"}, "svdvals": {"out transposed"},
    "matmul": {"turned", "other order"}, "xlogy": {"x transposed"}, "leaky_relu": {"at result"}, "ldexp": {"at result"},
}  # fmt: skip


@over("name", sorted(set(TRACED) - FLAT), name=str)
def test_every_mutant_that_applies_is_another_derivative_somewhere(name):
    seen = {}
    with np.errstate(all="ignore"):
        found = [view for view in plain_views(name) if not chooses_or_moves(view, name)]
        for view in found:
            mine = {step.number for step in steps_of(view, name)}
            for m in mutants_of(view):
                if {number for number, _ in m.alterations} <= mine and m.kind not in ("other value", "other cotangent"):
                    seen.setdefault(m.kind, []).append(changed(view, m.alterations))
    survivors = {kind for kind, results in seen.items() if False in results and True not in results}
    assert survivors <= SAME.get(name, set()), f"{survivors} of {name}: put them in SAME if they are the same by nature"


@over("name", sorted(expand.FINE), name=str)
def test_the_parts_of_an_operation_are_the_operation(name):
    opened = 0
    for case in TRACED[name].cases:
        with np.errstate(all="ignore"):
            found = recorded(TRACED[name], case)
            if found is None:
                continue
            graph, leaves = found
            for view in views(graph, leaves, {n: f"a{n}" for n in leaves.values()}):
                opened += not steps_of(view, name)
    assert opened, f"no case of {name} was opened: its parts are not it"


def test_nodes_are_no_steps_of_views_that_nothing_leads_to():
    w = mg.tensor([1.0, 2.0], requires_grad=True)
    with annotate():
        loss = mg.sum(w * mg.exp(mg.tensor([0.5, 0.1])))
    assert isinstance(loss._node, Node)
    view = plain_view(Graph(loss), {w: 0}, {0: "w"})
    assert [step.op.name for step in view.steps] == ["multiply", "sum"]
