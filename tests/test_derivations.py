"""The derivations N1–N24: hand equals minigrad, equals what the notes print, and a wrong one is caught."""

import ast
import dataclasses
import functools
import inspect
import itertools
from pathlib import Path

import numpy as np
import pytest

import minigrad
from minigrad.errors import ShapeError
from minigrad.lab.notes import DERIVATIONS, by_hand, derivations, facts
from minigrad.lab.notes.by_hand import errors as hand
from minigrad.lab.notes.derivations import RTOL, Derivation, check, derivation

BY_HAND = sorted((Path(minigrad.__file__).parent / "lab" / "notes" / "by_hand").glob("*.py"))
checked = functools.cache(check)  # the same comparison serves several tests


def test_the_table_has_every_row_of_the_notes_in_order():
    assert [d.id for d in DERIVATIONS] == [f"N{k}" for k in range(1, 25)]
    assert [e.id for e in derivations.ERRATA] == [f"E{k}" for k in range(1, 7)]
    assert [e for d in DERIVATIONS for e in d.errata] == list(derivations.ERRATA)
    assert len({d.title for d in DERIVATIONS}) == 24


@pytest.mark.parametrize("row", DERIVATIONS, ids=lambda d: d.id)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_hand_and_minigrad_agree(row, seed):
    result = checked(row, seed=seed)
    assert result.agrees and result.relative <= RTOL, facts.disagreement(result)
    assert result.points == 1000


def test_a_row_is_found_by_its_id_or_that_of_an_erratum():
    assert derivation("N4") is derivation("n4") is derivation("e2") is DERIVATIONS[3]
    with pytest.raises(ValueError, match=r"there is no row 'N25'; known are N1, N2, .*, N24, E1, .*, E6\.") as info:
        derivation("N25")
    assert "Did you mean" in str(info.value)


# --- the hand side ------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", BY_HAND, ids=lambda p: p.name)
def test_hand_derivations_are_plain_numpy(path):
    allowed = {"__future__", "collections.abc", "typing", "numpy"}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            assert {alias.name for alias in node.names} <= allowed
        if isinstance(node, ast.ImportFrom) and path.name != "__init__.py":
            assert node.level == 0 and node.module in allowed


def test_every_hand_side_is_in_those_files():
    modules = {getattr(by_hand, path.stem) for path in BY_HAND if path.stem not in ("__init__", "slips")}
    assert {inspect.getmodule(d.hand) for d in DERIVATIONS} == modules


@pytest.mark.parametrize("row", DERIVATIONS, ids=lambda d: d.id)
def test_the_code_that_is_shown_is_all_that_runs(row):
    """Run alone, with NumPy and the names of types, it gives the same numbers."""
    scope = {"np": np}
    exec("from __future__ import annotations\n" + row.source, scope)
    alone = scope[row.hand.__name__](*row.note)
    for was, now in zip(checked(row, seed=0).hand, alone, strict=True):
        np.testing.assert_array_equal(was, now)
    assert inspect.getsource(row.hand) in row.source
    assert max(map(len, row.source.splitlines())) <= 92  # fits beside a margin


def test_code_without_a_file_is_empty_and_nested_code_is_its_own():
    scope = {}
    exec("def typed_in(x):\n    return x", scope)
    row = dataclasses.replace(DERIVATIONS[0], hand=scope["typed_in"])
    assert row.source == ""
    inner = dataclasses.replace(row, hand=lambda *args: args)
    assert inner.source.startswith("inner = ")


# --- the numbers --------------------------------------------------------------------------------------


def at_note(id, side="hand"):
    return [values.ravel().tolist() for values in getattr(checked(derivation(id), seed=0), side)]


@pytest.mark.parametrize("side", ["hand", "auto"])
def test_the_numbers_that_the_notes_print(side):
    assert np.round(at_note("N2", side)[0], 4).tolist() == [0.0291]
    assert np.round(at_note("N3", side)[0], 4).tolist() == [0.0291, 13.2877, 9.9658]  # E1
    assert np.round(at_note("N6", side)[0], 4).tolist() == [4.2990, 0.2584]
    assert np.round(at_note("N7", side)[0], 4).tolist() == [0.1131, 0.0508, 0.8360]  # where N6's outputs come from


def test_each_line_of_the_chain_equals_the_one_before():
    rng = np.random.default_rng(3)
    *lines, by_b, by_w_bits, by_b_bits = hand.cross_entropy_chain(*derivation("N4").draw(rng, 1000))
    for before, line in itertools.pairwise(lines):
        np.testing.assert_allclose(line, before, rtol=RTOL)
    np.testing.assert_allclose(by_w_bits, lines[-1] * 1.4426950408889634, rtol=1e-14)  # E2
    np.testing.assert_allclose(by_b_bits, by_b * 1.4426950408889634, rtol=1e-14)
    steps = [difference.step for difference in checked(derivation("N4"), seed=0).differences]
    assert [step is not None for step in steps] == [False, True, True, True, True, False, False, False]
    assert all(step is None or step <= RTOL for step in steps)


