"""What a sync keeps, counts and says."""

from __future__ import annotations

import json
import os
import stat
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.archive.conftest import record
from ytxdata import times
from ytxdata.archive import Archive, SyncReport
from ytxdata.archive.known_meetings import ArchivedMeetings, VersionIndex
from ytxdata.emulator import Emulator
from ytxdata.errors import UsageError
from ytxdata.history.client import Client
from ytxdata.records.aliases import DEFAULT
from ytxdata.records.answer import Answer, read_answer
from ytxdata.records.schema import LEGS, MEETINGS, PROBLEMS, PULLS, REJECTS, empty, to_pandas

NOON = datetime(2026, 2, 1, 12, tzinfo=UTC)


def law(done: SyncReport) -> bool:
    return done.received == done.new + done.changed + done.unchanged + done.rejected + done.duplicates


@pytest.mark.slow
def test_first_sync_takes_everything_and_a_quiet_one_costs_one_call(archive: Archive, platform: Any) -> None:
    first = archive.sync(platform)
    assert (first.new, first.changed, first.rejected) == (60, 0, 0)
    assert law(first)
    quiet = [archive.sync(platform) for _ in range(4)]
    assert {(done.new, done.changed) for done in quiet} == {(0, 0)}
    assert quiet[-1].calls == 1
    assert len(archive.meetings()) == 60
    assert len(archive.legs()) == 120
    assert len(archive.pulls()) == len(platform.asked)


@pytest.mark.slow
def test_frames_of_an_empty_archive_have_the_columns_of_full_ones(archive: Archive, platform: Any) -> None:
    records, platform.records = platform.records, []
    archive.sync(platform)
    platform.records = records
    views = {"meetings": MEETINGS, "legs": LEGS, "rejects": REJECTS, "problems": PROBLEMS, "pulls": PULLS}
    before = {name: getattr(archive, name)().dtypes for name in [*views, "changes", "coverage"]}
    platform.records.append({"no": "id"})
    archive.sync(platform)
    for name, dtypes in before.items():
        assert getattr(archive, name)().dtypes.equals(dtypes), name
        if name in views:
            assert dtypes.equals(to_pandas(empty(views[name])).dtypes), name


@pytest.mark.slow
def test_every_record_is_counted_once(archive: Archive, platform: Any) -> None:
    archive.sync(platform)
    platform.records = [
        platform.record(61),
        platform.record(60),
        platform.record(60),
        platform.record(59, meetingname="改"),
        7,
        {"x": 1},
        *platform.newest_first(59),
    ]
    done = archive.sync(platform)
    assert law(done)
    assert (done.new, done.changed) == (2, 1)
    assert done.rejected == 2 * done.calls
    assert list(archive.rejects()["reason"]) == ["not_object", "no_id"]
    assert archive.sync(platform).new == 0
    assert len(archive.rejects()) == 2


@pytest.mark.slow
def test_back_to_an_old_text_is_a_third_version(archive: Archive, platform: Any) -> None:
    for name in ("A", "B", "A", "A"):
        platform.records[0] = platform.record(59, meetingname=name)
        archive.sync(platform)
    row = archive.meetings().iloc[-1]
    assert (row["name"], row["version"]) == ("A", 3)
    ledger = archive.changes()
    assert list(zip(ledger["field"], ledger["old"], ledger["new"], strict=True)) == [
        ("name", "A", "B"),
        ("name", "B", "A"),
    ]
    pulls = archive.pulls()
    between = zip(ledger["old_pull_id"], ledger["new_pull_id"], strict=True)
    order = list(pulls["pull_id"])
    assert [order.index(new) - order.index(old) for old, new in between] == [1, 1]


@pytest.mark.slow
def test_a_change_lies_between_the_last_pull_of_the_old_and_the_first_of_the_new(
    archive: Archive, platform: Any
) -> None:
    for name in ("A", "A", "A", "B", "B"):
        platform.records[0] = platform.record(59, meetingname=name)
        archive.sync(platform)
    (change,) = archive.changes().to_dict("records")
    order = list(archive.pulls().sort_values("asked_at")["pull_id"])
    new = order.index(change["new_pull_id"])
    assert change["old_pull_id"] == order[new - 1]
    assert new >= 3


