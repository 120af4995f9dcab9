"""The public API completes in an editor: one file of uses is checked by mypy --strict and by pyright."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
USES = "tests/typing/public_api.py"


CHECKERS = {
    "mypy": ["--strict", USES],
    "basedpyright": ["--level", "error", "--project", "tests/typing", "--pythonpath", sys.executable],
}


@pytest.mark.slow
@pytest.mark.parametrize("checker", CHECKERS)
def test_the_uses_of_the_public_api_are_typed(checker: str) -> None:
    program = Path(sys.executable).with_name(checker)
    done = subprocess.run([program, *CHECKERS[checker]], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
