"""A mirror shows whole states only, holds what the heads say, and is read like the archive; in a folder and in a bucket."""

from __future__ import annotations

import json
import logging
import os
import random
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pandas as pd
import pytest
from pyarrow import fs

from tests.effort import examples, seed
from ytxdata import metrics
from ytxdata.archive import Archive
from ytxdata.archive.cleanup import let_files_go
from ytxdata.archive.stores import Store
from ytxdata.cli import main
from ytxdata.errors import DamagedError, NetworkError, NotAnArchiveError, UsageError

SECRET = "SECRETSECRETSECRETSECRETSECRETSECRETSECR"
KILLS = examples(4, 2, "YTX_TEST_KILLS")


@pytest.fixture(scope="module")
def objects() -> Iterator[str]:
    """The address of a local object store, without the bucket."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield f"region=us-east-1&scheme=http&endpoint_override=127.0.0.1:{server.get_host_and_port()[1]}"
    server.stop()


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Credentials of no account of the machine."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDAKIDAKIDAKIDAKID")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture(params=["folder", "bucket"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a mirror will be."""
    if request.param == "folder":
        return (tmp_path / "mirror").as_uri()
    request.getfixturevalue("credentials")
    options: str = request.getfixturevalue("objects")
    return bucket(options)


def bucket(options: str) -> str:
    name = f"b{random.SystemRandom().getrandbits(64):016x}"
    given = dict(pair.split("=") for pair in options.split("&"))
    fs.S3FileSystem(allow_bucket_creation=True, **given).create_dir(name)
    return f"s3://{name}/some/where?{options}"


def grow(archive: Archive, platform: Any, n: int, **changes: Any) -> None:
    """Sync when the account has n meetings, the last of which is called otherwise later."""
    platform.records = platform.newest_first(n)
    platform.records[0] = platform.record(n - 1, meetingname=f"第 {n} 版", **changes)
    archive.sync(platform)


def seen(url: str, folder: Path) -> pd.DataFrame:
    return Archive.at(url, folder).meetings()


@pytest.mark.slow
def test_a_mirror_reads_like_its_archive(archive: Archive, platform: Any, url: str, tmp_path: Path) -> None:
    for n in (20, 30, 40):
        grow(archive, platform, n)
    done = archive.mirror(url)
    assert (done.sequence, done.n_present, done.n_removed) == (3, 0, 0)
    kept = Archive.at(url, tmp_path / "kept")
    for view in ("meetings", "legs", "problems", "rejects", "pulls", "changes", "coverage"):
        pd.testing.assert_frame_equal(getattr(kept, view)(), getattr(archive, view)())
    assert kept.raw_records() == archive.raw_records()
    assert kept.certificate() == archive.certificate()
    assert len(kept.scan("legs")) == len(archive.legs())
    assert metrics.usage(kept).frame.equals(metrics.usage(archive).frame)
    pull = kept.pulls()["pull_id"][0]
    assert kept.answer(pull) == archive.answer(pull)
    assert kept.verify().is_sound


@pytest.mark.slow
def test_only_what_is_new_is_sent_and_what_went_is_removed(
    archive: Archive, platform: Any, url: str, tmp_path: Path
) -> None:
    n = 20
    grow(archive, platform, n)
    first = archive.mirror(url)
    assert first.n_sent == first.n_present + first.n_sent > 5
    again = archive.mirror(url)
    assert (again.n_sent, again.n_bytes, again.n_removed) == (0, 0, 0)
    grow(archive, platform, n + 1)
    third = archive.mirror(url)
    assert 0 < third.n_sent <= first.n_sent
    assert third.n_present == first.n_sent
    # more changes than lists of files are kept: heads lose their lists, and files that only they named go
    for more in range(33):
        grow(archive, platform, n + 2 + more)
    assert archive.mirror(url).n_removed == 0, "whoever reads what the mirror showed until now goes on"
    grow(archive, platform, n + 35)
    assert archive.mirror(url).n_removed > 0
    kept = Archive.at(url, tmp_path / "kept")
    assert len(kept.meetings()) == n + 35
    assert kept.verify().is_sound
    there = {path.relative_to(kept.path).as_posix() for path in kept.path.rglob("*") if path.is_file()}
    here = {path.relative_to(archive.path).as_posix() for path in archive.path.rglob("*") if path.is_file()}
    assert there - here == {"mirror.json"}
    assert here - there == {"lock", "mirror.lock"}


