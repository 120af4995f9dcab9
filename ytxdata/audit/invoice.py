"""An invoice: its lines as the platform gives them, and the rule by which they were made, in exact integers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

import numpy as np

from ytxdata.history.list_cells import COLUMNS
from ytxdata.history.proof.witness import ASIDE
from ytxdata.labels import Text
from ytxdata.list_totals import IN_WORDS, OWN_TOTAL, Unit, begins, is_credit, line_name, no_meeting, part_or_all, stated
from ytxdata.metrics.groups import CLASS_WORDS
from ytxdata.metrics.tariff import DECIMALS, Tariff
from ytxdata.phones import normalize
from ytxdata.records.values import amount_text, convert
from ytxdata.spreadsheets import FORMULA, exact
from ytxdata.tables.lists import Listed, SheetLine, Skipped, none_left, read_lines, skipped_note
from ytxdata.times import BEIJING, parse_instant

WHAT = Text("账单", "invoice")
NAMES = {name: usual for name, (_, usual) in COLUMNS.items()}
"""What its columns may be called, as in a bill that is a witness; a `date` may be that of the bill, which is no meeting's."""

_NO_ID = Text("没有会议编号", "no meeting id")
_NO_TIME = Text(
    "{what.zh}：{n} 行的开始时间无法识别，按没有开始时间处理（第 {lines} 行）",
    "{what.en}: the start of {n} lines is no date or time; they count as lines without one (lines {lines})",
)
_SHOWN = 5
_CREDIT = Text("金额或时长为负（冲减），不与记录核对", "a credit, below zero, is held against no record")
_NO_NUMBER = Text("时长或金额不是数", "its duration or amount is no number")


class Bill(NamedTuple):
    """One line: its number, the meeting, seconds and yuan (None where it says nothing), when the meeting began, or on
    which day; whether what it says of that cannot be read; and whose connection it is, where it says so.
    """

    line: int
    meeting_id: str
    duration_s: int | None
    amount_yuan: Decimal | None
    started_at: datetime | None = None
    is_day: bool = False
    is_start_unread: bool = False
    number: str | None = None

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
        for line in read_lines(given, WHAT, NAMES, ("meeting_id",), columns or {}, skipped):
            bill = _bill(line)
            if bill is OWN_TOTAL:
                totals.append((line, len(bills)))
            if isinstance(bill, Text):
                skipped.append(Skipped(line.number, bill))
            else:
                bills.append(bill)
        charges = tuple(one for one in bills if not one.is_credit)
        if not charges:
            raise none_left(WHAT, skipped)
        skipped += (Skipped(one.line, _CREDIT) for one in bills if one.is_credit)
        begun = begins(end for _, end in totals)
        why = {line.number: _of_total(line, bills[begun[end] : end], bills) for line, end in totals}
        skipped = [one._replace(why=why.get(one.line, one.why)) for one in skipped]
        return cls(charges, tuple(sorted(skipped)))

    @property
    def notes(self) -> tuple[Text, ...]:
        """What its reader must know."""
        unread = [str(bill.line) for bill in self.bills if bill.is_start_unread]
        lines = ", ".join(unread[:_SHOWN]) + (" …" if len(unread) > _SHOWN else "")
        odd = (_NO_TIME.format(what=WHAT, n=len(unread), lines=lines),) if unread else ()
        return (*((skipped_note(WHAT, list(self.skipped)),) if self.skipped else ()), *odd)


def _bill(line: SheetLine) -> Bill | Text:
    number, cells, first = line
    meeting_id = exact(cells["meeting_id"])
    if isinstance(meeting_id, Text):
        return meeting_id
    # taken for a meeting it would be one that was billed and never held
    told = {name: cell for name, cell in cells.items() if name not in ("meeting_id", "number")}
    what = no_meeting(line_name(meeting_id, first), told)
    if what or not meeting_id:
        return ASIDE[what] if what else _NO_ID
    figures = cells.get("duration_s", ""), cells.get("amount_yuan", "")
    try:
        seconds, yuan = _seconds(figures[0]), _decimal(figures[1])
    except (InvalidOperation, ValueError):
        return FORMULA if any(cell.startswith("=") for cell in figures) else _NO_NUMBER
    begun = cells.get("started_at", "").strip()
    started_at = parse_instant(begun)
    is_day = started_at is not None and started_at.astimezone(BEIJING).time() == time()  # as a spreadsheet writes one
    ended_at = parse_instant(cells.get("ended_at", "").strip())
    if seconds is None and started_at is not None and not is_day and ended_at is not None and ended_at >= started_at:
        seconds = int((ended_at - started_at).total_seconds())
    whose = normalize(cells.get("number", ""))
    return Bill(number, meeting_id, seconds, yuan, started_at, is_day, started_at is None and begun != "", whose)


