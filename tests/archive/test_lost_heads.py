"""Raw data whose heads are gone, torn or not there yet: damaged for every reader, never put away, and taken in again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.archive.conftest import Platform, newest_first
from ytxdata import Fleet, times
from ytxdata.archive import Archive, cleanup
from ytxdata.archive.raw_answers import CHAINED, pull_sha256
from ytxdata.archive.verification import Verification
from ytxdata.archive.verify import verify
from ytxdata.cli import app
from ytxdata.errors import DamagedError, UsageError
from ytxdata.labels import Text

RAW = ("observations", "pulls")


def raw_bytes(archive: Archive) -> set[bytes]:
    """The content of every raw file, wherever in the archive it lies, that is there for good."""
    found = [path for path in archive.path.rglob("*.parquet") if set(RAW) & set(path.parts)]
    return {path.read_bytes() for path in found if "interrupted" not in path.parts or "-kept" in str(path)}


def everything(archive: Archive) -> dict[Path, bytes]:
    files = {path: path.read_bytes() for path in archive.path.rglob("*") if path.is_file()}
    return {path: data for path, data in files.items() if not path.name.startswith("lock")}


def listed(sync: int) -> list[Any]:
    """What the platform lists at a sync: no more than the newest twenty, so that what went is gone."""
    return newest_first(30 + 5 * sync)[:20]


@pytest.fixture(scope="module")
def synced_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int, bool], Archive]:
    """An archive of so many syncs, made once, and made anew where that is asked for."""

    @cache
    def made(n_syncs: int, rebuilt: bool) -> Archive:
        archive = Archive(tmp_path_factory.mktemp("synced") / "meetings.archive")
        for i in range(n_syncs):
            archive.sync(Platform(listed(i)))
        if rebuilt:
            archive.rebuild()
        return archive

    return made


@pytest.fixture
def three(synced_once: Callable[[int, bool], Archive], archive: Archive, platform: Any) -> Archive:
    """An archive of three syncs, each test's own."""
    shutil.copytree(synced_once(3, False).path, archive.path)
    platform.records = listed(2)
    return archive


def no_folder(heads: Path) -> None:
    shutil.rmtree(heads)


def empty_folder(heads: Path) -> None:
    for path in heads.iterdir():
        path.unlink()


def all_torn(heads: Path) -> None:
    for path in heads.iterdir():
        path.write_bytes(path.read_bytes()[:20])


def newest_gone(heads: Path) -> None:
    max(heads.iterdir()).unlink()


def newest_torn(heads: Path) -> None:
    newest = max(heads.iterdir())
    newest.write_bytes(newest.read_bytes()[:-100])


def lists_went(heads: Path) -> None:
    for path in sorted(heads.iterdir())[:-1]:
        path.write_bytes(path.read_bytes().split(b"\n")[0])
    newest_torn(heads)


def old_heads_alone(heads: Path) -> None:
    lists_went(heads)
    newest_gone(heads)


CUT_SHORT = (lists_went, old_heads_alone)
"""Losses that leave heads without what the newest could be held against: no damage once repaired, and left open."""

LOSSES = [no_folder, empty_folder, all_torn, lists_went, old_heads_alone]


@pytest.mark.parametrize("loss", LOSSES)
def test_raw_data_without_a_head_is_damaged_for_every_reader_and_for_sync(
    three: Archive, platform: Any, loss: Callable[[Path], None]
) -> None:
    loss(three.path / "heads")
    before = everything(three)
    for reading in (three.meetings, three.verify, three.snapshot, three.certificate, lambda: three.sync(platform)):
        with pytest.raises(DamagedError) as caught:
            reading()
        assert "ytxdata rebuild" in str(caught.value)
    assert everything(three) == before, "nothing is changed, and no file put away"
    assert verify(three.path).can_be_mended
    (three.path.parent / "fleet").mkdir()
    three.path.rename(three.path.parent / "fleet" / "north.archive")
    assert "damaged" in Fleet(three.path.parent / "fleet").status().frame["problem_en"][0]


