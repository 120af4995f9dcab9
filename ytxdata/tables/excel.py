"""Workbooks that Excel shows as they were meant: no formula, no link, ids and numbers as text, instants with their zone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ytxdata.errors import MissingExtraError, UsageError
from ytxdata.files import replacing
from ytxdata.labels import Text
from ytxdata.tables import guide_sheets as sheets
from ytxdata.tables.about import FORMAT, write_about
from ytxdata.tables.alias_book import AliasBook
from ytxdata.tables.definition import NUMBER_UNITS
from ytxdata.tables.described import Described
from ytxdata.tables.excel_check import compare
from ytxdata.tables.excel_sheet import Formats, Progress, heading, in_cell, write_sheet
from ytxdata.tables.masking import masked
from ytxdata.tables.plain import Cell, cells
from ytxdata.tables.pseudonyms import Pseudonyms
from ytxdata.times import now

MAX_ROWS = 1_048_576


def write_workbook(
    tables: Sequence[Described],
    path: str | Path,
    *,
    show_phones: bool = False,
    pseudonyms: Pseudonyms | None = None,
    book: AliasBook | None = None,
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
        xlsxwriter is not installed: `pip install "ytxdata[excel]"`.
    UsageError
        A table has more rows than a sheet holds (1,048,575 below the header): choose a period, or CSV.
    FileDiffersError
        The file, read back, is not what was meant; the message names the cell.
    """
    xlsxwriter = writer_for(tables)
    outgoing = [masked(table, show_phones=show_phones, pseudonyms=pseudonyms, book=book) for table in tables]
    written = [*zip(sheet_names(table.name for table in outgoing), outgoing, strict=True), *sheets.explaining(outgoing)]
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
                done = write_sheet(workbook.add_worksheet(name), table, formats, done, total, progress)
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
        xlsxwriter is not installed: `pip install "ytxdata[excel]"`.
    UsageError
        A table has more rows than a sheet holds.
    """
    try:
        import xlsxwriter
    except ImportError:
        raise MissingExtraError(
            Text("写 Excel 需要 xlsxwriter", "writing Excel needs xlsxwriter"),
            remedy=Text('pip install "ytxdata[excel]"', 'pip install "ytxdata[excel]"'),
        ) from None
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
    taken = {name.casefold() for name in (*sheets.NAMES, "History")}  # Excel keeps the last for itself
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
