"""Workbooks that Excel shows as they were meant: no formula, no link, ids and numbers as text, instants with their zone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa

from ytxdata.errors import UsageError
from ytxdata.extras import require_extra
from ytxdata.files import replacing
from ytxdata.labels import Text
from ytxdata.tables.described import FORMAT, NUMBER_UNITS, Definition, Described, unit_of, write_about
from ytxdata.tables.excel_sheet import Formats, Progress, compare, heading, in_cell, write_sheet
from ytxdata.tables.lists import AddressBook
from ytxdata.tables.masking import Pseudonyms, masked
from ytxdata.tables.plain import Cell, cells, type_name
from ytxdata.times import beijing_text, now

MAX_ROWS = 1_048_576


def write_workbook(
    tables: Sequence[Described],
    path: str | Path,
    *,
    show_phones: bool = False,
    pseudonyms: Pseudonyms | None = None,
    book: AddressBook | None = None,
    check: bool = True,
    progress: Progress | None = None,
) -> Path:
    """Write one sheet for each table, and the sheets 完整性 (period, verdict, what was left out), 口径 (definitions) and 数据字典 (columns).

    Rows go to the file as they are made, so memory does not grow with them. The first row is frozen, has filters and holds the columns' keys, shown as
    their names in Chinese and English. Ids, telephone numbers and figures of more than 15 digits are text. Text is escaped as in CSV.
    An instant is wall time, its zone stands in the header. A text longer than a cell may be is cut and says so. `NAME.xlsx.about.json` beside it
    holds its SHA-256 and the rows of each sheet, for `ytxdata verify`.

    Parameters
    ----------
    tables
        What to write; two of one name get sheets `name` and `name (2)`.
    path
        The file; it appears when it is whole.
    show_phones, pseudonyms, book
        As in `Table.masked`.
    check
        Read the file back and compare every cell.
    progress
        Called with rows done and rows in all.

    Raises
    ------
    MissingExtraError
        The extra `excel` is not installed.
    UsageError
        A table has more rows than a sheet holds (1,048,575 below the header): choose a period, or CSV.
    FileDiffersError
        The file, read back, is not what was meant; the message names the cell.
    """
    xlsxwriter = writer_for(tables)
    outgoing = [masked(table, show_phones=show_phones, pseudonyms=pseudonyms, book=book) for table in tables]
    written = [*zip(sheet_names(table.name for table in outgoing), outgoing, strict=True), *explaining(outgoing)]
    total = sum(table.arrow.num_rows for _, table in written)
    target = Path(path)
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with replacing(target) as draft:
        with xlsxwriter.Workbook(draft, options) as workbook:
            workbook.set_properties(
                {
                    "title": " · ".join(table.title.in_() for table in outgoing)[:255],
                    "created": now().replace(tzinfo=None),
                }
            )
            formats = Formats(workbook)
            done = 0
            for name, table in written:
                done = write_sheet(
                    workbook.add_worksheet(name), table, formats, done, total, progress, wrap=table.name in NAMES
                )
        if check:
            compare(draft, target.name, [(name, _meant(table)) for name, table in written])
    listed = [{"name": name, "rows": table.arrow.num_rows} for name, table in written]
    write_about({"format": FORMAT, "sheets": listed}, target)
    return target


def writer_for(tables: Iterable[Described]) -> Any:
    """Return the package that writes workbooks, once nothing stands against writing these tables.

    Raises
    ------
    MissingExtraError
        The extra `excel` is not installed.
    UsageError
        A table has more rows than a sheet holds.
    """
    require_extra("excel")
    import xlsxwriter

    for table in tables:
        _refuse_too_long(table)
    return xlsxwriter


def sheet_names(names: Iterable[str]) -> list[str]:
    """Return names a workbook accepts: no forbidden character, at most 31 characters, no two alike.

    Examples
    --------
    >>> sheet_names(["usage", "Usage", "a/b"])
    ['usage', 'Usage (2)', 'a-b']
    """
    taken = {name.casefold() for name in (*NAMES, "History")}  # Excel keeps the last for itself
    result = []
    for name in names:
        base = re.sub(r"[\[\]:*?/\\]", "-", name).strip("'")[:31] or "table"
        chosen, count = base, 1
        while chosen.casefold() in taken:
            count += 1
            chosen = f"{base[:25]} ({count})"
        taken.add(chosen.casefold())
        result.append(chosen)
    return result


def _meant(table: Described) -> Iterable[Sequence[Cell]]:
    keys = table.arrow.column_names
    numbers = [table.definition(key).unit in NUMBER_UNITS for key in keys]
    yield [heading(table, key) for key in keys]
    for row in cells(table.arrow):
        yield [in_cell(value, is_number=is_number) for value, is_number in zip(row, numbers, strict=True)]


def _refuse_too_long(table: Described) -> None:
    rows = table.arrow.num_rows
    if rows >= MAX_ROWS:
        raise UsageError(
            Text(
                f"表 {table.name} 有 {rows:,} 行，Excel 工作表最多 {MAX_ROWS - 1:,} 行（不含表头）",
                f"table {table.name} has {rows:,} rows, a sheet holds {MAX_ROWS - 1:,} below its header",
            ),
            remedy=Text(
                "缩短期间，或改用 CSV（to_csv、--format csv）", "choose a shorter period, or CSV (to_csv, --format csv)"
            ),
        )


NAMES = ("完整性", "口径", "数据字典")

_COLUMNS = {
    "table": ("表", "table"),
    "topic": ("项目", "topic"),
    "zh": ("中文", "Chinese"),
    "en": ("英文", "English"),
    "count": ("数量", "count"),
    "key": ("列", "column"),
    "unit": ("单位", "unit"),
    "rule_zh": ("口径", "rule in Chinese"),
    "rule_en": ("口径（英文）", "rule in English"),
    "parameters": ("参数", "parameters"),
    "origin": ("来源", "origin"),
    "type": ("类型", "type"),
    "empty": ("空值数", "unknown"),
}


def explaining(tables: Sequence[Described]) -> list[tuple[str, Described]]:
    """Return name and content of the three sheets for some masked tables."""
    first = tables[0]
    contents = (
        (Text("完整性", "Completeness"), ("table", "topic", "zh", "en", "count"), _completeness(tables)),
        (
            Text("口径", "Definitions"),
            ("key", "zh", "en", "unit", "rule_zh", "rule_en", "parameters", "origin"),
            _definitions(tables),
        ),
        (
            Text("数据字典", "Data dictionary"),
            ("table", "key", "zh", "en", "type", "unit", "empty"),
            _dictionary(tables),
        ),
    )
    return [(title.zh, _sheet(first, title, keys, list(rows))) for title, keys, rows in contents]


def _sheet(like: Described, title: Text, keys: Sequence[str], rows: list[tuple[str | int | None, ...]]) -> Described:
    columns = {
        key: pa.array([row[position] for row in rows], pa.int64() if key in ("count", "empty") else pa.string())
        for position, key in enumerate(keys)
    }
    definitions = tuple(
        Definition(
            key=key, zh=_COLUMNS[key][0], en=_COLUMNS[key][1], unit="count" if key in ("count", "empty") else "id"
        )
        for key in keys
    )
    return replace(
        like,
        frame=pa.table(columns),
        name=title.zh,
        title=title,
        definitions=definitions,
        notes=(),
        excluded={},
        certificate=None,
    )


def _completeness(tables: Sequence[Described]) -> Iterator[tuple[str | int | None, ...]]:
    for table in tables:
        yield table.name, "title", *table.title, table.arrow.num_rows
        if table.certificate is None:
            yield (
                table.name,
                "completeness",
                "未知：数据来源没有给出结论",
                "unknown: the source of the data gave no verdict",
                None,
            )
        else:
            yield table.name, table.certificate.worst, *table.certificate.sentence, None
        if table.period is not None:
            edges = " – ".join(beijing_text(instant) for instant in table.period)
            yield table.name, "period", f"[{edges})，含起不含止", f"[{edges}), start in, end out", None
        yield table.name, "zone", f"时间均为 {table.zone}", f"all times are {table.zone}", None
        for reason, (text, count) in table.excluded.items():
            yield table.name, f"excluded: {reason}", *text, count
        for note in table.notes:
            yield table.name, "note", *note, None
    made = f"{beijing_text(now())} · ytxdata {version('ytxdata')}"
    yield "", "made", f"制表：{made}", f"made: {made}", None


def _definitions(tables: Sequence[Described]) -> Iterator[tuple[str | int | None, ...]]:
    seen: set[tuple[str | int | None, ...]] = set()
    for table in tables:
        for known in table.definitions:
            parameters = ", ".join(f"{name} = {value}" for name, value in known.parameters.items())
            row = (
                known.key,
                known.zh,
                known.en,
                unit_of(known.unit).label.in_(),
                *known.formula,
                parameters,
                known.origin,
            )
            if row not in seen:
                seen.add(row)
                yield row


def _dictionary(tables: Sequence[Described]) -> Iterator[tuple[str | int | None, ...]]:
    for table in tables:
        for field in table.arrow.schema:
            known = table.definition(field.name)
            yield (
                table.name,
                field.name,
                known.zh,
                known.en,
                type_name(field.type),
                unit_of(known.unit).label.in_(),
                table.arrow.column(field.name).null_count,
            )