@pytest.mark.slow
def test_as_of_shows_what_was_known_then(archive: Archive, platform: Any) -> None:
    for day, name in enumerate(("A", "B", "C")):
        platform.clock = NOON + timedelta(days=day)
        platform.records[0] = platform.record(59, meetingname=name)
        archive.sync(platform)
        platform.records.insert(1, platform.record(100 + day))
    seen = [archive.meetings(as_of=NOON + timedelta(days=day, hours=1)) for day in range(3)]
    assert [len(frame) for frame in seen] == [60, 61, 62]
    assert [frame.set_index("meeting_id")["name"][f"{59:029d}"] for frame in seen] == ["A", "B", "C"]
    assert len(archive.meetings(as_of=NOON - timedelta(days=1))) == 0
    assert all(frame["last_seen_at"].max() <= NOON + timedelta(days=day) for day, frame in enumerate(seen))


@pytest.mark.slow
def test_the_answer_asked_later_wins_whichever_is_written_last(archive: Archive, platform: Any) -> None:
    platform.clock = NOON
    archive.sync(platform)
    for hours, name in ((4, "later"), (2, "earlier"), (3, "earlier")):
        platform.clock = NOON + timedelta(hours=hours)
        platform.records[0] = platform.record(59, meetingname=name)
        archive.sync(platform)
    row = archive.meetings().iloc[-1]
    assert (row["name"], row["version"]) == ("later", 3)
    assert list(archive.changes()["new"]) == ["earlier", "later"]
    before = archive.meetings(as_of=NOON + timedelta(hours=3))
    assert (before.iloc[-1]["name"], before.iloc[-1]["version"]) == ("earlier", 2)
    assert archive.verify().is_sound


@pytest.mark.slow
def test_one_id_for_two_meetings_is_shown_as_both_and_stored_once(archive: Archive, platform: Any) -> None:
    twin = platform.record(10, meid=platform.record(59)["meid"], creator="13800000009")
    platform.records.append(twin)
    archive.sync(platform)
    again = archive.sync(platform)
    assert (again.new, again.changed) == (0, 0)
    both = archive.meetings().query(f"meeting_id == '{twin['meid']}'")
    assert sorted(both["creator"]) == ["13800000000", "13800000009"]
    assert list(both["version"]) == [1, 1]
    assert list(archive.problems().query("reason == 'id_collision'")["meeting_id"]) == [twin["meid"]] * 2
    assert len(archive.changes()) == 0


@pytest.mark.slow
def test_two_texts_of_a_meeting_in_one_answer_do_not_flap(archive: Archive, platform: Any) -> None:
    other = platform.record(59, meetingname="另一个")
    for order in (1, -1, 1):
        platform.records[:1] = [platform.record(59), other][::order]
        done = archive.sync(platform)
        assert law(done)
        platform.records[:2] = [platform.record(59)]
    assert len(archive.changes()) == 0
    assert done.duplicates >= 1


@pytest.mark.parametrize("shape", ["array", "wrapped", "string", "string-ascii", "array-gb18030", "string-gb18030"])
def test_every_raw_answer_comes_back_to_the_byte(archive: Archive, platform: Any, shape: str) -> None:
    platform.shape = shape
    platform.records = (
        [platform.record(60), 7, b'{"meid": "broken', *platform.records] if shape == "array" else platform.records
    )
    archive.sync(platform)
    archive.sync(platform)
    pulls = archive.pulls()
    for pull_id, asked in zip(pulls["pull_id"], pulls["asked_n"], strict=True):
        assert archive.answer(pull_id) == platform.body(platform.records[:asked], shape)
    stored = sum(path.stat().st_size for path in (archive.path / "pulls").glob("*.parquet"))
    assert stored < 20_000 * len(pulls)


@pytest.mark.slow
def test_a_late_field_and_a_closing_meeting_are_told_apart(archive: Archive, platform: Any) -> None:
    platform.records[0] = platform.record(59, endtime="")
    archive.sync(platform)
    platform.records[0] = platform.record(59, oriamount="1.20")
    platform.records[1] = platform.record(58, creator="13800000001", note={"who": "审计"})
    archive.sync(platform)
    ledger = archive.changes().set_index(["meeting_id", "field"])
    running, closed = ledger.xs(f"{59:029d}"), ledger.xs(f"{58:029d}")
    assert set(running["phase"]) == {"running"}
    assert {"ended_at", "amount_yuan"} <= set(running.index)
    assert set(closed["phase"]) == {"after_close"}
    assert (closed.loc["creator", "old"], closed.loc["creator", "new"]) == ("13800000000", "13800000001")
    assert closed.loc["raw.note.who", "new"] == "审计"
    assert archive.meetings().iloc[-1]["amount_yuan"] == Decimal("1.20")