def _of_total(line: SheetLine, part: Sequence[Bill], bills: Sequence[Bill]) -> Text:
    """Return why a total is no line; where it is neither that of its part nor that of all lines, in what it differs."""
    _, cells, first = line
    words = stated([first, *(cell for cell in cells.values() if cell.strip() != first)])
    try:
        seconds, yuan = _seconds(cells.get("duration_s", "")), _decimal(cells.get("amount_yuan", ""))
    except (InvalidOperation, ValueError):
        return ASIDE["total_unread"]
    told = {**words, "yuan": words.get("yuan") if yuan is None else yuan}
    told |= {} if seconds is None else {"seconds": Decimal(seconds)}
    if IN_WORDS.search(first) and not any(told.values()):
        return ASIDE["total_unread"]
    return part_or_all(told, _sums(part, told) if part else {}, _sums(bills, told))


def _sums(bills: Sequence[Bill], told: Mapping[Unit, Decimal | None]) -> dict[Unit, Decimal]:
    """Return what lines come to; a count may leave out credits, and one of meetings may count each id once."""
    both = bills, [one for one in bills if not one.is_credit]
    lines = [Decimal(len(some)) for some in both]
    ids = [Decimal(len({one.meeting_id for one in some})) for some in both]
    return {
        "seconds": Decimal(sum(one.duration_s or 0 for one in bills)),
        "yuan": sum((one.amount_yuan or Decimal(0) for one in bills), Decimal(0)),
        "lines": next((n for n in lines if n == told.get("lines")), lines[0]),
        "meetings": next((n for n in (*lines, *ids) if n == told.get("meetings")), lines[0]),
    }


def _seconds(cell: str) -> int | None:
    if (told := convert("seconds", [cell]).array[0].as_py()) is not None:
        return int(told)
    return None if (value := _decimal(cell)) is None else int(value.to_integral_value())


def _decimal(cell: str) -> Decimal | None:
    text = amount_text("".join(cell.split()))
    if not text:
        return None
    value = Decimal(text)
    if not value.is_finite() or abs(value) >= 10**12:
        raise ValueError(text)
    return value


Ints: TypeAlias = "np.ndarray[Any, np.dtype[np.int64]]"

Money = Literal["half_up", "half_even", "up", "down"]
MONEY: tuple[Money, ...] = get_args(Money)
"""How an amount is brought to the invoice's last digit; the usual one first."""

Allowance = Literal["connection", "line", "invoice"]
"""Over what free seconds are spent: each connection has its own, each line of the invoice, or all lines share them in
order of time.
"""

UNKNOWN = -1
"""Stands in an array for what an invoice or a record does not say; seconds and amounts are never negative."""

MOST_DECIMALS = 6
NOISE = Decimal("0.000001")
"""What binary floating point leaves behind the last digit of an amount."""

ODD = -2
"""An amount that no rule can give."""


