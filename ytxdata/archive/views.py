"""The views, as SQL that DuckDB and Spark both read, and whole frames of them; `scans` has those that are lazy.

`{meetings}`, `{legs}`, … stand for the stored tables, `{seen}` for when each observation was last seen, `{beside}`,
`{joined}`, `{cells}` and `{told}` for what answers told of one meeting in several records (`raw_answers.together`),
`{timestamp}` for what an engine calls an instant with a zone. A version is current unless a later one replaces it: few
rows are replaced, so nothing has to be sorted or grouped, and a filter on `started_at` reaches the files.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from ytxdata.archive.connections import OWN, as_python, connect
from ytxdata.archive.heads import Snapshot, newest
from ytxdata.archive.known_meetings import last_seen
from ytxdata.archive.ownership import IDENTITY
from ytxdata.archive.raw_answers import Together, together
from ytxdata.archive.stored_files import (
    DERIVE_AGAIN,
    DERIVED,
    DERIVED_TABLES,
    INSTANT,
    RESTORE,
    SCHEMAS,
    paths_of,
    telling_damage,
)
from ytxdata.errors import UsageError
from ytxdata.labels import Text
from ytxdata.records.identity import may_be_two_sql
from ytxdata.records.merge_records import MEETING_COLUMNS
from ytxdata.records.schema import TABLES, Column, arrow_schema, empty

# ruff: noqa: S608 (made of the schema's own names and of instants, never of text from outside)


COLUMNS: dict[str, tuple[Column, ...]] = {
    name: TABLES[name].columns for name in ("meetings", "legs", "rejects", "problems", "pulls")
}
"""The views and their columns."""

ORDER = {
    "meetings": "started_at NULLS FIRST, meeting_id, version",
    "legs": "meeting_id, leg, meeting_key",
    "rejects": "pull_id, position",
    "problems": "meeting_id, leg NULLS FIRST, reason, raw_value",
    "pulls": "asked_at, pull_id",
}
"""How frames are sorted; legs of two meetings of one id by the meeting too, or their order would change by itself."""


MEETING_KEY = "m.meeting_id || '#' || CAST(m.twin + 1 AS STRING)"
"""What tells two meetings of one id apart, in SQL: the id and its number in order of first being known, from 1."""

KEYED = ("meetings", "legs", "problems")
"""Views whose rows belong to one meeting each, and may say to which."""


def _instant(instant: datetime) -> str:
    return f"{{timestamp}} '{instant.astimezone(UTC).isoformat(sep=' ', timespec='microseconds')}'"


def period(start: datetime | None, end: datetime | None, column: str = "m.started_at") -> str:
    """Return what a condition goes on with so that rows are of a period; empty where it has no edge."""
    bounds = [(">=", start), ("<", end)]
    return "".join(f" AND {column} {sign} {_instant(edge)}" for sign, edge in bounds if edge is not None)


def _until(column: str, as_of: datetime | None) -> str:
    return f"{column} <= {_instant(as_of)}" if as_of else "TRUE"


def _columns(name: str, alias: str, without: str = "", /, **special: str) -> str:
    return ", ".join(
        f"{special.get(column.name, f'{alias}.{column.name}')} AS {column.name}"
        for column in COLUMNS[name]
        if column.name != without
    )


def _current(as_of: datetime | None) -> str:
    # as of: a later version replaces nothing yet, or what was known then would be missing
    return (
        f"{_until('m.observed_at', as_of)} AND NOT EXISTS (SELECT 1 FROM {{meetings}} r "
        f"WHERE r.replaces = m.obs AND {_until('r.observed_at', as_of)})"
    )


_SHOWN = {
    **{name: f"coalesce(z.{name}, m.{name})" for name in MEETING_COLUMNS if name not in ("meeting_id", "started_at")},
    "record_hash": "lower(hex(m.record_hash))",
}
"""What views show of a meeting in place of what is stored of it; id and start are what the record shown is chosen by."""


def _bare_meetings(name: str, as_of: datetime | None, period: str, key: str) -> str:
    return (
        f"SELECT {key}{_columns(name, 'm', 'last_seen_at', **_SHOWN)} FROM {{meetings}} m "
        f"LEFT JOIN {{cells}} z ON z.obs = m.obs WHERE {_current(as_of)}{period}"
    )


def _meetings(name: str, as_of: datetime | None, period: str, key: str) -> str:
    # what was regained from a raw answer is among no pull's numbers: it was seen when that answer came
    special = {**_SHOWN, "last_seen_at": "coalesce(s.last_seen_at, m.observed_at)"}
    return (
        f"SELECT {key}{_columns(name, 'm', **special)} FROM {{meetings}} m LEFT JOIN {{seen}} s ON s.obs = m.obs "
        f"LEFT JOIN {{cells}} z ON z.obs = m.obs "
        f"WHERE {_current(as_of)}{period}"
    )


def _of_meetings(name: str, as_of: datetime | None, period: str, key: str) -> str:
    return (
        f"SELECT {key}{_columns(name, 't')} FROM {{{name}}} t JOIN {{meetings}} m ON t.obs = m.obs "
        f"WHERE {_current(as_of)}{period} UNION ALL "
        f"SELECT {key}{_columns(name, 't', leg='j.as_leg')} FROM {{joined}} j "
        f"JOIN {{{name}}} t ON t.obs = j.other AND t.leg = j.leg JOIN {{meetings}} m ON m.obs = j.obs WHERE TRUE{period}"
    )


def _problems(name: str, as_of: datetime | None, period: str, key: str) -> str:
    """Problems of records, of ids that were used for two meetings, for certain or perhaps, and of meetings told in
    several records at once.
    """
    # an id is one account's own: of many archives, only rows of one may be two meetings of an id
    own_id = "({0}.account, {0}.meeting_id)" if "m.account" in key else "{0}.meeting_id"
    v, w, m, d, t, k = (own_id.format(alias) for alias in "vwmdtk")
    whose = "v.account, " if "m.account" in key else ""
    own = f"SELECT {key}m.meeting_id, CAST(NULL AS BIGINT), 'meeting_id'"
    pairs = (("v", "w"), ("w", "v"))
    overlaps = " OR ".join(
        may_be_two_sql(f"{a}.started_at", f"{a}.ended_at", f"{b}.started_at", f"{b}.ended_at") for a, b in pairs
    )
    # of two versions one follows another, and few rows do: the join begins with those
    doubtful = (
        f"SELECT DISTINCT {whose}v.meeting_id, v.twin FROM {{meetings}} v JOIN {{meetings}} w ON {v} = {w} "
        f"AND v.twin = w.twin WHERE v.replaces IS NOT NULL AND ({overlaps}) "
        f"AND {_until('v.observed_at', as_of)} AND {_until('w.observed_at', as_of)}"
    )
    # a row for each of the two: whichever a reader looks at, it must say so; one for a room of one creator (`merge`)
    who, ids = _SHOWN["creator"], "m.account, m.meeting_id" if whose else "m.meeting_id"
    shared = (
        f"SELECT {ids}, min(m.twin) AS oldest, count(DISTINCT {who}) = 1 AND count({who}) = count(*) AS is_kept "
        f"FROM {{meetings}} m LEFT JOIN {{cells}} z ON z.obs = m.obs "
        f"WHERE {m} IN (SELECT {t[1:-1] if whose else t} FROM {{meetings}} t WHERE t.twin > 0 AND {_until('t.observed_at', as_of)}) "
        f"AND {_current(as_of)}{period} GROUP BY {ids}"
    )
    return (
        f"{_of_meetings(name, as_of, period, key)} UNION ALL "
        f"{own}, 'id_collision', m.meeting_id FROM {{meetings}} m JOIN ({shared}) k ON {k} = {m} "
        f"WHERE (NOT k.is_kept OR m.twin = k.oldest) AND {_current(as_of)}{period} UNION ALL "
        f"{own}, 'same_id_again', b.record_hash FROM {{beside}} b JOIN {{meetings}} m ON m.obs = b.obs "
        f"WHERE TRUE{period} UNION ALL "
        f"SELECT {key}m.meeting_id, CAST(NULL AS BIGINT), b.column, b.reason, b.raw_value FROM {{told}} b "
        f"JOIN {{meetings}} m ON m.obs = b.obs WHERE TRUE{period} UNION ALL "
        f"{own}, 'id_overlap', m.meeting_id FROM {{meetings}} m JOIN ({doubtful}) d "
        f"ON {d} = {m} AND d.twin = m.twin WHERE {_current(as_of)}{period}"
    )


def _by_itself(name: str, as_of: datetime | None, _period: str, key: str) -> str:
    column = "asked_at" if "asked_at" in SCHEMAS[name].names else "observed_at"
    return f"SELECT {key}{_columns(name, 't')} FROM {{{name}}} t WHERE {_until(f't.{column}', as_of)}"


_VIEWS = {
    "meetings": _meetings,
    "legs": _of_meetings,
    "problems": _problems,
    "rejects": _by_itself,
    "pulls": _by_itself,
}


Spans = Sequence[tuple[int, int] | None]
"""From which to which number of an observation, both included; None where that is not known."""


@dataclass(frozen=True)
class ViewAsk:
    """What is asked of the views.

    Parameters
    ----------
    as_of
        What had been asked up to that instant; None for all.
    start, end
        Meetings that start in `[start, end)`; a meeting whose start is unknown is in no period.
    is_keyed
        With `meeting_key` before them, by which rows of several views of `KEYED` belong to one meeting, and with
        `meeting_at`, its start.
    is_seen
        Whether it takes the look-up of when each record was last seen; meetings are without `last_seen_at` else, as
        reports ask for them, and of one archive `meeting_key` is the number of the meeting's observation: by the text
        legs take half as long again to find their meeting, and twice the memory.
    labels
        Of many archives: account → what else is said of it, a column each.
    around
        What in a state is needed, by spans of numbers of observations: files of others are left out.
    """

    as_of: datetime | None = None
    start: datetime | None = None
    end: datetime | None = None
    is_keyed: bool = False
    is_seen: bool = True
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    around: Callable[[Snapshot], Spans] | None = None

    def sql(self, name: str, *, of_many: bool = False) -> str:
        """Return the SQL of a view, its columns in the order of the schema; `of_many` of stored tables that hold the
        rows of many archives, whose numbers of observations do not meet: with `account`, which they have, before all.
        """
        key = MEETING_KEY if self.is_seen or of_many else "m.obs"
        keys = f"{key} AS meeting_key, m.started_at AS meeting_at, " if self.is_keyed and name in KEYED else ""
        if of_many:
            keys = f"{'m' if name in KEYED else 't'}.account AS account, {keys}"
        made = _bare_meetings if name == "meetings" and not self.is_seen else _VIEWS[name]
        return made(name, self.as_of, period(self.start, self.end), keys)

    def connect(self) -> duckdb.DuckDBPyConnection:
        """Return a connection for these views, lazy ones. Without `is_seen` a report asks, which makes nothing that
        stays; of a view that users get they may make a table, and again when a cell of a notebook is run once more.
        """
        return connect(OWN if self.is_seen else "")

    def none(self, name: str, *, of_many: bool) -> pa.Table:
        """Return the view without rows."""
        rows = empty(COLUMNS[name])
        if name == "meetings" and not self.is_seen:
            rows = rows.drop_columns(["last_seen_at"])
        if self.is_keyed and name in KEYED:
            rows = rows.add_column(0, "meeting_at", pa.nulls(0, INSTANT))
            key = pa.string() if self.is_seen or of_many else pa.int64()
            rows = rows.add_column(0, "meeting_key", pa.nulls(0, key))
        return rows.add_column(0, "account", pa.nulls(0, pa.string())) if of_many else rows


PIECE = 65_536
"""Rows that leave at a time: few enough to be masked in Python without holding a whole table."""


def relation(
    snapshot: Snapshot, name: str, asked: ViewAsk, connection: duckdb.DuckDBPyConnection
) -> duckdb.DuckDBPyRelation:
    """Return a view as a lazy DuckDB relation over the snapshot's Parquet files.

    Relations of one connection can be joined; they must be of one snapshot and instant.
    """
    sql = _asked(connection, snapshot, name, asked)
    with telling(name):
        return connection.sql(sql)


def _asked(connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, name: str, asked: ViewAsk) -> str:
    """Return the SQL of a view over the snapshot's files, for a connection that then has all it needs."""
    sql = asked.sql(name)
    tables = {table: _stored(connection, snapshot, table) for table in SCHEMAS if f"{{{table}}}" in sql}
    for other, rows in found(snapshot, sql, asked.as_of).items():
        connection.register(other, rows)
        tables[other] = other
    return sql.format(timestamp="TIMESTAMPTZ", **tables)