def test_cross_entropy_learns_where_squared_error_does_not():
    assert at_note("N4")[4][0] / at_note("N1")[0][0] == pytest.approx(1 / (0.98 * 0.02))


def test_softmax_sums_to_one_and_its_jacobian_has_no_row_sum():
    _, total, jacobian, by_z = checked(derivation("N7"), seed=0).hand
    np.testing.assert_allclose(total, 1)
    np.testing.assert_allclose(jacobian.sum(axis=-1), 0, atol=1e-15)
    np.testing.assert_allclose(by_z.sum(axis=-1), 0, atol=1e-15)


# --- what is wrong is caught --------------------------------------------------------------------------


@functools.cache
def sides(row):
    """Return what both sides give at the notes' points and at random ones: once for all changes of the row."""
    both = {"note": row.note, "random": row.draw(np.random.default_rng(0), 1000)}
    return {points: (row.hand(*args), row.auto(*args)) for points, args in both.items()}


def with_change(row, k, change):
    """Return the row with a changed k-th formula, and its values looked up."""

    def hand(points):
        return [change(v) if i == k else v for i, v in enumerate(sides(row)[points][0])]

    return dataclasses.replace(
        row, note=("note",), draw=lambda rng, n: ("random",), hand=hand, auto=lambda points: sides(row)[points][1]
    )


CHANGES = {
    "scaled": lambda v: v * 1.001,
    "shifted": lambda v: v + 1e-6 * max(1, np.abs(v).max()),
    "negated": lambda v: -v,
    "NaN": lambda v: v * np.nan,
}


@pytest.mark.parametrize("row", DERIVATIONS, ids=lambda d: d.id)
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_wrong_formula_is_caught_and_named(row, change):
    assert check(with_change(row, 0, lambda v: v)).agrees
    for k, formula in enumerate(row.formulas):
        if all(np.array_equal(change(pair[0][k]), pair[0][k]) for pair in sides(row).values()):
            continue  # zeros, scaled
        if np.abs(sides(row)["random"][0][k]).max() < row.floor * 1e-6:
            continue  # rounding of zeros, scaled
        result = check(with_change(row, k, change))
        assert not result.agrees and result.worst == formula
        text = facts.disagreement(result)
        assert f"derivation {row.id} disagrees" in text and formula.strip() in text


def test_a_wrong_rule_is_caught():
    """N4 in bits against autodiff in nats is what erratum E2 is about."""

    def in_nats(*args):
        *others, _, _ = derivation("N4").auto(*args)
        return *others, others[4], others[5]

    result = check(dataclasses.replace(derivation("N4"), auto=in_nats))
    assert not result.agrees and result.relative == pytest.approx(1 - np.log(2))


def test_a_chain_that_both_sides_break_alike_is_caught():
    """A claim such as Σo = 1 is not saved by two sides that agree on something else."""

    def twice(side):
        def changed(*args):
            *others, t, back, x = side(*args)
            return *others, t, back, 2 * x

        return changed

    n8 = derivation("N8")
    result = check(dataclasses.replace(n8, hand=twice(n8.hand), auto=twice(n8.auto)))
    assert not result.agrees and result.relative <= RTOL
    assert facts.disagreement(result) == "derivation N8 disagrees: = x: differs from the line before"


def test_numbers_other_than_the_printed_ones_are_caught():
    result = check(dataclasses.replace(derivation("N3"), printed=(0.0291, 13.2877, 13.2877)))  # erratum E1
    assert not result.agrees and result.relative <= RTOL
    assert facts.disagreement(result) == (
        "derivation N3 disagrees: e = −(y log₂ o + (1−y) log₂(1−o)): the values are not those that the notes print"
    )
    assert "13.2877, 13.2877, and is not." in facts.compared(result)


@pytest.mark.parametrize(
    "wrong, message",
    [
        (lambda *args: [v[:, None] for v in hand.cross_entropy(*args)], r"float64\[3, 1\] by hand"),
        (lambda *args: [v.astype(np.float32) for v in hand.cross_entropy(*args)], r"float32\[3\] by hand"),
        (lambda *args: hand.cross_entropy(*args) * 2, "1 formulas, but gives 2 results"),
    ],
)
def test_sides_that_cannot_be_compared_are_refused(wrong, message):
    with pytest.raises(ShapeError, match=message):
        check(dataclasses.replace(derivation("N3"), hand=wrong))


def test_a_row_of_ones_own():
    """As the docstring of `rows` says: write hand, write auto, make a row."""
    from minigrad import grad, mean

    def hand(x):
        return (np.tile(2 * x.mean() / x.size, x.size),)

    def auto(x):
        return (grad(lambda x: mean(x) ** 2)(x).numpy(),)

    def draw(rng, n):
        return (rng.normal(size=n),)

    row = Derivation("X1", "the mean, squared", ("∂/∂xᵢ = 2x̄/n",), hand, auto, (np.array([1.0, 2.0]),), draw, ("1, 2",))
    result = check(row)
    assert result.agrees and result.hand[0].tolist() == [1.5, 1.5]
    assert row.source.lstrip().startswith("def hand(x):") and "(" not in facts.compared(result)
