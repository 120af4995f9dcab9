"""A mirror shows whole states only, holds what the heads say, and is read like the archive; in a folder and in a bucket."""

from __future__ import annotations

import json
import os
import shutil
import stat
from pathlib import Path
from typing import Any, cast

import pandas as pd
import pytest

from tests.archive.mirrors import SECRET, bucket, grow, seen
from ytxdata import metrics
from ytxdata.archive import Archive
from ytxdata.cli import main
from ytxdata.errors import DamagedError, NetworkError, NotAnArchiveError, UsageError


@pytest.fixture(params=["folder", "bucket"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a mirror will be."""
    if request.param == "folder":
        return (tmp_path / "mirror").as_uri()
    request.getfixturevalue("credentials")
    options: str = request.getfixturevalue("objects")
    return bucket(options)


@pytest.mark.slow
def test_a_mirror_reads_like_its_archive(archive: Archive, platform: Any, url: str, tmp_path: Path) -> None:
    for n in (20, 30):
        grow(archive, platform, n)
    done = archive.mirror(url)
    assert (done.sequence, done.n_present, done.n_removed) == (2, 0, 0)
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
    archive: Archive, platform: Any, url: str, tmp_path: Path, few_lists: None
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
    for more in range(4):
        grow(archive, platform, n + 2 + more)
    assert archive.mirror(url).n_removed == 0, "whoever reads what the mirror showed until now goes on"
    grow(archive, platform, n + 6)
    assert archive.mirror(url).n_removed > 0
    kept = Archive.at(url, tmp_path / "kept")
    assert len(kept.meetings()) == n + 6
    assert kept.verify().is_sound
    there = {path.relative_to(kept.path).as_posix() for path in kept.path.rglob("*") if path.is_file()}
    here = {path.relative_to(archive.path).as_posix() for path in archive.path.rglob("*") if path.is_file()}
    assert there - here == {"mirror.json"}
    assert here - there == {"lock", "mirror.lock"}


@pytest.mark.slow
def test_readers_keep_their_files_while_a_mirror_is_brought_up_to_date(
    archive: Archive, platform: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, few_lists: None
) -> None:
    """Between two runs the archive lets go all lists of the state that the mirror shows; its readers are at work."""
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
    for n in (21, 25):
        places = run(n - 1)
        readers = [place.still() for place in places]
        scans = [place.scan("meetings") for place in places]
        for more in range(4):
            grow(archive, platform, n + more)
        run(n + 3)
        for reader, scan in zip(readers, scans, strict=True):
            assert len(reader.meetings()) == len(scan) == n - 1
            assert len(reader.legs()) == 2 * (n - 1)
    assert Archive(url).verify().beside, "what is of no state that is shown is told, and no damage"
    there = {path.relative_to(url).as_posix() for path in (Path(url) / "derived").rglob("*.parquet")}
    platform.records = platform.newest_first(28)
    archive.sync(platform)
    archive.mirror(url)
    now = {path.relative_to(url).as_posix() for path in (Path(url) / "derived").rglob("*.parquet")}
    assert there - now, "what nobody was shown since goes"


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


@pytest.mark.slow
def test_damage_in_the_mirror_is_found_and_mended(archive: Archive, platform: Any, tmp_path: Path) -> None:
    grow(archive, platform, 20)
    place = tmp_path / "mirror"
    archive.mirror(place)
    path = next((place / "observations").iterdir())
    data = bytearray(path.read_bytes())
    data[-20] ^= 1
    path.write_bytes(data)
    for read in (lambda: Archive.at(place.as_uri(), tmp_path / "kept"), Archive(place).verify):
        with pytest.raises(DamagedError, match="--recheck"):
            read()
    assert archive.mirror(place).n_sent == 0, "of the right size: it is read back only if asked"
    assert archive.mirror(place, recheck=True).n_sent == 1
    assert Archive(place).verify().is_sound


@pytest.mark.slow
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


@pytest.mark.slow
def test_neither_archive_nor_mirror_is_said_to_hold_what_is_not_its_own(
    archive: Archive, platform: Any, tmp_path: Path
) -> None:
    archive.sync(platform)
    archive.mirror(tmp_path / "mirror")
    assert archive.verify().beside == Archive(tmp_path / "mirror").verify().beside == ()


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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
