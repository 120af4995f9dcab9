"""Two people of two departments, and an archive of meetings that a bill may be about."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd

from tests.metrics.test_around import Told, told
from ytxdata.archive import Archive
from ytxdata.times import BEIJING

SALES, RESEARCH = "13900000000", "13900000001"
BOOK = pd.DataFrame({"phone": [SALES, RESEARCH], "department": ["Sales", "Research"]})


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
