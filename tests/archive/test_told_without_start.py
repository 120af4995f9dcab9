"""A later answer that tells a meeting without its start: the archive shows no less of it than it knew."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest

import ytxdata as ytx
from tests.archive.test_same_id_again import Recording
from ytxdata.archive import Archive
from ytxdata.archive.known_meetings import ArchivedMeetings, Unjudged, VersionIndex
from ytxdata.fleet import Fleet
from ytxdata.history.history import History
from ytxdata.metrics import concurrency
from ytxdata.records import identity, normalize
from ytxdata.records.answer import Answer

NOON = datetime(2026, 2, 1, 12, tzinfo=UTC)
FRAMES = ("meetings", "legs", "problems", "changes")


def at(day: float) -> datetime:
    return NOON + timedelta(days=day)


def synced(archive: Archive, platform: Any, listed: Any, days: Any = None) -> Recording:
    """Sync the archive once for each list of records, a day apart."""
    client = platform if isinstance(platform, Recording) else Recording(platform)
    for day, records in zip(days or range(len(listed)), listed, strict=True):
        client.platform.records, client.platform.clock = list(records), at(day)
        archive.sync(client)
    return client


def told(frame: pd.DataFrame) -> list[tuple[Any, ...]]:
    return sorted(frame[["meeting_id", "column", "reason", "raw_value"]].itertuples(index=False, name=None))


def assert_agree(archive: Archive, answers: list[Answer]) -> None:
    history = History.from_answers(answers)
    by = ["meeting_id", "started_at", "leg"]
    for name in ("meetings", "legs"):
        one, other = getattr(archive, name)(), getattr(history, name)
        keys = [key for key in by if key in one]
        pd.testing.assert_frame_equal(
            one.sort_values(keys, ignore_index=True), other.sort_values(keys, ignore_index=True)
        )
    # what an earlier version told, an archive tells in its ledger
    problems = [told(one.query("reason != 'earlier_value'")) for one in (archive.problems(), history.problems)]
    assert problems[0] == problems[1]


def assert_derived_alike(archive: Archive) -> None:
    before = [getattr(archive, name)() for name in FRAMES]
    archive.rebuild()
    assert archive.verify(recompute=True).is_sound
    for name, one in zip(FRAMES, before, strict=True):
        pd.testing.assert_frame_equal(one, getattr(archive, name)())


@pytest.mark.slow
@pytest.mark.parametrize("brief", [{"status": "3"}, {"starttime": "", "endtime": "", "meetingname": "周会 3"}])
def test_a_list_of_ids_takes_no_start_end_or_leg_from_an_archive(archive: Archive, platform: Any, brief: Any) -> None:
    whole = platform.newest_first(6)
    named = [{"meid": one["meid"]} | brief for one in whole]
    synced(archive, platform, [whole])
    known = archive.meetings(), archive.legs()
    client = Recording(platform)
    platform.records, platform.clock = named, at(1)
    done = archive.sync(client)
    assert (done.received, done.new, done.changed, done.unchanged) == (6, 0, 0, 6)
    rows = archive.meetings()
    columns = ["started_at", "ended_at", "n_legs", "version", "record_hash", "pull_id"]
    pd.testing.assert_frame_equal(rows[columns], known[0][columns])
    pd.testing.assert_frame_equal(archive.legs(), known[1])
    assert [note.text.en.split(",")[0] for note in done.notes if note.key == "told_less"] == [
        "of 6 meetings whose start is known"
    ]
    assert "told_less" not in [note.key for note in archive.sync(client).notes], "told once"
    assert len(archive.changes()) == 0
    assert len(archive.pulls()) == 3
    assert len(archive.raw_records()) == 12
    assert archive.answer(archive.pulls()["pull_id"].iloc[-1]) == client.answers[-1].raw
    assert_derived_alike(archive)


MORE: list[dict[str, Any]] = [{"status": "3"}, {"oriamount": "1.25"}, {"meetingname": "别名"}, {"endtime": "2026-01-09 10:00:00"}, {"starttime": ""},
        {"parties": [{"name": "丙", "phone": "13900000003"}]}]  # fmt: skip


def at_random(rng: random.Random, platform: Any, i: int) -> list[dict[str, Any]]:
    """What one answer tells of an id: of its meeting, or of another one a week later, whole or without a start."""
    # what a later version with a start leaves out, the ledger tells
    amount = rng.choice(["1.25", "1.5"])
    whole = [platform.record(n, meid=platform.record(i)["meid"], oriamount=amount) for n in (i, i + 1008)]
    brief = {"meid": whole[0]["meid"]} | rng.choice(MORE) | rng.choice(MORE)
    brief.pop("endtime", None) if rng.random() < 0.5 else None
    told = rng.choices([[brief], [whole[0]], [whole[1]], [whole[0], brief], whole, []], [4, 3, 1, 1, 1, 1])[0]
    return [*told, *({**one, "oriamount": "2.5"} for one in told if rng.random() < 0.1)]


def told_at_random(archive: Archive, platform: Any, seed: int, days: Any) -> list[Answer]:
    rng = random.Random(seed)
    listed = [
        [one for i in range(6)[::-1] for one in at_random(rng, platform, i)] or [platform.record(9)] for _ in days
    ]
    return synced(archive, platform, listed, days).answers


@pytest.mark.slow
@pytest.mark.by_chance(1)
@pytest.mark.parametrize("seed", range(2))
def test_an_archive_and_a_history_of_the_same_answers_agree(archive: Archive, platform: Any, seed: int) -> None:
    answers = told_at_random(archive, platform, seed, range(4))
    assert_agree(archive, answers)
    for day in range(3):
        asked = at(day + 0.5)
        known = archive.meetings(as_of=asked)["started_at"].count(), len(archive.legs(as_of=asked))
        then = History.from_answers([one for one in answers if one.asked_at <= asked])
        assert known == (then.meetings["started_at"].count(), len(then.legs))
    assert_derived_alike(archive)


@pytest.mark.slow
@pytest.mark.by_chance(1)
@pytest.mark.parametrize("seed", [0, 6])
def test_late_answers_without_starts_are_no_damage(archive: Archive, platform: Any, seed: int) -> None:
    days = random.Random(seed).sample(range(4), 4)
    history = History.from_answers(told_at_random(archive, platform, seed, days))
    columns = ["meeting_id", "started_at", "ended_at", "n_legs"]
    one, other = (
        frame[columns].sort_values(columns, ignore_index=True) for frame in (archive.meetings(), history.meetings)
    )
    pd.testing.assert_frame_equal(one, other)
    assert_derived_alike(archive)


@pytest.mark.slow
def test_what_only_the_record_without_a_start_tells_is_filled_in_and_the_rest_told(
    archive: Archive, platform: Any
) -> None:
    whole = platform.record(0)
    more = {"meid": whole["meid"], "meetingname": "别名", "oriamount": "1.25", "status": "3"}
    client = synced(archive, platform, [[whole], [more]])
    row: Any
    (row,) = archive.meetings().itertuples()
    assert (row.name, float(row.amount_yuan), row.state, row.version) == ("周会 0", 1.25, "3", 1)
    assert archive.meetings(as_of=at(0.5))["amount_yuan"].isna().all()
    assert told(archive.problems()) == [(whole["meid"], "name", "other_value", "name=别名")]
    synced(archive, client, [[whole]], [2])
    assert archive.meetings()["version"].tolist() == [1]
    assert told(archive.problems()) == [(whole["meid"], "name", "earlier_value", "name=别名")], (
        "no row of the ledger has it"
    )
    renamed = {**whole, "meetingname": "新名"}
    synced(archive, client, [[renamed]], [3])
    assert archive.meetings()[["name", "version"]].to_numpy().tolist() == [["新名", 2]]
    assert archive.changes()["field"].tolist() == ["name"]
    assert_agree(archive, client.answers)
    assert_derived_alike(archive)


@pytest.mark.slow
@pytest.mark.parametrize("order", ["bwb", "wbbw"])
def test_in_whatever_order_it_is_told_the_meeting_has_its_start_and_legs(
    archive: Archive, platform: Any, order: str
) -> None:
    whole = platform.record(0)
    listed = {"w": [whole], "b": [{"meid": whole["meid"], "status": "3"}]}
    client = synced(archive, platform, [listed[one] for one in order])
    first = order.index("w")
    for day in range(len(order)):
        rows, legs = archive.meetings(as_of=at(day + 0.5)), archive.legs(as_of=at(day + 0.5))
        assert (rows["started_at"].count(), rows["ended_at"].count(), len(legs)) == (
            *[day >= first] * 2,
            2 * (day >= first),
        )
    assert archive.meetings()["version"].tolist() == [1 + first]
    assert set(archive.changes()["version"]) == ({2} if first else set())
    assert_agree(archive, client.answers)
    assert_derived_alike(archive)


@pytest.mark.slow
def test_an_unfinished_sync_may_have_brought_the_only_whole_record(archive: Archive, platform: Any) -> None:
    synced(archive, platform, [platform.newest_first(60)])
    whole = platform.record(399)
    platform.records, platform.clock, platform.asked = platform.newest_first(400), at(1), []
    platform.fail_at = 2
    with pytest.raises(KeyboardInterrupt):
        archive.sync(platform)
    platform.fail_at = None
    platform.records[0] = {"meid": whole["meid"], "status": "3"}
    for day in (2, 3):
        platform.clock = at(day)
        archive.sync(platform)
        assert archive.meetings()["started_at"].count() == 400
        snapshot = archive.snapshot()
        assert snapshot is not None
        land = ArchivedMeetings(VersionIndex(snapshot), (), Unjudged.of(snapshot.head.state))
        assert land.count() == 400, "for the rules it has no start yet, and is known"
        [[meeting]] = land.meetings([whole["meid"]]).values()
        assert meeting.known
        assert meeting.known.started_at is None
        assert land.n_before(at(9)) == 399
    assert_derived_alike(archive)


@pytest.mark.slow
def test_an_archive_that_lost_starts_gains_them_at_the_next_sync(
    archive: Archive, platform: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = platform.newest_first(60)
    listed = [whole, [{"meid": one["meid"], "status": "3"} for one in whole[:50]] + whole[50:]]
    with monkeypatch.context() as before:
        before.setattr(identity, "says_less", lambda one, other: False)
        before.setattr(normalize, "PARSER_VERSION", 19)
        client = synced(archive, platform, listed)
        assert archive.meetings()["started_at"].count() == 10
    synced(archive, client, [listed[1]], [2])
    assert archive.meetings()["started_at"].count() == 60
    assert len(archive.legs()) == 120
    assert len(archive.changes()) == 0
    assert_agree(archive, client.answers)
    assert_derived_alike(archive)


JOINED = {"phone": "13900000009", "jointime": "2026-01-05 23:50:00"}
NEXT_DAY = {"phone": "13900000009", "jointime": "2026-01-06 00:10:00", "leavetime": "2026-01-06 00:20:00"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("ends", "more", "minutes", "is_beside"),
    [
        ({"endtime": "", "parties": [JOINED]}, {"endtime": "2026-01-06 00:30:00"}, 30, True),
        ({"endtime": "2026-01-05 23:55:00", "parties": []}, {"parties": [NEXT_DAY]}, 10, False),
    ],
)
def test_what_others_tell_of_a_meeting_counts_in_the_period_where_it_lies(
    archive: Archive, platform: Any, ends: Any, more: Any, minutes: int, *, is_beside: bool
) -> None:
    night = platform.record(2000, starttime="2026-01-05 23:50:00", **ends)
    brief = {"meid": night["meid"]} | more
    held = platform.newest_first(60)
    listed = [[night, *[brief] * is_beside, *held], [brief, *held], [platform.record(4000), brief]]
    history = History.from_answers(synced(archive, platform, listed).answers)
    fleet = Fleet(archive.path.parent)
    period: Any = {"start": "2026-01-06", "end": "2026-01-07"}
    for source in (archive, fleet, history):
        assert [row["busy_minutes"] for row in concurrency(source, **period).to_dicts()] == [minutes]


@pytest.mark.slow
@pytest.mark.parametrize("ended", ["", "2026-01-01 09:05:00"])
def test_a_cancelled_booking_whose_start_is_blanked_keeps_it_and_is_told(
    archive: Archive, platform: Any, ended: str
) -> None:
    """The price of the rule: nothing tells it from a list of ids and states."""
    booked = platform.record(0, endtime=ended, status="已预约", parties=[])
    cancelled = {**booked, "starttime": "", "endtime": "", "status": "已取消"}
    synced(archive, platform, [[booked], [cancelled], [cancelled]])
    (row,) = archive.meetings().itertuples()
    assert (row.started_at is not pd.NaT, row.state, row.version) == (True, "已预约", 1)
    assert told(archive.problems()) == [(booked["meid"], "state", "other_value", "state=已取消")]
    usage = ytx.metrics.usage(archive, start="2026-01-01", end="2026-02-01")
    # without an end, or without anybody in it, it counts nowhere, and the report says that it was left out
    assert [row["meetings"] for row in usage.to_dicts() if row["meetings"]] == []
    assert len(usage.excluded) == 1
