"""The minutes somebody was alone in a meeting, and what they cost."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, cast

import narwhals as nw

from ytxdata.labels import Text
from ytxdata.metrics.breakdown import Breakdown
from ytxdata.metrics.calendar import PERIODS, By, check_by
from ytxdata.metrics.cost import with_prices
from ytxdata.metrics.facts import DayOf
from ytxdata.metrics.groups import Book, Group
from ytxdata.metrics.registry import register
from ytxdata.metrics.report import Report
from ytxdata.metrics.source import Lazy, ReportSource, with_creators
from ytxdata.metrics.sums import add_up, cost_alone, minutes
from ytxdata.metrics.tariff import Tariff, yuan
from ytxdata.times import Instant


@register(place=110, rows=15, personal=True, own=("by",))
def lonely(
    source: ReportSource, start: Instant | None = None, end: Instant | None = None,
    by: Literal["meeting", "creator", "day", "week", "month", "total"] = "meeting", *,
    tariff: Tariff | str | Path | None = None,
    group: Group | None = None, book: Book | None = None, min_parties: int = 1, day_of: DayOf = "starts",
) -> Report:  # fmt: skip
    """Find the minutes somebody was alone in a meeting: waiting, left behind, or forgotten to hang up.

    One row is a meeting, a creator, or a period. Meetings whose legs or end are unknown are left out and counted.

    Parameters
    ----------
    source, start, end, group, book, min_parties, day_of
        As in `usage`.
    by
        `meeting`, `creator`, or a period: `day`, `week`, `month`, `total`.
    tariff
        With a `Tariff` (or the path of one), also what those minutes cost by the class of the number that was alone.

    Returns
    -------
    Report
        `meeting_id creator lonely_minutes meeting_minutes`, or `creator meetings lonely_minutes meeting_minutes`, or
        `period meetings lonely_minutes meeting_minutes is_partial covered_pct`; with a tariff also `lonely_cost`
        [yuan, decimal], null where the number has no price. Most lonely minutes first, periods in their order.

    Raises
    ------
    UsageError
        As in `usage`, or the tariff cannot be used.
    """
    check_by(by, ("meeting", "creator", *PERIODS))
    told = tariff if isinstance(tariff, Tariff) or tariff is None else Tariff.load(tariff)
    period = cast("By", by) if by in PERIODS else None
    rows = Breakdown.of(
        source, start, end, period, group=group, book=book, min_parties=min_parties, day_of=day_of, talk=True
    )
    alone = rows.meetings.filter(~nw.col("lonely_s").is_null())
    named = with_creators(rows.source, alone if told is None else _priced(rows, alone, told))
    named = named.with_columns(creator=nw.col("one"))
    money = () if told is None else ("nano",)
    if by == "creator":
        named = named.filter(~nw.col("creator").is_null())
    if by != "meeting":
        key = ("row", "creator") if by == "creator" else ("row",)
        named = add_up(named, key, ("lonely_s", "meeting_s", *money)).with_columns(meetings=nw.col("n"))
    first = {"meeting": ("meeting_id", "creator"), "creator": ("creator", "meetings")}.get(by, ("meetings",))
    shown = named.with_columns(lonely_minutes=minutes("lonely_s"), meeting_minutes=minutes("meeting_s"))
    ties = {"meeting": ("meeting_id", "at"), "creator": ("creator",)}

    def trace(row: Mapping[str, Any], _column: str | None) -> Lazy:
        found = with_creators(rows.source, rows.records(row)).with_columns(creator=nw.col("one"))
        return found if period else found.filter(nw.col(first[0]) == row[first[0]])

    return rows.report(
        "lonely",
        Text("独自在线", "Alone in a meeting"),
        shown if told is None else shown.with_columns(lonely_cost=yuan("nano")),
        (*first, "lonely_minutes", "meeting_minutes", *(("lonely_cost",) if money else ())),
        trace,
        most="" if period else "lonely_s",
        then=ties.get(by, ()),
    )


def _priced(rows: Breakdown, alone: Lazy, tariff: Tariff) -> Lazy:
    """Add what being alone cost, `nano`: billionths of a yuan, null where the number that was alone has no price."""
    # seconds since the meeting began: small enough to be multiplied by a price
    closed = rows.known.legs.filter(~nw.col("len_s").is_null()).join(
        alone.select("key", "first"), on="key", how="inner"
    )
    closed = closed.with_columns(j=nw.col("j") - nw.col("first"), end=nw.col("end") - nw.col("first"))
    cost = cost_alone(with_prices(rows.known, closed, tariff), rows.source.engine.signs)
    return alone.join(cost, on="key", how="left").with_columns(
        nano=nw.when(nw.coalesce(nw.col("unpriced"), nw.lit(0)) == 0).then(
            (nw.coalesce(nw.col("price_s"), nw.lit(0)) + 30) // 60
        )
    )
