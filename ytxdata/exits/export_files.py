"""The files of an export: one a month and table, or a partition of a Delta table, and a script that shows them as a database."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Literal, Protocol

import pyarrow as pa

from ytxdata.files import PRIVATE_FILE, sync_all
from ytxdata.labels import Text
from ytxdata.records.schema import TABLES, TableName
from ytxdata.tables import csv, open_formats
from ytxdata.tables.described import type_name
from ytxdata.tables.table import Table
from ytxdata.times import ZONE_NAME

# ruff: noqa: S608 (names of our own tables and columns, never text from outside)

Format = Literal["parquet", "csv", "delta"]

MONTHLY: tuple[TableName, ...] = ("meetings", "legs", "problems")
"""Tables by the month in which their meeting starts."""

UNKNOWN = "__HIVE_DEFAULT_PARTITION__"
"""The month of meetings whose start is unknown, as every engine that reads partitions calls null."""

DRAFTS, LOCK = ".drafts", ".lock"
"""What lies in the folder while an export is being written."""

Part = dict[str, Any]
"""What is said of one month of one table: its rows, and of a file its path, size and hash."""


class MonthWriter(Protocol):
    """Puts tables into a folder, a month at a time."""

    def month(self, month: str | None, tables: Mapping[TableName, Table]) -> dict[str, Part]:
        """Replace one month of all tables."""

    def whole(self, table: Table) -> Part:
        """Replace a table of no month."""

    def months(self) -> set[str | None]:
        """Return the months that lie there, whoever wrote them."""

    def remove(self, month: str | None) -> None:
        """Take away a month that holds no meeting any more."""


def _folder(name: str, month: str | None) -> str:
    return f"{name}/month={month or UNKNOWN}"


class _Files:
    """Writes a month of a table as one file: `meetings/month=2026-01/meetings.parquet`."""

    def __init__(self, folder: Path, ending: str, write: Callable[[Table, Path], None]) -> None:
        self.folder, self.ending, self.write = folder, ending, write
        self.drafts = folder / DRAFTS

    def month(self, month: str | None, tables: Mapping[TableName, Table]) -> dict[str, Part]:
        """Write one month of all tables: first all drafts, which takes long, then each takes its place."""
        places = {name: self.folder / _folder(name, month) / f"{name}.{self.ending}" for name in tables}
        filled = {places[name]: table for name, table in tables.items() if table.arrow.num_rows}
        self._replace(filled)
        for name, table in tables.items():
            if not table.arrow.num_rows:
                _drop(places[name])
        return {name: self._part(places[name], table.arrow.num_rows) for name, table in tables.items()}

    def whole(self, table: Table) -> Part:
        """Write a table of no month; a file that is the same already is left alone."""
        path = self.folder / table.name / f"{table.name}.{self.ending}"
        self._replace({path: table})
        return self._part(path, table.arrow.num_rows)

    def months(self) -> set[str | None]:
        """Return the months that lie there, whoever wrote them."""
        return {_month(path) for name in MONTHLY for path in (self.folder / name).glob("month=*")}

    def remove(self, month: str | None) -> None:
        """Take away a month that holds no meeting any more."""
        for name in MONTHLY:
            _drop(self.folder / _folder(name, month) / f"{name}.{self.ending}")

    def _replace(self, tables: Mapping[Path, Table]) -> None:
        """Write files so that each is seen whole: drafts where no pattern of a reader finds them, then each takes its place."""
        # a draft beside its target would be read as one more part of the table, should the run be killed
        drafts = {path: self.drafts / path.name for path in tables}
        self.drafts.mkdir(exist_ok=True)
        for path, table in tables.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            self.write(table, drafts[path])
            if table.is_open:
                drafts[path].chmod(PRIVATE_FILE)
        sync_all(drafts.values())
        for path, draft in drafts.items():
            draft.replace(path)

    def _part(self, path: Path, n_rows: int) -> Part:
        told = open_formats.file(self.folder, path) if path.exists() else {}
        return {**told, "rows": n_rows}


def _month(path: Path) -> str | None:
    month = path.name.partition("=")[2]
    return None if month == UNKNOWN else month


def _drop(path: Path) -> None:
    path.unlink(missing_ok=True)
    if path.parent.is_dir() and not any(path.parent.iterdir()):
        path.parent.rmdir()


def _as_parquet(table: Table, path: Path) -> None:
    open_formats.write_rows(open_formats.parquet_rows(table), path)


def _as_csv(table: Table, path: Path) -> None:
    csv.write_rows(table, path, "machine")


class _Delta:
    """Writes a month as a partition of a Delta table: one transaction puts the new rows in the place of the old."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def month(self, month: str | None, tables: Mapping[TableName, Table]) -> dict[str, Part]:
        """Replace one month of all tables."""
        for name, table in tables.items():
            rows = open_formats.parquet_rows(table)
            named = rows.append_column("month", pa.array([month] * rows.num_rows, pa.string()))
            self._write(name, named, f"month = '{month}'" if month else "month IS NULL", ["month"])
        return {name: {"rows": table.arrow.num_rows} for name, table in tables.items()}

    def whole(self, table: Table) -> Part:
        """Replace a table of no month, where it changed."""
        rows = open_formats.parquet_rows(table)
        self._write(table.name, rows, None, None)
        return {"path": table.name, "rows": rows.num_rows}

    def months(self) -> set[str | None]:
        """Return the months that lie there, whoever wrote them."""
        from deltalake import DeltaTable

        places = [self.folder / name for name in MONTHLY if DeltaTable.is_deltatable(str(self.folder / name))]
        return {part.get("month") or None for place in places for part in DeltaTable(place).partitions()}

    def remove(self, month: str | None) -> None:
        """Take away a month that holds no meeting any more."""
        from deltalake import DeltaTable

        for name in MONTHLY:
            if DeltaTable.is_deltatable(str(self.folder / name)):
                DeltaTable(self.folder / name).delete(f"month = '{month}'" if month else "month IS NULL")

    def _write(self, name: str, rows: pa.Table, predicate: str | None, by: list[str] | None) -> None:
        from deltalake import DeltaTable, WriterProperties, write_deltalake

        place = self.folder / name
        is_there = DeltaTable.is_deltatable(str(place))
        if is_there and predicate is None and pa.table(DeltaTable(place).to_pyarrow_table()).equals(rows):
            return
        place.mkdir(parents=True, exist_ok=True)
        write_deltalake(
            place,
            rows,
            mode="overwrite",
            partition_by=by,
            predicate=predicate if is_there else None,
            writer_properties=WriterProperties(compression="ZSTD", compression_level=3),
        )


