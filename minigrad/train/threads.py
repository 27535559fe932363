"""One thread for small matrices: sharing a product of 32 rows between cores costs more than it saves.

Worse, BLAS threads wait for each other by spinning: on cores that others use too, training the digits
took 17 s with two threads and 4 s with one. Read next: `digits.py`.
"""

from __future__ import annotations

import importlib
from contextlib import AbstractContextManager, nullcontext
from typing import Any

LARGE = 10_000_000  # multiplications in a layer's product, from where on a second core helps


def threads_for(model: Any, batch_size: int) -> AbstractContextManager[Any]:
    """Return a context in which BLAS uses one thread, if the model's largest product is small.

    Without the package threadpoolctl (which scikit-learn brings) nothing changes.
    """
    largest = batch_size * max((p.size for p in model.parameters()), default=0)
    try:
        control = importlib.import_module("threadpoolctl")
    except ImportError:
        return nullcontext()
    return control.threadpool_limits(1, user_api="blas") if largest < LARGE else nullcontext()
