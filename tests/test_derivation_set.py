"""The set of derivations is what it says, by minigrad's own gradients; and `lab.check` is scored on it.

The score takes a minute for the whole set, so an everyday run takes every sixth entry of it;
`WHOLE_SET=1 pytest -n0 -s tests/test_derivation_set.py` scores all, and prints every entry that was missed.
"""

import functools
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pytest
from derivations import ENTRIES, IDS, Entry
from helpers import over, some

import minigrad as mg
from minigrad import lab

RIGHT = [e for e in ENTRIES if not e.ids]
WRONG = [e for e in ENTRIES if e.ids]
FAR = 1e-4  # a wrong gradient is off by more than this, relative to its largest element; rounding is below 1e-9


def each(entries):
    return over("entry", entries)


def in_float64(args):
    return [np.asarray(a, np.float64) if a.dtype.kind == "f" else a for a in args]


def moved(entry, size, seed=0):
    """Return the arguments in float64, those it is differentiated by a little elsewhere."""
    rng, args = np.random.default_rng(seed), in_float64(entry.problem.args)
    for k in entry.problem.argnums:
        args[k] = args[k] + size * np.abs(args[k]).max() * rng.uniform(-1, 1, args[k].shape)
    return args


def gradients(entry, args):
    """Return minigrad's."""
    grads = mg.grad(entry.problem.f, entry.problem.argnums)(*[a.copy() for a in args])
    return [g.numpy() for g in grads]


def by_hand(entry, args):
    got = entry.hand(*[a.copy() for a in args])
    return list(got) if isinstance(got, tuple) else [got]


def distance(hand, auto):
    """Return how far two gradients are apart, in the largest element of the second; infinite for other shapes."""
    hand = np.asarray(hand)
    if hand.shape != auto.shape:
        return np.inf
    return np.abs(hand - auto).max() / max(np.abs(auto).max(), np.finfo(np.float64).tiny)


# --- the set ------------------------------------------------------------------------------------------


def test_the_set_is_large_and_covers_every_mistake():
    assert len(RIGHT) >= 35 and len(WRONG) >= 55
    assert len({e.name for e in ENTRIES}) == len(ENTRIES)
    first, named = Counter(e.ids[0] for e in WRONG), Counter(id for e in WRONG for id in e.ids)
    assert set(named) == IDS and min(first[id] for id in IDS) >= 2
    assert all(set(e.differs) <= set(e.problem.wrt) for e in WRONG)


@each(ENTRIES)
def test_a_loss_is_a_scalar_of_tensors(entry):
    loss = entry.problem.f(*[mg.tensor(a) for a in entry.problem.args])
    assert isinstance(loss, mg.Tensor) and loss.shape == ()
    assert len(by_hand(entry, entry.problem.args)) == len(entry.problem.argnums)


@each([e for e in RIGHT if not e.kink])
@pytest.mark.parametrize("size", [0, 1e-2], ids=["there", "elsewhere"])
def test_a_right_one_is_right(entry, size):
    """In float64 whatever its dtype: a formula that is right, and only rounds, agrees there."""
    args = moved(entry, size)
    for hand, auto in zip(by_hand(entry, args), gradients(entry, args), strict=True):
        assert hand.shape == auto.shape
        np.testing.assert_allclose(hand, auto, rtol=0, atol=entry.rtol * np.abs(auto).max() + entry.atol)


@each([e for e in RIGHT if any(a.dtype == np.float32 for a in e.problem.args)])
def test_a_right_one_in_float32_is_off_by_rounding(entry):
    args = entry.problem.args
    for hand, auto in zip(by_hand(entry, args), gradients(entry, args), strict=True):
        assert np.asarray(hand).dtype == auto.dtype == np.float32
        assert distance(hand, auto) < 1e-4


@each([e for e in RIGHT if e.kink])
def test_a_right_one_at_a_kink_lies_between_the_sides(entry):
    args, somewhere = in_float64(entry.problem.args), moved(entry, 1e-2)
    beside = [gradients(entry, moved(entry, 1e-9, seed)) for seed in range(40)]
    for hand, auto, *sides in zip(by_hand(entry, args), gradients(entry, args), *beside, strict=True):
        low, high = np.min(sides, axis=0) - 1e-6, np.max(sides, axis=0) + 1e-6
        assert hand.shape == auto.shape and (low <= hand).all() and (hand <= high).all()
    assert any(distance(*pair) > 1e-3 for pair in zip(by_hand(entry, args), gradients(entry, args), strict=True))
    for hand, auto in zip(by_hand(entry, somewhere), gradients(entry, somewhere), strict=True):
        assert distance(hand, auto) < entry.rtol


