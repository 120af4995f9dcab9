"""When meetings take place: occupied minutes by weekday and hour."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import narwhals as nw
import pyarrow as pa

from ytxdata.labels import Text
from ytxdata.metrics.facts import facts
from ytxdata.metrics.report import Report, build, evidence
from ytxdata.metrics.scope import DayOf, Scope
from ytxdata.metrics.source import resolve
from ytxdata.metrics.sums import minutes
from ytxdata.times import Instant

Lazy = nw.LazyFrame[Any]

HOUR, HOURS_OF_WEEK = 3600, 168
_MONDAY = 4 * 24 * HOUR
"""1970-01-05 00:00 in local epoch seconds: the first Monday."""


def heatmap(
    source: Any, start: Instant | None = None, end: Instant | None = None, *, min_parties: int = 1, day_of: DayOf = "starts",
) -> Report:  # fmt: skip
    """Sum the minutes of meetings over weekday × hour, each meeting split across the hours it spans.

    One row is one of the 168 hours of the week; an hour without meetings has 0. Two meetings at once give two minutes a minute.

    Parameters
    ----------
    source, start, end, min_parties, day_of
        As in `usage`; a meeting that belongs to the period counts whole, so that the sum over all cells is `meeting_minutes`.

    Returns
    -------
    Report
        `weekday` (1 = Monday), `hour`, `heatmap` [min]; 168 rows, sorted, also without meetings.

    Raises
    ------
    UsageError
        As in `usage`.
    """
    known = facts(resolve(source), Scope.of(start, end, min_parties, day_of))
    ended = known.counted.filter(~nw.col("meeting_s").is_null())
    # Occupied seconds of a cell up to an instant = whole weeks × 3600 + what of the cell has passed in the running week. A meeting is the
    # difference of two such instants; summed by the hour of the week they lie in, all cells follow from 168 rows.
    edges = nw.concat([_edge(ended, "last", 1), _edge(ended, "first", -1)])
    cells = known.source.engine.small(pa.table({"slot": pa.array(range(HOURS_OF_WEEK), pa.int64())}))
    nothing = cells.select("slot", sign=nw.lit(0, nw.Int64), rest=nw.lit(0, nw.Int64), week=nw.lit(0, nw.Int64))
    by_slot = (
        nw.concat([edges, nothing])
        .group_by("slot")
        .agg(nw.col("sign").sum(), nw.col("rest").sum(), nw.col("week").sum())
        .with_columns(nw.col("sign", "rest", "week").cast(nw.Int64), all=nw.lit(0, nw.Int64))
    )
    running = by_slot.with_columns(
        weeks=nw.col("week").sum().over("all").cast(nw.Int64),
        up_to=nw.col("sign").cum_sum().over("all", order_by="slot").cast(nw.Int64),
    )
    # the signs of all edges add up to 0: those in later slots are minus those up to here
    passed = running.with_columns(s=HOUR * (nw.col("weeks") - nw.col("up_to")) + nw.col("rest"))
    shown = passed.sort("slot").with_columns(
        weekday=nw.col("slot") // 24 + 1, hour=nw.col("slot") % 24, heatmap=minutes("s")
    )

    def trace(row: Mapping[str, Any], _column: str | None) -> Lazy:
        slot = (int(row["weekday"]) - 1) * 24 + int(row["hour"])
        return evidence(known).filter(_passed(nw.col("last"), slot) > _passed(nw.col("first"), slot))

    return build(known, "heatmap", Text("会议时段分布", "Heat map"), shown, ("weekday", "hour", "heatmap"), trace)


def _edge(meetings: Lazy, column: str, sign: int) -> Lazy:
    second = nw.col(column) - _MONDAY
    hour = second // HOUR
    return meetings.select(
        slot=hour % HOURS_OF_WEEK,
        sign=nw.lit(sign, nw.Int64),
        rest=sign * (second % HOUR),
        week=sign * (hour // HOURS_OF_WEEK),
    )


def _passed(second: nw.Expr, slot: int) -> nw.Expr:
    """Seconds of one hour of the week that have passed up to a local epoch second."""
    since = second - _MONDAY
    week = HOURS_OF_WEEK * HOUR
    within = nw.min_horizontal(
        nw.max_horizontal(since % week - slot * HOUR, nw.lit(0, nw.Int64)), nw.lit(HOUR, nw.Int64)
    )
    return since // week * HOUR + within
