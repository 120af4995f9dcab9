"""Workbooks that Excel shows as they were meant: no formula, no link, ids and numbers as text, instants with their zone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ytxdata.errors import MissingExtraError, UsageError
from ytxdata.labels import Text
from ytxdata.tables import injection, sheets
from ytxdata.tables.excel_cells import in_cell, number_format, width
from ytxdata.tables.files import replacing
from ytxdata.tables.plain import Cell, as_text, cells
from ytxdata.tables.units import NUMBER_UNITS, unit_of
from ytxdata.tables.xlsx_check import compare
from ytxdata.times import now

if TYPE_CHECKING:
    from ytxdata.tables.book import AliasBook
    from ytxdata.tables.pseudonyms import Pseudonyms
    from ytxdata.tables.table import Table

Progress = Callable[[int, int], None]
"""Called with the rows written so far and the rows in all."""

MAX_ROWS = 1_048_576
_SAMPLE = 2_000
_STEP = 10_000
_FONT = {"font_name": "Microsoft YaHei", "font_size": 10, "valign": "top"}
_HEAD = {
    **_FONT,
    "bold": True,
    "font_color": "#FFFFFF",
    "bg_color": "#1F4E79",
    "text_wrap": True,
    "valign": "vcenter",
    "border": 1,
    "border_color": "#D9D9D9",
}


def write_workbook(
    tables: Sequence[Table],
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
    An instant is wall time, its zone stands in the header. A text longer than a cell may be is cut and says so.

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
    try:
        import xlsxwriter
    except ImportError:
        raise MissingExtraError(
            Text("写 Excel 需要 xlsxwriter", "writing Excel needs xlsxwriter"),
            remedy=Text('pip install "ytxdata[excel]"', 'pip install "ytxdata[excel]"'),
        ) from None
    outgoing = [table.masked(show_phones=show_phones, pseudonyms=pseudonyms, book=book) for table in tables]
    for table in outgoing:
        _refuse_too_long(table)
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
            formats = _Formats(workbook)
            done = 0
            for name, table in written:
                done = _write_sheet(workbook.add_worksheet(name), table, formats, done, total, progress)
        if check:
            compare(draft, target.name, [(name, _meant(table)) for name, table in written])
    return target


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


def heading(table: Table, key: str) -> str:
    """Return the text of a header cell: the column's key, and the zone behind it when the column holds instants."""
    kind = table.arrow.schema.field(key).type
    return injection.escape(f"{key} [{table.zone}]" if pa.types.is_timestamp(kind) and kind.tz else key)


class _Formats:
    """The formats of one workbook, made once each."""

    def __init__(self, workbook: Any) -> None:
        self._workbook = workbook
        self._made: dict[str, Any] = {}

    def cell(self, number_format: str) -> Any:
        return self._make(number_format, _FONT)

    def head(self, label: str) -> Any:
        """The header cell holds the key, and its format shows the label."""
        shown = label.replace('"', "”")[:200]
        return self._make(f';;;"{shown}"', _HEAD)

    def _make(self, number_format: str, style: dict[str, Any]) -> Any:
        if number_format not in self._made:
            self._made[number_format] = self._workbook.add_format({**style, "num_format": number_format})
        return self._made[number_format]


def _write_sheet(sheet: Any, table: Table, formats: _Formats, done: int, total: int, progress: Progress | None) -> int:
    rows = table.arrow
    keys = rows.column_names
    known = [table.definition(key) for key in keys]
    labels = [_label(table, key) for key in keys]
    for position, (key, label) in enumerate(zip(keys, labels, strict=True)):
        sheet.write_string(0, position, heading(table, key), formats.head(label))
    looks = [
        formats.cell(number_format(kind, unit_of(definition.unit).excel))
        for kind, definition in zip(rows.schema.types, known, strict=True)
    ]
    numbers = [definition.unit in NUMBER_UNITS for definition in known]
    as_it_is = formats.cell("@")
    widths = [width(label) + 3 for label in labels]
    for line, row in enumerate(cells(rows), start=1):
        for position, value in enumerate(row):
            _write(sheet, line, position, in_cell(value, is_number=numbers[position]), looks[position], as_it_is)
            if line <= _SAMPLE and value is not None:
                widths[position] = max(widths[position], width(as_text(value)) + 2)
        if progress and (done + line) % _STEP == 0:
            progress(done + line, total)
    for position, wide in enumerate(widths):
        sheet.set_column(position, position, min(max(wide, 8), 60))
    if keys:
        sheet.autofilter(0, 0, max(rows.num_rows, 1), len(keys) - 1)
        sheet.ignore_errors({"number_stored_as_text": f"A1:{_letters(len(keys))}{rows.num_rows + 1}"})
    sheet.set_row(0, 32)
    sheet.freeze_panes(1, 0)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    sheet.set_footer("&L&A&R&P / &N")
    if progress and done + rows.num_rows == total:
        progress(total, total)
    finished: int = done + rows.num_rows
    return finished


def _write(sheet: Any, line: int, position: int, value: Cell, look: Any, as_it_is: Any) -> None:
    if value is None:
        return
    if isinstance(value, str):
        sheet.write_string(line, position, value, as_it_is)
    elif isinstance(value, bool):
        sheet.write_boolean(line, position, value, look)
    elif isinstance(value, date):
        sheet.write_datetime(line, position, value, look)
    else:
        sheet.write_number(line, position, value, look)


def _meant(table: Table) -> Iterable[Sequence[Cell]]:
    keys = table.arrow.column_names
    numbers = [table.definition(key).unit in NUMBER_UNITS for key in keys]
    yield [heading(table, key) for key in keys]
    for row in cells(table.arrow):
        yield [in_cell(value, is_number=is_number) for value, is_number in zip(row, numbers, strict=True)]


def _label(table: Table, key: str) -> str:
    known = table.definition(key)
    label = known.label.in_("both", sep=" ")
    return f"{label} [{table.zone}]" if "[" in heading(table, key) else label


def _letters(count: int) -> str:
    letters = ""
    while count:
        count, rest = divmod(count - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _refuse_too_long(table: Table) -> None:
    rows = table.arrow.num_rows
    if rows >= MAX_ROWS:
        raise UsageError(
            Text(
                f"表 {table.name} 有 {rows:,} 行，Excel 工作表最多 {MAX_ROWS - 1:,} 行（不含表头）",
                f"table {table.name} has {rows:,} rows, a sheet holds {MAX_ROWS - 1:,} below its header",
            ),
            remedy=Text("缩短期间，或改用 to_csv", "choose a shorter period, or to_csv"),
        )
