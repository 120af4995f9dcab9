"""CSV that spreadsheets and programs read back as it was meant, and its reader.

Text that a spreadsheet would run as a formula gets one apostrophe before it: a cell whose first visible character is
one of `= + - @` (also in full width, also after blanks), or that begins with Tab, CR or LF. A cell that already has
apostrophes before such a text gets one more, so that taking one away always gives the original. All other text is
left alone.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Literal, NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ytxdata.errors import UsageError
from ytxdata.files import json_of, read_plain, replacing, require_file
from ytxdata.labels import Text
from ytxdata.tables.described import (
    NUMBER_UNITS,
    Cell,
    Described,
    about,
    about_path,
    as_text,
    cells,
    differs,
    type_name,
    write_about,
)
from ytxdata.times import ZONE_NAME

_BLANK = r"\s\x00-\x1f\x7f\u200b-\u200f\u2060\ufeff"
_DANGEROUS = re.compile(rf"'*[{_BLANK}]*[=+\-@＝＋－＠﹦﹢﹣﹫−\t\r\n]")
_NUMBER = re.compile(r"\+?[0-9]{5,15}")


def escape(text: str, *, is_number: bool = False) -> str:
    """Return the text as it may stand in a cell of a CSV or a spreadsheet.

    Parameters
    ----------
    text
        The cell as it is meant.
    is_number
        The column holds telephone numbers or ids: a bare number such as `+8613812345678` is no formula and stays as
        it is.

    Examples
    --------
    >>> escape("=1+1"), escape("周会"), escape("+8613812345678", is_number=True), escape("'=1")
    ("'=1+1", '周会', '+8613812345678', "''=1")
    """
    return f"'{text}" if is_formula(text, is_number=is_number) else text


def is_formula(text: str, *, is_number: bool = False) -> bool:
    """Tell whether a spreadsheet would take a text for a formula, or hide that it begins with an apostrophe before
    one; see `escape`.
    """
    return bool(_DANGEROUS.match(text)) and not (is_number and _NUMBER.fullmatch(text))


def unescape(text: str) -> str:
    """Return the text as it was meant: what `escape` added is taken away.

    Examples
    --------
    >>> unescape("'=1+1"), unescape("'tis"), unescape(escape("'=1"))
    ('=1+1', "'tis", "'=1")
    """
    return text[1:] if text.startswith("'") and _DANGEROUS.match(text) else text


Dialect = Literal["people", "machine", "gb18030"]


class CsvForm(NamedTuple):
    """How a dialect looks: encoding, line end, and decimals of numbers (None: as many as it takes to give the same
    number back).
    """

    encoding: str
    line_end: str
    decimals: int | None


DIALECTS: dict[Dialect, CsvForm] = {
    "people": CsvForm("utf-8-sig", "\r\n", 4),
    "machine": CsvForm("utf-8", "\n", None),
    "gb18030": CsvForm("gb18030", "\r\n", 4),
}
"""Dialect → form: for Excel and people, for programs, for old Chinese tools. Every field is quoted in all of them.
Four decimals of a
minute or an hour still tell one second from the next."""

_LONGEST_CELL = 2**31 - 1

_KINDS: dict[str, tuple[Callable[[str], Cell], pa.DataType | None]] = {
    "text": (str, pa.string()),
    "truth": ({"true": True, "false": False}.__getitem__, pa.bool_()),
    "integer": (int, pa.int64()),
    "number": (float, pa.float64()),
    "decimal": (Decimal, None),
    "date": (date.fromisoformat, pa.date32()),
    "time": (datetime.fromisoformat, pa.timestamp("us")),
    "instant": (datetime.fromisoformat, pa.timestamp("us")),
}
"""Type of a column → how its cells are read, and as which type they are held; a decimal tells its own digits."""


def write(
    table: Described,
    path: str | Path,
    *,
    dialect: Dialect = "people",
    check: bool = True,
    written_at: datetime | None = None,
) -> Path:
    """Write a masked table as CSV and what it means as `NAME.about.json` beside it; the file appears when it is whole.

    One header line of column keys, then the rows, nothing else. An unknown value is an empty cell; an instant is the
    wall time of the table's zone; text that a spreadsheet would run as a formula is escaped (`read_csv` undoes it).
    Numbers that are no integers and no decimals are rounded as the dialect says; the JSON tells it for each column.

    Raises
    ------
    UsageError
        The dialect is unknown, the file is called as one of another format, or the encoding has no character for a
        cell; the message names it.
    FileDiffersError
        The file, read back, is not what was meant; the message names the cell.
    """
    if dialect not in DIALECTS:
        known = ", ".join(DIALECTS)
        raise UsageError(
            Text(f"没有 CSV 格式 {dialect!r}", f"there is no CSV dialect {dialect!r}"),
            remedy=Text(f"可选：{known}", f"known: {known}"),
        )
    encoding, _, decimals = DIALECTS[dialect]
    target = Path(path)
    check_ending(target)
    table = table if decimals is None else _rounded(table, decimals)
    with replacing(target, is_private=table.is_open) as draft:
        write_rows(table, draft, dialect)
        if check:
            compare(table, draft, encoding)
    told = about(table) | {"encoding": encoding}
    for column in told["columns"]:
        if column["type"] == "number":
            column["decimals"] = decimals
    write_about(told, target, written_at=written_at)
    return target


_OTHER_FORMATS = (".xlsx", ".xls", ".ods", ".parquet", ".json", ".html", ".zip")


def check_ending(path: Path) -> None:
    """Raise UsageError where a CSV would be called as a file of another format: no spreadsheet opens it as `.xlsx`."""
    if path.suffix.lower() in _OTHER_FORMATS:
        raise UsageError(
            Text(f"{path} 的扩展名不是 CSV 的", f"{path} is no name of a CSV"),
            remedy=Text(
                f"写成 {path.with_suffix('.csv').name}；工作簿由 ytxdata report --format excel 或 sql --out 文件.xlsx 写出",
                f"name it {path.with_suffix('.csv').name}; ytxdata report --format excel and sql --out FILE.xlsx write workbooks",
            ),
        )


def write_rows(table: Described, path: Path, dialect: Dialect) -> None:
    """Write header and rows as a dialect has them, every number as it is, and nothing beside them."""
    encoding, line_end, _ = DIALECTS[dialect]
    keys = table.arrow.column_names
    numbers = [table.definition(key).unit in NUMBER_UNITS for key in keys]
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator=line_end)
        writer.writerow([escape(key) for key in keys])
        for row in cells(table.arrow):
            writer.writerow([_escaped(value, is_number) for value, is_number in zip(row, numbers, strict=True)])


def _rounded(table: Described, decimals: int) -> Described:
    """Return a plain table with its numbers rounded, each to the nearest there is."""
    rows = table.arrow
    columns = [
        pa.chunked_array([[None if value is None else round(value, decimals) + 0.0 for value in column.to_pylist()]], column.type)
        if pa.types.is_floating(column.type)
        else column
        for column in rows.columns
    ]  # fmt: skip
    return replace(table, frame=pa.table(columns, names=rows.column_names))


def compare(table: Described, path: Path, encoding: str) -> None:
    """Read a CSV and compare every cell with the table's; raise FileDiffersError at the first that differs."""
    keys = table.arrow.column_names
    kinds = [type_name(kind) for kind in table.arrow.schema.types]
    lines = read_rows(path, encoding=encoding)
    if next(lines, None) != keys:
        raise differs(path.name, 1, "", "header")
    n_rows = 0
    for n_rows, (meant, found) in enumerate(zip(cells(table.arrow), lines, strict=False), start=1):
        if len(found) != len(keys):
            raise differs(path.name, n_rows + 1, "", f"{len(found)} ≠ {len(keys)} cells")
        for key, kind, value, text in zip(keys, kinds, meant, found, strict=True):
            if parse_cell(text, kind) != (None if value == "" else value):
                raise differs(path.name, n_rows + 1, key, f"{text!r} ≠ {value!r}")
    if n_rows != table.arrow.num_rows or next(lines, None) is not None:
        raise differs(path.name, n_rows + 1, "", "number of rows")


