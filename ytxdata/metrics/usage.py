"""Usage over time: meetings, minutes, people and peaks, by day, week, month or in total, and by group."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import narwhals as nw

from ytxdata.labels import Text
from ytxdata.metrics.breakdown import Breakdown
from ytxdata.metrics.calendar import By
from ytxdata.metrics.concurrency import at_peak, peaks
from ytxdata.metrics.facts import DayOf
from ytxdata.metrics.groups import Book, Group, GroupOf
from ytxdata.metrics.products import usage_as
from ytxdata.metrics.registry import register
from ytxdata.metrics.report import Report
from ytxdata.metrics.source import Lazy, ReportSource, with_creators
from ytxdata.metrics.sums import SECONDS, count, distinct, divide, minutes
from ytxdata.times import Instant

COLUMNS = (
    "meetings", "meeting_minutes", "talk_minutes", "lonely_minutes", "leg_minutes", "legs", "people", "withheld",
    "size_mean", "size_p50", "peak_legs", "peak_meetings", "active_creators",
)  # fmt: skip

OF_LEGS = ("meetings_joined", "leg_minutes", "legs", "people", "withheld", "peak_legs")
"""What can be said of a group of legs: minutes of a meeting belong to all of its groups at once."""


@register(place=10, rows=62)
def usage(
    source: ReportSource, start: Instant | None = None, end: Instant | None = None, by: By = "month", *,
    group: Group | None = None, book: Book | None = None, group_of: GroupOf = "creator",
    min_parties: int = 1, day_of: DayOf = "starts", definitions: Literal["ours", "google", "zoom", "webex", "wecom"] = "ours",
) -> Report:  # fmt: skip
    """Count meetings, minutes and people by day, week, month or in total.

    One row is a period in which at least one counted meeting lies. Minutes are whole seconds divided once; unknown is
    null.

    Parameters
    ----------
    source
        A History, an Archive, or `ytx.Frames(meetings, legs)` of pandas, Polars, DuckDB or PySpark.
    start, end
        The half-open period `[start, end)`; without a zone Beijing time. A meeting belongs to it whole, by `day_of`.
    by
        `day`, `week` (from Monday), `month` or `total`.
    group
        Also one row for each group of meetings or legs: `department`, `person` or another column of the book,
        `creator`, `number_class`, `size_class`, `name`, or a rule for names (regular expression → series). The column
        `group` then follows the period.
    book
        The address book: a path or frame with `phone` (or `number`), `name`, `department`, …, and from which day to
        which a line holds.
    group_of
        Whose group counts: `creator`, a meeting falls into the group of its creator; `leg`, each leg into that of its
        own number.
    min_parties
        From how many people a meeting counts.
    day_of
        Whether a meeting belongs to the day it `starts` or, as Google has it, `ends`.
    definitions
        `ours`, or the product whose way of counting is wanted instead: `google`, `zoom`, `webex`, `wecom`; the
        columns are then `period meetings meeting_minutes participants is_partial covered_pct`, `min_parties` and
        `day_of` are that product's, and there are no groups.

    Returns
    -------
    Report
        Columns `period meetings meeting_minutes talk_minutes lonely_minutes leg_minutes legs people withheld
        size_mean size_p50 peak_legs peak_meetings active_creators is_partial covered_pct`, sorted by period; without
        meetings the same columns and no row. With `group_of="leg"` `period group meetings_joined leg_minutes legs
        people withheld peak_legs is_partial covered_pct`; meetings joined do not add up, since a meeting is joined by
        several groups. Otherwise groups add up to the total, but for people and peaks.

    Raises
    ------
    UsageError
        The source is none of these, the period is empty, `by`, `day_of` or `group` is unknown, or the book cannot be
        used.

    Notes
    -----
    Three passes over the legs: facts of meetings, distinct people, peaks.
    """
    if definitions != "ours":
        return usage_as(source, definitions, start, end, by, group)
    asked: dict[str, Any] = {
        "group": group,
        "book": book,
        "group_of": group_of,
        "min_parties": min_parties,
        "day_of": day_of,
    }
    rows = Breakdown.of(source, start, end, by, **asked, talk=True)

    def trace(row: Mapping[str, Any], column: str | None) -> Lazy:
        return at_peak(rows, row, column) if column in ("peak_legs", "peak_meetings") else rows.records(row)

    title = Text("用量", "Usage")
    if rows.of_legs:
        return rows.report("usage", title, _of_legs(rows), OF_LEGS, trace)
    medians = rows.meetings.group_by("row").agg(nw.col("size").median().alias("size_p50"))
    shown = (
        per_row(rows, rows.meetings)
        .join(_active(rows), on="row", how="left")
        .join(medians, on="row", how="left")
        .join(peaks(rows), on="row", how="left")
        .with_columns(
            peak_legs=_peak("peak_legs", "leg_s"),
            peak_meetings=_peak("peak_meetings", "meeting_s"),
            active_creators=nw.coalesce(nw.col("active_creators"), nw.lit(0)),
            size_p50=nw.col("size_p50").cast(nw.Float64),
        )
    )
    return rows.report("usage", title, with_minutes(shown), COLUMNS, trace)


def _of_legs(rows: Breakdown) -> Lazy:
    joined = rows.legs.with_columns(withheld=nw.col("number").is_null().cast(nw.Int64))
    people = count(distinct(joined.filter(~nw.col("number").is_null()), "row", "number"), ("row",), "people")
    meetings = count(distinct(joined, "row", "key"), ("row",), "meetings_joined")
    sums = (
        rows.add_up(joined, "len_s", "withheld").join(people, on="row", how="left").join(meetings, on="row", how="left")
    )
    return sums.join(peaks(rows), on="row", how="left").with_columns(
        legs=nw.col("n"),
        leg_minutes=minutes("len_s"),
        people=nw.coalesce(nw.col("people"), nw.lit(0)),
        peak_legs=nw.coalesce(nw.col("peak_legs"), nw.lit(0)),
    )


def _peak(peak: str, seconds: str) -> nw.Expr:
    """A peak of nothing is 0 where nothing is known to have happened, and null where nothing is known."""
    return nw.when(~nw.col(peak).is_null()).then(nw.col(peak)).otherwise(nw.when(~nw.col(seconds).is_null()).then(0))


def per_row(rows: Breakdown, meetings: Lazy) -> Lazy:
    """Return the sums of usage for each `row` of some meetings."""
    listed = meetings.with_columns(named=nw.col("people"), sized=(~nw.col("size").is_null()).cast(nw.Int64))
    sums = rows.add_up(listed, "meeting_s", "talk_s", "lonely_s", "leg_s", "legs", "withheld", "size", "named", "sized")
    joined = rows.known.legs.filter(~nw.col("j").is_null() & ~nw.col("number").is_null())
    numbers = distinct(joined.join(meetings.select("key", "row"), on="key", how="inner"), "row", "number")
    return sums.join(count(numbers, ("row",), "people"), on="row", how="left").with_columns(
        meetings=nw.col("n"),
        people=nw.when(~nw.col("named").is_null()).then(nw.coalesce(nw.col("people"), nw.lit(0))),
        size_mean=nw.when(nw.col("sized") > 0).then(divide(nw.col("size"), nw.col("sized"))),
    )


def _active(rows: Breakdown) -> Lazy:
    creators = with_creators(rows.source, distinct(rows.meetings, "row", "creator"))
    return count(distinct(creators.filter(~nw.col("one").is_null()), "row", "one"), ("row",), "active_creators")


def with_minutes(frame: Lazy) -> Lazy:
    """Turn the seconds of a row into minutes."""
    return frame.with_columns(minutes(seconds).alias(name) for seconds, name in SECONDS.items())