def test_readers_keep_their_files_while_a_mirror_is_brought_up_to_date(
    archive: Archive, platform: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two runs the archive lets go all lists of the state that the mirror shows; its readers are at work."""
    monkeypatch.setattr("ytxdata.archive.cleanup.LISTS_KEPT", 2)
    monkeypatch.setattr("ytxdata.archive.cleanup.let_files_go", lambda root: let_files_go(root, 2))
    monkeypatch.setattr("ytxdata.archive.cleanup.FAN", 2)
    url, kept = str(tmp_path / "mirror"), tmp_path / "kept"

    def run(n: int) -> tuple[Archive, Archive]:
        """Mirror the archive, and fetch the mirror as another notebook does."""
        archive.mirror(url)
        archive.mirror(url)
        fetched = Archive.at((tmp_path / "mirror").as_uri(), kept)
        for place in (Archive(url), fetched):
            assert len(place.meetings()) == n
            assert place.verify().is_sound
        return Archive(url), fetched

    grow(archive, platform, 20)
    for n in range(21, 45, 8):
        places = run(n - 1)
        readers = [place.still() for place in places]
        scans = [place.scan("meetings") for place in places]
        for more in range(8):
            grow(archive, platform, n + more)
        run(n + 7)
        for reader, scan in zip(readers, scans, strict=True):
            assert len(reader.meetings()) == len(scan) == n - 1
            assert len(reader.legs()) == 2 * (n - 1)
    assert Archive(url).verify().beside, "what is of no state that is shown is told, and no damage"
    there = {path.relative_to(url).as_posix() for path in (Path(url) / "derived").rglob("*.parquet")}
    platform.records = platform.newest_first(44)
    archive.sync(platform)
    archive.mirror(url)
    now = {path.relative_to(url).as_posix() for path in (Path(url) / "derived").rglob("*.parquet")}
    assert there - now, "what nobody was shown since goes"


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
    archive: Archive, platform: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grow(archive, platform, 20)
    before = tmp_path / "before"
    archive.mirror(before)
    # far enough that heads between the two lose their lists, and that files of the old state go
    for n in range(21, 55):
        grow(archive, platform, n)
    states = {20, 54}
    met = set()
    at = 0
    while True:
        place = tmp_path / "cut"
        shutil.copytree(before, place)
        is_cut = cut_short(archive, str(place), at, monkeypatch)
        for reader in (Archive(place), Archive.at(place.as_uri(), tmp_path / "kept")):
            meetings = reader.meetings()
            n = len(meetings)
            assert n in range(20, 55)
            assert len(reader.legs()) == 2 * n
            assert meetings["name"].iloc[-1] == f"第 {n} 版"
        met.add(n)
        shutil.rmtree(tmp_path / "kept")
        if not is_cut:
            break
        archive.mirror(place)  # and goes on from there
        assert len(Archive(place).meetings()) == 54
        assert Archive(place).verify().is_sound
        shutil.rmtree(place)
        at += 1 if at < 2 else examples(17, 34)
    assert met >= states


def test_a_first_mirror_that_was_cut_short_is_none(
    archive: Archive, platform: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grow(archive, platform, 20)
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


@pytest.mark.parametrize("folder", ["observations", "derived", "pulls", "heads", "index"])
def test_a_damaged_archive_is_not_mirrored(archive: Archive, platform: Any, url: str, folder: str) -> None:
    for n in (20, 30):
        grow(archive, platform, n)
    path = sorted(path for path in (archive.path / folder).rglob("*") if path.is_file())[0]
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(DamagedError):
        archive.mirror(url)
    with pytest.raises(NotAnArchiveError):
        Archive.at(url)


def test_damage_in_the_mirror_is_found_and_mended(archive: Archive, platform: Any, tmp_path: Path) -> None:
    grow(archive, platform, 20)
    place = tmp_path / "mirror"
    archive.mirror(place)
    path = next((place / "observations").iterdir())
    data = bytearray(path.read_bytes())
    data[-20] ^= 1
    path.write_bytes(data)
    with pytest.raises(DamagedError):
        Archive.at(place.as_uri(), tmp_path / "kept")
    assert archive.mirror(place).n_sent == 0, "of the right size: it is read back only if asked"
    assert archive.mirror(place, recheck=True).n_sent == 1
    assert Archive(place).verify().is_sound


def test_a_file_that_was_changed_in_the_copy_is_fetched_again(archive: Archive, platform: Any, tmp_path: Path) -> None:
    archive.sync(platform)
    archive.mirror(tmp_path / "mirror")
    url = (tmp_path / "mirror").as_uri()
    kept = Archive.at(url, tmp_path / "kept")
    changed = next((kept.path / "derived").rglob("*.parquet"))
    sound = changed.read_bytes()
    changed.write_bytes(sound[:-9] + b"X" + sound[-8:])
    assert Archive.at(url, tmp_path / "kept").meetings().equals(archive.meetings())
    assert changed.read_bytes() == sound


def test_neither_archive_nor_mirror_is_said_to_hold_what_is_not_its_own(
    archive: Archive, platform: Any, tmp_path: Path
) -> None:
    archive.sync(platform)
    archive.mirror(tmp_path / "mirror")
    assert archive.verify().beside == Archive(tmp_path / "mirror").verify().beside == ()


def test_a_place_of_somebody_else_is_left_alone(archive: Archive, platform: Any, tmp_path: Path) -> None:
    grow(archive, platform, 20)
    full = tmp_path / "full"
    full.mkdir()
    (full / "notes.txt").write_text("mine")
    other = Archive(tmp_path / "other.archive")
    platform.identity = ("another", "app")
    grow(other, platform, 20)
    for place in (full, other.path, archive.path, archive.path / "inside"):
        with pytest.raises(UsageError):
            archive.mirror(place)
    assert [path.name for path in full.iterdir()] == ["notes.txt"]
    archive.mirror(tmp_path / "mirror")
    with pytest.raises(UsageError, match="no mirror of this archive"):
        other.mirror(tmp_path / "mirror")
    # what somebody put into the mirror afterwards is nothing of ours, wherever it lies
    (tmp_path / "mirror" / "observations" / "notes.txt").write_text("mine")
    platform.identity = ("sid-of-this-test", "app")
    grow(archive, platform, 21)
    archive.mirror(tmp_path / "mirror")
    assert (tmp_path / "mirror" / "observations" / "notes.txt").exists()


def test_an_older_copy_does_not_take_the_place_of_a_newer_state(
    archive: Archive, platform: Any, tmp_path: Path
) -> None:
    grow(archive, platform, 20)
    copy = Archive(tmp_path / "copy.archive")
    shutil.copytree(archive.path, copy.path)
    grow(archive, platform, 21)
    archive.mirror(tmp_path / "mirror")
    with pytest.raises(UsageError, match="never had"):
        copy.mirror(tmp_path / "mirror")
    grow(copy, platform, 22)  # two copies that are both synced are two archives
    with pytest.raises(UsageError, match="never had"):
        copy.mirror(tmp_path / "mirror")
    assert len(Archive(tmp_path / "mirror").meetings()) == 21


def test_nobody_writes_to_a_mirror(archive: Archive, platform: Any, url: str, tmp_path: Path) -> None:
    grow(archive, platform, 20)
    archive.mirror(url)
    kept = Archive.at(url, tmp_path / "kept")
    before = sorted(path for path in kept.path.rglob("*"))
    for write in (
        lambda: kept.sync(platform),
        kept.rebuild,
        lambda: kept.witness(b"id\n1\n", kind="invoice", start="2026-01-01", end="2026-02-01"),
        lambda: kept.remove_witness("bill"),
    ):
        with pytest.raises(UsageError):
            write()
    assert sorted(path for path in kept.path.rglob("*")) == before
    with pytest.raises(UsageError, match=r"Archive\.at"):
        Archive(url)


@pytest.mark.skipif(os.name != "posix", reason="the cache is elsewhere")
def test_a_mirror_of_this_machine_is_read_where_it_stands(
    archive: Archive, platform: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    grow(archive, platform, 20)
    place = tmp_path / "mirror"
    archive.mirror(place)
    for address in (str(place), place.as_uri()):
        here = Archive.at(address)
        assert here.path == place
        assert len(here.meetings()) == 20
        with pytest.raises(UsageError):
            here.sync(platform)
    assert not (tmp_path / "cache").exists()
    assert Archive.at(place.as_uri(), tmp_path / "kept").path == tmp_path / "kept"


def test_copies_of_full_numbers_are_for_their_owner_alone(archive: Archive, platform: Any, tmp_path: Path) -> None:
    grow(archive, platform, 20)
    archive.mirror(tmp_path / "mirror")
    kept = Archive.at((tmp_path / "mirror").as_uri(), tmp_path / "kept")
    for root in (tmp_path / "mirror", kept.path):
        modes = {stat.S_IMODE(path.stat().st_mode) for path in [root, *root.rglob("*")]}
        assert modes == {0o700, 0o600}


def test_a_restored_mirror_goes_on_as_the_archive(archive: Archive, platform: Any, url: str, tmp_path: Path) -> None:
    grow(archive, platform, 20)
    archive.mirror(url)
    shutil.rmtree(archive.path)
    restored = Archive.at(url, tmp_path / "restored.archive")
    (restored.path / "mirror.json").unlink()
    grow(restored, platform, 25)
    assert len(restored.meetings()) == 25
    assert restored.verify().is_sound
    assert restored.mirror(url).sequence == 2


@pytest.mark.slow
def test_what_opens_a_store_is_told_to_nobody(
    archive: Archive, platform: Any, objects: str, credentials: None, tmp_path: Path
) -> None:
    grow(archive, platform, 20)
    nowhere = objects.rsplit(":", 1)[0] + ":1"
    told = []
    for place in (
        f"s3://key:{SECRET}@bucket/x", f"s3://bucket/x?secret_key={SECRET}", f"s3://absent-bucket/x?{objects}",
        f"s3://bucket/x?{nowhere}", f"ftp://bucket/{SECRET}", "gs://bucket/x", f"s3:///x#{SECRET}",
        f"s3:/AKID:{SECRET}@bucket/x", f"file://AKID:{SECRET}@host{tmp_path}/x", f"file://{SECRET}{tmp_path}/x",
    ):  # fmt: skip
        with pytest.raises((UsageError, NetworkError)) as caught:
            archive.mirror(place)
        told.append(f"{caught.value} {caught.value!r}")
        assert caught.value.__suppress_context__ or caught.value.__context__ is None
    assert SECRET not in "".join(told).replace(f"ftp://bucket/{SECRET}", "")
    assert "AKID" not in "".join(told)
    assert not (tmp_path / "x").exists()
    assert not Path("s3:").exists()
    from ytxdata.archive.stores import store_at

    assert SECRET not in repr(store_at(f"s3://bucket/x?{objects}"))


def test_stores_that_fsspec_knows(
    archive: Archive, platform: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ytxdata.archive.stores._OTHERS", ("memory",))
    url = "memory://bucket/mirror"
    for n in (20, 30):
        grow(archive, platform, n)
        assert archive.mirror(url).n_sent > 0
    assert archive.mirror(url).n_sent == 0
    assert len(seen(url, tmp_path / "kept")) == 30
    assert Archive(tmp_path / "kept").verify().is_sound


def test_an_archive_without_a_state_has_no_mirror(archive: Archive, tmp_path: Path) -> None:
    with pytest.raises(NotAnArchiveError):
        archive.mirror(tmp_path / "mirror")
    assert not (tmp_path / "mirror").exists()


def test_two_mirrors_of_two_states(archive: Archive, platform: Any, tmp_path: Path) -> None:
    grow(archive, platform, 20)
    archive.mirror(tmp_path / "one")
    grow(archive, platform, 30)
    archive.mirror(tmp_path / "two")
    assert [len(Archive(tmp_path / name).meetings()) for name in ("one", "two")] == [20, 30]
    archive.mirror(tmp_path / "one")
    assert len(Archive(tmp_path / "one").meetings()) == 30


@pytest.mark.slow
def test_every_verb_reads_a_mirror_by_its_address(
    archive: Archive, platform: Any, objects: str, credentials: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    grow(archive, platform, 20)
    url = bucket(objects)
    given = ("archive", "mirror", url, "--archive", str(archive.path), "--json")
    assert run(*given) == 0
    assert json.loads(capsys.readouterr().out)["n_removed"] == 0
    assert run("archive", "coverage", "--archive", url) == 0
    assert run("report", "--archive", url, "--out", str(tmp_path / "out")) == 0
    assert (tmp_path / "out" / "usage.csv").exists()
    assert run("rebuild", "--archive", url) == 2
    assert "mirror" in capsys.readouterr().err


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["--lang", "en", *arguments])
    return int(cast("int", ended.value.code or 0))