def found(snapshot: Snapshot, sql: str, as_of: datetime | None) -> dict[str, pa.Table]:
    """Return what a view needs that no stored table says: what answers listed, and when."""
    asked = {name for name in ("seen", *Together._fields) if f"{{{name}}}" in sql}
    looked_up = {"seen": last_seen(snapshot, as_of)} if "seen" in asked else {}
    if asked - {"seen"}:
        looked_up |= {name: rows for name, rows in together(snapshot, as_of)._asdict().items() if name in asked}
    return looked_up


def _stored(connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, table: str) -> str:
    files = snapshot.files(table)
    is_whole = all(file.columns == tuple(SCHEMAS[table].names) for file in files)
    if not files or not is_whole:
        connection.register(f"empty_{table}", SCHEMAS[table].empty_table())
    if not files:
        return f"empty_{table}"
    written = reading(map(str, snapshot.paths(table)), is_whole=is_whole)
    if is_whole:
        return written
    # files of an earlier version lack columns that this one knows: what nobody wrote is null
    return f"(FROM {written} UNION ALL BY NAME FROM empty_{table})"


_PATTERN = re.compile(r"[*?[]")
"""What DuckDB takes for patterns in names; in brackets it means itself."""


def reading(paths: Iterable[str], *options: str, is_whole: bool) -> str:
    """Return the SQL that reads stored files, and nothing else: of an archive below a folder called `name=north`,
    DuckDB by itself takes every name to be north, and below `2026[1]` it reads those of `20261`.
    """
    more = ("hive_partitioning = false", *options, *(() if is_whole else ("union_by_name = true",)))
    return f"read_parquet({named(paths)}, {', '.join(more)})"


