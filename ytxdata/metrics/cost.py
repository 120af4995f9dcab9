"""What meetings cost by a tariff, and what an invoice costs each department."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, Unpack

import narwhals as nw
import pyarrow as pa

from ytxdata.errors import UsageError, cannot_be
from ytxdata.labels import Text
from ytxdata.metrics.breakdown import Breakdown, billed_lines, partial_columns
from ytxdata.metrics.calendar import PERIODS, By, check_by
from ytxdata.metrics.facts import DayOf
from ytxdata.metrics.groups import UNALLOCATED, Book, Group, GroupOf
from ytxdata.metrics.invoiced import Invoiced, amounts_of
from ytxdata.metrics.registry import register
from ytxdata.metrics.report import PARTIAL, Report, build, same_meeting
from ytxdata.metrics.source import ReportSource, Where
from ytxdata.metrics.sums import Lazy, minutes
from ytxdata.metrics.tariff import NANO, Tariff, allocated, yuan
from ytxdata.times import Instant

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
    columns, then = (_LINE, ("meeting_id", "at", "leg")) if by == "line" else (_SUMS, ())
    if by == "line":
        shown = priced.with_columns(started_at=nw.col("s"))
    else:
        shown = rows.add_up(priced, "billed_s", "nano").with_columns(lines_billed=nw.col("n"))

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
        period. A period that a line states counts, whatever its date; a line with neither has that of its record. Of a
        list, what lies outside `[start, end)` is left out, and so are the lines of its own totals.
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
        how = Text("可选：leg_minutes、legs、cost", "choose one of leg_minutes, legs, cost")
        raise cannot_be("share_by", share_by, how)
    told = tariff if isinstance(tariff, Tariff) or tariff is None else Tariff.load(tariff)
    if told is None and (invoice is None or share_by == "cost"):
        raise UsageError(Text("需要账单（invoice=）或资费（tariff=）", "an invoice (invoice=) or a tariff (tariff=) is needed"), remedy=Text("按费用分摊时必须给资费", "to share by cost the tariff must be given"))  # fmt: skip
    rows = Breakdown.of(
        source, start, end, by, group=group, book=book, group_of=group_of, min_parties=min_parties, day_of=day_of
    )
    shares, unpriced = _shares(rows, told)
    amounts, told_of = (_costs(shares), ()) if invoice is None else amounts_of(invoice, by, rows.known)
    weight = {"leg_minutes": "len_s", "legs": "n", "cost": "nano"}[share_by]
    found = _allocated(shares, amounts, weight)
    lost = [int(row["nano"]) for row in shares if weight != "nano" and row["n"] is None and row["period"] in amounts]
    borne = (Decimal(sum(lost)) / NANO).quantize(Decimal("0.01"), ROUND_HALF_UP)
    table = pa.table({
        "place": pa.array(range(len(found)), pa.int64()),
        "period": pa.array([row["period"] for row in found], pa.string()),
        "group": pa.array([row["group"] for row in found], pa.string()),
        "legs": pa.array([row["n"] for row in found], pa.int64()),
        "leg_s": pa.array([row["len_s"] for row in found], pa.int64()),
        "weight_pct": pa.array([row["weight_pct"] for row in found], pa.float64()),
        "allocated": pa.array([str(row["allocated"]) for row in found], pa.string()),
        **partial_columns([rows.covered(row["period"], row["group"]) for row in found]),
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
        ("period", "group", "legs", "leg_minutes", "weight_pct", "allocated", *PARTIAL),
        lambda row, _column: rows.records(row), notes=(*notes, *rows.notes), own=rows.groups.own if rows.groups else (),
        excluded=unpriced,
    )  # fmt: skip
    return replace(rows.told(made), order=rows.columns)


def _unpriced(rows: Breakdown, lines: Lazy) -> dict[str, int]:
    return {"no_price": rows.source.total(lines, nw.col("nano").is_null())}


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
