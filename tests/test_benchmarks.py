"""Every side of the benchmark computes the same steps, in both precisions; nothing is timed here."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
sys.path.append(str(BENCHMARKS))  # its modules import each other by name, and sides when they are wanted

import checking  # noqa: E402
import sides  # noqa: E402
import workloads  # noqa: E402
from measure import Row  # noqa: E402

SMALL = [
    *(w for w in workloads.WORKLOADS if w.name in ("toy", "toy-adam", "digits", "deep", "bn")),
    replace(workloads.named("mnist"), sizes=(20, 16, 12, 10)),
    replace(workloads.named("wide"), sizes=(12, 20, 20, 12), batch=8),
    replace(workloads.named("elementwise"), size=300_000),  # blocks, and a rest
    replace(workloads.named("chain 5k"), length=50),
]
OWN = [side for side in sides.SIDES if side.module in ("expert", "plain", "with_minigrad") and side.available]


@pytest.mark.parametrize("side", OWN, ids=lambda side: side.name)
@pytest.mark.parametrize("workload", SMALL, ids=lambda workload: workload.name)
def test_a_side_takes_the_steps_of_the_reference(workload, side):
    if side.does(workload):
        for dtype in (np.float32, np.float64):
            checking.check(workload, side.prepare(workload, dtype), dtype)


@pytest.mark.parametrize("workload", SMALL, ids=lambda workload: workload.name)
def test_a_side_that_is_wrong_by_a_hundredth_is_caught(workload):
    def start():
        trainer = sides.side_named(sides.PLAIN).prepare(workload, np.float64)()
        before = [a.copy() for a in trainer.state()]

        def state():
            return [b + 1.01 * (a - b) for a, b in zip(trainer.state(), before or [0] * 3, strict=False)]

        return trainer._replace(state=state)

    with pytest.raises(checking.Disagreement):
        checking.check(workload, start, np.float64)


def test_a_row_takes_its_ratios_round_by_round():
    row = Row("w", "", "µs", {"expert": [1.0, 2.0, 4.0], "other": [2.0, 4.0, 16.0]}, {("eager", "expert"): 1.5})
    assert row.base == "expert"
    assert row.ratio("other", "expert") == (2.0, 2.0, 3.0)
    (verdict,) = row.verdicts([sides.Side("other", "", kind="eager")])
    assert verdict == ("other", "expert", (2.0, 2.0, 3.0), 1.5)
