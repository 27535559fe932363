"""What several test files call."""

import os

import minigrad as mg


def some(items, step, start=0):
    """Return every so-manieth of the items, in an everyday run; all of them where `WHOLE_SET` is set."""
    return list(items) if "WHOLE_SET" in os.environ else list(items)[start::step]


def leaf(*values, dtype="float32", **options):
    """Return a tensor that requires gradients: of one value or nested list, or of several numbers."""
    return mg.tensor(values[0] if len(values) == 1 else list(values), dtype=dtype, requires_grad=True, **options)


def train_once(x):
    """Return a scalar computed from a square matrix by operations that save what they may."""
    y = mg.tanh(x @ x)
    z = mg.softmax(y) + y.sum()
    z.retain_grad()
    return (z * z).mean()
