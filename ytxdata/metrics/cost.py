"""What meetings cost by a tariff."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import narwhals as nw
import pyarrow as pa

from ytxdata.errors import UsageError
from ytxdata.labels import Text
from ytxdata.metrics.breakdown import Breakdown
from ytxdata.metrics.calendar import PERIODS, check_by
from ytxdata.metrics.facts import DayOf, Facts
from ytxdata.metrics.groups import Book, Group, GroupOf
from ytxdata.metrics.registry import register
from ytxdata.metrics.report import Report
from ytxdata.metrics.source import Lazy, ReportSource, with_looked_up
from ytxdata.metrics.sums import minutes, null_like
from ytxdata.metrics.tariff import Tariff, yuan
from ytxdata.phones import number_class
from ytxdata.times import Instant

_SUMS = ("lines_billed", "billed_minutes", "cost")
_LINE = ("meeting_id", "leg", "number", "number_class", "billed_minutes", "cost")


@register(place=120, rows=62, needs=("tariff",))
def cost(
    source: ReportSource, tariff: Tariff | str | Path, start: Instant | None = None, end: Instant | None = None,
    by: Literal["day", "week", "month", "total", "line"] = "month", *,
    group: Group | None = None, book: Book | None = None, group_of: GroupOf = "creator", min_parties: int = 1, day_of: DayOf = "starts",
) -> Report:  # fmt: skip
    """Say what meetings cost, in exact decimals.

    One row is a period, or with `by="line"` one billed leg (or meeting). Nothing is rounded to fen; a row is the sum of its lines.

    Parameters
    ----------
    source, start, end, group, book, group_of, min_parties, day_of
        As in `usage`. With `group_of="leg"` each leg is paid by the group of its own number, else by that of who convened the meeting.
    tariff
        A `Tariff`, or the path of a tariff file.
    by
        As in `usage`, or `line`.

    Returns
    -------
    Report
        `period lines_billed billed_minutes cost is_partial covered_pct` [yuan, decimal], sorted by period; or `meeting_id leg number number_class
        billed_minutes cost`, sorted by meeting and leg (`leg` and `number` are null when meetings are billed).

    Raises
    ------
    UsageError
        As in `usage`, or the tariff cannot be used, or bills meetings and legs are to be grouped.

    Notes
    -----
    Amounts are whole billionths of a yuan inside: where a price per minute is not divisible into the billed seconds, a line is
    exact to half a billionth. Lines without a price, and legs whose end is unknown, are left out and counted.
    """
    check_by(by, (*PERIODS, "line"))
    told = tariff if isinstance(tariff, Tariff) else Tariff.load(tariff)
    asked: dict[str, Any] = {
        "group": group,
        "book": book,
        "group_of": group_of,
        "min_parties": min_parties,
        "day_of": day_of,
    }
    rows = Breakdown.of(source, start, end, None if by == "line" else by, **asked)
    lines = billed_lines(rows, told)
    unpriced = rows.source.rows(
        lines.select(no_price=nw.col("nano").is_null().cast(nw.Int64)).select(nw.col("no_price").sum().cast(nw.Int64))
    )
    priced = lines.filter(~nw.col("nano").is_null())
    columns: tuple[str, ...]
    then: tuple[str, ...]
    if by == "line":
        shown, columns, then = priced, _LINE, ("meeting_id", "at", "leg")
    else:
        sums = rows.add_up(priced, "billed_s", "nano")
        shown, columns, then = sums.with_columns(lines_billed=nw.col("n")), _SUMS, ()

    def trace(row: Mapping[str, Any], _column: str | None) -> Lazy:
        records = rows.records(row)
        if by != "line":
            return records
        same = nw.col("meeting_id") == row["meeting_id"]
        return records.filter(same if row["leg"] is None else same & (nw.col("leg") == row["leg"]))

    return rows.report(
        "cost",
        Text("费用", "Cost"),
        shown.with_columns(billed_minutes=minutes("billed_s"), cost=yuan("nano")),
        columns,
        trace,
        then=then,
        excluded={"no_price": int(unpriced[0]["no_price"] or 0)},
        step_s=told.step_s,
        minimum_s=told.minimum_s,
    )


def billed_lines(rows: Breakdown, tariff: Tariff) -> Lazy:
    """Return what is billed: `row key meeting_id leg number number_class at billed_s nano`; `nano` is null where there is no price."""
    if tariff.per == "meeting":
        if rows.of_legs:
            raise UsageError(
                Text("资费按会议计费，没有接入的费用", "the tariff bills meetings: there is no cost of a leg"),
                remedy=Text('用 group_of="creator"', 'use group_of="creator"'),
            )
        whole = rows.meetings.filter(~nw.col("meeting_s").is_null())
        price = tariff.nano("default")
        lines = whole.select(
            "row", "key", "meeting_id", "at", leg=null_like("at"), number=null_like("meeting_id"), number_class=nw.lit("default"),
            seconds=nw.col("meeting_s"), price=null_like("at") if price is None else nw.lit(price, nw.Int64),
        )  # fmt: skip
    else:
        legs = rows.legs.filter(~nw.col("len_s").is_null())
        lines = with_prices(rows.known, legs, tariff).with_columns(seconds=nw.col("len_s"))
    billed = lines.with_columns(billed_s=tariff.billed(nw.col("seconds")))
    # null without a price on every engine, pandas' too, where a sum with null is one
    return billed.with_columns(nano=tariff.cost(nw.col("billed_s"), nw.col("price")))


def with_prices(known: Facts, legs: Lazy, tariff: Tariff) -> Lazy:
    """Add the `number_class` of each leg and its `price` in billionths of a yuan per minute."""
    functions: dict[str, tuple[pa.DataType, Callable[[str], Any]]] = {
        "number_class": (pa.string(), number_class),
        "price": (pa.int64(), lambda number: tariff.nano(number_class(number))),
    }
    priced = with_looked_up(known.source, legs, "number", functions)
    withheld, unknown = nw.col("number").is_null(), tariff.nano("unknown")
    known_price = nw.when(~withheld).then(nw.col("price"))
    return priced.with_columns(
        number_class=nw.when(withheld).then(nw.lit("unknown")).otherwise(nw.col("number_class")),
        price=known_price if unknown is None else known_price.otherwise(nw.lit(unknown, nw.Int64)),
    )
