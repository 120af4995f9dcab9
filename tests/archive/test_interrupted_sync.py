"""A sync that is cut short: its answers are kept, nothing is claimed by them, and the next sync goes on."""

from __future__ import annotations

import hashlib
import random
import shutil
import signal
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.archive.conftest import Platform, newest_first
from ytxdata import metrics, times
from ytxdata.archive import Archive, kept_answers, sync, write_sync
from ytxdata.archive.changes import Intake, Taken
from ytxdata.archive.kept_answers import InterruptedSync
from ytxdata.archive.known_meetings import ArchivedMeetings, Unjudged, VersionIndex
from ytxdata.archive.raw_answers import WHOLE, Envelope, pull_sha256
from ytxdata.archive.stored_files import PULLS_STORED
from ytxdata.archive.write_sync import Writer
from ytxdata.audit import pack, verify_pack
from ytxdata.errors import DamagedError, NetworkError, NotAnArchiveError
from ytxdata.labels import Text
from ytxdata.records.answer import call_row
from ytxdata.records.normalize import PARSER_VERSION
from ytxdata.times import BEIJING


def test_an_interrupted_sync_leaves_nothing_and_the_next_one_heals(archive: Archive, platform: Any) -> None:
    platform.fail_at = 1
    with pytest.raises(KeyboardInterrupt):
        archive.sync(platform)
    with pytest.raises(NotAnArchiveError):
        archive.meetings()
    done = archive.sync(platform)
    assert done.new == 60
    assert archive.verify().is_sound


@pytest.mark.slow
@pytest.mark.parametrize("earlier", [0, 1])
def test_records_of_an_interrupted_sync_are_observations_and_claim_nothing(
    archive: Archive, platform: Any, monkeypatch: pytest.MonkeyPatch, earlier: int
) -> None:
    for _ in range(earlier):
        archive.sync(platform)
    claimed = archive.certificate().frame if earlier else None
    platform.records = [platform.record(500), *platform.newest_first(100)]
    interrupted = interrupt(archive, platform, monkeypatch)
    assert "1 answers" in interrupted.text.en
    assert f"new meetings: {101 - 60 * earlier}" in interrupted.text.en
    assert len(archive.meetings()) == 101
    assert claimed is None or archive.certificate().frame.equals(claimed)
    kept = archive.pulls().iloc[-1]
    assert archive.answer(kept["pull_id"]) == platform.body(platform.records[: kept["asked_n"]], "array")
    assert kept.isna()["verdict"]
    assert archive.verify().is_sound
    del platform.records[0]  # listed once, and never again
    done = archive.sync(platform)
    assert (done.new, done.unchanged) == (0, 100)
    assert [note.key for note in done.notes].count("taken_up") == 1
    assert "the other 1 stay" in next(note.text.en for note in done.notes if note.key == "taken_up")
    assert "taken_up" not in [note.key for note in archive.sync(platform).notes]
    before = archive.meetings()
    assert len(before) == 101
    archive.rebuild()
    assert archive.meetings().equals(before)
    assert archive.verify().is_sound