def places_of(amounts: Sequence[Decimal | None]) -> int:
    """Return how many decimals the invoice has: enough for all amounts but one in fifty, so that one odd line does
    not rule the others.
    """
    told = sorted(min(-int(one.normalize().as_tuple().exponent), MOST_DECIMALS) for one in amounts if one)
    return max(told[-(len(told) // 50) - 1], 0) if told else 2


def units_of(amount: Decimal | None, places: int) -> int:
    """Return an amount in units of the last digit; what has more digits than that equals nothing."""
    if amount is None:
        return UNKNOWN
    scaled = amount.scaleb(places)
    whole = scaled.to_integral_value()
    return int(whole) if abs(scaled - whole) < NOISE and whole < 2**53 else ODD


@dataclass(frozen=True)
class BilledLines:
    """The lines of an invoice beside their records, one place in every array for each line.

    Parameters
    ----------
    seconds
        How long the meeting was [s], or `UNKNOWN`.
    leg_line, leg_kind, leg_s
        For each leg, in order of line: the place of its line, the place of its number class in `kinds`, its length [s].
    kinds
        Number classes.
    order
        The place of each line in time: a shared allowance is spent in this order.
    begun_s
        When each meeting began [local epoch seconds], or `UNKNOWN`.
    billed_s, amount
        What the invoice says [s; units of its last digit], or `UNKNOWN`.
    places
        Decimals of the invoice's amounts.
    """

    seconds: Ints
    leg_line: Ints
    leg_kind: Ints
    leg_s: Ints
    kinds: tuple[str, ...]
    order: Ints
    begun_s: Ints
    billed_s: Ints
    amount: Ints
    places: int

    def connections(self, per: str) -> tuple[Ints, Ints, Ints]:
        """Return line, class and seconds of whatever is billed: every leg, or every meeting of which the length is
        known.
        """
        if per == "leg":
            return self.leg_line, self.leg_kind, self.leg_s
        line = np.flatnonzero(self.seconds != UNKNOWN)
        seconds: Ints = self.seconds[line]
        return line, np.zeros(len(line), np.int64), seconds

    def kinds_of(self, per: str) -> tuple[str, ...]:
        """Return the classes that have a price of their own."""
        return self.kinds if per == "leg" else ("default",)

    def sums(self, line: Ints, values: Ints) -> Ints:
        """Return the sum of some values of connections for every line; `UNKNOWN` for a line without any."""
        sums = np.zeros(len(self.seconds), np.int64)
        np.add.at(sums, line, values)
        sums[np.bincount(line, minlength=len(sums)) == 0] = UNKNOWN
        return sums


def charged(units: Ints, line: Ints, order: Ints, allowance_s: int, allowance_of: Allowance) -> Ints:
    """Return the seconds of connections that must be paid for once free seconds are spent, the earlier connection
    first.

    Examples
    --------
    >>> units, line = np.array([60, 120, 180]), np.array([0, 0, 1])
    >>> [charged(units, line, np.array([0, 1]), 120, of).tolist() for of in ("connection", "line", "invoice")]
    [[0, 0, 60], [0, 60, 60], [0, 60, 180]]
    """
    if allowance_of == "connection" or not len(units):
        return np.maximum(units - allowance_s, 0)
    by_time = np.argsort(order[line], kind="stable")
    spent = np.cumsum(units[by_time]) - units[by_time]
    if allowance_of == "line":
        lines = line[by_time]
        firsts = np.flatnonzero(np.r_[True, lines[1:] != lines[:-1]])
        spent -= np.repeat(spent[firsts], np.diff(np.r_[firsts, len(lines)]))
    paid = np.empty_like(units)
    paid[by_time] = units[by_time] - np.clip(allowance_s - spent, 0, units[by_time])
    return paid


def rounded(numerator: Ints, denominator: int, money: Money) -> Ints:
    """Return exact fractions as whole units of an invoice's last digit.

    Examples
    --------
    >>> [rounded(np.array([5, 15, 14]), 10, money).tolist() for money in MONEY]
    [[1, 2, 1], [0, 2, 1], [1, 2, 2], [0, 1, 1]]
    """
    whole, rest = numerator // denominator, numerator % denominator
    more = {
        "half_up": 2 * rest >= denominator,
        "half_even": (2 * rest > denominator) | ((2 * rest == denominator) & (whole % 2 == 1)),
        "up": rest > 0,
        "down": np.zeros_like(rest, bool),
    }[money]
    found: Ints = whole + more
    return found


@dataclass(frozen=True)
class InvoiceRule:
    """A rule that may explain an invoice.

    Parameters
    ----------
    of
        What it explains: `duration` or `amount`.
    tariff
        Per leg or per meeting, step, minimum and rounding of time; for amounts the fee and the prices per minute by
        number class.
    allowance_s, allowance_of
        Free seconds, and over what they are spent.
    money, each_rounded
        How amounts are rounded, and whether each connection's is, or the sum of the line.
    explained, lines
        How many of how many lines come out exactly.
    """

    of: Literal["duration", "amount"]
    tariff: Tariff
    allowance_s: int = 0
    allowance_of: Allowance = "line"
    money: Money = "half_up"
    each_rounded: bool = False
    explained: int = 0
    lines: int = 0

    @property
    def share(self) -> float:
        """Which part of the lines it explains."""
        return self.explained / self.lines if self.lines else 0.0

    @property
    def parameters(self) -> int:
        """How many things were chosen to fit: one for each price, and for all that is not the plainest."""
        plain = (
            self.tariff.minimum_s > self.tariff.step_s,
            self.tariff.rounding != "up",
            Decimal(self.tariff.connection_fee) != 0,
            self.allowance_s > 0,
            self.money != "half_up",
            self.each_rounded,
        )
        return len(self.tariff.prices) + sum(plain)

    def seconds(self, lines: BilledLines) -> Ints:
        """Return what each line is billed for [s], `UNKNOWN` where the record does not say."""
        line, _, seconds = lines.connections(self.tariff.per)
        return lines.sums(line, self.tariff.billed_seconds(seconds))

    def amounts(self, lines: BilledLines) -> Ints:
        """Return what each line costs in units of the invoice's last digit; `UNKNOWN` without connections or a price
        for one.
        """
        line, kind, seconds = lines.connections(self.tariff.per)
        units = charged(self.tariff.billed_seconds(seconds), line, lines.order, self.allowance_s, self.allowance_of)
        nano = [self.tariff.nano(name) for name in lines.kinds_of(self.tariff.per)]
        prices = np.array([UNKNOWN if one is None else one for one in nano], np.int64)[kind]
        # sixtieths of a billionth of a yuan: whole numbers, whatever the price per minute and the seconds
        exact = units * np.maximum(prices, 0) + 60 * int(Decimal(self.tariff.connection_fee).scaleb(DECIMALS))
        unit = 60 * 10 ** (DECIMALS - lines.places)
        costs = lines.sums(line, rounded(exact, unit, self.money) if self.each_rounded else exact)
        no_price = np.unique(line[(prices == UNKNOWN) & (units > 0)])
        found = costs if self.each_rounded else np.where(costs == UNKNOWN, UNKNOWN, rounded(costs, unit, self.money))
        found[no_price] = UNKNOWN
        return found

    @property
    def text(self) -> Text:
        """The rule in words."""
        tariff, zh, en = self.tariff, [], []
        zh.append({"leg": "按接入", "meeting": "按会议"}[tariff.per])
        en.append({"leg": "per leg", "meeting": "per meeting"}[tariff.per])
        zh.append(f"{_ROUNDING[tariff.rounding].zh} {tariff.step_s} 秒，最少 {tariff.minimum_s} 秒")
        en.append(f"{_ROUNDING[tariff.rounding].en} {tariff.step_s} s, minimum {tariff.minimum_s} s")
        if self.allowance_s:
            zh.append(f"{_ALLOWANCE[self.allowance_of].zh}免费 {self.allowance_s / 60:g} 分钟")
            en.append(f"{self.allowance_s / 60:g} min free {_ALLOWANCE[self.allowance_of].en}")
        if Decimal(tariff.connection_fee):
            zh.append(f"接通费 {tariff.connection_fee} 元")
            en.append(f"connection fee {tariff.connection_fee} yuan")
        if tariff.prices:
            prices = sorted(tariff.prices.items())
            zh.append("单价 " + "、".join(f"{CLASS_WORDS.get(name, name)} {price} 元/分钟" for name, price in prices))
            en.append(
                "prices " + ", ".join(f"{name} {price} yuan/min" for name, price in sorted(tariff.prices.items()))
            )
        if self.of == "amount":
            zh.append(_MONEY[self.money].zh + ("（逐条接入）" if self.each_rounded else ""))
            en.append(_MONEY[self.money].en + (", each connection" if self.each_rounded else ""))
        return Text(
            f"账单{_OF[self.of].zh}的规则：{'，'.join(zh)}；解释 {self.explained} / {self.lines} 行",
            f"rule of the {_OF[self.of].en}: {', '.join(en)}; explains {self.explained} of {self.lines} lines",
        )


_OF = {"duration": Text("时长", "durations"), "amount": Text("金额", "amounts")}
_ROUNDING = {
    "up": Text("向上进位到", "step"),
    "nearest": Text("四舍五入到", "nearest"),
    "down": Text("向下取整到", "whole steps of"),
}
_ALLOWANCE = {
    "connection": Text("每次接入", "for each connection"),
    "line": Text("每行", "on each line"),
    "invoice": Text("全账单共", "shared by all lines"),
}
_MONEY = {
    "half_up": Text("金额四舍五入", "amounts rounded half up"),
    "half_even": Text("金额四舍六入五成双", "amounts rounded half to even"),
    "up": Text("金额向上取整", "amounts rounded up"),
    "down": Text("金额向下取整", "amounts rounded down"),
}
