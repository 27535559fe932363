"""What several test files share."""

import gc
import os

import pytest

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy is imported: the tests' processes share the cores

from minigrad.engine import primitives
from minigrad.engine.dispatch import numpy_functions

LONG = ("laws", "native", "examples", "cuda", "compile", "html", "cli", "viz", "structure", "blocks")


def pytest_collection_modifyitems(items):
    """Begin with the files that take longest, so that the processes end at about the same time."""
    first = {f"test_{name}.py": i for i, name in enumerate(LONG)}
    items.sort(key=lambda item: first.get(item.path.name, len(LONG)))


@pytest.fixture(scope="module", autouse=True)
def frozen():
    """Let the garbage collector leave alone what is there before a file's tests: walking it would take most of them."""
    gc.freeze()


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
