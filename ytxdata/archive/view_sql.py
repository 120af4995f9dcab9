"""The views as SQL that DuckDB and Spark both read: latest, or as of an instant; independent of Delta's time travel.

`{meetings}`, `{legs}`, … stand for the stored tables, `{seen}` for when each observation was last seen, `{timestamp}` for
what an engine calls an instant with a zone. A version
is current unless a later one replaces it: few rows are replaced, so nothing has to be sorted or grouped, and a
filter on `started_at` reaches the files.
"""

from __future__ import annotations

from datetime import UTC, datetime

from ytxdata.archive.storage.stored_columns import SCHEMAS
from ytxdata.records.schema import LEGS, MEETINGS, PROBLEMS, PULLS, REJECTS, Column

# ruff: noqa: S608 (made of the schema's own names and of instants, never of text from outside)


COLUMNS: dict[str, tuple[Column, ...]] = {
    "meetings": MEETINGS,
    "legs": LEGS,
    "rejects": REJECTS,
    "problems": PROBLEMS,
    "pulls": PULLS,
}
"""The views and their columns."""

ORDER = {
    "meetings": "started_at NULLS FIRST, meeting_id, version",
    "legs": "meeting_id, leg",
    "rejects": "pull_id, position",
    "problems": "meeting_id, leg NULLS FIRST",
    "pulls": "asked_at, pull_id",
}
"""How frames are sorted."""


def view(name: str, as_of: datetime | None, start: datetime | None, end: datetime | None) -> str:
    """Return the SQL of a view, its columns in the order of the schema.

    Parameters
    ----------
    as_of
        What had been asked up to that instant; None for all.
    start, end
        Meetings that start in `[start, end)`; a meeting whose start is unknown is in no period.
    """
    return _VIEWS[name](name, as_of, _period(start, end))


def _instant(instant: datetime) -> str:
    return f"{{timestamp}} '{instant.astimezone(UTC).isoformat(sep=' ', timespec='microseconds')}'"


def _period(start: datetime | None, end: datetime | None) -> str:
    bounds = [("m.started_at >= ", start), ("m.started_at < ", end)]
    return "".join(f" AND {text}{_instant(edge)}" for text, edge in bounds if edge is not None)


def _until(column: str, as_of: datetime | None) -> str:
    return f"{column} <= {_instant(as_of)}" if as_of else "TRUE"


def _columns(name: str, alias: str, **special: str) -> str:
    return ", ".join(
        f"{special.get(column.name, f'{alias}.{column.name}')} AS {column.name}" for column in COLUMNS[name]
    )


def _current(as_of: datetime | None) -> str:
    return (
        f"{_until('m.observed_at', as_of)} AND NOT EXISTS (SELECT 1 FROM {{meetings}} r "
        f"WHERE r.replaces = m.obs AND {_until('r.observed_at', as_of)})"
    )


def _meetings(name: str, as_of: datetime | None, period: str) -> str:
    special = {"last_seen_at": "s.last_seen_at", "record_hash": "lower(hex(m.record_hash))"}
    return (
        f"SELECT {_columns(name, 'm', **special)} FROM {{meetings}} m LEFT JOIN {{seen}} s ON s.obs = m.obs "
        f"WHERE {_current(as_of)}{period}"
    )


def _of_meetings(name: str, as_of: datetime | None, period: str) -> str:
    return (
        f"SELECT {_columns(name, 't')} FROM {{{name}}} t JOIN {{meetings}} m ON t.obs = m.obs "
        f"WHERE {_current(as_of)}{period}"
    )


def _problems(name: str, as_of: datetime | None, period: str) -> str:
    """Problems of records, and of ids that were used for two meetings."""
    return (
        f"{_of_meetings(name, as_of, period)} UNION ALL "
        "SELECT m.meeting_id, CAST(NULL AS BIGINT), 'meeting_id', 'id_collision', m.meeting_id FROM {meetings} m "
        f"WHERE m.meeting_id IN (SELECT t.meeting_id FROM {{meetings}} t WHERE t.twin > 0 AND {_until('t.observed_at', as_of)}) "
        f"AND {_current(as_of)}{period}"
    )


def _by_itself(name: str, as_of: datetime | None, _period: str) -> str:
    column = "asked_at" if "asked_at" in SCHEMAS[name].names else "observed_at"
    return f"SELECT {_columns(name, 't')} FROM {{{name}}} t WHERE {_until(f't.{column}', as_of)}"


_VIEWS = {
    "meetings": _meetings,
    "legs": _of_meetings,
    "problems": _problems,
    "rejects": _by_itself,
    "pulls": _by_itself,
}
