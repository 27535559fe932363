"""`save` and `load`: weights and training state in a safetensors file. Never pickle.

Arrays are stored as safetensors; the containers and numbers around them as JSON in the file's
metadata, with a SHA-256 digest of everything. A file is written beside its name and then renamed, so
there is the old one or the new one, never half of one. What only files need is imported where it is
used, so that `import minigrad` stays quick. Read next: `minigrad/optim/`.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..device import find_device, to_numpy
from ..engine import Tensor
from ..errors import CheckpointError, describe

_ARRAY = "<array>"


def _split(value: Any, key: str, arrays: dict[str, np.ndarray]) -> Any:
    """Return `value` as JSON can hold it, its arrays moved into `arrays` under their keys."""
    if isinstance(value, Tensor):
        value = value.data
    if isinstance(value, np.generic):
        value = value.item()
    if find_device(value) is not None:
        if value.dtype.kind not in "fiub" or value.dtype.itemsize > 8:
            raise TypeError(f"save: {key or 'the state'} is {describe(value)}; only numbers of up to 64 bits")
        while key in arrays or key == "__metadata__":  # {"a.b": …, "a": {"b": …}}; the other is safetensors' own
            key += "'"
        native = to_numpy(value).astype(value.dtype.newbyteorder("="), copy=False)
        arrays[key] = np.ascontiguousarray(native).reshape(value.shape)
        return {_ARRAY: key}
    if isinstance(value, Mapping):
        bad = [k for k in value if not isinstance(k, str) or k == _ARRAY]
        if bad:
            where = key or "the state"
            raise TypeError(f"save: keys must be strings other than {_ARRAY!r}, got {describe(bad[0])} in {where}")
        return {k: _split(v, f"{key}.{k}" if key else k, arrays) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_split(v, f"{key}.{i}" if key else str(i), arrays) for i, v in enumerate(value)]
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise TypeError(
        f"save: {key or 'the state'} is {describe(value)}; arrays, numbers, strings and containers can be saved"
    )


def _join(value: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    if isinstance(value, dict):
        if set(value) == {_ARRAY}:
            return Tensor(arrays[value[_ARRAY]])
        return {k: _join(v, arrays) for k, v in value.items()}
    return [_join(v, arrays) for v in value] if isinstance(value, list) else value


def _digest(arrays: Mapping[str, np.ndarray], metadata: Mapping[str, str]) -> str:
    import hashlib
    import json

    total = hashlib.sha256()
    total.update(json.dumps(sorted((k, v) for k, v in metadata.items() if k != "sha256")).encode())
    for key in sorted(arrays):
        array = arrays[key]
        total.update(f"{key}\0{array.dtype.str}\0{array.shape}\0".encode())
        total.update(np.ascontiguousarray(array).tobytes())
    return total.hexdigest()


def write_atomically(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a file so that its name never stands for half of it: to a temporary one, which is then renamed."""
    import tempfile

    target = os.path.realpath(path)
    folder = os.path.dirname(target)
    handle, temporary = tempfile.mkstemp(prefix=os.path.basename(target) + ".", suffix=".part", dir=folder)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise


def _check_file(path: Any) -> None:
    """Refuse a path that no file can be written to, before anything is computed."""
    if not isinstance(path, str | os.PathLike):
        raise TypeError(
            f"save: the file comes first, then the state, got {describe(path)} as the file; "
            'write mg.save("model.safetensors", state)'
        )
    name, target = os.fspath(path), os.path.realpath(path)
    if os.path.isdir(target):
        raise IsADirectoryError(f"save: {name!r} is a folder; give the name of a file in it")
    folder = os.path.dirname(target)
    if not os.path.isdir(folder):
        raise FileNotFoundError(f"save: {name!r}: there is no folder {folder!r}; create it, or save elsewhere")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def save(path: str | os.PathLike[str], state: Any, metadata: Mapping[str, str] | None = None) -> None:
    """Write a state dictionary, or any nest of dictionaries and lists of arrays, numbers and strings.

    Parameters
    ----------
    path : the file, usually named `*.safetensors`; replaced as a whole or not at all
    state : `model.state_dict()`; or `{"model": …, "optimizer": optimizer.state_dict(), "epoch": 3}`.
        Tuples come back as lists
    metadata : strings to keep beside, by name; read with `read_metadata`

    Raises
    ------
    TypeError
        for a state that cannot be saved, or in the place of the file.
    FileNotFoundError, IsADirectoryError
        when the folder does not exist, or the file is a folder.

    >>> import minigrad as mg, os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "w.safetensors")
    >>> mg.save(path, {"w": mg.tensor([1.0, 2.0]), "epoch": 3})
    >>> mg.load(path)
    {'w': tensor([1., 2.]), 'epoch': 3}
    """
    import json

    from safetensors import numpy as safetensors

    _check_file(path)
    arrays: dict[str, np.ndarray] = {}
    structure = _split(state, "", arrays)
    extra = {f"user.{k}": v for k, v in (metadata or {}).items()}
    for key, value in extra.items():
        if not isinstance(value, str):
            raise TypeError(f"save: metadata must be strings, {key.removeprefix('user.')!r} is {describe(value)}")
    header = {"format": "minigrad", "structure": json.dumps(structure), **extra}
    header["sha256"] = _digest(arrays, header)
    write_atomically(path, safetensors.save(arrays, metadata=header))


def _read(path: str | os.PathLike[str], verify: bool) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    import json

    from safetensors import numpy as safetensors

    if not isinstance(path, str | os.PathLike):
        raise TypeError(f'load: needs the path of a file, such as "model.safetensors", got {describe(path)}')
    with open(path, "rb") as file:
        data = file.read()
    name = os.fspath(path)
    try:
        arrays = safetensors.load(data)
        (length,) = struct.unpack("<Q", data[:8])
        header = json.loads(data[8 : 8 + length])
        metadata = header.get("__metadata__", {})
    except Exception as error:
        raise CheckpointError(
            f"load: {name!r} ({len(data)} bytes) is no safetensors file, or is truncated or damaged: {error}"
        ) from error
    if verify:
        if metadata.get("format") != "minigrad" or "sha256" not in metadata:
            raise CheckpointError(
                f"load: {name!r} is a safetensors file that minigrad did not write: it has no digest to check its "
                "values against. To read it all the same: mg.load(path, verify=False)"
            )
        if _digest(arrays, metadata) != metadata["sha256"]:
            raise CheckpointError(f"load: {name!r} is damaged: its values do not match its digest. Use another copy")
    return arrays, metadata


def load(path: str | os.PathLike[str], *, verify: bool = True) -> Any:
    """Read what `save` wrote, arrays as Tensors on the CPU.

    Parameters
    ----------
    path : the file
    verify : check the digest; False reads safetensors files of other programs too

    Raises
    ------
    CheckpointError
        for a file that is truncated, damaged (a single flipped bit is enough), or of another kind.
    """
    arrays, metadata = _read(path, verify)
    import json

    if "structure" not in metadata:
        return {key: Tensor(array) for key, array in arrays.items()}
    return _join(json.loads(metadata["structure"]), arrays)


def read_metadata(path: str | os.PathLike[str]) -> dict[str, str]:
    """Return the strings that were saved beside the state."""
    _, metadata = _read(path, verify=True)
    return {k.removeprefix("user."): v for k, v in metadata.items() if k.startswith("user.")}
