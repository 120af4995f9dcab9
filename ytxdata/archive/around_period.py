"""An archive around a period: all that a report of the period can ask about, and little else of ten years."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow.parquet as pq

from ytxdata.archive.connections import make_room
from ytxdata.archive.heads import Snapshot
from ytxdata.archive.scans import Scan, may_start, meets, scan
from ytxdata.archive.stored_files import DERIVED, StoredFile, telling_damage
from ytxdata.archive.views import Spans, ViewAsk, found, period, reading, relation, telling
from ytxdata.labels import Text
from ytxdata.times import EPOCH, Instant

if TYPE_CHECKING:
    from ytxdata.archive.archive import Archive
    from ytxdata.fleet import Fleet

MARGIN = timedelta(minutes=1)
"""Reports go by whole seconds: an edge that is one microsecond off must cost no meeting."""

_EVER = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)

# a meeting lies in a period by its own times, or by those of anybody who was connected: people dial in before the
# start, whose leaving is not told stays until the end, and between two legs a meeting goes on. In branches, each of
# which the bounds of files answer: with OR all is read, twice as long at worst
_LIES_IN = """
SELECT epoch_us(min(started_at)), epoch_us(max(started_at)) FROM (
    SELECT started_at FROM stored_meetings WHERE ended_at > $1 AND started_at < $2
    UNION ALL SELECT started_at FROM stored_meetings JOIN (
        SELECT obs FROM stored_legs WHERE left_at > $1 AND joined_at < $2
        UNION ALL SELECT obs FROM stored_legs WHERE joined_at >= $1 AND joined_at < $2) USING (obs)
    UNION ALL SELECT started_at FROM (SELECT obs, started_at FROM stored_meetings WHERE started_at >= $2) JOIN (
        SELECT obs FROM stored_legs WHERE joined_at < $1) USING (obs)
    UNION ALL SELECT started_at FROM (SELECT obs, started_at FROM stored_meetings WHERE started_at < $1) JOIN (
        SELECT obs FROM stored_legs WHERE joined_at >= $2) USING (obs))
