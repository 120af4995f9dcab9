"""Lists of parties as records of meetings, and the legs that come of the first."""

from __future__ import annotations

import json
from typing import Any

from ytxdata.records.answer import read_answer
from ytxdata.records.merge import MergedTables, merge_answers

FIRST = ("2026-01-05 10:00:00", "2026-01-05 10:05:00")
SECOND = ("2026-01-05 10:10:00", "2026-01-05 10:20:00")


def tables(*lists: object) -> MergedTables:
    start = "2026-01-05 10:00:00"
    records = [{"meid": f"M{i}", "starttime": start, "parties": one} for i, one in enumerate(lists)]
    # A regular neighbour: what is read in bulk must not be read otherwise.
    other = {"meid": "N", "starttime": start, "parties": [{"phone": "15400000009", "name": "z"}]}
    data = [*records, other, records[0]]
    return merge_answers([read_answer(json.dumps({"statusCode": "0", "data": data}).encode())])


def legs(found: MergedTables) -> list[tuple[Any, ...]]:
    rows = found.legs.to_pylist()
    return [(row["phone"], row["name"], row["joined_at"]) for row in rows if row["meeting_id"] == "M0"]
