"""Lazy views for big data: nothing is read before it is asked for, and then only what is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import narwhals as nw

from ytxdata.archive.queries import COLUMNS, view
from ytxdata.archive.sightings import last_seen
from ytxdata.archive.store import Snapshot
from ytxdata.archive.store_schema import SCHEMAS
from ytxdata.archive.views import connect, relation
from ytxdata.errors import MissingExtraError, UsageError
from ytxdata.labels import Text
from ytxdata.records.schema import empty


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
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise MissingExtraError(
            Text("没有安装 pyspark", "pyspark is not installed"),
            remedy=Text("运行 pip install 'ytxdata[spark]'", "run pip install 'ytxdata[spark]'"),
        ) from None
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
    files = [str(file.path) for file in snapshot.files(table)]
    return session.read.parquet(*files) if files else session.createDataFrame(SCHEMAS[table].empty_table())


_ENGINES = {"duckdb": _duckdb, "spark": _pyspark}