@each(WRONG)
@pytest.mark.parametrize("size", [0, 1e-2], ids=["there", "elsewhere"])
def test_a_wrong_one_is_wrong_where_it_says(entry, size):
    args = moved(entry, size)
    for name, hand, auto in zip(entry.problem.wrt, by_hand(entry, args), gradients(entry, args), strict=True):
        apart = distance(hand, auto)
        assert apart > FAR if name in entry.differs else apart < 1e-9, name


@each([e for e in WRONG if e.hand_loss])
def test_a_loss_by_hand_is_another_one_and_is_what_was_derived(entry):
    args = in_float64(entry.problem.args)
    value = entry.problem.f(*map(mg.tensor, args)).item()
    assert abs(entry.hand_loss(*args) - value) > 1e-6 * abs(value)
    for k, hand in zip(entry.problem.argnums, by_hand(entry, args), strict=True):
        for i in np.ndindex(args[k].shape):
            ends = []
            for step in (1e-6, -1e-6):
                there = [a.copy() for a in args]
                there[k][i] += step
                ends.append(entry.hand_loss(*there))
            assert np.asarray(hand)[i] == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-5, abs=1e-6)


# --- the score of lab.check ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Outcome:
    """What `lab.check` said of an entry.

    Attributes
    ----------
    accused : the arguments whose verdict is a mistake
    claims : (id, certain) of every diagnosis, best first
    failure : the error it raised instead, if it did
    """

    entry: Entry
    ok: bool = True
    accused: tuple = ()
    claims: tuple = ()
    failure: str = ""

    @property
    def best(self):
        return self.claims[0][0] if self.claims else "unexplained"

    @property
    def false_claims(self):
        return [id for id, certain in self.claims if certain and id not in self.entry.ids]

    @property
    def false_alarm(self):
        """An argument that is right stands accused, or the report of a right gradient is not ok."""
        return not set(self.accused) <= set(self.entry.differs) or not (self.entry.ids or self.ok)

    @property
    def detected(self):
        return not self.ok and set(self.accused) >= set(self.entry.differs)

    @property
    def missed(self):
        """What is wrong with the outcome, in words; "" when nothing is."""
        if self.failure:
            return f"raised {self.failure}"
        if self.false_alarm:
            return "false alarm: " + (", ".join(set(self.accused) - set(self.entry.differs)) or "not ok")
        if self.entry.ids and not self.detected:
            return "not detected: " + ", ".join(n for n in self.entry.differs if n not in self.accused)
        if self.false_claims:
            return "wrong claim"
        return "not named" if self.entry.ids and self.best not in self.entry.ids else ""


def outcome(entry):
    problem = entry.problem
    options = {"argnums": problem.argnums, "names": problem.names, "hand_loss": entry.hand_loss}
    try:
        report = lab.check(problem.f, entry.hand, *[a.copy() for a in problem.args], **options)
        results = [report.results[name] for name in problem.names or problem.wrt]
    except Exception as error:
        return Outcome(entry, failure=f"{type(error).__name__}: {error}")
    accused = tuple(n for n, r in zip(problem.wrt, results, strict=True) if r.verdict == "mistake")
    return Outcome(entry, report.ok, accused, tuple((d.id, d.certain) for d in report.diagnoses))


@functools.cache
def outcomes():
    return [outcome(entry) for entry in (some(ENTRIES, 6))]


def table():
    """Return the misses, one a line: the entry, what is wrong, what was claimed (! is certain), what is acceptable."""
    lines = [
        f"{o.entry.name:<56} {o.missed:<30} "
        f"{', '.join(id + '!' * certain for id, certain in o.claims[:3]) or '—':<48} {' '.join(o.entry.ids) or 'right'}"
        for o in outcomes()
        if o.missed
    ]
    wrong = [o for o in outcomes() if o.entry.ids]
    return "\n".join(
        [
            "",
            *lines,
            f"{len(outcomes()) - len(wrong)} right: {sum(o.false_alarm for o in outcomes())} false alarms. "
            f"{len(wrong)} wrong: "
            f"{sum(o.detected for o in wrong)} detected, {sum(o.best in o.entry.ids for o in wrong)} named; "
            f"{sum(len(o.false_claims) for o in outcomes())} wrong claims.",
        ]
    )


def test_the_score_is_printed():
    print(table())
    failures = {o.entry.name: o.failure for o in outcomes() if o.failure}
    assert not failures, failures


def test_no_false_alarm():
    assert not [o.entry.name for o in outcomes() if o.false_alarm]


def test_every_mistake_is_detected():
    assert not [o.entry.name for o in outcomes() if o.entry.ids and not o.detected]


def test_nine_mistakes_of_ten_are_named():
    named = [o.best in o.entry.ids and not o.failure for o in outcomes() if o.entry.ids]
    assert sum(named) >= 0.9 * len(named), table()


def test_hardly_a_wrong_claim():
    false = {o.entry.name: o.false_claims for o in outcomes() if o.false_claims}
    assert sum(map(len, false.values())) <= 2, false