"""

_STORED = {"meetings": ("started_at", "ended_at"), "legs": ("joined_at", "left_at")}
"""The stored tables, and from when to when a row of each is."""

_TOLD_BESIDE = {
    "meetings": "SELECT obs, m.started_at, cells.ended_at FROM {files} m JOIN cells USING (obs)",
    "legs": "SELECT j.obs, l.joined_at, l.left_at FROM joined j JOIN {files} l ON l.obs = j.other AND l.leg = j.leg",
}
"""The same of what meetings show and other records tell: by these they may lie in a period, too."""


class Around:
    """What reports take of an archive or a fleet, for those that are about a period.

    There are all meetings that start in it, all of which any moment may lie in it, and those without a start or
    an end, which reports count as left out, of whatever period. Of one archive on DuckDB it is found by bounds: one
    meeting that seems to last for years brings those years with it, and costs time, never a number. Of many, and on
    Spark, what heads and ends of files say chooses the files: no row is read for it.

    Parameters
    ----------
    archive
        The archive or fleet, as it stands.
    start, end
        The period; None for no edge.
    """

    def __init__(self, archive: Archive | Fleet, start: datetime | None, end: datetime | None) -> None:
        self.archive: Any = archive
        self.start, self.end = start, end

    @property
    def labels(self) -> Mapping[str, Mapping[str, str]]:
        """As of the fleet."""
        labels: Mapping[str, Mapping[str, str]] = self.archive.labels
        return labels

    @property
    def joins_people(self) -> bool:
        """As of the fleet."""
        return getattr(self.archive, "joins_people", False)

    @property
    def label_values(self) -> Mapping[str, tuple[str, ...]]:
        """As of the fleet: of two labels that look alike masked, each is called in a period as it is in all."""
        return getattr(self.archive, "label_values", {})

    @property
    def notes(self) -> tuple[Text, ...]:
        """As of the fleet."""
        return getattr(self.archive, "notes", ())

    def scans(
        self, *views: str, is_keyed: bool = False, is_seen: bool = True, engine: str = "duckdb", spark: Any = None
    ) -> tuple[Scan, ...]:
        """Return meetings and legs, or one of these, as `Archive.scans` does."""
        read: Any = self.archive._reads()
        is_one = isinstance(read, Snapshot) and all(read.files(table) for table in _STORED)
        is_all = self.start is None and self.end is None
        if is_one and engine == "duckdb" and not is_all:
            return self._of_one(read, views, ViewAsk(is_keyed=is_keyed, is_seen=is_seen))
        around = None if is_all else self._spans
        asked = ViewAsk(is_keyed=is_keyed, is_seen=is_seen, labels=self.labels, around=around)
        return scan(read, views, asked, engine=engine, spark=spark)

    def displayed(self, *, engine: str = "duckdb", spark: Any = None) -> Scan:
        """Return the numbers that all meetings show, whenever they were: which are the account's own is said by all."""
        return scan(self.archive._reads(), ("meetings",), ViewAsk(is_seen=False), engine=engine, spark=spark)[0]

    def certificate(self, start: Instant | None = None, end: Instant | None = None) -> Any:
        """Return what the archive or fleet claims about a period."""
        return self.archive.certificate(start, end)

    def _of_one(self, snapshot: Snapshot, views: tuple[str, ...], asked: ViewAsk) -> tuple[Scan, ...]:
        connection = asked.connect()
        start, end, n_stored = self._bounds(snapshot, connection)
        make_room(connection, n_stored)
        scans = []
        for name in views:
            rows = relation(snapshot, name, replace(asked, start=start, end=end), connection)
            if name == "meetings":
                every = relation(snapshot, name, asked, connection)
                rows = rows.union(
                    every.filter(f"started_at IS NULL OR (ended_at IS NULL AND NOT ({_inside(start, end)}))")
                )
            scans.append(Scan.of(rows, n_stored))
        return tuple(scans)

    @property
    def _edges(self) -> tuple[datetime | None, datetime | None]:
        start = None if self.start is None else self.start.astimezone(UTC) - MARGIN
        return start, None if self.end is None else self.end.astimezone(UTC) + MARGIN

    def _spans(self, snapshot: Snapshot) -> Spans:
        """Return the observations of all that may hold a row which counts: of files that the head says begin in the
        period, whose ends need not be read, and of row groups of others.
        """
        spans: list[tuple[int, int] | None] = []
        later = [file.bounds.get("obs") for file in snapshot.files("meetings") if self._may_begin_later(file)]
        for table in _STORED:
            for path, file in zip(snapshot.paths(table), snapshot.files(table), strict=True):
                obs = file.bounds.get("obs")
                if table == "meetings" and file.bounds.get("started_at") and may_start(file, *self._edges):
                    spans.append(obs)
                elif not obs or not any(one and one[0] <= obs[0] and obs[1] <= one[1] for one in spans):
                    with telling_damage(file.path, file.remedy):
                        spans += self._of_groups(pq.read_metadata(path), table, later)
        return spans

    def _may_begin_later(self, file: StoredFile) -> bool:
        begun = file.bounds.get("started_at", ())
        return begun is not None and (not begun or (self._edges[1] is not None and begun[1] >= self._edges[1]))

    def _of_groups(self, footer: pq.FileMetaData, table: str, later: Spans) -> Iterator[tuple[int, int] | None]:
        start, end = self._edges
        columns = {name: place for place, name in enumerate(footer.schema.names)}
        for number in range(footer.num_row_groups):
            told = {
                name: footer.row_group(number).column(columns[name]).statistics for name in ("obs", *_STORED[table])
            }
            obs, first, last = told.values()
            # a meeting without a start or an end counts as left out; a party without belongs to its meeting's times
            is_open = table == "meetings" and any(one is None or one.null_count != 0 for one in (first, last))
            begins = end is None or _may(first, lambda one: one.min < end)
            lasts = start is None or any(_may(one, lambda one: one.max >= start) for one in (first, last))
            span = (obs.min, obs.max) if obs is not None and obs.has_min_max else None
            # who dialled in before the period to a meeting behind it, and whose leaving is not told, is there all along
            stays = table == "legs" and (last is None or last.null_count != 0) and meets(span, later)
            if is_open or (begins and (lasts or stays)):
                yield span

    def around(self, start: Instant | None, end: Instant | None) -> Around:
        """Return the same about another period."""
        other: Around = self.archive.around(start, end)
        return other

    @telling(DERIVED)
    def _bounds(
        self, snapshot: Snapshot, connection: duckdb.DuckDBPyConnection
    ) -> tuple[datetime | None, datetime | None, int]:
        """Return from when to when meetings start of which anything may lie in the period, and about how many rows
        they are.
        """
        for name, told in found(snapshot, "{cells}{joined}", None).items():
            connection.register(name, told)
        for table, edges in _STORED.items():
            files = reading(map(str, snapshot.paths(table)), is_whole=False)
            own = f"SELECT obs, {', '.join(edges)} FROM {files}"  # noqa: S608 (the schema's own names)
            connection.execute(
                f"CREATE TEMP VIEW stored_{table} AS {own} UNION ALL {_TOLD_BESIDE[table].format(files=files)}"
            )
        start, end = self._edges
        lies: Any = connection.execute(_LIES_IN, [start or _EVER[0], end or _EVER[1]]).fetchall()
        # as numbers: DuckDB before 2.0 makes an instant of Python's by a package that few have
        first, last = (None if one is None else EPOCH + timedelta(microseconds=one) for one in lies[0])
        if start is not None and first is not None:
            start = min(start, first)
        if end is not None and last is not None:
            end = max(end, last + MARGIN)
        counted: Any = connection.execute(
            f"SELECT count(*) FROM stored_meetings WHERE {_inside(start, end)}"  # noqa: S608 (made of instants)
        ).fetchall()
        n_meetings, n_legs = (sum(file.rows for file in snapshot.files(table)) for table in _STORED)
        return start, end, int(counted[0][0] * max(1, n_legs / max(n_meetings, 1)))


def _may(told: Any, holds: Callable[[Any], bool]) -> bool:
    """Return whether any value of a row group may be so: a footer tells the lowest and the highest, or nothing."""
    return told is None or (holds(told) if told.has_min_max else told.num_values != 0)


def _inside(start: datetime | None, end: datetime | None) -> str:
    return f"TRUE{period(start, end, 'started_at')}".format(timestamp="TIMESTAMPTZ")
