"""The views: whole frames through DuckDB, and lazy ones of DuckDB or Spark that read only what is asked for."""

from __future__ import annotations

import atexit
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from functools import cache
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any
from uuid import uuid4

import duckdb
import narwhals as nw
import pyarrow as pa

from ytxdata.archive.last_seen import last_seen
from ytxdata.archive.storage.disk_errors import telling_damage
from ytxdata.archive.storage.snapshot import Snapshot
from ytxdata.archive.storage.stored_columns import SCHEMAS
from ytxdata.archive.view_sql import COLUMNS, ORDER, view
from ytxdata.errors import UsageError
from ytxdata.extras import require_extra
from ytxdata.labels import Text
from ytxdata.records.schema import arrow_schema, empty
from ytxdata.times import ZONE_NAME

_MEMORY_MB = (1000, 256)
"""What DuckDB may take before it spills: at least the first, and the second for each core it uses."""


@cache
def _spill() -> Path:
    """A directory that only this user can read, and that goes with the process: what is spilled holds telephone numbers."""
    directory = mkdtemp(prefix="ytxdata-")
    atexit.register(rmtree, directory, ignore_errors=True)
    return Path(directory)


def connect() -> duckdb.DuckDBPyConnection:
    """Return a DuckDB connection of its own that shows instants in Asia/Shanghai, and spills instead of filling the memory."""
    connection = duckdb.connect()
    connection.execute(f"SET TimeZone = '{ZONE_NAME}'")
    threads: tuple[int] | None = connection.execute("SELECT current_setting('threads')").fetchone()
    assert threads is not None
    limit, directory = max(_MEMORY_MB[0], _MEMORY_MB[1] * threads[0]), (_spill() / uuid4().hex).as_posix()
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
) -> duckdb.DuckDBPyRelation:
    """Return a view as a lazy DuckDB relation over the snapshot's Parquet files.

    Relations of one connection can be joined; they must be of one snapshot and instant.
    """
    connection = connection or connect()
    sql = view(name, as_of, start, end)
    tables = {table: _stored(connection, snapshot, table) for table in SCHEMAS if f"{{{table}}}" in sql}
    if "{seen}" in sql:
        connection.register("seen", last_seen(snapshot, as_of))
    return connection.sql(sql.format(seen="seen", timestamp="TIMESTAMPTZ", **tables))


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
            rows = relation(snapshot, name, as_of=as_of, start=start, end=end).order(ORDER[name]).to_arrow_table()
        except duckdb.Error as error:
            raise ValueError(str(error)) from error
    return rows.cast(schema)


def scan(
    snapshot: Snapshot | None, names: Sequence[str], *, as_of: datetime | None, engine: str, spark: Any
) -> tuple[nw.LazyFrame[Any], ...]:
    """Return views of one snapshot as lazy narwhals frames of an engine, which can be joined with each other.

    Parameters
    ----------
    spark
        The Spark session; the active one when None. Its workers must reach the archive's directory.
    """
    for name in names:
        _choose("view", name, COLUMNS)
    natives = _choose("engine", engine, _ENGINES)(snapshot, names, as_of, spark)
    return tuple(nw.from_native(native) for native in natives)


def _choose(what: str, given: str, table: dict[str, Any]) -> Any:
    if given not in table:
        known = ", ".join(table)
        raise UsageError(
            Text(f"没有这种 {what}：{given}", f"no such {what}: {given}"),
            remedy=Text(f"可用：{known}", f"use one of: {known}"),
        )
    return table[given]


def _duckdb(snapshot: Snapshot | None, names: Sequence[str], as_of: datetime | None, _spark: Any) -> list[Any]:
    connection = connect()
    if snapshot is None:
        return [connection.from_arrow(empty(COLUMNS[name])) for name in names]
    return [relation(snapshot, name, as_of=as_of, connection=connection) for name in names]


def _pyspark(snapshot: Snapshot | None, names: Sequence[str], as_of: datetime | None, spark: Any) -> list[Any]:
    require_extra("spark")
    from pyspark.sql import SparkSession

    session = spark or SparkSession.getActiveSession()
    if session is None:
        raise UsageError(
            Text("没有活动的 Spark 会话", "there is no active Spark session"),
            remedy=Text("用 spark= 传入会话", "pass one as spark="),
        )
    return [_spark_view(session, snapshot, name, as_of) for name in names]


def _spark_view(session: Any, snapshot: Snapshot | None, name: str, as_of: datetime | None) -> Any:
    if snapshot is None:
        return session.createDataFrame(empty(COLUMNS[name]))
    sql = view(name, as_of, None, None)
    frames = {table: _files(session, snapshot, table) for table in SCHEMAS if f"{{{table}}}" in sql}
    if "{seen}" in sql:
        frames["seen"] = session.createDataFrame(last_seen(snapshot, as_of))
    names = {table: f"{{{table}}}" for table in frames}
    return session.sql(sql.format(timestamp="TIMESTAMP", **names), **frames)


def _files(session: Any, snapshot: Snapshot, table: str) -> Any:
    empty_one = session.createDataFrame(SCHEMAS[table].empty_table())
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
