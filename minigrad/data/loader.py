"""Serving examples in batches of Tensors.

`TensorDataset` holds arrays of equal length, `DataLoader` deals them out, shuffled anew each epoch.
Read next: `datasets.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..device import device_of, is_array, move
from ..engine import Tensor
from ..errors import DtypeError, as_integer, describe
from ..ops.random import check_generator, permutation
from .checks import same_length, seeded


class TensorDataset:
    """Arrays whose first dimension counts the same examples.

    Parameters
    ----------
    *arrays : array or Tensor, (N, ...) each
        of any device; kept, not copied. Of a Tensor the data alone.

    Raises
    ------
    TypeError
        for an argument that is neither; DtypeError for one that does not hold numbers.
    ShapeError
        when the lengths differ.

    >>> import numpy as np
    >>> from minigrad import data
    >>> examples = data.TensorDataset(np.zeros((3, 2), np.float32), np.array([0, 1, 1]))
    >>> x, y = examples[:2]                      # an integer, a slice or an array of integers
    >>> len(examples), x.shape, y.data.tolist()
    (3, (2, 2), [0, 1])
    """

    def __init__(self, *arrays: Any) -> None:
        self.arrays = tuple(a.data if isinstance(a, Tensor) else a for a in arrays)
        for i, a in enumerate(self.arrays):
            if not is_array(a):
                raise TypeError(
                    f"TensorDataset: argument {i} must be an array or a Tensor, got {describe(a)}; "
                    "make it one with np.asarray(...)"
                )
            if a.dtype.kind not in "biuf":
                raise DtypeError(
                    f"TensorDataset: argument {i} must hold numbers, got {describe(a)}; "
                    "number class names with np.unique(names, return_inverse=True)[1]"
                )
        self._length = same_length("TensorDataset", self.arrays)

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: Any) -> tuple[Tensor, ...]:
        try:
            return tuple(Tensor(_pick(a, index)) for a in self.arrays)
        except IndexError as error:
            raise IndexError(
                f"TensorDataset: {describe(index)} picks no examples of {len(self)}; "
                f"use an integer from 0 to {len(self) - 1}, a slice or an array of integers"
            ) from error


def _pick(array: Any, index: Any) -> Any:
    """Return the examples of an array that an index names, on the array's device."""
    if is_array(index):
        index = move(index, device_of(array))
        if index.ndim == 1 and index.dtype.kind in "iu":
            return array.take(index, axis=0)  # several times faster than array[index] on small batches
    return array[index, ...]  # with the ellipsis one example of a (N,) array is an array, not a NumPy scalar


class DataLoader:
    """Deal out a data set in batches, epoch after epoch.

    Parameters
    ----------
    dataset : TensorDataset, or a tuple of arrays or Tensors to make one of
    batch_size : int, default 1
    shuffle : bool
        a new random order for each epoch.
    drop_last : bool
        leave out a last batch that is smaller than the others.
    seed : int, optional
        of the shuffling: epochs differ, the whole run repeats. Without it they follow `mg.manual_seed`.
    generator : numpy.random.Generator, optional
        to shuffle with, instead of `seed`.

    Returns
    -------
    iterable of tuples of Tensors
        one per array of the data set, (batch_size, ...) each, with the array's dtype and device;
        `len(loader)` is the number of batches.

    Raises
    ------
    TypeError
        for a data set, batch size, seed or generator of another type.
    ValueError
        when `batch_size` is below 1, there would be no batch at all, or both seed and generator are given.

    >>> import numpy as np
    >>> from minigrad import data
    >>> loader = data.DataLoader((np.arange(5), np.arange(5) ** 2), batch_size=2)
    >>> [(x.data.tolist(), y.data.tolist()) for x, y in loader]
    [([0, 1], [0, 1]), ([2, 3], [4, 9]), ([4], [16])]
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int = 1,
        shuffle: bool = False,
        drop_last: bool = False,
        seed: int | None = None,
        generator: np.random.Generator | None = None,
    ) -> None:
        if isinstance(dataset, tuple):
            dataset = TensorDataset(*dataset)
        if not isinstance(dataset, TensorDataset):
            raise TypeError(
                "DataLoader: dataset must be a TensorDataset or a tuple of arrays, "
                f"got {type(dataset).__name__} ({describe(dataset)}); for one array write (x,)"
            )
        batch_size = as_integer("DataLoader", "batch_size", batch_size)
        if batch_size < 1:
            raise ValueError(
                f"DataLoader: batch_size must be 1 or more, got {batch_size}; "
                f"{max(len(dataset), 1)} takes all examples at once"
            )
        if seed is not None and generator is not None:
            raise ValueError("DataLoader: got both seed and generator; the order follows one of them: leave one out")
        check_generator("DataLoader", generator)
        self.dataset, self.batch_size, self.shuffle, self.drop_last = dataset, batch_size, shuffle, drop_last
        self.generator = seeded("DataLoader", seed) if generator is None else generator
        if len(self) == 0:
            raise ValueError(
                f"DataLoader: {len(dataset)} examples make no batch of {batch_size} with "
                f"drop_last={drop_last}; give more examples, or a smaller batch_size"
            )

    def __len__(self) -> int:
        whole, rest = divmod(len(self.dataset), self.batch_size)
        return whole + (rest > 0 and not self.drop_last)

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        order = None
        if self.shuffle:
            order = permutation(len(self.dataset), generator=self.generator)
            order = move(order, device_of(self.dataset.arrays[0]))  # once an epoch, not once a batch
        for batch in range(len(self)):
            rows = slice(batch * self.batch_size, (batch + 1) * self.batch_size)
            yield self.dataset[rows if order is None else order[rows]]
