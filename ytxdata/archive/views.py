"""The views, as SQL that DuckDB and Spark both read: whole frames, and lazy ones that read only what is asked for.

`{meetings}`, `{legs}`, … stand for the stored tables, `{seen}` for when each observation was last seen, `{beside}`,
`{joined}` and `{sizes}` for what answers told of one meeting in several records (`raw_answers.together`), `{timestamp}`
for what an engine calls an instant with a zone. A version is current unless a later one replaces it: few rows are
replaced, so nothing has to be sorted or grouped, and a filter on `started_at` reaches the files.
"""

from __future__ import annotations

import atexit
import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any
from uuid import uuid4

import duckdb
import narwhals as nw
import pyarrow as pa

from ytxdata.archive.heads import Snapshot
from ytxdata.archive.known_meetings import last_seen
from ytxdata.archive.raw_answers import Together, together
from ytxdata.archive.stored_files import SCHEMAS, telling_damage
from ytxdata.errors import UsageError, require_extra
from ytxdata.labels import Text
from ytxdata.records.identity import may_be_two_sql
from ytxdata.records.schema import TABLES, Column, arrow_schema, empty, named_rows
from ytxdata.times import ZONE_NAME

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


MEETING_KEY = "m.meeting_id || '#' || CAST(m.twin + 1 AS VARCHAR)"
"""What tells two meetings of one id apart, in SQL: the id and its number in order of first being known, from 1."""

KEYED = ("meetings", "legs", "problems")
"""Views whose rows belong to one meeting each, and may say to which."""


def view(
    name: str, as_of: datetime | None, start: datetime | None, end: datetime | None, *, is_keyed: bool = False
) -> str:
    """Return the SQL of a view, its columns in the order of the schema.

    Parameters
    ----------
    as_of
        What had been asked up to that instant; None for all.
    start, end
        Meetings that start in `[start, end)`; a meeting whose start is unknown is in no period.
    is_keyed
        With `meeting_key` before them, by which rows of several views of `KEYED` belong to one meeting, and with
        `meeting_at`, its start.
    """
    key = f"{MEETING_KEY} AS meeting_key, m.started_at AS meeting_at, " if is_keyed and name in KEYED else ""
    return _VIEWS[name](name, as_of, _period(start, end), key)


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
    # as of: a later version replaces nothing yet, or what was known then would be missing
    return (
        f"{_until('m.observed_at', as_of)} AND NOT EXISTS (SELECT 1 FROM {{meetings}} r "
        f"WHERE r.replaces = m.obs AND {_until('r.observed_at', as_of)})"
    )