@pytest.mark.slow
@pytest.mark.by_chance(3)
@pytest.mark.parametrize(
    ("loss", "n_syncs", "rebuilt"),
    [*((loss, 3, False) for loss in (no_folder, all_torn, *CUT_SHORT, newest_torn)), *((loss, 1, True) for loss in (empty_folder, newest_gone))],
)  # fmt: skip
def test_all_that_lost_its_heads_is_taken_in_again(
    synced_once: Callable[[int, bool], Archive],
    archive: Archive,
    platform: Any,
    loss: Callable[[Path], None],
    n_syncs: int,
    *,
    rebuilt: bool,
) -> None:
    shutil.copytree(synced_once(n_syncs, rebuilt).path, archive.path)
    ids, pulls, raw = set(archive.meetings()["meeting_id"]), set(archive.pulls()["pull_id"]), raw_bytes(archive)
    loss(archive.path / "heads")
    done = CliRunner().invoke(app, ["verify", "--repair", str(archive.path), "--lang", "en"])
    assert done.exit_code == 0, done.output
    assert set(archive.meetings()["meeting_id"]) == ids
    assert set(archive.pulls()["pull_id"]) == pulls
    platform.records = newest_first(60)[:20]
    assert archive.sync(platform).new == 20
    assert set(archive.meetings()["meeting_id"]) > ids
    archive.verify(recompute=True)
    assert raw <= raw_bytes(archive)


@pytest.mark.slow
@pytest.mark.parametrize("loss", [no_folder, lists_went, old_heads_alone, newest_gone])
def test_what_raw_data_alone_tells_is_judged_as_its_syncs_judged_it(
    three: Archive, loss: Callable[[Path], None]
) -> None:
    claimed = three.coverage()
    assert set(claimed["verdict"]) & {"PROVEN", "PROBABLE", "GAP"}
    loss(three.path / "heads")
    assert "judged anew" in str(three.rebuild())
    assert three.coverage()[["start", "end", "verdict"]].equals(claimed[["start", "end", "verdict"]])
    found = three.verify(recompute=True)
    assert (found.is_sound, bool(found.left_open)) == (True, loss in CUT_SHORT)


AHEAD = timedelta(hours=20)


def with_a_clock_ahead(archive: Archive, platform: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five syncs by a clock that is ahead by most of a day, as the platform's `Date` says each time."""
    start = datetime(2026, 3, 1, tzinfo=UTC)
    for day in range(5):
        platform.records = [platform.record(i) for i in range(144 * 50, 144 * (59 + day), 20)][::-1]
        platform.date = start + timedelta(days=day)
        platform.clock = platform.date + AHEAD
        monkeypatch.setattr(times, "now", lambda: platform.clock)
        archive.sync(platform)


@pytest.fixture(scope="module")
def ahead_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Archive, Verification]:
    archive = Archive(tmp_path_factory.mktemp("ahead") / "meetings.archive")
    with pytest.MonkeyPatch.context() as patch:
        with_a_clock_ahead(archive, Platform([]), patch)
        return archive, archive.verify(recompute=True)


@pytest.mark.slow
@pytest.mark.by_chance(2)
@pytest.mark.parametrize("loss", [no_folder, lists_went, newest_gone])
def test_what_the_date_of_the_platform_said_of_the_clock_outlives_heads(
    ahead_once: tuple[Archive, Verification], archive: Archive, loss: Callable[[Path], None]
) -> None:
    """Judged as if none was sent, PROVEN reached twenty hours too far, and what was listed there since ended all proof."""
    before = ahead_once[1]
    shutil.copytree(ahead_once[0].path, archive.path)
    claimed = archive.coverage()
    assert "PROVEN" in set(claimed["verdict"])
    loss(archive.path / "heads")
    archive.rebuild()
    assert archive.coverage()[["start", "end", "verdict"]].equals(claimed[["start", "end", "verdict"]])
    after = archive.verify(recompute=True)
    assert after.is_sound
    assert after.left_open[loss in CUT_SHORT :] == before.left_open, "that it was off"


