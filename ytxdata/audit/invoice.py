"""The invoice: what the platform says it is owed, line by line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from ytxdata.labels import Text
from ytxdata.tables.lists import Listed, Skipped, exact, none_left, read_lines, skipped_note

WHAT = Text("账单", "invoice")
NAMES = {
    "meeting_id": ("meid", "confid", "conferenceid", "会议编号", "会议号", "会议id", "会议室编号"),
    "duration_s": ("duration", "seconds", "时长", "时长秒", "时长(秒)", "通话时长", "计费时长"),
    "amount_yuan": ("amount", "oriamount", "cost", "fee", "金额", "金额(元)", "金额元", "费用", "费用(元)"),
}
"""What its columns may be called."""

_NO_ID = Text("没有会议编号", "no meeting id")
_NO_NUMBER = Text("时长或金额不是数", "its duration or amount is no number")
_CLOCK = re.compile(r"(\d+):([0-5]\d):([0-5]\d)")


class Bill(NamedTuple):
    """One line: its number, the meeting, seconds and yuan (None where it says nothing)."""

    line: int
    meeting_id: str
    duration_s: int | None
    amount_yuan: Decimal | None


@dataclass(frozen=True)
class Invoice:
    """All lines that could be read, in their order, and those that could not."""

    bills: tuple[Bill, ...] = field(repr=False)
    skipped: tuple[Skipped, ...] = ()

    @classmethod
    def read(cls, given: Invoice | Listed, columns: Mapping[str, str] | None = None) -> Invoice:
        """Read an invoice from a CSV or a frame with the columns `meeting_id`, `duration_s` [s or h:mm:ss], `amount_yuan` [yuan].

        Parameters
        ----------
        given
            A path (UTF-8, GB 18030 or UTF-16; comma, tab or semicolon), a frame of any engine, or an Invoice.
        columns
            Our name → what the column is called in it.

        Returns
        -------
        Invoice
            `skipped` lists every line that was not used: no id, formulas, ids in scientific notation, amounts that are none.
            A line that stands twice is kept twice: being billed twice is for the reconciliation to tell.

        Raises
        ------
        UsageError
            It cannot be read, is empty or too large, lacks a column, or no line of it can be used.
        """
        if isinstance(given, Invoice):
            return given
        skipped: list[Skipped] = []
        bills: list[Bill] = []
        wanted = dict(columns or {})
        for line in read_lines(given, WHAT, NAMES, ("meeting_id",), wanted, skipped):
            bill = _bill(line.number, line.cells)
            if isinstance(bill, Bill):
                bills.append(bill)
            else:
                skipped.append(Skipped(line.number, bill))
        if not bills:
            raise none_left(WHAT, skipped)
        return cls(tuple(bills), tuple(sorted(skipped)))

    @property
    def notes(self) -> tuple[Text, ...]:
        """What its reader must know."""
        return (skipped_note(WHAT, list(self.skipped)),) if self.skipped else ()


def _bill(number: int, cells: Mapping[str, str]) -> Bill | Text:
    meeting_id = exact(cells["meeting_id"])
    if isinstance(meeting_id, Text):
        return meeting_id
    if not meeting_id:
        return _NO_ID
    try:
        seconds, yuan = _seconds(cells.get("duration_s", "")), _decimal(cells.get("amount_yuan", ""))
    except (InvalidOperation, ValueError):
        return _NO_NUMBER
    return Bill(number, meeting_id, seconds, yuan)


def _seconds(cell: str) -> int | None:
    clock = _CLOCK.fullmatch(cell.strip())
    if clock:
        hours, minutes, seconds = (int(part) for part in clock.groups())
        return hours * 3600 + minutes * 60 + seconds
    value = _decimal(cell)
    return None if value is None else int(value.to_integral_value())


def _decimal(cell: str) -> Decimal | None:
    text = re.sub(r"[\s,¥￥元]", "", cell)
    if not text:
        return None
    value = Decimal(text)
    if not value.is_finite() or value < 0 or value >= 10**12:
        raise ValueError(text)
    return value
