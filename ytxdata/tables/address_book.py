"""The address book: whose number, in which department, since when. One format for reports, audits and masking."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from itertools import dropwhile
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from ytxdata.errors import UsageError
from ytxdata.labels import Text
from ytxdata.phones import mask, normalize
from ytxdata.spreadsheets import bare, dated, exact
from ytxdata.tables.lists import Listed, SheetLine, Skipped, lacking, none_left, read_lines, skipped_note
from ytxdata.times import BEIJING, ZONE_NAME, as_instant, parse_instant

WHAT = Text("通讯簿", "address book")
FOREIGN = Text(
    "警告：通讯簿里没有这些会议的任何一个号码，可能是别家公司的通讯簿",
    "warning: the book knows none of the numbers in these meetings; is it another company's?",
)
NO_CELL = Text(
    "警告：通讯簿里这些会议的号码都没有{zh}", "warning: the book has a {en} of none of the numbers in these meetings"
)
"""What is warned of where a book does not fit the meetings: in all, or in the column that is asked for."""

NAMES = {
    "phone": (
        "number", "mobile", "mobile phone", "mobile number", "cell", "cell phone", "cell number", "tel", "telephone", "phone number",
        "telephone number", "primary phone", "phone 1 - value", "手机", "手机号", "手机号码", "移动电话", "移动号码", "电话", "电话号码",
        "号码", "联系电话", "联系手机", "联系方式", "联系号码",
    ),
    "name": ("full name", "display name", "employee name", "姓名", "名字", "员工", "员工姓名", "中文名", "中文姓名"),
    "department": (
        "dept", "dept.", "department name", "organization department", "organization 1 - department", "organizational unit", "部门", "所属部门", "所在部门",
        "部门名称", "部门全称", "所属组织", "组织名称", "一级部门",
    ),
    "from": ("since", "valid from", "起", "自", "开始日期", "生效日期"),
    "to": ("until", "valid to", "止", "至", "结束日期", "失效日期"),
}  # fmt: skip
"""What its columns may be called; all others keep their own names."""

_EMPLOYED = {"from": ("入职日期", "入职时间", "hire date"), "to": ("离职日期", "离职时间", "leave date")}
"""Columns about the person that also bound a line which says nothing of its own days: before somebody came, the number
was another's. It is told, for few who keep such a column think of it, and one that is no date leaves the line open.
"""
_OPEN = frozenset({"", "-", "—", "至今", "在职", "长期", "present", "now"})
"""What people write for an end that is yet to come."""

_OF_A_LINE = ("phone", "from", "to")
"""What a line is about, and when it holds; all else is what it says of a number."""

_A_DAY = timedelta(days=1)
Days: TypeAlias = tuple[date, date]
"""The first and the last day, both included."""
_ALSO = re.compile(
    r"phone\d+value|(?:business|work|office|home|other|primary|mobile|cell)(?:tele)?phone\d?|办公电话|座机|固定电话"
)
"""Columns, bare, of further numbers of a person: a mobile there is theirs, and whatever it is of whoever has no other.
A switchboard beside somebody's mobile is nobody's.
"""
_SEVERAL = re.compile(r"[/／、，,;；|\n]|:::")
_MOBILE = re.compile(r"\+861[3-9]\d{9}")
_LEAST_DIGITS = 7
"""What stands behind a number and has fewer is an extension."""
_NO_PHONE = Text("不是电话号码", "no telephone number")


def _is_mobile(cell: str) -> bool:
    numbers = _numbers(cell)
    return not isinstance(numbers, Text) and any(map(_MOBILE.fullmatch, numbers))


def _numbers(cell: str) -> list[str] | Text:
    """Return the numbers of a cell, of one or of several that people write side by side, or why there is none."""
    whole = exact(cell)
    if isinstance(whole, str) and (number := normalize(whole)):
        return [number]
    parts = [exact(one) for one in _SEVERAL.split(cell) if one.strip()]
    told = [
        normalize(one) if isinstance(one, str) and sum(map(str.isdigit, one)) >= _LEAST_DIGITS else None
        for one in parts
    ]
    numbers = [*filter(None, told)]
    return numbers if len(parts) > 1 and len(numbers) == len(parts) else whole if isinstance(whole, Text) else _NO_PHONE


def _numbers_of(cells: Mapping[str, str], columns: Sequence[str]) -> list[str] | Text:
    """Return the numbers of a line in its columns of them, or why there is none in the first."""
    first, *others = (_numbers(cells[name]) for name in columns)
    more = [number for one in others if not isinstance(one, Text) for number in one]
    if isinstance(first, Text):
        return more or first
    return list(dict.fromkeys([*first, *filter(_MOBILE.fullmatch, more)]))


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

    def holds(self, first: date, last: date) -> bool:
        """Return whether it holds on a day of some."""
        return (self.first or date.min) <= last and first <= (self.last or date.max)

    def without(self, used: Sequence[Entry]) -> list[Entry]:
        """Return it for the days on which none of the others holds: as often as these leave a stretch free."""
        left = [self]
        for one in used:
            left = [part for each in left for part in each._around(one)]
        return left

    def _around(self, used: Entry) -> Iterator[Entry]:
        if not used.holds(self.first or date.min, self.last or date.max):
            yield self
            return
        if used.first is not None and (self.first or date.min) < used.first:
            yield self._replace(last=used.first - _A_DAY)
        if used.last is not None and used.last < (self.last or date.max):
            yield self._replace(first=used.last + _A_DAY)


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
        parted: list[tuple[int, Entry]] = []
        rows = list(
            read_lines(given, WHAT, NAMES, ("phone",), columns or {}, skipped, keep_others=True, like=_is_mobile)
        )
        employed = _employed(rows)
        also = [name for name in (rows[0].cells if rows else ()) if name != "phone" and _ALSO.fullmatch(bare(name))]
        for line in rows:
            entry = _entry(line.number, line.cells, employed)
            numbers = _numbers_of(line.cells, ("phone",) if "phone" in (columns or {}) else ("phone", *also))
            if isinstance(numbers, Text):
                skipped.append(Skipped(line.number, numbers))
                continue
            if isinstance(entry, Text):
                skipped.append(Skipped(line.number, entry))
                continue
            for number in numbers:
                used = lines.setdefault(number, [])
                left = entry.without(used)
                if not left:
                    skipped.append(Skipped(line.number, _again(entry, used)))
                elif left != [entry]:
                    parted.append((line.number, left[0]))
                used += left
                departments += [(line.number, entry.department)] if left else []
                known |= dict.fromkeys(name for name in line.cells if left and name not in _OF_A_LINE)
        if not lines:
            raise none_left(WHAT, skipped)
        skipped += _merged(departments)
        skipped += _parted(parted)
        skipped += _of_employment(rows, employed)
        by_day = {number: tuple(sorted(one, key=lambda each: each.first or date.min)) for number, one in lines.items()}
        return cls(by_day, tuple(sorted(skipped)), tuple(known))

    @cached_property
    def entries(self) -> Mapping[str, Entry]:
        """Number → its latest entry."""
        return {number: entries[-1] for number, entries in self.lines.items()}

    def lacks(self, column: str) -> UsageError:
        """Return the error for a book without a column that is asked for: everybody would be in no group of it."""
        return lacking(WHAT, ["name" if column == "person" else column], ["number", *self.columns], NAMES)

    @property
    def notes(self) -> tuple[Text, ...]:
        """What its reader must know."""
        return (skipped_note(WHAT, list(self.skipped)),) if self.skipped else ()

    @cached_property
    def is_dated(self) -> bool:
        """Whether some line holds on some days only: whose a number is then depends on the day."""
        return any(one.first or one.last for entries in self.lines.values() for one in entries)

    @cached_property
    def _namesakes(self) -> frozenset[str]:
        counts = Counter(name for entries in self.lines.values() for name in {entry.name for entry in entries})
        return frozenset(name for name, count in counts.items() if count > 1)

    def find(self, phone: str, days: Days | None = None) -> Entry | None:
        """Return the latest entry of a number, however it is written; of those that hold on some days, if any are
        given: before and after, the number was another's.
        """
        entries = self.lines.get(normalize(phone) or "", ())
        return next((one for one in reversed(entries) if days is None or one.holds(*days)), None)

    def numbers_of(self, name: str) -> list[str]:
        """Return the numbers of the one person of a name; none where nobody has it.

        Raises
        ------
        UsageError
            Several have it, or such a number was another's on some days: it would select what others convened.
        """
        found = {number: own for number, own in self.lines.items() if any(one.name == name for one in own)}
        lines = {tuple(one.line for one in own) for own in found.values()}
        is_one = len(found) == 1 or (len(lines) == 1 and 0 not in next(iter(lines)))  # side by side on their lines
        if found and not (is_one and all(one.name == name for own in found.values() for one in own)):
            raise UsageError(
                Text(f"通讯簿中 {name} 不止一人，或其号码曾属他人", f"the book has several called {name}, or whose number was another's on some days"),
                remedy=Text("给出号码", "give the number"),
            )  # fmt: skip
        return list(found)

    def name(self, phone: str, days: Days | None = None) -> str | None:
        """Return the name of a number, what its mask shows at the end behind it if several are called so; None without one."""
        entry = self.find(phone, days)
        if entry is None or not entry.name:
            return None
        return f"{entry.name} ****{mask(phone).rpartition('*')[2]}" if entry.name in self._namesakes else entry.name


_WHEN = ("joined_at", "started_at", "left_at", "ended_at", "booked_at", "created_at")
"""Which instant of a row says when it was, the first that it has; when it was pulled is no matter."""


def days_of(rows: pa.Table, period: tuple[datetime, datetime] | None) -> list[Days | None]:
    """Return for each row of a plain table the first and the last day that it is about, None for all there is: by its
    instant, else by the period that it names, else by that of the table.
    """
    whole = None
    if period is not None:
        start, end = (as_instant(one).astimezone(BEIJING) for one in period)
        whole = (start.date(), max(start, end - timedelta(microseconds=1)).date())
    found: list[Days | None] = [whole] * rows.num_rows
    if "period" in rows.column_names and pa.types.is_string(rows["period"].type):
        names = rows["period"].to_pylist()
        known = {name: _named(name) for name in {*names}}
        # weeks are called by their Mondays
        mondays = {one[0].weekday() for one in known.values() if one} == {0} and len(known) > 1
        spans = {
            name: one and (one[0], one[1] + 6 * _A_DAY * (mondays and one[0] == one[1])) for name, one in known.items()
        }
        found = [spans[name] or before for name, before in zip(names, found, strict=True)]
    for key in reversed(_WHEN):
        if key in rows.column_names and pa.types.is_timestamp(kind := rows[key].type):
            local = rows[key].cast(pa.timestamp("us", ZONE_NAME)) if kind.tz else rows[key]
            on = (pc.local_timestamp(local) if kind.tz else local).cast(pa.date32(), safe=False).to_pylist()
            found = [before if day is None else (day, day) for day, before in zip(on, found, strict=True)]
    return found


def _named(period: str | None) -> Days | None:
    """Return the days of a month or a day by its name; None for `total`."""
    if not (said := _PERIOD.fullmatch(period or "")):
        return None
    first = date(int(said[1]), int(said[2]), int(said[3] or 1))
    return (first, first) if said[3] else (first, (first + 31 * _A_DAY).replace(day=1) - _A_DAY)


_PERIOD = re.compile(r"(\d{4})-(\d\d)(?:-(\d\d))?")


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


def _again(entry: Entry, used: Sequence[Entry]) -> Text:
    """Return why a line is not used whose number stands above for all of its days; where that names another department,
    which of them counts.
    """
    first = next(one for one in used if one.holds(entry.first or date.min, entry.last or date.max))
    why = Text(
        f"与第 {first.line} 行号码相同，采用第 {first.line} 行",
        f"it has the same number as line {first.line}, which is used",
    )
    if entry.department == first.department:
        return why
    one, other = first.department, entry.department
    return Text(
        f"{why.zh}（部门为“{one}”，而非“{other}”）", f"{why.en} (department {one or 'none'}, not {other or 'none'})"
    )


def _parted(parted: Sequence[tuple[int, Entry]]) -> Iterator[Skipped]:
    """Yield what must be said of lines whose number stands above for some of their days: for all others they hold."""
    if parted:
        (line, left), *_ = parted
        yield Skipped(0, _PARTED.format(n=len(parted), line=line, first=left.first or "…", last=left.last or "…"))


_PARTED = Text(
    "有 {n} 行的号码在其部分日子里上文已有，那些日子采用上文那一行（如第 {line} 行，只用于 {first} 至 {last}）",
    "has {n} lines whose number stands above for some of their days; on these the line above is used "
    "(line {line} for one, which holds {first} to {last})",
)


def _entry(line: int, cells: Mapping[str, str], employed: Mapping[str, str]) -> Entry | Text:
    """Return the entry of a line, or why it is none; `employed` says in which columns a hire date may stand."""
    days = {edge: _day(cells.get(edge, "")) for edge in ("from", "to")}
    if wrong := next((edge for edge, day in days.items() if isinstance(day, str)), None):
        return Text(f"日期不可用：{days[wrong]}", f"no date: {days[wrong]}")
    for edge, column in employed.items():
        day = _day(cells.get(column, ""))
        days[edge] = days[edge] or (day if isinstance(day, date) else None)
    first, last = (day if isinstance(day, date) else None for day in days.values())
    if first and last and last < first:
        return Text("止日早于起日", "it ends before it begins")
    more = {name: cell.strip() for name, cell in cells.items() if name not in NAMES}
    return Entry(cells.get("name", "").strip(), cells.get("department", "").strip(), line, more, first, last)


def _day(cell: str) -> date | str | None:
    """Return the day that a cell says, None where it says none, the text of one that is no date."""
    text = cell.strip()
    if text.casefold() in _OPEN:
        return None
    instant = parse_instant(dated(text))
    return text if instant is None else instant.astimezone(BEIJING).date()


_BY_EMPLOYMENT = Text(
    "未写起止日的行按“{column}”限定：此日{side.zh}的会议不算此人",
    "has lines without days of their own, which hold by {column}: meetings {side.en} that day are not this person's",
)
_SIDES = {"from": Text("之前", "before"), "to": Text("之后", "after")}
_NO_DAY = Text(
    "有 {n} 行的“{column}”不是日期（如第 {line} 行：{text}），这些行不受其限定",
    "has {n} lines whose {column} is no date (line {line}, for one: {text}); these hold without it",
)


def _employed(rows: Sequence[SheetLine]) -> dict[str, str]:
    """Return in which columns of a book the first and last day of somebody's employment stand."""
    header = rows[0].cells if rows else ()
    places = {bare(column): column for column in header}
    found = {
        edge: next((places[bare(one)] for one in names if bare(one) in places), "") for edge, names in _EMPLOYED.items()
    }
    return {edge: column for edge, column in found.items() if column}


def _of_employment(rows: Sequence[SheetLine], employed: Mapping[str, str]) -> Iterator[Skipped]:
    """Yield what must be said of lines that hold by a hire date: nobody wrote it there for this."""
    for edge, column in employed.items():
        days = [(row.number, _day(row.cells[column])) for row in rows if _day(row.cells.get(edge, "")) is None]
        wrong = [(number, day) for number, day in days if isinstance(day, str)]
        if any(isinstance(day, date) for _, day in days):
            yield Skipped(0, _BY_EMPLOYMENT.format(column=column, side=_SIDES[edge]))
        if wrong:
            yield Skipped(0, _NO_DAY.format(n=len(wrong), column=column, line=wrong[0][0], text=wrong[0][1]))