def named(paths: Iterable[str]) -> str:
    """Return a list of files in SQL, each by its name alone."""
    plain = (_PATTERN.sub(r"[\g<0>]", path) for path in paths)
    return "[" + ", ".join("'" + path.replace("'", "''") + "'" for path in plain) + "]"


def table(
    snapshot: Snapshot | None,
    name: str,
    *,
    as_of: datetime | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    chosen: pa.Table | None = None,
) -> pa.Table:
    """Return a view as an Arrow table of exactly the schema's columns and types, sorted; of a view of `KEYED` only the
    rows of the meetings `chosen`, by the numbers `obs` that reports know them by.
    """
    schema = arrow_schema(COLUMNS[name])
    if snapshot is None:
        return schema.empty_table()
    with telling(name):
        connection = connect()
        keyed, where = _asked(connection, snapshot, name, ViewAsk(as_of, start, end, is_keyed=True)), ""
        if chosen is not None:
            connection.register("chosen", chosen)
            stored = _stored(connection, snapshot, "meetings")
            where = f"WHERE meeting_key IN (SELECT {MEETING_KEY} FROM {stored} m SEMI JOIN chosen USING (obs))"
        # as one query: a relation is bound at each of its steps
        names = ", ".join(f'"{column}"' for column in schema.names)
        rows = connection.sql(f"SELECT {names} FROM ({keyed}) {where} ORDER BY {ORDER[name]}").to_arrow_table()
    return rows.cast(schema)


