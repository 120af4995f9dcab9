"""The views read through DuckDB: whole frames, and lazy ones that read only what is asked for."""

from __future__ import annotations

import atexit
from contextlib import suppress
from datetime import datetime
from functools import cache
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from uuid import uuid4

import duckdb
import pyarrow as pa

from ytxdata.archive.queries import COLUMNS, ORDER, view
from ytxdata.archive.sightings import last_seen
from ytxdata.archive.store import Snapshot, telling_damage
from ytxdata.archive.store_schema import SCHEMAS
from ytxdata.records.schema import arrow_schema
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
    files = [str(file.path) for file in snapshot.files(table)]
    if not files:
        connection.register(f"empty_{table}", SCHEMAS[table].empty_table())
        return f"empty_{table}"
    quoted = ", ".join("'" + path.replace("'", "''") + "'" for path in files)
    return f"read_parquet([{quoted}])"


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
