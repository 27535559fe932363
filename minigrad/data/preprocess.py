"""Preparing data: standardisation (N8, N9), normalisation (N10), one-hot labels.

A scaler learns from the training data alone and is then applied to any data, there and back. NumPy
arrays in, new NumPy arrays out. Read next: `split.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np

from ..errors import CheckpointError, DataError, DtypeError, ShapeError, as_integer, describe
from .checks import as_array


class _Scaler:
    """What both scalers share: the checks, and the fitted arrays as a state dictionary.

    The fitted arrays are float64 of shape (D,), so `x - mean_` is float64 too, whatever x is; the result
    is rounded once, to x's own dtype. That keeps the digits of a float32 feature such as 1e6 ± 1.
    """

    _fitted: ClassVar[tuple[str, ...]]  # attribute names; each is a key of the state without its underscore

    def fit(self, x: Any) -> Self:
        raise NotImplementedError

    def transform(self, x: Any) -> np.ndarray:
        raise NotImplementedError

    def fit_transform(self, x: Any) -> np.ndarray:
        """Fit to x and return it transformed."""
        return self.fit(x).transform(x)

    def state_dict(self) -> dict[str, np.ndarray]:
        """Return copies of the fitted arrays, float64 (D,) each, by name."""
        self._features("state_dict")
        return {name.rstrip("_"): getattr(self, name).copy() for name in self._fitted}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` returned; the scaler is then fitted.

        Raises
        ------
        CheckpointError
            when a name is missing or unknown, the lengths differ, or a number is not finite.
        """
        call = f"{type(self).__name__}.load_state_dict"
        names = [name.rstrip("_") for name in self._fitted]
        if set(state) != set(names):
            raise CheckpointError(f"{call}: expected the arrays {', '.join(names)}, got {', '.join(state) or 'none'}")
        arrays = [np.array(state[name], dtype=np.float64) for name in names]
        if arrays[0].ndim != 1 or len({a.shape for a in arrays}) > 1:
            got = ", ".join(f"{name} {list(a.shape)}" for name, a in zip(names, arrays, strict=True))
            raise CheckpointError(f"{call}: all arrays must have one shape (D,), got {got}")
        if not np.isfinite(arrays).all():
            raise CheckpointError(f"{call}: the state holds NaN or inf; save the fitted scaler again")
        for name, array in zip(self._fitted, arrays, strict=True):
            setattr(self, name, array)

    def _features(self, method: str) -> int:
        """Return the number of features the scaler was fitted on."""
        if not hasattr(self, self._fitted[0]):
            name = type(self).__name__
            raise RuntimeError(f"{name}.{method}: the scaler is not fitted; call fit(x_train) or load_state_dict first")
        return len(getattr(self, self._fitted[0]))

    def _matrix(self, method: str, x: Any, features: int | None = None) -> np.ndarray:
        """Return x as a matrix of real numbers, with as many columns as were fitted."""
        call = f"{type(self).__name__}.{method}"
        x = as_array(call, "x", x)
        if x.dtype.kind not in "biuf":
            raise DtypeError(f"{call}: x must hold real numbers, got {describe(x)}; encode text as numbers first")
        if x.ndim != 2:
            raise ShapeError(
                f"{call}: x must be 2-D, (examples, features), got {describe(x)}; "
                "one feature is x[:, None], one example x[None, :]"
            )
        if features is not None and x.shape[1] != features:
            raise ShapeError(
                f"{call}: x is {describe(x)}, but the scaler was fitted on {features} features; "
                f"x.shape[1] must equal {features}"
            )
        return x

    def _finite(self, method: str, x: np.ndarray) -> None:
        """Refuse NaN, inf, and numbers whose squares would overflow float64."""
        bad = np.argwhere(~(np.abs(x) < np.float64(1e150)))
        if len(bad):
            row, column = bad[0]
            raise DataError(
                f"{type(self).__name__}.{method}: x[{row}, {column}] is {x[row, column]!s} in "
                f"{describe(x)}; every number must be finite and below 1e150: fill it in or leave out "
                "the row"
            )

    def _training(self, x: Any) -> np.ndarray:
        """Return x checked for `fit`: a matrix of finite numbers that is not empty."""
        x = self._matrix("fit", x)
        if x.size == 0:
            raise ShapeError(
                f"{type(self).__name__}.fit: x is empty, {describe(x)}; "
                "fitting needs one example and one feature at least"
            )
        self._finite("fit", x)
        return x


