"""The views as lazy frames of an engine, which read only what is asked for: of one archive, or of many as one table.

Of many archives the stored rows are one table each: an archive's numbers of observations begin where those of the one
before have room, and its name stands beside each row. So one query serves all accounts, whatever their number: as many
queries as accounts, put together, took an engine longer to plan than to run.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlparse

import duckdb
import narwhals as nw
import pyarrow as pa
import pyarrow.compute as pc

from ytxdata.archive.connections import make_room
from ytxdata.archive.heads import Snapshot
from ytxdata.archive.stored_files import SCHEMAS, StoredFile
from ytxdata.archive.views import COLUMNS, Spans, ViewAsk, found, moved_on, named, reading, relation, telling
from ytxdata.archive.whole_files import check_again
from ytxdata.errors import UsageError, require_extra
from ytxdata.labels import Text
from ytxdata.periods import period_of
from ytxdata.records.schema import to_pandas, to_polars
from ytxdata.records.values import named_rows
from ytxdata.redact import labels_beside
from ytxdata.spark_sessions import check_runs, spark_session
from ytxdata.times import Instant, as_instant

# ruff: noqa: S608 (made of the schema's own names and of instants, never of text from outside)

ROOM = 1 << 40
"""How many observations one of many archives has room for: numbers of eight million archives fit."""

_NUMBERS = ("obs", "replaces", "other")
"""Columns of numbers of observations."""


class Part(NamedTuple):
    """One of many archives: the account it is of, and the state of it that is read."""

    account: str
    snapshot: Snapshot


Read = Snapshot | None | Sequence[Part]
"""One archive, or none yet, or many."""


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
        made = cls(nw.from_native(native).lazy()._compliant_frame, level="lazy")
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

    def collect(self, *given: Any, **options: Any) -> nw.DataFrame[Any]:
        """Compute it, as narwhals does; a stored file that is not what was written is damage, and a state that syncs
        have let go is to be read anew."""
        check_runs(self)
        try:
            return super().collect(*given, **options)
        except duckdb.Error:
            # what is asked may be wrong, too, and what the engine says of a changed file names none
            sql: str = self.to_native().sql_query()
            if gone := moved_on(sql):
                raise gone from None
            check_again(lambda path: named([str(path)])[1:-1] in sql)
            raise

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


class Scannable:
    """An archive or many, whose views can be read lazily."""

    @property
    def labels(self) -> Mapping[str, Mapping[str, str]]:
        """Of many archives: account → its labels."""
        return {}

    def _reads(self) -> Read:
        raise NotImplementedError

    def scan(
        self, view: str, as_of: Instant | None = None, *, start: Instant | None = None, end: Instant | None = None,
        engine: str = "duckdb", spark: Any = None,
    ) -> Scan:  # fmt: skip
        """Return a view as a lazy narwhals frame: `meetings`, `legs`, `rejects`, `problems` or `pulls`.

        Parameters
        ----------
        as_of
            What was known from answers asked up to that instant.
        start, end
            Of meetings, legs and problems those of meetings that start in `[start, end)`; files of other times are not
            opened.
        engine
            `duckdb` reads the Parquet files in this process, `spark` on its workers; `pandas` and `polars` hold what
            DuckDB read.
        spark
            The Spark session; the active one when not given. Its workers must reach the directories.

        Returns
        -------
        Scan
            Columns as in the frames; of a fleet with `account` before them, and the labels of the account behind. Only
            columns and row groups that are asked for are read; pandas, Polars, DuckDB and whatever else speaks Arrow
            takes it as it is.

        Raises
        ------
        UsageError
            No such view or engine, or no Spark session.
        MissingExtraError
            The extra `spark` is not installed.
        """
        return self.scans(view, as_of=as_of, start=start, end=end, engine=engine, spark=spark)[0]

    def scans(
        self, *views: str, as_of: Instant | None = None, start: Instant | None = None, end: Instant | None = None,
        engine: str = "duckdb", spark: Any = None, is_keyed: bool = False, is_seen: bool = True,
    ) -> tuple[Scan, ...]:  # fmt: skip
        """Return several views as `scan` does, all of one snapshot, so that they fit and can be joined with each
        other; `is_keyed` with `meeting_key` before them: one `meeting_id` may stand for two meetings; without
        `is_seen` meetings lack `last_seen_at`, for which all calls must be read, and the key of one archive is a
        number.
        """
        first, last = period_of(start, end)
        seen = None if as_of is None else as_instant(as_of, name="as_of")
        asked = ViewAsk(seen, first, last, is_keyed=is_keyed, is_seen=is_seen, labels=self.labels)
        return scan(self._reads(), views, asked, engine=engine, spark=spark)


def scan(
    read: Read, names: Sequence[str], asked: ViewAsk, *, engine: str = "duckdb", spark: Any = None
) -> tuple[Scan, ...]:
    """Return views of one snapshot, or of many, as lazy narwhals frames of an engine, which can be joined with each
    other.

    Parameters
    ----------
    engine
        `duckdb` and `spark` read what is asked for when it is asked for; `pandas` and `polars` hold it, read by DuckDB.
    spark
        The Spark session; the active one when None. Its workers must reach the archives' directories.
    """
    for name in names:
        _choose("view", name, COLUMNS)
    natives = _choose("engine", engine, _ENGINES)(read, names, asked, spark_session(engine, spark))
    n_stored = _n_stored(read, names)
    return tuple(Scan.of(native, n_stored) for native in natives)


def _n_stored(read: Read, names: Sequence[str]) -> int:
    snapshots = [read] if isinstance(read, Snapshot) else [part.snapshot for part in read or ()]
    return sum(file.rows for snapshot in snapshots for name in names for file in snapshot.files(name))


def _choose(what: str, given: str, table: dict[str, Any]) -> Any:
    if given not in table:
        known = ", ".join(table)
        raise UsageError(
            Text(f"没有这种 {what}：{given}", f"no such {what}: {given}"),
            remedy=Text(f"可用：{known}", f"use one of: {known}"),
        )
    return table[given]


def pruned(snapshot: Snapshot, name: str, asked: ViewAsk, *, is_joined: bool) -> Snapshot:
    """Return the snapshot with only the files that may hold rows of the period: by what the head keeps of each, so
    that none is opened for it. Where `is_joined`, legs of one meeting stand in several records, wherever those are.
    """
    is_open = asked.start is None and asked.end is None
    if name not in ("meetings", "legs") or (is_joined if asked.around else is_open):
        return snapshot
    if asked.around:
        spans = asked.around(snapshot)
    else:
        spans = [one.bounds.get("obs") for one in snapshot.files("meetings") if may_start(one, asked.start, asked.end)]
    meetings = [
        one for one in snapshot.files("meetings") if meets(one.bounds.get("obs"), spans) or _replaces(one, spans)
    ]
    legs = [one for one in snapshot.files("legs") if is_joined or meets(one.bounds.get("obs"), spans)]
    return replace(snapshot, listed={**snapshot.listed, "meetings": tuple(meetings), "legs": tuple(legs)})


def may_start(file: StoredFile, start: datetime | None, end: datetime | None) -> bool:
    """Return whether meetings of a file may start in a period, as far as its head tells."""
    bounds = file.bounds.get("started_at", ())
    if not bounds:
        return bounds is not None  # nothing is known: it may; all are null: none is in any period
    return (end is None or bounds[0] < end) and (start is None or bounds[1] >= start)


def _replaces(file: StoredFile, spans: Spans) -> bool:
    """Return whether a later version in it may say of one of these that it no longer holds."""
    replaced = file.bounds.get("replaces", ())
    return replaced is not None and meets(replaced, spans)


def meets(own: Any, spans: Spans) -> bool:
    """Return whether observations from one number to another may be among those of some spans; None may hold any."""
    return not own or any(not one or (own[0] <= one[1] and one[0] <= own[1]) for one in spans)


class _Looked(NamedTuple):
    """Of many archives: the files of a view by table, in whose rows numbers are moved by how much, and the look-ups
    that no stored table says, their numbers moved.
    """

    files: dict[str, list[tuple[str, StoredFile, int, str]]]
    tables: dict[str, pa.Table]


def _looked(parts: Sequence[Part], name: str, sql: str, asked: ViewAsk) -> _Looked:
    files: dict[str, list[tuple[str, StoredFile, int, str]]] = {table: [] for table in SCHEMAS if f"{{{table}}}" in sql}
    tables: dict[str, list[pa.Table]] = {}
    for place, (account, snapshot) in enumerate(parts):
        own = found(snapshot, sql, asked.as_of)
        for other, rows in own.items():
            tables.setdefault(other, []).append(_moved(rows, place * ROOM))
        # meetings know by the number of their legs that any are joined; other cells say nothing of where rows are
        legs = [own["joined"]["leg"]] if "joined" in own else [own["cells"]["n_legs"]] if "cells" in own else []
        part = pruned(snapshot, name, asked, is_joined=any(len(one) > one.null_count for one in legs))
        for table, listed in files.items():
            paths = map(str, part.paths(table))
            listed += [(path, file, place * ROOM, account) for path, file in zip(paths, part.files(table), strict=True)]
    return _Looked(files, {other: pa.concat_tables(some) for other, some in tables.items()})


def _moved(rows: pa.Table, by: int) -> pa.Table:
    for name in set(_NUMBERS) & set(rows.column_names):
        at = rows.column_names.index(name)
        rows = rows.set_column(at, name, pc.add(rows[name], by))
    return rows


def label_columns(of: Mapping[str, Mapping[str, str]], name: str) -> dict[str, str]:
    """Return label → its column in a view; one that is called like a column of the view is told from it."""
    taken = ("account", "meeting_key", "meeting_at", *(column.name for column in COLUMNS[name]))
    return labels_beside(taken, (label for one in of.values() for label in one))


def _label_table(asked: ViewAsk, name: str) -> pa.Table:
    rows = {
        column: [one.get(label) for one in asked.labels.values()]
        for label, column in label_columns(asked.labels, name).items()
    }
    columns = {"account": list(asked.labels), **rows}
    return pa.table({column: pa.array(values, pa.string()) for column, values in columns.items()})


def _with_labels(native: Any, small: Any) -> Any:
    return nw.to_native(nw.from_native(native).join(nw.from_native(small), on="account", how="left"))


# ── DuckDB, and what holds what DuckDB reads ──
def _duckdb(read: Read, names: Sequence[str], asked: ViewAsk, _spark: Any) -> list[Any]:
    connection = asked.connect()
    make_room(connection, _n_stored(read, names))
    if isinstance(read, Snapshot):
        return [relation(read, name, asked, connection) for name in names]
    if read:
        made: list[Any] = [_of_many(connection, read, name, asked) for name in names]
    else:
        made = [connection.from_arrow(asked.none(name, of_many=read is not None)) for name in names]
    if not asked.labels:
        return made
    return [
        _with_labels(one, connection.from_arrow(_label_table(asked, name)))
        for one, name in zip(made, names, strict=True)
    ]


def _of_many(connection: duckdb.DuckDBPyConnection, parts: Sequence[Part], name: str, asked: ViewAsk) -> Any:
    sql = asked.sql(name, of_many=True)
    looked = _looked(parts, name, sql, asked)
    tables = {table: _stored(connection, name, table, files) for table, files in looked.files.items()}
    for other, rows in looked.tables.items():
        connection.register(f"{name}_{other}", rows)
        tables[other] = f"{name}_{other}"
    with telling(name):
        return connection.sql(sql.format(timestamp="TIMESTAMPTZ", **tables))


def _stored(
    connection: duckdb.DuckDBPyConnection, name: str, table: str, files: list[tuple[str, StoredFile, int, str]]
) -> str:
    schema = SCHEMAS[table]
    connection.register(f"{name}_{table}_none", schema.empty_table())
    if not files:
        return f"(SELECT CAST(NULL AS VARCHAR) AS account, * FROM {name}_{table}_none)"
    listed = {
        "path": [one[0] for one in files],
        "base": [one[2] for one in files],
        "account": [one[3] for one in files],
    }
    connection.register(f"{name}_{table}_files", pa.table(listed))
    is_whole = all(file.columns == tuple(schema.names) for _, file, _, _ in files)
    read = reading((path for path, _, _, _ in files), "filename = 'path_of_file'", is_whole=is_whole)
    if not is_whole:  # what nobody wrote is null
        read = f"(FROM {read} UNION ALL BY NAME FROM {name}_{table}_none)"
    columns = ", ".join(f"t.{one} + f.base AS {one}" if one in _NUMBERS else f"t.{one}" for one in schema.names)
    return f"(SELECT f.account, {columns} FROM {read} t JOIN {name}_{table}_files f ON f.path = t.path_of_file)"


def _pandas(read: Read, names: Sequence[str], asked: ViewAsk, _spark: Any) -> list[Any]:
    return [to_pandas(rows) for rows in _held(read, names, asked)]


def _held(read: Read, names: Sequence[str], asked: ViewAsk) -> Iterator[pa.Table]:
    for name, one in zip(names, _duckdb(read, names, asked, None), strict=True):
        with telling(name):
            rows = one.to_arrow_table()
        yield rows


def _polars(read: Read, names: Sequence[str], asked: ViewAsk, _spark: Any) -> list[Any]:
    require_extra("polars")
    return [to_polars(rows) for rows in _held(read, names, asked)]


# ── Spark ──
_LOCAL = re.compile("^file:/+")
_PATTERN = re.compile(r"[][{}*?\\]")
"""What Spark takes for patterns in names of folders: below `2026 [1]` it found no file."""

_BY_ROWS_ALONE = {"parquet.filter.columnindex.enabled": "false", "parquet.filter.bloom.enabled": "false"}
"""No file of ours has what these go by; those of layouts 1 and 2 have an index that nothing holds against their rows."""


def _pyspark(read: Read, names: Sequence[str], asked: ViewAsk, session: Any) -> list[Any]:
    made = [_spark_view(session, read, name, asked) for name in names]
    if not asked.labels:
        return made
    labels = (session.createDataFrame(_label_table(asked, name)) for name in names)
    return [_with_labels(one, own) for one, own in zip(made, labels, strict=True)]


def _spark_view(session: Any, read: Read, name: str, asked: ViewAsk) -> Any:
    if not read:
        return session.createDataFrame(asked.none(name, of_many=read is not None))
    is_one = isinstance(read, Snapshot)
    parts = [Part("", read)] if isinstance(read, Snapshot) else read
    sql = asked.sql(name, of_many=not is_one)
    looked = _looked(parts, name, sql, asked)
    frames = {table: _spark_files(session, table, files, is_one=is_one) for table, files in looked.files.items()}
    frames |= {other: session.createDataFrame(rows) for other, rows in looked.tables.items()}
    names = {table: f"{{{table}}}" for table in frames}
    return session.sql(sql.format(timestamp="TIMESTAMP", **names), **frames)


def _spark_files(session: Any, table: str, files: list[tuple[str, StoredFile, int, str]], *, is_one: bool) -> Any:
    """Return the stored rows of some files. Their columns are known, so that no file is opened before it is read."""
    from pyspark.sql import functions
    from pyspark.sql.types import StructType

    rows = session.createDataFrame(SCHEMAS[table].empty_table())
    known = rows.schema
    rows = rows if is_one else rows.withColumn("path_of_file", functions.lit(""))
    # Spark takes the columns of one file for those of all: files of an earlier version are read apart
    alike: dict[tuple[str, ...], list[str]] = {}
    for path, file, _, _ in files:
        alike.setdefault(file.columns, []).append(_PATTERN.sub(r"\\\g<0>", path))
    frames: list[Any] = []
    places: dict[str, str] = {}
    for columns, paths in alike.items():
        written = StructType([field for field in known if field.name in columns])
        frame = session.read.options(**_BY_ROWS_ALONE, contents=_contents(files)).schema(written).parquet(*paths)
        if not is_one:
            # one address is `file:///a` to some parts of Spark and `file:/a` to others
            places |= {unquote(urlparse(url).path): _LOCAL.sub("/", url) for url in frame.inputFiles()}
            address = functions.regexp_replace(functions.col("_metadata.file_path"), _LOCAL.pattern, "/")
            frame = frame.select("*", address.alias("path_of_file"))
        frames.append(frame)
    if [*alike] == [tuple(SCHEMAS[table].names)]:
        rows = frames[0]
    else:
        for frame in frames:
            rows = rows.unionByName(frame, allowMissingColumns=True)
    if is_one:
        return rows
    listed = {
        "path_of_file": [places[path] for path, *_ in files],
        "base": [base for _, _, base, _ in files],
        "account": [account for *_, account in files],
    }
    small = session.createDataFrame(pa.table(listed))
    told = rows.join(functions.broadcast(small), "path_of_file")
    moved = {one: functions.col(one) + functions.col("base") for one in _NUMBERS if one in known.names}
    return told.withColumns(moved).drop("path_of_file", "base")


def _contents(files: list[tuple[str, StoredFile, int, str]]) -> str:
    """Return what tells these files from others of the same names: to Spark, which goes by names and options, what it
    kept (`cache`) of an archive was as good for the backup, or the other account, that stood at its path since.
    """
    marks = sorted((path, file.sha256 or Path(path).stat().st_mtime_ns) for path, file, *_ in files)  # of layout 2 none
    return hashlib.sha256(repr(marks).encode()).hexdigest()


_ENGINES = {"pandas": _pandas, "polars": _polars, "duckdb": _duckdb, "spark": _pyspark}
ENGINES = tuple(_ENGINES)
"""What reads an archive."""
