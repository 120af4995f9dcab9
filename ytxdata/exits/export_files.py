"""The files of an export: one a month and table, or a partition of a Delta table, and a script that shows them as a
database; and a file that came from elsewhere, checked against the description that lies beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from ytxdata.errors import DamagedError, UsageError
from ytxdata.files import PRIVATE_FILE, json_of, read_plain, sha256_of, sync_all
from ytxdata.labels import Text, in_lines
from ytxdata.records.schema import TABLES, TableName
from ytxdata.tables import csv, open_formats
from ytxdata.tables.csv import parse_cell, read_rows
from ytxdata.tables.described import SUFFIX, WHOLE_NAMED, about_path, type_name
from ytxdata.tables.table import Table
from ytxdata.times import ZONE_NAME, beijing_text

Format = Literal["parquet", "csv", "delta"]

MONTHLY: tuple[TableName, ...] = ("meetings", "legs", "problems")
"""Tables by the month in which their meeting starts."""

UNKNOWN = "__HIVE_DEFAULT_PARTITION__"
"""The month of meetings whose start is unknown, as every engine that reads partitions calls null."""

DRAFTS, LOCK = ".drafts", ".lock"
"""What lies in the folder while an export is being written."""

Part = dict[str, Any]
"""What is said of one month of one table: its rows, and of a file its path, size and hash."""


class _Files:
    """Writes a month of a table as one file: `meetings/month=2026-01/meetings.parquet`."""

    def __init__(self, folder: Path, ending: str, write: Callable[[Table, Path], None]) -> None:
        self.folder, self.ending, self.write = folder, ending, write

    def month(self, month: str | None, tables: Mapping[TableName, Table]) -> dict[str, Part]:
        """Write one month of all tables: first all drafts, which takes long, then each takes its place."""
        places = {name: self._place(name, month) for name in tables}
        self._replace({places[name]: table for name, table in tables.items() if table.arrow.num_rows})
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
        named = {path.name.partition("=")[2] for name in MONTHLY for path in (self.folder / name).glob("month=*")}
        return {None if month == UNKNOWN else month for month in named}

    def remove(self, month: str | None) -> None:
        """Take away a month that holds no meeting any more."""
        for name in MONTHLY:
            _drop(self._place(name, month))

    def _place(self, name: str, month: str | None) -> Path:
        return self.folder / name / f"month={month or UNKNOWN}" / f"{name}.{self.ending}"

    def _replace(self, tables: Mapping[Path, Table]) -> None:
        """Write files so that each is seen whole: drafts where no pattern of a reader finds them, then each takes its place."""
        # a draft beside its target would be read as one more part of the table, should the run be killed
        drafts = {path: self.folder / DRAFTS / path.name for path in tables}
        (self.folder / DRAFTS).mkdir(exist_ok=True)
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


def _drop(path: Path) -> None:
    path.unlink(missing_ok=True)
    if path.parent.is_dir() and not any(path.parent.iterdir()):
        path.parent.rmdir()


class _Delta:
    """Writes a month as a partition of a Delta table: one transaction puts the new rows in the place of the old."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def month(self, month: str | None, tables: Mapping[TableName, Table]) -> dict[str, Part]:
        """Replace one month of all tables."""
        for name, table in tables.items():
            rows = open_formats.parquet_rows(table)
            named = rows.append_column("month", pa.array([month] * rows.num_rows, pa.string()))
            self._write(name, named, _of_month(month))
        return {
            name: {"rows": table.arrow.num_rows, "files": self._files(name, month)} for name, table in tables.items()
        }

    def whole(self, table: Table) -> Part:
        """Replace a table of no month, where it changed."""
        rows = open_formats.parquet_rows(table)
        self._write(table.name, rows, None)
        return {"path": table.name, "rows": rows.num_rows, "files": self._files(table.name, None)}

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
                DeltaTable(self.folder / name).delete(_of_month(month))

    def _files(self, name: str, month: str | None) -> list[Part]:
        """Return what is said of the files that hold a month of a table now, or a table of no month."""
        from deltalake import DeltaTable

        place = self.folder / name
        held = pa.table(DeltaTable(place).get_add_actions(flatten=True))
        of = held["partition.month"].to_pylist() if "partition.month" in held.column_names else [None] * held.num_rows
        paths = [path for path, one in zip(held["path"].to_pylist(), of, strict=True) if (one or None) == month]
        return [open_formats.file(self.folder, place / path) for path in sorted(paths)]

    def _write(self, name: str, rows: pa.Table, predicate: str | None) -> None:
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
            partition_by=["month"] if predicate else None,
            predicate=predicate if is_there else None,
            writer_properties=WriterProperties(compression="ZSTD", compression_level=3),
        )


def _of_month(month: str | None) -> str:
    return f"month = '{month}'" if month else "month IS NULL"


WRITERS: dict[Format, Callable[[Path], _Files | _Delta]] = {
    "parquet": lambda folder: _Files(
        folder, "parquet", lambda table, path: open_formats.write_rows(open_formats.parquet_rows(table), path)
    ),
    "csv": lambda folder: _Files(folder, "csv", partial(csv.write_rows, dialect="machine")),
    "delta": _Delta,
}
"""How a format puts tables into a folder, a month at a time."""

