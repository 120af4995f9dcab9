"""Meetings and legs of an Archive, a History or `Frames` of any engine, as rows that DuckDB can read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import duckdb

from ytxdata.archive import Archive
from ytxdata.errors import UsageError
from ytxdata.labels import Text
from ytxdata.metrics.engines import Engine
from ytxdata.tables.plain import to_arrow

ROWS = 65_536
"""Rows that come over at a time."""

MEETINGS = {
    "meeting_id": "VARCHAR",
    "started_at": "BIGINT",
    "ended_at": "BIGINT",
    "creator": "VARCHAR",
    "duration_s": "BIGINT",
    "amount_yuan": "DECIMAL(38, 18)",
    "n_legs": "BIGINT",
    "pull_id": "VARCHAR",
    "last_seen_at": "BIGINT",
}
LEGS = {
    "meeting_id": "VARCHAR",
    "leg": "BIGINT",
    "number": "VARCHAR",
    "phone": "VARCHAR",
    "joined_at": "BIGINT",
    "left_at": "BIGINT",
}
"""The columns that checks need, with DuckDB's types; instants become local epoch seconds."""

_INSTANTS = ("started_at", "ended_at", "last_seen_at", "joined_at", "left_at")
_REQUIRED = ("meeting_id", "started_at", "ended_at", "leg", "joined_at", "left_at")


def newest_pull(source: Any) -> datetime | None:
    """Return when the newest pull was asked, None when no pull is known."""
    pulls = source.pulls() if isinstance(source, Archive) else getattr(source, "pulls", None)
    if pulls is None:
        return None
    asked = [at for at in to_arrow(pulls)["asked_at"].to_pylist() if at is not None]
    return max(asked, default=None)


def load(connection: duckdb.DuckDBPyConnection, source: Any, as_of: datetime | None) -> None:
    """Bring `raw_meetings` and `raw_legs` of a source into DuckDB, with all the columns above; what it lacks is null.

    Raises
    ------
    UsageError
        The source is nothing that can be audited, or a column is missing.
    """
    for (table, columns), frame in zip((("meetings", MEETINGS), ("legs", LEGS)), _frames(source, as_of), strict=True):
        engine = _engine(table, frame, columns)
        known = [name for name in columns if name in engine.columns]
        native = engine.seconds([name for name in known if name in _INSTANTS]).select(*known).to_native()
        rows = native.to_arrow_reader(ROWS) if hasattr(native, "to_arrow_reader") else to_arrow(native)
        connection.register("given", rows)
        cells = ", ".join(
            f"CAST({name if name in known else 'NULL'} AS {kind}) AS {name}" for name, kind in columns.items()
        )
        once = "" if table == "meetings" or isinstance(source, Archive) else "DISTINCT"
        connection.execute(f"CREATE TABLE raw_{table} AS SELECT {once} {cells} FROM given")  # noqa: S608
        connection.unregister("given")


def _frames(source: Any, as_of: datetime | None) -> tuple[Any, Any]:
    if isinstance(source, Archive):
        meetings, legs = source.scans("meetings", "legs", as_of=as_of)
        return meetings, legs
    if not hasattr(source, "meetings") or not hasattr(source, "legs"):
        kind = f"{type(source).__module__}.{type(source).__name__}"
        raise UsageError(
            Text(f"不能审计：{kind}", f"{kind} cannot be audited"),
            remedy=Text(
                "请给 Archive、History 或 ytx.Frames(meetings, legs)",
                "give an Archive, a History or ytx.Frames(meetings, legs)",
            ),
        )
    return source.meetings, source.legs


def _engine(table: str, frame: Any, columns: Mapping[str, str]) -> Engine:
    engine = Engine.of(frame)
    missing = ", ".join(name for name in _REQUIRED if name in columns and name not in engine.columns)
    if missing:
        raise UsageError(
            Text(f"{table} 缺少列：{missing}", f"{table} has no column {missing}"),
            remedy=Text("列名见 ytx.Frames 的说明", "the columns are described at ytx.Frames"),
        )
    return engine
