"""Lists that people keep in spreadsheets, read with suspicion: every line is used as it was meant, or skipped and named."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import narwhals as nw
from narwhals.typing import IntoFrame

from ytxdata.errors import MissingExtraError, UsageError
from ytxdata.files import require_file
from ytxdata.history.list_amounts import AMOUNTS, Money, in_seconds
from ytxdata.history.list_cells import doubles, is_above
from ytxdata.history.proof.witness import ASIDE
from ytxdata.labels import NO_TEXT, Text, closest, decimal_text, in_one
from ytxdata.list_totals import is_total
from ytxdata.spreadsheets import (
    MOMENTS,
    MOST_TITLES,
    UNITS,
    Header,
    dated,
    header_of,
    holds_values,
    is_only_notes,
    is_swallowing,
    named_columns,
    seconds_of,
    strict_rows,
    told_header,
)
from ytxdata.tables.csv import unescape
from ytxdata.tables.described import to_arrow
from ytxdata.workbooks import Worksheet, is_workbook, only_sheet, sheets_of

Listed: TypeAlias = str | Path | IntoFrame
"""A list as people have it: the path of a CSV or a workbook, or a frame of any engine."""

MAX_BYTES = 256 * 1024 * 1024
"""The largest list that is read; larger than one line for each of two million meetings."""


class Skipped(NamedTuple):
    """A line of a list that was not used: its number in the file (or row of the frame, from 1), and why; 0 is the whole
    list.
    """

    line: int
    why: Text


class SheetLine(NamedTuple):
    """One line: its number, its cells by our own names for the columns, whatever stands in it, and how many digits of a
    yuan its amount counts in.
    """

    number: int
    cells: Mapping[str, str]
    words: Sequence[str] = ()
    digits: int = 0

    @property
    def first(self) -> str:
        """Whatever it begins with."""
        return next(iter(self.words), "")


_TITLES = Text(
    "列名上方有标题（第 {lines} 行），未读",
    "has titles above the names of its columns, which were not read (lines {lines})",
)
WIDTH = Text("列数与标题行不同", "it has another number of cells than the header")


def read_lines(
    given: Listed,
    what: Text,
    names: Mapping[str, tuple[str, ...]],
    required: tuple[str, ...],
    columns: Mapping[str, str],
    skipped: list[Skipped],
    *,
    keep_others: bool = False,
    like: Callable[[str], bool] | None = None,
) -> Iterator[SheetLine]:
    """Yield the lines of a CSV, a workbook or a frame by our names for its columns; those of another width are skipped.

    Parameters
    ----------
    given
        A path, or a frame of any engine.
    what
        What the list is called.
    names
        Our name → what the column may be called; compared without case, blanks, `_` and `-`.
    columns
        Our name → what the column is called here; wins.
    keep_others
        Also yield the cells of columns that are none of these, by their own names.
    like
        What a cell of the first required column looks like: where no column has its name, the only one that looks so is
        taken, and said.

    Raises
    ------
    UsageError
        It cannot be read, is empty, too large, or lacks a column.
    """
    known = partial(named_columns, names=names, columns=columns)

    def head_of(rows: Sequence[Sequence[str]]) -> Header | None:
        return header_of(rows, known, lambda found: found.keys() >= set(required), is_above)

    rows = _rows_of(given, what, head_of, lambda header: _read(known(header), header, keep_others), skipped)
    first = list(islice(rows, MOST_TITLES + 2))
    head = head_of([row for _, row in first]) or _first_line(
        first, what, lambda row: head_of([row]) is not None and not holds_values(row)
    )
    header = list(head.names)
    above = {n: words for n, row in first[: head.first] if (words := [*filter(None, map(str.strip, row))])}
    # of a bill, a total may be its title
    stated = {n: cells for n, cells in above.items() if "meeting_id" in required and is_total(cells[0])}
    if titles := [str(n) for n in above if n not in stated]:
        skipped.append(Skipped(0, _TITLES.format(lines=", ".join(titles))))
    if not any(cell.strip() for cell in header):
        raise _unusable(
            what, Text("是空的", "is empty"), Text("第一行应为列名", "its first line must name the columns")
        )
    if like and required[0] not in {*columns, *known(header)}:
        columns = {**columns, **_meant(required[0], header, first[head.last + 1 :], like, skipped)}
    named = _places(header, what, names, required, columns)
    others, places = doubles(header, names, columns, named), _read(named, header, keep_others)
    # who says which column is meant knows of the others
    known_of = range(len(header)) if AMOUNTS & columns.keys() else (*named.values(), *(one.place for one in others))
    money = Money(header, [*above.values()], named, {*known_of}) if AMOUNTS & names.keys() else None
    heads = [[cell.strip() for cell in row] for _, row in first[head.first : head.last + 1]]
    for number, (title, *rest) in stated.items():  # its figure may stand in a cell of its own
        yield SheetLine(number, dict.fromkeys(places, ""), [f"{title}：{' '.join(rest)}" if rest else title])
    for number, row in chain(first[head.last + 1 :], rows):
        if not any(cell.strip() for cell in row):
            continue
        if [cell.strip() for cell in row] in heads:
            skipped.append(Skipped(number, ASIDE["header"]))
            continue
        row = _filled_up(row, len(header))
        if len(row) != len(header):
            skipped.append(Skipped(number, WIDTH))
            continue
        for one in others:
            if one.differs(number, row) and one.is_namesake:  # nobody knows which of them is meant
                raise _unusable(what, one.clash, Text("只留一列", "leave one of them"))
        cells = {name: _as_meant(name, row[place], header[place]) for name, place in places.items()}
        digits = money.digits(number, row) if money else 0
        yield SheetLine(number, cells, [*filter(None, map(str.strip, row))], digits)
    skipped += (Skipped(0, one.text) for one in others if one.lines)
    skipped += _of_money(money) if money else ()


def _as_meant(name: str, cell: str, column: str) -> str:
    """Return a cell of a day as it was before a spreadsheet saved it, and one of a length in seconds."""
    cell = dated(cell) if name in MOMENTS else cell
    return in_seconds(cell, seconds_of(column)) if name == "duration_s" else cell


_NO_YUAN = Text(
    "警告：写有不是元的单位或币种，其金额仍按元读：{columns.zh}",
    "warns: it names another unit or currency than yuan, and its amounts were read as yuan: {columns.en}",
)
_UNREAD_MONEY = Text(
    "有没有读的金额列，其中的钱未计入：{columns.zh}",
    "has columns of money that were not read, nor counted: {columns.en}",
)
_SWALLOWED = Text(
    "有一格里含有好几行，其中的行未读：引号不成对（第 {lines} 行）",
    "has cells that hold several lines, which were not read: a quote has no other (lines {lines})",
)


def _of_money(money: Money) -> Iterator[Skipped]:
    if odd := [_lines_of(unit, lines) if lines else Text(unit, unit) for unit, lines in money.strange.items()]:
        yield Skipped(0, _NO_YUAN.format(columns=in_one(odd)))
    if unread := [_lines_of(column, lines) for column, lines in money.unread]:
        yield Skipped(0, _UNREAD_MONEY.format(columns=in_one(unread)))


def _filled_up(row: list[str], width: int) -> list[str]:
    """Return a line that ends early with blank cells behind it: a total in words in one cell, or who made the list."""
    is_alone = is_total(row[0]) and not any(cell.strip() for cell in row[1:])
    return [*row, *[""] * (width - len(row))] if is_alone or is_only_notes(row) else row


_TAKEN = Text(
    "没有常用列名的号码列，用的是内容为手机号码的列 {column}",
    "has no column of numbers by a usual name; {column} is used, whose cells are mobile numbers",
)


def _meant(
    wanted: str,
    header: Sequence[str],
    rows: Sequence[tuple[int, Sequence[str]]],
    like: Callable[[str], bool],
    skipped: list[Skipped],
) -> dict[str, str]:
    """Return what a column is called that has no usual name: the only one whose cells look so, which is said."""
    cells = {
        name: [row[place] for _, row in rows if "".join(row[place : place + 1]).strip()]
        for place, name in enumerate(header)
        if name.strip()
    }
    found = [name for name, some in cells.items() if some and all(map(like, some))]
    # of a list without a header, the first line is a person
    if len(found) != 1 or [*header].count(found[0]) > 1 or holds_values(header):
        return {}
    skipped.append(Skipped(0, _TAKEN.format(column=found[0])))
    return {wanted: found[0]}


def _read(named: Mapping[str, int], header: Sequence[str], keep_others: bool) -> dict[str, int]:
    """Return where each column stands that is read: those with our names and, where asked for, all others by their own."""
    others = {cell.strip(): place for place, cell in enumerate(header) if place not in named.values() and cell.strip()}
    # ours stay first, and whatever else is called so is not read
    return {**named, **{name: n for name, n in others.items() if keep_others and name not in named}}


def _first_line(
    rows: Sequence[tuple[int, Sequence[str]]], what: Text, is_header: Callable[[Sequence[str]], bool]
) -> Header:
    """Return the first line as a header; where another one further down names the columns, that is said."""
    if number := next((number for number, row in rows if is_header(row)), None):
        why = Text(
            f"的列名在第 {number} 行，其上还有别的内容", f"names its columns in line {number}, below other lines"
        )
        raise _unusable(what, why, Text("请删去列名上方的各行", "delete the lines above the names of the columns"))
    return Header(0, 0, rows[0][1] if rows else [])


def _rows_of(
    given: Listed,
    what: Text,
    head_of: Callable[[Sequence[Sequence[str]]], Header | None],
    read_of: Callable[[Sequence[str]], Mapping[str, int]],
    skipped: list[Skipped],
) -> Iterator[tuple[int, list[str]]]:
    """Yield the lines of a list, each with its number; `read_of` says which columns of a header are read."""
    if not isinstance(given, str | Path):
        yield from _rows_of_frame(given)
        return
    raw = _bytes_of(Path(given), what)
    try:
        if is_workbook(raw):
            sheet, head, unread = only_sheet(sheets_of(raw), head_of)
            skipped += [Skipped(0, _SHEETS.format(sheets=_shown(unread)))] if unread else []
            yield from _rows_of_sheet(sheet, head, read_of(head.names) if head else {}, skipped)
        else:
            swallowing: list[int] = []
            for number, row in strict_rows(raw):
                swallowing += [number] if is_swallowing(row, len(row)) else []
                yield number, [unescape(cell) for cell in row]
            skipped += [Skipped(0, _SWALLOWED.format(lines=_shown(swallowing)))] if swallowing else []
    except MissingExtraError:
        raise
    except UsageError as error:
        raise _unusable(what, error.cause, error.remedy) from None


_SHEETS = Text(
    "另有含数字的工作表没有读（第 {sheets} 张）",
    "has other worksheets with figures, which were not read (worksheets {sheets})",
)
_COMPUTED = Text(
    "有由公式算出的内容，按文件所存的结果读，没有重算：{columns.zh}",
    "has cells that are formulas; their results were read as the file keeps them, and not computed again: {columns.en}",
)


def _rows_of_sheet(
    sheet: Worksheet, head: Header | None, read: Mapping[str, int], skipped: list[Skipped]
) -> Iterator[tuple[int, list[str]]]:
    """Yield the lines of a worksheet, all of one width."""
    if head and (computed := sheet.computed({*read.values()}, sheet.lines[head.last][0])):
        told = [_lines_of(head.names[place], lines) for place, lines in computed.items()]
        skipped.append(Skipped(0, _COMPUTED.format(columns=in_one(told))))
    lines = sheet.filled_down({place for name, place in read.items() if name not in UNITS})
    width = max((n for _, row in lines for n, cell in enumerate(row, 1) if cell), default=0)
    for number, row in lines:
        yield number, [*row[:width], *[""] * (width - len(row))]


def _shown(lines: Sequence[int]) -> str:
    return ", ".join(map(str, lines[:10])) + (" …" if len(lines) > 10 else "")


def _lines_of(column: str, lines: Sequence[int]) -> Text:
    shown = _shown(lines)
    return Text(f"{column}（第 {shown} 行）", f"{column} (lines {shown})")


def _bytes_of(path: Path, what: Text) -> bytes:
    require_file(path)
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise _unusable(
                what,
                Text(
                    f"过大（{size:,} 字节，上限 {MAX_BYTES:,}）",
                    f"is too large ({size:,} bytes, at most {MAX_BYTES:,})",
                ),
                Text("请只保留需要的列，或按月拆分", "keep the columns that are needed, or split it by month"),
            )
        return path.read_bytes()
    except OSError as error:
        why = Text(f"读不了：{error.strerror}", f"cannot be read: {error.strerror}")
        raise _unusable(what, why, Text("检查权限", "check its permissions")) from None


def _rows_of_frame(frame: IntoFrame) -> Iterator[tuple[int, list[str]]]:
    columns, rows = _read_frame(frame)
    yield 0, columns
    for number, row in enumerate(rows, 1):
        yield number, ["" if cell is None or str(cell) in _MISSING else _plain(cell) for cell in row]


_MISSING = frozenset({"nan", "NaT", "<NA>"})


def _read_frame(frame: IntoFrame) -> tuple[list[str], Iterator[Sequence[Any]]]:
    """Return the names and rows of a frame; pandas keeps cells of several kinds in one column, as a workbook does."""
    try:
        table = to_arrow(frame)
    except UsageError:
        if isinstance(wrapped := nw.from_native(frame), nw.LazyFrame):
            raise
        return [*map(str, wrapped.columns)], wrapped.iter_rows()
    batches = (zip(*(column.to_pylist() for column in one.columns), strict=True) for one in table.to_batches())
    return list(table.column_names), chain.from_iterable(batches)


def _plain(cell: Any) -> str:
    is_short = isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53
    return decimal_text(cell) if isinstance(cell, Decimal) else f"{cell:.1f}" if is_short else str(cell)


def _places(
    header: list[str],
    what: Text,
    names: Mapping[str, tuple[str, ...]],
    required: tuple[str, ...],
    columns: Mapping[str, str],
) -> dict[str, int]:
    if strange := next((name for name in columns if name not in names), None):
        why = Text(f"没有列 {strange}", f"has no column {strange}")
        raise _unusable(what, why, Text("可用：" + "、".join(names), "known: " + ", ".join(names)))
    places = named_columns(header, names, columns)
    if missing := [name for name in required if name not in places]:
        raise lacking(what, missing, header, names)
    return places


def lacking(what: Text, missing: list[str], header: Sequence[str], names: Mapping[str, tuple[str, ...]]) -> UsageError:
    """Return the error for a list without columns that it must have."""
    meant = next((near for one in missing for name in (one, *names[one]) if (near := closest(name, header))), None)
    told = told_header(header)
    zh, en = (f"您是想写 {meant} 吗？", f"did you mean {meant}? ") if meant else ("", "")
    return _unusable(
        what,
        Text(f"缺少列 {'、'.join(missing)}；{told.zh}", f"has no column {', '.join(missing)}; {told.en}"),
        Text(
            zh + "；".join(f"{one} 可写作 {'、'.join(names[one])}" for one in missing),
            en + "; ".join(f"{one} may be called {', '.join(names[one])}" for one in missing),
        ),
    )  # fmt: skip


def none_left(what: Text, skipped: list[Skipped]) -> UsageError:
    """Return the error for a list of which no line could be used."""
    return _unusable(
        what,
        Text("没有一行可用", "has no line that can be used"),
        Text(
            "；".join(f"第 {one.line} 行：{one.why.zh}" for one in skipped[:5]) or "第一行之后写数据",
            "; ".join(f"line {one.line}: {one.why.en}" for one in skipped[:5]) or "write the data below the first line",
        ),
    )


def skipped_note(what: Text, skipped: list[Skipped]) -> Text:
    """Return one sentence about the lines that were not used, and what must be said of the list as a whole."""
    whole, lines = ([one for one in skipped if bool(one.line) == is_line] for is_line in (False, True))
    shown, rest = lines[:10], len(lines) - 10
    more = Text(f"，另有 {rest} 行", f", and {rest} more") if rest > 0 else NO_TEXT
    told = [Text(f"{what.zh}{one.why.zh}", f"the {what.en} {one.why.en}") for one in whole]
    if lines:
        zh, en = in_one(Text(f"第 {one.line} 行 {one.why.zh}", f"line {one.line}: {one.why.en}") for one in shown)
        told.append(
            Text(
                f"{what.zh}有 {len(lines)} 行未采用：{zh}{more.zh}",
                f"{what.en}: {len(lines)} lines not used: {en}{more.en}",
            )
        )
    return in_one(told)


def _unusable(what: Text, why: Text, remedy: Text | None) -> UsageError:
    return UsageError(Text(f"{what.zh}{why.zh}", f"the {what.en} {why.en}"), remedy=remedy)
