"""One sheet of a workbook: what a value becomes so that Excel shows it as it was meant, how it is written, and read back and compared."""

from __future__ import annotations

import math
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET
from xml.parsers import expat

import pyarrow as pa

from ytxdata.labels import Lang, Text, columns_of, printable
from ytxdata.tables import csv
from ytxdata.tables.described import NUMBER_UNITS, Cell, Described, as_text, cells, differs, unit_of

MAX_TEXT = 32_767
CUT = "…［共 {n} 字，全文见 CSV / {n} characters, whole in the CSV］"
_DIGITS = 15
_MORE: int = 10**_DIGITS
_FIRST_DAY = date(1900, 3, 1)


def in_cell(value: Cell) -> Cell:
    """Return what is written for a value: itself when a cell can hold it exactly, else its text.

    Text stays text by the format of its cell; its line ends become those of a cell, control characters and marks of
    direction `�`, and what is too long is cut and says so.

    Examples
    --------
    >>> in_cell("=1+1"), in_cell(2**60), in_cell(Decimal("0.10"))
    ('=1+1', '1152921504606846976', Decimal('0.10'))
    """
    if isinstance(value, str):
        return _cut(printable(value))
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, date):
        day = value.date() if isinstance(value, datetime) else value
        return value if day >= _FIRST_DAY else as_text(value)
    return value if _is_exact(value) else as_text(value)


def number_format(kind: pa.DataType, wanted: str) -> str:
    """Return the number format of a column: what its unit wants, unless its type forbids it."""
    if pa.types.is_timestamp(kind):
        return "yyyy-mm-dd hh:mm:ss"
    if pa.types.is_date(kind):
        return "yyyy-mm-dd"
    if pa.types.is_integer(kind):  # `5.` and `5.0` are no number of people
        wanted = wanted.partition(".")[0]
    return "@" if pa.types.is_string(kind) else "General" if wanted == "@" else wanted


def width(text: str) -> int:
    """Return how many columns the first line of a text takes; a Chinese character takes two.

    Examples
    --------
    >>> width("会议 42")
    7
    """
    return columns_of(text.partition("\n")[0][:80])


def _is_exact(value: int | float | Decimal) -> bool:
    if isinstance(value, float):
        return value - value == 0  # neither infinite nor no number
    if isinstance(value, int):
        return abs(value) < _MORE
    return sum(character.isdigit() for character in as_text(value)) <= _DIGITS


def _cut(text: str) -> str:
    if 2 * len(text) <= MAX_TEXT:  # a character is at most two units
        return text
    units = text.encode("utf-16-le")
    if len(units) <= 2 * MAX_TEXT:
        return text
    mark = CUT.format(n=len(text))
    return units[: 2 * (MAX_TEXT - len(mark))].decode("utf-16-le", errors="ignore") + mark


Progress = Callable[[int, int], None]
"""Called with the rows written so far and the rows in all."""

PRINTED = 30
"""Rows of a table that are printed, about a page: who wants all of them wants a file, not paper."""

WIDEST = 60
"""Characters across the widest column: what is longer goes on below, in its cell."""

TALLEST = 600
"""Characters of the longest text that goes on below: a raw record would make a row of several pages."""

PAPER = 260
"""Characters across a page that can still be read, at half their size: a wider table goes on beside, on another page
that begins with its first column.
"""

_STEP = 10_000
_SAMPLE = 2_000
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


def heading(table: Described, key: str) -> str:
    """Return the text of a header cell: the column's key, and the zone behind it when the column holds instants."""
    kind = table.arrow.schema.field(key).type
    return f"{key} [{table.zone}]" if pa.types.is_timestamp(kind) and kind.tz else key


class Formats:
    """The formats of one workbook, made once each."""

    def __init__(self, workbook: Any) -> None:
        self._workbook = workbook
        self._made: dict[tuple[object, ...], Any] = {}

    def cell(self, number_format: str, *, wrap: bool = False, quoted: bool = False) -> Any:
        """The format of a cell; a quoted one stays text when somebody edits it, whatever it begins with."""
        return self._make(number_format, {**_FONT, "text_wrap": wrap, "quote_prefix": quoted})

    def styled(self, number_format: str = "General", **style: Any) -> Any:
        """A format of its own, in the workbook's font."""
        return self._make(number_format, {**_FONT, **style})

    def head(self, label: str) -> Any:
        """The header cell holds the key, and its format shows the label."""
        shown = label.replace('"', "”")[:200]
        return self._make(f';;;"{shown}"', _HEAD)

    def _make(self, number_format: str, style: dict[str, Any]) -> Any:
        key = (number_format, *sorted(style.items()))
        if key not in self._made:
            self._made[key] = self._workbook.add_format({**style, "num_format": number_format})
        return self._made[key]