def test_a_period_and_a_certificate_of_it(archive: Archive, platform: Any) -> None:
    archive.sync(platform)
    some = archive.meetings(start="2026-01-01T10:00", end="2026-01-01T11:00")
    assert len(some) == 6
    assert set(archive.legs(start="2026-01-01T10:00", end="2026-01-01T11:00")["meeting_id"]) == set(some["meeting_id"])
    assert archive.certificate().worst == "PROBABLE"
    to_come = times.now() + timedelta(days=30)
    assert archive.certificate(to_come, to_come + timedelta(days=30)).badge == "UNREAD"
    assert list(archive.coverage()["verdict"]) == [p.verdict for p in archive.certificate().periods]


def test_a_report_reads_well_in_both_languages_and_in_a_notebook(
    archive: Archive, platform: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = archive.sync(platform)
    assert "\n" not in str(done)
    monkeypatch.setenv("YTX_LANG", "zh")
    assert str(done).startswith("收到 60 条 = 新 60")
    monkeypatch.setenv("YTX_LANG", "en")
    assert str(done).startswith("60 records = 60 new")
    assert "60" in done._repr_html_()
    assert done.to_dict()["verdict"] == done.certificate.worst


def test_what_a_sync_takes_in_is_no_known_land_of_the_same_sync(archive: Archive, platform: Any) -> None:
    from ytxdata.archive.changes import Intake
    from ytxdata.archive.known_meetings import ArchivedMeetings, RejectIndex, VersionIndex

    archive.sync(platform)
    platform.records = [platform.record(60), platform.record(59, meetingname="改"), *platform.newest_first(59)]
    ids = [record["meid"] for record in platform.records]
    versions = VersionIndex(archive.snapshot())
    land = ArchivedMeetings(versions)
    before = dict(land.meetings(ids))
    assert sum(map(len, before.values())) == land.count() == 60
    Intake(versions, RejectIndex(archive.snapshot()), DEFAULT).take(platform.query_meeting("", 100))
    assert land.meetings(ids) == before


@pytest.mark.slow
def test_known_meetings_before_an_instant_are_counted_in_whatever_order_is_asked(
    archive: Archive, platform: Any
) -> None:
    platform.records.append({"meid": "no start", "creator": "1", "endtime": "2026-01-01 10:00:00"})
    archive.sync(platform)
    platform.records[7] = {**platform.records[7], "meetingname": "changed"}
    archive.sync(platform)
    starts = archive.meetings()["started_at"].dropna()
    assert archive.changes()["meeting_id"].nunique() == 1
    instants = [starts.iloc[n] + timedelta(microseconds=shift) for n in (30, 7, 59, 0, 31) for shift in (1, 0, -1)]
    asked_often = ArchivedMeetings(VersionIndex(archive.snapshot()))
    for instant in instants:
        expected = int((starts < instant).sum())
        assert asked_often.n_before(instant.to_pydatetime()) == expected
        assert ArchivedMeetings(VersionIndex(archive.snapshot())).n_before(instant.to_pydatetime()) == expected


@pytest.mark.slow
def test_more_news_than_the_tail_makes_the_sync_ask_for_more(archive: Archive, platform: Any) -> None:
    for n in (60, 60, 61, 61, 62, 88, 200):
        platform.records = platform.newest_first(n)
        archive.sync(platform)
        assert len(archive.meetings()) == n


@pytest.mark.slow
def test_more_time_to_settle_is_kept_and_less_than_a_day_is_refused(archive: Archive, platform: Any) -> None:
    for hours, kept in ((24, 24), (72, 72), (24, 72), (48, 72)):
        archive.sync(platform, settle=timedelta(hours=hours))
        young = archive.certificate().periods[-1]
        assert young.reason_key == "settling"
        asked_at = archive.pulls()["asked_at"].max()
        assert asked_at - young.start == pytest.approx(timedelta(hours=kept), abs=timedelta(seconds=2))
    with pytest.raises(UsageError, match="24 hours"):
        archive.sync(platform, settle=timedelta(hours=1))


@pytest.mark.slow
def test_over_http_with_growth_and_mutation(tmp_path: Path) -> None:
    with Emulator(meetings=2500, seed=3) as server:
        credentials: Any = server.credentials
        client = Client(base_url=server.url, **credentials)
        archive = Archive(tmp_path / "a")
        first = archive.sync(client)
        assert first.new == len(archive.meetings()) == len(server.truth()["meetings"])
        server.advance(days=1)
        second = archive.sync(client)
        assert set(archive.meetings()["meeting_id"]) == {m["meeting_id"] for m in server.truth()["meetings"]}
        assert law(first)
        assert law(second)
        assert archive.verify().is_sound


@pytest.mark.slow
def test_every_distinct_record_of_an_answer_is_an_observation_and_of_one_row(archive: Archive, platform: Any) -> None:
    running = platform.record(59, endtime="")
    for listed in ([platform.record(59), running], [running, platform.record(59)], [platform.record(59)]):
        platform.records[:1] = listed
        done = archive.sync(platform)
        assert law(done)
        platform.records[: len(listed)] = [platform.record(59)]
    snapshot = archive.snapshot()
    assert snapshot is not None
    assert (snapshot.head.counts["observations"], snapshot.head.counts["meetings"]) == (61, 60)
    assert len(archive.meetings()) == 60
    assert archive.meetings()["ended_at"].notna().all()
    assert len(archive.changes()) == 0
    before = archive.meetings()
    archive.rebuild()
    assert archive.meetings().equals(before)
    assert len(archive.changes()) == 0
    platform.records[0] = running  # listed alone it is believed: the platform took the end back
    assert archive.sync(platform).changed == 1
    assert archive.meetings()["ended_at"].isna().sum() == 1
    before = archive.meetings()
    archive.rebuild()
    assert archive.meetings().equals(before)
    assert archive.verify().is_sound


def test_one_creator_may_use_an_id_twice(archive: Archive, platform: Any) -> None:
    again = platform.record(7 * 144, meid=platform.record(0)["meid"])
    platform.records.insert(0, again)
    archive.sync(platform)
    both = archive.meetings().query(f"meeting_id == '{again['meid']}'")
    assert len(both) == 2
    assert both["creator"].nunique() == 1
    assert archive.sync(platform).new == 0


def test_a_meeting_that_was_reported_as_vanished_is_not_counted_before_its_own_start(
    archive: Archive, platform: Any
) -> None:
    archive.sync(platform)
    meetings = archive.meetings()
    gone, start = meetings["meeting_id"].iloc[30], meetings["started_at"].iloc[30].to_pydatetime()
    land = ArchivedMeetings(VersionIndex(archive.snapshot()), {gone})
    assert land.n_before(start) == 30
    assert land.n_before(start + timedelta(microseconds=1)) == 30
    assert land.n_before(start + timedelta(minutes=11)) == 31


def test_every_file_of_an_archive_is_for_its_owner_alone(archive: Archive, platform: Any) -> None:
    before = os.umask(0o022)
    try:
        archive.sync(platform)
        archive.rebuild()
    finally:
        os.umask(before)
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in archive.path.rglob("*")}
    assert {path.name for path, mode in modes.items() if mode != (0o700 if path.is_dir() else 0o600)} == set()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"conf": record(0), "members": [{"phone": "15400000005"}]}, "stand beside"),
        ({"total": 30, "list": [record(0)]}, "says it holds 30"),
        ([{**record(0), "inner": record(1)}], "hold other meetings"),
    ],
)
def test_what_an_answer_warns_of_is_told_by_its_sync(archive: Archive, data: Any, words: str) -> None:
    raw = json.dumps({"statusCode": "0", "data": data}).encode()

    class Answering:
        identity = ("sid", "app")

        def query_meeting(self, confid: str = "", meetingcount: int = 1) -> Answer:
            return read_answer(raw, asked_at=NOON, asked_n=meetingcount)

    report = archive.sync(Answering())
    assert [warning.en for warning in report.warnings if words in warning.en] != []
    assert len({warning.en for warning in report.warnings}) == len(report.warnings)


@pytest.mark.slow
def test_a_short_answer_takes_nothing_back_of_what_a_whole_one_said(tmp_path: Path) -> None:
    """Run again and again on a quiet day, the same archive would know less about itself."""
    archive = Archive(tmp_path / "m.archive")
    received, ends = [], []
    with Emulator(meetings=307) as server:
        for _ in range(4):
            received.append(archive.sync(Client(base_url=server.url, **server.credentials)).received)
            whole = archive.coverage().iloc[0]
            assert whole["reason"] == "full"
            ends.append(whole["end"])
    assert received[-1] < received[0] == 307
    assert ends == sorted(ends)