_READ = {
    "parquet": "read_parquet('{name}/**/*.parquet', hive_partitioning = false, filename = {monthly})",
    "csv": "read_csv('{name}/**/*.csv', hive_partitioning = false, filename = {monthly}, auto_detect = false, header = true, delim = ',', quote = '\"', escape = '\"', columns = {{{columns}}})",
    "delta": "delta_scan('{name}')",
}
# Read out of the file's own folder. DuckDB takes all folders of a path for columns, also those above the export: below
# one called `name=north` every meeting was called "north". A filter on this text still opens a month's files alone.
_MONTH = rf"nullif(regexp_extract(filename, 'month=([^/\\]*)[/\\][^/\\]*$', 1), '{UNKNOWN}') AS month"
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
    kinds = {one.name: _DUCKDB.get(said := type_name(one.type), said.upper()) for one in table.arrow.schema}
    if not is_filled:
        kinds |= {"month": "VARCHAR"} if name in MONTHLY else {}
        nulls = ", ".join(f'NULL::{kind} AS "{key}"' for key, kind in kinds.items())
        return f"SELECT {nulls} WHERE false"
    columns = ", ".join(f"'{key}': '{kind.replace('TIMESTAMPTZ', 'TIMESTAMP')}'" for key, kind in kinds.items())
    source = _READ[format].format(name=name, monthly=str(name in MONTHLY).lower(), columns=columns)
    instants = [key for key, kind in kinds.items() if kind == "TIMESTAMPTZ" and format == "csv"]  # wall time there
    walls = ", ".join(f'timezone(\'{ZONE_NAME}\', "{key}") AS "{key}"' for key in instants)
    replaced = f" REPLACE ({walls})" if walls else ""
    is_plain = name not in MONTHLY or format == "delta"
    return f"FROM {source} SELECT " + (f"*{replaced}" if is_plain else f"* EXCLUDE (filename){replaced}, {_MONTH}")


def _quoted(text: Text) -> str:
    told = f"{text.en} / {text.zh}".replace("'", "''")
    return f"'{told}'"


NO_SEAL = Text(
    "说明文件不是签名：能改文件的人也能改它。请与制作时存放在别处的 SHA-256 核对，或索取证据包（ytxdata pack）",
    "the description is no seal: who can change the file can change it too. Compare the SHA-256 with one kept elsewhere, or ask for an evidence pack (ytxdata pack)",
)


_CHANGED = Text(
    "索取原件；用 Excel 打开并保存过的文件也会改变", "ask for the original; a file that Excel has saved is changed, too"
)


def verify_file(path: str | Path) -> list[Text]:
    """Check a CSV or a workbook against its `.about.json`: its bytes; of a CSV also rows, columns, and that every
    cell is of its type, of Parquet its columns and rows.

    A workbook is not opened: its checksum alone says whether it is the one described.

    Parameters
    ----------
    path
        The file, or its description.

    Returns
    -------
    list of Text
        What was checked, a line each.

    Raises
    ------
    DamagedError
        The file is not the one that was described; the message says what differs.
    UsageError
        There is no such file, or no description beside it.
    """
    file, told = _described(Path(path))
    try:
        found, meant = sha256_of(file), told.get("sha256")
        differences = list(_differences(file, told)) if "columns" in told else []
        lines = list(_lines(file, told, found))
    except (AttributeError, LookupError, TypeError, ValueError):
        raise _unsound(about_path(file)) from None
    if meant not in (None, found):
        differences.append(Text(f"SHA-256 为 {found}，应为 {meant}", f"SHA-256 is {found}, should be {meant}"))
    if differences:
        raise DamagedError(
            Text(
                f"{file} 与其说明不符：\n  " + "\n  ".join(one.zh for one in differences),
                f"{file} is not as described:\n  " + "\n  ".join(one.en for one in differences),
            ),
            remedy=_CHANGED,
        )
    return lines


def verify_folder(folder: str | Path) -> list[Text]:
    """Check every described file of a folder, as `verify_file` does, and those that its `datapackage.json` lists;
    return a line for each, and for each table or page that nothing is said of.

    Raises
    ------
    DamagedError
        Some are not as described; the message says which, and what differs.
    UsageError
        A file that is described is not there.
    """
    lines, damaged = open_formats.check(Path(folder)), []
    described = [path for path in sorted(Path(folder).glob(f"*{SUFFIX}")) if path.is_file()]  # no pipe
    for beside in described:
        try:
            lines.append(verify_file(beside)[0])
        except DamagedError as error:
            damaged.append(error.cause)
    if damaged:
        raise DamagedError(in_lines(damaged), remedy=_CHANGED)
    files = (path for path in sorted(Path(folder).iterdir()) if path.suffix in (".csv", ".xlsx", ".html", ".parquet"))
    alone = [path for path in files if about_path(path) not in described]
    return lines + [Text(f"{path}：没有说明，未核对", f"{path}: not described, not checked") for path in alone]


