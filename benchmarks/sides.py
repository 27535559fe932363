"""Who is measured: a line for each. Those whose packages are not installed are left out.

A new side is a module with a `prepare` (see `workloads.py`) and a line here; another executor of `mg.compile` is just
the line.
"""

import importlib
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workloads import Start, Workload


@dataclass(frozen=True)
class Side:
    """One way to do the workloads: a function of a module, and what it is given beside the workload."""

    name: str
    module: str
    function: str = "prepare"
    options: Mapping[str, Any] = field(default_factory=dict)  # of `mg.compile`
    packages: tuple[str, ...] = ()  # that it needs
    kind: str = ""  # whose targets it is held to: "eager" or "compiled"
    compiles: bool = False  # whether its first step makes a program
    without: tuple[str, ...] = ()  # workloads that it does not do, by their names or the first word of these

    @property
    def available(self) -> bool:
        """Whether its packages are installed."""
        return all(importlib.util.find_spec(package) for package in self.packages)

    def does(self, workload: Workload) -> bool:
        """Whether the workload is among those it does."""
        return not {workload.name, workload.name.split()[0]} & set(self.without)

    def prepare(self, workload: Workload, dtype: type) -> Start:
        """How to start the workload on this side."""
        return getattr(importlib.import_module(self.module), self.function)(workload, dtype, **self.options)


EXPERT, PLAIN = "expert", "plain"  # what the others are compared with
MINIGRAD = {"module": "with_minigrad", "packages": ("minigrad",)}
COMPILED = MINIGRAD | {"function": "compiled", "kind": "compiled", "compiles": True, "without": ("chain",)}
OTHER_CHAINS = ("chain 5k", "chain 80k")  # these are there to see whether minigrad's cost is linear
SIDES = (
    Side(EXPERT, "expert", without=("chain",)),
    Side(PLAIN, "plain"),
    Side("minigrad", **MINIGRAD, kind="eager"),
    Side("compiled (NumPy)", **COMPILED, options={"executor": "numpy"}),
    Side("compiled (Numba)", **COMPILED | {"packages": ("minigrad", "numba")}, options={"executor": "numba"}),
    Side("PyTorch", "with_torch", packages=("torch",), without=OTHER_CHAINS),
    Side("torch.compile", "with_torch", "compiled", packages=("torch",), compiles=True, without=("chain",)),
    Side("JAX jit", "with_jax", packages=("jax",), compiles=True, without=("chain",)),
    Side("PyTensor", "with_pytensor", packages=("pytensor",), compiles=True, without=("chain",)),
    Side("autograd", "with_autograd", packages=("autograd",), without=OTHER_CHAINS),
    Side("MyGrad", "with_mygrad", packages=("mygrad",), without=OTHER_CHAINS),
)


def side_named(name: str) -> Side:
    """The side of that name."""
    return next(side for side in SIDES if side.name == name)
