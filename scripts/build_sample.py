"""Write the records of `ytx.sample()`: two years of an invented company, as the platform would list them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ytxdata.emulator import Options
from ytxdata.emulator.backend import Backend
from ytxdata.emulator.dialects import DIALECTS, write

FILE = Path(__file__).parents[1] / "ytxdata" / "sample.parquet"

BEGINS, ENDS = "2024-01-01", "2026-01-01"
COMPANY = Options(seed=2024, meetings=2_000, rate=2.5, until=ENDS, planted=True)
LATER = (("2025-07-10", 22), ("2025-12-20", 25))
"""When somebody changes the record of a meeting that was over, and how many meetings back it is."""


def rows() -> Iterator[dict[str, Any]]:
    """Yield every text of every record, with the instants from which and until which it is listed."""
    backend = Backend(COMPANY)
    first, last = (int(datetime.fromisoformat(f"{day}T00:00:00+08:00").timestamp()) for day in (BEGINS, ENDS))
    held = [
        entry
        for entry in backend.entries
        if first <= entry.first.started_at < last and entry.first.kind != "planted:id_collision"
    ]
    for day, back in LATER:
        at = int(datetime.fromisoformat(f"{day}T12:00:00+08:00").timestamp())
        entry = [one for one in held if one.first.started_at < at][-back]
        meeting = entry.first
        longer = replace(meeting, ended_at=(meeting.ended_at or at) + 900, duration_s=(meeting.duration_s or 0) + 900)
        entry.timeline.append((at, longer))
    for entry in sorted(held, key=lambda one: one.first.started_at):  # as the platform lists them, the newest last
        edges = [since for since, _ in entry.timeline[1:]] + [None]
        for (since, told), until in zip(entry.timeline, edges, strict=True):
            if told is not None:
                yield {
                    "listed_from": datetime.fromtimestamp(since, UTC),
                    "listed_until": None if until is None else datetime.fromtimestamp(until, UTC),
                    "raw": write(told, DIALECTS["vendor"]).encode(),
                }


SCHEMA = pa.schema([
    ("listed_from", pa.timestamp("s", "UTC")),
    ("listed_until", pa.timestamp("s", "UTC")),
    ("raw", pa.binary()),
])  # fmt: skip


if __name__ == "__main__":
    table = pa.Table.from_pylist(list(rows()), schema=SCHEMA)
    # one page for all texts, so that each is written with what it has in common with the others
    pq.write_table(table, FILE, compression="zstd", compression_level=19, use_dictionary=False, data_page_size=1 << 26)
