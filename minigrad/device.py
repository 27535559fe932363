"""Which arrays exist, where they live, and how they move.

A `Device` pairs a name with the array type that lives there and the two functions that carry data in
and out. The CPU is NumPy; "cuda" is CuPy, imported the first time it is asked for. Everything else in
minigrad reaches the arrays through NumPy's own dispatch and never asks which kind it holds. Besides
the generator in `ops/random.py` this is the only file that names cupy. Read next: `engine/`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .errors import DeviceError, describe, nearest


class Device(NamedTuple):
    """A place where arrays live.

    Parameters
    ----------
    name : "cpu", "cuda", or the name of a registered stand-in
    array_type : the class of its arrays; it speaks `__array_ufunc__` and `__array_function__`
    from_numpy : carries a NumPy array there (a copy)
    to_numpy : carries an array of this device back (a copy, or the array itself on the CPU)
    """

    name: str
    array_type: type
    from_numpy: Callable[[np.ndarray], Any]
    to_numpy: Callable[[Any], np.ndarray]


CPU = Device("cpu", np.ndarray, lambda a: a, lambda a: a)
_devices: dict[str, Device] = {"cpu": CPU}
_by_type: dict[type, Device] = {np.ndarray: CPU}


def register_device(device: Device) -> None:
    """Make a device known: its arrays may then be the data of a Tensor."""
    _devices[device.name] = device
    _by_type[device.array_type] = device


def _load_cuda() -> Device:
    """Import CuPy, see that a GPU answers, and register both as "cuda"."""
    try:
        import cupy
    except ImportError as error:
        raise DeviceError(
            'device "cuda": the package cupy is not installed; on a machine with an NVIDIA GPU install '
            'it with: pip install "minigrad-lab[cuda12]" (or [cuda13], to match the driver), '
            'or use device="cpu"'
        ) from error
    try:
        count = cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        raise DeviceError(f'device "cuda": CuPy found no usable GPU ({error}); use device="cpu"') from error
    if count == 0:
        raise DeviceError('device "cuda": CuPy found no GPU; use device="cpu"')
    cuda = Device("cuda", cupy.ndarray, cupy.asarray, cupy.asnumpy)
    register_device(cuda)
    return cuda


def get_device(name: str) -> Device:
    """Return the device of that name.

    Raises
    ------
    DeviceError
        for an unknown name, or "cuda" without CuPy or without a GPU.

    >>> get_device("cpu").name
    'cpu'
    """
    if name in _devices:
        return _devices[name]
    if name == "cuda":
        return _load_cuda()
    known = sorted({*_devices, "cuda"})
    raise DeviceError(f"unknown device {name!r}; known: {', '.join(known)}.{nearest(str(name), known)}")


def as_device(device: Any, dtype: Any = None) -> tuple[Device | None, Any]:
    """Sort out the arguments of `to`, of which the first may be a device's name or a dtype: `t.to("float64")`."""
    if device is None:
        return None, dtype
    if isinstance(device, str) and (device == "cuda" or device in _devices):
        return get_device(device), dtype
    try:
        return None, np.dtype(device)
    except TypeError:
        return get_device(device), dtype  # which says what devices there are


def find_device(array: Any) -> Device | None:
    """Return the device whose arrays `array` is one of, or None when it is no array at all."""
    found = _by_type.get(type(array))
    if found is None:
        if "cupy" in sys.modules and type(array).__module__.partition(".")[0] == "cupy":
            _load_cuda()
        found = next((d for t, d in _by_type.items() if isinstance(array, t)), None)
    return found


def is_array(value: Any) -> bool:
    """Tell whether `value` is an array of some known device (a Tensor is not)."""
    return find_device(value) is not None


def device_of(array: Any) -> Device:
    """Return the device an array lives on.

    Raises
    ------
    TypeError
        when `array` is no array of a known device.
    """
    found = find_device(array)
    if found is None:
        raise TypeError(f"expected an array, got {describe(array)}")
    return found


def same_device(call: str, **arrays: Any) -> None:
    """Refuse arrays of several devices in one call; what is no array is anywhere.

    Raises
    ------
    DeviceError
        naming where each of them is.
    """
    places = {name: found.name for name, a in arrays.items() if (found := find_device(a)) is not None}
    if len(set(places.values())) > 1:
        got = ", ".join([f"{name}: {describe(arrays[name])} on {place}" for name, place in places.items()])
        first = next(iter(places.values()))
        raise DeviceError(f'{call}: got {got}; all must be on one device: move the others with t.to("{first}")')


def move(array: Any, device: Device) -> Any:
    """Carry an array to a device; the array itself when it is there already."""
    here = device_of(array)
    return array if here.name == device.name else device.from_numpy(here.to_numpy(array))


def to_numpy(array: Any) -> np.ndarray:
    """Carry an array of any device to NumPy (no copy on the CPU)."""
    return device_of(array).to_numpy(array)


def address_of(array: Any) -> int:
    """Return where in its device's memory an array's first element lies."""
    return int(array.ctypes.data if isinstance(array, np.ndarray) else array.data.ptr)
