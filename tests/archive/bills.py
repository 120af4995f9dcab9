"""An archive of 120 meetings, and bills of it."""

from __future__ import annotations

import csv
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pandas as pd

from ytxdata.archive import Archive
from ytxdata.emulator import Emulator
from ytxdata.history.client import Client


def billed(path: Path) -> Archive:
    """Make the archive."""
    made = Archive(path)
    with Emulator(meetings=120) as server:
        made.sync(Client(base_url=server.url, **server.credentials))
    return made


def bill_of(meetings: pd.DataFrame, without: int = 0) -> bytes:
    """An invoice of these meetings, with a total of its own."""
    text = StringIO()
    rows = csv.writer(text)
    rows.writerow(["会议编号", "开始时间", "时长(秒)"])
    listed = meetings.iloc[without:]
    for meeting_id, started_at, duration_s in zip(
        listed["meeting_id"], listed["started_at"], listed["duration_s"], strict=True
    ):
        rows.writerow([meeting_id, f"{started_at:%Y-%m-%d %H:%M:%S}", "" if pd.isna(duration_s) else duration_s])
    rows.writerow(["合计", "", int(listed["duration_s"].sum())])
    return text.getvalue().encode("gb18030")


def month(archive: Archive) -> tuple[pd.DataFrame, pd.Timestamp, pd.Timestamp]:
    """The days of the archive that are past, and their meetings."""
    starts = archive.meetings()["started_at"].dropna()
    start, end = starts.min().normalize(), (starts.max() - timedelta(days=2)).normalize()
    return archive.meetings(start, end), start, end
