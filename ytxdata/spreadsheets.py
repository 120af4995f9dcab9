"""Spreadsheets as people make and save them: in whatever encoding, with titles above the header, and what a cell of
them was meant to be.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO, StringIO
from itertools import zip_longest
from typing import Any, NamedTuple, TypeAlias
from xml.parsers.expat import ExpatError, ParserCreate
from zipfile import ZipFile

from ytxdata.errors import UsageError, require_extra
from ytxdata.labels import Text

FORMULA = Text("单元格是公式", "a cell is a formula")
SCIENTIFIC = Text(
    "被存成科学计数法，末位已丢失",
    "an id or a number was saved in scientific notation, its last digits are lost",
)
_AS_TEXT = re.compile(r'="([^"]*)"')
_FORMULA = re.compile(r"[=@＝＠]|[+\-＋－].*[^\d\s().\-－+＋]")
_SCIENTIFIC = re.compile(r"[+-]?\d{1,17}(\.\d*)?[eE][+-]?\d{1,3}")  # an id of 32 hexadecimal digits is longer
_WHOLE = re.compile(r"(\d+)\.0+")


def exact(cell: str) -> str | Text:
    """Return the text a cell of an id or a phone was meant to be, or why nobody can tell.

    Examples
    --------
    >>> exact(' ="013800000000" '), exact("13800000000.0"), exact("=1+1").en
    ('013800000000', '13800000000', 'a cell is a formula')
    """
    text = cell.strip().strip("\ufeff\u200b").strip()
    quoted = _AS_TEXT.fullmatch(text)
    if quoted:
        return quoted[1].strip()
    if _SCIENTIFIC.fullmatch(text):
        return SCIENTIFIC
    if _FORMULA.match(text):
        return FORMULA
    whole = _WHOLE.fullmatch(text)
    return whole[1] if whole else text


Grid: TypeAlias = Sequence[tuple[int, Sequence[Any]]]
"""Lines of cells, each with its number."""

MOST_TITLES = 5
"""Below how many lines a header is looked for: titles, and blank lines, may stand above it."""


def csv_rows(raw: bytes) -> Grid:
    """Return the lines of a CSV in whatever encoding, each with the number of its first line in the file."""
    text = next(
        text for encoding in ("utf-8-sig", "gb18030", "utf-16") if (text := _decoded(raw, encoding)) is not None
    )
    rows = csv.reader(StringIO(text), delimiter=delimiter_of(text))
    return [(rows.line_num - sum(cell.count("\n") for cell in row), row) for row in rows]


def strict_rows(raw: bytes) -> Iterator[tuple[int, list[str]]]:
    """Yield the lines of a CSV of which every byte is text and every quote has another, each with its number.

    Raises
    ------
    UsageError
        It is none.
    """
    encodings = ("utf-16",) if raw.startswith((b"\xff\xfe", b"\xfe\xff")) else ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError as error:
            at = raw[: error.start].count(b"\n") + 1
            continue
        if "\0" not in text:
            break
        at = text[: text.index("\0")].count("\n") + 1
        raise _no_text(at)
    else:
        raise _no_text(at)
    csv.field_size_limit(max(len(text), csv.field_size_limit()))
    reader, number = csv.reader(StringIO(text, newline=""), delimiter=delimiter_of(text), strict=True), 0
    try:
        while True:
            number = reader.line_num + 1
            yield number, next(reader)
    except StopIteration:
        return
    except csv.Error as error:
        raise _no_list(Text(f"第 {number} 行读不懂：{error}", f"cannot be read at line {number}: {error}")) from None


def _no_text(line: int) -> UsageError:
    return _no_list(Text(f"第 {line} 行不是 UTF-8 或 GB 18030 文本", f"is no text in UTF-8 or GB 18030 at line {line}"))


def _decoded(raw: bytes, encoding: str) -> str | None:
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff") and encoding != "utf-16":
        return None
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        return None if encoding != "utf-16" else raw.decode("latin-1")


def delimiter_of(text: str) -> str:
    """Return what parts the cells of a CSV: comma, tab or semicolon, by its first line that has any."""
    above = text.split("\n", MOST_TITLES + 1)[: MOST_TITLES + 1]
    first = next((line for line in above if set(line) & set(",\t;")), "")
    return max(",\t;", key=first.count)


def named_columns(
    header: Sequence[str], names: Mapping[str, tuple[str, ...]], columns: Mapping[str, str]
) -> dict[str, int]:
    """Return our name → the place of its column, for those that a header has; `columns` says what one is called here.

    Examples
    --------
    >>> named_columns(["姓 名", "Tel"], {"phone": ("tel",), "name": ("姓名",)}, {})
    {'phone': 1, 'name': 0}
    """
    found = [bare(cell) for cell in header]
    wanted = {name: [bare(one) for one in _called(name, names, columns)] for name in names}
    firsts = {name: next((found.index(one) for one in those if one in found), None) for name, those in wanted.items()}
    return {name: place for name, place in firsts.items() if place is not None}


def _called(name: str, names: Mapping[str, tuple[str, ...]], columns: Mapping[str, str]) -> tuple[str, ...]:
    return (columns[name],) if name in columns else (name, *names[name])


def bare(text: str) -> str:
    """Return the name of a column without what people write in many ways: case, width, blanks, punctuation.

    Examples
    --------
    >>> bare("时长（秒）"), bare("Meeting_ID:")
    ('时长秒', 'meetingid')
    """
    return re.sub(r"[\s_\-\ufeff()\[\]/:]", "", unicodedata.normalize("NFKC", text)).casefold()


@dataclass
class Double:
    """A column that may be what another one was read for, and the lines in which it says otherwise."""

    header: Sequence[str]
    read: int
    place: int
    lines: list[int] = field(default_factory=list)

    def differs(self, number: int, row: Sequence[str]) -> bool:
        """Say whether it says otherwise in a line, and keep the line's number."""
        is_other = row[self.place].strip() not in ("", row[self.read].strip())
        self.lines += [number] * is_other
        return is_other

    @property
    def is_namesake(self) -> bool:
        """Whether both are called the same; pandas numbers the second."""
        read, other = bare(self.header[self.read]), bare(self.header[self.place])
        return re.fullmatch(rf"{re.escape(read)}(\.\d{{1,2}})?", other) is not None

    @property
    def clash(self) -> Text:
        """Why nothing can be read where both are called the same."""
        name, line = self.header[self.place], self.lines[0]
        return Text(
            f"第 {self.read + 1} 列与第 {self.place + 1} 列同名（{name}），第 {line} 行内容不同",
            f"has two columns of one name, {self.read + 1} and {self.place + 1} ({name}), that differ in line {line}",
        )

    @property
    def text(self) -> Text:
        """Which one was read, where the other has another name."""
        read, other, n, line = self.header[self.read], self.header[self.place], len(self.lines), self.lines[0]
        return Text(
            f"第 {self.place + 1} 列 {other} 与第 {self.read + 1} 列 {read} 有 {n} 行不同（如第 {line} 行），用的是第 {self.read + 1} 列",
            f"says otherwise in column {self.place + 1} ({other}) than in column {self.read + 1} ({read}) in {n} lines, "
            f"line {line} for one; column {self.read + 1} is used",
        )