def _float_dtype(x: np.ndarray) -> np.dtype:
    """Return the dtype of results: x's own, or float32 when x holds integers."""
    return x.dtype if x.dtype.kind == "f" else np.dtype(np.float32)


def _divisor(spread: np.ndarray) -> np.ndarray:
    """Return the spread with 1 for 0: a constant feature is only moved, and can be moved back."""
    return np.where(spread == 0, 1.0, spread)


class StandardScaler(_Scaler):
    """Standardisation: each feature gets mean 0 and standard deviation 1 (N8), or `scale` (N9).

    x' = scale · (x − mean) / std, with the biased std = √(mean of (x − mean)²). A constant feature has std 0
    and is divided by 1 instead. (Mapping to an interval is *normalisation*: `MinMaxScaler`.)

    Parameters
    ----------
    scale : positive number, or (D,) of them; default 1
        the standard deviation a feature gets; above 1 it matters more to the model (N9).

    Attributes
    ----------
    mean_, std_, scale_ : float64 (D,), after `fit`

    Raises
    ------
    ValueError
        when `scale` is not positive and finite.

    >>> import numpy as np
    >>> from minigrad import data
    >>> x_train = np.array([[1, 10], [3, 10]], np.float32)
    >>> scaler = data.StandardScaler().fit(x_train)
    >>> scaler.transform(np.array([[2, 10], [5, 12]], np.float32)).tolist()
    [[0.0, 0.0], [3.0, 2.0]]
    """

    _fitted = ("mean_", "std_", "scale_")

    def __init__(self, scale: Any = None) -> None:
        if scale is not None:
            values = np.asarray(scale)
            if values.dtype.kind not in "iuf" or values.ndim > 1 or not ((values > 0) & np.isfinite(values)).all():
                raise ValueError(
                    "StandardScaler: scale must be a positive number or one for each feature, "
                    f"got {scale!r}; 1 leaves a feature as it is, 2 doubles its weight"
                )
        self.scale = scale

    def fit(self, x: Any) -> Self:
        """Learn the mean and standard deviation of each feature.

        Parameters
        ----------
        x : real (N, D)
            the training data; N ≥ 1, D ≥ 1, finite.

        Returns
        -------
        StandardScaler
            itself.

        Raises
        ------
        ShapeError, DtypeError, DataError
            when x is not such a matrix, or `scale` has not D entries.
        """
        x = self._training(x)
        scale = np.asarray(1.0 if self.scale is None else self.scale, np.float64)
        if scale.ndim and scale.shape != x.shape[1:]:
            raise ShapeError(
                f"StandardScaler.fit: scale has {len(scale)} entries, but x is {describe(x)}; "
                f"give one number for each of the {x.shape[1]} features"
            )
        # Measured from the first example a constant feature is exactly constant: ten times 0.1
        # has the mean 0.09999999999999999, and dividing by that rounding error would invent a signal.
        first = x[0].astype(np.float64)
        self.mean_ = first + (x - first).mean(axis=0)
        self.std_ = np.sqrt(((x - self.mean_) ** 2).mean(axis=0))
        self.scale_ = np.broadcast_to(scale, x.shape[1:]).copy()
        return self

    def transform(self, x: Any) -> np.ndarray:
        """Return scale · (x − mean) / std (N8, N9).

        Parameters
        ----------
        x : real (N, D)
            any data with the fitted features; N may be 0.

        Returns
        -------
        numpy.ndarray
            (N, D) of x's dtype; float32 for integers.

        Raises
        ------
        RuntimeError
            before `fit`.
        ShapeError, DtypeError, DataError
            when x is no matrix of D finite features.
        """
        x = self._matrix("transform", x, self._features("transform"))
        self._finite("transform", x)
        return (self.scale_ * (x - self.mean_) / _divisor(self.std_)).astype(_float_dtype(x))

    def inverse_transform(self, x: Any) -> np.ndarray:
        """Return mean + x · std / scale, which undoes `transform`; same shapes, dtypes and errors.

        NaN and inf pass through: x may be what a model put out.
        """
        x = self._matrix("inverse_transform", x, self._features("inverse_transform"))
        return (self.mean_ + x * _divisor(self.std_) / self.scale_).astype(_float_dtype(x))


