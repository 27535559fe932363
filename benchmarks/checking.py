"""Whether a side computes what it should: its loss and all that its steps leave, against plain NumPy in float64."""

from typing import Any

import numpy as np
import plain
from workloads import Network, Start, Workload, first_running, first_weights

STEPS = 3
# How far a side may be off: as a part of what the steps have changed, and of what is there (the rounding of it).
TOLERANCE = {np.float32: (1e-5, 2e-6), np.float64: (1e-8, 1e-14)}


class Disagreement(Exception):
    """A side does not compute what the reference does."""


def check(workload: Workload, start: Start, dtype: type) -> None:
    """Take a few steps beside the reference; raise `Disagreement` unless loss, state and dtype are right."""
    ours, reference = start(), plain.prepare(workload, np.float64)()
    first = None
    if isinstance(workload, Network):
        first = [*first_weights(workload, np.float64), *first_running(workload, np.float64)]
    for n in range(1, STEPS + 1):
        agree(f"step {n}, loss", ours.step(), reference.step(), 0, dtype)
        found, wanted = ours.state(), reference.state()
        if len(found) != len(wanted):
            raise Disagreement(f"step {n}: {len(found)} arrays left, {len(wanted)} wanted")
        for i, (a, b) in enumerate(zip(found, wanted, strict=True)):
            if a.dtype != dtype:
                raise Disagreement(f"step {n}, array {i}: {a.dtype}, not {np.dtype(dtype)}")
            agree(f"step {n}, array {i}", a, b, first[i] if first else 0, dtype)


def agree(what: str, ours: Any, reference: Any, before: Any, dtype: type) -> None:
    """Raise unless ‖ours - reference‖ is small beside ‖reference - before‖, or no more than rounding."""
    of_change, of_size = TOLERANCE[dtype]
    ours = np.asarray(getattr(ours, "item", lambda: ours)() if np.ndim(reference) == 0 else ours, np.float64)
    if ours.shape != np.shape(reference):
        raise Disagreement(f"{what}: shape {ours.shape}, wanted {np.shape(reference)}")
    distance = np.linalg.norm(ours - reference)
    allowed = of_change * np.linalg.norm(reference - before) + of_size * np.linalg.norm(reference)
    if not distance <= allowed:
        raise Disagreement(f"{what}: distance {distance:.2e} from the reference, allowed {allowed:.2e}")
