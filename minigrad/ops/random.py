"""Every random draw in minigrad: initial weights, dropout masks, shuffles.

One generator for each device, all seeded by `manual_seed`, so the same seed gives the same bits on the
same machine. Each function also takes a generator of one's own. Read next: `minigrad/transforms.py`.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from ..device import Device, get_device
from ..engine.tracing import draw
from ..errors import as_integer, describe

_seed: int | None = None
_generators: dict[str, Any] = {}


def manual_seed(seed: int) -> None:
    """Seed every random draw in the library.

    Parameters
    ----------
    seed : a non-negative integer

    >>> import minigrad as mg
    >>> mg.manual_seed(0); a = mg.ops.random.uniform((2,), -1, 1)
    >>> mg.manual_seed(0); b = mg.ops.random.uniform((2,), -1, 1)
    >>> bool((a == b).all())
    True
    """
    global _seed
    seed = as_integer("manual_seed", "the seed", seed)
    if seed < 0:
        raise ValueError(f"manual_seed: the seed must not be negative, got {seed}")
    _seed = seed
    _generators.clear()


def get_rng_state() -> dict[str, Any]:
    """Return the state of the library's generators: draws made from it again are the same bits.

    >>> import minigrad as mg
    >>> state = mg.get_rng_state(); a = mg.ops.random.uniform((2,), -1, 1)
    >>> mg.set_rng_state(state); b = mg.ops.random.uniform((2,), -1, 1)
    >>> bool((a == b).all())
    True
    """
    default_generator()
    return {device: generator.bit_generator.state for device, generator in _generators.items() if device == "cpu"} | {
        device: copy.deepcopy(generator) for device, generator in _generators.items() if device != "cpu"
    }


def set_rng_state(state: dict[str, Any]) -> None:
    """Take up a state that `get_rng_state` returned.

    Raises
    ------
    TypeError
        when it is none.
    """
    if not isinstance(state, dict) or "cpu" not in state:
        raise TypeError(f"set_rng_state: needs what get_rng_state() returned, got {describe(state)}")
    for device, saved in state.items():
        if device == "cpu":
            default_generator().bit_generator.state = saved
        else:
            _generators[device] = copy.deepcopy(saved)


def default_generator(device: str = "cpu") -> Any:
    """Return the library's generator for a device: NumPy's, or CuPy's on "cuda"."""
    if device not in _generators:
        if device == "cuda":
            get_device("cuda")
            import cupy

            _generators[device] = cupy.random.default_rng(_seed)
        else:
            _generators[device] = np.random.default_rng(_seed)
    return _generators[device]


def check_generator(call: str, generator: Any) -> None:
    """Refuse what is no generator, NumPy's, CuPy's or one's own that draws as they do; None is the library's."""
    draws = any(hasattr(type(generator), method) for method in ("random", "standard_normal", "permutation"))
    if generator is not None and (not draws or isinstance(generator, np.random.RandomState)):  # which has no dtype
        raise TypeError(
            f"{call}: generator must be a numpy.random.Generator, got {describe(generator)}; "
            "make one with np.random.default_rng(seed)"
        )


def _draw(method: str, shape: tuple[int, ...], dtype: Any, device: str, generator: Any) -> Any:
    """Call `generator.method(size=shape, dtype=…)`; other devices than CuPy get the CPU's numbers."""
    place: Device = get_device(device)
    check_generator("uniform" if method == "random" else "normal", generator)

    def in_use() -> Any:  # seeding makes a new one
        return default_generator(device if device == "cuda" else "cpu") if generator is None else generator

    dtype = np.dtype(dtype)
    drawn = np.float64 if dtype == np.float64 else np.float32  # generators draw these two only
    values = draw(in_use, method, size=shape, dtype=drawn)
    if isinstance(values, np.ndarray):
        values = place.from_numpy(values)
    return values if dtype == drawn else values.astype(dtype)


def uniform(
    shape: tuple[int, ...],
    low: float = 0.0,
    high: float = 1.0,
    *,
    dtype: Any = np.float32,
    device: str = "cpu",
    generator: Any = None,
) -> Any:
    """Draw an array from the uniform distribution on [low, high)."""
    return low + (high - low) * _draw("random", shape, dtype, device, generator)


def normal(
    shape: tuple[int, ...],
    mean: float = 0.0,
    std: float = 1.0,
    *,
    dtype: Any = np.float32,
    device: str = "cpu",
    generator: Any = None,
) -> Any:
    """Draw an array from the normal distribution with that mean and standard deviation."""
    return mean + std * _draw("standard_normal", shape, dtype, device, generator)


def permutation(n: int, *, generator: Any = None) -> np.ndarray:
    """Draw a random order of 0 … n−1 (on the CPU, where data sets are indexed)."""
    check_generator("permutation", generator)
    if generator is None:
        generator = default_generator("cpu")
    return np.asarray(generator.permutation(n))
