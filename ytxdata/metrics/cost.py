"""What meetings cost by a tariff, and what an invoice costs each department."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from itertools import groupby
from numbers import Real
from operator import itemgetter
from pathlib import Path
from typing import Any, Literal, TypeAlias, Unpack

import narwhals as nw
import pyarrow as pa

from ytxdata.errors import UsageError
from ytxdata.history.proof.witness import ASIDE
from ytxdata.labels import NO_TEXT, Text
from ytxdata.list_totals import Unit, no_meeting, of_total
from ytxdata.metrics.breakdown import Breakdown, billed_lines, period_called
from ytxdata.metrics.calendar import DAY, PERIODS, By, bounds, check_by, first_day, label
from ytxdata.metrics.facts import DayOf, Facts, Scope
from ytxdata.metrics.groups import UNALLOCATED, Book, Group, GroupOf
from ytxdata.metrics.registry import register
from ytxdata.metrics.report import Report, build, same_meeting
from ytxdata.metrics.source import Lazy, ReportSource, Where
from ytxdata.metrics.sums import minutes
from ytxdata.metrics.tariff import NANO, Tariff, allocated, rounded, yuan
from ytxdata.records.values import amount_text
from ytxdata.tables.lists import Listed, SheetLine, Skipped, none_left, read_lines, skipped_note
from ytxdata.times import Instant, local_second, month_text, parse_instant

_SUMS = ("lines_billed", "billed_minutes", "cost")
_LINE = ("meeting_id", "started_at", "leg", "number", "number_class", "billed_minutes", "cost")


@register(place=120, rows=62, needs=("tariff",))
def cost(
    source: ReportSource, tariff: Tariff | str | Path, start: Instant | None = None, end: Instant | None = None,
    by: Literal["day", "week", "month", "total", "line"] = "month", *,
    group: Group | None = None, book: Book | None = None, group_of: GroupOf = "creator",
    min_parties: int = 1, day_of: DayOf = "starts", **_where: Unpack[Where],
) -> Report:  # fmt: skip
    """Say what meetings cost, in exact decimals.

    One row is a period, or with `by="line"` one billed leg (or meeting). Nothing is rounded to fen; a row is the sum
    of its lines.

    Parameters
    ----------
    source, start, end, group, book, group_of, min_parties, day_of
        As in `usage`. With `group_of="leg"` each leg is paid by the group of its own number, else by that of who
        convened the meeting.
    tariff
        A `Tariff`, or the path of a tariff file.
    by
        As in `usage`, or `line`.

    Returns
    -------
    Report
        `period lines_billed billed_minutes cost is_partial covered_pct` [yuan, decimal], sorted by period; or
        `meeting_id started_at leg number number_class billed_minutes cost`, sorted by meeting and leg (`leg` and
        `number` are null when meetings are billed).

    Raises
    ------
    UsageError
        As in `usage`, or the tariff cannot be used, or bills meetings and legs are to be grouped.

    Notes
    -----
    Amounts are whole billionths of a yuan inside: where a price per minute is not divisible into the billed seconds,
    a line is exact to half a billionth. Lines without a price, and legs whose end is unknown, are left out and
    counted.

    Examples
    --------
    >>> import ytxdata as ytx
    >>> history = ytx.sample()
    >>> tariff = ytx.metrics.Tariff(prices={"default": "0.12"})
    >>> ytx.metrics.cost(history, tariff, by="total").arrow.column_names[:3]
    ['period', 'lines_billed', 'billed_minutes']
    """
    check_by(by, (*PERIODS, "line"))
    told = tariff if isinstance(tariff, Tariff) else Tariff.load(tariff)
    rows = Breakdown.of(
        source, start, end, None if by == "line" else by, group=group, book=book, group_of=group_of,
        min_parties=min_parties, day_of=day_of,
    )  # fmt: skip
    lines = billed_lines(rows, told)
    priced = lines.filter(~nw.col("nano").is_null())
    columns: tuple[str, ...]
    then: tuple[str, ...]
    if by == "line":
        shown, columns, then = priced.with_columns(started_at=nw.col("s")), _LINE, ("meeting_id", "at", "leg")
    else:
        sums = rows.add_up(priced, "billed_s", "nano")
        shown, columns, then = sums.with_columns(lines_billed=nw.col("n")), _SUMS, ()

    def trace(row: Mapping[str, Any], _column: str | None) -> Lazy:
        records = rows.records(row)
        if by != "line":
            return records
        same = same_meeting(row)
        return records.filter(same if row["leg"] is None else same & (nw.col("leg") == row["leg"]))

    return rows.report(
        "cost", Text("费用", "Cost"),
        shown.with_columns(billed_minutes=minutes("billed_s"), cost=yuan("nano")), columns, trace,
        then=then, instants=("started_at",) if by == "line" else (), excluded=_unpriced(rows, lines), step_s=told.step_s, minimum_s=told.minimum_s,
    )  # fmt: skip


Invoiced: TypeAlias = Decimal | float | str | Mapping[str, Decimal | float | str] | Listed
"""What was invoiced: one amount, an amount for each period, or a list with the columns `amount` and, if there are
several, `period`.
"""


@register(place=125, rows=62, needs=("tariff|invoice", "book"))
def chargeback(
    source: ReportSource, start: Instant | None = None, end: Instant | None = None, by: By = "month", *,
    book: Book, group: Group = "department", group_of: GroupOf = "creator", tariff: Tariff | str | Path | None = None,
    invoice: Invoiced | None = None, share_by: Literal["leg_minutes", "legs", "cost"] | None = None,
    min_parties: int = 1, day_of: DayOf = "starts", **_where: Unpack[Where],
) -> Report:  # fmt: skip
    """Share an invoice, or what a tariff gives, among departments: exact to the fen, adding up to it in every period.

    One row is a period and a group, also numbers that the book does not know. What is left after rounding down goes
    to those who lost most by it (largest remainder).

    Parameters
    ----------
    source, start, end, by, min_parties, day_of
        As in `usage`.
    book, group, group_of
        As in `usage`: with `creator` who convened pays for the whole meeting, with `leg` each number for its own legs.
    tariff
        With an invoice needed only to share by cost; without one it says what there is to share.
    invoice
        One amount [yuan] for all there is (`by="total"`), period → amount, or a path or frame with `amount` and
        `period` (like `2026-03`), or with `amount` and `started_at`: the platform's bill, a line a meeting, summed by
        period. Of a list, what lies outside `[start, end)` is left out, and so are the lines of its own totals.
    share_by
        `leg_minutes`, `legs`, or `cost` by the tariff, of an invoice as of what a tariff gives. Not asked for, an
        invoice is shared by `leg_minutes`, and what a tariff gives by `cost`: each pays for what it has used.

    Returns
    -------
    Report
        `period group legs leg_minutes weight_pct allocated is_partial covered_pct`, sorted; `allocated` [yuan] has
        two decimals. An invoiced period in which nobody was connected has one row, `unallocated`.

    Raises
    ------
    UsageError
        As in `usage`, or there is neither an invoice nor a tariff, an amount is none or has parts of a fen, or the
        tariff cannot be used.

    Examples
    --------
    >>> import pandas as pd
    >>> from ytxdata import Frames, metrics
    >>> start = pd.Timestamp("2026-03-05 09:00", tz="Asia/Shanghai")
    >>> ends = [start + pd.Timedelta(minutes, "min") for minutes in (10, 20, 30)]
    >>> phones = ["13900000000", "13900000001", None]
    >>> one = {"meeting_id": ["1"], "creator": phones[:1], "started_at": [start], "ended_at": ends[2:]}
    >>> meetings = pd.DataFrame(one)
    >>> three = {"meeting_id": "1", "leg": [1, 2, 3], "phone": phones, "joined_at": start, "left_at": ends}
    >>> legs = pd.DataFrame(three)
    >>> book = pd.DataFrame({"phone": ["13900000000", "13900000001"], "department": ["sales", "research"]})
    >>> shared = metrics.chargeback(Frames(meetings, legs), book=book, invoice={"2026-03": "100.00"}, group_of="leg")
    >>> [(row["group"], str(row["allocated"])) for row in shared.arrow.to_pylist()]
    [('research', '33.33'), ('sales', '16.67'), ('not in the book', '50.00')]
    """
    share_by = share_by or ("cost" if invoice is None else "leg_minutes")
    if share_by not in ("leg_minutes", "legs", "cost"):
        raise UsageError(
            Text(f"share_by 不能是 {share_by!r}", f"share_by cannot be {share_by!r}"),
            remedy=Text("可选：leg_minutes、legs、cost", "choose one of leg_minutes, legs, cost"),
        )
    told = tariff if isinstance(tariff, Tariff) or tariff is None else Tariff.load(tariff)
    if told is None and (invoice is None or share_by == "cost"):
        raise UsageError(Text("需要账单（invoice=）或资费（tariff=）", "an invoice (invoice=) or a tariff (tariff=) is needed"), remedy=Text("按费用分摊时必须给资费", "to share by cost the tariff must be given"))  # fmt: skip
    rows = Breakdown.of(
        source, start, end, by, group=group, book=book, group_of=group_of, min_parties=min_parties, day_of=day_of
    )
    shares, unpriced = _shares(rows, told)
    amounts, told_of = (_costs(shares), ()) if invoice is None else _amounts(invoice, by, rows.known)
    weight = {"leg_minutes": "len_s", "legs": "n", "cost": "nano"}[share_by]
    found = _allocated(shares, amounts, weight)
    lost = [int(row["nano"]) for row in shares if weight != "nano" and row["n"] is None and row["period"] in amounts]
    borne = (Decimal(sum(lost)) / NANO).quantize(Decimal("0.01"), ROUND_HALF_UP)
    partial = {period: rows.covered(period) for period in amounts}
    table = pa.table({
        "place": pa.array(range(len(found)), pa.int64()),
        "period": pa.array([row["period"] for row in found], pa.string()),
        "group": pa.array([row["group"] for row in found], pa.string()),
        "legs": pa.array([row["n"] for row in found], pa.int64()),
        "leg_s": pa.array([row["len_s"] for row in found], pa.int64()),
        "weight_pct": pa.array([row["weight_pct"] for row in found], pa.float64()),
        "allocated": pa.array([str(row["allocated"]) for row in found], pa.string()),
        "is_partial": pa.array([None if (share := partial[row["period"]]) is None else share < 100 for row in found], pa.bool_()),
        "covered_pct": pa.array([partial[row["period"]] for row in found], pa.float64()),
    })  # fmt: skip
    frame = rows.source.engine.small(table).sort("place")
    missing = sorted({row["period"] for row in shares} - amounts.keys())
    notes = (
        *told_of,
        Text(f"分摊 {len(amounts)} 个时段共 {sum(amounts.values(), Decimal(0))} 元，按 {share_by}；各行之和与之相等，精确到分", f"{sum(amounts.values(), Decimal(0))} yuan of {len(amounts)} periods shared by {share_by}; the rows add up to it to the fen"),
        *((Text(f"{len(lost)} 组的参会方未知，无从按 {share_by} 分摊，不在其中；按资费为 {borne} 元，由其余各行分担", f"{len(lost)} groups have no known legs, so no share by {share_by} and no row; by the tariff they cost {borne} yuan, which the other rows bear"),) if lost else ()),
        *((Text(f"账单中没有的时段：{'、'.join(missing)}", f"periods that were not invoiced: {', '.join(missing)}"),) if missing else ()),
    )  # fmt: skip
    made = build(
        rows.known, "chargeback", Text("费用分摊", "Chargeback"),
        frame.with_columns(leg_minutes=minutes("leg_s"), allocated=nw.col("allocated").cast(nw.Decimal(38, 2))),
        ("period", "group", "legs", "leg_minutes", "weight_pct", "allocated", "is_partial", "covered_pct"),
        lambda row, _column: rows.records(row), notes=(*notes, *rows.notes), own=rows.groups.own if rows.groups else (),
        excluded=unpriced,
    )  # fmt: skip
    return replace(rows.told(made), order=rows.columns)


def _unpriced(rows: Breakdown, lines: Lazy) -> dict[str, int]:
    flags = lines.select(no_price=nw.col("nano").is_null().cast(nw.Int64))
    counted = rows.source.rows(flags.select(nw.col("no_price").sum().cast(nw.Int64)))
    return {"no_price": int(counted[0]["no_price"] or 0)}


def _shares(rows: Breakdown, tariff: Tariff | None) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """Return `period group n len_s nano` of each row, and how many lines have no price; `n` counts joins, null where
    no party is known, and `nano` is null without a tariff.
    """
    found = {row["row"]: {**row, "nano": None} for row in rows.source.rows(rows.named(rows.add_up(rows.legs, "len_s")))}
    if tariff is None:
        return [*found.values()], {}
    lines = billed_lines(rows, tariff)
    cost = rows.add_up(lines.filter(~nw.col("nano").is_null()), "nano")
    for row in rows.source.rows(rows.named(cost)):
        # where meetings are billed, also those whose parties nobody knows
        found.setdefault(row["row"], {**row, "n": None, "len_s": None})["nano"] = row["nano"]
    return [found[row] for row in sorted(found)], _unpriced(rows, lines)


def _costs(shares: list[dict[str, Any]]) -> dict[str, Decimal]:
    """Return period → what the tariff gives, rounded to the fen once, in total."""
    nano: dict[str, int] = {}
    for row in shares:
        nano[row["period"]] = nano.get(row["period"], 0) + int(row["nano"] or 0)
    return {period: (Decimal(one) / NANO).quantize(Decimal("0.01"), ROUND_HALF_UP) for period, one in nano.items()}


def _allocated(shares: list[dict[str, Any]], amounts: Mapping[str, Decimal], weight: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for period in sorted(amounts):
        inside = [row for row in shares if row["period"] == period and (weight == "nano" or row["n"] is not None)]
        if not inside:
            inside = [{"period": period, "group": UNALLOCATED, "n": 0, "len_s": 0, weight: 0}]
        weights = [Fraction(int(row[weight] or 0)) for row in inside]
        whole = sum(weights, Fraction(0))
        parts = allocated(amounts[period], weights)
        found += [
            {**row, "weight_pct": float(one * 100 / whole) if whole else None, "allocated": part}
            for row, one, part in zip(inside, weights, parts, strict=True)
        ]
    return found


def _is_amount(invoice: Invoiced) -> bool:
    is_number = isinstance(invoice, str) and _NUMBER.fullmatch(amount_text(invoice))
    return isinstance(invoice, Decimal | Real) or bool(is_number)


def check_invoice(invoice: Invoiced, by: By) -> None:
    """Raise UsageError for a single amount that cannot be shared, before it would end the work of all other reports."""
    if _is_amount(invoice) and by != "total":
        raise UsageError(
            Text(f"一个总额 {invoice} 不能分到按 {by} 的各时段", f"one amount, {invoice}, cannot be shared among periods of by={by}"),
            remedy=Text('加上 --by total（by="total"）；或给出按时段的账单 CSV', 'add --by total (by="total"), or give a CSV with an amount for each period'),
        )  # fmt: skip
    if _is_amount(invoice):
        _fen(str(invoice))


def _amounts(invoice: Invoiced, by: By, known: Facts) -> tuple[dict[str, Decimal], tuple[Text, ...]]:
    """Return period → what was invoiced, and what must be said of it."""
    check_invoice(invoice, by)
    given: Any = {"total": invoice} if _is_amount(invoice) else invoice
    if isinstance(given, Mapping):
        return _added([(_period(str(period), by), _fen(str(amount))) for period, amount in given.items()])
    skipped: list[Skipped] = []
    lines = list(read_lines(given, INVOICE, COLUMNS, ("amount",), {}, skipped))
    if not lines:
        raise none_left(INVOICE, skipped)
    if unused := [one for one in skipped if one.line]:  # money would be left out of what is shared
        raise UsageError(
            skipped_note(INVOICE, unused), remedy=Text("请改正或删去这些行", "mend these lines or delete them")
        )
    own, totals = [], list[SheetLine]()
    for line in lines:
        told = {"amount_yuan": line.cells["amount"], "started_at": line.cells.get("started_at", "")}
        what = next(filter(None, (no_meeting(cell, told) for cell in line.cells.values())), None)
        if what is None:
            own.append(line)
        else:
            skipped.append(Skipped(line.number, ASIDE[what]))
            totals += [line] * (what == "total")
    if totals:  # of several, the last is of all
        whole, *mine = (_PRECISE.fullmatch(amount_text(one.cells["amount"])) for one in (totals[-1], *own))
        sums_: dict[Unit, Decimal] = {"yuan": sum((Decimal(one[0]) for one in mine if one), Decimal(0))}
        why = of_total({"yuan": Decimal(whole[0]) if whole else None}, sums_)
        skipped = [one._replace(why=why) if one.line == totals[-1].number else one for one in skipped]
    # a line a meeting, dated or not, is a bill; a list by period names no meeting
    is_bill = bool({"started_at", "meeting_id"} & lines[0].cells.keys())
    amounts, notes = _billed(own, by, known) if is_bill else _by_period(own, by, known.scope)
    return amounts, (*notes, *((skipped_note(INVOICE, skipped),) if skipped else ()))


def _by_period(lines: Sequence[SheetLine], by: By, scope: Scope) -> tuple[dict[str, Decimal], tuple[Text, ...]]:
    inside: list[tuple[str, Decimal]] = []
    outside: set[str] = set()
    start, end = scope.edges
    for line in lines:
        period = _period(line.cells.get("period"), by, line.number)
        amount = _fen(line.cells["amount"], line.number)
        edges = bounds(period, by)
        if edges and ((start is not None and edges[1] <= start) or (end is not None and edges[0] >= end)):
            outside.add(period)
        else:
            inside.append((period, amount))
    sums, notes = _added(inside)
    listed = sorted(outside)
    told = Text(f"账单中不在所选期间的时段未分摊：{'、'.join(listed)}", f"periods of the invoice outside the period asked for are not shared: {', '.join(listed)}")  # fmt: skip
    return sums, (*notes, told) if outside else notes


def _added(lines: Sequence[tuple[str, Decimal]]) -> tuple[dict[str, Decimal], tuple[Text, ...]]:
    """Return period → the sum of its lines, and a note on those of several: one may stand there twice by mistake."""
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for period, amount in lines:
        sums[period] += amount
    listed = ", ".join(f"{period} ({n})" for period, n in sorted(Counter(one for one, _ in lines).items()) if n > 1)
    told = Text(f"账单中有多行属于同一时段，其金额已相加：{listed}", f"the invoice has several lines of one period, whose amounts were added: {listed}")  # fmt: skip
    return dict(sums), (told,) if listed else ()


def _billed(lines: Sequence[SheetLine], by: By, known: Facts) -> tuple[dict[str, Decimal], tuple[Text, ...]]:
    """Return what a bill comes to in each period, a line a meeting; parts of a fen are rounded once, in the sum of all.

    A line without a date has that of the record with its id. One that has neither, or whose id stands for meetings of
    several periods, belongs to none, which is said with its amount.
    """
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    start, end = known.scope.edges
    undated = [one.cells.get("meeting_id", "") for one in lines if not one.cells.get("started_at", "").strip()]
    starts = _starts(known, undated) if undated else {}
    n_outside, lost = 0, Decimal(0)

    def period_of(second: int) -> str:
        is_outside = (start is not None and second < start) or (end is not None and second >= end)
        return "" if is_outside else label(first_day(second // DAY, by), by)

    for number, cells, _ in lines:
        bare = amount_text(cells["amount"])
        if not _PRECISE.fullmatch(bare):
            raise _no_amount(Text(f"金额不可用：{cells['amount']}", f"no amount: {cells['amount']}"), number)
        amount, text = Decimal(bare), cells.get("started_at", "").strip()
        instant = parse_instant(f"{month_text(text)}-01" if month_text(text) else text)
        if text and instant is None:
            raise _refused(Text(f"不是日期或时间：{text}", f"no date or time: {text}"), _DATED, number)
        begun = [local_second(instant)] if instant else starts.get(cells.get("meeting_id", ""))
        periods = set(map(period_of, begun or ()))
        if len(periods) != 1:
            lost += amount
        elif periods == {""}:
            n_outside += 1
        else:
            sums[periods.pop()] += amount
    # together they are what the whole bill comes to, rounded once: months rounded each by itself would be some fen off
    parts = rounded([Fraction(sums[period]) for period in sorted(sums)])
    told = [Text(f"账单各行按会议开始时刻归入时段，共 {len(lines)} 行", f"the {len(lines)} lines of the bill are put into periods by the start of their meetings")]  # fmt: skip
    if n_outside:
        told.append(Text(f"其中 {n_outside} 行不在所选期间，未分摊", f"{n_outside} of them lie outside the period asked for and are not shared"))  # fmt: skip
    if lost:
        told.append(Text(f"警告：账单中共 {lost} 元没有日期，也没有唯一时段的会议记录，未分摊", f"warning: {lost} yuan of the bill have no date, and no record or records of several periods, and are not shared"))  # fmt: skip
    return dict(zip(sorted(sums), parts, strict=True)), tuple(told)


def _starts(known: Facts, ids: Sequence[str]) -> dict[str, list[int]]:
    # an id of two accounts has no start: a bill does not say whose it means; a room's has one for each meeting
    told = known.source.meetings.select("s", of=nw.col("meeting_id"), meeting_id=known.source.plain("meeting_id"))
    found = known.source.rows(told.filter(nw.col("meeting_id").is_in(list(ids))))
    owners = Counter(one for one, _ in {(row["meeting_id"], row["of"]) for row in found})
    begun = [(row["meeting_id"], row["s"]) for row in found if owners[row["meeting_id"]] == 1 and row["s"] is not None]
    return {one: [second for _, second in each] for one, each in groupby(sorted(begun), key=itemgetter(0))}


def _fen(amount: str, line: int | None = None) -> Decimal:
    if not _AMOUNT.fullmatch(bare := amount_text(amount)):
        raise _no_amount(Text(f"金额不可用：{amount}", f"no amount in fen: {amount}"), line)
    return Decimal(bare)


def _period(text: str | None, by: By, line: int | None = None) -> str:
    if text is None and by != "total":
        raise _refused(Text("没有列 period", "it has no column period"), _PERIODS[by], None)
    if found := period_called(text or "", by):
        return found
    why = Text(f"{text} 不是 by={by} 的时段", f"{text} is no period of by={by}")
    raise _refused(why if text else Text("没有写时段", "it says no period"), _PERIODS[by], line)


INVOICE = Text("账单", "invoice")
COLUMNS = {
    "amount": ("amount_yuan", "oriamount", "金额", "金额(元)", "金额元", "费用", "费用(元)", "费用元", "合计", "总额", "总计", "total"),
    "period": ("month", "月份", "期间", "时段", "账期", "周期", "月", "年月", "账单月份", "计费月份", "计费周期", "结算月份"),
    "started_at": ("start", "starttime", "开始时间", "开始时刻", "会议开始时间", "日期", "date"),
    "meeting_id": ("meid", "confid", "会议编号", "会议号"),
}  # fmt: skip
"""What the columns of an invoice by period, or of a bill by meeting, may be called."""
_PRECISE = re.compile(r"-?\d+(\.\d+)?")
_AMOUNT = re.compile(r"-?\d+(\.\d{1,2})?")
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


def _no_amount(why: Text, line: int | None) -> UsageError:
    return _refused(why, Text("写成 1234.56，最多两位小数", "write 1234.56, with two decimals at most"), line)


def _refused(why: Text, remedy: Text, line: int | None) -> UsageError:
    at = NO_TEXT if line is None else Text(f"第 {line} 行：", f"line {line}: ")
    return UsageError(
        Text(f"账单不可用：{at.zh}{why.zh}", f"the invoice cannot be used: {at.en}{why.en}"), remedy=remedy
    )