def _meetings(name: str, as_of: datetime | None, period: str, key: str) -> str:
    # what was regained from a raw answer is among no pull's numbers: it was seen when that answer came
    special = {
        "last_seen_at": "coalesce(s.last_seen_at, m.observed_at)",
        "record_hash": "lower(hex(m.record_hash))",
        "n_legs": "coalesce(z.n_legs, m.n_legs)",
        "n_people": "coalesce(z.n_people, m.n_people)",
    }
    return (
        f"SELECT {key}{_columns(name, 'm', **special)} FROM {{meetings}} m LEFT JOIN {{seen}} s ON s.obs = m.obs "
        f"LEFT JOIN {{sizes}} z ON z.obs = m.obs "
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
    own = f"SELECT {key}m.meeting_id, CAST(NULL AS BIGINT), 'meeting_id'"
    pairs = (("v", "w"), ("w", "v"))
    overlaps = " OR ".join(
        may_be_two_sql(f"{a}.started_at", f"{a}.ended_at", f"{b}.started_at", f"{b}.ended_at") for a, b in pairs
    )
    # of two versions one follows another, and few rows do: the join begins with those
    doubtful = (
        f"SELECT DISTINCT v.meeting_id, v.twin FROM {{meetings}} v JOIN {{meetings}} w ON v.meeting_id = w.meeting_id "
        f"AND v.twin = w.twin WHERE v.replaces IS NOT NULL AND ({overlaps}) "
        f"AND {_until('v.observed_at', as_of)} AND {_until('w.observed_at', as_of)}"
    )
    # a row for each of the two: whichever a reader looks at, it must say that the id is not its own
    return (
        f"{_of_meetings(name, as_of, period, key)} UNION ALL "
        f"{own}, 'id_collision', m.meeting_id FROM {{meetings}} m "
        f"WHERE m.meeting_id IN (SELECT t.meeting_id FROM {{meetings}} t WHERE t.twin > 0 AND {_until('t.observed_at', as_of)}) "
        f"AND {_current(as_of)}{period} UNION ALL "
        f"{own}, 'same_id_again', b.record_hash FROM {{beside}} b JOIN {{meetings}} m ON m.obs = b.obs "
        f"WHERE TRUE{period} UNION ALL "
        f"{own}, 'id_overlap', m.meeting_id FROM {{meetings}} m JOIN ({doubtful}) d "
        f"ON d.meeting_id = m.meeting_id AND d.twin = m.twin WHERE {_current(as_of)}{period}"
    )


def _by_itself(name: str, as_of: datetime | None, _period: str, _key: str) -> str:
    column = "asked_at" if "asked_at" in SCHEMAS[name].names else "observed_at"
    return f"SELECT {_columns(name, 't')} FROM {{{name}}} t WHERE {_until(f't.{column}', as_of)}"


_VIEWS = {
    "meetings": _meetings,
    "legs": _of_meetings,
    "problems": _problems,
    "rejects": _by_itself,
    "pulls": _by_itself,
}


PIECE = 65_536
"""Rows that leave at a time: few enough to be masked in Python without holding a whole table."""

_MEMORY_MB = (1000, 256)
"""What DuckDB may take before it spills: at least the first, and the second for each core it uses."""


@cache
def spill() -> Path:
    """A directory that only this user can read, and that goes with the process: what is spilled holds telephone
    numbers.
    """
    directory = mkdtemp(prefix="ytxdata-")
    atexit.register(rmtree, directory, ignore_errors=True)
    return Path(directory)


def connect(file: Path | None = None) -> duckdb.DuckDBPyConnection:
    """Return a DuckDB connection of its own that shows instants in Asia/Shanghai, and spills instead of filling the
    memory.

    Parameters
    ----------
    file
        Where its tables are to be; in memory when not given.
    """
    connection = duckdb.connect(str(file) if file else ":memory:")
    connection.execute(f"SET TimeZone = '{ZONE_NAME}'")
    threads: tuple[int] | None = connection.execute("SELECT current_setting('threads')").fetchone()
    assert threads is not None
    limit, directory = max(_MEMORY_MB[0], _MEMORY_MB[1] * threads[0]), (spill() / uuid4().hex).as_posix()
    quoted = directory.replace("'", "''")
    connection.execute(f"SET memory_limit = '{limit}MB'; SET temp_directory = '{quoted}'")
    with suppress(duckdb.InvalidInputException):  # a notebook without ipywidgets has no bar to switch off
        connection.execute("SET enable_progress_bar = false")
    return connection


def relation(
    snapshot: Snapshot,
    name: str,
    *,
    as_of: datetime | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    connection: duckdb.DuckDBPyConnection | None = None,
    is_keyed: bool = False,
) -> duckdb.DuckDBPyRelation:
    """Return a view as a lazy DuckDB relation over the snapshot's Parquet files.

    Relations of one connection can be joined; they must be of one snapshot and instant.
    """
    connection = connection or connect()
    sql = view(name, as_of, start, end, is_keyed=is_keyed)
    tables = {table: _stored(connection, snapshot, table) for table in SCHEMAS if f"{{{table}}}" in sql}
    for found, rows in _found(snapshot, sql, as_of).items():
        connection.register(found, rows)
        tables[found] = found
    return connection.sql(sql.format(timestamp="TIMESTAMPTZ", **tables))


def _found(snapshot: Snapshot, sql: str, as_of: datetime | None) -> dict[str, pa.Table]:
    """Return what a view needs that no stored table says: what answers listed, and when."""
    asked = {name for name in ("seen", *Together._fields) if f"{{{name}}}" in sql}
    found = {"seen": last_seen(snapshot, as_of)} if "seen" in asked else {}
    if asked - {"seen"}:
        found |= {name: rows for name, rows in together(snapshot, as_of)._asdict().items() if name in asked}
    return found


def _stored(connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, table: str) -> str:
    files = snapshot.files(table)
    is_whole = all(file.columns == tuple(SCHEMAS[table].names) for file in files)
    if not files or not is_whole:
        connection.register(f"empty_{table}", SCHEMAS[table].empty_table())
    if not files:
        return f"empty_{table}"
    quoted = ", ".join("'" + str(path).replace("'", "''") + "'" for path in snapshot.paths(table))
    if is_whole:
        return f"read_parquet([{quoted}])"
    # files of an earlier version lack columns that this one knows: what nobody wrote is null
    written = f"read_parquet([{quoted}], union_by_name = true)"
    return f"(FROM {written} UNION ALL BY NAME FROM empty_{table})"


def table(
    snapshot: Snapshot | None,
    name: str,
    *,
    as_of: datetime | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
) -> pa.Table:
    """Return a view as an Arrow table of exactly the schema's columns and types, sorted."""
    schema = arrow_schema(COLUMNS[name])
    if snapshot is None:
        return schema.empty_table()
    with telling_damage(name):
        try:
            keyed = relation(snapshot, name, as_of=as_of, start=start, end=end, is_keyed=True)
            rows = keyed.order(ORDER[name]).select(*schema.names).to_arrow_table()
        except duckdb.Error as error:
            raise _as_python(error) from error
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
    with telling_damage(name):
        try:
            keyed = relation(snapshot, name, as_of=as_of, start=start, end=end, is_keyed=True)
            asked = keyed.query("rows", sql)
            assert asked is not None  # a SELECT gives rows
            reader = asked.to_arrow_reader(PIECE)
            yield reader.schema.empty_table()
            for batch in reader:
                yield pa.Table.from_batches([batch])
        except duckdb.Error as error:
            raise _as_python(error) from error


class Scan(nw.LazyFrame[Any]):
    """A view that reads only what is asked for: a lazy frame of narwhals that other tools take as it is.

    `pl.DataFrame(scan)`, `duckdb.sql("from scan")` and `pd.DataFrame(scan)` read its rows, and so they do those of what
    `filter`, `select` and `join` make of it. `n_stored` is how many rows are stored of all views that were asked for
    with it, and tells whether they are worth an engine: None where nobody counted.
    """

    n_stored: int | None = None

    @classmethod
    def of(cls, native: Any, n_stored: int | None = None) -> Scan:
        """Return the scan of an engine's own lazy frame."""
        made = cls(nw.from_native(native)._compliant_frame, level="lazy")
        made.n_stored = n_stored
        return made

    @property
    def schema(self) -> nw.Schema:
        """Its columns; the engines know them before they compute anything."""
        return self.collect_schema()

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Hand the rows to whoever speaks the Arrow PyCapsule protocol."""
        native: Any = self.to_native()
        # DuckDB streams, so that what is longer than the memory passes through; other engines hand over a whole table
        stream: Any = native if hasattr(native, "__arrow_c_stream__") else self.collect("pyarrow").to_native()
        return stream.__arrow_c_stream__(requested_schema)

    def __len__(self) -> int:
        counted: Any = self.select(n=nw.len()).collect("pyarrow").item()
        return int(counted)

    def __getitem__(self, column: Any) -> Any:
        """Return a column as PyArrow has it."""
        if column not in self.collect_schema().names():
            raise KeyError(f"{column!r}: there are {', '.join(self.collect_schema().names())}")
        return self.select(column).collect("pyarrow").to_native()[column]

    def __iter__(self) -> Iterator[Any]:
        """Yield the rows as named tuples."""
        yield from named_rows(pa.RecordBatchReader.from_stream(self))


def scan(
    snapshot: Snapshot | None, names: Sequence[str], *, as_of: datetime | None, engine: str, spark: Any,
    is_keyed: bool = False,
) -> tuple[Scan, ...]:  # fmt: skip
    """Return views of one snapshot as lazy narwhals frames of an engine, which can be joined with each other.

    Parameters
    ----------
    spark
        The Spark session; the active one when None. Its workers must reach the archive's directory.
    is_keyed
        As in `view`.
    """
    for name in names:
        _choose("view", name, COLUMNS)
    natives = _choose("engine", engine, _ENGINES)(snapshot, names, as_of, spark, is_keyed)
    n_stored = sum(file.rows for name in names for file in snapshot.files(name)) if snapshot else 0
    return tuple(Scan.of(native, n_stored) for native in natives)


def _choose(what: str, given: str, table: dict[str, Any]) -> Any:
    if given not in table:
        known = ", ".join(table)
        raise UsageError(
            Text(f"没有这种 {what}：{given}", f"no such {what}: {given}"),
            remedy=Text(f"可用：{known}", f"use one of: {known}"),
        )
    return table[given]


def _duckdb(
    snapshot: Snapshot | None, names: Sequence[str], as_of: datetime | None, _spark: Any, is_keyed: bool
) -> list[Any]:
    connection = connect()
    if snapshot is None:
        return [connection.from_arrow(_none(name, is_keyed)) for name in names]
    return [relation(snapshot, name, as_of=as_of, connection=connection, is_keyed=is_keyed) for name in names]


def _none(name: str, is_keyed: bool) -> pa.Table:
    rows = empty(COLUMNS[name])
    return rows.add_column(0, "meeting_key", pa.nulls(0, pa.string())) if is_keyed and name in KEYED else rows


def _pyspark(
    snapshot: Snapshot | None, names: Sequence[str], as_of: datetime | None, spark: Any, is_keyed: bool
) -> list[Any]:
    require_extra("spark")
    from pyspark.sql import SparkSession

    session = spark or SparkSession.getActiveSession()
    if session is None:
        raise UsageError(
            Text("没有活动的 Spark 会话", "there is no active Spark session"),
            remedy=Text("用 spark= 传入会话", "pass one as spark="),
        )
    return [_spark_view(session, snapshot, name, as_of, is_keyed) for name in names]


def _spark_view(session: Any, snapshot: Snapshot | None, name: str, as_of: datetime | None, is_keyed: bool) -> Any:
    if snapshot is None:
        return session.createDataFrame(_none(name, is_keyed))
    sql = view(name, as_of, None, None, is_keyed=is_keyed)
    frames = {table: _files(session, snapshot, table) for table in SCHEMAS if f"{{{table}}}" in sql}
    frames |= {found: session.createDataFrame(rows) for found, rows in _found(snapshot, sql, as_of).items()}
    names = {table: f"{{{table}}}" for table in frames}
    return session.sql(sql.format(timestamp="TIMESTAMP", **names), **frames)


def _files(session: Any, snapshot: Snapshot, table: str) -> Any:
    empty_one = session.createDataFrame(SCHEMAS[table].empty_table())
    # Spark takes the columns of one file for those of all: files of an earlier version are read apart
    alike: dict[tuple[str, ...], list[str]] = {}
    for file, path in zip(snapshot.files(table), snapshot.paths(table), strict=True):
        alike.setdefault(file.columns, []).append(str(path))
    frames = [session.read.parquet(*paths) for paths in alike.values()]
    if list(alike) == [tuple(SCHEMAS[table].names)]:
        return frames[0]
    for frame in frames:
        empty_one = empty_one.unionByName(frame, allowMissingColumns=True)
    return empty_one


_ENGINES = {"duckdb": _duckdb, "spark": _pyspark}


def _as_python(error: duckdb.Error) -> Exception:
    """Return what DuckDB met as the error that Python has for it: only a damaged file is damage."""
    if isinstance(error, duckdb.OutOfMemoryException):
        return MemoryError(str(error))
    # DuckDB tells what the system said in words alone, without its number
    for code in (errno.ENOSPC, errno.EACCES, errno.EMFILE):
        if os.strerror(code) in str(error):
            return OSError(code, str(error))
    return ValueError(str(error))
