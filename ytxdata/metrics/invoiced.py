"""What was invoiced for each period: an amount, or a list that people keep, by period or by meeting."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import lru_cache
from numbers import Real
from typing import Any, NamedTuple, TypeAlias

import narwhals as nw

from ytxdata.errors import UsageError
from ytxdata.history.list_amounts import ASKED, OF_CALLS, amount_of
from ytxdata.history.list_cells import COLUMNS as LISTED
from ytxdata.history.list_cells import called
from ytxdata.history.proof.witness import ASIDE
from ytxdata.labels import NO_TEXT, Text, filled
from ytxdata.list_totals import (
    CLOSINGS,
    IN_WORDS,
    Closing,
    NoMeeting,
    closing,
    closing_of,
    is_part,
    is_total,
    no_meeting,
    stated,
)
from ytxdata.metrics.breakdown import period_called
from ytxdata.metrics.calendar import DAY, By, bounds, first_day, label
from ytxdata.metrics.facts import DayOf, Facts
from ytxdata.metrics.own_totals import Charge, of_what, own_totals, some_of
from ytxdata.metrics.tariff import rounded
from ytxdata.numbers_in_text import hide_in_text
from ytxdata.records.values import amount_text
from ytxdata.spreadsheets import exact
from ytxdata.tables.lists import Listed, SheetLine, Skipped, none_left, read_lines, skipped_note
from ytxdata.times import local_second, month_text, parse_instant

Invoiced: TypeAlias = Decimal | float | str | Mapping[str, Decimal | float | str] | Listed
"""What was invoiced: one amount, an amount for each period, or a list with the columns `amount` and, if there are
several, `period`.
"""


def is_amount(invoice: Invoiced) -> bool:
    """Return whether what was invoiced is one amount, and no list."""
    is_number = isinstance(invoice, str) and _NUMBER.fullmatch(amount_text(invoice))
    return isinstance(invoice, Decimal | Real) or bool(is_number)


def check_invoice(invoice: Invoiced, by: By) -> None:
    """Raise UsageError for a single amount that cannot be shared, before it would end the work of all other reports."""
    if is_amount(invoice) and by != "total":
        raise UsageError(
            Text(f"一个总额 {invoice} 不能分到按 {by} 的各时段", f"one amount, {invoice}, cannot be shared among periods of by={by}"),
            remedy=Text('加上 --by total（by="total"）；或给出按时段的账单 CSV', 'add --by total (by="total"), or give a CSV with an amount for each period'),
        )  # fmt: skip
    if is_amount(invoice):
        _money(SheetLine(0, {"amount": str(invoice)}), in_fen=True)


def amounts_of(invoice: Invoiced, by: By, known: Facts) -> tuple[dict[str, Decimal], tuple[Text, ...]]:
    """Return period → what was invoiced, and what must be said of it.

    Raises
    ------
    UsageError
        An amount or a period of it is none, or it cannot be read.
    """
    check_invoice(invoice, by)
    given: Any = {"total": invoice} if is_amount(invoice) else invoice
    if isinstance(given, Mapping):
        told = [{"period": str(period), "amount": str(amount)} for period, amount in given.items()]
        return _placed([SheetLine(0, cells) for cells in told], {}, by, known)
    skipped: list[Skipped] = []
    read = read_lines(given, INVOICE, COLUMNS, ("amount",), {}, skipped, keep_others=True)
    lines = [line._replace(cells=_timed(line.cells)) for line in read]
    if unused := [
        one for one in skipped if one.line and one.why != ASIDE["header"]
    ]:  # money would be left out of what is shared
        raise UsageError(
            skipped_note(INVOICE, unused), remedy=Text("请改正或删去这些行", "mend these lines or delete them")
        )
    by_name = called(lines[0].cells, {}) if lines else {}
    by_line = {line.number: {ours: line.cells.get(theirs, "") for ours, theirs in by_name.items()} for line in lines}
    parts = {line.number for line in lines if any(map(is_part, line.words))}
    wholes = {one for n, cells in by_line.items() if parts and n not in parts for one in some_of(of_what(cells))}
    charges = {line.number: _charge(line, by_line[line.number], wholes) for line in lines}
    found = own_totals([one for one in charges.values() if one.called not in ("footer", "part")])
    asides = {n: ASIDE[one.called] for n, one in charges.items() if one.called in ("footer", "part", "balance")}
    asides |= found.totals
    skipped += [Skipped(number, asides[number]) for number in sorted(asides)]
    own = [line for line in lines if line.number not in asides]
    if not own:
        raise none_left(INVOICE, skipped)
    amounts, notes = _placed(own, charges, by, known)
    said = skipped_note(INVOICE, skipped)
    said = Text(f"警告：{said.zh}", f"warning: {said.en}") if found.off else said
    aside = [one for one in charges.values() if one.called in ("balance", "due") and one.number in asides]
    return amounts, (*notes, *_unshared(aside), *found.notes, *((said,) if skipped else ()))


def _unshared(lines: Sequence[Charge]) -> tuple[Text, ...]:
    """Return a note on balances, payments and what is due: whoever meant one as a charge must see what is not shared."""
    whole, more = sum((one.yuan or Decimal(0) for one in lines), Decimal(0)), " …" if len(lines) > _SHOWN else ""
    listed = ", ".join(f"{one.number} ({one.yuan})" for one in lines[:_SHOWN]) + more
    told = Text(
        f"账单有 {len(lines)} 行为余额、充值、付款或应付实收金额，不是费用，未分摊，共 {whole} 元：第 {listed} 行",
        f"{len(lines)} lines of the invoice are balances, top-ups, payments or what is due, no charges, and not shared, {whole} yuan together: lines {listed}",
    )
    return (told,) if lines else ()


_CLOCK = re.compile(r"\d{1,2}:\d\d(:\d\d)?")


def _timed(cells: Mapping[str, str]) -> Mapping[str, str]:
    """Return the cells of a line, without dashes, with its day where it says only that, or its time in another column."""
    cells = {name: cell if name == "amount" else filled(cell) for name, cell in cells.items()}
    # as a spreadsheet saves an id: 123456789012345.0
    cells |= {"meeting_id": one} if isinstance(one := exact(cells.get("meeting_id", "")), str) and one else {}
    day, begun = cells.get("day"), cells.get("started_at", "").strip()
    if day is None:
        return cells
    at = f"{day} {begun}" if day.strip() and _CLOCK.fullmatch(begun) else begun or day
    return {name: cell for name, cell in cells.items() if name != "day"} | {"started_at": at}


@lru_cache(maxsize=4096)
def _span(text: str) -> tuple[int, int] | None:
    if not text.strip():
        return None
    # of a first of March spreadsheets mean the month
    return next((bounds(named, by) for by in _SPANS if (named := period_called(text, by))), None)


def _charge(line: SheetLine, told: Mapping[str, str], wholes: Set[tuple[str, ...]]) -> Charge:
    """Return what a line charges, for what, and whether it is called a total, a balance or what is due, or is a note."""
    cells, amount = line.cells, line.cells["amount"]
    bare = not any(cells.get(name, "") for name in COLUMNS)
    # any column may say that a line is a total (项目), but a remark on a line is none (共 85 场), nor is its state (已付)
    known = [cell for name, cell in cells.items() if name in COLUMNS]
    others = [(name, cell) for name, cell in cells.items() if name not in COLUMNS and cell]
    remarks = {name for name, one in others if _FIGURE.search(one) and (_REMARKS.search(name) or _COUNTS.match(one))}
    words = [one for name, one in others if bare or ((is_total(one) or is_part(one)) and name not in remarks)]
    kind: NoMeeting | Closing | None = next(
        filter(None, (no_meeting(cell, {"amount_yuan": amount}) for cell in (*known, *words))), None
    )
    # 其中一次评审 is what a meeting was about, unless another line charges for the same one
    if kind == "part" and any(of := of_what(told)) and of not in wholes:
        kind = None
    own, meeting_id, text = amount_of(amount, line.digits), cells.get("meeting_id", ""), cells.get("period", "").strip()
    if kind is None:
        # a charge is one wherever it stands (月租费 beside 按分钟); left of a top-up, a remark (含手续费) is none
        named = [one for one in others if not _REMARKS.search(one[0])]
        named += [one for one in others if one not in named and closing(one[1]) == "charge"]
        # a way to pay (银行代扣) beside who pays is none; alone it names the line (甲, 上期余额)
        closings = [one for name, one in named if not _WAYS.search(name) and _WORD.search(one)]
        kind = closing_of(meeting_id, closings or [one for _, one in named], {**told, "amount_yuan": amount})
    day = _instant(_day(cells))
    # a date says of which month a total is, if at all
    span = _span(text) if text else _month(local_second(day) // DAY) if day else None
    if own is None and kind:
        # where its place holds words (贰佰零叁元捌角), the figure stands elsewhere: （小写） 203.80
        figures = [one for one in map(amount_of, line.words) if one is not None] if IN_WORDS.search(amount) else []
        own = figures[0] if len({*figures}) == 1 else None
    if own is None and kind:
        said = stated([line.first])
        own = said.told.get("yuan") or next((one for one in said.bare if one % 1), None)  # a count has no fen
    return Charge(
        line.number,
        own,
        kind,
        "" if is_total(meeting_id) or kind in CLOSINGS else meeting_id,
        span,
        _month(span[0] // DAY) if span else None,
    )


@lru_cache(maxsize=4096)
def _month(day: int) -> tuple[int, int] | None:
    return bounds(label(first_day(day, "month"), "month"), "month")


def _placed(
    lines: Sequence[SheetLine], charges: Mapping[int, Charge], by: By, known: Facts
) -> tuple[dict[str, Decimal], tuple[Text, ...]]:
    """Return what a list comes to in each period; parts of a fen are rounded once, in the sum of all.

    A line belongs to the period that it states, else to that of its date, else to that of the record with its id. One
    that has none of them, or whose id stands for meetings of several periods, belongs to none, which is said with its
    amount; but tax or rent of a bill whose lines are all of one period belongs to that.
    """
    # a line a meeting, dated or not, is a bill; a list by period names no meeting
    is_bill = bool({"started_at", "meeting_id"} & lines[0].cells.keys())
    places = _Places(by, known.scope.edges, is_bill, _Moments.of(known, lines))
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    stated, outside, n_stated, n_outside, lost = list[str](), set[str](), 0, 0, list[Decimal]()
    placed = [(line, *places.of(line)) for line in lines]
    all_periods = {period for _, periods, _ in placed for period in periods}
    n_free = 0
    for line, periods, named in placed:
        amount = _money(line, in_fen=not is_bill)
        if not periods and line.number in charges and charges[line.number].called == "charge":
            periods = all_periods
            n_free += len(periods) == 1
        is_outside = periods == {""}
        if named:
            stated += [] if line.cells.get("meeting_id", "").strip() else [named]
            n_stated += is_bill
            outside |= {named} if is_outside else set()
        else:
            n_outside += is_outside
        if len(periods) != 1:
            lost.append(amount)
        elif not is_outside:
            sums[min(periods)] += amount
    # together they are what all that is shared comes to, rounded once, and halves up as costs are: months rounded each
    # by itself would be some fen off
    whole = sum(sums.values(), Decimal(0)).quantize(Decimal("0.01"), ROUND_HALF_UP)
    parts = rounded([Fraction(sums[period]) for period in sorted(sums)], whole=whole)
    listed, n_dated, zh, en = "、".join(sorted(outside)), len(lines) - n_stated - n_free, *_DAY_OF[known.scope.day_of]
    # a credit must not hide a charge
    asked, credit = (sum((one for one in lost if (one < 0) == is_credit), Decimal(0)) for is_credit in (False, True))
    back = (f"及冲减 {credit} 元", f" and credits of {credit} yuan") if credit else ("", "")
    notes = (
        (is_bill and n_dated, f"账单各行按会议{zh}时刻归入时段，共 {n_dated} 行", f"the {n_dated} lines of the bill are put into periods by the {en} of their meetings"),
        (n_stated, f"账单有 {n_stated} 行归入其所写的时段，不论其日期", f"{n_stated} lines of the bill are put into the period that they state, whatever their date"),
        (n_free, f"账单有 {n_free} 行费用不属于任何会议，也没有日期，归入其余各行共同的时段", f"{n_free} lines of the bill charge for no meeting and have no date: they are put into the period of all others"),
        (n_outside, f"其中 {n_outside} 行不在所选期间，未分摊", f"{n_outside} of them lie outside the period asked for and are not shared"),
        (outside, f"账单中不在所选期间的时段未分摊：{listed}", f"periods of the invoice outside the period asked for are not shared: {listed.replace('、', ', ')}"),
        (any(lost), f"警告：账单中共 {asked} 元{back[0]}没有日期，也没有唯一时段的会议记录（或会议结束未知），未分摊", f"warning: {asked} yuan{back[1]} of the bill have no date, and no record or records of several periods (or no known end), and are not shared"),
    )  # fmt: skip
    told_of = (*_repeated(stated), *(Text(zh, en) for is_so, zh, en in notes if is_so))
    return dict(zip(sorted(sums), parts, strict=True)), told_of


_SPANS: tuple[By, ...] = ("month", "day", "week")
_DAY_OF: Mapping[DayOf, tuple[str, str]] = {"starts": ("开始", "start"), "ends": ("结束", "end")}


def _repeated(periods: Sequence[str]) -> tuple[Text, ...]:
    """Return a note on the periods of several lines: one may stand there twice by mistake."""
    listed = ", ".join(f"{period} ({n})" for period, n in sorted(Counter(periods).items()) if n > 1)
    told = Text(f"账单中有多行属于同一时段，其金额已相加：{listed}", f"the invoice has several lines of one period, whose amounts were added: {listed}")  # fmt: skip
    return (told,) if listed else ()


@dataclass(frozen=True)
class _Moments:
    """When the meetings of an invoice were, by the rule for the day of a meeting that its shares follow: money by its
    start, and shares by its end, would not be of one period.
    """

    day_of: DayOf
    known: Mapping[str, list[tuple[int, int]]]

    @classmethod
    def of(cls, known: Facts, lines: Sequence[SheetLine]) -> _Moments:
        ids = {
            line.cells.get("meeting_id", "")
            for line in lines
            if known.scope.day_of == "ends" or line.cells.get("period", "").strip() or not _day(line.cells)
        }
        if not any(ids):
            return cls(known.scope.day_of, {})
        # of all there is: a room's meetings outside the period asked for are as likely meant as those inside.
        # an id of two accounts has no moment: a bill does not say whose it means; a room's has one for each meeting
        own, source = nw.col("meeting_id"), known.source
        told = source.every.select("s", at=known.scope.at, of=own, meeting_id=source.plain("meeting_id"))
        rows = source.rows(told.filter(own.is_in(list(ids))))
        owners: defaultdict[str, set[str]] = defaultdict(set)
        found: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
        for row in rows:
            owners[row["meeting_id"]].add(row["of"])
            found[row["meeting_id"]] += [(row["s"], row["at"])] if row["at"] is not None else []
        return cls(known.scope.day_of, {one: each for one, each in found.items() if len(owners[one]) == 1})

    def of_line(self, number: int, cells: Mapping[str, str]) -> list[int]:
        """Return the seconds that may decide the period of a line."""
        records, text = self.known.get(cells.get("meeting_id", ""), []), _day(cells)
        if not text:
            return [at for _, at in records]
        if (instant := _instant(text)) is None:
            raise _refused(Text(f"不是日期或时间：{text}", f"no date or time: {text}"), _DATED, number)
        begun = local_second(instant)
        if self.day_of == "starts":
            return [begun]
        # of a room's meetings of one day the line's own time says which; midnight is a day without a time
        exact = [at for second, at in records if second == begun and begun % DAY]
        return exact or [at for second, at in records if second // DAY == begun // DAY]


class _Places(NamedTuple):
    """Where lines of an invoice belong."""

    by: By
    edges: tuple[int | None, int | None]
    is_bill: bool
    moments: _Moments

    def of(self, line: SheetLine) -> tuple[set[str], str]:
        """Return the periods a line may belong to, an empty text for what is not asked for; and the one it states."""
        told, by = line.cells.get("period", ""), self.by
        if not self.is_bill or (told.strip() and period_called(told, by)):
            named = _period(line.cells.get("period"), by, line.number)
            edges = bounds(named, by)
            return {self._inside(named, *edges) if edges else named}, named
        first, last = _span(told) or (0, 0)
        inside = {label(first_day(second // DAY, by), by) for second in (first, last - 1)}
        if last and len(inside) == 1:
            return {self._inside(named, first, last) for named in inside}, min(inside)
        begun = self.moments.of_line(line.number, line.cells)
        if told.strip():  # where days are asked for, the month of a meeting is no day, and still says something
            held = [at for _, at in self.moments.known.get(line.cells.get("meeting_id", ""), []) if first <= at < last]
            begun = [second for second in begun if first <= second < last]
            if not {at // DAY for at in held} & {second // DAY for second in begun}:
                begun = held or begun  # its date is another than that of all its meetings: that of its issue
            if not begun:
                raise _no_period(told, by, line.number)
        return {self._inside(label(first_day(second // DAY, by), by), second, second + 1) for second in begun}, ""

    def _inside(self, period: str, first: int, last: int) -> str:
        start, end = self.edges
        is_outside = (start is not None and last <= start) or (end is not None and first >= end)
        return "" if is_outside else period


def _day(cells: Mapping[str, str]) -> str:
    return cells.get("started_at", "").strip()


@lru_cache(maxsize=4096)
def _instant(text: str) -> datetime | None:
    return parse_instant(f"{month}-01" if (month := month_text(text)) else text)


def _money(line: SheetLine, *, in_fen: bool) -> Decimal:
    amount = line.cells["amount"]
    value = amount_of(amount, line.digits)
    # digits lost to 1E+3 are no charge
    lacks = value is None or int(value.as_tuple().exponent) + line.digits > 0
    if value is None or lacks or (in_fen and value != round(value, 2)):
        why = Text(f"金额不可用：{amount}", f"no amount{' in fen' * in_fen}: {amount}")
        raise _refused(why, Text("写成 1234.56，最多两位小数", "write 1234.56, with two decimals at most"), line.number)
    return value


def _period(text: str | None, by: By, line: int | None = None) -> str:
    if text is None and by != "total":
        raise _refused(Text("没有列 period", "it has no column period"), _PERIODS[by], None)
    if found := period_called(text or "", by):
        return found
    raise _no_period(text or "", by, line)


def _no_period(text: str, by: By, line: int | None) -> UsageError:
    why = Text(f"{text} 不是 by={by} 的时段", f"{text} is no period of by={by}")
    return _refused(why if text else Text("没有写时段", "it says no period"), _PERIODS[by], line)


INVOICE = Text("账单", "invoice")
COLUMNS = {
    # what is asked for, as far as a list says that beside what the connections cost
    "amount": ("amount_yuan", *ASKED, *sorted(LISTED["amount_yuan"][1], key=OF_CALLS.__contains__)),
    "period": ("month", "月份", "期间", "时段", "账期", "周期", "月", "年月", "账单月份", "计费月份", "计费周期", "结算月份"),
    "started_at": LISTED["started_at"][1],
    "day": LISTED["day"][1],
    "meeting_id": LISTED["meeting_id"][1],
}  # fmt: skip
"""What the columns of an invoice by period, or of a bill by meeting, may be called."""
_FIGURE = re.compile(r"\d(?![\d年月])")
_WORD = re.compile(r"[^\W\d_]")
_REMARKS = re.compile(
    r"备注|附注|remark|note|comment|memo|状态|是否|支付|付款|缴费|结清|[费款值算](?:方式|渠道)|账户类型|status|state|paid|payment"
    r"|billing method",
    re.IGNORECASE,
)
"""How a line is paid stands there; 接入方式, 交易方式 and 账户名称 say what it is of."""
_WAYS = re.compile(r"(?:方式|渠道|账户|method|channel|account)(?:类型|[ _]?type)?\s*$", re.IGNORECASE)
_COUNTS = re.compile(r"\s*总?共\s*\d")
_SHOWN = 10
_NUMBER = re.compile(r"[-+]?[\d,]*\.?\d+(e[-+]?\d+)?", re.IGNORECASE)
"""What is no path but a number, also one that is no amount: its error then says so."""

_DATED = Text("写成 2026-03-05 或 2026-03-05 09:30", "write 2026-03-05 or 2026-03-05 09:30")
_ONE = Text('只有一个总额时用 --by total（by="total"）', 'a single amount goes with --by total (by="total")')
_PERIODS: Mapping[str, Text] = {
    by: Text(f"在列 period（月份、期间、账期）写 {zh}；{_ONE.zh}", f"write {en} in a column period; {_ONE.en}")
    for by, zh, en in (
        ("day", "2026-03-05", "2026-03-05"), ("week", "周一的日期 2026-03-02", "the date of its Monday, 2026-03-02"),
        ("month", "2026-03 或 2026年3月", "2026-03 or 2026年3月"),
    )
} | {"total": Text('按时段分摊请用 --by month（by="month"），否则去掉列 period', 'to share by periods ask --by month (by="month"), else leave out the column period')}  # fmt: skip


def _refused(why: Text, remedy: Text, line: int | None) -> UsageError:
    at = NO_TEXT if not line else Text(f"第 {line} 行：", f"line {line}: ")
    why = Text(*map(hide_in_text, why))  # a cell may hold anything
    return UsageError(
        Text(f"账单不可用：{at.zh}{why.zh}", f"the invoice cannot be used: {at.en}{why.en}"), remedy=remedy
    )
