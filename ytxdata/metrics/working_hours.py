"""Meeting minutes inside and outside working hours."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

import narwhals as nw

from ytxdata.labels import Text
from ytxdata.metrics.breakdown import Breakdown
from ytxdata.metrics.calendar import DAY, WORKING_HOURS, By, worked
from ytxdata.metrics.groups import Book, Group
from ytxdata.metrics.registry import register
from ytxdata.metrics.report import Report
from ytxdata.metrics.scope import DayOf
from ytxdata.metrics.source import ReportSource
from ytxdata.metrics.sums import distinct, minutes, percent
from ytxdata.times import Instant


@register(place=30, rows=62)
def working_hours(
    source: ReportSource, start: Instant | None = None, end: Instant | None = None, by: By = "month", *,
    hours: tuple[str, str] = WORKING_HOURS, holidays: Collection[date | str] = (), extra_workdays: Collection[date | str] = (),
    group: Group | None = None, book: Book | None = None, min_parties: int = 1, day_of: DayOf = "starts",
) -> Report:  # fmt: skip
    """Split meeting minutes into those inside and those outside working hours.

    One row is a period; a meeting that crosses an edge of the working hours is split there. Working days are those of the Chinese
    calendar, with make-up days; a year it does not know falls back to Monday to Friday, and a note says so.

    Parameters
    ----------
    source, start, end, by, group, book, min_parties, day_of
        As in `usage`.
    hours
        Begin and end of the working hours, `HH:MM`, Beijing time.
    holidays, extra_workdays
        Dates that are not, or are, working days whatever the calendar says; also as texts, `2026-05-01`.

    Returns
    -------
    Report
        `period meeting_minutes inside_minutes outside_minutes outside_pct is_partial covered_pct`, sorted by period.

    Raises
    ------
    UsageError
        As in `usage`; or `hours` are no two times of a day, or the second is not after the first; or a date is none.
    """
    rows = Breakdown.of(source, start, end, by, group=group, book=book, min_parties=min_parties, day_of=day_of)
    timed = rows.meetings.filter(~nw.col("meeting_s").is_null())
    edges = rows.source.rows(distinct(timed.select(a=nw.col("first") // DAY, b=nw.col("last") // DAY), "a", "b"))
    calendar = worked({int(day) for edge in edges for day in edge.values()}, hours, holidays, extra_workdays)
    working, length = rows.source.engine.small(calendar.table), calendar.closes - calendar.opens
    placed = timed.drop("day", strict=False)
    for edge in ("first", "last"):
        # working seconds up to an instant: whole working days before it, and what has passed of its own
        passed = nw.min_horizontal(
            nw.max_horizontal(nw.col(edge) % DAY - calendar.opens, nw.lit(0, nw.Int64)), nw.lit(length, nw.Int64)
        )
        placed = (
            placed.with_columns(day=nw.col(edge) // DAY)
            .join(working, on="day", how="inner")
            .with_columns((nw.col("before") + nw.col("works") * passed).alias(f"{edge}_s"))
            .drop("day", "before", "works")
        )
    sums = rows.add_up(placed.with_columns(inside_s=nw.col("last_s") - nw.col("first_s")), "meeting_s", "inside_s")
    shown = sums.with_columns(outside_s=nw.col("meeting_s") - nw.col("inside_s")).with_columns(
        meeting_minutes=minutes("meeting_s"),
        inside_minutes=minutes("inside_s"),
        outside_minutes=minutes("outside_s"),
        outside_pct=percent("outside_s", "meeting_s"),
    )
    columns = ("meeting_minutes", "inside_minutes", "outside_minutes", "outside_pct")
    title = Text("工作时间内外", "Working hours")
    return rows.report("working_hours", title, shown, columns, notes=calendar.notes, hours="–".join(hours))