def doubles(
    header: Sequence[str], names: Mapping[str, tuple[str, ...]], columns: Mapping[str, str], places: Mapping[str, int]
) -> list[Double]:
    """Return the columns that may be what others were read for: of the same name, or of another that is as usual."""
    taken = set(places.values())
    others = [place for place, cell in enumerate(header) if cell.strip() and place not in taken]
    found = [Double(header, read, place) for read in sorted(taken) for place in others]
    usual = {places[name]: {bare(one) for one in _called(name, names, columns)} for name in places}
    return [one for one in found if one.is_namesake or bare(header[one.place]) in usual[one.read]]


class Header(NamedTuple):
    """Where a header begins and ends among the lines of a list, and the names of its columns."""

    first: int
    last: int
    names: Sequence[str]


def header_of(
    rows: Sequence[Sequence[str]],
    known: Callable[[Sequence[str]], Mapping[str, Any]],
    is_enough: Callable[[Mapping[str, Any]], bool],
    is_note: Callable[[Sequence[str]], bool] = lambda _: False,
) -> Header | None:
    """Return the header among the first lines: above it stand only titles, which fill one cell at most, and notes.

    Of a header of two lines (时间 over 开始 and 结束), a column is called by either or by both, as `known` knows it.

    Examples
    --------
    >>> rows = ["2026年3月", ""], ["会议", "时间"], ["编号", "开始"], ["m0", "8:00"]
    >>> header_of(rows, lambda row: {one: 0 for one in row if one in ("会议编号", "开始时间")}, lambda names: len(names) > 1)
    Header(first=1, last=2, names=['会议编号', '开始时间'])
    """
    for place, row in enumerate(rows[: MOST_TITLES + 1]):
        n = sum(cell.strip() != "" for cell in row)
        # what stands above the names of columns and holds figures is no part of them: it may be a line
        if n > 1 and len(rows) > place + 1 and not re.search(r"\d", "".join(row)):
            both = _joined(row, rows[place + 1], known)
            if is_enough(known(both)) and len(known(both)) > len(known(row)):
                return Header(place, place + 1, both)
        if is_enough(known(row)):
            return Header(place, place, row)
        if n > 1 and not is_note(row):
            break
    return None


