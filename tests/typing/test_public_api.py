"""The public API completes in an editor: one file of uses is checked by pyright, and by mypy with all other files."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_the_uses_of_the_public_api_are_typed() -> None:
    program = Path(sys.executable).with_name("basedpyright")
    options = ["--level", "error", "--project", "tests/typing", "--pythonpath", sys.executable]
    done = subprocess.run([program, *options], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_mypy_is_strict_with_them_too() -> None:
    """`.ci/run` asks it of all files at once; of this one alone it would read half of the package anew, for a minute."""
    told = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["mypy"]
    assert told["strict"]
    assert "tests" in told["files"]
    assert not told.get("exclude")