def interrupt(archive: Archive, platform: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sync and be interrupted when the first answer has come."""
    with monkeypatch.context() as patch:
        patch.setattr("ytxdata.history.proof.rules.Reading.take", _interrupted)
        with pytest.raises(KeyboardInterrupt) as caught:
            archive.sync(platform)
    return caught.value


@pytest.mark.parametrize("step", ["drift_since", "written"])
def test_a_sync_that_is_interrupted_once_all_answers_came_loses_none(
    archive: Archive, platform: Any, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """While it judged and wrote, Ctrl-C lost every answer, and the platform may list a meeting once."""
    archive.sync(platform)
    platform.records = platform.newest_first(90)
    done = getattr(sync, step)
    heard_by = signal.getsignal(signal.SIGINT)  # Python's own, or Spark's, where one was begun in this process before

    def pressed(*args: Any) -> Any:
        signal.raise_signal(signal.SIGINT)
        return done(*args)

    with monkeypatch.context() as patch:
        patch.setattr(sync, step, pressed)
        with pytest.raises(InterruptedSync) as caught:
            archive.sync(platform)
    assert len(archive.meetings()) == 90
    assert ("the sync is whole" in caught.value.text.en) == (step == "written")
    assert signal.getsignal(signal.SIGINT) is heard_by
    assert archive.verify(recompute=True).is_sound


def test_ctrl_c_hides_no_error_of_what_it_waits_for(
    archive: Archive, platform: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive.sync(platform)
    platform.records = platform.newest_first(90)

    def fails(*_: Any) -> Any:
        signal.raise_signal(signal.SIGINT)
        raise NetworkError(Text("断了", "cut off"))

    with monkeypatch.context() as patch:
        patch.setattr(sync, "written", fails)
        with pytest.raises(NetworkError, match="cut off"):
            archive.sync(platform)
    assert len(archive.meetings()) == 90


def test_a_first_sync_that_was_interrupted_is_derived_anew_and_claims_nothing(
    archive: Archive, platform: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    interrupt(archive, platform, monkeypatch)
    verify_pack(pack(archive, tmp_path / "before.zip").path)  # or it would raise
    archive.rebuild()
    assert archive.certificate().frame.empty
    assert archive.verify(recompute=True).is_sound
    assert metrics.usage(archive).arrow.num_rows == 0
    archive.sync(platform)
    assert archive.verify(recompute=True).is_sound


def claims(archive: Archive) -> Any:
    """What is claimed four times a day; what was kept ten minutes sooner may prove ten minutes more."""
    instants = (datetime(2026, 1, 1, 5, 41, tzinfo=UTC) + timedelta(hours=6) * i for i in range(200))
    periods = archive.certificate().periods
    return [[one.reason_key for one in periods if one.start <= at < one.end] for at in instants]


@pytest.mark.slow
def test_answers_that_an_earlier_version_kept_without_their_records_are_taken_in_and_claim_nothing(
    archive: Archive, platform: Any
) -> None:
    archive.sync(platform)
    archive.sync(platform)
    platform.records = [platform.record(500), *platform.newest_first(60)]
    answer, before = platform.query_meeting("", 70), archive.snapshot()
    assert before is not None
    none, writer = np.empty(0, np.int64), Writer(archive.path, before)
    taken = Taken(call_row(answer), Envelope(WHOLE, answer.raw, none), answer.asked_at)
    counts = {**before.head.counts, "pulls": before.head.counts["pulls"] + 1}
    (row,) = write_sync._pulls([taken], none, {}, None, before.head.counts["pulls"], before.head.chain_sha256)
    writer.append("pulls", pa.Table.from_pylist([row], schema=PULLS_STORED))
    writer.promote("interrupted", counts=counts, chain_sha256=pull_sha256(row))
    assert archive.rebuild().regained == 1
    assert len(archive.meetings()) == 61
    snapshot = archive.snapshot()
    assert snapshot is not None
    unjudged = Unjudged.of(snapshot.head.state)
    assert unjudged.numbers.tolist() == [60]
    assert ArchivedMeetings(VersionIndex(snapshot), unjudged=unjudged).count() == 60
    archive.sync(platform)
    after = archive.snapshot()
    assert after is not None
    assert not len(Unjudged.of(after.head.state).numbers), "listed by a sync that finished it is like any other"
    assert archive.verify().is_sound


@pytest.mark.slow
@pytest.mark.parametrize("is_interrupted", [False, True])
@pytest.mark.parametrize("pattern", ["derived/*/meetings/*.parquet", "index/*"])
def test_damage_in_what_is_derived_keeps_no_answer_out(
    archive: Archive, platform: Any, monkeypatch: pytest.MonkeyPatch, pattern: str, *, is_interrupted: bool
) -> None:
    """Each sync threw away what it was given, for weeks, and the platform lists some of it once and never again."""
    archive.sync(platform)
    platform.records = [platform.record(500), *platform.newest_first(60)]
    with monkeypatch.context() as patch:
        patch.setattr(platform, "query_meeting", and_damages(archive, pattern, platform.query_meeting))
        if is_interrupted:
            patch.setattr(Intake, "take", once_interrupted(Intake.take))
        with pytest.raises(KeyboardInterrupt if is_interrupted else DamagedError) as caught:
            archive.sync(platform)
    text = str(caught.value) if is_interrupted else caught.value.__notes__[0]
    assert is_interrupted or "ytxdata rebuild" in str(caught.value)
    assert "1 answers received are kept" in text
    assert "made anew from the raw data" in text
    del platform.records[0]  # listed once, and never again
    assert len(archive.meetings()) == 61
    assert archive.verify(recompute=True).is_sound
    done = archive.sync(platform)
    assert (done.new, done.unchanged) == (0, 60)
    archive.rebuild()
    assert len(archive.meetings()) == 61
    assert archive.verify().is_sound


@pytest.mark.slow
@pytest.mark.parametrize("name", ["drift_since", "_kept"])
def test_what_nobody_foresaw_keeps_no_answer_out(
    archive: Archive, platform: Any, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    archive.sync(platform)
    platform.records.insert(0, platform.record(500))
    with monkeypatch.context() as patch:
        for one in {"drift_since", name}:
            patch.setattr(sync, one, raises(TypeError("a bytes-like object is required")))
        with pytest.raises(TypeError) as caught:
            archive.sync(platform)
        assert "1 answers received are kept" in caught.value.__notes__[0]
        del platform.records[0]
        patch.setattr(sync, "drift_since", write_sync.drift_since)
        notes = archive.sync(platform).notes  # what waits keeps nothing out, either
        assert ("kept_whole" in [note.key for note in notes]) == (name == "_kept")
    archive.sync(platform)
    assert len(archive.meetings()) == 61


def and_damages(archive: Archive, pattern: str, query: Any) -> Any:
    """What asks, and finds a file gone bad when the answer has come."""

    def asked(*args: Any) -> Any:
        (path,) = archive.path.glob(pattern)
        path.write_bytes(b"bad")
        return query(*args)

    return asked


def once_interrupted(take: Any) -> Any:
    times_taken = count()

    def taken(self: Intake, answer: Any) -> Any:
        if not next(times_taken):
            raise KeyboardInterrupt
        return take(self, answer)

    return taken


@pytest.mark.slow
def test_what_cannot_be_read_at_all_is_made_anew_before_the_first_question(archive: Archive, platform: Any) -> None:
    archive.sync(platform)
    (path,) = archive.path.glob("derived/*/meetings/*.parquet")
    path.write_bytes(bytes(path.stat().st_size))
    platform.records = [platform.record(500), *platform.newest_first(60)]
    done = archive.sync(platform)
    assert (done.new, done.unchanged) == (1, 60)
    assert "damaged" in [note.key for note in done.notes]
    assert archive.verify(recompute=True).is_sound


@pytest.mark.slow
@pytest.mark.parametrize("damaged", ["derived/*/meetings/*.parquet", "", "while asking"])
def test_where_raw_data_is_damaged_too_it_is_named_and_the_answers_are_kept_as_they_came(
    archive: Archive, platform: Any, monkeypatch: pytest.MonkeyPatch, damaged: str
) -> None:
    """All was derived anew from a raw file that nobody had hashed, and sealed; or the answers were thrown away."""
    archive.sync(platform)
    (raw,) = archive.path.glob("observations/*.parquet")
    whole = raw.read_bytes()
    other = pq.read_table(raw).to_pylist()
    other[5]["raw"] = other[5]["raw"].replace(b"2026-", b"2025-")
    other[5]["record_hash"] = hashlib.sha256(other[5]["raw"]).digest()
    pq.write_table(pa.Table.from_pylist(other, pq.read_schema(raw)), raw)
    platform.records = [platform.record(500), *platform.newest_first(60)]
    with monkeypatch.context() as patch:
        if damaged == "while asking":
            query = and_damages(archive, "derived/*/meetings/*.parquet", platform.query_meeting)
            patch.setattr(platform, "query_meeting", query)
        elif damaged:
            (path,) = archive.path.glob(damaged)
            path.write_bytes(bytes(path.stat().st_size))
        else:  # the tables are to be derived by a better parser
            patch.setattr("ytxdata.records.normalize.PARSER_VERSION", PARSER_VERSION + 1)
        with pytest.raises(DamagedError) as caught:
            archive.sync(platform)
    assert "answers received are kept as they came" in caught.value.__notes__[0]
    with pytest.raises(DamagedError, match="observations"):
        archive.rebuild()
    kept = [path.read_bytes() for path in archive.path.glob("interrupted/answers/*.json")]
    assert any(platform.record(500)["meid"].encode() in answer for answer in kept)
    raw.write_bytes(whole)
    archive.rebuild()
    assert ["interrupted/answers" in one.en for one in archive.verify().unlike] == [True]
    del platform.records[0]  # listed once, and never again
    done = archive.sync(platform)
    assert "kept_whole" in [note.key for note in done.notes]
    assert (done.new, done.unchanged, len(archive.meetings())) == (0, 60, 61)
    assert "kept_whole" not in [note.key for note in archive.sync(platform).notes], "taken in once"
    found = archive.verify(recompute=True)
    assert (found.is_sound, found.unlike) == (True, ())


@pytest.mark.slow
def test_an_answer_kept_beside_damage_bars_what_it_did_not_understand_and_waits_until_all_is_whole(
    proven: Archive, platform: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing took it in, and a meeting that it alone had listed was missing in time called PROVEN."""
    at = platform.clock
    platform.records[3] = {"error": "record could not be rendered"}
    kept_answers.keep_whole(proven.path, [platform.query_meeting("", 200)])
    with monkeypatch.context() as patch:
        patch.setattr(sync, "_kept", raises(DamagedError(Text("坏", "bad"))))
        del platform.records[3]
        assert "kept_whole" in later(proven, platform, monkeypatch, 1, 144)
    assert len(proven.verify().unlike) == 1, "it waits still"
    for _ in range(2):
        later(proven, platform, monkeypatch, 1, 144)
    assert reason_of(proven, at - timedelta(minutes=30)) == "rejected"
    assert proven.pulls()["asked_n"].tolist().count(200) == 1
    assert proven.verify(recompute=True).is_sound


@pytest.mark.slow
@pytest.mark.parametrize("how", ["turned", "deleted", "call"])
def test_an_answer_that_waits_is_not_forgotten_when_it_goes_bad(archive: Archive, platform: Any, how: str) -> None:
    """One bit of it turned, and verify and all syncs were silent; of its call, and no sync came to its end."""
    archive.sync(platform)
    platform.records.insert(0, platform.record(500))
    kept_answers.keep_whole(archive.path, [platform.query_meeting("", 200)])
    del platform.records[0]
    folder = archive.path / "interrupted" / "answers"
    (path,), (call,) = folder.glob("*.json"), folder.glob(".*.call")
    whole = path.read_bytes()
    if how == "deleted":
        path.unlink()
    elif how == "turned":
        path.write_bytes(whole.replace("提交成功".encode(), "提交成公".encode()))
    else:
        call.write_bytes(call.read_bytes().replace(b'"answered_at"', b'"ansvered_at"'))
    assert ["interrupted/answers" in one.en for one in archive.verify().unlike][:1] == [True]
    said = [note.text.en for note in archive.sync(platform).notes if note.key == "kept_whole"]
    assert how == "call" or "verify" in said[0]
    if how != "call":
        assert path.name in archive.verify().unlike[1].en
        path.write_bytes(whole)
        archive.sync(platform)
    assert len(archive.meetings()) == 61
    assert archive.verify().is_sound
    assert not archive.verify().unlike


def test_an_answer_from_days_to_come_waits_until_then(
    archive: Archive, platform: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Laid in by hand, it was the newest word on every meeting, and the answers that came since were not."""
    archive.sync(platform)
    before, now = archive.meetings(), times.now()
    with monkeypatch.context() as patch:
        patch.setattr(platform, "clock", now + timedelta(days=30))
        platform.records.insert(0, platform.record(500))
        kept_answers.keep_whole(archive.path, [platform.query_meeting("", 200)])
        del platform.records[0]
    assert "kept_whole" in [note.key for note in archive.sync(platform).notes]
    assert archive.meetings()["meeting_id"].tolist() == before["meeting_id"].tolist()
    found = archive.verify()
    assert not found.is_sound
    assert "at an instant that is still to come" in found.unlike[1].en
    monkeypatch.setattr(times, "now", lambda: now + timedelta(days=31))
    platform.clock = times.now()
    archive.sync(platform)
    assert len(archive.meetings()) == len(before) + 1
    assert archive.verify().is_sound


@pytest.mark.slow
def test_a_pack_is_not_accused_of_an_answer_that_was_kept_beside_damage(
    proven: Archive, platform: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It is all that a sync would have asked, and was judged as one that came to its end."""
    platform.clock += timedelta(hours=1)
    kept_answers.keep_whole(proven.path, [platform.query_meeting("", 300)])
    for _ in range(2):
        later(proven, platform, monkeypatch, 1, 144)
    pack(proven, tmp_path / "pack.zip", include_raw=True)
    lines = verify_pack(tmp_path / "pack.zip", recompute=True)
    assert any("bear no verdict" in line for line in lines)
    assert not any("another verdict" in line for line in lines)


def raises(error: Exception) -> Any:
    def raising(*_: object) -> None:
        raise error

    return raising


ROOM = "9" * 29


def later(archive: Archive, platform: Any, monkeypatch: pytest.MonkeyPatch, days: int, meetings: int) -> list[str]:
    """Sync once more, so many days later, when there are so many meetings more; return what is noticed."""
    platform.clock += timedelta(days=days)
    monkeypatch.setattr(times, "now", lambda: platform.clock)
    newest = max(int(one["meid"]) for one in platform.records if one["meid"] != ROOM)
    platform.records += [platform.record(newest + n) for n in range(1, meetings + 1)]
    platform.records.sort(key=lambda one: one["starttime"], reverse=True)
    return [note.key for note in archive.sync(platform).notes]


def reason_of(archive: Archive, at: datetime) -> str:
    return next(one.reason_key for one in archive.certificate().periods if one.start <= at < one.end)


@pytest.fixture(scope="module")
def proven_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Archive, Any]:
    """Five days that are proven, ten minutes from meeting to meeting; and the platform after them."""
    archive, platform = Archive(tmp_path_factory.mktemp("proven") / "meetings.archive"), Platform(newest_first(2 * 144))
    platform.clock = datetime(2026, 1, 1, 9, tzinfo=BEIJING) + timedelta(days=2)
    with pytest.MonkeyPatch.context() as patch:
        for _ in range(5):
            later(archive, platform, patch, 1, 144)
    assert "PROVEN" in archive.coverage()["verdict"].tolist()
    return archive, platform


@pytest.fixture
def proven(
    proven_once: tuple[Archive, Any], archive: Archive, platform: Any, monkeypatch: pytest.MonkeyPatch
) -> Archive:
    """The five days, each test's own."""
    once, after = proven_once
    shutil.copytree(once.path, archive.path)
    platform.records, platform.clock = [*after.records], after.clock
    monkeypatch.setattr(times, "now", lambda: platform.clock)
    return archive


@pytest.mark.slow
def test_a_record_that_an_interrupted_sync_did_not_understand_bars_its_time_though_the_next_sync_lists_it_no_more(
    proven: Archive, platform: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    at, periods = platform.clock, proven.certificate().periods
    platform.records[3] = {"error": "record could not be rendered"}
    interrupt(proven, platform, monkeypatch)
    assert proven.certificate().periods == periods
    del platform.records[3]
    for _ in range(3):
        later(proven, platform, monkeypatch, 1, 144)
    assert reason_of(proven, at - timedelta(minutes=30)) == "rejected"
    assert reason_of(proven, at + timedelta(hours=12)) == "anchored"
    before = proven.certificate().periods
    assert proven.verify(recompute=True).is_sound
    for head in (proven.path / "heads").iterdir():
        head.unlink()
    proven.rebuild()
    assert reason_of(proven, at - timedelta(minutes=30)) == "rejected"
    assert [one.reason_key for one in proven.certificate().periods] == [one.reason_key for one in before]


@pytest.mark.slow
@pytest.mark.parametrize("has_run", [True, False])
def test_a_meeting_that_ran_when_a_sync_was_interrupted_and_is_listed_with_another_start_bars_the_time_between(
    proven: Archive, platform: Any, monkeypatch: pytest.MonkeyPatch, *, has_run: bool
) -> None:
    began = platform.clock - timedelta(minutes=10)
    party = {"name": "甲", "phone": "13900000001", "jointime": f"{began:%Y-%m-%d %H:%M:%S}" if has_run else ""}
    running = {"meid": ROOM, "starttime": f"{began:%Y-%m-%d %H:%M:%S}", "endtime": "", "parties": [party]}
    platform.records.insert(0, platform.record(0) | running)
    interrupt(proven, platform, monkeypatch)
    again = {name: f"{began + timedelta(hours=n):%Y-%m-%d %H:%M:%S}" for name, n in (("starttime", 5), ("endtime", 6))}
    platform.records[0] = platform.record(0) | again | {"meid": ROOM}
    notes = [later(proven, platform, monkeypatch, 1, 144) for _ in range(3)]
    assert reason_of(proven, began + timedelta(hours=2)) == "moved", "its start had passed, whoever had joined"
    assert ["moved" in one for one in notes] == [True, False, False], "told once"
    assert proven.verify(recompute=True).is_sound


@pytest.mark.slow
@pytest.mark.by_chance(1)
@pytest.mark.parametrize("seed", [1, 2])
def test_an_interrupted_sync_changes_no_claim_of_later_ones(
    archive: Archive, platform: Any, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Two archives of one platform, one with syncs that were interrupted at times: the rules say the same of both."""
    rng, other = random.Random(seed), Archive(archive.path.with_name("other"))
    now, n = datetime(2026, 1, 1, 20, tzinfo=BEIJING), 60
    for _ in range(9):
        now += timedelta(days=1)
        n += rng.choice((10, 40))
        platform.clock, platform.records = now, platform.newest_first(n)
        for at in rng.sample(range(n), rng.random() < 0.3):  # changed by the platform, now and then back again
            platform.records[at] = platform.record(n - 1 - at, meetingname=rng.choice(("a", "b")))
        if rng.random() < 0.4:
            if rng.random() < 0.3:
                platform.clock = now - timedelta(days=rng.choice((2, 9)))  # a clock that is behind, for that sync alone
            platform.records.insert(0, platform.record(n + 7, meid=f"once-{n}"))
            monkeypatch.setattr(times, "now", lambda: platform.clock)
            interrupt(archive, platform, monkeypatch)
            del platform.records[0]
            now += timedelta(minutes=10)
            platform.clock = now
        monkeypatch.setattr(times, "now", lambda: platform.clock)
        archive.sync(platform)
        other.sync(platform)
        assert claims(archive) == claims(other)
    assert "PROVEN" in archive.coverage()["verdict"].tolist()
    assert len(archive.meetings()) > len(other.meetings()), "what was listed once is a meeting all the same"
    assert archive.verify().is_sound


def _interrupted(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.slow
def test_answers_before_a_failed_one_are_kept_too(archive: Archive, platform: Any, monkeypatch: Any) -> None:
    """The platform may list a record in the first answer of a sync that fails, and never again."""
    archive.sync(platform)
    n_pulls, ask, asked = len(archive.pulls()), platform.query_meeting, []

    def fails_later(confid: str = "", meetingcount: int = 1) -> Any:
        asked.append(meetingcount)
        if len(asked) == 2:
            raise NetworkError(Text("断了", "cut off"))
        return ask(confid, meetingcount)

    platform.records = platform.newest_first(300)
    monkeypatch.setattr(platform, "query_meeting", fails_later)
    with pytest.raises(NetworkError) as failed:
        archive.sync(platform)
    assert "1 answers received" in failed.value.__notes__[0]
    assert len(archive.pulls()) == n_pulls + 1
    assert len(archive.meetings()) > 60
    assert archive.verify().is_sound
    monkeypatch.undo()
    archive.sync(platform)
    assert len(archive.meetings()) == 300