WRITERS: dict[Format, Callable[[Path], MonthWriter]] = {
    "parquet": partial(_Files, ending="parquet", write=_as_parquet),
    "csv": partial(_Files, ending="csv", write=_as_csv),
    "delta": _Delta,
}


_READ = {
    "parquet": "read_parquet('{name}/**/*.parquet', hive_partitioning = {monthly})",
    "csv": "read_csv('{name}/**/*.csv', hive_partitioning = {monthly}, auto_detect = false, header = true, delim = ',', quote = '\"', escape = '\"', columns = {{{columns}}})",
    "delta": "delta_scan('{name}')",
}
_DUCKDB = {"text": "VARCHAR", "truth": "BOOLEAN", "integer": "BIGINT", "number": "DOUBLE", "date": "DATE", "instant": "TIMESTAMPTZ", "time": "TIMESTAMPTZ"}  # fmt: skip

_HEAD = """-- The tables of this folder as views of DuckDB, each column with its meaning: / 本目录各表的 DuckDB 视图，列带说明：
--   cd FOLDER && duckdb -init views.sql
-- From elsewhere: SET file_search_path = '/path/of/FOLDER'; first. / 在别处使用时先设 file_search_path。
-- Join by meeting_key: one meeting_id may stand for two meetings. / 请按 meeting_key 连接：一个会议编号可能用于两场会议。
"""


def views_sql(tables: Mapping[TableName, Table], format: Format, filled: Collection[str]) -> str:  # noqa: A002
    """Return the script that makes a view of each table.

    Parameters
    ----------
    tables
        Tables without rows that have the columns.
    filled
        Those of which there are files: a pattern that meets none would be an error.
    """
    lines = [_HEAD, f"SET TimeZone = '{ZONE_NAME}';"]
    if format == "delta":
        lines.append("INSTALL delta; LOAD delta;")
    for name, table in tables.items():
        lines += ["", f"CREATE OR REPLACE VIEW {name} AS {_select(name, table, format, name in filled)};"]
        lines.append(f"COMMENT ON VIEW {name} IS {_quoted(TABLES[name].row)};")
        for key in table.arrow.column_names:
            known = table.definition(key)
            meaning = known.formula if known.formula.en else known.label
            lines.append(f'COMMENT ON COLUMN {name}."{key}" IS {_quoted(meaning)};')
    return "\n".join(lines) + "\n"


def _select(name: TableName, table: Table, format: Format, is_filled: bool) -> str:  # noqa: A002
    kinds = {key: _kind(type_name(table.arrow.schema.field(key).type)) for key in table.arrow.column_names}
    if not is_filled:
        nulls = ", ".join(f'NULL::{kind} AS "{key}"' for key, kind in kinds.items())
        return f"SELECT {nulls} WHERE false"
    columns = ", ".join(f"'{key}': '{kind.replace('TIMESTAMPTZ', 'TIMESTAMP')}'" for key, kind in kinds.items())
    source = _READ[format].format(name=name, monthly=str(name in MONTHLY).lower(), columns=columns)
    if format != "csv":
        return f"FROM {source}"
    # a CSV holds wall time of Beijing
    instants = [key for key, kind in kinds.items() if kind == "TIMESTAMPTZ"]
    walls = ", ".join(f'timezone(\'{ZONE_NAME}\', "{key}") AS "{key}"' for key in instants)
    return f"SELECT * REPLACE ({walls}) FROM {source}" if walls else f"FROM {source}"


def _kind(name: str) -> str:
    return _DUCKDB.get(name) or name.upper()


def _quoted(text: Text) -> str:
    told = f"{text.en} / {text.zh}".replace("'", "''")
    return f"'{told}'"