def _joined(
    upper: Sequence[str], lower: Sequence[str], known: Callable[[Sequence[str]], Mapping[str, Any]]
) -> list[str]:
    """Return what the columns of a header of two lines are called; a name in the upper one goes on above all below it."""
    names, above = [], ""
    for over, under in zip_longest(map(str.strip, upper), map(str.strip, lower), fillvalue=""):
        above = over or (above if under else "")
        words = [above or under] if under in ("", above) else [under + above, above + under, under]
        names.append(next((one for one in words if known([one])), words[min(1, len(words) - 1)]))
    return names


_FIGURE = re.compile(r"[¥￥]?\s*-?(?:[,.:]?\d){1,9}\s*[元秒]?")
"""An amount or a duration; ids and telephone numbers are longer."""
MOST_ROWS, MOST_COLUMNS = 1_048_576, 16_384
"""What a worksheet of Excel may have."""
MOST_PARTS = 10_000_000
"""Elements and cells of a workbook, with those between that are left out: a bill of 100,000 lines and 8 columns has a
quarter of them.
"""
MOST_UNPACKED = 256 * 1024 * 1024
_PIECE = 1024 * 1024


def is_workbook(raw: bytes) -> bool:
    """Return whether a file is a workbook by how it begins, and no text."""
    return raw[:4] == b"PK\x03\x04"


