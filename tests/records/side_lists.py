"""Meetings of a list, for tests of what an answer holds beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ytxdata.records.answer import Answer
from ytxdata.records.merge import merge_answers

WithData = Callable[[str], Answer]


def meeting(i: int, **more: object) -> dict[str, Any]:
    day = f"2026-03-{i:02d}"
    party = {"phone": "13900000000", "jointime": f"{day} 10:00:00", "leavetime": f"{day} 11:00:00"}
    times = {"starttime": f"{day} 10:00:00", "endtime": f"{day} 11:00:00"}
    return {"meid": f"m{i}", "meetingname": "会", "creator": "13900000000", **times, "parties": [party], **more}


MEETINGS = [meeting(i) for i in range(1, 5)]
OWN = [one["meid"] for one in MEETINGS]
OLD: dict[str, Any] = {"meid": "old"}
ROOM = [{**meeting(i), "meid": "8001"} for i in (1, 8, 15)]
PERIOD = {"starttime": "2026-03-01 00:00:00", "endtime": "2026-04-01 00:00:00"}


def ids(answer: Answer) -> list[str]:
    tables = merge_answers([answer])
    assert not tables.rejects.num_rows
    found: list[str] = tables.meetings["meeting_id"].to_pylist()
    return found


def rows_of(*meetings: dict[str, Any], **more: object) -> list[dict[str, Any]]:
    return [{"meid": one["meid"], **party, **more} for one in meetings for party in one["parties"]]
