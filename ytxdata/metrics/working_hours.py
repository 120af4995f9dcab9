"""Meeting minutes inside and outside working hours."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from itertools import accumulate
from typing import Any

import narwhals as nw
import pyarrow as pa

from ytxdata.errors import UsageError
from ytxdata.labels import Text
from ytxdata.metrics.calendar import (
    DAY,
    By,
    check_by,
    date_of,
    days_table,
    periods_table,
    seconds_of,
    seconds_of_day,
    workdays,
)
from ytxdata.metrics.facts import facts, outcome
from ytxdata.metrics.report import Report, build, evidence
from ytxdata.metrics.scope import DayOf, Scope
from ytxdata.metrics.source import resolve
from ytxdata.metrics.sums import add_up, minutes, percent
from ytxdata.times import Instant

Lazy = nw.LazyFrame[Any]


def working_hours(
    source: Any, start: Instant | None = None, end: Instant | None = None, by: By = "month", *,
    hours: tuple[str, str] = ("09:00", "18:00"), holidays: Collection[date | str] = (), extra_workdays: Collection[date | str] = (),
    min_parties: int = 1, day_of: DayOf = "starts",
) -> Report:  # fmt: skip
    """Split meeting minutes into those inside and those outside working hours.

    One row is a period; a meeting that crosses an edge of the working hours is split there. Working days are those of the Chinese
    calendar, with make-up days; a year it does not know falls back to Monday to Friday, and a note says so.

    Parameters
    ----------
    source, start, end, by, min_parties, day_of
        As in `usage`.
    hours
        Begin and end of the working hours, `HH:MM`, Beijing time.
    holidays, extra_workdays
        Dates that are not, or are, working days whatever the calendar says; also as texts, `2026-05-01`.

    Returns
    -------
    Report
        `period meeting_minutes inside_minutes outside_minutes outside_pct`, sorted by period.

    Raises
    ------
    UsageError
        As in `usage`; or `hours` are no two times of a day, or the second is not after the first; or a date is none.
    """
    check_by(by)
    given: object = hours
    edges_of_day = [seconds_of_day(text) for text in hours] if isinstance(given, tuple | list) else []
    if len(edges_of_day) != 2 or edges_of_day[1] <= edges_of_day[0]:
        raise UsageError(
            Text(f"工作时间不可用：{hours!r}", f"these cannot be working hours: {hours!r}"),
            remedy=Text("请给两个时刻，如 (\"09:00\", \"18:00\")，第二个晚于第一个", "give two times such as (\"09:00\", \"18:00\"), the second later than the first"),
        )  # fmt: skip
    opens, closes = edges_of_day
    known = facts(resolve(source), Scope.of(start, end, min_parties, day_of))
    small = known.source.engine.small
    timed = known.counted.filter(~nw.col("meeting_s").is_null())
    edges = known.source.rows(timed.select(first=nw.col("first").min(), last=nw.col("last").max()))[0]
    touched = range(0) if edges["first"] is None else range(int(edges["first"]) // DAY, int(edges["last"]) // DAY + 1)
    judged = workdays([date_of(day) for day in touched], holidays, extra_workdays)
    is_working = [judged.is_working[date_of(day)] for day in touched]
    full_days = list(accumulate(is_working, initial=0))[:-1]
    worked = small(
        pa.table({
            "worked_day": pa.array(touched, pa.int64()),
            "before": pa.array([days * (closes - opens) for days in full_days], pa.int64()),
            "works": pa.array([int(works) for works in is_working], pa.int64()),
        })
    )  # fmt: skip
    days = outcome(known).days
    placed = timed.with_columns(day=nw.col("at") // DAY).join(small(days_table(days, by)), on="day", how="inner")
    for edge in ("first", "last"):
        # working seconds up to an instant: whole working days before it, and what has passed of its own
        passed = nw.min_horizontal(
            nw.max_horizontal(nw.col(edge) % DAY - opens, nw.lit(0, nw.Int64)), nw.lit(closes - opens, nw.Int64)
        )
        placed = (
            placed.with_columns(worked_day=nw.col(edge) // DAY)
            .join(worked, on="worked_day", how="inner")
            .with_columns((nw.col("before") + nw.col("works") * passed).alias(f"{edge}_s"))
            .drop("worked_day", "before", "works")
        )
    sums = add_up(
        placed.with_columns(inside_s=nw.col("last_s") - nw.col("first_s")), ("row",), ("meeting_s", "inside_s")
    )
    whole = sums.with_columns(outside_s=nw.col("meeting_s") - nw.col("inside_s"))
    shown = whole.join(small(periods_table(days, by)), on="row", how="inner").sort("row").with_columns(
        meeting_minutes=minutes("meeting_s"),
        inside_minutes=minutes("inside_s"),
        outside_minutes=minutes("outside_s"),
        outside_pct=percent("outside_s", "meeting_s"),
    )  # fmt: skip

    def trace(row: Mapping[str, Any], _column: str | None) -> Lazy:
        first, last = seconds_of(row["period"], by, days)
        return evidence(known).filter((nw.col("at") >= first) & (nw.col("at") < last))

    return build(
        known,
        "working_hours",
        Text("工作时间内外", "Working hours"),
        shown,
        ("period", "meeting_minutes", "inside_minutes", "outside_minutes", "outside_pct"),
        trace,
        notes=judged.notes,
        hours="–".join(hours),
    )