class MinMaxScaler(_Scaler):
    """Normalisation: each feature is mapped from [min, max] to an interval, [0, 1] by default (N10).

    x' = (1 − t) · low + t · high, with t = (x − min) / (max − min). A constant feature is divided by 1
    instead. New data beyond the training data's range lands outside the interval. (Mean 0 and standard
    deviation 1 is *standardisation*: `StandardScaler`.)

    Parameters
    ----------
    feature_range : (low, high), default (0, 1)

    Attributes
    ----------
    min_, max_, low_, high_ : float64 (D,), after `fit`

    Raises
    ------
    ValueError
        unless low < high, both finite.

    >>> import numpy as np
    >>> from minigrad import data
    >>> data.MinMaxScaler().fit_transform(np.array([[1.0, 5.0], [3.0, 5.0], [2.0, 5.0]])).tolist()
    [[0.0, 0.0], [1.0, 0.0], [0.5, 0.0]]
    """

    _fitted = ("min_", "max_", "low_", "high_")

    def __init__(self, feature_range: tuple[float, float] = (0, 1)) -> None:
        limits = np.asarray(feature_range)
        if (
            limits.dtype.kind not in "iuf"
            or limits.shape != (2,)
            or not np.isfinite(limits).all()
            or limits[0] >= limits[1]
        ):
            raise ValueError(f"MinMaxScaler: feature_range must be (low, high) with low < high, got {feature_range!r}")
        self.feature_range = feature_range

    def fit(self, x: Any) -> Self:
        """Learn the least and greatest value of each feature.

        Parameters
        ----------
        x : real (N, D)
            the training data; N ≥ 1, D ≥ 1, finite.

        Returns
        -------
        MinMaxScaler
            itself.

        Raises
        ------
        ShapeError, DtypeError, DataError
            when x is not such a matrix.
        """
        x = self._training(x)
        self.min_, self.max_ = x.min(axis=0).astype(np.float64), x.max(axis=0).astype(np.float64)
        self.low_, self.high_ = (np.full(x.shape[1], limit, np.float64) for limit in self.feature_range)
        return self

    def transform(self, x: Any) -> np.ndarray:
        """Return x mapped to the interval (N10): shapes, dtypes and errors as in `StandardScaler.transform`."""
        x = self._matrix("transform", x, self._features("transform"))
        self._finite("transform", x)
        t = (x - self.min_) / _divisor(self.max_ - self.min_)
        return ((1 - t) * self.low_ + t * self.high_).astype(_float_dtype(x))

    def inverse_transform(self, x: Any) -> np.ndarray:
        """Return min + (max − min) · (x − low) / (high − low), which undoes `transform`; NaN and inf pass."""
        x = self._matrix("inverse_transform", x, self._features("inverse_transform"))
        t = (x - self.low_) / (self.high_ - self.low_)
        return (self.min_ + t * _divisor(self.max_ - self.min_)).astype(_float_dtype(x))


def one_hot(labels: Any, num_classes: int | None = None, dtype: Any = np.float32) -> np.ndarray:
    """Turn each label c into a vector that is 1 at place c and 0 elsewhere.

    Parameters
    ----------
    labels : integer (...)
        from 0; usually (N,).
    num_classes : int, default the largest label + 1
    dtype : of the result, default float32

    Returns
    -------
    numpy.ndarray
        (..., num_classes).

    Raises
    ------
    DtypeError
        when the labels are not integers.
    DataError
        when a label is negative, or not below `num_classes`.
    ValueError
        when there is neither a label nor `num_classes` to tell the number of classes.

    >>> from minigrad import data
    >>> data.one_hot([2, 0]).tolist()
    [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """
    is_list = not isinstance(labels, np.ndarray)
    labels = as_array("one_hot", "labels", labels)
    if is_list and labels.size == 0:  # NumPy calls an empty list float64
        labels = labels.astype(np.int64)
    if labels.dtype.kind not in "iu":
        raise DtypeError(
            f"one_hot: labels must be integers, got {describe(labels)}; "
            "use labels.astype(np.int64), or np.unique(labels, return_inverse=True)[1] for names"
        )
    if num_classes is None:
        if labels.size == 0:
            raise ValueError(f"one_hot: labels are empty, {describe(labels)}; pass num_classes=")
        num_classes = int(labels.max()) + 1
    num_classes = as_integer("one_hot", "num_classes", num_classes)
    bad = np.argwhere((labels < 0) | (labels >= num_classes))
    if len(bad):
        place = tuple(int(i) for i in bad[0])
        where = f"labels[{', '.join(map(str, place))}]" if place else "the label"
        raise DataError(
            f"one_hot: {where} is {labels[place]!s} in {describe(labels)}; labels must be from 0 to "
            f"num_classes - 1 = {num_classes - 1}"
        )
    return (labels[..., None] == np.arange(num_classes)).astype(dtype)
