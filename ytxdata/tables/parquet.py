"""Parquet that every engine reads alike: plain types, instants in UTC, each column with its meaning in the file."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ytxdata.errors import FileDiffersError
from ytxdata.files import replacing
from ytxdata.tables.described import Described, about, differs, write_about

ROW_GROUP = 65_536
"""Rows of a row group: enough to compress well, and few enough that one week of a month is not the whole of it."""

_UTC = pa.timestamp("us", tz="UTC")


def rows_of(table: Described) -> pa.Table:
    """Return the rows of a masked table as they stand in a file: instants in UTC, each column with its names and unit."""
    fields, columns = [], []
    for key, column in zip(table.arrow.column_names, table.arrow.columns, strict=True):
        known = table.definition(key)
        if pa.types.is_timestamp(column.type):
            # wall time without a zone is read as UTC by some engines and as their own zone by others
            column = column if column.type.tz else pc.assume_timezone(column, table.zone)
            column = column.cast(_UTC)
        fields.append(pa.field(key, column.type, metadata={"zh": known.zh, "en": known.en, "unit": known.unit}))
        columns.append(column)
    return pa.table(columns, schema=pa.schema(fields))


def write_rows(rows: pa.Table, path: Path) -> None:
    """Write rows as one Parquet file: ZSTD, statistics, a page index. The same rows give the same bytes."""
    pq.write_table(
        rows,
        path,
        compression="zstd",
        compression_level=3,
        row_group_size=ROW_GROUP,
        write_page_index=True,
        store_schema=True,
    )


def write(table: Described, path: str | Path, *, check: bool = True) -> Path:
    """Write a masked table as Parquet and what it means as `NAME.parquet.about.json` beside it; the file appears when it is whole.

    Raises
    ------
    UsageError
        The path cannot be written.
    FileDiffersError
        The file, read back, is not what was meant.
    """
    target, rows = Path(path), rows_of(table)
    with replacing(target) as draft:
        write_rows(rows, draft)
        if check:
            compare(rows, draft)
    write_about(about(table), target)
    return target


def compare(rows: pa.Table, path: Path) -> None:
    """Read a file and compare it with the rows that were meant; raise FileDiffersError when it differs."""
    found = pq.read_table(path, partitioning=None)
    if found.column_names != rows.column_names or found.num_rows != rows.num_rows:
        raise _differs(path, "", "header")
    for key in rows.column_names:
        if not found[key].equals(rows[key]):
            raise _differs(path, key, "cells")


def _differs(path: Path, column: str, what: str) -> FileDiffersError:
    return differs(path.name, 1, column, what)