def _unsound(beside: Path) -> DamagedError:
    return DamagedError(
        Text(f"{beside} 不是完好的说明文件", f"{beside} is no sound description"),
        remedy=Text("索取原件", "ask for the original"),
    )


def _described(path: Path) -> tuple[Path, dict[str, Any]]:
    """Return the file and what is said of it."""
    beside = path if path.name.endswith(SUFFIX) else about_path(path)
    try:
        told = json_of(read_plain(beside))
        file = _file_of(path, told["file"]) if beside == path else path
        if "columns" not in told and not {"sheets", "sha256"} <= set(told):
            raise KeyError
    except OSError:
        raise UsageError(
            Text(f"{path} 旁边没有说明文件 {beside.name}", f"there is no description {beside.name} beside {path}"),
            remedy=Text(
                "索取与它同时写出的 .about.json，放在同一目录",
                "ask for the .about.json that was written with it, and put it beside it",
            ),
        ) from None
    except (ValueError, KeyError, TypeError):
        raise _unsound(beside) from None
    if not file.is_file():
        raise UsageError(
            Text(f"没有文件 {file}", f"there is no file {file}"), remedy=Text("检查路径", "check the path")
        )
    return file, told


def _file_of(beside: Path, told: str) -> Path:
    """Return the file that a description lies beside: by its own name, for one copied over another would vouch twice."""
    stem, suffix = beside.name.removesuffix(SUFFIX), Path(told).suffix
    return beside.with_name(stem if suffix in WHOLE_NAMED else f"{stem}{suffix}")


def _differences(file: Path, told: dict[str, Any]) -> Iterator[Text]:
    keys = [column["key"] for column in told["columns"]]
    kinds = [column["type"] for column in told["columns"]]
    if file.suffix == ".parquet":
        yield from _differences_of_parquet(file, keys, told["rows"])
        return
    try:
        lines = read_rows(file, encoding=told.get("encoding"))
        header = next(lines, [])
        if header != keys:
            yield Text(f"表头为 {header}，应为 {keys}", f"its header is {header}, should be {keys}")
            return
        n_rows = 0
        for n_rows, row in enumerate(lines, start=1):
            if (wrong := _wrong_cell(row, keys, kinds)) is not None:
                yield Text(f"第 {n_rows + 1} 行 {wrong}", f"line {n_rows + 1}: {wrong}")
                return
    except UsageError as error:
        yield error.cause
        return
    if n_rows != told["rows"]:
        yield Text(f"有 {n_rows:,} 行，应有 {told['rows']:,} 行", f"rows: {n_rows:,}, should be {told['rows']:,}")


def _differences_of_parquet(file: Path, keys: list[str], n_rows: int) -> Iterator[Text]:
    try:
        footer = pq.read_metadata(file)
    except (OSError, pa.ArrowException) as error:
        yield Text(f"不是完好的 Parquet 文件：{error}", f"it is no sound Parquet file: {error}")
        return
    found = footer.schema.names
    if found != keys:
        yield Text(f"列为 {found}，应为 {keys}", f"its columns are {found}, should be {keys}")
    elif footer.num_rows != n_rows:
        yield Text(f"有 {footer.num_rows:,} 行，应有 {n_rows:,} 行", f"rows: {footer.num_rows:,}, should be {n_rows:,}")


def _wrong_cell(row: list[str], keys: list[str], kinds: list[str]) -> str | None:
    """Return what is wrong in a row, None when every cell is of its column's type."""
    if len(row) != len(keys):
        return f"{len(row)} ≠ {len(keys)}"
    for key, kind, text in zip(keys, kinds, row, strict=True):
        try:
            parse_cell(text, kind)
        except (ArithmeticError, KeyError, ValueError):
            return f"{key}: {text!r} ≠ {kind}"
    return None


def _lines(file: Path, told: dict[str, Any], found: str) -> Iterator[Text]:
    if "sha256" in told:
        yield Text(f"{file}：与其说明一致，SHA-256 {found}", f"{file}: as described, SHA-256 {found}")
    else:
        yield Text(
            f"{file}：行数和类型与其说明一致；说明中没有校验和，SHA-256 为 {found}",
            f"{file}: rows and types as described; the description has no checksum, SHA-256 is {found}",
        )
    if "sheets" in told:
        names = ", ".join(f"{sheet['name']} {sheet['rows']:,}" for sheet in told["sheets"])
        yield Text(f"  各工作表行数：{names}", f"  rows of its sheets: {names}")
    else:
        yield Text(
            f"  {told['title']['zh']}：{told['rows']:,} 行、{len(told['columns'])} 列，每格都符合其类型",
            f"  {told['title']['en']}: {told['rows']:,} rows of {len(told['columns'])} columns, every cell of its type",
        )
    if told.get("completeness"):
        verdict = told["completeness"]
        yield Text(f"  {verdict['verdict']}：{verdict['zh']}", f"  {verdict['verdict']}: {verdict['en']}")
    written = beijing_text(datetime.fromisoformat(told["written_at"]))
    yield Text(
        f"  {written}（北京时间）由 ytxdata {told['version']} 写出",
        f"  written {written} (Beijing time) by ytxdata {told['version']}",
    )
