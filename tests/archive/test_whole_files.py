"""No reader is given rows of a file that is not, to the byte, what was written; what was hashed is not hashed again."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import narwhals as nw
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from ytxdata import audit, metrics
from ytxdata.archive import Archive, whole_files
from ytxdata.cli import app
from ytxdata.errors import DamagedError
from ytxdata.files import sha256_of
from ytxdata.records.normalize import PARSER_VERSION

PLACES = 12

READERS: dict[str, Callable[[Archive], object]] = {
    "frame": lambda archive: archive.legs(),
    "scan": lambda archive: archive.scan("legs").collect(),
    "scan of pandas": lambda archive: archive.scan("legs", engine="pandas"),
    "report": lambda archive: metrics.usage(archive, by="total"),
    "report of a month": lambda archive: metrics.usage(archive, start="2026-01-01", end="2026-02-01"),
    "report on DuckDB": lambda archive: metrics.people(archive, engine="duckdb"),
    "kept months": lambda archive: archive.kept_months().marks(),  # type: ignore[union-attr]  # there is something
    "explanation": lambda archive: metrics.usage(archive, by="total").explain(0),
    "SQL": lambda archive: archive.sql("select count(*) from legs"),
    "audit": lambda archive: audit.run(archive, remember=False),
}
VERBS = (["report", "--out", "report"], ["explain", "--by", "total"], ["sql", "from legs"], ["audit"])


def turned(whole: bytes, place: int) -> bytes:
    """The bytes with one bit another."""
    return whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :]


@pytest.fixture
def full(archive: Archive, platform: Any) -> Archive:
    """An archive whose meetings have parties that came and went."""
    told = [platform.record(i) for i in range(30, 60)]
    for one in told:
        one["parties"] = [{"phone": f"1390000000{n}", "jointime": one["starttime"], "leavetime": one["endtime"]} for n in (1, 2)]  # fmt: skip
    platform.records[:] = told[::-1]
    archive.sync(platform)
    return archive


def of_legs(archive: Archive) -> Path:
    return max(archive.path.glob("derived/*/legs/*.parquet"))


@pytest.mark.slow
@pytest.mark.by_chance(4)
@pytest.mark.parametrize("name", READERS)
def test_no_reader_is_given_rows_of_a_file_with_another_bit(full: Archive, name: str) -> None:
    """Of 151 bits that were turned one after the other, 84 gave other figures without a word, and 12 an error of the
    engine's own.
    """
    path = of_legs(full)
    whole = path.read_bytes()
    for place in range(0, len(whole), len(whole) // PLACES):
        path.write_bytes(turned(whole, place))
        with pytest.raises(DamagedError) as caught:
            READERS[name](full)
        assert path.relative_to(full.path).as_posix() in str(caught.value)
        assert "ytxdata rebuild" in str(caught.value)
    path.write_bytes(whole)
    READERS[name](full)


@pytest.mark.slow
@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb[0])
def test_the_command_line_says_damage(
    full: Archive, verb: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ended with a traceback of the engine, or with figures and no word."""
    monkeypatch.chdir(tmp_path)
    path = of_legs(full)
    whole = path.read_bytes()
    for place in (4, len(whole) // 2, len(whole) - 12):
        path.write_bytes(turned(whole, place))
        done = CliRunner().invoke(app, [*verb, "--archive", str(full.path), "--lang", "en"])
        assert isinstance(done.exception, DamagedError), done.output


def test_a_list_is_not_held_against_rows_that_were_changed(full: Archive) -> None:
    path = of_legs(full)
    path.write_bytes(turned(path.read_bytes(), path.stat().st_size // 2))
    lines = json.dumps([{"meeting_id": f"{30:029d}"}]).encode()
    with pytest.raises(DamagedError):
        full.witness(lines, kind="console", name="list", start="2026-01-01", end="2026-01-02")


def test_a_scan_whose_files_are_changed_before_it_is_computed_says_damage(full: Archive) -> None:
    """The engine says `Invalid data`, and of which file it says nothing."""
    path = of_legs(full)
    scan = full.scan("legs").filter(nw.col("leg") == 0).select("meeting_id")
    path.write_bytes(turned(path.read_bytes(), 4))
    with pytest.raises(DamagedError) as caught:
        scan.collect()
    assert path.relative_to(full.path).as_posix() in str(caught.value)


@pytest.mark.slow
def test_a_sync_goes_on_beside_a_changed_file(full: Archive, platform: Any) -> None:
    """What the platform lists today it may list never again: a bad block of last year must not keep it out."""
    path = of_legs(full)
    path.write_bytes(turned(path.read_bytes(), path.stat().st_size // 2))
    platform.records.insert(0, platform.record(61))
    assert full.sync(platform).new == 1
    full.rebuild()
    assert full.verify().is_sound
    assert len(full.meetings()) == 31


@pytest.mark.slow
@pytest.mark.parametrize("is_derived_anew", [False, True])
def test_a_record_that_a_bit_made_null_is_named_and_keeps_no_answer_out(
    archive: Archive, platform: Any, monkeypatch: pytest.MonkeyPatch, *, is_derived_anew: bool
) -> None:
    """Syncs ended with what a parser says to a null, and threw away what they had been given."""
    archive.sync(platform)
    (raw,) = archive.path.glob("observations/*.parquet")
    whole, rows = raw.read_bytes(), pq.read_table(raw).to_pylist()
    rows[5]["raw"] = None
    pq.write_table(pa.Table.from_pylist(rows, pq.read_schema(raw)), raw)
    platform.records.insert(0, platform.record(500))
    with monkeypatch.context() as patch:
        if is_derived_anew:
            patch.setattr("ytxdata.records.normalize.PARSER_VERSION", PARSER_VERSION + 1)
        for act in (lambda: archive.sync(platform), archive.rebuild)[: 1 + is_derived_anew]:
            with pytest.raises(DamagedError, match="observations"):
                act()
    raw.write_bytes(whole)
    del platform.records[0]  # listed once, and never again
    archive.sync(platform)
    assert len(archive.meetings()) == 61
    assert archive.verify(recompute=True).is_sound


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that are hashed from now on."""
    done: list[Path] = []

    def noted(path: Path) -> str:
        done.append(path)
        return sha256_of(path)

    monkeypatch.setattr("ytxdata.archive.whole_files.sha256_of", noted)
    return done


def test_what_nobody_has_written_since_is_hashed_once(
    full: Archive, hashed: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whole_files, "_STEP_NS", -1)
    for _ in range(3):
        full.legs()
    assert hashed.count(of_legs(full)) == 1
    assert not [path for path in hashed if path.parent.name == "observations"]  # nothing of them was read


def test_a_file_that_was_just_written_may_be_changed_within_one_step_of_the_clock(
    full: Archive, hashed: list[Path]
) -> None:
    """Its times, its size and its place then tell the same as before."""
    full.legs()
    full.legs()
    assert hashed.count(of_legs(full)) > 1


def test_a_file_with_the_times_of_before_is_hashed_again(full: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole_files, "_STEP_NS", -1)
    full.legs()
    path = of_legs(full)
    was = path.stat()
    path.write_bytes(turned(path.read_bytes(), path.stat().st_size // 2))
    os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))
    with pytest.raises(DamagedError):
        full.legs()
