"""What an archive refuses, and that nothing is lost or half written when it does."""

from __future__ import annotations

import errno
import gc
import json
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ytxdata import audit, metrics
from ytxdata.archive import Archive
from ytxdata.errors import (
    ArchiveLockedError,
    ArchiveWriteError,
    DamagedError,
    ForeignArchiveError,
    FutureLayoutError,
    NoRoomError,
    NotAnArchiveError,
    UsageError,
    YtxError,
)

HOLDER = """
import sys, time
from pathlib import Path
from ytxdata.archive.ownership import writing
with writing(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def says_what_to_do(error: YtxError) -> bool:
    return bool(error.remedy and error.remedy.zh and error.remedy.en and error.cause.zh and error.cause.en)


def test_another_account_or_application_is_refused(archive: Archive, platform: Any) -> None:
    archive.sync(platform)
    for identity in (("another", "app"), ("sid-of-this-test", "another"), ("sid-of-this-testapp", "")):
        platform.identity = identity
        with pytest.raises(ForeignArchiveError) as caught:
            archive.sync(platform)
        assert says_what_to_do(caught.value)
    assert len(archive.pulls()) == 1


def test_the_account_is_nowhere_in_clear(archive: Archive, platform: Any) -> None:
    archive.sync(platform)
    for path in archive.path.rglob("*"):
        if path.is_file():
            assert b"sid-of-this-test" not in path.read_bytes(), path


def test_two_archives_of_one_account_do_not_look_related(platform: Any, tmp_path: Path) -> None:
    owners = set()
    for name in "ab":
        Archive(tmp_path / name).sync(platform)
        owners.add(json.loads((tmp_path / name / "archive.json").read_text())["owner"])
    assert len(owners) == 2


@pytest.mark.parametrize("what", ["file", "directory"])
def test_a_place_that_holds_something_else_is_left_alone(platform: Any, tmp_path: Path, what: str) -> None:
    place = tmp_path / "something"
    if what == "file":
        place.write_text("mine")
    else:
        place.mkdir()
        (place / "mine.txt").write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    for action in (lambda: Archive(place).sync(platform), Archive(place).meetings, Archive(place).verify):
        with pytest.raises(NotAnArchiveError) as caught:
            action()
        assert says_what_to_do(caught.value)
    assert sorted(tmp_path.rglob("*")) == before
    assert platform.asked == []


def test_a_mistyped_path_is_no_account_without_meetings(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "typo")
    reads = (archive.meetings, archive.pulls, archive.coverage, archive.certificate, archive.changes, archive.verify)
    for read in (
        *reads,
        archive.rebuild,
        archive.raw_records,
        lambda: archive.scan("legs"),
        lambda: archive.answer("1"),
    ):
        with pytest.raises(NotAnArchiveError) as caught:
            read()
        assert says_what_to_do(caught.value)
    assert not archive.path.exists()


def test_a_newer_layout_is_refused_by_every_reader_and_writer(archive: Archive, platform: Any) -> None:
    archive.sync(platform)
    (archive.path / "heads" / "000000000002.json").write_text('{"layout": 99, "of": "the future"}')
    for action in (lambda: archive.sync(platform), archive.meetings, archive.coverage, archive.rebuild, archive.verify):
        with pytest.raises(FutureLayoutError) as caught:
            action()
        assert says_what_to_do(caught.value)


def test_a_damaged_control_file_stops_everything_before_a_question_is_asked(archive: Archive, platform: Any) -> None:
    archive.sync(platform)
    for path in (archive.path / "archive.json", archive.path / "heads" / "000000000001.json"):
        whole = path.read_bytes()
        path.write_bytes(whole.replace(b"a", b"b", 1))
        for action in (lambda: archive.sync(platform), archive.meetings):
            with pytest.raises(DamagedError) as caught:
                action()
            assert says_what_to_do(caught.value)
        path.write_bytes(whole)
    assert len(platform.asked) == 1


def test_a_damaged_data_file_is_an_error_that_says_so(archive: Archive, platform: Any) -> None:
    archive.sync(platform)
    for path in archive.path.rglob("*.parquet"):
        path.write_bytes(b"PAR1" + b"\0" * 100 + b"PAR1")
    for action in (archive.meetings, archive.legs, archive.pulls, lambda: archive.sync(platform)):
        with pytest.raises(DamagedError) as caught:
            action()
        assert says_what_to_do(caught.value)


@pytest.mark.slow
def test_a_living_holder_of_the_lock_is_named_and_a_dead_one_is_no_obstacle(archive: Archive, platform: Any) -> None:
    archive.sync(platform)
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(archive.path)], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(ArchiveLockedError) as caught:
            archive.sync(platform, wait_s=0.1)
        assert f"pid {holder.pid}" in str(caught.value)
        assert says_what_to_do(caught.value)
        assert len(archive.meetings()) == 60
        holder.kill()
        holder.wait()
    began = time.monotonic()
    archive.sync(platform, wait_s=5)
    assert time.monotonic() - began < 5


@pytest.mark.slow
@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_full_disk_changes_nothing(
    archive: Archive, platform: Any, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    archive.sync(platform)
    platform.records.insert(0, platform.record(60))
    target = "os.fsync" if call == "fsync" else "pathlib.Path.replace"
    with monkeypatch.context() as full:
        full.setattr(target, _no_space)
        with pytest.raises(ArchiveWriteError) as caught:
            archive.sync(platform)
    assert "No space left" in str(caught.value)
    assert says_what_to_do(caught.value)
    assert len(archive.meetings()) == 60
    assert archive.sync(platform).new == 1
    assert archive.verify().is_sound


@pytest.mark.slow
def test_a_disk_that_is_full_for_the_compaction_alone_fails_no_sync(
    archive: Archive, platform: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive.sync(platform)
    platform.records.insert(0, platform.record(60))
    with monkeypatch.context() as full:
        full.setattr("ytxdata.archive.cleanup.FAN", 2)
        full.setattr("ytxdata.archive.write_sync.Writer.merge", _no_space)
        assert archive.sync(platform).new == 1
    assert len(archive.meetings()) == 61
    assert archive.sync(platform).new == 0
    assert archive.verify().is_sound


FULL = """
import resource, signal, sys
sys.path.insert(0, sys.argv[2])
from conftest import Platform, newest_first
from ytxdata.archive import Archive
from ytxdata.errors import ArchiveWriteError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (6_000, 6_000))
try:
    Archive(sys.argv[1]).sync(Platform(newest_first(3000)))