@pytest.mark.slow
@pytest.mark.usefixtures("no_word_of_patience")
def test_of_pulls_of_an_earlier_version_it_is_told_that_what_the_date_said_went_with_the_heads(
    archive: Archive, platform: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_a_clock_ahead(archive, platform, monkeypatch)
    assert archive.verify(recompute=True).is_sound, "its heads tell of it"
    no_folder(archive.path / "heads")
    assert "as if no Date was sent" in str(archive.rebuild())
    assert any("what the platform's Date did" in one.en for one in archive.verify(recompute=True).left_open)


def test_a_pull_that_tells_of_another_clock_breaks_the_chain() -> None:
    row = dict.fromkeys(CHAINED)
    assert len({pull_sha256({**row, "ahead_s": told}) for told in (None, 0, 72_000)}) == 3


@pytest.mark.slow
def test_after_a_rebuild_the_state_before_keeps_its_claims(three: Archive) -> None:
    """The rebuilt head had been the only one with a list: torn, it took all evidence with it, and a reader its files."""
    claimed, reader = three.coverage(), three.still()
    n = len(reader.meetings())
    three.rebuild()
    assert len(reader.meetings()) == n
    newest_torn(three.path / "heads")
    three.rebuild()
    assert three.coverage()[["start", "end", "verdict"]].equals(claimed[["start", "end", "verdict"]])
    three.verify(recompute=True)


@pytest.mark.slow
def test_a_copy_made_while_a_sync_and_a_rebuild_end_goes_back_to_the_state_before(
    three: Archive, platform: Any
) -> None:
    copy = Archive(three.path.with_name("copy.archive"))
    copy.path.mkdir()
    known = set(three.meetings()["meeting_id"])
    for name in RAW:
        shutil.copytree(three.path / name, copy.path / name)
    platform.records = platform.newest_first(90)[:40]
    three.sync(platform)
    three.rebuild()
    for name in ("derived", "index", "heads"):
        shutil.copytree(three.path / name, copy.path / name)
    shutil.copy2(three.path / "archive.json", copy.path)
    copy.rebuild()
    assert set(copy.meetings()["meeting_id"]) == known
    copy.verify(recompute=True)


@pytest.mark.slow
def test_rebuilt_again_and_again_an_archive_keeps_no_more_states_than_syncs_do(three: Archive, few_lists: None) -> None:
    for _ in range(5):
        three.rebuild()
    assert len(list((three.path / "derived").iterdir())) <= cleanup.LISTS_KEPT
    three.verify()


@pytest.mark.slow
def test_files_that_were_merged_are_taken_in_once(
    archive: Archive, platform: Any, monkeypatch: pytest.MonkeyPatch, few_lists: None
) -> None:
    monkeypatch.setattr("ytxdata.archive.cleanup.FAN", 2)
    for i in range(8):
        platform.records = platform.newest_first(60 + i)
        archive.sync(platform)
    ids, n_pulls = list(archive.meetings()["meeting_id"]), len(archive.pulls())
    no_folder(archive.path / "heads")
    archive.rebuild()
    assert (list(archive.meetings()["meeting_id"]), len(archive.pulls())) == (ids, n_pulls)
    archive.verify()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("loss", "table"), [(no_folder, "pulls"), (all_torn, "observations"), (lists_went, "pulls"), (old_heads_alone, "observations")]
)  # fmt: skip
def test_nothing_is_mended_over_a_hole_in_the_raw_data(
    three: Archive, loss: Callable[[Path], None], table: str
) -> None:
    pulls = list(three.pulls()["pull_id"])
    loss(three.path / "heads")
    lost = min((three.path / table).iterdir())
    kept = lost.read_bytes()
    lost.unlink()
    raw = raw_bytes(three)
    with pytest.raises(DamagedError) as caught:
        three.rebuild()
    assert "raw data" in str(caught.value)
    assert raw_bytes(three) == raw
    assert all("interrupted" not in path.parts for path in three.path.rglob("*.parquet"))
    lost.write_bytes(kept)
    three.rebuild()
    assert list(three.pulls()["pull_id"]) == pulls
    three.verify()


@pytest.mark.slow
def test_lists_handed_in_are_kept_for_good_where_their_heads_went(three: Archive, tmp_path: Path) -> None:
    bill = json.dumps([{"meeting_id": "1", "started_at": "2026-01-01 09:00:00"}]).encode()
    three.witness(bill, kind="console", start="2026-01-01", end="2026-01-02", name="list")
    no_folder(three.path / "heads")
    three.rebuild()
    (kept,) = (path for path in three.path.rglob("*.raw") if path.read_bytes() == bill)
    assert "-kept" in str(kept)


KILLED_AT = ("Writer.append", "TableWriter.close", "Writer.add_to_index", "Writer.promote", "sync_all", "write_head")


