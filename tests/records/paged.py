"""An answer of 24 meetings, with what else it says."""

from __future__ import annotations

import json
from typing import Any

from ytxdata.records.answer import Answer, read_answer

N = 24
ALL = [
    {"meid": f"2026030500{i:02}", "starttime": f"2026-03-05 10:{i:02}:00", "endtime": f"2026-03-05 11:{i:02}:00"}
    for i in range(N)
]


def words(text: str) -> list[str]:
    return text.split()


def read(body: Any, asked_n: int | None = None) -> Answer:
    return read_answer(json.dumps({"statusCode": "0", **body}, ensure_ascii=False).encode(), asked_n=asked_n)