def write_sheet(
    sheet: Any,
    table: Described,
    formats: Formats,
    done: int,
    total: int,
    progress: Progress | None,
    *,
    lang: Lang = "both",
    wrap: bool = False,
) -> int:
    """Write a masked table on an empty sheet, row by row; return the rows done so far in the workbook."""
    from xlsxwriter.utility import xl_rowcol_to_cell

    rows = table.arrow
    keys = rows.column_names
    known = [table.definition(key) for key in keys]
    labels = [_label(table, key, lang) for key in keys]
    sheet.set_row(0, 32)  # before the row is written: rows leave memory as they are made
    for position, (key, label) in enumerate(zip(keys, labels, strict=True)):
        sheet.write_string(0, position, heading(table, key), formats.head(label))
    looks = [
        formats.cell(number_format(kind, unit_of(definition.unit).excel), wrap=False)
        for kind, definition in zip(rows.schema.types, known, strict=True)
    ]
    numbers = [definition.unit in NUMBER_UNITS for definition in known]
    texts = {
        (is_long, is_quoted): formats.cell("@", wrap=wrap or is_long, quoted=is_quoted)
        for is_long in (False, True)
        for is_quoted in (False, True)
    }
    widths = [width(label) + 3 for label in labels]
    for line, row in enumerate(cells(rows), start=1):
        for position, value in enumerate(row):
            is_quoted = isinstance(value, str) and csv.is_formula(value, is_number=numbers[position])
            _write(sheet, line, position, in_cell(value), looks[position], texts[_goes_on_below(value), is_quoted])
            if line <= _SAMPLE and value is not None:
                widths[position] = max(widths[position], width(_as_shown(value)) + 2)
        if progress and (done + line) % _STEP == 0:
            progress(done + line, total)
    for position, wide in enumerate(widths):
        sheet.set_column(position, position, min(max(wide, 8), WIDEST))
    if keys:
        sheet.autofilter(0, 0, max(rows.num_rows, 1), len(keys) - 1)
        last = xl_rowcol_to_cell(rows.num_rows, len(keys) - 1)
        sheet.ignore_errors({"number_stored_as_text": f"A1:{last}"})
    sheet.freeze_panes(1, 0)
    print_setup(sheet)
    sheet.repeat_rows(0)
    across = -(-sum(min(max(wide, 8), WIDEST) for wide in widths) // PAPER)
    if across > 1:
        sheet.fit_to_pages(across, 0)
        sheet.repeat_columns(0)
    if rows.num_rows > PRINTED:
        named = rows.column(0).slice(0, PRINTED + 1).to_pylist()
        # not inside of a group, or of a period
        printed = max((at for at in range(1, PRINTED + 1) if named[at] != named[at - 1]), default=PRINTED)
        sheet.print_area(0, 0, printed, len(keys) - 1)
        cut = Text("打印前 {n} 行，共 {all} 行", "the first {n} of {all} rows are printed")
        sheet.set_footer(f"&L&A&C{cut.format(n=printed, all=f'{rows.num_rows:,}').in_(lang)}&R&P / &N")
    if progress and done + rows.num_rows == total:
        progress(total, total)
    finished: int = done + rows.num_rows
    return finished


def _goes_on_below(value: Cell) -> bool:
    return isinstance(value, str) and WIDEST // 2 <= len(value) + 1 <= TALLEST and columns_of(value) + 2 > WIDEST


def print_setup(sheet: Any) -> None:
    """Print on A4 across, as wide as the paper, with the sheet's name and page below."""
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    sheet.set_footer("&L&A&R&P / &N")


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


def _label(table: Described, key: str, lang: Lang) -> str:
    known = table.definition(key)
    label = known.label.in_(lang, sep=" ")
    return f"{label} [{table.zone}]" if "[" in heading(table, key) else label


def _as_shown(value: Cell) -> str:
    """A cell about as its format shows it: a column is not as wide as all the digits of a quotient."""
    return f"{value:,.2f}" if isinstance(value, float) else as_text(value)


_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_LINK = "http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_ESCAPED = re.compile("_x([0-9A-F]{4})_")
_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001  a workbook's wall time has no zone

Read = tuple[str, str]
"""Kind of a cell (`s` text, `b` truth, `n` number, empty for none) and its content."""


def compare(path: Path, name: str, meant: Sequence[tuple[str, Iterable[Sequence[Cell]]]]) -> None:
    """Raise FileDiffersError at the first cell that is not what was meant, and at any formula or link."""
    with zipfile.ZipFile(path) as package:
        found = _sheets(package)
        if [sheet for sheet, _ in meant] != list(found):
            raise differs(name, 0, "", f"sheets {list(found)}")
        for sheet, rows in meant:
            lines = _rows(package, found[sheet], name)
            line = 0
            for line, row in enumerate(rows, start=1):
                cells = next(lines, {})
                for position, value in enumerate(row):
                    if not _same(cells.pop(position, ("", "")), value):
                        raise differs(name, line, f"{sheet}!{row[position]!r}", f"column {position + 1}")
                if any(kind for kind, _ in cells.values()):
                    raise differs(name, line, sheet, "more cells than meant")
            if next(lines, None) is not None:
                raise differs(name, line + 1, sheet, "more rows than meant")


def _sheets(package: zipfile.ZipFile) -> dict[str, str]:
    targets = {}
    for relation in ET.fromstring(package.read("xl/_rels/workbook.xml.rels")):  # noqa: S314
        targets[relation.attrib["Id"]] = f"xl/{relation.attrib['Target']}"
    book = ET.fromstring(package.read("xl/workbook.xml"))  # noqa: S314
    return {sheet.attrib["name"]: targets[sheet.attrib[f"{{{_LINK}"]] for sheet in book.iter(f"{{{_MAIN}sheet")}


_PIECE = 1 << 18
_CELL, _ROW, _VALUE, _TEXT, _FORMULA, _HYPERLINK = (_MAIN + tag for tag in ("c", "row", "v", "t", "f", "hyperlink"))


class _Reader:
    """What a parser tells of a sheet: rows that have ended, each with its number, and what leads out of the book.

    Expat calls back half as dear as `iterparse` makes elements and events of them.
    """

    def __init__(self) -> None:
        self.rows: list[tuple[int, dict[int, Read]]] = []
        self.strange = ""
        self._at, self._kind, self._said, self._is_said = "", "", [""], False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Begin a row, a cell, or what it says."""
        if tag == _CELL:
            self._at, self._kind, self._said = attributes["r"], attributes.get("t", "n"), []
        elif tag in (_VALUE, _TEXT):
            self._is_said = True
        elif tag == _ROW:
            self.rows.append((int(attributes["r"]), {}))
        elif tag == _FORMULA or (tag == _HYPERLINK and _LINK in attributes):  # a link within the book leads nowhere
            self.strange = tag.removeprefix(_MAIN)

    def text(self, piece: str) -> None:
        """Take a piece of what a cell says."""
        if self._is_said:
            self._said.append(piece)

    def end(self, tag: str) -> None:
        """End a cell, or what it says."""
        if tag in (_VALUE, _TEXT):
            self._is_said = False
            self._said.append("")  # an empty text is one, too
        elif tag == _CELL:
            told = "".join(self._said)
            if self._kind == "inlineStr":
                self._kind, told = "s", _ESCAPED.sub(_character, told) if "_x" in told else told
            self.rows[-1][1][_position(self._at.rstrip("0123456789"))] = (self._kind, told) if self._said else ("", "")


def _character(found: re.Match[str]) -> str:
    return chr(int(found[1], 16))


@cache
def _position(letters: str) -> int:
    position = 0
    for letter in letters:
        position = position * 26 + ord(letter) - 64
    return position - 1


def _rows(package: zipfile.ZipFile, part: str, name: str) -> Iterator[dict[int, Read]]:
    reader, line = _Reader(), 0
    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = reader.start, reader.end
    parser.CharacterDataHandler = reader.text
    with package.open(part) as stream:
        while True:
            data = stream.read(_PIECE)
            parser.Parse(data, not data)
            if reader.strange:
                raise differs(name, 0, part, f"a {reader.strange}")
            # the last row may go on in the next piece
            for number, cells in reader.rows[: len(reader.rows) - bool(data)]:
                yield from [{}] * (number - line - 1)  # rows without a cell are not written
                line = number
                yield cells
            del reader.rows[: len(reader.rows) - bool(data)]
            if not data:
                return


def _same(found: Read, value: Cell) -> bool:
    kind, content = found
    if value is None:
        return kind == ""
    if isinstance(value, str):
        return (kind, content) == ("s", value) or (value == "" and kind == "")
    if isinstance(value, bool):
        return (kind, content) == ("b", str(int(value)))
    if kind != "n":
        return False
    if isinstance(value, datetime):
        return abs(_EPOCH + timedelta(days=float(content)) - value) < timedelta(milliseconds=1)
    if isinstance(value, date):
        return float(content) == (value - _EPOCH.date()).days
    if isinstance(value, float):
        return math.isclose(float(content), value, rel_tol=1e-15, abs_tol=0)  # a workbook holds 16 digits
    return content == str(value) or Decimal(content) == value