except ArchiveWriteError as error:
    print(error)
    sys.exit(7)
"""


@pytest.mark.slow
def test_a_file_that_cannot_grow_changes_nothing(archive: Archive, platform: Any) -> None:
    archive.sync(platform)
    command = [sys.executable, "-c", FULL, str(archive.path), str(Path(__file__).parent)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 7, done.stderr
    assert "Traceback" not in done.stderr
    assert len(archive.meetings()) == 60
    assert archive.sync(platform).new == 0
    assert archive.verify().is_sound


def test_a_directory_that_cannot_be_written(platform: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pathlib.Path.mkdir", _not_permitted)
    with pytest.raises(ArchiveWriteError) as caught:
        Archive(tmp_path / "a").sync(platform)
    assert says_what_to_do(caught.value)
    assert platform.asked == []


def _no_space(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def _not_permitted(*_: object, **__: object) -> None:
    raise PermissionError(errno.EACCES, "Permission denied")


@contextmanager
def room_for(size: int) -> Iterator[None]:
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="a limit on the size of files stands for a full disk")
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
@pytest.mark.parametrize("size", [0, 6_000])
def test_a_full_folder_for_temporary_files_is_told_with_what_to_do_and_is_no_word_on_a_pack(
    archive: Archive, platform: Any, tmp_path: Path, size: int
) -> None:
    archive.sync(platform)
    pack = audit.pack(archive, tmp_path / "p.zip", include_raw=True)
    doing: dict[str, Callable[[], object]] = {
        "audit": lambda: audit.run(archive, remember=False),
        "SQL": lambda: archive.sql("select * from legs"),
        "recompute": lambda: audit.verify_pack(pack.path, recompute=True),
        "workbook": lambda: metrics.usage(archive, by="day").to_excel(tmp_path / "usage.xlsx"),
    }
    for what, do in doing.items():
        with room_for(size), pytest.raises(UsageError) as caught:
            do()
        assert "TMPDIR" in str(caught.value), what
        assert says_what_to_do(caught.value), what
        assert isinstance(caught.value, NoRoomError) == (what != "workbook")
    del caught
    gc.collect()  # what xlsxwriter could not write it does not close
    assert audit.verify_pack(pack.path, recompute=True)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="a limit on the size of files stands for a full disk")
@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("room", [0, 6_000, 30_000])
def test_a_full_disk_is_told_once_and_costs_nothing(archive: Archive, platform: Any, room: int) -> None:
    archive.sync(platform)
    stored = archive.meetings()
    # long and unlike, so that the files are larger than the room whatever their compression
    platform.records = [{"meid": f"new-{i}", "name": random.Random(i).randbytes(100).hex()} for i in range(500)]
    with room_for(room), pytest.raises(ArchiveWriteError) as caught:
        archive.sync(platform)
    assert says_what_to_do(caught.value)
    del caught
    gc.collect()  # what failed to close its file complains when it is let go
    assert archive.meetings().equals(stored)
    assert archive.sync(platform).new == 500
