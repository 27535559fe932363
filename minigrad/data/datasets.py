"""Data sets to learn from: four small real ones that come with scikit-learn, four drawn here.

`load` finds each by its name in `DATASETS`. Read next: `csvfile.py`, for data of one's own.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

import numpy as np

from ..errors import as_integer, nearest, require
from ..ops.random import normal, permutation
from .checks import seeded


@dataclass(frozen=True, eq=False)
class Dataset:
    """Examples with their labels, and where they come from.

    Parameters
    ----------
    name : as in `DATASETS`
    x : float32 (N, D)
    y : int64 (N,), from 0
    feature_names : D names
    class_names : one name for each label
    source : who made the data and where it is published
    licence : "CC BY 4.0", or "none" for generated data
    """

    name: str
    x: np.ndarray = field(repr=False)
    y: np.ndarray = field(repr=False)
    feature_names: tuple[str, ...] = field(repr=False)
    class_names: tuple[str, ...]
    source: str
    licence: str


def _bundled(name: str, function: str, source: str) -> Dataset:
    """Take a data set from scikit-learn's bundled copies, which needs no network."""
    bunch = getattr(require("sklearn.datasets", "data", function), function)()
    return Dataset(
        name,
        bunch.data.astype(np.float32),
        bunch.target.astype(np.int64),
        tuple(map(str, bunch.feature_names)),
        tuple(map(str, bunch.target_names)),
        source,
        "CC BY 4.0",
    )


def load_digits() -> Dataset:
    """Load handwritten digits: 1797 images of 8×8 pixels, grey values from 0 to 16, ten classes.

    Source: E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning
    Repository, 1998 (its test part). Licence: CC BY 4.0.

    Returns
    -------
    Dataset
        x float32 (1797, 64), y int64 (1797,).

    Raises
    ------
    MissingPackageError
        without scikit-learn, which carries the copy.

    >>> from minigrad import data
    >>> data.load_digits().x.shape
    (1797, 64)
    """
    return _bundled("digits", "load_digits", "Alpaydin & Kaynak, Optical Recognition of Handwritten Digits, UCI 1998")


def load_iris() -> Dataset:
    """Load iris flowers: four lengths in cm of 150 flowers, three species.

    Source: R. A. Fisher, "The use of multiple measurements in taxonomic problems", 1936; UCI Machine
    Learning Repository. Licence: CC BY 4.0.

    Returns
    -------
    Dataset
        x float32 (150, 4), y int64 (150,).

    Raises
    ------
    MissingPackageError
        without scikit-learn, which carries the copy.

    >>> from minigrad import data
    >>> data.load_iris().class_names
    ('setosa', 'versicolor', 'virginica')
    """
    return _bundled("iris", "load_iris", "Fisher, The use of multiple measurements in taxonomic problems, 1936; UCI")


def load_wine() -> Dataset:
    """Load wines: thirteen chemical measurements of 178 wines from three growers.

    Source: S. Aeberhard and M. Forina, "Wine", UCI Machine Learning Repository, 1992. Licence: CC BY 4.0.

    Returns
    -------
    Dataset
        x float32 (178, 13), y int64 (178,).

    Raises
    ------
    MissingPackageError
        without scikit-learn, which carries the copy.

    >>> from minigrad import data
    >>> data.load_wine().x.shape
    (178, 13)
    """
    return _bundled("wine", "load_wine", "Aeberhard & Forina, Wine, UCI 1992")


def load_breast_cancer() -> Dataset:
    """Load tumours: thirty measurements of cell nuclei in 569 tumours, malignant (0) or benign (1).

    Source: W. Wolberg, O. Mangasarian, N. Street and W. Street, "Breast Cancer Wisconsin (Diagnostic)",
    UCI Machine Learning Repository, 1995. Licence: CC BY 4.0.

    Returns
    -------
    Dataset
        x float32 (569, 30), y int64 (569,).

    Raises
    ------
    MissingPackageError
        without scikit-learn, which carries the copy.

    >>> from minigrad import data
    >>> data.load_breast_cancer().class_names
    ('malignant', 'benign')
    """
    return _bundled(
        "breast-cancer", "load_breast_cancer", "Wolberg et al., Breast Cancer Wisconsin (Diagnostic), UCI 1995"
    )