def xlsx_rows(raw: bytes) -> list[Grid]:
    """Return of every worksheet the lines that are not blank, each with its number.

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
        # a program that writes formulas without their results leaves these cells empty: whole lines would be none
        looks = _looked_through(raw)
        kinds = (True, False) if any(one.has_formulas for one in looks.values()) else (True,)
        books = [load_workbook(BytesIO(raw), read_only=True, data_only=is_value) for is_value in kinds]
        sheets = [list(_filled(one)) for one in zip(*(book.worksheets for book in books), strict=True)]
        paths = [getattr(one, "_worksheet_path", "").lstrip("/") for one in books[0].worksheets]
        merged = [looks[path].merged if path in looks else [] for path in paths]
    except UsageError:
        raise
    except Exception as error:  # a broken workbook makes openpyxl raise whatever comes
        raise _no_list(Text(f"不是完好的工作簿（{error}）", f"is no whole workbook ({error})")) from None
    cells = (pair for sheet in sheets for _, *both in sheet for pair in zip(both[0], both[-1], strict=True))
    kind = 0 if any(known not in ("", meant) for known, meant in cells) else -1
    grids = [[(n, both[kind]) for n, *both in sheet] for sheet in sheets]
    return [_filled_down(grid, areas) for grid, areas in zip(grids, merged, strict=True)]


def _filled_down(grid: Sequence[tuple[int, list[Any]]], areas: Sequence[tuple[int, int, int, int]]) -> Grid:
    """Write what stands in cells that are merged over several lines in each of them: a department is that of all.

    A figure is one for all of them, and would be counted several times.
    """
    numbers = [n for n, _ in grid]
    for left, top, _, bottom in areas:
        lines = [row for _, row in grid[bisect_left(numbers, top) : bisect_right(numbers, bottom)] if len(row) >= left]
        if len(lines) > 1 and not _FIGURE.fullmatch(lines[0][left - 1]):
            for row in lines[1:]:
                row[left - 1] = row[left - 1] or lines[0][left - 1]
    return grid


def only_sheet(
    grids: Sequence[Grid], has_header: Callable[[Sequence[Sequence[str]]], bool]
) -> Iterator[tuple[int, list[str]]]:
    """Yield the lines of the one worksheet that names the columns, all of one width; of the first where none does.

    Raises
    ------
    UsageError
        There are several such worksheets: one of them would be read for all.
    """
    named = [has_header([row for _, row in grid[: MOST_TITLES + 2]]) for grid in grids]
    places = [place for place, is_named in enumerate(named, 1) if is_named]
    if len(places) > 1:
        zh, en = "、".join(map(str, places)), ", ".join(map(str, places))
        raise UsageError(
            Text(f"有 {len(places)} 张工作表都是这种名单（第 {zh} 张）", f"stands on {len(places)} worksheets ({en})"),
            remedy=Text("请并到一张工作表，或只留一张", "put all of it on one worksheet, or leave one of them"),
        )
    grid = grids[places[0] - 1 if places else 0]
    width = max((n for _, row in grid for n, cell in enumerate(row, 1) if cell), default=0)
    for number, row in grid:
        yield number, [*row[:width], *[""] * (width - len(row))]


def _filled(sheets: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    """Yield the number of each line that is not blank, and its cells in each reading of one worksheet."""
    for sheet in sheets:
        sheet.reset_dimensions()  # a size that a file states cuts off what lies beyond it
    for n, rows in enumerate(zip(*(one.iter_rows(values_only=True) for one in sheets), strict=True), 1):
        if any(cell is not None for row in rows for cell in row):
            yield n, *([_text(cell) for cell in row] for row in rows)


def _no_list(why: Text) -> UsageError:
    return UsageError(why, remedy=Text("请另存为 UTF-8 编码的 CSV，或 .xlsx", "save it as CSV in UTF-8, or as .xlsx"))


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
            raise _no_list(Text("解压后过大", "is too large when unpacked"))
        for one in whole.infolist():
            look = looks[one.filename] = _Look(parts)
            with whole.open(one) as file, suppress(ExpatError):  # a picture, say; openpyxl ends where this does
                while piece := file.read(_PIECE):
                    look.parser.Parse(piece, False)
            parts = look.parts
    return looks


class _Look:
    """One file of a workbook as it goes by: how much there is, and where it says that it stands."""

    def __init__(self, parts: int = 0) -> None:
        self.parts, self.row, self.column = parts, 0, 0
        self.is_row = self.has_formulas = False
        self.merged: list[tuple[int, int, int, int]] = []
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
        elif kind == "f" and self.is_row:
            self.has_formulas = True
        elif kind == "mergeCell" and ":" in said.get("ref", ""):
            self._merge(said["ref"])
        elif kind == "sheetData" and said:  # what a file remembers of another one's worksheets, one after the other
            self.row = 0
        if self.parts > MOST_PARTS:
            raise _no_list(Text(f"单元格过多（上限 {MOST_PARTS:,}）", f"has too many cells (at most {MOST_PARTS:,})"))

    def _at(self, before: int, place: int | None, most: int) -> int:
        """Return where a row or cell stands; one that is not behind the one before it, openpyxl would not give."""
        place = before + 1 if place is None else place
        if not before < place <= most:
            raise _no_list(Text(f"行列编号不可用：{place}", f"has a row or column of a number that cannot be: {place}"))
        self.parts += place - before - 1
        return place

    def _merge(self, ref: str) -> None:
        from openpyxl.utils.cell import range_boundaries

        left, top, right, bottom = (one or 0 for one in range_boundaries(ref))
        if bottom > top:
            self.merged.append((left, top, right, bottom))
            self.parts += min(bottom, self.row) - min(top, self.row)

    def _end(self, name: str) -> None:
        self.is_row = self.is_row and name.rpartition(" ")[2] != "row"

    def _doctype(self, *_: object) -> None:
        raise _no_list(Text("带有 DOCTYPE 声明", "has a DOCTYPE, as no workbook has"))


def _column(place: str) -> int:
    from openpyxl.utils.cell import coordinate_to_tuple

    column: int = coordinate_to_tuple(place)[1]
    return column


def _text(cell: object) -> object:
    """Return a cell as a text that says the same: a time without zone is Beijing's, a whole number has no point."""
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:  # beyond, its last digits are lost
        return str(int(cell))
    return "" if cell is None else str(cell)
