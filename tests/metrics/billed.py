"""Two people of two departments, an archive of meetings that a bill may be about, and bills of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd

from tests.metrics.test_around_period import Told, told
from ytxdata import metrics
from ytxdata.archive import Archive
from ytxdata.metrics.source import Source
from ytxdata.times import BEIJING

SALES, RESEARCH = "13900000000", "13900000001"
BOOK = pd.DataFrame({"phone": [SALES, RESEARCH], "department": ["Sales", "Research"]})

MEETINGS = (
    ("80010001", "2026-03-02 09:00:00", SALES, 600, "1.20"),
    ("80010002", "2026-03-03 10:00:00", RESEARCH, 1200, "2.40"),
    ("80010003", "2026-03-10 23:50:00", SALES, 1800, "3.60"),
    ("80010004", "2026-03-31 23:45:00", RESEARCH, 1800, "3.60"),
)


def archive_of(path: Path, meetings: Iterable[tuple[str, str, str, int]]) -> Archive:
    """Return an archive of meetings: id, start (Beijing), creator, who is alone in it, and seconds."""
    records = []
    for key, start, creator, seconds in meetings:
        begin = datetime.fromisoformat(start).replace(tzinfo=BEIJING)
        times = told(begin), told(begin + timedelta(seconds=seconds))
        parties = [{"phone": creator, "jointime": times[0], "leavetime": times[1]}]
        one = {"meid": key, "meetingname": "m", "creator": creator, "starttime": times[0], "endtime": times[1]}
        records.append({**one, "parties": parties})
    archive = Archive(path)
    archive.sync(Told(records))
    return archive


def shared(source: Archive | Source, invoice: Any, by: str = "month") -> tuple[Decimal, list[str]]:
    """Return what is shared in all, and what was said."""
    report = metrics.chargeback(source, by=by, book=BOOK, invoice=invoice)  # type: ignore[arg-type]
    rows = report.arrow.to_pylist()
    return sum((row["allocated"] for row in rows), Decimal(0)), [note.en for note in report.notes]


def saved(folder: Path, text: str) -> Path:
    """Write a bill."""
    path = folder / "bill.csv"
    path.write_text(text, encoding="utf-8")
    return path


def bill(amount: str, *tail: str, digits: int = 0, first: str = "") -> str:
    """Return a bill of all meetings, with other lines above and below."""
    rows = [f"{one[0]},{one[1]},{one[3]},{Decimal(one[4]).scaleb(digits):f}" for one in MEETINGS]
    return "\n".join([f"会议编号,开始时间,时长(秒),{amount}", *filter(None, [first]), *rows, *tail, ""])
