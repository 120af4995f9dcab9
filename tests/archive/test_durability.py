"""Killed at any instant, or run by many at once, an archive loses nothing and shows nothing half done.

The long forms: YTX_TEST_KILLS=200 YTX_TEST_SYNCS=50.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.effort import examples, seed
from ytxdata.archive import Archive
from ytxdata.archive.heads import newest
from ytxdata.errors import DamagedError

WORKER = Path(__file__).with_name("worker.py")
KILLS = examples(3, 2, "YTX_TEST_KILLS")
WRITERS = examples(3, 2)
SYNCS = examples(3, 2, "YTX_TEST_SYNCS")


class Worker:
    """A worker process that has begun; its output is in a file, so that nothing said before a kill is lost."""

    def __init__(self, archive: Archive, counter: Path, n: int) -> None:
        self.said = counter.with_name(f"said-{time.monotonic_ns()}")
        command = [sys.executable, str(WORKER), str(archive.path), str(counter), str(n)]
        with self.said.open("wb") as out:
            self.process = subprocess.Popen(command, stdout=out)
        while not self.said.stat().st_size and self.process.poll() is None:
            time.sleep(0.005)

    def reported(self) -> list[int]:
        """How many meetings the platform had at each sync that was said to be done."""
        return [int(line) for line in self.said.read_text().split("\n")[1:-1]]


def check(archive: Archive) -> int:
    """Check what a reader sees now; return how many meetings that is."""
    snapshot = newest(archive.path.absolute())
    if snapshot is None:
        return 0
    meetings = archive.meetings()
    assert not meetings["meeting_id"].duplicated().any()
    assert len(meetings) >= snapshot.head.counts["meetings"]
    assert set(archive.legs()["meeting_id"]) >= set(meetings["meeting_id"])
    ledger = archive.changes()
    assert list(ledger["version"]) == list(range(2, 2 + len(ledger))), "a version is missing or there twice"
    assert list(ledger["old"][1:]) == list(ledger["new"][:-1])
    return len(meetings)


@pytest.mark.slow
def test_kill_at_random_instants(archive: Archive, tmp_path: Path) -> None:
    begun = seed(1)
    rng = random.Random(begun)
    counter = tmp_path / "counter"
    reported = 0
    for _ in range(KILLS):
        worker = Worker(archive, counter, 10_000)
        time.sleep(rng.uniform(0, 0.6))
        worker.process.kill()
        worker.process.wait()
        reported = max([reported, *worker.reported()])
        assert check(archive) >= reported, begun
        assert not (archive.path / "heads").exists() or archive.verify().is_sound, begun
    assert Worker(archive, counter, 1).process.wait() == 0
    assert check(archive) == 60 + counter.stat().st_size
    assert archive.verify().is_sound


@pytest.mark.slow
def test_processes_at_once_with_a_reader(archive: Archive, tmp_path: Path) -> None:
    counter = tmp_path / "counter"
    workers = [Worker(archive, counter, SYNCS) for _ in range(WRITERS)]
    seen = 0
    while any(worker.process.poll() is None for worker in workers):
        now = check(archive)
        assert now >= seen
        seen = now
        time.sleep(0.1)
    assert [worker.process.returncode for worker in workers] == [0] * WRITERS
    assert check(archive) == 60 + WRITERS * SYNCS
    assert archive.verify().is_sound


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
@pytest.mark.slow
def test_all_that_a_head_names_is_on_the_disk_before_the_head_is(archive: Archive, tmp_path: Path) -> None:
    log = tmp_path / "trace"
    trace = ["strace", "-f", "-y", "-o", str(log), "-e", "trace=fsync,fdatasync,rename,renameat,renameat2"]
    subprocess.run(
        [*trace, sys.executable, str(WORKER), str(archive.path), str(tmp_path / "c"), "1"],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    lines = log.read_text().splitlines()
    promoted = next(i for i, line in enumerate(lines) if "rename" in line and "heads/000000000001.json" in line)
    synced = [line for line in lines[:promoted] if "fsync(" in line]
    snapshot = newest(archive.path)
    assert snapshot is not None
    files = {archive.path / file.path for table in snapshot.listed.values() for file in table}
    directories = {parent for file in files for parent in file.parents if parent.is_relative_to(archive.path)}
    for path in [*files, *directories, archive.path / "archive.json.draft", archive.path.parent]:
        assert any(f"<{path}>" in line for line in synced), f"{path} was not forced onto the disk"
    after = [line for line in lines[promoted:] if "fsync(" in line]
    assert any(f"<{archive.path / 'heads'}>" in line for line in after)


@pytest.mark.slow
def test_what_an_interrupted_write_left_is_set_aside_by_the_next_sync(
    archive: Archive, platform: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive.sync(platform)
    known = sorted(archive.meetings()["meeting_id"])
    platform.records.insert(0, platform.record(60))
    for step in ("TableWriter.close", "Writer.add_to_index", "Writer.promote", "sync_all", "write_head"):
        with monkeypatch.context() as patch:
            patch.setattr(f"ytxdata.archive.write_sync.{step}", _killed)
            with pytest.raises(KeyboardInterrupt):
                archive.sync(platform)
        assert sorted(archive.meetings()["meeting_id"]) == known
        assert len(archive.pulls()) == 1
        assert archive.verify().is_sound
    done = archive.sync(platform)
    assert (done.new, done.unchanged) == (1, 60)
    assert (archive.path / "interrupted").is_dir()
    assert archive.verify().is_sound


@pytest.mark.slow
@pytest.mark.parametrize("earlier", [0, 1])
def test_a_power_cut_that_also_took_the_marker_is_healed(
    archive: Archive, platform: Any, monkeypatch: pytest.MonkeyPatch, earlier: int
) -> None:
    for _ in range(earlier):
        archive.sync(platform)
    platform.records += [platform.record(100), {"no": "id"}]  # the first reject makes a new table
    with monkeypatch.context() as patch:
        patch.setattr("ytxdata.archive.write_sync.write_head", _killed)
        with pytest.raises(KeyboardInterrupt):
            archive.sync(platform)
    (archive.path / "pending").unlink()
    for path in archive.path.rglob(f"{earlier + 1:012d}*"):
        if path.parent.name in ("rejects", "index"):
            path.write_bytes(b"")  # torn: its name is there, but its content never reached the disk
    if not earlier:  # its marker was on the disk before any file: without it, this is an archive that lost its heads
        with pytest.raises(DamagedError):
            archive.sync(platform)
        archive.rebuild()
    archive.sync(platform)
    assert len(archive.meetings()) == 61
    assert len(archive.rejects()) == 1
    assert archive.verify().is_sound


def _killed(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.slow
@pytest.mark.parametrize(
    "left",
    [
        "derived/000002/meetings/000000000002.parquet",
        "derived/000001/legs/000000000002.1.parquet",
        "pulls/000000000002-1.parquet",
        "index/000000000002.1.run",
        "witnesses/000000000002.raw",
        "witnesses/000000000002.raw.draft",
    ],
)
def test_whatever_one_file_a_power_cut_left_without_the_marker_is_set_aside(
    archive: Archive, platform: Any, left: str
) -> None:
    archive.sync(platform)
    path = archive.path / left
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    archive.sync(platform)
    assert archive.verify().is_sound
    assert list((archive.path / "interrupted").rglob(path.name))
