"""The columns of the stored tables, the numbers that hold their rows together, and the columns that the chain of pulls is made of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

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
INDEX = "index"

BOUNDED = ("obs", "ordinal", "started_at", "replaces")
"""Columns whose lowest and highest value a head keeps of each file: they tell which files to read."""

BULKY = ("raw", "gaps", "numbers")
"""Columns of long values: bounds of them would repeat whole values in the file's footer, a dictionary would be all of them."""

CHAINED = (
    "pull_id", "asked_at", "answered_at", "asked_n", "returned_n", "confid", "status_code", "request_id",
    "attempts", "bytes", "encoding", "sha256", "previous_sha256", "verdict", "package_version",
)  # fmt: skip
"""The columns of a pull that its hash is made of. They are frozen: one more in `pulls` would break the chain of every archive."""


def pull_sha256(row: Mapping[str, Any]) -> str:
    """Return the hash of a pull's row, `previous_sha256` included: so none can be changed or taken out unseen.

    The hashed text is JSON of `CHAINED`: keys sorted, no blanks, UTF-8, instants in UTC as ISO 8601
    with microseconds. The raw answer is covered through its own `sha256`.

    Examples
    --------
    >>> pull_sha256({name: None for name in CHAINED})[:16]
    'b22a3e1100225e13'
    """
    cells = {name: _plain(row[name]) for name in CHAINED}
    return hashlib.sha256(
        json.dumps(cells, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    ).hexdigest()


def _plain(value: Any) -> Any:
    return value.astimezone(UTC).isoformat(timespec="microseconds") if isinstance(value, datetime) else value
