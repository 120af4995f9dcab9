"""An archive around a period: all that a report of the period can ask about, and little else of ten years."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import duckdb

from ytxdata.archive.heads import Snapshot
from ytxdata.archive.scans import Scan, ViewAsk, scan
from ytxdata.archive.views import connect, relation
from ytxdata.history.proof.certificate import Certificate
from ytxdata.times import Instant

if TYPE_CHECKING:
    from ytxdata.archive.archive import Archive

MARGIN = timedelta(minutes=1)
"""Reports go by whole seconds: an edge that is one microsecond off must cost no meeting."""

_STORED = ("meetings", "legs")


class Around:
    """What reports take of an archive, for those that are about a period.

    There are all meetings that start in it, all of which any moment may lie in it, and those without a start or
    an end, which reports count as left out, of whatever period. It is found by bounds alone: one meeting that
    seems to last for years brings those years with it, and costs time, never a number.

    Parameters
    ----------
    archive
        The archive.
    start, end
        The period; None for no edge.
    """

    def __init__(self, archive: Archive, start: datetime | None, end: datetime | None) -> None:
        self.archive = archive
        self.start, self.end = start, end

    def scans(self, *views: str, is_keyed: bool = False, engine: str = "duckdb", **more: Any) -> tuple[Scan, ...]:
        """Return meetings and legs, or one of these, as `Archive.scans` does."""
        snapshot = self.archive.snapshot()
        is_all = self.start is None and self.end is None
        if is_all or snapshot is None or engine != "duckdb" or not all(snapshot.files(table) for table in _STORED):
            return self.archive.scans(*views, is_keyed=is_keyed, engine=engine, **more)
        connection = connect()
        start, end, n_stored = self._bounds(snapshot, connection)
        found = []
        for name in views:
            rows = relation(snapshot, name, start=start, end=end, connection=connection, is_keyed=is_keyed, **more)
            if name == "meetings":
                every = relation(snapshot, name, connection=connection, is_keyed=is_keyed, **more)
                rows = rows.union(
                    every.filter(f"started_at IS NULL OR (ended_at IS NULL AND NOT ({_inside(start, end)}))")
                )
            found.append(Scan.of(rows, n_stored))
        return tuple(found)

    def displayed(self) -> Scan:
        """Return the numbers that all meetings show, whenever they were: which are the account's own is said by all."""
        return scan(self.archive.snapshot(), ("meetings",), ViewAsk())[0]

    def certificate(self, start: Instant | None = None, end: Instant | None = None) -> Certificate:
        """Return what the archive claims about a period."""
        return self.archive.certificate(start, end)

    def _bounds(
        self, snapshot: Snapshot, connection: duckdb.DuckDBPyConnection
    ) -> tuple[datetime | None, datetime | None, int]:
        """Return from when to when meetings start of which anything may lie in the period, and about how many rows
        they are.
        """
        meetings, legs = (
            connection.read_parquet([str(path) for path in snapshot.paths(table)], union_by_name=True)
            for table in _STORED
        )
        meetings.create_view("stored_meetings")
        legs.create_view("stored_legs")
        start = None if self.start is None else self.start.astimezone(UTC) - MARGIN
        end = None if self.end is None else self.end.astimezone(UTC) + MARGIN
        if start is not None:
            begun = [] if end is None else [end]
            of_legs, of_meetings = (f" AND {column} < $2" * len(begun) for column in ("l.joined_at", "m.started_at"))
            since: Any = connection.execute(
                f"""SELECT min(started_at) FROM (
                    SELECT m.started_at FROM stored_meetings m WHERE m.ended_at > $1{of_meetings}
                    UNION ALL SELECT m.started_at FROM stored_legs l JOIN stored_meetings m ON m.obs = l.obs
                    WHERE l.left_at > $1 AND l.joined_at IS NOT NULL{of_legs})""",  # noqa: S608 (columns of the schema)
                [start, *begun],
            ).fetchall()
            start = start if since[0][0] is None else min(start, since[0][0].astimezone(UTC))
        found: Any = connection.execute(
            f"SELECT count(*) FROM stored_meetings WHERE {_inside(start, end)}"  # noqa: S608 (made of instants)
        ).fetchall()
        n_meetings, n_legs = (sum(file.rows for file in snapshot.files(table)) for table in _STORED)
        return start, end, int(found[0][0] * max(1, n_legs / max(n_meetings, 1)))


def _inside(start: datetime | None, end: datetime | None) -> str:
    bounds = (("started_at >= ", start), ("started_at < ", end))
    told = [f"{text}TIMESTAMPTZ '{edge.isoformat(sep=' ')}'" for text, edge in bounds if edge is not None]
    return " AND ".join(told) or "TRUE"
