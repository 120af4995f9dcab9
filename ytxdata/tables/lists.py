"""Lists that people keep in spreadsheets, read with suspicion, and the address book: whose number, where, since when.

Every line is used as it was meant, or skipped and named. One format of book for reports, audits and masking.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property, partial
from itertools import chain, dropwhile, islice
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

from narwhals.typing import IntoFrame

from ytxdata.errors import MissingExtraError, UsageError
from ytxdata.files import require_file
from ytxdata.labels import Text, closest, decimal_text
from ytxdata.list_totals import is_total
from ytxdata.phones import mask, normalize
from ytxdata.spreadsheets import (
    MOST_TITLES,
    Header,
    doubles,
    exact,
    header_of,
    is_workbook,
    named_columns,
    only_sheet,
    strict_rows,
    xlsx_rows,
)
from ytxdata.tables.csv import unescape
from ytxdata.tables.described import to_arrow

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
    """One line: its number, and its cells by our own names for the columns."""

    number: int
    cells: Mapping[str, str]


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

    Raises
    ------
    UsageError
        It cannot be read, is empty, too large, or lacks a column.
    """

    def head_of(rows: Sequence[Sequence[str]]) -> Header | None:
        known = partial(named_columns, names=names, columns=columns)
        return header_of(rows, known, lambda found: found.keys() >= set(required))

    rows = _rows_of_file(Path(given), what, head_of) if isinstance(given, str | Path) else _rows_of_frame(given)
    first = list(islice(rows, MOST_TITLES + 2))
    head = head_of([row for _, row in first]) or Header(0, 0, first[0][1] if first else [])
    header = list(head.names)
    if titles := [str(n) for n, row in first[: head.first] if any(cell.strip() for cell in row)]:
        skipped.append(Skipped(0, _TITLES.format(lines=", ".join(titles))))
    if not any(cell.strip() for cell in header):
        raise _unusable(
            what, Text("是空的", "is empty"), Text("第一行应为列名", "its first line must name the columns")
        )
    places = _places(header, what, names, required, columns)
    others = doubles(header, names, columns, places)
    if keep_others:
        taken = set(places.values())
        places |= {cell.strip(): place for place, cell in enumerate(header) if place not in taken and cell.strip()}
    for number, row in chain(first[head.last + 1 :], rows):
        if not any(cell.strip() for cell in row):
            continue
        if len(row) < len(header) and is_total(row[0]) and not any(cell.strip() for cell in row[1:]):
            row = [*row, *[""] * (len(header) - len(row))]  # a total in words, in one cell
        if len(row) != len(header):
            skipped.append(Skipped(number, WIDTH))
            continue
        for one in others:
            if one.differs(number, row) and one.is_namesake:  # nobody knows which of them is meant
                raise _unusable(what, one.clash, Text("只留一列", "leave one of them"))
        yield SheetLine(number, {name: row[place] for name, place in places.items()})
    skipped += (Skipped(0, one.text) for one in others if one.lines)


def _rows_of_file(
    path: Path, what: Text, head_of: Callable[[Sequence[Sequence[str]]], Header | None]
) -> Iterator[tuple[int, list[str]]]:
    raw = _bytes_of(path, what)
    try:
        if is_workbook(raw):
            yield from only_sheet(xlsx_rows(raw), lambda rows: head_of(rows) is not None)
        else:
            yield from ((number, [unescape(cell) for cell in row]) for number, row in strict_rows(raw))
    except MissingExtraError:
        raise
    except UsageError as error:
        raise _unusable(what, error.cause, error.remedy) from None


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
    table = to_arrow(frame)
    yield 0, list(table.column_names)
    number = 0
    for batch in table.to_batches():
        for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            number += 1
            yield number, ["" if cell is None or cell != cell else _plain(cell) for cell in row]


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
    strange = [name for name in columns if name not in names]
    if strange:
        raise _unusable(
            what,
            Text(f"没有列 {strange[0]}", f"has no column {strange[0]}"),
            Text("可用：" + "、".join(names), "known: " + ", ".join(names)),
        )
    places = named_columns(header, names, columns)
    missing = [name for name in required if name not in places]
    if missing:
        raise _lacking(what, missing, header, names)
    return places


