"""Several records of one meeting in one answer: nothing of them is lost, and all of it is told."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import pandas as pd
import pytest

from tests.archive.conftest import BEGIN
from ytxdata import times
from ytxdata.archive import Archive
from ytxdata.history.history import History
from ytxdata.records.answer import Answer

NOON = datetime(2026, 2, 1, 12, tzinfo=UTC)


class Recording:
    """A platform whose answers are kept beside the archive that is made of them."""

    def __init__(self, platform: Any) -> None:
        self.platform, self.identity, self.answers = platform, platform.identity, list[Answer]()

    def query_meeting(self, confid: str = "", meetingcount: int = 1) -> Answer:
        self.answers.append(self.platform.query_meeting(confid, meetingcount))
        return self.answers[-1]


def rows_by_party(platform: Any, i: int, n: int = 3) -> list[dict[str, Any]]:
    return [platform.record(i, parties=[{"name": f"{k}", "phone": f"1540000000{k}"}]) for k in range(n)]


@pytest.mark.slow
def test_a_room_that_its_creator_keeps_is_told_once_and_an_id_of_two_creators_of_each(
    archive: Archive, platform: Any
) -> None:
    """Also of each period by itself, and with the same meetings in a History."""
    rooms = {0: "kept", 1: "shared", 2: "nobody's"}
    days = [
        [
            {**platform.record(10 * day + at), "meid": room, "creator": creator}
            for at, room in rooms.items()
            for creator in [{"kept": "15400000001", "shared": f"1540000000{day}"}.get(room)]
        ]
        for day in range(4)
    ]
    platform.records = [one for day in reversed(days) for one in reversed(day)]
    client = Recording(platform)
    archive.sync(client)
    n_told = {"kept": 1, "shared": 4, "nobody's": 4}
    assert archive.problems().query("reason == 'id_collision'")["meeting_id"].value_counts().to_dict() == n_told
    assert_agree(archive, History.from_answers(client.answers))
    starts = archive.meetings().query("meeting_id == 'kept'")["started_at"].sort_values()
    some = archive.problems(start=starts.iloc[1], end=starts.iloc[2] + timedelta(seconds=1))
    assert some["meeting_id"].value_counts()["kept"] == 1


def assert_agree(archive: Archive, history: History) -> None:
    for name, key in (("meetings", ["meeting_id", "started_at"]), ("legs", ["meeting_id", "leg"])):
        one, other = (
            frame.sort_values(key, ignore_index=True) for frame in (getattr(archive, name)(), getattr(history, name))
        )
        pd.testing.assert_frame_equal(one, other)
    told = [
        sorted(frame[["meeting_id", "reason", "raw_value"]].itertuples(index=False, name=None))
        # what an earlier answer told, an archive tells in its ledger
        for frame in (archive.problems(), history.problems.query("reason != 'earlier_value'"))
    ]
    assert told[0] == told[1]


@pytest.mark.slow
def test_a_platform_that_lists_a_row_for_each_party_loses_none(archive: Archive, platform: Any) -> None:
    platform.records = [row for i in range(20)[::-1] for row in rows_by_party(platform, i)]
    client = Recording(platform)
    for day in range(3):
        platform.clock = NOON + timedelta(days=day)
        done = archive.sync(client)
        assert "contradiction" in [note.key for note in done.notes]
        assert "several different records" in done.line.en
        assert done.certificate.worst != "PROVEN"
    assert len(archive.legs()) == 60
    assert set(archive.meetings()["n_legs"]) == set(archive.meetings()["n_people"]) == {3}
    assert list(archive.problems()["reason"]) == ["same_id_again"] * 40
    assert len(archive.raw_records()) == 60
    assert len(archive.changes()) == 0
    assert set(archive.meetings()["version"]) == {1}
    assert_agree(archive, History.from_answers(client.answers))
    before = archive.legs()
    assert archive.verify().is_sound
    archive.rebuild()
    assert archive.verify().is_sound
    pd.testing.assert_frame_equal(before, archive.legs())
    lazily = archive.scan("legs")
    assert duckdb.connect().execute("select count(*) from lazily").fetchall() == [(60,)]  # by its name
    assert len(lazily) == 60


@pytest.mark.slow
@pytest.mark.parametrize("minutes", [3, 5, 9])
def test_both_texts_are_reached_and_the_known_one_stays(archive: Archive, platform: Any, minutes: int) -> None:
    platform.records = platform.newest_first(6)
    client = Recording(platform)
    platform.clock = NOON
    archive.sync(client)
    known = archive.meetings()
    end = pd.Timestamp(platform.record(3)["starttime"]) + pd.Timedelta(minutes=minutes)
    platform.records.insert(3, platform.record(3, creator="13800000009", meetingname="别的会", endtime=f"{end}"))
    for day in (1, 2):
        platform.clock = NOON + timedelta(days=day)
        done = archive.sync(client)
        assert (done.new, done.changed) == (0, 0)
        assert "contradiction" in [note.key for note in done.notes]
    columns = ["meeting_id", "name", "creator", "version", "record_hash"]
    pd.testing.assert_frame_equal(known[columns], archive.meetings()[columns])
    assert len(archive.changes()) == 0
    assert len(archive.legs()) == 12
    told = archive.problems()
    assert sorted(set(told["reason"])) == ["other_value", "same_id_again"]
    assert "name=别的会" in set(told["raw_value"])
    assert len(archive.problems(as_of=NOON + timedelta(hours=1))) == 0
    assert sum("别的会".encode() in raw for raw in archive.raw_records()) == 1
    assert_agree(archive, History.from_answers(client.answers))
    # a later answer that lists the other alone decides: from then on there is no contradiction, and there is a change
    platform.records.pop(2)
    platform.clock = NOON + timedelta(days=3)
    assert archive.sync(client).changed == 1
    assert len(archive.problems()) == 0
    assert_agree(archive, History.from_answers(client.answers))
    assert archive.verify().is_sound


@pytest.mark.slow
@pytest.mark.parametrize("is_beside", [False, True])
def test_the_next_booking_of_a_room_takes_nothing_from_the_meeting_before(
    archive: Archive, platform: Any, is_beside: bool
) -> None:
    held = platform.record(0)
    book = {"bookmeeting": "1", "booktime": f"{pd.Timestamp(held['starttime']) + timedelta(days=7)}"}
    plan = {"meid": held["meid"], **book, "parties": [{"name": "赵六", "phone": "15400000099"}]}
    client = Recording(platform)
    listed = [[held], [plan, held] if is_beside else [plan], [plan]]
    for day, records in enumerate(listed):
        platform.records, platform.clock = [platform.record(1), *records], NOON + timedelta(days=day)
        archive.sync(client)
    rows = archive.meetings().query("meeting_id == @held['meid']").sort_values("started_at")
    assert rows["started_at"].notna().tolist() == [True, False]
    assert rows["n_people"].tolist() == [len(held["parties"]), 1]
    assert rows["version"].tolist() == [1, 1]
    assert list(archive.problems()["reason"]) == ["id_collision"] * 2
    assert_agree(archive, History.from_answers(client.answers))
    start = pd.Timestamp(book["booktime"]) + timedelta(seconds=12)
    over = {"starttime": f"{start}", "endtime": f"{start + timedelta(hours=1)}"}
    platform.records, platform.clock = [{**plan, **over}], NOON + timedelta(days=9)
    archive.sync(client)
    rows = archive.meetings().query("meeting_id == @held['meid']").sort_values("started_at")
    assert rows["version"].tolist() == [1, 2]
    assert rows["started_at"].notna().all()
    assert_agree(archive, History.from_answers(client.answers))
    archive.rebuild()
    assert archive.verify().is_sound
    assert_agree(archive, History.from_answers(client.answers))


@pytest.mark.slow
def test_parts_of_meetings_in_several_lists_are_whole_in_an_archive_too(archive: Archive, platform: Any) -> None:
    records = [platform.record(i) for i in range(6)[::-1]]
    ends = [{key: one.pop(key) for key in ("endtime", "parties")} | {"meid": one["meid"]} for one in records]
    legs = [{"meid": end["meid"], **party} for end in ends[:3] for party in end.pop("parties")]
    legs = [{**leg, "jointime": "2026-01-01 09:00:00"} for leg in legs]
    platform.records = [
        *records,
        *ends,
        *legs,
        {"meid": records[0]["meid"], "meetingname": "别名", "parties": ["15400000099"]},
    ]
    client = Recording(platform)
    for day in (0, 1):
        platform.clock = NOON + timedelta(days=day)
        archive.sync(client)
    told = archive.problems()
    assert "name=别名" in set(told["raw_value"]) | {f"name={one}" for one in archive.meetings()["name"]}
    assert archive.meetings()[["started_at", "ended_at", "name", "n_legs"]].notna().all(axis=None)
    assert_agree(archive, History.from_answers(client.answers))
    assert len(archive.changes()) == 0
    assert [row.ended_at for row in archive.scan("meetings") if row.ended_at is None] == []
    archive.rebuild()
    assert archive.verify().is_sound
    assert_agree(archive, History.from_answers(client.answers))


@pytest.mark.slow
def test_what_may_be_two_meetings_is_told_as_in_a_history(archive: Archive, platform: Any) -> None:
    platform.records = platform.newest_first(6)
    client = Recording(platform)
    platform.clock = NOON
    archive.sync(client)
    start, end = (pd.Timestamp(platform.record(3)[name]) for name in ("starttime", "endtime"))
    later = {"starttime": f"{start + pd.Timedelta(minutes=1)}", "endtime": f"{end + pd.Timedelta(minutes=1)}"}
    platform.records[2] = platform.record(3, **later)
    platform.clock = NOON + timedelta(days=1)
    assert archive.sync(client).changed == 1
    assert list(archive.problems()["reason"]) == ["id_overlap"]
    assert len(archive.problems(as_of=NOON + timedelta(hours=1))) == 0
    day = start.tz_localize("Asia/Shanghai")
    assert len(archive.problems(start=day - timedelta(days=9), end=day - timedelta(days=8))) == 0
    assert [row.reason for row in archive.scan("problems")] == ["id_overlap"]
    assert_agree(archive, History.from_answers(client.answers))
    # told beside each other, too, and where the earlier telling comes back
    platform.records.insert(3, platform.record(3))
    platform.clock = NOON + timedelta(days=2)
    archive.sync(client)
    assert_agree(archive, History.from_answers(client.answers))
    archive.rebuild()
    assert_agree(archive, History.from_answers(client.answers))
    assert archive.verify().is_sound


def told_at_random(archive: Archive, platform: Any, seed: int, *, is_set_back: bool) -> list[Answer]:
    """Sync four days of meetings whose texts and namesakes change at random; return the answers."""
    rng = random.Random(seed)

    def told(i: int) -> dict[str, Any]:
        phones = rng.sample([f"1540000000{k}" for k in range(6)], rng.randint(1, 3))
        # now and then running, or another meeting of the same id
        times = {name: platform.record(i + 300)[name] for name in ("starttime", "endtime")}
        more = rng.choice([{}, {}, {}, {"endtime": ""}, times])
        return dict(platform.record(i, parties=[{"name": one[-1], "phone": one} for one in phones], **more))

    pool = [[told(i) for _ in range(4)] for i in range(4)]
    client = Recording(platform)
    for day in rng.sample(range(4), 4) if is_set_back else range(4):
        platform.records = [one for same in pool[::-1] for one in rng.sample(same, rng.choice([1, 1, 2, 3]))]
        platform.clock = NOON + timedelta(days=day)
        archive.sync(client)
    return client.answers


def assert_derived_alike(archive: Archive) -> None:
    before = archive.legs(), archive.meetings(), archive.problems()
    archive.rebuild()
    for one, other in zip(before, (archive.legs(), archive.meetings(), archive.problems()), strict=True):
        pd.testing.assert_frame_equal(one, other)


@pytest.mark.slow
@pytest.mark.by_chance(2)
@pytest.mark.parametrize("seed", range(6))
def test_legs_keep_their_numbers_when_all_is_derived_again(archive: Archive, platform: Any, seed: int) -> None:
    answers = told_at_random(archive, platform, seed, is_set_back=False)
    assert_derived_alike(archive)
    history = History.from_answers(answers).legs
    by = ["meeting_id", "leg", "phone", "name"]
    pd.testing.assert_frame_equal(
        archive.legs().sort_values(by, ignore_index=True), history.sort_values(by, ignore_index=True)
    )


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 14, 23])
def test_a_clock_that_is_set_back_is_no_damage(archive: Archive, platform: Any, seed: int) -> None:
    told_at_random(archive, platform, seed, is_set_back=True)
    assert archive.verify().is_sound
    assert_derived_alike(archive)


@pytest.mark.slow
@pytest.mark.parametrize("edge", ["\n", "\u00a0", "\u200b", "\0"])
def test_a_platform_that_begins_to_pad_its_ids_doubles_nothing(archive: Archive, platform: Any, edge: str) -> None:
    platform.records = [platform.record(i) for i in range(20)[::-1]]
    client = Recording(platform)
    archive.sync(client)
    for n_padded in (7, 20):
        platform.records = [
            {**one, "meid": f"{one['meid'].strip()}{edge}"} if i < n_padded else one
            for i, one in enumerate(platform.records)
        ]
        archive.sync(client)
    assert sorted(archive.meetings()["meeting_id"]) == [f"{i:029d}" for i in range(20)]
    assert len(archive.legs()) == 40
    assert_agree(archive, History.from_answers(client.answers))
    assert archive.verify().is_sound


@pytest.mark.slow
@pytest.mark.parametrize(
    ("party", "again", "is_proven"),
    [
        ({"jointime": "2026-01-04 13:20:00"}, {"starttime": "2026-01-05 10:01:00", "endtime": "2026-01-05 10:30:00"}, False),
        ({"jointime": "2026-01-04 13:20:00"}, {"starttime": "2026-01-05 10:01:00"}, False),
        ({"jointime": "2026-01-04 13:20:00"}, {"starttime": "2026-01-04 14:00:00", "endtime": "2026-01-04 14:30:00"}, False),
        ({"jointime": "2026-01-04 13:20:00"}, {"starttime": "2026-01-04 13:10:00", "endtime": "2026-01-04 14:30:00"}, True),
        ({}, {"starttime": "2026-01-05 10:01:00", "endtime": "2026-01-05 10:30:00"}, False),  # nobody knows who joined
    ],
)  # fmt: skip
def test_a_meeting_that_ran_and_is_listed_with_another_start_may_be_missing(
    archive: Archive,
    platform: Any,
    monkeypatch: pytest.MonkeyPatch,
    party: dict[str, str],
    again: dict[str, str],
    *,
    is_proven: bool,
) -> None:
    """Its start had passed. The room goes on under its id, and what ran is no meeting of the archive."""
    running = {"starttime": "2026-01-04 13:20:00", "endtime": "", "parties": [{"phone": "13900000001"} | party]}
    notes: list[str] = []
    for day in range(8):
        platform.clock = datetime(2026, 1, 2, 5, 30, tzinfo=UTC) + timedelta(days=day)
        monkeypatch.setattr(times, "now", lambda: platform.clock)
        n = sum(platform.clock > BEGIN + timedelta(minutes=10 * i + 5) for i in range(0, 2000, 6))
        room = [] if day < 2 else [running | (again if day > 2 else {})]
        held = [platform.record(6 * i, meetingname="x" * 600) for i in range(n)]
        named = [platform.record(9999, **one) for one in room]
        platform.records = sorted([*held, *named], key=lambda one: str(one["starttime"]), reverse=True)
        notes += [note.key for note in archive.sync(platform).notes]
    periods = {one.reason_key: one for one in archive.certificate().periods}
    assert ("moved" in periods) != is_proven
    assert notes.count("moved") == (not is_proven), "told once"
    assert archive.certificate("2026-01-03", "2026-01-04").worst == "PROVEN"
    assert archive.certificate("2026-01-06", "2026-01-08").worst == "PROVEN"
    assert (archive.certificate("2026-01-04", "2026-01-05").worst == "PROVEN") == is_proven
    if not is_proven:
        starts = [pd.Timestamp(at, tz="Asia/Shanghai") for at in ("2026-01-04 13:20", again["starttime"])]
        assert (periods["moved"].start, periods["moved"].end) == (starts[0], starts[1] + pd.Timedelta(seconds=1))
        is_within_the_hour = starts[1] - starts[0] < pd.Timedelta(hours=1)
        assert list(archive.problems()["reason"]) == ([] if is_within_the_hour else ["id_overlap"])
    assert archive.verify(recompute=is_proven or not party).is_sound
