"""Preparing the data, N8–N10: the library's scalers. Read next: `weights.py`."""

from __future__ import annotations

from typing import Any

from ....data import MinMaxScaler, StandardScaler

Array = Any


def standardise(train: Array, new: Array) -> tuple[Array, ...]:
    """N8: fitted on training data, applied to new data, inverted."""
    scaler = StandardScaler().fit(train)
    z = scaler.transform(new)
    back = scaler.inverse_transform(z)
    return scaler.mean_, scaler.std_, z, back, back


def standardise_to(train: Array, new: Array, s: Array) -> tuple[Array, ...]:
    """N9: the scaler's `scale`."""
    scaler = StandardScaler(scale=s).fit(train)
    reached = scaler.transform(train).std(axis=0)
    return scaler.transform(new), reached, reached


def normalise(train: Array, new: Array) -> tuple[Array, ...]:
    """N10: fitted on training data, applied to new data, inverted."""
    scaler = MinMaxScaler().fit(train)
    t = scaler.transform(new)
    back = scaler.inverse_transform(t)
    return scaler.min_, scaler.max_, t, back, back