def _killed(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("step", KILLED_AT)
def test_a_first_sync_that_was_killed_is_no_damage_and_the_next_one_begins_again(
    archive: Archive, platform: Any, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(f"ytxdata.archive.write_sync.{step}", _killed)
        with pytest.raises(KeyboardInterrupt):
            archive.sync(platform)
    raw = raw_bytes(archive)
    assert archive.meetings().empty
    assert archive.sync(platform).new == 60
    archive.verify()
    assert raw <= raw_bytes(archive), "what was received may be listed never again"


@pytest.mark.slow
def test_a_marker_excuses_the_first_change_alone(three: Archive, platform: Any) -> None:
    """A folder copied while its second sync was written, heads last."""
    (three.path / "pending").touch()
    no_folder(three.path / "heads")
    with pytest.raises(DamagedError):
        three.sync(platform)
    ids = three.rebuild()
    assert ids.observations == 30


@pytest.mark.slow
@pytest.mark.usefixtures("no_word_of_patience")
@pytest.mark.parametrize("settle", [timedelta(hours=24), timedelta(hours=72)])
def test_the_settling_time_that_went_with_all_heads_is_given_or_open(
    archive: Archive, platform: Any, settle: timedelta
) -> None:
    """Judged with a day in place of three, PROVEN reached over meetings that were not listed yet, and was sound."""
    for i in range(3):
        platform.records = platform.newest_first(400 + 10 * i)[:300]
        archive.sync(platform, settle=timedelta(hours=72))
    claimed = archive.coverage()
    shutil.rmtree(archive.path / "heads")
    told = str(archive.rebuild(settle=settle))
    assert f"judged with {settle.total_seconds() / 3600:g} h" in told
    is_same = archive.coverage()[["start", "end", "verdict"]].equals(claimed[["start", "end", "verdict"]])
    assert is_same == (settle > timedelta(hours=24))
    found = verify(archive.path, recompute=True)
    assert found.is_sound
    (left,) = without_clock(found)
    assert ("somebody chose" if is_same else "heads were lost once") in left.en
    platform.records = platform.newest_first(430)[:300]
    archive.sync(platform, settle=timedelta(hours=72))
    assert "somebody chose" in verify(archive.path, recompute=True).left_open[0].en


@pytest.mark.slow
@pytest.mark.parametrize("loss", [no_folder, newest_gone, newest_torn])
def test_how_late_a_meeting_may_be_listed_outlives_its_head(
    archive: Archive, platform: Any, loss: Callable[[Path], None]
) -> None:
    """It was raised in the head that went: judged with a day again, PROVEN reached over meetings not listed yet."""
    for hours in (24, 72):
        platform.records = platform.newest_first(400 + hours)[:300]
        archive.sync(platform, settle=timedelta(hours=hours))
    claimed = archive.coverage()
    loss(archive.path / "heads")
    assert "judged with" not in str(archive.rebuild(settle=timedelta(hours=30)))
    assert archive.coverage()[["start", "end", "verdict"]].equals(claimed[["start", "end", "verdict"]])
    found = verify(archive.path, recompute=True)
    assert found.is_sound
    assert ["settled after 259200 s" in one.en for one in found.left_open] == [True]


@pytest.mark.slow
@pytest.mark.usefixtures("no_word_of_patience")
def test_a_settling_time_that_went_with_the_newest_head_is_open(archive: Archive, platform: Any) -> None:
    for hours in (24, 72):
        platform.records = platform.newest_first(400 + hours)[:300]
        archive.sync(platform, settle=timedelta(hours=hours))
    newest_gone(archive.path / "heads")
    assert "judged with 24 h" in str(archive.rebuild())
    assert ["heads were lost once" in one.en for one in without_clock(verify(archive.path, recompute=True))] == [True]
    archive.sync(platform, settle=timedelta(hours=72))
    assert ["heads were lost once" in one.en for one in without_clock(verify(archive.path, recompute=True))] == [False]


def without_clock(found: Verification) -> list[Text]:
    """What is left open beside what the platform's `Date` had said, which went with the same heads."""
    left = [one for one in found.left_open if "the platform's Date did" not in one.en]
    assert len(left) == len(found.left_open) - 1
    return left


@pytest.mark.slow
def test_a_settling_time_that_heads_know_better_is_told_not_to_be_used(three: Archive) -> None:
    assert "was not used" in str(three.rebuild(settle=timedelta(hours=72)))
    assert "was not used" not in str(three.rebuild())
    with pytest.raises(UsageError, match="too short"):
        three.rebuild(settle=timedelta(hours=1))


@pytest.mark.slow
def test_of_heads_that_went_side_by_side_the_true_way_back_is_told(archive: Archive, platform: Any) -> None:
    """The next head holds the hash of the last one alone: `rebuild`, which was advised, could be run for ever."""
    for i in range(6):
        platform.records = platform.newest_first(60 + 10 * i)
        archive.sync(platform)
    heads = sorted((archive.path / "heads").iterdir())
    for path in heads[2:4]:
        path.unlink()
    told = str(archive.rebuild())
    assert "was set aside" not in told
    found = verify(archive.path)
    assert ["move the whole of heads/ away" in one.detail.en for one in found.damages] == [True]
    assert not found.can_be_mended
    shutil.rmtree(archive.path / "heads")
    archive.rebuild()
    assert archive.verify(recompute=True).is_sound
