"""Usage over time: meetings, minutes, people and peaks, by day, week, month or in total."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import narwhals as nw

from ytxdata.labels import Text
from ytxdata.metrics.calendar import DAY, By, check_by, days_table, periods_table, seconds_of
from ytxdata.metrics.concurrency import at_peak, peaks
from ytxdata.metrics.facts import Facts, facts, outcome
from ytxdata.metrics.products import usage_as
from ytxdata.metrics.report import Report, build, evidence
from ytxdata.metrics.scope import DayOf, Scope
from ytxdata.metrics.source import resolve, with_creators
from ytxdata.metrics.sums import SECONDS, add_up, count, distinct, divide, minutes
from ytxdata.times import Instant

Lazy = nw.LazyFrame[Any]

COLUMNS = (
    "period", "meetings", "meeting_minutes", "talk_minutes", "lonely_minutes", "leg_minutes", "legs", "people", "withheld",
    "size_mean", "size_p50", "peak_legs", "peak_meetings", "active_creators",
)  # fmt: skip


def usage(
    source: Any, start: Instant | None = None, end: Instant | None = None, by: By = "month", *,
    min_parties: int = 1, day_of: DayOf = "starts", definitions: Literal["ours", "google", "zoom", "webex", "wecom"] = "ours",
) -> Report:  # fmt: skip
    """Count meetings, minutes and people by day, week, month or in total.

    One row is a period in which at least one counted meeting lies. Minutes are whole seconds divided once; unknown is null.

    Parameters
    ----------
    source
        A History, an Archive, or `ytx.Frames(meetings, legs)` of pandas, Polars, DuckDB or PySpark.
    start, end
        The half-open period `[start, end)`; without a zone Beijing time. A meeting belongs to it whole, by `day_of`.
    by
        `day`, `week` (from Monday), `month` or `total`.
    min_parties
        From how many people a meeting counts.
    day_of
        Whether a meeting belongs to the day it `starts` or, as Google has it, `ends`.
    definitions
        `ours`, or the product whose way of counting is wanted instead: `google`, `zoom`, `webex`, `wecom`; the columns are then
        `period meetings meeting_minutes participants`, and `min_parties` and `day_of` are that product's.

    Returns
    -------
    Report
        Columns `period meetings meeting_minutes talk_minutes lonely_minutes leg_minutes legs people withheld size_mean size_p50
        peak_legs peak_meetings active_creators`, sorted by period; without meetings the same columns and no row.

    Raises
    ------
    UsageError
        The source is none of these, the period is empty, or `by` or `day_of` is unknown.

    Notes
    -----
    Three passes over the legs: facts of meetings, distinct people, peaks.
    """
    if definitions != "ours":
        return usage_as(source, definitions, start, end, by)
    check_by(by)
    known = facts(resolve(source), Scope.of(start, end, min_parties, day_of), talk=True)
    days = outcome(known).days
    small = known.source.engine.small
    meetings = known.counted.with_columns(day=nw.col("at") // DAY).join(
        small(days_table(days, by)), on="day", how="inner"
    )
    medians = meetings.group_by("row").agg(nw.col("size").median().alias("size_p50"))
    rows = (
        per_group(known, meetings)
        .join(_active(known, meetings), on="row", how="left")
        .join(medians, on="row", how="left")
    )
    shown = rows.join(small(periods_table(days, by)), on="row", how="inner").join(peaks(known, by), on="row", how="left").sort("row").with_columns(
        peak_legs=_peak("peak_legs", "leg_s"), peak_meetings=_peak("peak_meetings", "meeting_s"),
        active_creators=nw.coalesce(nw.col("active_creators"), nw.lit(0)), size_p50=nw.col("size_p50").cast(nw.Float64),
    )  # fmt: skip

    def trace(row: Mapping[str, Any], column: str | None) -> Lazy:
        if column in ("peak_legs", "peak_meetings"):
            return at_peak(known, by, row["period"], column)
        first, last = seconds_of(row["period"], by, days)
        return evidence(known).filter((nw.col("at") >= first) & (nw.col("at") < last))

    return build(known, "usage", Text("用量", "Usage"), with_minutes(shown), COLUMNS, trace)


def _peak(peak: str, seconds: str) -> nw.Expr:
    """A peak of nothing is 0 where nothing is known to have happened, and null where nothing is known."""
    return nw.when(~nw.col(peak).is_null()).then(nw.col(peak)).otherwise(nw.when(~nw.col(seconds).is_null()).then(0))


def per_group(known: Facts, meetings: Lazy) -> Lazy:
    """Return the sums of usage for each `row` of some meetings."""
    listed = meetings.with_columns(named=nw.col("people"), sized=(~nw.col("size").is_null()).cast(nw.Int64))
    sums = add_up(
        listed, ("row",), ("meeting_s", "talk_s", "lonely_s", "leg_s", "legs", "withheld", "size", "named", "sized")
    )
    joined = known.legs.filter(~nw.col("j").is_null() & ~nw.col("number").is_null())
    numbers = distinct(joined.join(meetings.select("key", "row"), on="key", how="inner"), "row", "number")
    return sums.join(count(numbers, ("row",), "people"), on="row", how="left").with_columns(
        meetings=nw.col("n"),
        people=nw.when(~nw.col("named").is_null()).then(nw.coalesce(nw.col("people"), nw.lit(0))),
        size_mean=nw.when(nw.col("sized") > 0).then(divide(nw.col("size"), nw.col("sized"))),
    )


def _active(known: Facts, meetings: Lazy) -> Lazy:
    creators = with_creators(known.source, distinct(meetings, "row", "creator"))
    return count(distinct(creators.filter(~nw.col("one").is_null()), "row", "one"), ("row",), "active_creators")


def with_minutes(frame: Lazy) -> Lazy:
    """Turn the seconds of a row into minutes."""
    return frame.with_columns(minutes(seconds).alias(name) for seconds, name in SECONDS.items())
