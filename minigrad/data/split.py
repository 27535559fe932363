"""Keeping examples back to test on what the model never saw.

Read next: `loader.py`.
"""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

import numpy as np

from ..errors import DataError, ShapeError, describe
from ..ops.random import permutation
from .checks import as_array, same_length, seeded


def train_test_split(
    *arrays: Any, test_size: float = 0.25, seed: int | None = None, shuffle: bool = True, stratify: Any = None
) -> list[np.ndarray]:
    """Divide examples into a training and a test part.

    Parameters
    ----------
    *arrays : (N, ...) each
        divided alike.
    test_size : float in (0, 1), default 0.25
        the test part gets ceil(N · test_size) examples.
    seed : int, optional
        without one the draw follows `mg.manual_seed`.
    shuffle : bool
        False: the test part is the last examples, in order.
    stratify : (N,), optional
        labels: each part gets every class in its share of the whole, to within one example.

    Returns
    -------
    list of numpy.ndarray
        x_train, x_test, y_train, y_test … (scikit-learn's order), copies.

    Raises
    ------
    ShapeError
        when lengths differ.
    ValueError
        when `test_size` is not in (0, 1), or `stratify` comes with `shuffle=False`.
    DataError
        when a part would be empty, or a class of `stratify` has one example only.

    >>> import numpy as np
    >>> from minigrad import data
    >>> x_train, x_test = data.train_test_split(np.arange(8), shuffle=False)
    >>> x_train.tolist(), x_test.tolist()
    ([0, 1, 2, 3, 4, 5], [6, 7])
    """
    call = "train_test_split"
    parts = [as_array(call, f"array {i}", a) for i, a in enumerate(arrays)]
    n = same_length(call, parts)
    if not (isinstance(test_size, Real) and 0 < test_size < 1):
        raise ValueError(
            f"{call}: test_size must be a fraction between 0 and 1, got {test_size!r}; "
            f"for k of the {n} examples pass k / {n}"
        )
    n_test = math.ceil(n * test_size)
    if n_test >= n:
        raise DataError(
            f"{call}: {n} examples with test_size={test_size} leave none to train on; "
            "two are needed at least, and a smaller test_size"
        )
    stream = seeded(call, seed)
    order = permutation(n, generator=stream) if shuffle else np.arange(n)
    if stratify is None:
        in_test = np.arange(n) >= n - n_test
    elif shuffle:
        in_test = _stratified(stratify, order, n_test)
    else:
        raise ValueError(f"{call}: stratify needs shuffle=True: parts taken in order cannot balance the classes")
    return [part for a in parts for part in (a[order[~in_test]], a[order[in_test]])]


def _stratified(stratify: Any, order: np.ndarray, n_test: int) -> np.ndarray:
    """Return which places of the shuffled order go to the test part, each class in its share.

    Lay the shuffled examples out class by class and take `n_test` of them at equal distances: a class of
    c examples then gives c · n_test / N, rounded down or up, and the total is exact.
    """
    labels = as_array("train_test_split", "stratify", stratify)
    n = len(order)
    if labels.shape != (n,):
        raise ShapeError(
            f"train_test_split: stratify must hold one label for each of the {n} examples, got {describe(labels)}"
        )
    classes, codes, counts = np.unique(labels, return_inverse=True, return_counts=True)
    if counts.min() < 2:
        lone = classes[counts < 2][0]
        raise DataError(
            f"train_test_split: stratify: class {lone!s} has a single example, which cannot be in both "
            "parts; add examples of it, leave it out, or split without stratify"
        )
    by_class = np.argsort(codes[order], kind="stable")
    in_test = np.zeros(n, bool)
    in_test[by_class[(2 * np.arange(n_test) + 1) * n // (2 * n_test)]] = True
    return in_test
