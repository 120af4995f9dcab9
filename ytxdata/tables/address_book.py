"""The address book: whose number it is, in which department, and since when. One format for reports, audits and masking."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from ytxdata.errors import UsageError
from ytxdata.labels import Text
from ytxdata.phones import normalize
from ytxdata.tables.lists import Listed, Skipped, exact, none_left, read_lines, skipped_note

WHAT = Text("通讯簿", "address book")
NAMES = {
    "phone": ("number", "mobile", "tel", "telephone", "手机", "手机号", "手机号码", "电话", "电话号码", "号码", "联系电话"),
    "name": ("姓名", "名字", "员工", "员工姓名"),
    "department": ("dept", "部门", "所属部门"),
    "from": ("since", "valid from", "起", "自", "开始日期", "生效日期", "入职日期"),
    "to": ("until", "valid to", "止", "至", "结束日期", "失效日期", "离职日期"),
}  # fmt: skip
"""What its columns may be called; all others keep their own names."""

_NO_PHONE = Text("不是电话号码", "no telephone number")
_NO_WORD = Text("号码之外什么也没写", "it says nothing but a number")


class Entry(NamedTuple):
    """One line: name, department, its line number, all its cells, and from which day to which (both included) it holds."""

    name: str
    department: str
    line: int = 0
    cells: Mapping[str, str] = MappingProxyType({})
    first: date | None = None
    last: date | None = None

    def cell(self, column: str) -> str:
        """Return what the line says in a column, an empty text when nothing."""
        return {"name": self.name, "department": self.department}.get(column) or self.cells.get(column, "")

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
        """Read a book from a CSV or a frame with the columns `phone` (or `number`), `name`, `department` (Chinese names are known too).

        Parameters
        ----------
        given
            A path (UTF-8, GB 18030 or UTF-16; comma, tab or semicolon), a frame of any engine, or an AddressBook. With `from` and `to` (first
            and last day, both included, either may be empty) a number may have several lines. More columns are welcome.
        columns
            Our name → what the column is called in it.

        Returns
        -------
        AddressBook
            `skipped` lists every line that was not used: no number, formulas, numbers in scientific notation, dates that are none, repetitions.

        Raises
        ------
        UsageError
            It cannot be read, is empty or too large, lacks the column `phone`, or no line of it can be used.
        """
        if isinstance(given, AddressBook):
            return given
        skipped: list[Skipped] = []
        lines: dict[str, list[Entry]] = {}
        known: dict[str, None] = {"name": None, "department": None}
        for line in read_lines(given, WHAT, NAMES, ("phone",), columns or {}, skipped, keep_others=True):
            entry = _entry(line.number, line.cells)
            phone = exact(line.cells["phone"])
            number = normalize(phone) if isinstance(phone, str) else None
            if number is None:
                skipped.append(Skipped(line.number, phone if isinstance(phone, Text) else _NO_PHONE))
            elif isinstance(entry, Text):
                skipped.append(Skipped(line.number, entry))
            elif same := next((one for one in lines.get(number, ()) if one.overlaps(entry)), None):
                skipped.append(
                    Skipped(line.number, Text(f"与第 {same.line} 行号码相同", f"the same number as line {same.line}"))
                )
            else:
                lines.setdefault(number, []).append(entry)
                known |= dict.fromkeys(entry.cells)
        if not lines:
            raise none_left(WHAT, skipped)
        in_order = {
            number: tuple(sorted(one, key=lambda each: each.first or date.min)) for number, one in lines.items()
        }
        return cls(in_order, tuple(sorted(skipped)), tuple(known))

    @classmethod
    def load(cls, path: str | Path) -> AddressBook:
        """Read a book whose names are to stand in place of numbers: every line of it must be usable.

        Raises
        ------
        UsageError
            As in `read`, or a line was not usable; the message names it.
        """
        try:
            book = cls.read(path)
            empty = [
                Skipped(one.line, _NO_WORD)
                for each in book.lines.values()
                for one in each
                if not one.name and not one.department
            ]
            bad = [*book.skipped, *empty]
        except UsageError as error:
            raise UsageError(
                Text(f"{path}：{error.cause.zh}", f"{path}: {error.cause.en}"), remedy=error.remedy
            ) from None
        if bad:
            why = skipped_note(WHAT, bad)
            raise UsageError(
                Text(f"{path}：{why.zh}", f"{path}: {why.en}"),
                remedy=Text("请改正这些行", "mend these lines"),
            )
        return book

    @cached_property
    def entries(self) -> Mapping[str, Entry]:
        """Number → its latest entry."""
        return {number: entries[-1] for number, entries in self.lines.items()}

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
        """Return the name of a number, with its last four digits behind it when several people are called so; None without a name."""
        entry = self.find(phone)
        if entry is None or not entry.name:
            return None
        return f"{entry.name} ****{phone[-4:]}" if entry.name in self._namesakes else entry.name


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
