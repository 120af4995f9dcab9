"""An archive of an account whose conference rooms keep their id: each meeting is a row, and counted as one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ytxdata import audit
from ytxdata.archive import Archive
from ytxdata.times import BEIJING

BEGIN = datetime(2026, 1, 1, 9, tzinfo=BEIJING)


def of_rooms(days: int, *, rooms: int = 5) -> list[dict[str, Any]]:
    """Each of some rooms meets twice a day, one less often than the other, newest first."""
    starts = [
        (BEGIN + timedelta(days=day, hours=3 * half, minutes=7 * room), room)
        for day in range(days) for half in range(2) for room in range(rooms) if (day + half) % (room + 3)
    ]  # fmt: skip
    return [
        {
            "meid": f"80{room:02d}",
            "meetingname": f"第 {room} 会议室 {start:%m-%d %H}",
            "creator": f"1380000{room:04d}",
            "starttime": f"{start:%Y-%m-%d %H:%M:%S}",
            "endtime": f"{start + timedelta(minutes=50 + start.day):%Y-%m-%d %H:%M:%S}",
            "parties": [{"name": "甲", "phone": "13900000001"}, {"name": "乙", "phone": "13900000002"}],
        }
        for start, room in sorted(starts, reverse=True)
    ]


def live(archive: Archive, platform: Any, days: range) -> None:
    for day in days:
        platform.clock = (BEGIN + timedelta(days=day, hours=12)).astimezone(UTC)
        platform.records = of_rooms(day + 1)
        archive.sync(platform)


@pytest.mark.slow
def test_daily_syncs_of_rooms_that_keep_their_id_are_proven_within_days(archive: Archive, platform: Any) -> None:
    live(archive, platform, range(20, 26))
    assert len(archive.meetings()) == len(of_rooms(26))
    assert {one.verdict for one in archive.certificate().periods[:-1]} == {"PROVEN"}
    archive.verify()


@pytest.mark.slow
def test_a_meeting_of_a_room_that_vanishes_is_told_and_exempt_and_no_other_of_its_room(
    archive: Archive, platform: Any
) -> None:
    live(archive, platform, range(20, 24))
    gone = platform.records.pop(12)
    for hours in (13, 14):
        platform.clock = (BEGIN + timedelta(days=23, hours=hours)).astimezone(UTC)
        last = archive.sync(platform)
    assert not [note for note in last.notes if note.key == "vanished"], "told once"
    found = audit.run(archive, checks=["vanished"])
    [finding] = found.frame.to_dict("records")
    assert list(finding["record_ids"]) == [gone["meid"]]
    assert gone["starttime"][:10] in finding["en"]
    platform.records.insert(12, gone)
    platform.clock += timedelta(hours=1)
    assert [note.meeting_ids for note in archive.sync(platform).notes if note.key == "reappeared"] == [(gone["meid"],)]


@pytest.mark.slow
def test_a_platform_that_writes_a_room_over_its_last_meeting_is_never_proven(archive: Archive, platform: Any) -> None:
    """Two meetings a day of each room, one of which no sync can see."""
    for day in range(20, 40):
        platform.clock = (BEGIN + timedelta(days=day, hours=12)).astimezone(UTC)
        alone = [{**one, "meid": f"alone{one['starttime']}"} for one in of_rooms(day + 1, rooms=4)]
        rooms = {one["meid"]: one for one in reversed(of_rooms(day + 1))}
        platform.records = sorted([*alone, *rooms.values()], key=lambda one: one["starttime"], reverse=True)
        archive.sync(platform)
    proven = [one for one in archive.certificate().periods if one.verdict == "PROVEN"]
    known = set(zip(archive.meetings()["meeting_id"], archive.meetings()["started_at"], strict=True))
    held = [(one["meid"], datetime.fromisoformat(one["starttime"]).replace(tzinfo=BEIJING)) for one in of_rooms(40)]
    missing = [at for meeting_id, at in held if (meeting_id, at) not in known]
    assert missing
    assert not [at for at in missing if any(one.start <= at < one.end for one in proven)]