def parse_cell(text: str, kind: str) -> Cell:
    """Return what the text of a cell means in a column of a type; KeyError, ValueError or ArithmeticError when it
    means nothing there.
    """
    return _KINDS[kind.partition("(")[0]][0](text) if text else None


def read_rows(path: str | Path, *, encoding: str | None = None) -> Iterator[list[str]]:
    """Yield the cells of a CSV as they were meant, header first; without an encoding UTF-8 is tried, then GB 18030.

    Raises
    ------
    UsageError
        The file cannot be read, or is in neither encoding.
    """
    source = Path(path)
    require_file(source)
    csv.field_size_limit(_LONGEST_CELL)  # a raw record may be longer than what the standard library allows by default
    try:
        with source.open(encoding=encoding or _encoding(source), newline="") as file:
            for row in csv.reader(file, strict=True):
                yield [unescape(cell) for cell in row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(
            Text(f"读不了 CSV 文件 {source}：{error}", f"the CSV file {source} cannot be read: {error}"),
            remedy=Text("请另存为 UTF-8 编码的 CSV", "save it as CSV in UTF-8"),
        ) from None


def read_csv(path: str | Path, types: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Read a CSV that this package wrote, with every id, phone, decimal and instant as it was, and numbers as exact
    as the file holds them.

    Parameters
    ----------
    path
        The CSV. When `NAME.about.json` lies beside it, types and encoding come from there.
    types
        Column → `text`, `truth`, `integer`, `number`, `decimal(p,s)`, `date`, `time` or `instant`; wins over what
        lies beside. A column without a type is text.

    Returns
    -------
    pandas.DataFrame
        Columns of type string, boolean, Int64, Float64, decimal, date, and instants in Asia/Shanghai; an empty cell
        is null.

    Raises
    ------
    UsageError
        The file cannot be read, or a cell is not of its column's type; the message names line and column.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "phones.csv"
    >>> _ = file.write_text('phone,note\\n"01012345678","\\'=1+1"\\n', encoding="utf-8")
    >>> read_csv(file).loc[0].tolist()
    ['01012345678', '=1+1']
    """
    source = Path(path)
    beside = about_path(source)
    told = json_of(read_plain(beside)) if beside.is_file() else {"columns": []}
    known = {column["key"]: column["type"] for column in told["columns"]} | dict(types or {})
    zone = told.get("zone", ZONE_NAME)
    lines = read_rows(source, encoding=told.get("encoding"))
    keys = next(lines, [])
    rows = list(lines)
    columns = {
        key: _column(source, key, known.get(key, "text"), [row[position] for row in rows], zone)
        for position, key in enumerate(keys)
    }
    frame: pd.DataFrame = pa.table(columns).to_pandas(types_mapper=_pandas_type)
    return frame


def _column(path: Path, key: str, type_name: str, texts: list[str], zone: str) -> pa.Array:
    family, _, digits = type_name.partition("(")
    values: list[Cell] = []
    for line, text in enumerate(texts, start=2):
        try:
            values.append(parse_cell(text, type_name))
        except (ArithmeticError, KeyError, ValueError):
            raise UsageError(
                Text(
                    f"{path.name} 第 {line} 行 {key} 列：{text!r} 不是 {type_name}",
                    f"{path.name}, line {line}, column {key}: {text!r} is no {type_name}",
                ),
                remedy=Text("改正该单元格，或用 types= 指定类型", "mend the cell, or give the type with types="),
            ) from None
    if family == "decimal":
        precision, _, scale = digits.rstrip(")").partition(",")
        return pa.array(values, pa.decimal128(int(precision), int(scale)) if precision else None)
    array = pa.array(values, _KINDS[family][1])
    return pc.assume_timezone(array, zone, ambiguous="earliest", nonexistent="latest") if family == "instant" else array


def _pandas_type(kind: pa.DataType) -> object:
    plain = {
        pa.string(): pd.StringDtype(),
        pa.bool_(): pd.BooleanDtype(),
        pa.int64(): pd.Int64Dtype(),
        pa.float64(): pd.Float64Dtype(),
    }
    return plain.get(kind) or (None if pa.types.is_timestamp(kind) else pd.ArrowDtype(kind))


def _escaped(value: Cell, is_number: bool) -> str:
    return escape(value, is_number=is_number) if isinstance(value, str) else as_text(value)


def _encoding(path: Path) -> str:
    head = path.read_bytes()
    try:
        head.decode("utf-8")
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8-sig"