def _lacking(what: Text, missing: list[str], header: Sequence[str], names: Mapping[str, tuple[str, ...]]) -> UsageError:
    meant = next((near for one in missing for name in (one, *names[one]) if (near := closest(name, header))), None)
    zh, en = (f"您是想写 {meant} 吗？", f"did you mean {meant}? ") if meant else ("", "")
    return _unusable(
        what,
        Text(f"缺少列 {'、'.join(missing)}；标题行是 {header}", f"has no column {', '.join(missing)}; its header is {header}"),
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
    more = Text(f"，另有 {rest} 行", f", and {rest} more") if rest > 0 else Text("", "")
    told = [Text(f"{what.zh}{one.why.zh}", f"the {what.en} {one.why.en}") for one in whole]
    if lines:
        zh, en = (
            "；".join(f"第 {one.line} 行 {one.why.zh}" for one in shown),
            "; ".join(f"line {one.line}: {one.why.en}" for one in shown),
        )
        told.append(
            Text(
                f"{what.zh}有 {len(lines)} 行未采用：{zh}{more.zh}",
                f"{what.en}: {len(lines)} lines not used: {en}{more.en}",
            )
        )
    return Text("；".join(one.zh for one in told), "; ".join(one.en for one in told))


def _unusable(what: Text, why: Text, remedy: Text | None) -> UsageError:
    return UsageError(Text(f"{what.zh}{why.zh}", f"the {what.en} {why.en}"), remedy=remedy)


WHAT = Text("通讯簿", "address book")
NAMES = {
    "phone": ("number", "mobile", "tel", "telephone", "手机", "手机号", "手机号码", "电话", "电话号码", "号码", "联系电话"),
    "name": ("姓名", "名字", "员工", "员工姓名"),
    "department": ("dept", "部门", "所属部门"),
    "from": ("since", "valid from", "起", "自", "开始日期", "生效日期", "入职日期"),
    "to": ("until", "valid to", "止", "至", "结束日期", "失效日期", "离职日期"),
}  # fmt: skip
"""What its columns may be called; all others keep their own names."""

_OF_A_LINE = ("phone", "from", "to")
"""What a line is about, and when it holds; all else is what it says of a number."""

_NO_PHONE = Text("不是电话号码", "no telephone number")


class Entry(NamedTuple):
    """One line: name, department, its number, all its cells, and from which day to which (both included) it holds."""

    name: str
    department: str
    line: int = 0
    cells: Mapping[str, str] = MappingProxyType({})
    first: date | None = None
    last: date | None = None

    def cell(self, column: str) -> str:
        """Return what the line says in a column, an empty text when nothing."""
        return {"name": self.name, "person": self.name, "department": self.department}.get(column) or self.cells.get(
            column, ""
        )

    def overlaps(self, other: Entry) -> bool:
        """Return whether both hold on one day."""
        return (self.first or date.min) <= (other.last or date.max) and (other.first or date.min) <= (
            self.last or date.max
        )


@dataclass(frozen=True)
class AddressBook:
    """Everybody who is known, by number in E.164 form.

    Parameters
    ----------
    lines
        Number → its lines, the earliest first: one, or several for somebody who changes departments.
    skipped
        Lines that were not used, with the reason.
    columns
        What it says of a number: `name`, `department` and whatever else it has.

    Examples
    --------
    >>> AddressBook.of({"+8613812345678": Entry("张伟", "销售部", 1)}).name("138 1234 5678")
    '张伟'
    """

    lines: Mapping[str, tuple[Entry, ...]] = field(repr=False)
    skipped: tuple[Skipped, ...] = ()
    columns: tuple[str, ...] = ("name", "department")

    @classmethod
    def of(cls, entries: Mapping[str, Entry]) -> AddressBook:
        """Return the book of one entry a number."""
        return cls({number: (entry,) for number, entry in entries.items()})

    @classmethod
    def read(cls, given: AddressBook | Listed, columns: Mapping[str, str] | None = None) -> AddressBook:
        """Read a book from a CSV or a frame with the columns `phone` (or `number`), `name`, `department`.

        Parameters
        ----------
        given
            A path (.xlsx, or CSV in UTF-8, GB 18030 or UTF-16 with comma, tab or semicolon), a frame of any engine, or
            an AddressBook. With `from` and `to` (first and last day, both included, either may be empty) a number may
            have several lines. More columns are welcome.
        columns
            Our name → what the column is called in it.

        Returns
        -------
        AddressBook
            `skipped` lists every line that was not used: no number, formulas, numbers in scientific notation, dates
            that are none, repetitions.

        Raises
        ------
        UsageError
            It cannot be read, is empty or too large, lacks the column `phone`, or no line of it can be used.
        """
        if isinstance(given, AddressBook):
            return given
        skipped: list[Skipped] = []
        lines: dict[str, list[Entry]] = {}
        known: dict[str, None] = {}
        departments: list[tuple[int, str]] = []
        for line in read_lines(given, WHAT, NAMES, ("phone",), columns or {}, skipped, keep_others=True):
            entry = _entry(line.number, line.cells)
            phone = exact(line.cells["phone"])
            number = normalize(phone) if isinstance(phone, str) else None
            if number is None:
                skipped.append(Skipped(line.number, phone if isinstance(phone, Text) else _NO_PHONE))
            elif isinstance(entry, Text):
                skipped.append(Skipped(line.number, entry))
            elif same := next((one for one in lines.get(number, ()) if one.overlaps(entry)), None):
                skipped.append(Skipped(line.number, _again(entry, same)))
            else:
                departments.append((line.number, entry.department))
                lines.setdefault(number, []).append(entry)
                known |= dict.fromkeys(name for name in line.cells if name not in _OF_A_LINE)
        if not lines:
            raise none_left(WHAT, skipped)
        skipped += _merged(departments)
        by_day = {number: tuple(sorted(one, key=lambda each: each.first or date.min)) for number, one in lines.items()}
        return cls(by_day, tuple(sorted(skipped)), tuple(known))

    @cached_property
    def entries(self) -> Mapping[str, Entry]:
        """Number → its latest entry."""
        return {number: entries[-1] for number, entries in self.lines.items()}

    def lacks(self, column: str) -> UsageError:
        """Return the error for a book without a column that is asked for: everybody would be in no group of it."""
        return _lacking(WHAT, ["name" if column == "person" else column], ["number", *self.columns], NAMES)

    @property
    def notes(self) -> tuple[Text, ...]:
        """What its reader must know."""
        return (skipped_note(WHAT, list(self.skipped)),) if self.skipped else ()

    @cached_property
    def _namesakes(self) -> frozenset[str]:
        counts = Counter(entry.name for entry in self.entries.values())
        return frozenset(name for name, count in counts.items() if count > 1)

    def find(self, phone: str) -> Entry | None:
        """Return the latest entry of a number, however it is written."""
        return self.entries.get(normalize(phone) or "")

    def name(self, phone: str) -> str | None:
        """Return the name of a number, what its mask shows at the end behind it if several are called so; None without one."""
        entry = self.find(phone)
        if entry is None or not entry.name:
            return None
        return f"{entry.name} ****{mask(phone).rpartition('*')[2]}" if entry.name in self._namesakes else entry.name


def _merged(departments: Sequence[tuple[int, str]]) -> Iterator[Skipped]:
    """Yield what must be said where departments look like cells that were merged before they were saved as CSV: each
    stands once, above lines without any. Whether these are of it nobody can say.
    """
    told = [one for _, one in departments if one]
    without = [n for n, one in dropwhile(lambda pair: not pair[1], departments) if not one]
    if len(without) > 1 and len(set(told)) == len(told):
        yield Skipped(0, _MERGED.format(n=len(without), line=without[0]))


_MERGED = Text(
    "有 {n} 行没有部门（如第 {line} 行），而每个部门只写了一次：像是合并的单元格存成了 CSV。这些行未归入任何部门；请直接给 .xlsx，或在 Excel 里取消合并并向下填充",
    "has {n} lines without a department (line {line} for one), and each department stands once: like merged cells that were saved as CSV. "
    "These lines are of no department; give the .xlsx itself, or unmerge the cells and fill down in Excel",
)


def _again(entry: Entry, used: Entry) -> Text:
    """Return why a second line of one number is not used; where it names another department, which of them counts."""
    why = Text(
        f"与第 {used.line} 行号码相同，采用第 {used.line} 行",
        f"it has the same number as line {used.line}, which is used",
    )
    if entry.department == used.department:
        return why
    one, other = used.department, entry.department
    return Text(
        f"{why.zh}（部门为“{one}”，而非“{other}”）", f"{why.en} (department {one or 'none'}, not {other or 'none'})"
    )


def _entry(line: int, cells: Mapping[str, str]) -> Entry | Text:
    """Return the entry of a line, or why it is none."""
    days = {}
    for edge in ("from", "to"):
        text = cells.get(edge, "").strip().replace("/", "-")[:10]
        try:
            days[edge] = date.fromisoformat(text) if text else None
        except ValueError:
            return Text(f"日期不可用：{text}", f"no date: {text}")
    if days["from"] and days["to"] and days["to"] < days["from"]:
        return Text("止日早于起日", "it ends before it begins")
    more = {name: cell.strip() for name, cell in cells.items() if name not in NAMES}
    return Entry(
        cells.get("name", "").strip(), cells.get("department", "").strip(), line, more, days["from"], days["to"]
    )
