"""The README's Python blocks run, and what it says of files holds."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)


@pytest.mark.parametrize("code", BLOCKS, ids=range(len(BLOCKS)))
def test_a_block_of_the_readme_runs(code, capsys, scratch):
    exec(compile(code, "README.md", "exec"), {})
    printed = capsys.readouterr().out
    if "test accuracy" in code:
        assert int(re.search(r"test accuracy (\d+)%", printed)[1]) >= 95
    if "hypot" in code:
        assert "tensor([ 5., 13.]" in printed
        assert float(re.findall(r"tensor\(([\d.]+)\)", printed)[-1]) == pytest.approx(16 / 125, rel=1e-5)


def test_there_are_blocks():
    assert len(BLOCKS) == 3


def test_linked_files_are_there():
    for name in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / name).exists(), name


def test_the_tests_command_is_the_one_ci_runs():
    command = re.search(r"python3 -m venv .*pytest", README)[0]
    assert command in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
