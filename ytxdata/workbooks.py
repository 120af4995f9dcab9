"""Workbooks as people and programs save them: looked through before anything is built of them, each worksheet as the
lines that are not blank.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any, NamedTuple, TypeAlias
from xml.parsers.expat import ExpatError, ParserCreate
from zipfile import ZipFile

from ytxdata.errors import UsageError, require_extra
from ytxdata.labels import Text
from ytxdata.list_totals import is_total
from ytxdata.spreadsheets import MOST_TITLES, Grid, Header, no_list

MOST_ROWS, MOST_COLUMNS = 1_048_576, 16_384
"""What a worksheet of Excel may have."""
MOST_PARTS = 10_000_000
"""Elements and cells of a workbook, with those between that are left out: a bill of 100,000 lines and 8 columns has a
quarter of them.
"""
MOST_UNPACKED = 256 * 1024 * 1024
_PIECE = 1024 * 1024


_OTHERS: Sequence[tuple[bytes, Text]] = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Text("Excel 97-2003 工作簿（.xls）或带密码的工作簿", "an Excel 97-2003 workbook (.xls), or one with a password")),
    (b"PK\x03\x04.{26}mimetypeapplication/vnd\\.oasis\\.", Text("OpenDocument 表格（.ods）", "an OpenDocument spreadsheet (.ods)")),
    (rb"\s*(?:\xef\xbb\xbf)?\s*<(?:html|table|!doctype html|\?xml[^>]*>\s*(?:<\?mso[^>]*>\s*)?<(?:\w+:)?workbook)", Text("存成 .xls 的网页或 XML 表格", "a page or XML that Excel opens as .xls")),
)  # fmt: skip
"""How spreadsheets of other programs begin, whatever their files are called: of each a reader said what it stumbled on."""


def is_workbook(raw: bytes) -> bool:
    """Return whether a file is a workbook by how it begins, and no text.

    Raises
    ------
    UsageError
        It is one that must be saved as .xlsx first.
    """
    for begin, what in _OTHERS:
        if re.match(begin, raw[:400], re.IGNORECASE | re.DOTALL):
            raise UsageError(
                Text(f"是{what.zh}，请另存为 .xlsx", f"is {what.en}: save it as .xlsx"),
                remedy=Text(
                    "在 Excel 或 WPS 里打开，另存为 .xlsx（Excel 工作簿）",
                    "open it and save it as .xlsx (Excel workbook)",
                ),
            )
    return raw[:4] == b"PK\x03\x04"


Area: TypeAlias = tuple[int, int, int, int]
"""Cells that are merged: the first column and line, the last column and line."""


class Worksheet(NamedTuple):
    """A worksheet: the lines that are not blank, which of its cells are merged over several lines, which are the
    results of formulas (line and place), as whoever wrote the file kept them, and what it says in no cell: its name,
    comments, text boxes, and what is printed on each page.
    """

    lines: Grid
    merged: Sequence[Area] = ()
    results: Sequence[tuple[int, int]] = ()
    beside: Sequence[str] = ()

    def filled_down(self, places: Collection[int]) -> Grid:
        """Return its lines; in some columns, what stands in merged cells stands in each line of them."""
        numbers = [n for n, _ in self.lines]
        for left, top, _, bottom in self.merged:
            begin, end = bisect_left(numbers, top), bisect_right(numbers, bottom)
            if left - 1 not in places or top not in numbers[begin : begin + 1]:
                continue
            first, *others = (row for _, row in self.lines[begin:end])
            for row in others:
                row += [""] * (left - len(row))  # below the first of a merge, many write no cell at all
                row[left - 1] = row[left - 1] or first[left - 1]
        return self.lines

    def computed(self, places: Collection[int], header: int) -> dict[int, list[int]]:
        """Return, of some columns, the lines below a header in which the result of a formula stands: a spreadsheet
        computes it again, and may show another one. A total is left out, for it is held against its lines.
        """
        found: dict[int, list[int]] = {place: [] for place in sorted(places)}
        firsts = {n: next(filter(None, row), "") for n, row in self.lines} if self.results else {}
        for n, place in self.results:
            if n > header and place in found and not is_total(firsts.get(n, "")):
                found[place].append(n)
        return {place: lines for place, lines in found.items() if lines}


def sheets_of(raw: bytes) -> list[Worksheet]:
    """Return every worksheet.

    Raises
    ------
    UsageError
        It cannot be read, or is larger than a list that people keep.
    MissingExtraError
        The extra `xlsx` is not installed.
    """
    require_extra("xlsx")
    from openpyxl import load_workbook

    try:
        looks = _looked_through(raw)
        # formulas are read beside their results, for programs write them without any: whole lines would be blank
        kinds = (True, False) if any(one.formulas for one in looks.values()) else (True,)
        books = [load_workbook(BytesIO(raw), read_only=True, data_only=is_value) for is_value in kinds]
        sheets = [_read(one, looks) for one in zip(*(book.worksheets for book in books), strict=True)]
        # comments and text boxes are kept in files of their own: of which worksheet they are matters to nobody
        notes = [text for one in looks.values() for text in one.notes]
        return [one._replace(beside=(*one.beside, *notes)) for one in sheets[:1]] + sheets[1:]
    except UsageError:
        raise
    except Exception as error:  # a broken workbook makes openpyxl raise whatever comes
        raise no_list(Text(f"不是完好的工作簿（{error}）", f"is no whole workbook ({error})")) from None


def only_sheet(
    sheets: Sequence[Worksheet],
    head_of: Callable[[Sequence[Sequence[str]]], Header | None],
) -> tuple[Worksheet, Header | None, list[int]]:
    """Return the one worksheet that names the columns, the first where none does; its header; and the numbers of
    others that hold figures: a bill may go on there, and a part of it would be taken for all.

    Raises
    ------
    UsageError
        There are several such worksheets: one of them would be read for all.
    """
    heads = [head_of([row for _, row in sheet.lines[: MOST_TITLES + 2]]) for sheet in sheets]
    places = [place for place, head in enumerate(heads, 1) if head]
    if len(places) > 1:
        zh, en = "、".join(map(str, places)), ", ".join(map(str, places))
        raise UsageError(
            Text(f"有 {len(places)} 张工作表都是这种名单（第 {zh} 张）", f"stands on {len(places)} worksheets ({en})"),
            remedy=Text("请并到一张工作表，或只留一张", "put all of it on one worksheet, or leave one of them"),
        )
    chosen = places[0] if places else 1
    others = [n for n, one in enumerate(sheets, 1) if n != chosen and any(_has_figure(row) for _, row in one.lines)]
    return sheets[chosen - 1], heads[chosen - 1], others


_FIGURE = re.compile(r"[-¥￥\s]*\d[\d,]*(?:\.\d+)?\s*元?")


def _has_figure(row: Sequence[Any]) -> bool:
    filled = [cell for cell in row if cell]
    return len(filled) > 1 and any(_FIGURE.fullmatch(cell) for cell in filled)


def _read(sheets: Sequence[Any], looks: Mapping[str, _Look]) -> Worksheet:
    """Return a worksheet, given as its results and as its formulas: each cell is its result, or else its formula.

    For a whole workbook at once it was one or the other, by whether any formula had a result: a line of which no cell
    had one was blank wherever another cell had.
    """
    look = looks.get(getattr(sheets[0], "_worksheet_path", "").lstrip("/")) or _Look()
    lines: list[tuple[int, list[Any]]] = []
    results: list[tuple[int, int]] = []
    for sheet in sheets:
        sheet.reset_dimensions()  # a size that a file states cuts off what lies beyond it
    for n, rows in enumerate(zip(*(one.iter_rows(values_only=True) for one in sheets), strict=True), 1):
        if not any(cell is not None for row in rows for cell in row):
            continue
        known, meant = rows[0], rows[-1]
        cells = [_text(cell) for cell in known]
        for place, is_text in look.formulas.get(n, {}).items():
            if known[place] is None and not is_text:
                cells[place] = str(getattr(meant[place], "text", meant[place] or ""))
            else:
                results.append((n, place))
        lines.append((n, cells))
    return Worksheet(lines, look.merged, results, (str(sheets[0].title),))


def _looked_through(raw: bytes) -> dict[str, _Look]:
    """Look a workbook through before anything is built of it, and return what each of its files is like.

    Raises
    ------
    UsageError
        It would take more memory than a list may: 1.5 KB can name a row of which two billion others lie in front.
    """
    looks: dict[str, _Look] = {}
    parts = 0
    with ZipFile(BytesIO(raw)) as whole:
        if sum(one.file_size for one in whole.infolist()) > MOST_UNPACKED:
            raise no_list(Text("解压后过大", "is too large when unpacked"))
        for one in whole.infolist():
            look = looks[one.filename] = _Look(parts)
            with whole.open(one) as file, suppress(ExpatError):  # a picture, say; openpyxl ends where this does
                while piece := file.read(_PIECE):
                    look.parser.Parse(piece, False)
            parts = look.parts
    return looks


_NOTES = frozenset(f"{which}{part}" for which in ("odd", "even", "first") for part in ("Header", "Footer"))
_NOTES |= {"comment", "threadedComment", "txBody"}
_CODES = re.compile(r'&(?:"[^"]*"|K[0-9A-F]{6}|\d+|[A-Z&])')
"""Codes of what is printed on each page: its font, its number."""
_AUTHOR = re.compile(r"^\s*[^:：\n]{1,20}[:：]\n")
"""How Excel begins a comment. One that begins with a bracket tells old versions of Excel that another one is kept."""


class _Look:
    """One file of a workbook as it goes by: how much there is, and where it says that it stands."""

    def __init__(self, parts: int = 0) -> None:
        self.parts, self.row, self.column = parts, 0, 0
        self.is_row = self.is_text = False
        # line → place → whether its result is a text, be it an empty one
        self.formulas: dict[int, dict[int, bool]] = {}
        self.merged: list[tuple[int, int, int, int]] = []
        self.notes: list[str] = []
        self.parser = ParserCreate(namespace_separator=" ")
        self.parser.StartElementHandler, self.parser.EndElementHandler = self._start, self._end
        self.parser.StartDoctypeDeclHandler = self._doctype

    def _start(self, name: str, said: Mapping[str, str]) -> None:
        kind = name.rpartition(" ")[2]
        self.parts += 1
        if kind == "row":
            self.is_row, self.column = True, 0
            self.row = self._at(self.row, int(float(said["r"])) if "r" in said else None, MOST_ROWS)
        elif kind == "c" and self.is_row:
            self.column = self._at(self.column, _column(said["r"]) if said.get("r") else None, MOST_COLUMNS)
            self.is_text = said.get("t") == "str"
        elif kind == "f" and self.is_row:
            self.formulas.setdefault(self.row, {})[self.column - 1] = self.is_text
        elif kind == "mergeCell" and ":" in said.get("ref", ""):
            self._merge(said["ref"])
        elif kind in _NOTES:
            self.notes.append("")
            self.parser.CharacterDataHandler = self._write
        elif kind == "sheetData" and said:  # what a file remembers of another one's worksheets, one after the other
            self.row = 0
        if self.parts > MOST_PARTS:
            raise no_list(Text(f"单元格过多（上限 {MOST_PARTS:,}）", f"has too many cells (at most {MOST_PARTS:,})"))

    def _at(self, before: int, place: int | None, most: int) -> int:
        """Return where a row or cell stands; one that is not behind the one before it, openpyxl would not give."""
        place = before + 1 if place is None else place
        if not before < place <= most:
            raise no_list(Text(f"行列编号不可用：{place}", f"has a row or column of a number that cannot be: {place}"))
        self.parts += place - before - 1
        return place

    def _merge(self, ref: str) -> None:
        from openpyxl.utils.cell import range_boundaries

        left, top, right, bottom = (one or 0 for one in range_boundaries(ref))
        if bottom > top:
            self.merged.append((left, top, right, bottom))
            # lines that end before it are made longer
            self.parts += left * (min(bottom, self.row) - min(top, self.row))

    def _write(self, text: str) -> None:
        self.notes[-1] += text

    def _end(self, name: str) -> None:
        kind = name.rpartition(" ")[2]
        self.is_row = self.is_row and kind != "row"
        if kind in _NOTES:
            self.parser.CharacterDataHandler = None
            text = _AUTHOR.sub("", _CODES.sub(" ", self.notes[-1])).strip()
            self.notes[-1:] = [text] if text and not text.startswith("[") else []

    def _doctype(self, *_: object) -> None:
        raise no_list(Text("带有 DOCTYPE 声明", "has a DOCTYPE, as no workbook has"))


def _column(place: str) -> int:
    from openpyxl.utils.cell import coordinate_to_tuple

    column: int = coordinate_to_tuple(place)[1]
    return column


_EXCEL_S = timedelta(milliseconds=1)
"""How exact a time of day in a workbook is: it is a fraction of a day, of 15 digits."""


def _text(cell: object) -> object:
    """Return a cell as a text that says the same: a time without zone is Beijing's, a whole number has no point."""
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    if isinstance(cell, timedelta):  # [h]:mm:ss; of 24 hours and more, `1 day, 1:00:00` is no figure to any reader
        rest = cell - timedelta(seconds=(whole := round(cell.total_seconds())))
        told = f"{abs(whole) // 3600}:{abs(whole) // 60 % 60:02}:{abs(whole) % 60:02}"
        return f"-{told}" if whole < 0 else told if abs(rest) < _EXCEL_S else str(cell)
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:  # beyond, its last digits are lost
        return str(int(cell))
    if isinstance(cell, float):  # the sum of 1.10 and 2.20 is kept as 3.3000000000000003, and shown as 3.3
        return format(cell, ".15g") if abs(cell) < 1e15 else str(cell)
    return "" if cell is None else str(cell)
