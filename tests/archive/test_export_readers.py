"""An export is read alike by every engine: the same rows, columns and types, whatever folders stand above it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from tests.archive.exported import MONTHS, TABLES
from ytxdata.archive import Archive
from ytxdata.exits.export_files import Format

Exported = Callable[[Format], Path]


def by_duckdb(folder: Path, name: str, form: str) -> pa.Table:
    with duckdb.connect() as connection:
        connection.execute(f"SET file_search_path = '{folder}'")
        connection.execute((folder / "views.sql").read_text("utf-8"))
        return connection.sql(f"SELECT * FROM {name}").to_arrow_table()


def by_polars(folder: Path, name: str, form: str) -> pa.Table:
    if form == "parquet":
        return pl.read_parquet(folder / name / "**/*.parquet", hive_partitioning=True).to_arrow()
    return pl.read_csv(folder / name / "**/*.csv", infer_schema=False).to_arrow()


def by_pandas(folder: Path, name: str, form: str) -> pa.Table:
    if form == "parquet":
        return pa.Table.from_pandas(pd.read_parquet(folder / name, dtype_backend="pyarrow"), preserve_index=False)
    frames = [pd.read_csv(path, dtype=str) for path in sorted((folder / name).rglob("*.csv"))]
    return pa.Table.from_pandas(pd.concat(frames), preserve_index=False)


def by_pyarrow(folder: Path, name: str, form: str) -> pa.Table:
    if form == "parquet":
        return ds.dataset(folder / name, partitioning="hive").to_table()
    strings = pa.schema([(column, pa.string()) for column in columns_of(folder, name)])
    options = pacsv.ParseOptions(newlines_in_values=True)
    return ds.dataset(folder / name, schema=strings, format=ds.CsvFileFormat(parse_options=options)).to_table()


def columns_of(folder: Path, name: str) -> list[str]:
    told = json.loads((folder / "datapackage.json").read_text("utf-8"))
    (one,) = [one for one in told["resources"] if one["name"] == name]
    return [field["name"] for field in one["schema"]["fields"]]


READERS: dict[str, Callable[[Path, str, str], pa.Table]] = {
    "duckdb": by_duckdb, "polars": by_polars, "pandas": by_pandas, "pyarrow": by_pyarrow,
}  # fmt: skip


def plain(rows: pa.Table, columns: list[str]) -> list[tuple[Any, ...]]:
    """Rows as one list that can be compared: instants in UTC, every value by its text, an empty text as null."""
    shown = []
    for column in columns:
        cells = rows[column]
        if pa.types.is_timestamp(cells.type):
            cells = cells.cast(pa.timestamp("us", "UTC"))
        if pa.types.is_dictionary(cells.type):
            cells = cells.cast(cells.type.value_type)
        shown.append([None if cell in (None, "") else str(cell) for cell in cells.to_pylist()])
    return sorted(zip(*shown, strict=True), key=str)


@pytest.mark.slow
@pytest.mark.parametrize("reader", READERS)
def test_parquet_is_read_alike(exported_once: Exported, reader: str) -> None:
    out = exported_once("parquet")
    for name in TABLES:
        columns = columns_of(out, name)
        files = [pq.read_table(path, partitioning=None) for path in sorted((out / name).rglob("*.parquet"))]
        meant, found = pa.concat_tables(files), READERS[reader](out, name, "parquet")
        assert set(found.column_names) - {"month"} == set(columns)
        assert plain(found, columns) == plain(meant, columns), name
        if name == "meetings":
            assert len({row["month"] for row in found.select(["month"]).to_pylist()}) == 4
            ids = found["meeting_id"].to_pylist()
            assert all(isinstance(one, str) and len(one) == 29 for one in ids)


@pytest.mark.slow
@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_a_table_without_rows_has_the_columns_of_a_full_one(
    archive: Archive, platform: Any, tmp_path: Path, form: Any
) -> None:
    found: list[pa.Table] = []
    for times in ({}, {"starttime": "看不懂"}):
        platform.records = [platform.record(0, **times)]
        archive.sync(platform)
        archive.export(tmp_path / f"{len(found)}", form)
        found.append(by_duckdb(tmp_path / f"{len(found)}", "problems", form))
    assert [len(rows) > 0 for rows in found] == [False, True]
    assert found[0].column_names == found[1].column_names
    assert "month" in found[0].column_names


@pytest.mark.slow
@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_folders_above_an_export_are_no_columns(
    kept: Archive, exported_once: Exported, tmp_path: Path, form: Format
) -> None:
    plainly, below = exported_once(form), tmp_path / "name=north" / "month=9" / "out"
    kept.export(below, form)
    for name in ("meetings", "legs", "problems"):
        meant, found = (by_duckdb(folder, name, form) for folder in (plainly, below))
        assert plain(found, found.column_names) == plain(meant, found.column_names)
    months = {row["month"] for row in by_duckdb(below, "meetings", form).to_pylist()}
    assert months == {*MONTHS, None}
    with duckdb.connect() as connection:
        connection.execute(f"SET file_search_path = '{below}'")
        connection.execute((below / "views.sql").read_text("utf-8"))
        month = min(MONTHS)
        (_, plan), *_ = connection.sql(f"EXPLAIN ANALYZE SELECT * FROM meetings WHERE month = '{month}'").fetchall()
    assert f"1/{len(months)}" in plan  # the filter opens one month's file


@pytest.mark.slow
@pytest.mark.parametrize("reader", READERS)
def test_csv_is_read_alike(exported_once: Exported, reader: str) -> None:
    out = exported_once("csv")
    for name in TABLES:
        columns, found = columns_of(out, name), READERS[reader](out, name, "csv")
        if not found.num_rows:
            continue
        if reader == "duckdb":  # the script gives types: instants are those of the Parquet files
            typed = by_pyarrow(exported_once("parquet"), name, "parquet")
            rows, meant = plain(found, columns), plain(typed, columns)
            assert [[unescaped(cell) for cell in row] for row in rows] == [list(row) for row in meant], name
        else:
            assert plain(found, columns) == plain(by_pandas(out, name, "csv"), columns), name


def unescaped(cell: str | None) -> str | None:
    """A text that a spreadsheet would run has an apostrophe before it in every CSV of this package."""
    return cell[1:] if cell and cell.startswith("'=") else cell


@pytest.mark.spark
@pytest.mark.slow
def test_spark_reads_parquet_alike(spark: Any, exported: Exported) -> None:
    out, session = exported("parquet"), spark.newSession()
    session.conf.set("spark.sql.sources.partitionColumnTypeInference.enabled", "false")
    for name in TABLES:
        columns = columns_of(out, name)
        found = session.read.parquet(str(out / name)).toArrow()
        assert plain(found, columns) == plain(by_pyarrow(out, name, "parquet"), columns), name


@pytest.mark.slow
def test_delta_is_read_alike_and_a_month_is_one_transaction(kept: Archive, platform: Any, tmp_path: Path) -> None:
    deltalake = pytest.importorskip("deltalake")
    kept.export(tmp_path / "parquet")
    kept.export(tmp_path / "delta", "delta")
    for _ in range(2):
        for name in TABLES:
            columns = columns_of(tmp_path / "parquet", name)
            found = pa.table(deltalake.DeltaTable(tmp_path / "delta" / name).to_pyarrow_table())
            assert plain(found, columns) == plain(by_pyarrow(tmp_path / "parquet", name, "parquet"), columns), name
        versions = deltalake.DeltaTable(tmp_path / "delta" / "legs").version()
        platform.records[0] = {**platform.records[0], "meetingname": "又改", "parties": []}
        kept.sync(platform)
        kept.export(tmp_path / "parquet")
        kept.export(tmp_path / "delta", "delta")
    assert deltalake.DeltaTable(tmp_path / "delta" / "legs").version() >= versions


@pytest.mark.slow
def test_an_empty_archive_has_all_views(archive: Archive, platform: Any, tmp_path: Path) -> None:
    platform.records = []
    archive.sync(platform)
    for form in ("parquet", "csv"):
        archive.export(tmp_path / form, form)
        for name in TABLES[:6]:
            assert by_duckdb(tmp_path / form, name, form).num_rows == (1 if name == "pulls" else 0)
