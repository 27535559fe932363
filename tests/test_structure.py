"""The house has floors: each package imports only from those below it, and names no array library but NumPy."""

import ast
import functools
import subprocess
import sys
from pathlib import Path

import minigrad

ROOT = Path(minigrad.__file__).parent
FLOORS = {
    "errors": 0, "files": 0.2, "device": 0.5, "engine": 1, "ops": 2, "linalg": 2.5, "transforms": 3, "gradcheck": 3.5,
    "nn": 4, "optim": 4, "data": 4, "lab": 5, "program": 5, "train": 5, "viz": 6, "interop": 6, "distributed": 6,
    "more": 6.5, "cli": 7, "__init__": 7, "__main__": 8,
}  # fmt: skip
FILES = sorted(ROOT.rglob("*.py"))
HEAVY = {"cupy", "sympy", "matplotlib", "sklearn", "rich", "safetensors", "scipy", "threadpoolctl"}


def place(path: Path) -> str:
    """Return the package or module of minigrad that a file belongs to."""
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


@functools.cache
def parsed(path: Path):
    return ast.parse(path.read_text(encoding="utf-8"))


@functools.cache
def imports(path: Path):
    """Return `(module, at_top)` for every import of a file, relative ones written out."""
    package = ["minigrad", *path.relative_to(ROOT).parts[:-1]]
    found, top = [], set(parsed(path).body)
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            found += [(alias.name, node in top) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(filter(None, [base, node.module]))
            found += [(module, node in top), *((f"{module}.{alias.name}", node in top) for alias in node.names)]
    return found


def test_imports_point_down():
    for path in FILES:
        here = place(path)
        assert here in FLOORS, f"{path} stands on no floor: put it in the table"
        for module, _ in imports(path):
            parts = module.split(".")
            if parts[0] != "minigrad" or len(parts) < 2 or parts[1] not in FLOORS or parts[1] == here:
                continue
            assert FLOORS[parts[1]] < FLOORS[here], f"{path} ({here}) must not import {module}"


def test_heavy_packages_are_imported_where_they_are_used():
    for path in FILES:
        loaded = {module.partition(".")[0] for module, at_top in imports(path) if at_top}
        assert not loaded & HEAVY, path
        used = {module.partition(".")[0] for module, _ in imports(path)}
        if "cupy" in used:
            assert path.relative_to(ROOT).as_posix() in {"device.py", "ops/random.py"}, path


def test_importing_minigrad_loads_numpy_and_nothing_heavy():
    code = "import sys, minigrad; print(*sorted({m.partition('.')[0] for m in sys.modules}))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert "numpy" in loaded and not loaded & (HEAVY | {"csv", "json", "hashlib", "argparse"})


def test_every_package_says_what_it_is_and_what_it_hands_on():
    for path in FILES:
        assert ast.get_docstring(parsed(path)), f"{path} has no docstring"
    for package in ("engine", "nn", "optim", "data", "lab", "train", "viz", "ops"):
        module = __import__(f"minigrad.{package}", fromlist=["__all__"])
        assert all(hasattr(module, name) for name in module.__all__)
    assert all(hasattr(minigrad, name) for name in minigrad.__all__)


def test_public_names_are_documented():
    undocumented = [n for n in minigrad.__all__ if callable(getattr(minigrad, n)) and not getattr(minigrad, n).__doc__]
    assert not undocumented


def test_methods_that_are_attached_later_are_those_announced():
    from minigrad.ops import methods, more_methods

    assert sorted(more_methods.METHODS) == sorted(methods.LATER)
    assert not set(methods.METHODS) & set(methods.LATER)
