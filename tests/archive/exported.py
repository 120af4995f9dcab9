"""What an archive of three months holds, and the tables that its export has."""

from __future__ import annotations

from typing import Any

from ytxdata.archive import Archive

TABLES = ("meetings", "legs", "problems", "changes", "rejects", "pulls", "coverage")
MONTHS = {"2026-01", "2026-02", "2026-03"}


def record(platform: Any, i: int, month: int, **changes: Any) -> dict[str, Any]:
    """The i-th meeting, in a month of its own choosing."""
    made = platform.record(i)
    times = {key: made[key].replace("2026-01", f"2026-{month:02d}") for key in ("starttime", "endtime")}
    return {**made, **times, **changes}


def keep_three_months(archive: Archive, platform: Any) -> None:
    """Three months, a meeting without a start, hostile names, one renamed, one id used twice, a reject."""
    platform.records = [record(platform, 30 * month + i, month) for month in (3, 2, 1) for i in range(8)]
    platform.records[3] |= {"meetingname": '换行\n"引号", 逗号'}
    platform.records[4] |= {"meetingname": "=1+1", "oriamount": "12.345678901234567890", "endtime": ""}
    platform.records[5] |= {"starttime": "看不懂"}
    platform.records[6] |= {"starttime": "也看不懂"}
    archive.sync(platform)
    platform.records[0] = {**platform.records[0], "meetingname": "改过的会"}
    platform.records.insert(0, record(platform, 200, 3, meid=platform.records[20]["meid"], creator="13911110000"))
    platform.records.append(7)
    archive.sync(platform)