def pieces(
    snapshot: Snapshot,
    name: str,
    sql: str,
    *,
    as_of: datetime | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
) -> Iterator[pa.Table]:
    """Yield what a query over `rows`, which stands for a keyed view, returns, some rows at a time; an empty piece
    when there are none.
    """
    with telling(name):
        connection = connect()
        keyed = _asked(connection, snapshot, name, ViewAsk(as_of, start, end, is_keyed=True))
        reader = connection.sql(f'WITH "rows" AS ({keyed}) {sql}').to_arrow_reader(PIECE)
        yield reader.schema.empty_table()
        for batch in reader:
            yield pa.Table.from_batches([batch])


@contextmanager
def telling(what: str, remedy: Text | None = None) -> Iterator[None]:
    """Tell what DuckDB meets in stored files as every reader of them does; what helps follows from the table's name."""
    with telling_damage(what, remedy or (DERIVE_AGAIN if what in (DERIVED, *DERIVED_TABLES) else RESTORE)):
        try:
            yield
        except duckdb.Error as error:
            raise moved_on(str(error)) or as_python(error) from error


def moved_on(said: str) -> UsageError | None:
    """Return the error for a file, named in a text, that is gone as the archive has moved on: it keeps those of its
    newest states alone.

    A lazy view is read when it is asked for, which may be many syncs later.
    """
    for path in map(Path, re.findall(r"[\"']([^\"']+\.parquet)[\"']", said)):
        root = next((one for one in path.parents if (one / IDENTITY).exists()), None)
        if root is not None and not path.exists():
            state = newest(root)
            if state is not None and path.relative_to(root).as_posix() not in paths_of(state.listed):
                return UsageError(_MOVED_ON, remedy=Text("再读一次（scan）", "read it anew (scan)"))
    return None


_MOVED_ON = Text(
    "所读的存档状态已不在：其后的多次同步已放下它的文件（存档并未损坏）",
    "the state of the archive that is read here is gone: syncs since then let its files go (it is not damaged)",
)
