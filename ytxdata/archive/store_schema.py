"""The columns of the archive's tables: what readers see, plus the numbers that hold the rows together."""

from __future__ import annotations

import pyarrow as pa

from ytxdata.records.schema import LEGS, MEETINGS, PROBLEMS, PULLS, REJECTS, Column, arrow_schema

INSTANT = pa.timestamp("us", tz="UTC")
OBS = pa.field("obs", pa.int64())

OBSERVATIONS_STORED = pa.schema(
    [
        OBS,
        pa.field("pull_id", pa.string()),
        pa.field("position", pa.int64()),
        pa.field("observed_at", INSTANT),
        pa.field("record_hash", pa.binary()),
        pa.field("raw", pa.binary()),
    ]
)
"""Each distinct version of a raw record once, with its bytes; `obs` numbers them for good. Never derived again."""


def _stored(columns: tuple[Column, ...], *, without: str = "") -> list[pa.Field]:
    fields = [field for field in arrow_schema(columns) if field.name != without]
    return [pa.field("record_hash", pa.binary()) if field.name == "record_hash" else field for field in fields]


MEETINGS_STORED = pa.schema(
    [OBS, pa.field("replaces", pa.int64()), pa.field("twin", pa.int64()), *_stored(MEETINGS, without="last_seen_at")]
)
"""One row per version of a meeting. `replaces` is the version before it; `twin` tells two meetings with one id apart."""

LEGS_STORED = pa.schema([OBS, *_stored(LEGS)])
PROBLEMS_STORED = pa.schema([OBS, *_stored(PROBLEMS)])
REJECTS_STORED = pa.schema([OBS, pa.field("observed_at", INSTANT), *_stored(REJECTS)])

PULLS_STORED = pa.schema(
    [
        pa.field("ordinal", pa.int64()),
        *_stored(PULLS),
        pa.field("form", pa.string()),
        pa.field("gaps", pa.binary()),
        pa.field("numbers", pa.binary()),
    ]
)
"""One row per call, with the envelope from which its raw answer is put together."""

RAW_TABLES = {"observations": OBSERVATIONS_STORED, "pulls": PULLS_STORED}
DERIVED_TABLES = {
    "meetings": MEETINGS_STORED,
    "legs": LEGS_STORED,
    "rejects": REJECTS_STORED,
    "problems": PROBLEMS_STORED,
}
SCHEMAS = {**RAW_TABLES, **DERIVED_TABLES}