def _generated(name: str, points: Callable[[int, int], np.ndarray], n: int, noise: float, seed: int | None) -> Dataset:
    """Place n examples of two classes, add Gaussian noise and shuffle.

    `points(label, count)` returns the (count, 2) noiseless points of a class; class 0 gets the odd one.
    """
    call = f"make_{name}"
    n = as_integer(call, "n", n)
    if n < 2:
        raise ValueError(f"{call}: n must be 2 or more, one example for each class, got {n}")
    if not (isinstance(noise, Real) and 0 <= noise < math.inf):
        raise ValueError(f"{call}: noise is a standard deviation, 0 or more and finite, got {noise!r}")
    stream = seeded(call, seed)
    y = np.repeat(np.arange(2), [n - n // 2, n // 2])
    x = np.concatenate([points(0, n - n // 2), points(1, n // 2)])
    x = (x + normal((n, 2), std=noise, generator=stream)).astype(np.float32)
    order = permutation(n, generator=stream)
    return Dataset(name, x[order], y[order], ("x0", "x1"), ("0", "1"), "generated by minigrad", "none")


def make_moons(n: int = 200, noise: float = 0.1, *, seed: int | None = None) -> Dataset:
    """Draw two half circles that reach into each other: no straight line parts them.

    Class 0 is (cos t, sin t) and class 1 (1 − cos t, ½ − sin t), for t from 0 to π. Source: generated.
    Licence: none.

    Parameters
    ----------
    n : int ≥ 2
        number of examples, half of each class.
    noise : float ≥ 0
        standard deviation of the Gaussian noise on each coordinate.
    seed : int, optional
        without one the draw follows `mg.manual_seed`.

    Returns
    -------
    Dataset
        x float32 (n, 2), y int64 (n,), in random order.

    Raises
    ------
    ValueError, TypeError
        for n below 2, or noise that is no standard deviation.

    >>> from minigrad import data
    >>> data.make_moons(5, seed=0).x.shape
    (5, 2)
    """

    def points(label: int, count: int) -> np.ndarray:
        t = np.linspace(0, np.pi, count)
        upper = np.stack([np.cos(t), np.sin(t)], axis=1)
        return upper if label == 0 else np.array([1, 0.5]) - upper

    return _generated("moons", points, n, noise, seed)


def make_circles(n: int = 200, noise: float = 0.1, *, seed: int | None = None) -> Dataset:
    """Draw two circles around the origin, of radius 1 (class 0) and ½ (class 1).

    Parameters, result and errors as in `make_moons`. Source: generated. Licence: none.

    >>> from minigrad import data
    >>> data.make_circles(4, noise=0, seed=0).y.sum()
    np.int64(2)
    """

    def points(label: int, count: int) -> np.ndarray:
        t = np.linspace(0, 2 * np.pi, count, endpoint=False)
        return (1 - label / 2) * np.stack([np.cos(t), np.sin(t)], axis=1)

    return _generated("circles", points, n, noise, seed)


def make_spiral(n: int = 200, noise: float = 0.02, *, seed: int | None = None) -> Dataset:
    """Draw two arms that wind one and a half times round each other, a hard case for a small network.

    The arm of class k is r · (cos(3πr + πk), sin(3πr + πk)), for r from 0.1 to 1 (after Lang and Witbrock,
    "Learning to tell two spirals apart", 1988). Parameters, result and errors as in `make_moons`.
    Source: generated. Licence: none.

    >>> from minigrad import data
    >>> data.make_spiral(10, seed=0).x.dtype
    dtype('float32')
    """

    def points(label: int, count: int) -> np.ndarray:
        r = np.linspace(0.1, 1, count)
        angle = 3 * np.pi * r + np.pi * label
        return r[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)

    return _generated("spiral", points, n, noise, seed)


def make_xor(n: int = 200, noise: float = 0.1, *, seed: int | None = None) -> Dataset:
    """Draw the corners of the unit square, labelled by exclusive or: the least that needs a hidden layer.

    Class 0 lies at (0, 0) and (1, 1), class 1 at (0, 1) and (1, 0); `make_xor(4, noise=0)` is the truth
    table. Parameters, result and errors as in `make_moons`. Source: generated. Licence: none.

    >>> from minigrad import data
    >>> table = data.make_xor(4, noise=0, seed=0)
    >>> sorted((*corner, label) for corner, label in zip(table.x.tolist(), table.y.tolist()))
    [(0.0, 0.0, 0), (0.0, 1.0, 1), (1.0, 0.0, 1), (1.0, 1.0, 0)]
    """

    def points(label: int, count: int) -> np.ndarray:
        first = np.arange(count) % 2
        return np.stack([first, first ^ label], axis=1)

    return _generated("xor", points, n, noise, seed)


GENERATED: dict[str, Callable[..., Dataset]] = {  # these take n, noise and seed
    "moons": make_moons,
    "circles": make_circles,
    "spiral": make_spiral,
    "xor": make_xor,
}
DATASETS: dict[str, Callable[..., Dataset]] = {
    "digits": load_digits,
    "iris": load_iris,
    "wine": load_wine,
    "breast-cancer": load_breast_cancer,
    **GENERATED,
}


def load(name: str, **options: Any) -> Dataset:
    """Load a data set by its name in `DATASETS`.

    Parameters
    ----------
    name : "digits", "iris", "wine", "breast-cancer", "moons", "circles", "spiral" or "xor"
    **options : n, noise and seed, for the last four

    Returns
    -------
    Dataset

    Raises
    ------
    ValueError
        for an unknown name.

    >>> from minigrad import data
    >>> data.load("moons", n=6, seed=0).name
    'moons'
    """
    if name not in DATASETS:
        known = ", ".join(DATASETS)
        raise ValueError(f"load: unknown data set {name!r}; known: {known}.{nearest(str(name), DATASETS)}")
    return DATASETS[name](**options)
