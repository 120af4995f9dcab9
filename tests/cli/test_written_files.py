"""Where files are written: nothing that is there is replaced unasked, nothing but an archive writes into an archive,
and a place that cannot be written is told as such.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import ytxdata as ytx
from tests.cli.verbs import run
from ytxdata.emulator import Emulator
from ytxdata.errors import UsageError
from ytxdata.files import ARCHIVE_MARK
from ytxdata.metrics.registry import Ask
from ytxdata.pages.collection import collect
from ytxdata.pages.report_files import write_files
from ytxdata.times import as_instant


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, account: Emulator) -> Path:
    monkeypatch.setenv("YTX_ARCHIVE", str(ytx.sample("archive").path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "verb"),
    [
        ("mine.zip", "pack mine.zip"),
        ("mine.sha256", "pack evidence.zip --digest mine.sha256"),
        ("mine.csv", "explain --row 0 --csv mine.csv"),
        ("mine.json", "sql --out mine.json FROM\tmeetings"),
        ("mine.csv", "fetch --count 3 --csv mine.csv"),
        ("mine.md", "doctor --schema --page mine.md"),
    ],
)
def test_a_file_that_is_there_is_replaced_only_when_told(
    here: Path, name: str, verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A pack whose SHA-256 was kept elsewhere was replaced by the next one."""
    (here / name).write_text("mine", encoding="utf-8")
    assert run(*verb.split(" ")) == 2
    assert f"{name} is there already\n→ name another file, or replace it with --force" in capsys.readouterr().err
    assert [(path.name, path.read_bytes()) for path in here.iterdir()] == [(name, b"mine")]
    assert run(*verb.split(" "), "--force") == 0
    assert (here / name).read_bytes() != b"mine"


@pytest.mark.parametrize("verb", ["fetch --csv out.xlsx", "fetch --legs-csv out.xlsx", "explain --csv out.xlsx"])
def test_a_csv_is_not_called_a_workbook(here: Path, verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*verb.split()) == 2
    assert "out.xlsx is no name of a CSV\n→ name it out.csv" in capsys.readouterr().err
    assert list(here.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "verb",
    [
        "demo --no-notebook --meetings 10", "demo --no-notebook --meetings 10 --out file", "demo --no-notebook --meetings 10 --out file/x",
        "fetch --count 3 --raw file", "doctor --schema --page file/x.md", "archive mirror file", "archive mirror file/x",
        "report --out file", "notebooks file", "sync --archive file/x",
    ],
)  # fmt: skip
def test_a_place_that_cannot_be_written_is_told_in_one_line(
    here: Path, verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("file", "data"):  # where the demo writes unless it is told
        (here / name).write_text("mine", encoding="utf-8")
    assert run(*verb.split()) in (2, 4)
    assert "\n→ " in capsys.readouterr().err
    assert {path.name for path in here.iterdir()} == {"file", "data"}


@pytest.mark.slow
@pytest.mark.parametrize(
    "verb",
    [
        "report --out a --format all", "report --out a/report", "fleet report . --out a", "fleet audit . --out a", "audit --out a", "export a",
        "export a/out", "pack a/evidence.zip", "sql --out a/x.csv FROM\tmeetings", "notebooks a", "demo --no-notebook --out a", "fetch --raw a",
    ],
)  # fmt: skip
def test_nothing_else_is_written_into_an_archive(here: Path, verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Forty files of a report lay among raw answers, and were handed on or cleared away with them."""
    ytx.sample("archive").path.rename(here / "a")
    before = sorted(here.rglob("*"))
    assert run(*verb.split(" ")) == 2
    assert "a is an archive: nothing else is written into it\n→ choose another folder" in capsys.readouterr().err
    assert sorted(here.rglob("*")) == before


def test_a_file_of_another_program_stops_no_report(tmp_path: Path) -> None:
    (tmp_path / ARCHIVE_MARK).write_text('{"format": "of a mail program"}', encoding="utf-8")
    assert ytx.metrics.usage(ytx.sample()).to_csv(tmp_path / "below" / "usage.csv").exists()


def test_nor_by_a_program(tmp_path: Path) -> None:
    archive = ytx.sample("archive")
    folder, usage = archive.path, ytx.metrics.usage(archive, start="2025-07", end="2025-08")
    collected = collect(archive, Ask(start=as_instant("2025-07"), end=as_instant("2025-08")))
    before = sorted(folder.rglob("*"))
    writers: list[Callable[[], object]] = [
        lambda: usage.to_csv(folder / "usage.csv"), lambda: usage.to_parquet(folder / "sub" / "usage.parquet"),
        lambda: write_files(collected, folder, {"html"}), lambda: ytx.plots.save(usage.plot(), folder / "usage.png"),
        lambda: archive.export(folder / "out"), lambda: ytx.sample().save_raw(folder / "raw"),
    ]  # fmt: skip
    for write in writers:
        with pytest.raises(UsageError, match="is an archive"):
            write()
    assert [path for path in sorted(folder.rglob("*")) if path not in before and "months" not in path.parts] == []
    assert (folder / ARCHIVE_MARK).is_file()
