"""A small file that somebody may have changed, however deep it is nested, ends no command with a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import ytxdata as ytx
from ytxdata.audit.findings import Life
from ytxdata.errors import DamagedError, UsageError
from ytxdata.files import MOST_READ, json_of, read_plain
from ytxdata.metrics.tariff import Tariff

ARRAYS, TABLE = "[" * 200_000, "a = " + "[" * 5_000
LONG = "a = " + "9" * 5_000
BESIDE = "meetings.archive.audit.jsonl"


def ended(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    """A process of its own: what waits for ever ends with it."""
    command = [sys.executable, "-m", "ytxdata", "--lang", "en", *args]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=100, encoding="utf-8", check=False
    )


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PYTHONPATH", str(Path(ytx.__file__).parent.parent))
    (tmp_path / "list.csv").write_text("a\n1\n", encoding="utf-8")
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "text", "args", "code"),
    [
        ("list.about.json", ARRAYS, ("verify", "list.csv"), 5),
        ("fleet.toml", TABLE, ("fleet", "status", "fleet.toml"), 2),
        ("ytxdata.toml", TABLE, ("doctor", "--offline"), 2),
        ("ytxdata.toml", LONG, ("doctor", "--offline"), 2),
    ],
)
def test_a_file_too_deep_is_told(folder: Path, name: str, text: str, args: tuple[str, ...], code: int) -> None:
    (folder / name).write_text(text, encoding="utf-8")
    done = ended(folder, *args)
    assert (done.returncode, "Traceback" in done.stderr) == (code, False), done.stderr


@pytest.mark.parametrize("text", [TABLE, LONG])
def test_settings_and_prices_too_deep_are_told(folder: Path, text: str) -> None:
    given = folder / "given.toml"
    given.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match="settings of the audit"):
        ytx.audit.read_config(given)
    with pytest.raises(UsageError, match="tariff"):
        Tariff.load(given)


@pytest.mark.slow
def test_what_is_remembered_of_findings_is_read_as_other_files_are(folder: Path) -> None:
    archive = ytx.Archive(folder / "meetings.archive")
    (folder / BESIDE).write_text(f"{ARRAYS}\n", encoding="utf-8")
    with pytest.raises(DamagedError, match="line 1"):
        Life.beside(archive.path).states()
    (folder / BESIDE).unlink()
    if hasattr(os, "mkfifo"):
        os.mkfifo(folder / BESIDE)
        code = (
            "import sys; from ytxdata.audit.findings import Life; from pathlib import Path\n"
            "Life.beside(Path(sys.argv[1])).states()"
        )
        command = [sys.executable, "-c", code, str(archive.path)]
        done = subprocess.run(command, capture_output=True, timeout=60, check=False)
        assert b"DamagedError" in done.stderr


@pytest.mark.slow
def test_no_small_file_is_read_for_ever(folder: Path) -> None:
    with (folder / "long").open("wb") as file:
        file.truncate(MOST_READ + 1)
    with pytest.raises(OSError, match="bytes"):
        read_plain(folder / "long")
    with pytest.raises(ValueError, match="deep"):
        json_of(ARRAYS)
