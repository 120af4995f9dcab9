"""Lines are added to a file whole, or not at all."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ytxdata.files import append_lines


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on files there")
def test_lines_that_a_full_disk_cuts_are_taken_back(tmp_path: Path) -> None:
    """The next one was glued to the torn line, and a reader stopped at both."""
    path = tmp_path / "lines.jsonl"
    append_lines(path, b'{"n": 1}\n')
    code = (
        "import resource, signal, sys; from pathlib import Path; from ytxdata.files import append_lines\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20, resource.RLIM_INFINITY))\n"
        'append_lines(Path(sys.argv[1]), b\'{"n": 2, "text": "longer than there is room"}\\n\')'
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], check=False, capture_output=True, text=True)
    assert "OSError" in done.stderr
    assert path.read_bytes() == b'{"n": 1}\n'


@pytest.mark.parametrize(
    ("left", "after"),
    [
        (b'{"n": 1}\n{"n": 2', b'{"n": 1}\n{"n": 3}\n'),
        (b'{"n": 1}\n{"n": 2}', b'{"n": 1}\n{"n": 2}\n{"n": 3}\n'),
        (b'{"n": 1}\n{"n": "' + b"x" * 200_000, b'{"n": 1}\n{"n": 3}\n'),
        (b"somebody's notes", b'somebody\'s notes\n{"n": 3}\n'),
        (b"", b'{"n": 3}\n'),
    ],
)
def test_lines_are_added_behind_whole_ones(tmp_path: Path, left: bytes, after: bytes) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_bytes(left)
    append_lines(path, b'{"n": 3}\n')
    assert path.read_bytes() == after
