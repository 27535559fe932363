"""The peak memory of one side of the memory workload: ``python peak.py plain | minigrad | torch | numpy``.

Run in a process of its own, it imports nothing but what that side needs ("numpy" only imports NumPy: the
floor under all of them), takes a few steps, and prints the peak of the whole process as JSON.
"""

import json
import resource
import sys
from pathlib import Path

STEPS = 3


def peak_rss() -> float:
    """The most memory this process has held, in MiB.

    Linux keeps `ru_maxrss` across exec, so a process started from a larger one reports its parent's peak;
    `VmHWM` is the process's own, and is read where it exists.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, kilobytes elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def main(side: str) -> None:
    """Take a few steps and print what they needed."""
    loss = None
    if side == "numpy":
        import numpy  # noqa: F401
    else:
        import workloads

        trainer = getattr(workloads, f"with_{side}")(workloads.MEMORY)
        for _ in range(STEPS):
            loss = float(trainer.step().item())
    print(json.dumps({"peak": peak_rss(), "loss": loss}))


if __name__ == "__main__":
    main(sys.argv[1])
