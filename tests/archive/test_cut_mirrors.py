"""A mirror that was cut short, anywhere or by a kill, shows one whole state or the other, and the next one ends it."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, cast

import pytest

from tests.archive.mirrors import bucket, grow, seen
from tests.effort import examples, seed
from ytxdata.archive import Archive, cleanup
from ytxdata.archive import mirror as mirror_module
from ytxdata.archive.stores import Store
from ytxdata.errors import NotAnArchiveError

KILLS = examples(2, 2, "YTX_TEST_KILLS")


class Cut(BaseException):
    """The end of a process, at an instant of the test's choice."""


def cut_short(archive: Archive, url: str, at: int, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Mirror until the n-th file is about to be moved to its place; return whether there were so many."""
    moved = 0
    put, remove = Store.put, Store.remove

    def counted(self: Store, *given: Any) -> bool:
        nonlocal moved
        moved += 1
        if moved > at:
            raise Cut
        return put(self, *given)

    def removed(self: Store, name: str) -> None:
        nonlocal moved
        moved += 1
        if moved > at:
            raise Cut
        remove(self, name)

    with monkeypatch.context() as patched:
        patched.setattr(Store, "put", counted)
        patched.setattr(Store, "remove", removed)
        patched.setattr("ytxdata.archive.mirror.AT_ONCE", 1)
        try:
            archive.mirror(url)
        except Cut:
            return True
        return False


@pytest.mark.slow
def test_cut_short_anywhere_readers_see_one_state_or_the_other(
    archive: Archive, platform: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, few_lists: None
) -> None:
    grow(archive, platform, 20)
    before = tmp_path / "before"
    archive.mirror(before)
    # far enough that heads between the two lose their lists, and that files of the old state go
    for n in range(21, 26):
        grow(archive, platform, n)
    states = {20, 25}
    met = set()
    at = 0
    while True:
        place = tmp_path / "cut"
        shutil.copytree(before, place)
        is_cut = cut_short(archive, str(place), at, monkeypatch)
        # whoever reads it by its address, and the next mirror, find what lies there, whatever was cut before
        is_asked_all = not is_cut or at % 3 == 1
        fetched = [Archive.at(place.as_uri(), tmp_path / "kept")] if is_asked_all else []
        for reader in (Archive(place), *fetched):
            meetings = reader.meetings()
            n = len(meetings)
            assert n in range(20, 26)
            assert len(reader.legs()) == 2 * n
            assert meetings["name"].iloc[-1] == f"第 {n} 版"
        met.add(n)
        shutil.rmtree(tmp_path / "kept", ignore_errors=True)
        if not is_cut:
            break
        if is_asked_all:
            archive.mirror(place)  # and goes on from there
            assert len(Archive(place).meetings()) == 25
            assert Archive(place).verify().is_sound
        shutil.rmtree(place)
        at += 1 if at < 2 else examples(2, 8)
    assert met >= states


def test_a_first_mirror_that_was_cut_short_is_none(
    archive: Archive, platform: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, few_lists: None
) -> None:
    for n in range(20, 25):  # heads between lose their lists, and are sent behind the newest
        grow(archive, platform, n)
    at = 0
    while cut_short(archive, str(tmp_path / f"cut-{at}"), at, monkeypatch):
        place = tmp_path / f"cut-{at}"
        # never an account without meetings: that would be a state the archive never had
        with pytest.raises(NotAnArchiveError):
            Archive.at(place.as_uri(), tmp_path / "kept")
        if at:
            with pytest.raises(NotAnArchiveError):
                Archive(place).meetings()
        at += 1
    assert at > 5


def test_a_first_mirror_that_was_cut_short_in_its_mark_goes_on(archive: Archive, platform: Any, tmp_path: Path) -> None:
    grow(archive, platform, 20)
    place = tmp_path / "mirror"
    place.mkdir()
    (place / "mirror.json.draft").write_text("{")
    archive.mirror(place)
    assert Archive(place).verify().is_sound
    assert not (place / "mirror.json.draft").exists()


@pytest.mark.slow
def test_killed_at_random_instants_a_mirror_in_a_bucket_is_whole(
    archive: Archive, platform: Any, objects: str, credentials: None, tmp_path: Path
) -> None:
    begun = seed(1)
    rng = random.Random(begun)
    url = bucket(objects)
    grow(archive, platform, 20)
    archive.mirror(url)
    n = before = 20
    for turn in range(KILLS):
        for _ in range(3):
            n += 1
            grow(archive, platform, n)
        script = "from sys import argv as a; from ytxdata import Archive as A; print(flush=True); A(a[1]).mirror(a[2])"
        command = [sys.executable, "-c", script, str(archive.path), url]
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        cast("Any", process.stdout).readline()
        time.sleep(rng.uniform(0, 0.5))
        process.kill()
        process.communicate()
        kept = Archive.at(url, tmp_path / f"kept-{turn}")
        n_seen = len(kept.meetings())
        assert before <= n_seen <= n, begun
        assert len(kept.legs()) == 2 * n_seen, begun
        before = n_seen
    archive.mirror(url)
    assert len(seen(url, tmp_path / "last")) == n
    assert Archive(tmp_path / "last").verify().is_sound


@pytest.mark.slow
@pytest.mark.parametrize("step", ["_state", "_checked"])
def test_files_that_a_sync_lets_go_while_they_are_sent_are_no_damage(
    archive: Archive, platform: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Every sixteenth sync lets files go: the mirror of a sound archive was damage, or could not be written."""
    for n in (60, 70):
        grow(archive, platform, n)
    found, went = getattr(mirror_module, step), list[int]()

    def let_go_meanwhile(*given: Any) -> Any:
        state = found(*given)
        if not went:
            went.append(1)
            archive.rebuild()
            cleanup.let_files_go(archive.path, 1)
        return state

    monkeypatch.setattr(mirror_module, step, let_go_meanwhile)
    snapshot, done = archive.snapshot(), archive.mirror(tmp_path / "mirror")
    after = archive.snapshot()
    assert snapshot is not None
    assert after is not None
    assert done.sequence == after.head.sequence > snapshot.head.sequence
    assert Archive(tmp_path / "mirror").verify().is_sound
    assert archive.mirror(tmp_path / "mirror").n_sent == 0
