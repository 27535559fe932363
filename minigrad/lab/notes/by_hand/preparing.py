"""Preparing the data by hand, N8–N10.

Arguments are (n, d): n examples of d features. What is fitted comes from the training data alone.
Read next: `weights.py`.
"""

from __future__ import annotations

from typing import Any as Array

import numpy as np


def standardise(train: Array, new: Array) -> tuple[Array, ...]:
    """N8: μ and σ of each feature, new data as z-scores, and back."""
    mu = train.sum(axis=0) / len(train)
    sigma = np.sqrt(((train - mu) ** 2).sum(axis=0) / len(train))
    divisor = np.where(sigma == 0, 1, sigma)  # a constant feature is only moved
    z = (new - mu) / divisor
    return mu, sigma, z, mu + divisor * z, new


def standardise_to(train: Array, new: Array, s: Array) -> tuple[Array, ...]:
    """N9: the feature i that matters more gets the standard deviation sᵢ > 1."""
    mu, sigma = train.mean(axis=0), train.std(axis=0)
    scaled = s * (train - mu) / sigma
    return s * (new - mu) / sigma, scaled.std(axis=0), s


def normalise(train: Array, new: Array) -> tuple[Array, ...]:
    """N10: min–max to [0, 1], and back; new data may fall outside."""
    low, high = train.min(axis=0), train.max(axis=0)
    divisor = np.where(high == low, 1, high - low)
    t = (new - low) / divisor
    return low, high, t, low + divisor * t, new
