"""What several test files share."""

import pytest

from minigrad.engine import primitives
from minigrad.engine.dispatch import numpy_functions


@pytest.fixture
def scratch():
    """Forget what a test declares."""
    tables = (primitives, numpy_functions)
    before = [dict(table) for table in tables]
    yield
    for table, kept in zip(tables, before, strict=True):
        table.clear()
        table.update(kept)


@pytest.fixture
def torch():
    """PyTorch, for comparison; the test is skipped where it is not installed."""
    return pytest.importorskip("torch")
