"""The derivations N1–N7: hand equals autodiff, equals what the notes print, and a wrong one is caught."""

import ast
import dataclasses
import inspect
import itertools

import numpy as np
import pytest

from minigrad.errors import ShapeError
from minigrad.lab import DERIVATIONS, by_hand, report
from minigrad.lab.derivations import RTOL, check

BY_ID = {d.id: d for d in DERIVATIONS}


def test_the_table_has_every_row_of_section_a_in_order():
    assert [d.id for d in DERIVATIONS][:7] == ["N1", "N2", "N3", "N4", "N5", "N6", "N7"]


@pytest.mark.parametrize("derivation", DERIVATIONS, ids=lambda d: d.id)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_hand_and_autodiff_agree(derivation, seed):
    result = check(derivation, points=1000, seed=seed)
    assert result.agrees and result.relative <= RTOL, result


def test_hand_derivations_are_plain_numpy():
    imported = {
        alias.name
        for node in ast.walk(ast.parse(inspect.getsource(by_hand)))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert imported == {"annotations", "Any", "numpy"}
    assert all(inspect.getmodule(d.hand) is by_hand for d in DERIVATIONS)


def at_note(id, side="hand"):
    return [values.ravel().tolist() for values in getattr(check(BY_ID[id]), side)]


@pytest.mark.parametrize("side", ["hand", "auto"])
def test_the_numbers_that_the_notes_print(side):
    assert np.round(at_note("N2", side)[0], 4).tolist() == [0.0291]
    assert np.round(at_note("N3", side)[0], 4).tolist() == [0.0291, 13.2877, 9.9658]  # E1
    assert np.round(at_note("N6", side)[0], 4).tolist() == [4.2990, 0.2584]
    assert np.round(at_note("N7", side)[0], 4).tolist() == [0.1131, 0.0508, 0.8360]  # where N6's outputs come from


def test_each_line_of_the_chain_equals_the_one_before():
    rng = np.random.default_rng(3)
    *lines, by_b, by_w_bits, by_b_bits = by_hand.cross_entropy_chain(*BY_ID["N4"].draw(rng, 1000))
    for before, line in itertools.pairwise(lines):
        np.testing.assert_allclose(line, before, rtol=RTOL)
    np.testing.assert_allclose(by_w_bits, lines[-1] * 1.4426950408889634, rtol=1e-14)  # E2
    np.testing.assert_allclose(by_b_bits, by_b * 1.4426950408889634, rtol=1e-14)


def test_cross_entropy_learns_where_squared_error_does_not():
    assert at_note("N4")[4][0] / at_note("N1")[0][0] == pytest.approx(1 / (0.98 * 0.02))


def test_softmax_sums_to_one_and_its_jacobian_has_no_row_sum():
    _, total, jacobian, by_z = check(BY_ID["N7"]).hand
    np.testing.assert_allclose(total, 1)
    np.testing.assert_allclose(jacobian.sum(axis=-1), 0, atol=1e-15)
    np.testing.assert_allclose(by_z.sum(axis=-1), 0, atol=1e-15)


def every_formula():
    return [(d, k) for d in DERIVATIONS for k in range(len(d.formulas))]


@pytest.mark.parametrize("derivation, k", every_formula(), ids=lambda v: getattr(v, "id", v))
@pytest.mark.parametrize("change", [lambda v: v * 1.001, lambda v: v + 1e-6, lambda v: -v, lambda v: v * np.nan])
def test_a_wrong_formula_is_caught_and_named(derivation, k, change):
    def wrong(*args):
        return [change(v) if i == k else v for i, v in enumerate(derivation.hand(*args))]

    result = check(dataclasses.replace(derivation, hand=wrong))
    assert not result.agrees and result.worst == derivation.formulas[k]
    text = report.disagreement(result)
    assert derivation.id in text and derivation.formulas[k].strip() in text


def test_a_wrong_rule_is_caught():
    """N4 in bits against autodiff in nats is what erratum E2 is about."""
    def in_nats(*args):
        *others, _, _ = BY_ID["N4"].auto(*args)
        return *others, others[4], others[5]

    result = check(dataclasses.replace(BY_ID["N4"], auto=in_nats))
    assert not result.agrees and result.relative == pytest.approx(1 - np.log(2))


def test_numbers_other_than_the_printed_ones_are_caught():
    result = check(dataclasses.replace(BY_ID["N3"], printed=(0.0291, 13.2877, 13.2877)))  # erratum E1
    assert not result.agrees and result.relative <= RTOL
    assert report.disagreement(result) == (
        "derivation N3 disagrees: e = −(y log₂ o + (1−y) log₂(1−o)): the values are not those that the notes print"
    )


@pytest.mark.parametrize(
    "hand, message",
    [
        (lambda *args: [v[:, None] for v in by_hand.cross_entropy(*args)], r"float64\[3, 1\] by hand"),
        (lambda *args: [v.astype(np.float32) for v in by_hand.cross_entropy(*args)], r"float32\[3\] by hand"),
        (lambda *args: by_hand.cross_entropy(*args) * 2, "1 formulas, but gives 2 results"),
    ],
)
def test_sides_that_cannot_be_compared_are_refused(hand, message):
    with pytest.raises(ShapeError, match=message):
        check(dataclasses.replace(BY_ID["N3"], hand=hand))


@pytest.mark.parametrize("width", [80, 120])
def test_the_report_names_every_formula_and_value(width, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))
    report.show([check(d) for d in DERIVATIONS])
    text = capsys.readouterr().out
    lines = text.splitlines()
    assert max(map(len, lines)) <= width
    for derivation in DERIVATIONS:
        for formula in derivation.formulas:
            assert any(formula.strip() in line for line in lines), formula
    assert text.count("agrees") == len(DERIVATIONS) and "DIFFERS" not in text
    for number in ("0.0291", "13.2877", "9.9658", "4.2990", "0.2584"):
        assert number in text
    assert all(id in text for id in ("E1", "E2", "E3")) and "-0.0000" not in text


def test_the_report_marks_what_differs(capsys):
    wrong = dataclasses.replace(BY_ID["N1"], hand=lambda *args: [-v for v in by_hand.half_squared_error(*args)])
    report.show([check(wrong)])
    assert "DIFFERS" in capsys.readouterr().out
