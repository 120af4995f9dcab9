"""An invoice: its lines as the platform gives them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from decimal import Decimal
from typing import NamedTuple

from ytxdata.history.list_amounts import amount_of, rest_of, sums_of_seconds, sums_with, unsigned
from ytxdata.history.list_cells import COLUMNS
from ytxdata.history.list_notes import headings
from ytxdata.history.proof.witness import ASIDE
from ytxdata.labels import Text, filled
from ytxdata.list_totals import (
    IN_WORDS,
    OWN_TOTAL,
    Closing,
    Stated,
    Unit,
    begins,
    closing_of,
    is_credit,
    is_off,
    line_name,
    no_meeting,
    part_or_all,
    stated,
)
from ytxdata.phones import normalize
from ytxdata.records.values import convert
from ytxdata.spreadsheets import FORMULA, exact, on_its_day
from ytxdata.tables.lists import Listed, SheetLine, Skipped, none_left, read_lines, skipped_note
from ytxdata.times import BEIJING, parse_instant

WHAT = Text("账单", "invoice")
NAMES = {name: usual for name, (_, usual) in COLUMNS.items()}
"""What its columns may be called, as in a bill that is a witness."""

_NO_ID = Text("没有会议编号", "no meeting id")
_NO_TIME = Text(
    "{what.zh}：{n} 行的开始时间无法识别，按没有开始时间处理（第 {lines} 行）",
    "{what.en}: the start of {n} lines is no date or time; they count as lines without one (lines {lines})",
)
_NOT_COMPARED = {
    "duration_s": Text("账单没有认得的时长列，时长未核对", "the invoice has no column of durations by a usual name: none was compared"),
    "amount_yuan": Text("账单没有认得的金额列，金额未核对", "the invoice has no column of amounts by a usual name: none was compared"),
}  # fmt: skip
_SHOWN = 5
_CREDIT = Text("金额或时长为负（冲减），不与记录核对", "a credit, below zero, is held against no record")
_NO_NUMBER = Text("时长或金额不是数", "its duration or amount is no number")


class Bill(NamedTuple):
    """One line: its number, the meeting, seconds and yuan (None where it says nothing), when the meeting began, or on
    which day; whether what it says of that cannot be read; whose connection it is, where it says so; what it is where
    it is of no meeting; and what its length is more than its seconds, where it is written with decimals.
    """

    line: int
    meeting_id: str
    duration_s: int | None
    amount_yuan: Decimal | None
    started_at: datetime | None = None
    is_day: bool = False
    is_start_unread: bool = False
    number: str | None = None
    closing: Closing | None = None
    rest_s: Decimal = Decimal(0)

    @property
    def length_s(self) -> Decimal | None:
        """How long it says that the meeting was, with its decimals."""
        return None if self.duration_s is None else self.duration_s + self.rest_s

    @property
    def is_credit(self) -> bool:
        """Whether it gives back what another line asked for."""
        return is_credit(self.duration_s, self.amount_yuan)


@dataclass(frozen=True)
class Invoice:
    """All lines that could be read, in their order, and those that could not.

    Examples
    --------
    >>> import ytxdata as ytx
    >>> import pandas as pd
    >>> lines = pd.DataFrame({"meeting_id": ["1"], "duration_s": [60], "amount_yuan": ["0.12"]})
    >>> len(ytx.audit.Invoice.read(lines).bills)
    1
    """

    bills: tuple[Bill, ...] = field(repr=False)
    skipped: tuple[Skipped, ...] = ()

    @classmethod
    def read(cls, given: Invoice | Listed, columns: Mapping[str, str] | None = None) -> Invoice:
        """Read an invoice from a CSV or a frame with the columns `meeting_id`, `duration_s` [s or h:mm:ss],
        `amount_yuan` [yuan] and `started_at` (Beijing time, or a day, in any form that records have; where one id
        stands for several meetings, it tells which).

        Parameters
        ----------
        given
            A path (.xlsx, or CSV in UTF-8, GB 18030 or UTF-16 with comma, tab or semicolon), a frame of any engine, or
            an Invoice.
        columns
            Our name → what the column is called in it.

        Returns
        -------
        Invoice
            `skipped` lists every line that was not used: no id, formulas, ids in scientific notation, amounts that
            are none, credits; a total of its own, with what differs from the sum of its lines. A line that stands twice
            is kept twice: being billed twice is for the reconciliation to tell.

        Raises
        ------
        UsageError
            It cannot be read, is empty or too large, lacks a column, or no line of it can be used.
        """
        if isinstance(given, Invoice):
            return given
        skipped: list[Skipped] = []
        bills: list[Bill] = []
        totals: list[tuple[SheetLine, int]] = []
        lines = [
            line._replace(cells={name: filled(cell) for name, cell in line.cells.items()})
            for line in read_lines(given, WHAT, NAMES, ("meeting_id",), columns or {}, skipped)
        ]
        others = [{name: cell for name, cell in line.cells.items() if name != "meeting_id"} for line in lines]
        named = [line_name(line.cells["meeting_id"], line.words) for line in lines]
        titles = headings([*zip(named, others, (line.words for line in lines), strict=True)])
        for n, line in enumerate(lines):
            bill = ASIDE["footer"] if n in titles else _bill(line)
            if bill is OWN_TOTAL:
                totals.append((line, len(bills)))
            if isinstance(bill, Text):
                skipped.append(Skipped(line.number, bill))
            else:
                bills.append(bill)
        charges = tuple(one for one in bills if not one.is_credit and not one.closing)
        if not charges:
            raise none_left(WHAT, skipped)
        skipped += (
            Skipped(one.line, _CREDIT if one.is_credit else ASIDE[one.closing or ""])
            for one in bills
            if one.is_credit or one.closing
        )
        begun = begins(end for _, end in totals)
        told = {line.number: _told(line) for line, _ in totals}
        is_in_words = not any(any(one[1].values()) for one in told.values() if one)
        why = {
            line.number: _of_total(line, told[line.number], bills[begun[end] : end], bills, is_in_words=is_in_words)
            for line, end in totals
        }
        skipped = [one._replace(why=why.get(one.line, one.why)) for one in skipped]
        return cls(charges, tuple(sorted(skipped)))

    @property
    def notes(self) -> tuple[Text, ...]:
        """What its reader must know."""
        unread = [str(bill.line) for bill in self.bills if bill.is_start_unread]
        lines = ", ".join(unread[:_SHOWN]) + (" …" if len(unread) > _SHOWN else "")
        odd = (_NO_TIME.format(what=WHAT, n=len(unread), lines=lines),) if unread else ()
        silent = [
            _NOT_COMPARED[name] for name in _NOT_COMPARED if all(getattr(bill, name) is None for bill in self.bills)
        ]
        return (*((skipped_note(WHAT, list(self.skipped)),) if self.skipped else ()), *odd, *silent)


def _bill(line: SheetLine) -> Bill | Text:
    cells = line.cells
    meeting_id = exact(cells["meeting_id"])
    if isinstance(meeting_id, Text):
        return meeting_id
    # taken for a meeting it would be one that was billed and never held
    told = {name: cell for name, cell in cells.items() if name not in ("meeting_id", "number")}
    what = no_meeting(line_name(meeting_id, line.words), told)
    if what:
        return ASIDE[what]
    figures = cells.get("duration_s", ""), cells.get("amount_yuan", "")
    try:
        seconds, yuan = _seconds(figures[0]), _yuan(figures[1], line.digits)
    except ValueError:
        return FORMULA if any(cell.startswith("=") for cell in figures) else _NO_NUMBER
    free = closing_of(meeting_id, line.words, cells)
    if not (meeting_id or free or is_credit(seconds, yuan)):
        return _NO_ID
    cells = on_its_day(cells)
    begun = (cells.get("started_at", "") or cells.get("day", "")).strip()
    started_at = parse_instant(begun)
    is_day = started_at is not None and started_at.astimezone(BEIJING).time() == time()  # as a spreadsheet writes one
    ended_at = parse_instant(cells.get("ended_at", "").strip())
    if seconds is None and started_at is not None and not is_day and ended_at is not None and ended_at >= started_at:
        seconds = int((ended_at - started_at).total_seconds())
    whose = normalize(cells.get("number", ""))
    return Bill(
        line.number, meeting_id, seconds, yuan, started_at, is_day, started_at is None and begun != "", whose, free,
        rest_of(figures[0], seconds),
    )  # fmt: skip


def _told(line: SheetLine) -> tuple[Stated, dict[Unit, Decimal | None]] | None:
    """Return what a total says in words, and all that it says; None where a figure of it cannot be read."""
    cells = line.cells
    first = line_name(cells["meeting_id"], line.words)
    said = stated([first, *(cell for cell in cells.values() if cell != first)], cells)
    try:
        seconds, yuan = _seconds(cells.get("duration_s", "")), _yuan(cells.get("amount_yuan", ""), line.digits)
    except ValueError:
        return None
    told = {**said.told, "yuan": said.told.get("yuan") if yuan is None else yuan}
    return said, told | ({} if seconds is None else {"seconds": Decimal(seconds)})


def _of_total(
    line: SheetLine,
    own: tuple[Stated, dict[Unit, Decimal | None]] | None,
    part: Sequence[Bill],
    bills: Sequence[Bill],
    *,
    is_in_words: bool,
) -> Text:
    """Return why a total is no line; where it is neither that of its part nor that of all lines, in what it differs.

    An amount in words counts for nothing beside figures, but where no total of the list has any, it is `is_in_words`.
    """
    if own is None:
        return ASIDE["total_unread"]
    said, told = own
    sums = (
        [of_part for some in (part, bills) for each in _all_sums(some).values() for of_part in each]
        if said.bare
        else []
    )
    if said.is_unread(sums) or (is_in_words and IN_WORDS.search("".join(line.words))):
        return ASIDE["total_unread"]
    return part_or_all(told, _sums(part, told) if part else {}, _sums(bills, told))


def _sums(bills: Sequence[Bill], told: Mapping[Unit, Decimal | None]) -> dict[Unit, Decimal]:
    """Return what lines come to, of several sums the one that is told."""
    return {
        unit: next((one for one in some if (said := told.get(unit)) is not None and not is_off(said, one)), some[0])
        for unit, some in _all_sums(bills).items()
    }


def _all_sums(bills: Sequence[Bill]) -> dict[Unit, list[Decimal]]:
    """Return what lines may come to: a total may count charges that name no meeting, a count may leave out credits, and
    one of meetings may count each id once.
    """
    free = [
        (one.amount_yuan or Decimal(0), one.closing == "charge") for one in bills if one.closing and not one.is_credit
    ]
    own = [one for one in bills if one.is_credit or not one.closing]
    both = own, [one for one in own if not one.is_credit]
    lines = [Decimal(len(some) + more) for some in both for more in range(len(free) + 1)]
    ids = [Decimal(len({one.meeting_id for one in some})) for some in both]
    yuan = sum((one.amount_yuan or Decimal(0) for one in own), Decimal(0))
    sums: dict[Unit, list[Decimal]] = {"lines": lines, "meetings": [*lines, *ids]}
    # a true total in a unit of which no line says anything was called another than their sum: 0
    if any(one.duration_s is not None for one in own):
        sums["seconds"] = sums_of_seconds((one.duration_s, one.rest_s) for one in own)
    if any(one.amount_yuan is not None for one in own):
        sums["yuan"] = [yuan + more for more in sums_with(free)]
    return sums


def _seconds(cell: str) -> int | None:
    text, is_below = unsigned(cell)
    seconds = convert("seconds", [text]).array[0].as_py()
    if seconds is None and (value := _yuan(text)) is not None:
        seconds = int(value.to_integral_value())
    return None if seconds is None else -seconds if is_below else int(seconds)


def _yuan(cell: str, digits: int = 0) -> Decimal | None:
    if (value := amount_of(cell, digits)) is None and cell:
        raise ValueError(cell)
    return value
